/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers are programs of their own, jailhouse-<command>-<subcommand>, found through PATH. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/*
 * The directory this tool was called from. Without a slash in argv[0] it was found through PATH; "." would
 * then run whatever lies in the current directory of root, so the executable itself is asked.
 */
static int own_directory(const char *argv0, char *directory, size_t size)
{
	char path[PATH_MAX];
	ssize_t length;

	if (strchr(argv0, '/')) {
		if (snprintf(path, sizeof(path), "%s", argv0) >= (int)sizeof(path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
	} else {
		length = readlink("/proc/self/exe", path, sizeof(path) - 1);
		if (length < 0)
			return -1;
		path[length] = 0;
	}
	snprintf(directory, size, "%s", dirname(path));
	return 0;
}

static int extend_path(const char *argv0)
{
	const char *old = getenv("PATH");
	char directory[PATH_MAX];
	char *path;
	int err;

	if (own_directory(argv0, directory, sizeof(directory)))
		return -1;
	err = asprintf(&path, "%s:" JAILHOUSE_LIBEXECDIR "/jailhouse%s%s", directory, old && *old ? ":" : "",
		       old ? old : "");
	if (err < 0)
		return -1;
	err = setenv("PATH", path, 1);
	free(path);
	return err;
}

int run_extension(const char *argv0, const char *command, const char *subcommand, const struct args *args)
{
	char **argv;
	char *name;

	argv = calloc((size_t)args->argc + 2, sizeof(*argv));
	if (!argv || asprintf(&name, "jailhouse-%s-%s", command, subcommand) < 0) {
		perror("jailhouse");
		free(argv);
		return EXIT_FAILED;
	}
	argv[0] = name;
	memcpy(argv + 1, args->argv, (size_t)args->argc * sizeof(*argv));
	if (extend_path(argv0))
		perror("PATH");
	else if (execvp(name, argv))
		perror("execvp");
	free(name);
	free(argv);
	return EXIT_FAILED;
}
