/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BULKHEAD_BOOT_PARAMS_H
#define BULKHEAD_BOOT_PARAMS_H

#include "bulkhead/image.h"
#include "setup.h"

extern struct bh_image_header image_header;
extern char image_start[];

/* What the launcher wrote into the image header. Which door it came through, the caller adds. */
void boot_info_of_image(struct boot_info *boot);

#endif
