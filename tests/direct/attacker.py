# SPDX-License-Identifier: BSD-2-Clause
"""A cell that attacks as it is told (attacker.S), beside a root cell that is the test's hand and two cells that ring
each other all the time. All attacks share one machine: the root cell loads and starts the attacker anew for each.
"""
import re
import struct
import subprocess
import time

from direct import (BUILD, CPU, HYPERVISOR, INMATES, PAUSE, ROOT_CELL, TIMEOUT, Bundle, Machine, abi, cell_text, make_bundle,
                    system_text)
from root_cell import RootCell

ATTACKER = BUILD / "direct/attacker.bin"
RAM_PHYS, RAM_SIZE = 0x60000000, 0x200000
LINK, RING = 0x63000000, 0x63100000
STATES, COUNTERS = LINK, (RING + 0x1008, RING + 0x2000)
LINKS = (f"  l: {{ peers: [a, c, d], shared: 4 KiB, output: 4 KiB, at: {LINK:#x} }}\n"
         f"  r: {{ peers: [c, d], output: 4 KiB, at: {RING:#x} }}\n")

# Where accesses to nothing have an action of their own: by itself, of the root cell, the hypervisor, and a neighbour
STRAY_SIZE = 0x10000
IGNORED, ABORTED, FAILED = (0x90000000 + n * STRAY_SIZE for n in range(3))
IGNORED_ROOT, IGNORED_HYPERVISOR, ABORTED_FOREIGN = 0x50100000, 0x40300000, 0x60480000
STRAYS = "stray-ranges:\n" + "".join(
    f"  - {{ at: {start:#x}, size: {STRAY_SIZE:#x}, action: {action} }}\n" for action, starts in (
        ("ignore", (IGNORED, IGNORED_ROOT, IGNORED_HYPERVISOR)), ("abort", (ABORTED, ABORTED_FOREIGN)),
        ("fail", (FAILED,))) for start in starts)
