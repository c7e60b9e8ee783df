# SPDX-License-Identifier: BSD-2-Clause
"""Frama-C's EVA over the device core with a harness: what it cannot prove, and what it did not look at."""
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROVEN = [f"hypervisor/devices/{name}.c" for name in
          ("ivshmem", "ivshmem_attach", "ivshmem_config", "ivshmem_info", "ivshmem_link", "vpci")]
PROVEN.append("hypervisor/core/mmio.c")
INCLUDES = ["tests/unit/config", "hypervisor/include", "include", "hypervisor/arch/host/include",
            "hypervisor/devices"]

# Their callers distinguish 0 from everything else; EVA shall keep the two apart.
RESULTS = ["create_windows", "create_link", "check_bars", "check_regions", "check_intx", "check_join", "join_link",
           "ivshmem_join", "ivshmem_attach", "add_ivshmem", "add_function", "vpci_init", "ivshmem_will_ring"]
OPTIONS = ["-machdep", "gcc_x86_64", "-c11", "-warn-signed-overflow", "-eva",
           # registers that are words of an endpoint, and what is published: so many places can a pointer have
           "-eva-ilevel", "128",
           "-eva-domains", "cvalue,symbolic-locations", "-eva-auto-loop-unroll", "20",
           "-metrics", "-metrics-eva-cover"]
WHO_IS_THERE = "proof_allocated,proof_mapped,proof_active"

# macros, functions with results as above, and options of each harness
HARNESSES = {
    "life": (["PEERS=3", "DEVICES=1", "CONFIG_IVSHMEM_MAX_LINKS=1"], [],
             ["-eva-slevel", "5", "-eva-partition-value", f"kind,shape,{WHO_IS_THERE}"]),
    "creation": (["PEERS=9", "DEVICES=2", "CONFIG_IVSHMEM_MAX_LINKS=2"], ["create", "create_pair"],
                 ["-eva-slevel", "50", "-eva-min-loop-unroll", "2", "-eva-partition-value", WHO_IS_THERE]),
}


@dataclass
class Report:
    status: int
    output: str
    alarms: list = field(default_factory=list)
    coverage: dict = field(default_factory=dict)    # function: (statements reached, statements)
    without_code: set = field(default_factory=set)  # functions of which EVA had a specification only
    warnings: list = field(default_factory=list)    # all others


def command(name):
    macros, results, options = HARNESSES[name]
    results = ",".join(f"{function}:0" for function in RESULTS + results)
    flags = ["-include", "tests/proof/builtins.h", *(f"-I{path}" for path in INCLUDES),
             *(f"-D{macro}" for macro in macros)]
    return ["frama-c", *OPTIONS, *options, "-eva-split-return-function", results,
            f"-cpp-extra-args={' '.join(flags)}", f"tests/proof/{name}.c", "tests/proof/stubs.c", *PROVEN]


def start(name, tree):
    # Frama-C takes file names relative to $PWD, wherever it really runs.
    return subprocess.Popen(command(name), cwd=tree, env=dict(os.environ, PWD=str(tree)), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def analyse(name, timeout=1800):
    with start(name, ROOT) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        finally:
            process.kill()
    report = Report(process.returncode, output)
    for message in re.findall(r"^(\[.*?)(?=^\[|\Z)", output, re.M | re.S):
        text = " ".join(message.split())
        if text.startswith("[eva:alarm]"):
            report.alarms.append(text)
        elif match := re.search(r"using specification for function (\w+)", text):
            report.without_code.add(match.group(1))
        elif re.search(r"\b(warning|error):", text, re.I):
            report.warnings.append(text)
    for function, reached, total in re.findall(r"^\s*(\w+): (\d+) stmts out of (\d+)", output, re.M):
        report.coverage[function] = (int(reached), int(total))
    return report


def functions_of(path):
    """Names of the functions that a file defines."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(r"^(?:[\w*]+[ *]+)+?\*?(\w+)\([^;{]*\)\n\{", text, re.M)
