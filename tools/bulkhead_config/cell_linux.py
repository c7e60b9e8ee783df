# SPDX-License-Identifier: BSD-2-Clause
"""The command `jailhouse cell linux`: starts a Linux in a cell that is not the root cell. Exit codes: 0 done, 1 an
error, 2 wrong usage."""
import argparse
import ctypes
import errno
import fcntl
import os
import platform
import shlex
import sys

from . import abi, arm64_kernel, binary, devicetree, guest_of_binary, linux_images, machine_tree, writing
from .names import ARCHITECTURES
from .show import text
from .units import MIB

DEVICE = abi.BH_DEVICE_NODE.decode()
SYSFS = abi.BH_SYSFS_ROOT.decode()
LIVE_TREE = "/proc/device-tree"
MACHINES = {"aarch64": "arm64", "x86_64": "x86", "i686": "x86"}
FACTOR = 1			# for arm64
LARGEST_FILE = 1 << 30
COMMAND_LINE_MAX = 2047		# of an arm64 kernel, without its end


class CommandError(Exception):
    """One line for the user."""


def _read(path, limit=LARGEST_FILE):
    try:
        with open(path, "rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise CommandError(f"opening {path}: {error.strerror}") from None
    if len(content) > limit:
        raise CommandError(f"{path}: has more than {limit >> 20} MiB; is it the right file?")
    return content


def _configuration(path, is_system):
    try:
        found = binary.parse(_read(path, MIB))
    except binary.BinaryError as error:
        raise CommandError(f"{path}: {error}") from None
    if bool(found.system) != is_system:
        wanted, option = ("system", "CELLCONFIG") if is_system else ("cell", "--system")
        raise CommandError(f"{path}: is no {wanted} configuration; give it as {option}")
    architecture = found.system.architecture if is_system else found.cell.architecture
    if architecture != abi.CFG_ARCH_ARM64:
        raise CommandError(f"{path}: is for {ARCHITECTURES.get(architecture, architecture)}, only arm64 is supported")
    if found.cell.flags & abi.CFG_CELL_AARCH32:
        raise CommandError(f"{path}: has the flag AARCH32, only 64-bit kernels are supported; remove it")
    return found


def _kernel(path):
    try:
        content = arm64_kernel.unpacked(_read(path))
    except arm64_kernel.KernelError as error:
        raise CommandError(f"{path}: {error}") from None
    if not arm64_kernel.header(content):
        raise CommandError(f"{path}: is no arm64 kernel image; use the file 'Image' of the kernel (Debian's vmlinuz is "
                           "one), or what gzip makes of it")
    return content


def _guest(arguments, configuration):
    """Of a cell without a device tree of its own."""
    system = _configuration(arguments.system, True) if arguments.system else None
    try:
        tree = machine_tree.load(arguments.tree)
    except OSError as error:
        raise CommandError(f"opening {arguments.tree}: {error.strerror}; give the device tree of the machine with "
                           "--tree, or that of the cell with --dtb") from None
    except machine_tree.TreeError as error:
        raise CommandError(f"{arguments.tree}: {error}") from None
    try:
        return guest_of_binary.guest(configuration, system, tree, arguments.cmdline or "")
    except guest_of_binary.GuestError as error:
        raise CommandError(f"{arguments.config}: {error}") from None
    except machine_tree.TreeError as error:
        raise CommandError(f"{arguments.tree}: {error}") from None


def _places(arguments, configuration, kernel, initrd):
    """(Places, content of the device tree)"""
    if arguments.dtb:
        given, memory = _read(arguments.dtb), devicetree.without_loader(guest_of_binary.ram(configuration))
        name = arguments.dtb

        def make(initrd_at):
            return linux_images.patch(given, memory, arguments.cmdline, initrd_at)
    else:
        guest, name = _guest(arguments, configuration), arguments.config
        for area in guest_of_binary.unknown_devices(configuration, guest):
            print(f"{arguments.config}: note: what device is at {area} is not known, so it is not in the device tree; "
                  "give one with --dtb if Linux needs it", file=sys.stderr)
        make = linux_images.generated(guest)
    try:
        return linux_images.complete(make, configuration, kernel, initrd, arguments.factor)
    except linux_images.PlacementError as error:
        raise CommandError(f"{arguments.config}: {error}") from None
    except machine_tree.TreeError as error:
        raise CommandError(f"{name}: {error}") from None
    except devicetree.DeviceTreeError as error:
        raise CommandError(f"{name}: device tree: {error}") from None


def _request(device, number, payload, name):
    try:
        fcntl.ioctl(device, number, payload)
    except OSError as error:
        last = abi.ErrorText()
        try:
            fcntl.ioctl(device, abi.BH_IOC_LAST_ERROR, last, True)
            why = text(last.text)
        except OSError:		# a driver that does not know the request
            why = ""
        return error.errno, f"{name}: {error.strerror}" + (f": {why}" if why else "")
    return 0, ""


def _must(device, number, payload, name):
    error, message = _request(device, number, payload, name)
    if error:
        raise CommandError(message)


def _start(configuration, name, images):
    """images: [(content, address)]"""
    try:
        device = os.open(DEVICE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT and not os.path.exists(SYSFS):		# as the jailhouse tool has it
            raise CommandError(f"opening {DEVICE}: {error.strerror}: the driver is not loaded: modprobe jailhouse, or insmod "
                               "jailhouse.ko") from None
        raise CommandError(f"opening {DEVICE}: {error.strerror}") from None
    cell = abi.CellId(id=abi.BH_CELL_ID_BY_NAME, name=name)
    try:
        content = ctypes.create_string_buffer(configuration, len(configuration))
        create = abi.CellCreate(config_address=ctypes.addressof(content), config_size=len(configuration))
        error, message = _request(device, abi.BH_IOC_CELL_CREATE, create, "JAILHOUSE_CELL_CREATE")
        if error not in (0, errno.EEXIST):
            raise CommandError(message)
        for image, address in images:
            buffer = ctypes.create_string_buffer(image, len(image))
            payload = bytes(abi.CellLoad(cell_id=cell, num_images=1)) + bytes(abi.Image(
                source_address=ctypes.addressof(buffer), size=len(image), target_address=address))
            _must(device, abi.BH_IOC_CELL_LOAD, payload, "JAILHOUSE_CELL_LOAD")
        _must(device, abi.BH_IOC_CELL_START, cell, "JAILHOUSE_CELL_START")
    finally:
        os.close(device)


def _commands(arguments, name, places, loader, entry):
    """What does the same with the jailhouse command."""
    def words(*parts):
        return " ".join(part if part.startswith("-") else shlex.quote(str(part)) for part in map(str, parts))
    images = [loader, "-a", f"{entry:#x}", "-s", _parameters(places), "-a", f"{entry + arm64_kernel.PARAMETERS:#x}",
              arguments.kernel, "-a", f"{places.kernel.start:#x}", arguments.write_params, "-a", f"{places.tree.start:#x}"]
    if places.initrd:
        images += [arguments.initrd, "-a", f"{places.initrd.start:#x}"]
    yield words("jailhouse", "cell", "create", arguments.config)
    yield words("jailhouse", "cell", "load", "--name", name, *images)
    yield words("jailhouse", "cell", "start", "--name", name)


def _parameters(places):
    return f"kernel={places.kernel.start:#x} dtb={places.tree.start:#x}"


def _write(path, content):
    try:
        writing.write([(path, content)])
    except writing.WriteError as error:
        raise CommandError(f"writing {path}: {error.reason}") from None


def _run(arguments, loader):
    if arguments.arch != "arm64":
        how = "" if arguments.arch_given else "; to prepare a cell for another machine, say --arch arm64 and --write-params FILE"
        raise CommandError(f"{arguments.arch} is not supported, only arm64 is{how}")
    configuration_bytes = _read(arguments.config, MIB)
    configuration = _configuration(arguments.config, False)
    kernel = _kernel(arguments.kernel)
    initrd = _read(arguments.initrd) if arguments.initrd else None
    places, tree = _places(arguments, configuration, kernel, initrd)
    entry = configuration.cell.cpu_reset_address
    if arguments.write_params:
        if _read(arguments.kernel) != kernel:
            raise CommandError(f"{arguments.kernel}: is compressed, and 'jailhouse cell load' does not unpack it; do "
                               "that first (gzip -d)")
        _write(arguments.write_params, tree)
        print("\n".join(_commands(arguments, text(configuration.cell.name), places, loader, entry)))
        return
    images = [(_read(loader), entry), (_parameters(places).encode() + b"\0", entry + arm64_kernel.PARAMETERS),
              (kernel, places.kernel.start), (tree, places.tree.start)]
    if initrd is not None:
        images.append((initrd, places.initrd.start))
    _start(configuration_bytes, configuration.cell.name, images)


def _factor(value):
    if not value.isdecimal() or int(value) > 100:
        raise argparse.ArgumentTypeError(f"'{value}' is no factor; use 0 to 100")
    return int(value)


def _command_line(value):
    if len(value.encode(errors="replace")) > COMMAND_LINE_MAX or not value.isprintable():
        raise argparse.ArgumentTypeError(f"use printable characters, at most {COMMAND_LINE_MAX}")
    return value


def _parser():
    parser = argparse.ArgumentParser(prog="jailhouse cell linux", allow_abbrev=False, description="Starts a Linux in a "
                                     "cell that is not the root cell: creates the cell, loads kernel, initrd and "
                                     "device tree, and starts it. If there is a cell of this name, it is used.")
    parser.add_argument("config", metavar="CELLCONFIG", help="the configuration of the cell")
    parser.add_argument("kernel", metavar="KERNEL", help="an arm64 Image, gzip-compressed or not")
    parser.add_argument("-d", "--dtb", metavar="DTB", help="device tree of the cell; memory, command line and initrd "
                        "are filled in. Default: it is made from the configuration and the device tree of the machine")
    parser.add_argument("-i", "--initrd", metavar="INITRD", help="initial RAM disk")
    parser.add_argument("-c", "--cmdline", type=_command_line, metavar='"CMDLINE"', help="kernel command line")
    parser.add_argument("-w", "--write-params", metavar="FILE", help="write the device tree to FILE and print commands "
                        "that do the rest, and do not touch the hypervisor")
    parser.add_argument("-a", "--arch", choices=("x86", "arm", "arm64"), help="default: that of the running kernel")
    parser.add_argument("-k", "--kernel-decomp-factor", dest="factor", type=_factor, default=FACTOR, metavar="N",
                        help=f"room between kernel and initrd, in sizes of the kernel; default {FACTOR}")
    parser.add_argument("-s", "--system", metavar="SYSCONFIG", help="without --dtb: the system configuration, needed "
                        "for ivshmem devices")
    parser.add_argument("-t", "--tree", metavar="FILE|DIR", default=LIVE_TREE, help="without --dtb: the device tree of "
                        f"the machine; default {LIVE_TREE}, that of the running Linux")
    return parser


def main(loader):
    """loader: path of linux-loader.bin"""
    arguments = _parser().parse_args()
    arguments.arch_given = bool(arguments.arch)
    arguments.arch = arguments.arch or MACHINES.get(platform.machine(), platform.machine())
    try:
        _run(arguments, loader)
    except CommandError as error:
        sys.exit("".join(char if char.isprintable() else "?" for char in str(error)))
