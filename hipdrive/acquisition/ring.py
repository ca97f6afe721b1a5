"""The memory between the thread that reads a device and everybody who looks at the samples.

One thread writes and never waits; any number read, and each finds out by itself whether what it copied was still
what it wanted. The last samples stay; how many was decided at the start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Overrun(Exception):
    """The samples that were asked for are overwritten; `oldest` is the first that is still there."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"the samples before {oldest} are overwritten")
        self.oldest = oldest


class Ring:
    """A ring of samples, shape (capacity, channels), numbered from the start of sampling.

    capacity : samples that can always be read. block : most samples of one push; the writer overwrites so many
        before it says so, hence they are kept free beside the capacity.

    >>> ring = Ring(4, 1, block=2)
    >>> for first in range(0, 8, 2):
    ...     ring.push(np.array([[first, first + 1]]))
    >>> ring.count, ring.oldest, ring.read(4, 8)[:, 0].tolist()
    (8, 4, [4, 5, 6, 7])
    """

    def __init__(self, capacity: int, channels: int, *, block: int, dtype: Any = np.int16) -> None:
        self.capacity, self.block = capacity, block
        self._rows = np.zeros((capacity + block, channels), dtype)
        self._count = 0

    @property
    def count(self) -> int:
        """Samples written so far; the number of the next."""
        return self._count

    @property
    def oldest(self) -> int:
        """The first sample that can still be read."""
        return max(0, self._count - self.capacity)

    def push(self, values: NDArray[Any]) -> None:
        """Append samples, shape (channels, n). They are published after they were copied."""
        rows = values.T
        n, size = len(rows), len(self._rows)
        if n > self.block:
            raise ValueError(f"{n} samples are more than a block of {self.block}")
        place = self._count % size
        first = min(n, size - place)
        self._rows[place : place + first] = rows[:first]
        self._rows[: n - first] = rows[first:]
        self._count += n

    def skip(self, samples: int) -> None:
        """Leave out samples that never came. Nobody may read across them: their places hold older ones."""
        self._count += samples

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of the samples from start to stop, shape (n, channels).

        Raises
        ------
        Overrun : some are overwritten, or were while they were copied.
        """
        if not start <= stop <= self._count:
            raise ValueError(f"samples {start} to {stop} are not there yet: there are {self._count}")
        if start < self.oldest:
            raise Overrun(self.oldest)
        size = len(self._rows)
        place, n = start % size, stop - start
        out = np.empty((n, self._rows.shape[1]), self._rows.dtype)
        first = min(n, size - place)
        out[:first] = self._rows[place : place + first]
        out[first:] = self._rows[: n - first]
        if start < self.oldest:
            raise Overrun(self.oldest)
        return out
