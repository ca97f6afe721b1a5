"""Simulated sprinters: gates, radar or laser of a run whose truth is known exactly.

The run obeys dv/dt = (v_end - v) / tau. It is integrated here step by step and its gates are found by bisection, so
that nothing is shared with the analysis, which knows the solution in closed form; force, power and ratio are made
from the balance of forces at fine steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from hipdrive.errors import UsageError
from hipdrive.timedrun import POSITIONS, SPLITS, VELOCITY, TimedRun

GATES = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
NOISE = {SPLITS: 0.005, VELOCITY: 0.15, POSITIONS: 0.015}
"""SD of one measurement: s of a gate, m/s of a radar, m of a laser."""

RATES = {VELOCITY: 46.875, POSITIONS: 100.0}
"""Hz, of a radar and a laser."""

STEP = 5e-3


def simulate_sprint(
    kind: str = SPLITS, *, seed: int = 0, noise: float | None = None, rate: float | None = None,
    gates: tuple[float, ...] = GATES, mss: float | None = None, tau: float | None = None, shift: float | None = None,
    mass: float | None = None, height: float | None = None, seconds: float = 6.0, quiet: float = 1.0,
    laser_at: float = 3.0,
) -> TimedRun:  # fmt: skip
    """One run as `splits`, `velocity` (a radar) or `positions` (a laser `laser_at` m behind the athlete).

    What is None the seed decides: MSS, tau, the time shift of the gates, mass and stature. `quiet` are seconds of
    standing before the run, of a radar or laser; `seconds` how long it runs. `truth` holds MSS, tau, shift, the
    mechanics in still air of 20 degrees at 760 Torr, and times at the usual distances.

    >>> run = simulate_sprint("splits", seed=1)
    >>> len(run.time), 7.0 < run.truth["max_sprint_speed"] < 11.0
    (8, True)

    Raises
    ------
    UsageError : a setting makes no sense.
    """
    if kind not in NOISE:
        raise UsageError("simulate", f"simulate: a sprint is measured as {', '.join(NOISE)}, not {kind!r}")
    rng = np.random.default_rng([seed, 12])
    drawn = (rng.uniform(7.5, 10.5), rng.uniform(0.9, 1.4), rng.uniform(0.0, 0.4), rng.uniform(55.0, 95.0),
             rng.uniform(1.62, 1.92))  # fmt: skip
    asked = (mss, tau, shift, mass, height)
    mss, tau, shift, mass, height = (float(d if a is None else a) for a, d in zip(asked, drawn, strict=True))
    sd = NOISE[kind] if noise is None else noise
    _checked({"mss": mss, "tau": tau, "noise": sd, "mass": mass, "height": height, "seconds": seconds,
              "rate": rate or 100.0, "quiet": quiet, "shift": shift})  # fmt: skip
    place, speed = _run(mss, tau)
    truth = {"max_sprint_speed": mss, "tau": tau, "max_acceleration": mss / tau,
             "kinematic_peak_power": mss * mss / tau / 4.0}  # fmt: skip
    about = {"athlete": f"simulated {seed}", "mass": mass, "height": height}
    if kind == SPLITS:
        if list(gates) != sorted(set(gates)) or not gates or min(gates) <= 0.0 or max(gates) > 200.0:
            raise UsageError("simulate", "simulate: gates are rising distances above 0 and up to 200 m")
        clock = [_crossing(place, metres) - shift for metres in gates]
        truth |= {"time_shift": shift} | _mechanics(speed, mss, tau, mass, height, clock[-1] + shift)
        truth |= {f"model_time_{m}m": _crossing(place, float(m)) - shift for m in (5, 10, 20, 30, 40)}
        time = np.array(clock) + sd * rng.standard_normal(len(gates))
        return TimedRun(kind=kind, time=time, value=np.array(gates), truth=MappingProxyType(truth), **about)  # type: ignore[arg-type]
    hertz = rate or RATES[kind]
    time = np.arange(round((quiet + seconds) * hertz)) / hertz
    begin = quiet + rng.uniform(0.0, 1.0) / hertz
    since = np.maximum(time - begin, 0.0)
    truth |= {"run_start": begin} | _mechanics(speed, mss, tau, mass, height, float(since[-1]))
    truth |= {f"model_time_{m}m": _crossing(place, float(m)) for m in (5, 10, 20, 30, 40)}
    values = np.array([(speed if kind == VELOCITY else place)(u) for u in since])
    values = values + (laser_at if kind == POSITIONS else 0.0) + sd * rng.standard_normal(len(time))
    return TimedRun(kind=kind, time=time, value=values, truth=MappingProxyType(truth), **about)  # type: ignore[arg-type]


def _checked(settings: dict[str, float]) -> None:
    ranges = {"mss": (3.0, 13.0), "tau": (0.4, 3.0), "noise": (0.0, 2.0), "mass": (20.0, 200.0), "height": (1.0, 2.4),
              "seconds": (0.5, 30.0), "rate": (5.0, 2000.0), "quiet": (0.0, 30.0), "shift": (-1.0, 1.0)}  # fmt: skip
    for name, value in settings.items():
        low, high = ranges[name]
        if not low <= value <= high:
            raise UsageError("simulate", f"simulate: {name} {value:g} is not possible; give {low:g} to {high:g}")


def _run(mss: float, tau: float) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Place and speed at a time, by Runge and Kutta's rule of fourth order with whole steps and a last part of one."""

    def rates(state: tuple[float, float]) -> tuple[float, float]:
        return state[1], (mss - state[1]) / tau

    def ahead(state: tuple[float, float], step: float) -> tuple[float, float]:
        def moved(rate: tuple[float, float], by: float) -> tuple[float, float]:
            return state[0] + by * rate[0], state[1] + by * rate[1]

        a = rates(state)
        b = rates(moved(a, step / 2.0))
        c = rates(moved(b, step / 2.0))
        d = rates(moved(c, step))
        x, v = ((p + 2.0 * q + 2.0 * r + s) / 6.0 for p, q, r, s in zip(a, b, c, d, strict=True))
        return moved((x, v), step)

    known = [(0.0, 0.0)]

    def at(t: float) -> tuple[float, float]:
        whole = int(t / STEP)
        while len(known) <= whole:
            known.append(ahead(known[-1], STEP))
        return ahead(known[whole], t - whole * STEP)

    return lambda t: at(t)[0], lambda t: at(t)[1]


