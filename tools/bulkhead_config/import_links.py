# SPDX-License-Identifier: BSD-2-Clause
"""Recognises links in a set of binary configurations: ivshmem devices at one place of the virtual PCI bus that agree about
their memory. What does not fit stays PCI devices and memory regions in the low-level form."""
from dataclasses import dataclass, field

from . import abi
from .emit import BAR_MASK_PAGE
from .equivalence import overlapping, reach
from .findings import OUTPUT, SHARED, STATE, is_subpage, ivshmem
from .model import LINE_COUNT, NOBODY, PROTOCOLS, VIRTIO, VIRTIO_BACKEND, VIRTIO_FRONTEND
from .units import FIRST_SPI, Range

WORDS = {"ethernet": "net", "virtio-net": "net", "virtio-block": "disk", "virtio-console": "console"}
CUSTOM = range(0x4000, 0x8000)
PEERS_MAX = 255


@dataclass
class Link:
    slot: int
    peers: list				# keys of cells, NOBODY for those that are not in the set
    ends: dict = field(default_factory=dict)		# key of a cell: index of its PCI device
    regions: dict = field(default_factory=dict)		# key of a cell: indices of its sections
    sizes: list = ()
    at: int = 0
    msix: int = 0			# vectors
    latch_state: bool = True
    protocol: object = None
    backend: str = None
    max_peers: dict = field(default_factory=dict)		# key of a cell: what it is told

    @property
    def range(self):
        state, shared, output = self.sizes
        return Range.at(self.at, state + shared + output * len(self.peers))

    @property
    def word(self):
        return WORDS.get(self.protocol, "link")


def sections_of(source, device, peers):
    first = device.shmem_regions_start
    return source.regions[first:first + OUTPUT + peers]


def _plain(device):
    """Only what a link can say: one register page, INTx or MSI-X."""
    masks = [BAR_MASK_PAGE, BAR_MASK_PAGE if device.num_msix_vectors else 0, 0, 0, 0, 0]
    return (not device.bdf & ~0xf8 and list(device.bar_mask) == masks and device.msi_flags in (0, abi.CFG_SHMEM_LOSSY_STATE)
            and not any((device.iommu, device.caps_start, device.num_caps, device.num_msi_vectors, device.msix_region_size,
                         device.msix_address)))


def _flags(section, own, root):
    write = section == SHARED or section == OUTPUT + own
    return abi.CFG_MEM_READ | (abi.CFG_MEM_WRITE if write else 0) | (0 if root else abi.CFG_MEM_ROOTSHARED)


def _memory_fits(source, device, peers):
    """Sections as a link has them: at their physical address, in pages, without gap, with these flags."""
    parts = sections_of(source, device, peers)
    if len(parts) != OUTPUT + peers or not parts[STATE].size:
        return False
    expected = parts[STATE].phys_start
    for section, region in enumerate(parts):
        if not region.size:
            continue
        if (region.phys_start != expected or region.virt_start != expected or is_subpage(region)
                or region.flags != _flags(section, device.shmem_dev_id, source.root)):
            return False
        expected += region.size
    return len({region.size for region in parts[OUTPUT:]}) == 1


def _interrupt_fits(source, device):
    """The line of an INTx device is an SPI of the cell; MSI-X needs as many as vectors."""
    line = FIRST_SPI + source.cell.vpci_irq_base + (device.bdf >> 3) % LINE_COUNT
    return bool(device.num_msix_vectors) or source.root or line in source.pins


def _protocol(devices):
    """(name or number, key of the back-end): of a link whose ends agree; None otherwise."""
    values = {key: device.shmem_protocol for key, device in devices.items()}
    first = next(iter(values.values()))
    names = {number: name for name, number in PROTOCOLS.items()}
    if set(values.values()) == {first} and (first in names or first in CUSTOM):
        return names.get(first, first), None
    kinds = {number: name for name, number in VIRTIO.items()}
    backends = [key for key, value in values.items() if value >= VIRTIO_BACKEND]
    numbers = {value - (VIRTIO_BACKEND if key in backends else VIRTIO_FRONTEND) for key, value in values.items()}
    if len(numbers) != 1 or len(backends) > 1 or (number := numbers.pop()) not in kinds:
        return None
    return kinds[number], backends[0] if backends else NOBODY


