/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU plug-in: what CPUs execute in the hypervisor, by excursion. An excursion begins with the first instruction of a
 * vector slot for lower exception levels (or, where a CPU comes from firmware or a stub, the first one of the image), and
 * ends before the next instruction that is not the hypervisor's. Nothing is asked of it: not even that it gets to C.
 *
 * A CPU that has nothing to do sleeps in the hypervisor: what it does when it is woken is an excursion of its own. So is each
 * piece of what a CPU without a guest does, between which it looks for requests. With log they are not: figures are about all
 * that an operation takes.
 *
 *   -plugin excursions.so,image=FILE,out=FILE[,phys=ADDRESS][,log=on|all][,pc=ADDRESS:MARK]...
 *
 * image: what to know about the hypervisor (plugin_image.h). phys: also where it runs before its MMU is on.
 * out: JSON, written when QEMU ends. Causes have the name KIND or KIND/TAG, where KIND is the slot, or what the guest
 * executed last.
 *
 * log: in the order of time, excursions with their call trees and marks between the first mark 0 and the next mark 1, or
 * from reset to mark 1 (all). A mark is `movz xzr, #n`, which has no effect, or the first instruction at pc=. For machines
 * of one thread (-icount, thread=single).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_image.h"
#include "qemu_plugin.h"

#define MAX_CPUS	512u
#define MAX_NODES	1024u
#define MAX_DEPTH	64u
#define MAX_TURN_NODES	32u
#define MAX_MARKS	8u
#define MAX_RUNS	512u
#define NUM_BUCKETS	48u
#define NO_NODE		UINT32_MAX
#define WOKEN_NODE	0x80000000u	/* in frames, while they are made anew */

#define MARK_OPEN	0u
#define MARK_CLOSE	1u

EXPORT int qemu_plugin_version = 1;

enum kind { ENTER, ACCESS, HVC, SMC, WFX, SYSREG, IRQ, FIQ, SERROR, WOKEN, NUM_KINDS };
/* ACCESS: also what executes nothing, a fetch */
static const char *const kind_names[NUM_KINDS] = {
	[ENTER] = "enter", [ACCESS] = "access", [HVC] = "hvc", [SMC] = "smc", [WFX] = "wfx", [SYSREG] = "sysreg",
	[IRQ] = "irq", [FIQ] = "fiq", [SERROR] = "serror", [WOKEN] = "woken",
};

/* One for each translation of an instruction of the hypervisor; never freed, QEMU may keep what refers to it. */
struct instruction {
	uint64_t address;
	uint32_t function;
	uint8_t slot;		/* NUM_KINDS: none. ACCESS: synchronous */
	bool calls, returns, raises, waits, sleeps;
};

/* What was executed in a function, called on one path */
struct node {
	uint32_t function, parent, first_child, next_sibling;
	uint64_t executed, calls, waited;
	uint32_t in_turn;	/* executed since the last YIELD, WFE or WFI */
};

/* Excursions of one cause: what they have executed without waiting */
struct record {
	uint64_t count, sum, max, min, waited, histogram[NUM_BUCKETS];
	struct node *nodes;	/* of the longest one */
	uint32_t num_nodes;
};

struct cpu {
	bool inside, was_inside;
	enum kind kind, guest_kind;
	uint64_t executed, tags, raised;
	/* Turns of a loop that waits: what is executed from one YIELD, WFE or WFI to the same instruction in the same call of
	 * its function, which has not returned. in_turn: nodes where something was executed since; too many are no such loop */
	uint64_t waited, wait_address;
	uint32_t wait_node, wait_depth, in_turn[MAX_TURN_NODES], num_in_turn;
	/* with log: guest instructions; what was executed in one node after the other, if MAX_RUNS hold it */
	uint64_t guest_executed;
	struct { uint32_t node, executed; } runs[MAX_RUNS];
	uint32_t num_runs;
	/* call tree: node 0 is above all; current is what executes; frames are where calls return to */
	struct node nodes[MAX_NODES];
	uint32_t num_nodes, current, frames[MAX_DEPTH], depth;
	bool called, returned;		/* by the instruction before */
	struct record *records[NUM_KINDS][MAX_TAGS + 1];
};

