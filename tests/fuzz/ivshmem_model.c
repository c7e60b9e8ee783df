/* SPDX-License-Identifier: BSD-2-Clause */
/* See ivshmem_model.h. Numbers in comments are those of the registers in the device specification. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "ivshmem_model.h"

#define CONFIG_SIZE	0x80u
#define MAX_VECTORS	16u

struct device {
	struct model_params params;
	uint32_t cell;
	bool present;
	uint8_t config[CONFIG_SIZE];
	uint32_t msix[MAX_VECTORS][4];
	uint32_t control;	/* Interrupt Control */
	uint32_t state;
	bool latched;		/* a State change waits for the interrupt */
	uint64_t window[2];	/* where BARs decode while Memory Space is on */
};

struct link {
	bool exists;
	uint16_t bdf;
	uint32_t peers;		/* ids 0..peers - 1 */
	uint32_t room;		/* up to where that can grow */
	uint64_t counters[MODEL_PEERS][LINK_NUM_COUNTERS];
	uint64_t by_vector[MODEL_PEERS][MAX_VECTORS][LINK_NUM_COUNTERS];	/* of those counters */
	uint32_t table[MODEL_PEERS];
};

static uint64_t ecam, ecam_size;
static struct device devices[MODEL_CELLS * MODEL_DEVICES];
static uint32_t num_devices;
static struct link links[MODEL_LINKS];
static bool owns[MODEL_CELLS][MODEL_INTIDS];

struct model_interrupts model_raised;

/* --- who is who --- */

static struct link *link_of(uint16_t bdf)
{
	for (uint32_t n = 0; n < MODEL_LINKS; n++)
		if (links[n].exists && links[n].bdf == bdf)
			return &links[n];
	return NULL;
}

static struct device *peer_of(uint16_t bdf, uint32_t id)
{
	for (uint32_t n = 0; n < num_devices; n++)
		if (devices[n].present && devices[n].params.bdf == bdf && devices[n].params.id == id)
			return &devices[n];
	return NULL;
}

static struct device *function_of(uint32_t cell, uint32_t bdf)
{
	for (uint32_t n = 0; n < num_devices; n++)
		if (devices[n].present && devices[n].cell == cell && devices[n].params.bdf == bdf)
			return &devices[n];
	return NULL;
}

/* --- registers as bytes --- */

static uint32_t get(const struct device *d, uint32_t offset, uint32_t size)
{
	uint32_t value = 0;

	for (uint32_t n = 0; n < size; n++)
		value |= (uint32_t)d->config[offset + n] << 8 * n;
	return value;
}

static void put(struct device *d, uint32_t offset, uint32_t size, uint64_t value)
{
	for (uint32_t n = 0; n < size; n++)
		d->config[offset + n] = (uint8_t)(value >> 8 * n);
}

/* Bits of a byte of configuration space that a guest can change */
static uint8_t writable(const struct device *d, uint32_t offset)
{
	if (offset == 0x04)	/* Command: Memory Space, Bus Master */
		return 0x06;
	if (offset == 0x05)	/* Command: INTx Disable */
		return 0x04;
	if (offset / 4 == 0x10 / 4)	/* BAR 0 */
		return (uint8_t)(d->params.bar_mask[0] >> 8 * (offset % 4));
	if (offset / 4 == 0x14 / 4 && d->params.vectors)	/* BAR 1 */
		return (uint8_t)(d->params.bar_mask[1] >> 8 * (offset % 4));
	if (offset == 0x43)	/* Privileged Control: one-shot mode */
		return 0x01;
	if (offset == 0x63 && d->params.vectors)	/* MSI-X control: enable, function mask */
		return 0xc0;
	return 0;
}

static bool memory_space(const struct device *d) { return d->config[0x04] & 0x02; }
static bool bus_master(const struct device *d) { return d->config[0x04] & 0x04; }
static bool intx_disabled(const struct device *d) { return d->config[0x05] & 0x04; }
static bool one_shot(const struct device *d) { return d->config[0x43] & 0x01; }
static bool msix_enabled(const struct device *d) { return (d->config[0x63] & 0xc0) == 0x80; }

