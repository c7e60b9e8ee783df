# SPDX-License-Identifier: BSD-2-Clause
"""The demo of direct boot: one file starts three bare-metal cells, which ring each other on three links. Says what
happens; the exit status says whether all of it did."""
import argparse
import re
import sys
import time
from pathlib import Path

from direct import CPU, CPUS, MACHINE, RING_LINK, Machine, ring_reports		# shows the way to tests/system, too
from demo import NotSo, Teller
from guest import GuestError

CELLS = ("a", "b", "c")
ROUNDS = 1000
GOAL = 2.0		# seconds, on a machine that has nothing else to do


class Demo:
    def __init__(self, machine, tell):
        self.machine = machine
        self.tell = tell

    def see(self, line):
        """A line that the reader sees, too."""
        match = self.machine.says(rf"^{line}(?=\n)")
        self.tell.output(match.group(0))
        return match

    def so(self, condition, text):
        if not condition:
            raise NotSo(f"not so: {text}")
        self.tell.good(text)

    def boot(self):
        self.tell.command(" ".join(self.machine.command[:9]) + f" ... -kernel {self.machine.kernel}")
        self.see(r"Bulkhead .* pages free")
        self.see(r'root cell "\(none\)" .*')
        self.tell.good("the checksums are right, and all CPUs have come. There is no root cell, and no Linux")

    def cells(self):
        for name in CELLS:
            self.see(f'cell "{name}" created')
        for name in CELLS:
            self.see(f'cell "{name}" started')
        self.see(r"\d+ cells run, .*")
        self.tell.good("each has a CPU and 2 MiB of memory, and a link with each of the others")

    def talk(self):
        self.machine.program_says("^ring: done$", count=len(CELLS))
        seconds = time.monotonic() - self.machine.started
        said = self.machine.programs()
        self.tell.output("\n".join(line for line in said.splitlines() if RING_LINK.match(line)))
        reports = ring_reports(said)
        self.so(sorted(reports) == sorted([(0, ROUNDS), (ROUNDS, ROUNDS)] * 3),
                f"{len(reports) * ROUNDS} doorbells on three links: each question of one side was answered by the other")
        lost = re.findall(r"CPU stopped|refused|PANIC", self.machine.console.text())
        self.so(not lost, "nobody failed")
        self.tell.plain("")
        self.tell.plain(f"From QEMU's start to the last 'ring: done': {seconds:.2f} s"
                        + ("" if seconds < GOAL else f"; an idle machine takes less than {GOAL:.0f} s"))


STEPS = [
    ("Boot a file with a hypervisor and three cells", Demo.boot),
    ("It makes the cells, then starts them", Demo.cells),
    (f"All ring each other, {ROUNDS} times on each link, by interrupt only", Demo.talk),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    args = parser.parse_args()
    tell = Teller(f"{args.build}/demo-direct.log", len(STEPS))
    log = f"{args.build}/demo-direct-serial.log"
    tell.plain("Bulkhead demo: direct boot, three cells, three links, no Linux")
    tell.plain(f"machine: qemu-system-aarch64 -machine {MACHINE} -cpu {CPU} -smp {CPUS}")
    with Machine(Path(args.build) / "configs/qemu-arm64-direct.bundle", log=log) as machine:
        demo = Demo(machine, tell)
        try:
            for headline, step in STEPS:
                tell.headline(headline)
                step(demo)
        except (NotSo, GuestError) as error:
            text = str(error).splitlines()
            tell.bad(text[0])
            tell.output("\n".join(text[1:]) or machine.console.tail(15))
            tell.plain(f"DEMO FAILED. Everything that was said: {args.build}/demo-direct.log, serial line: {log}")
            return 1
    tell.plain(f"Demo complete: everything above happened. Serial line: {log}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
