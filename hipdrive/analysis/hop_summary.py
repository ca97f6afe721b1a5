"""Numbers over a series of hops (METRICS.md 6): the 10/5, its spread, fatigue, totals and the best of them.

Each is a function of contact and flight times. Its u95 comes from the instants at which they begin and end: an
instant that ends a flight and begins a contact is one input, so its error counts in both. What foot and plate do to
every edge alike does not average out over the hops. Which hops are chosen is decided anew in every copy, so a tie
between two hops makes what differs between them uncertain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hipdrive.analysis.registry import metric
from hipdrive.analysis.signal import Bools, Floats, Ints
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import sentence
from hipdrive.results import Results, Value

HOPS = ("hops",)
SELECTED, OF = 5, 10
"""Hops that count in the 10/5, and those they are chosen from (Harper 2011)."""

ALIKE = 0.3
"""Part of an instant's standard uncertainty that all take-offs, and all touchdowns, of a series share (simulated)."""

ENDS = 3
"""Hops at each end of a series that the fatigue index compares."""


@dataclass(frozen=True, eq=False)
class Series:
    """Contact and flight of n hops in k copies, (k, n), s: the first as measured, then each instant moved both ways.

    number : of each hop in its series, from 1. rsi, height : as METRICS.md 6 has them, (k, n).
    """

    hops: Sequence[Results]
    number: Ints
    contact: Floats
    flight: Floats
    g: float

    @property
    def height(self) -> Floats:
        """Flight-time height, m."""
        return self.g * self.flight**2 / 8.0

    @property
    def rsi(self) -> Floats:
        """Height over contact time, m/s."""
        return self.height / self.contact

    @property
    def rsi_ft(self) -> Floats:
        """Flight over contact time."""
        return self.flight / self.contact

    def curve(self, field: str) -> Floats:
        """Contact time, flight time, height or reactive strength by its field, (k, n)."""
        return {"hop_contact_time": self.contact, "hop_flight_time": self.flight, "jump_height_ft": self.height,
                "hop_rsi": self.rsi, "hop_rsi_ft": self.rsi_ft}[field]  # fmt: skip


def series(reps: Sequence[Results]) -> Series:
    """The hops with their uncertain instants; those of the last look are kept, since every number asks for them."""
    global _latest
    if _latest is None or _latest[0] is not reps:
        _latest = reps, _series(reps)
    return _latest[1]


_latest: tuple[Sequence[Results], Series] | None = None


def _series(reps: Sequence[Results]) -> Series:
    hops = sorted((r for r in reps if math.isfinite(r["hop_rsi"].value)), key=lambda r: r.rep)
    n = len(hops)
    times = np.array([[r.events[e].t for e in ("first_contact", "takeoff", "touchdown")] for r in hops])
    widths = np.array([[r.events[e].u95 for e in ("first_contact", "takeoff", "touchdown")] for r in hops])
    times, widths = times.reshape(n, 3), np.nan_to_num(widths.reshape(n, 3))
    # the touchdown of a hop is the first contact of the next: one instant, moved once
    shared = np.r_[False, times[1:, 0] == times[:-1, 2]] if n else np.zeros(0, dtype=bool)
    which = np.arange(3 * n).reshape(n, 3)
    which[1:, 0] = np.where(shared[1:], which[:-1, 2], which[1:, 0])
    moved = np.zeros((5 + 6 * n, n, 3))
    for i in range(n):
        for j in range(3):
            moved[1 + 2 * which[i, j], i, j] = widths[i, j] / COVERAGE
            moved[2 + 2 * which[i, j], i, j] = -widths[i, j] / COVERAGE
    for at, edges in ((6 * n + 1, [1]), (6 * n + 3, [0, 2])):
        moved[at][:, edges] = ALIKE * widths[:, edges] / COVERAGE
        moved[at + 1] = -moved[at]
    copies = times + moved
    # g as the analysis had it, whatever the profile
    height = np.array([r["jump_height_ft"].value for r in hops])
    flight = copies[0, :, 2] - copies[0, :, 1]
    g = float(np.median(8.0 * height / flight**2)) if n else math.nan
    return Series(hops, np.array([r.rep for r in hops], dtype=np.int64), copies[:, :, 1] - copies[:, :, 0],
                  copies[:, :, 2] - copies[:, :, 1], g)  # fmt: skip


def number(values: Floats, unit: str, method: str) -> Value:
    """A number from its copies (k,), with u95."""
    half = 0.5 * (values[1::2] - values[2::2])
    u95 = COVERAGE * float(np.sqrt((half * half).sum()))
    return Value(float(values[0]), unit, u95 if u95 > 0.0 else math.nan, method)


def without(unit: str, code: str, method: str) -> Value:
    """A number that these hops do not support."""
    return Value(math.nan, unit, method=method, why=sentence(code), code=code)


