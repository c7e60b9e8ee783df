/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the entry code repeats: what is written down for it, when it is forgotten, and what a receiver waits for that publishes
 * something else. Other CPUs act in barriers and in turns of wait loops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "bulkhead/trace.h"
#include "asm/sysreg.h"
#undef dsb
#define dsb(scope)	on_barrier()
static void on_barrier(void);
#define __atomic_fetch_add(counter, more, order)	(on_count(), __atomic_fetch_add(counter, more, order))
static void on_count(void);
#include "../../hypervisor/arch/arm64/fast_path.c"

#define CPUS		3u
#define PAGE		0x80001000ULL	/* guest-physical */
#define DOORBELL	0x0cULL
#define GICD		0x1000000ULL	/* never accessed */
#define ESR(write, rt)	(0x24ULL << 26 | ESR_IL | 1ULL << 24 | 2ULL << 22 | (uint64_t)(rt) << 16 | (uint64_t)(write) << 6 | 7)

uint64_t sysreg_hpfar_el2, sysreg_far_el2, sysreg_tpidr_el2;
struct virq_store mmio_direct;
struct gic gic;
uint32_t num_cpu_slots = CPUS + 1;
const char doorbell_values[32 * 16], other_abort[1];

static struct percpu_area areas[CONFIG_MAX_CPUS];
static struct virq_teller teller;
static struct virq_ringers ringers;
static struct cpu_set from;	/* CPUs that ring for this sender */
static struct cell cell;
static struct cfg_cell header;
static const struct mmio_device device = { .cause = CPU_EXIT_PCI_CONFIG };
static struct mmio_window window = { .base = PAGE, .size = PAGE_SIZE, .device = &device, .index = 5 };
static struct virq_store stores[3];
static uint64_t sent, delivered;
static struct trap_frame frame;
static bool has_counters;
static void (*barrier_hook)(void), (*relax_hook)(void), (*count_hook)(void);
static uint32_t turns;

static void land(uint32_t n)
{
	areas[n].cpu.fast.doorbells[n].done = areas[n].cpu.fast.doorbells[n].started;
}

static void on_barrier(void)
{
	if (barrier_hook)
		barrier_hook();
}

static void on_count(void)
{
	if (count_hook)
		count_hook();
}

void arch_relax(void)
{
	assert_true(++turns < 100);
	relax_hook();
}

struct percpu *percpu_of(uint32_t cpu)
{
	return cpu < CPUS ? &areas[cpu].cpu : NULL;
}

bool ivshmem_will_ring(uint32_t endpoint, uint32_t value, uint32_t cpu, uint64_t **out_sent, uint64_t **out_delivered)
{
	assert_int_equal(endpoint, window.index);
	assert_int_equal(value & 0xffff0000, 0x10000);
	*out_sent = &sent;
	*out_delivered = &delivered;
	if (has_counters) {
		cpu_set_join(&from, cpu);
		cpu_set_join(&ringers.cpus, cpu);
	}
	return has_counters;
}

static void write_register(struct ivshmem_endpoint *ep, uint32_t value)
{
	(void)ep;
	(void)value;
}

ivshmem_write_t ivshmem_register_write(uint32_t endpoint, uint64_t offset, struct ivshmem_endpoint **ep)
{
	assert_int_equal(endpoint, window.index);
	assert_in_range(offset, 0x8, 0x10);
	*ep = (struct ivshmem_endpoint *)&window;
	return write_register;
}

static int setup(void **state)
{
	(void)state;
	memset(areas, 0, sizeof(areas));
	teller.cpu = NULL;
	ringers = (struct virq_ringers){ .teller = &teller };
	from = (struct cpu_set){ 0 };
	sysreg_tpidr_el2 = (uintptr_t)&areas[0].cpu;
	memset(&cell, 0, sizeof(cell));
	memset(stores, 0, sizeof(stores));
	cell.config.cell = &header;
	gic.gicd = (volatile uint8_t *)(uintptr_t)GICD;
	for (uint32_t n = 0; n < CONFIG_MAX_CPUS; n++) {
		areas[n].cpu.cell = &cell;
		areas[n].cpu.cpu_id = n;
	}
	cpu_set_assign(&cell.cpus, 0, true);
	cpu_set_assign(&cell.cpus, 2, true);
	window.base = PAGE;
	sent = delivered = 0;
	has_counters = true;
	barrier_hook = relax_hook = count_hook = NULL;
	turns = 0;
	return 0;
}

