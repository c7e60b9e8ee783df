#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants bugs in copies of the device core, one at a time: EVA has to raise an alarm for each. Exit status 1 if not."""
import concurrent.futures
import shutil
import sys
import tempfile
from pathlib import Path

import eva

D = "hypervisor/devices/"

# what, harness, file, text that is there once, what replaces it
MUTANTS = [
    ("index: vector", "life", D + "ivshmem.c",
     "|| vector >= ep->params.vectors)", "|| vector > ep->params.vectors + 1)"),
    ("index: register, off by one", "life", D + "ivshmem.c",
     "number >= ARRAY_SIZE(registers)", "number > ARRAY_SIZE(registers)"),
    ("index: end of configuration space", "life", D + "ivshmem_config.c",
     "offset < CONFIG_SIZE ? words", "offset <= CONFIG_SIZE ? words"),
    ("index: peer of a doorbell", "life", D + "ivshmem_link.c",
     "if (peer >= __atomic_load_n(&link->num_peers, __ATOMIC_RELAXED))", "if (peer > __atomic_load_n(&link->num_peers, __ATOMIC_RELAXED))"),
    ("index: peers of a State change", "life", D + "ivshmem_link.c",
     "rest = link->num_peers, sent", "rest = link->num_peers + 1, sent"),
    ("index: peer of a question", "life", D + "ivshmem_info.c",
     "	if (peer >= peers)\n", "	if (peer > peers)\n"),
    ("index: counter, off by one", "life", D + "ivshmem_info.c",
     "item - LINK_INFO_COUNTER_BASE < LINK_NUM_COUNTERS", "item - LINK_INFO_COUNTER_BASE <= LINK_NUM_COUNTERS"),
    ("index: number of a vector's counter", "life", D + "ivshmem_info.c",
     "item / 16 % 16, 1, item % 16)", "item / 16 % 32, 1, item % 16)"),
    ("index: place of a vector's counter", "life", D + "ivshmem_link.c",
     "vector < IVSHMEM_MAX_VECTORS ? &ep", "vector <= IVSHMEM_MAX_VECTORS ? &ep"),
    ("index: route", "life", D + "ivshmem_info.c",
     "ep->active && vector >= ivshmem_num_vectors(ep)", "ep->active && vector > ivshmem_num_vectors(ep)"),
    ("index: memory region", "creation", D + "ivshmem_attach.c",
     "dev->shmem_peers > available)", "dev->shmem_peers > available + 2)"),
    ("index: entries of the state table", "creation", D + "ivshmem_link.c",
     "return MIN(state_size, 4 * IVSHMEM_MAX_PEERS);", "return state_size;"),
    ("index: search beyond the last function", "life", D + "vpci.c",
     "uint32_t low = 0, high = count;", "uint32_t low = 0, high = count + 1;"),
    ("index: before the first window", "life", "hypervisor/core/mmio.c",
     "	if (n > 0 && range_contains(map->fixed", "	if (range_contains(map->fixed"),
    ("shift by 32: mask of an access", "life", D + "ivshmem_config.c",
     "return size >= 4 ? UINT32_MAX : (1u << (8 * size)) - 1;", "return (1u << (8 * size)) - 1;"),
    ("shift by too much: byte of a dword", "life", D + "ivshmem_config.c",
     "(value >> (8 * (offset % 4)))", "(value >> (8 * (offset % 8)))"),
    ("signed overflow: counter", "life", D + "ivshmem_info.c",
     "(counter & INT64_MAX);", "(counter & INT64_MAX) + 1;"),
    ("uninitialised: parameter", "life", D + "ivshmem_attach.c",
     "	params.latch_state = !(dev->msi_flags & CFG_SHMEM_LOSSY_STATE);\n", ""),
    ("uninitialised: base address", "life", D + "ivshmem_attach.c",
     "	params.base = regions[REGION_STATE].virt_start;\n", ""),
    ("uninitialised: window that is not there", "life", D + "ivshmem_link.c",
     "		windows[n] = NULL;\n		if (params", "		if (params"),
    ("null pointer: window that is not there", "life", D + "ivshmem_link.c",
     "		if (ep->windows[n])\n			mmio_move", "		mmio_move"),
    ("null pointer: no memory", "life", D + "ivshmem_link.c",
     "	if (!places)\n		return", "	if (0)\n		return"),
    ("null pointer: state table not mapped", "life", D + "ivshmem_link.c",
     "	if (!link->table) {\n", "	if (0) {\n"),
    ("null pointer: item that has no reader", "life", D + "ivshmem_info.c",
     "bdf == bdf && item != LINK_INFO_NEXT &&", "bdf == bdf &&"),
    ("null pointer: link that is gone", "life", D + "ivshmem_link.c",
     "	free_link_if_unused(endpoint / IVSHMEM_MAX_PEERS);\n",
     "	free_link_if_unused(endpoint / IVSHMEM_MAX_PEERS);\n	ep->state = 0;\n"),
    ("memory: freed twice", "life", D + "ivshmem_link.c",
     "	pages_free(link->endpoints, endpoint_pages(link->last_place + 1u));\n",
     "	pages_free(link->endpoints, endpoint_pages(link->last_place + 1u));\n" * 2),
    ("lock: not released", "life", D + "ivshmem.c",
     "	ivshmem_update_route(ep, vector);\n	spin_unlock(&ep->lock);\n",
     "	ivshmem_update_route(ep, vector);\n"),
]


def first_alarm(mutant):
    """What EVA says first, or None."""
    _, harness, path, old, new = mutant
    with tempfile.TemporaryDirectory() as folder:
        for part in ("hypervisor", "include", "tests/proof", "tests/unit/config"):
            shutil.copytree(eva.ROOT / part, Path(folder) / part)
        source = Path(folder) / path
        text = source.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
        source.write_text(text.replace(old, new), encoding="utf-8")
        with eva.start(harness, folder) as process:
            lines = iter(process.stdout)
            for line in lines:
                if line.startswith("[eva:alarm]"):
                    alarm = " ".join((line + next(lines, "")).split())
                    process.kill()
                    return alarm.removeprefix("[eva:alarm] ")
            assert process.wait() == 0, "frama-c failed"
    return None


def main():
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for mutant, alarm in zip(MUTANTS, pool.map(first_alarm, MUTANTS)):
            print(f"{mutant[0]:<42} {alarm or 'NO ALARM'}", flush=True)
            missed += alarm is None
    print(f"{len(MUTANTS) - missed} found, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
