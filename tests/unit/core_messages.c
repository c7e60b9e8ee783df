/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of the communication region, all of it: what cells have in cell_state, times what they reply, times what
 * is done with them. docs/isolation.md has the same as a table for readers.
 */
#include "core_fixture.h"
#include "host.h"

static struct test_config alpha, beta;

#define TIMEOUT		10u	/* looks at the reply */

/* What the cell does when it finds a message */
static struct {
	uint32_t reply;
	bool silent;		/* leaves the message where it is */
	bool changes_state;
	uint32_t new_state;
} behaviour;
static uint32_t asked, last_message;

static void guest(struct percpu *cpu)
{
	struct comm_region *comm = cpu->cell->comm;
	uint32_t message = comm->msg_to_cell;

	if (!message || message == last_message)
		return;
	asked++;
	last_message = message;
	if (behaviour.changes_state)
		comm->cell_state = behaviour.new_state;
	if (behaviour.silent)
		return;
	comm->msg_to_cell = COMM_MSG_NONE;
	comm->reply_from_cell = behaviour.reply;
}

static struct comm_region *comm(void)
{
	return core_cell(1)->comm;
}

static void make_cells(void)
{
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.msg_reply_timeout = TIMEOUT;
	core_make_cell(&beta, "beta", 2, 2, RAM_HIGH);
}

/* What is done with the cell, or beside it */
enum deed { START, LOAD, DESTROY, CREATE_OTHER, DESTROY_OTHER, NUM_DEEDS };

static const char *const deed_names[NUM_DEEDS] = {
	[START] = "start", [LOAD] = "set loadable", [DESTROY] = "destroy",
	[CREATE_OTHER] = "create another", [DESTROY_OTHER] = "destroy another",
};

static int64_t do_it(enum deed deed)
{
	switch (deed) {
	case START:
		return core_call(HC_CELL_START, 1);
	case LOAD:
		return core_call(HC_CELL_SET_LOADABLE, 1);
	case DESTROY:
		return core_call(HC_CELL_DESTROY, 1);
	case CREATE_OTHER:
		return core_create(&beta);
	default:
		return core_call(HC_CELL_DESTROY, 2);
	}
}

/* alpha runs with that state, beta is there if it is to be destroyed */
static void prepare(enum deed deed, uint32_t state)
{
	if (core_cell(1))
		assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	if (core_cell(2))
		assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	core_created(&alpha);
	if (deed == DESTROY_OTHER)
		core_created(&beta);
	core_started(1);
	host_set_guest(1, guest);
	comm()->cell_state = state;
	asked = 0;
	last_message = COMM_MSG_NONE;
	host_uart_text();
}

/* Leaves no cell that could be asked. */
static void clean_up(void)
{
	memset(&behaviour, 0, sizeof(behaviour));
	behaviour.reply = COMM_REPLY_APPROVED;
	last_message = COMM_MSG_NONE;
	if (core_cell(1))
		comm()->cell_state = COMM_STATE_SHUT_DOWN;
}

enum outcome {
	DONE,		/* and the cell goes on, or is what the deed makes of it */
	DENIED,		/* -EPERM, and nothing has changed */
	STOPPED,	/* done, after the cell was given up */
};

static const uint32_t states[] = { 0, 1, 2, 3, 4, 5, 0xff, 0x80000000, UINT32_MAX };
static const uint32_t replies[] = { 0, 1, 2, 3, 4, 5, 0x103, 0x80000003, UINT32_MAX };

static bool is_terminal(uint32_t state)
{
	return state >= COMM_STATE_SHUT_DOWN && state <= COMM_STATE_ABI_MISMATCH;
}

static bool is_request(enum deed deed)
{
	return deed <= DESTROY;
}

/* The rules, once more and independently of the code: hypercalls.md, section 5. */
static enum outcome expected(enum deed deed, uint32_t state, uint32_t reply, bool *is_asked)
{
	*is_asked = false;
	if (!is_request(deed) && state == COMM_STATE_LOCKED)
		return DENIED;
	/* it may see the message, but nobody waits for what it says */
	if (is_terminal(state))
		return DONE;
	*is_asked = true;
	if (reply == COMM_REPLY_NONE)
		return STOPPED;
	if (is_request(deed) && reply != COMM_REPLY_APPROVED)
		return DENIED;
	return DONE;
}

