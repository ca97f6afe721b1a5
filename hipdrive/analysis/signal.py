"""Arithmetic on many records at once: rows of samples, windows, cells, lines.

A `Block` holds records of one rate side by side as rows of one array, NaN after the end of each. Everything is
written for rows, so one trial, a thousand trials and the repetitions of a long session run the same code, and a row
never influences another: results do not depend on what else is in the block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from hipdrive.trial import BOX, Trial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CELL = 0.010
"""Length of a cell, s: coarse searches look at means and squares of 10 ms."""


@dataclass(frozen=True, eq=False)
class Block:
    """Records of one rate and one set of plates.

    total : (records, length), N, sum of all plates but the one under a box, NaN after the end of a record.
    plates : each record's own forces, (plates, samples); lengths : (records,), true number of samples.
    """

    total: Floats
    plates: tuple[Floats, ...]
    names: tuple[str, ...]
    lengths: Ints
    rate: float
    tops: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    """Sample at which each plate of each record is largest, (records, plates)."""

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Block:
        """The records of trials that share rate and plates."""
        first = trials[0]
        ground = [i for i, name in enumerate(first.plates) if name != BOX]
        return cls._summed(tuple(t.fz for t in trials), first.plates, first.rate, ground)

    @classmethod
    def _summed(cls, forces: tuple[Floats, ...], names: tuple[str, ...], rate: float, rows: Sequence[int]) -> Block:
        """The block whose total is the sum of some of the plates."""
        lengths = np.array([force.shape[1] for force in forces])
        cell = max(1, round(CELL * rate))
        total = np.empty((len(forces), -(-int(lengths.max()) // cell) * cell))
        tops = np.empty((len(forces), len(names)), dtype=np.int64)
        for out, top, force in zip(total, tops, forces, strict=True):
            n = force.shape[1]
            if len(rows) == 2:
                np.add(force[rows[0]], force[rows[1]], out=out[:n])
            else:
                np.sum(force[list(rows)], axis=0, out=out[:n])
            out[n:] = np.nan
            # while the processor's cache still holds the samples
            force.argmax(axis=1, out=top)
        return cls(total, forces, names, lengths, rate, tops)

    def through(self, *names: str) -> Block:
        """The same records seen through other plates: the sum of those named."""
        return self._summed(self.plates, self.names, self.rate, [self.names.index(n) for n in names])

    @property
    def dt(self) -> float:
        """Sampling interval, s."""
        return 1.0 / self.rate

    @cached_property
    def cell(self) -> int:
        """Samples in a cell."""
        return max(1, round(CELL * self.rate))

    @property
    def cell_time(self) -> float:
        """True length of a cell, s."""
        return self.cell / self.rate

    @cached_property
    def sums(self) -> Floats:
        """Sum of each cell, (records, cells); NaN for the last, unfinished one."""
        return np.asarray(np.einsum("rcs->rc", self._cells))

    @cached_property
    def squares(self) -> Floats:
        """Sum of squares of each cell."""
        return np.asarray(np.einsum("rcs,rcs->rc", self._cells, self._cells))

    @cached_property
    def means(self) -> Floats:
        """Mean of each cell, N."""
        return self.sums / self.cell

    @property
    def _cells(self) -> Floats:
        return self.total.reshape(len(self.total), -1, self.cell)


def gather(rows: Floats, row: Ints, start: Ints, width: int) -> Floats:
    """`width` samples of each row from `start` on, (n, width); NaN outside the row."""
    length = rows.shape[1]
    if len(start) == 1:
        at, first = row.item(), start.item()
        if 0 <= first <= length - width:
            return rows[at : at + 1, first : first + width].copy()
    before = max(0, -int(start.min(initial=0)))
    after = max(0, int(start.max(initial=0)) + width - length)
    if before or after:
        if rows.size + len(rows) * (before + after) > 4 * len(start) * width:
            return _gather_slowly(rows, row, start, width)
        wider = np.full((len(rows), before + length + after), np.nan)
        wider[:, before : before + length] = rows
        rows, start, length = wider, start + before, wider.shape[1]
    # every window of every row, without a copy; then the copies of those asked for
    step, one = rows.strides
    windows = as_strided(rows, (len(rows), length - width + 1, width), (step, one, one), writeable=False)
    return np.asarray(windows[row, start])


def _gather_slowly(rows: Floats, row: Ints, start: Ints, width: int) -> Floats:
    """The same, window by window, where few are wanted of many samples."""
    out = np.full((len(start), width), np.nan)
    for target, r, a in zip(out, row.tolist(), start.tolist(), strict=True):
        first, last = max(a, 0), min(a + width, rows.shape[1])
        if last > first:
            target[first - a : last - a] = rows[r, first:last]
    return out


def plate_windows(block: Block, name: str, record: Ints, start: Ints, width: int, zero: Floats) -> Floats:
    """`width` samples of one plate from `start` on less its zero, (n, width); NaN outside the record."""
    plate = block.names.index(name)
    out = np.full((len(start), width), np.nan)
    for target, r, a, level in zip(out, record.tolist(), start.tolist(), zero.tolist(), strict=True):
        part = block.plates[r][plate, max(a, 0) : max(a + width, 0)]
        first = max(-a, 0)
        np.subtract(part, level, out=target[first : first + len(part)])
    return out


def within(start: Ints, width: int, first: Any, last: Any) -> Bools:
    """Which of `width` samples from `start` on lie in [first, last), (n, width)."""
    index = start[:, np.newaxis] + np.arange(width)
    return np.asarray((index >= first[:, np.newaxis]) & (index < last[:, np.newaxis]))


def first_true(mask: Bools) -> Ints:
    """Position of the first True of each row, -1 where there is none."""
    position = mask.argmax(axis=1)
    return np.where(mask[np.arange(len(mask)), position], position, -1)


def last_true(mask: Bools) -> Ints:
    """Position of the last True of each row, -1 where there is none."""
    position = first_true(mask[:, ::-1])
    return np.where(position < 0, -1, mask.shape[1] - 1 - position)


def lasting(mask: Bools, length: int) -> Bools:
    """Where a run of at least `length` True begins or goes on for that long: mask[i : i + length].all()."""
    run, span = mask, 1
    while span < min(length, mask.shape[1]):
        step = min(span, length - span)
        run = run[:, :-step] & run[:, step:]
        span += step
    result = np.zeros_like(mask)
    if span >= length:
        result[:, : run.shape[1]] = run
    return result


def mean_sd(samples: Floats, count: Ints) -> tuple[Floats, Floats]:
    """Mean and sample SD of the first `count` samples of each row; NaN where fewer than two."""
    few = np.where(count > 1, count, np.nan)
    mask = np.arange(samples.shape[1]) < count[:, np.newaxis]
    mean = np.where(mask, samples, 0.0).sum(axis=1) / few
    deviation = np.where(mask, samples - mean[:, np.newaxis], 0.0)
    return mean, np.sqrt(np.einsum("ns,ns->n", deviation, deviation) / (few - 1.0))


def line(samples: Floats, spacing: float) -> tuple[Floats, Floats]:
    """Least-squares line through the samples of each row: value at the first sample, and slope."""
    n = samples.shape[1]
    x = np.arange(n) - 0.5 * (n - 1)
    slope = np.einsum("ij,j->i", samples, x / (x @ x))
    return samples.mean(axis=1) + slope * x[0], slope / spacing


def limited(values: Any, low: Any, high: Any) -> Any:
    """Values within bounds: numpy.clip, which takes three times as long over a few of them."""
    return np.minimum(np.maximum(values, low), high)


def zeroed(values: Floats) -> Floats:
    """Values with zero where there is none."""
    return np.where(np.isnan(values), 0.0, values)


def numbers(values: Floats) -> bool:
    """Whether all are finite; a single one, of which a trial alone has many, is asked in a tenth of the time."""
    return math.isfinite(values.item()) if values.size == 1 else bool(np.isfinite(values).all())


def divided(numerator: Any, denominator: Any) -> Floats:
    """A quotient that is NaN, not a warning, where it has no value."""
    result = np.asarray(numerator / denominator, dtype=np.float64)
    fine = np.isfinite(result)
    return result if np.count_nonzero(fine) == fine.size else np.where(fine, result, np.nan)
