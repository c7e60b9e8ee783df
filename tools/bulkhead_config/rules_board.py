# SPDX-License-Identifier: BSD-2-Clause
"""Rules for boards, and for what a system changes of its board."""
from itertools import combinations

from .model import ECAM_SIZE
from .registry import BOARD, rule
from .units import GIB, KIB, MIB, PAGE, format_size

REDISTRIBUTOR_SIZE = 128 * KIB
GIC_FRAME = 64 * KIB
TIMERS = ("the secure timer", "the physical timer", "the virtual timer", "the hypervisor timer")
HYPERVISOR_MINIMUM, HYPERVISOR_MAXIMUM = MIB, GIB	# at most what it maps at one place (VA_IMAGE)
AFFINITY_MASK = 0xff00ffffff
VIRTIO_ALIGNMENT = 512


@rule("board-overlap", BOARD)
def board_overlap(system):
    """Memory, devices, interrupt controller and IOMMUs of a board do not overlap."""
    board = system.board
    areas = [(entry, entry.range, entry.key()) for entry in [*board.ram, *board.devices.values(), *board.units]]
    areas += [(name, area, board.key("gic", name.name.split()[-1])) for name, area in board.gic()]
    for (first, a, a_place), (second, b, b_place) in combinations(areas, 2):
        if a.overlaps(b):
            yield b_place, (f"{second} {b} overlaps {first} {a} (line {a_place.line}); "
                            "correct the address or size of one of them"), second, first


@rule("board-area-pages", BOARD)
def board_area_pages(system):
    """Memory, devices and IOMMUs of a board, and a pool, begin and end at a page, because they are mapped."""
    board = system.board
    areas = [(str(entry), entry.range, entry.key()) for entry in [*board.ram, *board.devices.values(), *board.units]]
    areas += [("the pool", board.pool, board.key("pool"))] if board.pool else []
    areas += [("the pool", system.pool, system.key("pool"))] if system.has("pool") else []
    for name, area, place in areas:
        if area.start % PAGE or area.end % PAGE or area.size == 0:
            yield place, f"{name} {area} does not consist of whole pages; use multiples of {format_size(PAGE)}"


@rule("board-redistributors", BOARD)
def board_redistributors(system):
    """There is a GICv3 redistributor of 128 KiB for each CPU of the board."""
    board = system.board
    needed = board.cpus * REDISTRIBUTOR_SIZE
    if board.redistributors.size < needed:
        yield board.key("gic", "redistributors"), (
            f"the GIC redistributors have {format_size(board.redistributors.size)}, {board.cpus} CPUs need "
            f"{format_size(needed)}; correct size or cpus")


@rule("board-gic", BOARD)
def board_gic(system):
    """The areas of the interrupt controller lie at multiples of 64 KiB, which is the size of its frames, and not at 0. An
    ITS has two frames."""
    board = system.board
    areas = [(name, area, board.key("gic", name.name.split()[-1]), GIC_FRAME) for name, area in board.gic()]
    areas += [(unit, unit.range, unit.value(), 2 * GIC_FRAME) for unit in board.units if "its" in unit.path]
    for name, area, place, least in areas:
        if area.start == 0 or area.start % GIC_FRAME or area.size < least:
            yield place, (f"{name} cannot be {area}; use a multiple of {format_size(GIC_FRAME)}, not 0, and at least "
                          f"{format_size(least)}"), name


@rule("board-ppi", BOARD)
def board_ppi(system):
    """The maintenance interrupt and the four timers of a CPU are five different PPIs."""
    board = system.board
    users = {board.maintenance: ("the maintenance interrupt", board.key("gic", "maintenance-interrupt"))}
    for name, ppi in zip(TIMERS, board.timer):
        place = board.key("timer") if board.has("timer") else board.key("gic", "maintenance-interrupt")
        if ppi in users:
            yield place, f"{name} has INTID {ppi} like {users[ppi][0]} (line {users[ppi][1].line}); correct one of them"
        users.setdefault(ppi, (name, place))


@rule("board-mpidr", BOARD)
def board_mpidr(system):
    """Each CPU of the board has its own affinity: Aff0 to Aff3 as in MPIDR_EL1, the other bits 0."""
    board = system.board
    if len(board.mpidr) != board.cpus:
        yield board.key("mpidr"), (f"'mpidr' lists {len(board.mpidr)} CPUs, the board has {board.cpus}; "
                                   "correct one of them")
    for cpu, value in enumerate(board.mpidr):
        if value & ~AFFINITY_MASK:
            yield board.value("mpidr", cpu), (f"{value:#x} of CPU {cpu} has bits outside of the affinity "
                                              f"{AFFINITY_MASK:#x}; clear them")
        if value in board.mpidr[:cpu]:
            yield board.value("mpidr", cpu), (f"CPU {cpu} has affinity {value:#x} like CPU "
                                              f"{board.mpidr.index(value)}; correct one of them")