static uint64_t phys;
static struct { uint64_t pc; uint32_t mark; } marks[MAX_MARKS];
static uint32_t num_marks;
static const char *out_path;
static bool with_log, log_open, log_closed;
static FILE *log_file;
static char *log_text;
static size_t log_size;
static struct cpu *cpus[MAX_CPUS];	/* each touched by its own CPU only */

static struct cpu *cpu_of(unsigned int vcpu)
{
	if (vcpu >= MAX_CPUS)
		abort();
	if (!cpus[vcpu])
		cpus[vcpu] = zeroed(sizeof(struct cpu));
	return cpus[vcpu];
}

/* --- the call tree of an excursion */

/* What finds no room is counted where it was called. */
static uint32_t child(struct cpu *cpu, uint32_t parent, uint32_t function)
{
	struct node *above = &cpu->nodes[parent];
	uint32_t *place = &above->first_child, n;

	while (*place != NO_NODE && cpu->nodes[*place].function != function)
		place = &cpu->nodes[*place].next_sibling;
	n = *place;
	if (n == NO_NODE) {
		if (cpu->num_nodes == MAX_NODES)
			return parent;
		n = *place = cpu->num_nodes++;
		cpu->nodes[n] = (struct node){ .function = function, .parent = parent, .first_child = NO_NODE,
					       .next_sibling = NO_NODE };
	}
	cpu->nodes[n].calls++;
	if (function != NO_FUNCTION)
		cpu->tags |= image.functions[function].tags;
	return n;
}

static void count_turn(struct cpu *cpu)
{
	if (!cpu->nodes[cpu->current].in_turn++ && cpu->num_in_turn <= MAX_TURN_NODES) {
		if (cpu->num_in_turn < MAX_TURN_NODES)
			cpu->in_turn[cpu->num_in_turn] = cpu->current;
		cpu->num_in_turn++;
	}
}

static void end_turn(struct cpu *cpu, uint64_t address)
{
	bool is_wait = cpu->wait_node == cpu->current && cpu->wait_address == address && cpu->num_in_turn <= MAX_TURN_NODES;

	if (cpu->num_in_turn > MAX_TURN_NODES)
		for (uint32_t n = 0; n < cpu->num_nodes; n++)
			cpu->nodes[n].in_turn = 0;
	for (uint32_t n = 0; n < cpu->num_in_turn && cpu->num_in_turn <= MAX_TURN_NODES; n++) {
		struct node *node = &cpu->nodes[cpu->in_turn[n]];

		if (is_wait) {
			node->waited += node->in_turn;
			cpu->waited += node->in_turn;
		}
		node->in_turn = 0;
	}
	cpu->num_in_turn = 0;
	cpu->wait_node = cpu->current;
	cpu->wait_address = address;
	cpu->wait_depth = cpu->depth;
}

static void count_run(struct cpu *cpu)
{
	uint32_t last = cpu->num_runs - 1;

	if (cpu->num_runs && last < MAX_RUNS && cpu->runs[last].node == cpu->current)
		cpu->runs[last].executed++;
	else if (cpu->num_runs < MAX_RUNS) {
		cpu->runs[cpu->num_runs].node = cpu->current;
		cpu->runs[cpu->num_runs++].executed = 1;
	} else {
		cpu->num_runs = MAX_RUNS + 1;
	}
}

