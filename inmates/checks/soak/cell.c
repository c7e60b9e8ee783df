/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell of the soak test: peer of the root cell and of the other cell, and it does wrong what the root cell orders.
 * It says nothing unless something is not as it has to be.
 *
 * Parameters: seed=N; spi=INTID, an interrupt of its own without a device; second=MPIDR of its second CPU, if any.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>

#include "second.h"
#include "soak.h"

#define NOTHING		0x50000000u	/* the cell has no memory there */
#define GICD_ISPENDR	0x0200u

static struct soak_end ends[2];		/* by order of their PCI devices: with root cell, with the other cell */
static const volatile struct soak_order *order;
static uint32_t order_seen;
static uint32_t own_spi, second_cpu;
static uint64_t ticks_per_tick;

static uint32_t noise_left, storm_left, answer_in;
static volatile uint32_t ticks;
static uint32_t crash_how;		/* at the end of the storm; 0: not at all */
static bool deny, ignore;

static struct soak_second second;
static uint8_t second_stack[4096] __attribute__((aligned(16)));

static void mirror(void)
{
	volatile struct soak_view *to = &ends[0].mine->other, *from = &ends[1].mine->view;

	to->state = from->state;
	for (uint32_t peer = 0; peer < ends[1].peers; peer++) {
		to->of[peer].number = from->of[peer].number;
		to->of[peer].seen = from->of[peer].seen;
		to->of[peer].state = from->of[peer].state;
	}
}

static void raise_own_spi(void)
{
	io_write32(comm_region()->gicd_base + GICD_ISPENDR + own_spi / 32 * 4, 1u << own_spi % 32);
}

static void ring_somebody(uint32_t n)
{
	soak_ring(&ends[0], n & 1 ? SOAK_ROOT : 3 - ends[0].dev.id);
	if (n & 2)
		soak_ring(&ends[1], 1 - ends[1].dev.id);
}

static void crash_now(uint32_t how)
{
	uint32_t count = 1 + soak_random(20);

	for (uint32_t n = 0; n < count; n++)
		if (how & SOAK_CRASH_STATE)
			soak_change_state(&ends[n & 1]);
		else
			ring_somebody(n);
	if (how & (SOAK_CRASH_SECOND | SOAK_CRASH_OFF))
		second.mode = how & SOAK_CRASH_OFF ? SECOND_OFF : SECOND_CRASH;
	(void)*(volatile uint32_t *)NOTHING;
}

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER) {
		timer_start(ticks_per_tick);
		ticks++;
		for (uint32_t n = 0; n < 2; n++)
			soak_tick(&ends[n]);
	} else if (intid == ends[0].dev.intid) {
		soak_interrupted(&ends[0]);
	} else if (intid == ends[1].dev.intid) {
		soak_interrupted(&ends[1]);
	} else if (intid == own_spi && storm_left) {
		if (--storm_left)
			raise_own_spi();
		else if (crash_how)
			crash_now(crash_how);
		ring_somebody(storm_left);
	} else {
		printk("soak: interrupt %u came, which nobody asked for\n", intid);
	}
	mirror();
}

/* --- the second CPU: it rings or writes State until it is told how to end */

void second_main(void)
{
	uint32_t n = 0;

	while (second.mode == SECOND_RING || second.mode == SECOND_STATE) {
		if (second.mode == SECOND_RING) {
			ends[0].mine->second_begun++;
			shmem_ring(&ends[0].dev, SOAK_ROOT, 0);
		} else {
			/* as the other CPU does: the last one counts, and then the cell is gone */
			shmem_write(&ends[0].dev, IVSHMEM_REG_STATE, 0x80000000u | n);
		}
		second.rounds = ++n;
		for (volatile uint32_t wait = 0; wait < 200; wait++)
			;
	}
	if (second.mode == SECOND_CRASH)
		(void)*(volatile uint32_t *)NOTHING;
	smc_call(PSCI_CPU_OFF, 0, 0, 0);
}

static void start_second(enum second_mode mode)
{
	second.mode = mode;
	second.rounds = 0;
	if (!second_start(&second, second_cpu, second_stack + sizeof(second_stack))) {
		printk("soak: the second CPU cannot be switched on\n");
		return;
	}
	while (second.rounds < 3)
		__asm__ volatile("yield");
}

/* --- orders */

static void crash(uint32_t how)
{
	if (how & (SOAK_CRASH_SECOND | SOAK_CRASH_OFF))
		start_second(how & SOAK_CRASH_STATE ? SECOND_STATE : SECOND_RING);
	if (how & SOAK_CRASH_STORM) {
		/* in the handler of its last interrupt */
		crash_how = how;
		storm_left = 1 + soak_random(200);
		raise_own_spi();
		for (;;)
			irq_sleep();
	}
	crash_now(how);
}

static void off(void)
{
	smc_call(PSCI_CPU_OFF, 0, 0, 0);
	printk("soak: still alive after CPU_OFF\n");
}

