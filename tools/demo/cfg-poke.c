/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cfg-poke DOMAIN:BUS:DEVICE.FUNCTION OFFSET WIDTH [VALUE]: one access to PCI configuration space;
 * prints what it reads (after a write: what stands there now). Exit status: 0 done, 1 error, 2 bad
 * usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uio.h"

int main(int argc, char **argv)
{
	uint64_t offset, width, value = 0;
	char path[128];
	ssize_t done = 0;
	int fd;

	if (argc < 4 || argc > 5 || strchr(argv[1], '/') || !parse_number(argv[2], 4095, &offset) ||
	    !parse_number(argv[3], 4, &width) || !width || width == 3 || offset % width ||
	    (argc == 5 && !parse_number(argv[4], UINT32_MAX, &value))) {
		fprintf(stderr, "usage: cfg-poke 0000:00:00.0 OFFSET WIDTH [VALUE]; WIDTH is 1, 2 or 4, "
				"OFFSET a "
				"multiple of it\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.32s/config", argv[1]);
	fd = open(path, argc == 5 ? O_RDWR : O_RDONLY);
	if (fd < 0) {
		fprintf(stderr, "cfg-poke: %s: %s\n", path, strerror(errno));
		return EXIT_FAILURE;
	}
	if (argc == 5)
		done = pwrite(fd, &value, width, (off_t)offset);
	if (done >= 0) {
		value = 0;
		done = pread(fd, &value, width, (off_t)offset);
	}
	if (done != (ssize_t)width) {
		fprintf(stderr, "cfg-poke: %s, offset %#llx: %s\n", path, (unsigned long long)offset,
			done < 0 ? strerror(errno) : "short access");
		return EXIT_FAILURE;
	}
	printf("0x%0*llx\n", (int)(2 * width), (unsigned long long)value);
	close(fd);
	return EXIT_SUCCESS;
}
