# SPDX-License-Identifier: BSD-2-Clause
"""'make install' into the root file system of a target, and modules for another kernel than before."""
import os
import subprocess

import pytest

from conftest import BUILD, ROOT

SHARE, LIBEXEC = "usr/share", "usr/libexec/jailhouse"
FAKE_KERNEL = """\
modules:
	cat $(M)/jailhouse/main.c > /dev/null
	test ! -e $(M)/old.o && touch $(M)/old.o
	echo 'of {name}' | tee $(M)/jailhouse.ko > $(M)/uio_ivshmem.ko
"""


def make(*arguments):
    return subprocess.run(["make", "-s", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize("more, kernel", [([], None), (["KVER=6.1.0-mine"], "6.1.0-mine")])
def test_install(tmp_path, more, kernel):
    """Modules where modprobe and depmod look, below the name that is in them."""
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")			# as Debian has it
    result = make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr", *more)
    assert result.returncode == 0, result.stderr
    module = BUILD / "driver/jailhouse.ko"
    name = subprocess.run(["modinfo", "-F", "vermagic", module], capture_output=True, text=True, check=True).stdout.split()[0]
    modules = tmp_path / "usr/lib/modules" / (kernel or name) / "extra"
    assert {path.name for path in modules.iterdir()} == {"jailhouse.ko", "uio_ivshmem.ko"}
    assert [path.name for path in (tmp_path / "usr/lib/modules").iterdir()] == [kernel or name]
    assert (modules / "jailhouse.ko").read_bytes() == module.read_bytes()
    assert (tmp_path / "usr/lib/firmware/jailhouse.bin").read_bytes() == (BUILD / "arm64/jailhouse.bin").read_bytes()
    assert (tmp_path / "lib").is_symlink()
    for program in ("usr/sbin/jailhouse", f"{LIBEXEC}/jailhouse-config-create", f"{LIBEXEC}/jailhouse-cell-linux"):
        assert os.access(tmp_path / program, os.X_OK)
    assert (tmp_path / SHARE / "man/man8/jailhouse.8").exists()


def test_install_needs_a_place():
    """Everything is for arm64: not over what the build machine has."""
    result = make("install", "PREFIX=/nonexistent")
    assert result.returncode == 2 and "say where the root file system of the target is, DESTDIR=" in result.stderr


def test_modules_for_another_kernel(tmp_path):
    """Nothing of the last one is left, nor is anything built twice for one."""
    def built(name):
        result = make("driver", f"B={tmp_path}/build", f"KDIR={tmp_path}/{name}")
        assert result.returncode == 0, result.stderr
        module = tmp_path / "build/driver/jailhouse.ko"
        assert module.read_text() == f"of {name}\n"
        return module.stat().st_mtime_ns
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Makefile").write_text(FAKE_KERNEL.format(name=name))
    first = built("one")
    assert built("one") == first
    assert built("two") != first
