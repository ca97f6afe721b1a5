"""The movements of the athlete with joints: jumps from standing, from a squat and from a box, and a slow squat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from hipdrive.acquisition.simulated import joints, leaping, poses
from hipdrive.acquisition.simulated.asked import Settings
from hipdrive.acquisition.simulated.body import Body
from hipdrive.acquisition.simulated.joints import COORDINATES, step
from hipdrive.acquisition.simulated.leaping import Builder
from hipdrive.acquisition.simulated.moving import Moving, Stage
from hipdrive.acquisition.simulated.poses import STAND, TOUCH
from hipdrive.errors import UsageError
from hipdrive.trial import LEFT, RIGHT

Floats = NDArray[np.float64]

G = 9.80665


def movement(test: str, ask: Settings) -> Moving:
    """The movement asked for, every setting given, from its first instant to its last."""
    makers = {"cmj": _jump, "sj": _jump, "dj": _drop, "squat": _squat}
    build, marks, end = makers[test](test, ask)
    last = build.stages[-1]
    build.stages[-1] = replace(last, end=end + 1.0)
    made = build.moving(end + 0.5, {**marks, "end": end})
    return replace(made, angles=joints.output(made.curves))


def _delays(ask: Settings) -> dict[str, float]:
    """Coordinate -> how much later than the hip it is fastest; the sole turns with the ankle."""
    knee = ask.hip_knee_delay
    ankle = knee + ask.knee_ankle_delay
    late = {LEFT: 0.0, RIGHT: ask.right_lag}
    return {f"{joint}_{side}": delay + late[side] for side in late
            for joint, delay in (("knee", knee), ("ankle", ankle), ("foot", ankle))}  # fmt: skip


DOWN, OVERLAP = 0.62, 0.51
"""Of a countermovement: how much of g the way down takes at most, and the part of the hip's extension before the end of
the way down."""
STEEPEST = 10.7
"""Largest acceleration of a smooth step of 1 m over 1 s, m/s², as a squat makes it."""


def _jump(test: str, ask: Settings) -> tuple[Builder, dict[str, float], float]:
    """From standing (cmj) or from a held squat (sj) through the air and back to standing."""
    assert ask.depth and ask.duration and ask.quiet and ask.height and ask.mass
    stand, deep, stretched = poses.poses()
    low = poses.squatted(ask.height, ask.depth)
    held = test == "sj"
    build = Builder(Body.of(ask.height), ask.mass, G, low if held else stand)
    start = ask.quiet
    down = 0.0 if held else float(np.sqrt(STEEPEST * ask.depth / (DOWN * G)))
    push = start if held else start + down - OVERLAP * ask.duration
    peak = push + leaping.RISE / (leaping.RISE + leaping.FALL) * ask.duration
    marks = {"start": start, "push": push} | ({"held": 1.0} if held else {})
    if ask.arm_lag is not None:
        swing(build, marks, peak, ask)
    if not held:
        build.to_pose(start, down, low, range(7))
    build.push(peak, ask.duration, stretched, _delays(ask))
    return _push_and_land(build, marks, ask, deep, leave_after=start + 0.75 * down)


def _push_and_land(
    build: Builder, marks: dict[str, float], ask: Settings, deep: Floats, leave_after: float
) -> tuple[Builder, dict[str, float], float]:  # fmt: skip
    """Leave the ground where the force reaches zero, fly, land and stand."""
    assert ask.duration and ask.quiet
    stand = np.array(STAND)
    begin = marks.get("first_contact", 0.0)
    if not build.stages or build.stages[-1].kind != "ground":
        build.stages.append(Stage("ground", begin, build.horizon))
    takeoff = leaves(build, begin, leave_after, max(p.end for n in COORDINATES[:7] for p in build.pieces[n]))
    build.stages[-1] = replace(build.stages[-1], end=takeoff)
    down = build.fly(takeoff, np.array(TOUCH))
    end = leaping.settle(build, down, stand, deep, ask.settle)
    return build, marks | {"takeoff": takeoff, "touchdown": down, "pushed": down - 1e-9}, end


def swing(build: Builder, marks: dict[str, float], peak: float, ask: Settings) -> None:
    """Arms go back, where that has not been done yet, and forwards; who stands up after the landing lowers them."""
    assert ask.arm_lag is not None
    forward = peak + ask.arm_lag - 0.5 * leaping.SWING_TIME
    place = COORDINATES.index("shoulder")
    if forward - marks["start"] > leaping.BACK_TIME:
        build.pieces["shoulder"].append(step(marks["start"], forward - marks["start"], leaping.SWING_BACK))
    else:
        build.rest[place] = leaping.SWING_BACK
    build.pieces["shoulder"].append(step(forward, leaping.SWING_TIME, leaping.SWING_UP))
    marks["arms"] = peak + ask.arm_lag


def leaves(build: Builder, begin: float, after: float, end: float) -> float:
    """Where the force first reaches zero; it must not before `after`.

    Raises
    ------
    UsageError : it does, or never.
    """
    so_far = build.moving(build.horizon)

    def force(times: Floats) -> Floats:
        return np.asarray(so_far.acceleration(times).imag + build.g)

    grid = np.arange(begin + 0.004, end, 0.002)
    pull = force(grid)
    below = np.flatnonzero((pull[1:] <= 0.0) & (pull[:-1] > 0.0))
    if (pull[grid < after] <= 0.0).any() or not below.size:
        raise UsageError("simulate", "simulate: such a movement would leave the ground on the way down, or never; "
                         "choose another depth, duration or delay")  # fmt: skip
    k = int(below[0])
    return float(brentq(lambda t: float(force(np.array([t]))[0]), grid[k], grid[k + 1], xtol=1e-14))


CONTACT, DROP_PEAK, SOFT = 0.55, 0.78, 0.75
"""Of a drop jump: s of yielding and from touchdown to the fastest hip for each s of the hip's extension; how deep."""


