"""NetForce, OpenSim and trial files; readers of other packages."""

from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from hipdrive import store
from hipdrive.acquisition.formats import registry
from hipdrive.acquisition.formats.reading import READERS, Options, Source, read, reader
from hipdrive.errors import HipdriveError, ReadError, UsageError
from hipdrive.trial import Trial

TWELVE = "".join(", ".join(f"{100 * i + j:9.5f}" for j in range(12)) + "\n" for i in (3, 1, 2, 4))


def test_netforce_of_two_plates(tmp_path: Path) -> None:
    path = tmp_path / "jump.txt"
    path.write_text("\n" + TWELVE)
    trial = read(path, rate=2000)
    assert trial.plates == ("plate1", "plate2")
    assert trial.fz.tolist() == [[302.0, 102.0, 202.0, 402.0], [308.0, 108.0, 208.0, 408.0]]
    assert trial.components["plate2.mz"].tolist() == [311.0, 111.0, 211.0, 411.0]
    assert trial.raw[0].values.shape == (4, 12)
    assert trial.raw[0].units[:4] == ("N", "N", "N", "N*m")


def test_netforce_of_one_plate(tmp_path: Path) -> None:
    path = tmp_path / "jump.txt"
    path.write_text("1,2,3,4,5,6\n0,2,5,4,5,6\n")
    trial = read(path, rate=1000)
    assert (trial.plates, trial.fz.tolist()) == (("plate1",), [[3.0, 5.0]])


def test_netforce_with_sides_by_number(tmp_path: Path) -> None:
    path = tmp_path / "jump.txt"
    path.write_text("\n" + TWELVE)
    trial = read(path, rate=2000, columns="left.fz=3,right.fz=9")
    assert (trial.plates, trial.fz[:, 0].tolist()) == (("left", "right"), [302.0, 308.0])


def test_amti_text_with_time(tmp_path: Path) -> None:
    path = tmp_path / "trial.asc"
    path.write_text("".join(f"{i / 200:.3f},1,2,{i},4,5,6\n" for i in range(10)))
    trial = read(path)
    assert (trial.rate, trial.fz[0, -1]) == (200.0, 9.0)


def test_six_columns_with_time_are_not_netforce(tmp_path: Path) -> None:
    path = tmp_path / "trial.txt"
    path.write_text("".join(f"{i / 200:.3f},1,2,3,4,5\n" for i in range(10)))
    with pytest.raises(ReadError, match="6 columns without names"):
        read(path)


OPENSIM = (
    "forces\nversion=1\nnRows={rows}\nnColumns=7\ninDegrees=yes\nendheader\n"
    "time\tground_force_1_vx\tground_force_1_vy\tground_force_1_vz\tground_force_1_px\tground_force_1_py\t"
    "ground_force_1_pz\n0.00\t1\t700\t3\t0.1\t0\t0.2\n0.01\t2\t710\t4\t0.1\t0\t0.3\n"
)


def test_opensim_axes(tmp_path: Path) -> None:
    """OpenSim: X forward, Y up, Z right. hipdrive: X forward, Y left, Z up."""
    path = tmp_path / "trial.mot"
    path.write_text(OPENSIM.format(rows=2))
    trial = read(path)
    assert trial.rate == 100.0
    assert trial.fz.tolist() == [[700.0, 710.0]]
    assert trial.components["plate1.fx"].tolist() == [1.0, 2.0]
    assert trial.components["plate1.fy"].tolist() == [-3.0, -4.0]
    assert trial.components["plate1.copy"].tolist() == [-0.2, -0.3]
    assert "plate1.copz" not in trial.components


def test_opensim_header_inside_csv(tmp_path: Path) -> None:
    path = tmp_path / "trial.csv"
    text = OPENSIM.format(rows=2).replace("\t", ",").replace("endheader", "endheader,,,,,,")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read(path).fz.tolist() == [[700.0, 710.0]]


