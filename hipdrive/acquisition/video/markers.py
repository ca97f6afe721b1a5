"""Things stuck to a body or a bar, followed through a clip: printed tags, discs, and points somebody clicked.

Each becomes a point of a Track in pixels, x to the right and y down, from the middle of the first pixel. A frame in
which it was not surely seen holds NaN: nothing is carried on from before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Track

Image = NDArray[np.uint8]
Frames = Iterable[tuple[int, float, Image]]
"""Index, time (s) and picture (h, w, 3), RGB, of each frame, as `Clip.frames` gives them."""

FAMILIES = {"36h11": cv2.aruco.DICT_APRILTAG_36h11, "16h5": cv2.aruco.DICT_APRILTAG_16h5,
            "25h9": cv2.aruco.DICT_APRILTAG_25h9, "4x4_50": cv2.aruco.DICT_4X4_50}  # fmt: skip
"""Kinds of tags; 36h11 is the one that is hardly ever seen where there is none."""

MOST = 64
"""Things that are followed at a time."""

AROUND, AGAIN = 2.0, 10
"""Sizes of a tag about its last place in which it is looked for, and frames after which the whole picture is searched
again while one is missing."""

GRID, PATCH = 7, 12.0
"""Points in a row of the grid that stands for a clicked point, and half its width, px."""

BACK, ENOUGH = 1.0, 0.4
"""px by which following a point there and back may end beside its start, and the part of the grid that has to."""

SPREAD = 3.0
"""px about their median that points of one grid may move apart: beyond, they are on different things."""

RADIUS, LARGEST = 3.0, 60.0
"""px: a disc's least and largest radius."""

ROUND, GROWN = 0.6, 1.4
"""A blob that covers less of the ellipse around it is no disc; and times its usual area by which it may differ: blur
spreads a disc but leaves its brightness, a hand takes of it."""

APART = 25.0
"""Grey levels between a disc and what is around it, at least."""


def tags(
    frames: Frames, names: Mapping[int, str], *, family: str = "36h11", name: str = "tags", kind: str = "points"
) -> Track:  # fmt: skip
    """The middles of printed tags, by their numbers.

    Corners are where lines along the tag's rim meet: 0.1 px from 30 px on, and without a bias (AprilTag's own way gives
    corners half a pixel off). The middle is where the diagonals cross, which is right from any side. The whole picture
    is searched first, then the surroundings of each tag.

    Raises
    ------
    UsageError : no names, an unknown family, or no tag is seen in any frame.
    """
    if not 0 < len(names) <= MOST or len(set(names.values())) != len(names):
        raise UsageError("tags", f"tags: name 1 to {MOST} tags, each with a name of its own, such as 3 = left_knee")
    if family not in FAMILIES:
        raise UsageError("tags", f"tags of the family {family}: choose one of {', '.join(FAMILIES)}")
    finder, places, rows, times = _finder(family), dict.fromkeys(names, -1), [], []
    boxes: dict[int, tuple[float, float, float]] = {}
    for count, (_, time, image) in enumerate(frames):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        whole = not boxes or (len(boxes) < len(names) and count % AGAIN == 0)
        found = _seen(finder, grey, (0, 0)) if whole else _near(finder, grey, boxes)
        row = np.full((len(names), 2), np.nan)
        for place, number in enumerate(places):
            corners = found.get(number)
            if corners is None:
                boxes.pop(number, None)
                continue
            row[place] = _crossing(corners)
            size = float(np.ptp(corners, axis=0).max())
            boxes[number] = (row[place, 0], row[place, 1], size)
        rows.append(row)
        times.append(time)
    track = _track(name, kind, times, rows, tuple(names.values()))
    if not np.isfinite(track.values).any():
        asked = ", ".join(map(str, names))
        raise UsageError("tags", f"{name}: none of the tags {asked} of the family {family} is seen in any frame; "
                         "print them at least 30 px large in the picture, with a white rim")  # fmt: skip
    return track


def _finder(family: str) -> cv2.aruco.ArucoDetector:
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_CONTOUR
    return cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(FAMILIES[family]), settings)


def _seen(finder: cv2.aruco.ArucoDetector, grey: NDArray[np.uint8], at: tuple[int, int]) -> dict[int, Floats]:
    """Corners of every tag in a picture whose first pixel lies at `at`; a number seen twice is not told."""
    corners, numbers, _ = finder.detectMarkers(grey)
    found: dict[int, Floats] = {}
    twice: set[int] = set()
    for number, four in zip([] if numbers is None else numbers.ravel().tolist(), corners, strict=True):
        twice |= {number} & found.keys()
        found[number] = np.asarray(four, dtype=np.float64).reshape(4, 2) + at
    return {number: four for number, four in found.items() if number not in twice}


