#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes broken configurations out of good ones, one defect each.

usage: generate.py GOOD_DIR OUT_DIR

GOOD_DIR has qemu-arm64.cell and rtos.cell. OUT_DIR gets the files, and manifest.json with one entry per file:
  file      name in OUT_DIR
  command   "enable" or "create" (the latter in the good system)
  before    files that have to be created first, without error
  errno     names of acceptable errors; empty: it has to be accepted; with "0" in it, it may be
  defect    what is wrong
"""
import copy
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import abi, binary  # noqa: E402

MUTATIONS = []
SYSTEM, CELL = "qemu-arm64.cell", "rtos.cell"
SECOND = "second.cell"


def mutation(source, errno="EINVAL", before=(), command=None):
    """Registers a function that changes a parsed file in place, or takes and returns bytes ("raw_...")."""
    def register(function):
        MUTATIONS.append((function, source, errno.split(), list(before),
                          command or ("enable" if source == SYSTEM else "create")))
        return function
    return register


def both(errno="EINVAL"):
    def register(function):
        for source in (SYSTEM, CELL):
            mutation(source, errno)(function)
        return function
    return register


def link(parsed):
    return next(device for device in parsed.arrays["pci_devices"] if device.type == abi.CFG_PCI_IVSHMEM)


def ram(parsed):
    """The memory that the cell starts in; the largest one of the root cell."""
    regions = parsed.arrays["memory_regions"]
    loadable = [region for region in regions if region.flags & abi.CFG_MEM_LOADABLE]
    plain = [region for region in regions if not region.flags & (abi.CFG_MEM_IO | abi.CFG_MEM_COMM_REGION)]
    return (loadable or sorted(plain, key=lambda region: region.size))[-1]


def set_cpus(parsed, cpus, size=8):
    parsed.arrays["cpu_set"] = list(sum(1 << cpu for cpu in cpus).to_bytes(size, "little"))


# The file as such

@both()
def raw_empty(_content):
    """has no byte"""
    return b""


@both()
def raw_truncated_in_header(content):
    """ends inside its header"""
    return content[:100]


@both()
def raw_truncated_in_arrays(content):
    """ends inside its last element"""
    return content[:-1]


@both()
def raw_garbage(content):
    """is noise"""
    state, noise = 1, bytearray()
    while len(noise) < len(content):
        state = state * 1103515245 + 12345 & 0x7fffffff
        noise.append(state >> 16 & 0xff)
    return bytes(noise)


@both(errno="")
def raw_trailing_bytes(content):
    """is longer than its arrays, which is allowed"""
    return content + bytes(56)


@mutation(SYSTEM)
def raw_signature_of_cell(content):
    """has the signature of a cell configuration"""
    return abi.CFG_SIGNATURE_CELL + content[abi.CFG_SIGNATURE_LEN:]


@mutation(CELL)
def raw_signature_of_system(content):
    """has the signature of a system configuration"""
    return abi.CFG_SIGNATURE_SYSTEM + content[abi.CFG_SIGNATURE_LEN:]


@both()
def arch_x86(parsed):
    """is for x86"""
    (parsed.system or parsed.cell).architecture = abi.CFG_ARCH_X86


@both()
def arch_arm(parsed):
    """is for 32-bit Arm"""
    (parsed.system or parsed.cell).architecture = abi.CFG_ARCH_ARM


@both()
def arch_unknown(parsed):
    """is for an architecture that does not exist"""
    (parsed.system or parsed.cell).architecture = 0x7f


@both()
def revision_13(parsed):
    """has an older revision"""
    (parsed.system or parsed.cell).revision = abi.CFG_REVISION - 1


@both()
def revision_15(parsed):
    """has a newer revision"""
    (parsed.system or parsed.cell).revision = abi.CFG_REVISION + 1


# Counts: raw, because packing sets them right

def poke_count(content, field, value):
    parsed = binary.parse(content)
    setattr(parsed.cell, field, value)
    header = bytes(parsed.system or parsed.cell)
    return header + content[len(header):]


def count_mutations():
    for name, _, field in abi.ARRAYS:
        for label, value in (("all_ones", 0xffffffff), ("wraps", 0x80000000)):
            def change(content, field=field, value=value):
                return poke_count(content, field, value)
            change.__name__ = f"raw_count_{name}_{label}"
            change.__doc__ = f"{field} is {value:#x}"
            both("EINVAL E2BIG ENOMEM EFAULT")(change)


count_mutations()


@mutation(CELL, errno="EINVAL E2BIG")
def size_above_64k(parsed):
    """has more than 64 KiB of memory regions"""
    parsed.arrays["memory_regions"] += [abi.Memory()] * (abi.CFG_MAX_SIZE // 32)


@both("EINVAL E2BIG")
def cpu_set_too_large(parsed):
    """has a CPU set of more than 4096 bytes"""
    parsed.arrays["cpu_set"] += [0] * (abi.CFG_MAX_CPU_SET + 8 - len(parsed.arrays["cpu_set"]))


# CPUs

@both()
def cpu_none(parsed):
    """has no CPU"""
    set_cpus(parsed, [])


@mutation(CELL, errno="EBUSY EINVAL")
def cpu_absent(parsed):
    """wants a CPU that the root cell does not have"""
    set_cpus(parsed, [3, 7])


@mutation(CELL, errno="EBUSY EINVAL")
def cpu_far_away(parsed):
    """wants CPU 32767"""
    set_cpus(parsed, [32767], size=4096)


@mutation(CELL, errno="EBUSY EINVAL EPERM")
def cpu_all(parsed):
    """leaves the root cell no CPU"""
    set_cpus(parsed, [0, 1, 2, 3])


@mutation(SYSTEM)
def cpu_missing(parsed):
    """does not have CPU 3, which is online"""
    set_cpus(parsed, [0, 1, 2])


@mutation(SYSTEM)
def cpu_too_many(parsed):
    """has CPU 4, which does not exist"""
    set_cpus(parsed, [0, 1, 2, 3, 4])


# Names

@mutation(CELL, errno="EEXIST")
def name_of_root(parsed):
    """has the name of the root cell"""
    parsed.cell.name = b"qemu-arm64"


@mutation(CELL, errno="")
def raw_name_unterminated(content):
    """has a name of 32 characters, which loses the last one"""
    return content[:8] + b"n" * 32 + content[40:]


# Memory

@mutation(CELL)
def memory_wraps(parsed):
    """has memory that ends behind the last address"""
    ram(parsed).phys_start = 0xfffffffffffff000


@mutation(CELL)
def memory_guest_wraps(parsed):
    """has memory that ends behind the last guest address"""
    ram(parsed).virt_start = 0xfffffffffffff000


@mutation(CELL, errno="0 EINVAL")
def comm_region_two_pages(parsed):
    """has a communication region of two pages"""
    for region in parsed.arrays["memory_regions"]:
        if region.flags & abi.CFG_MEM_COMM_REGION:
            region.size *= 2


def add_stray(parsed, length, size=0, flags=abi.CFG_STRAY_IGNORE, start=0xfff0000000):
    parsed.arrays["memory_regions"].append(abi.Memory(length, start, size, flags))


@both()
def stray_two_actions(parsed):
    """has two actions for accesses to nothing"""
    parsed.cell.flags |= abi.CFG_STRAY_IGNORE | abi.CFG_STRAY_ABORT


@both()
def stray_with_rights(parsed):
    """has a range of accesses to nothing that may be written"""
    add_stray(parsed, 0x1000, flags=abi.CFG_STRAY_IGNORE | abi.CFG_MEM_WRITE)


@both()
def stray_with_memory(parsed):
    """has a range of accesses to nothing with memory behind it"""
    add_stray(parsed, 0xfff0000000, size=0x1000)


@both()
def stray_wraps(parsed):
    """has a range of accesses to nothing that ends behind the last address"""
    add_stray(parsed, 0xfffffffffffff000)


@both()
def stray_without_length(parsed):
    """has a range of accesses to nothing without length"""
    add_stray(parsed, 0)


def add_watchdog(parsed, period=100000, **more):
    parsed.arrays["memory_regions"].append(abi.Memory(phys_start=period, flags=abi.CFG_WATCHDOG, **more))


@mutation(CELL)
def watchdog_too_short(parsed):
    """has a watchdog with a period of 999 microseconds"""
    add_watchdog(parsed, 999)


@mutation(CELL)
def watchdog_too_long(parsed):
    """has a watchdog with a period whose ticks do not fit into 64 bits"""
    add_watchdog(parsed, 1 << 63)


@mutation(CELL)
def watchdog_with_memory(parsed):
    """has a watchdog with memory behind it"""
    add_watchdog(parsed, 0x50000000, size=0x1000)


@mutation(CELL)
def watchdog_twice(parsed):
    """has two watchdogs"""
    add_watchdog(parsed)
    add_watchdog(parsed)


@mutation(CELL)
def watchdog_without_counter(parsed):
    """has a watchdog and no communication region"""
    for region in parsed.arrays["memory_regions"]:
        if region.flags & abi.CFG_MEM_COMM_REGION:
            region.size = 0
    add_watchdog(parsed)


@mutation(SYSTEM)
def watchdog_of_root(parsed):
    """has a watchdog for the root cell"""
    add_watchdog(parsed)


@mutation(SYSTEM)
def root_not_identity(parsed):
    """maps memory of the root cell to another address"""
    ram(parsed).virt_start += 0x100000


@mutation(SYSTEM, errno="EINVAL ENOMEM")
def hypervisor_memory_tiny(parsed):
    """has 4 KiB of hypervisor memory"""
    parsed.system.hypervisor_memory.size = 0x1000


@mutation(SYSTEM, errno="EINVAL ENOMEM")
def hypervisor_memory_huge(parsed):
    """has more hypervisor memory than there are addresses"""
    parsed.system.hypervisor_memory.size = 0xfffffffffffff000


@mutation(SYSTEM)
def hypervisor_memory_unaligned(parsed):
    """has hypervisor memory that begins inside a page"""
    parsed.system.hypervisor_memory.phys_start = 0x7fc00800


# Interrupts

@both()
def gic_pin_base_odd(parsed):
    """has an interrupt bitmap that begins at INTID 33"""
    parsed.arrays["irqchips"][0].pin_base = 33


@both()
def gic_pin_base_high(parsed):
    """has an interrupt bitmap that ends behind INTID 1023"""
    parsed.arrays["irqchips"][0].pin_base = 928


@mutation(SYSTEM, errno="EINVAL ENODEV")
def gic_version_4(parsed):
    """has a GIC of version 4"""
    parsed.system.arch.arm.gic_version = 4


@mutation(SYSTEM, errno="EINVAL ENODEV")
def gic_version_2(parsed):
    """says GICv2 on a machine with GICv3"""
    parsed.system.arch.arm.gic_version = 2


@mutation(CELL, errno="")
def intx_not_own(parsed):
    """has links on SPIs that it does not own, which never reach it"""
    parsed.cell.vpci_irq_base = 40


@mutation(CELL)
def intx_huge(parsed):
    """has links on interrupts that no GIC has"""
    parsed.cell.vpci_irq_base = 0xfffffffe


# Links

@both()
def link_regions_index(parsed):
    """has a link whose sections are behind the last memory region"""
    link(parsed).shmem_regions_start = len(parsed.arrays["memory_regions"]) - 1


@both()
def link_regions_index_wraps(parsed):
    """has a link whose index of sections wraps around"""
    link(parsed).shmem_regions_start = 0xfffffffe


def with_peers(parsed, peers):
    """As many outputs as peers, so that only the number is wrong."""
    device, regions = link(parsed), parsed.arrays["memory_regions"]
    output = regions[device.shmem_regions_start + 2]
    sections = regions[device.shmem_regions_start:device.shmem_regions_start + 2]
    for peer in range(peers):
        flags = output.flags & ~abi.CFG_MEM_WRITE | (abi.CFG_MEM_WRITE if peer == device.shmem_dev_id else 0)
        start = output.phys_start + peer * output.size
        sections.append(abi.Memory(start, start, output.size, flags))
    device.shmem_regions_start, device.shmem_peers = len(regions), peers
    regions += sections


@both("0 EINVAL")
def link_13_peers(parsed):
    """has a link with 13 peers"""
    with_peers(parsed, 13)


@both("0 EINVAL")
def link_200_peers(parsed):
    """has a link with 200 peers"""
    with_peers(parsed, 200)


@both()
def link_id_12(parsed):
    """is peer 12 of a link"""
    link(parsed).shmem_dev_id = 12


@mutation(CELL, errno="")
def link_id_beyond_peers(parsed):
    """is peer 1 of a link with 1 peer, as published configurations are: accepted"""
    link(parsed).shmem_peers = 1


@mutation(CELL, errno="EBUSY EINVAL")
def link_id_of_root(parsed):
    """is the peer that the root cell is already"""
    link(parsed).shmem_dev_id = 0


def section(parsed, number):
    return parsed.arrays["memory_regions"][link(parsed).shmem_regions_start + number]


@mutation(CELL)
def link_state_size_differs(parsed):
    """has a link with a larger state table than at the other end"""
    section(parsed, 0).size = 0x2000


@mutation(CELL)
def link_shared_size_differs(parsed):
    """has a link with a smaller shared section than at the other end"""
    section(parsed, 1).size -= 0x1000


@mutation(CELL)
def link_output_size_differs(parsed):
    """has a link with smaller outputs than at the other end"""
    for peer in range(link(parsed).shmem_peers):
        section(parsed, 2 + peer).size = 0x1000


@mutation(CELL)
def link_other_memory(parsed):
    """has a link with memory of its own instead of that of the other end"""
    for number in range(2 + link(parsed).shmem_peers):
        section(parsed, number).phys_start += 0x100000


@mutation(CELL)
def link_state_writable(parsed):
    """has write access to the state table"""
    section(parsed, 0).flags |= abi.CFG_MEM_WRITE


@mutation(CELL)
def link_17_vectors(parsed):
    """has a link with 17 vectors"""
    link(parsed).num_msix_vectors = 17


@mutation(CELL)
def link_vectors_differ(parsed):
    """has a link with MSI-X, the other end has INTx"""
    link(parsed).num_msix_vectors = 1


@mutation(CELL, errno="EINVAL EBUSY")
def link_twice(parsed):
    """has two devices with one device number"""
    parsed.arrays["pci_devices"].append(copy.copy(link(parsed)))


@both()
def pci_caps_index(parsed):
    """has a PCI device whose capabilities are behind the last one"""
    link(parsed).caps_start, link(parsed).num_caps = 0xfff0, 0xffff


# A second cell, beside the first one
BELOW_FIRST = 0x1000000		# there is memory; above, the machine may end

def make_second(parsed):
    """A good cell without links, with other CPU, memory and name"""
    regions = parsed.arrays["memory_regions"]
    kept = [region for region in regions if region.flags & (abi.CFG_MEM_LOADABLE | abi.CFG_MEM_COMM_REGION)]
    for region in kept:
        region.phys_start -= BELOW_FIRST if region.flags & abi.CFG_MEM_LOADABLE else 0
    parsed.cell.name = SECOND.split(".", maxsplit=1)[0].encode()
    set_cpus(parsed, [2])
    parsed.arrays.update(memory_regions=kept, pci_devices=[], irqchips=[])


@mutation(SECOND, errno="", before=[CELL])
def second_good(_parsed):
    """is good, beside rtos"""


@mutation(SECOND, before=[CELL], errno="EBUSY EINVAL")
def second_cpu_of_first(parsed):
    """wants the CPU of rtos"""
    set_cpus(parsed, [3])


@mutation(SECOND, before=[CELL], errno="EEXIST")
def second_name_of_first(parsed):
    """has the name of rtos"""
    parsed.cell.name = b"rtos"


@mutation(SECOND, before=[CELL], errno="EBUSY EINVAL")
def second_memory_of_first(parsed):
    """wants the memory of rtos"""
    ram(parsed).phys_start += BELOW_FIRST


@mutation(SECOND, before=[CELL], errno="EBUSY EINVAL")
def second_spi_of_first(parsed):
    """wants the interrupt of the link of rtos"""
    parsed.arrays["irqchips"] = copy.deepcopy(FIRST.arrays["irqchips"])


FIRST = None


def hypervisor_mutations(system):
    """Only possible when the address is in the file."""
    start, size = system.system.hypervisor_memory.phys_start, system.system.hypervisor_memory.size
    if not start:
        return

    @mutation(CELL)
    def memory_of_hypervisor(parsed):
        """wants the memory of the hypervisor"""
        ram(parsed).phys_start = start

    @mutation(CELL)
    def memory_around_hypervisor(parsed):
        """wants memory that begins before that of the hypervisor and ends behind it"""
        ram(parsed).phys_start, ram(parsed).size = start - 0x1000, size + 0x2000

    @mutation(SYSTEM, errno="")
    def root_has_hypervisor(parsed):
        """gives the memory of the hypervisor to the root cell, which does not see it all the same"""
        parsed.arrays["memory_regions"].append(abi.Memory(start, start, size, 0xf))


def generate(good, out):
    global FIRST
    FIRST = binary.parse((good / CELL).read_bytes())
    hypervisor_mutations(binary.parse((good / SYSTEM).read_bytes()))
    second = copy.deepcopy(FIRST)
    make_second(second)
    sources = {SYSTEM: (good / SYSTEM).read_bytes(), CELL: (good / CELL).read_bytes(), SECOND: second.pack()}
    out.mkdir(parents=True, exist_ok=True)
    (out / SECOND).write_bytes(sources[SECOND])
    manifest = []
    for function, source, errno, before, command in MUTATIONS:
        name = function.__name__.removeprefix("raw_").replace("_", "-")
        prefix = {SYSTEM: "sys", CELL: "cell", SECOND: "cell"}[source]
        if function.__name__.startswith("raw_"):
            content = function(sources[source])
        else:
            parsed = binary.parse(sources[source])
            function(parsed)
            content = parsed.pack()
        file = f"{prefix}-{name}.cell"
        (out / file).write_bytes(content)
        manifest.append({"file": file, "command": command, "before": before, "errno": errno,
                         "defect": " ".join(function.__doc__.split())})
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    generate(Path(sys.argv[1]), Path(sys.argv[2]))
