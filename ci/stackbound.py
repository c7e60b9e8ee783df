#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Worst-case stack depth of the hypervisor, from the call graph that gcc writes (-fcallgraph-info=su,da).

usage: stackbound.py [--image ELF] --limit BYTES --calls FILE --root NAME [--root NAME...] GRAPH.ci...

A walk over the graph from each root adds up frames. It is an error if a path is deeper than the limit, if there is
recursion, a frame of variable size, a call to something without a known frame, or an indirect call whose
possible targets FILE does not list. FILE has lines `caller: target target...`; a target may be a shell pattern. A name that
is there twice is an error, and without --partial one that no function of the image has.
Functions that are the same for the compiler have one frame under one of their names: the symbols of --image, at one address,
tell what it is called elsewhere. Prints the deepest path of each root; exit status 1 on any error.
"""
import argparse
import fnmatch
import re
import sys

from elftools.elf.elffile import ELFFile

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
FRAME = re.compile(r"(\d+) bytes \(([a-z,]+)\)")
INDIRECT = "__indirect_call"


def function_name(title):
    """Static functions are titled file:function."""
    return title.rsplit(":", 1)[-1]


def read_graphs(paths):
    frames, calls, problems = {}, {}, []
    for path in paths:
        with open(path, encoding="ascii") as file:
            text = file.read()
        for title, label in NODE.findall(text):
            frame = FRAME.search(label)
            name = function_name(title)
            if not frame:
                continue
            if frame.group(2) != "static":
                problems.append(f"{name}: frame of variable size ({frame.group(2)})")
            # two static functions of one name: the larger frame stands for both
            frames[name] = max(frames.get(name, 0), int(frame.group(1)))
        for source, target in EDGE.findall(text):
            calls.setdefault(function_name(source), set()).add(function_name(target))
    return frames, calls, problems


def read_indirect(path):
    """(caller -> patterns of targets, problems)"""
    table, problems = {}, []
    with open(path, encoding="ascii") as file:
        for line in filter(None, (line.split("#", 1)[0].strip() for line in file)):
            caller, targets = (part.strip() for part in line.split(":", 1))
            targets = targets.split()
            if caller in table:
                problems.append(f"{path}: {caller}: is there twice")
            problems += [f"{path}: {caller}: {target}: is there twice" for target in sorted(set(targets)) if targets.count(target) > 1]
            table[caller] = targets
    return table, problems


def absent(path, patterns, known):
    """Names in a file that no function has, or a copy of one that the compiler made."""
    plain = {name.split(".", 1)[0] for name in known}
    return [f"{path}: no function matches {pattern}" for pattern in sorted(set(patterns)) if not fnmatch.filter(plain, pattern)]


def read_same(path):
    """name -> all names of the same function"""
    found = {}
    with open(path, "rb") as file:
        for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols():
            if symbol["st_info"]["type"] == "STT_FUNC":
                found.setdefault(symbol["st_value"], []).append(symbol.name)
    return {name: names for names in found.values() for name in names}


def add_names(frames, calls, same):
    """Whoever is called by another name has the frame, and the calls, of the one that the graph has."""
    unknown = {callee for callees in calls.values() for callee in callees if callee not in frames}
    for name in unknown & set(same):
        known = [other for other in same[name] if other in frames]
        if known:
            frames[name] = max(frames[other] for other in known)
            calls[name] = set().union(*(calls.get(other, ()) for other in known))


def resolve(calls, frames, indirect, partial):
    problems = []
    for caller, targets in calls.items():
        if INDIRECT not in targets:
            continue
        targets.discard(INDIRECT)
        source = caller.split(".", 1)[0]	# of a copy that the compiler made
        if source not in indirect:
            problems.append(f"{caller}: indirect call with unknown targets; list them")
        for pattern in indirect.get(source, []):
            found = fnmatch.filter(frames, pattern)
            if not found and not partial:
                problems.append(f"{caller}: no function matches its indirect target {pattern}")
            targets.update(found)
    return problems


def deepest(root, frames, calls):
    """(bytes, path) by a post-order walk; recursion and unknown functions are problems."""
    done, problems = {}, []
    stack = [(root, [root], iter(sorted(calls.get(root, ()))))]
    best = {root: (0, [])}
    while stack:
        name, path, rest = stack[-1]
        callee = next(rest, None)
        if callee is None:
            stack.pop()
            depth, below = best.pop(name)
            done[name] = (frames[name] + depth, [name] + below)
            if stack and done[name] > best[stack[-1][0]]:
                best[stack[-1][0]] = done[name]
        elif callee in path:
            problems.append("recursion: " + " > ".join(path[path.index(callee):] + [callee]))
        elif callee in done:
            best[name] = max(best[name], done[callee])
        elif callee not in frames:
            problems.append(f"{name}: calls {callee}, whose frame is unknown")
        else:
            best[callee] = (0, [])
            stack.append((callee, path + [callee], iter(sorted(calls.get(callee, ())))))
    return done[root], problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, required=True)
    parser.add_argument("--image")
    parser.add_argument("--calls", required=True)
    parser.add_argument("--root", action="append", required=True)
    parser.add_argument("--leaf", action="append", default=[], metavar="NAME=BYTES", help="functions in assembly")
    parser.add_argument("--partial", action="store_true", help="features are left out: targets in FILE may not exist")
    parser.add_argument("graphs", nargs="+")
    args = parser.parse_args()

    frames, calls, problems = read_graphs(args.graphs)
    for leaf in args.leaf:
        name, size = leaf.split("=")
        frames[name] = int(size)
    indirect, twice = read_indirect(args.calls)
    problems += twice
    if args.image:
        same = read_same(args.image)
        add_names(frames, calls, same)
        problems += [] if args.partial else absent(args.calls, indirect, same)
    problems += resolve(calls, frames, indirect, args.partial)
    for root in args.root:
        if root not in frames:
            problems.append(f"root {root} does not exist")
            continue
        (depth, path), found = deepest(root, frames, calls)
        problems += found
        print(f"{root}: {depth} bytes: " + " > ".join(f"{name}({frames[name]})" for name in path))
        if depth > args.limit:
            problems.append(f"{root}: {depth} bytes of stack, the limit is {args.limit}")
    for problem in sorted(set(problems)):
        print(f"stackbound: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
