"""Numbers over several trials of one athlete: ratios of two tests, profiles over loads and heights, the other leg.

A trial counts with its repetitions that are not refused. `how` says which of them stands for all: the best one ("best",
as most of the definitions were published) or their mean; the method of each number names it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hipdrive.analysis.registry import Metric, session_metrics
from hipdrive.analysis.uncertainty import T95
from hipdrive.errors import UsageError, sentence
from hipdrive.results import REFUSED, WARN, Analysis, Finding, Results, Value

HOWS = ("best", "mean")

SAME_WEIGHT = 0.03
"""Trials without a name are one athlete's if their weights without load lie within this of one another."""


@dataclass(frozen=True)
class Chosen:
    """One number that stands for several repetitions: value, standard uncertainty, how it was chosen."""

    value: float
    u: float
    said: str

    @property
    def there(self) -> bool:
        """Whether there is a number."""
        return math.isfinite(self.value)


NOTHING = Chosen(math.nan, math.nan, "")


@dataclass(frozen=True, eq=False)
class Session:
    """Trials of one athlete as metrics over trials see them.

    how : "best" or "mean". involved : the injured leg, "" where nobody said. fit : where the best drop height is read
    from a parabola.
    """

    analyses: tuple[Analysis, ...]
    how: str = "best"
    involved: str = ""
    fit: bool = False

    def __iter__(self) -> Iterator[Analysis]:
        """The analyses."""
        return iter(self.analyses)

    def trials(
        self, test: str, *, arms: bool | None = False, side: str = "", load: float | None = 0.0
    ) -> list[Analysis]:
        """Trials of a test with these facts; None: any."""
        return [
            one for one in self.analyses
            if one.test == test and (arms is None or bool(one.provenance.get("arms")) == arms)
            and str(one.provenance.get("side") or "") == side
            and (load is None or abs(float(one.provenance.get("load_kg") or 0.0) - load) < 0.01)
        ]  # fmt: skip

    def reps(self, test: str, **facts: Any) -> list[Results]:
        """Their repetitions that count."""
        return [rep for one in self.trials(test, **facts) for rep in one.reps if rep.status != REFUSED]

    def chosen(self, field: str, reps: Sequence[Results]) -> Chosen:
        """The number that stands for a field of repetitions."""
        return chosen(field, reps, self.how)


def chosen(field: str, reps: Sequence[Results], how: str) -> Chosen:
    """The best (largest) or the mean of a field over repetitions, with its standard uncertainty.

    Of the best, the u is that of its measurement; of the mean, that of a mean of repetitions that differ.
    """
    values = [rep[field] for rep in reps if field in rep.columns.values]
    found = [v for v in values if math.isfinite(v.value)]
    if not found:
        return NOTHING
    if how == "best":
        best = max(found, key=lambda v: v.value)
        return Chosen(best.value, best.u95 / 1.96, f"best_of_{len(found)}")
    mean = statistics.fmean(v.value for v in found)
    if len(found) < 2:
        return Chosen(mean, found[0].u95 / 1.96, "mean_of_1")
    sd = statistics.stdev(v.value for v in found)
    wide = float(T95[min(len(found) - 1, len(T95) - 1)])
    return Chosen(mean, wide * sd / math.sqrt(len(found)) / 1.96, f"mean_of_{len(found)}")


def ratio(top: Chosen, bottom: Chosen) -> tuple[float, float]:
    """Quotient of two independent numbers and its u95."""
    value = top.value / bottom.value
    return value, 1.96 * abs(value) * math.hypot(top.u / top.value, bottom.u / bottom.value)


def none(code: str, unit: str, method: str = "") -> Value:
    """No number, and why."""
    return Value(math.nan, unit, method=method, why=sentence(code), code=code)


@dataclass(frozen=True, eq=False)
class Across(Mapping[str, Value]):
    """Numbers over the trials of one athlete: field -> Value. quality: what to think of when reading them."""

    athlete: str
    trials: int
    values_: Mapping[str, Value]
    quality: tuple[Finding, ...] = ()

    def __getitem__(self, field: str) -> Value:
        """The number of a field."""
        return self.values_[field]

    def __iter__(self) -> Iterator[str]:
        """Fields in the order of the registry."""
        return iter(self.values_)

    def __len__(self) -> int:
        """How many fields."""
        return len(self.values_)

    @cached_property
    def says_something(self) -> bool:
        """Whether any number is there."""
        return any(math.isfinite(v.value) for v in self.values())


