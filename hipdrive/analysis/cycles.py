"""Bending and straightening seen in the motion alone: squats, and jumps whose force has no clock in common with it.

What needs no force is given of each: how deep the joints bend, how fast they extend and, where that has a time at
all, when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from hipdrive.analysis.body import JOINTS, Body
from hipdrive.analysis.kinematics import cutoff_of, smooth
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.moving import AHEAD, LONGEST, Drive, legs_of, value_of
from hipdrive.analysis.posture import fppa, knee_ankle_separation_ratio
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.registry import METRICS
from hipdrive.analysis.signal import Bools
from hipdrive.results import Movement, Value
from hipdrive.trial import ClockMap, Floats

MOST = 20
"""Movements of a record that are told."""

BENT = 0.4
"""s before the deepest point that are looked at: an extension that began by then is none of this bend."""

STRAIGHT = 0.05
"""Part of a bend that counts as straight."""

TIMED = ("hip_knee_delay", "knee_ankle_delay", "onset_sequence_hip_knee", "pd_sequence_class", "extension_overlap")
PARTS = ("extension_onset", "peak_extension_velocity_time", "extension_end", "peak_extension_velocity",
         "peak_extension_velocity_width")  # fmt: skip


class Cycle(NamedTuple):
    """One bend: when it begins, is deepest and is straight again, s on the motion's clock."""

    start: float
    low: float
    end: float


def cycles(motion: Motion, profile: Profile) -> list[Cycle]:
    """The bends of the knee, or the hip where no knee was seen, by more than `motion_bend_min`."""
    from scipy.signal import find_peaks

    name = next((n for n in ("knee_angle", "hip_angle") if n in motion.angles), None)
    if name is None:
        return []
    angle = smooth(motion, cutoff_of(motion, profile), profile.motion_gap, [name]).angles[name]
    seen = np.flatnonzero(np.isfinite(angle))
    if len(seen) < 3:
        return []
    times, bend = motion.times[seen], -angle[seen]
    tops, _ = find_peaks(bend, prominence=profile.motion_bend_min)
    limits = [0, *tops, len(bend) - 1]
    found = []
    for top, left, right in zip(tops, limits, limits[2:], strict=False):
        before = left + np.flatnonzero(_straight(bend[left : top + 1]))[-1]
        after = top + np.flatnonzero(_straight(bend[top : right + 1]))[0]
        found.append(Cycle(float(times[before]), float(times[top]), float(times[after])))
    return found[:MOST]


def _straight(bend: Floats) -> Bools:
    """Where a joint is bent by no more than a part of what lies between its straightest and its deepest."""
    return np.asarray(bend <= bend.min() + STRAIGHT * (bend.max() - bend.min()))


def movements(motion: Motion, clock: ClockMap | None, profile: Profile, side: str = "") -> tuple[Movement, ...]:
    """The numbers of each bend; times on the force's clock where there is one, else on the motion's."""
    found = []
    to_force = clock or ClockMap(offset=0.0)
    for number, cycle in enumerate(cycles(motion, profile), start=1):
        start, low, end = (float(t) for t in to_force.to_force(cycle))
        times = to_force.to_force(motion.times)
        stretch = max(start - AHEAD, low - BENT, float(times[0])), min(end + AHEAD, low + LONGEST, float(times[-1]))
        body = Body(motion, times, *stretch, profile, legs_of(motion, side))
        drive = Drive(body, "", {}, clock, (low, end))
        found.append(Movement(number, start, low, end, clock is not None, _numbers(drive)))
    return tuple(found)


def _numbers(drive: Drive) -> Mapping[str, Value]:
    found = {name: value_of(of, drive, "deg", "deepest_knee") for name, of in DEEPEST.items()}
    for function, name in ((fppa, "fppa"), (knee_ankle_separation_ratio, "knee_ankle_separation_ratio")):
        found[name] = value_of(function, drive, METRICS[name].unit, "deepest_knee")
    for name in (*(f"{joint}_{part}" for joint in JOINTS for part in PARTS), *TIMED):
        metric = METRICS[name]
        found[name] = value_of(metric.function, drive, metric.unit, metric.method)
    return found


def _deepest(joint: str) -> Callable[[Drive], Floats]:
    def of(drive: Drive) -> Floats:
        when = drive.lowest()
        return drive.body.over_legs(lambda leg: drive.body.at(drive.body.angle(joint, leg).value, when))

    return of


DEEPEST: Mapping[str, Callable[[Drive], Floats]] = {
    "hip_angle_deepest": _deepest("hip"),
    "knee_angle_deepest": _deepest("knee"),
    "ankle_dorsiflexion_deepest": _deepest("ankle"),
    "trunk_lean_deepest": lambda drive: drive.single("trunk_lean", drive.lowest()),
}
"""Angles where the knee is bent most, deg."""
