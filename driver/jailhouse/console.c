// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's virtual console: a ring in its public page that read() follows and sysfs shows. What it
 * held when a session ended is retained, and every open file gets it once.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "driver.h"

#define POLL_INTERVAL_MS	100
#define SNAPSHOT_ATTEMPTS	1000	/* the writer is busy for some characters at a time */

struct snapshot {
	u32 session;
	u32 tail;	/* free-running; the ring holds the bytes before it */
	char ring[BH_CONSOLE_RING_SIZE];
};

static struct snapshot retained;	/* under bh.lock; session 0: nothing */

/* The last attempt is taken as it is: a garbled line beats none. */
static void take_snapshot(struct snapshot *snap)
{
	const struct bh_public_page *page = bh.hvmem.public_page;
	unsigned int attempt;

	for (attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt++) {
		u32 busy = page->console_busy;

		snap->tail = page->console_tail;
		smp_rmb();	/* indices before content; the writer orders them the other way round */
		memcpy(snap->ring, page->console, sizeof(snap->ring));
		smp_rmb();
		if (!busy && !page->console_busy && page->console_tail == snap->tail)
			return;
		cpu_relax();
	}
}

static u32 oldest(const struct snapshot *snap)
{
	return snap->tail > BH_CONSOLE_RING_SIZE ? snap->tail - BH_CONSOLE_RING_SIZE : 0;
}

static void copy_from_ring(const struct snapshot *snap, u32 position, char *to, u32 count)
{
	u32 start = position % BH_CONSOLE_RING_SIZE, first = min_t(u32, count, BH_CONSOLE_RING_SIZE - start);

	memcpy(to, snap->ring + start, first);
	memcpy(to + first, snap->ring, count - first);
}

void bh_console_retain(void)
{
	retained.session = bh.session;
	take_snapshot(&retained);
}

/* sysfs "console"; bh.gate held for reading and the hypervisor enabled. buffer: a page */
ssize_t bh_console_show(char *buffer)
{
	struct snapshot *snap = kmalloc(sizeof(*snap), GFP_KERNEL);
	u32 start;

	if (!snap)
		return -ENOMEM;
	take_snapshot(snap);
	start = oldest(snap);
	copy_from_ring(snap, start, buffer, snap->tail - start);
	start = snap->tail - start;
	kfree(snap);
	return start;
}

/* Up to 'count' bytes for this reader into text, 0: nothing new */
static ssize_t next_text(struct bh_console_reader *reader, const struct snapshot *snap, char *text,
			 size_t count)
{
	u32 pending;

	if (reader->session != snap->session) {
		/* a file opened late starts with what there is; one that waited has missed the difference */
		reader->position = reader->session ? 0 : oldest(snap);
		reader->session = snap->session;
	}
	pending = snap->tail - reader->position;
	if (pending > BH_CONSOLE_RING_SIZE) {
		reader->position = snap->tail - BH_CONSOLE_RING_SIZE;
		return min_t(size_t, count, sprintf(text, "<missed %u bytes of console log>\n",
						    pending - BH_CONSOLE_RING_SIZE));
	}
	count = min_t(size_t, count, pending);
	copy_from_ring(snap, reader->position, text, count);
	reader->position += count;
	return count;
}

/* The bytes for this call, -EAGAIN while not enabled, 0 if there is nothing new. text: a page */
static ssize_t poll_console(struct bh_console_reader *reader, struct snapshot *snap, char *text, size_t count)
{
	ssize_t result = -EAGAIN;

	if (mutex_lock_interruptible(&bh.lock))
		return -EINTR;
	if (bh.enabled && !bh.console) {
		result = -EPERM;
	} else if (bh.enabled) {
		snap->session = bh.session;
		take_snapshot(snap);
		result = next_text(reader, snap, text, count);
	} else if (retained.session) {
		result = next_text(reader, &retained, text, count) ?: -EAGAIN;
	}
	mutex_unlock(&bh.lock);
	return result;
}

ssize_t bh_console_read(struct bh_console_reader *reader, char __user *buffer, size_t count, bool nonblock)
{
	struct snapshot *snap = kmalloc(sizeof(*snap), GFP_KERNEL);
	char *text = (char *)__get_free_page(GFP_KERNEL);
	ssize_t result = -ENOMEM;

	if (!snap || !text)
		goto free;
	for (;;) {
		result = poll_console(reader, snap, text, count);
		if ((result && result != -EAGAIN) || nonblock || !count)
			break;
		if (msleep_interruptible(POLL_INTERVAL_MS)) {
			result = -EINTR;
			break;
		}
	}
	if (result > 0 && copy_to_user(buffer, text, result))
		result = -EFAULT;
free:
	free_page((unsigned long)text);
	kfree(snap);
	return result;
}
