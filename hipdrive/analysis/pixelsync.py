"""Matching a centre of mass that is known in pixels only: the plates give the scale, and gravity checks it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hipdrive.analysis import sync
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.plateheight import Plates, plates_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import Sync
from hipdrive.errors import HipdriveError, sentence
from hipdrive.trial import Floats, Trial

OUTLIERS = 0.5
"""Percent of the heights at each end that may be wrong."""

REST = 0.4
"""s of stillness that end a movement."""

GUESSES = (1.0, 0.82, 1.22, 0.67)
"""Times the guessed scale: a clip may show more or less of the movement than the plates felt."""


def match_px(trial: Trial, times: Floats, heights: Floats, profile: Profile | None = None) -> Sync:
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
            found = sync.match(trial, Motion(clock="clip", times=times, com=com), p)
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
