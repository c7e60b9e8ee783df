// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enable and disable. Enable is a list of steps, each undone in reverse order if a later one fails; what
 * stays after a failure on purpose is the hypervisor memory (file "core") and the console's last content.
 */
#include <linux/cpumask.h>
#include <linux/firmware.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cacheflush.h>

#include "driver.h"

static u64 root_offset(void)
{
	return offsetof(struct cfg_system, root_cell);
}

/* Copies the system configuration; nothing in it is trusted but that its arrays are inside the buffer. */
static int copy_config(const void __user *arg, struct cfg_system **result, struct bh_config_view *root,
		       unsigned int *max_cpus, struct bh_reason *why)
{
	struct cfg_system header, *config;
	u64 size;
	u32 byte;
	int err;

	if (copy_from_user(&header, arg, sizeof(header)))
		return -EFAULT;
	err = bh_config_check_ident(header.signature, header.architecture, header.revision,
				    CFG_SIGNATURE_SYSTEM, why);
	if (err)
		return err;

	size = root_offset() + bh_config_size(&header.root_cell);
	if (header.root_cell.cpu_set_size > CFG_MAX_CPU_SET || size > KMALLOC_MAX_SIZE)
		return bh_refuse(why, -EINVAL, "the counts of the root cell need %llu bytes: the configuration is damaged",
				 size);

	config = kvmalloc(size, GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	err = -EFAULT;
	if (copy_from_user(config, arg, size))
		goto free;
	*config = header;	/* user space may have changed it since */
	config->root_cell.name[CFG_NAME_LEN - 1] = 0;
	config->root_cell.id = 0;

	err = bh_config_parse(&config->root_cell, size - root_offset(), root, why);
	if (err)
		goto free;

	*max_cpus = 0;
	for (byte = 0; byte < config->root_cell.cpu_set_size; byte++)
		if (root->cpu_set[byte])
			*max_cpus = byte * 8 + fls(root->cpu_set[byte]);
	if (!*max_cpus) {
		err = bh_refuse(why, -EINVAL, "the root cell has no CPU: give it all that are online");
		goto free;
	}
	*result = config;
	return 0;

free:
	kvfree(config);
	return err;
}

static int check_image(const struct firmware *image, const struct cfg_memory *memory, unsigned int max_cpus,
		       u64 config_size, struct bh_reason *why)
{
	const struct bh_image_header *header = (const void *)image->data;
	u64 need, areas, memory_size = memory->size;

	if (image->size < sizeof(*header) ||
	    memcmp(header->signature, BH_IMAGE_SIGNATURE, sizeof(header->signature)))
		return bh_refuse(why, -EINVAL, BH_IMAGE_NAME " is not a Bulkhead image: install the right file");
	if (header->abi != BH_IMAGE_ABI)
		return bh_refuse(why, -EINVAL,
				 BH_IMAGE_NAME " has interface %u, this driver %u: build both from one tree",
				 header->abi, BH_IMAGE_ABI);
	if (!header->entry)
		return bh_refuse(why, -EINVAL, BH_IMAGE_NAME " was built without CONFIG_LATE_LAUNCH: Linux cannot start it");
	if (header->architecture != CFG_ARCH_ARM64)
		return bh_refuse(why, -EINVAL, BH_IMAGE_NAME " is for architecture %u, not arm64",
				 header->architecture);
	/* The image is entered with the MMU off: at another address it could not even tell us. */
	if (!IS_ALIGNED(memory->phys_start | memory_size, SZ_4K) || memory_size > SZ_1G)
		return bh_refuse(why, -EINVAL,
				 "hypervisor_memory 0x%llx with 0x%llx bytes: both must be multiples of 4 KiB, the size at most 1 GiB",
				 memory->phys_start, memory_size);

	/* each at most 1 GiB from here on, so the sum cannot overflow */
	if (header->core_size >= memory_size || header->percpu_size >= memory_size ||
	    image->size > header->core_size)
		goto no_fit;
	if (!IS_ALIGNED(header->core_size | header->percpu_size | header->public_page, SZ_4K) ||
	    !header->percpu_size || header->entry >= header->core_size || !IS_ALIGNED(header->entry, 4) ||
	    header->public_page >= header->core_size)
		return bh_refuse(why, -EINVAL, BH_IMAGE_NAME " has a damaged header: install it again");
	/* it makes its first page tables before it can refuse anything: early_table_pages(), at most */
	areas = max_cpus * (header->percpu_size + 2 * SZ_4K);
	need = header->core_size + max_cpus * header->percpu_size + ALIGN(config_size, SZ_4K) +
	       (8 + DIV_ROUND_UP(areas, SZ_2M) + DIV_ROUND_UP(memory_size, SZ_2M)) * SZ_4K + sizeof(struct bh_crash_log);
	if (need < memory_size)
		return 0;
no_fit:
	return bh_refuse(why, -EINVAL,
			 "image, data of %u CPUs and configuration do not fit into hypervisor_memory (%llu KiB): enlarge it",
			 max_cpus, memory_size >> 10);
}

/* What it was built without, or for too few of: it would refuse that itself, but not all images have words for it. */
static int check_built(const struct bh_image_header *header, const struct cfg_console *console, unsigned int max_cpus,
		       struct bh_reason *why)
{
	bool wanted = console->flags & CFG_CONSOLE_MMIO;

	if (max_cpus > header->max_cpus)
		return bh_refuse(why, -EINVAL,
				 "CPU %u is beyond the %u CPUs that " BH_IMAGE_NAME " is built for: build it with a higher CONFIG_MAX_CPUS",
				 max_cpus - 1, header->max_cpus);
	if (wanted && console->type == CFG_CONSOLE_PL011 && !(header->features & BH_BUILT_UART_PL011))
		return bh_refuse(why, -EINVAL, "debug_console is a PL011: " BH_IMAGE_NAME " was built without CONFIG_UART_PL011");
	if (wanted && console->type == CFG_CONSOLE_8250 && !(header->features & BH_BUILT_UART_8250))
		return bh_refuse(why, -EINVAL, "debug_console is a 8250: " BH_IMAGE_NAME " was built without CONFIG_UART_8250");
	return 0;
}

/* Lays out hypervisor memory as bulkhead/image.h says. */
static void load_image(struct bh_hvmem *mem, const struct firmware *image, const struct cfg_system *config,
		       u64 config_size, unsigned int max_cpus)
{
	const struct bh_image_header *file = (const void *)image->data;
	struct bh_image_header *header = mem->virt;

	memcpy(mem->virt, image->data, image->size);
	memset(mem->virt + image->size, 0, mem->size - image->size);

	header->boot = (struct bh_boot_params) {
		.phys_base = mem->phys,
		.memory_size = mem->size,
		.max_cpus = max_cpus,
		.config_offset = file->core_size + max_cpus * file->percpu_size,
		.config_size = config_size,
		.launcher = BH_LAUNCHER_LINUX,
		.pool_offset = file->core_size + max_cpus * file->percpu_size + ALIGN(config_size, SZ_4K),
	};
	memcpy(mem->virt + header->boot.config_offset, config, config_size);
	mem->core_size = file->core_size;
	mem->features = file->features;
	mem->max_cells = file->max_cells;
	mem->public_page = mem->virt + file->public_page;
	mem->crash_log = mem->virt + mem->size - sizeof(*mem->crash_log);
}

/* The debug UART may sit behind a clock gate that Linux has closed. */
static int open_clock_gate(const struct cfg_console *console, const struct bh_config_view *root, struct bh_reason *why)
{
	void __iomem *reg;
	u32 value;

	if (!console->clock_reg)
		return 0;
	if (console->gate_nr > 31 || !IS_ALIGNED(console->clock_reg, 4))
		return bh_refuse(why, -EINVAL, "debug_console: clock gate bit %u at 0x%llx is no bit of a 32-bit register",
				 console->gate_nr, console->clock_reg);
	if (bh_may_be_memory(console->clock_reg, sizeof(value)))
		return bh_refuse(why, -EINVAL, "debug_console: clock register 0x%llx is memory, not a device: correct it",
				 console->clock_reg);
	if (!bh_config_root_has_device(root, console->clock_reg, sizeof(value)))
		return bh_refuse(why, -EINVAL,
				 "debug_console: clock register 0x%llx is in no device region of the root cell: correct it, or add the region",
				 console->clock_reg);
	/* an access where nothing is would be a bus error; that what is there answers is for the configuration to know */
	if (!bh_is_device(console->clock_reg, sizeof(value)))
		return bh_refuse(why, -EINVAL,
				 "debug_console: no device that Linux knows has clock register 0x%llx: correct it, or open the clock before, and leave it out",
				 console->clock_reg);
	reg = ioremap(console->clock_reg, sizeof(value));
	if (!reg)
		return bh_refuse(why, -EINVAL, "debug_console: cannot map clock register 0x%llx",
				 console->clock_reg);
	value = readl(reg);
	if (console->flags & CFG_CONSOLE_GATE_INVERTED)
		value &= ~BIT(console->gate_nr);
	else
		value |= BIT(console->gate_nr);
	writel(value, reg);
	iounmap(reg);
	return 0;
}

/* Shared memory of the root cell's ivshmem devices must not be Linux's at the same time. */
static int claim_links(const struct bh_config_view *root, struct bh_reason *why)
{
	char what[128];
	u32 n;

	for (n = 0; n < root->cell->num_memory_regions; n++) {
		const struct cfg_memory *region = &root->memory[n];
		int err;

		if (!region->size || region->flags & CFG_MEM_IO || !bh_config_is_link_region(root, n))
			continue;
		if (region->size > PHYS_MASK || region->phys_start > PHYS_MASK - region->size)
			return bh_refuse(why, -EINVAL, "root cell: memory region %u exceeds the address space", n);
		snprintf(what, sizeof(what), "root cell \"%s\", memory region %u (shared memory)",
			 root->cell->name, n);
		err = bh_claim(&bh.links, region->phys_start, region->size, what, why);
		if (err)
			return err;
	}
	return 0;
}

static int check_online(const struct bh_config_view *root, struct bh_reason *why)
{
	static struct bh_cpus cpus, online;	/* under bh.lock */
	int excess = bh_config_cpus(root, &cpus);

	if (excess >= 0)
		return bh_refuse(why, -EINVAL, "root cell: CPU %d does not exist, the machine has %u: correct cpus",
				 excess, bh.num_cpus);
	bh_online_cpus(&online);
	if (!bitmap_equal(cpus.bits, online.bits, BH_MAX_CPUS))
		return bh_refuse(why, -EINVAL,
				 "root cell has CPUs %*pbl, online are %*pbl: they have to be the same, bring CPUs online or correct the configuration",
				 bh_cpus_args(&cpus), bh_cpus_args(&online));
	return 0;
}

static void set_enabled(bool enabled, bool console)
{
	bh.enabled = enabled;
	bh.console = console;
}

static int launch(const struct cfg_system *config, const struct bh_config_view *root, struct bh_reason *why)
{
	struct bh_image_header *header = bh.hvmem.virt;
	int err;

	err = check_online(root, why);
	if (err)
		return err;
	header->boot.online_cpus = num_online_cpus();
	header->boot.primary_cpu = cpumask_first(cpu_online_mask);

	/* The hypervisor starts with its MMU off. */
	caches_clean_inval_pou((unsigned long)header, (unsigned long)header + bh.hvmem.core_size);
	bh_clean_to_poc(bh.hvmem.virt, bh.hvmem.size);

	down_write(&bh.gate);
	if (bh.hibernating) {
		up_write(&bh.gate);
		return bh_refuse(why, -EBUSY, "Linux is about to hibernate: try again when it is back");
	}
	bh.session++;
	bh_cpus_below(true);
	err = bh_enter(bh.hvmem.phys, bh.hvmem.phys + header->entry, header->boot.online_cpus, why);
	if (!err)
		set_enabled(true, config->flags & CFG_SYS_VIRTUAL_CONSOLE);
	else
		bh_cpus_below(false);
	up_write(&bh.gate);
	if (!err)
		return 0;

	/* It may have written the page with the MMU off: drop what was prefetched meanwhile. */
	bh_clean_to_poc(bh.hvmem.public_page, sizeof(*bh.hvmem.public_page));
	bh_hypervisor_reason(why);
	if (config->flags & CFG_SYS_VIRTUAL_CONSOLE)
		bh_console_retain();
	return err;
}

static void drop_hvmem(void)
{
	bh_sysfs_remove_core();
	bh_hvmem_release(&bh.hvmem);
}

static int start_session(struct cfg_system *config, struct bh_config_view *root, unsigned int max_cpus,
			 struct bh_reason *why)
{
	u64 config_size = root_offset() + root->size;
	const struct firmware *image;
	int err;

	err = bh_check_cpus(config->arch.arm.gic_version, why);
	if (err)
		return err;
	err = request_firmware(&image, BH_IMAGE_NAME, &bh.pdev->dev);
	if (err)
		return bh_refuse(why, err, BH_IMAGE_NAME " cannot be loaded: install it in /lib/firmware");
	err = check_image(image, &config->hypervisor_memory, max_cpus, config_size, why);
	if (!err)
		err = check_built((const void *)image->data, &config->debug_console, max_cpus, why);
	if (err)
		goto release_image;

	bh_crash_log_take_from(&config->hypervisor_memory);
	drop_hvmem();
	err = bh_hvmem_acquire(&bh.hvmem, config->hypervisor_memory.phys_start,
			       config->hypervisor_memory.size, why);
	if (err)
		goto release_image;
	config->hypervisor_memory.phys_start = bh.hvmem.phys;
	load_image(&bh.hvmem, image, config, config_size, max_cpus);
	err = bh_sysfs_add_core();
	if (err)
		goto release_image;

	err = open_clock_gate(&config->debug_console, root, why);
	if (err)
		goto release_image;
	err = claim_links(root, why);
	if (err)
		goto release_links;

	err = -ENOMEM;
	bh.root = bh_cell_alloc(root, 0);
	if (!bh.root)
		goto release_links;
	bh_config_cpus(root, &bh.root->cpus);
	err = bh_sysfs_add_cell(bh.root);
	if (err)
		goto remove_root;
	err = bh_sysfs_add_cpus(bh.root);
	if (err)
		goto remove_root;

	err = launch(config, root, why);
	if (err)
		goto remove_root;

	bh.config = config;
	bh.root_config = *root;
	bh_cell_announce(bh.root);
	bh_pci_virtual_add(config, root);
	release_firmware(image);
	return 0;

remove_root:
	bh_sysfs_del_cpus();
	bh_cell_remove(bh.root);
	bh.root = NULL;
release_links:
	bh_claims_release(&bh.links);
release_image:
	release_firmware(image);
	return err;
}

int bh_enable(const void __user *arg, struct bh_reason *why)
{
	struct bh_config_view root;
	struct cfg_system *config;
	unsigned int max_cpus;
	int err;

	err = copy_config(arg, &config, &root, &max_cpus, why);
	if (err)
		return err;

	if (mutex_lock_interruptible(&bh.lock)) {
		err = -EINTR;
		goto free;
	}
	if (bh.enabled) {
		err = bh_refuse(why, -EBUSY, "already enabled: disable first");
		goto unlock;
	}
	if (!try_module_get(THIS_MODULE)) {
		err = bh_refuse(why, -EBUSY, "the driver is being removed: load it again");
		goto unlock;
	}
	err = start_session(config, &root, max_cpus, why);
	if (err)
		module_put(THIS_MODULE);
	else
		pr_info("the hypervisor is running, root cell \"%s\"\n", config->root_cell.name);
unlock:
	mutex_unlock(&bh.lock);
free:
	if (err)
		kvfree(config);
	return err;
}

int bh_disable(struct bh_reason *why)
{
	static struct bh_cpus online;	/* under bh.lock */
	int err;

	if (!bh.enabled)
		return bh_refuse(why, -EINVAL, "not enabled: enable first");
	if (bh.by_firmware)
		return bh_refuse(why, -EPERM,
				 "firmware started the hypervisor, below is no Linux to go back to: shut this Linux down instead");
	err = bh_cells_destroy_all(why);
	if (err)
		return err;
	bh_online_cpus(&online);
	if (!bitmap_equal(bh.root->cpus.bits, online.bits, BH_MAX_CPUS))
		return bh_refuse(why, -EBUSY, "root cell has CPUs %*pbl, online are %*pbl: bring all of them online",
				 bh_cpus_args(&bh.root->cpus), bh_cpus_args(&online));

	bh_pci_virtual_remove();
	down_write(&bh.gate);
	err = bh_leave();
	if (!err) {
		set_enabled(false, false);
		bh_cpus_below(false);
	}
	up_write(&bh.gate);
	if (err) {
		bh_hypervisor_reason(why);
		bh_pci_virtual_add(bh.config, &bh.root_config);
		return err;
	}

	if (bh.config->flags & CFG_SYS_VIRTUAL_CONSOLE)
		bh_console_retain();
	bh_crash_log_take(bh.hvmem.crash_log);
	bh_sysfs_del_cpus();
	bh_cell_remove(bh.root);
	bh.root = NULL;
	bh_claims_release(&bh.links);
	kvfree(bh.config);
	bh.config = NULL;
	pr_info("the hypervisor is gone\n");
	module_put(THIS_MODULE);
	return 0;
}

/* Nobody will bring CPUs online any more that the user has taken offline. */
int bh_disable_finally(struct bh_reason *why)
{
	int err = bh_cells_destroy_all(why);

	if (err)
		return err;
	bh_cpus_bring_online(&bh.root->cpus);
	return bh_disable(why);
}
