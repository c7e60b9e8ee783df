# SPDX-License-Identifier: BSD-2-Clause
"""The table of attacks in docs/isolation.md, counted from the attacks themselves (tests/direct/containment). Run as a
program it writes the table; test_docs.py compares it."""
import sys
from collections import Counter
from pathlib import Path

from config_rules import ROOT

MANUAL = ROOT / "docs/isolation.md"
BEGIN, END = "<!-- attacks: begin -->\n", "<!-- attacks: end -->\n"

sys.path.insert(0, str(ROOT / "tests/direct"))


def kind(outcome):
    """Without the address."""
    text = str(outcome)
    return "stopped" if text.startswith("stopped") else "goes on" if text.startswith("goes on") else text


def table():
    from containment import ATTACKS
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    rows = ["| group | attacks | what comes of them |", "|---|---|---|"]
    for group in dict.fromkeys(attack.group for attack in ATTACKS):
        outcomes = Counter(kind(attack.outcome) for attack in ATTACKS if attack.group == group)
        counts = ", ".join(f"{name}: {count}" for name, count in outcomes.most_common())
        rows.append(f"| {group} | {outcomes.total()} | {counts} |")
    return "\n".join(rows) + f"\n\nAltogether {len(ATTACKS)}.\n"


def split(text):
    """Before, inside and behind the markers."""
    head, rest = text.split(BEGIN)
    inside, tail = rest.split(END)
    return head, inside, tail


def main():
    head, _, tail = split(Path(MANUAL).read_text(encoding="utf-8"))
    MANUAL.write_text(head + BEGIN + table() + END + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
