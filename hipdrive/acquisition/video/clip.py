"""A clip: when each frame was taken, and any frame by its number.

Times are those of the file's own stamps (PTS), never number over rate: phones film at a rate that varies, cut the
beginning off with an edit list, and start sound and pictures apart. Pictures are found by their stamp, too.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hipdrive.acquisition.video.clipindex import Index, indexed
from hipdrive.acquisition.video.container import FAULTS, fingerprint, opened, video_of
from hipdrive.acquisition.video.picture import Image, View, view_of
from hipdrive.acquisition.video.slowmotion import Scale, scale_of
from hipdrive.acquisition.video.sound import sound_of
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import Floats, Signal, read_only

KEPT, KEPT_BYTES = 64, 256 << 20
"""Decoded frames that are kept at most, and their bytes."""

STEADY = 0.02
"""Part of the usual interval by which all others may differ in a clip whose rate counts as constant."""


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What a file says about itself.

    rotation : degrees anticlockwise by which its pictures were turned. nominal_rate : frames a second of the file's own
    times, the usual one. capture_rate : frames a second that the camera says it took, NaN where it does not.
    time_scale : seconds of the world in one of the file; scale_source : `stated`, `metadata` or `none`.
    start : time of the first frame, s. discarded : frames that the edit list leaves out.
    variable : whether intervals differ.
    """

    codec: str
    rotation: int
    nominal_rate: float
    capture_rate: float
    time_scale: float
    scale_source: str
    start: float
    discarded: int
    variable: bool
    frames: int
    sha256: str


