# SPDX-License-Identifier: BSD-2-Clause
"""Import, word by word: what becomes of a set of binaries that must be imported. A mistake that import finds itself, because
what it wrote does not build the same, becomes a refusal, or more of the low-level form: both are failures here."""
import pytest

from bulkhead_config import abi, binary, cli, emit, equivalence, importer
from conftest import HERE, ROOT, read_hex
from test_import import BOARDS, packed, round_trip, system_first

GOOD = sorted((HERE / "good").glob("*.yaml")) + sorted((ROOT / "configs/systems").glob("*.yaml"))
EXPECTED = HERE / "import"
ROOT_FILE, CELL_FILE = "qemu-arm64.cell", "rtos.cell"


def small():
    """System and cell configuration of two cells with a link, as bytes: what the compiler chooses today does not matter."""
    return {name: binary.parse(read_hex(EXPECTED / f"base/{name}.hex")) for name in (ROOT_FILE, CELL_FILE)}


def root(files):
    return files[ROOT_FILE].arrays


def cell(files):
    return files[CELL_FILE].arrays


def system(files):
    return files[ROOT_FILE].system


def device(files, name=CELL_FILE):
    return files[name].arrays["pci_devices"][0]


def both(files, **fields):
    for name in (ROOT_FILE, CELL_FILE):
        for field, value in fields.items():
            setattr(device(files, name), field, value)


def second(files, **fields):
    """Another cell on CPU 1, like the first, with its own memory and without a link."""
    other = binary.parse(files[CELL_FILE].pack())
    other.cell.name, other.arrays["cpu_set"][0] = b"second", 2
    other.arrays["pci_devices"], other.arrays["irqchips"] = [], []
    other.arrays["memory_regions"] = [abi.Memory(0x70000000, 0x0, 0x10000, 0x47)]
    other.cell.vpci_irq_base, other.cell.console = 0, abi.Console()
    for field, value in fields.items():
        setattr(other.cell, field, value)
    files["second.cell"] = other
    return other


def memory(*regions):
    return lambda files: second(files).arrays["memory_regions"].extend(abi.Memory(*region) for region in regions)


