# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages: they format without a warning and know every command."""
import re
import subprocess

import pytest

from conftest import ROOT

MAN = ROOT / "tools/man"
PAGES = sorted(MAN.glob("*.8"))


def formatted(page):
    result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-c", page], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return re.sub(r".\x08", "", result.stdout).replace("\u2010", "-").replace("\u2212", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page):
    text = formatted(page)
    assert f"{page.stem} - " in text
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"):
        assert f"\n{heading}\n" in text


def test_every_command_is_described(usage):
    assert {page.name for page in PAGES} == {"jailhouse.8", "jailhouse-cell.8", "jailhouse-enable.8"}
    general = " ".join(formatted(MAN / "jailhouse.8").split())
    cell = formatted(MAN / "jailhouse-cell.8")
    for line in usage.splitlines()[3:]:
        first, second = (line.split() + [""])[:2]
        if first == "cell" and second not in ("linux", "stats"):
            assert f"jailhouse cell {second}" in cell
        else:
            assert (f"{first} {second}" if second.islower() else first) in general
