"""A sampled curve as what it is between the samples: straight lines, with exact integrals.

METRICS.md 0: at x = t_i + u the value is linear in u, its integral quadratic and the double integral cubic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.signal import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Curve:
    """Curves of n repetitions, (n, width), from sample `origin` of each record on, with running integrals."""

    origin: Ints
    rate: float
    values: Floats
    once: Floats
    twice: Floats | None = None

    @classmethod
    def of(cls, values: Floats, origin: Ints, rate: float, *, twice: bool = False) -> Curve:
        """Integrate once (and twice) from the first sample; exact for piecewise linear values."""
        dt = 1.0 / rate
        left, right = values[:, :-1], values[:, 1:]
        once = np.zeros_like(values)
        np.cumsum((left + right) * (0.5 * dt), axis=1, out=once[:, 1:])
        if not twice:
            return cls(origin, rate, values, once)
        second = np.zeros_like(values)
        np.cumsum(once[:, :-1] * dt + (2.0 * left + right) * (dt * dt / 6.0), axis=1, out=second[:, 1:])
        return cls(origin, rate, values, once, second)

    def where(self, keep: Bools) -> Curve:
        """Some of the repetitions."""
        twice = None if self.twice is None else self.twice[keep]
        return Curve(self.origin[keep], self.rate, self.values[keep], self.once[keep], twice)

    def read(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Value, integral and double integral at times (n, ...), s from the start of the record; NaN outside.

        The double integral is zero where the curve holds none.
        """
        shape = (-1, *([1] * (times.ndim - 1)))
        width = self.values.shape[1]
        place = times * self.rate - self.origin.reshape(shape)
        inside = (place >= 0.0) & (place <= width - 1)
        place = np.where(inside, place, 0.0)
        index = np.minimum(place.astype(np.int64), width - 2)
        part = place - index
        u = part / self.rate
        flat = index + np.arange(len(times)).reshape(shape) * width
        here, there, sum1 = (source.reshape(-1)[at] for source, at in
                             ((self.values, flat), (self.values, flat + 1), (self.once, flat)))  # fmt: skip
        step = there - here
        value = np.where(inside, here + step * part, np.nan)
        once = sum1 + u * (here + 0.5 * part * step)
        if self.twice is None:
            return value, once, np.zeros_like(once)
        twice = self.twice.reshape(-1)[flat] + u * (sum1 + u * (0.5 * here + part * step / 6.0))
        return value, once, twice
