/* SPDX-License-Identifier: BSD-2-Clause */
/* See config_oracle.h. Rules are questions about pairs of things; ranges have ends of 128 bits: nothing wraps. */
#include <string.h>
#include "config_oracle.h"
#include "generated/config.h"

#define RULE(holds, name)	do { if (!(holds)) return (name); } while (0)
#define FILE_MAX		65536u
#define SHIFT_PAGE		12
#define DISTRIBUTOR_SIZE	0x10000u
#define REDISTRIBUTOR_SIZE	0x20000u

typedef unsigned __int128 wide_t;

struct span {
	wide_t start, end;
};

static struct span span(uint64_t start, uint64_t size)
{
	return (struct span){ start, (wide_t)start + size };
}

static bool meet(struct span a, struct span b)
{
	const wide_t start = a.start > b.start ? a.start : b.start, end = a.end < b.end ? a.end : b.end;

	return start < end;
}

static bool in_pages(uint64_t value)
{
	return value >> SHIFT_PAGE << SHIFT_PAGE == value;
}

/* --- one region */

static bool is_comm(const struct cfg_memory *mem)
{
	return (mem->flags >> 5) & 1;
}

static bool real(const struct cfg_memory *mem)
{
	return mem->size && !is_comm(mem);
}

static struct span host(const struct cfg_memory *mem)
{
	return span(mem->phys_start, mem->size);
}

static bool same_host(const struct cfg_memory *a, const struct cfg_memory *b)
{
	return real(a) && real(b) && meet(host(a), host(b));
}

static bool trapped(const struct cfg_memory *mem)
{
	return !in_pages(mem->virt_start) || !in_pages(mem->size);
}

static bool writable(const struct cfg_memory *mem)
{
	return (mem->flags >> 1) & 1;
}

static bool loadable(const struct cfg_memory *mem)
{
	return (mem->flags >> 6) & 1;
}

static bool reachable(const struct cfg_memory *mem)
{
	return (mem->flags & 3) && (!trapped(mem) || (mem->flags >> 16 & 0xf));
}

/* What becomes of accesses to nothing: no action, or one of three */
static bool one_stray_action(uint64_t flags)
{
	return flags == 1u << 27 || flags == 1u << 28 || flags == 1u << 29;
}

static bool is_stray(uint64_t flags)
{
	return flags & (7u << 27);
}

/* --- links */

static bool is_link(const struct cfg_pci_device *dev)
{
	return dev->type == 3;
}

/* Of a device: state table, shared section, outputs of all peers, or of those up to its own if that is further */
static uint64_t sections(const struct told *cell, const struct cfg_pci_device *dev)
{
	const uint64_t first = dev->shmem_regions_start, own = first + 2 + dev->shmem_dev_id;
	const struct cfg_memory *mem = cell->memory;

	if (dev->shmem_dev_id >= dev->shmem_peers && own < cell->head->num_memory_regions && mem[own].size &&
	    mem[own].size == mem[first + 2].size &&
	    mem[own].virt_start - mem[own].size * dev->shmem_dev_id ==
	    mem[first].virt_start + mem[first].size + mem[first + 1].size)
		return 3 + dev->shmem_dev_id;
	return 2 + dev->shmem_peers;
}

static const struct cfg_memory *section(const struct told *cell, const struct cfg_pci_device *dev, uint64_t number)
{
	return &cell->memory[dev->shmem_regions_start + number];
}

/* How many links of the cell have the region as a section; number: as which, in the last of them */
static uint32_t uses(const struct told *cell, uint32_t index, uint64_t *number, const struct cfg_pci_device **dev)
{
	uint32_t count = 0;

	for (uint32_t d = 0; d < cell->head->num_pci_devices; d++) {
		const uint64_t first = cell->devices[d].shmem_regions_start;

		if (!is_link(&cell->devices[d]) || index < first || index >= first + sections(cell, &cell->devices[d]))
			continue;
		*number = index - first;
		*dev = &cell->devices[d];
		count++;
	}
	return count;
}

static const struct cfg_pci_device *end_of_link(const struct told *cell, uint16_t bdf)
{
	const struct cfg_pci_device *found = NULL;

	for (uint32_t d = cell->head->num_pci_devices; d > 0; d--)
		if (is_link(&cell->devices[d - 1]) && cell->devices[d - 1].bdf == bdf)
			found = &cell->devices[d - 1];
	return found;
}

/* --- form */

static uint64_t bytes_of(const struct cfg_cell *head)
{
	return 0x84 + (uint64_t)head->cpu_set_size + 32ull * head->num_memory_regions +
	       12ull * head->num_cache_regions + 32ull * head->num_irqchips + 4ull * head->num_pio_regions +
	       56ull * head->num_pci_devices + 8ull * head->num_pci_caps + 4ull * head->num_stream_ids;
}

