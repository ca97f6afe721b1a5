"""Whether the clock that somebody gave to a motion can be: the centre of mass tells where plates and camera agree."""

from __future__ import annotations

import math

from hipdrive.analysis import quality
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import COM, SAME_FILE, match
from hipdrive.errors import HipdriveError
from hipdrive.results import Finding
from hipdrive.trial import ClockMap, Trial

SURE = 3.0
"""Standard errors by which the two have to differ: 1.96 would blame one right clock in twenty."""


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
