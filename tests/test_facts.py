"""Facts and numbers: what a trial, a raw record, a track, a clock, a value and a unit promise."""

import ast
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hipdrive
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.errors import REASONS, HipdriveError, ProfileError, ReadError, StoreError, UsageError, sentence
from hipdrive.results import Event, Value
from hipdrive.trial import ClockMap, Gap, Raw, Signal, Track, Trial, Truth, read_only
from hipdrive.units import SHOWN, shown, text

# --- reasons ---


def test_every_reason_is_given_somewhere() -> None:
    """A sentence that nobody can ever read is dead."""
    root = Path(hipdrive.__file__).parent
    sources = [path for path in root.rglob("*.py") if path.name != "errors.py"]
    said = {
        node.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not REASONS.keys() - said


# --- trial ---


def test_forces_cannot_be_changed_through_the_trial() -> None:
    trial = Trial.from_forces(np.ones((2, 10)), 1000.0)
    with pytest.raises(ValueError, match="read-only"):
        trial.fz[0, 0] = 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        trial.rate = 500.0  # type: ignore[misc]


def test_forces_cannot_be_changed_behind_the_trial() -> None:
    mine = np.ones((2, 10))
    trial = Trial.from_forces(mine, 1000.0)
    mine[:] = 7.0
    assert (trial.fz == 1.0).all() and (trial.raw[0].values == 1.0).all()


def test_a_locked_array_is_not_copied() -> None:
    mine = np.ones((1, 10))
    mine.flags.writeable = False
    assert np.shares_memory(Trial(fz=mine, rate=1000.0).fz, mine)
    assert np.shares_memory(read_only(mine), mine)


def test_one_plate_may_be_given_flat() -> None:
    trial = Trial.from_forces([0.0, 1.0, 2.0], 100.0)
    assert trial.fz.shape == (1, 3) and trial.plates == ("plate1",)
    assert (trial.samples, trial.duration) == (3, 0.03)
    assert Trial.from_forces(np.zeros((3, 4)), 100.0).plates == ("plate1", "plate2", "plate3")


def test_forces_in_memory_are_their_own_raw_record() -> None:
    trial = Trial.from_forces([[1.0, 2.0], [3.0, 4.0]], 1000.0, ("left", "right"))
    raw = trial.raw[0]
    assert (raw.channels, raw.roles, raw.units) == (("left", "right"), ("left.fz", "right.fz"), ("N", "N"))
    assert np.array_equal(raw.scaled().T, trial.fz)


@pytest.mark.parametrize("rate", [0.0, -1000.0, float("nan"), float("inf"), 1e9, 0.5])
def test_a_senseless_rate_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="sampling rate") as refused:
        Trial.from_forces(np.zeros(10), rate)
    assert refused.value.code == "rate"


@pytest.mark.parametrize("plates", [("left",), ("left", "right", "box")])
def test_plates_and_rows_must_agree(plates: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="one row of samples for each plate"):
        Trial(fz=np.zeros((2, 5)), rate=1000.0, plates=plates)


def test_a_refusal_names_the_file() -> None:
    with pytest.raises(UsageError, match=r"jump\.csv"):
        Trial(fz=np.zeros((2, 5)), rate=1000.0, file="jump.csv")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_forces_that_are_no_numbers_are_refused(bad: float) -> None:
    """A lost sample is a Gap, never a hole in the array."""
    force = np.full((2, 100), 350.0)
    force[1, 50] = bad
    with pytest.raises(UsageError, match="Gap"):
        Trial.from_forces(force, 1000.0)


def test_with_facts_changes_only_what_is_given() -> None:
    trial = simulate("cmj", seed=1)
    changed = trial.with_facts(mass=80.0, test=None, athlete="anna")
    assert (changed.mass, changed.test, changed.athlete) == (80.0, "cmj", "anna")
    assert trial.mass is None and np.shares_memory(changed.fz, trial.fz)


def test_components_are_locked_too() -> None:
    side = np.zeros(4)
    trial = Trial(fz=np.zeros((1, 4)), rate=10.0, components={"left.fx": side})
    side[:] = 3.0
    assert (trial.components["left.fx"] == 0.0).all()
    with pytest.raises(TypeError):
        trial.components["left.fy"] = side  # type: ignore[index]


