"""The numbers of one group: repetitions of one test, with every metric, side, event and check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hipdrive.analysis import asymmetry, quality
from hipdrive.analysis.facts import CODES, NUMBER
from hipdrive.analysis.registry import METRICS, headline, metrics_for
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Bools, Floats, Ints, divided
from hipdrive.analysis.uncertainty import COVERAGE, evaluate, evaluate_side, u95
from hipdrive.results import FLAGGED, OK, REFUSED, Columns


@dataclass(frozen=True, eq=False)
class Group:
    """Repetitions of one test within a block, with everything a result needs. `trial` counts within the call."""

    test: str
    trial: Ints
    rep: Ints
    columns: Columns
    events: Mapping[str, tuple[Floats, Floats]]
    checks: quality.Seen
    code: Ints
    """Why a repetition is refused as a whole, 0 if it is not."""

    def where(self, keep: Bools) -> Group:
        """Some of the repetitions."""
        return self._each(lambda values: values[keep])

    def slim(self) -> Group:
        """The same numbers without the copies of them that their uncertainty was made of."""
        return self._each(np.array)

    def _each(self, of: Callable[[Any], Any]) -> Group:
        def among(parts: Mapping[str, Any]) -> dict[str, Any]:
            return {name: of(part) if isinstance(part, np.ndarray) else part for name, part in parts.items()}

        c = self.columns
        columns = Columns(among(c.values), among(c.u95), c.units, among(c.methods), among(c.codes), c.labels)
        events = {name: (of(time), of(u)) for name, (time, u) in self.events.items()}
        checks = {name: (of(value), of(level)) for name, (value, level) in self.checks.items()}
        return Group(self.test, of(self.trial), of(self.rep), columns, events, checks, of(self.code))


def group_of(rep: Rep, index: Ints, code: Ints, numbers: Ints, begin: Floats | float = 0.0) -> Group:
    """Every metric of the repetitions, with sides, uncertainty, reasons, events and checks.

    index : (rows,), the trial of each row of the block. begin : when each repetition's piece of the record begins, s.
    """
    test = rep.facts.test
    names = [m.name for m in metrics_for(test)]
    for name in names:
        if name not in rep.fields:
            evaluate(rep, name)
    checks = {**quality.of_repetitions(rep), **_missing(rep, test)}
    lost = code
    if "velocity_closure_error" in checks:
        failed = checks["velocity_closure_error"][1] == quality.FAILED
        lost = np.where((code == 0) & failed, NUMBER["closure"], code)
    width = dict(zip(names, u95(rep, names), strict=True))
    if rep.facts.plate_zero:
        names += _sides(rep, names, width)
    values = {name: rep.fields[name][:, 0] for name in names}
    codes: dict[str, Any] = {}
    for name in names:
        reasons = rep.field_reasons.get(name)
        codes[name] = None if reasons is None else np.array(CODES, dtype=object)[reasons]
    unweighed = ~np.isfinite(rep.facts.weight)
    if lost.any() or unweighed.any():
        _refuse_rows(values, codes, lost)
        _refuse_unweighed(values, codes, unweighed)
        width = {name: np.where(np.isfinite(values[name]), part, np.nan) for name, part in width.items()}
    columns = Columns(
        values=values,
        u95=width,
        units={name: unit_of(name) for name in names},
        methods={name: rep.methods[name] for name in names},
        codes=codes,
        labels={name: METRICS[name].labels for name in names if name in METRICS and METRICS[name].labels},
    )
    return Group(test, index[rep.facts.record], numbers, columns, _events(rep, begin), checks, code)


def _missing(rep: Rep, test: str) -> quality.Seen:
    """How many of the first numbers are missing, without one that would only repeat another."""
    missing = np.zeros(rep.n)
    for name in headline(test):
        missing += ~np.isfinite(rep.fields[name][:, 0])
    codes = rep.field_reasons.get("jump_height_tov")
    if codes is not None:
        missing -= codes == NUMBER["same_as_flight"]
    return {"missing_headline": (missing, np.where(missing > 0, quality.WARNED, quality.NONE))}


TIMED = frozenset({"flight_time", "contact_time"})
"""What a refused repetition keeps: the plate timed it."""

UNINTEGRATED = TIMED | {
    "jump_height_ft", "rsi_jh", "rsi_ft", "time_to_takeoff", "rsi_modified_ft", "ft_ct_ratio", "flight_baseline",
    "system_weight", "system_mass", "min_force", "peak_braking_force", "peak_propulsive_force", "peak_landing_force",
    "peak_landing_force_rel", "time_to_peak_landing_force", "landing_rate_mean", "landing_rate_2080",
}  # fmt: skip
"""What rests on no velocity, and so stands where the velocity does not come back to zero (Q5)."""


WEIGHTLESS = {"jump_height_ft", "rsi_jh", "rsi_ft", "impact_peak_flag", "ssc_class", "flight_baseline"}
"""What is given beside the times where there is no weight (METRICS.md 1): made of times, or of the empty plate."""


def _refuse_rows(values: dict[str, Floats], codes: dict[str, Any], lost: Ints) -> None:
    """Take back the numbers of refused rows, or those that rest on a velocity known to be wrong."""
    closure, names = lost == NUMBER["closure"], np.array(CODES, dtype=object)
    for name in values:
        rows = (lost > 0) & ~closure if name not in TIMED else np.zeros(len(lost), dtype=bool)
        if stem(name) not in UNINTEGRATED:
            rows |= closure
        _refuse(values, codes, name, rows, names[lost])


def _refuse_unweighed(values: dict[str, Floats], codes: dict[str, Any], unweighed: Bools) -> None:
    """Take back our own numbers of rows without a weight: a force nobody weighed may have any zero and any unit."""
    for name in values:
        metric = METRICS[stem(name)]
        if metric.builtin and metric.unit != "s" and metric.name not in WEIGHTLESS:
            _refuse(values, codes, name, unweighed & np.isfinite(values[name]), "no_weight")


def stem(name: str) -> str:
    """The metric of a field, a side or an index."""
    return name if name in METRICS else name.removeprefix("asym_").removesuffix("_left").removesuffix("_right")


def _refuse(values: dict[str, Floats], codes: dict[str, Any], name: str, rows: Bools, code: Any) -> None:
    if rows.any():
        values[name] = np.where(rows, np.nan, values[name])
        old = codes[name] if codes[name] is not None else np.full(len(rows), "", dtype=object)
        codes[name] = np.where(rows, code, old)


def unit_of(name: str) -> str:
    """Unit of a field, a side or an index."""
    return "%" if name not in METRICS and name.startswith("asym_") else METRICS[stem(name)].unit


def _sides(rep: Rep, names: Sequence[str], width: dict[str, Floats]) -> list[str]:
    """Left, right and their index for every additive metric, with u95 into `width`."""
    made: list[str] = []
    for name in names:
        if not METRICS[name].sides:
            continue
        left, right = (evaluate_side(rep, name, side) for side in ("left", "right"))
        l, r = rep.fields[left][:, 0], rep.fields[right][:, 0]  # noqa: E741
        index, total = f"asym_{name}", rep.fields[name][:, 0]
        rep.fields[index] = asymmetry.bilateral_index(l, r)[:, np.newaxis]
        rep.methods[index] = asymmetry.METHOD
        reasons = rep.field_reasons.get(left)
        bad = ~np.isfinite(rep.fields[index][:, 0])
        if bad.any():
            known = np.zeros(rep.n, dtype=np.int64) if reasons is None else reasons
            rep.field_reasons[index] = np.where(bad, np.where(known > 0, known, NUMBER["undefined"]), 0)
        spread = rep.spreads[name]
        width[left], width[right] = (np.abs(divided(part, total)) * width[name] for part in (l, r))
        noise = np.full(rep.n, np.nan) if spread is None else COVERAGE * 200.0 * spread * np.hypot(l, r)
        width[index] = divided(noise, (l + r) ** 2)
        made += [left, right, index]
    return made


def _events(rep: Rep, begin: Floats | float) -> dict[str, tuple[Floats, Floats]]:
    """Event times with u95; weighing and rest windows beside them. begin : when the piece begins, s."""
    rate, located = rep.curve.rate, rep.facts.located
    events = {}
    names = list(rep.moments)
    times = np.array([*rep.moments.values()])
    half = 0.5 * (times[:, :, 1::2] - times[:, :, 2::2])
    width = COVERAGE * np.sqrt((half * half).sum(axis=2))
    for i, name in enumerate(names):
        bias = rep.facts.bias.get(name, 0.0)
        events[name] = (times[i, :, 0], np.where(width[i] > 0.0, width[i] + bias, np.nan))
    nothing = np.full(rep.n, np.nan)
    still = located.still
    inside = still.found & np.isin(located.source, (0, 1, 2, 3))
    events["weigh_start"] = (np.where(inside, still.start / rate, np.nan), nothing)
    events["weigh_end"] = (np.where(inside, still.end / rate, np.nan), nothing)
    after = located.after
    events["rest_start"] = (np.where(after.found, after.start / rate, np.nan), nothing)
    if "onset" in names:
        events["movement_threshold_crossing"] = (located.crossing / rate, nothing)
    if np.any(begin):
        events = {name: (time + begin, u) for name, (time, u) in events.items()}
    return dict(sorted(events.items(), key=lambda item: np.nan_to_num(item[1][0][0], nan=1e9)))


def statuses(group: Group) -> Any:
    """Status of each repetition: refused, flagged by a warning (a missing headline number is one), or ok."""
    warned = np.zeros(len(group.trial), dtype=bool)
    for _, level in group.checks.values():
        warned |= level >= quality.WARNED
    return np.where(group.code > 0, REFUSED, np.where(warned, FLAGGED, OK))
