/* SPDX-License-Identifier: BSD-2-Clause */
/* The page pool for tests of single parts: one heap block for each allocation, so that AddressSanitizer sees its ends. */
#include <stdlib.h>
#include <string.h>
#include "host.h"
#include "pages.h"

static uint32_t used, calls, fail_at;
static bool fail_ever_after;

void *pages_alloc(uint32_t count, uint32_t align_pages)
{
	void *pages;

	HOST_ASSERT(count > 0 && align_pages == 1);
	calls++;
	if (fail_at && (calls == fail_at || (fail_ever_after && calls > fail_at)))
		return NULL;
	pages = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
	HOST_ASSERT(pages);
	memset(pages, 0, count * PAGE_SIZE);
	used += count;
	return pages;
}

void pages_free(void *pages, uint32_t count)
{
	HOST_ASSERT(pages && count > 0 && count <= used);
	used -= count;
	free(pages);
}

uint32_t pages_used(void)
{
	return used;
}

void host_fail_pages(uint32_t nth, bool ever_after)
{
	fail_at = nth ? calls + nth : 0;
	fail_ever_after = ever_after;
}
