/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Binary layout of system ("JHSYS") and cell ("JHCLL") configurations, revision 14.
 *
 * A file is a raw image: a fixed header, then the arrays in the order of enum cfg_array, each directly
 * behind the previous one, without padding. Files may be longer than their arrays. Whoever reads one
 * has to treat every count and index in it as hostile.
 */
#ifndef BULKHEAD_CELL_CONFIG_H
#define BULKHEAD_CELL_CONFIG_H

#include "abi.h"

#define CFG_REVISION		14
#define CFG_SIGNATURE_SYSTEM	"JHSYS"
#define CFG_SIGNATURE_CELL	"JHCLL"
#define CFG_SIGNATURE_LEN	5
#define CFG_NAME_LEN		32	/* with the terminating NUL */
#define CFG_MAX_CPU_SET		4096	/* bytes */
#define CFG_MAX_SIZE		(64 * 1024)	/* of a cell configuration, with its offset in the first page */

enum cfg_architecture {
	CFG_ARCH_X86 = 0,
	CFG_ARCH_ARM = 1,
	CFG_ARCH_ARM64 = 2,
};

/* struct cfg_cell.flags */
#define CFG_CELL_PASSIVE_COMM_REGION	0x00000001u
#define CFG_CELL_TEST_DEVICE		0x00000002u
#define CFG_CELL_AARCH32		0x00000004u
#define CFG_CELL_CONSOLE_PERMITTED	0x40000000u
#define CFG_CELL_CONSOLE_ACTIVE		0x80000000u

/* struct cfg_memory.flags */
#define CFG_MEM_READ		0x00001u
#define CFG_MEM_WRITE		0x00002u
#define CFG_MEM_EXECUTE		0x00004u
#define CFG_MEM_DMA		0x00008u
#define CFG_MEM_IO		0x00010u
#define CFG_MEM_COMM_REGION	0x00020u
#define CFG_MEM_LOADABLE	0x00040u
#define CFG_MEM_ROOTSHARED	0x00080u
#define CFG_MEM_NO_HUGEPAGES	0x00100u
#define CFG_MEM_IO_UNALIGNED	0x08000u
#define CFG_MEM_IO_8		0x10000u	/* 16, 32 and 64 bits follow in bits 17..19 */
#define CFG_MEM_IO_16		0x20000u
#define CFG_MEM_IO_32		0x40000u
#define CFG_MEM_IO_64		0x80000u
#define CFG_MEM_KEEP		0x8000000000000000u	/* contents survive a change of the owner */

/*
 * Ours: what becomes of an access to nothing, i.e. to a guest address where the cell has neither memory nor a device.
 * In struct cfg_cell.flags for the cell as a whole; 0 is CFG_STRAY_FAIL. For a range of guest addresses: a memory region
 * of size 0, so that it maps nothing and others ignore it, whose flags are one of these, virt_start the begin of the
 * range, and phys_start its length. The last one of the list that has the first byte of the access decides, and then
 * the cell's.
 */
#define CFG_STRAY_FAIL		0x08000000u	/* stops the CPU; root cell: like CFG_STRAY_ABORT */
#define CFG_STRAY_IGNORE	0x10000000u	/* reads give 0, writes do nothing; what cannot be ignored is aborted */
#define CFG_STRAY_ABORT		0x20000000u	/* synchronous external abort in the guest */
#define CFG_STRAY_ACTIONS	0x38000000u

/*
 * Ours: the watchdog of a cell that is not the root cell: a memory region of size 0 with exactly this flag, virt_start 0, and
 * the period in microseconds as phys_start. One at most, and only together with a communication region that the cell may
 * write: there is the counter (comm_region.h).
 */
#define CFG_WATCHDOG		0x04000000u
#define CFG_WATCHDOG_MIN	1000u
#define CFG_WATCHDOG_MAX	3600000000u

/* struct cfg_pci_device.type */
#define CFG_PCI_DEVICE		1
#define CFG_PCI_BRIDGE		2
#define CFG_PCI_IVSHMEM		3

/* msi_flags of an ivshmem device; published configurations have 0 */
#define CFG_SHMEM_LOSSY_STATE	0x80u	/* State changes are not latched while this peer's interrupts are off */

/* struct cfg_system.flags */
#define CFG_SYS_VIRTUAL_CONSOLE	0x00000001u

/* struct cfg_console.type and .flags */
#define CFG_CONSOLE_NONE	0
#define CFG_CONSOLE_8250	2
#define CFG_CONSOLE_PL011	3
#define CFG_CONSOLE_MMIO	0x0001u
#define CFG_CONSOLE_REGDIST_4	0x0002u
#define CFG_CONSOLE_GATE_INVERTED 0x1000u

struct cfg_memory {
	uint64_t phys_start;
	uint64_t virt_start;
	uint64_t size;
	uint64_t flags;
} BH_PACKED;

struct cfg_cache {
	uint32_t start;
	uint32_t size;
	uint8_t type;
	uint8_t padding;
	uint16_t flags;
} BH_PACKED;

struct cfg_irqchip {
	uint64_t address;
	uint32_t id;
	uint32_t pin_base;	/* Arm: INTID, multiple of 32 */
	uint32_t pin_bitmap[4];
} BH_PACKED;

struct cfg_pio {
	uint16_t base;
	uint16_t length;
} BH_PACKED;

