"""Curves as SVG: forces with phases and events, the velocity below, and where in the record it happened.

Colours are Okabe and Ito's, which survive colour blindness; left and right differ by dashes too.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hipdrive.report import curves, swayplot
from hipdrive.report.words import event_label
from hipdrive.results import Results
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, GRID = "#1b2430", "#5b6675", "#e3e7ec"
LINES = ((INK, "-", 2.2), ("#0072B2", "-", 1.5), ("#D55E00", (0, (5, 1.6)), 1.5))
"""Colour, dashes and width of the total, the first (left) and the second (right) plate."""
SHADES = {"unweighting": "#56B4E9", "braking": "#E69F00", "propulsion": "#009E73", "flight": "#9AA5B1",
          "landing": "#CC79A7", "impact": "#E69F00", "stabilisation": "#56B4E9", "stance": "#56B4E9",
          "pretension": "#56B4E9", "pull": "#009E73", "contact": "#009E73",
          "reaction": "#9AA5B1", "both feet": "#009E73", "front foot": "#56B4E9"}  # fmt: skip
OTHER_SHADE = "#F0E442"
WIDTH, HEIGHT = 11.4, 5.0
BOLD, PLAIN = 0.0098, 0.0080
"""Width of one letter of a phase's and an event's name, as a share of the time axis."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "font.size": 10, "axes.edgecolor": SOFT, "axes.labelcolor": SOFT,
    "text.color": INK, "xtick.color": SOFT,
    "ytick.color": SOFT, "axes.spines.top": False, "axes.spines.right": False, "text.parse_math": False,
}  # fmt: skip


class Mark(NamedTuple):
    """A name at a time, in a row of names."""

    t: float
    name: str
    row: int


def repetition(trial: Trial, rep: Results, salt: str = "") -> str:
    """The figure of one repetition as SVG; `salt` keeps its inner ids apart from those of another figure."""
    from hipdrive.analysis.phases import phases_of

    swayed = swayplot.path(trial, rep) if rep.test == "balance" else None
    if swayed is not None:
        with style(salt):
            return svg(swayplot.draw(swayed, WIDTH, HEIGHT, SOFT, GRID))
    start, end = curves.window(trial, rep)
    force = curves.forces(trial)
    speed = curves.velocity(trial, rep, force["total"])
    with style(salt):
        figure, upper, lower = _panels(speed is not None)
        for look, (name, values) in zip(LINES, force.items(), strict=False):
            draw(upper, curves.cut(values, trial.rate, start, end), name, look)
        if speed is not None and lower is not None:
            _draw_speed(lower, speed)
        axes = [axis for axis in (upper, lower) if axis is not None]
        shade(axes, rep, phases_of(rep), end - start)
        names = mark(axes, rep, end - start)
        finish(upper, axes[-1], rep, (start, end), names)
        return svg(figure)


def overview(trial: Trial, reps: Sequence[Results], salt: str = "") -> str:
    """The whole record in one strip, its repetitions shaded and numbered."""
    from matplotlib.figure import Figure

    with style(salt):
        figure = Figure(figsize=(WIDTH, 1.15))
        axis = figure.add_axes((0.065, 0.36, 0.875, 0.58))
        line = curves.cut(curves.total(trial), trial.rate, 0.0, trial.duration)
        axis.plot(line.t, line.y, color=INK, linewidth=0.9)
        for rep in reps:
            start, end = curves.window(trial, rep)
            axis.axvspan(start, end, color=SHADES["unweighting"], alpha=0.25, linewidth=0)
            if len(reps) == 1:
                continue
            axis.text((start + end) / 2, 0.98, str(rep.rep), transform=axis.get_xaxis_transform(), va="top",
                      ha="center", fontweight="bold")  # fmt: skip
        axis.set_xlim(0.0, trial.duration)
        axis.set_ylabel("N")
        axis.set_xlabel("whole record, s", labelpad=1)
        axis.locator_params(axis="y", nbins=3)
        return svg(figure)


def series(trial: Trial, reps: Sequence[Results], chosen: Sequence[int] = (), salt: str = "") -> str:
    """Hops one after the other: force, contacts and flights shaded, each with its number, the chosen ones framed."""
    from hipdrive.analysis.phases import PHASES

    ends = [t for rep in reps for t in curves.bounds(rep).values()]
    start, end = max(0.0, min(ends) - curves.AROUND), min(trial.duration, max(ends) + curves.AROUND)
    with style(salt):
        figure, axis, _ = _panels(False)
        for look, (name, values) in zip(LINES, curves.forces(trial).items(), strict=False):
            draw(axis, curves.cut(values, trial.rate, start, end), name, look)
        for rep in reps:
            for phase in PHASES.get(rep.test, ()):
                if phase.start in rep.events and phase.end in rep.events:
                    axis.axvspan(rep.events[phase.start].t, rep.events[phase.end].t, alpha=0.22, linewidth=0, zorder=0,
                                 color=SHADES.get(phase.name, OTHER_SHADE))  # fmt: skip
            if {"first_contact", "takeoff"} <= set(rep.events):
                middle = (rep.events["first_contact"].t + rep.events["takeoff"].t) / 2.0
                frame = {"boxstyle": "round", "facecolor": "none", "edgecolor": INK} if rep.rep in chosen else None
                axis.text(middle, 1.03, str(rep.rep), transform=axis.get_xaxis_transform(), ha="center", va="bottom",
                          color=INK, fontweight="bold", bbox=frame)  # fmt: skip
        finish(axis, axis, reps[0], (start, end), 0)
        return svg(figure)


