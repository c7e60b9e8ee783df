# SPDX-License-Identifier: BSD-2-Clause
"""The soak test for some rounds; `make soak` runs it for as many as wanted. And what it has found."""
import os

import pytest

from attacker import GICD, Lab
from containment.model import OWN_INTID
from soak import Soak

ROUNDS = int(os.environ.get("SOAK_ROUNDS", 200))
SEED = int(os.environ.get("SEED", 1))
ISENABLER, ISPENDR = 0x100, 0x200


@pytest.mark.parametrize("thread", ["single", "multi"])
def test_soak(tmp_path, thread):
    """All CPUs by turns, which is quick and repeats itself; and all at once."""
    rounds = ROUNDS * 3 // 4 if thread == "single" else ROUNDS // 4
    with Soak(tmp_path, rounds, SEED, accel=f"tcg,thread={thread}") as soak:
        figures = soak.run()
    print(figures)
    # the first link's events, all of which have come to an end
    assert figures["sent"] == figures["delivered"] + figures["merged"] + figures["dropped"]
    assert figures["checks"] == rounds + 2
    assert min(figures[name] for name in ("rings", "state_changes", "interrupts", "created", "destroyed")) > rounds / 2


def test_interrupt_taken_by_a_stopped_cpu(tmp_path):
    """What a CPU took while its cell was stopped is not pending again when the next cell gets the CPU. With all CPUs in
    one thread, the CPU that is stopped gets as far as it can each time."""
    raise_it = "str w1, [x0]; str w1, [x2]; dsb sy; isb; nop; nop"
    lab = Lab(tmp_path, [raise_it], accel="tcg,thread=single")
    try:
        word, bit = OWN_INTID // 32 * 4, 1 << OWN_INTID % 32
        lab.restart()
        lab.do(raise_it, GICD + ISENABLER + word, bit, GICD + ISPENDR + word)
        for step in lab.root.destroy, lab.root.create:
            assert step("a") >= 0
            assert not lab.word(GICD + ISPENDR + word) & bit
    finally:
        lab.close()
