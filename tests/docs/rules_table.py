# SPDX-License-Identifier: BSD-2-Clause
"""The table of the compiler's rules in docs/configuration.md: made from the rules themselves and from the messages
that tests/config/bad expects. Run as a program it writes the table; test_docs.py compares it."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs/configuration.md"
BAD = ROOT / "tests/config/bad"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
UNREADABLE = "cannot be read: No such file or directory; correct its name or permissions"

sys.path.insert(0, str(ROOT / "tools"))


def rules():
    """Name and manual line of each rule, in the order of `bulkhead-config rules`."""
    from bulkhead_config import registry
    registry.load_rules()
    return [*registry.FORMAT_RULES.items(), *((rule.name, rule.manual) for rule in registry.RULES)]


def example(name):
    """The message that the bad file of this rule expects, without its place and the name of the rule."""
    if name == "file":		# no file can show it
        return UNREADABLE
    text = (BAD / f"{name}.yaml").read_text(encoding="utf-8")
    return re.search(rf"^# expect: \S+: {name}: (.*)$", text, re.M).group(1)


def table():
    rows = ["| rule | what it says | message, from the file of that name in `tests/config/bad/` |", "|---|---|---|"]
    for name, manual in rules():
        message = example(name).replace("|", "\\|")
        rows.append(f"| `{name}` | {manual} | {message} |")
    return "\n".join(rows) + "\n"


def split(text):
    """Before, inside and behind the markers."""
    head, rest = text.split(BEGIN)
    inside, tail = rest.split(END)
    return head, inside, tail


def main():
    head, _, tail = split(MANUAL.read_text(encoding="utf-8"))
    MANUAL.write_text(head + BEGIN + table() + END + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
