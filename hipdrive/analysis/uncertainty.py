"""From copies to 95 % intervals: what one raised and one lowered input do to a number (METRICS.md 20).

u95 is the half width about the value that the same rule would give on the same movement without noise, drift or
sampling. Inputs are independent, so half differences of the pairs add in quadrature; the known one-sided bias of a
threshold crossing, where a profile keeps one, is added linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.registry import METRICS, REBOUND, Metric
from hipdrive.analysis.rep import INPUTS, Rep
from hipdrive.analysis.side import Side
from hipdrive.analysis.signal import Floats, divided, limited, numbers, zeroed
from hipdrive.errors import UsageError

COVERAGE = 1.96
"""Standard uncertainties in the half width of a 95 % interval."""

ONE_SIDED = 1.645
"""Standard uncertainties that hold 95 % on one side."""

T95 = np.array([np.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179])
"""97.5 % quantile of Student's t for 0 to 12 degrees of freedom (scipy.stats would cost 0.9 s of import)."""


SWAYS, SWAY_SHARED = 6.0, 1.5
"""Blocks whose means vary by so many noise variances sway, and then their mean is so much less certain (simulated)."""


def student(blocks: Floats) -> Floats:
    """How much wider than normal the weight's uncertainty is: t(K - 1) / 1.96; NaN below 4 blocks."""
    freedom = limited(zeroed(blocks) - 1, 0, len(T95) - 1).astype(np.int64)
    return np.where(np.asarray(blocks) >= 4, T95[freedom] / COVERAGE, np.nan)


def evaluate(rep: Rep, name: str) -> None:
    """Compute one metric into `rep.fields`, (n, k), with its reasons, extra spread and method."""
    rep.begin()
    metric = METRICS[name]
    seen = rep.views.get(metric.group)
    if seen is not None:
        lend(rep, seen, name.removeprefix(REBOUND), name)
        return
    result = _called(metric, rep, rep)
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


def _called(metric: Metric, rep: Rep, seen: Rep | Side) -> Any:
    """The metric's result of a repetition or one foot; a sentence names somebody's own metric that goes wrong."""
    if metric.builtin:
        return metric.function(seen)
    lends, rep.lends = rep.lends, False
    try:
        with np.errstate(all="ignore"):
            return metric.function(seen)
    except (Exception, SystemExit) as why:
        said = f"metric {metric.name}: {type(why).__name__}: {why}; mend its function"
        raise UsageError("metric_failed", said) from why
    finally:
        rep.lends = lends


def evaluate_side(rep: Rep, name: str, side: str) -> Floats:
    """Compute an additive metric of one plate, (n, k), under its own name, and return it."""
    rep.begin()
    metric, field = METRICS[name], f"{name}_{side}"
    seen = rep.views.get(metric.group)
    if seen is not None:
        own = name.removeprefix(REBOUND)
        if own not in seen.fields:
            evaluate(seen, own)
        value = evaluate_side(seen, own, side)
        lend(rep, seen, f"{own}_{side}", field)
        rep.spreads[f"asym_{name}"] = seen.spreads[f"asym_{own}"]
        return value
    foot = rep.left if side == "left" else rep.right
    result = _called(metric, rep, foot)
    value, rep.spreads[field] = result if isinstance(result, tuple) else (result, None)
    value = np.asarray(value, dtype=np.float64)
    if value.shape != (rep.n, rep.k):
        value = np.broadcast_to(value.reshape(-1, 1) if value.ndim == 1 else value, (rep.n, rep.k))
    rep.fields[field] = value = _with_reasons(rep, field, value)
    rep.spreads[f"asym_{name}"] = rep.spreads[field] if foot.apart is None else foot.apart
    rep.methods[field] = rep.method if rep.method is not None else metric.method
    return value


def rest_of_side(rep: Rep, name: str, right: Floats) -> None:
    """Keep the right plate's number, (n, k): the whole less the left, missing where either is and for its reason."""
    field, left = f"{name}_right", f"{name}_left"
    rep.begin()
    for other in (name, left):
        rep.note(other)
    rep.fields[field] = _with_reasons(rep, field, right)
    rep.methods[field] = rep.methods[left]
    noise, spread = rep.facts.plate_noise, rep.spreads[left]
    # what a plate adds of its own grows with its noise
    rep.spreads[field] = None if spread is None else spread * divided(noise["right"], noise["left"])


