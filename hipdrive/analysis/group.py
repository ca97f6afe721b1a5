"""The numbers of one group: repetitions of one test, with every metric, side, event and check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hipdrive.analysis import asymmetry, quality
from hipdrive.analysis.facts import CODES, NUMBER
from hipdrive.analysis.filtering import marked
from hipdrive.analysis.registry import METRICS, REBOUND, headline, labels_for, metrics_for, stem, units_for
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Bools, Floats, Ints
from hipdrive.analysis.uncertainty import COVERAGE, evaluate, evaluate_side, rest_of_side, side_widths, u95
from hipdrive.results import FLAGGED, OK, REFUSED, Columns, Rows


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
        return self._each(lambda values: values[..., keep])

    def slim(self) -> Group:
        """The same numbers without the copies of them that their uncertainty was made of."""
        return self._each(np.array)

    def _each(self, of: Callable[[Any], Any]) -> Group:
        def among(parts: Mapping[str, Any]) -> Mapping[str, Any]:
            if isinstance(parts, Rows):
                return Rows([*parts], of(parts.table))
            return {name: of(part) if isinstance(part, np.ndarray) else part for name, part in parts.items()}

        c = self.columns
        columns = Columns(among(c.values), among(c.u95), c.units, among(c.methods), among(c.codes), c.labels)
        events = {name: (of(time), of(u)) for name, (time, u) in self.events.items()}
        checks = {name: (of(value), of(level)) for name, (value, level) in self.checks.items()}
        return Group(self.test, of(self.trial), of(self.rep), columns, events, checks, of(self.code))


def group_of(rep: Rep, index: Ints, code: Ints, number: Ints, begin: Floats | float = 0.0) -> Group:
    """Every metric of the repetitions, with sides, uncertainty, reasons, events and checks.

    index : (rows,), the trial of each row of the block. begin : when each repetition's piece of the record begins, s.
    """
    test = rep.facts.test
    names = [m.name for m in metrics_for(test)]
    for name in names:
        if name not in rep.fields:
            evaluate(rep, name)
    checks = {**quality.of_repetitions(rep), **_missing(rep, test)}
    lost, beside = code, np.zeros(rep.n, dtype=bool)
    if "landing_on_plate" in checks:
        beside = checks["landing_on_plate"][1] >= quality.WARNED
    if beside.any():
        # a part of the force went into the floor: the way back to zero says nothing about weight and zero
        checks |= {name: quality.nothing(*checks[name], beside) for name in TO_THE_REST if name in checks}
    if "velocity_closure_error" in checks:
        failed = checks["velocity_closure_error"][1] == quality.FAILED
        lost = np.where((code == 0) & failed, NUMBER["closure"], code)
    numbers, width = u95(rep, names)
    if rep.facts.plate_zero:
        names, numbers, width = _with_sides(rep, names, numbers, width)
    values, widths = Rows(names, numbers), Rows(names, width)
    codes: dict[str, Any] = dict.fromkeys(names)
    codes.update((name, NAMES[rep.field_reasons[name]]) for name in names if name in rep.field_reasons)
    unweighed = ~np.isfinite(rep.facts.weight)
    if lost.any() or unweighed.any() or beside.any():
        kept = dict(values)
        _refuse_rows(kept, codes, lost)
        if test not in UNWEIGHED_ON:
            _refuse_unweighed(kept, codes, unweighed)
        _refuse_landing(kept, codes, beside)
        values = Rows(names, np.array([*kept.values()]))
        widths = Rows(names, np.where(np.isfinite(values.table), width, np.nan))
    columns = Columns(
        values=values,
        u95=widths,
        units=units_for(test),
        methods=marked({name: rep.methods[name] for name in names}, rep.profile),
        codes=codes,
        labels=labels_for(test),
    )
    return Group(test, index[rep.facts.record], number, columns, _events(rep, begin), checks, code)


NAMES = np.array(CODES, dtype=object)
"""Reason codes by number, as an array."""


def _missing(rep: Rep, test: str) -> quality.Seen:
    """How many of the first numbers are missing, without one that would only repeat another."""
    missing = np.zeros(rep.n)
    for name in headline(test):
        missing += ~np.isfinite(rep.fields[name][:, 0])
    codes = rep.field_reasons.get("jump_height_tov")
    if codes is not None:
        missing -= codes == NUMBER["same_as_flight"]
    if test == "isometric":
        # a load cell's force is net already
        missing -= rep.field_reasons.get("iso_net_peak_force", np.zeros(rep.n)) == NUMBER["load_cell"]
    return {"missing_headline": (missing, np.where(missing > 0, quality.WARNED, quality.NONE))}


UNWEIGHED_ON = frozenset({"isometric", "block_start", "steps"})
"""Tests whose gross forces stand without a weight: a pull needs none, a load cell has none, nor have blocks alone."""
TO_THE_REST = ("velocity_closure_error", "system_weight_impulse")
"""Checks of the force from the onset to the rest after the landing."""

TIMED = frozenset({"flight_time", "contact_time", "hop_contact_time", "hop_flight_time"})
"""What a refused repetition keeps: the plate timed it."""

UNINTEGRATED = TIMED | {
    "jump_height_ft", "rsi_jh", "rsi_ft", "time_to_takeoff", "rsi_modified_ft", "ft_ct_ratio", "flight_baseline",
    "system_weight", "system_mass", "min_force", "peak_braking_force", "peak_propulsive_force", "peak_landing_force",
    "peak_landing_force_rel", "time_to_peak_landing_force", "landing_rate_mean", "landing_rate_2080",
    "impact_peak_flag", "ssc_class", "time_to_peak_force_dj", "loading_rate_dj",
}  # fmt: skip
"""What rests on no velocity, and so stands where the velocity does not come back to zero (Q5)."""


WEIGHTLESS = {
    "jump_height_ft", "rsi_jh", "rsi_ft", "impact_peak_flag", "ssc_class", "flight_baseline", "hop_rsi", "hop_rsi_ft",
    "hop_rate", "hop_first", "hop_in_limit",
}  # fmt: skip
"""What is given beside the times where there is no weight (METRICS.md 1): made of times, or of the empty plate."""


def _refuse_rows(values: dict[str, Floats], codes: dict[str, Any], lost: Ints) -> None:
    """Take back the numbers of refused rows, or those that rest on a velocity known to be wrong."""
    closure = lost == NUMBER["closure"]
    for name in values:
        rows = (lost > 0) & ~closure if formula(name) not in TIMED else np.zeros(len(lost), dtype=bool)
        if formula(name) not in UNINTEGRATED:
            rows |= closure
        _refuse(values, codes, name, rows, NAMES[lost])


def _refuse_unweighed(values: dict[str, Floats], codes: dict[str, Any], unweighed: Bools) -> None:
    """Take back our own numbers of rows without a weight: a force nobody weighed may have any zero and any unit."""
    for name in values:
        metric = METRICS[stem(name)]
        if metric.builtin and metric.unit != "s" and formula(metric.name) not in WEIGHTLESS:
            _refuse(values, codes, name, unweighed & np.isfinite(values[name]), "no_weight")


def _refuse_landing(values: dict[str, Floats], codes: dict[str, Any], beside: Bools) -> None:
    """Take back what the landing's force gives where it did not all come down on the plates; its time stands."""
    for name in values:
        metric = METRICS[stem(name)]
        if metric.builtin and metric.group == "landing":
            _refuse(values, codes, name, beside & np.isfinite(values[name]), "no_landing")


