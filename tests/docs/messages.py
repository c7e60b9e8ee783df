# SPDX-License-Identifier: BSD-2-Clause
"""Every message that a program of the tree can print, taken from its sources.

A message is its text with HOLE in place of what is only known when it is printed. C: the format of each call of a
function of PRINTERS; `%…` is a hole. Python: what is raised as an error of ours, and what goes to sys.exit() or to an
argument parser's error(), by the syntax tree; expressions of f-strings are holes.
"""
import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs/troubleshooting.md"
CONFIGURATION = ROOT / "docs/configuration.md"
INDEX = ROOT / "docs/messages.md"
HOLE = "…"

# Function -> which of its arguments is the format; what the messages of each folder are printed with.
PRINTERS = {
    "tools/cli": {"fprintf": 1, "wrong_usage": 0, "print_failed": 0, "perror": 0, "errx": 1, "err": 1, "warnx": 0},
    "tools/cell_stats": {"fprintf": 1, "perror": 0, "argp_error": 1, "say": 1},
    "driver": {"bh_refuse": 2, "pr_emerg": 0, "pr_err": 0, "pr_warn": 0, "pr_info": 0, "dev_err": 1, "dev_warn": 1,
               "dev_info": 1, "pci_warn": 1, "pci_info": 1, "pci_err": 1},
    "hypervisor": {"refuse": 1, "refuse_invalid": 0, "refuse_in_words": 1, "panic": 0, "panic_at": 2, "format_text": 2, "console_printf": 0,
                   "console_printf_about": 1, "fatal": 0, "early_message": 0},
}
TOKEN = re.compile(r"""
    (?P<space>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<char>'(?:[^'\\]|\\.)*')
  | (?P<word>[A-Za-z_]\w*)
  | (?P<other>.)
""", re.S | re.X)
CONVERSION = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]")
# Of the hypervisor's own formats (hypervisor/include/console.h)
OWN_CONVERSIONS = {"%pC": f'cell "{HOLE}"', "%pM": f"[0x{HOLE}, 0x{HOLE})", "%pG": f"[0x{HOLE}, 0x{HOLE})",
                   "%pB": f"{HOLE}:{HOLE}.{HOLE}", "%pT": HOLE}
FORMAT_MACRO = re.compile(r"(PRI|SCN)[a-zA-Z]\w*|CPUS_FORMAT")


class Message(NamedTuple):
    file: str
    line: int
    function: str	# that has it
    text: str


def _tokens(text):
    line = 1
    for match in TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield match.lastgroup, match.group(), line
        line += match.group().count("\n")


def _unquoted(literal):
    return literal[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "")


def _arguments(tokens, start):
    """Lists of tokens of the arguments of the call whose opening bracket is at start, or None for a definition."""
    arguments, depth = [[]], 0
    for at in range(start, len(tokens)):
        kind, word, _ = tokens[at]
        if kind == "other" and word in "([{":
            depth += 1
            if depth == 1:
                continue
        elif kind == "other" and word in ")]}":
            depth -= 1
            if depth == 0:
                return arguments
        if depth == 1 and kind == "other" and word == ",":
            arguments.append([])
        else:
            arguments[-1].append(tokens[at])
    return arguments


def formats(argument, constants):
    """The texts that an argument can be: adjacent literals are one, `a ? "b" : "c"` is two, a word alone is a hole."""
    found, text = [], None
    for kind, word, _ in argument:
        if kind == "text":
            text = (text or "") + _unquoted(word)
        elif kind == "word" and FORMAT_MACRO.fullmatch(word) and text is not None:
            text = text.rstrip("%") + "%u" if word.startswith(("PRI", "SCN")) else text + HOLE
        elif kind == "word" and word in constants and (text is not None or len(argument) > 1):
            text = (text or "") + constants[word]
        elif text is not None:
            found.append(text)
            text = None
    if text is not None:
        found.append(text)
    return found


