/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The soak test, from the root cell: in each round cells are created, started, stopped and destroyed at random, and
 * made to go wrong, while all peers exchange doorbells and State changes. Then everybody holds still, and root_check.c
 * looks.
 *
 * What is done in a round follows from seed and round, and from what there is at its beginning.
 * Parameters: seed=N, rounds=N.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <irq.h>

#include "root.h"

#define EPERM	1
#define ENOMEM	12

#define SHORT_DELAY	2000u	/* turns of a loop: at most some ten microseconds */

static uint64_t ticks_per_tick;

static void wait_shortly(uint32_t turns)
{
	for (volatile uint32_t n = 0; n < turns; n++)
		;
}

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER) {
		timer_start(ticks_per_tick);
		soak_tick(&soak_root_end);
	} else if (intid == soak_root_end.dev.intid) {
		soak_interrupted(&soak_root_end);
	} else {
		soak_fail("interrupt %d came, which nobody asked for", intid, 0, 0);
	}
}

static void pause(uint32_t ticks)
{
	uint64_t since = timer_ticks();

	while (timer_ticks() - since < ticks * ticks_per_tick)
		irq_sleep();
}

/* --- orders */

static bool is_up(uint32_t cell)
{
	look_whether_silent(cell);
	return soak_cells[cell].life != LIFE_RUNNING || shmem_states(&soak_root_end.dev)[soak_id(cell)];
}

/* false if it has been stopped meanwhile */
static bool wait_until_up(uint32_t cell)
{
	SOAK_WAIT(is_up(cell), "cell %d does not come up", cell, 0);
	return soak_cells[cell].life == LIFE_RUNNING;
}

static void give_order(uint32_t cell, enum soak_what what, uint32_t argument)
{
	volatile struct soak_order *order = &soak_root_end.mine->orders[soak_id(cell)];

	note(0x100 + what, soak_id(cell), argument);
	order->what = what;
	order->argument = argument;
	barrier_memory();
	order->number++;
}

static void order_and_wait(uint32_t cell, enum soak_what what, uint32_t argument)
{
	give_order(cell, what, argument);
	SOAK_WAIT(soak_output_of(soak_id(cell))->obeyed == soak_root_end.mine->orders[soak_id(cell)].number,
		  "cell %d does not obey order %d", cell, what);
}

static bool has_failed(uint32_t cell)
{
	return hypercall(HC_CELL_GET_STATE, soak_id(cell), 0) == COMM_STATE_FAILED;
}

static void crash(uint32_t cell)
{
	uint32_t how = dice(16);
	bool cut = !dice(3), two;

	/* cell b has two CPUs */
	if (!cell)
		how &= ~(SOAK_CRASH_SECOND | SOAK_CRASH_OFF);
	two = (how & SOAK_CRASH_SECOND) && !(how & SOAK_CRASH_OFF);
	count(how & SOAK_CRASH_STATE ? FIGURE_crash_state : FIGURE_crash_doorbell);
	if (how & (SOAK_CRASH_SECOND | SOAK_CRASH_OFF))
		count(FIGURE_crash_second);
	if (how & SOAK_CRASH_STORM)
		count(FIGURE_crash_storm);
	give_order(cell, SOAK_CRASH, how);
	if (cut) {
		/* stopped at any time before, while and after it crashes; nobody answers then */
		count(FIGURE_cut_crash);
		pause(dice(3));
		wait_shortly(dice(SHORT_DELAY));
		expect(cell, LINE_failed, 0, 1);
		expect(cell, LINE_record, 0, 2);
		stop_somehow(cell);
		return;
	}
	SOAK_WAIT(has_failed(cell), "cell %d does not crash", cell, how);
	soak_cells[cell].life = LIFE_FAILED;
	expect(cell, LINE_failed, 1, 1);
	expect(cell, LINE_record, two ? 2 : 1, two ? 2 : 1);
}

static void switch_off(uint32_t cell)
{
	count(FIGURE_cpus_off);
	give_order(cell, SOAK_OFF, 0);
	SOAK_WAIT(!shmem_states(&soak_root_end.dev)[soak_id(cell)], "cell %d is off, but its State stays", cell, 0);
	soak_cells[cell].life = LIFE_OFF;
}

/* Only who is asked can deny. */
static void denied(uint32_t cell)
{
	static const uint32_t codes[] = { HC_CELL_START, HC_CELL_SET_LOADABLE, HC_CELL_DESTROY };
	int64_t result;

	order_and_wait(cell, SOAK_DENY, 0);
	count(FIGURE_denied);
	result = manage(codes[dice(3)], soak_id(cell));
	if (result != -EPERM)
		soak_fail("cell %d denied to stop, and the result was %d", cell, result, 0);
}

