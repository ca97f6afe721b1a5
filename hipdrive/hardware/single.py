"""One plate: from channels to force, moment and centre of pressure in the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.errors import UsageError
from hipdrive.hardware.frames import (
    Floats,
    arm_of,
    balance,
    centre_of,
    joining,
    planar,
    scale,
    sense_of,
    turn_of,
    upright_of,
)
from hipdrive.hardware.kinds import Cells, Cop6, Framed, Kistler8, PlateFacts, Xyz3


@dataclass(frozen=True, kw_only=True, eq=False)
class Wrench:
    """Reaction on the athlete in the lab frame; each of shape (n,), None where the plate cannot measure it.

    Forces in N; moments about the lab's origin in N·m; `copx`, `copy` in m and the free moment `tz` in N·m, both NaN
    where too little load is on the plate to have a centre of pressure.
    """

    fz: Floats
    fx: Floats | None = None
    fy: Floats | None = None
    mx: Floats | None = None
    my: Floats | None = None
    mz: Floats | None = None
    copx: Floats | None = None
    copy: Floats | None = None
    tz: Floats | None = None

    def quantities(self) -> dict[str, Floats]:
        """What the plate measures, by name, in the order of the names of a trial (`trial.QUANTITIES`), then `tz`."""
        names = ("fx", "fy", "fz", "mx", "my", "mz", "copx", "copy", "tz")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def wrench(plate: PlateFacts, channels: ArrayLike) -> Wrench:
    """Force, moment and centre of pressure of one plate in the lab frame.

    Parameters
    ----------
    channels : array, shape (m, n)
        Zeroed values of the plate's channels in the order of `plate.roles`, in V (V/V on a bridge input).

    Raises
    ------
    UsageError : another number of channels.
    """
    values = np.asarray(channels, dtype=np.float64)
    if values.ndim != 2 or len(values) != len(plate.roles):
        raise UsageError("plate_channels", f"plate {plate.id!r}: values of shape {values.shape} do not fit its "
                         f"channels {', '.join(plate.roles)}; give one row of samples for each")  # fmt: skip
    loads = scale(plate)[:, np.newaxis] * values
    match plate:
        case Cells():
            return _of_cells(plate, loads)
        case Xyz3():
            force = _to_lab(plate, sense_of(plate) * upright_of(plate)[:, np.newaxis] * loads)
            return Wrench(fx=force[0], fy=force[1], fz=force[2])
        case Cop6():
            return _of_cop(plate, loads)
        case Framed():
            return _of_moments(plate, loads)
    return Wrench(fz=loads[0])


def _to_lab(plate: PlateFacts, vectors: Floats) -> Floats:
    """Upright vectors, shape (3, n), turned about the vertical."""
    return np.vstack([turn_of(plate) @ vectors[:2], vectors[2:]])


def _loaded(plate: PlateFacts, fz: Floats) -> Floats:
    """Fz where there is enough of it to divide by, else NaN."""
    return np.where(np.abs(fz) >= plate.cop_min_n, fz, np.nan)


def _of_cells(plate: Cells, loads: Floats) -> Wrench:
    total, along, across = balance(plate) @ loads
    if not planar(plate):
        return Wrench(fz=total)
    place = np.vstack([along, across]) / _loaded(plate, total)
    cop = turn_of(plate) @ place + np.array(plate.position_m)[:, np.newaxis]
    return Wrench(fz=total, copx=cop[0], copy=cop[1])


def _of_moments(plate: Framed, loads: Floats) -> Wrench:
    native = joining(plate) @ loads
    frame = sense_of(plate) * upright_of(plate)[:, np.newaxis]
    force, moment = frame * native[:3], frame * native[3:]
    moment = moment - cross(arm_of(plate), force)
    divisor = _loaded(plate, force[2])
    x, y = -moment[1] / divisor, moment[0] / divisor
    if isinstance(plate, Kistler8) and plate.cop_correction is not None:
        dx, dy = bend(plate.cop_correction, x, y)
        x, y = x - dx, y - dy
        loaded = np.isfinite(divisor)
        moment = np.vstack(
            [np.where(loaded, y * force[2], moment[0]), np.where(loaded, -x * force[2], moment[1]), moment[2]]
        )
    return _placed(plate, force, moment, x, y, moment[2] - x * force[1] + y * force[0])


def _of_cop(plate: Cop6, loads: Floats) -> Wrench:
    upright, sense = upright_of(plate), sense_of(plate)
    force = sense * upright[:, np.newaxis] * loads[:3]
    loaded = np.isfinite(_loaded(plate, force[2]))
    x, y = (np.where(loaded, upright[i] * loads[3 + i], np.nan) for i in (0, 1))
    tz = np.where(loaded, sense * upright[2] * loads[5], np.nan)
    # An unloaded plate of this kind says nothing about moments but the free one.
    moment = np.vstack([y * force[2], -x * force[2], tz + x * force[1] - y * force[0]])
    return _placed(plate, force, moment, x, y, tz)


def _placed(plate: Framed, force: Floats, moment: Floats, x: Floats, y: Floats, tz: Floats) -> Wrench:
    """The wrench in the lab from upright force, moment about the contact surface's centre, centre of pressure."""
    centre = centre_of(plate)
    force, moment = _to_lab(plate, force), _to_lab(plate, moment)
    moment = moment + cross(centre, force)
    cop = turn_of(plate) @ np.vstack([x, y]) + centre[:2, np.newaxis]
    return Wrench(fx=force[0], fy=force[1], fz=force[2], mx=moment[0], my=moment[1], mz=moment[2],
                  copx=cop[0], copy=cop[1], tz=tz)  # fmt: skip


def cross(arm: Floats, force: Floats) -> Floats:
    """Arm x force, shapes (3,) and (3, n): np.cross without its overhead for a fixed arm."""
    x, y, z = arm
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]) @ force


def bend(p: Sequence[float], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Kistler's correction of the centre of pressure for bending of the plate, m (manual 9287C, 8.4.3; in mm)."""
    u, v = x * 1e3, y * 1e3
    dx = (p[0] * v**4 + p[1] * v**2 + p[2]) * u**3 + (p[3] * v**4 + p[4] * v**2 + p[5]) * u
    dy = (p[6] * u**4 + p[7] * u**2 + p[8]) * v**3 + (p[9] * u**4 + p[10] * u**2 + p[11]) * v
    return dx * 1e-3, dy * 1e-3
