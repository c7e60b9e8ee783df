/* SPDX-License-Identifier: BSD-2-Clause */
/* cell create, load, start, shutdown, destroy. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct request create_request = { .name = "JAILHOUSE_CELL_CREATE",
					       .number = BH_IOC_CELL_CREATE };
static const struct request load_request = { .name = "JAILHOUSE_CELL_LOAD", .number = BH_IOC_CELL_LOAD };
static const struct request start_request = { .name = "JAILHOUSE_CELL_START", .number = BH_IOC_CELL_START };
static const struct request destroy_request = { .name = "JAILHOUSE_CELL_DESTROY",
						.number = BH_IOC_CELL_DESTROY };

/* Decimal, 0x or octal without sign and without anything behind it */
static int is_number(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return 0;
	(void)strtoull(text, &end, 0);
	return *end == 0;
}

static void set_name(struct bh_cell_id *cell, const char *name)
{
	cell->id = BH_CELL_ID_BY_NAME;
	memcpy(cell->name, name, strnlen(name, sizeof(cell->name) - 1));
}

/* Parses { ID | [--name] NAME } and returns how many arguments that took, or WRONG_USAGE. */
int parse_cell(const struct args *args, struct bh_cell_id *cell)
{
	long long id;

	memset(cell, 0, sizeof(*cell));
	if (args->argc < 1)
		return wrong_usage("which cell? give its ID or name");
	if (strcmp(args->argv[0], "--name") == 0) {
		if (args->argc < 2)
			return wrong_usage("--name needs the name of a cell");
		set_name(cell, args->argv[1]);
		return 2;
	}
	if (!is_number(args->argv[0])) {
		set_name(cell, args->argv[0]);
		return 1;
	}
	errno = 0;
	id = strtoll(args->argv[0], NULL, 0);
	if (errno || id > INT32_MAX)	/* cut to 32 bits it would be another cell */
		return wrong_usage("%s is too large for a cell ID; put --name before a name", args->argv[0]);
	cell->id = (int32_t)id;
	return 1;
}

static int cell_only(const struct args *args, struct bh_cell_id *cell)
{
	int used = parse_cell(args, cell);

	if (used == WRONG_USAGE)
		return WRONG_USAGE;
	if (used != args->argc)
		return wrong_usage("too many arguments, starting with: %s", args->argv[used]);
	return 0;
}

int cmd_cell_create(const struct args *args)
{
	struct bh_cell_create create = { .config_address = 0 };
	struct file_data config;
	int result;

	if (args->argc != 1)
		return wrong_usage("cell create takes one cell configuration");
	if (read_file(args->argv[0], MAX_CONFIG_FILE, &config))
		return EXIT_FAILED;
	create.config_address = (uintptr_t)config.data;
	create.config_size = (uint32_t)config.size;
	result = device_request(&create_request, &create);
	free(config.data);
	return result;
}

int cmd_cell_start(const struct args *args)
{
	struct bh_cell_id cell;

	if (cell_only(args, &cell))
		return WRONG_USAGE;
	return device_request(&start_request, &cell);
}

int cmd_cell_destroy(const struct args *args)
{
	struct bh_cell_id cell;

	if (cell_only(args, &cell))
		return WRONG_USAGE;
	return device_request(&destroy_request, &cell);
}

/* Loading nothing stops the cell. */
int cmd_cell_shutdown(const struct args *args)
{
	struct bh_cell_load load = { .num_images = 0 };

	if (cell_only(args, &load.cell_id))
		return WRONG_USAGE;
	return device_request(&load_request, &load);
}

static int is_option(const char *argument, const char *letter, const char *word)
{
	return strcmp(argument, letter) == 0 || strcmp(argument, word) == 0;
}

static int parse_address(const char *text, uint64_t *address)
{
	long long value;

	errno = 0;
	value = is_number(text) ? strtoll(text, NULL, 0) : -1;
	if (errno || value < 0)
		return wrong_usage("%s is no address; give a number below 2^63, or 0x...", text);
	*address = (uint64_t)value;
	return 0;
}

/*
 * One image: { IMAGE | -s STRING } [-a ADDRESS]. Until the file is read, source_address holds the
 * argument and size is UINT64_MAX for files. Returns the number of arguments used, or WRONG_USAGE.
 */
static int parse_image(const struct args *args, int at, struct bh_image *image)
{
	int used = 1;

	if (is_option(args->argv[at], "-a", "--address"))
		return wrong_usage("%s belongs behind an image", args->argv[at]);
	image->size = UINT64_MAX;
	if (is_option(args->argv[at], "-s", "--string")) {
		if (at + 1 >= args->argc)
			return wrong_usage("%s needs a string", args->argv[at]);
		image->size = strlen(args->argv[at + 1]) + 1;
		used = 2;
	}
	image->source_address = (uintptr_t)args->argv[at + used - 1];
	at += used;
	if (at < args->argc && is_option(args->argv[at], "-a", "--address")) {
		if (at + 1 >= args->argc)
			return wrong_usage("%s needs an address", args->argv[at]);
		if (parse_address(args->argv[at + 1], &image->target_address))
			return WRONG_USAGE;
		used += 2;
	}
	return used;
}

/* All arguments are looked at before the first file is opened. */
static int parse_images(const struct args *args, int at, struct bh_cell_load *load, struct bh_image *images)
{
	int used;

	if (at >= args->argc)
		return wrong_usage("no image given");
	while (at < args->argc) {
		used = parse_image(args, at, &images[load->num_images]);
		if (used == WRONG_USAGE)
			return WRONG_USAGE;
		load->num_images++;
		at += used;
	}
	return 0;
}

static int read_image(struct bh_image *image, struct file_data *file)
{
	if (image->size != UINT64_MAX)
		return 0;
	if (read_file((const char *)(uintptr_t)image->source_address, MAX_IMAGE_FILE, file))
		return -1;
	image->source_address = (uintptr_t)file->data;
	image->size = file->size;
	return 0;
}

static int load_images(struct bh_cell_load *load, struct bh_image *images)
{
	struct file_data *files;
	int result = EXIT_FAILED;
	uint32_t n;

	files = calloc(load->num_images, sizeof(*files));
	if (!files) {
		perror("cell load");
		return EXIT_FAILED;
	}
	for (n = 0; n < load->num_images; n++)
		if (read_image(&images[n], &files[n]))
			break;
	if (n == load->num_images)
		result = device_request(&load_request, load);
	for (n = 0; n < load->num_images; n++)
		free(files[n].data);
	free(files);
	return result;
}

int cmd_cell_load(const struct args *args)
{
	struct bh_cell_load *load;
	struct bh_image *images;
	int used, result;

	/* no more images than arguments */
	load = calloc(1, sizeof(*load) + (size_t)args->argc * sizeof(*images));
	if (!load) {
		perror("cell load");
		return EXIT_FAILED;
	}
	images = (struct bh_image *)(load + 1);
	used = parse_cell(args, &load->cell_id);
	if (used == WRONG_USAGE || parse_images(args, used, load, images))
		result = WRONG_USAGE;
	else
		result = load_images(load, images);
	free(load);
	return result;
}
