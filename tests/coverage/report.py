#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs tests that were linked with objects compiled for gcov, and demands that they executed everything.

A table of all files goes to --output and to stdout, with each line and branch that was not executed. Exit status 1
if there is one, 2 if a test failed or a file was not executed at all.
"""
import argparse
import json
import os
import subprocess
import sys


def run_tests(tests):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CMOCKA_")}
    for test in tests:
        done = subprocess.run([test], env=environment, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode:
            sys.stdout.write(done.stdout[-3000:] + done.stderr[-3000:])
            print(f"{test} failed with status {done.returncode}")
            sys.exit(2)


def gcov(path):
    """What gcov says of one object: {source file: its lines, in the form of gcov's JSON}."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", path],
                          check=True, capture_output=True)
    files = {}
    for document in done.stdout.splitlines():
        for entry in json.loads(document)["files"]:
            files.setdefault(os.path.relpath(entry["file"]), []).extend(entry["lines"])
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True)
    parser.add_argument("--objects", nargs="+", required=True)
    parser.add_argument("--tests", nargs="+", required=True)
    args = parser.parse_args()

    for path in args.objects:
        counts = path[:-2] + ".gcda"
        if os.path.exists(counts):
            os.unlink(counts)
    run_tests(args.tests)

    report = [f"{'file':<44}{'lines':>12}{'branches':>12}"]
    missing = []
    for path in args.objects:
        if not os.path.exists(path[:-2] + ".gcda"):
            print(f"{path} was not executed")
            sys.exit(2)
        # the file itself; what headers put into it is covered where it is called
        source = max(gcov(path).items(), key=lambda item: item[0].endswith(".c"))
        name, lines = source
        branches = [(line["line_number"], n, branch["count"]) for line in lines
                    for n, branch in enumerate(line["branches"])]
        done = sum(line["count"] > 0 for line in lines)
        taken = sum(count > 0 for _, _, count in branches)
        report.append(f"{name:<44}{done:>5} / {len(lines):<4}{taken:>5} / {len(branches):<4}")
        missing += [f"{name}:{line['line_number']}: not executed" for line in lines if not line["count"]]
        missing += [f"{name}:{number}: branch {n} never taken" for number, n, count in branches if not count]
    text = "\n".join(report + missing) + "\n"
    with open(args.output, "w", encoding="utf-8") as output:
        output.write(text)
    print(text, end="")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
