"""The checks of each repetition: a value, a level, a sentence, a remedy (checks.py lists them).

Every check is arithmetic on rows; sentences are made only for the findings that somebody reads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hipdrive.analysis.broken import jumps_of_force
from hipdrive.analysis.checks import (
    CHECKS,
    FAILED,
    LEVELS,
    NONE,
    NOTED,
    WARNED,
    Check,
    Seen,
    finding,
    limits,
)
from hipdrive.analysis.facts import BACKWARD, NUMBER
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.records import of_records, other_leg
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.rest import rest_impulse
from hipdrive.analysis.signal import Bools, Floats, Ints, divided, gather, within
from hipdrive.analysis.spectrum import tone_of
from hipdrive.analysis.weighing import QUARTER
from hipdrive.trial import BOX

__all__ = [
    "CHECKS", "FAILED", "LEVELS", "NONE", "NOTED", "OF_TEST", "WARNED", "Check", "Seen", "finding", "limits",
    "of_records", "of_repetitions", "other_leg",
]  # fmt: skip


def of_repetitions(rep: Rep) -> Seen:
    """The checks of each repetition, (n,)."""
    return {**_of_all(rep), **OF_TEST.get(rep.facts.test, _of_none)(rep)}


def _of_all(rep: Rep) -> Seen:
    """The checks that every test has."""
    facts, profile = rep.facts, rep.profile
    still, weight = facts.located.still, facts.weight
    window = (still.end - still.start) / rep.curve.rate
    checks = {
        "system_weight": limits(weight, np.zeros(rep.n, dtype=bool)),
        "weigh_sd": limits(
            still.sd, still.sd > profile.weigh_sd_pass * weight, still.sd > profile.weigh_sd_warn * weight
        ),
        "weigh_slope": limits(still.slope, np.abs(still.slope) * window > 0.003 * weight),
        "unloaded_noise_sd": limits(facts.noise, facts.noise > profile.noise_warn),
        "zero_offset": _zero_offset(facts.level, profile),
        "landing_on_plate": _landing_on_plate(rep),
        "weight_source": _weight_source(rep),
        "session_weight_deviation": _session(rep),
        "cut_forces": _cut(rep),
        "given_mass": _given_mass(rep),
        "weight_light": limits(np.where(weight < profile.weight_light, weight, np.nan), weight < profile.weight_light),
        "ringing": _ringing(rep),
        "filtered": limits(facts.located.cutoff, np.isfinite(facts.located.cutoff)),
        "hum": _hum(rep),
        "load": _load(rep),
    }  # fmt: skip
    if facts.plate_zero:
        checks["foot_off_plate"] = _foot_off(rep)
    return checks


def _of_drop(rep: Rep) -> Seen:
    """The further checks of a drop jump."""
    error = rep["drop_height_error"][:, 0]
    return {
        "broken_record": _broken(rep, np.ones(rep.n, dtype=bool)),
        "drop_height_error": limits(error, np.abs(error) > rep.profile.drop_error_warn),
        "flight_ft_tov_discrepancy": _heights(rep, rep.facts.tier <= BACKWARD),
    }


def _of_jump(rep: Rep) -> Seen:
    """The further checks of a jump from standing or from the squat."""
    facts, profile = rep.facts, rep.profile
    checks: dict[str, tuple[Floats, Ints]] = {}
    impulse, duration = rest_impulse(rep)
    closure = impulse / rep.mass[:, 0]
    checks["velocity_closure_error"] = limits(
        closure, np.abs(closure) > profile.closure_warn, np.abs(closure) > profile.closure_fail
    )
    # forces are looked at sample by sample only where the velocity does not close, or nobody can say
    checks["broken_record"] = _broken(rep, ~(np.abs(closure) < profile.closure_noted))
    checks["system_weight_impulse"] = _impulse_weight(rep, impulse, duration)
    checks["flight_ft_tov_discrepancy"] = _heights(rep, np.ones(rep.n, dtype=bool))
    checks["onset_in_movement"] = _onset_quiet(rep)
    if facts.test == "sj":
        checks["sj_countermovement"] = _dip(rep)
        checks["push_distance"], checks["probable_rate"] = _lengths(rep, profile.push_min, profile.push_max)
    else:
        checks["takeoff_displacement"], checks["probable_rate"] = _lengths(rep, profile.rise_min, profile.rise_max)
        checks["mixed_movement"] = _mixed(rep)
    return checks


SMALL = 1.5
"""Times the least rise and depth below which a movement is a small body's in both, or that of a wrong clock."""


def _lengths(rep: Rep, least: float, most: float) -> tuple[tuple[Floats, Ints], tuple[Floats, Ints]]:
    """The rise until take-off, m, against a body's; and the rate at which it would be a body's, Hz.

    Lengths grow with the square of the sampling interval, and nothing else in a jump tells the rate: both heights
    scale alike.
    """
    rise = rep["takeoff_displacement"][:, 0]
    short, far = rise < least, rise > most
    if rep.facts.test == "cmj":
        depth = rep["countermovement_depth"][:, 0]
        short |= (rise < SMALL * least) & (depth > SMALL * rep.profile.cmj_depth)
    factor = np.where(short, 0.5, np.where(far, 2.0, np.nan))
    fits = (rise / factor**2 > least) & (rise / factor**2 < most)
    rate = np.where(fits, rep.curve.rate * factor, np.nan)
    return limits(rise, short | far), limits(rate, np.isfinite(rate))


