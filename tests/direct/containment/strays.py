# SPDX-License-Identifier: BSD-2-Clause
"""Accesses to nothing where the attacker's configuration has an action of its own: it still maps nothing."""
from attacker import ABORTED, ABORTED_FOREIGN, FAILED, IGNORED, IGNORED_HYPERVISOR, IGNORED_ROOT, STRAY_SIZE as SIZE

from .model import ABORT, FETCH, FETCH_ABORT, READ, WRITE, Returned, Stopped, attack

# What gives a result without any memory: name -> (code, x0 afterwards, if the address was x0 and x1 all ones)
ACCESSES = {
    "byte": ("ldrb w0, [x0]", 0),
    "signed byte": ("ldrsb x0, [x0]", 0),
    "16 bits": ("ldrh w0, [x0]", 0),
    "32 bits": ("ldr w0, [x0]", 0),
    "64 bits": ("ldr x0, [x0]", 0),
    "pair": ("ldp x1, x2, [x0]; orr x0, x1, x2", 0),
    "write-back": ("ldr x1, [x0], #8; sub x0, x0, x1", 8),
    "acquire": ("ldar x0, [x0]", 0),
    "write 8 bits": ("strb w1, [x0]; mov x0, x1", None),
    "write 16 bits": ("strh w1, [x0]; mov x0, x1", None),
    "write 64 bits": ("str x1, [x0]; mov x0, x1", None),
    "write pair": ("stp x1, x1, [x0]; mov x0, x1", None),
    "write-back of a write": ("str x1, [x0, #8]!", 8),
    "release": ("stlr x1, [x0]; mov x0, x1", None),
    "read what was written": ("str x1, [x0]; ldr x0, [x0]", 0),
}
# What has no result that could be made up
UNDECODABLE = {
    "exclusive": "ldxr w1, [x0]",
    "exclusive pair": "ldxp x1, x2, [x0]",
    "SIMD": "ldr q0, [x0]",
    "write SIMD": "str q0, [x0]",
    "structures": "ld4 {v0.16b, v1.16b, v2.16b, v3.16b}, [x0]",
    "zero a line": "dc zva, x0",
}
ONES = (1 << 64) - 1


def stray_attacks():
    for place, at in ("nothing", IGNORED + 0x40), ("the root cell", IGNORED_ROOT), ("the hypervisor", IGNORED_HYPERVISOR):
        same = (at,) if place == "the root cell" else ()
        for name, (code, result) in ACCESSES.items():
            # write-back changes the address register
            x0 = ONES if result is None else at + result if "write-back" in name else result
            attack("ignored", f"{name} of {place}", code, Returned(x0), at, ONES, same=same)
        for name, code in UNDECODABLE.items():
            attack("ignored", f"{name} of {place}", code, ABORT, at, ONES, same=same)
        attack("ignored", f"execute {place}", "br x0", FETCH_ABORT, at)
    attack("ignored", "last byte", "ldrb w0, [x0]", Returned(0), IGNORED + SIZE - 1)
    attack("ignored", "over the end", "ldr x0, [x0, #-4]", Returned(0), IGNORED + SIZE)
    attack("ignored", "pair over the end", "ldp x1, x2, [x0, #-8]", ABORT, IGNORED + SIZE)
    attack("ignored", "before the begin", "ldr x0, [x0]", Stopped(READ, IGNORED - 4), IGNORED - 4)
    attack("ignored", "cache line", "dc civac, x0; mov x0, #3", Returned(3), IGNORED)
    for place, at in ("nothing", ABORTED + 0x40), ("a neighbour", ABORTED_FOREIGN):
        same = (at,) if place == "a neighbour" else ()
        for name, (code, _) in ACCESSES.items():
            attack("aborted", f"{name} of {place}", code, ABORT, at, ONES, same=same)
        for name, code in UNDECODABLE.items():
            attack("aborted", f"{name} of {place}", code, ABORT, at, ONES, same=same)
        attack("aborted", f"execute {place}", "br x0", FETCH_ABORT, at)
    attack("failing", "read", "ldr w1, [x0]", Stopped(READ, FAILED), FAILED)
    attack("failing", "write", "str w1, [x0]", Stopped(WRITE, FAILED + 8), FAILED + 8)
    attack("failing", "pair over the begin", "ldp x1, x2, [x0, #-8]", ABORT, FAILED)
    attack("failing", "exclusive", "ldxr w1, [x0]", Stopped(READ, FAILED), FAILED)
    attack("failing", "execute", "br x0", Stopped(FETCH, FAILED), FAILED)


stray_attacks()
