/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of Linux as files of the driver need that are tested on the build machine. Every <linux/…> that they include is this
 * one (tests/unit/build.mk). What is only declared here, a test defines, and has it answer as it wants.
 */
#ifndef TEST_KERNEL_H
#define TEST_KERNEL_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef unsigned long long u64, resource_size_t, dma_addr_t;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint16_t u16;
typedef uint8_t u8;
typedef u64 phys_addr_t;

#define __printf(text, first)	__attribute__((format(printf, text, first)))
#define __user
#define __iomem
#define max(a, b)		((a) > (b) ? (a) : (b))
#define max3(a, b, c)		max(max(a, b), c)
#define max_t(type, a, b)	max((type)(a), (type)(b))

#ifndef PAGE_SIZE
#define PAGE_SIZE	4096ul
#endif
#define PHYS_MASK	((1ull << 48) - 1)

/* what is printed */
int printk(const char *format, ...) __printf(1, 2);
#define pr_emerg	printk
#define pr_err		printk
#define pr_warn		printk
#define pr_info		printk

/* objects that the driver's structures have */
#define DECLARE_BITMAP(name, bits)	unsigned long name[((bits) + 63) / 64]
struct list_head { struct list_head *next, *prev; };
struct kobject { int unused; };
struct platform_device { int unused; };
struct page;
struct resource {
	resource_size_t start, end;
	const char *name;
	unsigned long flags;
};

/* locks: a test may look at them */
struct mutex { bool held; };
struct rw_semaphore { int readers; bool writer; };
#define DEFINE_MUTEX(name)	struct mutex name
void mutex_lock(struct mutex *mutex);
int mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
void down_read(struct rw_semaphore *semaphore);
void up_read(struct rw_semaphore *semaphore);
void down_write(struct rw_semaphore *semaphore);
void up_write(struct rw_semaphore *semaphore);

/* time */
#define HZ		250
#define time_after(a, b)	((long)((b) - (a)) < 0)
extern unsigned long jiffies;
void schedule_timeout_idle(long ticks);

/* memory */
#define GFP_KERNEL	0
#define MEMREMAP_WB	1
void *kmemdup(const void *from, size_t size, int flags);
void kfree(const void *memory);
void *memremap(resource_size_t at, size_t size, unsigned long flags);
void memunmap(void *at);
ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *position, const void *from, size_t available);
u32 crc32_le(u32 crc, const unsigned char *from, size_t size);

/* resources */
#define IORES_DESC_NONE		0
#define IORESOURCE_MEM		0x00000200ul
#define IORESOURCE_WINDOW	0x00200000ul
#define IORESOURCE_SYSRAM	0x01000000ul
#define IORESOURCE_BUSY		0x80000000ul
#define IORESOURCE_SYSTEM_RAM	(IORESOURCE_MEM | IORESOURCE_SYSRAM)
int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end, void *arg,
			int (*function)(struct resource *res, void *arg));
static inline u64 resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}

/* device tree */
struct device_node;
struct device_node *of_find_node_by_path(const char *path);
struct device_node *of_find_node_by_type(struct device_node *from, const char *type);
struct device_node *of_find_compatible_node(struct device_node *from, const char *type, const char *compatible);
struct device_node *of_find_all_nodes(struct device_node *from);
struct device_node *of_get_next_child(struct device_node *parent, struct device_node *from);
bool of_property_read_bool(const struct device_node *node, const char *name);
bool of_device_is_available(const struct device_node *node);
bool of_node_is_type(const struct device_node *node, const char *type);
int of_address_to_resource(struct device_node *node, int index, struct resource *res);
void of_node_put(struct device_node *node);
#define for_each_child_of_node(parent, child) \
	for ((child) = of_get_next_child(parent, NULL); (child); (child) = of_get_next_child(parent, child))

/* firmware: as the UEFI specification numbers it */
enum { EFI_CONVENTIONAL_MEMORY = 7, EFI_UNUSABLE_MEMORY = 8, EFI_MEMORY_MAPPED_IO = 11, EFI_MEMORY_MAPPED_IO_PORT_SPACE = 12 };
#define EFI_MEMORY_UC	0x1ull
#define EFI_MEMORY_WC	0x2ull
#define EFI_MEMORY_WT	0x4ull
#define EFI_MEMORY_WB	0x8ull
#define EFI_PAGE_SHIFT	12
#define EFI_MEMMAP	6
typedef struct {
	u32 type;
	u64 phys_addr, num_pages, attribute;
} efi_memory_desc_t;
extern efi_memory_desc_t *efi_map;
extern unsigned int efi_descs;
extern int acpi_disabled;
bool efi_enabled(int feature);
#define for_each_efi_memory_desc(desc) for ((desc) = efi_map; (desc) < efi_map + efi_descs; (desc)++)

/* notifiers */
#define NOTIFY_DONE		0
#define NOTIFY_BAD		0x8002
#define notifier_from_errno(err)	((err) ? NOTIFY_BAD : NOTIFY_DONE)
enum {
	PM_HIBERNATION_PREPARE = 1, PM_POST_HIBERNATION, PM_SUSPEND_PREPARE, PM_POST_SUSPEND, PM_RESTORE_PREPARE,
	PM_POST_RESTORE
};
enum { SYS_RESTART = 1, SYS_HALT, SYS_POWER_OFF };
struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event, void *data);
};
int register_reboot_notifier(struct notifier_block *nb);
int unregister_reboot_notifier(struct notifier_block *nb);
int register_pm_notifier(struct notifier_block *nb);
int unregister_pm_notifier(struct notifier_block *nb);
void kernel_restart(char *command);

#endif
