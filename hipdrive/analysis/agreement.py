"""How far two measurements of the same athletes agree (METRICS.md 15; Bland & Altman 1986, 1999)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from hipdrive.analysis.estimate import Estimate, Estimates, noncentral, normal, refused, spread, student, tail
from hipdrive.analysis.intraclass import DUST
from hipdrive.analysis.repeated import REFUSE, repeated
from hipdrive.analysis.signal import Floats
from hipdrive.errors import UsageError

BIAS, SD, LOW, HIGH, SLOPE = (f"bland_altman_{part}" for part in ("bias", "sd", "loa_low", "loa_high", "slope"))
FIELDS = (BIAS, SD, LOW, HIGH, SLOPE)
"""Fields of an `Agreement`, in order."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement(Estimates):
    """How far two measurements agree: a mapping field -> `Estimate`. Differences are second less first.

    difference, mean : of each athlete's two measurements, to plot; with `as_ratio`, second/first and geometric mean.
    """

    difference: Floats
    mean: Floats
    as_ratio: bool

    @property
    def proportional(self) -> bool | None:
        """Whether the difference grows or shrinks with the size of the number; None where that is not known."""
        slope = self[SLOPE]
        return None if math.isnan(slope.low) else not slope.low <= 0 <= slope.high


def bland_altman(
    data: Any,
    *,
    metric: str | None = None,
    athlete: str = "athlete",
    trial: str = "rep",
    trials: Sequence[object] | None = None,
    unit: str | None = None,
    missing: str = REFUSE,
    confidence: float = 0.95,
    as_ratio: bool = False,
) -> Agreement:
    """Bias and 95 % limits of agreement of two measurements (trials, sessions, methods) of the same athletes.

    `data` as for `reliability`, with two columns; `trials` picks two of more, first and second. `as_ratio` works on
    logarithms and gives second/first: for numbers whose differences grow with their size. `confidence` is that of the
    intervals of bias, limits and slope; the limits are always 95 % limits, bias ± 1.96 SD.

    Raises UsageError where the data or an option make no sense. Intervals: bias and slope by t; limits by
    noncentral t, exact for normal differences (Carkeet 2015).

    >>> found = bland_altman([[0.31, 0.32], [0.40, 0.38], [0.35, 0.36], [0.45, 0.47]], unit="m")
    >>> bias = found["bland_altman_bias"]
    >>> round(bias.value, 3), round(bias.low, 3), round(bias.high, 3), found.proportional
    (0.005, -0.023, 0.033, False)
    """
    beyond = tail(confidence)
    cells = repeated(data, metric=metric, athlete=athlete, trial=trial, trials=trials, unit=unit, missing=missing)
    if len(cells.trials) > 2:
        raise UsageError("trials", f"agreement is of two, there are {', '.join(cells.trials)}: pick two with trials=")
    unit = "1" if as_ratio else cells.unit
    code = cells.code or ("not_positive" if as_ratio and not (cells.values > 0).all() else "")
    nothing = np.full(len(cells.athletes), np.nan)
    difference, mean = nothing, nothing
    numbers = {name: refused(code, "1" if name == SLOPE else unit, "", confidence) for name in FIELDS if code}
    if not code:
        x = np.log(cells.values) if as_ratio else cells.values
        difference, mean = x[:, 1] - x[:, 0], (x[:, 0] + x[:, 1]) / 2
        dust = DUST * float(np.abs(x).max())
        numbers = _limits(difference, unit, dust, beyond) | {SLOPE: _slope(difference, mean, dust, beyond)}
    if as_ratio:
        difference, mean = np.exp(difference), np.exp(mean)
        numbers |= {name: _as_ratio(numbers[name]) for name in (BIAS, SD, LOW, HIGH)}
    if cells.left_out:
        note = f"; {len(cells.left_out)} of {len(cells.left_out) + len(cells.athletes)} athletes left out"
        numbers = {name: number.times(1.0, number.unit, number.method + note) for name, number in numbers.items()}
    return Agreement(
        numbers=MappingProxyType(numbers),
        metric=cells.metric,
        unit=unit,
        athletes=cells.athletes,
        trials=cells.trials,
        left_out=cells.left_out,
        confidence=confidence,
        difference=difference,
        mean=mean,
        as_ratio=as_ratio,
    )


def _limits(difference: Floats, unit: str, dust: float, beyond: float) -> dict[str, Estimate]:
    """Bias, SD and limits of agreement of n differences."""
    n, confidence = len(difference), 1.0 - 2.0 * beyond
    sd, bias = float(difference.std(ddof=1)), float(difference.mean())
    if sd <= dust:
        return {name: refused("no_error_spread", unit, "", confidence) for name in (BIAS, SD, LOW, HIGH)}
    z, half = normal(0.025), student(n - 1, beyond) * sd / math.sqrt(n)
    near, far = (noncentral(n - 1, z * math.sqrt(n), p) * sd / math.sqrt(n) for p in (1.0 - beyond, beyond))
    of = f"of {n} differences"
    return {
        BIAS: Estimate(bias, unit, bias - half, bias + half, confidence, f"mean {of}; t"),
        SD: Estimate(sd, unit, *spread(sd, n - 1, beyond), confidence, f"SD {of}; chi squared"),
        LOW: Estimate(bias - z * sd, unit, bias - far, bias - near, confidence, f"bias - 1.96 SD {of}; noncentral t"),
        HIGH: Estimate(bias + z * sd, unit, bias + near, bias + far, confidence, f"bias + 1.96 SD {of}; noncentral t"),
    }


def _slope(difference: Floats, mean: Floats, dust: float, beyond: float) -> Estimate:
    """Least-squares slope of the differences on the means: proportional bias, per unit of the mean."""
    n, confidence, method = len(mean), 1.0 - 2.0 * beyond, "least squares of difference on mean; t"
    x = mean - mean.mean()
    if n < 3 or float(np.abs(x).max()) <= dust:
        return refused("few_for_slope", "1", method, confidence)
    if float(np.ptp(difference)) <= dust:
        return refused("no_error_spread", "1", method, confidence)
    scale = float(np.abs(x).max())
    x, y = x / scale, (difference - difference.mean()) / scale
    slope = float((x * y).sum() / (x * x).sum())
    rest = float(((y - slope * x) ** 2).sum()) / (n - 2)
    half = student(n - 2, beyond) * math.sqrt(rest / float((x * x).sum()))
    return Estimate(slope, "1", slope - half, slope + half, confidence, method)


def _as_ratio(number: Estimate) -> Estimate:
    """From logarithms back to ratios."""
    value, low, high = (math.exp(x) if x < 700 else math.inf for x in (number.value, number.low, number.high))
    method = f"exp of: {number.method}" if number.method else ""
    return Estimate(value, "1", low, high, number.confidence, method, number.why, number.code)
