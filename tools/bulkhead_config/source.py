# SPDX-License-Identifier: BSD-2-Clause
"""YAML files with positions, and the errors that point at them.

A file becomes plain dicts, lists and scalars; beside it stands where each key and value was written. What cannot be
read at all is raised; what is only wrong is collected in the document, so that one run finds everything."""
import functools
import re
from dataclasses import dataclass, field, replace

import yaml

MAX_FILE_SIZE = 256 * 1024
MAX_DEPTH = 16
MAX_SHOWN = 60			# characters of a value in a message
MAX_NUMBER = 1000		# characters; Python refuses to convert some thousands
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")	# as YAML has it
OWNERS = {"cells": "cell", "links": "link", "devices": "device", "memory": "memory", "iommus": "IOMMU"}
ENTITIES = ("cells", "links")	# what stands in these can be wrong without the rest being wrong, too


def printable(text):
    """One line that a terminal takes as text, whatever a file says."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text):
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


@dataclass(frozen=True)
class Owner:
    """What a problem is about, for programs; beside the classes of model.py, which have an owner each."""
    kind: str
    name: str
    cell: str = None		# name of the cell that it belongs to

    def __str__(self):
        return f"the {self.name}" + (f" of cell '{self.cell}'" if self.cell else "")

    @property
    def owner(self):
        return self


HYPERVISOR = Owner("hypervisor", "hypervisor")


@dataclass(frozen=True, order=True)
class Place:
    """File, line and column, counted from one; and what stands there, if that is known."""
    file: str
    line: int = 1
    column: int = 1
    owner: Owner = field(default=None, compare=False)

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(order=True)
class Problem:
    """One broken rule: where, which, what is wrong and what to change."""
    place: Place
    rule: str
    text: str
    kind: str = "error"
    about: tuple = field(default=(), compare=False)		# Owner, each once; empty: what stands at the place

    @property
    def owners(self):
        found = self.about or (self.place.owner or Owner("file", self.place.file),)
        return list(dict.fromkeys(item.owner for item in found))

    def __str__(self):
        return printable(f"{self.place}: {self.kind}: {self.text} [{self.rule}]")


class ConfigError(Exception):
    def __init__(self, problems):
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


@dataclass
class Document:
    """One YAML file. Paths are tuples of keys and indices, () is the whole file."""
    file: str
    data: object = None
    keys: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    broken: set = field(default_factory=set)	# paths that do not say what the user meant

    def complain(self, place, rule, text, path):
        self.problems.append(Problem(place, rule, text))
        self.broken.add(path)

    def key(self, *path):
        """Where the key at the end of a path stands; the nearest parent if the file does not have it."""
        owner = self._owner(path)
        while path and path not in self.keys:
            path = path[:-1]
        return replace(self.keys.get(path) or self.values.get((), Place(self.file)), owner=owner)

    def value(self, *path):
        owner = self._owner(path)
        while path and path not in self.values:
            path = path[:-1]
        return replace(self.values.get(path, Place(self.file)), owner=owner)

    def _owner(self, path):
        """What a path of a system or board file belongs to."""
        data = self.data if isinstance(self.data, dict) else {}
        kind = "system" if "system" in data else "board"
        if kind == "system" and path[:1] == ("board",):
            kind, path = "board", path[1:]
            data = data.get("board") if isinstance(data.get("board"), dict) else {"board": data.get("board")}
        part, *names = [*path[:4], None, None, None, None][:4]
        if names[0] is not None:
            if part == "cells" and names[1] == "memory" and names[2] is not None:
                return Owner("memory", names[2], names[0])
            if part in OWNERS:
                return Owner(OWNERS[part], names[0])
            if part == "hypervisor":
                return HYPERVISOR
        return Owner(kind, data[kind]) if isinstance(data.get(kind), str) else None

    def name(self):
        return self.file.rsplit("/", 1)[-1]

    @property
    def ground_is_broken(self):
        """Something that all cells and links stand on is wrong: nothing more can be said about them."""
        return any(len(path) < 2 or path[0] not in ENTITIES for path in self.broken)

    @functools.cached_property
    def _broken_entities(self):
        return {path[:2] for path in self.broken}

    @functools.cached_property
    def _broken_places(self):
        """What is wrong, what is in it, and the entries that it is in."""
        places = {self.keys.get(path[:length]) for path in self.broken for length in range(2, len(path) + 1)}
        for known in (self.keys, self.values):
            places.update(place for path, place in known.items()
                          if any(path[:length] in self.broken for length in range(len(path) + 1)))
        return places

    @functools.cached_property
    def _entities(self):
        """Cell or link by place."""
        return {place: path[:2] for known in (self.values, self.keys) for path, place in known.items()}

    def is_broken(self, *path):
        """Is something wrong with this cell or link?"""
        return path[:2] in self._broken_entities

    def hides(self, place, combines):
        """Would a problem here only follow from what is wrong already? combines: it depends on all of the cell or link."""
        return place in self._broken_places or (combines and self._entities.get(place) in self._broken_entities)


class _Loader(yaml.SafeLoader):
    """Numbers are decimal or 0x, booleans true or false, everything else is text."""
    yaml_implicit_resolvers = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int",
                              re.compile(r"^(-?[1-9][0-9]*|0|0x[0-9a-fA-F]+)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


def _place(file, mark):
    return Place(file, mark.line + 1, mark.column + 1)


def _scalar(node):
    kind = node.tag.rsplit(":", 1)[-1]
    if kind == "int" and len(node.value) <= MAX_NUMBER:		# a longer one fits nowhere
        return int(node.value, 0)
    if kind == "bool":
        return node.value == "true"
    if kind == "null":
        return None
    return node.value


def _convert(document, node, path):
    document.values[path] = _place(document.file, node.start_mark)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(document, item, path + (index,)) for index, item in enumerate(node.value)]
    result = {}
    for key_node, value_node in node.value:
        key, place = key_node.value, _place(document.file, key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError([Problem(place, "yaml-syntax", "a key has to be a plain word; write it as text")])
        if key in result:
            first = document.keys[path + (key,)]
            document.complain(place, "duplicate-key", f"'{shortened(key)}' is here a second time (first in line "
                              f"{first.line}); remove or rename one of them",
                              # the first of two cells is as good as others, so what is wrong in it is told
                              path + (key, "") if len(path) == 1 else path + (key,))
            _convert(Document(document.file), value_node, ())
            continue
        document.keys[path + (key,)] = place
        result[key] = _convert(document, value_node, path + (key,))
    return result


def _refuse_what_is_not_plain(file, text):
    """An alias could repeat itself into gigabytes, and nesting costs the parser quadratic time. A tag would have no effect."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ConfigError([Problem(_place(file, event.start_mark), "yaml-syntax",
                                       "anchors and aliases are not supported; write the value out")])
        if getattr(event, "tag", None):
            raise ConfigError([Problem(_place(file, event.start_mark), "yaml-syntax",
                                       f"the tag {event.tag} is not supported; remove it")])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError([Problem(_place(file, event.start_mark), "yaml-syntax",
                                       f"nested more than {MAX_DEPTH} levels deep; flatten it")])


