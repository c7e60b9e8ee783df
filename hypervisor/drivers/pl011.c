/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm PrimeCell UART PL011 (DDI 0183). */
#include "uart.h"

#define UARTDR		0x00
#define UARTFR		0x18
#define UARTFR_TXFF	(1U << 5)
#define UARTIBRD	0x24
#define UARTFBRD	0x28
#define UARTLCR_H	0x2c
#define UARTLCR_H_8N1	0x70	/* 8 bits, FIFOs on */
#define UARTCR		0x30
#define UARTCR_ON	0x301	/* UART, transmitter and receiver enabled */

static volatile uint32_t *reg(volatile uint8_t *base, uint32_t offset)
{
	return (volatile uint32_t *)(base + offset);
}

static void pl011_init(volatile uint8_t *base, const struct cfg_console *config)
{
	if (!config->divider)
		return;		/* firmware or Linux has set it up */
	*reg(base, UARTCR) = 0;
	*reg(base, UARTIBRD) = config->divider;
	*reg(base, UARTFBRD) = 0;
	*reg(base, UARTLCR_H) = UARTLCR_H_8N1;
	*reg(base, UARTCR) = UARTCR_ON;
}

bool pl011_ready(volatile uint8_t *base, const struct cfg_console *config)
{
	(void)config;
	return !(*reg(base, UARTFR) & UARTFR_TXFF);
}

void pl011_put(volatile uint8_t *base, const struct cfg_console *config, char c)
{
	(void)config;
	*reg(base, UARTDR) = (uint8_t)c;
}

static size_t pl011_write(volatile uint8_t *base, const struct cfg_console *config, const char *text, size_t length)
{
	size_t n = 0;

	(void)config;
	while (n < length && text[n] != '\n' && !(*reg(base, UARTFR) & UARTFR_TXFF))
		*reg(base, UARTDR) = (uint8_t)text[n++];
	return n;
}

const struct uart uart_pl011 = {
	.probe_offset = UARTFR,
	.init = pl011_init,
	.ready = pl011_ready,
	.put = pl011_put,
	.write = pl011_write,
};
