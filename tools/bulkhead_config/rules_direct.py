# SPDX-License-Identifier: BSD-2-Clause
"""Rules for direct boot: what a file for it has to say, then the files that go into the bundle."""
from itertools import combinations
from pathlib import Path

from . import bundle, pages
from .registry import BUNDLE, FILES, LAYOUT, REFERENCES, rule
from .rules_references import DIRECT_KEYS
from .source import HYPERVISOR
from .units import MIB, PAGE, Range, format_size

PLACE = 2 * MIB			# of a kernel image in RAM


@rule("direct-keys", REFERENCES)
def direct_keys(system):
    """Images of cells, their argument, and what follows a failure are for direct boot: Linux has commands for them."""
    for cell in system.cells:
        for key in sorted(DIRECT_KEYS):
            if not system.direct and cell.has(key):
                yield cell.key(key), (f"'{key}' of {cell} is for direct boot; remove it, or add 'boot: direct' to the "
                                      "file")


@rule("hypervisor-address-missing", REFERENCES)
def hypervisor_address_missing(system):
    """In direct boot, hypervisor memory has an address: there is no Linux to allocate it from."""
    if system.direct and system.hypervisor_at is None:
        yield system.value("hypervisor", "memory"), (
            "direct boot needs the address of hypervisor memory; use 'memory: { at: ADDRESS, size: "
            f"{format_size(system.hypervisor_size)} }}'")


@rule("hypervisor-address", REFERENCES)
def hypervisor_address(system):
    """In direct boot, hypervisor memory begins at a multiple of 2 MiB, where firmware puts a kernel; not in the first 2
    MiB of RAM, where QEMU puts no kernel."""
    at, start = system.hypervisor_at, system.board.ram_start
    if system.direct and at is not None and (at % PLACE or (at - start) % PLACE or at < start + PLACE):
        yield system.value("hypervisor", "memory"), (
            f"firmware cannot put the bundle at {at:#x}; use a multiple of {format_size(PLACE)}, at least that far "
            f"behind the start of RAM at {start:#x}")


@rule("cell-without-image", REFERENCES, combines=True)
def cell_without_image(system):
    """In direct boot, every cell has a file as image, because it is started; those that a Linux in the root cell makes need
    none."""
    linux = system.root and system.root.linux
    for cell in system.cells:
        if system.direct and not linux and not cell.linux and all(image.is_text for image in cell.images):
            yield cell.key(), f"{cell} has nothing to run; add 'images: [{{ file: NAME }}]'"


@rule("image-kind", REFERENCES, combines=True)
def image_kind(system):
    """An image is either a file or a text, and of a text it is said where it goes."""
    for cell in system.cells:
        for image in (image for image in cell.images if "images" in image.path):	# not those of 'linux'
            if image.has("file") == image.has("text"):
                yield image.value(), f"an image of {cell} has to be a file or a text; use one of 'file' and 'text'", cell
            elif image.is_text and not image.has("at"):
                yield image.value(), f"{image} goes nowhere; add 'at', for the parameters of an inmate 'at: 0x1000'", image


@rule("image-memory", LAYOUT, combines=True)
def image_memory(system):
    """A cell that gets images has writable memory; the root cell has what others leave to it."""
    for cell in system.cells:
        if cell.images and not cell.root and not _writable(cell):
            yield cell.key("images"), f"{cell} has no writable memory for its images; add 'w' to the access of a region"


@rule("image-file", FILES)
def image_file(system):
    """The file of an image can be read, and it is not empty."""
    directories = system.files or [Path(system.document.file).parent]
    for cell in system.cells:
        for image in (image for image in cell.images if not image.generated and not image.is_text):
            places = [directory / image.name for directory in directories]
            file = next((place for place in places if place.is_file()), places[0])
            try:
                image.content = file.read_bytes() if file.is_file() else None
            except OSError as error:
                yield image.value("file"), f"{image}: {file} cannot be read: {error.strerror}; correct its permissions", image
                continue
            if image.content is None:
                yield image.value("file"), (f"{image}: there is no file {file}; build it, correct its name, or say "
                                            "with --files where it is"), image
            elif not image.content:
                yield image.value("file"), f"{image}: {file} is empty; build it again", image


def _writable(cell):
    return [region for region in cell.regions if "w" in region.access]


def _taken(system):
    """What the root cell does not have of the memory of the board."""
    others = [region for cell in system.cells for region in cell.regions] + system.links
    return [(str(owner), owner.host_range, owner) for owner in others] + [
        ("hypervisor memory", system.hypervisor_range, HYPERVISOR)]


@rule("image-region", BUNDLE)
def image_region(system):
    """An image lies inside one writable region of its cell; that of the root cell in memory that is left to it."""
    for cell in system.cells:
        for image in cell.images:
            area = image.guest_range
            if cell.root:
                hit = [item for item in _taken(system) if item[1].overlaps(area)]
                what = [f"{owner} {taken}" for owner, taken, _ in hit]
                if what or not system.board.is_ram(area):
                    what = "overlaps " + " and ".join(what) if what else (
                        f"is not inside the memory of board '{system.board.name}'")
                    yield image.value(), f"{image} {area} {what}; set 'at' to memory that is left to the root cell", image, *(
                        about for *_, about in hit)
            elif not any(region.guest_range.contains(area) for region in _writable(cell)):
                ranges = ", ".join(f"'{region.name}' {region.guest_range}" for region in _writable(cell))
                yield image.value(), (f"{image} {area} is not inside one writable region of its memory ({ranges}); set "
                                    "'at', or make the region larger"), image


@rule("image-overlap", BUNDLE)
def image_overlap(system):
    """No two images of a cell overlap. A text may lie inside a file that stands before it: it is loaded later."""
    for cell in system.cells:
        for first, second in combinations(cell.images, 2):
            inside = second.is_text and not first.is_text and first.guest_range.contains(second.guest_range)
            if first.guest_range.overlaps(second.guest_range) and not inside:
                yield second.value(), (f"{second} {second.guest_range} overlaps {first} {first.guest_range} (line "
                                     f"{first.value().line}); move one of them with 'at'"), second, first


@rule("entry-not-image", BUNDLE)
def entry_not_image(system):
    """In direct boot, a cell starts inside one of its images."""
    for cell in system.started:
        files = [image for image in cell.images if not image.is_text]
        if not any(image.guest_range.contains(Range.at(cell.entry, 4)) for image in files):
            ranges = ", ".join(f"'{image.name}' {image.guest_range}" for image in files)
            yield cell.key("entry"), (f"{cell} starts at {cell.entry:#x}, outside of its images ({ranges}); set "
                                      "'entry' to an address inside")


@rule("hypervisor-memory-full", BUNDLE)
def hypervisor_memory_full(system):
    """In direct boot, hypervisor memory has room for the bundle, page tables, and a pool with what the hypervisor takes for
    cells, links and their page tables, and 64 KiB to spare."""
    yield from pages.shortage(system, bundle.needs(system))