def test_truth_is_read_by_field() -> None:
    truth = Truth(values={"flight_time": 0.5}, events={"takeoff": 1.0})
    assert truth["flight_time"] == 0.5
    with pytest.raises(KeyError):
        truth["takeoff"]


# --- raw, signals, tracks, clocks ---


def raw(values: object, **changes: object) -> Raw:
    facts: dict[str, object] = {"device": "daq", "channels": ("a",), "roles": ("fz",), "units": ("N",), "rate": 1000.0}
    return Raw(**{**facts, "values": values, **changes})  # type: ignore[arg-type]


def test_counts_keep_their_kind_and_are_scaled_by_a_cubic() -> None:
    counts = np.array([[-3], [0], [2], [1000]], dtype=np.int16)
    record = raw(counts, scaling=np.array([[1.0, 0.5, 0.25, 0.125]]))
    x = counts[:, 0].astype(float)
    assert record.values.dtype == np.int16
    assert record.scaled()[:, 0] == pytest.approx(1.0 + 0.5 * x + 0.25 * x**2 + 0.125 * x**3)


def test_values_without_scaling_are_what_they_are() -> None:
    assert np.array_equal(raw(np.array([[1.5], [2.5]])).scaled(), [[1.5], [2.5]])


@given(st.integers(-32768, 32767), st.floats(-5, 5), st.floats(-1, 1))
def test_scaling_in_float64_loses_nothing(count: int, c0: float, c1: float) -> None:
    record = raw(np.array([[count]], dtype=np.int16), scaling=np.array([[c0, c1, 0.0, 0.0]]))
    assert record.scaled()[0, 0] == pytest.approx(c0 + c1 * count, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("changes", [{"channels": ("a", "b")}, {"roles": ()}, {"units": ("N", "N")}])
def test_a_raw_record_needs_a_name_for_every_column(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="daq"):
        raw(np.zeros((4, 1)), **changes)
    with pytest.raises(UsageError, match="daq"):
        raw(np.zeros(4))


def test_raw_values_are_locked() -> None:
    counts = np.zeros((3, 1), dtype=np.int32)
    record = raw(counts)
    counts[:] = 9
    assert not record.values.any()
    with pytest.raises(ValueError, match="read-only"):
        record.values[0, 0] = 1


def test_signals_are_locked_and_keep_their_clock() -> None:
    signal = Signal(name="gun", values=np.zeros(3), rate=48_000.0, unit="V", t0=0.25)
    with pytest.raises(ValueError, match="read-only"):
        signal.values[0] = 1.0
    assert (signal.t0, signal.unit) == (0.25, "V")


def test_a_track_holds_every_name_in_every_frame() -> None:
    track = Track(name="cam", kind="points", times=np.arange(4) / 60.0, values=np.zeros((4, 2, 3)),
                  names=("hip", "knee"), unit="m")  # fmt: skip
    assert not track.values.flags.writeable and not track.times.flags.writeable


@pytest.mark.parametrize("shape", [(3, 2, 3), (4, 3, 3), (4,)])
def test_a_track_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="4 frames of 2 names"):
        Track(name="cam", kind="points", times=np.arange(4.0), values=np.zeros(shape), names=("hip", "knee"), unit="m")


@given(st.floats(-100, 100), st.floats(0.99, 1.01), st.floats(0, 3600))
def test_a_clock_is_a_straight_line(offset: float, slope: float, t: float) -> None:
    clock = ClockMap(offset=offset, slope=slope)
    assert clock.to_force([t, 0.0]) == pytest.approx([slope * t + offset, offset])
    assert ClockMap(offset=0.0).to_force(t) == t


# --- numbers ---


def test_a_value_is_a_number_that_knows_itself() -> None:
    value = Value(2.5, "m/s", 0.01, "impulse_momentum")
    assert float(value) == 2.5 and value.why is None and value.code is None
    assert math.isnan(Value(1.0, "m").u95) and math.isnan(Event(1.0).u95)
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.value = 3.0  # type: ignore[misc]
    assert math.isnan(float(Value(math.nan, "m", why="no weight", code="no_weight")))


