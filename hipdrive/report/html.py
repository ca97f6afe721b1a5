"""One self-contained page for a coach: the number that matters, whether to trust it, the curve, the rest.

The page loads nothing and runs nothing (its content security policy tells the browser so), so it can be
mailed or kept. Whatever comes from a file is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hipdrive import __version__
from hipdrive.analysis.cues import Advice
from hipdrive.analysis.cuetable import CueTable
from hipdrive.analysis.lanes import lanes, verdict
from hipdrive.report import clipframes, curves, drive, driveplot, figure, pull, rows, sprintplot, startplot, stepplot
from hipdrive.report.document import plain
from hipdrive.report.platechecks import plate_checks
from hipdrive.report.rows import Line
from hipdrive.report.words import (
    LEVELS,
    Parts,
    carried,
    clean,
    label,
    larger,
    method,
    name_of_test,
    parts,
    reason,
    sentence,
    shown,
)
from hipdrive.results import FAIL, FLAGGED, INFO, OK, REFUSED, WARN, Analysis, Finding, Results, Value
from hipdrive.timedrun import TimedRun
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from jinja2 import Template

MARK = b'name="generator" content="hipdrive'
"""By this a page of ours is known again."""

ICONS = {OK: "✓", FLAGGED: "!", REFUSED: "✕", INFO: "✓", WARN: "!", FAIL: "✕"}
TOGETHER = {"steps": stepplot.drawn}
"""Tests whose repetitions are drawn in one picture."""

DRAWN = {"isometric": pull.drawn, "block_start": startplot.drawn}
"""Tests with a figure of their own."""
LONG = 3.0
"""A record this many seconds longer than the repetition gets an overview."""


@dataclass(frozen=True)
class Number:
    """A line as the page shows it."""

    line: Line
    parts: Parts
    method: str
    left: str = ""
    right: str = ""
    asym: str = ""


def page(pairs: Sequence[tuple[Trial | TimedRun, Analysis]], title: str = "", cues: CueTable | None = None) -> str:
    """The page of one or more analysed trials; `cues` are the limits by which faults are told."""
    trials = [
        _run(trial, analysis, str(i)) if isinstance(trial, TimedRun) else _trial(trial, analysis, str(i), cues)
        for i, (trial, analysis) in enumerate(pairs)
    ]
    return _template().render(
        title=clean(title or (trials[0]["title"] if trials else "hipdrive")), trials=trials, spreads=_spreads(pairs),
        software=f"hipdrive {__version__}", icons=ICONS, levels=LEVELS,
    )  # fmt: skip


def _spreads(pairs: Sequence[tuple[Trial | TimedRun, Analysis]]) -> list[dict[str, Any]]:
    """Tables of the trials that were analysed under several profiles."""
    from hipdrive.analysis.compare import compared
    from hipdrive.report.spread import page_rows

    trials = {id(trial): trial for trial, _ in pairs}
    groups = [[analysis for trial, analysis in pairs if id(trial) == key] for key in trials]
    return [row for group in groups if len(group) > 1 for row in page_rows(compared(group))]


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    # autoescape: file names, athletes and sentences come from files; only our own SVG is marked as safe
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("report.html.j2")


def _trial(trial: Trial, analysis: Analysis, salt: str, cues: CueTable | None = None) -> dict[str, Any]:
    """What the template shows of one trial."""
    bad = [f for f in rows.told(analysis) if f.level != INFO]
    best = rows.best(analysis)
    hops = _series(trial, analysis, salt)
    return {
        "series": hops,
        "title": name_of_test(analysis.test),
        "detected": analysis.detected,
        "athlete": clean(trial.athlete),
        "facts": list(_facts(trial, analysis)),
        "status": analysis.status,
        "verdict": _verdict(analysis, len(bad)),
        "why": analysis.why,
        "bad": [_check(f) for f in bad],
        "fine": [_check(f) for f in analysis.quality if f.level == INFO],
        "notes": [clean(note) for note in trial.notes],
        "overview": None if hops else _whole(trial, analysis, salt),
        "best": list(_best(analysis)),
        "summary": None if hops else _summary(analysis, best),
        "reps": [
            _rep(analysis, rep, "" if hops or analysis.test in TOGETHER else _figure(trial, rep, f"{salt}-{rep.rep}"))
            for rep in analysis.reps
        ],
        "provenance": list(_provenance(analysis, plate_checks(trial))),
        "drive": _drive(trial, analysis, salt, cues),
        "cue": _cue(drive.of(analysis, cues)),
    }


def _run(run: TimedRun, analysis: Analysis, salt: str) -> dict[str, Any]:
    """What the template shows of one timed run, which has no plate and no motion."""
    bad = [f for f in analysis.quality if f.level != INFO]
    what = {"splits": f"{len(run.time)} gates", "velocity": "speed over time", "positions": "distance over time"}
    body = [f"{value:g} {unit}" for value, unit in ((run.mass, "kg"), (run.height, "m")) if value is not None]
    return {
        "series": None, "title": name_of_test(analysis.test), "detected": False, "athlete": clean(run.athlete),
        "facts": [clean(Path(run.file).name or "run"), what[run.kind], *body], "status": analysis.status,
        "verdict": _verdict(analysis, len(bad)), "why": analysis.why, "bad": [_check(f) for f in bad],
        "fine": [_check(f) for f in analysis.quality if f.level == INFO], "notes": [clean(note) for note in run.notes],
        "overview": None, "best": [], "summary": None, "drive": None, "cue": None,
        "reps": [_rep(analysis, rep, sprintplot.drawn(run, analysis, rep, salt)) for rep in analysis.reps],
        "provenance": list(_provenance(analysis)),
    }  # fmt: skip


def _drive(trial: Trial, analysis: Analysis, salt: str, cues: CueTable | None) -> dict[str, Any] | None:
    """What the template shows of hip drive, None where nobody was seen moving."""
    from markupsafe import Markup

    if analysis.motion is None:
        return None
    pictures = []
    taken = clipframes.stills(trial, analysis)
    for rep in analysis.reps:
        drawn = driveplot.repetition(trial, analysis, rep, f"{salt}-{rep.rep}")
        made = lanes(rep)
        if made is not None:
            pictures.append({
                "title": f"Repetition {rep.rep}" if len(analysis.reps) > 1 else "", "figure": drawn and Markup(drawn),
                "verdict": sentence(verdict(made.sequence)), "known": made.sequence.label is not None,
                "numbers": _drive_numbers(rep, (*drive.DELAYS, *drive.FIRST)), "stills": taken.reps.get(rep.rep, ()),
            })  # fmt: skip
    for one in analysis.movements:
        drawn = driveplot.movement(trial, analysis, one, f"{salt}-m{one.number}")
        pictures.append({
            "title": f"Movement {one.number}", "figure": drawn and Markup(drawn),
            "verdict": sentence(verdict(one.values["pd_sequence_class"])),
            "known": one.values["pd_sequence_class"].label is not None,
            "numbers": _drive_numbers(one.values, (*drive.DEEPEST, *drive.DELAYS)),
            "stills": taken.movements.get(one.number, ()),
        })  # fmt: skip
    found = drive.of(analysis, cues)
    return {
        "about": sentence(drive.clocked(analysis)), "pictures": pictures, "no_stills": taken.why,
        "cue": _cue(found),
        "faults": [] if found is None else [
            {"answer": one.answer, "said": drive.ANSWERS[one.answer], "fault": sentence(one.fault.fault),
             "evidence": [drive.against(evidence) for evidence in one.evidence]} for one in found.found
        ],
    }  # fmt: skip


def _cue(found: Advice | None) -> dict[str, Any] | None:
    """The one cue that is given, and what it rests on."""
    if found is None or found.cue is None:
        return None
    one = found.cue
    return {"say": one.fault.cue, "fault": sentence(one.fault.fault), "work": one.fault.work,
            "evidence": list(drive.told(one))}  # fmt: skip


def _drive_numbers(values: Mapping[str, Value], names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Label, number and reason of numbers; of several that are missing for one reason only the first has it."""
    told: set[str] = set()
    found = []
    for name, value in drive.values_of(values, names):
        why = reason(value, told)
        found.append((_title(name), "–" if why else shown(value), why))
    return found


