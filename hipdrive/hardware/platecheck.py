"""Known masses on a grid of points of a plate: how far its force and its centre of pressure are off (METRICS.md C10).

One straight-line model is fitted to all readings of a plate by least squares:

    F = zero of the visit + drift · t + b(point) · R + deviation(level) + direction(level) / 2 + noise

R is the weight of the mass, a visit the readings at one point in a row. From it come the gain (the mean of b over the
points), how b changes over the plate, how far the levels leave the straight line, what going up and down again makes
of it, and what is left: the repeatability. Every figure is a sum of the model's parameters, so that its 95 %
uncertainty follows from the same fit (Student's t); what the masses and gravity are not known better than is added
where it does not cancel. A figure is `ok` or `bad` only where its uncertainty leaves no doubt (ISO 14253-1), else
`open`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.hardware.weights import Gravity, force

Unit = Literal["%", "N", "m"]
Verdict = Literal["ok", "bad", "open", "told"]
Floats = NDArray[np.float64]
OK: Final = "ok"
BAD: Final = "bad"
OPEN: Final = "open"
TOLD: Final = "told"
"""Within its limit, beyond it, not to be decided with this uncertainty; a figure without a limit."""

SAME_POINT, SAME_LEVEL = 2e-3, 0.02
"""m within which two points are one; part of the largest mass within which two loads are one level."""

FEWEST = 2
"""Degrees of freedom below which no uncertainty is given."""

ISO_7500: Mapping[str, tuple[float, float, float]] = {
    "0.5": (0.5, 0.5, 0.75), "1": (1.0, 1.0, 1.5), "2": (2.0, 2.0, 3.0), "3": (3.0, 3.0, 4.5),
}  # fmt: skip
"""Class -> % of accuracy, repeatability and reversibility: ISO 7500-1:2018, table 2; METRICS.md C10 has 0.5 %, too."""

COP_LIMIT = 3e-3
"""m: METRICS.md C10."""


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


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a check: unit "%", "N" or "m"; `why` says why there is none."""

    value: float
    unit: Unit
    u95: float = math.nan
    limit: float = math.nan
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """OK, BAD, OPEN or TOLD."""
        if not math.isfinite(self.limit) or not math.isfinite(self.value):
            return TOLD
        doubt = self.u95 if math.isfinite(self.u95) else math.inf
        if abs(self.value) + doubt <= self.limit:
            return OK
        return BAD if abs(self.value) - doubt > self.limit else OPEN


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point of the grid: error of the force there, %, and of the centre of pressure, m."""

    x: float
    y: float
    force_error: float
    force_u95: float
    cop_x: float = math.nan
    cop_y: float = math.nan


@dataclass(frozen=True, kw_only=True)
class PlateCheck:
    """What a check found of one plate.

    gain : the force that the plate shows for one newton. largest : the largest load, N. figures : by name, in the
    order in which they are told.
    """

    plate: str
    gain: float
    gain_u95: float
    largest: float
    readings: int
    figures: Mapping[str, Figure]
    points: tuple[Point, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """That of the worst figure."""
        found = {one.verdict for one in self.figures.values()}
        return BAD if BAD in found else OPEN if OPEN in found else OK

    @property
    def factor(self) -> float:
        """By what N/V would have to be multiplied so that the gain is 1: proposed, never applied."""
        return 1.0 / self.gain

    @property
    def resolved(self) -> bool:
        """Whether the gain differs from 1 by more than its uncertainty."""
        return abs(self.gain - 1.0) > self.gain_u95

    @property
    def within(self) -> float:
        """%: no point of the grid is farther off, uncertainty included."""
        return max(abs(one.force_error) + one.force_u95 for one in self.points)


def examine(
    readings: Sequence[Reading], *, tolerance: float, gravity: Gravity, iso_class: str = "0.5", placed: float = 2e-3
) -> PlateCheck:
    """Check one plate.

    tolerance : how far the masses may be off, a part of them. gravity : where the plate stands. iso_class : a key of
    `ISO_7500`. placed : how far a mass may lie beside its point, m.

    Raises
    ------
    UsageError : too few readings to fit a line to.
    """
    if iso_class not in ISO_7500:
        raise UsageError("iso_class", f"class {iso_class!r} is not known; give one of {', '.join(ISO_7500)}")
    name = readings[0].plate if readings else ""
    fit = _Fit(readings, gravity)
    # all masses may be off by the same part and in the same direction: that goes into the gain as it is
    relative = math.hypot(tolerance / math.sqrt(3.0), gravity.sd / gravity.value)
    accuracy, repeat, reverse = ISO_7500[iso_class]
    gain, random = fit.value(fit.gain), fit.u95(fit.gain)
    gain_u95 = math.hypot(random, 1.96 * relative * gain)
    figures = {
        "gain": Figure(value=100.0 * (gain - 1.0), unit="%", u95=100.0 * gain_u95, limit=accuracy),
        "linearity": _linearity(fit, gain, tolerance, accuracy),
        "hysteresis": _hysteresis(fit, reverse),
        "repeatability": _repeatability(fit, repeat),
        "position": _position(fit, gain, accuracy),
        **_pressure(readings, fit, placed),
        "offset": Figure(value=fit.value(fit.offset), unit="N", u95=fit.u95(fit.offset)),
    }  # fmt: skip
    return PlateCheck(plate=name, gain=gain, gain_u95=gain_u95, largest=fit.span, readings=len(readings),
                      figures=figures, points=_points(fit, readings, relative))  # fmt: skip


class _Fit:
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


# --- figures ---


def _linearity(fit: _Fit, gain: float, tolerance: float, limit: float) -> Figure:
    if not fit.of("level"):
        return Figure(value=math.nan, unit="%", limit=limit, why="two loads make no curve: use three or more")
    beside = fit.beside_line()
    rows = [fit.contrast({("level", one): float(row[one]) for one in fit.of("level")}) for row in beside]
    values = np.array([fit.value(row) for row in rows])
    if not np.isfinite(values).all():
        return Figure(value=math.nan, unit="%", limit=limit, why="no point was read under three loads")
    worst = int(np.abs(values).argmax())
    # pieces of their own each may be off: that bends the line, where a common error only tilts it
    pieces = 1.96 * tolerance / math.sqrt(3.0) * gain * float(np.linalg.norm(beside[worst] * fit.loads))
    return Figure(value=100.0 * abs(values[worst]) / fit.span, unit="%", limit=limit,
                  u95=100.0 * math.hypot(fit.u95(rows[worst]), pieces) / fit.span)  # fmt: skip


def _hysteresis(fit: _Fit, limit: float) -> Figure:
    rows = [fit.contrast({("direction", one): 1.0}) for one in fit.of("direction")]
    known = [row for row in rows if fit.told(row)]
    if not known:
        return Figure(value=math.nan, unit="%", limit=limit, why="no load was read going up and going down")
    worst = max(known, key=lambda row: abs(fit.value(row)))
    return Figure(value=100.0 * fit.value(worst) / fit.span, unit="%", limit=limit,
                  u95=100.0 * fit.u95(worst) / fit.span)  # fmt: skip


def _repeatability(fit: _Fit, limit: float) -> Figure:
    from scipy.special import chdtri

    if not math.isfinite(fit.sd):
        return Figure(value=math.nan, unit="%", limit=limit, why="too few readings: repeat some")
    percent = 100.0 * fit.sd / fit.span
    return Figure(value=percent, unit="%", limit=limit,
                  u95=percent * (math.sqrt(fit.dof / float(chdtri(fit.dof, 0.975))) - 1.0))  # fmt: skip


def _position(fit: _Fit, gain: float, limit: float) -> Figure:
    points = fit.of("slope")
    if len(points) < 2:
        return Figure(value=math.nan, unit="%", limit=limit, why="only one point was loaded")
    rows = [fit.contrast({("slope", p): (p == one) - 1.0 / len(points) for p in points}) for one in points]
    worst = max(rows, key=lambda row: abs(fit.value(row)))
    return Figure(value=100.0 * abs(fit.value(worst)) / gain, unit="%", limit=limit,
                  u95=100.0 * fit.u95(worst) / gain)  # fmt: skip


def _pressure(readings: Sequence[Reading], fit: _Fit, placed: float) -> dict[str, Figure]:
    """Errors of the centre of pressure; a mass lies where it lies for a whole visit."""
    from scipy.special import stdtrit

    beside = np.array([(one.copx - one.x, one.copy - one.y) if one.mass > 0.0 else (math.nan, math.nan)
                       for one in readings])  # fmt: skip
    seen = np.isfinite(beside).all(axis=1)
    names = ("cop_bias_x", "cop_bias_y", "cop_rms", "cop_largest")
    if not seen.any():
        why = "this plate gives no centre of pressure, or none of the loads is enough for it"
        return {name: Figure(value=math.nan, unit="m", why=why) for name in names}
    visits = [np.flatnonzero(seen & (fit.visit == v)) for v in np.unique(fit.visit[seen])]
    means = np.array([beside[rows].mean(axis=0) for rows in visits])
    count = len(means)
    t = float(stdtrit(count - 1, 0.975)) / math.sqrt(count) if count > 1 else math.nan
    doubt = t * means.std(axis=0, ddof=1) if count > 1 else np.full(2, math.nan)
    far = np.hypot(*means.T)
    rms = float(np.sqrt((far**2).mean()))
    lies = 1.96 * placed / math.sqrt(3.0)
    spread = t * float((far**2).std(ddof=1)) / (2.0 * rms) if count > 1 and rms > 0.0 else math.nan
    return {
        "cop_bias_x": Figure(value=float(means[:, 0].mean()), unit="m", u95=float(doubt[0])),
        "cop_bias_y": Figure(value=float(means[:, 1].mean()), unit="m", u95=float(doubt[1])),
        "cop_rms": Figure(value=rms, unit="m", u95=math.hypot(spread, lies / math.sqrt(count))),
        "cop_largest": Figure(value=float(far.max()), unit="m", u95=lies, limit=COP_LIMIT),
    }


def _points(fit: _Fit, readings: Sequence[Reading], relative: float) -> tuple[Point, ...]:
    """Error of force and place at every point that was loaded."""
    told = []
    whole = {name: part for name, part in fit.slopes.items() if name[0] == "level"}
    for p in fit.of("slope"):
        row = fit.contrast({("slope", p): 1.0, **whole})
        slope = fit.value(row)
        here = [one for one, at in zip(readings, fit.point, strict=True)
                if at == p and one.mass > 0.0 and math.isfinite(one.copx) and math.isfinite(one.copy)]  # fmt: skip
        x, y = fit.places[p]
        told.append(Point(
            x=x, y=y, force_error=100.0 * (slope - 1.0),
            force_u95=100.0 * math.hypot(fit.u95(row), 1.96 * relative * slope),
            cop_x=float(np.mean([one.copx - one.x for one in here])) if here else math.nan,
            cop_y=float(np.mean([one.copy - one.y for one in here])) if here else math.nan,
        ))  # fmt: skip
    return tuple(told)
