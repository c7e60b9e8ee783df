# SPDX-License-Identifier: BSD-2-Clause
"""docs/config-rules.md: made from the functions that are the compiler's rules, and from the messages that tests/config
expects. Run as a program it writes the page; test_docs.py compares it."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs/config-rules.md"
BAD, WARN = ROOT / "tests/config/bad", ROOT / "tests/config/warn"
UNREADABLE = "gone.yaml:1:1: error: cannot be read: No such file or directory; correct its name or permissions [file]"
INTRODUCTION = """\
# Rules of the configuration compiler

Made from the rules themselves: `make docs-rules`. Each has its name in the message, here with the message that a file of
that name in `tests/config/bad` or `tests/config/warn` gives. How problems are reported stands in
[configuration](configuration.md#the-rules).
"""
HEADINGS = {
    "rules_board": "Board", "rules_references": "Cells", "allocate": "Allocation", "rules_layout": "Addresses and interrupts",
    "rules_links": "Links", "rules_stray": "Accesses to nothing", "rules_watchdog": "Watchdogs",
    "rules_limits": "Limits of the hypervisor",
    "rules_built": "What the hypervisor image has",
    "rules_direct": "Direct boot",
    "rules_linux": "Linux as root cell in direct boot",
    "rules_records": "Low-level form", "warnings": "Warnings",
}

sys.path.insert(0, str(ROOT / "tools"))


def example(name, directory):
    """The first message that the file of this rule expects."""
    if name == "file":		# no file can show it
        return UNREADABLE
    text = (directory / f"{name}.yaml").read_text(encoding="utf-8")
    return re.search(r"^# expect: (.*)$", text, re.M).group(1)


def section(heading, rules, directory):
    lines = [f"## {heading}", ""]
    for name, manual in rules:
        lines += [f"### `{name}`", "", manual, "", "```text", example(name, directory), "```", ""]
    return lines


def page():
    from bulkhead_config import registry
    registry.load_rules()
    lines = INTRODUCTION.splitlines() + [""] + section("Form of the files", registry.FORMAT_RULES.items(), BAD)
    for module in registry.RULE_MODULES:
        directory = WARN if module == "warnings" else BAD
        rules = [(rule.name, rule.manual + ("" if rule.by_default else " Off by default."))
                 for rule in registry.RULES + registry.WARNINGS
                 if rule.check.__module__.rsplit(".", 1)[-1] == module]
        lines += section(HEADINGS[module], rules, directory)
    return "\n".join(lines)


def main():
    MANUAL.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
