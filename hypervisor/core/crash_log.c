/* SPDX-License-Identifier: BSD-2-Clause */
#include "bulkhead/crash_log.h"
#include "cell.h"
#include "console.h"
#include "console_setup.h"
#include "crash_log.h"
#include "crc32.h"
#include "percpu.h"
#include "trace_ring.h"
#include "arch/cpu.h"

static struct bh_crash_log *place;
static uint32_t author;		/* the CPU that writes it, and 1; 0: nobody yet */

static const char signature[sizeof(place->signature)] = BH_CRASH_SIGNATURE;

static uint32_t checksum(const struct bh_crash_log *log)
{
	return ~arch_crc32_update(CRC32_START, (const uint8_t *)log + BH_CRASH_CRC_FROM, sizeof(*log) - BH_CRASH_CRC_FROM);
}

static bool is_signed(const struct bh_crash_log *log)
{
	return same_bytes(log->signature, signature, sizeof(signature)) && log->version == BH_CRASH_VERSION &&
	       log->size == sizeof(*log) && log->crc == checksum(log);
}

static void sign(struct bh_crash_log *log)
{
	log->version = BH_CRASH_VERSION;
	log->size = sizeof(*log);
	log->crc = checksum(log);
	__builtin_memcpy(log->signature, signature, sizeof(signature));
	arch_clean_page(log);
}

void crash_log_init(struct bh_crash_log *page)
{
	if (is_signed(page) && !page->reported) {
		page->reported = 1;
		page->cell_name[sizeof(page->cell_name) - 1] = '\0';
		page->reason[sizeof(page->reason) - 1] = '\0';
		console_printf("The run before ended in a panic on CPU %u, of cell \"%s\": %s", page->cpu, page->cell_name,
			       page->reason);
		console_printf("\n");	/* a long one has been cut */
	} else {
		/* memory may hold anything when the machine is switched on; the root cell can read this page */
		__builtin_memset(page, 0, sizeof(*page));
	}
	arch_clean_page(page);
	place = page;
}

static void copy_traces(struct bh_crash_log *log)
{
	for (uint32_t n = 0; CONFIG_TRACE && n < BH_TRACE_KEPT; n++)
		for (uint32_t id = 0; id < num_cpu_slots && log->trace_count < BH_CRASH_TRACE_EVENTS; id++) {
			struct bh_trace_event *event = &log->trace[log->trace_count];
			const struct percpu *cpu = percpu_of(id);

			if (!cpu || !trace_last(cpu, n, event))
				continue;
			event->unused[0] = id;
			event->unused[1] = n;
			log->trace_count++;
		}
}

/* What may fail itself, or not be there yet */
static void write_surroundings(struct bh_crash_log *log)
{
	const struct cell *cell = this_cpu()->cell;

	log->console_size = (uint32_t)console_copy(log->console, sizeof(log->console));
	copy_traces(log);
	if (!cell)
		return;
	log->cell = cell->id;
	format_text(log->cell_name, sizeof(log->cell_name), "%s", cell->config.cell->name);
}

void crash_log_write(const struct bh_crash_registers *registers, uint32_t vector, const char *reason)
{
	struct bh_crash_log *log = place;
	uint32_t cpu = this_cpu()->cpu_id, nobody = 0;

	if (!log)
		return;
	if (__atomic_compare_exchange_n(&author, &nobody, cpu + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		__builtin_memset(log, 0, sizeof(*log));
		log->cpu = cpu;
		log->cell = BH_CRASH_NO_CELL;
		log->ticks = arch_ticks();
		log->ticks_per_second = arch_ticks_per_second();
		format_text(log->software, sizeof(log->software), "%pT", BULKHEAD_VERSION);
		format_text(log->reason, sizeof(log->reason), "%s", reason);
		if (registers) {
			log->registers = *registers;
			log->flags = BH_CRASH_EXCEPTION;
			log->vector = vector;
		}
		sign(log);
		write_surroundings(log);
	} else if (nobody != cpu + 1) {
		return;
	}
	sign(log);
}
