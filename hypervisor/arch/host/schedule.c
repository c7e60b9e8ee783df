/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of the host machine as threads, and the test as one more. In the sequential orders a baton goes round:
 * who holds it runs, until it waits or ends. If everybody waits for somebody else, a kick has been lost, and
 * the test aborts at once.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdlib.h>
#include <time.h>
#include "console.h"
#include "control.h"
#include "hypercall.h"
#include "host_machine.h"
#include "machine.h"
#include "watchdog.h"

#define TEST		HOST_MAX_CPUS	/* the test's own place among the runners */
#define NUM_RUNNERS	(HOST_MAX_CPUS + 1)

enum outcome {
	IN_HYPERVISOR,
	IN_GUEST,
	LEFT,
	HALTED,
};

struct runner {
	struct percpu *cpu;
	pthread_t thread;
	pthread_cond_t turn;
	bool exists;
	bool sleeps;			/* until its wake-up condition holds */
	bool deaf, stuck;
	bool awaits_kick;		/* in arch_wait_for_kick() */
	uint32_t kicked;		/* atomic */
	uint32_t revoked;		/* atomic: its cell has no memory */
	enum outcome outcome;		/* atomic */
	int setup_result;
	uint32_t setup_done;		/* atomic */
	int64_t result;
	jmp_buf out;

	host_job_t job;
	uint64_t args[3];
	uint32_t job_pending;		/* atomic */
	int64_t job_result;
	void (*step)(struct percpu *cpu);
};

struct boot_info host_boot;
bool host_firmware;
void (*host_after_setup)(uint32_t cpu);
uint32_t host_entering = HOST_NUM_CPUS;

static struct runner runners[NUM_RUNNERS];
static _Thread_local struct runner *self;
static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static struct runner *holder;
static enum host_order order;
static unsigned int random_state;
static uint64_t ticks;
static uint32_t stopping;		/* atomic */
static bool (*test_condition)(void);	/* what the test waits for; NULL: its turn */
static struct runner *test_waits_for;