class Clip:
    """The frames of a video file.

    Parameters
    ----------
    path : the file.
    time_scale : seconds of the world that one second of the file lasts, below 1 in slow motion (filmed at 240 and
        stored at 30 frames a second: 0.125); None takes what the file says about itself, else 1.

    Attributes
    ----------
    times : ndarray, shape (frames,), s of the world, when each frame was taken; it starts where the file starts.
    size : (width, height) of the pictures as shown.
    facts : `ClipFacts`.

    Raises
    ------
    ReadError : the file is no clip, cut off, or hostile.

    One thread at a time; `frames` has its own decoder, so a pass does not disturb `frame`.
    """

    def __init__(self, path: str | os.PathLike[str], time_scale: float | None = None) -> None:
        self.path = Path(path)
        if time_scale is not None and not (math.isfinite(time_scale) and 1e-3 <= time_scale <= 1e3):
            raise UsageError("time_scale", f"a time scale of {time_scale} makes no sense; give the seconds that one "
                             "second of the file lasts, for example 0.125 for 240 stored as 30")  # fmt: skip
        with opened(self.path) as first:
            stream = video_of(first, self.path)
            self._index: Index = indexed(first, stream, self.path)
            intervals = np.diff(self._index.seconds)
            usual = float(np.median(intervals)) if len(intervals) else math.nan
            scale = scale_of({**first.metadata, **stream.metadata}, 1.0 / usual, time_scale)
            codec = stream.codec_context.name
        self.times: Floats = read_only(self._index.seconds * scale.factor)
        self._reader = _Reader(self.path, self._index)
        self._kept: OrderedDict[int, VideoFrame] = OrderedDict()
        try:
            self._view: View = self._reader.view()
        except ReadError:
            self.close()
            raise
        self.size = self._view.size
        self._most = max(2, min(KEPT, KEPT_BYTES // max(1, 2 * self.size[0] * self.size[1])))
        self.facts = self._facts(codec, scale, usual, intervals)

    def _facts(self, codec: str, scale: Scale, usual: float, intervals: Floats) -> ClipFacts:
        uneven = float(np.max(np.abs(intervals - usual))) if len(intervals) else 0.0
        return ClipFacts(
            codec=codec,
            rotation=self._view.rotation,
            nominal_rate=1.0 / usual,
            capture_rate=scale.capture_rate,
            time_scale=scale.factor,
            scale_source=scale.source,
            start=float(self.times[0]),
            discarded=self._index.discarded,
            variable=bool(uneven > max(STEADY * usual, 1.5 * self._index.unit)),
            frames=len(self.times),
            sha256=fingerprint(self.path),
        )

    def __len__(self) -> int:
        """How many frames."""
        return len(self.times)

    def __enter__(self) -> Clip:
        """The clip itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file and of what was decoded."""
        self._kept.clear()
        self._reader.close()

    def index_at(self, t: float) -> int:
        """Number of the frame whose time is nearest to t, s."""
        after = int(np.searchsorted(self.times, t))
        if after in (0, len(self.times)):
            return min(after, len(self.times) - 1)
        return after if self.times[after] - t < t - self.times[after - 1] else after - 1

    def frame(self, i: int, width: int | None = None) -> Image:
        """Frame i, RGB, shape (height, width, 3); scaled down where a width is given.

        Raises
        ------
        ReadError : this frame cannot be decoded. UsageError : there is no such frame.
        """
        if not 0 <= i < len(self):
            raise UsageError("frame", f"{self.path}: there is no frame {i}; it has {len(self)}, from 0 on")
        self._check_width(width)
        if i not in self._kept:
            for place, frame in self._reader.up_to(i):
                self._kept[place] = frame
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        self._kept.move_to_end(i)
        return self._view.image(self._kept[i], width)

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, width: int | None = None
    ) -> Iterator[tuple[int, float, Image]]:
        """Number, time (s) and picture of frames start, start + step ... before stop, in one pass.

        width : pictures are scaled to it while they are decoded, which costs less than the whole ones.

        Raises
        ------
        ReadError : a frame cannot be decoded, with its number. UsageError : there are no such frames.
        """
        end = len(self) if stop is None else min(stop, len(self))
        if start < 0 or step < 1:
            raise UsageError("frame", f"{self.path}: frames from {start} in steps of {step} are none; it has "
                             f"{len(self)}, from 0 on")  # fmt: skip
        self._check_width(width)
        return self._pass(range(start, end, step), width)

    def _pass(self, wanted: range, width: int | None) -> Iterator[tuple[int, float, Image]]:
        if not wanted:
            return
        with closing(_Reader(self.path, self._index, threads="AUTO")) as fast:
            done = wanted[0]
            for place, frame in fast.run(wanted[0], wanted[-1]):
                done = place + 1
                if place in wanted:
                    yield place, float(self.times[place]), self._view.image(frame, width)
        if done > wanted[-1]:
            return
        with closing(_Reader(self.path, self._index)) as exact:  # something is damaged: which frame?
            for number in range(done, wanted[-1] + 1):
                for place, frame in exact.up_to(number):
                    if place == number and place in wanted:
                        yield place, float(self.times[place]), self._view.image(frame, width)

    def _check_width(self, width: int | None) -> None:
        if width is not None and not 1 <= width <= self.size[0]:
            raise UsageError("width", f"{self.path}: pictures {width} pixels wide cannot be made of ones with "
                             f"{self.size[0]}; give from 1 to {self.size[0]}")  # fmt: skip

    def sound(self) -> Signal | None:
        """The sound as one channel, on the clock of `times`; None where the clip has none.

        Raises
        ------
        ReadError : it is damaged.
        """
        return sound_of(self.path, self.facts.time_scale)


class _Reader:
    """A decoder that runs forward, and goes back to a key frame where it has to.

    Without threads an error belongs to the packet that was just given, and so to what is decoded after it.
    """

    def __init__(self, path: Path, index: Index, threads: str = "SLICE") -> None:
        self._path, self._index = path, index
        self._container: InputContainer = opened(path)
        self._stream: VideoStream = video_of(self._container, path)
        self._stream.thread_type = "AUTO" if threads == "AUTO" else "SLICE"
        self._size = (self._stream.codec_context.width, self._stream.codec_context.height)
        self._decoded: Iterator[VideoFrame | None] = iter(())
        self._at: int | None = None  # number of the frame that was decoded last

    def close(self) -> None:
        self._decoded = iter(())
        self._container.close()

    def view(self) -> View:
        """How pictures are to be shown, by the first that can be decoded."""
        self._seek(0)
        frame = next((one for one in self._decoded if one is not None), None)
        self._at = None
        if frame is None:
            raise ReadError("codec", f"{self._path}: none of its frames can be decoded; export it again as H.264")
        aspect = self._stream.sample_aspect_ratio
        return view_of(frame, float(aspect) if aspect else 1.0)

    def up_to(self, wanted: int) -> Iterator[tuple[int, VideoFrame]]:
        """Frames to one that is wanted; on the way those that come before it."""
        key = self._index.key_of(int(self._index.stamps[wanted]))
        if (
            self._at is None
            or not self._index.keys[key][0] <= self._index.stamps[self._at] < self._index.stamps[wanted]
        ):
            self._seek(wanted)
        for frame in self._decoded:
            if frame is None:
                self._at = None  # what comes now may be made from the damaged one
                raise self._broken(wanted)
            place = self._index.place_of(frame.pts)
            if place is None:
                continue
            if place > wanted:
                break
            self._at = place
            yield place, frame
            if place == wanted:
                return
        self._at = None
        raise self._broken(wanted)

    def run(self, first: int, last: int) -> Iterator[tuple[int, VideoFrame]]:
        """Frames from one to another without a gap, up to where something is damaged."""
        self._seek(first)
        expected = first
        for frame in self._decoded:
            if frame is None:
                return
            place = self._index.place_of(frame.pts)
            if place is None or place < expected:
                continue
            if place > expected:
                return
            expected = place + 1
            yield place, frame
            if place == last:
                return

    def _broken(self, number: int) -> ReadError:
        return ReadError("frame_damaged", f"{self._path}: frame {number} of {len(self._index.stamps)} cannot be "
                         "decoded; copy the clip from the camera again, or leave this part out")  # fmt: skip

    def _seek(self, wanted: int) -> None:
        """Go to the last key frame that is not after a frame, and look whether the container did."""
        key = self._index.key_of(int(self._index.stamps[wanted]))
        self._at = None
        for k in range(key, -1, -1):
            packets = self._packets(self._index.keys[k][1])
            first = next(packets, None)
            if first is not None and first.pts is not None and first.pts <= self._index.keys[key][0]:
                self._decoded = self._decode(first, packets, self._index.keys[k][0])
                return
        self._decoded = iter(())

    def _packets(self, stamp: int) -> Iterator[av.Packet[VideoStream]]:
        try:
            self._container.seek(stamp, stream=self._stream, backward=True, any_frame=False)
            yield from self._container.demux(self._stream)
        except FAULTS:
            return

    def _decode(
        self, first: av.Packet[VideoStream], rest: Iterator[av.Packet[VideoStream]], key: int
    ) -> Iterator[VideoFrame | None]:
        """Frames as they come; None where something could not be decoded.

        Frames that are given after a key frame and shown before it may need what was not read: they are left out.
        """
        for packet in itertools.chain((first,), rest):
            leads = packet.pts is not None and packet.pts < key
            try:
                frames = packet.decode()
            except FAULTS:
                if not leads:
                    yield None
                continue
            for frame in frames:
                if frame.pts is not None and frame.pts >= key:
                    whole = not (frame.is_corrupt or packet.is_corrupt)
                    yield frame if whole and (frame.width, frame.height) == self._size else None
