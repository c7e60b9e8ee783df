#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How many instructions each lock is held for at most, from the machine code of the hypervisor.

usage: lockbound.py [--docs FILE] [--paths] OBJDUMP ELF BOUNDS CALLS

For each call of spin_lock() the longest path to the spin_unlock() that ends it, with everything that is called on it. A call
of a lock under a lock counts as if the lock were free: the wait is the other lock's hold. BOUNDS has, a line each:

    lock NAME: function...      whose spin_lock() calls take that lock (shell patterns)
    loop function: N            each loop of the function goes round N times at most, for each time it is entered
    never function...           ends the path: does not return
    swap function...            called with the lock held, unlocks and locks it again: one hold ends, another one begins
    apart function...           not counted

CALLS are the targets of indirect calls, as for stackbound.py. It is an error if a loop has no bound, a call of spin_lock()
belongs to no lock, a name stands twice for the same, or no function has it. With --docs, the table of that file is compared:
no figure may be exceeded, or be more than twice what it has to be. With --partial, what is not there is fine, and figures may
be as small as they are. Exit status 1 on any error.
"""
import argparse
import fnmatch
import re
import subprocess
import sys

from stackbound import absent, read_indirect

FUNCTION = re.compile(r"^([0-9a-f]+) <(\S+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
TARGET = re.compile(r"([0-9a-f]+) <([^>+]+)(?:\+0x[0-9a-f]+)?>")
ROW = re.compile(r"^\| `?([\w. ]+?)`? \| ([\d,]+) \|")
LOCKS, UNLOCK = ("spin_lock", "spin_lock_ordered"), "spin_unlock"
CONDITIONAL = ("cbz", "cbnz", "tbz", "tbnz")


class Problem(Exception):
    """What has no bound, or is not understood."""


def read_code(objdump, elf):
    """function -> [(address, operation, operands)]"""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", elf], capture_output=True, text=True, check=True).stdout
    functions, current = {}, None
    for line in text.splitlines():
        match = FUNCTION.match(line)
        if match:
            current = functions.setdefault(match.group(2), [])
            continue
        match = INSTRUCTION.match(line)
        if match and current is not None:
            current.append((int(match.group(1), 16), match.group(2), match.group(3)))
    return functions


def read_symbols(objdump, elf):
    """All names of functions, of which the disassembly has one for each address."""
    text = subprocess.run([objdump, "-t", elf], capture_output=True, text=True, check=True).stdout
    return {match.group(1) for match in re.finditer(r"^[0-9a-f]+ .{6}F \S+\t.*?(\S+)$", text, re.M)}


def read_bounds(path):
    """(lock -> patterns, function -> iterations, kind -> functions, problems)"""
    locks, loops, kinds, said = {}, {}, {"never": set(), "swap": set(), "apart": set()}, []
    with open(path, encoding="ascii") as file:
        for line in filter(None, (line.split("#", 1)[0].strip() for line in file)):
            kind, _, rest = line.partition(" ")
            name, _, value = rest.partition(":")
            if kind == "lock":
                locks[name] = value.split()
                said += [f"lock {name}", *(f"{name}: {pattern}" for pattern in locks[name])]
            elif kind == "loop":
                loops[name] = int(value)
                said.append(f"loop {name}")
            elif kind in kinds:
                kinds[kind].update(name.split())
                said += [f"{kind} {function}" for function in name.split()]
            else:
                raise Problem(f"{path}: {line}")
    return locks, loops, kinds, [f"{path}: {words}: is there twice" for words in sorted(set(said)) if said.count(words) > 1]


def components(nodes, successors):
    """Strongly connected components, each behind all that it leads to (Tarjan, without recursion)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in sorted(nodes):
        if root in index:
            continue
        work = [(root, iter(successors(root)))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            for after in rest:
                if after not in index:
                    index[after] = low[after] = len(index)
                    stack.append(after)
                    on_stack.add(after)
                    work.append((after, iter(successors(after))))
                    break
                if after in on_stack:
                    low[node] = min(low[node], index[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while node not in component:
                        component.add(stack.pop())
                    on_stack -= component
                    found.append(component)
    return found


class Code:
    def __init__(self, functions, loops, kinds, indirect):
        self.functions, self.loops, self.kinds, self.indirect = functions, loops, kinds, indirect
        self.known = {name: len(functions[name]) for name in (*LOCKS, UNLOCK)}		# when the lock is free

    def callees(self, function):
        names = [name for pattern in self.indirect.get(self.plain(function), ())
                 for name in fnmatch.filter(self.functions, pattern)]
        if not names:
            raise Problem(f"{function}: an indirect call with unknown targets")
        return names

    @staticmethod
    def plain(function):
        """The source's name of a part or a copy that the compiler made."""
        return function.split(".", 1)[0]

    def cost(self, names, stack):
        return max(self.bound(name, stack) for name in names)

    def bound(self, function, stack=()):
        """Instructions of one call at most."""
        if function in stack:
            raise Problem("recursion: " + " > ".join((*stack, function)))
        if self.plain(function) in self.kinds["apart"] and stack:
            return 0
        if function not in self.known:
            first = self.functions[function][0][0]
            self.known[function] = self.longest(function, (first, 0), (*stack, function), region=False)
        return self.known[function]

    def longest(self, function, start, stack, region):
        """From a node (address, locks held) to a return, or to the end of the region, where no lock is held."""
        code = {address: (operation, operands) for address, operation, operands in self.functions[function]}
        order = sorted(code)
        following = dict(zip(order, order[1:]))
        after, weight, todo = {}, {}, [start]
        while todo:
            node = todo.pop()
            if node in after:
                continue
            address, held = node
            operation, operands = code[address]
            weight[node], after[node] = 1, []
            places = [following[address]] if address in following else []
            target = TARGET.search(operands)
            name = target.group(2) if target else None
            if operation in ("ret", "eret"):
                places = []
            elif operation == "br":		# a table of jumps, or a tail call
                inside = [b for a, b in following.items() if code[a][0] in ("b", "ret", "br")]
                if self.plain(function) in self.indirect:
                    weight[node] += self.cost(self.callees(function), stack)
                    places = []
                else:
                    places = inside
            elif operation == "blr":
                weight[node] += self.cost(self.callees(function), stack)
            elif operation == "bl" or (operation == "b" and int(target.group(1), 16) not in code):
                if region and name == UNLOCK:
                    held -= 1
                elif region and name in LOCKS:
                    held += 1
                if name in self.kinds["never"] or region and self.plain(name) in self.kinds["swap"]:
                    places = []
                else:
                    weight[node] += self.bound(name, stack)
                if operation == "b" or held == 0 and region:
                    places = []
            elif operation == "b":
                places = [int(target.group(1), 16)]
            elif operation.startswith("b.") or operation in CONDITIONAL:
                place = int(target.group(1), 16)
                if place in code:
                    places.append(place)
                else:
                    weight[node] += self.bound(name, stack)
            after[node] = [(place, held) for place in places]
            todo += after[node]
        return self.path(function, set(after), start, None, after, weight)

    def is_atomic(self, function, part):
        """An atomic operation, which is repeated if somebody else was faster."""
        places = {address for address, _ in part}
        return len(part) <= 8 and any(address in places and operation.startswith("st") and "xr" in operation
                                      for address, operation, _ in self.functions[function])

    def path(self, function, nodes, entry, cut, after, weight):
        def successors(node):
            return [other for other in after[node] if other in nodes and other != cut]
        parts = components(nodes, successors)
        part_of = {node: number for number, part in enumerate(parts) for node in part}
        value = {}
        for number, part in enumerate(parts):
            rest = max((value[part_of[other]] for node in part for other in successors(node)
                        if part_of[other] != number), default=0)
            node = next(iter(part))
            if len(part) == 1 and node not in successors(node):
                value[number] = weight[node] + rest
                continue
            heads = {other for node in nodes - part for other in successors(node) if other in part} | ({entry} & part)
            times = 0 if self.is_atomic(function, part) else self.loops.get(self.plain(function))
            if times is None:
                raise Problem(f"{function}: a loop at {min(part)[0]:#x} without a bound")
            value[number] = rest + (times + 1) * max(self.path(function, part, head, head, after, weight) for head in heads)
        return value[part_of[entry]]

    def regions(self):
        """(function, instructions) of each call of spin_lock(), or of what comes to the same"""
        for function in self.functions:
            yield from self.regions_of(function)

    def regions_of(self, function):
        code = self.functions[function]
        order = [address for address, _, _ in code]
        for address, operation, operands in code:
            target = TARGET.search(operands)
            if operation != "bl" or not target:
                continue
            swaps = self.plain(target.group(2)) in self.kinds["swap"]
            if target.group(2) in LOCKS or swaps:
                start = (order[order.index(address) + 1], 1)
                held = self.longest(function, start, (function,), region=True)
                if swaps:
                    held += max(held for _, held in self.regions_of(target.group(2)))
                yield function, held


def read_docs(path):
    """lock -> figure, of the table below the line that says so"""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    part = text.split("<!-- holds: begin -->")[1].split("<!-- holds: end -->")[0]
    return {match.group(1): int(match.group(2).replace(",", "")) for match in map(ROW.match, part.splitlines()) if match}


def compare(docs, holds, partial):
    """What is wrong with the table of a document."""
    stated = read_docs(docs)
    for name in sorted(set(holds) - set(stated) if partial else set(stated) ^ set(holds)):
        yield f"{docs}: the table and the locks differ in {name}"
    for name in set(stated) & set(holds):
        if holds[name][0] > stated[name] or (not partial and stated[name] > 2 * holds[name][0]):
            yield f"{docs}: {name} is held for {holds[name][0]:,} instructions, the table says {stated[name]:,}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs")
    parser.add_argument("--partial", action="store_true", help="features are left out: what is not there needs no lock and no time")
    parser.add_argument("--paths", action="store_true", help="each call of spin_lock()")
    for name in "objdump", "elf", "bounds", "calls":
        parser.add_argument(name)
    args = parser.parse_args()
    problems, holds = [], {}
    try:
        locks, loops, kinds, problems = read_bounds(args.bounds)
        indirect, twice = read_indirect(args.calls)
        code = Code(read_code(args.objdump, args.elf), loops, kinds, indirect)
        problems += twice
        if not args.partial:
            known = read_symbols(args.objdump, args.elf) | set(code.functions)
            problems += absent(args.bounds, [name for names in (*locks.values(), loops, *kinds.values()) for name in names], known)
            problems += absent(args.calls, [name for caller, targets in indirect.items() for name in (caller, *targets)], known)
        for function, instructions in code.regions():
            names = [name for name, patterns in locks.items()
                     if any(fnmatch.fnmatch(code.plain(function), pattern) for pattern in patterns)]
            if not names:
                problems.append(f"{function} takes a lock that the table does not have")
            for name in names:
                holds[name] = max(holds.get(name, (0, "")), (instructions, function))
            if args.paths:
                print(f"{instructions:>9,}  {function}: {', '.join(names)}")
        problems += [f"nobody takes the lock \"{name}\"" for name in locks if name not in holds and not args.partial]
    except Problem as problem:
        problems.append(str(problem))
    for name, (instructions, function) in holds.items():
        print(f"{name}: {instructions:,} instructions, in {function}")
    if args.docs and not problems:
        problems += compare(args.docs, holds, args.partial)
    for problem in problems:
        print(f"lockbound: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
