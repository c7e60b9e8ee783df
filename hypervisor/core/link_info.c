/* SPDX-License-Identifier: BSD-2-Clause */
/* HC_LINK_INFO: who may ask. Not part of a build without CONFIG_LINK_INFO. */
#include "cell.h"
#include "control.h"
#include "errors.h"
#include "hypercall.h"
#include "ivshmem.h"

int64_t call_link_info(uint64_t link_peer, uint32_t item)
{
	uint32_t bdf = (uint32_t)MIN(link_peer >> 16, UINT32_MAX), peer = link_peer & 0xffff;
	int64_t result;

	if (!this_cpu()->cell->is_root)
		return ivshmem_own_info(this_cpu()->cell, bdf, peer, item);
	look_lock();
	/* while it waited, the CPU may have been given to another cell */
	result = this_cpu()->cell->is_root ? ivshmem_link_info(bdf, peer, item) : -EPERM;
	look_unlock();
	return result;
}
