# SPDX-License-Identifier: BSD-2-Clause
"""Problems that show marks in binary configurations: each is found where it is, and nothing else is."""
import json
import subprocess
import time

import pytest

from bulkhead_config import abi, binary, findings, names, show
from conftest import HERE, ROOT, read_hex

TOOL = ROOT / "tools/bulkhead-config"
CELL = read_hex(HERE / "worked-example.hex")
SYSTEM = read_hex(HERE / "good/worked-example/qemu-arm64.cell.hex")
# but what is written in the low-level form, which may be anything
GOOD = [path for path in sorted((HERE / "good").rglob("*.cell.hex")) if path.parent.name != "records"]


def region(**fields):
    return abi.Memory(**{"phys_start": 0x1000000, "virt_start": 0x1000000, "size": 0x1000, "flags": 3, **fields})


def watchdog(**fields):
    return abi.Memory(**{"phys_start": 100000, "flags": abi.CFG_WATCHDOG, **fields})


def silent_watchdog(parsed):
    for region in parsed.arrays["memory_regions"]:
        if region.flags & abi.CFG_MEM_COMM_REGION:
            region.flags &= ~abi.CFG_MEM_WRITE
    parsed.arrays["memory_regions"].append(watchdog())


def stray(**fields):
    return abi.Memory(**{"phys_start": 0x1000, "virt_start": 0x1000000, "flags": abi.CFG_STRAY_IGNORE, **fields})


def cell(**fields):
    def change(parsed):
        for name, value in fields.items():
            setattr(parsed.cell, name, value)
    return change


def machine(**fields):
    def change(parsed):
        for name, value in fields.items():
            setattr(parsed.system, name, value)
    return change


def arm(**fields):
    def change(parsed):
        for name, value in fields.items():
            setattr(parsed.system.arch.arm, name, value)
    return change


def add(array, *items):
    return lambda parsed: parsed.arrays[array].extend(items)


def item(array, index, **fields):
    def change(parsed):
        for name, value in fields.items():
            setattr(parsed.arrays[array][index], name, value)
    return change


def assign(array, *items):
    def change(parsed):
        parsed.arrays[array][:] = items
    return change


def console(**fields):
    def change(parsed):
        for name, value in fields.items():
            setattr(parsed.cell.console, name, value)
    return change


def unit(parsed):
    parsed.system.iommu_units[0].type = 3


def no_end(parsed):
    content = bytearray(bytes(parsed.cell))
    content[8:40] = b"x" * 32
    parsed.cell = abi.Cell.from_buffer_copy(bytes(content))


RAM, CHIP, LINK = 6, 0, 0		# in worked-example.hex
E, W = findings.ERROR, findings.WARNING
COMM = region(virt_start=0x90000000, flags=0x23)
SUBPAGE = region(size=0x10, flags=0x13)