const char *judge_structure(const void *bytes, uint64_t available, struct told *cell)
{
	const struct cfg_cell *head = bytes;

	memset(cell, 0, sizeof(*cell));
	RULE(available >= 0x84, "header");
	RULE(head->cpu_set_size <= 4096, "size of the CPU set");
	RULE(available >= bytes_of(head), "counts");
	cell->head = head;
	cell->cpus = (const uint8_t *)bytes + 0x84;
	cell->memory = (const void *)(cell->cpus + head->cpu_set_size);
	cell->chips = (const void *)((const uint8_t *)(cell->memory + head->num_memory_regions) +
				     12ull * head->num_cache_regions);
	cell->devices = (const void *)((const uint8_t *)(cell->chips + head->num_irqchips) +
				       4ull * head->num_pio_regions);
	cell->size = bytes_of(head);
	return NULL;
}

static bool has_cpu(const struct told *cell, uint32_t cpu)
{
	return cpu < 8 * cell->head->cpu_set_size && (cell->cpus[cpu >> 3] & 1 << (cpu & 7));
}

static const char *judge_cpus(const struct told *cell, const struct machine *machine)
{
	bool any = false;

	for (uint32_t cpu = 0; cpu < 8 * cell->head->cpu_set_size; cpu++) {
		any |= has_cpu(cell, cpu);
		RULE(cpu < machine->max_cpus || !has_cpu(cell, cpu), "CPU of the machine");
	}
	RULE(any, "a CPU");
	return NULL;
}

static const char *judge_regions(const struct told *cell, const struct machine *machine)
{
	uint32_t comm_regions = 0, watchdogs = 0;
	bool counter = false;

	for (uint32_t i = 0; i < cell->head->num_memory_regions; i++) {
		const struct cfg_memory *mem = &cell->memory[i];

		if (is_stray(mem->flags)) {	/* phys_start is the length of the range */
			RULE(!mem->size && one_stray_action(mem->flags), "form of a stray range");
			RULE(mem->phys_start && span(mem->virt_start, mem->phys_start).end <= machine->guest_limit,
			     "place of a stray range");
		}
		if (mem->flags >> 26 & 1) {	/* phys_start is its period in microseconds */
			RULE(mem->flags == 1u << 26 && !mem->size && !mem->virt_start, "form of a watchdog");
			RULE(mem->phys_start >= 1000 && mem->phys_start <= 3600ull * 1000 * 1000, "period of a watchdog");
			RULE(!cell->root && !watchdogs++, "watchdog too many");
		}
		if (!mem->size)
			continue;
		counter |= is_comm(mem) && writable(mem);
		RULE(span(mem->virt_start, mem->size).end <= machine->guest_limit, "guest range");
		RULE(!real(mem) || host(mem).end <= machine->phys_limit, "host range");
		RULE(!real(mem) || trapped(mem) || in_pages(mem->phys_start), "page offset");
		RULE(!real(mem) || !cell->root || mem->phys_start == mem->virt_start, "identity of the root cell");
		if (is_comm(mem) && !cell->root) {
			RULE(mem->size == 4096 && in_pages(mem->virt_start), "communication region");
			RULE(!comm_regions++, "second communication region");
		}
	}
	RULE(!watchdogs || counter, "counter of a watchdog");
	return NULL;
}

static const char *judge_chips(const struct told *cell, const struct machine *machine)
{
	for (uint32_t i = 0; i < cell->head->num_irqchips; i++) {
		const struct cfg_irqchip *chip = &cell->chips[i];

		RULE(chip->address != machine->system->arch.arm.gicd_base ||
		     (chip->pin_base <= 896 && !(chip->pin_base & 31)), "pin base");
	}
	return NULL;
}

static const char *judge_section(const struct told *cell, const struct cfg_pci_device *dev, uint64_t number,
				 const struct machine *machine)
{
	const struct cfg_system *system = machine->system;
	const struct cfg_console *uart = &system->debug_console;
	const struct cfg_memory *mem = section(cell, dev, number);
	const struct span place = host(mem);

	RULE(!(mem->flags & 0x70), "kind of a section");
	RULE(number != 0 || (mem->flags & 1), "state table can be read");
	RULE(number < 2 || number == 2u + dev->shmem_dev_id || !writable(mem), "output of another peer");
	RULE(in_pages(mem->phys_start) && in_pages(mem->virt_start) && in_pages(mem->size), "pages of a section");
	RULE(!meet(place, span(machine->hv_start, machine->hv_size)), "section in hypervisor memory");
	RULE(!meet(place, span(system->arch.arm.gicd_base, DISTRIBUTOR_SIZE)), "section in GICD");
	RULE(!meet(place, span(system->arch.arm.gicr_base, machine->redistributors)), "section in GICR");
	RULE(!system->pci_mmconfig_base ||
	     !meet(place, span(system->pci_mmconfig_base, (system->pci_mmconfig_end_bus + 1ull) << 20)),
	     "section in ECAM");
	RULE(!uart->type || !meet(place, span(uart->address, uart->size > 4096 ? uart->size : 4096)),
	     "section in UART");
	return NULL;
}

