/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where output goes: to the hypervisor's console when the cell may and should use it, else to the UART of the
 * configuration. Parameters con-virtual, con-type, con-base, con-divider and con-regdist-1 override it.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <io.h>

#include "internal.h"

#define WAIT_LIMIT 1000000u /* polls until a character is given up: output must not hang the inmate */

#define PL011_DR	0x00u
#define PL011_FR	0x18u
#define PL011_FR_FULL	0x20u
#define PL011_IBRD	0x24u
#define PL011_LCR_H	0x2cu
#define PL011_LCR_8BIT_FIFO 0x70u
#define PL011_CR	0x30u
#define PL011_CR_ON	0x0301u		/* RX, TX, UART enable */

#define U8250_THR	0u
#define U8250_DLM	1u
#define U8250_LCR	3u
#define U8250_LCR_DLAB	0x80u
#define U8250_LCR_8BIT	0x03u
#define U8250_LSR	5u
#define U8250_LSR_EMPTY	0x20u

static void pl011_setup(uintptr_t base, unsigned int stride, uint32_t divider)
{
	(void)stride;
	io_write32(base + PL011_CR, 0);
	io_write32(base + PL011_IBRD, divider);
	io_write32(base + PL011_LCR_H, PL011_LCR_8BIT_FIFO);
	io_write32(base + PL011_CR, PL011_CR_ON);
}

static void pl011_putc(uintptr_t base, unsigned int stride, char c)
{
	(void)stride;
	for (unsigned int n = 0; n < WAIT_LIMIT && (io_read32(base + PL011_FR) & PL011_FR_FULL); n++)
		__asm__ volatile("yield");
	io_write32(base + PL011_DR, (uint8_t)c);
}

static void u8250_write(uintptr_t base, unsigned int stride, unsigned int reg, uint8_t value)
{
	if (stride == 1)
		io_write8(base + reg, value);
	else
		io_write32(base + reg * stride, value);
}

static uint32_t u8250_read(uintptr_t base, unsigned int stride, unsigned int reg)
{
	return stride == 1 ? io_read8(base + reg) : io_read32(base + reg * stride);
}

static void u8250_setup(uintptr_t base, unsigned int stride, uint32_t divider)
{
	u8250_write(base, stride, U8250_LCR, U8250_LCR_DLAB);
	u8250_write(base, stride, U8250_THR, (uint8_t)divider);
	u8250_write(base, stride, U8250_DLM, (uint8_t)(divider >> 8));
	u8250_write(base, stride, U8250_LCR, U8250_LCR_8BIT);
}

static void u8250_putc(uintptr_t base, unsigned int stride, char c)
{
	for (unsigned int n = 0;
	     n < WAIT_LIMIT && !(u8250_read(base, stride, U8250_LSR) & U8250_LSR_EMPTY); n++)
		__asm__ volatile("yield");
	u8250_write(base, stride, U8250_THR, (uint8_t)c);
}

static const struct uart uarts[] = {
	{ .name = "8250", .type = CFG_CONSOLE_8250, .setup = u8250_setup, .putc = u8250_putc },
	{ .name = "PL011", .type = CFG_CONSOLE_PL011, .setup = pl011_setup, .putc = pl011_putc },
};

static struct {
	bool hypervisor;
	const struct uart *uart;
	uintptr_t base;
	unsigned int stride;
} console;

static const struct uart *find_uart(uint16_t type, const char *name)
{
	for (unsigned int n = 0; n < sizeof(uarts) / sizeof(uarts[0]); n++)
		if (*name ? !strcmp(name, uarts[n].name) : uarts[n].type == type)
			return &uarts[n];
	return NULL;
}

void console_setup(void)
{
	const struct comm_region *comm = comm_region();
	char buffer[16];
	const char *name = param_str("con-type", buffer, sizeof(buffer), "");
	bool permitted = comm->flags & COMM_FLAG_PUTC_PERMITTED;
	uint32_t divider;
	bool bytewise;

	console.hypervisor = permitted && param_bool("con-virtual", comm->flags & COMM_FLAG_PUTC_ACTIVE);
	/* A cell's UART is often the hypervisor's too: the same character twice helps nobody, unless
	 * asked for */
	if (console.hypervisor && !*name)
		return;

	console.base = (uintptr_t)param_int("con-base", (long long)comm->console.address);
	divider = (uint32_t)param_int("con-divider", comm->console.divider);
	bytewise = param_bool("con-regdist-1", !(comm->console.flags & CFG_CONSOLE_REGDIST_4));
	console.stride = bytewise ? 1 : 4;
	console.uart = find_uart(comm->console.type, name);
	if (!console.uart)
		return;
	map(console.base, PAGE_SIZE, MAP_DEVICE);
	if (divider)
		console.uart->setup(console.base, console.stride, divider);
}

static void put_raw(char c)
{
	if (console.hypervisor)
		hypercall(HC_DEBUG_PUTC, (uint8_t)c, 0);
	if (console.uart)
		console.uart->putc(console.base, console.stride, c);
}

void console_putc(char c)
{
	if (c == '\n' && console.uart)
		put_raw('\r');
	put_raw(c);
}
