/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that leave the cell: firmware (SMC) and hypervisor (HVC), and the end of the program.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>

#define STRING(x)	STRING_(x)
#define STRING_(x)	#x

struct smc_result smc_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	/* SMCCC 1.0 may clobber up to x17 */
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
			   "x16", "x17", "memory");
	return (struct smc_result){ .x0 = x0, .x1 = x1, .x2 = x2, .x3 = x3 };
}

int64_t hypercall(uint64_t code, uint64_t a1, uint64_t a2)
{
	register uint64_t x0 __asm__("x0") = code;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;

	__asm__ volatile("hvc #" STRING(HC_IMMEDIATE)
			 : "+r" (x0), "+r" (x1), "+r" (x2) : : "x3", "memory");
	return (int64_t)x0;
}

void stop(void)
{
	__asm__ volatile("msr daifset, #15" : : : "memory");
	for (;;)
		wait_for_interrupt();
}
