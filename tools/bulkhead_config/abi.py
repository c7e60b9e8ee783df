# SPDX-License-Identifier: BSD-2-Clause
"""Python twin of the public C headers in include/bulkhead/; tests/abi compares the two.

Structures are named after their C tags (STRUCTS), constants keep their C names (CONSTANTS)."""
import ctypes

u8, u16, u32, u64, i32 = (ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32)
char = ctypes.c_char

STRUCTS = {}


def _struct(name, fields, packed=True, base=ctypes.LittleEndianStructure):
    members = {"_fields_": fields}
    if packed:
        members = {"_pack_": 1, **members}
    cls = type(name, (base,), members)
    STRUCTS[name] = cls
    return cls


# cell_config.h

Memory = _struct("cfg_memory", [("phys_start", u64), ("virt_start", u64), ("size", u64), ("flags", u64)])
Cache = _struct("cfg_cache", [("start", u32), ("size", u32), ("type", u8), ("padding", u8), ("flags", u16)])
Irqchip = _struct("cfg_irqchip", [("address", u64), ("id", u32), ("pin_base", u32), ("pin_bitmap", u32 * 4)])
Pio = _struct("cfg_pio", [("base", u16), ("length", u16)])
PciDevice = _struct("cfg_pci_device", [
    ("type", u8), ("iommu", u8), ("domain", u16), ("bdf", u16), ("bar_mask", u32 * 6), ("caps_start", u16),
    ("num_caps", u16), ("num_msi_vectors", u8), ("msi_flags", u8), ("num_msix_vectors", u16),
    ("msix_region_size", u16), ("msix_address", u64), ("shmem_regions_start", u32), ("shmem_dev_id", u8),
    ("shmem_peers", u8), ("shmem_protocol", u16)])
PciCap = _struct("cfg_pci_cap", [("id", u16), ("start", u16), ("len", u16), ("flags", u16)])
Console = _struct("cfg_console", [
    ("address", u64), ("size", u32), ("type", u16), ("flags", u16), ("divider", u32), ("gate_nr", u32),
    ("clock_reg", u64)])
Cell = _struct("cfg_cell", [
    ("signature", char * 5), ("architecture", u8), ("revision", u16), ("name", char * 32), ("id", u32),
    ("flags", u32), ("cpu_set_size", u32), ("num_memory_regions", u32), ("num_cache_regions", u32),
    ("num_irqchips", u32), ("num_pio_regions", u32), ("num_pci_devices", u32), ("num_pci_caps", u32),
    ("num_stream_ids", u32), ("vpci_irq_base", u32), ("cpu_reset_address", u64), ("msg_reply_timeout", u64),
    ("console", Console)])
Iommu = _struct("cfg_iommu", [("type", u32), ("base", u64), ("size", u32), ("specific", u8 * 12)])
ArchArm = _struct("cfg_system.arch.arm", [
    ("maintenance_irq", u8), ("gic_version", u8), ("padding", u8 * 2), ("gicd_base", u64), ("gicc_base", u64),
    ("gich_base", u64), ("gicv_base", u64), ("gicr_base", u64)])
ArchX86 = _struct("cfg_system.arch.x86", [
    ("pm_timer_address", u16), ("apic_mode", u8), ("padding", u8), ("vtd_interrupt_limit", u32),
    ("tsc_khz", u32), ("apic_khz", u32)])
Arch = _struct("cfg_system.arch", [("arm", ArchArm), ("x86", ArchX86), ("size", u8 * 44)],
               base=ctypes.Union)
System = _struct("cfg_system", [
    ("signature", char * 5), ("architecture", u8), ("revision", u16), ("flags", u32),
    ("hypervisor_memory", Memory), ("debug_console", Console), ("pci_mmconfig_base", u64),
    ("pci_mmconfig_end_bus", u8), ("pci_is_virtual", u8), ("pci_domain", u16), ("iommu_units", Iommu * 8),
    ("arch", Arch), ("root_cell", Cell)])

