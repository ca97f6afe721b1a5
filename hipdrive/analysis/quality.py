"""Quality checks Q1 to Q15 of METRICS.md 2: a value, a level, a sentence, a remedy.

Every check is arithmetic on rows; sentences are made only for the findings that somebody reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.build import rest_impulse
from hipdrive.analysis.facts import BACKWARD, NUMBER
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.segment import Runs
from hipdrive.analysis.signal import (
    Block,
    Bools,
    Floats,
    Ints,
    divided,
    gather,
    within,
)
from hipdrive.analysis.weighing import QUARTER
from hipdrive.results import FAIL, INFO, WARN, Finding
from hipdrive.trial import BOX, Trial
from hipdrive.units import text

NONE, NOTED, WARNED, FAILED = 0, 1, 2, 3
LEVELS = ("", INFO, WARN, FAIL)


@dataclass(frozen=True)
class Check:
    """One check: what it says (with the value in place of {}) and what to do about it."""

    name: str
    number: str
    unit: str
    message: str
    remedy: str


CHECKS = {
    check.name: check
    for check in (
        Check("system_weight", "Q1", "N", "weight {}", ""),
        Check("weigh_sd", "Q2", "N", "the force varied by {} (SD) while the athlete was weighed",
              "let the athlete stand still for a second before the movement"),
        Check("weigh_slope", "Q3", "N/s", "the force drifted by {} while the athlete was weighed",
              "let the plate warm up, and let the athlete stand still"),
        Check("system_weight_impulse", "Q4", "N", "weight by impulse between two rests is {}",
              "check that the athlete stands still before and after, and that nothing touches the plate"),
        Check("velocity_closure_error", "Q5", "m/s", "the velocity at the rest after landing is {} instead of zero",
              "weigh again, zero the empty plate, and let the athlete stand still after landing"),
        Check("session_weight_deviation", "Q6", "%", "the weight differs by {} from the other repetitions",
              "check load, shoes, and that both feet are on the plate"),
        Check("unloaded_noise_sd", "Q7", "N", "the empty plate varies by {} (SD)",
              "look for mains hum, loose cables or vibration near the plate"),
        Check("zero_offset", "Q8", "N", "the empty plate reads {}; it was subtracted",
              "zero the plate while nobody stands on it"),
        Check("plate_drift_rate", "Q9", "N/s", "the empty plate drifts by {}",
              "let the amplifier warm up, and zero shortly before the trial"),
        Check("peak_saturation", "Q10", "N", "a plate stays at its largest value of {}: the channel is clipped",
              "choose a larger range and record again"),
        Check("foot_off_plate", "Q11", "%", "one plate carries only {} of the weight while standing",
              "put one foot on each plate"),
        Check("other_leg", "-", "%", "the plate of the other leg carries {} of the force in this trial of one leg",
              "leave --side out if both legs jumped, since both plates were analysed; else keep the other foot off"),
        Check("sj_countermovement", "Q12", "N", "the force dips by {} before the push of the squat jump",
              "hold the squat still, then push without dipping"),
        Check("landing_on_plate", "Q13", "N", "50 ms after touchdown the force is only {}",
              "land with both feet on the plates"),
        Check("flight_ft_tov_discrepancy", "Q14", "m", "height by flight time exceeds height by impulse by {}",
              "land as tall as at take-off; if it is negative, weigh again"),
        Check("dropped_samples", "Q15", "1", "{} gaps in the record", "record again: lost samples are never filled in"),
        Check("mixed_movement", "-", "m/s", "the movement is between squat jump and countermovement jump "
              "(lowest velocity {})", "say which it was with --test"),
        Check("onset_in_movement", "-", "N", "the force at the onset is already {} off the weight",
              "let the athlete stand still until the movement starts"),
        Check("other_flights", "-", "1", "{} further flights are no repetitions of this test",
              "nothing, if hops, rebounds or steps off the plate were meant"),
        Check("drop_height_error", "-", "m", "drop height less box height is {}",
              "step off the box, neither down nor up; the box height is in metres"),
        Check("takeoff_displacement", "-", "m", "the centre of mass rose by {} before take-off",
              "weigh again, and check the sampling rate"),
        Check("cut_forces", "-", "N", "forces below {} were set to zero before they were saved, so the edges of "
              "contact are lost and its times less certain", "export the forces unfiltered, without a threshold"),
        Check("given_mass", "-", "%", "the given mass differs by {} from what the plate weighs",
              "check the mass, and that the plate is zeroed; the plate's weight was used"),
        Check("load", "-", "kg", "without the load the athlete weighs {}",
              "check --load: it is in kilograms, and part of what the plate weighs"),
        Check("sampling_rate", "-", "s", "one sample every {} is coarse for contact and flight times",
              "record at 1000 Hz"),
        Check("weight_source", "-", "N", "the weight of {} was not measured in a still stance before the movement",
              "let the athlete stand still for a second before the movement"),
        Check("missing_headline", "-", "1", "{} of the first numbers are missing",
              "see the reason beside each missing number"),
        Check("note", "-", "1", "{}", "give the option named, if the assumption is wrong"),
    )
}  # fmt: skip
"""Every check by name."""

Seen = Mapping[str, tuple[Floats, Ints]]
"""Check -> its values and levels, one a row."""


def _limits(value: Floats, warn: Bools, fail: Bools | None = None) -> tuple[Floats, Ints]:
    """A check's values with levels: noted where it has a value, warned, failed."""
    level = np.where(np.isfinite(value), NOTED, NONE)
    level = np.where(warn, WARNED, level)
    return value, level if fail is None else np.where(fail, FAILED, level)


