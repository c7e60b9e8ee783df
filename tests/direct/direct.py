# SPDX-License-Identifier: BSD-2-Clause
"""Direct boot in QEMU: bundles made of YAML text, taken apart and put together again, and a machine that one is started
in. Its serial line is only recorded; where CPUs are and what memory holds is asked of the emulator.
"""
import ctypes
import itertools
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build").resolve()
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests/system"), str(ROOT / "tests/bench")]

from bulkhead_config import abi, bundle, cli		# noqa: E402
from cellfile import CellFile				# noqa: E402
from excursions import watch				# noqa: E402
from guest import HYPERVISOR_LINES, Console, GuestError, end_process	# noqa: E402

IMAGE = Path(os.environ.get("BULKHEAD_IMAGE") or BUILD / "arm64").resolve()	# another build of the hypervisor
HYPERVISOR = IMAGE / "jailhouse.bin"
NO_TRACE = BUILD / "no-trace/arm64"	# built with CONFIG_TRACE=n
NO_FAST_PATH = BUILD / "no-fast-path/arm64"	# with it, but with CONFIG_FAST_PATH=n
TRACE_ALL = BUILD / "trace-all/arm64"	# with CONFIG_TRACE_ALL=y
EFI_PROGRAM = IMAGE / "efi_app.bin"
HYPERVISOR_ELF = IMAGE / "hypervisor.elf"
INMATES = BUILD / "inmates"
PROXY = BUILD / "direct/proxy.bin"
DEMO_BUNDLE = BUILD / "configs/qemu-arm64-direct.bundle"
DEMO_ELF = BUILD / "configs/qemu-arm64-direct.elf"

MACHINE = "virt,gic-version=3,virtualization=on"
CPU = "cortex-a57"
CPUS = 4
BASE = 0x40200000		# hypervisor memory
IMAGE, AREAS = 0xb1d10000000, 0xb1d00000000		# where it is at EL2, and the areas of CPUs: hypervisor/arch/arm64/layout.h
GUEST_END = 0x200000		# of the RAM of cells, as they see it
SERIAL = ("-serial", "chardev:serial")

# A root cell that makes hypercalls for the test: where it is, and its mailbox (proxy.S)
PROXY_AT = 0x50000000
MAILBOX = PROXY_AT + 0x1000
ROOT_CELL = (f"  root:\n    root: true\n    entry: {PROXY_AT:#x}\n"
             f"    images: [{{ file: {PROXY}, at: {PROXY_AT:#x} }}]\n")

# For a loaded host; nothing waits for it when all is well.
TIMEOUT = 180
PAUSE = 0.0002		# between two looks at memory: who is waited for needs the processor


def compile_system(text, directory, boards=(), files=INMATES, hypervisor=HYPERVISOR):
    """A checked system for direct boot, ready for bundle.make()."""
    path = Path(directory) / "system.yaml"
    path.write_text(text, encoding="utf-8")
    image = bundle.parse_hypervisor(hypervisor, hypervisor.read_bytes())
    image.efi_program = bundle.parse_efi_program(EFI_PROGRAM.read_bytes(), image)
    return cli.load_direct(path, [directory, ROOT / "configs/boards", *boards], image, files)


def make_bundle(text, directory, **options):
    """The path of the bundle of a system file."""
    path = Path(directory) / "system.bundle"
    path.write_bytes(bundle.make(compile_system(text, directory, **options)))
    return path


def system_text(cells, links="", board="qemu-arm64", at=BASE, console="uart0"):
    """A system file. cells and links: lines of YAML."""
    console = f"  console: {console}\n" if console else ""
    return (f"system: test\nboard: {board}\nboot: direct\nhypervisor:\n  memory: {{ at: {at:#x}, size: 4 MiB }}\n"
            f"{console}cells:\n{cells}" + (f"links:\n{links}" if links else ""))


def cell_text(name, cpus, program, parameters="", more="", console="active"):
    """A cell with 2 MiB of RAM that runs an inmate. more: further keys, one line each. console: "off" for silence."""
    text = f', {{ text: "{parameters}", at: 0x1000 }}' if parameters else ""
    lines = "".join(f"    {line}\n" for line in more.splitlines())
    return (f"  {name}:\n    cpus: {cpus}\n    memory: {{ ram: {{ at: 0x0, size: 2 MiB }} }}\n"
            f"    communication-region: 0x80000000\n    virtual-console: {console}\n"
            f"    images: [{{ file: {program}.bin }}{text}]\n{lines}")


