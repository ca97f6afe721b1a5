"""The clip beside the forces: the right frame at every instant, marks where the joints are, evidence frames, copies."""

import base64
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from filming import SMALL, filmed_trial, with_lamp

import hipdrive as hd
from hipdrive import store
from hipdrive.acquisition.video.beside import beside
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.clipclock import chosen
from hipdrive.acquisition.video.overlay import JOINTS, Marks, drawn, jpeg, shrunk
from hipdrive.acquisition.video.scene import Lamp
from hipdrive.cli import run as command
from hipdrive.errors import ReadError, UsageError
from hipdrive.report import clipframes
from hipdrive.trial import Trial


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return filmed_trial(tmp_path_factory.mktemp("clip") / "jump.mp4")


# --- what is drawn ---


def test_marks_are_where_the_joints_are_and_nowhere_else() -> None:
    black = np.zeros((240, 320, 3), np.uint8)
    points = {"left_hip": (100.0, 80.0), "left_knee": (120.0, 140.0), "left_ankle": (110.0, 200.0)}
    out = drawn(black, Marks(points=points, near="left"))
    assert not black.any()  # a copy
    for name, at in points.items():
        colour, _ = JOINTS[name.removeprefix("left_")]
        assert tuple(out[round(at[1]), round(at[0])]) == colour
    assert not out[:, 200:].any()
    half = drawn(black[:120, :160], Marks(points=points, near="left"), scale=0.5)
    assert tuple(half[40, 50]) == JOINTS["hip"][0]


@pytest.mark.parametrize("place", [(float("nan"), 3.0), (1e9, -1e9), (-50.0, 20.0)])
def test_points_outside_of_the_picture_or_unseen_harm_nothing(place: tuple[float, float]) -> None:
    out = drawn(np.zeros((60, 80, 3), np.uint8), Marks(points={"left_hip": place, "left_knee": (40.0, 30.0)}))
    assert out.shape == (60, 80, 3)


def test_force_is_an_arrow_where_its_place_is_known_and_a_column_where_not() -> None:
    ground = np.full((240, 320, 3), 60, np.uint8)
    arrow = drawn(ground, Marks(force=((160.0, 220.0), (160.0, 100.0)), weights=2.0))
    assert tuple(arrow[150, 160]) == (240, 228, 66)
    assert (arrow[:, :20] == 60).all()
    two, three = (drawn(ground, Marks(weights=w))[:, 8] for w in (2.0, 3.0))
    yellow = [int(((one == (240, 228, 66)).all(axis=1)).sum()) for one in (two, three)]
    assert yellow[1] == pytest.approx(1.5 * yellow[0], rel=0.08)


def test_pictures_are_made_smaller_never_larger() -> None:
    image = np.zeros((400, 300, 3), np.uint8)
    assert shrunk(image, 200).shape == (200, 150, 3)
    assert shrunk(image, 800) is image
    assert jpeg(image)[:2] == b"\xff\xd8"


# --- the right frame ---


def test_the_frame_of_an_instant_is_the_nearest_on_the_clock_of_the_force(trial: Trial) -> None:
    assert trial.truth is not None
    clip = beside(trial)
    clock = trial.clocks["jump.mp4"]
    for name in ("takeoff", "zero_velocity"):
        t = trial.truth.events[name]
        at = clip.index_at(t)
        assert abs(float(clock.to_force(clip.clip.times[at])) - t) <= 0.5 / 60.0 + 1e-6
        assert at == int(np.argmin(np.abs(clock.to_force(clip.clip.times) - t)))
    clip.close()


def test_a_clip_that_moved_with_its_trial_is_found(trial: Trial, tmp_path: Path) -> None:
    away = dataclasses.replace(trial.footage[0], file="/nowhere/jump.mp4")
    (tmp_path / "jump.mp4").write_bytes(Path(trial.footage[0].file).read_bytes())
    moved = dataclasses.replace(trial, footage=(away,), file=str(tmp_path / "jump.h5"))
    clip = beside(moved)
    assert len(clip) == len(trial.footage[0].times)
    clip.close()


def test_a_clip_that_is_gone_or_another_one_is_told(trial: Trial, tmp_path: Path) -> None:
    gone = dataclasses.replace(trial, footage=(dataclasses.replace(trial.footage[0], file="/nowhere/jump.mp4"),))
    with pytest.raises(UsageError, match="not where it was"):
        beside(gone)
    other = dataclasses.replace(trial, footage=(dataclasses.replace(trial.footage[0], sha256="00" * 32),))
    with pytest.raises(ReadError, match="another clip"):
        beside(other)
    with pytest.raises(UsageError, match="no clip beside"):
        beside(dataclasses.replace(trial, footage=()))


