# SPDX-License-Identifier: BSD-2-Clause
"""docs/ivshmem-conformance.md against the checks of inmates/checks/conformance."""
import re

from config_rules import ROOT

PAGE = (ROOT / "docs/ivshmem-conformance.md").read_text(encoding="utf-8")
INMATES = ROOT / "inmates/checks/conformance"
ID = r"[A-Z]\d*(?:-\w+)?\.\d+"


def checks():
    """(id, text, what it needs) of all checks, in the tables at the end of their files."""
    found = []
    for path in sorted(INMATES.glob("*.c")):
        text = path.read_text(encoding="utf-8")
        found += re.findall(r'^\t\{ "([^"]+)", "([^"]+)",\s*([^,}]+),\s*\w+ \},$', text, re.M)
    return found


def rows():
    """(id, text, result with INTx, result with MSI-X) of the table of checks."""
    return [(name, text, intx, msix) for text, name, intx, msix in
            re.findall(r"^\|[^|]*\| ([^|]*) \| `([^`]+)` \| (\w+) \| (\w+) \|$", PAGE, re.M)]


def test_every_check_has_its_row():
    assert len(checks()) > 100
    assert sorted((name, text) for name, text, *_ in rows()) == sorted((name, text) for name, text, _ in checks())


def test_ids():
    names = [name for name, *_ in checks()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(ID, name) for name in names)
    # numbers of a section begin at 1 and have no gaps, so that a lost check is seen
    for group in {name.rsplit(".", 1)[0] for name in names}:
        numbers = sorted(int(name.rsplit(".", 1)[1]) for name in names if name.rsplit(".", 1)[0] == group)
        assert numbers == list(range(1, len(numbers) + 1)), group


def test_results_follow_from_what_is_needed():
    needs = {name: need for name, _, need in checks()}
    for name, _, intx, msix in rows():
        relocatable = "NEED_RELOCATABLE_MEMORY" in needs[name]
        assert intx == ("skip" if relocatable or "NEED_MSIX" in needs[name] else "ok"), name
        assert msix == ("skip" if relocatable or "NEED_INTX" in needs[name] else "ok"), name


def test_named_checks_exist():
    """Also in the other tables, and the names of host tests."""
    names = {name for name, *_ in checks()}
    mentioned = {word for word in re.findall(r"`([^`\n]+)`", PAGE) if re.fullmatch(ID, word)}
    assert mentioned == names
    unit = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/unit").glob("*.c"))
    for line in PAGE.splitlines():
        if "`tests/unit`" in line:
            tests = [word for word in re.findall(r"`(\w+)`", line) if "_" in word and not word.startswith("check_")]
            assert tests and all(re.search(rf"\b{test}\b", unit) for test in tests), line


def test_parameters_are_read():
    """Parameters of the manual and those that the sources ask for are the same."""
    (table,) = re.findall(r"^\| parameter \|.*?\n\n", PAGE, re.M | re.S)
    manual = {name for row in re.findall(r"^\| (`[^|]*) \|", table, re.M) for name in re.findall(r"`([\w-]+)`", row)}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in INMATES.glob("*.c"))
    assert set(re.findall(r'param_\w+\("([\w-]+)"', sources)) == manual


def test_actions_are_known():
    verbs = set(re.findall(r"`# action: (\w+) peer N`", PAGE))
    source = (INMATES / "life_cycle.c").read_text(encoding="utf-8")
    assert set(re.findall(r'action\("(\w+)"', source)) == verbs
