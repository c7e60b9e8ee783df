/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the entry code (fast_slots.h, fast_entry.S) repeats without asking: written down here after C has done it, and
 * forgotten here. Not part of a build without CONFIG_FAST_PATH. docs/fast-path.md
 *
 * A record is written by its CPU alone. Others make it none by a store of 0 to its syndrome: then, as they have changed what it
 * depends on before that, and the CPU looks at that once more after it has written the record, either sees the other.
 */
#include "cell.h"
#include "ivshmem.h"
#include "trace.h"
#include "virq.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "gic.h"
#include "trap.h"

/* By register of the store: code that compares it with the value; and what an empty record has instead (fast_entry.S) */
extern const char doorbell_values[], other_abort[];
#define FRAME_REGISTERS	6u	/* x0 to x5 are in the frame: the code for those is longer */
#define LOAD_SIZE	8UL		/* code that sets the register of a load */

#define MAX_LOOKS	16	/* at a CPU that rings all the time: each fails if it is in the middle of one */

/* Apart for the bounds of locks (hypervisor/loop_bounds.txt): the CPU is somewhere in the instructions of fast_slots.h behind ring. */
static APART void wait_for_ring(const struct percpu *cpu, const volatile uint64_t *done, uint64_t started)
{
	while ((int64_t)(__atomic_load_n(done, __ATOMIC_ACQUIRE) - started) < 0 && !cpu->dead)
		arch_relax();
}

/* Rings of one record that are over, but in no counter. One that is begun may be taken back, which changes both: look once more. */
static uint64_t uncounted(const struct percpu *cpu, const struct fast_doorbell *record)
{
	uint64_t done, counted;

	for (uint32_t looks = 0; looks < MAX_LOOKS; looks++) {
		done = __atomic_load_n(&record->done, __ATOMIC_ACQUIRE);
		counted = __atomic_load_n(&record->counted, __ATOMIC_ACQUIRE);
		if (record->started == done)
			break;
		wait_for_ring(cpu, &record->done, record->started);
	}
	return done > counted ? done - counted : 0;
}

/* [calling CPU, or one that is suspended] So none of them is begun; of a CPU that is dead, one may be taken back for ever. */
static void count_doorbells(struct percpu *cpu, uint32_t n)
{
	struct fast_doorbell *record = &cpu->fast.doorbells[n];
	uint64_t rung = record->done - record->counted;

	if (record->done <= record->counted)
		return;
	cpu->fast.adding++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpu->exits[CPU_EXIT_IVSHMEM] += rung;
	__atomic_fetch_add(cpu->fast.counters[n].sent, rung, __ATOMIC_RELAXED);
	__atomic_fetch_add(cpu->fast.counters[n].delivered, rung, __ATOMIC_RELAXED);
	record->counted += rung;
	__atomic_store_n(&cpu->fast.added, cpu->fast.adding, __ATOMIC_RELEASE);
}

/* All of both numbers, which are equal if nobody adds between two looks, first at the one and then at the other */
static uint32_t times_added(const struct cpu_set *cpus, bool begun)
{
	uint32_t sum = 0;

	for_each_cpu(id, cpus) {
		const struct percpu *cpu = percpu_beside(this_cpu(), id);

		sum += __atomic_load_n(begun ? &cpu->fast.adding : &cpu->fast.added, __ATOMIC_ACQUIRE);
	}
	return sum;
}

/* Every step-th of counters, count of them; or all that there are */
struct counter_set {
	const uint64_t *counters;
	uint32_t count, step;
};

static bool is_in(const uint64_t *counter, const struct counter_set *set)
{
	uint64_t distance = ((uintptr_t)counter - (uintptr_t)set->counters) / sizeof(*counter);

	return distance < (uint64_t)set->count * set->step && distance % set->step == 0;
}

static uint64_t uncounted_of(const struct percpu *cpu, const struct counter_set *set)
{
	uint64_t sum = 0;

	for (uint32_t n = 0; n < FAST_DOORBELLS; n++) {
		uint64_t rung = uncounted(cpu, &cpu->fast.doorbells[n]);

		if (rung && (!set || is_in(cpu->fast.counters[n].sent, set) || is_in(cpu->fast.counters[n].delivered, set)))
			sum += rung;
	}
	return sum;
}

uint64_t arch_exits(const struct percpu *cpu, uint32_t cause)
{
	uint64_t sum = 0;
	uint32_t added;

	for (uint32_t looks = 0; looks < MAX_LOOKS; looks++) {
		added = __atomic_load_n(&cpu->fast.added, __ATOMIC_ACQUIRE);
		sum = cpu->exits[cause] + (cause == CPU_EXIT_IVSHMEM ? uncounted_of(cpu, NULL) : 0);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (cpu->fast.adding == added)
			break;
	}
	return sum;
}

