# SPDX-License-Identifier: BSD-2-Clause
"""Root Linux and a bare-metal cell on one link: State, sections, doorbells in both directions by interrupt."""
import re

from test_root_misbehaves import link_device


def interrupts(machine):
    irq = machine.check(f"cat {link_device(machine)}/irq").strip()
    line = machine.check(f"grep -E '^ *{irq}:' /proc/interrupts").split(":")[1]
    return sum(int(number) for number in line.split()[:4])


def talk(machine):
    before = interrupts(machine)
    mark = machine.console.mark()
    machine.check("ivshmem-demo", timeout=300)
    machine.inmate_says(r"demo: message \d+ from peer 0, data right", mark)
    assert interrupts(machine) > before, "no doorbell came to Linux"


def test_talk(root):
    root.create()
    mark = root.console.mark()
    root.start()
    root.inmate_says("demo: on the link with state 2", mark)
    talk(root)
    talk(root)


def test_talk_after_restart_and_after_new_creation(root):
    root.create()
    for _ in range(2):
        mark = root.console.mark()
        root.start()
        root.inmate_says("demo: on the link", mark)
        talk(root)
        root.jailhouse("cell shutdown rtos")
    root.jailhouse("cell destroy rtos")
    root.create()
    mark = root.console.mark()
    root.start()
    root.inmate_says("demo: on the link", mark)
    talk(root)


def test_nobody_there(root):
    """Without a peer the program ends with an explanation, not by hanging."""
    result = root.run("timeout 100 ivshmem-demo", timeout=200)
    assert result.status not in (0, 124), repr(result)
    assert result.lines, "no explanation"


def test_state_goes_to_zero_with_its_peer(root):
    root.create()
    mark = root.console.mark()
    root.start()
    root.inmate_says("demo: on the link", mark)
    before = interrupts(root)
    root.check("(timeout 300 ivshmem-demo --watch >/tmp/watch 2>&1) </dev/null >/dev/null 2>&1 &")
    root.check("for i in $(seq 60); do grep -q 'state' /tmp/watch && exit 0; sleep 1; done; exit 1")
    root.jailhouse("cell destroy rtos")
    root.check("for i in $(seq 60); do grep -qE 'peer 1.* 0$' /tmp/watch && exit 0; sleep 1; done; cat /tmp/watch; exit 1")
    assert interrupts(root) > before
    root.run("killall ivshmem-demo")
    assert re.search("peer 1", root.check("cat /tmp/watch"))
