"""What is known of repetitions of one test before any metric, and why what is missing is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hipdrive.analysis.locate import Located
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Block, Bools, Floats, Ints
from hipdrive.errors import REASONS

CODES = ("", *REASONS)
"""Reason codes by number; 0 is none. Rows carry numbers, people get sentences."""

NUMBER = {code: i for i, code in enumerate(CODES)}

TIERS = ("two_plate", "backward_integration", "flight_anchored", "box_height", "none", "continuous_integration",
         "two_flights")  # fmt: skip
"""Ways to the touchdown velocity of a drop jump, the best first (METRICS.md 5); of a rebound; of a hop (6)."""

TWO_PLATE, BACKWARD, FLIGHT_ANCHORED, BY_BOX, NO_TIER, CONTINUOUS, TWO_FLIGHTS = range(7)


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of n repetitions of one test before any metric: all arrays (n,) unless said otherwise.

    events : time s of each measured event, with u (standard uncertainty, s) and bias (one-sided bound, s).
    reasons : why an event or the weight is missing, as code numbers; absent where nothing is missing.
    anchor, anchor_velocity : time s and velocity m/s from which velocity is known; start_u its uncertainty.
    anchor_at : the event that the anchor is, "" where it is none. tier : of the touchdown velocity of a drop jump,
    index into TIERS; rows anchored to the flight leave with half its velocity, rows between two flights also arrive
    with half that of the first (`previous_takeoff` begins it). tail : s that lengthen the noise's
    random walk (METRICS.md 20, T_w / 12).
    In a landing FLIGHT_ANCHORED is the flight before it.
    start_weight : N by which the weight is less where the velocity at the anchor is more by start_u (sway).
    drift, drift_u : of the zero, N/s, as far as the record shows it, and its standard uncertainty; it turns about
    weighed_at and zeroed_at, s, where the weight and the zero were taken.
    load : kg carried, part of the weight.
    origin : event at which displacement is zero. plate_zero, plate_noise : zero level and SD of each
    foot's plate in the flight, N.
    """

    block: Block
    record: Ints
    test: str
    profile: Profile
    zero: Floats
    level: Floats
    noise: Floats
    zero_u: Floats
    weight: Floats
    weight_u: Floats
    events: Mapping[str, Floats]
    u: Mapping[str, Floats]
    bias: Mapping[str, Floats]
    reasons: Mapping[str, Ints]
    anchor: Floats
    anchor_at: str
    anchor_velocity: Floats
    start_u: Floats
    start_weight: Floats
    drift: Floats
    drift_u: Floats
    weighed_at: Floats
    zeroed_at: Floats
    tail: Floats
    origin: str
    located: Located
    plate_zero: Mapping[str, Floats]
    plate_noise: Mapping[str, Floats]
    box_height: Floats
    given_weight: Floats
    load: Floats
    tier: Ints
    two_plate_velocity: Floats

    @property
    def drift_seen(self) -> Floats:
        """Drift in its own standard uncertainties, (n,); 0 where a test has none."""
        return np.divide(self.drift, self.drift_u, out=np.zeros(len(self.drift)), where=self.drift_u > 0.0)

    def where(self, keep: Bools) -> Facts:
        """Some of the repetitions."""
        changes: dict[str, Any] = {}
        for field in fields(self):
            part = getattr(self, field.name)
            if isinstance(part, np.ndarray):
                changes[field.name] = part[keep]
            elif isinstance(part, Mapping):
                changes[field.name] = {name: values[keep] for name, values in part.items()}
        return replace(self, located=self.located.where(keep), **changes)


def no_drift(n: int) -> dict[str, Floats]:
    """What facts say of drift and shared sway where a record gives no baseline to see them against."""
    return {name: np.zeros(n) for name in ("start_weight", "drift", "drift_u", "weighed_at", "zeroed_at")}


def even(noise: Floats) -> dict[str, Floats]:
    """The noise of each foot's plate, where nothing tells them apart."""
    return {side: noise / np.sqrt(2.0) for side in ("left", "right")}
