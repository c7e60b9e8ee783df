# SPDX-License-Identifier: BSD-2-Clause
"""What the compiler has chosen stays when something else is added: behind all else without a lock, anywhere with one."""
import json
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkhead_config import cli, emit, explain, lock, model, outputs, registry
from bulkhead_config.source import ConfigError, parse
from bulkhead_config.units import KIB, MIB
from conftest import HERE, ROOT

TOOL = ROOT / "tools/bulkhead-config"
ROOT_CELL = "linux"
BOUNDED = settings(max_examples=80, deadline=None, derandomize=True, database=None,
                   suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
BOARD = {
    "board": "big", "architecture": "arm64", "cpus": 16, "memory": {"dram": {"at": 0x40000000, "size": "1 GiB"}},
    "pool": {"at": 0x60000000, "size": "256 MiB"},
    "gic": {"version": 3, "distributor": {"at": 0x8000000, "size": "64 KiB"}, "maintenance-interrupt": 25, "spis": 300,
            "redistributors": {"at": 0x80a0000, "size": "2 MiB"}},
    "pci": {"ecam": 0xf000000, "domain": 1, "interrupts": {"first": 100, "count": 120}}, "devices": {}}
SIZES = [4 * KIB, 12 * KIB, 64 * KIB, MIB, 2 * MIB, 3 * MIB + 4 * KIB]
PAGES = [0, 4 * KIB, 36 * KIB, MIB, 2 * MIB]


@st.composite
def cell(draw, cpu):
    sizes = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=3))
    memory = {f"m{n}": {"at": n * 16 * MIB, "size": size} for n, size in enumerate(sizes)}
    interrupts = draw(st.lists(st.sampled_from([220 + cpu, 240 + cpu]), unique=True))
    return {"cpus": [cpu], "memory": memory, "interrupts": interrupts}


@st.composite
def link(draw, cells):
    peers = draw(st.lists(st.sampled_from(cells), min_size=2, max_size=3, unique=True))
    return {"peers": peers, "shared": draw(st.sampled_from(PAGES)), "output": draw(st.sampled_from(PAGES[:4]))}


@st.composite
def systems(draw):
    """A system as data: the order of its mappings is that of the file."""
    names = [f"c{n}" for n in range(draw(st.integers(1, 5)))]
    cells = {name: draw(cell(cpu)) for cpu, name in enumerate(names, 1)}
    order = draw(st.permutations([ROOT_CELL, *names]))
    links = {f"l{n}": draw(link(order)) for n in range(draw(st.integers(0, 6)))}
    return {"system": "generated", "board": BOARD, "hypervisor": {"memory": "4 MiB"},
            "cells": {name: {"root": True} if name == ROOT_CELL else cells[name] for name in order}, "links": links}


def inserted(mapping, at, name, value):
    items = list(mapping.items())
    return dict(items[:at] + [(name, value)] + items[at:])


@st.composite
def additions(draw, anywhere):
    """(a system, the same with a cell, a link, or both more)"""
    before = draw(systems())
    after = dict(before)

    def place(mapping):
        return draw(st.integers(0, len(mapping))) if anywhere else len(mapping)
    what = draw(st.sampled_from(["cell", "link", "both"]))
    if what != "link":
        after["cells"] = inserted(after["cells"], place(after["cells"]), "new", draw(cell(9)))
    if what != "cell":
        after["links"] = inserted(after["links"], place(after["links"]), "new", draw(link(list(after["cells"]))))
    return before, after


def complete(data, kept=None):
    system = model.make_system(parse("generated.yaml", json.dumps(data)))
    system.kept = kept or {}
    registry.run(system)
    return system


