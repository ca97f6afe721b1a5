"""A simulated drop landing: off the box, down, and held; every number in closed form.

The athlete stands on the box, steps off, falls, and lands with a heel strike and a deep give, from which he comes up to
the posture that he holds. Truth is what METRICS.md 4 says of the piecewise cubic force, by its polynomials.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from scipy.interpolate import PPoly
from scipy.optimize import brentq

from hipdrive.acquisition.simulated.motion import (
    Edge,
    Floats,
    Motion,
    bump,
    constant,
    crossings,
    extreme,
    gain,
    phase,
    scaled,
    solve,
)

BAND, MEAN = 0.05, 0.005
"""Share of the weight within which the athlete is stable; s over which the first peak is smoothed (METRICS.md 4)."""


def drop_landing(
    rng: Generator, touch: Edge, standing: float, settle: float, g: float
) -> tuple[list[PPoly], dict[str, float]]:
    """The phases of a drop landing, and its landmarks, s."""
    height, sink = rng.uniform(0.20, 0.50), rng.uniform(0.02, 0.12)
    speed = -np.sqrt(2.0 * g * height)
    off_time = rng.uniform(0.35, 0.5)
    off = phase(off_time, [Edge(12.0, 12.0, 0.0).fall(off_time)])
    fall_time = (gain(off, g)[0] - speed) / g
    length = rng.uniform(1.1, 1.4)
    give, up = rng.uniform(0.40, 0.50), rng.uniform(0.75, 0.85)
    fixed = [touch.rise(), scaled(bump(0.0, rng.uniform(0.03, 0.05), 0.11), rng.uniform(1.0, 2.5))]
    free = [bump(0.0, 0.15, give), bump(give - 0.05, up, length)]
    land = solve(length, fixed, free, -speed, -sink - speed * length, g)
    phases = [constant(standing, 0.0), off, constant(fall_time, -1.0), land, constant(settle, 0.0)]
    ends = np.cumsum([p.x[-1] for p in phases])
    marks = {"start": standing, "first_contact": ends[2], "touchdown": ends[2], "rest": ends[3], "end": ends[4]}
    return phases, {name: float(t) for name, t in marks.items()}


def stable(motion: Motion, marks: Mapping[str, float]) -> float:
    """When force last comes into the band around the weight, s."""
    both = [crossings(motion.net, sign * BAND, marks["touchdown"], marks["rest"]) for sign in (1.0, -1.0)]
    return float(max(part.max() for part in both if part.size))


def truth(motion: Motion, marks: Mapping[str, float], weight: float, g: float) -> dict[str, float]:
    """METRICS.md 4 and the touchdown of 5 on the movement itself."""
    td, mass = marks["touchdown"], weight / g
    speed = float(motion.velocity(td))
    low, end = float(crossings(motion.velocity, 0.0, td + 1e-6, marks["rest"])[0]), stable(motion, marks)
    sink = float(motion.displacement(low) - motion.displacement(td))
    held = float(motion.displacement(end) - motion.displacement(td))
    peak = weight * (1.0 + extreme(motion.net, td, td + 0.3)[1])
    force = weight * (1.0 + float(motion.net(low)))
    power = motion.power(g, mass)
    absorbed = 0.5 * mass * speed**2 - weight * sink
    return {
        "touchdown_velocity": speed,
        "drop_height": speed**2 / (2.0 * g),
        "peak_landing_force_rel": peak / weight,
        "landing_net_impulse_100ms": mass * (float(motion.velocity(td + 0.1)) - speed),
        "landing_depth": sink,
        "landing_time": low - td,
        "landing_stiffness": force / -sink,
        "energy_absorbed": absorbed,
        "time_to_stabilisation": end - td,
        "landing_rate_2080": first_peak_rate(motion, td, weight, peak),
        "mean_impact_force": weight - mass * speed / (low - td),
        "mean_impact_velocity": sink / (low - td),
        "mean_impact_power": -absorbed / (low - td),
        "peak_impact_power": extreme(power, td, low, np.argmin)[1],
        "stabilisation_time": end - low,
        "stability_depth": held,
        "mean_stabilisation_velocity": (held - sink) / (end - low),
    }


def first_peak_rate(motion: Motion, td: float, weight: float, peak: float) -> float:
    """Slope between 20 and 80 % of the rise to the first clear maximum of the 5 ms mean."""
    half = 0.5 * MEAN
    times = td + np.arange(0.0, 0.3, 1e-4)
    # the mean over 5 ms rises where its later end is above its earlier one
    rises = motion.net(times + half) - motion.net(times - half)
    tops = times[:-1][(rises[:-1] > 0.0) & (rises[1:] <= 0.0)]
    for start in tops:
        top = float(brentq(lambda t: float(motion.net(t + half) - motion.net(t - half)), start, start + 1e-4))
        ahead = _mean(motion, np.arange(top, td + 0.3, 1e-4))
        fell = np.flatnonzero(ahead <= _mean(motion, np.array([top]))[0] - 0.1 * peak / weight)
        if fell.size and ahead[: fell[0]].max() <= ahead[0] + 1e-9:
            force = 1.0 + float(motion.net(top))
            low, high = (float(crossings(motion.net, part * force - 1.0, td, top)[0]) for part in (0.2, 0.8))
            return 0.6 * force * weight / (high - low)
    return float("nan")


def _mean(motion: Motion, times: Floats) -> Floats:
    """Net force averaged over 5 ms, by the antiderivative."""
    whole = motion.net.antiderivative()
    return np.asarray((whole(times + 0.5 * MEAN) - whole(times - 0.5 * MEAN)) / MEAN)
