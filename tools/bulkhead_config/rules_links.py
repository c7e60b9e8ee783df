# SPDX-License-Identifier: BSD-2-Clause
"""Rules for links: peers, sections, interrupts, protocols."""
from .model import NOBODY, VIRTIO
from .registry import REFERENCES, rule
from .units import PAGE, format_size

PEERS_MAX = 255


@rule("peer-unknown", REFERENCES)
def peer_unknown(system):
    """Peers of a link are cells of the system."""
    for link in system.links:
        for index, peer in enumerate(link.peers):
            if peer != NOBODY and not system.cell(peer):
                yield link.value("peers", index), (f"{link} has a peer '{peer}', which is no cell; possible are "
                                                   f"{', '.join(cell.name for cell in system.cells)}")


@rule("peer-twice", REFERENCES)
def peer_twice(system):
    """A cell is one peer of a link, not two."""
    for link in system.links:
        for index, peer in enumerate(link.peers):
            if peer != NOBODY and peer in link.peers[:index]:
                yield link.value("peers", index), (f"{link} has the peer '{peer}' twice, as {link.peers.index(peer)} and "
                                                   f"as {index}; remove one")


@rule("peer-count", REFERENCES)
def peer_count(system):
    """A link has 2 to 255 peers."""
    for link in system.links:
        if not 2 <= len(link.peers) <= PEERS_MAX:
            yield link.value("peers"), f"{link} has {len(link.peers)} peers; list 2 to {PEERS_MAX} cells"
        elif set(link.peers) == {NOBODY}:
            yield link.value("peers"), f"{link} has only places without a cell; list at least one cell"


@rule("max-peers", REFERENCES)
def max_peers(system):
    """Only peers of a link are told another number of peers, and none more than there are."""
    for link in system.links:
        for name, count in link.max_peers.items():
            if name not in link.peers:
                yield link.key("max-peers", name), f"'{name}' is no peer of {link}; remove it from 'max-peers'", link
            elif count > len(link.peers):
                yield link.value("max-peers", name), (f"{link} has {len(link.peers)} peers, '{name}' cannot be told {count}; use "
                                                      "a smaller number")


@rule("section-pages", REFERENCES)
def section_pages(system):
    """Sections of a link consist of whole pages, because each has its own access rights."""
    for link in system.links:
        for key in ("state", "shared", "output"):
            size = getattr(link, key)
            if size % PAGE or (key == "state" and size == 0):
                yield link.value(key), (f"section '{key}' of {link} has {format_size(size)}; use a multiple of "
                                        f"{format_size(PAGE)}" + (", not 0" if key == "state" else ""))
        if link.host is not None and link.host % PAGE:
            yield link.value("at"), f"{link} cannot be at {link.host:#x}; use a multiple of {format_size(PAGE)}"


@rule("vectors-intx", REFERENCES, combines=True)
def vectors_intx(system):
    """A link with INTx has one vector."""
    for link in system.links:
        if not link.msix and link.vectors != 1:
            yield link.value("vectors"), (f"{link} wants {link.vectors} vectors, INTx has one; use 'vectors: 1', or add "
                                          "'interrupt: msi-x'")


@rule("msi-x-interrupts", REFERENCES, combines=True)
def msi_x_interrupts(system):
    """A cell has an SPI in 'interrupts' for each vector of its MSI-X links: messages raise these."""
    for cell in system.others:
        vectors = sum(link.vectors for link in system.links_of(cell) if link.msix)
        if vectors > len(cell.interrupts):
            yield cell.key("interrupts"), (f"{cell} has {len(cell.interrupts)} SPIs in 'interrupts', its MSI-X links have "
                                           f"{vectors} vectors; list an SPI for each")


@rule("virtio-backend", REFERENCES, combines=True)
def virtio_backend(system):
    """A link with a virtio protocol names the peer that is the back-end; other links have none."""
    for link in system.links:
        if link.protocol in VIRTIO and link.backend not in link.peers:
            yield link.key("protocol"), (f"{link} has protocol {link.protocol} and needs one of its peers as back-end; "
                                         f"add 'backend: {link.peers[0] if link.peers else 'CELL'}' or another peer")
        if link.backend is not None and link.protocol not in VIRTIO:
            yield link.key("backend"), f"{link} has a back-end but no virtio protocol; remove 'backend'"


@rule("pci-device-twice", REFERENCES)
def pci_device_twice(system):
    """The PCI device number is the identity of a link: no two links have the same."""
    owners = {}
    for link in system.links:
        if link.slot in owners:
            yield link.value("device"), (f"{link} has PCI device {link.slot} like {owners[link.slot]} (line "
                                         f"{owners[link.slot].key('device').line}); change or remove one of them"
                                         ), link, owners[link.slot]
        if link.slot is not None:
            owners.setdefault(link.slot, link)
