"""Pose with the real networks, brought by the store's own fetch, on real clips: noise, speed, swaps and the lock."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import savgol_filter
from typer.testing import CliRunner

from hipdrive import cli_pose
from hipdrive.acquisition.formats.motion import read_motion
from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.acquisition.video import weights as store
from hipdrive.acquisition.video.blazepose import NAMES, BlazePose, Image, loaded
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.following import Follower
from hipdrive.acquisition.video.posing import Pose, pose_of
from hipdrive.acquisition.video.rendered import Renderer
from hipdrive.acquisition.video.scene import Camera, Scene
from hipdrive.acquisition.video.track import track_of
from hipdrive.analysis.kinematics import motion_of, smooth
from hipdrive.analysis.motion import Motion
from hipdrive.trial import Floats, Track

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def backend(pose_networks: Path) -> BlazePose:
    both = store.weights()
    return loaded(both.detector, both.landmarks, both.facts)


@dataclass
class Part:
    """Some frames of a clip."""

    clip: Clip
    first: int
    last: int

    @property
    def times(self) -> Floats:
        return np.asarray(self.clip.times[self.first : self.last])

    @property
    def size(self) -> tuple[int, int]:
        return self.clip.size

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, width: int | None = None
    ) -> Iterator[tuple[int, float, Image]]:  # fmt: skip
        for i, t, image in self.clip.frames(self.first + start, self.last, step, width):
            yield i - self.first, t, image


def measured(path: Path, first: int, last: int, backend: BlazePose, crops: int = 5) -> Pose:
    with Clip(path) as clip:
        return pose_of(Part(clip, first, last), backend, crops=crops)


def noise(pose: Pose) -> dict[str, float]:
    """Robust SD of the white noise of each joint's angle, deg: of what a cubic over 0.15 s or seven frames leaves."""
    motion = motion_of(track_of(pose, "clip", view="side"))
    frame = float(np.median(np.diff(pose.times)))
    window = max(7, round(0.15 / frame) | 1)
    pulse = np.zeros(4 * window + 1)
    pulse[2 * window] = 1.0
    gain = float(np.linalg.norm(pulse - savgol_filter(pulse, window, 3)))
    found = {}
    for name, angle in motion.angles.items():
        if name.endswith(("_left", "_right")):
            rest = angle - savgol_filter(angle, window, 3)
            found[name] = 1.4826 * float(np.median(np.abs(rest - np.median(rest)))) / gain
    return found


def joints(found: dict[str, float], part: str) -> list[float]:
    return [value for name, value in found.items() if name.startswith(part)]


