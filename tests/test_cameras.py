"""Cameras as sources, without a camera: what comes is kept with its time, what is lost is said, forces never wait."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clips
import cv2
import numpy as np
import pytest
from clips import number_in, picture

from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.video import camerarecorder, cameras
from hipdrive.acquisition.video.camera import CameraEnd, CameraFacts, CameraLost, Frame
from hipdrive.acquisition.video.cameralog import CameraLog, near, read_log
from hipdrive.acquisition.video.camerarecorder import CameraRecorder, recover
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.picture import Image
from hipdrive.acquisition.video.playedcamera import FileCamera, SyntheticCamera, Trouble, exposed
from hipdrive.acquisition.video.uvc import UvcCamera
from hipdrive.acquisition.video.writing import ClipWriter
from hipdrive.errors import HipdriveError, ReadError, UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.trial import Raw, Trial

ROOT = Path(__file__).resolve().parent.parent
RATE = 200.0


def numbered(t: float) -> Image:
    """The number of the exposure that begins nearest to t."""
    return picture(round(t * RATE))


def recorded(camera: Any, path: Path, **facts: Any) -> tuple[CameraLog, list[tuple[str, str]]]:
    """All that a camera gives, as fast as it comes."""
    told: list[tuple[str, str]] = []
    recorder = CameraRecorder(camera, path, tell=lambda code, text: told.append((code, text)), **facts)
    recorder.start()
    assert recorder.ended.wait(30.0)
    return recorder.stop(), told


# --- played cameras ---


def test_what_the_camera_saw_is_in_the_clip_with_its_time(tmp_path: Path) -> None:
    trouble = Trouble(drops=frozenset({10, 11, 50}), jitter=2e-4, drift=200e-6, offset=5.0, delay=0.003, late=0.004)
    camera = SyntheticCamera(numbered, RATE, duration=0.6, exposure=0.002, realtime=False, trouble=trouble)
    log, told = recorded(camera, tmp_path / "jump.mp4")
    kept = [n for n in range(119) if n not in (10, 11, 50)]
    assert set(kept) <= set(log.numbers) and log.clock == "device" and log.end == ""
    assert [(gap.first_sample, gap.samples, gap.code) for gap in log.gaps] == [
        (10, 2, "camera_gap"),
        (48, 1, "camera_gap"),
    ]
    assert [code for code, _ in told] == ["camera_gap"] * 2 and log.lost == 3
    true = (log.device - 5.0) / 1.0002
    assert np.abs(true - log.numbers / RATE).max() < 0.4 / RATE and np.std(true - log.numbers / RATE) > 1e-4
    with Clip(tmp_path / "jump.mp4") as clip:
        assert [number_in(image) for _, _, image in clip.frames()] == list(log.numbers)
        assert np.abs(clip.times - (log.device - log.device[0])).max() < 1e-6
        assert np.abs(clip.times - log.times).max() < 1e-6 and clip.facts.sha256 == log.sha256
    assert log.facts["exposure"] == 0.002 and log.facts["size"] == list(clips.SIZE)
    assert {path.name for path in tmp_path.iterdir()} == {"jump.mp4", "jump.camera.jsonl"}


def test_a_camera_without_a_clock_has_the_times_of_arrival_and_says_how_sure(tmp_path: Path) -> None:
    trouble = Trouble(late=0.001, delay=0.03)
    camera = SyntheticCamera(numbered, RATE, duration=1.0, realtime=False, stamped=False, trouble=trouble)
    log, _ = recorded(camera, tmp_path / "jump.mp4")
    assert log.clock == "host" and np.isnan(log.device).all()
    errors = log.times - (log.numbers - log.numbers[0]) / RATE
    assert 0.5 < log.times_u95 / np.percentile(np.abs(errors - np.median(errors)), 95) < 2.0


def test_a_lost_picture_is_seen_by_its_time_where_the_camera_does_not_count(tmp_path: Path) -> None:
    camera = SyntheticCamera(numbered, RATE, duration=0.3, realtime=False, numbered=False,
                             trouble=Trouble(drops=frozenset({20, 21})))  # fmt: skip
    log, _ = recorded(camera, tmp_path / "jump.mp4")
    assert [(gap.first_sample, gap.samples) for gap in log.gaps] == [(20, 2)]


def test_an_exposure_is_a_mean_and_a_rolling_shutter_comes_row_by_row() -> None:
    def brightness(t: float) -> Image:
        return np.full((160, 64, 3), np.clip(1000.0 * t, 0, 255).round(), np.uint8)

    still = exposed(brightness)(0.1)
    assert still[0, 0, 0] == still[-1, 0, 0] == 100
    open_long = exposed(brightness, exposure=0.04)(0.1)
    assert abs(int(open_long[0, 0, 0]) - 120) <= 1  # the middle of the exposure
    rolled = exposed(brightness, readout=0.08, bands=80)(0.1)[:, 0, 0].astype(float)
    assert np.abs(rolled - (100.0 + 80.0 * (np.arange(160) + 0.5) / 160)).max() < 1.5


def test_a_clip_is_played_on_its_own_times(tmp_path: Path) -> None:
    times = 0.4 + np.cumsum(np.random.default_rng(1).uniform(0.004, 0.03, 80))
    source = clips.write(tmp_path / "source.mp4", times)
    log, _ = recorded(FileCamera(source, realtime=False, trouble=Trouble(drops=frozenset({7}))), tmp_path / "again.mp4")
    assert np.abs(log.device - np.delete(times, 7)).max() < 1e-5 and list(log.numbers) == [*range(7), *range(8, 80)]
    with Clip(tmp_path / "again.mp4") as clip:
        assert [number_in(image) for _, _, image in clip.frames()] == list(log.numbers)


def test_real_time_is_kept_and_stop_gives_what_was_taken() -> None:
    camera = SyntheticCamera(numbered, RATE, exposure=0.001)
    camera.open()
    began = time.monotonic()
    camera.start()
    first = [camera.read(1.0) for _ in range(41)]
    lasted = time.monotonic() - began
    assert 0.2 <= lasted < 5.0 and [one.number for one in first if one] == list(range(41))
    time.sleep(0.05)
    camera.stop()
    rest = []
    with pytest.raises(CameraEnd):
        while (one := camera.read(0.1)) is not None:
            rest.append(one.number)
    assert rest and rest == list(range(41, 41 + len(rest)))
    assert SyntheticCamera(numbered, 1.0).open().rate == 1.0


def test_a_scene_has_its_own_clock(tmp_path: Path) -> None:
    now = [3.0]
    camera = SyntheticCamera(numbered, RATE, exposure=0.0001, clock=lambda: now[0])
    camera.open()
    camera.start()
    assert camera.read(0.0) is None
    now[0] = 3.0101
    frames = [camera.read(0.0) for _ in range(3)]
    assert [one.number for one in frames if one] == [600, 601, 602] and camera.read(0.0) is None
    assert frames[0] is not None and frames[0].t_device == 3.0 and number_in(frames[0].image) == 600


def test_the_scene_may_run_on_the_clock_of_the_forces(tmp_path: Path) -> None:
    """Then the device's times are those of the force clock: what it films is what the plates feel."""
    with Recorder("simulated", options={"test": "dj"}) as recorder:
        camera = SyntheticCamera(numbered, 100.0, exposure=0.004, clock=lambda: recorder.seconds)
        time.sleep(0.2)
        begun = recorder.seconds
        recorder.begin(test="dj")
        with CameraRecorder(camera, tmp_path / "jump.mp4") as filming:
            time.sleep(0.6)
        trial = recorder.end()
    log = read_log(filming.log_path)
    assert not trial.gaps and len(log.times) >= 40 and log.device[-1] <= recorder.seconds
    assert log.device == pytest.approx(log.numbers / 100.0) and log.times == pytest.approx(log.device - log.device[0])
    offset, wrong = near(trial, log)
    assert abs(offset - (log.device[0] + 0.002 - begun)) < wrong
    with Clip(tmp_path / "jump.mp4") as clip:
        assert [number_in(image) for _, _, image in clip.frames()] == list(log.numbers * 2)


