# SPDX-License-Identifier: BSD-2-Clause
"""A bundle as text. Nothing in it is trusted: offsets and counts are checked before they are used."""
import ctypes
import zlib

from . import abi, binary
from .binary import BinaryError
from .show import bits, numbers, text
from .units import Range

KINDS = {abi.BH_PART_HYPERVISOR: "hypervisor", abi.BH_PART_SYSTEM: "system", abi.BH_PART_CELL: "cell",
         abi.BH_PART_IMAGE: "image"}
LAUNCHERS = {abi.BH_LAUNCHER_LINUX: "Linux", abi.BH_LAUNCHER_FIRMWARE: "firmware"}
ACTIONS = {abi.BH_ON_FAILURE_STOP: "stop", abi.BH_ON_FAILURE_RESTART: "restart", abi.BH_ON_FAILURE_HALT: "halt"}


def is_bundle(start):
    """By the first bytes of a file: an image of the hypervisor, with or without anything behind it."""
    if len(start) < ctypes.sizeof(abi.ImageHeader):
        return False
    header = abi.ImageHeader.from_buffer_copy(start)
    return header.signature == abi.BH_IMAGE_SIGNATURE and header.kernel.magic == abi.BH_KERNEL_MAGIC


class Directory:
    """The directory of a bundle: whole, but perhaps damaged."""

    def __init__(self, content, header):
        size, start = ctypes.sizeof(abi.Bundle), header.boot.bundle_offset
        if not start:
            raise BinaryError("is a hypervisor image without bundle; make one with 'bulkhead-config bundle'")
        if start % abi.BH_BUNDLE_ALIGNMENT or start < header.boot.config_offset + header.boot.config_size or start + size > len(content):
            raise BinaryError(f"has {len(content)} bytes, its directory is at {start:#x}; build it again")
        self.header = head = abi.Bundle.from_buffer_copy(content, start)
        if head.signature != abi.BH_BUNDLE_SIGNATURE or not abi.BH_BUNDLE_OLDEST <= head.version <= abi.BH_BUNDLE_VERSION:
            raise BinaryError(f"has no directory of version {abi.BH_BUNDLE_VERSION} at {start:#x}; build it again")
        tables = [(abi.BundlePart, head.num_parts), (abi.BundleCell, head.num_cells),
                  (abi.BundleImage, head.num_images), (abi.u64, head.num_cpus)]
        needed = size + sum(ctypes.sizeof(kind) * count for kind, count in tables)
        if head.size != needed or start + needed > len(content):
            raise BinaryError(f"has {len(content)} bytes and a directory of {head.size} at {start:#x}, its counts need "
                              f"{needed}; build it again")
        arrays, offset = [], start + size
        for kind, count in tables:
            arrays.append(list((kind * count).from_buffer_copy(content, offset)))
            offset += ctypes.sizeof(kind) * count
        self.parts, self.cells, self.images, self.mpidr = arrays
        blank = abi.Bundle.from_buffer_copy(head)
        blank.crc = 0
        self.damaged = zlib.crc32(bytes(blank) + content[start + size:start + needed]) != head.crc


def _content(content, part):
    return content[part.offset:part.offset + part.size]


def _part_damage(content, part, kinds, end):
    """Empty: as it was made. kinds: what may stand there; end: of what stands before it."""
    if part.kind not in KINDS:
        return "unknown kind"
    if part.kind not in kinds:
        return f"has to be {' or '.join(KINDS[kind] for kind in kinds)}"
    if not part.size or part.offset % abi.BH_BUNDLE_ALIGNMENT or part.offset + part.size > len(content):
        return "not inside the file"
    if part.offset < end:
        return f"overlaps what ends at {end:#x}"
    return "wrong checksum" if zlib.crc32(_content(content, part)) != part.crc else ""


def _part_damages(content, header, directory):
    """For each part, by the rules of bulkhead/bundle.h."""
    boot, parts = header.boot, directory.parts
    fixed = [(abi.BH_PART_HYPERVISOR, 0), (abi.BH_PART_SYSTEM, header.core_size + boot.max_cpus * header.percpu_size)]
    damages = [_part_damage(content, part, [kind], end) for part, (kind, end) in zip(parts, fixed)]
    if not damages or parts[0].offset or parts[0].size > header.core_size:
        damages[:1] = ["not where the hypervisor is"]
    if len(damages) < 2 or (parts[1].offset, parts[1].size) != (boot.config_offset, boot.config_size):
        damages[1:2] = ["not where the system configuration is"]
    end = boot.bundle_offset + directory.header.size
    for part in parts[2:]:
        damages.append(_part_damage(content, part, [abi.BH_PART_CELL, abi.BH_PART_IMAGE], end))
        end = part.offset + part.size
    return damages


def _verdict(damage):
    return f"DAMAGED: {damage}" if damage else "good"


def _action(cell):
    return ACTIONS.get(cell.on_failure, str(cell.on_failure))


def _policy(cell):
    action = _action(cell)
    if cell.on_failure != abi.BH_ON_FAILURE_RESTART:
        return action
    times = f"at most {cell.max_restarts} times" if cell.max_restarts else "without limit"
    return f"restart {times}" + (f" in {cell.window_seconds} s" if cell.window_seconds else "")