def _drop(test: str, ask: Settings) -> tuple[Builder, dict[str, float], float]:
    """From rest above the ground: fall, yield, extend, fly and land."""
    assert ask.depth and ask.duration and ask.quiet and ask.height and ask.mass and ask.drop
    stand, deep, stretched = poses.poses()
    low = stand + SOFT * (poses.squatted(ask.height, ask.depth) - stand)
    tiptoe = stand.copy()
    tiptoe[:7] = stretched[:7]
    build = Builder(Body.of(ask.height), ask.mass, G, tiptoe)
    marks = {"start": ask.quiet}
    contact = build.drop(ask.quiet, ask.drop, np.array(TOUCH))
    build.stages.append(Stage("ground", contact, build.horizon, build.spot))
    pieces = build.absorb(contact, CONTACT * ask.duration, low)
    build.add(lambda k: pieces[k], range(7))
    peak = contact + DROP_PEAK * ask.duration
    marks |= {"first_contact": contact, "push": contact}
    build.push(peak, ask.duration, stretched, _delays(ask))
    return _push_and_land(build, marks, ask, deep, leave_after=contact + 0.1)


def _squat(test: str, ask: Settings) -> tuple[Builder, dict[str, float], float]:
    """Slowly down and up."""
    assert ask.depth and ask.duration and ask.quiet and ask.height and ask.mass
    stand = poses.poses()[0]
    low = poses.squatted(ask.height, ask.depth)
    build = Builder(Body.of(ask.height), ask.mass, G, stand)
    build.to_pose(ask.quiet, ask.duration, low)
    up, length = ask.quiet + ask.duration, ask.duration
    delays = _delays(ask)
    build.add(lambda k: step(up + delays.get(COORDINATES[k], 0.0), length, stand[k] - low[k]), range(7))
    end = up + length + max(0.0, *delays.values())
    build.stages.append(Stage("ground", 0.0, build.horizon))
    return build, {"start": ask.quiet, "push": up, "pushed": end}, end + ask.settle