# --- trouble ---


def test_what_the_encoder_cannot_keep_up_with_is_dropped_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ClipWriter.add

    def slow(*given: Any) -> None:
        time.sleep(0.01)
        add(*given)

    monkeypatch.setattr(ClipWriter, "add", slow)
    camera = SyntheticCamera(numbered, RATE, duration=0.5, realtime=False)
    log, told = recorded(camera, tmp_path / "jump.mp4", waiting=5 * picture(0).nbytes)
    assert 5 <= len(log.times) < 100 and len(log.times) + log.lost == 100
    assert {gap.code for gap in log.gaps} == {"camera_full"} == {code for code, _ in told}
    inside = [gap for gap in log.gaps if gap.first_sample < len(log.times)]
    for gap in inside:  # each is told where it is
        assert log.numbers[gap.first_sample] - log.numbers[gap.first_sample - 1] - 1 == gap.samples
    with Clip(tmp_path / "jump.mp4") as clip:
        assert [number_in(image) for _, _, image in clip.frames()] == list(log.numbers)


def test_a_cable_that_is_pulled_leaves_what_came(tmp_path: Path) -> None:
    camera = SyntheticCamera(numbered, RATE, realtime=False, trouble=Trouble(lost_at=0.25))
    log, told = recorded(camera, tmp_path / "jump.mp4")
    assert len(log.times) == 50 and "camera is gone" in log.end and told[-1][0] == "camera_lost"
    with Clip(tmp_path / "jump.mp4") as clip:
        assert len(clip) == 50


class Odd:
    """A camera of the test: gives what it was told."""

    def __init__(self, given: Callable[[int], Frame | None], size: tuple[int, int] = clips.SIZE) -> None:
        self.given, self.count = given, 0
        self.facts = CameraFacts(name="odd", size=size, rate=100.0, stamped=True, numbered=True)
        self.closed = threading.Event()

    def open(self) -> CameraFacts:
        return self.facts

    def start(self) -> None: ...

    def read(self, timeout: float) -> Frame | None:
        self.count += 1
        return self.given(self.count - 1)

    def stop(self) -> None:
        self.given = lambda count: None

    def close(self) -> None:
        self.closed.set()


def frame(number: int, t: float, image: Image | None = None) -> Frame:
    return Frame(image=picture(number) if image is None else image, number=number, t_device=t, t_host_ns=number)


def ended() -> Frame:
    raise CameraEnd


def test_a_driver_that_breaks_is_said_in_a_sentence(tmp_path: Path) -> None:
    def broken(count: int) -> Frame:
        if count == 5:
            raise OSError("USB\nreset")
        return frame(count, count / 100)

    log, told = recorded(Odd(broken), tmp_path / "jump.mp4")
    assert len(log.times) == 5 and told[0][0] == "camera_failed" and "USB reset" in log.end and "\n" not in log.end


def test_whoever_is_told_cannot_break_the_recording(tmp_path: Path) -> None:
    def careless(code: str, text: str) -> None:
        raise RuntimeError(code)

    camera = SyntheticCamera(numbered, RATE, duration=0.2, realtime=False, trouble=Trouble(drops=frozenset({5})))
    recorder = cameras.record_camera(camera, tmp_path / "jump.mp4", tell=careless)
    assert recorder.ended.wait(10.0)
    assert len(recorder.stop().times) == 39
    with pytest.raises(UsageError, match="stopped already"):
        recorder.stop()


def test_a_picture_of_another_size_ends_the_clip_with_a_sentence(tmp_path: Path) -> None:
    log, told = recorded(Odd(lambda i: frame(i, i / 100, picture(i)[: 128 if i < 9 else 64])), tmp_path / "jump.mp4")
    assert len(log.times) == 9 and told[-1][0] == "clip_picture" and "picture" in log.end


def test_a_clock_that_goes_back_leaves_the_picture_out(tmp_path: Path) -> None:
    times = [0.0, 0.01, 0.005, 0.02]
    log, told = recorded(Odd(lambda i: frame(i, times[i]) if i < 4 else ended()), tmp_path / "jump.mp4")
    assert list(log.numbers) == [0, 1, 3] and told[0][0] == "camera_time" and log.lost == 1


def test_a_camera_that_sends_nothing_leaves_no_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camerarecorder, "SILENT_S", 0.05)
    told: list[str] = []

    def nothing(count: int) -> None:
        time.sleep(0.01)

    camera = Odd(nothing)
    recorder = cameras.record_camera(camera, tmp_path / "jump.mp4", tell=lambda code, _: told.append(code))
    time.sleep(0.3)
    with pytest.raises(HipdriveError, match="no picture came"):
        recorder.stop()
    assert told == ["camera_silent"] and not list(tmp_path.iterdir()) and camera.closed.is_set()
    with pytest.raises(UsageError, match="cannot be written"):
        cameras.record_camera(camera, tmp_path / "no" / "jump.mp4")


def test_a_size_that_no_clip_can_have_is_cut_by_a_row(tmp_path: Path) -> None:
    log, _ = recorded(Odd(lambda i: frame(i, i / 100, picture(i)[:-1, :-1]) if i < 5 else ended()), tmp_path / "a.mp4")
    with Clip(tmp_path / "a.mp4") as clip:
        assert clip.size == (clips.SIZE[0] - 2, clips.SIZE[1] - 2) and len(log.times) == 5


def test_a_disk_that_fails_ends_the_camera_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = ClipWriter.add

    def full(self: ClipWriter, *given: Any) -> None:
        if self.frames == 10:
            raise UsageError("clip_write", "jump.mp4: the clip cannot be written (no space left); make room")
        add(self, *given)

    monkeypatch.setattr(ClipWriter, "add", full)
    log, told = recorded(SyntheticCamera(numbered, RATE, duration=0.5, realtime=False), tmp_path / "jump.mp4")
    assert len(log.times) == 10 and "no space left" in log.end and told[-1][0] == "clip_write"


def test_a_program_that_is_ended_leaves_what_it_had(tmp_path: Path) -> None:
    script = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from clips import picture
from hipdrive.acquisition.video.cameras import record_camera
from hipdrive.acquisition.video.playedcamera import SyntheticCamera
recorder = record_camera(SyntheticCamera(lambda t: picture(round(200 * t)), 200.0), Path(sys.argv[1]))
while recorder.frames < 150:
    time.sleep(0.01)
print("there", flush=True)
time.sleep(60)
"""
    path = tmp_path / "jump.mp4"
    running = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert running.stdout is not None and running.stdout.readline().strip() == b"there"
    finally:
        running.kill()
        running.communicate()
    assert not path.exists()
    log = recover(path)
    assert len(log.times) >= 100 and log.end == "it was broken off"
    assert {one.name for one in tmp_path.iterdir()} == {"jump.mp4", "jump.camera.jsonl"}
    with Clip(path) as clip:
        assert clip.facts.sha256 == log.sha256
        assert [number_in(image) for _, _, image in clip.frames()] == list(log.numbers)
        assert np.abs(clip.times - log.times).max() < 2e-6
    with pytest.raises(ReadError):
        recover(path)


def test_forces_beside_a_camera_lose_nothing(tmp_path: Path) -> None:
    """A camera whose encoder is busy all the time, beside the simulated plates."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(8)]
    camera = SyntheticCamera(lambda t: noise[round(t * 120) % 8], 120.0)
    with CameraRecorder(camera, tmp_path / "jump.mp4") as filming:
        trial = record("simulated", test="cmj", seconds=1.0)
    assert not trial.gaps and trial.duration == pytest.approx(1.0, abs=0.02)
    log = read_log(filming.log_path)
    assert len(log.times) + log.lost >= 100 and log.lost == 0
    arrivals = np.concatenate([raw.blocks[:, 2] for raw in trial.raw if raw.blocks is not None])
    assert log.arrived[0] < arrivals.min() and log.arrived[-1] > arrivals.max()  # one clock, and longer


def test_arrivals_tell_roughly_where_a_clip_lies_in_the_forces(tmp_path: Path) -> None:
    """Sample 0 was taken at 100 s of the computer's clock, picture 0 at 101.5 s; both came late, by chance."""
    rng = np.random.default_rng(6)
    blocks = np.arange(0, 4000, 10)
    came = 1e9 * (100.0 + (blocks + 10) / 1000.0 + rng.exponential(0.002, len(blocks)))
    raw = Raw(device="ni0", values=np.zeros((4000, 1)), channels=("ai0",), roles=("p.fz",), units=("N",), rate=1000.0,
              blocks=np.column_stack([blocks, np.full(len(blocks), 10), came.astype(np.int64)]))  # fmt: skip
    trial = Trial(fz=np.zeros((1, 4000)), rate=1000.0, raw=(raw,))
    times = np.arange(200) / 100.0
    came = 1e9 * (101.5 + times + 0.004 + 0.01 + rng.exponential(0.003, len(times)))
    log = CameraLog(
        path=tmp_path,
        times=times,
        device=times + 7.0,
        arrived=came.astype(np.int64),
        numbers=np.arange(200),
        exposure=np.full(200, 0.004),
        clock="device",
        facts={"readout": 0.01},
    )
    offset, wrong = near(trial, log)
    assert offset == pytest.approx(1.502, abs=0.001) and wrong == 0.1  # the middle of its exposure
    with pytest.raises(UsageError, match="arrived"):
        near(Trial(fz=np.zeros((1, 10)), rate=1000.0), log)


# --- logs that are none ---


HEAD, REST = b'{"schema": "hipdrive-camera/1"}\n', b', "t": 0, "device": 0, "host_ns": 0, "exposure": 0}\n'


@pytest.mark.parametrize("content", [
    b"", b"\n", b"[]\n", b'{"schema": "other"}\n', b"\xff\xfe\n", b"[" * 9000 + b"\n",
    HEAD + b'{"frame": 0}\n', HEAD + b'{"gap": [1]}\n', HEAD + b'{"frame": 0, "number": 1e999' + REST,
    HEAD + b'{"frame": 0, "number": 1' + b"0" * 40 + REST,
])  # fmt: skip
def test_a_log_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.camera.jsonl"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"bad\.camera\.jsonl"):
        read_log(path)


def test_a_log_that_was_cut_off_holds_its_whole_lines(tmp_path: Path) -> None:
    log, _ = recorded(SyntheticCamera(numbered, RATE, duration=0.1, realtime=False), tmp_path / "jump.mp4")
    content = log.path.read_bytes()
    assert all(isinstance(json.loads(line), dict) for line in content.splitlines())
    log.path.write_bytes(content[: content.rindex(b'"frame": 15') + 20])
    assert len(read_log(log.path).times) == 15
    with pytest.raises(ReadError):
        read_log(tmp_path / "nothing.jsonl")


# --- cameras of the system, by a stand-in of OpenCV's capture ---


