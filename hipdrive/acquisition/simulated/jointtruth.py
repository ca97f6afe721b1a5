"""True numbers of a movement whose joint angles are known: the definitions of METRICS.md 13 on the polynomials.

An angle of the body as a whole is the mean of left and right. Times are seconds from the start of the movement's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PPoly
from scipy.optimize import brentq

from hipdrive.acquisition.simulated.joints import combine
from hipdrive.acquisition.simulated.motion import crossings, extreme
from hipdrive.acquisition.simulated.moving import Moving

Floats = NDArray[np.float64]

ONSET_SHARE, ONSET_LEAST, OVERLAP_LEVEL = 0.05, 20.0, 0.5
"""Extension begins at this share of its peak velocity, but at least this many deg/s; overlap is above this share."""

JOINTS = {"hip": ("hip_angle", 1.0), "knee": ("knee_angle", 1.0), "ankle": ("ankle_dorsiflexion", -1.0)}
"""Joint -> the angle it shows in, and the sign of its extension."""

FINE = 5e-4


def roots(function: Callable[[Floats], Floats], start: float, end: float) -> Floats:
    """Where a smooth function changes sign in (start, end), to rounding."""
    grid = np.linspace(start, end, max(3, int((end - start) / FINE)))
    values = function(grid)
    places = np.flatnonzero(values[1:] * values[:-1] < 0.0)
    return np.array([brentq(lambda t: float(function(np.array([t]))[0]), grid[k], grid[k + 1], xtol=1e-14)
                     for k in places])  # fmt: skip


def top(function: Callable[[Floats], Floats], start: float, end: float, sign: float = 1.0) -> tuple[float, float]:
    """Time and value of the largest (sign -1: smallest) value of a smooth function, by a fine grid narrowed twice."""
    for _ in range(4):
        grid = np.linspace(start, end, 801)
        best = int(np.argmax(sign * function(grid)))
        start, end = grid[max(best - 1, 0)], grid[min(best + 1, 800)]
    return float(grid[best]), float(function(grid[best : best + 1])[0])


def mean_of(moving: Moving, name: str) -> PPoly:
    """The mean of left and right."""
    return combine([(0.5, moving.angles[f"{name}_{side}"]) for side in ("left", "right")])


def extension(moving: Moving, joint: str, side: str = "") -> PPoly:
    """Extension velocity, deg/s: of one side, or of the mean of both."""
    name, sign = JOINTS[joint]
    angle = moving.angles[f"{name}_{side}"] if side else mean_of(moving, name)
    return combine([(sign, angle)]).derivative()


def truth(moving: Moving) -> tuple[dict[str, float], dict[str, float]]:
    """Values and event times, of the mean of both legs, and of each as `_left` and `_right`."""
    events, values = _forces(moving)
    for side in ("", "left", "right"):
        tail = f"_{side}" if side else ""
        told, times = _side(moving, side, events)
        values |= {f"{name}{tail}": value for name, value in told.items()}
        events |= {f"{name}{tail}": time for name, time in times.items()}
    if "arms" in moving.marks:
        swing = mean_of(moving, "shoulder_angle").derivative()
        when, values["arm_peak_velocity"] = extreme(swing, moving.marks["push"], moving.marks["pushed"])
        events["arm_peak_velocity_time"] = when
        values["arm_swing_lag"] = events["arm_peak_velocity_time"] - events["hip_peak_extension_velocity_time"]
    return values, events


def _forces(moving: Moving) -> tuple[dict[str, float], dict[str, float]]:
    """Events and numbers of the centre of mass and its force."""
    marks, weight = moving.marks, moving.mass * moving.g
    force: Callable[[Floats], Floats] = lambda t: np.asarray(moving.force(t).imag)  # noqa: E731
    speed: Callable[[Floats], Floats] = lambda t: np.asarray(moving.velocity(t).imag)  # noqa: E731
    events = {name: marks[name] for name in ("takeoff", "touchdown", "first_contact") if name in marks}
    values = {"system_weight": weight}
    first, last = marks.get("first_contact", marks["start"]), marks.get("takeoff", marks["pushed"])
    falling = top(speed, first, last, -1.0)[0]
    low = roots(speed, falling, last)
    if low.size and "held" not in marks:
        events["zero_velocity"] = float(low[0])
    begin = events.get("zero_velocity", marks["push"])
    events["peak_force_time"], values["peak_propulsive_force"] = top(force, begin, np.nextafter(last, begin))
    if "takeoff" in marks:
        v = float(speed(np.array([last - 1e-13]))[0])
        flight = marks["touchdown"] - last
        values |= {"takeoff_velocity": v, "jump_height_tov": v * v / (2.0 * moving.g), "flight_time": flight,
                   "jump_height_ft": moving.g * flight**2 / 8.0, "jump_momentum": moving.mass * v}  # fmt: skip
    if "first_contact" in marks:
        down = float(speed(np.array([first]))[0])
        values |= {"touchdown_velocity": down, "drop_height": down**2 / (2.0 * moving.g), "contact_time": last - first}
    return events, values


def _side(moving: Moving, side: str, events: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Onsets, peaks, delays and shares of one leg."""
    push, pushed = moving.marks["push"], moving.marks["pushed"]
    values: dict[str, float] = {}
    when: dict[str, float] = {}
    rates: dict[str, PPoly] = {}
    above: dict[str, tuple[float, float]] = {}
    for joint in JOINTS:
        rate = rates[joint] = extension(moving, joint, side)
        peak, size = extreme(rate, push, pushed)
        level = max(ONSET_SHARE * size, ONSET_LEAST)
        when[f"{joint}_peak_extension_velocity_time"] = peak
        values[f"{joint}_peak_extension_velocity"] = size
        rising = crossings(rate, level, 0.0, peak)
        if rising.size:
            when[f"{joint}_extension_onset"] = float(rising[-1])
        half = OVERLAP_LEVEL * size
        above[joint] = float(crossings(rate, half, 0.0, peak)[-1]), float(crossings(rate, half, peak, pushed + 1.0)[0])
    at = {joint: when[f"{joint}_peak_extension_velocity_time"] for joint in JOINTS}
    values["hip_knee_delay"], values["knee_ankle_delay"] = at["knee"] - at["hip"], at["ankle"] - at["knee"]
    if {"hip_extension_onset", "knee_extension_onset"} <= set(when):
        values["onset_sequence_hip_knee"] = when["knee_extension_onset"] - when["hip_extension_onset"]
        if "zero_velocity" in events:
            values["force_to_hip_onset"] = when["hip_extension_onset"] - events["zero_velocity"]
    (a, b), (c, d) = above["hip"], above["knee"]
    values["extension_overlap"] = 100.0 * max(0.0, min(b, d) - max(a, c)) / (max(b, d) - min(a, c))
    values |= _at_force(moving, side, events, rates)
    return values, when


