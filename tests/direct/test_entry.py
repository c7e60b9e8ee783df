# SPDX-License-Identifier: BSD-2-Clause
"""What has run before: firmware at EL3, or a boot loader at EL2, that leaves EL2 and the interrupt controller as it used them.
All of that is firmware.S. The cells run as ever, and get no interrupt that nobody asked for."""
import struct
import time

import pytest
from elftools.elf.elffile import ELFFile

from direct import (BASE, BUILD, CPUS, DEMO_BUNDLE, HYPERVISOR, HYPERVISOR_ELF, MACHINE, TIMEOUT, Bundle, abi, board_text,
                    board_with_cpus, cell_text, system_text)
from test_boot import all_done, demo_runs

DIRTY_EL2, DIRTY_GIC, ONE_STATE, ENTER_EL1, NO_FIQ, NO_FREQUENCY = 1, 2, 4, 8, 16, 32	# as in firmware.S
SCRATCH = 0x60000000		# for a boot loader
WORKAROUND_2 = 0x7f000000	# as in firmware.S
FIRMWARE = BUILD / "direct/firmware.bin"
NO_PRIMARY = BUILD / "direct/no_primary.bin"
SECURE = MACHINE + ",secure=on"


def entered_by(bench, flags, bundle=DEMO_BUNDLE, at_el3=True, cpus=CPUS, **options):
    """The machine with a bundle where it has to be, and a firmware or a boot loader that enters it."""
    content = bytearray(FIRMWARE.read_bytes())
    content[16:40] = struct.pack("<QQQ", flags, BASE, cpus)
    path = bench.directory / "firmware.bin"
    path.write_bytes(content)
    extra = ["-device", f"loader,file={bundle},addr={BASE:#x},force-raw=on"]
    if at_el3:
        return bench.boot(machine=SECURE, cpus=cpus, extra=[*extra, "-bios", path], **options)
    return bench.boot(cpus=cpus, extra=[*extra, "-device", f"loader,file={path},addr={SCRATCH:#x},force-raw=on",
                                        "-device", f"loader,addr={SCRATCH:#x},cpu-num=0"], **options)


def runs_undisturbed(machine):
    demo_runs(machine)
    assert "nobody asked for" not in machine.console.text()


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])		# without and with VHE
@pytest.mark.parametrize("flags", [0, DIRTY_EL2, DIRTY_GIC, DIRTY_EL2 | DIRTY_GIC, DIRTY_EL2 | DIRTY_GIC | ONE_STATE,
                                   NO_FIQ, DIRTY_EL2 | DIRTY_GIC | NO_FIQ],
                         ids=["clean", "el2", "gic", "both", "both-one-state", "no-fiq", "both-no-fiq"])
def test_firmware(bench, flags, cpu):
    """At EL3, on all CPUs. The GIC has two security states, of which one is the firmware's, or only one. With two, non-secure
    code sees priorities shifted, but its mask only if the firmware takes Group 0 (SCR_EL3.FIQ)."""
    runs_undisturbed(entered_by(bench, flags, cpu=cpu))


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
@pytest.mark.parametrize("flags", [DIRTY_EL2, DIRTY_GIC | ONE_STATE, DIRTY_EL2 | DIRTY_GIC | ONE_STATE],
                         ids=["el2", "gic", "both"])
def test_boot_loader(bench, flags, cpu):
    """At EL2, on CPU 0. It has not ended the last interrupt that it took."""
    runs_undisturbed(entered_by(bench, flags, cpu=cpu, at_el3=False))


def test_cell_is_not_disturbed(bench):
    """Of its own interrupt, and of private ones, a cell sees what the ABI says, whatever they were like before."""
    cells = cell_text("a", [1], "attack_gic", "attack=reconfigure intid=72", "interrupts: [40]")
    machine = entered_by(bench, DIRTY_EL2 | DIRTY_GIC, bench.make(system_text(cells)))
    machine.program_says("^TAP done$")
    assert "not ok" not in machine.programs()


