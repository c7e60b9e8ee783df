# SPDX-License-Identifier: BSD-2-Clause
"""link check: each diagnosis where its situation is, and none where all is well."""
import errno
import re

import pytest

from conftest import NOT_LOADED, ROOT as TREE
from linkdriver import (abi, ARMED, CELL, COUNTERS, DELIVERED, DISABLED, ENABLED, FLAGS, INACTIVE, INTX_OFF, LATCHED, LINK_INFO,
                        MASKED, MASTER, MEMORY, MERGED, MSIX, MSIX_MASKED, NEXT, NO_PEER, NO_VECTOR, ONE_SHOT, PEERS, ROUTE, SENT,
                        STATE, Driver, pci_device, region, route)

BDF = 0x10
ON = MEMORY | ENABLED | ARMED | MASTER
ON_MSIX = ON | MSIX
ETHERNET, FRONT_END, BACK_END, RESERVED = 0x0001, 0x8003, 0xc003, 0x1234
RESET, INIT, READY, RUN = range(4)


def counted(**counts):
    names = {"sent": SENT, "delivered": DELIVERED, "merged": MERGED, "disabled": DISABLED, "masked": MASKED, "no_peer": NO_PEER,
             "no_vector": NO_VECTOR, "inactive": INACTIVE}
    values = [0] * 8
    for name, value in counts.items():
        values[names[name]] = value
    return values


class Link:
    """A link of two running cells that hear each other; tests change what is said of them, and whatever is left is well."""

    def __init__(self, box):
        self.box, self.driver = box, Driver(box)
        self.peers = [self.peer(0), self.peer(1)]
        self.cells = {0: {"name": "linux\n"}, 1: {"name": "rtos\n"}}

    @staticmethod
    def peer(cell):
        return {"cell": cell, "state": 1, "flags": ON, "counters": counted(sent=4, delivered=3)}

    def write(self):
        self.driver.link(BDF, len(self.peers))
        for peer, facts in enumerate(self.peers):
            self.driver.peer(BDF, peer, **facts)
        for cell, facts in self.cells.items():
            self.box.cell(cell, **facts)

    def later(self, peer, item, value):
        self.driver.answer_later(BDF, peer, item, value)

    def check(self, *arguments):
        """[(id, peer)] of the problems; text and JSON have to agree."""
        self.write()
        return self.again(*arguments)

    def again(self, *arguments):
        result = self.driver.run("check", "2", *arguments)
        assert result.stderr == "" and result.returncode in (0, 1)
        document = self.driver.json("check", "2", *arguments, status=result.returncode)
        link, = document["links"]
        problems = link["problems"]
        history = link["history"]
        assert document["healthy"] == link["healthy"] == (not problems) == (result.returncode == 0)
        assert re.findall(r"^  (before, )?(?:peer (\d+), .*?: )?(.*) \[(.*)\]$", result.stdout, re.M) == [
            (when, "" if problem["peer"] is None else str(problem["peer"]), problem["problem"], problem["id"])
            for when, found in (("", problems), ("before, ", history)) for problem in found]
        assert re.findall(r"^    evidence:   (.*)\n    what to do: (.*)$", result.stdout, re.M) == [
            (problem["evidence"], problem["remedy"]) for problem in problems + history]
        self.history = [(problem["id"], problem["peer"], problem["evidence"]) for problem in history]
        assert result.stdout.startswith("Link 00:02.0: " + ("healthy\n" if not problems else f"{len(problems)} problem"))
        self.evidence = [problem["evidence"] for problem in problems]
        return [(problem["id"], problem["peer"]) for problem in problems]


@pytest.fixture
def link(box):
    return Link(box)


@pytest.fixture
def msix(link):
    """Both with four vectors, all in use"""
    for number, peer in enumerate(link.peers):
        peer.update(flags=ON_MSIX, vectors=4, routes=[route(64 + 16 * number + v) for v in range(4)],
                    by_vector={(v, DELIVERED): 1 for v in range(3)})
    return link


