"""Which frames a clip has and when they were taken: by its packets' time stamps, without decoding."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from hipdrive.acquisition.video.container import FAULTS, MAX_FRAMES, MAX_SECONDS, reason
from hipdrive.errors import ReadError
from hipdrive.trial import Floats

SHORT_S, SHORT = 0.5, 0.02
"""A file is cut off where its packets end so many s, and this part of what its header says, before the header's end."""


@dataclass(frozen=True, eq=False)
class Index:
    """The frames that are shown, in order.

    stamps : ndarray, shape (frames,), int64, PTS of each, in units of `unit` s.
    keys : (PTS, DTS) of the frames that can be decoded without another, in order.
    discarded : frames that are in the file, but that its edit list leaves out.
    """

    stamps: NDArray[np.int64]
    unit: float
    keys: tuple[tuple[int, int], ...]
    discarded: int

    @property
    def seconds(self) -> Floats:
        """Times of the file, s, which are not those of the world where it is in slow motion."""
        return np.asarray(self.stamps * self.unit, dtype=np.float64)

    def key_of(self, stamp: int) -> int:
        """Place in `keys` of the last one that is not after a stamp (0 where all are)."""
        return max(0, bisect.bisect_right(self.keys, (stamp, 1 << 62)) - 1)

    def place_of(self, stamp: int | None) -> int | None:
        """Number of the frame of a stamp, None where no frame that is shown has it."""
        if stamp is None:
            return None
        place = int(np.searchsorted(self.stamps, stamp))
        return place if place < len(self.stamps) and self.stamps[place] == stamp else None


def indexed(container: InputContainer, stream: VideoStream, path: Path) -> Index:
    """Read all packets once.

    Raises
    ------
    ReadError : cut off, without times or with times that do not rise, or more than a clip can be.
    """
    assert stream.time_base is not None
    stamps: list[int] = []
    keys: list[tuple[int, int]] = []
    discarded, end = 0, 0.0
    try:
        for packet in container.demux():
            if packet.size == 0:
                continue
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index != stream.index:
                continue
            if packet.pts is None:
                raise ReadError("no_times", f"{path}: frame {len(stamps)} has no time; copy it into an MP4 file")
            if packet.is_keyframe:
                keys.append((packet.pts, packet.pts if packet.dts is None else packet.dts))
            if packet.is_discard:
                discarded += 1
            else:
                stamps.append(packet.pts)
            if len(stamps) + discarded > MAX_FRAMES:
                raise ReadError("too_long", f"{path}: has more than {MAX_FRAMES} frames; cut it into single trials")
    except FAULTS as why:
        raise ReadError("damaged", f"{path}: is damaged after frame {len(stamps)} ({reason(why)}); copy it from the "
                        "camera again") from None  # fmt: skip
    _check_whole(container, stream, path, len(stamps) + discarded, end)
    index = Index(np.sort(np.array(stamps, dtype=np.int64)), float(stream.time_base), tuple(sorted(keys)), discarded)
    _check_times(index, path)
    return index


def _check_whole(container: InputContainer, stream: VideoStream, path: Path, count: int, end: float) -> None:
    """Refuse a file that ends before what its header says."""
    entries = stream.index_entries
    there = path.stat().st_size
    beyond = any(entries[i].pos + entries[i].size > there for i in range(max(0, len(entries) - 50), len(entries)))
    said = 0.0 if container.duration is None else (container.duration + (container.start_time or 0)) / av.time_base
    if beyond or said - end > max(SHORT_S, SHORT * said):
        raise ReadError("truncated", f"{path}: was cut off after {count} frames, at {end:.1f} s of {said:.1f} s; copy "
                        "it from the camera again")  # fmt: skip


def _check_times(index: Index, path: Path) -> None:
    if not len(index.stamps) or not index.keys:
        raise ReadError("no_frames", f"{path}: holds no frame; copy it from the camera again")
    if len(twice := np.flatnonzero(np.diff(index.stamps) <= 0)):
        raise ReadError("times", f"{path}: frames {twice[0]} and {twice[0] + 1} have the same time, so nobody knows "
                        "when they were taken; export it again")  # fmt: skip
    seconds = index.seconds
    if not (abs(seconds[0]) <= MAX_SECONDS and seconds[-1] - seconds[0] <= MAX_SECONDS):
        raise ReadError("times", f"{path}: says that it lasts from {seconds[0]:.3g} to {seconds[-1]:.3g} s, which no "
                        "clip does; export it again")  # fmt: skip
