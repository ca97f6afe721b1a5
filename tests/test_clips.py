"""Clips: true times, exact seeks, hostile files, sound, small pictures, and writing; truth is in the pixels."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import clips
import numpy as np
import pytest
from clips import number_in, picture

from hipdrive.acquisition.video import container
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.scrub import ScrubCache
from hipdrive.acquisition.video.writing import ClipWriter
from hipdrive.errors import ReadError, UsageError

RNG = np.random.default_rng(7)
UNEVEN = np.cumsum(RNG.choice([1 / 60, 1 / 60, 2 / 60, 1 / 30], 140) + RNG.normal(0, 2e-4, 140))
OPEN = {"preset": "veryfast", "x264-params": "open-gop=1:scenecut=0"}
OPEN_HEVC = {"x265-params": "open-gop=1:keyint=30:log-level=none"}

KINDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "constant 240, long groups, B frames": ("mp4", np.arange(280) / 240, {}),
    "variable rate": ("mp4", UNEVEN, {"every": 60}),
    "hevc": ("mp4", np.arange(160) / 120, {"encoder": "libx265", "every": 50}),
    "intra": ("mp4", np.arange(150) / 120, {"every": 1, "ahead": 0}),
    "late start": ("mp4", np.arange(120) / 60 + 0.7331, {}),
    "open groups": ("mp4", np.arange(200) / 60, {"every": 30, "options": OPEN}),
    "open groups, hevc": ("mp4", np.arange(150) / 60, {"encoder": "libx265", "every": 30, "options": OPEN_HEVC}),
    "matroska": ("mkv", np.arange(150) / 50, {"every": 30}),
    "transport stream": ("ts", np.arange(150) / 50 + 1.0, {"every": 30}),
    "avi": ("avi", np.arange(100) / 50, {"encoder": "mpeg4", "ticks": 50, "every": 30, "ahead": 0}),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 frames at 60 Hz, in groups of 50."""
    return clips.write(tmp_path_factory.mktemp("clips") / "plain.mp4", np.arange(300) / 60, every=50)


@pytest.mark.parametrize("kind", KINDS)
def test_times_and_seeks_are_exact(kind: str, tmp_path: Path) -> None:
    suffix, times, facts = KINDS[kind]
    with Clip(clips.write(tmp_path / f"clip.{suffix}", times, **facts)) as clip:
        assert len(clip) == len(times)
        assert np.abs(clip.times - times).max() <= 0.5 / facts.get("ticks", clips.TICKS) + 1e-9
        order = np.random.default_rng(1).permutation(len(clip))[:60]
        assert [number_in(clip.frame(int(i))) for i in order] == list(order)
        assert [number_in(image) for _, _, image in clip.frames(width=96)] == list(range(len(clip)))
        assert clip.facts.variable == (kind == "variable rate") and clip.facts.start == clip.times[0]


def test_a_pass_begins_ends_and_steps_where_it_is_told(plain: Path) -> None:
    with Clip(plain) as clip:
        found = [(i, t, number_in(image)) for i, t, image in clip.frames(40, 120, 7)]
        assert [i for i, _, _ in found] == list(range(40, 120, 7)) == [number for _, _, number in found]
        assert [t for _, t, _ in found] == [clip.times[i] for i, _, _ in found]
        assert list(clip.frames(300)) == [] == list(clip.frames(5, 5))
        running = clip.frames(10)
        assert number_in(next(running)[2]) == 10 and number_in(clip.frame(200)) == 200  # neither disturbs the other
        assert number_in(next(running)[2]) == 11


def test_the_nearest_frame_is_found(plain: Path) -> None:
    with Clip(plain) as clip:
        assert [clip.index_at(t) for t in (-5.0, 0.0, 1.0 + 0.4 / 60, 1.0 + 0.6 / 60, 99.0)] == [0, 0, 60, 61, 299]


