"""Height of the centre of mass by the plates' force, and where in a record it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import HipdriveError, sentence
from hipdrive.trial import Floats, Trial

LOADED = 0.1
"""Of weight: less than this is no load."""

LONGEST_FLIGHT, LEAST_STANCE = 1.3, 0.05
"""s: longer without load nobody flies; a shorter touch of the plate is none."""

LEAD = 0.15
"""s before the first contact in which whoever comes down onto the plates falls freely."""

MOVING = 0.06
"""Of weight: what departs more from it, smoothed over 20 ms, is movement."""


@dataclass(frozen=True, eq=False)
class Plates:
    """Total vertical force with its integrals; sample k at k/rate, s.

    stretches : (first, last) sample of each time in which the plates carry all of the body, flights between included.
    weight : what the force is divided by, N: the mass that was given, the longest stillness, else the median of the
        loaded samples, which need not be the weight. A match does not need it.
    """

    force: Floats
    rate: float
    weight: float
    g: float
    stretches: tuple[tuple[int, int], ...]

    @cached_property
    def times(self) -> Floats:
        """Of every sample, s."""
        return np.arange(len(self.force)) / self.rate

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """Samples within a stretch."""
        found = np.zeros(len(self.force), dtype=bool)
        for first, last in self.stretches:
            found[first : last + 1] = True
        return found

    @cached_property
    def moving(self) -> NDArray[np.bool_]:
        """Samples of a stretch in which the body moves."""
        from scipy.ndimage import uniform_filter1d

        away = np.abs(uniform_filter1d(self.force, max(1, round(0.02 * self.rate))) - self.weight)
        return np.asarray(self.usable & (away > MOVING * self.weight))

    @cached_property
    def acceleration(self) -> Floats:
        """Of the centre of mass within the stretches, 0 elsewhere, m/s²."""
        lead = round(LEAD * self.rate)
        near = self.usable.copy()
        for first, last in self.stretches:
            near[max(0, first - lead) : last + 1] = True
        return np.where(near, (self.force / self.weight - 1.0) * self.g, 0.0)

    @cached_property
    def _curves(self) -> tuple[Any, Any]:
        from scipy.interpolate import CubicHermiteSpline

        a, dt = self.acceleration, 1.0 / self.rate
        v = np.concatenate([[0.0], np.cumsum(0.5 * (a[1:] + a[:-1])) * dt])
        y = np.concatenate([[0.0], np.cumsum(v[:-1] * dt + (2.0 * a[:-1] + a[1:]) / 6.0 * dt * dt)])
        height = CubicHermiteSpline(self.times, y, v)
        return height, height.derivative()

    def height(self, times: Floats) -> Floats:
        """Double integral of the acceleration, m: right but for a quadratic in each stretch."""
        return np.asarray(self._curves[0](np.clip(times, 0.0, self.times[-1])))

    def speed(self, times: Floats) -> Floats:
        """Its slope, m/s."""
        return np.asarray(self._curves[1](np.clip(times, 0.0, self.times[-1])))


def plates_of(trial: Trial, g: float) -> Plates:
    """What the plates of a trial know of the centre of mass.

    Raises
    ------
    HipdriveError : nobody is on them, or the record is too short.
    """
    force = trial.fz.sum(axis=0)
    force = force - _zero(force)
    high = float(np.percentile(force, 95)) if len(force) else 0.0
    if len(force) < 16 or high < 50.0:
        raise HipdriveError("no_load", f"{trial.file or 'trial'}: {sentence('no_load')}")
    weight = trial.mass * g if trial.mass else _still(force, trial.rate, high)
    loaded = force > LOADED * weight
    return Plates(force, trial.rate, weight, g, tuple(_stretches(loaded, trial.rate)))


def _zero(force: Floats) -> float:
    """What an empty plate shows, where it is empty for a while; else 0."""
    low = force[np.abs(force) < 20.0]
    return float(np.median(low)) if len(low) > 0.05 * len(force) else 0.0


STILL_TIME, STILL_BAND = 0.5, 0.02
"""s, and part of the force: a stretch so long within this band of its mean is stillness."""


def _still(force: Floats, rate: float, high: float) -> float:
    """Mean of the stillest half second with load, or the median of what is loaded where nobody stands still."""
    n = max(4, round(STILL_TIME * rate))
    if len(force) >= n:
        sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (force, force * force))
        mean = (sums[n:] - sums[:-n]) / n
        spread = np.sqrt(np.maximum((squares[n:] - squares[:-n]) / n - mean * mean, 0.0))
        spread[mean < 0.2 * high] = np.inf
        best = int(np.argmin(spread))
        if spread[best] < STILL_BAND * mean[best]:
            return float(mean[best])
    return float(np.median(force[force > 0.2 * high]))


def _stretches(loaded: NDArray[np.bool_], rate: float) -> list[tuple[int, int]]:
    """Runs of load with the flights between them."""
    edges = np.flatnonzero(np.diff(np.r_[False, loaded, False].astype(np.int8)))
    runs = [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > LEAST_STANCE * rate]
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        if joined and first - joined[-1][1] <= LONGEST_FLIGHT * rate:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined
