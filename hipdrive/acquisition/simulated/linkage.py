"""The simulated athlete with joints: angles, points, centre of mass and force that belong together exactly.

`leaping` makes the movement, `jointtruth` reads the true delays off it; here both become a trial like any other, seen
by plates on one clock and by a camera on another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.optimize import brentq

from hipdrive.acquisition.simulated import joints, jointtruth, leaping, perturbed
from hipdrive.acquisition.simulated.body import SIDEWAYS, Body
from hipdrive.acquisition.simulated.joints import COORDINATES, step
from hipdrive.acquisition.simulated.leaping import STAND, TOUCH, Builder, Moving, Stage
from hipdrive.errors import UsageError
from hipdrive.trial import LEFT, RIGHT, ClockMap, Track, Trial, Truth

Floats = NDArray[np.float64]

G = 9.80665
TRACK = "motion"
"""Name of both tracks, which share a clock: points and angles."""

JOINTED = ("cmj", "sj", "dj", "squat")
"""Movements with joints; a squat is slow and leaves no ground."""

SWUNG = ("cmj", "sj")
"""Of these, those that may swing their arms."""

RANGES: Mapping[str, tuple[float, float, str]] = {
    "seed": (0, 2**32 - 1, ""), "rate": (50.0, 100_000.0, " Hz"), "noise": (0.0, 100.0, " N"),
    "mass": (20.0, 300.0, " kg"), "height": (0.5, 2.7, " m"), "hip_knee_delay": (-0.08, 0.12, " s"),
    "knee_ankle_delay": (-0.08, 0.12, " s"), "right_lag": (-0.05, 0.05, " s"), "arm_lag": (-0.2, 0.1, " s"),
    "depth": (0.05, 0.5, " m"), "duration": (0.3, 4.0, " s"), "drop": (0.1, 0.6, " m"),
    "frame_rate": (20.0, 2000.0, " Hz"),
    "frame_jitter": (0.0, 0.02, " s"), "angle_noise": (0.0, 20.0, " deg"), "angle_white": (0.0, 20.0, " deg"),
    "posture_bias": (0.0, 20.0, " deg"), "point_noise": (0.0, 0.2, " m"), "point_slow": (0.0, 0.2, " m"),
    "clock_offset": (-1000.0, 1000.0, " s"), "clock_drift": (-5000.0, 5000.0, " ppm"), "quiet": (1.0, 60.0, " s"),
    "settle": (0.5, 60.0, " s"),
}  # fmt: skip
"""Setting -> least and largest value, and unit."""

DURATIONS = {"cmj": (0.44, 0.54), "sj": (0.44, 0.54), "dj": (0.34, 0.42), "squat": (1.6, 2.4)}
"""Range of the hip's extension that the seed draws from, s."""

DRAWN = ("mass", "height", "depth", "duration", "drop", "quiet")
"""Settings that the seed decides where they are None."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is asked of the athlete with joints; None is drawn by the seed (`DRAWN`), or stands for "none".

    rate, noise : of the plates, Hz and SD of the total, N. mass, height : kg, m.
    hip_knee_delay, knee_ankle_delay : from the fastest extension of one joint to that of the next, s; may be negative.
    right_lag : how much later knee and ankle of the right leg are than those of the left, s.
    arm_lag : fastest arm swing after the fastest hip extension, s; None keeps the hands on the hips.
    depth : of the squat, m. duration : of the hip's extension, s. drop : height of the fall before a drop jump, m.
    frame_rate, frame_jitter : of the camera, Hz, and how far a frame is from its place at most, s.
    angle_noise, angle_white, posture_bias : SD of noise of the angles, deg: correlated over 12 ms as that of a pose
        program, white, and slow over 0.15 s as that of clothing and posture.
    point_noise, point_slow : SD of noise of each coordinate of each point, m: white, and slow over 0.2 s.
    clock_offset, clock_drift : the camera's clock: t_force = (1 + drift·1e-6)·t_camera + offset, s and ppm; without an
        offset both share the force's clock, and the trial says so.
    quiet, settle : s of standing before and after.
    """

    seed: int = 0
    rate: float = 1000.0
    noise: float = 1.5
    mass: float | None = None
    height: float | None = None
    hip_knee_delay: float = 0.015
    knee_ankle_delay: float = 0.020
    right_lag: float = 0.0
    arm_lag: float | None = None
    depth: float | None = None
    duration: float | None = None
    drop: float | None = None
    frame_rate: float = 120.0
    frame_jitter: float = 0.0
    angle_noise: float = 0.7
    angle_white: float = 0.0
    posture_bias: float = 2.0
    point_noise: float = 0.003
    point_slow: float = 0.0
    clock_offset: float | None = None
    clock_drift: float = 0.0
    quiet: float | None = None
    settle: float = 2.5


