"""One repetition's moving body with the events of its force: what a motion metric is a function of."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hipdrive.analysis.body import ANGLE, EXTENDS, LEGS, STEP, Body, Curves, Refused, half_width
from hipdrive.analysis.extension import Extension, extension
from hipdrive.analysis.geometry import sided
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import doubt
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import sentence
from hipdrive.results import Event, Value
from hipdrive.trial import ClockMap, Floats

PUSHES = ("cmj", "sj", "dj", "cmj_rebound", "hops")
"""Tests with a push-off."""

BEGIN = {"cmj": "onset", "sj": "onset", "dj": "first_contact", "cmj_rebound": "onset", "hops": "first_contact",
         "landing": "touchdown"}  # fmt: skip
"""Event with which the stretch of a test begins."""

AHEAD = 0.1
"""s of motion taken before the stretch begins, so that an extension that has begun there has a start."""


LONGEST = 4.0
"""s: nobody takes longer from the start to take-off; the motion before is not looked at."""

STILL = 0.25
"""s of standing that must be seen for a standing angle."""


@dataclass(frozen=True, eq=False)
class Drive:
    """A repetition: its body, the events of its force, and how far the clocks can be trusted.

    events : on the force clock, s, with u95. clock : from the motion's clock to that of force; None of a movement that
    the motion alone tells, on its own clock. push : the time in which the joints extend, s.
    peak_force : when the force of the push is largest, s, NaN where it has none.
    """

    body: Body
    test: str
    events: Mapping[str, Event]
    clock: ClockMap | None
    push: tuple[float, float]
    peak_force: float = math.nan
    leg: str = ""
    _held: dict[tuple[str, str], Extension] = field(default_factory=dict)

    def of(self, leg: str) -> Drive:
        """The same repetition, of one leg only."""
        body = dataclasses.replace(self.body, legs=(leg,))
        return dataclasses.replace(self, body=body, leg=leg)

    @property
    def profile(self) -> Profile:
        """The rules."""
        return self.body.profile

    # --- events and clocks ---

    @cached_property
    def _late(self) -> Floats:
        """By how much the motion may be late on the force clock, s, (copies,): one error for all events."""
        return self.body.errors(0.0 if self.clock is None else self.clock.standard_error, "clock")

    def event(self, name: str) -> Floats:
        """When an event of the force falls in the motion, (copies,), s on the force clock as the motion has it.

        Raises
        ------
        Refused : no clock joins the two, it is not known well enough, or the repetition has no such event.
        """
        if name == "peak_force":
            return self._of_force(Event(self.peak_force, 0.0), name)
        return self._of_force(self.events.get(name, Event(math.nan)), name)

    def _of_force(self, event: Event, name: str) -> Floats:
        self.joined()
        if not math.isfinite(event.t):
            raise Refused("no_event")
        if not self.body.start - STEP <= event.t <= self.body.end + STEP:
            raise Refused("motion_elsewhere")
        width = event.u95 / COVERAGE if math.isfinite(event.u95) else 0.0
        return np.asarray(event.t + self.body.errors(width, name) - self._late)

    def joined(self) -> None:
        """Refuse where motion and force have no common clock, or one that is not good enough."""
        if why := doubt(self.clock, self.profile.motion_sync_max):
            raise Refused(why)

    def on_force_clock(self, times: Floats) -> Floats:
        """Times of the motion with the error of the clock in them."""
        return np.asarray(times + self._late)

    # --- joints ---

    def turning(self, joint: str, leg: str) -> Floats:
        """A joint's velocity of extension, deg/s, (copies, grid)."""
        return EXTENDS[joint] * self.body.angle(joint, leg).velocity

    def extension(self, joint: str, leg: str) -> Extension:
        """A joint's main extension in the push.

        Raises
        ------
        Refused : there is none: the joint is fastest where the push begins or ends.
        """
        self._covered()
        key = joint, leg
        if key not in self._held:
            p = self.profile
            # a body's own joints: without the ends of the push nothing could be called a peak
            self._held[key] = extension(
                self.body.grid, self.turning(joint, leg), (self.push[0], self.push[1] + p.motion_push_margin),
                share=p.motion_onset_share, floor=p.motion_onset_floor, hold=p.motion_onset_hold,
                plateau=p.motion_plateau,
            )  # fmt: skip
        if self._held[key].edge:
            raise Refused("no_extension_peak")
        return self._held[key]

    def _covered(self) -> None:
        """Refuse where the motion does not reach over the whole push."""
        if not (self.body.start <= self.push[0] + STEP and self.body.end >= self.push[1] - STEP):
            raise Refused("no_clock" if self.clock is None else "motion_elsewhere")

    def part(self, joint: str, what: str) -> Floats:
        """`onset`, `peak`, `end`, `speed` or `width` of a joint's extension, mean of the legs, (copies,)."""
        found = self.body.over_legs(lambda leg: getattr(self.extension(joint, leg), what))
        if not math.isfinite(found[0]):
            raise Refused("no_extension_start" if what == "onset" else "no_extension_end")
        return found

    def onset(self, joint: str) -> Floats:
        """When a joint begins to extend."""
        return sure(self.part(joint, "onset"), self.profile.motion_onset_u95_max, "unsure_onset")

    def peak(self, joint: str) -> Floats:
        """When a joint extends fastest."""
        return sure(self.part(joint, "peak"), self.profile.motion_peak_u95_max, "slow_peak")

    def at(self, joint: str, event: str) -> Floats:
        """A joint's angle at an event of the force, mean of the legs, deg."""
        when = self.event(event)
        return self.body.over_legs(lambda leg: self.body.at(self.body.angle(joint, leg).value, when))

    def speed_at(self, joint: str, event: str) -> Floats:
        """A joint's velocity of extension at an event of the force, mean of the legs, deg/s."""
        when = self.event(event)
        return self.body.over_legs(lambda leg: self.body.at(self.turning(joint, leg), when))

    def legs(self, name: str, when: Floats) -> Floats:
        """A curve of each leg at a time, mean of the legs."""
        return self.body.over_legs(lambda leg: self.body.at(self.body.curves(sided(name, leg)).value, when))

    def standing(self, name: str) -> Floats:
        """The mean of a curve over the quiet stance in which the athlete was weighed, mean of the legs."""
        self.joined()
        start, end = (self.events.get(f"weigh_{edge}", Event(math.nan)).t for edge in ("start", "end"))
        still = (self.body.times >= start) & (self.body.times <= end)

        def of(leg: str) -> Floats:
            angle = self.body.motion.angles.get(sided(name, leg))
            if angle is None:
                raise Refused("no_such_motion")
            seen = angle[still & np.isfinite(angle)]
            if len(seen) < STILL / float(np.median(np.diff(self.body.times))):
                raise Refused("no_standing_seen")
            slow = self.body.errors(self.profile.motion_bias, f"standing {name} {leg}")
            return float(seen.mean()) + slow + self.body.constant(sided(name, leg))

        return self.body.over_legs(of)

    def single(self, name: str, when: Floats) -> Floats:
        """A curve of the body as a whole at a time."""
        return self.body.at(self.body.curves(name).value, when)

    def inside(self, start: float, end: float) -> slice:
        """The part of the grid between two times."""
        first, last = np.searchsorted(self.body.grid, (start, end + 1e-9))
        if last - first < 3:
            raise Refused("motion_elsewhere")
        return slice(int(first), int(last))

    def lowest(self) -> Floats:
        """When the knee is bent most, mean of the legs, s; from the front alone, when the centre of mass is lowest."""
        if not any(self.body.has(sided(ANGLE["knee"], leg)) for leg in self.body.legs):
            return self.event("landing_zero_velocity" if self.test == "landing" else "zero_velocity")
        part = self.inside(self.body.start, self.push[1])

        def of(leg: str) -> Floats:
            return np.asarray(self.body.grid[part][self.body.angle("knee", leg).value[:, part].argmin(axis=1)])

        return self.body.over_legs(of)


