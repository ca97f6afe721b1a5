"""A painted athlete and two stand-in networks that find its joints by colour: the whole runner without weights.

Each point of each person is a disc of its own colour; what the networks answer is what a picture shows, so crops,
regions and averages are those of the code under test, and the truth is where the discs were painted.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.video.blazepose import BlazePose
from hipdrive.acquisition.video.network import Singles

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]
Ints = NDArray[np.intp]

LEFT_LEG, RIGHT_LEG = [23, 25, 27, 29, 31], [24, 26, 28, 30, 32]
HIPS, ABOVE = 33, 34
PEOPLE, POINTS = 3, 40
LEVELS = np.array([55, 105, 155, 205, 255])
COLOURS = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS, indexing="ij"), axis=-1).reshape(-1, 3)[5:]
"""Of point p of person q: row 5 + 40 q + p; the darkest are what edges of all others mix."""


def body(
    at: tuple[float, float], height: float, *, shank: float = 10.0, thigh: float = 15.0, trunk: float = 5.0
) -> Floats:  # fmt: skip
    """The 35 points (px) of a body that faces right with its ankles at a place; leans in degrees.

    Its knee angle is 180 - shank - thigh, its hip angle 180 - thigh - trunk; left is a little behind right, so that
    no disc hides another.
    """
    a, b, c = np.radians([shank, thigh, trunk])
    up = np.array([np.sin(c), -np.cos(c)])
    ankle = np.zeros(2)
    knee = ankle + 0.25 * np.array([np.sin(a), -np.cos(a)])
    hip = knee + 0.25 * np.array([-np.sin(b), -np.cos(b)])
    shoulder = hip + 0.3 * up
    heel, toe = ankle + np.array([-0.03, 0.06]), ankle + np.array([0.16, 0.06])
    points = np.zeros((35, 2))
    for i in range(11):
        points[i] = shoulder + np.array([0.05 * (i % 4 - 1.5), -0.06 - 0.05 * (i // 4)])
    for k, aside in ((0, -0.035), (1, 0.035)):
        hand = shoulder + np.array([0.3, 0.02 + 0.16 * k])
        fingers = hand + np.array([[0.05, 0.05], [0.05, -0.05], [0.0, 0.055]])
        arm = [shoulder, shoulder + np.array([0.14, 0.03 + 0.1 * k]), hand, *fingers]
        points[[11 + k, 13 + k, 15 + k, 17 + k, 19 + k, 21 + k]] = arm
        points[[23 + k, 25 + k, 27 + k, 29 + k, 31 + k]] = [hip, knee, ankle, heel, toe]
        points[[11 + k, 23 + k, 25 + k, 27 + k, 29 + k, 31 + k], 0] += aside
    points[29:33, 1] += [0.0, 0.05, 0.0, 0.05]  # heels and toes of both feet apart
    points[HIPS] = hip
    points[ABOVE] = hip + 0.62 * up
    return np.asarray(points * height + np.array(at))


@dataclass
class Film:
    """Painted people; points : (frames, people, 35, 2), NaN for what is hidden. exchanged : frames of swapped legs."""

    times: Floats
    points: Floats
    size: tuple[int, int] = (640, 480)
    exchanged: Collection[int] = ()
    read: int = 0

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, width: int | None = None
    ) -> Iterator[tuple[int, float, Image]]:  # fmt: skip
        self.read += 1
        for i in range(len(self.times))[start:stop:step]:
            yield i, float(self.times[i]), self.picture(i)

    def picture(self, i: int) -> Image:
        image = np.full((self.size[1], self.size[0], 3), 20, np.uint8)
        for person, points in enumerate(self.points[i]):
            if i in self.exchanged:
                points = points.copy()
                points[LEFT_LEG], points[RIGHT_LEG] = points[RIGHT_LEG], points[LEFT_LEG]
            tall = np.nanmax(points[:, 1], initial=0.0) - np.nanmin(points[:, 1], initial=1e9)
            paint(image, points, person, radius=max(4.0, 0.018 * tall))
        return image


def paint(image: Image, points: Floats, person: int, radius: float) -> None:
    for p, (x, y) in enumerate(points):
        if np.isfinite(x):
            colour = tuple(int(one) for one in COLOURS[POINTS * person + p])
            cv2.circle(image, (round(x * 16), round(y * 16)), round(radius * 16), colour, -1, cv2.LINE_AA, 4)


def centroids(image: Image) -> Floats:
    """Where each colour is in a picture, (people, 40, 2), NaN where it is not."""
    nearest = np.clip(np.round((image.astype(np.int64) - 55) / 50.0).astype(np.int64), 0, 4)
    off = np.abs(image - LEVELS[nearest]).max(axis=-1)
    rows, columns = np.nonzero(off <= 6)
    which = nearest[rows, columns] @ [25, 5, 1] - 5
    known = which >= 0
    rows, columns, which = rows[known], columns[known], which[known]
    pure = off[rows, columns] <= 1  # the middle of a disc; what edges mix is hardly ever that exact
    found = _means(rows[pure], columns[pure], which[pure], 1)
    near = np.hypot(columns - found[which, 0], rows - found[which, 1]) < 8.0
    found = _means(rows[near], columns[near], which[near], 3)
    return found.reshape(PEOPLE, POINTS, 2)


def _means(rows: Ints, columns: Ints, which: Ints, least: int) -> Floats:
    """The middle of the pixels of each point, NaN where there are fewer than `least`."""
    count, across, down = (np.bincount(which, one, PEOPLE * POINTS) for one in (None, columns, rows))
    found = np.full((PEOPLE * POINTS, 2), np.nan)
    enough = count >= least
    found[enough] = np.column_stack([across, down])[enough] / count[enough, None]
    return found


@dataclass
class Detector:
    """Finds everybody whose hips and point above the head are seen."""

    side: int = 224
    calls: int = 0

    def __call__(self, images: Singles) -> Mapping[str, Singles]:
        self.calls += len(images)
        boxes, scores = np.zeros((len(images), 2254, 12)), np.full((len(images), 2254, 1), -20.0)
        for n, image in enumerate(images):
            places = centroids(np.rint((image + 1.0) * 127.5).astype(np.uint8)) / self.side
            for person in places:
                hips, above = person[HIPS], person[ABOVE]
                if np.isfinite([hips, above]).all():
                    column, row = (min(27, int(one * 28)) for one in hips)
                    anchor = np.array([(column + 0.5) / 28, (row + 0.5) / 28])
                    reach = 2.0 * np.hypot(*(above - hips))
                    which = 2 * (28 * row + column)
                    boxes[n, which, :8] = 224.0 * np.concatenate([hips - anchor, [reach, reach], hips - anchor,
                                                                  above - anchor])  # fmt: skip
                    scores[n, which] = 4.0
        return {"boxes": boxes.astype(np.float32), "scores": scores.astype(np.float32)}


@dataclass
class Landmarks:
    """Finds the points of the person whose hips are nearest to the middle of the crop.

    noise : SD of the points, px of the crop, other in every crop but the same in every run.
    """

    side: int = 256
    noise: float = 0.0
    calls: int = 0
    blind: set[int] = field(default_factory=set)
    """Calls in which nobody is seen."""

    def __call__(self, images: Singles) -> Mapping[str, Singles]:
        shapes = {"landmarks": (195,), "presence": (1,), "heatmaps": (64, 64, 39)}
        out = {name: np.zeros((len(images), *shape), np.float32) for name, shape in shapes.items()}
        out["heatmaps"] -= 20.0
        for n, image in enumerate(images):
            pixels = np.rint(image * 255.0).astype(np.uint8)
            people = centroids(pixels)
            far = np.hypot(*(people[:, HIPS] - self.side / 2.0).T)
            if self.calls not in self.blind and np.isfinite(far).any():
                points = people[int(np.nanargmin(far))]
                there = np.isfinite(points[:33, 0])
                if 2 * there.sum() > 33 and np.isfinite(points[ABOVE]).all():
                    out["presence"][n] = 0.98
                    out["landmarks"][n] = self._told(points, zlib.crc32(pixels.tobytes())).ravel()
        self.calls += 1
        return out

    def _told(self, points: Floats, seed: int) -> Floats:
        told = np.zeros((39, 5))
        seen = np.isfinite(points[:39, 0])
        told[:, :2] = np.where(seen[:, None], points[:39], points[HIPS])
        told[:33, :2] += self.noise * np.random.default_rng(seed).standard_normal((33, 2))
        told[:, 3] = np.where(seen, 5.0, -5.0)
        told[:, 4] = 5.0
        return told


def backend(noise: float = 0.0, blind: Sequence[int] = ()) -> BlazePose:
    return BlazePose(Detector(), Landmarks(noise=noise, blind=set(blind)), {"detector_sha256": "stand-in"})
