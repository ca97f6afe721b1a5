"""The phases of each test: a name and the events between which it lies."""

from __future__ import annotations

from typing import NamedTuple

from hipdrive.results import Results


class Phase(NamedTuple):
    """One phase, half-open: [start, end)."""

    name: str
    start: str
    end: str


_AFTER = (Phase("flight", "takeoff", "touchdown"), Phase("landing", "touchdown", "landing_zero_velocity"))

PHASES: dict[str, tuple[Phase, ...]] = {
    "cmj": (
        Phase("unweighting", "onset", "peak_negative_velocity"),
        Phase("braking", "peak_negative_velocity", "zero_velocity"),
        Phase("propulsion", "zero_velocity", "takeoff"),
        *_AFTER,
    ),
    "sj": (Phase("propulsion", "onset", "takeoff"), *_AFTER),
    "dj": (
        Phase("braking", "first_contact", "zero_velocity"),
        Phase("propulsion", "zero_velocity", "takeoff"),
        *_AFTER,
    ),
}
"""Test -> its phases in order (METRICS.md 3, 5)."""


def phases_of(rep: Results) -> tuple[Phase, ...]:
    """The phases of a repetition as its profile divides it: braking may begin at the lowest force."""
    phases = PHASES.get(rep.test, ())
    if "braking_time" not in rep.columns.values or not rep["braking_time"].method.startswith(FROM_MIN):
        return phases
    begins = {"peak_negative_velocity": "force_min"}
    return tuple(Phase(one.name, begins.get(one.start, one.start), begins.get(one.end, one.end)) for one in phases)


FROM_MIN = "lowest_force"
"""Method of the numbers whose braking begins at the lowest force (`braking_rule`)."""
