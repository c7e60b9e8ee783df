# SPDX-License-Identifier: BSD-2-Clause
"""A configuration is taken as it was written, or refused with the reason."""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


@pytest.fixture
def kconfig(tmp_path):
    (tmp_path / "ci").mkdir()
    shutil.copy(f"{ROOT}/ci/kconfig.sh", tmp_path / "ci")
    shutil.copy(f"{ROOT}/Kconfig", tmp_path)

    def run(text):
        (tmp_path / "asked").write_text(text)
        result = subprocess.run(["ci/kconfig.sh", "asked", "config.h"], cwd=tmp_path, capture_output=True, text=True,
                                check=False)
        header = tmp_path / "config.h"
        return result.returncode, result.stderr, header.read_text() if header.exists() else None
    return run


def test_defconfig_is_complete(kconfig):
    with open(f"{ROOT}/configs/defconfig", encoding="utf-8") as file:
        text = file.read()
    status, error, header = kconfig(text)
    assert (status, error) == (0, "")
    asked = {line.split("=")[0] for line in text.splitlines() if line.startswith("CONFIG_")}
    asked |= {line.split()[1] for line in text.splitlines() if line.startswith("# CONFIG_")}
    assert asked == {line.split()[1] for line in header.splitlines() if line.startswith("#define CONFIG_")}


def test_values_reach_the_header(kconfig):
    status, _, header = kconfig("CONFIG_MAX_CPUS=7\nCONFIG_DEBUG=y\n")
    assert status == 0
    assert "#define CONFIG_MAX_CPUS 7\n" in header
    assert "#define CONFIG_DEBUG 1\n" in header
    assert "#define CONFIG_DEBUG 0\n" in kconfig("# CONFIG_DEBUG is not set\n")[2]


@pytest.mark.parametrize("line, words", [
    ("CONFIG_MAX_CPUS=4096", ["CONFIG_MAX_CPUS=4096", "1..1024"]),
    ("CONFIG_MAX_CPUS=many", ["CONFIG_MAX_CPUS=many"]),
    ("CONFIG_DEBUG=maybe", ["CONFIG_DEBUG=maybe"]),
    ("CONFIG_NO_SUCH=1", ["CONFIG_NO_SUCH", "no such option"]),
    ("CONFIG_STACK_SIZE=5000", ["CONFIG_STACK_SIZE=5000", "multiple of 512"]),
    ("MAX_CPUS=8", ["not understood"]),
])
def test_refused(kconfig, line, words):
    status, error, header = kconfig(line + "\n")
    assert status == 1 and header is None
    for word in words:
        assert word in error