def _near(
    finder: cv2.aruco.ArucoDetector, grey: NDArray[np.uint8], boxes: Mapping[int, tuple[float, float, float]]
) -> dict[int, Floats]:  # fmt: skip
    """Each tag looked for where it was."""
    found: dict[int, Floats] = {}
    for number, (x, y, size) in boxes.items():
        half = AROUND * size + 10.0
        left, top = max(0, int(x - half)), max(0, int(y - half))
        part = np.ascontiguousarray(grey[top : int(y + half) + 1, left : int(x + half) + 1])
        four = _seen(finder, part, (left, top)).get(number) if min(part.shape) > 8 else None
        if four is not None:
            found[number] = four
    return found


def _crossing(four: Floats) -> Floats:
    """Where the diagonals of a quadrangle cross.

    >>> _crossing(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])).tolist()
    [1.0, 1.0]
    """
    a, b, c, d = four
    part = np.linalg.solve(np.column_stack([c - a, b - d]), b - a)[0]
    return np.asarray(a + part * (c - a))


# --- discs ---


def discs(
    frames: Frames, clicked: Mapping[str, tuple[float, float]], *, name: str = "discs", kind: str = "points"
) -> Track:
    """The middles of discs or reflecting dots, clicked in the first frame: brightness-weighted, to parts of a pixel.

    What counts as the disc is the colour that was clicked against the colour around it, halfway between both.

    Raises
    ------
    UsageError : nothing was clicked, or what was clicked is no disc.
    """
    followed: list[_Disc] = []
    rows: list[Floats] = []
    times: list[float] = []
    for _, time, image in frames:
        if not rows:
            followed = [_disc_at(image, at, f"{name}: {one}") for one, at in _clicked(clicked, image, name).items()]
        rows.append(np.array([one.follow(image) for one in followed]))
        times.append(time)
    return _track(name, kind, times, rows, tuple(clicked))


@dataclass
class _Disc:
    """One disc: its colour against what is around it, where it was last, how fast, and how large."""

    inside: Floats
    outside: Floats
    place: Floats
    radius: float
    speed: Floats
    lost: int = 0

    def follow(self, image: Image) -> Floats:
        """Where it is in the next frame, NaN where it is not surely there."""
        reach = (4.0 + 2.0 * min(self.lost, 4)) * self.radius + float(np.hypot(*self.speed))
        found = _blob(image, self.place + self.speed, reach, self.inside, self.outside)
        usual = math.pi * self.radius**2
        if found is None or not usual / GROWN < found[1] < usual * GROWN:
            self.lost += 1
            self.speed = np.zeros(2) if self.lost > 3 else self.speed
            return np.full(2, np.nan)
        place, area = found
        self.speed = (place - self.place) / (1 + self.lost)
        self.place, self.lost = place, 0
        self.radius += 0.1 * (math.sqrt(area / math.pi) - self.radius)
        return place


def _disc_at(image: Image, at: tuple[float, float], where: str) -> _Disc:
    """The disc that was clicked."""
    place = np.array(at)
    x, y = (round(one) for one in at)
    inside = np.median(image[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].reshape(-1, 3), axis=0).astype(np.float64)
    for reach in np.geomspace(4.0 * RADIUS, 3.0 * LARGEST, 8):
        part, _ = _part(image, place, float(reach))
        rim = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]).astype(np.float64)
        outside = np.median(rim, axis=0)
        if np.linalg.norm(inside - outside) < APART:
            continue
        found = _blob(image, place, float(reach), inside, outside)
        if found is not None and np.hypot(*(found[0] - place)) < max(RADIUS, math.sqrt(found[1] / math.pi)):
            return _Disc(inside, outside, found[0], math.sqrt(found[1] / math.pi), np.zeros(2))
    raise UsageError(
        "disc", f"{where}: at {x},{y} there is no disc of one colour on another one; click into its middle"
    )


def _part(image: Image, at: Floats, reach: float) -> tuple[Image, Floats]:
    """A square of the picture about a place, and where its first pixel lies."""
    left, top = (max(0, math.floor(one - reach)) for one in at)
    part = image[top : max(top, math.floor(at[1] + reach)) + 1, left : max(left, math.floor(at[0] + reach)) + 1]
    return part, np.array([left, top], dtype=np.float64)


