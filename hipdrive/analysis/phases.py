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
    "cmj_rebound": (
        Phase("unweighting", "onset", "peak_negative_velocity"),
        Phase("braking", "peak_negative_velocity", "zero_velocity"),
        Phase("propulsion", "zero_velocity", "takeoff"),
        Phase("flight", "takeoff", "touchdown"),
        Phase("braking", "touchdown", "rebound_zero_velocity"),
        Phase("propulsion", "rebound_zero_velocity", "rebound_takeoff"),
        Phase("flight", "rebound_takeoff", "rebound_touchdown"),
        Phase("landing", "rebound_touchdown", "landing_zero_velocity"),
    ),
    "hops": (
        Phase("braking", "first_contact", "zero_velocity"),
        Phase("propulsion", "zero_velocity", "takeoff"),
        Phase("flight", "takeoff", "touchdown"),
    ),
    "dj": (
        Phase("braking", "first_contact", "zero_velocity"),
        Phase("propulsion", "zero_velocity", "takeoff"),
        *_AFTER,
    ),
    "landing": (
        Phase("flight", "takeoff", "touchdown"),
        Phase("impact", "touchdown", "landing_zero_velocity"),
        Phase("stabilisation", "landing_zero_velocity", "stabilisation"),
    ),
    "balance": (Phase("stance", "stance_start", "stance_end"),),
    "block_start": (
        Phase("reaction", "gun", "push_onset"),
        Phase("both feet", "push_onset", "rear_exit"),
        Phase("front foot", "rear_exit", "front_exit"),
    ),
    "steps": (Phase("contact", "first_contact", "takeoff"), Phase("flight", "takeoff", "next_contact")),
    "isometric": (Phase("pretension", "pretension_start", "iso_onset"), Phase("pull", "iso_onset", "pull_end")),
}
"""Test -> its phases in order (METRICS.md 3, 4, 5, 6, 8, 9, 10, 11)."""


def phases_of(rep: Results) -> tuple[Phase, ...]:
    """The phases of a repetition as its profile divides it: braking may begin at the lowest force."""
    phases = PHASES.get(rep.test, ())
    if "braking_time" not in rep.columns.values or not rep["braking_time"].method.startswith(FROM_MIN):
        return phases
    begins = {"peak_negative_velocity": "force_min"}
    return tuple(Phase(one.name, begins.get(one.start, one.start), begins.get(one.end, one.end)) for one in phases)


FROM_MIN = "lowest_force"
"""Method of the numbers whose braking begins at the lowest force (`braking_rule`)."""
