# SPDX-License-Identifier: BSD-2-Clause
"""Files that belong together are written together: all of them, or none."""
import contextlib
import errno
import os
import tempfile
from pathlib import Path


class WriteError(Exception):
    """The text names file and change to make; reason is for who says it otherwise."""

    def __init__(self, path, what, reason):
        super().__init__(f"{path}: {what}")
        self.reason = reason


def _targets(files):
    """Paths behind symbolic links. A rename would put a file in the place of a device, as easily as in that of a file."""
    targets = [Path(os.path.realpath(path)) for path, _ in files]
    for (path, _), target in zip(files, targets):
        if target.exists() and not target.is_file():
            raise WriteError(path, "is there and is no file; remove it, or choose another name",
                             os.strerror(errno.EISDIR) if target.is_dir() else "is no file")
        if targets.count(target) > 1:
            raise WriteError(path, "is to be written twice; choose different names", os.strerror(errno.EEXIST))
    return targets


def _exchange(new, old, target, undo):
    """Puts a file in its place; undo is an ExitStack that brings back what was there."""
    if target.exists():
        os.replace(target, old)
        undo.callback(os.replace, old, target)
    os.replace(new, target)
    if not old.exists():
        undo.callback(target.unlink)


def write(files):
    """files: [(path, content)]. With a WriteError, nothing has changed but for directories that are new."""
    targets, path = _targets(files), None
    try:
        with contextlib.ExitStack() as scratch, contextlib.ExitStack() as undo:
            prepared, places = [], {}
            for (path, content), target in zip(files, targets):
                if target.parent not in places:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    places[target.parent] = Path(scratch.enter_context(tempfile.TemporaryDirectory(dir=target.parent)))
                new, old = (places[target.parent] / f"{len(prepared)}.{state}" for state in ("new", "old"))
                new.write_bytes(content)
                prepared.append((path, new, old, target))
            for path, new, old, target in prepared:
                _exchange(new, old, target, undo)
            undo.pop_all()
    except OSError as error:
        raise WriteError(path, f"cannot be written: {error.strerror}; choose another place, or make room or correct "
                         "permissions there", error.strerror) from None
