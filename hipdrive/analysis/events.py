"""Instants, between the samples: where force leaves and meets the plate, and where a movement begins.

Each rule is a function over rows; profiles name them. Times are in samples from the start of the record; NaN where
an event is not found. METRICS.md section 1 defines them, section 20 their standard uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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


def takeoff_edge(block: Block, record: Ints, start: Ints, level: Floats, noise: Floats, profile: Profile) -> Instants:
    """Take-off: first crossing below the threshold after the last sample above a quarter of the weight."""
    width = _reach(block)
    threshold = edge_threshold(level, noise, profile.takeoff_fixed, profile)
    hold = round(profile.edge_hold * block.rate)
    samples = gather(block.total, record, start - 1, width + hold)
    unloaded = samples <= threshold[:, np.newaxis]
    low = first_true(lasting(unloaded, hold)[:, :width] if hold > 1 else unloaded)
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
    block: Block, record: Ints, loaded: Ints, side: int, level: Floats, noise: Floats, threshold: Floats,
    profile: Profile,
) -> Instants:  # fmt: skip
    """The edge between the sample `loaded` and its neighbour on `side` (+1: force ends, -1: force begins)."""
    found = loaded >= 0
    at = np.where(found, loaded, 0)
    # the loaded side first, running away from the edge; then the unloaded side
    n6 = max(5, round(2 * profile.edge_window * block.rate), round(TAKEOFF_FIT * block.rate))
    reach = max(4, round(OUTWARDS * block.rate))
    into = gather(block.total, record, at - (n6 - 1 if side > 0 else 0), n6)
    inner = into[:, ::-1] if side > 0 else into
    out = gather(block.total, record, at + 1 if side > 0 else at - reach, reach)
    outer = out if side > 0 else out[:, ::-1]
    bias = np.zeros(len(at))
    if profile.edge_rule == "threshold":
        n3 = max(3, round(profile.edge_window * block.rate))
        slope = np.abs(line(inner[:, :n3], block.dt)[1])
        offset = np.clip(divided(inner[:, 0] - threshold, inner[:, 0] - outer[:, 0]), 0.0, 1.0)
        u, bias = divided(noise, slope), divided(threshold - level, slope) + 0.5 * block.dt
    elif block.rate < profile.edge_min_rate:
        offset, u = np.full(len(at), 0.5), np.full(len(at), block.dt / np.sqrt(12.0))
    elif profile.edge_rule == "edge_line":
        offset, u = edge_line(block, inner, outer, level, noise, profile)
    else:
        offset, u = edge_corner(inner, outer, level, noise, block.rate, TAKEOFF_FIT if side > 0 else TOUCHDOWN_FIT)
        straight = edge_line(block, inner, outer, level, noise, profile)[0]
        u = np.sqrt(u * u + (SHAPE * (offset - straight) * block.dt) ** 2)
        if side < 0:
            u = np.sqrt(u * u + (IMPACT * block.dt**2) ** 2)
    if profile.edge_rule != "threshold" and block.rate >= profile.edge_min_rate and (noise == 0.0).any():
        # exact zeros in the air: what lies below the last loaded sample was cut off before the file was written
        n3 = max(3, round(profile.edge_window * block.rate))
        slope = np.abs(line(inner[:, :n3], block.dt)[1])
        bias = np.where(noise == 0.0, divided(inner[:, 0] - level, slope), bias)
    nothing = np.where(found & np.isfinite(offset), 0.0, np.nan)
    return Instants(at + side * offset + nothing, u + nothing, bias + nothing)


OUTWARDS, TAKEOFF_FIT, TOUCHDOWN_FIT = 0.008, 0.006, 0.004
"""s of the unloaded side that the corner may lie in, and of the loaded side that it is judged by (simulated)."""

SHAPE = 0.08
"""Part of the way from the straight line's corner to the parabola's that a foot's own shape leaves in doubt."""

IMPACT = 15.0
"""1/s: how much of the squared sampling interval the heel's impact, steeper than any parabola, adds to a touchdown."""

CORNER_GRID = 5e-5
"""s between the corners that are tried."""

BEND = 0.2
"""The slope at the corner is at least this part of the slope at the inner end of the fit (recordings: 0.35 to 1)."""

