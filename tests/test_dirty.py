"""No silent error: whatever is done to a record, its numbers are right, or something is said (tests/faults.py).

`python tests/dirty_recordings.py` is the command behind the tables of docs/quality.md; here it runs over few seeds.
"""

import dataclasses
from pathlib import Path

import dirty_recordings as study
import faults
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hipdrive as hd
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.errors import UsageError
from hipdrive.results import Analysis
from hipdrive.trial import Gap, Raw, Trial

CELLS = [(fault, test) for fault in faults.FAULTS for test in fault.tests]


def findings(analysis: Analysis) -> dict[str, float]:
    return {f.check: f.value for f in analysis.quality}


@pytest.mark.parametrize(("fault", "test"), CELLS, ids=[f"{f.name}-{t}" for f, t in CELLS])
def test_no_fault_is_silent(fault: faults.Named, test: str) -> None:
    tally = study.judged(fault, test, range(5))
    assert not tally.silent
    if fault.name == "clean":
        assert tally.right == 5, "and none is made up"


UNITS = ("kilograms", "pounds", "kilonewtons", "grams", "volts")
"""Of these one at a time: kilograms that are said to be kilograms of grams are newtons again, nearly."""

MIXTURES = st.lists(st.sampled_from(faults.FAULTS), min_size=1, max_size=3,
                    unique_by=lambda one: "unit" if one.name in UNITS else one.name)  # fmt: skip


@pytest.mark.parametrize("test", faults.ALL)
@settings(max_examples=60)
@given(seed=st.integers(0, 300), which=MIXTURES)
def test_no_mixture_of_faults_is_silent(test: str, seed: int, which: list[faults.Named]) -> None:
    trial = study.clean(test, seed)
    for fault in which:
        if test in fault.tests:
            trial = fault.spoil(trial, np.random.default_rng(seed))
    analysis = analyse(trial)
    if analysis.status == "ok":
        assert not study.wrong(trial, analysis)


@pytest.mark.parametrize("seed", [33, 48])
def test_zeros_that_a_step_moved_are_seen(seed: int) -> None:
    """Found by hypothesis: forces set to zero below 10 N hide the zero, and a step in the air hid the zeros."""
    trial = study.clean("cmj", seed)
    for spoil in (faults.cut_below(10.0), faults.zero_step(3.0)):
        trial = spoil(trial, np.random.default_rng(seed))
    analysis = analyse(trial)
    assert study.wrong(trial, analysis)
    assert "cut_forces" in findings(analysis) and analysis.status == "flagged"


# --- repairs ---


@pytest.mark.parametrize("test", faults.ALL)
@pytest.mark.parametrize("spoil", [faults.scaled(-1.0), faults.one_upside_down], ids=["all", "one"])
def test_what_only_pulls_is_turned_and_said(test: str, spoil: faults.Fault) -> None:
    """Not a digit differs from the record that is the right way up, and the trial itself is as it was."""
    trial = simulate(test, seed=4)
    turned = spoil(trial, np.random.default_rng(0))
    before = turned.fz.copy()
    analysis = analyse(turned)
    assert repr(dict(analysis.reps[0])) == repr(dict(analyse(trial).reps[0]))
    assert "sign_turned" in findings(analysis) and analysis.status == "flagged"
    assert np.array_equal(turned.fz, before)


def test_repairs_can_be_switched_off() -> None:
    turned = faults.scaled(-1.0)(simulate("cmj", seed=4), np.random.default_rng(0))
    analysis = analyse(turned, parameters={"repair_rule": "none"})
    assert (analysis.status, analysis.code) == ("refused", "upside_down")
    spiked = faults.spike(5000.0, "landing")(simulate("dj", seed=4), np.random.default_rng(0))
    assert "spikes_removed" not in findings(analyse(spiked, parameters={"repair_rule": "none"}))


@pytest.mark.parametrize("test", faults.ALL)
@pytest.mark.parametrize("part", ["push", "flight", "landing"])
def test_a_spike_is_taken_out(test: str, part: str) -> None:
    trial = simulate(test, seed=2)
    rep = analyse(faults.spike(2000.0, part)(trial, np.random.default_rng(3))).reps[0]
    clean = analyse(trial).reps[0]
    for name in ("jump_height_ft", "jump_height_tov", "peak_landing_force"):
        assert rep[name].value == pytest.approx(clean[name].value, rel=0.005), name


@pytest.mark.parametrize("test", faults.ALL)
@pytest.mark.parametrize("unit", ["kN", "kgf", "lbf"])
def test_a_given_mass_tells_the_unit(test: str, unit: str) -> None:
    newtons = {"kN": 1000.0, "kgf": 9.80665, "lbf": 4.4482216152605}[unit]
    trial = simulate(test, seed=5)
    mass = trial.truth["system_weight"] / 9.80665 if trial.truth else 0.0
    other = dataclasses.replace(trial, fz=trial.fz / newtons, raw=(), mass=round(1.01 * mass, 1))
    analysis = analyse(other)
    assert findings(analysis)["unit_converted"] == pytest.approx(newtons)
    assert analysis.reps[0]["system_weight"].value == pytest.approx(9.80665 * mass, rel=0.002)


