# SPDX-License-Identifier: BSD-2-Clause
"""The IVSHMEM v2 conformance suite without any Linux. What it wants to have done a bare-metal root cell does."""
import re

import pytest

from direct import BASE, ROOT, ROOT_CELL		# which makes tests/system importable, too
from conformance_suite import (ACTION, ALL_ACTIONS, COMPANIONS, PROTOCOL, interrupt_parameters, judged, page_results,
                               watch)
from root_cell import RootCell

SYSTEM_FILES = ROOT / "tests/system/conformance"
HYPERVISOR = f"boot: direct\nhypervisor: {{ memory: {{ at: {BASE:#x}, size: 4 MiB }}, console: uart0 }}\n"


def system_text(kind, parameters):
    """The system of the tests with Linux, whose part the proxy takes. parameters: cell -> text."""
    text = (SYSTEM_FILES / f"{kind}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^hypervisor: .*\n", HYPERVISOR, text, flags=re.M)
    text = re.sub(r"^  qemu-arm64: .*\n", "", text, flags=re.M)
    text = text.replace("qemu-arm64, tester", "root, tester")
    # who commands comes last
    cells, links = text.split("links:\n")
    blocks = re.split(r"(?=^  \w+:\n)", cells, flags=re.M)
    blocks[1:] = [f"{block}    images: [{{ file: {image}.bin }}, {{ text: \"{parameters[name]}\", at: 0x1000 }}]\n"
                  for block, name, image in zip([*blocks[2:], blocks[1]], [*COMPANIONS.values(), "tester"],
                                                ["conformance_peer", "conformance_peer", "check_conformance"])]
    return "".join(blocks[:1] + [ROOT_CELL] + blocks[1:]) + "links:\n" + links


def act(root, verb, name):
    """Each step has to be possible."""
    steps = {"shutdown": [root.set_loadable], "start": [root.start], "restart": [root.start], "destroy": [root.destroy],
             "create": [root.create, root.set_loadable, root.load, root.start]}[verb]
    for step in steps:
        assert (step(name) or 0) >= 0, (verb, step)


@pytest.mark.parametrize("kind", ["intx", "msix"])
def test_everything(bench, kind):
    parameters = {name: "" for name in (*COMPANIONS.values(), "tester")}
    parameters["tester"] = f"actions=1 fatal=1 protocol={PROTOCOL}"
    first = bench.open(bench.make(system_text(kind, parameters))).cells_by_name()
    for name in parameters:
        parameters[name] += " " + interrupt_parameters(kind, first[name][0])
    path = bench.make(system_text(kind, parameters))
    machine = bench.boot(path)
    root = RootCell(machine, bench.open(path))
    results, text = watch(machine.console, lambda verb, peer: act(root, verb, COMPANIONS[peer]), preface=True)
    assert len(judged(results, text, kind)) == len(page_results())
    assert [verb for verb, _ in ACTION.findall(text)] == ALL_ACTIONS
