"""A body in a plane from joint angles, by plain rotations: what kinematics has to find again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hipdrive.trial import Floats, Track

LENGTHS = {"thigh": 0.42, "shank": 0.43, "foot": 0.22, "trunk": 0.5, "upper arm": 0.28, "forearm": 0.26}

COORDINATES = ("pelvis_tilt", "lumbar_extension", "hip_flexion", "knee_angle", "ankle_angle", "arm_flex", "elbow_flex")


def down(angle: Floats) -> Floats:
    """The direction that hangs down, turned forward by an angle in degrees: x forward, z up."""
    a = np.radians(angle)
    return np.stack([np.sin(a), np.zeros_like(a), -np.cos(a)], axis=-1)


def body(c: Mapping[str, Floats], hip: Floats | None = None) -> dict[str, Floats]:
    """Points (frames, 3), m, x forward, y left, z up, of OpenSim-like coordinates in degrees, both sides alike."""
    n = len(c["hip_flexion"])
    hip = np.tile([0.0, 0.0, 0.9], (n, 1)) if hip is None else hip
    trunk = c["pelvis_tilt"] + c["lumbar_extension"]  # backward
    thigh = c["pelvis_tilt"] + c["hip_flexion"]  # forward
    shank = thigh - c["knee_angle"]
    foot = shank + 90.0 + c["ankle_angle"]
    arm = trunk + c["arm_flex"]
    knee = hip + LENGTHS["thigh"] * down(thigh)
    ankle = knee + LENGTHS["shank"] * down(shank)
    heel = ankle - 0.05 * down(foot)
    shoulder = hip - LENGTHS["trunk"] * down(trunk)
    elbow = shoulder + LENGTHS["upper arm"] * down(arm)
    middle = {
        "hip": hip, "knee": knee, "ankle": ankle, "heel": heel, "toe": heel + LENGTHS["foot"] * down(foot),
        "shoulder": shoulder, "elbow": elbow, "wrist": elbow + LENGTHS["forearm"] * down(arm + c["elbow_flex"]),
    }  # fmt: skip
    wide = {"shoulder": 0.18, "elbow": 0.2, "wrist": 0.2}
    return {f"{part}_{side}": place + sign * wide.get(part, 0.1) * np.array([0.0, 1.0, 0.0])
            for part, place in middle.items() for side, sign in (("left", 1.0), ("right", -1.0))}  # fmt: skip


def squat(n: int = 101) -> dict[str, Floats]:
    """Coordinates of a movement from hyperextension deep down and back, deg."""
    depth = 0.5 - 0.5 * np.cos(np.linspace(0.0, 2.0 * np.pi, n))
    return {
        "pelvis_tilt": -5.0 - 30.0 * depth, "lumbar_extension": -3.0 - 10.0 * depth,
        "hip_flexion": -12.0 + 120.0 * depth, "knee_angle": -6.0 + 110.0 * depth, "ankle_angle": -2.0 + 30.0 * depth,
        "arm_flex": -40.0 + 130.0 * depth, "elbow_flex": 10.0 + 20.0 * depth,
    }  # fmt: skip


def track(points: Mapping[str, Floats], rate: float = 100.0, *, axes: str = "xyz", unit: str = "m",
          yaw: float = 0.0, name: str = "body.trc") -> Track:  # fmt: skip
    """Points as a track of a system with other axes: `axes` says what its x, y and z are, for example "xz-y"."""
    a = np.radians(yaw)
    turn = np.array([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
    letters = axes.replace("-", "")
    signs = [-1.0 if axes[: axes.index(x)].endswith("-") else 1.0 for x in letters]
    stack = np.stack(list(points.values()), axis=1) @ turn.T
    stack = stack[:, :, ["xyz".index(x) for x in letters]] * signs * {"m": 1.0, "mm": 1000.0, "px": 400.0}[unit]
    return Track(name=name, kind="points", times=np.arange(len(stack)) / rate, values=stack, names=tuple(points),
                 unit=unit)  # fmt: skip


def coordinates_track(c: Mapping[str, Floats], rate: float = 100.0, unit: str = "deg") -> Track:
    """The coordinates as OpenSim would write them, both sides alike."""
    columns = {}
    for name, values in c.items():
        if name in ("pelvis_tilt", "lumbar_extension"):
            columns[name] = values
        else:
            columns |= {f"{name}_r": values, f"{name}_l": values}
    stack = np.stack(list(columns.values()), axis=1)[:, :, np.newaxis]
    stack = np.radians(stack) if unit == "rad" else stack
    return Track(name="body.mot", kind="angles", times=np.arange(len(stack)) / rate, values=stack,
                 names=tuple(columns), unit=unit)  # fmt: skip