@pytest.mark.parametrize("test", faults.ALL)
@pytest.mark.parametrize(
    ("newtons", "code"), [(9.80665, "unit_kilogram"), (1000.0, "unit_kilonewton"), (0.00980665, "unit_gram")]
)
def test_another_unit_is_named_in_the_reason(test: str, newtons: float, code: str) -> None:
    trial = simulate(test, seed=1)
    analysis = analyse(dataclasses.replace(trial, fz=trial.fz / newtons, raw=()))
    assert analysis.status == "refused" and analysis.code == code
    assert analysis.why is not None and "--unit" in analysis.why
    assert all(value.code is not None for rep in analysis.reps for value in rep.values() if value.unit != "s")


@pytest.mark.parametrize("unit", ["kN", "kgf", "lbf", "gf", "N"])
def test_the_unit_can_be_said(tmp_path: Path, unit: str) -> None:
    newtons = {"kN": 1000.0, "kgf": 9.80665, "lbf": 4.4482216152605, "gf": 0.00980665, "N": 1.0}[unit]
    trial = simulate("cmj", seed=1)
    file = tmp_path / "a.csv"
    np.savetxt(file, trial.fz.T / newtons, delimiter=",", header="left_fz,right_fz", comments="")
    rep = analyse(hd.read(file, rate=1000.0, unit=unit), test="cmj").reps[0]
    assert rep["system_weight"].value == pytest.approx(analyse(trial).reps[0]["system_weight"].value, rel=1e-6)


def test_a_unit_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--unit stone: choose one of N, kN"):
        hd.read(tmp_path / "a.csv", unit="stone")


# --- what lost and clipped samples touch ---


def with_gap(trial: Trial, at: float, samples: int = 20) -> Trial:
    first = round(at * trial.rate)
    fz = np.delete(trial.fz, np.s_[first : first + samples], axis=1)
    gap = Gap(first_sample=first, samples=samples, code="gap", text="lost")
    return dataclasses.replace(trial, fz=fz, raw=(), gaps=(gap,))


def test_a_gap_in_the_push_leaves_the_flight() -> None:
    trial = simulate("cmj", seed=3)
    analysis = analyse(with_gap(trial, faults.event(trial, "takeoff") - 0.15))
    rep, truth = analysis.reps[0], trial.truth
    assert truth is not None
    assert rep["takeoff_velocity"].code in ("gaps", "closure")
    assert rep["time_to_takeoff"].code == "gaps"
    assert rep["flight_time"].value == pytest.approx(truth["flight_time"], abs=1e-3)
    assert analysis.status == "flagged" and findings(analysis)["dropped_samples"] == 1.0


def test_a_gap_after_the_landing_touches_nothing_before() -> None:
    trial = simulate("cmj", seed=3)
    rep = analyse(with_gap(trial, trial.duration - 0.6)).reps[0]
    clean = analyse(trial).reps[0]
    for name in (
        "takeoff_velocity",
        "jump_height_tov",
        "jump_height_ft",
        "peak_landing_force",
        "countermovement_depth",
    ):
        assert rep[name].code is None
        assert rep[name].value == pytest.approx(clean[name].value, abs=0.2 * clean[name].u95), name


LANDS_HARD = 11
"""A seed whose landing peaks well above its push."""


def test_a_clipped_landing_leaves_the_push() -> None:
    trial = simulate("cmj", seed=LANDS_HARD)
    push = trial.fz[:, : round((faults.event(trial, "takeoff") + 0.1) * trial.rate)].max(axis=1, keepdims=True)
    limit = np.maximum(1.02 * push, 0.75 * trial.fz.max(axis=1, keepdims=True))
    assert (limit < 0.95 * trial.fz.max(axis=1, keepdims=True)).all()
    cut = dataclasses.replace(trial, fz=np.minimum(trial.fz, limit), ranges=tuple(limit[:, 0]), raw=())
    rep, truth = analyse(cut).reps[0], trial.truth
    assert truth is not None
    assert rep["peak_landing_force"].code == rep["peak_landing_force_left"].code == "saturated"
    assert rep["peak_propulsive_force"].code is None
    assert rep["jump_height_ft"].value == pytest.approx(truth["jump_height_ft"], abs=0.003)


