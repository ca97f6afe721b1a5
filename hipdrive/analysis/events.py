"""Instants, between the samples: where force leaves and meets the plate, and where a movement begins.

Each rule is a function over rows; profiles name them. Times are in samples from the start of the record; NaN where
an event is not found. METRICS.md section 1 defines them, section 20 their standard uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import (
    Block,
    Bools,
    Floats,
    Ints,
    divided,
    first_true,
    gather,
    last_true,
    lasting,
    line,
    within,
)

EDGE_SEARCH = 0.1
"""How far from a quarter of the weight the edge of contact may lie, s."""


@dataclass(frozen=True, eq=False)
class Instants:
    """One event of each row: position in samples, standard uncertainty in s, one-sided bias bound in s."""

    at: Floats
    u: Floats
    bias: Floats


def edge_threshold(level: Floats, noise: Floats, fixed: float, profile: Profile) -> Floats:
    """Force that counts as contact: level of the empty plate + max(5 SD, 10 N), or a fixed value above it."""
    if fixed > 0.0:
        return level + fixed
    return level + np.maximum(profile.edge_sds * noise, profile.edge_floor)


def takeoff_edge(
    block: Block, record: Ints, start: Ints, level: Floats, noise: Floats, profile: Profile
) -> Instants:
    """Take-off: first crossing below the threshold after the last sample above a quarter of the weight."""
    width = _reach(block)
    threshold = edge_threshold(level, noise, profile.takeoff_fixed, profile)
    samples = gather(block.total, record, start - 1, width)
    low = first_true(samples <= threshold[:, np.newaxis])
    loaded = np.where(low > 0, start - 2 + low, -1)
    return _edge(block, record, loaded, 1, level, noise, threshold, profile)


def touchdown_edge(
    block: Block,
    record: Ints,
    end: Ints,
    level: Floats,
    noise: Floats,
    profile: Profile,
    *,
    fixed: float | None = None,
) -> Instants:
    """Touchdown: last crossing above the threshold before force first exceeds a quarter of the weight at `end`."""
    width = _reach(block)
    threshold = edge_threshold(level, noise, profile.takeoff_fixed if fixed is None else fixed, profile)
    samples = gather(block.total, record, end - width + 1, width)
    low = last_true(samples <= threshold[:, np.newaxis])
    loaded = np.where((low >= 0) & (low < width - 1), end - width + 2 + low, -1)
    return _edge(block, record, loaded, -1, level, noise, threshold, profile)


def _reach(block: Block) -> int:
    return max(4, round(EDGE_SEARCH * block.rate))


def _edge(
    block: Block, record: Ints, loaded: Ints, side: int, level: Floats, noise: Floats, threshold: Floats, profile: Profile
) -> Instants:  # fmt: skip
    """The edge between the sample `loaded` and its neighbour on `side` (+1: force ends, -1: force begins)."""
    found = loaded >= 0
    at = np.where(found, loaded, 0)
    # the loaded side first, running away from the edge; then the unloaded side
    n6 = max(5, round(2 * profile.edge_window * block.rate))
    n3 = max(3, round(profile.edge_window * block.rate))
    into = gather(block.total, record, at - (n6 - 1 if side > 0 else 0), n6)
    inner = into[:, ::-1] if side > 0 else into
    reach = max(4, round(0.02 * block.rate))
    out = gather(block.total, record, at + 1 if side > 0 else at - reach, reach)
    outer = out if side > 0 else out[:, ::-1]
    part = divided(inner[:, 0] - threshold, inner[:, 0] - outer[:, 0])
    crossing = np.clip(part, 0.0, 1.0)
    if profile.edge_rule == "threshold":
        slope = np.abs(line(inner[:, :n3], block.dt)[1])
        bias = divided(threshold - level, slope) + 0.5 * block.dt
        offset, u = crossing, divided(noise, slope)
    elif block.rate < profile.edge_min_rate:
        offset, u, bias = np.full(len(at), 0.5), np.full(len(at), block.dt / np.sqrt(12.0)), np.zeros(len(at))
    else:
        offset, u = _corner(block, inner, outer, n3, n6, level, noise)
        bias = np.zeros(len(at))
    nothing = np.where(found & np.isfinite(offset), 0.0, np.nan)
    return Instants(at + side * offset + nothing, u + nothing, bias + nothing)


def _corner(
    block: Block, inner: Floats, outer: Floats, n3: int, n6: int, level: Floats, noise: Floats
) -> tuple[Floats, Floats]:
    """METRICS.md `edge_instant`: the loaded side's line brought down to the empty level, in samples outwards."""
    offset3, slope3 = _line_zero(inner[:, :n3], level)
    offset6, _ = _line_zero(inner[:, :n6], level)
    empty = first_true(outer <= level[:, np.newaxis])
    width = np.where(empty < 0, outer.shape[1], empty + 2).astype(np.float64)
    good = (slope3 < 0.0) & (offset3 >= 0.0) & (offset3 <= width)
    spread = 1.0 / n3 + divided((offset3 + 0.5 * (n3 - 1)) ** 2, n3 * (n3 * n3 - 1) / 12.0)
    bend = np.where(np.isfinite(offset6), 0.6 * (offset3 - offset6), 0.0)
    u_line = np.sqrt((noise / slope3) ** 2 * spread + bend**2)
    offset = np.where(good, offset3, 0.5 * width)
    return offset, np.where(good, u_line, width / np.sqrt(12.0)) * block.dt