# --- all is well


def test_healthy(link):
    assert link.check() == []
    assert link.driver.good("check", "2") == (
        "Link 00:02.0: healthy\n"
        "  peer 0, linux (running): State 1, sent 4, delivered 3\n"
        "  peer 1, rtos (running): State 1, sent 4, delivered 3\n")
    assert link.driver.json("check", "2", "--wait", "7") == {"healthy": True, "milliseconds": 7, "links": [
        {"bdf": "00:02.0", "healthy": True, "problems": [], "history": [], "peers": [
            {"id": 0, "cell_id": 0, "cell": "linux", "cell_state": "running", "state": 1, "state_name": None},
            {"id": 1, "cell_id": 1, "cell": "rtos", "cell_state": "running", "state": 1, "state_name": None}]}]}


def test_healthy_with_msix(msix):
    assert msix.check() == []


def test_healthy_one_shot_under_load(link):
    """Off both times, but interrupts come; doorbells are lost meanwhile, as they may."""
    link.peers[1].update(flags=MEMORY | ARMED | ONE_SHOT, counters=counted(sent=4, delivered=3, disabled=7))
    link.later(1, COUNTERS + DELIVERED, 9)
    link.later(1, COUNTERS + DISABLED, 90)
    assert link.check() == []


def test_healthy_peer_that_polls(link):
    """Nothing was sent to it that it has lost."""
    link.peers[1].update(flags=MEMORY, counters=counted(sent=4))
    assert link.check() == []


def test_healthy_link_of_three_with_a_free_place(link):
    link.peers.append({"counters": counted()})
    assert link.check() == []


@pytest.mark.parametrize("protocols, states, words", [
    ((ETHERNET, ETHERNET), (RUN, RUN), ("RUN", "RUN")), ((FRONT_END, BACK_END), (1, 1), ("READY", "READY")),
    ((BACK_END, FRONT_END), (1, 1), ("READY", "READY")), ((0x4001, 0x4001), (7, 0xffffffff), (None, None)),
    ((0, 0), (0, 3), (None, None)),
])
def test_healthy_protocols(link, protocols, states, words):
    for peer, protocol, state in zip(link.peers, protocols, states):
        peer.update(protocol=protocol, state=state)
    assert link.check() == []
    document = link.driver.json("check", "2")
    assert [peer["state_name"] for peer in document["links"][0]["peers"]] == list(words)


@pytest.mark.parametrize("states, later", [((RESET, RUN), (INIT, RUN)), ((RUN, RESET), (RUN, INIT))])
def test_states_that_move_are_well(link, states, later):
    for number, peer in enumerate(link.peers):
        peer.update(protocol=ETHERNET, state=states[number])
        link.later(number, STATE, later[number])
    assert link.check() == []


def test_unknown_cell_states_are_no_illness(link, box):
    """Another driver may have no such files."""
    link.write()
    for cell in (0, 1):
        (box.path / f"sys/cells/{cell}/state").unlink()
    assert link.again() == []
    assert "peer 1, rtos (state unknown): " in link.driver.good("check", "2")


# --- the whole link


def test_nobody_else(link):
    link.peers[1] = {"counters": counted(sent=3)}
    assert link.check() == [("peer-absent", None)]
    assert link.evidence == ["1 of 2 peer IDs are taken; free are 1"]


def test_nobody_of_many(link):
    link.peers = [{"counters": counted()}, link.peer(0)] + [{"counters": counted()}] * 20
    assert link.check() == [("peer-absent", None)]
    assert link.evidence == ["1 of 22 peer IDs are taken; free are 0, 2, 3, 4, 5, 6, 7, 8"]


def test_nobody_ever_sent(link):
    for peer in link.peers:
        peer["counters"] = counted()
    assert link.check() == [("nothing-sent", None)]


# --- configuration


