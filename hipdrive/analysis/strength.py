"""Jumps beside maximal strength, and the force-velocity line over loads (METRICS.md 8)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.across import CHECKS, Chosen, Session, none, ratio
from hipdrive.analysis.registry import metric
from hipdrive.analysis.signal import Floats
from hipdrive.analysis.uncertainty import T95
from hipdrive.results import WARN, Finding, Results, Value

PEAK = "peak_propulsive_force"

LINEAR, ENOUGH = 0.95, 4
"""Below this r², or with fewer loads, a force-velocity line is warned about (METRICS.md 8)."""


def _strength(session: Session, *, net: bool) -> Value | None:
    """Peak force of the countermovement jump, or else the squat jump, over that of the isometric pull."""
    pulls = session.reps("isometric")
    if not pulls:
        # a jump alone is not yet a strength profile
        return None
    jumps = {test: [rep for rep in session.reps(test) if math.isfinite(rep[PEAK].value)] for test in ("cmj", "sj")}
    test = "cmj" if jumps["cmj"] else "sj"
    if not jumps[test]:
        return none("no_jump_trial", "1")
    if any(rep["iso_net_peak_force"].code == "load_cell" for rep in pulls):
        return none("load_cell", "1")
    pull = session.chosen("iso_net_peak_force" if net else "iso_peak_force", pulls)
    jump = _net_peak(session, jumps[test]) if net else session.chosen(PEAK, jumps[test])
    if not pull.there or not jump.there:
        return none("no_standing", "1")
    value, u95 = ratio(jump, pull)
    return Value(value, "1", u95, f"{test}/isometric {'net' if net else 'gross'}, {jump.said}/{pull.said}")


def _net_peak(session: Session, reps: list[Results]) -> Chosen:
    """Peak propulsive force above the weight, of the repetition whose gross one stands for all, or their mean."""
    gross = session.chosen(PEAK, reps)
    if session.how == "best":
        best = max(reps, key=lambda rep: rep[PEAK].value)
        weight = best["system_weight"]
        return Chosen(gross.value - weight.value, math.hypot(gross.u, weight.u95 / 1.96), gross.said)
    weight_mean = session.chosen("system_weight", reps)
    return Chosen(gross.value - weight_mean.value, math.hypot(gross.u, weight_mean.u), gross.said)


@metric("dynamic_strength_index", unit="1", tests={"cmj", "sj", "isometric"}, source="Sheppard 2011; Comfort 2018",
        scope="session", method="gross", group="across trials")  # fmt: skip
def dynamic_strength_index(session: Session) -> Value | None:
    """Peak force of the countermovement jump (else the squat jump) over peak force of the pull, both gross."""
    return _strength(session, net=False)


@metric("dsi_net", unit="1", tests={"cmj", "sj", "isometric"}, source="Comfort 2018", scope="session", method="net",
        repeats="dynamic_strength_index", group="across trials")  # fmt: skip
def dsi_net(session: Session) -> Value | None:
    """The dynamic strength index of the forces above the weight."""
    return _strength(session, net=True)


# --- force and velocity over loads --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A straight line y = intercept + slope·x through points, with the covariance of both and r²."""

    intercept: float
    slope: float
    covariance: Floats
    r2: float
    n: int
    wide: float
    """Quantile that makes a standard error a 95 % half width."""


def fitted(x: Floats, y: Floats) -> Line:
    """The least-squares line; three points or more.

    >>> import numpy as np
    >>> line = fitted(np.array([0.0, 1.0, 2.0]), np.array([30.0, 20.0, 10.0]))
    >>> round(line.slope, 9), round(line.intercept, 9), round(line.r2, 9)
    (-10.0, 30.0, 1.0)
    """
    design = np.vander(x, 2, increasing=True)
    (intercept, slope), *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = y - design @ np.array([intercept, slope])
    free = len(x) - 2
    covariance = np.linalg.inv(design.T @ design) * float(rest @ rest) / free
    spread = float(((y - y.mean()) ** 2).sum())
    return Line(float(intercept), float(slope), covariance, 1.0 - float(rest @ rest) / spread, len(x),
                float(T95[min(free, len(T95) - 1)]))  # fmt: skip


def _line(session: Session) -> Line | str | None:
    """Mean propulsive force against mean propulsive velocity over loads, or why there is none; None: not asked."""
    found = points(session)
    if len(found) < 2:
        return None
    if len(found) < 3:
        return "few_loads"
    x, y = np.array([p[0] for p in found]), np.array([p[1] for p in found])
    line = fitted(x, y)
    return line if line.slope < 0.0 else "not_falling"


