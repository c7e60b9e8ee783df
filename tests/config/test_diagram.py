# SPDX-License-Identifier: BSD-2-Clause
"""The picture of a system: everything is in it, with its owner; no text covers another one; the same bytes each time."""
import functools
import re
import subprocess
from itertools import combinations
from xml.etree import ElementTree

import pytest

from bulkhead_config import abi, binary, cli, diagram, emit, limits, memory_map
from bulkhead_config.drawing import Drawing, fitted, in_lines, text_width, wrapped
from bulkhead_config.units import Range, about
from conftest import HERE, ROOT

TOOL = ROOT / "tools/bulkhead-config"
EXAMPLES = [*sorted((HERE / "good").glob("*.yaml")), *sorted((ROOT / "configs/systems").glob("*.yaml")),
            HERE / "diagram/twelve.yaml"]
GOLDEN = HERE / "diagram/worked-example.svg"
BOARDS = [HERE / "boards", ROOT / "configs/boards"]
SVG = "{http://www.w3.org/2000/svg}"

each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@functools.lru_cache(maxsize=None)
def load(path):
    return cli.load(path, BOARDS)


def parsed(system):
    return ElementTree.fromstring(diagram.picture(system, ".svg"))


def titled(root, pattern):
    """Shapes whose title matches, with the title."""
    found = [(shape, shape.findtext(f"{SVG}title", "")) for shape in root.iter(f"{SVG}rect")]
    return [(shape, title) for shape, title in found if re.fullmatch(pattern, title)]


def one(root, pattern):
    (shape, title), = titled(root, pattern)
    return shape, title


def fills_of(root, fill):
    """The colours of a shape: one, or those of its stripes."""
    if not fill.startswith("url("):
        return [fill]
    pattern, = [item for item in root.iter(f"{SVG}pattern") if item.get("id") == fill[5:-1]]
    return [bar.get("fill") for bar in pattern.iter(f"{SVG}rect")]


def check_texts(drawing):
    for first, second in combinations(drawing.boxes, 2):
        assert not first.overlaps(second), (first, second)
    for box in drawing.boxes:
        assert box.x >= 0 and box.y >= 0 and box.x + box.width <= drawing.width and box.y + box.height <= drawing.height, box


@each_example
def test_no_text_covers_another(path):
    drawing = diagram.draw(load(path))
    assert len(drawing.boxes) > 30
    check_texts(drawing)


@pytest.mark.parametrize("cells, name", [(0, "c{}"), (1, "c{}"), (16, "W{:030}"), (40, "a-rather-long-name-{}"), (63, "c{}")])
def test_any_number_of_cells(tmp_path, cells, name):
    path, names = tmp_path / "x.yaml", [name.format(n) for n in range(1, cells + 1)]
    text = "".join(f"  {cell}: {{ cpus: [{n}], memory: {{ ram: {{ at: 0x0, size: 4 KiB }} }} }}\n"
                   for n, cell in enumerate(names, 1))
    link = f"links:\n  all-of-them-{'x' * 60}: {{ peers: [linux, {', '.join(names)}], output: 4 KiB }}\n" if cells else ""
    path.write_text("system: " + "x" * 80 + "\nboard: many-cpus\nhypervisor: { memory: 8 MiB }\ncells:\n"
                    "  linux: { root: true }\n" + text + link)
    system = cli.load(path, BOARDS, limits.Limits("x", 64, 64, 64))
    check_texts(diagram.draw(system))


