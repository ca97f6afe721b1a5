"""Left against right (METRICS.md 7): the index of every additive metric, its other forms, and how sure it is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from hipdrive.analysis.signal import Floats, divided
from hipdrive.errors import UsageError, sentence
from hipdrive.results import Value

METHOD = "100*(L-R)/(L+R)"


def bilateral_index(left: Floats, right: Floats) -> Floats:
    """`asym_bilateral`, %: positive where the left side is higher (Bishop 2018).

    >>> import numpy as np
    >>> bilateral_index(np.array([550.0]), np.array([450.0]))
    array([10.])
    """
    return divided(100.0 * (left - right), left + right)


def unilateral_difference(left: Floats, right: Floats) -> Floats:
    """`asym_unilateral`, %: of the larger side, for tests of one leg at a time (Bishop 2018)."""
    return divided(100.0 * (left - right), np.maximum(left, right))


def symmetry_angle(left: Floats, right: Floats) -> Floats:
    """`asym_symmetry_angle`, %: positive where the right side is higher, unlike the other forms (Zifchock 2008)."""
    angle = 100.0 * (45.0 - np.degrees(np.arctan2(left, right))) / 90.0
    return np.asarray(np.where((left >= 0.0) & (right >= 0.0), angle, np.nan))


def left_share(left: Floats, right: Floats) -> Floats:
    """`asym_left_share`, %: the left side's part of the sum."""
    return divided(100.0 * left, left + right)


def limb_symmetry_index(involved: Floats, uninvolved: Floats) -> Floats:
    """`limb_symmetry_index`, %: the injured leg against the other, which also loses strength."""
    return divided(100.0 * involved, uninvolved)


FORMS: Mapping[str, Callable[[Floats, Floats], Floats]] = MappingProxyType({
    "asym_bilateral": bilateral_index,
    "asym_unilateral": unilateral_difference,
    "asym_symmetry_angle": symmetry_angle,
    "asym_left_share": left_share,
    "limb_symmetry_index": limb_symmetry_index,
})  # fmt: skip
"""METRICS.md's forms of one fact: results carry the first, the others are made of two sides where they are wanted."""


def asymmetry(left: Any, right: Any, form: str = "asym_bilateral") -> Any:
    """Left against right in one of the forms of METRICS.md 7, %; NaN where it is not defined.

    Parameters
    ----------
    left, right : numbers or arrays of one shape. For `limb_symmetry_index` the involved and the uninvolved leg.

    Raises
    ------
    UsageError : there is no such form.

    >>> asymmetry(600.0, 480.0), asymmetry(600.0, 480.0, "asym_unilateral")
    (11.11111111111111, 20.0)
    """
    if form not in FORMS:
        raise UsageError("form", f"form {form!r}: choose one of {', '.join(FORMS)}")
    with np.errstate(divide="ignore", invalid="ignore"):
        result = FORMS[form](np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64))
    return float(result) if np.ndim(result) == 0 else result


def noise_band(indices: Sequence[float]) -> Value:
    """`asym_noise_band`: 1.96 SD of an athlete's own index over repeated trials, %.

    An asymmetry is called one only where its mean lies outside the band and every trial agrees on the side.
    """
    there = [one for one in indices if math.isfinite(one)]
    if len(there) < 2:
        return _missing("no_spread")
    return Value(1.96 * statistics.stdev(there), "%", method=f"1.96*sd_of_{len(there)}")


def is_asymmetric(indices: Sequence[float]) -> bool:
    """Whether an index over repeated trials is more than the athlete's own noise, always on one side."""
    there, band = [one for one in indices if math.isfinite(one)], noise_band(indices)
    alike = all(one > 0.0 for one in there) or all(one < 0.0 for one in there)
    return alike and math.isfinite(band.value) and abs(statistics.fmean(there)) > band.value


def direction_agreement(first: Sequence[float], second: Sequence[float]) -> Value:
    """`asym_direction_agreement`: Cohen's kappa of the larger side between two sessions or tests (Bishop 2020).

    first, second : the indices of the same athletes or metrics, in one order.
    """
    pairs = [(a > 0.0, b > 0.0) for a, b in zip(first, second, strict=True)
             if math.isfinite(a) and math.isfinite(b)]  # fmt: skip
    if len(pairs) < 2:
        return _missing("no_spread", "1")
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    left, right = (sum(pair[i] for pair in pairs) / len(pairs) for i in (0, 1))
    chance = left * right + (1.0 - left) * (1.0 - right)
    if chance == 1.0:
        return _missing("undefined", "1")
    return Value((agreed - chance) / (1.0 - chance), "1", method=f"cohen_kappa_of_{len(pairs)}")


def _missing(code: str, unit: str = "%") -> Value:
    return Value(math.nan, unit, why=sentence(code), code=code)


OVER_SESSIONS = {
    "asym_noise_band": noise_band,
    "asym_direction_agreement": direction_agreement,
}
"""METRICS.md's numbers over several indices, as functions."""
