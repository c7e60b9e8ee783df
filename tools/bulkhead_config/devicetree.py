# SPDX-License-Identifier: BSD-2-Clause
"""Device trees of Linux cells: what of the machine is their own, as the hypervisor shows it. Written as text and
compiled by dtc, whose warnings are errors. Nothing here knows where a Guest comes from:
guest_of_system.py, guest_of_binary.py."""
import subprocess
from dataclasses import dataclass, field

from .units import BAR_PAGE, ECAM_SIZE, GIB, KIB, LINE_COUNT, MIB, Range, round_up

SPI, PPI = 0, 1				# first cell of a GICv3 interrupt
EDGE, LEVEL = 1, 4			# third one: rising, high
PCI_MEMORY_32 = 0x02000000
PSCI = ["arm,psci-1.0", "arm,psci-0.2"]
ANY_DOMAIN = 0xffff			# Linux chooses
LOADER_ROOM = 64 * KIB


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
class Device:
    """A device of a guest. spis: none for one that it shares. reserved: another cell drives it, so the kernel leaves it
    alone but for its early console (Devicetree Specification 0.4, 2.3.4)."""
    type: str			# of TYPES
    range: Range
    spis: tuple = ()
    clock: int = None		# Hz
    reserved: bool = False

    @property
    def path(self):
        return f"/{_device_name(self, self.range)}"


@dataclass(frozen=True)
class Pci:
    """The virtual host. first_spi: of four, for INTA to INTD."""
    ecam: int
    window: Range		# for BARs, below 4 GiB
    first_spi: int
    domain: int


@dataclass
class Guest:
    """What a Linux cell is told. All addresses are its own."""
    board: str
    model: str
    cpus: list			# (number in configurations, MPIDR affinity)
    memory: list		# Range, the one with the kernel first
    distributor: Range
    redistributors: Range
    timer: list			# INTIDs: secure, physical, virtual, hypervisor timer
    command_line: str = ""
    initrd: Range = None
    devices: list = field(default_factory=list)
    console: Device = None
    pci: Pci = None
    hypervisor: tuple = ()	# for a root cell that finds it running: all of its memory, the page that it may read


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


def needs_clock(kind):
    return bool(TYPES[kind].clocks) or TYPES[kind].frequency


def without_loader(memory):
    """RAM without a small piece at address 0: that is where configurations for Jailhouse have the loader. memory:
    ranges."""
    return [area for area in memory if area.start or area.size > LOADER_ROOM] or memory


