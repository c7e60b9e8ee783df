// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/devices/jailhouse. Readers never take bh.lock (see driver.h): they hold bh.gate, which guarantees
 * that the hypervisor is there, or find that it is not.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "driver.h"

#define RESULT_MASK	0x7fffffffu	/* statistics wrap at 2^31 */

static struct device *root_device;
static struct kobject *cells_dir;

/* Negative results count as 0, and so does everything while the hypervisor is absent. */
static u32 gated_hypercall(unsigned long code, unsigned long arg1, unsigned long arg2)
{
	long result = 0;

	down_read(&bh.gate);
	if (bh.enabled)
		result = bh_hypercall(code, arg1, arg2);
	up_read(&bh.gate);
	return result > 0 ? result : 0;
}

/* ---- /sys/devices/jailhouse ---- */

static ssize_t console_show(struct device *dev, struct device_attribute *attr, char *buffer)
{
	ssize_t result = 0;

	down_read(&bh.gate);
	if (bh.enabled)
		result = bh.console ? bh_console_show(buffer) : -EPERM;
	up_read(&bh.gate);
	return result;
}

static ssize_t enabled_show(struct device *dev, struct device_attribute *attr, char *buffer)
{
	return sysfs_emit(buffer, "%d\n", READ_ONCE(bh.enabled));
}

static const char *const trace_modes[] = { [BH_TRACE_UNUSUAL] = "unusual", [BH_TRACE_ALL] = "all" };

static ssize_t trace_mode_show(struct device *dev, struct device_attribute *attr, char *buffer)
{
	int mode;

	down_read(&bh.gate);
	mode = bh.enabled ? bh_trace_mode() : -ENODEV;
	up_read(&bh.gate);
	return mode < 0 ? mode : sysfs_emit(buffer, "%s\n", trace_modes[mode]);
}

static ssize_t trace_mode_store(struct device *dev, struct device_attribute *attr, const char *buffer, size_t count)
{
	int mode = sysfs_match_string(trace_modes, buffer), err;

	if (mode < 0)
		return mode;
	down_read(&bh.gate);
	err = bh.enabled ? bh_trace_set_mode(mode) : -ENODEV;
	up_read(&bh.gate);
	return err ?: count;
}

struct info_attribute {
	struct device_attribute attr;
	unsigned int type;
};

static ssize_t info_show(struct device *dev, struct device_attribute *attr, char *buffer)
{
	unsigned int type = container_of(attr, struct info_attribute, attr)->type;

	return sysfs_emit(buffer, "%u\n", gated_hypercall(HC_HYPERVISOR_INFO, type, 0));
}

#define INFO_ATTRIBUTE(_name, _type) \
	static struct info_attribute info_##_name = { \
		.attr = __ATTR(_name, 0444, info_show, NULL), \
		.type = (_type), \
	}

static DEVICE_ATTR_RO(console);
static DEVICE_ATTR_RO(enabled);
static DEVICE_ATTR(trace_mode, 0600, trace_mode_show, trace_mode_store);
INFO_ATTRIBUTE(mem_pool_size, HV_INFO_MEM_POOL_SIZE);
INFO_ATTRIBUTE(mem_pool_used, HV_INFO_MEM_POOL_USED);
INFO_ATTRIBUTE(remap_pool_size, HV_INFO_REMAP_POOL_SIZE);
INFO_ATTRIBUTE(remap_pool_used, HV_INFO_REMAP_POOL_USED);

static struct attribute *root_attrs[] = {
	&dev_attr_console.attr,
	&dev_attr_enabled.attr,
	&dev_attr_trace_mode.attr,
	&info_mem_pool_size.attr.attr,
	&info_mem_pool_used.attr.attr,
	&info_remap_pool_size.attr.attr,
	&info_remap_pool_used.attr.attr,
	NULL
};

