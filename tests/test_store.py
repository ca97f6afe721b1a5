"""Trial and study files: what goes in comes out bit for bit, runs are added, an index is read quickly."""

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hipdrive import store
from hipdrive.acquisition.formats.reading import read
from hipdrive.errors import StoreError, UsageError
from hipdrive.results import Analysis, Columns, Event, Finding, Results, Value
from hipdrive.trial import ClockMap, Footage, Gap, Raw, Signal, Track, Trial, Truth

GOLDEN = Path(__file__).parent / "data" / "trial-v1.0.h5"


def full_trial() -> Trial:
    """A trial with everything that a trial can have; the values are easy to check by hand."""
    samples = np.arange(12.0)
    left, right = 300.0 + samples, 310.0 - samples
    values = np.stack([left / 1000.0, right, samples, samples * math.pi], axis=1)
    scaling = np.outer([1000.0, 1.0, 1.0, -1.0], [0.0, 1.0, 0.0, 0.0])
    imported = Raw(
        device="import",
        values=values,
        channels=("FP1 [kN]", "FP2", "note", "FY 2"),
        roles=("left.fz", "right.fz", "", "right.fy"),
        units=("N", "N", "", "N"),
        rate=1000.0,
        scaling=scaling,
        gaps=(Gap(first_sample=3, samples=2, code="gap", text="2 samples are missing after 0.003 s"),),
    )
    counts = Raw(
        device="ni0",
        values=np.arange(24, dtype=np.int16).reshape(12, 2) - 7,
        channels=("ai0", "ai1"),
        roles=("", ""),
        units=("V", "V"),
        rate=1000.0,
        scaling=np.array([[0.1, 2.0, 3e-9, 0.0]] * 2),
    )
    si = imported.scaled()
    return Trial(
        fz=si[:, :2].T,
        rate=1000.0,
        plates=("left", "right"),
        test="dj",
        athlete="A-17 é",
        mass=71.25,
        load=5.0,
        height=1.8,
        box_height=0.3,
        side="left",
        arms=True,
        created="2024-05-06T07:08:09+00:00",
        file="jump µ.csv",
        sha256="ab" * 32,
        uuid="6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        ranges=(5000.0, math.nan),
        components={"right.fy": si[:, 3], "left.copx": samples / 7.0},
        signals=(Signal(name="gun", values=samples, rate=5000.0, unit="V", t0=0.25),),
        tracks=(
            Track(
                name="hip",
                kind="angles",
                times=samples[:3] / 100,
                values=np.full((3, 1, 1), 175.5),
                names=("hip_angle",),
                unit="deg",
            ),
            Track(
                name="clip",
                kind="points",
                times=samples[:2] / 60,
                values=np.full((2, 2, 2), np.nan),
                names=("hip", "knee"),
                unit="px",
                sd=np.array([[0.5, math.nan], [0.25, 1.5]]),
            ),
        ),
        footage=(
            Footage(
                name="clip",
                file="jump µ.mp4",
                sha256="cd" * 32,
                times=samples[:2] / 60,
                about={"width": 608, "rate_hz": 59.94, "network": {"sha256": "ef"}, "notes": ["swapped"]},
            ),
        ),
        clocks={"clip": ClockMap(offset=0.5, slope=1.0001, standard_error=2e-4, method="led")},
        raw=(imported, counts),
        gaps=imported.gaps,
        notes=("converted from kN to N", "µ noticed"),
        truth=Truth(values={"flight_time": 0.1 + 0.2}, events={"takeoff": 1.25}, settings={"seed": 3, "test": "dj"}),
    )


def assert_same(one: Any, other: Any) -> None:
    """Equal to the last bit, also in NaN and in arrays."""
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    elif hasattr(one, "__dataclass_fields__"):
        for name in one.__dataclass_fields__:
            assert_same(getattr(one, name), getattr(other, name))
    elif hasattr(one, "items"):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    else:
        assert one == other or (one != one and other != other)
        assert type(one) is type(other)


