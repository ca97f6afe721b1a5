"""When joints extend: closed forms, the linkage's known delays, refusals, and the seam to the force's repetitions."""

import dataclasses
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import moving_bodies as bodies
import numpy as np
import pytest
import timing_study

import hipdrive as hd
from hipdrive import cli
from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.analysis import registry, stride
from hipdrive.analysis.body import Refused, half_width
from hipdrive.analysis.extension import extension, overlap
from hipdrive.analysis.lanes import lanes, verdict
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.moving import Drive, drive_of, value_of
from hipdrive.analysis.posenoise import Colour, Looks, fitted
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.registry import METRICS, motion_for
from hipdrive.analysis.smoothing import smoothing
from hipdrive.report import document, frames
from hipdrive.results import Event, Value
from hipdrive.trial import ClockMap, Track

registry.load_builtin()


FAST = Profile(motion_cutoff=20.0, motion_copies=60.0)
"""A cut-off above everything that a bell contains, so that closed forms hold as they are."""


def drive(
    body: Motion | None = None, clock: ClockMap | None = None, profile: Profile = FAST, side: str = ""
) -> Drive:  # fmt: skip
    made = drive_of(
        bodies.motion() if body is None else body, clock or bodies.SAME, bodies.EVENTS, "cmj", profile, side=side
    )
    assert made is not None
    return made


def number(name: str, of: Drive) -> Value:
    return value_of(METRICS[name].function, of, METRICS[name].unit, "")


# --- closed forms ---


def test_peaks_are_where_the_bells_are() -> None:
    for joint, t in bodies.PEAKS.items():
        assert number(f"{joint}_peak_extension_velocity_time", drive()).value == pytest.approx(t, abs=3e-4)
    assert number("hip_knee_delay", drive()).value == pytest.approx(0.016, abs=3e-4)
    assert number("knee_ankle_delay", drive()).value == pytest.approx(0.020, abs=3e-4)


def test_onset_end_width_and_speed_are_those_of_a_bell() -> None:
    """Of a single bell: 5 % of the peak lies sqrt(2 ln 20), 95 % sqrt(2 ln(1/0.95)) of its SDs from the top."""
    grid = np.arange(0.0, 1.0, 0.002)
    curve = bodies.velocity(grid, ((60.0, 0.5, 0.05),))[None]
    found = extension(grid, curve, (0.2, 0.8), share=0.05, floor=0.0, hold=0.03, plateau=0.95)
    far, near = 0.05 * math.sqrt(2.0 * math.log(20.0)), 0.05 * math.sqrt(-2.0 * math.log(0.95))
    assert found.onset[0] == pytest.approx(0.5 - far, abs=1e-4)
    assert found.end[0] == pytest.approx(0.5 + far, abs=1e-4)
    assert found.width[0] == pytest.approx(2.0 * near, abs=2e-4)
    assert found.speed[0] == pytest.approx(60.0 / (0.05 * math.sqrt(2.0 * math.pi)), rel=1e-4)
    assert not found.edge


def test_the_floor_of_an_onset_counts_where_it_is_higher() -> None:
    grid = np.arange(0.0, 1.0, 0.002)
    curve = bodies.velocity(grid, ((10.0, 0.5, 0.05),))[None]
    peak = 10.0 / (0.05 * math.sqrt(2.0 * math.pi))
    found = extension(grid, curve, (0.2, 0.8), share=0.05, floor=20.0, hold=0.03, plateau=0.95)
    assert found.onset[0] == pytest.approx(0.5 - 0.05 * math.sqrt(2.0 * math.log(peak / 20.0)), abs=2e-4)


def test_a_dip_just_before_the_peak_begins_no_extension() -> None:
    grid = np.arange(0.0, 1.0, 0.002)
    curve = np.interp(grid, [0, 0.3, 0.4, 0.48, 0.484, 0.488, 0.5, 0.6, 1], [0, 0, 200, 300, 5, 300, 320, 0, 0])[None]
    found = extension(grid, curve, (0.2, 0.8), share=0.05, floor=20.0, hold=0.03, plateau=0.95)
    assert found.onset[0] == pytest.approx(0.31, abs=1e-3)


