# SPDX-License-Identifier: BSD-2-Clause
"""Runs the test build of the tool in a directory of its own, with the driver replaced by shim.c."""
import os
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BULKHEAD_BUILD", ROOT / "build")).resolve()
NOT_LOADED = "the driver is not loaded: modprobe jailhouse, or insmod jailhouse.ko"
TOOL = BUILD / "tools/host/jailhouse-test"


class Request:
    """One recorded ioctl: number, payload, what the payload points to."""

    def __init__(self, line):
        number, *blobs = line.split()
        self.number = int(number, 16)
        self.blobs = [b"" if b == "-" else bytes.fromhex(b) for b in blobs]

    @property
    def cell(self):
        cell_id, padding, name = struct.unpack("<iI32s", self.blobs[0][:40])
        assert padding == 0
        return cell_id, name.rstrip(b"\0").decode()

    @property
    def images(self):
        count, padding = struct.unpack("<II", self.blobs[0][40:48])
        assert padding == 0 and len(self.blobs) == 1 + 2 * count
        addresses = [struct.unpack("<QQ", b) for b in self.blobs[1::2]]
        assert all(padding == 0 for _, padding in addresses)
        return list(zip([address for address, _ in addresses], self.blobs[2::2]))


class Sandbox:
    def __init__(self, path, shim):
        self.path, self.shim = path, shim
        (path / "dev").mkdir()
        self.device = path / "dev/jailhouse"
        self.device.touch()

    def run(self, *arguments, env=None, argv0=None, **options):
        environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C", "LD_PRELOAD": str(self.shim),
            "SHIM_LOG": str(self.path / "log"), "ASAN_OPTIONS": "verify_asan_link_order=0",
            **(env or {}),
        }
        options = {"capture_output": True, **options}
        return subprocess.run([argv0 or "jailhouse", *arguments], executable=TOOL, cwd=self.path,
                              env=environment, text=True, timeout=60, **options)

    def requests(self):
        log = self.path / "log"
        return [Request(line) for line in log.read_text().splitlines()] if log.exists() else []

    def file(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def cell(self, cell_id, name="linux\n", state="running\n", cpus="0\n", failed="\n"):
        for attribute, value in (("name", name), ("state", state), ("cpus_assigned_list", cpus),
                                 ("cpus_failed_list", failed)):
            self.file(f"sys/cells/{cell_id}/{attribute}", value)


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                    f"-I{ROOT}/include", "-o", path, Path(__file__).with_name("shim.c")], check=True)
    return path


@pytest.fixture
def box(tmp_path, shim):
    assert TOOL.exists(), f"{TOOL} is missing: run `make check-cli`"
    return Sandbox(tmp_path, shim)


@pytest.fixture
def usage(box):
    return box.run("--help").stdout
