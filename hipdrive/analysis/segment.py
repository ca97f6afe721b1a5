"""Where the repetitions are: unloaded runs, flights, and the loaded stretches between them.

The longest unloaded run is rarely the flight: plates are empty before the athlete steps on and after the last
landing. A flight is short, flat, at the level of the empty plate, and has load on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, gather, mean_sd

LOADED = 100.0
"""N above the empty plate that somebody certainly stands on it, for the first guess of weight."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What each record looks like from afar, (records,): level of the empty plate, rough weight."""

    empty_level: Floats
    rough_weight: Floats

    def where_known(self, empty_level: Floats, rough_weight: Floats) -> Survey:
        """The survey with what is known better already, NaN where it is not."""
        known = np.isfinite(rough_weight)
        return Survey(np.where(known, empty_level, self.empty_level), np.where(known, rough_weight, self.rough_weight))


@dataclass(frozen=True, eq=False)
class Runs:
    """Unloaded runs, (runs,), ordered by record and time: samples [start, end), level and noise of the middle."""

    record: Ints
    start: Ints
    end: Ints
    level: Floats
    noise: Floats
    count: Ints
    flight: Bools
    """Could be a flight: neither edge of the record, the right duration."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Flights with the stretches around them, (n,): samples of the record.

    `ground` is where the loaded stretch before the flight begins (0 if the record begins loaded), `until` where the
    one after it ends. `after_flight`: the stretch before began with another landing. `empty` index of the unloaded
    run before the stretch, -1 where there is none.
    """

    record: Ints
    start: Ints
    end: Ints
    ground: Ints
    until: Ints
    level: Floats
    noise: Floats
    count: Ints
    after_flight: Bools
    empty: Ints


def survey(block: Block) -> Survey:
    """Level of the empty plate (lowest 20 ms) and weight (median of the loaded cells) of each record."""
    return survey_of(block.means)


