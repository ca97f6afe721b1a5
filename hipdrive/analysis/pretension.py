"""The onset of a pull: its quiet pretension, the threshold above it, the crossing, and whether it was held (8)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.pulls import STILL_CELL, Spans
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, divided, gather, last_true, within
from hipdrive.analysis.uncertainty import SWAY_SHARED, SWAYS, student
from hipdrive.analysis.weighing import Still, Where, still_before

GAP = 0.2
"""s between the end of the pretension that is measured and the onset (METRICS.md 1)."""

REACH = 2.0
"""s before half of the rise in which the onset is looked for."""

STEADY, DIPPED, DRIFTED, UNQUIET = range(4)
HELD = ("steady", "dip before the pull", "drifting pretension", "no quiet pretension")
"""Classes of `iso_hold_quality`."""

SMOOTH, WIDEST = 4.0, 0.010
"""The crossing is read from a curve through the samples within so many noise SDs over slope, and so many s at most."""


@dataclass(frozen=True, eq=False)
class Onsets:
    """The start of each pull, (n,): pretension, threshold N, instants in samples, and how well it was held.

    half : where force first reaches half of its rise. u : standard uncertainty of the onset, s.
    """

    quiet: Still
    threshold: Floats
    theta: Floats
    half: Floats
    at: Floats
    u: Floats
    dip: Floats
    drift: Floats
    hold: Ints
    noise: Floats


def onsets(block: Block, found: Spans, top: Floats, profile: Profile) -> Onsets:
    """Pretension and onset of each pull; `top` is its largest force, N."""
    base, first = found.base, _first(block, found)
    noise = np.where(np.isfinite(found.noise), found.noise, 0.0)
    half = _half(block, found, base, top)
    quiet = _quiet(block, found, first, half - GAP * block.rate, noise, profile)
    noise = np.where(np.isfinite(found.noise), found.noise, _noise(block, found.record, quiet))
    for _ in range(2):
        level = np.where(quiet.found, quiet.mean, base)
        theta = _theta(quiet, profile)
        half = _half(block, found, level, top)
        crossing = _crossing(block, found.record, level + theta, quiet, half)
        late = np.isfinite(crossing) & (quiet.end > crossing - GAP * block.rate)
        if not late.any():
            break
        sooner = np.where(late, crossing, half) - GAP * block.rate
        quiet = _quiet(block, found, first, sooner, noise, profile).filled(quiet)
    at, u = _read_through(block, found.record, crossing, level + theta, noise)
    u = np.hypot(u, level_u(quiet, theta, noise, block.rate, profile) / _slope(block, found.record, at))
    dip, drift = _dip(block, found.record, at, quiet, profile), _drift(block, found.record, at, quiet)
    # what takes so long was a drift before the pull
    slow = half - at > profile.iso_rise_time * block.rate
    drift = np.where(slow, _drift(block, found.record, half, quiet), drift)
    allowed = np.maximum(profile.onset_sds * quiet.sd, profile.onset_floor)
    drifting = np.abs(drift) > np.maximum(profile.iso_drift * (level - found.zero), profile.onset_floor)
    hold = np.select([~quiet.found, dip > allowed, drifting | slow], [UNQUIET, DIPPED, DRIFTED], STEADY)
    return Onsets(quiet, level + theta, theta, half, at, u, dip, drift, hold, noise)


def _theta(quiet: Still, profile: Profile) -> Floats:
    """How far above the pretension the pull has begun, N."""
    if profile.iso_onset_fixed > 0.0:
        return np.full(len(quiet.mean), profile.iso_onset_fixed)
    return np.fmax(profile.onset_sds * quiet.sd, profile.onset_floor)


def _first(block: Block, found: Spans) -> Ints:
    """Where to begin to look for the pretension: where the load began, or the pull before ended."""
    same = np.concatenate([[False], found.record[1:] == found.record[:-1]]) if len(found.record) else found.over
    before = np.where(same, np.roll(found.end, 1), 0)
    return np.maximum(found.ground, before)


def _quiet(block: Block, found: Spans, first: Ints, last: Floats, noise: Floats, profile: Profile) -> Still:
    """The last still second or more before `last`, samples."""
    end = np.where(np.isfinite(last), last, 0.0).astype(np.int64)
    # no longer than need be: before it the tension is taken up
    brief, still = replace(profile, weigh_max=profile.weigh_min), None
    for limit in (profile.weigh_sd_pass, profile.weigh_sd_warn):
        # a load cell at rest carries nothing to take a share of: what it may vary by is given in N
        level = np.where(found.cell, found.base - STILL_CELL / limit, found.zero)
        tried = still_before(block, Where(found.record, first, end, level, noise), brief, limit=limit)
        level = np.where(tried.found, level, np.nan)
        longer = _same_level(block, found.record, first, tried, profile)
        again = still_before(block, Where(found.record, longer, tried.end, level, noise), profile, limit=limit)
        tried = again.filled(tried)
        still = tried if still is None else still.filled(tried)
    assert still is not None
    return still


def _same_level(block: Block, record: Ints, first: Ints, still: Still, profile: Profile) -> Ints:
    """From where on force stays near the level of a still stretch, less a little, samples: its longer form."""
    size, begin = max(1, round(0.1 / block.cell_time)), still.start.copy()
    for row in np.flatnonzero(still.found).tolist():
        least = max(int(first[row]), int(still.end[row]) - round(profile.weigh_max * block.rate))
        a, b = -(-least // block.cell), int(still.start[row]) // block.cell
        means = block.means[record[row], a:b]
        if len(means) <= size:
            continue
        near = np.convolve(means, np.ones(size) / size, "valid") - still.mean[row]
        off = np.flatnonzero(np.abs(near) > 0.3 * profile.onset_floor)
        begin[row] = (a + (off[-1] + 1 + 2 * size if len(off) else 0)) * block.cell
    return np.minimum(begin, still.start)


def _half(block: Block, found: Spans, base: Floats, top: Floats) -> Floats:
    """Sample at which force first reaches half of its rise from the pretension."""
    first = found.start - round(0.5 * block.rate)
    width = int((found.end - first).max(initial=1))
    force = gather(block.total, found.record, first, width)
    up = (force >= (0.5 * (base + top))[:, np.newaxis]) & within(first, width, np.maximum(first, 0), found.end)
    at = np.where(up.any(axis=1), up.argmax(axis=1), 0)
    return np.asarray(first + at, dtype=np.float64)


def _crossing(block: Block, record: Ints, level: Floats, quiet: Still, half: Floats) -> Floats:
    """Last upward crossing of a level before half of the rise, interpolated, samples; NaN where there is none."""
    width = round(REACH * block.rate)
    end = half.astype(np.int64)
    force = gather(block.total, record, end - width + 1, width)
    low = force <= level[:, np.newaxis]
    at = last_true(low)
    fine = quiet.found & (at >= 0) & (at < width - 1)
    rows, at = np.arange(len(at)), np.where(fine, at, 0)
    part = divided(level - force[rows, at], force[rows, np.minimum(at + 1, width - 1)] - force[rows, at])
    return np.where(fine, end - width + 1 + at + np.clip(part, 0.0, 1.0), np.nan)


def _slope(block: Block, record: Ints, at: Floats) -> Floats:
    """Slope of force in the 10 ms after a time, N/s."""
    n = max(4, round(0.010 * block.rate) + 1)
    first = np.ceil(np.where(np.isfinite(at), at, 0.0)).astype(np.int64)
    force = gather(block.total, record, first, n)
    x = np.arange(n) - 0.5 * (n - 1)
    return np.asarray(np.maximum(np.einsum("rs,s->r", force, x / (x @ x)), 1e-9) * block.rate)


def mean_u(still: Still, noise: Floats, rate: float) -> Floats:
    """Standard uncertainty of the mean of a still stretch, N: as that of the weight of a jump."""
    alone = noise**2 * still.blocks / np.maximum(still.end - still.start, 1)
    swaying = np.where(still.block_sd**2 > SWAYS * alone, SWAY_SHARED, 1.0)
    return np.asarray(swaying * np.sqrt(still.mean_variance) * student(still.blocks.astype(np.float64)))


def longest_run(mask: Bools) -> tuple[int, int]:
    """Places [start, end) of the longest run of True; the last of several."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    best = len(starts) - 1 - int((ends - starts)[::-1].argmax())
    return int(starts[best]), int(ends[best])


