"""What a rendered camera looks at: where it stands, the plates, the box, the lamp, and who walks past.

X forward, Y left, Z up, m, as everywhere; pixels x to the right and y down, from the middle of the first pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.acquisition import lampcode
from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Locked, read_only

Colour = tuple[int, int, int]
"""RGB, as shown."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera without distortion: it stands at `place`, looks at `target` (m), and keeps the horizon level.

    focal : px. size : (width, height), px.
    """

    place: tuple[float, float, float] = (-0.1, -4.0, 1.0)
    target: tuple[float, float, float] = (-0.1, 0.0, 1.12)
    focal: float = 700.0
    size: tuple[int, int] = (640, 480)

    @property
    def axes(self) -> Floats:
        """Right, down and forward of the camera in the world, shape (3, 3), one a row."""
        forward = np.subtract(self.target, self.place)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right = right / np.linalg.norm(right)
        return np.array([right, np.cross(forward, right), forward])

    def project(self, points: ArrayLike) -> tuple[Floats, Floats]:
        """Pixels, shape (..., 2), and depth, m, of points of shape (..., 3).

        >>> Camera(place=(0, -4, 1), target=(0, 0, 1)).project([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]])[0].tolist()
        [[319.5, 239.5], [494.5, 239.5]]
        """
        seen = (np.asarray(points, dtype=np.float64) - self.place) @ self.axes.T
        middle = 0.5 * (np.array(self.size) - 1.0)
        return middle + self.focal * seen[..., :2] / seen[..., 2:], np.asarray(seen[..., 2])


@dataclass(frozen=True, eq=False)
class Lamp(Locked):
    """A lamp that goes on and off at times that are known exactly.

    on, off : ndarray, s on the force clock, by turns, `on` first; it stays on where the last `off` is missing.
    """

    on: Floats
    off: Floats

    def __post_init__(self) -> None:
        """Lock the times."""
        for name in ("on", "off"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        if len(self.on) - len(self.off) not in (0, 1) or (np.diff(self.edges) <= 0.0).any():
            raise UsageError("lamp", "a lamp goes on and off by turns, on first; give its times in that order")

    @property
    def edges(self) -> Floats:
        """All changes in their order, s."""
        found = np.empty(len(self.on) + len(self.off))
        found[0::2], found[1::2] = self.on, self.off
        return found

    @classmethod
    def code(cls, bit: int, bit_s: float, start: float, seconds: float) -> Lamp:
        """The code of `lampcode` from one of its bits on; the lamp is off before and after.

        >>> Lamp.code(0, 0.05, 1.0, 0.5).edges.round(3).tolist()
        [1.0, 1.05, 1.2, 1.25, 1.4, 1.45]
        """
        bits = [lampcode.bit(bit + k) for k in range(round(seconds / bit_s))]
        changes = np.flatnonzero(np.diff(np.array([False, *bits, False], dtype=np.int8)))
        times = np.asarray(start + bit_s * changes, dtype=np.float64)
        return cls(times[0::2], times[1::2])

    def shone(self, times: ArrayLike) -> Floats:
        """How long it has been on until each time, s."""
        at = np.asarray(times, dtype=np.float64)
        if not len(self.on):
            return np.zeros(at.shape)
        off = self.off if len(self.off) == len(self.on) else np.append(self.off, np.inf)
        last = np.searchsorted(self.on, at, side="right") - 1
        before = np.r_[0.0, np.cumsum(off - self.on)]
        here = np.clip(at, None, off[last]) - self.on[last]
        return np.where(last < 0, 0.0, before[np.maximum(last, 0)] + here)

    def share(self, begin: ArrayLike, length: float) -> Floats:
        """Part of an exposure that begins at each time, and lasts `length` s, in which it is on.

        >>> Lamp(np.array([1.0]), np.array([1.5])).share([0.9, 1.0, 1.45], 0.2).round(9).tolist()
        [0.5, 1.0, 0.25]
        """
        at = np.asarray(begin, dtype=np.float64)
        if length <= 0.0:
            return np.asarray(np.searchsorted(self.edges, at, side="right") % 2, dtype=np.float64)
        return np.asarray((self.shone(at + length) - self.shone(at)) / length)


def rectangle(x: float, y: float, length: float, width: float, z: float = 0.0) -> Floats:
    """Corners of a level rectangle about (x, y), shape (4, 3), m: back right, front right, front left, back left.

    >>> rectangle(0.0, 0.0, 0.6, 0.4)[:2].tolist()
    [[-0.3, -0.2, 0.0], [0.3, -0.2, 0.0]]
    """
    a, b = 0.5 * length, 0.5 * width
    return np.array([[x - a, y - b, z], [x + a, y - b, z], [x + a, y + b, z], [x - a, y + b, z]])


def _plates() -> Mapping[str, Floats]:
    return MappingProxyType({"right": rectangle(0.05, -0.305, 0.9, 0.6), "left": rectangle(0.05, 0.305, 0.9, 0.6)})


@dataclass(frozen=True)
class Passer:
    """Somebody who walks past along X: at `x` at time 0 of the force clock, m, at `y`, so fast, m/s."""

    x: float = -3.0
    y: float = 0.9
    speed: float = 1.3
    height: float = 1.75


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Everything a picture shows beside the athlete.

    plates : name -> corners, shape (4, 3), m. box : (x, y, length, width, height), m, or None.
    pole : foot (x, y) and height of an upright pole, m, or None.
    lamp, lamp_place, lamp_radius : the light, where it hangs and its size, m; nobody covers it.
    brightness, dark : of the lit and the unlit lamp, as a multiple of the brightest light that the camera can show;
        above 1 it is clipped.
    discs : paint a disc on each joint. passer : somebody who walks past.
    noise : SD of the sensor's noise, grey levels. gamma : of the picture. seed : of the noise.
    """

    camera: Camera = field(default_factory=Camera)
    plates: Mapping[str, Floats] = field(default_factory=_plates)
    box: tuple[float, float, float, float, float] | None = None
    pole: tuple[float, float, float] | None = None
    lamp: Lamp | None = None
    lamp_place: tuple[float, float, float] = (0.75, 0.2, 0.55)
    lamp_radius: float = 0.04
    brightness: float = 0.7
    dark: float = 0.02
    discs: bool = True
    passer: Passer | None = None
    wall: Colour = (176, 180, 184)
    floor: Colour = (138, 134, 128)
    plate: Colour = (74, 78, 84)
    wood: Colour = (168, 138, 104)
    noise: float = 2.0
    gamma: float = 2.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Lock the corners."""
        held = {name: read_only(corners) for name, corners in self.plates.items()}
        object.__setattr__(self, "plates", MappingProxyType(held))