/* Whoever does not answer is stopped: when it is asked, or when it is told that the other cell comes or goes. */
static void ignored(uint32_t cell)
{
	uint32_t other = 1 - cell;

	order_and_wait(cell, SOAK_IGNORE, 0);
	count(FIGURE_ignored);
	if (dice(2)) {
		stop_somehow(cell);
		return;
	}
	if (soak_exists(other))
		destroy(other);
	else
		create(other, false);
	if (soak_cells[cell].life != LIFE_FAILED)
		soak_fail("cell %d does not answer, and is not stopped", cell, 0, 0);
}

static void late(uint32_t cell)
{
	order_and_wait(cell, SOAK_LATE, 1 + dice(20));
	count(FIGURE_late);
	stop_somehow(cell);
}

/* Rings and State changes are cut where they are, if the cell is not asked. */
static void noise(uint32_t cell)
{
	give_order(cell, SOAK_NOISE, 200 + dice(500));
	if (dice(3))
		return;
	count(FIGURE_cut_noise);
	pause(1);
	wait_shortly(dice(SHORT_DELAY));
	stop_somehow(cell);
}

static void locked(uint32_t cell)
{
	uint32_t other = 1 - cell;
	int64_t result;

	order_and_wait(cell, SOAK_LOCK, 0);
	count(FIGURE_locked);
	if (soak_exists(other))
		result = manage(HC_CELL_DESTROY, soak_id(other));
	else
		result = manage(HC_CELL_CREATE, config_at(CONFIG_CELLS + other * NUM_VARIANTS));
	if (result != -EPERM)
		soak_fail("cell %d is locked, and the result was %d", cell, result, 0);
	order_and_wait(cell, SOAK_UNLOCK, 0);
}

/* A change of State while a peer cannot be interrupted: it is told as soon as it can. */
static void latched(uint32_t cell)
{
	const volatile struct soak_view *view = &soak_output_of(soak_id(cell))->view;
	uint32_t old;

	order_and_wait(cell, SOAK_DEAF, dice(2));
	old = view->of[SOAK_ROOT].state;
	soak_change_state(&soak_root_end);
	pause(3);
	if (view->of[SOAK_ROOT].state != old)
		soak_fail("cell %d was told with its interrupts off: State 0x%x", cell, view->of[SOAK_ROOT].state, 0);
	order_and_wait(cell, SOAK_HEAR, 0);
	SOAK_WAIT(view->of[SOAK_ROOT].state == soak_root_end.mine->view.state,
		  "cell %d was not told what happened while its interrupts were off", cell, 0);
	count(FIGURE_latched);
}

static void trouble(uint32_t cell)
{
	enum variant variant = soak_cells[cell].variant;

	if (!wait_until_up(cell))
		return;
	switch (dice(12)) {
	case 0:
	case 1:
		crash(cell);
		break;
	case 2:
		switch_off(cell);
		break;
	case 3:
		if (variant == VARIANT_DEFAULT)
			denied(cell);
		break;
	case 4:
		if (variant == VARIANT_SHORT)
			ignored(cell);
		break;
	case 5:
		if (variant != VARIANT_PASSIVE)
			late(cell);
		break;
	case 6:
		give_order(cell, SOAK_STORM, 20 + dice(200));
		count(FIGURE_storms);
		break;
	case 7:
		/* the time that a cell has is too short for what follows */
		if (variant != VARIANT_SHORT)
			locked(cell);
		break;
	case 8:
		latched(cell);
		break;
	default:
		noise(cell);
	}
}

/* --- creation that is refused */

static uint64_t pages_left(void)
{
	return (uint64_t)(hypercall(HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_SIZE, 0) -
			  hypercall(HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_USED, 0));
}

static void create_refused(void)
{
	uint32_t which = dice((uint32_t)soak_stage()->num_refused);
	int64_t result;

	/* most of them want something of theirs */
	if (!soak_exists(0) || !soak_exists(1))
		return;
	result = manage(HC_CELL_CREATE, config_at(CONFIG_REFUSED + which));
	if (result >= 0 || result == -ENOMEM)
		soak_fail("configuration %d was not refused: %d", which, result, 0);
	count(FIGURE_refused_create);
}

static int64_t create_filler(uint64_t regions)
{
	volatile struct cfg_cell *config = (volatile struct cfg_cell *)config_at(CONFIG_FILLER);
	int64_t result;

	config->num_memory_regions = (uint32_t)regions;
	result = manage(HC_CELL_CREATE, config_at(CONFIG_FILLER));
	if (result >= 0) {
		expect(SPEAKER_FILLER, LINE_created, 1, 1);
		reconfigured();
	} else if (result != -ENOMEM) {
		soak_fail("a cell of %d regions could not be created: %d", (int64_t)regions, result, 0);
	}
	return result;
}

