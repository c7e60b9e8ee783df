# SPDX-License-Identifier: BSD-2-Clause
"""The broken configurations for the system tests: each is there, differs from its source, and only as said."""
import json
import subprocess
import sys

import pytest

from bulkhead_config import abi, binary
from conftest import BUILD, HERE

GENERATOR = HERE / "hostile/generate.py"


@pytest.fixture(scope="module", params=["", "fixed"])
def hostile(request, tmp_path_factory):
    good, out = BUILD / "configs" / request.param, tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, GENERATOR, good, out], check=True)
    return good, out, json.loads((out / "manifest.json").read_text())


def test_manifest(hostile):
    good, out, manifest = hostile
    names = [entry["file"] for entry in manifest]
    assert len(set(names)) == len(names) > 80
    assert {path.name for path in out.glob("*.cell")} == set(names) | {"second.cell"}
    for entry in manifest:
        assert entry["command"] in ("enable", "create") and entry["defect"]
        assert all((good / file).exists() for file in entry["before"])


def test_every_file_is_broken(hostile):
    good, out, manifest = hostile
    sources = {path.read_bytes() for path in [*good.glob("*.cell"), out / "second.cell"]}
    contents = {}
    for entry in manifest:
        content = (out / entry["file"]).read_bytes()
        assert entry["file"] == "cell-second-good.cell" or content not in sources
        assert not content or content not in contents, (entry["file"], contents.get(content))
        contents[content] = entry["file"]


def test_second_is_good_beside_the_first(hostile):
    good, out, _ = hostile
    first, second = (binary.parse(path.read_bytes()) for path in (good / "rtos.cell", out / "second.cell"))
    assert first.cell.name != second.cell.name
    assert not any(a & b for a, b in zip(first.arrays["cpu_set"], second.arrays["cpu_set"]))
    for a in first.arrays["memory_regions"]:
        for b in second.arrays["memory_regions"]:
            if not (a.flags | b.flags) & abi.CFG_MEM_COMM_REGION:
                assert a.phys_start + a.size <= b.phys_start or b.phys_start + b.size <= a.phys_start


def test_structural_defects_are_seen_by_the_decoder(hostile):
    _, out, manifest = hostile
    for entry in manifest:
        content = (out / entry["file"]).read_bytes()
        structural = any(word in entry["file"] for word in ("truncated", "garbage", "empty", "revision", "-count-"))
        try:
            parsed = binary.parse(content)
        except binary.BinaryError:
            assert structural or "signature" in entry["file"], entry["file"]
        else:
            assert not structural, entry["file"]
            assert parsed.pack() == content