/* The section at index is nothing else in its own cell. */
static const char *judge_alone(const struct told *cell, uint32_t index)
{
	const struct cfg_memory *mem = &cell->memory[index];
	const struct cfg_pci_device *dev;
	uint64_t number;

	RULE(uses(cell, index, &number, &dev) == 1, "section of two links");
	for (uint32_t i = 0; i < cell->head->num_memory_regions; i++) {
		const struct cfg_memory *other = &cell->memory[i];
		uint64_t other_number;

		if (i == index || !same_host(mem, other))
			continue;
		RULE(!uses(cell, i, &other_number, &dev), "one memory for two sections");
		RULE(!(other->flags & CFG_MEM_IO), "section in a device of its cell");
		if (cell->root)		/* sections are mapped last, but what is trapped stays trapped */
			RULE(!trapped(other) || !writable(other), "second way to a section of the root cell");
		else
			RULE(!writable(other) && !loadable(other), "second way to a section");
	}
	return NULL;
}

static const char *judge_link(const struct told *cell, const struct cfg_pci_device *dev, const struct machine *machine)
{
	wide_t next;

	RULE(section(cell, dev, 0)->size, "a state table");
	next = section(cell, dev, 0)->virt_start;
	for (uint64_t s = 0; s < sections(cell, dev); s++) {
		const struct cfg_memory *mem = section(cell, dev, s);
		const char *broken;

		RULE(s < 3 || mem->size == section(cell, dev, 2)->size, "outputs of one size");
		if (!mem->size)
			continue;
		RULE(mem->virt_start == next, "sections one behind the other");
		next += mem->size;
		broken = judge_section(cell, dev, s, machine);
		if (!broken)
			broken = judge_alone(cell, (uint32_t)(dev->shmem_regions_start + s));
		if (broken)
			return broken;
	}
	return NULL;
}

static const char *judge_devices(const struct told *cell, const struct machine *machine)
{
	uint32_t links = 0;

	for (uint32_t d = 0; d < cell->head->num_pci_devices; d++) {
		const struct cfg_pci_device *dev = &cell->devices[d];

		RULE(!dev->num_caps || (uint64_t)dev->caps_start + dev->num_caps <= cell->head->num_pci_caps,
		     "capabilities");
		if (!is_link(dev))
			continue;
		RULE(++links <= CONFIG_IVSHMEM_MAX_LINKS, "number of links");
		/* sections of later links are looked at while those of earlier ones are: so all lists first */
		RULE(dev->shmem_peers, "peers");
		RULE(dev->shmem_regions_start + sections(cell, dev) <= cell->head->num_memory_regions,
		     "list of sections");
	}
	for (uint32_t d = 0; d < cell->head->num_pci_devices; d++) {
		const char *broken = is_link(&cell->devices[d]) ? judge_link(cell, &cell->devices[d], machine) : NULL;

		if (broken)
			return broken;
	}
	return NULL;
}

static const char *judge_form(const struct told *cell, const struct machine *machine)
{
	const char *broken;

	RULE(cell->size <= FILE_MAX, "size");
	RULE(memchr(cell->head->name, 0, sizeof(cell->head->name)), "end of the name");
	RULE(cell->root || !(cell->head->flags & 4), "AArch32");
	RULE(!is_stray(cell->head->flags) || one_stray_action(cell->head->flags & (7u << 27)), "stray action");
	broken = judge_cpus(cell, machine);
	if (!broken)
		broken = judge_regions(cell, machine);
	if (!broken)
		broken = judge_chips(cell, machine);
	return broken ? broken : judge_devices(cell, machine);
}

/* --- the machine */