# The arrays behind a cell header, in file order: name, element, count field of the header
ARRAYS = [
    ("cpu_set", u8, "cpu_set_size"),
    ("memory_regions", Memory, "num_memory_regions"),
    ("cache_regions", Cache, "num_cache_regions"),
    ("irqchips", Irqchip, "num_irqchips"),
    ("pio_regions", Pio, "num_pio_regions"),
    ("pci_devices", PciDevice, "num_pci_devices"),
    ("pci_caps", PciCap, "num_pci_caps"),
    ("stream_ids", u32, "num_stream_ids"),
]

CFG_REVISION = 14
CFG_SIGNATURE_SYSTEM = b"JHSYS"
CFG_SIGNATURE_CELL = b"JHCLL"
CFG_SIGNATURE_LEN = 5
CFG_NAME_LEN = 32
CFG_MAX_CPU_SET = 4096
CFG_MAX_SIZE = 64 * 1024
CFG_ARCH_X86, CFG_ARCH_ARM, CFG_ARCH_ARM64 = 0, 1, 2

CFG_CELL_PASSIVE_COMM_REGION = 0x00000001
CFG_CELL_TEST_DEVICE = 0x00000002
CFG_CELL_AARCH32 = 0x00000004
CFG_CELL_CONSOLE_PERMITTED = 0x40000000
CFG_CELL_CONSOLE_ACTIVE = 0x80000000

CFG_MEM_READ = 0x00001
CFG_MEM_WRITE = 0x00002
CFG_MEM_EXECUTE = 0x00004
CFG_MEM_DMA = 0x00008
CFG_MEM_IO = 0x00010
CFG_MEM_COMM_REGION = 0x00020
CFG_MEM_LOADABLE = 0x00040
CFG_MEM_ROOTSHARED = 0x00080
CFG_MEM_NO_HUGEPAGES = 0x00100
CFG_MEM_IO_UNALIGNED = 0x08000
CFG_MEM_IO_8 = 0x10000
CFG_MEM_IO_16 = 0x20000
CFG_MEM_IO_32 = 0x40000
CFG_MEM_IO_64 = 0x80000
CFG_MEM_KEEP = 0x8000000000000000

CFG_STRAY_FAIL = 0x08000000
CFG_STRAY_IGNORE = 0x10000000
CFG_STRAY_ABORT = 0x20000000
CFG_STRAY_ACTIONS = 0x38000000
CFG_WATCHDOG = 0x04000000
CFG_WATCHDOG_MIN, CFG_WATCHDOG_MAX = 1000, 3600000000		# microseconds

CFG_PCI_DEVICE, CFG_PCI_BRIDGE, CFG_PCI_IVSHMEM = 1, 2, 3
CFG_SHMEM_LOSSY_STATE = 0x80
CFG_SYS_VIRTUAL_CONSOLE = 0x00000001

CFG_CONSOLE_NONE = 0
CFG_CONSOLE_8250 = 2
CFG_CONSOLE_PL011 = 3
CFG_CONSOLE_MMIO = 0x0001
CFG_CONSOLE_REGDIST_4 = 0x0002
CFG_CONSOLE_GATE_INVERTED = 0x1000

# management.h

CellId = _struct("bh_cell_id", [("id", i32), ("padding", u32), ("name", char * 32)], packed=False)
CellCreate = _struct("bh_cell_create", [("config_address", u64), ("config_size", u32), ("padding", u32)],
                     packed=False)
Image = _struct("bh_image", [("source_address", u64), ("size", u64), ("target_address", u64), ("padding", u64)],
                packed=False)
CellLoad = _struct("bh_cell_load", [("cell_id", CellId), ("num_images", u32), ("padding", u32)], packed=False)
ErrorText = _struct("bh_error_text", [("text", char * 256)], packed=False)
LinkInfo = _struct("bh_link_info", [("bdf", u16), ("peer", u16), ("item", u32), ("value", u64)], packed=False)

