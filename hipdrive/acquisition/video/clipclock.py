"""The clock of a clip: everything in it by which it can be brought to the forces, and the best of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from hipdrive.acquisition.video import cameralog
from hipdrive.analysis.choose import Chosen, Evidence, best
from hipdrive.analysis.instants import instants
from hipdrive.analysis.kinematics import motion_of
from hipdrive.analysis.ledsync import Brightness
from hipdrive.analysis.pixelsync import PIXELS, heights_px
from hipdrive.analysis.viewed import viewed
from hipdrive.errors import HipdriveError
from hipdrive.trial import Footage, Signal, Track, Trial

SOUNDS = ("chirp", "clap")

NAME = "simulated"
"""Of the camera that has no line to the plates."""


def chosen(trial: Trial, track: Track, footage: Footage, sound: str = "", *, only: str = "") -> Chosen:
    """The best clock map between a clip and the forces of a trial, or that of one way (`choose.ORDER`).

    sound : `chirp` or `clap`, where somebody says that there is one in both.

    Raises
    ------
    HipdriveError : there is none, with the reason of each way.
    """
    path = Path(footage.file)
    log = _log(path, footage)
    exposure = _number(footage.about.get("exposure_ms"))
    if log is not None and np.isfinite(log.exposure).any():
        exposure = 1e3 * float(np.nanmedian(log.exposure))
    return best(trial, Evidence(
        frames=None if log is not None and log.facts.get("name") == NAME else footage.times,
        near=_near(trial, log), numbers=None if log is None or not log.facts.get("numbered") else log.numbers,
        camera=_camera(trial, path), exposure=1e-3 * exposure if exposure > 0.0 else None,
        lamp=_lamp(trial, path, footage), **_moving(track, footage),
        sound=_sound(path, footage) if sound else None, sound_kind=sound,
    ), only=only)  # fmt: skip


def _log(path: Path, footage: Footage) -> cameralog.CameraLog | None:
    """What the camera said of each frame, where hipdrive recorded the clip."""
    file = cameralog.beside(path)
    if not file.is_file():
        return None
    try:
        log = cameralog.read_log(file)
    except HipdriveError:
        return None
    whole = log.sha256 in ("", footage.sha256) and len(log.times) == len(footage.times)
    return log if whole else None


def _near(trial: Trial, log: cameralog.CameraLog | None) -> tuple[float, float] | None:
    """Roughly where the clip lies, by when its pictures and the samples arrived at this computer."""
    if log is None:
        return None
    try:
        offset, wrong = cameralog.near(trial, log)
    except HipdriveError:
        return None
    return offset, wrong


def _camera(trial: Trial, path: Path) -> str | None:
    """The camera of the rig that filmed this, where its name is in that of the clip or there is only one."""
    names = [name for name, one in instants(trial).items() if one.kind == "exposure"]
    return next((name for name in names if path.stem.endswith(f".{name}")), names[0] if len(names) == 1 else None)


def _lamp(trial: Trial, path: Path, footage: Footage) -> Brightness | None:
    """The brightness of the lamp that was recorded with the forces, where it is seen."""
    from hipdrive.acquisition.video import lampseen
    from hipdrive.acquisition.video.clip import Clip

    if not any(one.kind == "lamp" for one in instants(trial).values()):
        return None
    box, readout = footage.about.get("lamp"), _number(footage.about.get("readout_ms"))
    shift = float(footage.times[0])
    try:
        with Clip(path, scale_of(footage.about)) as clip:
            shift -= float(clip.times[0])
            place = _box(box) or lampseen.find(clip.frames())
            found = lampseen.brightness(clip.frames(), place, 1e-3 * readout, clip.size[1])
    except HipdriveError:
        return None
    return Brightness(times=found.times + shift, values=found.values, clipped=found.clipped)


def _box(told: Any) -> tuple[float, float, float, float] | None:
    """A box as a clip tells it; None where it is none."""
    if not isinstance(told, list | tuple) or len(told) != 4:
        return None
    left, top, width, height = (_number(one) for one in told)
    return (left, top, width, height) if width > 0.0 and height > 0.0 else None


def _number(told: Any) -> float:
    """A number as a clip tells it; 0 where it is none."""
    known = isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told)
    return float(told) if known else 0.0


def scale_of(about: Any) -> float | None:
    """The time scale of a clip; None where it tells none that can be."""
    scale = _number(about.get("time_scale"))
    return scale if 1e-3 <= scale <= 1e3 else None


def _moving(track: Track, footage: Footage) -> dict[str, Any]:
    """The body as evidence: in metres by the plate that was clicked, else the height of its middle in pixels."""
    (there,) = viewed((track,), (footage,))
    try:
        if there.unit == PIXELS:
            times, heights = heights_px(there)
            return {"heights": (times, heights)} if np.isfinite(heights).any() else {}
        found = motion_of(there)
    except HipdriveError:
        return {}
    return {"motion": found} if found.com is not None else {}


def _sound(path: Path, footage: Footage) -> Signal | None:
    from hipdrive.acquisition.video.clip import Clip

    try:
        with Clip(path, scale_of(footage.about)) as clip:
            return clip.sound()
    except HipdriveError:
        return None
