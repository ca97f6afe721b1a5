"""Pictures of the simulated athlete: what a camera beside the plates would see, with the truth of every pixel.

Light is averaged over the exposure, every row is exposed at its own time, the lamp is as bright as the part of the
exposure in which it was on. Where a joint is in the picture is known to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.linkage import Settings, movement
from hipdrive.acquisition.simulated.moving import Moving
from hipdrive.acquisition.video import figure
from hipdrive.acquisition.video.figure import ENDS, PARTS, POINTS, Outlines
from hipdrive.acquisition.video.scene import Camera, Colour, Scene, rectangle
from hipdrive.errors import UsageError
from hipdrive.trial import ClockMap, Floats, Locked, Trial, read_only

Image = NDArray[np.uint8]

SHIFT = 4
"""Bits of a drawn coordinate behind the point."""

BLUR, MOST = 1.5, 9
"""px that anything may move from one instant of an exposure to the next, and how many instants are drawn at most."""

BAND = 0.75e-3
"""s that the rows of one band may differ."""

BANK = 48
"""px by which the sensor's noise is shifted from picture to picture."""


@dataclass(frozen=True, eq=False)
class Leap:
    """A movement at any time of the force clock, and the trial that the plates made of it."""

    trial: Trial
    moving: Moving
    phase: float

    @classmethod
    def of(cls, trial: Trial) -> Leap:
        """The movement behind a simulated trial with joints.

        Raises
        ------
        UsageError : it is none.

        >>> from hipdrive.acquisition.simulated.linkage import simulate_motion
        >>> leap = Leap.of(simulate_motion("cmj", seed=1))
        >>> bool(abs(leap.points([leap.trial.truth.events["takeoff"]])[0, POINTS.index("toe_left"), 2]) < 1e-9)
        True
        """
        told = {} if trial.truth is None else dict(trial.truth.settings)
        names = [one.name for one in fields(Settings)]
        if not {*names, "phase"} <= told.keys():
            raise UsageError("rendered", f"{trial.file or 'trial'}: only a simulated athlete with joints can be drawn; "
                             "make one with simulate(..., joints=True)")  # fmt: skip
        test = "squat" if trial.test == "auto" else trial.test
        return cls(trial, movement(test, Settings(**{name: told[name] for name in names})), float(told["phase"]))

    @property
    def height(self) -> float:
        """Of the athlete, m."""
        return self.moving.body.height

    def points(self, times: Any) -> Floats:
        """Points of the body at times of the force clock, shape (times, `POINTS`, 3), m; still before and after."""
        at = np.clip(np.asarray(times, dtype=np.float64) + self.phase, 0.0, self.moving.marks["end"] + 0.4)
        return figure.placed(self.moving.points(at), self.height)


