/* SPDX-License-Identifier: BSD-2-Clause */
/* Console: UART of the system configuration and ring in the public page. */
#include "bulkhead/image.h"
#include "cell.h"
#include "console.h"
#include "console_setup.h"
#include "errors.h"
#include "lock.h"
#include "paging.h"
#include "arch/cpu.h"
#include "../drivers/uart.h"

struct bh_public_page public_page __attribute__((section(".public_page"), aligned(4096)));

#define UART_MAX_POLLS	200000	/* for room: some 10 ms of device reads */

static spinlock_t console_lock = SPINLOCK_INIT;
static volatile bool panicking;			/* a panic does not wait for locks */
static volatile bool panic_prints;		/* but for a moment for another one to end its line */
static bool ring_disabled;			/* by the configuration */
static const struct uart *uart;
static bool uart_stalled;			/* console_lock */
static volatile uint8_t *uart_base;
static struct cfg_console uart_config;

_Static_assert(CONSOLE_LINE <= BH_CONSOLE_RING_SIZE, "a message fits into the ring");

static void put_ring(const char *text, size_t length)
{
	uint32_t tail = public_page.console_tail;

	copy_around(public_page.console, BH_CONSOLE_RING_SIZE, tail % BH_CONSOLE_RING_SIZE, text, length);
	/* pairs with the reader's barrier between tail and data */
	__atomic_store_n(&public_page.console_tail, tail + (uint32_t)length, __ATOMIC_RELEASE);
}

/*
 * A cell that shares the UART may have stopped its transmitter. That costs one expired wait; from then on the UART is
 * asked once per character and left out until it has room again. The ring has everything.
 */
static void put_uart(char c)
{
	uint32_t polls = uart_stalled ? 1 : UART_MAX_POLLS;

	for (uint32_t i = 0; i < polls; i++) {
		if (uart->ready(uart_base, &uart_config)) {
			uart_stalled = false;
			uart->put(uart_base, &uart_config, c);
			return;
		}
	}
	uart_stalled = true;
}

static void write_uart(const char *text, size_t length)
{
	while (length) {
		size_t sent = uart_stalled ? 0 : uart->write(uart_base, &uart_config, text, length);

		text += sent;
		length -= sent;
		if (!length)
			break;
		/* the end of a line, or no room */
		if (*text == '\n')
			put_uart('\r');
		put_uart(*text++);
		length--;
	}
}

/* An error of the hypervisor may hit several CPUs at once. Who does not end its line in 0.1 s has failed in it. */
static void await_panic_line(void)
{
	uint64_t start = arch_ticks();

	while (__atomic_exchange_n(&panic_prints, true, __ATOMIC_ACQUIRE) &&
	       arch_ticks() - start < arch_ticks_per_second() / 10)
		arch_relax();
}

void console_write(volatile struct bh_cell_console *record, const char *text, size_t length)
{
	bool lock = !panicking;

	if (lock)
		spin_lock(&console_lock);
	else
		await_panic_line();
	if (CONFIG_CELL_CONSOLE && record)
		cell_console_keep(record, text, length);
	__atomic_store_n(&public_page.console_busy, 1, __ATOMIC_RELAXED);
	/* who has read what is overwritten now sees that, or the tail behind it */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (uart)
		write_uart(text, length);
	if (!ring_disabled)
		put_ring(text, length);
	__atomic_store_n(&public_page.console_busy, 0, __ATOMIC_SEQ_CST);
	if (lock)
		spin_unlock(&console_lock);
	else
		__atomic_store_n(&panic_prints, false, __ATOMIC_RELEASE);
}

bool console_has_uart(void)
{
	return uart;
}

void console_putc(volatile struct bh_cell_console *record, char c)
{
	console_write(record, &c, 1);
}

static void write_message(volatile struct bh_cell_console *record, const char *format, va_list args)
{
	char line[CONSOLE_LINE];

	console_write(record, line, format_text_va(line, sizeof(line), format, args));
}

void console_printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message(NULL, format, args);
	va_end(args);
}

void console_printf_about(const struct cell *cell, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message(cell->console, format, args);
	va_end(args);
}

void note_refusal(int error)
{
	refuse_in_words(error, "built without CONFIG_REASONS: 'bulkhead-config check --hypervisor' tells what is wrong");
}

void refuse_clear(void)
{
	public_page.reason[0] = '\0';
}

/* Is it a kind of UART that we know? Then its driver, NULL if that was not built in. */
static bool find_uart(uint16_t type, const struct uart **found)
{
	if (type == CFG_CONSOLE_PL011)
		*found = CONFIG_UART_PL011 ? &uart_pl011 : NULL;
	else if (type == CFG_CONSOLE_8250)
		*found = CONFIG_UART_8250 ? &uart_8250 : NULL;
	else
		return false;
	return true;
}

int console_init(const struct cfg_system *system)
{
	const struct cfg_console *config = &system->debug_console;
	const struct uart *found = NULL;
	uint64_t size = MAX(config->size, 0x1000U), value = 0;
	volatile uint8_t *base;

	ring_disabled = !(system->flags & CFG_SYS_VIRTUAL_CONSOLE);
	/* an unknown kind of UART leaves the ring alone, as the ABI has it */
	if (!(config->flags & CFG_CONSOLE_MMIO) || !find_uart(config->type, &found))
		return 0;
	if (!found)
		return refuse_in_words(-EINVAL, "debug console: this hypervisor was built without CONFIG_UART_%s",
				       config->type == CFG_CONSOLE_PL011 ? "PL011" : "8250");
	if (size > 0x10000 || config->address + size > arch_phys_limit() || config->address + size < config->address)
		return refuse_invalid("debug console at 0x%lx, size 0x%lx, is not a UART's register area",
				      config->address, size);
	base = map_range(HOST_ADDR(config->address), size, MAP_DEVICE);
	if (!base)
		return refuse(-ENOMEM, "hypervisor memory is too small to map the debug console");
	if (!arch_device_access(base + found->probe_offset, &value, 4, false))
		return refuse_invalid("debug console: nothing answers at 0x%lx, correct its address", config->address);
	found->init(base, config);
	uart_config = *config;
	uart_base = base;
	uart = found;
	return 0;
}

size_t console_copy(char *to, size_t size)
{
	uint32_t tail = public_page.console_tail;
	size_t count = MIN(MIN(tail, size), BH_CONSOLE_RING_SIZE);

	for (size_t i = 0; i < count; i++)
		to[i] = public_page.console[(tail - count + i) % BH_CONSOLE_RING_SIZE];
	return count;
}

void console_put_line(char *line, size_t length)
{
	line[length] = '\n';
	console_write(NULL, line, length + 1);
}

void console_enter_panic(void)
{
	panicking = true;
}
