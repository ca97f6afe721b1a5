"""A sampled curve as what it is between the samples: straight lines, with exact integrals.

METRICS.md 0: at x = t_i + u the value is linear in u, its integral quadratic and the double integral cubic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.signal import Bools, Floats, Ints, gather


@dataclass(frozen=True, eq=False)
class Curve:
    """Curves of n repetitions, (n, width), from sample `origin` of each record on, with running sums.

    Only plain sums are kept, one pass over the samples each; the trapezoid's and the cubic's corrections are made
    where an integral is read. `sums` is the sum of values up to each sample, `sums_twice` the sum of `sums`.
    """

    origin: Ints
    rate: float
    values: Floats
    sums: Floats
    sums_twice: Floats | None = None

    @classmethod
    def of(cls, values: Floats, origin: Ints, rate: float, *, twice: bool = False) -> Curve:
        """Integrate once (and twice) from the first sample; exact for piecewise linear values."""
        sums = np.cumsum(values, axis=1)
        return cls(origin, rate, values, sums, np.cumsum(sums, axis=1) if twice else None)

    def where(self, keep: Bools) -> Curve:
        """Some of the repetitions."""
        if keep.all():
            return self
        twice = None if self.sums_twice is None else self.sums_twice[keep]
        return Curve(self.origin[keep], self.rate, self.values[keep], self.sums[keep], twice)

    def integral(self, first: int, last: int) -> Floats:
        """Integral from the first sample of the curve to each of the columns [first, last), (n, last - first)."""
        half = self.values[:, first:last] + self.values[:, :1]
        half *= -0.5
        half += self.sums[:, first:last]
        half /= self.rate
        return half

    def slopes(self, first: int, last: int, size: int) -> Floats:
        """Least-squares slope over `size` samples from each of the columns [first, last) on, per s.

        From the running sums: sum of j·F over a window is (m - 1)·C_end less the window's sum of C.
        """
        assert self.sums_twice is not None
        last = min(last, self.values.shape[1] - size + 1)
        if last <= first:
            return np.empty((len(self.values), 0))
        ends = slice(first + size - 1, last + size - 1)
        before = first - 1
        sums, twice = self.sums, self.sums_twice
        earlier = sums[:, before : last - 1] if before >= 0 else np.pad(sums[:, : last - 1], ((0, 0), (1, 0)))
        earlier_twice = twice[:, before : last - 1] if before >= 0 else np.pad(twice[:, : last - 1], ((0, 0), (1, 0)))
        moment = (size - 1) * sums[:, ends] - twice[:, first + size - 2 : last + size - 2] + earlier_twice
        moment -= 0.5 * (size - 1) * (sums[:, ends] - earlier)
        return np.asarray(moment * (self.rate / (size * (size * size - 1) / 12.0)))

    def around(self, first: Ints, width: int, size: int) -> Floats:
        """Mean over `size` samples around each of `width` columns from `first` of each row on; NaN past the end."""
        rows = np.arange(len(first), dtype=np.int64)
        sums = gather(self.sums, rows, first - size // 2 - 1, width + size)
        return np.asarray((sums[:, size:] - sums[:, :-size]) / size)

    def read(self, times: Floats) -> tuple[Floats, Floats]:
        """Value and integral from the curve's first sample, at times (n, ...), s of the record; NaN outside."""
        _, part, flat = self._place(times)
        values, zero = self.values.reshape(-1), self._zero(times)
        here = values.take(flat)
        slope = part * (values.take(flat + 1) - here)
        before = self.sums.reshape(-1).take(flat) - 0.5 * (here + zero)
        return here + slope, (before + part * (here + 0.5 * slope)) / self.rate

    def read_twice(self, times: Floats) -> Floats:
        """Double integral from the curve's first sample, at times (n, ...), s of the record; NaN outside."""
        assert self.sums_twice is not None, "this curve was made without its double integral"
        index, part, flat = self._place(times)
        values, zero = self.values.reshape(-1), self._zero(times)
        here, sums = values.take(flat), self.sums.reshape(-1).take(flat)
        step = values.take(flat + 1) - here
        before = sums - 0.5 * (here + zero)
        double = self.sums_twice.reshape(-1).take(flat) - sums - 0.5 * (sums - here + index * zero)
        double += (3.0 * sums - 2.0 * here - zero) / 6.0
        return np.asarray((double + part * (before + part * (0.5 * here + part * step / 6.0))) / self.rate**2)

    def _place(self, times: Floats) -> tuple[Ints, Floats, Ints]:
        """Column before each time, fraction to the next one (NaN outside the curve), and place in the flat arrays."""
        shape = (-1, *([1] * (times.ndim - 1)))
        width = self.values.shape[1]
        place = times * self.rate - self.origin.reshape(shape)
        inside = (place >= 0.0) & (place <= width - 1)
        if not inside.all():
            place = np.where(inside, place, 0.0)
        index = np.minimum(place.astype(np.int64), width - 2)
        part = place - index
        if not inside.all():
            part = np.where(inside, part, np.nan)
        return index, part, index + np.arange(0, len(times) * width, width).reshape(shape)

    def _zero(self, times: Floats) -> Floats:
        return self.values[:, 0].reshape((-1, *([1] * (times.ndim - 1))))
