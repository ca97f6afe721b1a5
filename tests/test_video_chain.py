"""From a recording with a synthetic camera to the report: forces, pictures, clock, joints, and what is true of them."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hipdrive as hd
from hipdrive import store
from hipdrive.acquisition.video import cameralog, filmed, onstage, posing, viewfile
from hipdrive.acquisition.video.blazepose import NAMES, BlazePose
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.posing import Pose
from hipdrive.acquisition.video.rendered import Leap, Renderer
from hipdrive.acquisition.video.scene import Camera, Scene
from hipdrive.analysis.seen import seen
from hipdrive.cli import run
from hipdrive.trial import Trial

LAMP = """
[[sync]]
id = "lamp"
device = "ni0"
line = "port0/line0"
bit_ms = 47
terminal = "PFI2"
counter = "ctr2"
counter_off = "ctr3"
"""
"""A lamp on the simulated rig that shows its code."""

JOINTS = {"shoulder": "shoulder", "elbow": "elbow", "wrist": "wrist", "hip": "hip", "knee": "knee", "ankle": "ankle",
          "heel": "heel", "foot_index": "toe"}  # fmt: skip


def recorded(rig: str | Path = "simulated") -> Trial:
    """A depth jump of the athlete with joints, on simulated plates, as fast as it goes."""
    return hd.record(str(rig), test="dj", seconds=8.5, options={"joints": True, "free_run": True})


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Trial, Path, float]]:
    """The trial, its clip, and when the first row of its first frame was exposed, s on the force clock."""
    folder = tmp_path_factory.mktemp("scene")
    trial = recorded()
    clip = folder / "jump.mp4"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onstage, "BEFORE", 1.4)
        patch.setattr(onstage, "AFTER", 1.2)
        onstage.film(trial, clip)
        yield trial, clip, begun(trial)


def begun(trial: Trial) -> float:
    """When the synthetic camera exposes the first row of its first picture, s on the force clock."""
    assert trial.truth is not None
    start = trial.truth.events["takeoff"] - onstage.BEFORE
    return start + float(np.random.default_rng(0).uniform(0.0, 1.0 / onstage.RATE))


@pytest.fixture
def true_pose(scene: tuple[Trial, Path, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the networks: where the joints truly were, each in its own row, with the noise of a pose program."""
    trial, _, start = scene
    renderer = Renderer(Leap.of(trial), Scene(camera=Camera(size=onstage.SIZE, focal=onstage.FOCAL), discs=False))

    def looked(film: Any, backend: Any, **more: Any) -> Pose:
        rng, rows = np.random.default_rng(4), []
        for t in film.times + start + 0.5 * onstage.EXPOSURE:
            seen = renderer.joints(float(t), onstage.READOUT)
            seen |= {"nose": seen["head"]}
            rows.append([seen.get(_ours(name), seen["head"]) for name in NAMES])
        xy = np.array(rows) + rng.normal(0.0, 0.4, (len(rows), len(NAMES), 2))
        ones = np.ones(xy.shape[:2])
        return Pose(times=film.times, xy=xy, seen=ones, sd=0.4 * ones, regions=np.tile([480.0, 360.0, 700.0, 0.0],
                                                                                         (len(xy), 1)))  # fmt: skip

    monkeypatch.setattr(posing, "pose_of", looked)
    monkeypatch.setattr(filmed, "_networks", lambda: BlazePose(None, None))  # type: ignore[arg-type]
    filmed._seen.clear()


def _ours(name: str) -> str:
    """What the simulated athlete calls a landmark."""
    side, _, part = name.partition("_")
    return f"{JOINTS[part]}_{side}" if part in JOINTS else name


