# SPDX-License-Identifier: BSD-2-Clause
"""The command `create`."""
import argparse
import re
import sys
from pathlib import Path

from . import machine, machine_files, machine_tree, schema, writing
from .source import ConfigError, printable

LIVE_TREE = "/proc/device-tree"


def run(arguments, load):
    """Board and system file, and what the check says of them. load: as for `check`."""
    try:
        tree = machine_tree.load(arguments.tree)
        seen = machine.iomem(Path(arguments.iomem).read_text("ascii", "replace")) if arguments.iomem else ((), ())
        found = machine.find(tree, arguments.name, seen, arguments.spis)
    except machine_tree.TreeError as error:
        sys.exit(printable(f"{arguments.tree}: {error}"))
    files = {arguments.output / "boards" / f"{found.name}.yaml": machine_files.board(found, arguments.tree),
             arguments.output / "systems" / f"{found.name}.yaml": machine_files.system(found)}
    for path in files:
        if path.exists() and not arguments.force:
            sys.exit(f"{path}: is there already; use another --name or directory, or --force to replace it")
    _write(files)
    _check(arguments.output / "systems" / f"{found.name}.yaml", load)


def _write(files):
    contents = [(path, text.encode()) for path, text in files.items()]
    writing.write(contents)
    for path, content in contents:
        print(f"{path}: {len(content)} bytes")
    sys.stdout.flush()


def _check(system, load):
    """What is wrong has to be corrected by who knows the machine: hence in the files, which stay."""
    try:
        load(system)
    except ConfigError as error:
        sys.exit(f"{error}\n{system}: is to be corrected, or its board, as said above; then use 'check'")


def _name(text):
    if not re.search(schema.NAME, text) or len(text) > schema.NAME_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' cannot be the name of a board; use letters, digits, '-', '_' and '.', "
                                         "a letter first")
    return text


def _spis(text):
    if not text.isdecimal() or not 1 <= int(text) <= machine.SPI_END:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of SPIs; use 1 to {machine.SPI_END}")
    return int(text)


def add_arguments(command):
    command.add_argument("-t", "--tree", default=LIVE_TREE, metavar="FILE|DIR", help="a device tree blob, or a directory "
                         f"such as {LIVE_TREE}, which is the default: the running Linux")
    command.add_argument("--iomem", metavar="FILE", help="a copy of /proc/iomem, read as root: where Linux has its memory")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for boards/ and systems/")
    command.add_argument("-n", "--name", type=_name, help="of board and system, instead of the model of the machine")
    command.add_argument("--spis", type=_spis, metavar="N", help="how many SPIs the GIC has, if more than the tree names")
    command.add_argument("--force", action="store_true", help="replace files that are there")