static void step(struct cpu *cpu, const struct instruction *it)
{
	if (cpu->called && cpu->depth < MAX_DEPTH) {
		cpu->frames[cpu->depth++] = cpu->current;
		cpu->current = child(cpu, cpu->current, it->function);
	} else if (cpu->returned && cpu->depth) {
		cpu->current = cpu->frames[--cpu->depth];
		if (cpu->depth < cpu->wait_depth)	/* out of the loop */
			cpu->wait_node = NO_NODE;
	}
	/* a jump, to the end of another function or to its begin: in the place of the one before */
	if (cpu->nodes[cpu->current].function != it->function)
		cpu->current = child(cpu, cpu->current ? cpu->nodes[cpu->current].parent : 0, it->function);
	cpu->nodes[cpu->current].executed++;
	count_turn(cpu);
	if (it->waits)
		end_turn(cpu, it->address);
	if (with_log)
		count_run(cpu);
	cpu->called = it->calls;
	cpu->returned = it->returns;
}

static void print_runs(FILE *out, const struct cpu *cpu)
{
	fputc('[', out);
	for (uint32_t n = 0; cpu->num_runs <= MAX_RUNS && n < cpu->num_runs; n++)
		fprintf(out, "%s[%u,%u]", n ? "," : "", cpu->runs[n].node - 1, cpu->runs[n].executed);
	fputc(']', out);
}

static void print_tree(FILE *out, const struct node *nodes, uint32_t num)
{
	fputc('[', out);
	for (uint32_t n = 1; n < num; n++)	/* parent counted without node 0: -1 has none */
		fprintf(out, "%s[%" PRId64 ",\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", n > 1 ? "," : "",
			(int64_t)nodes[n].parent - 1,
			nodes[n].function == NO_FUNCTION ? "?" : image.functions[nodes[n].function].name,
			nodes[n].executed, nodes[n].calls, nodes[n].waited);
	fputc(']', out);
}

/* --- excursions */

static void print_cause(FILE *out, enum kind kind, uint32_t tag)
{
	if (tag < image.num_tags)
		fprintf(out, "\"%s/%s\"", kind_names[kind], image.tag_names[tag]);
	else
		fprintf(out, "\"%s\"", kind_names[kind]);
}

