"""The checks of each repetition: a value, a level, a sentence, a remedy (checks.py lists them).

Every check is arithmetic on rows; sentences are made only for the findings that somebody reads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hipdrive.analysis import pulling, starting
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
from hipdrive.analysis.footsteps import Steps, of_steps
from hipdrive.analysis.hop_series import gap
from hipdrive.analysis.locate import ONE_FOOT, Located
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.records import athletes, of_records, other_leg
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.rest import rest_impulse
from hipdrive.analysis.signal import Bools, Floats, Ints, divided, gather, within, zeroed
from hipdrive.analysis.spectrum import tone_of
from hipdrive.analysis.stance import Stance
from hipdrive.analysis.starts import Starts
from hipdrive.analysis.weighing import QUARTER
from hipdrive.trial import BOX

__all__ = [
    "CHECKS",
    "FAILED",
    "LEVELS",
    "NONE",
    "NOTED",
    "OF_TEST",
    "WARNED",
    "Check",
    "Seen",
    "athletes",
    "finding",
    "limits",
    "nothing",
    "of_records",
    "of_repetitions",
    "other_leg",
    "session",
]  # fmt: skip


def nothing(value: Floats, level: Ints, rows: Bools) -> tuple[Floats, Ints]:
    """A check without a value in some rows."""
    return np.where(rows, np.nan, value), np.where(rows, NONE, level)


def of_repetitions(rep: Rep) -> Seen:
    """The checks of each repetition, (n,)."""
    if isinstance(rep, Stance):
        return _of_stance(rep)
    if isinstance(rep, Starts):
        return starting.of_start(rep)
    if isinstance(rep, Steps):
        return of_steps(rep)
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
        "weight_source": _weight_source(rep),
        "session_weight_deviation": _session(rep),
        "given_mass": _given_mass(rep),
        "weight_light": _weight_light(weight, profile),
        "load": _load(rep),
    }  # fmt: skip
    if "touchdown" in facts.events:
        checks["landing_on_plate"] = _landing_on_plate(rep)
        checks["cut_forces"] = _cut(rep)
        checks["ringing"] = _ringing(rep)
        checks["filtered"] = limits(facts.located.cutoff, np.isfinite(facts.located.cutoff))
        checks["hum"] = _hum(rep)
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


def _of_landing(rep: Rep) -> Seen:
    """The further checks of a landing."""
    error = rep["drop_height_error"][:, 0]
    return {"drop_height_error": limits(error, np.abs(error) > rep.profile.drop_error_warn)}


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
        "system_weight": limits(facts.weight, noted),
        "weigh_sd": limits(still.sd, still.sd > profile.weigh_sd_warn * facts.weight),
        "weigh_slope": limits(still.slope, np.abs(still.slope) * time > 0.003 * facts.weight),
        "given_mass": _given_mass(rep),
        "weight_light": _weight_light(facts.weight, profile),
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
    checks = dict(_of_jump(rep))
    # between landing and rebound the force has corners of its own
    del checks["broken_record"]
    return {
        **checks,
        "landing_on_plate": _landing_on_plate(landing),
        "rebound_ft_tov_discrepancy": _heights(second, np.ones(rep.n, dtype=bool)),
    }


def _of_hops(rep: Rep) -> Seen:
    """The further checks of hops."""
    lacking = np.abs(gap(rep))
    checks = {
        "hop_impulse_gap": limits(lacking, lacking > rep.profile.hop_gap_warn),
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
    landed = facts.test == "landing"
    edge = facts.events["touchdown" if landed else "takeoff"]
    found = np.floor(zeroed(edge) * rep.curve.rate).astype(np.int64)
    zeros = (facts.noise == 0.0) | (_exact_zeros(rep) >= SOME_ZEROS)
    width = max(4, round(0.03 * rep.curve.rate))
    start = found - 3 if landed else found - width + 3
    near = gather(facts.block.total, facts.record, start, width) - facts.level[:, np.newaxis]
    least = np.where(near > 0.0, near, np.inf).min(axis=1)
    cut = zeros & ~(facts.located.still.sd <= 0.05) & np.isfinite(least)
    return np.where(cut, least, np.nan), np.where(cut, WARNED, NONE)


SOME_ZEROS, IN_THE_AIR = 3, 24
"""Samples of one plate that are exactly zero, and how many in the middle of the flight are looked at."""


def _exact_zeros(rep: Rep) -> Ints:
    """How many samples in the middle of the flight are exactly zero, on the plate that has most.

    Zeros that a later step of the zero moved are all one number instead: those count too.
    """
    facts, found = rep.facts, rep.facts.located.found
    middle = (found.start + found.end - IN_THE_AIR) // 2
    samples = np.ones((rep.n, len(facts.block.names), IN_THE_AIR))
    for out, r, a in zip(samples, facts.record.tolist(), np.maximum(middle, 0).tolist(), strict=True):
        part = facts.block.plates[r][:, a : a + IN_THE_AIR]
        out[:, : part.shape[1]] = part
    ground = [i for i, name in enumerate(facts.block.names) if name != BOX]
    on = samples[:, ground]
    zeros = np.where((on == on[:, :, :1]).all(axis=2), IN_THE_AIR, (on == 0.0).sum(axis=2))
    for row, place in zip(*np.nonzero(zeros >= SOME_ZEROS), strict=True):
        force = facts.block.plates[facts.record[row]][ground[place], found.start[row] : found.end[row]]
        force = force[len(force) // 5 : len(force) - len(force) // 5]
        if len(force) > 0 and np.count_nonzero(np.diff(force)) <= FEW_STEPS:
            continue
        left = force[force != 0.0]
        # a plate that reads in steps is zero now and then, and repeats its other steps as well
        if len(left) > 0 and len(np.unique(left)) < DISTINCT * len(left):
            zeros[row, place] = 0
    return np.asarray(zeros.max(axis=1), dtype=np.int64)


FEW_STEPS = 2
"""A flight whose force stands still to its last digit but for so many steps was made, not measured."""

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


def _weight_light(weight: Floats, profile: Profile) -> tuple[Floats, Ints]:
    """Weights of a small child, N."""
    light = weight < profile.weight_light
    return limits(np.where(light, weight, np.nan), light)


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
    return limits(deviation, np.abs(deviation) > profile.session_weight_warn)


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
