/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3 (Arm IHI 0069). Priorities, targets and trigger modes are left as the hypervisor set them.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>

#include "internal.h"

#define GICD_SIZE		0x10000u
#define GICD_ISENABLER		0x0100u
#define GICD_ICENABLER		0x0180u

#define GICR_FRAME_SIZE		0x20000u
#define GICR_MAX_FRAMES		512u	/* bound of the search */
#define GICR_TYPER		0x0008u
#define GICR_TYPER_LAST		(1ull << 4)
#define GICR_PIDR2		0xffe8u
#define GICR_PIDR2_ARCH(v)	(((v) >> 4) & 0xf)
#define GICR_SGI_BASE		0x10000u

#define PMR_ALL			0xf0u

static struct {
	uintptr_t distributor;
	uintptr_t redistributor;
	irq_handler handler;
} gic;

static void give_up(const char *why)
{
	printk("inmate: no interrupts: %s\n", why);
	stop();
}

static void find_redistributor(uintptr_t base)
{
	uint64_t affinity = cpu_affinity();
	uint32_t wanted = (uint32_t)((affinity & 0xffffff) | ((affinity >> 8) & 0xff000000));

	for (unsigned int n = 0; n < GICR_MAX_FRAMES; n++) {
		uintptr_t frame = base + (uintptr_t)n * GICR_FRAME_SIZE;
		uint64_t typer;

		map(frame, GICR_FRAME_SIZE, MAP_DEVICE);
		if (GICR_PIDR2_ARCH(io_read32(frame + GICR_PIDR2)) != 3)
			give_up("what stands at gicr_base is not a GICv3 redistributor");
		typer = io_read64(frame + GICR_TYPER);
		if ((uint32_t)(typer >> 32) == wanted) {
			gic.redistributor = frame;
			return;
		}
		if (typer & GICR_TYPER_LAST)
			break;
	}
	give_up("no redistributor belongs to this CPU");
}

void gic_setup(irq_handler handler)
{
	const struct comm_region *comm = comm_region();

	if (comm->gic_version != 3)
		give_up("this run-time needs a GICv3");
	gic.handler = handler;
	gic.distributor = comm->gicd_base;
	map(gic.distributor, GICD_SIZE, MAP_DEVICE);
	find_redistributor(comm->gicr_base);

	write_icc(ICC_CTLR_EL1, 0);
	write_icc(ICC_PMR_EL1, PMR_ALL);
	write_icc(ICC_IGRPEN1_EL1, 1);
}

uintptr_t gic_redistributor(void)
{
	return gic.redistributor;
}

static void write_enable(uint32_t intid, uint32_t reg)
{
	uintptr_t bank = intid < INTID_SPI ? gic.redistributor + GICR_SGI_BASE : gic.distributor;

	io_write32(bank + reg + 4 * (intid / 32), 1u << (intid % 32));
}

void gic_enable(uint32_t intid)
{
	write_enable(intid, GICD_ISENABLER);
}

void gic_disable(uint32_t intid)
{
	write_enable(intid, GICD_ICENABLER);
}

void gic_send_sgi(uint32_t sgi, uint16_t target_list)
{
	uint64_t affinity = cpu_affinity();
	uint64_t cluster = (((affinity >> 32) & 0xff) << 48) | (((affinity >> 16) & 0xff) << 32) |
			   (((affinity >> 8) & 0xff) << 16);

	barrier_full();
	write_icc(ICC_SGI1R_EL1, cluster | ((uint64_t)(sgi & 0xf) << 24) | target_list);
}

void irq_dispatch(void)
{
	for (;;) {
		uint32_t intid = (uint32_t)read_icc(ICC_IAR1_EL1) & 0xffffff;

		barrier_full();
		if (intid >= 1020 && intid <= INTID_SPURIOUS)
			return;
		gic.handler(intid);
		write_icc(ICC_EOIR1_EL1, intid);
	}
}
