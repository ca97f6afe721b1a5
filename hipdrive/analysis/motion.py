"""How a body moved, on the clock of the system that saw it: joint angles, points and centre of mass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hipdrive.trial import Floats, Locked, read_only


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion(Locked):
    """What one or more Tracks say of a body, in METRICS.md's frame (X forward, Y left, Z up) and angles.

    times : ndarray, shape (frames,), s, rising, on the clock `clock` (a name in `Trial.clocks`); may be uneven.
    angles : each of shape (frames,), degrees, unfiltered, NaN where unseen. A joint of one leg is `hip_angle_left`,
        `knee_angle_right`, `ankle_dorsiflexion_left`; segments are `trunk_lean`, `shin_angle_left` and so on.
        Included angles: 180 is straight.
    points : each of shape (frames, 3), m; an unknown dimension is NaN.
    com : ndarray, shape (frames, 3), m, from segments, or None.
    methods : how an angle, or "com", was made: `trunk_thigh`, `pelvis_thigh`, `segments_de_leva` and so on.
    """

    clock: str
    times: Floats
    angles: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    points: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    com: Floats | None = None
    methods: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Lock the arrays."""
        object.__setattr__(self, "times", read_only(self.times))
        for name in ("angles", "points"):
            held = {k: read_only(v) for k, v in getattr(self, name).items()}
            object.__setattr__(self, name, MappingProxyType(held))
        object.__setattr__(self, "methods", MappingProxyType(dict(self.methods)))
        if self.com is not None:
            object.__setattr__(self, "com", read_only(self.com))
