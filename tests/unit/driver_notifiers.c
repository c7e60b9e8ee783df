/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of Linux, also when nobody gives the driver's lock back, and its sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/types.h>
#include "../../driver/jailhouse/driver.h"

#define KEXEC	"kexec reboot"

static struct notifier_block *reboot, *sleeper;
static unsigned long released_at;	/* when the lock comes back; 0: never */
static unsigned long give_up_at;	/* when the test has seen enough of waiting */
static jmp_buf enough;
static unsigned int disabled, denials, restarts;
static bool differ_in_mode;
static int pm_error;
static char said[1000];

struct bh_driver bh;
unsigned long jiffies;

int printk(const char *format, ...)
{
	size_t used = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + used, sizeof(said) - used, format, args);
	va_end(args);
	return 0;
}

void schedule_timeout_idle(long ticks)
{
	assert_in_range(ticks, 1, HZ);
	jiffies += ticks;
	if (released_at && jiffies - released_at < HZ)
		bh.lock.held = false;
	if (give_up_at && (long)(jiffies - give_up_at) >= 0)
		longjmp(enough, 1);
}

int mutex_trylock(struct mutex *mutex)
{
	if (mutex->held)
		return 0;
	mutex->held = true;
	return 1;
}

void mutex_lock(struct mutex *mutex)
{
	fail_msg("waits without end");
}

void mutex_unlock(struct mutex *mutex)
{
	assert_true(mutex->held);
	mutex->held = false;
}

void down_write(struct rw_semaphore *semaphore)
{
	assert_false(semaphore->writer);
	semaphore->writer = true;
}

void up_write(struct rw_semaphore *semaphore)
{
	assert_true(semaphore->writer);
	semaphore->writer = false;
}

int bh_disable_finally(struct bh_reason *why)
{
	assert_true(bh.lock.held);
	if (denials) {
		denials--;
		strcpy(why->text, "denied");
		return -EPERM;
	}
	disabled++;
	bh.enabled = false;
	return 0;
}

void bh_make_printable(struct bh_reason *why)
{
}

bool bh_cpus_differ_in_mode(void)
{
	return differ_in_mode;
}

void kernel_restart(char *command)
{
	restarts++;
}

int register_reboot_notifier(struct notifier_block *nb)
{
	reboot = nb;
	return 0;
}

int unregister_reboot_notifier(struct notifier_block *nb)
{
	assert_ptr_equal(reboot, nb);
	reboot = NULL;
	return 0;
}

int register_pm_notifier(struct notifier_block *nb)
{
	if (!pm_error)
		sleeper = nb;
	return pm_error;
}

int unregister_pm_notifier(struct notifier_block *nb)
{
	assert_ptr_equal(sleeper, nb);
	sleeper = NULL;
	return 0;
}

static int enabled(void **state)
{
	memset(&bh, 0, sizeof(bh));
	bh.enabled = true;
	jiffies = -5ul * HZ;	/* it wraps around meanwhile */
	released_at = give_up_at = 0;
	disabled = denials = restarts = 0;
	differ_in_mode = false;
	said[0] = 0;
	return bh_notifiers_init();
}

static unsigned long seconds(void)
{
	return (jiffies + 5ul * HZ) / HZ;
}

static int end(unsigned long event, const char *command)
{
	return reboot->notifier_call(reboot, event, (void *)(uintptr_t)command);
}

static void test_restart_disables(void **state)
{
	denials = 2;
	assert_int_equal(end(SYS_RESTART, NULL), NOTIFY_DONE);
	assert_int_equal(disabled, 1);
	assert_string_equal(said, "the hypervisor cannot be disabled (-1 denied): trying once a second\n");
}

static void test_lock_that_comes_back(void **state)
{
	bh.lock.held = true;
	released_at = jiffies + 3 * HZ;
	end(SYS_POWER_OFF, NULL);
	assert_int_equal(disabled, 1);
	assert_string_equal(said, "");
}

