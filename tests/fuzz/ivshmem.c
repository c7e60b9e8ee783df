/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: what cells do with their virtual PCI hosts and ivshmem devices, mixed with resets,
 * failures, leaving, joining, and interrupts that change hands. Everything is done to the device core and to
 * the reference model (ivshmem_model.h); at the first difference in a value that is read, in an interrupt, a
 * State Table or a counter the target says what was done up to there and aborts.
 *
 * Not compared: accesses to overlapping BARs of one cell, because nothing says which of them answers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "console.h"
#include "errors.h"
#include "fixture.h"
#include "host.h"
#include "ivshmem_board.h"
#include "ivshmem_model.h"
#include "ivshmem_steps.h"
#include "pages.h"

#define UNTOUCHED	0xeeeeeeeeu	/* what is in memory before any link is there */

_Static_assert(CELLS == STEPS_CELLS && CELLS == MODEL_CELLS, "cells");

static struct fixture_cell cells[CELLS];
static bool present[CELLS];
static uint32_t owner[NUM_SPIS];	/* cell of each interrupt */

/* --- what was done, and the difference --- */

enum kind { WRITE, READ, RESET, FAIL, LEAVE, JOIN, OWN };

static const char *const kind_names[] = {
	[WRITE] = "write", [READ] = "read", [RESET] = "reset", [FAIL] = "fails", [LEAVE] = "leaves",
	[JOIN] = "joins", [OWN] = "owns",
};

struct action {
	enum kind kind;
	uint32_t cell;
	uint64_t addr;		/* OWN: index of the interrupt */
	uint32_t size;
	uint64_t value;
};

static struct action done[4096];
static uint32_t num_done;
static struct model_interrupts raised;	/* by the device core */

static void describe(uint32_t n)
{
	const struct action *a = &done[n];
	char cell = a->cell < CELLS ? (char)('A' + a->cell) : '-';

	fprintf(stderr, "%4u  %c %s", n, cell, kind_names[a->kind]);
	if (a->kind == OWN)
		fprintf(stderr, " interrupt %u", board_intid((uint32_t)a->addr));
	if (a->kind == READ || a->kind == WRITE)
		fprintf(stderr, " %u bytes at 0x%08llx", a->size, (unsigned long long)a->addr);
	if (a->kind == WRITE)
		fprintf(stderr, " = 0x%llx", (unsigned long long)a->value);
	fprintf(stderr, "\n");
}

__attribute__((format(printf, 1, 2), noreturn)) static void differ(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "\nDevice and model differ. What was done:\n");
	for (uint32_t n = 0; n < num_done; n++)
		describe(n);
	fprintf(stderr, "step %u: ", num_done - 1);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

static void print_interrupts(const char *who, const struct model_interrupts *list)
{
	fprintf(stderr, "%s:", who);
	for (uint32_t n = 0; n < list->count; n++)
		fprintf(stderr, " %u", list->intid[n]);
	fprintf(stderr, "\n");
}

/* --- comparing --- */

static void compare_word(uint16_t bdf, uint64_t offset, uint32_t expected)
{
	uint32_t got = host_read32(board_table_phys(bdf) + offset);

	if (got != expected)
		differ("State Table of %04x, offset 0x%llx: expected 0x%x, got 0x%x", bdf,
		       (unsigned long long)offset, expected, got);
}

/* Entries that peers may have, the last word of each page, and what is behind the table */
static void compare_table(uint16_t bdf)
{
	for (uint32_t id = 0; id < MODEL_PEERS; id++)
		compare_word(bdf, 4 * id, model_table_entry(bdf, id));
	for (uint64_t end = FIXTURE_STATE_SIZE; end <= board_table_size(bdf); end += FIXTURE_STATE_SIZE)
		compare_word(bdf, end - 4, 0);
	compare_word(bdf, board_table_size(bdf), UNTOUCHED);
}

