# SPDX-License-Identifier: BSD-2-Clause
"""jailhouse link list and link show under the real hypervisor: counters move by exactly what was done."""
import json

import pytest

from conftest import INMATE
from test_root_misbehaves import link_device, uio_maps

NOT_ENABLED = "not enabled: enable first"
REQUEST = "JAILHOUSE_LINK_INFO"
NO_ENTRY, INVALID = "No such file or directory", "Invalid argument"

ROOT, RTOS, ABSENT_ID = 0, 1, 2
CONTROL, DOORBELL, STATE = 8, 12, 16
INTX_OFF = 0x04		# in the upper byte of Command
NEXT, PEERS, CELL, COUNTERS = 0, 1, 2, 0x100
DROPS = ["disabled", "masked", "no_peer", "no_vector", "inactive"]
KINDS = ["sent", "delivered", "merged", *DROPS]


class Link:
    """The demo's link as the root cell sees it and uses it."""

    def __init__(self, machine):
        self.machine = machine
        self.bdf = machine.check("jailhouse link list").splitlines()[1].split()[0]

    def show(self):
        return json.loads(self.machine.jailhouse(f"link show {self.bdf} --json"))

    def peer(self, peer):
        return next(entry for entry in self.show()["peers"] if entry["id"] == peer)

    def counters(self):
        """{(peer, kind): value} of all peers, also those that are not shown because all is 0"""
        counters = {(peer, kind): 0 for peer in range(self.show()["peer_ids"]) for kind in KINDS}
        for peer in self.show()["peers"]:
            for kind in KINDS:
                counters[peer["id"], kind] = peer["dropped"][kind] if kind in DROPS else peer[kind]
        return counters

    def expect(self, before, changes):
        """What has changed since before, and nothing else; gives the counters of now."""
        now = self.counters()
        assert {key: now[key] - before[key] for key in now if now[key] != before[key]} == changes
        return now

    def words(self, peer):
        """What the table says about the interrupts of a peer."""
        rows = self.machine.jailhouse(f"link show {self.bdf}").split("\n\n")[1].splitlines()
        return next(row for row in rows[1:] if row.split()[0] == str(peer))[rows[0].index("Interrupts"):]

    def write(self, register, value):
        index, _ = uio_maps(self.machine)["registers"]
        self.machine.check(f"bh-probe poke /dev/uio0 {index} {register} {value:#x} | grep -q ok")

    def ring(self, peer, vector=0):
        self.write(DOORBELL, peer << 16 | vector)

    def accounted(self):
        """At rest, everything that was sent is known to be delivered, merged, dropped or latched."""
        counters = self.counters()
        latched = sum(peer["present"] and peer["flags"]["latched"] for peer in self.show()["peers"])
        sent = sum(value for (_, kind), value in counters.items() if kind == "sent")
        assert sent == sum(value for (_, kind), value in counters.items() if kind != "sent") + latched


@pytest.fixture
def fresh(machine):
    """A link on which nothing has happened yet."""
    machine.enable()
    return Link(machine)


@pytest.fixture
def link(root):
    """With interrupts off, and what other tests have left latched told."""
    link = Link(root)
    link.write(CONTROL, 1)
    link.write(CONTROL, 0)
    assert not link.peer(ROOT)["flags"]["latched"]
    yield link
    if root.guest.alive:
        link.accounted()


def start_rtos(machine):
    mark = machine.console.mark()
    machine.start()
    machine.inmate_says("demo: on the link with state 2", mark)


def test_linux_alone(fresh):
    machine, bdf = fresh.machine, fresh.bdf
    assert machine.jailhouse("link list").splitlines() == [
        "Link        Peers   Sent        Delivered   Dropped     Present: ID, cell, State",
        f"{bdf}     2       0           0           0           0 qemu-arm64 0x0"]
    assert json.loads(machine.jailhouse("link list --json")) == {"links": [
        {"bdf": bdf, "peer_ids": 2, "sent": 0, "delivered": 0, "merged": 0, "dropped": 0, "peers": [
            {"id": ROOT, "cell_id": 0, "cell": "qemu-arm64", "state": 0}]}]}
    shown = fresh.show()
    assert (shown["bdf"], shown["peer_ids"]) == (bdf, 2)
    peer, = shown["peers"]
    assert {key: peer[key] for key in ("id", "present", "cell", "cell_id", "state", "vectors", "protocol",
                                       "protocol_name")} == {
        "id": ROOT, "present": True, "cell": "qemu-arm64", "cell_id": 0, "state": 0, "vectors": 0, "protocol": 0,
        "protocol_name": "undefined"}
    assert not any(fresh.counters().values())
    # as the driver of Linux has set the device up
    assert {key for key, value in peer["flags"].items() if value} == {
        "one_shot", "armed", "memory_space", "bus_master"}
    assert fresh.words(ROOT) == "off, one-shot, armed"