def test_the_wheel_brings_both_networks_and_their_licence(pose_networks: Path) -> None:
    assert {one.role for one in store.available().values()} == {store.DETECTOR, store.LANDMARKS}
    assert "Apache License" in (pose_networks / "LICENSE").read_text(encoding="utf-8")
    assert "mediapipe==0.10.21" in (pose_networks / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.real_data
def test_a_squat_seen_by_a_still_camera_has_less_than_a_degree_of_noise(data: Path, backend: BlazePose) -> None:
    pose = measured(data / "video_squat_sagittal" / "squat.mp4", 300, 380, backend)
    assert pose.found.all() and not pose.notes
    found = noise(pose)
    for part in ("hip_angle", "knee_angle", "ankle"):
        assert len(joints(found, part)) == 2 and max(joints(found, part)) < 1.0, found


@pytest.mark.real_data
def test_averaged_crops_have_less_noise_than_one_in_somebody_who_balances(data: Path, backend: BlazePose) -> None:
    clip = data / "video_pose2sim_4cam" / "cam01.mp4"
    one, five = (noise(measured(clip, 0, 60, backend, crops)) for crops in (1, 5))
    for part in ("hip_angle", "knee_angle"):
        assert max(joints(five, part)) < 1.0, five
        assert np.mean(joints(five, part)) < 0.85 * np.mean(joints(one, part)), (one, five)
    assert max(joints(five, "ankle")) < 1.5, five


@pytest.mark.real_data
def test_legs_that_the_network_exchanges_are_put_right(data: Path, backend: BlazePose) -> None:
    """The right leg is lifted to the left of the picture from frame 30 to 64; the network often calls it the left."""
    pose = measured(data / "video_pose2sim_4cam" / "cam02.mp4", 5, 85, backend, crops=3)
    assert any("legs were exchanged" in note for note in pose.notes)
    lifted = slice(27, 59)
    for part in ("knee", "ankle"):
        left, right = (pose.xy[:, NAMES.index(f"{side}_{part}"), 0] for side in ("left", "right"))
        assert (right[lifted] < left[lifted]).all(), part
    step = np.abs(np.diff(pose.xy[:, [27, 28]], axis=0)).max()
    assert step < 90.0  # px; the ankles are 350 px apart


@pytest.mark.real_data
def test_the_woman_who_walks_past_never_becomes_the_jumper(data: Path, backend: BlazePose) -> None:
    """She crosses the lawn below; her hips were read from the pictures by eye."""
    with Clip(data / "video_sports2d" / "demo_3968304.mp4") as clip:
        pose = pose_of(Part(clip, 60, 200), backend, crops=1, athlete=(480.0, 30.0, 760.0, 480.0))
    frames = np.arange(60, 200)
    hers = np.column_stack([np.interp(frames, [60, 100, 140, 180, 195], [1440, 1010, 634, 204, 48]),
                            np.full(len(frames), 700.0)])  # fmt: skip
    hips = pose.xy[:, [23, 24]].mean(axis=1)
    assert pose.found[:90].all()
    assert np.nanmin(np.linalg.norm(hips - hers, axis=1)) > 150.0
    assert (~pose.found[110:]).any() and any("not seen" in note for note in pose.notes)


@pytest.mark.real_data
@pytest.mark.timed
def test_following_takes_at_most_twice_the_time_of_the_bare_network(data: Path, backend: BlazePose) -> None:
    """With decoding; frame by frame in turns, so that a busy machine slows both."""
    image = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
    bare, whole = [], []
    with Clip(data / "video_sports2d" / "demo4_1045481.mp4") as clip:
        follower, last = Follower(backend), time.perf_counter()
        for _, t, picture in clip.frames(0, 90):
            follower.region(picture, t)
            now = time.perf_counter()
            whole.append(now - last)
            backend.landmarks(image)
            last = time.perf_counter()
            bare.append(last - now)
    assert np.median(bare) / np.median(whole) > 0.5


@pytest.mark.real_data
def test_the_command_writes_what_motion_reads(data: Path, pose_networks: Path, tmp_path: Path) -> None:
    clip, out = data / "video_pose2sim_4cam" / "cam02.mp4", tmp_path / "pose.csv"
    done = CliRunner().invoke(
        cli_pose.app, ["run", str(clip), "--crops", "1", "--out", str(out)], catch_exceptions=False
    )
    assert done.exit_code == 0 and "in 100 of 100 frames" in done.stdout
    (track,) = read_motion(out)
    assert track.unit == "px" and track.names == NAMES and track.values.shape == (100, 33, 2)


@dataclass
class Drawn:
    """A countermovement jump of the simulated athlete, whose joints are known, from 0.75 s before take-off on."""

    renderer: Renderer
    times: Floats
    size: tuple[int, int] = (960, 720)

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, width: int | None = None
    ) -> Iterator[tuple[int, float, Image]]:  # fmt: skip
        for i, t in enumerate(self.times):
            yield i, float(t), self.renderer.image(float(t), 0.002)

    @property
    def truth(self) -> Motion:
        places = [self.renderer.joints(float(t)) for t in self.times]
        names = tuple(places[0])
        values = np.array([[place[name] for name in names] for place in places])
        track = Track(name="t", kind="points up=-y view=side", times=self.times, values=values, names=names, unit="px")
        return motion_of(track)


def test_the_networks_see_the_rendered_athlete_s_joints_extend_when_they_do(backend: BlazePose) -> None:
    """It is no photograph, so angles are off by more than those of people; when they are fastest is off by less."""
    trial = simulate_motion("cmj", seed=1)
    assert trial.truth is not None
    takeoff = trial.truth.events["takeoff"]
    drawn = Drawn(Renderer(trial, Scene(camera=Camera(size=(960, 720), focal=1050.0))),
                  np.arange(takeoff - 0.75, takeoff + 0.25, 1.0 / 60.0))  # fmt: skip
    pose = pose_of(drawn, backend)
    assert pose.found.all()
    seen, truth = motion_of(track_of(pose, "clip", view="side")), drawn.truth
    fastest = [{name: drawn.times[5 + int(np.argmax(velocity[5:-10]))] for name, velocity in one.velocities.items()}
               for one in (smooth(seen, 10.0, 0.1), smooth(truth, 10.0, 0.1))]  # fmt: skip
    for name in ("hip_angle", "knee_angle"):
        off = seen.angles[name] - truth.angles[name]
        assert abs(off.mean()) < 10.0 and off.std() < 8.0, name
        assert abs(fastest[0][name] - fastest[1][name]) < 0.05, name
