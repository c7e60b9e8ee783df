# SPDX-License-Identifier: BSD-2-Clause
"""Rules about what the hypervisor image that the user names was built without; its limits are in rules_limits.py."""
from . import abi, emit, records
from .built import has_watchdog, lacks, missing_uart
from .registry import BOARD, REFERENCES, rule


@rule("built-launch", BOARD)
def built_launch(system):
    """The hypervisor image that is named can be started as the system wants it: by Linux (CONFIG_LATE_LAUNCH), or with 'boot:
    direct' by firmware (CONFIG_DIRECT_BOOT)."""
    image, feature = system.hypervisor_image, "DIRECT_BOOT" if system.direct else "LATE_LAUNCH"
    if lacks(image, feature):
        who = "firmware" if system.direct else "Linux"
        yield system.key("boot" if system.direct else "system"), (
            f"{image.name} was built without CONFIG_{feature}: {who} cannot start it; use another image")


@rule("built-watchdog", REFERENCES)
def built_watchdog(system):
    """The hypervisor image that is named has watchdogs (CONFIG_WATCHDOG), if a cell wants one."""
    image = system.hypervisor_image
    for cell in system.cells if lacks(image, "WATCHDOG") else ():
        low = has_watchdog(records.array(cell.records, "memory_regions"))
        if low or cell.watchdog is not None and not cell.root:
            yield cell.key("records" if low else "watchdog"), (
                f"{cell} has a watchdog, and {image.name} was built without CONFIG_WATCHDOG; remove it, or use another image")


@rule("built-console", REFERENCES)
def built_console(system):
    """The hypervisor image that is named has a driver of the UART that is the hypervisor's own console (CONFIG_UART_PL011,
    CONFIG_UART_8250)."""
    image, low = system.hypervisor_image, "debug_console" in system.records
    device = system.board.devices.get(system.hypervisor_console)
    console = abi.System()
    if low:
        records.set_system(console, {"debug_console": system.records["debug_console"]})
    elif device and device.console:
        console.debug_console = emit.console(system, device.name)
    uart = missing_uart(image, console.debug_console)
    if uart:
        yield system.key(*(("records", "debug_console") if low else ("hypervisor", "console"))), (
            f"the console of the hypervisor needs CONFIG_{uart}, and {image.name} was built without; use another console, or "
            "another image")


@rule("built-management", REFERENCES)
def built_management(system):
    """In direct boot, the hypervisor image that is named lets a Linux in the root cell find and make cells (CONFIG_CELL_INFO,
    CONFIG_CELL_MANAGEMENT), if there are cells without images, which it has to make."""
    image, linux = system.hypervisor_image, system.root and system.root.linux
    left = [cell for cell in system.others if not cell.images] if system.direct and linux else []
    for feature in ("CELL_MANAGEMENT", "CELL_INFO"):
        if left and lacks(image, feature):
            yield left[0].key(), (f"{left[0]} has no images, and {image.name} was built without CONFIG_{feature}: Linux cannot make "
                                  "it; add 'images', or use another image"), *left
