# SPDX-License-Identifier: BSD-2-Clause
"""Command words, cell designation, wrong usage, extension commands."""
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, NOT_LOADED, ROOT, TOOL
from test_cell_linux import configuration

START, DESTROY, LOAD, DISABLE = 0x40280004, 0x40280005, 0x40300003, 0x00000001

COMMANDS = ["enable SYSCONFIG", "disable", "console", "trace", "crash [FILE] [--json]", "cell create CELLCONFIG", "cell list", "cell show", "cell console", "cell load",
            "cell start", "cell shutdown", "cell destroy", "cell linux CELLCONFIG KERNEL", "cell stats",
            "link list [--json]", "link show [BUS:]DEVICE[.FUNCTION] [--json]",
            "link check [[BUS:]DEVICE[.FUNCTION]] [--wait MILLISECONDS] [--json]", "config create", "config collect", "config check SYSCONFIG", "config build SYSTEM.yaml", "config diagram SYSTEM.yaml", "config explain SYSTEM.yaml",
            "config import SYSCONFIG", "config show FILE", "hardware check"]


def test_help_lists_every_command_once(box):
    result = box.run("--help", argv0="/some/where/jailhouse")
    lines = result.stdout.splitlines()
    assert result.returncode == 0 and result.stderr == ""
    assert lines[0] == "Usage: jailhouse { COMMAND | --help | --version }"
    assert len(lines) == 3 + len(COMMANDS)
    for line, command in zip(lines[3:], COMMANDS):
        assert line.strip().startswith(command)


def commands(usage):
    """(words, the rest of the line) of each"""
    return [(tuple(word for word in line.split()[:2] if word.isalpha() and word.islower()), line.strip()) for line in usage.splitlines()[3:]]


def test_help_of_each_command(box, usage):
    """Nothing is done but to tell, of which one, what its options are. Extensions have their own."""
    for words, line in commands(usage):
        result = box.run(*words, "--help", argv0="/some/where/jailhouse")
        if result.stderr == "execvp: No such file or directory\n":
            assert words[0] in ("config", "hardware") or words in (("cell", "linux"), ("cell", "stats"))
            continue
        assert (result.returncode, result.stderr) == (0, "")
        first, empty, *text = result.stdout.splitlines()
        assert first == f"Usage: jailhouse {line}" and empty == "" and text[0].endswith(".")
        for option in re.findall(r"--[a-z]+", line.replace("[--name]", "")):
            assert any(re.match(rf" +(-[a-z], )?{option}\b", row) for row in text[1:]), (words, option)
    assert box.requests() == []


