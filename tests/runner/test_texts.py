# SPDX-License-Identifier: BSD-2-Clause
"""The assembler that packs messages (ci/assembler/as) packs those, and nothing else, so that they can be taken apart again."""
import importlib.machinery
import importlib.util
import os
import random
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("assembler", str(ROOT / "ci/assembler/as"))
assembler = importlib.util.module_from_spec(importlib.util.spec_from_loader("assembler", LOADER))
LOADER.exec_module(assembler)


def unpack(text, pairs, depth=0):
    """As hypervisor/core/format.c: to at most that depth"""
    assert depth <= assembler.DEPTH
    found = b""
    for c in text:
        found += unpack(bytes(pairs[c - assembler.FIRST]), pairs, depth + 1) if c >= assembler.FIRST else bytes([c])
    return found


def source(*texts, section='.rodata.f.str1.1,"aMS",@progbits,1'):
    return "\n".join([f"\t.section\t{section}", *(f'.LC{n}:\n\t.string\t"{text}"' for n, text in enumerate(texts)), ""])


@pytest.mark.parametrize("texts", [
    [], [b"once only"], [b"aaaaaaa aaaa"] * 2, [b"a" * 5000], [b"cell %u has no memory", b"cell %u has no CPU"],
    [bytes(random.Random(1).choices(b"abcd ", k=60)) for _ in range(300)],
], ids=["none", "one", "same", "long", "two", "many"])
def test_pack(texts):
    packed, pairs = assembler.pack(texts)
    assert [unpack(text, pairs) for text in packed] == texts
    assert len(pairs) <= assembler.PAIRS and all(0 not in text for text in packed)
    assert sum(map(len, packed)) + 2 * len(pairs) <= sum(map(len, texts))


def test_what_is_packed():
    """Literals with a space, of eight characters and more; each as often as it is there."""
    code = source("a cell, a cell\\n", "acellacellacell", "a a a a", 'say \\"a cell\\"') + source("a cell, a cell\\n")
    after = assembler.rewrite(code)
    assert after.count("\\200") > 0 and "acellacellacell" in after and '"a a a a"' in after and "say" not in after
    assert after.count(next(line for line in after.splitlines() if ".string" in line)) == 2


def test_what_is_not_packed():
    """Data that only looks like text, and instructions, stay as they are."""
    code = source("a table, a table", section=".rodata.table,\"a\"") + "\t.text\n\tmov\tx0, x1\n"
    after = assembler.rewrite(code)
    assert after.startswith(code)
    assert after[len(code):].count("\\000") == 2 * assembler.PAIRS


def test_no_other_characters():
    with pytest.raises(SystemExit):
        assembler.rewrite(source("ein schl\\303\\266nes Wort"))


def test_tools_of_the_build(tmp_path):
    """It runs the assembler that CROSS names."""
    (tmp_path / "other-as").write_text('#!/bin/sh\necho "other: $@"\n')
    (tmp_path / "other-as").chmod(0o755)
    said = subprocess.run([ROOT / "ci/assembler/as", "-o", "x.o"], env={**os.environ, "CROSS": f"{tmp_path}/other-"},
                          check=True, capture_output=True, text=True).stdout
    assert said == "other: -o x.o\n"


def test_formatter_agrees():
    header = (ROOT / "hypervisor/include/console.h").read_text(encoding="utf-8")
    code = (ROOT / "hypervisor/core/format.c").read_text(encoding="utf-8")
    assert f"#define TEXT_FIRST\t{assembler.FIRST:#x}\n" in header and f"#define TEXT_PAIRS\t{assembler.PAIRS}\n" in header
    assert f"#define TEXT_DEPTH\t{assembler.DEPTH}\t" in code
