/* SPDX-License-Identifier: BSD-2-Clause */
/* 8250 and compatible UARTs, memory-mapped, registers 1 or 4 bytes apart. */
#include "uart.h"

#define THR		0
#define DLL		0
#define DLM		1
#define LCR		3
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define LSR		5
#define LSR_THRE	0x20

static void write_reg(volatile uint8_t *base, const struct cfg_console *config, uint32_t reg, uint8_t value)
{
	if (config->flags & CFG_CONSOLE_REGDIST_4)
		*(volatile uint32_t *)(base + 4 * reg) = value;
	else
		base[reg] = value;
}

static uint8_t read_reg(volatile uint8_t *base, const struct cfg_console *config, uint32_t reg)
{
	if (config->flags & CFG_CONSOLE_REGDIST_4)
		return (uint8_t)*(volatile uint32_t *)(base + 4 * reg);
	return base[reg];
}

static void uart8250_init(volatile uint8_t *base, const struct cfg_console *config)
{
	if (!config->divider)
		return;
	write_reg(base, config, LCR, LCR_DLAB);
	write_reg(base, config, DLL, (uint8_t)config->divider);
	write_reg(base, config, DLM, (uint8_t)(config->divider >> 8));
	write_reg(base, config, LCR, LCR_8N1);
}

bool uart8250_ready(volatile uint8_t *base, const struct cfg_console *config)
{
	return read_reg(base, config, LSR) & LSR_THRE;
}

void uart8250_put(volatile uint8_t *base, const struct cfg_console *config, char c)
{
	write_reg(base, config, THR, (uint8_t)c);
}

static size_t uart8250_write(volatile uint8_t *base, const struct cfg_console *config, const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && text[n] != '\n' && uart8250_ready(base, config))
		uart8250_put(base, config, text[n++]);
	return n;
}

const struct uart uart_8250 = {
	.probe_offset = 0x14,	/* LSR with registers 4 bytes apart, harmless otherwise */
	.init = uart8250_init,
	.ready = uart8250_ready,
	.put = uart8250_put,
	.write = uart8250_write,
};
