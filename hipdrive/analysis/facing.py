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

SIDE, FRONT = "side", "front"
VIEWS = (SIDE, FRONT)

BREADTH = {"shoulder": 0.7, "hip": 0.36}
"""Of the trunk's length: how far apart left and right are, seen from the front (de Leva 1996; Harrington 2007)."""

FROM_SIDE, FROM_FRONT = 0.5, 0.75
"""Share of that breadth up to which a picture is one from the side (30 degrees off), and from which on one from the
front; between them angles would be wrong by ten degrees and more (VIDEO.md 2)."""

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


def facing(
    marks: Mapping[str, Floats], up: str | None = None, forward: str | None = None, view: str | None = None
) -> Facing:  # fmt: skip
    """The frame of landmarks, each of shape (frames, 2 or 3); `up` and `forward` such as "y" or "-x" where given.

    view : `side` or `front`, of two-dimensional points, where it is known.

    Raises
    ------
    UsageError : up, forward or the view cannot be told from the points, or they contradict one another.
    """
    d = next(iter(marks.values())).shape[1] if marks else 3
    vertical, how_up = _up(marks, d, up)
    if d == 2 and (view or (_view(marks, vertical) if forward is None else SIDE)) == FRONT:
        level = np.abs(vertical[::-1])
        left = level * np.sign(_mean(_across(marks)) @ level)
        return Facing(turn=np.stack([np.full(2, np.nan), left, vertical]), how=f"up {how_up}, {FRONT} view")
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


def _across(marks: Mapping[str, Floats]) -> Floats:
    """Right to left, of the shoulders or else the hips, (frames, d)."""
    for part in BREADTH:
        if f"{part}_{LEFT}" in marks and f"{part}_{RIGHT}" in marks:
            return marks[f"{part}_{LEFT}"] - marks[f"{part}_{RIGHT}"]
    raise UsageError("view", "a view from the front needs left and right shoulders or hips, and none are named")


def _view(marks: Mapping[str, Floats], up: Floats) -> str:
    """Whether a picture shows the side or the front of a body, by how far apart left and right are."""
    shoulder, hip = _both(marks, "shoulder"), _both(marks, "hip")
    if shoulder is None or hip is None:
        return SIDE
    lengths = np.linalg.norm(shoulder - hip, axis=1)
    trunk = float(np.quantile(lengths[np.isfinite(lengths)], 0.9)) if np.isfinite(lengths).any() else 0.0
    shares = [abs(float(_mean(marks[f"{part}_{LEFT}"] - marks[f"{part}_{RIGHT}"]) @ np.abs(up[::-1]))) / trunk / breadth
              for part, breadth in BREADTH.items()
              if trunk > 0.0 and f"{part}_{LEFT}" in marks and f"{part}_{RIGHT}" in marks]  # fmt: skip
    share = max((one for one in shares if np.isfinite(one)), default=0.0)
    if FROM_SIDE < share < FROM_FRONT:
        raise UsageError("view", "the points show the body obliquely, neither from the side nor from the front, so its "
                         "angles would be wrong; film from the side, or say view=side or view=front")  # fmt: skip
    return FRONT if share >= FROM_FRONT else SIDE


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
