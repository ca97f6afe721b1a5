"""What can be put right soundly before anything is computed: sign, spikes of one sample, a unit that the mass proves.

Every repair works on copies (a trial never changes), and each leaves a check that says what was done. A repair that
could be wrong is none: then the record is refused, and the reason says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hipdrive.analysis.checks import NONE, WARNED, Seen
from hipdrive.analysis.pieces import LONG, cell_means
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segment import LOADED
from hipdrive.analysis.signal import Block, Bools, Floats, Ints
from hipdrive.analysis.units import FACTORS, NEAR, loaded_level
from hipdrive.trial import Floats as Force
from hipdrive.trial import Trial


def repaired(
    trials: Sequence[Trial], block: Block, profile: Profile, *, whole: bool = True
) -> tuple[list[Trial], Block, Seen]:
    """The trials with what could be put right, their block, and a check for each kind of repair that was made.

    whole : trials are no pieces of records, of which one would say more about unit and sign than each of them.
    """
    held = list(trials)
    if profile.repair_rule == "none":
        return held, block, {}
    seen: dict[str, Floats] = {}
    kinds = (("unit_converted", _in_newtons), ("sign_turned", _upright), ("spikes_removed", _without_spikes))
    for name, mend in kinds if whole else kinds[2:]:
        for i, (trial, value) in mend(held, block, profile).items():
            held[i] = trial
            seen.setdefault(name, np.full(len(held), np.nan))[i] = value
        if name in seen:
            block = Block.of(held)
    return held, block, {n: (v, np.where(np.isfinite(v), WARNED, NONE)) for n, v in seen.items()}


def of_whole(trial: Trial, profile: Profile) -> tuple[Trial, Seen]:
    """A long record with unit and sign put right before it is cut, and a check for each; others are not looked at."""
    if profile.repair_rule == "none" or trial.samples < LONG * trial.rate:
        return trial, {}
    seen: dict[str, tuple[Floats, Ints]] = {}
    turned = [pulls(force, float(force.max())) for force in trial.fz]
    if any(turned):
        trial = _scaled(trial, np.where(turned, -1.0, 1.0))
        seen["sign_turned"] = np.array([float(sum(turned))]), np.array([WARNED])
    factor = _factor(trial, cell_means(trial), profile) if trial.mass is not None else 1.0
    if factor != 1.0:
        trial = _scaled(trial, np.full(len(trial.fz), factor))
        seen["unit_converted"] = np.array([factor]), np.array([WARNED])
    return trial, seen


Mended = dict[int, tuple[Trial, float]]
"""Index of a trial -> the trial put right, and how much was done."""


def _scaled(trial: Trial, factors: Force) -> Trial:
    return replace(trial, fz=trial.fz * factors[:, np.newaxis])


# --- unit -----------------------------------------------------------------------------------------------------------


def _factor(trial: Trial, means: Floats, profile: Profile) -> float:
    """Newtons in the unit of a record with a given mass; 1 where it is the newton, or no unit."""
    weight = ((trial.mass or 0.0) + trial.load) * profile.g
    stands = loaded_level(means)
    fit = (factor for factor in FACTORS.values() if 1.0 / NEAR < stands * factor / weight < NEAR)
    return next(fit, 1.0)


def _in_newtons(trials: Sequence[Trial], block: Block, profile: Profile) -> Mended:
    """Records in another unit, where a given mass says by which factor: no two units are nearer than 2.2."""
    mended: Mended = {}
    for i, trial in enumerate(trials):
        if trial.mass is not None and (factor := _factor(trial, block.means[i], profile)) != 1.0:
            mended[i] = _scaled(trial, np.full(len(trial.fz), factor)), factor
    return mended


# --- sign -----------------------------------------------------------------------------------------------------------


def pulls(force: Force, top: float) -> bool:
    """Whether a plate only ever pulls: one zeroed under load has its peaks above zero all the same."""
    low = float(force.min())
    return low < -2.0 * LOADED and top < -0.1 * low


def _upright(trials: Sequence[Trial], block: Block, _profile: Profile) -> Mended:
    """Plates that only ever pull, which none can, turned over."""
    mended: Mended = {}
    for i, (trial, tops) in enumerate(zip(trials, block.tops.tolist(), strict=True)):
        heights = [force.item(top) for force, top in zip(trial.fz, tops, strict=True)]
        if min(heights) < LOADED:
            turned = [pulls(force, top) for force, top in zip(trial.fz, heights, strict=True)]
            if any(turned):
                mended[i] = _scaled(trial, np.where(turned, -1.0, 1.0)), float(sum(turned))
    return mended


# --- spikes ---------------------------------------------------------------------------------------------------------

SPIKE, STANDS_OUT = 150.0, 6.0
"""N, and times the steps beside it, by which one sample leaves both its neighbours if it is none of the athlete's."""

SLOPED = 0.06
"""Scatter of a cell by the squared change of its neighbours; a straight slope has a 48th, the corner of a ramp 0.03."""


def _without_spikes(trials: Sequence[Trial], block: Block, _profile: Profile) -> Mended:
    """Single samples that stand out of both their neighbours, replaced by the mean of the two."""
    if block.cell < 3:
        return {}  # samples so far apart that a heel's impact is one of them
    mended: Mended = {}
    for i in np.unique(_suspects(block)).tolist():
        found = mend_spikes(trials[i])
        if found[1]:
            mended[i] = found
    return mended


def _suspects(block: Block) -> Ints:
    """Records that hold a spike, looked for in the cells that scatter more than a slope through them would."""
    cell, means = block.cell, block.means
    # a spike of h in a cell of c samples scatters it by h²(c - 1)/c²
    least = SPIKE**2 * (cell - 1.0) / cell**2
    spread = block.squares * (1.0 / cell)
    spread -= means * means
    row, at = np.nonzero(spread > least)
    slope = means[row, np.minimum(at + 1, means.shape[1] - 1)] - means[row, np.maximum(at - 1, 0)]
    some = ~(spread[row, at] <= least + SLOPED * slope * slope)
    row, at = row[some], at[some]
    place = np.clip(at[:, np.newaxis] * cell + np.arange(cell), 2, block.total.shape[1] - 3)
    near = (block.total[row[:, np.newaxis], place + k] for k in (-2, -1, 0, 1, 2))
    return np.asarray(row[is_spike(*near).any(axis=1)])


def is_spike(a: Floats, b: Floats, x: Floats, c: Floats, d: Floats) -> Bools:
    """Whether x leaves the two samples before and after it to one side, by far more than these differ."""
    out = np.minimum(np.abs(x - b), np.abs(x - c))
    steps = np.maximum(np.maximum(np.abs(c - b), np.abs(b - a)), np.abs(d - c))
    return ((x - b) * (x - c) > 0.0) & (out > SPIKE) & (out > STANDS_OUT * steps)


def mend_spikes(trial: Trial) -> tuple[Trial, float]:
    """The trial without the spikes of each plate, and how many there were."""
    fz, count = trial.fz.copy(), 0
    for force in fz:
        at = 2 + np.flatnonzero(is_spike(*(force[k : len(force) - 4 + k] for k in range(5))))
        force[at] = 0.5 * (force[at - 1] + force[at + 1])
        count += len(at)
    return replace(trial, fz=fz), float(count)