def _place_of_character(file, text, index):
    lines = LINE_BREAK.split(text[:index])
    return Place(file, len(lines), len(lines[-1]) + 1)


def _syntax_error(file, text, error):
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, yaml.reader.ReaderError):
        place = _place_of_character(file, text, error.position)
    else:
        place = _place(file, mark) if mark else Place(file)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    return ConfigError([Problem(place, "yaml-syntax", f"not YAML: {what}; correct the syntax here")])


def _read_text(file):
    try:
        with open(file, "rb") as stream:
            content = stream.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        raise ConfigError([Problem(Place(file), "file", f"cannot be read: {error.strerror}; "
                                   "correct its name or permissions")]) from None
    if len(content) > MAX_FILE_SIZE:
        raise ConfigError([Problem(Place(file), "file", f"has more than {MAX_FILE_SIZE} bytes; "
                                   "is it the right file?")])
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(Place(file), "yaml-syntax", f"byte {error.start} is not UTF-8 text; "
                                   "a YAML file is expected here")]) from None


def load(file):
    return parse(str(file), _read_text(str(file)))


def parse(file, text):
    """A document of a text that is called like a file."""
    document = Document(file)
    try:
        _refuse_what_is_not_plain(file, text)
        node = yaml.compose(text, Loader=_Loader)
        if node is not None:
            document.data = _convert(document, node, ())
    except yaml.YAMLError as error:
        raise _syntax_error(file, text, error) from None
    return document
