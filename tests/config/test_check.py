# SPDX-License-Identifier: BSD-2-Clause
"""What one run of `check` finds: everything, warnings apart; and that no file makes it fall over."""
import copy
import os
import random
import re
import shutil
import subprocess

import pytest
import yaml

from bulkhead_config import cli, limits, pages, registry, schema
from bulkhead_config.source import ConfigError, Document
from bulkhead_config.units import GIB, MIB, PAGE, Range
from conftest import HERE, ROOT, hypervisor_image

TOOL = ROOT / "tools/bulkhead-config"
MANY = sorted((HERE / "many").glob("*.yaml"))
WARN = sorted((HERE / "warn").glob("*.yaml"))
GOOD = sorted((HERE / "good").glob("*.yaml")) + sorted((ROOT / "configs/systems").glob("*.yaml"))
BOARDS = ["boards", "bad/boards", str(ROOT / "configs/boards")]
ROUNDS = int(os.environ.get("BULKHEAD_ROUNDS", 40))			# of changes to each file

registry.load_rules()


def expected(path):
    return re.findall(r"^# expect: (.*)$", path.read_text(), re.M)


def check(*arguments):
    return subprocess.run([TOOL, "check", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("path", MANY, ids=lambda path: path.stem)
def test_everything_in_one_run(path, monkeypatch):
    monkeypatch.chdir(HERE / "many")
    with pytest.raises(ConfigError) as error:
        cli.load(path.name, ["boards", "../boards"])
    assert str(error.value).splitlines() == expected(path)


@pytest.mark.parametrize("text, place", [
    ("\x01", "1:1"), ("system: x\nboard: \x1b[2J\n", "2:8"), ("# größer\r\nx: ü\x7f\n", "2:5"),
    ("a: 1\n" * 5000 + "b: \0", "5001:4")], ids=["alone", "in a value", "behind others", "late"])
def test_place_of_a_character_that_yaml_refuses(text, place, tmp_path):
    """Editors do not show it."""
    path = tmp_path / "x.yaml"
    path.write_bytes(text.encode())
    with pytest.raises(ConfigError) as error:
        cli.load(path, BOARDS)
    assert str(error.value) == (f"{path}:{place}: error: not YAML: special characters are not allowed; correct the syntax here "
                                "[yaml-syntax]")


def test_problems_of_a_rule_end_somewhere(tmp_path):
    """64 cells with 64 regions at one address: two million pairs for a start."""
    regions = ", ".join(f"m{n}: {{ at: {n << 12:#x}, size: 4 KiB, host: 0x44000000 }}" for n in range(64))
    path = tmp_path / "x.yaml"
    path.write_text("system: x\nboard: many-cpus\nhypervisor: { memory: 4 MiB }\ncells:\n  linux: { root: true }\n"
                    + "".join(f"  c{n}:\n    cpus: [{n}]\n    memory: {{ {regions} }}\n" for n in range(1, 63)))
    with pytest.raises(ConfigError) as error:
        cli.load(path, [HERE / "boards"], limits.Limits("x", 64, 64, 64))
    found = [problem for problem in error.value.problems if problem.rule == "memory-overlap"]
    assert len(found) == registry.MANY + 1
    assert [problem.text for problem in found if problem.text.startswith("there are more of these; ")]


# --- warnings


@pytest.mark.parametrize("path", WARN, ids=lambda path: path.stem)
def test_warning(path, monkeypatch):
    monkeypatch.chdir(HERE / "warn")
    system = cli.load(path.name, ["../boards"])
    lines = expected(path)
    assert lines and all(line.endswith(f" [{path.stem}]") for line in lines)
    for switches, shown in ((["all"], True), ([path.stem], True), (["all", f"no-{path.stem}"], False),
                            (["no-all"], False), (["no-all", path.stem], True)):
        assert [str(item) for item in registry.warnings(system, switches)] == (lines if shown else []), switches


def test_every_warning_has_its_file():
    assert [path.stem for path in WARN] == sorted(item.name for item in registry.WARNINGS)
    assert not [item.name for item in registry.WARNINGS if item.name.startswith("no-") or item.name in ("all", "error")]


def test_what_is_shipped_has_no_warning():
    for path in (ROOT / "configs/systems").glob("*.yaml"):
        assert registry.warnings(cli.load(path, [])) == []


def test_warnings_of_the_command(tmp_path):
    path, system = HERE / "warn/entry-not-loadable.yaml", ["-B", HERE / "boards"]
    line = f"{HERE}/warn/{expected(path)[0]}\n"
    result = check(path, *system)
    assert (result.returncode, result.stderr) == (0, line) and "no problem" in result.stdout
    result = check(path, *system, "-Wno-entry-not-loadable")
    assert (result.returncode, result.stderr) == (0, "")
    result = check(path, *system, "-Werror")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == line + (f"{path}: warnings are errors, -Werror says; correct them, or switch them off with "
                                    "-Wno-NAME\n")
    result = check(path, *system, "-Werror", "-Wno-error")
    assert result.returncode == 0
    result = check(path, *system, "-Wentry")
    assert result.returncode == 1 and "there is no warning 'entry'; possible are all, unanswered-stop" in result.stderr


def test_unused_cpus_only_on_request(monkeypatch):
    monkeypatch.chdir(HERE / "warn")
    assert registry.warnings(cli.load("cpu-unused.yaml", ["../boards"])) == []


# --- the build of the hypervisor


def test_build_config(tmp_path):
    system = ROOT / "configs/systems/qemu-arm64-direct.yaml"
    config = tmp_path / "config"
    config.write_text(limits.DEFAULT.read_text().replace("MAX_CELLS=16", "MAX_CELLS=3"))
    result = check(system, "--build-config", config)
    assert result.returncode == 1 and "raise CONFIG_MAX_CELLS of the hypervisor (config, make menuconfig)" in result.stderr
    config.write_text("CONFIG_MAX_CELLS=16\n")
    result = check(system, "--build-config", config)
    assert result.stderr == (f"{config}:1:1: error: has no CONFIG_MAX_CPUS; use the .config that the hypervisor is built "
                             "with [file]\n")
    result = check(system, "--build-config", tmp_path / "gone")
    assert result.stderr == (f"{tmp_path}/gone:1:1: error: cannot be read: No such file or directory; correct its name or "
                             "permissions [file]\n")


def test_hypervisor(tmp_path):
    """What an image has counts, not what this tree builds."""
    system, image = ROOT / "configs/systems/qemu-arm64-control.yaml", tmp_path / "jailhouse.bin"
    image.write_bytes(hypervisor_image(without=["WATCHDOG"]))
    result = check(system, "--hypervisor", image)
    assert result.returncode == 1 and "was built without CONFIG_WATCHDOG" in result.stderr
    image.write_bytes(hypervisor_image(without=["DIRECT_BOOT"]))
    result = check(system, "--hypervisor", image)
    assert (result.returncode, result.stderr) == (0, "")
    result = check(ROOT / "configs/systems/qemu-arm64-direct.yaml", "--hypervisor", image)
    assert result.returncode == 1 and "was built without CONFIG_DIRECT_BOOT: firmware cannot start it" in result.stderr
    image.write_bytes(b"x")
    assert check(system, "--hypervisor", image).stderr.startswith(f"{image}: has 1 bytes, the header of a hypervisor image has 216")
    assert check(system, "--hypervisor", image, "--build-config", limits.DEFAULT).returncode == 2


def test_standard_limits_are_those_of_the_default_configuration(tmp_path):
    found = limits.load(limits.DEFAULT)
    assert (found.cpus, found.cells, found.links) == (limits.STANDARD.cpus, limits.STANDARD.cells, limits.STANDARD.links)
    assert limits.STANDARD.file == limits.DEFAULT.name


def test_tools_without_the_tree(tmp_path):
    """As they are installed: there is no .config and no configs/defconfig."""
    shutil.copytree(ROOT / "tools/bulkhead_config", tmp_path / "lib/tools/bulkhead_config")
    shutil.copy(TOOL, tmp_path / "lib/tools/bulkhead-config")
    result = subprocess.run([tmp_path / "lib/tools/bulkhead-config", "check", ROOT / "configs/systems/qemu-arm64-demo.yaml"],
                            capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_limit_is_in_kconfig():
    kconfig = (ROOT / "Kconfig").read_text()
    for key in limits.KEYS.values():
        assert f"config {key.removeprefix('CONFIG_')}\n" in kconfig


# --- page tables


READ = 1


@pytest.mark.parametrize("regions, count", [
    ([], 0),
    ([(Range.at(0, PAGE), 0, READ)], 2),			# a table of each level below the root, which is in the object
    ([(Range.at(0, 2 * MIB), 0, READ)], 1),			# a block of 2 MiB
    ([(Range.at(0, 2 * MIB), PAGE, READ)], 2),			# the host address does not allow a block
    ([(Range.at(0, GIB), 0, READ)], 0),				# a block of 1 GiB
    ([(Range.at(0, GIB), 2 * MIB, READ)], 1),
    ([(Range.at(0, 16 * GIB), 0, READ)], 0),
    ([(Range.at(0, 512 * GIB), 0, READ)], 1),			# the root is a page
    ([(Range.at(16 * GIB - PAGE, PAGE), 0, READ)], 2),
    ([(Range.at(16 * GIB, PAGE), 0, READ)], 3),
    ([(Range.at(0, GIB), 0, READ), (Range.at(2 * MIB, PAGE), 0, 0)], 2),	# a page taken out of it
    ([(Range.at(0, GIB), 0, READ), (Range.at(2 * MIB, 2 * MIB), 0, 0)], 1),
    ([(Range.at(0, PAGE), 0, READ), (Range.at(0, PAGE), 0, 0)], 0),
    ([(Range.at(n * 2 * MIB, PAGE), 0, READ) for n in range(5)], 6),
    ([(Range.at(512 * GIB - PAGE, 2 * PAGE), 0, READ)], 6),	# across the border of all levels
])
def test_tables(regions, count):
    assert pages.tables(regions) == count


# --- what a file may contain


@pytest.mark.parametrize("part, key, value", [
    (schema.SYSTEM, "system", "name\n"), (schema.SYSTEM, "board", "name\n"), (schema.REGION, "access", "rw\n"),
    (schema.REGION, "size", "4 KiB\n"), (schema.LINK, "protocol", "ethernet\n"), (schema.CELL, "on-failure", "stop\n"),
    (schema.IMAGE, "text", "a\n"), (schema.LINUX, "command-line", "a\n"),
])
def test_no_line_break_at_the_end(part, key, value):
    def problems(value):
        document = Document("x", {key: value})
        schema.check(document, {"type": "object", "properties": {key: part["properties"][key]}})
        return document.problems
    assert problems(value) and not problems(value[:-1])


VALUES = [None, True, False, -1, 0, 1, 3, 4096, 0x1000, 0xfff, 1 << 47, (1 << 48) - 1, 1 << 64, "", "rtos", "linux", "a\nb",
          "\x1b[2J", "4 KiB", "0 B", "999999 GiB", "64 KiB", "r", "\u202ea", "x" * 300, [], [0], [1, 1], ["linux", "rtos"],
          {}, {"at": 0, "size": 0}, {"a": {}}, {"restart": 1}, [[]], [None], [{"file": "demo"}, {"text": "a"}]]
KEYS = sorted({key for part in (schema.SYSTEM, schema.CELL, schema.LINK, schema.REGION, schema.IMAGE, schema.BOARD)
               for key in part["properties"]} | {"", "a b", "x\n", "rtos", "linux"})


def places(data, path=()):
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, path + (key,))


def changed(data, choose):
    """One to three random changes: another value, a removed entry, a new key, a copy from elsewhere."""
    data = copy.deepcopy(data)
    for _ in range(choose.randint(1, 3)):
        path = choose.choice([path for path in places(data) if path] or [()])
        if not path:
            return data
        parent = data
        for key in path[:-1]:
            parent = parent[key]
        kind = choose.random()
        if kind < 0.6:
            parent[path[-1]] = copy.deepcopy(choose.choice(VALUES))
        elif kind < 0.7:
            del parent[path[-1]]
        elif kind < 0.85 and isinstance(parent, dict):
            parent[choose.choice(KEYS)] = copy.deepcopy(choose.choice(VALUES))
        else:
            other = data
            for key in choose.choice(list(places(data))):
                other = other[key]
            parent[path[-1]] = copy.deepcopy(other)
    return data


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_nothing_makes_it_fall_over(path, in_config_directory, tmp_path):
    """Files with random changes are accepted, or refused in lines of the one form, each with a change to make."""
    choose = random.Random(path.stem)
    document, refused = yaml.safe_load(path.read_text()), 0
    file = tmp_path / "x.yaml"
    for _ in range(ROUNDS):
        file.write_text(yaml.safe_dump(changed(document, choose), sort_keys=False))
        try:
            registry.warnings(cli.load(file, BOARDS), ["all"])
        except ConfigError as error:
            refused += 1
            for line in str(error).splitlines():
                assert re.fullmatch(r"\S+:\d+:\d+: error: .+[;?:] .* \[[a-z0-9-]+\]", line) and line.isprintable(), line
    assert refused > ROUNDS / 3