def side_widths(rep: Rep, names: Sequence[str], left: Floats, right: Floats) -> tuple[Floats, Floats, Floats]:
    """u95 of the left, the right and their index, (fields, n) each, from their copies (fields, n, k).

    Inputs that events carry move both feet together; noise and zero are each plate's own.
    """
    total = left + right
    index = divided(100.0 * (left - right), total)
    left_own, right_own = (
        np.array([np.zeros(rep.n) if (own := rep.spreads[f"{name}_{side}"]) is None else own for name in names])
        for side in ("left", "right")
    )
    l, r = left[:, :, 0], right[:, :, 0]  # noqa: E741
    apart = np.array([np.zeros(rep.n) if (own := rep.spreads[f"asym_{name}"]) is None else own for name in names])
    ratio = divided(rep.facts.plate_noise["right"], rep.facts.plate_noise["left"])
    index_own = divided(200.0 * apart * np.hypot(r, l * ratio), total[:, :, 0] ** 2)
    halves = [0.5 * (copies[:, :, 1::2] - copies[:, :, 2::2]) for copies in (left, right, index)]
    # the whole's noise is in the whole's copies; what it does through events a foot has in proportion
    noise = INPUTS.index("noise")
    halves[1][:, :, noise] = halves[0][:, :, noise] * divided(r, l)
    halves[2][:, :, noise] = 0.0
    widths = []
    for copies, half, own in zip((left, right, index), halves, (left_own, right_own, index_own), strict=True):
        half[:, :, INPUTS.index("zero")] = 0.0
        drift = half[:, :, INPUTS.index("drift")] * rep.facts.drift_seen
        width = half_width(drift, np.sqrt(np.einsum("fnk,fnk->fn", half, half) + own * own))
        widths.append(np.where(np.isfinite(copies[:, :, 0]) & (width > 0.0), width, np.nan))
    return widths[0], widths[1], widths[2]


def _with_reasons(rep: Rep, field: str, value: Floats) -> Floats:
    """The values, NaN in refused rows; reasons are kept for every row without a number."""
    refused = rep._refused
    if refused is not None and refused.any():
        value = np.where((refused > 0)[:, np.newaxis], np.nan, value)
    if not numbers(value[:, 0]):
        bad = ~np.isfinite(value[:, 0])
        code = np.full(rep.n, NUMBER["undefined"])
        for known in (rep._why, refused):
            code = code if known is None else np.where(known > 0, known, code)
        rep.field_reasons[field] = np.where(bad, code, 0)
    return value


def half_width(bias: Floats, u: Floats) -> Floats:
    """Half width that holds 95 % of a normal error with mean `bias` and SD `u`: 1.96 u, and abs(bias) + 1.645 u.

    Between the two, with x = abs(bias)/u, to 0.005 u: (x + 1.645 + 0.315 exp(-4.94 x^1.21)) u.
    """
    bias = np.abs(bias)
    ratio = divided(bias, u)
    extra = np.exp(-4.94 * zeroed(ratio) ** 1.21)
    return bias + (ONE_SIDED + (COVERAGE - ONE_SIDED) * extra) * u


def u95(rep: Rep, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Numbers of fields already evaluated, and their 95 % half widths, (fields, n) both."""
    values, square, along, drift = np.empty((4, len(names), rep.n))
    # the copies of as many fields as the processor's cache holds in one array: a step for all, not one for each
    size = max(1, CACHED // (rep.n * rep.k))
    for first in range(0, len(names), size):
        some = slice(first, first + size)
        copies = np.concatenate([rep.fields[name] for name in names[some]]).reshape(-1, rep.n, rep.k)
        values[some] = copies[:, :, 0]
        half = copies[:, :, 1::2] - copies[:, :, 2::2]
        half *= 0.5
        np.einsum("fnk,fnk->fn", half, half, out=square[some])
        along[some] = _biased(rep, half)
        drift[some] = half[:, :, INPUTS.index("drift")] * rep.facts.drift_seen
    more = [(i, rep.spreads[name]) for i, name in enumerate(names) if rep.spreads[name] is not None]
    if more:
        own = np.array([part for _, part in more])
        square[[i for i, _ in more]] += own * own
    width = half_width(drift, np.sqrt(square)) + along
    width[[i for i, name in enumerate(names) if METRICS[name].unit in CLASSES]] = np.nan
    # a width of exactly zero says that no input reaches the number: nothing is modelled
    return values, np.where(np.isfinite(values) & (width > 0.0), width, np.nan)


def _biased(rep: Rep, half: Floats) -> Any:
    """What the one-sided bias of events adds to the widths, (fields, n), from half differences (fields, n, inputs)."""
    added: Any = 0.0
    for event, bias in rep.facts.bias.items():
        moved = np.abs(half[:, :, len(INPUTS) + list(rep.facts.events).index(event)])
        # an event that does not reach a number adds nothing to it, not even where the event is missing
        added = added + np.where(moved == 0.0, 0.0, moved / np.maximum(rep.facts.u[event], 1e-7) * bias)
    return added


CACHED = 60_000
"""Numbers that go through several steps together: half a megabyte."""

CLASSES = ("bool", "class")
"""Units of what has no width."""