def test_the_device_has_the_number_of_the_link(link):
    """Linux puts a PCI domain in front of it."""
    assert link_device(link.machine).endswith(f":{link.bdf}")
    _, device = link.bdf.split(":")
    for name in (link.bdf, device, device.split(".")[0], f"{int(device.split('.')[0], 16):x}"):
        assert json.loads(link.machine.jailhouse(f"link show {name} --json"))["bdf"] == link.bdf


def test_dropped_by_the_sender(link):
    before = link.counters()
    link.ring(RTOS)
    now = link.expect(before, {(ROOT, "sent"): 1, (ROOT, "inactive"): 1})
    link.ring(ABSENT_ID)
    link.ring(0xffff)
    now = link.expect(now, {(ROOT, "sent"): 2, (ROOT, "no_peer"): 2})
    for vector in (16, 17, 0xffff):
        link.ring(ROOT, vector)
    link.expect(now, {(ROOT, "sent"): 3, (ROOT, "no_vector"): 3})


def test_disabled_delivered_masked(link):
    """Linux rings itself."""
    before = link.counters()
    link.ring(ROOT)
    now = link.expect(before, {(ROOT, "sent"): 1, (ROOT, "disabled"): 1})

    link.write(CONTROL, 1)
    assert link.words(ROOT) == "on, one-shot, armed"
    link.ring(ROOT, 5)
    now = link.expect(now, {(ROOT, "sent"): 1, (ROOT, "delivered"): 1})
    assert link.words(ROOT) == "off, one-shot, armed"

    command = f"{link_device(link.machine)}/config"
    write = f"dd of={command} bs=1 seek=5 count=1 conv=notrunc 2>/dev/null"
    link.machine.check(f"printf '\\00{INTX_OFF}' | {write}")
    link.write(CONTROL, 1)
    assert link.words(ROOT) == "on, one-shot, not armed, INTx disabled"
    link.ring(ROOT)
    link.ring(ROOT)
    now = link.expect(now, {(ROOT, "sent"): 2, (ROOT, "masked"): 2})
    link.write(CONTROL, 0)
    link.machine.check(f"printf '\\000' | {write}")
    assert link.words(ROOT) == "off, one-shot, armed"
    link.expect(now, {})


def test_cell_that_does_not_run(link):
    link.machine.create()
    row = link.machine.jailhouse("link list").splitlines()[1]
    assert row.endswith(" 0 qemu-arm64 0x0, 1 rtos 0x0")
    peer = link.peer(RTOS)
    assert (peer["present"], peer["cell"], peer["state"]) == (True, "rtos", 0)
    assert not peer["flags"]["enabled"] and not peer["flags"]["memory_space"]
    assert link.words(RTOS).startswith("off, ") and link.words(RTOS).endswith(", registers off")
    before = link.counters()
    link.ring(RTOS)
    link.expect(before, {(ROOT, "sent"): 1, (RTOS, "disabled"): 1})


def test_doorbells_and_state_for_a_running_cell(link):
    link.machine.create()
    start_rtos(link.machine)
    assert link.words(RTOS) == "on, armed"
    assert link.peer(RTOS)["state"] == 2
    before = link.counters()
    for vector in (0, 1, 15):
        link.ring(RTOS, vector)
    now = link.expect(before, {(ROOT, "sent"): 3, (RTOS, "delivered"): 3})
    mark = link.machine.console.mark()
    # State goes back to 0 when the last one closes the device: not before the program has seen the other one
    link.machine.check("exec 5</dev/uio0")
    link.write(STATE, 0x1234)
    link.machine.inmate_says(f"demo: peer 0: state 0 -> {0x1234}$", mark)
    link.machine.check("exec 5<&-")
    link.machine.inmate_says(f"demo: peer 0: state {0x1234} -> 0$", mark)
    now = link.expect(now, {(ROOT, "sent"): 2, (RTOS, "delivered"): 2})
    # a doorbell and its answer for each message, a State at each end
    link.machine.check("ivshmem-demo -r 5", timeout=300)
    after = link.counters()
    assert after[ROOT, "sent"] - now[ROOT, "sent"] == 5 + 2 == after[RTOS, "delivered"] - now[RTOS, "delivered"]
    assert after[RTOS, "sent"] - now[RTOS, "sent"] == 5


