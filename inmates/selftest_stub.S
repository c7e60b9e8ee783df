/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First code of the self-test machine: what a hypervisor has done before it starts a cell. All interrupts
 * in Group 1, distributor on, redistributor awake; then the inmate. Position-independent.
 */
#define GICD_BASE	0x08000000
#define GICR_BASE	0x080a0000
#define GICR_WAKER	0x0014
#define GICR_IGROUPR0	0x10080
#define INMATE		0x50000000

	.text
	ldr	x0, =GICD_BASE
	mov	w1, #0x12		/* ARE, EnableGrp1 */
	str	w1, [x0]
	ldr	x0, =GICR_BASE
	str	wzr, [x0, #GICR_WAKER]
	ldr	x0, =GICR_BASE + GICR_IGROUPR0
	mov	w1, #-1
	str	w1, [x0]
	ldr	x0, =INMATE
	br	x0
