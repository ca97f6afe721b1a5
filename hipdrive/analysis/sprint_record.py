"""The part of a timed run that the model can speak of, or the reason why there is none.

Of splits every gate behind the start; of a radar or laser what lies between the first movement and the end of the
fastest stretch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hipdrive.analysis.sprint_rules import SprintRules
from hipdrive.timedrun import POSITIONS, SPLITS, VELOCITY, TimedRun
from hipdrive.trial import Floats

FASTEST = 13.5
"""m/s; nobody ever ran so fast over any section."""

SLOWEST = 1.5
"""m/s over a section of gates; slower is no sprint, or another unit."""

STANDING = {VELOCITY: 0.2, POSITIONS: 0.5}
"""s of standing before the first movement that are fitted, too: so that no noisy sample decides where the run begins,
and of a laser that the place of the start is known.
"""

SPEED_WINDOW = 0.2
"""s over which a laser's distances are made into a speed, to find start and end."""

FEWEST = 20
"""Samples of a radar or laser."""


class Used(NamedTuple):
    """Times and values that are fitted; `origin` is the record's time at which those times are 0."""

    time: Floats
    value: Floats
    origin: float = 0.0
    code: str = ""


def used(run: TimedRun, rules: SprintRules) -> Used:
    """What of a run is fitted."""
    there = np.isfinite(run.time) & np.isfinite(run.value)
    t, y = run.time[there], run.value[there]
    if run.kind == SPLITS:
        return _gates(t, y, rules)
    code = _wrong(t, y, run.kind)
    return _refused(code) if code else _moving(t, y, run.kind, rules)


def _refused(code: str) -> Used:
    return Used(np.zeros(0), np.zeros(0), 0.0, code)


def _gates(t: Floats, x: Floats, rules: SprintRules) -> Used:
    order = np.argsort(x, kind="stable")
    t, x = t[order], x[order]
    origin = 0.0
    if len(x) and x[0] == 0.0:
        # a gate on the start line starts the clock; it measures nothing
        origin, t, x = float(t[0]), t[1:] - t[0], x[1:]
    parameters = 3 if rules.fixed_shift is None else 2
    if (x < 0.0).any():
        return _refused("gate_behind")
    if (np.diff(x) <= 0.0).any():
        return _refused("gate_twice")
    if len(x) and (t[0] <= 0.0 or (np.diff(t) <= 0.0).any()):
        return _refused("times_not_rising")
    if len(x) < parameters:
        return _refused("few_gates")
    sections = np.diff(np.concatenate([[0.0], x])) / np.diff(np.concatenate([[0.0], t]))
    # the first section may begin with speed, or hold a reaction time
    if (sections[1:] > FASTEST).any() or x[-1] / t[-1] > FASTEST:
        return _refused("run_too_fast")
    if (sections[1:] < SLOWEST).any():
        return _refused("run_too_slow")
    return Used(t, x + rules.behind, origin)


def _wrong(t: Floats, y: Floats, kind: str) -> str:
    if len(t) < FEWEST:
        return "few_samples"
    if (np.diff(t) <= 0.0).any():
        return "clock_not_rising"
    if kind == VELOCITY:
        top = float(np.quantile(y, 0.95))
        return "speed_unit" if top > FASTEST else "run_too_slow" if top < SLOWEST else ""
    if np.median(np.diff(t)) > SPEED_WINDOW:
        return "few_samples"
    return ""


def _moving(t: Floats, y: Floats, kind: str, rules: SprintRules) -> Used:
    speed = y if kind == VELOCITY else slope(t, y, SPEED_WINDOW)
    smooth = _mean(t, speed, rules.plateau_window)
    top = float(smooth.max())
    if top > FASTEST:
        return _refused("run_too_fast")
    if top < SLOWEST:
        return _refused("run_too_slow" if abs(float(smooth.min())) < SLOWEST else "run_backwards")
    last = int(np.flatnonzero(smooth >= rules.plateau * top)[-1])
    half = int(np.flatnonzero(smooth >= 0.5 * top)[0])
    still = np.flatnonzero(speed[:half] <= rules.onset_speed)
    first = int(still[-1]) if len(still) else 0
    origin = float(t[first])
    begin = int(np.searchsorted(t, origin - STANDING[kind]))
    if last + 1 - begin < FEWEST:
        return _refused("few_samples")
    return Used(t[begin : last + 1] - origin, y[begin : last + 1], origin)


def _window(t: Floats, seconds: float) -> int:
    """Samples on each side of the middle of a window."""
    return max(1, min(round(seconds / float(np.median(np.diff(t))) / 2.0), (len(t) - 1) // 2))


def _mean(t: Floats, y: Floats, seconds: float) -> Floats:
    """Running mean, over what there is at the ends."""
    half = _window(t, seconds)
    sums = np.concatenate([[0.0], np.cumsum(y)])
    i = np.arange(len(y))
    low, high = np.maximum(i - half, 0), np.minimum(i + half + 1, len(y))
    mean: Floats = (sums[high] - sums[low]) / (high - low)
    return mean


def slope(t: Floats, x: Floats, seconds: float) -> Floats:
    """Speed by the distance between both ends of a window."""
    half = _window(t, seconds)
    i = np.arange(len(x))
    low, high = np.maximum(i - half, 0), np.minimum(i + half, len(x) - 1)
    return (x[high] - x[low]) / (t[high] - t[low])