def simulate_motion(test: str, **settings: Any) -> Trial:
    """A trial of plates and camera; `trial.truth` holds the exact answers, its events on the force's clock.

    Settings are those of `Settings`.

    Raises
    ------
    UsageError : the test or a setting is not known or not possible.

    >>> trial = simulate_motion("cmj", seed=1, hip_knee_delay=0.03)
    >>> [track.kind for track in trial.tracks], round(trial.truth["hip_knee_delay"], 6)
    (['angles', 'points'], 0.03)
    """
    ask = _checked(test, settings)
    rng = np.random.default_rng([ask.seed, *map(ord, f"joints {test}")])
    ask = _drawn(test, ask, rng)
    return record(test, movement(test, ask), ask, rng)


def _checked(test: str, settings: Mapping[str, Any]) -> Settings:
    """Refuse what cannot be simulated."""
    if test not in JOINTED:
        raise UsageError("test_unknown", f"test {test!r} cannot be simulated with joints; choose one of "
                         f"{', '.join(JOINTED)}")  # fmt: skip
    known = {one.name for one in fields(Settings)}
    for name, value in settings.items():
        if name not in known:
            raise UsageError("simulate", f"simulate: {name}={value!r} is no setting of an athlete with joints; "
                             f"there are {', '.join(sorted(known))}")  # fmt: skip
    ask = Settings(**{name: _number(name, value) for name, value in settings.items()})
    if ask.arm_lag is not None and test not in SWUNG:
        raise UsageError("simulate", f"simulate: a {test} with joints keeps its hands on the hips; leave arm_lag out")
    for name, (low, high, unit) in RANGES.items():
        value = getattr(ask, name)
        if value is None and (name in DRAWN or name in ("arm_lag", "clock_offset")):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise UsageError("simulate", f"simulate: {name} {value!r} is not possible; give {low:g} to {high:g}{unit}")
    if not isinstance(ask.seed, int):
        raise UsageError("simulate", f"simulate: a seed of {ask.seed!r} is not possible; give a whole number from 0 on")
    return ask


def _number(name: str, value: Any) -> Any:
    """A setting that a command line gave as text."""
    if not isinstance(value, str):
        return value
    try:
        return int(value) if name == "seed" else float(value)
    except ValueError:
        return value


def _drawn(test: str, ask: Settings, rng: Generator) -> Settings:
    """Whatever was left to the seed; every seed draws as much, whatever was given."""
    height = float(rng.uniform(1.60, 1.95))
    drawn: dict[str, Any] = {"mass": float(rng.uniform(50.0, 100.0)), "height": height,
             "depth": float(rng.uniform(0.155, 0.185)) * (ask.height or height),
             "duration": float(rng.uniform(*DURATIONS[test])),
             "drop": float(rng.uniform(0.20, 0.40)), "quiet": float(rng.uniform(1.5, 2.5))}  # fmt: skip
    return replace(ask, **{name: value for name, value in drawn.items() if getattr(ask, name) is None})


# --- the movement ---


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
    stand, deep, stretched = leaping.poses()
    low = leaping.squatted(ask.height, ask.depth)
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
    stand, deep, stretched = leaping.poses()
    low = stand + SOFT * (leaping.squatted(ask.height, ask.depth) - stand)
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
    stand = leaping.poses()[0]
    low = leaping.squatted(ask.height, ask.depth)
    build = Builder(Body.of(ask.height), ask.mass, G, stand)
    build.to_pose(ask.quiet, ask.duration, low)
    up, length = ask.quiet + ask.duration, ask.duration
    delays = _delays(ask)
    build.add(lambda k: step(up + delays.get(COORDINATES[k], 0.0), length, stand[k] - low[k]), range(7))
    end = up + length + max(0.0, *delays.values())
    build.stages.append(Stage("ground", 0.0, build.horizon))
    return build, {"start": ask.quiet, "push": up, "pushed": end}, end + ask.settle


