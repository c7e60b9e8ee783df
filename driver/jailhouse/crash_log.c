// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of a hypervisor that failed (bulkhead/crash_log.h). After a reset it stands in memory until the next enable, which
 * overwrites it: so it is taken before, and kept until the module is removed. While the hypervisor runs, its page can be read.
 */
#include <linux/crc32.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "driver.h"

static DEFINE_MUTEX(kept_lock);		/* innermost */
static struct bh_crash_log *kept;	/* NULL: none */

/* What decides whether it is one at all; versions differ in the rest, which is for the reader of the file to know. */
static bool is_record(const struct bh_crash_log *log)
{
	const u8 *bytes = (const u8 *)log;

	return !memcmp(log->signature, BH_CRASH_SIGNATURE, sizeof(log->signature)) && log->size == sizeof(*log) &&
	       log->crc == ~crc32_le(~0u, bytes + BH_CRASH_CRC_FROM, sizeof(*log) - BH_CRASH_CRC_FROM);
}

/* A copy to be freed, if there is a record. */
static struct bh_crash_log *copy_record(const struct bh_crash_log *page)
{
	struct bh_crash_log *copy = kmemdup(page, sizeof(*page), GFP_KERNEL);

	if (copy && is_record(copy))
		return copy;
	kfree(copy);
	return NULL;
}

static void announce(void)
{
	pr_warn("the hypervisor has left a crash log: 'jailhouse crash' shows it\n");
}

/* The page stays as it is: it may be Linux's. A record that has been taken before is not news. */
void bh_crash_log_take(const struct bh_crash_log *page)
{
	struct bh_crash_log *found = copy_record(page);

	if (!found)
		return;
	mutex_lock(&kept_lock);
	if (kept && !memcmp(kept, found, sizeof(*found))) {
		kfree(found);
	} else {
		kfree(kept);
		kept = found;
		announce();
	}
	mutex_unlock(&kept_lock);
}

/* In hypervisor memory of a configuration, whose size and alignment have been checked, before it is used. */
void bh_crash_log_take_from(const struct cfg_memory *memory)
{
	struct bh_crash_log *page;
	u64 last;

	if (!memory->phys_start || memory->phys_start > PHYS_MASK - memory->size ||
	    !bh_may_be_memory(memory->phys_start, memory->size))
		return;
	/* a page of the hypervisor, not of this kernel, whose may be larger */
	last = memory->phys_start + memory->size - sizeof(*page);
	page = memremap(last, sizeof(*page), MEMREMAP_WB);
	if (!page)
		return;
	bh_crash_log_take(page);
	memunmap(page);
}

/* sysfs; a page at most, all of it at once. Empty if there is no record. */
ssize_t bh_crash_log_read(char *buffer, loff_t offset, size_t count)
{
	struct bh_crash_log *live = NULL;
	ssize_t result = 0;

	down_read(&bh.gate);
	if (bh.enabled && bh.hvmem.crash_log)
		live = copy_record(bh.hvmem.crash_log);
	up_read(&bh.gate);
	if (live) {
		result = memory_read_from_buffer(buffer, count, &offset, live, sizeof(*live));
		kfree(live);
		return result;
	}
	mutex_lock(&kept_lock);
	if (kept)
		result = memory_read_from_buffer(buffer, count, &offset, kept, sizeof(*kept));
	mutex_unlock(&kept_lock);
	return result;
}

/* A hypervisor that firmware started has found one of the run before, and left it in its place. */
void bh_crash_log_adopted(void)
{
	struct bh_crash_log *live = copy_record(bh.hvmem.crash_log);

	if (live)
		announce();
	kfree(live);
}

void bh_crash_log_exit(void)
{
	kfree(kept);
	kept = NULL;
}
