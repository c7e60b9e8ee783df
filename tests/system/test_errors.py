# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one line that says who, what and why; the errno of the ABI; and the system as it was before."""
import os

import pytest

from cellfile import abi
from conftest import INMATE, RTOS, SYSTEM

INVALID = "Invalid argument"
BUSY = "Device or resource busy"
CREATE, LOAD, START = "JAILHOUSE_CELL_CREATE", "JAILHOUSE_CELL_LOAD", "JAILHOUSE_CELL_START"
DESTROY, ENABLE, DISABLE = "JAILHOUSE_CELL_DESTROY", "JAILHOUSE_ENABLE", "JAILHOUSE_DISABLE"


@pytest.fixture
def unchanged(root):
    """The root cell; the test must leave everything as it is."""
    before = root.snapshot()
    yield root
    if root.guest.alive:
        assert root.snapshot() == before
        root.all_cpus_work()


def other_architecture(config):
    config.header.architecture = abi.CFG_ARCH_X86


def other_revision(config):
    config.header.revision = 13


def other_signature(config):
    config.header.signature = b"JHXYZ"


def root_cpu(config):
    config.set_cpus([0, 1, 2, 3])


def absent_cpu(config):
    config.set_cpus([3, 9])


def no_cpu(config):
    config.set_cpus([])


def irqchip_out_of_range(config):
    config.irqchips[0].pin_base = 1000


def many_regions(config):
    config.cell.num_memory_regions = 0x10000000


def region_beyond_everything(config):
    config.memory_regions.append(abi.Memory(0xfffffffffffff000, 0xfffffffffffff000, 0x2000, 3))


def device_in_memory_of_linux(config):
    """Nobody would take it from Linux, which goes on using it until it is gone."""
    config.memory_regions.append(abi.Memory(0x50000000, 0x50000000, 0x1000,
                                            abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_IO))


def physical_pci_function(config):
    config.pci_devices.append(abi.PciDevice(type=abi.CFG_PCI_DEVICE))


def root_name(config):
    config.cell.name = b"qemu-arm64"


def sections_beyond_the_regions(config):
    device = next(d for d in config.pci_devices if d.type == abi.CFG_PCI_IVSHMEM)
    device.shmem_regions_start = len(config.memory_regions) + 3


def other_sections(config):
    device = next(d for d in config.pci_devices if d.type == abi.CFG_PCI_IVSHMEM)
    config.memory_regions[device.shmem_regions_start + 1].size += 0x1000


@pytest.mark.parametrize("change, error, words", [
    (other_architecture, INVALID, ["architecture"]),
    (other_revision, INVALID, ["revision", "13"]),
    (other_signature, INVALID, ["JHCLL"]),
    (root_cpu, BUSY, ["CPU"]),
    (absent_cpu, BUSY, ["CPU", "9"]),
    (irqchip_out_of_range, INVALID, ["1000"]),
    (region_beyond_everything, INVALID, ["memory"]),
    (no_cpu, INVALID, ["CPU"]),
    (device_in_memory_of_linux, INVALID, ["region", "device"]),
    (physical_pci_function, INVALID, ["physical"]),
    (root_name, "File exists", ["qemu-arm64"]),
    (sections_beyond_the_regions, INVALID, ["ivshmem"]),
    (other_sections, INVALID, ["ivshmem"]),
], ids=lambda value: getattr(value, "__name__", None))
def test_create_refused(unchanged, rtos_config, change, error, words):
    path = unchanged.push_config("bad", rtos_config.changed(change).bytes())
    unchanged.refused(f"jailhouse cell create {path}", CREATE, error, *words)


def test_create_with_counts_beyond_the_file(unchanged, rtos_config):
    path = unchanged.push_config("bad", rtos_config.changed(many_regions).bytes(fix_counts=False))
    unchanged.refused(f"jailhouse cell create {path}", CREATE, INVALID, "bytes")


@pytest.mark.parametrize("size", [0, 1, 7, 131, 132, -1])
def test_create_truncated(unchanged, rtos_config, size):
    data = rtos_config.bytes()
    path = unchanged.push_config("short", data[:size])
    unchanged.refused(f"jailhouse cell create {path}", CREATE, INVALID)


@pytest.mark.parametrize("seed", range(3))
def test_create_garbage(unchanged, seed):
    path = unchanged.push_config("garbage", bytes((seed * 37 + i * i * 7) % 256 for i in range(3000)))
    unchanged.refused(f"jailhouse cell create {path}", CREATE, INVALID, "JHCLL")


def test_create_from_a_system_configuration(unchanged):
    unchanged.refused(f"jailhouse cell create {SYSTEM}", CREATE, INVALID, "JHCLL")


def test_create_in_hypervisor_memory(unchanged, rtos_config):
    lines = [line for line in unchanged.check("cat /proc/iomem").splitlines() if "Jailhouse hypervisor" in line]
    assert len(lines) == 1, "the hypervisor's memory is not in /proc/iomem"
    start = int(lines[0].split("-")[0].strip(), 16)

    def change(config):
        config.memory_regions.append(abi.Memory(start, 0x10000000, 0x1000, abi.CFG_MEM_READ | abi.CFG_MEM_WRITE))
    path = unchanged.push_config("bad", rtos_config.changed(change).bytes())
    unchanged.refused(f"jailhouse cell create {path}", CREATE, INVALID, "hypervisor")


