# SPDX-License-Identifier: BSD-2-Clause
"""A bare-metal root cell manages the cells that were started beside it, and others, by hypercall."""
import random

import pytest

from direct import ROOT_CELL, abi, cell_text, system_text
from root_cell import CONFIG_AT, RootCell

NUMBER, ANSWER = 0x63101008, 0x63102000
RINGING = "rounds=0x7fffffff"
EPERM, ENOENT, ENOMEM, EEXIST, EINVAL = 1, 2, 12, 17, 22


@pytest.fixture
def machine(bench):
    cells = ROOT_CELL + cell_text("a", [1], "ring-demo", RINGING) + cell_text("b", [2, 3], "ring-demo", RINGING)
    path = bench.make(system_text(cells, "  r: { peers: [a, b], output: 4 KiB, at: 0x63100000 }\n"))
    machine = bench.boot(path)
    machine.says(r"^3 cells run, ")
    machine.root = RootCell(machine, bench.open(path))
    return machine


def rings(machine):
    assert machine.word_changes(NUMBER) and machine.word_changes(ANSWER)


def test_what_the_root_cell_sees(machine):
    root = machine.root
    assert root.ids == {"root": 0, "a": 1, "b": 2} and root.num_cells() == 3
    assert [root.state(name) for name in root.ids] == [abi.COMM_STATE_RUNNING] * 3
    assert [root.cpus(name) for name in root.ids] == [[0], [1], [2, 3]]
    rings(machine)


def test_refusals(machine):
    root, ask = machine.root, machine.hypercall
    assert root.destroy("a") == 0
    before = root.pages_used()
    for code in abi.HC_CELL_START, abi.HC_CELL_SET_LOADABLE, abi.HC_CELL_DESTROY, abi.HC_CELL_GET_STATE:
        assert ask(code, 3) == -ENOENT
    for code in abi.HC_CELL_START, abi.HC_CELL_SET_LOADABLE, abi.HC_CELL_DESTROY:
        assert ask(code, 0) == -EINVAL
    assert ask(abi.HC_DISABLE) == -EPERM
    assert root.create("b") == -EEXIST

    def damage(config):
        config.cell.name, config.cell.id, config.cell.signature = b"c", 3, b"JHSYS"
    machine.memory.write(CONFIG_AT, root.files["a"].changed(damage).bytes())
    assert ask(abi.HC_CELL_CREATE, CONFIG_AT) == -EINVAL
    machine.says("not a cell configuration")
    assert ask(abi.HC_CELL_CREATE, 0x30000000) == -ENOMEM		# where nothing is
    assert root.pages_used() == before and root.num_cells() == 2
    for step in root.create, root.set_loadable, root.load, root.start:
        assert not step("a")
    rings(machine)


def test_one_cell_after_the_other(machine):
    root = machine.root
    root.destroy("b")
    assert root.cpus("root") == [0, 2, 3] and root.num_cells() == 2
    machine.runs_guests_on([0, 1])
    root.destroy("a")
    assert root.cpus("root") == [0, 1, 2, 3] and root.num_cells() == 1
    machine.runs_guests_on([0])
    for name in "b", "a":
        assert root.create(name) == 0
        assert root.state(name) == abi.COMM_STATE_SHUT_DOWN
    for name in "a", "b":
        assert root.set_loadable(name) == 0
        root.load(name)
        assert root.start(name) == 0
    rings(machine)


def test_life_cycle_in_any_order(machine):
    """Two linked cells, doorbells flowing; after each round everything is as it was before."""
    root, dice = machine.root, random.Random(1)
    rings(machine)
    before = root.pages_used()
    exists = {"a": True, "b": True}
    for _ in range(150):
        name = dice.choice("ab")
        step = dice.choice(["create", "start", "set_loadable", "destroy", "restart"])
        result = getattr(root, step.replace("restart", "start"))(name)
        if step == "create":
            assert result == (-EEXIST if exists[name] else 0)
            exists[name] = True
            if result >= 0:
                assert root.set_loadable(name) == 0
                root.load(name)
        else:
            assert result == (0 if exists[name] else -ENOENT)
            exists[name] = exists[name] and step != "destroy"
        assert root.num_cells() == 1 + sum(exists.values())
    for name, there in exists.items():
        if not there:
            assert root.create(name) == 0
        for step in root.set_loadable, root.load, root.start:
            assert not step(name)
    assert root.pages_used() == before
    rings(machine)
    machine.runs_guests_on([0, 1, 2])
