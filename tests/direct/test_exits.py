# SPDX-License-Identifier: BSD-2-Clause
"""Each way from a guest into the hypervisor is counted under its cause, as often as it is taken, and under no other one."""
import struct
import time

import pytest

from attacker import (ABORTED, ECAM, FAILED, GICD, GICR, GICR_STEP, IGNORED, LINK, OPEN, RAM_PHYS, REGISTERS, RING,
                      STRAYS, TABLES, TIMEOUT, WINDOW, Lab, abi)
from containment.model import INTID_OF_ROOT, OWN_INTID
from direct import ROOT_CELL, cell_text, system_text

CAUSES = {name.removeprefix("CPU_EXIT_").lower(): getattr(abi, name) for name in dir(abi)
          if name.startswith("CPU_EXIT_") and name != "CPU_EXIT_COUNT"}
# WFI and WFE are not trapped; the emulator has no SError, does nothing for cache maintenance, and traps no other class to EL2;
# nothing takes an interrupt back in time; and whether a kick comes late depends on the time
NOT_HERE = {"wfx", "serror", "cache_op", "other_class", "spurious", "kick_late"}

BAR0, BAR1, COMMAND = 0x10, 0x14, 4
MSIX_FUNCTION = ECAM + (2 << 15)
MSIX_PAGE = REGISTERS + 0x10000
SGI_FRAME = GICR + GICR_STEP + 0x10000		# of CPU 1
SUBPAGE, SUBPAGE_PHYS = 0xa0000100, 0x50200100
SECOND_CODE = 0x3000				# for CPU 2

CELLS = (ROOT_CELL + cell_text("a", [1, 2], "attacker", console="off", more=STRAYS + "interrupts: [100]")
         + cell_text("c", [3], "ring-demo", "rounds=0x7fffffff", "interrupts: [101]"))
LINKS = (f"  l: {{ peers: [a, c], shared: 4 KiB, output: 4 KiB, at: {LINK:#x} }}\n"
         f"  r: {{ peers: [a, c], output: 4 KiB, at: {RING:#x} }}\n"
         "  m: { peers: [a, c], output: 4 KiB, at: 0x63200000, interrupt: msi-x }\n")


def loop(code):
    """x1 times"""
    return f"mov x9, x1; 1: {code}; subs x9, x9, #1; b.ne 1b"


ROUNDS = 37
# Cause, what it is done with: code, x0
STATE_WRITES = loop("str w9, [x0]")	# the count: another one each time
REPEATED = [
    ("hypercall", loop("mov x0, #99; hvc #0x4a48"), 0),
    ("hvc", loop("hvc #1"), 0),
    ("psci", loop("mov x0, #0x84000000; smc #0"), 0),
    ("smccc", loop("mov x0, #0x80000000; smc #0"), 0),
    ("smccc", loop("mov x0, #0xc2000000; smc #0"), 0),
    ("sgi", loop("msr s3_0_c12_c11_5, xzr"), 0),
    ("sysreg", loop("mrs x2, actlr_el1"), 0),
    ("sysreg", loop("msr s3_0_c12_c11_7, xzr"), 0),
    ("ivshmem", loop("ldr w2, [x0]"), REGISTERS),
    ("ivshmem", loop("ldp w2, w3, [x0]"), REGISTERS),
    ("ivshmem", loop("str w2, [x0]"), REGISTERS + 0x800),
    ("ivshmem", STATE_WRITES, REGISTERS + 0x10),
    ("msix", loop("ldr w2, [x0]"), MSIX_PAGE),
    ("pci_config", loop("ldrh w2, [x0]"), ECAM),
    ("pci_config", loop("ldr w2, [x0]"), ECAM + (31 << 15)),
    ("gicd", loop("ldr w2, [x0]"), GICD + 4),
    ("gicr", loop("ldr x2, [x0]"), GICR + 8),
    ("subpage", loop("ldr w2, [x0]"), SUBPAGE),
    ("stray_ignored", loop("str w2, [x0]"), IGNORED),
    ("stray_ignored", loop("ldp w2, w3, [x0]"), IGNORED),
]
# Exceptions of the guest, or the end of it
ONCE = [
    ("stray_aborted", "ldr w2, [x0]", ABORTED),
    ("stray_aborted", "ldxr w2, [x0]", REGISTERS),
    ("stray_failed", "ldr w2, [x0]", FAILED),
    ("stray_failed", "str x2, [x0]", SUBPAGE),
    ("read_only", "str w2, [x0]", LINK),
    ("memory_error", "ldr w2, [x0]", WINDOW),
    ("fetch", "br x0", ABORTED),
    ("fetch", "br x0", FAILED),
]
NEVER = [
    ("sevl; wfe", 0),
    ("str w1, [x0]", 0x1ffff0),
    ("mrs x2, cntvct_el0; mrs x2, cntpct_el0; msr cntv_ctl_el0, xzr", 0),
    ("mrs x2, s3_0_c12_c12_0; msr s3_0_c4_c6_0, x1", 0),
    ("dc civac, x0; dsb sy", FAILED),
    ("mrs x2, midr_el1; mrs x2, id_aa64mmfr0_el1; tlbi vmalle1is; ic ialluis", 0),
]