@rule("board-spi", BOARD)
def board_spi(system):
    """The SPIs of a device exist and are listed once, and none of them is set aside for the virtual PCI host."""
    board = system.board
    if board.pci_spis.stop > board.spis:
        yield board.key("pci", "interrupts"), (f"SPIs [{board.pci_spis.start}, {board.pci_spis.stop}) exceed the "
                                               f"{board.spis} that the GIC has; choose lower ones")
    for device in board.devices.values():
        for spi in sorted({spi for spi in device.spis if device.spis.count(spi) > 1}):
            yield device.key("spis"), f"{device} lists SPI {spi} more than once; remove it, or correct one of them"
        for spi in device.spis:
            if spi >= board.spis:
                yield device.key("spis"), f"{device} uses SPI {spi}, the GIC has {board.spis}; correct one of them"
            if spi in board.pci_spis:
                yield device.key("spis"), (f"{device} uses SPI {spi}, which 'interrupts' of 'pci' offers to cells; "
                                           "choose unused ones there")


@rule("board-device-type", BOARD)
def board_device_type(system):
    """Devices of type virtio-mmio lie behind each other in equal parts of at least 512 bytes, each with one SPI. A console
    has no other type."""
    for device in system.board.devices.values():
        if device.console and device.has("type"):
            yield device.key("type"), f"{device} is a console, which is a type of its own; remove 'type'"
        elif device.type == "virtio-mmio":
            parts = len(device.spis)
            if parts == 0 or device.range.size % (parts * VIRTIO_ALIGNMENT):
                yield device.key("type"), (f"{device} {device.range} cannot be divided among its {parts} SPIs; list as many as "
                                           f"there are virtio devices, each of a multiple of {VIRTIO_ALIGNMENT} bytes")


@rule("pool-not-ram", BOARD)
def pool_not_ram(system):
    """The pool, from which cells and links get memory, lies in memory of the board."""
    if system.pool and not system.board.is_ram(system.pool):
        entry = system if system.has("pool") else system.board
        yield entry.key("pool"), (f"the pool {system.pool} is not inside the memory of board "
                                  f"'{system.board.name}'; move it there")


@rule("hypervisor-memory-size", BOARD)
def hypervisor_memory_size(system):
    """Hypervisor memory consists of whole pages and has at least 1 MiB and at most 1 GiB."""
    at = system.hypervisor_at or 0
    if system.hypervisor_size > HYPERVISOR_MAXIMUM:
        yield system.value("hypervisor", "memory"), (
            f"{format_size(system.hypervisor_size)} are more than the hypervisor can have; use at most "
            f"{format_size(HYPERVISOR_MAXIMUM)}")
    elif system.hypervisor_size % PAGE or at % PAGE or system.hypervisor_size < HYPERVISOR_MINIMUM:
        yield system.value("hypervisor", "memory"), (
            f"{format_size(system.hypervisor_size)}{f' at {at:#x}' if at else ''} does not do for the hypervisor; "
            f"use a multiple of {format_size(PAGE)}, at least {format_size(HYPERVISOR_MINIMUM)}")


@rule("hypervisor-memory-not-ram", BOARD)
def hypervisor_memory_not_ram(system):
    """Hypervisor memory lies in memory of the board."""
    area = system.hypervisor_range
    if area and not system.board.is_ram(area):
        yield system.key("hypervisor", "memory"), (f"hypervisor memory {area} is not inside the memory of board "
                                                   f"'{system.board.name}'; move it there, or leave 'at' out")


@rule("ecam-alignment", BOARD)
def ecam_alignment(system):
    """The ECAM window is aligned to its size, and PCI addresses have 32 bits."""
    if system.ecam % ECAM_SIZE or any(window.end > 1 << 32 for _, window in system.pci_windows()):
        yield _ecam_place(system), (f"the ECAM window cannot be at {system.ecam:#x}; use a multiple of "
                                    f"{format_size(ECAM_SIZE)} below 4 GiB")


@rule("ecam-conflict", BOARD)
def ecam_conflict(system):
    """Neither the ECAM window nor the BAR window behind it covers anything that the board has."""
    board = system.board
    areas = [(entry, entry.range) for entry in [*board.ram, *board.devices.values(), *board.units]] + board.gic()
    for window_name, window in system.pci_windows():
        for name, area in areas:
            if window.overlaps(area):
                yield _ecam_place(system), (f"{window_name} {window} overlaps {name} {area}; "
                                            "move 'ecam' to where the board has nothing"), window_name, name


def _ecam_place(system):
    return system.key("pci", "ecam") if system.has("pci", "ecam") else system.board.key("pci", "ecam")
