# SPDX-License-Identifier: BSD-2-Clause
"""The tools that bound the stack and the locks of the hypervisor find what they are for, in small programs."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CROSS = "aarch64-linux-gnu-"
FEATURES = re.findall(r"^config (\w+)\n\tbool .*\n\tdefault y$", (ROOT / "Kconfig").read_text(), re.M)
C_FLAGS = ["-O1", "-ffreestanding", "-fno-inline", "-fno-optimize-sibling-calls", "-mgeneral-regs-only", "-mno-outline-atomics"]


def run(tool, *arguments):
    result = subprocess.run([ROOT / "ci" / tool, *map(str, arguments)], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


# --- stacks

@pytest.fixture
def stack(tmp_path):
    def check(code, calls="", limit=1000, more=()):
        (tmp_path / "a.c").write_text(code)
        (tmp_path / "calls").write_text(calls)
        subprocess.run([CROSS + "gcc", *C_FLAGS, "-fstack-usage", "-fcallgraph-info=su,da", "-c", "a.c"], cwd=tmp_path, check=True)
        return run("stackbound.py", "--limit", limit, "--calls", tmp_path / "calls", "--root", "root", *more, tmp_path / "a.ci")
    return check


LEAF = "void use(char *); void use(char *p) { *(volatile char *)p = 0; } "


def test_stack(stack):
    code = LEAF + "int f(void); int f(void) { char a[160]; use(a); return 0; } int root(void); int root(void) { return f() + 1; }"
    status, text = stack(code)
    assert status == 0 and "root(16) > f(176) > use(0)" in text
    assert stack(code, limit=191)[0] == 1 and stack(code, limit=192)[0] == 0


@pytest.mark.parametrize("code, found", [
    ("int root(int n); int root(int n) { return n ? root(n - 1) * 2 : 1; }", "recursion: root > root"),
    ("int g(int n); int root(int n); int g(int n) { return n ? root(n - 1) * 2 : 1; } int root(int n) { return g(n) + 1; }",
     "recursion: root > g > root"),
    (LEAF + "void root(int n); void root(int n) { char a[n]; use(a); }", "root: frame of variable size"),
    ("void other(void); void root(void); void root(void) { other(); }", "calls other, whose frame is unknown"),
    ("void root(int (*f)(void)); void root(int (*f)(void)) { f(); }", "root: indirect call with unknown targets"),
], ids=["recursion", "mutual", "variable", "unknown", "indirect"])
def test_stack_without_bound(stack, code, found):
    status, text = stack(code)
    assert status == 1 and found in text


def test_names_of_indirect_calls(stack):
    code = "int a(void); int a(void) { return 0; } int root(int (*f)(void)); int root(int (*f)(void)) { return f() + 1; }"
    assert "calls: root: is there twice" in stack(code, "root: a\nroot: a")[1]
    assert "calls: root: a: is there twice" in stack(code, "root: a a")[1]


def test_stack_of_indirect_calls(stack):
    code = LEAF + ("int a_big(void); int a_big(void) { char a[400]; use(a); return 0; } int b(void); int b(void) { return 0; } "
                   "int root(int (*f)(void)); int root(int (*f)(void)) { return f() + 1; }")
    assert "> a_big(" in stack(code, "root: a_* b")[1] and "> b(" in stack(code, "root: b")[1]
    assert "no function matches its indirect target c" in stack(code, "root: c")[1]
    status, text = stack(code, "root: c b", more=["--partial"])
    assert status == 0 and "> b(" in text


# --- locks

FREE = """
spin_lock: mov w1, #1
    ret
spin_lock_ordered: dsb ish
    ret
