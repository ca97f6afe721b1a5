"""What has to be on the disk when the power goes: files and folders that are synced, and files that are locked."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

FAR = 1 << 40
"""Byte that is locked where locks belong to bytes: behind everything that is ever read or written."""


def sync(handle: int) -> None:
    """Wait until the disk has what was written to a file; times of the file may come later."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)  # fsync stops at the disk's own memory there
    elif sys.platform == "win32":
        os.fsync(handle)
    else:
        os.fdatasync(handle)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder; Windows does so by itself and cannot open folders."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def create(path: Path) -> int:
    """A new file to append to, locked, whose name the disk has; the handle.

    Raises
    ------
    FileExistsError : there is such a file. OSError : it cannot be made.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    lock(handle)
    sync_folder(path.parent)
    return handle


def append(handle: int, content: bytes) -> None:
    """Write all of it at the end of a file."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


@contextlib.contextmanager
def draft(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` to write to; when that is done the disk has it whole in place of any that was there.

    Whatever goes wrong before leaves `path` as it was, and no draft.

    Raises
    ------
    OSError : it cannot be written.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as stream:
            yield stream
            stream.flush()
            sync(stream.fileno())
        os.replace(beside, target)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    sync_folder(target.parent)


def lock(handle: int) -> bool:
    """Hold a file alone for as long as the handle is open; false where somebody else does."""
    try:
        if sys.platform == "win32":
            import msvcrt

            place = os.lseek(handle, 0, os.SEEK_CUR)
            os.lseek(handle, FAR, os.SEEK_SET)
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(handle, place, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
