/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a cell, as its root cell pays for it (`make bench`). tests/bench/operations.py puts the cell's configuration
 * and image beside this program and says where they are: parameters config=, image=, size=, ram= (addresses that are
 * mapped 1:1), id=.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>

#include "bench_marks.h"

static uint32_t failures;

#define MEASURE_CALL(operation, code, argument) do { \
	MARK(2 * (operation)); \
	int64_t result = hypercall(code, argument, 0); \
	MARK(2 * (operation) + 1); \
	if (result < 0) { \
		printk("bench: hypercall %u failed: %lld\n", code, (long long)result); \
		failures++; \
	} \
} while (0)

void inmate_main(void)
{
	uint64_t config = (uint64_t)param_int("config", 0), image = (uint64_t)param_int("image", 0);
	uint64_t ram = (uint64_t)param_int("ram", 0), size = (uint64_t)param_int("size", 0);
	uint32_t id = (uint32_t)param_int("id", 1);

	map(config, PAGE_SIZE, MAP_NORMAL);
	map(image, size, MAP_NORMAL);
	MARK(2 * BENCH_LOG);
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++) {
		MEASURE_CALL(BENCH_DESTROY, HC_CELL_DESTROY, id);
		MEASURE_CALL(BENCH_CREATE, HC_CELL_CREATE, config);
		MEASURE_CALL(BENCH_LOADABLE, HC_CELL_SET_LOADABLE, id);
		map(ram, size, MAP_NORMAL);
		memcpy((void *)(uintptr_t)ram, (const void *)(uintptr_t)image, size);
		MEASURE_CALL(BENCH_START, HC_CELL_START, id);
	}
	MARK(2 * BENCH_LOG + 1);
	printk("bench: done, %u failures\n", failures);
}
