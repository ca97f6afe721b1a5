"""The plates of a rig: what devices delivered as forces, moments and centres of pressure in one room, and their sum.

`frames` says how a plate lies, `single` reads one plate, `inverse` goes back to its channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.errors import UsageError
from hipdrive.hardware.frames import Floats, balance, corners, joining, planar, scale
from hipdrive.hardware.inverse import electric_limit, volts
from hipdrive.hardware.kinds import Cop6
from hipdrive.hardware.single import Wrench, bend, wrench

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig
    from hipdrive.trial import Raw

__all__ = [
    "Wrench", "balance", "bend", "by_plate", "corners", "electric_limit", "forces", "joining", "planar", "ranges",
    "recorded", "scale", "summed", "volts", "wrench",
]  # fmt: skip


def summed(wrenches: Sequence[Wrench]) -> Wrench:
    """Several plates as one (METRICS.md 18, C8).

    The centre of pressure is weighted by Fz over the plates that have one, and NaN where none has; the free moment
    holds the couple of the horizontal forces about it. What a plate cannot measure the sum cannot, either.
    """
    if not wrenches:
        raise UsageError("no_plates", "there is no plate to add up; give at least one")
    total = {name: _total(wrenches, name) for name in ("fx", "fy", "mx", "my", "mz")}
    vertical = np.asarray(np.sum([w.fz for w in wrenches], axis=0), dtype=np.float64)
    xs, ys = [w.copx for w in wrenches if w.copx is not None], [w.copy for w in wrenches if w.copy is not None]
    if min(len(xs), len(ys)) < len(wrenches):
        return Wrench(fz=vertical, **total)
    x, y, fz = np.array(xs), np.array(ys), np.array([w.fz for w in wrenches])
    known = np.isfinite(x) & np.isfinite(y)
    weight = np.where(known, fz, 0.0)
    carried = weight.sum(axis=0)
    carried = np.where(known.any(axis=0) & (carried != 0.0), carried, np.nan)
    px, py = ((weight * np.where(known, place, 0.0)).sum(axis=0) / carried for place in (x, y))
    tz = None
    if total["fx"] is not None and total["fy"] is not None and all(w.tz is not None for w in wrenches):
        fx, fy, free = (np.array([getattr(w, name) for w in wrenches]) for name in ("fx", "fy", "tz"))
        couple = np.where(known, free + (x - px) * fy - (y - py) * fx, 0.0).sum(axis=0)
        tz = np.where(np.isfinite(carried), couple, np.nan)
    return Wrench(fz=vertical, **total, copx=px, copy=py, tz=tz)


def _total(wrenches: Sequence[Wrench], name: str) -> Floats | None:
    parts = [getattr(w, name) for w in wrenches]
    return None if any(part is None for part in parts) else np.asarray(np.sum(parts, axis=0), dtype=np.float64)


def forces(rig: Rig, values: Mapping[str, ArrayLike], tare: Mapping[str, ArrayLike] | None = None) -> dict[str, Floats]:
    """Everything that the plates of a rig measure, in the lab frame: `left.fz`, `left.copx`, ... of shape (n,).

    Parameters
    ----------
    values : device id -> array, shape (n, m)
        Values of `rig.channels(device)` in channel units (V, V/V).
    tare : plate -> array, shape (m,)
        Values of the empty plate in the same units; those of a cop6 plate's px and py are ignored, because a centre
        of pressure has no zero.

    Raises
    ------
    UsageError : a device is missing or has another number of channels; a tare of a plate that is not there.
    """
    result: dict[str, Floats] = {}
    for plate, columns in by_plate(rig, values).items():
        zero = _zero(rig, plate, tare or {})
        found = wrench(rig.plate(plate), columns - zero[:, np.newaxis]).quantities()
        result.update({f"{plate}.{name}": part for name, part in found.items() if name != "tz"})
    return result


STRETCH = 1 << 16
"""Samples that `recorded` turns into forces at a time."""


def recorded(rig: Rig, raws: Sequence[Raw], tare: Mapping[str, ArrayLike] | None = None) -> dict[str, Floats]:
    """As `forces`, of what devices delivered; a stretch at a time, so that a long recording fits into the memory."""
    known = {raw.device: raw for raw in raws}
    carrying = [known[name] for name in dict.fromkeys(plate.device for plate in rig.plates) if name in known]
    lengths = {len(raw.values) for raw in carrying}
    if len(lengths) != 1 or max(lengths) <= STRETCH:
        return forces(rig, {raw.device: raw.scaled() for raw in raws}, tare)
    result: dict[str, Floats] = {}
    whole = lengths.pop()
    for first in range(0, whole, STRETCH):
        rows = slice(first, first + STRETCH)
        for role, part in forces(rig, {raw.device: raw.scaled(rows) for raw in carrying}, tare).items():
            result.setdefault(role, np.empty(whole))[rows] = part
    return result


def by_plate(rig: Rig, values: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    """The channels of each plate, shape (m, n), cut out of what the devices gave (see `forces`)."""
    cut: dict[str, Floats] = {}
    for device in rig.devices:
        channels = rig.channels(device.id)
        if not any(plate.device == device.id for plate in rig.plates):
            continue
        if device.id not in values:
            raise UsageError("device_values", f"rig {rig.name!r}: the values of device {device.id!r} are missing; "
                             "give one array for each device")  # fmt: skip
        block = np.asarray(values[device.id], dtype=np.float64)
        if block.ndim != 2 or block.shape[1] != len(channels):
            raise UsageError("device_values", f"rig {rig.name!r}: device {device.id!r} has {len(channels)} channels, "
                             f"got values of shape {block.shape}; give a row a sample, a column a channel")  # fmt: skip
        place = {channel.role: i for i, channel in enumerate(channels)}
        for plate in rig.plates:
            if plate.device == device.id:
                cut[plate.id] = block[:, [place[f"{plate.id}.{role}"] for role in plate.roles]].T
    return {plate.id: cut[plate.id] for plate in rig.plates}


def _zero(rig: Rig, name: str, tare: Mapping[str, ArrayLike]) -> Floats:
    for given in tare:
        if given not in {plate.id for plate in rig.plates}:
            raise UsageError("tare", f"rig {rig.name!r}: there is no plate {given!r} to zero; it has "
                             f"{', '.join(plate.id for plate in rig.plates)}")  # fmt: skip
    plate = rig.plate(name)
    zero = np.array(tare.get(name, np.zeros(len(plate.roles))), dtype=np.float64)
    if zero.shape != (len(plate.roles),):
        raise UsageError("tare", f"rig {rig.name!r}: the zero of plate {name!r} has shape {zero.shape}; "
                         f"give one value for each of {', '.join(plate.roles)}")  # fmt: skip
    if isinstance(plate, Cop6):
        zero[3:5] = 0.0
    return zero


def ranges(rig: Rig) -> dict[str, float]:
    """Largest vertical force of each plate, N."""
    return {plate.id: plate.range_n for plate in rig.plates}
