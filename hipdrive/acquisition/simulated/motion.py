"""A vertical movement as piecewise cubic force, so that velocity, displacement and every event are exact.

Force is written as a multiple of body weight, f(t); acceleration is g·(f - 1). Between knots f is a cubic, so its
integrals are polynomials and nothing is ever integrated numerically.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PPoly

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shape:
    """A C1 piecewise cubic, zero outside its knots. Values in multiples of body weight, knots in s."""

    knots: tuple[float, ...]
    values: tuple[float, ...]
    slopes: tuple[float, ...]

    def at(self, times: Floats) -> tuple[Floats, Floats]:
        """Value and slope at times."""
        spline = CubicHermiteSpline(self.knots, self.values, self.slopes)
        inside = (times >= self.knots[0]) & (times <= self.knots[-1])
        return np.where(inside, spline(times), 0.0), np.where(inside, spline(times, 1), 0.0)


def bump(start: float, peak: float, end: float) -> Shape:
    """Zero, smoothly up to one at `peak`, and down to zero at `end`."""
    return Shape((start, peak, end), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0))


def scaled(shape: Shape, factor: float) -> Shape:
    """The shape, so many times as large."""
    return Shape(shape.knots, tuple(factor * v for v in shape.values), tuple(factor * s for s in shape.slopes))


@dataclass(frozen=True)
class Edge:
    """How force meets zero: `slope` at the loaded end of the toe, `corner` slope at zero (both W/s), `toe` in s.

    A steep edge has no toe and keeps its slope to the corner, a soft one bends over the toe, as feet do: as a parabola
    if `bend` is 0.5, sooner or later if it is less or more.
    """

    slope: float
    corner: float
    toe: float
    bend: float = 0.5

    @property
    def length(self) -> float:
        """From zero force to body weight, s; 1.8 keeps the cubic monotonic (it must stay below 3)."""
        return self.toe + 1.8 * (1.0 - self._lift) / self.slope

    @property
    def _lift(self) -> float:
        return (self.bend * self.slope + (1.0 - self.bend) * self.corner) * self.toe

    def rise(self) -> Shape:
        """From -1 (no force) at 0 s up to 0 (body weight)."""
        if self.toe == 0.0:
            return Shape((0.0, self.length), (-1.0, 0.0), (self.slope, 0.0))
        return Shape((0.0, self.toe, self.length), (-1.0, self._lift - 1.0, 0.0), (self.corner, self.slope, 0.0))

    def fall(self, end: float) -> Shape:
        """The mirror image: from 0 down to -1 at `end`."""
        up = self.rise()
        return Shape(
            tuple(end - t for t in reversed(up.knots)),
            tuple(reversed(up.values)),
            tuple(-s for s in reversed(up.slopes)),
        )


def phase(length: float, fixed: Sequence[Shape], free: Sequence[Shape] = (), amplitudes: Sequence[float] = ()) -> PPoly:
    """Net force f - 1 over [0, length] as the sum of shapes, exactly."""
    shapes = [*fixed, *free]
    knots = np.unique(np.clip([0.0, length, *(k for s in shapes for k in s.knots)], 0.0, length))
    weights = [*([1.0] * len(fixed)), *amplitudes]
    pairs = [s.at(knots) for s in shapes]
    value = sum((w * p[0] for w, p in zip(weights, pairs, strict=True)), np.zeros_like(knots))
    slope = sum((w * p[1] for w, p in zip(weights, pairs, strict=True)), np.zeros_like(knots))
    return CubicHermiteSpline(knots, value, slope)


def constant(length: float, value: float) -> PPoly:
    """Net force that does not change: 0 in quiet standing, -1 in the air."""
    return PPoly(np.array([[0.0], [0.0], [0.0], [value]]), np.array([0.0, length]))


def gain(net: PPoly, g: float) -> tuple[float, float]:
    """Change of velocity, and of displacement from rest, over a phase."""
    velocity = net.antiderivative()
    length = net.x[-1]
    return g * float(velocity(length)), g * float(velocity.antiderivative()(length))


def solve(
    length: float,
    fixed: Sequence[Shape],
    free: Sequence[Shape],
    velocity: float,
    displacement: float | None,
    g: float,
) -> PPoly:
    """The phase whose free shapes are scaled so that it gains `velocity` (and `displacement` from rest)."""
    base = np.array(gain(phase(length, fixed), g))
    gains = np.array([gain(phase(length, [s]), g) for s in free]).T
    rows = slice(0, 1) if displacement is None else slice(0, 2)
    wanted = np.array([velocity, 0.0 if displacement is None else displacement])
    amplitudes = np.linalg.solve(gains[rows], (wanted - base)[rows])
    return phase(length, fixed, free, list(amplitudes))


def join(phases: Sequence[PPoly]) -> PPoly:
    """Phases one after the other; force may jump or bend between them."""
    starts = np.cumsum([0.0, *(p.x[-1] for p in phases)])
    knots = [starts[:1], *(start + p.x[1:] for start, p in zip(starts, phases, strict=False))]
    return PPoly(np.concatenate([p.c for p in phases], axis=1), np.concatenate(knots))


def refined(poly: PPoly, knots: Floats) -> PPoly:
    """The same piecewise polynomial in smaller pieces: `knots` hold its own."""
    here, order = knots[:-1], poly.c.shape[0]
    factor, rows, part = 1.0, [], poly
    for degree in range(order):
        rows.append(part(here) / factor)
        part, factor = part.derivative(), factor * (degree + 1)
    return PPoly(np.array(rows[::-1]), knots)


def add(one: PPoly, other: PPoly) -> PPoly:
    """The sum of two piecewise cubics over the same interval."""
    knots = np.unique(np.concatenate([one.x, other.x]))
    return PPoly(refined(one, knots).c + refined(other, knots).c, knots)


def times(one: PPoly, other: PPoly) -> PPoly:
    """The product of two piecewise polynomials over the same interval, exactly."""
    knots = np.unique(np.concatenate([one.x, other.x]))
    a, b = refined(one, knots).c, refined(other, knots).c
    return PPoly(np.array([np.convolve(a[:, i], b[:, i]) for i in range(a.shape[1])]).T, knots)


@dataclass(frozen=True, eq=False)
class Motion:
    """Net force in multiples of body weight over the whole record, with its exact integrals."""

    net: PPoly
    velocity: PPoly
    displacement: PPoly

    @classmethod
    def from_net(cls, net: PPoly, g: float, speed: float = 0.0) -> Motion:
        """From rest at the first instant, or from a speed, m/s."""
        scaled = PPoly(net.c * g, net.x)
        velocity = scaled.antiderivative()
        velocity.c[-1] += speed
        return cls(net, velocity, velocity.antiderivative())

    def power(self, g: float, mass: float) -> PPoly:
        """F·v as one polynomial a piece, W."""
        force, velocity = self.net.c.copy() * mass * g, self.velocity.c
        force[-1] += mass * g
        pieces = [np.convolve(force[:, i], velocity[:, i]) for i in range(force.shape[1])]
        return PPoly(np.array(pieces).T, self.net.x)


def crossings(poly: PPoly, level: float, start: float, end: float) -> Floats:
    """Times in [start, end] at which a piecewise polynomial passes a level."""
    roots = np.asarray(poly.solve(level, extrapolate=False))
    roots = roots[np.isfinite(roots)]
    return np.asarray(np.sort(roots[(roots >= start) & (roots <= end)]), dtype=np.float64)


def extreme(poly: PPoly, start: float, end: float, pick: Callable[[Any], Any] = np.argmax) -> tuple[float, float]:
    """Time and value of the largest (or, with argmin, smallest) value in [start, end]."""
    times = np.r_[start, crossings(poly.derivative(), 0.0, start, end), poly.x[(poly.x > start) & (poly.x < end)], end]
    values = poly(times)
    values[-1] = poly(np.nextafter(end, start))
    best = int(pick(values))
    return float(times[best]), float(values[best])
