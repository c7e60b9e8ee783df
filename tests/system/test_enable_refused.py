# SPDX-License-Identifier: BSD-2-Clause
"""Enable that cannot work: Linux goes on unharmed, is told why, and a good enable works right after it."""
import ctypes

import pytest

from cellfile import abi
from conftest import SYSFS, SYSTEM, host_path

ENABLE = "JAILHOUSE_ENABLE"
INVALID = "Invalid argument"


def check_unharmed(machine, before):
    after = machine.snapshot()
    # the range of the attempt stays claimed, so that its log can be read
    before.pop("iomem")
    after.pop("iomem")
    assert after == before
    machine.all_cpus_work()


def too_few_cpus(config):
    config.set_cpus([0, 1])


def too_many_cpus(config):
    config.set_cpus([0, 1, 2, 3, 4])


def other_cpus(config):
    config.set_cpus([0, 1, 2, 5])


def no_cpus(config):
    config.set_cpus([])


def tiny_memory(config):
    config.header.hypervisor_memory.size = 0x4000


def little_memory(config):
    """Enough for the image and what belongs to it, but not for the page tables."""
    with open(host_path("/arm64/jailhouse.bin"), "rb") as file:
        image = abi.ImageHeader.from_buffer_copy(file.read(ctypes.sizeof(abi.ImageHeader)))
    config.header.hypervisor_memory.size = image.core_size + 4 * image.percpu_size + 0x3000


def unaligned_memory(config):
    config.header.hypervisor_memory.size += 1


def unaligned_address(config):
    """Only the driver can refuse it: the image would not run there."""
    config.header.hypervisor_memory.phys_start = 0x60000004


def nothing_at_address(config):
    """The driver would write there, which is a bus error."""
    config.header.hypervisor_memory.phys_start = 0x200000000


def nothing_behind_memory(config):
    config.header.hypervisor_memory.phys_start = 0x80000000


def clock_register_in_memory(config):
    config.header.debug_console.clock_reg = 0x60000000


def clock_register_of_nobody(config):
    """Between devices. The driver would read it, which is a bus error."""
    config.header.debug_console.clock_reg = 0x0b000000


def clock_register_of_nothing(config):
    """The root cell may do what it likes there, but nothing is there."""
    clock_register_of_nobody(config)
    config.memory_regions.append(abi.Memory(0x0b000000, 0x0b000000, 0x1000,
                                            abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_IO | abi.CFG_MEM_IO_32))


def link_beyond_memory(config):
    """Linux programs would use it, and the machine has none there."""
    device = next(device for device in config.pci_devices if device.type == abi.CFG_PCI_IVSHMEM)
    for region in config.memory_regions[device.shmem_regions_start:]:
        region.phys_start = region.virt_start = region.phys_start + 0x200000000


def gic_version(config):
    config.header.arch.arm.gic_version = 7


def one_cpu_refuses(config):
    """The redistributors seem to begin with the one of CPU 1, so that CPU 0, and nobody else, finds none."""
    config.header.arch.arm.gicr_base += 0x20000


def gic_not_there(config):
    config.header.arch.arm.gicr_base = 0x0b000000


def root_not_identity(config):
    config.memory_regions[0].virt_start += 0x1000


def pin_base(config):
    config.irqchips[0].pin_base = 33


@pytest.mark.parametrize("change, errors, words", [
    (too_few_cpus, [INVALID], ["CPU"]),
    (too_many_cpus, [INVALID], ["CPU"]),
    (other_cpus, [INVALID], ["CPU"]),
    (no_cpus, [INVALID], ["CPU"]),
    (tiny_memory, [INVALID, "Cannot allocate memory"], ["memory"]),
    (little_memory, [INVALID, "Cannot allocate memory"], ["memory"]),
    (unaligned_memory, [INVALID], ["hypervisor_memory", "multiple"]),
    (unaligned_address, [INVALID], ["hypervisor_memory", "0x60000004"]),
    (nothing_at_address, [INVALID], ["hypervisor_memory", "0x200000000", "no memory there"]),
    (nothing_behind_memory, [INVALID], ["hypervisor_memory", "0x80000000", "no memory there"]),
    (clock_register_in_memory, [INVALID], ["clock register", "0x60000000", "is memory"]),
    (clock_register_of_nobody, [INVALID], ["clock register", "0xb000000", "no device region"]),
    (clock_register_of_nothing, [INVALID], ["clock register", "0xb000000", "no device that linux knows"]),
    (link_beyond_memory, [INVALID], ["root cell", "shared memory", "no memory there"]),
    (root_not_identity, [INVALID], ["region 0"]),
    (gic_version, [INVALID], ["gic"]),
    (gic_not_there, ["No such device"], ["gicr_base"]),
    (pin_base, [INVALID], ["33"]),
    (one_cpu_refuses, ["No such device"], ["CPU 0", "redistributor"]),
], ids=lambda value: getattr(value, "__name__", None))
def test_bad_system_configuration(machine, system_config, change, errors, words):
    before = machine.snapshot()
    path = machine.push_config("bad", system_config.changed(change).bytes())
    result = machine.run(f"jailhouse enable {path}")
    assert result.status == 1 and len(result.lines) == 1, repr(result)
    assert any(result.lines[0].startswith(f"{ENABLE}: {error}: ") for error in errors), result.lines
    for word in words:
        assert word.lower() in result.lines[0].lower(), result.lines
    check_unharmed(machine, before)
    machine.jailhouse(f"enable {SYSTEM}")
    machine.jailhouse("disable")


