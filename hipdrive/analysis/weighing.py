"""Weighing: the still stretch that gives the weight, and how well it does.

Works on 10 ms cells. A stretch is one to three seconds of quarter-second blocks whose SD stays within the limit; the
scatter of the blocks tells what slow sway does to the mean, which the SD of the samples cannot (METRICS.md 1, 2, 20).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, divided, first_true, gather, last_true

QUARTER = 0.25
"""Length of the blocks whose means are compared, s (METRICS.md 20)."""

CALM = 1.1
"""A stretch after a landing may vary by this much more than the calmest one of the record."""

GROUPS = (5, 1)
"""Cells from one stretch that is tried to the next, the first that divides a quarter second: 50 ms."""

FARTHEST = 12.0
"""How far from the movement a still stretch is looked for, s."""


@dataclass(frozen=True, eq=False)
class Still:
    """A still stretch of each row, (n,): samples [start, end); NaN and 0 where there is none.

    mean, sd : of the force, N, with the zero error of the plate still in it.
    slope : N/s. blocks : number of quarter seconds. block_sd : SD of their means, N.
    wander : mean square of the force's integral within the stretch, (N*s)².
    """

    start: Ints
    end: Ints
    mean: Floats
    sd: Floats
    slope: Floats
    blocks: Ints
    block_sd: Floats
    wander: Floats

    @property
    def found(self) -> Bools:
        """Rows that have a stretch."""
        return np.isfinite(self.mean)

    @property
    def centre(self) -> Floats:
        """Middle of the stretch, samples."""
        return np.asarray(0.5 * (self.start + self.end), dtype=np.float64)

    @property
    def mean_variance(self) -> Floats:
        """Variance of the mean by the scatter and the slope of its blocks, N²; what sways slowly hides in part."""
        blocks = np.maximum(self.blocks, 1)
        # a sine of which less than a wave is seen, or little more, looks like a slope
        rise = self.slope * QUARTER * blocks
        return np.asarray(self.block_sd**2 / blocks + rise * rise / 48.0)

    def filled(self, other: Still) -> Still:
        """This stretch where there is one, else the other."""
        return Still(*(np.where(self.found, getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))

    def only(self, keep: Bools) -> Still:
        """The stretch of the rows to keep, none elsewhere."""
        return Still(*(np.where(keep, getattr(self, f.name), 0 if f.type == "Ints" else np.nan) for f in fields(self)))


@dataclass(frozen=True, eq=False)
class Where:
    """Where a still stretch is looked for, one row each, (n,): samples [first, last) of a record of the block.

    level, noise : mean and SD of the empty plate, N.
    """

    record: Ints
    first: Ints
    last: Ints
    level: Floats
    noise: Floats


def still_before(block: Block, where: Where, profile: Profile, *, limit: float) -> Still:
    """The last still stretch whose SD beyond plate noise is at most `limit` of weight."""
    return _search(block, where, profile, limit, backwards=True)


def calmest_before(block: Block, where: Where, profile: Profile, *, limit: float) -> Still:
    """The second of lowest SD, if that is at most `limit` of the weight."""
    brief = replace(profile, weigh_rule="calmest", weigh_max=profile.weigh_min)
    return _search(block, where, brief, limit, backwards=True)


def still_after(block: Block, where: Where, profile: Profile, *, limit: float) -> Still:
    """The first still stretch."""
    return _search(block, where, profile, limit, backwards=False)


def _search(block: Block, where: Where, profile: Profile, limit: float, *, backwards: bool) -> Still:
    level, noise = where.level, where.noise
    cells = int(np.ceil(QUARTER / block.cell_time - 1e-9))
    group = next(size for size in GROUPS if cells % size == 0)
    quarter, step = cells // group, group * block.cell
    least = max(1, int(np.ceil(profile.weigh_min / QUARTER - 1e-9)))
    most = max(least, int(profile.weigh_max / QUARTER + 1e-9))
    first_cell, last_cell = -(-where.first // block.cell), where.last // block.cell
    # whole steps, counted from the movement
    span = np.minimum(last_cell - first_cell, int(FARTHEST / block.cell_time)) // group
    width = int(max(span.max(initial=0), least * quarter))
    origin = last_cell - width * group if backwards else first_cell
    low = width - span if backwards else np.zeros_like(span)
    high = low + span
    totals, powers = (
        _running(gather(part, where.record, origin, width * group), group, low, high)
        for part in (block.sums, block.squares)
    )

    window = least * quarter
    samples = window * step
    mean = (totals[:, window:] - totals[:, :-window]) / samples
    var = (powers[:, window:] - powers[:, :-window]) / samples - mean * mean
    var *= samples / max(samples - 1, 1)
    begin = np.arange(mean.shape[1])
    inside = (begin >= low[:, np.newaxis]) & (begin + window <= high[:, np.newaxis])
    weight = mean - level[:, np.newaxis]
    # what the empty plate does is not the athlete's doing
    allowed = limit * weight
    allowed *= allowed
    allowed += (noise * noise)[:, np.newaxis]
    quiet = inside & (weight > 0.0) & (var <= allowed)
    if not backwards:
        # a landing dies away slowly: the first stretch within the limit still moves, so wait for the calm one
        calmest = np.maximum(np.where(quiet, var, np.inf).min(axis=1), 0.0)
        quiet = quiet & (var <= (CALM * CALM * calmest)[:, np.newaxis])
        settled = np.zeros_like(quiet)
        settled[:, quarter:] = quiet[:, quarter:] & quiet[:, :-quarter]
        quiet = np.where(settled.any(axis=1)[:, np.newaxis], settled, quiet)
    if profile.weigh_rule != "last_quiet" and backwards:
        lowest = np.where(quiet, mean if profile.weigh_rule == "lowest_mean" else var, np.inf).argmin(axis=1)
        at = np.where(quiet.any(axis=1), lowest, -1)
    else:
        at = last_true(quiet) if backwards else first_true(quiet)
    found = at >= 0
    anchor = np.where(found, at + window if backwards else at, window if backwards else 0)
    count = np.where(found, least, 0)
    growing = found
    for blocks in range(least + 1, most + 1):
        length = blocks * quarter
        start = anchor - length if backwards else anchor
        fits = growing & (start >= low) & (start + length <= high)
        start = np.clip(start, 0, max(0, width - length))
        if width < length:
            break
        rows = np.arange(len(start))
        samples = length * step
        total = totals[rows, start + length] - totals[rows, start]
        power = powers[rows, start + length] - powers[rows, start]
        var = (power / samples - (total / samples) ** 2) * samples / (samples - 1)
        growing = fits & (var <= (limit * (total / samples - level)) ** 2 + noise * noise)
        count = np.where(growing, blocks, count)
    begin_cell = anchor - count * quarter if backwards else anchor
    return _measure(block, totals, powers, origin * block.cell, begin_cell, count, quarter, step, most)


def _running(cells: Floats, group: int, low: Ints, high: Ints) -> Floats:
    """Running sums from 0 of each row's groups of cells; outside groups [low, high) of the row they mean nothing."""
    steps = np.einsum("rcs->rc", cells.reshape(len(cells), cells.shape[1] // group, group))
    sums = np.empty((len(steps), steps.shape[1] + 1))
    sums[:, 0] = 0.0
    np.cumsum(steps, axis=1, out=sums[:, 1:])
    if not np.isfinite(sums[:, -1]).all():
        number = np.arange(steps.shape[1])
        usable = (number >= low[:, np.newaxis]) & (number < high[:, np.newaxis])
        np.cumsum(np.where(usable, steps, 0.0), axis=1, out=sums[:, 1:])
    return sums


def _measure(
    block: Block,
    totals: Floats,
    powers: Floats,
    origin: Ints,
    begin: Ints,
    count: Ints,
    quarter: int,
    step: int,
    most: int,
) -> Still:
    """Everything about the chosen stretch, from the running sums at the edges of its quarter seconds.

    origin : first sample of each row's search; begin, count : its first step and its number of quarter seconds.
    quarter : steps in a quarter second; step : samples in a step.
    """
    blocks = np.arange(most + 1)
    edges = np.minimum(begin[:, np.newaxis] + np.minimum(blocks, count[:, np.newaxis]) * quarter, totals.shape[1] - 1)
    inside = blocks[1:] <= count[:, np.newaxis]
    sums = np.take_along_axis(totals, edges, axis=1)
    rows = np.arange(len(count))
    number = np.where(count > 0, count, np.nan)
    samples = number * quarter * step
    mean = (sums[:, -1] - sums[:, 0]) / samples
    power = powers[rows, edges[:, -1]] - powers[rows, edges[:, 0]]
    var = (power / samples - mean * mean) * divided(samples, samples - 1.0)
    centre = np.where(inside, np.diff(sums, axis=1) / (quarter * step) - mean[:, np.newaxis], 0.0)
    length = quarter * step / block.rate
    x = np.where(inside, blocks[1:] - 0.5 * (number[:, np.newaxis] + 1.0), 0.0)
    slope = divided((x * centre).sum(axis=1), (x * x).sum(axis=1)) / length
    integral = np.cumsum(centre, axis=1) * length
    # white noise wanders by T/6·(1 - 1/K²) at the edges of K blocks: brought to the T/6 of the whole curve
    wander = divided((integral * integral).sum(axis=1), number - divided(1.0, number))
    return Still(
        origin + begin * step, origin + (begin + count * quarter) * step, mean,
        np.sqrt(np.maximum(var, 0.0)), slope, count,
        np.sqrt(divided((centre * centre).sum(axis=1), number - 1.0)), wander,
    )  # fmt: skip
