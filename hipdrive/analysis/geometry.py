"""Curves made of points: the whole body's lean, the foot's distance ahead of it, and what is seen from the front.

X forward, Y left, Z up, m (METRICS.md 0). A point of one side is called `knee_left`; its unknown dimensions are NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from hipdrive.analysis.angles import unwrapped
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.profile import Profile
from hipdrive.trial import Floats

Maker = Callable[[Motion, str], Floats]

LENGTH, ANGLE, RATIO = "m", "deg", "1"
MEDIAL = {"left": -1.0, "right": 1.0}
"""Y towards the other leg."""


def sided(name: str, leg: str) -> str:
    """The name of one side's point or angle; of a view that knows no sides, the name alone."""
    return f"{name}_{leg}" if leg else name


def point(motion: Motion, name: str) -> Floats:
    """A point, (frames, 3)."""
    return motion.points[name]


def _degrees(y: Floats, x: Floats) -> Floats:
    """Angle of (x, y), deg, without jumps of a turn; NaN stays where it is."""
    return np.degrees(unwrapped(np.arctan2(y, x)))


def lean(motion: Motion, leg: str) -> Floats:
    """The line from the ankle to the centre of mass against the vertical, forward positive, deg."""
    along = com(motion) - point(motion, sided("ankle", leg))
    return _degrees(along[:, 0], along[:, 2])


def toe_ahead(motion: Motion, leg: str) -> Floats:
    """How far the toe is ahead of the centre of mass, m."""
    return np.asarray(point(motion, sided("toe", leg))[:, 0] - com(motion)[:, 0])


def valgus(motion: Motion, leg: str) -> Floats:
    """Seen from the front: by how much the line hip-knee-ankle is bent, knee towards the other leg positive, deg."""
    hip, knee, ankle = (point(motion, sided(name, leg))[:, 1:] for name in ("hip", "knee", "ankle"))
    up, down = hip - knee, ankle - knee
    # the angle from the shank turned upwards to the thigh: zero on a straight line, signed by the side of the bend
    cross = (-down[:, 0]) * up[:, 1] - (-down[:, 1]) * up[:, 0]
    dot = (-down * up).sum(axis=1)
    return np.asarray(MEDIAL[leg] * np.degrees(np.arctan2(cross, dot)))


def separation(motion: Motion, leg: str) -> Floats:
    """Distance of the knees over that of the ankles, sideways."""
    knees, ankles = (
        np.abs(point(motion, f"{name}_left")[:, 1] - point(motion, f"{name}_right")[:, 1]) for name in ("knee", "ankle")
    )
    return np.asarray(knees / np.where(ankles > 0.0, ankles, np.nan))


def pelvis(motion: Motion, leg: str) -> Floats:
    """The line of the hips seen from the front, right side lower positive, deg."""
    across = point(motion, "hip_left") - point(motion, "hip_right")
    return _degrees(across[:, 2], across[:, 1])


def sideways(motion: Motion, leg: str) -> Floats:
    """The trunk seen from the front, to the left positive, deg."""
    up = _middle(motion, "shoulder") - _middle(motion, "hip")
    return _degrees(up[:, 1], up[:, 2])


def com(motion: Motion) -> Floats:
    """The centre of mass; without one, a motion has no distances to it."""
    if motion.com is None:
        raise KeyError("com")
    return motion.com


def _middle(motion: Motion, name: str) -> Floats:
    return np.asarray(0.5 * (point(motion, f"{name}_left") + point(motion, f"{name}_right")))


MAKERS: Mapping[str, tuple[Maker, str]] = {
    "whole_body_lean": (lean, ANGLE), "toe_ahead": (toe_ahead, LENGTH), "valgus": (valgus, ANGLE),
    "knee_separation": (separation, RATIO), "pelvis_frontal": (pelvis, ANGLE), "trunk_frontal": (sideways, ANGLE),
}  # fmt: skip
"""Curve -> how it is made, and its unit."""


def _split(name: str) -> tuple[str, str]:
    stem, _, leg = name.rpartition("_")
    return (stem, leg) if leg in MEDIAL else (name, "")


def is_angle(name: str, motion: Motion) -> bool:
    """Whether a curve is an angle, given or made of points."""
    return name in motion.angles or MAKERS.get(whole(name), (None, ""))[1] == ANGLE


def whole(name: str) -> str:
    """A curve's name without its leg.

    >>> whole("knee_angle_left"), whole("trunk_lean")
    ('knee_angle', 'trunk_lean')
    """
    return _split(name)[0]


def known(name: str, motion: Motion) -> bool:
    """Whether the points for a curve are there in a dimension that it needs, at least once."""
    stem, leg = _split(name)
    if stem not in MAKERS:
        return False
    try:
        return bool(np.isfinite(MAKERS[stem][0](motion, leg)).any())
    except KeyError:
        return False


FRONTAL = ("valgus", "knee_separation", "pelvis_frontal", "trunk_frontal")
"""Curves that only a picture from the front shows."""


def hidden(name: str, motion: Motion) -> bool:
    """Whether a curve is missing only since its points were seen from the side."""
    stem, leg = _split(name)
    if stem not in FRONTAL:
        return False
    try:
        return not np.isfinite(MAKERS[stem][0](motion, leg)).any()
    except KeyError:
        return False


def made(name: str, motion: Motion, profile: Profile) -> tuple[Floats, float]:
    """A curve, (frames,), and the slow error that it may have, in its unit."""
    stem, leg = _split(name)
    maker, unit = MAKERS[stem]
    values = maker(motion, leg)
    if unit == ANGLE:
        return values, profile.motion_bias
    if unit == LENGTH:
        return values, profile.motion_point_bias
    ankles = np.abs(point(motion, "ankle_left")[:, 1] - point(motion, "ankle_right")[:, 1])
    ratio = float(np.nanmedian(values))
    return values, profile.motion_point_bias * float(np.hypot(1.0, ratio) / np.nanmedian(ankles))
