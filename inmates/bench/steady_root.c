/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A root cell that destroys, creates, loads and starts a cell for ever, beside one that is to notice nothing of it
 * (tests/direct/test_steady.py). Parameters as for bench_root.c; without config= it does nothing.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>

static void must(uint32_t code, uint64_t argument)
{
	int64_t result = hypercall(code, argument, 0);

	if (result >= 0)
		return;
	printk("root: failed: hypercall %u: %lld\n", code, (long long)result);
	stop();
}

void inmate_main(void)
{
	uint64_t config = (uint64_t)param_int("config", 0), image = (uint64_t)param_int("image", 0);
	uint64_t ram = (uint64_t)param_int("ram", 0), size = (uint64_t)param_int("size", 0);
	uint32_t id = (uint32_t)param_int("id", 1);

	if (!config)
		return;
	map(config, PAGE_SIZE, MAP_NORMAL);
	map(image, size, MAP_NORMAL);
	for (uint32_t n = 1; ; n++) {
		must(HC_CELL_DESTROY, id);
		must(HC_CELL_CREATE, config);
		must(HC_CELL_SET_LOADABLE, id);
		map(ram, size, MAP_NORMAL);
		memcpy((void *)(uintptr_t)ram, (const void *)(uintptr_t)image, size);
		must(HC_CELL_START, id);
		if (n % 8 == 0)
			printk("root: %u lives\n", n);
	}
}