/* struct bh_trace of each CPU number; one call gives one CPU's, as it is at that moment */
static ssize_t trace_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
			  loff_t offset, size_t count)
{
	loff_t inside = offset % BH_TRACE_RECORD;
	struct bh_trace *trace;
	ssize_t result = -EAGAIN;
	unsigned int attempt;

	if (offset / BH_TRACE_RECORD >= bh.num_cpus)
		return 0;
	trace = kmalloc(sizeof(*trace), GFP_KERNEL);
	if (!trace)
		return -ENOMEM;
	/* the CPU changed its cell meanwhile: it does not do that all the time */
	for (attempt = 0; attempt < 10 && result == -EAGAIN; attempt++) {
		down_read(&bh.gate);
		result = bh.enabled ? bh_trace_take(offset / BH_TRACE_RECORD, trace) : -ENODEV;
		up_read(&bh.gate);
		cond_resched();
	}
	if (!result)
		result = memory_read_from_buffer(buffer, count, &inside, trace, sizeof(*trace));
	kfree(trace);
	return result;
}

static struct bin_attribute trace_attr = { .attr = { .name = "trace", .mode = 0400 }, .read = trace_read };

static ssize_t crash_log_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
			      loff_t offset, size_t count)
{
	return bh_crash_log_read(buffer, offset, count);
}

static struct bin_attribute crash_log_attr = { .attr = { .name = "crash_log", .mode = 0400 }, .read = crash_log_read };
static struct bin_attribute *root_bin_attrs[] = { &trace_attr, &crash_log_attr, NULL };
static const struct attribute_group root_group = { .attrs = root_attrs, .bin_attrs = root_bin_attrs };

static ssize_t core_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
			 loff_t offset, size_t count)
{
	return memory_read_from_buffer(buffer, count, &offset, attr->private, attr->size);
}

static struct bin_attribute core_attr = {
	.attr = { .name = "core", .mode = 0400 },
	.read = core_read,
};

/* Hypervisor memory exists while the file does. */
int bh_sysfs_add_core(void)
{
	int err;

	core_attr.private = bh.hvmem.virt;
	core_attr.size = bh.hvmem.core_size;
	err = device_create_bin_file(root_device, &core_attr);
	if (err)
		core_attr.private = NULL;
	return err;
}

void bh_sysfs_remove_core(void)
{
	if (core_attr.private)
		device_remove_bin_file(root_device, &core_attr);
	core_attr.private = NULL;
}

/* Lines of a file: name and value */
struct line {
	const char *name;
	unsigned int item;
};

/* One hypercall for each line. No half of them: an error instead */
static ssize_t print_lines(char *buffer, unsigned long code, unsigned long arg, const struct line *lines, size_t count)
{
	ssize_t length = 0;
	size_t n;

	down_read(&bh.gate);
	for (n = 0; n < count; n++) {
		long value = bh.enabled ? bh_hypercall(code, arg, lines[n].item) : -ENODEV;

		if (value == -ENOSYS)
			break;		/* built without: an empty file */
		if (value < 0) {
			length = value;
			break;
		}
		length += sysfs_emit_at(buffer, length, "%s %ld\n", lines[n].name, value);
	}
	up_read(&bh.gate);
	return length;
}

/* ---- cells/<id> ---- */

static struct bh_cell *to_cell(struct kobject *kobj)
{
	return container_of(kobj, struct bh_cell, kobj);
}

static ssize_t name_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	return sysfs_emit(buffer, "%s\n", to_cell(kobj)->name);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	static const char *const names[] = {
		[COMM_STATE_RUNNING] = "running",
		[COMM_STATE_LOCKED] = "running/locked",
		[COMM_STATE_SHUT_DOWN] = "shut down",
		[COMM_STATE_FAILED] = "failed",
		[COMM_STATE_ABI_MISMATCH] = "Comm ABI mismatch",
	};
	long state = -1;

	down_read(&bh.gate);
	if (bh.enabled)
		state = bh_hypercall(HC_CELL_GET_STATE, to_cell(kobj)->id, 0);
	up_read(&bh.gate);
	return sysfs_emit(buffer, "%s\n", state >= 0 && state < ARRAY_SIZE(names) ? names[state] : "invalid");
}

