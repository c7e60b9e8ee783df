# SPDX-License-Identifier: BSD-2-Clause
"""The plug-in excursions.so: what it has to know about an image, and what it has found out. TAGS says which function of
the hypervisor tells what an exit is for; an exit that gets to none of them has the name of its kind alone. SWEEPS says
which functions go over the RAM of cells.
"""
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]

# Name: functions. An exit that executes several of them has the first name here. Each has to be in the image.
TAGS = {
    "panic": ["panic", "panic_at"],
    "disable": ["hypervisor_disable"],
    "create": ["cell_create"],
    "start": ["cell_start"],
    "set_loadable": ["cell_set_loadable"],
    "destroy": ["cell_destroy"],
    "boot": ["setup_cpu"],
    "restart": ["load_images"],
    "violation": ["guest_violation"],
    "cpu_on": ["cpu_switch_on"],
    "cpu_off": ["cpu_switch_off"],
    "machine_end": ["machine_end_for_cell"],
    "revocation": ["cpu_handle_revocation"],
    "event": ["cpu_handle_events"],
    "console": ["console_putc"],
    "link_info": ["ivshmem_link_info", "ivshmem_own_info"],
    "cell_info": ["cell_info", "cell_fault"],
    "doorbell": ["ivshmem_ring"],
    "state": ["ivshmem_write_state"],
    "interrupt_control": ["write_interrupt_control"],
    "register": ["read_page", "write_page"],
    "msix": ["read_msix", "write_msix"],
    "pci_config": ["read_ecam", "write_ecam"],
    "distributor": ["read_distributor", "write_distributor"],
    "redistributor": ["read_redistributor", "write_redistributor"],
    "subpage": ["access_subpage"],
    "sgi": ["vgic_send_sgi"],
    "forwarded": ["vgic_inject_hardware"],
    "undefined": ["inject_undefined"],
    "abort": ["inject_external_abort"],
}

# Scrub and clean RAM of cells, line by line: how long that takes is the size of that RAM. With all that they call.
SWEEPS = {"sweep_range"}

# Checksums of a bundle: how long they take is its size, to the byte
CHECKSUMS = {"arch_crc32_update", "crc32_update"}

# A parked CPU prints about its failing, one line after the other: who calls, what
PIECE = ("cpu_handle_events", "report_line")

# Of assembly, what continues an exit and bears a name: by default a label inside is none
CONTINUATIONS = {"other_abort", "other_doorbell", "abort_to_c", "no_hypercall", "other_class", "sync_in_c", "kick", "irq_in_c"}
LABELS = {"doorbell_values"}

# Registers that make an SPI pending: GICD_ISPENDR, on QEMU's machine
RAISE = (0x08000200, 0x08000280)


def plain(name):
    """Without what the compiler puts behind the name of a copy."""
    return re.sub(r"\.(constprop|isra|part|cold|lto_priv)\b.*$", "", name)


class Image:
    """Functions of the hypervisor by address. Labels inside functions of assembly are none."""

    def __init__(self, path):
        with open(path, "rb") as file:
            symbols = [symbol for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols() if symbol.name]
        addresses = {symbol.name: symbol["st_value"] for symbol in symbols}
        self.low, self.high, self.vectors = (addresses[name] for name in ("image_start", "image_end", "vectors"))
        text = range(addresses["image_start"], addresses["image_rodata"])
        symbols = sorted((symbol for symbol in symbols if symbol["st_value"] in text and not symbol.name.startswith("$")
                          and symbol.name not in LABELS | {"image_start", "image_rodata"}), key=lambda symbol: symbol["st_value"])
        found, end = {}, text.start		# end: of a function of C, which has a size
        for symbol in symbols:
            info, address = symbol["st_info"], symbol["st_value"]
            if info["type"] == "STT_FUNC":
                end = address + symbol["st_size"]
            elif (info["bind"] != "STB_GLOBAL" and symbol.name not in CONTINUATIONS
                  and not re.search(r"_entry$|^hypervisor_", symbol.name)):
                if not end or address < end:
                    continue
                end = 0		# assembly: what follows is inside, until a name says otherwise
            else:
                end = 0
            found[address] = plain(symbol.name)
        self.functions = sorted(found.items())

    def missing(self):
        """Tags that no function tells, and functions of SWEEPS, CHECKSUMS and PIECE that are not there."""
        names = {name for _, name in self.functions}
        return sorted({tag for tag, functions in TAGS.items() if not names & set(functions)} | (SWEEPS | CHECKSUMS | set(PIECE)) - names)

    def describe(self, raises=RAISE):
        """The file that the plug-in reads."""
        lines = [f"range {self.low:x} {self.high:x}", f"vectors {self.vectors:x}", "raise {:x} {:x}".format(*raises)]
        lines += [f"function {address:x} {name}" for address, name in self.functions]
        for tag, functions in TAGS.items():
            numbers = [f"{n:x}" for n, (_, name) in enumerate(self.functions) if name in functions]
            lines.append(" ".join(["tag", tag, *numbers]))
        places = [[f"{n:x}" for n, (_, name) in enumerate(self.functions) if name == part][:1] for part in PIECE]
        if all(places):
            lines.append(" ".join(["piece", *sum(places, [])]))
        return "\n".join(lines) + "\n"