static void check_state_after(enum deed deed, enum outcome outcome, uint32_t state)
{
	int64_t valid = state <= COMM_STATE_ABI_MISMATCH ? (int64_t)state : -EINVAL;

	if (outcome != DENIED && deed == START)
		valid = COMM_STATE_RUNNING;
	else if (outcome != DENIED && deed == LOAD)
		valid = COMM_STATE_SHUT_DOWN;
	else if (outcome != DENIED && deed == DESTROY)
		valid = -ENOENT;
	else if (outcome == STOPPED)
		valid = COMM_STATE_FAILED;
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), valid);
}

static void try_one(enum deed deed, uint32_t state, uint32_t reply)
{
	bool is_asked, stopped;
	enum outcome outcome = expected(deed, state, reply, &is_asked);
	int64_t result;

	prepare(deed, state);
	behaviour.reply = reply;
	behaviour.silent = reply == COMM_REPLY_NONE;
	result = do_it(deed);
	stopped = strstr(host_uart_text(), "cell \"alpha\" does not answer messages: stopped\r\n");
	if (result != (outcome == DENIED ? -EPERM : 0) || stopped != (outcome == STOPPED) || (is_asked && asked != 1))
		fail_msg("%s, state 0x%x, reply 0x%x: result %lld, asked %u times%s", deed_names[deed], state, reply,
			 (long long)result, asked, stopped ? ", stopped" : "");
	if (is_asked)
		assert_int_equal(last_message, is_request(deed) ? COMM_MSG_SHUTDOWN : COMM_MSG_RECONFIGURED);
	check_state_after(deed, outcome, state);
	/* start, and what does not touch the cell, leave it running; unless it was given up */
	assert_int_equal(host_in_guest(1), deed == START || outcome == DENIED || (!is_request(deed) && outcome == DONE));
	clean_up();
}

static void every_state_with_every_reply(enum deed deed)
{
	core_start();
	make_cells();
	for (uint32_t s = 0; s < ARRAY_SIZE(states); s++)
		for (uint32_t r = 0; r < ARRAY_SIZE(replies); r++)
			try_one(deed, states[s], replies[r]);
	host_stop();
}

static void asked_before_start(void)
{
	every_state_with_every_reply(START);
}

static void asked_before_set_loadable(void)
{
	every_state_with_every_reply(LOAD);
}

static void asked_before_destruction(void)
{
	every_state_with_every_reply(DESTROY);
}

static void told_of_a_creation(void)
{
	every_state_with_every_reply(CREATE_OTHER);
}

static void told_of_a_destruction(void)
{
	every_state_with_every_reply(DESTROY_OTHER);
}

/* Instead of a reply: 2, 3 and 4 agree; whatever else is silence. */
static void every_state_instead_of_a_reply(void)
{
	core_start();
	make_cells();
	for (enum deed deed = START; deed < NUM_DEEDS; deed++)
		for (uint32_t s = 0; s < ARRAY_SIZE(states); s++) {
			bool stopped;

			prepare(deed, COMM_STATE_RUNNING);
			behaviour.silent = true;
			behaviour.changes_state = true;
			behaviour.new_state = states[s];
			assert_int_equal(do_it(deed), 0);
			stopped = strstr(host_uart_text(), "does not answer messages: stopped");
			if (stopped != !is_terminal(states[s]))
				fail_msg("%s, new state 0x%x: %s", deed_names[deed], states[s], stopped ? "stopped" : "not stopped");
			assert_int_equal(asked, 1);
			clean_up();
		}
	host_stop();
}

