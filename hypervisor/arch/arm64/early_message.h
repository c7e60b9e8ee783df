/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BULKHEAD_ARM64_EARLY_MESSAGE_H
#define BULKHEAD_ARM64_EARLY_MESSAGE_H

#include "bulkhead/image.h"
#include "types.h"

/* MMU off. header: where the image is. false: its configuration names no console that is known. */
bool early_message(const struct bh_image_header *header, const char *text);

#endif