def plugin(build, image, out, phys=None, log=None, marks=()):
    """The argument of -plugin. image: the file of describe(). log: "on" or "all"."""
    more = [f"phys={phys:#x}"] if phys else []
    more += [f"log={log}"] if log else []
    more += [f"pc={pc:#x}:{mark}" for pc, mark in marks]
    return ",".join([str(Path(build) / "bench/excursions.so"), f"image={image}", f"out={out}", *more])


# --- machines of the tests: where their emulators leave what they have seen

DIRECTORY = os.environ.get("BULKHEAD_EXCURSIONS")


# Other builds of the hypervisor that some tests boot: other addresses
BUILDS = ["", "no-trace", "trace-all", "no-fast-path", "minimal-direct", "minimal-managed", "minimal-linux"]


def text_of(image):
    """Some text of a jailhouse.bin, behind its header and what is filled in there"""
    return Path(image).read_bytes()[0x1000:0x5000]


def build_of(build, command):
    """Of BUILDS, the one that a file of an emulator's command has in it; else the first one."""
    names = {part.removeprefix("file=") for argument in command for part in str(argument).split(",")}
    files = [Path(name).read_bytes() for name in sorted(names) if Path(name).is_file()]
    for name in BUILDS[1:]:
        image = Path(build) / name / "arm64/jailhouse.bin"
        if image.exists() and any(text_of(image) in file for file in files):
            return name
    return BUILDS[0]


def watch(build, command, phys=None):
    """The command of an emulator, with the plug-in if make says so (bench-worst)."""
    if not DIRECTORY:
        return command
    handle, out = tempfile.mkstemp(suffix=".json", dir=DIRECTORY)
    os.close(handle)
    return [*command, "-plugin", plugin(build, description(DIRECTORY, build_of(build, command)), out, phys)]


def description(directory, name):
    return Path(directory) / f"image{name}.txt"


def descriptions(build):
    """{name: text} of those of BUILDS that there are"""
    elfs = {name: Path(build) / name / "arm64/hypervisor.elf" for name in BUILDS}
    return {name: Image(elf).describe() for name, elf in elfs.items() if elf.exists()}


def prepare(build, directory):
    """An empty directory for watch()."""
    shutil.rmtree(directory, ignore_errors=True)
    Path(directory).mkdir(parents=True)
    for name, text in descriptions(build).items():
        description(directory, name).write_text(text, encoding="utf-8")


def is_prepared(build, directory):
    """Was that directory made for the builds that there are now?"""
    return all(description(directory, name).exists() and description(directory, name).read_text(encoding="utf-8") == text
               for name, text in descriptions(build).items())


def merge(results):
    """{cause: what the plug-in writes of one}, of many machines"""
    merged = {}
    for result in results:
        for cause, record in result["causes"].items():
            into = merged.setdefault(cause, {"count": 0, "sum": 0, "waited": 0, "min": record["min"], "max": 0,
                                             "histogram": {}})
            if record["max"] > into["max"]:
                into["max"], into["longest"] = record["max"], record["longest"]
            into["min"] = min(into["min"], record["min"])
            into["count"] += record["count"]
            into["sum"] += record["sum"]
            into["waited"] += record["waited"]
            into["histogram"] = dict(Counter(into["histogram"]) + Counter(record["histogram"]))
    return merged


def load_all(directory):
    """What all machines have left there. One that was killed has left nothing."""
    results = []
    for path in sorted(Path(directory).glob("*.json")):
        text = path.read_text(encoding="utf-8")
        if text:
            results.append(json.loads(text))
    return results


# --- call trees: lists of [number of the parent or -1, function, executed there, calls, how much of that it waited]

def inclusive(tree):
    """Executed in each node and below it, without waiting"""
    sums = [executed - waited for _, _, executed, _, waited in tree]
    for n in range(len(tree) - 1, -1, -1):	# parents stand before their children
        if tree[n][0] >= 0:
            sums[tree[n][0]] += sums[n]
    return sums


def spent(tree, functions):
    """Executed in these functions, and in all that they call: to sweep RAM of cells (SWEEPS), for CHECKSUMS"""
    sums, below, total = inclusive(tree), [], 0
    for n, (parent, name, *_) in enumerate(tree):
        below.append(name in functions or (parent >= 0 and below[parent]))
        if below[n] and not (parent >= 0 and below[parent]):
            total += sums[n]
    return total


def path_of(tree):
    """Where most was executed: [(function, executed there and below, without waiting)], from the outermost on"""
    sums, path, parent = inclusive(tree), [], -1
    while True:
        children = [n for n, node in enumerate(tree) if node[0] == parent]
        if not children:
            return path
        best = max(children, key=lambda n: sums[n])
        if parent >= 0 and sums[best] * 4 < sums[parent]:		# much of it is the function's own
            return path
        path.append((tree[best][1], sums[best]))
        parent = best


def by_function(tree):
    """{function: executed}"""
    counts = Counter()
    for _, function, executed, *_ in tree:
        counts[function] += executed
    return counts
