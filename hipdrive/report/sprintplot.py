"""The figure of a sprint profile: speed with its fit, what the fit leaves, force and power over speed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hipdrive.analysis.sprint_curves import Curves, curves
from hipdrive.report import figure
from hipdrive.results import Analysis, Results
from hipdrive.timedrun import SPLITS, TimedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
MEASURED = {"splits": "mean between gates", "velocity": "measured", "positions": "measured, over 0.2 s"}
RESIDUAL = {"splits": (1000.0, "ms"), "velocity": (1.0, "m/s"), "positions": (100.0, "cm")}
"""Factor and unit in which residuals are drawn."""


def drawn(run: TimedRun, analysis: Analysis, rep: Results, salt: str = "") -> str:
    """The figure of one run as SVG; `salt` keeps its inner ids apart from those of another figure."""
    from matplotlib.figure import Figure

    found = curves(run, analysis, rep)
    with figure.style(salt):
        sheet = Figure(figsize=(figure.WIDTH, 5.2))
        speed = sheet.add_axes((0.065, 0.43, 0.46, 0.50))
        left = sheet.add_axes((0.065, 0.11, 0.46, 0.18), sharex=speed)
        _speed(speed, found, rep)
        _left(left, found)
        _force(sheet.add_axes((0.60, 0.11, 0.335, 0.82)), found, rep)
        return figure.svg(sheet)


def _speed(axis: Axes, found: Curves, rep: Results) -> None:
    if found.kind == SPLITS:
        axis.stairs(found.speed, found.speed_time, color=BLUE, linewidth=1.6, baseline=None,
                    label=MEASURED[found.kind])  # fmt: skip
        for t, metres in zip(found.time, found.value, strict=True):
            axis.axvline(t, color=figure.SOFT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            axis.text(t, 1.02, f"{metres:g} m", transform=axis.get_xaxis_transform(), ha="center", va="bottom",
                      color=figure.SOFT)  # fmt: skip
    else:
        axis.plot(found.speed_time, found.speed, ".", color=BLUE, markersize=3, label=MEASURED[found.kind], zorder=2)
    axis.plot(found.t, found.v, color=figure.INK, linewidth=2.0, label="fit", zorder=3)
    top = rep["max_sprint_speed"].value
    axis.axhline(top, color=figure.SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axis.text(0.02, top, f"MSS {top:.2f} m/s", transform=axis.get_yaxis_transform(), ha="left", va="bottom",
              color=figure.INK, fontweight="bold")  # fmt: skip
    axis.set_ylim(min(0.0, float(np.min(found.speed))), 1.14 * max(top, float(np.max(found.speed))))
    axis.set_xlim(min(0.0, float(found.speed_time.min())), float(found.t[-1]))
    axis.set_ylabel("speed, m/s")
    axis.legend(loc="lower right", frameon=True, framealpha=0.85, edgecolor="none")
    _grid(axis)


def _left(axis: Axes, found: Curves) -> None:
    factor, unit = RESIDUAL[found.kind]
    axis.axhline(0.0, color=figure.INK, linewidth=0.9, zorder=1)
    values = factor * found.residual
    if found.kind == SPLITS:
        axis.vlines(found.time, 0.0, values, color=ORANGE, linewidth=2.0, zorder=2)
    axis.plot(found.time, values, "o" if found.kind == SPLITS else ".", color=ORANGE, zorder=3,
              markersize=5 if found.kind == SPLITS else 3)  # fmt: skip
    most = max(1.25 * float(np.abs(values).max()), 1e-9 if found.kind != SPLITS else 1.0)
    axis.set_ylim(-most, most)
    axis.set_ylabel(unit)
    axis.set_xlabel("time from the start of the run, s")
    axis.text(0.0, 1.06, f"measured − fit, largest {np.abs(values).max():.2g} {unit}", transform=axis.transAxes,
              ha="left", va="bottom", color=figure.INK, fontweight="bold")  # fmt: skip
    _grid(axis)


def _force(axis: Axes, found: Curves, rep: Results) -> None:
    f0, v0, power = (rep[name] for name in ("F0_per_kg", "V0", "Pmax_per_kg"))
    if not len(found.force) or not math.isfinite(v0.value):
        axis.set_axis_off()
        axis.text(0.5, 0.5, _broken(f0.why or "no force"), transform=axis.transAxes, ha="center", va="center",
                  color=figure.SOFT)  # fmt: skip
        return
    axis.plot([0.0, v0.value], [f0.value, 0.0], color=figure.INK, linewidth=2.0, label="force, line", zorder=3)
    axis.plot(found.force_v, found.force / found.mass, color=BLUE, linewidth=1.6, linestyle=(0, (5, 1.6)),
              label="force, air included", zorder=4)  # fmt: skip
    axis.plot([0.0, v0.value], [f0.value, 0.0], "o", color=figure.INK, markersize=6, zorder=5, clip_on=False)
    axis.annotate(f"F0 {f0.value:.2f} N/kg", (0.0, f0.value), (8, 4), textcoords="offset points", color=figure.INK,
                  fontweight="bold")  # fmt: skip
    # left of the end of both curves, below them
    axis.text(0.87 * v0.value, 0.02 * f0.value, f"V0 {v0.value:.2f} m/s", ha="right", color=figure.INK,
              fontweight="bold")  # fmt: skip
    axis.set_xlim(0.0, 1.04 * v0.value)
    axis.set_ylim(0.0, 1.22 * f0.value)
    axis.set_xlabel("speed, m/s")
    axis.set_ylabel("horizontal force, N/kg")
    _grid(axis)
    scale = axis.twinx()
    v = np.linspace(0.0, v0.value, 100)
    scale.plot(v, f0.value * (1.0 - v / v0.value) * v, color=GREEN, linewidth=1.8, label="power", zorder=2)
    scale.plot([v0.value / 2.0], [power.value], "o", color=GREEN, markersize=6)
    scale.annotate(f"Pmax {power.value:.1f} W/kg", (v0.value / 2.0, power.value), (0, 7), textcoords="offset points",
                   ha="center", color=GREEN, fontweight="bold")  # fmt: skip
    scale.set_ylim(0.0, 1.22 * 1.25 * power.value)
    scale.set_ylabel("power, W/kg", color=GREEN)
    scale.tick_params(axis="y", colors=GREEN)
    scale.spines["right"].set_visible(True)
    handles = [*axis.get_legend_handles_labels()[0], *scale.get_legend_handles_labels()[0]]
    axis.legend(handles=handles, loc="upper right", frameon=True, framealpha=0.85, edgecolor="none")


def _broken(told: str) -> str:
    """A sentence on lines of about 40 letters."""
    from textwrap import fill

    return fill(told, 40)


def _grid(axis: Axes) -> None:
    axis.grid(axis="y", color=figure.GRID, linewidth=0.8, zorder=-1)
    axis.set_axisbelow(True)
