"""How well a number repeats (METRICS.md 15): typical error, CV, ICC in its six forms, SWC and MDC, with intervals.

All of it comes from one two-way analysis of variance, athletes by trials, of complete cells; the model is
x = mean + athlete + trial + error, normal, errors alike and independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from hipdrive.analysis.estimate import (
    Estimate,
    Estimates,
    chi_squared,
    f_interval,
    normal,
    ratio,
    refused,
    spread,
    student,
    tail,
)
from hipdrive.analysis.intraclass import DUST, ICC_FIELDS, Squares, intraclass, mean_squares
from hipdrive.analysis.repeated import REFUSE, Repeated, repeated
from hipdrive.analysis.signal import Floats
from hipdrive.errors import UsageError

BETWEEN, WITHIN = "between", "within"
"""What the smallest worthwhile change is a part of: the SD between athletes, or the variation within one."""

SWC_FACTORS = {BETWEEN: 0.2, WITHIN: 0.3}


@dataclass(frozen=True, eq=False, kw_only=True)
class Reliability(Estimates):
    """How well a number repeats: a mapping field -> `Estimate`.

    cv_by_athlete : 100·SD/mean of each athlete's own trials. freedom : degrees of freedom of the typical error.
    """

    cv_by_athlete: Mapping[str, Estimate]
    freedom: int


def reliability(
    data: Any,
    *,
    metric: str | None = None,
    athlete: str = "athlete",
    trial: str = "rep",
    trials: Sequence[object] | None = None,
    unit: str | None = None,
    missing: str = REFUSE,
    confidence: float = 0.95,
    mean_of: int = 1,
    swc: str = BETWEEN,
    swc_factor: float | None = None,
) -> Reliability:
    """How well a number repeats over trials or sessions, from an (athletes, trials) array or a table.

    A table has a column for each of `athlete`, `trial` and the number (`metric`), or is tidy as `hd.frame` makes it.
    `trials` picks some. `missing="leave_out"` leaves out athletes who lack a trial and names them; otherwise nothing is
    computed where a cell is missing. `mean_of`: the MDC is that of a mean of so many trials. `swc`: "between" takes
    `swc_factor` (0.2) of the SD of the athletes' means, "within" (0.3) of the typical error.

    Raises UsageError where the data or an option make no sense. Sources: Shrout & Fleiss 1979, McGraw & Wong 1996,
    Hopkins 2000, Weir 2005.

    >>> found = reliability([[0.31, 0.32], [0.40, 0.38], [0.35, 0.36], [0.45, 0.46]], metric="jump_height_tov")
    >>> te = found["typical_error"]
    >>> round(te.value, 4), te.unit, round(te.low, 4), round(te.high, 4), te.method
    (0.0106, 'm', 0.006, 0.0395, 'sqrt(MSE) of 4 athletes x 2 trials; chi squared')
    """
    beyond = tail(confidence)
    if swc not in SWC_FACTORS:
        raise UsageError("swc", f'swc={swc!r} is not known: use "{BETWEEN}" or "{WITHIN}"')
    if mean_of < 1:
        raise UsageError("mean_of", f"mean_of is {mean_of}: give the number of trials in the mean, 1 or more")
    factor = SWC_FACTORS[swc] if swc_factor is None else swc_factor
    if not (factor > 0 and math.isfinite(factor)):
        raise UsageError("swc_factor", f"swc_factor is {factor:g}: give a number above 0, as {SWC_FACTORS[swc]}")
    cells = repeated(data, metric=metric, athlete=athlete, trial=trial, trials=trials, unit=unit, missing=missing)
    numbers = _numbers(cells, beyond, mean_of, swc, factor)
    if cells.left_out:
        numbers = {
            name: _said(number, f"{len(cells.left_out)} of {len(cells.left_out) + len(cells.athletes)}")
            for name, number in numbers.items()
        }
    n, k = cells.values.shape
    return Reliability(
        numbers=MappingProxyType(numbers),
        metric=cells.metric,
        unit=cells.unit,
        athletes=cells.athletes,
        trials=cells.trials,
        left_out=cells.left_out,
        confidence=confidence,
        cv_by_athlete=MappingProxyType(
            {a: _athlete_cv(row, beyond, cells.code) for a, row in zip(cells.athletes, cells.values, strict=True)}
        ),
        freedom=0 if cells.code else (n - 1) * (k - 1),
    )


def _numbers(cells: Repeated, beyond: float, mean_of: int, swc: str, factor: float) -> dict[str, Estimate]:
    unit, confidence = cells.unit, 1.0 - 2.0 * beyond
    if cells.code:  # every number is there, with its reason
        units = dict.fromkeys(("mean", "typical_error", "mdc_95", "swc"), unit)
        units |= {"cv_percent": "%", "cv_of_mean": "%", "signal_to_noise": "1"} | dict.fromkeys(ICC_FIELDS, "1")
        return {name: refused(cells.code, units[name], confidence=confidence) for name in FIELDS}
    squares = mean_squares(cells.values)
    mean, error = _mean(squares, unit, beyond), _typical_error(squares, unit, beyond)
    sd = _athlete_sd(squares, unit, beyond)
    of_means = f" of a mean of {mean_of}" if mean_of > 1 else ""
    numbers = {
        "mean": mean,
        "typical_error": error,
        "cv_percent": _cv_log(cells.values, beyond),
        "cv_of_mean": _cv_of_mean(error, mean),
        "mdc_95": error.times(normal(0.025) * math.sqrt(2.0 / mean_of), unit, f"1.96*sqrt(2)*TE{of_means}"),
        "swc": sd.times(factor, unit, f"{factor:g}*SD of athletes' means")
        if swc == BETWEEN
        else error.times(factor, unit, f"{factor:g}*TE, the variation within an athlete"),
        "signal_to_noise": _signal_to_noise(squares, swc, factor, beyond),
        **intraclass(squares, beyond),
    }
    return {name: numbers[name] for name in FIELDS}


FIELDS = ("mean", "typical_error", "cv_percent", "cv_of_mean", "mdc_95", "swc", "signal_to_noise", *ICC_FIELDS)
"""Fields of a `Reliability`, in order."""


# --- spread ---


def _of(squares: Squares) -> str:
    return f"{squares.n} athletes x {squares.k} trials"


def _mean(squares: Squares, unit: str, beyond: float) -> Estimate:
    """Mean of all cells; the interval is about the mean of all athletes in these trials."""
    method = f"mean of {_of(squares)}; t"
    if not squares.athletes:
        return Estimate(squares.mean, unit, confidence=1.0 - 2.0 * beyond, method=method)
    half = student(squares.n - 1, beyond) * squares.scale * math.sqrt(squares.athletes / (squares.n * squares.k))
    return Estimate(squares.mean, unit, squares.mean - half, squares.mean + half, 1.0 - 2.0 * beyond, method)


def _typical_error(squares: Squares, unit: str, beyond: float) -> Estimate:
    """`typical_error`: what a trial differs by from the athlete's own level, the trials' shared shift left out."""
    method = f"sqrt(MSE) of {_of(squares)}; chi squared"
    if not squares.error:
        return refused("no_error_spread", unit, method, 1.0 - 2.0 * beyond)
    error = squares.scale * math.sqrt(squares.error)
    return Estimate(error, unit, *spread(error, squares.freedom, beyond), 1.0 - 2.0 * beyond, method)


def _athlete_sd(squares: Squares, unit: str, beyond: float) -> Estimate:
    """SD of the athletes' means."""
    method = f"SD of {squares.n} athletes' means; chi squared"
    if not squares.athletes:
        return refused("no_athlete_spread", unit, method, 1.0 - 2.0 * beyond)
    sd = squares.scale * math.sqrt(squares.athletes / squares.k)
    return Estimate(sd, unit, *spread(sd, squares.n - 1, beyond), 1.0 - 2.0 * beyond, method)


