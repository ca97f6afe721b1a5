"""Pictures into a clip while forces are recorded: one thread takes them, one writes them, nobody waits for either.

What the disk or the encoder cannot keep up with is dropped, counted and said. The clip's times are middles of exposures
(of the first row) by the camera's own clock where it has one, else arrivals; the first frame is at 0.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from hipdrive.acquisition.video import cameralog
from hipdrive.acquisition.video.camera import Camera, CameraEnd, CameraFacts, Frame
from hipdrive.acquisition.video.cameralog import CameraLog
from hipdrive.acquisition.video.container import fingerprint
from hipdrive.acquisition.video.writing import PART, ClipWriter, recovered
from hipdrive.errors import HipdriveError, UsageError

WAITING = 512 << 20
"""Bytes of pictures that may wait for the encoder."""

READ_S, SILENT_S, DRAIN_S, FINISH_S = 0.1, 2.0, 30.0, 120.0
"""s that a read waits; after which a camera that sends nothing is said to be silent; that what is in the camera is
waited for at the end; and what waits for the encoder."""

APART = 1.5
"""Times the usual interval: pictures farther apart have lost one between them, where the camera does not count."""

Tell = Callable[[str, str], object]


class CameraRecorder:
    """Records a camera into `path` (MP4) and its log beside it, until `stop`.

    codec, quality : as `ClipWriter` takes them. waiting : bytes of pictures that may wait for the encoder.
    patience : s that the end waits for what is still in the camera (a renderer may be slower than the world).
    tell : called with code and sentence of what goes wrong, from a thread of the recorder.

    >>> from hipdrive.acquisition.video.playedcamera import SyntheticCamera
    >>> import numpy as np, pathlib, tempfile
    >>> camera = SyntheticCamera(lambda t: np.full((32, 64, 3), 100, np.uint8), 100.0, duration=0.5, realtime=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder = CameraRecorder(camera, pathlib.Path(folder) / "jump.mp4")
    ...     recorder.start()
    ...     finished = recorder.ended.wait(10.0)
    ...     log = recorder.stop()
    >>> len(log.times), log.lost, log.clock
    (50, 0, 'device')
    """

    def __init__(
        self,
        camera: Camera,
        path: str | os.PathLike[str],
        *,
        codec: str = "camera",
        quality: int = 18,
        waiting: int = WAITING,
        patience: float = DRAIN_S,
        tell: Tell | None = None,
    ) -> None:
        self.camera, self.path = camera, Path(path)
        self.log_path = cameralog.beside(self.path)
        self.facts: CameraFacts | None = None
        self.frames = self.lost = 0
        self.fault: HipdriveError | None = None
        self.ended = threading.Event()
        self._codec, self._quality, self._waiting, self._tell = codec, quality, waiting, tell
        self._patience, self._dropped = patience, 0
        self._queue: deque[Frame | tuple[int, str, str] | None] = deque()
        self._held = 0
        self._there = threading.Condition()
        self._before: Frame | None = None
        self._usual = math.nan
        self._writer: ClipWriter | None = None
        self._log: BinaryIO | None = None
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._first = 0.0

    @property
    def _log_part(self) -> Path:
        return cameralog.beside(self.path.with_name(f"{self.path.stem}{PART}.mp4"))

    def start(self) -> None:
        """Open the camera and film.

        Raises
        ------
        UsageError : camera or file cannot be had.
        """
        self.facts = self.camera.open()
        try:
            self._log = self._log_part.open("wb")
            self._say(schema=cameralog.SCHEMA, clip=self.path.name, clock="device" if self.facts.stamped else "host",
                      utc=datetime.now(UTC).isoformat(timespec="microseconds"), monotonic_ns=time.monotonic_ns(),
                      **{**vars(self.facts), "identity": dict(self.facts.identity)})  # fmt: skip
            self.camera.start()
        except OSError as why:
            self.camera.close()
            raise UsageError("clip_write", f"{self.path}: the clip cannot be written ({why.strerror or why}); choose "
                             "another folder, or make room") from None  # fmt: skip
        except HipdriveError:
            self._discard()
            raise
        for name, work in (("take", self._take), ("write", self._write)):
            self._threads.append(threading.Thread(target=work, name=f"hipdrive-camera-{name}", daemon=True))
            self._threads[-1].start()

    def stop(self) -> CameraLog:
        """Film no more, write what waits, and close clip and log.

        Raises
        ------
        HipdriveError : there is no clip: no picture came, or it could not be written.
        """
        self._stopping.set()
        self.camera.stop()
        for thread, longest in zip(self._threads, (self._patience, FINISH_S), strict=True):
            thread.join(longest)
            if thread.is_alive():
                raise self._stuck()
        with contextlib.suppress(HipdriveError):
            self.camera.close()
        return self._closed()

    def _stuck(self) -> HipdriveError:
        """What is written so far stays where it is: a thread may still write to it."""
        self._log = None
        return HipdriveError("camera_stuck", f"{self.path}: camera or disk do not answer; what was written is in "
                             f"{self._log_part.with_suffix('').with_suffix('.mp4').name} beside it")  # fmt: skip

    def __enter__(self) -> CameraRecorder:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; an error of what is recorded beside it is the one that counts."""
        if self._log is None:
            return
        try:
            self.stop()
        except HipdriveError:
            if error is None:
                raise

    def _closed(self) -> CameraLog:
        log, self._log = self._log, None
        writer, self._writer = self._writer, None
        if log is None:
            raise UsageError("camera_stopped", f"{self.path}: the camera was stopped already")
        try:
            if writer is None:
                raise self.fault or HipdriveError("camera_silent", f"{self.path}: no picture came; check the camera")
            writer.close()
            end = "" if self.fault is None else str(self.fault)
            log.write(cameralog.line(end=end, frames=self.frames, sha256=fingerprint(self.path)))
            log.close()
            os.replace(self._log_part, self.log_path)
        except OSError as why:
            raise UsageError("clip_write", f"{self.log_path}: cannot be written ({why.strerror or why}); make "
                             "room") from None  # fmt: skip
        finally:
            log.close()
            if writer is None:
                self._discard()
        return cameralog.read_log(self.log_path)

    def _discard(self) -> None:
        """Close what is open; without a picture the log says nothing."""
        with contextlib.suppress(HipdriveError, OSError):
            self.camera.close()
        if self._log is not None:
            self._log.close()
            self._log = None
        with contextlib.suppress(OSError):
            self._log_part.unlink()

    # --- the thread that takes ---

    def _take(self) -> None:
        heard, silent = time.monotonic(), False
        try:
            while True:
                frame = self.camera.read(READ_S)
                if frame is not None:
                    heard, silent = time.monotonic(), False
                    self._taken(frame)
                elif self._stopping.is_set():
                    break
                elif time.monotonic() - heard > SILENT_S and not silent:
                    silent = True
                    self._warn("camera_silent", f"{self.camera_name}: no picture has come for {SILENT_S:g} s; check "
                               "its cable and trigger")  # fmt: skip
        except CameraEnd:
            pass
        except HipdriveError as why:
            self._fail(why)
        except Exception as why:  # a driver may raise anything; the recording beside it goes on
            self._fail(HipdriveError("camera_failed", f"{self.camera_name}: the camera's driver failed ({_line(why)})"))
        self._tell_dropped()
        self._put(None)

    @property
    def camera_name(self) -> str:
        """Name of the camera."""
        return "camera" if self.facts is None else self.facts.name

    def _taken(self, frame: Frame) -> None:
        """Put a picture into the queue, and before it what is missing."""
        missing = self._missing(frame)
        if missing > 0:
            self._put((missing, "camera_gap", f"{self.camera_name}: {missing} pictures before number {frame.number} "
                       "never came; check cable, bus and rate"))  # fmt: skip
        self._before = frame
        if self._held + frame.image.nbytes > self._waiting:
            self._dropped += 1
            return
        self._tell_dropped()
        self._put(frame)

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._put((self._dropped, "camera_full", f"{self.camera_name}: the encoder is too slow, so {self._dropped} "
                       "pictures were dropped; lower rate or size, or close other programs"))  # fmt: skip
            self._dropped = 0

    def _missing(self, frame: Frame) -> int:
        """How many pictures are missing before one, by the camera's count or else by its time."""
        assert self.facts is not None
        before = self._before
        if before is None:
            return 0
        if self.facts.numbered:
            return frame.number - before.number - 1
        step = self._seconds(frame) - self._seconds(before)
        usual = 1.0 / self.facts.rate if self.facts.rate > 0 else math.nan
        return round(step / usual) - 1 if step > APART * usual else 0

    def _seconds(self, frame: Frame) -> float:
        """The middle of the exposure, or else the arrival."""
        assert self.facts is not None
        if self.facts.stamped and math.isfinite(frame.t_device):
            return frame.t_device + (0.5 * frame.exposure if math.isfinite(frame.exposure) else 0.0)
        return frame.t_host_ns / 1e9

    def _put(self, item: Frame | tuple[int, str, str] | None) -> None:
        with self._there:
            self._queue.append(item)
            if isinstance(item, Frame):
                self._held += item.image.nbytes
            self._there.notify()

    # --- the thread that writes ---

    def _write(self) -> None:
        try:
            while (item := self._get()) is not None:
                if isinstance(item, tuple):
                    self._gap(*item)
                else:
                    self._keep(item)
                    with self._there:
                        self._held -= item.image.nbytes
        except Exception as why:
            told = UsageError("clip_write", f"{self.path}: the clip cannot be written ({_line(why)}); make room")
            self._fail(why if isinstance(why, HipdriveError) else told)
            self.camera.stop()
            with self._there:
                self._queue.clear()
        self.ended.set()

    def _get(self) -> Frame | tuple[int, str, str] | None:
        with self._there:
            while not self._queue:
                self._there.wait()
            return self._queue.popleft()

    def _keep(self, frame: Frame) -> None:
        """Write a picture and its line."""
        height, width = (length - length % 2 for length in frame.image.shape[:2])
        if self._writer is None:
            assert self.facts is not None
            rate = self.facts.rate if math.isfinite(self.facts.rate) else 60.0
            self._writer = ClipWriter(self.path, (width, height), codec=self._codec, quality=self._quality, rate=rate)
            self._first = self._seconds(frame)
        t = self._seconds(frame) - self._first
        try:
            self._writer.add(frame.image[:height, :width], t)
        except UsageError as why:
            if why.code != "clip_time":
                raise
            self._gap(1, "camera_time", f"{self.camera_name}: the time of number {frame.number} does not rise, so it "
                      "was left out; check the camera's clock")  # fmt: skip
            return
        self._say(frame=self.frames, number=frame.number, t=round(t, 9), device=frame.t_device,
                  host_ns=frame.t_host_ns, exposure=frame.exposure)  # fmt: skip
        self.frames += 1

    def _gap(self, samples: int, code: str, text: str) -> None:
        self.lost += samples
        self._say(gap=[self.frames, samples, code, text])
        self._warn(code, text)

    def _say(self, **facts: Any) -> None:
        if self._log is not None:
            self._log.write(cameralog.line(**facts))
            self._log.flush()  # so that the log is never behind the clip, whenever this program ends

    def _fail(self, why: HipdriveError) -> None:
        self.fault = self.fault or why
        self._warn(why.code, str(why))

    def _warn(self, code: str, text: str) -> None:
        if self._tell is not None:
            with contextlib.suppress(Exception):  # whoever listens cannot break the recording
                self._tell(code, text)


def _line(why: BaseException) -> str:
    return " ".join(str(why).split())[:150]


def recover(path: str | os.PathLike[str]) -> CameraLog:
    """Make a clip and its log of what a program that was ended had written of them.

    Raises
    ------
    ReadError : nothing of it can be read. UsageError : they cannot be written.
    """
    path = Path(path)
    part = cameralog.beside(path.with_name(f"{path.stem}{PART}.mp4"))
    before = cameralog.read_log(part)
    frames = recovered(path)
    try:
        with part.open("rb") as old, cameralog.beside(path).open("wb") as new:
            for row in cameralog.up_to(old, frames):
                new.write(row)
            new.write(cameralog.line(end=before.end, frames=frames, sha256=fingerprint(path)))
        part.unlink()
    except OSError as why:
        raise UsageError(
            "clip_write", f"{path}: its log cannot be written ({why.strerror or why}); make room"
        ) from None
    return cameralog.read_log(cameralog.beside(path))
