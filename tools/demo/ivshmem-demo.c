/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory demo, Linux side: asks a peer N times (demo_link.h), sleeps until its interrupt, checks
 * the answer. Exit status: 0 all round trips right, 1 something was wrong or missing, 64 bad usage.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bulkhead/ivshmem.h>

#include "demo_link.h"
#include "uio.h"

#define MAP_RW		2u
#define MAP_INPUTS	3u
#define MAP_OUTPUT	4u

struct options {
	uint64_t rounds;
	uint64_t target;
	uint64_t timeout;
	int uio;
	bool target_given;
	bool quiet;
};

struct link {
	struct uio_device dev;
	uint32_t id, peers, target;
	int timeout_ms;
	bool quiet;
	volatile uint32_t *registers;
	const volatile uint32_t *states;
	volatile struct demo_rw *rw;
	volatile struct demo_output *mine;
	const volatile struct demo_output *theirs;
	uint32_t interrupts;
};

static volatile sig_atomic_t stop_requested;

static void on_signal(int number)
{
	(void)number;
	stop_requested = 1;
}

static void set_register(struct link *link, unsigned int offset, uint32_t value)
{
	__sync_synchronize();
	link->registers[offset / 4] = value;
}

/* Sleeps until the next interrupt of the device; says why if there is none */
static bool wait_interrupt(struct link *link, const char *what)
{
	struct pollfd poll_fd = { .fd = link->dev.fd, .events = POLLIN };
	uint32_t count;
	int ready = poll(&poll_fd, 1, link->timeout_ms);

	if (ready == 0) {
		fprintf(stderr, "ivshmem-demo: no interrupt within %d s while waiting for %s\n",
			link->timeout_ms / 1000, what);
		return false;
	}
	if (ready < 0 || read(link->dev.fd, &count, sizeof(count)) != sizeof(count)) {
		fprintf(stderr, "ivshmem-demo: %s while waiting for %s\n",
			stop_requested ? "interrupted" : strerror(errno), what);
		return false;
	}
	link->interrupts++;
	/* One-shot mode has switched reception off. On again first, then look: no event falls in between */
	set_register(link, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	return true;
}

static bool map_link(struct link *link)
{
	static const bool writable[UIO_MAX_MAPS] = { true, false, true, false, true };
	struct uio_map *maps = link->dev.maps;

	if (link->dev.num_maps != UIO_MAX_MAPS) {
		fprintf(stderr,
			"ivshmem-demo: uio%u has %u maps, the demo needs 5: the link must have an R/W "
			"section and output sections\n",
			link->dev.number, link->dev.num_maps);
		return false;
	}
	for (unsigned int n = 0; n < UIO_MAX_MAPS; n++)
		if (!uio_map(&link->dev, n, writable[n]))
			return false;
	link->registers = maps[UIO_MAP_REGISTERS].address;
	link->states = maps[UIO_MAP_STATES].address;
	link->rw = maps[MAP_RW].address;
	link->mine = maps[MAP_OUTPUT].address;
	link->id = link->registers[IVSHMEM_REG_ID / 4];
	link->peers = link->registers[IVSHMEM_REG_MAX_PEERS / 4];
	return true;
}

static bool choose_target(struct link *link, const struct options *options)
{
	size_t size = link->dev.maps[MAP_OUTPUT].size;

	if (link->peers < 2 || link->id >= link->peers || link->peers > DEMO_MAX_PEERS) {
		fprintf(stderr, "ivshmem-demo: peer %u of %u: the demo needs 2 to %u peers\n", link->id,
			link->peers, DEMO_MAX_PEERS);
		return false;
	}
	link->target = options->target_given ? (uint32_t)options->target : (link->id + 1) % link->peers;
	if (link->target >= link->peers || link->target == link->id) {
		fprintf(stderr, "ivshmem-demo: target %u is %s; choose another of the peers 0 to %u\n",
			link->target, link->target == link->id ? "myself" : "not on the link",
			link->peers - 1);
		return false;
	}
	if (link->dev.maps[MAP_RW].size < sizeof(struct demo_rw) || size < sizeof(struct demo_output) ||
	    link->dev.maps[MAP_INPUTS].size < size * link->peers) {
		fprintf(stderr, "ivshmem-demo: sections of %zu (R/W) and %zu bytes (output) are too small, "
			"the demo needs %zu and %zu\n", link->dev.maps[MAP_RW].size, size,
			sizeof(struct demo_rw), sizeof(struct demo_output));
		return false;
	}
	link->theirs = (const volatile void *)((const volatile char *)link->dev.maps[MAP_INPUTS].address +
					       link->target * size);
	return true;
}

static bool wait_for_peer(struct link *link)
{
	uint32_t state = link->states[link->target];

	if (state != link->target + 1 && !link->quiet)
		printf("Peer %u is not there yet (state %u), waiting for it.\n", link->target, state);
	while (state != link->target + 1) {
		if (!wait_interrupt(link, "the peer's State"))
			return false;
		state = link->states[link->target];
	}
	__sync_synchronize();
	if (!link->quiet)
		printf("Peer %u is there: its entry in the State Table is %u.\n", link->target, state);
	return true;
}

static void ask(struct link *link, uint32_t number)
{
	static const char text[] = "linux: can you read this?";

	link->mine->counter = number;
	link->mine->kind = DEMO_KIND_ASK;
	link->mine->answers_to = 0;
	link->mine->data_good = 0;
	for (unsigned int n = 0; n < sizeof(text); n++)
		link->mine->text[n] = text[n];
	for (uint32_t n = 0; n < DEMO_PATTERN; n++)
		link->mine->pattern[n] = demo_pattern(link->id, number, n);
	link->rw->question[link->id] = demo_question(link->id, number);
	link->rw->answer[link->id] = 0;
	__sync_synchronize();
	link->rw->counter[link->id] = number;
	set_register(link, IVSHMEM_REG_DOORBELL,
		     (link->target << 16) | (link->dev.msix ? link->id + 1 : 0));
}

static bool complain(uint64_t round, const char *what, uint32_t got, uint32_t want)
{
	if (got == want)
		return true;
	fprintf(stderr, "ivshmem-demo: round %llu: %s is %08x, not %08x\n", (unsigned long long)round, what,
		got, want);
	return false;
}

/* The answer has arrived: is everything in it right? */
static bool check_answer(struct link *link, uint64_t round, uint32_t previous)
{
	uint32_t counter = link->rw->counter[link->target];
	bool good = complain(round, "the peer's counter in the R/W section", counter, previous + 1);

	good &= complain(round, "the counter in its output section", link->theirs->counter, counter);
	good &= complain(round, "the answer in the R/W section", link->rw->answer[link->id],
			 ~link->rw->question[link->id]);
	good &= complain(round, "the peer's verdict on my output section", link->theirs->data_good, 1);
	for (uint32_t n = 0; good && n < DEMO_PATTERN; n++)
		good = complain(round, "a word of its output section", link->theirs->pattern[n],
				demo_pattern(link->target, counter, n));
	return good;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Duration in ns, 0 if the round failed */
static uint64_t play_round(struct link *link, uint64_t round)
{
	uint32_t number = link->rw->counter[link->id] + 1;
	uint32_t previous = link->rw->counter[link->target];
	uint64_t start = now_ns(), taken;

	ask(link, number);
	do {
		if (!wait_interrupt(link, "the answer"))
			return 0;
		if (link->states[link->target] != link->target + 1) {
			fprintf(stderr, "ivshmem-demo: round %llu: peer %u has left, its State is %u\n",
				(unsigned long long)round, link->target, link->states[link->target]);
			return 0;
		}
	} while (link->rw->counter[link->target] == previous ||
		 link->theirs->kind != DEMO_KIND_ANSWER || link->theirs->answers_to != number);
	taken = now_ns() - start;
	__sync_synchronize();
	return check_answer(link, round, previous) ? taken : 0;
}

static void tell_round(const struct link *link, uint64_t round, uint64_t rounds, uint64_t ns)
{
	char text[DEMO_TEXT_SIZE];

	if (link->quiet || (round > 3 && round < rounds && round % 100))
		return;
	for (unsigned int n = 0; n < sizeof(text); n++)
		text[n] = link->theirs->text[n];
	text[sizeof(text) - 1] = 0;
	for (unsigned int n = 0; text[n]; n++)	/* what a peer wrote is not for the terminal as it is */
		if (text[n] < ' ' || text[n] > '~')
			text[n] = '?';
	printf("Round %llu: rang the doorbell of peer %u, its interrupt came %llu us later: \"%s\"\n",
	       (unsigned long long)round, link->target, (unsigned long long)ns / 1000, text);
}

static bool play(struct link *link, uint64_t rounds)
{
	uint64_t least = UINT64_MAX, most = 0, sum = 0, good = 0;

	if (!wait_for_peer(link))
		return false;
	while (good < rounds && !stop_requested) {
		uint64_t ns = play_round(link, good + 1);

		if (!ns)
			break;
		good++;
		sum += ns;
		least = ns < least ? ns : least;
		most = ns > most ? ns : most;
		tell_round(link, good, rounds, ns);
	}
	printf("%llu of %llu round trips right, by %u interrupts", (unsigned long long)good,
	       (unsigned long long)rounds, link->interrupts);
	if (good)
		printf("; round trip %llu us at least, %llu on average, %llu at most",
		       (unsigned long long)least / 1000, (unsigned long long)(sum / good) / 1000,
		       (unsigned long long)most / 1000);
	printf("\n");
	return good == rounds;
}

static int run(const struct options *options)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct link link = { .timeout_ms = (int)options->timeout * 1000, .quiet = options->quiet };
	bool good;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	uio_catch_faults("ivshmem-demo");
	if (!uio_open(&link.dev, options->uio))
		return EXIT_FAILURE;
	if (!map_link(&link) || !choose_target(&link, options)) {
		uio_close(&link.dev);
		return EXIT_FAILURE;
	}
	if (!link.quiet)
		printf("/dev/uio%u is PCI %s: I am peer %u of %u; R/W section %zu KiB, output sections "
		       "%zu KiB, "
		       "%s.\n",
		       link.dev.number, link.dev.bdf, link.id, link.peers,
		       link.dev.maps[MAP_RW].size / 1024, link.dev.maps[MAP_OUTPUT].size / 1024,
		       link.dev.msix ? "MSI-X" : "INTx");

	set_register(&link, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	set_register(&link, IVSHMEM_REG_STATE, link.id + 1);
	if (!link.quiet)
		printf("My State is %u now, everybody on the link can see it.\n", link.id + 1);
	good = play(&link, options->rounds);
	set_register(&link, IVSHMEM_REG_STATE, 0);
	set_register(&link, IVSHMEM_REG_INT_CTRL, 0);
	if (!link.quiet)
		printf("My State is 0 again, good-bye.\n");
	uio_close(&link.dev);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;
	uint64_t number;

	switch (key) {
	case 'r':
		if (!parse_number(text, 1000000000, &options->rounds) || !options->rounds)
			argp_error(state, "--rounds %s is not a number from 1 to 1000000000", text);
		return 0;
	case 't':
		if (!parse_number(text, 65535, &options->target))
			argp_error(state, "--target %s is not a peer ID", text);
		options->target_given = true;
		return 0;
	case 's':
		if (!parse_number(text, 86400, &options->timeout) || !options->timeout)
			argp_error(state, "--timeout %s is not a number of seconds from 1 to 86400", text);
		return 0;
	case 'u':
		if (!parse_number(text, 63, &number))
			argp_error(state, "--uio %s is not the number of a UIO device", text);
		options->uio = (int)number;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument %s", text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_list[] = {
	{ .name = "rounds", .key = 'r', .arg = "N", .doc = "Messages to send and answers to wait for (10)" },
	{ .name = "target", .key = 't', .arg = "ID", .doc = "Peer to talk to (the one behind me)" },
	{ .name = "timeout", .key = 's', .arg = "SECONDS", .doc = "Longest wait for an interrupt (30)" },
	{ .name = "uio", .key = 'u', .arg = "N", .doc = "Use /dev/uioN (first device of class ff0000)" },
	{ .name = "quiet", .key = 'q', .doc = "Print the result only" },
	{ 0 }
};

int main(int argc, char **argv)
{
	static const struct argp parser = {
		.options = option_list,
		.parser = parse_option,
		.doc = "Talks to a peer over a shared memory link, by interrupt in both directions.",
	};
	struct options options = { .rounds = 10, .timeout = 30, .uio = UIO_ANY };

	setvbuf(stdout, NULL, _IOLBF, 0);
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	return run(&options);
}
