"""The memory between the thread that reads a device and everybody who looks at the samples.

One thread writes and never waits; any number read, in this process or another, and each finds out by itself whether
what it copied was still what it wanted. The last samples stay; how many was decided at the start. Beside the samples
stand when each block arrived and what is missing.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.trial import Gap

GAPS = 256
"""Gaps that are kept: a device with more of them is broken."""

_GAP = np.dtype([("first", "<i8"), ("samples", "<i8"), ("code", "S32"), ("text", "S480")])
_COUNT, _BLOCKS, _GAPS, _HEAD = 0, 1, 2, 8
"""Places in the head: samples, blocks and gaps so far; and how many numbers it has."""

_door = threading.Lock()


def _fence() -> None:
    """What was stored before is seen before what is stored after, and likewise what is loaded.

    On x86 it is so anyway; on ARM the release of a lock orders what came before it, and taking it again what follows.
    """
    for _ in range(2):
        with _door:
            pass


class Overrun(Exception):
    """The samples that were asked for are overwritten; `oldest` is the first that is still there."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the samples before {oldest} are overwritten")
        self.oldest = oldest


def _layout(capacity: int, channels: int, block: int, dtype: Any, stamped: bool) -> list[tuple[Any, tuple[int, ...]]]:
    """What stands in the memory, in this order: head, blocks, gaps, stamps, samples."""
    rows = capacity + block
    return [(np.int64, (_HEAD,)), (np.int64, (4 + 2 * (capacity // block), 3)), (_GAP, (GAPS,)),
            (np.float64, (rows if stamped else 0,)), (dtype, (rows, channels))]  # fmt: skip


def _room(arrays: list[tuple[Any, tuple[int, ...]]]) -> int:
    """Bytes, each array beginning on a cache line of its own."""
    return sum(-(-np.dtype(kind).itemsize * math.prod(shape) // 64) * 64 for kind, shape in arrays)


def needs(capacity: int, channels: int, *, block: int, dtype: Any = np.int16, stamped: bool = False) -> int:
    """Bytes of memory for such a ring."""
    return _room(_layout(capacity, channels, block, dtype, stamped))


class Ring:
    """A ring of samples, shape (capacity, channels), numbered from the start of sampling.

    capacity : samples that can always be read. block : most samples of one push; the writer overwrites so many
        before it says so, hence they are kept free beside the capacity. stamped : each sample has a time of its own.
    memory : so many bytes as it `needs`, of zeros or as another process wrote them; None for memory of our own.

    >>> ring = Ring(4, 1, block=2)
    >>> for first in range(0, 8, 2):
    ...     ring.push(np.array([[first, first + 1]]))
    >>> ring.count, ring.oldest, ring.read(4, 8)[:, 0].tolist()
    (8, 4, [4, 5, 6, 7])
    """

    def __init__(
        self, capacity: int, channels: int, *, block: int, dtype: Any = np.int16, stamped: bool = False,
        memory: Any = None,
    ) -> None:  # fmt: skip
        self.capacity, self.block = capacity, block
        arrays = _layout(capacity, channels, block, dtype, stamped)
        buffer = np.zeros(_room(arrays), np.uint8) if memory is None else memory
        parts, place = [], 0
        for kind, shape in arrays:
            parts.append(np.ndarray(shape, kind, buffer=buffer, offset=place))
            place += _room([(kind, shape)])
        self._head, self._table, self._missing, self._times, self._rows = parts
        self._told: tuple[Gap, ...] = ()

    @property
    def count(self) -> int:
        """Samples written so far; the number of the next."""
        return int(self._head[_COUNT])

    @property
    def oldest(self) -> int:
        """The first sample that can still be read."""
        return max(0, self.count - self.capacity)

    @property
    def row_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return int(self._rows.strides[0])

    # --- for the one who writes ---

    def push(self, values: NDArray[Any], host_ns: int = 0, stamps: NDArray[np.float64] | None = None) -> None:
        """Append samples, shape (channels, n). They are published after they were copied."""
        rows = values.T
        n, count, size = len(rows), self.count, len(self._rows)
        if n > self.block:
            raise ValueError(f"{n} samples are more than a block of {self.block}")
        place = count % size
        first = min(n, size - place)
        self._rows[place : place + first] = rows[:first]
        self._rows[: n - first] = rows[first:]
        if len(self._times):
            times = np.full(n, np.nan) if stamps is None else stamps
            self._times[place : place + first] = times[:first]
            self._times[: n - first] = times[first:]
        blocks = int(self._head[_BLOCKS])
        self._table[blocks % len(self._table)] = count, n, host_ns
        _fence()
        self._head[_BLOCKS] = blocks + 1
        self._head[_COUNT] = count + n

    def skip(self, samples: int, code: str = "gap", text: str = "samples are missing") -> None:
        """Leave out samples that never came. Nobody may read across them: their places hold older ones."""
        self.missing(samples, code, text)
        self._head[_COUNT] = self.count + samples

    def missing(self, samples: int, code: str, text: str) -> None:
        """Say that samples are missing from here on."""
        gaps = int(self._head[_GAPS])
        if gaps == GAPS:
            return  # whoever writes ends before
        self._missing[gaps] = self.count, samples, code.encode()[:32], text.encode()[:480]
        _fence()
        self._head[_GAPS] = gaps + 1
        _fence()

    # --- for everybody ---

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing so far."""
        there = int(self._head[_GAPS])
        if len(self._told) < there:
            _fence()
            self._told = tuple(
                Gap(first_sample=first, samples=n, code=code.decode(errors="ignore"), text=text.decode(errors="ignore"))
                for first, n, code, text in self._missing[:there].tolist()
            )
        return self._told

    def blocks(self) -> NDArray[np.int64]:
        """First sample, number of samples and arrival (monotonic ns) of the blocks that are remembered, (blocks, 3)."""
        size, before = len(self._table), int(self._head[_BLOCKS])
        _fence()
        table = self._table.copy()
        _fence()
        # the writer may be at the next one already
        first = max(0, int(self._head[_BLOCKS]) + 1 - size)
        return table[np.arange(min(first, before), before) % size] if first < before else table[:0]

    def arrival(self, stop: int) -> int:
        """When the block that ends at a sample came, monotonic ns; 0 where that was long ago."""
        blocks = int(self._head[_BLOCKS])
        for place in range(blocks - 1, max(-1, blocks - 9), -1):
            first, n, host_ns = self._table[place % len(self._table)].tolist()
            if first + n == stop:
                return int(host_ns)
        return 0

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of the samples from start to stop, shape (n, channels).

        Raises
        ------
        Overrun : some are overwritten, or were while they were copied.
        """
        return np.asarray(self._copied(self._rows, start, stop))

    def stamps(self, start: int, stop: int) -> NDArray[np.float64] | None:
        """A copy of the samples' own times, shape (n,); None where they have none. Errors as of `read`."""
        return np.asarray(self._copied(self._times, start, stop)) if len(self._times) else None

    def _copied(self, held: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
        if not start <= stop <= self.count:
            raise ValueError(f"samples {start} to {stop} are not there yet: there are {self.count}")
        if start < self.oldest:
            raise Overrun(self.oldest)
        _fence()
        size = len(self._rows)
        place, n = start % size, stop - start
        out = np.empty((n, *held.shape[1:]), held.dtype)
        first = min(n, size - place)
        out[:first] = held[place : place + first]
        out[first:] = held[: n - first]
        _fence()
        if start < self.oldest:
            raise Overrun(self.oldest)
        return out
