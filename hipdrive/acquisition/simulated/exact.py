"""Further true numbers of a simulated jump: phases, impulses, rates, landing and what each foot does.

Closed forms on the movement's polynomials. An impulse is a difference of velocities, work one of energies; a slope by
least squares over a window is a difference of velocities and displacements, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.interpolate import CubicHermiteSpline, PPoly

from hipdrive.acquisition.simulated.motion import Motion, extreme, times

RFD_WINDOW, LANDING_WINDOW = 0.020, 0.3
"""s: the default windows of METRICS.md 3 and 4."""

FINE = 1e-4
"""s between the places at which a steepest window is looked for, before a parabola finds it."""


@dataclass(frozen=True, eq=False)
class Exact:
    """A movement with its weight N, from which any number of it can be read."""

    motion: Motion
    weight: float
    g: float

    @property
    def mass(self) -> float:
        """Kg."""
        return self.weight / self.g

    def force(self, time: float) -> float:
        """N; at the end of contact the force just before it."""
        return self.weight * (1.0 + float(self.motion.net(np.nextafter(time, 0.0))))

    def speed(self, time: float) -> float:
        """m/s."""
        return float(self.motion.velocity(np.nextafter(time, 0.0)))

    def rise(self, start: float, end: float) -> float:
        """Displacement, m."""
        return float(self.motion.displacement(end) - self.motion.displacement(start))

    def net(self, start: float, end: float) -> float:
        """Net impulse, N*s."""
        return self.mass * (self.speed(end) - self.speed(start))

    def gross(self, start: float, end: float) -> float:
        """Gross impulse, N*s."""
        return self.net(start, end) + self.weight * (end - start)

    def mean(self, start: float, end: float) -> float:
        """Mean force, N."""
        return self.gross(start, end) / (end - start)

    def work(self, start: float, end: float) -> float:
        """Work of the force, J."""
        return 0.5 * self.mass * (self.speed(end) ** 2 - self.speed(start) ** 2) + self.weight * self.rise(start, end)

    def top(self, start: float, end: float) -> tuple[float, float]:
        """Time and value of the largest force, N."""
        at, net = extreme(self.motion.net, start, end)
        return at, self.weight * (1.0 + net)

    def steepest(self, start: float, end: float, window: float = RFD_WINDOW) -> float:
        """Largest least-squares slope over windows wholly within [start, end], N/s.

        The slope over T from t on is 12/T³ · ∫(x - T/2)·F(t + x)dx; twice by parts, with ∫F = m·v and ∫∫F = m·s.
        """
        at = np.linspace(start, end - window, max(3, int((end - window - start) / FINE)))
        v, s = self.motion.velocity, self.motion.displacement
        moment = 0.5 * window * (v(at + window) + v(at)) - (s(at + window) - s(at))
        best = int(np.clip(np.argmax(moment), 1, len(at) - 2))
        before, here, after = moment[best - 1 : best + 2]
        bend = before - 2.0 * here + after
        peak = here - (after - before) ** 2 / (8.0 * bend) if bend < 0.0 else max(before, here, after)
        return float(max(peak, moment[0], moment[-1]) * 12.0 * self.mass / window**3)


def common(x: Exact, start: float, to: float, td: float, lz: float, end: float) -> dict[str, float]:
    """What every test has: propulsion from `start` to take-off, and the landing."""
    at, peak = x.top(td, min(td + LANDING_WINDOW, end))
    depth = x.rise(td, lz)
    power = x.work(start, to) / (to - start)
    peak_power = extreme(x.motion.power(x.g, x.mass), start, to)
    return {
        "system_mass": x.mass,
        "propulsion_time": to - start,
        "propulsive_work": x.work(start, to),
        "mean_propulsive_power": power,
        "mean_propulsive_power_rel": power / x.mass,
        "peak_power": peak_power[1],
        "peak_power_rel": peak_power[1] / x.mass,
        "peak_velocity": extreme(x.motion.velocity, start, to)[1],
        "mean_propulsive_force": x.mean(start, to),
        "mean_propulsive_force_rel": x.mean(start, to) / x.weight,
        "peak_propulsive_force": x.top(start, to)[1],
        "propulsive_net_impulse": x.net(start, to),
        "propulsive_gross_impulse": x.gross(start, to),
        "peak_landing_force": peak,
        "peak_landing_force_rel": peak / x.weight,
        "time_to_peak_landing_force": at - td,
        "landing_rate_mean": peak / (at - td),
        "landing_net_impulse_100ms": x.net(td, td + 0.1),
        "landing_gross_impulse_100ms": x.gross(td, td + 0.1),
        "landing_depth": depth,
        "landing_time": lz - td,
        "landing_stiffness": x.force(lz) / -depth,
        "landing_stiffness_slope": x.force(lz) / -depth,
        "energy_absorbed": -x.work(td, lz),
    }


def jump(x: Exact, on: float, start: float, to: float) -> dict[str, float]:
    """A jump from standing or from the squat; propulsion begins at `start`."""
    half = 0.5 * (start + to)
    return {
        "propulsive_impulse_first_half": x.net(start, half),
        "propulsive_impulse_second_half": x.net(half, to),
        "propulsive_net_impulse_50ms": x.net(start, start + 0.05),
        "propulsive_net_impulse_100ms": x.net(start, start + 0.1),
        "time_to_peak_power": extreme(x.motion.power(x.g, x.mass), start, to)[0] - on,
    }


def countermovement(x: Exact, on: float, pnv: float, low: float, to: float) -> dict[str, float]:
    """Unweighting and braking of a countermovement jump."""
    lowest = extreme(x.motion.net, on, pnv, np.argmin)[0]
    rise, least = x.force(low) - x.force(pnv), x.force(lowest)
    return {
        "unweighting_net_impulse": x.net(on, pnv),
        "braking_net_impulse": x.net(pnv, low),
        "braking_gross_impulse": x.gross(pnv, low),
        "positive_net_impulse": x.net(pnv, to),
        "impulse_ratio": x.net(low, to) / x.net(pnv, low),
        "mean_braking_force": x.mean(pnv, low),
        "mean_braking_force_rel": x.mean(pnv, low) / x.weight,
        "peak_braking_force": x.top(pnv, low)[1],
        "peak_braking_power": extreme(x.motion.power(x.g, x.mass), on, low, np.argmin)[1],
        "mean_braking_rfd": rise / (low - pnv),
        "braking_rfd_from_min": (x.force(low) - least) / (low - lowest),
        "peak_rfd": x.steepest(lowest, to),
        "cmj_stiffness": rise / -x.rise(pnv, low),
        "ecc_con_time_ratio": (low - on) / (to - low),
    }


def squat(x: Exact, on: float, to: float) -> dict[str, float]:
    """Rates of a squat jump."""
    at, peak = x.top(on, to)
    return {"peak_rfd": x.steepest(on, to), "propulsive_rfd_sj": (peak - x.force(on)) / (at - on)}


def drop(x: Exact, down: float, low: float, to: float) -> dict[str, float]:
    """Contact of a drop jump."""
    at = x.top(down, to)[0]
    return {
        "braking_net_impulse": x.net(down, low),
        "braking_gross_impulse": x.gross(down, low),
        "mean_braking_force": x.mean(down, low),
        "mean_braking_force_rel": x.mean(down, low) / x.weight,
        "peak_braking_force": x.top(down, low)[1],
        "peak_braking_power": extreme(x.motion.power(x.g, x.mass), down, low, np.argmin)[1],
        "dj_vertical_stiffness": x.force(low) / -x.rise(down, low),
        "time_to_peak_force_dj": at - down,
    }


# --- one foot ---------------------------------------------------------------------------------------------------


def shares(rng: Generator, share: float, swing: float, marks: Mapping[str, float]) -> PPoly:
    """Part of the force on the left plate over time: `share` in standing, within `swing` of it in the movement."""
    knots = [0.0, marks["start"]]
    for first, last in (("start", "takeoff"), ("touchdown", "rest")):
        knots += [*(marks[first] + part * (marks[last] - marks[first]) for part in (0.3, 0.55, 0.8)), marks[last]]
    knots.append(marks["end"])
    level = share + np.r_[0.0, 0.0, rng.uniform(-swing, swing, 3), 0.0, rng.uniform(-swing, swing, 3), 0.0, 0.0]
    # nobody need stand before or after
    different = np.r_[True, np.diff(knots) > 1e-9]
    return CubicHermiteSpline(np.array(knots)[different], level[different], np.zeros(different.sum()))


def feet(
    x: Exact, share: PPoly, values: Mapping[str, float], events: Mapping[str, float], td: float
) -> dict[str, float]:
    """Left, right and index of every number that two feet add up to."""
    force = _left(x.motion.net, share)
    area = force.antiderivative()

    def at(time: float) -> float:
        return x.weight * float(force(np.nextafter(time, 0.0)))

    def gross(start: float, end: float) -> float:
        return x.weight * float(area(end) - area(start))

    to, low, pnv = events["takeoff"], events.get("zero_velocity"), events.get("peak_negative_velocity")
    push = events["onset"] if low is None else low
    brake = pnv if pnv is not None else events.get("first_contact")
    left = {
        "mean_propulsive_force": gross(push, to) / (to - push),
        "propulsive_gross_impulse": gross(push, to),
        "peak_propulsive_force": at(x.top(push, to)[0]),
        "peak_landing_force": at(x.top(td, td + LANDING_WINDOW)[0]),
        "landing_gross_impulse_100ms": gross(td, td + 0.1),
    }
    if low is not None and brake is not None:
        left |= {
            "mean_braking_force": gross(brake, low) / (low - brake),
            "braking_gross_impulse": gross(brake, low),
            "peak_braking_force": at(x.top(brake, low)[0]),
            "force_at_zero_velocity": at(low),
        }
    if low is not None and pnv is not None:
        left["mean_braking_rfd"] = (at(low) - at(pnv)) / (low - pnv)
        left["min_force"] = at(extreme(x.motion.net, events["onset"], pnv, np.argmin)[0])
    sides: dict[str, float] = {}
    for name, part in left.items():
        rest = values[name] - part
        sides |= {f"{name}_left": part, f"{name}_right": rest, f"asym_{name}": 100.0 * (part - rest) / values[name]}
    return sides


def _left(net: PPoly, share: PPoly) -> PPoly:
    """Force of the left plate as a multiple of weight."""
    whole = PPoly(net.c.copy(), net.x)
    whole.c[-1] += 1.0
    return times(whole, share)
