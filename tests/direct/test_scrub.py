# SPDX-License-Identifier: BSD-2-Clause
"""A canary in memory does not come to its next owner: root cell to cell, cell to root cell, cell to cell, whoever ran before
the hypervisor to cell. The attacker looks through all of its memory from inside; the emulator's door shows the rest."""
import struct

import pytest
from elftools.elf.elffile import ELFFile

from attacker import GICD, GICR, GICR_STEP, LINK, RAM_PHYS, RAM_SIZE, Lab, abi
from direct import HYPERVISOR_ELF, boot_counts, cell_text, make_bundle, system_text

CANARY = 0xc5c5c5c5c5c5c5c5
FREE = 0x100000				# from here on nothing of the attacker's program is
OUTPUT = LINK + 0x2000			# its own; that of cell c follows
SHARED = LINK + 0x1000
ROOTS_SPI = 33

# How often the complement of x0 is in [x1, x2), as it is with caches, and in memory itself. Never is the canary in memory.
COUNT = ("mvn x0, x0; mov x3, #0; 1: ldr x4, [x1], #8; cmp x4, x0; cinc x3, x3, eq; cmp x1, x2; b.lo 1b; mov x0, x3")
COUNT_UNCACHED = ("mrs x6, sctlr_el1; mov x5, #5; bic x5, x6, x5; msr sctlr_el1, x5; isb; " + COUNT
                  + "; msr sctlr_el1, x6; isb")
FILL = "mvn x0, x0; 1: str x0, [x1], #8; cmp x1, x2; b.lo 1b"
SUM = "mov x3, #0; 1: ldr x4, [x1], #8; orr x3, x3, x4; cmp x1, x2; b.lo 1b; mov x0, x3"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    found = Lab(tmp_path_factory.mktemp("scrub"), [COUNT, COUNT_UNCACHED, FILL, SUM, "str w1, [x0]"])
    yield found
    found.close()


@pytest.fixture(autouse=True)
def begins_with_the_attacker(request):
    """A test that has failed may have left anything."""
    if "lab" in request.fixturenames:
        lab = request.getfixturevalue("lab")
        lab.root.destroy("a")
        assert lab.root.create("a") == 0


def put(lab, address, size):
    lab.machine.memory.fill(address, size, CANARY & 0xff)


def occurrences(lab, address, size):
    return lab.read(address, size).count(struct.pack("<Q", CANARY))


def seen_from_inside(lab):
    """In all of the attacker's RAM, and in its link."""
    ranges = (0, RAM_SIZE), (OUTPUT, OUTPUT + 0x1000)
    return sum(lab.do(code, ~CANARY, *area) for code in (COUNT, COUNT_UNCACHED) for area in ranges)


def leave_canaries(lab):
    """Wherever the attacker can write without hurting itself."""
    for start, end in (FREE, RAM_SIZE), (OUTPUT, OUTPUT + 0x1000), (SHARED, SHARED + 0x1000):
        lab.do(FILL, ~CANARY, start, end)
        assert lab.do(COUNT, ~CANARY, start, end) == (end - start) // 8


def create_as(lab, change):
    """The attacker's cell with a changed configuration."""
    original = lab.root.files["a"]
    lab.root.files["a"] = original.changed(change)
    try:
        return lab.root.create("a")
    finally:
        lab.root.files["a"] = original


def keep(config):
    for region in config.memory_regions:
        if region.phys_start == RAM_PHYS:
            region.flags |= abi.CFG_MEM_KEEP


def rename(config):
    config.cell.name = b"other"


def test_root_to_cell(lab):
    assert lab.root.destroy("a") == 0
    put(lab, RAM_PHYS, RAM_SIZE)
    put(lab, OUTPUT, 0x1000)
    assert lab.root.create("a") == 0
    assert occurrences(lab, RAM_PHYS, RAM_SIZE) == 0
    lab.restart()
    assert seen_from_inside(lab) == 0
    assert lab.do(SUM, 0, FREE, RAM_SIZE) == 0


def test_cell_to_root(lab):
    lab.restart()
    leave_canaries(lab)
    assert occurrences(lab, RAM_PHYS, RAM_SIZE) == (RAM_SIZE - FREE) // 8
    assert lab.root.destroy("a") == 0
    assert lab.read(RAM_PHYS, RAM_SIZE) == bytes(RAM_SIZE)
    assert lab.read(OUTPUT, 0x1000) == bytes(0x1000)
    # what it has told its peers stays theirs
    assert occurrences(lab, SHARED, 0x1000) == 0x200
    assert lab.neighbours_go_on()


def test_cell_to_root_while_loadable(lab):
    lab.restart()
    leave_canaries(lab)
    assert lab.root.set_loadable("a") == 0
    assert lab.root.destroy("a") == 0
    assert lab.read(RAM_PHYS, RAM_SIZE) == bytes(RAM_SIZE)


def test_cell_to_cell(lab):
    lab.restart()
    leave_canaries(lab)
    assert lab.root.destroy("a") == 0
    assert create_as(lab, rename) == 0
    lab.restart("other")
    assert seen_from_inside(lab) == 0


