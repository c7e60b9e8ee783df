# SPDX-License-Identifier: BSD-2-Clause
"""For programs: problems of a system file as JSON."""
import json
import re

# Rules name what is concerned as the classes of model.py print it: memory 'ram' of cell 'rtos'
OWNER = re.compile(r"\b(memory|device|link|cell|image|text|board|system) '([^']*)'(?: of cell '([^']*)')?")


def owners(message):
    """What a message is about, in its order, each once."""
    found = []
    for kind, name, cell in OWNER.findall(message):
        owner = {"kind": kind, "name": name, **({"cell": cell} if cell else {})}
        if owner not in found:
            found.append(owner)
    return found


def problem(item):
    """item: source.Problem"""
    return {"file": item.place.file, "line": item.place.line, "column": item.place.column, "severity": item.kind,
            "rule": item.rule, "message": item.text, "owners": owners(item.text)}


def text(data):
    return json.dumps(data, indent=2)