def _line_zero(inner: Floats, level: Floats) -> tuple[Floats, Floats]:
    """Where the line through the loaded samples meets the level, outwards from the first; slope a sample inwards < 0."""
    value, slope = line(inner, 1.0)
    return divided(value - level, slope), -slope


def onset_threshold(sd: Floats, profile: Profile) -> Floats:
    """Departure from the weight that counts as movement, N."""
    return np.maximum(profile.onset_sds * sd, profile.onset_floor)


def movement_start(
    block: Block, record: Ints, after: Ints, before: Ints, weight: Floats, theta: Floats, upward: Bools, profile: Profile
) -> Floats:  # fmt: skip
    """`movement_threshold_crossing`: first lasting departure from the weight within samples [after, before).

    weight includes the zero error, as the samples do. Rows with `upward` count a rise only (squat jumps).
    """
    width = int(max((before - after).max(initial=1), 1)) + 1
    samples = gather(block.total, record, after, width) - weight[:, np.newaxis]
    size = np.where(upward[:, np.newaxis], samples, np.abs(samples))
    hold = max(3, round(profile.onset_hold * block.rate))
    inside = np.arange(width) < (before - after)[:, np.newaxis]
    away = (size > theta[:, np.newaxis]) & inside
    first = first_true(lasting(away, hold))
    return after + _interpolated(size, first, theta)


def _interpolated(size: Floats, first: Ints, theta: Floats) -> Floats:
    """The crossing of theta between sample first - 1 and first; NaN where first is -1."""
    rows, at = np.arange(len(first)), np.maximum(first, 1)
    before, here = size[rows, at - 1], size[rows, at]
    part = np.clip(divided(theta - before, here - before), 0.0, 1.0)
    crossing = np.where(first > 0, at - 1 + np.where(np.isfinite(part), part, 1.0), 0.0)
    return np.where(first >= 0, crossing, np.nan)


def last_rest(
    block: Block, record: Ints, start: Floats, before: Ints, weight: Floats, level: Floats, theta: Floats, profile: Profile
) -> Ints:  # fmt: skip
    """Sample at which the athlete last came to rest between `start` and `before`, -1 where there is no such rest.

    Rest: 10 ms means within theta of the weight and abs(v) within the limit, for a quarter second.
    """
    known = np.isfinite(start) & np.isfinite(weight)
    first = np.where(known, start, 0.0).astype(np.int64) // block.cell
    last = before // block.cell
    width = int(max((last - first).max(initial=1), 1))
    need = max(1, round(profile.rest_time / block.cell_time))
    if width < need:
        return np.full(len(first), -1)
    net = gather(block.means, record, first, width) - weight[:, np.newaxis]
    speed = np.cumsum(net, axis=1) * divided(block.cell_time * profile.g, weight - level)[:, np.newaxis]
    calm = (np.abs(net) <= theta[:, np.newaxis]) & (np.abs(speed) <= profile.rest_velocity)
    calm &= np.arange(width) < (last - first)[:, np.newaxis]
    runs = lasting(calm, need)
    at = last_true(runs)
    # back to where this rest began
    began = at - np.where(at >= 0, _run_before(runs, at), 0)
    return np.where(known & (at >= 0), (first + began) * block.cell, -1)


def _run_before(mask: Bools, at: Ints) -> Ints:
    """How many True directly precede position `at` in each row."""
    broken = np.where(mask, -1, np.arange(mask.shape[1]))
    broken = np.where(np.arange(mask.shape[1]) < at[:, np.newaxis], broken, -1)
    return np.maximum(at - 1 - broken.max(axis=1), 0)


def onset_from(
    block: Block, record: Ints, crossing: Floats, after: Ints, weight: Floats, profile: Profile
) -> Floats:
    """`onset` from the threshold crossing, by the profile's rule, in samples."""
    if profile.onset_rule == "threshold":
        return crossing
    if profile.onset_rule == "back_shift":
        return crossing - profile.onset_back_shift * block.rate
    reach = max(4, round(0.3 * block.rate))
    at = np.floor(np.where(np.isfinite(crossing), crossing, 0.0)).astype(np.int64)
    samples = np.abs(gather(block.total, record, at - reach + 1, reach) - weight[:, np.newaxis])
    calm = last_true((samples <= profile.onset_backtrack_band) & within(at - reach + 1, reach, after, at + 1))
    return np.where(np.isfinite(crossing), np.where(calm >= 0, at - reach + 1 + calm, at), np.nan)


def onset_u(block: Block, record: Ints, crossing: Floats, sd: Floats) -> Floats:
    """Standard uncertainty of the onset about its rule, s: noise over the slope of force within 10 ms, and sampling."""
    half = max(1, round(0.010 * block.rate))
    at = np.round(np.where(np.isfinite(crossing), crossing, 0.0)).astype(np.int64)
    slope = np.abs(line(gather(block.total, record, at - half, 2 * half + 1), block.dt)[1])
    u = np.sqrt((0.9 * divided(sd, slope)) ** 2 + (0.3 * block.dt) ** 2)
    return np.where(np.isfinite(crossing), u, np.nan)
