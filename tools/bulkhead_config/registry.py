# SPDX-License-Identifier: BSD-2-Clause
"""The list of rules. A rule is one function that yields (place, text) per violation; its docstring is its
paragraph of the manual. Stages run in order, and the first one that finds something is the last one."""
import importlib
from dataclasses import dataclass

from .source import ConfigError, Problem

BOARD, REFERENCES, ALLOCATION, LAYOUT, FILES, PLACEMENT, BUNDLE = range(7)

# Rules of the file format itself, checked by source.py, schema.py and model.py
FORMAT_RULES = {
    "file": "The file can be read and has a sensible size.",
    "yaml-syntax": "Files are YAML 1.2 without anchors, aliases and tags.",
    "duplicate-key": "A key is written once per mapping; so no two cells, links or regions have one name.",
    "unknown-key": "Only keys that mean something are accepted.",
    "missing-key": "Required keys are there.",
    "bad-value": "Values have the right kind and range.",
    "name-form": "Names start with a letter, so that the command line cannot take them for an ID.",
    "board-unknown": "The board of a system has a file.",
}


@dataclass(frozen=True)
class Rule:
    name: str
    stage: int
    check: object

    @property
    def manual(self):
        return " ".join(self.check.__doc__.split())


RULES = []


def rule(name, stage):
    def register(check):
        RULES.append(Rule(name, stage, check))
        return check
    return register


# Each of these adds its rules; the order here is the order of `bulkhead-config rules`.
RULE_MODULES = ("rules_board", "rules_references", "allocate", "rules_layout", "rules_direct", "rules_linux",
                "rules_records")


def load_rules():
    for name in RULE_MODULES:
        importlib.import_module(f"{__package__}.{name}")


def run(system, last=LAYOUT):
    """Checks a system up to a stage, and on the way fills in what its file left open."""
    load_rules()
    for stage in range(last + 1):
        problems = []
        for item in RULES:
            if item.stage == stage:
                problems += [Problem(place, item.name, text) for place, text in item.check(system)]
        if problems:
            raise ConfigError(sorted(problems))