BH_DEVICE_NODE = b"/dev/jailhouse"
BH_SYSFS_ROOT = b"/sys/devices/jailhouse"
BH_CELL_NAME_LEN = 32
BH_CELL_ID_BY_NAME = -1
BH_ERROR_TEXT_LEN = 256
BH_IOC_ENABLE = 0x40080000
BH_IOC_DISABLE = 0x00000001
BH_IOC_CELL_CREATE = 0x40100002
BH_IOC_CELL_LOAD = 0x40300003
BH_IOC_CELL_START = 0x40280004
BH_IOC_CELL_DESTROY = 0x40280005
BH_IOC_LAST_ERROR = 0x81000006
BH_IOC_LINK_INFO = 0xc0100007

# comm_region.h

CommRegion = _struct("comm_region", [
    ("signature", char * 6), ("revision", u16), ("cell_state", u32), ("msg_to_cell", u32),
    ("reply_from_cell", u32), ("flags", u32), ("console", Console), ("pci_mmconfig_base", u64),
    ("gic_version", u8), ("padding", u8 * 7), ("gicd_base", u64), ("gicc_base", u64), ("gicr_base", u64),
    ("vpci_irq_base", u32), ("watchdog", u32)], packed=False)

COMM_SIGNATURE = b"JHCOMM"
COMM_SIGNATURE_LEN = 6
COMM_REVISION = 2
(COMM_STATE_RUNNING, COMM_STATE_LOCKED, COMM_STATE_SHUT_DOWN, COMM_STATE_FAILED,
 COMM_STATE_ABI_MISMATCH) = range(5)
COMM_MSG_NONE, COMM_MSG_SHUTDOWN, COMM_MSG_RECONFIGURED = range(3)
(COMM_REPLY_NONE, COMM_REPLY_UNKNOWN, COMM_REPLY_DENIED, COMM_REPLY_APPROVED, COMM_REPLY_RECEIVED) = range(5)
COMM_FLAG_PUTC_PERMITTED = 0x1
COMM_FLAG_PUTC_ACTIVE = 0x2

# hypercall.h

HC_IMMEDIATE = 0x4a48
(HC_DISABLE, HC_CELL_CREATE, HC_CELL_START, HC_CELL_SET_LOADABLE, HC_CELL_DESTROY, HC_HYPERVISOR_INFO,
 HC_CELL_GET_STATE, HC_CPU_INFO, HC_DEBUG_PUTC) = range(9)
HC_OWN_BASE = 0x4200
HC_LINK_INFO = 0x4200
(LINK_INFO_NEXT, LINK_INFO_PEERS, LINK_INFO_CELL, LINK_INFO_STATE, LINK_INFO_FLAGS, LINK_INFO_PROTOCOL,
 LINK_INFO_VECTORS) = range(7)
LINK_INFO_COUNTER_BASE = 0x100
LINK_INFO_VECTOR_COUNTER_BASE = 0x200
LINK_INFO_ROUTE_BASE = 0x300
LINK_ROUTE_ARMED = 1 << 32
LINK_ROUTE_MASKED = 1 << 33
LINK_ROUTE_ENABLED = 1 << 34
LINK_ROUTE_PENDING = 1 << 35
LINK_ROUTE_ACTIVE = 1 << 36
LINK_ROUTE_NO_CPU = 0x7fff
(LINK_FLAG_ENABLED, LINK_FLAG_ARMED, LINK_FLAG_ONE_SHOT, LINK_FLAG_LATCHED, LINK_FLAG_MEMORY, LINK_FLAG_MASTER,
 LINK_FLAG_INTX_OFF, LINK_FLAG_MSIX, LINK_FLAG_MSIX_MASKED) = (1 << bit for bit in range(9))
(LINK_COUNTER_SENT, LINK_COUNTER_DELIVERED, LINK_COUNTER_MERGED, LINK_COUNTER_DISABLED, LINK_COUNTER_MASKED,
 LINK_COUNTER_NO_PEER, LINK_COUNTER_NO_VECTOR, LINK_COUNTER_INACTIVE) = range(8)
