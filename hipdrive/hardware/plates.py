"""From channels to force, moment and centre of pressure in the room, and back.

Frames (METRICS.md 0 and 18), all right-handed:

- *native*: the plate's own axes, z down or up as the rig says; moments about the sensors' origin;
- *upright*: native turned so that z points up (x stays), reaction on the athlete, about the centre of the contact
  surface: the plate's, or that of a mat on it;
- *lab*: X forward, Y left, Z up, one frame for all plates of a rig; moments about its origin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hipdrive.errors import UsageError
from hipdrive.hardware.kinds import Cells, Cop6, Framed, Gauged, Kistler8, Matrix6, PlateFacts, Wrench6, Xyz3

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig
    from hipdrive.trial import Raw

Floats = NDArray[np.float64]
PER_BRIDGE = {"V": 1.0, "mV/V": 1e3, "uV/V": 1e6}
"""Signal in these units for one V/V (for "V": one volt at the terminal)."""


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


# --- channels to loads ---


def scale(plate: PlateFacts) -> Floats:
    """What one channel unit (V; V/V on a bridge input) is worth, shape (m,): N, N·m or m.

    For `matrix6` it is the signal in the unit that the matrix is for. Inverted channels are negative.
    """
    signs = np.array([-1.0 if role in plate.inverted else 1.0 for role in plate.roles])
    return np.asarray(signs * [_worth(plate, role) for role in plate.roles], dtype=np.float64)


def _worth(plate: PlateFacts, role: str) -> float:
    if isinstance(plate, Matrix6):
        return PER_BRIDGE[plate.matrix_per] * _per_volt(plate)
    if isinstance(plate, Wrench6):
        return {**plate.newton_per_volt, **plate.newton_metre_per_volt}[role]
    if isinstance(plate, Cop6):
        return {**plate.newton_per_volt, **plate.metre_per_volt, **plate.newton_metre_per_volt}[role]
    if isinstance(plate, Kistler8) and plate.sensitivity_pc_per_n is not None and plate.amplifier is not None:
        return plate.amplifier.range_pc[role] / plate.amplifier.full_scale_v / plate.sensitivity_pc_per_n[role]
    if isinstance(plate, Gauged) and plate.rated_n is not None and plate.rated_mv_per_v is not None:
        return plate.rated_n[role] / (plate.rated_mv_per_v[role] * 1e-3) * _per_volt(plate)
    assert isinstance(plate, Gauged | Kistler8) and plate.newton_per_volt is not None
    return plate.newton_per_volt[role]


def _per_volt(plate: Gauged | Matrix6) -> float:
    """V/V for one channel unit: a bridge input gives V/V itself; before a voltage input stands an amplifier."""
    if plate.amplifier is None:
        return 1.0
    return 1.0 / (plate.amplifier.gain * plate.amplifier.excitation_v)


def joining(plate: Framed) -> Floats:
    """Native force and moment from scaled channels, shape (6, m): Fx Fy Fz (N), Mx My Mz (N·m)."""
    match plate:
        case Kistler8(a_m=a, b_m=b):
            # sensors 1 (+a, +b), 2 (-a, +b), 3 (-a, -b), 4 (+a, -b); METRICS.md 18, C3
            return np.array([
                [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
                [0.0, 0.0, 0.0, 0.0, b, b, -b, -b],
                [0.0, 0.0, 0.0, 0.0, -a, a, a, -a],
                [-b, b, a, -a, 0.0, 0.0, 0.0, 0.0],
            ])  # fmt: skip
        case Matrix6(matrix=matrix):
            return np.array(matrix, dtype=np.float64)
        case Wrench6():
            return np.eye(6)
    raise TypeError(f"no force and moment from {plate.id}")


def balance(plate: Cells) -> Floats:
    """Rows that give Fz, Fz·x and Fz·y from the cells' forces, shape (3, m)."""
    places = np.array([plate.positions_m[role] for role in plate.roles], dtype=np.float64)
    return np.vstack([np.ones(len(places)), places.T])


def planar(plate: Cells) -> bool:
    """Whether the cells span an area; on one line they cannot tell where across it the load is."""
    return (
        int(np.linalg.matrix_rank(balance(plate)[1:] - balance(plate)[1:].mean(axis=1, keepdims=True), tol=1e-4)) == 2
    )


# --- frames ---


def _upright(plate: Framed) -> Floats:
    """Native to upright axes, shape (3,): half a turn about x where z points down."""
    return np.array([1.0, -1.0, -1.0]) if plate.axes == "z_down" else np.ones(3)


def _sense(plate: Framed) -> float:
    return -1.0 if plate.reports == "action" else 1.0


def _arm(plate: Framed) -> Floats:
    """Centre of the contact surface seen from the sensors' origin, upright axes, shape (3,), m."""
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    if isinstance(plate, Wrench6 | Matrix6):
        origin = plate.origin_m
    elif isinstance(plate, Kistler8):
        origin = (0.0, 0.0, plate.az0_m)
    return np.asarray(_upright(plate) * origin + [0.0, 0.0, plate.mat_m], dtype=np.float64)


def _turn(plate: PlateFacts) -> Floats:
    """Upright to lab, shape (2, 2)."""
    angle = np.deg2rad(plate.heading_deg)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _centre(plate: PlateFacts) -> Floats:
    """Centre of the contact surface in the lab, shape (3,), m."""
    return np.array([*plate.position_m, plate.height_m + plate.mat_m])


