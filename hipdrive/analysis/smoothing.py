"""A zero-lag low-pass for times that need not be even, with its velocity: one cut-off in Hz for every joint.

A cubic smoothing spline whose samples weigh as much as the time they stand for answers a sine of frequency f by
1 / (1 + (f/f0)^4), as a second-order Butterworth filter does that runs forwards and back, at any sampling
(Reinsch 1967; Woltring 1985). Its stiffness is set so that the stated cut-off passes half of the power (-3 dB).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Locked

HALF_POWER = math.sqrt(2.0) - 1.0
"""(f/f0)^4 where the amplitude is 1/sqrt(2)."""

HEAVIEST = 2.0
"""Median steps: what a sample beside a gap can stand for at most."""

FEWEST = 5
"""Frames below which nothing is smoothed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Smoothing(Locked):
    """The low-pass of one set of times: a linear map, made once and used on many columns.

    times : ndarray, shape (frames,), s, rising. cutoff : Hz, half power. weights : ndarray, shape (frames,), s.
    stiffness : s^4. factor : banded Cholesky factor of the system for the second derivatives.
    """

    times: Floats
    cutoff: float
    weights: Floats
    stiffness: float
    factor: Floats

    def __call__(self, values: Floats) -> tuple[Floats, Floats]:
        """Values of shape (frames,) or (frames, m), all finite -> smooth values and their velocities a second."""
        smooth, bend = self._solved(values)
        step = np.diff(self.times).reshape(-1, *[1] * (smooth.ndim - 1))
        slope = np.diff(smooth, axis=0) / step
        velocity = np.empty_like(smooth)
        velocity[:-1] = slope - step / 6.0 * (2.0 * bend[:-1] + bend[1:])
        velocity[-1] = slope[-1] + step[-1] / 6.0 * bend[-2]
        return smooth, velocity

    def at(self, values: Floats, moments: Floats, derivative: int = 0) -> Floats:
        """The smooth curve, or its first or second derivative, at any times within the record, (moments, ...)."""
        smooth, bend = self._solved(values)
        moments = np.asarray(moments, dtype=np.float64)
        left = np.clip(np.searchsorted(self.times, moments, side="right") - 1, 0, len(self.times) - 2)
        shape = (-1, *[1] * (smooth.ndim - 1))
        step = np.diff(self.times)[left].reshape(shape)
        b = (moments - self.times[left]).reshape(shape) / step
        a = 1.0 - b
        low, high, bend_low, bend_high = smooth[left], smooth[left + 1], bend[left], bend[left + 1]
        if derivative == 0:
            bent = (a**3 - a) * bend_low + (b**3 - b) * bend_high
            return np.asarray(a * low + b * high + bent * step**2 / 6.0)
        if derivative == 1:
            bent = (3.0 * b**2 - 1.0) * bend_high - (3.0 * a**2 - 1.0) * bend_low
            return np.asarray((high - low) / step + bent * step / 6.0)
        return np.asarray(a * bend_low + b * bend_high)

    def _solved(self, values: Floats) -> tuple[Floats, Floats]:
        """Smooth values and second derivatives at the times."""
        from scipy.linalg import cho_solve_banded

        y = np.asarray(values, dtype=np.float64)
        step = np.diff(self.times).reshape(-1, *[1] * (y.ndim - 1))
        bend = np.zeros_like(y)
        bend[1:-1] = cho_solve_banded((self.factor, False), np.diff(np.diff(y, axis=0) / step, axis=0))
        jump = np.diff(bend, axis=0) / step
        force = np.zeros_like(y)
        force[:-1] += jump
        force[1:] -= jump
        weights = self.weights.reshape(-1, *[1] * (y.ndim - 1))
        return y - self.stiffness / weights * force, bend


