"""What happens on the plates as occasions for a sound, a light or a digital line; and what each is told by.

Some last (contact, flight, ready), the others are moments. The one table `SIGNALS` says how each sounds and looks;
which line follows which occasion stands in the rig (`[[outputs]]`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hipdrive.analysis.said import ARMED, CONTACT, EMPTY, FLIGHT, LANDED

LASTS: Mapping[str, tuple[str, ...]] = {"contact": (CONTACT, LANDED), "flight": (FLIGHT,), "ready": (ARMED,)}
"""What lasts, and in which states of the detector."""

TOUCHDOWN, TAKEOFF, TARGET, REST_OVER, FAULT = "touchdown", "takeoff", "target", "rest_over", "fault"

Note = tuple[float, float]
"""Hz and s."""


@dataclass(frozen=True)
class Occurred:
    """An occasion at a sample. active : whether what lasts has begun or ended; None of a moment."""

    sample: int
    name: str
    active: bool | None = None


@dataclass(frozen=True)
class Signal:
    """How an occasion is told: notes one after the other, a sign and a word in a colour by role, for some seconds.

    Each has a sign and a word of its own, so that nobody has to tell colours apart. look : of the window's theme.
    """

    notes: tuple[Note, ...]
    sign: str
    word: str
    look: str
    seconds: float


SIGNALS: Mapping[str, Signal] = {
    TOUCHDOWN: Signal(((880.0, 0.06),), "▼", "Contact", "accent", 0.25),
    TAKEOFF: Signal(((1320.0, 0.06),), "▲", "Flight", "lift", 0.25),
    TARGET: Signal(((1047.0, 0.12), (1568.0, 0.25)), "★", "Target", "good", 1.5),
    REST_OVER: Signal(((660.0, 0.12), (0.0, 0.08), (660.0, 0.30)), "▶", "Go", "good", 1.2),
    FAULT: Signal(((233.0, 0.50),), "✕", "Look at the screen", "bad", 2.0),
    "ready": Signal(((990.0, 0.12),), "●", "Ready", "accent", 0.5),
}
"""Occasion -> how it is told; the beginning of what lasts counts as a moment. What is not here has lines only."""


def of_state(sample: int, before: str, after: str) -> tuple[Occurred, ...]:
    """What a change of the detector's state means.

    >>> [(one.name, one.active) for one in of_state(0, "contact", "flight")]
    [('contact', False), ('flight', True), ('takeoff', None)]
    >>> [(one.name, one.active) for one in of_state(0, "flight", "landed")]
    [('contact', True), ('flight', False), ('touchdown', None)]
    """
    lasting = [Occurred(sample, name, after in states) for name, states in LASTS.items()
               if (before in states) != (after in states)]  # fmt: skip
    moments = []
    if after == FLIGHT and before != FLIGHT:
        moments.append(Occurred(sample, TAKEOFF))
    if after in (CONTACT, LANDED) and before in (EMPTY, FLIGHT):
        moments.append(Occurred(sample, TOUCHDOWN))
    return (*lasting, *moments)


def signal_of(one: Occurred) -> Signal | None:
    """How an occasion is told; None where it ends or only lines follow it."""
    return None if one.active is False else SIGNALS.get(one.name)
