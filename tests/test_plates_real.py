"""Plates described in other people's C3D files: our forces against ezc3d's, and one recording in two types.

The calibrations come from the files and go through the models of a rig; ezc3d reads the files and does the sums its
own way. The corners of the sample10 plate are not level (1.6 mm in 500), so its comparison is made on its own axes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hipdrive.hardware.kinds import KINDS, PlateFacts
from hipdrive.hardware.plates import wrench

pytestmark = pytest.mark.real_data
ezc3d = pytest.importorskip("ezc3d", reason="ezc3d is not installed: pip install ezc3d")

Floats = NDArray[np.float64]
FOLDER = "btk_vendor_formats"
SIX = ("fx", "fy", "fz", "mx", "my", "mz")
GAIN, SUPPLY = 4000.0, 10.0
"""An amplifier of our own choice: the files hold uV/V at the bridge."""


@dataclass(frozen=True)
class Recorded:
    """One plate of a C3D file: its analogue channels as stored, and what ezc3d makes of them (mm, N·mm)."""

    kind: int
    analog: Floats
    counts: Floats
    scale: Floats
    corners: Floats
    origin: Floats
    matrix: Floats | None
    theirs: dict[str, Floats]


def recorded(path: Path, number: int = 0) -> Recorded:
    file = ezc3d.c3d(str(path), extract_forceplat_data=True)
    plates, analog = file["parameters"]["FORCE_PLATFORM"], file["parameters"]["ANALOG"]
    columns = np.asarray(plates["CHANNEL"]["value"])[:, number].astype(int) - 1
    values = np.asarray(file["data"]["analogs"][0], dtype=np.float64)[columns]
    scale = np.asarray(analog["SCALE"]["value"], dtype=np.float64)[columns] * float(analog["GEN_SCALE"]["value"][0])
    matrix = np.asarray(plates["CAL_MATRIX"]["value"])
    return Recorded(
        kind=int(plates["TYPE"]["value"][number]),
        analog=values,
        counts=values / scale[:, None],
        scale=scale,
        corners=np.asarray(plates["CORNERS"]["value"], dtype=np.float64)[:, :, number],
        origin=np.asarray(plates["ORIGIN"]["value"], dtype=np.float64)[:, number],
        matrix=np.asarray(matrix[:, :, number], dtype=np.float64) if matrix.size else None,
        theirs=dict(file["data"]["platform"][number]),
    )


def axes(corners: Floats) -> Floats:
    """Rows x, y, z of a plate in the room from its corners (+x+y, -x+y, -x-y, +x-y)."""
    x = corners[:, 0] - corners[:, 1]
    z = np.cross(x, corners[:, 0] - corners[:, 3])
    rows = np.array([x, np.cross(z, x), z])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float64)


def plate_of(plate: Recorded) -> tuple[PlateFacts, Floats]:
    """The plate as a rig would describe it, and the voltages at its terminals."""
    x, _, z = axes(plate.corners)
    assert z[2] < -0.99  # z into the ground
    centre = plate.corners.mean(axis=1) / 1000.0
    origin = plate.origin / 1000.0
    facts: dict[str, Any] = dict(
        id="plate1",
        device="ni0",
        range_n=5000.0,
        calibration={"id": "c3d", "date": "2000-01-01"},
        channels={role: f"ai{i}" for i, role in enumerate(SIX)},
        position_m=(float(centre[0]), float(centre[1])),
        heading_deg=float(np.degrees(np.arctan2(x[1], x[0]))),
        height_m=float(centre[2]),
        cop_min_n=20.0,
        # some makers write the origin seen from the surface
        origin_m=tuple(float(v) for v in (origin if origin[2] <= 0.0 else -origin)),
        # C3D holds what the plate does to the foot: negative Fz with z down
        reports="reaction",
    )
    if plate.kind == 2:
        facts |= dict(kind="wrench6", newton_per_volt=1000.0, newton_metre_per_volt=100.0)
        values = plate.analog / np.array([[1000.0]] * 3 + [[100.0 * 1000.0]] * 3)
    else:
        assert plate.matrix is not None
        matrix = plate.matrix * np.array([[1.0]] * 3 + [[1e-3]] * 3)
        facts |= dict(
            kind="matrix6", matrix=matrix.tolist(), matrix_per="uV/V", amplifier={"gain": GAIN, "excitation_v": SUPPLY}
        )
        values = plate.analog * 1e-6 * GAIN * SUPPLY
    return KINDS[facts["kind"]].model_validate(facts), values


def loaded(plate: Recorded, fz: Floats) -> Any:
    found = np.flatnonzero(np.abs(fz) > 100.0)
    assert len(found) > 100
    return found


LEVEL = [
    ("c3d_type2_type4/type-2a.c3d", 0),
    ("c3d_type2_type4/type-2a.c3d", 1),
    ("c3d_type2_type4/type-4a.c3d", 0),
    ("c3d_type2_type4/type-4a.c3d", 1),
    ("c3d_dropjump_type4_truncated/sample21.c3d", 0),
    ("c3d_dropjump_type4_truncated/sample21.c3d", 1),
]


@pytest.mark.parametrize(("name", "number"), LEVEL)
def test_the_same_as_ezc3d(name: str, number: int, data: Path) -> None:
    plate = recorded(data / FOLDER / name, number)
    ours, values = plate_of(plate)
    found = wrench(ours, values)
    theirs = plate.theirs
    for i, part in enumerate((found.fx, found.fy, found.fz)):
        assert part is not None
        np.testing.assert_allclose(part, theirs["force"][i], rtol=0.0, atol=1e-3)
    on = loaded(plate, found.fz)
    assert found.copx is not None
    assert found.copy is not None
    assert found.tz is not None
    np.testing.assert_allclose(found.copx[on] * 1e3, theirs["center_of_pressure"][0, on], rtol=0.0, atol=1e-3)
    np.testing.assert_allclose(found.copy[on] * 1e3, theirs["center_of_pressure"][1, on], rtol=0.0, atol=1e-3)
    np.testing.assert_allclose(found.tz[on] * 1e3, theirs["Tz"][2, on], rtol=1e-5, atol=1.0)


@pytest.mark.parametrize("name", ["TYPE-2.C3D", "TYPE-4.C3D"])
def test_the_same_as_ezc3d_on_a_plate_that_is_not_level(name: str, data: Path) -> None:
    plate = recorded(data / FOLDER / "c3d_type2_type4" / name)
    ours, values = plate_of(plate)
    found = wrench(ours, values)
    assert found.fx is not None
    assert found.fy is not None
    assert found.copx is not None
    assert found.copy is not None
    tilt = 1.6 / 500.0
    size = float(np.abs(plate.theirs["force"]).max())
    for i, part in enumerate((found.fx, found.fy, found.fz)):
        np.testing.assert_allclose(part, plate.theirs["force"][i], rtol=0.0, atol=2.0 * tilt * size)
    on = loaded(plate, found.fz)
    cop = np.vstack([found.copx[on], found.copy[on]]) * 1e3
    np.testing.assert_allclose(cop, plate.theirs["center_of_pressure"][:2, on], rtol=0.0, atol=0.1)


PAIRS = [("type-2a.c3d", "type-4a.c3d", 0), ("type-2a.c3d", "type-4a.c3d", 1)]


@pytest.mark.parametrize(("two", "four", "number"), PAIRS)
def test_one_recording_in_two_types(two: str, four: str, number: int, data: Path) -> None:
    """Type 2 leaves out the crosstalk: it explains the whole difference, and is small."""
    second, fourth = (recorded(data / FOLDER / "c3d_type2_type4" / name, number) for name in (two, four))
    np.testing.assert_allclose(second.counts, fourth.counts, atol=1e-2)
    a, b = (wrench(*plate_of(plate)) for plate in (second, fourth))
    on = loaded(fourth, b.fz)
    np.testing.assert_allclose(a.fz[on], b.fz[on], rtol=0.01)
    assert a.copx is not None and b.copx is not None
    assert a.copy is not None and b.copy is not None
    apart = np.hypot(a.copx - b.copx, a.copy - b.copy)[on]
    print(f"centre of pressure apart: median {np.median(apart) * 1e3:.2f} mm, largest {apart.max() * 1e3:.2f} mm")
    assert np.median(apart) < 0.003
    # With the crosstalk taken out of the matrix the two types give the same numbers.
    assert fourth.matrix is not None
    diagonal = second.scale / fourth.scale
    without = Recorded(**{**fourth.__dict__, "matrix": np.diag(diagonal)})
    c = wrench(*plate_of(without))
    for name, values in a.quantities().items():
        other = c.quantities()[name]
        np.testing.assert_allclose(values[on], other[on], rtol=0.0, atol=1e-9 if name[0] == "c" else 1e-6, err_msg=name)


def test_the_sample10_pair_is_one_recording_of_two_calibrations(data: Path) -> None:
    """Equal counts, but the type 2 file was scaled with other sensitivities than its matrix: up to 25 % in moments."""
    second, fourth = (recorded(data / FOLDER / "c3d_type2_type4" / name) for name in ("TYPE-2.C3D", "TYPE-4.C3D"))
    np.testing.assert_allclose(second.counts, fourth.counts, atol=1e-2)
    assert fourth.matrix is not None
    ratio = np.diag(fourth.matrix) / (second.scale / fourth.scale)
    assert ratio[:3] == pytest.approx([1.055, 1.059, 0.988], abs=0.001)
    assert ratio[3:] == pytest.approx([1.231, 1.220, 1.342], abs=0.002)
    a, b = (wrench(*plate_of(plate)) for plate in (second, fourth))
    on = loaded(fourth, b.fz)
    np.testing.assert_allclose(a.fz[on], b.fz[on], rtol=0.03)


@pytest.mark.parametrize("name", ["FP1.C3D", "FP2.C3D"])
def test_a_kistler_plate(name: str, data: Path) -> None:
    """The files give no sensor positions (ORIGIN is zero), so the forces are what can be compared."""
    plate = recorded(data / FOLDER / "c3d_type3" / name)
    assert plate.kind == 3
    roles = ("fx12", "fx34", "fy14", "fy23", "fz1", "fz2", "fz3", "fz4")
    x, _, _ = axes(plate.corners)
    ours = KINDS["kistler8"].model_validate(
        dict(
            id="plate1",
            kind="kistler8",
            device="ni0",
            range_n=5000.0,
            calibration={"id": "c3d", "date": "2000-01-01"},
            channels={role: f"ai{i}" for i, role in enumerate(roles)},
            newton_per_volt=100.0,
            a_m=0.2,
            b_m=0.3,
            az0_m=-0.05,
            heading_deg=float(np.degrees(np.arctan2(x[1], x[0]))),
            reports="reaction",
        )
    )
    found = wrench(ours, plate.analog / 100.0)
    for i, part in enumerate((found.fx, found.fy, found.fz)):
        assert part is not None
        np.testing.assert_allclose(part, plate.theirs["force"][i], rtol=0.0, atol=1e-3)