@pytest.mark.parametrize("index, change", [(0, {"phys_start": 0x50000000}), (0, {"size": 0x2000}), (1, {"size": 0x2000}),
                                           (2, {"size": 0x2000})])
def test_other_sections(link, index, change):
    sections = [region(0x40000000 + 0x1000 * n, 0x1000 * n, 0x1000) for n in range(4)]
    link.driver.config(0, [pci_device(BDF, 2)], sections)
    link.driver.config(1, [pci_device(BDF, 2)], sections)
    assert link.check() == []
    sections[index] = abi.Memory.from_buffer_copy(sections[index])
    for name, value in change.items():
        setattr(sections[index], name, value)
    link.driver.config(1, [pci_device(BDF, 2)], sections)
    assert link.again() == [("configurations-differ", 1)]


@pytest.mark.parametrize("protocols", [(0, ETHERNET), (FRONT_END, FRONT_END), (BACK_END, 0xc003), (FRONT_END, 0xc002), (0x4001, 0x4002)])
def test_other_protocol(link, protocols):
    for peer, protocol in zip(link.peers, protocols):
        peer.update(protocol=protocol)
    assert link.check() == [("protocols-differ", 1)]


def test_reserved_protocol(link):
    for peer in link.peers:
        peer.update(protocol=RESERVED)
    assert link.check() == [("protocol-unknown", 0), ("protocol-unknown", 1)]
    assert link.evidence[0] == "class code 0xff1234"


@pytest.mark.parametrize("counter, problem", [(NO_PEER, "no-such-peer"), (NO_VECTOR, "no-such-vector")])
def test_wrong_target(link, counter, problem):
    link.peers[0]["counters"][counter] = 2
    assert link.check() == []		# that was before
    (entry,) = link.history
    assert entry[:2] == (problem, 0) and "2 (0 of them in 1000 ms)" in entry[2]
    link.later(0, COUNTERS + counter, 5)
    assert link.again() == [(problem, 0)] and not link.history
    assert "5 (3 of them in 1000 ms)" in link.evidence[0]
    link.later(1, CELL, -errno.ENOENT)
    assert link.again()[0] == ("peer-absent", None)


def test_absent_peer_is_rung(link):
    link.peers.append({"counters": counted()})
    link.peers[0]["counters"] = counted(sent=4, delivered=3, inactive=1)
    assert link.check() == []		# that was before
    link.later(0, COUNTERS + SENT, 6)
    link.later(0, COUNTERS + INACTIVE, 3)
    assert link.again() == [("absent-peer-rung", 0)]
    assert link.evidence == ["inactive 3, 2 of them in 1000 ms"]


# --- cell and driver


@pytest.mark.parametrize("state, starts, problem", [
    ("failed", 1, "cell-failed"), ("shut down", 0, "cell-not-started"), ("shut down", 2, "cell-shut-down"),
    ("shut down", None, "cell-shut-down"),
])
def test_cell_does_not_run(link, box, state, starts, problem):
    """What its device is set to no longer matters, nor for whom the other one waits."""
    link.cells[1]["state"] = f"{state}\n"
    for peer, value in zip(link.peers, (RUN, RESET)):
        peer.update(protocol=ETHERNET, state=value)
    link.peers[1].update(flags=LATCHED, counters=counted(disabled=3))
    if starts is not None:
        box.file("sys/cells/1/fault", bytes(abi.Fault(starts=starts)))
    assert link.check() == [(problem, 1)]


def test_no_driver(link, box):
    box.file("pci/0000:00:02.0/vendor", "0x110a\n")
    box.file("pci/0000:00:02.0/device", "0x4106\n")
    link.peers[0]["flags"] = 0
    assert link.check() == [("no-driver", 0)]
    (box.path / "pci/0000:00:02.0/driver").symlink_to("../x/uio_ivshmem")
    assert link.again() == [("memory-space-off", 0)]


