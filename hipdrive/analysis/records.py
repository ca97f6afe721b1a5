"""The checks of a record as a whole: lost samples, range, rate, drift."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hipdrive.analysis.checks import FAILED, NONE, NOTED, WARNED, Seen, limits
from hipdrive.analysis.clipping import clipped
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segment import Runs
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, divided
from hipdrive.trial import Trial


def of_records(
    block: Block, trials: Sequence[Trial], runs: Runs, rough: Floats, profile: Profile, standing: Bools
) -> Seen:
    """The checks of each record as a whole, (records,). standing : nobody jumps, so that a flat top is no clipping."""
    # what was lost after the last sample, when the device went, is not missing from the record
    gaps = np.array([float(sum(gap.first_sample < t.samples for gap in t.gaps)) for t in trials])
    coarse = ~standing & (block.rate < profile.rate_min)
    ranges = clipped(block, trials, standing)
    drift, changed, seen = _drift(block, runs, rough)
    return {
        "dropped_samples": (gaps, np.where(gaps > 0, FAILED, NONE)),
        "peak_saturation": (ranges, np.where(np.isfinite(ranges), FAILED, NONE)),
        "sampling_rate": (np.full(len(trials), block.dt), np.where(coarse, WARNED, NONE)),
        "plate_drift_rate": (drift, np.where(changed, FAILED, np.where(seen & (np.abs(drift) > 0.05), WARNED, NONE))),
    }


def other_leg(share: Floats, empty: float) -> tuple[Floats, Ints]:
    """Share of the force on the plate of the leg that a trial of one leg does without, %."""
    return limits(100.0 * share, share > empty)


def athletes(n: int) -> tuple[Floats, Ints]:
    """How many athletes stood on the plate in one record, told apart by their weight; said where there are several."""
    return np.array([float(n)]), np.array([NOTED if n > 1 else NONE])


def _drift(block: Block, runs: Runs, rough: Floats) -> tuple[Floats, Bools, Bools]:
    """Drift between the first and last unloaded run of each record, N/s; whether it exceeds 1 % of weight, or noise."""
    drift, changed = np.full(len(rough), np.nan), np.zeros(len(rough), dtype=bool)
    seen = changed.copy()
    if not len(runs.record):
        return drift, changed, seen
    starts = np.flatnonzero(np.r_[True, runs.record[1:] != runs.record[:-1]])
    ends = np.r_[starts[1:], len(runs.record)] - 1
    rows = runs.record[starts]
    time = (runs.start[ends] + runs.end[ends] - runs.start[starts] - runs.end[starts]) / (2.0 * block.rate)
    change = runs.level[ends] - runs.level[starts]
    # two flights of one record are too close, and too short, to tell drift from noise
    drift[rows] = np.where((ends > starts) & (time > 2.0), divided(change, time), np.nan)
    changed[rows] = (ends > starts) & (np.abs(change) > 0.01 * rough[rows])
    doubt = np.sqrt(sum(runs.noise[at] ** 2 / np.maximum(runs.count[at], 1) for at in (starts, ends)))
    seen[rows] = np.abs(change) > 3.0 * doubt
    return drift, changed, seen
