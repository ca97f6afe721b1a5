"""The curves of a fitted sprint, for pictures: what was measured, the fit, what is left, force and power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis import sprint_model
from hipdrive.analysis.sprint_record import SPEED_WINDOW, slope, used
from hipdrive.analysis.sprint_rules import SprintRules
from hipdrive.results import Analysis, Results
from hipdrive.timedrun import POSITIONS, SPLITS, TimedRun
from hipdrive.trial import Floats


@dataclass(frozen=True, eq=False)
class Curves:
    """Of one run, on its model's clock.

    time, value : what was fitted. residual : measured less fitted, in the unit of what was measured (splits: s).
    speed_time, speed : the measured speed; of splits the mean between gates, `speed_time` then has one more value.
    t, v : the fit. force, line : N, along v, over the grid; empty where mass or stature are missing.
    """

    kind: str
    time: Floats
    value: Floats
    residual: Floats
    speed_time: Floats
    speed: Floats
    t: Floats
    v: Floats
    force_v: Floats
    force: Floats
    mass: float


def rules_of(analysis: Analysis) -> SprintRules:
    """The rules by which an analysis was made."""
    return SprintRules(**analysis.provenance["parameters"])


def curves(run: TimedRun, analysis: Analysis, rep: Results) -> Curves:
    """The curves of a run that was fitted."""
    rules = rules_of(analysis)
    part = used(run, rules)
    mss, tau, shift = (rep[name].value for name in ("max_sprint_speed", "tau", "time_shift"))
    time = part.time + shift
    if run.kind == SPLITS:
        residual = time - sprint_model.time_at(part.value, np.array(mss), np.array(tau))
        edges = np.concatenate([[0.0], time])
        seen, speed = edges, np.diff(np.concatenate([[0.0], part.value])) / np.diff(edges)
    else:
        since = np.maximum(time, 0.0)
        if run.kind == POSITIONS:
            fitted = sprint_model.distance(since, np.array(mss), np.array(tau))
            fitted = fitted + float(np.mean(part.value - fitted))
            seen, speed = time, slope(part.time, part.value, SPEED_WINDOW)
        else:
            fitted, seen, speed = sprint_model.velocity(since, np.array(mss), np.array(tau)), time, part.value
        residual = part.value - fitted
    t = np.linspace(0.0, float(time.max()) * 1.02, 300)
    grid = np.arange(0.0, min(rules.grid_taus * tau, float(time.max())) + 1e-9, rules.grid)
    along, force = np.zeros(0), np.zeros(0)
    if run.mass is not None and run.height is not None:
        along = sprint_model.velocity(grid, np.array(mss), np.array(tau))
        force = run.mass * sprint_model.acceleration(grid, np.array(mss), np.array(tau))
        force = force + sprint_model.drag(along, np.array(rep["drag_constant"].value), rules.wind)
    return Curves(run.kind, time, part.value, residual, seen, speed, t,
                  sprint_model.velocity(t, np.array(mss), np.array(tau)), along, force, run.mass or np.nan)  # fmt: skip
