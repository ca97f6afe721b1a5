"""Hip drive in the terminal: lanes as a table, their order, the numbers below them, faults and the one cue."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hipdrive.analysis.cues import MISSING, NOT_RESOLVED, NOT_SHOWN, Found
from hipdrive.analysis.cuetable import CueTable
from hipdrive.analysis.lanes import Lanes, lanes, verdict
from hipdrive.report import drive
from hipdrive.report.words import clean, parts, reason, sentence, shown
from hipdrive.results import Analysis, Movement, Value

EACH = 3
"""Repetitions whose lanes are printed; more stand in the JSON document and the report."""


def view(analysis: Analysis, table: CueTable | None = None, *, everything: bool = False) -> Iterator[RenderableType]:
    """The section of one trial; nothing where nobody was seen moving. `everything` adds what no fault was found in."""
    if analysis.motion is None:
        yield from _advice(analysis, table, everything)
        return
    yield Text("\nHip drive", "bold")
    yield Text(sentence(drive.clocked(analysis)), "dim")
    for rep in analysis.reps[:EACH]:
        if (made := lanes(rep)) is not None:
            takeoff = rep.events["takeoff"].t if "takeoff" in rep.events else math.nan
            yield from _lanes(f"Repetition {rep.rep}" * (len(analysis.reps) > 1), made, takeoff, "take-off")
            if any(math.isfinite(value.value) for _, value in drive.values_of(rep, (*drive.DELAYS, *drive.FIRST))):
                yield _numbers(rep, {one.why for one in _times(made) if one.why})
    if len(analysis.reps) > EACH:
        yield Text(f"{len(analysis.reps) - EACH} more repetitions: see --json or the report", "dim")
    for one in analysis.movements[:EACH]:
        yield from _movement(one)
    if len(analysis.movements) > EACH:
        yield Text(f"{len(analysis.movements) - EACH} more movements: see --json or the report", "dim")
    yield from _advice(analysis, table, everything)


def _lanes(title: str, made: Lanes, zero: float, called: str) -> Iterator[RenderableType]:
    """The lanes as rows, times counted from an instant that a coach knows."""
    if not made.there:
        why = next((one.why for lane in made.lanes for one in (lane.peak, lane.onset) if one.why), "")
        yield Text(f"{title}{': ' if title else ''}No times. {sentence(why or '')}")
        return
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    grid.add_column(title)
    for head in (f"starts\nms from {called}", f"fastest\nms from {called}", f"ends\nms from {called}", "peak\n°/s"):
        grid.add_column(head, justify="right")
    for lane in made.lanes:
        grid.add_row(drive.JOINTS[lane.joint], *(_from(one, zero) for one in (lane.onset, lane.peak, lane.end)),
                     _bare(lane.speed))  # fmt: skip
    yield grid
    whys: dict[str, list[str]] = {}
    for lane in made.lanes:
        for part, one in (("start", lane.onset), ("fastest", lane.peak), ("end", lane.end)):
            if one.why:
                whys.setdefault(one.why, []).append(f"{lane.joint} {part}")
    for why, places in whys.items():
        yield Text(f"- ({', '.join(places)}): {sentence(why)}", "dim")
    order = "cannot be told, a fastest instant is missing" if made.sequence.why in whys else verdict(made.sequence)
    yield Text.assemble("Order: ", (sentence(order), "bold" if made.sequence.label else ""))


def _times(made: Lanes) -> tuple[Value, ...]:
    return tuple(one for lane in made.lanes for one in (lane.onset, lane.peak, lane.end))


def _from(value: Value, zero: float) -> str:
    """A time counted from another, ms."""
    if not math.isfinite(value.value) or not math.isfinite(zero):
        return "-"
    return _bare(Value(value.value - zero, value.unit, value.u95))


def _bare(value: Value) -> str:
    number, u95, _ = parts(value)
    return (f"{number} ± {u95}" if u95 else number) or "-"


def _numbers(values: Mapping[str, Value], told: set[str]) -> RenderableType:
    """The numbers below the lanes; what is missing has its reason once. told : reasons that stand above."""
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(no_wrap=True)
    grid.add_column(style="dim")
    for name, value in drive.values_of(values, (*drive.DELAYS, *drive.FIRST)):
        why = reason(value, told)
        grid.add_row(name, Text(shown(value), "bold"), why)
    return grid


def _movement(one: Movement) -> Iterator[RenderableType]:
    """A bend seen without force: how deep, then its lanes."""
    deepest = ", ".join(f"{name} {shown(value)}" for name, value in drive.values_of(one.values, drive.DEEPEST)
                        if math.isfinite(value.value))  # fmt: skip
    yield Text(f"Movement {one.number}, {one.start:.2f} to {one.end:.2f} s: {deepest}")
    made = lanes(one.values)
    if made is not None:
        yield from _lanes("", made, one.low, "lowest point")


def _advice(analysis: Analysis, table: CueTable | None, everything: bool) -> Iterator[RenderableType]:
    """The one cue with its evidence; then what else was looked for."""
    found = drive.of(analysis, table)
    if found is None or (analysis.motion is None and found.cue is None and not everything):
        return
    yield Text("")
    if found.cue is None:
        yield Text("No fault is shown beyond its uncertainty, so there is no cue.")
    else:
        yield Text.assemble("Cue: ", (f"“{found.cue.fault.cue}”", "bold"), f"   since {clean(found.cue.fault.fault)}")
        for line in drive.told(found.cue):
            yield Text(f"  {line}")
        yield Text(f"  Work: {found.cue.fault.work}", "dim")
    others = [one for one in found.found if one is not found.cue]
    if not others or (analysis.motion is None and not everything):
        return
    yield Text("")
    yield _faults([one for one in others if everything or one.answer in (drive.SHOWN, NOT_RESOLVED)])
    if everything:
        return
    if clear := [one.fault.fault for one in others if one.answer == NOT_SHOWN]:
        yield Text(f"Looked for and not shown: {'; '.join(clear)}.", "dim")
    if missing := sum(one.answer == MISSING for one in others):
        yield Text(f"{missing} more cannot be told here: --all says why.", "dim")


def _faults(found: Sequence[Found]) -> RenderableType:
    """Faults with their answer and the number that decided it."""
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("", "", ""):
        grid.add_column(column, no_wrap=False)
    for one in found:
        first = next((e for e in one.evidence if e.answer == one.answer), one.evidence[0])
        grid.add_row(Text(drive.ANSWERS[one.answer], "dim"), one.fault.fault, Text(drive.against(first), "dim"))
    return grid
