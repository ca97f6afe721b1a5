"""A decoded frame as it is meant to be seen: turned, mirrored and stretched as the file says, RGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Image = NDArray[np.uint8]

WIDEST_PIXEL = 4.0
"""Pixels that are said to be wider or narrower than by this factor are taken as square."""


@dataclass(frozen=True)
class View:
    """How coded pictures are shown: with swapped axes first, then mirrored.

    size : (width, height) as shown. rotation : degrees anticlockwise, as the file says.
    """

    size: tuple[int, int]
    swapped: bool = False
    mirror_x: bool = False
    mirror_y: bool = False
    rotation: int = 0

    def image(self, frame: VideoFrame, width: int | None = None) -> Image:
        """RGB, shape (height, width, 3); scaled to a width where one is given."""
        shown = self.size if width is None else (width, self.height_at(width))
        coded = shown[::-1] if self.swapped else shown
        if coded[0] < frame.width:  # made small first: there is less to convert, and each pixel is a mean
            frame = frame.reformat(width=coded[0], height=coded[1], interpolation="AREA")
        picture = frame.to_ndarray(format="rgb24", width=coded[0], height=coded[1])
        picture = picture.transpose(1, 0, 2) if self.swapped else picture
        picture = picture[:, ::-1] if self.mirror_x else picture
        picture = picture[::-1] if self.mirror_y else picture
        return np.ascontiguousarray(picture)

    def height_at(self, width: int) -> int:
        """Height of a picture that is scaled to a width."""
        return max(1, round(self.size[1] * width / self.size[0]))


def view_of(frame: VideoFrame, aspect: float = 1.0) -> View:
    """How pictures like this one are to be shown; aspect : width of a pixel over its height."""
    a, b, c, d = _matrix(frame)
    wide = aspect if 1.0 / WIDEST_PIXEL <= aspect <= WIDEST_PIXEL else 1.0
    width, height = max(1, round(frame.width * wide)), frame.height
    if abs(a) >= abs(b):
        return View((width, height), False, a < 0, d < 0, 180 if a < 0 and d < 0 else 0)
    return View((height, width), True, c < 0, b < 0, 90 if c >= 0 and b < 0 else -90 if c < 0 and b >= 0 else 0)


def _matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Where x and y of the coded picture go: x' = a x + c y, y' = b x + d y."""
    parts: Any = frame.side_data  # a list that is typed as a dict
    for part in (parts[number] for number in range(len(parts))):
        if part.type == Type.DISPLAYMATRIX:
            a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(part)[:20], np.int32))
            return a, b, c, d
    return 1, 0, 0, 1
