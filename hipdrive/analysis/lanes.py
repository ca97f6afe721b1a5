"""What a picture of hip drive shows, as plain facts: hip, knee and ankle as lanes in time, and their order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hipdrive.analysis.body import JOINTS
from hipdrive.results import Value


@dataclass(frozen=True)
class Lane:
    """One joint's extension: onset, peak and end, s, each with its u95 or the reason why it has none."""

    joint: str
    onset: Value
    peak: Value
    end: Value
    speed: Value

    @property
    def there(self) -> bool:
        """Whether anything of it has a time."""
        return any(math.isfinite(one.value) for one in (self.onset, self.peak, self.end))


@dataclass(frozen=True)
class Lanes:
    """The lanes of one repetition from the hip down, and how they follow one another."""

    lanes: tuple[Lane, ...]
    sequence: Value
    delays: Mapping[str, Value]

    @property
    def there(self) -> bool:
        """Whether a lane has anything to show."""
        return any(lane.there for lane in self.lanes)


DELAYS = ("hip_knee_delay", "knee_ankle_delay", "onset_sequence_hip_knee")


def lanes(values: Mapping[str, Value], leg: str = "") -> Lanes | None:
    """The lanes in the numbers of a repetition or a movement, of both legs or of one; None where it was not seen."""
    end = f"_{leg}" if leg else ""
    if f"hip_extension_onset{end}" not in values:
        return None
    made = tuple(
        Lane(joint, *(values[f"{joint}_{part}{end}"] for part in
                      ("extension_onset", "peak_extension_velocity_time", "extension_end", "peak_extension_velocity")))
        for joint in JOINTS
    )  # fmt: skip
    return Lanes(made, values["pd_sequence_class"], {name: values[f"{name}{end}"] for name in DELAYS})


SAID = {
    "proximal_to_distal": "hip, knee, ankle: one after the other, from the hip down",
    "distal_first": "ankle, knee, hip: from the ankle up",
    "simultaneous": "at least two neighbouring joints are fastest together, as far as these data can tell",
    "mixed": "neither from the hip down nor from the ankle up: the knee is fastest first or last",
}
"""The order of the fastest extensions in words."""


def verdict(sequence: Value) -> str:
    """The order in words, or why it cannot be told.

    >>> verdict(Value(0.0, "class", label="simultaneous"))
    'at least two neighbouring joints are fastest together, as far as these data can tell'
    """
    if sequence.label is not None:
        return SAID[sequence.label]
    return sequence.why or ""
