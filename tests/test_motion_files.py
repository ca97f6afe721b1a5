"""Files of motion: what is in them arrives as it is, what is damaged is refused in one sentence."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c3dwriter import DEC, INTEL, MIPS, c3d_bytes, plate_facts
from numpy.typing import NDArray
from planar import body, coordinates_track, squat

import hipdrive as hd
from hipdrive.acquisition.formats.motion import read_motion
from hipdrive.errors import HipdriveError, ReadError, UsageError
from hipdrive.trial import Floats

C = squat(41)
POINTS = {name: np.round(place * 1000.0, 3) for name, place in body(C).items()}
"""A body, mm."""


def trc(points: dict[str, Floats] = POINTS, unit: str = "mm", rate: float = 100.0) -> str:
    n, names = len(next(iter(points.values()))), list(points)
    rows = []
    for k in range(n):
        cells = ["" if np.isnan(v) else f"{v:.5f}" for place in points.values() for v in place[k]]
        rows.append("\t".join([str(k + 1), f"{k / rate:.5f}", *cells]))
    axes = "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(1, len(names) + 1))
    heads = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
    lines = ["PathFileType\t4\t(X/Y/Z)\tbody.trc", heads, f"{rate:g}\t{rate:g}\t{n}\t{len(names)}\t{unit}\t100\t1\t{n}",
             "Frame#\tTime\t" + "\t\t\t".join(names), "\t\t" + axes, "", *rows]  # fmt: skip
    return "\n".join(lines) + "\n"


def mot(degrees: bool = True) -> str:
    one = coordinates_track(C, unit="deg" if degrees else "rad")
    names = [*one.names, "pelvis_tx", "pelvis_ty", "pelvis_tz"]
    rows = [[t, *one.values[k, :, 0], 0.1 * k, 0.9, -0.2] for k, t in enumerate(one.times)]
    head = (
        f"Coordinates\nversion=1\nnRows={len(rows)}\nnColumns={len(names) + 1}\ninDegrees={'yes' if degrees else 'no'}"
    )
    table = "\n".join("\t".join(f"{v:.8f}" for v in row) for row in rows)
    return f"{head}\n\nendheader\n" + "\t".join(["time", *names]) + f"\n{table}\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- TRC ---


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("suffix", [".trc", ".txt"])
def test_trc(tmp_path: Path, ending: str, suffix: str) -> None:
    (found,) = read_motion(write(tmp_path / f"a{suffix}", trc().replace("\n", ending)))
    assert (found.name, found.kind, found.unit, found.names) == (f"a{suffix}", "points", "mm", tuple(POINTS))
    assert found.times == pytest.approx(np.arange(41) / 100.0, abs=1e-9)
    assert found.values == pytest.approx(np.stack(list(POINTS.values()), axis=1), abs=1e-5)
    assert hd.motion_of(found).angles["knee_angle_left"] == pytest.approx(180.0 - C["knee_angle"], abs=1e-3)


def test_a_trc_after_a_blank_line_is_no_c3d(tmp_path: Path) -> None:
    """Line feed and P are also how a C3D file of ten blocks begins."""
    text = "\n" + trc()
    with pytest.raises(ReadError) as told:
        read_motion(write(tmp_path / "a.trc", text))
    assert "C3D" not in str(told.value)


def test_markers_that_were_not_seen_are_nan(tmp_path: Path) -> None:
    holed = {name: place.copy() for name, place in POINTS.items()}
    holed["knee_left"][3:6] = np.nan
    holed["hip_left"][7] = 0.0  # what many programs write for an unseen marker
    text = trc(holed).replace("\t\t\t\n", "\n")
    (found,) = read_motion(write(tmp_path / "a.trc", text))
    gone = np.asarray(np.isnan(found.values).any(axis=2))
    assert gone[3:6, found.names.index("knee_left")].all() and gone[7, found.names.index("hip_left")]
    assert gone.sum() == 4


@pytest.mark.parametrize(("change", "part"), [
    (lambda t: t[: len(t) // 2], "was cut off"),
    (lambda t: "\n".join(t.split("\n")[:4]), "cut off in its header"),
    (lambda t: t.replace("\tmm\t", "\tfurlong\t"), "line 3: the unit of the markers is 'furlong'"),
    (lambda t: t.replace("0.05000\t", "five\t"), "line 12: holds something that is no number"),
    (lambda t: t.replace("\n6\t0.05000", "\n6\t0.03000"), "line 12: the time is missing or does not rise"),
    (lambda t: t.replace("hip_left\t\t\t", ""), "line 7: does not have"),
    (lambda t: t.replace("0.05000\t", "inf\t"), "line 12: holds an infinite number"),
])  # fmt: skip
def test_a_damaged_trc_is_refused(change: Callable[[str], str], part: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as told:
        read_motion(write(tmp_path / "a.trc", change(trc())))
    assert part in str(told.value) and "\n" not in str(told.value)


# --- OpenSim ---


@pytest.mark.parametrize("degrees", [True, False])
def test_opensim_angles(tmp_path: Path, degrees: bool) -> None:
    angles, pelvis = read_motion(write(tmp_path / "a.mot", mot(degrees)))
    assert (angles.unit, angles.kind, pelvis.unit, pelvis.kind) == (
        "deg" if degrees else "rad",
        "angles",
        "m",
        "points",
    )
    assert {angles.name, pelvis.name} == {"a.mot", "a.mot pelvis"}
    motion = hd.motion_of([angles, pelvis])
    assert motion.angles["knee_angle_right"] == pytest.approx(180.0 - C["knee_angle"], abs=1e-5)
    assert pelvis.values[5, 0] == pytest.approx([0.5, 0.9, -0.2])


def test_a_states_file_is_read_by_its_coordinates(tmp_path: Path) -> None:
    text = mot().replace("\thip_flexion_r", "\t/jointset/hip_r/hip_flexion_r/value")
    text = text.replace("\tknee_angle_r", "\t/jointset/knee_r/knee_angle_r/speed")
    names = read_motion(write(tmp_path / "a.sto", text))[0].names
    assert "hip_flexion_r" in names and "knee_angle_r" not in names and "knee_angle_l" in names


@pytest.mark.parametrize(("change", "part"), [
    (lambda t: t.replace("inDegrees=yes\n", ""), "does not say inDegrees=yes or no"),
    (lambda t: t[: len(t) * 2 // 3], "columns where the rows before have|so it was cut off"),
    (lambda t: t.replace("time\t", "when\t"), "begins with time is missing"),
    (lambda t: t.replace("0.05000000\t", "0.03000000\t", 1), "does not rise"),
])  # fmt: skip
def test_damaged_angles_are_refused(change: Callable[[str], str], part: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=part):
        read_motion(write(tmp_path / "a.mot", change(mot())))


def test_forces_are_no_motion_and_motion_is_no_force(tmp_path: Path) -> None:
    names = "time\tground_force_vx\tground_force_vy\tground_force_vz"
    force = f"nRows=3\nendheader\n{names}\n0\t1\t2\t3\n.1\t1\t2\t3\n.2\t1\t2\t3\n"
    with pytest.raises(ReadError, match="holds forces, not motion"):
        read_motion(write(tmp_path / "f.mot", force))
    for name, content in (("a.mot", mot()), ("a.trc", trc()), ("a.c3d", c3d_bytes(POINTS))):
        with pytest.raises(ReadError, match="with --motion"):
            hd.read(write(tmp_path / name, content))


# --- text ---


def table(columns: Mapping[str, NDArray[Any]], delimiter: str = ",", decimal: str = ".") -> str:
    rows = [
        delimiter.join(f"{v:.6f}".replace(".", decimal) for v in row) for row in zip(*columns.values(), strict=True)
    ]
    return "\n".join([delimiter.join(columns), *rows]) + "\n"


@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", ".")])
def test_points_of_a_table(tmp_path: Path, delimiter: str, decimal: str) -> None:
    columns = {"time": np.arange(41) / 60.0}
    columns |= {f"{name}_{axis} (mm)": place[:, i] for name, place in POINTS.items() for i, axis in enumerate("xyz")}
    (found,) = read_motion(write(tmp_path / "a.csv", table(columns, delimiter, decimal)))
    assert (found.kind, found.unit, found.names) == ("points", "mm", tuple(POINTS))
    assert found.values == pytest.approx(np.stack(list(POINTS.values()), axis=1), abs=1e-5)
    assert found.times == pytest.approx(np.arange(41) / 60.0, abs=1e-6)


def test_a_side_view_of_a_table(tmp_path: Path) -> None:
    side = {name.removesuffix("_right"): place for name, place in POINTS.items() if "right" in name}
    columns = {f"{name}.{axis}": place[:, i] for name, place in side.items() for axis, i in (("x", 0), ("y", 2))}
    path = write(tmp_path / "a.csv", table(columns))
    with pytest.raises(ReadError, match="--motion-as rate=HZ"):
        read_motion(path)
    with pytest.raises(ReadError, match="points have no unit; say one with --motion-as unit=m or unit=mm"):
        read_motion(path, rate=120.0)
    (found,) = read_motion(path, rate=120.0, unit="mm")
    assert found.values.shape == (41, len(side), 2) and found.times[1] == pytest.approx(1 / 120.0)
    assert hd.motion_of(found).angles["hip_angle"] == pytest.approx(
        180.0 - C["hip_flexion"] + C["lumbar_extension"], abs=1e-3)  # fmt: skip


def test_angles_of_a_table(tmp_path: Path) -> None:
    columns = {
        "t (ms)": np.arange(41) * 20.0,
        "Left knee flexion": C["knee_angle"],
        "hip_angle_left": 180 - C["hip_flexion"],
    }
    (found,) = read_motion(write(tmp_path / "a.csv", table(columns)))  # beyond 7, so it cannot be rad
    assert (found.kind, found.unit) == ("angles", "deg") and found.times[-1] == pytest.approx(0.8)
    motion = hd.motion_of(found)
    assert motion.angles["knee_angle_left"] == pytest.approx(180.0 - C["knee_angle"], abs=1e-5)
    small: dict[str, Floats] = {"time": np.arange(41) / 50.0, "knee_flexion_left": np.radians(C["knee_angle"])}
    with pytest.raises(ReadError, match="angles have no unit"):
        read_motion(write(tmp_path / "b.csv", table(small)))
    assert read_motion(tmp_path / "b.csv", unit="rad")[0].unit == "rad"
    named: dict[str, Floats] = {"time": np.arange(41) / 50.0, "knee_flexion_left [rad]": np.radians(C["knee_angle"])}
    assert read_motion(write(tmp_path / "c.csv", table(named)))[0].unit == "rad"


def test_points_and_angles_of_one_table_have_names_of_their_own(tmp_path: Path) -> None:
    columns = {"time": np.arange(41) / 50.0, "hip_x (m)": C["hip_flexion"], "hip_y (m)": C["hip_flexion"],
               "knee_flexion (deg)": C["knee_angle"]}  # fmt: skip
    found = read_motion(write(tmp_path / "a.csv", table(columns)))
    assert [one.name for one in found] == ["a.csv", "a.csv angles"]


def test_text_without_motion_is_refused(tmp_path: Path) -> None:
    for text, part in (("time,a,b\n0,1,2\n1,2,3\n", "no point or joint angle"), ("0,1,2\n1,2,3\n", "have no names")):
        with pytest.raises(ReadError, match=part):
            read_motion(write(tmp_path / "a.csv", text))
    with pytest.raises(UsageError, match="choose one of"):
        read_motion(tmp_path / "a.csv", unit="inch")
    with pytest.raises(ReadError, match="not a known format of motion"):
        read_motion(write(tmp_path / "a.bin", b"\x07\x00\x01" * 50))


# --- C3D ---

CORNERS = np.array([[0.0, 0.0, 0.0], [0.0, 600.0, 0.0], [400.0, 600.0, 0.0], [400.0, 0.0, 0.0]])
"""mm; x of the plate is the lab's -x... : corner 1 lies at its +x+y, so that z points into the floor."""


