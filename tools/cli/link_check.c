/* SPDX-License-Identifier: BSD-2-Clause */
/* link check: looks at links twice, and in between at their interrupts; says what it finds. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "link_check.h"

#define EXIT_ILL	1
#define EXIT_UNKNOWN	2	/* nothing was found out */

#define DEFAULT_WAIT	1000u	/* ms */
#define MAX_WAIT	600000u
#define LOOKS		8u	/* at interrupts while waiting */

#define ROUTE_WAITS	(LINK_ROUTE_PENDING | LINK_ROUTE_ACTIVE)

struct checked {
	struct link before, now;
	int gone;	/* the link has ended meanwhile: now is empty */
};

struct patients {
	struct checked *links;
	size_t count;
	uint32_t milliseconds;
};

static void free_patients(struct patients *patients)
{
	size_t n;

	for (n = 0; n < patients->count; n++) {
		free_link(&patients->links[n].before);
		free_link(&patients->links[n].now);
	}
	free(patients->links);
}

static enum link_answer add_link(int fd, uint32_t bdf, uint32_t max_peers, struct patients *patients)
{
	struct checked *links = realloc(patients->links, (patients->count + 1) * sizeof(*links));
	enum link_answer answer;

	if (!links) {
		perror("link");
		return LINK_FAILED;
	}
	patients->links = links;
	memset(&links[patients->count], 0, sizeof(*links));
	answer = read_link(fd, bdf, max_peers, 1, &links[patients->count].before);
	if (answer == LINK_FOUND)
		patients->count++;
	return answer;
}

/* Ends with any driver: see list_links() */
static enum link_answer add_all_links(int fd, struct patients *patients)
{
	uint32_t from = 0, bdf, peers = 0;
	enum link_answer answer;

	for (;;) {
		answer = next_link(fd, from, &bdf);
		if (answer == LINK_ABSENT)
			return LINK_FOUND;
		if (answer == LINK_FOUND)
			answer = add_link(fd, bdf, MAX_PEERS - peers, patients);
		if (answer == LINK_FAILED)
			return answer;
		if (answer == LINK_FOUND)
			peers += patients->links[patients->count - 1].before.num_peers;
		from = bdf + 1;
	}
}

/* Of what was waiting at each look before, what is waiting now? */
static int look_at_interrupts(int fd, const struct link *link)
{
	enum link_answer answer;
	uint64_t route;
	uint32_t n, v;

	for (n = 0; n < link->num_peers; n++) {
		for (v = 0; v < num_lines(&link->peers[n]); v++) {
			struct link_vector *vector = &link->peers[n].vector[v];

			if (!vector->waits)
				continue;
			answer = read_route(fd, link->bdf, n, v, &route);
			if (answer == LINK_FAILED)
				return -1;
			vector->waits = answer == LINK_FOUND && route & ROUTE_WAITS;
		}
	}
	return 0;
}

static void begin_looking(const struct link *link)
{
	uint32_t n, v;

	for (n = 0; n < link->num_peers; n++)
		for (v = 0; v < MAX_VECTORS; v++)
			link->peers[n].vector[v].waits = !!(link->peers[n].vector[v].route & ROUTE_WAITS);
}

static void end_looking(const struct checked *link)
{
	uint32_t n, v;

	for (n = 0; n < link->now.num_peers && n < link->before.num_peers; n++)
		for (v = 0; v < MAX_VECTORS; v++)
			link->now.peers[n].vector[v].waits = link->before.peers[n].vector[v].waits &&
							     link->now.peers[n].vector[v].route & ROUTE_WAITS;
}

static int wait_and_look(int fd, const struct patients *patients)
{
	uint64_t step = patients->milliseconds * 1000000ull / LOOKS;
	const struct timespec time = { .tv_sec = (time_t)(step / 1000000000), .tv_nsec = (long)(step % 1000000000) };
	uint32_t look;
	size_t n;

	for (n = 0; n < patients->count; n++)
		begin_looking(&patients->links[n].before);
	for (look = 0; look < LOOKS; look++) {
		nanosleep(&time, NULL);
		for (n = 0; n < patients->count; n++)
			if (look_at_interrupts(fd, &patients->links[n].before))
				return -1;
	}
	return 0;
}

static enum link_answer examine(int fd, struct patients *patients)
{
	enum link_answer answer;
	size_t n;

