/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of the run-time; programs do not include this.
 */
#ifndef INMATE_INTERNAL_H
#define INMATE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

struct exception_frame;

/* header.S -> C */
void inmate_setup(void) __attribute__((noreturn));
void exception_dispatch(struct exception_frame *frame, unsigned int slot);

/* One pass over all interrupts that are pending */
void irq_dispatch(void);

/* Builds the first tables (image, communication region) and turns translation and caches on */
void mmu_setup(void);

/* Chooses the output from communication region and parameters */
void console_setup(void);

/* One driver of console.c: sets up the UART if divider is not 0, returns when the character was accepted */
struct uart {
	const char *name;
	uint16_t type;
	void (*setup)(uintptr_t base, unsigned int stride, uint32_t divider);
	void (*putc)(uintptr_t base, unsigned int stride, char c);
};

#define PARAMETER_BUFFER_SIZE 256
extern const char parameter_buffer[PARAMETER_BUFFER_SIZE];

#endif
