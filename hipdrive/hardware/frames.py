"""How a plate's channels are scaled and joined, and how its axes lie in the room.

Frames (METRICS.md 0 and 18), all right-handed:

- *native*: the plate's own axes, z down or up as the rig says; moments about the sensors' origin;
- *upright*: native turned so that z points up (x stays), reaction on the athlete, about the centre of the contact
  surface: the plate's, or that of a mat on it;
- *lab*: X forward, Y left, Z up, one frame for all plates of a rig; moments about its origin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hipdrive.hardware.kinds import Cells, Cop6, Framed, Gauged, Kistler8, Matrix6, PlateFacts, Wrench6

Floats = NDArray[np.float64]
PER_BRIDGE = {"V": 1.0, "mV/V": 1e3, "uV/V": 1e6}
"""Signal in these units for one V/V (for "V": one volt at the terminal)."""


# --- channels to loads ---


def scale(plate: PlateFacts) -> Floats:
    """What one channel unit (V; V/V on a bridge input; what a device sends) is worth, shape (m,): N, N·m or m.

    For `matrix6` it is the signal in the unit that the matrix is for. Inverted channels are negative.
    """
    signs = np.array([-1.0 if role in plate.inverted else 1.0 for role in plate.roles])
    return np.asarray(signs * [_worth(plate, role) for role in plate.roles], dtype=np.float64)


def _worth(plate: PlateFacts, role: str) -> float:
    if isinstance(plate, Matrix6):
        return PER_BRIDGE[plate.matrix_per] * _per_volt(plate)
    if isinstance(plate, Wrench6):
        forces = plate.newton_per_volt or plate.newton_per_unit or {}
        return {**forces, **(plate.newton_metre_per_volt or plate.newton_metre_per_unit or {})}[role]
    if isinstance(plate, Cop6):
        return {**plate.newton_per_volt, **plate.metre_per_volt, **plate.newton_metre_per_volt}[role]
    if isinstance(plate, Kistler8) and plate.sensitivity_pc_per_n is not None and plate.amplifier is not None:
        return plate.amplifier.range_pc[role] / plate.amplifier.full_scale_v / plate.sensitivity_pc_per_n[role]
    if isinstance(plate, Gauged) and plate.rated_n is not None and plate.rated_mv_per_v is not None:
        return plate.rated_n[role] / (plate.rated_mv_per_v[role] * 1e-3) * _per_volt(plate)
    if isinstance(plate, Gauged) and plate.newton_per_unit is not None:
        return plate.newton_per_unit[role]
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


def upright_of(plate: Framed) -> Floats:
    """Native to upright axes, shape (3,): half a turn about x where z points down."""
    return np.array([1.0, -1.0, -1.0]) if plate.axes == "z_down" else np.ones(3)


def sense_of(plate: Framed) -> float:
    """-1 where the plate's axes show the foot's force, so that it becomes the reaction."""
    return -1.0 if plate.reports == "action" else 1.0


def arm_of(plate: Framed) -> Floats:
    """Centre of the contact surface seen from the sensors' origin, upright axes, shape (3,), m."""
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    if isinstance(plate, Wrench6 | Matrix6):
        origin = plate.origin_m
    elif isinstance(plate, Kistler8):
        origin = (0.0, 0.0, plate.az0_m)
    return np.asarray(upright_of(plate) * origin + [0.0, 0.0, plate.mat_m], dtype=np.float64)


def turn_of(plate: PlateFacts) -> Floats:
    """Upright to lab, shape (2, 2)."""
    angle = np.deg2rad(plate.heading_deg)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def centre_of(plate: PlateFacts) -> Floats:
    """Centre of the contact surface in the lab, shape (3,), m."""
    return np.array([*plate.position_m, plate.height_m + plate.mat_m])


def corners(plate: PlateFacts) -> Floats | None:
    """Corners of the plate in the lab, shape (4, 3), m, counter-clockwise from above; None without a size."""
    if plate.size_m is None:
        return None
    length, width = plate.size_m
    flat = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * np.array([length, width]) / 2.0
    return np.column_stack([flat @ turn_of(plate).T + plate.position_m, np.full(4, plate.height_m)])
