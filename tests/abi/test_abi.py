# SPDX-License-Identifier: BSD-2-Clause
"""Public headers: each compiles alone, in every dialect; layouts and constants equal their Python twin.

The compilers tell what the headers contain (debug information, preprocessor), so that nothing can be
forgotten in a hand-written list; then they check each number of the twin with a static assertion."""
import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
HEADERS = sorted(path.relative_to(INCLUDE) for path in (INCLUDE / "bulkhead").glob("*.h"))
sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import abi  # noqa: E402

COMPILERS = {"host": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
CLANG_ARM64 = ["--target=aarch64-linux-gnu", "-nostdlibinc", "-ffreestanding"]
DIALECTS = {
    "c99": ["-x", "c", "-std=c99", "-Wpedantic"],
    "c11": ["-x", "c", "-std=c11", "-Wpedantic"],
    "c++17": ["-x", "c++", "-std=c++17"],
}
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wundef"]
ENUM_CONSTANTS = {"CFG_ARCH_X86", "CFG_ARCH_ARM", "CFG_ARCH_ARM64"}
# Helpers of the headers themselves
NOT_VALUES = {"BH_ABI_ASSERT", "BH_PACKED"}


def compile_text(compiler, text, *options):
    return subprocess.run([compiler, *options, f"-I{INCLUDE}", "-"], input=text, text=True, capture_output=True)


def all_headers():
    return "".join(f"#include <{header}>\n" for header in HEADERS)


@pytest.mark.parametrize("header", HEADERS, ids=str)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("target", COMPILERS)
def test_header_alone(header, dialect, target):
    """Twice, because it has to guard against that."""
    compiler = COMPILERS[target]
    if dialect == "c++17" and target == "arm64":
        compiler, options = "clang++-19", CLANG_ARM64
    else:
        options = []
    text = f"#include <{header}>\n#include <{header}>\nextern int not_empty;\n"
    result = compile_text(compiler, text, *options, *DIALECTS[dialect], *WARNINGS, "-fsyntax-only")
    assert (result.returncode, result.stderr) == (0, "")


def name_of(die):
    attribute = die.attributes.get("DW_AT_name")
    return attribute.value.decode() if attribute else None


def base(die):
    """Behind typedefs and qualifiers."""
    while die.tag in ("DW_TAG_typedef", "DW_TAG_volatile_type", "DW_TAG_const_type"):
        die = die.get_DIE_from_attribute("DW_AT_type")
    return die


def size_of(die):
    die = base(die)
    if die.tag != "DW_TAG_array_type":
        return die.attributes["DW_AT_byte_size"].value
    total = size_of(die.get_DIE_from_attribute("DW_AT_type"))
    for bound in die.iter_children():
        total *= bound.attributes["DW_AT_upper_bound"].value + 1
    return total


def collect(die, prefix, found):
    """Members of a structure, and those of unnamed structures inside it under a dotted name."""
    name = name_of(die) or prefix
    members = {}
    for member in die.iter_children():
        if member.tag != "DW_TAG_member":
            continue
        offset = member.attributes.get("DW_AT_data_member_location")
        kind = base(member.get_DIE_from_attribute("DW_AT_type"))
        members[name_of(member)] = (offset.value if offset else 0, size_of(kind))
        if kind.tag in ("DW_TAG_structure_type", "DW_TAG_union_type") and not name_of(kind):
            collect(kind, f"{name}.{name_of(member)}", found)
    found[name] = (die.attributes["DW_AT_byte_size"].value, members)


@pytest.fixture(scope="module", params=COMPILERS)
def c_structs(request, tmp_path_factory):
    """name -> (size, {member: (offset, size)}) of every structure, as this compiler lays it out"""
    path = tmp_path_factory.mktemp("abi") / "headers.o"
    result = compile_text(COMPILERS[request.param], all_headers(), "-x", "c", "-std=c11", "-g", "-c",
                          "-fno-eliminate-unused-debug-types", "-o", str(path))
    assert result.returncode == 0, result.stderr
    found = {}
    with open(path, "rb") as stream:
        for unit in ELFFile(stream).get_dwarf_info().iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                if die.tag in ("DW_TAG_structure_type", "DW_TAG_union_type") and name_of(die):
                    collect(die, None, found)
    assert "cfg_system" in found and "cfg_system.arch.arm" in found
    return found


def python_layout(cls):
    members = {}
    for name, kind in cls._fields_:
        members[name] = (getattr(cls, name).offset, ctypes.sizeof(kind))
    return ctypes.sizeof(cls), members


def test_layouts(c_structs):
    ours = {name: python_layout(cls) for name, cls in abi.STRUCTS.items()}
    assert set(c_structs) == set(ours)
    for name, layout in c_structs.items():
        assert layout == ours[name], name


@pytest.fixture(scope="module")
def c_macros():
    """Object-like macros with a value that our headers define"""
    result = compile_text("gcc", all_headers(), "-x", "c", "-E", "-dD")
    ours, current = {}, ""
    for line in result.stdout.splitlines():
        if mark := re.match(r'# \d+ "([^"]*)"', line):
            current = mark.group(1)
        elif define := re.match(r"#define (\w+)(\(?)\s*(.*)", line):
            if str(INCLUDE) in current and define.group(3) and not define.group(2):
                ours[define.group(1)] = define.group(3)
    assert "CFG_REVISION" in ours
    return set(ours) - NOT_VALUES


def test_every_constant_has_its_twin(c_macros):
    assert c_macros | ENUM_CONSTANTS == set(abi.CONSTANTS)


@pytest.mark.parametrize("target", COMPILERS)
def test_constants(target):
    lines = []
    for name, value in abi.CONSTANTS.items():
        if isinstance(value, int):
            lines.append(f'_Static_assert({name} == {value}, "{name}");')
        else:
            lines.append(f'_Static_assert(sizeof({name}) == {len(value) + 1}, "{name}");')
            lines += [f'_Static_assert({name}[{n}] == {byte}, "{name}");' for n, byte in enumerate(value)]
    # clang takes characters of string literals as constants, gcc does not
    options = CLANG_ARM64 if target == "arm64" else []
    result = compile_text("clang-19", all_headers() + "\n".join(lines), "-x", "c", "-std=c11", "-fsyntax-only",
                          "-Wno-gnu-folding-constant", *options)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("target", COMPILERS)
def test_compiled_constants(target, tmp_path):
    """The same once more out of the object files that the compilers of the project make."""
    names = sorted(name for name, value in abi.CONSTANTS.items() if isinstance(value, int))
    # 64 bits and the sign: a bit mask may need all of them
    text = all_headers() + "const long long value[] __attribute__((section(\"values\"))) = {\n" + "".join(
        f"\t(long long)({name}), -(({name}) <= 0 && ({name})),\n" for name in names) + "};\n"
    result = compile_text(COMPILERS[target], text, "-x", "c", "-std=c11", "-c", "-o", str(tmp_path / "values.o"))
    assert result.returncode == 0, result.stderr
    with open(tmp_path / "values.o", "rb") as stream:
        data = ELFFile(stream).get_section_by_name("values").data()
    values = [int.from_bytes(data[n:n + 16], "little", signed=True) for n in range(0, len(data), 16)]
    assert dict(zip(names, values)) == {name: abi.CONSTANTS[name] for name in names}
