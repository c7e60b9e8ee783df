// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Linux announces: its end, and that it is going to hibernate. The end of the module is as good as Linux's own.
 */
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "driver.h"

#define LOCK_SECONDS	10

/* What the kernel says to reboot notifiers before it starts another kernel. */
static bool is_kexec(const char *command)
{
	return command && !strcmp(command, "kexec reboot");
}

/* A task that died with bh.lock has it for good. False: not got, and that has to do. */
static bool lock_at_the_end(bool must)
{
	unsigned long start = jiffies;
	bool said = false;

	while (!mutex_trylock(&bh.lock)) {
		if (!said && time_after(jiffies, start + LOCK_SECONDS * HZ)) {
			pr_emerg("somebody does not let go of the driver, perhaps a task that has died: %s\n",
				 must ? "waiting" : "going on with the hypervisor below");
			if (!must)
				return false;
			said = true;
		}
		schedule_timeout_idle(HZ / 10);
	}
	return true;
}

/*
 * This Linux ends, so there is nobody left to ask again later: a cell that denies is asked once a second until it agrees. May
 * anything else go on with a hypervisor below? A restart or power-off, yes, the hypervisor takes all cells with it. Never
 * another kernel, or a Linux without this module: cells have memory that it would take for its own.
 */
static void leave_for_good(bool must)
{
	struct bh_reason why;
	int err, last = 0;

	for (;;) {
		if (!lock_at_the_end(must))
			return;
		why.text[0] = 0;
		err = 0;
		/* started by firmware: the end of this Linux is the hypervisor's, too */
		if (bh.enabled && !bh.by_firmware)
			err = bh_disable_finally(&why);
		mutex_unlock(&bh.lock);
		if (!err)
			return;
		bh_make_printable(&why);
		if (err != last)
			pr_emerg("the hypervisor cannot be disabled (%d %s)%s\n", err, why.text,
				 err == -EPERM || must ? ": trying once a second" : "");
		last = err;
		if (err != -EPERM && !must)
			return;
		schedule_timeout_idle(HZ);
	}
}

static int before_end(struct notifier_block *nb, unsigned long event, void *command)
{
	leave_for_good(is_kexec(command));
	if (is_kexec(command) && bh_cpus_differ_in_mode()) {
		pr_emerg("CPUs came online below the hypervisor, so kexec would not reach the next kernel: restarting the machine instead\n");
		kernel_restart(NULL);
	}
	return NOTIFY_DONE;
}

/* False: the hypervisor is there. From then on it will not come. */
static bool keep_hypervisor_away(bool away)
{
	bool enabled;

	down_write(&bh.gate);
	enabled = bh.enabled;
	bh.hibernating = away && !enabled;
	up_write(&bh.gate);
	return !enabled;
}

/*
 * Hibernation switches the machine off, and the hypervisor and the cells are in no image; one that is read overwrites those that
 * run meanwhile. Suspend is another matter: everything stays in its memory. Idle CPUs are no concern of the hypervisor, and it does
 * not offer what goes deeper.
 */
static int before_sleep(struct notifier_block *nb, unsigned long event, void *unused)
{
	switch (event) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		if (keep_hypervisor_away(true))
			break;
		pr_err("Linux cannot hibernate, or come back from there, with the hypervisor below: disable it first, or suspend to idle\n");
		return notifier_from_errno(-EBUSY);
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		keep_hypervisor_away(false);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block end_notifier = { .notifier_call = before_end };
static struct notifier_block sleep_notifier = { .notifier_call = before_sleep };

int bh_notifiers_init(void)
{
	int err = register_reboot_notifier(&end_notifier);

	if (err)
		return err;
	err = register_pm_notifier(&sleep_notifier);
	if (err)
		unregister_reboot_notifier(&end_notifier);
	return err;
}

void bh_notifiers_exit(void)
{
	unregister_pm_notifier(&sleep_notifier);
	unregister_reboot_notifier(&end_notifier);
	leave_for_good(true);
}