struct cfg_pci_device {
	uint8_t type;
	uint8_t iommu;
	uint16_t domain;
	uint16_t bdf;
	uint32_t bar_mask[6];
	uint16_t caps_start;
	uint16_t num_caps;
	uint8_t num_msi_vectors;
	uint8_t msi_flags;	/* bit 0: 64-bit, bit 1: maskable; ivshmem: CFG_SHMEM_* */
	uint16_t num_msix_vectors;
	uint16_t msix_region_size;
	uint64_t msix_address;
	uint32_t shmem_regions_start;
	uint8_t shmem_dev_id;
	uint8_t shmem_peers;
	uint16_t shmem_protocol;
} BH_PACKED;

struct cfg_pci_cap {
	uint16_t id;
	uint16_t start;
	uint16_t len;
	uint16_t flags;
} BH_PACKED;

struct cfg_console {
	uint64_t address;
	uint32_t size;
	uint16_t type;
	uint16_t flags;
	uint32_t divider;
	uint32_t gate_nr;
	uint64_t clock_reg;
} BH_PACKED;

struct cfg_cell {
	char signature[CFG_SIGNATURE_LEN];
	uint8_t architecture;
	uint16_t revision;
	char name[CFG_NAME_LEN];
	uint32_t id;
	uint32_t flags;
	uint32_t cpu_set_size;	/* bytes */
	uint32_t num_memory_regions;
	uint32_t num_cache_regions;
	uint32_t num_irqchips;
	uint32_t num_pio_regions;
	uint32_t num_pci_devices;
	uint32_t num_pci_caps;
	uint32_t num_stream_ids;
	uint32_t vpci_irq_base;	/* SPI number, INTID - 32 */
	uint64_t cpu_reset_address;
	uint64_t msg_reply_timeout;	/* polling iterations, 0 = for ever */
	struct cfg_console console;
} BH_PACKED;

struct cfg_iommu {
	uint32_t type;
	uint64_t base;
	uint32_t size;
	uint8_t specific[12];
} BH_PACKED;

struct cfg_system {
	char signature[CFG_SIGNATURE_LEN];
	uint8_t architecture;
	uint16_t revision;
	uint32_t flags;
	struct cfg_memory hypervisor_memory;	/* phys_start 0: the driver chooses */
	struct cfg_console debug_console;
	uint64_t pci_mmconfig_base;
	uint8_t pci_mmconfig_end_bus;
	uint8_t pci_is_virtual;
	uint16_t pci_domain;
	struct cfg_iommu iommu_units[8];
	union {
		struct {
			uint8_t maintenance_irq;
			uint8_t gic_version;
			uint8_t padding[2];
			uint64_t gicd_base;
			uint64_t gicc_base;
			uint64_t gich_base;
			uint64_t gicv_base;
			uint64_t gicr_base;
		} BH_PACKED arm;
		struct {
			uint16_t pm_timer_address;
			uint8_t apic_mode;
			uint8_t padding;
			uint32_t vtd_interrupt_limit;
			uint32_t tsc_khz;
			uint32_t apic_khz;
		} BH_PACKED x86;
		uint8_t size[44];
	} BH_PACKED arch;
	struct cfg_cell root_cell;	/* its signature, architecture and revision are not looked at */
} BH_PACKED;

BH_ABI_ASSERT(sizeof(struct cfg_memory) == 32, cfg_memory);
BH_ABI_ASSERT(sizeof(struct cfg_cache) == 12, cfg_cache);
BH_ABI_ASSERT(sizeof(struct cfg_irqchip) == 32, cfg_irqchip);
BH_ABI_ASSERT(sizeof(struct cfg_pio) == 4, cfg_pio);
BH_ABI_ASSERT(sizeof(struct cfg_pci_device) == 56, cfg_pci_device);
BH_ABI_ASSERT(offsetof(struct cfg_pci_device, caps_start) == 0x1e, cfg_pci_device_caps);
BH_ABI_ASSERT(offsetof(struct cfg_pci_device, msix_address) == 0x28, cfg_pci_device_msix);
BH_ABI_ASSERT(offsetof(struct cfg_pci_device, shmem_protocol) == 0x36, cfg_pci_device_protocol);
BH_ABI_ASSERT(sizeof(struct cfg_pci_cap) == 8, cfg_pci_cap);
BH_ABI_ASSERT(sizeof(struct cfg_console) == 32, cfg_console);
BH_ABI_ASSERT(sizeof(struct cfg_cell) == 0x84, cfg_cell);
BH_ABI_ASSERT(offsetof(struct cfg_cell, vpci_irq_base) == 0x50, cfg_cell_vpci);
BH_ABI_ASSERT(offsetof(struct cfg_cell, console) == 0x64, cfg_cell_console);
BH_ABI_ASSERT(sizeof(struct cfg_iommu) == 28, cfg_iommu);
BH_ABI_ASSERT(offsetof(struct cfg_system, debug_console) == 0x2c, cfg_system_console);
BH_ABI_ASSERT(offsetof(struct cfg_system, iommu_units) == 0x58, cfg_system_iommu);
BH_ABI_ASSERT(offsetof(struct cfg_system, arch) == 0x138, cfg_system_arch);
BH_ABI_ASSERT(offsetof(struct cfg_system, root_cell) == 0x164, cfg_system_root);
BH_ABI_ASSERT(sizeof(struct cfg_system) == 0x1e8, cfg_system);

#endif
