# SPDX-License-Identifier: BSD-2-Clause
"""Bundles and machines that are not right: the last line says why, and nothing runs. Without a console the machine is
switched off."""
import re
import time
import zlib

import pytest
from elftools.elf.elffile import ELFFile

from direct import (BASE, DEMO_BUNDLE, HYPERVISOR, HYPERVISOR_ELF, MACHINE, TIMEOUT, Bundle, abi, board_text, cell_text,
                    system_text)

NOT_STARTED = r"The system was not started \(-\d+\), for the reason above"
ONE_CELL = cell_text("a", [1], "ring-demo")
LOST = "{ at: 0x0b000000, size: 4 KiB, spis: [1], console: pl011 }"
PLACES = {"hypervisor": 0, "system": 1, "cell-a": 2, "cell-b": 3, "cell-c": 4, "image": 5}


@pytest.fixture(scope="module")
def halt():
    """Where a CPU stops for good."""
    with open(HYPERVISOR_ELF, "rb") as file:
        symbol, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("arch_halt")
    return range(symbol["st_value"], symbol["st_value"] + symbol["st_size"])


def refuses(machine, reason, halt, cpus=(0,), before=()):
    """Says the reason, that it does not start, and nothing else. cpus have been switched on, and run no guest."""
    machine.says(f"^{NOT_STARTED}$")
    first, *lines = machine.lines()
    assert re.fullmatch(r"Bulkhead \S+ on CPU 0, \d+ pages free", first)
    expected = [*before, rf"refused \(-\d+\): {reason}", NOT_STARTED]
    assert len(lines) == len(expected) and all(map(re.fullmatch, expected, lines)), lines
    end = time.monotonic() + TIMEOUT
    while machine.cpu_states()[0][0] not in halt:
        assert time.monotonic() < end, "CPU 0 does not stop"
    for _ in range(5):
        states = machine.cpu_states()
        assert all(level == 2 for _, level in states), states
        assert [cpu for cpu, (pc, _) in enumerate(states) if pc] == list(cpus), states


def says_early(machine, text, level=2):
    """One line, and none of the other CPUs has been switched on."""
    machine.says(f"^Bulkhead: {text}.*$")
    assert len(machine.lines()) == 1
    (pc, current), *others = machine.cpu_states()
    assert pc and current == level and not any(pc for pc, _ in others)


# --- damage

@pytest.mark.parametrize("part", PLACES.values(), ids=PLACES)
def test_damaged_part(bench, halt, part):
    """One byte: in the hypervisor one of a message, of those that are not packed, elsewhere the last one."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    name = bundle.parts[part].name.decode()
    where = bytes(bundle.bytes).index(b"there is no RAM where the bundle") if part == 0 else bundle.part_range(part)[-1]
    good = bundle.parts[part].crc
    bundle.bytes[where] ^= 0x20
    content = bundle.part_range(part)
    bad = zlib.crc32(bundle.bytes[content.start:content.stop])
    refuses(bench.boot(bench.write(bundle)), rf'bundle: part {part} "{name}" is damaged '
            rf"\(checksum {bad:#x} instead of {good:#x}\): load the bundle again", halt)


@pytest.mark.parametrize("field, bit", [
    ("memory_size", 12), ("memory_size", 45), ("max_cpus", 20), ("online_cpus", 3), ("primary_cpu", 5), ("launcher", 0),
    ("config_size", 20), ("bundle_offset", 40), ("pool_offset", 3), ("pool_offset", 40), ("check", 63)])
def test_damaged_header(bench, field, bit):
    """One bit. What is in the header is used before there is anything that could tell about it."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    setattr(bundle.header.boot, field, getattr(bundle.header.boot, field) ^ 1 << bit)
    says_early(bench.boot(bench.write(bundle)), "the header of the bundle is damaged: load the bundle again")