static const struct fast_doorbell *doorbell(uint32_t n)
{
	return &areas[0].cpu.fast.doorbells[n];
}

/* CPU 0 has had this done by C, by register 3. */
static void access_done(uint64_t esr, uint64_t offset, uint64_t reg, uint8_t size, const void *again)
{
	const union mmio_again how = { .word = again };

	frame.x[3] = reg;
	sysreg_far_el2 = 0xffff800000005000 | offset;
	sysreg_hpfar_el2 = PAGE >> 8;
	sysreg_tpidr_el2 = (uintptr_t)&areas[0].cpu;
	fast_remember(&frame, (esr & ~ISS_SAS) | (uint64_t)(__builtin_ctz(size)) << 22, &window, offset, how);
}

static void ring_done(uint32_t vector)
{
	access_done(ESR(1, 3), DOORBELL, 0x10000 | vector, 4, &stores[vector % 3]);
}

static void what_is_written_down(void **state)
{
	static const uint32_t word;
	const struct fast_register *reg = &areas[0].cpu.fast.registers[4];

	(void)state;
	ring_done(1);
	assert_int_equal(doorbell(0)->syndrome, ESR(1, 3));
	assert_int_equal(doorbell(0)->where, PAGE >> 8 | DOORBELL << 40);
	assert_int_equal(doorbell(0)->value, 0x10001);
	assert_ptr_equal(doorbell(0)->store, &stores[1]);
	assert_ptr_equal(doorbell(0)->compare, doorbell_values + 3 * 16);
	access_done(ESR(0, 3), 0x10, 0, 4, &word);
	assert_int_equal(reg->syndrome, ESR(0, 3) | 3ULL * 8 << 32);
	assert_int_equal(reg->where, PAGE >> 8 | 0x10ULL << 40);
	assert_ptr_equal(reg->word, &word);
	assert_ptr_equal(reg->counter, &areas[0].cpu.exits[CPU_EXIT_PCI_CONFIG]);
	/* written: opposite to where it is read, whatever the value is */
	access_done(ESR(1, 3), 0x10, 0x500000001, 4, &mmio_direct);
	assert_int_equal(reg->syndrome, ESR(0, 3) | 3ULL * 8 << 32);
	assert_int_equal(reg[-1].syndrome, ESR(1, 3));
	assert_int_equal(reg[-1].where, PAGE >> 8 | 0x10ULL << 40);
	assert_ptr_equal(reg[-1].write, write_register);
	assert_ptr_equal(reg[-1].endpoint, &window);
	access_done(ESR(1, 30), 0x8, 0, 4, &mmio_direct);
	assert_int_equal(reg[1].syndrome, ESR(1, 30));
	/* once is enough, but for another register, or another value */
	ring_done(1);
	assert_int_equal(doorbell(1)->syndrome, 0);
	frame.x[2] = 0x10001;
	access_done(ESR(1, 2), DOORBELL, 0x10001, 4, &stores[1]);
	assert_int_equal(doorbell(1)->syndrome, ESR(1, 2));
	/* by register: six have longer code */
	frame.x[5] = frame.x[6] = 0x10001;
	access_done(ESR(1, 5), DOORBELL, 0x10001, 4, &stores[1]);
	assert_ptr_equal(doorbell(2)->compare, doorbell_values + 5 * 16);
	access_done(ESR(1, 6), DOORBELL, 0x10001, 4, &stores[1]);
	assert_ptr_equal(doorbell(3)->compare, doorbell_values + 6 * 16);
	arch_forget_accesses(&cell);
	frame.x[30] = 0x10001;
	access_done(ESR(1, 30), DOORBELL, 0x10001, 4, &stores[1]);
	assert_ptr_equal(doorbell(0)->compare, doorbell_values + 6 * 16 + 24 * 12);
}

static struct fast_register *registers_of_cpu(void)
{
	return areas[0].cpu.fast.registers;
}

/* As the entry code says it */
static void is_used(uint32_t n)
{
	areas[0].cpu.fast.interrupts[FAST_INTERRUPTS - FAST_REGISTERS + n].used = (uint32_t)ESR(0, 3);
}

