"""Known masses on a grid of points of a plate: how far its force and its centre of pressure are off (METRICS.md C10).

All figures come from one fit (`platefit`): the gain (the mean of the slopes of the points), how it changes over the
plate, how far the levels leave the straight line, what going up and down again makes of it, and what is left: the
repeatability. So each has its 95 % uncertainty by the scatter of the readings (Student's t); what masses and gravity
are not known better than is added where it does not cancel. A figure is `ok` or `bad` only where its uncertainty
leaves no doubt (ISO 14253-1), else `open`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.hardware.platefit import Fit, Reading
from hipdrive.hardware.weights import Gravity

Unit = Literal["%", "N", "m"]
Verdict = Literal["ok", "bad", "open", "told"]
Floats = NDArray[np.float64]
OK: Final = "ok"
BAD: Final = "bad"
OPEN: Final = "open"
TOLD: Final = "told"
"""Within its limit, beyond it, not to be decided with this uncertainty; a figure without a limit."""

ANOTHER_UNIT = 2.0
"""A gain beyond this, or below its inverse, is no error of a plate: kilograms for newtons are 10, pounds 4."""

ISO_7500: Mapping[str, tuple[float, float, float]] = {
    "0.5": (0.5, 0.5, 0.75), "1": (1.0, 1.0, 1.5), "2": (2.0, 2.0, 3.0), "3": (3.0, 3.0, 4.5),
}  # fmt: skip
"""Class -> % of accuracy, repeatability and reversibility: ISO 7500-1:2018, table 2; METRICS.md C10 has 0.5 %, too."""

COP_LIMIT = 3e-3
"""m: METRICS.md C10."""


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
    UsageError : too few readings to fit a line to, or a gain that only another unit explains.
    """
    if iso_class not in ISO_7500:
        raise UsageError("iso_class", f"class {iso_class!r} is not known; give one of {', '.join(ISO_7500)}")
    name = readings[0].plate if readings else ""
    fit = Fit(readings, gravity)
    # all masses may be off by the same part and in the same direction: that goes into the gain as it is
    relative = math.hypot(tolerance / math.sqrt(3.0), gravity.sd / gravity.value)
    accuracy, repeat, reverse = ISO_7500[iso_class]
    gain, random = fit.value(fit.gain), fit.u95(fit.gain)
    if not 1.0 / ANOTHER_UNIT < gain < ANOTHER_UNIT:
        raise UsageError("gain", f"plate {name!r}: it reads {gain:.3g} N for one newton of load: something is in "
                         "another unit or of another plate; give readings in N and masses in kg")  # fmt: skip
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


# --- figures ---


def _linearity(fit: Fit, gain: float, tolerance: float, limit: float) -> Figure:
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


def _hysteresis(fit: Fit, limit: float) -> Figure:
    rows = [fit.contrast({("direction", one): 1.0}) for one in fit.of("direction")]
    known = [row for row in rows if fit.told(row)]
    if not known:
        return Figure(value=math.nan, unit="%", limit=limit, why="no load was read going up and going down")
    worst = max(known, key=lambda row: abs(fit.value(row)))
    return Figure(value=100.0 * fit.value(worst) / fit.span, unit="%", limit=limit,
                  u95=100.0 * fit.u95(worst) / fit.span)  # fmt: skip


def _repeatability(fit: Fit, limit: float) -> Figure:
    from scipy.special import chdtri

    if not math.isfinite(fit.sd):
        return Figure(value=math.nan, unit="%", limit=limit, why="too few readings: repeat some")
    percent = 100.0 * fit.sd / fit.span
    return Figure(value=percent, unit="%", limit=limit,
                  u95=percent * (math.sqrt(fit.dof / float(chdtri(fit.dof, 0.975))) - 1.0))  # fmt: skip


def _position(fit: Fit, gain: float, limit: float) -> Figure:
    points = fit.of("slope")
    if len(points) < 2:
        return Figure(value=math.nan, unit="%", limit=limit, why="only one point was loaded")
    rows = [fit.contrast({("slope", p): (p == one) - 1.0 / len(points) for p in points}) for one in points]
    worst = max(rows, key=lambda row: abs(fit.value(row)))
    return Figure(value=100.0 * abs(fit.value(worst)) / gain, unit="%", limit=limit,
                  u95=100.0 * fit.u95(worst) / gain)  # fmt: skip


def _pressure(readings: Sequence[Reading], fit: Fit, placed: float) -> dict[str, Figure]:
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


def _points(fit: Fit, readings: Sequence[Reading], relative: float) -> tuple[Point, ...]:
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