def _crossing(place: Callable[[float], float], metres: float) -> float:
    low, high = 0.0, 1.0
    while place(high) < metres:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if place(middle) < metres else (low, middle)
    return (low + high) / 2.0


def _mechanics(
    speed: Callable[[float], float], mss: float, tau: float, mass: float, height: float, end: float
) -> dict[str, float]:
    """Force-velocity line and ratio of forces by METRICS.md 12: grid of 10 ms to the end, at most 5 tau."""
    points = math.floor(min(5.0 * tau, end) / 0.01 + 1e-9)
    v = np.array([speed(0.01 * i) for i in range(points + 1)])
    k = 0.5 * 1.293 * 273.0 / 293.0 * 0.2025 * height**0.725 * mass**0.425 * 0.266 * 0.9
    force = mass * (mss - v) / tau + k * v * v
    slope, f0 = np.polyfit(v, force, 1)
    ratio = 100.0 * force / np.sqrt(force**2 + (mass * 9.80665) ** 2)
    drf = np.polyfit(v[30:], ratio[30:], 1)[0]
    v0 = -f0 / slope
    return {"drag_constant": k, "F0": float(f0), "F0_per_kg": float(f0 / mass), "V0": float(v0),
            "Pmax": float(f0 * v0 / 4.0), "Pmax_per_kg": float(f0 * v0 / 4.0 / mass), "fv_slope": float(slope / mass),
            "RFmax": float(ratio[30:].max()), "DRF": float(drf)}  # fmt: skip