static void record_excursion(unsigned int vcpu, struct cpu *cpu)
{
	uint32_t tag = cpu->tags ? (uint32_t)__builtin_ctzll(cpu->tags) : MAX_TAGS, bucket = 0;
	uint64_t work = cpu->executed - cpu->waited;
	struct record **place = &cpu->records[cpu->kind][tag], *record;

	if (!*place)
		*place = zeroed(sizeof(struct record));
	record = *place;
	while (bucket < NUM_BUCKETS - 1 && UINT64_C(1) << bucket < work)
		bucket++;
	record->histogram[bucket]++;
	record->count++;
	record->sum += work;
	record->waited += cpu->waited;
	if (record->count == 1 || work < record->min)
		record->min = work;
	if (work > record->max) {
		record->max = work;
		free(record->nodes);
		record->nodes = zeroed(cpu->num_nodes * sizeof(struct node));
		memcpy(record->nodes, cpu->nodes, cpu->num_nodes * sizeof(struct node));
		record->num_nodes = cpu->num_nodes;
	}
	if (log_open) {
		fprintf(log_file, ",\n[\"exit\",%u,", vcpu);
		print_cause(log_file, cpu->kind, tag);
		fprintf(log_file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", cpu->executed, cpu->waited, cpu->raised);
		print_tree(log_file, cpu->nodes, cpu->num_nodes);
		fputc(',', log_file);
		print_runs(log_file, cpu);
		fputc(']', log_file);
	}
}

static void end_excursion(unsigned int vcpu, struct cpu *cpu)
{
	record_excursion(vcpu, cpu);
	cpu->inside = false;
}

static void begin_counts(struct cpu *cpu, enum kind kind)
{
	cpu->kind = kind;
	cpu->executed = cpu->tags = cpu->raised = cpu->waited = 0;
	cpu->wait_node = NO_NODE;
	cpu->num_in_turn = 0;
	cpu->num_runs = 0;
	cpu->nodes[0] = (struct node){ .function = NO_FUNCTION, .first_child = NO_NODE, .next_sibling = NO_NODE };
	cpu->num_nodes = 1;
}

static void begin_excursion(struct cpu *cpu, enum kind kind)
{
	begin_counts(cpu, kind == ACCESS ? cpu->guest_kind : kind);
	cpu->inside = cpu->was_inside = true;
	cpu->guest_kind = ACCESS;
	cpu->current = cpu->depth = 0;
	cpu->called = cpu->returned = false;
}

/* It goes on in the function where it slept, or where the piece begins, called from where it was: of the tree, that much stays. */
static void wake(unsigned int vcpu, struct cpu *cpu)
{
	uint32_t old[MAX_NODES], functions[MAX_NODES], num = 0, node = 0;

	for (uint32_t n = cpu->current; n; n = cpu->nodes[n].parent) {
		functions[num] = cpu->nodes[n].function;
		old[num++] = n;
	}
	record_excursion(vcpu, cpu);
	begin_counts(cpu, WOKEN);
	while (num--) {
		node = child(cpu, node, functions[num]);
		cpu->nodes[node].calls = 0;
		for (uint32_t frame = 0; frame < cpu->depth; frame++)
			if (cpu->frames[frame] == old[num])
				cpu->frames[frame] = node | WOKEN_NODE;
	}
	for (uint32_t frame = 0; frame < cpu->depth; frame++)
		cpu->frames[frame] = cpu->frames[frame] & WOKEN_NODE ? cpu->frames[frame] & ~WOKEN_NODE : 0;
	cpu->current = node;
	cpu->tags = 0;
}

static bool piece_begins(const struct cpu *cpu)
{
	const struct node *node = &cpu->nodes[cpu->current];

	return node->function == image.piece && cpu->nodes[node->parent].function == image.piece_caller;
}

static void executed(unsigned int vcpu, void *data)
{
	const struct instruction *it = data;
	struct cpu *cpu = cpu_of(vcpu);
	bool called = cpu->called;

	if (it->slot != NUM_KINDS) {
		/* the guest may be interrupted before its first instruction */
		if (cpu->inside)
			end_excursion(vcpu, cpu);
		begin_excursion(cpu, it->slot);
	} else if (!cpu->inside) {
		begin_excursion(cpu, ENTER);
	}
	cpu->executed++;
	if (it->raises && !cpu->raised)
		cpu->raised = cpu->executed;
	step(cpu, it);
	if ((it->sleeps || (called && piece_begins(cpu))) && !with_log)
		wake(vcpu, cpu);
}

static void stored(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	struct cpu *cpu = cpu_of(vcpu);
	const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, vaddr);
	uint64_t address;

	(void)data;
	if (cpu->raised || !cpu->inside || !where || !qemu_plugin_hwaddr_is_io(where))
		return;
	address = qemu_plugin_hwaddr_phys_addr(where);
	if (address >= image.raise_low && address < image.raise_high)
		cpu->raised = cpu->executed;
}

/* --- guests */

/* Each block, or with log each instruction. An access may follow in the block: data is NULL then. */
static void guest_runs(unsigned int vcpu, void *data)
{
	struct cpu *cpu = cpu_of(vcpu);

	(void)data;
	if (cpu->inside)
		end_excursion(vcpu, cpu);
	cpu->guest_kind = ACCESS;
}

static void guest_counts(unsigned int vcpu, void *data)
{
	guest_runs(vcpu, data);
	cpu_of(vcpu)->guest_executed++;
}

static void guest_may_trap(unsigned int vcpu, void *data)
{
	cpu_of(vcpu)->guest_kind = (enum kind)(uintptr_t)data;
}

static void guest_mark(unsigned int vcpu, void *data)
{
	uint32_t mark = (uint32_t)(uintptr_t)data;

	if (mark == MARK_OPEN)
		log_open = !log_closed;
	if (log_open)
		fprintf(log_file, ",\n[\"mark\",%u,%u,%" PRIu64 "]", vcpu, mark, cpu_of(vcpu)->guest_executed);
	if (mark == MARK_CLOSE && log_open) {
		log_open = false;
		log_closed = true;
	}
}