static void reset_registers(struct device *d)
{
	const struct model_params *p = &d->params;

	memset(d->config, 0, sizeof(d->config));
	put(d, 0x00, 4, 0x4106110a);
	put(d, 0x06, 2, 0x0010);
	put(d, 0x08, 4, 0xff000000 | (uint32_t)p->protocol << 8);
	put(d, 0x2c, 4, 0x4106110a);
	put(d, 0x34, 1, 0x40);
	put(d, 0x3d, 1, p->vectors ? 0 : (p->bdf / 8 % 4) + 1);
	put(d, 0x40, 4, p->vectors ? 0x00206009 : 0x00200009);
	put(d, 0x44, 4, p->table_size);
	put(d, 0x48, 8, p->rw_size);
	put(d, 0x50, 8, p->output_size);
	put(d, 0x58, 8, p->base);
	if (p->vectors) {
		put(d, 0x60, 4, 0x00000011 | (p->vectors - 1) << 16);
		put(d, 0x64, 4, 0x00000001);
		put(d, 0x68, 4, 0x00000101);
	}
	memset(d->msix, 0, sizeof(d->msix));
	for (uint32_t v = 0; v < MAX_VECTORS; v++)
		d->msix[v][3] = 1;
	d->control = 0;
}

/* --- events --- */

static uint64_t *counter(const struct device *d, uint32_t which)
{
	return &link_of(d->params.bdf)->counters[d->params.id][which];
}

/* An event with the vector number that was rung */
static void count(const struct device *d, uint32_t which, uint32_t number)
{
	++*counter(d, which);
	if (number < MAX_VECTORS)
		++link_of(d->params.bdf)->by_vector[d->params.id][number][which];
}

static uint32_t interrupt(const struct device *d, uint32_t vector)
{
	return d->params.vectors ? d->msix[vector][2] : d->params.intx;
}

/* An INTx line rings for any of the vectors that a device can have. */
static uint32_t vectors(const struct device *d)
{
	return d->params.vectors ? d->params.vectors : MAX_VECTORS;
}

static bool armed(const struct device *d, uint32_t vector)
{
	uint32_t intid = interrupt(d, vector);

	if (intid < 32 || intid >= MODEL_INTIDS || !owns[d->cell][intid])
		return false;
	if (!d->params.vectors)
		return !intx_disabled(d);
	return msix_enabled(d) && bus_master(d) && !(d->msix[vector][3] & 1);
}

static void deliver(struct device *d, uint32_t vector)
{
	assert(model_raised.count < 64);
	model_raised.intid[model_raised.count++] = interrupt(d, vector);
	count(d, LINK_COUNTER_DELIVERED, vector);
	if (one_shot(d))
		d->control = 0;
}

/* Registers or owned interrupts may have changed: does a latched change of State come through now? */
static void settle(struct device *d)
{
	if (d->latched && d->control && armed(d, 0)) {
		d->latched = false;
		deliver(d, 0);
	}
}

static void drop_latched(struct device *d)
{
	if (d->latched)
		++*counter(d, LINK_COUNTER_INACTIVE);
	d->latched = false;
}

static void doorbell(struct device *from, uint32_t value)
{
	uint32_t vector = value & 0xffff, id = value >> 16;
	struct device *to = peer_of(from->params.bdf, id);

	/* What the sender finds out alone comes first, then what shows at the target. */
	count(from, LINK_COUNTER_SENT, vector);
	if (id >= link_of(from->params.bdf)->peers)
		++*counter(from, LINK_COUNTER_NO_PEER);
	else if (vector >= vectors(from))
		++*counter(from, LINK_COUNTER_NO_VECTOR);
	else if (!to)
		++*counter(from, LINK_COUNTER_INACTIVE);
	else if (vector >= vectors(to))
		++*counter(to, LINK_COUNTER_NO_VECTOR);
	else if (!to->control)
		count(to, LINK_COUNTER_DISABLED, vector);
	else if (!armed(to, vector))
		count(to, LINK_COUNTER_MASKED, vector);
	else
		deliver(to, vector);
}