class Renderer:
    """Pictures of a trial of the simulated athlete with joints, in a scene."""

    def __init__(self, trial: Trial | Leap, scene: Scene | None = None) -> None:
        self.leap = trial if isinstance(trial, Leap) else Leap.of(trial)
        self.scene = scene or Scene()
        self.camera: Camera = self.scene.camera
        self.width, self.height = self.camera.size
        light = (np.arange(256) / 255.0) ** self.scene.gamma
        self._light = light.astype(np.float32)
        steps = np.arange(4096) / 4095.0
        self._shown = np.round(255.0 * steps ** (1.0 / self.scene.gamma)).astype(np.uint8)
        self._back = _background(self.scene)
        self._lamp = None if self.scene.lamp is None else _patch(self.scene)
        rng = np.random.default_rng(self.scene.seed)
        bank = rng.normal(0.0, self.scene.noise, (self.height + BANK, self.width + BANK, 3))
        self._noise = np.round(bank).astype(np.int16) if self.scene.noise > 0.0 else None
        self._colours = figure.disc_colours()

    # --- truth ---

    def joints(self, t: float, readout: float = 0.0) -> dict[str, tuple[float, float]]:
        """Where every joint is, px, in the picture whose first row's exposure has its middle at t, s (force clock).

        A joint is seen when its own row is: at t + readout · y / height.
        """
        times = np.full(len(POINTS), float(t))
        rows = np.arange(len(POINTS))
        for _ in range(60):
            px = self.camera.project(self.leap.points(times)[rows, rows])[0]
            later = t + readout * px[:, 1] / self.height
            if np.abs(later - times).max() < 1e-12:
                break
            times = later
        return {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, px, strict=True)}

    def corners(self, plate: str) -> Floats:
        """Corners of a plate, shape (4, 2), px."""
        return self.camera.project(self.scene.plates[plate])[0]

    def lamp_box(self) -> tuple[int, int, int, int]:
        """The lamp's place in the picture: x, y, width, height, px, of a box that it fills.

        Raises
        ------
        UsageError : there is no lamp in the scene.
        """
        if self._lamp is None:
            raise UsageError("rendered", "this scene has no lamp; give it one")
        h, w = self._lamp.cover.shape
        half = int((min(h, w) - 1) * 0.5 * math.sqrt(0.5)) - 1
        y, x = self._lamp.at[0] + h // 2 - half, self._lamp.at[1] + w // 2 - half
        return x, y, 2 * half, 2 * half

    # --- pictures ---

    def image(self, t: float, exposure: float = 0.0, readout: float = 0.0) -> Image:
        """The picture, shape (h, w, 3), RGB, whose first row's exposure begins at t, s on the force clock.

        exposure : of each row, s. readout : from the first row's exposure to that of the row behind the last, s.
        """
        out = self._back.copy()
        if self.scene.passer is not None:
            ahead = self.scene.passer.y * self.camera.place[1] > 0.0
            if not ahead:
                self._body(out, t, exposure, readout, self._passer, self.scene.passer.height, None)
        self._body(out, t, exposure, readout, self.leap.points, self.leap.height, self._discs())
        if self.scene.passer is not None and ahead:
            self._body(out, t, exposure, readout, self._passer, self.scene.passer.height, None)
        if self._lamp is not None:
            self._shine(out, t, exposure, readout)
        return self._noisy(out, t)

    def _discs(self) -> dict[str, Colour] | None:
        return self._colours if self.scene.discs else None

    def _passer(self, times: Floats) -> Floats:
        assert self.scene.passer is not None
        return figure.walking(self.scene.passer, times)

    def _body(
        self, out: Image, t: float, exposure: float, readout: float, path: Any, height: float,
        discs: dict[str, Colour] | None,
    ) -> None:  # fmt: skip
        """Draw a body into a picture, averaged over the exposure, each band of rows at its own time."""
        instants, bands = self._moments(t, exposure, readout, path)
        count = len(bands) - 1
        middles = readout * 0.5 * (bands[:-1] + bands[1:]) / self.height
        times = (instants[:, np.newaxis] + middles).ravel()
        seen = figure.outlines(self.camera, path(times), height)
        low, high = seen.circles.min(axis=(0, 1, 2)), seen.circles.max(axis=(0, 1, 2))
        left, right = max(0, int(low[0]) - 4), min(self.width, int(high[0]) + 5)
        top, bottom = max(0, int(low[1]) - 4), min(self.height, int(high[1]) + 5)
        if left >= right or top >= bottom:
            return
        total = np.zeros((bottom - top, right - left, 3), dtype=np.float32)
        for k in range(len(instants)):
            canvas = out[top:bottom, left:right].copy()
            for band in range(count):
                a, b = max(int(bands[band]), top), min(int(bands[band + 1]), bottom)
                if a < b:
                    _draw(canvas[a - top : b - top], seen, k * count + band, (left, a), discs)
            if len(instants) == 1:
                out[top:bottom, left:right] = canvas
                return
            total += cv2.LUT(canvas, self._light)
        total *= 4095.0 / len(instants)
        out[top:bottom, left:right] = self._shown[(total + 0.5).astype(np.int16)]

    def _moments(self, t: float, exposure: float, readout: float, path: Any) -> tuple[Floats, NDArray[np.int64]]:
        """Instants of the exposure of the first row, and where the bands of rows begin and end."""
        edge = np.array([t, t + exposure, t + exposure + readout])
        px = self.camera.project(path(edge))[0]
        moved = np.abs(np.diff(px, axis=0)).max(axis=(1, 2))
        count = int(np.clip(math.ceil(moved[0] / BLUR), 1, MOST))
        instants = t + exposure * (np.arange(count) + 0.5) / count
        whole = readout <= 0.0 or (moved.max() < 0.05 and readout < 0.1)
        bands = 1 if whole else int(np.clip(math.ceil(readout / BAND), 1, self.height // 8))
        return instants, np.linspace(0, self.height, bands + 1).round().astype(np.int64)

    def _shine(self, out: Image, t: float, exposure: float, readout: float) -> None:
        """Light the lamp, every row by the part of its own exposure in which the light was on."""
        patch, lamp = self._lamp, self.scene.lamp
        assert patch is not None and lamp is not None
        (y, x), (h, w) = patch.at, patch.cover.shape
        share = lamp.share(t + readout * (y + np.arange(h)) / self.height, exposure)
        light = np.minimum(self.scene.dark + self.scene.brightness * share, 1.0)[:, np.newaxis, np.newaxis]
        self._housing(out)
        part = out[y : y + h, x : x + w]
        cover = patch.cover[..., np.newaxis]
        mixed = (1.0 - cover) * self._light[part] + cover * light * patch.tint
        part[...] = self._shown[(4095.0 * mixed + 0.5).astype(np.int64)]

    def _housing(self, out: Image) -> None:
        """Nobody covers the lamp: it hangs before those who pass."""
        corners = np.array(_square(self.scene))
        px = self.camera.project(corners)[0]
        left, top = np.maximum(np.floor(px.min(axis=0)).astype(int), 0)
        right, bottom = np.ceil(px.max(axis=0)).astype(int) + 1
        out[top:bottom, left:right] = self._back[top:bottom, left:right]

    def _noisy(self, out: Image, t: float) -> Image:
        """With the noise of the sensor, which is the same whenever the same picture is made."""
        if self._noise is None:
            return out
        rng = np.random.default_rng([self.scene.seed, abs(round(1e7 * t)), int(t < 0.0)])
        y, x = rng.integers(0, BANK, 2)
        noise = self._noise[y : y + self.height, x : x + self.width]
        return np.asarray(cv2.add(out, noise, dtype=cv2.CV_8U))


def _draw(
    canvas: Image, seen: Outlines, when: int, at: tuple[int, int], discs: dict[str, Colour] | None
) -> None:  # fmt: skip
    """Draw a body's parts and discs from far to near; the canvas' first pixel lies at `at`."""
    scale = 1 << SHIFT
    rows = len(canvas)
    circles = seen.circles[when] - at
    low, high = circles[..., 1].min(axis=1), circles[..., 1].max(axis=1)
    fixed = np.round(scale * circles).astype(np.int32)
    for number in seen.order:
        if number < len(PARTS):
            a, b = ENDS[number], ENDS[number + 1]
            if high[a:b].max() < -1.0 or low[a:b].min() > rows:
                continue
            hull = cv2.convexHull(fixed[a:b].reshape(-1, 2))
            colour = figure.painted(PARTS[number].colour, seen.shade[number])
            cv2.fillConvexPoly(canvas, hull, colour, cv2.LINE_AA, SHIFT)
        elif discs is not None:
            name = POINTS[number - len(PARTS)]
            x, y = seen.discs[when, number - len(PARTS)] - at
            radius = float(seen.radius[when, number - len(PARTS)])
            if -radius - 1.0 < y < rows + radius:
                cv2.circle(canvas, (round(scale * x), round(scale * y)), round(scale * radius), discs[name], -1,
                           cv2.LINE_AA, SHIFT)  # fmt: skip


# --- what stands still ---


@dataclass(frozen=True, eq=False)
class _Patch:
    """A lamp in the picture: row and column of its first pixel, how much of each pixel it covers, and its tint."""

    at: tuple[int, int]
    cover: NDArray[np.float32]
    tint: NDArray[np.float32]


def _patch(scene: Scene) -> _Patch:
    px, depth = scene.camera.project(np.array(scene.lamp_place))
    radius = scene.camera.focal * scene.lamp_radius / float(depth)
    (left, top), (right, bottom) = np.floor(px - radius - 1.0).astype(int), np.ceil(px + radius + 2.0).astype(int)
    width, height = scene.camera.size
    if not (left >= 0 and top >= 0 and right <= width and bottom <= height):
        raise UsageError("rendered", "the lamp of this scene is not in the picture; hang it elsewhere")
    y, x = np.mgrid[top:bottom, left:right]
    cover = np.clip(radius + 0.5 - np.hypot(x - px[0], y - px[1]), 0.0, 1.0).astype(np.float32)
    return _Patch((int(top), int(left)), cover, np.array([1.0, 0.96, 0.9], dtype=np.float32))


def _square(scene: Scene) -> Floats:
    """Corners of the lamp's housing."""
    right, down = scene.camera.axes[0], scene.camera.axes[1]
    middle, size = np.array(scene.lamp_place), 1.9 * scene.lamp_radius
    return np.array([middle + size * (a * right + b * down) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


FINER = 4
"""Times finer the background is drawn than shown, which smooths its edges."""


def _background(scene: Scene) -> Image:
    """Wall, floor, plates, box, pole and the lamp's housing."""
    w, h = scene.camera.size
    big = np.empty((h * FINER, w * FINER, 3), dtype=np.uint8)
    big[:] = scene.wall
    _fill(big, scene, _floor(scene.camera), scene.floor)
    for corners in scene.plates.values():
        middle = corners.mean(axis=0)
        _fill(big, scene, corners, (44, 46, 50))
        _fill(big, scene, middle + 0.965 * (corners - middle), scene.plate)
    if scene.box is not None:
        _box(big, scene, *scene.box)
    if scene.pole is not None:
        x, y, height = scene.pole
        side = scene.camera.axes[0] * 0.012
        foot, top = np.array([x, y, 0.0]), np.array([x, y, height])
        _fill(big, scene, np.array([foot - side, foot + side, top + side, top - side]), (200, 60, 40))
    if scene.lamp is not None:
        _fill(big, scene, _square(scene), (26, 26, 28))
    return np.asarray(cv2.resize(big, (w, h), interpolation=cv2.INTER_AREA), dtype=np.uint8)


WALL = 2.5
"""m behind what the camera looks at, where the floor meets a wall."""


def _floor(camera: Camera) -> Floats:
    """Corners of the floor that the camera sees."""
    forward, right = camera.axes[2] * (1.0, 1.0, 0.0), camera.axes[0]
    forward = forward / np.linalg.norm(forward)
    foot = np.array(camera.place) * (1.0, 1.0, 0.0)
    far = float(np.linalg.norm((np.subtract(camera.target, camera.place))[:2])) + WALL
    near = foot + 0.3 * forward - (0.0, 0.0, 2.0)  # below the floor: in front of the camera, and out of the picture
    return np.array([foot + far * forward - 30.0 * right, foot + far * forward + 30.0 * right,
                     near + 30.0 * right, near - 30.0 * right])  # fmt: skip


def _fill(big: Image, scene: Scene, corners: Floats, colour: Colour) -> None:
    """Fill a convex face, whose corners lie in front of the camera, with a colour."""
    px, depth = scene.camera.project(corners)
    if (depth < 0.05).any():
        raise UsageError("rendered", "a part of this scene lies behind the camera; move the camera back")
    # the middle of pixel 0 is in the middle of its FINER small pixels
    fine = FINER * (np.clip(px, -1e5, 1e5) + 0.5) - 0.5
    cv2.fillConvexPoly(big, np.round(16.0 * fine).astype(np.int32), colour, cv2.LINE_8, 4)


def _box(big: Image, scene: Scene, x: float, y: float, length: float, width: float, height: float) -> None:
    """A box on the floor, its farthest faces first."""
    foot = rectangle(x, y, length, width, 0.0)
    lid = rectangle(x, y, length, width, height)
    faces = [(np.array([foot[a], foot[b], lid[b], lid[a]]), shade)
             for a, b, shade in ((0, 1, 0.86), (1, 2, 0.72), (2, 3, 0.86), (3, 0, 0.72))] + [(lid, 1.0)]  # fmt: skip
    for corners, shade in sorted(faces, key=lambda face: -float(scene.camera.project(face[0])[1].mean())):
        red, green, blue = (round(part) for part in figure.painted(scene.wood, shade))
        _fill(big, scene, corners, (red, green, blue))


# --- clips ---


class Writer(Protocol):
    """What takes the pictures of a clip."""

    def add(self, image: Image, t: float) -> None:
        """One picture, taken at t, s."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Filmed(Locked):
    """What was filmed.

    times : ndarray, shape (frames,), s on the clip's clock, as the writer was told; numbers : of the frames among those
        that were exposed. begun : ndarray, shape (exposed,), s on the force clock, of every exposure, also of frames
        that were lost. clock : from the clip's clock to that of the forces; of the middle of a row's exposure.
    """

    times: Floats
    numbers: NDArray[np.int64]
    begun: Floats
    clock: ClockMap
    exposure: float
    readout: float

    def __post_init__(self) -> None:
        """Lock the arrays."""
        for name, kind in (("times", np.float64), ("numbers", np.int64), ("begun", np.float64)):
            object.__setattr__(self, name, read_only(getattr(self, name), kind))


def film(
    renderer: Renderer, writer: Writer, *, start: float, seconds: float, fps: float = 60.0, exposure: float = 0.004,
    readout: float = 0.0, offset: float | None = None, drift: float = 0.0, jitter: float = 0.0,
    drops: Collection[int] = (), seed: int = 0,
) -> Filmed:  # fmt: skip
    """Film a stretch of the force clock.

    A frame's time is that of the middle of the exposure of its first row; row r is later by readout · r / height.

    Parameters
    ----------
    start, seconds : of the force clock. offset, drift : t_force = (1 + drift)·t_clip + offset; without an offset the
        clip begins at 0 of its own clock. jitter : s by which a frame is taken off its place at most, which its time
        tells. drops : numbers of frames that are lost.
    """
    if not (fps > 0.0 and 0.0 <= exposure <= 1.0 / fps and seconds > 0.0):
        raise UsageError("rendered", f"an exposure of {exposure:g} s does not fit {fps:g} frames a second")
    rng = np.random.default_rng(seed)
    slope = 1.0 + drift
    places = np.arange(math.ceil(seconds * fps)) / fps
    shift = start if offset is None else offset
    first = 0.0 if offset is None else (start - offset) / slope
    stamps = first + places + rng.uniform(-jitter, jitter, len(places)) * (jitter > 0.0)
    stamps -= min(0.0, float(stamps[0])) if offset is None else 0.0
    clock = ClockMap(offset=shift, slope=slope, method="rendered")
    begun = clock.to_force(stamps) - 0.5 * exposure
    kept = [k for k in range(len(stamps)) if k not in set(drops)]
    for k in kept:
        writer.add(renderer.image(float(begun[k]), exposure, readout), float(stamps[k]))
    return Filmed(times=stamps[kept], numbers=np.array(kept), begun=begun, clock=clock, exposure=exposure,
                  readout=readout)  # fmt: skip