@each_example
def test_everything_is_there(path):
    system = load(path)
    root = parsed(system)
    for cpu in range(system.board.cpus):
        owner = next((cell for cell in system.others if cpu in cell.cpus), system.root)
        shape, _ = one(root, f"CPU {cpu}: {owner.name if owner else 'nobody'}")
        if owner:
            assert shape.get("fill") == one(root, rf"cell '{re.escape(owner.name)}': .*")[0].get("fill")
    for owner in [*system.others, *system.links]:
        regions = [(owner, [peer for peer in owner.peers if system.cell(peer)])] if owner in system.links else [
            (region, [owner.name, *([system.root.name] if region.shared else [])]) for region in owner.regions]
        for region, owners in regions:
            shape, title = one(root, re.escape(f"{region.name} {region.host_range} of ") + ".*")
            assert title.split(" of ", 1)[1].split(":")[0] == ", ".join(owners)
            colors = [one(root, rf"cell '{re.escape(name)}': .*")[0].get("fill") for name in owners]
            assert fills_of(root, shape.get("fill")) == colors
    for device in system.board.devices.values():
        one(root, re.escape(f"{device.name} {device.range} of ") + ".*")
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {link.name for link in system.links} | {f"{link.host_range}" for link in system.links} <= set(texts)


@each_example
def test_access_is_that_of_the_configurations(path):
    """What stands in the picture about a section, looked up in the bytes for the hypervisor."""
    system = load(path)
    root = parsed(system)
    count = 0
    for cell in system.cells:
        config = binary.parse(emit.system_config(system) if cell.root else emit.cell_config(system, cell))
        links = sorted(system.links_of(cell), key=lambda link: link.slot)
        devices = {device.bdf >> 3: device for device in config.arrays["pci_devices"]}
        assert set(devices) == {link.slot for link in links} or cell.records		# these may have more
        for link, device in [(link, devices[link.slot]) for link in links]:
            names = ["state table", "shared section"] + [f"output of peer {peer}" for peer in range(len(link.peers))]
            for index, name in enumerate(names):
                region = config.arrays["memory_regions"][device.shmem_regions_start + index]
                shapes = titled(root, re.escape(f"{name} of {link}: {cell.name} may ") + "(read|read and write)")
                assert len(shapes) == (1 if region.size else 0)
                for _, title in shapes:
                    assert title.endswith(" write") == bool(region.flags & abi.CFG_MEM_WRITE)
                count += len(shapes)
    assert count == len(titled(root, r".* may (read|read and write)"))


def test_memory_in_records_is_in_the_memory_map(monkeypatch):
    """Also where it overlaps other memory, which then has both owners."""
    monkeypatch.chdir(HERE / "warn")
    system = cli.load("records-overlap.yaml", ["../boards"])
    found = memory_map.pieces(system)
    for before, piece in zip(found, found[1:]):
        assert before.range.end <= piece.range.start, (before, piece)
    owned = {(piece.range.start, piece.range.end): (piece.name, piece.owners) for piece in found}
    assert owned[0x45000000, 0x45001000] == ("records 0", ("one", "linux", "two"))
    assert owned[0x45001000, 0x45002000] == ("records 0, records 1", ("two", "linux", "one"))
    assert owned[0x4400f000, 0x44010000] == ("ram, records 1", ("one", "two"))
    assert owned[0x44000000, 0x4400f000] == ("ram", ("one",))
    assert owned[0x44020000, 0x44021000] == ("records 2", ("two",))
    assert owned[0x9002000, 0x9003000] == ("records 2, rng", ("one", "two"))
    assert "records 2" in diagram.picture(system, ".svg")


@each_example
def test_memory_map_is_complete(path):
    """Each byte of the board once."""
    system = load(path)
    found = memory_map.pieces(system)
    for before, piece in zip(found, found[1:]):
        assert before.range.end <= piece.range.start, (before, piece)
    for area in [ram.range for ram in system.board.ram] + [device.range for device in system.board.devices.values()]:
        assert sum(piece.range.size for piece in found if area.contains(piece.range)) == area.size
    for owner in system.owners:
        assert [piece for piece in found if piece.range == owner.host_range and piece.name == owner.name]


def test_in_proportion():
    """Of what is neither folded nor enlarged, twice the size is twice the height."""
    root = parsed(load(HERE / "diagram/twelve.yaml"))
    heights = {}
    for shape, title in titled(root, r"ram \[.*"):
        if not shape.get("stroke-dasharray") and float(shape.get("height")) != diagram.FOLDED:
            start, end = (int(value, 0) for value in re.search(r"\[(\w+), (\w+)\)", title).groups())
            heights[end - start] = float(shape.get("height"))
    assert len(heights) >= 2
    ratios = [height / size for size, height in heights.items()]
    assert max(ratios) == pytest.approx(min(ratios), rel=0.01)


