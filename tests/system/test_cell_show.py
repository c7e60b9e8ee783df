# SPDX-License-Identifier: BSD-2-Clause
"""Why a cell failed: sysfs and jailhouse cell show against what the console said; accesses that are ignored or aborted."""
import json
import re

from attacks import ABORT, STOPPED
from cellfile import abi
from conftest import SYSFS
from test_inmates import WORDS, create, passive, root, says, spoken, start  # noqa: F401

NOTHING = 0x50000000		# default of attack_memory
NOBODY = 0xa0000000		# no memory of the machine, and none of the root cell


def show(machine, cell="rtos"):
    return json.loads(machine.jailhouse(f"cell show {cell} --json"))


def fault_file(machine, cell):
    return abi.Fault.from_buffer_copy(machine.guest.pull(f"{SYSFS}/cells/{cell}/fault"))


def ignoring(config):
    config.cell.flags |= abi.CFG_STRAY_IGNORE


def aborting_there(config):
    config.memory_regions.append(abi.Memory(0x1000, NOTHING, 0, abi.CFG_STRAY_ABORT))


def test_violation(root, rtos_config):  # noqa: F811
    """The same numbers on the console, in sysfs, and from the command; of an earlier start later on."""
    create(root, rtos_config, passive)
    assert show(root)["fault"] is None
    cell = root.cells()["rtos"][0]
    assert root.check(f"stat -c '%a' {SYSFS}/cells/{cell}/fault {SYSFS}/cells/{cell}/memory").split() == ["400", "400"]
    assert root.guest.pull(f"{SYSFS}/cells/{cell}/memory") == b"".join(map(bytes, rtos_config.memory_regions))
    mark = start(root, "attack_memory", "attack=write")
    said = says(root, r'^cell "rtos", CPU 3: write to memory it does not have at 0x(\w+): CPU stopped\n'
                r"  ESR 0x(\w+), PC 0x(\w+), virtual 0x(\w+)\n", mark)
    says(root, '^cell "rtos" failed$', mark)
    address, esr, pc, virtual = (int(text, 16) for text in said.groups())
    raw, fault = fault_file(root, cell), show(root)["fault"]
    assert (raw.address, raw.syndrome, raw.pc, raw.virtual_address, raw.cpu) == (address, esr, pc, virtual, 3)
    assert address == NOTHING and raw.kind == abi.BH_FAULT_WRITE and raw.size == 4 and raw.count == 1
    assert raw.x[raw.syndrome >> 16 & 31] == 0x0badc0de
    assert [int(fault[key], 16) for key in ("address", "syndrome", "pc", "virtual_address")] == [address, esr, pc, virtual]
    assert [int(word, 16) for word in fault["registers"]] == list(raw.x)
    assert (fault["access"], fault["size"], fault["cpu"], fault["stopped"], fault["this_start"]) == ("write", 4, 3, True, True)
    text = root.jailhouse("cell show rtos")
    assert f"  address     {NOTHING:#x} (virtual {virtual:#x})\n" in text and "\nAdvice: " in text
    assert f"stray-ranges: [{{ at: {NOTHING:#x}, size: 4 KiB, action: ignore }}]" in text
    # reads in pieces, and behind the end
    assert root.check(f"dd if={SYSFS}/cells/{cell}/fault bs=1 skip=32 count=8 2>/dev/null | od -An -tx8").split() == [
        f"{NOTHING:016x}"]
    assert root.check(f"cat {SYSFS}/cells/{cell}/fault | wc -c").strip() == "368"
    start(root, "attack_memory", "attack=cache")
    again = show(root)["fault"]
    assert (again["start"], again["this_start"], again["pc"]) == (1, False, fault["pc"])
    assert "of start 1, which is over\n" in root.jailhouse("cell show rtos")


def test_console(root, rtos_config):  # noqa: F811
    """What the program printed is there when the cell has failed, and when it has been started again."""
    create(root, rtos_config, passive)
    cell = root.cells()["rtos"][0]
    mark = start(root, "attack_memory", "attack=write")
    says(root, '^cell "rtos" failed$', mark)
    text = root.jailhouse("cell console rtos")
    said = [line for line in spoken(root, mark).splitlines() if line.startswith("#")]
    lines = text.splitlines()
    assert lines[0] == 'cell "rtos" started' and lines[-1] == 'cell "rtos" failed'
    assert re.match('cell "rtos", CPU 3: write to memory it does not have at 0x50000000: CPU stopped$', lines[-2])
    assert said and [line for line in lines if line.startswith("#")] == said
    assert show(root)["console"]["last_lines"].endswith('\ncell "rtos" failed\n')
    start(root, "attack_memory", "attack=cache")
    says(root, "^TAP done\n", mark)		# to the end of it: each character is a call of its own
    again = json.loads(root.jailhouse("cell console rtos --json"))
    assert again["text"].startswith(text + 'cell "rtos" started\n') and again["text"].endswith("TAP done\n")
    assert again["written"] == again["kept"] == len(again["text"])
    raw = abi.CellConsole.from_buffer_copy(root.guest.pull(f"{SYSFS}/cells/{cell}/console"))
    assert raw.complete == raw.begun == again["written"]
    # the root cell of this system may not print
    assert "cell \"qemu-arm64\" may not print" in root.run("jailhouse cell console 0").output


def test_ignored(root, rtos_config):  # noqa: F811
    create(root, rtos_config, passive, ignoring)
    mark = start(root, "attack_memory", "attack=write")
    says(root, "^# written, reads 00000000$", mark)
    says(root, "^TAP done$", mark)
    found = show(root)
    assert found["accesses_to_nothing"] == {"ignored_reads": 1, "ignored_writes": 1, "aborted": 0}
    assert (found["fault"], found["state"]) == (None, "running")
    says(root, WORDS[ABORT], start(root, "attack_memory", "attack=exclusive"))
    assert show(root)["accesses_to_nothing"]["aborted"] == 1
    assert "CPU stopped" not in root.console.text(mark)


def test_aborted_in_a_range(root, rtos_config):  # noqa: F811
    create(root, rtos_config, passive, aborting_there)
    says(root, WORDS[ABORT], start(root, "attack_memory", "attack=read"))
    assert show(root)["accesses_to_nothing"] == {"ignored_reads": 0, "ignored_writes": 0, "aborted": 1}
    says(root, WORDS[STOPPED], start(root, "attack_memory", f"attack=read addr={NOTHING + 0x1000:#x}"))
    assert int(show(root)["fault"]["address"], 16) == NOTHING + 0x1000


def test_root_cell(root):  # noqa: F811
    """Its programs get a signal; the first of these accesses is kept."""
    before = show(root, "0")
    for _ in range(2):
        assert root.check(f"bh-probe mem read 4 {NOBODY + 0x10:#x}").strip() == "signal=BUS"
    found = show(root, "0")
    assert found["violations"] == before["violations"] + 2 and found["state"] == "running"
    if not before["fault"]:		# the machine may be one of earlier tests
        assert int(found["fault"]["address"], 16) == NOBODY + 0x10
        assert (found["fault"]["access"], found["fault"]["stopped"], found["fault"]["later"]) == ("read", False, 1)
        assert re.search("^Advice: no region of its configuration has this address", root.jailhouse("cell show 0"), re.M)
    root.all_cpus_work()