static void state_event(struct device *from, struct device *to)
{
	count(from, LINK_COUNTER_SENT, 0);
	if (to->control && armed(to, 0)) {
		deliver(to, 0);
	} else if (to->params.lossy_state) {
		count(to, to->control ? LINK_COUNTER_MASKED : LINK_COUNTER_DISABLED, 0);
	} else {
		if (to->latched)
			++*counter(to, LINK_COUNTER_MERGED);
		to->latched = true;
	}
}

static void set_state(struct device *d, uint32_t value)
{
	bool changed = d->state != value;

	d->state = value;
	link_of(d->params.bdf)->table[d->params.id] = value;
	for (uint32_t n = 0; changed && n < num_devices; n++)
		if (devices[n].present && devices[n].params.bdf == d->params.bdf && &devices[n] != d)
			state_event(d, &devices[n]);
}

/* --- life of a cell --- */

void model_clear(uint64_t ecam_base, uint32_t buses)
{
	ecam = ecam_base;
	ecam_size = buses * 0x100000ull;
	num_devices = 0;
	memset(links, 0, sizeof(links));
	memset(owns, 0, sizeof(owns));
	model_clear_raised();
}

void model_add(uint32_t cell, const struct model_params *params)
{
	assert(cell < MODEL_CELLS && num_devices < MODEL_CELLS * MODEL_DEVICES);
	devices[num_devices++] = (struct device){ .params = *params, .cell = cell };
}

static struct link *make_link(const struct model_params *first)
{
	struct link *link = links;

	while (link->exists)
		assert(++link < links + MODEL_LINKS);
	*link = (struct link){ .exists = true, .bdf = first->bdf, .peers = 2 };
	if (link->peers < first->peers)
		link->peers = first->peers;
	if (link->peers < first->id + 1u)
		link->peers = first->id + 1u;
	assert(link->peers <= MODEL_PEERS);
	link->room = (link->peers + MODEL_PLACES - 1) / MODEL_PLACES * MODEL_PLACES;
	return link;
}

static int join_link(struct device *d)
{
	struct link *link = link_of(d->params.bdf);

	if (!link)
		link = make_link(&d->params);
	if (d->params.id >= link->room)
		return -EINVAL;
	if (peer_of(d->params.bdf, d->params.id))
		return -EBUSY;
	if (link->peers < d->params.id + 1u)
		link->peers = d->params.id + 1u;
	d->present = true;
	reset_registers(d);
	return 0;
}

static void leave_link(struct device *d)
{
	struct link *link = link_of(d->params.bdf);

	drop_latched(d);
	set_state(d, 0);
	d->present = false;
	link->exists = false;
	for (uint32_t id = 0; id < link->peers; id++)
		if (peer_of(d->params.bdf, id))
			link->exists = true;
}

int model_join(uint32_t cell)
{
	for (uint32_t n = 0; n < num_devices; n++) {
		int err = devices[n].cell == cell ? join_link(&devices[n]) : 0;

		if (err) {
			model_leave(cell);
			return err;
		}
	}
	return 0;
}

void model_leave(uint32_t cell)
{
	for (uint32_t n = 0; n < num_devices; n++)
		if (devices[n].present && devices[n].cell == cell)
			leave_link(&devices[n]);
}

void model_reset(uint32_t cell)
{
	for (uint32_t n = 0; n < num_devices; n++) {
		if (!devices[n].present || devices[n].cell != cell)
			continue;
		reset_registers(&devices[n]);
		drop_latched(&devices[n]);
		set_state(&devices[n], 0);
	}
}

void model_fail(uint32_t cell)
{
	for (uint32_t n = 0; n < num_devices; n++)
		if (devices[n].present && devices[n].cell == cell)
			set_state(&devices[n], 0);
}

