/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BULKHEAD_ARM64_EARLY_MESSAGE_H
#define BULKHEAD_ARM64_EARLY_MESSAGE_H

#include "bulkhead/image.h"

/* MMU off. header: where the image is. Nothing happens if its configuration names no console that is known. */
void early_message(const struct bh_image_header *header, const char *text);

#endif
