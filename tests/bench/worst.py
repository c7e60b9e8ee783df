#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make bench-worst`: the longest excursion of each cause that any machine of a run of tests has seen, and where its
instructions went. CPUs run at the same time there: what they do while they wait for each other is counted apart, and the
rest may still differ a little from run to run.

usage: worst.py prepare DIRECTORY NAME... | keep DIRECTORY NAME... | report DIRECTORY
prepare: empties DIRECTORY, for tests that are run with BULKHEAD_EXCURSIONS=DIRECTORY. keep: more of them will be run with the
same images. NAME: what is run; in part, if PYTEST_ARGS of the environment says of what. report: prints what they have left
there, and writes build/bench/worst.json; exit status 1 if an exit was longer than it may be.
"""
import json
import os
import sys
from pathlib import Path

import bench
import excursions

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"

# Instructions that an exit may take, and what takes more (docs/performance.md says whose time that is), by tag. None: it is in
# proportion to configuration and memory of one cell
LIMIT = 5000
LIMITS = {"boot": None, "create": None, "start": None, "set_loadable": None, "destroy": None, "restart": None,
          "panic": 60000, "disable": 60000, "link_info": 15000}


def summary(results):
    """{cause: figures and the path of the longest one}, the longest one first"""
    merged = excursions.merge(results)
    # "enter" without "boot" are loaders, where the hypervisor's memory is in most tests
    merged = {cause: record for cause, record in merged.items() if not cause.startswith("enter") or cause == "enter/boot"}
    found = {}
    for cause, record in sorted(merged.items(), key=lambda item: -item[1]["max"]):
        histogram = dict(sorted(record["histogram"].items(), key=lambda item: int(item[0])))
        found[cause] = {**{key: record[key] for key in ("count", "sum", "waited", "max")}, "histogram": histogram,
                        "path": excursions.path_of(record.get("longest", []))}
    return found


# What `make bench-worst` can run, and what that is
SUITES = {"direct": "direct boot", "system": "late launch under Linux"}


def parts(names, arguments):
    """What is run, a text each: names of suites, with the arguments of pytest by which only a part of them is"""
    return [f"{name} {arguments.strip()}".strip() for name in names]


def what_was_run(texts):
    """A phrase for a list of such texts; and what is not in it"""
    whole = [f"`make {text}` ({SUITES[text]})" for text in texts if text in SUITES]
    some = [f"a part of `make {name}` (`{arguments}`)" for name, _, arguments in (text.partition(" ") for text in texts)
            if arguments and name not in texts]
    missing = [f"`make {name}` ({about})" for name, about in SUITES.items() if name not in texts]
    return " and ".join(whole + some), " and ".join(missing)


def limit_of(cause):
    return LIMITS.get(cause.partition("/")[2] or cause, LIMIT)


def too_long(causes):
    """A sentence for each cause that was longer than it may be"""
    return [f"{cause}: {record['max']:,} instructions, at most {limit_of(cause):,} are allowed"
            for cause, record in causes.items() if limit_of(cause) is not None and record["max"] > limit_of(cause)]


def as_text(result):
    """JSON with one line for each cause"""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items() if key != "causes"]
    causes = ",\n  ".join(f"{json.dumps(cause)}: {json.dumps(record)}" for cause, record in result["causes"].items())
    return "{" + ",\n ".join([*lines, f'"causes": {{\n  {causes}}}']) + "}\n"


def lines(causes):
    text = [f"{'cause':<26}{'exits':>10}{'mean':>9}{'longest':>11}  path of the longest one"]
    for cause, record in causes.items():
        path = " > ".join(f"{name} {executed:,}" for name, executed in record["path"])
        mean = record["sum"] // record["count"]
        text.append(f"{cause:<26}{record['count']:>10,}{mean:>9,}{record['max']:>11,}  {path}")
    return text


def main():
    command, directory, *names = sys.argv[1:]
    if command == "prepare":
        excursions.prepare(BUILD, directory)
    suites = Path(directory) / "suites.txt"
    known = suites.read_text(encoding="utf-8").splitlines() if suites.exists() else []
    if command != "report":
        if command == "keep" and not excursions.is_prepared(BUILD, directory):
            print(f"bench-worst: {directory} is about other images: begin without KEEP=1", file=sys.stderr)
            return 1
        run = parts(names, os.environ.get("PYTEST_ARGS", ""))
        suites.write_text("\n".join(dict.fromkeys([*known, *run])), encoding="utf-8")
        return 0
    results = excursions.load_all(directory)
    if not results:
        print(f"bench-worst: no machine has left anything in {directory}", file=sys.stderr)
        return 1
    causes = summary(results)
    result = {**bench.surroundings(BUILD), "suites": known, "machines": len(results), "causes": causes}
    (BUILD / "bench/worst.json").write_text(as_text(result), encoding="utf-8")
    run, missing = what_was_run(known)
    print(f"{len(results)} machines of {run}" + (f"; not run as a whole: {missing}" if missing else ""))
    print("\n".join(lines(causes)))
    wrong = too_long(causes)
    print("\n".join(f"bench-worst: {line}" for line in wrong) or "bench-worst: no exit was longer than it may be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
