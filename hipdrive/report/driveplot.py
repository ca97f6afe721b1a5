"""Hip drive as a picture: force, angles, velocities and the lanes of the joints on one time axis.

Each joint has a colour of Okabe and Ito's, its own dashes and its own marker, so that no two are told by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.analysis.lanes import Lane, Lanes, lanes
from hipdrive.report import curves, figure
from hipdrive.report.motioncurves import MotionCurves
from hipdrive.report.motioncurves import curves as seen_curves
from hipdrive.report.words import event_label
from hipdrive.results import Analysis, Movement, Results, Value
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS: Mapping[str, tuple[str, Any, str]] = {
    "hip": ("#0072B2", "-", "o"), "knee": ("#D55E00", (0, (6, 1.6)), "s"), "ankle": ("#009E73", (0, (2, 1.2)), "D"),
}  # fmt: skip
"""Joint -> colour, dashes and marker."""

PLATES = ((figure.INK, "-", 2.2), (figure.SOFT, "-", 1.2), (figure.SOFT, (0, (4, 1.6)), 1.2))
"""Total and plates in greys: colours are the joints'."""

BEFORE, AFTER = 0.15, 0.25
"""s shown before the repetition begins and after take-off."""

EVENTS = ("onset", "first_contact", "zero_velocity", "takeoff")
ALIKE = 0.03
"""s; names of events nearer than this stand in two rows."""


def repetition(trial: Trial, analysis: Analysis, rep: Results, salt: str = "") -> str | None:
    """The picture of one repetition as SVG, None where it was not seen moving."""
    made = lanes(rep)
    begins = [rep.events[name].t for name in ("onset", "first_contact", "touchdown") if name in rep.events]
    ends = [rep.events[name].t for name in ("takeoff", "landing_zero_velocity") if name in rep.events]
    if not begins or not ends or analysis.motion is None or analysis.motion.get("clock") is None:
        return None
    start, end = max(0.0, min(begins) - BEFORE), min(ends) + AFTER
    seen = seen_curves(trial, analysis, start, end)
    if seen is None:
        return None
    events = {name: rep.events[name].t for name in EVENTS if name in rep.events}
    return _drawn(trial, seen, made, events, (start, end), salt, force=True)


def movement(trial: Trial, analysis: Analysis, one: Movement, salt: str = "") -> str | None:
    """The picture of a bend seen in the motion alone; the force is drawn only where the clocks are joined."""
    start, end = one.start - BEFORE, one.end + AFTER
    seen = seen_curves(trial, analysis, start, end)
    if seen is None:
        return None
    return _drawn(trial, seen, lanes(one.values), {"deepest": one.low}, (start, end), salt, force=one.on_force)


def _drawn(
    trial: Trial, seen: MotionCurves, made: Lanes | None, events: Mapping[str, float], limits: tuple[float, float],
    salt: str, *, force: bool,
) -> str:  # fmt: skip
    from matplotlib.figure import Figure

    sides = [("force", 1.5)] * force + [("angle", 1.5), ("speed", 1.5)] + [("lanes", 1.1)] * bool(made and made.there)
    with figure.style(f"{salt}-drive"):
        page = Figure(figsize=(figure.WIDTH, 1.05 + 1.15 * sum(height for _, height in sides)))
        grid = page.add_gridspec(len(sides), 1, height_ratios=[h for _, h in sides], left=0.075, right=0.955,
                                 top=0.93, bottom=0.085, hspace=0.14)  # fmt: skip
        axes: dict[str, Axes] = {}
        for row, (name, _) in enumerate(sides):
            axes[name] = page.add_subplot(grid[row], sharex=next(iter(axes.values()), None))
        if force:
            _force(axes["force"], trial, limits)
        _angles(axes["angle"], seen)
        _speeds(axes["speed"], seen, made)
        if "lanes" in axes and made is not None:
            _lanes(axes["lanes"], made)
        push = events.get("zero_velocity", events.get("first_contact")), events.get("takeoff")
        _events(list(axes.values()), events)
        _push(list(axes.values()), push)
        page.align_ylabels(list(axes.values()))
        _finish(list(axes.values()), limits)
        return figure.svg(page)


def _force(axis: Axes, trial: Trial, limits: tuple[float, float]) -> None:
    for look, (name, values) in zip(PLATES, curves.forces(trial).items(), strict=False):
        figure.draw(axis, curves.cut(values, trial.rate, max(0.0, limits[0]), limits[1]), name, look)
    axis.set_ylabel("force, N")
    if len(axis.get_legend_handles_labels()[0]) > 1:
        axis.legend(loc="upper left", frameon=False, ncols=3, fontsize=9)