static ssize_t cpus_assigned_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	return bitmap_print_to_pagebuf(false, buffer, to_cell(kobj)->cpus.bits, bh.num_cpus);
}

static ssize_t cpus_assigned_list_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	return bitmap_print_to_pagebuf(true, buffer, to_cell(kobj)->cpus.bits, bh.num_cpus);
}

static ssize_t print_failed(struct bh_cell *cell, bool list, char *buffer)
{
	struct bh_cpus *failed = kzalloc(sizeof(*failed), GFP_KERNEL);
	unsigned int cpu;
	ssize_t length;

	if (!failed)
		return -ENOMEM;
	bh_for_each_cpu(cpu, &cell->cpus)
		if (gated_hypercall(HC_CPU_INFO, cpu, CPU_INFO_STATE) == CPU_STATE_FAILED)
			__set_bit(cpu, failed->bits);
	length = bitmap_print_to_pagebuf(list, buffer, failed->bits, bh.num_cpus);
	kfree(failed);
	return length;
}

static ssize_t cpus_failed_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	return print_failed(to_cell(kobj), false, buffer);
}

static ssize_t cpus_failed_list_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	return print_failed(to_cell(kobj), true, buffer);
}

static ssize_t counters_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	static const struct line lines[] = {
		{ "starts", CELL_INFO_STARTS },
		{ "restarts", CELL_INFO_RESTARTS },
		{ "faults", CELL_INFO_FAULTS },
		{ "watchdog_expiries", CELL_INFO_WATCHDOG_EXPIRIES },
	};

	return print_lines(buffer, HC_CELL_INFO, to_cell(kobj)->id, lines, ARRAY_SIZE(lines));
}

#define CELL_ATTRIBUTE(_name) static struct kobj_attribute cell_##_name = __ATTR_RO(_name)

CELL_ATTRIBUTE(name);
CELL_ATTRIBUTE(state);
CELL_ATTRIBUTE(cpus_assigned);
CELL_ATTRIBUTE(cpus_assigned_list);
CELL_ATTRIBUTE(cpus_failed);
CELL_ATTRIBUTE(cpus_failed_list);
CELL_ATTRIBUTE(counters);

static struct attribute *cell_attrs[] = {
	&cell_name.attr,
	&cell_state.attr,
	&cell_cpus_assigned.attr,
	&cell_cpus_assigned_list.attr,
	&cell_cpus_failed.attr,
	&cell_cpus_failed_list.attr,
	&cell_counters.attr,
	NULL
};

/* Of its configuration: struct cfg_memory, one behind the other */
static ssize_t memory_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
			   loff_t offset, size_t count)
{
	const struct bh_cell *cell = to_cell(kobj);

	return memory_read_from_buffer(buffer, count, &offset, cell->memory, cell->num_memory * sizeof(*cell->memory));
}

/* Likewise: struct cfg_pci_device */
static ssize_t pci_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer, loff_t offset,
			size_t count)
{
	const struct bh_cell *cell = to_cell(kobj);

	return memory_read_from_buffer(buffer, count, &offset, cell->pci, cell->num_pci * sizeof(*cell->pci));
}

/* In the order of the pieces, so that a record that changed meanwhile can be told; see bulkhead/fault.h, cell_console.h */
static int read_record(unsigned long code, u32 id, u32 *pieces, size_t size)
{
	unsigned int n;

	for (n = 0; n < size / sizeof(*pieces); n++) {
		long piece = bh_hypercall(code, id, n);

		if (piece < 0)
			return piece;
		pieces[n] = piece;
	}
	return 0;
}

static int read_fault(u32 id, struct bh_fault *fault)
{
	int err = read_record(HC_CELL_FAULT, id, (u32 *)fault, sizeof(*fault));

	return err ?: fault->complete == fault->begun ? 0 : -EAGAIN;
}

