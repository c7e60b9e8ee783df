#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Soak test: a bare-metal root cell and two cells (inmates/checks/soak) do at random all that cells can do and
suffer, as often as wanted. The programs look at everything but the console; that is done here.
"""
import argparse
import collections
import re
import struct
import sys
import tempfile
import time
from pathlib import Path

from elftools.elf.elffile import ELFFile

from direct import BASE, INMATES, Bundle, Machine, abi, board_text, cell_text, make_bundle

ROOT_AT, COMM_AT = 0x50000000, 0x80000000
STAGE, CONFIGS, CONFIG_STEP = 0x54000000, 0x54010000, 0x10000
IMAGES = (0x56000000, 0x57000000)
CPUS = 5
FILLER_RAM, FILLER_STEP, FILLER_REGIONS = 0x90000000, 0x200000, 256
SHORT_TURNS = 20000		# of the loop in which the hypervisor waits for an answer
STUCK = 300			# seconds without a round: for a loaded host

NAMES = ("a", "b", "filler")
REFUSED = "refused"
LINES = [(re.compile(pattern), line) for pattern, line in (
    (r'cell "(\w+)" created$', "created"), (r'cell "(\w+)" started$', "started"),
    (r'cell "(\w+)" destroyed$', "destroyed"), (r'cell "(\w+)" failed$', "failed"),
    (r'cell "(\w+)" does not answer messages: stopped$', "silent"),
    (r'cell "(\w+)", CPU \d: read of memory it does not have at 0x50000000: CPU stopped$', "record"),
    (r"()refused \(-\d+\): ", REFUSED))]
END_OF_WINDOW = re.compile(r"soak: \d+ rounds$")
REGISTERS = re.compile(r"  ESR 0x|  x\d+: +[0-9a-f]{16} |  x28: |  pc |  sp ")
CODES = {value: name for name, value in abi.CONSTANTS.items() if name.startswith("HC_CELL_")}


class SoakError(Exception):
    """Something is not as it has to be; the text says what, and what was done before."""


def system_text(parameters):
    """A root cell with a page that looks like a communication region, and a and b."""
    cells = (f"  root:\n    root: true\n    virtual-console: active\n    entry: {ROOT_AT:#x}\n    images:\n"
             f"      - {{ file: soak_root.bin, at: {ROOT_AT:#x} }}\n"
             f"      - {{ text: \"{parameters}\", at: {ROOT_AT + 0x1000:#x} }}\n"
             f"      - {{ file: comm.bin, at: {COMM_AT:#x} }}\n")
    # a block of memory, and less than that, which costs tables in two cells
    for name, cpus, spi, size, text in (("a", [1], 60, "512 KiB", ""), ("b", [2, 3], 61, "2 MiB", "second=3 ")):
        cells += cell_text(name, cpus, "soak_cell", f"{text}spi={spi + 32} seed={spi}", f"interrupts: [{spi}]").replace(
                               "size: 2 MiB }", f"size: {size}, loadable: true }}")
    return (f"system: soak\nboard: other\nboot: direct\nhypervisor:\n  memory: {{ at: {BASE:#x}, size: 2 MiB }}\n"
            f"  console: uart0\ncells:\n{cells}links:\n"
            "  all: { peers: [root, a, b], output: 4 KiB }\n  cells: { peers: [a, b], output: 4 KiB }\n")


def comm_region(system):
    """What the root cell's run-time wants to find; its real interface has none."""
    comm = abi.CommRegion()
    comm.signature, comm.revision, comm.flags = b"JHCOMM", 2, 3
    comm.pci_mmconfig_base = system.pci_mmconfig_base
    comm.gic_version, comm.gicd_base, comm.gicr_base = 3, system.arch.arm.gicd_base, system.arch.arm.gicr_base
    comm.vpci_irq_base = system.root_cell.vpci_irq_base
    return bytes(comm)


def variants(config):
    """default, passive, short: see enum variant of the program."""
    def passive(new):
        new.cell.flags |= abi.CFG_CELL_PASSIVE_COMM_REGION

    def short(new):
        new.cell.msg_reply_timeout = SHORT_TURNS
    return [config, config.changed(passive), config.changed(short)]


def filler(config):
    """Of single pages, each in a block of its own, so that each costs tables in two cells. It has nothing but these."""
    def change(new):
        new.cell.name, new.cell.id = b"filler", 3
        new.set_cpus([4])
        new.memory_regions = [abi.Memory(FILLER_RAM + n * FILLER_STEP, FILLER_RAM + n * FILLER_STEP, 0x1000,
                                         abi.CFG_MEM_READ | abi.CFG_MEM_WRITE) for n in range(FILLER_REGIONS)]
        new.irqchips, new.pci_devices, new.pci_caps = [], [], []
        new.cell.flags |= abi.CFG_CELL_PASSIVE_COMM_REGION
    return config.changed(change)


