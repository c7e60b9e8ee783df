# SPDX-License-Identifier: BSD-2-Clause
"""Structure of board and system files as JSON schemas, and their violations as problems.

Every schema says in "description" what is expected: that is what the user reads."""
import difflib

import jsonschema

from . import records
from .source import shortened
from .units import ADDRESS_END, SIZE_PATTERN, TIME_PATTERN

END = r"$(?!\n)"		# '$' alone accepts a line break at the end
NAME = r"^[A-Za-z][A-Za-z0-9_.-]*" + END
NAME_MAX = 200


def _object(properties, required=(), **more):
    return {"type": "object", "description": "a mapping of keys to values", "properties": properties,
            "required": list(required), "additionalProperties": False, **more}


def _named(value, **more):
    return {"type": "object", "description": "a mapping of names to values",
            "propertyNames": {"pattern": NAME, "maxLength": NAME_MAX, "description": "a name of letters, digits, '-', '_' "
                              "and '.' that starts with a letter"}, "additionalProperties": value, "maxProperties": 64, **more}


def _list(items):
    return {"type": "array", "description": "a list", "items": items, "maxItems": 1024}


def _int(what, minimum, maximum):
    return {"type": "integer", "minimum": minimum, "maximum": maximum,
            "description": f"{what}, {minimum} to {maximum}"}


def _bits(width):
    return {"type": "integer", "minimum": 0, "maximum": (1 << width) - 1,
            "description": f"a number of at most {width} bits"}


def _enum(*values):
    return {"enum": list(values), "description": "one of " + ", ".join(str(v) for v in values)}


ADDRESS = {"type": "integer", "minimum": 0, "maximum": ADDRESS_END - 1,
           "description": "an address below 2^48, such as 0x60000000"}
SIZE = {"type": ["integer", "string"], "pattern": SIZE_PATTERN, "minimum": 0, "maximum": ADDRESS_END,
        "description": "a size such as 36 KiB, 4 MiB or 0x1000"}
TIME = {"type": "string", "pattern": TIME_PATTERN, "description": "a time such as 100 ms, 2500 us or 2 s"}
BOOL = {"type": "boolean", "description": "true or false"}
TEXT = {"type": "string", "pattern": NAME, "maxLength": NAME_MAX, "description": "a name"}
FILE = {"type": "string", "minLength": 1, "maxLength": 255, "description": "the name of a file"}
SPI = _int("an SPI number (INTID - 32)", 0, 987)
SLOT = _int("a PCI device number", 0, 31)
AREA = _object({"at": ADDRESS, "size": SIZE}, ["at", "size"])
PCI = {"ecam": ADDRESS, "domain": _int("a PCI domain", 0, 0xffff)}

# the second one is a number, unless it is quoted
CONSOLE = {"enum": ["pl011", "8250", 8250], "description": "one of pl011, 8250"}

BOARD = _object({
    "board": TEXT,
    "architecture": _enum("arm64"),
    "cpus": _int("the number of CPUs", 1, 256),
    "mpidr": _list(_bits(40)),
    "timer": {**_list(_int("the INTID of a PPI", 16, 31)), "minItems": 4, "maxItems": 4,
              "description": "four INTIDs of PPIs: secure, physical, virtual, hypervisor timer"},
    "memory": _named(AREA, minProperties=1),
    "pool": AREA,
    "gic": _object({
        "version": _enum(3),
        "distributor": AREA,
        "redistributors": AREA,
        "its": _list(AREA),
        "maintenance-interrupt": _int("the INTID of a PPI", 16, 31),
        "spis": _int("the number of SPIs", 1, 988),
    }, ["version", "distributor", "redistributors", "maintenance-interrupt", "spis"]),
    "pci": _object({
        **PCI,
        "interrupts": _object({"first": SPI, "count": _int("a number of SPIs", 4, 988)}, ["first", "count"]),
    }, ["ecam", "domain"]),
    "iommus": _named(AREA),
    "devices": _named(_object({
        "at": ADDRESS, "size": SIZE, "spis": _list(SPI), "console": CONSOLE,
        "type": _enum("pl031", "virtio-mmio"), "clock": _int("a frequency in Hz", 1, (1 << 32) - 1),
    }, ["at", "size"]), maxProperties=512),
}, ["board", "architecture", "cpus", "memory", "gic", "pci", "devices"])

