"""Has one athlete changed between two sessions? (METRICS.md 15, `change_status`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.estimate import Estimate, refused, student, tail
from hipdrive.analysis.reliability import Reliability
from hipdrive.errors import UsageError

REAL, LIKELY, UNCLEAR, TRIVIAL = "real", "likely", "unclear", "trivial"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an athlete's number, and by which rule.

    difference : second session less first, with its interval. limit : the minimal detectable change, half that
    interval. status : "real", "likely", "unclear" or "trivial", "" where `difference` is refused. swc : the smallest
    worthwhile change, NaN where none was given. rule : a sentence with the numbers that decided.
    """

    status: str
    difference: Estimate
    limit: float
    swc: float
    rule: str


def change_status(
    before: float | Sequence[float],
    after: float | Sequence[float],
    typical_error: Reliability | Estimate | float,
    *,
    swc: float | None = None,
    unit: str | None = None,
    confidence: float = 0.95,
) -> Change:
    """Whether a change from one session to the next is more than error, and more than matters.

    `before` and `after` are one number or the trials of a session, whose mean counts. `typical_error` is that of one
    trial: a `Reliability`, which brings its own SWC, or a number. With Δ the difference, MDC = 1.96·TE·√(1/n₁ + 1/n₂)
    (√2·1.96·TE for single trials) and t in place of 1.96 where a `Reliability` tells how well TE is known:

    1. *real*: abs(Δ) > MDC, and > SWC.
    2. *trivial*: abs(Δ) + MDC <= SWC, or MDC < abs(Δ) <= SWC: whatever changed is too small to matter.
    3. *likely*: abs(Δ) > SWC and > the typical error of a session.
    4. *unclear*: everything else; the record cannot tell.

    Without an SWC nothing is trivial. Raises UsageError where a number makes no sense.

    >>> change_status(0.412, 0.451, 0.009, swc=0.010, unit="m").rule
    'real: |0.039| m is above the MDC of 0.0249 m and the SWC of 0.01 m'
    """
    beyond = tail(confidence)
    first, second = _session(before, "before"), _session(after, "after")
    error, freedom = _error(typical_error)
    if isinstance(typical_error, Reliability):
        swc = typical_error["swc"].value if swc is None else swc
    unit = error.unit if unit is None else unit
    least = math.nan if swc is None else float(swc)
    if least <= 0 or math.isinf(least):
        raise UsageError("swc", f"swc is {least:g} {unit}: give the smallest worthwhile change, above 0")
    means = f"mean of {len(second)} less mean of {len(first)}"
    method = f"{means}; TE, {'t' if math.isfinite(freedom) else 'normal'}"
    code = error.code or ("" if np.isfinite([*first, *second]).all() else "missing_trial")
    if code:
        none = refused(code, unit, method, confidence)
        return Change("", none, math.nan, least, none.why or "")
    session = error.value * math.sqrt((1 / len(first) + 1 / len(second)) / 2)
    limit = student(freedom, beyond) * math.sqrt(2) * session
    delta = sum(second) / len(second) - sum(first) / len(first)
    difference = Estimate(delta, unit, delta - limit, delta + limit, confidence, method)
    status, rule = _judged(delta, limit, session, least, unit)
    return Change(status, difference, limit, least, rule)


def _judged(delta: float, limit: float, session: float, swc: float, unit: str) -> tuple[str, str]:
    """Status and rule; comparisons with a missing SWC are never true."""
    size, known, of = abs(delta), not math.isnan(swc), f" {unit}" if unit else ""
    told, mdc, least, te = f"|{delta:.3g}|{of}", f"{limit:.3g}{of}", f"{swc:.3g}{of}", f"{session:.3g}{of}"
    if size > limit and not size <= swc:
        return REAL, f"real: {told} is above the MDC of {mdc}" + (f" and the SWC of {least}" if known else "")
    if size > limit:
        return TRIVIAL, f"trivial: {told} is above the MDC of {mdc}, but not above the SWC of {least}"
    if size + limit <= swc:
        return TRIVIAL, f"trivial: {told} and the MDC of {mdc} together are within the SWC of {least}"
    if size > session and not size <= swc:
        also = f" and the SWC of {least}" if known else ""
        return LIKELY, f"likely: {told} is above the typical error of {te}{also}, not above the MDC of {mdc}"
    below = f"the typical error of {te}" if size <= session else f"the SWC of {least}"
    return UNCLEAR, f"unclear: {told} is not above {below}, and with an MDC of {mdc} more is possible"


def _session(numbers: float | Sequence[float], name: str) -> list[float]:
    try:
        found = [float(x) for x in np.atleast_1d(np.asarray(numbers, dtype=np.float64)).ravel()]
    except (TypeError, ValueError) as why:
        raise UsageError("not_numbers", f"{name}: give a number or the numbers of a session: {why}") from why
    if not found:
        raise UsageError("empty", f"{name}: there is no trial in this session: give at least one")
    return found


def _error(given: Reliability | Estimate | float) -> tuple[Estimate, float]:
    """The typical error and its degrees of freedom, infinite where they are not told."""
    if isinstance(given, Reliability):
        return given["typical_error"], float(given.freedom) if given.freedom else math.inf
    if isinstance(given, Estimate):
        return given, math.inf
    if not (given > 0 and math.isfinite(given)):
        raise UsageError("typical_error", f"typical_error is {given:g}: give one above 0, in the unit of the numbers")
    return Estimate(float(given), ""), math.inf