def smoothing(times: Floats, cutoff: float) -> Smoothing:
    """The low-pass of a set of times, even or not.

    Raises
    ------
    UsageError : times that do not rise, too few frames, or a cut-off that the frame rate does not carry.
    """
    from scipy.linalg import cholesky_banded

    t = np.asarray(times, dtype=np.float64)
    if t.ndim != 1 or len(t) < FEWEST or not np.isfinite(t).all() or not (np.diff(t) > 0.0).all():
        raise UsageError("smoothing", f"motion needs at least {FEWEST} frames with rising times to be smoothed")
    h = np.diff(t)
    usual = float(np.median(h))
    if not 0.0 < cutoff < 0.5 / usual:
        raise UsageError("smoothing", f"a cut-off of {cutoff:g} Hz does not suit {1.0 / usual:.4g} frames a second; "
                         f"stay below {0.5 / usual:.3g} Hz")  # fmt: skip
    own = np.concatenate(([h[0]], 0.5 * (h[:-1] + h[1:]), [h[-1]]))
    weights = np.minimum(own, HEAVIEST * usual)
    stiffness = HALF_POWER / float(stiffening(cutoff, usual))
    inverse = 1.0 / h
    first, middle, last = inverse[:-1], -(inverse[:-1] + inverse[1:]), inverse[1:]
    w0, w1, w2 = (stiffness / weights[i : len(t) - 2 + i] for i in range(3))
    bands = np.zeros((3, len(t) - 2))
    bands[2] = (h[:-1] + h[1:]) / 3.0 + w0 * first**2 + w1 * middle**2 + w2 * last**2
    bands[1, 1:] = h[1:-1] / 6.0 + w1[:-1] * middle[:-1] * first[1:] + w2[:-1] * last[:-1] * middle[1:]
    bands[0, 2:] = w2[:-2] * last[:-2] * first[2:]
    return Smoothing(times=t, cutoff=cutoff, weights=weights, stiffness=stiffness, factor=cholesky_banded(bands))


def stiffening(frequency: float | Floats, step: float) -> Floats:
    """What stands for (2 pi f)^4 at even frames `step` seconds apart, s^-4."""
    cosine = np.cos(2.0 * np.pi * np.asarray(frequency) * step)
    return np.asarray(3.0 * (2.0 - 2.0 * cosine) ** 2 / (step**4 * (2.0 + cosine)))


def low_passed(times: Floats, values: Floats, cutoff: float, gap: float) -> tuple[Floats, Floats]:
    """One column with holes (NaN) -> its smooth values and velocities, NaN where it was unseen for too long.

    gap : s; a hole up to this length is bridged by the smooth curve, a longer one parts the record.
    """
    smooth, velocity = (np.full(len(times), np.nan) for _ in range(2))
    for first, last in pieces(times, values, gap):
        rows = np.arange(first, last + 1)
        seen = rows[np.isfinite(values[rows])]
        if len(seen) < FEWEST or cutoff >= 0.5 / float(np.median(np.diff(times[seen]))):
            continue
        curve = smoothing(times[seen], cutoff)
        smooth[rows] = curve.at(values[seen], times[rows])
        velocity[rows] = curve.at(values[seen], times[rows], 1)
    return smooth, velocity


def pieces(times: Floats, values: Floats, gap: float) -> list[tuple[int, int]]:
    """First and last frame of each stretch in which nothing is unseen for longer than `gap` seconds."""
    seen = np.flatnonzero(np.isfinite(values))
    if not len(seen):
        return []
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    breaks = np.flatnonzero(np.diff(times[seen]) > gap + 1.001 * usual)
    starts, ends = [0, *(breaks + 1)], [*breaks, len(seen) - 1]
    return [(int(seen[a]), int(seen[b])) for a, b in zip(starts, ends, strict=True)]


def noise_sd(times: Floats, values: Floats, cutoff: float, gap: float) -> float:
    """Standard deviation of the noise of a column, taken as white: what the low-pass leaves over, made whole.

    Movement faster than the cut-off counts as noise, so this is rather too large than too small; NaN where the
    frames are too few to tell.
    """
    smooth, _ = low_passed(times, values, cutoff, gap)
    rest = (values - smooth)[np.isfinite(values - smooth)]
    if len(rest) < 4 * FEWEST:
        return math.nan
    usual = float(np.median(np.diff(times)))
    frequencies = np.linspace(0.0, 0.5 / usual, 513)[1:]
    passed = 1.0 / (1.0 + HALF_POWER * stiffening(frequencies, usual) / stiffening(cutoff, usual))
    share = float(np.sqrt(np.mean((1.0 - passed) ** 2)))
    return float(1.4826 * np.median(np.abs(rest - np.median(rest)))) / share
