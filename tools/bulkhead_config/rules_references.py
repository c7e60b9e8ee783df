# SPDX-License-Identifier: BSD-2-Clause
"""Rules that need no addresses: names, CPUs, devices, memory."""
from .model import LINE_COUNT
from .registry import REFERENCES, rule
from .source import HYPERVISOR
from .units import PAGE, format_size

NAME_MAX = 31
ROOT_KEYS = {"root", "virtual-console", "pci-interrupts", "page-size", "stray-access", "stray-ranges", "records"}
DIRECT_KEYS = {"images", "on-failure", "argument"}
DIRECT_ROOT_KEYS = ROOT_KEYS | DIRECT_KEYS | {"entry", "linux"}


def _device(system, name):
    """The device of that name, if there is one."""
    return [device for device in system.board.devices.values() if device.name == name]


def _joined(names):
    return ", ".join(f"'{name}'" for name in names)


@rule("name-length", REFERENCES)
def name_length(system):
    """Names of cells have at most 31 characters."""
    for cell in system.cells:
        if len(cell.name) > NAME_MAX:
            yield cell.key(), f"{cell} has a name of {len(cell.name)} characters; use at most {NAME_MAX}"


@rule("root-missing", REFERENCES)
def root_missing(system):
    """One cell is the root cell: the Linux that loads the hypervisor. Direct boot needs none."""
    # a cell that is written wrong may have been meant
    unclear = any(system.document.is_broken(*cell.path) and not cell.cpus and not cell.regions for cell in system.cells)
    if not system.direct and not system.root and not unclear:
        yield system.key("cells"), "no cell is the root cell; add 'root: true' to the one that runs Linux"


@rule("root-twice", REFERENCES)
def root_twice(system):
    """Only one cell is the root cell."""
    roots = [cell for cell in system.cells if cell.root]
    for cell in roots[1:]:
        yield cell.key("root"), (f"{cell} cannot be the root cell, {roots[0]} is (line {roots[0].key('root').line}); "
                                 "remove one 'root: true'"), cell, roots[0]


@rule("root-keys", REFERENCES)
def root_keys(system):
    """The root cell gets all that no other cell takes, so nothing is listed for it."""
    known = DIRECT_ROOT_KEYS if system.direct else ROOT_KEYS | DIRECT_KEYS | {"linux"}
    for cell in system.cells:
        for key in cell.document.data["cells"][cell.name]:
            if cell.root and key not in known:
                yield cell.key(key), (f"'{key}' has no place in the root cell '{cell.name}', which gets all that no "
                                      "other cell takes; remove it")


@rule("cell-without-cpu", REFERENCES, combines=True)
def cell_without_cpu(system):
    """A cell has at least one CPU."""
    for cell in system.others:
        if not cell.cpus:
            yield cell.key("cpus"), f"{cell} has no CPU; give it at least one, such as 'cpus: [1]'"


@rule("cell-without-memory", REFERENCES, combines=True)
def cell_without_memory(system):
    """A cell has memory to run from."""
    for cell in system.others:
        if not cell.regions and not cell.records.get("memory_regions"):
            yield cell.key("memory"), f"{cell} has no memory; add 'memory: {{ ram: {{ at: 0x0, size: 1 MiB }} }}'"


@rule("cpu-unknown", REFERENCES)
def cpu_unknown(system):
    """CPUs of cells exist on the board."""
    for cell in system.others:
        for index, cpu in enumerate(cell.cpus):
            if cpu >= system.board.cpus:
                yield cell.value("cpus", index), (f"{cell} wants CPU {cpu}, board '{system.board.name}' has CPUs 0 to "
                                                  f"{system.board.cpus - 1}; choose one of these")


@rule("cpu-twice", REFERENCES)
def cpu_twice(system):
    """A CPU belongs to one cell."""
    owners = {}
    for cell in system.others:
        for index, cpu in enumerate(cell.cpus):
            if cpu in owners:
                owner, place = owners[cpu]
                yield cell.value("cpus", index), (f"CPU {cpu} of {cell} already belongs to {owner} "
                                                  f"(line {place.line}); take it out of one of them"), cell, owner
            owners.setdefault(cpu, (cell, cell.value("cpus", index)))


@rule("cpu-root-empty", REFERENCES)
def cpu_root_empty(system):
    """The root cell keeps at least one CPU while all other cells exist."""
    taken = {cpu for cell in system.others for cpu in cell.cpus}
    if system.root and taken >= set(system.cpus):
        yield system.key("cells"), (f"{_joined(cell.name for cell in system.others)} take all {len(system.cpus)} CPUs; "
                                    "leave at least one to the root cell"), system.root, *system.others


