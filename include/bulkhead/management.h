/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/jailhouse: ioctl numbers and structures. Naturally aligned, identical on all ABIs.
 * Numbers 0..5 are the Jailhouse interface, the others are ours. BH_IOC_LAST_ERROR explains the last failed
 * ioctl of this open file in one line of text (empty when it succeeded). BH_IOC_LINK_INFO is the hypercall
 * HC_LINK_INFO: its errors, or 0 and the value.
 */
#ifndef BULKHEAD_MANAGEMENT_H
#define BULKHEAD_MANAGEMENT_H

#include "abi.h"

#define BH_DEVICE_NODE		"/dev/jailhouse"
#define BH_SYSFS_ROOT		"/sys/devices/jailhouse"
#define BH_CELL_NAME_LEN	32	/* with NUL */
#define BH_CELL_ID_BY_NAME	(-1)
#define BH_ERROR_TEXT_LEN	256	/* with NUL */

struct bh_cell_id {
	int32_t id;		/* BH_CELL_ID_BY_NAME: look at name; else the name is ignored */
	uint32_t padding;
	char name[BH_CELL_NAME_LEN];
};

struct bh_cell_create {
	uint64_t config_address;	/* user address */
	uint32_t config_size;
	uint32_t padding;
};

struct bh_image {
	uint64_t source_address;	/* user address */
	uint64_t size;
	uint64_t target_address;	/* guest-physical */
	uint64_t padding;
};

struct bh_cell_load {
	struct bh_cell_id cell_id;
	uint32_t num_images;
	uint32_t padding;
	/* struct bh_image images[num_images] follow */
};

struct bh_error_text {
	char text[BH_ERROR_TEXT_LEN];
};

struct bh_link_info {
	uint16_t bdf;
	uint16_t peer;
	uint32_t item;		/* LINK_INFO_* of hypercall.h */
	uint64_t value;		/* result */
};

BH_ABI_ASSERT(sizeof(struct bh_cell_id) == 40, bh_cell_id);
BH_ABI_ASSERT(sizeof(struct bh_cell_create) == 16, bh_cell_create);
BH_ABI_ASSERT(sizeof(struct bh_image) == 32, bh_image);
BH_ABI_ASSERT(sizeof(struct bh_cell_load) == 48, bh_cell_load);
BH_ABI_ASSERT(sizeof(struct bh_link_info) == 16, bh_link_info);

/* _IOW(0, nr, type) and friends, spelled as numbers: this header needs no other one */
#define BH_IOC_ENABLE		(0x40000000u | (unsigned int)(sizeof(void *) << 16))
#define BH_IOC_DISABLE		0x00000001u
#define BH_IOC_CELL_CREATE	0x40100002u
#define BH_IOC_CELL_LOAD	0x40300003u
#define BH_IOC_CELL_START	0x40280004u
#define BH_IOC_CELL_DESTROY	0x40280005u
#define BH_IOC_LAST_ERROR	0x81000006u	/* read, struct bh_error_text */
#define BH_IOC_LINK_INFO	0xc0100007u	/* read and write, struct bh_link_info */

#endif
