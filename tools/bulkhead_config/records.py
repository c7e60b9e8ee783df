# SPDX-License-Identifier: BSD-2-Clause
"""The low-level form of a system file: records of the binary format, field by field, for what no other key can say.

Fields are named as in abi.py; those that are left out are 0. Two are easier to read than in the format: 'flags' of memory
regions are words, and the bitmap of an irqchip is 'pins', INTIDs as text such as "33-40, 64"."""
import ctypes
import re

from . import abi
from .names import MEMORY_FLAGS

LIMIT = 4096			# records of one kind: more than fit into a configuration
RANGES = r"^[0-9]{1,10}(-[0-9]{1,10})?(, ?[0-9]{1,10}(-[0-9]{1,10})?)*$(?!\n)"
PINS = 128
CPUS_MAX = 4096

_RANGES = {"type": "string", "pattern": RANGES, "maxLength": 8192,
           "description": "numbers and ranges in quotes, such as \"0-3, 7\""}
_FLAGS = {"type": "array", "maxItems": 64,
          "description": "a list of words in capitals, and numbers for bits without a name",
          "items": {"type": ["string", "integer"], "pattern": f"^({'|'.join(MEMORY_FLAGS.values())})$(?!\\n)", "minimum": 0,
                    "maximum": (1 << 64) - 1, "description": "one of " + ", ".join(MEMORY_FLAGS.values()) + ", or a number"}}
_HEX = {"type": "string", "pattern": r"^[0-9a-f]{24}$(?!\n)", "description": "24 hexadecimal digits in quotes"}
_NAME = {"type": "string", "pattern": r"^[ -~]{0,31}$(?!\n)",
         "description": "at most 31 printable ASCII characters in quotes"}


def _number(width):
    bits = 8 * width
    return {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1, "description": f"a number of {bits} bits"}


def _mapping(properties, what):
    return {"type": "object", "description": what, "properties": properties, "additionalProperties": False}


def _field(kind):
    if issubclass(kind, ctypes.Array):
        return {"type": "array", "items": _number(ctypes.sizeof(kind._type_)), "minItems": kind._length_,
                "maxItems": kind._length_, "description": f"a list of {kind._length_} numbers"}
    return _number(ctypes.sizeof(kind))


def _record(struct, **more):
    """Schema of a structure of abi.py; more replaces fields, None removes one."""
    fields = {name: _field(kind) for name, kind, *_ in struct._fields_ if name not in more and name != "padding"}
    fields.update({name: part for name, part in more.items() if part})
    return _mapping(fields, "a mapping of fields of the binary format")


def _array(item):
    return {"type": "array", "items": item, "maxItems": LIMIT, "description": "a list of records"}


_CONSOLE = _record(abi.Console)
CELL = _mapping({
    "header": _mapping({"name": _NAME, "flags": _number(4), "vpci_irq_base": _number(4), "cpu_reset_address": _number(8),
                        "msg_reply_timeout": _number(8), "console": _CONSOLE}, "a mapping of fields of the binary format"),
    "cpus": _RANGES,
    "memory_regions": _array(_record(abi.Memory, flags=_FLAGS)),
    "cache_regions": _array(_record(abi.Cache)),
    "irqchips": _array(_record(abi.Irqchip, pin_bitmap=None, pins=_RANGES)),
    "pio_regions": _array(_record(abi.Pio)),
    "pci_devices": _array(_record(abi.PciDevice)),
    "pci_caps": _array(_record(abi.PciCap)),
    "stream_ids": _array(_number(4)),
}, "a mapping of kinds of records")
SYSTEM = _mapping({
    "flags": _number(4), "debug_console": _CONSOLE, "pci_mmconfig_base": _number(8), "pci_mmconfig_end_bus": _number(1),
    "pci_is_virtual": _number(1), "pci_domain": _number(2), "gicc_base": _number(8), "gich_base": _number(8),
    "gicv_base": _number(8), "iommu_units": {**_array(_record(abi.Iommu, specific=_HEX)), "maxItems": 8},
}, "a mapping of fields of the binary format")
ARRAYS = {name: element for name, element, _ in abi.ARRAYS[1:]}
PCI_FIELDS = ("pci_mmconfig_base", "pci_mmconfig_end_bus", "pci_is_virtual", "pci_domain")


def numbers(text):
    """Of text such as "0-3, 7", as ranges; one that runs backwards is empty."""
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        yield range(int(first), int(last or first) + 1)


def _struct(kind, data):
    values = {name: value for name, value in data.items() if not isinstance(value, (dict, list, str))}
    item = kind(**values)
    for name, value in data.items():
        if isinstance(value, list) and name != "flags":
            getattr(item, name)[:] = value
    return item


def _memory(data):
    bits = {word: bit for bit, word in MEMORY_FLAGS.items()}
    item, flags = _struct(abi.Memory, data), 0
    for flag in data.get("flags", []):
        flags |= bits.get(flag, flag)
    item.flags = flags
    return item


def _irqchip(data):
    item = _struct(abi.Irqchip, data)
    for part in numbers(data["pins"]) if "pins" in data else []:
        for pin in range(max(part.start - item.pin_base, 0), min(part.stop - item.pin_base, PINS)):
            item.pin_bitmap[pin // 32] |= 1 << pin % 32
    return item


def array(records, name):
    """Records of one kind as objects of abi.py."""
    make = {"memory_regions": _memory, "irqchips": _irqchip, "stream_ids": int}.get(name)
    return [make(data) if make else _struct(ARRAYS[name], data) for data in records.get(name, [])]


def cpus(records):
    """CPU numbers, or None if nothing is said."""
    if "cpus" not in records:
        return None
    return sorted({cpu for part in numbers(records["cpus"]) for cpu in part[:CPUS_MAX]})


def set_header(header, records):
    """Fields of a cell that are written as they are."""
    for name, value in records.get("header", {}).items():
        if name == "name":		# setting it writes up to its end only
            ctypes.memset(ctypes.addressof(header) + abi.Cell.name.offset, 0, abi.CFG_NAME_LEN)
            value = value.encode()
        setattr(header, name, _struct(abi.Console, value) if name == "console" else value)


def set_system(system, records):
    for name, value in records.items():
        if name == "iommu_units":
            for index, unit in enumerate(value):
                system.iommu_units[index] = _struct(abi.Iommu, unit)
                system.iommu_units[index].specific[:] = bytes.fromhex(unit.get("specific", "00" * 12))
        elif name == "debug_console":
            system.debug_console = _struct(abi.Console, value)
        else:
            setattr(system.arch.arm if re.match("gic._base$", name) else system, name, value)