# content, change, (rule, severity, record) of all that is found
CASES = [
    (CELL, cell(architecture=0), [("architecture", E, "header")]),
    (CELL, add("stream_ids", *range(15300)), [("size", W, "header")]),
    (CELL, add("stream_ids", *range(16300)), [("size", E, "header")]),
    (CELL, no_end, [("name", E, "header")]),
    (CELL, cell(name=b""), [("name", W, "header")]),
    (CELL, cell(name=b"a\nb"), [("name", W, "header")]),
    (CELL, cell(flags=4), [("cell-flags", E, "cell flags")]),
    (CELL, cell(flags=0x102), [("cell-flags", W, "cell flags"), ("cell-flags", W, "cell flags")]),
    (SYSTEM, cell(flags=4), []),
    (CELL, cell(flags=abi.CFG_STRAY_ABORT), []),
    (CELL, cell(flags=abi.CFG_STRAY_ABORT | abi.CFG_STRAY_FAIL), [("stray-action", E, "cell flags")]),
    (SYSTEM, cell(flags=abi.CFG_STRAY_ABORT | abi.CFG_STRAY_IGNORE), [("stray-action", E, "cell flags")]),
    (CELL, add("memory_regions", stray(), stray(virt_start=0, phys_start=1 << 48, flags=abi.CFG_STRAY_FAIL)), []),
    (CELL, add("memory_regions", stray(size=0x1000)), [("stray-action", E, "memory 8")]),
    (CELL, add("memory_regions", stray(phys_start=0)), [("stray-action", E, "memory 8")]),
    (CELL, add("memory_regions", stray(phys_start=1 << 48)), [("stray-action", E, "memory 8")]),
    (SYSTEM, add("memory_regions", stray(flags=abi.CFG_STRAY_ABORT | 1)), [("stray-action", E, "memory -1")]),
    (CELL, add("memory_regions", stray(flags=abi.CFG_STRAY_ACTIONS)), [("stray-action", E, "memory 8")]),
    (CELL, add("memory_regions", watchdog()), []),
    (CELL, add("memory_regions", watchdog(phys_start=1000)), []),
    (CELL, add("memory_regions", watchdog(phys_start=3600000000)), []),
    (CELL, add("memory_regions", watchdog(phys_start=999)), [("watchdog", E, "memory 8")]),
    (CELL, add("memory_regions", watchdog(phys_start=3600000001)), [("watchdog", E, "memory 8")]),
    (CELL, add("memory_regions", watchdog(virt_start=1)), [("watchdog", E, "memory 8")]),
    (CELL, add("memory_regions", watchdog(size=1)), [("watchdog", E, "memory 8"), ("memory-width", W, "memory 8"),
                                                     ("memory-overlap", W, "memory 6")]),
    (CELL, add("memory_regions", watchdog(flags=abi.CFG_WATCHDOG | 1)), [("watchdog", E, "memory 8")]),
    (CELL, add("memory_regions", watchdog(), watchdog()), [("watchdog", E, "memory 9")]),
    (SYSTEM, add("memory_regions", watchdog()), [("watchdog", E, "memory -1")]),
    (CELL, silent_watchdog, [("watchdog", E, "memory 8")]),
    (CELL, assign("cpu_set", *bytes(8)), [("cpu-set", E, "CPUs")]),
    (CELL, assign("cpu_set", *bytes(4100), 1), [("cpu-set", E, "CPUs")]),
    (CELL, assign("cpu_set", 1, 0), [("cpu-set", W, "CPUs")]),
    (CELL, add("memory_regions", region(virt_start=(1 << 64) - 0x1000)), [("memory-range", E, "memory 8")]),
    (CELL, add("memory_regions", region(phys_start=(1 << 48) - 0x1000, size=0x2000)), [("memory-range", E, "memory 8")]),
    (CELL, add("memory_regions", region(phys_start=0x1000010)), [("memory-page-offset", E, "memory 8")]),
    (CELL, add("memory_regions", region(flags=1 << 40 | 3)), [("memory-flags", W, "memory 8")]),
    (CELL, add("memory_regions", region(flags=abi.CFG_MEM_KEEP | 3)), []),
    (CELL, add("memory_regions", region(flags=abi.CFG_MEM_KEEP | 1)), [("memory-keep", W, "memory 8")]),
    (CELL, add("memory_regions", region(flags=abi.CFG_MEM_KEEP | 0x83)), [("memory-keep", W, "memory 8")]),
    (CELL, add("memory_regions", region(flags=abi.CFG_MEM_KEEP | 0x13)), [("memory-keep", W, "memory 8")]),
    (SYSTEM, item("memory_regions", 0, flags=abi.CFG_MEM_KEEP | 0x13), [("memory-keep", W, "memory 0")]),
    (CELL, add("memory_regions", SUBPAGE), [("memory-width", W, "memory 8")]),
    (CELL, add("memory_regions", region(size=0x10, flags=0x40013)), []),
    (CELL, add("memory_regions", region(virt_start=0xf000)), [("memory-overlap", W, "memory 8")]),
    (CELL, add("memory_regions", region(phys_start=0x7fa0f000)), [("memory-overlap", W, "memory 8")]),
    (CELL, item("memory_regions", 5, virt_start=0, phys_start=0x7fa00000), [("memory-overlap", W, "memory 6")]),
    (CELL, item("memory_regions", 7, size=0x2000), [("communication-region", E, "memory 7")]),
    (CELL, add("memory_regions", COMM), [("communication-region", E, "memory 8")]),
    (SYSTEM, add("memory_regions", region(flags=0x23)), [("communication-region", W, "memory -1")]),
    (SYSTEM, add("memory_regions", region(virt_start=0x1001000)), [("root-identity", E, "memory -1")]),
    (SYSTEM, add("memory_regions", region(virt_start=0x7fc00000, phys_start=0x7fc00000)),
     [("hypervisor-memory", W, "memory -1")]),
    (SYSTEM, machine(hypervisor_memory=abi.Memory(size=0)), [("hypervisor-memory", E, "hypervisor memory")]),
    (SYSTEM, arm(gic_version=2), [("gic", E, "GIC")]),
    (SYSTEM, arm(maintenance_irq=33), [("gic", E, "GIC")]),
    (SYSTEM, arm(gicr_base=0x80a1000), [("gic", E, "GIC")]),
    (SYSTEM, machine(pci_mmconfig_base=0x8e10000), [("pci-host", E, "PCI")]),
    (SYSTEM, machine(pci_mmconfig_base=0), [("pci-host", W, "PCI")]),
    (SYSTEM, machine(pci_is_virtual=0), [("pci-host", E, "PCI")]),
    (SYSTEM, unit, [("iommu", W, "IOMMU 0")]),
    (SYSTEM, item("irqchips", 0, address=0x1000), [("irqchip", W, "irqchip 0")]),
    (CELL, add("irqchips", abi.Irqchip(address=0x8000000, pin_base=33)), [("irqchip", E, "irqchip 1")]),
    (CELL, add("irqchips", abi.Irqchip(address=0x8000000, pin_base=928)), [("irqchip", E, "irqchip 1")]),
    (CELL, add("irqchips", abi.Irqchip(address=0x8000000, pin_base=0, pin_bitmap=(1, 0, 0, 0))),
     [("irqchip", W, "irqchip 1")]),
    (CELL, add("cache_regions", abi.Cache()), [("x86-only", W, "cache 0")]),
    (CELL, add("pio_regions", abi.Pio()), [("x86-only", W, "ports 0")]),
    (CELL, add("pci_devices", abi.PciDevice(type=9)), [("pci-type", W, "PCI device 1")]),
    (CELL, add("pci_devices", abi.PciDevice(type=1)), [("pci-function", E, "PCI device 1")]),
    (CELL, add("pci_devices", abi.PciDevice(type=2)), [("pci-function", E, "PCI device 1")]),
    (SYSTEM, add("pci_devices", abi.PciDevice(type=1)), []),
    (SYSTEM, add("pci_devices", abi.PciDevice(type=1, num_caps=1)), [("pci-capabilities", E, "PCI device 1")]),
    (CELL, item("pci_devices", LINK, num_caps=1), [("pci-capabilities", E, "PCI device 0")]),
    (CELL, add("pci_devices", abi.PciDevice(type=3, shmem_peers=3, shmem_dev_id=1)), [("link-twice", E, "PCI device 1")]),
    (CELL, item("pci_devices", LINK, shmem_peers=0), [("link-peer", E, "PCI device 0")]),
    (CELL, item("pci_devices", LINK, shmem_peers=1), [("link-peer", W, "PCI device 0")]),
    (CELL, item("pci_devices", LINK, num_msix_vectors=17), [("link-peer", E, "PCI device 0")]),
    (CELL, item("pci_devices", LINK, shmem_regions_start=0xfffffffe), [("link-sections", E, "PCI device 0")]),
    (CELL, item("memory_regions", 4, size=0x1000), [("link-sections", E, "memory 4")]),
    (CELL, item("memory_regions", 2, virt_start=0x70000000),
     [("link-sections", E, "memory 2"), ("link-sections", E, "memory 3")]),
    (CELL, item("memory_regions", 1, size=0x8f00, flags=0x40083),
     [("link-sections", E, "memory 1"), ("link-sections", E, "memory 2")]),
    (CELL, item("memory_regions", 0, size=0), [("link-access", E, "memory 0")]),
    (CELL, item("memory_regions", 0, flags=0x80), [("link-access", E, "memory 0")]),
    (CELL, item("memory_regions", 0, flags=0x83), [("link-access", W, "memory 0")]),
    (CELL, item("memory_regions", 1, flags=0x93), [("link-access", E, "memory 1")]),
    (CELL, item("memory_regions", 4, flags=0x83), [("link-access", E, "memory 4")]),
    (CELL, item("memory_regions", 3, flags=0x81), [("link-access", W, "memory 3")]),
    (CELL, cell(vpci_irq_base=100), [("link-interrupt", W, "PCI device 0")]),
    (CELL, console(type=11), [("console-type", W, "console")]),
    (CELL, console(flags=0x8003), [("console-type", W, "console")]),
    (SYSTEM, machine(debug_console=abi.Console(type=77)), [("console-type", W, "debug console")]),
    (SYSTEM, machine(flags=3), [("system-flags", W, "flags")]),
]


