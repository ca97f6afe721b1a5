"""Plates: a known force, centre of pressure and free moment come back, whatever stands under the board.

The truth is statics: a rigid board on springs at the sensors' places carries the athlete's push, each sensor shows the
force on it along the axes that are painted on the plate, and cables join the sensors as the maker says. Nothing here
inverts the formulas under test.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.hardware.kinds import KINDS, Cells, Cop6, Fz1, Kistler8, Matrix6, Plate, Wrench6, Xyz3
from hipdrive.hardware.plates import Wrench, corners, forces, ranges, summed, volts, wrench
from hipdrive.hardware.rig import Rig, load, loads

Floats = NDArray[np.float64]
N = 40
ME = {"id": "test", "date": "2026-01-01"}


# --- the world: an athlete on a board ---


@dataclass(frozen=True)
class Push:
    """What the athlete feels: reaction force, N, shape (3, n); point, m, shape (3, n); free moment about Z, N·m."""

    force: Floats
    point: Floats
    twist: Floats


def pushes(seed: int, centre: Floats, turn: float) -> Push:
    """Random contacts within a foot or two of a plate's centre, on its surface."""
    rng = np.random.default_rng(seed)
    force = np.vstack([rng.normal(0, 200, N), rng.normal(0, 200, N), rng.uniform(100, 4000, N)])
    along, across = rng.uniform(-0.25, 0.25, N), rng.uniform(-0.18, 0.18, N)
    c, s = np.cos(turn), np.sin(turn)
    point = centre[:, None] + np.vstack([c * along - s * across, s * along + c * across, np.zeros(N)])
    return Push(force, point, rng.normal(0, 10, N))


def painted(turn: float, down: bool) -> Floats:
    """The axes painted on a plate, as rows in the room: x where `turn` points, z down or up, y right-handed."""
    x = np.array([np.cos(turn), np.sin(turn), 0.0])
    z = np.array([0.0, 0.0, -1.0 if down else 1.0])
    return np.vstack([x, np.cross(z, x), z])


def sensor_forces(push: Push, places: Floats) -> Floats:
    """Force of a rigid board on each sensor, room axes, shape (sensors, 3, n).

    Every sensor is a spring in each direction. The board moves by u and turns by r under the athlete's action; the
    springs' answers u + r x p balance it. places: shape (sensors, 3), in the room.
    """
    stiffness = np.array([1.0, 1.0, 1.0])
    balance = np.zeros((6, 6))
    for p in places:
        cross = np.array([[0, -p[2], p[1]], [p[2], 0, -p[0]], [-p[1], p[0], 0]])
        move = np.hstack([np.eye(3), -cross])  # displacement of the sensor for (u, r)
        balance += np.vstack([np.diag(stiffness) @ move, cross @ np.diag(stiffness) @ move])
    action = -push.force
    moment = np.cross(push.point.T, action.T).T + np.array([[0.0], [0.0], [-1.0]]) * push.twist
    motion = np.linalg.solve(balance, np.vstack([action, moment]))
    return np.array([stiffness[:, None] * (motion[:3] + np.cross(motion[3:].T, p).T) for p in places])


def origin_and_axes(plate: Plate, down: bool) -> tuple[Floats, Floats]:
    """Where the sensors' origin is in the room, and the painted axes, from what the certificate says."""
    axes = painted(np.deg2rad(plate.heading_deg), down)
    surface = np.array([*plate.position_m, plate.height_m])
    depth = np.zeros(3)
    if isinstance(plate, Wrench6 | Matrix6):
        depth = np.array(plate.origin_m)
    elif isinstance(plate, Kistler8):
        depth = np.array([0.0, 0.0, plate.az0_m])
    return surface - axes.T @ depth, axes


def on_axes(push: Push, origin: Floats, axes: Floats, sign: float) -> tuple[Floats, Floats]:
    """What six painted components show: force on the plate (sign 1) or the foot (-1), and its moment about origin."""
    action = -sign * push.force
    moment = np.cross((push.point - origin[:, None]).T, action.T).T - sign * np.vstack(
        [0 * push.twist, 0 * push.twist, push.twist]
    )
    return axes @ action, axes @ moment


