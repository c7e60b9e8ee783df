#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where texts that ci/assembler/as packs may get to: only to formats and %pT, which take them apart.

textcheck.py [--plain FILE.c]... COMMAND... -- FILE.c...: COMMAND preprocesses. Literals of --plain files are never packed.

Of each source it takes what a literal that would be packed is passed, assigned, initialised or returned to, and where that goes in
turn, by names: of parameters and variables in their functions, of fields, and of functions. It is an error if it gets to %s, to
a function that is not of the tree, or is looked into. Names stand for all that is called so: it may complain too often, not too seldom.
"""
import importlib.machinery
import importlib.util
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

LOADER = importlib.machinery.SourceFileLoader("assembler", str(Path(__file__).parent / "assembler/as"))
assembler = importlib.util.module_from_spec(importlib.util.spec_from_loader("assembler", LOADER))
LOADER.exec_module(assembler)

UNPACKS = {"next_char"}	# hypervisor/core/format.c
NOT_CALLS = {"if", "while", "for", "switch", "return", "sizeof", "_Alignof", "__attribute__", "__asm__", "asm", "volatile",
             "_Static_assert"}
NO_TEXT = {"__attribute__", "__asm__", "asm", "volatile", "_Static_assert"}
TOKEN = re.compile(r"""
    ^\#\ (?P<line>\d+)\ "(?P<file>[^"]*)".*$
  | (?P<space>\s+|^\#.*$)
  | (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<char>'(?:[^'\\]|\\.)*')
  | (?P<word>[A-Za-z_]\w*)
  | (?P<other>->|\+\+|--|<<=|>>=|[-+*/%&|^=!<>]=|&&|\|\||<<|>>|[0-9][\w.]*|.)
