/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jailhouse.ko: what its files share.
 *
 * Locks, outermost first:
 *
 *   bh.lock (mutex)     enable, disable, the cell list and everything in struct bh_cell, hypervisor memory,
 *                       console reads. Taken by ioctls, read(), the reboot notifier and module removal, never by
 *                       sysfs: removing a sysfs object waits for its readers. A restart does not wait for it for ever.
 *   bh.gate (rwsem)     held for reading around the hypercalls of sysfs readers, for writing while bh.enabled,
 *                       bh.console and bh.hibernating change and while the CPUs enter or leave the hypervisor.
 *   CPU hotplug locks   taken by remove_cpu(), add_cpu() and stop_machine(); held by us, for reading, only
 *                       around the hypercall that creates a cell.
 *   claims lock         inside claim.c, innermost.
 *   kept lock           inside crash_log.c, innermost.
 */
#ifndef BH_DRIVER_H
#define BH_DRIVER_H

#include <linux/bitmap.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include <bulkhead/cell_config.h>
#include <bulkhead/cell_console.h>
#include <bulkhead/comm_region.h>
#include <bulkhead/crash_log.h>
#include <bulkhead/fault.h>
#include <bulkhead/hypercall.h>
#include <bulkhead/image.h>
#include <bulkhead/management.h>
#include <bulkhead/trace.h>

#define BH_IMAGE_NAME	"jailhouse.bin"

/* Why an ioctl failed, one line. On the stack of the ioctl; the first text wins. */
struct bh_reason {
	char text[BH_ERROR_TEXT_LEN];
};

__printf(3, 4) int bh_refuse(struct bh_reason *why, int err, const char *fmt, ...);

/* CPUs by the hypervisor's numbers, which configurations and users use, too. Linux's own may differ: cpus.c */
#define BH_MAX_CPUS	4096

struct bh_cpus {
	DECLARE_BITMAP(bits, BH_MAX_CPUS);
};

#define bh_for_each_cpu(cpu, cpus)	for_each_set_bit(cpu, (cpus)->bits, BH_MAX_CPUS)
#define bh_cpus_args(cpus)		BH_MAX_CPUS, (cpus)->bits	/* for %*pbl */

int bh_cpus_init(void);
void bh_cpus_exit(void);
int bh_cpus_from_tree(unsigned int num_cpus);
void bh_cpus_drop_tree(void);
int bh_linux_cpu(unsigned int cpu);		/* -1: not known to this Linux */
bool bh_any_online(const struct bh_cpus *cpus);
void bh_online_cpus(struct bh_cpus *cpus);
void bh_cpus_withhold(const struct bh_cpus *cpus);
void bh_cpus_allow(const struct bh_cpus *cpus);
void bh_cpus_bring_online(const struct bh_cpus *cpus);
void bh_cpus_below(bool hypervisor);
bool bh_cpus_differ_in_mode(void);

/* A configuration whose arrays are known to lie inside its buffer, which outlives the view. */
struct bh_config_view {
	const struct cfg_cell *cell;
	const u8 *cpu_set;
	const struct cfg_memory *memory;
	const struct cfg_pci_device *pci;
	u64 size;		/* header of the cell and all arrays */
};

int bh_config_check_ident(const char *signature, u8 architecture, u16 revision, const char *expected,
			  struct bh_reason *why);
u64 bh_config_size(const struct cfg_cell *cell);
int bh_config_parse(const struct cfg_cell *cell, u64 available, struct bh_config_view *view,
		    struct bh_reason *why);
int bh_config_cpus(const struct bh_config_view *view, struct bh_cpus *cpus);
bool bh_config_root_covers(const struct bh_config_view *root, u64 start, u64 size, u64 flags);
bool bh_config_root_has_device(const struct bh_config_view *root, u64 start, u64 size);
bool bh_config_is_link_region(const struct bh_config_view *view, u32 index);

/*
 * Memory taken from Linux. A set records what one owner (a cell, or the session) needs; a page goes back
 * to Linux when no set holds it any more and the module is removed.
 */
struct bh_claims {
	struct list_head ranges;
	bool scrubbed;		/* by the hypervisor, whenever they change their owner */
};

void bh_claims_init(struct bh_claims *claims);
int bh_claim(struct bh_claims *claims, u64 start, u64 size, const char *what, struct bh_reason *why);
void bh_claims_release(struct bh_claims *claims);
void bh_claims_exit(void);
bool bh_is_claimed(u64 start, u64 size);
u64 bh_linux_ram(u64 start, u64 size);

/* machine.c; size > 0, no overflow */
bool bh_is_reserved_memory(u64 start, u64 size);
bool bh_may_be_memory(u64 start, u64 size);
int bh_check_memory(u64 start, u64 size, const char *what, struct bh_reason *why);
bool bh_is_device(u64 start, u64 size);

/* Hypervisor memory: claimed from enable to the next enable or to module removal */
struct bh_hvmem {
	u64 phys;
	u64 size;
	void *virt;		/* NULL: there is none, or firmware put it there */
	u64 core_size;
	u32 features;		/* BH_BUILT_*; all if firmware put it there, as nobody tells */
	u32 max_cells;		/* likewise, no limit */
	struct bh_public_page *public_page;
	struct bh_crash_log *crash_log;
	struct resource *resource;
	struct resource inserted;
	struct page *pages;	/* allocated by the driver */
	u64 pages_size;
	dma_addr_t dma;
	struct bh_claims claims;
};

