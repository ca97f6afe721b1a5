"""What a camera and a pose program make of a movement: noise of angles and points, and a clock of their own."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OU_TIME, POSTURE_TIME, WAVES = 0.012, 0.15, 150
"""s in which the noise of a pose program forgets itself; of the slow bias of posture; cosines that make the latter."""


def correlated(times: Floats, rng: Generator, sd: float, tau: float = OU_TIME) -> Floats:
    """Ornstein-Uhlenbeck noise of a given SD at uneven times."""
    kicks = rng.normal(size=len(times))
    keep = np.exp(-np.diff(times, prepend=times[0]) / tau)
    found, last = np.empty(len(times)), 0.0
    for k, (old, kick) in enumerate(zip(keep, kicks, strict=True)):
        last = old * last + np.sqrt(1.0 - old * old) * kick if k else kick
        found[k] = last
    return sd * found


def slow(times: Floats, rng: Generator, sd: float, tau: float = POSTURE_TIME) -> Floats:
    """A smooth Gaussian process with covariance sd²·exp(-dt²/(2·tau²))."""
    turns, starts = rng.normal(0.0, 1.0 / tau, WAVES), rng.uniform(0.0, 2.0 * np.pi, WAVES)
    return np.asarray(sd * np.sqrt(2.0 / WAVES) * np.cos(np.outer(times, turns) + starts).sum(axis=1))


def frames(start: float, end: float, rate: float, jitter: float, rng: Generator) -> Floats:
    """Times of frames within [start, end], s: a random phase, each frame within `jitter` of its place."""
    even = np.arange(start + rng.uniform(0.0, 1.0) / rate, end, 1.0 / rate)
    return np.asarray(np.sort(np.clip(even + rng.uniform(-jitter, jitter, len(even)), start, end)))
