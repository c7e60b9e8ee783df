// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of cells and links that Linux owns as System RAM is taken out of the page allocator. An xarray
 * counts, per page, the claims that hold it; a page is taken with the first. It stays taken when the last
 * is gone, until the module is removed. Taken pages are marked offline, which keeps /proc/kcore and crash dumps
 * from reading what the hypervisor has unmapped from Linux. It keeps them out of hibernation's image, too, but not the cells
 * from being overwritten when it is read: notifiers.c has Linux not hibernate while there are any.
 *
 * Blocks that were taken once are CMA blocks from then on: what goes back is the first that Linux would use
 * for its next unmovable pages, and no cell could have it again before Linux is restarted. In a CMA block
 * Linux puts only pages that it can move away.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "driver.h"

#define CLAIM_ATTEMPTS	8	/* pages under writeback or pinned for a moment */
#define CLAIM_PAUSE_MS	10	/* doubled each time: two seconds and a half at most */

struct claim_range {
	struct list_head entry;
	unsigned long start, end;	/* page frames, end excluded */
};

static DEFINE_XARRAY(claim_counts);	/* taken page frame -> number of claims */
static DEFINE_MUTEX(claims_lock);

void bh_claims_init(struct bh_claims *claims)
{
	INIT_LIST_HEAD(&claims->ranges);
	claims->scrubbed = false;
}

static unsigned long claim_count(unsigned long pfn)
{
	void *entry = xa_load(&claim_counts, pfn);

	return entry ? xa_to_value(entry) : 0;
}

static bool is_taken(unsigned long pfn)
{
	return xa_load(&claim_counts, pfn);
}

static bool page_usable(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && !is_zone_device_page(page);
}

/* End of the untaken pages from start on that one call can take */
static unsigned long run_end(unsigned long start, unsigned long end)
{
	struct zone *zone = page_zone(pfn_to_page(start));
	unsigned long pfn;

	for (pfn = start + 1; pfn < end; pfn++)
		if (is_taken(pfn) || !page_usable(pfn) || page_zone(pfn_to_page(pfn)) != zone)
			break;
	return pfn;
}

/*
 * A frozen reference count tells the page isolation code to pass over the page. It looks at whole
 * pageblocks, and would otherwise refuse all later claims in a block where we hold one page. Should somebody
 * look at a page at this very moment, it stays unfrozen, which is only inconvenient.
 */
static void mark_taken(unsigned long start, unsigned long end)
{
	unsigned long pfn;

	page_offline_begin();
	for (pfn = start; pfn < end; pfn++) {
		__SetPageOffline(pfn_to_page(pfn));
		page_ref_freeze(pfn_to_page(pfn), 1);
	}
	page_offline_end();
}

static void unmark_taken(unsigned long start, unsigned long end)
{
	unsigned long pfn;

	page_offline_begin();
	for (pfn = start; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!page_ref_count(page))
			page_ref_unfreeze(page, 1);
		__ClearPageOffline(page);
	}
	page_offline_end();
}

/*
 * What Linux has left is nobody else's business, and goes when a page is taken: whether the hypervisor then refuses something or
 * keeps the contents for a cell, nobody finds it. Who gets it may run with caches off.
 */
static void clear_pages(unsigned long start, unsigned long end)
{
	memset(pfn_to_kaddr(start), 0, (end - start) << PAGE_SHIFT);
	bh_clean_to_poc(pfn_to_kaddr(start), (end - start) << PAGE_SHIFT);
}

/* What Linux uses a page for that it cannot move; NULL: it is free, or can be moved as far as one sees from here. */
static const char *unmovable_use(struct page *page)
{
	if (PageReserved(page))
		return "is reserved since boot";
	/* free, or a part of a larger page: its first one has the count */
	if (!page_ref_count(page) || PageLRU(page) || __PageMovable(page) || PageHuge(page))
		return NULL;
	if (PageSlab(page))
		return "has objects of the kernel";
	return PageTable(page) ? "is a page table" : "is memory of the kernel or a device";
}

