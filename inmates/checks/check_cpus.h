/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between check_cpus.c and its assembly part: what the second CPU writes down with its first instructions,
 * and what it needs to go on in C.
 */
#ifndef CHECK_CPUS_H
#define CHECK_CPUS_H

#define SECOND_X0	0
#define SECOND_X1	8
#define SECOND_OTHERS	16	/* x2..x30 and both stack pointers, ORed */
#define SECOND_EL	24
#define SECOND_DAIF	32
#define SECOND_SCTLR	40
#define SECOND_SPSEL	48
#define SECOND_VBAR	56	/* set by the first CPU */
#define SECOND_STACK	64	/* likewise */

#endif