void model_own(uint32_t cell, uint32_t intid, bool owned)
{
	owns[cell][intid] = owned;
	for (uint32_t n = 0; n < num_devices; n++)
		if (devices[n].present && devices[n].cell == cell)
			settle(&devices[n]);
}

/* --- accesses --- */

static void config_access(struct device *d, uint32_t offset, uint32_t size, bool is_write, uint64_t *value)
{
	bool was_on;

	if (!d || size == 8 || offset % size || offset >= CONFIG_SIZE) {
		if (!is_write)
			*value = size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
		return;
	}
	if (!is_write) {
		*value = get(d, offset, size);
		return;
	}
	was_on = memory_space(d);
	for (uint32_t n = 0; n < size; n++) {
		uint8_t can = writable(d, offset + n), old = d->config[offset + n];

		d->config[offset + n] = (uint8_t)((old & ~can) | (*value >> 8 * n & can));
	}
	if (memory_space(d) && !was_on) {
		d->window[0] = get(d, 0x10, 4);
		d->window[1] = get(d, 0x14, 4);
	}
	settle(d);
}

static void register_access(struct device *d, uint64_t offset, uint32_t size, bool is_write, uint64_t *value)
{
	/* ID, Maximum Peers, Interrupt Control, Doorbell, State */
	uint32_t registers[] = { d->params.id, d->params.peers, d->control, 0, d->state };
	bool is_register = size == 4 && offset % 4 == 0 && offset < sizeof(registers);

	if (!is_write) {
		*value = is_register ? registers[offset / 4] : 0;
	} else if (is_register && offset == 0x08) {
		d->control = *value & 1;
		settle(d);
	} else if (is_register && offset == 0x0c) {
		doorbell(d, (uint32_t)*value);
	} else if (is_register && offset == 0x10) {
		set_state(d, (uint32_t)*value);
	}
}

static void msix_access(struct device *d, uint64_t offset, uint32_t size, bool is_write, uint64_t *value)
{
	uint64_t written = *value;

	if (!is_write)
		*value = 0;
	if (size < 4 || offset % size || offset / 16 >= d->params.vectors)
		return;
	for (uint32_t n = 0; n < size / 4; n++) {
		uint32_t *dword = &d->msix[offset / 16][offset / 4 % 4 + n];

		if (is_write)
			*dword = (uint32_t)(written >> 32 * n);
		else
			*value |= (uint64_t)*dword << 32 * n;
	}
	settle(d);
}

static bool inside(uint64_t base, uint64_t length, uint64_t addr, uint32_t size)
{
	return addr >= base && length >= size && addr - base <= length - size;
}

enum model_result model_access(uint32_t cell, uint64_t addr, uint32_t size, bool is_write, uint64_t *value)
{
	struct device *hit = NULL;
	uint32_t hits = 0, bar = 0;

	if (inside(ecam, ecam_size, addr, size)) {
		config_access(function_of(cell, (uint32_t)((addr - ecam) / 0x1000)),
			      (addr - ecam) % 0x1000, size, is_write, value);
		return MODEL_HANDLED;
	}
	for (uint32_t n = 0; n < num_devices; n++) {
		struct device *d = &devices[n];

		for (uint32_t b = 0; d->present && d->cell == cell && memory_space(d) && b < 2; b++) {
			uint64_t length = 0x100000000ull - d->params.bar_mask[b];

			if ((b == 1 && !d->params.vectors) || !inside(d->window[b], length, addr, size))
				continue;
			hit = d;
			bar = b;
			hits++;
		}
	}
	if (hits == 0)
		return MODEL_NO_WINDOW;
	if (hits > 1)
		return MODEL_UNDEFINED;
	if (bar == 0)
		register_access(hit, addr - hit->window[0], size, is_write, value);
	else
		msix_access(hit, addr - hit->window[1], size, is_write, value);
	return MODEL_HANDLED;
}

/* --- what tests look at --- */