static const char *judge_machine(const struct machine *machine)
{
	const struct cfg_system *system = machine->system;
	const struct cfg_memory *hv = &system->hypervisor_memory;
	const struct cfg_console *uart = &system->debug_console;
	const wide_t limit = machine->phys_limit, ecam_end = (wide_t)system->pci_mmconfig_base +
							      ((system->pci_mmconfig_end_bus + 1ull) << 20);

	RULE(hv->size && in_pages(hv->size) && in_pages(hv->phys_start) && host(hv).end <= limit, "hypervisor memory");
	RULE(machine->hv_size && in_pages(machine->hv_size) && in_pages(machine->hv_start) &&
	     span(machine->hv_start, machine->hv_size).end <= limit, "place of the hypervisor");
	if (uart->type && (uart->flags & 1)) {
		const struct span registers = span(uart->address, uart->size ? uart->size : 1);

		RULE(registers.end <= limit, "range of the UART");
		RULE(!meet(registers, span(machine->hv_start, machine->hv_size)), "UART in the hypervisor");
	}
	RULE(system->arch.arm.gic_version == 3, "GICv3");
	RULE(system->arch.arm.maintenance_irq >> 4 == 1, "maintenance interrupt");
	RULE(system->arch.arm.gicd_base && !(system->arch.arm.gicd_base & 0xffff) &&
	     span(system->arch.arm.gicd_base, DISTRIBUTOR_SIZE).end <= limit, "GICD");
	RULE(system->arch.arm.gicr_base && !(system->arch.arm.gicr_base & 0xffff) &&
	     span(system->arch.arm.gicr_base, machine->redistributors).end <= limit, "GICR");
	RULE(!(system->pci_mmconfig_base & 0xfffff), "alignment of ECAM");
	RULE(!system->pci_mmconfig_base || (ecam_end <= limit && ecam_end <= machine->guest_limit), "end of ECAM");
	return NULL;
}

static const char *judge_identity(const char *signature, const char *expected, uint32_t revision, uint32_t architecture)
{
	RULE(!memcmp(signature, expected, 5), "signature");
	RULE(revision == 14, "revision");
	RULE(architecture == 2, "architecture");
	return NULL;
}

const char *judge_system(const void *bytes, uint64_t available, const struct config_platform *platform,
			 struct machine *machine, struct told *root)
{
	const struct cfg_system *system = bytes;
	const char *broken;

	RULE(available >= 0x1e8, "header of a system");
	broken = judge_identity(system->signature, "JHSYS", system->revision, system->architecture);
	if (broken)
		return broken;
	RULE(0x164 + bytes_of(&system->root_cell) <= FILE_MAX, "size of a system");
	broken = judge_structure((const uint8_t *)bytes + 0x164, available - 0x164, root);
	if (broken)
		return broken;
	root->root = true;
	*machine = (struct machine){ .system = system, .hv_start = platform->hv_start, .hv_size = platform->hv_size,
				     .phys_limit = platform->phys_limit, .guest_limit = platform->guest_limit,
				     .max_cpus = platform->max_cpus, .redistributors = platform->gicr_size };
	if (!machine->redistributors) {
		machine->redistributors = REDISTRIBUTOR_SIZE;
		for (uint32_t cpu = 0; cpu < platform->max_cpus; cpu++)
			if (has_cpu(root, cpu))
				machine->redistributors = (cpu + 1ull) * REDISTRIBUTOR_SIZE;
	}
	broken = judge_machine(machine);
	if (!broken)
		broken = judge_form(root, machine);
	if (broken)
		return broken;
	for (uint32_t d = 0; d < root->head->num_pci_devices; d++)
		RULE(!is_link(&root->devices[d]) || !system->pci_mmconfig_base || system->pci_is_virtual == 1,
		     "virtual host");
	return NULL;
}

/* --- against others */

static bool has_spi(const struct told *cell, const struct machine *machine, uint64_t intid)
{
	for (uint32_t i = 0; i < cell->head->num_irqchips; i++) {
		const struct cfg_irqchip *chip = &cell->chips[i];

		if (chip->address == machine->system->arch.arm.gicd_base && intid >= chip->pin_base &&
		    intid < chip->pin_base + 128ull &&
		    chip->pin_bitmap[(intid - chip->pin_base) / 32] & 1u << (intid - chip->pin_base) % 32)
			return true;
	}
	return false;
}

static const char *judge_spis(const struct told *cell, const struct told *other, const struct machine *machine)
{
	for (uint32_t intid = 32; intid < 1020; intid++)
		RULE(!has_spi(cell, machine, intid) || !has_spi(other, machine, intid), "SPI of another cell");
	for (uint32_t d = 0; d < cell->head->num_pci_devices; d++) {
		const struct cfg_pci_device *dev = &cell->devices[d];
		const uint64_t line = 32ull + cell->head->vpci_irq_base + (dev->bdf / 8) % 4;

		RULE(!is_link(dev) || dev->num_msix_vectors || line >= 1020 || !has_spi(other, machine, line),
		     "INTx line of another cell");
	}
	return NULL;
}

