# SPDX-License-Identifier: BSD-2-Clause
"""A picture of a checked system: who has which CPUs, cells on their links, and the memory map.

Cells are columns, links are rows: an edge from peer to peer, and below it what each peer may do with each section. So
nothing crosses, however many there are."""
import argparse
from dataclasses import dataclass
from pathlib import Path

from .drawing import FAINT, INK, PANEL, PAPER, Color, Drawing, color, html, in_lines, text_width
from .memory_map import HYPERVISOR, NOBODY, numbers, pieces
from .units import about

MARGIN, PAGE_WIDTH, GAP = 24, 1480, 28
TILES, TILE, TILE_HEIGHT = 16, 88, 58			# CPUs: in a row, largest width, height
LABELS, COLUMN = 262, (108, 280)			# links: width of the first column, of the others
CARD, EDGE_ROW, INFO_ROW, SECTION_ROW = 92, 26, 16, 18
MAP_COLUMNS, ADDRESS, BAR = 3, 92, 84
LOWEST, LOWEST_NOTED, FOLDED, HIGHEST, HOLE = 24, 34, 58, 120, 22	# pieces of the memory map

OTHERS = {HYPERVISOR: Color("#4a525c", "#1c2128"), NOBODY: Color("#eceff2", "#8b949e")}


@dataclass(frozen=True)
class Palette:
    colors: dict

    @classmethod
    def of(cls, system):
        return cls({**{cell.name: color(index) for index, cell in enumerate(ordered(system))}, **OTHERS})

    def fill(self, drawing, owners):
        return drawing.stripes([self.colors[owner].fill for owner in owners])

    def edge(self, owners):
        return self.colors[owners[0]].edge if len(owners) == 1 else INK


def ordered(system):
    """The root cell comes first."""
    return sorted(system.cells, key=lambda cell: not cell.root)


def _heading(drawing, y, text, note=""):
    drawing.text(MARGIN, y + 10, text, 16, "bold")
    drawing.text(MARGIN + text_width(text, 16, "bold") + 12, y + 11, note, 11, "faint")
    return y + 34


def _cpu_owner(system, cpu):
    rest = system.root.name if system.root else NOBODY
    return next((cell.name for cell in system.others if cpu in cell.cpus), rest)


def _shown(owner):
    return owner.strip("()")


