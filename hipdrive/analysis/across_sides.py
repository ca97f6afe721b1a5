"""Left against right over trials: the noise of an index, its direction, and trials of one leg each (METRICS.md 7)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from hipdrive.analysis.across import Chosen, Session, none
from hipdrive.analysis.asymmetry import asymmetry, direction_agreement, noise_band
from hipdrive.analysis.registry import METRICS, metric, metrics_for
from hipdrive.results import REFUSED, Analysis, Value

EVERY = ("cmj", "sj", "dj", "isometric")


def _sided(analyses: Sequence[Analysis], test: str) -> dict[str, list[float]]:
    """Every index of a test on two plates: field -> its values, one a repetition."""
    found: dict[str, list[float]] = {}
    for one in analyses:
        for rep in one.reps if one.test == test else ():
            if rep.status == REFUSED:
                continue
            for m in metrics_for(test):
                name = f"asym_{m.name}"
                if m.sides and name in rep.columns.values and math.isfinite(rep[name].value):
                    found.setdefault(m.name, []).append(rep[name].value)
    return found


@metric("asym_noise_band", unit="%", tests=EVERY, source="Bishop 2018", scope="session", method="1.96*SD",
        group="across trials")  # fmt: skip
def asym_noise_band(session: Session) -> Mapping[str, Value]:
    """Noise of an index of left against right: 1.96 SD over the athlete's own repetitions, by test and field."""
    found = {}
    for test in EVERY:
        trials = session.trials(test, arms=None, load=None)
        for field, values in _sided(trials, test).items():
            if len(values) > 1:
                found[f"{test}_{field}"] = noise_band(values)
    return found


@metric("asym_direction_agreement", unit="1", tests=EVERY, source="Bishop 2020", scope="session", method="kappa",
        group="across trials")  # fmt: skip
def asym_direction_agreement(session: Session) -> Mapping[str, Value]:
    """Cohen's kappa of the side that is larger, over the numbers that two tests, or two days, have in common."""
    found = {}
    means = {test: {field: statistics.fmean(values) for field, values in _sided(session.analyses, test).items()}
             for test in EVERY}  # fmt: skip
    for one, other in combinations([test for test in EVERY if means[test]], 2):
        if shared := [field for field in means[one] if field in means[other]]:
            pairs = [(means[one][field], means[other][field]) for field in shared]
            found[f"{one}_{other}"] = _agreement(pairs, "")
    for test in EVERY:
        by_day: dict[str, list[Analysis]] = {}
        for trial in session.trials(test, arms=None, load=None):
            by_day.setdefault(str(trial.provenance.get("created") or "")[:10], []).append(trial)
        days = sorted(day for day in by_day if day)
        if len(days) > 1:
            first, last = (_sided(by_day[day], test) for day in (days[0], days[-1]))
            pairs = [
                (statistics.fmean(first[field]), statistics.fmean(last[field])) for field in first if field in last
            ]
            if pairs:
                found[f"{test}_days"] = _agreement(pairs, ", first and last day")
    return found


def _agreement(pairs: Sequence[tuple[float, float]], over: str) -> Value:
    """Kappa without u95: the numbers of one athlete hang together, so that no count of them is a sample."""
    kappa = direction_agreement([a for a, _ in pairs], [b for _, b in pairs])
    if kappa.code == "undefined":
        return none("one_direction", "1")
    return replace(kappa, method=f"{kappa.method}{over}") if kappa.code is None else kappa


# --- trials of one leg --------------------------------------------------------------------------------------------


def _legs(session: Session) -> dict[str, tuple[Chosen, Chosen]]:
    """test_field -> left and right of trials of one leg each, of the numbers shown first and the sided ones."""
    found = {}
    for test in EVERY:
        left, right = (session.reps(test, side=side, arms=None) for side in ("left", "right"))
        if not left or not right:
            continue
        for m in metrics_for(test):
            if (test in m.headline or m.sides) and METRICS[m.name].unit not in ("bool", "class"):
                pair = session.chosen(m.name, left), session.chosen(m.name, right)
                if pair[0].value > 0.0 and pair[1].value > 0.0:
                    found[f"{test}_{m.name}"] = pair
    return found


def _asked(session: Session) -> str:
    """Which tests were done on one leg only, so that the other is missed; "" where both were, or none."""
    for test in EVERY:
        there = [bool(session.reps(test, side=side, arms=None)) for side in ("left", "right")]
        if there[0] != there[1]:
            return test
    return ""


@metric("asym_unilateral", unit="%", tests=EVERY, source="Bishop 2018", scope="session", method="100*(L-R)/max",
        group="across trials")  # fmt: skip
def asym_unilateral(session: Session) -> Mapping[str, Value]:
    """Left less right in per cent of the larger, from trials of one leg each, by test and field; + = left larger."""
    found = {name: _percentage(*pair) for name, pair in _legs(session).items()}
    if not found and (test := _asked(session)):
        return {test: none("no_other_leg", "%")}
    return found


def _percentage(left: Chosen, right: Chosen) -> Value:
    large, small = max(left.value, right.value), min(left.value, right.value)
    wide = 1.96 * 100.0 * small / large * math.hypot(left.u / left.value, right.u / right.value)
    return Value(
        asymmetry(left.value, right.value, "asym_unilateral"), "%", wide, f"100*(L-R)/max, {left.said}/{right.said}"
    )


@metric("limb_symmetry_index", unit="%", tests=EVERY, source="derived (METRICS.md 7)", scope="session",
        method="100*involved/uninvolved", repeats="asym_unilateral", group="across trials")  # fmt: skip
def limb_symmetry_index(session: Session) -> Mapping[str, Value]:
    """The injured leg in per cent of the other, from trials of one leg each, by test and field."""
    pairs = _legs(session)
    if not session.involved:
        return {test: none("no_involved", "%") for test in dict.fromkeys(name.split("_")[0] for name in pairs)}
    found = {}
    for name, (left, right) in pairs.items():
        hurt, well = (left, right) if session.involved == "left" else (right, left)
        index = asymmetry(hurt.value, well.value, "limb_symmetry_index")
        wide = 1.96 * index * math.hypot(hurt.u / hurt.value, well.u / well.value)
        found[name] = Value(index, "%", wide, f"100*{session.involved}/other, {hurt.said}/{well.said}")
    return found
