"""The log that is written while a recording runs: frames, one after the other, each with its checksum.

    file   = MAGIC frame*
    frame  = head payload
    head   = b"hpF1" kind device zero length first host_ns crc32        little-endian, 32 bytes

`kind` FACT: a JSON object; DATA: the samples from `first` on, row by row, then their own times where the device gives
them. crc32 is of the head before it and of the payload. Nothing that was written is ever changed; what comes after a
torn frame is found again by its mark. docs/file-format.md has the same as a table.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hipdrive.errors import UsageError

SUFFIX = ".hiplog"
MAGIC = b"hipdrive raw log 1\n"
MARK = b"hpF1"
FACT, DATA = 0, 1
LONGEST = 64 << 20
"""Bytes of a payload that are believed: a block has a few thousand."""

SEARCHED = 20
"""How many times its own length may be summed up to find whole frames in a log that somebody filled with marks."""

_HEAD = struct.Struct("<4sBBHIqq")
_SUM = struct.Struct("<I")
HEAD = _HEAD.size + _SUM.size


def frame(kind: int, payload: bytes, *, device: int = 0, first: int = 0, host_ns: int = 0) -> bytes:
    """One frame."""
    head = _HEAD.pack(MARK, kind, device, 0, len(payload), first, host_ns)
    return b"".join((head, _SUM.pack(zlib.crc32(payload, zlib.crc32(head))), payload))


def fact(**facts: Any) -> bytes:
    """A frame that says something."""
    return frame(FACT, json.dumps(facts, ensure_ascii=False, default=plain).encode())


def plain(value: Any) -> Any:
    """What JSON knows in place of what NumPy and frozen mappings are."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, frozenset | set | tuple):
        return list(value)
    return str(value)


@dataclass(frozen=True)
class Frame:
    """A whole frame: where its payload lies in the file, and what its head says."""

    kind: int
    device: int
    first: int
    host_ns: int
    offset: int
    length: int

    @property
    def begin(self) -> int:
        """Where the frame begins."""
        return self.offset - HEAD

    @property
    def end(self) -> int:
        """Where the next one should."""
        return self.offset + self.length


@dataclass(frozen=True)
class Damage:
    """Bytes in which no whole frame was found."""

    offset: int
    length: int


class Log:
    """A log as it lies on the disk; only looked at, never changed.

    Raises
    ------
    UsageError : it cannot be read, or is no log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                begin = file.read(len(MAGIC))
                self.bytes: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if begin else b""
        except OSError as why:
            raise UsageError("no_log", f"{path}: cannot be read ({why.strerror or why}); check the name") from None
        if not begin or not MAGIC.startswith(begin):
            raise UsageError("no_log", f"{path}: is no log of hipdrive; give a file that ends in {SUFFIX}")
        self._patience = SEARCHED * len(self.bytes) + LONGEST

    def close(self) -> None:
        """Let go of the file, which Windows keeps from being removed meanwhile."""
        if isinstance(self.bytes, mmap.mmap):
            self.bytes.close()

    def frames(self) -> Iterator[Frame | Damage]:
        """All whole frames in their order, and what lies between them."""
        place = len(MAGIC)
        while place < len(self.bytes):
            found = self._frame(place)
            if found is None:
                place, before = self._next(place + 1), place
                yield Damage(before, place - before)
                continue
            yield found
            place = found.end

    def _frame(self, place: int, *, searching: bool = False) -> Frame | None:
        """The frame that begins here, if there is a whole one."""
        if place + HEAD > len(self.bytes):
            return None
        head = self.bytes[place : place + _HEAD.size]
        mark, kind, device, zero, length, first, host_ns = _HEAD.unpack(head)
        end = place + HEAD + length
        if mark != MARK or kind not in (FACT, DATA) or zero or length > LONGEST or end > len(self.bytes):
            return None
        self._patience -= length if searching else 0
        (told,) = _SUM.unpack(self.bytes[place + _HEAD.size : place + HEAD])
        if zlib.crc32(memoryview(self.bytes)[place + HEAD : end], zlib.crc32(head)) != told:
            return None
        return Frame(kind, device, first, host_ns, place + HEAD, length)

    def _next(self, place: int) -> int:
        """Where the next whole frame begins, or the end of the file."""
        while True:
            place = self.bytes.find(MARK, place)
            if place < 0:
                return len(self.bytes)
            if self._patience <= 0:
                return len(self.bytes)
            if self._frame(place, searching=True) is not None:
                return place
            place += 1

    def piece(self, offset: int, length: int) -> bytes:
        """So many bytes of the file."""
        return bytes(self.bytes[offset : offset + length])

    def facts(self, found: Frame) -> dict[str, Any]:
        """What a frame says; {} where it is no object."""
        try:
            said = json.loads(self.piece(found.offset, found.length))
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}