/* The ID register of the n-th page of those that have it in place 0 */
static void read_of(uint32_t n)
{
	static const uint32_t word;

	sysreg_far_el2 = 0;
	window.base = PAGE + 16 * PAGE_SIZE * n;
	sysreg_hpfar_el2 = window.base >> 8;
	sysreg_tpidr_el2 = (uintptr_t)&areas[0].cpu;
	fast_remember(&frame, ESR(0, 3), &window, 0, (union mmio_again){ .word = &word });
}

static bool is_of(uint32_t n)
{
	return registers_of_cpu()[0].syndrome && registers_of_cpu()[0].where == (PAGE + 16 * PAGE_SIZE * n) >> 8;
}

/* A register that was used since the last look, or is new, stays for eight looks for several pages, and for one for one page. */
static void registers_in_turn(void **state)
{
	(void)state;
	read_of(0);
	assert_true(is_of(0));
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t n = 1; n < 9; n++)
			read_of(n);
		assert_true(is_of(0));
		is_used(0);
	}
	for (uint32_t n = 1; n < 9; n++)
		read_of(n);
	assert_true(is_of(0));
	read_of(1);
	assert_true(is_of(1));
	/* one page alone has it from the second time on, but not between uses of the other */
	read_of(2);
	assert_true(is_of(1));
	is_used(0);
	read_of(2);
	assert_true(is_of(1));
	read_of(2);
	assert_true(is_of(2));
	/* an empty place is taken at once */
	arch_forget_accesses(&cell);
	read_of(3);
	assert_true(is_of(3));
	/* other places are not touched */
	for (uint32_t n = 1; n < FAST_REGISTERS; n++)
		assert_int_equal(registers_of_cpu()[n].syndrome, 0);
}

/* Registers of a page, read and written, have places of their own, in each page. */
static void places_of_a_page(void **state)
{
	static const uint32_t word;

	(void)state;
	for (uint32_t page = 0; page < 16; page++) {
		memset(registers_of_cpu(), 0, sizeof(areas[0].cpu.fast.registers));
		sysreg_hpfar_el2 = (PAGE + page * PAGE_SIZE) >> 8;
		sysreg_tpidr_el2 = (uintptr_t)&areas[0].cpu;
		window.base = PAGE + page * PAGE_SIZE;
		for (uint32_t offset = 0; offset <= 0x10; offset += 4) {
			sysreg_far_el2 = offset;
			if (offset != DOORBELL)
				fast_remember(&frame, ESR(0, 3), &window, offset, (union mmio_again){ .word = &word });
			if (offset == 0x8 || offset == 0x10)
				fast_remember(&frame, ESR(1, 3), &window, offset, (union mmio_again){ .store = &mmio_direct });
		}
		uint32_t known = 0;

		for (uint32_t n = 0; n < FAST_REGISTERS; n++)
			known += registers_of_cpu()[n].syndrome != 0;
		assert_int_equal(known, 6);
	}
}

static void what_is_not(void **state)
{
	static const uint32_t word;

	(void)state;
	access_done(ESR(1, 3), DOORBELL, 0x10000, 2, &stores[0]);
	access_done(ESR(1, 3) & ~ESR_IL, DOORBELL, 0x10000, 4, &stores[0]);	/* two bytes long: Thumb */
	access_done(ESR(1, 3) | ISS_SSE, DOORBELL, 0x10000, 4, &stores[0]);
	access_done(ESR(1, 3), DOORBELL, 0x100010000, 4, &stores[0]);		/* the upper half is not stored */
	access_done(ESR(1, 3), 0x10, 0, 2, &mmio_direct);
	access_done(ESR(1, 3) & ~ESR_IL, 0x10, 0, 4, &mmio_direct);
	access_done(ESR(1, 31), 0x10, 0, 4, &mmio_direct);			/* is not in the frame */
	has_counters = false;
	ring_done(0);
	access_done(ESR(0, 3), 0, 0, 8, &word);
	access_done(ESR(0, 3) & ~ESR_IL, 0, 0, 4, &word);
	access_done(ESR(0, 3) | ISS_SSE, 0, 0, 4, &word);
	for (uint32_t n = 0; n < FAST_DOORBELLS; n++)
		assert_int_equal(doorbell(n)->syndrome, 0);
	for (uint32_t n = 0; n < FAST_REGISTERS; n++)
		assert_int_equal(areas[0].cpu.fast.registers[n].syndrome, 0);
}

