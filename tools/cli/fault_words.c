/* SPDX-License-Identifier: BSD-2-Clause */
/* What the numbers of a violation mean, and what can be done about it. Syndromes: Arm ARM, ESR_EL2, ISS of aborts. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "fault.h"

#define PAGE		0x1000UL
#define CLOSE		0x10000UL	/* bytes from a region that look like an overrun */
#define EC(esr)		((esr) >> 26 & 0x3f)
#define EC_FETCH	0x20
#define ISV		(1UL << 24)
#define BIT(value, n)	((value) >> (n) & 1)

static void append(char *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *words, const char *format, ...)
{
	size_t used = strlen(words);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words + used, WORDS_SIZE - used, format, arguments);
	va_end(arguments);
}

static uint64_t start_of(const struct cfg_memory *region, int host)
{
	return host ? region->phys_start : region->virt_start;
}

const struct cfg_memory *region_at(const struct regions *regions, uint64_t address, int host)
{
	size_t n;

	for (n = 0; n < regions->count; n++)
		if (address - start_of(&regions->memory[n], host) < regions->memory[n].size)
			return &regions->memory[n];
	return NULL;
}

int nearest_region(const struct regions *regions, uint64_t address, struct nearest *nearest)
{
	struct nearest next;
	int found = 0;
	size_t n;

	for (n = 0; n < regions->count; n++) {
		const struct cfg_memory *region = &regions->memory[n];

		if (!region->size)
			continue;
		next.index = n;
		next.position = address < region->virt_start ? BEFORE :
				address - region->virt_start < region->size ? INSIDE : BEHIND;
		next.distance = next.position == BEFORE ? region->virt_start - address :
				next.position == BEHIND ? address - region->virt_start - region->size : 0;
		if (!found || next.distance < nearest->distance || next.position == INSIDE)
			*nearest = next;
		found = 1;
		if (next.position == INSIDE)
			break;
	}
	return found;
}

const char *access_word(const struct bh_fault *fault)
{
	switch (fault->kind) {
	case BH_FAULT_READ:
		return "read";
	case BH_FAULT_WRITE:
		return "write";
	case BH_FAULT_FETCH:
		return "instruction fetch";
	case BH_FAULT_WATCHDOG:
		return "watchdog";
	default:
		return "unknown access";
	}
}

const char *position_word(enum position position)
{
	return position == BEFORE ? "before" : position == BEHIND ? "behind" : "inside";
}

/* SPSR_EL2.M */
const char *mode_word(const struct bh_fault *fault)
{
	if (BIT(fault->pstate, 4))
		return "AArch32";
	switch (fault->pstate & 0xf) {
	case 0:
		return "EL0";
	case 4:
		return "EL1t";
	case 5:
		return "EL1h";
	default:
		return "unknown mode";
	}
}

void fault_type_words(const struct bh_fault *fault, char *words)
{
	static const char *const types[] = {
		[0] = "address size fault", [1] = "translation fault", [2] = "access flag fault", [3] = "permission fault",
	};
	uint64_t status = fault->syndrome & 0x3f;

	words[0] = 0;
	if (status < 16)
		append(words, "%s, level %u", types[status >> 2], (unsigned int)(status & 3));
	else if (status == 0x10)
		append(words, "external abort");
	else if (status == 0x21)
		append(words, "alignment fault");
	else
		append(words, "fault status 0x%02x", (unsigned int)status);
}

void syndrome_words(const struct bh_fault *fault, char *words)
{
	uint64_t esr = fault->syndrome;

	fault_type_words(fault, words);
	if (EC(esr) == EC_FETCH)
		return;
	if (esr & ISV)
		append(words, ", %s%u bytes, register %s%u", BIT(esr, 21) ? "signed, " : "", 1u << (esr >> 22 & 3),
		       BIT(esr, 15) ? "x" : "w", (unsigned int)(esr >> 16 & 0x1f));
	else
		append(words, ", no description of the instruction (a pair, write-back, exclusive, SIMD)");
	append(words, "%s", BIT(esr, 6) ? ", write" : ", read");
}

