"""From copies to 95 % intervals: what one raised and one lowered input do to a number (METRICS.md 20).

u95 is the half width about the value that the same rule would give on the same movement without noise, drift or
sampling. Inputs are independent, so half differences of the pairs add in quadrature; the known one-sided bias of a
threshold crossing, where a profile keeps one, is added linearly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.registry import METRICS, REBOUND, Metric
from hipdrive.analysis.rep import INPUTS, Rep
from hipdrive.analysis.signal import Floats
from hipdrive.errors import UsageError

COVERAGE = 1.96
"""Standard uncertainties in the half width of a 95 % interval."""

T95 = np.array([np.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179])
"""97.5 % quantile of Student's t for 0 to 12 degrees of freedom (scipy.stats would cost 0.9 s of import)."""


def student(blocks: Floats) -> Floats:
    """How much wider than normal the weight's uncertainty is: t(K - 1) / 1.96; NaN below 4 blocks."""
    freedom = np.clip(np.nan_to_num(blocks) - 1, 0, len(T95) - 1).astype(np.int64)
    return np.where(np.asarray(blocks) >= 4, T95[freedom] / COVERAGE, np.nan)


def evaluate(rep: Rep, name: str) -> None:
    """Compute one metric into `rep.fields`, (n, k), with its reasons, extra spread and method."""
    rep.begin()
    metric = METRICS[name]
    seen = rep.views.get(metric.group)
    if seen is not None:
        lend(rep, seen, name.removeprefix(REBOUND), name)
        return
    result = _called(metric, rep)
    value, rep.spreads[name] = result if isinstance(result, tuple) else (result, None)
    value = np.asarray(value, dtype=np.float64)
    if value.shape != (rep.n, rep.k):
        value = np.broadcast_to(value.reshape(-1, 1) if value.ndim == 1 else value, (rep.n, rep.k))
    rep.fields[name] = _with_reasons(rep, name, value)
    rep.methods[name] = rep.method if rep.method is not None else metric.method


def lend(rep: Rep, view: Rep, name: str, field: str) -> None:
    """A metric of a view of the repetitions as `field` of the whole: values, reasons, spread and method."""
    if name not in view.fields:
        evaluate(view, name)
    rep.fields[field], rep.spreads[field] = view.fields[name], view.spreads[name]
    rep.methods[field] = view.methods[name]
    if name in view.field_reasons:
        rep.field_reasons[field] = view.field_reasons[name]


def _called(metric: Metric, rep: Rep) -> Any:
    """The metric's result; what goes wrong in somebody's own metric is said in a sentence that names it."""
    if metric.builtin:
        return metric.function(rep)
    try:
        with np.errstate(all="ignore"):
            return metric.function(rep)
    except (Exception, SystemExit) as why:
        said = f"metric {metric.name}: {type(why).__name__}: {why}; mend its function"
        raise UsageError("metric_failed", said) from why


def evaluate_side(rep: Rep, name: str, side: str) -> str:
    """Compute an additive metric of one plate, (n, 1), under its own name, which is returned.

    Its uncertainty is its share of the whole's: events, weight and zero move both feet together.
    """
    rep.begin()
    metric, field = METRICS[name], f"{name}_{side}"
    seen = rep.views.get(metric.group)
    if seen is not None:
        own = name.removeprefix(REBOUND)
        if own not in seen.fields:
            evaluate(seen, own)
        lend(rep, seen, evaluate_side(seen, own, side), field)
        return field
    first = rep.fields.get(f"{name}_left")
    if first is not None and side == "right" and metric.builtin:
        # additive: what the left foot does not do, the right one does
        _rest(rep, name, field, first)
        return field
    result = metric.function(rep.left if side == "left" else rep.right)
    value = result[0] if isinstance(result, tuple) else result
    rep.fields[field] = _with_reasons(rep, field, np.asarray(value, dtype=np.float64))
    rep.spreads[field] = rep.spreads[name]
    rep.methods[field] = rep.method if rep.method is not None else metric.method
    return field


def _rest(rep: Rep, name: str, field: str, left: Floats) -> None:
    """The right plate's number: the whole less the left, missing where either is and for its reason."""
    for other in (name, f"{name}_left"):
        rep.note(other)
    rep.fields[field] = _with_reasons(rep, field, rep.fields[name][:, :1] - left)
    rep.spreads[field], rep.methods[field] = rep.spreads[name], rep.methods[f"{name}_left"]


def _with_reasons(rep: Rep, field: str, value: Floats) -> Floats:
    """The values, NaN in refused rows; reasons are kept for every row without a number."""
    refused = rep._refused
    if refused is not None and refused.any():
        value = np.where((refused > 0)[:, np.newaxis], np.nan, value)
    if not np.isfinite(value[:, 0]).all():
        bad = ~np.isfinite(value[:, 0])
        code = np.full(rep.n, NUMBER["undefined"])
        for known in (rep._why, refused):
            code = code if known is None else np.where(known > 0, known, code)
        rep.field_reasons[field] = np.where(bad, code, 0)
    return value


def u95(rep: Rep, names: list[str]) -> Floats:
    """95 % half widths of fields already evaluated, (fields, n)."""
    fields = [rep.fields[name] for name in names]
    half = np.empty((len(names), rep.n, rep.k // 2))
    for part, values in zip(half, fields, strict=True):
        np.subtract(values[:, 1::2], values[:, 2::2], out=part)
    half *= 0.5
    square = np.einsum("fnk,fnk->fn", half, half)
    for i, name in enumerate(names):
        spread = rep.spreads.get(name)
        if spread is not None:
            square[i] += spread * spread
    width = COVERAGE * np.sqrt(square)
    if rep.facts.bias:
        for event, bias in rep.facts.bias.items():
            column = len(INPUTS) + list(rep.facts.events).index(event)
            moved = np.abs(half[:, :, column])
            # an event that does not reach a number adds nothing to it, not even where the event is missing
            width += np.where(moved == 0.0, 0.0, moved / np.maximum(rep.facts.u[event], 1e-7) * bias)
    modelled = np.array([METRICS[n].unit not in ("bool", "class") if n in METRICS else True for n in names])
    width[~modelled] = np.nan
    # a width of exactly zero says that no input reaches the number: nothing is modelled
    finite = np.isfinite([values[:, 0] for values in fields])
    return np.asarray(np.where(finite & (width > 0.0), width, np.nan))