	if (wait_and_look(fd, patients))
		return LINK_FAILED;
	for (n = 0; n < patients->count; n++) {
		struct checked *link = &patients->links[n];

		answer = read_link(fd, link->before.bdf, MAX_PEERS, 1, &link->now);
		if (answer != LINK_FOUND)
			memset(&link->now, 0, sizeof(link->now));
		if (answer == LINK_FAILED)
			return answer;
		link->gone = answer == LINK_ABSENT;
		end_looking(link);
	}
	return LINK_FOUND;
}

/* --- reports --- */

static void text_peer(FILE *out, const struct link_peer *peer, uint32_t n)
{
	const char *word = state_word(peer->protocol, peer->state);

	fprintf(out, "  peer %u, %.31s (%s): State %u", n, peer->cell, peer->cell_state ? peer->cell_state : "state unknown",
		peer->state);
	if (word)
		fprintf(out, " (%s)", word);
	fprintf(out, ", sent %" PRIu64 ", delivered %" PRIu64 "\n", peer->counter[LINK_COUNTER_SENT],
		peer->counter[LINK_COUNTER_DELIVERED]);
}

static void text_finding(FILE *out, const struct link_view *view, const struct finding *finding)
{
	fprintf(out, "\n  %s", finding->is_history ? "before, " : "");
	if (finding->peer != WHOLE_LINK)
		fprintf(out, "peer %u, %.31s: ", finding->peer, view->now->peers[finding->peer].cell);
	fprintf(out, "%s [%s]\n    evidence:   %s\n    what to do: %s\n", finding->diagnosis->sentence, finding->diagnosis->id,
		finding->evidence, finding->diagnosis->remedy);
}

static size_t count_problems(const struct finding *findings, size_t count)
{
	size_t n, problems = 0;

	for (n = 0; n < count; n++)
		problems += !findings[n].is_history;
	return problems;
}

static void text_report(FILE *out, const struct link_view *view, const struct finding *findings, size_t count)
{
	size_t problems = count_problems(findings, count), n;

	fprintf(out, "Link " BDF_FORMAT ": ", BDF_VALUES(view->now->bdf));
	if (problems)
		fprintf(out, "%zu problem%s\n", problems, problems > 1 ? "s" : "");
	else
		fprintf(out, "healthy\n");
	for (n = 0; n < view->now->num_peers; n++)
		if (peer_is_there(view, (uint32_t)n))
			text_peer(out, &view->now->peers[n], (uint32_t)n);
	for (n = 0; n < count; n++)
		if (!findings[n].is_history)
			text_finding(out, view, &findings[n]);
	for (n = 0; n < count; n++)
		if (findings[n].is_history)
			text_finding(out, view, &findings[n]);
}

static void json_peer(FILE *out, const struct link_peer *peer, uint32_t n)
{
	fprintf(out, "{\"id\": %u, \"cell_id\": %u, \"cell\": ", n, peer->cell_id);
	json_string(out, peer->cell);
	fprintf(out, ", \"cell_state\": ");
	json_string_or_null(out, peer->cell_state);
	fprintf(out, ", \"state\": %u, \"state_name\": ", peer->state);
	json_string_or_null(out, state_word(peer->protocol, peer->state));
	fputc('}', out);
}

static void json_finding(FILE *out, const struct link_view *view, const struct finding *finding)
{
	const char *cell = NULL;

	fprintf(out, "{\"id\": \"%s\", \"peer\": ", finding->diagnosis->id);
	if (finding->peer == WHOLE_LINK) {
		fprintf(out, "null");
	} else {
		cell = view->now->peers[finding->peer].cell;
		fprintf(out, "%u", finding->peer);
	}
	fprintf(out, ", \"cell\": ");
	json_string_or_null(out, cell);
	fprintf(out, ", \"problem\": ");
	json_string(out, finding->diagnosis->sentence);
	fprintf(out, ", \"evidence\": ");
	json_string(out, finding->evidence);
	fprintf(out, ", \"remedy\": ");
	json_string(out, finding->diagnosis->remedy);
	fputc('}', out);
}

static void json_findings(FILE *out, const struct link_view *view, const struct finding *findings, size_t count, int is_history)
{
	const char *separator = "";
	size_t n;

	for (n = 0; n < count; n++) {
		if (findings[n].is_history != is_history)
			continue;
		fputs(separator, out);
		json_finding(out, view, &findings[n]);
		separator = ", ";
	}
}