@pytest.mark.parametrize("owner", ["root", "cell"])
def test_keep(lab, owner):
    assert lab.root.destroy("a") == 0
    if owner == "root":
        put(lab, RAM_PHYS + FREE, RAM_SIZE - FREE)
    assert create_as(lab, keep) == 0
    lab.restart()
    if owner == "cell":
        lab.do(FILL, ~CANARY, FREE, RAM_SIZE)
    assert lab.do(COUNT, ~CANARY, FREE, RAM_SIZE) == (RAM_SIZE - FREE) // 8
    assert lab.root.destroy("a") == 0
    assert occurrences(lab, RAM_PHYS, RAM_SIZE) == (RAM_SIZE - FREE) // 8
    assert create_as(lab, keep) == 0
    assert occurrences(lab, RAM_PHYS, RAM_SIZE) == (RAM_SIZE - FREE) // 8


def test_restart_keeps(lab):
    """The cell is the same one: what it has left for itself is its own."""
    lab.restart()
    leave_canaries(lab)
    lab.restart()
    assert lab.do(COUNT, ~CANARY, FREE, RAM_SIZE) == (RAM_SIZE - FREE) // 8


@pytest.mark.parametrize("register", ["enabled", "pending", "active"])
def test_software_interrupts(lab, register):
    """What a cell does to those of its CPU is not left in the redistributor: Linux would find it there after disable."""
    offset = {"enabled": 0x100, "pending": 0x200, "active": 0x300}[register]
    frame = GICR + GICR_STEP + 0x10000

    def state():
        # 0 and 1 are the hypervisor's, which kicks all the time
        return [int.from_bytes(lab.read(frame + at, 4), "little") & ~3 for at in (0x100, 0x200, 0x300)]
    lab.restart()
    before = state()
    lab.do("str w1, [x0]", frame + offset, 0xfffc)
    assert state() != before
    assert lab.root.destroy("a") == 0
    assert lab.root.create("a") == 0
    lab.restart()
    assert state() == before


def test_interrupt_comes_back_to_a_cpu_that_runs(lab):
    """The cell had it on its own CPU, which is the root cell's now, but off: nobody would take the interrupt there."""
    def take_interrupt(config):
        chip = type(config.irqchips[0])(config.irqchips[0].address, 0, 32)
        chip.pin_bitmap[0] = 1 << ROOTS_SPI - 32
        config.irqchips.append(chip)

    def route():
        return lab.read(GICD + 0x6000 + 8 * ROOTS_SPI, 4)[0]
    assert route() == 0
    assert lab.root.destroy("a") == 0
    assert create_as(lab, take_interrupt) == 0
    assert route() == 1
    assert lab.root.destroy("a") == 0
    assert route() == 0
    assert lab.root.create("a") == 0
    assert route() == 0


def test_refused_creation(lab):
    """Memory of cell c beside its own: nobody's memory is touched."""
    def steal(config):
        # ranges for accesses to nothing are regions without a size
        region = [region for region in config.memory_regions if region.size][-1]
        region.phys_start = RAM_PHYS + RAM_SIZE
        region.flags = 3

    assert lab.root.destroy("a") == 0
    put(lab, RAM_PHYS, RAM_SIZE)
    assert create_as(lab, steal) == -22
    assert occurrences(lab, RAM_PHYS, RAM_SIZE) == RAM_SIZE // 8
    assert lab.neighbours_go_on()


def test_before_the_hypervisor(bench, tmp_path):
    """RAM may have survived a reset."""
    image = tmp_path / "secret.bin"
    image.write_bytes(struct.pack("<Q", CANARY) * 0x20000)
    cells = cell_text("a", [0, 1], "ring-demo", "rounds=20") + cell_text("b", [2, 3], "ring-demo", "rounds=20")
    path = bench.make(system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n"))
    machine = bench.boot(path, extra=["-device", f"loader,file={image},addr={RAM_PHYS + FREE:#x},force-raw=on"])
    machine.says("^2 cells run, ")
    assert machine.memory.read(RAM_PHYS + FREE, RAM_SIZE - FREE).count(struct.pack("<Q", CANARY)) == 0


def test_each_line_once(tmp_path):
    """Of two cells with 2 MiB and a link of three pages, each line is zeroed once by the first CPU: the link's by the first
    peer, the second one's output by the second, too. That is also what the instructions of a boot are counted with."""
    cells = cell_text("a", [0, 1], "ring-demo", "rounds=20") + cell_text("b", [2, 3], "ring-demo", "rounds=20")
    path = make_bundle(system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n"), tmp_path)
    addresses, _, _ = boot_counts(path, tmp_path, 4)
    with open(HYPERVISOR_ELF, "rb") as file:
        elf = ELFFile(file)
        start = elf.get_section_by_name(".symtab").get_symbol_by_name("arm64_sweep_page")[0]["st_value"]
        code = next(section for section in elf.iter_sections()
                    if section["sh_addr"] <= start < section["sh_addr"] + section["sh_size"])
        words = struct.unpack_from("<64I", code.data(), start - code["sh_addr"])
    zeroed = sum(addresses[start + 4 * n] for n, word in enumerate(words) if word & ~31 == 0xd50b7420)
    assert zeroed * 64 == 2 * RAM_SIZE + 4 * 4096
