# SPDX-License-Identifier: BSD-2-Clause
"""What board and system files say, as objects. What the user left open is None until allocate.py has run."""
from dataclasses import dataclass, field
from pathlib import Path

from . import limits, lock, records, schema
from .source import ConfigError, Document, Owner, Problem, load
from .units import BAR_PAGE, ECAM_SIZE, LINE_COUNT, MIB, PAGE, TIMER, Range, parse_size, parse_time

NOBODY = "-"			# a place in a link that no cell of the file has
CLUSTER = 16			# CPUs that one SGI can reach

PROTOCOLS = {"undefined": 0x0000, "ethernet": 0x0001}
VIRTIO = {"virtio-net": 1, "virtio-block": 2, "virtio-console": 3}
VIRTIO_FRONTEND, VIRTIO_BACKEND = 0x8000, 0xc000


@dataclass
class Entry:
    """Something that stands in a file."""
    document: Document
    path: tuple
    name: str

    @property
    def owner(self):
        return Owner(type(self).__name__.lower(), self.name)

    def key(self, *path):
        return self.document.key(*self.path, *path)

    def value(self, *path):
        return self.document.value(*self.path, *path)

    def has(self, *path):
        return self.path + path in self.document.keys


@dataclass
class Device(Entry):
    range: Range
    spis: list
    console: str
    type: str			# in a device tree; None: unknown there
    clock: int			# Hz

    def __str__(self):
        return f"device '{self.name}'"


@dataclass
class Ram(Entry):
    range: Range

    @property
    def owner(self):
        return Owner("memory", self.name)

    def __str__(self):
        return f"memory '{self.name}' of the board"


@dataclass
class Unit(Entry):
    """Registers that no cell is given: through them it would reach all memory. An ITS, or an IOMMU."""
    range: Range

    @property
    def owner(self):
        return Owner("IOMMU", self.name) if "iommus" in self.path else Owner("window", "GIC ITS")

    def __str__(self):
        return f"IOMMU '{self.name}'" if "iommus" in self.path else "the GIC ITS"


@dataclass
class Board(Entry):
    cpus: int
    ram: list
    pool: Range			# None: everything has an address
    distributor: Range
    redistributors: Range
    maintenance: int
    spis: int
    ecam: int
    domain: int
    pci_spis: range
    devices: dict
    mpidr: list			# affinity by CPU number
    timer: list			# INTIDs: secure, physical, virtual, hypervisor timer
    units: list			# each ITS and IOMMU

    def __str__(self):
        return f"board '{self.name}'"

    @property
    def ram_start(self):
        return min(ram.range.start for ram in self.ram)

    def is_ram(self, area):
        return any(ram.range.contains(area) for ram in self.ram)

    def gic(self):
        return [(Owner("window", "GIC distributor"), self.distributor),
                (Owner("window", "GIC redistributors"), self.redistributors)]


@dataclass
class Region(Entry):
    """Memory of a cell."""
    cell: str
    at: int
    size: int
    host: int
    access: str
    dma: bool
    loadable: bool
    shared: bool
    keep: bool			# contents survive a change of the owner

    @property
    def owner(self):
        return Owner("memory", self.name, self.cell)

    def __str__(self):
        return f"memory '{self.name}' of cell '{self.cell}'"

    @property
    def guest_range(self):
        return Range.at(self.at, self.size)

    @property
    def host_range(self):
        return Range.at(self.host, self.size)


@dataclass
class StrayRange(Entry):
    """What becomes of accesses to nothing in a range of guest addresses of a cell."""
    range: Range
    action: str

    def __str__(self):
        return f"range of accesses to nothing of cell '{self.name}'"


@dataclass
class Image(Entry):
    """A file or a text that the hypervisor loads into a cell; its name is the file's, or the text. content of a file is
    None until rules_direct.py has read it; at is None for those of a Linux, and the content of its device tree, too,
    until rules_linux.py has placed them."""
    cell: str
    at: int
    content: bytes = None
    generated: bool = False

    @property
    def owner(self):
        return Owner("text" if self.is_text else "image", self.name, self.cell)

    def __str__(self):
        return f"{'text' if self.is_text else 'image'} '{self.name}' of cell '{self.cell}'"

    @property
    def is_text(self):
        return self.has("text")

    @property
    def guest_range(self):
        return Range.at(self.at, len(self.content))


@dataclass
class Linux(Entry):
    """A cell that runs Linux. In direct boot its images are in the list of the cell, too; else somebody else loads them,
    with a device tree that is made for it."""
    kernel: Image		# None: not in direct boot
    initrd: Image		# or None
    tree: Image
    command_line: str

    @property
    def images(self):
        return [image for image in (self.kernel, self.initrd, self.tree) if image]