def of_repetitions(rep: Rep) -> Seen:
    """The checks of each repetition, (n,)."""
    return {**_of_all(rep), **OF_TEST.get(rep.facts.test, _of_none)(rep)}


def _of_all(rep: Rep) -> Seen:
    """The checks that every test has."""
    facts, profile = rep.facts, rep.profile
    still, weight = facts.located.still, facts.weight
    window = (still.end - still.start) / rep.curve.rate
    checks = {
        "system_weight": _limits(weight, np.zeros(rep.n, dtype=bool)),
        "weigh_sd": _limits(
            still.sd, still.sd > profile.weigh_sd_pass * weight, still.sd > profile.weigh_sd_warn * weight
        ),
        "weigh_slope": _limits(still.slope, np.abs(still.slope) * window > 0.003 * weight),
        "unloaded_noise_sd": _limits(facts.noise, facts.noise > 3.0),
        "zero_offset": _zero_offset(facts.level, profile),
        "landing_on_plate": _landing_on_plate(rep),
        "weight_source": _weight_source(rep),
        "session_weight_deviation": _session(rep),
        "cut_forces": _cut(rep),
        "given_mass": _given_mass(rep),
        "load": _load(rep),
    }  # fmt: skip
    if facts.plate_zero:
        checks["foot_off_plate"] = _foot_off(rep)
    return checks


def _of_drop(rep: Rep) -> Seen:
    """The further checks of a drop jump."""
    error = rep["drop_height_error"][:, 0]
    return {
        "drop_height_error": _limits(error, np.abs(error) > rep.profile.drop_error_warn),
        "flight_ft_tov_discrepancy": _heights(rep, rep.facts.tier <= BACKWARD),
    }


def _of_jump(rep: Rep) -> Seen:
    """The further checks of a jump from standing or from the squat."""
    facts, profile = rep.facts, rep.profile
    checks: dict[str, tuple[Floats, Ints]] = {}
    impulse, duration = rest_impulse(rep)
    closure = impulse / rep.mass[:, 0]
    checks["velocity_closure_error"] = _limits(
        closure, np.abs(closure) > profile.closure_warn, np.abs(closure) > profile.closure_fail
    )
    checks["system_weight_impulse"] = _impulse_weight(rep, impulse, duration)
    checks["flight_ft_tov_discrepancy"] = _heights(rep, np.ones(rep.n, dtype=bool))
    checks["onset_in_movement"] = _onset_quiet(rep)
    if facts.test == "sj":
        checks["sj_countermovement"] = _dip(rep)
    else:
        rise = rep["takeoff_displacement"][:, 0]
        checks["takeoff_displacement"] = _limits(rise, (rise < profile.rise_min) | (rise > profile.rise_max))
        checks["mixed_movement"] = _mixed(rep)
    return checks


def _of_none(_rep: Rep) -> Seen:
    return {}


OF_TEST: dict[str, Callable[[Rep], Seen]] = {"cmj": _of_jump, "sj": _of_jump, "dj": _of_drop}
"""Test -> its further checks."""


def _mixed(rep: Rep) -> tuple[Floats, Ints]:
    """Movements with the speed or the depth of a countermovement, but not both."""
    speed = rep["peak_negative_velocity_value"][:, 0]
    depth = rep["countermovement_depth"][:, 0]
    fast, deep = speed < rep.profile.cmj_velocity, depth < rep.profile.cmj_depth
    return speed, np.where(np.isfinite(depth) & (fast != deep), WARNED, NONE)