spin_unlock: ret
"""
DOCS = "<!-- holds: begin -->\n| lock | instructions |\n|---|---|\n| l | {} |\n<!-- holds: end -->\n"


@pytest.fixture
def lock(tmp_path):
    def check(code, bounds="lock l: f", calls="", docs=None, more=()):
        (tmp_path / "a.S").write_text(f"    .text\n{FREE}{code}\n    .type f, %function\n")
        subprocess.run([CROSS + "gcc", "-c", "a.S"], cwd=tmp_path, check=True)
        subprocess.run([CROSS + "ld", "-e", "0", "a.o", "-o", "a.elf"], cwd=tmp_path, check=True)
        for name, text in ("bounds", bounds), ("calls", calls), ("docs", docs or ""):
            (tmp_path / name).write_text(text)
        options = [*more, *(["--docs", tmp_path / "docs"] if docs else [])]
        return run("lockbound.py", *options, CROSS + "objdump", tmp_path / "a.elf", tmp_path / "bounds", tmp_path / "calls")
    return check


TAKE, GIVE = "bl spin_lock\n", "bl spin_unlock\nret\n"

HOLDS = {
    # instructions behind the call of spin_lock(), with that of spin_unlock() and what it executes: 2
    "none": ("f: nop\n" + TAKE + GIVE, "", "", 2),
    "ordered": ("f: bl spin_lock_ordered\n" + GIVE, "", "", 2),
    "tail": ("f: " + TAKE + "nop\nb spin_unlock\n", "", "", 3),
    "behind": ("f: " + TAKE + "bl spin_unlock\nnop\nnop\nret\n", "", "", 2),
    "branch": ("f: " + TAKE + "cbz x0, 1f\nnop\nnop\n1: nop\n" + GIVE, "", "", 6),
    "two ends": ("f: " + TAKE + "cbz x0, 1f\n" + GIVE + "1: nop\n" + GIVE, "", "", 4),
    "loop": ("f: " + TAKE + "1: sub x0, x0, #1\ncbnz x0, 1b\n" + GIVE, "loop f: 9", "", 2 * 10 + 2),
    "nested loop": ("f: " + TAKE + "1: nop\n2: nop\ncbnz x0, 2b\ncbnz x1, 1b\n" + GIVE, "loop f: 2", "", 3 * (2 + 2 * 3) + 2),
    "atomic": ("f: " + TAKE + "1: ldxr w1, [x0]\nadd w1, w1, #1\nstxr w2, w1, [x0]\ncbnz w2, 1b\n" + GIVE, "", "", 6),
    "call": ("g: nop\nnop\nret\nf: " + TAKE + "bl g\n" + GIVE, "", "", 1 + 3 + 2),
    "apart": ("g: nop\nnop\nret\nf: " + TAKE + "bl g\n" + GIVE, "apart g", "", 1 + 2),
    "no return": ("g: b .\nf: " + TAKE + "cbz x0, 1f\nbl g\n1: " + GIVE, "never g", "", 1 + 2),
    "indirect": ("g1: ret\ng2: nop\nret\nf: " + TAKE + "blr x1\n" + GIVE, "", "f: g*", 1 + 2 + 2),
    "lock below": ("f: " + TAKE + "bl spin_lock\nnop\nbl spin_unlock\n" + GIVE, "", "", 3 + 1 + 2 + 2),
    "swap": ("g: bl spin_unlock\nnop\nbl spin_lock\nnop\nret\nf: " + TAKE + "nop\nbl g\nnop\nnop\nnop\n" + GIVE,
             "swap g\nlock m: g", "", 2 + 3 + 2),
}


@pytest.mark.parametrize("case", HOLDS)
def test_hold(lock, case):
    code, bounds, calls, instructions = HOLDS[case]
    status, text = lock(code, f"lock l: f\n{bounds}", calls)
    assert status == 0 and f"l: {instructions} instructions, in f\n" in text, text


@pytest.mark.parametrize("code, bounds, found", [
    ("f: " + TAKE + "1: cbnz x0, 1b\n" + GIVE, "lock l: f", "f: a loop at"),
    ("g: b g\nf: " + TAKE + "bl g\n" + GIVE, "lock l: f", "g: a loop at"),
    ("g: nop\nbl g\nret\nf: " + TAKE + "bl g\n" + GIVE, "lock l: f", "recursion: f > g > g"),
    ("f: " + TAKE + "blr x0\n" + GIVE, "lock l: f", "f: an indirect call with unknown targets"),
    ("f: " + TAKE + GIVE, "lock l: h", "f takes a lock that the table does not have"),
    ("f: " + TAKE + GIVE, "lock l: f\nlock m: g", 'nobody takes the lock "m"'),
], ids=["loop", "endless", "recursion", "indirect", "no lock", "no user"])
def test_hold_without_bound(lock, code, bounds, found):
    status, text = lock(code, bounds)
    assert status == 1 and found in text, text


def test_hold_of_a_part(lock):
    """What is left out takes no lock; what is there has its bounds as ever."""
    code, bounds = "f: " + TAKE + GIVE, "lock l: f\nlock m: g\nloop h: 1"
    assert lock(code, bounds, "i: j", more=["--partial"])[0] == 0
    assert lock("f: " + TAKE + "1: cbnz x0, 1b\n" + GIVE, bounds, more=["--partial"])[0] == 1


@pytest.mark.parametrize("stated, status", [("9", 1), ("10", 0), ("1,000", 0)])
def test_part_in_the_docs(lock, stated, status):
    """The table is for all: a bound from above, and locks that are left out may be in it."""
    code, docs = "f: " + TAKE + "nop\n" * 8 + GIVE, DOCS.format(stated).replace("<!-- holds: end", "| m | 1 |\n<!-- holds: end")
    assert lock(code, docs=docs, more=["--partial"])[0] == status
    status, text = lock(code, docs=docs.replace("| l |", "| n |"), more=["--partial"])
    assert status == 1 and "the table and the locks differ in l" in text


@pytest.mark.parametrize("bounds, calls, found", [
    ("loop g: 1", "", "bounds: no function matches g"),
    ("never g", "", "bounds: no function matches g"),
    ("apart f g", "", "bounds: no function matches g"),
    ("lock m: f g_*", "", "bounds: no function matches g_*"),
    ("", "g: f", "calls: no function matches g"),
    ("", "f: f g*", "calls: no function matches g*"),
    ("loop f: 1\nloop f: 2", "", "bounds: loop f: is there twice"),
    ("lock m: f\nlock m:", "", "bounds: lock m: is there twice"),
    ("lock m: f f", "", "bounds: m: f: is there twice"),
    ("apart f\napart f", "", "bounds: apart f: is there twice"),
    ("", "f: f\nf: f", "calls: f: is there twice"),
    ("", "f: f f", "calls: f: f: is there twice"),
])
def test_names(lock, bounds, calls, found):
    """A name that nobody has bounds nothing, and of two lines one is not what it seems to be."""
    code = "f: " + TAKE + GIVE
    status, text = lock(code, f"lock l: f\n{bounds}", calls)
    assert status == 1 and found in text, text
    status, text = lock(code, f"lock l: f\n{bounds}", calls, more=["--partial"])
    assert (status, text.count("lockbound")) == ((1, 1) if "twice" in found else (0, 0)), text


def test_copies_have_names(lock):
    """Those that the compiler made; and one of two functions that have one address."""
    code = "g: h.part.0: ret\n.type h.part.0, %function\n.type g, %function\nf: " + TAKE + GIVE
    status, text = lock(code, "lock l: f\nloop h: 1\nloop g: 1")
    assert status == 0, text


def test_image_with_all_features_is_no_part(tmp_path):
    """It is compared with the tables in both directions."""
    (tmp_path / "makefile").write_text("include hypervisor/build.mk\n$(info partial: '$(HV_PARTIAL)')\nnothing: ;\n")

    def partial(*configuration):
        result = subprocess.run(["make", "-f", tmp_path / "makefile", f"B={tmp_path}", "nothing", *configuration], cwd=ROOT,
                                capture_output=True, text=True, check=True)
        return re.search("partial: '(.*)'", result.stdout).group(1)
    assert partial(*(f"CONFIG_{name}=y" for name in FEATURES)) == ""
    for feature in FEATURES:
        assert partial(*(f"CONFIG_{name}=y" for name in FEATURES if name != feature)) == "--partial", feature


@pytest.mark.parametrize("stated, status", [("9", 1), ("10", 0), ("20", 0), ("21", 1), ("1,000", 1)])
def test_hold_in_the_docs(lock, stated, status):
    code = "f: " + TAKE + "nop\n" * 8 + GIVE
    assert lock(code, docs=DOCS.format(stated))[0] == status
    assert lock(code, docs=DOCS.format(stated).replace("| l |", "| m |"))[0] == 1