LINK_NUM_COUNTERS = 8
HC_CELL_INFO = 0x4201
CELL_INFO_NEXT = 0
CELL_INFO_CONFIG_SIZE = 1
CELL_INFO_STARTS, CELL_INFO_RESTARTS, CELL_INFO_FAULTS = 2, 3, 4
CELL_INFO_WATCHDOG_EXPIRIES = 5
CELL_INFO_WATCHDOG_PERIOD = 6
CELL_INFO_NAME_BASE = 0x100
CELL_INFO_CPUS_BASE = 0x1000
CELL_INFO_CONFIG_BASE = 0x10000
HC_CELL_FAULT = 0x4202
HC_CELL_CONSOLE = 0x4203
HC_CPU_EXITS = 0x4204
(CPU_EXIT_HYPERCALL, CPU_EXIT_HVC, CPU_EXIT_PSCI, CPU_EXIT_SMCCC, CPU_EXIT_WFX, CPU_EXIT_SGI, CPU_EXIT_SYSREG,
 CPU_EXIT_OTHER_CLASS, CPU_EXIT_IVSHMEM, CPU_EXIT_MSIX, CPU_EXIT_PCI_CONFIG, CPU_EXIT_GICD, CPU_EXIT_GICR,
 CPU_EXIT_SUBPAGE, CPU_EXIT_STRAY_IGNORED, CPU_EXIT_STRAY_ABORTED, CPU_EXIT_STRAY_FAILED, CPU_EXIT_READ_ONLY,
 CPU_EXIT_CACHE_OP, CPU_EXIT_MEMORY_ERROR, CPU_EXIT_FETCH, CPU_EXIT_REVOKED, CPU_EXIT_IRQ, CPU_EXIT_LINK_IRQ,
 CPU_EXIT_PENDED_SGI, CPU_EXIT_KICK_SGI, CPU_EXIT_KICK_REQUEST, CPU_EXIT_KICK_LATE, CPU_EXIT_MAINTENANCE,
 CPU_EXIT_FOREIGN_IRQ, CPU_EXIT_SPURIOUS, CPU_EXIT_SERROR, CPU_EXIT_WATCHDOG) = range(33)
CPU_EXIT_COUNT = 33
HC_TRACE = 0x4205
(HV_INFO_MEM_POOL_SIZE, HV_INFO_MEM_POOL_USED, HV_INFO_REMAP_POOL_SIZE, HV_INFO_REMAP_POOL_USED,
 HV_INFO_NUM_CELLS) = range(5)
CPU_INFO_STATE = 0
CPU_STATE_RUNNING = 0
CPU_STATE_FAILED = 2
CPU_INFO_STAT_BASE = 1000
(CPU_STAT_TOTAL, CPU_STAT_MMIO, CPU_STAT_MANAGEMENT, CPU_STAT_HYPERCALL, CPU_STAT_MAINTENANCE,
 CPU_STAT_VIRT_IRQ, CPU_STAT_VIRT_SGI, CPU_STAT_PSCI, CPU_STAT_SMCCC) = range(9)
CPU_STAT_COUNT_ARM64 = 9

# trace.h

TraceEvent = _struct("bh_trace_event", [
    ("ticks", u64), ("cause", u64), ("pc", u64), ("address", u64), ("x0", u64), ("x1", u64), ("unused", u64 * 2)],
    packed=False)
TraceHeader = _struct("bh_trace_header", [
    ("position", u32), ("num_events", u32), ("ticks_per_second", u32), ("cell", u32), ("now_high", u32), ("now_low", u32),
    ("now_again", u32), ("mode", u32), ("name", char * 32)], packed=False)
Trace = _struct("bh_trace", [("header", TraceHeader), ("events", TraceEvent * 63)], packed=False)

