/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt controller (GICv3, bases from the communication region) and the generic timer. One handler
 * for all interrupts, called with interrupts masked, once per acknowledged INTID.
 */
#ifndef INMATE_IRQ_H
#define INMATE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#define INTID_SPI		32u
#define INTID_VIRTUAL_TIMER	27u
#define INTID_SPURIOUS		1023u

typedef void (*irq_handler)(uint32_t intid);

/* Finds this CPU's redistributor and opens the CPU interface; stops the inmate if that is impossible */
void gic_setup(irq_handler handler);
void gic_enable(uint32_t intid);
void gic_disable(uint32_t intid);
/* Raises a software-generated interrupt at this CPU (and all of its cluster in target_list, bit = Aff0) */
void gic_send_sgi(uint32_t sgi, uint16_t target_list);
/* The GICR_TYPER-matched redistributor frame of this CPU */
uintptr_t gic_redistributor(void);

/* --- time --- */

/* Physical counter and its frequency in Hz */
uint64_t timer_ticks(void);
uint64_t timer_frequency(void);
uint64_t timer_ticks_to_ns(uint64_t ticks);
/* Fires INTID 27 after so many ticks of the counter; again on the next call */
void timer_start(uint64_t ticks);
void timer_stop(void);
/* Busy wait; for "nothing must happen" checks only */
void timer_delay_ms(unsigned int ms);

#endif