/* What a may have of the memory of section number of the link at bdf, whose owner is another cell */
static bool may_have(const struct told *a, uint32_t index, uint16_t bdf, uint64_t number)
{
	const struct cfg_pci_device *mine = end_of_link(a, bdf), *dev;
	uint64_t as;

	if (!mine)
		return false;
	if (uses(a, index, &as, &dev))
		return index >= mine->shmem_regions_start && index - mine->shmem_regions_start == number &&
		       number < sections(a, mine);
	return !writable(&a->memory[index]) && !loadable(&a->memory[index]);
}

/* The region i of a new cell and j of one that exists have memory in common. */
static const char *judge_common(const struct told *cell, uint32_t i, const struct told *other, uint32_t j)
{
	const struct cfg_memory *mine = &cell->memory[i], *theirs = &other->memory[j];
	const struct cfg_pci_device *my_dev = NULL, *their_dev = NULL;
	uint64_t my_number = 0, their_number = 0;
	const bool my_section = uses(cell, i, &my_number, &my_dev);
	const bool their_section = uses(other, j, &their_number, &their_dev);

	RULE(other->root || (mine->flags & theirs->flags & CFG_MEM_ROOTSHARED) || (my_section && their_section),
	     "memory of another cell");
	RULE(!their_section || their_number || !writable(mine), "state table of another cell");
	RULE(!my_section || my_number || other->root || !writable(theirs), "state table that another cell writes");
	RULE(!their_section || may_have(cell, i, their_dev->bdf, their_number), "section of a link");
	RULE(!my_section || their_section || other->root || may_have(other, j, my_dev->bdf, my_number),
	     "section of a link that exists");
	RULE(!my_section || !(theirs->flags & CFG_MEM_IO), "section in a device");
	return NULL;
}

static const char *judge_ends(const struct told *cell, const struct told *other)
{
	for (uint32_t d = 0; d < cell->head->num_pci_devices; d++)
		for (uint32_t o = 0; o < other->head->num_pci_devices; o++) {
			const struct cfg_pci_device *mine = &cell->devices[d], *theirs = &other->devices[o];

			if (!is_link(mine) || !is_link(theirs) || mine->bdf != theirs->bdf)
				continue;
			for (uint64_t s = 0; s < sections(cell, mine) && s < sections(other, theirs); s++) {
				const struct cfg_memory *a = section(cell, mine, s), *b = section(other, theirs, s);

				RULE(!a->size || !b->size || a->phys_start == b->phys_start, "place of a section");
			}
		}
	return NULL;
}

static const char *judge_untouched(const struct told *cell, const struct machine *machine)
{
	const struct cfg_system *system = machine->system;

	for (uint32_t i = 0; i < cell->head->num_memory_regions; i++) {
		const struct cfg_memory *mem = &cell->memory[i];

		if (!real(mem))
			continue;
		RULE(!meet(host(mem), span(machine->hv_start, machine->hv_size)), "memory of the hypervisor");
		if (!reachable(mem))
			continue;
		RULE(!meet(host(mem), span(system->arch.arm.gicd_base, DISTRIBUTOR_SIZE)), "GICD in a cell");
		RULE(!meet(host(mem), span(system->arch.arm.gicr_base, machine->redistributors)), "GICR in a cell");
		for (uint32_t unit = 0; unit < 8 && system->iommu_units[unit].type; unit++)
			RULE(!meet(host(mem), span(system->iommu_units[unit].base, system->iommu_units[unit].size)),
			     "IOMMU in a cell");
	}
	return NULL;
}

const char *judge_cell(const struct told *cell, const struct machine *machine, const struct told *const *others,
		       uint32_t num_others)
{
	const struct cfg_cell *head = cell->head;
	const char *broken = judge_identity(head->signature, "JHCLL", head->revision, head->architecture);

	if (!broken)
		broken = judge_form(cell, machine);
	if (!broken)
		broken = judge_untouched(cell, machine);
	for (uint32_t n = 0; n < num_others && !broken; n++) {
		for (uint32_t i = 0; i < head->num_memory_regions && !broken; i++)
			for (uint32_t j = 0; j < others[n]->head->num_memory_regions && !broken; j++)
				if (same_host(&cell->memory[i], &others[n]->memory[j]))
					broken = judge_common(cell, i, others[n], j);
		if (!broken)
			broken = judge_ends(cell, others[n]);
		if (!broken && !others[n]->root)
			broken = judge_spis(cell, others[n], machine);
	}
	return broken;
}