def _in_c(path, printers, constants):
    text = path.read_text(encoding="utf-8")
    definitions = {text.count("\n", 0, match.start()) + 1 for match in re.finditer(r"^[A-Za-z_][^;\n=]*\(", text, re.M)}
    tokens, function = list(_tokens(text)), ""
    for at, (kind, word, line) in enumerate(tokens):
        if kind == "word" and line in definitions and tokens[at + 1][1] == "(":
            function = word
        if kind != "word" or word not in printers or tokens[at + 1][1] != "(":
            continue
        arguments = _arguments(tokens, at + 1)
        if len(arguments) <= printers[word] or word == "fprintf" and arguments[0][0][1] != "stderr":
            continue
        for text in formats(arguments[printers[word]], constants):
            yield Message(str(path.relative_to(ROOT)), line, function, _without_conversions(text))


def _constants(folder):
    """#define NAME "text" """
    found = {}
    for path in [*folder.rglob("*.[ch]"), *(ROOT / "include").rglob("*.h")]:
        for name, value in re.findall(r'^#define\s+(\w+)\s+("(?:[^"\\]|\\.)*")\s*(?:/\*.*)?$', path.read_text("utf-8"), re.M):
            found[name] = _unquoted(value)
    return found


ERRORS = re.compile(r"\w*Error|ImportFailure|UnknownWarning")
EXITS = {"exit", "error"}


