"""What a repetition that contradicts itself leaves in doubt: the velocity that does not close, the heights that differ.

Velocity must be zero at the rest after the landing, and the two heights of one jump differ by its posture only. What
lies beyond that is an error nobody knows the place of; until a check names it, it is doubt of every velocity.
"""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.rep import Rep
from hipdrive.analysis.rest import rest_impulse
from hipdrive.analysis.signal import Floats, divided, zeroed

EXPECTED = 2.0
"""Standard uncertainties of the closing velocity that the inputs explain by themselves."""

SWAYED = 2.0
"""Standard uncertainties of rest at one end that both ends together leave, on the safe side (simulated)."""

POSTURE = -0.007, 0.025
"""m: what height by flight exceeds height by impulse by, through the landing's posture alone."""

HALF = 0.6
"""Standard uncertainty of a velocity by an error of one: u95 covers it, and some error of the inputs beside it."""


def closure_doubt(rep: Rep) -> Floats:
    """Standard uncertainty of velocity by what it misses zero by at the rest after landing, m/s; NaN without a rest."""
    impulse, duration = rest_impulse(rep)
    facts, mass = rep.facts, rep.mass[:, 0]
    weight_u = zeroed(facts.weight_u)
    noise = facts.noise**2 * duration * facts.block.dt
    # the athlete sways at both ends: neither is quite at rest
    ends = SWAYED * facts.start_u
    expected = EXPECTED * (np.sqrt((weight_u * duration) ** 2 + noise) / mass + ends)
    closing = np.abs(divided(impulse, mass))
    return HALF * np.where(np.isnan(closing), np.nan, np.sqrt(np.maximum(closing**2 - expected**2, 0.0)))


def height_doubt(rep: Rep) -> Floats:
    """Standard uncertainty of velocity by heights that no posture explains, m/s; zero where one is missing."""
    events = rep.facts.events
    by_flight = rep.g * (events["touchdown"] - events["takeoff"]) ** 2 / 8.0
    speed = rep.quantity("velocity", "takeoff")[:, 0]
    gap = by_flight - speed * np.abs(speed) / (2.0 * rep.g)
    beyond = np.maximum(np.maximum(POSTURE[0] - gap, gap - POSTURE[1]), 0.0)
    return HALF * zeroed(divided(beyond * rep.g, np.abs(speed)))