def sure(copies: Floats, most: float, code: str) -> Floats:
    """The copies, unless their 95 % interval is wider than a number can be used with."""
    if half_width(copies) > most:
        raise Refused(code)
    return copies


def value_of(function: Callable[[Drive], Floats | Value], drive: Drive, unit: str, method: str) -> Value:
    """A metric's number with u95, or why there is none."""
    try:
        with np.errstate(all="ignore"):  # a copy without a number is none, and said to be so below
            found = function(drive)
    except Refused as why:
        return Value(math.nan, unit, method=method, why=sentence(why.code), code=why.code)
    if isinstance(found, Value):
        return found
    if not math.isfinite(found[0]):
        return Value(math.nan, unit, method=method, why=sentence("undefined"), code="undefined")
    return Value(float(found[0]), unit, half_width(found), method)


def drive_of(
    motion: Motion, clock: ClockMap, events: Mapping[str, Event], test: str, profile: Profile,
    *, side: str = "", peak_force: float = math.nan,
) -> Drive | None:  # fmt: skip
    """The drive of one repetition, None where its events do not say when it happened.

    side : of a trial of one leg.
    """
    known = {name: event for name, event in events.items() if math.isfinite(event.t)}
    last = "landing_zero_velocity" if test == "landing" else "takeoff"
    begin = known.get(BEGIN[test])
    end = known.get(last)
    if begin is None or end is None:
        return None
    # a drop jump that was not weighed has no lowest point: its push begins with the contact
    low = known.get("zero_velocity", begin).t if test != "sj" else begin.t
    times = clock.to_force(motion.times)
    first, last_seen = _reach(motion, times)
    stretch = max(begin.t - AHEAD, end.t - LONGEST, first), min(end.t + profile.motion_after, last_seen)
    body = Body(motion, times, *stretch, profile, legs_of(motion, side))
    return Drive(body, test, known, clock, (low, end.t), peak_force)


def _reach(motion: Motion, times: Floats) -> tuple[float, float]:
    """From when to when the joints were seen, or the points where there are no joints, s."""
    joints = [values for name, values in motion.angles.items() if name.startswith(tuple(ANGLE.values()))]
    rows = np.isfinite(joints).all(axis=0) if joints else np.ones(len(times), dtype=bool)
    there = times[rows]
    return (float(there[0]), float(there[-1])) if len(there) else (math.nan, math.nan)


def legs_of(motion: Motion, side: str) -> tuple[str, ...]:
    """The legs that count: the one that jumped, or those that were seen; of a view without sides the nameless one."""
    seen = tuple(leg for leg in LEGS if any(name.endswith(f"_{leg}") for name in (*motion.angles, *motion.points)))
    return (side,) if side in seen else seen or ("",)


__all__ = ["Curves", "Drive", "Refused", "drive_of", "sure", "value_of"]
