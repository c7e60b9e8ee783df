# SPDX-License-Identifier: BSD-2-Clause
"""What the documents say about the tree is looked up in the tree."""
import functools
import re
import sys
from pathlib import Path

import pytest

import attacks_table
import config_rules
import messages
from config_rules import ROOT

from bulkhead_config import registry		# noqa: E402	config_rules.py has said where it is

sys.path.insert(0, str(ROOT / "tests/bench"))

import bench		# noqa: E402
import page as performance		# noqa: E402

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md")) + [page for page in [ROOT / "README.md"] if page.exists()]
WALKTHROUGH = DOCS / "walkthrough-doorbell.md"
ARCHITECTURE = DOCS / "architecture.md"
CONFIGURATION = DOCS / "configuration.md"
TROUBLESHOOTING = DOCS / "troubleshooting.md"

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"


def read(path):
    return path.read_text(encoding="utf-8")


def without_code_blocks(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def quoted(text):
    """What stands in backticks outside of code blocks."""
    return re.findall(r"`([^`\n]+)`", without_code_blocks(text))


def sections(text):
    """(heading, whole text of the section, heading included)"""
    parts = re.split(r"^(?=#+ )", without_code_blocks(text), flags=re.M)
    return [(part.splitlines()[0], part) for part in parts if part.startswith("#")]


def is_path(name):
    return re.fullmatch(r"[\w.-]+(/[\w.*-]+)+/?", name) and not name.startswith("0x")


def names_file(name):
    """A file of the tree, not a directory, a pattern or something that is built or belongs to Linux."""
    return is_path(name) and "*" not in name and not name.endswith("/") and not name.startswith("build/")


def defines(path, function):
    """Is the function defined (C, assembly) in this file? Declarations in headers count if the header has no body."""
    text = read(path)
    if path.suffix == ".S":
        return bool(re.search(rf"^{function}:|^\.macro {function}\b|^\tfrom_guest \d+, {function.removeprefix('trap_')}\b",
                              text, re.M))
    if path.suffix == ".py":
        return bool(re.search(rf"^\s*def {function}\(", text, re.M))
    for match in re.finditer(rf"^[A-Za-z_][^\n;=(]*\b{function}\(", text, re.M):
        rest = text[match.end():]
        brace, semicolon = rest.find("{"), rest.find(";")
        if brace >= 0 and (semicolon < 0 or brace < semicolon):
            return True
    return bool(re.search(rf"^#define {function}\(", text, re.M))


# --- links and paths


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links(page):
    targets = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", without_code_blocks(read(page)))
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", without_code_blocks(read(file)), re.M)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page):
    """Paths in backticks that begin with a directory of this tree."""
    top = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")} - {"build"}
    for name in quoted(read(page)):
        if not is_path(name) or name.split("/")[0] not in top:
            continue
        assert list(ROOT.glob(name.rstrip("/"))), name


def code_map():
    (text,) = [part for heading, part in sections(read(ARCHITECTURE)) if heading.endswith("Code map")]
    return re.findall(r"^\| `([^`]+)` \|", text, re.M)


def test_code_map_is_there_and_complete():
    """Each folder of the map exists; each folder of the source has its line."""
    folders = code_map()
    for folder in folders:
        assert (ROOT / folder).is_dir(), folder
    mapped = {folder.rstrip("/") for folder in folders}
    # a folder with sources is mapped itself, or by a folder above it
    for pattern in ("hypervisor/*", "hypervisor/arch/*", "driver/*", "tools/*", "inmates/*", "tests/*", "configs",
                    "include", "ci", "docs"):
        for folder in ROOT.glob(pattern):
            if not folder.is_dir() or folder.name.startswith(("_", ".")) or not any(folder.rglob("*.*")):
                continue
            name = folder.relative_to(ROOT)
            above = {str(name), *(str(parent) for parent in name.parents)} - {".", "hypervisor"}
            inside = {str(child.relative_to(ROOT)) for child in folder.iterdir() if child.is_dir()}
            assert above & mapped or inside & mapped, f"{name} is not in the code map"


# --- the walkthrough


def walkthrough_sections():
    """Sections that name files, with these files."""
    found = []
    for heading, text in sections(read(WALKTHROUGH)):
        files = [name for name in quoted(text) if names_file(name)]
        found.append((heading, text, [ROOT / name for name in files]))
    return found


each_section = pytest.mark.parametrize("heading, text, files", walkthrough_sections(),
                                       ids=[heading for heading, _, _ in walkthrough_sections()])


def test_walkthrough_names_files():
    named = {path for _, _, files in walkthrough_sections() for path in files}
    assert len(named) >= 9
    for path in named:
        assert path.is_file(), path


@each_section
def test_walkthrough_functions(heading, text, files):
    """`name()` is defined in a file that its section names."""
    for function in re.findall(rf"`({IDENTIFIER})\(\)`", text):
        assert any(defines(path, function) for path in files), f"{heading}: {function}()"


@each_section
def test_walkthrough_names(heading, text, files):
    """Other names in backticks are words of a file that their section names."""
    contents = "\n".join(read(path) for path in files)
    for name in quoted(text):
        if re.fullmatch(rf"{IDENTIFIER}(\[\])?", name) and "_" in name:
            word = name.removesuffix("[]")
            assert re.search(rf"\b{word}\b", contents), f"{heading}: {name}"


# --- functions in the other pages


@functools.lru_cache(maxsize=None)
def all_sources():
    return "\n".join(read(path) for folder in ("hypervisor", "driver", "tools", "inmates")
                     for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".c", ".h", ".S", ".py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_functions_exist(page):
    """`name()` is declared, defined or at least called somewhere."""
    for function in re.findall(rf"`({IDENTIFIER})\(\)`", without_code_blocks(read(page))):
        assert re.search(rf"\b{function}\(", all_sources()), function


# --- configuration


def test_compiler_rules_are_in_the_manual():
    """If it fails after a change of the rules: make docs-rules."""
    assert read(config_rules.MANUAL) == config_rules.page()


def test_attacks_are_in_the_manual():
    """If it fails after a change of the attacks: python3 tests/docs/attacks_table.py."""
    _, inside, _ = attacks_table.split(read(attacks_table.MANUAL))
    assert inside == attacks_table.table()


def hypervisor_rules():
    """The functions in the lists of rules of the hypervisor."""
    names = []
    for path in sorted((ROOT / "hypervisor/core").glob("config_*.c")):
        for body in re.findall(r"static const struct rule \w+\[\] = \{(.*?)\n\t\};", read(path), re.S):
            names += re.findall(r"\{ PER_\w+, (\w+) \}", body)
    return names


def test_compiler_rules_have_their_counterparts():
    """Each rule once in the table of compiler and hypervisor, and what stands beside it exists."""
    part = read(CONFIGURATION).split("\n### Compiler and hypervisor\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", part, re.M)[2:]]
    listed = [name for row in rows for name in quoted(row[0])]
    registry.load_rules()
    assert sorted(listed) == sorted([*registry.FORMAT_RULES, *(rule.name for rule in registry.RULES)])
    for row in rows:
        assert len(row) == 3 and (row[1] or row[2]), row
        for name in quoted(row[1]):
            function = name.removesuffix("()")
            assert name.endswith("()") or name in hypervisor_rules(), name
            assert re.search(rf"\b{function}\(", all_sources()), name


def test_hypervisor_rules_are_in_the_manual():
    names = hypervisor_rules()
    assert len(names) > 20
    manual = set(quoted(read(CONFIGURATION)))
    assert not [name for name in names if name not in manual]
    listed = {name for name in manual if re.fullmatch(r"check_\w+", name)}
    sources = "\n".join(read(path) for path in (ROOT / "hypervisor").rglob("*.c"))
    assert not [name for name in listed if not re.search(rf"\b{name}\(", sources)]


def schema_keys():
    from bulkhead_config import schema
    keys = set()

    def walk(part):
        for name, value in part.get("properties", {}).items():
            keys.add(name)
            walk(value)
        for name in ("items", "additionalProperties"):
            if isinstance(part.get(name), dict):
                walk(part[name])

    for part in (schema.BOARD, schema.SYSTEM):
        walk(part)
    return keys


def test_every_key_is_in_the_manual():
    manual = set(quoted(read(CONFIGURATION)))
    assert not sorted(schema_keys() - manual)


# --- figures


def test_figures_are_those_of_the_baseline():
    """If it fails after a change of tests/bench/*.json: make bench-page."""
    assert read(performance.PAGE) == performance.page()
    assert performance.picture_is_of(bench.load(bench.BASELINE))


@pytest.mark.parametrize("file, constant, places", [
    ("core/console.c", r"#define UART_MAX_POLLS\s+(\d+)",
     [r"for each at most (\S+) polls of the UART", r"UART without room \((\S+) polls", r"`put_uart\(\)` \|[^|]*\| (\S+) reads, then"]),
    ("arch/arm64/early_message.c", r"#define MAX_POLLS\s+(\d+)u", [r"`early_message\(\)` \|[^|]*\| (\S+) reads"]),
    ("arch/arm64/gic_wait.c", r"i < (\d+);", [r"`gic_wait_clear\(\)` \|[^|]*\| (\S+) reads", r"not ready \((\S+) reads\)"]),
], ids=["console", "early", "gic"])
def test_polls(file, constant, places):
    """How often a device is asked while a lock is held."""
    (count,) = re.findall(constant, read(ROOT / "hypervisor" / file))
    for place in places:
        assert re.findall(place, read(DOCS / "locking.md")) == [f"{int(count):,}"], place


# --- messages


@functools.lru_cache(maxsize=None)
def literals():
    """All sources with adjacent string literals joined and escapes resolved."""
    text = ""
    for folder, suffix in (("hypervisor", ".c"), ("hypervisor", ".S"), ("driver", ".c"), ("tools", ".c"), ("tools", ".py"),
                           ("ci", ".sh")):
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            text += read(path)
    text = re.sub(r'"\s*\n?\s*f?"', "", text)
    text = re.sub(r'BH_IMAGE_NAME\s+"', "jailhouse.bin", text)
    # what the formatter of the hypervisor makes of its own conversions
    text = re.sub("%p[MG]", "[0x%llx, 0x%llx)", text.replace("%pC", 'cell "%s"'))
    return text.replace('\\"', '"').replace("\\n", "\n")


@functools.lru_cache(maxsize=None)
def all_messages():
    return messages.messages()


def quoted_messages():
    return list(dict.fromkeys(entry.text for entry in messages.entries()))


def test_there_are_messages():
    assert len(quoted_messages()) > 200


@pytest.mark.parametrize("message", quoted_messages())
def test_message_exists(message):
    """It is a message of a program, or the parts between the dots are texts of the sources."""
    if any(messages.covers(message, known.text) for known in all_messages()):
        return
    for part in (part.strip() for part in re.split(r"…", message)):
        if len(part) > 3:
            assert part in literals(), part


def test_every_message_is_explained():
    """Each message has an entry in docs/troubleshooting.md, or belongs to a rule of docs/configuration.md."""
    found = all_messages()
    assert len(found) > 350
    missing = [f"{message.file}:{message.line}: {message.text}" for message in found if not messages.places(message)]
    assert not missing, "\n".join(["without an entry in docs/troubleshooting.md:", *missing])


def test_index_of_messages():
    """If it fails after a change of a message: make docs-messages."""
    assert read(messages.INDEX) == messages.page()


@pytest.mark.parametrize("source, texts", [
    ('void f(void)\n{\n\tfprintf(stderr, "a %s" " b 0x%" PRIx64 "\\n", x);\n}\n', ["a … b 0x…"]),
    ('void f(void)\n{\n\tfprintf(out, "no error");\n\tperror("cell load");\n}\n', ["cell load"]),
    ('void f(void)\n{\n\twrong_usage(long_one ? "one (%d)" : "other", g(1, "x"));\n}\n', ["one (…)", "other"]),
    ('/* perror("comment") */\nint f(void)\n{\n\treturn print_failed("reading", path);\n}\n', ["reading"]),
])
def test_messages_of_c_are_found(tmp_path, monkeypatch, source, texts):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "f.c").write_text(source)
    found = list(messages._in_c(tmp_path / "f.c", messages.PRINTERS["tools/cli"], {}))
    assert [message.text for message in found] == texts
    assert {message.function for message in found} == {"f"}


@pytest.mark.parametrize("source, texts", [
    ('raise TreeError(f"has {n:#x} CPUs; " "correct it")', ["has … CPUs; correct it"]),
    ('sys.exit(f"{a}: {error}: " + ("one" if a else "two"))', ["…: …: one", "…: …: two"]),
    ('log.append("nothing")', []),
])
def test_messages_of_python_are_found(tmp_path, monkeypatch, source, texts):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "f.py").write_text(source)
    assert [message.text for message in messages._in_python(tmp_path / "f.py")] == texts


@pytest.mark.parametrize("entry, text, expected", [
    ("has no memory at …: load", 'cell "…" has no memory at 0x…: load the image elsewhere', True),
    ("load … has no memory", "has no memory: load it", False),
    ("cell \"…\" restarts the machine", "cell \"…\" … the machine", True),
    ("link", "link list takes no argument", False),
    ("dtc: …", "dtc: …", True),
    ("device tree: …", "…: device tree: …", True),
    ("device tree: …", "it has no entry in the device tree: make it again", False),
    ("…", "anything at all", False),
    ("another text", "…: …", False),
])
def test_entry_covers_message(entry, text, expected):
    assert messages.covers(entry, text) == expected
