"""Analysis -> a table for the terminal: headline numbers first, warnings and what to do, reasons in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hipdrive.report import rows
from hipdrive.report.words import LEVELS, clean, event_label, label, name_of_test, parts, shown
from hipdrive.results import FAIL, FLAGGED, INFO, OK, REFUSED, Analysis, Finding, Results, Value

COLOURS = {OK: "green", FLAGGED: "yellow", REFUSED: "red", INFO: "dim", "warn": "yellow", FAIL: "red"}
SIDE_BY_SIDE = 3
"""Repetitions in one table; more stand below one another, so that 80 columns suffice."""
NARROW = 22
"""Least columns for a name where left and right stand beside it."""


def show(console: Console, analyses: Iterable[Analysis], *, everything: bool = False) -> None:
    """Print each trial; `everything` adds every number, event and check."""
    for one in analyses:
        console.print(trial_view(one, everything=everything))


def trial_view(analysis: Analysis, *, everything: bool = False) -> RenderableType:
    """One trial: what it is, its headline numbers, what the checks say."""
    views: list[RenderableType] = [_title(analysis)]
    if analysis.why:
        views.append(Padding(Text(_sentence(analysis.why), COLOURS[analysis.status]), (0, 0, 0, 2)))
    views += [Padding(view, (0, 0, 0, 2)) for view in _numbers(analysis)]
    if everything:
        views += [Padding(view, (0, 0, 0, 2)) for rep in analysis.reps for view in _everything(rep)]
        views += [Padding(view, (0, 0, 0, 2)) for view in _summary(analysis)]
    told = [f for f in analysis.quality if everything or f.level != INFO]
    views += [Padding(check_line(f, many=len(analysis.reps) > 1), (0, 0, 0, 2)) for f in told]
    return Group(*views, Text(""))


def _title(analysis: Analysis) -> Text:
    name = Text(clean(analysis.file or "trial"), "bold")
    name.append(f"  {name_of_test(analysis.test)}", "not bold")
    name.append(" (detected)" if analysis.detected else "", "not bold dim")
    name.append(f"  {analysis.status}", COLOURS[analysis.status])
    if analysis.profile != "hipdrive":
        name.append(f"  profile {clean(analysis.profile)}", "not bold dim")
    return name


def _numbers(analysis: Analysis) -> Iterator[RenderableType]:
    """Headline numbers: with their method for one repetition, side by side for several."""
    if len(analysis.reps) == 1:
        yield _one(analysis, analysis.reps[0])
        return
    for start in range(0, len(analysis.reps), SIDE_BY_SIDE):
        yield _several(analysis, analysis.reps[start : start + SIDE_BY_SIDE])


def _one(analysis: Analysis, rep: Results) -> Table:
    table = _table(header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for line in rows.headline(analysis, rep):
        about = _words(line.value.method) if line.there else _sentence(line.value.why or "")
        table.add_row(line.label, Text(shown(line.value), "bold"), about)
    return table


def _several(analysis: Analysis, reps: Sequence[Results]) -> Table:
    table = _table()
    table.add_column()
    for rep in reps:
        table.add_column(f"rep {rep.rep}" + ("" if rep.status == OK else f" ({rep.status})"), no_wrap=True)
    for name in analysis.headline:
        if name in reps[0].columns.values:
            table.add_row(label(name), *(Text(shown(rep[name]), "bold") for rep in reps))
    return table


def _everything(rep: Results) -> Iterator[RenderableType]:
    """Every number of a repetition by group, then what is missing and why, then the events."""
    found = rows.lines(rep)
    yield Text(f"\nRepetition {rep.rep}", "bold")
    wide = min(max(len(line.label) for line in found), 30)
    for group, members in rows.grouped(line for line in found if line.there).items():
        yield _group(group, members, wide)
        yield Text("")
    for why, labels in rows.missing(found).items():
        yield Text(f"Not given: {', '.join(labels)}. {_sentence(why)}", "dim")
    times = [f"{event_label(name)} {event.t:.3f} s" for name, event in rep.events.items()]
    if times:
        yield Text(f"Events: {', '.join(times)}", "dim")


def _group(group: str, members: Sequence[rows.Line], width: int) -> Table:
    sided = any(line.sided for line in members)
    table = _table()
    table.add_column(Text(_title_case(group), "bold"), min_width=NARROW if sided else width)
    table.add_column(no_wrap=True, min_width=17)
    for side in ("left", "right", "asym.") if sided else ():
        table.add_column(side, justify="right", no_wrap=True)
    table.add_column("method", style="dim", overflow="fold")
    for line in members:
        sides = [_bare(v) for v in (line.left, line.right, line.asym)] if sided else []
        table.add_row(line.label, shown(line.value), *sides, _words(line.value.method))
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
        table.add_row(label(name), shown(value), _words(value.method))
    yield table


def check_line(finding: Finding, *, many: bool = False) -> Text:
    """A check with its remedy; the level is a word, not only a colour."""
    where = f" (rep {finding.rep})" if finding.rep and many else ""
    line = Text(f"{LEVELS[finding.level]}{where}: ", COLOURS[finding.level])
    line.append(_sentence(finding.message), "default")
    line.append(f" {_sentence(finding.remedy)}" if finding.remedy else "", "default")
    line.append(f" [{finding.check}]", "dim")
    return line


def _table(*, header: bool = True) -> Table:
    return Table(box=None, show_header=header, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))


def _bare(value: Value | None) -> str:
    """A side's number in the unit of its row without its doubt; `--json` has all."""
    if value is None or value.value != value.value:
        return ""
    number, _, unit = parts(Value(value.value, value.unit))
    return f"{number} %" if unit == "%" else number


def _words(method: str) -> str:
    return clean(method).replace("_", " ")


def _title_case(group: str) -> str:
    return group[:1].upper() + group[1:].replace("_", " ")


def _sentence(told: str) -> str:
    """A message as a sentence: capital first, full stop last."""
    line = clean(told)
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".") if line else ""