def test_registers_off(link):
    link.peers[1].update(flags=ARMED, counters=counted(disabled=3))
    assert link.check() == [("memory-space-off", 1)]
    link.later(1, FLAGS, MEMORY | ENABLED | ARMED)
    link.later(1, COUNTERS + DELIVERED, 1)
    link.later(1, COUNTERS + SENT, 1)
    assert link.again() == []


# --- the device


@pytest.mark.parametrize("flags, counts, problem", [
    (0, {"disabled": 5}, "interrupts-disabled"), (LATCHED, {}, "interrupts-disabled"),
    (ONE_SHOT, {"disabled": 5, "delivered": 0}, "interrupts-disabled"), (ONE_SHOT, {"disabled": 5}, "one-shot-used"),
    (ONE_SHOT | LATCHED, {}, "one-shot-used"),
])
def test_interrupts_off(link, flags, counts, problem):
    link.peers[1].update(flags=MEMORY | ARMED | flags, counters=counted(**{"sent": 4, "delivered": 3, **counts}))
    assert link.check() == [(problem, 1)]
    assert f"disabled {counts.get('disabled', 0)} (0 of them in 1000 ms)" in link.evidence[0]
    assert link.evidence[0].endswith(", a change of State waits") == bool(flags & LATCHED)


def test_intx_disabled(link):
    link.peers[1].update(flags=MEMORY | ENABLED | INTX_OFF)
    assert link.check() == [("intx-disabled", 1)]
    link.later(1, FLAGS, ON)
    link.later(1, ROUTE, route(116))
    assert link.again() == []


@pytest.mark.parametrize("flags, problem", [
    (MEMORY | ENABLED | MASTER, "msix-disabled"), (MEMORY | ENABLED | MASTER | MSIX | MSIX_MASKED, "msix-function-masked"),
    (MEMORY | ENABLED | MSIX, "no-bus-master"),
])
def test_msix_is_not_set_up(msix, flags, problem):
    msix.peers[1].update(flags=flags, routes=[route(64 + v, armed=False) for v in range(4)])
    assert msix.check() == [(problem, 1)]
    msix.later(1, FLAGS, ON_MSIX)
    for v in range(4):
        msix.later(1, ROUTE + v, route(64 + v))
    assert msix.again() == []


@pytest.mark.parametrize("vector, drops, problems", [
    (0, 0, [("vector-masked", 1)]), (2, 0, []), (2, 4, [("vector-masked", 1)]),
])
def test_masked_vector(msix, vector, drops, problems):
    """Vectors that nobody has rung in vain may be masked."""
    routes = msix.peers[1]["routes"]
    routes[vector] = route(64 + vector, armed=False, masked=True)
    msix.peers[1]["by_vector"][vector, MASKED] = drops
    assert msix.check() == problems
    if problems:
        assert msix.evidence == [f"vector {vector} is masked in the MSI-X table; masked {drops}"]
    msix.later(1, ROUTE + vector, route(64 + vector))
    assert msix.again() == []


@pytest.mark.parametrize("vector", [0, 3])
def test_interrupt_of_somebody_else(msix, vector):
    msix.peers[1]["routes"][vector] = route(0xfffffff0, armed=False)
    msix.peers[1]["by_vector"][vector, MASKED] = 1
    if vector == 0:
        msix.peers[1]["flags"] &= ~ARMED
    assert msix.check() == [("interrupt-not-owned", 1)]
    assert msix.evidence == [f"vector {vector} leads to interrupt 4294967280; masked 1"]


def test_intx_of_somebody_else(link):
    link.peers[1].update(flags=MEMORY | ENABLED, routes=[route(70, armed=False)])
    assert link.check() == [("interrupt-not-owned", 1)]


def test_interrupt_is_not_enabled(link):
    link.peers[1].update(routes=[route(70, enabled=False, pending=True)], by_vector={(0, DELIVERED): 3})
    assert link.check() == [("interrupt-not-enabled", 1)]
    assert link.evidence == ["GICD_ISENABLER has 0 for interrupt 70 of vector 0, which is pending; delivered 3"]
    link.later(1, ROUTE, route(70))
    assert link.again() == []