def bar_window(ecam, devices, taken):
    """Where a guest may put BARs: behind the configuration window, or else as high as possible below 4 GiB where it has
    nothing. devices: how many there are, with two BARs each in pages of up to 64 KiB; taken: ranges. None: no room."""
    size = round_up(max(devices, 1) * 2 * BAR_PAGE, MIB)
    window = Range.at(ecam + ECAM_SIZE, size)
    taken = [*taken, Range.at(ecam, ECAM_SIZE)]
    if window.end <= 4 * GIB and not any(window.overlaps(area) for area in taken):
        return window
    gaps = [Range(MIB, 4 * GIB)]
    for area in taken:
        gaps = [rest for gap in gaps for rest in gap.minus(area)]
    starts = [gap.end // MIB * MIB - size for gap in gaps]
    return next((Range.at(start, size) for start, gap in sorted(zip(starts, gaps), reverse=True) if start >= gap.start), None)


def _chosen(guest):
    lines = [f"bootargs = {_strings([guest.command_line])};"]
    if guest.initrd:
        lines += [f"linux,initrd-start = {_cells(*_wide(guest.initrd.start))};",
                  f"linux,initrd-end = {_cells(*_wide(guest.initrd.end))};"]
    if guest.console:
        lines.append(f'stdout-path = "{guest.console.path}";')
    return Node("chosen", lines)


def _memory(guest):
    return Node(f"memory@{guest.memory[0].start:x}", ['device_type = "memory";', _reg(*guest.memory)])


def _cpus(guest):
    lines = ["#address-cells = <2>;", "#size-cells = <0>;"]
    for cpu, mpidr in guest.cpus:
        high, low = _wide(mpidr)
        unit = f"{high:x},{low:x}" if high else f"{low:x}"
        lines.append(Node(f"cpu@{unit}", [
            'device_type = "cpu";', _compatible(["arm,armv8"]), f"reg = {_cells(high, low)};",
            'enable-method = "psci";', f"bulkhead,cpu = <{cpu}>;"]))
    return Node("cpus", lines)


def _gic(guest):
    return Node(f"gic: interrupt-controller@{guest.distributor.start:x}", [
        _compatible(["arm,gic-v3"]), "#interrupt-cells = <3>;", "#address-cells = <0>;", "interrupt-controller;",
        "#redistributor-regions = <1>;", _reg(guest.distributor, guest.redistributors)])


def _timer(guest):
    """Nothing that the CPUs are put to sleep by stops it: the hypervisor waits in WFI."""
    interrupts = ", ".join(_cells(PPI, intid - 16, LEVEL) for intid in guest.timer)
    return Node("timer", [_compatible(["arm,armv8-timer"]), f"interrupts = {interrupts};", "always-on;"])


def _clock(frequency):
    return Node(f"clock_{frequency}: clock-{frequency}", [
        _compatible(["fixed-clock"]), "#clock-cells = <0>;", f"clock-frequency = <{frequency}>;"])


def _device_name(device, area):
    return f"{TYPES[device.type].node}@{area.start:x}"


def _device(device, area, spis):
    kind = TYPES[device.type]
    lines = [_compatible(kind.compatible), _reg(area)]
    if device.reserved:
        return Node(_device_name(device, area), [*lines, *kind.extra, 'status = "reserved";'])
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
        if not TYPES[device.type].slices or device.reserved:
            yield _device(device, device.range, device.spis)
            continue
        size = device.range.size // len(device.spis)
        for index, spi in enumerate(device.spis):
            yield _device(device, Range.at(device.range.start + index * size, size), [spi])


def _pci(pci):
    """The virtual host: one bus, no bridges; its devices interrupt by edges."""
    route = ",\n\t\t\t".join(f"<0 0 0 {pin + 1} &gic {SPI} {pci.first_spi + pin} {EDGE}>" for pin in range(LINE_COUNT))
    domain = [] if pci.domain == ANY_DOMAIN else [f"linux,pci-domain = <{pci.domain}>;"]
    return Node(f"pci@{pci.ecam:x}", [
        _compatible(["pci-host-ecam-generic"]), 'device_type = "pci";', "#address-cells = <3>;", "#size-cells = <2>;",
        "#interrupt-cells = <1>;", "bus-range = <0 0>;", *domain, _reg(Range.at(pci.ecam, ECAM_SIZE)),
        f"ranges = {_cells(PCI_MEMORY_32, *_wide(pci.window.start), *_wide(pci.window.start), *_wide(pci.window.size))};",
        "interrupt-map-mask = <0 0 0 7>;", f"interrupt-map = {route};", "dma-coherent;"])


def _hypervisor(guest):
    """A root cell's driver looks for the first one, the kernel itself for the second: with it, it looks for PCI
    functions whose function 0 is not there."""
    if guest.hypervisor:
        return Node(f"hypervisor@{guest.hypervisor[0].start:x}", [
            _compatible(["bulkhead,hypervisor"]), _reg(*guest.hypervisor)])
    return Node("hypervisor", [_compatible(["jailhouse,cell"])])


def source(guest):
    """The text."""
    frequencies = sorted({device.clock for device in guest.devices if TYPES[device.type].clocks and not device.reserved})
    nodes = ["#address-cells = <2>;", "#size-cells = <2>;", "interrupt-parent = <&gic>;",
             _compatible([f"bulkhead,{guest.board}"]), f"model = {_strings([guest.model])};",
             _chosen(guest), _memory(guest), _cpus(guest),
             Node("psci", [_compatible(PSCI), 'method = "smc";']), _gic(guest), _timer(guest),
             *map(_clock, frequencies), *_devices(guest.devices)]
    if guest.pci:
        nodes.append(_pci(guest.pci))
    nodes.append(_hypervisor(guest))
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


def blob(guest):
    return compile_source(source(guest))
