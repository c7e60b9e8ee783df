/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cause of an event means. Syndromes: Arm ARM (DDI 0487), ESR_EL2; functions: PSCI (DEN 0022), SMCCC (DEN 0028). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bulkhead/hypercall.h>

#include "cli.h"
#include "fault.h"
#include "trace.h"

#define EC_WFX		0x01
#define EC_HVC32	0x12
#define EC_SMC32	0x13
#define EC_HVC64	0x16
#define EC_SMC64	0x17
#define EC_SYSTEM	0x18
#define EC_FETCH	0x20
#define EC_DATA		0x24
#define EC_SERROR	0x2f

#define ISV		(1ul << 24)
#define FNV		(1ul << 10)	/* FAR is not valid */
#define BIT(value, n)	((value) >> (n) & 1)
#define SPURIOUS	1020
#define FIRST_LPI	8192

struct name {
	uint64_t number;
	const char *name;
};

static const struct name hypercalls[] = {
	{ HC_DISABLE, "disable" }, { HC_CELL_CREATE, "create cell" }, { HC_CELL_START, "start cell" },
	{ HC_CELL_SET_LOADABLE, "set cell loadable" }, { HC_CELL_DESTROY, "destroy cell" },
	{ HC_HYPERVISOR_INFO, "hypervisor information" }, { HC_CELL_GET_STATE, "cell state" }, { HC_CPU_INFO, "CPU information" },
	{ HC_DEBUG_PUTC, "print character" }, { HC_LINK_INFO, "link information" }, { HC_CELL_INFO, "cell information" },
	{ HC_CELL_FAULT, "cell violation" }, { HC_TRACE, "trace" },
};

static const struct name functions[] = {
	{ 0x80000000, "SMCCC version" }, { 0x80000001, "SMCCC features" }, { 0x80008000, "SMCCC workaround 1" },
	{ 0x80007fff, "SMCCC workaround 2" }, { 0x80003fff, "SMCCC workaround 3" },
	{ 0x84000000, "PSCI version" }, { 0x84000001, "PSCI CPU_SUSPEND" }, { 0xc4000001, "PSCI CPU_SUSPEND" },
	{ 0x84000002, "PSCI CPU_OFF" }, { 0x84000003, "PSCI CPU_ON" }, { 0xc4000003, "PSCI CPU_ON" },
	{ 0x84000004, "PSCI AFFINITY_INFO" }, { 0xc4000004, "PSCI AFFINITY_INFO" }, { 0x84000006, "PSCI MIGRATE_INFO_TYPE" },
	{ 0x84000008, "PSCI SYSTEM_OFF" }, { 0x84000009, "PSCI SYSTEM_RESET" }, { 0x8400000a, "PSCI features" },
	{ 0x8400000e, "PSCI SYSTEM_SUSPEND" }, { 0xc400000e, "PSCI SYSTEM_SUSPEND" },
	{ 0x84000012, "PSCI SYSTEM_RESET2" }, { 0xc4000012, "PSCI SYSTEM_RESET2" },
};

/* As in ISS of class 18h without direction and general register: op0, op2, op1, CRn, CRm */
#define REGISTER(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define REGISTER_MASK	0x3ffc1e

static const struct name registers[] = {
	{ REGISTER(3, 0, 1, 0, 1), "ACTLR_EL1" }, { REGISTER(3, 0, 12, 11, 5), "ICC_SGI1R_EL1" },
	{ REGISTER(3, 0, 12, 11, 6), "ICC_ASGI1R_EL1" }, { REGISTER(3, 0, 12, 11, 7), "ICC_SGI0R_EL1" },
	{ REGISTER(3, 0, 12, 11, 1), "ICC_DIR_EL1" }, { REGISTER(3, 0, 12, 12, 5), "ICC_SRE_EL1" },
};

static const char *find(const struct name *names, size_t count, uint64_t number)
{
	size_t n;

	for (n = 0; n < count; n++)
		if (names[n].number == number)
			return names[n].name;
	return NULL;
}

#define FIND(names, number) find(names, sizeof(names) / sizeof(names[0]), number)

static void say(struct trace_words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct trace_words *words, const char *format, ...)
{
	size_t used = strlen(words->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words->text + used, sizeof(words->text) - used, format, arguments);
	va_end(arguments);
}

static void say_hypercall(const struct bh_trace_event *event, uint64_t iss, struct trace_words *words)
{
	const char *name = FIND(hypercalls, event->x0);

	if ((iss & 0xffff) != HC_IMMEDIATE) {
		words->kind = "HVC";
		say(words, "HVC #0x%x, x0 0x%" PRIx64, (unsigned int)(iss & 0xffff), event->x0);
		return;
	}
	words->kind = "hypercall";
	words->hypercall = event->x0 > INT64_MAX ? -1 : (int64_t)event->x0;
	if (name)
		say(words, "hypercall: %s, x1 0x%" PRIx64, name, event->x1);
	else
		say(words, "hypercall 0x%" PRIx64 ", x1 0x%" PRIx64, event->x0, event->x1);
	if (event->x0 == HC_DEBUG_PUTC && event->x1 > ' ' && event->x1 < 0x7f)
		say(words, " '%c'", (char)event->x1);
}

