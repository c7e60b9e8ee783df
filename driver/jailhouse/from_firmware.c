// SPDX-License-Identifier: GPL-2.0-only
/*
 * Started by firmware: the hypervisor runs already, this Linux is its root cell, and a node of the device tree says where
 * it is. Which cells there are, and their configurations, the hypervisor tells.
 */
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/slab.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>

#include "driver.h"

#define MAX_CONFIG	(2 * CFG_MAX_SIZE)

static const struct of_device_id nodes[] = {
	{ .compatible = "bulkhead,hypervisor" },
	{ }
};
MODULE_DEVICE_TABLE(of, nodes);		/* has the module loaded where the node is */

static int read_pieces(u32 id, u32 item, void *to, size_t size)
{
	size_t offset;

	for (offset = 0; offset < size; offset += sizeof(u32)) {
		long result = bh_hypercall(HC_CELL_INFO, id, item + offset / sizeof(u32));
		u32 piece = result;

		if (result < 0)
			return result;
		memcpy(to + offset, &piece, min(size - offset, sizeof(piece)));
		cond_resched();
	}
	return 0;
}

/* To be freed with kvfree(); at least room bytes, the rest of them 0 */
static void *read_config(u32 id, size_t room, u64 *size)
{
	long result = bh_hypercall(HC_CELL_INFO, id, CELL_INFO_CONFIG_SIZE);
	void *config;
	int err;

	if (result < 0)
		return ERR_PTR(result);
	if (result < room || result > MAX_CONFIG)
		return ERR_PTR(-EINVAL);
	config = kvzalloc(result, GFP_KERNEL);
	if (!config)
		return ERR_PTR(-ENOMEM);
	err = read_pieces(id, CELL_INFO_CONFIG_BASE, config, result);
	if (err) {
		kvfree(config);
		return ERR_PTR(err);
	}
	*size = result;
	return config;
}

static int read_cpus(u32 id, struct bh_cpus *cpus)
{
	unsigned int n;

	bitmap_zero(cpus->bits, BH_MAX_CPUS);
	for (n = 0; n < DIV_ROUND_UP(bh.num_cpus, 32); n++) {
		long piece = bh_hypercall(HC_CELL_INFO, id, CELL_INFO_CPUS_BASE + n);
		unsigned long bits = piece;
		unsigned int bit;

		if (piece < 0)
			return piece;
		for_each_set_bit(bit, &bits, 32)
			if (n * 32 + bit < bh.num_cpus)
				__set_bit(n * 32 + bit, cpus->bits);
	}
	return 0;
}

static int add_cell(u32 id, const struct bh_config_view *view)
{
	struct bh_cell *cell = bh_cell_alloc(view, id);
	int err;

	if (!cell)
		return -ENOMEM;
	/* what it runs came with it, as far as we can know */
	cell->loaded = true;
	err = read_cpus(id, &cell->cpus);
	if (!err)
		err = bh_sysfs_add_cell(cell);
	if (!err)
		err = bh_sysfs_add_cpus(cell);
	if (err) {
		bh_sysfs_del_cpus();
		bh_cell_remove(cell);
		return err;
	}
	if (id == 0)
		bh.root = cell;
	bh_cell_announce(cell);
	return 0;
}

static int add_other_cell(u32 id)
{
	struct bh_config_view view;
	struct bh_reason why = { };
	u64 size;
	struct cfg_cell *config = read_config(id, sizeof(*config), &size);
	int err;

	if (IS_ERR(config))
		return PTR_ERR(config);
	config->name[CFG_NAME_LEN - 1] = 0;
	err = bh_config_parse(config, size, &view, &why);
	if (!err)
		err = add_cell(id, &view);
	kvfree(config);
	return err;
}

