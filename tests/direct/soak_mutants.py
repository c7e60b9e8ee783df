#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bugs planted in copies of the hypervisor: the soak test has to notice each of them. By hand, make soak-mutants;
arguments are names of mutants, without any all of them are tried."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build").resolve()
ROUNDS = 300
LINK, CELL, CREATE, CONTROL = (f"hypervisor/{name}.c" for name in (
    "devices/ivshmem_link", "core/cell", "core/cell_create", "core/control"))
GIC, GICV3 = "hypervisor/arch/arm64/gic_mmio.c", "hypervisor/arch/arm64/gicv3.c"
SOMETIMES = "static uint32_t times; if (++times % 128 == 0) return; "

# name: file, what stands there once, what is put there
MUTANTS = {
    "comm-page": (CELL, "pages_free(cell->comm, 1);", ";"),
    "config-pages": (CREATE, "		error = build(cell);\n	if (error)\n		cell_free(cell);\n", "		error = build(cell);\n"),
    "undo-links": (CREATE, "		vpci_exit(cell);\n		cell_give_back(cell);", "		cell_give_back(cell);"),
    "undo-cpus": (CREATE, "		cell_return_cpus(cell);\n", ""),
    "state-at-failure": (CONTROL, "ivshmem_device_stopped(cpu->cell, --cpu->cell->untold);", "cpu->cell->untold--;"),
    "state-at-silence": ("hypervisor/core/cell_message.c", "	ivshmem_cell_stopped(cell);\n", ""),
    "state-at-reset": (LINK, "		arch_forget_accesses(ep->cell);\n	ivshmem_write_state(ep, 0);", "		arch_forget_accesses(ep->cell);"),
    "state-last-peer": (LINK, "rest = link->num_peers, sent", "rest = link->num_peers - 1, sent"),
    "latch-lost": (LINK, "		__atomic_store_n(&ep->latched, true, __ATOMIC_RELAXED);", "		;"),
    "latch-kept": (LINK, "	publish(ep, 0, ivshmem_num_vectors(ep));\n	deliver_latched(ep);",
                   "	publish(ep, 0, ivshmem_num_vectors(ep));"),
    "told-while-off": (LINK, "	return ep->interrupt_control & IVSHMEM_INT_ENABLE;", "	return ep->cell;"),
    "event-uncounted": (LINK, "count_vector(ep, vector, enabled(ep) ? LINK_COUNTER_MASKED : LINK_COUNTER_DISABLED);",
                        "if (enabled(ep)) count_vector(ep, vector, LINK_COUNTER_MASKED);"),
    "interrupt-lost": (GICV3, "	uint32_t intid = route->intid;\n", f"	uint32_t intid = route->intid;\n	{SOMETIMES}\n"),
    "kick-lost": (GICV3, "	dsb(ish);\n	write_sysreg((uint64_t)KICK_SGI", f"	dsb(ish);\n	{SOMETIMES}\n	write_sysreg((uint64_t)KICK_SGI"),
    "cpu-on-without-kick": (CONTROL, "	if (was_off)\n		arch_kick(cpu);", ""),
    "spi-not-back": (GIC, "			root_cell.arch.spis[word] |= back;\n", ""),
    "spi-left-on": ("hypervisor/core/cell_manage.c", "	arch_irq_cell_reset(cell);\n	cell_unlink", "	cell_unlink"),
    "cpu-not-back": (CELL, "		cpu_set_assign(&root_cell.cpus, id, true);\n", ""),
    "start-unsaid": (CELL, '	console_printf_about(cell, "%pC started\\n", &cell->config);\n', ""),
    "denial-ignored": ("hypervisor/core/cell_message.c", "	return verdict != VERDICT_DENIED;", "	return true;"),
}


def plant(name, directory):
    """A hypervisor with that bug, in a copy of this tree; the programs are those that are built."""
    path, old, new = MUTANTS[name]
    tree = directory / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(BUILD.name, "build", ".git", "tests"), symlinks=True)
    text = (tree / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name}: {path} has the place {text.count(old)} times"
    (tree / path).write_text(text.replace(old, new), encoding="utf-8")
    (tree / "tests").symlink_to(ROOT / "tests")
    subprocess.run(["make", "-C", tree, "hypervisor", "W=-Wno-error"], check=True, stdout=subprocess.DEVNULL)
    (tree / "build/inmates").symlink_to(BUILD / "inmates")
    return tree / "build"


def notices(name):
    """What the soak test says about it, or None if it is content."""
    with tempfile.TemporaryDirectory() as directory:
        build = plant(name, Path(directory))
        run = subprocess.run([sys.executable, ROOT / "tests/direct/soak.py", "--rounds", str(ROUNDS), "--seed", "1"],
                             env={**os.environ, "BULKHEAD_BUILD": str(build)}, stdout=subprocess.PIPE, text=True,
                             check=False)
    said = [line for line in run.stdout.splitlines() if "after" in line]
    return said[-1] if run.returncode and said else None


def main():
    missed = []
    for name in sys.argv[1:] or MUTANTS:
        said = notices(name)
        print(f"{name}: {said or 'NOT NOTICED'}", flush=True)
        if not said:
            missed.append(name)
    print(f"{len(missed)} not noticed" + "".join(f" {name}" for name in missed))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
