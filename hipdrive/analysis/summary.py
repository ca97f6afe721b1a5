"""Over the repetitions of a trial: mean, SD, CV and best (METRICS.md 15; CONTRACTS.md `summary`)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from hipdrive.analysis.registry import METRICS, headline, summaries_for
from hipdrive.analysis.uncertainty import T95
from hipdrive.errors import sentence
from hipdrive.results import REFUSED, Results, Value

CRITERION = {"cmj": "jump_height_tov", "sj": "jump_height_tov", "dj": "rsi_jh", "cmj_rebound": "jump_height_tov",
             "hops": "hop_rsi", "landing": "time_to_stabilisation", "isometric": "iso_peak_force",
             "balance": "cop_mean_velocity", "steps": "step_contact_time"}  # fmt: skip
"""The number by which the best repetition is chosen; all `_best` values come from that one repetition."""

LEAST = frozenset({"time_to_stabilisation", "cop_mean_velocity", "step_contact_time"})
"""Criteria of which the smallest is the best."""


def summarise(reps: Sequence[Results]) -> Mapping[str, Value]:
    """What a test has over its repetitions; then mean, SD, CV and best of the headline numbers, of two or more."""
    counted = [r for r in reps if r.status != REFUSED]
    if not counted:
        return {}
    test = counted[0].test
    summary: dict[str, Value] = {m.name: m.function(counted) for m in summaries_for(test)}
    best = best_of(reps)
    if best is None:
        return summary
    criterion = CRITERION[test]
    for name in headline(test):
        cells = [r[name] for r in counted]
        missing = next((c.code for c in cells if c.code), "no_spread") or "no_spread"
        summary |= _of(name, [c.value for c in cells if math.isfinite(c.value)], best[name], criterion, missing)
    return summary


def best_of(reps: Sequence[Results]) -> Results | None:
    """The repetition with the best criterion; None where fewer than two count."""
    counted = [r for r in reps if r.status != REFUSED]
    if len(counted) < 2:
        return None
    sign = -1.0 if CRITERION[counted[0].test] in LEAST else 1.0
    return max(counted, key=lambda r: _sortable(sign * r[CRITERION[r.test]].value))


def _sortable(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _of(name: str, values: Sequence[float], best: Value, criterion: str, missing: str) -> dict[str, Value]:
    unit, n = METRICS[name].unit, len(values)
    if n < 2:
        none = Value(math.nan, unit, why=sentence(missing), code=missing)
        return {f"{name}_{part}": none for part in ("mean", "sd", "cv", "best")}
    mean, sd = statistics.fmean(values), statistics.stdev(values)
    u95 = float(T95[min(n - 1, len(T95) - 1)]) * sd / math.sqrt(n)
    return {
        f"{name}_mean": Value(mean, unit, u95, f"mean_of_{n}"),
        f"{name}_sd": Value(sd, unit, method=f"sample_sd_of_{n}"),
        f"{name}_cv": Value(100.0 * sd / abs(mean), "%", method=f"sd/mean_of_{n}")
        if mean
        else Value(math.nan, "%", why=sentence("undefined"), code="undefined"),
        f"{name}_best": Value(best.value, unit, best.u95, f"repetition with the best {criterion}", best.why, best.code),
    }