/* Of one kind of counter, those of all vectors: what is not added yet is looked for once. */
static void columns_are_summed(void **state)
{
	static uint64_t table[3][4];

	(void)state;
	memset(table, 0, sizeof(table));
	cpu_set_join(&from, 0);
	for (uint32_t n = 0; n < 4; n++) {
		areas[0].cpu.fast.doorbells[n].done = areas[0].cpu.fast.doorbells[n].started = n + 1;
		areas[0].cpu.fast.counters[n].sent = &table[n % 3][1];
		areas[0].cpu.fast.counters[n].delivered = &table[2][2];
	}
	table[0][1] = 10;
	table[1][1] = 20;
	table[1][2] = 1000;
	assert_int_equal(arch_virq_count(&from, &table[0][1], 3, 4), 30 + 1 + 2 + 3 + 4);
	assert_int_equal(arch_virq_count(&from, &table[0][1], 2, 4), 30 + 1 + 2 + 4);
	assert_int_equal(arch_virq_count(&from, &table[2][1], 1, 4), 3);
	assert_int_equal(arch_virq_count(&from, &table[0][2], 3, 4), 1000 + 10);
	assert_int_equal(arch_virq_count(&from, &table[0][0], 3, 4), 0);
}

static void one_that_is_not_rung_goes_and_is_counted(void **state)
{
	(void)state;
	for (uint32_t vector = 0; vector < FAST_DOORBELLS; vector++)
		ring_done(vector);
	areas[0].cpu.fast.doorbells[0].done = areas[0].cpu.fast.doorbells[0].started = 7;
	areas[0].cpu.fast.doorbells[1].done = areas[0].cpu.fast.doorbells[1].started = 5;
	areas[0].cpu.fast.doorbells[1].counted = 2;			/* two of them were taken back */
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_IVSHMEM), 10);
	assert_int_equal(arch_virq_count(&from, &sent, 1, 1), 10);
	assert_int_equal(arch_virq_count(&ringers.cpus, &delivered, 1, 1), 10);
	/* each is looked at three times before it goes, and the first two have been rung since the first look */
	for (uint32_t look = 0; look < 3 * FAST_DOORBELLS; look++)
		ring_done(9);
	for (uint32_t n = 0; n < FAST_DOORBELLS; n++)
		assert_int_equal(doorbell(n)->value, 0x10000 + n);
	ring_done(9);
	ring_done(9);
	assert_int_equal(doorbell(0)->value, 0x10000);
	assert_int_equal(doorbell(1)->value, 0x10001);
	ring_done(9);
	assert_int_equal(doorbell(2)->value, 0x10009);
	ring_done(8);
	assert_int_equal(doorbell(3)->value, 0x10008);
	assert_int_equal(sent, 0);
	/* the new ones have three looks of their own */
	ring_done(7);
	assert_int_equal(doorbell(0)->value, 0x10007);
	assert_int_equal(sent, 7);
	assert_int_equal(delivered, 7);
	assert_int_equal(areas[0].cpu.exits[CPU_EXIT_IVSHMEM], 7);
	assert_int_equal(arch_virq_count(&from, &sent, 1, 1), 10);
	/* started and done go on: who waits compares them with what he has seen */
	assert_int_equal(doorbell(0)->done, 7);
	arch_forget_all(&areas[0].cpu);
	assert_int_equal(sent, 10);
	assert_int_equal(areas[0].cpu.exits[CPU_EXIT_IVSHMEM], 10);
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_IVSHMEM), 10);
	/* one that is being taken back is not less than nothing */
	areas[0].cpu.fast.doorbells[1].counted++;
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_IVSHMEM), 10);
}

static void is_taken_back(void)
{
	land(0);
}

/* Who adds up waits for the end of a ring: one that is taken back is in one of the two numbers only. */
static void one_that_is_taken_back(void **state)
{
	struct fast_doorbell *record = &areas[0].cpu.fast.doorbells[0];

	(void)state;
	ring_done(0);
	record->done = 10;
	record->counted = 5 + 1;
	record->started = 11;
	relax_hook = is_taken_back;
	assert_int_equal(arch_virq_count(&ringers.cpus, &delivered, 1, 1), 5);
	assert_int_equal(turns, 1);
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_IVSHMEM), 5);
	/* of a CPU that is dead, not for ever */
	record->started++;
	areas[0].cpu.dead = 1;
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_IVSHMEM), 5);
	assert_int_equal(turns, 1);
}

