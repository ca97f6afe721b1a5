"""C3D files of other people: our reader against ezc3d, which reads and adds up by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hipdrive as hd
from hipdrive.acquisition.formats.c3dfile import parsed

ezc3d = pytest.importorskip("ezc3d", reason="ezc3d is not installed: pip install ezc3d")

pytestmark = pytest.mark.real_data

FOLDER = "btk_vendor_formats"
FILES = [
    "c3d_dropjump_type4_truncated/sample21.c3d",
    "c3d_motionmonitor_landing_clipped/MotionMonitorC3D.c3d",
    "c3d_type2_type4/TYPE-2.C3D",
    "c3d_type2_type4/TYPE-4.C3D",
    "c3d_type2_type4/type-2a.c3d",
    "c3d_type2_type4/type-4a.c3d",
    "c3d_type3/FP1.C3D",
    "c3d_type3/FP2.C3D",
]
LENGTH = {"mm": 0.001, "m": 1.0, "mete": 1.0}


def theirs(path: Path) -> Any:
    return ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]


@pytest.mark.parametrize("name", FILES)
def test_points_and_analog_samples_are_those_of_ezc3d(name: str, data: Path) -> None:
    path = data / FOLDER / name
    ours, other = parsed(path.read_bytes(), name), theirs(path)
    points = other["points"][:3].transpose(2, 1, 0)
    invalid = np.isnan(points).any(axis=2) | (points == 0.0).all(axis=2)
    assert (np.isnan(ours.points).any(axis=2) == invalid).all()
    assert np.array_equal(ours.points[~invalid], points[~invalid])
    scaled = (ours.counts - ours.offset) * ours.scale
    assert pytest.approx(other["analogs"][0], abs=1e-9) == scaled.T


@pytest.mark.parametrize("name", FILES)
def test_forces_and_places_are_those_of_ezc3d(name: str, data: Path) -> None:
    """The same numbers in other axes: ours are turned to forward, left and up, along the lab's axes."""
    path = data / FOLDER / name
    trial, plates = hd.read(path), theirs(path)["platform"]
    assert len(plates) == len(trial.plates)
    for one, plate in zip(trial.plates, plates, strict=True):
        force = np.stack(
            [trial.components[f"{one}.fx"], trial.components[f"{one}.fy"], trial.fz[trial.plates.index(one)]]
        )
        other = plate["force"][:, : trial.samples]
        turn = np.rint(np.linalg.lstsq(other.T, force.T, rcond=None)[0].T)
        assert np.abs(turn).sum() == 3 and np.linalg.det(turn) == 1.0  # an exchange of axes
        # the corners of this plate lie in no plane, and each of us levels it in a way of his own
        close = 0.2 if name.startswith("c3d_type2_type4/TYPE") else 1e-6
        assert turn @ other == pytest.approx(force, abs=close)
        if f"{one}.copx" in trial.components:
            loaded = np.abs(force[2]) > 50.0
            place = turn @ plate["center_of_pressure"][:, : trial.samples] * LENGTH[plate["unit_position"] or "mm"]
            for i, axis in enumerate("xy"):
                ours = trial.components[f"{one}.cop{axis}"][loaded]
                assert ours == pytest.approx(place[i][loaded], abs=2e-5 if close > 1e-6 else 1e-6)


def test_one_recording_in_two_types_gives_one_force(data: Path) -> None:
    """type-2a and type-4a are the same trial; a matrix turns the channels of the one into the other's."""
    second, fourth = (hd.read(data / FOLDER / "c3d_type2_type4" / f"type-{i}a.c3d") for i in (2, 4))
    assert second.plates == fourth.plates
    assert np.abs(second.fz - fourth.fz).max() < 0.01 * np.abs(second.fz).max()


def test_a_type_1_file_whose_samples_ezc3d_drops(data: Path) -> None:
    """Its points move smoothly, and its force and place are the channels' own."""
    path = data / FOLDER / "c3d_type1" / "type1.C3D"
    trial = hd.read(path)
    file = parsed(path.read_bytes(), "type1")
    assert trial.fz[0] == pytest.approx(np.abs(file.counts[:, 2]), abs=2.0)  # the plate is level to 0.1 degrees
    steps = np.abs(np.diff(trial.tracks[0].values, axis=0))
    assert np.nanmedian(steps) < 20.0 and np.nanquantile(steps, 0.99) < 200.0  # mm a frame of 10 ms


def test_a_clipped_landing_with_y_up(data: Path) -> None:
    """The Motion Monitor's file: y is up, the force is written downwards and cut off at 1875 N."""
    trial = hd.read(data / FOLDER / "c3d_motionmonitor_landing_clipped" / "MotionMonitorC3D.c3d")
    assert any("up is the lab's y" in note for note in trial.notes)
    assert trial.fz.min() == pytest.approx(-1875.0, abs=1.0)
    analysis = hd.analyse(trial)
    assert {"clipping", "clipped"} & {one.check for one in analysis.quality} or analysis.status == "refused"


def test_a_drop_jump_whose_samples_end_early(data: Path) -> None:
    trial = hd.read(data / FOLDER / "c3d_dropjump_type4_truncated" / "sample21.c3d")
    assert trial.duration == pytest.approx(3.345, abs=0.001) and trial.fz.min() > -10.0
    assert any("end at 3.35 s and are filled up" in note for note in trial.notes)


def test_no_file_makes_a_traceback_as_motion(data: Path) -> None:
    """Everything that lies in the folders: motion, or one sentence."""
    read = []
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.stat().st_size < 5e6:
            try:
                read += [path.suffix.lower() for _ in hd.read_motion(path)[:1]]
            except hd.HipdriveError as told:
                assert "\n" not in str(told)
    assert {".trc", ".mot", ".c3d"} <= set(read)