def test_create_missing_file(unchanged):
    result = unchanged.run("jailhouse cell create /nowhere.cell")
    assert (result.status, result.lines) == (1, ["opening /nowhere.cell: No such file or directory"])


def test_create_twice(root):
    root.create()
    before = root.snapshot()
    root.refused(f"jailhouse cell create {RTOS}", CREATE, "File exists", "rtos")
    assert root.snapshot() == before


def test_create_on_a_cpu_of_another_cell(root, rtos_config):
    def rename(config):
        config.cell.name = b"second"
    root.create()
    before = root.snapshot()
    path = root.push_config("second", rtos_config.changed(rename).bytes())
    root.refused(f"jailhouse cell create {path}", CREATE, BUSY, "second", "3")
    assert root.snapshot() == before


@pytest.mark.parametrize("command, prefix", [
    (f"load nobody {INMATE}", LOAD), ("start nobody", START), ("destroy nobody", DESTROY), ("shutdown nobody", LOAD),
    ("start 77", START)])
def test_unknown_cell(unchanged, command, prefix):
    name = command.split()[1]
    unchanged.refused(f"jailhouse cell {command}", prefix, "No such file or directory", name)


@pytest.mark.parametrize("command, prefix", [
    (f"load 0 {INMATE}", LOAD), ("start 0", START), ("destroy 0", DESTROY), ("shutdown 0", LOAD)])
def test_root_cell_is_not_for_this(unchanged, command, prefix):
    unchanged.refused(f"jailhouse cell {command}", prefix, INVALID, "root")


@pytest.mark.parametrize("address", ["0x80000000", "0x7fffffffffffffff", "0x9000000"])
def test_load_outside_loadable_memory(root, address):
    root.create()
    before = root.snapshot()
    root.refused(f"jailhouse cell load rtos {INMATE} -a {address}", LOAD, INVALID, "rtos")
    assert root.snapshot() == before


def test_load_an_image_that_reaches_beyond(root, rtos_config):
    ram = next(r for r in rtos_config.memory_regions if r.flags & abi.CFG_MEM_LOADABLE)
    root.create()
    root.push("/tmp/image", os.urandom(8192))
    before = root.snapshot()
    root.refused(f"jailhouse cell load rtos /tmp/image -a {ram.virt_start + ram.size - 4096:#x}", LOAD, INVALID, "rtos")
    assert root.snapshot() == before


def test_start_before_load(root):
    root.create()
    before = root.snapshot()
    root.refused("jailhouse cell start rtos", START, INVALID, "rtos", "load")
    root.jailhouse("cell shutdown rtos")    # a load, but of nothing
    root.refused("jailhouse cell start rtos", START, INVALID, "rtos", "load")
    assert root.snapshot() == before
    root.all_cpus_work()
    root.start_demo()


def test_load_missing_image(root):
    root.create()
    before = root.snapshot()
    result = root.run("jailhouse cell load rtos /nowhere.bin")
    assert (result.status, result.lines) == (1, ["opening /nowhere.bin: No such file or directory"])
    assert root.snapshot() == before


def test_enable_twice(unchanged):
    unchanged.refused(f"jailhouse enable {SYSTEM}", ENABLE, BUSY, "enabled")


@pytest.mark.parametrize("command, prefix", [
    ("disable", DISABLE), (f"cell create {RTOS}", CREATE), (f"cell load rtos {INMATE}", LOAD),
    ("cell start rtos", START), ("cell destroy rtos", DESTROY), ("cell shutdown rtos", LOAD)])
def test_not_enabled(machine, command, prefix):
    before = machine.snapshot()
    machine.refused(f"jailhouse {command}", prefix, INVALID, "not enabled")
    assert machine.snapshot() == before


def test_unknown_ioctl(unchanged):
    assert unchanged.check("bh-probe ioctl 0x4711").strip() == "errno=EINVAL"
    assert unchanged.check("bh-probe ioctl 0x40040000").strip() == "errno=EINVAL"


def test_create_structure_with_wrong_sizes(unchanged):
    for size in (0, 131, 0xffffffff):
        assert unchanged.check(f"bh-probe ioctl 0x40100002 {RTOS} {size}").strip() in (
            "errno=EINVAL", "errno=ENOMEM", "errno=E2BIG", "errno=EFAULT")


def test_locked_cell_refuses_shutdown_and_disable(root):
    """A cell that denies the shutdown request stays; the root cell is told so."""
    root.create()
    mark = root.console.mark()
    root.jailhouse(f"cell load rtos {INMATE} -s 'deny=2' -a 0x1000")
    root.jailhouse("cell start rtos")
    root.inmate_says("demo: on the link", mark)
    root.refused("jailhouse cell shutdown rtos", LOAD, "Operation not permitted", "rtos")
    assert root.cells()["rtos"][1] == "running"
    root.refused("jailhouse disable", DISABLE, "Operation not permitted", "rtos")
    assert root.enabled() and root.cells()["rtos"][1] == "running"
    root.jailhouse("cell shutdown rtos")
    assert root.cells()["rtos"][1] == "shut down"
