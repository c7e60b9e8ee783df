# SPDX-License-Identifier: BSD-2-Clause
"""bash completion, asked the way bash asks."""
import subprocess

import pytest

from conftest import ROOT

COMPLETION = ROOT / "tools/completion/jailhouse"
CELL_COMMANDS = ["create", "load", "start", "shutdown", "destroy", "linux", "list", "show", "console",
                 "stats"]
CREATE_OPTIONS = ["-h", "--help", "-o", "--output", "-t", "--tree", "--iomem", "-n", "--name", "--spis", "--force"]
LINUX_OPTIONS = ["-h", "--help", "-d", "--dtb", "-i", "--initrd", "-c", "--cmdline", "-w", "--write-params", "-a", "--arch", "-k",
                 "--kernel-decomp-factor", "-s", "--system", "-t", "--tree"]
TRACE_OPTIONS = ["--cpu", "--cell", "--last", "--json", "-f", "--follow", "--mode"]
FILES = ["a.cell", "b.bin", "c.yaml", "dir"]
CELLS = ["--name", "1", "rtos", "10", "my\\ cell"]


@pytest.fixture
def complete(tmp_path):
    for name in FILES[:-1]:
        (tmp_path / name).touch()
    (tmp_path / "dir").mkdir()
    sysfs = tmp_path.parent / f"{tmp_path.name}-sysfs"
    for cell, name in (("0", "root"), ("1", "rtos"), ("10", "my cell")):
        (sysfs / "cells" / cell).mkdir(parents=True)
        (sysfs / "cells" / cell / "name").write_text(f"{name}\n")

    def run(line):
        """Candidates for the last word of a line, which may be empty."""
        script = ('. "$1"; _jailhouse_sysfs=$2; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _jailhouse; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(["bash", "-c", script, "-", COMPLETION, sysfs, "jailhouse", *line.split(" ")],
                                cwd=tmp_path, capture_output=True, text=True, check=True)
        assert result.stderr == ""
        return sorted(filter(None, result.stdout.split("\n")))
    return run


