"""Joint angles over time as piecewise polynomials: smooth steps and spans laid one over the other.

Degrees and seconds. A `Piece` changes an angle between its start and its end and leaves it changed; an angle is where
it rests plus all its pieces. Every derivative, extreme and crossing is then that of a polynomial.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyder, polyint, polyval
from numpy.typing import NDArray
from scipy.interpolate import PPoly

from hipdrive.acquisition.simulated.body import SEGMENTS

Floats = NDArray[np.float64]

COORDINATES = (
    "foot_left", "ankle_left", "knee_left", "hip_left", "foot_right", "ankle_right", "knee_right", "shoulder", "elbow",
)  # fmt: skip
"""What is prescribed; the right hip follows, since both legs carry one trunk. `foot` is the angle of the sole with the
ground (heel up -), `ankle` is dorsiflexion, knee and hip are included angles, `shoulder` and `elbow` are flexion."""


TERMS = 9
"""Coefficients of a polynomial here: the push has degree 8."""

BINOMIAL = np.array([[math.comb(j, k) for j in range(TERMS)] for k in range(TERMS)], dtype=np.float64)
POWER = np.maximum(np.arange(TERMS)[np.newaxis, :] - np.arange(TERMS)[:, np.newaxis], 0)


@dataclass(frozen=True, eq=False)
class Piece:
    """Change of an angle: `shape`, coefficients of u = 0..1 (constant first), from `start` over `length`."""

    start: float
    length: float
    shape: Floats

    @property
    def end(self) -> float:
        """When it is over, s."""
        return self.start + self.length

    def local(self, time: float, inside: bool) -> Floats:
        """The change as coefficients of the seconds since `time`, while it goes on or (not `inside`) otherwise."""
        if inside:
            u = (time - self.start) / self.length
            return np.asarray((BINOMIAL * u**POWER) @ self.shape / self.length ** np.arange(TERMS))
        found = np.zeros(TERMS)
        found[0] = 0.0 if time < self.start + 0.5 * self.length else self.shape.sum()
        return found

    def at(self, time: float, order: int = 0) -> float:
        """The change at a time, or its derivative."""
        here = self.local(time, self.start < time < self.end)
        return float(here[order] * math.factorial(order))

    def over(self, u: Floats, order: int = 0) -> Floats:
        """The change, or a derivative by time, at parts u of its length."""
        return np.asarray(polyval(u, polyder(self.shape, order)) / self.length**order)


def step(start: float, length: float, amount: float, rise: int = 3, fall: int = 3) -> Piece:
    """A change whose velocity is u^rise·(1-u)^fall, largest at rise/(rise + fall) of its length."""
    speed = np.r_[np.zeros(rise), [(-1.0) ** k * math.comb(fall, k) for k in range(fall + 1)]]
    whole = polyint(speed)
    return Piece(start, length, np.pad(whole * (amount / whole.sum()), (0, TERMS - len(whole))))


def span(start: float, length: float, first: Sequence[float], last: Sequence[float]) -> Piece:
    """A change with given value, velocity and acceleration at both ends (deg, deg/s, deg/s²); `first[0]` is 0."""
    scale = length ** np.arange(3.0)
    p, v, a = np.asarray(first, float) * scale
    q, w, b = np.asarray(last, float) * scale
    rest = np.array([q - p - v - 0.5 * a, w - v - a, b - a])
    high = np.linalg.solve([[1.0, 1.0, 1.0], [3.0, 4.0, 5.0], [6.0, 12.0, 20.0]], rest)
    return Piece(start, length, np.pad([p, v, 0.5 * a, *high], (0, TERMS - 6)))


def knots_of(pieces: Iterable[Piece], end: float) -> Floats:
    """Where any of the pieces begins or ends, within [0, end]."""
    found = np.array(sorted({0.0, end, *(t for p in pieces for t in (p.start, p.end) if 0.0 < t < end)}))
    return np.asarray(found[np.r_[True, np.diff(found) > 1e-12]])


def curve(rest: float, pieces: Sequence[Piece], knots: Floats) -> PPoly:
    """The angle between the first and the last knot; every piece begins and ends at knots."""
    table = np.zeros((TERMS, len(knots) - 1))
    table[0] = rest
    for k, (left, middle) in enumerate(zip(knots[:-1], 0.5 * (knots[1:] + knots[:-1]), strict=True)):
        for piece in pieces:
            # which branch holds is asked in the middle, where no rounding can mistake it
            going = piece.start < middle < piece.end
            table[:, k] += piece.local(left if going else middle, going)
    return PPoly(table[::-1].copy(), knots)


def combine(parts: Sequence[tuple[float, PPoly]], constant: float = 0.0) -> PPoly:
    """A weighted sum of angles over the same knots, and a constant."""
    total = np.sum([factor * poly.c for factor, poly in parts], axis=0)
    total[-1] += constant
    return PPoly(total, parts[0][1].x)


def _matrix() -> tuple[Floats, Floats]:
    """Segment angles = matrix @ coordinates + constants, deg (METRICS.md 13)."""
    rows = np.zeros((len(SEGMENTS), len(COORDINATES)))
    shift = np.zeros(len(SEGMENTS))
    at, column = SEGMENTS.index, COORDINATES.index
    for side in ("left", "right"):
        foot, shank, thigh = (at(f"{part}_{side}") for part in ("foot", "shank", "thigh"))
        rows[foot, column(f"foot_{side}")] = 1.0
        rows[shank] = rows[foot]
        rows[shank, column(f"ankle_{side}")] -= 1.0
        shift[shank] = 90.0
        rows[thigh], shift[thigh] = rows[shank], shift[shank] + 180.0
        rows[thigh, column(f"knee_{side}")] -= 1.0
    trunk, upper, fore = at("trunk"), at("upper_arm"), at("forearm")
    rows[trunk], shift[trunk] = rows[at("thigh_left")], shift[at("thigh_left")] - 180.0
    rows[trunk, column("hip_left")] += 1.0
    rows[upper], shift[upper] = rows[trunk], shift[trunk] - 180.0
    rows[upper, column("shoulder")] += 1.0
    rows[fore], shift[fore] = rows[upper], shift[upper]
    rows[fore, column("elbow")] += 1.0
    return rows, shift


MATRIX, SHIFT = _matrix()


def segments(pose: Floats) -> Floats:
    """Segment angles, rad, of coordinates in deg, shape (coordinates, ...)."""
    return np.asarray(
        np.radians((MATRIX @ pose.reshape(len(COORDINATES), -1)).T + SHIFT).T.reshape(-1, *pose.shape[1:])
    )


def rates(pose_rates: Floats) -> Floats:
    """Segment rates, rad/s (or rad/s²), of those of the coordinates."""
    turned = MATRIX @ pose_rates.reshape(len(COORDINATES), -1)
    return np.asarray(np.radians(turned).reshape(-1, *pose_rates.shape[1:]))


def output(angles: Mapping[str, PPoly]) -> dict[str, PPoly]:
    """The angles under METRICS.md's names, of the prescribed coordinates."""
    found: dict[str, PPoly] = {}
    trunk = [(m, angles[name]) for m, name in zip(MATRIX[SEGMENTS.index("trunk")], COORDINATES, strict=True) if m]
    for side in ("left", "right"):
        place = SEGMENTS.index(f"thigh_{side}")
        thigh = [(m, angles[name]) for m, name in zip(MATRIX[place], COORDINATES, strict=True) if m]
        hip = combine([*trunk, *((-m, p) for m, p in thigh)], 180.0 + SHIFT[SEGMENTS.index("trunk")] - SHIFT[place])
        found |= {f"hip_angle_{side}": angles["hip_left"] if side == "left" else hip,
                  f"knee_angle_{side}": angles[f"knee_{side}"],
                  f"ankle_dorsiflexion_{side}": angles[f"ankle_{side}"],
                  f"shin_angle_{side}": combine([(1.0, angles[f"ankle_{side}"]), (-1.0, angles[f"foot_{side}"])]),
                  f"shoulder_angle_{side}": angles["shoulder"],
                  f"elbow_angle_{side}": combine([(-1.0, angles["elbow"])], 180.0)}  # fmt: skip
    found["trunk_lean"] = combine([(-m, p) for m, p in trunk], 90.0 - SHIFT[SEGMENTS.index("trunk")])
    return found
