"""The one seam to cameras: whatever delivers pictures looks like a `Camera`, and says what it lost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from hipdrive.acquisition.video.picture import Image
from hipdrive.errors import HipdriveError


@dataclass(frozen=True, kw_only=True)
class CameraFacts:
    """What a camera is and how it films; final once it is open.

    size : (width, height). rate : pictures a second that it shall take.
    exposure : s, of each row; readout : s from the first row's exposure to that of the row behind the last, 0 of a
        global shutter; NaN where nobody knows.
    stamped : whether each picture brings the device's own time of the start of its exposure. numbered : whether it
        brings the device's own number, so that a lost one is seen; else both are made here when it arrives.
    identity : model, serial number, driver ... as far as known.
    """

    name: str
    size: tuple[int, int]
    rate: float
    exposure: float = math.nan
    readout: float = math.nan
    stamped: bool = False
    numbered: bool = False
    identity: Mapping[str, str | float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One picture.

    image : RGB of shape (height, width, 3), or grey of (height, width). number : of the camera's own counter.
    t_device : start of the first row's exposure on the camera's own clock, s; NaN where it does not tell.
    t_host_ns : when it was here, monotonic ns of the computer. exposure : s, of this picture, NaN where unknown.
    """

    image: Image
    number: int
    t_device: float
    t_host_ns: int
    exposure: float = math.nan


class CameraEnd(Exception):
    """There are no more pictures, as was agreed."""


class CameraLost(HipdriveError):
    """The camera delivers nothing any more."""


class Camera(Protocol):
    """A camera, or anything that behaves like one. Used by one thread at a time, but `stop` by any."""

    def open(self) -> CameraFacts:
        """Take hold of it.

        Raises
        ------
        UsageError : it is not there, in use, or cannot film so.
        """

    def start(self) -> None:
        """Begin to film."""

    def read(self, timeout: float) -> Frame | None:
        """The next picture; None where none came within `timeout` s.

        Raises
        ------
        CameraEnd : after `stop`, when all that was taken is read, or at the end of a file. CameraLost.
        """

    def stop(self) -> None:
        """Take no more pictures."""

    def close(self) -> None:
        """Let go of it."""
