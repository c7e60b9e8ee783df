# SPDX-License-Identifier: BSD-2-Clause
"""trace: events of all CPUs by time, each in words, in their cells; what is lost; files of a driver that answers nonsense."""
import json
import os
import signal
import struct
import subprocess
import sys

import jsonschema
import pytest

from conftest import NOT_LOADED, ROOT, TOOL

sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import abi, output_schema  # noqa: E402

HZ = 62500000
NOW = 100 * HZ
IRQ, FIQ, START, CELL = (kind << 56 for kind in (abi.BH_TRACE_IRQ, abi.BH_TRACE_FIQ, abi.BH_TRACE_START, abi.BH_TRACE_CELL))
HVC, SMC, SYSREG, FETCH, DATA = 0x5a004a48, 0x5e000000, 0x62000000, 0x82000000, 0x92000000


def event(before, cause, pc=0x1000, address=0, x0=0, x1=0):
    """before: microseconds before the trace is taken"""
    return abi.TraceEvent(ticks=NOW - before * HZ // 1000000, cause=cause, pc=pc, address=address, x0=x0, x1=x1)


def leaves(before, cell, name):
    pc, address, x0, x1 = struct.unpack("<4Q", name.encode().ljust(32, b"\0"))
    return event(before, CELL | cell, pc, address, x0, x1)


def record(events, cell=0, name=b"linux", position=None, **fields):
    values = {"position": len(events) if position is None else position, "num_events": len(events), "ticks_per_second": HZ,
              "cell": cell, "name": name, "now_high": NOW >> 32, "now_again": NOW >> 32, "now_low": NOW & 0xffffffff, **fields}
    trace = abi.Trace(header=abi.TraceHeader(**values))
    trace.events[:len(events)] = events
    return bytes(trace)


ABSENT = bytes(abi.BH_TRACE_RECORD)
RTOS = {"cell": 1, "name": b"rtos"}


@pytest.fixture
def trace(box):
    def run(*arguments, records=(), error=""):
        box.file("sys/trace", b"".join(records))
        result = box.run("trace", *arguments)
        if error:
            assert (result.returncode, result.stdout, result.stderr) == (1, "", error + "\n")
            return None
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout
    run.box = box
    return run


@pytest.fixture
def words(trace):
    """What the last column says of one event, and the event as JSON."""
    def run(cause, **fields):
        records = [record([event(5, cause, **fields)])]
        line = trace(records=records).splitlines()[2]
        whole = json.loads(trace("--json", records=records))
        jsonschema.validate(whole, output_schema.TRACE)
        shown, = whole["events"]
        assert line.endswith(shown["text"])
        return shown
    return run


TWO = [record([event(400, HVC, 0xffff800010000004, x0=8, x1=0x41), event(200, IRQ, 0x2000, 27), event(100, SYSREG, 0x3000)]),
       ABSENT,
       record([leaves(50000000, 0, "linux"), event(49000000, START, 0x10, x0=7), event(300, DATA | 1 << 24 | 2 << 22 | 1 << 16 | 1 << 6 | 6,
                                                                                 0x40, 0x9000018)], position=1234, **RTOS)]
TEXT = """\
Mode unusual: repeated exits that take a fast path are left out; --mode all records them
        Seconds        Delta   CPU  Cell             PC                 What
     -50.000000     0.000000     2  linux            -                  CPU leaves cell 0 "linux"
     -49.000000     1.000000     2  rtos             0x10               CPU started at 0x10, x0 0x7
      -0.000400    48.999600     0  linux            0xffff800010000004 hypercall: print character, x1 0x41 'A'
      -0.000300     0.000100     2  rtos             0x40               write of 4 bytes at 0x9000018: translation fault, level 2
      -0.000200     0.000100     0  linux            0x2000             interrupt 27: PPI 11, virtual timer
      -0.000100     0.000100     0  linux            0x3000             write of S0_0_C0_C0_0 from x0

  CPU  Cell             Last event           Events
    0  linux            0.000100 s ago       3, 3 kept
    2  rtos             0.000300 s ago       1234, 3 kept
"""


def test_text(trace):
    assert trace(records=TWO) == TEXT


def numbers(text):
    """CPU of each event"""
    return [line.split()[2] for line in text.split("\n\n")[0].splitlines()[2:]]


@pytest.mark.parametrize("arguments, cpus, listed", [
    ((), "220200", "02"), (("--cpu", "2"), "222", "2"), (("--cpu=0",), "000", "0"), (("--cell", "rtos"), "22", "2"),
    (("--cell", "1"), "22", "2"), (("--cell", "0x1"), "22", "2"), (("--cell", "linux"), "2000", "0"), (("--cell", "0"), "2000", "0"),
    (("--last", "2"), "00", "02"), (("--last", "1", "--cell", "1"), "2", "2"), (("--cell", "linux", "--cpu", "2"), "2", ""),
    (("--last", "1000000"), "220200", "02")])
def test_filters(trace, arguments, cpus, listed):
    text = trace(*arguments, records=TWO)
    assert "".join(numbers(text)) == cpus
    assert "".join(line.split()[0] for line in text.split("\n\n")[1].splitlines()[1:]) == listed
    whole = json.loads(trace("--json", *arguments, records=TWO))
    assert "".join(str(shown["cpu"]) for shown in whole["events"]) == cpus
    assert "".join(str(cpu["cpu"]) for cpu in whole["cpus"]) == listed


def test_json(trace):
    whole = json.loads(trace("--json", records=TWO))
    jsonschema.validate(whole, output_schema.TRACE)
    assert (whole["now"], whole["ticks_per_second"], whole["mode"]) == (str(NOW), HZ, "unusual")
    assert whole["cpus"] == [
        {"cpu": 0, "cell_id": 0, "cell": "linux", "position": 3, "kept": 3, "last_seconds": -0.0001},
        {"cpu": 2, "cell_id": 1, "cell": "rtos", "position": 1234, "kept": 3, "last_seconds": -0.0003}]
    assert [(shown["cpu"], shown["number"], shown["cell"], shown["seconds"]) for shown in whole["events"]] == [
        (2, 1231, "linux", -50), (2, 1232, "rtos", -49), (0, 0, "linux", -0.0004), (2, 1233, "rtos", -0.0003), (0, 1, "linux", -0.0002),
        (0, 2, "linux", -0.0001)]
    assert whole["events"][3] == {
        "cpu": 2, "number": 1233, "seconds": -0.0003, "ticks": str(NOW - 18750), "cell_id": 1, "cell": "rtos", "kind": "access",
        "cause": "0x93810046", "text": "write of 4 bytes at 0x9000018: translation fault, level 2", "pc": "0x40",
        "exception_class": 36, "access": {"what": "write", "size": 4, "address": "0x9000018"}, "register": None,
        "hypercall": None, "function": None, "interrupt": None}
    assert whole["events"][0]["pc"] is None


@pytest.mark.parametrize("modes, shown", [((1, 1), "all"), ((1, 0), "unusual"), ((0, 1), "unusual"), ((1,), "all"), ((2,), "unusual"),
                                          ((), "unusual")])
def test_mode_is_shown(trace, modes, shown):
    """All, if it is that of each CPU; those that are not there have none."""
    records = [ABSENT, *(record([event(5, IRQ, address=40)], mode=mode) for mode in modes), ABSENT]
    whole = json.loads(trace("--json", records=records))
    jsonschema.validate(whole, output_schema.TRACE)
    assert whole["mode"] == shown
    line = trace(records=records).splitlines()[0]
    assert line == {"all": "Mode all: every exit since it was set is recorded", "unusual": TEXT.splitlines()[0]}[shown]


@pytest.mark.parametrize("words", [("--mode", "all"), ("--mode=all",), ("--mode", "unusual"), ("--mode", "all", "--mode", "unusual")])
def test_mode_is_set(box, words):
    """By one word in a file that is there; and nothing else is read or said."""
    box.file("sys/trace_mode", "something longer than the word\n")
    result = box.run("trace", *words)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (box.path / "sys/trace_mode").read_text() == words[-1].removeprefix("--mode=")


@pytest.mark.parametrize("words, error", [
    (("all", "--json"), "trace --mode takes no other option"), (("unusual", "-f"), "trace --mode takes no other option"),
    (("all", "--cpu", "0"), "trace --mode takes no other option"), (("all", "--cell", "1"), "trace --mode takes no other option"),
    (("all", "--last", "1"), "trace --mode takes no other option"), (("ALL",), "--mode ALL: give all or unusual"),
    (("",), "--mode : give all or unusual"), (("all\n",), "--mode all\n: give all or unusual"),
    ((), "trace knows --cpu N, --cell CELL, --last N, --json, -f, --follow and --mode MODE")])
def test_mode_alone(box, words, error):
    box.file("sys/trace_mode", "before")
    result = box.run("trace", "--mode", *words)
    assert (result.returncode, result.stderr) == (1, error + "\n") and result.stdout.startswith("Usage:")
    assert (box.path / "sys/trace_mode").read_text() == "before"


def test_cell_of_each_event(trace):
    """A CPU that was given away and came back, and one that has another cell with the same number by now."""
    events = [event(90, IRQ, address=1), leaves(80, 0, "linux"), event(70, IRQ, address=2), leaves(60, 1, "a\tb"),
              event(50, IRQ, address=3), leaves(40, 0, "linux"), event(30, IRQ, address=4)]
    shown = json.loads(trace("--json", records=[record(events, cell=1, name=b"second")]))["events"]
    assert [(each["cell_id"], each["cell"]) for each in shown] == [
        (0, "linux"), (0, "linux"), (1, "a?b"), (1, "a?b"), (0, "linux"), (0, "linux"), (1, "second")]
    assert shown[3]["text"] == 'CPU leaves cell 1 "a?b"'


def test_same_time(trace):
    """Of one CPU in the order of their numbers, also where these begin again; of several by CPU."""
    events = [event(5, IRQ, address=40 + n) for n in range(8)]
    shown = json.loads(trace("--json", records=[record(events, position=3), record(events[:2])]))["events"]
    assert [(each["cpu"], each["interrupt"]) for each in shown] == [*((0, 40 + n) for n in range(8)), (1, 40), (1, 41)]
    assert [each["number"] for each in shown[:8]] == [(n - 5) % (1 << 32) for n in range(8)]


def test_nothing_happened(trace):
    assert trace(records=[record([])]).splitlines()[-1] == f"{0:5}  {'linux':16} {'none':20} 0, 0 kept"
    assert json.loads(trace("--json", records=[record([])]))["cpus"][0]["last_seconds"] is None


def test_other_readers_are_left_out(trace):
    events = [event(9, HVC, x0=6), event(8, HVC, x0=abi.HC_TRACE), event(7, HVC, x0=7)]
    shown = json.loads(trace("--json", records=[record(events)]))["events"]
    assert [each["hypercall"] for each in shown] == [6, 7]


# --- words

@pytest.mark.parametrize("cause, fields, text, more", [
    (HVC, {"x0": 0}, "hypercall: disable, x1 0x0", {"kind": "hypercall", "hypercall": 0, "exception_class": 22}),
    (HVC, {"x0": 0x4242, "x1": 1 << 63}, "hypercall 0x4242, x1 0x8000000000000000", {"hypercall": 0x4242}),
    (HVC, {"x0": 1 << 63}, "hypercall 0x8000000000000000, x1 0x0", {"hypercall": None}),
    (HVC, {"x0": 8, "x1": 0x20}, "hypercall: print character, x1 0x20", {}),
    (HVC, {"x0": 8, "x1": 0x7f}, "hypercall: print character, x1 0x7f", {}),
    (HVC, {"x0": 8, "x1": 0x22}, "hypercall: print character, x1 0x22 '\"'", {}),
    (0x5a000000, {"x0": 0x84000000}, "HVC #0x0, x0 0x84000000", {"kind": "HVC", "hypercall": None}),
    (SMC, {"x0": 0xc4000003, "x1": 0x101}, "SMC: PSCI CPU_ON, x1 0x101", {"kind": "SMC", "function": 0xc4000003}),
    (SMC, {"x0": 0xffffffff84000002}, "SMC: PSCI CPU_OFF, x1 0x0", {"function": 0x84000002}),
    (SMC, {"x0": 0xc2000001}, "SMC 0xc2000001, x1 0x0", {"function": 0xc2000001}),
    (SYSREG | 3 << 20 | 1 << 17 | 1 << 10 | 1 << 5, {}, "write of ACTLR_EL1 from x1",
     {"kind": "register", "register": {"name": "ACTLR_EL1", "what": "write"}, "access": None}),
    (SYSREG | 3 << 20 | 5 << 17 | 12 << 10 | 11 << 1 | 31 << 5, {}, "write of ICC_SGI1R_EL1 from xzr", {}),
    (SYSREG | 3 << 20 | 2 << 17 | 3 << 14 | 9 << 10 | 13 << 5 | 12 << 1 | 1, {}, "read of S3_3_C9_C12_2 to x13",
     {"register": {"name": "S3_3_C9_C12_2", "what": "read"}}),
    (FETCH | 7, {"address": 0x7000}, "instruction fetch at 0x7000: translation fault, level 3",
     {"kind": "access", "access": {"what": "fetch", "size": None, "address": "0x7000"}}),
    (DATA | 1 << 24 | 3 << 22 | 5, {"address": 0x8}, "read of 8 bytes at 0x8: translation fault, level 1",
     {"access": {"what": "read", "size": 8, "address": "0x8"}}),
    (DATA | 1 << 24 | 1 << 6 | 0xd, {"address": 0x9}, "write of 1 bytes at 0x9: permission fault, level 1", {}),
    (DATA | 1 << 6 | 6, {"address": 0x8}, "write at 0x8: translation fault, level 2", {"access": {"what": "write", "size": None, "address": "0x8"}}),
    (DATA | 1 << 10 | 0x10, {"address": 0x8}, "read: external abort", {"access": {"what": "read", "size": None, "address": None}}),
    (DATA | 1 << 8 | 1 << 6 | 6, {"address": 0x40}, "cache maintenance at 0x40: translation fault, level 2", {}),
    (DATA | 1 << 7 | 6, {"address": 0x40}, "table walk at 0x40: translation fault, level 2", {}),
    (0x06000000, {}, "WFI", {"kind": "exception", "exception_class": 1}), (0x06000001, {}, "WFE", {}),
    (0xbe000011, {}, "SError, syndrome 0x11", {"exception_class": 47}),
    (0x1fe00000, {}, "exception class 0x07, syndrome 0x1e00000", {"exception_class": 7, "kind": "exception"}),
    (IRQ, {"address": 0}, "interrupt 0: kick of the hypervisor", {"kind": "interrupt", "interrupt": 0, "exception_class": None}),
    (IRQ, {"address": 7}, "interrupt 7: SGI", {"interrupt": 7}), (IRQ, {"address": 25}, "interrupt 25: PPI 9", {}),
    (IRQ, {"address": 30}, "interrupt 30: PPI 14, physical timer", {}), (IRQ, {"address": 33}, "interrupt 33: SPI 1", {}),
    (IRQ, {"address": 8192}, "interrupt 8192: LPI", {"interrupt": 8192}),
    (IRQ, {"address": 1023}, "interrupt that was gone at once", {"interrupt": 1023}),
    (FIQ, {}, "FIQ", {"kind": "FIQ"}), (START, {"pc": 0x40, "x0": 2}, "CPU started at 0x40, x0 0x2", {"kind": "start"}),
    (0x77 << 56, {}, "unknown cause 0x7700000000000000", {"kind": "unknown"}),
])
def test_words(words, cause, fields, text, more):
    shown = words(cause, **fields)
    assert shown["text"] == text
    assert {key: shown[key] for key in more} == more


# --- follow

class Follower:
    def __init__(self, box, *arguments):
        self.path = box.path / "sys/trace"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        # whoever runs the tests in the background may have SIGINT ignored, which is inherited
        self.process = subprocess.Popen(["jailhouse", "trace", *arguments], executable=TOOL, cwd=box.path, env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def write(self, *records):
        """In place, and each at once, as the driver has it"""
        with open(self.path, "r+b", buffering=0) as file:
            for n, content in enumerate(records):
                os.pwrite(file.fileno(), content, n * abi.BH_TRACE_RECORD)

    def line(self):
        return self.process.stdout.readline().rstrip("\n")


@pytest.fixture
def follow(box):
    followers = []

    def run(*arguments, records):
        box.file("sys/trace", b"".join(records))
        followers.append(Follower(box, *arguments))
        return followers[-1]
    yield run
    for follower in followers:
        follower.process.kill()
        follower.process.communicate()


def interrupts(first, count):
    return [event(1000 - n, IRQ, address=n) for n in range(first, first + count)]


def test_follow(follow):
    """New events once; then more than are kept; then a hypervisor that was enabled anew."""
    follower = follow("--json", "--follow", "--last", "2", records=[record(interrupts(40, 3))])
    assert [json.loads(follower.line())["interrupt"] for _ in range(2)] == [41, 42]
    follower.write(record(interrupts(40, 5)))
    assert [json.loads(follower.line())["interrupt"] for _ in range(2)] == [43, 44]
    follower.write(record(interrupts(100, 56), position=116))
    lost = json.loads(follower.line())
    assert lost == {"cpu": 0, "lost": 55}
    shown = [json.loads(follower.line()) for _ in range(56)]
    assert [each["number"] for each in shown] == list(range(60, 116))
    for line in [lost, *shown]:
        jsonschema.validate(line, output_schema.TRACE)
    # the event of another reader is taken back: nothing is new then, nor twice
    follower.write(record(interrupts(99, 56), position=115))
    follower.write(record(interrupts(101, 56), position=117))
    assert json.loads(follower.line())["number"] == 116
    follower.write(record(interrupts(200, 56), position=4000))
    assert json.loads(follower.line()) == {"cpu": 0, "lost": 3827}
    assert [json.loads(follower.line())["number"] for _ in range(56)] == list(range(3944, 4000))
    follower.write(record(interrupts(300, 1)))
    shown = json.loads(follower.line())
    assert (shown["number"], shown["interrupt"]) == (0, 300)


def test_follow_text(follow):
    follower = follow("-f", "--cpu", "1", records=[record([]), record(interrupts(40, 1))])
    assert "Mode unusual" in follower.line() and "Seconds" in follower.line() and "interrupt 40:" in follower.line()
    follower.write(record(interrupts(40, 56), position=200), record(interrupts(41, 2), position=9))
    assert follower.line() == "CPU 1: 6 events lost"
    assert "interrupt 41:" in follower.line() and "interrupt 42:" in follower.line()
    follower.process.send_signal(signal.SIGINT)
    assert follower.process.wait(60) == -signal.SIGINT


def test_follow_ends_with_its_reader(follow):
    follower = follow("-f", records=[record(interrupts(40, 1))])
    follower.line()
    follower.process.stdout.close()
    follower.write(record(interrupts(40, 2)))
    assert follower.process.wait(60) in (1, -signal.SIGPIPE)


# --- errors

@pytest.mark.parametrize("arguments, error", [
    (("--cpu", "1"), "the hypervisor has no CPU 1"), (("--cpu", "9"), "the hypervisor has no CPU 9"),
    (("--cell", "nobody"), 'no CPU is or was in a cell "nobody": see jailhouse cell list'),
    (("--cell", "7", "--json"), 'no CPU is or was in a cell "7": see jailhouse cell list')])
def test_not_there(trace, arguments, error):
    trace(*arguments, records=TWO, error=error)


DIFFERENT = "reading sys/trace: not what was expected: driver and tool are of different versions"


@pytest.mark.parametrize("content", [TWO[0][:-1], TWO[0] + b"x", record([], num_events=57), record([], num_events=0xffffffff)],
                         ids=["short", "odd", "too many", "far too many"])
def test_nonsense(trace, content):
    trace(records=[content], error=DIFFERENT)


@pytest.mark.parametrize("words, file", [((), "sys/trace"), (("--mode", "all"), "sys/trace_mode")])
def test_no_file(box, words, file):
    result = box.run("trace", *words)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"opening {file}: No such file or directory: {NOT_LOADED}\n")
    assert not list(box.path.glob("sys/*"))


ERRORS = ((38, "the hypervisor keeps no trace: it was built without; set CONFIG_TRACE=y (make menuconfig, Debugging), build it and "
               "enable it again"), (19, "there is no trace: the hypervisor is not enabled: jailhouse enable SYSCONFIG"))


@pytest.mark.parametrize("number, error", [*ERRORS, (5, "reading sys/trace: Input/output error")])
def test_refused(box, number, error):
    box.file("sys/trace", b"")
    result = box.run("trace", env={"SHIM_PREAD": str(number)})
    assert (result.returncode, result.stdout, result.stderr) == (1, "", error + "\n")


@pytest.mark.parametrize("number, error", [*ERRORS, (22, "writing sys/trace_mode: Invalid argument")])
def test_mode_refused(box, number, error):
    box.file("sys/trace_mode", b"")
    result = box.run("trace", "--mode", "all", env={"SHIM_WRITE": str(number)})
    assert (result.returncode, result.stdout, result.stderr) == (1, "", error + "\n")