def changed(content, change):
    parsed = binary.parse(content)
    change(parsed)
    if parsed.system:
        parsed.system.root_cell = parsed.cell
    return parsed.pack()


@pytest.mark.parametrize("content, change, expected", CASES, ids=[f"{n}-{'-'.join(e[0] for e in case[2]) or 'none'}"
                                                                     for n, case in enumerate(CASES)])
def test_finding(content, change, expected):
    parsed = binary.parse(changed(content, change))
    last = len(parsed.arrays["memory_regions"]) - 1
    found = findings.find(parsed)
    assert [(f.rule, f.severity, f.record.replace(f"memory {last}", "memory -1") if parsed.system else f.record)
            for f in found] == expected, found
    lines = list(show.show(parsed))
    for item_found in found:
        index = lines.index(f"{'':18}! {item_found.severity}: {item_found.rule}: {item_found.text}")
        above = next(line for line in reversed(lines[:index]) if not line.startswith(" " * 18 + "!"))
        assert above[:20].strip() == item_found.record or (item_found.record == "header" and above == lines[0])


def test_every_finding_is_tested_and_in_the_manual():
    assert {rule for _, _, expected in CASES for rule, _, _ in expected} == set(findings.FINDINGS)
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    for rule, check in findings.FINDINGS.items():
        assert f"| `{rule}` | {' '.join(check.__doc__.split())} |" in manual, rule


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_nothing_is_found_in_what_the_compiler_makes(path):
    assert findings.find(binary.parse(read_hex(path))) == []


