"""A sampled curve as what it is between the samples: straight lines, with exact integrals.

METRICS.md 0: at x = t_i + u the value is linear in u, its integral quadratic and the double integral cubic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.signal import Bools, Floats, Ints


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

    def read(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Value, integral and double integral at times (n, ...), s from the start of the record; NaN outside.

        The double integral is zero where the curve holds none.
        """
        shape = (-1, *([1] * (times.ndim - 1)))
        width, dt = self.values.shape[1], 1.0 / self.rate
        place = times * self.rate - self.origin.reshape(shape)
        inside = (place >= 0.0) & (place <= width - 1)
        whole = bool(inside.all())
        place = place if whole else np.where(inside, place, 0.0)
        index = np.minimum(place.astype(np.int64), width - 2)
        part = place - index
        u = part * dt
        flat = index + np.arange(len(times)).reshape(shape) * width
        values, zero = self.values.reshape(-1), self.values[:, 0].reshape(shape)
        here = values.take(flat)
        step = values.take(flat + 1) - here
        value = here + step * part
        sums = self.sums.reshape(-1).take(flat)
        before = dt * (sums - 0.5 * (here + zero))
        once = before + u * (here + 0.5 * part * step)
        if not whole:
            value = np.where(inside, value, np.nan)
        if self.sums_twice is None:
            return value, once, np.zeros_like(once)
        double = dt * dt * (
            self.sums_twice.reshape(-1).take(flat) - sums - 0.5 * (sums - here + index * zero)
            + (3.0 * sums - 2.0 * here - zero) / 6.0
        )  # fmt: skip
        return value, once, double + u * (before + u * (0.5 * here + part * step / 6.0))
