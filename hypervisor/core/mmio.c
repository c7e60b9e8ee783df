/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatch of trapped memory accesses to the windows of a cell. No locks; see mmio.h. */
#include "errors.h"
#include "mmio.h"
#include "virq.h"

struct virq_store mmio_direct;

COLD void mmio_map_init(struct mmio_map *map, struct mmio_window *windows, uint32_t max_fixed,
		   uint32_t max_movable)
{
	map->fixed = windows;
	map->movable = windows + max_fixed;
	map->num_fixed = 0;
	map->max_fixed = max_fixed;
	map->num_movable = 0;
	map->max_movable = max_movable;
}

/* Number of fixed windows that start at or below addr: the last of them is the only candidate. */
static uint32_t fixed_below(const struct mmio_map *map, uint64_t addr)
{
	uint32_t low = 0, high = map->num_fixed;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->fixed[middle].base <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

COLD int mmio_add_fixed(struct mmio_map *map, uint64_t base, uint64_t size, const struct mmio_device *device, void *owner,
		   uint32_t index)
{
	uint32_t position, n;

	if (size == 0 || !range_valid(base, size))
		return -EINVAL;

	position = fixed_below(map, base);
	if (position > 0 &&
	    ranges_overlap(map->fixed[position - 1].base, map->fixed[position - 1].size, base, size))
		return -EINVAL;
	if (position < map->num_fixed &&
	    ranges_overlap(map->fixed[position].base, map->fixed[position].size, base, size))
		return -EINVAL;
	if (map->num_fixed >= map->max_fixed)
		return -ENOMEM;

	for (n = map->num_fixed; n > position; n--)
		map->fixed[n] = map->fixed[n - 1];
	map->fixed[position] = (struct mmio_window){
		.base = base, .size = size, .device = device, .owner = owner, .index = index,
	};
	map->num_fixed++;
	return 0;
}

COLD struct mmio_window *mmio_add_movable(struct mmio_map *map, uint64_t size, const struct mmio_device *device, void *owner,
				     uint32_t index)
{
	struct mmio_window *window;

	if (map->num_movable >= map->max_movable)
		return NULL;
	window = &map->movable[map->num_movable++];
	*window = (struct mmio_window){
		.base = MMIO_CLOSED, .size = size, .device = device, .owner = owner, .index = index,
	};
	return window;
}

void mmio_move(struct mmio_window *window, uint64_t base)
{
	if (!range_valid(base, window->size))
		base = MMIO_CLOSED;
	__atomic_store_n(&window->base, base, __ATOMIC_RELAXED);
}

static enum mmio_result window_access(const struct mmio_window *window, uint64_t base, uint64_t addr,
				      struct mmio_access *access)
{
	const struct mmio_device *device = window->device;

	access->offset = addr - base;
	access->window = window;
	access->again.word = NULL;
	if (device->access)
		return device->access(window, access);
	if (access->is_write) {
		access->again.store = device->write(window, access->offset, access->size, access->value);
	} else {
		struct mmio_read result = device->read(window, access->offset, access->size);

		access->value = result.value;
		access->again.word = result.word;
	}
	return MMIO_HANDLED;
}

/* The fixed one that has all of [addr, addr + size), or NULL */
static APART const struct mmio_window *fixed_window(const struct mmio_map *map, uint64_t addr, uint64_t size)
{
	uint32_t n = fixed_below(map, addr);

	if (n > 0 && range_contains(map->fixed[n - 1].base, map->fixed[n - 1].size, addr, size))
		return &map->fixed[n - 1];
	return NULL;
}

struct place {
	const struct mmio_window *window;	/* NULL: none */
	uint64_t base;				/* where it was when it was looked for */
};

/* The movable one */
static APART struct place movable_window(const struct mmio_map *map, uint64_t addr, uint64_t size)
{
	const struct mmio_window *end = map->movable + map->num_movable;

	for (const struct mmio_window *window = map->movable; window < end; window++) {
		/* Read once: another CPU of the cell may move the window meanwhile. */
		uint64_t base = __atomic_load_n(&window->base, __ATOMIC_RELAXED);

		if (range_contains(base, window->size, addr, size) && base != MMIO_CLOSED)
			return (struct place){ window, base };
	}
	return (struct place){ NULL, 0 };
}

enum mmio_result mmio_dispatch(const struct mmio_map *map, guest_addr_t addr, struct mmio_access *access)
{
	const struct mmio_window *fixed = fixed_window(map, addr.value, access->size);
	struct place movable;

	if (fixed)
		return window_access(fixed, fixed->base, addr.value, access);
	movable = movable_window(map, addr.value, access->size);
	return movable.window ? window_access(movable.window, movable.base, addr.value, access) : MMIO_NO_WINDOW;
}

COLD bool mmio_has_window(const struct mmio_map *map, guest_addr_t addr)
{
	return fixed_window(map, addr.value, 1) || movable_window(map, addr.value, 1).window;
}

/*
 * A movable window that is asked before this one would have taken the access, too, as it is whole pages. Of fixed ones, which are
 * asked before all of them, the last that begins before the end of this one is in it if any is: they are disjoint.
 */
COLD bool mmio_has_pages(const struct mmio_map *map, const struct mmio_window *window, uint64_t base, guest_addr_t addr)
{
	uint32_t n;

	if (!range_contains(base, window->size, addr.value & PAGE_MASK, PAGE_SIZE))
		return false;
	n = fixed_below(map, base + window->size - 1);
	return n == 0 || &map->fixed[n - 1] == window ||
	       !ranges_overlap(map->fixed[n - 1].base, map->fixed[n - 1].size, base, window->size);
}
