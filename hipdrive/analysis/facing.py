"""Which way is up and which way is forward: found once a trial, so that no angle flips between frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.errors import UsageError
from hipdrive.trial import LEFT, RIGHT, Floats, Locked

AXES = {"x": (0, 1.0), "y": (1, 1.0), "z": (2, 1.0), "-x": (0, -1.0), "-y": (1, -1.0), "-z": (2, -1.0)}

UPRIGHT = 0.75
"""Share of the line from ankles to shoulders that has to lie along an axis for that axis to be called vertical."""

TRAVELLED = 1.0
"""m: who moves less along one direction is not travelling."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Facing(Locked):
    """A turn of the source's axes to METRICS.md's frame.

    turn : ndarray, shape (3, d): rows are forward, left and up; the row of left is NaN in a side view.
    how : how up and forward were found.
    """

    turn: Floats
    how: str

    def turned(self, points: Floats) -> Floats:
        """Points of shape (..., d) in METRICS.md's frame, shape (..., 3)."""
        return np.asarray(points @ self.turn.T)


def facing(marks: Mapping[str, Floats], up: str | None = None, forward: str | None = None) -> Facing:
    """The frame of landmarks, each of shape (frames, 2 or 3); `up` and `forward` such as "y" or "-x" where given.

    Raises
    ------
    UsageError : up or forward cannot be told from the points, or contradict one another.
    """
    d = next(iter(marks.values())).shape[1] if marks else 3
    vertical, how_up = _up(marks, d, up)
    if d == 2:
        ahead, how = _forward_flat(marks, vertical, forward)
        left = np.full(2, np.nan)
    else:
        ahead, how = _forward(marks, vertical, forward)
        left = np.cross(vertical, ahead)
    return Facing(turn=np.stack([ahead, left, vertical]), how=f"up {how_up}, forward {how}")


def _axis(name: str, d: int, option: str) -> Floats:
    """The unit vector of an axis that the user names."""
    place, sign = AXES.get(name.strip().lower().removeprefix("+"), (d, 0.0))
    if place >= d:
        raise UsageError("axis", f"{option} {name}: choose one of {', '.join(k for k, v in AXES.items() if v[0] < d)}")
    axis = np.zeros(d)
    axis[place] = sign
    return axis


def _both(marks: Mapping[str, Floats], part: str) -> Floats | None:
    """The middle of left and right, or the one side that is there."""
    sides = [marks[n] for n in (f"{part}_{LEFT}", f"{part}_{RIGHT}", part) if n in marks]
    return np.asarray(np.mean(sides[:2], axis=0)) if sides else None


def _mean(vectors: Floats) -> Floats:
    """The mean of the frames in which all is seen, NaN where there is none."""
    seen = vectors[np.isfinite(vectors).all(axis=-1)]
    return np.asarray(seen.mean(axis=0)) if len(seen) else np.full(vectors.shape[-1], np.nan)


def _up(marks: Mapping[str, Floats], d: int, given: str | None) -> tuple[Floats, str]:
    """The vertical: the axis of the source along which the body stands, from ankle to hip and shoulder."""
    if given is not None:
        return _axis(given, d, "up"), f"{given} (given)"
    parts = [_both(marks, part) for part in ("ankle", "knee", "hip", "asis", "shoulder")]
    there = [part for part in parts if part is not None]
    line = _mean(there[-1] - there[0]) if len(there) > 1 else np.full(d, np.nan)
    place = int(np.argmax(np.abs(np.nan_to_num(line))))
    if not abs(line[place]) >= UPRIGHT * float(np.linalg.norm(line)):
        raise UsageError("vertical", "which axis of the points is vertical cannot be told, because nobody stands "
                         "upright along one; say which points up, for example y")  # fmt: skip
    axis = np.zeros(d)
    axis[place] = np.sign(line[place])
    sign = "-" if axis[place] < 0.0 else ""
    return axis, f"{sign}{'xyz'[place]} (the body stands along it)"


def _forward(marks: Mapping[str, Floats], up: Floats, given: str | None) -> tuple[Floats, str]:
    """Forward in the horizontal plane of three-dimensional points."""
    if given is not None:
        axis = _axis(given, 3, "forward")
        if abs(float(axis @ up)) > 0.5:
            raise UsageError("forward", f"forward {given}: that is the vertical; name a horizontal axis")
        return axis, f"{given} (given)"
    feet = _level(_feet(marks), up)
    across = [marks[f"{p}_{LEFT}"] - marks[f"{p}_{RIGHT}"] for p in ("hip", "asis", "shoulder")
              if f"{p}_{LEFT}" in marks and f"{p}_{RIGHT}" in marks]  # fmt: skip
    if across:
        ahead = _level(np.cross(_mean(across[0]), up), up)
        if np.isfinite(feet).all() and float(ahead @ feet) < 0.0:
            raise UsageError("forward", "left and right markers are exchanged, or the body is mirrored: the toes point "
                             "backwards; correct the names of the markers, or say which axis is forward")  # fmt: skip
        if np.isfinite(ahead).all():
            return ahead, "square to the pelvis"
    if np.isfinite(feet).all():
        return feet, "from heel to toe"
    return _travel(marks, up)


def _forward_flat(marks: Mapping[str, Floats], up: Floats, given: str | None) -> tuple[Floats, str]:
    """Forward along the level axis of a side view."""
    level = np.abs(up[::-1])
    if given is not None:
        axis = _axis(given, 2, "forward")
        if abs(float(axis @ up)) > 0.5:
            raise UsageError("forward", f"forward {given}: that is the vertical; name the horizontal axis")
        return axis, f"{given} (given)"
    feet = _mean(_feet(marks))
    if np.isfinite(feet).all():
        return level * np.sign(feet @ level), "from heel to toe"
    knee, hip, ankle = (_both(marks, part) for part in ("knee", "hip", "ankle"))
    if knee is not None and hip is not None and ankle is not None:
        bent = _mean(knee - 0.5 * (hip + ankle)) @ level
        if np.isfinite(bent) and abs(bent) > 0.0:
            return level * np.sign(bent), "to where the knees bend"
    return _travel(marks, up)


def _feet(marks: Mapping[str, Floats]) -> Floats:
    """Heel to toe, mean of the feet that are there, (frames, d)."""
    lines = [marks[f"toe{s}"] - marks[f"heel{s}"] for s in ("", f"_{LEFT}", f"_{RIGHT}")
             if f"toe{s}" in marks and f"heel{s}" in marks]  # fmt: skip
    d = next(iter(marks.values())).shape[1] if marks else 3
    return np.asarray(np.mean(lines, axis=0)) if lines else np.full((1, d), np.nan)


def _level(vector: Floats, up: Floats) -> Floats:
    """The horizontal direction of a vector or of the mean of several, NaN where there is none."""
    mean = _mean(np.atleast_2d(vector))
    flat = mean - (mean @ up) * up
    length = float(np.linalg.norm(flat))
    return np.asarray(flat / length) if length > 0.0 else np.full(len(up), np.nan)


def _travel(marks: Mapping[str, Floats], up: Floats) -> tuple[Floats, str]:
    """Where the body went from the first to the last frame in which it was seen."""
    for part in ("hip", "asis", "shoulder", "knee", "ankle"):
        place = _both(marks, part)
        seen = place[np.isfinite(place).all(axis=1)] if place is not None else np.zeros((0, len(up)))
        if len(seen) > 1:
            way = (seen[-1] - seen[0]) - ((seen[-1] - seen[0]) @ up) * up
            length = float(np.linalg.norm(way))
            if length > TRAVELLED:
                return way / length, "direction of travel"
            break
    raise UsageError("forward", "which way the athlete faces cannot be told: no heel and toe, no left and right hip "
                     "and no run; say which axis is forward, for example x or -x")  # fmt: skip