/* The first page that Linux cannot move, with its use; without one, the end and what else there is to say. */
static unsigned long page_in_the_way(unsigned long start, unsigned long end, const char **use)
{
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++) {
		*use = page_usable(pfn) ? unmovable_use(pfn_to_page(pfn)) : "is no ordinary memory";
		if (*use)
			return pfn;
	}
	*use = "or a page behind it is pinned, or changes all the time";
	return end;
}

/*
 * Before the next try; false: there is none. A page that waits in a list of some CPU to become one that can be moved counts
 * as one that cannot, and an idle CPU leaves it there, so these lists are emptied. Other pages the kernel frees a grace
 * period later. Nothing tells when the last user of a pinned page lets go.
 */
static bool another_try(struct page *page, int attempt)
{
	if (PageReserved(page) || attempt == CLAIM_ATTEMPTS)
		return false;
	bh_empty_page_lists(&bh.pdev->dev, page);
	if (attempt == 1)
		synchronize_rcu();
	else
		msleep(CLAIM_PAUSE_MS << attempt);
	return true;
}

static int take_from_linux(unsigned long start, unsigned long end)
{
	const char *use;
	unsigned long pfn;
	int attempt = 0, err;

	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		/* a try that fails makes CMA blocks, too, of all before the page: not for what cannot be had */
		pfn = page_in_the_way(start, end, &use);
		err = pfn < end ? -EBUSY : alloc_contig_range(start, end, MIGRATE_CMA, GFP_KERNEL | __GFP_NOWARN);
	} while (err == -EBUSY && another_try(pfn_to_page(pfn < end ? pfn : start), ++attempt));
	if (err)
		return err;
	clear_pages(start, end);
	mark_taken(start, end);
	return 0;
}

static void give_to_linux(unsigned long start, unsigned long end)
{
	unmark_taken(start, end);
	free_contig_range(start, end - start);
}

/* Drops one claim on each page; pages without any stay taken. */
static void unclaim_pages(unsigned long start, unsigned long end)
{
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++) {
		/* replaces a value in a present slot: needs no memory */
		xa_store(&claim_counts, pfn, xa_mk_value(claim_count(pfn) - 1), GFP_KERNEL);
		cond_resched();
	}
}

/* One more claim on each page from *done on, which is advanced past the counted ones */
static int count_pages(unsigned long *done, unsigned long end)
{
	for (; *done < end; (*done)++) {
		void *old = xa_store(&claim_counts, *done, xa_mk_value(claim_count(*done) + 1), GFP_KERNEL);

		if (xa_is_err(old))
			return xa_err(old);
		cond_resched();
	}
	return 0;
}

static int claim_pages(unsigned long start, unsigned long end, bool scrubbed, unsigned long *stuck)
{
	unsigned long pfn = start;
	int err = 0;

	while (pfn < end && !err) {
		unsigned long next = pfn + 1;

		*stuck = pfn;
		if (is_taken(pfn)) {
			if (!scrubbed && !claim_count(pfn))
				clear_pages(pfn, next);
			err = count_pages(&pfn, next);
			continue;
		}
		err = -EBUSY;
		if (page_usable(pfn)) {
			next = run_end(pfn, end);
			err = take_from_linux(pfn, next);
		}
		if (err)
			break;
		err = count_pages(&pfn, next);
		if (err)
			give_to_linux(pfn, next);	/* the uncounted rest */
	}
	if (err)
		unclaim_pages(start, pfn);
	return err;
}

struct ram_walk {
	u64 ram;			/* bytes found */
	struct bh_claims *claims;	/* NULL: only measure */
	const char *what;
	struct bh_reason *why;
};

static bool has_range(struct bh_claims *claims, unsigned long start, unsigned long end)
{
	struct claim_range *range;

	list_for_each_entry(range, &claims->ranges, entry)
		if (range->start == start && range->end == end)
			return true;
	return false;
}

