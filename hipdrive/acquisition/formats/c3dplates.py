"""Force plates of a C3D file, types 1 to 4 of the standard: channels -> force and centre of pressure in the lab.

C3D's plates have z into the floor and hold what the floor does to the athlete; the corners say how they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.acquisition.formats.c3dfile import C3D
from hipdrive.errors import ReadError
from hipdrive.trial import Floats

CHANNELS = {1: 6, 2: 6, 3: 8, 4: 6}
"""Channels of a plate by its type."""

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
MOMENTS = {"nm": 1.0, "nmm": 0.001, "ncm": 0.01}
MAX_PLATES = 20
LEAST = 10.0
"""N; a force below has no centre of pressure."""

SIDES_LEAST = 1e-3
"""m; corners nearer than this are no plate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabPlate:
    """One plate in the axes of the lab, on the first axes of the file.

    force, moment : ndarray, shape (samples, 3), N and N*m, on the athlete, about the lab's origin; moment None where
    the file does not place the sensors. cop : (samples, 3), m. axes : (3, 3), columns are the plate's x, y, z.
    corners : (4, 3), m. channels : columns of the file's samples that it uses.
    """

    force: Floats
    moment: Floats | None
    cop: Floats | None
    axes: Floats
    corners: Floats
    channels: tuple[int, ...]
    note: str = ""


def plates(file: C3D) -> list[LabPlate]:
    """Every plate of a file.

    Raises
    ------
    ReadError : there is none, or one that cannot be read, with what is wrong.
    """
    used = file.number("FORCE_PLATFORM", "USED", 0.0)
    if not 1.0 <= used <= MAX_PLATES:
        raise ReadError("no_force", f"{file.name}: holds points, but no force plate; give it with --motion beside the "
                        "file with the forces")  # fmt: skip
    if not file.counts.size:
        raise ReadError("no_force", f"{file.name}: names a force plate, but holds no analog samples; export it again")
    return [_plate(file, i) for i in range(int(used))]


def _wrong(file: C3D, index: int, what: str) -> ReadError:
    return ReadError("plate", f"{file.name}: force plate {index + 1} {what}")


def _numbers(file: C3D, name: str, index: int, shape: tuple[int, ...]) -> Floats | None:
    """The part of a parameter that belongs to one plate, None where it is not there."""
    found = file.parameters.get("FORCE_PLATFORM", {}).get(name)
    if not isinstance(found, np.ndarray):
        return None
    size, flat = int(np.prod(shape)), found.ravel(order="F")
    part = flat[index * size : (index + 1) * size]
    return part.reshape(shape, order="F") if len(part) == size and np.isfinite(part).all() else None


def _plate(file: C3D, index: int) -> LabPlate:
    kinds = _numbers(file, "TYPE", index, (1,))
    kind = int(kinds[0]) if kinds is not None else 0
    if kind not in CHANNELS:
        raise _wrong(file, index, f"is of type {kind}, of which hipdrive knows 1 to 4; export force, moment and "
                     "corners as type 2")  # fmt: skip
    columns = _columns(file, index, CHANNELS[kind])
    place = METRES.get(file.length_unit)
    if place is None:
        raise _wrong(file, index, f"has its corners in {file.length_unit!r}, which is no length; export it in mm")
    axes, corners = _axes(file, index, place)
    own = list(columns)
    samples = (file.counts[:, own] - file.offset[own]) * file.scale[own]
    if kind == 4:
        matrix = _numbers(file, "CAL_MATRIX", index, (6, 6))
        if matrix is None:
            raise _wrong(file, index, "is of type 4, but has no calibration matrix; export it again")
        samples = samples @ matrix.T
    # a matrix gives N and N*length whatever the unit of the channels; else the channel's own unit comes first
    named = "" if kind == 4 else file.units[columns[-1]].lower().replace("*", "").replace(".", "").replace(" ", "")
    turning = MOMENTS.get(named, place)
    origin = _numbers(file, "ORIGIN", index, (3,))
    origin = (np.zeros(3) if origin is None else origin) * place
    note = _unit_note(file, index, columns) if kind != 4 else ""
    if kind == 3:
        return _kistler(file, index, samples, (axes, corners), columns, origin, note)
    force = samples[:, :3]
    if kind == 1:
        at = samples[:, 3:5] * place
        return _placed(force, _moment_of(force, at, samples[:, 5] * turning), (axes, corners), columns, note)
    # from the plate's origin to the middle of its surface, which lies against z; some write it the other way
    surface = -origin if origin[2] > 0.0 else origin
    moment = samples[:, 3:] * turning + np.cross(force, surface)
    return _placed(force, moment, (axes, corners), columns, note)