BH_TRACE_SLOTS, BH_TRACE_KEPT, BH_TRACE_RECORD = 64, 56, 4096
BH_TRACE_UNUSUAL, BH_TRACE_ALL, BH_TRACE_SET_MODE = 0, 1, 0x10000
BH_TRACE_SYNDROME, BH_TRACE_IRQ, BH_TRACE_FIQ, BH_TRACE_START, BH_TRACE_CELL = range(5)
BH_TRACE_HEADER_PIECES, BH_TRACE_EVENT_PIECES, BH_TRACE_PIECES = 16, 16, 1040

# fault.h

Fault = _struct("bh_fault", [
    ("complete", u32), ("starts", u32), ("count", u32), ("number", u32), ("kind", u32), ("flags", u32), ("size", u32),
    ("cpu", u32), ("address", u64), ("virtual_address", u64), ("pc", u64), ("syndrome", u64), ("pstate", u64),
    ("ticks", u64), ("ticks_per_second", u64), ("x", u64 * 31), ("strays", u64 * 3), ("padding", u32), ("begun", u32)],
    packed=False)

BH_FAULT_READ, BH_FAULT_WRITE, BH_FAULT_FETCH, BH_FAULT_WATCHDOG = 1, 2, 3, 4
BH_FAULT_ABORTED = 0x1
BH_FAULT_REFUSED = 0x2
BH_STRAY_READS, BH_STRAY_WRITES, BH_STRAY_ABORTS = range(3)
BH_NUM_STRAYS = 3

# cell_console.h

CellConsole = _struct("bh_cell_console", [("complete", u64), ("text", char * 4080), ("begun", u64)], packed=False)
BH_CELL_CONSOLE_SIZE = 4080

# crash_log.h

CrashRegisters = _struct("bh_crash_registers", [
    ("esr", u64), ("elr", u64), ("far", u64), ("sp", u64), ("spsr", u64), ("x", u64 * 31)], packed=False)
CrashLog = _struct("bh_crash_log", [
    ("signature", char * 8), ("version", u32), ("size", u32), ("crc", u32), ("reported", u32), ("cpu", u32), ("cell", u32),
    ("flags", u32), ("vector", u32), ("cell_name", char * 32), ("software", char * 32), ("reason", char * 256), ("ticks", u64),
    ("ticks_per_second", u64), ("registers", CrashRegisters), ("console_size", u32), ("trace_count", u32),
    ("console", char * 1024), ("trace", TraceEvent * 37), ("reserved", u8 * 32)], packed=False)

BH_CRASH_SIGNATURE = b"BHCRASH"
BH_CRASH_VERSION = 1
BH_CRASH_CRC_FROM = 24
BH_CRASH_NO_CELL = 0xffffffff
BH_CRASH_CONSOLE_SIZE = 1024
BH_CRASH_TRACE_EVENTS = 37
BH_CRASH_EXCEPTION = 0x1

# ivshmem.h

IVSHMEM_VENDOR_ID = 0x110a
IVSHMEM_DEVICE_ID = 0x4106
IVSHMEM_BASE_CLASS = 0xff
IVSHMEM_REG_ID = 0x00
IVSHMEM_REG_MAX_PEERS = 0x04
IVSHMEM_REG_INT_CTRL = 0x08
IVSHMEM_REG_DOORBELL = 0x0c
IVSHMEM_REG_STATE = 0x10
IVSHMEM_INT_ENABLE = 0x1
IVSHMEM_CAP_ID = 0x09
IVSHMEM_CAP_LENGTH = 0x20
IVSHMEM_CAP_PRIV_CTRL = 0x03
IVSHMEM_CAP_STATE_SIZE = 0x04
IVSHMEM_CAP_RW_SIZE = 0x08
IVSHMEM_CAP_OUT_SIZE = 0x10
IVSHMEM_CAP_BASE = 0x18
IVSHMEM_PRIV_ONESHOT = 0x1
IVSHMEM_PROTO_UNDEFINED = 0x0000
IVSHMEM_PROTO_ETHERNET = 0x0001

# image.h