def _cut(rep: Rep) -> tuple[Floats, Ints]:
    """Smallest force before the take-off of records whose flight is exactly zero."""
    facts = rep.facts
    exact = facts.noise == 0.0
    found = np.floor(np.nan_to_num(facts.events["takeoff"]) * rep.curve.rate).astype(np.int64)
    width = max(4, round(0.03 * rep.curve.rate))
    near = gather(facts.block.total, facts.record, found - width + 3, width) - facts.level[:, np.newaxis]
    least = np.where(near > 0.0, near, np.inf).min(axis=1)
    cut = exact & ~(facts.located.still.sd <= 0.05) & np.isfinite(least)
    return np.where(cut, least, np.nan), np.where(cut, WARNED, NONE)


def _given_mass(rep: Rep) -> tuple[Floats, Ints]:
    """Difference of a given mass from the plate's, %."""
    facts = rep.facts
    differs = divided(100.0 * (facts.given_weight - facts.weight), facts.weight)
    return differs, np.where(np.abs(differs) > rep.profile.given_mass_warn, WARNED, NONE)


def _load(rep: Rep) -> tuple[Floats, Ints]:
    """Mass that remains without the load, kg: that of a person, who carries no more than anybody can."""
    load, profile = rep.facts.load, rep.profile
    body = np.where(load > 0.0, rep.mass[:, 0] - load, np.nan)
    odd = (body < profile.body_mass_min) | (load > profile.load_max * np.maximum(body, 0.0))
    return body, np.where(np.isfinite(body) & odd, WARNED, np.where(np.isfinite(body), NOTED, NONE))


def _zero_offset(level: Floats, profile: Profile) -> tuple[Floats, Ints]:
    levels = np.where(np.abs(level) > profile.offset_warn, WARNED, np.where(np.abs(level) > 2.0, NOTED, NONE))
    return level, levels


def _weight_source(rep: Rep) -> tuple[Floats, Ints]:
    # a given mass is no fault: the method names it
    usual = (1, 4, 5) if rep.facts.test == "dj" else (0, 5)
    source = rep.facts.located.source
    return rep.facts.weight, np.where(np.isin(source, usual) | ~np.isfinite(rep.facts.weight), NONE, WARNED)


def _landing_on_plate(rep: Rep) -> tuple[Floats, Ints]:
    """Largest force within 50 ms of touchdown: half the weight at least, and some of it on each foot."""
    at = rep.time_of_max("force", "touchdown", rep.after("touchdown", 0.05))
    largest = rep.quantity("force", at)[:, 0]
    off = largest < 0.5 * rep.facts.weight
    if rep.facts.plate_zero:
        share = divided(rep.left.quantity("force", at)[:, 0], largest)
        off |= (share < ONE_FOOT) | (share > 1.0 - ONE_FOOT)
    return largest, np.where(off, FAILED if rep.facts.test == "dj" else WARNED, NONE)


ONE_FOOT = 0.05
"""Share of the force below which a foot is not on its plate in a landing."""


def _onset_quiet(rep: Rep) -> tuple[Floats, Ints]:
    """Mean force within 5 ms of the onset, less the weight: an onset that is already in the movement."""
    onset = rep.t["onset"][:, :1]
    impulse = rep.curve.read(np.concatenate([onset - 0.005, onset + 0.005], axis=1))[1]
    away = (impulse[:, 1] - impulse[:, 0]) / 0.010
    sd = rep.facts.located.still.sd
    return away, np.where(np.abs(away) > np.maximum(2.0 * sd, 0.002 * rep.facts.weight), WARNED, NONE)


def _session(rep: Rep) -> tuple[Floats, Ints]:
    """Deviation of each weight from the median of its record, %, where the record has several."""
    record, weight = rep.facts.record, rep.facts.weight
    deviation = np.full(rep.n, np.nan)
    for name in np.unique(record[1:][record[1:] == record[:-1]]):
        rows = (record == name) & np.isfinite(weight)
        if rows.sum() > 1:
            middle = float(np.median(weight[rows]))
            deviation[rows] = 100.0 * (weight[rows] - middle) / middle
    return _limits(deviation, np.abs(deviation) > rep.profile.session_weight_warn)


