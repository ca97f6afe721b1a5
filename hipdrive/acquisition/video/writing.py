"""Writing a clip: frames at their own times, to the microsecond, under a temporary name until all of it is there.

The file grows in fragments, so a program that was ended leaves one that plays up to its last seconds, and it becomes a
plain MP4 when it is closed.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import ArrayLike, NDArray

from hipdrive import disk
from hipdrive.acquisition.video.container import MAX_PIXELS, MAX_SECONDS, opened, reason, video_of
from hipdrive.errors import ReadError, UsageError

TICKS = 1_000_000
"""Of the file's clock in a second."""

PART = ".part"
"""Stands before the suffix of a clip that is being written: jump.part.mp4."""

OPTIONS = {
    "movflags": "hybrid_fragmented+frag_keyframe+delay_moov+use_metadata_tags",
    "movie_timescale": str(TICKS),
    "flush_packets": "1",  # what is written shall be on the disk when the program is ended
}

QUIET = "log-level=none"  # x265 talks on standard error


@dataclass(frozen=True)
class Codec:
    """encoder : FFmpeg's name; options : of it; every : frames from one key frame to the next; ahead : B frames."""

    encoder: str
    options: Mapping[str, str]
    every: int
    ahead: int


CODECS: Mapping[str, Codec] = MappingProxyType({
    "h264": Codec("libx264", {"preset": "veryfast"}, 60, 2),
    "hevc": Codec("libx265", {"preset": "superfast", "x265-params": QUIET}, 60, 2),
    "intra": Codec("libx264", {"preset": "ultrafast"}, 1, 0),
    "camera": Codec("libx264", {"preset": "ultrafast", "tune": "zerolatency"}, 15, 0),
})  # fmt: skip
"""`h264` and `hevc` for clips that are passed on; `intra`: every frame by itself; `camera`: short groups, fast enough
to be written while the pictures come."""


