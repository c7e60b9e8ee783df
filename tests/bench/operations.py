# SPDX-License-Identifier: BSD-2-Clause
"""What operations cost, in instructions and exits: machines that do them (inmates/bench), and what the plug-in has seen
there.

QEMU counts time in instructions (-icount), so a run is the same as the one before, and all repetitions of an operation
have to cost the same.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

import excursions

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/direct"))

from direct import (BASE, BUILD, CPU, CPUS, ENDS_WITH_US, HYPERVISOR_ELF, INMATES, Bundle, Machine,	# noqa: E402
                    board_text, board_with_cpus, cell_text, make_bundle, system_text)
from guest import MACHINE as LINUX_MACHINE		# noqa: E402
from soak import COMM_AT, ROOT_AT, comm_region		# noqa: E402

MARKS = ROOT / "inmates/bench/bench_marks.h"
ICOUNT = ["-icount", "shift=0,sleep=off"]
CONFIG_AT, IMAGE_AT = 0x54000000, 0x54100000
SENDER, RECEIVER = 0, 1		# CPUs
RECEIVERS, LINKS = 8, 31		# in turn
CACHE = Path(os.environ.get("BULKHEAD_CACHE", "/var/cache/bulkhead"))

# As configs/systems/qemu-arm64-fixed.yaml has it
LINUX_HYPERVISOR = 0x7fc00000
LINUX_COMMAND_LINE = "console=ttyAMA0 panic=-1 rdinit=/init.bench nokaslr mem=768M"
LINUX_TIMEOUT = 1800		# seconds of a loaded host; it takes some

DONE = r"^bench: (done|failed).*\n"
IRQ_VECTOR = 0x280		# current EL with SP_ELx (DDI 0487, D1.4.1)

class BenchError(Exception):
    """Nothing was measured; the text says why."""


def mark_numbers():
    """{name of an operation in lower case: its number}"""
    body = re.search(r"enum bench_operation \{(.*?)\}", MARKS.read_text(encoding="utf-8"), re.S).group(1)
    return {name.lower(): n for n, name in enumerate(re.findall(r"^\tBENCH_(\w+),", body, re.M))}


NUMBERS = mark_numbers()
REPETITIONS = int(re.search(r"^#define BENCH_REPETITIONS\t(\d+)$", MARKS.read_text(encoding="utf-8"), re.M).group(1))


class Log:
    """What happened on each CPU, in order."""

    def __init__(self, events):
        self.events = [Event(*event) for event in events]

    def brackets(self, operation, cpu):
        """What happened on a CPU between the marks of an operation: a list for each time, with both marks."""
        begin, end = 2 * NUMBERS[operation], 2 * NUMBERS[operation] + 1
        found, inside = [], None
        for event in self.events:
            if event.cpu != cpu:
                continue
            if event.is_mark(begin):
                inside = []
            if inside is not None:
                inside.append(event)
            if event.is_mark(end) and inside is not None:
                found.append(inside)
                inside = None
        if not found:
            raise BenchError(f"{operation} was never done")
        return found

    def after(self, operation, cpu, other, until):
        """What happened on another CPU from each begin of an operation to the next end of `until` there."""
        found, inside = [], None
        for event in self.events:
            if event.cpu == cpu and event.is_mark(2 * NUMBERS[operation]):
                inside = []
            elif event.cpu == other and inside is not None:
                inside.append(event)
                if event.is_mark(2 * NUMBERS[until] + 1):
                    found.append(inside)
                    inside = None
        return found


class Event:
    """A mark (number, guest instructions of the CPU before it), or an excursion."""

    def __init__(self, what, cpu, *rest):
        self.cpu, self.mark = cpu, None
        if what == "mark":
            self.mark, self.guest = rest
        else:
            self.cause, self.executed, self.waited, self.raised, self.tree, self.runs = rest

    def is_mark(self, number):
        return self.mark == number


def exits(events):
    return [event for event in events if event.mark is None]


def until_vector(events):
    """Excursions up to the first instruction of the handler"""
    for n, event in enumerate(events):
        if event.is_mark(2 * NUMBERS["vector"]):
            return exits(events[:n])
    raise BenchError("no interrupt came")


def until_raised(events):
    """Up to the store that makes the interrupt pending, or all of it, if that is in no exit"""
    total = 0
    for event in exits(events):
        if event.raised:
            return total + event.raised
        total += event.executed
    return total


def executed(events):
    """Without turns of loops that wait for other CPUs"""
    return sum(event.executed - event.waited for event in exits(events))


def swept(events):
    """Of that, to scrub and clean RAM of cells"""
    return sum(excursions.spent(event.tree, excursions.SWEEPS) for event in exits(events))


def checksums(events):
    """Of that, for checksums of the bundle"""
    return sum(excursions.spent(event.tree, excursions.CHECKSUMS) for event in exits(events))


def guest(events):
    """Instructions of the guest between the marks"""
    return events[-1].guest - events[0].guest - 1


def one(operation, values):
    """The figure of all repetitions but the first two, which may take a way through C that remembers how: docs/fast-path.md."""
    values = values[2:] if len(values) > 3 else values[1:] if len(values) > 2 else values
    if len(set(values)) != 1:
        raise BenchError(f"{operation}: not the same each time: {values}")
    return values[0]


def of_rounds(operation, values, length):
    """The mean of a round of so many, rounded up. Half of the rounds are to come to rest in; the others have to agree."""
    rounds = [sum(values[n:n + length]) for n in range(0, len(values), length)]
    if len(rounds) < 2 or len(values) % length:
        raise BenchError(f"{operation}: {len(values)} are no rounds of {length}")
    late = set(rounds[len(rounds) // 2:])
    if len(late) != 1:
        raise BenchError(f"{operation}: rounds are not the same each time: {rounds}")
    return -(-late.pop() // length)


# --- machines

def image_of(build):
    """Where an image is: the default one if there is no name, or that of another build"""
    return BUILD / build / "arm64"


def vector_of(program):
    with open(INMATES / f"{program}.elf", "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("vectors")
    return symbols[0]["st_value"] + IRQ_VECTOR


def run(bundle, directory, until, program, extra=(), log="on", build="", cpus=CPUS):
    """Boots a bundle under the plug-in until something was said: (what the plug-in has seen, what was said)"""
    image, out = Path(directory) / "image.txt", Path(directory) / "excursions.json"
    image.write_text(excursions.Image(image_of(build) / "hypervisor.elf").describe(), encoding="utf-8")
    marks = [(vector_of(program), 2 * NUMBERS["vector"])]
    argument = excursions.plugin(BUILD, image, out, BASE, log, marks)
    with Machine(bundle, cpus=cpus, accel="tcg,thread=single", extra=[*ICOUNT, "-plugin", argument, *extra],
                 log=BUILD / f"bench/{program}.log") as machine:
        machine.says(until)
        text = machine.console.text()
    if "bench: failed" in text:
        raise BenchError(text)
    return json.loads(out.read_text(encoding="utf-8")), text


def link_bundle(directory, **options):
    """Peer 0 and three others, of which one has its interrupts off; each has a CPU."""
    cells = "".join(cell_text(name, [cpu], "bench", parameters)
                    for cpu, (name, parameters) in enumerate([("ops", ""), ("b", ""), ("c", ""), ("d", "enable=0")]))
    return make_bundle(system_text(cells, "  l: { peers: [ops, b, c, d], output: 4 KiB }\n"), directory, **options)


def turns_bundle(directory, **options):
    """Peer 0 and RECEIVERS others, which have a CPU each"""
    (Path(directory) / "other.yaml").write_text(board_with_cpus(1 + RECEIVERS), encoding="utf-8")
    names = ["ops", *(f"r{n}" for n in range(1, 1 + RECEIVERS))]
    cells = "".join(cell_text(name, [cpu], "bench", "" if cpu else "turns=1") for cpu, name in enumerate(names))
    links = f"  l: {{ peers: [{', '.join(names)}], output: 4 KiB }}\n"
    return make_bundle(system_text(cells, links, board="other"), directory, **options)


def many_links_bundle(directory, **options):
    """A cell with LINKS links, all to the same one, which sleeps"""
    cells = cell_text("ops", [0], "bench", f"links={LINKS}") + cell_text("other", [1], "steady")
    links = "".join(f"  l{n}: {{ peers: [ops, other], output: 4 KiB }}\n" for n in range(LINKS))
    return make_bundle(system_text(cells, links), directory, **options)


def pair_bundle(directory, **options):
    """A cell with two CPUs, and another one."""
    cells = cell_text("pair", [SENDER, RECEIVER], "bench", f"second={RECEIVER}") + cell_text("other", [2, 3], "ring-demo")
    return make_bundle(system_text(cells), directory, **options)


def managing_bundle(directory, manager, managed, others=("", ()), links="", manages=True, **board):
    """A root cell that is a program, and a cell with one CPU, 2 MiB and a link to it, which the root cell manages. Made twice:
    what the root cell has to know of the result, its parameters, is in it then.

    manager: the root cell's program; managed: name and CPU of the cell; others: text and programs of further cells;
    links: lines of YAML beside its own; manages: has the program parameters; board: as for board_text()
    """
    directory = Path(directory)
    for name in (manager, "ring-demo", *others[1]):
        (directory / f"{name}.bin").write_bytes((INMATES / f"{name}.bin").read_bytes())
    (directory / "other.yaml").write_text(board_text(dram="{ at: 0x40000000, size: 2 GiB }", **board), encoding="utf-8")
    size = (directory / "ring-demo.bin").stat().st_size
    for name in ("comm", "config"):
        (directory / f"{name}.bin").write_bytes(bytes(4096))
    ram = ident = 0
    for _ in range(2):
        parameters = f"config={CONFIG_AT:#x} image={IMAGE_AT:#x} size={size:#x} ram={ram:#x} id={ident}" if manages else ""
        cells = (f"  root:\n    root: true\n    virtual-console: active\n    entry: {ROOT_AT:#x}\n    images:\n"
                 f"      - {{ file: {manager}.bin, at: {ROOT_AT:#x} }}\n"
                 f"      - {{ text: \"{parameters}\", at: {ROOT_AT + 0x1000:#x} }}\n"
                 f"      - {{ file: comm.bin, at: {COMM_AT:#x} }}\n      - {{ file: config.bin, at: {CONFIG_AT:#x} }}\n"
                 f"      - {{ file: ring-demo.bin, at: {IMAGE_AT:#x} }}\n")
        cells += others[0]
        cells += cell_text(managed[0], [managed[1]], "ring-demo", more="passive: true").replace(
            "size: 2 MiB }", "size: 2 MiB, loadable: true }")
        own = f"  l: {{ peers: [root, {managed[0]}], output: 4 KiB }}\n"
        path = make_bundle(system_text(cells, links + own, board="other"), directory, files=directory)
        made = Bundle(path.read_bytes()).cells_by_name()
        root, config = made["root"][0], made[managed[0]][0]
        (directory / "comm.bin").write_bytes(comm_region(root.header).ljust(4096, b"\0"))
        (directory / "config.bin").write_bytes(config.bytes().ljust(4096, b"\0"))
        ram = next(region.phys_start for region in config.memory_regions if region.virt_start == 0)
        ident = config.cell.id
    return path


def life_bundle(directory):
    """One cell, which is created, started and destroyed"""
    return managing_bundle(directory, "bench_root", ("cell", 3))


def boot_bundle(directory, **options):
    """As make direct-figures has it"""
    cells = cell_text("a", [0, 1], "ring-demo", "rounds=20") + cell_text("b", [2, 3], "ring-demo", "rounds=20")
    return make_bundle(system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n"), directory, **options)


# --- figures

def link_figures(directory, build=""):
    """{figure: value}, and the doorbell that plot.py draws"""
    bundle = link_bundle(directory, hypervisor=image_of(build) / "jailhouse.bin")
    result, text = run(bundle, directory, DONE, "bench", build=build)
    log = Log(result["log"])
    figures = {}
    for name in ("empty", "nops", "null", "psci_version"):
        figures[name] = one(name, [executed(events) + guest(events) for events in log.brackets(name, SENDER)])
    for name in ("wfi", "reg_read", "state_same", "state_change", "int_ctrl", "cfg_read", "cfg_write", "gicd_read",
                 "gicd_write_1"):
        figures[name] = one(name, [executed(events) for events in log.brackets(name, SENDER)])
    for name in ("sgi_self", "timer"):
        figures[name] = one(name, [executed(until_vector(events)) for events in log.brackets(name, SENDER)])
    figures["doorbell_tx"] = one("doorbell_tx", [executed(events) for events in log.brackets("doorbell", SENDER)])
    sent = log.brackets("doorbell", SENDER)
    received = log.after("doorbell", SENDER, RECEIVER, "received")
    if len(sent) != len(received):
        raise BenchError(f"{len(sent)} doorbells were sent, {len(received)} came")
    figures["doorbell_ring"] = one("doorbell_ring", [until_raised(events) for events in sent])
    figures["doorbell_rx"] = one("doorbell_rx", [executed(until_vector(events)) for events in received])
    figures["doorbell_path"] = figures["doorbell_ring"] + figures["doorbell_rx"]
    figures["doorbell_exits"] = one("doorbell_exits", [len(exits(a)) + len(exits(b)) for a, b in zip(sent, received)])
    found = re.search(r"^bench: PMU: empty (\d+), 8 nops (\d+), null (\d+)$", text, re.M)
    pmu = dict(zip(("empty", "nops", "null"), map(int, found.groups()))) if found else {}
    for name in ("empty", "nops", "null"):
        if figures.get(name) != pmu.get(name):
            raise BenchError(f"{name}: {figures[name]} instructions by the plug-in, {pmu.get(name)} by the PMU")
    if (figures.pop("empty"), figures.pop("nops")) != (0, 8):
        raise BenchError("8 nops are not 8 instructions")
    return figures, {"sender": picture(sent[-1]), "receiver": picture(received[-1])}


def turns_figures(directory, build=""):
    """Doorbells to RECEIVERS peers in turn"""
    bundle = turns_bundle(directory, hypervisor=image_of(build) / "jailhouse.bin")
    log = Log(run(bundle, directory, DONE, "bench", build=build, cpus=1 + RECEIVERS)[0]["log"])
    sent = log.brackets("ring_in_turn", SENDER)
    received = [log.after("ring_in_turn", SENDER, cpu, "received") for cpu in range(1, 1 + RECEIVERS)]
    if len(sent) != RECEIVERS * REPETITIONS or {len(rounds) for rounds in received} != {REPETITIONS}:
        raise BenchError(f"{len(sent)} doorbells were sent in turn, {[len(rounds) for rounds in received]} came")
    paths = [until_raised(events) + executed(until_vector(received[n % RECEIVERS][n // RECEIVERS]))
             for n, events in enumerate(sent)]
    return {"doorbell_8_tx": of_rounds("doorbell_8_tx", [executed(events) for events in sent], RECEIVERS),
            "doorbell_8_path": of_rounds("doorbell_8_path", paths, RECEIVERS)}


def many_links_figures(directory, build=""):
    """One register of each of LINKS links in turn"""
    bundle = many_links_bundle(directory, hypervisor=image_of(build) / "jailhouse.bin")
    log = Log(run(bundle, directory, DONE, "bench", build=build)[0]["log"])
    values = [executed(events) for events in log.brackets("read_in_turn", SENDER)]
    return {"reg_read_31": of_rounds("reg_read_31", values, LINKS)}


def pair_figures(directory, build=""):
    """SGIs between two CPUs of a cell"""
    bundle = pair_bundle(directory, hypervisor=image_of(build) / "jailhouse.bin")
    result, text = run(bundle, directory, DONE, "bench", build=build)
    if f"bench: done, {REPETITIONS} SGIs" not in text:
        raise BenchError(text)
    log = Log(result["log"])
    received = log.after("sgi_other", SENDER, RECEIVER, "sgi_received")
    return {"sgi_other_tx": one("sgi_other_tx", [executed(events) for events in log.brackets("sgi_other", SENDER)]),
            "sgi_other_rx": one("sgi_other_rx", [executed(until_vector(events)) for events in received])}


def guest_figures(build=""):
    """What links and interrupts cost a guest, and the doorbell that plot.py draws"""
    with tempfile.TemporaryDirectory() as directory:
        figures, doorbell = link_figures(directory, build)
    for machine in (turns_figures, many_links_figures, pair_figures):
        with tempfile.TemporaryDirectory() as directory:
            figures.update(machine(directory, build))
    return figures, doorbell


def picture(events):
    """Of the first exit among them, if there is one: what plot.py draws"""
    for event in exits(events):
        return {"tree": event.tree, "runs": event.runs, "raised": event.raised}
    return {"tree": [], "runs": [], "raised": 0}


def life_figures(directory):
    result, text = run(life_bundle(directory), directory, DONE, "bench_root", ["-m", "2G"])
    if "bench: done, 0 failures" not in text:
        raise BenchError(text)
    log = Log(result["log"])
    # the first time the cell is one of the bundle, which has to be forgotten
    figures = {}
    for name in ("create", "loadable", "start", "destroy"):
        times = log.brackets(name, SENDER)[1:]
        figures[name] = one(name, [executed(events) - swept(events) for events in times])
        figures[f"{name}_sweep"] = one(f"{name}_sweep", [swept(events) for events in times])
    if figures.pop("loadable_sweep"):
        raise BenchError("loadable: there is nothing to sweep")
    return figures


def boot_figures(directory):
    """And the memory that is in use then"""
    path = boot_bundle(directory)
    result, text = run(path, directory, r"(?s)^ring: done\n.*^ring: done\n", "ring-demo", log="all")
    free = int(re.search(r"^2 cells run, (\d+) pages free$", text, re.M).group(1))
    boot = next(event for event in exits(Log(result["log"]).events) if event.cpu == 0)
    header = Bundle(path.read_bytes()).header
    return {"boot": executed([boot]) - swept([boot]) - checksums([boot]), "boot_sweep": swept([boot]),
            "boot_crc": checksums([boot]), "ram_boot": header.boot.memory_size - free * 4096}


def minimal_figures(directory):
    """The same, of an image that has nothing that a system can do without"""
    path = boot_bundle(directory, hypervisor=BUILD / "minimal-direct/arm64/jailhouse.bin")
    with Machine(path) as machine:
        free = int(machine.says(r"^2 cells run, (\d+) pages free$").group(1))
    return {"ram_boot_direct": Bundle(path.read_bytes()).header.boot.memory_size - free * 4096}


def linux_figures(directory):
    """Late launch under Linux, and the end of it. What Linux does in between is the same each time, too: its clock
    counts instructions, and nothing comes from outside."""
    directory = Path(directory)
    root = directory / "root"
    (root / "bench").mkdir(parents=True)
    shutil.copy(ROOT / "tests/bench/linux-init", root / "init.bench")
    shutil.copy(BUILD / "configs/fixed/qemu-arm64.cell", root / "bench")
    subprocess.run(["bash", "-c", ". tests/system/pack.sh; pack \"$0\" \"$1\"", root, directory / "more.cpio.gz"],
                   check=True, cwd=ROOT)
    archive = directory / "rootfs.cpio.gz"
    archive.write_bytes((BUILD / "rootfs.cpio.gz").read_bytes() + (directory / "more.cpio.gz").read_bytes())
    image, out, log = directory / "image.txt", directory / "excursions.json", BUILD / "bench/linux.log"
    image.write_text(excursions.Image(HYPERVISOR_ELF).describe(), encoding="utf-8")
    command = ["qemu-system-aarch64", *LINUX_MACHINE, "-cpu", CPU, "-smp", str(CPUS), *ICOUNT,
               "-rtc", "base=2020-01-01,clock=vm", "-seed", "1", "-kernel", str(CACHE / "arm64/Image"),
               "-initrd", str(archive), "-append", LINUX_COMMAND_LINE, "-serial", "stdio",
               "-plugin", excursions.plugin(BUILD, image, out, LINUX_HYPERVISOR)]
    with open(log, "wb") as file:
        subprocess.run([*ENDS_WITH_US, *command], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                       timeout=LINUX_TIMEOUT, check=True)
    if b"bench: done" not in log.read_bytes():
        raise BenchError(f"the hypervisor was not started and ended in Linux, see {log}")
    causes = json.loads(out.read_text(encoding="utf-8"))["causes"]
    return {"enable": causes["enter/boot"]["max"], "disable": causes["hvc/disable"]["max"]}


def main():
    print(guest_figures()[0])
    with tempfile.TemporaryDirectory() as directory:
        print(life_figures(directory))
        print(boot_figures(directory))
    with tempfile.TemporaryDirectory() as directory:
        print(linux_figures(directory))


if __name__ == "__main__":
    main()