def valid(hops: Series) -> Bools:
    """The first ten hops with a contact no longer than the limit (a class that the hop itself carries)."""
    fast = np.array([r["hop_in_limit"].value == 1.0 for r in hops.hops], dtype=bool)
    return fast & (hops.number <= OF)


def best_five(hops: Series) -> Ints:
    """The five of highest reactive strength among the valid ones in each copy, (k, 5), or fewer if there are fewer."""
    return _highest(np.where(valid(hops), hops.rsi, -np.inf), min(SELECTED, int(valid(hops).sum())))


def _highest(curve: Floats, count: int) -> Ints:
    """The places of the highest of each copy, the highest first, (k, count)."""
    return np.argsort(-curve, axis=1, kind="stable")[:, :count]


def _taken(curve: Floats, places: Ints) -> Floats:
    return np.asarray(np.take_along_axis(curve, places, axis=1))


def selected(reps: Sequence[Results]) -> tuple[int, ...]:
    """Numbers of the hops that the 10/5 is made of; none where there are too few."""
    hops = series(reps)
    best = best_five(hops)
    return tuple(int(hops.number[i]) for i in best[0]) if best.shape[1] == SELECTED else ()


# --- the 10/5 ----------------------------------------------------------------------------------------------------


def _mean(curve: Floats) -> Floats:
    return np.asarray(curve.mean(axis=1))


def _cv(curve: Floats) -> Floats:
    return np.asarray(100.0 * curve.std(axis=1, ddof=1) / curve.mean(axis=1))


def _of_best(field: str, unit: str, reduce: Callable[[Floats], Floats], method: str) -> Callable[[Any], Value]:
    def over(reps: Sequence[Results]) -> Value:
        hops = series(reps)
        best = best_five(hops)
        if best.shape[1] < SELECTED:
            return without(unit, "few_hops", method)
        return number(reduce(_taken(hops.curve(field), best)), unit, method)

    return over


def _register(name: str, unit: str, doc: str, function: Callable[[Any], Value], *, source: str, **more: Any) -> None:
    function.__doc__ = doc
    metric(name, unit=unit, tests=HOPS, source=source, group=more.pop("group", "series"), scope="summary", **more)(
        function
    )


HARPER = "Harper 2011; Stratford 2020"
_register("rsi_10_5", "m/s", "Mean of the five highest RSI among the first ten hops with a fast contact.",
          _of_best("hop_rsi", "m/s", _mean, "best_5_of_10"), source=HARPER, headline=1,
          method="best_5_of_10")  # fmt: skip


@metric("hop_valid_count", unit="count", tests=HOPS, source=HARPER, headline=2, method="contact_within_limit",
        group="series", scope="summary")  # fmt: skip
def hop_valid_count(reps: Sequence[Results]) -> Value:
    """How many of the first ten hops have a contact within `hop_contact_limit`."""
    return Value(float(valid(series(reps)).sum()), "count", method="contact_within_limit")


@metric("hop_count", unit="count", tests=HOPS, source="derived (METRICS.md 6)", headline=3,
        method="flight_before_and_after", group="series", scope="summary")  # fmt: skip
def hop_count(reps: Sequence[Results]) -> Value:
    """How many hops the series has."""
    return Value(float(len(reps)), "count", method="flight_before_and_after")


FIELDS = (("hop_contact_time", "s", "contact time"), ("hop_flight_time", "s", "flight time"),
          ("jump_height_ft", "m", "height"), ("hop_rsi", "m/s", "RSI"))  # fmt: skip
PLACES = {"hop_contact_time": 4, "jump_height_ft": 5}
for _field, _unit, _word in FIELDS:
    _short = _field.removeprefix("hop_")
    _register(f"hop_mean_{_short}", _unit, f"Mean {_word} of the five hops of the 10/5.",
              _of_best(_field, _unit, _mean, "mean_of_best_5"), source=HARPER, method="mean_of_best_5",
              headline=PLACES.get(_field), repeats="rsi_10_5" if _field == "hop_rsi" else "")  # fmt: skip
    _register(f"hop_cv_{_short}", "%", f"SD over mean of the {_word} of the five hops of the 10/5.",
              _of_best(_field, "%", _cv, "sd/mean_of_5"), source=HARPER, method="sd/mean_of_5")  # fmt: skip


# --- the whole series --------------------------------------------------------------------------------------------


def _fatigue(reps: Sequence[Results]) -> Value:
    hops = series(reps)
    rsi = hops.rsi[:, hops.number > 1]
    if rsi.shape[1] < 2 * ENDS:
        return without("%", "short_series", "last_3/first_3")
    first, last = _mean(rsi[:, :ENDS]), _mean(rsi[:, -ENDS:])
    return number(100.0 * (last - first) / first, "%", "last_3/first_3")