def test_an_edit_list_hides_frames(plain: Path, tmp_path: Path) -> None:
    with Clip(clips.trimmed(plain, tmp_path / "trimmed.mp4", 0.5)) as clip:
        assert len(clip) == 270 and clip.facts.discarded == 30
        assert np.abs(clip.times - np.arange(270) / 60).max() < 1e-5
        assert [number_in(clip.frame(i)) for i in (269, 0, 100, 1)] == [299, 30, 130, 31]
        assert number_in(next(clip.frames())[2]) == 30


@pytest.mark.parametrize(("matrix", "rotation", "corner"), [
    ((1, 0, 0, 1), 0, "bottom left"), ((0, 1, -1, 0), -90, "top left"), ((-1, 0, 0, -1), 180, "top right"),
    ((0, -1, 1, 0), 90, "bottom right"), ((-1, 0, 0, 1), 0, "bottom right"), ((1, 0, 0, -1), 0, "top left"),
])  # fmt: skip
def test_pictures_are_turned_and_mirrored_as_the_file_says(
    matrix: tuple[int, int, int, int], rotation: int, corner: str, plain: Path, tmp_path: Path
) -> None:
    with Clip(clips.turned(plain, tmp_path / "turned.mp4", matrix)) as clip:
        assert clip.size == (clips.SIZE if matrix[0] else clips.SIZE[::-1]) and clip.facts.rotation == rotation
        for image in (clip.frame(3), clip.frame(3, width=64)):
            red = np.argwhere((image[..., 0] > 150) & (image[..., 1] < 90)).mean(axis=0) / image.shape[:2]
            assert (("top" if red[0] < 0.5 else "bottom") + (" left" if red[1] < 0.5 else " right")) == corner
        assert clip.frame(3).shape == (*clip.size[::-1], 3)


def test_colours_survive(plain: Path, tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "own.mp4", clips.SIZE) as writer:
        writer.add(picture(0), 0.0)
        writer.add(np.full(clips.SIZE[::-1], 200, np.uint8), 0.1)
    with Clip(tmp_path / "own.mp4") as own, Clip(plain) as other:
        for image in (own.frame(0), other.frame(0)):
            assert np.abs(image[110:125, 5:25].mean(axis=(0, 1)) - (220, 30, 30)).max() < 6
        assert np.abs(own.frame(1).astype(float) - 200).max() < 4


@pytest.mark.parametrize(("metadata", "stated", "scale", "source"), [
    ({"com.android.capture.fps": "240"}, None, 0.25, "metadata"),
    ({"com.android.capture.fps": "59.9"}, None, 1.0, "metadata"),
    ({"com.android.capture.fps": "240"}, 0.5, 0.5, "stated"),
    ({"com.android.capture.fps": "nonsense"}, None, 1.0, "none"),
    ({"com.apple.quicktime.full-frame-rate-playback-intent": "0"}, None, 1.0, "metadata"),
])  # fmt: skip
def test_slow_motion_is_what_the_file_or_the_user_says(
    metadata: dict[str, str], stated: float | None, scale: float, source: str, tmp_path: Path
) -> None:
    tone = np.sin(np.arange(4800) / 5.0)
    path = clips.write(tmp_path / "slow.mp4", np.arange(30) / 60 + 0.5, metadata=metadata, sound=(tone, 48_000, 0.5),
                       container={"movflags": "use_metadata_tags"})  # fmt: skip
    with Clip(path, time_scale=stated) as clip:
        assert clip.times == pytest.approx(scale * (np.arange(30) / 60 + 0.5), abs=1e-5)
        facts = clip.facts
        assert facts.time_scale == pytest.approx(scale, rel=1e-4) and facts.scale_source == source
        assert facts.nominal_rate == pytest.approx(60.0, rel=1e-3)
        sound = clip.sound()
        assert sound is not None and sound.rate * scale == pytest.approx(48_000, rel=1e-4)


