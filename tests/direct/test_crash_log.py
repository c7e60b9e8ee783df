# SPDX-License-Identifier: BSD-2-Clause
"""What a panic leaves in the last page of hypervisor memory, and what the next run makes of it: a reset by the emulator, which
keeps memory, starts the same bundle again."""
import re
import struct
import time
import zlib

import pytest

from direct import BASE, IMAGE, ROOT_CELL, TIMEOUT, Bundle, GuestError, abi, cell_text, system_text
from test_stack import RINGING, SAVE_FIRST, STACK, SUB_SP_STACK, physical

SIZE = 4 << 20
PLACE = BASE + SIZE - 4096
# The last word of it: whatever QEMU loads again at a reset, it does not write there.
UDF = struct.pack("<I", 0)
HVC_64 = 0x16 << 26 | 1 << 25 | abi.HC_IMMEDIATE		# syndrome
TOLD = "^The run before ended in a panic"


def boot(bench, console="active"):
    path = bench.make(system_text(ROOT_CELL + RINGING + cell_text("e", [1], "ring-demo", console=console),
                                  "  r: { peers: [c, d], output: 4 KiB }\n"))
    machine = bench.boot(path, restarts=True)
    running(machine)
    return machine


def running(machine, since=0):
    """From now on no cell makes a hypercall but the root cell, when it is told to."""
    machine.says("^4 cells run, ", since)
    machine.says("^ring: done$", since)


def record(machine):
    content = machine.memory.read(PLACE, 4096)
    log = abi.CrashLog.from_buffer_copy(content)
    assert log.signature == abi.BH_CRASH_SIGNATURE and log.version == abi.BH_CRASH_VERSION and log.size == 4096
    assert log.crc == zlib.crc32(content[abi.BH_CRASH_CRC_FROM:])
    return log


def break_hypercall(machine):
    """The next hypercall meets an undefined instruction, as the handler's first one."""
    machine.memory.write(physical("trap_hvc"), UDF)
    with pytest.raises(GuestError):
        machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS, timeout=1)
    return machine.says(r"^PANIC on CPU 0: (exception in the hypervisor: vector 4, ESR 0x(\w+), ELR 0x(\w+), FAR 0x\w+, SP 0x(\w+))$")


def reset(machine):
    """The mark of the serial line from before."""
    mark = machine.console.mark()
    machine.monitor.text("system_reset")
    running(machine, mark)
    return mark


def test_nothing_before(bench):
    """Memory holds something else when the machine is switched on: it is wiped, and nobody is told."""
    machine = boot(bench)
    assert machine.memory.read(PLACE, 4096) == bytes(4096)
    # the page is not the pool's: behind the pool's offset are 4 page tables, the pool and the page; what is left of the bundle
    # behind its directory has become the pool's, too
    bundle = Bundle(machine.kernel.read_bytes())
    pool_offset = bundle.header.boot.pool_offset
    pool = (SIZE - pool_offset) // 4096 - 4 - 1 + pool_offset // 4096 - -(-bundle.directory_range.stop // 4096)
    assert machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_MEM_POOL_SIZE) == pool
    machine.memory.write(PLACE, bytes(range(256)) * 16)
    mark = reset(machine)
    assert machine.memory.read(PLACE, 4096) == bytes(4096)
    assert not re.search(TOLD, machine.console.text(mark), re.M)


def test_panic(bench):
    machine = boot(bench)
    reason, esr, elr, stack = break_hypercall(machine).groups()
    log = record(machine)
    assert log.reason.decode() == reason and log.reported == 0
    assert (log.cpu, log.cell, log.cell_name, log.flags, log.vector) == (0, 0, b"root", abi.BH_CRASH_EXCEPTION, 4)
    registers = log.registers
    assert [registers.esr, registers.elr, registers.sp] == [int(text, 16) for text in (esr, elr, stack)]
    # its arguments: the frame on the stack, and the syndrome of the call
    assert registers.spsr & 0xf == 9 and 0 <= registers.x[0] - registers.sp < STACK and registers.x[1] == HVC_64
    assert 0 < log.ticks < 3600 * log.ticks_per_second
    assert log.software.decode() in machine.console.text()
    # the console is off the ring in this system
    assert log.console_size == 0
    # each CPU's last event comes first; the hypercall is the last one of CPU 0
    events = log.trace[:log.trace_count]
    assert log.trace_count == abi.BH_CRASH_TRACE_EVENTS
    assert [tuple(event.unused) for event in events[:8]] == [(cpu, later) for later in (0, 1) for cpu in range(4)]
    assert events[0].cause >> 26 == 0x16 and events[0].x0 == abi.HC_HYPERVISOR_INFO

    mark = reset(machine)
    machine.says(rf'{TOLD} on CPU 0, of cell "root": {re.escape(reason)}$', mark)
    again = record(machine)
    assert again.reported == 1
    again.reported = 0
    assert bytes(again) == bytes(log)
    # the root cell sees it, and nothing else of hypervisor memory but the public page
    mark = reset(machine)
    assert not re.search(TOLD, machine.console.text(mark), re.M)
    assert machine.memory.read(PLACE, 4096) == bytes(4096)