POSE = dict(id="plate1", device="ni0", range_n=20000, calibration=ME)
SIX = ("fx", "fy", "fz", "mx", "my", "mz")
AI6 = {role: f"ai{i}" for i, role in enumerate(SIX)}


@dataclass(frozen=True)
class Stand:
    """How a plate stands in the room and shows its signs."""

    position: tuple[float, float] = (0.0, 0.0)
    heading: float = 0.0
    height: float = 0.0
    mat: float = 0.0
    down: bool = True
    reaction: bool = False

    @property
    def facts(self) -> dict[str, object]:
        return {
            **POSE,
            "position_m": self.position,
            "heading_deg": self.heading,
            "height_m": self.height,
            "mat_m": self.mat,
        }

    @property
    def framed(self) -> dict[str, object]:
        return {
            **self.facts,
            "axes": "z_down" if self.down else "z_up",
            "reports": "reaction" if self.reaction else "action",
        }

    @property
    def centre(self) -> Floats:
        return np.array([*self.position, self.height + self.mat])

    @property
    def sign(self) -> float:
        return -1.0 if self.reaction else 1.0

    def depth(self, value: float) -> float:
        """Surface seen from the sensors along the painted z."""
        return -value if self.down else value


def make(kind: str, stand: Stand, **facts: object) -> Plate:
    base = stand.framed if kind in ("xyz3", "wrench6", "matrix6", "kistler8", "cop6") else stand.facts
    plate = KINDS[kind].model_validate({**base, "kind": kind, **facts})
    assert isinstance(plate, Fz1 | Cells | Xyz3 | Matrix6 | Kistler8 | Wrench6 | Cop6)
    return plate


PLACES = {"c1": (0.27, 0.19), "c2": (-0.26, 0.18), "c3": (-0.25, -0.2), "c4": (0.28, -0.17), "c5": (0.03, 0.02)}
MATRIX = np.diag([2.9, 2.9, 11.4, 1.27, 1.26, 0.58]) + np.random.default_rng(5).normal(0.0, 0.02, (6, 6))
KISTLER_ROLES = ("fx12", "fx34", "fy14", "fy23", "fz1", "fz2", "fz3", "fz4")
CHARGE = dict(zip(KISTLER_ROLES, (7.61, 7.63, 7.58, 7.60, 3.81, 3.80, 3.82, 3.80), strict=True))


def fz1(stand: Stand) -> Plate:
    return make("fz1", stand, channels={"fz": "ai0"}, newton_per_volt=480.0)


def cells(stand: Stand) -> Plate:
    rated = {role: 2.0 + 0.001 * i for i, role in enumerate(PLACES)}
    return make(
        "cells",
        stand,
        channels={role: f"ai{i}" for i, role in enumerate(PLACES)},
        positions_m=PLACES,
        rated_n=3000.0,
        rated_mv_per_v=rated,
        amplifier={"gain": 200.0, "excitation_v": 5.0},
    )


def xyz3(stand: Stand) -> Plate:
    return make(
        "xyz3",
        stand,
        channels={"fx": "ai0", "fy": "ai1", "fz": "ai2"},
        newton_per_volt={"fx": 100, "fy": 110, "fz": 600},
    )


def wrench6(stand: Stand) -> Plate:
    return make(
        "wrench6",
        stand,
        channels=AI6,
        newton_per_volt={"fx": 500, "fy": 510, "fz": 1000},
        newton_metre_per_volt={"mx": 300, "my": 210, "mz": 150},
        origin_m=(0.001, -0.002, stand.depth(0.045)),
    )


def cop6(stand: Stand) -> Plate:
    return make(
        "cop6",
        stand,
        channels={"fx": "ai0", "fy": "ai1", "fz": "ai2", "px": "ai3", "py": "ai4", "tz": "ai5"},
        newton_per_volt={"fx": 500, "fy": 510, "fz": 1000},
        metre_per_volt={"px": 0.05, "py": 0.06},
        newton_metre_per_volt=20.0,
    )


def matrix6(stand: Stand) -> Plate:
    return make(
        "matrix6",
        stand,
        channels=AI6,
        matrix=MATRIX.tolist(),
        matrix_per="uV/V",
        amplifier={"gain": 1000.0, "excitation_v": 10.0},
        origin_m=(0.0006, -0.001, stand.depth(0.0421)),
    )


