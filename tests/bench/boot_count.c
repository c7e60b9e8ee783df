/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU plug-in: what CPU 0 executes from its reset to its first instruction of a guest, by address, and how much the CPU that
 * is busiest beside it executes meanwhile.
 *
 *   -plugin boot_count.so,guest=END,out=FILE
 *
 * Guests are at addresses below END; the hypervisor and QEMU's own first instructions are above it. FILE gets a line
 * "ADDRESS COUNT" in hexadecimal for each instruction that was executed, when QEMU ends, and before them "guest OTHER", OTHER in
 * decimal, if the guest was reached. For the plug-in interface of QEMU 7.2, version 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define MAX_CPUS	512u

EXPORT int qemu_plugin_version = 1;

/* One for each translation of an instruction; never freed, QEMU may keep what refers to it. */
struct counter {
	struct counter *next;
	uint64_t address;
	uint64_t count;		/* CPU 0 only */
};

static struct counter *counters;	/* pushed with atomics: CPUs translate at the same time */
static uint64_t guest_end;
static const char *out_path;
static volatile bool guest_reached;
static uint64_t others[MAX_CPUS];	/* each CPU its own */

static void executed(unsigned int vcpu, void *data)
{
	struct counter *counter = data;

	if (guest_reached)
		return;
	if (vcpu == 0)
		counter->count++;
	else if (vcpu < MAX_CPUS)
		others[vcpu]++;
}

static void executed_guest(unsigned int vcpu, void *data)
{
	(void)data;
	if (vcpu == 0)
		guest_reached = true;
}

static struct counter *new_counter(uint64_t address)
{
	struct counter *counter = calloc(1, sizeof(*counter));

	if (!counter)
		abort();
	counter->address = address;
	counter->next = __atomic_load_n(&counters, __ATOMIC_ACQUIRE);
	while (!__atomic_compare_exchange_n(&counters, &counter->next, counter, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE))
		;
	return counter;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		if (address < guest_end)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, executed_guest, NO_REGISTERS, NULL);
		else
			qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, NO_REGISTERS, new_counter(address));
	}
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");
	uint64_t busiest = 0;

	(void)id;
	(void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	for (unsigned int n = 0; n < MAX_CPUS; n++)
		busiest = others[n] > busiest ? others[n] : busiest;
	if (guest_reached)
		fprintf(out, "guest %" PRIu64 "\n", busiest);
	for (const struct counter *counter = counters; counter; counter = counter->next)
		if (counter->count)
			fprintf(out, "%" PRIx64 " %" PRIx64 "\n", counter->address, counter->count);
	fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int n = 0; n < argc; n++) {
		if (!strncmp(argv[n], "guest=", 6))
			guest_end = strtoull(argv[n] + 6, NULL, 0);
		else if (!strncmp(argv[n], "out=", 4))
			out_path = strdup(argv[n] + 4);
	}
	if (!guest_end || !out_path) {
		fprintf(stderr, "boot_count: guest=END,out=FILE is wanted\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
