# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor's stacks: below each is a page that nobody has, and what grows into it ends the CPU, with a word about it.
That no way into the hypervisor needs more than a stack has is computed when it is built (ci/stackbound.py)."""
import re
import struct

from elftools.elf.elffile import ELFFile

from direct import (BASE, CPUS, HYPERVISOR_ELF, IMAGE, ROOT_CELL, Bundle, GuestError, abi, cell_text, system_text)

PAGE = 4096
VALID, READ_ONLY, NO_EXECUTE = 1 << 0, 1 << 7, 1 << 54
ADDRESS = (1 << 48) - PAGE
STACK_PAGES = 1			# CONFIG_STACK_SIZE
TRACE_PAGES = 1			# CONFIG_TRACE
GUARD = PAGE			# in a CPU's area, behind what is looked at more often
SAVE_FIRST, SUB_SP_STACK = 0xa9b007e0, 0xd14003ff | STACK_PAGES << 10
RINGING = "".join(cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff", console="off") for name, cpu in (("c", 2), ("d", 3)))


def boot(bench):
    path = bench.make(system_text(ROOT_CELL + RINGING, "  r: { peers: [c, d], output: 4 KiB }\n"))
    header = Bundle(path.read_bytes()).header
    assert header.percpu_size == GUARD + (1 + STACK_PAGES + TRACE_PAGES) * PAGE
    machine = bench.boot(path)
    machine.says("^3 cells run, ")
    return machine, [IMAGE + header.core_size + cpu * header.percpu_size + GUARD for cpu in range(CPUS)]


def physical(symbol):
    with open(HYPERVISOR_ELF, "rb") as file:
        found, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(symbol)
    return found["st_value"] - IMAGE + BASE


def descriptor(machine, virtual):
    """Of the page, from the tables that all CPUs use at EL2; 0 if none leads there."""
    entry, = struct.unpack("<Q", machine.memory.read(physical("early_l0"), 8))
    for shift in 39, 30, 21, 12:
        entry, = struct.unpack("<Q", machine.memory.read((entry & ADDRESS) + (virtual >> shift & 511) * 8, 8))
        if not entry & VALID:
            return 0
    return entry


def test_guard_page(bench):
    """No address below a stack leads anywhere; the stack itself is writable, and not executable."""
    machine, guards = boot(bench)
    for guard in guards:
        assert descriptor(machine, guard) == 0
        for page in (-1, *range(1, 1 + STACK_PAGES + TRACE_PAGES)):
            entry = descriptor(machine, guard + page * PAGE)
            assert entry & VALID and entry & NO_EXECUTE and not entry & READ_ONLY
            assert entry & ADDRESS == guard - IMAGE + BASE + page * PAGE


def test_overflow(bench):
    """An exception of a guest that takes a whole stack at once, so that the first function which saves a register does it in
    the guard page: of a cell, and of the root cell, which calls."""
    machine, virtual = boot(bench)
    code = physical("trap_sync_entry")
    assert machine.memory.read(code, 4) == struct.pack("<I", SAVE_FIRST)
    guards = [guard - IMAGE + BASE for guard in virtual]
    before = [machine.memory.read(guard, PAGE) for guard in guards]
    assert machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS) == 3
    position = machine.memory.read(guards[0] + (1 + STACK_PAGES) * PAGE - 8, 8)
    machine.memory.write(code, struct.pack("<I", SUB_SP_STACK))
    try:
        machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS, timeout=1)
        raise AssertionError("the hypercall came back")
    except GuestError:
        pass
    # the two cells ring each other: when one has failed, the other may sleep before it gets to the hypervisor
    for cpus in "0", "23":
        line = machine.says(rf"^PANIC on CPU ([{cpus}]): exception in the hypervisor: vector 4, ESR 0x(\w+), ELR 0x\w+, "
                            r"FAR 0x(\w+), SP 0x(\w+)$")
        cpu, (esr, far, stack) = int(line.group(1)), (int(word, 16) for word in line.groups()[1:])
        assert esr >> 26 == 0x25 and esr & 0x7f == 0x47		# a write, translation fault of a page
        assert virtual[cpu] <= far < virtual[cpu] + PAGE and virtual[cpu] <= stack <= virtual[cpu] + PAGE
    assert [machine.memory.read(guard, PAGE) for guard in guards] == before
    # of the trace: it is above the stack that a panic has, so that what came before it can be told
    assert position != bytes(8)
    assert machine.memory.read(guards[0] + (1 + STACK_PAGES) * PAGE - 8, 8) == position
    assert not re.search("PANIC on CPU 1", machine.console.text())