static ssize_t fault_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
			  loff_t offset, size_t count)
{
	struct bh_fault fault;
	int err = -EAGAIN;
	unsigned int attempt;

	/* a record that is begun is complete soon, unless the cell is stopped and started all the time */
	for (attempt = 0; attempt < 10 && err == -EAGAIN; attempt++) {
		down_read(&bh.gate);
		err = bh.enabled ? read_fault(to_cell(kobj)->id, &fault) : -ENODEV;
		up_read(&bh.gate);
		cond_resched();
	}
	return err ?: memory_read_from_buffer(buffer, count, &offset, &fault, sizeof(fault));
}

/* All of it at once; the kernel asks for a page at most. How much of it is a cell's that goes on, the reader can see. */
static ssize_t cell_console_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
				 loff_t offset, size_t count)
{
	struct bh_cell_console *console = kmalloc(sizeof(*console), GFP_KERNEL);
	ssize_t result = -ENODEV;

	if (!console)
		return -ENOMEM;
	down_read(&bh.gate);
	if (bh.enabled)
		result = read_record(HC_CELL_CONSOLE, to_cell(kobj)->id, (u32 *)console, sizeof(*console));
	up_read(&bh.gate);
	if (result == -EINVAL)
		result = -ENODATA;	/* the cell may not print */
	if (!result)
		result = memory_read_from_buffer(buffer, count, &offset, console, sizeof(*console));
	kfree(console);
	return result;
}

static struct bin_attribute memory_attr = { .attr = { .name = "memory", .mode = 0400 }, .read = memory_read };
static struct bin_attribute pci_attr = { .attr = { .name = "pci", .mode = 0400 }, .read = pci_read };
static struct bin_attribute fault_attr = { .attr = { .name = "fault", .mode = 0400 }, .read = fault_read };
static struct bin_attribute cell_console_attr = { .attr = { .name = "console", .mode = 0400 }, .read = cell_console_read };

static struct bin_attribute *cell_bin_attrs[] = { &memory_attr, &pci_attr, &fault_attr, &cell_console_attr, NULL };
static const struct attribute_group cell_group = { .attrs = cell_attrs, .bin_attrs = cell_bin_attrs };
static const struct attribute_group *cell_groups[] = { &cell_group, NULL };

static void release_cell(struct kobject *kobj)
{
	struct bh_cell *cell = to_cell(kobj);

	kvfree(cell->memory);
	kvfree(cell->pci);
	kfree(cell);
}

static struct kobj_type cell_type = {
	.release = release_cell,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = cell_groups,
};

/* ---- statistics, of a cell and of one CPU ---- */

struct statistic {
	struct kobj_attribute cell, cpu;
	unsigned int number;
};

struct cpu_entry {
	struct kobject kobj;	/* in the statistics directory of the owner */
	unsigned int cpu;
};

static struct cpu_entry *cpu_entries[BH_MAX_CPUS];	/* under bh.lock */

static ssize_t cell_statistic_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	unsigned int type = CPU_INFO_STAT_BASE + container_of(attr, struct statistic, cell)->number;
	struct bh_cell *cell = to_cell(kobj->parent);
	unsigned int cpu;
	u32 sum = 0;

	bh_for_each_cpu(cpu, &cell->cpus)
		sum += gated_hypercall(HC_CPU_INFO, cpu, type);
	return sysfs_emit(buffer, "%u\n", sum & RESULT_MASK);
}

static ssize_t cpu_statistic_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	unsigned int type = CPU_INFO_STAT_BASE + container_of(attr, struct statistic, cpu)->number;
	unsigned int cpu = container_of(kobj, struct cpu_entry, kobj)->cpu;

	return sysfs_emit(buffer, "%u\n", gated_hypercall(HC_CPU_INFO, cpu, type));
}

