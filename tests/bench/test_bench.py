# SPDX-License-Identifier: BSD-2-Clause
"""The plug-in on programs whose counts are known (tiny.S), and what is made of counts: comparison, baseline, tables."""
import copy
import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import bench
import excursions
import lines
import page
import plot
import sizes
import worst

BUILD = Path(os.environ.get("BULKHEAD_BUILD") or bench.ROOT / "build").resolve()
MACHINE = ["qemu-system-aarch64", "-machine", "virt,gic-version=3,virtualization=on", "-cpu", "cortex-a57",
           "-nographic", "-nodefaults", "-no-reboot"]
ICOUNT = ["-icount", "shift=0,sleep=off"]

VECTORS = [-1, "vectors", 5, 1, 0]


def handled(own, *more):
    """The tree of an exit of tiny.S that executes so much in sync_entry itself"""
    return [VECTORS, [-1, "sync_entry", own, 1, 0], [1, "outer", 4, 1, 0], [2, "leaf", 3, 1, 0],
            [1, "ivshmem_ring", 2, 1, 0], *more]


NOTHING_THERE = ["access", 10, 0, 0, [VECTORS, [-1, "sync_entry", 5, 1, 0]]]

# Cause, executed, of that while it waited, when something was raised, tree; or "mark", number, guest instructions before
EXPECTED = [
    ["mark", 0, 1],
    ["hvc/doorbell", 39, 0, 0, handled(25)],
    ["hvc", 6, 0, 0, [[-1, "vectors", 6, 1, 0]]],		# never gets out of the vector slot
    ["hvc/doorbell", 47, 12, 0, handled(9, [-1, "wait", 20, 1, 12], [5, "once", 4, 2, 0])],
    ["hvc/doorbell", 30, 0, 29, handled(12, [-1, "raise", 4, 1, 0])],
    ["hvc/doorbell", 45, 0, 0, handled(21, [-1, "sleep", 7, 1, 0], [5, "nap", 3, 1, 0])],
    ["hvc/event", 46, 0, 0, handled(24, [-1, "cpu_handle_events", 4, 1, 0], [5, "report_line", 4, 2, 0])],
    ["smc/doorbell", 24, 0, 0, handled(10)],
    ["sysreg/doorbell", 24, 0, 0, handled(10)],
    ["wfx/doorbell", 24, 0, 0, handled(10)],
    ["sysreg/doorbell", 24, 0, 0, handled(10)],
    ["access/doorbell", 24, 0, 0, handled(10)],
    ["hvc/doorbell", 31, 0, 0, handled(17)],
    NOTHING_THERE,		# no instruction of the guest between the two
    ["mark", 5, 17],
    NOTHING_THERE,
    ["mark", 1, 21],
]


def run_tiny(directory, log, more=()):
    image, out = directory / "image.txt", directory / "out.json"
    image.write_text(excursions.Image(BUILD / "bench/tiny.elf").describe())
    argument = excursions.plugin(BUILD, image, out, log=log)
    subprocess.run([*MACHINE, *more, "-kernel", BUILD / "bench/tiny.elf", "-plugin", argument], check=True, timeout=300,
                   capture_output=True)
    return json.loads(out.read_text())


def test_log(tmp_path):
    found = []
    for event in run_tiny(tmp_path, "on", ICOUNT)["log"]:
        kind, cpu, *rest = event
        assert cpu == 0
        if kind == "exit":
            *rest, runs = rest
            assert sum(executed for _, executed in runs) == rest[1]
            for n, node in enumerate(rest[-1]):
                assert sum(executed for at, executed in runs if at == n) == node[2]
            found.append(rest)
        else:
            found.append([kind, *rest])
    assert found == EXPECTED