/* Called for each piece of System RAM in the range of bh_claim() or bh_linux_ram(), clipped to it */
static int ram_piece(struct resource *res, void *data)
{
	unsigned long start = PFN_DOWN(res->start), end = PFN_UP(res->end + 1), stuck = start;
	struct ram_walk *walk = data;
	struct claim_range *range;
	int err;

	walk->ram += resource_size(res);
	if (!walk->claims || has_range(walk->claims, start, end))
		return 0;
	range = kmalloc(sizeof(*range), GFP_KERNEL);
	if (!range)
		return -ENOMEM;
	err = claim_pages(start, end, walk->claims->scrubbed, &stuck);
	if (err) {
		const char *use;
		unsigned long pfn;

		kfree(range);
		if (err != -EBUSY)
			return err;
		pfn = page_in_the_way(stuck, end, &use);
		if (pfn == end) {
			const char *other;
			unsigned long last = ALIGN(end, pageblock_nr_pages);

			/* Linux isolates whole blocks: one beside the range is in the way, too */
			pfn = page_in_the_way(ALIGN_DOWN(stuck, pageblock_nr_pages), last, &other);
			if (pfn < last)
				use = other;
			else
				pfn = stuck;
		}
		stuck = pfn;
		return bh_refuse(walk->why, err,
				 "%s: Linux cannot give up 0x%llx-0x%llx (0x%llx %s): choose other memory, or reserve it with mem= or a reserved-memory node",
				 walk->what, (u64)start << PAGE_SHIFT, (u64)end << PAGE_SHIFT,
				 (u64)stuck << PAGE_SHIFT, use);
	}
	range->start = start;
	range->end = end;
	list_add_tail(&range->entry, &walk->claims->ranges);
	return 0;
}

static int walk_ram(u64 start, u64 size, struct ram_walk *walk)
{
	int err = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, start,
				      start + size - 1, walk, ram_piece);

	/* the walk says -EINVAL for "nothing there" */
	return walk->ram ? err : 0;
}

/* How many bytes of the range are System RAM of this Linux; size > 0 */
u64 bh_linux_ram(u64 start, u64 size)
{
	struct ram_walk walk = { };

	walk_ram(start, size, &walk);
	return walk.ram;
}

/* Is every page of the range claimed by somebody? The caller has found it inside System RAM. */
bool bh_is_claimed(u64 start, u64 size)
{
	unsigned long pfn;

	for (pfn = PFN_DOWN(start); pfn < PFN_UP(start + size); pfn++)
		if (!claim_count(pfn))
			return false;
	return true;
}

/*
 * Claims what Linux owns of the range. Nothing to do for memory it does not know (mem=, no-map) or that was
 * reserved for this use; but there has to be some. On failure the set keeps what it had before. size > 0, no overflow.
 */
int bh_claim(struct bh_claims *claims, u64 start, u64 size, const char *what, struct bh_reason *why)
{
	u64 first = start & PAGE_MASK, bytes = PAGE_ALIGN(start + size) - first;
	struct ram_walk walk = { .claims = claims, .what = what, .why = why };
	u64 ram = bh_linux_ram(first, bytes);
	struct list_head *before;
	int err;

	if (!ram || bh_is_reserved_memory(first, bytes))
		return bh_check_memory(start, size, what, why);
	if (ram != bytes)
		return bh_refuse(why, -EINVAL,
				 "%s: 0x%llx-0x%llx is only partly memory of Linux: keep it inside or outside",
				 what, first, first + bytes);

	mutex_lock(&claims_lock);
	before = claims->ranges.prev;
	err = walk_ram(first, bytes, &walk);
	while (err && claims->ranges.prev != before) {
		struct claim_range *range = list_last_entry(&claims->ranges, struct claim_range, entry);

		unclaim_pages(range->start, range->end);
		list_del(&range->entry);
		kfree(range);
	}
	mutex_unlock(&claims_lock);
	return err;
}

void bh_claims_release(struct bh_claims *claims)
{
	struct claim_range *range, *next;

	mutex_lock(&claims_lock);
	list_for_each_entry_safe(range, next, &claims->ranges, entry) {
		unclaim_pages(range->start, range->end);
		list_del(&range->entry);
		kfree(range);
	}
	mutex_unlock(&claims_lock);
}

/* Gives everything back to Linux; nobody holds a claim any more. */
void bh_claims_exit(void)
{
	unsigned long pfn, start = 0, end = 0;
	void *entry;

	xa_for_each(&claim_counts, pfn, entry) {
		if (pfn != end) {
			if (start < end)
				give_to_linux(start, end);
			start = pfn;
		}
		end = pfn + 1;
	}
	if (start < end)
		give_to_linux(start, end);
	xa_destroy(&claim_counts);
}
