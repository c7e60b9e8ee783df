# SPDX-License-Identifier: BSD-2-Clause
"""Root Linux and a bare-metal cell on one link: State, sections, doorbells in both directions by interrupt."""
import pytest

from conftest import INMATE
from test_root_misbehaves import link_device, uio_maps


def interrupts(machine):
    return machine.guest.interrupts(link_device(machine))


def talk(machine):
    """The program checks data, State and answers; here is counted that it went by interrupt."""
    before = interrupts(machine)
    mark = machine.console.mark()
    machine.check("ivshmem-demo", timeout=300)
    machine.inmate_says("demo: peer 0: state 0 -> 1", mark)
    machine.inmate_says("demo: peer 0: state 1 -> 0", mark)
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
        root.start_demo()
        talk(root)
        root.jailhouse("cell shutdown rtos")
    root.jailhouse("cell destroy rtos")
    root.create()
    root.start_demo()
    talk(root)


def test_nobody_there(root):
    """Without a peer the program ends with an explanation, not by hanging."""
    result = root.run("timeout 100 ivshmem-demo --timeout 2", timeout=200)
    assert result.status not in (0, 124), repr(result)
    assert result.lines, "no explanation"


def wait_for(word):
    return f"for i in $(seq 600); do grep -q {word} /tmp/wait && exit 0; sleep 0.1; done; cat /tmp/wait; exit 1"


def begin_to_wait(machine, device="/dev/uio0"):
    """A program waits for the device's next interrupt: wait_for("interrupt"). What the last one said is gone before."""
    machine.check(f": >/tmp/wait; bh-probe uio-wait {device} </dev/null >>/tmp/wait 2>&1 & echo $! >/tmp/waiter")
    machine.check(wait_for("ready"))


def peer_state(machine, peer):
    index, _ = uio_maps(machine)["state_table"]
    return int(machine.check(f"bh-probe peek /dev/uio0 {index} {4 * peer}").split()[1], 0)


@pytest.mark.parametrize("how", ["cell shutdown rtos", "cell destroy rtos", f"cell load rtos {INMATE}"])
def test_state_goes_to_zero_with_its_peer_and_linux_is_told(root, how):
    root.create()
    root.start_demo()
    assert peer_state(root, 1) == 2
    before = interrupts(root)
    begin_to_wait(root)
    root.jailhouse(how)
    assert peer_state(root, 1) == 0
    root.check(wait_for("interrupt"))
    assert interrupts(root) > before