def test_a_panic_after_one_that_was_told(bench):
    machine = boot(bench)
    break_hypercall(machine)
    mark = reset(machine)
    machine.says(TOLD, mark)
    first = record(machine)
    break_hypercall(machine)
    second = record(machine)
    assert second.reported == 0 and second.ticks != first.ticks
    machine.says(TOLD, reset(machine))


@pytest.mark.parametrize("what", ["damaged", "version", "unsigned"])
def test_not_believed(bench, what):
    machine = boot(bench)
    break_hypercall(machine)
    log = record(machine)
    if what == "damaged":
        log.console = b"x"
    elif what == "version":
        log.version = 2
    else:
        log.signature = b"BHCRASI"
    machine.memory.write(PLACE, bytes(log))
    mark = reset(machine)
    assert not re.search(TOLD, machine.console.text(mark), re.M)
    assert machine.memory.read(PLACE, 4096) == bytes(4096)


def test_hostile_text(bench):
    """One that is whole, but not ours: texts without end and with control characters."""
    machine = boot(bench)
    break_hypercall(machine)
    log = record(machine)
    content = bytearray(bytes(log))
    where = abi.CrashLog.cell_name.offset
    content[where:where + 32 + 32 + 256] = b"\x1b" * 320
    content[16:20] = struct.pack("<I", zlib.crc32(content[24:]))
    machine.memory.write(PLACE, bytes(content))
    mark = reset(machine)
    machine.says(TOLD + r' on CPU 0, of cell "\?{31}": \?+$', mark)
    assert "\x1b" not in machine.console.text(mark)


def test_panic_of_several_cpus(bench):
    """All CPUs lose their stacks at once: the record is of one of them, and whole."""
    machine = boot(bench)
    code = physical("trap_sync_entry")
    assert machine.memory.read(code, 4) == struct.pack("<I", SAVE_FIRST)
    machine.memory.write(code, struct.pack("<I", SUB_SP_STACK))
    with pytest.raises(GuestError):
        machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS, timeout=1)
    for cpus in "0", "23":
        machine.says(rf"^PANIC on CPU [{cpus}]: exception in the hypervisor: vector 4, ")
    # who writes it may be later than others that write nothing: its own line comes behind the record
    end = time.monotonic() + TIMEOUT
    while (begun := abi.CrashLog.from_buffer_copy(machine.memory.read(PLACE, 4096))).signature != abi.BH_CRASH_SIGNATURE:
        assert time.monotonic() < end, "nobody begins the record"
    machine.says(rf"^PANIC on CPU {begun.cpu}: ")
    log = record(machine)
    assert re.search(rf"^PANIC on CPU {log.cpu}: {re.escape(log.reason.decode())}$", machine.console.text(), re.M)
    assert log.cell_name.decode() == {0: "root", 1: "e", 2: "c", 3: "d"}[log.cpu]
    machine.says(rf"{TOLD} on CPU {log.cpu}, ", reset(machine))


def test_panic_in_a_panic(bench):
    """The console's code is broken, too: the record is there all the same, and the CPU stops."""
    machine = boot(bench)
    machine.memory.write(physical("console_write"), UDF)
    machine.memory.write(physical("trap_hvc"), UDF)
    with pytest.raises(GuestError):
        machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS, timeout=1)
    halt, end = physical("arch_halt"), time.monotonic() + TIMEOUT
    while not 0 <= machine.cpu_states()[0][0] - IMAGE + BASE - halt < 32:		# it takes some exceptions
        assert time.monotonic() < end, "CPU 0 does not stop"
    log = record(machine)
    assert log.reason.decode().startswith("exception in the hypervisor: vector 4, ESR 0x2000000, ")
    assert log.registers.elr == physical("trap_hvc") - BASE + IMAGE
    assert "PANIC" not in machine.console.text()
