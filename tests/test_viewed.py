"""Pixels as the body moved: against a pinhole written out here, and the simulated athlete whose places are exact."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filming import filmed_trial

import hipdrive as hd
from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.acquisition.video.rendered import Leap, Renderer
from hipdrive.acquisition.video.scene import Camera, Scene
from hipdrive.analysis.kinematics import motion_of
from hipdrive.analysis.pixelsync import match_tracks
from hipdrive.analysis.seen import seen
from hipdrive.analysis.viewed import levelled, viewed
from hipdrive.trial import Footage, Track, Trial

CAMERA = Camera(place=(-0.1, -4.0, 1.0), target=(-0.1, 0.0, 1.0), focal=700.0, size=(640, 480))


def told(camera: Camera = CAMERA) -> dict[str, object]:
    """What a clip says of a camera: three matrices as lists."""
    middle = [0.5 * (one - 1.0) for one in camera.size]
    lens = [[camera.focal, 0.0, middle[0]], [0.0, camera.focal, middle[1]], [0.0, 0.0, 1.0]]
    turn = camera.axes
    return {"K": lens, "R": turn.tolist(), "t": (-turn @ np.array(camera.place)).tolist()}


def seen_by(point: tuple[float, float, float]) -> tuple[float, float]:
    """A level camera that looks along +Y: x to the right, z up, by similar triangles."""
    x, y, z = np.subtract(point, CAMERA.place)
    return 319.5 + 700.0 * x / y, 239.5 - 700.0 * z / y


def a_track(values: np.ndarray, kind: str = "pose points up=-y view=side", **more: object) -> Track:
    names = tuple(f"p{i}" for i in range(values.shape[1]))
    return Track(name="clip", kind=kind, times=np.arange(len(values)) / 60.0, values=values, names=names, unit="px")


def footage(**about: object) -> tuple[Footage, ...]:
    return (Footage(name="clip", file="clip.mp4", sha256="", times=np.arange(3.0), about=about),)


def test_points_of_the_plane_come_back_to_the_micrometre() -> None:
    places = [(0.3, 0.0, 1.2), (-0.5, 0.0, 0.02), (0.0, 0.0, 2.0)]
    track = a_track(np.array([[seen_by(p) for p in places]] * 3))
    (found,) = viewed((track,), footage(camera=told(), facing="right"))
    assert found.unit == "m" and found.kind == "pose points up=y forward=x view=side"
    assert np.allclose(found.values[0], [(x, z) for x, _, z in places], atol=1e-9)


def test_a_point_beside_the_plane_is_its_shadow() -> None:
    """0.1 m nearer than 4 m is 2.6 % larger, and no more."""
    (found,) = viewed((a_track(np.array([[seen_by((0.9, -0.1, 1.0))]] * 2)),), footage(camera=told()))
    assert found.values[0, 0, 0] + 0.1 == pytest.approx(1.0 * 4.0 / 3.9, abs=1e-9)


def test_from_the_front_places_are_across_and_up() -> None:
    ahead = Camera(place=(4.0, 0.0, 1.0), target=(0.0, 0.0, 1.0))
    px, _ = ahead.project([[0.0, 0.25, 0.6]])
    (found,) = viewed((a_track(np.array([px] * 2)),), footage(camera=told(ahead), facing="camera"))
    assert found.kind == "pose points up=y view=front"
    assert np.allclose(found.values[0, 0], (0.25, 0.6), atol=1e-9)


@pytest.mark.parametrize(
    "camera",
    [None, 7, {"K": 3}, {**told(), "R": [[1.0, 0, 0], [0, 1, 0], [0, 0, 2]]}, {**told(), "t": [np.nan, 0, 0]},
     {**told(), "K": np.zeros((3, 3)).tolist()}, {**told(), "K": [["a"] * 3] * 3}, {**told(), "t": [[1, 2], 3]}],
)  # fmt: skip
def test_what_is_no_camera_gives_no_metres(camera: object) -> None:
    track = a_track(np.zeros((2, 1, 2)))
    (found,) = viewed((track,), footage(camera=camera))
    assert found.unit == "px" and np.array_equal(found.values, track.values)


def test_tracks_of_no_clip_are_left_alone() -> None:
    track = replace(a_track(np.zeros((2, 1, 2))), unit="m")
    other = replace(a_track(np.zeros((2, 1, 2))), name="other")
    assert viewed((track, other), footage(camera=told())) == (track, other)


@pytest.mark.parametrize("readout", [0.016, 0.030])
def test_rows_are_brought_to_one_instant(readout: float) -> None:
    """A phone reads its feet 8 to 15 ms after its head; the athlete's places without that are known exactly."""
    trial = simulate_motion("cmj", seed=1)
    assert trial.truth is not None
    renderer = Renderer(trial, Scene(camera=CAMERA))
    times = trial.truth.events["takeoff"] - 0.5 + np.arange(48) / 60.0
    name = "hip_right"
    late = np.array([[renderer.joints(float(t), readout)[name]] for t in times])
    exact = np.array([[renderer.joints(float(t))[name]] for t in times])
    found = levelled(times, late, late[:, :, 1] * readout / 480.0)
    before = np.abs(late - exact)[1:-1].max()
    assert before > 200.0 * readout  # px: it matters
    assert np.abs(found - exact)[1:-1].max() < 0.15 * before