def _at_force(moving: Moving, side: str, events: dict[str, float], rates: dict[str, PPoly]) -> dict[str, float]:
    """Angles and velocities at the events of the force."""
    begin = events.get("zero_velocity", moving.marks["push"])
    end = events.get("takeoff", moving.marks["pushed"])
    parts = {joint: _gained(rates[joint], begin, end) for joint in ("hip", "knee")}
    found: dict[str, Any] = {
        "hip_velocity_at_peak_force": float(rates["hip"](events["peak_force_time"])),
        "hip_drive_index": parts["hip"] / (parts["hip"] + parts["knee"]),
    }
    for joint, (name, _) in JOINTS.items():
        angle = moving.angles[f"{name}_{side}"] if side else mean_of(moving, name)
        if "zero_velocity" in events:
            found[f"{name}_at_zero_velocity"] = float(angle(events["zero_velocity"]))
        if "takeoff" in events:
            found["hip_extension_at_toeoff" if joint == "hip" else f"{name}_at_toeoff"] = float(angle(end))
            if joint == "hip":
                found["peak_hip_extension_toeoff_lag"] = extreme(angle, begin, moving.marks["pushed"])[0] - end
    return found


def _gained(rate: PPoly, start: float, end: float) -> float:
    """Integral of the positive part."""
    edges = np.r_[start, crossings(rate, 0.0, start, end), end]
    area = rate.antiderivative()
    gains = np.diff(area(edges))
    return float(gains[gains > 0.0].sum())
