# SPDX-License-Identifier: BSD-2-Clause
"""A machine as board file, and a first system file for it."""
from .model import BAR_PAGE, CLUSTER, LINE_COUNT, TIMER
from .source import printable
from .units import KIB, MIB, round_up, format_size

CELL_MEMORY = 2 * MIB
HYPERVISOR_BASE, PER_CPU = 4 * MIB, 64 * KIB
LINE = 110


def _area(area):
    return f"{{ at: {area.start:#010x}, size: {_size(area.size)} }}"


def _size(size):
    text = format_size(size)
    return text if len(text) <= 8 else f"{size:#x}"


def _list(key, values, indent):
    """A list in as many lines as it needs."""
    lines, line = [], f"{indent}{key}: ["
    for index, value in enumerate(values):
        word = f"{value}{']' if index + 1 == len(values) else ','}"
        if len(line) + len(word) > LINE:
            lines.append(line.rstrip())
            line = indent + " " * (len(key) + 3)
        line += word + " "
    return lines + [line.rstrip()] if values else [line + "]"]


def _device(device):
    facts = [f"at: {device.area.start:#010x}", f"size: {_size(device.area.size)}"]
    facts += [f"spis: [{', '.join(map(str, device.spis))}]"] if device.spis else []
    facts += [f"{key}: {value}" for key, value in (("console", device.console), ("type", device.type),
                                                   ("clock", device.clock)) if value]
    line = f"  {device.name}: {{ {', '.join(facts)} }}"
    if len(line) <= LINE:
        return [line]
    lines = [f"  {device.name}:"]
    for fact in facts:
        lines += _list("spis", device.spis, "    ") if fact.startswith("spis") else [f"    {fact}"]
    return lines


def _default_mpidr(cpus):
    return [cpu // CLUSTER << 8 | cpu % CLUSTER for cpu in range(cpus)]


def board(machine, source):
    lines = ["# SPDX-License-Identifier: BSD-2-Clause", f"# Made by 'bulkhead-config create' from {printable(source)}.",
             "# What a device tree does not say stands here as comments: look at these lines.",
             f"board: {machine.name}", "architecture: arm64", f"cpus: {len(machine.mpidr)}"]
    if machine.mpidr != _default_mpidr(len(machine.mpidr)):
        lines += _list("mpidr", [f"{value:#x}" for value in machine.mpidr], "")
    if machine.timer and machine.timer != TIMER:
        lines += _list("timer", machine.timer, "")
    lines += ["memory:"]
    lines += [f"  {'dram' if len(machine.ram) == 1 else f'dram{index}'}: {_area(area)}" for index, area in enumerate(machine.ram)]
    lines += ["# Memory of cells and links. Linux owns it until the driver claims it; it has to be memory that Linux can give up.",
              f"pool: {_area(machine.pool)}", "gic:", "  version: 3", f"  distributor: {_area(machine.distributor)}",
              f"  redistributors: {_area(machine.redistributors)}"]
    lines += ["  # The tree gives an ITS less than its two frames of 64 KiB; it has both here, as nothing else is there."
              ] if machine.its_widened else []
    lines += [f"  its: [{', '.join(map(_area, machine.its))}]"] if machine.its else []
    lines += [f"  maintenance-interrupt: {machine.maintenance}",
              "  # Not in the tree: enough for those that it names. The GIC may have more (GICD_TYPER).",
              f"  spis: {machine.spis}", "pci:",
              "  # Where the tree has nothing. Make sure that the machine has nothing there, either: secure memory, say.",
              f"  ecam: {machine.ecam:#010x}", f"  domain: {machine.domain}", "  # SPIs that the tree does not name.",
              f"  interrupts: {{ first: {machine.lines.start}, count: {len(machine.lines)} }}"]
    if machine.iommus:
        lines += ["# Given to no cell; a Linux that starts the hypervisor keeps them.", "iommus:"]
        lines += [f"  {unit.name}: {_area(unit.area)}" for unit in machine.iommus]
    lines += ["devices:" if machine.devices else "devices: {}"]
    for device in machine.devices:
        lines += _device(device)
    lines += [f"# left out: {printable(path)} ({printable(why)})" for path, why in machine.left_out]
    return "\n".join(lines) + "\n"


def system(machine):
    """Linux as root cell, and a cell on the last CPU, if there are two."""
    cpus = len(machine.mpidr)
    memory = round_up(HYPERVISOR_BASE + cpus * PER_CPU, MIB)
    lines = ["# SPDX-License-Identifier: BSD-2-Clause",
             f"# A first system for board {machine.name}: Linux as root cell" + (
                 ", and a cell on the last CPU that talks to it over one link." if cpus > 1 else
                 ". With one CPU there is none for another cell."),
             f"system: {machine.name}", f"board: {machine.name}", "hypervisor:", f"  memory: {format_size(memory)}"]
    lines += [f"  console: {machine.stdout}"] if machine.stdout else []
    lines += ["  virtual-console: true", "cells:", "  linux: { root: true }"]
    if cpus > 1:
        lines += ["  first:", f"    cpus: [{cpus - 1}]", "    memory:",
                  f"      ram: {{ at: 0x0, size: {format_size(CELL_MEMORY)}, loadable: true }}",
                  "    communication-region: 0x80000000", "    virtual-console: active"]
        if len(machine.lines) >= 2 * LINE_COUNT:
            lines += ["links:", "  demo:", "    peers: [linux, first]", f"    shared: {format_size(BAR_PAGE)}",
                      "    output: 8 KiB"]
    return "\n".join(lines) + "\n"
