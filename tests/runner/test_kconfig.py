# SPDX-License-Identifier: BSD-2-Clause
"""A configuration is taken as it was written, or refused with the reason."""
import os
import re
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


def read(name):
    with open(f"{ROOT}/{name}", encoding="utf-8") as file:
        return file.read()


def options(text):
    return set(re.findall(r"^(?:# )?(CONFIG_\w+)[ =]", text, re.M))


def test_defconfig_is_complete(kconfig):
    text = read("configs/defconfig")
    status, error, header = kconfig(text)
    assert (status, error) == (0, "")
    assert options(text) == set(re.findall(r"^#define (CONFIG_\w+)", header, re.M))


@pytest.mark.parametrize("name, left_out", [("linux", "DIRECT_BOOT"), ("direct", "LATE_LAUNCH")])
def test_minimal_configurations(kconfig, name, left_out):
    """Each feature is decided on, and one way in is there."""
    text = read(f"configs/minimal_{name}_defconfig")
    status, error, header = kconfig(text)
    assert (status, error) == (0, "") and f"#define CONFIG_{left_out} 0\n" in header
    features = re.findall(r"^config (\w+)\n\tbool .*\n\tdefault y$", read("Kconfig"), re.M)
    assert options(text) >= {f"CONFIG_{feature}" for feature in features} - {"CONFIG_CELL_MANAGEMENT"}


def test_each_feature_is_left_out_once():
    """By `make kconfig-builds`"""
    features = set(re.findall(r"^config (\w+)\n\tbool .*\n\tdefault y$", read("Kconfig"), re.M))
    built = set(re.search(r"^HV_SWITCHES := (.*)$", read("tests/direct/build.mk"), re.M).group(1).split())
    assert features - built == {"FAST_PATH", "TRACE", "CELL_MANAGEMENT"}		# no-fast-path, no-trace, minimal-direct


@pytest.mark.parametrize("feature", ["DIRECT_BOOT", "CELL_MANAGEMENT"])
def test_what_another_one_needs(kconfig, feature):
    """One of the ways in; cells to manage under a running Linux"""
    late = "n" if feature == "DIRECT_BOOT" else "y"
    status, error, header = kconfig(f"CONFIG_LATE_LAUNCH={late}\nCONFIG_{feature}=n\n")
    assert status == 1 and header is None and f"CONFIG_{feature}=n was not accepted" in error


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
