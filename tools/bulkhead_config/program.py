# SPDX-License-Identifier: BSD-2-Clause
"""What all programs do alike. Exit codes: 1 output, or a file, that cannot be written or read; 130 interrupted. Imports
nothing that takes time: Ctrl-C may come before the program has begun."""
import errno
import os
import sys

INTERRUPTED = 130		# as a shell has it


def _give_up_output():
    """What is left in its buffer must not be tried again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(main):
    try:
        main()
    except SystemExit as end:
        try:
            sys.stdout.flush()
        except OSError:
            _give_up_output()
            if not end.code:		# else what it says is more than that the output is not all there
                raise
        raise
    sys.stdout.flush()


def run(name, main):
    """name: the program in messages; main: without arguments, imports the rest."""
    if sys.stderr is None:		# closed by who started it: print() would take standard output instead
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    if sys.stdout is None:
        sys.exit(f"{name}: output: {os.strerror(errno.EBADF)}")
    try:
        _run(main)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        if not error.filename:
            _give_up_output()
        sys.exit(f"{name}: {error.filename or 'output'}: {error.strerror}")