#define STATISTIC(_name, _number) \
	static struct statistic statistic_##_name = { \
		.cell = __ATTR(vmexits_##_name, 0444, cell_statistic_show, NULL), \
		.cpu = __ATTR(vmexits_##_name, 0444, cpu_statistic_show, NULL), \
		.number = (_number), \
	}

STATISTIC(total, CPU_STAT_TOTAL);
STATISTIC(mmio, CPU_STAT_MMIO);
STATISTIC(management, CPU_STAT_MANAGEMENT);
STATISTIC(hypercall, CPU_STAT_HYPERCALL);
STATISTIC(maintenance, CPU_STAT_MAINTENANCE);
STATISTIC(virt_irq, CPU_STAT_VIRT_IRQ);
STATISTIC(virt_sgi, CPU_STAT_VIRT_SGI);
STATISTIC(psci, CPU_STAT_PSCI);
STATISTIC(smccc, CPU_STAT_SMCCC);

#define STATISTICS_OF(_what) { \
	&statistic_total._what.attr, &statistic_mmio._what.attr, &statistic_management._what.attr, \
	&statistic_hypercall._what.attr, &statistic_maintenance._what.attr, &statistic_virt_irq._what.attr, \
	&statistic_virt_sgi._what.attr, &statistic_psci._what.attr, &statistic_smccc._what.attr, NULL }

static struct attribute *cell_statistics_attrs[] = STATISTICS_OF(cell);
static const struct attribute_group cell_statistics_group = { .attrs = cell_statistics_attrs };

static struct attribute *cpu_statistics_attrs[] = STATISTICS_OF(cpu);
static const struct attribute_group cpu_statistics_group = { .attrs = cpu_statistics_attrs };

static ssize_t exits_show(struct kobject *kobj, struct kobj_attribute *attr, char *buffer)
{
	static const struct line lines[] = {
		{ "hypercall", CPU_EXIT_HYPERCALL },
		{ "hvc", CPU_EXIT_HVC },
		{ "psci", CPU_EXIT_PSCI },
		{ "smccc", CPU_EXIT_SMCCC },
		{ "wfx", CPU_EXIT_WFX },
		{ "sgi", CPU_EXIT_SGI },
		{ "sysreg", CPU_EXIT_SYSREG },
		{ "other_class", CPU_EXIT_OTHER_CLASS },
		{ "ivshmem", CPU_EXIT_IVSHMEM },
		{ "msix", CPU_EXIT_MSIX },
		{ "pci_config", CPU_EXIT_PCI_CONFIG },
		{ "gicd", CPU_EXIT_GICD },
		{ "gicr", CPU_EXIT_GICR },
		{ "subpage", CPU_EXIT_SUBPAGE },
		{ "stray_ignored", CPU_EXIT_STRAY_IGNORED },
		{ "stray_aborted", CPU_EXIT_STRAY_ABORTED },
		{ "stray_failed", CPU_EXIT_STRAY_FAILED },
		{ "read_only", CPU_EXIT_READ_ONLY },
		{ "cache_op", CPU_EXIT_CACHE_OP },
		{ "memory_error", CPU_EXIT_MEMORY_ERROR },
		{ "fetch", CPU_EXIT_FETCH },
		{ "revoked", CPU_EXIT_REVOKED },
		{ "irq", CPU_EXIT_IRQ },
		{ "link_irq", CPU_EXIT_LINK_IRQ },
		{ "pended_sgi", CPU_EXIT_PENDED_SGI },
		{ "kick_sgi", CPU_EXIT_KICK_SGI },
		{ "kick_request", CPU_EXIT_KICK_REQUEST },
		{ "kick_late", CPU_EXIT_KICK_LATE },
		{ "maintenance", CPU_EXIT_MAINTENANCE },
		{ "foreign_irq", CPU_EXIT_FOREIGN_IRQ },
		{ "spurious", CPU_EXIT_SPURIOUS },
		{ "serror", CPU_EXIT_SERROR },
		{ "watchdog", CPU_EXIT_WATCHDOG },
	};

	BUILD_BUG_ON(ARRAY_SIZE(lines) != CPU_EXIT_COUNT);
	return print_lines(buffer, HC_CPU_EXITS, container_of(kobj, struct cpu_entry, kobj)->cpu, lines, ARRAY_SIZE(lines));
}