def _link(ends, sources, domain):
    """ends: [(key, index of PCI device)]. None: no link."""
    devices = {key: sources[key].binary.arrays["pci_devices"][index] for key, index in ends}
    first = next(iter(devices.values()))
    same = {(d.num_msix_vectors, d.msi_flags) for d in devices.values()}
    # an end may have been told less
    count = max(max(d.shmem_peers, d.shmem_dev_id + 1) for d in devices.values())
    if len(devices) != len(ends) or len(same) != 1 or not 2 <= count <= PEERS_MAX or first.num_msix_vectors > 16:
        return None
    if any(d.domain != domain or not _plain(d) or not _memory_fits(sources[key], d, count)
           or not _interrupt_fits(sources[key], d) for key, d in devices.items()):
        return None
    layouts = {tuple((r.phys_start if r.size else 0, r.size) for r in sections_of(sources[key], d, count))
               for key, d in devices.items()}
    peers = [NOBODY] * count
    for key, device in devices.items():
        peers[device.shmem_dev_id] = key
    protocol = _protocol(devices)
    if len(layouts) != 1 or len(set(peers) - {NOBODY}) != len(devices) or not protocol:
        return None
    if protocol[1] == NOBODY and NOBODY not in peers:
        return None
    source = sources[ends[0][0]]
    parts = sections_of(source, first, count)
    regions = {key: set(range(d.shmem_regions_start, d.shmem_regions_start + len(parts))) for key, d in devices.items()}
    return Link(first.bdf >> 3, peers, dict(ends), regions, [parts[STATE].size, parts[SHARED].size, parts[OUTPUT].size],
                parts[STATE].phys_start, first.num_msix_vectors, not first.msi_flags, *protocol,
                {key: d.shmem_peers for key, d in devices.items() if d.shmem_peers != count})


def _hidden(source):
    """Indices of regions that another region of the cell covers, other than a section of the root cell that comes later."""
    found = set()
    for group in overlapping(source.regions):
        last = max(index for index, _ in group)
        for index, region in group if len(group) > 1 else []:
            section = source.root and any(index in range(d.shmem_regions_start, d.shmem_regions_start + reach(d))
                                          for _, d in ivshmem(source.binary))
            later = all(other <= index or not _overlap(region, area) for other, area in group if other != index)
            if not section or (not later and last != index):
                found.add(index)
    return found


def _overlap(one, other):
    return one.virt_start < other.virt_start + other.size and other.virt_start < one.virt_start + one.size


def _free_vectors(source, links):
    """MSI-X links of a cell find as many SPIs of its own as they have vectors."""
    key = source.key
    mine = [link for link in links if key in link.ends]
    lines = {FIRST_SPI + source.cell.vpci_irq_base + link.slot % LINE_COUNT for link in mine if not link.msix}
    vectors = sum(link.msix for link in mine)
    return source.root or vectors <= len(set(source.pins) - lines)


def recognise(sources, domain, refused=()):
    """Links of a set. sources: key of a cell to importer.Source; refused: slots that are no links for other reasons."""
    places = {}
    for key, source in sources.items():
        for index, device in ivshmem(source.binary):
            places.setdefault(device.bdf, []).append((key, index))
    links = [_link(ends, sources, domain) for ends in places.values()]
    links = [link for link in links if link and link.slot not in refused]
    hidden = {key: _hidden(source) for key, source in sources.items()}
    while True:
        good = [link for link in links if not any(hidden[key] & indices for key, indices in link.regions.items())
                and all(_free_vectors(sources[key], links) or not link.msix for key in link.ends)
                and not _shared(link, links, sources)]
        if len(good) == len(links):
            return sorted(good, key=lambda link: link.slot)
        links = good


def _shared(link, links, sources):
    """Does another device of a cell use a section of this link, too?"""
    for key, indices in link.regions.items():
        for number, device in ivshmem(sources[key].binary):
            others = range(device.shmem_regions_start, device.shmem_regions_start + reach(device))
            other = next((item for item in links if item.ends.get(key) == number), None)
            if number != link.ends[key] and indices & (other.regions[key] if other else set(others)):
                return True
    return False