def third_peer(files):
    """A link of three, of which the second cell is the last: the root cell and the first one are told so."""
    regions = [abi.Memory(0x71000000 + n * 0x1000, 0x71000000 + n * 0x1000, 0x1000, flags)
               for n, flags in enumerate((1, 3, 1, 1, 1))]
    for id_, arrays in enumerate((root(files), cell(files), second(files).arrays)):
        first = len(arrays["memory_regions"])
        for index, region in enumerate(regions):
            write = 2 if index in (1, 2 + id_) else 0
            arrays["memory_regions"].append(abi.Memory(region.phys_start, region.virt_start, region.size,
                                                       1 | write | (0 if id_ == 0 else 0x80)))
        arrays["pci_devices"].append(abi.PciDevice(type=3, domain=1, bdf=0x40, bar_mask=(0xfffff000, 0, 0, 0, 0, 0),
                                                   shmem_regions_start=first, shmem_dev_id=id_, shmem_peers=3))
        line = 32 + (files[CELL_FILE].cell.vpci_irq_base if id_ == 1 else 100)
        if id_:
            arrays["irqchips"].append(abi.Irqchip(0x8000000, 0, line // 32 * 32, (1 << line % 32, 0, 0, 0)))
    files["second.cell"].cell.vpci_irq_base = 100


def virtio(kind, backend, frontend):
    def change(files):
        device(files, ROOT_FILE).shmem_protocol, device(files).shmem_protocol = kind + backend, kind + frontend
    return change


def msix(vectors, spis):
    def change(files):
        both(files, num_msix_vectors=vectors)
        for name in (ROOT_FILE, CELL_FILE):
            device(files, name).bar_mask[1] = 0xfffff000
        cell(files)["irqchips"][0].pin_bitmap[3] |= ((1 << spis) - 1) << 20
    return change


def root_order(files):
    """Devices and RAM in another order, behind the sections."""
    regions, first = root(files)["memory_regions"], device(files, ROOT_FILE).shmem_regions_start
    rest = regions[:first] + regions[first + 4:]
    regions[:] = regions[first:first + 4] + rest[::-1]
    device(files, ROOT_FILE).shmem_regions_start = 0


def section_empty(files):
    """No shared section: outputs follow the state table."""
    for name in (ROOT_FILE, CELL_FILE):
        regions, first = files[name].arrays["memory_regions"], device(files, name).shmem_regions_start
        gone = regions[first + 1].size
        regions[first + 1].size = 0
        for region in regions[first + 2:first + 4]:
            region.phys_start -= gone
            region.virt_start -= gone


def physical_host(files):
    """A host that is not virtual, and so no links."""
    for arrays in (root(files), cell(files)):
        arrays["pci_devices"].clear()
    system(files).pci_is_virtual = 0


def told_less(files):
    """The root cell's end has three peers, the other one two, and no more sections than that."""
    regions, first = root(files)["memory_regions"], device(files, ROOT_FILE).shmem_regions_start
    last = regions[first + 3]
    regions.insert(first + 4, abi.Memory(last.phys_start + last.size, last.virt_start + last.size, last.size, last.flags))
    device(files, ROOT_FILE).shmem_peers = 3
    cell(files)["memory_regions"] = cell(files)["memory_regions"][4:] + cell(files)["memory_regions"][:4]
    device(files).shmem_regions_start = len(cell(files)["memory_regions"]) - 4


def ends_apart(files):
    """Each end is as it should be, but they are not at one place."""
    for region in cell(files)["memory_regions"][:4]:
        region.phys_start += 0x100000
        region.virt_start += 0x100000


def console_private(files):
    """The hypervisor alone has its UART."""
    for arrays in (root(files), cell(files)):
        arrays["memory_regions"] = [region for region in arrays["memory_regions"] if region.phys_start != 0x9000000]
    files[CELL_FILE].cell.console = abi.Console()
    device(files, ROOT_FILE).shmem_regions_start = next(
        index for index, region in enumerate(root(files)["memory_regions"]) if region.phys_start == 0x7f200000)


def console_inside(files):
    """The root cell's memory is low-level, and the debug console no device of whole pages."""
    root(files)["memory_regions"].append(abi.Memory(0x9060000, 0x9060000, 0x10, 0x10003))
    system(files).debug_console.address += 0x10


def second_link(vectors, spis):
    """A link with MSI-X behind the one with INTx. spis: how many the first cell has for it."""
    def change(files):
        third_peer(files)
        for name in (ROOT_FILE, CELL_FILE, "second.cell"):
            end = files[name].arrays["pci_devices"][-1]
            end.num_msix_vectors, end.bar_mask[1] = vectors, 0xfffff000
        cell(files)["irqchips"].pop()		# for INTx of that link
        cell(files)["irqchips"][0].pin_bitmap[3] |= ((1 << spis) - 1) << 20
        files["second.cell"].arrays["irqchips"][-1].pin_bitmap[0] = 0xff
    return change


def given(files):
    """The cell has the hypervisor's console for itself."""
    for region in cell(files)["memory_regions"]:
        region.flags = 0x13 if region.phys_start == 0x9000000 else region.flags


def device_of_two(files):
    second(files).arrays["memory_regions"].append(abi.Memory(0x9010000, 0x9010000, 0x1000, 0x13))
    cell(files)["memory_regions"].insert(4, abi.Memory(0x9010000, 0x9010000, 0x1000, 0x13))


def console_of_another(files):
    """A cell is told to use a UART that it has not."""
    other = second(files)
    other.cell.console = files[CELL_FILE].cell.console


def links_overlap(files):
    """Two links with the same memory: none of them is one."""
    for name in (ROOT_FILE, CELL_FILE):
        arrays = files[name].arrays
        first = device(files, name).shmem_regions_start
        parts = [abi.Memory.from_buffer_copy(bytes(region)) for region in arrays["memory_regions"][first:first + 4]]
        copy = abi.PciDevice.from_buffer_copy(bytes(device(files, name)))
        copy.bdf, copy.shmem_regions_start = 0x20, len(arrays["memory_regions"])
        arrays["memory_regions"] += parts
        arrays["pci_devices"].append(copy)


CASES = {
    "console-gone": lambda files: [setattr(files[CELL_FILE].cell.console, "size", 0),
                                   setattr(system(files).debug_console, "size", 0)],
    "console-private": console_private, "console-inside": console_inside, "console-given": given,
    "console-of-another": console_of_another, "device-of-two": device_of_two, "links-overlap": links_overlap,
    "msi-x-short-beside-intx": second_link(5, 3), "msi-x-beside-intx": second_link(2, 3),
    "interrupts-in-words-of-two": lambda files: [arrays["irqchips"].append(abi.Irqchip(0x8000000, 0, 64, (1 << 9, 0, 0, 0)))
                                                 for arrays in (cell(files), second(files).arrays)],
    "memory-at-gic": memory((0x70010000, 0x8000000, 0x1000, 3)), "memory-at-ecam": memory((0x70010000, 0x8e00000, 0x1000, 3)),
    "communication-at-gic": memory((0, 0x80a0000, 0x1000, 0x23)),
    "memory-of-another": memory((0x7f000000, 0x20000000, 0x1000, 3)),
    "memory-of-the-link": memory((0x7f201000, 0x20000000, 0x1000, 1)),
    "memory-keep": memory((0x70010000, 0x10000, 0x1000, 3 | abi.CFG_MEM_KEEP)),
    "lossy": lambda files: both(files, msi_flags=0x80),
    "lossy-at-one-end": lambda files: setattr(device(files), "msi_flags", 0x80),
    "custom-protocol": lambda files: both(files, shmem_protocol=0x4abc),
    "largest-protocol": lambda files: both(files, shmem_protocol=0x7fff),
    "unknown-protocol": lambda files: both(files, shmem_protocol=0x3fff),
    "ethernet": lambda files: both(files, shmem_protocol=1),
    "virtio-net": virtio(1, 0xc000, 0x8000), "virtio-block": virtio(2, 0x8000, 0xc000),
    "virtio-console": virtio(3, 0xc000, 0x8000), "two-backends": virtio(2, 0xc000, 0xc000),
    "no-backend": virtio(2, 0x8000, 0x8000), "unknown-virtio": virtio(4, 0xc000, 0x8000),
    "msi-x": msix(2, 3), "msi-x-short-of-interrupts": msix(4, 2), "msi-x-at-most": msix(16, 16),
    "msi-x-exact": msix(4, 3), "msi-x-one-short": msix(5, 3),
    "three-peers": third_peer,
    "other-function": lambda files: both(files, bdf=9), "other-bus": lambda files: both(files, bdf=0x108),
    "last-device": lambda files: both(files, bdf=0xf8),
    "register-size": lambda files: setattr(device(files), "bar_mask", (0xffff0000, 0, 0, 0, 0, 0)),
    "told-less-without-sections": told_less, "ends-apart": ends_apart,
    "told-more": lambda files: both(files, shmem_peers=2),
    "domain-of-links": lambda files: both(files, domain=7), "domain-of-host": lambda files: setattr(system(files), "pci_domain", 9),
    "physical-host": physical_host, "no-host": lambda files: setattr(system(files), "pci_mmconfig_base", 0),
    "end-bus": lambda files: setattr(system(files), "pci_mmconfig_end_bus", 3),
    "ecam-in-memory": lambda files: setattr(system(files), "pci_mmconfig_base", 0x50000000),
    "system-flags": lambda files: setattr(system(files), "flags", 2), "virtual-console": lambda files: setattr(
        system(files), "flags", 1),
    "console-divider": lambda files: setattr(system(files).debug_console, "divider", 7),
    "console-gate": lambda files: setattr(files[CELL_FILE].cell.console, "gate_nr", 7),
    "console-type": lambda files: setattr(files[CELL_FILE].cell.console, "type", 6),
    "console-elsewhere": lambda files: setattr(files[CELL_FILE].cell.console, "address", 0x9040000),
    "console-8250": lambda files: [setattr(console, "type", 2) for console in (
        files[CELL_FILE].cell.console, system(files).debug_console)],
    "gicc": lambda files: setattr(system(files).arch.arm, "gicc_base", 0x8010000),
    "gich-gicv": lambda files: [setattr(system(files).arch.arm, name, 0x8020000) for name in ("gich_base", "gicv_base")],
    "maintenance": lambda files: setattr(system(files).arch.arm, "maintenance_irq", 24),
    "iommus": lambda files: [setattr(system(files).iommu_units[n], field, value) for n in (0, 1)
                             for field, value in (("type", 3 + n), ("base", 0xa000000 + n * 0x20000), ("size", 0x20000))],
    "iommu-specific": lambda files: [setattr(system(files).iommu_units[0], "type", 5),
                                     system(files).iommu_units[0].specific.__setitem__(11, 255)],
    "iommu-behind-the-end": lambda files: setattr(system(files).iommu_units[1], "type", 3),
    "driver-chooses": lambda files: setattr(system(files).hypervisor_memory, "phys_start", 0),
    "cell-flags": lambda files: setattr(files[CELL_FILE].cell, "flags", 0xc0000001),
    "active-without-permitted": lambda files: setattr(files[CELL_FILE].cell, "flags", 0x80000000),
    "unknown-flag": lambda files: setattr(files[CELL_FILE].cell, "flags", 0x10),
    "root-passive": lambda files: setattr(files[ROOT_FILE].cell, "flags", 1),
    "root-entry-least": lambda files: setattr(files[ROOT_FILE].cell, "cpu_reset_address", 1),
    "root-entry": lambda files: setattr(files[ROOT_FILE].cell, "cpu_reset_address", 0x1000),
    "entry": lambda files: setattr(files[CELL_FILE].cell, "cpu_reset_address", 0x1000),
    "entry-outside": lambda files: setattr(files[CELL_FILE].cell, "cpu_reset_address", 0x70000000),
    "timeout": lambda files: setattr(files[CELL_FILE].cell, "msg_reply_timeout", 5),
    "root-timeout": lambda files: setattr(files[ROOT_FILE].cell, "msg_reply_timeout", 5),
    "lines-beyond": lambda files: setattr(files[ROOT_FILE].cell, "vpci_irq_base", 985),
    "lines-huge": lambda files: setattr(files[ROOT_FILE].cell, "vpci_irq_base", 0xffffffff),
    "lines-none": lambda files: [cell(files)["pci_devices"].clear(), setattr(files[CELL_FILE].cell, "vpci_irq_base", 0)],
    "name-blank": lambda files: setattr(files[CELL_FILE].cell, "name", b"a b"),
    "name-digit": lambda files: setattr(files[CELL_FILE].cell, "name", b"1st"),
    "names-alike": lambda files: [setattr(files[CELL_FILE].cell, "name", b"se cond"), second(files, name=b"se-cond")],
    "name-long": lambda files: [setattr(files[CELL_FILE].cell, "name", b"x" * 30 + b" "), second(files, name=b"x" * 30 + b"-")],
    "cpu-hole": lambda files: root(files)["cpu_set"].__setitem__(0, 0x0d | files[CELL_FILE].arrays["cpu_set"][0]),
    "cpus-far": lambda files: [root(files)["cpu_set"].__setitem__(1, 0x80), cell(files)["cpu_set"].__setitem__(1, 0x80)],
    "cpu-last-of-byte": lambda files: [root(files)["cpu_set"].__setitem__(0, 0x8f), cell(files)["cpu_set"].__setitem__(0, 0x80)],
    "cpu-set-long": lambda files: cell(files)["cpu_set"].extend(bytes(8)),
    "irqchip-elsewhere": lambda files: cell(files)["irqchips"].append(abi.Irqchip(0x9000000, 3, 64, (1, 0, 0, 1))),
    "irqchip-id": lambda files: cell(files)["irqchips"].append(abi.Irqchip(0x8000000, 3, 64, (1, 0, 0, 0))),
    "irqchip-ppi": lambda files: cell(files)["irqchips"].append(abi.Irqchip(0x8000000, 0, 0, (1 << 30, 0, 0, 0))),
    "irqchip-last": lambda files: cell(files)["irqchips"].append(abi.Irqchip(0x8000000, 0, 896, (0, 0, 0, 1 << 27))),
    "irqchip-beyond": lambda files: cell(files)["irqchips"].append(abi.Irqchip(0x8000000, 0, 896, (0, 0, 0, 1 << 28))),
    "irqchip-split": lambda files: cell(files)["irqchips"].append(abi.Irqchip(0x8000000, 0, 160, (6, 0, 0, 0))),
    "root-without-interrupts": lambda files: root(files)["irqchips"].clear(),
    "root-lacks-an-interrupt": lambda files: root(files)["irqchips"][0].pin_bitmap.__setitem__(0, 0xfffffffe),
    "interrupts-of-two": lambda files: second(files).arrays["irqchips"].append(
        abi.Irqchip.from_buffer_copy(bytes(cell(files)["irqchips"][0]))),
    "x86": lambda files: [cell(files)["pio_regions"].append(abi.Pio(0x3f8, 8)), cell(files)["cache_regions"].append(
        abi.Cache(1, 2, 3, 0, 4)), cell(files)["stream_ids"].extend([1, 0x10001]), cell(files)["pci_caps"].append(
            abi.PciCap(1, 2, 3, 4))],
    "root-pci": lambda files: [root(files)["pci_devices"].append(abi.PciDevice(type=1, bdf=0x100, caps_start=0, num_caps=2)),
                               root(files)["pci_caps"].extend([abi.PciCap(1, 0x40, 8, 1), abi.PciCap(5, 0x50, 8)])],
    "pci-unknown": lambda files: cell(files)["pci_devices"].append(abi.PciDevice(type=9, bdf=0x30, shmem_regions_start=77)),
    "memory-names": memory((0x70010000, 0x10000, 0x1000, 5), (0x70020000, 0x20000, 0x1000, 1), (0x70030000, 0x30000, 0x1000, 3),
                           (0x70040000, 0x40000, 0x1000, 0x83), (0x70050000, 0x50000, 0x1000, 7), (0x70060000, 0x60000, 0x1000, 5)),
    "memory-dma": memory((0x70010000, 0x10000, 0x1000, 0xb)),
    "memory-loadable-only": memory((0x70010000, 0x10000, 0x1000, 0x41)),
    "memory-write-only": memory((0x70010000, 0x10000, 0x1000, 2)), "memory-nothing": memory((0x70010000, 0x10000, 0x1000, 0)),
    "memory-flag": memory((0x70010000, 0x10000, 0x1000, 0x103)), "memory-unaligned": memory((0x70010000, 0x10010, 0x10, 0x10003)),
    "memory-part": memory((0x70010010, 0x10010, 0x10, 3)),
    "memory-outside-root": memory((0x200000000, 0x10000, 0x1000, 3)),
    "memory-unknown-flag": memory((0x70010000, 0x10000, 0x1000, 1 << 40 | 3)),
    "memory-empty": memory((0x70010000, 0x10000, 0, 3)), "memory-order": memory((0x6ffff000, 0x20000000, 0x1000, 3)),
    "memory-over": memory((0x70020000, 0x8000, 0x1000, 1)), "memory-touches": memory((0x70020000, 0x10000, 0x1000, 1)),
    "memory-many": memory(*((0x70100000 + n * 0x2000, 0x100000 + n * 0x2000, 0x1000, 3) for n in range(70))),
    "memory-most": memory(*((0x70100000 + n * 0x2000, 0x100000 + n * 0x2000, 0x1000, 3) for n in range(63))),
    "communication": memory((0, 0x80000000, 0x1000, 0x23)), "communication-phys": memory((0x5000, 0x80000000, 0x1000, 0x23)),
    "communication-flags": memory((0, 0x80000000, 0x1000, 0x21)),
    "device": memory((0x9010000, 0x9010000, 0x1000, 0x13)), "device-moved": memory((0x9010000, 0x9020000, 0x1000, 0x13)),
    "device-shared": memory((0x9010000, 0x9010000, 0x1000, 0x93)), "device-read-only": memory((0x9010000, 0x9010000, 0x1000, 0x11)),
    "device-new": memory((0x9040000, 0x9040000, 0x2000, 0x13)), "device-part": memory((0x9010000, 0x9010000, 0x100, 0x40013)),
    "gic-empty": memory((0x8000000, 0x8000000, 0x1000, 4)),
    "root-order": root_order,
    "root-many": lambda files: [root(files)["memory_regions"].insert(0, abi.Memory(
        0x1000000000 + n * 0x2000, 0x1000000000 + n * 0x2000, 0x1000, 0x13)) for n in range(70)] and setattr(
            device(files, ROOT_FILE), "shmem_regions_start", device(files, ROOT_FILE).shmem_regions_start + 70),
    "root-part": lambda files: root(files)["memory_regions"].append(abi.Memory(0x9060000, 0x9060000, 0x10, 0x10003)),
    "root-read-only": lambda files: root(files)["memory_regions"].append(abi.Memory(0x90000000, 0x90000000, 0x1000, 1)),
    "root-ram-apart": lambda files: root(files)["memory_regions"].append(abi.Memory(0x90000000, 0x90000000, 0x1000, 15)),
    "root-device": lambda files: root(files)["memory_regions"].append(abi.Memory(0x9060000, 0x9060000, 0x1000, 0x13)),
    "root-communication": lambda files: root(files)["memory_regions"].append(abi.Memory(0, 0x90000000, 0x1000, 0x23)),
    "section-empty": section_empty,
    "section-flag": lambda files: setattr(cell(files)["memory_regions"][1], "flags", 0x8b),
    "section-private": lambda files: setattr(cell(files)["memory_regions"][1], "flags", 3),
}


def compared(name, files, request):
    """The text, which is the expected one."""
    system_, text, built = round_trip(files)
    path = EXPECTED / f"{name}.yaml"
    body = text.split("\n", 1)[1]
    if request.config.getoption("--update-good"):
        EXPECTED.mkdir(exist_ok=True)
        path.write_text("# SPDX-License-Identifier: BSD-2-Clause\n" + body)
    assert body == path.read_text().split("\n", 1)[1], "if that is intended: pytest tests/config --update-good"
    return system_, text, built


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_made_by_the_compiler(path, request):
    compared(f"made-{path.stem}", emit.compile_system(cli.load(path, BOARDS)), request)


@pytest.mark.parametrize("name", sorted(CASES))
def test_made_elsewhere(name, request):
    files = small()
    CASES[name](files)
    compared(name, packed(files), request)


def test_every_expected_text_has_its_test():
    assert {path.stem for path in EXPECTED.glob("*.yaml")} == set(CASES) | {f"made-{path.stem}" for path in GOOD}


def test_heading():
    files = system_first(packed(small()))
    text = importer.import_files(files)
    assert text.startswith("# Made by 'bulkhead-config import' from qemu-arm64.cell, rtos.cell\n")
    text = importer.import_files([(f"/some/where/a\nb\x1b{name}", content) for name, content in files])
    assert text.startswith("# Made by 'bulkhead-config import' from a?b?qemu-arm64.cell, a?b?rtos.cell\n")


@pytest.mark.parametrize("change, text", [
    (lambda files: root(files)["cpu_set"].append(1), "qemu-arm64.cell: CPUs: limit-cpus: board 'qemu-arm64' has "),
    (lambda files: cell(files)["cpu_set"].__setitem__(0, 1 << 7), "rtos.cell: CPUs: cpu-unknown: cell 'rtos' wants CPU 7"),
    (lambda files: second(files).arrays["cpu_set"].__setitem__(0, 8), "second.cell: CPUs: cpu-twice: CPU 3 of cell 'second'"),
    (lambda files: setattr(system(files).hypervisor_memory, "size", 0x80000),
     "qemu-arm64.cell: hypervisor memory: hypervisor-memory-size: 512 KiB"),
    (lambda files: second(files).arrays["memory_regions"].append(abi.Memory(0x7fd00000, 0x20000000, 0x1000, 3)),
     "second.cell: memory 1: records-hypervisor: memory region 0 in the records of cell 'second' "),
    (lambda files: second(files).arrays["memory_regions"].append(abi.Memory(0x8000000, 0x20000000, 0x1000, 0x13)),
     "second.cell: memory 1: records-window: memory region 0 in the records of cell 'second' "),
])
def test_refusals_name_file_and_record(change, text):
    files = small()
    change(files)
    with pytest.raises(importer.ImportFailure) as error:
        importer.import_files(system_first(packed(files)))
    assert str(error.value).startswith(text)


# --- equivalence, where import itself does not get


def with_caps(first, *ids, caps_start=0, num_caps=1):
    parsed = small()[ROOT_FILE]
    parsed.arrays["pci_caps"] = [abi.PciCap(first)] + [abi.PciCap(number) for number in ids]
    parsed.arrays["pci_devices"].append(abi.PciDevice(type=1, bdf=0x100, caps_start=caps_start, num_caps=num_caps))
    return parsed


def test_capabilities_of_a_device_count():
    """What they are, not where they stand."""
    def different(one, other):
        return equivalence.differences(one, other, 0x8000000)
    assert different(with_caps(1, 2, 1), with_caps(1, 2, 1, caps_start=2)) == []
    assert different(with_caps(1, 2, 1), with_caps(1, 2, 1, caps_start=1)) == ["PCI devices"]
    assert different(with_caps(1, 2, 1, num_caps=2), with_caps(1, 2, 1, caps_start=1, num_caps=2)) == ["PCI devices"]
    assert different(with_caps(1, 2, 1), with_caps(1, 2, 1, num_caps=2)) == ["PCI devices"]


@pytest.mark.parametrize("chip, own", [
    (abi.Irqchip(0x8000000, 0, 32, (1, 0, 0, 0)), True), (abi.Irqchip(0x8000000, 0, 896, (0, 0, 0, 1 << 27)), True),
    (abi.Irqchip(0x8000000, 0, 896, (0, 0, 0, 1 << 28)), False), (abi.Irqchip(0x8000000, 0, 928, (1, 0, 0, 0)), False),
    (abi.Irqchip(0x8000000, 0, 40, (1, 0, 0, 0)), False), (abi.Irqchip(0x8000000, 0, 0, (0, 1, 0, 0)), True),
    (abi.Irqchip(0x8000000, 0, 0, (1 << 31, 0, 0, 0)), False), (abi.Irqchip(0x8000000, 1, 32, (1, 0, 0, 0)), False),
    (abi.Irqchip(0x9000000, 0, 32, (1, 0, 0, 0)), False), (abi.Irqchip(0x8000000, 0, 32), True),
])
def test_own_chip(chip, own):
    assert equivalence.own_chip(chip, 0x8000000) == own


def test_sections_without_size_are_places():
    one, other = small()[CELL_FILE], small()[CELL_FILE]
    for parsed in (one, other):
        parsed.arrays["memory_regions"][1].size = 0
    other.arrays["memory_regions"][1].phys_start += 0x1000
    assert equivalence.differences(one, other, 0x8000000) == []
    other.arrays["memory_regions"][1].size = 0x1000
    assert "PCI devices" in equivalence.differences(one, other, 0x8000000)


def test_outputs_of_all_peers_count():
    """Of an end that is the first one, too: what it has of the last peer."""
    one, other = small()[ROOT_FILE], small()[ROOT_FILE]
    for parsed in (one, other):
        end = parsed.arrays["pci_devices"][0]
        for region in parsed.arrays["memory_regions"][end.shmem_regions_start + 2:end.shmem_regions_start + 4]:
            region.size = 0
    assert equivalence.differences(one, other, 0x8000000) == []
    other.arrays["memory_regions"][other.arrays["pci_devices"][0].shmem_regions_start + 3].size = 0x1000
    assert "PCI devices" in equivalence.differences(one, other, 0x8000000)


def test_reach():
    """An end that was told less than its own ID still has its output."""
    assert [equivalence.reach(abi.PciDevice(shmem_peers=peers, shmem_dev_id=own))
            for peers, own in ((1, 0), (3, 1), (3, 2), (1, 1), (1, 4), (2, 2))] == [3, 5, 5, 4, 7, 5]


def test_overlapping():
    """Groups by guest address, each in the order of the file; what only touches is apart, what has no size is nowhere."""
    def regions(*places):
        return [abi.Memory(0, start, size, 3) for start, size in places]
    def groups(*places):
        return [[index for index, _ in group] for group in equivalence.overlapping(regions(*places))]
    assert groups((0, 2), (2, 2)) == [[0], [1]]
    assert groups((1, 2), (0, 2)) == [[0, 1]]
    assert groups((0, 10), (1, 1), (5, 2), (10, 1)) == [[0, 1, 2], [3]]
    assert groups((4, 4), (0, 5), (7, 5), (20, 1), (0, 0)) == [[0, 1, 2], [3]]
