"""Left and right that were exchanged in some crops or frames: found, put right, and told.

Crops of one frame first agree on which is which, since the mean of both opinions is a limb in the middle of the body.
Then frames do, by how limbs move: each of legs and arms has two states a frame, as seen or exchanged, and the path of
least cost through all frames is taken (Viterbi). A limb costs how far it is from where the two frames before say it
goes, and from where it just was.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.video.blazepose import NAMES
from hipdrive.trial import Floats

Ints = NDArray[np.intp]

LIMBS = {
    "legs": ("hip", "knee", "ankle", "heel", "foot_index"),
    "arms": ("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
}
"""Landmarks that are exchanged together; the first of them lies too near its other side to tell which it is."""

GLIDE, STAY = 0.6, 0.4
"""Weights of the distance from where a limb was going, and from where it was."""

FAR = 0.3
"""Of the body: a distance beyond this costs no more, so that one wild landmark does not decide."""

DOUBT = 0.015
"""Cost of a frame that is exchanged: what moves no better exchanged stays as it was seen."""

UNSURE = 0.25
MANY = "; so many that the others may be the wrong ones: look at the picture"
"""Share of exchanged frames from which on the note says so: most frames are believed, and nothing else tells."""

BREAK = 0.1
"""s; after a hole longer than this nothing is known of how limbs moved."""


SIDES: Mapping[str, tuple[Ints, Ints]] = MappingProxyType({
    limb: (np.array([NAMES.index(f"left_{part}") for part in parts]),
           np.array([NAMES.index(f"right_{part}") for part in parts]))
    for limb, parts in LIMBS.items()
})  # fmt: skip
"""Places of the landmarks of both sides."""

CLEARLY = 0.8
"""A crop's limbs are exchanged where that brings them to less than this of their distance from those of the first."""


def agreed(xy: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Landmarks (crops, 33, 2) of one frame and their certainty, left and right as most of the crops see them."""
    xy, seen = xy.copy(), seen.copy()
    for left, right in SIDES.values():
        both, other = np.concatenate([left, right]), np.concatenate([right, left])
        same, across = (np.linalg.norm(xy[:, which] - xy[0, both], axis=2).sum(axis=1) for which in (both, other))
        against = across < CLEARLY * same
        if 2 * int(against.sum()) > len(xy):
            against = ~against
        for values in (xy, seen):
            _exchange(values, np.flatnonzero(against), left, right)
    return xy, seen


def _exchange(values: Floats, rows: Ints, left: Ints, right: Ints) -> None:
    """Exchange the columns of two sides in some rows."""
    values[np.ix_(rows, left)], values[np.ix_(rows, right)] = values[np.ix_(rows, right)], values[np.ix_(rows, left)]


def repaired(xy: Floats, seen: Floats, sd: Floats, times: Floats) -> tuple[Floats, Floats, Floats, list[str]]:
    """Landmarks (frames, 33, 2), their certainty and spread with exchanged limbs put right, and what was done.

    Most frames of a stretch stay as they are: which side is left is the network's word, and only its few
    contradictions are mended.
    """
    xy, seen, sd = xy.copy(), seen.copy(), sd.copy()
    notes = []
    for limb, (left, right) in SIDES.items():
        wrong = exchanged(xy, left, right, times)
        for values in (xy, seen, sd):
            _exchange(values, wrong, left, right)
        if len(wrong):
            notes.append(f"left and right of the {limb} were exchanged in {len(wrong)} of {len(times)} frames "
                         f"({times[wrong[0]]:.2f} to {times[wrong[-1]]:.2f} s, frames {_listed(wrong)}) and put right"
                         + MANY * (len(wrong) > UNSURE * len(times)))  # fmt: skip
    return xy, seen, sd, notes


def exchanged(xy: Floats, left: Ints, right: Ints, times: Floats) -> Ints:
    """The frames in which the points of two sides are each other's."""
    ok = np.isfinite(xy[:, np.concatenate([left, right])]).all(axis=(1, 2))
    rows = np.flatnonzero(ok)
    found: list[Ints] = []
    for part in np.split(rows, np.flatnonzero(np.diff(times[rows]) > BREAK) + 1) if len(rows) else []:
        if len(part) > 2:
            states = _path(*_costs(xy[part], left[1:], right[1:]))
            if 2 * int(states.sum()) > len(states):
                states = 1 - states
            found.append(part[states == 1])
    return np.concatenate(found) if found else np.zeros(0, np.intp)


def _costs(xy: Floats, left: Ints, right: Ints) -> tuple[Floats, Floats]:
    """Cost of staying, (frames - 1, 2, 2) by the states of both, and of gliding, (frames - 2, 2, 2, 2)."""
    body = float(np.median(np.ptp(xy, axis=1).max(axis=1))) or 1.0
    as_seen = np.concatenate([xy[:, left], xy[:, right]], axis=1)
    other = np.concatenate([xy[:, right], xy[:, left]], axis=1)
    two = np.stack([as_seen, other], axis=1) / body  # frames, states, points, 2

    def cost(apart: Floats) -> Floats:
        return np.asarray(np.minimum(np.linalg.norm(apart, axis=-1), FAR).sum(axis=-1))

    stay = cost(two[1:, None] - two[:-1, :, None])
    goes = 2.0 * two[1:-1, None] - two[:-2, :, None]
    glide = cost(two[2:, None, None] - goes[:, :, :, None])
    return STAY * stay, GLIDE * glide


def _path(stay: Floats, glide: Floats) -> Ints:
    """The states (frames,) of least cost; a path's last two states are what its next cost depends on."""
    doubt = np.array([0.0, DOUBT])
    total = stay[0] + doubt[:, None] + doubt
    came = np.zeros((len(glide), 2, 2), np.intp)
    for t in range(len(glide)):
        ways = total[:, :, None] + glide[t] + stay[t + 1][None] + doubt
        came[t] = np.argmin(ways, axis=0)
        total = np.min(ways, axis=0)
    states = np.zeros(len(stay) + 1, np.intp)
    states[-2:] = np.unravel_index(int(np.argmin(total)), (2, 2))
    for t in range(len(glide) - 1, -1, -1):
        states[t] = came[t, states[t + 1], states[t + 2]]
    return states


def _listed(rows: Ints) -> str:
    """Frames as people write them.

    >>> _listed(np.array([3, 4, 5, 9]))
    '3-5, 9'
    """
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(words[:8]) + (", ..." if len(words) > 8 else "")
