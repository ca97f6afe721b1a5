"""Cameras of the operating system (USB, built in) by OpenCV.

They count nothing. V4L2 (Linux) and MSMF (Windows) tell when the driver had a picture; with the others a picture's time
is that of its arrival, late by 20 to 100 ms that nobody tells: a lamp in the picture, or the jump itself, joins clocks.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hipdrive.acquisition.video.camera import CameraEnd, CameraFacts, CameraLost, Frame
from hipdrive.errors import UsageError

STAMPING = {"V4L2", "MSMF"}
"""Backends whose CAP_PROP_POS_MSEC is when the driver had the picture."""

MOST = 4
"""Indices that are tried where the system does not list its cameras."""

FAILED = 3
"""Reads in a row without a picture after which the camera is gone."""


class UvcCamera:
    """A camera by its index.

    size : (width, height), rate : pictures a second, that are asked for; the camera takes what is nearest.
    exposure : s; fixed, where the driver lets it be, since an automatic one changes rate and brightness.
    opener : makes the capture, by default OpenCV's.
    """

    def __init__(
        self,
        index: int = 0,
        *,
        size: tuple[int, int] | None = None,
        rate: float | None = None,
        exposure: float | None = None,
        opener: Callable[[int], Any] = cv2.VideoCapture,
    ) -> None:
        self.index, self._size, self._rate, self._exposure, self._opener = index, size, rate, exposure, opener
        self._capture: Any = None
        self._stopped = False
        self._number, self._failed, self._last = 0, 0, -math.inf
        self._stamped = False

    def open(self) -> CameraFacts:
        """Take hold of it, and look at one picture.

        Raises
        ------
        UsageError : there is none, or it is in use.
        """
        with _quiet():
            self._capture = self._opener(self.index)
        if not self._capture.isOpened():
            raise UsageError("camera_unknown", f"uvc:{self.index}: there is no such camera, or another program uses "
                             "it; `hipdrive cameras` lists those that are there")  # fmt: skip
        self._asked()
        good, image = self._capture.read()
        if not good:
            self._capture.release()
            raise UsageError("camera_silent", f"uvc:{self.index}: the camera sends no picture; check that no other "
                             "program uses it")  # fmt: skip
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        backend = str(self._capture.getBackendName())
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC))
        self._stamped = backend in STAMPING and stamp > 0.0
        self._rate = rate if 0.0 < rate < 1e5 else self._rate or 30.0
        return CameraFacts(name=f"uvc:{self.index}", size=(image.shape[1], image.shape[0]), rate=self._rate,
                           exposure=self._exposure or math.nan, stamped=self._stamped,
                           identity={"backend": backend, "driver": f"OpenCV {cv2.__version__}"})  # fmt: skip

    def _asked(self) -> None:
        """Ask for what was wanted; what a driver cannot do it ignores."""
        capture = self._capture
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))  # uncompressed does not fit the bus
        if self._size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        if self._rate is not None:
            capture.set(cv2.CAP_PROP_FPS, self._rate)
        if self._exposure is not None:
            v4l2 = capture.getBackendName() == "V4L2"
            capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, 1 if v4l2 else 0.25)  # manual
            capture.set(cv2.CAP_PROP_EXPOSURE, 1e4 * self._exposure if v4l2 else math.log2(self._exposure))

    def start(self) -> None:
        """It films since it is open; pictures count from here."""
        self._stopped, self._number, self._failed, self._last = False, 0, 0, -math.inf

    def read(self, timeout: float) -> Frame | None:
        """The next picture; OpenCV waits as long as it wants."""
        if self._stopped:
            raise CameraEnd
        good = self._capture.grab()
        arrived = time.monotonic_ns()
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1e3 if good and self._stamped else math.nan
        good, image = self._capture.retrieve() if good else (False, None)
        if not good or image is None:
            self._failed += 1
            if self._failed >= FAILED:
                raise CameraLost("camera_lost", f"uvc:{self.index}: the camera is gone; check its cable, and record "
                                 "again")  # fmt: skip
            return None
        self._failed = 0
        self._number += 1
        return Frame(image=np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8), number=self._number - 1,
                     t_device=stamp, t_host_ns=arrived, exposure=self._exposure or math.nan)  # fmt: skip

    def stop(self) -> None:
        """Take no more."""
        self._stopped = True

    def close(self) -> None:
        """Let go of it."""
        if self._capture is not None:
            self._capture.release()


def indices() -> tuple[int, ...]:
    """Of cameras that are there."""
    if sys.platform == "linux":
        found = sorted(int(one.name[5:]) for one in Path("/sys/class/video4linux").glob("video*") if _first(one))
        return tuple(found)
    with _quiet():
        return tuple(index for index in range(MOST) if _opens(index))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """OpenCV says on standard error what it did not find."""
    logging: Any = cv2.utils.logging
    before = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)


def _first(device: Path) -> bool:
    """Whether it is the camera itself: each has a second device, for facts about its pictures."""
    try:
        return device.name[5:].isdigit() and (device / "index").read_text().strip() == "0"
    except OSError:
        return False


def _opens(index: int) -> bool:
    capture = cv2.VideoCapture(index)
    try:
        return bool(capture.isOpened())
    finally:
        capture.release()
