"""What can be asked of the simulated athlete with joints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from numpy.random import Generator

from hipdrive.errors import UsageError

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

DURATIONS = {"cmj": (0.38, 0.46), "sj": (0.40, 0.48), "dj": (0.34, 0.42), "squat": (1.6, 2.4)}
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


def checked(test: str, settings: Mapping[str, Any]) -> Settings:
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


def drawn_by(test: str, ask: Settings, rng: Generator) -> Settings:
    """Whatever was left to the seed; every seed draws as much, whatever was given."""
    height = float(rng.uniform(1.60, 1.95))
    drawn: dict[str, Any] = {"mass": float(rng.uniform(50.0, 100.0)), "height": height,
             "depth": float(rng.uniform(0.155, 0.185)) * (ask.height or height),
             "duration": float(rng.uniform(*DURATIONS[test])),
             "drop": float(rng.uniform(0.20, 0.40)), "quiet": float(rng.uniform(1.5, 2.5))}  # fmt: skip
    return replace(ask, **{name: value for name, value in drawn.items() if getattr(ask, name) is None})
