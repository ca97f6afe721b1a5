"""The figure of a sprint start: force on each plate with the phases; forward power; how each foot's impulse points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hipdrive.analysis.startpush import FRONT, HANDS, REAR
from hipdrive.report import curves, figure
from hipdrive.report.words import clean
from hipdrive.results import Results
from hipdrive.trial import BOX, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {FRONT: "#0072B2", REAR: "#D55E00", HANDS: "#6B7785"}
BEFORE, AFTER = 0.25, 0.15
"""s shown before the gun, or the push, and after the exit."""

ARROW = {"arrowstyle": "-|>", "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 16}


def drawn(trial: Trial, rep: Results, salt: str = "") -> str:
    """The figure of one start as SVG; `salt` keeps its inner ids apart from those of another figure."""
    from matplotlib.figure import Figure

    from hipdrive.analysis.phases import PHASES

    start, end = _window(trial, rep)
    power = _power(trial, rep)
    arrows = [name for name in (FRONT, REAR) if math.isfinite(rep[f"force_direction_block_{name}"].value)]
    with figure.style(salt):
        beside = power is not None or bool(arrows)
        sheet = Figure(figsize=(figure.WIDTH, figure.HEIGHT * (1.45 if beside else 0.8)))
        upper = sheet.add_axes((0.065, 0.56, 0.875, 0.37) if beside else (0.065, 0.27, 0.875, 0.6))
        for name, values in _forces(trial, rep).items():
            look = (COLOURS.get(name, figure.INK), "--" if name == HANDS else "-", 1.9)
            figure.draw(upper, curves.cut(values, trial.rate, start, end), clean(name), look)
        figure.shade([upper], rep, PHASES[rep.test], end - start)
        names = figure.mark([upper], rep, end - start)
        figure.finish(upper, upper, rep, (start, end), names)
        upper.set_ylabel("force (resultant), N")
        if power is not None:
            _draw_power(sheet.add_axes((0.065, 0.075, 0.5 if arrows else 0.875, 0.32)), rep, power)
        if arrows:
            _draw_arrows(sheet.add_axes((0.64, 0.075, 0.3, 0.32)), rep, arrows)
        return figure.svg(sheet)


def _window(trial: Trial, rep: Results) -> tuple[float, float]:
    times = {name: event.t for name, event in rep.events.items() if math.isfinite(event.t)}
    first = min(times[name] for name in ("gun", "push_onset") if name in times)
    return max(0.0, first - BEFORE), min(trial.duration, times["front_exit"] + AFTER)


def _forces(trial: Trial, rep: Results) -> dict[str, curves.Floats]:
    """Resultant of each plate less what it reads after the exit, when it is empty."""
    empty = round((rep.events["front_exit"].t + 0.05) * trial.rate)
    found = {}
    for name, z in zip(trial.plates, trial.fz, strict=True):
        if name != BOX:
            x = trial.components.get(f"{name}.fx", np.zeros_like(z))
            parts = [part - (np.median(part[empty:]) if empty < len(part) else 0.0) for part in (x, z)]
            found[name] = np.hypot(*parts)
    return found


def _power(trial: Trial, rep: Results) -> curves.Curve | None:
    """Forward power from the onset to the exit, W, by the same impulse and mass as the numbers."""
    if not math.isfinite(rep["block_power_peak"].value):
        return None
    rate, mass = trial.rate, rep["system_mass"].value
    first, last = (round(rep.events[name].t * rate) for name in ("push_onset", "front_exit"))
    empty = round((rep.events["front_exit"].t + 0.05) * rate)
    force = np.sum([x - (np.median(x[empty:]) if empty < len(x) else 0.0) for role, x in trial.components.items()
                    if role.endswith(".fx")], axis=0)[first : last + 1]  # fmt: skip
    speed = np.r_[0.0, np.cumsum(0.5 * (force[1:] + force[:-1]))] / rate / mass
    return curves.Curve((first + np.arange(len(force))) / rate, force * speed)


def _draw_power(axis: Axes, rep: Results, power: curves.Curve) -> None:
    began = rep.events["push_onset"].t
    ms = 1000.0 * (power.t - began)
    axis.plot(ms, power.y, color=figure.INK, linewidth=1.8)
    top, mean = int(np.argmax(power.y)), rep["ahep"].value
    axis.plot([ms[top]], [power.y[top]], "o", color=figure.INK, markersize=5)
    axis.annotate(f"peak {rep['block_power_peak'].value:.0f} W", (ms[top], power.y[top]), (-6, 5),
                  textcoords="offset points", ha="right", color=figure.INK, fontweight="bold")  # fmt: skip
    axis.axhline(mean, color=figure.SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
    axis.annotate(f"mean {mean:.0f} W", (ms[0], mean), (4, 4), textcoords="offset points", color=figure.SOFT)
    axis.margins(y=0.15)
    axis.set_xlim(ms[0], ms[-1])
    axis.set_xlabel("ms after the push started")
    axis.set_ylabel("forward power, W")
    axis.grid(axis="y", color=figure.GRID, linewidth=0.8, zorder=-1)


def _draw_arrows(axis: Axes, rep: Results, names: list[str]) -> None:
    """Impulse of each foot as an arrow, forwards to the right."""
    largest = 0.0
    for name in names:
        x, z = (rep[f"impulse_{axis_}_{name}"].value for axis_ in "xz")
        largest = max(largest, x, z)
        axis.annotate("", (x, z), (0.0, 0.0), arrowprops={**ARROW, "color": COLOURS[name]})
        axis.annotate(f"{name} {rep[f'force_direction_block_{name}'].value:.0f}°", (x, z), (5, 2),
                      textcoords="offset points", color=COLOURS[name], fontweight="bold")  # fmt: skip
    axis.set_xlim(0.0, 1.45 * largest)
    axis.set_ylim(0.0, 1.2 * largest)
    axis.set_aspect("equal", adjustable="box", anchor="W")
    axis.set_xlabel("impulse forwards, N·s")
    axis.set_ylabel("impulse upwards, N·s")
    axis.grid(color=figure.GRID, linewidth=0.8, zorder=-1)
