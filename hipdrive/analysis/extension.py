"""When a joint extends: onset, peak and end of its extension, on many copies of its velocity at once.

Rows of an array are copies of one curve on the same grid: the nominal one first, then what it may have been.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.trial import Floats

Ints = np.ndarray


@dataclass(frozen=True, eq=False)
class Extension:
    """One joint's extension in each copy: all (copies,), s, NaN where a copy has none; `speed` in deg/s.

    width : how long the velocity stays above a share of its peak. edge : whether the nominal peak lies at an end of
    the time searched, so that it is none.
    """

    onset: Floats
    peak: Floats
    end: Floats
    speed: Floats
    width: Floats
    edge: bool


def extension(
    grid: Floats,
    velocity: Floats,
    search: tuple[float, float],
    *,
    share: float,
    floor: float,
    hold: float,
    plateau: float,
) -> Extension:
    """The main extension: its fastest instant within `search`, and where it begins and ends around that.

    velocity : (copies, grid), deg/s, extension positive. search : s. It begins with the last rise through
    max(share of the peak, floor) that is held for `hold`, and ends with the first fall through it.
    """
    inside = (grid >= search[0]) & (grid <= search[1])
    first = int(np.argmax(inside))
    top = first + velocity[:, inside].argmax(axis=1)
    edge = bool(top[0] in (first, first + int(inside.sum()) - 1))
    peak, speed = refined(grid, velocity, top)
    level = np.maximum(share * speed, floor)
    held = np.searchsorted(grid, grid[top] - hold)
    onset = last_rise(grid, velocity, level, np.minimum(held, top))
    end = first_fall(grid, velocity, level, top)
    width = first_fall(grid, velocity, plateau * speed, top) - last_rise(grid, velocity, plateau * speed, top)
    return Extension(onset, peak, end, speed, width, edge)


def refined(grid: Floats, curves: Floats, top: Ints) -> tuple[Floats, Floats]:
    """Time and height of the parabola through the sample `top` of each curve and its neighbours."""
    rows = np.arange(len(curves))
    middle = np.clip(top, 1, len(grid) - 2)
    a, b, c = (curves[rows, middle + i] for i in (-1, 0, 1))
    bend = a - 2.0 * b + c
    shift = np.where(bend < 0.0, 0.5 * (a - c) / np.where(bend < 0.0, bend, -1.0), 0.0)
    shift = np.clip(shift, -1.0, 1.0)
    step = grid[1] - grid[0]
    return grid[middle] + step * shift, b - 0.25 * (a - c) * shift


def last_rise(grid: Floats, curves: Floats, level: Floats, before: Ints) -> Floats:
    """The last time before sample `before` at which each curve rises through its level, NaN where it never does."""
    place = np.arange(len(grid))
    below = (curves < level[:, None]) & (place <= before[:, None])
    last = np.where(below.any(axis=1), len(grid) - 1 - below[:, ::-1].argmax(axis=1), -1)
    return _crossing(grid, curves, level, last)


def first_fall(grid: Floats, curves: Floats, level: Floats, after: Ints) -> Floats:
    """The first time after sample `after` at which each curve falls through its level, NaN where it never does."""
    place = np.arange(len(grid))
    below = (curves < level[:, None]) & (place > after[:, None])
    first = np.where(below.any(axis=1), below.argmax(axis=1) - 1, -1)
    return _crossing(grid, curves, level, first)


def _crossing(grid: Floats, curves: Floats, level: Floats, left: Ints) -> Floats:
    """Where the line between samples `left` and `left` + 1 meets the level."""
    rows = np.arange(len(curves))
    at = np.clip(left, 0, len(grid) - 2)
    low, high = curves[rows, at], curves[rows, at + 1]
    rise = np.where(high != low, high - low, 1.0)
    part = np.clip((level - low) / rise, 0.0, 1.0)
    return np.where((left >= 0) & (left < len(grid) - 1), grid[at] + part * (grid[1] - grid[0]), np.nan)


def overlap(grid: Floats, one: Floats, other: Floats, share: float, search: tuple[float, float]) -> Floats:
    """Time for which both curves exceed a share of their peaks, of the time for which one does, %, (copies,)."""
    spans = []
    for curves in (one, other):
        inside = (grid >= search[0]) & (grid <= search[1])
        top = int(np.argmax(inside)) + curves[:, inside].argmax(axis=1)
        _, speed = refined(grid, curves, top)
        spans.append((last_rise(grid, curves, share * speed, top), first_fall(grid, curves, share * speed, top)))
    (a, b), (c, d) = spans
    common = np.clip(np.minimum(b, d) - np.maximum(a, c), 0.0, None)
    union = (b - a) + (d - c) - common
    return np.asarray(100.0 * common / np.where(union > 0.0, union, np.nan))
