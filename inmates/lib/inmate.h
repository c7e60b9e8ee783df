/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run-time of bare-metal inmates: start-up, parameters, output, life cycle.
 *
 * An inmate is one program on one CPU. It starts in main() with the MMU on (image and communication
 * region mapped), the console ready and interrupts masked. A cell may be started again without being
 * loaded again, so writable data starts as zeros only: the linker script refuses anything else.
 */
#ifndef INMATE_H
#define INMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bulkhead/comm_region.h>

#define COMM_REGION_ADDRESS	0x80000000UL
#define PAGE_SIZE		4096UL

/* The program. When it returns, the CPU sleeps for good; cell_state stays as it is. */
void inmate_main(void);

/* Valid from the first instruction of inmate_main() on */
struct comm_region *comm_region(void);

/* --- parameters: blank-separated name=value, put at base + 1000h by the loader --- */

/* Value of a parameter, or the default if it is absent or longer than size - 1 */
const char *param_str(const char *name, char *buffer, size_t size, const char *otherwise);
/* Decimal with sign, or 0x hexadecimal; malformed counts as absent */
long long param_int(const char *name, long long otherwise);
/* true, 1 or nothing: true; false or 0: false */
bool param_bool(const char *name, bool otherwise);

/* --- output: to the hypervisor's console or one UART, see console.c --- */

/* %c %s %d %u %x %p %%, with 0, width and l, ll */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_putc(char c);

/* --- life cycle --- */

/* Interrupts off, sleep for good */
void stop(void) __attribute__((noreturn));

/* Takes a message if there is one, else COMM_MSG_NONE. Every message taken needs one answer. */
uint32_t message_take(void);
void message_reply(uint32_t reply);

/*
 * Handles what does not concern the program: reconfiguration (received) and unknown messages. Returns
 * true when the hypervisor asks the cell to shut down: put things in order and call shut_down(), or deny
 * with a reply.
 */
bool message_is_shutdown(void);
/* One sign of life: in a cell with a watchdog at least once in each of its periods; of no effect in others */
void watchdog_tick(void);

/* Approves a shutdown request and stops: cell_state 2, reply 3 */
void shut_down(void) __attribute__((noreturn));

/* --- what the compiler calls, and string helpers --- */

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

#endif