static void is_added(void)
{
	land(0);
	count_doorbells(&areas[0].cpu, 0);
}

/* Between the look at the counter and that at the record: what is there neither before nor behind is not lost. */
static void one_that_is_added(void **state)
{
	struct fast_doorbell *record = &areas[0].cpu.fast.doorbells[0];

	(void)state;
	ring_done(0);
	record->done = 10;
	record->counted = 5;
	record->started = 11;
	relax_hook = is_added;
	assert_int_equal(arch_virq_count(&from, &sent, 1, 1), 6);
	record->started++;
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_IVSHMEM), 7);
	assert_int_equal(sent, 7);
	/* somebody else's causes are as they are */
	areas[0].cpu.exits[CPU_EXIT_GICD] = 3;
	assert_int_equal(arch_exits(&areas[0].cpu, CPU_EXIT_GICD), 3);
}

/* Who forgets; all that could be used is none, but what the entry code goes to without looking is there. */
static bool knows(const struct percpu *cpu)
{
	uint64_t any = 0;

	for (uint32_t n = 0; n < FAST_DOORBELLS; n++)
		any |= cpu->fast.doorbells[n].syndrome;
	for (uint32_t n = 0; n < FAST_REGISTERS; n++)
		any |= cpu->fast.registers[n].syndrome | cpu->fast.interrupts[n].used;
	return any;
}

static void fill(struct percpu *cpu)
{
	for (uint32_t n = 0; n < FAST_DOORBELLS; n++)
		cpu->fast.doorbells[n].syndrome = 1;
	for (uint32_t n = 0; n < FAST_REGISTERS; n++) {
		cpu->fast.registers[n].syndrome = 1;
		for (uint32_t hint = 0; hint < FAST_HINTS; hint++)
			cpu->fast.interrupts[n].hints[hint] = 1;
	}
}

static void forgetting(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < CPUS; n++)
		fill(&areas[n].cpu);
	arch_forget_accesses(&cell);
	assert_false(knows(&areas[0].cpu) || knows(&areas[2].cpu));
	assert_true(knows(&areas[1].cpu));
	arch_forget_fast_paths(&areas[1].cpu);
	assert_false(knows(&areas[1].cpu));
	assert_int_equal(areas[1].cpu.fast.interrupts[15].list_reg, FAST_EMPTY);
	fill(&areas[1].cpu);
	arch_forget_all(&areas[1].cpu);
	assert_false(knows(&areas[1].cpu));
	assert_int_equal(areas[1].cpu.fast.page, FAST_EMPTY);
	for (uint32_t n = 0; n < FAST_DOORBELLS; n++)
		assert_ptr_equal(areas[1].cpu.fast.doorbells[n].compare, other_abort);
}

static void window_moves(void)
{
	barrier_hook = NULL;
	window.base = PAGE + PAGE_SIZE;
}

static void all_is_traced(void)
{
	areas[0].cpu.trace_mode = BH_TRACE_ALL;
	barrier_hook = NULL;
}

static void changes_while_it_is_written_down(void **state)
{
	static const uint32_t word;

	(void)state;
	barrier_hook = window_moves;
	ring_done(0);
	assert_false(knows(&areas[0].cpu));
	window.base = PAGE;
	barrier_hook = window_moves;
	access_done(ESR(0, 3), 0, 0, 4, &word);
	assert_false(knows(&areas[0].cpu));
	window.base = PAGE;
	barrier_hook = all_is_traced;
	ring_done(0);
	assert_false(knows(&areas[0].cpu));
}

static void publish(uint32_t first, uint32_t second)
{
	const struct virq_route routes[3] = { { .intid = first }, { .intid = second } };

	arch_virq_publish(&ringers, stores, routes, 3);
}

static void publications(void **state)
{
	(void)state;
	publish(40, 64);
	assert_int_equal(stores[0].address, GICD + GICD_ISPENDR + 4);
	assert_int_equal(stores[0].value, 1 << 8);
	assert_int_equal(stores[1].address, GICD + GICD_ISPENDR + 8);
	assert_int_equal(stores[1].value, 1);
	assert_int_equal(stores[2].address, 0);
	publish(0, 64);
	assert_int_equal(stores[0].address, 0);
	assert_int_equal(stores[1].address, GICD + GICD_ISPENDR + 8);
	publish(1019, 0);
	assert_int_equal(stores[0].address, GICD + GICD_ISPENDR + 31 * 4);
	assert_int_equal(stores[0].value, 1 << 27);
	assert_int_equal(stores[1].address, 0);
}

