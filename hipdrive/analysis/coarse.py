"""Where two records of one movement may belong together: correlation of vertical acceleration over every offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis.plateheight import Plates
from hipdrive.errors import HipdriveError, sentence
from hipdrive.trial import Floats

GRID, SMOOTH = 50.0, 0.05
"""Hz of the common grid, and s of the Gaussian by which both accelerations are smoothed."""

LONGEST_GAP = 0.12
"""s that a camera may miss the body without its acceleration being unknown."""

LEAST_LIKE, LEAST_SHARED = 0.5, 0.4
"""Least correlation of a candidate, and least part of the movement of the poorer record that it must share."""

LONGEST = 7200.0
"""s that a camera's record may last."""

APART, MOST = 0.1, 6
"""s between two candidates, and how many are looked at."""


@dataclass(frozen=True)
class Candidate:
    """An offset, s, with the correlation of the accelerations there."""

    offset: float
    likeness: float


@dataclass(frozen=True, eq=False)
class Sampled:
    """Acceleration on an even grid from `start` on, and where it is known."""

    start: float
    values: Floats
    known: NDArray[np.bool_]


def _kernel() -> Floats:
    """The second derivative of a Gaussian: smooths and differentiates twice."""
    half = int(np.ceil(4.0 * SMOOTH * GRID))
    u = np.arange(-half, half + 1) / GRID / SMOOTH
    bell = np.exp(-0.5 * u * u)
    second = (u * u - 1.0) * bell
    second -= second.mean()
    # so that a parabola gives its acceleration
    return np.asarray(second / (0.5 * (second * (u * SMOOTH) ** 2).sum()))


def of_camera(times: Floats, heights: Floats) -> Sampled:
    """Vertical acceleration by a camera, m/s²."""
    from scipy.ndimage import binary_erosion

    seen = np.isfinite(heights)
    t, z = times[seen], heights[seen]
    if t[-1] - t[0] > LONGEST:
        raise HipdriveError("sync_long", sentence("sync_long"))
    grid = np.arange(t[0], t[-1], 1.0 / GRID)
    if len(grid) <= 2 * len(_kernel()):
        raise HipdriveError("sync_short", sentence("sync_short"))
    place = np.clip(np.searchsorted(t, grid), 1, len(t) - 1)
    known = t[place] - t[place - 1] <= LONGEST_GAP
    kernel = _kernel()
    half = len(kernel) // 2
    even = np.pad(np.interp(grid, t, z), half, mode="reflect", reflect_type="odd")
    values = np.convolve(even, kernel[::-1], mode="valid")
    return Sampled(float(t[0]), values, binary_erosion(known, iterations=half // 2, border_value=0))


def of_plates(plates: Plates) -> Sampled:
    """Vertical acceleration by the plates, equally smooth."""
    from scipy.ndimage import binary_erosion, gaussian_filter1d

    smooth = gaussian_filter1d(plates.acceleration, SMOOTH * plates.rate)
    grid = np.arange(0.0, plates.times[-1], 1.0 / GRID)
    near = np.clip(np.round(grid * plates.rate).astype(int), 0, len(smooth) - 1)
    values = np.interp(grid, plates.times, smooth)
    return Sampled(0.0, values, binary_erosion(plates.usable[near], iterations=2, border_value=0))


def candidates(camera: Sampled, force: Sampled) -> list[Candidate]:
    """Offsets at which the two look alike, the best first."""
    from scipy.signal import find_peaks

    a, b = np.where(camera.known, camera.values, 0.0), np.where(force.known, force.values, 0.0)
    m, n = camera.known.astype(float), force.known.astype(float)
    count = np.maximum(_correlated(m, n), 0.0)
    with np.errstate(all="ignore"):
        mean_a, mean_b = _correlated(a, n) / count, _correlated(m, b) / count
        size_a = _correlated(a * a, n) - count * mean_a**2
        size_b = _correlated(m, b * b) - count * mean_b**2
        like = (_correlated(a, b) - count * mean_a * mean_b) / np.sqrt(size_a * size_b)
        whole_a = float(((a - a[camera.known].mean()) ** 2 * m).sum()) if camera.known.any() else 0.0
        whole_b = float(((b - b[force.known].mean()) ** 2 * n).sum()) if force.known.any() else 0.0
        shared = np.maximum(size_a / whole_a, size_b / whole_b)
    like = np.where((count >= 0.5 * GRID) & (shared >= LEAST_SHARED) & np.isfinite(like), like, -1.0)
    peaks, _ = find_peaks(np.r_[-1.0, like, -1.0], height=LEAST_LIKE, distance=max(1, round(APART * GRID)))
    lags = np.arange(len(like)) - (len(a) - 1)
    found = [Candidate(float(lags[k - 1]) / GRID + force.start - camera.start, float(like[k - 1])) for k in peaks]
    return sorted(found, key=lambda one: -one.likeness)[:MOST]


def _correlated(one: Floats, other: Floats) -> Floats:
    """Sum of one(t)·other(t + lag) for every lag from -(len(one) - 1) on."""
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(other, one[::-1]))