def wrench(n: int = 410, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Force on the athlete (N), its place on the ground (m) and free moment (N*m), in the lab: x, y, z up."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, n)
    force = np.stack([40.0 * np.sin(9 * t), 25.0 * np.cos(7 * t), 700.0 + 300.0 * np.sin(5 * t)], axis=1)
    place = np.stack([0.2 + 0.05 * np.sin(3 * t), 0.3 + 0.08 * np.cos(4 * t), np.zeros(n)], axis=1)
    return force, place, rng.normal(0.0, 1.0) + 2.0 * np.sin(6 * t)


AXES = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def plate_axes() -> Floats:
    """Columns: the plate's x, y and z in the lab, by the standard's corners 1 (+x+y), 2 (-x+y), 3 (-x-y), 4 (+x-y)."""
    x = (CORNERS[0] + CORNERS[3] - CORNERS[1] - CORNERS[2]) / 2.0
    y = (CORNERS[0] + CORNERS[1] - CORNERS[2] - CORNERS[3]) / 2.0
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def in_plate() -> tuple[Floats, Floats, Floats]:
    """The wrench as the plate feels it: force, place from the middle of the surface (mm), moment there (N*mm)."""
    force, place, free = wrench()
    axes = plate_axes()
    f = force @ axes
    at = (place * 1000.0 - CORNERS.mean(axis=0)) @ axes
    free_there = np.stack([np.zeros(len(free)), np.zeros(len(free)), free * 1000.0], axis=1) @ axes
    return f, at, np.cross(at, f) + free_there


def samples_of(kind: int) -> tuple[Floats, dict[str, Any], list[tuple[str, str]]]:
    """Channels of a plate of one type for that wrench, its parameters and the channels' names and units."""
    f, at, moment = in_plate()
    names = [(n, "N" if n[0] in "FR" else "Nmm") for n in ("FX", "FY", "FZ", "MX", "MY", "MZ")]
    if kind == 1:
        free = moment[:, 2] - (at[:, 0] * f[:, 1] - at[:, 1] * f[:, 0])
        columns = np.column_stack([f, at[:, :2], free])
        return columns, {}, [*names[:3], ("PX", "mm"), ("PY", "mm"), ("TZ", "Nmm")]
    origin = np.array([3.0, -2.0, -40.0])  # from the sensors to the middle of the surface
    below = moment + np.cross(origin, f)  # about the sensors
    if kind == 2:
        return np.column_stack([f, below]), {"ORIGIN": origin[:, np.newaxis]}, names
    if kind == 4:
        matrix = np.diag([2.0, 2.5, 4.0, 300.0, 250.0, 200.0]) + 0.01 * np.arange(36.0).reshape(6, 6)
        volts = np.linalg.solve(matrix, np.column_stack([f, below]).T).T
        facts = {"ORIGIN": origin[:, np.newaxis], "CAL_MATRIX": matrix[:, :, np.newaxis]}
        return np.asarray(volts, dtype=np.float64), facts, [(f"V{i}", "V") for i in range(6)]
    a, b, down = 120.0, 200.0, -54.0
    about = moment + np.cross([0.0, 0.0, down], f)
    p, q = about[:, 0] / b, about[:, 1] / a
    r = f[:, 2] - 0.0
    # four vertical forces with the right sum and moments; the fourth combination of them is free
    fz = 0.25 * np.stack([r + p - q, r + p + q, r - p + q, r - p - q], axis=1)
    half = about[:, 2] / 4.0
    fx12, fy14 = 0.5 * f[:, 0] - half / b, 0.5 * f[:, 1] + half / a
    columns = np.column_stack([fx12, f[:, 0] - fx12, fy14, f[:, 1] - fy14, fz])
    facts = {"ORIGIN": np.array([[a], [b], [down]])}
    return columns, facts, [(n, "N") for n in ("FX12", "FX34", "FY14", "FY23", "FZ1", "FZ2", "FZ3", "FZ4")]


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_plates_of_every_type_give_the_force_that_was_put_on_them(kind: int, tmp_path: Path) -> None:
    """The athlete faces the lab's +x, up is +z: METRICS.md's frame is the lab's."""
    columns, facts, names = samples_of(kind)
    content = c3d_bytes(POINTS, analog=columns, channels=names, plates=plate_facts(kind, CORNERS, **facts))
    trial = hd.read(write(tmp_path / "a.c3d", content))
    force, place, free = wrench()
    assert trial.plates == ("plate1",) and trial.rate == 1000.0 and trial.samples == 410
    for i, axis in enumerate("xy"):
        assert trial.components[f"plate1.f{axis}"] == pytest.approx(force[:, i], abs=2e-3)
        assert trial.components[f"plate1.cop{axis}"] == pytest.approx(place[:, i], abs=2e-5)
    assert trial.fz[0] == pytest.approx(force[:, 2], abs=2e-3)
    about = np.cross(place, force)[:, 2] + free
    assert trial.components["plate1.mz"] == pytest.approx(about, abs=5e-3)
    (track,) = trial.tracks
    clock = trial.clocks[track.name]
    assert (clock.offset, clock.slope, clock.standard_error, clock.method) == (0.0, 1.0, 0.0, "same_file")
    assert "to where the athlete faces" in " ".join(trial.notes)


@pytest.mark.parametrize("processor", [INTEL, DEC, MIPS])
@pytest.mark.parametrize("whole", [False, True])
def test_c3d_of_every_processor(processor: int, whole: bool, tmp_path: Path) -> None:
    columns, facts, names = samples_of(2)
    columns = columns / [1.0, 1.0, 1.0, 200.0, 200.0, 200.0]  # so that 16 bits hold it
    holed = {name: place.copy() for name, place in POINTS.items()}
    holed["knee_left"][3:6] = np.nan
    content = c3d_bytes(holed, analog=columns, channels=names, plates=plate_facts(2, CORNERS, **facts),
                        processor=processor, whole=whole)  # fmt: skip
    path = write(tmp_path / "a.c3d", content)
    (track,) = read_motion(path)
    wanted = np.stack(list(holed.values()), axis=1)
    assert track.values == pytest.approx(wanted, abs=0.026 if whole else 2e-3, nan_ok=True)
    assert track.names == tuple(holed) and track.unit == "mm" and track.times[-1] == pytest.approx(0.4)
    trial = hd.read(path)
    assert trial.fz[0] == pytest.approx(wrench()[0][:, 2], abs=0.03 if whole else 1e-3)
    raw = trial.raw[0].scaled()
    assert raw == pytest.approx(columns, abs=0.026 if whole else 0.05)
    assert trial.raw[0].values.dtype == (np.int32 if whole else np.float64)


def test_the_plates_lie_in_the_athletes_frame(tmp_path: Path) -> None:
    """An athlete who faces the lab's -y: forward is -y, left is +x."""
    turned = {name: np.stack([place[:, 1], -place[:, 0], place[:, 2]], axis=1) for name, place in POINTS.items()}
    columns, facts, names = samples_of(2)
    content = c3d_bytes(turned, analog=columns, channels=names, plates=plate_facts(2, CORNERS, **facts))
    trial = hd.read(write(tmp_path / "a.c3d", content))
    force, place, _ = wrench()
    assert trial.components["plate1.fx"] == pytest.approx(-force[:, 1], abs=2e-3)
    assert trial.components["plate1.fy"] == pytest.approx(force[:, 0], abs=2e-3)
    assert trial.components["plate1.copx"] == pytest.approx(-place[:, 1], abs=2e-5)


def test_the_foot_on_a_plate_names_it(tmp_path: Path) -> None:
    """Left foot over one plate, right foot over the other."""
    still = body({name: np.zeros(41) for name in C})
    points = {name: place * 1000.0 + [0.0, 200.0 if "left" in name else -200.0, 0.0] for name, place in still.items()}
    left = np.array([[300.0, 500.0, 0.0], [-300.0, 500.0, 0.0], [-300.0, 0.0, 0.0], [300.0, 0.0, 0.0]])
    left = left[[1, 0, 3, 2]]  # z into the floor; the sign of the force is the file's, wrong or not
    corners = np.stack([left - [0.0, 500.0, 0.0], left], axis=0)
    force = np.zeros((410, 12))
    force[:, 2], force[:, 8] = 300.0 + np.sin(np.arange(410)), 400.0
    names = [(f"{n}{i}", "N" if n[0] == "F" else "Nmm") for i in (1, 2) for n in ("FX", "FY", "FZ", "MX", "MY", "MZ")]
    facts = {"USED": 2, "TYPE": np.array([2, 2]), "CORNERS": np.moveaxis(corners, 0, 2).swapaxes(0, 1),
             "ORIGIN": np.zeros((3, 2)), "CHANNEL": np.arange(1, 13).reshape(2, 6).T}  # fmt: skip
    path = write(tmp_path / "a.c3d", c3d_bytes(points, analog=force, channels=names, plates=facts))
    trial = hd.read(path)
    assert trial.plates == ("right", "left") and trial.fz.mean(axis=1).tolist() == pytest.approx(
        [-300.0, -400.0], abs=0.1
    )
    assert "right and left by the foot that stands on the plate" in trial.notes
    assert hd.read(path, swap=True).plates == ("left", "right")
    assert hd.read(path, columns="left.fz=plate1,right.fz=plate2").plates == ("left", "right")
    with pytest.raises(UsageError, match="has the plates plate1, plate2"):
        hd.read(path, columns="left.fz=FP1")


def changed(kind: int = 2, **facts: Any) -> bytes:
    columns, own, names = samples_of(kind)
    return c3d_bytes(POINTS, analog=columns, channels=names, plates=plate_facts(kind, CORNERS, **{**own, **facts}))


@pytest.mark.parametrize(("content", "part"), [
    (changed(TYPE=np.array([6])), "is of type 6, of which hipdrive knows 1 to 4"),
    (changed(CHANNEL=np.arange(2, 8)[:, np.newaxis]), "claims channels 2, 3, 4, 5, 6, 7 of 6"),
    (changed(CHANNEL=np.ones((6, 1), dtype=int)), "claims channels 1, 1"),
    (changed(CORNERS=np.zeros((3, 4, 1))), "no rectangle"),
    (changed(CORNERS=np.zeros((3, 3, 1))), "has no corners"),
    (changed(4, CAL_MATRIX=np.zeros((6, 5, 1))), "has no calibration matrix"),
    (c3d_bytes(POINTS, plates=plate_facts(2, CORNERS)), "no analog samples"),
    (changed()[:9000], "so it was cut off"),
    (changed()[:1100], "C3D header or parameters make no sense"),
    (changed()[:100], "too short for a C3D file"),
])  # fmt: skip
def test_plates_that_cannot_be_read_are_refused(content: bytes, part: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as told:
        hd.read(write(tmp_path / "a.c3d", content))
    assert part in str(told.value) and "\n" not in str(told.value)


def test_sensors_that_are_nowhere_give_a_force_without_a_place(tmp_path: Path) -> None:
    trial = hd.read(write(tmp_path / "a.c3d", changed(3, ORIGIN=np.zeros((3, 1)))))
    assert trial.fz[0] == pytest.approx(wrench()[0][:, 2], abs=2e-3)
    assert "plate1.copx" not in trial.components and "plate1.mx" not in trial.components
    assert "does not say where its sensors are" in " ".join(trial.notes)


def test_a_file_that_was_filled_up_ends_where_it_was_measured(tmp_path: Path) -> None:
    points = {name: np.tile(place[:1], (200, 1)) for name, place in POINTS.items()}
    columns, facts, names = samples_of(2)
    filled = np.vstack([columns, np.tile([5.0, 5.0, 2900.0, 1.0, 1.0, 1.0], (1590, 1))])
    content = c3d_bytes(points, analog=filled, channels=names, plates=plate_facts(2, CORNERS, **facts))
    trial = hd.read(write(tmp_path / "a.c3d", content))
    assert trial.samples == 410 and any("filled up with one number" in note for note in trial.notes)


# --- hostile ---

SMALL = {name: place[:12] for name, place in POINTS.items()}


def small_c3d() -> bytes:
    columns, facts, names = samples_of(2)
    return c3d_bytes(SMALL, analog=columns[:120], channels=names, plates=plate_facts(2, CORNERS, **facts))


def files() -> dict[str, bytes]:
    points = {"time": np.arange(12) / 60.0}
    points |= {f"{name}_{x} (mm)": place[:, i] for name, place in SMALL.items() for i, x in enumerate("xyz")}
    angles = {"time": np.arange(41) / 60.0, "knee_flexion_left (deg)": C["knee_angle"]}
    return {"a.trc": trc(SMALL).encode(), "a.mot": mot().encode(), "a.c3d": small_c3d(),
            "points.csv": table(points).encode(), "angles.csv": table(angles, ";", ",").encode()}  # fmt: skip


def spoilt(content: bytes, rng: random.Random) -> bytes:
    """The content cut off, or with bytes changed, doubled or left out."""
    if rng.random() < 0.3:
        return content[: rng.randrange(len(content))]
    found = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        # C3D: mostly where its structure is
        at = rng.randrange(min(len(found), 1536) if rng.random() < 0.7 else len(found))
        kind = rng.random()
        if kind < 0.8:
            found[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256), ord("-"), ord("9"), ord("\t"), ord("\n")])
        elif kind < 0.9:
            del found[at : at + rng.randrange(1, 9)]
        else:
            found[at:at] = found[at : at + rng.randrange(1, 9)]
    return bytes(found)