def test_state_is_latched_and_merged(link):
    """The cell comes and goes while Linux has its interrupts off: it is told once."""
    machine = link.machine
    machine.create()
    before = link.counters()
    start_rtos(machine)
    now = link.expect(before, {(RTOS, "sent"): 1})
    assert link.words(ROOT) == "off, one-shot, latched, armed"
    assert link.peer(ROOT)["flags"]["latched"]

    machine.jailhouse("cell shutdown rtos")
    start_rtos(machine)
    now = link.expect(now, {(RTOS, "sent"): 2, (ROOT, "merged"): 2})
    link.accounted()

    link.write(CONTROL, 1)
    now = link.expect(now, {(ROOT, "delivered"): 1})
    assert link.words(ROOT) == "off, one-shot, armed"

    # a doorbell is not latched
    link.ring(ROOT)
    now = link.expect(now, {(ROOT, "sent"): 1, (ROOT, "disabled"): 1})
    assert not link.peer(ROOT)["flags"]["latched"]
    link.write(CONTROL, 1)
    link.expect(now, {})
    link.write(CONTROL, 0)


def test_latched_for_a_cell_that_is_reset(link):
    machine = link.machine
    machine.create()
    before = link.counters()
    link.write(STATE, 1)
    now = link.expect(before, {(ROOT, "sent"): 2, (RTOS, "merged"): 1})
    assert link.peer(RTOS)["flags"]["latched"]
    machine.jailhouse(f"cell load rtos {INMATE}")
    assert not link.peer(RTOS)["flags"]["latched"]
    link.expect(now, {(RTOS, "inactive"): 1})


def test_counters_outlive_the_cell(link):
    machine = link.machine
    machine.create()
    start_rtos(machine)
    before = link.counters()
    assert before[RTOS, "sent"] > 0
    machine.jailhouse("cell destroy rtos")
    # its State goes to 0
    now = link.expect(before, {(RTOS, "sent"): 1, (ROOT, "merged"): 1})
    peer = link.peer(RTOS)
    assert not peer["present"] and "cell" not in peer and "state" not in peer
    assert f"\n{RTOS}       (absent)\n" in machine.jailhouse(f"link show {link.bdf}")
    assert "rtos" not in machine.jailhouse("link list")
    machine.create()
    assert link.peer(RTOS)["present"]
    link.expect(now, {})


def test_counters_end_with_the_link(link):
    link.ring(RTOS)
    assert link.counters()[ROOT, "sent"] > 0
    link.machine.jailhouse("disable")
    link.machine.enable()
    assert not any(link.counters().values())


# --- errors

@pytest.mark.parametrize("name, number", [("00:1e", "00:1e.0"), ("ff:1f.7", "ff:1f.7")])
@pytest.mark.parametrize("option", ["", " --json"])
def test_no_such_link(root, name, number, option):
    root.refused(f"jailhouse link show {name}{option}", REQUEST, NO_ENTRY,
                 f"there is no link {number}: see the list of links")


@pytest.mark.parametrize("command", ["list", "list --json", "show 0"])
def test_not_enabled(machine, command):
    machine.refused(f"jailhouse link {command}", REQUEST, INVALID, NOT_ENABLED)


def test_wrong_designation(root):
    result = root.run("jailhouse link show 0000:00:00.0 2>&1 >/dev/null")
    assert (result.status, len(result.lines)) == (1, 1)
    assert result.lines[0].startswith("0000:00:00.0 is no link; ")


def test_requests_of_other_tools(link):
    root = link.machine
    bus, device, function = int(link.bdf[:2], 16), int(link.bdf[3:5], 16), int(link.bdf[6], 16)
    bdf = bus << 8 | device << 3 | function

    def ask(*numbers):
        return root.check("bh-probe link " + " ".join(map(str, numbers))).strip()

    assert ask(0, 0, NEXT) == f"ok {bdf:#x}"
    assert ask(bdf + 1, 0, NEXT) == "errno=ENOENT"
    assert ask(0xffff, 0xffff, NEXT) == "errno=ENOENT"
    assert ask(bdf, 0xffff, PEERS) == "ok 0x2"
    assert ask(bdf, ROOT, CELL) == "ok 0x0"
    for peer in (ABSENT_ID, 0xffff):
        assert ask(bdf, peer, COUNTERS) == "errno=ENOENT"
    assert ask(bdf, RTOS, CELL) == "errno=ENOENT"
    assert ask(bdf, RTOS, COUNTERS).startswith("ok ")
    for item in (7, 0xff, COUNTERS + 8, 0x7fffffff, 0x80000000, 0xffffffff):
        assert ask(bdf, ROOT, item) == "errno=EINVAL"
    assert root.check("bh-probe ioctl 0xc0100007").strip() == "errno=EFAULT"
    root.all_cpus_work()


def test_not_enabled_for_other_tools(machine):
    assert machine.check("bh-probe link 0 0 0").strip() == "errno=EINVAL"