def kistler8(stand: Stand, **more: object) -> Plate:
    return make(
        "kistler8",
        stand,
        channels={role: f"ai{i}" for i, role in enumerate(KISTLER_ROLES)},
        a_m=0.21,
        b_m=0.26,
        az0_m=stand.depth(0.052),
        sensitivity_pc_per_n=CHARGE,
        amplifier={"range_pc": 10000},
        **more,
    )


MAKERS = {
    "fz1": fz1,
    "cells": cells,
    "xyz3": xyz3,
    "wrench6": wrench6,
    "cop6": cop6,
    "matrix6": matrix6,
    "kistler8": kistler8,
}
MANY = ("wrench6", "cop6", "matrix6", "kistler8")
"""Kinds that measure everything."""


def measured(plate: Plate, push: Push, stand: Stand) -> Floats:
    """Volts at the terminals, by statics and the certificate's definitions, shape (m, n)."""
    return np.asarray(at_terminals(plate, push, stand), dtype=np.float64)


def at_terminals(plate: Plate, push: Push, stand: Stand) -> Any:
    """The same, kind by kind."""
    origin, axes = origin_and_axes(plate, stand.down)
    force, moment = on_axes(push, origin, axes, stand.sign)
    upright = painted(np.deg2rad(stand.heading), down=False)
    match plate:
        case Fz1():
            return push.force[2:] / 480.0
        case Cells():
            places = np.array(
                [np.array([*stand.position, 0.0]) + upright.T @ np.array([x, y, 0.0]) for x, y in PLACES.values()]
            )
            flat = Push(
                np.vstack([0 * push.twist, 0 * push.twist, push.force[2]]),
                push.point * [[1.0], [1.0], [0.0]],
                0 * push.twist,
            )
            down = -sensor_forces(flat, places)[:, 2]
            millivolts = down / 3000.0 * np.array([2.0 + 0.001 * i for i in range(5)])[:, None]
            return millivolts * 1e-3 * 5.0 * 200.0
        case Xyz3():
            return force / np.array([[100.0], [110.0], [600.0]])
        case Wrench6():
            return np.vstack([force, moment]) / np.array([[500.0], [510.0], [1000.0], [300.0], [210.0], [150.0]])
        case Cop6():
            seen = axes @ (push.point - stand.centre[:, None])
            twist = axes[2, 2] * -stand.sign * push.twist
            return np.vstack([force, seen[:2], twist]) / np.array([[500.0], [510.0], [1000.0], [0.05], [0.06], [20.0]])
        case Matrix6():
            microvolts = np.linalg.solve(MATRIX, np.vstack([force, moment]))
            return microvolts * 1e-6 * 10.0 * 1000.0
        case Kistler8():
            signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
            places = np.array([origin + axes.T @ np.array([0.21 * i, 0.26 * j, 0.0]) for i, j in signs])
            x, y, z = np.einsum("ij,sjn->isn", axes, stand.sign * sensor_forces(push, places))
            newtons = np.vstack([x[0] + x[1], x[2] + x[3], y[0] + y[3], y[1] + y[2], z])
            return newtons * np.array(list(CHARGE.values()))[:, None] / 10000.0 * 10.0
    raise AssertionError(plate)


STANDS = {
    "plain": Stand(),
    "as installed": Stand(position=(0.1, 0.31), heading=90.0),
    "turned": Stand(position=(-1.0, 0.4), heading=-137.0, height=0.3),
    "under a mat": Stand(heading=30.0, mat=0.02),
    "z up": Stand(position=(0.2, -0.2), heading=45.0, height=-0.1, mat=0.01, down=False),
    "shows the reaction": Stand(heading=180.0, reaction=True),
    "z up, shows the reaction": Stand(position=(0.5, 0.0), heading=10.0, down=False, reaction=True),
}


def assert_known(found: Wrench, push: Push) -> None:
    """Everything that was found is the truth to 1e-9 N, N·m or m."""
    moment = np.cross(push.point.T, push.force.T).T
    truth = {
        "fx": push.force[0],
        "fy": push.force[1],
        "fz": push.force[2],
        "mx": moment[0],
        "my": moment[1],
        "mz": moment[2] + push.twist,
        "copx": push.point[0],
        "copy": push.point[1],
        "tz": push.twist,
    }
    for name, values in found.quantities().items():
        np.testing.assert_allclose(values, truth[name], rtol=0.0, atol=1e-9, err_msg=name)