static void say_smc(const struct bh_trace_event *event, struct trace_words *words)
{
	const char *name = FIND(functions, event->x0 & 0xffffffff);

	words->kind = "SMC";
	words->function = event->x0 & 0xffffffff;
	if (name)
		say(words, "SMC: %s, x1 0x%" PRIx64, name, event->x1);
	else
		say(words, "SMC 0x%" PRIx64 ", x1 0x%" PRIx64, event->x0 & 0xffffffff, event->x1);
}

static void say_register(uint64_t iss, struct trace_words *words)
{
	const char *name = FIND(registers, iss & REGISTER_MASK);
	int is_read = BIT(iss, 0);
	unsigned int which = iss >> 5 & 0x1f;

	words->kind = "register";
	words->access = is_read ? "read" : "write";
	if (name)
		snprintf(words->reg, sizeof(words->reg), "%s", name);
	else
		snprintf(words->reg, sizeof(words->reg), "S%u_%u_C%u_C%u_%u", (unsigned int)(iss >> 20 & 3),
			 (unsigned int)(iss >> 14 & 7), (unsigned int)(iss >> 10 & 0xf), (unsigned int)(iss >> 1 & 0xf),
			 (unsigned int)(iss >> 17 & 7));
	say(words, "%s of %s %s ", is_read ? "read" : "write", words->reg, is_read ? "to" : "from");
	if (which == 31)
		say(words, "xzr");
	else
		say(words, "x%u", which);
}

static void say_address(const struct bh_trace_event *event, uint64_t iss, struct trace_words *words)
{
	struct bh_fault fault = { .syndrome = event->cause };
	char status[WORDS_SIZE];

	words->has_address = !(iss & FNV);
	if (words->has_address)
		say(words, " at 0x%" PRIx64, event->address);
	fault_type_words(&fault, status);
	say(words, ": %.80s", status);
}

static void say_access(const struct bh_trace_event *event, uint64_t iss, struct trace_words *words)
{
	words->kind = "access";
	if (BIT(iss, 8))
		words->access = "cache maintenance";
	else if (BIT(iss, 7))
		words->access = "table walk";
	else
		words->access = BIT(iss, 6) ? "write" : "read";
	say(words, "%s", words->access);
	if (iss & ISV) {
		words->size = 1 << (iss >> 22 & 3);
		say(words, " of %d bytes", words->size);
	}
	say_address(event, iss, words);
}

static void say_exception(const struct bh_trace_event *event, struct trace_words *words)
{
	uint64_t iss = event->cause & 0x1ffffff;

	words->kind = "exception";
	words->exception_class = (int)(event->cause >> 26 & 0x3f);
	switch (words->exception_class) {
	case EC_WFX:
		say(words, "%s", BIT(iss, 0) ? "WFE" : "WFI");
		break;
	case EC_HVC32:
	case EC_HVC64:
		say_hypercall(event, iss, words);
		break;
	case EC_SMC32:
	case EC_SMC64:
		say_smc(event, words);
		break;
	case EC_SYSTEM:
		say_register(iss, words);
		break;
	case EC_FETCH:
		words->kind = "access";
		words->access = "fetch";
		say(words, "instruction fetch");
		say_address(event, iss, words);
		break;
	case EC_DATA:
		say_access(event, iss, words);
		break;
	case EC_SERROR:
		say(words, "SError, syndrome 0x%" PRIx64, iss);
		break;
	default:
		say(words, "exception class 0x%02x, syndrome 0x%" PRIx64, (unsigned int)words->exception_class, iss);
	}
}

static void say_interrupt(uint64_t intid, struct trace_words *words)
{
	words->kind = "interrupt";
	words->interrupt = (int64_t)intid;
	if (intid == 0)
		say(words, "interrupt 0: kick of the hypervisor");
	else if (intid < 16)
		say(words, "interrupt %" PRIu64 ": SGI", intid);
	else if (intid < 32)
		say(words, "interrupt %" PRIu64 ": PPI %" PRIu64 "%s", intid, intid - 16,
		    intid == 27 ? ", virtual timer" : intid == 30 ? ", physical timer" : "");
	else if (intid < SPURIOUS)
		say(words, "interrupt %" PRIu64 ": SPI %" PRIu64, intid, intid - 32);
	else if (intid >= FIRST_LPI)
		say(words, "interrupt %" PRIu64 ": LPI", intid);
	else
		say(words, "interrupt that was gone at once");
}

void trace_words(const struct bh_trace_event *event, struct trace_words *words)
{
	char name[CFG_NAME_LEN];

	*words = (struct trace_words){
		.kind = "unknown", .exception_class = -1, .size = -1, .hypercall = -1, .function = -1, .interrupt = -1,
	};
	switch (BH_TRACE_KIND(event->cause)) {
	case BH_TRACE_SYNDROME:
		say_exception(event, words);
		break;
	case BH_TRACE_IRQ:
		say_interrupt(event->address & 0xffffff, words);
		break;
	case BH_TRACE_FIQ:
		words->kind = "FIQ";
		say(words, "FIQ");
		break;
	case BH_TRACE_START:
		words->kind = "start";
		say(words, "CPU started at 0x%" PRIx64 ", x0 0x%" PRIx64, event->pc, event->x0);
		break;
	case BH_TRACE_CELL:
		memcpy(name, &event->pc, sizeof(name));
		name[sizeof(name) - 1] = 0;
		make_printable(name);
		words->kind = "cell";
		say(words, "CPU leaves cell %u \"%s\"", (uint32_t)event->cause, name);
		break;
	default:
		say(words, "unknown cause 0x%" PRIx64, event->cause);
	}
}
