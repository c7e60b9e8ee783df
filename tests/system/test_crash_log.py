# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor fails under Linux: its crash log survives the reset of the machine, is taken by the next enable, shown once, and
gone from memory then. Of a CPU that Linux does not need, it can be read at once."""
import json
import re
import struct
import sys
import zlib

import pytest
from elftools.elf.elffile import ELFFile

from cellfile import CellFile, abi
from conftest import BUILD, SYSFS, host_path
from test_direct_linux import BUNDLE
from test_reserved_memory import make_tree

sys.path.append(f"{BUILD}/../tests/direct")
from direct import IMAGE, Memory, Monitor		# noqa: E402

FILE = f"{SYSFS}/crash_log"
HINT = "the hypervisor has left a crash log: 'jailhouse crash' shows it"
NONE = "The hypervisor has left no crash log\n"
UP = "bulkhead: root file system is up"


class Doors:
    """Memory of the machine and its reset, past Linux and the hypervisor."""

    def __init__(self, machine, memory):
        self.machine, self.base, self.place = machine, memory.phys_start, memory.phys_start + memory.size - 4096
        self.monitor, self.memory = Monitor(machine.guest.doors[0]), Memory(machine.guest.doors[1])

    def record(self):
        content = self.memory.read(self.place, 4096)
        assert content[:8] == b"BHCRASH\0" and content[16:20] == struct.pack("<I", zlib.crc32(content[24:]))
        return content

    def break_hypercall(self):
        """From the next one on, hypercalls end their CPU: an undefined instruction."""
        with open(f"{BUILD}/arm64/hypervisor.elf", "rb") as file:
            found, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("trap_hvc")
        self.memory.write(self.base + found["st_value"] - IMAGE, bytes(4))

    def panics(self, cpu, mark):
        match = self.machine.console.wait(rf"^PANIC on CPU {cpu}: (exception in the hypervisor: vector 4, .*)\n", mark)
        assert match, self.machine.console.tail(40)
        return match.group(1)

    def reset(self):
        mark = self.machine.console.mark()
        self.monitor.text("system_reset")
        assert self.machine.console.wait(UP, mark, 300), self.machine.console.tail(40)
        self.machine.console.deadly = None
        self.machine.guest.alive = True
        self.machine.load_modules()


@pytest.fixture
def doors(fleet, tmp_path):
    fleet.drop()
    machine = fleet.get(tree=make_tree(tmp_path), restarts=True, doors=True)
    machine.load_modules()
    system = CellFile.read(host_path("/configs/fixed/qemu-arm64.cell"))
    doors = Doors(machine, system.header.hypervisor_memory)
    doors.system = system
    yield doors
    fleet.drop()


def enable(doors):
    doors.machine.jailhouse(f"enable {doors.machine.push_config('system', doors.system.bytes())}")


def hints(machine):
    return machine.check("dmesg").count(HINT)


def test_after_a_reset(doors):
    machine = doors.machine
    assert machine.check(f"stat -c %a {FILE}").strip() == "400"
    assert machine.jailhouse("crash") == NONE
    enable(doors)
    assert machine.jailhouse("crash") == NONE and machine.check(f"cat {FILE} | wc -c").strip() == "0"
    doors.break_hypercall()
    mark = machine.console.mark()
    machine.guest.send(f"cat {SYSFS}/mem_pool_used\n")
    reason = doors.panics("[0-3]", mark)
    left = doors.record()
    doors.reset()

    assert doors.record() == left
    # it is where the configuration says, so nobody knows before enable; and a refused enable does not lose it
    assert machine.jailhouse("crash") == NONE and hints(machine) == 0
    machine.check("echo 0 >/sys/devices/system/cpu/cpu3/online")
    assert not machine.run("jailhouse enable /tmp/system.cell").ok
    machine.check("echo 1 >/sys/devices/system/cpu/cpu3/online")
    enable(doors)
    assert hints(machine) == 1
    assert machine.guest.pull(FILE) == left
    assert doors.memory.read(doors.place, 4096) == bytes(4096)
    found, log = json.loads(machine.jailhouse("crash --json")), abi.CrashLog.from_buffer_copy(left)
    assert (found["reason"], found["cpu"], found["cell"]) == (reason, log.cpu, "qemu-arm64")
    assert found["software"] == log.software.decode() and found["ticks"] == str(log.ticks)
    exception, registers = found["exception"], log.registers
    assert [int(exception[key], 16) for key in ("syndrome", "elr", "far", "sp", "spsr")] == [
        registers.esr, registers.elr, registers.far, registers.sp, registers.spsr]
    assert [int(text or "0", 16) for text in exception["registers"]] == list(registers.x)
    assert re.search(f"^ESR 0x{registers.esr:x}, ELR 0x{registers.elr:x},", reason.split("vector 4, ")[1])
    assert found["console"] == log.console[:log.console_size].decode() and 'root cell "qemu-arm64" runs on' in found["console"]
    assert len(found["trace"]) == log.trace_count > 4
    assert found["trace"][log.cpu]["kind"] == "syndrome" and int(found["trace"][log.cpu]["cause"], 16) >> 26 == 0x16
    text = machine.jailhouse("crash")
    assert reason in text.splitlines()[0] and f"  ELR        {registers.elr:#x}\n" in text
    # kept over disable and another session, and not told again
    machine.jailhouse("disable")
    enable(doors)
    assert machine.guest.pull(FILE) == left and hints(machine) == 1
    machine.jailhouse("disable")
    machine.check("rmmod uio_ivshmem jailhouse")
    machine.load_modules()
    enable(doors)
    assert machine.jailhouse("crash") == NONE and hints(machine) == 1
    machine.jailhouse("disable")
    machine.all_cpus_work()


def test_direct_boot(fleet):
    """The hypervisor tells about the run before; a root Linux reads it from its place, each time the driver is loaded."""
    fleet.drop()
    machine = fleet.get(bundle=BUNDLE, restarts=True, doors=True)
    machine.load_modules()
    with open(BUNDLE, "rb") as file:
        boot = abi.ImageHeader.from_buffer_copy(file.read(4096)).boot
    doors = Doors(machine, abi.Memory(phys_start=boot.phys_base, size=boot.memory_size))
    assert machine.jailhouse("crash") == NONE and hints(machine) == 0
    doors.break_hypercall()
    mark = machine.console.mark()
    machine.guest.send(f"cat {SYSFS}/mem_pool_used\n")
    reason = doors.panics("[0-3]", mark)
    left = doors.record()
    mark = machine.console.mark()
    doors.reset()
    cpu = abi.CrashLog.from_buffer_copy(left).cpu
    assert re.search(f"^The run before ended in a panic on CPU {cpu}, of cell \"[a-z0-9-]+\": {re.escape(reason)}$",
                     machine.console.text(mark), re.M)
    assert hints(machine) == 1
    found = machine.guest.pull(FILE)
    assert found == doors.record() and found[24:] == left[24:]
    assert json.loads(machine.jailhouse("crash --json"))["reason"] == reason
    fleet.drop()


def test_damaged(doors):
    """Nobody is told about something that is no whole record."""
    machine = doors.machine
    enable(doors)
    doors.break_hypercall()
    mark = machine.console.mark()
    machine.guest.send(f"cat {SYSFS}/mem_pool_used\n")
    doors.panics("[0-3]", mark)
    doors.memory.write(doors.place + 2000, bytes(byte ^ 1 for byte in doors.record()[2000:2004]))
    doors.reset()
    enable(doors)
    assert machine.jailhouse("crash") == NONE and hints(machine) == 0
    machine.jailhouse("disable")
    machine.all_cpus_work()


def test_at_once(doors):
    """A CPU of another cell: Linux goes on, and can read why without a hypercall."""
    machine = doors.machine
    enable(doors)
    machine.create(machine.push_config("cell", CellFile.read(host_path("/configs/fixed/rtos.cell")).bytes()))
    mark = machine.start_demo()
    doors.break_hypercall()
    # the demo prints what it is told
    machine.guest.send("ivshmem-demo >/dev/null 2>&1 &\n")
    reason = doors.panics(3, mark)
    assert doors.record() == machine.guest.pull(FILE)
    found = json.loads(machine.jailhouse("crash --json"))
    assert (found["reason"], found["cpu"], found["cell"]) == (reason, 3, "rtos")