def _cv_log(values: Floats, beyond: float) -> Estimate:
    """`cv_percent`: typical error of the logarithms, as a percentage."""
    method = "100*(exp(TE of ln x) - 1); chi squared"
    if not (values > 0).all():
        return refused("not_positive", "%", method, 1.0 - 2.0 * beyond)
    error = _typical_error(mean_squares(np.log(values)), "", beyond)
    if error.code:
        return refused(error.code, "%", method, error.confidence)
    value, low, high = (100.0 * _growth(x) for x in (error.value, error.low, error.high))
    return Estimate(value, "%", low, high, error.confidence, method)


def _growth(log: float) -> float:
    return math.expm1(log) if log < 700 else math.inf


def _cv_of_mean(error: Estimate, mean: Estimate) -> Estimate:
    """Typical error as a percentage of the mean of all; the mean's own doubt is in the interval."""
    method = "100*TE/mean; MOVER"
    code = error.code or ("no_athlete_spread" if math.isnan(mean.low) else "" if mean.low > 0 else "mean_near_zero")
    if code:
        return refused(code, "%", method, error.confidence)
    low, high = ratio(error, mean)
    return Estimate(100 * error.value / mean.value, "%", 100 * low, 100 * high, error.confidence, method)


def _athlete_cv(trials: Floats, beyond: float, code: str) -> Estimate:
    """100·SD/mean of one athlete's trials, with Vangel's interval (1996), good up to a CV of about 33 %."""
    k, method, confidence = len(trials), f"100*SD/mean of {len(trials)} trials; Vangel", 1.0 - 2.0 * beyond
    if code == "missing_cells" or k < 2:
        return refused(code or "few_trials", "%", method, confidence)
    largest = float(np.abs(trials).max())
    if not (trials > 0).all():
        return refused("not_positive", "%", method, confidence)
    x = trials / largest
    sd, mean = float(x.std(ddof=1)), float(x.mean())
    if sd <= DUST:
        return refused("no_error_spread", "%", method, confidence)
    cv = sd / mean
    low, high = (_vangel(cv, k, chi_squared(k - 1, p)) for p in (beyond, 1.0 - beyond))
    return Estimate(100 * cv, "%", 100 * low, 100 * high, confidence, method)


def _vangel(cv: float, k: int, u: float) -> float:
    under = ((u + 2) / k - 1) * cv**2 + u / (k - 1)
    return cv / math.sqrt(under) if under > 0 else math.inf


def _signal_to_noise(squares: Squares, swc: str, factor: float, beyond: float) -> Estimate:
    """`signal_to_noise`: smallest worthwhile change over typical error; above 1 is good."""
    method, confidence = "SWC/TE; F", 1.0 - 2.0 * beyond
    if swc == WITHIN:
        return refused("undefined", "1", "SWC is a part of TE", confidence)
    if not squares.error or not squares.athletes:
        return refused("no_athlete_spread" if squares.error else "no_error_spread", "1", method, confidence)
    low, high = f_interval(squares.athletes / squares.error, squares.n - 1, squares.freedom, beyond)
    value, low, high = (factor * math.sqrt(f / squares.k) for f in (squares.athletes / squares.error, low, high))
    return Estimate(value, "1", low, high, confidence, method)


def _said(number: Estimate, left_out: str) -> Estimate:
    return number.times(1.0, number.unit, f"{number.method}; {left_out} athletes left out")