def across(analyses: Iterable[Analysis], *, how: str = "best", involved: str = "", fit: bool = False) -> Across:
    """Numbers over several trials of one athlete, analysed under one profile.

    Parameters
    ----------
    how : "best" or "mean" of the repetitions of each test.
    involved : "left" or "right", the injured leg, for `limb_symmetry_index`.
    fit : read `optimal_drop_height` from a parabola through the heights instead of the best one measured.

    Raises
    ------
    UsageError : the trials are of several athletes or profiles, or an option is not known.

    >>> import hipdrive as hd
    >>> trials = [hd.simulate("cmj", seed=1, mass=80.0), hd.simulate("sj", seed=1, mass=80.0)]
    >>> found = across(hd.analyse(trial) for trial in trials)
    >>> v = found["eccentric_utilisation_ratio"]
    >>> round(v.value, 2), v.method
    (0.77, 'jump_height_tov, best_of_1/best_of_1')
    """
    held = tuple(analyses)
    if how not in HOWS:
        raise UsageError("how", f"how={how!r}: choose {' or '.join(HOWS)}")
    if involved not in ("", "left", "right"):
        raise UsageError("involved", f"involved={involved!r}: choose left or right")
    profiles = {one.profile for one in held}
    if len(profiles) > 1:
        raise UsageError("profiles", f"these trials were analysed under {', '.join(sorted(profiles))}; numbers across "
                         "trials need one profile")  # fmt: skip
    groups, strangers = by_athlete(held)
    if len(groups) > 1 or strangers:
        names = ", ".join(sorted({name or "unnamed" for name, _ in groups})) or "unnamed"
        raise UsageError("athletes", f"these trials are of several athletes ({names}), or their weights do not agree; "
                         "give those of one athlete")  # fmt: skip
    name, members = groups[0] if groups else ("", ())
    return of_athlete(name, Session(tuple(members), how, involved, fit))


def of_athlete(name: str, session: Session) -> Across:
    """Every metric over the trials of one athlete."""
    values: dict[str, Value] = {}
    for metric in session_metrics():
        values |= _named(metric, metric.function(session))
    return Across(name, len(session.analyses), values, tuple(_findings(session, values)))


def _named(metric: Metric, result: Any) -> dict[str, Value]:
    """One number under the metric's name; of a family, each with its own suffix."""
    if isinstance(result, Mapping):
        return {f"{metric.name}_{suffix}": value for suffix, value in result.items()}
    return {} if result is None else {metric.name: result}


def by_athlete(analyses: Sequence[Analysis]) -> tuple[list[tuple[str, list[Analysis]]], list[Analysis]]:
    """Trials by athlete, and those without a name that cannot be told to be one athlete's.

    Trials without a name are taken together only if all of them have a weight and the weights agree.
    """
    named: dict[str, list[Analysis]] = {}
    for one in analyses:
        named.setdefault(str(one.provenance.get("athlete") or ""), []).append(one)
    unnamed = named.pop("", [])
    if len(unnamed) < 2:
        groups = list(named.items())
        return (groups, unnamed) if groups else ([("", unnamed)] if unnamed else [], [])
    weights = [body_weight(one) for one in unnamed]
    middle = statistics.median(weights)
    # not a number fails this comparison too
    alike = all(abs(weight - middle) <= 0.5 * SAME_WEIGHT * middle for weight in weights)
    return ([*named.items(), ("", unnamed)], []) if alike else (list(named.items()), unnamed)


def body_weight(one: Analysis) -> float:
    """Median weight of a trial without the load, N; NaN where it has none."""
    weights = [rep["system_weight"].value for rep in one.reps if "system_weight" in rep.columns.values]
    known = [w for w in weights if math.isfinite(w)]
    g = float(one.provenance.get("parameters", {}).get("g", 9.80665))
    return statistics.median(known) - float(one.provenance.get("load_kg") or 0.0) * g if known else math.nan


def _findings(session: Session, values: Mapping[str, Value]) -> Iterator[Finding]:
    """What to think of when reading the numbers."""
    days = {str(one.provenance.get("created") or "")[:10] for one in session} - {""}
    if len(days) > 1:
        yield Finding("several_days", WARN, float(len(days)), "1", f"the trials are of {len(days)} days",
                      "compare tests of one day")  # fmt: skip
    for check in CHECKS:
        yield from check(session, values)


CHECKS: list[Callable[[Session, Mapping[str, Value]], Iterable[Finding]]] = []
"""What single metrics have to say about their trials; they add themselves."""