def an_analysis(trial: Trial, height: float = 0.31, profile: str = "hipdrive") -> Analysis:
    """What an analysis of one repetition could be."""
    columns = Columns(
        values={"jump_height_tov": np.array([height]), "asym_x": np.array([math.nan])},
        u95={"jump_height_tov": np.array([0.002]), "asym_x": np.array([math.nan])},
        units={"jump_height_tov": "m", "asym_x": "%"},
        methods={"jump_height_tov": "impulse_momentum", "asym_x": ""},
        codes={"jump_height_tov": None, "asym_x": np.array(["one_plate"])},
    )
    return Analysis(
        file=trial.file,
        test="cmj",
        detected=True,
        profile=profile,
        status="flagged",
        why=None,
        quality=(Finding("weigh_sd", "warn", 4.1, "N", "restless", "stand still"),),
        reps=(Results(columns, 0, events={"takeoff": Event(1.25, 0.001)}),),
        summary={"jump_height_tov_mean": Value(height, "m")},
        provenance={
            "input_sha256": trial.sha256,
            "parameters": {"g": 9.80665, "n": np.float64(2.0)},
            "rate_hz": 1e3,
        },
        headline=("jump_height_tov", "asym_x"),
    )


# --- round trips ---


def test_everything_comes_back(tmp_path: Path) -> None:
    trial = full_trial()
    path = store.save(tmp_path / "a.h5", trial)
    assert path == tmp_path / "a.h5"
    assert_same(store.load_trial(path), trial)
    assert [f.level for f in store.check(path)] == ["info", "info", "info", "warn"]


def test_saving_what_was_loaded_changes_nothing(tmp_path: Path) -> None:
    first = store.load_trial(store.save(tmp_path / "a.h5", Trial.from_forces([[1.0, 2.0], [3.0, 4.0]], rate=100)))
    assert_same(store.load_trial(store.save(tmp_path / "b.h5", first)), first)


def test_force_without_raw_becomes_raw(tmp_path: Path) -> None:
    trial = Trial(fz=np.array([[1.0, 2.5]]), rate=100.0)
    back = store.load_trial(store.save(tmp_path / "a.h5", trial))
    assert_same(back.fz, trial.fz)
    assert back.raw[0].values.tolist() == [[1.0], [2.5]]


def test_force_that_raw_does_not_hold(tmp_path: Path) -> None:
    """Counts of a device become force by its plate: the force is stored, and still /raw holds the counts."""
    counts = Raw(
        device="ni0",
        values=np.array([[1], [2]], dtype=np.int32),
        channels=("ai0",),
        roles=("left.fz",),
        units=("V",),
        rate=100.0,
        scaling=np.array([[0.0, 1e-3, 0.0, 0.0]]),
    )
    trial = Trial(fz=np.array([[0.1, 0.2]]), rate=100.0, plates=("left",), raw=(counts,))
    path = store.save(tmp_path / "a.h5", trial)
    assert_same(store.load_trial(path).fz, trial.fz)
    with h5py.File(path) as file:
        assert file["raw/ni0/counts"].dtype == np.int32
        assert file["derived/recorded/force"][:, 0].tolist() == [0.1, 0.2]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fz=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
                  elements=st.floats(allow_nan=False, allow_infinity=False)),
    rate=st.floats(1.0, 1e6), notes=st.lists(st.text(st.characters(exclude_categories=["Cs"],
                                                                   exclude_characters="\x00"))),
)  # fmt: skip
def test_any_force_comes_back(tmp_path: Path, fz: Any, rate: float, notes: list[str]) -> None:
    trial = Trial.from_forces(fz, rate, notes=tuple(notes))
    back = store.load_trial(store.save(tmp_path / "a.h5", trial))
    assert back.fz.tobytes() == trial.fz.tobytes()
    assert (back.rate, back.notes, back.plates) == (trial.rate, trial.notes, trial.plates)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rate"), [("jumpmetrics_cmj_sj/F02_CTRL1.txt", 2000), ("opencap_lab_subject4/DJ1_grf.mot", None)]
)
def test_a_real_recording_comes_back(name: str, rate: float | None, data: Path, tmp_path: Path) -> None:
    trial = read(data / name, rate=rate)
    back = store.load_trial(store.save(tmp_path / "a.h5", trial))
    for field in ("fz", "rate", "plates", "components", "raw", "notes", "file", "sha256"):
        assert_same(getattr(back, field), getattr(trial, field))


