# SPDX-License-Identifier: BSD-2-Clause
"""Rules about watchdogs: cells that show in their communication region that they are alive."""
from . import abi, findings, records
from .registry import REFERENCES, rule
from .units import TIMER, format_time

HYP_TIMER = 3			# in the board's list of timers


def _watched(system):
    return [cell for cell in system.cells if cell.watchdog is not None and not cell.root]


@rule("watchdog-period", REFERENCES)
def watchdog_period(system):
    """The period of a watchdog is 1 ms to one hour."""
    for cell in _watched(system):
        if not abi.CFG_WATCHDOG_MIN <= cell.watchdog <= abi.CFG_WATCHDOG_MAX:
            yield cell.value("watchdog"), (f"the watchdog of {cell} has a period of {format_time(cell.watchdog)}; use "
                                           f"{format_time(abi.CFG_WATCHDOG_MIN)} to {format_time(abi.CFG_WATCHDOG_MAX)}")


@rule("watchdog-counter", REFERENCES)
def watchdog_counter(system):
    """A cell with a watchdog has a communication region: there is the counter that it changes."""
    for cell in _watched(system):
        regions = records.array(cell.records, "memory_regions")
        if cell.comm is None and not any(region.flags & findings.COUNTER == findings.COUNTER for region in regions):
            yield cell.key("watchdog"), f"{cell} has a watchdog, but no counter; add 'communication-region'"


@rule("watchdog-timer", REFERENCES)
def watchdog_timer(system):
    """A watchdog runs by the hypervisor timer of each CPU, which has to have the usual INTID: binaries do not say it."""
    intid, usual = system.board.timer[HYP_TIMER], TIMER[HYP_TIMER]
    for cell in _watched(system) if intid != usual else []:
        yield cell.key("watchdog"), (f"the hypervisor timer of {system.board} has INTID {intid}, and the watchdog of {cell} "
                                     f"needs it at {usual}; remove 'watchdog', or correct 'timer'"), cell, system.board
