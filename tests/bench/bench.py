#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make bench`: measures, prints the table, writes build/bench/bench.json. Exit status 1 if a figure is worse than in
tests/bench/baseline.json by more than its tolerance, or was not measured; 2 if nothing could be measured; 3 if nothing is
worse, but a figure is better by more than its tolerance: until that is the baseline, it could be lost again unseen.

--store REASON makes what was measured the baseline.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bench"
BASELINE = HERE / "baseline.json"
VERSION = 1
NO_FAST_PATH = "no-fast-path"		# a build
WORSE, NOT_MEASURED, BETTER = 1, 2, 3		# exit status


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def definitions():
    """What is measured, with targets and figures of others: figures.json"""
    return load(HERE / "figures.json")


def validated(result):
    jsonschema.validate(result, load(HERE / "bench.schema.json"))
    return result


def write(path, result):
    Path(path).write_text(json.dumps(validated(result), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


# --- comparison

def best_peer(figure):
    """(name, value), or None"""
    return min(figure["peers"].items(), key=lambda item: item[1], default=None)


STORE_IT = "better than the baseline: store it with make bench-baseline REASON=..."


def compare(figures, baseline, defined):
    """What is wrong, and what is better than the baseline has it: a sentence each. Fewer is better, in all figures."""
    wrong, better = [], []
    for figure in defined:
        name = figure["id"]
        now, before = figures.get(name), baseline.get(name)
        if before is None:
            wrong.append(f"{name}: there is no baseline; make bench-baseline REASON=...")
        elif now is None:
            wrong.append(f"{name}: was not measured")
        elif now > before + figure["tolerance"]:
            wrong.append(f"{name}: {now} {figure['unit']}, {now - before} more than the baseline{tolerated(figure)}")
        elif now < before - figure["tolerance"]:
            better.append(f"{name}: {now} {figure['unit']}, {before - now} less than the baseline{tolerated(figure)}")
    known = {figure["id"] for figure in defined}
    wrong += [f"{name}: is not in figures.json" for name in sorted({*figures, *baseline} - known)]
    return wrong, better


def tolerated(figure):
    return f", of which {figure['tolerance']} are tolerated" if figure["tolerance"] else ""


def outcome(wrong, better):
    """Lines of text, and the exit status. What is worse comes first: it is nothing to store."""
    if wrong:
        return [*wrong, *better], WORSE
    if better:
        return [*better, STORE_IT], BETTER
    return ["as the baseline"], 0


def table(figures, baseline, defined, peers):
    """Lines of text"""
    def number(value):
        return "-" if value is None else f"{value:,}"

    lines = [f"{'operation':<20}{'now':>12}{'baseline':>12}{'change':>8}{'target':>9}  {'best peer':<20}"
             f"{'tolerance':>9}"]
    for figure in defined:
        now, before, peer = figures.get(figure["id"]), baseline.get(figure["id"]), best_peer(figure)
        change = "" if now is None or before is None or now == before else f"{now - before:+,}"
        other = f"{number(peer[1])} {peers[peer[0]].split()[0]}" if peer else "-"
        lines.append(f"{figure['id']:<20}{number(now):>12}{number(before):>12}{change:>8}"
                     f"{number(figure.get('target')):>9}  {other:<20}{figure['tolerance']:>9}")
    return lines


# --- what was measured where

def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def surroundings(build):
    cache = Path(os.environ.get("BULKHEAD_CACHE", "/var/cache/bulkhead"))
    dirty = output("git", "status", "--porcelain", "--", "hypervisor", "include", "inmates", "Makefile", "VERSION")
    config = re.findall(r"^CONFIG_\w+=.*$", (Path(build) / "config.mk").read_text(encoding="utf-8"), re.M)
    return {
        "version": VERSION,
        "commit": output("git", "rev-parse", "--short=12", "HEAD").strip() + ("+changes" if dirty.strip() else ""),
        "date": output("git", "log", "-1", "--format=%cs").strip(),
        "machine": {"compiler": output("aarch64-linux-gnu-gcc", "--version").splitlines()[0],
                    "emulator": output("qemu-system-aarch64", "--version").splitlines()[0],
                    "kernel": (cache / "arm64/kver").read_text(encoding="utf-8").strip(),
                    "configuration": sorted(config)},
    }


def differences(machine, before):
    """What makes figures differ although the source does not"""
    notes = [f"note: the baseline has {key} {before[key]}, this is {machine[key]}"
             for key in ("compiler", "emulator", "kernel") if machine[key] != before[key]]
    changed = set(machine["configuration"]) ^ set(before["configuration"])
    if changed:
        notes.append(f"note: configuration differs from the baseline's in {', '.join(sorted(changed))}")
    return notes


# What the fast paths have no part in, of the figures of operations.guest_figures()
SAME_IN_C = {"psci_version", "wfi"}


def in_c(figures):
    """Figures of an image without the fast paths, by the names that they have beside the others"""
    return {f"{name}_in_c": value for name, value in figures.items() if name not in SAME_IN_C}


def measure_machines(operations):
    figures, doorbell = operations.guest_figures()
    figures.update(in_c(operations.guest_figures(NO_FAST_PATH)[0]))
    with tempfile.TemporaryDirectory() as directory:
        figures.update(operations.life_figures(directory))
    with tempfile.TemporaryDirectory() as directory:
        figures.update(operations.boot_figures(directory))
    with tempfile.TemporaryDirectory() as directory:
        figures.update(operations.minimal_figures(directory))
    with tempfile.TemporaryDirectory() as directory:
        figures.update(operations.linux_figures(directory))
    return figures, doorbell


def measure(build):
    """All figures, and what plot.py draws"""
    import operations		# the machines; comparing needs none
    import sizes
    (figures, doorbell), (again, _) = measure_machines(operations), measure_machines(operations)
    if figures != again:
        raise operations.BenchError(f"two runs are not the same: {set(figures.items()) ^ set(again.items())}")
    return {**figures, **sizes.measure(build)}, doorbell


def new_baseline(result, before, reason):
    """With one entry of history more"""
    old = before["figures"] if before else {}
    changes = {name: [old.get(name), result["figures"].get(name)] for name in sorted({*old, *result["figures"]})
               if old.get(name) != result["figures"].get(name)}
    entry = {"date": result["date"], "reason": reason, "changes": changes if before else {}}
    return {**result, "history": (before["history"] if before else []) + [entry]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", default=ROOT / "build", type=Path)
    parser.add_argument("--store", metavar="REASON", help="make the figures the baseline")
    args = parser.parse_args()
    before = load(BASELINE) if BASELINE.exists() else None
    result = surroundings(args.build)
    try:
        result["figures"], doorbell = measure(args.build)
    except Exception as error:		# a machine that does not run, an operation that is not done: no figures at all
        if type(error).__name__ not in ("BenchError", "GuestError"):
            raise
        print(f"bench: {error}", file=sys.stderr)
        return NOT_MEASURED
    write(args.build / "bench/bench.json", result)
    (args.build / "bench/doorbell.json").write_text(json.dumps(doorbell), encoding="utf-8")
    defined = definitions()
    baseline = before["figures"] if before else {}
    print("\n".join(table(result["figures"], baseline, defined["figures"], defined["peers"])))
    if before:
        for note in differences(result["machine"], before["machine"]):
            print(note)
    if args.store:
        write(BASELINE, new_baseline(result, before, args.store))
        print(f"bench: {BASELINE.relative_to(ROOT)} written; make bench-page, and commit both")
        return 0
    lines, status = outcome(*compare(result["figures"], baseline, defined["figures"]))
    print("\n".join(f"bench: {line}" for line in lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
