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
