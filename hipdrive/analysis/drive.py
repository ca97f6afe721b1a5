"""Metrics of braking and drive beyond force and impulse: velocities, rates, the instant of peak power, stiffness forms.

METRICS.md 3 and 5, and the names that vendors have for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hipdrive.analysis.jump import ALL, CMJ, JUMPS, PHASED, brake_start, push_start, since_braking
from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided


@metric("mean_braking_velocity", unit="m/s", tests=PHASED, source="vendor", method="distance/time", group="movement")
def mean_braking_velocity(rep: Rep) -> Any:
    """Mean velocity over braking, negative."""
    return since_braking(rep, rep.mean("velocity", brake_start(rep), "zero_velocity"))


@metric("mean_propulsive_velocity", unit="m/s", tests=ALL, source="vendor", method="distance/time", group="movement")
def mean_propulsive_velocity(rep: Rep) -> Floats:
    """Mean velocity over propulsion."""
    return rep.mean("velocity", push_start(rep), "takeoff")


@metric("velocity_at_peak_power", unit="m/s", tests=ALL, source="vendor", method="sample_maximum", group="power")
def velocity_at_peak_power(rep: Rep) -> tuple[Floats, Floats]:
    """Velocity at the instant of peak power."""
    return rep.quantity("velocity", rep.time_of_max("power", push_start(rep), "takeoff")), rep.unknown


@metric("force_at_peak_power", unit="N", tests=ALL, source="vendor", method="sample_maximum", group="power")
def force_at_peak_power(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the instant of peak power."""
    return rep.quantity("force", rep.time_of_max("power", push_start(rep), "takeoff")), rep.unknown


@metric("propulsive_rpd", unit="W/s", tests=JUMPS, source="vendor", method="sample_maximum", group="power")
def propulsive_rpd(rep: Rep) -> tuple[Floats, Floats]:
    """Rate of power development: rise of power from the start of propulsion to its peak, over its time."""
    start = push_start(rep)
    peak = rep.time_of_max("power", start, "takeoff")
    rise = rep.quantity("power", peak) - rep.force[start] * rep.velocity[start]
    return divided(rise, rep.duration(start, peak)), rep.unknown


def _rate(duration: float) -> Any:
    def rate(rep: Rep) -> tuple[Floats, Floats]:
        """Change of force over the beginning of propulsion, over its time; often negative after a countermovement."""
        start = push_start(rep)
        rep.require(~(rep.duration(start, "takeoff")[:, 0] < duration), "phase_too_short")
        change = rep.quantity("force", rep.after(start, duration)) - rep.force[start]
        return change / duration, np.sqrt(2.0) * rep.noise / duration

    return rate


for _ms in (50, 100, 200):
    metric(f"propulsive_rfd_{_ms}ms", unit="N/s", tests=JUMPS, source="vendor", method=f"first_{_ms}ms",
           group="force")(_rate(_ms / 1000.0))  # fmt: skip


@metric("total_work", unit="J", tests=CMJ, source="derived (METRICS.md 19, I4)", repeats="jump_height_total",
        method="work_energy", group="power")  # fmt: skip
def total_work(rep: Rep) -> Floats:
    """Work of the force from the onset to take-off: what lifts and what speeds the body."""
    return rep.work("onset", "takeoff")


@metric("cmj_stiffness_depth", unit="N/m", tests=CMJ, source="vendor", method="force/depth", group="movement")
def cmj_stiffness_depth(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the lowest point over the countermovement's depth; another number than the slope of braking."""
    depth = -rep["countermovement_depth"]
    return divided(rep.force["zero_velocity"], depth), divided(rep.between_noise, depth[:, 0])


@metric("cmj_stiffness_peak", unit="N/m", tests=CMJ, source="vendor", method="peak_force/depth", group="movement")
def cmj_stiffness_peak(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force before take-off over the countermovement's depth."""
    depth = -rep["countermovement_depth"]
    braking, push = rep["peak_braking_force"], rep["peak_propulsive_force"]
    spread = np.where(braking[:, 0] > push[:, 0], rep.spread("peak_braking_force"), rep.spread("peak_propulsive_force"))
    return divided(np.maximum(braking, push), depth), divided(spread, depth[:, 0])