def test_the_camera_sees_the_athlete_that_the_plates_feel(scene: tuple[Trial, Path, float]) -> None:
    trial, path, start = scene
    log, view = cameralog.read_log(cameralog.beside(path)), viewfile.read(viewfile.file_of(path))
    assert trial.truth is not None
    takeoff = trial.truth.events["takeoff"]
    force = trial.fz.sum(axis=0)
    assert force[round((takeoff - 0.05) * trial.rate)] > 300.0
    assert force[round((takeoff + 0.05) * trial.rate)] < 30.0
    with Clip(path) as clip:
        assert len(clip) == len(log.times) and log.lost == 0
        # the athlete leaves the ground in the pictures when the force ends: the feet of dark skin and white shoes rise
        middle = np.array(view.corners).mean(axis=0)
        rows = slice(round(middle[1]) - 30, round(middle[1]) + 10)
        columns = slice(round(middle[0]) - 120, round(middle[0]) + 120)
        white = [float((clip.frame(clip.index_at(t - start))[rows, columns].min(axis=2) > 200).mean())
                 for t in (takeoff - 0.1, takeoff + 0.15)]  # fmt: skip
    assert white[0] > 0.02 and white[1] < 0.2 * white[0]


@pytest.mark.usefixtures("true_pose")
def test_a_clip_joins_the_forces_within_its_stated_error(scene: tuple[Trial, Path, float]) -> None:
    trial, path, start = scene
    moved = hd.with_motion(trial, str(path), clock="auto")
    clock = moved.clocks["jump.mp4"]
    assert clock.method == "com"
    # the clip's time 0 is the middle of the first exposure
    assert abs(clock.offset - (start + 0.5 * onstage.EXPOSURE)) < 1.96 * clock.standard_error + 1e-4
    assert any("not exposure" in note and "not led_code" in note for note in moved.notes)


