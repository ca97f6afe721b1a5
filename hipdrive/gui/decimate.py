"""Curves of any length as the smallest and largest value of each pixel column; only new samples cost anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class MinMax:
    """The last columns of several channels, two values a column, as samples come in.

    Every sample is looked at once, when it arrives; a frame then only shows what is there. The column that is still
    filling is shown, too, with what it has.

    >>> peaks = MinMax(channels=1, columns=3, size=2)
    >>> peaks.add([[1.0, 5.0, 2.0, 3.0, 9.0]])
    >>> peaks.values.tolist()
    [[1.0, 5.0, 2.0, 3.0, 9.0, 9.0]]
    """

    def __init__(self, channels: int, columns: int, size: int) -> None:
        if channels < 1 or columns < 1 or size < 1:
            raise ValueError(f"MinMax needs at least one channel, column and sample, not {channels}, {columns}, {size}")
        self.channels, self.columns, self.size = channels, columns, size
        self._values = np.zeros((channels, 2 * 2 * columns))
        self._lost = np.zeros(2 * columns, dtype=bool)
        self._count = columns  # columns in use; the first ones are empty, so that the newest is always on the right
        self._held = 0
        self.samples = 0

    @property
    def values(self) -> Floats:
        """Smallest and largest value of each column in turn, the newest last, (channels, 2 * columns): a view."""
        return self._values[:, 2 * (self._count - self.columns) : 2 * self._count]

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Columns in which samples were no numbers, (columns,): a view."""
        return self._lost[self._count - self.columns : self._count]

    @property
    def nbytes(self) -> int:
        """Memory, which never changes."""
        return int(self._values.nbytes + self._lost.nbytes)

    def add(self, block: ArrayLike) -> None:
        """Take samples, (channels, n); those that are no numbers are shown as zero and their column as lost."""
        samples = np.asarray(block, dtype=np.float64)
        if samples.ndim != 2 or samples.shape[0] != self.channels:
            raise ValueError(f"samples of shape {samples.shape} do not fit {self.channels} channels")
        good: NDArray[np.bool_] = np.asarray(np.isfinite(samples).all(axis=0))
        if not good.all():
            samples = np.where(np.isfinite(samples), samples, 0.0)
        self.samples += samples.shape[1]
        at = min((self.size - self._held) % self.size, samples.shape[1])
        if at:
            self._fill(samples[:, :at], good[:at])
        whole = (samples.shape[1] - at) // self.size
        if whole:
            end = at + whole * self.size
            self._columns(samples[:, at:end], good[at:end], whole)
            at = end
        if at < samples.shape[1]:
            self._open()
            self._fill(samples[:, at:], good[at:])

    def _columns(self, samples: Floats, good: NDArray[np.bool_], whole: int) -> None:
        """Columns that are full at once; of a long block only the last ones are shown."""
        shown = min(whole, self.columns)
        samples, good = samples[:, (whole - shown) * self.size :], good[(whole - shown) * self.size :]
        self._room(shown)
        pieces = samples.reshape(self.channels, shown, self.size)
        place = self._values[:, 2 * self._count : 2 * (self._count + shown)]
        place[:, 0::2], place[:, 1::2] = pieces.min(axis=2), pieces.max(axis=2)
        self._lost[self._count : self._count + shown] = ~good.reshape(shown, self.size).all(axis=1)
        self._count += shown

    def _open(self) -> None:
        """A column that has nothing yet."""
        self._room(1)
        self._values[:, 2 * self._count], self._values[:, 2 * self._count + 1] = np.inf, -np.inf
        self._lost[self._count] = False
        self._count += 1

    def _fill(self, samples: Floats, good: NDArray[np.bool_]) -> None:
        """More samples for the newest column."""
        place = self._values[:, 2 * self._count - 2 : 2 * self._count]
        np.minimum(place[:, 0], samples.min(axis=1), out=place[:, 0])
        np.maximum(place[:, 1], samples.max(axis=1), out=place[:, 1])
        self._lost[self._count - 1] |= not good.all()
        self._held = (self._held + samples.shape[1]) % self.size

    def _room(self, more: int) -> None:
        """Room for more columns: once in a screenful the shown ones move to the front."""
        if self._count + more > 2 * self.columns:
            keep = self.columns - more
            last = self._count
            self._values[:, : 2 * keep] = self._values[:, 2 * (last - keep) : 2 * last]
            self._lost[:keep] = self._lost[last - keep : last]
            self._count = keep