# --- the trial ---


def record(test: str, moving: Moving, ask: Settings, rng: Generator) -> Trial:
    """What plates and camera see of a movement, and the truth beside it."""
    first = rng.uniform(0.0, 1.0) / ask.rate
    times = np.arange(first, moving.marks["end"], 1.0 / ask.rate)
    force = moving.force(times)
    size = ask.noise / np.sqrt(2.0)
    fz = np.array([0.5 * force.imag + rng.normal(0.0, size, len(times)) for _ in range(2)])
    fx = np.array([0.5 * force.real + rng.normal(0.0, size, len(times)) for _ in range(2)])
    seen = perturbed.frames(0.0, moving.marks["end"], ask.frame_rate, ask.frame_jitter, rng)
    slope = 1.0 + 1e-6 * ask.clock_drift
    stamps = (seen - first - (ask.clock_offset or 0.0)) / slope
    known = ask.clock_offset is None and ask.clock_drift == 0.0
    values, events = jointtruth.truth(moving)
    told = {one.name: getattr(ask, one.name) for one in fields(ask)} | {"phase": first}
    told |= {"sync_offset": ask.clock_offset or 0.0, "sync_slope": slope}
    return Trial.from_forces(
        fz, ask.rate, (LEFT, RIGHT), test="auto" if test == "squat" else test, athlete=f"simulated-{ask.seed}",
        height=ask.height, arms=ask.arm_lag is not None, file=f"simulated {test} with joints {ask.seed}",
        components={f"{side}.fx": row for side, row in zip((LEFT, RIGHT), fx, strict=True)},
        tracks=(angles_track(moving, seen, stamps, ask, rng), points_track(moving, seen, stamps, ask, rng)),
        clocks={TRACK: ClockMap(offset=0.0)} if known else {},
        truth=Truth(
            values=MappingProxyType(values), settings=MappingProxyType(told),
            events=MappingProxyType({name: time - first for name, time in events.items()}),
        ),
    )  # fmt: skip


def angles_track(moving: Moving, seen: Floats, stamps: Floats, ask: Settings, rng: Generator) -> Track:
    """Every angle of METRICS.md at the frames, with noise."""
    rows = []
    for curve in moving.angles.values():
        noise = (perturbed.correlated(seen, rng, ask.angle_noise) + perturbed.slow(seen, rng, ask.posture_bias)
                 + rng.normal(0.0, ask.angle_white, len(seen)))  # fmt: skip
        rows.append(curve(seen) + noise)
    return Track(name=TRACK, kind="angles", times=stamps, values=np.array(rows).T[:, :, np.newaxis],
                 names=tuple(moving.angles), unit="deg")  # fmt: skip


def points_track(moving: Moving, seen: Floats, stamps: Floats, ask: Settings, rng: Generator) -> Track:
    """Every point at the frames, X forward, Y left, Z up, with noise."""
    found = []
    for name, path in moving.points(seen).items():
        joint, _, side = name.partition("_")
        y = SIDEWAYS.get(joint, 0.0) * moving.body.height * {LEFT: 1.0, RIGHT: -1.0}.get(side, 0.0)
        exact = np.array([path.real, np.full(len(seen), y), path.imag])
        slow = [perturbed.slow(seen, rng, ask.point_slow, 0.2) for _ in range(3)] if ask.point_slow else 0.0
        found.append((exact + rng.normal(0.0, ask.point_noise, exact.shape) + slow).T)
    return Track(name=TRACK, kind="points", times=stamps, values=np.stack(found, axis=1),
                 names=tuple(moving.body.points), unit="m")  # fmt: skip


def tracks_of(trial: Trial, kind: str) -> Sequence[Track]:
    """The tracks of one kind."""
    return [track for track in trial.tracks if track.kind == kind]