static void go_deaf(bool by_command)
{
	uint32_t since;

	if (ends[0].deaf_ticks)
		soak_hear(&ends[0]);
	ends[0].kept_deaf = true;
	soak_deafen(&ends[0], by_command);
	/* what was raised before that */
	for (since = ticks; ticks - since < 2; )
		irq_sleep();
}

static void obey(uint32_t what, uint32_t argument)
{
	switch (what) {
	case SOAK_CRASH:
		crash(argument);
		break;
	case SOAK_NOISE:
		noise_left = argument;
		break;
	case SOAK_OFF:
		off();
		break;
	case SOAK_DENY:
		deny = true;
		break;
	case SOAK_IGNORE:
		ignore = true;
		break;
	case SOAK_LATE:
		answer_in = argument;
		break;
	case SOAK_STORM:
		storm_left = argument;
		raise_own_spi();
		break;
	case SOAK_DEAF:
		go_deaf(argument);
		break;
	case SOAK_HEAR:
		soak_hear(&ends[0]);
		break;
	case SOAK_LOCK:
		comm_region()->cell_state = COMM_STATE_LOCKED;
		break;
	case SOAK_UNLOCK:
		comm_region()->cell_state = COMM_STATE_RUNNING;
		break;
	default:
		printk("soak: unknown order %u\n", what);
	}
}

static void look_for_orders(void)
{
	uint32_t number = order->number;

	if (number == order_seen)
		return;
	order_seen = number;
	barrier_memory();
	obey(order->what, order->argument);
	barrier_memory();
	ends[0].mine->obeyed = number;
}

static void make_noise(void)
{
	for (uint32_t n = 0; noise_left && n < 32; n++, noise_left--) {
		ring_somebody(noise_left);
		if (!(noise_left % 4))
			soak_change_state(&ends[noise_left / 4 & 1]);
	}
	mirror();
}

static void look_for_messages(void)
{
	static uint32_t since;

	if (ignore || message_take() == COMM_MSG_NONE) {
		since = ticks;
		return;
	}
	if (message_take() == COMM_MSG_SHUTDOWN && ticks - since < answer_in)
		return;
	if (!message_is_shutdown())
		return;
	if (deny) {
		deny = false;
		message_reply(COMM_REPLY_DENIED);
		return;
	}
	/* some leave in order, some as they are */
	if (soak_random(2))
		for (uint32_t n = 0; n < 2; n++) {
			shmem_write(&ends[n].dev, IVSHMEM_REG_INT_CTRL, 0);
			shmem_write(&ends[n].dev, IVSHMEM_REG_STATE, 0);
		}
	shut_down();
}

static bool quiet(void)
{
	return !noise_left && !storm_left && !ends[0].deaf_ticks && !ends[1].deaf_ticks;
}

static const char *setup(void)
{
	uint16_t bdf = 0;
	const char *why = NULL;

	own_spi = (uint32_t)param_int("spi", 0);
	second_cpu = (uint32_t)param_int("second", 0);
	ticks_per_tick = timer_frequency() / SOAK_TICK_HZ;
	gic_setup(on_interrupt);
	if (!pci_setup())
		return "there is no PCI host";
	for (unsigned int n = 0; n < 2 && !why; n++, bdf++) {
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, bdf);
		why = bdf == PCI_NO_BDF ? "there are no two links" : soak_open(&ends[n], bdf, n, n ? 2 : SOAK_PEERS);
	}
	return why;
}

void inmate_main(void)
{
	const char *why = setup();
	volatile struct soak_output *out = ends[0].mine;
	const volatile struct soak_output *root;
	uint32_t life;

	if (why) {
		printk("soak: %s\n", why);
		return;
	}
	root = shmem_output(&ends[0].dev, SOAK_ROOT);
	order = &root->orders[ends[0].dev.id];
	order_seen = order->number;
	out->incarnation++;
	/* not the same in each life: the count begins anew when the cell is created */
	life = out->incarnation + root->hold;
	soak_random_seed((uint32_t)param_int("seed", 1) + life);
	map(NOTHING, PAGE_SIZE, MAP_NORMAL);
	gic_enable(own_spi);
	gic_enable(INTID_VIRTUAL_TIMER);
	timer_start(ticks_per_tick);
	for (uint32_t n = 0; n < 2; n++) {
		ends[n].root = root;
		ends[n].state_value = life << 16;
		gic_enable(ends[n].dev.intid);
	}
	/* the first link last: a State there says that all is ready */
	soak_join(&ends[1]);
	mirror();
	soak_join(&ends[0]);

	for (;;) {
		uint32_t hold = root->hold;

		look_for_messages();
		look_for_orders();
		if (noise_left)
			make_noise();
		if (quiet())
			out->held = hold;
		mirror();
		if (noise_left) {
			irq_enable();
			irq_disable();
		} else {
			irq_sleep();
		}
	}
}
