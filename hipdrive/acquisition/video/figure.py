"""The look of a body: each part is the outline of a few balls, so limbs taper; discs are painted on its joints."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.body import LENGTHS, SIDEWAYS, Complex
from hipdrive.acquisition.video.scene import Camera, Colour, Passer
from hipdrive.trial import LEFT, RIGHT, Floats

JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "toe")
SIDES = (LEFT, RIGHT)

POINTS = ("head", *(f"{joint}_{side}" for joint in JOINTS for side in SIDES))
"""Points of a body that the truth is told of."""

DISC = 0.026
"""Radius of a painted disc, m."""

SKIN, SHIRT, SHORTS, SHOE, HAIR = (206, 168, 146), (104, 110, 122), (52, 54, 62), (228, 228, 230), (84, 70, 60)
SHADE = 0.82
"""How bright the side away from the camera is."""


def disc_colours() -> dict[str, Colour]:
    """Point -> colour of its disc: a hue for each joint, light on the left and dark on the right.

    >>> len(set(disc_colours().values())) == len(POINTS)
    True
    """
    found: dict[str, Colour] = {}
    for place, joint in enumerate(("head", *JOINTS)):
        for side, value in ((LEFT, 1.0), (RIGHT, 0.62)):
            name = joint if joint == "head" else f"{joint}_{side}"
            r, g, b = (round(255 * part) for part in colorsys.hsv_to_rgb(place / 9.0, 1.0, value))
            found.setdefault(name, (r, g, b))
    return found


DERIVED = ("neck", "chin", "crown", "nose", "scalp", *(f"{part}_{side}" for part in ("hem", "hand") for side in SIDES))
"""Points that only the drawing needs."""

ALL = (*POINTS, *DERIVED)


@dataclass(frozen=True)
class Part:
    """Balls about points, radii as a share of height, drawn as one; `over`: m that it lies on what it covers."""

    balls: tuple[tuple[str, float], ...]
    colour: Colour
    side: str = ""
    over: float = 0.0


def _parts() -> tuple[Part, ...]:
    trunk = (*((f"shoulder_{s}", 0.050) for s in SIDES), *((f"hip_{s}", 0.050) for s in SIDES))
    found = [
        Part((("neck", 0.032), ("chin", 0.030)), SKIN),
        Part((("chin", 0.036), ("nose", 0.012), ("crown", 0.045)), SKIN),
        Part((("scalp", 0.045),), HAIR, over=0.01),
        Part(trunk, SHIRT),
    ]
    for s in SIDES:
        found += [
            Part(((f"heel_{s}", 0.016), (f"toe_{s}", 0.010), (f"ankle_{s}", 0.022)), SHOE, s),
            Part(((f"ankle_{s}", 0.020), (f"knee_{s}", 0.031)), SKIN, s),
            Part(((f"knee_{s}", 0.031), (f"hem_{s}", 0.040)), SKIN, s),
            Part(((f"hem_{s}", 0.043), (f"hip_{s}", 0.052)), SHORTS, s, over=0.05),
            Part(((f"shoulder_{s}", 0.030), (f"elbow_{s}", 0.022)), SHIRT, s),
            Part(((f"elbow_{s}", 0.021), (f"wrist_{s}", 0.015)), SKIN, s),
            Part(((f"wrist_{s}", 0.015), (f"hand_{s}", 0.020)), SKIN, s),
        ]
    return tuple(found)


PARTS = _parts()
BALLS = tuple((ALL.index(name), radius) for part in PARTS for name, radius in part.balls)
INDEX, RADII = np.array([i for i, _ in BALLS]), np.array([r for _, r in BALLS])
ENDS = np.cumsum([0, *(len(part.balls) for part in PARTS)])
ROUND = np.exp(2j * np.pi * np.arange(20) / 20.0)
CIRCLE = np.stack([ROUND.real, ROUND.imag], axis=1)


def placed(points: Mapping[str, Complex], height: float, forward: float = 1.0, at: complex = 0.0) -> Floats:
    """Points in the sagittal plane (x + iz, each of shape (times,)) as points in space, shape (times, `POINTS`, 3)."""
    rows = []
    for name in POINTS:
        joint, _, side = name.partition("_")
        y = SIDEWAYS.get(joint, 0.0) * height * {LEFT: 1.0, RIGHT: -1.0}.get(side, 0.0)
        path = points[name]
        rows.append(np.stack([at.real + forward * path.real, np.full(path.shape, at.imag + forward * y), path.imag]))
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def completed(points: Floats) -> Floats:
    """With the points that only the drawing needs: shape (..., `ALL`, 3) of (..., `POINTS`, 3)."""
    at = {name: points[..., k, :] for k, name in enumerate(POINTS)}
    neck = 0.5 * (at["shoulder_left"] + at["shoulder_right"])
    up = at["head"] - neck
    across = at["shoulder_left"] - at["shoulder_right"]
    ahead = np.cross(across, up) / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    found = [neck, neck + 0.45 * up, neck + 0.77 * up, neck + 0.58 * up + 0.30 * ahead, neck + 0.80 * up - 0.10 * ahead]
    found += [at[f"hip_{s}"] + 0.62 * (at[f"knee_{s}"] - at[f"hip_{s}"]) for s in SIDES]
    found += [at[f"wrist_{s}"] + 0.35 * (at[f"wrist_{s}"] - at[f"elbow_{s}"]) for s in SIDES]
    return np.concatenate([points, np.stack(found, axis=-2)], axis=-2)


@dataclass(frozen=True, eq=False)
class Outlines:
    """A body at several times, seen by a camera.

    circles : ndarray, shape (times, balls, 20, 2), px. discs : shape (times, points, 2), px; radius : of each, px.
    order : what to draw, from far to near: number of a part, or points after `len(PARTS)`.
    """

    circles: Floats
    discs: Floats
    radius: Floats
    order: NDArray[np.int64]
    shade: tuple[float, ...]


def outlines(camera: Camera, points: Floats, height: float) -> Outlines:
    """The outlines of a body, points of shape (times, `POINTS`, 3), m."""
    every = completed(points)
    px, depth = camera.project(every)
    size = camera.focal * height * RADII / depth[:, INDEX]
    circles = px[:, INDEX, np.newaxis, :] + size[..., np.newaxis, np.newaxis] * CIRCLE
    middle = len(depth) // 2
    far = [float(depth[middle, INDEX[a:b]].mean()) - part.over
           for part, a, b in zip(PARTS, ENDS[:-1], ENDS[1:], strict=True)]  # fmt: skip
    # discs lie on the skin, so nearer than the limb; 0.06 of height is more than any limb is thick
    order = np.argsort(-np.r_[far, depth[middle, : len(POINTS)] - 0.06 * height], kind="stable")
    hips = {side: float(depth[middle, ALL.index(f"hip_{side}")]) for side in SIDES}
    away = {side for side in SIDES if hips[side] > min(hips.values()) + 0.02}
    shade = tuple(SHADE if part.side in away else 1.0 for part in PARTS)
    return Outlines(circles, px[:, : len(POINTS)], camera.focal * DISC / depth[:, : len(POINTS)], order, shade)


def painted(colour: Sequence[int], shade: float) -> tuple[float, ...]:
    """A colour in the shade."""
    return tuple(shade * part for part in colour)


STEP_LENGTH = 0.80
"""Of height: how far two steps go."""


def walking(passer: Passer, times: Floats) -> Floats:
    """Somebody who walks past, shape (times, `POINTS`, 3), m: legs and arms swing, the lower foot is on the floor."""
    h = passer.height
    length = {name: share * h for name, share in LENGTHS.items()}
    x = passer.x + passer.speed * times
    turn = 2.0 * np.pi * (x - passer.x) / (STEP_LENGTH * h)
    down = -1j
    points: dict[str, Complex] = {}
    for side, phase in ((LEFT, turn), (RIGHT, turn + np.pi)):
        thigh = 0.42 * np.sin(phase)
        knee = 0.12 + 0.85 * np.clip(np.cos(phase), 0.0, None) ** 2
        points[f"hip_{side}"] = np.zeros(len(times), dtype=np.complex128)
        points[f"knee_{side}"] = length["thigh"] * down * np.exp(1j * thigh)
        points[f"ankle_{side}"] = points[f"knee_{side}"] + length["shank"] * down * np.exp(1j * (thigh - knee))
        sole = np.exp(-0.6j * (knee - 0.12))
        points[f"heel_{side}"] = points[f"ankle_{side}"] - (0.040 + 0.040j) * h * sole
        points[f"toe_{side}"] = points[f"heel_{side}"] + length["foot"] * sole
        points[f"shoulder_{side}"] = np.full(len(times), 1j * length["trunk"])
        points[f"elbow_{side}"] = points[f"shoulder_{side}"] + length["upper_arm"] * down * np.exp(-0.8j * thigh)
        points[f"wrist_{side}"] = points[f"elbow_{side}"] + length["forearm"] * down * np.exp(1j * (0.35 - 0.8 * thigh))
    points["head"] = points["shoulder_left"] + 1j * length["head"]
    low = np.min([points[f"{end}_{side}"].imag for end in ("heel", "toe") for side in SIDES], axis=0)
    forward = float(np.sign(passer.speed)) or 1.0
    shifted = {name: path + forward * x - 1j * low for name, path in points.items()}
    return placed(shifted, h, forward, 1j * passer.y)
