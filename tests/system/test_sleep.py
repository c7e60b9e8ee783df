# SPDX-License-Identifier: BSD-2-Clause
"""Linux goes to sleep as root cell: where its memory stays what it is, it may."""
from conftest import SYSTEM

REFUSED = "cannot hibernate, or come back from there, with the hypervisor below: disable it first"


def test_hibernation_is_refused(root):
    root.create()
    root.start_demo()
    mark = root.console.mark()
    result = root.run("echo disk >/sys/power/state")
    assert not result.ok and "busy" in result.output, result
    root.check(f"dmesg | grep -q '{REFUSED}'")
    root.check("ivshmem-demo", timeout=300)
    assert root.cells()["rtos"][1] == "running" and root.online() == "0-2"
    assert "Freezing user space" not in root.console.text(mark)
    root.check("dmesg -c >/dev/null")


def test_suspend_is_not(root):
    """As far as a test goes from which nobody has to wake it."""
    root.create()
    root.start_demo()
    root.check("echo devices >/sys/power/pm_test && echo freeze >/sys/power/state")
    root.check("echo none >/sys/power/pm_test")
    root.check("ivshmem-demo", timeout=300)
    assert root.online() == "0-2"


def test_linux_alone_may_try(root):
    """It has nowhere to write its image, but the driver has nothing against it; and is as before."""
    root.jailhouse("disable")
    root.check("dmesg -c >/dev/null; echo disk >/sys/power/state 2>/dev/null; true")
    root.check(f"dmesg | grep -q 'Freezing user space' && ! dmesg | grep '{REFUSED}'")
    root.check("dmesg -c >/dev/null")
    root.jailhouse(f"enable {SYSTEM}")
