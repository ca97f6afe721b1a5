"""Memory that two processes see: it has a name until the second one holds it, and goes with the last one.

`multiprocessing.shared_memory` does the same, but before Python 3.13 whoever attaches to it takes it away from the
others by ending, and its buffer cannot be let go of while an array looks at it.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
import sys
import tempfile
from pathlib import Path

ROOM = Path("/dev/shm")
"""Where files are memory, on Linux; elsewhere a file in the temporary folder is mapped."""


def create(size: int) -> tuple[str, mmap.mmap]:
    """New memory of zeros, all of it really there, and the name by which `attach` finds it."""
    name = f"hipdrive-{secrets.token_hex(8)}"
    if sys.platform == "win32":
        return name, mmap.mmap(-1, size, tagname=name)
    failed: OSError | None = None
    for folder in (ROOM, Path(tempfile.gettempdir())):
        path = folder / name
        try:
            return str(path), _mapped(path, size)
        except OSError as why:  # no such folder, or full: a page that is not there would end the process later
            failed = why
    assert failed is not None
    raise failed


def _mapped(path: Path, size: int) -> mmap.mmap:
    """A new file of that size in memory."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        else:
            os.ftruncate(handle, size)
        return mmap.mmap(handle, size)
    except OSError:
        forget(str(path))
        raise
    finally:
        os.close(handle)


def attach(name: str, size: int) -> mmap.mmap:
    """The memory of another process; from now on it has no name, so nothing is left behind whoever dies."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=name)
    handle = os.open(name, os.O_RDWR)
    try:
        return mmap.mmap(handle, size)
    finally:
        os.close(handle)
        forget(name)


def forget(name: str) -> None:
    """Take the name away, if it is there still."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.unlink(name)