@pytest.mark.parametrize("log, more", [("on", ICOUNT), (None, ICOUNT), (None, [])], ids=["log", "icount", "threads"])
def test_causes(tmp_path, log, more):
    """The same with and without log, but for sleep and pieces in the hypervisor: with log they end nothing. The last one
    ends the machine."""
    result = run_tiny(tmp_path, log, more)
    causes = result["causes"]
    slept = [45] if log else [40]
    hvcs = [39, 35, 30, 31, *slept]
    expected = {
        "enter": [1, 17, 17, 17], "hvc": [1, 6, 6, 6], "access": [2, 20, 10, 10],
        "hvc/doorbell": [5, sum(hvcs), 30, max(hvcs)], "smc/doorbell": [1, 24, 24, 24],
        "sysreg/doorbell": [2, 48, 24, 24], "wfx/doorbell": [1, 24, 24, 24], "access/doorbell": [1, 24, 24, 24],
        "hvc/event": [1, 46, 46, 46] if log else [1, 40, 40, 40], **({} if log else {"woken": [3, 11, 3, 5]})}
    assert {cause: [record[key] for key in ("count", "sum", "min", "max")] for cause, record in causes.items()} == expected
    assert causes["hvc/doorbell"]["histogram"] == {"32": 2, "64": 3} and causes["hvc/doorbell"]["waited"] == 12
    assert causes["hvc/doorbell"]["longest"] == handled(21, [-1, "sleep", *([7] if log else [4]), 1, 0],
                                                       [5, "nap", *([3] if log else [1]), 1, 0])
    if not log:
        assert causes["woken"]["longest"] == [[-1, "sleep", 3, 0, 0], [0, "nap", 2, 0, 0]]
    assert list(result["inside"]) == ["0"]


@pytest.mark.parametrize("text", [
    "range 2 1\nvectors 1\n", "vectors 1\n", "range 1 2\n", "range 1 2\nvectors 1\nnonsense\n",
    "range 1 2\nvectors 1\ntag t 0\n", "range 1 2\nvectors 1\nfunction 1 a\npiece 0 1\n", "range 1 2\nvectors 1\nfunction 5 a\nfunction 4 b\n"])
