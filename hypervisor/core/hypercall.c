/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls: who answers which code. All arguments are a guest's. */
#include "hypercall.h"
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "pages.h"
#include "paging.h"
#include "setup.h"
#include "trace.h"

/* Ids and items have 32 bits; what is larger becomes a number that nothing has. */
static uint32_t cut(uint64_t arg)
{
	return arg > UINT32_MAX ? UINT32_MAX : (uint32_t)arg;
}

static int64_t hypervisor_info(uint32_t type)
{
	switch (type) {
	case HV_INFO_MEM_POOL_SIZE:
		return pages_total();
	case HV_INFO_MEM_POOL_USED:
		return pages_used();
	case HV_INFO_REMAP_POOL_SIZE:
		return remap_pages_total();
	case HV_INFO_REMAP_POOL_USED:
		return remap_pages_used();
	case HV_INFO_NUM_CELLS:
		return num_cells();
	default:
		return -EINVAL;
	}
}

static int64_t debug_putc(char c)
{
	if (!(this_cpu()->cell->config.cell->flags & CFG_CELL_CONSOLE_PERMITTED))
		return -EPERM;
	console_putc(this_cpu()->cell->console, c);
	return 0;
}

/* Of the root cell alone, also where it is not there */
static int64_t left_out(void)
{
	return this_cpu()->cell->is_root ? -ENOSYS : -EPERM;
}

/* Apart, so that what the others cost does not depend on which of these there are */
static int64_t own_hypercall(uint64_t code, uint64_t arg1, uint32_t item)
{
	switch (code) {
	case HC_LINK_INFO:
		return CONFIG_LINK_INFO ? call_link_info(arg1, item) : -ENOSYS;
	case HC_CELL_INFO:
		return CONFIG_CELL_INFO ? cell_info(cut(arg1), item) : -ENOSYS;
	case HC_CELL_FAULT:
		return cell_fault(cut(arg1), item);
	case HC_CELL_CONSOLE:
		return CONFIG_CELL_CONSOLE ? cell_console(cut(arg1), item) : -ENOSYS;
	case HC_CPU_EXITS:
		return cpu_exits(cut(arg1), item);
	case HC_TRACE:
		return CONFIG_TRACE ? trace_piece(cut(arg1), item) : -ENOSYS;
	default:
		return -ENOSYS;
	}
}

/* The entry code refuses all codes that are not here: NUM_HYPERCALLS, NUM_OWN_HYPERCALLS */
int64_t hypercall(uint64_t code, uint64_t arg1, uint64_t arg2)
{
	uint32_t id = cut(arg1), item = cut(arg2);

	switch (code) {
	case HC_DISABLE:
		return CONFIG_LATE_LAUNCH ? hypervisor_disable() : -EPERM;	/* as after any direct boot */
	case HC_CELL_CREATE:
		return CONFIG_CELL_MANAGEMENT ? cell_create(GUEST_ADDR(arg1)) : left_out();
	case HC_CELL_START:
		return CONFIG_CELL_MANAGEMENT ? cell_start(id) : left_out();
	case HC_CELL_SET_LOADABLE:
		return CONFIG_CELL_MANAGEMENT ? cell_set_loadable(id) : left_out();
	case HC_CELL_DESTROY:
		return CONFIG_CELL_MANAGEMENT ? cell_destroy(id) : left_out();
	case HC_HYPERVISOR_INFO:
		return hypervisor_info(id);
	case HC_CELL_GET_STATE:
		return cell_get_state(id);
	case HC_CPU_INFO:
		return cpu_info(id, item);
	case HC_DEBUG_PUTC:
		return debug_putc((char)arg1);
	default:
		return own_hypercall(code, arg1, item);
	}
}