def test_header_without_a_console(bench):
    """The header does not lead to the console, either: nobody can be told."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.header.boot.config_offset ^= 1 << 40
    machine = bench.boot(bench.write(bundle))
    machine.wait_end()
    assert machine.lines() == []


@pytest.mark.parametrize("symbol", ["setup_error", "refuse_lock", "early_root", "met", "console_lock"])
def test_memory_behind_the_image_does_not_matter(bench, symbol):
    """What is not in the file is cleared: no checksum covers it."""
    with open(HYPERVISOR_ELF, "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        place = symbols.get_symbol_by_name(symbol)[0]["st_value"] - symbols.get_symbol_by_name("image_start")[0]["st_value"]
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.bytes[place:place + 4] = b"\1\0\0\0"
    bench.boot(bench.write(bundle)).says(r"^\d+ cells run, \d+ pages free$")


def test_damaged_directory(bench, halt):
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.cells[1].argument ^= 1
    refuses(bench.boot(bench.write(bundle)), r"bundle: the directory is damaged \(checksum 0x[0-9a-f]+ instead of "
            rf"{bundle.directory.crc:#x}\): load the bundle again", halt)


def test_no_directory(bench, halt):
    """The file was cut off behind its configuration, and what is there instead is something else."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    start = bundle.directory_range.start
    del bundle.header, bundle.directory, bundle.parts, bundle.cells, bundle.images, bundle.mpidr
    bundle.bytes[start:] = b"\xff" * len(bundle.bytes[start:])
    refuses(bench.boot(bench.write(bundle)), f"bundle: there is no directory at {start:#x}, behind the "
            "system configuration: make the bundle again", halt)


# --- what is in it

def test_part_of_unknown_kind(bench, halt):
    """From a tool that is newer than the hypervisor: nothing is skipped. Its name does not move the cursor."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.parts[5].kind, bundle.parts[5].name = 5, b"new\x1b[2J"
    refuses(bench.boot(bench.write(bundle.seal())), r'bundle: part 5 "new\?\[2J" is of kind 5, neither cell nor image: make '
            "the bundle with the tools of this hypervisor", halt)


def test_no_system_configuration(bench, halt):
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.parts[1].kind = abi.BH_PART_CELL
    refuses(bench.boot(bench.write(bundle.seal())), "bundle: part 1 has to be the system configuration, at "
            f"{bundle.header.boot.config_offset:#x}: make the bundle again", halt)


def test_parts_that_overlap(bench, halt):
    """An image that would be read from where a CPU has its stack, below which there is no page."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.parts[2].offset = bundle.header.core_size
    size = bundle.parts[2].size
    refuses(bench.boot(bench.write(bundle.seal())), rf'bundle: part 2 "a.cell" \[{bundle.parts[2].offset:#x}, '
            rf"{bundle.parts[2].offset + size:#x}\) begins before the end of the directory: make the bundle again", halt)
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.parts[4].offset = bundle.parts[3].offset
    refuses(bench.boot(bench.write(bundle.seal())), r'bundle: part 4 "c.cell" .* begins before the end of part 3 "b.cell": '
            "make the bundle again", halt)


