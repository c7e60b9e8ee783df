/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls: code -> handler. All arguments are a guest's. */
#include "bulkhead/hypercall_codes.h"
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "hypercall.h"
#include "pages.h"
#include "paging.h"
#include "setup.h"

typedef int64_t (*hypercall_t)(uint64_t arg1, uint64_t arg2);

static int64_t call_disable(uint64_t arg1, uint64_t arg2)
{
	(void)arg1;
	(void)arg2;
	return CONFIG_LATE_LAUNCH ? hypervisor_disable() : -EPERM;	/* as after any direct boot */
}

static int64_t call_get_state(uint64_t arg1, uint64_t arg2)
{
	(void)arg2;
	return cell_get_state(cut(arg1));
}

static int64_t call_info(uint64_t type, uint64_t arg2)
{
	(void)arg2;
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

static int64_t call_putc(uint64_t c, uint64_t arg2)
{
	(void)arg2;
	if (!(this_cpu()->cell->config.cell->flags & CFG_CELL_CONSOLE_PERMITTED))
		return -EPERM;
	console_putc(this_cpu()->cell->console, (char)c);
	return 0;
}

static int64_t call_cell_fault(uint64_t id, uint64_t piece)
{
	return cell_fault(cut(id), cut(piece));
}

/* Of the root cell alone, also where it is not there */
static int64_t call_left_out(uint64_t arg1, uint64_t arg2)
{
	(void)arg1;
	(void)arg2;
	return this_cpu()->cell->is_root ? -ENOSYS : -EPERM;
}

#define MANAGEMENT(call)	(CONFIG_CELL_MANAGEMENT ? (call) : call_left_out)

static const hypercall_t hypercalls[] = {
	[HC_DISABLE] = call_disable,
	[HC_CELL_CREATE] = MANAGEMENT(call_create),
	[HC_CELL_START] = MANAGEMENT(call_start),
	[HC_CELL_SET_LOADABLE] = MANAGEMENT(call_set_loadable),
	[HC_CELL_DESTROY] = MANAGEMENT(call_destroy),
	[HC_HYPERVISOR_INFO] = call_info,
	[HC_CELL_GET_STATE] = call_get_state,
	[HC_CPU_INFO] = cpu_info,
	[HC_DEBUG_PUTC] = call_putc,
};

/* The codes of our own begin far behind: a table of their own. */
static const hypercall_t own_hypercalls[] = {
	[HC_LINK_INFO - HC_OWN_BASE] = CONFIG_LINK_INFO ? call_link_info : NULL,
	[HC_CELL_INFO - HC_OWN_BASE] = CONFIG_CELL_INFO ? call_cell_info : NULL,
	[HC_CELL_FAULT - HC_OWN_BASE] = call_cell_fault,
	[HC_CELL_CONSOLE - HC_OWN_BASE] = CONFIG_CELL_CONSOLE ? call_cell_console : NULL,
	[HC_CPU_EXITS - HC_OWN_BASE] = cpu_exits,
	[HC_TRACE - HC_OWN_BASE] = CONFIG_TRACE ? call_trace : NULL,
};

_Static_assert(ARRAY_SIZE(hypercalls) == NUM_HYPERCALLS && ARRAY_SIZE(own_hypercalls) == NUM_OWN_HYPERCALLS,
	       "the entry code knows how many there are");

int64_t hypercall(uint64_t code, uint64_t arg1, uint64_t arg2)
{
	if (code < ARRAY_SIZE(hypercalls))
		return hypercalls[code](arg1, arg2);
	code -= HC_OWN_BASE;
	return code < ARRAY_SIZE(own_hypercalls) && own_hypercalls[code] ? own_hypercalls[code](arg1, arg2) : -ENOSYS;
}