def test_unpaired_surrogates_of_a_file_name(tmp_path: Path) -> None:
    trial = Trial.from_forces([1.0, 2.0], rate=100, file="a\udcff.csv")
    assert store.load_trial(store.save(tmp_path / "a.h5", trial)).file == "a?.csv"


# --- runs, studies, folders, index ---


def test_runs_are_added_and_kept(tmp_path: Path) -> None:
    trial = full_trial()
    path = store.save(tmp_path / "a.h5", trial, an_analysis(trial))
    store.add_run(path, an_analysis(trial, 0.42))
    store.add_run(path, an_analysis(trial, 0.43, "mcmahon2018"), run="my-run")
    with h5py.File(path) as file:
        assert sorted(file["derived"]) == ["hipdrive-001", "hipdrive-002", "my-run", "recorded"]
        metrics = file["derived/hipdrive-002/metrics"][()]
        assert metrics["field"].tolist() == [b"jump_height_tov", b"asym_x", b"jump_height_tov_mean"]
        assert metrics["value"][0] == 0.42
        assert metrics["code"][1] == b"one_plate"
        assert metrics["rep"].tolist() == [1.0, 1.0, 0.0]
        assert file["derived/my-run/events"][0]["t"] == 1.25
        assert file["derived/my-run/quality"][0]["message"] == b"restless"
        assert b'"g": 9.80665' in file["derived/my-run/provenance"][0]
    assert_same(store.load_trial(path), trial)
    with pytest.raises(StoreError, match="there already"):
        store.add_run(path, an_analysis(trial), run="my-run")


def test_index_facts(tmp_path: Path) -> None:
    trial = full_trial()
    (facts,) = store.index(store.save(tmp_path / "a.h5", trial, an_analysis(trial)))
    assert facts["subject"] == "A-17 é"
    assert (facts["test"], facts["status"], facts["reps"], facts["complete"]) == ("cmj", "flagged", 1, True)
    assert (facts["metric_jump_height_tov"], facts["metric_jump_height_tov_units"]) == (0.31, "m")
    assert math.isnan(facts["metric_asym_x"])
    assert facts["created_utc"] == "2024-05-06T07:08:09+00:00"


@pytest.mark.timed
def test_index_is_quick(tmp_path: Path) -> None:
    path = store.save(tmp_path / "a.h5", Trial.from_forces(np.zeros((2, 60000)), rate=1000))
    store.index(path)
    start = time.process_time()
    for _ in range(20):
        store.index(path)
    assert time.process_time() - start < 0.5


def test_study_keeps_the_order(tmp_path: Path) -> None:
    trials = [Trial.from_forces([float(i), 0.0], rate=100, athlete=f"A{i}", uuid=f"{9 - i}") for i in range(5)]
    analyses: Sequence[Analysis | None] = [an_analysis(t) if t.athlete == "A1" else None for t in trials]
    path = store.save(tmp_path / "study.h5", trials, analyses)
    assert [t.athlete for t in store.load(path)] == [t.athlete for t in trials]
    assert [facts.get("reps") for facts in store.index(path)] == [None, 1, None, None, None]
    store.add_run(path, [None, an_analysis(trials[1]), None, None, None])
    assert [t.uuid for t in store.load(path)] == [t.uuid for t in trials]
    assert {f.level for f in store.check(path)} == {"info"}
    with pytest.raises(StoreError, match="exactly one trial"):
        store.load_trial(path)


