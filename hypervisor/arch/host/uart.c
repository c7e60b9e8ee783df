/* SPDX-License-Identifier: BSD-2-Clause */
/* UARTs that keep what they were given, and the texts of core/console.c for tests. */
#include <string.h>
#include "bulkhead/image.h"
#include "console.h"
#include "host_machine.h"
#include "../../drivers/uart.h"

#define TEXT_SIZE	0x10000u

static char text[TEXT_SIZE], copy[TEXT_SIZE];
static size_t length;
static bool initialised, stalled;
static uint32_t looks;

static void uart_init(volatile uint8_t *base, const struct cfg_console *config)
{
	HOST_ASSERT(base && config);
	initialised = true;
}

static bool uart_ready(volatile uint8_t *base, const struct cfg_console *config)
{
	HOST_ASSERT(initialised && config);
	(void)*base;	/* must be mapped */
	looks++;
	return !stalled;
}

static void uart_put(volatile uint8_t *base, const struct cfg_console *config, char c)
{
	HOST_ASSERT(base && config && !stalled);
	if (length < TEXT_SIZE - 1)
		text[length++] = c;
}

static size_t uart_write(volatile uint8_t *base, const struct cfg_console *config, const char *characters, size_t count)
{
	size_t n = 0;

	while (n < count && characters[n] != '\n' && uart_ready(base, config))
		uart_put(base, config, characters[n++]);
	return n;
}

const struct uart uart_pl011 = {
	.probe_offset = 0x18,
	.init = uart_init,
	.ready = uart_ready,
	.put = uart_put,
	.write = uart_write,
};

const struct uart uart_8250 = {
	.probe_offset = 0x14,
	.init = uart_init,
	.ready = uart_ready,
	.put = uart_put,
	.write = uart_write,
};

const char *host_uart_text(void)
{
	memcpy(copy, text, length);
	copy[length] = '\0';
	length = 0;
	return copy;
}

void host_stall_uart(bool on)
{
	stalled = on;
}

uint32_t host_uart_looks(void)
{
	return looks;
}

const char *host_reason(void)
{
	return public_page.reason;
}