def _python_texts(node):
    """The texts that an expression can be."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        texts = [""]
        for part in node.values:
            if isinstance(part, ast.Constant):
                texts = [text + part.value for text in texts]
            elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.IfExp):
                texts = [text + more for text in texts for more in _python_texts(part.value) or [HOLE]]
            else:
                texts = [text + HOLE for text in texts]
        return texts
    if isinstance(node, ast.IfExp):
        return [text for branch in (node.body, node.orelse) for text in _python_texts(branch) or [HOLE]]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [left + right for left in _python_texts(node.left) or [HOLE] for right in _python_texts(node.right) or [HOLE]]
    return []


def _in_python(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if not (ERRORS.fullmatch(name) or name in EXITS):
            continue
        for argument in node.args:
            for text in _python_texts(argument):
                yield Message(str(path.relative_to(ROOT)), node.lineno, name, text.strip())


def _without_conversions(text):
    for conversion, becomes in OWN_CONVERSIONS.items():
        text = text.replace(conversion, becomes)
    return CONVERSION.sub(HOLE, text).replace("%%", "%").strip()


def wordless(text):
    """Nothing but holes and punctuation: the words come from elsewhere."""
    return not re.search(r"[A-Za-z]{2}", text.replace(HOLE, ""))


def sources():
    """What can print: (path, how it is read)"""
    for folder, printers in PRINTERS.items():
        constants = _constants(ROOT / folder)
        for path in sorted((ROOT / folder).rglob("*.c")):
            if "arch/host" not in str(path) and not path.name.endswith(".mod.c"):
                yield path, lambda path, p=printers, c=constants: _in_c(path, p, c)
    for path in [*sorted((ROOT / "tools/bulkhead_config").glob("*.py")), ROOT / "tools/bulkhead-config"]:
        yield path, _in_python


def messages():
    """All of them, each text once per file."""
    found = {}
    for path, read in sources():
        for message in read(path):
            if not wordless(message.text):
                found.setdefault((message.file, message.text), message)
    return list(found.values())


# --- where they are explained


class Entry(NamedTuple):
    section: str	# heading of the section of the manual
    text: str


def entries():
    """The messages that the manual explains: what is quoted in the first column of its tables, if nothing is before it."""
    found = []
    for part in re.split(r"^## ", MANUAL.read_text(encoding="utf-8"), flags=re.M)[1:]:
        section = part.splitlines()[0]
        for cell in re.findall(r"^\| (`[^|]+) \|", part, re.M):
            found += [Entry(section, text) for text in re.findall(r"`([^`]+)`", cell)]
    return found


def _letters(text):
    return sum(map(len, text.split(HOLE)))


def covers(entry, text):
    """Do the words of the entry stand in the message, in this order? Or are the message's in the entry, which is more special?

    Few words only count at the begin.
    """
    if entry == text:
        return True
    parts = [part.strip() for part in entry.split(HOLE) if part.strip()]
    if _letters(entry) < 16 and parts and not re.sub(rf"^[{HOLE}: ]+", "", text).startswith(parts[0]):
        return False
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            break
        at += len(part)
    if HOLE in entry + text and parts and at >= 0 and _letters(entry) >= 4 or _letters(entry) >= 16 and at >= 0:
        return True
    return _letters(text) > 12 and bool(re.fullmatch(".*".join(re.escape(part) for part in text.split(HOLE)), entry))


def _callers(path):
    """Function -> functions of this file whose bodies name it."""
    text = path.read_text(encoding="utf-8")
    bodies = re.split(r"^(?=[A-Za-z_][^;\n=(]*\b\w+\()", text, flags=re.M)[1:]
    named = [(re.match(r"[^(]*\b(\w+)\(", body).group(1), body) for body in bodies]
    return {name: {caller for caller, body in named if caller != name and re.search(rf"\b{name}\b", body)}
            for name, _ in named}


def rules_of(message):
    """The checks of the hypervisor that print it, themselves or by functions of their file."""
    if not message.file.startswith("hypervisor/core/config"):
        return set()
    callers, rules, todo, seen = _callers(ROOT / message.file), set(), [message.function], set()
    while todo:
        name = todo.pop()
        seen.add(name)
        if re.fullmatch(r"check_\w+|config_view_init", name) and name in explained_rules():
            rules.add(name)
        else:
            todo += callers.get(name, set()) - seen
    return rules


@functools.lru_cache(maxsize=None)
def explained_rules():
    part = CONFIGURATION.read_text(encoding="utf-8").split("\n## What the hypervisor checks\n")[1].split("\n## ")[0]
    return {name.removesuffix("()") for name in re.findall(r"`([^`]+)`", part)}


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def places(message):
    """Where it is explained, as links."""
    found = [entry for entry in entries() if covers(entry.text, message.text)]
    best = max((_letters(entry.text) for entry in found), default=0)	# the others say something about more
    sections = dict.fromkeys(entry.section for entry in found if _letters(entry.text) == best)
    links = [f"[{section}](troubleshooting.md#{anchor(section)})" for section in sections]
    links += [f"[{rule}](configuration.md#what-the-hypervisor-checks)" for rule in sorted(rules_of(message))]
    return links


HEAD = """\
<!-- SPDX-License-Identifier: BSD-2-Clause -->
<!-- Written by tests/docs/messages.py (make docs-messages). -->
# All messages

What the programs of this tree can print when something goes wrong, or is worth a line, and where it is explained. `…`
stands for names and numbers. Problems of system and board files have a [list of their own](config-rules.md).
"""
TITLES = {"tools/cli": "The command `jailhouse`", "driver": "Driver", "hypervisor": "Hypervisor",
          "tools/bulkhead": "`bulkhead-config`"}


def page():
    text, found = HEAD, messages()
    for folder, title in TITLES.items():
        text += f"\n## {title.replace('`', '')}\n\n| message | explained in |\n|---|---|\n"
        rows = {}
        for message in found:
            if message.file.startswith(folder):
                row = message.text.replace("|", "\\|").replace("\n", " ")
                rows.setdefault(row, {}).update(dict.fromkeys(places(message)))
        text += "".join(f"| `{row}` | {', '.join(links)} |\n" for row, links in sorted(rows.items(), key=_by_words))
    return text


def _by_words(row):
    """As one looks for them: by the first letters, whatever is around."""
    return re.sub(r"[^a-z0-9 ]", "", row[0].lower()).strip()


if __name__ == "__main__":
    INDEX.write_text(page(), encoding="utf-8")
