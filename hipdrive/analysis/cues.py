"""From numbers to faults and one cue, evidence first (COACHING.md).

A fault is shown where a number is beyond its limit by more than its uncertainty, not shown where it is on the good side
by more than that, and not resolved where the uncertainty covers the limit.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hipdrive.analysis.cuetable import CueTable, Fault, Limit
from hipdrive.analysis.uncertainty import T95
from hipdrive.errors import sentence
from hipdrive.results import REFUSED, Analysis, Value

Told = tuple[str, Value]
"""A field and its number."""

SHOWN, NOT_SHOWN, NOT_RESOLVED, MISSING = "shown", "not_shown", "not_resolved", "missing"
ANSWERS = (SHOWN, NOT_RESOLVED, NOT_SHOWN, MISSING)
"""What can be said of a fault, the strongest first."""

STRAIGHT = {"trunk_thigh"}
"""Kinds of hip angle of which 180 is straight for everybody; against the pelvis it depends on how that stands."""


@dataclass(frozen=True)
class Evidence:
    """One number against its limit. limit : the nearer one where there are two. base : what the limit was counted from.

    over : repetitions whose mean it is. why : why it says nothing.
    """

    field: str
    value: Value
    answer: str
    limit: float = math.nan
    side: str = ""
    base: str = ""
    over: int = 1
    why: str = ""


@dataclass(frozen=True)
class Found:
    """One fault, what is said of it, what that rests on, and the numbers told beside it."""

    fault: Fault
    answer: str
    evidence: tuple[Evidence, ...]
    beside: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Advice:
    """Every fault that was looked for, and the one whose cue is given: the first that is shown, None where none is."""

    found: tuple[Found, ...]

    @property
    def cue(self) -> Found | None:
        """The most important fault that is shown."""
        return next((one for one in self.found if one.answer == SHOWN), None)


def advice(analysis: Analysis, table: CueTable) -> Advice | None:
    """The faults of a trial; None where it holds no repetition, or no number that tells a fault.

    Where nobody was seen moving, only those are looked for that forces can tell.
    """
    counted = [rep for rep in analysis.reps if rep.status != REFUSED]
    if not counted:
        return None
    arms = bool(analysis.provenance.get("arms"))
    found = []
    for fault in table.of(analysis.test):
        if fault.arms and not arms:
            continue
        evidence = tuple(_judged(limit, counted, analysis.motion or {}) for limit in fault.evidence)
        choose = max if fault.together else min
        answer = choose((one.answer for one in evidence), key=ANSWERS.index)
        if answer != MISSING or analysis.motion is not None:
            found.append(Found(fault, answer, evidence, tuple(_beside(fault, counted, analysis.summary))))
    return Advice(tuple(found)) if found or analysis.motion is not None else None


def _beside(fault: Fault, reps: Sequence[Mapping[str, Value]], summary: Mapping[str, Value]) -> Iterator[Told]:
    """The numbers told beside a fault, those that are there; of a class, one on which all repetitions agree."""
    for field in fault.beside:
        cells = [where[field] for where in (*reps, summary) if field in where]
        there = [cell for cell in cells if math.isfinite(cell.value)]
        if there and there[0].label is None:
            yield field, mean(there)
        elif there and len({cell.label for cell in there}) == 1:
            yield field, there[0]


def _judged(limit: Limit, reps: Sequence[Mapping[str, Value]], motion: Mapping[str, object]) -> Evidence:
    """One number over the repetitions against its limit."""
    cells = [rep[limit.field] for rep in reps if limit.field in rep]
    there = [cell for cell in cells if math.isfinite(cell.value)]
    if not cells:
        return Evidence(limit.field, Value(math.nan, ""), MISSING, why=sentence("no_such_number"))
    if not there:
        return Evidence(limit.field, cells[0], MISSING, why=cells[0].why or "")
    value = mean(there)
    if len(there) < limit.over:
        return Evidence(limit.field, value, MISSING, over=len(there), why=sentence("few_repetitions"))
    below, base = limit.below, ""
    if limit.base:
        own = [rep[limit.base] for rep in reps if limit.base in rep]
        standing = [cell for cell in own if math.isfinite(cell.value)]
        if standing:
            stood = mean(standing)
            below, base = stood.value + limit.below_from, limit.base
            value = Value(value.value, value.unit, math.hypot(value.u95, stood.u95), value.method)
        elif motion.get("hip_angle") not in STRAIGHT:
            return Evidence(limit.field, value, MISSING, over=len(there), why=sentence("no_standing_seen"))
    return _against(limit.field, value, below, limit.above, base, len(there))


def _against(field: str, value: Value, below: float, above: float, base: str, over: int) -> Evidence:
    """The answer of one number: the side on which it is nearer to its fault decides which limit is told."""
    left, right = value.value - below, above - value.value
    side = "above" if math.isnan(left) or right < left else "below"
    room, limit = (right, above) if side == "above" else (left, below)
    if not math.isfinite(value.u95):
        answer = NOT_RESOLVED
    else:
        answer = SHOWN if room < -value.u95 else NOT_SHOWN if room >= value.u95 else NOT_RESOLVED
    return Evidence(field, value, answer, limit, side, base, over)


def mean(cells: Sequence[Value]) -> Value:
    """The mean of a number over repetitions: of one itself, of several with the u95 of their spread.

    Like repetitions by chance do not make it surer than their own u95 allow: it is never less than that of the surest
    of them over the root of their number.
    """
    if len(cells) == 1:
        return cells[0]
    values = [cell.value for cell in cells]
    n = len(values)
    spread = float(T95[min(n - 1, len(T95) - 1)]) * statistics.stdev(values) / math.sqrt(n)
    own = [cell.u95 for cell in cells if math.isfinite(cell.u95)]
    return Value(statistics.fmean(values), cells[0].unit, max(spread, min(own, default=0.0) / math.sqrt(n)),
                 f"mean_of_{n}")  # fmt: skip
