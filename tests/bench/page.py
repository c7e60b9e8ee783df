#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes what docs/performance.md has from baseline.json, worst.json and figures.json, and, with the doorbell of the last
run of bench.py, its picture; and in NUMBERED each number that stands before the name of a row: 32 (`doorbell_tx`). A test compares.
"""
import re
import subprocess
import sys

import bench
import worst as longest

PAGE = bench.ROOT / "docs/performance.md"
NUMBERED = [PAGE, bench.ROOT / "docs/fast-path.md"]
PICTURE = bench.ROOT / "docs/performance-doorbell.svg"
DOORBELL = bench.ROOT / "build/bench/doorbell.json"
WORST = bench.HERE / "worst.json"
MARK = re.compile(r"(<!-- (\w+): written by make bench-page -->\n)(.*?)(<!-- end -->\n)", re.S)
NUMBER = re.compile(r"\b\d[\d,]*(?=(?: instructions|\n| )*\(`(\w+)`\))")
GROUPS = {"calls": "Calls", "link": "Links", "interrupts": "Interrupts",
          "in_c": "Without the fast paths (an image with `CONFIG_FAST_PATH=n`)", "life": "Life of a cell", "boot": "Start",
          "size": "Size", "minimal": "Size without what a system can do without ([features](features.md))"}

LAST_CHANGES = 10


def number(value):
    return "" if value is None else f"{value:,}"


def figures_table(baseline, defined):
    names = list(defined["peers"])
    others = " | ".join(defined["peers"][name].split(",")[0] for name in names)
    lines = [f"| | Bulkhead | {others} | target | tolerance |",
             "|---|--:" + "|--:" * len(names) + "|--:|--:|"]
    for group, title in GROUPS.items():
        lines.append(f"| **{title}** |" + " |" * (len(names) + 3))
        for figure in defined["figures"]:
            if figure["group"] != group:
                continue
            unit = "" if figure["unit"] == "instructions" else f", {figure['unit']}"
            peers = " | ".join(number(figure["peers"].get(name)) for name in names)
            now = number(baseline["figures"][figure["id"]])
            lines.append(f"| `{figure['id']}`: {figure['text']}{unit} | **{now}** | {peers} | "
                         f"{number(figure.get('target'))} | {figure['tolerance']} |")
    notes = [figure for figure in defined["figures"] if "note" in figure]
    lines += ["", f"Baseline of {baseline['date']}; {baseline['machine']['compiler']}. {defined['peers_source']}. "
              f"Targets: {defined['targets_source'][0].lower()}{defined['targets_source'][1:]}.", ""]
    lines += [f"- `{figure['id']}`: {figure['note']}." for figure in notes]
    return lines


def tolerances(_, defined):
    return [f"- {tolerance}: {why}." for tolerance, why in defined["tolerances"].items()]


def worst_table(worst):
    run, missing = longest.what_was_run(worst["suites"])
    missing = f" Not in the table, as it was not run, or not all of it: {missing}." if missing else ""
    lines = [f"{worst['machines']} machines of {run}, {worst['date']}, of commit {worst['commit']}.{missing}", "",
             "| cause | exits | mean | longest | at most | where most of the longest one was executed |",
             "|---|--:|--:|--:|--:|---|"]
    for cause, record in worst["causes"].items():
        path = " > ".join(f"`{name}` {executed:,}" for name, executed in record["path"][-4:])
        mean = record["sum"] // record["count"]
        limit = longest.limit_of(cause)
        lines.append(f"| {cause} | {record['count']:,} | {mean:,} | {record['max']:,} | "
                     f"{'by size' if limit is None else number(limit)} | {path} |")
    return lines


def history(baseline):
    lines = [f"The last {LAST_CHANGES} changes at most:", "", "| date | why | figures that have changed |", "|---|---|---|"]
    for entry in baseline["history"][-LAST_CHANGES:]:
        changes = ", ".join(f"`{name}` {number(old) or 'new'} → {number(new) or 'gone'}"
                            for name, (old, new) in entry["changes"].items())
        lines.append(f"| {entry['date']} | {entry['reason']} | {changes or 'all, the first ones'} |")
    return lines


def with_numbers(text, baseline):
    """A text with the figures of the baseline before the names of their rows"""
    return NUMBER.sub(lambda match: number(baseline["figures"].get(match[1])) or match[0], text)


def page():
    """The text that docs/performance.md has to have, but for numbers in sentences."""
    baseline, defined = bench.load(bench.BASELINE), bench.definitions()
    parts = {"figures": lambda: figures_table(baseline, defined), "tolerances": lambda: tolerances(baseline, defined),
             "worst": lambda: worst_table(bench.load(WORST)), "history": lambda: history(baseline)}
    return MARK.sub(lambda match: match[1] + "\n".join(parts[match[2]]()) + "\n" + match[4],
                    PAGE.read_text(encoding="utf-8"))


def picture_is_of(baseline):
    """Totals of the picture are those of the baseline."""
    text = PICTURE.read_text(encoding="utf-8")
    totals = [baseline["figures"][name] for name in ("doorbell_tx", "doorbell_rx")]
    raised = f"interrupt is raised: {baseline['figures']['doorbell_ring']}<"
    return all(f": {total} instructions<" in text for total in totals) and raised in text


def main():
    subprocess.run([sys.executable, bench.HERE / "plot.py", DOORBELL, PICTURE], check=True)
    PAGE.write_text(page(), encoding="utf-8")
    baseline = bench.load(bench.BASELINE)
    for path in NUMBERED:
        path.write_text(with_numbers(path.read_text(encoding="utf-8"), baseline), encoding="utf-8")
    if not picture_is_of(baseline):
        sys.exit(f"{DOORBELL} is not of the baseline: run make bench or make bench-baseline first")


if __name__ == "__main__":
    main()