@dataclass
class OnFailure:
    """What happens when all CPUs of a cell have failed. 0: no limit, for ever."""
    action: str
    restarts: int = 0
    within: int = 0


@dataclass
class Cell(Entry):
    root: bool
    cpus: list
    regions: list
    comm: int
    entry: int
    passive: bool
    virtual_console: str
    console: str
    devices: list
    shared_devices: list
    interrupts: list
    lines: int		# first of four SPIs for the virtual PCI host
    images: list
    on_failure: OnFailure
    argument: int
    linux: Linux		# or None
    records: dict		# the low-level form, see records.py
    stray: str			# None: nothing is said
    stray_ranges: list
    watchdog: int			# period in microseconds, or None
    page: int = PAGE		# of the guest's page tables

    def __str__(self):
        return f"cell '{self.name}'"


@dataclass
class Link(Entry):
    peers: list
    host: int
    state: int
    shared: int
    output: int
    msix: bool
    vectors: int
    latch_state: bool
    protocol: object
    backend: str
    slot: int
    max_peers: dict		# name of a cell: what its device says, instead of the number of peers

    def __str__(self):
        return f"link '{self.name}'"

    @property
    def size(self):
        return self.state + self.shared + self.output * len(self.peers)

    @property
    def host_range(self):
        return Range.at(self.host, self.size)

    def sections(self):
        """(host start, size, id of the only writer | 'all' | None) in the order the device wants them."""
        start = self.host
        parts = [(self.state, None), (self.shared, "all")]
        parts += [(self.output, peer) for peer in range(len(self.peers))]
        for size, writer in parts:
            yield start, size, writer
            start += size

    def protocol_of(self, peer):
        if isinstance(self.protocol, int):
            return self.protocol
        if self.protocol in PROTOCOLS:
            return PROTOCOLS[self.protocol]
        side = VIRTIO_BACKEND if peer == self.backend else VIRTIO_FRONTEND
        return side + VIRTIO[self.protocol]

    def line(self):
        """0 for INTA: follows from the device number."""
        return self.slot % LINE_COUNT


@dataclass
class System(Entry):
    board: Board
    hypervisor_size: int
    hypervisor_at: int		# None: the driver allocates it
    hypervisor_console: str
    virtual_console: bool
    ecam: int
    domain: int
    pool: Range
    cells: list
    links: list = field(default_factory=list)
    direct: bool = False
    limits: object = None			# limits.Limits
    problems: list = field(default_factory=list)	# of the form of the file
    files: tuple = ()			# direct boot: where images are looked for
    hypervisor_image: object = None	# bundle.HypervisorImage: direct boot, or where one is named
    records: dict = field(default_factory=dict)		# the low-level form, see records.py
    kept: dict = field(default_factory=dict)		# what the lock has, see lock.py
    chosen: dict = field(default_factory=dict)		# path of what allocate.py has chosen: why

    def __str__(self):
        return f"system '{self.name}'"

    @property
    def root(self):
        """None: direct boot without one."""
        return next((cell for cell in self.cells if cell.root), None)

    @property
    def others(self):
        return [cell for cell in self.cells if not cell.root]

    @property
    def owners(self):
        """All that occupies host memory for cells."""
        return [region for cell in self.others for region in cell.regions] + self.links

    def hides(self, place, combines):
        """Would a problem here only follow from what is wrong with the form of the file?"""
        return place.file == self.document.file and self.document.hides(place, combines)

    @property
    def started(self):
        """Direct boot: the cells of the bundle. Others are made by the Linux in the root cell."""
        return [cell for cell in self.cells if cell.images]

    def cell(self, name):
        return next((cell for cell in self.cells if cell.name == name), None)

    @property
    def cpus(self):
        """Of all cells together."""
        listed = records.cpus(self.root.records) if self.root else None
        return list(range(self.board.cpus)) if listed is None else listed

    def links_of(self, cell):
        return [link for link in self.links if cell.name in link.peers]

    def guest_areas(self, cell):
        """(what, range, place) of everything that a non-root cell sees at an address."""
        areas = [(region, region.guest_range, region.key()) for region in cell.regions]
        if cell.comm is not None:
            areas.append((Owner("communication region", "communication region", cell.name), Range.at(cell.comm, PAGE),
                          cell.key("communication-region")))
        devices = {}		# one that is listed twice is a problem of its own
        for key, names in (("devices", cell.devices), ("shared-devices", cell.shared_devices)):
            for index, name in enumerate(names):
                devices.setdefault(name, cell.value(key, index))
        areas += [(self.board.devices[name], self.board.devices[name].range, place)
                  for name, place in devices.items() if name in self.board.devices]
        areas += [(link, link.host_range, link.key()) for link in self.links_of(cell) if link.host is not None]
        return areas

    def granule(self, owner):
        """Host memory of a region or link consists of pages of all cells that map it; the root cell does at times."""
        users = [cell for cell in self.cells if cell.name in owner.peers] if isinstance(owner, Link) else [
            cell for cell in self.cells if cell.root or cell.name == owner.cell]
        return max([PAGE] + [cell.page for cell in users])

    @property
    def hypervisor_range(self):
        return None if self.hypervisor_at is None else Range.at(self.hypervisor_at, self.hypervisor_size)

    def pci_windows(self):
        """ECAM, and the window for BARs that the driver opens behind it: two pages per device."""
        if any(name in self.records for name in records.PCI_FIELDS):
            return []		# taken as it is
        ecam = Range.at(self.ecam, ECAM_SIZE)
        bars = max([len(self.links_of(cell)) for cell in self.cells if cell.root] + [1])
        return [(Owner("window", "ECAM window"), ecam),
                (Owner("window", "PCI BAR window"), Range.at(ecam.end, bars * 2 * BAR_PAGE))]


