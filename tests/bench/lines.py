#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the lines of images are, by purpose: the tables of docs/features.md. From the files alone: what an image is made of
is asked of the build and followed through the includes. A test compares the pages with this, and this with what the compiler
says of the default image.
"""
import functools
import os
import re
import subprocess
from fnmatch import fnmatch

import sizes

ROOT = sizes.ROOT
PAGE = ROOT / "docs/features.md"
MARK = re.compile(r"(<!-- lines: written by make bench-lines -->\n)(.*?)(<!-- end -->\n)", re.S)
IMAGES = {"default": ROOT / "configs/defconfig", "minimal_linux": ROOT / "configs/minimal_linux_defconfig",
          "minimal_direct": ROOT / "configs/minimal_direct_defconfig"}
INCLUDES = [ROOT / path for path in ("include", "hypervisor/include", "hypervisor/arch/arm64/include", "hypervisor/arch/arm64")]
GENERATED = {"offsets.h", "generated/config.h"}

# Each file is in exactly one group. Patterns are below hypervisor, or include/bulkhead.
GROUPS = {
    "vectors, fast paths": "arch/arm64/vectors.* arch/arm64/fast_*",
    "traps: exceptions, system registers, SMC and PSCI": "arch/arm64/trap.* arch/arm64/sysreg.c arch/arm64/smccc.* "
        "arch/arm64/psci.h arch/arm64/include/asm/sysreg.h core/power.c include/power.h core/hypercall.c include/hypercall.h",
    "accesses to what is emulated": "arch/arm64/trap_data_abort.c core/mmio.c include/mmio.h core/a64_access.c "
        "include/a64_access.h",
    "interrupt controller": "arch/arm64/gic.h arch/arm64/gic_mmio.c arch/arm64/gic_wait.c arch/arm64/gicv3.c arch/arm64/vgic.c "
        "arch/arm64/irq_forward.c include/virq.h include/arch/irq.h",
    "stage 2, page tables, page pool": "arch/arm64/stage2.* arch/arm64/paging* arch/arm64/pgtable.h arch/arm64/layout.h "
        "arch/arm64/cache_lines.h arch/arm64/string.c include/arch/memory.h include/paging.h core/pages.c include/pages.h "
        "core/bitmap.c include/bitmap.h include/types.h",
    "checks of configurations": "core/config*.[ch] include/config.h",
    "life of cells and their memory": "core/cell.c core/cell_create.c core/cell_manage.c core/cell_message.* core/cell_memory.* "
        "core/cell_internal.h include/cell.h arch/arm64/include/asm/cell.h",
    "CPUs: control, state, locks": "core/control.c include/control.h include/percpu.h arch/arm64/include/asm/percpu.h "
        "include/arch/cpu.h include/cpu_set.h arch/arm64/cpu.c arch/arm64/controls.* arch/arm64/clear_simd.S include/lock.h arch/arm64/spinlock.c",
    "links: ivshmem, virtual PCI host": "devices/ivshmem.c devices/ivshmem_attach.c devices/ivshmem_config.c "
        "devices/ivshmem_link.c devices/ivshmem_internal.h devices/vpci.c include/ivshmem.h include/vpci.h",
    "messages, console": "core/console.c core/reasons.c core/format.c include/console.h include/console_setup.h include/errors.h drivers/*",
    "start, and end after a late launch": "core/setup.c core/setup_internal.h include/setup.h boot/params.* boot/from_linux.c "
        "core/disable.c arch/arm64/entry.* arch/arm64/leave* arch/arm64/early_map.* arch/arm64/early_memory.S "
        "arch/arm64/boot_arch.h",
    "direct boot: firmware, bundles": "boot/from_firmware.c core/bundle* include/bundle.h core/cell_from_bundle.c "
        "arch/arm64/firmware* arch/arm64/gic_reset.c arch/arm64/early_message.* core/crc32.c include/crc32.h arch/arm64/crc32.c",
    "watchdogs": "core/watchdog.c include/watchdog.h arch/arm64/timer.c",
    "records: violations, exits, trace, crash log, links": "core/cell_fault.c core/cpu_info.c core/cell_info.c "
        "core/cell_console.c core/crash_log.c include/crash_log.h core/trace.c include/trace.h include/trace_ring.h "
        "core/link_info.c devices/ivshmem_info.c arch/arm64/link_status.c",
    "headers of interfaces": "include/bulkhead/*",
}


@functools.lru_cache(maxsize=None)
def code_lines(path):
    return sizes.code_lines(path.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=None)
def features():
    """All switches that have files"""
    text = (ROOT / "hypervisor/build.mk").read_text(encoding="utf-8")
    return re.search(r"^HV_FEATURES := ((?:.*\\\n)*.*)$", text, re.M)[1].replace("\\\n", " ").split()


def switches(config):
    """{feature: is it on} of a defconfig; what it does not mention is on."""
    off = re.findall(r"^# CONFIG_(\w+) is not set$", config.read_text(encoding="utf-8"), re.M)
    return {feature: feature not in off for feature in features()}


def sources(config):
    """The .c and .S files that the build takes."""
    wanted = [f"CONFIG_{feature}={'y' if on else ''}" for feature, on in config.items()]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    run = subprocess.run(["make", "-s", "hv-sources", *wanted], cwd=ROOT, env=alone, check=True, capture_output=True,
                         text=True)
    return [ROOT / name for name in run.stdout.split()]


@functools.lru_cache(maxsize=None)
def includes(path):
    """(name, name of the #if that it is in)"""
    found, condition = [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"#if (\w+)$", line):
            condition = match[1]
        elif line == "#endif":
            condition = None
        elif match := re.match(r'#include "(.*)"', line):
            found.append((match[1], condition))
    return found


def resolve(name, path):
    for folder in (path.parent, *INCLUDES):
        if (folder / name).is_file():
            return (folder / name).resolve()
    raise FileNotFoundError(f"{path} includes {name}")


def files(config):
    """All files that an image with these switches depends on."""
    found, to_do = set(), sources(config)
    while to_do:
        path = to_do.pop()
        if path in found:
            continue
        found.add(path)
        to_do += [resolve(name, path) for name, condition in includes(path)
                  if name not in GENERATED and config.get(condition, True)]
    return found


def groups_of(path):
    name = str(path.relative_to(ROOT)).removeprefix("hypervisor/")
    return [title for title, patterns in GROUPS.items() if any(fnmatch(name, pattern) for pattern in patterns.split())]


def by_group(found):
    lines = dict.fromkeys(GROUPS, 0)
    for path in sorted(found):
        groups = groups_of(path)
        if len(groups) != 1:
            raise ValueError(f"{path.relative_to(ROOT)} is in {groups or 'no group'}: GROUPS in tests/bench/lines.py")
        lines[groups[0]] += code_lines(path)
    return lines


def total(config):
    return sum(code_lines(path) for path in files(config))


def table():
    columns = [by_group(files(switches(config))) for config in IMAGES.values()]
    rows = [f"| purpose | {' | '.join(IMAGES)} |", "|---|" + "--:|" * len(IMAGES)]
    for title in GROUPS:
        rows.append(f"| {title} | {' | '.join(f'{column[title]:,}' if column[title] else '' for column in columns)} |")
    rows.append(f"| **all** | {' | '.join(f'**{sum(column.values()):,}**' for column in columns)} |")
    return rows


def lines_of_switches():
    """{feature: by how many lines the default image is shorter without it}; of what has no files: none"""
    config = switches(IMAGES["default"])
    return {feature: total(config) - total({**config, feature: False}) for feature in config}


def page():
    """The text that docs/features.md has to have."""
    return MARK.sub(lambda match: match[1] + "\n".join(table()) + "\n" + match[3], PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