/* Flags between threads carry the order of memory that an interrupt or a call would. */
static bool is_set(const uint32_t *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set(uint32_t *flag, bool value)
{
	__atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

static enum outcome outcome_of(const struct runner *r)
{
	return __atomic_load_n(&r->outcome, __ATOMIC_ACQUIRE);
}

struct percpu *host_current(void)
{
	HOST_ASSERT(self && self->cpu);
	return self->cpu;
}

static bool has_ended(const struct runner *r)
{
	return outcome_of(r) == LEFT || outcome_of(r) == HALTED;
}

static bool can_run(const struct runner *r)
{
	if (!r->exists || has_ended(r) || r->stuck)
		return false;
	if (!r->sleeps)
		return true;
	if (r == &runners[TEST])
		return test_condition && test_condition();
	if (is_set(&r->kicked) && !r->deaf)
		return true;
	if (is_set(&r->revoked))
		return true;
	if (r->cpu && host_timer_is_due(r->cpu) && (outcome_of(r) == IN_GUEST || r->awaits_kick) && !r->deaf)
		return true;
	return outcome_of(r) == IN_GUEST && (is_set(&r->job_pending) || r->step || is_set(&stopping));
}

static struct runner *choose(void)
{
	uint32_t start = (uint32_t)(self - runners) + 1;

	if (order == HOST_RANDOM)
		start = (uint32_t)rand_r(&random_state);
	for (uint32_t n = 0; n < NUM_RUNNERS; n++) {
		struct runner *r = &runners[(start + n) % NUM_RUNNERS];

		if (can_run(r))
			return r;
	}
	return NULL;
}

/* Hand over and, unless this thread ends, wait until it is chosen again. */
static void pass_baton(bool ends)
{
	struct runner *next;

	pthread_mutex_lock(&baton);
	next = choose();
	/* nobody can run: everybody waits for somebody else */
	HOST_ASSERT(next);
	holder = next;
	if (next != self)
		pthread_cond_signal(&next->turn);
	while (!ends && holder != self)
		pthread_cond_wait(&self->turn, &baton);
	pthread_mutex_unlock(&baton);
}

void host_yield(void)
{
	if (order == HOST_PARALLEL) {
		sched_yield();
		return;
	}
	ticks++;
	pass_baton(false);
}

static void preempt(void)
{
	/* half of the time, so that short paths are seen, too */
	if (self && self->cpu && rand_r(&random_state) & 0x100)
		pass_baton(false);
}

static void sleep_until(void)
{
	self->sleeps = true;
	if (order != HOST_PARALLEL)
		pass_baton(false);
	else
		while (!can_run(self))
			sched_yield();
	self->sleeps = false;
}

uint64_t host_ticks(void)
{
	struct timespec now;

	if (order != HOST_PARALLEL)
		return ticks;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * HOST_TICKS_PER_SECOND +
	       (uint64_t)now.tv_nsec / (1000000000u / HOST_TICKS_PER_SECOND);
}

void host_kick(struct percpu *cpu)
{
	set(&runners[cpu->cpu_id].kicked, true);
}

void host_revoke(const struct cell *cell, bool revoke)
{
	for (uint32_t n = 0; n < HOST_MAX_CPUS; n++)
		if (runners[n].exists && runners[n].cpu->cell == cell) {
			HOST_ASSERT(is_set(&runners[n].revoked) != revoke);
			set(&runners[n].revoked, revoke);
		}
}

void host_sleep_while(struct percpu *cpu, const volatile bool *request)
{
	HOST_ASSERT(cpu == self->cpu);
	self->deaf = false;
	for (;;) {
		set(&self->kicked, false);
		if (!__atomic_load_n(request, __ATOMIC_ACQUIRE))
			break;
		sleep_until();
	}
	set(&self->kicked, true);
}

void host_sleep_until_kick(struct percpu *cpu)
{
	HOST_ASSERT(cpu == self->cpu);
	self->awaits_kick = true;
	sleep_until();
	self->awaits_kick = false;
	set(&self->kicked, false);
}

void host_leave(int64_t result)
{
	self->result = result;
	__atomic_store_n(&self->outcome, LEFT, __ATOMIC_RELEASE);
	longjmp(self->out, 1);
}

void host_halt(void)
{
	__atomic_store_n(&self->outcome, HALTED, __ATOMIC_RELEASE);
	longjmp(self->out, 1);
}

/* What hardware would have seen wrong */
static void check_guest_entry(const struct percpu *cpu)
{
	HOST_ASSERT(host_locks_held() == 0);
	HOST_ASSERT(cpu->arch.active && cpu->cell && cpu_set_test(&cpu->cell->cpus, cpu->cpu_id));
	HOST_ASSERT(cpu->run_state == CPU_RUNNING && !cpu->suspended && !cell_has_ended(cpu->cell));
	if (order != HOST_PARALLEL)
		HOST_ASSERT(host_is_flushed(cpu->cell));
}

static void run_guest(struct runner *r)
{
	for (;;) {
		check_guest_entry(r->cpu);
		__atomic_store_n(&r->outcome, IN_GUEST, __ATOMIC_RELEASE);
		sleep_until();
		if (is_set(&stopping))
			return;
		/* also during a step, which may call functions of the core */
		__atomic_store_n(&r->outcome, IN_HYPERVISOR, __ATOMIC_RELEASE);
		if (is_set(&r->revoked)) {
			cpu_handle_revocation();
		} else if (host_timer_is_due(r->cpu)) {
			watchdog_check();
			cpu_handle_events();
		} else if (r->step && !is_set(&r->kicked) && !is_set(&r->job_pending)) {
			r->step(r->cpu);
		} else if (is_set(&r->kicked)) {
			set(&r->kicked, false);
			cpu_handle_events();
		} else {
			r->job_result = r->job(r->args[0], r->args[1], r->args[2]);
			set(&r->job_pending, false);
			if (cpu_has_requests(r->cpu))
				cpu_handle_events();
		}
	}
}

static void *run_cpu(void *arg)
{
	self = arg;
	if (order != HOST_PARALLEL) {
		pthread_mutex_lock(&baton);
		while (holder != self)
			pthread_cond_wait(&self->turn, &baton);
		pthread_mutex_unlock(&baton);
	}
	if (!setjmp(self->out)) {
		self->setup_result = setup_cpu(self->cpu, &host_boot);
		set(&self->setup_done, true);
		if (self->setup_result == 0 && host_after_setup)
			host_after_setup((uint32_t)(self - runners));
		if (self->setup_result == 0)
			run_guest(self);
		self->result = self->setup_result;
		__atomic_store_n(&self->outcome, LEFT, __ATOMIC_RELEASE);
	}
	if (order != HOST_PARALLEL)
		pass_baton(true);
	return NULL;
}

void host_set_order(enum host_order new_order, unsigned int seed)
{
	order = new_order;
	random_state = seed;
	host_preemption_point = order == HOST_RANDOM ? preempt : NULL;
}

/* Firmware knows all CPUs, but some do not come. */
int host_start_cpu(uint32_t cpu)
{
	if (cpu >= host_entering)
		return 0;
	HOST_ASSERT(cpu < HOST_MAX_CPUS && !runners[cpu].exists);
	runners[cpu].exists = true;
	HOST_ASSERT(pthread_create(&runners[cpu].thread, NULL, run_cpu, &runners[cpu]) == 0);
	return 0;
}

static void wait_for(bool (*condition)(void), struct runner *r)
{
	HOST_ASSERT(self == &runners[TEST]);
	test_waits_for = r;
	test_condition = condition;
	if (!condition())
		sleep_until();
	test_condition = NULL;
}

static bool all_set_up(void)
{
	for (uint32_t n = 0; n < HOST_MAX_CPUS; n++)
		if (runners[n].exists && !is_set(&runners[n].setup_done) && !has_ended(&runners[n]))
			return false;
	return true;
}

/* In parallel order a test cannot see who waits: it must not depend on it. */
static bool all_wait(void)
{
	for (uint32_t n = 0; n < HOST_MAX_CPUS; n++)
		if (can_run(&runners[n]) && !runners[n].step)
			return false;
	return true;
}

static bool all_ended(void)
{
	for (uint32_t n = 0; n < HOST_MAX_CPUS; n++)
		if (runners[n].exists && outcome_of(&runners[n]) == IN_GUEST)
			return false;
	return true;
}

static bool job_is_done(void)
{
	return !is_set(&test_waits_for->job_pending) || has_ended(test_waits_for);
}

__attribute__((constructor)) static void build_machine(void)
{
	host_build(&host_boot);
	host_add_device(HOST_UART);
}

void host_start(const struct cfg_system *config, uint64_t size)
{
	HOST_ASSERT(!self && host_entering <= HOST_MAX_CPUS);
	host_boot.config = config;
	host_boot.config_size = size;
	host_boot.from_guest = !host_firmware;
	self = holder = &runners[TEST];
	self->exists = true;
	pthread_cond_init(&self->turn, NULL);
	for (uint32_t n = 0; n < host_entering; n++) {
		struct runner *r = &runners[n];

		pthread_cond_init(&r->turn, NULL);
		r->cpu = &host_boot.percpu_areas[n].cpu;
		r->exists = host_boot.from_guest || n == host_boot.primary_cpu;
	}
	if (!host_boot.start_cpu)
		host_boot.start_cpu = host_start_cpu;
	for (uint32_t n = 0; n < host_entering; n++)
		if (runners[n].exists)
			HOST_ASSERT(pthread_create(&runners[n].thread, NULL, run_cpu, &runners[n]) == 0);
	wait_for(all_set_up, NULL);
}

int host_setup_result(uint32_t cpu)
{
	HOST_ASSERT(is_set(&runners[cpu].setup_done));
	return runners[cpu].setup_result;
}

void host_stop(void)
{
	set(&stopping, true);
	wait_for(all_ended, NULL);
	for (uint32_t n = 0; n < HOST_MAX_CPUS; n++)
		if (runners[n].exists && has_ended(&runners[n]))
			pthread_join(runners[n].thread, NULL);
}

void host_post(uint32_t cpu, host_job_t job, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	struct runner *r = &runners[cpu];

	HOST_ASSERT(r->exists && !is_set(&r->job_pending));
	r->job = job;
	r->args[0] = arg1;
	r->args[1] = arg2;
	r->args[2] = arg3;
	set(&r->job_pending, true);
}

int64_t host_wait(uint32_t cpu)
{
	wait_for(job_is_done, &runners[cpu]);
	return runners[cpu].job_result;
}

bool host_is_done(uint32_t cpu)
{
	return !is_set(&runners[cpu].job_pending);
}

int64_t host_run(uint32_t cpu, host_job_t job, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	host_post(cpu, job, arg1, arg2, arg3);
	return host_wait(cpu);
}

static int64_t call(uint64_t code, uint64_t arg1, uint64_t arg2)
{
	self->cpu->exits[CPU_EXIT_HYPERCALL]++;
	return hypercall(code, arg1, arg2);
}

int64_t host_hypercall(uint32_t cpu, uint64_t code, uint64_t arg1, uint64_t arg2)
{
	return host_run(cpu, call, code, arg1, arg2);
}

void host_post_hypercall(uint32_t cpu, uint64_t code, uint64_t arg1, uint64_t arg2)
{
	host_post(cpu, call, code, arg1, arg2);
}

/* Each cell has counted those of its CPUs that may run. */
static void check_counts(void)
{
	for (const struct cell *cell = &root_cell; cell; cell = cell->next) {
		uint32_t running = 0;

		for_each_cpu(id, &cell->cpus)
			if (percpu_of(id))
				running += percpu_of(id)->reset_request || percpu_of(id)->run_state == CPU_RUNNING;
		HOST_ASSERT(cell->running == running);
	}
}

void host_settle(void)
{
	wait_for(all_wait, NULL);
	check_counts();
}

void host_set_guest(uint32_t cpu, void (*step)(struct percpu *cpu))
{
	HOST_ASSERT(order != HOST_PARALLEL || !self);
	runners[cpu].step = step;
}

bool host_in_guest(uint32_t cpu)
{
	return outcome_of(&runners[cpu]) == IN_GUEST;
}

bool host_has_left(uint32_t cpu, int64_t *result)
{
	if (outcome_of(&runners[cpu]) != LEFT)
		return false;
	*result = runners[cpu].result;
	return true;
}

bool host_has_halted(uint32_t cpu)
{
	return outcome_of(&runners[cpu]) == HALTED;
}

bool host_sleeps(uint32_t cpu)
{
	return runners[cpu].sleeps && !can_run(&runners[cpu]);
}

void host_deafen(uint32_t cpu)
{
	runners[cpu].deaf = true;
}

void host_stick(uint32_t cpu)
{
	runners[cpu].stuck = true;
}