def test_interrupt_controller_is_reset(bench):
    """What nobody has is off: not enabled, pending, active, urgent, or sent to any CPU; no tables in memory are written."""
    cells = cell_text("a", [0], "ring-demo", "rounds=20") + cell_text("b", [1], "ring-demo", "rounds=20")
    path = bench.make(system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n"))
    machine = entered_by(bench, DIRTY_GIC | ONE_STATE, path, at_el3=False)
    all_done(machine, 2, 20)
    gicd, sgis_of_3 = 0x08000000, 0x080a0000 + 3 * 0x20000 + 0x10000
    for number in range(1, 3):		# INTIDs 32 to 95
        assert machine.word(gicd + 0x100 + 4 * number) == 0
        assert machine.word(gicd + 0x200 + 4 * number) == 0
        assert machine.word(gicd + 0x300 + 4 * number) == 0
        assert machine.word(gicd + 0x080 + 4 * number) == 0xffffffff
        assert machine.word(gicd + 0xc00 + 8 * number) == 0
    for intid in range(32, 96):
        assert machine.word(gicd + 0x400 + intid // 4 * 4) == 0xa0a0a0a0
        assert machine.word(gicd + 0x6000 + 8 * intid) in (0, 1, 2, 3)
    assert machine.word(sgis_of_3 - 0x10000) & 1 == 0		# LPIs
    # of a CPU that sleeps: the kick, and the maintenance interrupt
    assert machine.word(sgis_of_3 + 0x100) == 1 << 0 | 1 << 25
    assert machine.word(sgis_of_3 + 0x300) == 0
    assert machine.word(sgis_of_3 + 0x404) == 0xa0a0a0a0


def test_firmware_mitigates(bench):
    """A mitigation that a guest may switch off (SMCCC_ARCH_WORKAROUND_2) is on when the CPU has another one, of whatever cell."""
    cells = cell_text("a", [1], "ring-demo", "rounds=20") + cell_text("b", [2], "ring-demo", "rounds=20")
    machine = entered_by(bench, 0, bench.make(system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n")))
    all_done(machine, 2, 20)
    assert [machine.word(WORKAROUND_2 + 4 * cpu) for cpu in range(4)] == [0, 1, 1, 0]


def test_many_cpus(bench):
    """The last one is of a second cluster, and left in the same state as the others."""
    cells = cell_text("a", [0], "ring-demo", "rounds=20") + cell_text("b", [17], "ring-demo", "rounds=20")
    bench.board(board_with_cpus(18))
    path = bench.make(system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n", board="other"))
    # one thread: the firmware's CPUs wait by WFE, which does not sleep otherwise
    machine = entered_by(bench, DIRTY_EL2 | DIRTY_GIC, path, cpus=18, accel="tcg,thread=single")
    all_done(machine, 2, 20)
    machine.runs_guests_on({0, 17})


# --- CPUs that are not as they should be

def change_code(bench, function, old, new):
    """The demo's bundle with one instruction of an entry changed. No checksum is looked at before it is executed."""
    with open(HYPERVISOR_ELF, "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        start, = symbols.get_symbol_by_name(function)
        image, = symbols.get_symbol_by_name("image_start")
    bundle = Bundle(DEMO_BUNDLE.read_bytes())
    place = bytes(bundle.bytes).index(struct.pack("<I", old), start["st_value"] - image["st_value"])
    bundle.bytes[place:place + 4] = struct.pack("<I", new)
    return bench.write(bundle.seal())


MSR_HCR_EL2_X2, MSR_DAIFSET_F, NOP, BRANCH_TO_ITSELF = 0xd51c1102, 0xd5034fdf, 0xd503201f, 0x14000000


def bundle_header():
    """Of the hypervisor alone, as late launch has it."""
    return abi.ImageHeader.from_buffer_copy(HYPERVISOR.read_bytes())


def test_e2h_that_cannot_be_cleared(bench):
    """As on CPUs without FEAT_E2H0, which QEMU has not: the write that would clear it is left out."""
    path = change_code(bench, "set_el2_state", MSR_HCR_EL2_X2, NOP)
    machine = entered_by(bench, DIRTY_EL2, path, at_el3=False, cpu="max")
    machine.says("^Bulkhead: HCR_EL2.E2H of CPU 0 is always 1: this kind of CPU is not supported, take another machine$")
    assert len(machine.lines()) == 1
    assert not any(pc for pc, _ in machine.cpu_states()[1:])


def test_cpu_that_does_not_come(bench):
    """Firmware has switched it on. Time goes faster than it does: a thousand times for each instruction."""
    path = change_code(bench, "firmware_secondary", MSR_DAIFSET_F, BRANCH_TO_ITSELF)
    machine = bench.boot(path, extra=["-icount", "shift=10,sleep=off"])
    machine.says(r"^refused \(-5\): CPU 1 did not come within 30 s$")
    machine.says(r"^The system was not started \(-5\), for the reason above$")
    assert not any(pc for pc, _ in machine.cpu_states()[2:])


def test_cpu_without_timer_frequency(bench):
    """Firmware has set it on the first CPU only. All limits of time are counted with it, on whatever CPU."""
    machine = entered_by(bench, NO_FREQUENCY)
    machine.says(r"^refused \(-5\): CPU 1: firmware has not set CNTFRQ_EL0, the frequency of its timer$")
    machine.says(r"^The system was not started \(-5\), for the reason above$")


@pytest.mark.parametrize("hertz, ticks", [(62_500_000, 32 * 62_500_000), (0, 1 << 26)], ids=["62.5MHz", "not-set"])
def test_primary_that_does_not_come(bench, hertz, ticks):
    """CPUs that Linux sends wait for page tables, and go back to it: to EL1, with the registers that its call leaves alone."""
    header = bundle_header()
    program = bytearray(NO_PRIMARY.read_bytes())
    program[8:32] = struct.pack("<QQQ", BASE, BASE + header.entry, hertz)
    path = bench.directory / "no_primary.bin"
    path.write_bytes(program)
    machine = bench.boot(extra=["-device", f"loader,file={HYPERVISOR},addr={BASE:#x},force-raw=on",
                                "-device", f"loader,file={path},addr={SCRATCH:#x},force-raw=on",
                                "-device", f"loader,addr={SCRATCH:#x},cpu-num=0", "-icount", "shift=10,sleep=off"])
    end = time.monotonic() + TIMEOUT
    while not machine.word(SCRATCH + 32):
        assert time.monotonic() < end, "the CPU does not come back"
        time.sleep(0.05)
    done, x0, level, changed, waited = struct.unpack("<QqQQQ", machine.memory.read(SCRATCH + 32, 40))
    assert (done, x0, level, changed) == (1, -5, 1 << 2, 0)
    assert ticks <= waited < ticks + ticks // 100


# --- exception levels that are not EL2

NOT_EL2 = "^Bulkhead: firmware did not enter at EL2: switch virtualization on there "


@pytest.mark.parametrize("console", [None, "uart0"], ids=["none", "lost"])
def test_el1_without_console(bench, console):
    """PSCI by SMC: HVC is undefined."""
    bench.board(board_text(uart0="{ at: 0x0b000000, size: 4 KiB, spis: [1], console: pl011 }"))
    path = bench.make(system_text(cell_text("a", [1], "ring-demo"), board="other", console=console))
    machine = entered_by(bench, ENTER_EL1, path)
    assert machine.wait_end() == 0
    assert machine.console.wait(r"\Z", timeout=60) and machine.console.text() == ""


def test_el1(bench):
    machine = entered_by(bench, ENTER_EL1)
    machine.says(NOT_EL2)
    assert machine.cpu_states()[0][1] == 1 and len(machine.lines()) == 1


def test_el3(bench):
    """By a loader, which makes it the first that runs at all."""
    machine = bench.boot(machine=SECURE, extra=["-device", f"loader,file={DEMO_BUNDLE},addr={BASE:#x},force-raw=on",
                                                "-device", f"loader,addr={BASE:#x},cpu-num=0"])
    machine.says(NOT_EL2)
    assert machine.cpu_states()[0][1] == 3 and len(machine.lines()) == 1
