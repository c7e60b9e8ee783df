/* SPDX-License-Identifier: BSD-2-Clause */
/* link list, link show: arguments, and output only once everything has been read. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "link.h"

/* Hexadecimal, with no more digits than max has. Returns what is behind the number, or NULL. */
static const char *parse_hex(const char *text, uint32_t max, uint32_t *value)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF"), n;

	if (digits < 1 || digits > (max > 0xf ? 2 : 1))
		return NULL;
	*value = 0;
	for (n = 0; n < digits; n++)
		*value = 16 * *value + (uint32_t)(isdigit((unsigned char)text[n]) ? text[n] - '0' :
						  (text[n] | 0x20) - 'a' + 10);
	return *value <= max ? text + digits : NULL;
}

/* [BUS:]DEVICE[.FUNCTION], as other tools print PCI functions */
int parse_bdf(const char *text, uint32_t *bdf)
{
	uint32_t bus = 0, device, function = 0;
	const char *at = text;

	if (strchr(text, ':')) {
		at = parse_hex(at, 0xff, &bus);
		at = at && *at == ':' ? at + 1 : NULL;
	}
	if (at)
		at = parse_hex(at, 0x1f, &device);
	if (at && *at == '.')
		at = parse_hex(at + 1, 7, &function);
	if (!at || *at)
		return wrong_usage("%s is no link; give [BUS:]DEVICE[.FUNCTION] in hexadecimal digits, e.g. 00:03.0",
				   text);
	*bdf = bus << 8 | device << 3 | function;
	return 0;
}

/* Takes --json out of the arguments; returns how many others there are. */
static int take_json(const struct args *args, int *json, const char **first)
{
	int n, others = 0;

	*json = 0;
	for (n = 0; n < args->argc; n++) {
		if (strcmp(args->argv[n], "--json") == 0)
			++*json;
		else if (others++ == 0)
			*first = args->argv[n];
	}
	return *json > 1 ? -1 : others;
}

/* Ends with any driver: each link has a higher number than the one before, and peers that are left. */
static enum link_answer list_links(int fd, int json, FILE *out)
{
	uint32_t from = 0, peers = 0, count = 0;
	enum link_answer answer;
	struct link link;

	for (;;) {
		answer = next_link(fd, from, &from);
		if (answer == LINK_FOUND)
			answer = read_link(fd, from++, MAX_PEERS - peers, 0, &link);
		else if (answer == LINK_ABSENT)
			return LINK_FOUND;
		if (answer == LINK_FAILED)
			return answer;
		if (answer == LINK_ABSENT)	/* gone since it was announced */
			continue;
		peers += link.num_peers;
		if (!json && count == 0)
			text_list_header(out);
		if (json && count > 0)
			fprintf(out, ",\n  ");
		if (json)
			json_list_row(out, &link);
		else
			text_list_row(out, &link);
		count++;
		free_link(&link);
	}
}

static enum link_answer list(int fd, uint32_t bdf, int json, FILE *out)
{
	enum link_answer answer;

	(void)bdf;
	if (json)
		fprintf(out, "{\"links\": [");
	answer = list_links(fd, json, out);
	if (json)
		fprintf(out, "]}\n");
	return answer;
}

static enum link_answer show(int fd, uint32_t bdf, int json, FILE *out)
{
	enum link_answer answer;
	struct link link;

	answer = read_link(fd, bdf, MAX_PEERS, 1, &link);
	if (answer == LINK_ABSENT)
		print_no_link(fd);
	if (answer != LINK_FOUND)
		return answer;
	if (json)
		json_show(out, &link);
	else
		text_show(out, &link);
	free_link(&link);
	return answer;
}

/* A command that fails prints no half of a table, and no half of JSON. */
static int print_links(enum link_answer (*command)(int fd, uint32_t bdf, int json, FILE *out), uint32_t bdf,
		       int json)
{
	int fd, result = EXIT_FAILED;
	char *text = NULL;
	size_t size;
	FILE *out;

	fd = open_device(O_RDWR);
	if (fd < 0)
		return EXIT_FAILED;
	out = open_memstream(&text, &size);
	if (out) {
		result = command(fd, bdf, json, out) == LINK_FOUND ? EXIT_DONE : EXIT_FAILED;
		if (fclose(out)) {
			perror("link");
			result = EXIT_FAILED;
		}
	} else {
		perror("link");
	}
	if (result == EXIT_DONE)
		fwrite(text, 1, size, stdout);
	free(text);
	close(fd);
	return result;
}

int cmd_link_list(const struct args *args)
{
	const char *first;
	int json;

	if (take_json(args, &json, &first) != 0)
		return wrong_usage("link list takes no argument but --json");
	return print_links(list, 0, json);
}

int cmd_link_show(const struct args *args)
{
	const char *first;
	uint32_t bdf = 0;
	int json;

	if (take_json(args, &json, &first) != 1)
		return wrong_usage("link show takes one link, and --json");
	if (parse_bdf(first, &bdf))
		return WRONG_USAGE;
	return print_links(show, bdf, json);
}
