# SPDX-License-Identifier: BSD-2-Clause
"""Causes of exits: the driver's files, the table of docs/abi-notes.md and the statistics of Jailhouse say the same."""
import re
import sys

from config_rules import ROOT

sys.path.insert(0, str(ROOT / "tools"))
from bulkhead_config import abi  # noqa: E402

SUMS = re.compile(r"\[CPU_STAT_(\w+)\] = \{ \.first = (?:CPU_EXIT_)?(\w+), \.last = CPU_EXIT_(\w+?)(?: - 1)? \}")


def table():
    text = (ROOT / "docs/abi-notes.md").read_text(encoding="utf-8")
    rows = text.split("<!-- exits: begin -->")[1].split("<!-- exits: end -->")[0]
    return re.findall(r"^\| (\d+) \| `(\w+)` \| .* \| (?:`(\w+)` )?\|$", rows, re.M)


def numbers():
    return {name.removeprefix("CPU_EXIT_").lower(): getattr(abi, name) for name in dir(abi)
            if name.startswith("CPU_EXIT_") and name != "CPU_EXIT_COUNT"}


def test_table():
    assert {name: int(number) for number, name, _ in table()} == numbers()
    assert [int(number) for number, _, _ in table()] == list(range(abi.CPU_EXIT_COUNT))


def test_files_of_the_driver():
    source = (ROOT / "driver/jailhouse/sysfs.c").read_text(encoding="utf-8")
    lines = re.findall(r'\{ "(\w+)", (CPU_EXIT_\w+) \}', source)
    assert [(name, getattr(abi, constant)) for name, constant in lines] == sorted(numbers().items(), key=lambda item: item[1])
    assert re.findall(r'\{ "(\w+)", CELL_INFO_(\w+) \}', source)[:3] == [
        ("starts", "STARTS"), ("restarts", "RESTARTS"), ("faults", "FAULTS")]


def test_statistics_are_the_sums_of_the_table():
    source = (ROOT / "hypervisor/core/cpu_info.c").read_text(encoding="utf-8")
    found = {}
    for name, first, last in SUMS.findall(source):
        first, last = (int(first) if first.isdigit() else getattr(abi, f"CPU_EXIT_{first}")), getattr(abi, f"CPU_EXIT_{last}")
        found[name.lower()] = set(range(first, last + (name != "TOTAL")))
    assert len(found) == abi.CPU_STAT_COUNT_ARM64
    assert found.pop("total") == set(range(abi.CPU_EXIT_COUNT))
    expected = {}
    for number, _, statistic in table():
        if statistic:
            expected.setdefault(statistic, set()).add(int(number))
    assert found == expected