def kept_from(system):
    """Written and read again."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "generated.yaml"
        lock.name_of(file).write_text(lock.text(system))
        return lock.load(file)


def places(system):
    found = {region.path: region.host for cell in system.others for region in cell.regions}
    found.update({(link.path, "device"): link.slot for link in system.links})
    found.update({(link.path, "memory"): link.host for link in system.links})
    found.update({cell.path: cell.lines for cell in system.cells if cell.lines is not None})
    return found


def assert_nothing_moved(before, after):
    """Nor is there another byte in what was written for cells that have no new link."""
    was, now = places(before), places(after)
    assert {path: now[path] for path in was if path in now} == {path: was[path] for path in was if path in now}
    files, later = outputs.for_programs(before), outputs.for_programs(after)
    for cell in before.others:
        links = [link.name for link in before.links_of(cell)]
        if after.cell(cell.name) and links == [link.name for link in after.links_of(after.cell(cell.name))]:
            assert emit.cell_config(before, cell) == emit.cell_config(after, after.cell(cell.name))
            for name in (f"{cell.name}.h", f"{cell.name}.overlay"):
                assert files[name] == later[name]


@BOUNDED
@given(additions(anywhere=False))
def test_additions_behind_everything(pair):
    before, after = map(complete, pair)
    assert_nothing_moved(before, after)


@BOUNDED
@given(additions(anywhere=True))
def test_additions_anywhere_with_a_lock(pair):
    before = complete(pair[0])
    assert_nothing_moved(before, complete(pair[1], kept_from(before)))


@BOUNDED
@given(additions(anywhere=True))
def test_removal_with_a_lock(pair):
    before = complete(pair[1])
    assert_nothing_moved(before, complete(pair[0], kept_from(before)))


@BOUNDED
@given(systems(), st.data())
def test_another_order_with_a_lock(data, draws):
    before = complete(data)
    shuffled = {key: dict(draws.draw(st.permutations(list(value.items())))) if key in ("cells", "links") else value
                for key, value in data.items()}
    after = complete(shuffled, kept_from(before))
    assert places(before) == places(after) and lock.text(after).count("\n") == lock.text(before).count("\n")


@BOUNDED
@given(systems())
def test_a_lock_changes_nothing_by_itself(data):
    before = complete(data)
    kept = kept_from(before)
    again = complete(data, kept)
    assert places(before) == places(again) and lock.text(before) == lock.text(again)
    assert emit.compile_system(before) == emit.compile_system(again)
    assert set(again.chosen.values()) == {"as the lock has it"} and set(kept) == set(before.chosen)


def small(**links):
    return {"system": "small", "board": BOARD, "hypervisor": {"memory": "4 MiB"},
            "cells": {ROOT_CELL: {"root": True}, "a": {"cpus": [1], "memory": {"ram": {"at": 0, "size": "2 MiB"}}},
                      "b": {"cpus": [2], "memory": {"ram": {"at": 0, "size": "2 MiB"}}}}, "links": links}


def test_what_grows_does_not_push_others_out():
    data = small(first={"peers": [ROOT_CELL, "a"]}, second={"peers": [ROOT_CELL, "b"]})
    before = complete(data)
    data["cells"]["a"]["memory"]["ram"]["size"] = "4 MiB"
    data["links"]["second"]["peers"] = [ROOT_CELL, "b", "a"]
    data["links"]["second"]["output"] = "64 KiB"
    after = complete(data, kept_from(before))
    a, b = (after.cell(name).regions[0] for name in "ab")
    assert b.host == before.cell("b").regions[0].host and not a.host_range.overlaps(b.host_range)
    assert after.links[0].host == before.links[0].host and after.links[1].host != before.links[1].host
    assert [link.slot for link in after.links] == [0, 1]
    assert after.chosen[a.path + ("host",)].endswith(", because what the lock has is taken or does not fit")


def test_what_shrinks_stays_where_it_was():
    data = small()
    before = complete(data)
    data["cells"]["b"]["memory"]["ram"]["size"] = "1 MiB"
    assert complete(data, kept_from(before)).cell("b").regions[0].host == before.cell("b").regions[0].host


@pytest.mark.parametrize("change", [
    lambda data: data["links"].update(own={"peers": [ROOT_CELL, "b"], "device": 0}),
    lambda data: data["links"].update(own={"peers": [ROOT_CELL, "b"], "at": 0x6fffe000}),
    lambda data: data["cells"]["b"]["memory"]["ram"].update(host=0x60000000),
    lambda data: data["cells"]["b"].update({"pci-interrupts": 104}),
    lambda data: data["cells"]["b"].update({"interrupts": [106]}),
    lambda data: data.update(pool={"at": 0x50000000, "size": "64 MiB"}),
    lambda data: data["board"]["pci"]["interrupts"].update(first=108),
    lambda data: data["cells"]["a"].update({"page-size": "64 KiB"}),
])
def test_what_the_file_says_goes_before_the_lock(change):
    data = json.loads(json.dumps(small(first={"peers": [ROOT_CELL, "a"], "output": "4 KiB"})))
    kept = kept_from(complete(data))
    change(data)
    if "page-size" in data["cells"]["a"]:
        data["links"]["first"].update(state="64 KiB", output="64 KiB")
    system = complete(data, kept)		# all rules hold
    whys = [why for why in system.chosen.values() if "taken or does not fit" in why]
    assert whys


# --- memory that Linux has to give up at different times

def blocks(area):
    return set(range(area.start // (2 * MIB), -(-area.end // (2 * MIB))))


def taken_with(system, owner):
    """When the driver takes it: enable, or the creation of one of these cells."""
    names = set(owner.peers) if isinstance(owner, model.Link) else {owner.cell}
    return "enable" if ROOT_CELL in names else frozenset(names)


@BOUNDED
@given(systems())
def test_no_block_is_taken_in_two_steps(data):
    system = complete(data)
    owners = system.owners
    for index, first in enumerate(owners):
        for second in owners[:index]:
            if taken_with(system, first) != taken_with(system, second):
                assert not blocks(first.host_range) & blocks(second.host_range)


def test_a_small_pool_is_used_up_all_the_same():
    data = small(one={"peers": [ROOT_CELL, "a"]}, two={"peers": ["a", "b"]})
    data["pool"] = {"at": 0x60000000, "size": "4104 KiB"}		# two regions, and 8 KiB
    system = complete(data)
    assert [link.host for link in system.links] == [0x60401000, 0x60400000]


def test_direct_boot_is_dense():
    system = cli.load(ROOT / "configs/systems/qemu-arm64-direct.yaml", [ROOT / "configs/boards"])
    assert [link.host for link in system.links] == [0x63ffd000, 0x63ffa000, 0x63ff7000]


# --- the file, and what is said about it

def system_file(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text((ROOT / "configs/systems/qemu-arm64-demo.yaml").read_text())
    return file


def run(*arguments):
    return subprocess.run([TOOL, *map(str, arguments), "-B", ROOT / "configs/boards"], capture_output=True, text=True,
                          check=False)


def test_command(tmp_path):
    file = system_file(tmp_path)
    result = run("compile", file, "-o", tmp_path / "a", "--lock")
    assert result.returncode == 0 and result.stdout.splitlines()[0].startswith(f"{tmp_path}/x.lock: ")
    text = file.read_text().replace("links:\n", "links:\n  new: { peers: [qemu-arm64, rtos] }\n")
    file.write_text(text)
    facts = json.loads(run("explain", "--json", file).stdout)
    assert [(fact["what"], fact["device"], fact["why"]) for fact in facts["links"]] == [
        ("link 'new'", 1, "the lowest free PCI device number"), ("link 'demo'", 0, "as the lock has it")]
    (tmp_path / "x.lock").unlink()
    facts = json.loads(run("explain", "--json", file).stdout)
    assert [(fact["what"], fact["device"]) for fact in facts["links"]] == [("link 'new'", 0), ("link 'demo'", 1)]


def test_no_lock_without_asking(tmp_path):
    run("compile", system_file(tmp_path), "-o", tmp_path / "a")
    assert not (tmp_path / "x.lock").exists()


def test_no_lock_of_what_is_wrong(tmp_path):
    file = system_file(tmp_path)
    file.write_text(file.read_text().replace("[3]", "[4]"))
    assert run("compile", file, "-o", tmp_path / "a", "--lock").returncode == 1
    assert {path.name for path in tmp_path.iterdir()} == {"x.yaml"}


@pytest.mark.parametrize("text, expected", [
    ("", "1:1: error: nothing does not fit; use a mapping of keys to values [bad-value]"),
    ("links: { demo: { device: 32 } }\n",
     "1:26: error: 'device': 32 does not fit; use a PCI device number, 0 to 31 [bad-value]"),
    ("cells: { rtos: { memory: { ram: { at: 1 } } } }\n", "1:28: error: 'ram' has no 'size'; add it [missing-key]"),
    ("links: { demo: { slot: 1 } }\n",
     "1:18: error: 'slot' is not known here; possible here: device, memory [unknown-key]"),
    ("links: [", "1:9: error: not YAML: expected the node content, but found '<stream end>'; correct the syntax here "
     "[yaml-syntax]"),
])
def test_broken_lock(tmp_path, text, expected):
    file = system_file(tmp_path)
    (tmp_path / "x.lock").write_text(text)
    with pytest.raises(ConfigError) as error:
        cli.load(file, [ROOT / "configs/boards"])
    assert str(error.value) == f"{tmp_path}/x.lock:{expected}"


def test_lock_of_other_things_is_harmless(tmp_path):
    file = system_file(tmp_path)
    before = places(cli.load(file, [ROOT / "configs/boards"]))
    (tmp_path / "x.lock").write_text("cells: { gone: { pci-interrupts: 180 } }\nlinks: { old: { device: 0 } }\n")
    assert places(cli.load(file, [ROOT / "configs/boards"])) == before


def test_everything_that_is_chosen_says_why():
    for path in sorted((HERE / "good").glob("*.yaml")):
        system = cli.load(path, [HERE / "boards"])
        for facts in explain.facts(system).values():
            for fact in facts:
                assert (fact["said"] == "chosen") == ("why" in fact)
                assert re.match(r"(the lowest|the highest|the first) .*$", fact.get("why", "the first "))