static void json_report(FILE *out, const struct link_view *view, const struct finding *findings, size_t count)
{
	const char *separator = "";
	size_t n;

	fprintf(out, "{\"bdf\": \"" BDF_FORMAT "\", \"healthy\": %s, \"peers\": [", BDF_VALUES(view->now->bdf),
		count_problems(findings, count) ? "false" : "true");
	for (n = 0; n < view->now->num_peers; n++) {
		if (!peer_is_there(view, (uint32_t)n))
			continue;
		fputs(separator, out);
		json_peer(out, &view->now->peers[n], (uint32_t)n);
		separator = ", ";
	}
	fprintf(out, "], \"problems\": [");
	json_findings(out, view, findings, count, 0);
	fprintf(out, "], \"history\": [");
	json_findings(out, view, findings, count, 1);
	fprintf(out, "]}");
}

/* Returns how many links are ill, or -1. */
static int report(FILE *out, const struct patients *patients, int json)
{
	int ill = 0, reported = 0;
	size_t n, count;

	for (n = 0; n < patients->count; n++) {
		const struct checked *link = &patients->links[n];
		const struct link_view view = { &link->before, &link->now, patients->milliseconds };
		struct finding *findings;

		if (link->gone)
			continue;
		findings = diagnose(&view, &count);
		if (!findings) {
			perror("link");
			return -1;
		}
		if (reported++)
			fputs(json ? ",\n  " : "\n", out);
		if (json)
			json_report(out, &view, findings, count);
		else
			text_report(out, &view, findings, count);
		ill += count_problems(findings, count) > 0;
		free(findings);
	}
	if (!reported && !json)
		fprintf(out, "There is no link.\n");
	return ill;
}

static int print_report(const struct patients *patients, int json)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int ill = out ? report(out, patients, json) : -1;

	if (!out || fclose(out)) {
		perror("link");
		ill = -1;
	}
	if (ill >= 0 && json)
		printf("{\"healthy\": %s, \"milliseconds\": %u, \"links\": [", ill ? "false" : "true", patients->milliseconds);
	if (ill >= 0)
		fwrite(text, 1, size, stdout);
	if (ill >= 0 && json)
		printf("]}\n");
	free(text);
	if (ill < 0)
		return EXIT_UNKNOWN;
	return ill ? EXIT_ILL : EXIT_DONE;
}

static int check(const uint32_t *bdf, struct patients *patients, int json)
{
	int fd = open_device(O_RDWR), result = EXIT_UNKNOWN;
	enum link_answer answer;

	if (fd < 0)
		return EXIT_UNKNOWN;
	answer = bdf ? add_link(fd, *bdf, MAX_PEERS, patients) : add_all_links(fd, patients);
	if (answer == LINK_FOUND)
		answer = examine(fd, patients);
	if (answer == LINK_FOUND && bdf && patients->links[0].gone)
		answer = LINK_ABSENT;
	if (answer == LINK_ABSENT)
		print_no_link(fd);
	if (answer == LINK_FOUND)
		result = print_report(patients, json);
	close(fd);
	return result;
}

static int parse_wait(const char *text, uint32_t *milliseconds)
{
	char *end;
	unsigned long value = text && *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

	if (value < 1 || value > MAX_WAIT || *end)
		return wrong_usage("--wait takes milliseconds, 1 to %u", MAX_WAIT);
	*milliseconds = (uint32_t)value;
	return 0;
}

static int parse(const struct args *args, struct patients *patients, int *json, const char **link)
{
	int n;

	for (n = 0; n < args->argc; n++) {
		if (strcmp(args->argv[n], "--json") == 0 && !*json)
			*json = 1;
		else if (strcmp(args->argv[n], "--wait") == 0 && !patients->milliseconds) {
			if (parse_wait(args->argv[++n], &patients->milliseconds))
				return WRONG_USAGE;
		} else if (!*link)
			*link = args->argv[n];
		else
			return wrong_usage("link check takes one link at most, --wait MILLISECONDS and --json");
	}
	if (!patients->milliseconds)
		patients->milliseconds = DEFAULT_WAIT;
	return 0;
}

int cmd_link_check(const struct args *args)
{
	struct patients patients = { .links = NULL };
	const char *link = NULL;
	uint32_t bdf = 0;
	int json = 0, result;

	if (parse(args, &patients, &json, &link) || (link && parse_bdf(link, &bdf)))
		return -EXIT_UNKNOWN;
	result = check(link ? &bdf : NULL, &patients, json);
	free_patients(&patients);
	return result;
}
