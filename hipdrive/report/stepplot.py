"""The picture of a run over plates: the force of every contact, each step's times, its braking and propulsion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hipdrive.report import curves, figure
from hipdrive.results import Analysis, Results
from hipdrive.trial import LEFT, RIGHT, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 24
"""Steps that are drawn: more are no longer told apart."""

COLOURS = {LEFT: figure.LINES[1][0], RIGHT: figure.LINES[2][0], None: figure.SOFT}
HATCHES = {LEFT: "", RIGHT: "///", None: ".."}
"""Of left and right foot, and of a foot that nobody knows: colour and pattern, since not everybody sees colours."""


def drawn(trial: Trial, analysis: Analysis, salt: str = "") -> str:
    """The steps of a trial as SVG; `salt` keeps its inner ids apart from those of another figure."""
    from matplotlib.figure import Figure

    reps = analysis.reps[:MOST]
    impulses = any(math.isfinite(rep["net_impulse_x"].value) for rep in reps)
    with figure.style(salt):
        sheet = Figure(figsize=(figure.WIDTH, figure.HEIGHT * (1.5 if impulses else 1.1)))
        heights = (0.70, 0.39, 0.075) if impulses else (0.6, 0.11, 0.0)
        size = 0.25 if impulses else 0.33
        _forces(sheet.add_axes((0.075, heights[0], 0.9, size)), trial, reps)
        _times(sheet.add_axes((0.075, heights[1], 0.9, 0.21 if impulses else size)), reps)
        if impulses:
            _impulses(sheet.add_axes((0.075, heights[2], 0.9, 0.21)), reps)
        return figure.svg(sheet)


def _forces(axis: Axes, trial: Trial, reps: Sequence[Results]) -> None:
    """Vertical force over the run, each contact with its number."""
    start, end = (
        max(0.0, reps[0].events["first_contact"].t - 0.1),
        min(trial.duration, reps[-1].events["takeoff"].t + 0.1),
    )
    line = curves.cut(curves.total(trial), trial.rate, start, end)
    axis.plot(line.t, line.y, color=figure.INK, linewidth=1.2)
    for rep in reps:
        on, off = rep.events["first_contact"].t, rep.events["takeoff"].t
        side = rep["step_side"].label
        axis.axvspan(on, off, color=COLOURS[side], alpha=0.18, linewidth=0)
        name = {LEFT: "L", RIGHT: "R"}.get(side or "", "")
        axis.text(0.5 * (on + off), 1.03, f"{rep.rep}{name}", transform=axis.get_xaxis_transform(), ha="center",
                  va="bottom", fontweight="bold")  # fmt: skip
    axis.set_xlim(start, end)
    axis.set_ylabel("vertical force, N")
    axis.set_xlabel("time, s", labelpad=1)
    axis.grid(axis="y", color=figure.GRID)


def _bars(axis: Axes, reps: Sequence[Results], field: str, *, scale: float, light: bool) -> None:
    """One bar a step; where the number is missing there is none."""
    for rep in reps:
        value, side = rep[field].value, rep["step_side"].label
        if not math.isfinite(value):
            continue
        axis.bar(rep.rep, scale * value, width=0.7, color="white" if light else COLOURS[side],
                 edgecolor=COLOURS[side], hatch=None if light else HATCHES[side], linewidth=1.2, alpha=0.9,
                 bottom=scale * rep["step_contact_time"].value if light else 0.0)  # fmt: skip


def _times(axis: Axes, reps: Sequence[Results]) -> None:
    """Contact time, and the flight after it on top."""
    _bars(axis, [rep for rep in reps if math.isfinite(rep["step_contact_time"].value)], "step_flight_time",
          scale=1000.0, light=True)  # fmt: skip
    _bars(axis, reps, "step_contact_time", scale=1000.0, light=False)
    _steps(axis, reps, "contact (filled),\nflight (open), ms")


def _impulses(axis: Axes, reps: Sequence[Results]) -> None:
    """Propulsion up, braking down, and what remains as a dot."""
    for field in ("propulsive_impulse_x", "braking_impulse_x"):
        _bars(axis, reps, field, scale=1.0, light=False)
    net = [(rep.rep, rep["net_impulse_x"].value) for rep in reps if math.isfinite(rep["net_impulse_x"].value)]
    axis.plot([n for n, _ in net], [v for _, v in net], "D", color=figure.INK, markersize=5, linestyle="none")
    axis.axhline(0.0, color=figure.SOFT, linewidth=1.0)
    _steps(axis, reps, "impulse, N·s\n(net: diamond)")
    axis.set_xlabel("step", labelpad=1)


def _steps(axis: Axes, reps: Sequence[Results], told: str) -> None:
    axis.set_xlim(reps[0].rep - 0.6, reps[-1].rep + 0.6)
    axis.set_xticks([rep.rep for rep in reps])
    axis.set_ylabel(told)
    axis.grid(axis="y", color=figure.GRID)
    axis.set_axisbelow(True)
