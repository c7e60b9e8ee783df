/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages before there are page tables, from the console's entry in the system configuration. Code of this file, and what
 * it calls, runs at its physical address with the MMU off: no absolute addresses, no unaligned access.
 */
#include "bulkhead/cell_config.h"
#include "early_message.h"
#include "../../drivers/uart.h"

#define MAX_POLLS	1000000u

static bool is_pl011(const struct cfg_console *config)
{
	return CONFIG_UART_PL011 && config->type == CFG_CONSOLE_PL011;
}

static bool ready(volatile uint8_t *uart, const struct cfg_console *config)
{
	if (is_pl011(config))
		return pl011_ready(uart, config);
	return CONFIG_UART_8250 && uart8250_ready(uart, config);
}

static void put(volatile uint8_t *uart, const struct cfg_console *config, char c)
{
	uint32_t polls = 0;

	while (!ready(uart, config) && polls < MAX_POLLS)
		polls++;
	if (is_pl011(config))
		pl011_put(uart, config, c);
	else if (CONFIG_UART_8250)
		uart8250_put(uart, config, c);
}

bool early_message(const struct bh_image_header *header, const char *text)
{
	const struct cfg_system *system = (const void *)((const char *)header + header->boot.config_offset);
	const struct cfg_console *config = &system->debug_console;
	volatile uint8_t *uart = (volatile uint8_t *)config->address;

	if (!header->boot.config_offset || !(config->flags & CFG_CONSOLE_MMIO) ||
	    !(is_pl011(config) || (CONFIG_UART_8250 && config->type == CFG_CONSOLE_8250)))
		return false;
	while (*text)
		put(uart, config, *text++);
	return true;
}
