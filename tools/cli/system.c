/* SPDX-License-Identifier: BSD-2-Clause */
/* enable, disable, console. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bulkhead/cell_config.h>

#include "cli.h"

#define CONSOLE_CHUNK	128

static const struct request enable_request = { .name = "JAILHOUSE_ENABLE", .number = BH_IOC_ENABLE };
static const struct request disable_request = { .name = "JAILHOUSE_DISABLE", .number = BH_IOC_DISABLE };

static uint64_t system_config_size(const struct cfg_system *config)
{
	const struct cfg_cell *root = &config->root_cell;

	return sizeof(*config) + root->cpu_set_size +
	       (uint64_t)root->num_memory_regions * sizeof(struct cfg_memory) +
	       (uint64_t)root->num_cache_regions * sizeof(struct cfg_cache) +
	       (uint64_t)root->num_irqchips * sizeof(struct cfg_irqchip) +
	       (uint64_t)root->num_pio_regions * sizeof(struct cfg_pio) +
	       (uint64_t)root->num_pci_devices * sizeof(struct cfg_pci_device) +
	       (uint64_t)root->num_pci_caps * sizeof(struct cfg_pci_cap) +
	       (uint64_t)root->num_stream_ids * sizeof(uint32_t);
}

/*
 * The enable request carries no size: the driver takes it from the counts in the header, and would read
 * behind the end of a shorter file. Only this tool knows how long the file is. Files of another kind or
 * revision are left to the driver, which refuses them after the header.
 */
static int system_config_complete(const char *path, const struct file_data *file)
{
	const struct cfg_system *config = file->data;
	uint64_t needed = sizeof(*config);

	if (file->size >= sizeof(*config)) {
		if (memcmp(config->signature, CFG_SIGNATURE_SYSTEM, CFG_SIGNATURE_LEN) != 0 ||
		    config->revision != CFG_REVISION)
			return 1;
		needed = system_config_size(config);
	}
	if (file->size >= needed)
		return 1;
	fprintf(stderr, "%s: %s: %s has %zu bytes, a system configuration with its counts needs %" PRIu64
		": build the file again\n", enable_request.name, strerror(EINVAL), path, file->size, needed);
	return 0;
}

int cmd_enable(const struct args *args)
{
	struct file_data config;
	int result = EXIT_FAILED;

	if (args->argc != 1)
		return wrong_usage("enable takes one system configuration");
	if (read_file(args->argv[0], MAX_CONFIG_FILE, &config))
		return EXIT_FAILED;
	if (system_config_complete(args->argv[0], &config))
		result = device_request(&enable_request, config.data);
	free(config.data);
	return result;
}

int cmd_disable(const struct args *args)
{
	(void)args;
	return device_request(&disable_request, NULL);
}

static int write_all(const char *data, size_t size)
{
	ssize_t put;

	while (size > 0) {
		put = write(STDOUT_FILENO, data, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			perror("write(stdout)");
			return -1;
		}
		data += put;
		size -= (size_t)put;
	}
	return 0;
}

/*
 * Both modes end at an empty read; one that follows gets none from the driver, which blocks instead. What is
 * kept of a session that is over ends in EAGAIN: an error only if there was nothing.
 */
static int copy_console(int fd)
{
	char chunk[CONSOLE_CHUNK];
	int something = 0;
	ssize_t got;

	for (;;) {
		got = read(fd, chunk, sizeof(chunk));
		if (got == 0 || (got < 0 && errno == EAGAIN && something))
			return EXIT_DONE;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			perror("read(console)");
			return EXIT_FAILED;
		}
		if (write_all(chunk, (size_t)got))
			return EXIT_FAILED;
		something = 1;
	}
}

int cmd_console(const struct args *args)
{
	int follow = 0, fd, result;

	if (args->argc == 1)
		follow = strcmp(args->argv[0], "-f") == 0 || strcmp(args->argv[0], "--follow") == 0;
	if (args->argc > 1 || args->argc != follow)
		return wrong_usage("console takes no argument but -f or --follow");
	fd = open_device(O_RDONLY | (follow ? 0 : O_NONBLOCK));
	if (fd < 0)
		return EXIT_FAILED;
	result = copy_console(fd);
	close(fd);
	return result;
}