def _area(data):
    return Range.at(data["at"], parse_size(data["size"]))


def _entries(data, document, key, make, path=()):
    return [make(document, (*path, key, name), name, value) for name, value in (data.get(key) or {}).items()]


def _device(document, path, name, data):
    console = str(data["console"]) if "console" in data else None
    return Device(document, path, name, range=_area(data), spis=data.get("spis", []),
                  console=console, type=data.get("type", console), clock=data.get("clock"))


def _ram(document, path, name, data):
    return Ram(document, path, name, range=_area(data))


def _unit(document, path, name, data):
    return Unit(document, path, name, range=_area(data))


def _default_mpidr(cpus):
    """As QEMU's virt machine numbers them with GICv3."""
    return [cpu // CLUSTER << 8 | cpu % CLUSTER for cpu in range(cpus)]


def load_board(file):
    document = load(file)
    schema.check(document, schema.BOARD)
    if document.problems:
        raise ConfigError(document.problems)
    return _board(document, (), document.data)


def _board(document, path, data):
    gic, lines = data["gic"], data["pci"].get("interrupts", {"first": 0, "count": 0})
    return Board(
        document, path, data["board"], cpus=data["cpus"], ram=_entries(data, document, "memory", _ram, path),
        pool=_area(data["pool"]) if "pool" in data else None, distributor=_area(gic["distributor"]),
        redistributors=_area(gic["redistributors"]), maintenance=gic["maintenance-interrupt"], spis=gic["spis"],
        ecam=data["pci"]["ecam"], domain=data["pci"]["domain"],
        pci_spis=range(lines["first"], lines["first"] + lines["count"]),
        devices={device.name: device for device in _entries(data, document, "devices", _device, path)},
        mpidr=data.get("mpidr", _default_mpidr(data["cpus"])), timer=data.get("timer", TIMER),
        units=[_unit(document, path + ("gic", "its", index), "its", area) for index, area in enumerate(gic.get("its", []))]
        + _entries(data, document, "iommus", _unit, path))


def find_board(document, directories):
    """boards/NAME.yaml beside the directory of the system file, or in a directory the user names."""
    name = document.data["board"]
    places = [Path(d) for d in directories] or [Path(document.file).parent.parent / "boards"]
    for place in places:
        if (place / f"{name}.yaml").is_file():
            return place / f"{name}.yaml"
    raise ConfigError([Problem(document.value("board"), "board-unknown",
                               f"there is no {name}.yaml in {', '.join(str(p) for p in places)}; "
                               "correct the name, or add the directory with --boards")])


def _linux(document, path, cell, data):
    def image(key, name, **more):
        return Image(document, path + (key,), name, cell=cell, at=None, **more)
    return Linux(
        document, path, cell, kernel=image("kernel", data["kernel"]) if "kernel" in data else None,
        initrd=image("initrd", data["initrd"]) if "initrd" in data else None,
        tree=image("kernel", f"{cell}.dtb", generated=True), command_line=data.get("command-line", ""))


def _on_failure(data):
    if isinstance(data, str):
        return OnFailure(data)
    return OnFailure("restart", data["restart"], data.get("within", 0))


def _image(document, path, cell, entry, data):
    text = data.get("text")
    return Image(document, path, data.get("file", text), cell=cell, at=data.get("at", entry),
                 content=None if text is None else text.encode() + b"\0")


def _cell(document, path, name, data):
    regions = []
    runs_linux = "linux" in data and not data.get("root", False)
    for key, region in data.get("memory", {}).items():
        access, shared = region.get("access", "rwx"), region.get("shared-with-root", False)
        is_ram = runs_linux and access == "rwx" and not shared		# then all that `cell linux` wants of it
        regions.append(Region(
            document, path + ("memory", key), key, cell=name, at=region["at"], size=parse_size(region["size"]),
            host=region.get("host"), access=access, dma=region.get("dma", is_ram),
            loadable=region.get("loadable", is_ram), shared=shared, keep=region.get("keep", False)))
    entry, low = data.get("entry", 0), data.get("records", {})
    images = [_image(document, path + ("images", index), name, entry, image)
              for index, image in enumerate(data.get("images", []))]
    linux = _linux(document, path + ("linux",), name, data["linux"]) if "linux" in data else None
    strays = [StrayRange(document, path + ("stray-ranges", index), name, range=_area(area), action=area["action"])
              for index, area in enumerate(data.get("stray-ranges", []))]
    return Cell(
        document, path, name, root=data.get("root", False), cpus=data.get("cpus", []), regions=regions,
        comm=data.get("communication-region"), entry=entry, passive=data.get("passive", runs_linux),
        virtual_console=data.get("virtual-console", "off"), console=data.get("console"),
        devices=data.get("devices", []), shared_devices=data.get("shared-devices", []),
        interrupts=data.get("interrupts", []),
        lines=low.get("header", {}).get("vpci_irq_base", data.get("pci-interrupts")),
        images=images + (linux.images if linux and linux.kernel else []), on_failure=_on_failure(data.get("on-failure", "stop")),
        argument=data.get("argument", 0), linux=linux, records=low, stray=data.get("stray-access"),
        stray_ranges=strays, watchdog=parse_time(data["watchdog"]) if "watchdog" in data else None,
        page=parse_size(data.get("page-size", PAGE)))


def _link(document, path, name, data):
    return Link(
        document, path, name, peers=data["peers"], host=data.get("at"), state=parse_size(data.get("state", PAGE)),
        shared=parse_size(data.get("shared", 0)), output=parse_size(data.get("output", 0)),
        msix=data.get("interrupt", "intx") == "msi-x", vectors=data.get("vectors", 1),
        latch_state=data.get("latch-state", True), protocol=data.get("protocol", "undefined"),
        backend=data.get("backend"), slot=data.get("device"), max_peers=data.get("max-peers", {}))


def _load_board_of(document, directories):
    """Problems of both files are reported together."""
    board, problems = None, list(document.problems)
    named = document.data.get("board") if isinstance(document.data, dict) else None
    is_sound = not any(path[:1] == ("board",) for path in document.broken)
    try:
        if isinstance(named, dict) and is_sound:
            board = _board(document, ("board",), named)
        elif isinstance(named, str) and is_sound:
            board = load_board(find_board(document, directories))
    except ConfigError as error:
        problems += error.problems
    if not board or document.ground_is_broken:
        raise ConfigError(sorted(problems))
    return board


def load_system(file, board_directories=(), build=None):
    """build: what the hypervisor is built for; None: as configs/defconfig says."""
    system = make_system(load(file), board_directories, build)
    system.kept = lock.load(file)
    return system


def make_system(document, board_directories=(), build=None):
    schema.check(document, schema.SYSTEM)
    board = _load_board_of(document, board_directories)
    data = document.data
    memory, pci = data["hypervisor"]["memory"], data.get("pci", {})
    fixed = isinstance(memory, dict)
    return System(
        document, (), data["system"], board=board,
        hypervisor_size=parse_size(memory["size"] if fixed else memory),
        hypervisor_at=memory["at"] if fixed else None, hypervisor_console=data["hypervisor"].get("console"),
        virtual_console=data["hypervisor"].get("virtual-console", False), ecam=pci.get("ecam", board.ecam),
        domain=pci.get("domain", board.domain), pool=_area(data["pool"]) if "pool" in data else board.pool,
        cells=_entries(data, document, "cells", _cell), links=_entries(data, document, "links", _link),
        direct=data.get("boot", "linux") == "direct", limits=build or limits.STANDARD, problems=document.problems,
        records=data.get("records", {}))
