/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cell_console.h"

#define ATTEMPTS	10	/* for a cell that prints all that is kept while it is read */

/* By the rule of bulkhead/cell_console.h; 0 if nothing of it can be used */
static int take_text(const struct bh_cell_console *console, struct cell_text *text)
{
	uint64_t first = console->begun > BH_CELL_CONSOLE_SIZE ? console->begun - BH_CELL_CONSOLE_SIZE : 0, n;

	if (console->complete > console->begun || first > console->complete || (first == console->complete && first))
		return 0;
	text->permitted = 1;
	text->written = console->complete;
	text->size = 0;
	for (n = first; n < console->complete; n++)
		text->bytes[text->size++] = console->text[n % BH_CELL_CONSOLE_SIZE];
	return 1;
}

static int read_once(int cell, const char *path, struct bh_cell_console *console)
{
	int fd = openat(cell, "console", O_RDONLY | O_CLOEXEC), err;
	struct file_data file;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) {
		fprintf(stderr, "opening %s/console: %s\n", path, strerror(errno));
		return -1;
	}
	err = read_fd(fd, sizeof(*console), &file);
	close(fd);
	if (err) {
		if (errno == ENODATA || errno == ENOSYS)
			return 0;
		fprintf(stderr, "reading %s/console: %s\n", path, strerror(errno));
		return -1;
	}
	err = file.size == sizeof(*console) ? 1 : -1;
	if (err > 0)
		memcpy(console, file.data, sizeof(*console));
	else
		fprintf(stderr, "reading %s/console: %zu bytes, %zu were expected: driver and tool are of different versions\n",
			path, file.size, sizeof(*console));
	free(file.data);
	return err;
}

int read_cell_text(int cell, const char *path, struct cell_text *text)
{
	struct bh_cell_console console;
	unsigned int n;
	int found;

	memset(text, 0, sizeof(*text));
	for (n = 0; n < ATTEMPTS; n++) {
		found = read_once(cell, path, &console);
		if (found <= 0) {
			text->left_out = errno == ENOSYS;
			return found;
		}
		if (take_text(&console, text))
			return 0;
	}
	fprintf(stderr, "reading %s/console: the cell prints faster than it can be read: try again\n", path);
	return -1;
}

const char *last_lines(const struct cell_text *text, unsigned int count, size_t *size)
{
	size_t start = text->size;

	while (start > 0) {
		if (text->bytes[start - 1] == '\n' && start < text->size && --count == 0)
			break;
		start--;
	}
	*size = text->size - start;
	return text->bytes + start;
}

void print_cell_text(const char *bytes, size_t size, const char *indent)
{
	int in_line = 0;
	size_t n;

	for (n = 0; n < size; n++) {
		unsigned char c = (unsigned char)bytes[n];

		if (c == '\r' && n + 1 < size && bytes[n + 1] == '\n')
			continue;
		if (!in_line)
			fputs(indent, stdout);
		in_line = c != '\n';
		putchar(c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f) ? c : '?');
	}
	if (in_line)
		putchar('\n');
}

void json_bytes(const char *bytes, size_t size)
{
	size_t n;

	putchar('"');
	for (n = 0; n < size; n++) {
		unsigned char c = (unsigned char)bytes[n];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c < ' ' || c >= 0x7f)
			printf("\\u%04x", c);
		else
			printf(c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	putchar('"');
}

static int print_console(const struct bh_cell_id *wanted, const struct cell_text *text, const char *name, int json)
{
	if (json) {
		printf("{\"id\": %d, \"name\": ", wanted->id);
		json_string(stdout, name);
		printf(", \"written\": %" PRIu64 ", \"kept\": %zu, \"text\": ", text->written, text->size);
		json_bytes(text->bytes, text->size);
		printf("}\n");
		return EXIT_DONE;
	}
	if (text->written > text->size)
		printf("[%" PRIu64 " earlier characters are not kept]\n", text->written - text->size);
	print_cell_text(text->bytes, text->size, "");
	return EXIT_DONE;
}

int cmd_cell_console(const struct args *args)
{
	struct bh_cell_id wanted;
	char path[CELL_PATH_SIZE];
	struct cell_text text;
	int json, directory, result = EXIT_FAILED;
	char *name;

	result = parse_cell_json(args, &wanted, &json);
	if (result != EXIT_DONE)
		return result;
	directory = open_cell((uint32_t)wanted.id, path);
	if (directory < 0) {
		print_failed("opening", path);
		return EXIT_FAILED;
	}
	result = EXIT_FAILED;
	name = read_attribute(directory, strrchr(path, '/') + 1, "name");
	if (name && !read_cell_text(directory, path, &text)) {
		if (text.permitted)
			result = print_console(&wanted, &text, name, json);
		else if (text.left_out)
			fprintf(stderr, "the hypervisor was built without CONFIG_CELL_CONSOLE: it keeps nothing that cells print\n");
		else
			fprintf(stderr, "cell \"%s\" may not print: give it 'virtual-console' in its configuration\n", name);
	}
	free(name);
	close(directory);
	return result;
}