/* --- translation. Encodings: ARM DDI 0487, C4.1 */

static uint32_t code_of(const struct qemu_plugin_insn *insn)
{
	uint32_t code;

	memcpy(&code, qemu_plugin_insn_data(insn), sizeof(code));
	return code;
}

static enum kind guest_kind(uint32_t code)
{
	if ((code & 0xffe0001f) == 0xd4000002)
		return HVC;
	if ((code & 0xffe0001f) == 0xd4000003)
		return SMC;
	if (code == 0xd503207f || code == 0xd503205f)	/* WFI, WFE */
		return WFX;
	/* SYS, SYSL, MSR, MRS; but not barriers, hints, MSR (immediate) */
	if ((code & 0xffc00000) == 0xd5000000 && (code >> 19 & 3))
		return SYSREG;
	return ACCESS;
}

/* The address where it is linked, or 0 */
static uint64_t hypervisor_address(uint64_t address)
{
	if (phys && address >= phys && address - phys < image.high - image.low)
		return address - phys + image.low;
	return address >= image.low && address < image.high ? address : 0;
}

static void translated_hypervisor(struct qemu_plugin_insn *insn, uint64_t address)
{
	struct instruction *it = zeroed(sizeof(*it));
	static const enum kind slots[4] = { ACCESS, IRQ, FIQ, SERROR };
	uint64_t offset = address - image.vectors;
	uint32_t code = code_of(insn);

	*it = (struct instruction){
		.address = address, .function = function_at(address), .slot = NUM_KINDS,
		.calls = (code & 0xfc000000) == 0x94000000 || (code & 0xfffffc1f) == 0xd63f0000,	/* BL, BLR */
		.returns = (code & 0xfffffc1f) == 0xd65f0000,
		.raises = (code & 0xffffffe0) == 0xd518cba0,	/* MSR ICC_SGI1R_EL1 */
		.waits = code == 0xd503203f || code == 0xd503205f || code == 0xd503207f,
		.sleeps = code == 0xd503207f,	/* WFI */
	};
	/* from lower exception levels: the upper half of the table, 80h bytes each (D1.4.1) */
	if (offset >= 0x400 && offset < 0x800 && !(offset % 0x80))
		it->slot = (uint8_t)slots[offset / 0x80 % 4];
	qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, NO_REGISTERS, it);
	if (with_log)
		qemu_plugin_register_vcpu_mem_cb(insn, stored, NO_REGISTERS, MEMORY_WRITE, NULL);
}

static void translated_guest(struct qemu_plugin_tb *tb)
{
	size_t num = qemu_plugin_tb_n_insns(tb);
	bool trapping = false;

	if (!with_log)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, guest_runs, NO_REGISTERS, NULL);
	for (size_t n = 0; n < num; n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		uint32_t code = code_of(insn);
		enum kind kind = guest_kind(code);

		if (with_log)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, guest_counts, NO_REGISTERS, NULL);
		else if (trapping && kind == ACCESS)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, guest_runs, NO_REGISTERS, NULL);
		trapping = kind != ACCESS;
		if (trapping)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, guest_may_trap, NO_REGISTERS,
							       (void *)(uintptr_t)kind);
		if (!with_log)
			continue;
		if ((code & 0xffe0001f) == 0xd280001f)		/* MOVZ XZR */
			qemu_plugin_register_vcpu_insn_exec_cb(insn, guest_mark, NO_REGISTERS,
							       (void *)(uintptr_t)(code >> 5 & 0xffff));
		for (uint32_t mark = 0; mark < num_marks; mark++)
			if (marks[mark].pc == address)
				qemu_plugin_register_vcpu_insn_exec_cb(insn, guest_mark, NO_REGISTERS,
								       (void *)(uintptr_t)marks[mark].mark);
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t num = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (!hypervisor_address(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)))) {
		translated_guest(tb);
		return;
	}
	for (size_t n = 0; n < num; n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);

		translated_hypervisor(insn, hypervisor_address(qemu_plugin_insn_vaddr(insn)));
	}
}

