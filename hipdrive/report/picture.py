"""Which picture shows a test: of each repetition, or of all of them together. Report and window show the same."""

from __future__ import annotations

from collections.abc import Callable

from hipdrive.report import figure, pull, startplot, stepplot
from hipdrive.results import Analysis, Results
from hipdrive.trial import Trial

TOGETHER: dict[str, Callable[[Trial, Analysis, str], str]] = {"steps": stepplot.drawn}
"""Tests whose repetitions are drawn in one picture."""

EACH: dict[str, Callable[[Trial, Results, str], str]] = {"isometric": pull.drawn, "block_start": startplot.drawn}
"""Tests whose repetitions have a picture of their own; all others have force, phases and velocity."""


def of(trial: Trial, rep: Results, salt: str = "") -> str:
    """The picture of one repetition as SVG; `salt` keeps its inner ids apart from those of another figure."""
    return EACH.get(rep.test, figure.repetition)(trial, rep, salt)


def shown(trial: Trial, analysis: Analysis, rep: Results | None) -> str:
    """The picture beside a repetition, or beside a whole series, as SVG; "" where there is nothing to draw."""
    if not analysis.reps:
        return ""
    if analysis.test in TOGETHER:
        return TOGETHER[analysis.test](trial, analysis, "")
    if rep is None:
        return figure.series(trial, analysis.reps)
    return of(trial, rep)