def _facts(trial: Trial, analysis: Analysis) -> Iterator[str]:
    """One short line about the recording."""
    yield clean(Path(analysis.file).name or "recording")
    if trial.created:
        yield clean(trial.created).replace("T", " ")[:16]
    yield f"{trial.rate:g} Hz, {trial.duration:.1f} s"
    if trial.box_height is not None and analysis.test in ("dj", "landing"):
        yield f"box {100 * trial.box_height:.0f} cm"
    yield from carried(analysis)
    if trial.side:
        yield f"{clean(trial.side)} leg"
    yield f"profile {clean(analysis.profile)}"


def _verdict(analysis: Analysis, bad: int) -> str:
    """Whether to trust the numbers, as one would say it."""
    if analysis.status == REFUSED:
        return "No numbers from this record"
    if analysis.status == FLAGGED:
        return (
            f"Use with care: {bad} check{'s' if bad != 1 else ''} warned"
            if bad
            else "Use with care: see what is missing"
        )
    return f"Good record: all {len(analysis.quality)} checks passed" if analysis.quality else "Good record"


def _check(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level,
        "name": label(finding.check),
        "rep": finding.rep,
        "message": sentence(finding.message),
        "remedy": sentence(finding.remedy),
    }


def _overview(trial: Trial, analysis: Analysis, salt: str) -> Any:
    """The strip of the whole record where one repetition's figure does not show nearly all of it."""
    from markupsafe import Markup

    shown_time = sum(b - a for a, b in (curves.window(trial, rep) for rep in analysis.reps))
    if len(analysis.reps) == 1 and trial.duration < shown_time + LONG:
        return None
    return Markup(figure.overview(trial, analysis.reps, f"{salt}-all")) if trial.samples > 1 else None