def test_vector_that_is_not_enabled(msix):
    msix.peers[1]["routes"][2] = route(66, enabled=False)
    msix.peers[1]["routes"][3] = route(67, enabled=False)		# nobody has rung it
    assert msix.check() == [("interrupt-not-enabled", 1)]
    assert "interrupt 66 of vector 2;" in msix.evidence[0]


@pytest.mark.parametrize("bits", [{"active": True}, {"pending": True}])
def test_interrupt_is_not_taken(link, bits):
    link.peers[1]["routes"] = [route(70, cpu=3, **bits)]
    assert link.check() == [("interrupt-not-taken", 1)]
    assert link.evidence[0].startswith(f"interrupt 70 of vector 0: {next(iter(bits))} at each look in 1000 ms, CPU 3, priority 0xa0; ")
    link.later(1, ROUTE, route(70))
    assert link.again() == []


def test_interrupts_come_and_go(link):
    """There at the first and at the last look, but not at one of those between"""
    link.peers[1]["routes"] = [route(70, active=True)]
    link.driver.between.append((BDF, 1, ROUTE, route(70)))
    assert link.check() == []


def test_interrupt_comes_between(link):
    """Not at the first look"""
    link.later(1, ROUTE, route(116, active=True))
    assert link.check() == []


# --- states of protocols


@pytest.mark.parametrize("states, problems, step", [
    ((RESET, RESET), [0, 1], "go to INIT"), ((RESET, INIT), [0, 1], None), ((RESET, READY), [1], "go to RESET"),
    ((RESET, RUN), [1], "go to RESET"), ((INIT, RESET), [0, 1], None), ((INIT, INIT), [0, 1], "go to READY"),
    ((INIT, READY), [0], "go to READY"), ((INIT, RUN), [0], "go to READY"), ((READY, READY), [0, 1], "go to RUN"),
    ((READY, RUN), [0], "go to RUN"), ((RUN, READY), [1], "go to RUN"), ((RUN, INIT), [1], "go to READY"),
])
def test_ethernet_is_stuck(link, states, problems, step):
    for peer, state in zip(link.peers, states):
        peer.update(protocol=ETHERNET, state=state)
    expected = problems if step or RESET not in states else [states.index(RESET)]
    assert link.check() == [("ethernet-waits", peer) for peer in expected]
    assert not step or all(f"this one has to {step};" in evidence for evidence in link.evidence)
    assert link.evidence[0].startswith("for at least 1000 ms State ")


@pytest.mark.parametrize("front, back, problem", [(0, 0, "back-end-not-ready"), (0, 1, "front-end-not-ready"), (1, 0, "front-end-stale")])
@pytest.mark.parametrize("order", [1, -1])
def test_virtio_is_stuck(link, front, back, problem, order):
    for peer, (protocol, state) in zip(link.peers, [(FRONT_END, front), (BACK_END, back)][::order]):
        peer.update(protocol=protocol, state=state)
    assert link.check() == [(problem, int((problem == "back-end-not-ready") == (order == 1)))]


@pytest.mark.parametrize("protocol, state", [(ETHERNET, 4), (ETHERNET, 0xffffffff), (BACK_END, 2)])
def test_state_that_the_protocol_does_not_have(link, protocol, state):
    link.peers[0].update(protocol=protocol, state=state)
    link.peers[1].update(protocol=FRONT_END if protocol == BACK_END else protocol, state=1)
    assert link.check() == [("state-unknown", 0)]


# --- traffic


def test_all_was_dropped(link):
    link.peers[1]["counters"] = counted(sent=1, disabled=2, masked=3)
    assert link.check() == []
    assert link.history == [("only-dropped", 1, "delivered 0, disabled 2, masked 3 (0 and 0 dropped in 1000 ms)")]
    link.later(1, COUNTERS + MASKED, 4)
    assert link.again() == [("only-dropped", 1)] and not link.history
    assert link.evidence == ["delivered 0, disabled 2, masked 4 (0 and 1 dropped in 1000 ms)"]


