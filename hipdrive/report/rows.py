"""One repetition as lines for people: each number once, with its sides beside it, in groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hipdrive.analysis.phases import FROM_MIN
from hipdrive.report.frames import base_field, definition
from hipdrive.report.words import label
from hipdrive.results import OK, REFUSED, Analysis, Finding, Results, Value

HERO = {"dj": ("rsi_jh", "rsi_jh_tov", "rsi_ft"), "hops": ("hop_rsi",), "landing": ("peak_landing_force_rel",),
        "isometric": ("iso_peak_force",), "sprint": ("max_sprint_speed",),
        "balance": ("cop_mean_velocity", "cop_mean_velocity_ap", "cop_mean_velocity_ml", "system_weight")}  # fmt: skip
"""What stands largest; every other test shows its jump height."""
HEIGHTS = ("jump_height_tov", "jump_height_ft")


@dataclass(frozen=True)
class Line:
    """A number with its sides, its name in words and its definition."""

    field: str
    label: str
    value: Value
    left: Value | None = None
    right: Value | None = None
    asym: Value | None = None
    group: str = "other"
    doc: str = ""
    source: str = ""
    also: bool = False
    """Whether it says again, in another form, what the line above it says."""

    @property
    def there(self) -> bool:
        """Whether there is a number."""
        return math.isfinite(self.value.value)

    @property
    def sided(self) -> bool:
        """Whether a side has a number."""
        return any(v is not None and math.isfinite(v.value) for v in (self.left, self.right))


def lines(rep: Results) -> tuple[Line, ...]:
    """Every number of a repetition: each fact once, its other forms marked `also` right below it.

    What repeats a missing number is not told to be missing, too; where it is there, it leads.
    """
    facts: dict[str, list[Line]] = {}
    for name in rep:
        if _stands_alone(rep, name):
            facts.setdefault(_fact(rep, name), []).append(line(rep, name))
    found: list[Line] = []
    for first, forms in facts.items():
        ordered = sorted(forms, key=lambda one: (not one.there, one.field != first))
        leader, others = ordered[0], ordered[1:]
        found.append(leader)
        found += [replace(one, also=True, group=leader.group) for one in others if one.there]
        # a form of its own kind can lack what its leader has: the reason is told
        found += [one for one in others if not one.there and leader.there]
    return tuple(found)


def _fact(rep: Results, name: str) -> str:
    """The field that carries the fact which `name` repeats: itself, where it repeats none of the repetition's."""
    metric = definition(name)
    while metric is not None and metric.repeats in rep.columns.values:
        if "deceleration" in name and rep[metric.repeats].method.startswith(FROM_MIN):
            break  # braking is a longer phase here, so this is a fact of its own
        name = metric.repeats
        metric = definition(name)
    return name


def line(rep: Results, name: str) -> Line:
    """One number of a repetition."""
    metric = definition(name)
    left, right, asym = (
        rep[side] if side in rep.columns.values else None for side in (f"{name}_left", f"{name}_right", f"asym_{name}")
    )
    if metric is None:
        return Line(name, label(name), rep[name], left, right, asym)
    doc = " ".join(metric.doc.split("\n\n")[0].split())
    return Line(name, label(name), rep[name], left, right, asym, metric.group, doc, metric.source)


def headline(analysis: Analysis, rep: Results) -> tuple[Line, ...]:
    """The numbers a coach reads first."""
    return tuple(line(rep, name) for name in analysis.headline if name in rep.columns.values)


def series(analysis: Analysis) -> tuple[Line, ...]:
    """What a coach reads first over a series of hops, () for tests in which every repetition stands for itself."""
    from hipdrive.analysis.registry import TESTS
    from hipdrive.analysis.registry import headline as first

    names = first(analysis.test, "summary") if analysis.test in TESTS else ()
    return tuple(over(name, analysis.summary[name]) for name in names if name in analysis.summary)


