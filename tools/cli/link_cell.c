/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sysfs says about the cell behind a peer. Cells come and go, and another driver may have none of these files:
 * whatever cannot be read is unknown, without a message.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bulkhead/fault.h>

#include "cli.h"
#include "link.h"

#define CELLS		JAILHOUSE_SYSFS "/cells"
#define CONFIG_SIZE	(1024UL * 1024)	/* no configuration is longer */
#define STATE_TABLE	0u		/* regions of a device, from shmem_regions_start on */
#define RW_SECTION	1u
#define OUTPUTS		2u

static int read_at(int directory, const char *name, size_t limit, struct file_data *file)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -1;
	err = read_fd(fd, limit, file);
	close(fd);
	return err;
}

static char *read_line(int directory, const char *name)
{
	struct file_data file;

	if (read_at(directory, name, 4096, &file))
		return NULL;
	*strchrnul(file.data, '\n') = 0;
	make_printable(file.data);
	return file.data;
}

static int was_never_started(int cell)
{
	const struct bh_fault *fault;
	struct file_data file;
	int never;

	if (read_at(cell, "fault", 4096, &file))
		return 0;
	fault = file.data;
	never = file.size == sizeof(*fault) && fault->starts == 0;
	free(file.data);
	return never;
}

/* The sections that the device has among the regions of its cell */
static void take_sections(struct link_peer *peer, const struct cfg_pci_device *device, const struct file_data *memory)
{
	uint64_t available = memory->size / sizeof(struct cfg_memory);
	uint64_t count = OUTPUTS + (uint64_t)device->shmem_peers, n;
	const struct cfg_memory *region = memory->data;
	struct link_section *section;

	if (device->shmem_regions_start + count > available)
		return;
	peer->sections = calloc(count, sizeof(*peer->sections));
	for (n = 0; peer->sections && n < count; n++) {
		section = &peer->sections[n];
		section->region = region[device->shmem_regions_start + n];
		if (n < OUTPUTS)
			strcpy(section->name, n == STATE_TABLE ? "state table" : "R/W");
		else
			snprintf(section->name, sizeof(section->name), "output %u", (unsigned int)(n - OUTPUTS) & 0xffu);
		peer->num_sections = n + 1;
	}
}

static void read_sections(int cell, uint32_t bdf, struct link_peer *peer)
{
	const struct cfg_pci_device *device;
	struct file_data pci, memory;
	size_t n;

	if (read_at(cell, "pci", CONFIG_SIZE, &pci))
		return;
	device = pci.data;
	for (n = 0; n < pci.size / sizeof(*device); n++)
		if (device[n].type == CFG_PCI_IVSHMEM && device[n].bdf == bdf)
			break;
	if (n < pci.size / sizeof(*device) && read_at(cell, "memory", CONFIG_SIZE, &memory) == 0) {
		take_sections(peer, &device[n], &memory);
		free(memory.data);
	}
	free(pci.data);
}

static int names_device(const char *entry, uint32_t bdf)
{
	unsigned int domain, bus, slot, function;
	char end;

	return sscanf(entry, "%x:%x:%x.%x%c", &domain, &bus, &slot, &function, &end) == 4 &&
	       (bus << 8 | slot << 3 | function) == bdf;
}

static int is_ivshmem(int devices, const char *entry)
{
	char path[300], *vendor, *device;
	int is;

	snprintf(path, sizeof(path), "%.200s/vendor", entry);
	vendor = read_line(devices, path);
	snprintf(path, sizeof(path), "%.200s/device", entry);
	device = read_line(devices, path);
	is = vendor && device && strcmp(vendor, "0x110a") == 0 && strcmp(device, "0x4106") == 0;
	free(vendor);
	free(device);
	return is;
}

/* This Linux is the root cell: which of its drivers has the device? Its PCI domain is not known. */
static void read_driver(uint32_t bdf, struct link_peer *peer)
{
	char path[300], target[300], *name;
	DIR *directory = opendir(JAILHOUSE_PCI);
	struct dirent *entry;
	ssize_t length;

	while (directory && !peer->driver && (entry = readdir(directory))) {
		if (!names_device(entry->d_name, bdf) || !is_ivshmem(dirfd(directory), entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%.200s/driver", entry->d_name);
		length = readlinkat(dirfd(directory), path, target, sizeof(target) - 1);
		target[length > 0 ? length : 0] = 0;
		name = strrchr(target, '/');
		peer->driver = strdup(name ? name + 1 : target);
		if (peer->driver)
			make_printable(peer->driver);
	}
	if (directory)
		closedir(directory);
}

void read_link_cell(uint32_t bdf, struct link_peer *peer)
{
	char path[sizeof(CELLS) + 12];
	int cell;

	snprintf(path, sizeof(path), "%s/%u", CELLS, peer->cell_id);
	cell = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cell < 0)
		return;
	peer->cell_state = read_line(cell, "state");
	peer->never_started = was_never_started(cell);
	read_sections(cell, bdf, peer);
	close(cell);
	if (peer->cell_id == 0)
		read_driver(bdf, peer);
}