@pytest.mark.parametrize("line, expected", [
    ("", ["enable", "disable", "console", "trace", "crash", "cell", "link", "config", "hardware", "--help"]),
    ("c", ["console", "crash", "cell", "config"]), ("x", []),
    ("enable ", ["a.cell", "dir"]), ("enable a.cell ", []),
    ("disable ", []),
    ("console ", ["-f", "--follow"]), ("console --", ["--follow"]), ("console -f ", []),
    ("trace ", TRACE_OPTIONS), ("trace --c", ["--cpu", "--cell"]), ("trace --cpu ", []), ("trace --last ", []),
    ("trace --last 5 --json ", TRACE_OPTIONS), ("trace --cell ", ["0", "root", "1", "rtos", "10", "my\\ cell"]),
    ("trace --json --cell r", ["root", "rtos"]), ("trace --mode ", ["all", "unusual"]), ("trace --mode a", ["all"]),
    ("crash ", FILES + ["--json"]), ("crash --json ", FILES), ("crash a.cell ", FILES + ["--json"]), ("crash a.cell --json ", []),
    ("cell ", CELL_COMMANDS), ("cell s", ["start", "shutdown", "show", "stats"]),
    ("cell create ", ["a.cell", "dir"]), ("cell create a.cell ", []),
    ("cell list ", ["-h", "--help"]),
    ("cell load ", CELLS), ("cell start ", CELLS), ("cell shutdown ", CELLS), ("cell destroy ", CELLS),
    ("cell start r", ["rtos"]), ("cell start 1 ", []),
    ("cell start --name ", ["rtos", "my\\ cell"]), ("cell start --name rtos ", []),
    ("cell load 1 ", FILES + ["-s", "--string", "-a", "--address"]),
    ("cell load --name rtos b", ["b.bin"]), ("cell load 1 -a ", []), ("cell load 1 b.bin -", ["-s", "--string", "-a",
                                                                                         "--address"]),
    ("cell stats ", CELLS + ["0", "root", "-h", "--help", "--once", "--json", "--interval"]), ("cell stats r", ["rtos", "root"]),
    ("cell stats --name ", ["rtos", "my\\ cell", "root"]), ("cell stats --interval ", []),
    ("cell stats 1 ", ["--once", "--json", "--interval"]), ("cell stats 1 --j", ["--json"]),
    ("cell show ", CELLS + ["0", "root", "--json"]), ("cell show r", ["rtos", "root"]), ("cell show 1 ", ["--json"]),
    ("cell show --name ", ["rtos", "my\\ cell", "root"]), ("cell show --json ", []),
    ("cell console ", CELLS + ["0", "root", "--json"]), ("cell console 1 ", ["--json"]), ("cell console 1 --json ", []),
    ("cell show --name rtos ", ["--json"]), ("cell show 1 --json ", []),
    ("cell linux ", ["a.cell", "dir"] + LINUX_OPTIONS), ("cell linux a.cell ", FILES + LINUX_OPTIONS),
    ("cell linux -i ", FILES + LINUX_OPTIONS), ("cell linux -d ", FILES + LINUX_OPTIONS),
    ("cell linux -a ", ["x86", "arm", "arm64"]), ("cell linux -k ", LINUX_OPTIONS),
    ("cell linux -s a.cell ", ["a.cell", "dir"] + LINUX_OPTIONS), ("cell linux -s ", ["a.cell", "dir"] + LINUX_OPTIONS),
    ("link ", ["list", "show", "check"]), ("link s", ["show"]), ("link list ", ["--json"]), ("link list --json ", []),
    ("link show ", ["--json"]), ("link show 3 ", ["--json"]), ("link show --json ", []), ("link show --json 3 ", []),
    ("link check ", ["--json", "--wait"]), ("link check 3 ", ["--json", "--wait"]), ("link check --wait ", []),
    ("link check 3 --wait 5 ", ["--json"]), ("link check --json --w", ["--wait"]), ("link check --wait 5 --json ", []),
    ("link show 3 --json ", []), ("link show 3 x", []), ("link bogus ", []),
    ("config ", ["create", "collect", "check", "build", "diagram", "explain", "import", "show"]),
    ("config create ", CREATE_OPTIONS), ("config create -o ", ["dir"]), ("config create -t ", FILES),
    ("config create --spis ", []), ("config collect ", FILES),
    ("config diagram ", ["c.yaml", "dir", "-h", "--help", "-o", "--output"]), ("config diagram c.yaml -o ", ["dir"]),
    ("config check ", ["a.cell", "c.yaml", "dir", "-h", "--help", "--json", "--hypervisor"]), ("config check --j", ["--json"]),
    ("config check -B ", ["dir"]), ("config check a.cell ", ["a.cell", "c.yaml", "dir", "-h", "--help", "--json", "--hypervisor"]),
    ("config check --hypervisor ", ["b.bin", "dir"]), ("config build --hypervisor ", ["b.bin", "dir"]),
    ("config build ", ["c.yaml", "dir", "-h", "--help", "-o", "--output", "--lock", "--headers", "--hypervisor"]),
    ("config build c.yaml -o ", ["dir"]),
    ("config build c.yaml -", ["-h", "--help", "-o", "--output", "--lock", "--headers", "--hypervisor"]),
    ("config explain ", ["c.yaml", "dir", "-h", "--help", "--json"]), ("config explain c.yaml --j", ["--json"]),
    ("config import ", ["a.cell", "dir", "-h", "--help", "-o", "--output"]), ("config import a.cell --output ", ["c.yaml", "dir"]),
    ("config show ", FILES + ["-h", "--help", "--json"]), ("config bogus ", []),
    ("hardware ", ["check"]), ("hardware check ", []), ("bogus ", []),
])
def test_candidates(complete, line, expected):
    assert complete(line) == sorted(expected)


@pytest.mark.parametrize("installed", [True, False])
def test_active_only_with_the_tool(tmp_path, installed):
    if installed:
        (tmp_path / "jailhouse").touch(mode=0o755)
    result = subprocess.run(["/bin/bash", "-c", f'. "{COMPLETION}"; complete -p jailhouse'], capture_output=True,
                            text=True, env={"PATH": str(tmp_path)})
    assert (result.stdout == "complete -F _jailhouse jailhouse\n") == installed
