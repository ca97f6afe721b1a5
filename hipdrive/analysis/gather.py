"""Which frames of a camera belong to a movement that the plates felt, averaged to as many as can be matched at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis import coarse
from hipdrive.analysis.matchgls import Frames
from hipdrive.analysis.plateheight import LEAD, Plates
from hipdrive.trial import Floats

AROUND = 0.4
"""s of standing kept on both sides of a movement."""

CAMERA_MOVING, CAMERA_NOISE = 0.2, 6.0
"""What a camera calls movement: an acceleration above this part of g, and above so many times its median."""

FASTEST, MOST_GROUPS, LONGEST_GROUP = 70.0, 320, 0.026
"""Frames a second above which frames are averaged; groups of frames that are matched; s that a group may span."""

LEAST_GROUPS = 25


def gathered(
    plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_], offset: float
) -> Frames | None:
    """Frames of the movement that both records saw, in groups; None where there are too few."""
    mask = _movement(plates, camera, offset) & wanted
    places = np.round((times + offset) * plates.rate).astype(int)
    inside = (places >= 0) & (places < len(mask))
    use = np.flatnonzero(inside)[mask[places[inside]]]
    if len(use) < LEAST_GROUPS:
        return None
    dt = float(np.median(np.diff(times[use])))
    size = max(1, math.ceil(1.0 / (FASTEST * dt)) if dt > 0.0 else 1)
    size = max(1, min(max(size, math.ceil(len(use) / MOST_GROUPS)), int(LONGEST_GROUP / max(dt, 1e-6)) or 1))
    runs = np.split(use, np.flatnonzero((np.diff(use) > 1) | (np.diff(times[use]) > 0.1)) + 1)
    parts, labels = [], []
    for number, run in enumerate(run for run in runs if len(run) >= 8 * size):
        whole = run[: len(run) // size * size].reshape(-1, size)
        parts.append(whole)
        labels += [number] * len(whole)
    if not parts:
        return None
    groups, stretch = _most_moving(plates, np.concatenate(parts), np.array(labels), times, offset)
    if len(groups) < LEAST_GROUPS:
        return None
    t = times[groups]
    return Frames(t, heights[groups].mean(axis=1), stretch, float(t.mean()))


def _movement(plates: Plates, camera: coarse.Sampled, offset: float) -> NDArray[np.bool_]:
    """Samples in or near which plates or camera see movement, where the plates carry the body."""
    from scipy.ndimage import binary_dilation, maximum_filter1d

    quiet = float(np.median(np.abs(camera.values[camera.known]))) if camera.known.any() else 0.0
    moves = camera.known & (np.abs(camera.values) > max(CAMERA_MOVING * plates.g, CAMERA_NOISE * quiet))
    at = np.round((plates.times - offset - camera.start) * coarse.GRID).astype(int)
    there = (at >= 0) & (at < len(moves))
    both = plates.moving.copy()
    both[there] |= moves[at[there]]
    near = maximum_filter1d(both.astype(np.int8), 2 * round(AROUND * plates.rate) + 1) > 0
    falling = binary_dilation(plates.usable, iterations=max(1, round(0.3 * LEAD * plates.rate)))
    return np.asarray(near & falling)


def _most_moving(
    plates: Plates, groups: NDArray[np.intp], stretch: NDArray[np.intp], times: Floats, offset: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Not more than can be matched at once: the stretches with the fastest movement."""
    if len(groups) <= MOST_GROUPS:
        return groups, stretch
    speed = np.abs(plates.acceleration[np.clip(np.round((times[groups[:, 0]] + offset) * plates.rate).astype(int), 0,
                                               len(plates.force) - 1)])  # fmt: skip
    order = sorted(np.unique(stretch), key=lambda one: -float((speed[stretch == one] ** 2).sum()))
    kept: list[int] = []
    for one in order:
        if not kept or sum(int((stretch == k).sum()) for k in [*kept, one]) <= MOST_GROUPS:
            kept.append(int(one))
    keep = np.flatnonzero(np.isin(stretch, kept))
    if len(keep) > MOST_GROUPS:  # one long stretch: its busiest part
        energy = np.convolve(speed[keep] ** 2, np.ones(MOST_GROUPS), mode="valid")
        first = int(np.argmax(energy))
        keep = keep[first : first + MOST_GROUPS]
    return groups[keep], stretch[keep]