def test_history_behind_problems(link):
    """What is over makes nobody ill, and hides nothing."""
    link.peers[0]["counters"][NO_PEER] = 1
    link.cells[1]["state"] = "failed\n"
    assert link.check() == [("cell-failed", 1)]
    assert [entry[:2] for entry in link.history] == [("no-such-peer", 0)]
    text = link.driver.good("check", status=1)
    assert text.index("[cell-failed]") < text.index("\n  before, peer 0, linux: it has rung")


def test_dropped_now(link):
    link.later(1, COUNTERS + DISABLED, 2)
    assert link.check() == [("drops-now", 1)]
    link.later(1, COUNTERS + DELIVERED, 4)
    assert link.again() == []


def test_no_answer(link):
    link.peers[1].update(state=0, counters=counted(delivered=3))
    assert link.check() == [("never-answers", 1)]
    assert link.evidence == ["delivered 3, sent 0, State 0"]


def test_never_sent(link):
    link.peers[1].update(state=0, counters=counted())
    assert link.check() == [("never-sent", 1)]


def test_several_at_once(msix):
    """All causes at the device, of both peers; nothing of what follows from them."""
    msix.peers[0].update(flags=MEMORY | LATCHED, counters=counted(disabled=1), routes=[route(0, False, True)] * 4)
    msix.cells[1]["state"] = "failed\n"
    assert msix.check() == [("interrupts-disabled", 0), ("msix-disabled", 0), ("no-bus-master", 0), ("vector-masked", 0),
                            ("cell-failed", 1)]


@pytest.mark.parametrize("counts", [counted(delivered=3), counted()])
def test_silence_that_is_no_illness(link, counts):
    """The other cell does not run; or the protocol has states of its own."""
    link.peers[1].update(state=0, counters=counts)
    link.cells[0]["state"] = "shut down\n"
    assert link.check() == [("cell-shut-down", 0)]
    link.driver = Driver(link.box)
    link.cells[0]["state"] = "running\n"
    for peer, protocol in zip(link.peers, (BACK_END, FRONT_END)):
        peer["protocol"] = protocol
    assert link.check() == [("front-end-not-ready", 1)]


def test_state_that_was_there_before_the_other_one(link):
    for counts in (counted(delivered=3), counted()):
        link.peers[1]["counters"] = counts
        assert link.check() == []
        link.driver = Driver(link.box)


# --- several links, and what happens meanwhile


def test_all_links(link):
    link.write()
    link.driver.link(0x18, 2)
    link.driver.peer(0x18, 0, 0, counters=counted())
    link.driver.peer(0x18, 1, counters=counted())
    document = link.driver.json("check", status=1)
    assert [(entry["bdf"], entry["healthy"]) for entry in document["links"]] == [("00:02.0", True), ("00:03.0", False)]
    text = link.driver.good("check", status=1)
    assert "State 1, sent 4, delivered 3\n\nLink 00:03.0: 1 problem\n" in text


def test_no_links(link):
    assert link.driver.good("check") == "There is no link.\n"
    assert link.driver.json("check") == {"healthy": True, "milliseconds": 1000, "links": []}


def test_peer_that_leaves_or_joins_meanwhile(link):
    link.peers.append(link.peer(1))
    link.later(2, CELL, -errno.ENOENT)
    assert link.check() == []
    assert len(link.driver.json("check", "2")["links"][0]["peers"]) == 2
    link.driver.later.clear()
    link.later("*", PEERS, 2)
    assert link.again() == []
    link.driver.later.clear()
    link.driver.answer(BDF, "*", PEERS, 2)
    link.later("*", PEERS, 3)
    assert link.again() == []


def test_link_that_ends_meanwhile(link):
    link.write()
    link.later("*", PEERS, -errno.ENOENT)
    assert link.driver.good("check") == "There is no link.\n"
    result = link.driver.run("check", "2")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "JAILHOUSE_LINK_INFO: No such file or directory\n")