@pytest.mark.parametrize("first", [0.0, 0.7])
def test_sound_is_on_the_clock_of_the_frames(first: float, tmp_path: Path) -> None:
    rate, click = 48_000, 0.3125  # s after the sound begins
    heard = np.zeros(rate)
    at = round(click * rate)
    heard[at : at + 480] = np.sin(np.arange(480) * 2 * np.pi * 2000 / rate)
    path = clips.write(tmp_path / "sound.mp4", np.arange(60) / 60 + 0.25, sound=(heard, rate, first))
    with Clip(path) as clip:
        sound = clip.sound()
        assert sound is not None and clip.times[0] == pytest.approx(0.25, abs=1e-5)
        pattern = np.correlate(sound.values, heard[at : at + 480], "valid")
        found = sound.t0 + int(np.argmax(pattern)) / sound.rate
        assert found == pytest.approx(first + click, abs=2.0 / rate)


def test_a_clip_without_sound_has_none(plain: Path) -> None:
    with Clip(plain) as clip:
        assert clip.sound() is None


# --- files that are none ---


def cut(content: bytes) -> bytes:
    return content[: len(content) * 7 // 10]


def same_times(content: bytes) -> bytes:
    found = bytearray(content)
    start, _ = clips.box(found, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts")
    found[start + 12 : start + 16] = bytes(4)
    return bytes(found)


def huge_count(content: bytes) -> bytes:
    found = bytearray(content)
    start, _ = clips.box(found, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
    found[start + 4 : start + 12] = struct.pack(">II", 1000, 0x7FFFFFF0)
    return bytes(found)


def huge_pictures(content: bytes) -> bytes:
    found = bytearray(content)
    start, _ = clips.box(found, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    found[start + 40 : start + 44] = struct.pack(">HH", 65535, 65535)
    # without the parameters of the stream nothing but the header says how large they are
    at = found.index(b"avcC")
    found[at : at + 4] = b"free"
    return bytes(found)


BAD: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "play list": lambda content: b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n",
    "list of files": lambda content: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "text": lambda content: b"time,fz\n0,1\n" * 100,
    "noise": lambda content: np.random.default_rng(3).bytes(20_000),
    "same times": same_times,
    "huge count": huge_count,
    "huge pictures": huge_pictures,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_clip_is_refused_in_a_sentence(name: str, plain: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(BAD[name](plain.read_bytes()))
    with pytest.raises(ReadError, match=r"bad\.mp4: .*; ") as told:
        Clip(bad)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_file_that_was_cut_off_is_refused(kind: str, tmp_path: Path) -> None:
    ahead = {"movflags": "faststart"} if kind == "mp4" else None
    path = clips.write(tmp_path / f"cut.{kind}", np.arange(300) / 60, every=50, container=ahead)
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(ReadError, match="was cut off after"):
        Clip(path)


def test_names_that_are_no_clip(tmp_path: Path, plain: Path) -> None:
    for name in (tmp_path, tmp_path / "nothing.mp4", "http://127.0.0.1:9/a.mp4", "a\x00b"):
        with pytest.raises(ReadError):
            Clip(name)
    with pytest.raises(UsageError):
        Clip(plain, time_scale=0.0)
    with Clip(plain) as clip:
        for wrong in (lambda: clip.frame(300), lambda: clip.frame(-1), lambda: clip.frame(0, width=500),
                      lambda: clip.frames(-1), lambda: clip.frames(step=0)):  # fmt: skip
            with pytest.raises(UsageError):
                wrong()


def test_limits(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hipdrive.acquisition.video import clipindex, sound

    for module, limit, least, code in (
        (container, "MAX_BYTES", 100, "too_large"), (container, "MAX_PIXELS", 100, "dimensions"),
        (clipindex, "MAX_FRAMES", 100, "too_long"), (clipindex, "MAX_SECONDS", 1.0, "times"),
    ):  # fmt: skip
        with monkeypatch.context() as small:
            small.setattr(module, limit, least)
            with pytest.raises(ReadError) as told:
                Clip(plain)
            assert told.value.code == code
    heard = clips.write(plain.with_name("heard.mp4"), np.arange(9) / 60, sound=(np.zeros(48_000), 48_000, 0.0))
    monkeypatch.setattr(sound, "MAX_SAMPLES", 1000)
    with Clip(heard) as clip, pytest.raises(ReadError, match="sound"):
        clip.sound()


def test_a_damaged_frame_is_refused_by_its_number(plain: Path, tmp_path: Path) -> None:
    """The groups before and after it are whole; no frame is shown in place of another."""
    content = bytearray(plain.read_bytes())
    with av.open(str(plain)) as file:
        packets = sorted((p for p in file.demux(video=0) if p.size), key=lambda p: p.pts or 0)
        key = packets[100]
        assert key.is_keyframe and key.pos is not None
        content[key.pos + 4 : key.pos + key.size] = bytes(key.size - 4)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    with Clip(path) as clip:
        outcomes = {}
        for i in np.random.default_rng(2).permutation(300):
            try:
                outcomes[int(i)] = number_in(clip.frame(int(i)))
            except ReadError as told:
                assert f"frame {i} of 300" in str(told)
        assert all(i == number for i, number in outcomes.items())
        assert {*range(98), *range(150, 300)} <= outcomes.keys() and not {*range(100, 150)} & outcomes.keys()
        passed: list[int] = []
        with pytest.raises(ReadError, match=r"frame (9[89]|100) of 300 cannot be decoded"):
            for i, _, image in clip.frames():
                assert number_in(image) == i
                passed.append(i)
        assert passed == list(range(len(passed))) and len(passed) >= 98
        assert [number_in(image) for _, _, image in clip.frames(150)] == list(range(150, 300))


def test_headers_of_noise_never_crash(plain: Path, tmp_path: Path) -> None:
    rng, content, opened = np.random.default_rng(5), plain.read_bytes(), 0
    path = tmp_path / "noise.mp4"
    for _ in range(60):
        changed = bytearray(content)
        start, end = clips.box(changed, b"moov")
        for at in rng.integers(start, end, int(rng.integers(1, 4))):
            changed[at] = int(rng.integers(256))
        path.write_bytes(changed)
        began = time.perf_counter()
        try:
            with Clip(path) as clip:
                clip.frame(len(clip) // 2)
                opened += 1
        except ReadError:
            pass
        assert time.perf_counter() - began < 10.0
    assert 0 < opened < 60


# --- small pictures ---


def test_small_pictures_are_those_of_the_clip(plain: Path) -> None:
    with Clip(plain) as clip:
        cache = ScrubCache(clip, width=96)
        assert number_in(cache.image(123)) == 123 and 123 in cache and len(cache) == 1
        passed = [i for i, _, _ in cache.passing(clip.frames(0, 50))]
        assert passed == list(range(50)) and len(cache) == 51
        assert cache.image(7).shape == (64, 96, 3) and number_in(cache.image(7)) == 7
        cache.fill()
        assert len(cache) == 300
        assert [number_in(cache.image(i)) for i in range(299, -1, -7)] == list(range(299, -1, -7))
        difference = cache.image(9).astype(float) - clip.frame(9, width=96)
        assert np.sqrt((difference**2).mean()) < 12.0


def test_small_pictures_stay_within_their_memory(plain: Path) -> None:
    with Clip(plain) as clip:
        cache = ScrubCache(clip, width=96, limit=40_000)
        cache.fill()
        held = len(cache)
        for i in range(0, 300, 3):
            assert number_in(cache.image(i)) == i and cache.bytes <= 40_000
        assert 3 < held < 100
        with pytest.raises(UsageError):
            ScrubCache(clip, quality=0)


# --- writing ---


@pytest.mark.parametrize("codec", ["h264", "hevc", "intra", "camera"])
def test_what_is_written_is_read_again(codec: str, tmp_path: Path) -> None:
    times = 0.3 + UNEVEN[:90]
    with ClipWriter(tmp_path / "new.mp4", clips.SIZE, codec=codec, rotation=90, metadata={"comment": "made"}) as writer:
        for number, t in enumerate(times):
            writer.add(picture(number), float(t))
        assert [path.name for path in tmp_path.iterdir()] == ["new.part.mp4"]
    assert [path.name for path in tmp_path.iterdir()] == ["new.mp4"]
    with Clip(tmp_path / "new.mp4") as clip:
        assert np.abs(clip.times - times).max() <= 0.6e-6 and clip.facts.rotation == 90
        assert [number_in(np.rot90(clip.frame(i), -1)) for i in (89, 0, 45, 44, 46)] == [89, 0, 45, 44, 46]
        assert clip.facts.codec == ("hevc" if codec == "hevc" else "h264")
    with av.open(str(tmp_path / "new.mp4")) as file:
        assert file.metadata["comment"] == "made"


def test_sound_that_is_written_is_where_it_was(tmp_path: Path) -> None:
    rate = 44_100
    heard = np.random.default_rng(4).normal(0.0, 0.1, rate)
    with ClipWriter(tmp_path / "new.mp4", clips.SIZE, audio_rate=rate) as writer:
        for number in range(60):
            writer.add(picture(number), 0.5 + number / 60)
            piece = slice(735 * number, 735 * number + 735)
            writer.add_sound(heard[piece], 0.25 + number / 60)
        with pytest.raises(UsageError, match="follow"):
            writer.add_sound(heard[:10], 9.0)
    with Clip(tmp_path / "new.mp4") as clip:
        sound = clip.sound()
    assert sound is not None and clip.times[0] == pytest.approx(0.5, abs=1e-6)
    lag = int(np.argmax(np.correlate(sound.values, heard[10_000:30_000], "valid"))) - 10_000
    assert sound.t0 + lag / rate == pytest.approx(0.25, abs=2 / rate)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.mp4"
    path.write_bytes(b"old")
    for facts in ({"size": (31, 20)}, {"size": (0, 0)}, {"codec": "vhs"}, {"rate": float("nan")}, {"rotation": 45}):
        with pytest.raises(UsageError, match=r"new\.mp4"):
            ClipWriter(path, **{"size": clips.SIZE, **facts})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="cannot be written"):
        ClipWriter(tmp_path / "no" / "new.mp4", clips.SIZE)
    with pytest.raises(UsageError, match="not later"), ClipWriter(path, clips.SIZE) as writer:
        writer.add(picture(0), 1.0)
        for wrong in (np.zeros((3, 3, 3), np.uint8), picture(0).astype(float)):
            with pytest.raises(UsageError, match="picture"):
                writer.add(wrong, 2.0)
        with pytest.raises(UsageError, match="sound"):
            writer.add_sound(np.zeros(10), 0.0)
        writer.add(picture(1), 1.0)
    assert path.read_bytes() == b"old" and [one.name for one in tmp_path.iterdir()] == ["new.mp4"]


def test_a_clip_without_frames_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture came"), ClipWriter(tmp_path / "new.mp4", clips.SIZE):
        pass
    assert not list(tmp_path.iterdir())


# --- real ones ---

REAL = ("video_squat_sagittal/squat.mp4", "video_sports2d/demo4_1045481.mp4", "video_sports2d/demo_3968304.mp4",
        "video_pose2sim_4cam/cam01.mp4", "video_pose2sim_4cam/cam02.mp4")  # fmt: skip


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_clips_give_the_same_frame_by_either_way(name: str, data: Path) -> None:
    with Clip(data / name) as clip, av.open(str(data / name)) as file:
        assert len(clip) == file.streams.video[0].frames
        assert (np.diff(clip.times) > 0).all()
        wanted = np.random.default_rng(0).permutation(len(clip))[:12]
        passed = {i: image for i, _, image in clip.frames(width=160) if i in wanted}
        for i in wanted:
            assert np.array_equal(clip.frame(int(i), width=160), passed[int(i)])
        seen = [frame.time for frame in file.decode(video=0)]
        assert clip.times == pytest.approx(seen, abs=1e-9)
        sound = clip.sound()
        assert (sound is None) == (not file.streams.audio)