def survey_of(means: Floats) -> Survey:
    """The same of the means of 10 ms cells, (records, cells); NaN after the end of a record."""
    pairs = means if means.shape[1] == 1 else 0.5 * (means[:, 1:] + means[:, :-1])
    # every other pair holds each cell once, and half the values sort in half the time
    ordered = np.sort(pairs[:, ::2], axis=1)
    level = np.fmin.reduce(pairs, axis=1)
    level = np.where(np.isnan(level), np.inf, level)
    rough = np.full(len(level), np.nan)
    threshold = level + LOADED
    # no numbers are sorted to the end
    valid: Any = ordered.shape[1]
    if np.isnan(ordered[:, -1]).any():
        valid = np.count_nonzero(~np.isnan(ordered), axis=1)
    for _ in range(2):
        below = np.count_nonzero(ordered <= threshold[:, np.newaxis], axis=1)
        loaded = valid > below
        middle = np.minimum(below + (valid - below) // 2, ordered.shape[1] - 1)
        rough = np.where(loaded, ordered[np.arange(len(level)), middle] - level, np.nan)
        threshold = level + np.where(loaded, 0.25 * rough, LOADED)
    return Survey(np.where(np.isfinite(level), level, np.nan), rough)


def unloaded_runs(block: Block, seen: Survey, profile: Profile) -> Runs:
    """Runs below a quarter of the weight that are flat and at the level of the empty plate."""
    threshold = seen.empty_level + profile.rearm * seen.rough_weight
    below = block.total < threshold[:, np.newaxis]
    width = below.shape[1]
    flips = np.flatnonzero(below[:, 1:] != below[:, :-1])
    record, at = flips // (width - 1), flips % (width - 1) + 1
    falls = below[record, at]
    starts_low, ends_low = np.flatnonzero(below[:, 0]), np.flatnonzero(below[:, -1])
    # NaN after a shorter record counts as loaded, so its last run ends at its last sample by itself
    run_record = np.concatenate([starts_low, record[falls]])
    start = np.concatenate([np.zeros_like(starts_low), at[falls]])
    end_record = np.concatenate([record[~falls], ends_low])
    end = np.concatenate([at[~falls], np.full_like(ends_low, width)])
    by_start, by_end = np.lexsort((start, run_record)), np.lexsort((end, end_record))
    return _flat(block, seen, profile, run_record[by_start], start[by_start], end[by_end])


def _flat(block: Block, seen: Survey, profile: Profile, record: Ints, start: Ints, end: Ints) -> Runs:
    """Keep the runs that are long enough, quiet and at the empty level; the rest is unweighting or ringing."""
    keep = end - start >= max(2, round(profile.flight_min * block.rate))
    record, start, end = record[keep], start[keep], np.minimum(end[keep], block.lengths[record[keep]])
    middle_start, middle_end = _middle(start, end, block.rate, profile.flight_trim)
    # of a long empty stretch a few seconds in its middle are enough
    longest = round(3.0 * block.rate)
    centre = (middle_start + middle_end) // 2
    middle_start = np.maximum(middle_start, centre - longest // 2)
    middle_end = np.minimum(middle_end, centre + longest // 2)
    width = int((middle_end - middle_start).max(initial=1))
    samples = gather(block.total, record, middle_start, width)
    count = middle_end - middle_start
    level, noise = mean_sd(samples, count)
    weight = seen.rough_weight[record]
    flat = (noise <= profile.flight_sd * weight) & (
        np.abs(level - seen.empty_level[record]) <= profile.flight_level * weight
    )
    duration = (end - start) / block.rate
    inside = (start > 0) & (end < block.lengths[record])
    flight = inside & (duration >= profile.flight_min) & (duration <= profile.flight_max)
    return Runs(record[flat], start[flat], end[flat], level[flat], noise[flat], count[flat], flight[flat])


def _middle(start: Ints, end: Ints, rate: float, trim: float) -> tuple[Ints, Ints]:
    """The run without its first and last fifth, but at least 50 ms of it where it has them."""
    length = end - start
    least = np.minimum(length, round(0.05 * rate))
    kept = np.maximum(length - 2 * np.floor(trim * length).astype(np.int64), least)
    first = start + (length - kept) // 2
    return first, first + kept


OWN_ZERO = frozenset({"isometric", "steps"})
"""Tests that find the zero of each repetition beside it."""


def empty_runs(runs: Runs, test: str) -> Runs:
    """The runs in which the plate was empty for sure, by which a drift of its zero is judged.

    In a record without a flight the lowest level can be an athlete who stands; before a pull on a load cell it is the
    tension that is held, so pulls look at their zero themselves, and so do steps, in every flight.
    """
    if not len(runs.record):
        return runs
    flies = np.zeros(int(runs.record.max()) + 1, dtype=bool)
    flies[runs.record[runs.flight]] = True
    keep = np.zeros(len(runs.record), dtype=bool) if test in OWN_ZERO else flies[runs.record] | (runs.level < LOADED)
    return runs if keep.all() else Runs(*(getattr(runs, field.name)[keep] for field in fields(runs)))


def candidates(block: Block, runs: Runs) -> Candidates:
    """Each possible flight with the loaded stretches before and after it."""
    n = len(runs.record)
    same = np.concatenate([[False], runs.record[1:] == runs.record[:-1]]) if n else np.zeros(0, bool)
    before = np.where(same, np.arange(n) - 1, -1)
    ground = np.where(same, runs.end[before], 0) if n else np.zeros(0, np.int64)
    follows = np.concatenate([same[1:], [False]]) if n else np.zeros(0, bool)
    until = np.where(follows, np.roll(runs.start, -1), block.lengths[runs.record]) if n else ground
    pick = runs.flight
    after_flight = same & runs.flight[before] if n else pick
    return Candidates(
        runs.record[pick],
        runs.start[pick],
        runs.end[pick],
        ground[pick],
        until[pick],
        runs.level[pick],
        runs.noise[pick],
        runs.count[pick],
        after_flight[pick],
        before[pick],
    )