static int add_root_cell(void)
{
	struct bh_reason why = { };
	unsigned int byte, max_cpus = 0;
	struct cfg_system *config;
	u64 size;
	int err;

	config = read_config(0, sizeof(*config), &size);
	if (IS_ERR(config))
		return PTR_ERR(config);
	bh.config = config;
	config->root_cell.name[CFG_NAME_LEN - 1] = 0;
	err = bh_config_check_ident(config->signature, config->architecture, config->revision, CFG_SIGNATURE_SYSTEM,
				    &why);
	if (!err)
		err = bh_config_parse(&config->root_cell, size - offsetof(struct cfg_system, root_cell),
				      &bh.root_config, &why);
	if (err) {
		pr_err("configuration of the root cell: %s\n", why.text);
		return err;
	}
	for (byte = 0; byte < config->root_cell.cpu_set_size; byte++)
		if (bh.root_config.cpu_set[byte])
			max_cpus = byte * 8 + fls(bh.root_config.cpu_set[byte]);
	if (!max_cpus || max_cpus > BH_MAX_CPUS)
		return -EINVAL;
	err = bh_cpus_from_tree(max_cpus);
	return err ?: add_cell(0, &bh.root_config);
}

static int add_cells(void)
{
	int err = add_root_cell();
	long id = 0;

	while (!err) {
		id = bh_hypercall(HC_CELL_INFO, id + 1, CELL_INFO_NEXT);
		if (id == -ENOENT)
			return 0;
		err = id < 0 ? id : add_other_cell(id);
	}
	return err;
}

/* reg: all of hypervisor memory, and the page in it that we may read */
static int adopt_memory(struct device_node *node)
{
	struct resource memory, page;

	if (of_address_to_resource(node, 0, &memory) || of_address_to_resource(node, 1, &page) ||
	    resource_size(&page) != sizeof(struct bh_public_page) || !resource_contains(&memory, &page) ||
	    !PAGE_ALIGNED(memory.start) || bh_linux_ram(memory.start, resource_size(&memory))) {
		pr_err("%pOF: its reg has to be hypervisor memory, which is not Linux's, and a page in it: make the tree again\n",
		       node);
		return -EINVAL;
	}
	return bh_hvmem_adopt(&bh.hvmem, memory.start, resource_size(&memory), page.start);
}

static void drop_everything(void)
{
	struct bh_cell *cell, *next;

	bh_sysfs_del_cpus();
	list_for_each_entry_safe_reverse(cell, next, &bh.cells, entry)
		bh_cell_remove(cell);
	bh.root = NULL;
	bh_claims_release(&bh.links);
	kvfree(bh.config);
	bh.config = NULL;
	bh_hvmem_release(&bh.hvmem);
	bh_cpus_drop_tree();
}

static int attach(struct device_node *node)
{
	long first;
	int err;

	/* Nobody is above us who answers: the tree is not this machine's. */
	first = read_sysreg(CurrentEL) == CurrentEL_EL1 ? bh_hypercall(HC_CELL_INFO, 0, CELL_INFO_NEXT) : -ENODEV;
	if (first == -ENOSYS) {
		pr_err("the hypervisor was built without CONFIG_CELL_INFO, which its cells are found by\n");
		return -ENODEV;
	}
	if (first != 0) {
		pr_err("%pOF: the device tree promises a hypervisor that does not answer\n", node);
		return -ENODEV;
	}
	err = adopt_memory(node);
	if (!err)
		err = add_cells();
	if (err) {
		drop_everything();
		return err;
	}
	down_write(&bh.gate);
	bh.session++;
	bh.by_firmware = true;
	bh.enabled = true;
	bh.console = bh.config->flags & CFG_SYS_VIRTUAL_CONSOLE;
	up_write(&bh.gate);
	bh_crash_log_adopted();
	pr_info("the hypervisor was started by firmware, root cell \"%s\"\n", bh.root->name);
	return 0;
}

int bh_firmware_attach(void)
{
	struct device_node *node = of_find_matching_node(NULL, nodes);
	int err = node ? attach(node) : 0;

	of_node_put(node);
	return err;
}

/* Cells that this module made keep it, so that none of their memory goes back to Linux. */
void bh_firmware_detach(void)
{
	if (!bh.by_firmware)
		return;
	down_write(&bh.gate);
	bh.enabled = false;
	up_write(&bh.gate);
	drop_everything();
}
