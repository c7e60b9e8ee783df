# SPDX-License-Identifier: BSD-2-Clause
"""Sizes and ranges as people write them."""
import re
from dataclasses import dataclass

PAGE = 0x1000
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"B": 1, "KiB": KIB, "MiB": MIB, "GiB": GIB}
SIZE_PATTERN = r"^[0-9]{1,6} (B|KiB|MiB|GiB)$(?!\n)"
TIMES = {"us": 1, "ms": 1000, "s": 1000000}	# microseconds
TIME_PATTERN = r"^[0-9]{1,10} (us|ms|s)$(?!\n)"
ADDRESS_END = 1 << 48

# of the virtual PCI host
ECAM_SIZE = MIB			# one bus
BAR_PAGE = 64 * KIB		# largest page size of a Linux root cell
LINE_COUNT = 4			# INTA..INTD

FIRST_SPI = 32			# INTID of SPI 0
TIMER = [29, 30, 27, 26]	# INTIDs of Arm Base System Architecture, PPI assignments


def parse_size(value):
    """A number of bytes, or text such as '36 KiB'. The schema has checked the form."""
    if isinstance(value, int):
        return value
    number, unit = re.match(r"([0-9]+) (\w+)$", value).groups()
    return int(number) * UNITS[unit]


def format_size(size):
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]} {unit}"
    return f"{size} B"


def parse_time(text):
    """Microseconds of text such as '100 ms'. The schema has checked the form."""
    number, unit = text.split(" ")
    return int(number) * TIMES[unit]


def format_time(microseconds):
    unit = next(unit for unit in ("s", "ms", "us") if microseconds % TIMES[unit] == 0)
    return f"{microseconds // TIMES[unit]} {unit}"


def about(size):
    """As format_size, but short: one place behind the point where it is no whole number."""
    unit = next((unit for unit in ("GiB", "MiB", "KiB") if size >= UNITS[unit]), "B")
    return f"{size / UNITS[unit]:.1f} {unit}".replace(".0 ", " ")


def round_up(value, step):
    return (value + step - 1) // step * step


@dataclass(frozen=True, order=True)
class Range:
    """Half-open: start belongs to it, end does not."""
    start: int
    end: int

    @classmethod
    def at(cls, start, size):
        return cls(start, start + size)

    @property
    def size(self):
        return self.end - self.start

    def overlaps(self, other):
        return max(self.start, other.start) < min(self.end, other.end)

    def contains(self, other):
        return self.start <= other.start and other.end <= self.end

    def minus(self, other):
        """What is left of it without the other one: at most two ranges."""
        parts = [Range(self.start, min(self.end, other.start)), Range(max(self.start, other.end), self.end)]
        return [part for part in parts if part.size > 0]

    def __str__(self):
        return f"[{self.start:#x}, {self.end:#x})"
