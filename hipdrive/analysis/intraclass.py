"""Two-way analysis of variance of athletes by trials, and the intraclass correlations that it gives (METRICS.md 15)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.estimate import Estimate, f_interval, fisher, refused
from hipdrive.analysis.signal import Floats

ICC_FIELDS = ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k")

DUST = 16 * float(np.finfo(np.float64).eps)
"""Differences below this part of the largest number are rounding, not measurement."""


FEW_TRIALS = 5
"""So many trials or fewer tell little about the SD of their shifts."""


@dataclass(frozen=True)
class Squares:
    """Mean squares of a two-way table of n athletes and k trials, in units of `scale` squared.

    A mean square that is only rounding is exactly 0. within : trials and error together (one-way).
    """

    n: int
    k: int
    scale: float
    mean: float
    athletes: float
    trials: float
    within: float
    error: float

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the error."""
        return (self.n - 1) * (self.k - 1)


def mean_squares(values: Floats) -> Squares:
    """Two-way analysis of variance of complete cells, (athletes, trials)."""
    n, k = values.shape
    largest = float(np.abs(values).max())
    centre = float((values / n / k).sum())
    centred = values - centre
    scale = float(np.abs(centred).max())
    if scale <= DUST * largest:
        return Squares(n, k, 0.0, centre, 0.0, 0.0, 0.0, 0.0)
    x = centred / scale
    x -= x.mean()
    rows, columns = x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    dust = (DUST * largest / scale) ** 2
    found = (
        k * float((rows**2).sum()) / (n - 1),
        n * float((columns**2).sum()) / (k - 1),
        float(((x - rows) ** 2).sum()) / (n * (k - 1)),
        float(((x - rows - columns) ** 2).sum()) / ((n - 1) * (k - 1)),
    )
    return Squares(n, k, scale, centre, *(square if square > dust else 0.0 for square in found))


def intraclass(squares: Squares, beyond: float) -> dict[str, Estimate]:
    """The six ICCs of Shrout & Fleiss 1979, with their intervals.

    >>> six_by_four = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
    >>> {name: round(icc.value, 2) for name, icc in intraclass(mean_squares(six_by_four), 0.025).items()}
    {'icc_1_1': 0.17, 'icc_2_1': 0.29, 'icc_3_1': 0.71, 'icc_1_k': 0.44, 'icc_2_k': 0.62, 'icc_3_k': 0.91}
    """
    n, k = squares.n, squares.k
    one = _by_ratio(squares, squares.within, n * (k - 1), "one-way random", beyond)
    three = _by_ratio(squares, squares.error, squares.freedom, "two-way mixed, consistency", beyond)
    two = _agreement(squares, beyond)
    return dict(zip(ICC_FIELDS, (one[0], two[0], three[0], one[1], two[1], three[1]), strict=True))


def _titles(form: int, k: int, model: str) -> tuple[str, str]:
    return f"ICC({form},1), {model}, single", f"ICC({form},k), {model}, mean of {k}"


def _by_ratio(
    squares: Squares, noise: float, freedom: int, model: str, beyond: float
) -> tuple[Estimate, Estimate]:  # fmt: skip
    """ICC(1,·) or ICC(3,·), which are functions of one ratio of mean squares, F; so are their intervals, exactly."""
    k, confidence = squares.k, 1.0 - 2.0 * beyond
    single, mean = _titles(1 if model.startswith("one") else 3, k, model)
    if not noise or not squares.athletes:
        code = "no_athlete_spread" if noise else "no_error_spread"
        return refused(code, "1", single, confidence), refused(code, "1", mean, confidence)
    f = squares.athletes / noise
    around = (f, *f_interval(f, squares.n - 1, freedom, beyond))
    return (
        Estimate(*_placed([(x - 1) / (x + k - 1) for x in around]), confidence, f"{single}; F"),
        Estimate(*_placed([1 - 1 / x for x in around]), confidence, f"{mean}; F"),
    )


def _placed(around: Sequence[float]) -> tuple[float, str, float, float]:
    value, low, high = around
    return value, "1", low, high


def _agreement(squares: Squares, beyond: float) -> tuple[Estimate, Estimate]:
    """ICC(2,·): shifts of whole trials count as error. Interval: Satterthwaite's, McGraw & Wong 1996.

    The interval is too narrow where few trials are shifted by as much as the error (it holds 84 % for 50 athletes and
    2 trials); the method says so where the shift is seen. An ICC below zero counts as zero in the degrees of freedom,
    which would otherwise vanish.
    """
    n, k, confidence = squares.n, squares.k, 1.0 - 2.0 * beyond
    single, mean = _titles(2, k, "two-way random, agreement")
    msr, msc, mse = squares.athletes, squares.trials, squares.error
    if not mse or not msr:
        code = "no_athlete_spread" if mse else "no_error_spread"
        return refused(code, "1", single, confidence), refused(code, "1", mean, confidence)
    value = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    rho = max(value, 0.0)
    a, b = k * rho, n * (1 - rho) + k * rho * (n - 1)
    freedom = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / squares.freedom)
    rest = k * msc + (k * n - k - n) * mse
    above, below = fisher(n - 1, freedom, beyond), fisher(freedom, n - 1, beyond)
    low = n * (msr - above * mse) / (above * rest + n * msr)
    high = n * (below * msr - mse) / (rest + n * below * msr)
    shifted = k <= FEW_TRIALS and msc / mse > fisher(k - 1, squares.freedom, 0.05)
    how = "F, Satterthwaite" + ("; trials are shifted, so the interval may be too narrow" if shifted else "")
    one = Estimate(value, "1", low, high, confidence, f"{single}; {how}")
    total = msr + (msc - mse) / n
    if total <= 0:
        return one, refused("no_athlete_spread", "1", mean, confidence)
    ends = _stepped(low, k), _stepped(high, k)
    return one, Estimate((msr - mse) / total, "1", *ends, confidence, f"{mean}; {how}")


def _stepped(icc: float, k: int) -> float:
    """ICC of a mean of k from that of one (Spearman & Brown); unbounded where a single one leaves nothing."""
    under = 1 + (k - 1) * icc
    return k * icc / under if under > 0 else -math.inf