static void test_lock_that_nobody_gives_back(void **state)
{
	const unsigned long events[] = { SYS_RESTART, SYS_POWER_OFF, SYS_HALT };
	volatile unsigned int n;

	for (n = 0; n < 3; n++) {
		enabled(state);
		bh.lock.held = true;
		give_up_at = jiffies + 1000 * HZ;
		if (setjmp(enough))
			fail_msg("waits without end");
		assert_int_equal(end(events[n], NULL), NOTIFY_DONE);
		assert_int_equal(disabled, 0);
		assert_in_range(seconds(), 5, 15);
		assert_string_equal(said, "somebody does not let go of the driver, perhaps a task that has died: "
				    "going on with the hypervisor below\n");
	}
}

/* The next kernel would take memory of cells for its own. */
static void test_kexec_waits_for_the_lock(void **state)
{
	bh.lock.held = true;
	give_up_at = jiffies + 1000 * HZ;
	if (!setjmp(enough)) {
		end(SYS_RESTART, KEXEC);
		fail_msg("kexec with the hypervisor below");
	}
	assert_int_equal(disabled, 0);
	assert_string_equal(said, "somebody does not let go of the driver, perhaps a task that has died: waiting\n");
	give_up_at = 0;
	released_at = jiffies + HZ;
	end(SYS_RESTART, KEXEC);
	assert_int_equal(disabled, 1);
}

static void test_kexec_becomes_a_restart(void **state)
{
	differ_in_mode = true;
	end(SYS_RESTART, KEXEC);
	assert_int_equal(restarts, 1);
	end(SYS_RESTART, NULL);
	assert_int_equal(restarts, 1);
}

static int to_sleep(unsigned long event)
{
	return sleeper->notifier_call(sleeper, event, NULL);
}

static void test_no_hibernation_with_the_hypervisor(void **state)
{
	const unsigned long events[] = { PM_HIBERNATION_PREPARE, PM_RESTORE_PREPARE };
	unsigned int n;

	for (n = 0; n < 2; n++) {
		said[0] = 0;
		assert_int_equal(to_sleep(events[n]), NOTIFY_BAD);
		assert_non_null(strstr(said, "cannot hibernate"));
		assert_false(bh.hibernating);
	}
}

static void test_suspend_with_the_hypervisor(void **state)
{
	assert_int_equal(to_sleep(PM_SUSPEND_PREPARE), NOTIFY_DONE);
	assert_int_equal(to_sleep(PM_POST_SUSPEND), NOTIFY_DONE);
	assert_string_equal(said, "");
}

static void test_no_hypervisor_while_linux_hibernates(void **state)
{
	bh.enabled = false;
	assert_int_equal(to_sleep(PM_HIBERNATION_PREPARE), NOTIFY_DONE);
	assert_true(bh.hibernating);
	assert_int_equal(to_sleep(PM_POST_HIBERNATION), NOTIFY_DONE);
	assert_false(bh.hibernating);
	assert_int_equal(to_sleep(PM_RESTORE_PREPARE), NOTIFY_DONE);
	assert_true(bh.hibernating);
	assert_int_equal(to_sleep(PM_POST_RESTORE), NOTIFY_DONE);
	assert_false(bh.hibernating);
	assert_string_equal(said, "");
}

static void test_the_module_ends(void **state)
{
	bh_notifiers_exit();
	assert_int_equal(disabled, 1);
	assert_null(reboot);
	assert_null(sleeper);
	pm_error = -ENOMEM;
	assert_int_equal(bh_notifiers_init(), -ENOMEM);
	pm_error = 0;
	assert_null(reboot);
}

#define TEST(function)	cmocka_unit_test_setup(function, enabled)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restart_disables),
		TEST(test_lock_that_comes_back),
		TEST(test_lock_that_nobody_gives_back),
		TEST(test_kexec_waits_for_the_lock),
		TEST(test_kexec_becomes_a_restart),
		TEST(test_no_hibernation_with_the_hypervisor),
		TEST(test_suspend_with_the_hypervisor),
		TEST(test_no_hypervisor_while_linux_hibernates),
		TEST(test_the_module_ends),
	};

	return cmocka_run_group_tests_name("driver_notifiers", tests, NULL, NULL);
}
