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
    "dj": (
        Phase("braking", "first_contact", "zero_velocity"),
        Phase("propulsion", "zero_velocity", "takeoff"),
        *_AFTER,
    ),
    "isometric": (Phase("pretension", "pretension_start", "iso_onset"), Phase("pull", "iso_onset", "pull_end")),
}
"""Test -> its phases in order (METRICS.md 3, 5, 8)."""