void region_words(uint64_t flags, char *words)
{
	static const struct {
		uint64_t flag;
		const char *word;
	} names[] = {
		{ CFG_MEM_READ, "read" }, { CFG_MEM_WRITE, "write" }, { CFG_MEM_EXECUTE, "execute" },
		{ CFG_MEM_IO, "device" }, { CFG_MEM_COMM_REGION, "communication region" },
		{ CFG_MEM_LOADABLE, "loadable" }, { CFG_MEM_ROOTSHARED, "shared with the root cell" },
	};
	size_t n;

	words[0] = 0;
	for (n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		if (flags & names[n].flag)
			append(words, "%s%s", words[0] ? ", " : "", names[n].word);
	if (!words[0])
		append(words, "no access");
}

static void advise_root(const struct cell_facts *cell, char *words)
{
	if (cell->other_name)
		append(words, "cell \"%.31s\" has this memory; leave it alone until that cell is destroyed, or share it by a link",
		       cell->other_name);
	else
		append(words, "no region of its configuration has this address; if the machine has something there, add it to "
		       "'memory' or 'devices' of the board");
	append(words, "; what did it stands in the kernel's log");
}

static void advise_watchdog(const struct bh_fault *fault, char *words)
{
	if (fault->address == 0)
		append(words, "the program never changed the counter at offset 0x%zx of its communication region: have it do "
		       "so at least once in each period, or remove 'watchdog' of the cell",
		       offsetof(struct comm_region, watchdog));
	else
		append(words, "the program hung, or was too slow: see what it did at PC, which may wait for something that does "
		       "not come; or tick more often, or make 'watchdog' of the cell longer");
}

void advice_words(const struct cell_facts *cell, char *words)
{
	const struct bh_fault *fault = &cell->fault;
	const struct cfg_memory *device = region_at(&cell->root, fault->address, 1);
	struct nearest near;
	int is_known = nearest_region(&cell->own, fault->address, &near);

	words[0] = 0;
	if (fault->kind == BH_FAULT_WATCHDOG) {
		advise_watchdog(fault, words);
		return;
	}
	if (cell->id == 0) {
		advise_root(cell, words);
		return;
	}
	if (fault->flags & BH_FAULT_REFUSED) {
		append(words, "the region there is smaller than a page, and does not allow this access: correct its flags READ, "
		       "WRITE, IO_8 to IO_64 or IO_UNALIGNED, or the width that the program uses; or no device answered");
		return;
	}
	if (is_known && near.position == INSIDE)
		append(words, "memory %zu has this address, but not this right: correct its 'access'", near.index);
	else if (fault->kind == BH_FAULT_FETCH)
		append(words, "the program jumped to where it has no memory; it may have come from 0x%" PRIx64 " (x30). If code "
		       "belongs there, add 'memory: { code: { at: 0x%" PRIx64 ", size: 4 KiB, access: rx } }'",
		       fault->x[30], fault->address & ~(PAGE - 1));
	else if (is_known && near.distance < CLOSE)
		append(words, "close to memory %zu: an overrun, or that region has to be larger ('size')", near.index);
	else if (device && device->flags & CFG_MEM_IO)
		append(words, "the root cell has a device at 0x%" PRIx64 ": add it to 'devices' or 'shared-devices' of the cell",
		       (uint64_t)device->phys_start);
	else
		append(words, "the cell has nothing near: correct the program, or add what it needs to 'memory' or 'devices' of "
		       "the cell");
	if (fault->kind != BH_FAULT_FETCH && !(is_known && near.position == INSIDE))
		append(words, ". If it may go on without, add 'stray-ranges: [{ at: 0x%" PRIx64 ", size: 4 KiB, action: ignore "
		       "}]', or 'abort'", fault->address & ~(PAGE - 1));
}
