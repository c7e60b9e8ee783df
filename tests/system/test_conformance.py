# SPDX-License-Identifier: BSD-2-Clause
"""The IVSHMEM v2 conformance suite under the real hypervisor, on links with INTx and with MSI-X. Each check has to
give what docs/ivshmem-conformance.md says, and the checks have to be those of that page."""
import os
import re
import subprocess

import pytest

from cellfile import CellFile, abi
from conformance_suite import ACTION, ALL_ACTIONS, COMPANIONS, PROTOCOL, interrupt_parameters, judged, page_results, watch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../.."))
PARAMETERS = 0x1000

VERBS = {
    "shutdown": "cell shutdown {0}",
    "start": "cell start {0}",
    "restart": "cell start {0}",
    "destroy": "cell destroy {0}",
}


class Suite:
    """A machine with the cells of one link, and what it takes to run the programs in them."""

    def __init__(self, machine, kind, directory, edit=lambda text: text, change=lambda config: None):
        self.machine = machine
        self.kind = kind
        with open(os.path.join(HERE, f"conformance/{kind}.yaml"), encoding="utf-8") as file:
            text = file.read()
        source = os.path.join(directory, "system.yaml")
        with open(source, "w", encoding="utf-8") as file:
            file.write(edit(text))
        subprocess.run([os.path.join(ROOT, "tools/bulkhead-config"), "compile", "-B", os.path.join(ROOT, "configs/boards"),
                        "-o", directory, source], check=True, capture_output=True)
        self.files = {name: CellFile.read(os.path.join(directory, f"{name}.cell"))
                      for name in ("qemu-arm64", "tester", *COMPANIONS.values())}
        self.paths = {name: machine.push_config(name, file.changed(change).bytes())
                      for name, file in self.files.items()}
        machine.jailhouse(f"enable {self.paths['qemu-arm64']}")

    def start(self, name, image, parameters=""):
        if name not in self.machine.cells():
            self.machine.create(self.paths[name])
        interrupts = interrupt_parameters(self.kind, self.files[name])
        self.machine.jailhouse(f"cell load {name} /inmates/{image}.bin -s '{interrupts} {parameters}' "
                               f"-a {PARAMETERS:#x}")
        self.machine.jailhouse(f"cell start {name}")

    def start_companions(self, *ids):
        for peer in ids:
            self.start(COMPANIONS[peer], "conformance_peer")

    def act(self, verb, peer):
        if verb == "create":
            self.start(COMPANIONS[peer], "conformance_peer")
        else:
            self.machine.jailhouse(VERBS[verb].format(COMPANIONS[peer]))

    def test(self, parameters=""):
        """Runs the tester, does what it wants to have done; gives check -> (ok, reason for a skip), and the text."""
        mark = self.machine.console.mark()
        self.start("tester", "check_conformance", parameters)
        return watch(self.machine.console, self.act, mark)


@pytest.fixture
def new_suite(machine, tmp_path):
    # what Linux has to say about CPUs would end up in the middle of an inmate's lines
    level = machine.check("cut -f1 /proc/sys/kernel/printk").strip()
    machine.check("echo 1 >/proc/sys/kernel/printk")
    yield lambda kind, **options: Suite(machine, kind, tmp_path, **options)
    if machine.guest.alive:
        machine.destroy_cells()
        machine.check(f"echo {level} >/proc/sys/kernel/printk")


each_kind = pytest.mark.parametrize("kind", ["intx", "msix"])


@each_kind
def test_everything(new_suite, kind):
    """All peers, all actions, all permissions: every check that applies to the kind of interrupts is made."""
    suite = new_suite(kind)
    suite.start_companions(2, 3)
    results, text = suite.test(f"actions=1 fatal=1 protocol={PROTOCOL}")
    assert len(judged(results, text, kind)) == len(page_results())
    assert [verb for verb, _ in ACTION.findall(text)] == ALL_ACTIONS
    # and again: the tester has left a used device behind, the companions have not been touched
    results, text = suite.test(f"protocol={PROTOCOL}")
    judged(results, text, kind, without=("actions", "fatal"))
    suite.machine.all_cpus_work()


@each_kind
def test_state_not_latched(new_suite, kind):
    """The specification allows both."""
    suite = new_suite(kind, edit=lambda text: text.replace("    shared:", "    latch-state: false\n    shared:"))
    assert all(device.msi_flags & abi.CFG_SHMEM_LOSSY_STATE for file in suite.files.values()
               for device in file.pci_devices)
    suite.start_companions(2, 3)
    results, text = suite.test(f"protocol={PROTOCOL}")
    judged(results, text, kind, without=("actions", "fatal"))


@each_kind
def test_alone_and_with_one_companion(new_suite, kind):
    """Nobody else is needed for what concerns one peer."""
    suite = new_suite(kind)
    results, text = suite.test("companions=0")
    found = judged(results, text, kind, without=("companion", "actions", "fatal", "protocol"))
    assert sum(result == "ok" for result in found.values()) > 50
    suite.start_companions(3)
    results, text = suite.test("companions=1")
    found = judged(results, text, kind, without=("two companions", "actions", "fatal", "protocol"))
    assert sum(result == "ok" for result in found.values()) > 70


@pytest.mark.parametrize("key", ["shared", "output"])
def test_without_section(new_suite, key):
    """Requests go through what is left."""
    suite = new_suite("intx", edit=lambda text: re.sub(rf"^    {key}: .*\n", "", text, flags=re.M))
    suite.start_companions(2, 3)
    results, text = suite.test(f"protocol={PROTOCOL}")
    judged(results, text, "intx", without=("no R/W section" if key == "shared" else "no output sections", "actions",
                                           "fatal"))


def test_without_any_section(new_suite):
    """Nothing to write requests to: companions cannot be used."""
    suite = new_suite("intx", edit=lambda text: re.sub(r"^    (shared|output): .*\n", "", text, flags=re.M))
    results, text = suite.test()
    judged(results, text, "intx", without=("section", "companion", "actions", "fatal", "protocol"))


def large_bars(config):
    """64 KiB, as for guests with such pages. Linux' window has no room for them, it keeps its own."""
    if isinstance(config.header, abi.System):
        return
    for device in config.pci_devices:
        device.bar_mask[0] = 0xffff0000
        device.bar_mask[1] &= 0xffff0000


def test_large_bars(new_suite):
    suite = new_suite("msix", change=large_bars)
    suite.start_companions(2, 3)
    results, text = suite.test(f"protocol={PROTOCOL}")
    judged(results, text, "msix", without=("actions", "fatal"))
