"""What a figure draws: the forces of a repetition and the velocity that its numbers imply, thinned.

The velocity is drawn from the weight and touchdown velocity of the results, for the eye only; no number comes
from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hipdrive.report.words import clean
from hipdrive.results import Results
from hipdrive.trial import BOX, LEFT, RIGHT, Trial

Floats = NDArray[np.float64]

AROUND = 0.5
"""Seconds shown before and after a repetition."""

POINTS = 700
"""Pairs of smallest and largest value a curve is thinned to: finer than a laptop's pixels."""


@dataclass(frozen=True)
class Curve:
    """Times and values of one line."""

    t: Floats
    y: Floats


def total(trial: Trial) -> Floats:
    """Force on the athlete, N: every plate but the one under a box."""
    on = [row for row, plate in enumerate(trial.plates) if plate != BOX or len(trial.plates) == 1]
    return np.asarray(trial.fz[on].sum(axis=0), dtype=np.float64)


def forces(trial: Trial) -> dict[str, Floats]:
    """The lines of the force figure by name: total, and each of two plates."""
    feet = [row for row, plate in enumerate(trial.plates) if plate != BOX]
    if trial.plates == (RIGHT, LEFT):
        feet.reverse()
    each = {clean(trial.plates[row]): trial.fz[row] for row in feet} if len(feet) == 2 else {}
    return {"total": total(trial), **each}


def bounds(rep: Results) -> dict[str, float]:
    """The events between which the phases of a repetition lie, s; those not found are left out."""
    from hipdrive.analysis.phases import phases_of

    names = [name for phase in phases_of(rep) for name in (phase.start, phase.end)]
    found = {name: rep.events[name].t for name in names if name in rep.events}
    return {name: t for name, t in found.items() if math.isfinite(t)}


def window(trial: Trial, rep: Results) -> tuple[float, float]:
    """The time that a repetition's figure covers, s: its phases and half a second around."""
    times = bounds(rep).values()
    if not times:
        return 0.0, trial.duration
    return max(0.0, min(times) - AROUND), min(trial.duration, max(times) + AROUND)


def cut(values: Floats, rate: float, start: float, end: float, points: int = POINTS) -> Curve:
    """A piece of a signal, thinned so that every peak stays.

    >>> cut(np.r_[np.zeros(5000), 9.0, np.zeros(5000)], 1000.0, 0.0, 10.0).y.max()
    np.float64(9.0)
    """
    first, last = max(0, math.floor(start * rate)), min(len(values), math.ceil(end * rate) + 1)
    at = first + thin(values[first:last], points)
    return Curve(at / rate, values[at])


def thin(values: Floats, points: int) -> NDArray[np.int64]:
    """Indices of the smallest and largest value in each of `points` stretches; all of a short signal."""
    size = len(values)
    if size <= 2 * points:
        return np.arange(size)
    bounds = np.linspace(0, size, points + 1).astype(np.int64)
    pairs = [(a + values[a:b].argmin(), a + values[a:b].argmax()) for a, b in pairwise(bounds.tolist())]
    return np.unique(np.r_[0, np.ravel(pairs), size - 1])


def velocity(trial: Trial, rep: Results, force: Floats) -> Curve | None:
    """Vertical velocity over the repetition, m/s, or None where it was not weighed."""
    anchor = _anchor(rep)
    ends = bounds(rep).values()
    weight = rep["system_weight"].value if "system_weight" in rep else math.nan
    if anchor is None or not ends or not math.isfinite(weight):
        return None
    start, speed = anchor
    first, last = round(start * trial.rate), min(len(force), math.ceil(max(ends) * trial.rate) + 1)
    push = (force[first:last] - _zero(trial, rep, force) - weight) / (weight / 9.80665)
    steps = np.r_[0.0, (push[1:] + push[:-1]) / 2.0 / trial.rate]
    speeds = speed + np.cumsum(steps)
    at = thin(speeds, POINTS)
    return Curve((first + at) / trial.rate, speeds[at])


def _anchor(rep: Results) -> tuple[float, float] | None:
    """An instant at which the velocity is known: the start at rest, or the touchdown of a drop jump."""
    if "first_contact" in rep.events and "touchdown_velocity" in rep:
        found = rep.events["first_contact"].t, rep["touchdown_velocity"].value
    elif "onset" in rep.events:
        found = rep.events["onset"].t, 0.0
    else:
        return None
    return found if all(map(math.isfinite, found)) else None


def _zero(trial: Trial, rep: Results, force: Floats) -> float:
    """The plate's zero, N: its mean in the middle of the flight."""
    off, on = (rep.events[name].t if name in rep.events else math.nan for name in ("takeoff", "touchdown"))
    if not math.isfinite(on - off):
        return 0.0
    trim = 0.2 * (on - off)
    air = force[round((off + trim) * trial.rate) : round((on - trim) * trial.rate)]
    return float(air.mean()) if len(air) else 0.0
