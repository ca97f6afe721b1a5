"""Numbers estimated from a sample of athletes: value, interval, method; and the quantiles that intervals need.

A `Value` has a symmetric u95. These intervals are not symmetric, so an `Estimate` has two ends. scipy.special holds
the same quantiles as scipy.stats and loads in a quarter of the time; it is still loaded only when one is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

from hipdrive.errors import UsageError, sentence

NOTHING = math.nan, math.nan
"""An interval that is not known."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with its unit, confidence interval, method and, where it is missing, why.

    `value` is NaN exactly when `why` (the sentence) and `code` (for scripts) are set. `low` and `high` are the ends of
    the interval that holds the true number with the probability `confidence`; an end may be infinite.
    """

    value: float
    unit: str
    low: float = math.nan
    high: float = math.nan
    confidence: float = 0.95
    method: str = ""
    why: str | None = None
    code: str | None = None

    def __float__(self) -> float:
        """The bare number."""
        return self.value

    def times(self, factor: float, unit: str, method: str) -> Estimate:
        """The same estimate in other terms: a positive multiple of it."""
        scaled = replace(self, value=self.value * factor, low=self.low * factor, high=self.high * factor)
        return replace(scaled, unit=unit, method=method)


@dataclass(frozen=True, eq=False, kw_only=True)
class Estimates(Mapping[str, Estimate]):
    """Numbers from one set of repeated measurements: a mapping field -> Estimate, and whose they are.

    athletes, trials : what was used, by name. left_out : athletes who lack a trial and were left out as asked.
    """

    numbers: Mapping[str, Estimate]
    metric: str
    unit: str
    athletes: tuple[str, ...]
    trials: tuple[str, ...]
    left_out: tuple[str, ...]
    confidence: float

    def __getitem__(self, name: str) -> Estimate:
        """The number of a field."""
        return self.numbers[name]

    def __iter__(self) -> Iterator[str]:
        """Fields in order."""
        return iter(self.numbers)

    def __len__(self) -> int:
        """How many fields."""
        return len(self.numbers)


def refused(code: str, unit: str, method: str = "", confidence: float = 0.95) -> Estimate:
    """No number, and why.

    >>> refused("few_athletes", "m").why
    'at least two athletes are needed'
    """
    return Estimate(math.nan, unit, *NOTHING, confidence, method, sentence(code), code)


def tail(confidence: float) -> float:
    """The probability beyond each end of the interval; raises UsageError for what is no probability.

    >>> round(tail(0.95), 3)
    0.025
    """
    if not 0.0 < confidence < 1.0:
        raise UsageError("confidence", f"confidence is {confidence:g}: give a probability between 0 and 1, as 0.95")
    return (1.0 - confidence) / 2.0


def normal(beyond: float) -> float:
    """What a standard normal variable exceeds with the probability `beyond`.

    >>> round(normal(0.025), 2)
    1.96
    """
    return NormalDist().inv_cdf(1.0 - beyond)


def student(freedom: float, beyond: float) -> float:
    """What Student's t exceeds with the probability `beyond`; infinite freedom is the normal distribution.

    >>> round(student(9, 0.025), 3)
    2.262
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1.0 - beyond)) if math.isfinite(freedom) else normal(beyond)


def chi_squared(freedom: float, beyond: float) -> float:
    """What chi squared exceeds with the probability `beyond`.

    >>> round(chi_squared(9, 0.025), 2)
    19.02
    """
    from scipy.special import chdtri

    return float(chdtri(freedom, beyond))


def fisher(above: float, below: float, beyond: float) -> float:
    """What F with these degrees of freedom, numerator first, exceeds with the probability `beyond`.

    >>> round(fisher(5, 15, 0.025), 2)
    3.58
    """
    from scipy.special import fdtri

    return float(fdtri(above, below, 1.0 - beyond))


def noncentral(freedom: float, centre: float, beyond: float) -> float:
    """What noncentral t, its noncentrality `centre`, exceeds with the probability `beyond`.

    >>> round(noncentral(9, 6.2, 0.025), 2)
    12.02
    """
    from scipy.special import nctdtrit

    return float(nctdtrit(freedom, centre, 1.0 - beyond))


def spread(value: float, freedom: float, beyond: float) -> tuple[float, float]:
    """Interval of a standard deviation from normal data, by chi squared."""
    low, high = (value * math.sqrt(freedom / chi_squared(freedom, p)) for p in (beyond, 1.0 - beyond))
    return low, high


def f_interval(ratio: float, above: float, below: float, beyond: float) -> tuple[float, float]:
    """Interval of a ratio of variances from the ratio of two mean squares."""
    return ratio / fisher(above, below, beyond), ratio * fisher(below, above, beyond)


def ratio(top: Estimate, bottom: Estimate) -> tuple[float, float]:
    """Interval of the ratio of two independent positive estimates, from theirs (MOVER, Donner & Zou 2012).

    `bottom` must lie above zero with its whole interval.
    """
    low, high = top.low / top.value, top.high / top.value
    least, most = bottom.low / bottom.value, bottom.high / bottom.value
    lower = 1 - math.sqrt(1 - low * (2 - low) * most * (2 - most))
    upper = 1 + math.sqrt(1 - high * (2 - high) * least * (2 - least))
    middle = top.value / bottom.value
    return middle * lower / (most * (2 - most)), middle * upper / (least * (2 - least))