def test_what_a_file_tells_wrongly_of_its_clip_is_as_if_it_were_not_told(trial: Trial) -> None:
    """A trial file is untrusted: every fact of its clip may be anything."""
    about = {"lamp": ["a", 1, 2, 3], "readout_ms": "x", "exposure_ms": [1], "time_scale": 1e300, "near": 7,
             "height": "z", "plate": {"a": 1}, "camera": {"K": [[1, 2], [3]]}, "facing": ["right"]}  # fmt: skip
    lamp = Lamp.code(3, 0.047, 0.5, 3.0)
    clip = dataclasses.replace(trial.footage[0], about=about)
    told = dataclasses.replace(with_lamp(trial, lamp), footage=(clip,))
    assert hd.analyse(told, parameters={"motion_copies": 20}).reps
    shown = beside(told)
    assert shown.picture(3).shape[2] == 3
    shown.close()
    assert chosen(told, told.tracks[0], clip).method == "com"


# --- evidence frames ---


def test_evidence_frames_are_those_of_the_events(trial: Trial) -> None:
    analysis = hd.analyse(trial)
    found = clipframes.stills(trial, analysis)
    assert found.why == ""
    stills = found.reps[1]
    assert 3 <= len(stills) <= clipframes.MOST
    takeoff = next(one for one in stills if "take-off" in one.title.lower())
    assert abs(takeoff.t - analysis.reps[0].events["takeoff"].t) < 0.5 / 60.0 + 1e-6
    assert [one.t for one in stills] == sorted(one.t for one in stills)
    assert all(one.jpeg[:2] == b"\xff\xd8" for one in stills)


def test_the_report_holds_the_frames_and_says_when_they_cannot_be_had(trial: Trial, tmp_path: Path) -> None:
    path = store.save(tmp_path / "jump.h5", trial)
    assert command(["report", str(path), "--out", str(tmp_path)]) == 0
    page = (tmp_path / "jump.html").read_text(encoding="utf-8")
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(pictures) >= 3
    assert base64.b64decode(pictures[0])[:2] == b"\xff\xd8"
    gone = dataclasses.replace(trial, footage=(dataclasses.replace(trial.footage[0], file="/no<where>/jump.mp4"),))
    path = store.save(tmp_path / "gone.h5", gone)
    assert command(["report", str(path), "--out", str(tmp_path)]) == 0
    page = (tmp_path / "gone.html").read_text(encoding="utf-8")
    assert "data:image/jpeg" not in page
    assert "not where it was" in page and "<where>" not in page


def test_only_the_delays_of_the_truth_are_told(trial: Trial) -> None:
    """From pixels with the noise of a pose program to a delay that holds the truth within its interval."""
    rep = hd.analyse(trial).reps[0]
    assert trial.truth is not None
    for name in ("hip_knee_delay", "hip_extension_at_toeoff"):
        assert abs(rep[name].value - trial.truth.values[name]) <= 1.3 * rep[name].u95


# --- the copy with everything on it ---


def test_overlay_writes_a_clip_of_the_jump(trial: Trial, tmp_path: Path) -> None:
    path, out = store.save(tmp_path / "jump.h5", trial), tmp_path / "drawn.mp4"
    assert command(["overlay", str(path), "--out", str(out)]) == 0
    with Clip(out) as clip, Clip(trial.footage[0].file) as bare:
        assert clip.size == SMALL
        assert len(clip) == len(bare)
        assert np.allclose(np.diff(clip.times), np.diff(bare.times), atol=2e-5)
        difference = np.abs(clip.frame(40).astype(int) - bare.frame(40).astype(int)).max(axis=2)
        assert (difference > 60).mean() > 0.01


@pytest.mark.parametrize(("name", "said"), [("drawn.avi", "end the name in .mp4"), ("no/drawn.mp4", "no such folder")])
def test_overlay_into_nowhere_is_refused(
    trial: Trial, tmp_path: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store.save(tmp_path / "jump.h5", trial)
    assert command(["overlay", str(path), "--out", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err


def test_a_trial_without_a_clip_has_no_overlay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = store.save(tmp_path / "bare.h5", hd.simulate("cmj", seed=1))
    assert command(["overlay", str(path), "--out", str(tmp_path / "a.mp4")]) == 2
    assert "holds no clip" in capsys.readouterr().err
