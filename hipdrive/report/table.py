"""Analysis -> a table for the terminal: headline numbers first, warnings and what to do, reasons in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from textwrap import wrap

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hipdrive.analysis.cuetable import CueTable
from hipdrive.report import driveview, rows
from hipdrive.report.words import (
    HOPS,
    LEVELS,
    carried,
    clean,
    event_label,
    label,
    larger,
    method,
    name_of_test,
    parts,
    reason,
    sentence,
    shown,
)  # fmt: skip
from hipdrive.results import FAIL, FLAGGED, INFO, OK, REFUSED, Analysis, Finding, Results, Value

COLOURS = {OK: "green", FLAGGED: "yellow", REFUSED: "red", INFO: "dim", "warn": "yellow", FAIL: "red"}
SIDE_BY_SIDE = 3
"""Repetitions in one table; more stand below one another, so that 80 columns suffice."""
ALSO = "· "
"""Before a number that says again, in another form, what stands above it."""
WIDEST = 32
"""Columns for the name of a number; a longer name is broken."""


def show(
    console: Console, analyses: Iterable[Analysis], *, everything: bool = False, cues: CueTable | None = None
) -> None:
    """Print each trial; `everything` adds every number, event and check; `cues` are the limits of faults."""
    for one in analyses:
        console.print(trial_view(one, everything=everything, cues=cues))


def trial_view(analysis: Analysis, *, everything: bool = False, cues: CueTable | None = None) -> RenderableType:
    """One trial: what it is, its headline numbers, what the checks say."""
    views: list[RenderableType] = [_Title(analysis)]
    if analysis.why:
        views.append(_indented(Text(sentence(analysis.why), COLOURS[analysis.status])))
    views += map(_indented, _numbers(analysis))
    views += map(_indented, driveview.view(analysis, cues, everything=everything))
    if everything:
        views += [_indented(view) for rep in analysis.reps for view in _everything(rep)]
        views += map(_indented, _summary(analysis))
    told = [f for f in (analysis.quality if everything else rows.told(analysis)) if everything or f.level != INFO]
    views += map(_indented, _checks(told, many=len(analysis.reps) > 1))
    return Group(*views, Text(""))


def _indented(view: RenderableType) -> Padding:
    return Padding(view, (0, 0, 0, 2))


class _Title:
    """File, test and status: on one line, or the file on a line of its own."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        analysis = self._analysis
        name = Text(clean(analysis.file or "trial"), "bold", overflow="fold")
        about = Text("  ")
        if analysis.test != "auto":
            about.append(name_of_test(analysis.test))
            about.append(" (detected)" if analysis.detected else "", "dim")
            about.append("".join(f", {fact}" for fact in carried(analysis)))
            about.append("  ")
        about.append(analysis.status, COLOURS[analysis.status])
        if analysis.profile != "hipdrive":
            about.append(f"  profile {clean(analysis.profile)}", "dim")
        fits = name.cell_len + about.cell_len <= options.max_width
        yield from (Text.assemble(name, about),) if fits else (name, about)


def _numbers(analysis: Analysis) -> Iterator[RenderableType]:
    """Headline numbers: with their method for one repetition; side by side for several, then what is missing."""
    if over := rows.series(analysis):
        yield _over_series(over)
        yield Text("")
        yield _hops(analysis)
        for why, labels in rows.missing_over(analysis).items():
            yield Text(f"Not given: {', '.join(labels)}. {sentence(why)}")
        return
    if len(analysis.reps) == 1:
        yield _one(analysis, analysis.reps[0])
        return
    best = rows.best(analysis)
    for start in range(0, len(analysis.reps), SIDE_BY_SIDE):
        yield _several(analysis, analysis.reps[start : start + SIDE_BY_SIDE], best)
    for why, labels in rows.missing_over(analysis).items():
        yield Text(f"Not given: {', '.join(labels)}. {sentence(why)}")