static void destroy_filler(void)
{
	if (manage(HC_CELL_DESTROY, SPEAKER_FILLER + 1) < 0)
		soak_fail("the cell that takes all pages cannot be destroyed", 0, 0, 0);
	expect(SPEAKER_FILLER, LINE_destroyed, 1, 1);
	reconfigured();
}

/* A cell takes all pages but a few; then another one shall be created, loaded or started. */
static void exhausted(uint32_t cell)
{
	static uint64_t for_first, for_ten;
	uint64_t left = pages_left(), spare = dice(14), regions;

	count(FIGURE_exhausted);
	if (!for_ten) {
		create_filler(1);
		for_first = left - pages_left();
		destroy_filler();
		create_filler(11);
		for_ten = left - pages_left() - for_first;
		destroy_filler();
		if (pages_left() != left)
			soak_fail("%d pages were left, now %d", (int64_t)left, (int64_t)pages_left(), 0);
	}
	regions = left < for_first + spare ? 1 : 1 + (left - for_first - spare) * 10 / for_ten;
	if (regions > soak_stage()->filler_regions)
		soak_fail("the pool is too large for the test: %d pages are left, %d regions", (int64_t)left,
			  (int64_t)regions, 0);
	if (create_filler(regions) < 0)
		return;
	if (!soak_exists(cell))
		create(cell, true);
	else if (!soak_cells[cell].loaded || dice(2))
		load(cell, true);
	else
		start(cell, true);
	destroy_filler();
}

/* --- rounds */

static void revive(uint32_t cell)
{
	if (soak_cells[cell].lent || (soak_cells[cell].loaded && !dice(3)))
		start(cell, false);
	else if (load(cell, false) && dice(8))
		start(cell, false);
	else
		return;
	if (!dice(3)) {
		/* anywhere between its first instruction and its first message */
		count(FIGURE_cut_start);
		wait_shortly(dice(SHORT_DELAY) * dice(20));
		stop_somehow(cell);
	}
}

static void step(void)
{
	uint32_t cell = dice(2);

	if (!dice(12)) {
		create_refused();
	} else if (!dice(25)) {
		exhausted(cell);
	} else if (!soak_exists(cell)) {
		create(cell, false);
		if (dice(4))
			revive(cell);
	} else if (soak_cells[cell].life == LIFE_RUNNING) {
		if (dice(3))
			trouble(cell);
		else
			stop_somehow(cell);
	} else if (dice(4)) {
		revive(cell);
	} else {
		destroy(cell);
	}
}

static void round_of_steps(uint32_t seed, bool last)
{
	root_random = (seed * 2654435761u) ^ ((uint32_t)soak_round * 40503u + 0x9e3779b9u);
	if (!root_random)
		root_random = 1;
	for (uint32_t n = 0; n < 8; n++)
		dice(2);
	for (uint32_t steps = 1 + dice(5); steps; steps--)
		step();
	if (!dice(8) || last)
		for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
			if (soak_exists(cell))
				destroy(cell);
	pause(dice(4));
	count_state_events();
}

static void setup(void)
{
	uint16_t bdf;
	const char *why = "there is no link";

	ticks_per_tick = timer_frequency() / SOAK_TICK_HZ;
	map(SOAK_STAGE, SOAK_STAGE_SIZE, MAP_NORMAL);
	while (!soak_stage()->go)
		__asm__ volatile("yield");
	barrier_memory();
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
		map(soak_stage()->cells[cell].ram, soak_stage()->cells[cell].size, MAP_NORMAL);
	gic_setup(on_interrupt);
	if (!pci_setup())
		soak_fail("the root cell has no PCI host", 0, 0, 0);
	bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf != PCI_NO_BDF)
		why = soak_open(&soak_root_end, bdf, 0, SOAK_PEERS);
	if (why)
		soak_fail(why, 0, 0, 0);
	soak_root_end.root = soak_root_end.mine;
	soak_root_end.state_value = 0x10000;
}

void inmate_main(void)
{
	uint32_t seed = (uint32_t)param_int("seed", 1);
	uint64_t rounds = (uint64_t)param_int("rounds", 100);

	setup();
	soak_random_seed(seed);
	/* the bundle has started them, and they are destroyed soon */
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
		soak_cells[cell].life = LIFE_RUNNING;
	gic_enable(soak_root_end.dev.intid);
	gic_enable(INTID_VIRTUAL_TIMER);
	timer_start(ticks_per_tick);
	soak_join(&soak_root_end);
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
		wait_until_up(cell);
	count_state_events();
	soak_settle();
	soak_go_on();
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
		destroy(cell);
	count_state_events();
	soak_settle();
	soak_go_on();
	while (soak_round < rounds) {
		round_of_steps(seed, soak_round + 1 == rounds);
		soak_settle();
		soak_round++;
		if (!soak_exists(0) && !soak_exists(1))
			end_window();
		soak_go_on();
	}
}