/* A CPU that joins meanwhile had rung nothing when this began. */
uint64_t arch_virq_count(const struct cpu_set *cpus, const uint64_t *counters, uint32_t count, uint32_t step)
{
	const struct counter_set set = { counters, count, step };
	uint64_t sum = 0;
	uint32_t added;

	for (uint32_t looks = 0; looks < MAX_LOOKS; looks++) {
		added = times_added(cpus, false);
		sum = 0;
		for (uint32_t n = 0; n < count; n++)
			sum += __atomic_load_n(&counters[n * step], __ATOMIC_RELAXED);
		for_each_cpu(id, cpus)
			sum += uncounted_of(percpu_beside(this_cpu(), id), &set);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (times_added(cpus, true) == added)
			break;
	}
	return sum;
}

static inline void forget_register(struct percpu *cpu, uint32_t n)
{
	cpu->fast.registers[n].syndrome = 0;
	cpu->fast.interrupts[n].used = 0;	/* hints of pages */
}

/* Without loops, as this is done for all CPUs of a cell */
static APART void forget_accesses(struct percpu *cpu)
{
	_Static_assert(FAST_DOORBELLS == 4 && FAST_REGISTERS == 8, "all of them");
	cpu->fast.doorbells[0].syndrome = 0;
	cpu->fast.doorbells[1].syndrome = 0;
	cpu->fast.doorbells[2].syndrome = 0;
	cpu->fast.doorbells[3].syndrome = 0;
	forget_register(cpu, 0);
	forget_register(cpu, 1);
	forget_register(cpu, 2);
	forget_register(cpu, 3);
	forget_register(cpu, 4);
	forget_register(cpu, 5);
	forget_register(cpu, 6);
	forget_register(cpu, 7);
}

/* CPUs of a word of a set, from the last one on, in few instructions: others wait for what is done with them. */
static inline struct percpu *last_of(struct percpu *at_63, uint64_t cpus)
{
	return (struct percpu *)((uintptr_t)at_63 - (uint32_t)__builtin_clzl(cpus) * sizeof(struct percpu_area));
}

static inline uint64_t without_last(uint64_t cpus, uint64_t bit_63)
{
	return cpus & ~(bit_63 >> __builtin_clzl(cpus));
}

COLD void arch_forget_accesses(const struct cell *cell)
{
	dsb(ish);
	for (uint32_t word = 0; word < CPU_SET_WORDS; word++) {
		struct percpu *at_63 = percpu_beside(this_cpu(), 64 * word + 63);

		for (uint64_t cpus = cell->cpus.bits[word]; cpus; cpus = without_last(cpus, 1UL << 63))
			forget_accesses(last_of(at_63, cpus));
	}
}

COLD void arch_forget_fast_paths(struct percpu *cpu)
{
	forget_accesses(cpu);
	for (uint32_t n = 0; n < FAST_INTERRUPTS; n++)
		cpu->fast.interrupts[n].list_reg = FAST_EMPTY;
}

COLD void arch_forget_all(struct percpu *cpu)
{
	arch_forget_fast_paths(cpu);
	for (uint32_t n = 0; n < FAST_DOORBELLS; n++) {
		/* the entry code goes there before it looks at what it has compared */
		cpu->fast.doorbells[n].compare = other_abort;
		count_doorbells(cpu, n);
		cpu->fast.counters[n].sent = cpu->fast.counters[n].delivered = NULL;
		cpu->fast.doorbells[n].store = NULL;
	}
	cpu->fast.page = FAST_EMPTY;
}

/* Is none begun? If one begins or ends meanwhile, this may say no. */
static inline bool is_quiet(const struct percpu *cpu)
{
	const struct fast_doorbell *record = cpu->fast.doorbells;
	uint64_t started[] = { record[0].started, record[1].started, record[2].started, record[3].started };
	uint64_t done[] = { record[0].done, record[1].done, record[2].done, record[3].done };

	_Static_assert(FAST_DOORBELLS == ARRAY_SIZE(done), "all of them");
	return ((started[0] == done[0]) & (started[1] == done[1])) && ((started[2] == done[2]) & (started[3] == done[3]));
}

/* Of all of a CPU, one at most is being used, and over soon, whoever is rung by it; the last one, if none is any more. */
static APART void wait_for_rings_of(const struct percpu *cpu)
{
	const struct fast_doorbell *record = cpu->fast.doorbells;

	while (record->started == record->done && record != &cpu->fast.doorbells[FAST_DOORBELLS - 1])
		record++;
	wait_for_ring(cpu, &record->done, record->started);
}

