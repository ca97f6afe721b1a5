"""The forces of a simulated sprint start in closed form: two feet and the hands, and what they add up to.

A foot holds P in the set position. From its own start on it pushes with P·(1 − u) + A·u^p·(1 − u), u from 0 to 1, for
`length` s, and then is gone; hands are unloaded by a smooth step. Every integral is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar

from hipdrive.trial import Floats

WINDOW = 0.020
"""s: the window of the peak rate of force development."""


@dataclass(frozen=True)
class Push:
    """One foot: when it starts, how long it pushes, preload and size of both components, and how soft it starts."""

    start: float
    length: float
    held: tuple[float, float]
    size: tuple[float, float]
    power: float

    @property
    def end(self) -> float:
        """When the foot is gone, s."""
        return self.start + self.length

    def part(self, t: ArrayLike, axis: int) -> Floats:
        """Force along an axis (0 forwards, 1 up), N."""
        u = np.clip((np.asarray(t, dtype=np.float64) - self.start) / self.length, 0.0, 1.0)
        return np.asarray((1.0 - u) * (self.held[axis] + self.size[axis] * u**self.power))

    def area(self, t: float, axis: int) -> float:
        """Impulse from the foot's start to a time, N*s; negative before it."""
        u = min((t - self.start) / self.length, 1.0)
        if u <= 0.0:
            return self.held[axis] * u * self.length
        p = self.power
        grown = u ** (p + 1.0) / (p + 1.0) - u ** (p + 2.0) / (p + 2.0)
        return float(self.length * (self.held[axis] * (u - 0.5 * u * u) + self.size[axis] * grown))

    def impulse(self, a: float, b: float, axis: int) -> float:
        """Impulse between two times, N*s."""
        return self.area(b, axis) - self.area(a, axis)

    def whole(self, t: ArrayLike) -> Floats:
        """Resultant, N."""
        return np.hypot(self.part(t, 0), self.part(t, 1))

    def peak(self) -> tuple[float, float]:
        """When the resultant is largest, and how large it is."""
        return largest(lambda t: float(self.whole(t)), self.start, self.end)

    def rises_by(self, step: float) -> float:
        """When the resultant has risen by so much above the set position, s."""
        level = float(self.whole(self.start)) + step
        return float(brentq(lambda t: float(self.whole(t)) - level, self.start, self.peak()[0], xtol=1e-13))

    def falls_to(self, level: float) -> float:
        """When the resultant falls to a level, s."""
        top = self.peak()[0]
        return float(brentq(lambda t: float(self.whole(t)) - level, top, self.end, xtol=1e-13))

    def steepest(self) -> float:
        """Largest least-squares slope of the resultant over 20 ms, N/s, on the continuous curve."""
        nodes, weights = np.polynomial.legendre.leggauss(32)

        def slope(begin: float) -> float:
            edges = sorted({begin, min(max(self.start, begin), begin + WINDOW), begin + WINDOW})
            total = 0.0
            for a, b in pairwise(edges):
                x = 0.5 * (b - a) * nodes + 0.5 * (a + b)
                total += 0.5 * (b - a) * float(weights @ ((x - begin - 0.5 * WINDOW) * self.whole(x)))
            return 12.0 / WINDOW**3 * total

        return largest(slope, self.start - WINDOW, self.end - WINDOW)[1]


@dataclass(frozen=True)
class Hands:
    """The hands: both components in the set position go to zero by a smooth step."""

    start: float
    length: float
    held: tuple[float, float]

    @property
    def end(self) -> float:
        """When the hands are gone, s."""
        return self.start + self.length

    def _left(self, t: ArrayLike) -> Floats:
        u = np.clip((np.asarray(t, dtype=np.float64) - self.start) / self.length, 0.0, 1.0)
        return np.asarray(1.0 - u * u * (3.0 - 2.0 * u))

    def part(self, t: ArrayLike, axis: int) -> Floats:
        """Force along an axis, N."""
        return self.held[axis] * self._left(t)

    def whole(self, t: ArrayLike) -> Floats:
        """Resultant, N."""
        return float(np.hypot(*self.held)) * self._left(t)

    def area(self, t: float, axis: int) -> float:
        """Impulse from the start of unloading to a time, N*s."""
        u = min((t - self.start) / self.length, 1.0)
        grown = u if u <= 0.0 else u - u**3 + 0.5 * u**4
        return float(self.held[axis] * self.length * grown)

    def impulse(self, a: float, b: float, axis: int) -> float:
        """Impulse between two times, N*s."""
        return self.area(b, axis) - self.area(a, axis)

    def changes_by(self, level: float) -> float:
        """When the resultant has fallen by a level, s."""
        top = float(np.hypot(*self.held))
        return float(brentq(lambda t: top - float(self.whole(t)) - level, self.start, self.end, xtol=1e-13))


def largest(function: Callable[[float], float], a: float, b: float) -> tuple[float, float]:
    """Where a function of one time is largest between two times, and its value there."""
    grid = np.linspace(a, b, 80)
    values = [function(float(t)) for t in grid]
    best, step = float(grid[int(np.argmax(values))]), float(grid[1] - grid[0])
    found = minimize_scalar(lambda t: -function(t), bounds=(max(a, best - step), min(b, best + step)),
                            method="bounded", options={"xatol": 1e-10})  # fmt: skip
    return float(found.x), float(-found.fun)