def refused(a, b):
    """Configurations that cannot exist beside a and b."""
    other = filler(a)
    ram = next(region for region in b.memory_regions if region.flags & abi.CFG_MEM_EXECUTE)

    def damage(**fields):
        def change(new):
            new.cell.name, new.cell.id = b"other", 4
            new.memory_regions = new.memory_regions[:4]
            new.set_cpus([4])
            for name, value in fields.items():
                if name == "cpus":
                    new.set_cpus(value)
                elif hasattr(new, name):
                    setattr(new, name, value)
                else:
                    setattr(new.cell, name, value)
        return other.changed(change)

    def same_peer(new):
        new.cell.name, new.cell.id = b"other", 4
        new.set_cpus([4])
        new.irqchips = []
        new.memory_regions = [region for region in new.memory_regions if not region.flags & abi.CFG_MEM_EXECUTE]
    return [damage(name=b"a"), damage(id=2), damage(cpus=[0]), damage(cpus=[3, 4]), damage(signature=b"JHXXX"),
            damage(memory_regions=[ram]), damage(irqchips=b.irqchips), damage(revision=13), a.changed(same_peer)]


class Program:
    """The root cell's program as the host sees it: variables by their symbols."""

    def __init__(self):
        with open(INMATES / "soak_root.elf", "rb") as file:
            elf = ELFFile(file)
            self.symbols = {symbol.name: symbol for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
            self._segments = [(segment["p_vaddr"], segment.data()) for segment in elf.iter_segments()]

    def place(self, name):
        """Address and size"""
        return self.symbols[name]["st_value"], self.symbols[name]["st_size"]

    def texts(self, name):
        """An array of char[16] that the file has"""
        at, size = self.place(name)
        data = next(data[at - start:at - start + size] for start, data in self._segments
                    if start <= at < start + len(data))
        return [data[n:n + 16].rstrip(b"\0").decode() for n in range(0, size, 16)]


class Soak:
    """A machine that does it. directory: for the bundle."""

    def __init__(self, directory, rounds, seed, extra=(), **options):
        self.rounds, self.seed = rounds, seed
        self.program = Program()
        self.counts, self.windows = collections.Counter(), 0	# lines of this window by name and kind, number of windows
        self.figure_names = self.program.texts("soak_figure_names")
        self.line_names = self.program.texts("soak_line_names")
        bundle = self._bundle(directory, f"seed={seed} rounds={rounds}")
        self.machine = Machine(bundle, cpus=CPUS, extra=["-m", "2G", *extra], **options)
        try:
            self.position = self.machine.says(r"^3 cells run, .*\n").end()
            self._stage(Bundle(bundle.read_bytes()).cells_by_name())
        except BaseException:
            self.machine.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.machine.close()

    def _bundle(self, directory, parameters):
        """Made twice: what the root cell's page says follows from its configuration."""
        for name in ("soak_root", "soak_cell"):
            (directory / f"{name}.bin").write_bytes((INMATES / f"{name}.bin").read_bytes())
        (directory / "comm.bin").write_bytes(bytes(4096))
        board = board_text(cpus=CPUS, redistributors=f"{{ at: 0x080a0000, size: {128 * CPUS} KiB }}",
                           dram="{ at: 0x40000000, size: 2 GiB }")
        (directory / "other.yaml").write_text(board, encoding="utf-8")
        for _ in range(2):
            path = make_bundle(system_text(parameters), directory, files=directory)
            root, _ = Bundle(path.read_bytes()).cells_by_name()["root"]
            (directory / "comm.bin").write_bytes(comm_region(root.header).ljust(4096, b"\0"))
        return path

    def _stage(self, cells):
        memory = self.machine.memory
        a, b = (cells[name][0] for name in "ab")
        bad = refused(a, b)
        for n, config in enumerate([*variants(a), *variants(b), filler(a), *bad]):
            memory.write(CONFIGS + n * CONFIG_STEP, config.bytes())
        words = [0, len(bad), FILLER_REGIONS, *(device.bdf for device in sorted(a.pci_devices, key=lambda d: d.bdf))]
        for at, name in zip(IMAGES, "ab"):
            config, images = cells[name]
            image = bytearray(max(address + len(content) for address, content in images))
            for address, content in images:
                image[address:address + len(content)] = content
            memory.write(at, bytes(image))
            ram = next(region for region in config.memory_regions if region.flags & abi.CFG_MEM_EXECUTE)
            spis = [chip.pin_base + 32 * word + bit for chip in config.irqchips
                    for word, pins in enumerate(chip.pin_bitmap) for bit in range(32) if pins >> bit & 1]
            words += [at, len(image), ram.phys_start, sum(1 << cpu for cpu in config.cpus()),
                      *(spis + [0, 0, 0, 0])[:4]]
        memory.write(STAGE, struct.pack(f"<{len(words)}Q", *words))
        memory.write(STAGE, struct.pack("<Q", 1))

    # --- what the program says

    def _read(self, name, form):
        at, size = self.program.place(name)
        return [values if len(values) > 1 else values[0] for values in
                struct.iter_unpack(form, self.machine.memory.read(at, size))]

    def figures(self):
        return dict(zip(self.figure_names, self._read("soak_figures", "<Q")))

    def log(self):
        """The last steps, as text"""
        length, = self._read("soak_log_length", "<Q")
        entries = self._read("soak_log", "<IIqqq")
        lines = []
        for n in range(max(0, length - len(entries)), length):
            number, code, argument, result, when = entries[n % len(entries)]
            what = CODES.get(code, f"order {code - 0x100}")
            if code == abi.HC_CELL_CREATE:
                argument = f"configuration {(argument - CONFIGS) // CONFIG_STEP}"
            lines.append(f"  {when / 1e6:.6f} round {number}: {what}({argument}): {result}")
        return "\n".join(lines[-30:])

    def error(self, what):
        done, = self._read("soak_round", "<Q")
        return SoakError(f"soak: seed {self.seed}, after {done} rounds: {what}\nlast steps:\n{self.log()}\n"
                         f"last lines of the console ({self.machine.log}):\n{self.machine.console.tail(30)}")

    def _check_failure(self):
        data = self.machine.memory.read(*self.program.place("soak_failure"))
        failed, what, *arguments = struct.unpack("<Q160s3q", data)
        if failed:
            what = what.rstrip(b"\0").decode()
            raise self.error(what % tuple(arguments)[:what.count("%")])

    # --- the console

    def _look_at_console(self):
        """Each line that has been said since the last call; whole lines only."""
        text = self.machine.console.text(self.position)
        text = text[:text.rfind("\n") + 1]
        self.position += len(text)
        for line in text.splitlines():
            if END_OF_WINDOW.match(line):
                self._end_window()
            elif not REGISTERS.match(line):
                match, kind = next(((match, kind) for pattern, kind in LINES if (match := pattern.match(line))),
                                   (None, ""))
                if not match:
                    raise self.error(f"what is that line? {line!r}")
                self.counts[match.group(1), kind] += 1

    def _end_window(self):
        """As many lines of each kind as the schedule explains."""
        at, size = self.program.place("soak_windows")
        columns = len(self.line_names)
        window = 8 * (len(NAMES) + 1) * columns
        data = self.machine.memory.read(at + self.windows % (size // window) * window, window)
        wanted = list(struct.iter_unpack("<II", data))
        for row, name in enumerate((*NAMES, "")):
            for kind, (least, most) in zip(self.line_names, wanted[row * columns:]):
                if not least <= self.counts[name, kind] <= most:
                    raise self.error(f"console, window {self.windows}: {self.counts[name, kind]} lines '{kind}' of "
                                     f"'{name}', not {least} to {most}")
        self.windows += 1
        self.counts.clear()

    # --- all of it

    def run(self, progress=lambda soak, done: None):
        """Until the last round, and what was said about it; raises SoakError."""
        moved, last = time.monotonic(), None
        while True:
            time.sleep(0.02)
            self._look_at_console()
            self._check_failure()
            done, = self._read("soak_round", "<Q")
            if done != last:
                last, moved = done, time.monotonic()
                progress(self, done)
            if done == self.rounds and not self.counts:
                return self.figures()
            if time.monotonic() - moved > STUCK or self.machine.console.closed:
                raise self.error("the machine hangs")


def summary(figures, rounds, seconds, seed):
    """One line"""
    items = " ".join(f"{name} {value}" for name, value in figures.items())
    return f"soak: seed {seed}, {rounds} rounds in {seconds:.0f} s ({rounds / seconds:.1f}/s): {items}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--thread", choices=("single", "multi"), default="single",
                        help="threads of the emulator: all CPUs in one, by turns, or each in one of its own")
    options = parser.parse_args()
    print(f"soak: seed {options.seed}, {options.rounds} rounds", flush=True)
    began = told = time.monotonic()

    def progress(soak, done):
        nonlocal told
        if time.monotonic() - told > 10:
            told = time.monotonic()
            figures = soak.figures()
            print(f"soak: {done} rounds, {done / (told - began):.1f}/s, {figures['rings']} rings, "
                  f"{figures['state_changes']} State changes", flush=True)

    with tempfile.TemporaryDirectory() as directory, \
            Soak(Path(directory), options.rounds, options.seed, accel=f"tcg,thread={options.thread}") as soak:
        try:
            figures = soak.run(progress)
        except SoakError as error:
            print(error)
            return 1
    print(summary(figures, options.rounds, time.monotonic() - began, options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
