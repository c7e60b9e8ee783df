# SPDX-License-Identifier: BSD-2-Clause
"""Stage-2 tables of the image against a model of what they map: stage2.c."""
import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("BULKHEAD_BUILD") or Path(__file__).resolve().parents[2] / "build").resolve()
PA_RANGES = {"three levels, two roots": 2, "four levels": 4}	# ID_AA64MMFR0_EL1.PARange


@pytest.mark.parametrize("pa_range", PA_RANGES.values(), ids=PA_RANGES)
@pytest.mark.parametrize("where", ["own", "low", "high"])
@pytest.mark.parametrize("seed", range(3))
def test_tables_are_those_of_the_model(pa_range, where, seed):
    done = subprocess.run(["qemu-aarch64", "-cpu", "cortex-a57", BUILD / "arm64-user/stage2", str(pa_range), str(seed), where],
                          capture_output=True, text=True, timeout=300, check=False)
    word, refused = (done.stdout + " ?").split()[:2]
    assert done.returncode == 0 and word == "ok", done.stdout + done.stderr
    assert int(refused) > 0		# the pool was too small at times