def test_results_are_a_mapping() -> None:
    rep = analyse(simulate("dj", seed=1)).reps[0]
    assert len(rep) == len(list(rep)) == len(dict(rep))
    assert "contact_time" in rep and "countermovement_depth" not in rep
    assert rep.get("countermovement_depth") is None
    with pytest.raises(KeyError):
        rep["nothing of the kind"]
    with pytest.raises(TypeError):
        rep.events["takeoff"] = Event(0.0)  # type: ignore[index]
    assert rep["ssc_class"].label in ("slow", "fast")
    times = [event.t for event in rep.events.values()]
    assert times == sorted(times)


def test_provenance_tells_how_a_number_came_about() -> None:
    trial = simulate("cmj", seed=1)
    one, two = analyse(trial).provenance, analyse(trial, parameters={"g": 9.81}).provenance
    assert {"input_sha256", "parameters", "rate_hz", "software", "plates", "samples", "filter"} <= set(one)
    assert one["input_sha256"] == two["input_sha256"] and len(one["input_sha256"]) == 64
    assert (one["parameters"]["g"], two["parameters"]["g"]) == (9.80665, 9.81)
    other = analyse(simulate("cmj", seed=2)).provenance
    assert other["input_sha256"] != one["input_sha256"]


# --- units ---


@pytest.mark.parametrize(
    ("value", "unit", "u95", "expected"),
    [
        (0.3145, "m", math.nan, "31.4 cm"),
        (0.31452, "m", 0.0022, "31.5 ± 0.2 cm"),
        (0.31452, "m", 0.00022, "31.45 ± 0.02 cm"),
        (0.487, "s", math.nan, "487 ms"),
        (0.48712, "s", 0.00031, "487.1 ± 0.3 ms"),
        (745.25, "N", 0.19, "745.2 ± 0.2 N"),
        (12_345.0, "N/m", math.nan, "12.3 kN/m"),
        (1.8361, "1", math.nan, "1.84"),
        (1.0, "bool", math.nan, "yes"),
        (0.0, "bool", math.nan, "no"),
        (math.nan, "m", math.nan, "-"),
        (math.inf, "m", 1.0, "-"),
        (0.3, "m", 0.0, "30.0 cm"),
        (0.3, "m", math.inf, "30.0 cm"),
        (-0.3484, "m", 0.001, "-34.8 ± 0.1 cm"),
    ],
)
def test_numbers_as_people_read_them(value: float, unit: str, u95: float, expected: str) -> None:
    assert text(value, unit, u95) == expected


@given(st.sampled_from(sorted(set(SHOWN) - {"bool"})), st.floats(1e-3, 1e5), st.floats(1e-6, 1e3))
def test_a_text_never_lies_about_its_number(unit: str, value: float, u95: float) -> None:
    shown_value = float(text(value, unit, u95).split()[0])
    exact, _ = shown(value, unit)
    assert abs(shown_value - exact) <= 0.5 * 10.0 ** -SHOWN[unit].decimals + 1e-9


def test_an_unknown_unit_is_an_error() -> None:
    with pytest.raises(KeyError):
        text(1.0, "furlong")


# --- errors ---


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_one_sentence_without_a_full_stop(code: str) -> None:
    said = sentence(code)
    assert said == REASONS[code] and said[0].islower() and not said.endswith(".") and "\n" not in said
    assert code == code.lower() and code.isidentifier()


@pytest.mark.parametrize(
    ("error", "exit_code"), [(ReadError, 1), (StoreError, 1), (UsageError, 2), (ProfileError, 2), (HipdriveError, 1)]
)
def test_errors_carry_a_code_and_an_exit_code(error: type[HipdriveError], exit_code: int) -> None:
    raised = error("some_code", "what, where and what to do")
    assert (raised.code, str(raised), raised.exit_code) == ("some_code", "what, where and what to do", exit_code)
    assert isinstance(raised, HipdriveError)


def test_an_unknown_reason_is_a_defect() -> None:
    with pytest.raises(KeyError):
        sentence("because")


def test_gaps_say_what_is_missing() -> None:
    gap = Gap(first_sample=10, samples=3, code="lost", text="3 samples lost")
    trial = Trial(fz=np.zeros((1, 4000)), rate=1000.0, gaps=(gap,))
    assert analyse(trial).code == "gaps"