def _summary(analysis: Analysis, best: int) -> dict[str, Any] | None:
    """Repetitions beside one another, with their mean and spread, and why numbers are missing."""
    if len(analysis.reps) < 2:
        return None
    names = [name for name in analysis.headline if name in analysis.reps[0].columns.values]
    table = [
        {"label": label(name), "unit": parts(analysis.reps[0][name]).unit,
         "reps": [_side(rep[name]) or "–" for rep in analysis.reps],
         **{kind: _over(analysis, name, kind) for kind in ("mean", "sd", "cv")}}
        for name in names
    ]  # fmt: skip
    missing = [f"{', '.join(names)}: {sentence(why)}" for why, names in rows.missing_over(analysis).items()]
    return {"reps": [rep.rep for rep in analysis.reps], "best": best, "lines": table, "missing": missing}


def _best(analysis: Analysis) -> Iterator[Number]:
    """The largest number over several repetitions: its best, then its mean."""
    hero = rows.hero(analysis.reps[0]) if len(analysis.reps) > 1 else None
    if hero is None:
        return
    for kind in ("best", "mean"):
        value = analysis.summary.get(f"{hero.field}_{kind}")
        if value is not None and math.isfinite(value.value):
            told = f"{hero.label}, {kind} of {len(analysis.reps)}"
            yield _number(Line(f"{hero.field}_{kind}", told, replace(value, method=""), doc=hero.doc))


def _over(analysis: Analysis, name: str, kind: str) -> str:
    value = analysis.summary.get(f"{name}_{kind}")
    if value is None or not math.isfinite(value.value):
        return ""
    return shown(value) if value.unit == "%" else _side(value)


