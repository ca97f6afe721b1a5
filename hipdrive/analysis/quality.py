"""Quality checks Q1 to Q15 of METRICS.md 2: a value, a level, a sentence, a remedy.

Every check is arithmetic on rows; sentences are made only for the findings that somebody reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis import pulling
from hipdrive.analysis.build import rest_impulse
from hipdrive.analysis.facts import BACKWARD, NUMBER
from hipdrive.analysis.hop_series import gap
from hipdrive.analysis.locate import ONE_FOOT, Located
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
from hipdrive.analysis.stance import Stance
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
        Check("rebound_ft_tov_discrepancy", "Q14", "m", "height of the rebound by flight time exceeds height by "
              "impulse by {}", "land as tall as at take-off; if it is negative, weigh again"),
        Check("hop_impulse_gap", "-", "m/s", "the contact's impulse differs by {} from what its two flights ask for",
              "weigh again, and keep hands off rails and the floor"),
        Check("short_flights", "-", "s", "the flights last only {} in the middle of the series: this looks like "
              "running or stepping", "read contact and flight times only, or record hops on the spot"),
        Check("changing_feet", "-", "%", "{} of the contacts are on the other foot than the one before",
              "hop on both feet or on one, if this was meant as a hop test; running belongs to another test"),
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
        Check("stance_time", "-", "s", "the stance lasts {} only, and the path's length depends on its time",
              "stand for 30 s (one leg: 10 to 20 s)"),
        Check("stance_moved", "-", "%", "the force leaves the weight by {} during the stance: a step or a hop",
              "stand still for the whole of it, and measure again if a foot moved"),
        Check("cop_masked", "-", "%", "{} of the stance have too little force for a centre of pressure",
              "stand on the plate with the whole weight"),
        Check("zero_unseen", "-", "N", "the plate is never empty in this record, so its zero was taken as it is; it carries {}", ""),
        Check("iso_hold_quality", "-", "N", "the tension before the pull was not held still: dip or drift of {}",
              "hold a light tension still for a second, then pull without dipping"),
        Check("iso_pretension", "-", "N", "the tension held before the pull is {} above the weight",
              "take up the slack with 50 N at most, and do not lean on the bar"),
        Check("zero_assumed", "-", "N", "the plate was never empty in this record, so its zero is taken as recorded "
              "({}); gross forces have no stated uncertainty", "record a second of the empty plate before or after"),
        Check("load_cell", "-", "N", "nobody stands on it: taken as a load cell, whose force is net (largest {})",
              "check that its unit is newton; let the record show the athlete standing on it, if it is a plate"),
        Check("pull_not_over", "-", "1", "the record ends before {} of its pulls is over", "let the record run longer"),
        Check("missing_headline", "-", "1", "{} of the first numbers are missing",
              "see the reason beside each missing number"),
        Check("athletes", "-", "1", "{} athletes or loads, told apart by weight",
              "nothing; record each athlete in a file of their own if results are kept by athlete"),
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


def nothing(value: Floats, level: Ints, rows: Bools) -> tuple[Floats, Ints]:
    """A check without a value in some rows."""
    return np.where(rows, np.nan, value), np.where(rows, NONE, level)


def of_repetitions(rep: Rep) -> Seen:
    """The checks of each repetition, (n,)."""
    if isinstance(rep, Stance):
        return _of_stance(rep)
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
        "weight_source": _weight_source(rep),
        "session_weight_deviation": _session(rep),
        "given_mass": _given_mass(rep),
        "load": _load(rep),
    }  # fmt: skip
    if "touchdown" in facts.events:
        checks["landing_on_plate"] = _landing_on_plate(rep)
        checks["cut_forces"] = _cut(rep)
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


def _of_landing(rep: Rep) -> Seen:
    """The further checks of a landing."""
    error = rep["drop_height_error"][:, 0]
    return {"drop_height_error": _limits(error, np.abs(error) > rep.profile.drop_error_warn)}


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


def _of_stance(rep: Stance) -> Seen:
    """The checks of a stance, in which nobody jumps or lands."""
    facts, profile, still = rep.facts, rep.profile, rep.facts.located.still
    noted = np.zeros(rep.n, dtype=bool)
    time = rep["stance_time"][:, 0]
    one_leg = np.array([bool(trial.side) for trial in rep.trials])
    least = np.where(one_leg, profile.single_leg_min, profile.balance_time - profile.balance_skip)
    moved, away = 100.0 * divided(rep.farthest, facts.weight), rep.farthest > profile.balance_moved * facts.weight
    masked = 100.0 * np.array([one.masked for one in rep.pressures])
    checks = {
        "system_weight": _limits(facts.weight, noted),
        "weigh_sd": _limits(still.sd, still.sd > profile.weigh_sd_warn * facts.weight),
        "weigh_slope": _limits(still.slope, np.abs(still.slope) * time > 0.003 * facts.weight),
        "given_mass": _given_mass(rep),
        "stance_time": (time, np.where(time < least - 0.5, WARNED, NONE)),
        "stance_moved": (moved, np.where(away, WARNED, NONE)),
        "cop_masked": (masked, np.where(masked > 0.0, WARNED, NONE)),
        "zero_unseen": (facts.weight, np.where(rep.zeroed, NONE, NOTED)),
        "zero_offset": _zero_offset(facts.level, profile),
    }  # fmt: skip
    if facts.plate_zero:
        checks["foot_off_plate"] = _foot_off(rep)
    return checks


def _of_none(_rep: Rep) -> Seen:
    return {}


def _of_rebound(rep: Rep) -> Seen:
    """The further checks of a countermovement jump with rebound."""
    landing, second = rep.views["landing"], rep.views["rebound outcome"]
    return {
        **_of_jump(rep),
        "landing_on_plate": _landing_on_plate(landing),
        "rebound_ft_tov_discrepancy": _heights(second, np.ones(rep.n, dtype=bool)),
    }


def _of_hops(rep: Rep) -> Seen:
    """The further checks of hops."""
    lacking = np.abs(gap(rep))
    checks = {
        "hop_impulse_gap": _limits(lacking, lacking > rep.profile.hop_gap_warn),
        "short_flights": _short_flights(rep),
    }
    if rep.facts.plate_zero:
        checks["changing_feet"] = _changing_feet(rep)
    return checks


def _short_flights(rep: Rep) -> tuple[Floats, Ints]:
    """Median flight of each series, said once, at its last hop."""
    record, flight = rep.facts.record, rep.duration("takeoff", "touchdown")[:, 0]
    middle = np.array([np.median(flight[record == r]) for r in record.tolist()])
    last = np.r_[record[1:] != record[:-1], True]
    short = last & (middle < rep.profile.hop_flight_least)
    return middle, np.where(short, WARNED, NONE)


def _changing_feet(rep: Rep) -> tuple[Floats, Ints]:
    """Share of the contacts of a series that are on one foot, and on another one than the contact before, %."""
    record = rep.facts.record
    share = divided(rep.left.impulse("first_contact", "takeoff"), rep.impulse("first_contact", "takeoff")[:, :1])[:, 0]
    foot = np.where(share > 1.0 - FEW, 1, np.where(share < FEW, -1, 0))
    changed = np.r_[False, (record[1:] == record[:-1]) & (foot[1:] * foot[:-1] < 0)]
    part = np.array([100.0 * changed[record == r].mean() for r in record.tolist()])
    last = np.r_[record[1:] != record[:-1], True]
    return part, np.where(last & (part > 50.0), WARNED, NONE)


FEW = 0.2
"""Share of a contact's impulse up to which a foot does not take part in it."""

