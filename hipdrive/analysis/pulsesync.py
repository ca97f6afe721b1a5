"""The clock of a camera whose every exposure was stamped with the forces: pulses are matched to frames by count.

A frame's time is that of the middle of its exposure: the edge where it begins, and half of its length. Taking the edge
alone makes everything half an exposure early.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis import clocks
from hipdrive.analysis.instants import Instants, instants
from hipdrive.analysis.sync import Sync
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats, Trial

FEWEST = 3
"""Frames."""

ROUNDING = 0.35
"""Parts of an interval by which a frame's time may be off its place."""

DISTINCT = 4.0
"""Times worse that every other match has to be, where counts do not decide."""


def exposures(
    trial: Trial, frames: Floats, *, numbers: NDArray[np.int64] | None = None, exposure: float | None = None,
    camera: str | None = None, near: tuple[float, float] | None = None,
) -> Sync:  # fmt: skip
    """The clock map of a camera by the edges of its line (METRICS: `exposure`).

    Parameters
    ----------
    frames : ndarray, shape (n,), s, times of the frames on the clip's clock. They may jitter: `Sync.times` holds the
        exact middle of each exposure of the first row, on the force clock.
    numbers : of the frames (block ids), by which lost ones are told; else by their times.
    exposure : of a row, s, where the rig does not say it. camera : which one, where there are several.
    near : offset and by how much it may be wrong, s, where there are more pulses than frames.

    Raises
    ------
    HipdriveError : no pulses, no length of exposure, or more than one way to match.
    """
    pulses = _pulses(trial, camera)
    width = exposure if exposure is not None else pulses.width
    where = trial.file or "trial"
    if not math.isfinite(width) or width < 0.0:
        raise UsageError("sync_no_width", f"{where}: the exposures of {pulses.name!r} have no length, so their "
                         "middle is not known: add exposure_ms to the camera in the rig file, or give --exposure"
                         )  # fmt: skip
    if len(frames) < FEWEST or len(pulses.times) < FEWEST:
        raise HipdriveError("sync_short", f"{where}: {len(frames)} frames and {len(pulses.times)} pulses of "
                            f"{pulses.name!r} are too few to match")  # fmt: skip
    places = _places(frames, numbers)
    middles = pulses.times + 0.5 * width
    shift = _shift(places, frames, middles, near, f"{where}: camera {pulses.name!r}")
    inside = (places + shift >= 0) & (places + shift < len(middles))
    at, exact = frames[inside], middles[places[inside] + shift]
    slope, offset = np.polyfit(at - at[0], exact - at, 1)
    residual = exact - at - (offset + slope * (at - at[0]))
    rms = float(np.sqrt(np.mean(residual**2)))
    error = np.full(len(at), max(rms, 1e-9))
    lost = int(places[-1]) + 1 - len(places)
    times = middles[np.clip(places + shift, 0, len(middles) - 1)]
    return clocks.joined(at, exact - at, error, clocks.EXPOSURE, span=(float(frames[0]), float(frames[-1])), rms=rms,
                         floor=pulses.u95 / COVERAGE, prior=1e-3, times=np.where(inside, times, np.nan),
                         residual=residual, notes=(f"lost_frames {lost}",) if lost else ())  # fmt: skip


def _pulses(trial: Trial, camera: str | None) -> Instants:
    found = {name: one for name, one in instants(trial).items() if one.kind == "exposure"}
    where = trial.file or "trial"
    if not found:
        raise HipdriveError("sync_no_pulses", f"{where}: no line of a camera was recorded with the forces: wire its "
                            "exposure signal to a counter, and add it to [[cameras]] of the rig file")  # fmt: skip
    if camera is None and len(found) > 1:
        raise UsageError("sync_camera", f"{where}: there are lines of {', '.join(found)}; say which is this camera's")
    name = camera if camera is not None else next(iter(found))
    if name not in found:
        raise UsageError("sync_camera", f"{where}: there is no line of a camera {name!r}; there is {', '.join(found)}")
    if not math.isfinite(found[name].u95):
        raise HipdriveError("sync_elsewhere", f"{where}: the line of {name!r} was stamped by a device whose clock is "
                            "not that of the plates: wire it to the plates' device")  # fmt: skip
    return found[name]


def _places(frames: Floats, numbers: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """How many exposures after the first each frame is."""
    if numbers is not None:
        if len(numbers) != len(frames) or (np.diff(numbers) <= 0).any():
            raise UsageError("sync_numbers", f"{len(numbers)} frame numbers for {len(frames)} frames: give one for "
                             "each, rising")  # fmt: skip
        return np.asarray(numbers - numbers[0], dtype=np.int64)
    steps = np.diff(frames)
    usual = float(np.median(steps))
    parts = steps / usual
    if usual <= 0.0 or (np.abs(parts - np.round(parts)) > ROUNDING).any() or (np.round(parts) < 1).any():
        raise HipdriveError("sync_uneven", "the times of the frames are too uneven to tell how many were lost: give "
                            "the frames' numbers")  # fmt: skip
    return np.asarray(np.r_[0, np.cumsum(np.round(parts).astype(np.int64))], dtype=np.int64)


def _shift(
    places: NDArray[np.int64], frames: Floats, middles: Floats, near: tuple[float, float] | None, where: str
) -> int:
    """The pulse of the first frame.

    Raises
    ------
    HipdriveError : there are other numbers of pulses than of frames, and nothing else decides.
    """
    total, pulses = int(places[-1]) + 1, len(middles)
    if near is None and pulses == total:
        return 0
    tried = np.arange(-(total - FEWEST), pulses - FEWEST + 1) if near is not None else np.arange(
        min(0, pulses - total), max(0, pulses - total) + 1)  # fmt: skip
    scores = []
    for shift in tried:
        inside = (places + shift >= 0) & (places + shift < pulses)
        if inside.sum() < FEWEST:
            continue
        gap = middles[places[inside] + shift] - frames[inside]
        if near is None or abs(float(np.median(gap)) - near[0]) <= near[1]:
            scores.append((float(np.std(gap)), int(shift)))
    if not scores:
        raise HipdriveError("sync_misfit", f"{where}: no pulse is near the offset of {near[0] if near else 0.0:g} s "
                            "that was given")  # fmt: skip
    scores.sort()
    if len(scores) > 1 and scores[1][0] < DISTINCT * max(scores[0][0], 1e-5):
        raise HipdriveError("sync_ambiguous", f"{where}: {pulses} pulses and {total} frames (lost ones included) can "
                            f"be matched in {len(scores)} ways: start the camera after the recording, and stop it "
                            "before, or give an offset to within a frame")  # fmt: skip
    return scores[0][1]