def typical(analysis: Analysis, name: str) -> Value:
    """A number of a series with the uncertainty that its hops have in the middle."""
    found = sorted(rep[name].u95 for rep in analysis.reps if math.isfinite(rep[name].u95))
    return replace(analysis.reps[0][name], u95=found[len(found) // 2] if found else math.nan)


def over(name: str, value: Value) -> Line:
    """A number of the summary."""
    metric = definition(name)
    return Line(name, label(name), value, doc="" if metric is None else " ".join(metric.doc.split()))


def marks(analysis: Analysis) -> dict[int, str]:
    """Words beside the hops of a series: which count in the 10/5, which are too slow for it, which are refused."""
    from hipdrive.analysis.hop_summary import selected

    counted = [rep for rep in analysis.reps if rep.status != REFUSED]
    five = selected(counted)
    found = {}
    for rep in analysis.reps:
        slow = "hop_in_limit" in rep and rep["hop_in_limit"].value == 0.0
        told = (("10/5", rep.rep in five), ("slow", slow), (rep.status, rep.status != OK))
        found[rep.rep] = ", ".join(word for word, true in told if true)
    return found


def hero(rep: Results) -> Line | None:
    """The largest number of a report: the reactive strength index or the jump height, by the test."""
    known = [name for name in HERO.get(rep.test, HEIGHTS) if name in rep.columns.values]
    there = [name for name in known if math.isfinite(rep[name].value)]
    return line(rep, (there or known)[0]) if known else None


def grouped(found: Iterable[Line]) -> dict[str, list[Line]]:
    """Lines by group, groups in the order in which they first appear."""
    groups: dict[str, list[Line]] = {}
    for one in found:
        groups.setdefault(one.group, []).append(one)
    return groups


def missing(found: Sequence[Line]) -> dict[str, list[str]]:
    """The reason sentences of missing numbers with the numbers they stand for."""
    reasons: dict[str, list[str]] = {}
    for one in found:
        if not one.there:
            reasons.setdefault(one.value.why or "no reason was given", []).append(one.label)
    return reasons


def missing_over(analysis: Analysis) -> dict[str, list[str]]:
    """The reason sentences of missing headline numbers over several repetitions: which numbers, of which ones."""
    found: dict[str, dict[str, list[int]]] = {}
    for rep in analysis.reps:
        for one in headline(analysis, rep):
            if not one.there:
                found.setdefault(one.value.why or "no reason was given", {}).setdefault(one.label, []).append(rep.rep)
    everywhere = [rep.rep for rep in analysis.reps]
    return {why: [name if at == everywhere else f"{name} ({repetitions(at)})" for name, at in names.items()]
            for why, names in found.items()}  # fmt: skip


def repetitions(numbers: Sequence[int]) -> str:
    """Numbers of repetitions in words.

    >>> repetitions([2]), repetitions([1, 2, 3, 5])
    ('rep 2', 'reps 1, 2, 3, 5')
    """
    return f"rep{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def best(analysis: Analysis) -> int:
    """The number of the best of several repetitions, 0 where there is none."""
    from hipdrive.analysis.summary import CRITERION, best_of

    criterion = CRITERION.get(analysis.test)
    if criterion is None or not all(criterion in rep.columns.values for rep in analysis.reps):
        return 0
    found = best_of(analysis.reps)
    return 0 if found is None or math.isnan(found[criterion].value) else found.rep


CAUSES = {"gaps": "dropped_samples", "saturated": "peak_saturation", "zero_changed": "plate_drift_rate",
          "closure": "velocity_closure_error", "countermovement_in_sj": "sj_countermovement"}  # fmt: skip
"""Reason of a refusal -> the check that says the same."""


def told(analysis: Analysis) -> tuple[Finding, ...]:
    """What the checks say, without the one that only repeats why the trial is refused."""
    return tuple(f for f in analysis.quality if not analysis.why or f.check != CAUSES.get(analysis.code or ""))


def _stands_alone(rep: Results, name: str) -> bool:
    base = base_field(name)
    return base == name or base not in rep.columns.values
