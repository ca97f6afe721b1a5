"""Trials in blocks: from records side by side to the repetitions of each one's test, and why there are none.

A block holds trials of one rate and one set of plates, and fits the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from hipdrive.analysis import quality, segment
from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.filtering import filtered
from hipdrive.analysis.finders import finder
from hipdrive.analysis.group import Group, group_of
from hipdrive.analysis.leg import EMPTY, of_one_leg
from hipdrive.analysis.locate import Given, locate
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.scene import Scene
from hipdrive.analysis.segment import Runs, Survey
from hipdrive.analysis.signal import Block, Ints
from hipdrive.trial import Trial

BLOCK_SAMPLES = 1_500_000
"""Samples analysed side by side: enough to share the cost of each step, few enough for memory (about 50 MB)."""

SHORTEST = 0.5
"""s: nothing shorter can hold a jump."""


@dataclass(frozen=True, eq=False)
class Batch:
    """One block's outcome: its groups, and for each of its trials checks and the reason of a refusal."""

    trials: Ints
    groups: tuple[Group, ...]
    checks: quality.Seen
    code: Ints
    others: Ints
    """Flights of each trial that are no repetitions of its test."""


def batches(trials: Sequence[Trial], asked: Sequence[str], profile: Profile) -> Iterator[Batch]:
    """Trials in blocks of one rate, plates and test; those of like length together."""
    legs = [of_one_leg(filtered(trial, profile)) for trial in trials]
    trials = [leg.trial for leg in legs]

    def kind(i: int) -> tuple[Any, ...]:
        return trials[i].rate, trials[i].plates, asked[i], trials[i].samples < SHORTEST * trials[i].rate

    kinds = [kind(i) for i in range(len(trials))]
    order = sorted(range(len(trials)), key=lambda i: (kinds[i], trials[i].samples))
    for (_, _, test, short), alike in groupby(order, key=kinds.__getitem__):
        members = list(alike)
        if short:
            yield _refused(members, "too_short")
            continue
        while members:
            size = _block_size([trials[i].samples for i in members])
            part, members = sorted(members[:size]), members[size:]
            # absurd forces overflow to infinity, which no rule takes for a jump
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                batch = _batch([trials[i] for i in part], np.array(part), test, profile)
            other = quality.other_leg(np.array([legs[i].share for i in part]), EMPTY)
            yield replace(batch, checks={**batch.checks, "other_leg": other})


def _block_size(lengths: Sequence[int]) -> int:
    """How many of the trials, ordered by length, go into one block: little padding, bounded memory."""
    size = 1
    while size < len(lengths) and lengths[size] * (size + 1) <= BLOCK_SAMPLES and lengths[size] <= 1.25 * lengths[0]:
        size += 1
    return size


def _refused(members: Sequence[int], code: str) -> Batch:
    n = len(members)
    return Batch(np.array(members), (), {}, np.full(n, NUMBER[code]), np.zeros(n, dtype=np.int64))


def _batch(trials: Sequence[Trial], index: Ints, test: str, profile: Profile) -> Batch:
    block = Block.of(trials)
    given = Given(
        np.array([np.nan if t.mass is None else (t.mass + t.load) * profile.g for t in trials]),
        np.array([np.nan if t.box_height is None else t.box_height for t in trials]),
        test,
        np.array([t.load for t in trials]),
    )
    located, seen, runs = locate(block, given, profile)
    checks = quality.of_records(block, trials, runs, seen.rough_weight, profile)
    code = _upside_down(block, _record_code(checks))
    found = finder(test)(Scene(block, tuple(trials), seen, runs, located, given, code, profile))
    groups = tuple(group_of(one.rep, index, one.code, one.number) for one in found.groups)
    others, held = found.others, np.zeros(len(trials), dtype=bool)
    for one in found.groups:
        held[one.rep.facts.record] = True
    code = np.where((code == 0) & ~held, _why_none(block, seen, runs, others, given), code)
    return Batch(index, groups, checks, code, others)


def _upside_down(block: Block, code: Ints) -> Ints:
    """Refuse records whose force only ever pulls; a plate zeroed under load still has its peaks above zero."""
    low, high = np.fmin.reduce(block.means, axis=1), np.fmax.reduce(block.means, axis=1)
    return np.where((code == 0) & (low < -2.0 * segment.LOADED) & (high < -0.1 * low), NUMBER["upside_down"], code)


def _record_code(checks: quality.Seen) -> Ints:
    """Why samples of a record cannot be trusted, 0 where they can."""
    code = np.zeros(len(checks["dropped_samples"][0]), dtype=np.int64)
    for check, reason in (("dropped_samples", "gaps"), ("peak_saturation", "saturated"),
                          ("plate_drift_rate", "zero_changed")):  # fmt: skip
        code = np.where((code == 0) & (checks[check][1] == quality.FAILED), NUMBER[reason], code)
    return code


def _why_none(block: Block, seen: Survey, runs: Runs, others: Ints, given: Given) -> Ints:
    """Why a record holds no repetition."""
    code = np.full(len(seen.rough_weight), NUMBER["no_flight"])
    if len(runs.record):
        last = np.r_[runs.record[1:] != runs.record[:-1], True] & (runs.end >= block.lengths[runs.record])
        brief = last & (runs.end - runs.start < 1.3 * block.rate) & (runs.start > 0)
        code[runs.record[brief]] = NUMBER["ends_in_air"]
    code = np.where(others > 0, NUMBER["no_jump" if given.test == "auto" else "not_this_test"], code)
    standing = np.isfinite(seen.rough_weight) | (seen.empty_level > segment.LOADED)
    return np.where(standing, code, NUMBER["no_load"])
