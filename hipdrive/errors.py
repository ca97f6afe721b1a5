"""Everything that can go wrong, once: a code for scripts, a sentence for people.

A refused number carries one of these codes and its sentence; an error raised to a caller is one sentence
that says what, where and what to do. The sentences are translated by gettext where a catalogue is installed.
"""

from __future__ import annotations

from gettext import gettext

REASONS: dict[str, str] = {
    # the record as a whole
    "no_flight": "no flight was found: the force never stays near zero between two loaded stretches",
    "no_jump": "no repetition of this test was found in the record",
    "no_load": "the plate is never loaded: nobody stands on it in this record, or its unit is not newton",
    "upside_down": "the force is upside down, it never pushes upwards: turn its sign, for example --columns fz=-NAME",
    "no_touchdown": "no landing was found: nobody comes down onto the empty plate in this record and stays on it",
    "beside_plate": "only a part of the weight came down on the plate: land with both feet on it",
    "no_stance": "nobody stands on the plate without leaving it for long enough in this record",
    "implausible": "nobody jumps or squats that far: the sampling rate is probably wrong, give the true one with "
    "--rate; in a drop jump check the mass, too",
    "ends_in_air": "the record ends in the air: let it run until the athlete stands still after landing",
    "gaps": "samples were lost during the record, so times and impulses cannot be trusted: record again",
    "saturated": "a channel reached the end of its range, so peaks and impulses are wrong: "
    "choose a larger range and record again",
    "bad_load": "weight less load leaves no person: check --load, which is in kg and part of what the plate weighs",
    "bad_weight": "the weight after zeroing is not that of a person (200 to 3000 N): check unit, axis and zero",
    "unit_kilogram": "these forces are too small for newtons and fit kilograms or pounds: say which with --unit kgf "
    "or --unit lbf",
    "unit_kilonewton": "these forces are far too small for newtons and fit kilonewtons: give --unit kN; if they are "
    "volts, they need the calibration of the plate",
    "unit_gram": "these forces are far too large for newtons and fit grams: give --unit gf",
    "zero_changed": "two empty stretches of the record differ by more than 1 % of weight: zero the plate again",
    "too_short": "the record is too short to analyse",
    "test_unknown": "this test is not known: `hipdrive metrics` lists the tests",
    "not_ballistic": "the heights by flight time and by impulse do not belong to one jump: the athlete stepped off "
    "and on again, or weight or zero are wrong",
    "not_this_test": "the movement in the record is not this test: choose --test auto",
    # repetition
    "no_weight": "no weight: no still second was found before or after the movement; "
    "let the athlete stand still or give --mass",
    "unsteady_stance": "the athlete did not stand still, so the weight is too uncertain: stand still for a second",
    "no_onset": "the start of the movement was not found",
    "no_landing": "the landing is not in the record or not on the plate",
    "no_stillness": "the record ends before the athlete stands still after the landing: let it run longer",
    "no_first_contact": "the first contact is not in the record: start recording before the athlete leaves the box",
    "no_countermovement": "there is no downward phase in this movement",
    "no_zero_velocity": "the lowest point was not found: the velocity never passes zero in this phase",
    "phase_too_short": "the phase is shorter than the window of this number",
    "no_first_peak": "the landing has no clear first peak",
    "no_jump_before": "there is no jump from this plate before the landing",
    "no_cop": "the centre of pressure is not in this record: it needs plates that measure moments, or four cells",
    "no_cop_ml": "the centre of pressure is known forwards and backwards only, not sideways",
    "no_cop_ap": "the centre of pressure is known sideways only, not forwards and backwards",
    "no_free_moment": "the free moment needs plates that measure all forces and moments",
    "cop_frames": "the centres of pressure of the two plates are not in one frame, since the left foot is not left of "
    "the right one: give both from the same origin",
    "cop_masked": "too much of the stance has too little force for a centre of pressure: stand on the plate throughout",
    "cop_rate": "the sampling rate is too low for the centre of pressure's filter",
    "one_peak": "the contact has one peak only: no impact stands out from the drive-off",
    "no_box_height": "no box height was given: add --box-height",
    "no_box_plate": "there is no plate under the box in this record",
    "one_plate": "this number needs two plates, one for each foot",
    "same_as_flight": "with the touchdown velocity anchored to the flight this height equals the flight height: "
    "read that one",
    "not_for_squat_jump": "this number does not exist in a squat jump, which starts from the lowest point",
    "countermovement_in_sj": "the squat jump was preceded by a dip: hold the squat still, then push",
    "closure": "the velocity does not return to zero after the landing, so weight or zero are wrong",
    "no_flight_before": "the fall before this contact began off the plate, so its time is not known",
    "few_hops": "too few hops for this number: the 10/5 needs five of the first ten with a contact within the limit",
    "short_series": "at least seven hops are needed to compare the last three with hops 2 to 4",
    # isometric pull
    "no_pull": "no pull was found: it needs a quiet second of light tension, a clear rise, and a person on the plate "
    "or a load cell",
    "no_standing": "no weight: nobody stood on the plate without tension; let the athlete stand for a second before "
    "taking hold, or give --mass",
    "load_cell": "a load cell does not carry the body weight: its force is net already; give --mass for a share of it",
    "no_pretension": "there is no quiet second before the pull, so its start was not found: hold a light tension "
    "still, then pull",
    "iso_dip": "the force dips before the pull, a countermovement: hold the tension still, then pull",
    "iso_drift": "the tension before the pull drifts: hold it still for a second, then pull",
    # sprint start
    "no_feet": "no plate carries the feet: name the blocks front and rear, for example --columns front.fx=NAME",
    "no_contact": "no contact was found: the vertical force never rises as under a running foot",
    "no_run": "this is no run: its contacts, or the flights between them, last longer than those of running",
    "no_flight_between": "the plates are loaded throughout: steps are told apart by the flights between them",
    "cut_contact": "the record begins or ends within a contact of this step",
    "beside_plates": "a part of this contact was not on the plates: its vertical impulse does not fit its flights",
    "last_step": "no contact follows in this record, so this step does not end in it",
    "missed_contact": "a contact is missing after this one: the flight is as long as a step and more",
    "no_empty_plate": "a plate of this contact was never empty near it, so the zero of its force is not known",
    "treadmill": "the contacts stay in one place: on a treadmill give its speed with --set belt_speed=M/S",
    "side_unknown": "left and right cannot be told: the contacts do not alternate beside the line of the run",
    "gap_before": "a contact before this one is not whole, so the impulses do not add up to the speed",
    "no_run_weight": "no mass: add --mass; five whole contacts and more would weigh the athlete, too",
    "lands_again": "who pushed came down on the same plates: this is a jump, no sprint start",
    "not_set": "nobody is in a set position before the push: the plates of the feet are empty",
    "no_push": "no push was found: the force of the feet never rises as in a sprint start",
    "no_exit": "the record ends before the athlete has left the blocks: let it run for half a second longer",
    "no_set": "the push begins with the record: start it a second before the gun",
    "no_push_onset": "the force never rises as steeply as a start does (`onset_slope`), so its onset is not known",
    "no_own_onset": "the force on this block never rises as steeply as a start does, so its own onset is not known",
    "no_hand_onset": "the force of the hands never changes as steeply as a start does, so its onset is not known",
    "blocks_swapped": "the rear block is left after the front one, so the two are swapped: name them with --columns",
    "blocks_backwards": "the forces of the blocks push backwards: turn their sign, for example "
    "--columns front.fx=-NAME,rear.fx=-NAME",
    "flying_start": "a flying start has no set position and no push to measure: time it with splits instead",
    "no_gun": "there is no start signal in this record: add a channel called gun",
    "gun_late": "the start signal comes after the athlete has gone, so it belongs to another start: check its channel",
    "one_plate_start": "one plate under both feet cannot tell the front foot from the rear one",
    "no_horizontal": "the horizontal force was not measured: this number needs blocks or plates that measure fx",
    "no_vertical": "the vertical force was not measured: this number needs blocks or plates that measure fz",
    "no_hand_plate": "the hands carry much of the weight in the set position and nobody measured them: this number "
    "needs a plate under the hands",
    "no_start_mass": "no mass: add --mass, or put a plate under the hands, so that the set position can be weighed",
    "no_leg_length": "no length of the leg or body: give --set leg_length=0.95 (m), or --height",
    "no_block_geometry": "where the foot pushes on the block needs its moments and geometry: give --set "
    "block_angle_front=45 (degrees) and block_base_front (m), and the same of the rear one",
    "pull_not_over": "the record ends before the pull is over: let it run longer",
    "undefined": "this number is not defined for this movement",
    "no_spread": "at least two repetitions are needed",
    # clocks of plates and cameras
    "sync_no_com": "the motion has no height of the centre of mass: it needs points of trunk, hips, knees and ankles",
    "sync_short": "too little of one movement was seen by plates and camera both: record the whole jump with both",
    "sync_flat": "nobody moves on the plates in this time, so nothing can be matched: record a jump with both",
    "sync_misfit": "the heights of the body by plates and by camera are not those of one movement: check that both "
    "files are of one trial, and that all of the body was on the plates",
    "sync_ambiguous": "the movement fits in more than one place, as equal hops do: record a single jump with both, or "
    "give the window or the offset",
    "sync_long": "this record of motion is longer than two hours: cut it into single trials",
    "no_bounce": "no ball is seen to bounce on an empty plate: drop it in view of the camera, after a quiet second",
    # a moving body
    "no_motion": "nobody filmed or tracked this repetition",
    "motion_unknown": "the motion of this trial could not be understood: see the note about it",
    "no_clock": "no clock joins motion and force: `hipdrive sync` finds one from points of the whole body; "
    "or say it with --motion-clock (same: both of one system)",
    "clock_unsure": "the clocks of motion and force are joined too loosely for this number (`motion_sync_max`): "
    "synchronise with a common signal",
    "no_such_motion": "the motion lacks a joint or point that this number needs",
    "from_the_side": "this is seen from the front only: film from the front, or in three dimensions",
    "motion_elsewhere": "the motion does not reach over this part of the movement",
    "motion_unseen": "a joint or point that this number needs was hidden for too long in the movement",
    "motion_few_frames": "the motion has too few frames here to tell movement from noise: film at 60 frames a second "
    "or more",
    "no_event": "the instant that this number is read at was not found in the force; lowest point and peak force need "
    "the weight: let the athlete stand still or give --mass",
    "slow_peak": "the velocity has no clear peak, so its time cannot be told: a slow or weak extension has none, and "
    "noisy points hide it",
    "unsure_onset": "the extension begins or ends too gradually for this noise, so its time cannot be told",
    "no_extension_peak": "the joint is fastest where the push begins or ends, so it has no peak of its own in it",
    "no_extension_start": "the joint extends already when the movement is first seen",
    "no_extension_end": "the joint still extends when the movement is last seen",
    "no_arm_swing": "the arms have no swing of their own in the push",
    "no_pelvis": "the back cannot be told from the hip by shoulder, hip and knee alone: it needs markers on the pelvis",
    "no_standing_seen": "the athlete was not seen standing still, so nobody knows what straight is for these points",
    "not_resolved": "the uncertainty covers the limit, so it cannot be decided",
    "no_such_number": "this trial has no such number",
    "few_repetitions": "more repetitions are needed: a single one is shown, but no cue is made of it",
    # a timed run
    "few_gates": "too few gates: a fit with a free time shift needs at least three behind the start, one with a fixed "
    "--time-shift two; four or more tell how sure it is",
    "gate_behind": "a distance is negative: distances of gates are counted from the start line",
    "gate_twice": "a distance stands twice: keep runs apart by a column `athlete` or `trial`",
    "times_not_rising": "the times do not rise with the distances: give times since the start at each gate, "
    "not times of the sections",
    "clock_not_rising": "the clock of this record stands still or runs back: keep runs apart by a column `athlete` "
    "or `trial`, or export it again",
    "few_samples": "too few samples of a run: a radar or laser needs at least 20 between start and top speed, five "
    "or more a second",
    "run_too_fast": "a part of the run is faster than 13.5 m/s, which nobody runs: check the distances, and the units "
    "with --unit (m, yd, ft; km/h, mph) and --time-unit (s, ms)",
    "run_too_slow": "a part of the run is slower than 1.5 m/s, which is no sprint: check the distances, and the units "
    "with --unit (m, yd, ft; km/h, mph) and --time-unit (s, ms)",
    "speed_unit": "the speeds are above 13.5 m/s, which nobody runs, and fit another unit: say it with --unit km/h, "
    "mph or ft/s",
    "run_backwards": "the distance falls: the athlete runs towards the device; turn the sign of the column",
    "sprint_too_short": "the record ends long before top speed, so MSS and tau cannot be told apart: record 30 to 40 m",
    "sprint_vague": "the times do not follow a sprint, or there are too few of them: half or double the time constant "
    "would fit as well; check them, and use more gates",
    "no_acceleration": "there is no acceleration from standing in these times, so there is nothing to fit: they are "
    "those of a flying run, or the time shift is wrong",
    "sprint_implausible": "the fit tends to a speed above 13.5 m/s, which nobody runs: the record is too short, or a "
    "time is wrong",
    "no_mass": "the force needs the mass: add --mass, or a column `mass` in kg",
    "no_stature": "the drag of the air needs mass and stature: add --height, or a column `height`",
    "no_line": "force does not fall as velocity rises in this wind, so there is no line",
    "sprint_late": "the run ends before 0.3 s, from which on the ratio of forces counts",
    "other_record": "this number belongs to another kind of record (gates, radar or laser)",
    "beyond_record": "the run was not measured so far",
    "no_gate": "there is no gate at this distance",
    "no_fly_run": "no two gates behind the start are so far apart, or the run is too short for it",
    # over trials of one athlete
    "no_cmj": "a countermovement jump with hands on hips and without load is missing",
    "no_sj": "a squat jump without load is missing",
    "no_hips": "a countermovement jump with hands on hips is missing",
    "no_jump_trial": "a countermovement or squat jump without load is missing",
    "few_heights": "drop jumps from at least three heights are needed",
    "no_top": "the parabola has no top within the heights that were measured: measure lower or higher ones",
    "few_loads": "jumps with at least three loads are needed, each with its --load",
    "not_falling": "force does not fall as velocity rises over these loads: check which load belongs to which trial",
    "one_direction": "the same side is larger in all, so agreement cannot be told from chance",
    "no_other_leg": "trials of the other leg are missing",
    "no_involved": "nobody said which leg was injured: give --involved left or right",
    # over athletes and sessions
    "few_athletes": "at least two athletes are needed",
    "few_for_slope": "at least three athletes, whose means differ, are needed for a slope",
    "few_trials": "at least two trials of each athlete are needed",
    "missing_cells": "an athlete lacks a trial: measure it, or leave the athletes out who lack one with "
    'missing="leave_out", which names them',
    "missing_trial": "a session holds a trial without a number: measure it again, or leave that trial out",
    "no_error_spread": "the trials repeat exactly, which no measurement does: check whether they are copies",
    "no_athlete_spread": "the athletes do not differ from one another, so nothing tells them apart",
    "not_positive": "this number needs measurements that are all above zero",
    "mean_near_zero": "the mean is too near zero for a percentage of it",
}
"""Why a number is missing or a trial refused: code -> sentence."""


def sentence(code: str) -> str:
    """The sentence of a reason code, translated where a catalogue is installed.

    >>> sentence("one_plate")
    'this number needs two plates, one for each foot'
    """
    return gettext(REASONS[code])


class HipdriveError(Exception):
    """Something a person can mend: one sentence with what, where and what to do.

    `code` is for scripts, `exit_code` what the command line ends with (1: an input, 2: wrong use).
    """

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReadError(HipdriveError):
    """A file could not be read, or does not hold what it should."""


class StoreError(HipdriveError):
    """A trial file is damaged, or could not be written."""


class UsageError(HipdriveError):
    """The request makes no sense as given."""

    exit_code = 2


class ProfileError(UsageError):
    """A profile or one of its parameters is wrong."""