def test_two_boxes_overlap_as_far_as_they_do() -> None:
    grid = np.arange(0.0, 1.0, 0.001)
    one, other = (np.interp(grid, [a, a + 0.02, a + 0.2, a + 0.22], [0, 100, 101, 0])[None] for a in (0.3, 0.4))
    inside, union = 0.2 - 0.1, 0.2 + 0.1
    assert overlap(grid, one, other, 0.5, (0.0, 1.0))[0] == pytest.approx(100.0 * inside / union, abs=0.5)


def test_angles_and_velocities_at_events_are_those_of_the_curve() -> None:
    t = np.array([bodies.EVENTS["takeoff"].t])
    assert number("hip_extension_at_toeoff", drive()).value == pytest.approx(
        bodies.angle(t, 175.0, bodies.HIP)[0], abs=0.1
    )
    assert number("hip_velocity_at_takeoff", drive()).value == pytest.approx(bodies.velocity(t, bodies.HIP)[0], abs=8.0)
    assert number("ankle_dorsiflexion_at_takeoff", drive()).value == pytest.approx(
        -bodies.angle(t, 0.0, bodies.ANKLE)[0], abs=0.1
    )


def test_the_hips_share_is_that_of_the_steps_within_the_push() -> None:
    ends = np.array([bodies.EVENTS["zero_velocity"].t, bodies.EVENTS["takeoff"].t])
    grid = np.linspace(float(ends[0]), float(ends[1]), 4000)
    hip, knee = (np.trapezoid(np.clip(bodies.velocity(grid, b), 0, None), grid) for b in (bodies.HIP, bodies.KNEE))
    assert number("hip_drive_index", drive()).value == pytest.approx(hip / (hip + knee), abs=2e-3)


def test_a_clock_ahead_moves_what_meets_the_force_and_no_delay() -> None:
    """A motion told 0.5 s early is brought back by its clock; its own delays never needed one."""
    early = bodies.motion()
    moved = dataclasses.replace(early, times=early.times - 0.5)
    late = drive(moved, ClockMap(offset=0.5))
    for name in ("hip_extension_at_toeoff", "hip_peak_extension_velocity_time", "force_to_hip_onset", "hip_knee_delay"):
        assert number(name, late).value == pytest.approx(number(name, drive(early)).value, abs=2e-4)
    wrong = drive(moved, ClockMap(offset=0.51))
    assert number("hip_knee_delay", wrong).value == pytest.approx(0.016, abs=3e-4)
    assert number("force_to_hip_onset", wrong).value == pytest.approx(
        number("force_to_hip_onset", drive(early)).value + 0.01, abs=2e-4
    )


def test_legs_are_told_apart_and_their_mean_is_the_number() -> None:
    both = drive(bodies.motion(legs={"left": 0.0, "right": 0.012}))
    left, right = (number("knee_peak_extension_velocity_time", both.of(leg)).value for leg in ("left", "right"))
    assert right - left == pytest.approx(0.012, abs=3e-4)
    assert number("knee_peak_extension_velocity_time", both).value == pytest.approx(0.5 * (left + right), abs=1e-6)
    one = drive(bodies.motion(legs={"left": 0.0, "right": 0.012}), side="right")
    assert number("knee_peak_extension_velocity_time", one).value == pytest.approx(right, abs=1e-6)


def test_standing_is_the_mean_while_weighed() -> None:
    made = drive_of(bodies.motion(), bodies.SAME, {**bodies.EVENTS, "weigh_start": Event(0.1), "weigh_end": Event(0.8)},
                    "cmj", FAST)  # fmt: skip
    assert made is not None
    assert number("hip_standing_angle", made).value == pytest.approx(175.0, abs=0.05)
    assert number("hip_standing_angle", drive()).code == "no_standing_seen"


# --- the view from the front and the distances ---


def front(**where: tuple[float, float, float]) -> Motion:
    """A body that stands still in a pose: points by name."""
    body = bodies.motion()
    n = len(body.times)
    points = {name: np.tile(place, (n, 1)).astype(float) for name, place in where.items()}
    return Motion(clock="camera", times=body.times, angles=body.angles, points=points, methods=body.methods,
                  com=np.tile((0.05, 0.0, 0.9), (n, 1)))  # fmt: skip