def board_text(**changes):
    """The board file of QEMU's machine under the name "other", with some lines replaced: key=rest of the line."""
    text = (ROOT / "configs/boards/qemu-arm64.yaml").read_text(encoding="utf-8")
    for key, value in {"board": "other", **changes}.items():
        text, found = re.subn(rf"^( *){key}: .*$", rf"\g<1>{key}: {value}", text, count=1, flags=re.M)
        assert found, key
    return text


RING_LINK = re.compile(r"^ring: link (\d+): peer (\d+): (\d+) asked, (\d+) answered$", re.M)


def ring_reports(text):
    """What ring-demo programs have said about each of their peers: (asked, answered) of all of them."""
    return [(int(asked), int(answered)) for _, _, asked, answered in RING_LINK.findall(text)]


def board_with_cpus(cpus):
    """QEMU's machine with so many CPUs, for -smp of that number."""
    return board_text(cpus=cpus, redistributors="{ at: 0x080a0000, size: 4 MiB }")


def boot_counts(path, directory, cpus, thread="single"):
    """Boots a bundle of ring-demo programs, CPU 0 being one of a cell: how often CPU 0 executes which address until it is in
    a guest, how many instructions the busiest other CPU executes meanwhile, and what is said. All CPUs are one thread: they
    take turns when they wait, and the counts are about the same each time."""
    out = Path(directory) / "counts"
    plugin = f"{BUILD / 'bench/boot_count.so'},guest={GUEST_END:#x},out={out}"
    with Machine(path, cpus=cpus, accel=f"tcg,thread={thread}", extra=["-plugin", plugin]) as machine:
        machine.program_says("^ring: done$", count=2)
        text = machine.console.text()
    first, *lines = out.read_text().splitlines()
    reached, busiest = first.split()
    assert reached == "guest", "CPU 0 has not come to a guest"
    counts = Counter()
    for address, count in map(str.split, lines):	# an instruction is there once for each translation of it
        counts[int(address, 16)] += int(count, 16)
    return counts, int(busiest), text


class Bundle:
    """A bundle whose bytes can be changed. seal() makes it whole again; without that it is damaged."""

    def __init__(self, content):
        self.bytes = bytearray(content)
        self.header = abi.ImageHeader.from_buffer(self.bytes)
        self._start = self.header.boot.bundle_offset
        self.directory = abi.Bundle.from_buffer(self.bytes, self._start)
        at = self._start + ctypes.sizeof(abi.Bundle)
        self.parts = (abi.BundlePart * self.directory.num_parts).from_buffer(self.bytes, at)
        at += ctypes.sizeof(self.parts)
        self.cells = (abi.BundleCell * self.directory.num_cells).from_buffer(self.bytes, at)
        at += ctypes.sizeof(self.cells)
        self.images = (abi.BundleImage * self.directory.num_images).from_buffer(self.bytes, at)
        at += ctypes.sizeof(self.images)
        self.mpidr = (abi.u64 * self.directory.num_cpus).from_buffer(self.bytes, at)

    @property
    def directory_range(self):
        return range(self._start, self._start + self.directory.size)

    def part_range(self, index):
        part = self.parts[index]
        return range(part.offset, part.offset + part.size)

    def cells_by_name(self):
        """name -> configuration, and what is loaded into the cell: guest address and content of each image."""
        return {config.cell.name.decode():
                (config, [(image.target, self._content(image.part))
                          for image in self.images[cell.first_image:cell.first_image + cell.num_images]])
                for cell in self.cells for config in [CellFile(self._content(cell.config_part))]}

    def _content(self, part):
        where = self.part_range(part)
        return bytes(self.bytes[where.start:where.stop])

    def change_config(self, part, change):
        """Applies a function to a configuration as a CellFile; its size cannot change."""
        where = self.part_range(part)
        new = CellFile(self.bytes[where.start:where.stop]).changed(change).bytes()
        assert len(new) == len(where)
        self.bytes[where.start:where.stop] = new
        return self

    def seal(self):
        for index, part in enumerate(self.parts):
            where = self.part_range(index)
            part.crc = zlib.crc32(self.bytes[where.start:where.stop])
        self.directory.crc = 0
        self.directory.crc = zlib.crc32(self.bytes[self._start:self.directory_range.stop])
        self.header.boot.check = bundle.header_check(self.header)
        return self

    def write(self, path):
        Path(path).write_bytes(self.bytes)
        return path


