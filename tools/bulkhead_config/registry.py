# SPDX-License-Identifier: BSD-2-Clause
"""The list of rules. A rule is one function that yields (place, text) per violation, and behind them all that it is about,
if that is more than what stands at the place; its docstring is its paragraph of the manual.

All rules up to LAYOUT run, whatever the others find: they have to cope with a system that breaks other rules. Those of
later stages rely on a sound system: the first stage that finds something is the last one. Warnings are looked for when
there is no error."""
import importlib
from dataclasses import dataclass

from .source import ConfigError, Problem, printable, shortened

BOARD, REFERENCES, ALLOCATION, LAYOUT, COMPLETE, FILES, PLACEMENT, BUNDLE = range(8)

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


class UnknownWarning(Exception):
    pass


@dataclass(frozen=True)
class Rule:
    name: str
    check: object
    stage: int = BOARD
    combines: bool = False		# depends on all of a cell or link: says nothing about one that is written wrong
    by_default: bool = True		# warnings only

    @property
    def manual(self):
        return " ".join(self.check.__doc__.split())


MANY = 500			# problems of one rule

RULES = []
WARNINGS = []


def rule(name, stage, combines=False):
    def register(check):
        RULES.append(Rule(name, check, stage, combines))
        return check
    return register


def warning(name, by_default=True):
    def register(check):
        WARNINGS.append(Rule(name, check, by_default=by_default))
        return check
    return register


# Each of these adds its rules; the order here is the order of `bulkhead-config rules`.
RULE_MODULES = ("rules_board", "rules_references", "allocate", "rules_layout", "rules_links",
                "rules_stray", "rules_watchdog", "rules_limits", "rules_built", "rules_direct", "rules_linux", "rules_records", "warnings")


def load_rules():
    for name in RULE_MODULES:
        importlib.import_module(f"{__package__}.{name}")


def _broken(system, item):
    """All problems of a rule; of pairs there can be millions, so they end somewhere."""
    problems = []
    for place, text, *about in item.check(system):
        if len(problems) > MANY:
            if item.stage == ALLOCATION:
                continue	# it fills in addresses, too
            break
        if len(problems) == MANY:
            text, about = "there are more of these; correct some, and check again", ()
        if not system.hides(place, item.combines):
            problems.append(Problem(place, item.name, text, about=tuple(about)))
    return problems


def run(system, last=COMPLETE):
    """Checks a system up to a stage, and on the way fills in what its file left open."""
    load_rules()
    problems = list(system.problems)
    for stage in range(last + 1):
        if problems and stage > LAYOUT:
            break
        for item in RULES:
            if item.stage == stage:
                problems += _broken(system, item)
    if problems:
        raise ConfigError(sorted(problems))


def warnings(system, switches=()):
    """Of a system without errors. switches: NAME or no-NAME, 'all' or 'no-all'; the last one about a name counts."""
    load_rules()
    names = {item.name: item.by_default for item in WARNINGS}
    for switch in switches:
        name, wanted = switch.removeprefix("no-"), not switch.startswith("no-")
        if name != "all" and name not in names:
            raise UnknownWarning(f"there is no warning '{printable(shortened(name))}'; possible are all, "
                                 f"{', '.join(names)}, and each with 'no-' before it")
        names.update(dict.fromkeys(names if name == "all" else [name], wanted))
    return sorted(Problem(place, item.name, text, "warning", tuple(about)) for item in WARNINGS if names[item.name]
                  for place, text, *about in item.check(system))