WAIT = "1: mrs x9, isr_el1; cbz x9, 1b"
ENABLE_PRIVATE = OPEN + "str w1, [x0, #0x80]; str w1, [x0, #0x100]; "
TIMER = ENABLE_PRIVATE + "msr cntv_tval_el0, xzr; mov x9, #1; msr cntv_ctl_el0, x9; isb; " + WAIT
TAKE = "mrs x9, s3_0_c12_c12_0; msr cntv_ctl_el0, xzr; isb; msr s3_0_c12_c12_1, x9; isb; subs x10, x10, #1; b.ne 2b"
TIMERS = (ENABLE_PRIVATE + f"mov x10, #{ROUNDS}; 2: msr cntv_tval_el0, xzr; mov x9, #1; msr cntv_ctl_el0, x9; isb; " + WAIT +
          "; " + TAKE)
ONE_SGI = ENABLE_PRIVATE + "str w1, [x0, #0x200]; " + WAIT
# more at once than there are list registers, then taken one after the other
SEVEN_SGIS = ONE_SGI + ("; mov x10, #7; 2: mrs x9, s3_0_c12_c12_0; msr s3_0_c12_c12_1, x9; isb; subs x10, x10, #1; b.ne 2b")
# x1: GICD registers of the interrupt's word, x2: its bit, x3: its IROUTER
RING_SELF = OPEN + ("mov w9, #1; str x9, [x3]; str w2, [x1, #0x80]; str w2, [x1, #0x100]; str w9, [x0, #8]; "
                    "str wzr, [x0, #12]; " + WAIT)
RING_SELF_OFTEN = RING_SELF.replace("str wzr, [x0, #12]", f"mov x10, #{ROUNDS}; 2: str wzr, [x0, #12]") + "; " + TAKE
SWITCH_ON = "mov x2, x1; mov x1, x0; movz x0, #3; movk x0, #0xc400, lsl #16; smc #0"
SEND_SGI = "msr s3_0_c12_c11_5, x0; isb"
STORE, STORE_HALF, PAIR, SPIN, NOTHING = "str w1, [x0]", "strh w1, [x0]", "ldp w2, w3, [x0]", "b .", "nop"


def add_subpage(config):
    """In the place of the range of which accesses fail: what is not said anything about fails, too."""
    index = next(n for n, region in enumerate(config.memory_regions) if region.virt_start == FAILED)
    config.memory_regions[index] = abi.Memory(SUBPAGE_PHYS, SUBPAGE, 0x100, abi.CFG_MEM_READ | abi.CFG_MEM_WRITE
                                              | abi.CFG_MEM_IO_32)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    codes = [code for _, code, _ in REPEATED + ONCE] + [code for code, _ in NEVER] + [
        TIMER, TIMERS, ONE_SGI, SEVEN_SGIS, RING_SELF, RING_SELF_OFTEN, SWITCH_ON, SEND_SGI, STORE, STORE_HALF, PAIR, SPIN, NOTHING]
    lab = Lab(tmp_path_factory.mktemp("exits"), list(dict.fromkeys(codes)), CELLS, LINKS)
    lab.root.files["a"] = lab.root.files["a"].changed(add_subpage)
    assert lab.root.destroy("a") == 0 and lab.root.create("a") == 0
    yield lab
    lab.close()


@pytest.fixture
def ready(lab):
    """The attacker waits for a request, and its devices are there."""
    lab.restart()
    for function, bar, address in (ECAM, BAR0, REGISTERS), (MSIX_FUNCTION, BAR1, MSIX_PAGE):
        lab.do(STORE, function + bar, address)
        lab.do(STORE_HALF, function + COMMAND, 6)
    # a slow host may have had its memory taken when it was stopped: the first abort that is told from that is over
    lab.do(PAIR, REGISTERS)
    return lab