def _series(trial: Trial, analysis: Analysis, salt: str) -> dict[str, Any] | None:
    """A series of hops: its numbers, one figure of all hops, and a line for each."""
    from markupsafe import Markup

    over = rows.series(analysis)
    if not over:
        return None
    names = [name for name in analysis.headline if name in analysis.reps[0].columns.values]
    marks = rows.marks(analysis)
    chosen = [number for number, told in marks.items() if "10/5" in told]
    lines = [{"rep": rep.rep, "cells": [_side(rep[name]) or "–" for name in names], "mark": marks[rep.rep]}
             for rep in analysis.reps]  # fmt: skip
    return {
        "numbers": [_number(line) for line in over],
        "heads": [(label(name), parts(analysis.reps[0][name]).unit) for name in names],
        "lines": lines,
        "missing": [f"{', '.join(told)}: {sentence(why)}" for why, told in rows.missing_over(analysis).items()],
        "figure": Markup(figure.series(trial, analysis.reps, chosen, f"{salt}-hops")),
        "over": [_number(rows.over(name, value)) for name, value in analysis.summary.items()
                 if math.isfinite(value.value)],
    }  # fmt: skip


def _whole(trial: Trial, analysis: Analysis, salt: str) -> Any:
    """The picture of a trial as a whole: by its test, else the record in one strip."""
    from markupsafe import Markup

    if analysis.test in TOGETHER and analysis.reps:
        return Markup(TOGETHER[analysis.test](trial, analysis, f"{salt}-whole"))
    return _overview(trial, analysis, salt)


def _figure(trial: Trial, rep: Results, salt: str) -> str:
    """The figure of one repetition, by its test."""
    return DRAWN.get(rep.test, figure.repetition)(trial, rep, salt)


def _rep(analysis: Analysis, rep: Results, drawn: str) -> dict[str, Any]:
    """What the template shows of one repetition; `drawn` is its figure."""
    from markupsafe import Markup

    found = rows.lines(rep)
    hero = rows.hero(rep)
    first = [line for line in rows.headline(analysis, rep) if hero is None or line.field != hero.field]
    groups = rows.grouped(found)
    return {
        "rep": rep.rep,
        "status": rep.status,
        "best": rep.rep == rows.best(analysis),
        "why": None if rep.why == analysis.why else rep.why,
        "hero": None if hero is None else _number(hero),
        "tiles": [_number(line) for line in first],
        "figure": Markup(drawn) if drawn else None,
        "groups": [(_title(group), [_number(line) for line in members]) for group, members in groups.items()],
        "sided": any(line.sided for line in found),
        "events": [(label(name), f"{e.t:.4f}", "" if math.isnan(e.u95) else f"{1000 * e.u95:.1f}")
                   for name, e in rep.events.items()],
    }  # fmt: skip


def _number(line: Line) -> Number:
    return Number(line, Parts(*map(_minus, parts(line.value))), method(line.value.method),
                  _side(line.left), _side(line.right), "" if line.asym is None else larger(line.asym))  # fmt: skip


def _side(value: Value | None) -> str:
    """A side's number; its unit is that of the row."""
    if value is None or not math.isfinite(value.value):
        return ""
    number, u95, _ = map(_minus, parts(value))
    return f"{number} ± {u95}" if u95 else number


def _minus(text: str) -> str:
    """A true minus sign: on paper a hyphen before a number is easily lost."""
    return text.replace("-", "\u2212") if text[:1] == "-" else text


def _provenance(analysis: Analysis, plates: Iterable[Finding] = ()) -> Iterator[tuple[str, str]]:
    """How the numbers came about: name and text, parameters one by one at the end."""
    about: Mapping[str, Any] = plain(analysis.provenance)
    yield "file", clean(analysis.file)
    for finding in plates:
        yield "plates", f"{sentence(finding.message)} {sentence(finding.remedy)}".strip()
    for key, value in about.items():
        if not isinstance(value, dict):
            yield key.replace("_", " "), _told(value)
    for key, value in about.items():
        if isinstance(value, dict):
            yield from ((f"{key}: {name}", _told(part)) for name, part in value.items())


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else clean(value)


def _title(group: str) -> str:
    return group[:1].upper() + group[1:].replace("_", " ")