def test_bad_image_files(tmp_path, text):
    (tmp_path / "image.txt").write_text(text)
    done = subprocess.run([*MACHINE, "-plugin", excursions.plugin(BUILD, tmp_path / "image.txt", tmp_path / "out")],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode and "image.txt: not understood" in done.stderr


# --- what the plug-in is told

def test_functions():
    """Labels inside functions are none."""
    names = [name for _, name in excursions.Image(BUILD / "bench/tiny.elf").functions]
    assert names == ["begin", "vectors", "sync_entry", "outer", "leaf", "ivshmem_ring", "wait", "once", "raise", "sleep", "nap",
                     "cpu_handle_events", "report_line", "off"]


def test_tags_are_functions_of_the_image():
    """If it fails: a function has another name now, or the compiler has put it into its callers. See TAGS."""
    image = excursions.Image(BUILD / "arm64/hypervisor.elf")
    assert not image.missing()
    names = [name for _, name in image.functions]
    assert "guest_return" in names and "trap_sync_entry" in names and not {"device_failed", "doorbell_values"} & set(names)


def test_watch(monkeypatch):
    assert excursions.watch(BUILD, ["qemu"]) == ["qemu"]


def test_watched_machines_are_merged(monkeypatch, tmp_path):
    monkeypatch.setattr(excursions, "DIRECTORY", str(tmp_path))
    commands = [excursions.watch(BUILD, ["qemu"], 0x1000) for _ in range(3)]
    outs = [command[2].split("out=")[1].split(",")[0] for command in commands]
    assert len(set(outs)) == 3 and all(command[2].endswith(",phys=0x1000") for command in commands)
    record = {"count": 1, "sum": 5, "waited": 1, "min": 5, "max": 5, "histogram": {"8": 1},
              "longest": [[-1, "f", 5, 1, 0]]}
    longer = {**record, "sum": 9, "min": 9, "max": 9, "histogram": {"16": 1}, "longest": [[-1, "g", 9, 1, 0]]}
    Path(outs[0]).write_text(json.dumps({"causes": {"a": record}}))
    Path(outs[2]).write_text(json.dumps({"causes": {"a": longer, "b": record}}))	# the second one was killed
    results = excursions.load_all(tmp_path)
    assert len(results) == 2
    assert excursions.merge(results) == {"b": record, "a": {
        "count": 2, "sum": 14, "waited": 2, "min": 5, "max": 9, "histogram": {"8": 1, "16": 1},
        "longest": [[-1, "g", 9, 1, 0]]}}


def test_more_tests_are_of_the_same_images(tmp_path):
    directory = tmp_path / "worst"
    excursions.prepare(BUILD, directory)
    assert excursions.is_prepared(BUILD, directory)
    told = excursions.description(directory, "")
    told.write_text(told.read_text(encoding="utf-8").replace("vectors ", "vectors 1"), encoding="utf-8")
    assert not excursions.is_prepared(BUILD, directory)
    assert not excursions.is_prepared(BUILD, tmp_path)


TREE = [[-1, "vectors", 1, 1, 0], [-1, "entry", 20, 1, 0], [1, "trap", 30, 1, 10], [2, "lock", 100, 1, 90],
        [2, "work", 60, 2, 0], [-1, "return", 17, 1, 0]]


def test_other_builds_are_known(tmp_path):
    """A machine is watched with the addresses of the build that it boots."""
    for number, name in enumerate(excursions.BUILDS):
        image = tmp_path / name / "arm64/jailhouse.bin"
        image.parent.mkdir(parents=True)
        image.write_bytes(bytes(0x1000) + bytes([number + 1]) * 0x5000)
        bundle = tmp_path / f"{number}.bundle"
        bundle.write_bytes(b"before" + image.read_bytes() + b"behind")
        assert excursions.build_of(tmp_path, ["qemu", "-kernel", str(bundle)]) == name
        assert excursions.build_of(tmp_path, ["qemu", "-device", f"loader,file={bundle},addr=0x1000"]) == name
    assert excursions.build_of(tmp_path, ["qemu", "-kernel", "/nonexistent"]) == ""


def test_exits_that_are_too_long():
    assert set(worst.LIMITS) <= set(excursions.TAGS)
    causes = {"irq": {"max": worst.LIMIT}, "hvc/create": {"max": 10**9}, "access/panic": {"max": 60000}}
    assert worst.too_long(causes) == []
    causes.update({"irq/forwarded": {"max": 5001}, "sysreg/panic": {"max": 60001}})
    assert worst.too_long(causes) == ["irq/forwarded: 5,001 instructions, at most 5,000 are allowed",
                                      "sysreg/panic: 60,001 instructions, at most 60,000 are allowed"]


def test_what_was_run():
    """A table of some tests does not look like one of all."""
    assert worst.parts(["direct", "system"], "") == ["direct", "system"]
    assert worst.parts(["system"], " -k test_link") == ["system -k test_link"]
    direct, system = "`make direct` (direct boot)", "`make system` (late launch under Linux)"
    assert worst.what_was_run(["direct", "system"]) == (f"{direct} and {system}", "")
    assert worst.what_was_run(["direct"]) == (direct, system)
    assert worst.what_was_run(["direct", "system -k a"]) == (f"{direct} and a part of `make system` (`-k a`)", system)
    assert worst.what_was_run(["system -k a", "direct", "system"]) == (f"{direct} and {system}", "")


def test_suites_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(excursions, "prepare", lambda build, directory: None)
    monkeypatch.setattr(excursions, "is_prepared", lambda build, directory: True)
    for command, names, arguments in [("prepare", ["direct"], ""), ("keep", ["system"], "-k a or b"), ("keep", [], "-k c")]:
        monkeypatch.setenv("PYTEST_ARGS", arguments)
        monkeypatch.setattr("sys.argv", ["worst.py", command, str(tmp_path), *names])
        assert worst.main() == 0
    assert (tmp_path / "suites.txt").read_text().splitlines() == ["direct", "system -k a or b"]
    told = page.worst_table({"machines": 1, "suites": ["direct"], "date": "d", "commit": "c", "causes": {}})[0]
    assert "Not in the table" in told and "`make system`" in told


def test_trees():
    assert excursions.inclusive(TREE) == [1, 110, 90, 10, 60, 17]
    assert excursions.path_of(TREE) == [("entry", 110), ("trap", 90), ("work", 60)]
    assert excursions.by_function(TREE + [[2, "lock", 1, 1, 0]])["lock"] == 101


def test_sweeps():
    """All that is executed there and below counts, once, and not when it waits"""
    assert excursions.spent(TREE, excursions.SWEEPS) == 0
    tree = [[-1, "work", 10, 1, 0], [0, "sweep_range", 2, 1, 0], [0, "sweep_range", 100, 1, 0],
            [2, "page", 1000, 4, 0], [2, "sweep_range", 5, 1, 3], [0, "clean_page", 7, 1, 0], [5, "page", 30, 1, 0]]
    assert excursions.spent(tree, excursions.SWEEPS) == 2 + 100 + 1000 + 2


def test_checksums_are_counted_apart():
    """They take odd bytes one by one: what a change of the image makes of that is in no other figure."""
    import operations
    tree = [[-1, "boot", 10, 1, 0], [0, "check_bundle", 7, 1, 0], [1, "arch_crc32_update", 100, 8, 0], [2, "crc32_update", 5, 8, 0],
            [1, "crc32_update", 20, 8, 0], [0, "sweep_range", 1000, 1, 0]]
    boot = [operations.Event("exit", 0, "enter/boot", 1142, 0, 0, tree, [])]
    assert operations.checksums(boot) == 125 and operations.swept(boot) == 1000
    assert operations.executed(boot) - operations.swept(boot) - operations.checksums(boot) == 17


def test_picture():
    """Calls in their order: begin, end, and what is the function's own"""
    calls = plot.spans(TREE, [[0, 1], [1, 10], [2, 10], [4, 30], [2, 10], [4, 30], [2, 10], [1, 10], [5, 17]])
    assert sorted(calls, key=lambda call: (call[2], call[1])) == [
        ("vectors", 0, 0, 1, 1), ("entry", 0, 1, 111, 20), ("trap", 1, 11, 101, 30), ("work", 2, 21, 51, 30),
        ("work", 2, 61, 91, 30), ("return", 0, 111, 128, 17)]


def test_picture_of_nothing(monkeypatch, tmp_path):
    """A doorbell without exits"""
    nothing = {"tree": [], "runs": [], "raised": 0}
    (tmp_path / "in.json").write_text(json.dumps({"sender": nothing, "receiver": nothing}))
    monkeypatch.setattr("sys.argv", ["plot.py", str(tmp_path / "in.json"), str(tmp_path / "out.svg")])
    plot.main()
    assert ": 0 instructions<" in (tmp_path / "out.svg").read_text()


# --- what is read out of a log

def an_exit(cpu, executed, waited=0, raised=0):
    return ["exit", cpu, "access", executed, waited, raised, [], []]


def test_brackets():
    import operations
    begin, end = 2 * operations.NUMBERS["doorbell"], 2 * operations.NUMBERS["doorbell"] + 1
    vector, received = 2 * operations.NUMBERS["vector"], 2 * operations.NUMBERS["received"] + 1
    log = operations.Log([
        an_exit(0, 1), ["mark", 0, begin, 10], an_exit(0, 20), an_exit(1, 5), an_exit(0, 30, 4, 7),
        ["mark", 0, end, 13],
        an_exit(1, 6), ["mark", 1, vector, 1], an_exit(1, 9), ["mark", 1, received, 1], an_exit(0, 1)])
    sent, = log.brackets("doorbell", 0)
    assert operations.executed(sent) == 20 + 26 and operations.guest(sent) == 2 and operations.until_raised(sent) == 27
    came, = log.after("doorbell", 0, 1, "received")
    assert [event.executed for event in operations.exits(came)] == [5, 6, 9]
    assert operations.executed(operations.until_vector(came)) == 11
    with pytest.raises(operations.BenchError):
        log.brackets("doorbell", 1)
    with pytest.raises(operations.BenchError):
        operations.until_vector(sent)


def test_repetitions_have_to_agree():
    import operations
    assert operations.one("a", [3, 3]) == 3
    assert operations.one("a", [9, 3, 3]) == 3		# the first one is what others are remembered by
    with pytest.raises(operations.BenchError):
        operations.one("a", [3, 3, 4])
    with pytest.raises(operations.BenchError, match="not the same each time"):
        operations.one("a", [3, 4])


def test_rounds():
    """The mean of a round, rounded up; the first half of the rounds may be anything."""
    import operations
    assert operations.of_rounds("a", [9, 9, 9, 1, 2, 2, 1, 2, 2], 3) == 2
    assert operations.of_rounds("a", [9, 9, 3, 5, 4, 4, 5, 3], 2) == 4		# what remembers may go round, too
    with pytest.raises(operations.BenchError, match="not the same each time"):
        operations.of_rounds("a", [1, 1, 1, 1, 1, 1, 1, 2], 2)
    for values in ([], [1, 1], [1, 1, 1]):
        with pytest.raises(operations.BenchError, match="no rounds of 2"):
            operations.of_rounds("a", values, 2)


# --- comparison

DEFINED = [{"id": "exact", "unit": "instructions", "tolerance": 0, "peers": {"bao": 7, "jailhouse": 6}, "target": 5},
           {"id": "size", "unit": "bytes", "tolerance": 10, "peers": {}}]
BASELINE = {"exact": 100, "size": 1000}


@pytest.mark.parametrize("figures, wrong", [
    ({"exact": 100, "size": 1000}, []),
    ({"exact": 100, "size": 990}, []),
    ({"exact": 100, "size": 1010}, []),
    ({"exact": 101, "size": 1000}, ["exact: 101 instructions, 1 more than the baseline"]),
    ({"exact": 100, "size": 1011}, ["size: 1011 bytes, 11 more than the baseline, of which 10 are tolerated"]),
    ({"size": 1000}, ["exact: was not measured"]),
    ({"exact": 100, "size": 1000, "more": 1}, ["more: is not in figures.json"]),
])
def test_compare(figures, wrong):
    assert bench.compare(figures, BASELINE, DEFINED) == (wrong, [])


@pytest.mark.parametrize("figures, better", [
    ({"exact": 99, "size": 1010}, ["exact: 99 instructions, 1 less than the baseline"]),
    ({"exact": 100, "size": 989}, ["size: 989 bytes, 11 less than the baseline, of which 10 are tolerated"]),
])
def test_better_is_no_baseline(figures, better):
    """What is better today, and not in the baseline, may be lost tomorrow unseen."""
    assert bench.compare(figures, BASELINE, DEFINED) == ([], better)


def test_outcome():
    assert bench.outcome([], []) == (["as the baseline"], 0)
    assert bench.outcome(["a"], []) == (["a"], bench.WORSE)
    assert bench.outcome([], ["b"]) == (["b", bench.STORE_IT], bench.BETTER)
    assert bench.outcome(["a"], ["b"]) == (["a", "b"], bench.WORSE)
    assert len({0, bench.WORSE, bench.NOT_MEASURED, bench.BETTER}) == 4


def test_no_baseline():
    assert bench.compare({"exact": 1, "size": 1}, {"size": 1}, DEFINED) == (
        ["exact: there is no baseline; make bench-baseline REASON=..."], [])


def test_table():
    lines = bench.table({"exact": 1101}, BASELINE, DEFINED, {"bao": "Bao 1", "jailhouse": "Jailhouse 2"})
    assert [line.split() for line in lines[1:]] == [
        ["exact", "1,101", "100", "+1,001", "5", "6", "Jailhouse", "0"], ["size", "-", "1,000", "-", "-", "10"]]


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """bench.py without machines: figures as in the baseline, which is a copy."""
    baseline = bench.load(bench.BASELINE)
    (tmp_path / "bench").mkdir()
    (tmp_path / "baseline.json").write_text(json.dumps(baseline))
    figures = dict(baseline["figures"])
    monkeypatch.setattr(bench, "BASELINE", tmp_path / "baseline.json")
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    where = {key: baseline[key] for key in ("version", "commit", "date", "machine")}
    monkeypatch.setattr(bench, "surroundings", lambda build: dict(where))
    monkeypatch.setattr(bench, "measure", lambda build: (figures, {}))
    monkeypatch.setattr("sys.argv", ["bench.py", "--build", str(tmp_path)])
    return figures


def test_exit_status(measured, capsys, tmp_path):
    assert bench.main() == 0
    assert "bench: as the baseline" in capsys.readouterr().out
    assert bench.validated(bench.load(tmp_path / "bench/bench.json"))["figures"] == measured
    measured["doorbell_tx"] += 1
    assert bench.main() == 1
    assert "bench: doorbell_tx: " in capsys.readouterr().out
    measured["doorbell_tx"] -= 2
    assert bench.main() == 3
    said = capsys.readouterr().out
    assert "bench: doorbell_tx: " in said
    assert "bench: better than the baseline: store it with make bench-baseline REASON=..." in said


def test_baseline_is_stored_with_its_reason(measured, monkeypatch):
    before = bench.load(bench.BASELINE)
    old = before["figures"]["doorbell_tx"]
    measured["doorbell_tx"] = old - 7
    monkeypatch.setattr("sys.argv", [*sys.argv, "--store", "seven instructions less"])
    assert bench.main() == 0
    after = bench.validated(bench.load(bench.BASELINE))
    assert after["figures"]["doorbell_tx"] == old - 7
    assert after["history"] == before["history"] + [{"date": before["date"], "reason": "seven instructions less",
                                                     "changes": {"doorbell_tx": [old, old - 7]}}]


# --- files

def test_numbers_in_sentences():
    """They are not written by hand."""
    baseline = {"figures": {"a": 1234, "b": 5, "c": 0}}
    text = "12 instructions (`a`), 9,999 (`b`), 7 instructions\n(`a`), 3 (`c`); 8 (`no_row`), 8 instructions, (`a`)"
    assert page.with_numbers(text, baseline) == (
        "1,234 instructions (`a`), 5 (`b`), 1,234 instructions\n(`a`), 0 (`c`); 8 (`no_row`), 8 instructions, (`a`)")


@pytest.mark.parametrize("path", page.NUMBERED, ids=lambda path: path.name)
def test_documents_have_the_figures(path):
    """If it fails: make bench-page. No other number stands with the name of a row."""
    text = path.read_text(encoding="utf-8")
    baseline = bench.load(bench.BASELINE)
    assert page.with_numbers(text, baseline) == text
    written = page.MARK.sub("", text)
    for name in baseline["figures"]:
        assert not re.findall(rf"`{name}`:? (?:is |are |takes )?\d[\d,]*", written), name

def test_files():
    baseline, defined = bench.load(bench.BASELINE), bench.definitions()
    bench.validated(baseline)
    assert baseline["history"]
    assert sorted(baseline["figures"]) == sorted(figure["id"] for figure in defined["figures"])
    assert {str(figure["tolerance"]) for figure in defined["figures"]} == set(defined["tolerances"])
    assert {name for figure in defined["figures"] for name in figure["peers"]} == set(defined["peers"])
    assert {figure["group"] for figure in defined["figures"]} == set(page.GROUPS)
    both = {figure["id"].removesuffix("_in_c") for figure in defined["figures"] if figure["group"] == "in_c"}
    assert both == {figure["id"] for figure in defined["figures"] if figure["group"] in ("link", "interrupts")} | {"null"}
    assert bench.in_c({"null": 1, "wfi": 0, "psci_version": 2}) == {"null_in_c": 1}
    counted = [figure for figure in defined["figures"] if figure["unit"] in ("instructions", "exits")]
    assert [figure["id"] for figure in counted if figure["tolerance"]] == ["boot_crc"]


@pytest.mark.parametrize("damage", [
    lambda result: result.pop("figures"), lambda result: result["figures"].update(null=-1),
    lambda result: result.update(date="today"),
    lambda result: result["figures"].update(null=1.5), lambda result: result["history"][0].update(reason=""),
    lambda result: result.update(version=2)])
def test_schema_refuses(damage):
    result = copy.deepcopy(bench.load(bench.BASELINE))
    damage(result)
    with pytest.raises(jsonschema.ValidationError):
        bench.validated(result)


@pytest.mark.parametrize("text, lines", [
    ("int a;\n\n/* c\n * c */\nint b; /* c */\n// c\n", 2), ('char *s = "/* no comment";\nint a; // "\n', 2), ("", 0),
    ("a /* c\n c */ b\n", 2), ("'\"' // c\nint b;\n", 2)])
def test_code_lines(text, lines):
    assert sizes.code_lines(text) == lines


def test_sources_of_the_image():
    names = {str(path.relative_to(bench.ROOT)) for path in sizes.sources(BUILD)}
    assert {"hypervisor/core/cell.c", "hypervisor/arch/arm64/vectors.S", "include/bulkhead/ivshmem.h"} <= names
    assert not [name for name in names if name.startswith(("build/", "hypervisor/efi/", "hypervisor/arch/host/"))]


def test_lines_page():
    assert lines.PAGE.read_text(encoding="utf-8") == lines.page(), "make bench-lines writes it"


def test_lines_of_the_image():
    """What is found by following the includes is what the compiler depends on, if this build is of the default configuration."""
    config = lines.switches(BUILD / "config.mk")
    assert lines.files(config) == set(sizes.sources(BUILD))


def test_lines_have_a_group():
    """Each file of the hypervisor is in one group, and no pattern is of none."""
    others = ("hypervisor/arch/host/", "hypervisor/efi/", "hypervisor/arch/arm64/asm_offsets.c")
    found = [path for folder in ("hypervisor", "include/bulkhead") for path in (bench.ROOT / folder).rglob("*.[chS]")
             if not str(path.relative_to(bench.ROOT)).startswith(others)]
    lines.by_group(found)
    names = [str(path.relative_to(bench.ROOT)).removeprefix("hypervisor/") for path in found]
    for pattern in " ".join(lines.GROUPS.values()).split():
        assert fnmatch.filter(names, pattern), f"no file is like {pattern}"


def test_lines_without_a_group(monkeypatch):
    monkeypatch.setitem(lines.GROUPS, "watchdogs", "core/watchdog.c arch/arm64/timer.c")
    with pytest.raises(ValueError, match="include/watchdog.h is in no group"):
        lines.table()
    monkeypatch.setitem(lines.GROUPS, "watchdogs", "core/watchdog.c arch/arm64/timer.c include/*.h")
    with pytest.raises(ValueError, match="is in .*'watchdogs'"):
        lines.table()


def test_lines_of_switches():
    """The column of docs/features.md"""
    text = lines.PAGE.read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.split("|")] for row in text.splitlines() if row.startswith("| `")]
    stated = {feature: int(number or 0) for _, names, _, _, number, *_ in rows[:12]
              for feature, number in zip(re.findall(r"`(\w+)`", names), number.replace(",", "").split() or [""])}
    assert stated == lines.lines_of_switches()


def test_each_operation_has_marks():
    """What is measured by marks is in the header, and the programs have both of them."""
    import operations
    assert operations.NUMBERS["log"] == 0 and operations.NUMBERS["vector"] == 1
    text = "".join(path.read_text() for path in (bench.ROOT / "inmates/bench").glob("*.c"))
    for name in set(operations.NUMBERS) - {"vector"}:
        assert f"BENCH_{name.upper()}" in text, name
