/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that says what to know about the hypervisor. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_image.h"

struct image image = { .piece_caller = NO_FUNCTION, .piece = NO_FUNCTION };

void *zeroed(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

uint32_t function_at(uint64_t address)
{
	uint32_t low = 0, high = image.num_functions;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (image.functions[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : NO_FUNCTION;
}

static bool read_function(uint64_t address, const char *name)
{
	uint32_t n = image.num_functions;
	struct function *functions = realloc(image.functions, (n + 1) * sizeof(*functions));

	if (!functions)
		abort();
	functions[n] = (struct function){ .address = address, .name = strdup(name) };
	image.functions = functions;
	image.num_functions = n + 1;
	return !n || functions[n - 1].address < address;
}

static bool read_tag(char *words)
{
	char *name = strtok(words, " "), *number;

	if (!name || image.num_tags == MAX_TAGS)
		return false;
	for (number = strtok(NULL, " "); number; number = strtok(NULL, " ")) {
		uint64_t function = strtoull(number, NULL, 16);

		if (function >= image.num_functions)
			return false;
		image.functions[function].tags |= UINT64_C(1) << image.num_tags;
	}
	image.tag_names[image.num_tags++] = strdup(name);
	return true;
}

static bool read_line(char *line)
{
	char name[128];
	uint64_t address;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "function %" SCNx64 " %127s", &address, name) == 2)
		return read_function(address, name);
	if (!strncmp(line, "tag ", 4))
		return read_tag(line + 4);
	if (sscanf(line, "piece %" SCNx32 " %" SCNx32, &image.piece_caller, &image.piece) == 2)
		return image.piece_caller < image.num_functions && image.piece < image.num_functions;
	return sscanf(line, "range %" SCNx64 " %" SCNx64, &image.low, &image.high) == 2 ||
	       sscanf(line, "raise %" SCNx64 " %" SCNx64, &image.raise_low, &image.raise_high) == 2 ||
	       sscanf(line, "vectors %" SCNx64, &image.vectors) == 1;
}

bool read_image(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[4096];
	bool good = file;

	while (good && fgets(line, sizeof(line), file))
		good = read_line(line);
	if (file)
		fclose(file);
	return good && image.low < image.high && image.vectors;
}