class ClipWriter:
    """A new MP4 file.

    Parameters
    ----------
    path : of the clip; what is there already is replaced when the new one is whole.
    size : (width, height), both even.
    audio_rate : Hz, where it shall have sound.
    codec : one of `CODECS`. quality : CRF, lower is better and larger. every : frames between key frames.
    rate : frames a second to expect; times are those given with each.
    rotation : degrees anticlockwise by which a player shall turn the pictures.
    metadata : written into the file.

    As a context manager it finishes the clip, or takes it back where something went wrong.

    Raises
    ------
    UsageError : it cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: tuple[int, int],
        *,
        audio_rate: int | None = None,
        codec: str = "h264",
        quality: int = 18,
        every: int | None = None,
        rate: float = 60.0,
        rotation: int = 0,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.part = self.path.with_name(f"{self.path.stem}{PART}.mp4")
        self.size, self.frames, self._last = size, 0, -1
        self._audio: AudioStream | None = None
        self._sound_end: int | None = None
        self._check(size, codec, rate, rotation)
        try:
            self._container = av.open(str(self.part.absolute()), "w", format="mp4", options=dict(OPTIONS))
        except (av.FFmpegError, OSError, ValueError) as why:
            raise self._failed(why) from None
        try:
            self._video = _video(self._container, CODECS[codec], size, Fraction(rate).limit_denominator(1001))
            self._video.codec_context.gop_size = every or CODECS[codec].every
            self._video.codec_context.options = {**CODECS[codec].options, "crf": str(quality)}
            if rotation:
                self._video.set_display_rotation(rotation)
            if audio_rate is not None:
                self._audio = self._container.add_stream("aac", rate=audio_rate, layout="mono")
            self._container.metadata.update(metadata or {})
            self._container.start_encoding()  # makes the file now, where a wrong folder can still be mended
        except (av.FFmpegError, OSError, ValueError, AttributeError) as why:
            self.abandon()
            raise self._failed(why) from None

    def _check(self, size: tuple[int, int], codec: str, rate: float, rotation: int) -> None:
        width, height = size
        if not (width > 0 and height > 0 and width * height <= MAX_PIXELS) or width % 2 or height % 2:
            raise UsageError("clip_size", f"{self.path}: a clip of {width} x {height} pixels cannot be made; both have "
                             "to be even")  # fmt: skip
        if codec not in CODECS:
            raise UsageError("clip_codec", f"{self.path}: codec {codec!r} is not known; choose one of "
                             f"{', '.join(CODECS)}")  # fmt: skip
        if not (math.isfinite(rate) and 0.1 <= rate <= 1e5) or rotation % 90:
            raise UsageError("clip_facts", f"{self.path}: {rate} frames a second, turned by {rotation} degrees make "
                             "no sense; give a rate in Hz and 0, 90, 180 or -90")  # fmt: skip

    def add(self, image: NDArray[np.uint8], t: float) -> None:
        """Append a picture that was taken at t, s; RGB of shape (height, width, 3), or grey of (height, width).

        Raises
        ------
        UsageError : of another size, or not later than the one before; or the disk takes no more.
        """
        if image.dtype != np.uint8 or image.shape not in ((*self.size[::-1], 3), self.size[::-1]):
            raise UsageError("clip_picture", f"{self.path}: a picture of {image.shape} {image.dtype} is none of "
                             f"{self.size[0]} x {self.size[1]}; give RGB or grey bytes of that size")  # fmt: skip
        stamp = round(t * TICKS) if math.isfinite(t) and 0.0 <= t <= MAX_SECONDS else -1
        if stamp <= self._last:
            raise UsageError("clip_time", f"{self.path}: frame {self.frames} at {t} s is not later than the one before "
                             f"({self._last / TICKS:.6f} s); frames come in the order of their times, from 0 s on"
                             )  # fmt: skip
        colour = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
        planes = cv2.cvtColor(
            colour, cv2.COLOR_RGB2YUV_I420
        )  # five times as fast as FFmpeg, which counts while filming
        frame = VideoFrame.from_ndarray(np.asarray(planes, dtype=np.uint8), format="yuv420p")
        frame.pts, frame.time_base = stamp, Fraction(1, TICKS)
        try:
            self._container.mux(self._video.encode(frame))
        except (av.FFmpegError, OSError, ValueError) as why:
            raise self._failed(why) from None
        self._last = stamp
        self.frames += 1

    def add_sound(self, samples: ArrayLike, t: float) -> None:
        """Append sound of one channel, from -1 to 1, whose first sample is at t, s; pieces follow without a gap.

        Raises
        ------
        UsageError : the clip has no sound, or a piece does not follow.
        """
        if self._audio is None:
            raise UsageError("clip_sound", f"{self.path}: this clip has no sound; give audio_rate when it is opened")
        values = np.clip(np.asarray(samples, dtype=np.float32), -1.0, 1.0)
        start = round(t * self._audio.rate) if math.isfinite(t) and t >= 0.0 else -1
        if values.ndim != 1 or start < 0 or (self._sound_end is not None and abs(start - self._sound_end) > 1):
            raise UsageError("clip_sound", f"{self.path}: sound at {t} s does not follow the piece before; give one "
                             "channel without gaps")  # fmt: skip
        start = start if self._sound_end is None else self._sound_end
        frame = AudioFrame.from_ndarray(values[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._audio.rate, start, Fraction(1, self._audio.rate)
        try:
            self._container.mux(self._audio.encode(frame))
        except (av.FFmpegError, OSError, ValueError) as why:
            raise self._failed(why) from None
        self._sound_end = start + len(values)

    def close(self) -> None:
        """Write what is left, wait for the disk, and give the clip its name.

        Raises
        ------
        UsageError : it cannot be finished; what is there stays under its temporary name.
        """
        if not self.frames:
            self.abandon()
            raise UsageError("clip_empty", f"{self.path}: no picture came, so there is no clip; check the camera")
        try:
            self._container.mux(self._video.encode(None))
            if self._audio is not None:
                self._container.mux(self._audio.encode(None))
            self._container.close()
            handle = os.open(self.part, os.O_RDWR)
            try:
                disk.sync(handle)
            finally:
                os.close(handle)
            os.replace(self.part, self.path)
            disk.sync_folder(self.path.absolute().parent)
        except (av.FFmpegError, OSError, ValueError) as why:
            raise self._failed(why) from None

    def abandon(self) -> None:
        """Take back what was written."""
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()
        with contextlib.suppress(OSError):
            self.part.unlink()

    def __enter__(self) -> ClipWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the clip, or take it back after an error."""
        if error is None:
            self.close()
        else:
            self.abandon()

    def _failed(self, why: BaseException) -> UsageError:
        return UsageError("clip_write", f"{self.path}: the clip cannot be written ({reason(why)}); choose another "
                          "folder, or make room")  # fmt: skip


def _video(container: OutputContainer, codec: Codec, size: tuple[int, int], rate: Fraction) -> VideoStream:
    """The stream of the pictures."""
    stream = container.add_stream(codec.encoder, rate=rate)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.time_base = stream.time_base = Fraction(1, TICKS)
    context.max_b_frames = codec.ahead
    # What OpenCV makes of RGB: ITU-R BT.601 in the range that films have.
    context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, 6, 6, 6
    return stream


def recovered(path: str | os.PathLike[str]) -> int:
    """Make a clip of what a program that was ended had written of it (jump.part.mp4 to jump.mp4); its frames.

    Raises
    ------
    ReadError : there is none, or nothing of it can be read. UsageError : the clip cannot be written.
    """
    path = Path(path)
    part = path.with_name(f"{path.stem}{PART}.mp4")
    whole = path.with_name(f"{path.stem}.recovered{PART}.mp4")
    frames = 0
    try:
        with opened(part) as source, av.open(str(whole.absolute()), "w", format="mp4", options=dict(OPTIONS)) as target:
            stream = video_of(source, part)
            copy = target.add_stream_from_template(stream)
            with contextlib.suppress(av.FFmpegError):  # it ends where the program did
                for packet in source.demux(stream):
                    if packet.dts is None or packet.is_corrupt:
                        continue
                    packet.stream = copy
                    target.mux(packet)
                    frames += 1
        if frames:
            os.replace(whole, path)
            part.unlink()
    except (av.FFmpegError, OSError, ValueError) as why:
        raise UsageError("clip_write", f"{path}: the clip cannot be written ({reason(why)}); make room") from None
    finally:
        with contextlib.suppress(OSError):
            whole.unlink()
    if not frames:
        raise ReadError("no_frames", f"{part}: holds no whole frame; nothing of this clip can be had back")
    return frames