@contextmanager
def style(salt: str) -> Iterator[None]:
    """The look of our figures, while one is drawn."""
    import matplotlib

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"hipdrive{salt}"}):
        yield


def _panels(with_speed: bool) -> tuple[Figure, Axes, Axes | None]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT if with_speed else HEIGHT * 0.75))
    if not with_speed:
        return figure, figure.add_axes((0.065, 0.27, 0.875, 0.63)), None
    upper = figure.add_axes((0.065, 0.465, 0.875, 0.455))
    return figure, upper, figure.add_axes((0.065, 0.095, 0.875, 0.2), sharex=upper)


def draw(axis: Axes, line: curves.Curve, name: str, look: tuple[str, Any, float]) -> None:
    """One line with its colour, dashes and width."""
    colour, dashes, width = look
    axis.plot(line.t, line.y, color=colour, linestyle=dashes, linewidth=width, label=name, zorder=3)


def _draw_speed(axis: Axes, line: curves.Curve) -> None:
    axis.axhline(0.0, color=SOFT, linewidth=0.8)
    axis.plot(line.t, line.y, color=INK, linewidth=1.6, zorder=3)
    axis.set_ylabel("velocity, m/s")


def shade(axes: Sequence[Axes], rep: Results, phases: Iterable[Any], span: float) -> None:
    """Phases as shades through all panels, their names above the first."""
    found = [(p.name, rep.events[p.start].t, rep.events[p.end].t) for p in phases
             if p.start in rep.events and p.end in rep.events]  # fmt: skip
    there = [one for one in found if math.isfinite(one[2] - one[1])]
    for name, start, end in there:
        for axis in axes:
            axis.axvspan(start, end, color=SHADES.get(name, OTHER_SHADE), alpha=0.22, linewidth=0, zorder=0)
    for mark in rows([((start + end) / 2, name) for name, start, end in there], BOLD * span):
        axes[0].text(mark.t, 1.025 + 0.075 * mark.row, mark.name, transform=axes[0].get_xaxis_transform(),
                     ha="center", va="bottom", color=INK, fontweight="bold")  # fmt: skip


def mark(axes: Sequence[Axes], rep: Results, span: float) -> int:
    """Events as lines through all panels, their names below the first; how many rows of names."""
    there = [(t, event_label(name)) for name, t in curves.bounds(rep).items()]
    for t, _ in there:
        for axis in axes:
            axis.axvline(t, color=SOFT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=2)
    marks = rows(sorted(there), PLAIN * span)
    for mark in marks:
        axes[0].text(mark.t, -0.035 - 0.075 * mark.row, mark.name, transform=axes[0].get_xaxis_transform(),
                     ha="center", va="top", color=SOFT)  # fmt: skip
    return max((mark.row + 1 for mark in marks), default=0)


def rows(names: Sequence[tuple[float, str]], letter: float) -> list[Mark]:
    """Names put into as many rows as it takes to keep them apart; `letter` is the width of one, s.

    >>> [mark.row for mark in rows([(1.00, "braking"), (1.02, "propulsion"), (2.5, "landing")], 0.03)]
    [0, 1, 0]
    """
    ends: list[float] = []
    placed = []
    for t, name in names:
        half = (len(name) + 1) * letter / 2
        row = next((i for i, end in enumerate(ends) if end <= t - half), len(ends))
        ends[row : row + 1] = [t + half]
        placed.append(Mark(t, name, row))
    return placed


def finish(upper: Axes, last: Axes, rep: Results, limits: tuple[float, float], names: int) -> None:
    """Axes with their units, body weight as a second scale, and the names of the lines."""
    upper.set_xlim(*limits)
    upper.set_ylim(bottom=min(0.0, upper.get_ylim()[0]))
    upper.set_ylabel("force, N")
    last.set_xlabel("time, s")
    # the times stand under both panels, below the names of the events
    upper.tick_params(axis="x", labelbottom=True, pad=5 + 13 * names)
    for axis in {upper, last}:
        axis.grid(axis="y", color=GRID, linewidth=0.8, zorder=-1)
        axis.set_axisbelow(True)
    weight = rep["system_weight"].value if "system_weight" in rep else math.nan
    if math.isfinite(weight) and weight > 0:
        upper.axhline(weight, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1, label="weight")
        scale = upper.secondary_yaxis("right", functions=_times(weight))
        scale.set_ylabel("times weight")
        scale.spines["right"].set_visible(True)
    if len(upper.get_legend_handles_labels()[0]) > 1:
        upper.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none", ncols=1)


def _times(weight: float) -> tuple[Any, Any]:
    """Newtons to times weight, and back."""
    return lambda newtons: newtons / weight, lambda ratio: ratio * weight


def svg(figure: Figure) -> str:
    """The figure as an element for a page: no prolog, no metadata, no name spaces (HTML knows them)."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True,
                   metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))  # fmt: skip
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)
    return re.sub(r'(<svg[^>]*?) (?:height|width)="[^"]*"([^>]*?) (?:height|width)="[^"]*"', r"\1\2", text, count=1)
