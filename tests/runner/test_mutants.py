# SPDX-License-Identifier: BSD-2-Clause
"""Planted bugs that are tried by hand only have their places in the sources of today, each once."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("direct", "proof", "fuzz")]

import config_mutants		# noqa: E402
import mutants		# noqa: E402
import soak_mutants		# noqa: E402

PLACES = [(f"soak: {name}", path, old) for name, (path, old, _) in soak_mutants.MUTANTS.items()]
PLACES += [(f"proof: {what}", path, old) for what, _, path, old, _ in mutants.MUTANTS]
PLACES += [(f"fuzz: {old}", f"hypervisor/core/{file}", old) for file, old, _ in config_mutants.CONDITIONS]


@pytest.mark.parametrize("path, old", [place[1:] for place in PLACES], ids=[place[0] for place in PLACES])
def test_place(path, old):
    assert (ROOT / path).read_text(encoding="utf-8").count(old) == 1
