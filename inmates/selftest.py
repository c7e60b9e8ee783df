#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The run-time of inmates on a bare QEMU machine: EL1, no hypervisor, a communication region made here.

Usage: selftest.py DIRECTORY-OF-BARE-IMAGES. Prints TAP; exit status 0 if all is well.
"""
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

COMM_ADDRESS = 0x80000000
RAM_ADDRESS = 0x40000000
RAM_SIZE = 2 << 30
IMAGE_ADDRESS = 0x50000000
STUB_ADDRESS = 0x4f000000
PARAMETER_OFFSET = 0x1000
QEMU = ["qemu-system-aarch64", "-machine", "virt,gic-version=3", "-cpu", "cortex-a57", "-m", "2G",
        "-display", "none", "-nodefaults", "-serial", "stdio", "-monitor", "none"]


def comm_region(revision=2, signature=b"JHCOMM", uart=3):
    """Same layout as include/bulkhead/comm_region.h; PL011, GICv3 and no PCI host of this machine."""
    console = struct.pack("<QIHHIIQ", 0x09000000, 0x1000, uart, 1, 0, 0, 0)
    head = signature + struct.pack("<HIIII", revision, 0, 0, 0, 0)
    tail = struct.pack("<QB7xQQQI", 0, 3, 0x08000000, 0, 0x080a0000, 16 * 0)
    return (head + console + tail).ljust(4096, b"\0")


class Machine:
    """A QEMU that runs one image; ends with the with-block."""

    def __init__(self, image, parameters, comm):
        self.tmp = tempfile.TemporaryDirectory()
        data = bytearray(open(image, "rb").read())
        text = parameters.encode() + b"\0"
        data[PARAMETER_OFFSET:PARAMETER_OFFSET + len(text)] = text
        self.ram = os.path.join(self.tmp.name, "ram")
        command = ["timeout", "30"] + QEMU + ["-machine", "memory-backend=ram", "-object",
                   f"memory-backend-file,id=ram,size={RAM_SIZE},share=on,mem-path={self.ram}"]
        with open(os.path.join(os.path.dirname(image), "selftest_stub.bin"), "rb") as file:
            stub = file.read()
        for name, content, address in (("image", bytes(data), IMAGE_ADDRESS), ("comm", comm, COMM_ADDRESS),
                                       ("stub", stub, STUB_ADDRESS)):
            path = os.path.join(self.tmp.name, name)
            with open(path, "wb") as out:
                out.write(content)
            command += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        command += ["-device", f"loader,addr={STUB_ADDRESS:#x},cpu-num=0"]
        self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.terminate()
        self.qemu.communicate()
        self.tmp.cleanup()

    def output(self, until):
        """Lines up to one that matches, or all there were when QEMU ended."""
        lines = []
        for line in self.qemu.stdout:
            lines.append(line.rstrip("\r\n"))
            if re.search(until, line):
                break
        return "\n".join(lines)

    def cell_state_becomes(self, wanted):
        while self.qemu.poll() is None:
            time.sleep(0.05)
            if not os.path.exists(self.ram):
                continue
            with open(self.ram, "rb") as ram:
                ram.seek(COMM_ADDRESS - RAM_ADDRESS + 8)
                if ram.read(4) == struct.pack("<I", wanted):
                    return True
        return False


CASES = [
    # text, image, parameters, last line, everything that has to be in the output
    ("uart-demo prints", "uart-demo", "lines=2", r"hello 2", ["hello 1 from bare metal"]),
    ("parameters: unknown words, hexadecimal, console chosen by name", "uart-demo",
     "linesx=5 foo con-type=PL011 lines=0x1", r"hello 1", []),
    ("parameters: a number that is none counts as absent", "gic-demo", "hz=abc lines=1", r"tick 1,",
     ["timer at 10 Hz"]),
    ("gic-demo gets its timer interrupts", "gic-demo", "hz=100 lines=5", r"tick 5,",
     ["timer at 100 Hz", "tick 1,"]),
    ("ivshmem-demo says that there is no PCI host", "ivshmem-demo", "", r"no PCI host",
     ["bare-metal cell started"]),
    ("attack_memory wants a name", "attack_memory", "attack=nonsense", r"Bail out", ['no attack "nonsense"']),
    ("an exception is reported with its registers", "attack_memory", "attack=el2-register", r"x18 .*stopped",
     ["undefined instruction", "ELR 00000000500", "1..1"]),
    ("a data abort is reported with its address", "attack_memory", "attack=read-device addr=0x0b800000",
     r"x18 .*stopped", ["data abort", "FAR 000000000b800000"]),
    ("an instruction abort is reported", "attack_memory", "attack=execute addr=0x7fff000000",
     r"stopped|TAP done", ["instruction abort"]),
    ("the end of an attack that went through", "attack_memory", "attack=write addr=0x60000000", r"TAP done",
     ["not ok 1 - write unmapped memory"]),
]


def main():
    images = sys.argv[1]
    failed = number = 0

    def result(good, text, output=""):
        nonlocal failed, number
        number += 1
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {text}", flush=True)
        if not good and output:
            print("# " + output.replace("\n", "\n# "), flush=True)

    print(f"1..{len(CASES) + 2}")
    for text, image, parameters, until, wanted in CASES:
        with Machine(f"{images}/{image}.bin", parameters, comm_region()) as machine:
            output = machine.output(until)
        result(re.search(until, output) and all(word in output for word in wanted), text, output)
    for what, comm in (("revision", comm_region(revision=1)),
                       ("signature", comm_region(signature=b"JHCOMN"))):
        with Machine(f"{images}/uart-demo.bin", "", comm) as machine:
            result(machine.cell_state_becomes(4), f"another {what} of the communication region: state 4")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