def _one(analysis: Analysis, rep: Results) -> Table:
    table = _table(header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    told = {analysis.why or ""}
    for line in rows.headline(analysis, rep):
        about = reason(line.value, told) or method(line.value.method)
        table.add_row(line.label, Text(shown(line.value), "bold"), about)
    return table


def _over_series(over: Sequence[rows.Line]) -> Table:
    """What holds of the series as a whole."""
    table = _table(header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for line in over:
        about = method(line.value.method) if line.there else sentence(line.value.why or "")
        table.add_row(line.label, Text(shown(line.value), "bold"), about)
    return table


def _hops(analysis: Analysis) -> Table:
    """One line a hop; units stand in the head, the usual uncertainty below."""
    table, marks = _table(), rows.marks(analysis)
    table.add_column("hop", justify="right", no_wrap=True)
    names = [name for name in analysis.headline if name in analysis.reps[0].columns.values]
    for name in names:
        unit = parts(analysis.reps[0][name]).unit
        table.add_column(f"{HOPS.get(name, label(name))}\n{unit}", justify="right")
    table.add_column("")
    for rep in analysis.reps:
        table.add_row(str(rep.rep), *(parts(rep[name]).number or "-" for name in names), marks[rep.rep])
    doubts = [parts(rows.typical(analysis, name)).u95 for name in names]
    table.add_row("", *(f"± {doubt}" if doubt else "" for doubt in doubts), "usually", style="dim")
    return table


def _several(analysis: Analysis, reps: Sequence[Results], best: int) -> Table:
    table = _table()
    table.add_column()
    said = [", ".join(word for word, true in (("best", rep.rep == best), (rep.status, rep.status != OK)) if true)
            for rep in reps]  # fmt: skip
    for rep, words in zip(reps, said, strict=True):
        table.add_column(f"rep {rep.rep}" + (f"\n{words}" if any(said) else ""), no_wrap=True)
    for name in analysis.headline:
        if name in reps[0].columns.values:
            table.add_row(label(name), *(Text(shown(rep[name]), "bold") for rep in reps))
    return table


def _everything(rep: Results) -> Iterator[RenderableType]:
    """Every number of a repetition by group, then what is missing and why, then the events."""
    found = rows.lines(rep)
    yield Text(f"\nRepetition {rep.rep}", "bold")
    wide = min(max(len(_called(line)) for line in found), WIDEST)
    for group, members in rows.grouped(line for line in found if line.there).items():
        yield _group(group, members, wide)
        yield Text("")
    for why, labels in rows.missing(found).items():
        yield Text(f"Not given: {', '.join(labels)}. {sentence(why)}", "dim")
    times = [f"{event_label(name)} {event.t:.3f} s" for name, event in rep.events.items()]
    if times:
        yield Text(f"Events: {', '.join(times)}", "dim")


def _called(line: rows.Line) -> str:
    """A line's name; what only says again what stands above it is told by its dot."""
    return f"{ALSO}{line.label}" if line.also else line.label


def _group(group: str, members: Sequence[rows.Line], width: int) -> Table:
    """Numbers with their method, and below each its sides; only the last column wraps by itself."""
    table = _table()
    table.add_column(Text(_title_case(group).ljust(width), "bold"), no_wrap=True)
    table.add_column(no_wrap=True, min_width=17)
    table.add_column("method", style="dim", overflow="fold")
    for line in members:
        name = "\n".join(wrap(_called(line), width, subsequent_indent="  " * line.also))
        table.add_row(name, shown(line.value), method(line.value.method), style="dim" if line.also else "")
        if line.sided and line.left is not None and line.right is not None:
            _, _, unit = parts(line.left)
            sides = f"{_bare(line.left)} | {_bare(line.right)} {unit}".rstrip()
            index = "" if line.asym is None else larger(Value(line.asym.value, line.asym.unit))
            table.add_row("  left | right, asymmetry", sides, index, style="dim")
    return table


def _summary(analysis: Analysis) -> Iterator[RenderableType]:
    there = {name: value for name, value in analysis.summary.items() if value.value == value.value}
    if not there:
        return
    table = _table()
    table.add_column(Text("Over repetitions", "bold"))
    table.add_column(no_wrap=True)
    table.add_column("method", style="dim")
    for name, value in there.items():
        table.add_row(label(name), shown(value), method(value.method))
    yield table


def _checks(findings: Iterable[Finding], *, many: bool) -> Iterator[Text]:
    """Checks as lines; what is the same for several repetitions is said once."""
    alike: dict[Finding, list[int]] = {}
    for finding in findings:
        alike.setdefault(replace(finding, rep=0, value=0.0), []).append(finding.rep)
    for finding, reps in alike.items():
        yield check_line(finding, where=rows.repetitions(reps) if many and all(reps) else "")


def check_line(finding: Finding, *, where: str = "") -> Text:
    """A check with its remedy; the level is a word, not only a colour."""
    line = Text(f"{LEVELS[finding.level]}{f' ({where})' if where else ''}: ", COLOURS[finding.level])
    line.append(sentence(finding.message), "default")
    line.append(f" {sentence(finding.remedy)}" if finding.remedy else "", "default")
    line.append(f" [{finding.check}]", "dim")
    return line


def _table(*, header: bool = True) -> Table:
    return Table(box=None, show_header=header, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))


def _bare(value: Value | None) -> str:
    """A side's number without its doubt; `--json` has all."""
    if value is None or value.value != value.value:
        return "-"
    return parts(Value(value.value, value.unit)).number


def _title_case(group: str) -> str:
    return group[:1].upper() + group[1:].replace("_", " ")