def test_a_knee_that_falls_in_is_valgus_on_both_sides() -> None:
    """Hip above ankle, knee 5 cm towards the middle half-way up 0.8 m: both segments lean by atan(0.05/0.4)."""
    pose: dict[str, tuple[float, float, float]] = {}
    for leg, y in (("left", 0.1), ("right", -0.1)):
        inward = -0.05 if leg == "left" else 0.05
        pose |= {f"hip_{leg}": (0, y, 0.9), f"knee_{leg}": (0, y + inward, 0.5), f"ankle_{leg}": (0, y, 0.1)}
    made = drive(front(**pose))
    expected = 2.0 * math.degrees(math.atan(0.05 / 0.4))
    assert number("fppa", made.of("left")).value == pytest.approx(expected, abs=1e-6)
    assert number("fppa", made.of("right")).value == pytest.approx(expected, abs=1e-6)
    assert number("knee_ankle_separation_ratio", made).value == pytest.approx(0.5, abs=1e-9)


def test_lean_and_distances_are_trigonometry() -> None:
    made = drive(front(ankle_left=(-0.05, 0.1, 0.1), toe_left=(0.15, 0.1, 0.0), heel_left=(-0.1, 0.1, 0.05)))
    assert number("whole_body_lean_at_takeoff", made.of("left")).value == pytest.approx(
        math.degrees(math.atan2(0.10, 0.8)), abs=1e-6
    )
    assert number("takeoff_distance", made.of("left")).value == pytest.approx(-0.10, abs=1e-9)
    assert number("whole_body_lean_at_takeoff", made.of("right")).code == "no_such_motion"


# --- one contact of a stride ---


def step(limit: float = 0.0) -> Drive:
    """The centre of mass passes over a toe at 0.2 m with 5 m/s, 40 ms after touchdown; the right thigh swings to 80."""
    body = bodies.motion(rate=200.0)
    t = body.times
    com = np.stack([0.2 + 5.0 * (t - 1.54), np.zeros(len(t)), np.full(len(t), 0.9)], axis=1)
    toe = np.tile((0.2, 0.1, 0.0), (len(t), 1))
    thigh = 80.0 * np.exp(-0.5 * ((t - 1.6) / 0.08) ** 2)
    moving = Motion(clock="c", times=t, angles={"thigh_angle_right": thigh, "thigh_angle_left": -thigh},
                    points={"toe_left": toe}, com=com, methods={"source": "markers"})  # fmt: skip
    rules = Profile(overstride_limit=limit, marker_cutoff=20.0, motion_copies=60.0)
    return stride.contact(moving, bodies.SAME, Event(1.5, 0.001), Event(1.68, 0.001), rules)


def test_a_contact_is_read_at_its_instants() -> None:
    ahead = stride.touchdown_distance(step(), "left")
    assert ahead.value == pytest.approx(0.2, abs=1e-3) and 0.01 < ahead.u95 < 0.06
    assert stride.com_over_foot_time(step(), "left").value == pytest.approx(0.04, abs=5e-4)
    assert stride.swing_thigh_peak(step(), "left").value == pytest.approx(80.0, abs=0.5)
    assert stride.touchdown_distance(step(), "right").code == "no_such_motion"


def test_an_overstride_is_decided_with_uncertainty() -> None:
    assert stride.overstride(step(), "left").value == 1.0
    assert stride.overstride(step(0.3), "left").value == 0.0
    assert stride.overstride(step(0.19), "left").code == "not_resolved"
    assert stride.overstride(step(), "right").code == "no_such_motion"


# --- refusals ---


def test_without_a_clock_nothing_that_needs_force_is_computed() -> None:
    rep = analysed(seen_jump().with_facts(clocks={})).reps[0]
    for metric in motion_for("cmj"):
        assert rep[metric.name].code == "no_clock" and "clock" in (rep[metric.name].why or ""), metric.name
    assert math.isfinite(rep["jump_height_tov"].value)


def test_a_loose_clock_refuses_what_meets_the_force_only() -> None:
    loose = drive(clock=ClockMap(offset=0.0, standard_error=0.006))
    assert number("hip_extension_at_toeoff", loose).code == "clock_unsure"
    assert number("force_to_hip_onset", loose).code == "clock_unsure"
    assert math.isfinite(number("hip_knee_delay", loose).value)


