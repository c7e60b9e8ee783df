# SPDX-License-Identifier: BSD-2-Clause
"""Things that the root Linux may do by accident: none of them costs it a CPU, or anybody anything else."""
import re

import pytest

from conftest import SYSFS, SYSTEM


def link_device(machine):
    """sysfs directory of the root cell's end of the link."""
    found = machine.check("grep -l 0x4106 /sys/bus/pci/devices/*/device").split()
    assert len(found) == 1, found
    return found[0].rsplit("/", 1)[0]


def uio_maps(machine):
    """name -> (index, size)"""
    maps = {}
    for path in machine.check("ls -d /sys/class/uio/uio0/maps/*").split():
        name, size = (machine.check(f"cat {path}/{file}").strip() for file in ("name", "size"))
        maps[name] = (int(path.rsplit("map", 1)[1]), int(size, 0))
    return maps


def test_device_as_linux_sees_it(root):
    device = link_device(root)
    config = root.guest.pull(f"{device}/config")
    assert config[0:4] == bytes.fromhex("0a110641")
    assert config[0x0b] == 0xff
    assert config[6] & 0x10, "capability list"
    capability = config[0x34]
    assert config[capability] == 9 and config[capability + 2] == 0x20


def test_write_to_the_state_table(root):
    index, _ = next(value for name, value in uio_maps(root).items() if "state" in name.lower())
    result = root.check(f"bh-probe poke /dev/uio0 {index} 0 0x5a").strip()
    assert re.search(r"signal=(BUS|SEGV)|errno=(EACCES|EPERM|EFAULT)", result), result
    root.all_cpus_work()
    assert root.cells()["qemu-arm64"][1] == "running"


@pytest.mark.parametrize("offset", [0, 1, 2, 8, 9, 0x0a, 0x0b, 0x0e, 0x2c, 0x34])
def test_byte_write_to_read_only_register(root, offset):
    device = link_device(root)
    before = root.guest.pull(f"{device}/config")
    root.run(f"printf '\\125' | dd of={device}/config bs=1 seek={offset} count=1 conv=notrunc 2>/dev/null")
    assert root.guest.pull(f"{device}/config") == before
    root.all_cpus_work()


def test_byte_and_halfword_reads_are_masked(root):
    device = link_device(root)
    for offset, width, value in ((0, 1, "0a"), (1, 1, "11"), (2, 1, "06"), (3, 1, "41"), (0, 2, "0a11"), (2, 2, "0641")):
        assert root.check(f"dd if={device}/config bs={width} skip={offset // width} count=1 2>/dev/null | "
                          "od -An -tx1 | tr -d ' \\n'") == value


def test_pair_load_from_the_registers(root):
    """Two registers with one instruction, which the hardware does not describe to the hypervisor."""
    index, _ = uio_maps(root)["registers"]
    assert root.check(f"ldp-probe 0 {index} 0 ldp").strip() == "ldp: 0x0 0x2 base +0"
    assert root.check(f"ldp-probe 0 {index} 0 ldr-post").strip() == "ldr-post: 0x0 0x0 base +4"
    root.all_cpus_work()


@pytest.mark.parametrize("name", ["ldr-s", "ldr-d", "ldr-q", "ldp-s", "ldar", "stp", "stp-x", "str-post", "str-q", "stlr"])
def test_odd_access_to_the_registers(root, name):
    """Done, or a signal for the program: never a lost CPU."""
    index, _ = uio_maps(root)["registers"]
    result = root.run(f"ldp-probe 0 {index} 0 {name}")
    assert result.status in (0, 3), repr(result)
    root.all_cpus_work()
    assert root.online() == "0-3" and root.cells()["qemu-arm64"][1] == "running"


def test_kvm_guest_while_enabled(root):
    """KVM finds its EL2 taken: an error, or nothing at all, but never a lost CPU."""
    root.check("timeout 60 bh-probe kvm-create || [ $? != 124 ]")
    root.forget_kvm_warnings()
    root.all_cpus_work()
    assert root.online() == "0-3"


def test_kvm_works_again_after_disable(machine):
    machine.jailhouse(f"enable {SYSTEM}")
    machine.run("timeout 60 bh-probe kvm-create")
    machine.forget_kvm_warnings()
    machine.jailhouse("disable")
    assert machine.check("timeout 60 bh-probe kvm-create").startswith("ok"), "KVM does not work after disable"
    machine.all_cpus_work()


def test_statistics_count(root):
    path = f"{SYSFS}/cells/0/statistics"
    before = int(root.check(f"cat {path}/vmexits_total"))
    root.jailhouse("cell list")
    after = int(root.check(f"cat {path}/vmexits_total"))
    assert after > before
    names = root.check(f"ls {path} {path}/cpu0").split()
    for name in ("vmexits_mmio", "vmexits_management", "vmexits_hypercall", "vmexits_maintenance", "vmexits_virt_irq",
                 "vmexits_virt_sgi", "vmexits_psci", "vmexits_smccc"):
        assert names.count(name) == 2


class TestPhysicalAccess:
    """Accesses that only a kernel bug, or /dev/mem on a relaxed kernel, makes."""

    @pytest.fixture
    def relaxed(self, fleet):
        machine = fleet.get(cmdline="iomem=relaxed")
        machine.load_modules()
        if not machine.enabled():
            machine.enable()
        yield machine
        if machine.guest.alive:
            machine.all_cpus_work()

    @pytest.fixture
    def ecam(self, system_config):
        return system_config.header.pci_mmconfig_base

    @pytest.mark.parametrize("width", [1, 2, 4])
    @pytest.mark.parametrize("function", [1, 8, 0x80, 0xff])
    def test_absent_function(self, relaxed, ecam, function, width):
        address = ecam + function * 0x1000
        ones = (1 << 8 * width) - 1
        assert relaxed.check(f"bh-probe mem read {width} {address:#x}").strip() == f"ok {ones:#x}"
        assert relaxed.check(f"bh-probe mem write {width} {address:#x} 0").strip() == "ok"
        assert relaxed.check(f"bh-probe mem read {width} {address:#x}").strip() == f"ok {ones:#x}"

    def test_hypervisor_memory_reads_as_zeros(self, relaxed):
        line = next(line for line in relaxed.check("cat /proc/iomem").splitlines() if "Jailhouse hypervisor" in line)
        start, end = (int(part, 16) for part in line.split(":")[0].strip().split("-"))
        for address in (start, (start + end) // 2 & ~0xfff, end - 0xfff):
            result = relaxed.check(f"bh-probe mem read 4 {address:#x}").strip()
            # memory that Linux knows as RAM is not for /dev/mem at all
            assert result in ("ok 0x0", "mmap errno=EPERM"), result
