"""Motion beside forces: on a clock that somebody answers for, or on none; from the command line into the trial file."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planar import body, coordinates_track, squat, track

import hipdrive as hd
from hipdrive import store
from hipdrive.acquisition.attach import with_motion
from hipdrive.cli import run
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Trial

C = squat(201)


def forces(path: Path, first: float = 0.0, seconds: float = 4.0, *, timed: bool = True) -> Path:
    """A file of somebody who stands, whose times begin at `first`."""
    t = first + np.arange(int(seconds * 1000)) / 1000.0
    values = 700.0 + np.random.default_rng(0).normal(0.0, 1.0, len(t))
    head, rows = ("time,fz", [f"{a:.4f},{b:.3f}" for a, b in zip(t, values, strict=True)])
    if not timed:
        head, rows = "fz", [f"{b:.3f}" for b in values]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def trial_of(folder: Path, first: float = 0.0) -> Trial:
    return hd.read(forces(folder / "f.csv", first))


def test_one_clock_counts_from_the_first_sample(tmp_path: Path) -> None:
    """Forces from 10 s on: a frame at 10.5 s of the same clock is half a second after the first sample."""
    trial = with_motion(trial_of(tmp_path, 10.0), [coordinates_track(C)], clock="none")
    assert trial.clocks == {}
    assert "joints are only compared with joints" in trial.notes[-1]
    late = coordinates_track(C)
    late = type(late)(
        name="late", kind=late.kind, times=late.times + 10.5, values=late.values, names=late.names, unit="deg"
    )
    same = with_motion(trial_of(tmp_path, 10.0), [late], clock="same")
    assert same.clocks["late"].to_force(same.tracks[0].times)[0] == pytest.approx(0.5, abs=1e-9)
    assert same.clocks["late"].method == "same_clock" and same.tracks[0].times[0] == pytest.approx(10.5)


def test_an_offset_has_an_uncertainty(tmp_path: Path) -> None:
    trial = with_motion(trial_of(tmp_path), [coordinates_track(C)], clock="0.037,0.0049")
    clock = trial.clocks["body.mot"]
    assert clock.offset == 0.037 and clock.standard_error == pytest.approx(0.0025) and clock.method == "manual"
    assert clock.to_force(trial.tracks[0].times)[0] == pytest.approx(0.037)


@pytest.mark.parametrize(("clock", "part"), [
    ("0.037", "0.120,0.004: seconds to add"), ("yes", "choose same or sync or none"),
    ("60,0.01", "so they share nothing"), ("same", "no column of times"),
])  # fmt: skip
def test_a_clock_that_cannot_be_is_refused(clock: str, part: str, tmp_path: Path) -> None:
    trial = hd.read(forces(tmp_path / "f.csv", timed=False), rate=1000.0)
    with pytest.raises(UsageError, match=part):
        with_motion(trial, [coordinates_track(C)], clock=clock)


def test_the_forces_are_what_they_were(tmp_path: Path) -> None:
    before = trial_of(tmp_path)
    after = with_motion(before, [coordinates_track(C), track(body(C))], clock="same")
    assert after.fz is before.fz and after.raw == before.raw
    assert [one.name for one in after.tracks] == ["body.mot", "body.trc"]
    again = with_motion(after, [coordinates_track(squat(150))], clock="0.5,0.001")
    assert [one.name for one in again.tracks] == ["body.mot", "body.trc", "body.mot angles"]
    assert again.clocks["body.mot"].offset == 0.0 and again.clocks["body.mot angles"].offset == 0.5


def test_what_is_said_of_motion_stays_with_it(tmp_path: Path) -> None:
    """Lying on a bench, z forward, x up: said once, kept in the trial file."""
    lying = {name: place[:, [2, 1, 0]] for name, place in body(C).items()}
    trial = with_motion(trial_of(tmp_path), [track(lying)], clock="same", up="x", forward="z")
    assert trial.tracks[0].kind == "points up=x forward=z"
    back = hd.read(store.save(tmp_path / "t.h5", trial))
    motion = hd.motion_of(back.tracks[0])
    assert motion.angles["knee_angle_left"] == pytest.approx(180.0 - C["knee_angle"], abs=1e-6)
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"up": "q"}, "choose one of"),
        ({"shoe": "47"}, "choose one of rate"),
        ({"rate": "x"}, "in Hz"),
    )
    for facts, part in wrong:
        with pytest.raises(UsageError, match=part):
            with_motion(trial, [track(lying)], **facts)


def test_motion_in_the_trial_file(tmp_path: Path) -> None:
    """Angles under /angles, markers under /motion, pixels under /pose; the bits and the clock come back."""
    import h5py

    side = track({"hip": body(C)["hip_left"]}, unit="px", name="clip")
    trial = with_motion(trial_of(tmp_path), [coordinates_track(C), track(body(C)), side], clock="0.1,0.002")
    path = store.save(tmp_path / "t.h5", trial)
    with h5py.File(path) as file:
        assert {name: list(file[name]) for name in ("angles", "motion", "pose")} == {
            "angles": ["0"], "motion": ["1"], "pose": ["2"]}  # fmt: skip
    back = hd.read(path)
    assert [one.name for one in back.tracks] == [one.name for one in trial.tracks]
    for one, other in zip(back.tracks, trial.tracks, strict=True):
        assert (one.kind, one.names, one.unit) == (other.kind, other.names, other.unit)
        assert one.values.tobytes() == other.values.tobytes() and one.times.tobytes() == other.times.tobytes()
    assert back.clocks == trial.clocks
    assert all(one.level == "info" for one in store.check(path))


def test_points_under_pose_are_read_as_before(tmp_path: Path) -> None:
    import h5py

    path = store.save(tmp_path / "t.h5", with_motion(trial_of(tmp_path), [track(body(C))], clock="same"))
    with h5py.File(path, "r+") as file:
        file.move("motion", "pose")
    assert hd.read(path).tracks[0].names == tuple(body(C))


def test_the_clock_is_found_by_the_centre_of_mass() -> None:
    """A simulated athlete's points on a camera's clock: the offset that was put in, within three standard errors."""
    offset, whole = 0.237, hd.simulate("cmj", seed=4, joints=True)
    points = dataclasses.replace(next(one for one in whole.tracks if one.kind == "points"), name="camera")
    wanted = whole.clocks["motion"]
    points = dataclasses.replace(points, times=points.times - offset)
    bare = dataclasses.replace(whole, tracks=(), clocks={})
    trial = with_motion(bare, [points], clock="auto")
    clock = trial.clocks["camera"]
    assert abs(clock.offset - wanted.offset - offset) < 3.0 * clock.standard_error < 0.02
    assert "by the centre of mass" in trial.notes[-1] and "±" in trial.notes[-1]


def test_a_clock_that_cannot_be_found_is_none_and_said(tmp_path: Path) -> None:
    trial = with_motion(trial_of(tmp_path), [coordinates_track(C)], clock="auto")
    assert not trial.clocks and "is not known (" in trial.notes[-1]
    with pytest.raises(HipdriveError):
        with_motion(trial_of(tmp_path), [coordinates_track(C)], clock="sync")


# --- commands ---


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = run([str(word) for word in words])
    told = capsys.readouterr()
    return code, told.out, told.err


def angles_file(path: Path) -> Path:
    rows = [
        f"{k / 100:.2f},{a:.4f},{b:.4f}" for k, (a, b) in enumerate(zip(C["hip_flexion"], C["knee_angle"], strict=True))
    ]
    path.write_text("\n".join(["time,hip_flexion_left,knee_flexion_left", *rows]) + "\n", encoding="utf-8")
    return path


def test_the_command_takes_motion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    force, angles = forces(tmp_path / "f.csv"), angles_file(tmp_path / "a.csv")
    code, out, err = call(capsys, "convert", force, "--to", "h5", "--motion", angles, "--motion-clock", "same")
    assert code == 0 and not err
    trial = hd.read(tmp_path / "f.h5")
    assert trial.tracks[0].names == ("hip_flexion_left", "knee_flexion_left") and trial.clocks["a.csv"].offset == 0.0
    code, out, _ = call(capsys, "analyse", force, "--json", "--motion", angles, "--motion-clock", "0.2,0.01")
    assert code in (0, 1) and json.loads(out)["trials"]


def test_saving_keeps_the_motion_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = store.save(tmp_path / "t.h5", hd.simulate("cmj", seed=3))
    angles = angles_file(tmp_path / "a.csv")
    before = hd.read(path)
    code, _, err = call(capsys, "analyse", path, "--save", "--motion", angles, "--motion-clock", "0.2,0.01")
    assert code == 0, err
    after = hd.read(path)
    assert [one.name for one in after.tracks] == ["a.csv"] and after.clocks["a.csv"].offset == 0.2
    assert after.raw[0].values.tobytes() == before.raw[0].values.tobytes()
    assert after.fz.tobytes() == before.fz.tobytes()
    assert len(store.runs(path)) == 1
    assert math.isclose(after.clocks["a.csv"].standard_error, 0.01 / 1.96)


@pytest.mark.parametrize(("words", "part"), [
    (("--motion-clock", "same"), "name it with --motion"),
    (("--motion", "nowhere.trc"), "cannot be read"),
    (("--motion", "a.csv", "--motion-as", "speed=3"), "choose one of rate, unit, up, forward, view, angles"),
])  # fmt: skip
def test_wrong_use_is_one_sentence(
    words: tuple[str, ...], part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    forces(tmp_path / "f.csv")
    angles_file(tmp_path / "a.csv")
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "analyse", "f.csv", *words)
    assert code in (1, 2) and part in err and err.count("\n") == 1


def test_motion_belongs_to_one_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("f.csv", "g.csv"):
        forces(tmp_path / name)
    files = (tmp_path / "f.csv", tmp_path / "g.csv")
    code, _, err = call(capsys, "analyse", *files, "--motion", angles_file(tmp_path / "a.txt"))
    assert code == 2 and "give one recording" in err
