"""Points of a picture as the body moved: each at the instant of its own row, and in metres where a plate was clicked.

A sensor that reads row after row sees the feet later than the head: what is taken for one instant is brought to it
along each point's own way. A camera whose place is known gives metres in the upright plane through the plate's middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hipdrive.trial import Floats, Footage, Track

FRONTS = ("camera", "away")
"""Ways of facing that show the body from the front or the back."""


def viewed(tracks: Sequence[Track], footage: Sequence[Footage]) -> tuple[Track, ...]:
    """The tracks, those of clips as above; what is in no clip stays as it is.

    What a clip's `about` tells: `height` (px of the picture) and `readout_ms` for the rows, `camera` (K, R, t as lists)
    and `facing` for metres. What it tells wrongly is as if it were not told.
    """
    known = {one.name: one.about for one in footage}
    return tuple(_viewed(one, known[one.name]) if one.unit == "px" and one.name in known else one for one in tracks)


def _viewed(track: Track, about: Mapping[str, Any]) -> Track:
    if track.values.shape[2] != 2:
        return track
    values = track.values
    readout, rows = _number(about.get("readout_ms")), _number(about.get("height"))
    if 0.0 < readout <= 200.0 and rows > 0.0:
        values = levelled(track.times, values, values[:, :, 1] * (1e-3 * readout / rows))
    camera = camera_of(about.get("camera"))
    if camera is None:
        return replace(track, values=values)
    front = about.get("facing") in FRONTS
    said = "up=y view=front" if front else "up=y forward=x view=side"
    plain = track.kind.partition(" up=")[0].partition(" view=")[0]
    return replace(track, values=on_plane(values, camera, 0 if front else 1), unit="m", kind=f"{plain} {said}", sd=None)


def levelled(times: Floats, values: Floats, late: Floats) -> Floats:
    """Points (frames, names, 2) that were seen `late` (frames, names), s, as they were at `times`.

    Linear between neighbouring frames of a point, whose velocity there is that of the two; the first and the last
    frame of a stretch take that of their only neighbour.

    >>> times = np.arange(4) / 100.0
    >>> late = np.full((4, 1), 0.004)
    >>> values = np.repeat(((times[:, None] + late) * 50.0)[..., None], 2, axis=2)
    >>> levelled(times, values, late)[:, 0, 0].round(6).tolist()
    [0.0, 0.5, 1.0, 1.5]
    """
    own = times[:, None] + late
    steps = np.diff(values, axis=0) / np.diff(own, axis=0)[:, :, None]
    none = np.full((1, *values.shape[1:]), np.nan)
    speed = _mean(np.concatenate([none, steps]), np.concatenate([steps, none]))
    return np.asarray(values - np.nan_to_num(speed) * np.nan_to_num(late)[:, :, None])


def _mean(one: Floats, other: Floats) -> Floats:
    """The mean of two, or the one that is there."""
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, 0.5 * (one + other)))


def on_plane(px: Floats, camera: tuple[Floats, Floats, Floats], axis: int) -> Floats:
    """Pixels (..., 2) as places on the upright plane through the origin square to an axis: (along it, up), m.

    axis : 0 for the frontal plane (along is left), 1 for the sagittal one (along is forward).
    """
    lens, turn, shift = camera
    place = -turn.T @ shift
    rays = np.concatenate([px, np.ones((*px.shape[:-1], 1))], axis=-1) @ np.linalg.inv(lens).T @ turn
    with np.errstate(divide="ignore", invalid="ignore"):
        far = -place[axis] / rays[..., axis]
        found = place + far[..., None] * rays
    found[~(far > 0.0)] = np.nan
    return np.asarray(found[..., (1 - axis, 2)])


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def projected(points: Floats, camera: tuple[Floats, Floats, Floats]) -> Floats:
    """Pixels (..., 2) of places (..., 3), m from the middle of the plate; NaN behind the camera."""
    lens, turn, shift = camera
    there = points @ turn.T + shift
    with np.errstate(divide="ignore", invalid="ignore"):
        px = (there @ lens.T)[..., :2] / there[..., 2:]
    px[~(there[..., 2] > 0.0)] = np.nan
    return np.asarray(px)


def camera_of(told: object) -> tuple[Floats, Floats, Floats] | None:
    """K, R and t, as a clip tells them, where they are those of a camera."""
    if not isinstance(told, Mapping):
        return None
    found = []
    for name, shape in (("K", (3, 3)), ("R", (3, 3)), ("t", (3,))):
        try:
            value = np.asarray(told.get(name), dtype=np.float64)
        except (TypeError, ValueError):
            return None
        if value.shape != shape or not np.isfinite(value).all() or np.abs(value).max() > 1e6:
            return None
        found.append(value)
    lens, turn, shift = found
    if abs(np.linalg.det(lens)) < 1e-9 or np.abs(turn @ turn.T - np.eye(3)).max() > 1e-3:
        return None
    return lens, turn, shift
