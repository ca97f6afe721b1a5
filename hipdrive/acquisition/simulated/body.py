"""A body of rigid segments seen from the side: where its points and its centre of mass are for given angles.

Every point is a sum of segment vectors, so with x + iz as a complex number it is `C @ exp(i·phi)` with constant complex
`C`; so are the centre of mass and, by the chain rule, its velocity and acceleration. Nothing is differenced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

SEGMENTS = (
    "foot_left", "shank_left", "thigh_left", "foot_right", "shank_right", "thigh_right", "trunk", "upper_arm",
    "forearm",
)  # fmt: skip
"""Both arms move as one."""

LENGTHS = {"foot": 0.148, "shank": 0.2490, "thigh": 0.2426, "trunk": 0.2965, "head": 0.1901, "upper_arm": 0.1618,
           "forearm": 0.1545}  # fmt: skip
"""Share of standing height: heel to toe tip, ankle to knee, knee to hip, mid hip to mid shoulder, from there to the
vertex, shoulder to elbow, elbow to wrist (men of de Leva 1996, 1.741 m tall)."""

ANKLE = complex(0.040, 0.040)
"""From the heel, as a share of height, with the foot flat."""

MASSES = {"head": 0.0694, "trunk": 0.4346, "upper_arm": 0.0271, "forearm": 0.0162, "hand": 0.0061, "thigh": 0.1416,
          "shank": 0.0433, "foot": 0.0137}  # fmt: skip
"""Share of body mass, men of de Leva 1996; limbs are one of two."""

CENTRES = {"trunk": 0.4310, "head": 0.3671, "upper_arm": 0.5772, "forearm": 0.4574, "thigh": 0.4095, "shank": 0.4395,
           "foot": 0.4415}  # fmt: skip
"""Centre of mass along a segment, from the end named first: mid shoulder to mid hip, vertex to mid shoulder, shoulder
to elbow, elbow to wrist, hip to knee, knee to ankle, heel to toe (de Leva 1996); the hand lies beyond the wrist."""

HAND = 0.25
"""Centre of the hand beyond the wrist, as a share of the forearm's length."""

SIDEWAYS = {"shoulder": 0.110, "elbow": 0.125, "wrist": 0.125, "hip": 0.050, "knee": 0.055, "ankle": 0.055,
            "heel": 0.055, "toe": 0.060}  # fmt: skip
"""Half the distance between left and right, as a share of height."""


@dataclass(frozen=True, eq=False)
class Body:
    """Constant coefficients of a body of a given height.

    points : name -> complex coefficients, shape (segments,), m. com : the same of the centre of mass.
    """

    height: float
    points: dict[str, Complex]
    com: Complex

    @classmethod
    def of(cls, height: float) -> Body:
        """The body of somebody so tall, m."""
        length = {name: share * height for name, share in LENGTHS.items()}

        def along(segment: str, size: complex) -> Complex:
            row = np.zeros(len(SEGMENTS), dtype=np.complex128)
            row[SEGMENTS.index(segment)] = size
            return row

        points: dict[str, Complex] = {}
        for side in ("left", "right"):
            points[f"toe_{side}"] = along(f"foot_{side}", 0.0)
            points[f"heel_{side}"] = along(f"foot_{side}", -length["foot"])
            points[f"ankle_{side}"] = points[f"heel_{side}"] + along(f"foot_{side}", ANKLE * height)
            points[f"knee_{side}"] = points[f"ankle_{side}"] + along(f"shank_{side}", length["shank"])
            points[f"hip_{side}"] = points[f"knee_{side}"] + along(f"thigh_{side}", length["thigh"])
        pelvis = 0.5 * (points["hip_left"] + points["hip_right"])
        shoulder = pelvis + along("trunk", length["trunk"])
        elbow = shoulder + along("upper_arm", length["upper_arm"])
        wrist = elbow + along("forearm", length["forearm"])
        points["head"] = shoulder + along("trunk", length["head"])
        for side in ("left", "right"):
            points |= {f"shoulder_{side}": shoulder, f"elbow_{side}": elbow, f"wrist_{side}": wrist}
        hand = wrist + HAND * (wrist - elbow)
        return cls(height, points, _centre(points, pelvis, hand))


def _centre(points: dict[str, Complex], pelvis: Complex, hand: Complex) -> Complex:
    """Mass-weighted mean of the segments' centres."""
    shoulder = points["shoulder_left"]
    parts = [("trunk", 1, shoulder, pelvis), ("head", 1, points["head"], shoulder),
             ("upper_arm", 2, shoulder, points["elbow_left"]),
             ("forearm", 2, points["elbow_left"], points["wrist_left"])]  # fmt: skip
    for side in ("left", "right"):
        parts += [("thigh", 1, points[f"hip_{side}"], points[f"knee_{side}"]),
                  ("shank", 1, points[f"knee_{side}"], points[f"ankle_{side}"]),
                  ("foot", 1, points[f"heel_{side}"], points[f"toe_{side}"])]  # fmt: skip
    total, mass = 2 * MASSES["hand"] * hand, 2 * MASSES["hand"]
    for name, count, first, last in parts:
        total = total + count * MASSES[name] * (first + CENTRES[name] * (last - first))
        mass += count * MASSES[name]
    return np.asarray(total / mass)


def place(coefficients: Complex, angles: Floats) -> Complex:
    """Position x + iz, m, of angles of shape (segments, ...), rad."""
    return np.asarray(coefficients @ np.exp(1j * angles))


def speed(coefficients: Complex, angles: Floats, rates: Floats) -> Complex:
    """Velocity, m/s; `rates` in rad/s."""
    return np.asarray(coefficients @ (1j * rates * np.exp(1j * angles)))


def acceleration(coefficients: Complex, angles: Floats, rates: Floats, second: Floats) -> Complex:
    """Acceleration, m/s²; `second` in rad/s²."""
    return np.asarray(coefficients @ ((1j * second - rates**2) * np.exp(1j * angles)))
