# SPDX-License-Identifier: BSD-2-Clause
"""Memory of Linux that becomes a cell's, and a cell's that becomes another one's, has nothing in it."""
from cellfile import abi

FIRST, LAST = 0x100000, 0x200000	# guest addresses behind the program
WORDS = (LAST - FIRST) // 4


def scan(root):
    """(canaries, other words) in the RAM of the cell, which leaves canaries there."""
    mark = root.console.mark()
    root.jailhouse(f"cell load rtos /inmates/scan.bin -s \"from={FIRST:#x} to={LAST:#x}\" -a 0x1000")
    root.jailhouse("cell start rtos")
    match = root.inmate_says(r"scan: (\d+) words are the canary, (\d+) others are not 0", mark)
    return int(match.group(1)), int(match.group(2))


def fill_free_memory(root):
    """Most of what Linux has free gets the canary, and is free again."""
    root.check("mkdir -p /tmp/fill && mount -t tmpfs -o size=70% none /tmp/fill; "
               "tr '\\0' '\\305' </dev/zero | dd of=/tmp/canary bs=1M count=1 iflag=fullblock 2>/dev/null; "
               "while cat /tmp/canary; do :; done >/tmp/fill/canary 2>/dev/null; sync; "
               "[ $(stat -c %s /tmp/fill/canary) -gt 100000000 ]; umount /tmp/fill", 300)


def test_linux_to_cell(machine):
    # blocks that were taken once have no pages that cannot move (claim.c); others may, when Linux runs short of memory
    machine.enable()
    machine.jailhouse("disable")
    machine.run("rmmod uio_ivshmem jailhouse")	# what it has taken is Linux's again
    fill_free_memory(machine)
    machine.enable()
    machine.create()
    assert scan(machine) == (0, 0)


def test_cell_to_cell(root):
    root.create()
    assert scan(root) == (0, 0)
    assert scan(root) == (WORDS, 0)		# a restart is no other owner
    root.jailhouse("cell destroy rtos")
    root.create()
    assert scan(root) == (0, 0)


def test_keep(root, rtos_config):
    def keep(config):
        for region in config.memory_regions:
            if region.flags & abi.CFG_MEM_LOADABLE:
                region.flags |= abi.CFG_MEM_KEEP
    path = root.push_config("keep", rtos_config.changed(keep).bytes())
    root.create(path)
    scan(root)
    root.jailhouse("cell destroy rtos")
    root.create(path)
    assert scan(root) == (WORDS, 0)
    # and the next one, which does not keep, finds nothing
    root.jailhouse("cell destroy rtos")
    root.create()
    assert scan(root) == (0, 0)