GIVES = {"fz1": {"fz"}, "cells": {"fz", "copx", "copy"}, "xyz3": {"fx", "fy", "fz"}}


@pytest.mark.parametrize("stand", STANDS.values(), ids=STANDS)
@pytest.mark.parametrize("kind", MAKERS)
def test_the_push_comes_back(kind: str, stand: Stand) -> None:
    plate = MAKERS[kind](stand)
    push = pushes(1, stand.centre, np.deg2rad(stand.heading))
    found = wrench(plate, measured(plate, push, stand))
    assert set(found.quantities()) == GIVES.get(kind, {*SIX, "copx", "copy", "tz"})
    assert_known(found, push)


ANY_STAND = st.builds(
    Stand,
    position=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    heading=st.floats(-360, 360),
    height=st.floats(-1, 1),
    mat=st.floats(0, 0.3),
    down=st.booleans(),
    reaction=st.booleans(),
)


@given(st.sampled_from(sorted(MAKERS)), ANY_STAND, st.integers(0, 2**31))
def test_the_push_comes_back_anywhere(kind: str, stand: Stand, seed: int) -> None:
    plate = MAKERS[kind](stand)
    push = pushes(seed, stand.centre, np.deg2rad(stand.heading))
    found = wrench(plate, measured(plate, push, stand))
    for name, values in found.quantities().items():
        assert values.shape == (N,), name
    assert_known(found, push)


@given(st.sampled_from(sorted(MAKERS)), ANY_STAND, st.integers(0, 2**31))
def test_volts_are_what_the_plate_would_give(kind: str, stand: Stand, seed: int) -> None:
    """Also where many voltages would do: the load is shared as a stiff board on equal springs shares it."""
    plate = MAKERS[kind](stand)
    push = pushes(seed, stand.centre, np.deg2rad(stand.heading))
    load = Wrench(
        fx=push.force[0], fy=push.force[1], fz=push.force[2], copx=push.point[0], copy=push.point[1], tz=push.twist
    )
    made = volts(plate, load)
    assert_known(wrench(plate, made), push)
    np.testing.assert_allclose(made, measured(plate, push, stand), rtol=0.0, atol=1e-9)


# --- by hand ---


def test_someone_stands_on_a_corner_of_a_kistler_plate() -> None:
    """All weight above sensor 1 (+a, +b), plate installed Kistler's way: x left, y forward. The foot is front left."""
    plate = kistler8(Stand(heading=90.0))
    v = np.zeros((8, 1))
    v[4] = 800.0 * 3.81 / 1000.0  # 800 N x 3.81 pC/N at 1000 pC/V
    found = wrench(plate, v)
    assert found.fz == pytest.approx(800.0)
    assert found.quantities()["copx"] == pytest.approx([0.26])
    assert found.quantities()["copy"] == pytest.approx([0.21])


def test_pushing_forward_is_a_positive_fx() -> None:
    """The athlete pushes back on a plate with x forward, z down that shows the action: the reaction drives forward."""
    plate = wrench6(Stand())
    found = wrench(plate, np.array([[-0.1], [0.0], [0.7], [0.0], [0.0], [0.0]]))
    assert float(found.quantities()["fx"][0]) == pytest.approx(50.0)
    assert float(found.fz[0]) == pytest.approx(700.0)


def test_a_turned_sign_is_named() -> None:
    plate = make("fz1", Stand(), channels={"fz": "ai0"}, newton_per_volt=480.0, inverted=("fz",))
    assert float(wrench(plate, [[-2.0]]).fz[0]) == 960.0
    assert float(volts(plate, Wrench(fz=np.array([960.0])))[0, 0]) == -2.0


def test_mv_per_v_from_the_data_sheet() -> None:
    """A 3000 N cell of 2 mV/V: 1 mV/V is 1500 N, in a bridge input or behind gain 100 at 10 V (1 V)."""
    rated = dict(channels={"fz": "ai0"}, rated_n=3000.0, rated_mv_per_v=2.0)
    bridge = make("fz1", Stand(), **rated, bridge={"excitation_v": 2.5})
    amplified = make("fz1", Stand(), **rated, amplifier={"gain": 100.0, "excitation_v": 10.0})
    assert float(wrench(bridge, [[0.001]]).fz[0]) == pytest.approx(1500.0)
    assert float(wrench(amplified, [[1.0]]).fz[0]) == pytest.approx(1500.0)


