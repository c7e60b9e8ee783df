# SPDX-License-Identifier: BSD-2-Clause
"""Writes system files as people write them: short mappings in one line, addresses in hexadecimal, comments."""
import json
import re

from .units import UNITS, format_size, format_time

WIDTH = 110
PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]*$")
NOT_PLAIN = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
ALWAYS_BLOCK = {("cells",), ("links",), ("board",), ("board", "memory"), ("board", "devices"), ("hypervisor",)}


class Hex(int):
    """An address."""


class Size(int):
    """A number of bytes."""


class Time(int):
    """Microseconds."""


def _scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Size):
        number, unit = format_size(value).split()
        return f"{number} {unit}" if unit in UNITS and unit != "B" and len(number) <= 6 else f"{value:#x}"
    if isinstance(value, Time):
        return format_time(value)
    if isinstance(value, Hex):
        return f"{value:#x}"
    if isinstance(value, int):
        return str(value)
    return value if PLAIN.match(value) and value.lower() not in NOT_PLAIN else json.dumps(value)


def _flow(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _key(key):
    return key if PLAIN.match(key) and key.lower() not in NOT_PLAIN else json.dumps(key)


def _depth(value):
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max([_depth(item) for item in items] + [0]) if isinstance(value, (dict, list)) else 0


def _block(value, indent, path, comments):
    """Lines of a mapping or a list; the first one of an item of a list gets its dash from the caller."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        here = path + (key,)
        start = " " * indent + (f"{_key(key)}:" if isinstance(value, dict) else "-")
        comment = f"  # {comments[here]}" if here in comments else ""
        flat = _flow(item)
        remarks = any(len(known) > len(here) and known[:len(here)] == here for known in comments)
        whole = here in ALWAYS_BLOCK or (len(here) == 2 and here[0] == "cells" and _depth(item) > 1)
        if isinstance(item, (dict, list)) and item and (whole or remarks or len(start) + len(flat) > WIDTH):
            if isinstance(value, dict):
                yield start + comment
                yield from _block(item, indent + 2, here, comments)
            else:
                lines = list(_block(item, indent + 2, here, comments))
                yield f"{start} {lines[0].lstrip()}{comment}"
                yield from lines[1:]
        else:
            yield f"{start} {flat}{comment}"


def write(data, heading, comments):
    """data: mappings, lists and scalars; heading: lines of a comment; comments: path to text behind the line."""
    return "\n".join([f"# {line}".rstrip() for line in heading] + list(_block(data, 0, (), comments))) + "\n"
