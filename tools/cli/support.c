/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages, whole files, and the device node. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define READ_STEP	(64UL * 1024)

static int is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && (!path[length] || path[length] == '/');
}

static int is_enabled(void)
{
	char value = '1';
	int fd = open(JAILHOUSE_SYSFS "/enabled", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 1;	/* nobody knows */
	if (read(fd, &value, 1) != 1)
		value = '1';
	close(fd);
	return value != '0';
}

/* What is there to be done, when something of the driver is not there? */
static const char *advice(const char *path)
{
	if (!is_below(path, JAILHOUSE_DEVICE) && !is_below(path, JAILHOUSE_SYSFS))
		return "";
	if (access(JAILHOUSE_SYSFS, F_OK) != 0)
		return ": the driver is not loaded: modprobe jailhouse, or insmod jailhouse.ko";
	if (is_below(path, JAILHOUSE_SYSFS "/cells") && !is_enabled())
		return ": the hypervisor is not enabled: jailhouse enable SYSCONFIG";
	return "";
}

void print_failed(const char *what, const char *object)
{
	int error = errno;

	fprintf(stderr, "%s %s: %s%s\n", what, object, strerror(error), error == ENOENT ? advice(object) : "");
}

int wrong_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return WRONG_USAGE;
}

/* Texts that come from cells end up on the terminal of root: no control characters, no second line. */
void make_printable(char *text)
{
	unsigned char *c;

	for (c = (unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
}

/* Control characters are gone already; other bytes than ASCII need not be UTF-8. */
void json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc((unsigned char)*text < 0x80 ? *text : '?', out);
	}
	fputc('"', out);
}

void json_string_or_null(FILE *out, const char *text)
{
	if (text)
		json_string(out, text);
	else
		fprintf(out, "null");
}

/*
 * Reads until end of file, whatever stat() claims: the argument may be a pipe, or change while it is
 * read. There is always one more zero byte than size, so that data is never NULL.
 */
int read_fd(int fd, size_t limit, struct file_data *file)
{
	size_t capacity = 0, size = 0;
	char *data = NULL, *bigger;
	ssize_t got;

	for (;;) {
		if (size + 1 >= capacity) {
			capacity = capacity ? capacity * 2 : READ_STEP;
			bigger = realloc(data, capacity);
			if (!bigger)
				break;
			data = bigger;
		}
		got = read(fd, data + size, capacity - size - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		if (got == 0) {
			data[size] = 0;
			file->data = data;
			file->size = size;
			return 0;
		}
		size += (size_t)got;
		if (size > limit) {
			errno = EFBIG;
			break;
		}
	}
	free(data);
	return -1;
}

int read_file(const char *path, size_t limit, struct file_data *file)
{
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		print_failed("opening", path);
		return -1;
	}
	err = read_fd(fd, limit, file);
	if (err)
		print_failed("reading", path);
	close(fd);
	return err;
}

int open_device(int flags)
{
	int fd;

	fd = open(JAILHOUSE_DEVICE, flags | O_CLOEXEC);
	if (fd < 0)
		print_failed("opening", JAILHOUSE_DEVICE);
	return fd;
}

/* A driver that does not know the request for the text leaves it empty. */
void print_refused(int fd, const struct request *request, int error)
{
	struct bh_error_text last;

	memset(&last, 0, sizeof(last));
	if (ioctl(fd, (unsigned long)BH_IOC_LAST_ERROR, &last) != 0)
		last.text[0] = 0;
	last.text[sizeof(last.text) - 1] = 0;
	make_printable(last.text);
	fprintf(stderr, "%s: %s%s%s\n", request->name, strerror(error), last.text[0] ? ": " : "", last.text);
}

int device_request(const struct request *request, void *argument)
{
	int fd, err;

	fd = open_device(O_RDWR);
	if (fd < 0)
		return EXIT_FAILED;
	err = ioctl(fd, request->number, argument);
	if (err)
		print_refused(fd, request, errno);
	close(fd);
	return err ? EXIT_FAILED : EXIT_DONE;
}