def test_charge_behind_its_amplifier() -> None:
    """METRICS.md C1: F = V·R/(10·S)."""
    plate = kistler8(Stand())
    v = np.zeros((8, 1))
    v[7] = 2.5
    assert float(wrench(plate, v).fz[0]) == pytest.approx(2.5 * 10000.0 / (10.0 * 3.80))


@pytest.mark.parametrize("unit", ["mV/V", "uV/V"])
def test_a_matrix_on_a_bridge_input(unit: str) -> None:
    matrix = (np.eye(6) * (2.0 if unit == "uV/V" else 2000.0)).tolist()
    plate = make(
        "matrix6",
        Stand(),
        channels=AI6,
        matrix=matrix,
        matrix_per=unit,
        bridge={"excitation_v": 10.0},
        origin_m=(0.0, 0.0, 0.0),
    )
    assert float(wrench(plate, np.full((6, 1), 300e-6)).fz[0]) == pytest.approx(600.0)


def test_a_board_on_two_beams_has_no_centre_of_pressure() -> None:
    plate = make(
        "cells",
        Stand(),
        channels={"a": "ai0", "b": "ai1"},
        positions_m={"a": (0.0, 0.2), "b": (0.0, -0.2)},
        newton_per_volt=100.0,
    )
    found = wrench(plate, [[1.0, 3.0], [2.0, 1.0]])
    assert found.quantities().keys() == {"fz"}
    assert list(found.fz) == [300.0, 400.0]


def test_kistlers_correction_for_bending() -> None:
    """The polynomial by hand at one point, and its inverse anywhere."""
    p = (1e-17, 1e-12, 1e-7, 2e-12, 3e-8, -4e-3, 2e-17, -1e-12, 2e-7, -1e-12, 2e-8, 5e-3)
    plain, bent = kistler8(Stand()), kistler8(Stand(), cop_correction=p)
    load = Wrench(
        fz=np.array([700.0]), fx=np.array([30.0]), copx=np.array([0.1]), copy=np.array([-0.08]), tz=np.array([4.0])
    )
    v = volts(plain, load)
    x, y = 100.0, -80.0
    dx = (1e-17 * y**4 + 1e-12 * y**2 + 1e-7) * x**3 + (2e-12 * y**4 + 3e-8 * y**2 - 4e-3) * x
    dy = (2e-17 * x**4 - 1e-12 * x**2 + 2e-7) * y**3 + (-1e-12 * x**4 + 2e-8 * x**2 + 5e-3) * y
    found = wrench(bent, v)
    assert abs(dx) > 0.1
    assert float(found.quantities()["copx"][0]) == pytest.approx((x - dx) / 1000.0, abs=1e-12)
    assert float(found.quantities()["copy"][0]) == pytest.approx((y - dy) / 1000.0, abs=1e-12)
    push = pushes(8, np.zeros(3), 0.0)
    again = Wrench(
        fx=push.force[0], fy=push.force[1], fz=push.force[2], copx=push.point[0], copy=push.point[1], tz=push.twist
    )
    assert_known(wrench(bent, volts(bent, again)), push)


# --- an empty plate ---


@pytest.mark.parametrize("kind", MAKERS)
def test_an_empty_plate_has_no_centre_of_pressure(kind: str) -> None:
    plate = MAKERS[kind](Stand(heading=90.0))
    found = wrench(plate, np.zeros((len(plate.roles), 3)))
    for name, values in found.quantities().items():
        if name in ("copx", "copy", "tz") or (kind == "cop6" and name[0] == "m"):
            assert np.isnan(values).all(), name
        else:
            assert not values.any(), name


@pytest.mark.parametrize("kind", ["cells", *MANY])
@pytest.mark.parametrize("weight", [49.9, 50.1, -50.1])
def test_the_threshold_is_the_plates(kind: str, weight: float) -> None:
    plate = MAKERS[kind](Stand())
    found = wrench(plate, volts(plate, Wrench(fz=np.array([weight]), copx=np.array([0.1]), copy=np.array([0.05]))))
    assert bool(np.isfinite(found.quantities()["copx"][0])) == (abs(weight) > 50.0)


