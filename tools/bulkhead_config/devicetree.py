# SPDX-License-Identifier: BSD-2-Clause
"""The device tree of a Linux that is the root cell in direct boot: what of the machine is its own, as the hypervisor
shows it. Written as text and compiled by dtc, whose warnings are errors."""
import subprocess
from dataclasses import dataclass

from .model import ECAM_SIZE, LINE_COUNT
from .units import Range

SPI, PPI = 0, 1				# first cell of a GICv3 interrupt
EDGE, LEVEL = 1, 4			# third one: rising, high
PCI_MEMORY_32 = 0x02000000
PSCI = ["arm,psci-1.0", "arm,psci-0.2"]


@dataclass(frozen=True)
class Type:
    """How a device of the board is described."""
    node: str
    compatible: tuple
    clocks: tuple = ()			# names of its inputs, all from one fixed clock
    frequency: bool = False		# instead: a property
    trigger: int = LEVEL
    extra: tuple = ()
    slices: bool = False		# one device for each interrupt, in equal parts of the range


TYPES = {
    "pl011": Type("serial", ("arm,pl011", "arm,primecell"), clocks=("uartclk", "apb_pclk")),
    "8250": Type("serial", ("ns16550a",), frequency=True, extra=("reg-shift = <2>;", "reg-io-width = <4>;")),
    "pl031": Type("rtc", ("arm,pl031", "arm,primecell"), clocks=("apb_pclk",)),
    "virtio-mmio": Type("virtio_mmio", ("virtio,mmio",), trigger=EDGE, extra=("dma-coherent;",), slices=True),
}


@dataclass(frozen=True)
class Node:
    name: str
    lines: list

    def text(self, depth):
        tabs = "\t" * depth
        yield f"{tabs}{self.name} {{"
        for line in self.lines:
            if isinstance(line, Node):
                yield from line.text(depth + 1)
            else:
                yield f"{tabs}\t{line}"
        yield f"{tabs}}};"


def _strings(values):
    return ", ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)


def _cells(*values):
    return "<" + " ".join(f"{value:#x}" if value > 9 else str(value) for value in values) + ">"


def _wide(value):
    return value >> 32, value & 0xffffffff


def _reg(*areas):
    return "reg = " + ", ".join(_cells(*_wide(area.start), *_wide(area.size)) for area in areas) + ";"


def _compatible(values):
    return f"compatible = {_strings(values)};"


def root_memory(system):
    """RAM that neither the hypervisor nor another cell or a link has, lowest first."""
    parts = [ram.range for ram in system.board.ram]
    taken = [region.host_range for cell in system.cells for region in cell.regions]
    taken += [link.host_range for link in system.links] + [system.hypervisor_range]
    for area in taken:
        parts = [rest for part in parts for rest in part.minus(area)]
    return sorted(parts)


def root_cpus(system):
    """CPUs that no cell of the bundle has: Linux gives others away itself."""
    taken = {cpu for cell in system.started for cpu in cell.cpus}
    return [cpu for cpu in range(system.board.cpus) if cpu not in taken]


def root_devices(system):
    """Devices of a known type that no cell has alone."""
    given = {name for cell in system.cells for name in cell.devices}
    devices = sorted(system.board.devices.values(), key=lambda device: device.range)
    return [device for device in devices if device.type and device.name not in given]


def needs_clock(device):
    return bool(TYPES[device.type].clocks) or TYPES[device.type].frequency


def _chosen(system):
    initrd = system.root.linux.initrd and system.root.linux.initrd.guest_range
    lines = [f"bootargs = {_strings([system.root.linux.command_line])};"]
    if initrd:
        lines += [f"linux,initrd-start = {_cells(*_wide(initrd.start))};",
                  f"linux,initrd-end = {_cells(*_wide(initrd.end))};"]
    consoles = [device for device in root_devices(system) if device.console]
    first = [device for device in consoles if device.name == system.hypervisor_console] + consoles
    if first:
        lines.append(f'stdout-path = "/{_device_name(first[0], first[0].range)}";')
    return Node("chosen", lines)


def _memory(system):
    parts = root_memory(system)
    return Node(f"memory@{parts[0].start:x}", ['device_type = "memory";', _reg(*parts)])


def _cpus(system):
    lines = ["#address-cells = <2>;", "#size-cells = <0>;"]
    for cpu in root_cpus(system):
        mpidr = system.board.mpidr[cpu]
        high, low = _wide(mpidr)
        unit = f"{high:x},{low:x}" if high else f"{low:x}"
        lines.append(Node(f"cpu@{unit}", [
            'device_type = "cpu";', _compatible(["arm,armv8"]), f"reg = {_cells(high, low)};",
            'enable-method = "psci";', f"bulkhead,cpu = <{cpu}>;"]))
    return Node("cpus", lines)


