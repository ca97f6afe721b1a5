"""One ground contact of a stride, from its instants and the motion: overstride, time to the foot, the other thigh.

Steps are no test yet, so these are functions with the same uncertainty as every number of a moving body.
"""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.body import Body, Refused
from hipdrive.analysis.geometry import sided
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.moving import Drive, legs_of, value_of
from hipdrive.analysis.profile import Profile
from hipdrive.results import Event, Value
from hipdrive.trial import ClockMap, Floats

AROUND = 0.15
"""s of motion taken before a contact and after it."""


def contact(motion: Motion, clock: ClockMap | None, touchdown: Event, toeoff: Event, profile: Profile) -> Drive:
    """One contact as a drive; its events are s on the clock of the force, or of the motion where there is none."""
    to_force = clock or ClockMap(offset=0.0)
    times = to_force.to_force(motion.times)
    stretch = max(touchdown.t - AROUND, float(times[0])), min(toeoff.t + AROUND, float(times[-1]))
    body = Body(motion, times, *stretch, profile, legs_of(motion, ""))
    return Drive(body, "steps", {"touchdown": touchdown, "takeoff": toeoff}, to_force, (touchdown.t, toeoff.t))


def touchdown_distance(step: Drive, leg: str) -> Value:
    """How far the toe is ahead of the centre of mass at touchdown, m."""
    return value_of(lambda d: d.legs("toe_ahead", d.event("touchdown")), step.of(leg), "m", "toe_ahead_of_com")


def overstride(step: Drive, leg: str) -> Value:
    """Whether the toe is further ahead at touchdown than `overstride_limit` by more than its uncertainty.

    False where it is not by more than its uncertainty; refused where the uncertainty covers the limit.
    """
    ahead = touchdown_distance(step, leg)

    def decided(_: Drive) -> Value:
        room = ahead.value - step.profile.overstride_limit
        if abs(room) <= ahead.u95:
            raise Refused("not_resolved")
        return Value(float(room > 0.0), "bool", method="touchdown_distance_beyond_u95")

    if ahead.code:
        return Value(ahead.value, "bool", method=ahead.method, why=ahead.why, code=ahead.code)
    return value_of(decided, step, "bool", "touchdown_distance_beyond_u95")


def com_over_foot_time(step: Drive, leg: str) -> Value:
    """From touchdown until the centre of mass is over the toe, s; zero where the foot lands behind it."""

    def of(d: Drive) -> Floats:
        touchdown = d.event("touchdown")
        curves = d.body.curves(sided("toe_ahead", leg)).value
        part = d.inside(d.push[0], d.push[1])
        behind = curves[:, part] <= 0.0
        if not behind[0].any():
            raise Refused("no_event")
        first = behind.argmax(axis=1)
        grid, rows = d.body.grid[part], np.arange(len(curves))
        before = np.maximum(first - 1, 0)
        low, high = curves[:, part][rows, before], curves[:, part][rows, first]
        part_of = np.where(low > high, low / np.where(low > high, low - high, 1.0), 0.0)
        when = grid[before] + np.clip(part_of, 0.0, 1.0) * (grid[first] - grid[before])
        ahead = d.body.at(curves, touchdown) > 0.0
        return np.where(ahead, np.maximum(when - touchdown, 0.0), 0.0)

    return value_of(of, step, "s", "com_over_toe")


def swing_thigh_peak(step: Drive, leg: str) -> Value:
    """Largest angle of the swing leg's thigh, forward of hanging, within the contact of the other leg, deg."""
    other = {"left": "right", "right": "left"}[leg]

    def of(d: Drive) -> Floats:
        part = d.inside(d.push[0], d.push[1])
        return np.asarray(d.body.curves(sided("thigh_angle", other)).value[:, part].max(axis=1))

    return value_of(of, step, "deg", "largest_angle")
