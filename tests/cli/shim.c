/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into the tool by its tests. Stands in for the driver behind the device node:
 *
 *   SHIM_LOG    file that gets one line per ioctl: number, then its payload (and what that points to) in hex
 *   SHIM_FAIL   "<number>:<errno>[:<text>]": this ioctl fails, and the text explains why;
 *               without the text, the request for it is unknown, as in other drivers
 *   SHIM_READ   errno of every read() of the device node
 *   SHIM_PREAD  errno of every pread(), which is for the trace
 *   SHIM_WRITE  errno of every write() to the mode of the trace
 *   SHIM_LINKS  file with answers to link requests, one "bdf peer item value" per line; * is anything, A-B a range, a
 *               negative value an errno. The first line that fits counts; without one, it is ENOENT.
 *   SHIM_LINKS_LATER  likewise, from the first nanosleep() on, which takes no time
 *   SHIM_LINKS_BETWEEN  likewise, between the first one and the last of eight; if it is not there, later begins at once
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bulkhead/cell_config.h>
#include <bulkhead/management.h>

int ioctl(int fd, unsigned long number, ...);

static void put_hex(FILE *log, const void *data, size_t size)
{
	const unsigned char *byte = data;

	fputc(' ', log);
	if (size == 0)
		fputc('-', log);
	while (size--)
		fprintf(log, "%02x", *byte++);
}

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

/* header only: what the driver looks at first */
static void log_enable(FILE *log, void *argument)
{
	put_hex(log, argument, sizeof(struct cfg_system));
}

static void log_create(FILE *log, void *argument)
{
	struct bh_cell_create *create = argument;

	put_hex(log, create, sizeof(*create));
	put_hex(log, pointer(create->config_address), create->config_size);
}

static void log_load(FILE *log, void *argument)
{
	struct bh_cell_load *load = argument;
	struct bh_image *image = (struct bh_image *)(load + 1);
	uint32_t n;

	put_hex(log, load, sizeof(*load));
	for (n = 0; n < load->num_images; n++, image++) {
		put_hex(log, &image->target_address, 2 * sizeof(uint64_t));
		put_hex(log, pointer(image->source_address), image->size);
	}
}

static void log_cell_id(FILE *log, void *argument)
{
	put_hex(log, argument, sizeof(struct bh_cell_id));
}

static void log_link_info(FILE *log, void *argument)
{
	put_hex(log, argument, sizeof(struct bh_link_info));
}

static void log_nothing(FILE *log, void *argument)
{
	(void)log;
	(void)argument;
}

static const struct {
	unsigned long number;
	void (*write)(FILE *log, void *argument);
} payload[] = {
	{ BH_IOC_ENABLE, log_enable },
	{ BH_IOC_DISABLE, log_nothing },
	{ BH_IOC_CELL_CREATE, log_create },
	{ BH_IOC_CELL_LOAD, log_load },
	{ BH_IOC_CELL_START, log_cell_id },
	{ BH_IOC_CELL_DESTROY, log_cell_id },
	{ BH_IOC_LINK_INFO, log_link_info },
};

static void write_log(unsigned long number, void *argument)
{
	const char *path = getenv("SHIM_LOG");
	FILE *log;
	size_t n;

	log = path ? fopen(path, "a") : NULL;
	if (!log)
		abort();
	fprintf(log, "%08lx", number);
	for (n = 0; n < sizeof(payload) / sizeof(payload[0]); n++)
		if (payload[n].number == number)
			payload[n].write(log, argument);
	fputc('\n', log);
	fclose(log);
}

static int sleeps;

static int fits(const char *pattern, unsigned long number)
{
	char *end;
	unsigned long first = strtoul(pattern, &end, 0), last = *end == '-' ? strtoul(end + 1, NULL, 0) : first;

	return strcmp(pattern, "*") == 0 || (number >= first && number <= last);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	sleeps++;
	return 0;
}

static int link_info(struct bh_link_info *info)
{
	const char *between = sleeps > 0 && sleeps < 8 ? getenv("SHIM_LINKS_BETWEEN") : NULL;
	const char *path = between ? between : getenv(sleeps ? "SHIM_LINKS_LATER" : "SHIM_LINKS");
	FILE *answers = path ? fopen(path, "r") : NULL;
	char bdf[16], peer[16], item[16], value[32];
	int error = ENOENT;

	if (!answers)
		abort();
	while (fscanf(answers, "%15s %15s %15s %31s", bdf, peer, item, value) == 4) {
		if (!fits(bdf, info->bdf) || !fits(peer, info->peer) || !fits(item, info->item))
			continue;
		error = value[0] == '-' ? atoi(value + 1) : 0;
		if (!error)
			info->value = strtoull(value, NULL, 0);
		break;
	}
	fclose(answers);
	errno = error;
	return error ? -1 : 0;
}

static int last_error(struct bh_error_text *out)
{
	const char *fail = getenv("SHIM_FAIL");
	const char *text = fail ? strchr(fail, ':') : NULL;

	text = text ? strchr(text + 1, ':') : NULL;
	if (!text) {
		errno = EINVAL;
		return -1;
	}
	/* no terminating NUL when it is too long: the tool must not rely on it */
	memset(out->text, 0, sizeof(out->text));
	memcpy(out->text, text + 1, strnlen(text + 1, sizeof(out->text)));
	return 0;
}

int ioctl(int fd, unsigned long number, ...)
{
	const char *fail = getenv("SHIM_FAIL");
	va_list arguments;
	void *argument;
	char *rest;

	(void)fd;
	va_start(arguments, number);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (number == BH_IOC_LAST_ERROR)
		return last_error(argument);
	write_log(number, argument);
	if (fail && strtoul(fail, &rest, 0) == number) {
		errno = atoi(rest + 1);
		return -1;
	}
	return number == BH_IOC_LINK_INFO ? link_info(argument) : 0;
}

/* Sets errno if the variable has one, and the file is this one. */
static int is_to_fail(const char *variable, int fd, const char *path)
{
	const char *error = getenv(variable);
	struct stat wanted, this;

	if (!error || stat(path, &wanted) != 0 || fstat(fd, &this) != 0 || wanted.st_ino != this.st_ino ||
	    wanted.st_dev != this.st_dev)
		return 0;
	errno = atoi(error);
	return 1;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	ssize_t (*real)(int fd, void *buffer, size_t size) = dlsym(RTLD_NEXT, "read");

	return is_to_fail("SHIM_READ", fd, "dev/jailhouse") ? -1 : real(fd, buffer, size);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
	ssize_t (*real)(int fd, const void *buffer, size_t size) = dlsym(RTLD_NEXT, "write");

	return is_to_fail("SHIM_WRITE", fd, "sys/trace_mode") ? -1 : real(fd, buffer, size);
}

static ssize_t read_at(const char *name, int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t (*real)(int fd, void *buffer, size_t size, off_t offset) = dlsym(RTLD_NEXT, name);
	const char *error = getenv("SHIM_PREAD");

	if (!error)
		return real(fd, buffer, size, offset);
	errno = atoi(error);
	return -1;
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	return read_at("pread", fd, buffer, size, offset);
}

ssize_t pread64(int fd, void *buffer, size_t size, off_t offset)
{
	return read_at("pread64", fd, buffer, size, offset);
}