def test_counters_that_go_back(link):
    """A driver that tells nonsense gets nonsense, and an end."""
    link.later(1, COUNTERS + DISABLED, 0)
    link.peers[1]["counters"] = counted(sent=1, delivered=1, disabled=1 << 62)
    assert link.check() == [("drops-now", 1)]


# --- errors


@pytest.mark.parametrize("arguments", [
    ["x"], ["0", "1"], ["--wait"], ["--wait", "0"], ["--wait", "-1"], ["--wait", "600001"], ["--wait", "1s"], ["--wait", ""],
    ["--wait", "99999999999999999999"], ["--wait", "5", "--wait", "5"], ["--json", "--json"], ["--bogus"],
])
def test_wrong_usage(box, usage, arguments):
    result = box.run("link", "check", *arguments)
    assert (result.returncode, result.stdout) == (2, usage)
    assert len(result.stderr.splitlines()) == 1
    assert box.requests() == []


@pytest.mark.parametrize("command", [["check"], ["check", "2"], ["check", "--json"]])
def test_driver_refuses(link, command):
    result = link.driver.run(*command, env={"SHIM_FAIL": f"{LINK_INFO}:{errno.EINVAL}:not enabled: enable first"})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "JAILHOUSE_LINK_INFO: Invalid argument: not enabled: enable first\n"


@pytest.mark.parametrize("item", [PEERS, COUNTERS, ROUTE])
def test_failure_at_the_second_look(link, item):
    link.write()
    link.later("*", item, -errno.EIO)
    for command in (["check"], ["check", "2", "--json"]):
        result = link.driver.run(*command)
        assert (result.returncode, result.stdout, result.stderr) == (2, "", "JAILHOUSE_LINK_INFO: Input/output error\n")


def test_failure_between(link):
    """While it looks at an interrupt that was pending"""
    link.peers[1]["routes"] = [route(70, pending=True)]
    link.write()
    link.later(1, ROUTE, -errno.ENOENT)
    assert link.again() == [("peer-absent", None)]
    link.driver.later.clear()
    link.later(1, ROUTE, -errno.EIO)
    assert link.driver.run("check", "2").returncode == 2


def test_device_missing(box):
    box.device.unlink()
    result = box.run("link", "check")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"opening dev/jailhouse: No such file or directory: {NOT_LOADED}\n")


def test_next_that_never_ends(box, link):
    link.driver.answer("*", "*", NEXT, 0)
    link.driver.answer("*", "*", PEERS, 1)
    link.driver.answer("*", "*", f"{COUNTERS}-{COUNTERS + 7}", 0)
    link.driver.answer("*", "*", CELL, -errno.ENOENT)
    result = link.driver.run("check")
    assert result.returncode == 2 and "0x0 as item 0x0 of 00:00.1" in result.stderr


# --- the manual


def ids_in_the_code():
    text = (TREE / "tools/cli/link_diagnose.c").read_text()
    return re.findall(r'\.id = "([a-z-]+)"', text)


def ids_in_the_tests():
    text = "".join((TREE / f"tests/{name}").read_text() for name in ("cli/test_link_check.py", "system/test_link_check.py"))
    return set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text))


def test_every_diagnosis_is_tested():
    assert not set(ids_in_the_code()) - ids_in_the_tests()


def test_every_diagnosis_has_its_section_in_the_manual():
    """Heading, command and what to do, in the order of the table"""
    manual = (TREE / "docs/troubleshooting.md").read_text().split("\n## Diagnoses of `jailhouse link check`\n")[1].split("\n## ")[0]
    sections = re.split(r"^### ", manual, flags=re.M)[1:]
    assert [section.splitlines()[0] for section in sections] == ids_in_the_code()
    for section in sections:
        for part in ("*Symptom.*", "*Command.*", "*Meaning.*", "*What to do.*"):
            assert section.count(part) == 1, section
