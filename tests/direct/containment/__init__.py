# SPDX-License-Identifier: BSD-2-Clause
"""All attacks of a cell, by what they use."""
from . import calls, devices, extensions, memory, registers, strays  # noqa: F401
from .model import ATTACKS  # noqa: F401