def run_show(tmp_path, content, *options):
    path = tmp_path / "x.cell"
    path.write_bytes(content)
    return path, subprocess.run([TOOL, "show", *options, path], capture_output=True, text=True, timeout=120)


def test_json(tmp_path):
    path, result = run_show(tmp_path, changed(CELL, item("memory_regions", 4, flags=0x83)) + bytes(3), "--json")
    shown = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (0, "")
    assert (shown["file"], shown["kind"], shown["header"]["name"], shown["cpus"]) == (str(path), "cell", "inmate-demo", [1])
    assert shown["memory_regions"][0] == {"phys_start": 0x7faf0000, "virt_start": 0x7faf0000, "size": 0x1000, "flags": 0x81,
                                          "purpose": "state table, PCI device 0"}
    assert shown["pci_devices"][0]["bar_mask"] == [0xfffff000, 0, 0, 0, 0, 0] and shown["trailing_bytes"] == 3
    problem, = shown["problems"]
    assert (problem["severity"], problem["rule"], problem["record"]) == ("error", "link-access", "memory 4")
    assert "output of peer 2" in problem["message"]


def test_json_of_a_system(tmp_path):
    _, result = run_show(tmp_path, SYSTEM, "--json")
    header = json.loads(result.stdout)["header"]
    assert header["arch"]["gicd_base"] == 0x8000000 and header["root_cell"]["name"] == "qemu-arm64"


def test_json_of_a_broken_file(tmp_path):
    path, result = run_show(tmp_path, CELL[:-1], "--json")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{path}: has 483 bytes, its counts need 484; build the file again\n"


def large(kind):
    """A file of almost 1 MiB that is all one kind of record."""
    parsed = binary.parse(CELL)
    if kind == "cpus":
        parsed.arrays["cpu_set"] = [0x55] * 1000000
    elif kind == "regions":
        parsed.arrays["memory_regions"] += [region(flags=n) for n in range(31000)]
    else:
        parsed.arrays["memory_regions"] += [region(virt_start=n << 12) for n in range(300)]
        parsed.arrays["pci_devices"] = [abi.PciDevice(type=3, bdf=n & 0xffff, shmem_peers=255) for n in range(17000)]
    return parsed.pack()


@pytest.mark.parametrize("kind", ["cpus", "regions", "links"])
def test_large_files_are_shown_in_bounded_time(tmp_path, kind):
    start = time.process_time()
    found = findings.find(binary.parse(large(kind)))
    assert found and time.process_time() - start < 60		# each with each would take hours
    path, result = run_show(tmp_path, large(kind))
    assert (result.returncode, result.stderr) == (0, "") and path.stat().st_size < 1 << 20


def test_any_byte_may_be_wrong():
    """No change of one byte of a good file is more than a problem or one error."""
    for content in (CELL, SYSTEM[:0x1e8] + SYSTEM[0x1e8:]):
        for offset in range(len(content)):
            for value in (0x00, 0x7f, 0xff):
                broken = content[:offset] + bytes([value]) + content[offset + 1:]
                try:
                    parsed = binary.parse(broken)
                except binary.BinaryError as error:
                    assert "\n" not in str(error)
                    continue
                json.dumps(show.as_json(parsed, "x"))
                assert all(line.isprintable() for line in show.show(parsed))


def test_names_cover_the_format():
    flags = {value for name, value in abi.CONSTANTS.items()
             if name.startswith(("CFG_MEM_", "CFG_STRAY_")) or name == "CFG_WATCHDOG"}
    assert flags - {abi.CFG_STRAY_ACTIONS} == set(names.MEMORY_FLAGS)


def test_range_of_accesses_to_nothing_is_shown():
    lines = list(show.show(binary.parse(changed(CELL, add("memory_regions", stray())))))
    assert f"{'memory 8':<20}none; accesses to nothing in [0x1000000, 0x1001000): STRAY_IGNORE" in lines


def test_watchdog_is_shown():
    lines = list(show.show(binary.parse(changed(CELL, add("memory_regions", watchdog(phys_start=2500000))))))
    assert f"{'memory 8':<20}none; watchdog of 2500 ms" in lines
