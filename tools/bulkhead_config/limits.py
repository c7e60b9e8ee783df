# SPDX-License-Identifier: BSD-2-Clause
"""What the hypervisor is built for: the numbers of a build configuration as kconfig writes it."""
import re
from dataclasses import dataclass
from pathlib import Path

from .source import ConfigError, Place, Problem

TREE = Path(__file__).resolve().parents[2]
DEFAULT = TREE / "configs/defconfig"
KEYS = {"cpus": "CONFIG_MAX_CPUS", "cells": "CONFIG_MAX_CELLS", "links": "CONFIG_IVSHMEM_MAX_LINKS"}
MAX_FILE_SIZE = 64 * 1024


@dataclass(frozen=True)
class Limits:
    file: str
    cpus: int
    cells: int		# the root cell included
    links: int


# configs/defconfig, for where only the tools are installed; a test compares
STANDARD = Limits(DEFAULT.name, cpus=64, cells=16, links=64)


def load(file):
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            text = stream.read(MAX_FILE_SIZE)
    except OSError as error:
        raise ConfigError([Problem(Place(str(file)), "file", f"cannot be read: {error.strerror}; correct its name or "
                                   "permissions")]) from None
    found = dict(re.findall(r"^(CONFIG_\w+)=([0-9]{1,6})$", text, re.M))
    missing = [key for key in KEYS.values() if key not in found]
    if missing:
        raise ConfigError([Problem(Place(str(file)), "file", f"has no {missing[0]}; use the .config that the hypervisor "
                                   "is built with")])
    return Limits(str(file), **{name: int(found[key]) for name, key in KEYS.items()})


def of_tree():
    """Those of the build in this tree, if there is one."""
    return load(TREE / ".config") if (TREE / ".config").is_file() else STANDARD
