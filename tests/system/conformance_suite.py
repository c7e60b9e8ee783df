# SPDX-License-Identifier: BSD-2-Clause
"""The IVSHMEM v2 conformance suite as seen from outside: what it prints, what it wants to have done, and what it has to
give according to docs/ivshmem-conformance.md."""
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/ivshmem-conformance.md"
PROTOCOL = 0x4001
COMPANIONS = {2: "companion1", 3: "companion2"}		# by peer ID
SILENCE = 300		# seconds without a new line: the tester itself gives up much earlier
ALL_ACTIONS = ["shutdown", "start", "restart", "restart", "destroy", "create"]

# The hypervisor's own lines may stand within a line of a program
NOISE = re.compile(r'^(.*?)(?:cell "[\w-]+" (?:created|started|destroyed)|\d+ cells run, \d+ pages free)\n', re.M)
RESULT = re.compile(r"^(ok|not ok) (\d+) - (\S+) (.*?)(?: # SKIP (.*))?$", re.M)
# with the end of the line: what has arrived so far may end anywhere
ACTION = re.compile(r"^# action: (\w+) peer (\d+)\n", re.M)
PLAN = re.compile(r"^1\.\.(\d+)\n", re.M)
BAIL_OUT = re.compile(r"^Bail out!.*|^inmate: .*stopped$|^cell \"tester\", CPU .*stopped$", re.M)


def page_results():
    """Check -> (result with INTx, result with MSI-X) as the page says, when everything is there and permitted."""
    rows = re.findall(r"^\|[^|]*\|[^|]*\| `([\w.-]+)` \| (ok|skip) \| (ok|skip) \|$",
                      PAGE.read_text(encoding="utf-8"), re.M)
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: {"intx": intx, "msix": msix} for name, intx, msix in rows}


def interrupt_parameters(kind, file):
    """Which SPIs a cell has for message interrupts, as a parameter. file: its CellFile."""
    if kind == "intx":
        return ""
    chip, = file.irqchips
    pins = [chip.pin_base + bit for bit in range(128) if chip.pin_bitmap[bit // 32] >> bit % 32 & 1]
    return f"msix-intid={pins[0]} msix-count={len(pins)}"


def watch(console, act, mark=0, preface=False):
    """What the tester prints from mark on, to its end; act(verb, peer) for what it wants to have done. Gives check ->
    (ok, reason for a skip), and the text. preface: others speak before the tester does."""
    done = 0
    while True:
        length = len(console.text(mark))
        text = NOISE.sub(r"\1", console.text(mark))
        if preface:
            text = text[max(text.find("TAP version"), 0):]
        assert not BAIL_OUT.search(text), text
        if PLAN.search(text):
            return _results(text), text
        actions = ACTION.findall(text)
        if len(actions) > done:
            verb, peer = actions[done]
            act(verb, int(peer))
            done += 1
        else:
            assert console.wait(f"(?s).{{{length + 1}}}", mark, SILENCE) and not console.closed, \
                f"the tester does not go on:\n{text}"


def _results(text):
    """The TAP is well-formed: version first, numbers in order, plan last, each check once."""
    assert text.startswith("TAP version 13\n"), text
    assert PLAN.match(text.splitlines(keepends=True)[-1]), text
    lines = RESULT.findall(text)
    assert [int(number) for _, number, *_ in lines] == list(range(1, int(PLAN.search(text).group(1)) + 1)), text
    names = [name for _, _, name, _, _ in lines]
    assert len(set(names)) == len(names), text
    return {name: (verdict == "ok", reason) for verdict, _, name, _, reason in lines}


def judged(results, text, kind, without=()):
    """All is as the page says; checks whose reason for a skip has one of the words of without are left out."""
    failed = [name for name, (good, _) in results.items() if not good]
    assert not failed, f"{failed}\n{text}"
    expected = page_results()
    assert set(results) == set(expected)
    found = {name: "skip" if reason else "ok" for name, (_, reason) in results.items()
             if not any(word in reason for word in without)}
    wrong = {name: results[name] for name, result in found.items() if result != expected[name][kind]}
    assert not wrong, f"{wrong}\n{text}"
    return found