def test_what_is_not_given_is_centre_and_zero() -> None:
    plate = wrench6(Stand(position=(1.0, 2.0)))
    found = wrench(
        plate, volts(plate, Wrench(fz=np.full(2, 500.0), copx=np.array([np.nan, 1.1]), copy=np.array([np.nan, 2.0])))
    )
    np.testing.assert_allclose(found.quantities()["copx"], [1.0, 1.1])
    np.testing.assert_allclose(found.quantities()["copy"], [2.0, 2.0])
    np.testing.assert_allclose(found.quantities()["tz"], 0.0, atol=1e-9)


# --- several plates ---


@given(
    st.lists(
        st.tuples(
            st.sampled_from(MANY),
            st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
            st.floats(-180, 180),
            st.integers(0, 2**31),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_plates_add_up_as_forces_do(room: list[tuple[str, tuple[float, float], float, int]]) -> None:
    """Of level plates the sum's force and moment are those of one wrench at the common centre of pressure."""
    found, force, moment = [], np.zeros((3, N)), np.zeros((3, N))
    for kind, position, heading, seed in room:
        stand = Stand(position=position, heading=heading)
        plate = MAKERS[kind](stand)
        push = pushes(seed, stand.centre, np.deg2rad(heading))
        found.append(wrench(plate, measured(plate, push, stand)))
        force = force + push.force
        moment = (
            moment + np.cross(push.point.T, push.force.T).T + np.vstack([0 * push.twist, 0 * push.twist, push.twist])
        )
    total = summed(found)
    x, y = -moment[1] / force[2], moment[0] / force[2]  # on the floor, Z = 0
    truth = {
        "fx": force[0],
        "fy": force[1],
        "fz": force[2],
        "mx": moment[0],
        "my": moment[1],
        "mz": moment[2],
        "copx": x,
        "copy": y,
        "tz": moment[2] - x * force[1] + y * force[0],
    }
    for name, values in total.quantities().items():
        np.testing.assert_allclose(values, truth[name], rtol=0.0, atol=1e-9, err_msg=name)


def test_the_sum_is_where_the_foot_is() -> None:
    left, right = (wrench6(Stand(position=(0.0, y))) for y in (0.2, -0.2))
    one = wrench(left, volts(left, Wrench(fz=np.array([600.0, 600.0, 0.0]), fx=np.zeros(3))))
    other = wrench(right, volts(right, Wrench(fz=np.array([200.0, 0.0, 0.0]), fx=np.zeros(3))))
    total = summed([one, other])
    np.testing.assert_allclose(total.fz, [800.0, 600.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(total.quantities()["copy"], [0.1, 0.2, np.nan], atol=1e-12)
    assert np.isnan(total.quantities()["tz"][2])


def test_the_sum_knows_what_every_plate_knows() -> None:
    plain, full = fz1(Stand()), wrench6(Stand())
    load = Wrench(fz=np.array([500.0]))
    total = summed([wrench(plate, volts(plate, load)) for plate in (plain, full)])
    assert total.quantities().keys() == {"fz"}
    board = cells(Stand())
    total = summed([wrench(plate, volts(plate, load)) for plate in (board, full)])
    assert total.quantities().keys() == {"fz", "copx", "copy"}
    with pytest.raises(UsageError):
        summed([])


# --- a rig ---


def test_forces_of_a_rig() -> None:
    rig = load("simulated")
    zero = {"left": np.linspace(-0.1, 0.1, 6), "right": np.linspace(0.05, -0.2, 6)}
    load_left = Wrench(fz=np.full(4, 900.0), fx=np.full(4, -60.0), copx=np.full(4, 0.07), copy=np.full(4, 0.25))
    v = {"left": volts(rig.plate("left"), load_left), "right": np.zeros((6, 4))}
    values = np.vstack([v[name] + zero[name][:, None] for name in ("left", "right")]).T
    found = forces(rig, {"ni0": values}, tare=zero)
    assert list(found)[:8] == [f"left.{q}" for q in ("fx", "fy", "fz", "mx", "my", "mz", "copx", "copy")]
    np.testing.assert_allclose(found["left.fz"], 900.0)
    np.testing.assert_allclose(found["left.fx"], -60.0)
    np.testing.assert_allclose(found["left.copx"], 0.07)
    np.testing.assert_allclose(found["left.copy"], 0.25)
    np.testing.assert_allclose(found["right.fz"], 0.0, atol=1e-9)
    assert np.isnan(found["right.copx"]).all()
    raw = forces(rig, {"ni0": values})
    assert abs(raw["left.fz"][0] - 900.0) > 1.0
    assert ranges(rig) == {"left": 10000.0, "right": 10000.0}


def test_the_start_signal_is_no_force() -> None:
    rig = load("kistler_pair")
    values = np.zeros((5, 17))
    values[:, 16] = 5.0
    assert not any(np.nan_to_num(part).any() for part in forces(rig, {"ni0": values}).values())


def test_a_centre_of_pressure_has_no_zero() -> None:
    text = load("simulated").text
    head = text[: text.index("[[plates]]")]
    rig = loads(
        head
        + """
[[plates]]
id = "plate1"
kind = "cop6"
device = "ni0"
channels = { fx = "ai0", fy = "ai1", fz = "ai2", px = "ai3", py = "ai4", tz = "ai5" }
newton_per_volt = 1000
metre_per_volt = 0.05
newton_metre_per_volt = 20
range_n = 5000
calibration = { id = "x", date = 2026-01-01 }
"""
    )
    found = forces(rig, {"ni0": [[0.0, 0.0, 1.5, 2.0, 0.0, 0.0]]}, tare={"plate1": [0.0, 0.0, 0.5, 4.0, 4.0, 0.0]})
    assert float(found["plate1.fz"][0]) == 1000.0
    assert float(found["plate1.copx"][0]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("values", "tare", "said"),
    [
        ({}, {}, "the values of device 'ni0' are missing"),
        ({"ni0": np.zeros((5, 11))}, {}, "device 'ni0' has 12 channels"),
        ({"ni0": np.zeros(12)}, {}, "has 12 channels"),
        ({"ni0": np.zeros((5, 12))}, {"middle": np.zeros(6)}, "there is no plate 'middle' to zero"),
        ({"ni0": np.zeros((5, 12))}, {"left": np.zeros(5)}, "zero of plate 'left' has shape"),
    ],
)
def test_what_does_not_fit_is_said(values: dict[str, Floats], tare: dict[str, Floats], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        forces(load("simulated"), values, tare)


def test_channels_that_do_not_fit_a_plate() -> None:
    with pytest.raises(UsageError, match="do not fit its channels fx, fy, fz"):
        wrench(wrench6(Stand()), np.zeros((5, 3)))


def test_corners_lie_around_the_centre() -> None:
    plate = load("simulated").plate("left")
    found = corners(plate)
    assert found is not None
    np.testing.assert_allclose(found.mean(axis=0), [0.0, 0.205, 0.0], atol=1e-12)
    np.testing.assert_allclose(np.ptp(found, axis=0), [0.6, 0.4, 0.0], atol=1e-12)  # x points left
    assert corners(fz1(Stand())) is None


def test_the_plates_of_the_simulated_rig_do_not_overlap() -> None:
    left, right = (corners(plate) for plate in load("simulated").plates)
    assert left is not None
    assert right is not None
    assert left[:, 1].min() > right[:, 1].max()


def test_a_rig_is_a_model(request: pytest.FixtureRequest) -> None:
    """Every kind can stand in a rig."""
    base = load("simulated")
    for kind, maker in MAKERS.items():
        plate = maker(Stand())
        rig = Rig.model_validate(
            {
                "name": kind,
                "devices": [base.devices[0].model_dump()],
                "plates": [plate.model_dump(exclude_none=True) | {"range_n": 1000.0}],
            }
        )
        assert rig.plates[0].kind == kind


def test_block_by_block_is_the_same_as_all_at_once() -> None:
    rig = load("kistler_pair")
    values = np.random.default_rng(0).normal(0.0, 2.0, (100, 17))
    whole = forces(rig, {"ni0": values})
    blocks = [forces(rig, {"ni0": values[i : i + 10]}) for i in range(0, 100, 10)]
    for name, part in whole.items():
        np.testing.assert_allclose(
            np.concatenate([block[name] for block in blocks]), part, rtol=1e-12, atol=1e-9, err_msg=name
        )
