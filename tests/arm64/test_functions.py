# SPDX-License-Identifier: BSD-2-Clause
"""Functions of the hypervisor image, run as arm64 code in QEMU's user mode. CRC-32 is compared with zlib's."""
import os
import random
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("BULKHEAD_BUILD") or Path(__file__).resolve().parents[2] / "build").resolve()
AREA, ALIGNMENTS, SIZES = 2 * 4096, 17, 150		# as in functions.c
VECTORS = {b"": 0, b"a": 0xe8b7be43, b"123456789": 0xcbf43926, b"\0" * 32: 0x190a55ad, b"\xff" * 32: 0xff6cab0b}


def run(mode, data=b""):
    done = subprocess.run(["qemu-aarch64", "-cpu", "cortex-a57", BUILD / "arm64-user/functions", mode], input=data,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def checksums(data):
    """What each of the four functions says, for all pieces."""
    output = run("crc", data)
    values = [~value & 0xffffffff for value, in struct.iter_unpack("<I", output)]
    return [values[n:n + 4] for n in range(0, len(values), 4)]


def test_strings():
    lines = run("string").decode().splitlines()
    assert lines[0] == "1..4" and len(lines) == 5
    assert all(line.startswith("ok ") for line in lines[1:]), lines


@pytest.mark.parametrize("seed", range(3))
def test_crc_is_that_of_zlib(seed):
    data = random.Random(seed).randbytes(AREA)
    pieces = [data[at:at + size] for at in range(ALIGNMENTS) for size in range(SIZES + 1)]
    pieces += [data[AREA - size:] for size in range(SIZES + 1)]
    pieces += [data] + [data] * (SIZES + 1)		# whole, and in two pieces
    assert checksums(data) == [[zlib.crc32(piece)] * 4 for piece in pieces]


@pytest.mark.parametrize("text", VECTORS, ids=repr)
def test_known_checksums(text):
    """Check values that are not computed by anybody here."""
    found = checksums(text.ljust(AREA, b"\0"))
    assert found[len(text)] == [VECTORS[text]] * 4
