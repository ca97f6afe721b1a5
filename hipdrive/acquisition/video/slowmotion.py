"""How many seconds of the world one second of a file is: slow motion, by what the camera wrote into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

CAPTURE, INTENT = "com.android.capture.fps", "com.apple.quicktime.full-frame-rate-playback-intent"
"""Frames a second that Android's camera took; and that a clip of Apple's keeps the true times: the player slows it."""

ALIKE = 0.9
"""Stored and captured rate belong to one speed from this ratio on: a nominal 30 is often 29.7."""


@dataclass(frozen=True)
class Scale:
    """factor : s of the world in one of the file; source : `stated`, `metadata` or `none`; capture_rate : Hz or NaN."""

    factor: float
    source: str
    capture_rate: float


def scale_of(metadata: Mapping[str, str], stored_rate: float, stated: float | None = None) -> Scale:
    """The time scale of a file whose frames follow at `stored_rate`, Hz.

    >>> scale_of({CAPTURE: "240.000000"}, 30.0)
    Scale(factor=0.125, source='metadata', capture_rate=240.0)
    >>> scale_of({}, 30.0, stated=0.25).source, scale_of({}, 30.0).source
    ('stated', 'none')
    """
    captured = _number(metadata.get(CAPTURE, ""))
    if stated is not None:
        return Scale(stated, "stated", captured)
    if math.isfinite(captured) and math.isfinite(stored_rate):
        ratio = stored_rate / captured
        return Scale(1.0 if ALIKE <= ratio <= 1.0 / ALIKE else ratio, "metadata", captured)
    return Scale(1.0, "metadata" if INTENT in metadata else "none", captured)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if 1.0 <= value <= 1e5 else math.nan