def test_a_clock_s_error_is_in_the_interval_of_what_meets_the_force() -> None:
    exact = Profile(motion_cutoff=20.0, motion_copies=400.0, motion_bias=0.0)
    sharp, loose = (drive(clock=ClockMap(offset=0.0, standard_error=s), profile=exact) for s in (0.0, 0.004))
    speed = bodies.velocity(np.array([1.76]), bodies.HIP)[0]
    wide, narrow = (number("hip_extension_at_toeoff", d).u95 for d in (loose, sharp))
    assert math.sqrt(wide**2 - narrow**2) == pytest.approx(1.96 * 0.004 * speed, rel=0.2)
    assert number("hip_knee_delay", loose).u95 == pytest.approx(number("hip_knee_delay", sharp).u95, rel=1e-9)


def test_a_slow_extension_has_no_usable_peak() -> None:
    slow = bodies.motion(hip=((-80.0, 0.9, 0.15), (80.0, 1.62, 0.25)), noise=0.7, rate=60.0)
    value = number("hip_peak_extension_velocity_time", drive(slow, profile=Profile()))
    assert value.code == "slow_peak" and "no clear peak" in (value.why or "")
    assert number("hip_knee_delay", drive(slow, profile=Profile())).code == "slow_peak"
    assert math.isfinite(number("hip_extension_at_toeoff", drive(slow, profile=Profile())).value)


def test_a_hidden_joint_refuses_its_own_numbers() -> None:
    body = bodies.motion()
    hidden = np.where((body.times > 1.5) & (body.times < 1.65), np.nan, body.angles["knee_angle_left"])
    made = drive(dataclasses.replace(body, angles={**body.angles, "knee_angle_left": hidden}))
    assert number("knee_peak_extension_velocity_time", made.of("left")).code == "motion_unseen"
    assert math.isfinite(number("knee_peak_extension_velocity_time", made.of("right")).value)
    assert math.isfinite(number("hip_peak_extension_velocity_time", made.of("left")).value)


def test_a_motion_elsewhere_and_one_of_few_frames_are_refused() -> None:
    assert number("hip_knee_delay", drive(bodies.motion(last=1.6))).code == "motion_elsewhere"
    few = drive(bodies.motion(rate=10.5), profile=Profile())
    assert number("hip_knee_delay", few).code == "motion_few_frames"


def test_the_back_is_not_told_from_three_points() -> None:
    assert number("trunk_pelvis_change", drive()).code == "no_pelvis"


@pytest.mark.parametrize("fault", ["absurd", "constant", "torn", "short", "nowhere"])
def test_a_damaged_motion_gives_reasons_and_no_warning(fault: str) -> None:
    trial = hd.simulate("cmj", seed=1)
    takeoff = analysed(trial).reps[0].events["takeoff"].t
    body = bodies.motion(rate=60.0, noise=0.5)
    names = tuple(body.angles)
    values = np.array([body.angles[name] for name in names]).T
    if fault == "absurd":
        values[:, 1] *= 1e300
    elif fault == "constant":
        values[:] = 90.0
    elif fault == "torn":
        values[np.random.default_rng(0).random(values.shape) < 0.5] = np.nan
    elif fault == "nowhere":
        values[:] = np.nan
    rows = 4 if fault == "short" else len(values)
    track = Track(
        name="m", kind="angles", times=body.times[:rows], values=values[:rows, :, None], names=names, unit="deg"
    )
    rep = analysed(trial.with_facts(tracks=(track,), clocks={"m": ClockMap(offset=takeoff - 1.76)})).reps[0]
    for name, value in rep.items():
        assert math.isnan(value.value) == bool(value.code), name
        assert not math.isinf(value.value) and not math.isinf(value.u95), name
    assert fault == "torn" or rep["knee_peak_extension_velocity_time_left"].code
    assert math.isfinite(rep["jump_height_tov"].value)


# --- noise ---


