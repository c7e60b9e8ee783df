# SPDX-License-Identifier: BSD-2-Clause
"""What the driver answers about links in these tests, and files of sysfs that belong to it."""
import functools
import json
import sys

import jsonschema

from conftest import ROOT as TREE

sys.path.insert(0, str(TREE / "tools"))
from bulkhead_config import abi  # noqa: E402

LINK_INFO = abi.BH_IOC_LINK_INFO
NEXT, PEERS, CELL, STATE, FLAGS, PROTOCOL, VECTORS = range(7)
COUNTERS, VECTOR_COUNTERS, ROUTE = 0x100, 0x200, 0x300
SENT, DELIVERED, MERGED, DISABLED, MASKED, NO_PEER, NO_VECTOR, INACTIVE = range(8)
ENABLED, ARMED, ONE_SHOT, LATCHED, MEMORY, MASTER, INTX_OFF, MSIX, MSIX_MASKED = (1 << bit for bit in range(9))
DROPS = ["disabled", "masked", "no_peer", "no_vector", "inactive"]


def route(intid, armed=True, masked=False, enabled=True, pending=False, active=False, priority=0xa0, cpu=2):
    """Value of LINK_INFO_ROUTE_BASE"""
    value = intid | armed << 32 | masked << 33
    return value | (enabled << 34 | pending << 35 | active << 36 | priority << 40 | cpu << 48 if armed else 0)


def region(phys, virt, size, write=False):
    return abi.Memory(phys, virt, size, abi.CFG_MEM_READ | write * abi.CFG_MEM_WRITE)


def pci_device(bdf, peers, first=0, **more):
    return abi.PciDevice(type=abi.CFG_PCI_IVSHMEM, bdf=bdf, shmem_peers=peers, shmem_regions_start=first, **more)


@functools.lru_cache(maxsize=None)
def schema(name):
    document = json.loads((TREE / "configs/schema" / name).read_text())
    jsonschema.Draft7Validator.check_schema(document)
    return jsonschema.Draft7Validator(document)


class Driver:
    """Answers of the driver; those of single questions come before those of whole links."""

    def __init__(self, box):
        self.box, self.first, self.rest, self.bdfs, self.later, self.between = box, [], [], [], [], []

    def answer(self, bdf, peer, item, value):
        self.first.append((bdf, peer, item, value))

    def answer_later(self, bdf, peer, item, value):
        """Once the tool has waited"""
        self.later.append((bdf, peer, item, value))

    def link(self, bdf, peers):
        self.bdfs.append(bdf)
        self.rest.append((bdf, "*", PEERS, peers))

    def peer(self, bdf, peer, cell=None, state=0, flags=0, protocol=0, vectors=0, counters=(0,) * 8, by_vector=(),
             routes=None):
        """by_vector: {(vector, counter): value}; routes: by vector, interrupts 100 + 16 * peer and on if nothing is said"""
        if cell is not None:
            for item, value in ((CELL, cell), (STATE, state), (FLAGS, flags), (PROTOCOL, protocol),
                                (VECTORS, vectors)):
                self.rest.append((bdf, peer, item, value))
            if routes is None:
                routes = [route(100 + 16 * peer + v, armed=bool(flags & ARMED)) for v in range(vectors or 1)]
            for v, value in enumerate(routes):
                self.rest.append((bdf, peer, ROUTE + v, value))
        for n, value in enumerate(counters):
            self.rest.append((bdf, peer, COUNTERS + n, value))
        for (v, counter), value in dict(by_vector).items():
            self.rest.append((bdf, peer, VECTOR_COUNTERS + 16 * v + counter, value))
        self.rest.append((bdf, peer, f"{VECTOR_COUNTERS}-{VECTOR_COUNTERS + 0xff}", 0))

    def config(self, cell, devices, regions):
        """What sysfs has of the configuration of a cell"""
        self.box.file(f"sys/cells/{cell}/pci", b"".join(map(bytes, devices)))
        self.box.file(f"sys/cells/{cell}/memory", b"".join(map(bytes, regions)))

    def run(self, *arguments, **options):
        start, lines = 0, list(self.first)
        for bdf in sorted(self.bdfs):
            lines += [(asked, "*", NEXT, bdf) for asked in range(start, bdf + 1)]
            start = bdf + 1

        def text(answers):
            return "".join(f"{' '.join(map(str, line))}\n" for line in answers)
        env = {"SHIM_LINKS": self.box.file("links", text(lines + self.rest)),
               "SHIM_LINKS_LATER": self.box.file("links-later", text(self.later + lines + self.rest)),
               **({"SHIM_LINKS_BETWEEN": self.box.file("links-between", text(self.between + lines + self.rest))}
                  if self.between else {}), **options.pop("env", {})}
        return self.box.run("link", *arguments, env=env, **options)

    def good(self, *arguments, status=0):
        result = self.run(*arguments)
        assert (result.returncode, result.stderr) == (status, "")
        return result.stdout

    def json(self, *arguments, status=0):
        """Parsed, after a look at the text: plain ASCII, no key twice, as the schema has it."""
        def unique(pairs):
            assert len({key for key, _ in pairs}) == len(pairs)
            return dict(pairs)
        text = self.good(*arguments, "--json", status=status)
        assert text.isascii() and text.endswith("}\n")
        document = json.loads(text, object_pairs_hook=unique)
        schema(f"link-{arguments[0]}.json").validate(document)
        return document