class Monitor:
    """QEMU's machine protocol, as far as it is needed."""

    def __init__(self, sock):
        self._sock = sock
        self._file = sock.makefile("rwb", buffering=0)
        self._sock.settimeout(TIMEOUT)
        self._file.readline()			# greeting
        self._execute("qmp_capabilities")

    def _execute(self, command, **arguments):
        self._file.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            line = self._file.readline()
            if not line:
                raise GuestError(f"the emulator ended during {command}")
            answer = json.loads(line)
            if "error" in answer:
                raise GuestError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def text(self, line):
        """The answer to a command for humans."""
        return self._execute("human-monitor-command", **{"command-line": line})

    def close(self):
        self._file.close()
        self._sock.close()


class Memory:
    """Physical memory of a running machine, through the emulator's protocol for tests of devices."""

    def __init__(self, sock):
        self._sock = sock
        self._file = sock.makefile("rb")
        self._sock.settimeout(TIMEOUT)

    def _ask_all(self, lines):
        """All questions at once: each way to the emulator and back waits for a processor."""
        self._sock.sendall("".join(f"{line}\n" for line in lines).encode())
        answers = [self._file.readline().decode().split() for _ in lines]
        for line, words in zip(lines, answers):
            if not words or words[0] != "OK":
                raise GuestError(f"memory: {line[:40]}: {' '.join(words)}")
        return [words[1:] for words in answers]

    def _ask(self, line):
        return self._ask_all([line])[0]

    def write(self, address, content):
        self.write_all([(address, content)])

    def write_all(self, places):
        """In this order; [(address, content)]"""
        self._ask_all([f"write {address:#x} {len(content):#x} 0x{content.hex()}" for address, content in places])

    def fill(self, address, size, byte):
        self._ask(f"memset {address:#x} {size:#x} {byte:#x}")

    def read(self, address, size):
        return self.read_all([address], size)

    def read_all(self, addresses, size):
        """What is there, one behind the other; some hundred at most."""
        answers = self._ask_all([f"read {address:#x} {size:#x}" for address in addresses])
        return b"".join(bytes.fromhex(word[2:]) for word, in answers)

    def close(self):
        self._file.close()
        self._sock.close()


# A run of tests that is killed takes its machines with it (setpriv(1))
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"]


