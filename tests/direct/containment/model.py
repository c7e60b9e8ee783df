# SPDX-License-Identifier: BSD-2-Clause
"""What an attack is, and what may come of it.

An attack is assembler text, with x0 to x7 as its arguments. The instruction that matters has a ">" in front, if it is
not the first one. Addresses are the attacker's, who sees guest memory 1:1, and again elsewhere (attacker.py).
"""
from dataclasses import dataclass

READ, WRITE, FETCH = "read of", "write to", "instruction fetch from"
ALL = (1 << 64) - 1
CPUS = 4
OWN_INTID, INTID_OF_C, INTID_OF_ROOT = 212, 216, 33
LIMIT = 1 << 44  # guest addresses of this machine


@dataclass(frozen=True)
class Stopped:
    """The CPU is stopped, and the console says for which access."""

    access: str
    address: int

    def __str__(self):
        return f"stopped: {self.access} {self.address:#x}"


@dataclass(frozen=True)
class Raised:
    """The attacker gets an exception: ESR without the bits that are not in the mask."""

    name: str
    esr: int
    mask: int = 0xFC00003F
    far: bool = True

    def __str__(self):
        return self.name


@dataclass(frozen=True)
class Returned:
    """The attacker goes on; x0 may have to be something."""

    x0: int = None

    def __str__(self):
        return "goes on" if self.x0 is None else f"goes on, result {self.x0 - (1 << 64) if self.x0 >> 63 else self.x0}"


@dataclass(frozen=True)
class Endless:
    """It never comes back; the root cell stops it."""

    def __str__(self):
        return "runs until the root cell stops it"


@dataclass(frozen=True)
class Off:
    """No CPU of the cell is on any more."""

    def __str__(self):
        return "is off"


ABORT = Raised("external abort", 0x94000010)
FETCH_ABORT = Raised("external abort of a fetch", 0x84000010)
EL0_ABORT = Raised("external abort of EL0", 0x90000010)
UNDEFINED = Raised("undefined instruction", 0, far=False)
OWN_TRANSLATION = Raised("its own translation fault", 0x94000004, 0xFC00003C)
OWN_SIZE = Raised("its own address size fault", 0x94000000, 0xFC00003C)
OWN_FETCH_SIZE = Raised("its own address size fault on a fetch", 0x84000000, 0xFC00003C)
ILLEGAL_STATE = Raised("illegal execution state", 0x38000000, far=False)
BREAKPOINT = Raised("breakpoint exception", 0xF0000000 | 0x3F, far=False)
GOES_ON, ENDLESS, OFF = Returned(), Endless(), Off()


@dataclass(frozen=True)
class Attack:
    group: str
    name: str
    code: str
    outcome: object
    arguments: tuple = ()
    same: tuple = ()  # physical addresses of words that stay as they are
    window: int = None  # table entry for the address WINDOW
    gic: bool = False  # registers of others are compared
    pc: int = None  # where an exception is, if not in the code of the attack
    cpu: str = "cortex-a57"
    running: bool = False  # the cell counts as running: it is asked before it is stopped

    @property
    def id(self):
        return f"{self.group}: {self.name}"


ATTACKS = []


def attack(group, name, code, outcome, *arguments, **more):
    ATTACKS.append(Attack(group, name, code, outcome, arguments, **more))