def _of_none(_rep: Rep) -> Seen:
    return {}


OF_TEST: dict[str, Callable[[Rep], Seen]] = {"cmj": _of_jump, "sj": _of_jump, "dj": _of_drop}
"""Test -> its further checks."""


def _broken(rep: Rep, rows: Bools) -> tuple[Floats, Ints]:
    """Jumps of the force between two samples of contact or landing, N."""
    # where samples lie farther apart, a heel's impact is a jump
    jump = jumps_of_force(rep, rows & (rep.facts.block.cell >= 3))
    return jump, np.where(np.isfinite(jump), FAILED, NONE)


def _mixed(rep: Rep) -> tuple[Floats, Ints]:
    """Movements with the speed or the depth of a countermovement, but not both."""
    speed = rep["peak_negative_velocity_value"][:, 0]
    depth = rep["countermovement_depth"][:, 0]
    fast, deep = speed < rep.profile.cmj_velocity, depth < rep.profile.cmj_depth
    return speed, np.where(np.isfinite(depth) & (fast != deep), WARNED, NONE)


def _cut(rep: Rep) -> tuple[Floats, Ints]:
    """Smallest force before the take-off of records whose small forces were set to zero."""
    facts = rep.facts
    found = np.floor(np.nan_to_num(facts.events["takeoff"]) * rep.curve.rate).astype(np.int64)
    zeros = (facts.noise == 0.0) | (_exact_zeros(rep) >= SOME_ZEROS)
    width = max(4, round(0.03 * rep.curve.rate))
    near = gather(facts.block.total, facts.record, found - width + 3, width) - facts.level[:, np.newaxis]
    least = np.where(near > 0.0, near, np.inf).min(axis=1)
    cut = zeros & ~(facts.located.still.sd <= 0.05) & np.isfinite(least)
    return np.where(cut, least, np.nan), np.where(cut, WARNED, NONE)


SOME_ZEROS, IN_THE_AIR = 3, 24
"""Samples of one plate that are exactly zero, and how many in the middle of the flight are looked at."""


def _exact_zeros(rep: Rep) -> Ints:
    """How many samples in the middle of the flight are exactly zero, on the plate that has most."""
    facts, found = rep.facts, rep.facts.located.found
    middle = (found.start + found.end - IN_THE_AIR) // 2
    samples = np.ones((rep.n, len(facts.block.names), IN_THE_AIR))
    for out, r, a in zip(samples, facts.record.tolist(), np.maximum(middle, 0).tolist(), strict=True):
        part = facts.block.plates[r][:, a : a + IN_THE_AIR]
        out[:, : part.shape[1]] = part
    ground = [i for i, name in enumerate(facts.block.names) if name != BOX]
    zeros = (samples[:, ground] == 0.0).sum(axis=2)
    for row, place in zip(*np.nonzero(zeros >= SOME_ZEROS), strict=True):
        force = facts.block.plates[facts.record[row]][ground[place], found.start[row] : found.end[row]]
        force = force[len(force) // 5 : len(force) - len(force) // 5]
        left = force[force != 0.0]
        # a plate that reads in steps is zero now and then, and repeats its other steps as well
        if len(left) > 0 and len(np.unique(left)) < DISTINCT * len(left):
            zeros[row, place] = 0
    return np.asarray(zeros.max(axis=1), dtype=np.int64)


DISTINCT = 0.7
"""Part of the forces that differ from one another in noise that is not in steps."""


def _ringing(rep: Rep) -> tuple[Floats, Ints]:
    """Ringing after take-off where it is seen, N."""
    ring = rep.facts.located.ring
    return limits(np.where(ring > 0.0, ring, np.nan), ring > rep.profile.ringing_warn)


def _hum(rep: Rep) -> tuple[Floats, Ints]:
    """The tone in the flights whose noise is worth a warning, Hz, where one tone is most of it."""
    facts = rep.facts
    tone = np.full(rep.n, np.nan)
    for row in np.flatnonzero(facts.noise > rep.profile.noise_warn).tolist():
        start, end = facts.located.found.start[row], facts.located.found.end[row]
        trim = (end - start) // 5
        tone[row] = tone_of(facts.block.total[facts.record[row], start + trim : end - trim], rep.curve.rate)
    return limits(tone, np.isfinite(tone))


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
    return limits(deviation, np.abs(deviation) > rep.profile.session_weight_warn)


def _impulse_weight(rep: Rep, impulse: Floats, duration: Floats) -> tuple[Floats, Ints]:
    """Mean force between rest and rest, which is the weight."""
    value = rep.facts.weight + impulse / duration
    return limits(value, np.abs(value - rep.facts.weight) > 0.005 * rep.facts.weight)


def _heights(rep: Rep, rows: Bools) -> tuple[Floats, Ints]:
    gap = np.where(rows, (rep["jump_height_ft"] - rep["jump_height_tov"])[:, 0], np.nan)
    return limits(gap, (gap > rep.profile.height_gap_high) | (gap < rep.profile.height_gap_low))


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