def _gic(board):
    return Node(f"gic: interrupt-controller@{board.distributor.start:x}", [
        _compatible(["arm,gic-v3"]), "#interrupt-cells = <3>;", "#address-cells = <0>;", "interrupt-controller;",
        "#redistributor-regions = <1>;", _reg(board.distributor, board.redistributors)])


def _timer(board):
    """Nothing that the CPUs are put to sleep by stops it: the hypervisor waits in WFI."""
    interrupts = ", ".join(_cells(PPI, intid - 16, LEVEL) for intid in board.timer)
    return Node("timer", [_compatible(["arm,armv8-timer"]), f"interrupts = {interrupts};", "always-on;"])


def _clock(frequency):
    return Node(f"clock_{frequency}: clock-{frequency}", [
        _compatible(["fixed-clock"]), "#clock-cells = <0>;", f"clock-frequency = <{frequency}>;"])


def _device_name(device, area):
    return f"{TYPES[device.type].node}@{area.start:x}"


def _device(device, area, spis):
    kind = TYPES[device.type]
    lines = [_compatible(kind.compatible), _reg(area)]
    if spis:
        lines.append("interrupts = " + ", ".join(_cells(SPI, spi, kind.trigger) for spi in spis) + ";")
    if kind.clocks:
        lines += ["clocks = " + ", ".join(f"<&clock_{device.clock}>" for _ in kind.clocks) + ";",
                  f"clock-names = {_strings(kind.clocks)};"]
    if kind.frequency:
        lines.append(f"clock-frequency = <{device.clock}>;")
    return Node(_device_name(device, area), lines + list(kind.extra))


def _devices(devices):
    for device in devices:
        if not TYPES[device.type].slices:
            yield _device(device, device.range, device.spis)
            continue
        size = device.range.size // len(device.spis)
        for index, spi in enumerate(device.spis):
            yield _device(device, Range.at(device.range.start + index * size, size), [spi])


def _pci(system):
    """The virtual host: one bus, no bridges; its devices interrupt by edges."""
    window = dict(system.pci_windows())["the PCI BAR window"]
    route = ",\n\t\t\t".join(f"<0 0 0 {pin + 1} &gic {SPI} {system.root.lines + pin} {EDGE}>" for pin in range(LINE_COUNT))
    return Node(f"pci@{system.ecam:x}", [
        _compatible(["pci-host-ecam-generic"]), 'device_type = "pci";', "#address-cells = <3>;", "#size-cells = <2>;",
        "#interrupt-cells = <1>;", "bus-range = <0 0>;", f"linux,pci-domain = <{system.domain}>;",
        _reg(Range.at(system.ecam, ECAM_SIZE)),
        f"ranges = {_cells(PCI_MEMORY_32, *_wide(window.start), *_wide(window.start), *_wide(window.size))};",
        "interrupt-map-mask = <0 0 0 7>;", f"interrupt-map = {route};", "dma-coherent;"])


def _hypervisor(system):
    public_page = system.hypervisor_at + system.hypervisor_image.header.public_page
    return Node(f"hypervisor@{system.hypervisor_at:x}", [
        _compatible(["bulkhead,hypervisor"]), _reg(system.hypervisor_range, Range.at(public_page, 4096))])


def source(system):
    """The text, for a system whose root cell is a Linux with its initrd in place."""
    board, devices = system.board, root_devices(system)
    frequencies = sorted({device.clock for device in devices if TYPES[device.type].clocks})
    nodes = ["#address-cells = <2>;", "#size-cells = <2>;", "interrupt-parent = <&gic>;",
             _compatible([f"bulkhead,{board.name}"]), f"model = {_strings([f'{system.name}, {system.root.name}'])};",
             _chosen(system), _memory(system), _cpus(system),
             Node("psci", [_compatible(PSCI), 'method = "smc";']), _gic(board), _timer(board),
             *map(_clock, frequencies), *_devices(devices)]
    if system.links_of(system.root):
        nodes.append(_pci(system))
    nodes.append(_hypervisor(system))
    return "/dts-v1/;\n\n" + "\n".join(Node("/", nodes).text(0)) + "\n"


class DeviceTreeError(Exception):
    """dtc is not there, or does not like what it gets."""


def compile_source(text):
    try:
        run = subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-o", "-", "-"], input=text.encode(),
                             capture_output=True, check=False)
    except OSError as error:
        raise DeviceTreeError(f"dtc cannot be started: {error.strerror}; install device-tree-compiler") from None
    if run.returncode or run.stderr:
        raise DeviceTreeError("dtc: " + run.stderr.decode("utf-8", "replace").strip())
    return run.stdout


def blob(system):
    return compile_source(source(system))
