"""A stretch of a moving body: its angles smoothed, and copies of them as they may have been.

Of each curve there are copies: the first is the one measured, the others are it again with noise and slow error drawn
anew. Each copy is there three times, smoothed once and, behind them all, twice and three times: what the third time
moves a number says what the first one did. A number is made of all copies at once, and so is its u95.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from hipdrive.analysis import geometry as derived
from hipdrive.analysis.geometry import sided
from hipdrive.analysis.kinematics import POSE, cutoff_of
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.posenoise import Looks, fitted, slow_root
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Bools
from hipdrive.analysis.smoothing import smoothing
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.trial import Floats

JOINTS = ("hip", "knee", "ankle")
ANGLE = {"hip": "hip_angle", "knee": "knee_angle", "ankle": "ankle_dorsiflexion"}
EXTENDS = {"hip": 1.0, "knee": 1.0, "ankle": -1.0}
"""Sign that makes the velocity of an angle that of extension: dorsiflexion falls when the ankle extends."""
LEGS = ("left", "right")

STEP = 0.004
"""s between points of the grid: smoothed curves bend too little between them to matter."""

SANE = 1e4
"""deg and m beyond which a value is none of a body's."""

ENOUGH = 16.0
"""Frames for each period of the cut-off; the mean of a group of them then passes 99 % of it."""

SMOOTHED = 3
"""How often each copy is there: smoothed once, twice, three times."""

SEED = 13
"""Of the draws, so that a record always gives the same numbers."""


