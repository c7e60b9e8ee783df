# SPDX-License-Identifier: BSD-2-Clause
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("BULKHEAD_BUILD", ROOT / "build")).resolve()
sys.path.insert(0, str(ROOT / "tools"))


def pytest_addoption(parser):
    parser.addoption("--update-good", action="store_true",
                     help="write good/*.hex from what the compiler makes now; read the difference before committing it")


def read_hex(path):
    """Bytes in hexadecimal, comments behind #."""
    return bytes.fromhex("".join(line.split("#")[0] for line in path.read_text().splitlines()))


@pytest.fixture
def in_config_directory(monkeypatch):
    """Messages name files as the user gave them: relative to this directory."""
    monkeypatch.chdir(HERE)