static void on_raise(uint32_t intid)
{
	const struct action *now = &done[num_done - 1];

	if (raised.count == sizeof(raised.intid) / sizeof(raised.intid[0]))
		differ("endless interrupts");
	raised.intid[raised.count++] = intid;
	/* The receiver may look at the table at once. */
	for (uint32_t n = 0; now->kind == WRITE && n < NUM_LINKS; n++)
		if (model_link_exists(board_links[n]))
			compare_table(board_links[n]);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void compare_interrupts(void)
{
	if (raised.count == 0 && model_raised.count == 0)
		return;
	qsort(raised.intid, raised.count, sizeof(uint32_t), by_number);
	qsort(model_raised.intid, model_raised.count, sizeof(uint32_t), by_number);
	if (raised.count != model_raised.count ||
	    memcmp(raised.intid, model_raised.intid, raised.count * sizeof(uint32_t)) != 0) {
		print_interrupts("interrupts expected", &model_raised);
		print_interrupts("interrupts raised", &raised);
		differ("other interrupts than expected, see above the list");
	}
}

static void compare_peer(uint16_t bdf, uint32_t id, const struct ivshmem_endpoint *ep)
{
	static const char *const names[LINK_NUM_COUNTERS] = {
		[LINK_COUNTER_SENT] = "sent", [LINK_COUNTER_DELIVERED] = "delivered",
		[LINK_COUNTER_MERGED] = "merged", [LINK_COUNTER_DISABLED] = "disabled",
		[LINK_COUNTER_MASKED] = "masked", [LINK_COUNTER_NO_PEER] = "no peer",
		[LINK_COUNTER_NO_VECTOR] = "no vector", [LINK_COUNTER_INACTIVE] = "inactive",
	};
	const uint64_t *expected = model_counters(bdf, id);

	for (uint32_t c = 0; c < LINK_NUM_COUNTERS; c++)
		if (ivshmem_total(ep, c) != expected[c])
			differ("link %04x, peer %u: counter \"%s\" expected %llu, got %llu", bdf, id,
			       names[c], (unsigned long long)expected[c],
			       (unsigned long long)ivshmem_total(ep, c));
	if (ep->latched != model_latched(bdf, id))
		differ("link %04x, peer %u: expected %s", bdf, id,
		       model_latched(bdf, id) ? "a latched State change" : "nothing latched");
}

static void compare_link(uint16_t bdf)
{
	uint32_t link = ivshmem_find_link(bdf);

	if (model_link_exists(bdf) != (link != IVSHMEM_NO_LINK))
		differ("link %04x: expected %s", bdf, model_link_exists(bdf) ? "to exist" : "not to exist");
	if (link == IVSHMEM_NO_LINK)
		return;
	if (ivshmem_links[link]->num_peers != model_link_peers(bdf))
		differ("link %04x: expected %u peers, got %u", bdf, model_link_peers(bdf),
		       ivshmem_links[link]->num_peers);
	for (uint32_t id = 0; id < model_link_peers(bdf); id++)
		compare_peer(bdf, id, ivshmem_endpoint_at(link * IVSHMEM_MAX_PEERS + id));
	compare_table(bdf);
}

/* The core may look later if the cell still owns the line of INTx: no event shows it while Interrupt Control is 0. */
static uint64_t visible(uint16_t bdf, uint32_t id, uint32_t item, uint64_t value)
{
	bool later = model_info(bdf, id, LINK_INFO_VECTORS) == 0 &&
		     !(model_info(bdf, id, LINK_INFO_FLAGS) & LINK_FLAG_ENABLED);

	if (later && item == LINK_INFO_FLAGS)
		return value & ~(uint64_t)LINK_FLAG_ARMED;
	return later && item == LINK_INFO_ROUTE_BASE ? value & ~LINK_ROUTE_ARMED : value;
}

static void compare_item(uint16_t bdf, uint32_t id, uint32_t item)
{
	uint64_t expected = model_info(bdf, id, item);
	int64_t got = ivshmem_link_info(bdf, id, item);

	if (expected == MODEL_NO_INFO ? got != -ENOENT :
	    visible(bdf, id, item, (uint64_t)got) != visible(bdf, id, item, expected))
		differ("link %04x, peer %u, item 0x%x: expected 0x%llx, got 0x%llx", bdf, id, item,
		       (unsigned long long)expected, (unsigned long long)got);
}

/* HC_LINK_INFO */
static void compare_info(uint16_t bdf)
{
	static const uint32_t of_vector[] = {
		LINK_COUNTER_SENT, LINK_COUNTER_DELIVERED, LINK_COUNTER_DISABLED, LINK_COUNTER_MASKED,
	};
	static const uint32_t items[] = {
		LINK_INFO_PEERS, LINK_INFO_CELL, LINK_INFO_STATE, LINK_INFO_FLAGS, LINK_INFO_PROTOCOL,
		LINK_INFO_VECTORS, LINK_INFO_COUNTER_BASE, LINK_INFO_COUNTER_BASE + LINK_NUM_COUNTERS - 1,
	};

	for (uint32_t id = 0; id <= MODEL_PEERS; id++) {
		uint64_t vectors = model_info(bdf, id, LINK_INFO_VECTORS);

		for (uint32_t n = 0; n < sizeof(items) / sizeof(items[0]); n++)
			compare_item(bdf, id, items[n]);
		for (uint32_t v = 0; v < IVSHMEM_MAX_VECTORS; v++) {
			for (uint32_t n = 0; n < sizeof(of_vector) / sizeof(of_vector[0]); n++)
				compare_item(bdf, id, LINK_INFO_VECTOR_COUNTER_BASE + 16 * v + of_vector[n]);
			if (v == 0 || (vectors != MODEL_NO_INFO && v < vectors))
				compare_item(bdf, id, LINK_INFO_ROUTE_BASE + v);
		}
	}
}

static void compare_all(void)
{
	compare_interrupts();
	for (uint32_t n = 0; n < NUM_LINKS; n++)
		compare_link(board_links[n]);
	if (host_locks_held() != 0 || host_locks_held_max() > 2)
		differ("%u locks held, up to %u", host_locks_held(), host_locks_held_max());
}

/* --- doing --- */

static void do_access(struct action *a)
{
	uint64_t expected = a->value, got = a->value;
	enum model_result model = model_access(a->cell, a->addr, a->size, a->kind == WRITE, &expected);
	enum mmio_result device;

	if (model == MODEL_UNDEFINED)
		return;
	if (a->kind == WRITE)
		device = fixture_write_result(&cells[a->cell], a->addr, (uint8_t)a->size, a->value);
	else
		device = fixture_read_result(&cells[a->cell], a->addr, (uint8_t)a->size, &got);
	if (device != (model == MODEL_HANDLED ? MMIO_HANDLED : MMIO_NO_WINDOW))
		differ("expected that %s answers, got %d",
		       model == MODEL_HANDLED ? "something" : "nothing", device);
	if (a->kind == READ && model == MODEL_HANDLED && got != expected)
		differ("expected 0x%llx, got 0x%llx", (unsigned long long)expected, (unsigned long long)got);
}

static void own_in_cell(uint32_t cell, uint32_t intid, bool owned)
{
	host_own_spi(&cells[cell].cell, intid, owned);
	if (present[cell])
		vpci_reroute(&cells[cell].cell);
}

static void do_own(uint32_t index, uint32_t to)
{
	uint32_t intid = board_intid(index);

	if (owner[index] != NOBODY) {
		model_own(owner[index], intid, false);
		own_in_cell(owner[index], intid, false);
	}
	owner[index] = to;
	if (to != NOBODY) {
		model_own(to, intid, true);
		own_in_cell(to, intid, true);
	}
}

static void do_join(uint32_t cell)
{
	int expected = model_join(cell), got;

	board_configure(&cells[cell], cell, owner);
	got = fixture_create(&cells[cell]);
	if (got != expected)
		differ("expected %d, got %d", expected, got);
	present[cell] = got == 0;
}

static void do_leave(uint32_t cell)
{
	model_leave(cell);
	fixture_destroy(&cells[cell]);
	present[cell] = false;
	for (const struct board_device *b = board; b < board + NUM_DEVICES; b++)
		if (b->cell == cell)
			compare_word(b->bdf, 4 * b->id, 0);
}

/* A cell that is not there can only join, one that is there cannot. */
static bool possible(const struct action *a)
{
	return a->kind == OWN || present[a->cell] == (a->kind != JOIN);
}

static void note(const struct action *a)
{
	if (num_done == sizeof(done) / sizeof(done[0]))
		num_done = 0;
	done[num_done++] = *a;
	model_clear_raised();
	raised.count = 0;
}

static void act(struct action a)
{
	if (!possible(&a))
		return;
	note(&a);
	switch (a.kind) {
	case WRITE:
	case READ:
		do_access(&a);
		break;
	case RESET:
		model_reset(a.cell);
		vpci_reset(&cells[a.cell].cell);
		break;
	case FAIL:
		model_fail(a.cell);
		ivshmem_cell_stopped(&cells[a.cell].cell);
		break;
	case LEAVE:
		do_leave(a.cell);
		break;
	case JOIN:
		do_join(a.cell);
		break;
	case OWN:
		do_own((uint32_t)a.addr, a.cell);
		break;
	}
	compare_all();
}

/* For many accesses in a row: what else they did shows at the next compare_all(). */
static void quick_access(enum kind kind, uint32_t cell, uint64_t addr, uint32_t size, uint64_t value)
{
	struct action a = { .kind = kind, .cell = cell, .addr = addr, .size = size, .value = value };

	note(&a);
	do_access(&a);
	compare_interrupts();
}

static void quick_write(uint32_t cell, uint64_t addr, uint32_t size, uint64_t value)
{
	quick_access(WRITE, cell, addr, size, value);
}

static void quick_read(uint32_t cell, uint64_t addr, uint32_t size)
{
	quick_access(READ, cell, addr, size, 0);
}

/* --- a driver that starts, and a look at everything --- */

static uint64_t config_address(const struct board_device *b)
{
	return FIXTURE_ECAM + b->bdf * 0x1000ull;
}

/* BARs where nothing overlaps: small ones in the lower half, others in the upper */
static void place(const struct board_device *b)
{
	uint32_t offset = (uint32_t)(b - board) << 21;

	quick_write(b->cell, config_address(b) + 0x04, 2, 0);
	quick_write(b->cell, config_address(b) + 0x10, 4, (0x10000000 + offset) | (b->bar0 & 0x80000000));
	quick_write(b->cell, config_address(b) + 0x14, 4, 0x20000000 + offset);
	quick_write(b->cell, config_address(b) + 0x04, 2, 0x0006);
}

static void start_driver(const struct board_device *b, bool one_shot)
{
	place(b);
	quick_write(b->cell, config_address(b) + 0x43, 1, one_shot);
	for (uint32_t v = 0; v < b->vectors; v++) {
		uint64_t entry = model_bar(b->cell, b->bdf, 1) + 16 * v;

		quick_write(b->cell, entry + 8, 4, board_intid(8u * b->cell + 4 + v % 4));
		quick_write(b->cell, entry + 12, 4, 0);
	}
	quick_write(b->cell, config_address(b) + 0x62, 2, 0x8000);
	quick_write(b->cell, model_bar(b->cell, b->bdf, 0) + IVSHMEM_REG_INT_CTRL, 4, 1);
	quick_write(b->cell, model_bar(b->cell, b->bdf, 0) + IVSHMEM_REG_STATE, 4, 1);
	compare_all();
}

/* All that guests can read, and at first which vectors reach the device as it is */
static void look_at(const struct board_device *b)
{
	for (uint32_t v = 0; v < 2; v++)
		quick_write(b->cell, model_bar(b->cell, b->bdf, 0) + IVSHMEM_REG_DOORBELL, 4,
			    (uint32_t)b->id << 16 | v);
	for (uint32_t offset = 0; offset <= 0x80; offset += 4)
		quick_read(b->cell, config_address(b) + offset, 4);
	place(b);
	for (uint32_t offset = 0; offset <= 0x14; offset += 4)
		quick_read(b->cell, model_bar(b->cell, b->bdf, 0) + offset, 4);
	for (uint32_t offset = 0; b->vectors && offset <= 16u * b->vectors; offset += 8)
		quick_read(b->cell, model_bar(b->cell, b->bdf, 1) + offset, 8);
	compare_all();
}

/* --- input --- */

static const struct board_device *device_of(uint32_t cell, uint32_t index)
{
	const struct board_device *first = board, *end;

	while (first->cell != cell)
		first++;
	for (end = first; end < board + NUM_DEVICES && end->cell == cell;)
		end++;
	return first + index % (uint32_t)(end - first);
}

static uint64_t edge(const struct board_device *b, uint32_t which)
{
	uint32_t bar = which / 2 % 2;
	uint64_t size = bar == 0 ? board_bar0_size(b) : 0x1000;

	if (which < 4)
		return model_bar(b->cell, b->bdf, bar) + (which % 2 ? size : 0);
	return (const uint64_t[]){ FIXTURE_ECAM, FIXTURE_ECAM + 0x200000, 0, 0x100000000 }[which % 4];
}

/* For the fuzzer, a device in a new state, or a new kind of write to it there, is as good as new code. */
static uint8_t reached[2 * 512], written[2 * 16 * 128]
	__attribute__((section("__libfuzzer_extra_counters")));

static void note_state(const struct board_device *b, const struct step *s)
{
	uint32_t flags = (uint32_t)model_info(b->bdf, b->id, LINK_INFO_FLAGS), msix = b->vectors ? 1 : 0;
	uint32_t place = s->where / 64, size = s->where % 4, dword = s->offset[0] / 4 % 8;

	reached[512 * msix + flags] = 1;
	/* enabled, armed, one-shot, latched */
	written[((16 * msix + flags % 16) * 4 + place) * 32 + size * 8 + dword] = 1;
}

static uint64_t address(uint32_t cell, const struct step *s)
{
	const struct board_device *b = device_of(cell, s->where >> 2 & 7);
	uint32_t offset = s->offset[0] | s->offset[1] << 8, where = s->where >> 5;

	if (where < STEP_REGISTERS)
		return config_address(b) + offset % 0x90;
	if (where < STEP_MSIX)
		return model_bar(cell, b->bdf, 0) + offset % 0x20;
	if (where < STEP_ECAM)
		return model_bar(cell, b->bdf, 1) + offset % 0x210;
	if (where < STEP_EDGE)
		return FIXTURE_ECAM + offset * 0x21ull;
	return edge(b, offset / 32 % 8) + offset % 32 - 16;
}

static void take(const struct step *s)
{
	uint32_t cell = s->who % CELLS, kind = s->who / CELLS % STEP_KINDS;
	uint64_t value = s->value[0] | s->value[1] << 8 | s->value[2] << 16 | (uint64_t)s->value[3] << 24;
	struct action a = { .cell = cell, .size = 1u << (s->where & 3), .value = value | ~value << 32 };

	if (kind >= STEP_OWN) {
		a.kind = OWN;
		a.addr = value % NUM_SPIS;
		a.cell = kind == STEP_OWN ? cell : NOBODY;
	} else if (kind >= STEP_RESET) {
		a.kind = (enum kind)(RESET + kind - STEP_RESET);
	} else {
		a.kind = kind >= STEP_READ ? READ : WRITE;
		if (!present[cell])
			return;
		a.addr = address(cell, s);
		if (a.kind == WRITE)
			note_state(device_of(cell, s->where >> 2 & 7), s);
		if (a.kind == READ)
			a.value = 0;
		else if (a.size < 8)
			a.value &= (1ull << 8 * a.size) - 1;
	}
	act(a);
}

static void set_up(void)
{
	host_reset();
	model_clear(FIXTURE_ECAM, 2);
	num_done = 0;
	for (uint32_t n = 0; n < NUM_SPIS; n++) {
		owner[n] = n / 8;
		model_own(owner[n], board_intid(n), true);
	}
	board_model();
	for (uint32_t n = 0; n < NUM_LINKS; n++) {
		uint64_t table = board_table_phys(board_links[n]), size = board_table_size(board_links[n]);

		host_fill(table, 4 * MODEL_PEERS, UNTOUCHED & 0xff);
		for (uint64_t end = FIXTURE_STATE_SIZE; end <= size; end += FIXTURE_STATE_SIZE)
			host_fill(table + end - 4, 8, UNTOUCHED & 0xff);
	}
	host_on_raise(on_raise);
}

_Static_assert(MODEL_PLACES * sizeof(struct ivshmem_endpoint) % PAGE_SIZE == 0,
	       "no room behind the places of a link, see ivshmem_model.h");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct steps_head head;
	struct step step;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	set_up();
	for (uint32_t cell = 0; cell < CELLS; cell++)
		if (head.joined >> cell & 1)
			act((struct action){ .kind = JOIN, .cell = cell });
	for (const struct board_device *b = board; b < board + NUM_DEVICES; b++)
		if (present[b->cell] && head.started >> b->cell & 1)
			start_driver(b, head.one_shot >> b->cell & 1);

	for (data += sizeof(head), size -= sizeof(head); size >= sizeof(step);
	     data += sizeof(step), size -= sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		take(&step);
	}
	if (!model_balanced())
		differ("the model loses events");
	for (uint32_t n = 0; n < NUM_LINKS; n++)
		compare_info(board_links[n]);

	for (const struct board_device *b = board; b < board + NUM_DEVICES; b++)
		if (present[b->cell])
			look_at(b);
	for (uint32_t cell = 0; cell < CELLS; cell++)
		act((struct action){ .kind = LEAVE, .cell = cell });
	host_on_raise(NULL);
	if (host_mappings() != 0 || pages_used() != 0)
		differ("%u mappings and %u pages left", host_mappings(), pages_used());
	return 0;
}