class Refused(Exception):
    """A number that the motion does not support; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, eq=False)
class Curves:
    """Copies of one curve on the grid, (copies, grid), with their velocities a second; those behind are smoother."""

    value: Floats
    velocity: Floats


class Through(NamedTuple):
    """The low-pass of one set of frames as matrices: to these frames, to the grid, and to velocities there."""

    frames: Floats
    value: Floats
    velocity: Floats


@dataclass(frozen=True, eq=False)
class Body:
    """A stretch of a motion.

    times : (frames,), s, of the motion's frames on the clock that the stretch is told in. start, end : s, of the
    stretch. legs : those of which it has joints, and which count in a mean.
    """

    motion: Motion
    times: Floats
    start: float
    end: float
    profile: Profile
    legs: tuple[str, ...]
    _held: dict[str, Curves | str] = field(default_factory=dict)
    _maps: dict[bytes, Through] = field(default_factory=dict)

    @cached_property
    def copies(self) -> int:
        """How many copies there are, the measured one and the smoother ones included."""
        return SMOOTHED * (self.drawn + 1)

    @cached_property
    def drawn(self) -> int:
        """How many copies are drawn."""
        return max(20, int(self.profile.motion_copies))

    @cached_property
    def cutoff(self) -> float:
        """Hz, of the low-pass: one for every curve."""
        return cutoff_of(self.motion, self.profile)

    @cached_property
    def grid(self) -> Floats:
        """Times at which curves are known, s."""
        return np.arange(self.start, self.end + 0.5 * STEP, STEP)

    @cached_property
    def frames(self) -> slice:
        """The frames of the stretch, and three periods of the cut-off around it: a whole number of groups."""
        around = 3.0 / self.cutoff
        first, last = np.searchsorted(self.times, (self.start - around, self.end + around))
        return slice(int(first), int(last - (last - first) % self.group))

    @cached_property
    def group(self) -> int:
        """Frames of a fast camera whose mean is taken: more than `ENOUGH` a period of the cut-off add nothing."""
        rate = 1.0 / float(np.median(np.diff(self.times)))
        return max(1, int(rate / (ENOUGH * self.cutoff)))

    @cached_property
    def moments(self) -> Floats:
        """When the frames of the stretch were taken, or their groups, s."""
        return self._grouped(self.times)

    @property
    def _slack(self) -> float:
        """By how much the first and last frames may lie inside the stretch, s."""
        return STEP + self.group * float(np.median(np.diff(self.times)))

    def _grouped(self, values: Floats) -> Floats:
        return np.asarray(values[self.frames].reshape(-1, self.group).mean(axis=1))

    @cached_property
    def _joints(self) -> list[str]:
        """Every joint's angle that was measured; the nameless leg only where no side is known."""
        sides = [sided(ANGLE[joint], leg) for joint in JOINTS for leg in LEGS]
        found = [name for name in sides if name in self.motion.angles]
        return found or [ANGLE[joint] for joint in JOINTS if ANGLE[joint] in self.motion.angles]

    def rng(self, name: str) -> Generator:
        """Random numbers of one curve, the same whenever and in whatever order it is asked for."""
        return np.random.default_rng([SEED, *name.encode()])

    def has(self, name: str) -> bool:
        """Whether a curve of that name was measured at all."""
        return name in self.motion.angles or derived.known(name, self.motion)

    def angle(self, joint: str, leg: str) -> Curves:
        """A joint's angle, deg, and velocity, deg/s, as METRICS.md signs them."""
        return self.curves(sided(ANGLE[joint], leg))

    def curves(self, name: str) -> Curves:
        """The copies of an angle or another curve by name.

        Raises
        ------
        Refused : it was not measured, or not seen for too long.
        """
        if name not in self._held:
            self._make(self._joints if name in self._joints else [name])
        held = self._held.get(name, "no_such_motion")
        if isinstance(held, str):
            raise Refused(held)
        return held

    def _make(self, names: Sequence[str]) -> None:
        """Curves whose noise is drawn together, since the same points are in several of them."""
        found: dict[str, tuple[Floats, float]] = {}
        for name in names:
            try:
                found[name] = self._seen(name)
            except Refused as why:
                self._held[name] = why.code
        if not found:
            return
        times = self.moments
        before = times <= self.end
        columns = [values[before] for values, _ in found.values()]
        try:
            noise = fitted(columns, self._looks)
        except ValueError:
            self._held.update(dict.fromkeys(found, "motion_few_frames"))
            return
        drawn = noise.draws(times, self.drawn, self.rng(names[0]))
        for i, (name, (values, slow)) in enumerate(found.items()):
            self._held[name] = self._copied(name, values, drawn[:, i], slow)

    def _seen(self, name: str) -> tuple[Floats, float]:
        """A curve at the frames of the stretch and its slow error, in its unit."""
        if name in self.motion.angles:
            values, slow = self.motion.angles[name], self.profile.motion_bias
        elif derived.known(name, self.motion):
            values, slow = derived.made(name, self.motion, self.profile)
        else:
            raise Refused("from_the_side" if derived.hidden(name, self.motion) else "no_such_motion")
        if not self.end - self.start > 10.0 * STEP:
            raise Refused("motion_elsewhere")
        rows = self._grouped(np.where(np.abs(values) < SANE, values, np.nan))
        there = self.moments[np.isfinite(rows)]
        if not len(there) or there[0] > self.start + self._slack or there[-1] < self.end - self._slack:
            raise Refused("motion_elsewhere" if not len(there) else "motion_unseen")
        near = there[(there >= self.start - self.profile.motion_gap) & (there <= self.end + self.profile.motion_gap)]
        if len(near) < 2 or np.diff(near).max() > self.profile.motion_gap:
            raise Refused("motion_unseen")
        return rows, slow

    def _copied(self, name: str, values: Floats, noise: Floats, slow: float) -> Curves:
        """The measured curve and its copies, all through the same low-pass: one matrix product."""
        seen = np.isfinite(values)
        through = self._through(seen)
        drift = slow * (self._slow @ self.rng(f"{name} slow").standard_normal((len(values), self.drawn)))
        wrong = noise + drift + self.constant(name)[1 : 1 + self.drawn]
        columns = values[seen, None] + np.column_stack([np.zeros(int(seen.sum())), wrong[seen]])
        twice = through.frames @ columns
        all_ = np.concatenate([columns, twice, through.frames @ twice], axis=1)
        return Curves((through.value @ all_).T, (through.velocity @ all_).T)

    def _through(self, seen: Bools) -> Through:
        """The low-pass of the frames that were seen."""
        key = seen.tobytes()
        if key not in self._maps:
            times = self.moments[seen]
            smooth, impulse = smoothing(times, self.cutoff), np.eye(len(times))
            self._maps[key] = Through(
                smooth.at(impulse, times), smooth.at(impulse, self.grid), smooth.at(impulse, self.grid, 1)
            )
        return self._maps[key]

    @cached_property
    def _looks(self) -> Looks:
        """What these frames show of noise; a landing that follows the stretch would pass for it."""
        times = self.moments
        return Looks(times[times <= self.end], self.cutoff, self.profile.motion_noise_time)

    @cached_property
    def _slow(self) -> Floats:
        """What makes white numbers a slow error of size one, (frames, frames)."""
        return slow_root(self.moments, self.profile.motion_bias_time)

    def constant(self, name: str) -> Floats:
        """How wrong an angle is for good, deg, (copies,): what a pose program sees as a joint is not where it is.

        Both legs are seen by the same networks, and no velocity and no time changes by it.
        """
        posed = self.motion.methods.get("source") == POSE and derived.is_angle(name, self.motion)
        return self.errors(self.profile.motion_pose_error * posed, f"{derived.whole(name)} constant")

    def errors(self, size: float, name: str) -> Floats:
        """An error of a standard uncertainty that is no curve's (a clock's, an event's), (copies,)."""
        error = np.r_[0.0, size * self.rng(name).standard_normal(self.drawn)]
        return np.tile(error, SMOOTHED)

    # --- reading copies ---

    def at(self, curves: Floats, moments: Floats) -> Floats:
        """Each copy of a curve at its own moment, (copies,)."""
        place = np.clip((moments - self.grid[0]) / STEP, 0.0, len(self.grid) - 1.000001)
        left = place.astype(np.int64)
        part, rows = place - left, np.arange(len(curves))
        return np.asarray((1.0 - part) * curves[rows, left] + part * curves[rows, left + 1])

    def over_legs(self, of: Callable[[str], Floats]) -> Floats:
        """The mean of a number over the legs that have it, copy by copy.

        Raises
        ------
        Refused : no leg has it; the reason of the first.
        """
        found, why = [], ""
        for leg in self.legs:
            try:
                found.append(of(leg))
            except Refused as refused:
                why = why or refused.code
        if not found:
            raise Refused(why or "no_such_motion")
        return np.asarray(np.mean(found, axis=0))


def half_width(copies: Floats) -> float:
    """The u95 of a number from its copies: their spread, and what the smoothing moved beyond what noise explains.

    A third smoothing moves the number by about as much as the first did, while most noise is gone by then; how much of
    the move is noise, the drawn copies say.
    """
    once, twice, thrice = np.split(copies, SMOOTHED)
    moved = thrice - twice
    spread = float(np.nanvar(once[1:]))
    bend = max(0.0, float(moved[0] ** 2 - np.nanvar(moved[1:]))) if np.isfinite(moved[0]) else 0.0
    return COVERAGE * float(np.sqrt(spread + bend))
