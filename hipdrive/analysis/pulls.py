"""Where somebody pulled: a quiet pretension, a rise that no body moves with, and back down. Works on 10 ms cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segment import LOADED, Runs
from hipdrive.analysis.signal import Block, Bools, Floats, Ints

QUIET = 1.0
"""s of quiet pretension that a pull needs before it."""

BACK, BACK_BAND, BACK_SEARCH = 0.3, 0.25, 3.0
"""After a pull the athlete stands again: so long, so near the level before, within so many s."""

FALL = 0.4
"""s before and after the rise within which a force near zero says that the athlete flew: a jump, no pull."""

STANDS = 0.003
"""Share of the force by which somebody who stands varies within a second; who pulls tires and varies by more."""

STILL_CELL = 5.0
"""N: a load cell at rest varies by less (SD)."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Pulls as seen from afar, (n,): samples [start, end) within which force is up, and the level before, N.

    zero, noise, count : of the empty plate nearest in time, with the number of its samples, 0 where the plate was never
    empty and its zero is taken as it was recorded. drift : N/s between the empty stretches around. ground, until : the
    loaded stretch. cell : a load cell, which carries no body weight. over : whether the force came down again.
    """

    record: Ints
    start: Ints
    end: Ints
    base: Floats
    zero: Floats
    noise: Floats
    count: Ints
    drift: Floats
    changed: Bools
    ground: Ints
    until: Ints
    cell: Bools
    over: Bools


def spans(block: Block, runs: Runs, usable: Bools, flies: Bools, profile: Profile, *, declared: bool) -> Spans:
    """The pulls of each record; a load cell, on which nobody stands, only where somebody said that it is this test.

    usable, flies : records whose samples can be trusted, and those that hold a flight, (records,).
    """
    rows: list[tuple[float, ...]] = []
    for record in np.flatnonzero(usable).tolist():
        rows += _of_record(block, runs, record, flies, profile, declared=declared)
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 13).T
    whole = table[[0, 1, 2, 6, 9, 10]].astype(np.int64)
    return Spans(whole[0], whole[1], whole[2], table[3], table[4], table[5], whole[3], table[7], table[8] > 0,
                 whole[4], whole[5], table[11] > 0, table[12] > 0)  # fmt: skip


def _of_record(
    block: Block, runs: Runs, record: int, flies: Bools, profile: Profile, *, declared: bool
) -> list[tuple[float, ...]]:
    cells = block.lengths[record] // block.cell
    means = block.means[record, : int(cells)]
    mine = np.flatnonzero((runs.record == record) & (runs.level < LOADED))
    found = _rises(means, _levels(runs, mine, len(means), block), block, profile, cell=False, declared=declared)
    cell = not found and declared and not flies[record] and len(block.names) == 1
    if cell:
        mine = mine[:0]
        zero = _slack(means, block)
        found = _rises(means, np.full(len(means), zero), block, profile, cell=True, declared=declared)
    rows: list[tuple[float, ...]] = []
    state: tuple[float, ...]
    for start, end, base, over in found:
        first, last = start * block.cell, end * block.cell
        before, after = mine[runs.end[mine] <= first], mine[runs.start[mine] >= last]
        ground = int(runs.end[before[-1]]) if len(before) else 0
        until = int(runs.start[after[0]]) if len(after) else int(block.lengths[record])
        if cell:
            slack = np.isfinite(zero) and base - zero > profile.onset_floor
            state = (zero if slack else 0.0, np.nan, 1 if slack else 0, 0.0, 0.0)
        else:
            state = _zero(runs, before, after, first, base, block.rate)
        rows.append((record, first, last, base, *state, ground, until, cell, over))
    return rows


def _zero(runs: Runs, before: Ints, after: Ints, at: int, base: float, rate: float) -> tuple[float, ...]:
    """Level, noise and samples of the nearest empty stretch, drift N/s, and whether it changed by 1 % of weight."""
    near = [*before[-1:].tolist(), *after[:1].tolist()]
    if not near:
        return 0.0, np.nan, 0, 0.0, 0.0
    one = near[0]
    drift, change = 0.0, 0.0
    if len(near) == 2:
        a, b = near
        time = 0.5 * (runs.start[b] + runs.end[b] - runs.start[a] - runs.end[a]) / rate
        change = float(runs.level[b] - runs.level[a])
        doubt = np.sqrt(runs.noise[a] ** 2 / max(runs.count[a], 1) + runs.noise[b] ** 2 / max(runs.count[b], 1))
        drift = change / time if abs(change) > 2.0 * doubt else 0.0
    # where it was seen twice, the zero at the pull lies on the line between
    level = runs.level[one] + drift * (at - 0.5 * (runs.start[one] + runs.end[one])) / rate
    return float(level), float(runs.noise[one]), int(runs.count[one]), drift, float(abs(change) > 0.01 * base)


def _levels(runs: Runs, mine: Ints, cells: int, block: Block) -> Floats:
    """The zero at each cell: that of the last empty stretch before it, or of the first one after."""
    level = np.zeros(cells)
    if len(mine):
        at = np.searchsorted(runs.end[mine], np.arange(cells) * block.cell, side="right") - 1
        level = runs.level[mine][np.maximum(at, 0)]
    return level


def _slack(means: Floats, block: Block) -> float:
    """What a load cell reads where nothing pulls: the lowest mean over half a second, N; NaN in too short a record."""
    size = max(1, round(0.5 / block.cell_time))
    return float(_moving(means, size)[0].min()) if len(means) >= size else np.nan


def _moving(means: Floats, size: int) -> tuple[Floats, Floats]:
    """Mean and SD over `size` cells from each on."""
    centre = float(means.mean())
    total, power = (np.concatenate([[0.0], np.cumsum((means - centre) ** p)]) for p in (1, 2))
    mean = (total[size:] - total[:-size]) / size
    return mean + centre, np.sqrt(np.maximum((power[size:] - power[:-size]) / size - mean * mean, 0.0))


def _rises(
    means: Floats, zero: Floats, block: Block, profile: Profile, *, cell: bool, declared: bool
) -> list[tuple[int, int, float, bool]]:
    """Cells [start, end) in which force is up after a quiet second, the level of that second, and whether it ended."""
    size = round(QUIET / block.cell_time)
    if len(means) < size + 2:
        return []
    base = _quiet_level(means, zero, size, profile, cell=cell)
    rise = np.full(len(means), profile.iso_cell_level) if cell else profile.iso_rise * (base - zero)
    up, found, at = means > base + rise, [], 0
    while at < len(means) and up[at:].any():
        start = at + int(up[at:].argmax())
        level, lift = float(base[start]), float(rise[start])
        down = means[start:] < level + 0.5 * lift
        over = bool(down.any())
        end = start + int(down.argmax()) if over else len(means)
        if _is_pull(means, start, end, level, float(zero[start]), block, profile, over, cell, declared):
            found.append((start, end, level, over))
        at = end + 1
    return found


def _quiet_level(means: Floats, zero: Floats, size: int, profile: Profile, *, cell: bool) -> Floats:
    """The mean of the last quiet second that was over at each cell; NaN before the first."""
    mean, sd = _moving(means, size)
    above = mean - zero[: len(mean)]
    if cell:
        quiet = (sd <= STILL_CELL) & (above <= profile.iso_cell_level)
    else:
        quiet = (sd <= profile.weigh_sd_warn * above) & (above >= profile.weight_min)
    last = np.maximum.accumulate(np.where(quiet, np.arange(len(mean)), -1))
    level = np.full(len(means), np.nan)
    level[size:] = np.where(last >= 0, mean[np.maximum(last, 0)], np.nan)[: len(means) - size]
    return level


def _is_pull(
    means: Floats, start: int, end: int, level: float, zero: float, block: Block, profile: Profile,
    over: bool, cell: bool, declared: bool,
) -> bool:  # fmt: skip
    """Long enough, not for too long, and more impulse than a free body takes up without leaving the plate."""
    dt = block.cell_time
    force, time = means[start:end] - level, (end - start) * dt
    if time < profile.iso_hold or time > profile.iso_longest:
        return False
    if (cell or not declared) and len(force) >= (size := round(QUIET / dt)):
        # nobody pulls as evenly as somebody stands: this is a plate, and somebody or something came onto it
        uneven = float(np.quantile(_moving(force, size)[1], 0.5 if cell else 0.25)) >= STANDS * float(force.max())
        if cell or not uneven:
            return uneven
    elif cell:
        return True
    weight = level - zero
    if float(force.sum()) * dt * profile.g / weight < profile.iso_speed:
        return False
    if _near_zero(means, start, end, zero + profile.rearm * weight, round(FALL / dt)):
        return False
    return declared or (over and _stands_again(means, end, level, weight, dt))


def _near_zero(means: Floats, start: int, end: int, level: float, reach: int) -> bool:
    """Whether force falls below a level shortly before or after: then this is the push or the landing of a jump."""
    around = np.concatenate([means[max(0, start - reach) : start], means[end : end + reach]])
    return len(around) > 0 and bool(around.min() < level)


def _stands_again(means: Floats, end: int, level: float, weight: float, dt: float) -> bool:
    """Whether the force comes back to the level before, and stays there for a while."""
    after = np.abs(means[end : end + round(BACK_SEARCH / dt)] - level) <= BACK_BAND * weight
    size = round(BACK / dt)
    return len(after) >= size and bool((np.convolve(after, np.ones(size), "valid") >= size - 0.5).any())