MISFIT = 1.3
"""Residuals above so many noise variances are the edge's own shape, and widen u (simulated)."""

QUIETEST = 0.1
"""N: no plate is taken to be quieter, not even one whose file says exactly zero in the air."""


def edge_corner(
    inner: Floats, outer: Floats, level: Floats, noise: Floats, rate: float, fit: float
) -> tuple[Floats, Floats]:
    """METRICS.md `edge_instant`, seen whole: where force meets the empty level, and its standard uncertainty.

    Every corner t0 on a fine grid is tried: from it force grows as c1·τ + c2·τ² into the loaded side and is zero
    beyond. Mean and SD over the likelihood of all corners are the instant and its u. A foot rolls off over
    5 to 10 ms, so the straight line of the rule's first form meets zero up to 1 ms early there; on a steep edge
    the two agree. Returns samples outwards from the loaded sample next to the threshold crossing, and s.
    """
    n = max(3, round(fit * rate))
    design = _corner_design(n, outer.shape[1], rate)
    force = np.concatenate([inner[:, :n][:, ::-1], outer], axis=1) - level[:, np.newaxis]
    force = np.where(np.isfinite(force), force, 0.0)
    # row by row, so that a row's digits do not depend on how many there are
    y1, y2 = (np.matmul(force[:, np.newaxis, :], basis)[:, 0] for basis in (design.first, design.second))
    bound = design.bound1 * y1 + design.bound2 * y2
    too_bent = design.bent1 * y1 < design.bent2 * y2
    free = y1 * (design.free11 * y1 + design.free12 * y2) + design.free22 * y2 * y2
    explained = np.where(too_bent, bound * bound, free)
    most = explained.max(axis=1)
    least = (force * force).sum(axis=1) - most
    variance, seen = np.maximum(noise, QUIETEST) ** 2, least / max(force.shape[1] - 3, 1)
    variance = np.where(seen > MISFIT * variance, seen, variance)
    explained -= most[:, np.newaxis]
    explained *= (0.5 / variance)[:, np.newaxis]
    likelihood = np.exp(explained)
    whole = likelihood.sum(axis=1)
    offset = np.einsum("nc,c->n", likelihood, design.corners) / whole
    away = design.corners - offset[:, np.newaxis]
    spread = np.einsum("nc,nc,nc->n", likelihood, away, away) / whole
    return offset, np.sqrt(spread / rate**2 + CORNER_GRID**2 / 12.0)


@dataclass(frozen=True, eq=False)
class _Corners:
    """What every trial corner's fit c1·τ + c2·τ² explains, as arithmetic on y1 = Σ F·τ and y2 = Σ F·τ².

    corners : samples outwards; first, second : τ and τ², (samples, corners). The free fit explains
    free11·y1² + free12·y1·y2 + free22·y2²; where bent1·y1 < bent2·y2 it bends more than BEND allows, and the
    fit with just as much bend explains (bound1·y1 + bound2·y2)².
    """

    corners: Floats
    first: Floats
    second: Floats
    free11: Floats
    free12: Floats
    free22: Floats
    bent1: Floats
    bent2: Floats
    bound1: Floats
    bound2: Floats


@cache
def _corner_design(n: int, beyond: int, rate: float) -> _Corners:
    place = np.arange(1 - n, beyond + 1, dtype=np.float64)
    corners = np.arange(-0.5, beyond - 0.5, CORNER_GRID * rate)
    tau = np.clip(corners - place[:, np.newaxis], 0.0, None)
    square = tau * tau
    s2, s3, s4 = square.sum(axis=0), (tau * square).sum(axis=0), (square * square).sum(axis=0)
    determinant = s2 * s4 - s3 * s3
    # the least c1 / c2; c1 < bent * c2 is asked with both over the same positive determinant
    bent = 2.0 * BEND / (1.0 - BEND) * tau[0]
    root = np.sqrt(bent * bent * s2 + 2.0 * bent * s3 + s4)
    return _Corners(
        corners, tau, square, s4 / determinant, -2.0 * s3 / determinant, s2 / determinant,
        s4 + bent * s3, s3 + bent * s2, bent / root, 1.0 / root,
    )  # fmt: skip