/* A ring of CPU n by the store, which is over or not */
static void fly(uint32_t n, struct virq_store *store)
{
	struct fast_doorbell *record = &areas[n].cpu.fast.doorbells[n];

	cpu_set_join(&ringers.cpus, n);
	record->store = store;
	record->started = record->done + 1;
}

static void second_wait(void)
{
	/* nobody is left who could have the old value, and see the new address after it */
	assert_int_equal(stores[0].address, 0);
	assert_int_equal(stores[0].value, 1 << 9);
	land(1);
}

static void first_wait_of_the_last(void)
{
	assert_int_equal(stores[0].address, 0);
	assert_int_equal(stores[0].value, 1 << 8);
	land(1);
	/* has begun after that, and has seen that there is no address: but it may have the old value */
	fly(1, &stores[0]);
	relax_hook = second_wait;
}

static void first_wait(void)
{
	assert_int_equal(stores[0].address, 0);
	assert_int_equal(stores[0].value, 1 << 8);
	/* that was not the end */
	if (turns < 3)
		return;
	land(2);
	relax_hook = first_wait_of_the_last;
}

static void who_is_in_the_middle_is_waited_for(void **state)
{
	(void)state;
	publish(40, 64);
	fly(1, &stores[0]);
	fly(2, &stores[0]);
	relax_hook = first_wait;
	publish(41, 64);
	assert_ptr_equal(relax_hook, second_wait);
	assert_int_equal(turns, 5);
	assert_int_equal(stores[0].address, GICD + GICD_ISPENDR + 4);
	assert_int_equal(stores[0].value, 1 << 9);
}

static uint32_t waited_for;

static void one_is_over(void)
{
	assert_int_equal(stores[0].address, 0);
	areas[2].cpu.fast.doorbells[waited_for].done++;
}

/* Whichever record it is of */
static void each_record_is_waited_for(void **state)
{
	(void)state;
	cpu_set_join(&ringers.cpus, 2);
	relax_hook = one_is_over;
	for (waited_for = 0; waited_for < FAST_DOORBELLS; waited_for++) {
		publish(40, 64);
		areas[2].cpu.fast.doorbells[waited_for].started++;
		publish(0, 64);
		assert_int_equal(turns, waited_for + 1);
	}
}

static void next_is_over(void)
{
	uint32_t n = CONFIG_MAX_CPUS - 1;

	while (areas[n].cpu.fast.doorbells[0].started == areas[n].cpu.fast.doorbells[0].done)
		n--;
	areas[n].cpu.fast.doorbells[0].done++;
}

/* CPUs of all words of a set, with others between them: who is in it is waited for and forgets, and nobody else. */
static void sets_of_several_words(void **state)
{
	static const uint32_t cpus[] = { 0, 2, 31, 62, 63, 64, 127, 129, 158 };

	(void)state;
	_Static_assert(CPU_SET_WORDS == 3, "in the first, in the middle and in the last one");
	for (uint32_t n = 0; n < CONFIG_MAX_CPUS; n++)
		fill(&areas[n].cpu);
	for (uint32_t n = 0; n < ARRAY_SIZE(cpus); n++)
		cpu_set_assign(&cell.cpus, cpus[n], true);
	sysreg_tpidr_el2 = (uintptr_t)&areas[64].cpu;
	arch_forget_accesses(&cell);
	for (uint32_t n = 0; n < CONFIG_MAX_CPUS; n++)
		assert_int_equal(knows(&areas[n].cpu), !cpu_set_test(&cell.cpus, n));
	publish(40, 64);
	ringers.cpus = cell.cpus;
	for (uint32_t n = 0; n < ARRAY_SIZE(cpus); n++)
		areas[cpus[n]].cpu.fast.doorbells[0].started++;
	relax_hook = next_is_over;
	publish(0, 64);
	assert_int_equal(turns, ARRAY_SIZE(cpus));
	for (uint32_t n = 0; n < CONFIG_MAX_CPUS; n++) {
		areas[n].cpu.fast.doorbells[0].started += !cpu_set_test(&cell.cpus, n);
		assert_int_equal(areas[n].cpu.fast.doorbells[0].done, cpu_set_test(&cell.cpus, n));
	}
	publish(0, 0);
	assert_int_equal(turns, ARRAY_SIZE(cpus));
}

