"""The best clock map that a clip and a recording allow, and why there is no better one.

Order: the camera's own line, a coded lamp, the centre of mass, a chirp, a clap, an offset that somebody measured. What
was there but did not work is not passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis import clocks, sync
from hipdrive.analysis.ledsync import Brightness, led
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.pixelsync import match_px
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.pulsesync import exposures
from hipdrive.analysis.soundsync import sound
from hipdrive.analysis.sync import Sync
from hipdrive.errors import HipdriveError
from hipdrive.trial import Floats, Signal, Trial

ORDER = (clocks.EXPOSURE, clocks.LED, sync.COM, clocks.CHIRP, clocks.CLAP, sync.MANUAL)
"""Methods, best first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What a clip holds that also the recording may hold; None where it was not looked for or is not there.

    frames : ndarray, shape (n,), s on the clip's clock, middle of the exposure of the first row; numbers : of them.
    near : offset and by how much it may be wrong, s, where that is roughly known.
    camera : its name in the rig. exposure : of a row, s. lamp : its brightness. motion : of the body, metres.
    heights : times, s, and height of the centre of mass, px upwards, where the view has no metres.
    sound, sound_kind : of the clip, and `chirp` or `clap`; skew, skew_u95, distance : see `soundsync.sound`.
    given : offset and 95 % uncertainty that somebody measured, s.
    """

    frames: Floats | None = None
    numbers: NDArray[np.int64] | None = None
    near: tuple[float, float] | None = None
    camera: str | None = None
    exposure: float | None = None
    lamp: Brightness | None = None
    motion: Motion | None = None
    heights: tuple[Floats, Floats] | None = None
    sound: Signal | None = None
    sound_kind: str = ""
    skew: float = 0.0
    skew_u95: float = 0.020
    distance: float = 0.0
    given: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """The map that counts, and why the ways that are better are not taken: (method, sentence) of each."""

    sync: Sync
    passed: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        """The way that was taken."""
        return self.sync.clock.method

    @property
    def said(self) -> str:
        """In a sentence or two.

        >>> Chosen(sync=sync.given(0.5, 0.004), passed=()).said
        'manual: offset 0.5000 s ± 4.00 ms'
        """
        head = f"{self.method}: offset {self.sync.clock.offset:.4f} s ± {1e3 * self.sync.u95:.2f} ms"
        return "; ".join([head, *(f"not {method}: {why}" for method, why in self.passed)])


def best(trial: Trial, seen: Evidence, profile: Profile | None = None, *, only: str = "") -> Chosen:
    """The best clock map there is, or that of one way only.

    Raises
    ------
    HipdriveError : there is none, with the reason of each way.
    """
    passed: list[tuple[str, str]] = []
    for method in (only,) if only else ORDER:
        missing = _missing(method, seen)
        if missing:
            passed.append((method, missing))
            continue
        try:
            return Chosen(sync=_tried(method, trial, seen, profile)(), passed=tuple(passed))
        except HipdriveError as why:
            passed.append((method, str(why)))
    raise HipdriveError("sync_none", f"{trial.file or 'trial'}: nothing brings clip and forces together; " + "; ".join(
        f"{method}: {why}" for method, why in passed))  # fmt: skip


def _missing(method: str, seen: Evidence) -> str:
    """Why the clip cannot be brought in by a method, or ""."""
    if method == clocks.EXPOSURE:
        return "" if seen.frames is not None else "the times of the frames are not known"
    if method == clocks.LED:
        return "" if seen.lamp is not None else "no lamp was found in the clip"
    if method == sync.COM:
        return "no body was tracked in the clip" if seen.motion is None and seen.heights is None else ""
    if method in (clocks.CHIRP, clocks.CLAP):
        if seen.sound is None:
            return "the clip has no sound"
        return "" if seen.sound_kind == method else f"nobody said that there is a {method} in the sound"
    return "" if seen.given is not None else "nobody gave an offset"


def _tried(method: str, trial: Trial, seen: Evidence, profile: Profile | None) -> Callable[[], Sync]:
    """A method with what it needs."""
    if method == clocks.EXPOSURE:
        assert seen.frames is not None
        frames = seen.frames
        return lambda: exposures(trial, frames, numbers=seen.numbers, exposure=seen.exposure, camera=seen.camera,
                                 near=seen.near)  # fmt: skip
    if method == clocks.LED:
        assert seen.lamp is not None
        lamp = seen.lamp
        return lambda: led(trial, lamp, exposure=seen.exposure)
    if method == sync.COM:
        if seen.motion is not None:
            motion = seen.motion
            return lambda: sync.match(trial, motion, profile)
        assert seen.heights is not None
        times, heights = seen.heights
        return lambda: match_px(trial, times, heights, profile)
    if method == sync.MANUAL:
        assert seen.given is not None
        offset, u95 = seen.given
        return lambda: sync.given(offset, u95)
    assert seen.sound is not None
    heard = seen.sound
    return lambda: sound(trial, heard, kind=method, skew=seen.skew, skew_u95=seen.skew_u95, distance=seen.distance)