def edge_line(
    block: Block, inner: Floats, outer: Floats, level: Floats, noise: Floats, profile: Profile
) -> tuple[Floats, Floats]:
    """METRICS.md `edge_instant` in its first form: the loaded side's line brought down to the empty level."""
    n3 = max(3, round(profile.edge_window * block.rate))
    offset3, slope3 = _line_zero(inner[:, :n3], level)
    offset6, _ = _line_zero(inner[:, : max(5, round(2 * profile.edge_window * block.rate))], level)
    empty = first_true(outer <= level[:, np.newaxis])
    width = np.where(empty < 0, outer.shape[1], empty + 2).astype(np.float64)
    good = (slope3 < 0.0) & (offset3 >= 0.0) & (offset3 <= width)
    spread = 1.0 / n3 + divided((offset3 + 0.5 * (n3 - 1)) ** 2, n3 * (n3 * n3 - 1) / 12.0)
    bend = np.where(np.isfinite(offset6), 0.6 * (offset3 - offset6), 0.0)
    u_line = np.sqrt(divided(noise, slope3) ** 2 * spread + bend**2)
    offset = np.where(good, offset3, 0.5 * width)
    return offset, np.where(good, u_line, width / np.sqrt(12.0)) * block.dt


def _line_zero(inner: Floats, level: Floats) -> tuple[Floats, Floats]:
    """Where the line through the loaded samples meets the level, outwards from the first; slope outwards (< 0)."""
    value, slope = line(inner, 1.0)
    return divided(value - level, slope), -slope


NEAR = 0.3
"""s after the weighing in which a movement usually starts; only where it does not is the rest looked at."""


def onset_threshold(sd: Floats, profile: Profile) -> Floats:
    """Departure from the weight that counts as movement, N."""
    return np.maximum(profile.onset_sds * sd, profile.onset_floor)


def movement_start(
    block: Block, record: Ints, after: Ints, before: Ints, weight: Floats, theta: Floats, upward: Bools,
    profile: Profile,
) -> Floats:  # fmt: skip
    """`movement_threshold_crossing`: first lasting departure from the weight within samples [after, before).

    weight includes the zero error, as the samples do. Rows with `upward` count a rise only (squat jumps).
    """
    span = before - after
    near = np.minimum(span, round(NEAR * block.rate))
    crossing = _departs(block, record, after, near, weight, theta, upward, profile)
    far = ~np.isfinite(crossing) & (span > near) & np.isfinite(weight)
    if far.any():
        crossing[far] = _departs(
            block, record[far], after[far], span[far], weight[far], theta[far], upward[far], profile
        )
    return crossing


def _departs(
    block: Block, record: Ints, after: Ints, span: Ints, weight: Floats, theta: Floats, upward: Bools, profile: Profile
) -> Floats:  # fmt: skip
    """The first lasting departure within `span` samples."""
    width = max(int(span.max(initial=1)), 1) + 1
    size = gather(block.total, record, after, width)
    size -= weight[:, np.newaxis]
    if upward.all():
        pass
    elif not upward.any():
        np.abs(size, out=size)
    else:
        size = np.where(upward[:, np.newaxis], size, np.abs(size))
    hold = max(3, round(profile.onset_hold * block.rate))
    away = size > theta[:, np.newaxis]
    if (span < width).any():
        away &= np.arange(width) < span[:, np.newaxis]
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
    block: Block, record: Ints, start: Floats, before: Ints, weight: Floats, level: Floats, theta: Floats,
    profile: Profile,
) -> Ints:  # fmt: skip
    """Sample at which the athlete last came to rest between `start` and `before`, -1 where there is no such rest.

    Rest: 10 ms means within theta of the weight and abs(v) within the limit, for a quarter second.
    """
    known = np.isfinite(start) & np.isfinite(weight)
    first = np.where(known, start, 0.0).astype(np.int64) // block.cell
    last = before // block.cell
    width = max(int((last - first).max(initial=1)), 1)
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
    return np.asarray(np.maximum(at - 1 - broken.max(axis=1), 0))


def onset_from(block: Block, record: Ints, crossing: Floats, after: Ints, weight: Floats, profile: Profile) -> Floats:
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
    u = np.sqrt((0.7 * divided(sd, slope)) ** 2 + (0.3 * block.dt) ** 2)
    return np.where(np.isfinite(crossing), u, np.nan)
