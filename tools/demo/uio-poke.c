/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uio-poke UIO MAP OFFSET WIDTH [VALUE]: reads, or writes VALUE, in a map of /dev/uio<UIO>.
 * Exit status: 0 done, 1 error, 2 bad usage, 3 the access raised SIGBUS or SIGSEGV.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "uio.h"

static uint64_t load(const volatile void *at, uint64_t width)
{
	switch (width) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	default:
		return *(const volatile uint64_t *)at;
	}
}

static void store(volatile void *at, uint64_t width, uint64_t value)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)at = value;
		break;
	}
	__sync_synchronize();
}

static int usage(void)
{
	fprintf(stderr, "usage: uio-poke UIO MAP OFFSET WIDTH [VALUE]; WIDTH is 1, 2, 4 or 8\n");
	return 2;
}

int main(int argc, char **argv)
{
	uint64_t uio, map, offset, width, value = 0;
	struct uio_device dev;
	volatile char *at;

	if (argc < 5 || argc > 6 || !parse_number(argv[1], 63, &uio) ||
	    !parse_number(argv[2], UIO_MAX_MAPS - 1, &map) || !parse_number(argv[3], SIZE_MAX / 2, &offset) ||
	    !parse_number(argv[4], 8, &width) || !width || (width & (width - 1)) ||
	    (argc == 6 && !parse_number(argv[5], UINT64_MAX, &value)))
		return usage();
	if (!uio_open(&dev, (int)uio))
		return EXIT_FAILURE;
	/* A reader asks for reading only, so that write-protected maps stay readable */
	if (!uio_map(&dev, (unsigned int)map, argc == 6))
		return EXIT_FAILURE;
	if (offset + width > dev.maps[map].size) {
		fprintf(stderr, "uio-poke: offset %#llx is outside of map %llu (%s, %zu bytes)\n",
			(unsigned long long)offset, (unsigned long long)map, dev.maps[map].name,
			dev.maps[map].size);
		return EXIT_FAILURE;
	}
	at = (volatile char *)dev.maps[map].address + offset;
	uio_catch_faults("uio-poke");
	if (argc == 6)
		store(at, width, value);
	else
		printf("0x%0*llx\n", (int)(2 * width), (unsigned long long)load(at, width));
	fflush(stdout);
	/* The device node stays open until here: its release sets State to 0 */
	uio_close(&dev);
	return EXIT_SUCCESS;
}