class Exits:
    """Of some CPUs, from now on."""

    def __init__(self, lab, *cpus):
        self.machine = lab.machine
        self.before = {cpu: self._read(cpu) for cpu in cpus}

    def _read(self, cpu):
        ask = self.machine.hypercall
        return ({name: ask(abi.HC_CPU_EXITS, cpu, cause) for name, cause in CAUSES.items()},
                ask(abi.HC_CPU_INFO, cpu, abi.CPU_INFO_STAT_BASE + abi.CPU_STAT_TOTAL))

    def _changes(self, cpu):
        """Causes and how often; is the total their sum? It need not be while the CPU counts."""
        (causes, total), (new_causes, new_total) = self.before[cpu], self._read(cpu)
        assert total == sum(causes.values())
        return ({name: new_causes[name] - causes[name] for name in CAUSES if new_causes[name] != causes[name]},
                new_total == sum(new_causes.values()))

    def since(self, cpu):
        """Of a CPU that does nothing now"""
        changes, is_sum = self._changes(cpu)
        assert is_sum
        return changes

    def wait(self, cpu, expected):
        """For what happens at its own time; it must not become more."""
        end = time.monotonic() + TIMEOUT
        while self._changes(cpu) != (expected, True) and time.monotonic() < end:
            pass
        assert self.since(cpu) == expected


def names(cases):
    return [f"{case[0]}, {n}" for n, case in enumerate(cases)]


@pytest.mark.parametrize("cause, code, address", REPEATED, ids=names(REPEATED))
def test_repeated(ready, cause, code, address):
    exits = Exits(ready, 1)
    ready.do(code, address, ROUNDS)
    assert exits.since(1) == {cause: ROUNDS}


def test_state_has_its_events(ready):
    """In each mode of the trace, though the exit is done by what the CPU remembers: a change of State is no repetition."""
    before = ready.machine.hypercall(abi.HC_TRACE, 1, 0)
    ready.do(STATE_WRITES, REGISTERS + 0x10, ROUNDS)
    assert ready.machine.hypercall(abi.HC_TRACE, 1, 0) - before == ROUNDS


@pytest.mark.parametrize("cause, code, address", ONCE, ids=names(ONCE))
def test_once(ready, cause, code, address):
    ready.machine.memory.write(RAM_PHYS + TABLES + 0x4000, struct.pack("<Q", FAILED | 3))	# WINDOW
    exits = Exits(ready, 1)
    ready.request(code, (address, 0))
    answer = ready.wait_answer()
    assert exits.since(1) == {cause: 1}
    assert (answer is None) == (FAILED <= address < FAILED + 0x10000 or address == SUBPAGE)
    assert answer is None or answer.cause


@pytest.mark.parametrize("code, address", NEVER, ids=[str(n) for n in range(len(NEVER))])
def test_never(ready, code, address):
    exits = Exits(ready, 1)
    ready.do(code, address, 1)
    assert exits.since(1) == {}


def test_timer(ready):
    exits = Exits(ready, 1)
    ready.do(TIMER, SGI_FRAME, 1 << 27)
    assert exits.since(1) == {"gicr": 2, "irq": 1}


def test_timers(ready):
    """The first one goes through C, the others need not."""
    exits = Exits(ready, 1)
    ready.do(TIMERS, SGI_FRAME, 1 << 27)
    assert exits.since(1) == {"gicr": 2, "irq": ROUNDS}


def test_doorbells(ready):
    exits = Exits(ready, 1)
    ready.do(RING_SELF_OFTEN, REGISTERS, GICD + OWN_INTID // 32 * 4, 1 << OWN_INTID % 32,
             GICD + 0x6000 + 8 * OWN_INTID)
    assert exits.since(1) == {"gicd": 3, "ivshmem": 1 + ROUNDS, "link_irq": ROUNDS}


def test_pended_sgis(ready):
    """All that are taken in one exit have one cause; the statistics of the ABI count interrupts of devices only."""
    exits = Exits(ready, 1)
    ready.do(ONE_SGI, SGI_FRAME, 1 << 7)
    assert exits.since(1) == {"gicr": 3, "pended_sgi": 1}
    exits = Exits(ready, 1)
    ready.do(NOTHING)
    assert exits.since(1) == {}


def test_maintenance(ready):
    exits = Exits(ready, 1)
    ready.do(SEVEN_SGIS, SGI_FRAME, 0x7f << 2)
    assert exits.since(1) == {"gicr": 3, "pended_sgi": 1, "maintenance": 1}


