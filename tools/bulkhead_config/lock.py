# SPDX-License-Identifier: BSD-2-Clause
"""The lock of a system file: what the compiler has chosen for it, so that it chooses the same again."""
from pathlib import Path

from . import schema, yaml_text
from .source import ConfigError, load as load_yaml
from .units import Range, parse_size

def name_of(system_file):
    """NAME.lock beside NAME.yaml."""
    return Path(system_file).with_suffix(".lock")


def _area(data):
    return Range.at(data["at"], parse_size(data["size"]))


def load(system_file):
    """Path of what was chosen to the choice, a number or a range of host memory; nothing if there is no lock."""
    if not name_of(system_file).exists():
        return {}
    document = load_yaml(name_of(system_file))
    schema.check(document, schema.LOCK)
    if document.problems:
        raise ConfigError(sorted(document.problems))
    kept = {}
    for name, cell in (document.data.get("cells") or {}).items():
        if "pci-interrupts" in cell:
            kept["cells", name, "pci-interrupts"] = cell["pci-interrupts"]
        kept.update((("cells", name, "memory", region, "host"), _area(area))
                    for region, area in cell.get("memory", {}).items())
    for name, link in (document.data.get("links") or {}).items():
        if "device" in link:
            kept["links", name, "device"] = link["device"]
        if "memory" in link:
            kept["links", name, "at"] = _area(link["memory"])
    return kept


def _written(owner):
    return {"at": yaml_text.Hex(owner.host), "size": yaml_text.Size(owner.size)}


def text(system):
    """What was chosen for a complete system, as a lock."""
    def chosen(entry, key):
        return entry.path + (key,) in system.chosen
    data = {"cells": {}, "links": {}}
    for cell in system.cells:
        found = {"pci-interrupts": cell.lines} if chosen(cell, "pci-interrupts") else {}
        memory = {region.name: _written(region) for region in cell.regions if chosen(region, "host")}
        data["cells"][cell.name] = {**found, **({"memory": memory} if memory else {})}
    for link in system.links:
        data["links"][link.name] = {**({"device": link.slot} if chosen(link, "device") else {}),
                                    **({"memory": _written(link)} if chosen(link, "at") else {})}
    data = {part: {name: found for name, found in entries.items() if found} for part, entries in data.items()}
    heading = [f"What bulkhead-config has chosen for system '{system.name}'. While this file is beside the system file,",
               "it stays so when cells or links are added. 'compile --lock' writes it."]
    return yaml_text.write({part: entries for part, entries in data.items() if entries}, heading, {})