def _impulse_weight(rep: Rep, impulse: Floats, duration: Floats) -> tuple[Floats, Ints]:
    """Mean force between rest and rest, which is the weight."""
    value = rep.facts.weight + impulse / duration
    return _limits(value, np.abs(value - rep.facts.weight) > 0.005 * rep.facts.weight)


def _heights(rep: Rep, rows: Bools) -> tuple[Floats, Ints]:
    gap = np.where(rows, (rep["jump_height_ft"] - rep["jump_height_tov"])[:, 0], np.nan)
    return _limits(gap, (gap > rep.profile.height_gap_high) | (gap < rep.profile.height_gap_low))


def _dip(rep: Rep) -> tuple[Floats, Ints]:
    """Largest drop of force below the weight between weighing and the start of the push."""
    start = np.where(rep.facts.located.before.found, rep.facts.located.before.end / rep.curve.rate, np.nan)
    # where the push was, though a dip took the onset from the numbers
    onset = rep.facts.located.onset / rep.curve.rate
    start = np.fmin(np.where(np.isfinite(start), start, onset), onset)
    first = np.where(np.isfinite(start), start * rep.curve.rate, 0.0).astype(np.int64)
    last = np.where(np.isfinite(onset), np.ceil((onset + 0.1) * rep.curve.rate), 0.0).astype(np.int64)
    width = int(np.clip((last - first).max(initial=1), 1, round(3.0 * rep.curve.rate)))
    samples = gather(rep.facts.block.total, rep.facts.record, last - width, width)
    below = (rep.facts.weight + rep.facts.zero)[:, np.newaxis] - samples
    low = np.where(within(last - width, width, first, last), below, -np.inf).max(axis=1)
    low = np.where(np.isfinite(low) & np.isfinite(onset), np.maximum(low, 0.0), np.nan)
    limit = np.maximum(5.0 * rep.facts.located.still.sd, 0.05 * rep.facts.weight)
    reasons = rep.facts.reasons.get("onset", np.zeros(rep.n, dtype=np.int64))
    failed = reasons == NUMBER["countermovement_in_sj"]
    return low, np.where(failed, FAILED, np.where(low > limit, WARNED, NONE))


def _foot_off(rep: Rep) -> tuple[Floats, Ints]:
    """Share of the weight on the lighter foot in the last quarter second of the weighing, %."""
    facts = rep.facts
    still = facts.located.still
    left = facts.block.names.index("left")
    start = np.maximum(still.start, still.end - round(QUARTER * rep.curve.rate))
    sums = [np.add.reduce(facts.block.plates[r][left, a:b]) for r, a, b in
            zip(facts.record.tolist(), start.tolist(), still.end.tolist(), strict=True)]  # fmt: skip
    mean = divided(np.array(sums), still.end - start) - facts.plate_zero["left"]
    share = divided(mean, facts.weight)
    lighter = 100.0 * np.minimum(share, 1.0 - share)
    return lighter, np.where(still.found & (lighter < 20.0), WARNED, NONE)


def of_records(block: Block, trials: Sequence[Trial], runs: Runs, rough: Floats, profile: Profile) -> Seen:
    """The checks of each record as a whole, (records,)."""
    # what was lost after the last sample, when the device went, is not missing from the record
    gaps = np.array([float(sum(gap.first_sample < t.samples for gap in t.gaps)) for t in trials])
    coarse = np.full(len(trials), block.rate < profile.rate_min)
    clipped = _clipped(block, trials)
    drift, changed, seen = _drift(block, runs, rough)
    return {
        "dropped_samples": (gaps, np.where(gaps > 0, FAILED, NONE)),
        "peak_saturation": (clipped, np.where(np.isfinite(clipped), FAILED, NONE)),
        "sampling_rate": (np.full(len(trials), block.dt), np.where(coarse, WARNED, NONE)),
        "plate_drift_rate": (drift, np.where(changed, FAILED, np.where(seen & (np.abs(drift) > 0.05), WARNED, NONE))),
    }


def other_leg(share: Floats, empty: float) -> tuple[Floats, Ints]:
    """Share of the force on the plate of the leg that a trial of one leg does without, %."""
    return _limits(100.0 * share, share > empty)


