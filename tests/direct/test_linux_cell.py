# SPDX-License-Identifier: BSD-2-Clause
"""A Linux with two CPUs, started by the bundle in a cell of its own: no Linux is the root cell. Its peer is bare
metal, and silent: what both say at once would be mixed. Memory tells what it has seen."""
import os
import re
import time
from pathlib import Path

from elftools.elf.elffile import ELFFile

from direct import BUILD, INMATES, TIMEOUT

KERNEL = Path(os.environ.get("BULKHEAD_CACHE", "/var/cache/bulkhead")) / "arm64/Image"
INITRD = BUILD / "linux-cells/initrd.cpio.gz"
BOOT_TIMEOUT = 600
PEER_RAM = 0x60000000		# of rtos
SYSTEM = f"""system: test
board: qemu-arm64
boot: direct
hypervisor:
  memory: {{ at: 0x40200000, size: 64 MiB }}
  console: uart0
cells:
  rtos:
    cpus: [1]
    memory:
      ram: {{ at: 0x0, size: 2 MiB }}
    communication-region: 0x80000000
    images: [{{ file: {INMATES}/ivshmem-demo.bin }}]
  second:
    cpus: [2, 3]
    memory:
      ram: {{ at: 0x0, host: 0x50000000, size: 112 MiB }}
    shared-devices: [uart0]
    linux:
      kernel: {KERNEL}
      initrd: {INITRD}
      command-line: earlycon keep_bootcon nowatchdog cma=0
links:
  demo: {{ peers: [rtos, second], shared: 36 KiB, output: 8 KiB }}
"""


def says(machine, pattern):
    match = machine.console.wait(rf"{pattern}|Kernel panic", 0, BOOT_TIMEOUT)
    assert match and match[0] != "Kernel panic", f"nobody said '{pattern}'; serial line:\n{machine.console.tail(60)}"
    return match


def test_linux_beside_bare_metal(bench):
    machine = bench.boot(bench.make(SYSTEM))
    says(machine, r"^2 cells run, ")
    says(machine, r"psci: PSCIv1\.1 detected")
    says(machine, r"smp: Brought up 1 node, 2 CPUs")
    cpus, memory = says(machine, r"second: CPUs (\S+), (\d+) kB").groups()
    assert cpus == "0-1" and 75 << 10 < int(memory) < 112 << 10
    says(machine, re.escape("second: command line: earlycon keep_bootcon nowatchdog cma=0"))
    says(machine, r"second: PCI 0001:00:00\.0 0x110a 0x4106 0xff0000$")
    says(machine, r"second: uio0: ID ok 0x1, peers ok 0x2$")
    says(machine, r"second: link: state 1$")
    with open(INMATES / "ivshmem-demo.elf", "rb") as file:
        seen, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("seen_state")
    end = time.monotonic() + TIMEOUT
    while not machine.word(PEER_RAM + seen["st_value"] + 4):
        assert time.monotonic() < end, "the peer has not seen its State"
    assert "violation of boot protocol" not in machine.console.text()
