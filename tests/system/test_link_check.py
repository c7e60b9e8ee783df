# SPDX-License-Identifier: BSD-2-Clause
"""jailhouse link check under the real hypervisor: each situation is made, found, and gone again. Peer 0 is this Linux, peer 1 a
program in a cell; what of a peer cannot be made here, tests/cli/test_link_check.py has."""
import json
import os

import jsonschema
import pytest

from cellfile import abi

from test_control import CONTROL, MONITOR, SYSTEM as CONTROL_SYSTEM, start as start_control, uio
from test_root_misbehaves import link_device

TREE = os.path.join(os.path.dirname(__file__), "../..")
ROOT, RTOS_ID = 0, 1
CTRL, BELL, STATE = 8, 12, 16
COMMAND, MSIX_CONTROL = 0x04, 0x62
MEMORY, MASTER, INTX_OFF = 0x0002, 0x0004, 0x0400
MSIX_ON, MSIX_MASK = 0x8000, 0x4000
CONFIG, REGISTER, MSIX, ENABLE, MASK, STRAY = range(1, 7)		# as inmates/checks/link_puppet.c has them
ETHERNET, FRONT_END, BACK_END = 0x0001, 0x8003, 0xc003

with open(os.path.join(TREE, "configs/schema/link-check.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)


def check(machine, *arguments):
    """{bdf: [(id, peer)]}; the exit status has to agree."""
    result = machine.run(f"jailhouse link check --json {' '.join(map(str, arguments))}")
    assert result.status in (0, 1), repr(result)
    document = json.loads(result.output)
    jsonschema.validate(document, SCHEMA)
    assert document["healthy"] == (result.status == 0)
    return {link["bdf"]: [(problem["id"], problem["peer"]) for problem in link["problems"]] for link in document["links"]}


def history(machine):
    """Of the only link"""
    (link,) = json.loads(machine.run("jailhouse link check --json --wait 200").output)["links"]
    return [(problem["id"], problem["peer"]) for problem in link["history"]]


def found(machine, *arguments):
    (problems,) = check(machine, "--wait", 200, *arguments).values()
    return problems


class Uio:
    """The root cell's end of the link"""

    def __init__(self, machine, slot=None):
        self.machine = machine
        self.slot = int(link_device(machine)[-4:-2], 16) if slot is None else slot
        self.device, self.maps = uio(machine, self.slot)

    def write(self, register, value):
        self.poke("registers", register, value)

    def poke(self, section, offset, value):
        self.machine.check(f"bh-probe poke {self.device} {self.maps[section]} {offset} {value:#x} | grep -q ok")

    def peek(self, section, offset):
        return int(self.machine.check(f"bh-probe peek {self.device} {self.maps[section]} {offset}").split()[1], 0)

    def ring(self, peer=RTOS_ID, vector=0):
        self.write(BELL, peer << 16 | vector)

    def hold(self, register, value):
        """As write, by a program that stays: State goes to 0 whenever one has closed the device."""
        # what the one before said is gone before that is looked at
        self.machine.check(f": >/tmp/hold; bh-probe hold {self.device} {self.maps['registers']} {register} {value:#x} </dev/null "
                           ">>/tmp/hold 2>&1 & for i in $(seq 600); do grep -q ok /tmp/hold && exit 0; sleep 0.1; done; exit 1")

    def release(self):
        self.machine.check("killall bh-probe; while killall -0 bh-probe 2>/dev/null; do sleep 0.1; done")

    def command(self, value):
        config = f"{link_device(self.machine)}/config"
        self.machine.check(f"printf '\\{value & 0xff:03o}\\{value >> 8:03o}' | dd of={config} bs=2 seek=2 count=1 conv=notrunc 2>/dev/null")


class Puppet:
    """The program in the cell that does what it is told"""

    def __init__(self, machine):
        self.machine, self.number = machine, 0
        mark = machine.console.mark()
        machine.start(image="/inmates/link_puppet.bin")
        machine.inmate_says("puppet: peer 1", mark)
        self.uio = Uio(machine)
        (size,) = (int(line.split()[1], 0) for line in machine.check(
            "cd /sys/class/uio/uio0/maps; for m in *; do echo $(cat $m/name) $(cat $m/size); done").splitlines()
            if line.startswith("rw_section "))
        self.at = size - 0x1000

    def order(self, kind, at=0, value=0, wait=True):
        self.number = self.uio.peek("rw_section", self.at) + 1
        for word, number in ((1, kind), (2, at), (3, value), (0, self.number)):
            self.uio.poke("rw_section", self.at + 4 * word, number)
        if wait:
            self.machine.check(f"for i in $(seq 600); do bh-probe peek {self.uio.device} {self.uio.maps['rw_section']} {self.at + 16} | "
                               f"grep -q '^ok {self.number:#x}$' && exit 0; sleep 0.1; done; exit 1")


def device_of(config):
    return next(device for device in config.pci_devices if device.type == abi.CFG_PCI_IVSHMEM)


def intid_of(config):
    """Of INTx"""
    return 32 + config.cell.vpci_irq_base + (device_of(config).bdf >> 3 & 3)


def speaking(protocol, vectors=0):
    """A change of a configuration, with a name of its own"""
    def change(config):
        device = device_of(config)
        device.shmem_protocol = protocol
        device.num_msix_vectors = vectors
        device.bar_mask[1] = 0xfffff000 if vectors else 0
    return change


def create(machine, config, change):
    machine.create(machine.push_config("rtos", config.changed(change).bytes()))


def test_life_of_a_demo(machine):
    """From an empty link to one on which two programs talk, and back."""
    machine.enable()
    uio_end = Uio(machine)
    assert found(machine) == [("peer-absent", None)]
    machine.create()
    assert found(machine) == [("cell-not-started", RTOS_ID)]
    machine.start_demo()
    # its State has changed, and nobody here listens
    assert found(machine) == [("interrupts-disabled", ROOT)]

    machine.check("ivshmem-demo -q -r 1000000 </dev/null >/tmp/demo 2>&1 & "
                  "for i in $(seq 600); do jailhouse link list | tail -n 1 | grep -q 'qemu-arm64 0x1' && exit 0; sleep 0.1; done; exit 1")
    for _ in range(3):
        assert found(machine) == []
    assert machine.run("jailhouse link check").output.startswith("Link 00:00.0: healthy\n  peer 0, qemu-arm64 (running): State 1, ")
    machine.check("killall ivshmem-demo; while killall -0 ivshmem-demo 2>/dev/null; do sleep 0.1; done")

    uio_end.write(CTRL, 1)
    assert found(machine) == []
    uio_end.ring(ROOT)
    uio_end.ring(ROOT)
    assert found(machine) == [("one-shot-used", ROOT)]
    uio_end.command(MEMORY | MASTER | INTX_OFF)
    uio_end.write(CTRL, 1)
    assert found(machine) == [("intx-disabled", ROOT)]
    uio_end.command(MEMORY | MASTER)
    assert found(machine) == []

    uio_end.ring(2)
    # it was before the first look
    assert found(machine) == [] and history(machine) == [("no-such-peer", ROOT)]
    uio_end.ring(RTOS_ID, 16)
    wrong = [("no-such-peer", ROOT), ("no-such-vector", ROOT)]
    assert found(machine) == [] and history(machine) == wrong
    machine.jailhouse("cell shutdown rtos")
    uio_end.write(CTRL, 1)
    assert found(machine) == [("cell-shut-down", RTOS_ID)]
    # a program that does not know the link
    machine.start(image="/inmates/gic-demo.bin")
    assert found(machine) == [("memory-space-off", RTOS_ID)] and history(machine) == wrong
    name = os.path.basename(link_device(machine))
    machine.check(f"echo {name} >/sys/bus/pci/drivers/uio_ivshmem/unbind")
    assert found(machine) == [("no-driver", ROOT), ("memory-space-off", RTOS_ID)]
    machine.check(f"echo {name} >/sys/bus/pci/drivers/uio_ivshmem/bind")


def test_silence_and_absence(machine, rtos_config):
    """Of a peer that hears others and says nothing; and of one that rings a cell that is gone, all the time."""
    machine.enable()
    machine.create()
    puppet = Puppet(machine)
    puppet.uio.write(CTRL, 1)
    puppet.order(ENABLE, intid_of(rtos_config), 1)
    puppet.order(REGISTER, CTRL, 1)
    puppet.order(REGISTER, BELL, RTOS_ID << 16)		# itself
    assert found(machine) == [("never-sent", ROOT)]
    machine.jailhouse("cell destroy rtos")
    assert found(machine) == [("peer-absent", None)]
    bell = f"{puppet.uio.device} {puppet.uio.maps['registers']} {BELL} {RTOS_ID << 16:#x}"
    machine.check(f": >/tmp/ringing; while :; do bh-probe poke {bell}; done </dev/null >>/tmp/ringing 2>&1 & echo $! >/tmp/ringing.pid; "
                  "for i in $(seq 600); do grep -q ok /tmp/ringing && exit 0; sleep 0.1; done; exit 1")
    (problems,) = check(machine, "--wait", 5000).values()
    assert sorted(problems, key=str) == [("absent-peer-rung", ROOT), ("peer-absent", None)]
    machine.check("kill $(cat /tmp/ringing.pid); while killall -0 bh-probe 2>/dev/null; do sleep 0.1; done")
    assert found(machine) == [("peer-absent", None)]


def test_illnesses_of_a_line(machine, rtos_config):
    machine.enable()
    machine.create()
    puppet = Puppet(machine)
    end, intid = puppet.uio, intid_of(rtos_config)
    end.write(CTRL, 1)
    assert found(machine) == [("nothing-sent", None)]
    end.ring()
    assert found(machine) == [("interrupts-disabled", RTOS_ID), ("interrupt-not-enabled", RTOS_ID)]
    puppet.order(REGISTER, CTRL, 1)
    puppet.order(ENABLE, intid, 1)
    # the doorbell of before
    assert found(machine) == [] and history(machine) == [("only-dropped", RTOS_ID)]
    end.ring()
    assert found(machine) == [("never-answers", RTOS_ID)]
    puppet.order(REGISTER, STATE, 7)
    end.write(CTRL, 1)
    assert found(machine) == []

    puppet.order(ENABLE, intid, 0)
    end.ring()
    assert found(machine) == [("interrupt-not-enabled", RTOS_ID)]
    puppet.order(ENABLE, intid, 1)
    assert found(machine) == []
    puppet.order(MASK, value=1)
    end.ring()
    assert found(machine) == [("interrupt-not-taken", RTOS_ID)]
    puppet.order(MASK, value=0)
    assert found(machine) == []
    puppet.order(CONFIG, COMMAND, MEMORY | INTX_OFF)
    assert found(machine) == [("intx-disabled", RTOS_ID)]
    puppet.order(CONFIG, COMMAND, 0)
    assert found(machine) == [("memory-space-off", RTOS_ID)]
    puppet.order(CONFIG, COMMAND, MEMORY)
    assert found(machine) == []

    # while it looks
    puppet.order(REGISTER, CTRL, 0)
    machine.check("jailhouse link check --wait 5000 >/tmp/check & while kill -0 $! 2>/dev/null; do "
                  f"bh-probe poke {end.device} {end.maps['registers']} {BELL} {RTOS_ID << 16:#x}; done >/dev/null; "
                  "grep -q '[[]interrupts-disabled[]]' /tmp/check && ! grep -q '(0 of them in 5000 ms)' /tmp/check")

    puppet.order(STRAY, wait=False)
    machine.check("for i in $(seq 600); do jailhouse cell list | grep -q failed && exit 0; sleep 0.1; done; exit 1")
    assert ("cell-failed", RTOS_ID) in found(machine)


def test_illnesses_of_msix(machine, rtos_config):
    machine.enable()
    create(machine, rtos_config, speaking(0, 2))
    puppet = Puppet(machine)
    end, intid = puppet.uio, intid_of(rtos_config)
    puppet.order(REGISTER, STATE, 7)
    puppet.order(REGISTER, CTRL, 1)
    end.write(CTRL, 1)
    end.ring(ROOT)
    end.write(CTRL, 1)
    assert found(machine) == [("msix-disabled", RTOS_ID), ("vector-masked", RTOS_ID)]
    puppet.order(MSIX, 12, 0)
    puppet.order(CONFIG, MSIX_CONTROL, MSIX_ON | MSIX_MASK)
    assert found(machine) == [("msix-function-masked", RTOS_ID)]
    puppet.order(CONFIG, MSIX_CONTROL, MSIX_ON)
    assert found(machine) == [("interrupt-not-owned", RTOS_ID)]
    puppet.order(MSIX, 8, intid)
    assert found(machine) == [("interrupt-not-enabled", RTOS_ID)]
    puppet.order(ENABLE, intid, 1)
    assert found(machine) == []
    puppet.order(CONFIG, COMMAND, MEMORY)
    assert found(machine) == [("no-bus-master", RTOS_ID)]
    puppet.order(CONFIG, COMMAND, MEMORY | MASTER)
    end.ring()
    assert found(machine) == []
    # the second vector, once it is rung; its row says so, too
    end.ring(vector=1)
    assert found(machine) == [("vector-masked", RTOS_ID)]
    shown = json.loads(machine.jailhouse("link show 0 --json"))["peers"]
    assert [vector["sent"] for vector in shown[ROOT]["vector_list"]] == [2, 1]
    first, second = shown[RTOS_ID]["vector_list"]
    assert (first["intid"], first["cpu"], first["enabled"], first["delivered"]) == (intid, 3, True, 1)
    assert (second["masked"], second["armed"], second["dropped"]) == (True, False, {"disabled": 0, "masked": 1})
    assert [section["name"] for section in shown[RTOS_ID]["sections"]] == ["state table", "R/W", "output 0", "output 1"]
    assert [section["write"] for section in shown[RTOS_ID]["sections"]] == [False, True, False, True]
    assert [section["physical"] for section in shown[RTOS_ID]["sections"]] == [
        section["physical"] for section in shown[ROOT]["sections"]]


@pytest.mark.parametrize("protocols, steps", [
    ((ETHERNET, ETHERNET), [(0, 0, [("ethernet-waits", ROOT), ("ethernet-waits", RTOS_ID)]), (0, 3, [("ethernet-waits", RTOS_ID)]),
                            (3, 3, []), (2, 3, [("ethernet-waits", ROOT)]), (3, 9, [("state-unknown", RTOS_ID)])]),
    ((BACK_END, FRONT_END), [(0, 0, [("back-end-not-ready", ROOT)]), (0, 1, [("front-end-stale", RTOS_ID)]), (1, 1, []),
                             (1, 0, [("front-end-not-ready", RTOS_ID)])]),
    ((0x4001, 0x1234), [(1, 1, [("protocols-differ", RTOS_ID), ("protocol-unknown", RTOS_ID)])]),
])
def test_states_of_protocols(machine, system_config, rtos_config, protocols, steps):
    machine.jailhouse(f"enable {machine.push_config('system', system_config.changed(speaking(protocols[ROOT])).bytes())}")
    name = os.path.basename(link_device(machine))
    machine.check(f"echo uio_ivshmem >{link_device(machine)}/driver_override; echo {name} >/sys/bus/pci/drivers_probe")
    create(machine, rtos_config, speaking(protocols[RTOS_ID]))
    puppet = Puppet(machine)
    puppet.order(REGISTER, CTRL, 1)
    puppet.order(ENABLE, intid_of(rtos_config), 1)
    for root_state, rtos_state, problems in steps:
        puppet.order(REGISTER, STATE, rtos_state or 99)
        puppet.order(REGISTER, STATE, rtos_state)
        puppet.uio.hold(STATE, root_state)
        puppet.uio.hold(CTRL, 1)
        assert found(machine) == problems, (root_state, rtos_state)
        puppet.uio.release()


def test_links_of_the_control_system(machine):
    """Three links; Linux holds its ends open, with a State and interrupts on."""
    machine.jailhouse(f"enable {CONTROL_SYSTEM}")
    machine.create(CONTROL)
    machine.create(MONITOR)
    start_control(machine, "monitor")
    start_control(machine, "control")
    problems = check(machine)
    assert problems.pop("00:02.0") == []		# watch: between the two
    assert set(problems) == {"00:00.0", "00:01.0"}
    assert all(list_ == [("interrupts-disabled", ROOT)] for list_ in problems.values()), problems
    ends = [Uio(machine, slot) for slot in (0, 1)]
    for end in ends:
        end.hold(STATE, 1)
        end.hold(CTRL, 1)
    assert check(machine) == {"00:00.0": [], "00:01.0": [], "00:02.0": []}
    ends[0].release()


@pytest.mark.parametrize("arguments, status, text", [
    ("", 2, "JAILHOUSE_LINK_INFO: Invalid argument: not enabled: enable first"),
    ("00:1e.0 --json", 2, "JAILHOUSE_LINK_INFO: Invalid argument: not enabled: enable first"),
])
def test_not_enabled(machine, arguments, status, text):
    result = machine.run(f"jailhouse link check {arguments}")
    assert (result.status, result.lines) == (status, [text])


def test_no_such_link(machine):
    machine.enable()
    result = machine.run("jailhouse link check 1e")
    assert (result.status, result.lines) == (2, ["JAILHOUSE_LINK_INFO: No such file or directory: there is no link 00:1e.0: see "
                                                "the list of links"])
