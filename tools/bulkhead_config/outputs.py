# SPDX-License-Identifier: BSD-2-Clause
"""All files that are made of a system, beside bundles: file name to content."""
from . import cell_header, emit, guest_of_system, reserved_memory, zephyr


def for_programs(system):
    """What programs in cells without Linux are built with."""
    files = {}
    for cell in system.others:
        if not cell.linux:
            files[f"{cell.name}.h"] = cell_header.source(system, cell).encode()
            files[f"{cell.name}.overlay"] = zephyr.source(system, cell).encode()
    return files


def of_late_launch(system):
    return {**emit.compile_system(system), **guest_of_system.trees(system), **for_programs(system),
            f"{system.root.name}.dtsi": reserved_memory.source(system).encode()}