def test_a_list_of_one_is_a_study(tmp_path: Path) -> None:
    path = store.save(tmp_path / "a.h5", [Trial.from_forces([1.0, 2.0], rate=100)])
    with h5py.File(path) as file:
        assert file.attrs["format"] == b"hipdrive-study"
    assert store.load_trial(path).samples == 2


def test_folder(tmp_path: Path) -> None:
    for name in ("b.h5", "a.hdf5", "sub/c.h5", ".hidden/d.h5", ".hipdrive-1.part", "notes.txt"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        store.save(target, Trial.from_forces([1.0, 2.0], rate=100, athlete=name))
    assert [trial.athlete for trial in store.load(tmp_path)] == ["a.hdf5", "b.h5", "sub/c.h5"]


def test_loading_holds_no_file_open(tmp_path: Path) -> None:
    trials = [Trial.from_forces([1.0, 2.0], rate=100) for _ in range(2)]
    path = store.save(tmp_path / "a.h5", trials)
    for trial in store.load(path):
        store.add_run(path, [an_analysis(trial), None])
        path.rename(path.with_suffix(".tmp")).rename(path)


@pytest.mark.parametrize(
    ("trials", "analyses"),
    [
        (Trial.from_forces([1.0, 2.0], rate=100), []),
        ([Trial.from_forces([1.0, 2.0], rate=100)], [None, None]),
    ],
)
def test_analyses_that_do_not_fit(trials: Any, analyses: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="analys"):
        store.save(tmp_path / "a.h5", trials, analyses)
    assert list(tmp_path.iterdir()) == []


def test_the_same_uuid_twice(tmp_path: Path) -> None:
    trial = Trial.from_forces([1.0, 2.0], rate=100, uuid="x")
    with pytest.raises(StoreError, match="uuid"):
        store.save(tmp_path / "a.h5", [trial, trial])


# --- the layout is a contract ---


def test_every_dataset_has_a_unit_and_old_hdf5_can_read_it(tmp_path: Path) -> None:
    trial = full_trial()
    path = store.save(tmp_path / "a.h5", trial, an_analysis(trial))
    assert path.read_bytes()[8] == 0, "superblock version 0: readable since HDF5 1.8"
    bare: list[str] = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                bare.append(name) if isinstance(item, h5py.Dataset) and not item.attrs.get("units") else None
            )
        )
        assert not bare
        assert file["raw/import/values"].attrs["axes"] == b"sample, channel"
        assert file["subject"].attrs["mass_kg"] == 71.25
        assert file["trial"].attrs["drop_height_m"] == 0.3


def test_large_data_is_packed_and_checksummed(tmp_path: Path) -> None:
    path = store.save(tmp_path / "a.h5", Trial.from_forces(np.zeros((1, 5000)), rate=1000))
    with h5py.File(path) as file:
        data = file["raw/import/values"]
        assert (data.compression, data.compression_opts, data.shuffle, data.fletcher32) == (
            "gzip",
            4,
            True,
            True,
        )


def test_golden_file() -> None:
    """The file that 0.1.0 wrote is read for ever; it knew no clips and no doubts of a track."""
    now = full_trial()
    then = dataclasses.replace(now, footage=(), tracks=tuple(dataclasses.replace(one, sd=None) for one in now.tracks))
    assert_same(store.load_trial(GOLDEN), then)
    assert {finding.check for finding in store.check(GOLDEN)} == {"format", "raw", "gaps"}
    (facts,) = store.index(GOLDEN)
    assert facts["format_version"] == "1.0"


if __name__ == "__main__":  # how the golden file was made; a new version gets a new one, this one stays
    GOLDEN.parent.mkdir(exist_ok=True)
    store.save(GOLDEN, full_trial(), an_analysis(full_trial()))