class Capture:
    """Gives numbered pictures, as OpenCV does: blue first."""

    def __init__(self, backend: str = "V4L2", stamps: bool = True, pictures: int = 20, there: bool = True) -> None:
        self.backend, self.stamps, self.left, self.there = backend, stamps, pictures, there
        self.count, self.settings, self.released = -1, dict[int, float](), False

    def isOpened(self) -> bool:
        return self.there

    def getBackendName(self) -> str:
        return self.backend

    def set(self, key: int, value: float) -> bool:
        self.settings[key] = value
        return True

    def get(self, key: int) -> float:
        if key == cv2.CAP_PROP_POS_MSEC:
            return 5000.0 + 10.0 * self.count if self.stamps else 0.0
        return 100.0 if key == cv2.CAP_PROP_FPS else 0.0

    def grab(self) -> bool:
        self.left -= 1
        self.count += 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Image]:
        return True, np.ascontiguousarray(picture(self.count)[..., ::-1])

    def read(self) -> tuple[bool, Image | None]:
        return self.retrieve() if self.grab() else (False, None)

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize(("backend", "stamps", "stamped"), [
    ("V4L2", True, True), ("MSMF", True, True), ("AVFOUNDATION", True, False), ("V4L2", False, False),
])  # fmt: skip
def test_a_camera_of_the_system(backend: str, stamps: bool, stamped: bool, tmp_path: Path) -> None:
    capture = Capture(backend, stamps)
    camera = UvcCamera(0, size=(640, 480), rate=100.0, exposure=0.004, opener=lambda index: capture)
    facts = camera.open()
    assert facts.stamped is stamped and not facts.numbered and facts.rate == 100.0 and facts.size == clips.SIZE
    assert capture.settings[cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert capture.settings[cv2.CAP_PROP_EXPOSURE] == pytest.approx(40.0 if backend == "V4L2" else np.log2(0.004))
    log, _ = recorded(camera_of(capture, backend), tmp_path / "jump.mp4")
    assert log.clock == ("device" if stamped else "host") and "camera is gone" in log.end
    if stamped:
        assert log.times == pytest.approx(np.arange(len(log.times)) / 100.0)
    with Clip(tmp_path / "jump.mp4") as clip:
        assert abs(clip.frame(0)[110:125, 5:25].mean(axis=(0, 1)) - (220, 30, 30)).max() < 8  # red is red
    assert capture.released


def camera_of(capture: Capture, backend: str) -> UvcCamera:
    capture.count, capture.left = -1, 20
    return UvcCamera(0, opener=lambda index: capture)


def test_cameras_of_the_system_that_are_not_there() -> None:
    with pytest.raises(UsageError, match="no such camera"):
        UvcCamera(97).open()
    with pytest.raises(UsageError, match="no picture"):
        UvcCamera(0, opener=lambda index: Capture(pictures=0)).open()
    assert all(one.name.startswith(("uvc:", "basler:")) for one in cameras.find())


# --- Basler, by its own emulation ---


def test_a_basler_camera_counts_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypylon")
    monkeypatch.setenv("PYLON_CAMEMU", "2")
    found = [one for one in cameras.find() if one.name.startswith("basler:")]
    assert len(found) == 2
    with pytest.raises(UsageError, match="no such camera"):
        cameras.camera("basler:123").open()
    camera = cameras.camera(found[1].name, rate=100.0, size=(320, 240), exposure=0.002)
    with CameraRecorder(camera, tmp_path / "jump.mp4") as filming:
        time.sleep(0.6)
    log = read_log(filming.log_path)
    assert 10 <= len(log.times) <= 70 and log.lost == 0 and (np.diff(log.numbers) == 1).all()
    assert log.clock == "host"  # the emulation stamps nothing
    assert log.facts["exposure"] == pytest.approx(0.002) and log.facts["size"] == [320, 240]
    assert 0.008 < np.median(np.diff(log.times)) < 0.03  # the emulation sleeps, so a busy machine makes it slower
    with Clip(tmp_path / "jump.mp4") as clip:
        assert len(clip) == len(log.times) and clip.size == (320, 240)
    with pytest.raises(UsageError, match="cannot be set up"):
        cameras.camera("basler", size=(10**7, 10**7)).open()


def test_without_pypylon_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypylon", None)
    with pytest.raises(UsageError, match=r"hipdrive\[basler\]"):
        cameras.camera("basler").open()


@pytest.mark.parametrize("name", ["", "vhs", "uvc:x", "file:", "uvc:-1"])
def test_names_that_are_no_camera(name: str) -> None:
    with pytest.raises(UsageError, match="camera"):
        cameras.camera(name)


def test_a_rig_may_say_what_films() -> None:
    text = (rigs.FOLDER / "simulated.toml").read_text()
    rig = rigs.loads(text)
    line = rig.cameras[0]
    with pytest.raises(UsageError, match="does not say what films"):
        cameras.of_rig(rig, line.id)
    assert isinstance(cameras.of_rig(rig, "uvc:3"), UvcCamera)
    told = rigs.loads(text.replace("[[cameras]]", '[[cameras]]\nsource = "file:jump.mp4"', 1))
    found = cameras.of_rig(told, line.id)
    assert isinstance(found, FileCamera) and found.name == "file:jump.mp4"


def test_facts_that_make_no_sense() -> None:
    for facts in ({"rate": 0.0}, {"exposure": 2.0}, {"rate": float("nan")}):
        with pytest.raises(UsageError):
            cameras.camera("uvc:0", **facts)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no lines"):
        cameras.camera("uvc:0", trigger="Line1")
    with pytest.raises(UsageError):
        SyntheticCamera(numbered, 100.0, exposure=0.02)
    with pytest.raises(CameraLost):
        camera = SyntheticCamera(numbered, RATE, realtime=False, trouble=Trouble(lost_at=0.0))
        camera.open()
        camera.read(0.0)