def _angles(axis: Axes, seen: MotionCurves) -> None:
    for joint, values in seen.angles.items():
        colour, dashes, _ = LOOKS[joint]
        axis.plot(seen.t, values, color=colour, linestyle=dashes, linewidth=2.0, zorder=3)
    axis.axhline(180.0, color=figure.SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axis.text(1.004, 180.0, "straight", transform=axis.get_yaxis_transform(), ha="left", va="center", fontsize=8,
              color=figure.SOFT)  # fmt: skip
    axis.set_ylabel("angle, °")


def _speeds(axis: Axes, seen: MotionCurves, made: Lanes | None) -> None:
    axis.axhline(0.0, color=figure.SOFT, linewidth=0.8)
    for joint, values in seen.velocities.items():
        colour, dashes, _ = LOOKS[joint]
        axis.plot(seen.t, values, color=colour, linestyle=dashes, linewidth=2.0, label=joint, zorder=3)
    for lane in made.lanes if made else ():
        if math.isfinite(lane.peak.value) and lane.joint in seen.velocities:
            colour, _, mark = LOOKS[lane.joint]
            at = float(np.interp(lane.peak.value, seen.t, seen.velocities[lane.joint]))
            axis.plot([lane.peak.value], [at], marker=mark, color=colour, markeredgecolor="white", markersize=8,
                      zorder=4)  # fmt: skip
    axis.set_ylabel("extension, °/s")
    axis.legend(loc="upper left", frameon=True, framealpha=0.85, edgecolor="none", ncols=3, fontsize=9)


def _lanes(axis: Axes, made: Lanes) -> None:
    """From onset to end a bar, the fastest instant a mark, and on each the interval of its time."""
    for row, lane in enumerate(made.lanes):
        colour, _, mark = LOOKS[lane.joint]
        edges = [one.value for one in (lane.onset, lane.end)]
        known = [one.value for one in (lane.onset, lane.peak, lane.end) if math.isfinite(one.value)]
        if known:
            axis.barh(row, max(known) - min(known), left=min(known), height=0.44, color=colour, alpha=0.35,
                      linewidth=0, zorder=2)  # fmt: skip
        for value in edges:
            if math.isfinite(value):
                axis.plot([value, value], [row - 0.22, row + 0.22], color=colour, linewidth=2.0, zorder=3)
        for one in (lane.onset, lane.end):
            _interval(axis, one, row + 0.34, colour)
        _interval(axis, lane.peak, row - 0.34, figure.INK)
        if math.isfinite(lane.peak.value):
            axis.plot([lane.peak.value], [row], marker=mark, color=colour, markeredgecolor="white", markersize=10,
                      zorder=5)  # fmt: skip
        _absent(axis, lane, row)
    axis.set_yticks(range(len(made.lanes)), [lane.joint for lane in made.lanes])
    axis.set_ylim(len(made.lanes) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0, labelsize=10)


def _interval(axis: Axes, value: Value, row: float, colour: str) -> None:
    if math.isfinite(value.value) and math.isfinite(value.u95):
        axis.errorbar(value.value, row, xerr=value.u95, color=colour, linewidth=1.4, capsize=3, zorder=4)


def _absent(axis: Axes, lane: Lane, row: int) -> None:
    """What has no time is said where one would look for it."""
    missing = [name for name, one in (("start", lane.onset), ("fastest", lane.peak), ("end", lane.end))
               if not math.isfinite(one.value)]  # fmt: skip
    if missing:
        axis.text(0.004, row, f"no time: {', '.join(missing)}", transform=axis.get_yaxis_transform(),
                  va="center", ha="left", fontsize=8.5, color=figure.SOFT)  # fmt: skip


def _events(axes: list[Axes], events: Mapping[str, float]) -> None:
    """Events as lines through all panels, named above the first."""
    last = -math.inf
    for name, t in sorted(events.items(), key=lambda item: item[1]):
        if not math.isfinite(t):
            continue
        for axis in axes:
            axis.axvline(t, color=figure.SOFT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        axes[0].text(t, 1.11 if t - last < ALIKE else 1.02, event_label(name), transform=axes[0].get_xaxis_transform(),
                     ha="center", va="bottom", color=figure.INK, fontsize=9.5)  # fmt: skip
        last = t


def _push(axes: list[Axes], push: tuple[float | None, float | None]) -> None:
    """The time in which the force drives the body up, shaded through all panels."""
    start, end = push
    if start is not None and end is not None:
        for axis in axes:
            axis.axvspan(start, end, color=figure.SHADES["propulsion"], alpha=0.10, linewidth=0, zorder=0)


def _finish(axes: list[Axes], limits: tuple[float, float]) -> None:
    axes[0].set_xlim(*limits)
    for axis in axes:
        axis.grid(axis="y", color=figure.GRID, linewidth=0.8, zorder=-1)
        axis.set_axisbelow(True)
        axis.tick_params(axis="x", labelbottom=axis is axes[-1])
    axes[-1].set_xlabel("time, s")
