# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages: they format without a warning and know every command."""
import re
import subprocess

import pytest

from conftest import ROOT

MAN = ROOT / "tools/man"
ELSEWHERE = {("config", "collect")}
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
    assert {page.stem for page in PAGES} == {"jailhouse", *(f"jailhouse-{word}" for word in ("cell", "config", "enable", "link", "trace"))}
    general = " ".join(formatted(MAN / "jailhouse.8").split())
    pages = {word: formatted(MAN / f"jailhouse-{word}.8") for word in ("cell", "config", "link", "trace")}
    for line in usage.splitlines()[3:]:
        first, second = (line.split() + [""])[:2]
        if first in pages and (first, second) not in ELSEWHERE:
            assert (f"jailhouse {first} {second}" if second.isalpha() else f"jailhouse {first}") in pages[first]
        else:
            assert (f"{first} {second}" if second.islower() else first) in general