class Machine:
    """One emulated machine, from its reset on."""

    _numbers = itertools.count(1)

    def __init__(self, kernel=None, cpus=CPUS, cpu=CPU, machine=MACHINE, extra=(), serial=SERIAL, log=None, accel="tcg",
                 restarts=False):
        # suites run beside each other
        log = log or BUILD / "results" / f"direct-{os.getpid()}-{next(self._numbers)}.log"
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        Path(log).write_bytes(b"")
        self.log = log
        self.kernel = kernel
        line, line_far = socket.socketpair()
        monitor, monitor_far = socket.socketpair()
        memory, memory_far = socket.socketpair()
        self.command = ["qemu-system-aarch64", "-machine", machine, "-cpu", cpu, "-smp", str(cpus), "-m", "1G",
                        "-accel", accel, "-nographic", "-nodefaults", *([] if restarts else ["-no-reboot"]),
                        "-chardev", f"socket,id=serial,fd={line_far.fileno()}", *serial,
                        "-chardev", f"socket,id=monitor,fd={monitor_far.fileno()}", "-mon", "monitor,mode=control",
                        "-chardev", f"socket,id=qtest,fd={memory_far.fileno()}", "-qtest", "chardev:qtest",
                        "-qtest-log", "none",
                        *(["-kernel", str(kernel)] if kernel else []), *map(str, extra)]
        self.command = watch(BUILD, self.command, BASE)
        self.started = time.monotonic()
        self.qemu = subprocess.Popen([*ENDS_WITH_US, *self.command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, pass_fds=[far.fileno() for far in (line_far, monitor_far, memory_far)])
        for far in (line_far, monitor_far, memory_far):
            far.close()
        self.console = Console(line, log)
        self._monitor_socket = monitor
        self._monitor = None
        self.memory = Memory(memory)
        self._requests = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def monitor(self):
        if self._monitor is None:
            self._monitor = Monitor(self._monitor_socket)
        return self._monitor

    def _fail(self, what):
        said = ""
        if self.qemu.poll() is not None:
            said = self.qemu.stdout.read().decode("utf-8", "replace").strip()
        raise GuestError(f"{what}\n{said}\n--- last lines of the serial line ({self.log}):\n{self.console.tail()}")

    def says(self, pattern, since=0, timeout=TIMEOUT):
        """Waits for a line on the serial line."""
        match = self.console.wait(pattern, since, timeout)
        if not match:
            self._fail(f"'{pattern}' was not said within {timeout} s")
        return match

    def lines(self):
        """Without the colours of boot loaders."""
        return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]", "", self.console.text()).splitlines()

    def programs(self):
        """What programs have said: lines of the hypervisor, which may stand in the middle of theirs, are taken out."""
        return HYPERVISOR_LINES.sub("", self.console.text())

    def program_says(self, pattern, count=1, timeout=TIMEOUT):
        """As says(), for programs; their lines may come count times. Gives the last match."""
        regex, end = re.compile(pattern, re.M), time.monotonic() + timeout
        while True:
            length = len(self.console.text())
            found = list(regex.finditer(self.programs()))
            if len(found) >= count:
                return found[count - 1]
            left = end - time.monotonic()
            if left <= 0 or self.console.closed:
                self._fail(f"no program said '{pattern}' ({count} times) within {timeout} s")
            self.console.wait(f"(?s).{{{length + 1}}}", 0, left)

    def cpu_states(self):
        """(PC, exception level) of each CPU; PC 0 if it was never switched on."""
        text = self.monitor.text("info registers -a")
        return [(int(pc, 16), int(level)) for pc, level in
                re.findall(r"^ ?PC=([0-9a-f]+).*?^PSTATE=\S+ \S+ (?:N?S )?EL(\d)", text, re.M | re.S)]

    def runs_guests_on(self, cpus, timeout=TIMEOUT):
        """CPUs have been seen in guests, and no other one. They are looked at until all of them have been."""
        seen, end = set(), time.monotonic() + timeout
        while seen != set(cpus):
            seen |= {cpu for cpu, (_, level) in enumerate(self.cpu_states()) if level == 1}
            if seen - set(cpus) or time.monotonic() > end:
                self._fail(f"guests run on CPUs {sorted(seen)}, not on {sorted(cpus)}")

    def word(self, address):
        """Four bytes of physical memory."""
        return int(self.monitor.text(f"xp /1wx {address:#x}").split(":")[1], 16)

    def word_changes(self, address, timeout=TIMEOUT):
        """Does somebody go on writing there? It is looked at until somebody has."""
        before, end = self.word(address), time.monotonic() + timeout
        while time.monotonic() < end:
            if self.word(address) != before:
                return True
            time.sleep(0.02)
        return False

    def hypercall(self, code, arg1=0, arg2=0, timeout=TIMEOUT):
        """Made by the root cell, which is the proxy (ROOT_CELL)."""
        self._requests += 1
        self.memory.write_all([(MAILBOX + 16, struct.pack("<3Q", code, arg1, arg2)),
                               (MAILBOX, struct.pack("<Q", self._requests))])
        end = time.monotonic() + timeout
        while True:
            answer, = struct.unpack("<Q", self.memory.read(MAILBOX + 8, 8))
            if answer == self._requests:
                return struct.unpack("<q", self.memory.read(MAILBOX + 40, 8))[0]
            if time.monotonic() > end or self.console.closed:
                self._fail(f"hypercall {code:#x} ({arg1:#x}, {arg2:#x}) was not answered within {timeout} s")
            time.sleep(PAUSE)

    def wait_end(self, timeout=TIMEOUT):
        """Until the machine switches itself off; QEMU's exit status."""
        try:
            return self.qemu.wait(timeout)
        except subprocess.TimeoutExpired:
            self._fail(f"the machine was not switched off within {timeout} s")

    def close(self):
        end_process(self.qemu)
        self.console.close()
        self.memory.close()
        if self._monitor:
            self._monitor.close()
        else:
            self._monitor_socket.close()
