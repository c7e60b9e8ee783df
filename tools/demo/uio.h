/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to shared memory devices through UIO: finds the device node, its maps and its PCI identity in sysfs.
 * Every function that fails has said why on stderr.
 */
#ifndef DEMO_UIO_H
#define DEMO_UIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UIO_ANY		(-1)
#define UIO_MAX_MAPS	5

/* Order of the maps of a device; without an R/W section those behind it move up by one */
#define UIO_MAP_REGISTERS	0u
#define UIO_MAP_STATES		1u

struct uio_map {
	char name[32];
	size_t size;
	volatile void *address;		/* NULL until uio_map() */
};

struct uio_device {
	int fd;
	unsigned int number;		/* /dev/uio<number> */
	char bdf[16];			/* "0001:00:00.0" */
	bool msix;
	unsigned int num_maps;
	struct uio_map maps[UIO_MAX_MAPS];
};

/* Opens /dev/uio<number>, or with UIO_ANY the first shared memory device of the undefined protocol */
bool uio_open(struct uio_device *dev, int number);
bool uio_map(struct uio_device *dev, unsigned int index, bool writable);
void uio_close(struct uio_device *dev);

/* Installs handlers that turn SIGBUS and SIGSEGV into a message and exit status 3 */
void uio_catch_faults(const char *what);

#define EXIT_FAULT 3

/* Whole text must be a number (0x allowed) that is at most limit */
bool parse_number(const char *text, uint64_t limit, uint64_t *value);

#endif
