# SPDX-License-Identifier: BSD-2-Clause
"""Words for the numbers of the binary format, as show prints and the low-level form of a system file writes them."""
from . import abi

ARCHITECTURES = {abi.CFG_ARCH_X86: "x86", abi.CFG_ARCH_ARM: "arm", abi.CFG_ARCH_ARM64: "arm64"}
CELL_FLAGS = {
    abi.CFG_CELL_PASSIVE_COMM_REGION: "passive", abi.CFG_CELL_TEST_DEVICE: "test-device",
    abi.CFG_CELL_AARCH32: "aarch32", abi.CFG_CELL_CONSOLE_PERMITTED: "virtual-console-permitted",
    abi.CFG_CELL_CONSOLE_ACTIVE: "virtual-console-active",
    abi.CFG_STRAY_FAIL: "stray-fail", abi.CFG_STRAY_IGNORE: "stray-ignore", abi.CFG_STRAY_ABORT: "stray-abort"}
MEMORY_FLAGS = {
    abi.CFG_MEM_READ: "READ", abi.CFG_MEM_WRITE: "WRITE", abi.CFG_MEM_EXECUTE: "EXECUTE", abi.CFG_MEM_DMA: "DMA",
    abi.CFG_MEM_IO: "IO", abi.CFG_MEM_COMM_REGION: "COMM_REGION", abi.CFG_MEM_LOADABLE: "LOADABLE",
    abi.CFG_MEM_ROOTSHARED: "ROOTSHARED", abi.CFG_MEM_NO_HUGEPAGES: "NO_HUGEPAGES",
    abi.CFG_MEM_IO_UNALIGNED: "IO_UNALIGNED", abi.CFG_MEM_IO_8: "IO_8", abi.CFG_MEM_IO_16: "IO_16",
    abi.CFG_MEM_IO_32: "IO_32", abi.CFG_MEM_IO_64: "IO_64", abi.CFG_MEM_KEEP: "KEEP",
    abi.CFG_STRAY_FAIL: "STRAY_FAIL", abi.CFG_STRAY_IGNORE: "STRAY_IGNORE", abi.CFG_STRAY_ABORT: "STRAY_ABORT",
    abi.CFG_WATCHDOG: "WATCHDOG"}
SYSTEM_FLAGS = {abi.CFG_SYS_VIRTUAL_CONSOLE: "virtual-console"}
CONSOLES = {0: "none", 1: "efifb", 2: "8250", 3: "pl011", 4: "xuartps", 5: "mvebu", 6: "hscif", 7: "scifa",
            8: "imx", 9: "imx-lpuart", 10: "scif"}
CONSOLE_FLAGS = {abi.CFG_CONSOLE_MMIO: "mmio", abi.CFG_CONSOLE_REGDIST_4: "regdist-4", 4: "fb-1920x1080",
                 abi.CFG_CONSOLE_GATE_INVERTED: "inverted-gate", 0x2000: "mdr-quirk"}
IOMMU_TYPES = {1: "amd", 2: "vt-d", 3: "smmuv3", 4: "pvu", 5: "mmu-500"}
PCI_TYPES = {abi.CFG_PCI_DEVICE: "device", abi.CFG_PCI_BRIDGE: "bridge", abi.CFG_PCI_IVSHMEM: "ivshmem"}


def flag_words(value, names):
    """Names of the bits that are set; those without a name as one number."""
    words = [name for bit, name in names.items() if value & bit]
    rest = value & ~sum(names)
    return words + ([f"{rest:#x}"] if rest else [])