def test_clock_register(machine, system_config):
    """One of a device: it sets what is set already, PL011's UARTIFLS, bit 1."""
    def change(config):
        config.header.debug_console.clock_reg = 0x09000034
        config.header.debug_console.gate_nr = 1
    machine.jailhouse(f"enable {machine.push_config('clock', system_config.changed(change).bytes())}")
    machine.jailhouse("disable")
    machine.all_cpus_work()


@pytest.mark.parametrize("field, value, word", [
    ("architecture", abi.CFG_ARCH_ARM, "architecture"), ("revision", 13, "revision"), ("signature", b"JHCLL", "JHSYS")])
def test_wrong_identification(machine, system_config, field, value, word):
    before = machine.snapshot()
    path = machine.push_config("bad", system_config.changed(lambda c: setattr(c.header, field, value)).bytes())
    machine.refused(f"jailhouse enable {path}", ENABLE, INVALID, word)
    check_unharmed(machine, before)


@pytest.mark.parametrize("size", [0, 4, 300, 487, -1])
def test_truncated(machine, system_config, size):
    before = machine.snapshot()
    path = machine.push_config("short", system_config.bytes()[:size])
    machine.refused(f"jailhouse enable {path}", ENABLE, INVALID, path, "bytes")
    check_unharmed(machine, before)


def test_garbage(machine):
    before = machine.snapshot()
    path = machine.push_config("garbage", bytes((i * i * 11 + 3) % 256 for i in range(4096)))
    machine.refused(f"jailhouse enable {path}", ENABLE, INVALID, "JHSYS")
    check_unharmed(machine, before)


@pytest.mark.parametrize("damage, error, words", [
    ("rm {}", "No such file or directory", ["jailhouse.bin"]),
    (": >{}", INVALID, ["jailhouse.bin"]),
    ("head -c 100 /dev/urandom >{}", INVALID, ["jailhouse.bin"]),
    ("printf XXXXXXXX | dd of={} bs=1 seek=64 conv=notrunc 2>/dev/null", INVALID, ["jailhouse.bin"]),
])
def test_hypervisor_image(machine, damage, error, words):
    image = "/lib/firmware/jailhouse.bin"
    machine.check(f"cp {image} /tmp/jailhouse.bin")
    before = machine.snapshot()
    try:
        machine.check(damage.format(image))
        result = machine.run(f"jailhouse enable {SYSTEM}")
        assert result.status == 1 and len(result.lines) == 1, repr(result)
        assert result.lines[0].startswith(f"{ENABLE}: {error}: "), result.lines
        for word in words:
            assert word in result.lines[0]
        check_unharmed(machine, before)
    finally:
        machine.check(f"cp /tmp/jailhouse.bin {image}")
    machine.jailhouse(f"enable {SYSTEM}")


def test_kvm_guest_open(machine):
    """The hyp stub is gone while KVM has a guest."""
    machine.check("mkfifo /tmp/kvm.out; (bh-probe kvm-hold >/tmp/kvm.out) </dev/null & read line </tmp/kvm.out; "
                  "echo $line | grep -q ok")
    before = machine.snapshot()
    try:
        result = machine.run(f"jailhouse enable {SYSTEM}")
        assert result.status == 1 and len(result.lines) == 1, repr(result)
        assert result.lines[0].startswith(f"{ENABLE}: ") and "kvm" in result.lines[0].lower(), result.lines
        check_unharmed(machine, before)
    finally:
        machine.check("killall bh-probe; rm -f /tmp/kvm.out")
    machine.jailhouse(f"enable {SYSTEM}")
    machine.jailhouse("disable")


def test_cpu_offline(machine):
    machine.check("echo 0 >/sys/devices/system/cpu/cpu1/online")
    before = machine.snapshot()
    result = machine.run(f"jailhouse enable {SYSTEM}")
    assert result.status == 1 and len(result.lines) == 1, repr(result)
    assert result.lines[0].startswith(f"{ENABLE}: {INVALID}: ") and "CPU" in result.lines[0], result.lines
    check_unharmed(machine, before)


@pytest.mark.parametrize("cmdline", ["", "kvm-arm.mode=none"])
def test_vhe_machine(fleet, cmdline):
    """Linux keeps EL2 to itself on such a CPU, also without KVM; the message says how to boot."""
    machine = fleet.get(cpu="max,pauth=off", cmdline=cmdline)
    machine.load_modules()
    before = machine.snapshot()
    result = machine.run(f"jailhouse enable {SYSTEM}")
    assert result.status == 1 and len(result.lines) == 1, repr(result)
    assert "kvm-arm.mode=nvhe" in result.lines[0], result.lines
    check_unharmed(machine, before)


def test_vhe_machine_booted_without_vhe(fleet):
    machine = fleet.get(cpu="max,pauth-impdef=on", cmdline="kvm-arm.mode=nvhe")
    machine.enable()
    machine.create()
    machine.start_demo()
    machine.jailhouse("cell destroy rtos")
    machine.jailhouse("disable")
    machine.all_cpus_work()
    assert machine.check(f"cat {SYSFS}/enabled").strip() == "0"


def test_protected_kvm(fleet):
    machine = fleet.get(cpu="max,pauth=off", cmdline="kvm-arm.mode=protected")
    machine.load_modules()
    before = machine.snapshot()
    result = machine.run(f"jailhouse enable {SYSTEM}")
    assert result.status == 1 and len(result.lines) == 1, repr(result)
    assert result.lines[0].startswith(f"{ENABLE}: ") and "kvm-arm.mode=protected" in result.lines[0], result.lines
    check_unharmed(machine, before)
