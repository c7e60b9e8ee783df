# SPDX-License-Identifier: BSD-2-Clause
"""What is built into a hypervisor image, by its header, and what of that systems and binary configurations need."""
from . import abi
from .findings import ivshmem
from .limits import KEYS, Limits

PREFIX = "BH_BUILT_"
FEATURES = {name.removeprefix(PREFIX): bit for name, bit in vars(abi).items() if name.startswith(PREFIX)}
UARTS = {abi.CFG_CONSOLE_PL011: "UART_PL011", abi.CFG_CONSOLE_8250: "UART_8250"}


def lacks(image, feature):
    """image: bundle.HypervisorImage, or None if nobody has named one."""
    return image is not None and not image.header.features & FEATURES[feature]


def limits(image):
    return Limits(image.name, cpus=image.header.max_cpus, cells=image.header.max_cells, links=image.header.max_links)


def missing_uart(image, console):
    """The feature that an image does not have for the hypervisor's own console, or None."""
    uart = UARTS.get(console.type) if console.flags & abi.CFG_CONSOLE_MMIO else None
    return uart if uart and lacks(image, uart) else None


def has_watchdog(regions):
    return any(region.flags & abi.CFG_WATCHDOG for region in regions)


def of_set(members, image):
    """(member, record, text) of binary configurations, that of the system first; image: bundle.HypervisorImage."""
    root, limit = members[0], limits(image)
    if lacks(image, "LATE_LAUNCH"):
        yield root, "header", f"{image.name} was built without CONFIG_LATE_LAUNCH: Linux cannot start it; use another image"
    uart = missing_uart(image, root.binary.system.debug_console)
    if uart:
        yield root, "debug console", f"{image.name} was built without CONFIG_{uart}; use another image, or no debug console"
    for member in members:
        for index, region in enumerate(member.regions):
            if region.flags & abi.CFG_WATCHDOG and lacks(image, "WATCHDOG"):
                yield member, f"memory {index}", (f"is a watchdog, and {image.name} was built without CONFIG_WATCHDOG; remove it, "
                                                  "or use another image")
    links = {device.bdf for member in members for _, device in ivshmem(member.binary)}
    for name, count in (("cpus", max(root.cpus, default=0) + 1), ("cells", len(members)), ("links", len(links))):
        if count > getattr(limit, name):
            yield root, "header", (f"needs a {KEYS[name]} of {count}, and {image.name} was built with {getattr(limit, name)}; use "
                                   "another image")