def test_noise_is_found_below_the_cut_off_where_no_residual_shows_it() -> None:
    """Level of the noise at 4 Hz, of a first-order process, against its closed form; residuals show next to nothing."""
    rng, t = np.random.default_rng(3), np.arange(0.0, 2.0, 1.0 / 60.0)
    true, lags = Colour(0.012, 0.0), np.arange(-60, 61) / 60.0
    at4 = np.cos(2.0 * np.pi * 4.0 * lags)
    root = np.linalg.cholesky(true.covariance(t))
    smooth, looks, told, left = smoothing(t, 10.0), Looks(t, 10.0, 0.012), [], []
    for _ in range(12):
        clean = bodies.angle(t, 90.0, ((80.0, 1.0, 0.06),))
        columns = list((0.7 * root @ rng.standard_normal((len(t), 6))).T + clean)
        noise = fitted(columns, looks)
        level = [c.white + (1.0 - c.white) * (np.exp(-np.abs(lags) / c.time) * at4).sum() for c in noise.colours]
        told.append(np.mean((noise.weight * np.array(level)) @ noise.variance))
        residual = np.array([column - smooth(column)[0] for column in columns])
        left.append(np.mean(np.abs(residual @ np.exp(2j * np.pi * 4.0 * t)) ** 2) / len(t))
    exact = 0.49 * float((np.exp(-np.abs(lags) / 0.012) * at4).sum())
    assert np.mean(told) == pytest.approx(exact, rel=0.4) and np.mean(told) > 0.9 * exact
    assert np.mean(left) < 0.2 * exact


def test_copies_are_the_same_whenever_they_are_drawn() -> None:
    one, other = drive(bodies.motion(noise=0.5)), drive(bodies.motion(noise=0.5))
    number("extension_overlap", other)
    assert number("knee_ankle_delay", one) == number("knee_ankle_delay", other)


def test_a_moved_peak_is_in_the_interval() -> None:
    """A lopsided extension, without noise: the low-pass moves its peak, and u95 says so."""
    lopsided = ((-85.0, 1.25, 0.10), (70.0, 1.66, 0.05), (30.0, 1.72, 0.016))
    t = np.arange(1.5, 1.8, 1e-5)
    true = t[bodies.velocity(t, lopsided).argmax()]
    value = number("hip_peak_extension_velocity_time", drive(bodies.motion(hip=lopsided), profile=Profile()))
    assert 0.003 < abs(value.value - true) <= value.u95
    exact = number("hip_peak_extension_velocity_time", drive(bodies.motion(), profile=Profile()))
    assert exact.u95 < 0.5 * value.u95


def test_half_width_counts_spread_and_what_smoothing_moves() -> None:
    rng = np.random.default_rng(0)
    spread = rng.standard_normal(4000)
    still = np.tile(np.r_[0.0, spread], 3)
    assert half_width(still) == pytest.approx(1.96, rel=0.05)
    moved = np.concatenate([np.r_[0.0, spread], np.r_[0.0, spread], np.r_[0.0, spread] + 2.0])
    assert half_width(moved) == pytest.approx(1.96 * math.sqrt(1.0 + 4.0), rel=0.05)


def test_the_linkages_delays_lie_in_their_intervals() -> None:
    """A short form of the study."""
    study = timing_study
    rows = {row.field: row for row in study.table(2, study.CELLS["60 fps, 0.7° as pose"], first=50)}
    for name in ("hip_knee_delay", "hip_extension_at_toeoff", "onset_sequence_hip_knee"):
        row = rows[name]
        assert row.given == 2
        assert abs(row.bias) < 1.5 * row.u95


@pytest.mark.slow
def test_intervals_cover_as_they_say() -> None:
    """120 seeds: what the issue asks for over 2000."""
    study = timing_study
    rows = {row.field: row for row in study.table(120, study.CELLS["60 fps, 0.7° as pose"])}
    assert rows["hip_knee_delay"].sd <= 0.0066
    for row in rows.values():
        assert row.coverage >= 88.0, row
    drops = {row.field: row for row in study.table(40, {"frame_rate": 60.0}, test="dj")}
    assert drops["hip_extension_at_toeoff"].coverage >= 85.0


# --- the seam ---


@cache
def jump() -> hd.Analysis:
    return analysed(seen_jump())


def analysed(trial: hd.Trial) -> hd.Analysis:
    """With few copies: these tests are not about widths."""
    return hd.analyse(trial, parameters={"motion_copies": 30.0})


def seen_jump(test: str = "cmj", **settings: float) -> hd.Trial:
    trial = simulate_motion(test, seed=3, duration=0.34, frame_rate=120.0, **settings)
    return trial.with_facts(tracks=tuple(t for t in trial.tracks if t.kind == "angles"))


