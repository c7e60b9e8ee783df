# SPDX-License-Identifier: BSD-2-Clause
"""jailhouse trace under Linux: what a cell did before it failed, how long that is ago, and what is followed."""
import json
import time

import pytest

from cellfile import abi
from conftest import SYSFS, SYSTEM, host_path
import excursions		# known by guest.py
from test_inmates import create, passive, root, says, start  # noqa: F401

NOTHING = 0x50000000		# default of attack_memory
CPU = 3


def look(machine, options=""):
    return json.loads(machine.jailhouse(f"trace --json {options}"))


def records(machine):
    """Of the file, by CPU number. Each is of one moment if it is read at once."""
    size = abi.BH_TRACE_RECORD
    machine.check(f"dd if={SYSFS}/trace of=/tmp/trace bs={size} 2>/dev/null")
    data = machine.guest.pull("/tmp/trace")
    return [abi.Trace.from_buffer_copy(data[at:at + size]) for at in range(0, len(data), size)]


def test_before_a_failure(root, rtos_config):  # noqa: F811
    """The access that stopped the cell is its last event, after what it had printed; then its CPU only gets older."""
    create(root, rtos_config, passive)
    cell = root.cells()["rtos"][0]
    mark = start(root, "attack_memory", "attack=write")
    says(root, '^cell "rtos" failed$', mark)
    fault = abi.Fault.from_buffer_copy(root.guest.pull(f"{SYSFS}/cells/{cell}/fault"))
    found = look(root, "--cell rtos")
    last = found["events"][-1]
    assert (last["kind"], last["cpu"], last["cell_id"], last["cell"]) == ("access", CPU, cell, "rtos")
    assert last["access"] == {"what": "write", "size": 4, "address": hex(NOTHING)}
    assert (int(last["pc"], 16), int(last["cause"], 16)) == (fault.pc, fault.syndrome)
    assert 0 <= fault.ticks - int(last["ticks"]) < fault.ticks_per_second
    prints = [event for event in found["events"] if event["hypercall"] == abi.HC_DEBUG_PUTC]
    assert len(prints) > 10 and all(event["pc"] == prints[0]["pc"] for event in prints)
    assert [event["number"] for event in found["events"]] == list(range(last["number"] + 1 - len(found["events"]), last["number"] + 1))
    state, = found["cpus"]
    assert (state["cpu"], state["position"], state["cell"]) == (CPU, last["number"] + 1, "rtos")
    end = time.monotonic() + 120
    while (again := look(root, f"--cpu {CPU} --last 1"))["cpus"][0]["last_seconds"] > state["last_seconds"] - 1:
        assert time.monotonic() < end
    assert again["events"] == [{**last, "seconds": again["events"][0]["seconds"]}]
    text = root.jailhouse("trace --cell rtos --last 1").splitlines()
    assert text[0].startswith("Mode unusual: ") and text[2].endswith(f"{last['pc']:18} write of 4 bytes at {NOTHING:#x}: {last['text'].split(': ')[1]}")
    assert text[-1].split()[:2] == [str(CPU), "rtos"]


def test_cells_of_a_cpu(root, rtos_config):  # noqa: F811
    """From Linux to the cell and back: when the CPU has just been given away its events are those of the root cell."""
    create(root, rtos_config, passive)
    cell = root.cells()["rtos"][0]
    found = look(root, f"--cpu {CPU}")["events"]
    assert (found[-1]["kind"], found[-1]["cell"]) == ("cell", "qemu-arm64")
    # Linux switched it off for that
    off = [event for event in found if event["function"] in (0x84000002, 0xc4000002)]
    assert off and off[-1]["cell"] == "qemu-arm64" and off[-1]["text"].startswith("SMC: PSCI CPU_OFF")
    says(root, "^TAP done$", start(root, "attack_memory", "attack=cache"))
    events = look(root, f"--cpu {CPU} --cell {cell}")["events"]
    assert events and {event["cell"] for event in events} == {"rtos"}


def test_file(root):  # noqa: F811
    """One record for each CPU, of one moment; in pieces and behind the end as other files."""
    before = [record.header.position for record in records(root)]
    found = records(root)
    assert len(found) == len(before) == 4
    for record, position in zip(found, before):
        header = record.header
        assert (header.cell, header.name) == (0, b"qemu-arm64")
        assert 0 < header.num_events <= min(header.position, abi.BH_TRACE_KEPT)
        assert header.position >= position and header.now_high == header.now_again
        ticks = [event.ticks for event in record.events[:header.num_events]]
        assert ticks == sorted(ticks) and 0 < ticks[0] and ticks[-1] <= header.now_high << 32 | header.now_low
    assert root.check(f"dd if={SYSFS}/trace bs=8 skip=513 count=1 2>/dev/null | od -An -tu4").split()[0] == str(
        found[1].header.ticks_per_second)
    assert root.check(f"dd if={SYSFS}/trace bs=4096 skip=4 2>/dev/null | wc -c").strip() == "0"


