"""The figure of an isometric pull: all of it above; below, its first 300 ms with the marks at which force is read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hipdrive.report import curves, figure
from hipdrive.results import Results
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = (50, 100, 150, 200, 250)
"""ms after the onset that are marked, of those at which force is given."""

BEFORE, AFTER = 0.10, 0.35
"""s around the onset in the lower panel."""

DOT = "#D55E00"


def drawn(trial: Trial, rep: Results, salt: str = "") -> str:
    """The figure of one pull as SVG; `salt` keeps its inner ids apart from those of another figure."""
    from matplotlib.figure import Figure

    from hipdrive.analysis.phases import PHASES

    start, end = curves.window(trial, rep)
    force = curves.forces(trial)
    onset = rep.events["iso_onset"].t if "iso_onset" in rep.events else math.nan
    with figure.style(salt):
        sheet = Figure(figsize=(figure.WIDTH, figure.HEIGHT * (1.35 if math.isfinite(onset) else 0.75)))
        place = (0.065, 0.56, 0.875, 0.38) if math.isfinite(onset) else (0.065, 0.27, 0.875, 0.63)
        upper = sheet.add_axes(place)
        _lines(upper, trial, force, start, end)
        figure.shade([upper], rep, PHASES[rep.test], end - start)
        names = figure.mark([upper], rep, end - start)
        _peak(upper, rep)
        figure.finish(upper, upper, rep, (start, end), names)
        if math.isfinite(onset):
            lower = sheet.add_axes((0.065, 0.075, 0.875, 0.32))
            _lines(lower, trial, force, onset - BEFORE, onset + AFTER)
            _first(lower, rep, onset)
        return figure.svg(sheet)


def _lines(axis: Axes, trial: Trial, force: dict[str, curves.Floats], start: float, end: float) -> None:
    for style, (name, values) in zip(figure.LINES, force.items(), strict=False):
        figure.draw(axis, curves.cut(values, trial.rate, start, end), name, style)


def _peak(axis: Axes, rep: Results) -> None:
    """The largest force, with its name."""
    top = rep["iso_peak_force"].value
    if "iso_peak" not in rep.events or not math.isfinite(top):
        return
    t = rep.events["iso_peak"].t
    axis.plot([t], [top], "o", color=DOT, markersize=6, zorder=4)
    axis.annotate(f"peak {top:.0f} N", (t, top), (6, 5), textcoords="offset points", color=figure.INK,
                  fontweight="bold", va="bottom")  # fmt: skip
    axis.margins(y=0.12)


def _first(axis: Axes, rep: Results, onset: float) -> None:
    """Onset, threshold, and the forces 50 to 250 ms later."""
    level = rep["iso_initiation_threshold"].value
    if math.isfinite(level):
        axis.axhline(level, color=figure.SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axis.annotate("threshold", (onset - BEFORE, level), (4, 4), textcoords="offset points", color=figure.SOFT)
    axis.axvline(onset, color=figure.INK, linewidth=1.0, zorder=2)
    for ms in MARKS:
        value = rep[f"iso_force_at_{ms}ms"].value
        t = onset + ms / 1000.0
        axis.axvline(t, color=figure.SOFT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=2)
        if math.isfinite(value):
            axis.plot([t], [value], "o", color=DOT, markersize=5, zorder=4)
            axis.annotate(f"{value:.0f} N", (t, value), (-5, 3), textcoords="offset points", ha="right", va="bottom",
                          color=figure.INK)  # fmt: skip
    axis.set_xlim(onset - BEFORE, onset + AFTER)
    ticks = [onset + ms / 1000.0 for ms in (-100, -50, 0, *MARKS, 300, 350)]
    axis.set_xticks(ticks, [str(ms) for ms in (-100, -50, 0, *MARKS, 300, 350)])
    axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
    axis.set_xlabel("ms after the onset")
    axis.set_ylabel("force, N")
    axis.grid(axis="y", color=figure.GRID, linewidth=0.8, zorder=-1)