""", re.M | re.X)
CONVERSION = re.compile(r"%(?:%|[-0]*\d*(?:p[A-Z]|(?:hh|h|ll|l|z)?[a-z]))")
OPENING = {")": "(", "]": "[", "}": "{"}


class Token:
    def __init__(self, kind, text, place):
        self.kind, self.text, self.place = kind, text, place


def tokens_of(source):
    found, file, line = [], "", 1
    for match in TOKEN.finditer(source):
        kind, text = match.lastgroup, match.group()
        if kind == "file":
            file, line = match.group("file"), int(match.group("line")) - 1
        elif kind != "space":
            if kind == "text" and found and found[-1].kind == "text":
                found[-1].text = found[-1].text[:-1] + text[1:]
            else:
                found.append(Token(kind, text, (file, line)))
        line += text.count("\n")
    return found


def is_packed(literal):
    text = literal[1:-1]
    return " " in text and len(re.sub(r"\\.", "x", text)) >= assembler.LEAST


class Source:
    """One file: what is declared in it, and where texts of it go."""

    def __init__(self, check, tokens):
        self.check, self.tokens = check, tokens
        self.match = self._brackets()
        self.function = self._functions()

    def _brackets(self):
        match, stack = {}, []
        for at, token in enumerate(self.tokens):
            if token.kind == "other" and token.text in "([{":
                stack.append(at)
            elif token.kind == "other" and token.text in ")]}":
                start = stack.pop()
                match[at], match[start] = start, at
        return match

    def text(self, at):
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def arguments(self, start):
        """(first, end) of tokens of each argument in the bracket at start"""
        found, at, end = [[start + 1, 0]], start + 1, self.match[start]
        while at < end:
            if self.text(at) in ("(", "[", "{"):
                at = self.match[at]
            elif self.text(at) == ",":
                found[-1][1] = at
                found.append([at + 1, 0])
            at += 1
        found[-1][1] = end
        return found

    def _functions(self):
        """Token -> name of the function it is in. Notes what functions take and return."""
        inside, at, start = [""] * len(self.tokens), 0, 0
        while at < len(self.tokens):
            text = self.text(at)
            if text in ("(", "["):
                at = self.match[at]
            elif text == ";":
                self._note_function(start, at)
                start = at + 1
            elif text == "{":
                end, name = self.match[at], self._note_function(start, at)
                if name:
                    inside[start:end] = [name] * (end - start)
                    start = end + 1
                at = end
            at += 1
        return inside

    def _note_function(self, start, end):
        at = start
        while at < end and (self.text(at) != "(" or self.text(at - 1) in NOT_CALLS):
            if self.text(at) in ("=", "{"):
                return None
            at = self.match[at] if self.text(at) in ("(", "[", "{") else at
            at += 1
        if at >= end or self.tokens[at - 1].kind != "word":
            return None
        name, check = self.text(at - 1), self.check
        if self.text(at - 2) == "*" and "char" in (self.text(at - 3), self.text(at - 4)):
            check.pointers.add(("()", name))
        parameters = []
        for first, last in self.arguments(at):
            words = [t.text for t in self.tokens[first:last] if t.kind == "word"]
            parameters.append((words[-1] if words else "", "char" in words and "*" in [t.text for t in self.tokens[first:last]]))
        rest = " ".join(t.text for t in self.tokens[at:end])
        form = re.search(r"format \( (?:__)?printf(?:__)? , (\d+) , (\d+) \)", rest)
        if form:
            check.formats[name] = int(form.group(1)) - 1, int(form.group(2)) - 1
        if self.text(end) == "{":
            check.parameters[name] = [parameter for parameter, _ in parameters]
            check.pointers.update((name, parameter) for parameter, is_text in parameters if is_text)
        return name if self.text(end) == "{" else None

    def declarations(self):
        """char pointers: of fields, of functions and of the file"""
        for at, token in enumerate(self.tokens):
            if token.text != "char" or self.text(at + 1) not in ("*", "const"):
                continue
            at += 1
            while True:
                while self.text(at) in ("*", "const", "volatile"):
                    at += 1
                if self.tokens[at].kind != "word":
                    break
                name = self.text(at)
                key = self.scope(at), name
                self.check.pointers.add(key)
                if self.text(at + 1) == "[":
                    self.check.tables.add(key)
                while self.text(at) not in (",", ";", ")", "}", ""):
                    at = self.match[at] + 1 if self.text(at) in ("(", "[", "{") else at + 1
                if self.text(at) != "," or self.text(at + 1) != "*":
                    break
                at += 1

    def scope(self, at):
        """Of a declaration: "." for a field"""
        function = self.function[at]
        back = at
        while back >= 0 and self.text(back) != "{":
            back = self.match[back] - 1 if self.text(back) in (")", "]", "}") else back - 1
        if back > 0 and "struct" in (self.text(back - 1), self.text(back - 2)) or self.text(back - 1) == "union":
            return "."
        return function

    def key(self, at):
        name = self.text(at)
        if self.text(at - 1) in (".", "->"):
            key = ".", name
        elif self.text(at + 1) == "(":
            key = "()", name
        else:
            key = next((key for key in ((self.function[at], name), ("", name)) if key in self.check.pointers), None)
        return key if key in self.check.pointers else None

    def flows(self):
        for at, token in enumerate(self.tokens):
            if token.kind == "text" and is_packed(token.text) and not self.check.is_plain(token.place[0]):
                self.destination(at, ("literal", token.text[:50], *token.place))
            elif token.kind == "word" and self.function[at] and self.key(at):
                key, after = self.key(at), at + 1
                if self.text(after) == "(":
                    after = self.match[after] + 1
                if key in self.check.tables and self.text(after) == "[":
                    after = self.match[after] + 1
                looks = self.text(after) in ("[", "++") or self.is_read(at, key)
                if looks and self.text(after) != "=" and not self.declares(at) and self.function[at] not in UNPACKS:
                    self.check.sinks[key].append((token.place, "is looked into"))
                if self.text(after) not in ("?", "==", "!=", "&&", "||", ".", "->", "=") and self.text(at - 1) != "!":
                    self.destination(at, key)

    def is_read(self, at, key):
        """*text, *p->text, *(text + n), ++text"""
        while self.text(at - 1) in (".", "->"):
            at -= 2
            while self.text(at) in (")", "]"):
                at = self.match[at] - 1
        if self.text(at - 1) == "++":
            return True
        if self.text(at - 1) == "(" and self.text(at - 2) == "*":
            at -= 1
        return self.text(at - 1) == "*" and key not in self.check.tables and (
            self.tokens[at - 2].kind == "other" or self.text(at - 2) == "return")

    def declares(self, at):
        at -= 1
        while self.text(at) in ("*", "const", "volatile"):
            at -= 1
        return self.text(at) == "char"

    def destination(self, at, source):
        number, here = 0, at
        at -= 1
        while at >= 0:
            text = self.text(at)
            if text in (")", "]") or text == "}" and self.text(at + 1) in (",", "}", ")", ";"):
                at = self.match[at]
            elif text in (";", "}"):
                return
            elif text == ",":
                number += 1
            elif text == "return":
                self.check.flows[source].append(("()", self.function[at]))
                return
            elif text == "[":
                return
            elif text == "(":
                if self.text(at - 1) in NO_TEXT or self.text(at - 1) in ("if", "while", "for", "switch", "sizeof"):
                    return
                if self.tokens[at - 1].kind == "word" and self.text(at - 1) != "return":
                    self.passed(source, at, number, here)
                    return
                number = 0
            elif text == "{":
                if self.text(at - 1) not in ("=", ")", "{", ",", "]"):
                    return
                number = 0
            elif text == "=":
                target = at - 1
                if self.text(target) == "]" and self.text(self.match[target] - 1) in ("{", ","):
                    at = self.match[target]		# a designator
                else:
                    while self.text(target) == "]":
                        target = self.match[target] - 1
                    self.assigned(source, target, here)
                    return
            at -= 1

    def assigned(self, source, target, here):
        key = self.key(target)
        if key:
            self.check.flows[source].append(key)
        elif source[0] == "literal":
            name = self.text(target)
            is_array = self.text(target + 1) == "[" and "char" in (self.text(target - 1), self.text(target - 2))
            self.check.sinks[source].append((self.tokens[here].place, f"goes to {name}, " + (
                "an array of characters" if is_array else "which is no pointer to characters")))

    def passed(self, source, bracket, number, here):
        check, name, place = self.check, self.text(bracket - 1), self.tokens[here].place
        if name in check.formats:
            fixed, first = check.formats[name]
            if number == fixed:
                return
            if number >= first:
                start, end = self.arguments(bracket)[fixed]
                texts = [token.text for token in self.tokens[start:end] if token.kind == "text"]
                for text in texts or [""]:
                    found = [word for word in CONVERSION.findall(text) if word != "%%"]
                    conversion = found[number - first] if number - first < len(found) else "an unknown conversion"
                    if conversion[-1] == "s" or not texts:
                        check.sinks[source].append((place, f"goes to {conversion} of {name}()"))
                return
        if name in UNPACKS:
            return
        parameters = check.parameters.get(name)
        if parameters is None or number >= len(parameters) or (name, parameters[number]) not in check.pointers:
            if source[0] == "literal" or name.startswith(("__builtin_mem", "__builtin_str")):
                check.sinks[source].append((place, f"goes to {name}(), which takes plain text"))
            return
        check.flows[source].append((name, parameters[number]))


class Check:
    def __init__(self, plain=()):
        self._plain = set(plain)
        self.pointers, self.tables = set(), set()	# (scope, name)
        self.formats, self.parameters = {}, {}
        self.flows, self.sinks = defaultdict(list), defaultdict(list)

    def is_plain(self, file):
        return file in self._plain

    def errors(self, sources):
        """Lines about each text that gets where nobody takes it apart"""
        sources = [Source(self, tokens_of(source)) for source in sources]
        for source in sources:
            source.declarations()
        for source in sources:
            source.flows()
        found = set()
        for origin in [key for key in {*self.flows, *self.sinks} if key[0] == "literal"]:
            _, text, file, line = origin
            seen, todo = {origin}, [origin]
            while todo:
                key = todo.pop()
                found.update(f'{place[0]}:{place[1]}: {text} of {file}:{line} {what}' for place, what in self.sinks[key])
                todo += [new for new in self.flows[key] if new not in seen]
                seen.update(self.flows[key])
        return sorted(found), len({key for key in {*self.flows, *self.sinks} if key[0] == "literal"})


def main(arguments):
    plain = []
    while arguments[0] == "--plain":
        plain.append(arguments[1])
        del arguments[:2]
    command, files = arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:]
    sources = [subprocess.run([*command, "-E", file], check=True, capture_output=True, text=True).stdout for file in files]
    errors, count = Check(plain).errors(sources)
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        sys.exit("textcheck: print it with %pT, or make it shorter, or without spaces: it is packed (ci/assembler/as)")
    print(f"textcheck: {count} texts that are no formats get to %pT only")


if __name__ == "__main__":
    main(sys.argv[1:])