def _cpus(drawing, system, palette, y):
    y = _heading(drawing, y, "CPUs", "each with its owner")
    count = system.board.cpus
    for cpu in range(count):
        x, top = MARGIN + cpu % TILES * TILE, y + cpu // TILES * (TILE_HEIGHT + 6)
        owner = _cpu_owner(system, cpu)
        drawing.rect(x, top, TILE - 6, TILE_HEIGHT, palette.fill(drawing, [owner]), palette.edge([owner]), rx=4,
                     title=f"CPU {cpu}: {_shown(owner)}")
        drawing.text(x + TILE / 2 - 3, top + 15, f"CPU {cpu}", 12, "bold", "middle")
        size, lines = in_lines(_shown(owner), (10, 9), TILE - 14)
        for index, line in enumerate(lines):
            drawing.text(x + TILE / 2 - 3, top + 32 + 13 * index, line, size, "", "middle")
    return y + -(-count // TILES) * (TILE_HEIGHT + 6) + GAP


def _cpus_of(system, cell):
    if not cell.root:
        return cell.cpus
    return [cpu for cpu in range(system.board.cpus) if _cpu_owner(system, cpu) == cell.name]


def _card(drawing, system, palette, cell, x, y, width):
    edge = palette.edge([cell.name])
    memory = "other memory" if cell.root else about(sum(region.size for region in cell.regions))
    devices = "other devices" if cell.root else ", ".join(cell.devices + cell.shared_devices) or "no device"
    cpus = numbers(_cpus_of(system, cell))
    drawing.rect(x, y, width, CARD, palette.fill(drawing, [cell.name]), edge, rx=6, stroke_width=1.5,
                 title=f"{cell}: CPU {cpus}; {memory}; {devices}")
    middle = x + width / 2
    size, lines = in_lines(cell.name, (12, 11, 10, 9), width - 12, "bold")
    for index, line in enumerate(lines):
        drawing.text(middle, y + 14 + 15 * index + (8 if len(lines) == 1 else 0), line, size, "bold", "middle")
    for index, line in enumerate((f"CPU {cpus}", memory, devices)):
        drawing.text(middle, y + 50 + 15 * index, line, 10, "", "middle", width - 12)


def _columns(system):
    cells = ordered(system)
    width = min(max((PAGE_WIDTH - 2 * MARGIN - LABELS) / max(len(cells), 1), COLUMN[0]), COLUMN[1])
    return {cell.name: MARGIN + LABELS + index * width for index, cell in enumerate(cells)}, width


def _sections(link):
    """(name, size, writer) of those that are there"""
    names = ["state table", "shared section"] + [f"output of peer {peer}" for peer in range(len(link.peers))]
    return [(name, size, writer) for name, (_, size, writer) in zip(names, link.sections()) if size]


def _access(writer, peer):
    return "rw" if writer in ("all", peer) else "r"


def _link_height(link):
    return EDGE_ROW + 2 * INFO_ROW + SECTION_ROW * len(_sections(link)) + 20


def _link(drawing, palette, link, columns, width, y):
    # a peer may be no cell of this system
    middle = {number: columns[peer] + width / 2 for number, peer in enumerate(link.peers) if peer in columns}
    left, right = MARGIN + 8, MARGIN + LABELS - 14
    interrupt = f"MSI-X, {link.vectors} vectors" if link.msix else "INTx"
    protocol = link.protocol if isinstance(link.protocol, str) else f"{link.protocol:#x}"
    drawing.text(left, y + EDGE_ROW / 2, link.name, 12, "bold", width=LABELS - 30)
    drawing.text(left, y + EDGE_ROW + INFO_ROW / 2 - 2, f"{link.host_range}", 10, "mono faint")
    edge = y + EDGE_ROW / 2
    drawing.line(min(middle.values()), edge, max(middle.values()), edge, INK, stroke_width=2)
    for peer, x in middle.items():
        drawing.circle(x, edge, 9, palette.colors[link.peers[peer]].edge, PAPER, stroke_width=2)
        # its own class: dark on light would not be seen
        drawing.text(x, edge, str(peer), 10, "bold peer", "middle")
    what = f"PCI device {link.slot}, {interrupt}" + ("" if protocol == "undefined" else f", {protocol}")
    drawing.text(left, y + EDGE_ROW + INFO_ROW * 3 / 2 - 2, what, 10, "faint", width=LABELS - 30)
    y += EDGE_ROW + 2 * INFO_ROW
    for name, size, writer in _sections(link):
        drawing.text(left + 10, y + SECTION_ROW / 2, name, 10, width=LABELS - 110)
        drawing.text(right, y + SECTION_ROW / 2, about(size), 10, "faint", "end")
        for peer, x in middle.items():
            access = _access(writer, peer)
            own = palette.colors[link.peers[peer]]
            drawing.rect(x - 15, y + 1.5, 30, SECTION_ROW - 3, own.fill if access == "rw" else PAPER, own.edge, rx=3,
                         title=f"{name} of {link}: {link.peers[peer]} may {'read and write' if access == 'rw' else 'read'}")
            drawing.text(x, y + SECTION_ROW / 2, access, 10, "mono", "middle")
        y += SECTION_ROW


def _links(drawing, system, palette, y):
    y = _heading(drawing, y, "Cells and links", "a number is the peer's ID in the link; rw: may read and write the section, r: "
                 "may only read it")
    columns, width = _columns(system)
    start, end = y + CARD, y + CARD + 16 + sum(map(_link_height, system.links))
    right = max(columns.values()) + width
    top = start + 16
    for index, link in enumerate(system.links):
        if index % 2 == 0:
            drawing.rect(MARGIN, top - 4, right - MARGIN, _link_height(link) - 4, PANEL, rx=4)
        top += _link_height(link)
    for name, x in columns.items():
        drawing.line(x + width / 2, start, x + width / 2, end - 16 if system.links else start, palette.edge([name]),
                     stroke_dasharray="2 4")
    for cell in ordered(system):
        _card(drawing, system, palette, cell, columns[cell.name] + 4, y, width - 8)
    if not system.links:
        drawing.text(MARGIN + 8, y + CARD / 2, "no links", 11, "faint")
    y = start + 16
    for link in system.links:
        _link(drawing, palette, link, columns, width, y)
        y += _link_height(link)
    return y + GAP / 2


def _scale(found):
    """Height of a byte: three quarters of what cells and links have is drawn in full."""
    sizes = sorted(piece.range.size for piece in found if piece.kind in ("region", "link", "hypervisor"))
    return HIGHEST / sizes[(len(sizes) - 1) * 3 // 4] if sizes else HIGHEST / (1 << 20)


def _height(piece, scale):
    """(height, 'folded', 'enlarged' or '')"""
    lowest = LOWEST_NOTED if piece.note else LOWEST
    height = piece.range.size * scale
    if height > HIGHEST:
        return FOLDED, "folded"
    return (height, "") if height >= lowest else (lowest, "enlarged")


def _piece(drawing, palette, piece, x, y, width, height, how):
    fill, edge = palette.fill(drawing, piece.owners), palette.edge(piece.owners)
    bar, label = x + ADDRESS, x + ADDRESS + BAR + 10
    owners = ", ".join(map(_shown, piece.owners))
    drawing.rect(bar, y, BAR, height, fill, edge, title=f"{piece.name} {piece.range} of {owners}"
                 + (f": {piece.note}" if piece.note else ""), **({"stroke_dasharray": "3 2"} if how == "enlarged" else {}))
    if how == "folded":
        middle, steps = y + height / 2, 8
        for shift in (-3, 3):
            drawing.path([(bar - 4 + (BAR + 8) * step / steps, middle + shift + (3 if step % 2 else -3))
                          for step in range(steps + 1)], fill="none", stroke=PAPER if shift < 0 else edge, stroke_width=1.5)
    drawing.text(bar - 8, y + 6, f"{piece.range.start:#x}", 10, "mono", "end")
    line = y + (height / 2 if not piece.note else height / 2 - 7)
    room = x + width - label
    taken = drawing.text(label, line, piece.name, 11, "bold", width=room * 0.55)
    owned = "" if piece.kind == "link" else f", {owners}"		# its note has them
    drawing.text(label + taken + 8, line, f"{about(piece.range.size)}{owned}", 10, "faint", width=room - taken - 8)
    if piece.note:
        drawing.text(label, line + 15, piece.note, 10, "faint", width=room)


def _hole(drawing, x, y, size):
    bar = x + ADDRESS
    for side in (bar, bar + BAR):
        drawing.line(side, y, side, y + HOLE, FAINT, stroke_dasharray="1 3")
    drawing.text(bar + BAR / 2, y + HOLE / 2, about(size), 9, "faint", "middle", BAR - 8)


def _legend(drawing, palette, y):
    x = MARGIN
    items = (("hypervisor", {"fill": palette.colors[HYPERVISOR].fill, "stroke": palette.colors[HYPERVISOR].edge}),
             ("nobody", {"fill": palette.colors[NOBODY].fill, "stroke": palette.colors[NOBODY].edge}),
             ("shared", {"fill": drawing.stripes(["#d0d7de", "#8b949e"]), "stroke": INK}),
             ("dashed: smaller than drawn", {"fill": PAPER, "stroke": INK, "stroke_dasharray": "3 2"}))
    for text, look in items:
        drawing.rect(x, y, 22, 14, **look)
        x += 30 + drawing.text(x + 28, y + 7, text, 10) + 24
    drawing.path([(x + 22 * step / 4, y + 7 + (4 if step % 2 else -4)) for step in range(5)], fill="none", stroke=INK,
                 stroke_width=1.5)
    x += 30 + drawing.text(x + 28, y + 7, "folded: larger than drawn", 10) + 24
    drawing.text(x, y + 7, "between dotted lines: nothing is there", 10)
    return y + 30


def _memory(drawing, system, palette, y):
    y = _heading(drawing, y, "Memory map", "host addresses, in proportion where neither dashed nor folded" + (
        "" if system.hypervisor_range else f"; hypervisor memory, {about(system.hypervisor_size)}, is allocated by the "
        "driver from that of Linux"))
    y = _legend(drawing, palette, y)
    found = pieces(system)
    scale = _scale(found)
    steps = [_height(piece, scale) for piece in found]
    holes = [0] + [piece.range.start - before.range.end for before, piece in zip(found, found[1:])]
    total = sum(height for height, _ in steps) + HOLE * sum(hole > 0 for hole in holes)
    limit = y + max(total / MAP_COLUMNS + FOLDED, 2 * HIGHEST)
    width = (max(drawing.width, PAGE_WIDTH - MARGIN) - MARGIN - (MAP_COLUMNS - 1) * GAP) / MAP_COLUMNS
    x, top, bottom = MARGIN, y, y
    for piece, (height, how), hole, next_hole in zip(found, steps, holes, holes[1:] + [1]):
        if y > top and y + height + (HOLE if hole > 0 else 0) > limit:
            x, y = x + width + GAP, top
        elif hole > 0:
            _hole(drawing, x, y, hole)
            y += HOLE
        _piece(drawing, palette, piece, x, y, width, height, how)
        y += height
        if next_hole > 0:
            drawing.text(x + ADDRESS - 8, y - 5, f"{piece.range.end:#x}", 10, "mono faint", "end")
        bottom = max(bottom, y)
    return bottom


def draw(system):
    drawing, palette, board = Drawing(), Palette.of(system), system.board
    drawing.text(MARGIN, 40, system.name, 24, "bold")
    memory = about(sum(ram.range.size for ram in board.ram))
    boot = "started by firmware" if system.direct else "started by Linux"
    drawing.text(MARGIN, 66, f"board {board.name}, {board.cpus} CPUs, {memory} of RAM, {len(system.cells)} cells, "
                 f"{len(system.links)} links, {boot}", 12, "faint")
    y = _cpus(drawing, system, palette, 92)
    y = _links(drawing, system, palette, y)
    _memory(drawing, system, palette, y)
    return drawing


FORMATS = (".svg", ".html")


def picture(system, form):
    title = f"{system} on board '{system.board.name}'"
    svg = draw(system).svg(title)
    return html(title, svg) if form == ".html" else svg


def _picture(path):
    if Path(path).suffix not in FORMATS:
        raise argparse.ArgumentTypeError(f"'{path}' is no picture; use a name that ends in {' or '.join(FORMATS)}")
    return Path(path)


def add_arguments(command):
    command.add_argument("-o", "--output", type=_picture, metavar="FILE.svg|.html", help="instead of standard output")


def command(arguments, system, write):
    """write: files into a directory"""
    text = picture(system, arguments.output.suffix if arguments.output else FORMATS[0])
    if not arguments.output:
        print(text, end="")
        return
    write(arguments.output.parent, {arguments.output.name: text.encode()})
    print(f"{arguments.output}: {len(text.encode())} bytes")
