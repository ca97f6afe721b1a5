"""The phases of each test: a name and the events between which it lies."""

from __future__ import annotations

from typing import NamedTuple


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
}
"""Test -> its phases in order (METRICS.md 3, 5, 6)."""
