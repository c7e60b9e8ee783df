#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Do the tests of import notice planted bugs?

    tests/config/import_mutants.py [--sample N] [--seed N] [--only WORD]

Changes one thing at a time in the files of import: comparisons, boolean and arithmetic operators, numbers, conditions, statements
that are left out. For each such mutant the tests of import run in a process of their own, until one fails. Import finds most of
its own mistakes, and refuses then, or writes the low-level form: that these count as failures is up to the tests. Prints those
that survive; exit status 1 if there are any."""
import argparse
import ast

import importlib.abc
import importlib.util
import os
import random
import re
import signal
import sys
from pathlib import Path

import hypothesis		# noqa: F401	loaded once, for all mutants
import jsonschema		# noqa: F401
import pytest
import yaml		# noqa: F401

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[1] / "tools/bulkhead_config"
FILES = ("importer", "import_links", "import_tree", "equivalence")
TESTS = [str(HERE / name) for name in ("test_import_text.py", "test_import.py")]
# not what runs the command in another process, or is random; what takes long only for those that survive the others
QUICK = "not command and not generated and not any_byte and not more_devices and not more_pieces"
SLOW = "more_devices or more_pieces"
SECONDS = 600

COMPARE = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
           ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mult: ast.Add,
          ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.Mod: ast.Add, ast.FloorDiv: ast.Mult}
# By their source: no input makes a difference
EQUIVALENT = {"import_links.py: bool: True": "the default of a field that is always given",
              "importer.py: condition True: paths[0] if paths else ()": "each problem has a place of the text"}


def changes(node):
    """[(what, function that changes a copy of the node in place or returns another one)]"""
    found = []
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        def compare(item):
            item.ops[0] = COMPARE[type(item.ops[0])]()
        found.append(("comparison", compare))
    if isinstance(node, ast.BoolOp):
        def boolean(item):
            item.op = ast.Or() if isinstance(item.op, ast.And) else ast.And()
        found.append(("and/or", boolean))
        for index in range(len(node.values)):
            def without(item, index=index):
                del item.values[index]
                return item.values[0] if len(item.values) == 1 else item
            found.append((f"without part {index}", without))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        found.append(("without not", lambda item: item.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        def arithmetic(item):
            item.op = BINARY[type(item.op)]()
        found.append(("operator", arithmetic))
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        found.append(("bool", lambda item: ast.Constant(not item.value)))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        found.append(("number", lambda item: ast.Constant(item.value + 1)))
    if isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            def condition(item, value=value):
                item.test = ast.Constant(value)
            found.append((f"condition {value}", condition))
    if isinstance(node, ast.AugAssign) or isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        found.append(("left out", lambda item: ast.Pass()))
    return found


class _Replace(ast.NodeTransformer):
    """Applies one change at the node of that number, in the order of ast.walk()."""

    def __init__(self, target, change):
        self.target, self.change = target, change

    def visit(self, node):
        if node is not self.target:
            return self.generic_visit(node)
        return ast.copy_location(self.change(node) or node, node)


def mutants():
    """(name, module, code)"""
    for name in FILES:
        source = (TOOLS / f"{name}.py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        for number, node in enumerate(ast.walk(tree)):
            for what, change in changes(node):
                def make(number=number, change=change, source=source):
                    copied = ast.parse(source)
                    target = list(ast.walk(copied))[number]
                    return ast.unparse(ast.fix_missing_locations(_Replace(target, change).visit(copied)))
                line = ast.get_source_segment(source, node) or ""
                yield f"{name}.py:{node.lineno}: {what}: {' '.join(line.split())[:70]}", name, make


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant for the module."""

    def __init__(self, module, code):
        self.name, self.code = f"bulkhead_config.{module}", code

    def find_spec(self, fullname, path, target=None):
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module):
        module.__package__ = "bulkhead_config"
        exec(compile(self.code, f"mutant of {self.name}", "exec"), module.__dict__)		# pylint: disable=exec-used


def survives(module, code, tests):
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        signal.alarm(SECONDS)		# an endless loop is found, too
        if module:
            sys.meta_path.insert(0, _Planted(module, code))
        os._exit(0 if pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-k", tests, *TESTS]) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=0, help="that many, chosen by --seed, instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    chosen = [item for item in mutants() if arguments.only in item[0]]
    if arguments.sample:
        chosen = random.Random(arguments.seed).sample(chosen, min(arguments.sample, len(chosen)))
    chosen = [item for item in chosen if re.sub(r":\d+:", ":", item[0], count=1) not in EQUIVALENT]
    if not survives(None, "", QUICK):
        sys.exit("the tests fail without any change; correct that first")
    alive = []
    for number, (name, module, make) in enumerate(chosen, 1):
        if survives(module, make(), QUICK) and survives(module, make(), SLOW):
            alive.append(name)
            print(name, flush=True)
        if number % 25 == 0:
            print(f"... {number} of {len(chosen)}, {len(alive)} survive", file=sys.stderr, flush=True)
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutants found, {len(alive)} survive")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