/* --- the result */

static void merge(struct record *into, const struct record *from)
{
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max) {
		into->max = from->max;
		into->nodes = from->nodes;
		into->num_nodes = from->num_nodes;
	}
	into->count += from->count;
	into->sum += from->sum;
	into->waited += from->waited;
	for (uint32_t n = 0; n < NUM_BUCKETS; n++)
		into->histogram[n] += from->histogram[n];
}

static void print_record(FILE *out, enum kind kind, uint32_t tag, const struct record *record)
{
	bool first = true;

	print_cause(out, kind, tag);
	fprintf(out, ":{\"count\":%" PRIu64 ",\"sum\":%" PRIu64 ",\"waited\":%" PRIu64 ",\"min\":%" PRIu64
		",\"max\":%" PRIu64 ",\"histogram\":{", record->count, record->sum, record->waited, record->min,
		record->max);
	for (uint32_t n = 0; n < NUM_BUCKETS; n++)
		if (record->histogram[n]) {
			fprintf(out, "%s\"%" PRIu64 "\":%" PRIu64, first ? "" : ",", UINT64_C(1) << n,
				record->histogram[n]);
			first = false;
		}
	fputs("},\"longest\":", out);
	print_tree(out, record->nodes, record->num_nodes);
	fputc('}', out);
}

static void print_causes(FILE *out)
{
	bool first = true;

	for (uint32_t kind = 0; kind < NUM_KINDS; kind++)
		for (uint32_t tag = 0; tag <= MAX_TAGS; tag++) {
			struct record all = { 0 };

			for (uint32_t n = 0; n < MAX_CPUS; n++)
				if (cpus[n] && cpus[n]->records[kind][tag])
					merge(&all, cpus[n]->records[kind][tag]);
			if (!all.count)
				continue;
			fputs(first ? "\n" : ",\n", out);
			first = false;
			print_record(out, kind, tag, &all);
		}
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");

	(void)id;
	(void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	fputs("{\"causes\":{", out);
	print_causes(out);
	/* those that have not ended: CPUs that wait there */
	fputs("},\n\"inside\":{", out);
	for (uint32_t n = 0, first = 1; n < MAX_CPUS; n++)
		if (cpus[n] && cpus[n]->inside) {
			fprintf(out, "%s\"%u\":%" PRIu64, first ? "" : ",", n, cpus[n]->executed);
			first = 0;
		}
	fclose(log_file);
	fprintf(out, "},\n\"log\":[%s]}\n", log_size ? log_text + 1 : "");
	if (fclose(out))
		perror(out_path);
}

/* --- arguments */

static bool read_argument(const char *argument)
{
	const char *value = strchr(argument, '=');
	char *end;

	if (!value)
		return false;
	value++;
	if (!strncmp(argument, "image=", 6))
		return read_image(value);
	if (!strncmp(argument, "out=", 4))
		return (out_path = strdup(value));
	if (!strncmp(argument, "phys=", 5))
		return (phys = strtoull(value, NULL, 0));
	if (!strncmp(argument, "log=", 4)) {
		log_open = !strcmp(value, "all");
		with_log = log_open || !strcmp(value, "on");
		return with_log;
	}
	if (strncmp(argument, "pc=", 3) || num_marks == MAX_MARKS)
		return false;
	marks[num_marks].pc = strtoull(value, &end, 0);
	marks[num_marks++].mark = (uint32_t)strtoul(end + (*end == ':'), NULL, 0);
	return true;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int n = 0; n < argc; n++)
		if (!read_argument(argv[n])) {
			fprintf(stderr, "excursions: %s: not understood, or nothing there\n", argv[n]);
			return -1;
		}
	log_file = open_memstream(&log_text, &log_size);
	if (!image.low || !out_path || !log_file) {
		fprintf(stderr, "excursions: image=FILE,out=FILE are wanted\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
