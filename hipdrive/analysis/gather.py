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

LEAST_GROUPS, MOST_BLOCKS = 25, 24
"""Fewer groups are no movement; blocks that are matched of a long record, spread over it."""


def gathered(
    plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_], offset: float
) -> list[Frames]:
    """Frames of the movement that both records saw, in blocks that can each be matched at once, in order of time."""
    mask = _movement(plates, camera, offset) & wanted
    places = np.round((times + offset) * plates.rate).astype(int)
    inside = (places >= 0) & (places < len(mask))
    use = np.flatnonzero(inside)[mask[places[inside]]]
    if len(use) < LEAST_GROUPS:
        return []
    dt = max(float(np.median(np.diff(times[use]))), 1e-6)
    size = max(1, min(math.ceil(1.0 / (FASTEST * dt)), int(LONGEST_GROUP / dt)))
    runs = np.split(use, np.flatnonzero((np.diff(use) > 1) | (np.diff(times[use]) > 0.1)) + 1)
    whole = [run[: len(run) // size * size].reshape(-1, size) for run in runs if len(run) >= 8 * size]
    whole = [_busiest(plates, groups, times, offset) for groups in whole]
    blocks: list[list[NDArray[np.intp]]] = []
    for groups in whole:
        if not blocks or sum(map(len, blocks[-1])) + len(groups) > MOST_GROUPS:
            blocks.append([])
        blocks[-1].append(groups)
    found = [_frames(block, times, heights) for block in blocks if sum(map(len, block)) >= LEAST_GROUPS]
    every = np.linspace(0, len(found) - 1, min(len(found), MOST_BLOCKS)).round().astype(int)
    return [found[k] for k in every]


def _frames(parts: list[NDArray[np.intp]], times: Floats, heights: Floats) -> Frames:
    """Stretches of groups of frames as one block."""
    groups = np.concatenate(parts)
    stretch = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return Frames(times[groups], heights[groups].mean(axis=1), stretch)


def _busiest(plates: Plates, groups: NDArray[np.intp], times: Floats, offset: float) -> NDArray[np.intp]:
    """The part of a long stretch in which most happens."""
    if len(groups) <= MOST_GROUPS:
        return groups
    at = np.clip(np.round((times[groups[:, 0]] + offset) * plates.rate).astype(int), 0, len(plates.force) - 1)
    total = np.concatenate([[0.0], np.cumsum(plates.acceleration[at] ** 2)])
    first = int(np.argmax(total[MOST_GROUPS:] - total[:-MOST_GROUPS]))
    return groups[first : first + MOST_GROUPS]


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
