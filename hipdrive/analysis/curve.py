"""A sampled curve as what it is between the samples: straight lines, with exact integrals.

METRICS.md 0: at x = t_i + u the value is linear in u, its integral quadratic and the double integral cubic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from hipdrive.analysis.signal import Bools, Floats, Ints, gather

CELL = 16
"""Samples from one running sum that is kept to the next, at most."""

CELL_TIME = 0.016
"""s from one running sum to the next, at most: at a low rate every sample has its own."""

FEW = 20_000
"""Samples of a trial or two alone: there, every sample has its own running sum, and a reading is fewer steps."""

CACHED = 16
"""Rows that go through several steps together: the processor's cache holds them."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Curves of n repetitions, (n, width), from sample `origin` of each record on, with running sums.

    A running sum costs ten times what any other step over the samples does, so it is kept at the edges of cells of a
    few samples only, and finished where an integral is read: `sums` is the sum of the values before each cell,
    `sums_twice` the sum of the sums up to each sample. The trapezoid's and the cubic's corrections are made there, too.
    """

    origin: Ints
    rate: float
    values: Floats
    cell: int
    sums: Floats
    sums_twice: Floats | None = None
    widest: dict[tuple[int, int], Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Floats, origin: Ints, rate: float, *, twice: bool = False) -> Curve:
        """Integrate once (and twice) from the first sample; exact for piecewise linear values."""
        n, width = values.shape
        cell = 1 if values.size <= FEW else max(1, min(CELL, int(CELL_TIME * rate)))
        count = width // cell
        cells = values[:, : count * cell].reshape(n, count, cell)
        sums = np.empty((n, count + 1))
        sums[:, 0] = 0.0
        np.cumsum(np.einsum("rcs->rc", cells), axis=1, out=sums[:, 1:])
        if not twice:
            return cls(origin, rate, values, cell, sums)
        # within a cell, the sum of the sums holds its first value `cell` times and its last one once
        ramps = np.einsum("rcs,s->rc", cells, np.arange(cell, 0.0, -1.0))
        ramps += cell * sums[:, :-1]
        double = np.empty((n, count + 1))
        double[:, 0] = 0.0
        np.cumsum(ramps, axis=1, out=double[:, 1:])
        return cls(origin, rate, values, cell, sums, double)

    def where(self, keep: Bools) -> Curve:
        """Some of the repetitions."""
        if keep.all():
            return self
        twice = None if self.sums_twice is None else self.sums_twice[keep]
        return Curve(self.origin[keep], self.rate, self.values[keep], self.cell, self.sums[keep], twice)

    def integral(self, first: int, last: int, factor: Floats, start: Floats) -> Floats:
        """`start` + `factor` times the integral from the curve's first sample to each of the columns [first, last).

        factor, start : (n, 1). Returns (n, last - first). In one go: each step over so many samples counts.
        """
        cell, scale = first // self.cell, factor / self.rate
        head = self.values[:, cell * self.cell : first].sum(axis=1) + self.sums[:, cell] - 0.5 * self.values[:, 0]
        total = self.values[:, first:last] * (-0.5 * scale)
        sums = self.running(first, last)
        total += sums[:, 1:] * scale
        total += start + scale * (head[:, np.newaxis] - sums[:, :1])
        return total

    def running(self, first: int, last: int) -> Floats:
        """Sum of the values, up to a constant of each row, before each of the columns [first, last], (n, ...).

        The widest is kept: velocity and slopes are made from the same.
        """
        if self.cell == 1:
            return self.sums[:, first : last + 1]
        for (low, high), sums in self.widest.items():
            if low <= first and last <= high:
                return sums[:, first - low : last - low + 1]
        sums = np.empty((len(self.values), last - first + 1))
        sums[:, 0] = 0.0
        np.cumsum(self.values[:, first:last], axis=1, out=sums[:, 1:])
        self.widest.clear()
        self.widest[first, last] = sums
        return sums

    def integral_from(self, first: Ints, width: int, factor: Floats, start: Floats) -> Floats:
        """`start` + `factor` times the integral from column `first` of each row, (n, width); NaN past the end."""
        part = gather(self.values, np.arange(len(first), dtype=np.int64), first, width)
        total = np.cumsum(part, axis=1)
        scale = factor / self.rate
        start = start - 0.5 * scale * part[:, :1]
        part *= 0.5
        total -= part
        total *= scale
        total += start
        return total

    def slopes(self, first: int, last: int, size: int) -> Floats:
        """Least-squares slope over `size` samples from each of the columns [first, last) on, per s.

        From the running sums C before each sample: the sum of j·F over a window is size·C_end less the sum of C.
        """
        last = min(last, self.values.shape[1] - size + 1)
        if last <= first:
            return np.empty((len(self.values), 0))
        moment = np.empty((len(self.values), last - first))
        scale = self.rate / (size * (size * size - 1) / 12.0)
        running = self.running(first, last + size - 1)
        for row in range(0, len(moment), CACHED):
            sums = running[row : row + CACHED]
            out = moment[row : row + CACHED]
            np.multiply(sums[:, size:], 0.5 * (size + 1) * scale, out=out)
            out += 0.5 * (size - 1) * scale * sums[:, :-size]
            out -= scale * _moving_sum(sums[:, 1:], size)
        return moment

    def around(self, first: Ints, width: int, size: int) -> Floats:
        """Mean over `size` samples around each of `width` columns from `first` of each row on; NaN past the end."""
        rows = np.arange(len(first), dtype=np.int64)
        return _moving_sum(gather(self.values, rows, first - size // 2, width + size - 1), size) / size

    def double_from(self, first: Ints, width: int) -> Floats:
        """Double integral from column `first` of each row to it and each of the next, (n, width); NaN past the end."""
        part = gather(self.values, np.arange(len(first), dtype=np.int64), first, width)
        sums, start, index = np.cumsum(part, axis=1), part[:, :1], np.arange(width)
        double = np.cumsum(sums, axis=1) - sums - 0.5 * (sums - part + index * start)
        double += (3.0 * sums - 2.0 * part - start) / 6.0
        return np.asarray(double / self.rate**2)

    @cached_property
    def _rows(self) -> tuple[Ints, Ints]:
        """Where each row of the values and of the sums begins when they lie in one row, (n, 1)."""
        number = np.arange(len(self.values))[:, np.newaxis]
        return number * self.values.shape[1], number * self.sums.shape[1]

    def value(self, times: Floats) -> Floats:
        """Value at times (n, k), s of the record; NaN outside."""
        index, part = self._place(times)
        flat = index + self._rows[0]
        here = self.values.take(flat)
        return np.asarray(here + part * (self.values.take(flat + 1) - here))

    def read(self, times: Floats) -> tuple[Floats, Floats]:
        """Value and integral from the curve's first sample, at times (n, k), s of the record; NaN outside."""
        value, once, _ = self._read(times, twice=False)
        return value, once

    def read_twice(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Value, integral and double integral from the curve's first sample, at times (n, k); NaN outside."""
        value, once, twice = self._read(times, twice=True)
        assert twice is not None
        return value, once, twice

    def read_all(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """The same, at times that are known to differ from one another."""
        value, once, twice = self._at(times, True)
        assert twice is not None
        return value, once, twice

    def _read(self, times: Floats, *, twice: bool) -> tuple[Floats, Floats, Floats | None]:
        """Copies that share the measurement's times are read once."""
        if times.size > MANY:
            first = times[:, :1]
            own = (times != first) & ~(np.isnan(times) & np.isnan(first))
            columns = np.flatnonzero(own.any(axis=0))
            if len(columns) < times.shape[1] - 1:
                few = times[:, np.concatenate([[0], columns])]
                return tuple(spread(part, columns, times.shape[1]) for part in self._at(few, twice))
        return self._at(times, twice)

    def _at(self, times: Floats, twice: bool) -> tuple[Floats, Floats, Floats | None]:
        index, part = self._place(times)
        flat, zero = index + self._rows[0], self.values[:, :1]
        here = self.values.take(flat)
        step = self.values.take(flat + 1) - here
        sums, double = self._sums(index, flat, here, twice)
        upto = sums - 0.5 * (here + zero)
        value, once = here + part * step, (upto + part * (here + 0.5 * part * step)) / self.rate
        if double is None:
            return value, once, None
        double += -sums - 0.5 * (sums - here + index * zero) + (3.0 * sums - 2.0 * here - zero) / 6.0
        double += part * (upto + part * (0.5 * here + part * step / 6.0))
        return value, once, double / self.rate**2

    def _sums(self, index: Ints, flat: Ints, here: Floats, twice: bool) -> tuple[Floats, Floats | None]:
        """Sum of the samples up to each column, that one included, and if asked for the sum of those sums."""
        cell = index if self.cell == 1 else np.minimum(index // self.cell, self.sums.shape[1] - 1)
        before = cell + self._rows[1]
        start = self.sums.take(before)
        assert not twice or self.sums_twice is not None, "this curve was made without its double integral"
        double = self.sums_twice.take(before) if twice and self.sums_twice is not None else None
        if self.cell == 1:
            sums = start + here
            return sums, None if double is None else double + sums
        # the samples of the cell up to this one; past it they may be no numbers
        within = index - cell * self.cell
        known, ramp = _triangles(self.cell)
        samples = self.values.take((flat - within)[:, :, np.newaxis] + np.arange(self.cell), mode="clip")
        kept = np.where(known.take(within, axis=0), samples, 0.0)
        sums = start + np.einsum("nks->nk", kept)
        if double is not None:
            double = double + (within + 1) * start + np.einsum("nks,nks->nk", kept, ramp.take(within, axis=0))
        return sums, double

    def _place(self, times: Floats) -> tuple[Ints, Floats]:
        """Column before each time, and fraction to the next one, NaN outside the curve."""
        width = self.values.shape[1]
        place = times * self.rate - self.origin[:, np.newaxis]
        inside = (place >= 0.0) & (place <= width - 1)
        some = np.count_nonzero(inside) < inside.size
        if some:
            outside = ~inside
            place[outside] = 0.0
        index = np.minimum(place.astype(np.int64), width - 2)
        place -= index
        if some:
            place[outside] = np.nan
        return index, place


MANY = 100
"""Times from which looking for equal ones pays."""


def spread(part: Any, columns: Ints, k: int) -> Any:
    """Column 0 in all k columns, but the further ones where they belong."""
    if part is None:
        return None
    whole = np.repeat(part[:, :1], k, axis=1)
    whole[:, columns] = part[:, 1:]
    return whole


@cache
def _triangles(size: int) -> tuple[Bools, Floats]:
    """Which samples of a cell lie at or before its r-th, and how often each is in the sum of sums, (size, size)."""
    r, j = np.arange(size)[:, np.newaxis], np.arange(size)
    return j <= r, np.maximum(r + 1.0 - j, 0.0)


def _moving_sum(values: Floats, size: int) -> Floats:
    """Sum over `size` samples from each on, (n, width - size + 1), from sums over 1, 2, 4 ... samples."""
    width = values.shape[1] - size + 1
    total: Any = 0.0
    at, span, block = 0, 1, values
    while at < size:
        if size & span:
            total = total + block[:, at : at + width]
            at += span
        if 2 * span <= size:
            block = block[:, :-span] + block[:, span:]
        span *= 2
    return np.asarray(total)