def test_doorbell(ready):
    """An interrupt of a link, by whomever."""
    exits = Exits(ready, 1)
    ready.do(RING_SELF, REGISTERS, GICD + OWN_INTID // 32 * 4, 1 << OWN_INTID % 32, GICD + 0x6000 + 8 * OWN_INTID)
    assert exits.since(1) == {"gicd": 3, "ivshmem": 2, "link_irq": 1}


def test_sgi(ready):
    """The sender has one exit, the receiver another one."""
    ready.machine.memory.write(RAM_PHYS + SECOND_CODE, ready.codes[SPIN])
    assert ready.do(SWITCH_ON, 2, SECOND_CODE) == 0
    ready.machine.runs_guests_on([0, 1, 2, 3])
    exits = Exits(ready, 1, 2)
    for n in range(1, 4):
        ready.do(SEND_SGI, n << 24 | 1 << 2)
        exits.wait(2, {"kick_sgi": n})
        assert exits.since(1) == {"sgi": n}


def test_requests(ready):
    """Counters are the CPU's until it changes its cell: stopping and starting is no change."""
    exits = Exits(ready, 1)
    assert ready.root.set_loadable("a") == 0
    assert exits.since(1) == {"kick_request": 1}
    exits = Exits(ready, 1, 2)
    ready.restart()
    ready.do(NOTHING)
    assert set(exits.since(1)) <= {"kick_late"}
    assert exits.since(2) == {}
    assert ready.root.destroy("a") == 0 and ready.root.create("a") == 0
    assert all(ready.machine.hypercall(abi.HC_CPU_EXITS, 1, cause) == 0 for cause in CAUSES.values())


def test_revocation(ready):
    exits = Exits(ready, 1)
    ready.switch_kick_off(1)
    assert ready.root.set_loadable("a") == 0
    changes = exits.since(1)
    assert changes.pop("maintenance", 0) <= 1		# what wakes it may come before its next fetch
    assert changes == {"revoked": 1}


def test_foreign_interrupt(ready):
    """As firmware or a device of a former owner may leave one; nothing that a cell can do makes it."""
    word, bit, router = INTID_OF_ROOT // 32 * 4, 1 << INTID_OF_ROOT % 32, GICD + 0x6000 + 8 * INTID_OF_ROOT
    write = ready.machine.memory.write
    old = ready.read(router, 4), ready.word(GICD + 0x80 + word)
    exits = Exits(ready, 1)
    write(router, struct.pack("<I", 1))
    write(GICD + 0x80 + word, struct.pack("<I", old[1] | bit))
    for bank in 0x100, 0x200:
        write(GICD + bank + word, struct.pack("<I", bit))
    exits.wait(1, {"foreign_irq": 1})
    assert not ready.word(GICD + 0x100 + word) & bit
    write(router, old[0])


def test_hypercalls_of_the_root_cell(lab):
    """The question itself is an exit."""
    ask = lab.machine.hypercall
    first = ask(abi.HC_CPU_EXITS, 0, abi.CPU_EXIT_HYPERCALL)
    assert [ask(abi.HC_CPU_EXITS, 0, abi.CPU_EXIT_HYPERCALL) - first for _ in range(3)] == [1, 2, 3]


def test_watchdog(bench):
    """Its looks are no kicks."""
    watched = cell_text("f", [1], "hang", "how=never", "watchdog: 500 ms")
    machine = bench.boot(bench.make(system_text(ROOT_CELL + watched)))
    machine.program_says("^hang: ")
    end = time.monotonic() + TIMEOUT
    while machine.hypercall(abi.HC_CPU_EXITS, 1, abi.CPU_EXIT_WATCHDOG) < 3:
        assert time.monotonic() < end
    assert machine.hypercall(abi.HC_CPU_EXITS, 1, abi.CPU_EXIT_KICK_REQUEST) == 0
    assert machine.hypercall(abi.HC_CPU_INFO, 1, abi.CPU_INFO_STAT_BASE + abi.CPU_STAT_MANAGEMENT) <= 1


def test_every_cause_is_made():
    made = {case[0] for case in REPEATED + ONCE} | {"irq", "pended_sgi", "maintenance", "link_irq", "kick_sgi", "kick_request",
                                                    "revoked", "foreign_irq", "watchdog"}
    assert made | NOT_HERE == set(CAUSES) and not made & NOT_HERE
