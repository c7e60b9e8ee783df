/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IVSHMEM version 2 as a guest sees it: PCI configuration space and register page.
 * Source: the IVSHMEM v2 device specification; see docs/ivshmem.md for what it leaves open.
 */
#ifndef BULKHEAD_IVSHMEM_H
#define BULKHEAD_IVSHMEM_H

#define IVSHMEM_VENDOR_ID	0x110a
#define IVSHMEM_DEVICE_ID	0x4106
#define IVSHMEM_BASE_CLASS	0xff

/* Register page (BAR 0): aligned 32-bit accesses only */
#define IVSHMEM_REG_ID		0x00	/* RO */
#define IVSHMEM_REG_MAX_PEERS	0x04	/* RO */
#define IVSHMEM_REG_INT_CTRL	0x08	/* RW, bit 0: enable */
#define IVSHMEM_REG_DOORBELL	0x0c	/* WO, bits 31..16 peer, 15..0 vector */
#define IVSHMEM_REG_STATE	0x10	/* RW */

#define IVSHMEM_INT_ENABLE	0x1u

/* Vendor capability, offsets inside the capability */
#define IVSHMEM_CAP_ID		0x09
#define IVSHMEM_CAP_LENGTH	0x20	/* with Base Address */
#define IVSHMEM_CAP_PRIV_CTRL	0x03	/* bit 0: one-shot interrupt mode */
#define IVSHMEM_CAP_STATE_SIZE	0x04	/* u32 */
#define IVSHMEM_CAP_RW_SIZE	0x08	/* u64 */
#define IVSHMEM_CAP_OUT_SIZE	0x10	/* u64 */
#define IVSHMEM_CAP_BASE	0x18	/* u64 */

#define IVSHMEM_PRIV_ONESHOT	0x1u

#define IVSHMEM_PROTO_UNDEFINED	0x0000
#define IVSHMEM_PROTO_ETHERNET	0x0001

#endif