REGION = _object({
    "at": ADDRESS, "host": ADDRESS, "size": SIZE,
    "access": {"type": "string", "pattern": "^rw?x?" + END, "description": "r, rw, rx or rwx"},
    "dma": BOOL, "loadable": BOOL, "shared-with-root": BOOL, "keep": BOOL,
}, ["at", "size"])

IMAGE = _object({
    "file": FILE,
    "text": {"type": "string", "maxLength": 4095, "pattern": "^[ -~]*" + END,
             "description": "printable ASCII characters in quotes, at most 4095"},
    "at": ADDRESS,
})

LINUX = _object({
    "kernel": FILE,
    "initrd": FILE,
    "command-line": {"type": "string", "pattern": "^[ -~]*" + END, "maxLength": 2047,
                     "description": "text of printable ASCII characters, at most 2047"},
})

ON_FAILURE = {
    "type": ["string", "object"], "pattern": "^(stop|restart|halt)" + END,
    "properties": {"restart": _int("a number of restarts", 1, (1 << 32) - 1),
                   "within": _int("a number of seconds", 1, (1 << 32) - 1)},
    "required": ["restart"], "additionalProperties": False,
    "description": "stop, restart, halt, or { restart: N, within: SECONDS }",
}

STRAY_ACTION = _enum("fail", "ignore", "abort")

STRAY_RANGE = _object({"at": ADDRESS, "size": SIZE, "action": STRAY_ACTION}, ["at", "size", "action"])

CELL = _object({
    "root": BOOL,
    "cpus": _list(_int("a CPU number", 0, 4095)),
    "memory": _named(REGION),
    "communication-region": ADDRESS,
    "entry": ADDRESS,
    "passive": BOOL,
    "virtual-console": _enum("off", "permitted", "active"),
    "console": TEXT,
    "devices": _list(TEXT),
    "shared-devices": _list(TEXT),
    "interrupts": _list(SPI),
    "stray-access": STRAY_ACTION,
    "stray-ranges": _list(STRAY_RANGE),
    "watchdog": TIME,
    "pci-interrupts": SPI,
    "page-size": _enum("4 KiB", "16 KiB", "64 KiB"),
    "images": _list(IMAGE),
    "on-failure": ON_FAILURE,
    "argument": _bits(64),
    "linux": LINUX,
    "records": records.CELL,
})

PEER = {"type": "string", "pattern": f"{NAME}|^-{END}", "maxLength": NAME_MAX,
        "description": "the name of a cell, or \"-\""}

LINK = _object({
    "peers": _list(PEER),
    "at": ADDRESS,
    "state": SIZE, "shared": SIZE, "output": SIZE,
    "interrupt": _enum("intx", "msi-x"),
    "vectors": _int("a number of interrupt vectors", 1, 16),
    "latch-state": BOOL,
    "protocol": {"type": ["string", "integer"], "minimum": 0x4000, "maximum": 0x7fff,
                 "pattern": "^(undefined|ethernet|virtio-net|virtio-block|virtio-console)" + END,
                 "description": "undefined, ethernet, virtio-net, virtio-block, virtio-console, or a number from "
                 "0x4000 to 0x7fff"},
    "backend": PEER,
    "device": SLOT,
    "max-peers": _named(_int("a number of peers", 1, 255)),
}, ["peers"])

SYSTEM = _object({
    "system": TEXT,
    "board": {**BOARD, "type": ["string", "object"], "pattern": NAME, "maxLength": NAME_MAX,
              "description": "the name of a board, or a mapping as in a board file"},
    "boot": _enum("linux", "direct"),
    "pool": AREA,
    "hypervisor": _object({
        "memory": {"type": ["integer", "string", "object"], "pattern": SIZE_PATTERN, "minimum": 0,
                   "properties": {"at": ADDRESS, "size": SIZE}, "required": ["at", "size"],
                   "additionalProperties": False, "maximum": ADDRESS_END,
                   "description": "a size such as 4 MiB, or { at: ADDRESS, size: SIZE }"},
        "console": TEXT,
        "virtual-console": BOOL,
    }, ["memory"]),
    "pci": _object(PCI),
    "records": records.SYSTEM,
    "cells": _named(CELL),
    "links": _named(LINK),
}, ["system", "board", "hypervisor", "cells"])

