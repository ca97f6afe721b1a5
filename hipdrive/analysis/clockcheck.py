"""Whether the clock that somebody gave to a motion can be: the centre of mass tells where plates and camera agree."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from hipdrive.analysis import quality
from hipdrive.analysis.freefall import WRONG, free_fall
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import COM, SAME_FILE, match
from hipdrive.errors import HipdriveError
from hipdrive.results import Finding
from hipdrive.trial import ClockMap, Trial

SURE = 3.0
"""Standard errors by which the two have to differ: 1.96 would blame one right clock in twenty."""

FREE, FLIGHTS = 0.05, (0.15, 1.2)
"""Part of the usual load below which nobody stands on the plates, and s between which that is a flight."""

SCALE_U95 = 0.04
"""Of metres that come from a plate's corners, and of a body beside its plane."""


def clock_finding(trial: Trial, motion: Motion, clock: ClockMap, profile: Profile) -> Finding | None:
    """What the centre of mass says against a clock that was not found by it; None where it says nothing."""
    if motion.com is None or clock.method == COM:
        return None
    try:
        found = match(trial, motion, profile)
    except HipdriveError as why:
        if why.code != "sync_misfit" or clock.method == SAME_FILE:
            return None
        return quality.finding("motion_misfit", clock.offset, quality.WARNED)
    middle = float(found.times.mean())
    away = float(clock.to_force((middle - found.clock.offset) / found.clock.slope)) - middle
    if abs(away) <= SURE * math.hypot(found.clock.standard_error, clock.standard_error):
        return None
    return quality.finding("motion_clock", away, quality.WARNED)


def fall_finding(trial: Trial, motion: Motion, clock: ClockMap) -> Finding | None:
    """What the flight says against the times of a clip: whoever flies falls with g, or the clip is in slow motion.

    None where nobody flies, or the clip has no metres of its own.
    """
    flight = _flight(trial)
    if motion.com is None or flight is None or not any(one.name == motion.clock for one in trial.footage):
        return None
    # only the slope of the clock is of interest: the flight is looked for where the clock puts it
    first, last = ((t - clock.offset) / clock.slope for t in flight)
    try:
        found = free_fall(motion.times, motion.com[:, 2], takeoff=first, touchdown=last, scale_u95=SCALE_U95)
    except HipdriveError:
        return None
    return quality.finding("time_scale", found.slowness, quality.WARNED) if found.verdict == WRONG else None


def _flight(trial: Trial) -> tuple[float, float] | None:
    """From when to when nobody was on the plates between two loads, s; the longest such time that can be a flight."""
    force = trial.fz.sum(axis=0)
    loaded = force > FREE * float(np.percentile(force, 90.0))
    edges = np.flatnonzero(np.diff(loaded.astype(np.int8)))
    spans = [(a, b) for a, b in pairwise(edges.tolist())
             if loaded[a] and FLIGHTS[0] <= (b - a) / trial.rate <= FLIGHTS[1]]  # fmt: skip
    if not spans:
        return None
    a, b = max(spans, key=lambda one: one[1] - one[0])
    return float(a / trial.rate), float(b / trial.rate)
