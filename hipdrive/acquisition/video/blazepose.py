"""BlazePose on any `Network`: where people are in an image, and the 33 landmarks of the one in a region of it.

What surrounds the two networks, anchors, decoding, turned crops, heatmaps, follows MediaPipe's graphs
(Bazarevsky 2020; Apache-2.0 sources), written anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.video.network import LiteRT, Network, Singles
from hipdrive.trial import Floats

Image = NDArray[np.uint8]

NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
"""The landmarks in BlazePose's order."""

CENTRE, RIM = 33, 34
"""Two further points of the network: the middle of the hips, and a point of the circle around the whole body."""

POINTS = 39
"""Landmarks and further points of the landmark network."""

STRIDES = ((8, 2), (16, 2), (32, 6))
"""Of the detector's maps: pixels a cell, anchors a cell."""

ANCHORS = 2254

DETECTOR: Mapping[tuple[int, ...], str] = {(ANCHORS, 12): "boxes", (ANCHORS, 1): "scores"}
LANDMARKS: Mapping[tuple[int, ...], str] = {(5 * POINTS,): "landmarks", (1,): "presence", (64, 64, POINTS): "heatmaps"}
"""Outputs that are used, by shape."""

FOUND, SAME = 0.5, 0.3
"""Score from which on a detection is a person; overlap (of union) from which on two detections are one person."""

ROOM = 1.25
"""A region is this much larger than the circle around the body."""

FINER = 1.25
"""Pixels a pixel of a crop that are left when a picture is shrunk before a crop is taken."""

REACH, LEAST_HEAT = 3, 0.5
"""Pixels of a heatmap around a landmark that refine it, and the heat from which on they do."""


class Region(NamedTuple):
    """A square of an image in which a person is: centre, side (px), and turn (rad, clockwise as seen)."""

    x: float
    y: float
    size: float
    angle: float

    def away(self, other: Region) -> float:
        """Distance of the centres, in sides of this region."""
        return float(np.hypot(self.x - other.x, self.y - other.y)) / self.size


class Person(NamedTuple):
    """Somebody whom the detector sees."""

    score: float
    region: Region


@dataclass(frozen=True, eq=False)
class Look:
    """What the landmark network says of crops.

    presence : (crops,), 0 to 1, whether a person is there at all. xy : (crops, 39, 2), px of the image.
    visible, inside : (crops, 39), 0 to 1, whether a point is not hidden, and whether it is in the picture.
    """

    presence: Floats
    xy: Floats
    visible: Floats
    inside: Floats


def region_of(centre: Floats, rim: Floats) -> Region:
    """The region of a person whose circle has this centre and this point above the head.

    >>> region_of(np.array([100.0, 100.0]), np.array([100.0, 60.0]))
    Region(x=100.0, y=100.0, size=100.0, angle=0.0)
    """
    dx, dy = (float(one) for one in rim - centre)
    angle = float(np.arctan2(dx, -dy))
    return Region(float(centre[0]), float(centre[1]), 2.0 * ROOM * float(np.hypot(dx, dy)), angle + 0.0)


def to_image(region: Region, side: int) -> Floats:
    """Crop px -> image px of a region's crop, an affine matrix (2, 3)."""
    scale = region.size / side
    c, s = np.cos(region.angle) * scale, np.sin(region.angle) * scale
    half = side / 2.0
    return np.array([[c, -s, region.x - (c - s) * half], [s, c, region.y - (s + c) * half]])


