"""Hip drive in the terminal: lanes as a table, their order, the numbers below them, faults and the one cue."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hipdrive.analysis.cuetable import CueTable
from hipdrive.analysis.lanes import Lanes, lanes, verdict
from hipdrive.report import drive
from hipdrive.report.words import clean, parts, shown
from hipdrive.results import Analysis, Movement, Results, Value

EACH = 3
"""Repetitions whose lanes are printed; more stand in the JSON document and the report."""


def view(analysis: Analysis, table: CueTable | None = None) -> Iterator[RenderableType]:
    """The section of one trial; nothing where nobody was seen moving."""
    if analysis.motion is None:
        return
    yield Text("\nHip drive", "bold")
    yield Text(_sentence(drive.clocked(analysis)), "dim")
    for rep in analysis.reps[:EACH]:
        if (made := lanes(rep)) is not None:
            takeoff = rep.events["takeoff"].t if "takeoff" in rep.events else math.nan
            yield from _lanes(f"Repetition {rep.rep}" * (len(analysis.reps) > 1), made, takeoff, "take-off")
            yield _numbers(rep, rep)
    if len(analysis.reps) > EACH:
        yield Text(f"{len(analysis.reps) - EACH} more repetitions: see --json or the report", "dim")
    for one in analysis.movements[:EACH]:
        yield from _movement(one)
    if len(analysis.movements) > EACH:
        yield Text(f"{len(analysis.movements) - EACH} more movements: see --json or the report", "dim")
    yield from _advice(analysis, table)


def _lanes(title: str, made: Lanes, zero: float, called: str) -> Iterator[RenderableType]:
    """The lanes as rows, times counted from an instant that a coach knows."""
    if not made.there:
        why = next((one.why for lane in made.lanes for one in (lane.peak, lane.onset) if one.why), "")
        yield Text(f"{title}{': ' if title else ''}No times. {_sentence(why or '')}")
        return
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    grid.add_column(title)
    for head in (f"starts\nms from {called}", f"fastest\nms from {called}", f"ends\nms from {called}", "peak\n°/s"):
        grid.add_column(head, justify="right")
    for lane in made.lanes:
        grid.add_row(drive.JOINTS[lane.joint], *(_from(one, zero) for one in (lane.onset, lane.peak, lane.end)),
                     _bare(lane.speed))  # fmt: skip
    yield grid
    whys = {one.why for lane in made.lanes for one in (lane.onset, lane.peak, lane.end) if one.why}
    for why in sorted(whys):
        yield Text(f"-: {_sentence(why)}", "dim")
    yield Text.assemble("Order: ", (_sentence(verdict(made.sequence)), "bold" if made.sequence.label else ""))


def _from(value: Value, zero: float) -> str:
    """A time counted from another, ms."""
    if not math.isfinite(value.value) or not math.isfinite(zero):
        return "-"
    return _bare(Value(value.value - zero, value.unit, value.u95))


def _bare(value: Value) -> str:
    number, u95, _ = parts(value)
    return (f"{number} ± {u95}" if u95 else number) or "-"


def _numbers(values: Mapping[str, Value], rep: Results) -> RenderableType:
    """The numbers below the lanes; what is missing has its reason once."""
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(no_wrap=True)
    grid.add_column(style="dim")
    told: set[str] = set()
    for name, value in drive.values_of(values, (*drive.DELAYS, *drive.FIRST)):
        why = "" if value.why is None or value.why in told else _sentence(value.why)
        told.add(value.why or "")
        if math.isfinite(value.value) or why:
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


def _advice(analysis: Analysis, table: CueTable | None) -> Iterator[RenderableType]:
    """The one cue with its evidence; then what else was looked for."""
    found = drive.of(analysis, table)
    if found is None:
        return
    yield Text("")
    if found.cue is None:
        yield Text("No fault is shown beyond its uncertainty, so there is no cue.")
    else:
        yield Text.assemble("Cue: ", (f"“{found.cue.fault.cue}”", "bold"), f"   since {clean(found.cue.fault.fault)}")
        for evidence in found.cue.evidence:
            if evidence.answer == drive.SHOWN:
                yield Text(f"  {drive.against(evidence)}")
        yield Text(f"  Work: {found.cue.fault.work}", "dim")
    yield Text("")
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("", "", ""):
        grid.add_column(column, no_wrap=False)
    for one in (one for one in found.found if one is not found.cue):
        first = next((e for e in one.evidence if e.answer == one.answer), one.evidence[0])
        grid.add_row(Text(drive.ANSWERS[one.answer], "dim"), one.fault.fault, Text(drive.against(first), "dim"))
    yield grid


def _sentence(told: str) -> str:
    line = clean(told)
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".") if line else ""