def test_follow(root):  # noqa: F811
    """Nothing twice, nothing left out that is not said to be lost."""
    # until there is more than was kept; a line may be cut then
    root.check(": >/tmp/followed; jailhouse trace --follow --json >>/tmp/followed & for i in $(seq 600); do "
               f"[ $(wc -l </tmp/followed) -gt {5 * abi.BH_TRACE_KEPT} ] && break; sleep 0.1; done; kill $!; wait $!; true")
    lines = [json.loads(line) for line in root.guest.pull("/tmp/followed").decode().rpartition("\n")[0].splitlines()]
    numbers = {}
    lost = 0
    for line in lines:
        if "lost" in line:
            lost += line["lost"]
            if line["cpu"] in numbers:
                numbers[line["cpu"]] += line["lost"]
            continue
        assert line["number"] == numbers.get(line["cpu"], line["number"])
        numbers[line["cpu"]] = line["number"] + 1
    assert set(numbers) == {0, 1, 2, 3} and len(lines) > 4 * abi.BH_TRACE_KEPT
    root.all_cpus_work()


class Counts:
    """Of a CPU of Linux that goes on meanwhile, read by CPU 0: its exits, its events, its exits again."""

    def __init__(self, machine, cpu):
        def exits():
            return int(machine.check(f"taskset 1 cat {SYSFS}/cells/0/statistics/cpu{cpu}/vmexits_total"))
        self.before = exits()
        self.position = json.loads(machine.check(f"taskset 1 jailhouse trace --json --cpu {cpu} --last 1"))["cpus"][0]["position"]
        self.after = exits()


def measure(machine, cpu):
    """Events of the CPU, and of its exits the least and the most there can have been, while it sleeps and wakes up."""
    begin = Counts(machine, cpu)
    machine.check(f"taskset {1 << cpu:x} sh -c 'n=0; while [ $n -lt 200 ]; do sleep 0.001; n=$((n + 1)); done'")
    end = Counts(machine, cpu)
    return end.position - begin.position, end.before - begin.after, end.after - begin.before


def test_modes(root):  # noqa: F811
    """By command and by file: whether exits that are repeated, which those of Linux' timer are, have events, or are left out."""
    def modes():
        return (root.check(f"cat {SYSFS}/trace_mode"), look(root)["mode"], root.jailhouse("trace").split(":")[0])
    assert modes() == ("unusual\n", "unusual", "Mode unusual")
    for set_all, set_unusual in (("jailhouse trace --mode all", "jailhouse trace --mode unusual"),
                                 (f"echo all >{SYSFS}/trace_mode", f"printf unusual >{SYSFS}/trace_mode")):
        assert root.check(set_all) == "" and modes() == ("all\n", "all", "Mode all")
        events, least, most = measure(root, 2)
        assert least > 200 and least - 1 <= events <= most + 1
        assert root.check(set_unusual) == "" and modes() == ("unusual\n", "unusual", "Mode unusual")
        events, least, most = measure(root, 2)
        assert events < least
    for wrong in ("", "al", "alle", "all unusual", "ALL", "0"):
        assert root.run(f"printf '{wrong}' >{SYSFS}/trace_mode").status or not wrong
        assert root.check(f"cat {SYSFS}/trace_mode") == "unusual\n"
    root.all_cpus_work()


def test_the_mode_ends_with_the_hypervisor(machine):
    machine.jailhouse(f"enable {SYSTEM}")
    machine.jailhouse("trace --mode all")
    machine.jailhouse("disable")
    machine.jailhouse(f"enable {SYSTEM}")
    assert machine.check(f"cat {SYSFS}/trace_mode") == "unusual\n"
    machine.jailhouse("disable")


def test_not_enabled(machine):
    for command in ("trace", "trace --mode all"):
        result = machine.run(f"jailhouse {command}")
        assert (result.status, result.lines) == (1, ["there is no trace: the hypervisor is not enabled: jailhouse enable SYSCONFIG"])
    assert machine.run(f"cat {SYSFS}/trace_mode").status == 1


@pytest.mark.skipif(bool(excursions.DIRECTORY), reason="the plug-in of the emulator knows one image")
def test_built_without(machine):
    image = "/lib/firmware/jailhouse.bin"
    machine.check(f"cp {image} /tmp/jailhouse.bin")
    with open(host_path("/no-trace/arm64/jailhouse.bin"), "rb") as file:
        machine.push(image, file.read())
    try:
        machine.jailhouse(f"enable {SYSTEM}")
        for command in ("trace", "trace --mode all"):
            result = machine.run(f"jailhouse {command}")
            assert (result.status, result.lines) == (1, [
                "the hypervisor keeps no trace: it was built without; set CONFIG_TRACE=y (make menuconfig, Debugging), build it and "
                "enable it again"])
        machine.all_cpus_work()
    finally:
        machine.check(f"mv /tmp/jailhouse.bin {image}")
