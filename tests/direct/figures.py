# SPDX-License-Identifier: BSD-2-Clause
"""What direct boot costs, with two cells: instructions of CPU 0 from reset to its first guest instruction (QEMU with
build/bench/boot_count.so), memory that is used then, size of the image. With --functions: where the instructions go. For
people; nothing fails because of a figure."""
import argparse
import bisect
import re
import tempfile
from collections import Counter
from pathlib import Path

from elftools.elf.elffile import ELFFile

from direct import (BASE, HYPERVISOR, HYPERVISOR_ELF, Bundle, board_with_cpus, boot_counts, cell_text, make_bundle,
		    system_text)

PAGE, KIB = 4096, 1024
CELLS = cell_text("a", [0, 1], "ring-demo", "rounds=20") + cell_text("b", [2, 3], "ring-demo", "rounds=20")
LINKS = "  l: { peers: [a, b], output: 4 KiB }\n"


class Symbols:
    """Functions of the hypervisor, by address: where it is linked, or where it is before its MMU is on."""

    def __init__(self):
        with open(HYPERVISOR_ELF, "rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = sorted((symbol["st_value"], symbol.name) for symbol in table.iter_symbols()
                             if symbol.name and not symbol.name.startswith("$") and symbol["st_shndx"] != "SHN_ABS")
        self._starts, self._names = [start for start, _ in symbols], [name for _, name in symbols]
        self.image = dict(zip(self._names, self._starts))["image_start"]

    def name(self, address):
        if BASE <= address < BASE + (4 << 20):
            address += self.image - BASE
        if address < self.image:
            return "(QEMU's loader)"
        return self._names[bisect.bisect_right(self._starts, address) - 1]


def by_function(addresses):
    counts, symbols = Counter(), Symbols()
    for address, count in addresses.items():
        counts[symbols.name(address)] += count
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="list the N costliest functions")
    parser.add_argument("--thread", default="single", help="multi: CPUs of the machine run at the same time")
    parser.add_argument("--cpus", type=int, default=4, metavar="N", help="of the machine and the board (default: 4)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "other.yaml").write_text(board_with_cpus(args.cpus), encoding="utf-8")
        path = make_bundle(system_text(CELLS, LINKS, board="other"), directory)
        addresses, busiest, text = boot_counts(path, directory, args.cpus, args.thread)
        free = [int(pages) for pages in re.findall(r"(\d+) pages free$", text, re.M)]
        counts = by_function(addresses)
        bundle = Bundle(path.read_bytes())
    total = sum(counts.values())
    print(f"instructions of CPU 0 from reset to its first guest instruction: {total:,}")
    print(f"    meanwhile of the CPU that was busiest beside it: {busiest:,}")
    for name, count in counts.most_common(args.functions):
        print(f"    {count:>10,}  {100 * count / total:5.1f} %  {name}")
    print(f"image file: {HYPERVISOR.stat().st_size / KIB:.1f} KiB")
    header = bundle.header
    kept = -(-bundle.directory_range.stop // PAGE) * PAGE	# no cell is ever started again from what is behind it
    memory = {
        "image with its bss": header.core_size,
        "per-CPU areas": header.boot.config_offset - header.core_size,
        "system configuration": header.boot.bundle_offset - header.boot.config_offset,
        "bundle: directory, what is kept of its parts": kept - header.boot.bundle_offset,
        "hypervisor: page tables, bitmap of a large pool, crash log":
            header.boot.memory_size - header.boot.pool_offset - free[0] * PAGE,
        "root cell without memory, mapped devices": (free[0] - free[1]) * PAGE,
        "two cells and a link: configurations, tables, pages of the cells":
            (free[1] - free[2]) * PAGE + header.boot.pool_offset - kept,
    }
    print(f"hypervisor memory in use when both cells run: {sum(memory.values()) / KIB:.0f} KiB")
    for name, size in memory.items():
        print(f"    {size / KIB:6.0f} KiB  {name}")


if __name__ == "__main__":
    main()
