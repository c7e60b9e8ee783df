/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bulkhead/ivshmem.h>

#include "uio.h"

#define UIO_SYSFS	"/sys/class/uio"
#define MAX_UIO		64u

/* First line of /sys/class/uio/uio<number>/<file> */
static bool read_line(unsigned int number, const char *file, char *line, size_t size)
{
	char path[128];
	bool good;
	FILE *in;

	snprintf(path, sizeof(path), UIO_SYSFS "/uio%u/%s", number, file);
	in = fopen(path, "r");
	if (!in)
		return false;
	good = fgets(line, (int)size, in) != NULL;
	fclose(in);
	if (good)
		line[strcspn(line, "\n")] = 0;
	return good;
}

static unsigned long read_hex(unsigned int number, const char *file)
{
	char line[32];

	return read_line(number, file, line, sizeof(line)) ? strtoul(line, NULL, 16) : 0;
}

static bool is_shared_memory(unsigned int number)
{
	return read_hex(number, "device/vendor") == IVSHMEM_VENDOR_ID &&
	       read_hex(number, "device/device") == IVSHMEM_DEVICE_ID;
}

static int find_device(void)
{
	for (unsigned int number = 0; number < MAX_UIO; number++)
		if (is_shared_memory(number) &&
		    read_hex(number, "device/class") == IVSHMEM_BASE_CLASS << 16)
			return (int)number;
	return UIO_ANY;
}

static bool has_msix(unsigned int number)
{
	char path[64];
	unsigned int entries = 0;
	DIR *dir;

	snprintf(path, sizeof(path), UIO_SYSFS "/uio%u/device/msi_irqs", number);
	dir = opendir(path);
	if (!dir)
		return false;
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries > 2;	/* besides . and .. */
}

static void read_bdf(struct uio_device *dev)
{
	char path[64], link[256];
	ssize_t length;
	char *last;

	snprintf(path, sizeof(path), UIO_SYSFS "/uio%u/device", dev->number);
	length = readlink(path, link, sizeof(link) - 1);
	link[length < 0 ? 0 : length] = 0;
	last = strrchr(link, '/');
	snprintf(dev->bdf, sizeof(dev->bdf), "%.15s", last ? last + 1 : "?");
}

bool uio_open(struct uio_device *dev, int number)
{
	char path[64];

	*dev = (struct uio_device){ .fd = -1 };
	if (number == UIO_ANY)
		number = find_device();
	if (number == UIO_ANY) {
		fprintf(stderr, "no UIO device in " UIO_SYSFS
			" is a shared memory device (110a:4106, class ff0000); is uio_ivshmem loaded and "
			"the hypervisor enabled?\n");
		return false;
	}
	dev->number = (unsigned int)number;
	if (!is_shared_memory(dev->number)) {
		fprintf(stderr, "uio%u is not a shared memory device (110a:4106)\n", dev->number);
		return false;
	}
	read_bdf(dev);
	dev->msix = has_msix(dev->number);
	for (unsigned int n = 0; n < UIO_MAX_MAPS; n++, dev->num_maps++) {
		char size[32];

		snprintf(path, sizeof(path), "maps/map%u/size", n);
		if (!read_line(dev->number, path, size, sizeof(size)))
			break;
		dev->maps[n].size = strtoull(size, NULL, 16);
		snprintf(path, sizeof(path), "maps/map%u/name", n);
		if (!read_line(dev->number, path, dev->maps[n].name, sizeof(dev->maps[n].name)))
			strcpy(dev->maps[n].name, "?");
	}
	snprintf(path, sizeof(path), "/dev/uio%u", dev->number);
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	return true;
}

bool uio_map(struct uio_device *dev, unsigned int index, bool writable)
{
	int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *address;

	if (index >= dev->num_maps) {
		fprintf(stderr, "uio%u has no map %u, only %u maps\n", dev->number, index, dev->num_maps);
		return false;
	}
	address = mmap(NULL, dev->maps[index].size, protection, MAP_SHARED, dev->fd,
		       (off_t)index * sysconf(_SC_PAGESIZE));
	if (address == MAP_FAILED) {
		fprintf(stderr, "uio%u: map %u (%s), %zu bytes, %s: %s\n", dev->number, index,
			dev->maps[index].name, dev->maps[index].size,
			writable ? "read and write" : "read-only", strerror(errno));
		return false;
	}
	dev->maps[index].address = address;
	return true;
}

void uio_close(struct uio_device *dev)
{
	for (unsigned int n = 0; n < dev->num_maps; n++)
		if (dev->maps[n].address)
			munmap((void *)dev->maps[n].address, dev->maps[n].size);
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

static const char *fault_context;

static void on_fault(int signal_number)
{
	char text[160];
	int length = snprintf(text, sizeof(text), "%s: %s\n", fault_context,
			      signal_number == SIGBUS ? "SIGBUS, the access was refused" :
							"SIGSEGV, the map does not allow it");

	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_FAULT);
}

void uio_catch_faults(const char *what)
{
	struct sigaction action = { .sa_handler = on_fault };

	fault_context = what;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

bool parse_number(const char *text, uint64_t limit, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text && *text != '-' && !*end && !errno && *value <= limit;
}
