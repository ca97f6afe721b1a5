"""A linkage of segments that squats, jumps and lands: angles first, everything else follows from them.

On the ground the toes stay where they are, so the centre of mass is what the angles say and the force is
`m·(a + g)`. Where that force reaches zero the feet leave; in the air the centre of mass falls freely and the toes are
where the angles then put them. The feet come down with the velocity and the acceleration of the free fall, so that
force begins at zero again and no impulse is lost. Nothing is integrated and nothing is differenced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from hipdrive.acquisition.simulated import body, joints
from hipdrive.acquisition.simulated.body import Body
from hipdrive.acquisition.simulated.joints import COORDINATES, Piece, curve, knots_of, segments, span, step
from hipdrive.acquisition.simulated.moving import Moving, Stage
from hipdrive.errors import UsageError

Floats = NDArray[np.float64]

ARMS = slice(7, 9)
SWING_BACK, SWING_UP, SWING_TIME, BACK_TIME = -45.0, 160.0, 0.55, 0.25
"""Of an arm swing: deg back in the countermovement and forwards from there, s of the way forwards, and s that the way
back needs, without which the arms are back from the beginning."""

PUSH = {"foot": 0.80, "ankle": 0.80, "knee": 0.94, "hip": 1.0}
"""How long each joint extends, of what the hip takes."""
RISE, FALL = 5, 2
"""Powers of the push: slow to begin with, fastest at 5/7 of its length."""


@dataclass
class Builder:
    """A movement in the making."""

    body: Body
    mass: float
    g: float
    rest: Floats
    horizon: float = 30.0
    pieces: dict[str, list[Piece]] = field(default_factory=lambda: {name: [] for name in COORDINATES})
    stages: list[Stage] = field(default_factory=list)

    def add(self, make: Callable[[int], Piece | None], places: Sequence[int] = range(9)) -> None:
        """One piece for each coordinate."""
        for place in places:
            piece = make(place)
            if piece is not None:
                self.pieces[COORDINATES[place]].append(piece)

    def moving(self, end: float, marks: Mapping[str, float] | None = None) -> Moving:
        """The movement as it is so far."""
        knots = knots_of((p for pieces in self.pieces.values() for p in pieces), end)
        curves = {
            name: curve(rest, self.pieces[name], knots) for name, rest in zip(COORDINATES, self.rest, strict=True)
        }
        return Moving(self.body, self.mass, self.g, curves, tuple(self.stages), marks or {})

    def pose(self, time: float) -> Floats:
        """Coordinates at a time, deg."""
        return np.array([rest + sum(p.at(time) for p in self.pieces[name])
                         for name, rest in zip(COORDINATES, self.rest, strict=True)])  # fmt: skip

    def to_pose(self, start: float, length: float, pose: Floats, places: Sequence[int] = range(9)) -> None:
        """A smooth step of coordinates from where they are at `start`."""
        here = self.pose(start)
        self.add(lambda k: step(start, length, pose[k] - here[k]) if pose[k] != here[k] else None, places)

    def push(self, peak: float, length: float, target: Floats, delays: Mapping[str, float]) -> None:
        """Extension of the legs to a pose: the hip is fastest at `peak`, the others so much later."""
        here = self.pose(self.horizon)

        def make(place: int) -> Piece:
            name = COORDINATES[place]
            joint = name.partition("_")[0]
            long = PUSH[joint] * length
            at = peak + delays.get(name, 0.0) - long * RISE / (RISE + FALL)
            return step(at, long, target[place] - here[place], RISE, FALL)

        self.add(make, range(7))

    def fly(self, takeoff: float, touch: Floats) -> float:
        """From the take-off through the air to touching down in a pose; the time of touchdown."""
        before, at = self.moving(self.horizon), np.array([takeoff])
        place, speed = complex(before.com(at)[0]), complex(before.velocity(at)[0])
        place += self.stages[-1].place  # the ground ends at the take-off, but it is where the feet still are
        return self._fall(takeoff, place, speed, touch)

    def _fall(self, start: float, place: complex, speed: complex, touch: Floats) -> float:
        ready = max([start, *(p.end for n in COORDINATES[:7] for p in self.pieces[n])])

        def pose(time: float) -> Floats:
            found = self.pose(time)
            found[:7] = touch[:7]
            return found

        def gap(time: float) -> float:
            u = time - start
            height = place.imag + speed.imag * u - 0.5 * self.g * u * u
            return height - float(body.place(self.body.com, segments(pose(time))).imag)

        top = start + max(speed.imag, 0.0) / self.g
        if gap(top) <= 0.0:
            raise UsageError(
                "simulate", "simulate: this push is too weak to leave the ground; make it deeper or shorter"
            )
        down = float(brentq(gap, top, top + 3.0, xtol=1e-14))
        if down - ready < 0.05:
            raise UsageError("simulate", "simulate: this jump is too low to land from; make it deeper or shorter")
        fall = complex(speed - 1j * self.g * (down - start))
        moved = [sum(p.at(down, d) for p in arms_of) for d in (1, 2)
                 for arms_of in (self.pieces["shoulder"], self.pieces["elbow"])]  # fmt: skip
        first, second = _meeting(self.body, pose(down), np.array(moved[:2]), np.array(moved[2:]), fall, self.g)
        here = self.pose(ready)
        self.add(
            lambda k: span(ready, down - ready, (0.0, 0.0, 0.0), (touch[k] - here[k], first[k], second[k])), range(7)
        )
        self.stages.append(Stage("air", start, down, place, speed))
        spot = place + speed * (down - start) - body.place(self.body.com, segments(pose(down)))
        self.meeting = (first, second)
        self.spot = complex(spot.real, 0.0)
        return down

    def drop(self, start: float, height: float, touch: Floats) -> float:
        """From rest above the ground let go at `start`, for a fall by `height`; the first contact."""
        touched = self.pose(start)
        touched[:7] = touch[:7]
        ground = complex(body.place(self.body.com, segments(touched)))
        here = complex(body.place(self.body.com, segments(self.pose(start))))
        place = complex(here.real, ground.imag + height)
        self.stages.append(Stage("box", 0.0, start, place - here))
        return self._fall(start, place, 0.0j, touch)

    def absorb(self, down: float, length: float, pose: Floats) -> list[Piece]:
        """Pieces from touching down to rest in a pose."""
        first, second = self.meeting
        here = self.pose(down)
        return [span(down, length, (0.0, first[k], second[k]), (pose[k] - here[k], 0.0, 0.0)) for k in range(7)]


RISING = 1.1
"""s in which the athlete stands up after landing."""

WEIGHTS = np.array([0.27, 0.74, 0.63, 1.31])
"""How readily foot, ankle, knee and hip take up the speed of a landing."""


def _meeting(b: Body, pose: Floats, arms: Floats, arms2: Floats, fall: complex, g: float) -> tuple[Floats, Floats]:
    """Rates and second derivatives of the legs with which the centre of mass falls freely over feet that stand."""
    angles = segments(pose)
    groups = np.zeros((9, 4))
    for column, members in enumerate(((0, 4), (1, 5), (2, 6), (3,))):
        groups[list(members), column] = 1.0
    turn = 1j * b.com * np.exp(1j * angles)
    lever = np.array([(turn * joints.rates(groups[:, k])).sum() for k in range(4)])
    rows = np.array([lever.real, lever.imag])

    def solved(want: complex) -> Floats:
        weighted = rows * WEIGHTS
        part = np.linalg.solve(weighted @ rows.T, [want.real, want.imag])
        return np.asarray(groups @ (WEIGHTS * (rows.T @ part)))

    swing, swing2 = np.zeros(9), np.zeros(9)
    swing[ARMS], swing2[ARMS] = arms, arms2
    first = solved(fall - complex(body.speed(b.com, angles, joints.rates(swing))))
    both = first + swing
    bent = complex(body.acceleration(b.com, angles, joints.rates(both), joints.rates(swing2)))
    return first, solved(-1j * g - bent)


def settle(build: Builder, down: float, stand: Floats, deep: Floats, quiet: float) -> float:
    """Land as softly as the linkage can, stand up and stand; the end of the record."""
    build.stages.append(Stage("ground", down, build.horizon, build.spot))
    best = -np.inf
    for length in np.arange(0.28, 0.72, 0.08):
        for part in (0.4, 0.6, 0.8, 1.0):
            tried = build.absorb(down, float(length), stand + part * (deep - stand))
            force = _felt(build, down, float(length), tried)
            score = min(float(force.min()), 0.5) - 0.1 * float(force.max())
            if score > best:
                best, pieces, low = score, tried, down + float(length)
    build.add(lambda k: pieces[k], range(7))
    build.to_pose(low, RISING, stand)
    return low + RISING + quiet


def _felt(build: Builder, down: float, length: float, pieces: Sequence[Piece]) -> Floats:
    """Vertical force of a landing, as a multiple of weight; the arms are left out, which move little then."""
    here, u = build.pose(down), np.linspace(0.05, 1.0, 20)
    poses = np.repeat(here[:, np.newaxis], len(u), axis=1)
    turned = [np.zeros_like(poses), np.zeros_like(poses)]
    for k, piece in enumerate(pieces):
        poses[k] += piece.over(u)
        for d in (1, 2):
            turned[d - 1][k] = piece.over(u, d)
    angles, first, second = segments(poses), joints.rates(turned[0]), joints.rates(turned[1])
    return np.asarray(1.0 + body.acceleration(build.body.com, angles, first, second).imag / build.g)
