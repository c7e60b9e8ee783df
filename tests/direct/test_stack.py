# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor's stacks: below each is a page that nobody has, and what grows into it ends the CPU, with a word about it.
That no way into the hypervisor needs more than a stack has is computed when it is built (ci/stackbound.py)."""
import itertools
import re
import struct

from elftools.elf.elffile import ELFFile

from direct import (AREAS, BASE, CPUS, HYPERVISOR_ELF, IMAGE, ROOT_CELL, Bundle, GuestError, abi, cell_text, system_text)

PAGE = 4096
VALID, READ_ONLY, NO_EXECUTE = 1 << 0, 1 << 7, 1 << 54
ADDRESS = (1 << 48) - PAGE
STACK = 2048			# CONFIG_STACK_SIZE
AREA_PAGES = 2			# of a CPU: stack, trace, data; between the guard page and its window
SAVE_FIRST, SUB_SP_STACK = 0xa9b007e0, 0xd10003ff | STACK << 10
RINGING = "".join(cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff", console="off") for name, cpu in (("c", 2), ("d", 3)))


def boot(bench):
    path = bench.make(system_text(ROOT_CELL + RINGING, "  r: { peers: [c, d], output: 4 KiB }\n  s: { peers: [c, d], output: 4 KiB }\n"))
    header = Bundle(path.read_bytes()).header
    assert header.percpu_size == AREA_PAGES * PAGE
    machine = bench.boot(path)
    machine.says("^3 cells run, ")
    areas = BASE + header.core_size
    return machine, [(AREAS + cpu * (2 + AREA_PAGES) * PAGE, areas + cpu * header.percpu_size) for cpu in range(CPUS)]


def physical(symbol):
    with open(HYPERVISOR_ELF, "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(symbol)
    found, = (place for place in symbols if place["st_value"])	# functions that are kept are asked for, too
    return found["st_value"] - IMAGE + BASE


def descriptors(machine, virtual, count=1):
    """Of so many pages of one table of level 3, from the tables that all CPUs use at EL2; 0 if none leads there."""
    table, = struct.unpack("<Q", machine.memory.read(physical("early_root"), 8))
    for shift in 39, 30, 21:
        entry, = struct.unpack("<Q", machine.memory.read(table + (virtual >> shift & 511) * 8, 8))
        if not entry & VALID:
            return (0,) * count
        table = entry & ADDRESS
    entries = struct.unpack(f"<{count}Q", machine.memory.read(table + (virtual >> 12 & 511) * 8, 8 * count))
    return tuple(entry if entry & VALID else 0 for entry in entries)


def descriptor(machine, virtual):
    return descriptors(machine, virtual)[0]


def test_guard_page(bench):
    """No address below a stack leads anywhere; the stack itself is writable, and not executable, and nowhere else."""
    machine, areas = boot(bench)
    for guard, area in areas:
        assert descriptor(machine, guard) == 0
        for offset in range(0, AREA_PAGES * PAGE, PAGE):
            entry = descriptor(machine, guard + PAGE + offset)
            assert entry & VALID and entry & NO_EXECUTE and not entry & READ_ONLY
            assert entry & ADDRESS == area + offset
            assert descriptor(machine, area + offset - BASE + IMAGE) == 0


def test_ranges_are_apart(bench):
    """What is mapped behind the areas of CPUs has a page on each side that is not, so that who leaves a range faults."""
    machine, areas = boot(bench)
    first = areas[-1][0] + (2 + AREA_PAGES) * PAGE
    mapped = descriptors(machine, first, 512 - (first - AREAS) // PAGE)
    assert mapped[0] == 0
    ranges = [len(list(pages)) for valid, pages in itertools.groupby(mapped, bool) if valid]
    assert ranges == [1, 16, *[32] * CPUS, 1, 1]	# UART, distributor, redistributors, two state tables


def test_overflow(bench):
    """An exception of a guest that takes a whole stack at once, so that the first function which saves a register does it in
    the guard page: of a cell, and of the root cell, which calls."""
    machine, areas = boot(bench)
    code = physical("trap_sync_entry")
    assert machine.memory.read(code, 4) == struct.pack("<I", SAVE_FIRST)
    assert machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS) == 3
    top = areas[0][1] + STACK
    position = machine.memory.read(top - 8, 8)
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
        guard, _ = areas[cpu]
        assert guard <= far < guard + PAGE and guard <= stack <= guard + PAGE
        assert descriptor(machine, guard) == 0
    # of the trace: it is above the stack that a panic has, so that what came before it can be told
    assert position != bytes(8)
    assert machine.memory.read(top - 8, 8) == position
    assert not re.search("PANIC on CPU 1", machine.console.text())
