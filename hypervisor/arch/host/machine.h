/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to the files of the host machine. */
#ifndef BULKHEAD_HOST_MACHINE_PRIVATE_H
#define BULKHEAD_HOST_MACHINE_PRIVATE_H

#include "percpu.h"

struct cell;

/* schedule.c: let somebody else run; sleep until a kick, which is consumed, or until a flag is false; time in ticks. */
void host_yield(void);
void host_sleep_until_kick(struct percpu *cpu);
void host_sleep_while(struct percpu *cpu, const volatile bool *request);
void host_kick(struct percpu *cpu);
void host_revoke(const struct cell *cell, bool revoke);
uint64_t host_ticks(void);
struct percpu *host_current(void);
bool host_timer_is_due(const struct percpu *cpu);

/* schedule.c: the thread of the calling CPU ends here. */
void host_leave(int64_t result) __attribute__((noreturn));
void host_halt(void) __attribute__((noreturn));

/* stage2.c: a CPU that begins has no old translations; may a CPU of the cell run? */
void host_drop_translations(struct cell *cell);
bool host_is_flushed(const struct cell *cell);

/* cpu.c: place everything in hypervisor memory, fill *boot but for the configuration. */
void host_build(struct boot_info *boot);

#endif