OF_TEST: dict[str, Callable[[Rep], Seen]] = {
    "cmj": _of_jump, "sj": _of_jump, "dj": _of_drop, "cmj_rebound": _of_rebound, "hops": _of_hops,
    "landing": _of_landing, "isometric": pulling.of_pull,
}  # fmt: skip
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
    landed = facts.test == "landing"
    edge = facts.events["touchdown" if landed else "takeoff"]
    found = np.floor(np.nan_to_num(edge) * rep.curve.rate).astype(np.int64)
    width = max(4, round(0.03 * rep.curve.rate))
    start = found - 3 if landed else found - width + 3
    near = gather(facts.block.total, facts.record, start, width) - facts.level[:, np.newaxis]
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
    usual = USUAL_SOURCES.get(rep.facts.test, (0, 5))
    source = rep.facts.located.source
    return rep.facts.weight, np.where(np.isin(source, usual) | ~np.isfinite(rep.facts.weight), NONE, WARNED)


USUAL_SOURCES = {"dj": (1, 4, 5), "hops": (0, 1, 4, 5), "landing": (0, 1, 4, 5), "isometric": (0, 1, 5, 6)}
"""Test -> where its weight usually comes from, places in `locate.WEIGHED`; a jump is weighed before."""


def _landing_on_plate(rep: Rep) -> tuple[Floats, Ints]:
    """Largest force within 50 ms of touchdown: half the weight at least, and some of it on each foot."""
    at = rep.time_of_max("force", "touchdown", rep.after("touchdown", 0.05))
    largest = rep.quantity("force", at)[:, 0]
    off = largest < 0.5 * rep.facts.weight
    if rep.facts.plate_zero:
        share = divided(rep.left.quantity("force", at)[:, 0], largest)
        off |= (share < ONE_FOOT) | (share > 1.0 - ONE_FOOT)
    off |= stands_beside(rep.facts.located)
    return largest, np.where(off, FAILED if rep.facts.test in ("dj", "landing") else WARNED, NONE)