/* At least one */
static APART void wait_for_cpus(struct percpu *at_63, uint64_t cpus)
{
	uint64_t bit_63 = 1UL << 63;

	__asm__("" : "+r"(bit_63));	/* not made anew for each CPU */
	do {
		if (!is_quiet(last_of(at_63, cpus)))
			wait_for_rings_of(last_of(at_63, cpus));
		cpus = without_last(cpus, bit_63);
	} while (cpus);
}

/*
 * Until no CPU is between the look at a store of this receiver and the end of the ring. What a CPU counts before its look
 * (fast_slots.h: ring) is seen here, or it sees what was stored before this was called; and so is that it is a ringer. Tellers before
 * this one are done.
 */
static APART void wait_for_rings(const struct virq_ringers *ringers)
{
	const struct percpu *teller;

	dsb(ish);
	teller = ringers->teller ? ringers->teller->cpu : NULL;
	if (teller)
		wait_for_ring(teller, &teller->fast.by_c.done, teller->fast.by_c.started);
	for (uint32_t word = 0; word < CPU_SET_WORDS; word++)
		if (ringers->cpus.bits[word])
			wait_for_cpus(percpu_beside(this_cpu(), 64 * word + 63), ringers->cpus.bits[word]);
	/* those that were over had raised their interrupts */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

void arch_virq_tell(struct virq_teller *teller)
{
	teller->cpu = this_cpu();
}

bool arch_virq_ring(struct virq_store *store, uint64_t *counter)
{
	struct virq_ring *ring = &this_cpu()->fast.by_c;
	uint64_t started = ring->started + 1, address;

	/* fast_slots.h: ring. What the guest has written is observable since the lock was taken: here is nothing else to wait for. */
	ring->started = started;
	dsb(ish);
	address = store->address;
	if (address) {
		*(volatile uint32_t *)address = (uint32_t)store->value;
		__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&ring->done, started, __ATOMIC_RELEASE);
	return address;
}

static uint64_t address_of(const struct virq_route *route)
{
	return route->intid ? (uint64_t)gic.gicd + GICD_ISPENDR + route->intid / 32 * 4 : 0;
}

static uint64_t value_of(const struct virq_route *route)
{
	return 1UL << (route->intid % 32);
}

static bool is_published(const struct virq_store *store, const struct virq_route *route)
{
	return store->address == address_of(route) && (!store->address || store->value == value_of(route));
}

/*
 * The entry code reads address and value by two loads: so the value changes only while there is no address, and no CPU is left
 * that has seen it before but the address after that.
 */
void arch_virq_publish(const struct virq_ringers *ringers, struct virq_store *stores, const struct virq_route *routes,
		       uint32_t count)
{
	bool wait = false;
	uint32_t n;

	for (n = 0; n < count && is_published(&stores[n], &routes[n]); n++)
		;
	if (n == count)
		return;
	for (n = 0; n < count; n++) {
		if (!stores[n].address || is_published(&stores[n], &routes[n]))
			continue;
		stores[n].address = 0;
		wait = true;
	}
	if (wait)
		wait_for_rings(ringers);
	for (wait = false, n = 0; n < count; n++) {
		if (!routes[n].intid || stores[n].value == value_of(&routes[n]))
			continue;
		stores[n].value = value_of(&routes[n]);
		wait = true;
	}
	if (wait)
		wait_for_rings(ringers);
	for (n = 0; n < count; n++)
		__atomic_store_n(&stores[n].address, address_of(&routes[n]), __ATOMIC_RELEASE);
}

static bool is_recorded(const struct percpu *cpu, uint64_t syndrome, uint64_t where, uint64_t value)
{
	for (uint32_t n = 0; n < FAST_DOORBELLS; n++) {
		const struct fast_doorbell *record = &cpu->fast.doorbells[n];

		if (record->syndrome == syndrome && record->where == where && record->value == value)
			return true;
	}
	return false;
}

#define SEEN_DONE	0x3fu	/* above: three looks at most */

static uint8_t seen_now(const struct fast_doorbell *record)
{
	return (uint8_t)((record->done & SEEN_DONE) | ~SEEN_DONE);
}

/*
 * A record that was rung since the last look stays, and for some looks more: who rings up to four times as many places in turn as there
 * are records keeps some of them, where all would go before they are rung again.
 */
static bool stays(uint8_t *seen, const struct fast_doorbell *record)
{
	if ((*seen ^ record->done) & SEEN_DONE)
		*seen = seen_now(record);
	else if (*seen <= SEEN_DONE)
		return false;
	else
		*seen -= SEEN_DONE + 1;
	return true;
}

static volatile uint64_t *remember_doorbell(struct percpu *cpu, uint64_t syndrome, uint64_t where, uint64_t value,
					    uint32_t endpoint, struct virq_store *store)
{
	uint32_t n = cpu->fast.next, rt = (uint32_t)access_register(syndrome);
	struct fast_doorbell *record = &cpu->fast.doorbells[n];

	/* it is there, but was not published for a moment; and the upper half of the register is not part of the access */
	if (value >> 32 || is_recorded(cpu, syndrome, where, value))
		return NULL;
	cpu->fast.next = (n + 1) % FAST_DOORBELLS;
	if (record->syndrome && stays(&cpu->fast.seen[n], record))
		return NULL;
	cpu->fast.seen[n] = seen_now(record);
	record->syndrome = 0;
	count_doorbells(cpu, n);
	if (!ivshmem_will_ring(endpoint, (uint32_t)value, cpu->cpu_id, &cpu->fast.counters[n].sent,
			       &cpu->fast.counters[n].delivered))
		return NULL;
	record->where = where;
	record->value = value;
	record->compare = doorbell_values + 12 * rt + 4 * MIN(rt, FRAME_REGISTERS);
	record->store = store;
	return &record->syndrome;
}

#define LOOKS		7u
#define LOOKS_SHIFT	24

/*
 * One of a register stays, too, if it was used since the last look, and for LOOKS more: unless two are for one page. So who uses
 * a few pages in turn keeps some of them, and who goes on to another one has it from the third access on.
 */
static bool register_stays(volatile uint32_t *used, uint32_t page)
{
	uint32_t before = *used, looks = before >> LOOKS_SHIFT;

	page &= (1u << LOOKS_SHIFT) - 1;
	if (looks > LOOKS)
		looks = LOOKS + 1;
	else if (!looks || (before & ((1u << LOOKS_SHIFT) - 1)) == page)
		return false;
	*used = (looks - 1) << LOOKS_SHIFT | page;
	return true;
}

static volatile uint64_t *remember_register(struct percpu *cpu, uint64_t where, bool is_write, const struct mmio_window *window,
					    uint64_t offset, const volatile uint32_t *word)
{
	uint32_t n = (uint32_t)(where >> 42 ^ where >> 5 ^ (is_write ? ~0UL : 0)) % FAST_REGISTERS;
	struct fast_register *record = &cpu->fast.registers[n];
	volatile uint32_t *used = &cpu->fast.interrupts[FAST_INTERRUPTS - FAST_REGISTERS + n].used;

	if (record->syndrome && register_stays(used, (uint32_t)(where >> 4)))
		return NULL;
	record->syndrome = 0;
	*used = UINT32_MAX;
	record->where = where;
	if (is_write) {
		record->write = ivshmem_register_write(window->index, offset, &record->endpoint);
	} else {
		record->word = word;
		record->counter = &cpu->exits[window->device->cause];
	}
	return &record->syndrome;
}

COLD void fast_remember(const struct trap_frame *frame, uint64_t esr, const struct mmio_window *window, uint64_t offset,
			union mmio_again again)
{
	struct percpu *cpu = this_cpu();
	uint64_t address = fault_address(), rt = access_register(esr);
	uint64_t where = (address & PAGE_MASK) >> 8 | (address & (PAGE_SIZE - 1)) << 40;
	bool is_write = esr & ISS_WNR;
	volatile uint64_t *syndrome;

	/* the entry code goes on four bytes later, and sets the register as it is */
	if ((esr & (ISS_SAS | ISS_SSE | ESR_IL)) != (ISS_SAS_4 | ESR_IL))
		return;
	if (is_write && again.store != &mmio_direct)
		syndrome = remember_doorbell(cpu, esr, where, guest_reg(frame, rt), window->index, again.store);
	else if (is_write && rt == 31)
		return;
	else
		syndrome = remember_register(cpu, where, is_write, window, offset, again.word);
	if (!syndrome)
		return;
	*syndrome = is_write ? esr : (uint32_t)esr | rt * LOAD_SIZE << 32;
	dsb(ish);
	/* changed meanwhile, by another CPU: arch_forget_accesses() and arch_forget_fast_paths() may have come before */
	if (trace_takes_all(cpu) || __atomic_load_n(&window->base, __ATOMIC_RELAXED) != address - offset)
		*syndrome = 0;
}
