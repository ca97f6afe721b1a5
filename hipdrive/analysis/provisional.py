"""Edges and numbers of a jump that has only just happened, from the last seconds of force.

The edges are those of `events`; the numbers are METRICS.md's, provisional until `analyse` has seen the closed trial.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis import events
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rolling import Tail
from hipdrive.analysis.signal import Block, Floats
from hipdrive.errors import sentence
from hipdrive.results import Value

FORCE, TOTAL = range(2)
"""Rows of the sample memory: force N, and its integral up to this sample, N*s."""

COVERAGE = 1.96


@dataclass(frozen=True)
class Edge:
    """Where force leaves or meets the plate: position in samples, standard uncertainty in s; NaN where unknown."""

    at: float = math.nan
    u: float = math.nan

    @property
    def found(self) -> bool:
        """Whether there is one."""
        return math.isfinite(self.at)


@dataclass(frozen=True)
class Empty:
    """An unloaded stretch: level and noise of the plate in its middle, N."""

    level: float
    noise: float


def needed(rate: float, profile: Profile) -> int:
    """Samples after a touchdown, or before a take-off, that its edge is judged by."""
    return 2 + max(5, round(2 * profile.edge_window * rate), round(events.TAKEOFF_FIT * rate))


def empty(samples: Tail, start: int, end: int, rate: float, profile: Profile) -> Empty:
    """Level and noise of an unloaded stretch without its first and last fifth, as in `segment`."""
    length = end - start
    kept = max(length - 2 * math.floor(profile.flight_trim * length), min(length, round(0.05 * rate)))
    first = start + (length - kept) // 2
    force = samples.between(first, first + kept)[FORCE]
    if len(force) < 2:
        return Empty(math.nan, math.nan)
    return Empty(float(force.mean()), float(force.std(ddof=1)))


def takeoff(samples: Tail, start: int, seen: Empty, rate: float, profile: Profile) -> Edge:
    """Take-off, where force fell below a quarter of the weight at sample `start`."""
    block, begin = _window(samples, start, rate, profile)
    level, noise = np.array([seen.level]), np.array([seen.noise])
    record = np.zeros(1, dtype=np.int64)
    return _edge(events.takeoff_edge(block, record, np.array([start - begin]), level, noise, profile), begin)


def touchdown(samples: Tail, end: int, seen: Empty, rate: float, profile: Profile, fixed: float | None = None) -> Edge:
    """Touchdown, where force first exceeded a quarter of the weight at sample `end`."""
    block, begin = _window(samples, end, rate, profile)
    level, noise = np.array([seen.level]), np.array([seen.noise])
    record, at = np.zeros(1, dtype=np.int64), np.array([end - begin])
    return _edge(events.touchdown_edge(block, record, at, level, noise, profile, fixed=fixed), begin)


def _window(samples: Tail, at: int, rate: float, profile: Profile) -> tuple[Block, int]:
    """The samples around an edge as a block of one record, and which the first of them is."""
    reach = round(events.EDGE_SEARCH * rate) + needed(rate, profile) + round(events.OUTWARDS * rate) + 4
    begin = max(at - reach, samples.begin, 0)
    force = samples.between(begin, at + reach)[FORCE]
    return Block(force[np.newaxis].copy(), (), (), np.array([len(force)]), rate), begin


def _edge(found: events.Instants, begin: int) -> Edge:
    return Edge(float(found.at[0]) + begin, float(found.u[0]))


def integral(samples: Tail, at: float, rate: float) -> float:
    """The force's integral up to an instant between the samples, N*s; NaN where it is no longer, or not yet, held."""
    if not math.isfinite(at):
        return math.nan
    first = math.floor(at)
    held: Floats = samples.between(first, first + 2)
    if first < samples.begin or held.shape[1] < 2:
        return math.nan
    part = at - first
    here, there = float(held[FORCE, 0]), float(held[FORCE, 1])
    return float(held[TOTAL, 0]) + (here + 0.5 * part * (there - here)) * part / rate


def missing(unit: str, code: str) -> Value:
    """A number that is not there, and why."""
    return Value(math.nan, unit, why=sentence(code), code=code)


def flight_numbers(leave: Edge, land: Edge, rate: float, g: float) -> dict[str, Value]:
    """Flight time and the height that it stands for."""
    time = (land.at - leave.at) / rate
    u = COVERAGE * math.hypot(leave.u, land.u)
    return {
        "flight_time": Value(time, "s", u, "contact_edges"),
        "jump_height_ft": Value(g * time * time / 8.0, "m", g * time / 4.0 * u, "flight_time"),
    }


def contact_numbers(contact: Edge, leave: Edge, flight: Mapping[str, Value], rate: float) -> dict[str, Value]:
    """Contact time, and reactive strength once the flight is known."""
    if not contact.found:
        return {name: missing(unit, "no_first_contact")
                for name, unit in (("contact_time", "s"), ("rsi_jh", "m/s"), ("rsi_ft", "1"))}  # fmt: skip
    time = (leave.at - contact.at) / rate
    u = COVERAGE * math.hypot(leave.u, contact.u)
    found = {"contact_time": Value(time, "s", u, "contact_edges")}
    for name, over, unit in (("rsi_jh", "jump_height_ft", "m/s"), ("rsi_ft", "flight_time", "1")):
        if over in flight:
            ratio = flight[over].value / time
            doubt = ratio * math.hypot(flight[over].u95 / flight[over].value, u / time)
            found[name] = Value(ratio, unit, doubt, f"{over}/contact_time")
    return found


def impulse_numbers(speed: float, weight: float, g: float, method: str) -> dict[str, Value]:
    """Take-off velocity and the height that it stands for."""
    return {
        "takeoff_velocity": Value(speed, "m/s", method=method),
        "jump_height_tov": Value(max(speed, 0.0) ** 2 / (2.0 * g), "m", method="takeoff_velocity"),
        "system_weight": Value(weight, "N", method="weighing"),
    }


def drop_numbers(down: float, g: float, method: str) -> dict[str, Value]:
    """Velocity at first contact (negative) and the height fallen."""
    if not down < 0.0:
        return {"touchdown_velocity": missing("m/s", "undefined"), "drop_height": missing("m", "undefined")}
    return {
        "touchdown_velocity": Value(down, "m/s", method=method),
        "drop_height": Value(down * down / (2.0 * g), "m", method=method),
    }