def corners(plate: PlateFacts) -> Floats | None:
    """Corners of the plate in the lab, shape (4, 3), m, counter-clockwise from above; None without a size."""
    if plate.size_m is None:
        return None
    length, width = plate.size_m
    flat = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * np.array([length, width]) / 2.0
    return np.column_stack([flat @ _turn(plate).T + plate.position_m, np.full(4, plate.height_m)])


# --- one plate ---


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
            force = _to_lab(plate, _sense(plate) * _upright(plate)[:, np.newaxis] * loads)
            return Wrench(fx=force[0], fy=force[1], fz=force[2])
        case Cop6():
            return _of_cop(plate, loads)
        case Framed():
            return _of_moments(plate, loads)
    return Wrench(fz=loads[0])


def _to_lab(plate: PlateFacts, vectors: Floats) -> Floats:
    """Upright vectors, shape (3, n), turned about the vertical."""
    return np.vstack([_turn(plate) @ vectors[:2], vectors[2:]])


def _loaded(plate: PlateFacts, fz: Floats) -> Floats:
    """Fz where there is enough of it to divide by, else NaN."""
    return np.where(np.abs(fz) >= plate.cop_min_n, fz, np.nan)


def _of_cells(plate: Cells, loads: Floats) -> Wrench:
    total, along, across = balance(plate) @ loads
    if not planar(plate):
        return Wrench(fz=total)
    cop = (
        _turn(plate) @ (np.vstack([along, across]) / _loaded(plate, total)) + np.array(plate.position_m)[:, np.newaxis]
    )
    return Wrench(fz=total, copx=cop[0], copy=cop[1])


def _of_moments(plate: Framed, loads: Floats) -> Wrench:
    native = joining(plate) @ loads
    frame = _sense(plate) * _upright(plate)[:, np.newaxis]
    force, moment = frame * native[:3], frame * native[3:]
    moment = moment - _cross(_arm(plate), force)
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
    upright, sense = _upright(plate), _sense(plate)
    force = sense * upright[:, np.newaxis] * loads[:3]
    loaded = np.isfinite(_loaded(plate, force[2]))
    x, y = (np.where(loaded, upright[i] * loads[3 + i], np.nan) for i in (0, 1))
    tz = np.where(loaded, sense * upright[2] * loads[5], np.nan)
    # An unloaded plate of this kind says nothing about moments but the free one.
    moment = np.vstack([y * force[2], -x * force[2], tz + x * force[1] - y * force[0]])
    return _placed(plate, force, moment, x, y, tz)


def _placed(plate: Framed, force: Floats, moment: Floats, x: Floats, y: Floats, tz: Floats) -> Wrench:
    """The wrench in the lab from upright force, moment about the contact surface's centre, centre of pressure."""
    centre = _centre(plate)
    force, moment = _to_lab(plate, force), _to_lab(plate, moment)
    moment = moment + _cross(centre, force)
    cop = _turn(plate) @ np.vstack([x, y]) + centre[:2, np.newaxis]
    return Wrench(fx=force[0], fy=force[1], fz=force[2], mx=moment[0], my=moment[1], mz=moment[2],
                  copx=cop[0], copy=cop[1], tz=tz)  # fmt: skip


def _cross(arm: Floats, force: Floats) -> Floats:
    """Arm x force, shapes (3,) and (3, n): np.cross without its overhead for a fixed arm."""
    x, y, z = arm
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]) @ force


def bend(p: Sequence[float], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Kistler's correction of the centre of pressure for bending of the plate, m (manual 9287C, 8.4.3; in mm)."""
    u, v = x * 1e3, y * 1e3
    dx = (p[0] * v**4 + p[1] * v**2 + p[2]) * u**3 + (p[3] * v**4 + p[4] * v**2 + p[5]) * u
    dy = (p[6] * u**4 + p[7] * u**2 + p[8]) * v**3 + (p[9] * u**4 + p[10] * u**2 + p[11]) * v
    return dx * 1e-3, dy * 1e-3


# --- back: what a plate would give ---


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
            loads = _sense(plate) * _upright(plate)[:, np.newaxis] * force
        case Cop6():
            upright, sense = _upright(plate), _sense(plate)
            loads = np.vstack([sense * upright[:, np.newaxis] * force, upright[0] * x, upright[1] * y,
                               sense * upright[2] * tz])  # fmt: skip
        case Framed():
            moment_z = tz + x * force[1] - y * force[0]
            if isinstance(plate, Kistler8) and plate.cop_correction is not None:
                x, y = _bent(plate.cop_correction, x, y)
            moment = np.vstack([y * force[2], -x * force[2], moment_z]) + _cross(_arm(plate), force)
            frame = _sense(plate) * _upright(plate)[:, np.newaxis]
            loads = np.linalg.pinv(joining(plate)) @ np.vstack([frame * force, frame * moment])
        case _:
            loads = fz[np.newaxis, :]
    return np.asarray(loads / scale(plate)[:, np.newaxis], dtype=np.float64)


def _to_plate(plate: PlateFacts, load: Wrench, force: Floats) -> tuple[Floats, Floats, Floats]:
    """Upright force, shape (3, n), and centre of pressure from the plate's centre."""
    back = _turn(plate).T
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


# --- several plates ---


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