def _cell(content, directory, cell):
    """Lines about one cell; what its entry says may point anywhere."""
    if cell.config_part >= len(directory.parts):
        yield f"configuration {cell.config_part}, which does not exist"
        return
    part = directory.parts[cell.config_part]
    try:
        config = binary.parse(_content(content, part))
    except BinaryError as error:
        yield f"'{text(part.name)}' {error}"
        return
    cpus = numbers(bits(config.arrays["cpu_set"], 8))
    what = "root cell, CPUs left of" if config.system else "CPUs"
    yield (f"'{text(config.cell.name)}', {what} {cpus}, entry {config.cell.cpu_reset_address:#x}, argument "
           f"{cell.argument:#x}, on failure {_policy(cell)}")
    for index in range(cell.first_image, min(cell.first_image + cell.num_images, len(directory.images))):
        image = directory.images[index]
        if image.part < len(directory.parts):
            loaded = directory.parts[image.part]
            yield f"  part {image.part} '{text(loaded.name)}' to {Range.at(image.target, loaded.size)}"
        else:
            yield f"  part {image.part}, which does not exist"
    if cell.first_image + cell.num_images > len(directory.images):
        yield f"  images up to {cell.first_image + cell.num_images - 1}, the bundle has {len(directory.images)}"


def _lines(content, header, directory, damages):
    boot, kernel = header.boot, header.kernel
    yield f"bundle for direct boot, hypervisor {text(header.version)}, {len(content):#x} bytes"
    yield (f"memory              {Range.at(boot.phys_base, boot.memory_size)}, {kernel.text_offset:#x} behind the "
           "start of RAM")
    yield f"entered by          {LAUNCHERS.get(boot.launcher, boot.launcher)}, {boot.online_cpus} CPUs"
    yield (f"layout              image 0x0, per-CPU areas {header.core_size:#x}, configuration "
           f"{boot.config_offset:#x}, directory {boot.bundle_offset:#x}, pool {boot.pool_offset:#x}")
    if kernel.pe_offset:
        yield f"EFI program         {Range(boot.pool_offset, len(content))}, its header at {kernel.pe_offset:#x}"
    yield (f"directory           {directory.header.size} bytes, CRC {directory.header.crc:08x}, "
           + _verdict("wrong checksum" if directory.damaged else ""))
    for index, (part, damage) in enumerate(zip(directory.parts, damages)):
        yield (f"part {index:<14} {KINDS.get(part.kind, part.kind)} '{text(part.name)}' "
               f"{Range.at(part.offset, part.size)}, CRC {part.crc:08x}, {_verdict(damage)}")
    for index, cell in enumerate(directory.cells):
        first, *rest = _cell(content, directory, cell)
        yield f"cell {index:<14} {first}"
        yield from (f"{'':18}{line}" for line in rest)
    for cpu, value in enumerate(directory.mpidr):
        yield f"CPU {cpu:<15} affinity {value:#x}"


def _config(content, directory, cell):
    """The configuration of a cell, or None if there is none that can be read."""
    try:
        return binary.parse(_content(content, directory.parts[cell.config_part]))
    except (IndexError, BinaryError):
        return None


def _cell_json(content, directory, cell):
    config = _config(content, directory, cell)
    images = directory.images[cell.first_image:cell.first_image + cell.num_images]
    return {"config_part": cell.config_part, "name": config and text(config.cell.name),
            "cpus": bits(config.arrays["cpu_set"][:abi.CFG_MAX_CPU_SET], 8) if config else [], "argument": cell.argument,
            "on_failure": _action(cell), "max_restarts": cell.max_restarts, "window_seconds": cell.window_seconds,
            "images": [{"part": image.part, "target": image.target} for image in images]}


class Shown:
    """A bundle that can be read. Raises BinaryError."""

    def __init__(self, content):
        self.content, self.header = content, abi.ImageHeader.from_buffer_copy(content)
        self.directory = Directory(content, self.header)
        self.damages = _part_damages(content, self.header, self.directory)

    def lines(self):
        return list(_lines(self.content, self.header, self.directory, self.damages))

    def damaged(self):
        return ["the directory"] * self.directory.damaged + [f"part {index}" for index, damage in enumerate(self.damages)
                                                               if damage]

    def _problems(self):
        """(record, what is wrong with it)"""
        if self.directory.damaged:
            yield "directory", "wrong checksum"
        for index, damage in enumerate(self.damages):
            if damage:
                yield f"part {index}", damage
        for index, cell in enumerate(self.directory.cells):
            if not _config(self.content, self.directory, cell):
                yield f"cell {index}", f"its configuration, part {cell.config_part}, cannot be read"
            if cell.first_image + cell.num_images > len(self.directory.images):
                yield f"cell {index}", "its images are more than the bundle has"

    def as_json(self, file):
        header, boot, directory = self.header, self.header.boot, self.directory
        return {"file": str(file), "kind": "bundle", "version": text(header.version), "size": len(self.content),
                "launcher": LAUNCHERS.get(boot.launcher, str(boot.launcher)), "online_cpus": boot.online_cpus,
                "memory": {"start": boot.phys_base, "end": boot.phys_base + boot.memory_size}, "core_size": header.core_size,
                "config_offset": boot.config_offset, "bundle_offset": boot.bundle_offset, "pool_offset": boot.pool_offset,
                "directory": {"size": directory.header.size, "crc": directory.header.crc},
                "parts": [{"kind": KINDS.get(part.kind, str(part.kind)), "name": text(part.name), "offset": part.offset,
                           "size": part.size, "crc": part.crc} for part in directory.parts],
                "cells": [_cell_json(self.content, directory, cell) for cell in directory.cells],
                "affinities": list(directory.mpidr),
                "problems": [{"severity": "error", "rule": "damaged", "record": record, "message": f"{what}; build it again"}
                             for record, what in self._problems()]}


def show(content):
    """Lines, and what is damaged."""
    shown = Shown(content)
    return shown.lines(), shown.damaged()