def test_a_trial_with_motion_has_the_fields_and_one_without_has_none() -> None:
    trial = seen_jump()
    rep, bare = analysed(trial).reps[0], analysed(trial.with_facts(tracks=())).reps[0]
    names = {m.name for m in motion_for("cmj")}
    assert names <= set(rep) and not names & set(bare)
    assert {"hip_knee_delay_left", "hip_knee_delay_right"} <= set(rep)
    assert not [name for name in rep if name.startswith("asym_hip")]
    assert [str(rep[name]) for name in bare] == [str(bare[name]) for name in bare]
    assert trial.truth is not None
    assert abs(rep["hip_knee_delay"].value - trial.truth["hip_knee_delay"]) <= 1.5 * rep["hip_knee_delay"].u95
    assert "lowpass 10 Hz" in rep["hip_knee_delay"].method


def test_many_trials_keep_those_without_motion_beside_those_with() -> None:
    trials = [hd.simulate("cmj", seed=1), seen_jump(), hd.simulate("dj", seed=1)]
    table = hd.analyse_many(trials, parameters={"motion_copies": 30.0})
    alone = analysed(trials[1]).reps[0]
    assert table["hip_knee_delay"][1] == alone["hip_knee_delay"].value
    assert table.u95["hip_knee_delay"][1] == alone["hip_knee_delay"].u95
    assert table.reasons["hip_knee_delay"][0] == "no_motion" == table.reasons["hip_knee_delay"][2]
    assert "hip_knee_delay" not in hd.analyse_many(trials[:1])


def test_json_and_csv_carry_motion_and_say_why_it_is_missing() -> None:
    analysis = jump()
    text = document.to_json(document.document(analysis))
    entry = json.loads(text)["trials"][0]
    drive_part = entry["hip_drive"]
    assert [lane["joint"] for lane in drive_part["reps"][0]["lanes"]] == ["hip", "knee", "ankle"]
    assert (
        drive_part["reps"][0]["lanes"][0]["peak"]["value"]
        == entry["reps"][0]["metrics"]["hip_peak_extension_velocity_time"]["value"]
    )
    assert entry["reps"][0]["metrics"]["trunk_pelvis_change"]["code"] == "no_pelvis"
    row = frames.wide_rows(analysis)[0]
    assert row["hip_knee_delay"] == analysis.reps[0]["hip_knee_delay"].value and "hip_knee_delay_u95" in row
    assert "hip_drive" not in document.trial_entry(hd.analyse(hd.simulate("cmj", seed=1)))


def test_a_motion_that_makes_no_sense_is_one_note() -> None:
    track = Track(
        name="x", kind="points", times=np.arange(5.0), values=np.zeros((5, 1, 3)), names=("nobody",), unit="m"
    )
    analysis = hd.analyse(hd.simulate("cmj", seed=1).with_facts(tracks=(track,)))
    assert analysis.reps[0]["hip_knee_delay"].code == "motion_unknown"
    assert math.isfinite(analysis.reps[0]["jump_height_tov"].value)
    assert any(f.message.startswith("motion:") for f in analysis.quality)


def test_a_squat_is_refused_as_a_jump_and_its_bend_is_told() -> None:
    trial = simulate_motion("squat", seed=1, frame_rate=60.0)
    trial = trial.with_facts(tracks=tuple(t for t in trial.tracks if t.kind == "angles"))
    analysis = analysed(trial)
    assert analysis.code == "no_flight" and not analysis.reps and len(analysis.movements) == 1
    values = analysis.movements[0].values
    assert values["hip_peak_extension_velocity_time"].code == "slow_peak"
    assert values["hip_knee_delay"].code == "slow_peak"
    assert trial.truth is not None
    assert math.isfinite(values["knee_angle_deepest"].value) and values["knee_angle_deepest"].value < 130.0
    assert math.isfinite(values["hip_peak_extension_velocity"].value)


def test_a_jump_without_a_common_clock_is_told_by_the_motion_alone() -> None:
    analysis = analysed(seen_jump().with_facts(clocks={}))
    assert analysis.reps[0]["hip_extension_at_toeoff"].code == "no_clock"
    assert analysis.reps[0]["hip_knee_delay"].code == "no_clock"
    assert analysis.movements and not analysis.movements[0].on_force
    assert any(math.isfinite(one.values["hip_knee_delay"].value) for one in analysis.movements)