CELLS = ROOT_CELL + cell_text("a", [1], "attacker", console="off", more=STRAYS) + "".join(
    cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff") for name, cpu in (("c", 2), ("d", 3)))

# attacker.S
MAILBOX, CODE, TABLES = 0x1000, 0x2000, 0x4000
REQUEST, ANSWER, ARGUMENTS, CAUSE, BEGUN = 0, 8, 16, 80, 152
CODE_SIZE = 0x1000
GIB = 1 << 30
REGION = 1 << 39
DEVICE, EL0, WINDOW = 1 * REGION, 2 * REGION, 3 * REGION	# the first 512 GiB once more
TOP = (1 << 44) - REGION					# shown as it is
VALID, TABLE, AF, SHARE, FOR_EL0 = 1, 3, 1 << 10, 3 << 8, 1 << 6
ATTRIBUTE_DEVICE = 1 << 2

ECAM, REGISTERS = 0x0f000000, 0xff000000
GICD, GICR, GICR_STEP = 0x08000000, 0x080a0000, 0x20000
ID_OF_A = 0							# peer number on LINK

ROOT_SPIS = 128			# interrupts 32 to 159: nobody raises or takes one
# Name, offset, bits for each interrupt; name, offset, size
SHARED_BANKS = (("IGROUPR", 0x80, 1), ("ISENABLER", 0x100, 1), ("IPRIORITYR", 0x400, 8), ("ICFGR", 0xc00, 2))
FRAME_REGISTERS = (("CTLR", 0, 4), ("WAKER", 0x14, 4), ("IGROUPR", 0x10080, 4), ("ISENABLER", 0x10100, 4),
                   ("IPRIORITYR", 0x10400, 32), ("ICFGR", 0x10c00, 8))


def block(address, extra=0):
    return address | AF | SHARE | VALID | extra


def page_tables():
    """The root, and four tables of 1 GiB blocks behind it, and that of the last 512 GiB."""
    root = [0] * 512
    order = [(0, 0, 0), (1, 0, ATTRIBUTE_DEVICE), (2, 0, FOR_EL0), (3, 0, None), (TOP // REGION, TOP, 0)]
    tables = []
    for n, (entry, start, extra) in enumerate(order):
        root[entry] = TABLES + 0x1000 * (n + 1) | TABLE
        tables += [0] * 512 if extra is None else [block(start + i * GIB, extra) for i in range(512)]
    return struct.pack(f"<{512 * (len(order) + 1)}Q", *root, *tables)


def assemble(codes, directory):
    """The machine code of each text, padded with zeros to even words."""
    lines = ["\t.arch armv8.5-a+sve+memtag+profile"]
    for n, code in enumerate(codes):
        lines += [f"\t.org {n * CODE_SIZE:#x}", *code.replace(">", "").split(";"), "\tret"]
    source = directory / "attacks.S"
    source.write_text("\n".join(lines) + f"\n\t.org {len(codes) * CODE_SIZE:#x}\n", encoding="utf-8")
    subprocess.run(["aarch64-linux-gnu-gcc", "-c", "-Wa,--no-warn", "-o", directory / "attacks.o", source], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", directory / "attacks.o",
                    directory / "attacks.bin"], check=True)
    binary = (directory / "attacks.bin").read_bytes()
    slots = [binary[at:at + CODE_SIZE].rstrip(b"\0") for at in range(0, len(binary), CODE_SIZE)]
    return {code: slot + bytes(-len(slot) % 8) for code, slot in zip(codes, slots)}

# Of a cell's interface to the interrupt controller: priority mask (ICC_PMR_EL1), group (ICC_IGRPEN1_EL1)
OPEN = "mov x9, #0xff; msr s3_0_c4_c6_0, x9; mov x9, #1; msr s3_0_c12_c12_7, x9; isb; "


class Answer:
    """How the code ended: cause 0 if it returned, else the number of the exception vector, from 1."""

    def __init__(self, data):
        self.cause, self.esr, self.elr, self.far, self.spsr, *self.x = struct.unpack("<9Q", data)

    def __str__(self):
        if not self.cause:
            return f"returned, x0 {self.x[0]:#x} x1 {self.x[1]:#x}"
        return f"exception, vector {self.cause - 1}, ESR {self.esr:#x}, PC {self.elr:#x}, FAR {self.far:#x}"


class Lab:
    """The machine and what is done in it."""

    def __init__(self, directory, codes, cells=CELLS, links=LINKS, board="qemu-arm64", hypervisor=HYPERVISOR, **options):
        (directory / "attacker.bin").write_bytes(ATTACKER.read_bytes()[:TABLES].ljust(TABLES, b"\0")
                                                 + page_tables())
        for program in "ring-demo.bin", "gic-demo.bin":
            (directory / program).write_bytes((INMATES / program).read_bytes())
        path = make_bundle(system_text(cells, links, board), directory, files=directory, hypervisor=hypervisor)
        self.codes = assemble(codes, directory)
        self.machine = Machine(path, **options)
        self.machine.says(r"^\d+ cells run, ")
        self.root = RootCell(self.machine, Bundle(path.read_bytes()))
        self.requests = 0
        self.since = 0

    def close(self):
        self.machine.close()

    # --- memory

    def read(self, address, size):
        return self.machine.memory.read(address, size)

    def word(self, address):
        return struct.unpack("<I", self.read(address, 4))[0]

    def changes(self, address):
        """Does somebody go on writing there? It is looked at until somebody has."""
        before, end = self.word(address), time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            if self.word(address) != before:
                return True
            time.sleep(PAUSE)
        return False

    # --- the attacker

    def restart(self, name="a"):
        """name: of the cell in whose memory it runs; its place in the bundle and its id are those of "a"."""
        self.mark()
        for step in self.root.set_loadable, self.root.load, self.root.start:
            assert not step("a")
        self.wait_said(f'cell "{name}" started\n')		# all of it: what comes behind a mark is a line of its own
        self.requests = 0

    def give(self, code, arguments=()):
        """To the attacker, which runs it at once."""
        self.requests += 1
        memory = self.machine.memory
        words = [argument & (1 << 64) - 1 for argument in arguments] + [0] * (8 - len(arguments))
        memory.write_all([(RAM_PHYS + CODE, self.codes[code]),
                          (RAM_PHYS + MAILBOX + ARGUMENTS, struct.pack("<8Q", *words)),
                          (RAM_PHYS + MAILBOX + REQUEST, struct.pack("<Q", self.requests))])

    def request(self, code, arguments=()):
        """As give(), and waits until it has begun. A cell that is loaded anew when it fails may have been by then: not for it."""
        self.give(code, arguments)
        end = time.monotonic() + TIMEOUT
        while struct.unpack("<Q", self.read(RAM_PHYS + MAILBOX + BEGUN, 8))[0] != self.requests:
            assert time.monotonic() < end, "the attacker does not take requests"
            time.sleep(PAUSE)

    def answer(self):
        """What has become of the request so far, None if nothing has."""
        data = self.read(RAM_PHYS + MAILBOX, BEGUN)
        return Answer(data[CAUSE:BEGUN]) if struct.unpack_from("<Q", data, ANSWER)[0] == self.requests else None

    def do(self, code, *arguments):
        """What the attacker may do, to prepare."""
        self.request(code, arguments)
        answer = self.wait_answer()
        assert answer and not answer.cause, f"{code}: {answer}"
        return answer.x[0]

    def wait_answer(self):
        """The answer; None if the cell has failed instead."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            answer = self.answer()
            if answer or any(re.fullmatch('cell ".*" failed', line) for line in self.said()):
                return answer
            time.sleep(PAUSE)
        raise AssertionError("neither an answer nor a failure")

    def wait_absent(self):
        """Until the attacker's State is 0."""
        end = time.monotonic() + TIMEOUT
        while self.word(STATES + 4 * ID_OF_A):
            assert time.monotonic() < end, "the attacker's State stays"

    def said(self):
        """Lines of the hypervisor and of programs since the attack."""
        return self.machine.console.text(self.since).splitlines()

    def wait_said(self, pattern):
        return self.machine.says(pattern, self.since, TIMEOUT)

    def mark(self):
        self.since = self.machine.console.mark()

    def neighbours_go_on(self):
        return all(self.changes(counter) for counter in COUNTERS)

    def gic_state(self, own):
        """What the interrupt controller holds of others; own is the attacker's interrupt."""
        places = {"CTLR": (GICD, 4)}
        places |= {name: (GICD + offset, 256 * bits // 8) for name, offset, bits in SHARED_BANKS}
        places |= {name: (GICD + offset + 4, ROOT_SPIS // 8) for name, offset in (("ISPENDR", 0x200), ("ISACTIVER", 0x300))}
        places |= {f"IROUTER {intid}": (GICD + 0x6000 + 8 * intid, 4) for intid in (33, 48, *range(own + 1, own + 12))}
        places |= {f"CPU {cpu} {name}": (GICR + GICR_STEP * cpu + offset, size)
                   for cpu in (0, 2, 3) for name, offset, size in FRAME_REGISTERS}
        data = self.machine.memory.read_all([at for start, size in places.values() for at in range(start, start + size, 4)], 4)
        state = {}
        for name, (_, size) in places.items():
            state[name], data = data[:size], data[size:]
        for name, _, bits in SHARED_BANKS:
            state[name] = (int.from_bytes(state[name], "little") & ~((1 << bits) - 1 << own * bits)) >> 32 * bits
        return state

    def switch_kick_off(self, cpu):
        """SGI 0 at the CPU's redistributor, as no guest can: cells have no SGIs there."""
        self.machine.memory.write(GICR + GICR_STEP * cpu + 0x10180, struct.pack("<I", 1))
        assert not self.word(GICR + GICR_STEP * cpu + 0x10100) & 1
