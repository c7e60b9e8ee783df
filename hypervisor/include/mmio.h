/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dispatch of trapped memory accesses of a cell.
 *
 * The set of windows of a cell is frozen when its creation ends. Fixed windows are kept sorted and searched
 * by bisection. Movable windows (BARs) have a constant slot and an atomic base; moving or closing one is a
 * single store, so dispatch takes no lock. An access that was dispatched just before a move may still be
 * executed: devices must be safe at any time between creation and destruction of the cell, and
 * destruction parks the CPUs of the cell first.
 */
#ifndef BULKHEAD_MMIO_H
#define BULKHEAD_MMIO_H

#include "bulkhead/hypercall_codes.h"
#include "types.h"

struct mmio_window;
struct virq_store;

/*
 * How the CPU may do the same access again without asking, as long as the window stays where it is; or NULL. Set by
 * dispatch.
 */
union mmio_again {
	const volatile uint32_t *word;	/* read of 4 bytes: this is what it gives, as long as the cell exists */
	struct virq_store *store;	/* write: all it does is raise what is published here, if it is; or &mmio_direct */
};

struct mmio_access {
	uint64_t offset;	/* from the base of the window */
	uint64_t value;		/* zero-extended; of a read it is set by dispatch */
	uint8_t size;		/* 1, 2, 4 or 8 bytes */
	bool is_write;
	const struct mmio_window *window;	/* set by dispatch: where it was */
	union mmio_again again;
};

enum mmio_result {
	MMIO_HANDLED,		/* done, or legitimately ignored (reads then give 0 or all ones) */
	MMIO_REFUSED,		/* violation by the cell: it fails */
	MMIO_NO_WINDOW,		/* dispatch only: nothing of the cell is there */
};

struct mmio_read {
	uint64_t value;		/* zero-extended */
	const volatile uint32_t *word;	/* mmio_again */
};

/*
 * What is behind windows. Accesses lie inside the window completely, but may be unaligned; size: 1, 2, 4 or 8 bytes. A device
 * has read and write, which take everything; or access, which may also refuse.
 */
struct mmio_device {
	uint32_t cause;		/* CPU_EXIT_*: counted by whoever has an access done */
	struct mmio_read (*read)(const struct mmio_window *window, uint64_t offset, uint32_t size);
	/* of value, only the lowest bytes count. The result: mmio_again */
	struct virq_store *(*write)(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value);
	enum mmio_result (*access)(const struct mmio_window *window, struct mmio_access *access);
};

/*
 * Writes of 4 bytes that mmio_again says this of are calls of a function, whatever the value is. Nothing is ever published here.
 */
extern struct virq_store mmio_direct;

#define MMIO_CLOSED	UINT64_MAX	/* base of a movable window that decodes nothing */

struct mmio_window {
	volatile uint64_t base;
	uint64_t size;
	const struct mmio_device *device;
	void *owner;		/* these two are the device's */
	uint32_t index;
};

struct mmio_map {
	struct mmio_window *fixed;	/* sorted by base, disjoint */
	struct mmio_window *movable;
	uint32_t num_fixed, max_fixed;
	uint32_t num_movable, max_movable;
};

/* windows: array of max_fixed + max_movable elements that lives as long as the map. */
void mmio_map_init(struct mmio_map *map, struct mmio_window *windows, uint32_t max_fixed, uint32_t max_movable);

/* During creation only. -EINVAL if it overlaps another fixed window or wraps, -ENOMEM if the map is full. */
int mmio_add_fixed(struct mmio_map *map, uint64_t base, uint64_t size, const struct mmio_device *device, void *owner,
		   uint32_t index);

/* During creation only; the window starts closed. NULL if the map is full. */
struct mmio_window *mmio_add_movable(struct mmio_map *map, uint64_t size, const struct mmio_device *device, void *owner,
				     uint32_t index);

/*
 * One atomic store. base MMIO_CLOSED closes. A base for which base + size would wrap closes, too. Afterwards the cell's CPUs have
 * to forget what they repeat by itself: arch_forget_accesses().
 */
void mmio_move(struct mmio_window *window, uint64_t base);

/*
 * Execute the access to guest address addr. Fixed windows win over movable ones. An access that straddles the
 * end of a window is MMIO_NO_WINDOW.
 */
enum mmio_result mmio_dispatch(const struct mmio_map *map, guest_addr_t addr, struct mmio_access *access);

/* Is addr in a window, so that an access that is MMIO_NO_WINDOW begins in one? */
bool mmio_has_window(const struct mmio_map *map, guest_addr_t addr);

/*
 * Does every access inside the page of addr go to this window, which has taken one there, and inside each other page that is all its
 * own? base: where it was then, of a movable one a multiple of its size, which is whole pages.
 */
bool mmio_has_pages(const struct mmio_map *map, const struct mmio_window *window, uint64_t base, guest_addr_t addr);

#endif