@each_example
def test_the_same_bytes(path):
    assert diagram.picture(load(path), ".svg") == diagram.picture(cli.load(path, BOARDS), ".svg")


def test_golden(request):
    text = diagram.picture(load(HERE / "good/worked-example.yaml"), ".svg")
    if request.config.getoption("--update-good"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), "if that is intended: pytest tests/config --update-good, and look at the picture"


def test_page_needs_nothing_else():
    text = diagram.picture(load(EXAMPLES[-1]), ".html")
    assert text.startswith("<!DOCTYPE html>") and "<svg " in text
    assert not re.search(r"\b(src|href)=|@import|<script|url\((?!#)", text)
    assert set(re.findall(r"https?://[^\"\s]*", text)) == {"http://www.w3.org/2000/svg"}
    ElementTree.fromstring(text.replace("<!DOCTYPE html>", "").replace('<meta charset="utf-8">', ""))


def run(*arguments):
    return subprocess.run([TOOL, "diagram", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_command(tmp_path):
    system, boards = EXAMPLES[-1], ["-B", HERE / "boards"]
    for name, start in (("new/x.svg", "<svg "), ("x.html", "<!DOCTYPE html>")):
        result = run(system, *boards, "-o", tmp_path / name)
        text = (tmp_path / name).read_text()
        assert (result.returncode, result.stderr) == (0, "") and text.startswith(start)
        assert result.stdout == f"{tmp_path / name}: {len(text.encode())} bytes\n"
    result = run(system, *boards)
    assert (result.returncode, result.stdout) == (0, (tmp_path / "new/x.svg").read_text())
    result = run(system, *boards, "-o", tmp_path / "x.png")
    assert result.returncode == 2 and "use a name that ends in .svg or .html" in result.stderr
    result = run(HERE / "bad/cpu-twice.yaml", *boards, "-o", tmp_path / "y.svg")
    assert (result.returncode, result.stdout) == (1, "") and "[cpu-twice]" in result.stderr
    assert not (tmp_path / "x.png").exists() and not (tmp_path / "y.svg").exists()


# --- texts


def test_texts_are_cut_to_their_room():
    assert fitted("short", 10, 100) == "short"
    cut = fitted("much too long for this", 10, 60)
    assert cut.endswith("\u2026") and text_width(cut, 10) <= 60 < text_width("much too long for this", 10)
    assert wrapped("camera-front-left", 10, 70) == ["camera-", "front-left"]
    assert in_lines("infotainment", (12, 9), 75, "bold") == (9, ["infotainment"])
    assert fitted("a\nb", 10, 100) == "a\\nb"


def test_text_cannot_become_markup():
    drawing = Drawing()
    drawing.text(0, 10, "<script>&\x1b\ufffe", 10)
    drawing.rect(0, 0, 1, 1, title="</title><x>")
    root = ElementTree.fromstring(drawing.svg("a & b"))
    assert [text.text for text in root.iter(f"{SVG}text")] == ["<script>&\\x1b\\ufffe"]
    assert not list(root.iter(f"{SVG}x"))


@pytest.mark.parametrize("size, text", [(0, "0 B"), (512, "512 B"), (4096, "4 KiB"), (1 << 20, "1 MiB"), (3 << 19, "1.5 MiB"),
                                        (0x2eff0000, "751.9 MiB"), (1 << 39, "512 GiB")])
def test_about(size, text):
    assert about(size) == text


def test_numbers():
    assert memory_map.numbers([]) == "" and memory_map.numbers([7]) == "7"
    assert memory_map.numbers([3, 1, 2, 5, 6, 9]) == "1 to 3, 5, 6, 9"


def test_ranges_of_shared_memory_keep_their_owner():
    system = load(HERE / "good/all-features.yaml")
    piece, = [piece for piece in memory_map.pieces(system) if piece.name == "data"]
    assert piece.owners == ("rtos", "linux") and piece.range == Range.at(piece.range.start, 4 << 20)