ImageBoot = _struct("bh_boot_params", [
    ("phys_base", u64), ("memory_size", u64), ("max_cpus", u32), ("online_cpus", u32), ("primary_cpu", u32),
    ("launcher", u32), ("config_offset", u64), ("config_size", u64), ("bundle_offset", u64), ("pool_offset", u64),
    ("check", u64)],
    packed=False)
KernelHeader = _struct("bh_image_header.kernel", [
    ("code", u32 * 2), ("text_offset", u64), ("image_size", u64), ("flags", u64), ("reserved", u64 * 3),
    ("magic", char * 4), ("pe_offset", u32)], packed=False)
ImageHeader = _struct("bh_image_header", [
    ("kernel", KernelHeader), ("signature", char * 8), ("abi", u32), ("architecture", u32), ("core_size", u64),
    ("percpu_size", u64), ("entry", u64), ("public_page", u64), ("version", char * 16),
    ("features", u32), ("max_cpus", u32), ("max_cells", u32), ("max_links", u32), ("boot", ImageBoot)], packed=False)
PublicPage = _struct("bh_public_page", [
    ("console_busy", u32), ("console_tail", u32), ("console", char * 2048), ("reason", char * 256),
    ("reserved", u8 * (4096 - 8 - 2048 - 256))], packed=False)

BH_IMAGE_SIGNATURE = b"BULKHEAD"
BH_IMAGE_ABI = 3
BH_KERNEL_MAGIC = b"ARM\x64"
BH_IMAGE_PE_OFFSET = 216
BH_IMAGE_PE_SIZE = 296
BH_PE_IMAGE_BASE = 48
BH_EFI_SIGNATURE = b"BHEFIAPP"
BH_BUILT_LATE_LAUNCH = 0x0001
BH_BUILT_DIRECT_BOOT = 0x0002
BH_BUILT_CELL_MANAGEMENT = 0x0004
BH_BUILT_FAST_PATH = 0x0008
BH_BUILT_WATCHDOG = 0x0010
BH_BUILT_UART_PL011 = 0x0020
BH_BUILT_UART_8250 = 0x0040
BH_BUILT_REASONS = 0x0080
BH_BUILT_LINK_INFO = 0x0100
BH_BUILT_CELL_INFO = 0x0200
BH_BUILT_CELL_CONSOLE = 0x0400
BH_BUILT_CRASH_LOG = 0x0800
BH_BUILT_TRACE = 0x1000
BH_LAUNCHER_LINUX = 0
BH_LAUNCHER_FIRMWARE = 1
BH_CONSOLE_RING_SIZE = 2048

# bundle.h

Bundle = _struct("bh_bundle", [
    ("signature", char * 8), ("version", u32), ("size", u32), ("crc", u32), ("num_parts", u32), ("num_cells", u32),
    ("num_images", u32), ("num_cpus", u32), ("padding", u32)], packed=False)
BundlePart = _struct("bh_bundle_part", [
    ("kind", u32), ("crc", u32), ("offset", u64), ("size", u64), ("name", char * 40)], packed=False)
BundleCell = _struct("bh_bundle_cell", [
    ("config_part", u32), ("first_image", u32), ("num_images", u32), ("on_failure", u32), ("max_restarts", u32),
    ("window_seconds", u32), ("argument", u64)], packed=False)
BundleImage = _struct("bh_bundle_image", [("part", u32), ("padding", u32), ("target", u64)], packed=False)

BH_BUNDLE_SIGNATURE = b"BHBUNDLE"
BH_BUNDLE_VERSION = 2
BH_BUNDLE_OLDEST = 1
BH_BUNDLE_ALIGNMENT = 8
BH_PART_HYPERVISOR = 1
BH_PART_SYSTEM = 2
BH_PART_CELL = 3
BH_PART_IMAGE = 4
BH_ON_FAILURE_STOP = 0
BH_ON_FAILURE_RESTART = 1
BH_ON_FAILURE_HALT = 2

CONSTANTS = {name: value for name, value in list(globals().items())
             if name.isupper() and isinstance(value, (int, bytes)) and "_" in name}