def formula(name: str) -> str:
    """The metric whose formula a field has: that of a drop jump for a field of a rebound."""
    return stem(name).removeprefix(REBOUND)


def _refuse(values: dict[str, Floats], codes: dict[str, Any], name: str, rows: Bools, code: Any) -> None:
    if rows.any():
        values[name] = np.where(rows, np.nan, values[name])
        old = codes[name] if codes[name] is not None else np.full(len(rows), "", dtype=object)
        codes[name] = np.where(rows, code, old)


def _with_sides(rep: Rep, names: list[str], numbers: Floats, width: Floats) -> tuple[list[str], Floats, Floats]:
    """Fields, numbers and widths with left, right and index of every additive metric: one step for all metrics."""
    places = [i for i, name in enumerate(names) if METRICS[name].sides]
    if not places:
        return names, numbers, width
    additive = [names[i] for i in places]
    left = np.array([evaluate_side(rep, name, "left") for name in additive])
    right = np.array([rep.fields[name] for name in additive]) - left
    for i, name in enumerate(additive):
        if METRICS[name].builtin:
            rest_of_side(rep, name, right[i])
        else:
            # somebody's own need not add up
            right[i] = evaluate_side(rep, name, "right")
    widths = side_widths(rep, additive, left, right)
    left, right = left[:, :, 0], right[:, :, 0]
    index = asymmetry.bilateral_index(left, right)
    _index_reasons(rep, additive, index)
    made = [field for name in additive for field in (f"{name}_left", f"{name}_right", f"asym_{name}")]
    more = np.stack([left, right, index], axis=1).reshape(len(made), rep.n)
    wider = np.stack(widths, axis=1).reshape(len(made), rep.n)
    return [*names, *made], np.concatenate([numbers, more]), np.concatenate([width, wider])


def _index_reasons(rep: Rep, additive: Sequence[str], index: Floats) -> None:
    """The indices' method, and why rows of them are missing: for the reason of the left, or two zeros have none."""
    bad = ~np.isfinite(index)
    for i, name in enumerate(additive):
        rep.methods[f"asym_{name}"] = asymmetry.METHOD
        if bad[i].any():
            known = rep.field_reasons.get(f"{name}_left", np.zeros(rep.n, dtype=np.int64))
            reasons = np.where(bad[i], np.where(known > 0, known, NUMBER["undefined"]), 0)
            rep.field_reasons[f"asym_{name}"] = reasons


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
    inside = still.found & (located.source <= 3)
    events["weigh_start"] = (np.where(inside, still.start / rate, np.nan), nothing)
    events["weigh_end"] = (np.where(inside, still.end / rate, np.nan), nothing)
    after = located.after
    events["rest_start"] = (np.where(after.found, after.start / rate, np.nan), nothing)
    if "onset" in names:
        events["movement_threshold_crossing"] = (located.crossing / rate, nothing)
    if np.any(begin):
        events = {name: (time + begin, u) for name, (time, u) in events.items()}
    return events


def statuses(group: Group) -> Any:
    """Status of each repetition: refused, flagged by a warning (a missing headline number is one), or ok."""
    warned = np.zeros(len(group.trial), dtype=bool)
    for _, level in group.checks.values():
        warned |= level >= quality.WARNED
    return np.where(group.code > 0, REFUSED, np.where(warned, FLAGGED, OK))
