# SPDX-License-Identifier: BSD-2-Clause
"""A set of binary configurations as a system file. It is written in the words of such a file first; whatever the rules of
the compiler refuse then, or does not come out with the same meaning, is written in the low-level form instead. So what is
returned always builds equivalent binaries, or there is an error that names the record."""
from dataclasses import dataclass, field
from functools import cached_property

from . import binary, emit, equivalence, findings, import_tree, model, registry, yaml_text
from .show import text
from .source import ConfigError, parse

NOT_RAM = ("memory-not-ram", "hypervisor-memory-not-ram")
NAME_ON_ERROR = "(imported)"


class ImportFailure(Exception):
    """One line: file, record, what is wrong."""


@dataclass
class Source:
    """One file."""
    file: str
    binary: binary.Binary
    key: str				# name of the cell in the system file

    @property
    def root(self):
        return self.binary.system is not None

    @property
    def cell(self):
        return self.binary.cell

    @property
    def regions(self):
        return self.binary.arrays["memory_regions"]

    @cached_property
    def pins(self):
        """INTIDs of all irqchips."""
        return [pin for chip in self.binary.arrays["irqchips"] for pin in findings.pins(chip)]


@dataclass
class Plan:
    """What is written in the low-level form. It only grows."""
    done: set = field(default_factory=set)

    def add(self, actions):
        new = set(actions) - self.done
        self.done |= new
        return bool(new)

    def __contains__(self, action):
        return action in self.done


def _key(name, taken):
    """A name for the system file: that of the cell, if that is possible there."""
    key = "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "-" for char in text(name))[:31]
    key = key if key[:1].isalpha() else f"cell-{key}"[:31]
    number, base = 2, key
    while key in taken:
        key, number = f"{base[:27]}-{number}", number + 1
    return key


def _refuse_errors(file, parsed):
    for item in findings.find(parsed):
        if item.severity == findings.ERROR:
            raise ImportFailure(f"{file}: {item.record}: {item.rule}: {item.text}")


def _sources(files):
    """files: [(name, content)]"""
    sources, cells = {}, {}
    for file, content in files:
        try:
            parsed = binary.parse(content)
        except binary.BinaryError as error:
            raise ImportFailure(f"{file}: {error}") from None
        _refuse_errors(file, parsed)		# too large is one of them
        if bool(parsed.system) == bool(sources):
            what = "only one system configuration can be imported" if sources else "the system configuration comes first"
            raise ImportFailure(f"{file}: {what}; give one system configuration, then those of cells")
        if parsed.cell.name in cells:
            raise ImportFailure(f"{file}: header: its cell is called '{text(parsed.cell.name)}' like that of "
                                f"{cells[parsed.cell.name]}; leave one of them out")
        cells[parsed.cell.name] = file
        key = _key(parsed.cell.name, sources)
        sources[key] = Source(file, parsed, key)
    return sources


def _paths_of(document, place):
    """Paths that a place belongs to, the longest first: a mapping begins where its first key does."""
    return sorted((path for table in (document.keys, document.values) for path, where in table.items() if where == place),
                  key=len, reverse=True)


def _origin(tree, paths):
    """What the record at the longest path comes from, or the nearest above it."""
    path = paths[0] if paths else ()
    while path and path not in tree.origins:
        path = path[:-1]
    return tree.origins.get(path) or import_tree.Origin("the set")


def _actions(tree, document, problem):
    paths = _paths_of(document, problem.place)
    known = [tree.origins[path] for path in paths if path in tree.origins] + [_origin(tree, paths)]
    return [action for origin in known for action in origin.actions]


def _low_level(document, problems, tree, plan):
    """Takes what is refused into the plan; False if there is nothing left to take."""
    if any(problem.rule in NOT_RAM for problem in problems) and plan.add([("root", "memory")]):
        return True		# the board then has more memory than the root cell
    return plan.add([action for problem in problems for action in _actions(tree, document, problem)])


def _differences(system, sources, distributor):
    """[(key of a cell, name of a record)] that does not come out with the same meaning."""
    files = emit.compile_system(system)
    found = []
    for key, source in sources.items():
        built = binary.parse(files[model_file(system, key)])
        found += [(key, record) for record in equivalence.differences(source.binary, built, distributor)]
    return found


def model_file(system, key):
    return emit.system_file(system) if system.cell(key).root else f"{key}.cell"


def _attempt(sources, plan):
    """(text, tree, problems): problems are those of the rules, or [] and differences."""
    tree = import_tree.make(sources, plan)
    content = yaml_text.write(tree.data, tree.heading, tree.comments)
    document = parse(NAME_ON_ERROR, content)
    try:
        system = model.make_system(document)
        registry.run(system)
    except ConfigError as error:
        return content, tree, document, error.problems, []
    root = next(iter(sources.values())).binary.system
    return content, tree, document, [], _differences(system, sources, root.arch.arm.gicd_base)


def import_files(files):
    """files: [(name, content)], the system configuration first. Returns the text of a system file."""
    sources = _sources(files)
    plan = Plan()
    while True:
        content, tree, document, problems, different = _attempt(sources, plan)
        if problems and not _low_level(document, problems, tree, plan):
            origin = _origin(tree, _paths_of(document, problems[0].place))
            raise ImportFailure(f"{origin.label}: {problems[0].rule}: {problems[0].text}")
        if different and not plan.add([("cell", key) for key, _ in different]):
            key, record = different[0]
            raise ImportFailure(f"{sources[key].file}: {record}: cannot be written in a system file; change it before the "
                                "import")
        if not problems and not different:
            return content