# see lock.py
LOCK = _object({
    "cells": _named(_object({"pci-interrupts": SPI, "memory": _named(AREA)})),
    "links": _named(_object({"device": SLOT, "memory": AREA})),
})


def _shown(value):
    if isinstance(value, (dict, list)):
        return "this" if value else "nothing"
    if value is None:
        return "nothing"
    return f"'{shortened(value)}'" if isinstance(value, str) else shortened(str(value).lower())


def _unknown_keys(document, error):
    path, known = tuple(error.absolute_path), sorted(error.schema.get("properties", {}))
    for key in sorted(set(error.instance) - set(known)):
        close = difflib.get_close_matches(key[:NAME_MAX], known, 1)
        hint = f"did you mean '{close[0]}'?" if close else "possible here: " + ", ".join(known)
        yield document.key(*path, key), "unknown-key", f"{_shown(key)} is not known here; {hint}", path + (key,)


def _missing_keys(document, error):
    path = tuple(error.absolute_path)
    where = _shown(path[-1]) if path else "the file"
    if path and isinstance(path[-1], int):
        where = f"entry {path[-1]} of {_shown(path[-2])}"
    for key in error.validator_value:
        if key not in error.instance:
            yield document.key(*path) if path else document.value(), "missing-key", f"{where} has no '{key}'; add it", path


def _name_form(document, error):
    path = *error.absolute_path, error.instance
    yield document.key(*path), "name-form", (f"{_shown(error.instance)} cannot be a name; use "
                                             f"{error.schema['description']}"), path


def _bad_value(document, error):
    path = tuple(error.absolute_path)
    names = [part for part in path if isinstance(part, str)]
    if error.validator in ("maxProperties", "maxItems"):
        text = f"has {len(error.instance)} entries, {error.validator_value} are possible; remove some"
    elif error.validator == "maxLength":
        text = f"has {len(error.instance)} characters, {error.validator_value} are possible; shorten it"
    else:
        text = f"{_shown(error.instance)} does not fit; use {error.schema['description']}"
    yield document.value(*path), "bad-value", (f"{_shown(names[-1])}: " if names else "") + text, path


def _translate(document, error):
    if error.validator == "additionalProperties":
        return _unknown_keys(document, error)
    if error.validator == "required":
        return _missing_keys(document, error)
    if "propertyNames" in error.absolute_schema_path:
        return _name_form(document, error)
    return _bad_value(document, error)


def _part(schema, key):
    """Schema of what stands under a key or an index."""
    if isinstance(key, int):
        return schema.get("items", {})
    return schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}


def _remove(document, schema, path):
    """Takes what does not fit out of the data, and as much around it as means nothing without it; so the rest fits the
    schema. Returns what was taken out."""
    data, parent, cut = document.data, schema, 0
    for depth, key in enumerate(path):
        if not isinstance(data, (dict, list)) or (isinstance(data, dict) and key not in data):
            return path[:cut]		# it is out already
        if not (isinstance(key, int) or key in parent.get("required", ())):
            cut = depth + 1
        data, parent = data[key], _part(parent, key)
    if cut == 0:
        return ()
    data = document.data
    for key in path[:cut - 1]:
        data = data[key]
    if path[0] == "cells" and cut == 2:
        data[path[1]] = {}		# others may name it
    else:
        del data[path[cut - 1]]
    return path[:cut]


def check(document, schema):
    """Collects everything that does not fit the schema, and takes it out."""
    problems = {}
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document.data):
        for place, rule, text, path in _translate(document, error):
            problems.setdefault((place, rule, text), path)
    for (place, rule, text), path in problems.items():
        document.complain(place, rule, text, path)
        # a name of the wrong form still is a name
        if rule != "name-form" and document.data is not None:
            document.broken.add(_remove(document, schema, path))