static uint32_t register_of_gic;

static void is_begun(void)
{
	assert_int_equal(areas[0].cpu.fast.by_c.started, areas[0].cpu.fast.by_c.done + 1);
	assert_int_equal(register_of_gic, 0);
}

/* Who takes back what is published waits until it is counted. */
static void is_raised(void)
{
	assert_int_equal(areas[0].cpu.fast.by_c.started, areas[0].cpu.fast.by_c.done + 1);
	assert_int_equal(register_of_gic, 0x100);
	count_hook = NULL;
}

/* C rings likewise, and whoever takes back what is published waits for that, too. */
static void c_rings(void **state)
{
	uint64_t counter = 0;

	(void)state;
	sysreg_tpidr_el2 = (uintptr_t)&areas[0].cpu;
	barrier_hook = is_begun;
	assert_false(arch_virq_ring(&stores[0], &counter));
	assert_int_equal(counter, 0);
	assert_int_equal(areas[0].cpu.fast.by_c.done, 1);
	assert_int_equal(register_of_gic, 0);
	stores[0].address = (uintptr_t)&register_of_gic;
	stores[0].value = 0x100;
	count_hook = is_raised;
	assert_true(arch_virq_ring(&stores[0], &counter));
	assert_int_equal(counter, 1);
	assert_null(count_hook);
	assert_int_equal(register_of_gic, 0x100);
	assert_int_equal(areas[0].cpu.fast.by_c.done, 2);
	assert_int_equal(areas[0].cpu.fast.by_c.started, 2);
}

static void c_is_over(void)
{
	assert_int_equal(stores[0].address, 0);
	areas[1].cpu.fast.by_c.done++;
}

static void c_is_waited_for(void **state)
{
	(void)state;
	publish(40, 64);
	sysreg_tpidr_el2 = (uintptr_t)&areas[1].cpu;
	arch_virq_tell(&teller);
	areas[1].cpu.fast.by_c.started = 7;
	areas[1].cpu.fast.by_c.done = 6;
	relax_hook = c_is_over;
	publish(0, 64);
	assert_int_equal(turns, 1);
}

static void off(void)
{
	assert_int_equal(stores[0].address, 0);
	assert_int_equal(stores[1].address, 0);
	land(2);
}

static void other_is_over(void)
{
	assert_int_equal(stores[0].address, 0);
	land(1);
}

static void nobody_else_is_waited_for(void **state)
{
	static struct virq_store of_others;

	(void)state;
	publish(40, 64);
	/* nothing new */
	fly(1, &stores[0]);
	publish(40, 64);
	assert_int_equal(turns, 0);
	/* of another receiver, by one that rings here, too: to find that out would take longer than it does */
	fly(1, &of_others);
	relax_hook = other_is_over;
	publish(0, 64);
	assert_int_equal(turns, 1);
	/* of a CPU that is no ringer here, and by C of one that is not the teller */
	ringers.cpus = (struct cpu_set){ 0 };
	areas[1].cpu.fast.doorbells[1].started++;
	areas[2].cpu.fast.by_c.started++;
	publish(40, 0);
	publish(0, 0);
	assert_int_equal(turns, 1);
	publish(0, 64);
	/* of a CPU that is dead */
	areas[1].cpu.dead = 1;
	fly(1, &stores[1]);
	fly(2, &stores[1]);
	relax_hook = off;
	publish(0, 0);
	assert_int_equal(turns, 2);
}

#define TEST(name)	cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_down), TEST(registers_in_turn), TEST(places_of_a_page), TEST(what_is_not),
		TEST(columns_are_summed), TEST(one_that_is_not_rung_goes_and_is_counted),
		TEST(one_that_is_taken_back), TEST(one_that_is_added),
		TEST(forgetting),
		TEST(changes_while_it_is_written_down), TEST(publications), TEST(who_is_in_the_middle_is_waited_for),
		TEST(nobody_else_is_waited_for), TEST(each_record_is_waited_for), TEST(sets_of_several_words),
		TEST(c_rings), TEST(c_is_waited_for),
	};

	return cmocka_run_group_tests_name("fast_path", tests, NULL, NULL);
}