_register("hop_fatigue_index", "%", "Change of RSI from hops 2 to 4 to the last three.", _fatigue,
          source="derived (METRICS.md 6)", headline=6, method="last_3/first_3")  # fmt: skip


def _over_all(field: str, unit: str, reduce: Callable[[Floats], Floats], method: str) -> Callable[[Any], Value]:
    def over(reps: Sequence[Results]) -> Value:
        hops = series(reps)
        if not hops.hops:
            return without(unit, "few_hops", method)
        return number(reduce(hops.curve(field)), unit, method)

    return over


def _largest(curve: Floats) -> Floats:
    return np.asarray(curve.max(axis=1))


for _name, _field, _unit, _reduce, _method, _doc in (
    ("hop_total_contact_time", "hop_contact_time", "s", lambda c: c.sum(axis=1), "sum", "Contact time of all hops."),
    ("hop_total_flight_time", "hop_flight_time", "s", lambda c: c.sum(axis=1), "sum",
     "Time of the flights that follow the hops' contacts."),
    ("hop_rsi_ft_mean", "hop_rsi_ft", "1", _mean, "mean_of_all", "Mean flight over contact time of all hops."),
    ("jump_height_ft_max", "jump_height_ft", "m", _largest, "largest_of_all", "Height of the highest hop."),
    ("hop_rsi_max", "hop_rsi", "m/s", _largest, "largest_of_all", "Highest RSI of all hops."),
    ("hop_rsi_ft_max", "hop_rsi_ft", "1", _largest, "largest_of_all", "Highest flight over contact time."),
):  # fmt: skip
    _register(_name, _unit, _doc, _over_all(_field, _unit, _reduce, _method), source="vendor", method=_method)


def _of_highest(field: str, unit: str, top: int, reduce: Callable[[Floats], Floats], method: str) -> Any:
    def over(reps: Sequence[Results]) -> Value:
        hops = series(reps)
        if len(hops.hops) < top:
            return without(unit, "few_hops", method)
        return number(reduce(_taken(hops.curve(field), _highest(hops.height, top))), unit, method)

    return over


_RSIS = (("hop_rsi", "m/s", "RSI"), ("hop_rsi_ft", "1", "flight over contact time"))
for _field, _unit, _word in _RSIS:
    _register(f"hop_highest_{_field.removeprefix('hop_')}", _unit, f"{_word[0].upper()}{_word[1:]} of the highest hop.",
              _of_highest(_field, _unit, 1, _mean, "highest_hop"), source="vendor", method="highest_hop")  # fmt: skip
for _top in (3, 5):
    _method = f"{_top}_highest"
    for _field, _unit, _word in (*_RSIS, ("hop_contact_time", "s", "contact time"), ("jump_height_ft", "m", "height")):
        _register(f"hop_top{_top}_{_field.removeprefix('hop_')}", _unit, f"Mean {_word} of the {_top} highest hops.",
                  _of_highest(_field, _unit, _top, _mean, _method), source="vendor", method=_method)  # fmt: skip
    for _field, _unit, _word in _RSIS:
        _register(f"hop_top{_top}_{_field.removeprefix('hop_')}_max", _unit,
                  f"Largest {_word} among the {_top} highest hops.",
                  _of_highest(_field, _unit, _top, _largest, _method), source="vendor", method=_method)  # fmt: skip


# --- force -------------------------------------------------------------------------------------------------------


def _of_force(field: str, unit: str, *, largest: bool) -> Callable[[Any], Value]:
    """Weight and zero move all hops together, so the doubt of a mean is that of one hop."""

    def over(reps: Sequence[Results]) -> Value:
        method = "largest_of_all" if largest else "mean_of_all"
        if field not in reps[0].columns.values:
            return without(unit, "one_plate", method)
        cells = [r[field] for r in reps if math.isfinite(r[field].value)]
        if not cells:
            return without(unit, next((r[field].code for r in reps if r[field].code), None) or "undefined", method)
        if largest:
            top = max(reps, key=lambda r: _sortable(r[field.removeprefix("asym_")].value))[field]
            return Value(top.value, unit, top.u95, method, top.why, top.code)
        mean = sum(c.value for c in cells) / len(cells)
        return Value(mean, unit, sum(c.u95 for c in cells) / len(cells), method)

    return over


def _sortable(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


for _field, _end, _word in (("hop_mean_force", "mean", "Mean force over all contacts"),
                            ("hop_peak_force", "max", "Largest force of all contacts")):  # fmt: skip
    _method = "largest_of_all" if _end == "max" else "mean_of_all"
    _register(f"{_field}_{_end}", "N", f"{_word}.", _of_force(_field, "N", largest=_end == "max"), source="vendor",
              method=_method)  # fmt: skip
    _register(f"asym_{_field}_{_end}", "%", f"{_word}: left against right.",
              _of_force(f"asym_{_field}", "%", largest=_end == "max"), source="vendor", method=_method)  # fmt: skip
