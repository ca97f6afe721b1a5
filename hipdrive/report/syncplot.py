"""The picture of a synchronisation: what plates and camera saw, one over the other, and what is left between them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from hipdrive.analysis.sync import Sync
from hipdrive.report.figure import GRID, INK, SOFT, style
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLATE, CAMERA, LEFT = "#0072B2", "#D55E00", "#009E73"
WIDTH, HEIGHT = 11.4, 6.4


def picture(found: Sync, trial: Trial, ending: str) -> bytes:
    """The picture as a file's content: .svg, .png or .pdf."""
    with style("sync"):
        figure = draw(found, trial)
        made = io.BytesIO()
        metadata = {"Date": None} if ending == ".svg" else {"CreationDate": None} if ending == ".pdf" else None
        figure.savefig(made, format=ending.lstrip("."), dpi=130, metadata=metadata)
        return made.getvalue()


def draw(found: Sync, trial: Trial) -> Figure:
    """Force, heights by plates and camera, and residuals, on the force's clock."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT))
    clock = found.clock
    title = f"{clock.method}: offset {clock.offset:+.4f} s ± {1e3 * found.u95:.1f} ms (95 %)"
    heights = len(found.camera) > 0
    axes = figure.subplots(3 if heights else 2, 1, sharex=heights, height_ratios=(2, 3, 1.4) if heights else (2, 1.4))
    top = axes[0]
    top.set_title(title, loc="left", color=INK, fontsize=11)
    first, last = _span(found, trial)
    times = np.arange(trial.samples) / trial.rate
    inside = (times >= first) & (times <= last)
    top.plot(times[inside], trial.fz.sum(axis=0)[inside], color=INK, linewidth=1.4)
    top.set_ylabel("force, N")
    if heights:
        _heights(axes[1], found)
    _residual(axes[-1], found, heights)
    for axis in axes:
        axis.grid(color=GRID, linewidth=0.7)
        axis.set_xlim(first, last)
    axes[-1].set_xlabel("time on the plates' clock, s")
    figure.align_ylabels(axes)
    figure.tight_layout()
    return figure


def _span(found: Sync, trial: Trial) -> tuple[float, float]:
    if len(found.times) < 2:
        return 0.0, trial.duration
    first, last = float(found.times.min()), float(found.times.max())
    room = 0.05 * (last - first)
    return first - room, last + room


def _heights(axis: Axes, found: Sync) -> None:
    """Both curves; a break in time breaks the lines."""
    breaks = np.flatnonzero(np.diff(found.times) > 0.2) + 1
    for k, part in enumerate(np.split(np.arange(len(found.times)), breaks)):
        plate, camera = ("by the plates", "by the camera") if k == 0 else (None, None)
        axis.plot(found.times[part], found.plate[part], color=PLATE, linewidth=2.0, label=plate)
        axis.plot(found.times[part], found.camera[part], ".", color=CAMERA, markersize=4.5, label=camera)
    axis.set_ylabel("height of the\ncentre of mass, m")
    axis.legend(loc="best", frameon=False)


def _residual(axis: Axes, found: Sync, heights: bool) -> None:
    """What is left, mm of height or ms of events."""
    axis.plot(found.times, 1e3 * found.residual, "." if heights else "o", color=LEFT, markersize=4.5)
    axis.axhline(0.0, color=SOFT, linewidth=0.9)
    axis.set_ylabel("difference,\nmm" if heights else "residual,\nms")