NAMES = ["a.trc", "a.mot", "a.c3d", "points.csv", "angles.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_spoilt_files_give_motion_or_one_sentence(name: str, tmp_path: Path) -> None:
    spoil_and_read(name, tmp_path, 40)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_very_many_spoilt_files_give_motion_or_one_sentence(name: str, tmp_path: Path) -> None:
    spoil_and_read(name, tmp_path, 120)


def spoil_and_read(name: str, folder: Path, times: int) -> None:
    """Whatever is done to a file: a Track with rising times, or one of our errors; nothing else, and no warning."""
    content, rng, path = files()[name], random.Random(f"{name}{times}"), folder / name
    outcomes = {"read": 0, "refused": 0}
    for _ in range(times):
        path.write_bytes(spoilt(content, rng))
        try:
            tracks = read_motion(path)
        except HipdriveError as told:
            assert "\n" not in str(told) and str(told)
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            for one in tracks:
                assert (np.diff(one.times) > 0).all() and not np.isinf(one.values).any()
                said(partial(hd.motion_of, one))
        if name == "a.c3d":
            said(partial(hd.read, path))
    assert min(outcomes.values()) >= 2, outcomes


def said(work: Callable[[], object]) -> None:
    """Do it; an error of ours is one sentence."""
    try:
        work()
    except HipdriveError as told:
        assert "\n" not in str(told)
