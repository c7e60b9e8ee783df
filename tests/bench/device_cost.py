#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Instructions of ivshmem operations on links of 2 to 256 peers, counted by callgrind on the build machine.

usage: device_cost.py PROGRAM OUTPUT_DIRECTORY

Prints the table. Exit status 1 if an operation that concerns one peer costs more where there are more peers, or if a
changed State costs more than a constant for each peer. The numbers are those of x86-64 code and of the host's locks; how
they depend on the number of peers is what they are for.
"""
import glob
import os
import re
import subprocess
import sys

PER_PEER = "State written, changed"


def run(program, directory):
    """{operation: {peers: instructions}}"""
    for old in glob.glob(os.path.join(directory, "callgrind.out*")):
        os.unlink(old)
    subprocess.run(["valgrind", "--tool=callgrind", "--dump-instr=no", "-q",
                    f"--callgrind-out-file={directory}/callgrind.out", program], check=True)
    costs = {}
    for path in glob.glob(os.path.join(directory, "callgrind.out.*")):
        with open(path, encoding="utf-8") as dump:
            text = dump.read()
        name = re.search(r"^desc: Trigger: Client Request: (.*)/(\d+)$", text, re.M)
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
        if name and total:
            costs.setdefault(name.group(1), {})[int(name.group(2))] = int(total.group(1))
    return costs


def main():
    costs = run(*sys.argv[1:])
    if len(costs) != 6 or PER_PEER not in costs:
        print(f"callgrind told of {sorted(costs)} only")
        return 1
    sizes = sorted(costs[PER_PEER])
    print(f"{'instructions, by peers on the link':<36}" + "".join(f"{size:>8}" for size in sizes))
    wrong = []
    for operation, by_size in sorted(costs.items()):
        print(f"{operation:<36}" + "".join(f"{by_size[size]:>8}" for size in sizes))
        values = [by_size[size] for size in sizes]
        if operation == PER_PEER:
            steps = {(b - a) / (m - n) for n, m, a, b in zip(sizes, sizes[1:], values, values[1:])}
            print(f"{'':<36}{max(steps):.0f} for each further peer")
            if len(steps) != 1:
                wrong.append(f"{operation}: not a constant for each peer: {steps}")
        elif len(set(values)) != 1:
            wrong.append(f"{operation}: depends on the number of peers: {values}")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