def level_u(quiet: Still, theta: Floats, noise: Floats, rate: float, profile: Profile) -> Floats:
    """Standard uncertainty of the threshold, N: of the pretension's mean, and of its SD where that decides."""
    level = mean_u(quiet, noise, rate)
    decides = (profile.iso_onset_fixed == 0.0) & (theta > profile.onset_floor)
    samples = np.maximum(quiet.end - quiet.start, 2)
    return np.hypot(level, np.where(decides, theta / np.sqrt(2.0 * samples), 0.0))


def _read_through(block: Block, record: Ints, crossing: Floats, level: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """The crossing of a parabola through the samples around, samples, and its standard uncertainty, s.

    The last of many noisy samples below the threshold lies too late, by the more the slower the rise: where noise
    covers several samples, they decide together. A steep rise keeps its crossing.
    """
    known = np.isfinite(crossing)
    place = np.where(known, crossing, 0.0)
    slope = _slope(block, record, place)
    reach = np.clip(SMOOTH * noise / slope * block.rate, 0.0, WIDEST * block.rate)
    at, u = crossing.copy(), np.hypot(noise / slope, 0.3 * block.dt)
    for row in np.flatnonzero(known & (reach >= 2.0)).tolist():
        first, last = int(place[row] - reach[row]), int(place[row] + reach[row]) + 2
        force = block.total[record[row], max(first, 0) : last] - level[row]
        x = np.arange(max(first, 0), last) - place[row]
        fit = np.polynomial.polynomial.polyfit(x, force, 2)
        c, b, a = fit
        root = _nearest_root(a, b, c, reach[row])
        if np.isfinite(root):
            at[row] = place[row] + root
            design = np.vander(x, 3, increasing=True)
            inverse = np.linalg.inv(design.T @ design)
            here = np.array([1.0, root, root * root])
            rate = max(b + 2.0 * a * root, 1e-9) * block.rate
            u[row] = noise[row] * np.sqrt(float(here @ inverse @ here)) / rate
    return at, np.hypot(u, 0.1 * block.dt)


def _nearest_root(a: float, b: float, c: float, reach: float) -> float:
    """The rising root of a·x² + b·x + c next to zero, NaN where it lies farther than `reach` or there is none."""
    inside = b * b - 4.0 * a * c
    if inside < 0.0 or (b <= 0.0 and a <= 0.0):
        return float("nan")
    root = -2.0 * c / (b + np.sqrt(inside)) if b > 0.0 else (-b + np.sqrt(inside)) / (2.0 * a)
    return float(root) if abs(root) <= reach and b + 2.0 * a * root > 0.0 else float("nan")


def _dip(block: Block, record: Ints, at: Floats, quiet: Still, profile: Profile) -> Floats:
    """How far force falls below the pretension in the half second before the onset, N (5 ms means)."""
    width, size = round(profile.iso_dip_time * block.rate), max(1, round(0.005 * block.rate))
    end = np.where(np.isfinite(at), at, 0.0).astype(np.int64)
    force = gather(block.total, record, end - width, width)
    sums = np.cumsum(np.nan_to_num(force - quiet.mean[:, np.newaxis]), axis=1)
    low = ((sums[:, size:] - sums[:, :-size]) / size).min(axis=1)
    return np.where(np.isfinite(at), np.maximum(-low, 0.0), np.nan)


def _drift(block: Block, record: Ints, at: Floats, quiet: Still) -> Floats:
    """Drift of the tension, N: within its quiet stretch, or from that to just before the onset, the larger."""
    within_it = quiet.slope * (quiet.end - quiet.start) / block.rate
    width = max(2, round(0.2 * block.rate))
    end = np.where(np.isfinite(at), at - GAP * block.rate, 0.0).astype(np.int64)
    after = np.einsum("rs->r", gather(block.total, record, end - width, width)) / width - quiet.mean
    return np.where(np.abs(np.nan_to_num(after)) > np.abs(within_it), after, within_it)


def _noise(block: Block, record: Ints, quiet: Still) -> Floats:
    """Noise of a plate that was never empty, N: white noise shows in second differences, a body does not."""
    width = int(np.maximum(quiet.end - quiet.start, 4).max(initial=4))
    force = gather(block.total, record, quiet.start, width)
    rough = force[:, 2:] - 2.0 * force[:, 1:-1] + force[:, :-2]
    inside = within(quiet.start, width - 2, quiet.start, quiet.end - 2) & np.isfinite(rough)
    count = np.maximum(inside.sum(axis=1), 1)
    return np.asarray(np.sqrt((np.where(inside, rough, 0.0) ** 2).sum(axis=1) / count / 6.0))