def _columns(file: C3D, index: int, many: int) -> tuple[int, ...]:
    """The plate's channels, from 0."""
    found = file.parameters.get("FORCE_PLATFORM", {}).get("CHANNEL")
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.shape[1] <= index or found.shape[0] < many:
        raise _wrong(file, index, "does not say which channels are its own; export it again")
    channels = found[:many, index].astype(int)
    if channels.min() < 1 or channels.max() > file.counts.shape[1] or len(set(channels)) < many:
        raise _wrong(file, index, f"claims channels {', '.join(map(str, channels))} of {file.counts.shape[1]} that are "
                     "there, so which force is whose is not known; export the file again")  # fmt: skip
    return tuple(int(c) - 1 for c in channels)


def _axes(file: C3D, index: int, place: float) -> tuple[Floats, Floats]:
    """The plate's axes in the lab as columns, and its corners, m: +x+y, -x+y, -x-y, +x-y of the plate."""
    corners = _numbers(file, "CORNERS", index, (3, 4))
    if corners is None:
        raise _wrong(file, index, "has no corners, so how it lies is not known; export it again")
    corners = corners.T * place
    x = corners[0] + corners[3] - corners[1] - corners[2]
    y = corners[0] + corners[1] - corners[2] - corners[3]
    z = np.cross(x, y)
    if min(np.linalg.norm(x), np.linalg.norm(y)) < SIDES_LEAST or np.linalg.norm(z) < SIDES_LEAST**2:
        raise _wrong(file, index, "has corners that are no rectangle, so how it lies is not known; export it again")
    x, z = x / np.linalg.norm(x), z / np.linalg.norm(z)
    return np.stack([x, np.cross(z, x), z], axis=1), corners


def _unit_note(file: C3D, index: int, columns: Sequence[int]) -> str:
    """A note where the vertical force is not said to be in newtons."""
    unit = file.units[columns[2]].strip()
    known = unit.lower() in ("n", "newton", "newtons", "")
    return "" if known else f"plate {index + 1}: the file gives its forces in {unit!r}; they were taken as newtons"


def _moment_of(force: Floats, at: Floats, free: Floats) -> Floats:
    """The moment about the middle of the surface, of a force that acts at a point of it, with a free moment."""
    x, y = at[:, 0], at[:, 1]
    return np.stack([y * force[:, 2], -x * force[:, 2], free + x * force[:, 1] - y * force[:, 0]], axis=1)


def _kistler(
    file: C3D, index: int, samples: Floats, lies: tuple[Floats, Floats], columns: tuple[int, ...], origin: Floats,
    note: str,
) -> LabPlate:  # fmt: skip
    """Type 3: fx12 fx34 fy14 fy23 fz1 fz2 fz3 fz4; ORIGIN holds how far the sensors are from the middle, and z."""
    fx12, fx34, fy14, fy23, *fz = samples.T
    force = np.stack([fx12 + fx34, fy14 + fy23, np.sum(fz, axis=0)], axis=1)
    a, b, down = abs(origin[0]), abs(origin[1]), -abs(origin[2])
    if not (a > 0.0 and b > 0.0):
        told = f"plate {index + 1}: the file does not say where its sensors are, so it has no centre of pressure"
        return _placed(force, None, lies, columns, "; ".join(filter(None, (note, told))))
    mx = b * (fz[0] + fz[1] - fz[2] - fz[3]) + force[:, 1] * down
    my = a * (-fz[0] + fz[1] + fz[2] - fz[3]) - force[:, 0] * down
    mz = b * (-fx12 + fx34) + a * (fy14 - fy23)
    return _placed(force, np.stack([mx, my, mz], axis=1), lies, columns, note)


def _placed(
    force: Floats, moment: Floats | None, lies: tuple[Floats, Floats], columns: tuple[int, ...], note: str
) -> LabPlate:  # fmt: skip
    """Force and moment about the middle of the surface in the plate's axes -> the plate in the lab's axes."""
    axes, corners = lies
    middle = corners.mean(axis=0)
    there = force @ axes.T
    if moment is None:
        return LabPlate(force=there, moment=None, cop=None, axes=axes, corners=corners, channels=columns, note=note)
    down = np.where(np.abs(force[:, 2]) >= LEAST, force[:, 2], np.nan)
    at = np.stack([-moment[:, 1] / down, moment[:, 0] / down, np.zeros(len(down))], axis=1)
    return LabPlate(
        force=there,
        moment=moment @ axes.T + np.cross(middle, there),
        cop=middle + at @ axes.T,
        axes=axes,
        corners=corners,
        channels=columns,
        note=note,
    )
