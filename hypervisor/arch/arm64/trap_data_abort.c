/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data and instruction aborts of guests at stage 2: syndrome -> struct mmio_access -> device. Without syndrome
 * (pairs, write-back addressing) the instruction is read and decoded.
 */
#include "a64_access.h"
#include "cell.h"
#include "control.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "entry.h"
#include "trap.h"

#define ISS_SF		(1UL << 15)
#define FSC_ACCESS_FLAG	0x08
#define FSC_PERMISSION	0x0c

#define PAR_F		(1UL << 0)

static uint64_t size_mask(uint32_t size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

static enum mmio_result access_device(struct percpu *cpu, uint64_t address, struct mmio_access *access)
{
	return mmio_dispatch(&cpu->cell->mmio, GUEST_ADDR(address), access);
}

static bool read_instruction(uint32_t *instruction)
{
	uint64_t pc = read_sysreg(elr_el2), spsr = read_sysreg(spsr_el2), par = read_sysreg(par_el1);
	uint64_t result, value = 0;
	void *page;

	if ((spsr & SPSR_MODE_AA32) || (pc & 3))
		return false;
	result = arm64_translate(pc, (spsr & SPSR_MODE_MASK) == SPSR_MODE_EL0T);
	write_sysreg(par, par_el1);
	if (!result || (result & PAR_F))
		return false;
	page = arch_window(HOST_ADDR((result & 0x0000fffffffff000UL) | (pc & (PAGE_SIZE - 1))));
	if (!arch_device_access(page, &value, 4, false))
		return false;
	*instruction = (uint32_t)value;
	return true;
}

/* SP of the guest is a base register, too. */
static uint64_t read_base(const struct trap_frame *frame, uint32_t rn)
{
	if (rn < 31)
		return frame->x[rn];
	return (read_sysreg(spsr_el2) & SPSR_MODE_MASK) == SPSR_MODE_EL1H ? read_sysreg(sp_el1) : read_sysreg(sp_el0);
}

static void write_base(struct trap_frame *frame, uint32_t rn, uint64_t value)
{
	if (rn < 31)
		frame->x[rn] = value;
	else if ((read_sysreg(spsr_el2) & SPSR_MODE_MASK) == SPSR_MODE_EL1H)
		write_sysreg(value, sp_el1);
	else
		write_sysreg(value, sp_el0);
}

/* size: of all elements, once it is known. element: where the trap was, afterwards which one was not done */
static enum mmio_result access_decoded(struct trap_frame *frame, struct percpu *cpu, uint64_t esr, uint64_t *element,
				       uint32_t *size)
{
	struct a64_access decoded;
	uint32_t instruction;
	uint32_t registers[2];
	uint64_t values[2] = { 0, 0 };
	uint64_t virtual;
	uint32_t count, cause = 0;

	if (!read_instruction(&instruction) || !a64_decode_access(instruction, &decoded))
		return MMIO_NO_WINDOW;
	if (decoded.is_write != !!(esr & ISS_WNR))
		return MMIO_NO_WINDOW;
	count = decoded.is_pair ? 2 : 1;
	/* only one page was looked up: all elements have to be in it */
	virtual = a64_access_address(&decoded, read_base(frame, decoded.rn), guest_reg(frame, decoded.rm));
	if ((virtual ^ read_sysreg(far_el2)) & PAGE_MASK ||
	    (virtual & ~PAGE_MASK) + count * decoded.size > PAGE_SIZE)
		return MMIO_NO_WINDOW;
	*size = count * decoded.size;
	*element = (*element & PAGE_MASK) | (virtual & ~PAGE_MASK);
	registers[0] = decoded.rt;
	registers[1] = decoded.rt2;
	for (uint32_t i = 0; i < count; i++) {
		struct mmio_access access = {
			.size = decoded.size,
			.is_write = decoded.is_write,
			.value = decoded.is_write ? guest_reg(frame, registers[i]) & size_mask(decoded.size) : 0,
		};
		enum mmio_result result = access_device(cpu, *element, &access);

		if (result == MMIO_NO_WINDOW && cell_ignores_stray(cpu->cell, GUEST_ADDR(*element), &access)) {
			cause = CPU_EXIT_STRAY_IGNORED;
		} else if (result != MMIO_HANDLED) {
			return result;
		} else {
			cause = access.window->device->cause;
		}
		values[i] = access.value;
		*element += decoded.size;
	}
	if (!decoded.is_write)
		for (uint32_t i = 0; i < count; i++)
			set_guest_reg(frame, registers[i], a64_load_result(values[i], decoded.size, decoded.sign_extend,
								      decoded.width == 64));
	if (decoded.writeback)
		write_base(frame, decoded.rn,
			   read_base(frame, decoded.rn) + (uint64_t)(int64_t)decoded.writeback_imm);
	cpu->exits[cause]++;
	return MMIO_HANDLED;
}

static uint32_t access_size(uint64_t esr)
{
	return 1U << (esr >> 22 & 3);
}

/* Of all pages that have this place, the window that has one of them */
static volatile uint8_t *hint_of(struct arch_fast_path *fast, uint64_t hpfar)
{
	uint64_t number = hpfar >> 4 ^ hpfar >> 9 ^ hpfar >> 19;

	return &fast->interrupts[number % FAST_REGISTERS].hints[number / FAST_REGISTERS % FAST_HINTS];
}

/* If the window has the whole page */
static APART bool set_page(struct percpu *cpu, const struct mmio_window *window, uint64_t hpfar)
{
	struct arch_fast_path *fast = &cpu->fast;
	uint64_t base = __atomic_load_n(&window->base, __ATOMIC_RELAXED), offset = (hpfar << 8) - base;

	/* MMIO_CLOSED is no multiple of a page */
	if (offset % PAGE_SIZE || offset > window->size - PAGE_SIZE)
		return false;
	fast->page = hpfar;
	fast->offset = offset;
	fast->window = window;
	fast->base = base;
	fast->read = window->device->read;
	fast->write = window->device->write;
	fast->counter = &cpu->exits[window->device->cause];
	return true;
}

/* Back to a page that was accessed before, if its window is still there */
static APART bool turn_to_page(struct percpu *cpu, uint64_t hpfar)
{
	uint32_t hint = *hint_of(&cpu->fast, hpfar);

	return hint && set_page(cpu, &cpu->cell->mmio.fixed[hint - 1], hpfar);
}

#define MISSES	4u

/*
 * The whole page of the access is in its window: accesses to it need no search, as long as the window stays where it is. Not
 * of devices that may refuse. Where another window is the hint, it is mostly left: both may be used in turn.
 */
static APART COLD void remember_window(struct percpu *cpu, const struct mmio_window *window)
{
	const struct mmio_map *map = &cpu->cell->mmio;
	struct arch_fast_path *fast = &cpu->fast;
	uint64_t hpfar = read_sysreg(hpfar_el2), number = (uint64_t)(window - map->fixed) + 1;
	volatile uint8_t *hint = hint_of(fast, hpfar);

	if (*hint == number || number > UINT8_MAX || window->device->access)
		return;
	if (*hint && ++fast->misses % MISSES)
		return;
	*hint = (uint8_t)number;
	dsb(ish);
	/* moved meanwhile, by another CPU: arch_forget_accesses() may have come before */
	if (!mmio_has_pages(map, window, __atomic_load_n(&window->base, __ATOMIC_RELAXED), GUEST_ADDR(hpfar << 8)) ||
	    !set_page(cpu, window, hpfar))
		*hint = 0;
}

bool trap_light(struct trap_frame *frame, uint64_t esr)
{
	const struct arch_fast_path *fast = &this_cpu()->fast;
	uint64_t hpfar = read_sysreg(hpfar_el2), offset = read_sysreg(far_el2) & (PAGE_SIZE - 1);
	const struct mmio_window *window;
	union mmio_again again;

	/* what begins in the last bytes of the page may leave it */
	if (offset > PAGE_SIZE - 8)
		return false;
	if ((hpfar != fast->page || __atomic_load_n(&fast->window->base, __ATOMIC_RELAXED) != fast->base) &&
	    !turn_to_page(this_cpu(), hpfar))
		return false;
	window = fast->window;
	++*fast->counter;
	skip_word();
	offset += fast->offset;
	if (esr & ISS_WNR) {
		again.store = fast->write(window, offset, access_size(esr), guest_reg(frame, access_register(esr)));
	} else {
		struct mmio_read result = fast->read(window, offset, access_size(esr));

		set_guest_reg(frame, access_register(esr), result.value);
		again.word = result.word;
	}
	if (CONFIG_FAST_PATH && again.word)
		fast_remember(frame, esr, window, offset, again);
	return true;
}

static enum mmio_result access_syndrome(struct trap_frame *frame, struct percpu *cpu, uint64_t esr,
					uint64_t address)
{
	uint32_t size = access_size(esr);
	uint64_t rt = access_register(esr);
	struct mmio_access access = {
		.size = (uint8_t)size,
		.is_write = esr & ISS_WNR,
		.value = esr & ISS_WNR ? guest_reg(frame, rt) & size_mask(size) : 0,
	};
	enum mmio_result result = access_device(cpu, address, &access);

	if (result != MMIO_HANDLED)
		return result;
	if (CONFIG_FAST_PATH) {
		remember_window(cpu, access.window);
		if (access.again.word)
			fast_remember(frame, esr, access.window, access.offset, access.again);
	}
	cpu->exits[access.window->device->cause]++;
	if (!access.is_write)
		set_guest_reg(frame, rt, a64_load_result(access.value, size, esr & ISS_SSE, esr & ISS_SF));
	return result;
}

/* From here on: APART, so that what the guest gets wrong takes no instruction from what it gets right. */

/*
 * An abort that says nothing, because the cell had no memory for a moment (arch_revoke()): the guest repeats its access after
 * the CPU has answered. It may be over by now, so what tells is whether the count is as it was last time.
 */
static APART bool is_revocation(struct percpu *cpu)
{
	uint32_t count = __atomic_load_n(&cpu->cell->arch.revocations, __ATOMIC_ACQUIRE);

	if (count == cpu->arch.revocations && !(count & 1))
		return false;
	cpu->exits[CPU_EXIT_REVOKED]++;
	cpu->arch.revocations = count;
	cpu_handle_revocation();
	return true;
}

/* Kept out of the way of accesses that are done, and so are the values it needs. element: where the access failed */
static APART void access_not_done(struct trap_frame *frame, uint64_t esr, enum mmio_result result,
						      uint64_t element, uint32_t size)
{
	struct percpu *cpu = this_cpu();
	struct cell *cell = cpu->cell;

	/* it may have begun since, so that the instruction could not be read */
	if (is_revocation(cpu))
		return;
	if (result == MMIO_NO_WINDOW && (mmio_has_window(&cell->mmio, GUEST_ADDR(fault_address())) ||
					 cell_aborts_stray(cell, GUEST_ADDR(element)))) {
		/* no load or store that is known here, e.g. by a process that was given a register page */
		cpu->exits[CPU_EXIT_STRAY_ABORTED]++;
		inject_external_abort(false);
		return;
	}
	cpu->exits[CPU_EXIT_STRAY_FAILED]++;
	guest_violation(frame, esr & ISS_WNR ? BH_FAULT_WRITE : BH_FAULT_READ,
			result == MMIO_REFUSED ? BH_FAULT_REFUSED : 0, size);
}

static APART void syndrome_not_done(struct trap_frame *frame, uint64_t esr, enum mmio_result result)
{
	struct mmio_access access = { .is_write = esr & ISS_WNR };
	struct percpu *cpu = this_cpu();
	uint64_t address = fault_address();

	if (is_revocation(cpu))
		return;
	if (result != MMIO_NO_WINDOW || !cell_ignores_stray(cpu->cell, GUEST_ADDR(address), &access)) {
		access_not_done(frame, esr, result, address, access_size(esr));
		return;
	}
	if (!access.is_write)
		set_guest_reg(frame, access_register(esr), access.value);
	cpu->exits[CPU_EXIT_STRAY_IGNORED]++;
	skip_instruction();
}

static bool is_unmapped(uint64_t esr)
{
	return FSC_TYPE(esr) == FSC_TRANSLATION || FSC_TYPE(esr) == FSC_ACCESS_FLAG;
}

/* All but an access that is described to what is not mapped */
static APART void other_abort(struct trap_frame *frame, uint64_t esr)
{
	struct percpu *cpu = this_cpu();
	uint64_t element = fault_address();
	uint32_t size = 0;
	enum mmio_result result;

	if (is_revocation(cpu))
		return;
	if ((esr & ISS_S1PTW) || (!is_unmapped(esr) && FSC_TYPE(esr) != FSC_PERMISSION)) {
		/* table walk into nothing, or an error of the bus: the guest's own business */
		cpu->exits[CPU_EXIT_MEMORY_ERROR]++;
		inject_external_abort(false);
	} else if (esr & ISS_CM) {
		/* cache maintenance of what the cell does not have, or may only read: nothing to do */
		cpu->exits[CPU_EXIT_CACHE_OP]++;
		skip_instruction();
	} else if (!is_unmapped(esr)) {
		/* e.g. a store to the state table; like a bus that does not take the write */
		cpu->exits[CPU_EXIT_READ_ONLY]++;
		inject_external_abort(false);
	} else {
		result = access_decoded(frame, cpu, esr, &element, &size);
		if (result == MMIO_HANDLED)
			skip_instruction();
		else
			access_not_done(frame, esr, result, element, size);
	}
}

void trap_data_abort(struct trap_frame *frame, uint64_t esr)
{
	enum mmio_result result;

	if ((esr & (ISS_S1PTW | ISS_CM)) || !is_unmapped(esr) || !(esr & ISS_ISV)) {
		other_abort(frame, esr);
		return;
	}
	result = access_syndrome(frame, this_cpu(), esr, fault_address());
	if (result == MMIO_HANDLED)
		skip_instruction();
	else
		syndrome_not_done(frame, esr, result);
}

/* There is nothing that a fetch could give: it is never ignored. */
COLD void trap_instruction_abort(struct trap_frame *frame, uint64_t esr)
{
	struct percpu *cpu = this_cpu();

	if (is_revocation(cpu))
		return;
	if (esr & ISS_S1PTW) {
		cpu->exits[CPU_EXIT_MEMORY_ERROR]++;
		inject_external_abort(true);
		return;
	}
	cpu->exits[CPU_EXIT_FETCH]++;
	if (FSC_TYPE(esr) == FSC_TRANSLATION && cell_aborts_stray(cpu->cell, GUEST_ADDR(fault_address())))
		inject_external_abort(true);
	else
		guest_violation(frame, BH_FAULT_FETCH, 0, 4);
}
