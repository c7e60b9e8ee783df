# SPDX-License-Identifier: BSD-2-Clause
"""Boot loaders: U-Boot, EFI firmware with and without GRUB, and what the boot protocol of arm64 Linux leaves open."""
import os
import subprocess
from pathlib import Path

from direct import BASE, BUILD, DEMO_BUNDLE, Bundle, board_text, cell_text, system_text
from test_boot import demo_runs
from test_refused import says_early

EDK2 = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
GRUB = Path(os.environ.get("BULKHEAD_CACHE", "/var/cache/bulkhead")) / "loaders/grubaa64.efi"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
MMU_ON = BUILD / "direct/mmu_on.bin"
LOADER_AT = 0x48000000
PROMPT = "^=> "


def fat_image(path, files):
    """A disk without partitions. files: name in it -> path."""
    subprocess.run(["mkfs.vfat", "-C", str(path), "16384"], check=True, stdout=subprocess.DEVNULL)
    for name, file in files.items():
        *directories, _ = name.split("/")
        for depth in range(len(directories)):
            # it may be there already
            subprocess.run(["mmd", "-D", "s", "-i", str(path), "::" + "/".join(directories[:depth + 1])],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


def start_uboot(bench, file=DEMO_BUNDLE, **options):
    """U-Boot and a disk with a bundle, already loaded."""
    image = fat_image(bench.directory / "disk.img", {"demo.bundle": file})
    uboot = UBoot(bench.boot(extra=["-bios", UBOOT, *disk(image)], **options))
    assert f"{file.stat().st_size} bytes read" in uboot.run("load virtio 0 ${kernel_addr_r} demo.bundle")
    return uboot


def test_uboot(bench):
    """It wants a device tree, and says so."""
    uboot = start_uboot(bench)
    assert "Could not find a valid device tree" in uboot.run("booti ${kernel_addr_r} - 0")
    # it has been moved already, within itself
    uboot.run("load virtio 0 ${kernel_addr_r} demo.bundle")
    uboot.type("booti ${kernel_addr_r} - ${fdtcontroladdr}")
    uboot.machine.says(f"^Moving Image from 0x[0-9a-f]+ to {BASE:#x}, ", uboot.mark)
    demo_runs(uboot.machine)


# --- EFI

def test_efi(bench):
    """Without a boot loader."""
    image = fat_image(bench.directory / "disk.img", {"EFI/BOOT/BOOTAA64.EFI": DEMO_BUNDLE})
    demo_runs(bench.boot(extra=["-bios", EDK2, *disk(image)]))


def test_efi_grub(bench):
    commands = bench.directory / "grub.cfg"
    commands.write_text("linux /demo.bundle\nboot\n")
    image = fat_image(bench.directory / "disk.img", {
        "EFI/BOOT/BOOTAA64.EFI": GRUB, "EFI/debian/grub.cfg": commands, "demo.bundle": DEMO_BUNDLE})
    machine = bench.boot(extra=["-bios", EDK2, *disk(image)])
    demo_runs(machine)
    assert "Welcome to GRUB!" in machine.console.text()


def test_efi_uboot(bench):
    uboot = start_uboot(bench)
    uboot.type("bootefi ${kernel_addr_r}")
    demo_runs(uboot.machine)


def efi_refuses(uboot, text):
    """One line; firmware goes on."""
    said = uboot.run("bootefi ${kernel_addr_r}")
    assert [line for line in said.splitlines() if "Bulkhead" in line] == [f"Bulkhead: {text}"]
    assert "Application failed" in said
    assert "U-Boot" in uboot.run("version")


def test_efi_at_el1(bench):
    efi_refuses(start_uboot(bench, machine="virt,gic-version=3"), "firmware does not run at EL2: switch virtualization on "
                "there (QEMU: virtualization=on)")


def test_efi_without_the_memory(bench):
    bench.board(board_text(dram="{ at: 0x80000000, size: 1 GiB }", pool="{ at: 0xa0000000, size: 64 MiB }"))
    bundle = bench.make(system_text(cell_text("a", [1], "ring-demo"), board="other", at=0x80200000))
    efi_refuses(start_uboot(bench, bundle), "memory [0x80200000, 0x80600000) cannot be used: 0x80200000 is no "
                "RAM: correct the board")


def test_efi_without_memory_of_a_cell(bench):
    """The machine has less than the board says."""
    cell = cell_text("a", [1], "ring-demo").replace("ram: { at: 0x0, size: 2 MiB }",
                                                    "ram: { at: 0x0, host: 0x7ff00000, size: 2 MiB }")
    bench.board(board_text(dram="{ at: 0x40000000, size: 2 GiB }"))
    bundle = bench.make(system_text(cell, board="other"))
    efi_refuses(start_uboot(bench, bundle), "memory [0x7ff00000, 0x80100000) cannot be used: 0x80000000 is no RAM: correct "
                "the board")


# --- what the boot protocol says

def start(bench, address, *loads):
    """loads: (path, address)"""
    return bench.boot(extra=[
        *(word for file, place in loads for word in ("-device", f"loader,file={file},addr={place:#x},force-raw=on")),
        "-device", f"loader,addr={address:#x},cpu-num=0"])


def test_memory_behind_the_bundle(bench):
    """Only the file has a content that is known; there is no device tree."""
    boot = Bundle(DEMO_BUNDLE.read_bytes()).header.boot
    memory = bench.directory / "memory"
    memory.write_bytes(DEMO_BUNDLE.read_bytes()[:boot.pool_offset].ljust(boot.memory_size, b"\xa5"))
    demo_runs(start(bench, BASE, (memory, BASE)))


def test_entered_with_the_mmu_on(bench):
    machine = start(bench, LOADER_AT, (DEMO_BUNDLE, BASE), (MMU_ON, LOADER_AT))
    says_early(machine, "entered with the MMU on, the boot protocol says off: start it as a kernel")