static struct kobj_attribute cpu_exits = __ATTR_RO(exits);
static struct attribute *cpu_exits_attrs[] = { &cpu_exits.attr, NULL };
static const struct attribute_group cpu_exits_group = { .attrs = cpu_exits_attrs };
static const struct attribute_group *cpu_groups[] = { &cpu_statistics_group, &cpu_exits_group, NULL };

static void release_cpu_entry(struct kobject *kobj)
{
	kfree(container_of(kobj, struct cpu_entry, kobj));
}

static struct kobj_type cpu_type = {
	.release = release_cpu_entry,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = cpu_groups,
};

void bh_sysfs_init_cell(struct bh_cell *cell)
{
	kobject_init(&cell->kobj, &cell_type);
}

/* After a failure bh_sysfs_del_cell() cleans up. */
int bh_sysfs_add_cell(struct bh_cell *cell)
{
	int err = kobject_add(&cell->kobj, cells_dir, "%u", cell->id);

	if (err)
		return err;
	cell->statistics = kobject_create_and_add("statistics", &cell->kobj);
	if (!cell->statistics)
		return -ENOMEM;
	return sysfs_create_group(cell->statistics, &cell_statistics_group);
}

void bh_sysfs_del_cell(struct bh_cell *cell)
{
	if (cell->statistics) {
		/* waits for readers, which look at the parent */
		kobject_del(cell->statistics);
		kobject_put(cell->statistics);
	}
	if (cell->kobj.state_in_sysfs)
		kobject_del(&cell->kobj);
	kobject_put(&cell->kobj);
}

/* After a failure bh_sysfs_del_cpus() cleans up. */
int bh_sysfs_add_cpus(struct bh_cell *cell)
{
	unsigned int cpu;

	bh_for_each_cpu(cpu, &cell->cpus) {
		struct cpu_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
		int err;

		if (!entry)
			return -ENOMEM;
		entry->cpu = cpu;
		err = kobject_init_and_add(&entry->kobj, &cpu_type, cell->statistics, "cpu%u", cpu);
		if (err) {
			kobject_put(&entry->kobj);
			return err;
		}
		cpu_entries[cpu] = entry;
	}
	return 0;
}

int bh_sysfs_move_cpus(const struct bh_cpus *cpus, struct bh_cell *to)
{
	unsigned int cpu;
	int result = 0;

	bh_for_each_cpu(cpu, cpus) {
		int err = cpu_entries[cpu] ? kobject_move(&cpu_entries[cpu]->kobj, to->statistics) : 0;

		result = result ?: err;
	}
	return result;
}

void bh_sysfs_del_cpus(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < ARRAY_SIZE(cpu_entries); cpu++) {
		if (!cpu_entries[cpu])
			continue;
		kobject_del(&cpu_entries[cpu]->kobj);
		kobject_put(&cpu_entries[cpu]->kobj);
		cpu_entries[cpu] = NULL;
	}
}

int bh_sysfs_init(void)
{
	int err;

	root_device = root_device_register("jailhouse");
	if (IS_ERR(root_device))
		return PTR_ERR(root_device);
	err = sysfs_create_group(&root_device->kobj, &root_group);
	if (err)
		goto unregister;
	cells_dir = kobject_create_and_add("cells", &root_device->kobj);
	if (cells_dir)
		return 0;
	err = -ENOMEM;
	sysfs_remove_group(&root_device->kobj, &root_group);
unregister:
	root_device_unregister(root_device);
	return err;
}

void bh_sysfs_exit(void)
{
	bh_sysfs_remove_core();
	kobject_put(cells_dir);
	sysfs_remove_group(&root_device->kobj, &root_group);
	root_device_unregister(root_device);
	bh_crash_log_exit();
}