def anchors(side: int = 224) -> Floats:
    """Centres of the detector's anchors, as shares of the side, (2254, 2).

    >>> anchors().shape, anchors()[:3].round(4).tolist()
    ((2254, 2), [[0.0179, 0.0179], [0.0179, 0.0179], [0.0536, 0.0179]])
    """
    found = []
    for stride, each in STRIDES:
        cells = -(-side // stride)
        rows, columns = np.divmod(np.arange(cells * cells), cells)
        found.append(np.repeat((np.column_stack([columns, rows]) + 0.5) / cells, each, axis=0))
    return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class BlazePose:
    """The two networks. detector : None where the athlete's region is always given. facts : what to tell of them."""

    detector: Network | None
    landmarks: Network
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def people(self, image: Image, window: tuple[int, int, int, int] | None = None) -> list[Person]:
        """Everybody in an image, or in a window (x0, y0, x1, y1) of it, the surest first."""
        if self.detector is None:
            return []
        height, width = image.shape[:2]
        x0, y0, x1, y1 = window or (0, 0, width, height)
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
        if x1 - x0 < 8 or y1 - y0 < 8:
            return []
        seen, side = image[y0:y1, x0:x1], max(x1 - x0, y1 - y0)
        corner = np.array([x0 + (x1 - x0 - side) / 2.0, y0 + (y1 - y0 - side) / 2.0])
        out = self.detector(_normal(_letterboxed(seen, self.detector.side))[None] * 2.0 - 1.0)
        return _people(out["boxes"][0], out["scores"][0, :, 0], self.detector.side, corner, side)

    def look(self, image: Image, regions: Sequence[Region]) -> Look:
        """The landmarks of the person in regions of one image that lie near one another."""
        side = self.landmarks.side
        small, shrunk = _shrunk(image, regions, side)
        back = [to_image(one, side) for one in regions]
        crops = np.stack([_normal(_warped(small, _chained(shrunk, one), side)) for one in back])
        out = self.landmarks(crops)
        raw = out["landmarks"].reshape(len(regions), POINTS, 5).astype(np.float64)
        places = np.stack([refined(xy, heat) for xy, heat in zip(raw[:, :, :2], out["heatmaps"], strict=True)])
        xy = np.stack([p @ m[:, :2].T + m[:, 2] for p, m in zip(places, back, strict=True)])
        presence = out["presence"][:, 0].astype(np.float64)
        return Look(presence=presence, xy=xy, visible=_sigmoid(raw[:, :, 3]), inside=_sigmoid(raw[:, :, 4]))


def loaded(detector: bytes | None, landmarks: bytes, facts: Mapping[str, str], threads: int | None = None) -> BlazePose:
    """BlazePose from the contents of its two files.

    Raises
    ------
    UsageError : they cannot be run here.
    """
    return BlazePose(
        detector=None if detector is None else LiteRT(detector, DETECTOR, threads),
        landmarks=LiteRT(landmarks, LANDMARKS, threads),
        facts=MappingProxyType(dict(facts)),
    )


def refined(places: Floats, heatmaps: Singles) -> Floats:
    """Landmarks (points, 2) in crop px, each moved to the middle of the heat near it where there is any.

    heatmaps : (rows, columns, points), before the sigmoid; four crop px are one of theirs.
    """
    rows, columns, points = heatmaps.shape
    cell = np.floor(places / 4.0).astype(np.intp)
    span = np.arange(-REACH, REACH + 1)
    y, x = cell[:, 1, None] + span, cell[:, 0, None] + span
    near = heatmaps[np.clip(y, 0, rows - 1)[:, :, None], np.clip(x, 0, columns - 1)[:, None, :],
                    np.arange(points)[:, None, None]]  # fmt: skip
    within = ((y >= 0) & (y < rows))[:, :, None] & ((x >= 0) & (x < columns))[:, None, :]
    heat = np.where(within, _sigmoid(near.astype(np.float64)), 0.0)
    total = heat.sum(axis=(1, 2))
    inside = ((cell >= 0) & (cell < [columns, rows])).all(axis=1)
    warm = inside & (heat.max(axis=(1, 2)) >= LEAST_HEAT)
    weight = np.where(warm, total, 1.0)
    middle = np.column_stack([(heat * x[:, None, :]).sum(axis=(1, 2)), (heat * y[:, :, None]).sum(axis=(1, 2))])
    return np.where(warm[:, None], 4.0 * middle / weight[:, None], places)


# --- pixels ---


def _normal(image: Image) -> Singles:
    return image.astype(np.float32) * np.float32(1.0 / 255.0)


def _letterboxed(image: Image, side: int) -> Image:
    """The whole image in the middle of a black square."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    found = np.zeros((side, side, 3), np.uint8)
    top, left = (side - h) // 2, (side - w) // 2
    found[top : top + h, left : left + w] = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    return found


def _shrunk(image: Image, regions: Sequence[Region], side: int) -> tuple[Image, Floats]:
    """The neighbourhood of regions in pixels about as large as those of a crop, and image px -> its px, (2, 3).

    Each is the mean of a whole number of pixels a side: a crop that picks single ones out of a large figure aliases,
    which doubles the noise of its joints (VIDEO.md 1), and means of broken numbers take ten times as long.
    """
    each = max(1, round(min(one.size for one in regions) / (FINER * side)))
    height, width = image.shape[:2]
    reach = 0.75 * max(one.size for one in regions)  # half the diagonal of the square, and a little
    xs, ys = [one.x for one in regions], [one.y for one in regions]
    x0, x1 = int(np.clip(min(xs) - reach, 0, width)), int(np.clip(max(xs) + reach, 0, width))
    y0, y1 = int(np.clip(min(ys) - reach, 0, height)), int(np.clip(max(ys) + reach, 0, height))
    columns, rows = (x1 - x0) // each, (y1 - y0) // each
    if each == 1 or min(columns, rows) < 8:
        return image, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    seen = image[y0 : y0 + rows * each, x0 : x0 + columns * each]
    small = np.asarray(cv2.resize(seen, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # places are those of the pixels' centres
    return small, np.array([[1.0, 0.0, 0.5 - x0], [0.0, 1.0, 0.5 - y0]]) / each - [[0.0, 0.0, 0.5], [0.0, 0.0, 0.5]]


def _chained(second: Floats, first: Floats) -> Floats:
    """One affine map after another."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def _warped(image: Image, matrix: Floats, side: int) -> Image:
    """A crop whose px lie at `matrix` of them in the image; beyond its edge the edge goes on."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE))


# --- the detector's numbers ---


def _people(raw: Singles, logits: Singles, side: int, corner: Floats, scale: float) -> list[Person]:
    """Detections -> people, in px of the image whose square begins at `corner` and is `scale` wide."""
    scores = _sigmoid(logits.astype(np.float64))
    rows = np.flatnonzero(scores > FOUND)
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    places, scores = anchors(side)[rows], scores[rows]
    numbers = raw[rows].astype(np.float64) / side
    centre, extent = numbers[:, :2] + places, np.maximum(numbers[:, 2:4], 0.0)
    low, high = centre - extent / 2.0, centre + extent / 2.0
    points = numbers[:, 4:8].reshape(-1, 2, 2) + places[:, None]
    found: list[Person] = []
    left = np.ones(len(rows), bool)
    for i in range(len(rows)):
        if left[i]:
            shared = np.prod(np.clip(np.minimum(high, high[i]) - np.maximum(low, low[i]), 0.0, None), axis=1)
            union = np.prod(extent, axis=1) + np.prod(extent[i]) - shared
            same = left & (shared > SAME * union)
            same[i] = True
            left &= ~same
            mean = np.average(points[same], axis=0, weights=scores[same]) * scale + corner
            if np.isfinite(mean).all() and np.hypot(*(mean[1] - mean[0])) > 1.0:
                found.append(Person(float(scores[i]), region_of(mean[0], mean[1])))
    return found


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -80.0, 80.0))))