@pytest.mark.usefixtures("true_pose")
def test_delays_and_angles_of_a_filmed_depth_jump_are_true_within_their_intervals(
    scene: tuple[Trial, Path, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial, path, _ = scene
    file = store.save(tmp_path / "jump.h5", trial)
    assert run(["analyse", str(file), "--video", str(path), "--json", "--save", "--set", "motion_copies=120"]) == 0
    document = json.loads(capsys.readouterr().out)["trials"][0]
    numbers = document["reps"][0]["metrics"]
    assert trial.truth is not None
    for name in ("hip_knee_delay", "knee_ankle_delay", "hip_extension_at_toeoff", "hip_drive_index"):
        value, truth = numbers[name], trial.truth.values[name]
        assert value["value"] is not None, (name, value["why"])
        assert abs(value["value"] - truth) <= 1.3 * value["u95"], (name, value, truth)
    assert document["hip_drive"]["motion"]["clock"]["method"] == "com"
    back = store.load_trial(file)
    assert back.footage[0].name == "jump.mp4" and back.footage[0].about["camera"]["yaw_deg"] < 10.0
    assert back.tracks[0].unit == "px" and back.tracks[0].sd is not None
    assert run(["report", str(file), "--out", str(tmp_path), "--set", "motion_copies=20"]) == 0
    assert len(re.findall("data:image/jpeg", (tmp_path / "jump.html").read_text(encoding="utf-8"))) >= 3


@pytest.mark.usefixtures("true_pose")
def test_angles_from_pose_hold_a_constant_error_that_moves_no_time(scene: tuple[Trial, Path, float]) -> None:
    trial, path, _ = scene
    moved = hd.with_motion(trial, str(path), clock="auto")
    few = {"motion_copies": 120.0}
    with_it = hd.analyse(moved, parameters=few).reps[0]
    without = hd.analyse(moved, parameters={**few, "motion_pose_error": 0.0}).reps[0]
    hip = "hip_extension_at_toeoff"
    assert with_it[hip].value == pytest.approx(without[hip].value, abs=1e-9)
    assert with_it[hip].u95 == pytest.approx(np.hypot(1.96 * 3.5, without[hip].u95), rel=0.2)
    for name in ("hip_knee_delay", "knee_ankle_delay", "hip_drive_index"):
        assert with_it[name].value == pytest.approx(without[name].value, abs=1e-9)
        assert with_it[name].u95 == pytest.approx(without[name].u95, rel=0.02)


@pytest.mark.usefixtures("true_pose")
def test_a_clip_analysed_again_is_not_looked_at_again(scene: tuple[Trial, Path, float], monkeypatch: Any) -> None:
    trial, path, _ = scene
    first = hd.with_motion(trial, str(path), clock="none")
    monkeypatch.setattr(posing, "pose_of", None)
    second = hd.with_motion(trial, str(path), clock="none")
    assert np.array_equal(first.tracks[0].values, second.tracks[0].values, equal_nan=True)
    third = hd.with_motion(second, str(path), clock="none")
    assert len(third.tracks) == len(third.footage) == 1


def test_a_coded_lamp_in_the_picture_is_within_a_millisecond(tmp_path: Path) -> None:
    """60 pictures a second of 2 ms; the rig's own lamp, its changes recorded with the forces."""
    from hipdrive.hardware.rig import load

    text = Path(load("simulated").file).read_text(encoding="utf-8") + LAMP
    text = text.replace('name = "Dev1"', 'name = "Dev1"\nproduct = "USB-6343"')  # with four counters
    rig = tmp_path / "lamp.toml"
    rig.write_text(text, encoding="utf-8")
    trial = recorded(rig)
    path = tmp_path / "jump.mp4"
    onstage.film(trial, path)
    middle = begun(trial) + 0.5 * onstage.EXPOSURE
    from hipdrive.acquisition.video.clipclock import chosen
    from hipdrive.trial import Footage, Track

    view = viewfile.read(viewfile.file_of(path))
    with Clip(path) as clip:
        about = {"lamp": list(view.lamp or ()), "readout_ms": view.readout_ms, "height": clip.size[1]}
        footage = Footage(name="jump.mp4", file=str(path), sha256=clip.facts.sha256, times=clip.times, about=about)
    track = Track(name="jump.mp4", kind="points", times=footage.times, values=np.zeros((len(footage.times), 1, 2)),
                  names=("nose",), unit="px")  # fmt: skip
    found = chosen(trial, track, footage)
    assert found.method == "led_code"
    assert abs(found.sync.clock.offset - middle) < 1e-3
    assert abs(found.sync.clock.offset - middle) < 3.0 * found.sync.clock.standard_error + 1e-4


@pytest.mark.parametrize(("half", "said"), [(60.0, "front"), (28.0, "oblique")])
def test_a_clip_from_the_front_or_obliquely_gives_no_angles_of_the_side(
    scene: tuple[Trial, Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: float, said: str
) -> None:
    """Nobody said from where it was filmed: the breadth of the shoulders (px, half) tells."""
    trial, path, _ = scene
    bare = tmp_path / "bare.mp4"  # without its view file
    bare.write_bytes(path.read_bytes())
    heights = {"shoulder": 200.0, "hip": 330.0, "knee": 440.0, "ankle": 550.0}

    def looked(film: Any, backend: Any, **more: Any) -> Pose:
        xy = np.zeros((len(film.times), len(NAMES), 2))
        for i, name in enumerate(NAMES):
            side, _, part = name.partition("_")
            away = half * (1.0 if part == "shoulder" else 0.5) * {"left": 1.0, "right": -1.0}.get(side, 0.0)
            xy[:, i] = 480.0 + away, heights.get(part, 150.0 if side == "nose" else 560.0)
        ones = np.ones(xy.shape[:2])
        return Pose(times=film.times, xy=xy, seen=ones, sd=ones, regions=np.ones((len(xy), 4)))

    monkeypatch.setattr(posing, "pose_of", looked)
    monkeypatch.setattr(filmed, "_networks", lambda: BlazePose(None, None))  # type: ignore[arg-type]
    filmed._seen.clear()
    moved = hd.with_motion(trial, str(bare), clock="none")
    motion = seen(moved).motion
    assert motion is None or not {"hip_angle", "knee_angle"} & motion.angles.keys()
    assert seen(moved).why
    filmed._seen.clear()
    side = hd.with_motion(trial, str(bare), clock="none", view="side")
    assert seen(side).motion is not None


def test_discs_on_the_joints_need_no_networks(tmp_path: Path) -> None:
    """Painted on the side that faces the camera, clicked in the first frame; the bar end's place is empty."""
    from hipdrive.acquisition.simulated.linkage import simulate_motion
    from hipdrive.acquisition.video.rendered import film
    from hipdrive.acquisition.video.writing import ClipWriter

    trial = simulate_motion("cmj", seed=2, arm_lag=0.0)
    assert trial.truth is not None
    renderer = Renderer(trial, Scene(camera=Camera(size=(960, 720), focal=1050.0)))
    path, takeoff = tmp_path / "discs.mp4", trial.truth.events["takeoff"]
    with ClipWriter(path, (960, 720), quality=10) as writer:
        made = film(renderer, writer, start=takeoff - 0.5, seconds=0.8, fps=120.0, exposure=0.001)
    first = renderer.joints(float(made.clock.to_force(made.times[0])))
    discs = {f"right_{theirs}": first[f"{ours}_right"] for theirs, ours in
             (("shoulder", "shoulder"), ("hip", "hip"), ("knee", "knee"), ("ankle", "ankle"))}  # fmt: skip
    viewfile.write(viewfile.file_of(path), viewfile.ViewFacts.model_validate({
        "picture": [960, 720], "facing": "right",
        "discs": {name: [float(x), float(y)] for name, (x, y) in discs.items()},
    }))  # fmt: skip
    bare = replace(trial, tracks=(), clocks={})
    moved = hd.with_motion(bare, str(path), clock="none", forward="x")
    track = moved.tracks[0]
    assert "markers" in moved.footage[0].about
    motion = hd.motion_of(track)
    leap = Leap.of(trial)
    times = made.clock.to_force(track.times)
    for name in ("hip_angle_right", "knee_angle_right"):
        exact = leap.moving.angles[name](times + leap.phase)
        off = motion.angles[name] - exact
        assert np.isfinite(off).mean() > 0.6
        assert np.nanpercentile(np.abs(off), 95) < 4.0  # what a camera 4 m away does to angles, and a covered disc


def test_a_trial_without_a_jump_cannot_be_filmed(tmp_path: Path) -> None:
    with pytest.raises(hd.HipdriveError, match="only a simulated athlete with joints can be drawn"):
        onstage.film(hd.simulate("cmj", seed=1), tmp_path / "a.mp4")


@pytest.mark.slow
def test_the_whole_chain_with_the_real_networks(
    pose_networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`hipdrive record` with a synthetic camera, the networks that look at it, and what the report says."""
    monkeypatch.chdir(tmp_path)
    assert run(["record", "simulated", "jump.h5", "--test", "dj", "--seconds", "8.5", "--camera", "simulated"]) == 0
    assert "jump.mp4: " in capsys.readouterr().out
    assert run(["analyse", "jump.h5", "--video", "jump.mp4", "--json", "--save"]) == 0
    document = json.loads(capsys.readouterr().out)["trials"][0]
    truth = store.load_trial(tmp_path / "jump.h5").truth
    assert truth is not None
    numbers = document["reps"][0]["metrics"]
    told = 0
    for name in ("hip_knee_delay", "knee_ankle_delay"):
        value = numbers[name]
        if value["value"] is None:
            assert value["why"]
            continue
        told += 1
        assert abs(value["value"] - truth.values[name]) <= 1.3 * value["u95"], (name, value)
    assert told or numbers["onset_sequence_hip_knee"]["value"] is not None
    hip = numbers["hip_extension_at_toeoff"]
    assert abs(hip["value"] - truth.values["hip_extension_at_toeoff"]) <= hip["u95"]
    assert run(["report", "jump.h5"]) == 0
    assert "data:image/jpeg" in (tmp_path / "jump.html").read_text(encoding="utf-8")
    assert run(["overlay", "jump.h5", "--out", "drawn.mp4"]) == 0
    assert run(["sync", "jump.h5"]) == 0
    assert "height of the centre of mass" in capsys.readouterr().out
