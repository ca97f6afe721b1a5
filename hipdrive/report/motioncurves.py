"""What a picture of hip drive draws beside the lanes: smooth angles and velocities on the clock of the force.

For the eye only; no number comes from it. A window and a report draw the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.body import ANGLE, EXTENDS
from hipdrive.analysis.kinematics import cutoff_of
from hipdrive.analysis.profile import Profile, load_profile
from hipdrive.analysis.seen import seen
from hipdrive.analysis.smoothing import FEWEST, pieces, smoothing
from hipdrive.errors import HipdriveError
from hipdrive.report.curves import Floats
from hipdrive.results import Analysis
from hipdrive.trial import ClockMap, Trial

FAR = 1.0
"""s beyond the picture that are smoothed with it."""

FINE = 0.002
"""s between points of a drawn curve."""


@dataclass(frozen=True)
class MotionCurves:
    """Angles, deg, and velocities of extension, deg/s, of hip, knee and ankle at times t, s; mean of both legs."""

    t: Floats
    angles: Mapping[str, Floats]
    velocities: Mapping[str, Floats]


def curves(trial: Trial, analysis: Analysis, start: float, end: float) -> MotionCurves | None:
    """The curves of a stretch of time, None where no joint was seen in it.

    Times are the force's where a clock joins the two, else those of the motion.
    """
    found = seen(trial) if trial.tracks else None
    if found is None or found.motion is None:
        return None
    motion, clock = found.motion, found.clock or ClockMap(offset=0.0)
    times = clock.to_force(motion.times)
    rows = (times >= start - FAR) & (times <= end + FAR)
    names = {joint: name for joint, name in ANGLE.items() if name in motion.angles}
    if int(rows.sum()) < 10 or not names:
        return None
    profile = _rules(analysis)
    cutoff = cutoff_of(motion, profile)
    t = np.arange(max(start, float(times[rows][0])), min(end, float(times[rows][-1])), FINE)
    drawn = {joint: _smooth(times[rows], motion.angles[name][rows], t, cutoff, profile.motion_gap)
             for joint, name in names.items()}  # fmt: skip
    if not any(np.isfinite(value).any() for value, _ in drawn.values()):
        return None
    return MotionCurves(
        t,
        {joint: value for joint, (value, _) in drawn.items()},
        {joint: EXTENDS[joint] * velocity for joint, (_, velocity) in drawn.items()},
    )


def _smooth(times: Floats, values: Floats, t: Floats, cutoff: float, gap: float) -> tuple[Floats, Floats]:
    """A joint's smooth angle and velocity at times t, NaN where it was hidden for too long."""
    value, velocity = np.full(len(t), np.nan), np.full(len(t), np.nan)
    for first, last in pieces(times, values, gap):
        at = np.flatnonzero(np.isfinite(values[first : last + 1])) + first
        inside = (t >= times[first]) & (t <= times[last])
        if len(at) >= FEWEST and inside.any() and cutoff < 0.5 / float(np.median(np.diff(times[at]))):
            curve = smoothing(times[at], cutoff)
            value[inside] = curve.at(values[at], t[inside])
            velocity[inside] = curve.at(values[at], t[inside], 1)
    return value, velocity


def _rules(analysis: Analysis) -> Profile:
    """The profile by which the trial was analysed, as its provenance tells it."""
    told = analysis.provenance.get("parameters", {})
    try:
        return load_profile("hipdrive", {k: v for k, v in told.items() if k.startswith(("motion_", "marker_"))})
    except HipdriveError:
        return load_profile("hipdrive")
