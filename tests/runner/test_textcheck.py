# SPDX-License-Identifier: BSD-2-Clause
"""ci/textcheck.py finds each way in which a text that is packed gets to where nobody takes it apart, and no other."""
import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

LOADER = importlib.machinery.SourceFileLoader("textcheck", str(Path(__file__).resolve().parents[2] / "ci/textcheck.py"))
textcheck = importlib.util.module_from_spec(importlib.util.spec_from_loader("textcheck", LOADER))
LOADER.exec_module(textcheck)

TREE = """# 1 "tree.h"
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int refuse(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct window { const char *what; char name[32]; unsigned long start; };
static void put_text(const char *text) { next_char(text); }
static void plain(const char *name) { say("%s", name); }
static void packed(unsigned n, const char *word) { say("%u %pT: what it is\\n", n, word); }
static const char *through(const char *given) { return given; }
# 1 "file.c"
"""

GOOD = [
    'void f(void) { say("a text with spaces\\n"); }',
    'int f(int e) { return refuse(e, e ? "one of these texts" : "the other of them"); }',
    'void f(int n) { say("%u: %pT %s\\n", n, "a packed text", "short"); }',
    'void f(void) { say("%s\\n", "nospaceinthistext"); }',
    'void f(int n) { packed(n, n ? "a packed text" : "short"); }',
    'void f(struct window *w) { w->what = "a packed text"; say("%s is %pT", w->name, w->what); }',
    'static const char *const words[] = { [1] = "the first word", [2] = "b" };\nvoid f(int n) { say("%pT", words[n]); }',
    'void f(int n) { const char *t = 0, *u = ""; if (n) u = "a packed text"; say("%s%pT", t, u); }',
    'static const char *f(void) { return "a packed text"; }\nint g(void) { return f() ? refuse(1, "%pT", f()) : 0; }',
    'void f(void) { __asm__ volatile("isb; dsb sy" : : : "memory"); }\n_Static_assert(1, "it has to be so");',
]

BAD = [
    'void f(void) { say("%s\\n", "a packed text"); }',
    'void f(int n) { say("%u %pT %s", n, "a", n ? "b" : "a packed text"); }',
    'void f(void) { plain("a packed text"); }',
    'void f(void) { unknown("a packed text"); }',
    'void f(const char *word) { say(word, "a packed text"); }',
    'void f(struct window *w) { w->what = "a packed text"; plain(w->what); }',
    'static const struct window w = { .what = "a packed text" };\nvoid f(void) { say("%s", w.what); }',
    'static const char *const words[] = { [1] = "the first word" };\nvoid f(int n) { plain(words[n]); }',
    'void f(int n) { const char *t = 0, *u = ""; if (n) u = "a packed text"; t = u; plain(t); }',
    'static const char *f(void) { return "a packed text"; }\nvoid g(void) { plain(f()); }',
    'void f(void) { const char *t = "a packed text"; if (*t == 97) say("a"); }',
    'void f(int n) { const char *t = "a packed text"; if (t[n] == 97) say("a"); }',
    'int f(const char *t) { __builtin_memcpy(0, t, 4); return 0; }\nint g(void) { return f("a packed text"); }',
    'void f(void) { static const char name[] = "a packed text"; say("%s", name); }',
    'void f(void) { plain(through("a packed text")); }',
    'char f(struct window *w) { w->what = "a packed text"; return *w->what; }',
    'char f(struct window w) { w.what = "a packed text"; return *w.what; }',
    'static char f(const char *t) { return *(t + 1); }\nchar g(void) { return f("a packed text"); }',
    'static int f(const char *t) { return (unsigned char)*t; }\nint g(void) { return f("a packed text"); }',
]


def errors(text):
    return textcheck.Check().errors([TREE + text])[0]


@pytest.mark.parametrize("text", GOOD)
def test_good(text):
    assert errors(text) == []


@pytest.mark.parametrize("text", BAD)
def test_bad(text):
    found = errors(text)
    assert found and all("file.c:" in error for error in found)


def test_plain_files():
    """What is not compiled with the others keeps its texts."""
    assert textcheck.Check(["file.c"]).errors([TREE + BAD[0]]) == ([], 0)