def test_cell_that_is_refused(bench, halt):
    """The second cell has the memory of the first one. The checksums are right."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    ram = []
    for part in (2, 3):
        bundle.change_config(part, lambda config: ram.append(next(r for r in config.memory_regions if not r.virt_start)))
    first, second = ram

    def move(config):
        next(r for r in config.memory_regions if not r.virt_start).phys_start = first.phys_start

    assert first.phys_start != second.phys_start
    bundle.change_config(3, move).seal()
    machine = bench.boot(bench.write(bundle))
    refuses(machine, r'cell "b": memory region \d+ \[0x60000000, 0x60200000\) overlaps region \d+ .* of cell "a".*', halt,
            cpus=range(4), before=[r'root cell "\(none\)" has 4 CPUs, \d+ pages free', 'cell "a" created'])


def test_image_outside_of_memory(bench, halt):
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.images[2].target = 0x1ff000
    machine = bench.boot(bench.write(bundle.seal()))
    refuses(machine, r'bundle: part 5 "ring-demo.bin" cannot be loaded to \[0x1ff000, 0x[0-9a-f]+\) of cell "c": it has no '
            "memory that it may write there", halt, cpus=range(4),
            before=[r'root cell "\(none\)" has 4 CPUs, \d+ pages free',
                    *(f'cell "{name}" created' for name in "abc")])


# --- the machine

def test_not_entered_at_el2(bench):
    says_early(bench.boot(DEMO_BUNDLE, machine="virt,gic-version=3"), "firmware did not enter at EL2", level=1)


def test_cpu_that_firmware_does_not_know(bench, halt):
    machine = bench.boot(DEMO_BUNDLE, cpus=2)
    refuses(machine, r"firmware does not switch CPU 2 on, MPIDR 0x2 \(PSCI error -2\): correct mpidr of the board", halt,
            cpus=[0, 1])


def test_affinity_twice(bench, halt):
    """A bundle that says that two CPUs are the same one."""
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    bundle.mpidr[3] = 1
    refuses(bench.boot(bench.write(bundle.seal())), "bundle: CPUs 1 and 3 have the same affinity 0x1: correct mpidr of "
            "the board", halt)


def test_loaded_over_its_own_place(bench):
    address = BASE + 0x10000
    machine = bench.boot(extra=["-device", f"loader,file={DEMO_BUNDLE},addr={address:#x},force-raw=on",
                                "-device", f"loader,addr={address:#x},cpu-num=0"])
    says_early(machine, "the bundle was loaded so that it overlaps the place where it has to be")


def test_no_memory_for_the_hypervisor(bench):
    """The board has its RAM elsewhere: QEMU loads the bundle to where its own begins."""
    bench.board(board_text(dram="{ at: 0x80000000, size: 1 GiB }", pool="{ at: 0xa0000000, size: 64 MiB }"))
    machine = bench.boot(bench.make(system_text(ONE_CELL, board="other", at=0x80200000)))
    says_early(machine, "there is no RAM where the bundle says that hypervisor memory is")


def test_no_interrupt_controller(bench, halt):
    bench.board(board_text(distributor="{ at: 0x0b000000, size: 64 KiB }"))
    refuses(bench.boot(bench.make(system_text(ONE_CELL, board="other"))),
            "no GICv3 distributor at 0xb000000: check gicd_base", halt)


def test_old_interrupt_controller(bench, halt):
    machine = bench.boot(DEMO_BUNDLE, machine=MACHINE.replace("gic-version=3", "gic-version=2"))
    refuses(machine, "no GICv3 distributor at 0x8000000: check gicd_base", halt)


# --- nobody to tell

def switches_off(machine):
    assert machine.wait_end() == 0
    assert machine.console.wait(r"\Z", timeout=60) and machine.console.text() == ""


def test_hypervisor_alone(bench):
    """Without a bundle it knows no console."""
    switches_off(bench.boot(HYPERVISOR))


def test_console_that_is_not_there(bench):
    bench.board(board_text(uart0=LOST))
    switches_off(bench.boot(bench.make(system_text(ONE_CELL, board="other"))))


def test_console_that_is_not_there_early(bench):
    """As there is no RAM, either, the first exception is told to nobody, and is not repeated for ever."""
    bench.board(board_text(dram="{ at: 0x80000000, size: 1 GiB }", pool="{ at: 0xa0000000, size: 64 MiB }", uart0=LOST))
    switches_off(bench.boot(bench.make(system_text(ONE_CELL, board="other", at=0x80200000))))


def test_no_console(bench):
    """Silent, but it runs; what goes wrong ends in switching off."""
    path = bench.make(system_text(ONE_CELL, console=None))
    bench.boot(path).runs_guests_on([1])
    switches_off(bench.boot(path, cpus=1))


@pytest.mark.parametrize("console", [None, "uart0"], ids=["none", "lost"])
def test_not_entered_at_el2_and_no_console(bench, console):
    """PSCI by HVC: nothing else is there."""
    bench.board(board_text(uart0=LOST))
    path = bench.make(system_text(ONE_CELL, board="other", console=console))
    switches_off(bench.boot(path, machine="virt,gic-version=3"))
