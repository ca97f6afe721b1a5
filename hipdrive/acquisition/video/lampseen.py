"""The lamp in a clip: where it blinks, and how bright it is in each frame.

Grey levels are made linear before pixels are averaged, so a frame in which the lamp was on for half of the exposure is
half as bright. A lamp that is clipped hides that; the caller is told how much of it is.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis.ledsync import Brightness
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats

Image = NDArray[np.uint8]
Frames = Iterable[tuple[int, float, Image]]
"""Index, time (s) and picture (h, w, 3), RGB, of each frame, as `Clip.frames` gives them."""

Box = tuple[float, float, float, float]
"""Left, top, width, height, px."""

GAMMA = 2.2

FULL = 250
"""Grey level from which a pixel counts as clipped."""

CELL, MOST = 4, 2000
"""px: side of the squares in which a lamp is looked for; frames that are looked at for that."""

CONTRAST, TWO, CHANGES, OFTEN, SPREAD, BALANCE = 0.08, 0.75, 6, 3.0, 4, 0.2
"""A blinking lamp: linear light between dark and lit; part of the frames near one of both; changes in all and in a
second; stretches of the clip in each of which it changes, unlike somebody who moves by; least part lit, and dark."""

ALIKE = 0.9
"""Correlation of a neighbouring square that is part of the lamp."""

LIGHT = (np.arange(256) / 255.0) ** GAMMA


def brightness(frames: Frames, box: Box, readout: float = 0.0, height: int | None = None) -> Brightness:
    """How bright the lamp within a box is in each frame, at the time of its own row.

    readout : of all rows, s; height : of the picture as filmed, px, where it was scaled down (None: of these pictures).

    Raises
    ------
    UsageError : the box is not in the picture.
    """
    times, values, full = [], [], []
    left, top, width, tall = box
    for _, time, image in frames:
        h, w = image.shape[:2]
        x, y = max(0, round(left)), max(0, round(top))
        part = image[y : round(top + tall), x : round(left + width)]
        if part.size == 0 or left < 0.0 or top < 0.0 or left + width > w + 0.5 or top + tall > h + 0.5:
            raise UsageError("lamp_box", f"the lamp's box {box} does not lie in a picture of {w} x {h}; draw it again")
        # of a coloured lamp the brightest channel tells most, and clips first
        levels = part.reshape(-1, part.shape[-1])
        times.append(time + readout * (top + 0.5 * tall - 0.5) / h)
        values.append(float(LIGHT[levels].mean()))
        full.append(float((levels.max(axis=1) >= FULL).mean()))
    lit = np.array(values) > 0.5 * (np.max(values, initial=0.0) + np.min(values, initial=1.0))
    clipped = float(np.mean(np.array(full)[lit])) if lit.any() else 0.0
    return Brightness(times=np.array(times), values=np.array(values), clipped=clipped)


def find(frames: Frames) -> Box:
    """The box of the one thing in a clip that is either dark or lit, and blinks.

    Raises
    ------
    HipdriveError : nothing does, or more than one thing.
    """
    rows, times = [], []
    for (_, time, image), _ in zip(frames, range(MOST), strict=False):
        rows.append(_cells(image))
        times.append(time)
    if len(rows) < 2 * CHANGES:
        raise HipdriveError("lamp_short", "the clip is too short to see a lamp blink; show it for a second "
                            "or more")  # fmt: skip
    light = np.array(rows)
    low, high = np.percentile(light, 5.0, axis=0), np.percentile(light, 95.0, axis=0)
    span = high - low
    part = (light - low) / np.maximum(span, 1e-6)
    near = ((np.abs(part) < 0.15) | (np.abs(part - 1.0) < 0.15)).mean(axis=0)
    steps = np.diff(part > 0.5, axis=0)
    changes = steps.sum(axis=0)
    always = np.all([some.any(axis=0) for some in np.array_split(steps, SPREAD)], axis=0)
    lit = (part > 0.5).mean(axis=0)
    blinks = ((span > CONTRAST) & (near > TWO) & (changes >= max(CHANGES, OFTEN * (times[-1] - times[0]))) & always
              & (np.abs(lit - 0.5) < 0.5 - BALANCE))  # fmt: skip
    if not blinks.any():
        raise HipdriveError("lamp_unseen", "no blinking lamp is seen in this clip; draw a box around it, or dim it "
                            "if it glares")  # fmt: skip
    y, x = np.unravel_index(int(np.argmax(np.where(blinks, span * near * changes, 0.0))), blinks.shape)
    best = part[:, y, x] - part[:, y, x].mean()
    others = part - part.mean(axis=0)
    alike = (others * best[:, np.newaxis, np.newaxis]).sum(axis=0) / np.maximum(
        np.sqrt((others**2).sum(axis=0) * (best**2).sum()), 1e-9)  # fmt: skip
    same = ((alike > ALIKE) & (span > 0.5 * span[y, x])).astype(np.uint8)
    count, labels = cv2.connectedComponents(same)
    spot = np.argwhere(labels == labels[y, x])
    rival = blinks & (labels != labels[y, x]) & (alike < ALIKE) & (span > 0.5 * span[y, x])
    if rival.sum() >= len(spot) and count > 0:
        raise HipdriveError("lamp_several", "more than one thing blinks in this clip; draw a box around the lamp")
    (top, left), (bottom, right) = spot.min(axis=0), spot.max(axis=0) + 1
    return (float(CELL * left), float(CELL * top), float(CELL * (right - left)), float(CELL * (bottom - top)))


def _cells(image: Image) -> Floats:
    """Mean linear light of each square."""
    h, w = image.shape[0] // CELL * CELL, image.shape[1] // CELL * CELL
    grey = LIGHT.astype(np.float32)[image[:h, :w].max(axis=2)]
    return np.asarray(cv2.resize(grey, (w // CELL, h // CELL), interpolation=cv2.INTER_AREA))
