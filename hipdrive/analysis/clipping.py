"""Channels that reached the end of their range: by a known range, or by a top that is too flat for its slopes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hipdrive.analysis.signal import Block, Bools, Floats, Ints
from hipdrive.trial import BOX, Trial


def clipped(block: Block, trials: Sequence[Trial], standing: Bools) -> Floats:
    """The value at which a plate of each trial is clipped, NaN where none is; standing : nobody jumps."""
    value = np.full(len(trials), np.nan)
    tops = []
    for i, (trial, at) in enumerate(zip(trials, block.tops.tolist(), strict=True)):
        ranges, samples = trial.ranges, trial.fz.shape[1]
        if trial.raw and _counts_end(trial):
            value[i] = float(trial.fz[:, at].max())
        for row, (force, top) in enumerate(zip(trial.fz, at, strict=True)):
            known = ranges[row] if row < len(ranges) else math.nan
            if math.isfinite(known):
                if np.abs(force).max(initial=0.0) >= 0.99 * known:
                    value[i] = known
            elif not standing[i] and 6 <= top <= samples - 6 and trial.plates[row] != BOX:
                # eight samples in a band around the top hold the fourth one before or after it
                highest = force.item(top)
                beside = max(force.item(top - 4), force.item(top + 4))
                if highest >= 200.0 and (beside >= highest - CLIP_BAND or force.item(top + 3) == highest):
                    tops.append((i, top, force))
    flat = _flat_tops([force for _, _, force in tops], np.array([top for _, top, _ in tops], dtype=np.int64))
    for at in np.flatnonzero(flat)[::-1].tolist():
        i, top, force = tops[at]
        value[i] = force[top]
    return value


def _counts_end(trial: Trial) -> bool:
    """Whether a channel of 16 bits that belongs to a plate holds its last count: one corner of a plate can be clipped
    while the sum of the corners looks plausible.
    """
    for raw in trial.raw:
        if raw.values.dtype == np.int16:
            used = [i for i, role in enumerate(raw.roles) if "." in role]
            ends = np.abs(raw.values[:, used].astype(np.int32)) >= END
            if (ends[1:] & ends[:-1]).any():
                return True
    return False


END = 2**15 - 1
"""The last count of 16 bits."""

CLIP_BAND = 8.0
"""N: samples so close to the largest belong to one plateau, noise or not."""

NEAR = 56
"""Samples on each side of the largest that are looked at side by side; a longer plateau is looked at alone."""


def _flat_tops(forces: Sequence[Floats], tops: Ints) -> Bools:
    """Whether each plate's largest value, at `tops`, is a plateau that is too flat for the slopes beside it.

    A smooth peak stays within q of its top for p samples only if it leaves it by about 4 q / p a sample. Samples that
    are equal speak for themselves; with noise on it, a plateau must be steeper beside it to be called one.
    """
    near = _around(forces, tops, NEAR)
    highest = near[:, NEAR]
    equal, steep = _plateaus(forces, tops, near, 0.0)
    stepped = np.zeros(len(tops), dtype=bool)
    rows = np.flatnonzero(equal >= 4)
    if len(rows):
        steps = np.abs(np.diff(near[rows, NEAR - 50 : NEAR + 50], axis=1))
        quantum = np.where(steps > 0.0, steps, np.inf).min(axis=1)
        stepped[rows] = (steep * equal)[rows] > np.maximum(12.0 * quantum, 0.01 * highest[rows])
    length, slope = _plateaus(forces, tops, near, CLIP_BAND)
    # noise beside a long plateau, as of a pull that is held, is no slope
    steep_beside = 3.0 * slope > 2.0 * CLIP_BAND
    return stepped | ((length >= 8) & steep_beside & (slope * length > np.maximum(24.0 * CLIP_BAND, 0.2 * highest)))


def _around(forces: Sequence[Floats], tops: Ints, half: int) -> Floats:
    """The samples around each plate's top, (n, 2 half + 1); NaN outside the record."""
    near = np.full((len(forces), 2 * half + 1), np.nan)
    for out, force, top in zip(near, forces, tops.tolist(), strict=True):
        part = force[max(0, top - half) : top + half + 1]
        first = max(0, half - top)
        out[first : first + len(part)] = part
    return near


def _plateaus(forces: Sequence[Floats], tops: Ints, near: Floats, band: float) -> tuple[Ints, Floats]:
    """How many samples around each top lie within a band below it, and the smaller slope beside them, N a sample."""
    middle = near.shape[1] // 2
    low = ~(near >= (near[:, middle] - band)[:, np.newaxis])
    before, after = low[:, middle::-1].argmax(axis=1), low[:, middle:].argmax(axis=1)
    # a plateau that is not over where the window ends: argmax of nothing is zero
    wide = (before == 0) | (after == 0) | (np.maximum(before, after) > middle - 3)
    start, end = np.where(wide, middle, middle - before + 1), np.where(wide, middle + 1, middle + after)
    rows = np.arange(len(near))
    falls = near[rows, start] - near[rows, start - 3], near[rows, end - 1] - near[rows, end + 2]
    length, slope = end - start, np.minimum(*falls) / 3.0
    for row in np.flatnonzero(wide).tolist():
        far = 16 * middle
        if middle < NEAR * 256:
            one, two = _plateaus(forces[row : row + 1], tops[row : row + 1],
                                 _around(forces[row : row + 1], tops[row : row + 1], far), band)  # fmt: skip
            length[row], slope[row] = one[0], two[0]
        else:
            length[row], slope[row] = 0, 0.0
    return length, slope
