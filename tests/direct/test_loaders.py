# SPDX-License-Identifier: BSD-2-Clause
"""Boot loaders: U-Boot, and one that leaves everything as bad as the boot protocol allows."""
import subprocess

import pytest

from direct import BASE, BUILD, DEMO_BUNDLE, Bundle
from test_boot import demo_runs
from test_refused import says_early

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
BOOT_LOADER = BUILD / "direct/boot_loader.bin"
LOADER_AT = 0x48000000
GICD_ISENABLER, GICR_ISENABLER = 0x08000100, 0x080b0100
PROMPT = "^=> "


def fat_image(path, files):
    """A disk without partitions. files: name in it -> path."""
    subprocess.run(["mkfs.vfat", "-C", str(path), "16384"], check=True, stdout=subprocess.DEVNULL)
    for name, file in files.items():
        for directory in [name[:end] for end, char in enumerate(name) if char == "/" and end]:
            subprocess.run(["mmd", "-i", str(path), f"::{directory}"], check=True)
        subprocess.run(["mcopy", "-i", str(path), str(file), f"::{name}"], check=True)
    return path


def disk(path):
    return ["-drive", f"file={path},if=none,id=disk,format=raw", "-device", "virtio-blk-device,drive=disk"]


class UBoot:
    """Its prompt."""

    def __init__(self, machine):
        self.machine = machine
        machine.says("Hit any key to stop autoboot")
        machine.console.write(" ")
        machine.says(PROMPT)

    def type(self, line):
        self.mark = self.machine.console.mark()
        self.machine.console.write(line + "\n")

    def run(self, line):
        """What it says."""
        self.type(line)
        end = self.machine.says(PROMPT, self.mark)
        return self.machine.console.text(self.mark)[:end.start()]


@pytest.fixture
def uboot(bench):
    """U-Boot and a disk with the demo."""
    image = fat_image(bench.directory / "disk.img", {"demo.bundle": DEMO_BUNDLE})
    return UBoot(bench.boot(extra=["-bios", UBOOT, *disk(image)]))


def test_uboot(uboot):
    """It wants a device tree, and says so."""
    size = DEMO_BUNDLE.stat().st_size
    assert f"{size} bytes read" in uboot.run("load virtio 0 ${kernel_addr_r} demo.bundle")
    assert "Could not find a valid device tree" in uboot.run("booti ${kernel_addr_r} - 0")
    # it has been moved already, within itself
    uboot.run("load virtio 0 ${kernel_addr_r} demo.bundle")
    uboot.type("booti ${kernel_addr_r} - ${fdtcontroladdr}")
    uboot.machine.says(f"^Moving Image from 0x[0-9a-f]+ to {BASE:#x}, ", uboot.mark)
    demo_runs(uboot.machine)


def start_boot_loader(bench, offset=0, files=(), **options):
    """files: (path, address)"""
    loads = [(DEMO_BUNDLE, BASE), (BOOT_LOADER, LOADER_AT), *files]
    return bench.boot(extra=[
        *(word for file, address in loads
          for word in ("-device", f"loader,file={file},addr={address:#x},force-raw=on")),
        "-device", f"loader,addr={LOADER_AT + offset:#x},cpu-num=0"], **options)


@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_what_the_protocol_allows(bench, cpu):
    """Byte order, layout of registers, interrupts, registers of EL1 and EL2, memory behind the file, no device tree."""
    boot = Bundle(DEMO_BUNDLE.read_bytes()).header.boot
    behind = bench.directory / "behind"
    behind.write_bytes(b"\xa5" * (boot.memory_size - boot.pool_offset))
    machine = start_boot_loader(bench, files=[(behind, BASE + boot.pool_offset)], cpu=cpu)
    demo_runs(machine)
    # what the boot loader has switched on: SPIs 32-63, and interrupts of CPU 0 but the hypervisor's two
    assert machine.word(GICD_ISENABLER + 4) == 0
    assert bin(machine.word(GICR_ISENABLER)).count("1") == 2


def test_entered_with_the_mmu_on(bench):
    says_early(start_boot_loader(bench, offset=4), "entered with the MMU on, the boot protocol says off: start it as a kernel")