def test_one_clipped_corner_of_a_plate_is_seen_in_its_counts() -> None:
    """The sum of four corners still looks plausible."""
    trial = simulate("dj", seed=1, plates=1)
    corners = np.stack([share * trial.fz[0] for share in (0.4, 0.25, 0.2, 0.15)], axis=1)
    counts = np.clip(np.round(corners * (32767 / (0.8 * corners.max()))), -32768, 32767).astype(np.int16)
    names = tuple(f"plate1.fz{i}" for i in range(1, 5))
    raw = Raw(device="daq", values=counts, channels=names, roles=names, units=("N",) * 4, rate=1000.0,
              scaling=np.outer(np.ones(4), [0.0, 0.8 * corners.max() / 32767, 0.0, 0.0]))  # fmt: skip
    total = raw.scaled().sum(axis=1)
    analysis = analyse(dataclasses.replace(trial, fz=total[np.newaxis], raw=(raw,)))
    assert "peak_saturation" in findings(analysis) and analysis.status != "ok"


def test_one_dirty_trial_changes_nothing_in_the_others() -> None:
    clean = [simulate("cmj", seed=s) for s in range(4)]
    dirty = [with_gap(clean[1], 3.0), faults.scaled(-1.0)(clean[2], np.random.default_rng(0))]
    both = analyse_many([*clean, *dirty], test="cmj")
    alone = analyse_many(clean, test="cmj")
    for name in alone:
        assert np.array_equal(both[name][both.trial < 4], alone[name], equal_nan=True), name


# --- what widens ---


@pytest.mark.parametrize("hertz", [20.0, 50.0, 100.0])
@pytest.mark.parametrize("test", faults.ALL)
def test_a_filter_is_measured_and_its_blur_is_in_the_width(test: str, hertz: float) -> None:
    for seed in range(6):
        trial = faults.filtered(hertz)(simulate(test, seed=seed), np.random.default_rng(0))
        analysis = analyse(trial)
        assert 0.7 * hertz < findings(analysis)["filtered"] < 1.5 * hertz
        flight, truth = analysis.reps[0]["flight_time"], trial.truth
        assert truth is not None and abs(flight.value - truth["flight_time"]) < flight.u95


@pytest.mark.parametrize("hertz", [23.0, 50.0, 60.0, 120.0])
def test_hum_is_named_with_its_frequency(hertz: float) -> None:
    trial = faults.hum(8.0, hertz)(simulate("cmj", seed=1), np.random.default_rng(0))
    assert findings(analyse(trial))["hum"] == pytest.approx(hertz, abs=1.0)


def test_white_noise_is_no_hum() -> None:
    assert not any("hum" in findings(analyse(simulate("cmj", seed=s, noise=6.0))) for s in range(10))


@pytest.mark.parametrize("test", ["cmj", "sj"])
def test_a_velocity_that_does_not_close_widens_what_rests_on_it(test: str) -> None:
    """A hand on a rail during the push: 1.5 % of the weight, less than any check warns of."""
    covered = 0
    for seed in range(20):
        trial = simulate(test, seed=seed)
        rep = analyse(faults.touched(0.015, "push")(trial, np.random.default_rng(seed))).reps[0]
        clean, truth = analyse(trial).reps[0], trial.truth
        assert truth is not None
        covered += abs(rep["takeoff_velocity"].value - truth["takeoff_velocity"]) <= rep["takeoff_velocity"].u95
        assert rep["takeoff_velocity"].u95 > 1.5 * clean["takeoff_velocity"].u95
        assert rep["flight_time"].u95 == clean["flight_time"].u95
    assert covered >= 18


# --- real recordings ---


@pytest.mark.real_data
@pytest.mark.parametrize("file", sorted(study.REAL))
def test_every_real_recording_has_a_verdict_with_a_remedy(data: Path, file: str) -> None:
    analysis = analyse(hd.read(data / file, **study.REAL[file]))
    assert analysis.status != "refused" or analysis.why
    for seen in analysis.quality:
        assert seen.level == "info" or seen.remedy


@pytest.mark.real_data
def test_real_recordings_are_not_called_filtered_or_broken_without_cause(data: Path) -> None:
    for file in study.REAL:
        seen = findings(analyse(hd.read(data / file, **study.REAL[file])))
        assert not {"filtered", "spikes_removed", "sign_turned", "unit_converted"} & set(seen), file
        assert "broken_record" not in seen or file.endswith("GRFZjump_n.txt"), "the one with a spike of 11 kN"


@pytest.mark.real_data
def test_a_real_recording_spoiled_is_as_good_as_before_or_said(data: Path) -> None:
    """Faults that need no truth, on a real jump: repaired to the same height."""
    trial = hd.read(data / "gidiel_cmj_sj_dj/Dual-CMJ-Fz.txt", rate=1000.0)
    clean = analyse(trial).reps[0]["jump_height_tov"]
    rng = np.random.default_rng(0)
    spoils: list[faults.Fault] = [faults.scaled(-1.0), faults.offset(200.0), faults.one_upside_down]
    for spoil in spoils:
        assert analyse(spoil(trial, rng)).reps[0]["jump_height_tov"].value == pytest.approx(clean.value, abs=clean.u95)
    assert "filtered" in findings(analyse(faults.filtered(30.0)(trial, rng)))
    assert analyse(faults.scaled(1.0 / 9.80665)(trial, rng)).code == "unit_kilogram"
