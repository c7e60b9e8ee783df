#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws what one doorbell executes in the hypervisor, at its sender and at its receiver: a column for each instruction, in
their order, and in it the functions that were called, the outermost one below.

usage: plot.py build/bench/doorbell.json OUT.svg|OUT.png
"""
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot		# noqa: E402
from matplotlib.patches import Rectangle		# noqa: E402

# Where a function belongs -> colour; all others are GREY
PARTS = {
    "entry and return (assembly)": ("#8fa6c4", ("vectors", "trap_sync_entry", "trap_irq_entry", "guest_return")),
    "trap, decoding of the access": ("#e6b86a", ("trap_", "this_cpu", "skip_instruction", "guest_reg", "load_result")),
    "dispatch": ("#d98f6c", ("mmio_", "write_page", "write_doorbell")),
    "link": ("#86b98c", ("ivshmem_", "send", "spin_", "cpu_", "notify")),
    "interrupt controller": ("#b195c9", ("arch_virq", "vgic", "gic", "write_list_reg", "read_list_reg")),
}
GREY = "#cccccc"
WIDTH_OF_CHARACTER = 1.95	# in instructions, at the size of the text


def part_of(function):
    for name, (_, prefixes) in PARTS.items():
        if function.startswith(prefixes):
            return name
    return None


def spans(tree, runs):
    """[(function, depth, begin, end, executed itself)] of each call, in instructions"""
    depth = {}
    for n, (parent, *_) in enumerate(tree):
        depth[n] = depth[parent] + 1 if parent >= 0 else 0
    found, stack, at = [], [], 0		# stack: [node, begin, own] from the outermost on
    for node, executed in runs:
        path = [node]
        while tree[path[0]][0] >= 0:
            path.insert(0, tree[path[0]][0])
        while stack and (len(stack) > len(path) or stack[-1][0] != path[len(stack) - 1]):
            last, begin, own = stack.pop()
            found.append((tree[last][1], depth[last], begin, at, own))
        for inner in path[len(stack):]:
            stack.append([inner, at, 0])
        stack[-1][2] += executed
        at += executed
    for last, begin, own in reversed(stack):
        found.append((tree[last][1], depth[last], begin, at, own))
    return found


def lines_inside(function, own, width):
    """The label in one line, or in two, if it fits, or None"""
    words = function.split("_")
    whole = [f"{function}  {own}"]
    halves = [["_".join(words[:n]) + "_", f"{'_'.join(words[n:])} {own}"] for n in range(1, len(words))]
    for lines in [whole, *sorted(halves, key=lambda lines: max(map(len, lines)))]:
        if max(map(len, lines)) * WIDTH_OF_CHARACTER <= width:
            return "\n".join(lines)
    return None


def write_label(axes, span, calls):
    """Inside of its box, or slanted above it, if nothing is there"""
    function, depth, begin, end, own = span
    inside = lines_inside(function, own, end - begin)
    covered = any(other[1] == depth + 1 and other[2] < end and other[3] > begin for other in calls)
    style = {"fontsize": 8, "color": "#222222"}
    if inside or covered:
        axes.text((begin + end) / 2, depth + 0.45, inside or str(own), ha="center", va="center", linespacing=0.95,
                  **style)
    else:
        axes.text(max((begin + end) / 2 - 1, 0.5), depth + 0.98, f"{function}  {own}", ha="left", va="bottom",
                  rotation=38, rotation_mode="anchor", **style)


def draw(axes, title, side, total, limit):
    calls = spans(side["tree"], side["runs"])
    for span in calls:
        function, depth, begin, end, _ = span
        part = part_of(function)
        axes.add_patch(Rectangle((begin, depth), end - begin, 0.94, linewidth=0.6, edgecolor="white",
                                 facecolor=PARTS[part][0] if part else GREY))
        write_label(axes, span, calls)
    top = rows(side)
    if side["raised"]:
        axes.axvline(side["raised"], color="#b03030", linewidth=1.2, ymax=0.99)
        axes.text(side["raised"] + 2, top - 0.05, f"interrupt is raised: {side['raised']}", color="#b03030", fontsize=9,
                  ha="left", va="top")
    axes.set_title(f"{title}: {total} instructions", loc="left", fontsize=11)
    axes.set_xlim(0, limit)
    axes.set_ylim(0, top)
    axes.set_yticks([])
    for edge in ("top", "left", "right"):
        axes.spines[edge].set_visible(False)


def rows(side):
    """With room for what is written above boxes"""
    top = max((depth for _, depth, *_ in spans(side["tree"], side["runs"])), default=0) + 1
    return top + (2.4 if side["raised"] else 1.9)


def main():
    doorbell = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    matplotlib.rcParams["svg.hashsalt"] = "bulkhead"		# the same picture has the same bytes
    matplotlib.rcParams["svg.fonttype"] = "none"
    matplotlib.rcParams["font.family"] = "DejaVu Sans"
    totals = {name: sum(executed for _, executed in side["runs"]) for name, side in doorbell.items()}
    limit = max([1, *totals.values()]) * 1.01
    heights = [rows(doorbell[name]) for name in ("sender", "receiver")]
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(12, 0.42 * sum(heights) + 2.2), sharex=True,
                                             height_ratios=heights)
    draw(above, "Sender, from its store to the device until it continues", doorbell["sender"], totals["sender"], limit)
    draw(below, "Receiver, from the interrupt to the first instruction of its handler", doorbell["receiver"],
         totals["receiver"], limit)
    below.set_xlabel("instructions at EL2, in the order of execution; beside a name: those of the function itself")
    used = {part_of(node[1]) for side in doorbell.values() for node in side["tree"]}
    handles = [Rectangle((0, 0), 1, 1, color=colour) for name, (colour, _) in PARTS.items() if name in used]
    figure.legend(handles, [name for name in PARTS if name in used], loc="lower right", ncol=1, fontsize=9,
                  frameon=False, bbox_to_anchor=(0.985, 0.1))
    figure.suptitle("One doorbell through the hypervisor", x=0.012, ha="left", fontsize=14)
    figure.tight_layout(rect=(0, 0, 1, 1))
    figure.savefig(sys.argv[2], metadata={"Date": None} if sys.argv[2].endswith(".svg") else None, dpi=110)
    if sys.argv[2].endswith(".svg"):		# a font as wide, where this one is not installed
        path = Path(sys.argv[2])
        text = path.read_text(encoding="utf-8").replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