def test_opensim_first_plate_without_number(tmp_path: Path) -> None:
    path = tmp_path / "trial.mot"
    text = "nRows=2\nnColumns=3\nendheader\ntime ground_force_vy 1_ground_force_vy\n0 1 2\n0.01 2 4\n"
    path.write_text(text)
    trial = read(path)
    assert (trial.plates, trial.fz.tolist()) == (("plate1", "plate2"), [[1.0, 2.0], [2.0, 4.0]])


def test_opensim_sides(tmp_path: Path) -> None:
    path = tmp_path / "trial.sto"
    path.write_text("endheader\ntime ground_force_r_vy ground_force_l_vy\n0 1 2\n0.01 2 4\n")
    assert read(path).plates == ("right", "left")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (OPENSIM.format(rows=3), "says 3 rows, but only 2"),
        (OPENSIM.format(rows=2).replace("nColumns=7", "nColumns=8"), "says 8 columns, but 7"),
        ("inDegrees=yes\nendheader\ntime hip_flexion_r knee_angle_r\n0 1 2\n0.01 2 3\n", "holds angles"),
        ("nRows=2\nendheader\n0 1 2\n0.01 2 3\n", "column names is missing"),
        ("nRows=2\nendheader\n", "no table"),
        (OPENSIM.format(rows=2) + "0.02\t2\n", "line 10"),
    ],
)
def test_opensim_refused(text: str, part: str, tmp_path: Path) -> None:
    path = tmp_path / "trial.mot"
    path.write_text(text)
    with pytest.raises(ReadError) as caught:
        read(path)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"PathFileType\t4\t(X/Y/Z)\tDJ1.trc\n1\t2\n", "marker positions"),
        (b"File_Type:\tAnalog R/C ASCII\n", "not forces in newtons"),
        (b"TDSm\x0e\x00\x00\x00", "not a known format (.tdms)"),
        (b"\x89HDF\r\n\x1a\nrubbish", "HDF5"),
    ],
)
def test_other_formats_are_named(content: bytes, part: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tdms"
    path.write_bytes(content)
    with pytest.raises(HipdriveError) as caught:
        read(path)
    assert part in str(caught.value)


def test_trial_file_through_the_same_door(tmp_path: Path) -> None:
    path = store.save(tmp_path / "a.h5", Trial.from_forces([1.0, 2.0], rate=500, test="cmj"))
    trial = read(path, mass=70)
    assert (trial.rate, trial.test, trial.mass, trial.file) == (500.0, "cmj", 70, str(path))
    with pytest.raises(UsageError, match="leave --columns out"):
        read(path, columns="fz=a")
    with pytest.raises(ReadError, match="contradicts"):
        read(path, rate=1000)


# --- the registry ---


def test_every_reader_says_what_it_reads() -> None:
    for name, one in READERS.items():
        assert one.name == name
        assert one.suffixes
        assert one.summary.endswith(".")


def test_a_reader_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "vendor"

        def load(self) -> object:
            @reader("vendor", suffixes=(".vnd",), can_open=lambda source: source.head.startswith(b"VND"))
            def read_vendor(source: Source, options: Options) -> Trial:
                """A vendor's format."""
                return Trial.from_forces(np.frombuffer(source.data[8:], "<f8"), rate=options.rate or 1.0)

            return read_vendor

    use_plugins(monkeypatch, [Point()])
    path = tmp_path / "a.vnd"
    path.write_bytes(b"VND     " + np.array([1.0, 2.0]).tobytes())
    assert read(path, rate=100).fz.tolist() == [[1.0, 2.0]]


def test_a_broken_plugin_is_named_and_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_plugins(monkeypatch, [EntryPoint("broken", "no_such_module_at_all:reader", "hipdrive.readers")])
    good, bad = tmp_path / "a.csv", tmp_path / "a.bin"
    good.write_text("time,Fz\n0,1\n0.001,2\n")
    bad.write_bytes(b"\x00\x01")
    assert read(good).rate == 1000.0
    with pytest.raises(ReadError, match="plug-in broken could not be loaded"):
        read(bad)


def use_plugins(monkeypatch: pytest.MonkeyPatch, points: list[object]) -> None:
    monkeypatch.setattr(registry, "READERS", registry.READERS.copy())
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    monkeypatch.setattr(registry, "load_plugins", registry.load_plugins.__wrapped__)