def test_unseen_frames_stay_unseen_and_their_neighbours_are_brought_over() -> None:
    times = np.arange(6) / 60.0
    late = np.full((6, 1), 0.004)
    values = np.repeat(((times[:, None] + late) * 120.0)[..., None], 2, axis=2)
    values[2] = np.nan
    found = levelled(times, values, late)
    assert np.isnan(found[2]).all()
    assert np.allclose(found[[0, 1, 3, 4, 5], 0, 0], times[[0, 1, 3, 4, 5]] * 120.0, atol=1e-9)


@pytest.mark.parametrize("times_as_large", [1.0, 0.4])
def test_a_clip_without_a_clicked_plate_finds_its_clock_at_any_size(tmp_path: Path, times_as_large: float) -> None:
    """Pixels are no metres: the plates tell the scale."""
    trial = filmed_trial(tmp_path / "jump.mp4", noise=0.2)
    track = trial.tracks[0]
    smaller = replace(track, values=times_as_large * track.values)
    found = match_tracks(trial, viewed((smaller,), trial.footage))
    known = trial.clocks["jump.mp4"]
    assert abs(found.clock.offset - known.offset) < 3.0 * found.clock.standard_error
    assert found.clock.standard_error < 0.01
    assert found.scale == pytest.approx(times_as_large * 0.75 * 700.0 / 4.0, rel=0.08)  # focal length over distance


def test_a_trial_with_a_clicked_plate_has_a_centre_of_mass(tmp_path: Path) -> None:
    trial: Trial = filmed_trial(tmp_path / "jump.mp4")
    small = Camera(size=(480, 360), focal=525.0)
    clip = trial.footage[0]
    metres = replace(trial, footage=(replace(clip, about={**clip.about, "camera": told(small), "facing": "right"}),))
    bare, found = seen(trial).motion, seen(metres).motion
    assert bare is not None and bare.com is None
    assert found is not None and found.com is not None
    assert trial.truth is not None
    # a standing athlete's centre of mass is at 0.55 to 0.60 of the stature
    stand = float(np.nanmedian(found.com[:20, 2])) / Leap.of(trial).height
    assert 0.52 < stand < 0.62
    for name in ("hip_angle", "knee_angle"):
        assert np.nanmax(np.abs(found.angles[name] - bare.angles[name])) < 3.0


def test_angles_of_pixels_are_those_of_the_athlete(tmp_path: Path) -> None:
    trial = filmed_trial(tmp_path / "jump.mp4", noise=0.0)
    motion = motion_of(trial.tracks[0])
    leap = Leap.of(trial)
    times = trial.clocks["jump.mp4"].to_force(motion.times)
    for name in ("hip_angle_right", "knee_angle_right"):
        exact = leap.moving.angles[name](times + leap.phase)
        assert np.abs(motion.angles[name] - exact).max() < 2.5  # perspective of a camera 4 m away


def filmed_in_metres(folder: Path) -> Trial:
    trial = filmed_trial(folder / "jump.mp4")
    clip = trial.footage[0]
    about = {**clip.about, "camera": told(Camera(size=(480, 360), focal=525.0)), "facing": "right"}
    return replace(trial, footage=(replace(clip, about=about),))


@pytest.mark.parametrize(("slow", "said"), [(1.0, False), (2.0, True), (4.0, True)])
def test_a_clip_in_slow_motion_is_seen_by_its_flight(tmp_path: Path, slow: float, said: bool) -> None:
    """The take-off is where the clock puts it, but what follows takes longer than gravity allows."""
    trial = filmed_in_metres(tmp_path)
    assert trial.truth is not None
    track, clock = trial.tracks[0], trial.clocks["jump.mp4"]
    zero = (trial.truth.events["takeoff"] - clock.offset) / clock.slope
    stretched = replace(track, times=zero + slow * (track.times - zero))
    again = replace(trial, tracks=(stretched,), clocks={"jump.mp4": replace(clock, method="manual")})
    found = {one.check: one for one in hd.analyse(again, parameters={"motion_copies": 20}).quality}
    assert ("time_scale" in found) == said
    if said:
        assert found["time_scale"].value == pytest.approx(slow, rel=0.12)
        assert "time_scale=0.125" in found["time_scale"].remedy
