"""The list of quality checks: what each says, and what to do about it (Q1 to Q15 of METRICS.md 2, and ours)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.signal import Bools, Floats, Ints
from hipdrive.results import FAIL, INFO, WARN, Finding
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
              "weigh again, and check the sampling rate: half the rate makes it a quarter, twice the rate four times "
              "as far"),
        Check("push_distance", "-", "m", "the centre of mass rose by {} in the push of the squat jump",
              "check the sampling rate (half the rate makes it a quarter, twice the rate four times as far), and weigh "
              "again"),
        Check("probable_rate", "-", "Hz", "the movement would have the size of a body's at a sampling rate of {}",
              "look the rate up where it was recorded and give it with --rate: heights, velocities and times hang "
              "on it"),
        Check("broken_record", "-", "N", "the force jumps by {} from one sample to the next: samples were lost, "
              "repeated or doubled there", "record or export again; look for a computer too slow for the plate"),
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
        Check("zero_unseen", "-", "N", "the plate is never empty in this record, so its zero was taken as it is "
              "(weight {})", "record a second of the empty plate before or after"),
        Check("iso_hold_quality", "-", "N", "the tension before the pull was not held still: dip or drift of {}",
              "hold a light tension still for a second, then pull without dipping"),
        Check("iso_pretension", "-", "N", "the tension held before the pull is {} above the weight",
              "take up the slack with 50 N at most, and do not lean on the bar"),
        Check("zero_assumed", "-", "N", "the plate was never empty in this record, so its zero is taken as recorded "
              "({}); gross forces have no stated uncertainty", "record a second of the empty plate before or after"),
        Check("load_cell", "-", "N", "nobody stands on it: taken as a load cell, whose force is net (largest {})",
              "check that its unit is newton; let the record show the athlete standing on it, if it is a plate"),
        Check("pull_not_over", "-", "1", "the record ends before {} of its pulls is over", "let the record run longer"),
        Check("set_hold_stability", "-", "N", "the force on a block varied by {} (SD) in the set position",
              "hold the set position still until the gun"),
        Check("rolling_start", "-", "N/s", "the force on a block moved by {} before the gun",
              "hold the set position still until the gun: this is a rolling start"),
        Check("set_weight", "-", "%", "in the set position the plates carry {} more than the given mass",
              "check the mass and the zero of every plate, and that nothing else touches them; the mass was used"),
        Check("false_start", "-", "s", "the push began {} after the gun: possibly a false start",
              "compare the other rules for the onset; a lab's reaction time is never official"),
        Check("hands_x", "-", "N", "the hands' horizontal force was not measured; the feet hold {} against it in the "
              "set position, which is in the impulse", "use a plate under the hands that measures fx, too"),
        Check("weight_of_run", "-", "N", "the weight of {} is the mean vertical force of the whole steps",
              "give the mass with --mass: a run weighs only as well as it is steady"),
        Check("cut_contact", "-", "1", "contact {} is cut off by an end of the record", "let the record run longer"),
        Check("beside_plates", "-", "%", "the vertical impulse of this contact differs by {} from what its flights "
              "need: a part of it was not on the plates, or the mass is wrong",
              "look where the foot landed, and check the mass"),
        Check("missed_contact", "-", "s", "the flight after this contact lasts {}, as long as a step and more: a "
              "contact is missing", "check that every plate under the run is in the file"),
        Check("run_direction", "-", "deg", "the run goes {} from the first axis of the plates (left is positive)",
              "if that is wrong, say the direction with --set run_direction=x, -x, y or -y"),
        Check("missing_headline", "-", "1", "{} of the first numbers are missing",
              "see the reason beside each missing number"),
        Check("sign_turned", "-", "1", "{} plates only ever pulled, which none can: their sign was turned",
              "nothing, if the force now looks right; else turn the column yourself, for example --columns fz=-NAME"),
        Check("spikes_removed", "-", "1", "{} single samples stood far out of the force beside them, and were replaced "
              "by the mean of their neighbours", "look for loose cables and static discharge"),
        Check("unit_converted", "-", "1", "by the given mass the forces are in another unit; they were "
              "multiplied by {}", "give the unit with --unit, or export the forces in newtons"),
        Check("ringing", "-", "N", "the plate rings by up to {} after take-off, so times of contact are less certain",
              "stand the plate on a hard, even floor, and bolt it down"),
        Check("filtered", "-", "Hz", "the record was low-pass filtered at about {} before it was saved, which blurs "
              "contact times and peaks", "export the forces unfiltered"),
        Check("hum", "-", "Hz", "the noise of the empty plate is one tone of {}",
              "look for mains hum (50 or 60 Hz), a fan or a treadmill; shield and earth the cables"),
        Check("weight_light", "-", "N", "{} is the weight of a small child",
              "if an adult jumped, say the unit of the forces with --unit, for example --unit lbf"),
        Check("athletes", "-", "1", "{} athletes or loads, told apart by weight",
              "nothing; record each athlete in a file of their own if results are kept by athlete"),
        Check("motion_clock", "-", "s", "by the centre of mass, which plates and motion both know, the clock given to "
              "the motion is off by {}, and so is every time between joints and force", "mend --motion-clock, or let "
              "`hipdrive sync` find the clock"),
        Check("time_scale", "-", "1", "the body flies {} times as long in the clip as gravity allows, so the clip's "
              "times are not those of the world", "say its slow motion, for example --motion-as time_scale=0.125 for "
              "240 frames a second stored as 30"),
        Check("motion_misfit", "-", "s", "with {} added to the times of the motion, the heights of the body by plates "
              "and by motion are not those of one movement", "check that both are of one trial and one person"),
        Check("sprint_reached", "-", "%", "the record ends at {} of the fitted top speed",
              "record 30 to 40 m, so that at least 90 % are reached"),
        Check("sprint_fit", "-", "1", "the fit explains {} of the variance (r squared)",
              "look at the residuals in the report: a gate set wrongly, a missed step, a noisy radar"),
        Check("sprint_residual", "-", "s", "a split time is {} away from the fit",
              "check the distance of that gate and its time; an arm or a leg may have broken the beam first"),
        Check("sprint_shift_bound", "-", "s", "the time shift stopped at the end of its range, {}",
              "check how the clock was started, give --behind, or fix it with --time-shift"),
        Check("sprint_reaction", "-", "s", "the run starts {} after the clock: a reaction time is in the times, and "
              "the fitted shift takes it out", "if the clock was started by the gun nothing; else check the first "
              "gate"),
        Check("sprint_freedom", "-", "count", "{} gates are left over once the model is fitted, so nobody knows how "
              "sure the numbers are", "use four gates or more, or fix the time shift with --time-shift"),
        Check("note", "-", "1", "{}", "give the option named, if the assumption is wrong"),
    )
}  # fmt: skip
"""Every check by name."""

Seen = Mapping[str, tuple[Floats, Ints]]
"""Check -> its values and levels, one a row."""


def limits(value: Floats, warn: Bools, fail: Bools | None = None) -> tuple[Floats, Ints]:
    """A check's values with levels: noted where it has a value, warned, failed."""
    level = np.where(np.isfinite(value), NOTED, NONE)
    level = np.where(warn, WARNED, level)
    return value, level if fail is None else np.where(fail, FAILED, level)


def finding(name: str, value: float, level: int, rep: int = 0, message: str | None = None) -> Finding:
    """One finding with its sentence and remedy."""
    check = CHECKS[name]
    shown = f"{value:g}" if check.unit == "1" else text(value, check.unit)
    said = message if message is not None else check.message.format(shown)
    remedy = check.remedy if level >= WARNED else ""
    return Finding(name, LEVELS[level], float(value), check.unit, said, remedy, rep)
