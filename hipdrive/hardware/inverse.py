"""One plate, backwards: what its channels would give for a load; for simulated plates and for their limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.hardware.frames import Floats, arm_of, balance, joining, scale, sense_of, turn_of, upright_of
from hipdrive.hardware.kinds import Cells, Cop6, Framed, Kistler8, PlateFacts, Xyz3
from hipdrive.hardware.single import Wrench, bend, cross


def volts(plate: PlateFacts, load: Wrench) -> Floats:
    """Channel values, shape (m, n), that a load in the lab frame would give; for simulated plates.

    Read are the forces, the centre of pressure (on the contact surface) and the free moment; a missing one is zero,
    a missing or NaN centre of pressure is the plate's centre. Where several channel values would give the same load
    (cells, Kistler), the load is shared as by a stiff plate on equal springs.
    """
    fz = np.asarray(load.fz, dtype=np.float64)
    fx, fy, tz = (np.zeros_like(fz) if part is None else np.nan_to_num(part) for part in (load.fx, load.fy, load.tz))
    force, x, y = _to_plate(plate, load, np.vstack([fx, fy, fz]))
    match plate:
        case Cells():
            loads = np.linalg.pinv(balance(plate)) @ np.vstack([fz, fz * x, fz * y])
        case Xyz3():
            loads = sense_of(plate) * upright_of(plate)[:, np.newaxis] * force
        case Cop6():
            upright, sense = upright_of(plate), sense_of(plate)
            loads = np.vstack([sense * upright[:, np.newaxis] * force, upright[0] * x, upright[1] * y,
                               sense * upright[2] * tz])  # fmt: skip
        case Framed():
            moment_z = tz + x * force[1] - y * force[0]
            if isinstance(plate, Kistler8) and plate.cop_correction is not None:
                x, y = _bent(plate.cop_correction, x, y)
            moment = np.vstack([y * force[2], -x * force[2], moment_z]) + cross(arm_of(plate), force)
            frame = sense_of(plate) * upright_of(plate)[:, np.newaxis]
            loads = np.linalg.pinv(joining(plate)) @ np.vstack([frame * force, frame * moment])
        case _:
            loads = fz[np.newaxis, :]
    return np.asarray(loads / scale(plate)[:, np.newaxis], dtype=np.float64)


def _to_plate(plate: PlateFacts, load: Wrench, force: Floats) -> tuple[Floats, Floats, Floats]:
    """Upright force, shape (3, n), and centre of pressure from the plate's centre."""
    back = turn_of(plate).T
    local = np.vstack([back @ force[:2], force[2:]])
    if load.copx is None or load.copy is None:
        return local, np.zeros_like(force[2]), np.zeros_like(force[2])
    x, y = back @ (np.vstack([load.copx, load.copy]) - np.array(plate.position_m)[:, np.newaxis])
    return local, np.nan_to_num(x), np.nan_to_num(y)


def _bent(p: Sequence[float], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The uncorrected centre of pressure of a corrected one: the correction is small, so it can be repeated.

    Beside a plate the polynomial runs away; no load is there, so a metre is the end.
    """
    u, v = np.clip(x, -1.0, 1.0), np.clip(y, -1.0, 1.0)
    for _ in range(60):
        dx, dy = bend(p, u, v)
        u, v = np.clip(x + dx, -1.0, 1.0), np.clip(y + dy, -1.0, 1.0)
    return u, v


def electric_limit(plate: PlateFacts, low: ArrayLike, high: ArrayLike) -> tuple[float, str]:
    """Vertical force on the plate's centre at which the first channel leaves its range, N, and that channel.

    low, high : array, shape (m,) or scalar, ends of the input ranges in channel units.
    """
    centre = Wrench(fz=np.ones(1), copx=np.array([plate.position_m[0]]), copy=np.array([plate.position_m[1]]))
    each = volts(plate, centre)[:, 0]
    ends = np.where(each > 0.0, high, low)
    with np.errstate(divide="ignore"):
        limits = np.where(each == 0.0, np.inf, ends / np.where(each == 0.0, 1.0, each))
    first = int(np.argmin(limits))
    return float(limits[first]), plate.roles[first]
