"""Readings of a plate under known masses, and the straight-line model that is fitted to them by least squares:

    F = zero of the visit + drift · t + b(point) · R + deviation(level) + direction(level) / 2 + noise

R is the weight of the mass, a visit the readings at one point in a row. Any sum of the parameters (a contrast) has its
95 % interval from the same fit; what the readings cannot tell is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.hardware.weights import Gravity, force

Floats = NDArray[np.float64]

SAME_POINT, SAME_LEVEL = 2e-3, 0.02
"""m within which two points are one; part of the largest mass within which two loads are one level."""

FEWEST = 2
"""Degrees of freedom below which no uncertainty is given."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A plate under a mass (0: empty) that lies still, in the order in which they were taken.

    x, y : where, m, seen from above from the plate's centre: along its own +x, and to the left of it.
    force : vertical, N. copx, copy : what the plate says of the place, NaN where it says nothing. time : s.
    """

    plate: str
    mass: float
    x: float
    y: float
    force: float
    copx: float = math.nan
    copy: float = math.nan
    time: float = math.nan


class Fit:
    """The model of one plate, fitted; a contrast is a row of weights of its parameters."""

    def __init__(self, readings: Sequence[Reading], gravity: Gravity) -> None:
        self.mass = np.array([one.mass for one in readings])
        if len(readings) < 3 or np.ptp(self.mass) <= 0.0:
            raise UsageError("few_readings", f"plate {readings[0].plate if readings else ''!r}: a check needs at least "
                             "three readings with two different loads; read the empty plate and a mass")  # fmt: skip
        self.load = np.array([force(one.mass, gravity) for one in readings])
        self.span = float(self.load.max())
        self.places, self.point = _points_of(readings)
        self.visit = np.cumsum(np.r_[False, np.diff(self.point) != 0])
        self.level, self.loads = _levels_of(self.mass, self.load)
        self.up = _rising(self.mass, self.visit)
        self._columns: list[Floats] = []
        self._names: list[tuple[str, int]] = []
        self._build(np.array([one.time for one in readings]))
        matrix = np.column_stack(self._columns)
        forces = np.array([one.force for one in readings])
        self._inverse = np.linalg.pinv(matrix, rcond=1e-9)
        self._known = self._inverse @ matrix  # projects a contrast onto what the readings can tell
        self._beta = self._inverse @ forces
        self.dof = len(readings) - int(np.linalg.matrix_rank(matrix, tol=1e-9 * np.linalg.norm(matrix, 2)))
        left = forces - matrix @ self._beta
        self.sd = math.sqrt(float(left @ left) / self.dof) if self.dof >= FEWEST else math.nan

    def _build(self, time: Floats) -> None:
        """The columns; each that is there can be told from the others by the plan of the readings, or is refused."""
        own = all(np.ptp(self.level[self.visit == v]) > 0 for v in np.unique(self.visit))
        for v in range(self.visit[-1] + 1) if own else ():
            self._add("zero", v, self.visit == v)
        if not own:
            self._add("zero", 0, np.ones(len(self.mass)))
        if np.isfinite(time).all() and self._empty_before_and_after():
            self._add("drift", 0, time - time.mean())
        for p in np.unique(self.point[self.mass > 0.0]):
            self._add("slope", int(p), np.where(self.point == p, self.load, 0.0))
        inner = range(1, len(self.loads) - 1)
        for one in inner:
            self._add("level", one, self.level == one)
        for one in inner:
            here = self.level == one
            if len(set(self.up[here])) == 2:
                self._add("direction", one, np.where(here, np.where(self.up, -0.5, 0.5), 0.0))

    def _add(self, kind: str, which: int, column: NDArray[np.generic]) -> None:
        self._names.append((kind, which))
        self._columns.append(np.asarray(column, dtype=np.float64))

    def _empty_before_and_after(self) -> bool:
        """Whether a visit begins and ends with the empty plate, which tells drift from load."""
        ends = [(self.level[rows[0]], self.level[rows[-1]]) for v in np.unique(self.visit)
                if len(rows := np.flatnonzero(self.visit == v)) >= 3]  # fmt: skip
        return (0, 0) in ends

    # --- contrasts ---

    def contrast(self, weights: Mapping[tuple[str, int], float]) -> Floats:
        """A row of weights; what has none is zero."""
        return np.array([weights.get(name, 0.0) for name in self._names])

    def of(self, kind: str) -> list[int]:
        """Which parameters of a kind there are."""
        return [which for name, which in self._names if name == kind]

    @property
    def slopes(self) -> Mapping[tuple[str, int], float]:
        """Weights of the mean slope, and of the straight line through the levels' deviations."""
        points, line = self.of("slope"), self._line()[1]
        weights = {("slope", p): 1.0 / len(points) for p in points}
        return weights | {("level", one): float(line[one]) for one in self.of("level")}

    @property
    def gain(self) -> Floats:
        """Contrast of the gain."""
        return self.contrast(self.slopes)

    @property
    def offset(self) -> Floats:
        """Contrast of the force of the empty plate."""
        zeros, line = self.of("zero"), self._line()[0]
        weights = {("zero", v): 1.0 / len(zeros) for v in zeros}
        return self.contrast(weights | {("level", one): float(line[one]) for one in self.of("level")})

    def _line(self) -> Floats:
        """Weights, shape (2, levels), by which deviations make the intercept and the slope of their line."""
        design = np.column_stack([np.ones(len(self.loads)), self.loads])
        return np.asarray(np.linalg.pinv(design))

    def beside_line(self) -> Floats:
        """What each level's deviation makes of every level's distance from the line, (levels, levels)."""
        design = np.column_stack([np.ones(len(self.loads)), self.loads])
        return np.eye(len(self.loads)) - design @ self._line()

    def value(self, contrast: Floats) -> float:
        """NaN where the readings cannot tell it."""
        return float(contrast @ self._beta) if self.told(contrast) else math.nan

    def told(self, contrast: Floats) -> bool:
        """Whether the readings can tell a contrast."""
        scale = float(np.abs(contrast).max(initial=1e-300))
        return bool(np.allclose(contrast @ self._known, contrast, atol=1e-6 * scale))

    def u95(self, contrast: Floats) -> float:
        """Half width of the 95 % interval by the scatter of the readings."""
        from scipy.special import stdtrit

        if self.dof < FEWEST:
            return math.nan
        return float(stdtrit(self.dof, 0.975)) * self.sd * float(np.linalg.norm(contrast @ self._inverse))


def _points_of(readings: Sequence[Reading]) -> tuple[list[tuple[float, float]], NDArray[np.int64]]:
    """The points of the grid, and which each reading is at."""
    places: list[tuple[float, float]] = []
    which = []
    for one in readings:
        near = [i for i, (x, y) in enumerate(places) if math.hypot(one.x - x, one.y - y) <= SAME_POINT]
        if not near:
            near = [len(places)]
            places.append((one.x, one.y))
        which.append(near[0])
    return places, np.array(which, dtype=np.int64)


def _levels_of(mass: Floats, load: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The level of each reading, lightest first, and the mean load of each level."""
    order = np.argsort(mass, kind="stable")
    step = np.diff(mass[order]) > SAME_LEVEL * mass.max()
    level = np.empty(len(mass), dtype=np.int64)
    level[order] = np.cumsum(np.r_[False, step])
    return level, np.array([load[level == one].mean() for one in range(level.max() + 1)])


def _rising(mass: Floats, visit: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each reading was come to from below."""
    up = np.ones(len(mass), dtype=bool)
    for i in range(1, len(mass)):
        if visit[i] == visit[i - 1]:
            up[i] = mass[i] > mass[i - 1] or (mass[i] == mass[i - 1] and up[i - 1])
    return up