def test_help_of_extensions(box, usage, tmp_path):
    """With the programs that are installed."""
    subprocess.run(["make", "-s", "install-tools", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=ROOT, check=True, timeout=600,
                   stdout=subprocess.DEVNULL)
    libexec = tmp_path / "usr/libexec/jailhouse"
    shutil.copy(BUILD / "tools/host/jailhouse-cell-stats-test", libexec / "jailhouse-cell-stats")
    for words, _ in commands(usage):
        if words[0] not in ("config", "hardware") and words not in (("cell", "linux"), ("cell", "stats")):
            continue
        result = box.run(*words, "--help", env={"PATH": f"{libexec}:/usr/bin:/bin"})
        if words in (("config", "collect"), ("hardware", "check")):	# of others, which we do not have
            assert result.stderr == "execvp: No such file or directory\n"
            continue
        assert (result.returncode, result.stderr) == (0, ""), words
        assert result.stdout.lower().startswith(f"usage: jailhouse {' '.join(words)} ")


@pytest.mark.parametrize("group", ["cell", "link", "config", "hardware"])
def test_help_of_groups(box, usage, group):
    result = box.run(group, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"Usage: jailhouse {group} {{ COMMAND | --help }}"
    assert lines[3:] == [f"   {line}" for words, line in commands(usage) if words[0] == group]


@pytest.mark.parametrize("arguments", ["cell list --help x", "trace --help --json", "cell start x --help", "link show --help 1"])
def test_help_stands_alone(box, usage, arguments):
    result = box.run(*arguments.split())
    assert (result.returncode, result.stdout) == (1, usage) and box.requests() == []


@pytest.mark.parametrize("arguments", ["trace", "trace --mode all", "crash", "link list", "link show 1", "link check", "cell show 1",
                                       "cell console 1", "cell start 1", "enable x", "disable", "console"])
def test_no_driver(box, arguments):
    """What to do about it; as soon as there is a driver, it is not said."""
    box.file("x", b"")
    box.device.unlink()
    result = box.run(*arguments.split())
    if arguments == "enable x":
        assert "a system configuration" in result.stderr		# the file is looked at first
        return
    assert result.returncode in (1, 2) and result.stdout == ""
    assert re.fullmatch(rf"opening \S+: No such file or directory: {NOT_LOADED}\n", result.stderr), result.stderr
    box.file("sys/enabled", "1\n")
    assert re.fullmatch(r"opening \S+: No such file or directory\n", box.run(*arguments.split()).stderr)


@pytest.mark.parametrize("command", ["show", "console"])
def test_not_enabled(box, command):
    box.file("sys/enabled", "0\n")
    assert box.run("cell", command, "1").stderr == (
        "opening sys/cells/1: No such file or directory: the hypervisor is not enabled: jailhouse enable SYSCONFIG\n")
    box.file("sys/enabled", "1\n")
    assert box.run("cell", command, "1").stderr == "opening sys/cells/1: No such file or directory\n"


def test_version(box):
    result = box.run("--version")
    assert result.returncode == 0 and result.stderr == ""
    assert result.stdout.startswith("Jailhouse management tool v") and result.stdout.count("\n") == 1


@pytest.mark.parametrize("arguments", [
    "", "bogus", "--help extra", "--version extra", "-h", "--hel", "cell", "cell bogus", "config",
    "config bogus", "hardware", "hardware bogus", "enable", "enable a b", "console -x", "console -f -f",
    "console --follow=1", "cell create", "cell create a b", "cell list -h", "cell list x",
    "cell start", "cell start 1 2", "cell start --name", "cell start --name a b",
    "cell shutdown", "cell shutdown a b", "cell destroy", "cell destroy a b",
    "cell load", "cell load 1", "cell load --name", "cell load --name x", "cell load 1 -s",
    "cell load 1 --string", "cell load 1 f -a", "cell load 1 f --address", "cell load 1 -a 0x1000",
    "cell load 1 f -a zero", "cell load 1 f -a 12x", "cell load 1 f -a -1", "cell load 1 f -a 0x8000000000000000",
    "cell load 1 f -a 99999999999999999999", "cell load 1 f -a 0 -a 0", "cell start 2147483648",
    "cell start 4294967296", "cell start 99999999999999999999999",
    "link", "link bogus", "link list x", "link list --json --json", "link list -h", "link show", "link show --json",
    "trace x", "trace --cpu", "trace --cpu x", "trace --cpu -1", "trace --cpu 4096", "trace --cpu 1x", "trace --cell", "trace --last",
    "trace --last 0", "trace --last 1000001", "trace --last 99999999999999999999999", "trace --bogus", "trace -x", "trace --json=1",
    "trace -- x", "trace --mode", "trace --mode x", "trace --mode all x", "trace --mode all --json", "trace --usage", "trace --version",
    "link show 1 2", "link show 1 --json --json", "link show --jso 1",
])
def test_wrong_usage(box, usage, arguments):
    result = box.run(*arguments.split())
    assert result.returncode == 1
    assert result.stdout == usage
    assert result.stderr.count("\n") == 1
    assert box.requests() == []


@pytest.mark.parametrize("given, sent", [
    (["1"], (1, "")), (["0"], (0, "")), (["0x10"], (16, "")), (["0X1f"], (31, "")), (["010"], (8, "")),
    (["2147483647"], (2147483647, "")),
    (["rtos"], (-1, "rtos")), (["-1"], (-1, "-1")), (["1a"], (-1, "1a")), (["0x"], (-1, "0x")), (["08"], (-1, "08")),
    (["+1"], (-1, "+1")), ([" 1"], (-1, " 1")), ([""], (-1, "")),
    (["--name", "1"], (-1, "1")), (["--name", "rtos"], (-1, "rtos")), (["--name", "--name"], (-1, "--name")),
    (["x" * 31], (-1, "x" * 31)), (["x" * 32], (-1, "x" * 31)), (["--name", "y" * 5000], (-1, "y" * 31)),
])
@pytest.mark.parametrize("command, number", [("start", START), ("destroy", DESTROY), ("shutdown", LOAD)])
def test_cell_designation(box, command, number, given, sent):
    result = box.run("cell", command, *given)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    request, = box.requests()
    assert request.number == number and request.cell == sent
    assert len(request.blobs[0]) == (48 if number == LOAD else 40)


def test_disable_ignores_arguments(box):
    assert box.run("disable", "whatever", "-x").returncode == 0
    request, = box.requests()
    assert request.number == DISABLE


@pytest.mark.parametrize("command, rest", [
    (("cell", "linux"), ["a.cell", "Image", "-d", "x.dtb"]), (("cell", "stats"), ["--name", "a b"]),
    (("config", "create"), []), (("config", "collect"), ["x.tar"]), (("config", "check"), ["a", "b"]),
    (("config", "build"), ["a.yaml", "-o", "dir"]), (("config", "explain"), ["a.yaml", "--json"]),
    (("config", "import"), ["a.cell", "b.cell", "-o", "a.yaml"]), (("config", "show"), ["a.cell", "--json"]),
    (("hardware", "check"), []),
])
def test_extension(box, command, rest):
    helper = box.path / "bin" / "-".join(("jailhouse",) + command)
    box.file(str(helper), '#!/bin/sh\necho "${0##*/}"\nfor a; do echo "[$a]"; done\nexit 42\n')
    helper.chmod(0o755)
    result = box.run(*command, *rest, argv0=f"{box.path}/bin/jailhouse")
    assert result.returncode == 42
    assert result.stdout.splitlines() == [helper.name] + [f"[{a}]" for a in rest]


def test_extension_search_order(box):
    """Own directory, then libexec, then PATH."""
    places = [box.path / "own", box.path / "libexec/jailhouse", box.path / "other"]
    for place in places:
        helper = place / "jailhouse-cell-stats"
        box.file(str(helper), f"#!/bin/sh\necho {place.name}\n")
        helper.chmod(0o755)
    env = {"PATH": f"{places[2]}:/bin:/usr/bin"}
    for place in places:
        assert box.run("cell", "stats", argv0=f"{places[0]}/jailhouse", env=env).stdout == f"{place.name}\n"
        (place / "jailhouse-cell-stats").unlink()


def test_extension_is_not_taken_from_the_current_directory(box):
    helper = box.path / "jailhouse-hardware-check"
    box.file(str(helper), "#!/bin/sh\necho caught\n")
    helper.chmod(0o755)
    result = box.run("hardware", "check", argv0="jailhouse")
    assert (result.returncode, result.stdout) == (1, "")


def test_extension_missing(box):
    result = box.run("hardware", "check")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "execvp: No such file or directory\n"


@pytest.mark.parametrize("arguments", [["--help"], ["cell", "list"]])
def test_output_that_cannot_be_written(box, arguments):
    box.cell(0)
    with open("/dev/full", "w") as full:
        result = box.run(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert result.stderr == "writing output: No space left on device\n"


def test_product_build_uses_the_real_device_node():
    product = BUILD / "tools/host/jailhouse"
    environment = {"LC_ALL": "C", "JAILHOUSE_DEVICE": "/dev/null", "JAILHOUSE_SYSFS": "/tmp"}
    result = subprocess.run([product, "disable"], capture_output=True, text=True, env=environment)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"opening /dev/jailhouse: No such file or directory: {NOT_LOADED}\n"
    assert TOOL != product


@pytest.mark.parametrize("name", ["jailhouse", "jailhouse-cell-stats"])
def test_arm64_build_is_static(name):
    tool = BUILD / "tools/arm64" / name
    assert shutil.which("aarch64-linux-gnu-readelf")
    output = subprocess.run(["aarch64-linux-gnu-readelf", "-lh", tool], capture_output=True, text=True,
                            check=True).stdout
    assert "AArch64" in output and "INTERP" not in output


@pytest.mark.parametrize("command", ["build", "check", "create", "diagram", "explain", "import", "show"])
def test_config_commands_are_installed_with_what_they_need(tmp_path, command):
    """Without the source tree, as the tool runs them."""
    subprocess.run(["make", "-s", "install-tools", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=ROOT, check=True, timeout=600,
                   stdout=subprocess.DEVNULL)
    helper = tmp_path / "usr/libexec/jailhouse" / f"jailhouse-config-{command}"
    result = subprocess.run([helper, "--help"], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert result.returncode == 0 and result.stdout.startswith(f"usage: jailhouse config {command} ")
    output = ["-o", "x"] if command in ("build", "create") else []
    file = ["-t", "gone.cell"] if command == "create" else ["gone.cell"]
    result = subprocess.run([helper, *file, *output], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert (result.returncode, result.stdout) == (1, "") and result.stderr.count("\n") == 1 and "gone.cell" in result.stderr
    if command in ("build", "check", "diagram", "explain"):
        result = subprocess.run([helper, ROOT / "configs/systems/qemu-arm64-demo.yaml", *output], capture_output=True, text=True,
                                cwd=tmp_path, timeout=60)
        assert (result.returncode, result.stderr) == (0, "") and "qemu-arm64" in result.stdout


def test_cell_linux_is_installed_with_what_it_needs(tmp_path):
    """Without the source tree: the program starts, and finds its loader beside it."""
    subprocess.run(["make", "-s", "install-tools", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=ROOT, check=True, timeout=600,
                   stdout=subprocess.DEVNULL)
    libexec = tmp_path / "usr/libexec/jailhouse"
    assert 0 < (libexec / "linux-loader.bin").stat().st_size <= 0x1000
    kernel, machine = tmp_path / "Image", tmp_path / "machine.dtb"
    (tmp_path / "x.cell").write_bytes(configuration())
    kernel.write_bytes(bytes(16) + (0x1000).to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(4))
    subprocess.run(["dtc", "-q", "-o", machine, ROOT / "tests/config/devicetree/machine.dts"], check=True)
    result = subprocess.run([libexec / "jailhouse-cell-linux", "-a", "arm64", "-t", machine, "-w", "x.dtb", "x.cell", kernel],
                            capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "") and f" {libexec}/linux-loader.bin -a 0x0 " in result.stdout