def test_a_metric_of_ones_own_is_a_function_of_the_drive() -> None:
    before = dict(METRICS)
    try:

        @hd.metric("knee_then", unit="deg", tests={"cmj"}, source="this test", scope="motion")
        def knee_then(drive: Drive) -> object:
            """Knee angle at take-off."""
            return drive.at("knee", "takeoff")

        rep = analysed(seen_jump()).reps[0]
        assert rep["knee_then"] == dataclasses.replace(rep["knee_angle_at_takeoff"], method=rep["knee_then"].method)
    finally:
        METRICS.clear()
        METRICS.update(before)
        motion_for.cache_clear()


# --- lanes and words ---


def test_the_order_is_decided_with_uncertainty() -> None:
    rep = analysed(seen_jump(hip_knee_delay=0.02, knee_ankle_delay=0.02, angle_noise=0.1, posture_bias=0.5)).reps[0]
    assert rep["pd_sequence_class"].label == "proximal_to_distal"
    together = analysed(seen_jump(hip_knee_delay=0.0, knee_ankle_delay=0.0)).reps[0]
    assert together["pd_sequence_class"].label == "simultaneous"
    made = lanes(rep)
    assert made is not None and made.there and [lane.joint for lane in made.lanes] == ["hip", "knee", "ankle"]
    assert "hip" in verdict(made.sequence)


def test_a_refused_number_is_no_number() -> None:
    def nothing(_: Drive) -> np.ndarray:
        raise Refused("no_pelvis")

    value = value_of(nothing, drive(), "deg", "m")
    assert math.isnan(value.value) and value.code == "no_pelvis" and value.why


def test_the_front_is_read_at_the_lowest_point_and_a_side_view_says_so() -> None:
    pose = {"hip_left": (0, 0.1, 0.9), "knee_left": (0, 0.05, 0.5), "ankle_left": (0, 0.1, 0.1)}
    seen = front(**pose)
    alone = Motion(clock="c", times=seen.times, points=seen.points, methods=seen.methods)
    expected = 2.0 * math.degrees(math.atan(0.05 / 0.4))
    assert number("fppa", drive(alone).of("left")).value == pytest.approx(expected, abs=1e-6)
    flat = {name: np.where([True, False, True], place, np.nan) for name, place in seen.points.items()}
    side = Motion(clock="c", times=seen.times, angles=seen.angles, points=flat, methods=seen.methods)
    assert number("fppa", drive(side).of("left")).code == "from_the_side"


# --- real recordings ---


def told(capsys: pytest.CaptureFixture[str], data: Path, name: str, *more: str) -> dict[str, Any]:
    folder = data / "opencap_lab_subject4"
    code = cli.run(["analyse", str(folder / f"{name}_grf.mot"), "--motion", str(folder / f"{name}.trc"),
                    "--motion-clock", "same", "--set", "motion_copies=60", "--json", *more])  # fmt: skip
    assert code in (0, 1)
    entry: dict[str, Any] = json.loads(capsys.readouterr().out)["trials"][0]
    return entry


@pytest.mark.real_data
def test_real_drop_jumps_extend_hip_and_knee_together(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    """Two jumps of one athlete: peaks within 12 ms, each known to a few ms, and a cue with its evidence."""
    for name in ("DJ1", "DJ2"):
        entry = told(capsys, data, name, "--mass", "60")
        metrics = entry["reps"][0]["metrics"]
        for delay in ("hip_knee_delay", "knee_ankle_delay"):
            assert abs(metrics[delay]["value"]) < 0.012 and 0.0 < metrics[delay]["u95"] < 0.012
        assert 400.0 < metrics["hip_peak_extension_velocity"]["value"] < 600.0
        assert 165.0 < metrics["hip_extension_at_toeoff"]["value"] < 185.0
        cue = entry["hip_drive"]["cue"]
        assert cue["cue"] == "hot floor" and cue["evidence"][0]["value"] > 0.5


@pytest.mark.real_data
def test_a_real_squat_has_angles_and_no_peak(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    entry = told(capsys, data, "squats1")
    assert entry["code"] == "no_flight" and len(entry["hip_drive"]["movements"]) == 5
    for one in entry["hip_drive"]["movements"]:
        metrics = one["metrics"]
        assert metrics["knee_peak_extension_velocity_time"]["code"] == "slow_peak"
        assert metrics["hip_knee_delay"]["code"] == "slow_peak"
        assert 60.0 < metrics["knee_angle_deepest"]["value"] < 100.0
