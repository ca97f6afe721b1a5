"""The figure of a stance: the centre of pressure's path from above with its ellipse, and both ways over time.

Drawn for the eye from the recording, with the default filter; no number comes from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.results import Results
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
PATH, ELLIPSE, SIDEWAYS = "#0072B2", "#D55E00", "#009E73"
CHI_SQUARE = 5.991
"""95 % quantile of chi square with 2 degrees of freedom."""


def path(trial: Trial, rep: Results) -> Floats | None:
    """Forwards and to the right, mm about their mean, (2, samples), NaN where unknown; None where neither is known."""
    from hipdrive.analysis.cop import pressure
    from hipdrive.analysis.profile import Profile

    if not {"stance_start", "stance_end"} <= set(rep.events):
        return None
    first, last = (round(rep.events[name].t * trial.rate) for name in ("stance_start", "stance_end"))
    weight = rep["system_weight"].value
    found = pressure(trial, [0.0] * len(trial.plates), first, last + 1, weight, Profile())
    if found.code[0] and found.code[1]:
        return None
    ways = 1000.0 * np.array([found.values[0], -found.values[1]])
    known = np.isfinite(ways)
    middle = np.where(known, ways, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(ways - middle[:, np.newaxis])


def ellipse(ways: Floats) -> Floats:
    """The 95 % prediction ellipse about a path's mean, (2, points), mm."""
    inside = ways[:, np.isfinite(ways).all(axis=0)]
    size, axes = np.linalg.eigh(np.cov(inside))
    turn = np.linspace(0.0, 2.0 * np.pi, 181)
    circle = np.array([np.cos(turn), np.sin(turn)])
    return np.asarray(axes @ (np.sqrt(CHI_SQUARE * np.maximum(size, 0.0))[:, np.newaxis] * circle))


def draw(ways: Floats, width: float, height: float, soft: str, grid: str) -> Figure:
    """Path and ellipse on the left where both ways are known, both over time on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    both = bool(np.isfinite(ways).all(axis=0).any())
    left = 0.45 if both else 0.065
    if both:
        _from_above(figure.add_axes((0.065, 0.12, 0.31, 0.80)), ways, soft)
    there = [i for i in (0, 1) if np.isfinite(ways[i]).any()]
    top = 0.92
    each = (top - 0.12) / len(there) - 0.06
    times = np.arange(ways.shape[1]) / 100.0
    largest = 1.1 * float(np.nanmax(np.abs(ways[there])))
    for place, i in enumerate(there):
        axis = figure.add_axes((left, top - (place + 1) * each - place * 0.1, 0.94 - left, each))
        axis.plot(times, ways[i], color=(PATH, SIDEWAYS)[i], linewidth=1.2)
        axis.axhline(0.0, color=soft, linewidth=0.8)
        axis.set_ylabel(("forwards, mm", "to the right, mm")[i])
        axis.set_ylim(-largest, largest)
        axis.set_xlim(0.0, float(times[-1]))
        axis.grid(axis="y", color=grid, linewidth=0.8)
        if place == len(there) - 1:
            axis.set_xlabel("time of the stance, s")
    return figure


def _from_above(axis: Axes, ways: Floats, soft: str) -> None:
    forwards, right = ways
    around: Any = ellipse(ways)
    axis.plot(right, forwards, color=PATH, linewidth=0.8, label="path")
    axis.plot(around[1], around[0], color=ELLIPSE, linewidth=1.8, linestyle=(0, (5, 2)), label="95 % ellipse")
    axis.plot([0.0], [0.0], marker="+", color=soft, markersize=9)
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_xlabel("to the right, mm")
    axis.set_ylabel("forwards, mm")
    axis.set_title("centre of pressure, from above", fontsize=10, fontweight="bold")
    axis.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none", fontsize=8)