def _clipped(block: Block, trials: Sequence[Trial]) -> Floats:
    """The value at which a plate of each trial is clipped, NaN where none is."""
    value = np.full(len(trials), np.nan)
    tops = []
    for i, (trial, at) in enumerate(zip(trials, block.tops.tolist(), strict=True)):
        ranges, samples = trial.ranges, trial.fz.shape[1]
        for row, (force, top) in enumerate(zip(trial.fz, at, strict=True)):
            known = ranges[row] if row < len(ranges) else math.nan
            if math.isfinite(known):
                if np.abs(force).max(initial=0.0) >= 0.99 * known:
                    value[i] = known
            elif 6 <= top <= samples - 6 and trial.plates[row] != BOX:
                # eight samples in a band around the top hold the fourth one before or after it
                highest = force.item(top)
                beside = max(force.item(top - 4), force.item(top + 4))
                if highest >= 200.0 and (beside >= highest - CLIP_BAND or force.item(top + 3) == highest):
                    tops.append((i, top, force))
    flat = _flat_tops([force for _, _, force in tops], np.array([top for _, top, _ in tops], dtype=np.int64))
    for at in np.flatnonzero(flat)[::-1].tolist():
        i, top, force = tops[at]
        value[i] = force[top]
    return value


CLIP_BAND = 8.0
"""N: samples so close to the largest belong to one plateau, noise or not."""

NEAR = 56
"""Samples on each side of the largest that are looked at side by side; a longer plateau is looked at alone."""


def _flat_tops(forces: Sequence[Floats], tops: Ints) -> Bools:
    """Whether each plate's largest value, at `tops`, is a plateau that is too flat for the slopes beside it.

    A smooth peak stays within q of its top for p samples only if it leaves it by about 4 q / p a sample. Samples that
    are equal speak for themselves; with noise on it, a plateau must be steeper beside it to be called one.
    """
    near = _around(forces, tops, NEAR)
    highest = near[:, NEAR]
    equal, steep = _plateaus(forces, tops, near, 0.0)
    stepped = np.zeros(len(tops), dtype=bool)
    rows = np.flatnonzero(equal >= 4)
    if len(rows):
        steps = np.abs(np.diff(near[rows, NEAR - 50 : NEAR + 50], axis=1))
        quantum = np.where(steps > 0.0, steps, np.inf).min(axis=1)
        stepped[rows] = (steep * equal)[rows] > np.maximum(12.0 * quantum, 0.01 * highest[rows])
    length, slope = _plateaus(forces, tops, near, CLIP_BAND)
    return stepped | ((length >= 8) & (slope * length > np.maximum(24.0 * CLIP_BAND, 0.2 * highest)))


def _around(forces: Sequence[Floats], tops: Ints, half: int) -> Floats:
    """The samples around each plate's top, (n, 2 half + 1); NaN outside the record."""
    near = np.full((len(forces), 2 * half + 1), np.nan)
    for out, force, top in zip(near, forces, tops.tolist(), strict=True):
        part = force[max(0, top - half) : top + half + 1]
        first = max(0, half - top)
        out[first : first + len(part)] = part
    return near


def _plateaus(forces: Sequence[Floats], tops: Ints, near: Floats, band: float) -> tuple[Ints, Floats]:
    """How many samples around each top lie within a band below it, and the smaller slope beside them, N a sample."""
    middle = near.shape[1] // 2
    low = ~(near >= (near[:, middle] - band)[:, np.newaxis])
    before, after = low[:, middle::-1].argmax(axis=1), low[:, middle:].argmax(axis=1)
    # a plateau that is not over where the window ends: argmax of nothing is zero
    wide = (before == 0) | (after == 0) | (np.maximum(before, after) > middle - 3)
    start, end = np.where(wide, middle, middle - before + 1), np.where(wide, middle + 1, middle + after)
    rows = np.arange(len(near))
    falls = near[rows, start] - near[rows, start - 3], near[rows, end - 1] - near[rows, end + 2]
    length, slope = end - start, np.minimum(*falls) / 3.0
    for row in np.flatnonzero(wide).tolist():
        far = 16 * middle
        if middle < NEAR * 16:
            one, two = _plateaus(forces[row : row + 1], tops[row : row + 1],
                                 _around(forces[row : row + 1], tops[row : row + 1], far), band)  # fmt: skip
            length[row], slope[row] = one[0], two[0]
        else:
            length[row], slope[row] = 0, 0.0
    return length, slope


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


def finding(name: str, value: float, level: int, rep: int = 0, message: str | None = None) -> Finding:
    """One finding with its sentence and remedy."""
    check = CHECKS[name]
    shown = f"{value:g}" if check.unit == "1" else text(value, check.unit)
    said = message if message is not None else check.message.format(shown)
    remedy = check.remedy if level >= WARNED else ""
    return Finding(name, LEVELS[level], float(value), check.unit, said, remedy, rep)
