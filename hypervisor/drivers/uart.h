/* SPDX-License-Identifier: BSD-2-Clause */
/* A UART of the hypervisor's console: output only. One const struct per kind, each an option of its own. */
#ifndef BULKHEAD_UART_H
#define BULKHEAD_UART_H

#include "bulkhead/cell_config.h"
#include "generated/config.h"
#include "types.h"

struct uart {
	uint32_t probe_offset;				/* a register that can be read without effect */
	void (*init)(volatile uint8_t *base, const struct cfg_console *config);
	bool (*ready)(volatile uint8_t *base, const struct cfg_console *config);	/* room to send? */
	void (*put)(volatile uint8_t *base, const struct cfg_console *config, char c);
	/* As many characters, up to the end of a line, as there is room for now; returns how many. */
	size_t (*write)(volatile uint8_t *base, const struct cfg_console *config, const char *text, size_t length);
};

extern const struct uart uart_pl011, uart_8250;

/* By name for the time without page tables, when addresses in the structures do not count yet */
bool pl011_ready(volatile uint8_t *base, const struct cfg_console *config);
void pl011_put(volatile uint8_t *base, const struct cfg_console *config, char c);
bool uart8250_ready(volatile uint8_t *base, const struct cfg_console *config);
void uart8250_put(volatile uint8_t *base, const struct cfg_console *config, char c);

#endif
