"""Matching a centre of mass that is known in pixels only: the plates give the scale, and gravity checks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipdrive.analysis import sync
from hipdrive.analysis.kinematics import motion_of
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.plateheight import Plates, plates_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import Sync
from hipdrive.errors import HipdriveError, sentence
from hipdrive.trial import Floats, Track, Trial

PIXELS = "px"

OUTLIERS = 0.5
"""Percent of the heights at each end that may be wrong."""

REST = 0.4
"""s of stillness that end a movement."""

GUESSES = (1.0, 0.82, 1.22, 0.67)
"""Times the guessed scale: a clip may show more or less of the movement than the plates felt."""


Window = tuple[float, float]
"""s on the force's clock."""


def match_tracks(trial: Trial, tracks: Sequence[Track], *, window: Window | None = None) -> Sync:
    """The clock map by the centre of mass of tracks in metres or in pixels (`viewed`, where a plate was clicked).

    Raises
    ------
    HipdriveError : as `sync.match`. UsageError : as `motion_of`.
    """
    pixels = [one for one in tracks if one.unit == PIXELS]
    if not pixels:
        return sync.match(trial, motion_of(tracks), window=window)
    times, heights = heights_px(pixels[0])
    if not np.isfinite(heights).any():
        name = trial.file or "trial"
        raise HipdriveError("sync_no_com", f"{name}: {sentence('sync_no_com')}")
    return match_px(trial, times, heights, window=window)


def heights_px(track: Track) -> tuple[Floats, Floats]:
    """Times, s, and heights of the centre of mass, px upwards, of points in pixels; NaN where the body is not whole.

    Raises
    ------
    UsageError : as `motion_of`.
    """
    # whatever a pixel is, shares of segments and the plane are the same
    body = motion_of(replace(track, unit="m", sd=None))
    return body.times, np.full(len(body.times), np.nan) if body.com is None else np.asarray(body.com[:, 2])


def match_px(
    trial: Trial, times: Floats, heights: Floats, profile: Profile | None = None, *, window: Window | None = None
) -> Sync:  # fmt: skip
    """The clock map of a camera by heights of the centre of mass in pixels (upwards); `scale` is then px per metre.

    `sync.match` wants metres to 15 %. The height of the body by the plates and by the camera have one range, which says
    as much; what the match then finds by gravity is told.

    Raises
    ------
    HipdriveError : as `sync.match`.
    """
    p = profile or Profile()
    name = trial.file or "trial"
    rise = _rise(plates_of(trial, p.g))
    good = np.isfinite(heights)
    if rise <= 0.0 or good.sum() < 2:
        raise HipdriveError("sync_flat", f"{name}: {sentence('sync_flat')}")
    low, high = np.percentile(heights[good], (OUTLIERS, 100.0 - OUTLIERS))
    guess = float(high - low) / rise
    first: HipdriveError | None = None
    for factor in GUESSES:
        scale = max(guess * factor, 1e-9)
        com = np.full((len(times), 3), np.nan)
        com[:, 2] = heights / scale
        try:
            found = sync.match(trial, Motion(clock="clip", times=times, com=com), p, window=window)
        except HipdriveError as why:
            first = first or why
            continue
        return replace(found, scale=found.scale * scale, scale_u95=found.scale_u95 * scale)
    assert first is not None
    raise first


def _rise(plates: Plates) -> float:
    """From the lowest to the highest place of the centre of mass in the strongest movement, m; 0 where nobody moves."""
    at = np.flatnonzero(plates.moving)
    if not len(at):
        return 0.0
    runs = np.split(at, np.flatnonzero(np.diff(at) > REST * plates.rate) + 1)
    run = max(runs, key=lambda one: float(plates.force[one].max()))
    times = plates.times[run[0] : run[-1] + 1]
    height = plates.height(times)
    # from rest to rest at one height: a weight that is a little wrong bends the line between
    return float(np.ptp(height - np.interp(times, times[[0, -1]], height[[0, -1]])))