def points(session: Session) -> list[tuple[float, float, float]]:
    """(mean propulsive velocity m/s, mean propulsive force N, load kg) of each load, from the lightest on.

    Squat jumps where there are three loads of them, else countermovement jumps. Best: the highest jump of each load.
    """
    best: list[tuple[float, float, float]] = []
    for test in ("sj", "cmj"):
        loads = sorted(
            {round(float(one.provenance.get("load_kg") or 0.0), 2) for one in session.trials(test, load=None)}
        )
        found = [point for load in loads if (point := _point(session, test, load)) is not None]
        best = max(best, found, key=len)
        if len(found) >= 3:
            return found
    return best


def _point(session: Session, test: str, load: float) -> tuple[float, float, float] | None:
    pairs = [(rep["jump_height_tov"].value, rep["mean_propulsive_velocity"].value, rep["mean_propulsive_force"].value)
             for rep in session.reps(test, load=load)]  # fmt: skip
    usable = [pair for pair in pairs if all(map(math.isfinite, pair))]
    if not usable:
        return None
    if session.how == "best":
        _, speed, force = max(usable)
    else:
        speed, force = (sum(pair[i] for pair in usable) / len(usable) for i in (1, 2))
    return speed, force, load


def _of_line(session: Session, unit: str, value: str) -> Value | None:
    line = _line(session)
    if line is None:
        return None
    if isinstance(line, str):
        return none(line, unit)
    number, gradient = FROM_LINE[value](line)
    u95 = line.wide * math.sqrt(max(float(gradient @ line.covariance @ gradient), 0.0))
    return Value(number, unit, u95 if u95 > 0.0 else math.nan, f"line over {line.n} loads, r2 {line.r2:.3f}")


def _slope(line: Line) -> tuple[float, Floats]:
    return line.slope, np.array([0.0, 1.0])


def _f0(line: Line) -> tuple[float, Floats]:
    return line.intercept, np.array([1.0, 0.0])


def _v0(line: Line) -> tuple[float, Floats]:
    return -line.intercept / line.slope, np.array([-1.0 / line.slope, line.intercept / line.slope**2])


def _pmax(line: Line) -> tuple[float, Floats]:
    f0, slope = line.intercept, line.slope
    return -f0 * f0 / (4.0 * slope), np.array([-f0 / (2.0 * slope), f0 * f0 / (4.0 * slope**2)])


FROM_LINE = {"slope": _slope, "f0": _f0, "v0": _v0, "pmax": _pmax}
"""What is read from the line: a number, and its gradient by intercept and slope."""


@metric("fv_slope_jump", unit="N*s/m", tests={"cmj", "sj"}, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="across trials")  # fmt: skip
def fv_slope_jump(session: Session) -> Value | None:
    """Slope of mean propulsive force over mean propulsive velocity, both as measured, over three loads or more."""
    return _of_line(session, "N*s/m", "slope")


@metric("fv_force_intercept", unit="N", tests={"cmj", "sj"}, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="across trials")  # fmt: skip
def fv_force_intercept(session: Session) -> Value | None:
    """Force at which the force-velocity line meets no velocity."""
    return _of_line(session, "N", "f0")


@metric("fv_velocity_intercept", unit="m/s", tests={"cmj", "sj"}, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="across trials")  # fmt: skip
def fv_velocity_intercept(session: Session) -> Value | None:
    """Velocity at which the force-velocity line meets no force."""
    return _of_line(session, "m/s", "v0")


@metric("fv_peak_power", unit="W", tests={"cmj", "sj"}, source="Samozino 2008, 2012", scope="session",
        method="line over loads", group="across trials")  # fmt: skip
def fv_peak_power(session: Session) -> Value | None:
    """Largest power of the force-velocity line, F0·v0/4."""
    return _of_line(session, "W", "pmax")


def _poor_line(session: Session, values: Mapping[str, Value]) -> Iterator[Finding]:
    line = _line(session)
    if not isinstance(line, Line):
        return
    if line.r2 < LINEAR:
        yield Finding("fv_not_linear", WARN, line.r2, "1",
                      f"force over velocity is no straight line: r² {line.r2:.2f}",
                      "repeat the loads that lie off the line")  # fmt: skip
    if line.n < ENOUGH:
        yield Finding("fv_few_loads", WARN, float(line.n), "1", f"the force-velocity line rests on {line.n} loads",
                      "jump with four loads or more")  # fmt: skip


CHECKS.append(_poor_line)