@rule("device-unknown", REFERENCES)
def device_unknown(system):
    """Devices named in a system are devices of its board."""
    wanted = [(cell, cell.value(key, index), name) for cell in system.cells
              for key, names in (("devices", cell.devices), ("shared-devices", cell.shared_devices))
              for index, name in enumerate(names)]
    wanted += [(cell, cell.value("console"), cell.console) for cell in system.cells if cell.console]
    if system.hypervisor_console:
        wanted.append((HYPERVISOR, system.value("hypervisor", "console"), system.hypervisor_console))
    for user, place, name in wanted:
        if name not in system.board.devices:
            yield place, (f"{user} wants device '{name}', which board '{system.board.name}' does not have; "
                          f"possible are {', '.join(system.board.devices)}"), user, system.board


@rule("device-twice", REFERENCES)
def device_twice(system):
    """A device belongs to one cell, unless each of its cells has it in 'shared-devices'."""
    uses = [(name, cell, key, index) for cell in system.others
            for key, names in (("devices", cell.devices), ("shared-devices", cell.shared_devices))
            for index, name in enumerate(names)]
    for number, (name, cell, key, index) in enumerate(uses):
        for other_name, other, other_key, other_index in uses[:number]:
            if name == other_name and (cell is other or "devices" in (key, other_key)):
                yield cell.value(key, index), (f"device '{name}' of {cell} is already in '{other_key}' of {other} "
                                               f"(line {other.value(other_key, other_index).line}); "
                                               "take it out of one of them"), *_device(system, name), cell, other
                break		# one reason is enough


@rule("device-of-hypervisor", REFERENCES)
def device_of_hypervisor(system):
    """The hypervisor's console is not given away: a cell may only share it."""
    for cell in system.others:
        for index, name in enumerate(cell.devices):
            if name == system.hypervisor_console:
                yield cell.value("devices", index), (f"device '{name}' of {cell} is the console of the hypervisor (line "
                                                     f"{system.key('hypervisor', 'console').line}); "
                                                     "put it into 'shared-devices'"), *_device(system, name), cell, HYPERVISOR


@rule("console-kind", REFERENCES)
def console_kind(system):
    """A console is a device that the board declares as one."""
    users = [(cell, cell.value("console"), cell.console) for cell in system.cells]
    users.append((HYPERVISOR, system.value("hypervisor", "console"), system.hypervisor_console))
    able = [device.name for device in system.board.devices.values() if device.console]
    for user, place, name in users:
        if name in system.board.devices and name not in able:
            yield place, (f"device '{name}' cannot be the console of {user}; possible are {', '.join(able) or 'none'}"
                          ), *_device(system, name), user


@rule("console-access", REFERENCES, combines=True)
def console_access(system):
    """A cell has access to the device that is its console."""
    for cell in system.others:
        if cell.console and cell.console not in cell.devices + cell.shared_devices:
            yield cell.value("console"), (f"{cell} has '{cell.console}' as console but no access to it; add it to "
                                          "'shared-devices' or 'devices'"), cell, *_device(system, cell.console)


@rule("region-pages", REFERENCES)
def region_pages(system):
    """Memory of a cell and its communication region begin and end at a page."""
    for cell in system.others:
        for region in cell.regions:
            if region.size == 0 or any(value and value % PAGE for value in (region.at, region.size, region.host)):
                yield region.key(), (f"{region} does not consist of whole pages; use multiples of {format_size(PAGE)} "
                                     "for 'at', 'host' and 'size'")
        if cell.comm and cell.comm % PAGE:
            yield cell.value("communication-region"), (f"the communication region of {cell} cannot be at {cell.comm:#x}; "
                                                       f"use a multiple of {format_size(PAGE)}")


@rule("loadable-read-only", REFERENCES)
def loadable_read_only(system):
    """Memory that images are loaded into is writable."""
    for cell in system.others:
        for region in cell.regions:
            if region.loadable and "w" not in region.access:
                yield region.key("loadable"), (f"{region} is loadable but only has access '{region.access}'; add 'w', or "
                                               "remove 'loadable'")


@rule("spi-unknown", REFERENCES)
def spi_unknown(system):
    """Interrupts of cells exist in the interrupt controller."""
    spis = system.board.spis
    for cell in system.cells:
        for index, spi in enumerate(cell.interrupts):
            if spi >= spis:
                yield cell.value("interrupts", index), (f"{cell} wants SPI {spi}, board '{system.board.name}' has SPIs 0 "
                                                        f"to {spis - 1}; choose one of these")
        # in records, whatever comes from elsewhere: the hypervisor takes it, but for what links of this file need
        low = "vpci_irq_base" in cell.records.get("header", {})
        needed = not low or (not cell.root and any(not link.msix for link in system.links_of(cell)))
        if cell.lines is not None and cell.lines + LINE_COUNT > spis and needed:
            place = cell.value("records", "header", "vpci_irq_base") if low else cell.value("pci-interrupts")
            yield place, (f"{cell} wants SPIs {cell.lines} to {cell.lines + LINE_COUNT - 1}, board "
                                                 f"'{system.board.name}' has SPIs 0 to {spis - 1}; choose lower ones")