void model_clear_raised(void)
{
	model_raised.count = 0;
}

uint64_t model_bar(uint32_t cell, uint16_t bdf, uint32_t n)
{
	const struct device *d = function_of(cell, bdf);

	return memory_space(d) ? d->window[n] : get(d, 0x10 + 4 * n, 4);
}

bool model_link_exists(uint16_t bdf)
{
	return link_of(bdf);
}

uint32_t model_link_peers(uint16_t bdf)
{
	return link_of(bdf)->peers;
}

uint32_t model_table_entry(uint16_t bdf, uint32_t id)
{
	return id < MODEL_PEERS ? link_of(bdf)->table[id] : 0;
}

const uint64_t *model_counters(uint16_t bdf, uint32_t id)
{
	return link_of(bdf)->counters[id];
}

bool model_latched(uint16_t bdf, uint32_t id)
{
	struct device *d = peer_of(bdf, id);

	return d && d->latched;
}

static uint32_t flags(const struct device *d)
{
	return (d->control ? LINK_FLAG_ENABLED : 0) | (armed(d, 0) ? LINK_FLAG_ARMED : 0) |
	       (one_shot(d) ? LINK_FLAG_ONE_SHOT : 0) | (d->latched ? LINK_FLAG_LATCHED : 0) |
	       (memory_space(d) ? LINK_FLAG_MEMORY : 0) | (bus_master(d) ? LINK_FLAG_MASTER : 0) |
	       (intx_disabled(d) ? LINK_FLAG_INTX_OFF : 0) | (d->config[0x63] & 0x80 ? LINK_FLAG_MSIX : 0) |
	       (d->config[0x63] & 0x40 ? LINK_FLAG_MSIX_MASKED : 0);
}

/* The interrupt controller of the tests has nothing to say. */
static uint64_t route(const struct device *d, uint32_t vector)
{
	bool masked = d->params.vectors && d->msix[vector][3] & 1;

	return interrupt(d, vector) | (armed(d, vector) ? LINK_ROUTE_ARMED : 0) | (masked ? LINK_ROUTE_MASKED : 0);
}

uint64_t model_info(uint16_t bdf, uint32_t id, uint32_t item)
{
	const struct link *link = link_of(bdf);
	const struct device *d = peer_of(bdf, id);

	if (!link)
		return MODEL_NO_INFO;
	if (item == LINK_INFO_PEERS)
		return link->peers;
	if (item >= LINK_INFO_ROUTE_BASE)
		return d ? route(d, item - LINK_INFO_ROUTE_BASE) : MODEL_NO_INFO;
	if (id < link->peers && item >= LINK_INFO_VECTOR_COUNTER_BASE)
		return link->by_vector[id][item / 16 % 16][item % 16];
	if (item >= LINK_INFO_COUNTER_BASE)
		return id < link->peers ? link->counters[id][item - LINK_INFO_COUNTER_BASE] : MODEL_NO_INFO;
	if (!d)
		return MODEL_NO_INFO;
	switch (item) {
	case LINK_INFO_CELL:
		return d->cell;
	case LINK_INFO_STATE:
		return d->state;
	case LINK_INFO_FLAGS:
		return flags(d);
	case LINK_INFO_PROTOCOL:
		return d->params.protocol;
	case LINK_INFO_VECTORS:
		return d->params.vectors;
	default:
		return MODEL_NO_INFO;
	}
}

bool model_balanced(void)
{
	for (const struct link *link = links; link < links + MODEL_LINKS; link++) {
		uint64_t unaccounted = 0;

		for (uint32_t id = 0; link->exists && id < link->peers; id++) {
			unaccounted += link->counters[id][LINK_COUNTER_SENT];
			for (uint32_t c = LINK_COUNTER_SENT + 1; c < LINK_NUM_COUNTERS; c++)
				unaccounted -= link->counters[id][c];
			unaccounted -= model_latched(link->bdf, id);
		}
		if (unaccounted)
			return false;
	}
	return true;
}