def _blob(image: Image, at: Floats, reach: float, inside: Floats, outside: Floats) -> tuple[Floats, float] | None:
    """Middle and area, px, of the round patch of the inner colour that is nearest to a place."""
    part, corner = _part(image, at, reach)
    if min(part.shape[:2]) < 3:
        return None
    way = inside - outside
    # how much of each pixel is disc: 0 around it, 1 inside
    cover = np.clip((part.astype(np.float64) - outside) @ way / float(way @ way), 0.0, 1.0)
    number, labels, boxes, middles = cv2.connectedComponentsWithStats((cover > 0.5).astype(np.uint8), connectivity=8)
    best: tuple[float, int] | None = None
    for one in range(1, number):
        wide, high, area = (int(boxes[one, k]) for k in (2, 3, 4))
        if (
            area < 0.5 * math.pi * RADIUS**2
            or area < ROUND * 0.25 * math.pi * wide * high
            or max(wide, high) > 2.0 * LARGEST
            or max(wide, high) > 2.5 * min(wide, high)
        ):  # motion blurs a disc along its way
            continue
        left, top = int(boxes[one, 0]), int(boxes[one, 1])
        if min(left, top) == 0 or left + wide == part.shape[1] or top + high == part.shape[0]:
            continue  # cut off: its middle is elsewhere
        away = float(np.hypot(*(middles[one] + corner - at)))
        if best is None or away < best[0]:
            best = away, one
    if best is None:
        return None
    near = cv2.dilate((labels == best[1]).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    others = (labels > 0) & (labels != best[1])
    weight = np.where(near & ~others, cover, 0.0)
    weight[weight < 0.1] = 0.0  # noise around it would pull the middle towards that of the square
    rows, columns = np.nonzero(weight)
    mass = weight[rows, columns]
    middle = np.array([float(columns @ mass), float(rows @ mass)]) / float(mass.sum())
    return middle + corner, float(mass.sum())


# --- points that were clicked ---


def points(
    frames: Frames, clicked: Mapping[str, tuple[float, float]], *, name: str = "points", kind: str = "points"
) -> Track:
    """Points clicked in the first frame, such as the end of a bar, followed by the flow of a grid about each.

    A frame counts where following the grid there and back ends where it began and its points move as one; a point that
    is lost stays lost, since nothing tells where it comes back.

    Raises
    ------
    UsageError : nothing was clicked, outside of the picture, or on a patch without any texture.
    """
    rows: list[Floats] = []
    times: list[float] = []
    before = np.zeros((0, 0), np.uint8)
    places = np.zeros((0, 2))
    for _, time, image in frames:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if not rows:
            places = np.array(list(_clicked(clicked, image, name).values()), dtype=np.float64)
            _textured(grey, places, tuple(clicked), name)
        else:
            places = np.array([_moved(before, grey, one) for one in places])
        rows.append(places.copy())
        times.append(time)
        before = grey
    return _track(name, kind, times, rows, tuple(clicked))


def _moved(before: NDArray[np.uint8], now: NDArray[np.uint8], place: Floats) -> Floats:
    """Where a grid about a place went from one frame to the next, NaN where it fell apart."""
    if not np.isfinite(place).all():
        return place
    steps = np.linspace(-PATCH, PATCH, GRID)
    grid = (place + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)).astype(np.float32)
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, now, grid, None)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, None)
    good = (ok.ravel() == 1) & (ok_back.ravel() == 1) & (np.linalg.norm(back - grid, axis=1) < BACK)
    moved = (there - grid).astype(np.float64)
    if good.mean() < ENOUGH:
        return np.full(2, np.nan)
    middle = np.median(moved[good], axis=0)
    one = good & (np.linalg.norm(moved - middle, axis=1) < SPREAD)
    new = place + moved[one].mean(axis=0) if one.mean() >= ENOUGH else np.full(2, np.nan)
    height, width = now.shape
    return new if 0.0 <= new[0] < width and 0.0 <= new[1] < height else np.full(2, np.nan)


def _textured(grey: NDArray[np.uint8], places: Floats, names: tuple[str, ...], name: str) -> None:
    """Refuse what no flow can follow: a patch of one brightness, or one that is the same along a line."""
    for place, one in zip(places, names, strict=True):
        part, _ = _part(cv2.merge([grey] * 3), place, PATCH)
        eigen = cv2.cornerMinEigenVal(np.ascontiguousarray(part[..., 0]), 3)
        if float(eigen.max(initial=0.0)) < 1e-3:
            raise UsageError("point", f"{name}: {one} lies on a patch without any texture, which cannot be followed; "
                             "click where something has an edge, such as the rim of the bar's end")  # fmt: skip


# --- shared ---


def _clicked(
    clicked: Mapping[str, tuple[float, float]], image: Image, name: str
) -> Mapping[str, tuple[float, float]]:  # fmt: skip
    """What was clicked, where that lies in the picture."""
    if not 0 < len(clicked) <= MOST:
        raise UsageError("clicked", f"{name}: click 1 to {MOST} places")
    high, wide = image.shape[:2]
    for one, (x, y) in clicked.items():
        if not (0.0 <= x < wide and 0.0 <= y < high):
            raise UsageError("clicked", f"{name}: {one} at {x:g},{y:g} lies outside of the picture of {wide} x {high}")
    return clicked


def _track(name: str, kind: str, times: list[float], rows: list[Floats], names: tuple[str, ...]) -> Track:
    if len(times) < 2:
        raise UsageError("clip_short", f"{name}: the clip has {len(times)} frames; two are needed to follow anything")
    return Track(name=name, kind=kind, times=np.array(times), values=np.stack(rows), names=names, unit="px")