/* Its state and its replies do not matter, but for "locked", which it can say, too. */
static void passive_cells(void)
{
	core_start();
	make_cells();
	alpha.header.flags |= CFG_CELL_PASSIVE_COMM_REGION;
	for (enum deed deed = START; deed < NUM_DEEDS; deed++)
		for (uint32_t s = 0; s < ARRAY_SIZE(states); s++) {
			prepare(deed, states[s]);
			behaviour.reply = COMM_REPLY_DENIED;
			assert_int_equal(do_it(deed),
					 !is_request(deed) && states[s] == COMM_STATE_LOCKED ? -EPERM : 0);
			assert_int_equal(asked, 0);
			if (deed != DESTROY)
				assert_int_equal(comm()->msg_to_cell, COMM_MSG_NONE);
			clean_up();
		}
	host_stop();
}

/* A cell of which no CPU runs is not asked, whatever its page says, but may still be locked. */
static void cells_without_a_running_cpu(void)
{
	core_start();
	make_cells();
	for (enum deed deed = START; deed < NUM_DEEDS; deed++)
		for (uint32_t s = 0; s < ARRAY_SIZE(states); s++) {
			prepare(deed, COMM_STATE_RUNNING);
			host_set_guest(1, NULL);
			core_switch_off(1);
			comm()->cell_state = states[s];
			assert_int_equal(do_it(deed),
					 !is_request(deed) && states[s] == COMM_STATE_LOCKED ? -EPERM : 0);
			assert_null(strstr(host_uart_text(), "does not answer"));
			clean_up();
		}
	host_stop();
}

static void scribble(struct percpu *cpu)
{
	volatile uint32_t *word = (volatile uint32_t *)cpu->cell->comm;
	static uint32_t seed = 1;

	for (uint32_t n = 0; n < PAGE_SIZE / sizeof(*word); n++) {
		seed = seed * 1664525 + 1013904223;
		word[n] = seed;
	}
}

/* A page full of nonsense, always anew: it ends in a denial or an approval, and the next start makes it good. */
static void cell_scribbles_over_its_region(void)
{
	static uint8_t good[PAGE_SIZE];

	core_start();
	make_cells();
	prepare(START, COMM_STATE_RUNNING);
	memcpy(good, comm(), PAGE_SIZE);
	host_set_guest(1, scribble);
	for (uint32_t n = 0; n < 200; n++) {
		int64_t result = core_call(HC_CELL_SET_LOADABLE, 1), state = core_call(HC_CELL_GET_STATE, 1);

		assert_true(result == 0 || result == -EPERM);
		assert_true(state == -EINVAL || state <= COMM_STATE_ABI_MISMATCH);
		if (result == 0)
			break;
	}
	/* beside it, others come and go */
	host_set_guest(1, NULL);
	comm()->cell_state = COMM_STATE_SHUT_DOWN;
	core_created(&beta);
	assert_int_equal(core_call(HC_CELL_START, 1), 0);
	assert_memory_equal(comm(), good, PAGE_SIZE);
	host_stop();
}

/* A count of looks that nobody lives to see has a limit in time, before Linux counts as hanging. */
static void endless_timeout(void)
{
	uint64_t start;

	core_start();
	make_cells();
	alpha.header.msg_reply_timeout = UINT64_MAX;
	prepare(LOAD, COMM_STATE_RUNNING);
	behaviour.silent = true;
	start = arch_ticks();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_true(arch_ticks() - start < 20 * HOST_TICKS_PER_SECOND);
	assert_true(arch_ticks() - start > 10 * HOST_TICKS_PER_SECOND);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" does not answer messages: stopped\r\n"));
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(asked_before_start),
		CORE_TEST(asked_before_set_loadable),
		CORE_TEST(asked_before_destruction),
		CORE_TEST(told_of_a_creation),
		CORE_TEST(told_of_a_destruction),
		CORE_TEST(every_state_instead_of_a_reply),
		CORE_TEST(passive_cells),
		CORE_TEST(cells_without_a_running_cpu),
		CORE_TEST(cell_scribbles_over_its_region),
		CORE_TEST(endless_timeout),
	};

	return cmocka_run_group_tests_name("core_messages", tests, NULL, NULL);
}
