"""What is drawn on a frame: the skeleton, the force as an arrow from where it acts, and a line of words.

Joints have the colours of the curves beside which a frame is shown: hip blue, knee orange, ankle green (Okabe and Ito),
each with its own mark, so that nobody tells them by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Place = tuple[float, float]
Colour = tuple[int, int, int]

WHITE, DARK, FORCE = (255, 255, 255), (20, 20, 20), (240, 228, 66)
JOINTS: Mapping[str, tuple[Colour, str]] = MappingProxyType({
    "hip": ((0, 114, 178), "disc"), "knee": ((213, 94, 0), "square"), "ankle": ((0, 158, 115), "diamond"),
})  # fmt: skip
"""Colour and mark of the joints that are measured."""

BONES = (("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "heel"), ("heel", "foot_index"),
         ("ankle", "foot_index"), ("shoulder", "elbow"), ("elbow", "wrist"))  # fmt: skip
"""Of one side; the keypoints are called `left_hip` and so on."""

ACROSS = (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"))

FINE = 16
"""Parts of a pixel in which OpenCV takes places (4 bits)."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What is drawn, in pixels of the picture.

    points : by name of the keypoint; those that are NaN are left out. near : `left` or `right`, the side drawn on top.
    force : foot and tip of the arrow, or None. weights : force in body weights, shown as a bar where it has no place.
    words : one line below the picture's upper edge.
    """

    points: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))
    near: str = ""
    force: tuple[Place, Place] | None = None
    weights: float = math.nan
    words: str = ""


def drawn(image: Image, marks: Marks, *, scale: float = 1.0) -> Image:
    """A copy of a picture (h, w, 3), RGB, with the marks on it; `scale` of the picture to that of the marks.

    >>> int(drawn(np.zeros((40, 40, 3), np.uint8), Marks(points={"left_hip": (20.0, 20.0)}))[20, 20, 2])
    178
    """
    out = np.ascontiguousarray(image).copy()
    thick = max(1, round(min(out.shape[:2]) / 240.0))
    known = {name: (scale * x, scale * y) for name, (x, y) in marks.points.items() if np.isfinite([x, y]).all()}
    far = {"left": "right", "right": "left"}.get(marks.near, "")
    for one, other in ACROSS:
        _bone(out, known, one, other, thick, faint=True)
    for side in (far, marks.near) if far else ("right", "left"):
        for one, other in BONES:
            _bone(out, known, f"{side}_{one}", f"{side}_{other}", thick, faint=side == far)
        for joint, (colour, mark) in JOINTS.items():
            if (at := known.get(f"{side}_{joint}")) is not None:
                _mark(out, at, colour, mark, 2.2 * thick if side == far else 3.4 * thick, thick)
    if marks.force is not None:
        foot, tip = ((scale * x, scale * y) for x, y in marks.force)
        _arrow(out, foot, tip, thick)
    if math.isfinite(marks.weights) and marks.force is None:
        _bar(out, marks.weights)
    if marks.words:
        _say(out, marks.words)
    return out


def _fine(at: Place) -> tuple[int, int]:
    """A place as OpenCV takes it: beyond the picture by no more than it can count."""
    x, y = (float(np.clip(one, -1e5, 1e5)) for one in at)
    return round(x * FINE), round(y * FINE)


def _line(out: Image, one: Place, other: Place, colour: Colour, width: int) -> None:
    cv2.line(out, _fine(one), _fine(other), colour, width, cv2.LINE_AA, 4)


def _bone(out: Image, known: Mapping[str, Place], one: str, other: str, thick: int, *, faint: bool) -> None:
    if one in known and other in known:
        _line(out, known[one], known[other], DARK, thick + (1 if faint else 3))
        _line(out, known[one], known[other], (170, 170, 170) if faint else WHITE, max(1, thick - faint))


def _mark(out: Image, at: Place, colour: Colour, mark: str, size: float, thick: int) -> None:
    turns = {"disc": 24, "square": 4, "diamond": 4}[mark]
    first = np.pi / 4 if mark == "square" else 0.0
    angle = first + np.linspace(0.0, 2.0 * np.pi, turns, endpoint=False)
    for grow, fill in ((1.0 + thick / size, DARK), (1.0, colour)):
        rim = np.array(at) + grow * size * np.column_stack([np.cos(angle), np.sin(angle)])
        cv2.fillPoly(out, [np.round(np.clip(rim, -1e5, 1e5) * FINE).astype(np.int32)], fill, cv2.LINE_AA, 4)


def _arrow(out: Image, foot: Place, tip: Place, thick: int) -> None:
    """An arrow with a dark rim, so that it shows on every ground."""
    way = np.subtract(tip, foot)
    length = float(np.hypot(*way))
    if length < 2.0:
        return
    along, across = way / length, np.array([-way[1], way[0]]) / length
    head = min(6.0 * thick, 0.4 * length)
    neck = np.array(tip) - head * along
    wings = np.array([tip, neck + 0.5 * head * across, neck - 0.5 * head * across])
    for width, colour in ((thick + 4, DARK), (thick + 1, FORCE)):
        _line(out, foot, (float(neck[0]), float(neck[1])), colour, width)
        shape = np.round(np.clip(wings, -1e5, 1e5) * FINE).astype(np.int32)
        cv2.polylines(out, [shape], True, colour, max(1, width - thick), cv2.LINE_AA, 4)
        cv2.fillPoly(out, [shape], FORCE, cv2.LINE_AA, 4)


def _bar(out: Image, weights: float) -> None:
    """Force as a column at the left edge, with a line at each body weight."""
    high, wide = out.shape[:2]
    left, right, ground, one = round(0.02 * wide), round(0.05 * wide), round(0.96 * high), 0.14 * high
    top = max(0, round(ground - one * max(weights, 0.0)))
    out[max(0, round(ground - 5.0 * one)) : ground, left:right] //= 2
    out[top:ground, left:right] = FORCE
    for k in range(6):
        y = round(ground - k * one)
        if y >= 0:
            cv2.line(out, (left, y), (right + 4, y), WHITE if k == 1 else (190, 190, 190), 1, cv2.LINE_AA)
    cv2.putText(out, "weight", (right + 7, round(ground - one) + 4), cv2.FONT_HERSHEY_SIMPLEX,
                max(0.35, high / 1600.0), WHITE, 1, cv2.LINE_AA)  # fmt: skip


def _say(out: Image, words: str) -> None:
    """Words on a dark bar; only what the letters of OpenCV have."""
    plain = words.replace("±", "+-").replace("°", " deg").encode("ascii", "replace").decode()
    wanted = 0.92 * out.shape[1]
    size = max(0.35, out.shape[0] / 900.0)
    weight = max(1, round(1.6 * size))
    (wide, high), rest = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, size, weight)
    if wide > wanted:
        size *= wanted / wide
        (wide, high), rest = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, size, weight)
    bar = high + rest + 10
    out[:bar] = (out[:bar] * 0.35).astype(np.uint8)
    cv2.putText(out, plain, (8, high + 5), cv2.FONT_HERSHEY_SIMPLEX, size, WHITE, weight, cv2.LINE_AA)


def shrunk(image: Image, height: int) -> Image:
    """The picture at most so high, averaged; never made larger."""
    rows, columns = image.shape[:2]
    if rows <= height:
        return image
    return np.asarray(cv2.resize(image, (max(1, round(columns * height / rows)), height), interpolation=cv2.INTER_AREA))


def jpeg(image: Image, quality: int = 82) -> bytes:
    """The picture (h, w, 3), RGB, as JPEG."""
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done  # three bytes a pixel always can be
    return bytes(data)
