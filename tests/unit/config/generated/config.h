/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits of the unit tests: small, so that tests can reach them; a test can have its own by -D. */
#ifndef BULKHEAD_TEST_CONFIG_H
#define BULKHEAD_TEST_CONFIG_H

#ifndef CONFIG_MAX_CPUS
#define CONFIG_MAX_CPUS			64
#endif
#ifndef CONFIG_STACK_SIZE
#define CONFIG_STACK_SIZE		2048
#endif
#ifndef CONFIG_MAX_CELLS
#define CONFIG_MAX_CELLS		16
#endif
#define CONFIG_FAST_PATH		1
#define CONFIG_LATE_LAUNCH		1
#define CONFIG_DIRECT_BOOT		1
#define CONFIG_CELL_MANAGEMENT		1
#ifndef CONFIG_REASONS
#define CONFIG_REASONS			1
#endif
#ifndef CONFIG_WATCHDOG			/* core_left_out and core_no_reasons have none of these */
#define CONFIG_WATCHDOG			1
#define CONFIG_UART_PL011		1
#define CONFIG_UART_8250		1
#define CONFIG_LINK_INFO		1
#define CONFIG_CELL_INFO		1
#define CONFIG_CELL_CONSOLE		1
#define CONFIG_CRASH_LOG		1
#endif
#ifndef CONFIG_TRACE
#define CONFIG_TRACE			1
#endif
#ifndef CONFIG_TRACE_ALL
#define CONFIG_TRACE_ALL		0
#endif
#ifndef CONFIG_IVSHMEM_MAX_LINKS
#define CONFIG_IVSHMEM_MAX_LINKS	3
#endif

#endif
