# SPDX-License-Identifier: BSD-2-Clause
"""For programs: problems of a system file as JSON."""
import json


def _owner(item):
    """item: source.Owner"""
    return {"kind": item.kind, "name": item.name, **({"cell": item.cell} if item.cell else {})}


def problem(item):
    """item: source.Problem"""
    return {"file": item.place.file, "line": item.place.line, "column": item.place.column, "severity": item.kind,
            "rule": item.rule, "message": item.text, "owners": [_owner(owner) for owner in item.owners]}


def text(data):
    return json.dumps(data, indent=2)
