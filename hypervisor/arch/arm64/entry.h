/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions in assembly of entry.S, vectors.S and their like, and what they call. */
#ifndef BULKHEAD_ARM64_ENTRY_H
#define BULKHEAD_ARM64_ENTRY_H

#include "percpu.h"

void arm64_clear_simd(void);
void arm64_clear_sve(void);
void arm64_clear_debug(uint64_t breakpoints, uint64_t watchpoints);
void arm64_discard_lines(uint64_t start, uint64_t end);
void arm64_discard_pages(uint64_t start, uint64_t end);
void arm64_zero(uint64_t start, uint64_t end);
void arm64_drain_serror(void);
bool arm64_device_access(volatile void *address, uint64_t *value, uint32_t kind);
uint64_t arm64_translate(uint64_t address, bool by_el0);
bool arm64_sweep_page(void *page, uint64_t line, uint64_t zero);
void arm64_leave(int64_t result, struct trap_frame *frame, uint64_t sctlr, uint64_t vbar,
		 uint64_t trampoline) __attribute__((noreturn));

/* Back to whoever called the hyp stub, with result in x0 and everything else from the frame. */
void arch_leave(int64_t result, struct trap_frame *frame) __attribute__((noreturn));

/* First C function of a CPU; 0: go on as a guest, else leave with that errno. */
int from_linux_entry(struct percpu *cpu, uint64_t cpu_id, uint64_t sctlr, uint64_t vbar);

/* Likewise for direct boot; returns when the CPU has a guest to run, and does not where the system cannot start. */
void from_firmware_entry(struct percpu *cpu, uint64_t cpu_id);

#endif
