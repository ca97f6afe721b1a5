"""Clocks of plates and cameras: known offsets are found within the stated error, or refused where none can be known."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sync_study import row, seen, study

import hipdrive as hd
from hipdrive import store
from hipdrive.analysis import sync
from hipdrive.analysis.balldrop import ball_drop, bounce
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.pairs import pair
from hipdrive.analysis.plateheight import plates_of
from hipdrive.analysis.profile import Profile
from hipdrive.cli import run
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import ClockMap, Floats, Trial

G = 9.80665


# --- matching the centre of mass ---


@pytest.mark.parametrize(("test", "offset"), [("cmj", 0.0), ("cmj", -47.3), ("sj", 3.21), ("dj", 812.4)])
def test_an_offset_of_any_size_is_found_within_its_error(test: str, offset: float) -> None:
    trial, motion, _ = seen(test, 3, 1, 60.0, offset=offset)
    found = sync.match(trial, motion)
    assert abs(found.clock.offset - offset) < 2.5 * found.clock.standard_error
    assert found.clock.standard_error < Profile().motion_sync_max
    assert found.clock.method == "com" and found.clock.slope == 1.0
    assert found.scale == pytest.approx(1.0, abs=0.1)


@pytest.mark.slow
def test_small_study_is_calibrated() -> None:
    errors, sizes, refused = study("cmj", 60.0, 6)
    assert refused == 0
    assert 0.3 < (errors / sizes).std() < 1.85, "chi square of 6 within five in a thousand"
    assert errors.std() < 0.0045


@pytest.mark.slow
def test_study_at_60_hz() -> None:
    errors, sizes, refused = study("cmj", 60.0, 100)
    assert refused == 0 and errors.std() < 0.0028
    assert 100.0 * (np.abs(errors / sizes) < 1.96).mean() >= 88.0
    assert row("cmj", 60.0, 2).startswith("| cmj | 60 |")


def test_noiseless_heights_give_the_offset_to_a_fraction_of_a_millisecond() -> None:
    trial, motion, offset = seen("cmj", 4, 2, 120.0, white=1e-5, slow=0.0, scale=1.0)
    found = sync.match(trial, motion, Profile(sync_model_error=0.0))
    assert found.clock.offset == pytest.approx(offset, abs=3e-4)


def test_error_of_the_body_s_model_widens_the_error_of_slow_movements_most() -> None:
    errors = {}
    for test in ("cmj", "squat"):
        trial, motion, _ = seen(test, 5, 3, 60.0, white=1e-3, slow=1e-3)
        errors[test] = sync.match(trial, motion).clock.standard_error
    assert errors["squat"] > 1.5 * errors["cmj"]
    assert sync.doubt(ClockMap(offset=0.0, standard_error=errors["squat"]), Profile().motion_sync_max) == "clock_unsure"


def test_uneven_frames_holes_and_unseen_heights_do_no_harm() -> None:
    trial, motion, offset = seen("cmj", 6, 4, 100.0)
    assert motion.com is not None
    com = motion.com.copy()
    com[50:58] = np.nan
    keep = np.random.default_rng(1).random(len(com)) > 0.15
    holed = dataclasses.replace(motion, times=motion.times[keep], com=com[keep])
    found = sync.match(trial, holed)
    assert abs(found.clock.offset - offset) < 2.5 * found.clock.standard_error


def joined(trials: list[tuple[Trial, Motion, float]]) -> tuple[Trial, Motion]:
    """Trials one after the other on both clocks, the camera's running as the first one's."""
    rows, times, heights, start = [], [], [], 0.0
    first = trials[0][2]
    for trial, motion, offset in trials:
        assert motion.com is not None
        rows.append(trial.fz)
        times.append(motion.times + offset + start - first)
        heights.append(motion.com)
        start += trial.duration
    force = np.concatenate(rows, axis=1)
    order = np.argsort(np.concatenate(times))
    return (Trial.from_forces(force, trials[0][0].rate, ("left", "right")),
            Motion(clock="camera", times=np.concatenate(times)[order], com=np.concatenate(heights)[order]))  # fmt: skip


def test_two_equal_jumps_of_which_the_camera_saw_one_are_refused_and_a_window_helps() -> None:
    one = seen("cmj", 7, 5, 60.0, offset=0.0)
    again = seen("cmj", 7, 6, 60.0, offset=0.0)
    trial, _ = joined([one, again])
    with pytest.raises(HipdriveError, match="more than one place") as told:
        sync.match(trial, one[1])
    assert told.value.code == "sync_ambiguous"


def test_different_jumps_tell_themselves_apart() -> None:
    trial, motion = joined([seen("cmj", 7, 5, 60.0, offset=0.0), seen("cmj", 9, 6, 60.0, offset=0.0)])
    found = sync.match(trial, motion)
    assert abs(found.clock.offset) < 2.5 * found.clock.standard_error
    trial, _ = joined([seen("squat", 7, 5, 60.0, offset=0.0), seen("cmj", 9, 6, 60.0, offset=0.0)])
    only = sync.match(trial, seen("cmj", 9, 8, 60.0, offset=0.0)[1])  # the camera did not see the squat
    start = seen("squat", 7, 5, 60.0, offset=0.0)[0].duration
    assert abs(only.clock.offset - start) < 2.5 * only.clock.standard_error


def test_drift_is_fixed_in_a_short_record_and_measured_in_a_long_one() -> None:
    trial, motion, _ = seen("cmj", 8, 7, 60.0, offset=2.0)
    assert sync.match(trial, motion).notes == ("drift_fixed",)
    jumps = [seen("cmj", k, 9, 60.0, white=0.001, slow=0.002, offset=0.0, scale=1.0) for k in range(10)]
    whole, clear = joined(jumps)
    late = dataclasses.replace(clear, times=(clear.times - 1.5) / 1.0003)
    found = sync.match(whole, late)
    assert found.drift == pytest.approx(3e-4, abs=2.0 * max(found.drift_u95, 2e-5))
    assert found.drift_u95 < 1.5e-4 and not found.notes
    assert found.clock.slope == 1.0 + found.drift
    middle = 0.5 * (late.times[0] + late.times[-1])
    assert abs(float(found.clock.to_force(middle)) - (1.0003 * middle + 1.5)) < 3.0 * found.clock.standard_error


def flat(seconds: float = 4.0, rate: float = 60.0) -> Motion:
    t = np.arange(0.0, seconds, 1.0 / rate)
    com = np.zeros((len(t), 3))
    com[:, 2] = 1.0 + np.random.default_rng(1).normal(0.0, 0.002, len(t))
    return Motion(clock="camera", times=t, com=com)


def standing(seconds: float = 6.0) -> Trial:
    noise = np.random.default_rng(2).normal(0.0, 1.5, round(1000 * seconds))
    return Trial.from_forces(700.0 + noise, 1000.0)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: (standing(), seen("cmj", 1, 1, 60.0)[1]), "sync_flat"),
        (lambda: (seen("cmj", 1, 1, 60.0)[0], flat()), "sync_misfit"),
        (lambda: (seen("cmj", 1, 1, 60.0)[0], flat(0.3)), "sync_short"),
        (lambda: (seen("cmj", 1, 1, 60.0)[0], Motion(clock="c", times=np.arange(100.0))), "sync_no_com"),
        (lambda: (Trial.from_forces(np.zeros(4000), 1000.0), seen("cmj", 1, 1, 60.0)[1]), "no_load"),
        (lambda: (seen("squat", 1, 1, 60.0)[0], seen("cmj", 1, 1, 60.0)[1]), "sync_misfit"),
        (lambda: (seen("cmj", 1, 1, 60.0)[0], upside_down(seen("cmj", 1, 1, 60.0)[1])), "sync_misfit sync_ambiguous"),
    ],
)
def test_what_cannot_be_matched_is_refused(make: Any, code: str) -> None:
    trial, motion = make()
    with pytest.raises(HipdriveError) as told:
        sync.match(trial, motion)
    assert told.value.code in code.split()


def upside_down(motion: Motion) -> Motion:
    assert motion.com is not None
    return dataclasses.replace(motion, com=-motion.com)


def test_height_by_the_plates_is_the_double_integral_within_each_stretch() -> None:
    trial, _, _ = seen("dj", 1, 1, 60.0)
    plates = plates_of(trial, G)
    assert trial.truth is not None
    (stretch,) = plates.stretches
    assert stretch[0] / trial.rate == pytest.approx(trial.truth.events["first_contact"], abs=0.02)
    t = np.arange(trial.truth.events["takeoff"] + 0.02, trial.truth.events["touchdown"] - 0.02, 0.001)
    bend = np.polyfit(t, plates.height(t), 2)
    assert 2.0 * bend[0] == pytest.approx(-G, abs=0.02), "in the air it falls freely"


# --- events, manual, ball ---


def test_events_give_offset_and_drift_by_least_squares() -> None:
    rng = np.random.default_rng(1)
    t = np.linspace(0.0, 600.0, 12) + rng.uniform(-9.0, 9.0, 12)
    f = 1.00004 * t + 3.0 + rng.normal(0.0, 0.001, 12)
    found = pair(t, f, 0.001)
    line = np.polyfit(t, f, 1)
    assert found.clock.slope == pytest.approx(line[0], abs=1e-9)
    assert found.clock.offset == pytest.approx(line[1], abs=1e-6)
    assert found.clock.residual_rms == pytest.approx(np.sqrt(np.mean((f - np.polyval(line, t)) ** 2)), rel=1e-6)
    assert abs(float(found.clock.to_force(300.0)) - (1.00004 * 300.0 + 3.0)) < 3.0 * found.clock.standard_error


def test_error_of_events_is_calibrated() -> None:
    rng, misses = np.random.default_rng(2), []
    for _ in range(400):
        t = np.linspace(0.0, 20.0, 6) + rng.uniform(-1.0, 1.0, 6)
        drift = rng.normal(0.0, 50e-6)
        found = pair(t, t * (1.0 + drift) + 1.0 + rng.normal(0.0, 0.002, 6), 0.002)
        at = t[-1]
        misses.append((float(found.clock.to_force(at)) - (at * (1.0 + drift) + 1.0)) / found.clock.standard_error)
    assert 0.6 < np.std(misses) < 1.15


def test_one_event_gives_an_offset_and_says_that_drift_cannot_be_seen() -> None:
    found = pair(np.array([2.0]), np.array([5.0]), 0.004)
    assert found.clock == ClockMap(offset=3.0, standard_error=0.004, method="one_event")
    assert "one_event" in found.notes


@pytest.mark.parametrize(
    ("camera", "force"),
    [([1.0, 2.0], [1.0]), ([], []), ([1.0, 2.0], [2.0, 1.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0, np.nan], [1.0, 2.0]),
     ([1.0, 2.0], [1.0, 6.0])],
)  # fmt: skip
def test_pairs_that_are_none_are_refused(camera: list[float], force: list[float]) -> None:
    with pytest.raises(UsageError, match=r"events|pairs"):
        pair(np.array(camera), np.array(force), 0.001)


def test_what_somebody_measured_is_taken_with_its_uncertainty() -> None:
    found = sync.given(0.25, 0.0049)
    assert found.clock.method == "manual" and found.clock.standard_error == pytest.approx(0.0025)
    with pytest.raises(UsageError, match="makes no sense"):
        sync.given(float("nan"), 0.001)
    assert sync.same_file() == ClockMap(offset=0.0)
    assert sync.doubt(None, 0.005) == "no_clock" and sync.doubt(found.clock, 0.005) == ""


def ball(at: float, rate: float, noise: float, seed: int = 1) -> tuple[Floats, Floats]:
    """Height of a ball that meets the plate at a time, coming back at 0.8 of its speed."""
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, 1.0, 1.0 / rate)
    u = t - at
    z = np.where(u < 0.0, -3.0 * u - 0.5 * G * u * u, 2.4 * u - 0.5 * G * u * u)
    return t, z + rng.normal(0.0, noise, len(t))


@pytest.mark.parametrize("scale_known", [True, False])
def test_a_bounce_is_found_between_frames_with_an_honest_error(scale_known: bool) -> None:
    misses = []
    for seed in range(60):
        t, z = ball(0.5 + 0.0001 * seed, 120.0, 0.002, seed)
        at, error = bounce(t, z if scale_known else 350.0 * z, scale_known=scale_known)
        misses.append((at - 0.5 - 0.0001 * seed) / error)
        assert abs(at - 0.5 - 0.0001 * seed) < 0.003
    assert 0.6 < np.std(misses) < 1.4


def test_ball_drop_shows_half_a_frame() -> None:
    t, z = ball(0.5, 240.0, 0.0005)
    force = np.random.default_rng(1).normal(0.0, 0.3, 1000)
    force[500:520] += 120.0 * np.sin(np.linspace(0.0, np.pi, 20))
    trial = Trial.from_forces(force, 1000.0)
    fine = ball_drop(trial, t, z).late(ClockMap(offset=0.0))
    assert abs(fine) < 0.0015
    late = ball_drop(trial, t + 1.0 / 480.0, z).late(ClockMap(offset=0.0))
    assert late - fine == pytest.approx(1.0 / 480.0, abs=1e-6)
    with pytest.raises(HipdriveError, match="bounce"):
        bounce(t, 1.0 - t)


# --- the command ---


def simulated(folder: Path, *settings: str) -> Path:
    file = folder / "jump.h5"
    assert run(["simulate", "cmj", str(file), "--joints", "--seed", "2", "--set", "clock_offset=7.5",
                "--set", "frame_rate=60", "--force", *settings]) == 0  # fmt: skip
    return file


def test_command_finds_keeps_and_draws(tmp_path: Path, capsys: Any) -> None:
    file = simulated(tmp_path)
    picture, copy = tmp_path / "sync.svg", tmp_path / "copy.h5"
    (before,) = store.load(file)
    assert run(["sync", str(file), "--json", "--save", "--out", str(picture), "--out", str(copy)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sync_offset"]["value"] == pytest.approx(7.5, abs=told["sync_offset"]["u95"])
    assert "height of the" in picture.read_text(encoding="utf-8")
    for kept in (file, copy):
        (trial,) = store.load(kept)
        assert {trial.clocks[one.name].offset for one in trial.tracks} == {told["sync_offset"]["value"]}
        assert len(trial.tracks) == len(before.tracks)
        assert np.array_equal(trial.raw[0].values, before.raw[0].values)
    assert not [one for one in store.check(file) if one.level == "fail"]
    assert run(["sync", str(file), str(copy), "--method", "manual", "--offset", "7.4", "--u95", "0.02", "--save"]) == 0
    (trial,) = store.load(file)
    assert {clock.method for clock in trial.clocks.values()} == {"manual"}, "the new clock takes the old one's place"
    assert "too uncertain" in capsys.readouterr().out


def test_command_takes_pairs_of_events(tmp_path: Path, capsys: Any) -> None:
    file, pairs = simulated(tmp_path), tmp_path / "pairs.csv"
    pairs.write_text("motion,plates\n0.5,8.001\n3.5,10.999\n", encoding="utf-8")
    assert run(["sync", str(file), "--method", "events", "--pairs", str(pairs)]) == 0
    assert "+7.5000 s" in capsys.readouterr().out
    pairs.write_text("0.5,8.0\nsoon,11.0\n", encoding="utf-8")
    assert run(["sync", str(file), "--method", "events", "--pairs", str(pairs)]) == 2
    assert "line 2" in capsys.readouterr().err


def test_command_checks_a_ball(tmp_path: Path, capsys: Any) -> None:
    t, z = ball(0.5, 240.0, 0.0005)
    force = np.random.default_rng(1).normal(0.0, 0.3, 1000)
    force[500:520] += 120.0 * np.sin(np.linspace(0.0, np.pi, 20))
    values = np.zeros((len(t), 1, 3))
    values[:, 0, 2] = z
    track = hd.Track(name="cam", kind="points", times=t, values=values, names=("ball",), unit="m")
    for name, offset in (("ball", 0.0), ("late", 0.02)):
        clocks = {"cam": ClockMap(offset=offset)}
        store.save(tmp_path / f"{name}.h5", Trial.from_forces(force, 1000.0, tracks=(track,), clocks=clocks))
    assert run(["sync", str(tmp_path / "ball.h5"), "--method", "ball"]) == 0
    assert "the clocks agree" in capsys.readouterr().out
    assert run(["sync", str(tmp_path / "late.h5"), "--method", "ball"]) == 1
    assert run(["sync", str(tmp_path / "late.h5"), "--method", "ball", "--point", "hat"]) == 1
    assert "--point" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--method", "guess"], "choose best"),
        (["--method", "manual", "--offset", "1"], "--u95"),
        (["--offset", "1"], "--method manual"),
        (["--method", "events"], "--pairs"),
        (["--window", "3"], "START,END"),
        (["--out", "picture.bmp"], ".svg"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: list[str], told: str, tmp_path: Path, capsys: Any) -> None:
    assert run(["sync", str(tmp_path / "none.h5"), *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error


# --- real recordings ---


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["DJ1", "DJ2", "DJ3", "DJAsym1"])
def test_drop_jumps_of_one_clock_and_37_ms_put_in_by_hand(data: Path, name: str) -> None:
    folder = data / "opencap_lab_subject4"
    trial = hd.read(folder / f"{name}_grf.mot", test="dj")
    motion = hd.motion_of(hd.read_motion(folder / f"{name}.trc"))
    found = sync.match(trial, motion)
    assert abs(found.clock.offset) < 1.96 * found.clock.standard_error, "markers and forces share one clock"
    assert found.clock.standard_error < Profile().motion_sync_max
    shifted = dataclasses.replace(motion, times=motion.times - 0.037)
    again = sync.match(trial, shifted)
    assert abs(again.clock.offset - 0.037) < 1.96 * again.clock.standard_error
    assert again.clock.offset - found.clock.offset == pytest.approx(0.037, abs=1e-5)


@pytest.mark.real_data
def test_slow_squats_are_too_uncertain_for_instants_of_force(data: Path) -> None:
    folder = data / "opencap_lab_subject4"
    found = sync.match(hd.read(folder / "squats1_grf.mot"), hd.motion_of(hd.read_motion(folder / "squats1.trc")))
    assert abs(found.clock.offset) < 1.96 * found.clock.standard_error
    assert sync.doubt(found.clock, Profile().motion_sync_max) == "clock_unsure"