def stands_beside(located: Located) -> Bools:
    """Rows in which a part of the weight has left the plate: one foot came down beside it."""
    before, after = located.before.mean - located.zero, located.after.mean - located.zero
    return np.asarray(after < (1.0 - BESIDE) * before)


BESIDE = 0.10
"""Share of the weight by which a stance after the landing may be lighter than the one before: nobody loses more."""


def _onset_quiet(rep: Rep) -> tuple[Floats, Ints]:
    """Mean force within 5 ms of the onset, less the weight: an onset that is already in the movement."""
    onset = rep.t["onset"][:, :1]
    impulse = rep.curve.read(np.concatenate([onset - 0.005, onset + 0.005], axis=1))[1]
    away = (impulse[:, 1] - impulse[:, 0]) / 0.010
    sd = rep.facts.located.still.sd
    return away, np.where(np.abs(away) > np.maximum(2.0 * sd, 0.002 * rep.facts.weight), WARNED, NONE)


def _session(rep: Rep) -> tuple[Floats, Ints]:
    return session(rep.facts.record, rep.facts.weight, rep.profile)


def session(who: Ints, weight: Floats, profile: Profile) -> tuple[Floats, Ints]:
    """Deviation of each weight from the median of its record or athlete, %, where that has several; none of -1."""
    deviation = np.full(len(weight), np.nan)
    names, count = np.unique(who, return_counts=True)
    for name in names[(count > 1) & (names >= 0)]:
        rows = (who == name) & np.isfinite(weight)
        if rows.sum() > 1:
            middle = float(np.median(weight[rows]))
            deviation[rows] = 100.0 * (weight[rows] - middle) / middle
    return _limits(deviation, np.abs(deviation) > profile.session_weight_warn)


def athletes(n: int) -> tuple[Floats, Ints]:
    """How many athletes stood on the plate in one record, told apart by their weight; said where there are several."""
    return np.array([float(n)]), np.array([NOTED if n > 1 else NONE])


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


def of_records(
    block: Block, trials: Sequence[Trial], runs: Runs, rough: Floats, profile: Profile, standing: Bools
) -> Seen:
    """The checks of each record as a whole, (records,). standing : nobody jumps, so that a flat top is no clipping."""
    # what was lost after the last sample, when the device went, is not missing from the record
    gaps = np.array([float(sum(gap.first_sample < t.samples for gap in t.gaps)) for t in trials])
    coarse = ~standing & (block.rate < profile.rate_min)
    clipped = _clipped(block, trials, standing)
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


def _clipped(block: Block, trials: Sequence[Trial], standing: Bools) -> Floats:
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
            elif not standing[i] and 6 <= top <= samples - 6 and trial.plates[row] != BOX:
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
    # noise beside a long plateau, as of a pull that is held, is no slope
    steep_beside = 3.0 * slope > 2.0 * CLIP_BAND
    return stepped | ((length >= 8) & steep_beside & (slope * length > np.maximum(24.0 * CLIP_BAND, 0.2 * highest)))


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
        if middle < NEAR * 256:
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
