"""Facts of one timed run: what a pair of gates, a radar, a laser or a camera saw of a sprint, SI, read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from hipdrive.trial import Floats, Locked, lock

SPLITS, VELOCITY, POSITIONS = "splits", "velocity", "positions"
KINDS = (SPLITS, VELOCITY, POSITIONS)
"""Times at gates; velocity over time (radar, laser, video); distance over time (laser, video)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TimedRun(Locked):
    """One sprint of one athlete.

    time : ndarray, shape (n,), s, on the record's own clock.
    value : ndarray, shape (n,); of splits and positions the distance from the first line or from the device, m; of a
        velocity record the velocity, m/s.
    mass, height : kg and m; None where nobody said.
    truth : of a simulated sprinter, field -> exact value.
    """

    kind: str
    time: Floats
    value: Floats
    athlete: str = ""
    mass: float | None = None
    height: float | None = None
    file: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()
    truth: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Keep plain arrays of one length; what they say is judged by the analysis."""
        if self.kind not in KINDS:
            raise ValueError(f"a timed run is one of {', '.join(KINDS)}, not {self.kind!r}")
        for name in ("time", "value"):
            values = np.array(getattr(self, name), dtype=float)
            lock(values)
            object.__setattr__(self, name, values)
        if self.time.ndim != 1 or self.time.shape != self.value.shape:
            raise ValueError("time and value of a timed run are two arrays of one length")

    @property
    def rate(self) -> float:
        """Samples a second, NaN for splits."""
        if self.kind == SPLITS or len(self.time) < 2:
            return math.nan
        return float(1.0 / np.median(np.diff(self.time)))