int bh_hvmem_acquire(struct bh_hvmem *mem, u64 phys, u64 size, struct bh_reason *why);
int bh_hvmem_adopt(struct bh_hvmem *mem, u64 phys, u64 size, u64 public_page);
void bh_hvmem_release(struct bh_hvmem *mem);

struct bh_cell {
	struct kobject kobj;		/* cells/<id>; its release frees the cell */
	struct kobject *statistics;
	struct list_head entry;		/* bh.cells */
	u32 id;
	char name[CFG_NAME_LEN];
	struct bh_cpus cpus;		/* owned at the moment */
	struct bh_cpus offlined;	/* taken offline by the creation of this cell */
	u32 num_memory;
	struct cfg_memory *memory;
	u32 num_pci;
	struct cfg_pci_device *pci;
	struct bh_claims claims;
	bool loaded;			/* an image has been loaded since the creation */
	bool holds_module;		/* made by this module, which has to stay: the cell has CPUs and memory of Linux */
};

struct bh_driver {
	struct mutex lock;
	struct platform_device *pdev;
	unsigned int num_cpus;		/* CPU numbers are below it; constant after module start */

	/* under lock and gate */
	struct rw_semaphore gate;
	bool enabled;
	bool console;			/* the configuration has the virtual console */
	bool by_firmware;		/* enabled from module start to its end; constant meanwhile */
	bool hibernating;		/* Linux has announced it, and will not be enabled meanwhile */

	/* under lock */
	u32 session;			/* counts the enable attempts that reached the hypervisor */
	struct bh_hvmem hvmem;
	struct cfg_system *config;	/* while enabled */
	struct bh_config_view root_config;
	struct list_head cells;		/* in creation order, root first */
	struct bh_cell *root;
	struct bh_claims links;		/* memory shared with the root cell, until disable */
};

extern struct bh_driver bh;

/* main.c */
void bh_hypervisor_reason(struct bh_reason *why);
void bh_make_printable(struct bh_reason *why);

/* notifiers.c: module start and end */
int bh_notifiers_init(void);
void bh_notifiers_exit(void);	/* when it returns, the hypervisor is gone, unless firmware started it */

/* launch.c; bh.lock held */
int bh_check_cpus(u8 gic_version, struct bh_reason *why);
int bh_enter(u64 base, u64 entry, unsigned int cpus, struct bh_reason *why);
int bh_leave(void);
void bh_clean_to_poc(const void *start, size_t size);
long bh_hypercall(unsigned long code, unsigned long arg1, unsigned long arg2);

/* enable.c */
int bh_enable(const void __user *arg, struct bh_reason *why);
int bh_disable(struct bh_reason *why);	/* bh.lock held */
int bh_disable_finally(struct bh_reason *why);	/* bh.lock held, enabled */

/* from_firmware.c: module start and end */
int bh_firmware_attach(void);	/* 0: also if this Linux has nothing above it */
void bh_firmware_detach(void);

/* cell.c, bh.lock held */
struct bh_cell *bh_cell_alloc(const struct bh_config_view *view, u32 id);
void bh_cell_announce(struct bh_cell *cell);
void bh_cell_remove(struct bh_cell *cell);
int bh_cell_create(void *config, u64 size, struct bh_reason *why);
int bh_cell_load(const struct bh_cell_load *load, const struct bh_image __user *images,
		 struct bh_reason *why);
int bh_cell_start(const struct bh_cell_id *id, struct bh_reason *why);
int bh_cell_destroy(const struct bh_cell_id *id, struct bh_reason *why);
int bh_cells_destroy_all(struct bh_reason *why);

/* sysfs.c */
int bh_sysfs_init(void);
void bh_sysfs_exit(void);
int bh_sysfs_add_core(void);
void bh_sysfs_remove_core(void);
void bh_sysfs_init_cell(struct bh_cell *cell);
int bh_sysfs_add_cell(struct bh_cell *cell);
void bh_sysfs_del_cell(struct bh_cell *cell);
int bh_sysfs_add_cpus(struct bh_cell *cell);
int bh_sysfs_move_cpus(const struct bh_cpus *cpus, struct bh_cell *to);
void bh_sysfs_del_cpus(void);

/* trace.c; bh.gate held for reading, hypervisor there */
int bh_trace_take(u32 cpu, struct bh_trace *trace);
int bh_trace_mode(void);
int bh_trace_set_mode(u32 mode);

/* console.c */
struct bh_console_reader {
	u32 session;
	u32 position;
};

ssize_t bh_console_read(struct bh_console_reader *reader, char __user *buffer, size_t count, bool nonblock);
ssize_t bh_console_show(char *buffer);
void bh_console_retain(void);

/* crash_log.c */
void bh_crash_log_take(const struct bh_crash_log *page);
void bh_crash_log_take_from(const struct cfg_memory *memory);
void bh_crash_log_adopted(void);
ssize_t bh_crash_log_read(char *buffer, loff_t offset, size_t count);
void bh_crash_log_exit(void);

/* pci_virtual.c: failures are logged, never returned */
void bh_pci_virtual_add(const struct cfg_system *config, const struct bh_config_view *root);
void bh_pci_virtual_remove(void);

/* pci_stub.c */
int bh_pci_stub_init(void);
void bh_pci_stub_exit(void);
void bh_pci_stub_claim(const struct cfg_pci_device *devices, u32 count);
void bh_pci_stub_release(const struct cfg_pci_device *devices, u32 count, bool restore);

#endif
