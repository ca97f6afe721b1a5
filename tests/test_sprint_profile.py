"""The sprint profile: its formulas, fits with known answers, real athletes, hostile files, command and speed."""

import csv
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sprint_study
from conftest import data_folder

import hipdrive as hd
from hipdrive import cli
from hipdrive.analysis import sprint_model as model
from hipdrive.analysis.sprint_fit import Fit
from hipdrive.analysis.sprint_profile import profiles
from hipdrive.analysis.sprint_rules import SprintRules
from hipdrive.analysis.sprinters import Sprinters
from hipdrive.report import document

GATES = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
MODEL = ("max_sprint_speed", "tau", "max_acceleration", "drag_constant", "F0", "F0_per_kg", "V0", "Pmax", "Pmax_per_kg",
         "fv_slope", "RFmax", "DRF", "kinematic_peak_power", "model_time_10m", "model_time_30m")  # fmt: skip


def splits(mss: float = 9.5, tau: float = 1.3, gates: tuple[float, ...] = GATES, **more: Any) -> hd.TimedRun:
    asked = {"shift": 0.0, "noise": 0.0, "mass": 75.0, "height": 1.78, **more}
    return hd.simulate_sprint("splits", mss=mss, tau=tau, gates=gates, **asked)


# --- the formulas ---


def test_the_distance_is_the_integral_of_the_velocity() -> None:
    """I11 of METRICS.md 19."""
    from scipy.integrate import quad

    for end in (0.3, 2.0, 6.0):
        area, _ = quad(lambda t: float(model.velocity(np.array(t), np.array(9.5), np.array(1.3))), 0.0, end,
                       epsabs=1e-12)  # fmt: skip
        assert model.distance(np.array(end), np.array(9.5), np.array(1.3)) == pytest.approx(area, abs=1e-9)


@pytest.mark.parametrize(("mss", "tau"), [(5.0, 0.3), (9.5, 1.3), (12.0, 3.0)])
def test_time_at_a_distance_is_the_inverse(mss: float, tau: float) -> None:
    t = np.concatenate([[0.0, 1e-6, 1e-3], np.linspace(0.01, 20.0, 400)])
    assert model.time_at(
        model.distance(t, np.array(mss), np.array(tau)), np.array(mss), np.array(tau)
    ) == pytest.approx(t, abs=1e-9)


def lines(end: float, grid: float) -> tuple[Sprinters, Any]:
    """MSS 9.5 and tau 1.3 without a fit, to a time of the model."""
    run = hd.TimedRun(kind="splits", time=[end], value=[30.0], mass=75.0, height=1.78)  # type: ignore[arg-type]
    exact = np.array([[np.log(9.5), np.log(1.3), 0.0, 0.0]])
    fit = Fit(exact, np.zeros((1, 1)), np.zeros((1, 4, 4)), np.ones(1), np.zeros(1, bool), np.ones(1, bool),
              np.zeros((1, 1, 3)), np.ones(1))  # fmt: skip
    made = Sprinters([run], (np.array([[end]]), np.array([[30.0]])), fit, SprintRules(grid=grid))
    return made, made.lines


def test_the_reference_check_of_the_catalogue() -> None:
    """METRICS.md 12, to its printed digits."""
    made, found = lines(6.0 - 0.001, 0.001)
    f0, slope = found.f0[0, 0], found.slope[0, 0]
    assert f"{made.drag_constant[0, 0]:.4f}" == "0.2779"
    assert (f"{f0:.1f}", f"{f0 / 75:.2f}", f"{-f0 / slope:.2f}") == ("541.2", "7.22", "9.93")
    assert f"{f0 * -f0 / slope / 4 / 75:.2f}" == "17.92"
    assert (f"{found.rf_max[0, 0]:.1f}", f"{found.drf[0, 0]:.2f}") == ("51.0", "-6.59")


def test_the_reference_check_with_the_default_grid_and_gates() -> None:
    """METRICS.md 12: gates from 5 to 40 m."""
    rep = hd.sprint(splits()).reps[0]
    assert (f"{rep['F0'].value:.1f}", f"{rep['V0'].value:.3f}", f"{rep['DRF'].value:.2f}") == (
        "541.5",
        "9.928",
        "-6.57",
    )


def test_a_tail_wind_pushes_a_slower_runner() -> None:
    v = np.array([0.0, 3.0, 8.0])
    assert model.drag(v, np.array(0.28), 3.0) == pytest.approx([-0.28 * 9.0, 0.0, 0.28 * 25.0])
    still, tail, head = (hd.sprint(splits(), wind=w).reps[0] for w in (0.0, 2.0, -2.0))
    assert tail["V0"].value < still["V0"].value < head["V0"].value
    assert tail["max_sprint_speed"].value == still["max_sprint_speed"].value


def test_thin_air_holds_back_less() -> None:
    high = hd.sprint(splits(), pressure=770.0, temperature=25.0).reps[0]
    assert high["air_density"].value == pytest.approx(1.293 * 770.0 / 1013.25 * 273.0 / 298.0)
    assert high["V0"].value < hd.sprint(splits()).reps[0]["V0"].value


# --- known answers ---


@pytest.mark.parametrize("kind", ["splits", "velocity", "positions"])
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_without_noise_every_number_is_the_truth(kind: str, seed: int) -> None:
    run = hd.simulate_sprint(kind, seed=seed, noise=0.0)
    analysis = hd.sprint(run)
    assert analysis.status == "ok"
    for name in MODEL:
        assert analysis.reps[0][name].value == pytest.approx(run.truth[name], rel=1e-7), name
    start = run.truth.get("run_start", -run.truth.get("time_shift", 0.0))
    assert analysis.reps[0].events["run_start"].t == pytest.approx(start, abs=1e-6)


def test_a_time_shift_is_found_and_does_not_matter() -> None:
    plain, late = hd.sprint(splits()), hd.sprint(splits(shift=0.35))
    assert late.reps[0]["time_shift"].value == pytest.approx(0.35, abs=1e-6)
    for name in ("max_sprint_speed", "tau", "F0"):
        assert late.reps[0][name].value == pytest.approx(plain.reps[0][name].value, rel=2e-3)


def test_a_fixed_shift_that_is_wrong_is_told_by_the_residuals() -> None:
    analysis = hd.sprint(splits(shift=0.35), time_shift=0.0)
    assert analysis.status == "flagged" and analysis.reps[0]["max_acceleration"].value > 9.0
    assert {f.check for f in analysis.quality if f.level == "warn"} >= {"sprint_residual"}


def test_a_shift_outside_its_range_stops_there_and_says_so() -> None:
    analysis = hd.sprint(splits(shift=0.6), shift_high=0.5)
    assert analysis.reps[0]["time_shift"].value == 0.5
    assert "sprint_shift_bound" in {f.check for f in analysis.quality if f.level == "warn"}


def test_a_reaction_time_in_the_splits_is_told() -> None:
    analysis = hd.sprint(splits(shift=-0.15))
    assert analysis.status == "flagged" and "sprint_reaction" in {f.check for f in analysis.quality}
    assert analysis.reps[0].events["run_start"].t == pytest.approx(0.15, abs=1e-6)


def test_a_start_behind_the_first_line_is_put_right() -> None:
    exact = splits(gates=tuple(g + 0.5 for g in GATES))
    run = replace(exact, value=np.array(GATES))
    assert hd.sprint(run, behind=0.5).reps[0]["tau"].value == pytest.approx(1.3, rel=1e-6)
    assert abs(hd.sprint(run).reps[0]["tau"].value - 1.3) > 0.01


def test_a_radar_that_sees_the_athlete_slow_down_gives_the_same_run() -> None:
    run = hd.simulate_sprint("velocity", seed=3, noise=0.05)
    slowing = np.maximum(run.value[-1] - 2.0 * np.arange(1, 150) / run.rate, 0.0)
    longer = replace(run, time=np.arange(len(run.time) + 149) / run.rate, value=np.concatenate([run.value, slowing]))
    for name in ("max_sprint_speed", "tau"):
        value, other = (hd.sprint(one).reps[0][name] for one in (run, longer))
        assert other.value == pytest.approx(value.value, abs=2.0 * value.u95), name


def test_fly_runs_and_time_trials_are_what_the_gates_say() -> None:
    run = splits()
    rep = hd.sprint(run).reps[0]
    assert rep["fly_time_10m"].value == pytest.approx(run.time[7] - run.time[5])
    assert rep["fly_speed_20m"].value == pytest.approx(20.0 / (run.time[7] - run.time[3]))
    assert rep["split_time_30m"].value == run.time[5]
    assert hd.sprint(splits(gates=(5.0, 10.0, 20.0, 30.0))).reps[0]["split_time_40m"].code == "no_gate"


def test_a_metric_of_mass_or_stature_is_refused_without_them() -> None:
    bare = replace(splits(), mass=None, height=None)
    rep = hd.sprint(bare).reps[0]
    assert rep["F0"].code == "no_mass" and rep["kinematic_peak_power"].value > 0.0
    assert hd.sprint(replace(splits(), height=None)).reps[0]["V0"].code == "no_stature"
    assert hd.sprint(bare).status == "flagged"


def test_three_gates_fit_but_nobody_knows_how_well() -> None:
    analysis = hd.sprint(splits(gates=(5.0, 20.0, 40.0)))
    value = analysis.reps[0]["max_sprint_speed"]
    assert value.value == pytest.approx(9.5, rel=1e-4) and np.isnan(value.u95)
    assert "sprint_freedom" in {f.check for f in analysis.quality if f.level == "warn"}


# --- uncertainty ---


@pytest.mark.parametrize("name", ["splits, 6 gates", pytest.param("radar", marks=pytest.mark.slow)])
def test_u95_covers_the_truth(name: str) -> None:
    """The short form of `python tests/sprint_study.py`: 100 sprinters, so from 88 to 99 % is within chance."""
    found = sprint_study.coverage(next(c for c in sprint_study.CELLS if c.name == name), range(100))
    for field in ("max_sprint_speed", "tau", "F0", "V0", "Pmax_per_kg", "DRF", "fly_time_10m"):
        covered, _, count = found[field]
        assert count == 100 and 88.0 <= covered <= 99.0, (field, covered)


def test_gates_measured_worse_are_told_to_be_less_sure() -> None:
    fine, coarse = (hd.sprint([hd.simulate_sprint(seed=s, noise=sd) for s in range(25)]) for sd in (0.002, 0.02))
    doubts = [np.median([one.reps[0]["V0"].u95 for one in many if one.reps]) for many in (fine, coarse)]
    assert 7.0 < doubts[1] / doubts[0] < 14.0


# --- refusals ---

TIMES = splits().time.tolist()


@pytest.mark.parametrize(
    ("time", "value", "code"),
    [
        (TIMES[:2], [5.0, 10.0], "few_gates"),
        ([1.4, 2.2, 2.1, 3.5], [5.0, 10.0, 15.0, 20.0], "times_not_rising"),
        ([1.4, 0.7, 0.6, 0.6], [5.0, 10.0, 15.0, 20.0], "times_not_rising"),
        ([0.14, 0.22, 0.29, 0.35], [5.0, 10.0, 15.0, 20.0], "run_too_fast"),
        ([1400.0, 2200.0, 2900.0, 3500.0], [5.0, 10.0, 15.0, 20.0], "run_too_slow"),
        ([1.4, 2.2, 2.2, 3.5], [5.0, 10.0, 10.0, 20.0], "gate_twice"),
        ([1.4, 2.2, 2.9, 3.5], [-5.0, 10.0, 15.0, 20.0], "gate_behind"),
        (splits(gates=(1.0, 2.0, 3.0)).time.tolist(), [1.0, 2.0, 3.0], "sprint_too_short"),
        ([0.6, 1.1, 1.6, 2.1], [5.0, 10.0, 15.0, 20.0], "no_acceleration"),
    ],
)
def test_what_cannot_be_a_sprint_is_refused(time: list[float], value: list[float], code: str) -> None:
    run = hd.TimedRun(kind="splits", time=np.array(time), value=np.array(value))
    analysis = hd.sprint(run, **({"time_shift": 0.0} if code == "no_acceleration" else {}))
    assert (analysis.status, analysis.code) == ("refused", code) and analysis.why and not analysis.reps


def test_a_record_of_the_first_metres_is_refused_or_flagged() -> None:
    short = hd.sprint(splits(gates=(1.0, 2.0, 3.0, 4.0, 5.0)))
    assert short.code == "sprint_too_short"
    middle = hd.sprint(splits(gates=(5.0, 8.0, 12.0, 15.0)))
    assert "sprint_reached" in {f.check for f in middle.quality if f.level == "warn"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda v: v * 3.6, "speed_unit"),
        (lambda v: v * 0.1, "run_too_slow"),
        (lambda v: -v, "run_too_slow"),
        (lambda v: v * np.nan, "few_samples"),
    ],
)
def test_a_radar_in_another_unit_is_refused(change: Any, code: str) -> None:
    run = hd.simulate_sprint("velocity", seed=1)
    assert hd.sprint(replace(run, value=change(run.value))).code == code


def test_a_laser_that_is_run_towards_is_refused() -> None:
    run = hd.simulate_sprint("positions", seed=1)
    assert hd.sprint(replace(run, value=60.0 - run.value)).code == "run_backwards"


def test_a_clock_that_runs_back_is_refused() -> None:
    run = hd.simulate_sprint("velocity", seed=1)
    assert hd.sprint(replace(run, time=run.time[::-1])).code == "clock_not_rising"


@pytest.mark.parametrize(("name", "value"), [("wind", 40.0), ("pressure", 760000.0), ("grid", 0.0), ("nobody", 1.0),
                                             ("time_shift", "soon"), ("wind", float("nan"))])  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(name: str, value: Any) -> None:
    with pytest.raises(hd.HipdriveError, match=name):
        hd.sprint(splits(), **{name: value})


@pytest.mark.filterwarnings("error")
def test_whatever_comes_is_answered() -> None:
    """Nonsense of every kind is refused or flagged; nothing warns, nothing is a number without sense."""
    rng = np.random.default_rng(0)
    gates = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0])
    t = np.arange(200) / 20.0
    times = [gates / 9.0 + rng.normal(0.0, 0.3, 8), np.full(8, 2.0), gates / 5.0, (gates / 6.0) ** 1.3,
             np.cumsum(rng.uniform(0.1, 2.0, 8)), gates / 8.0 + np.where(gates == 5.0, np.nan, 1.0)]  # fmt: skip
    speeds = [rng.normal(0.0, 5.0, 200), np.full(200, 7.0), t, np.zeros(200), 0.3 * t**2,
              8.0 * (1.0 - np.exp(-t)) + rng.normal(0.0, 1.0, 200)]  # fmt: skip
    runs = [hd.TimedRun(kind="splits", time=time, value=gates) for time in times]
    runs += [hd.TimedRun(kind=kind, time=t, value=v) for kind in ("velocity", "positions") for v in speeds]
    for one in (*hd.sprint(runs), *hd.sprint(runs, time_shift=0.0)):
        assert one.why if one.status == "refused" else one.status == "flagged" and len(one.reps) == 1
        for rep in one.reps:
            assert all(np.isfinite(value.value) or value.code for value in rep.values())
    assert sum(one.status == "refused" for one in hd.sprint(runs)) >= 12


# --- files ---


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_long_wide_and_other_dialects_are_one_run(tmp_path: Path) -> None:
    rows = list(zip(GATES, TIMES, strict=True))
    long = "distance,time\n" + "".join(f"{x},{t}\n" for x, t in rows)
    wide = ",".join(f"{x:g}m" for x in GATES) + "\n" + ",".join(map(str, TIMES)) + "\n"
    german = "Distanz;Zeit (s)\r\n" + "".join(f"{x:g};{t}\r\n".replace(".", ",") for x, t in rows)
    tabs = "\ufeffTime [ms]\tDistance [yd]\n" + "".join(f"{1000 * t}\t{x / 0.9144}\n" for x, t in rows)
    made = [write(tmp_path / f"{i}.csv", text) for i, text in enumerate((long, wide, german, tabs))]
    for run in (hd.read_sprint(path)[0] for path in made):
        assert run.kind == "splits"
        assert run.value == pytest.approx(GATES) and run.time == pytest.approx(TIMES)


def test_speeds_in_other_units_are_read(tmp_path: Path) -> None:
    run = hd.simulate_sprint("velocity", seed=1)
    rows = list(zip(run.time, run.value, strict=True))
    said = write(tmp_path / "a.csv", "time,speed (km/h)\n" + "".join(f"{t},{3.6 * v}\n" for t, v in rows))
    unsaid = write(tmp_path / "b.csv", "time,speed\n" + "".join(f"{t},{3.6 * v}\n" for t, v in rows))
    assert hd.read_sprint(said)[0].value == pytest.approx(run.value)
    assert hd.read_sprint(unsaid, unit="km/h")[0].value == pytest.approx(run.value)
    assert hd.sprint(hd.read_sprint(unsaid)[0]).code == "speed_unit"


def test_several_athletes_and_trials_are_kept_apart(tmp_path: Path) -> None:
    rows = [(who, trial, x, t + 0.01 * trial) for who in ("Ann", "Bo") for trial in (1, 2)
            for x, t in zip(GATES, TIMES, strict=True)]  # fmt: skip
    text = "athlete,trial,distance,time\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    runs = hd.read_sprint(write(tmp_path / "a.csv", text), mass=70.0)
    assert [run.athlete for run in runs] == ["Ann 1", "Ann 2", "Bo 1", "Bo 2"] and runs[3].mass == 70.0


HOSTILE = {
    "empty": b"", "one line": b"distance,time\n", "blank": b"\n\n\n", "words": b"distance,time\n5,fast\n",
    "no columns": b"a,b\n1,2\n3,4\n", "binary": bytes(range(256)) * 4, "ragged": b"distance,time\n5,1.4,3,4,5\n",
    "two": b"time,t,distance\n1,2,3\n", "infinite": b"distance,time\n5,inf\n", "no numbers": b"5m,10m\n-,-\n",
    "giant": b"athlete,mass,5m,10m,20m\nA,9000,1.4,2.2,3.5\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "runs.csv", HOSTILE[name])
    assert cli.run(["sprint", str(file)]) == 1
    told = capsys.readouterr()
    assert "Traceback" not in told.err and len(told.err.strip().splitlines()) == 1 and "runs.csv" in told.err


# --- the command ---


def test_the_document_keeps_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, truth = tmp_path / "s.csv", tmp_path / "s.json"
    assert cli.run(["simulate", "sprint", str(file), "--seed", "4", "--truth", str(truth)]) == 0
    assert cli.run(["sprint", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    trial = told["trials"][0]
    known = json.loads(truth.read_text())["values"]
    assert (told["format"], trial["test"], trial["status"]) == ("hipdrive-results", "sprint", "ok")
    assert {"input_sha256", "parameters", "rate_hz"} <= set(trial["provenance"])
    for name in ("max_sprint_speed", "F0", "V0", "DRF"):
        found = trial["reps"][0]["metrics"][name]
        assert found["u95"] > 0.0 and abs(found["value"] - known[name]) < 2.0 * found["u95"]
    for found in trial["reps"][0]["metrics"].values():
        assert (found["value"] is None) == bool(found["why"] and found["code"])


def test_tables_pages_and_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, short = tmp_path / "s.csv", write(tmp_path / "x.csv", "distance,time\n5,1.4\n10,2.2\n")
    assert cli.run(["simulate", "sprint", str(file), "--set", "kind=velocity"]) == 0
    page, table = tmp_path / "p.html", tmp_path / "t.csv"
    assert cli.run(["sprint", str(file), "--out", str(table), "--report", str(page)]) == 0
    row = next(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert row["test"] == "sprint" and 6.0 < float(row["max_sprint_speed"]) < 12.0
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text and "horizontal force, N/kg" in text and "speed, m/s" in text
    assert cli.run(["sprint", str(short)]) == 1
    assert "Too few gates" in capsys.readouterr().out
    assert cli.run(["sprint", str(file), "--wind", "99"]) == 2
    assert cli.run(["sprint", str(file), "--unit", "parsec"]) == 2
    assert cli.run(["sprint", str(tmp_path / "none.csv")]) == 1
    assert cli.run(["report", str(file), "--test", "sprint", "--out", str(tmp_path / "q.html")]) == 0
    assert cli.run(["metrics", "--test", "sprint"]) == 0
    assert "max_sprint_speed  [m/s]  sprint" in capsys.readouterr().out


# --- real data ---


def shorts(name: str, who: str, **more: Any) -> hd.TimedRun:
    path = data_folder() / "shorts_sprint" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return next(run for run in hd.read_sprint(path, **more) if run.athlete == who)


@pytest.mark.real_data
def test_shorts_kimberley_to_three_decimals() -> None:
    """Their model without a time correction, PMAX as MSS times MAC over 4."""
    rep = hd.sprint(shorts("split_times.csv", "Kimberley"), time_shift=0.0).reps[0]
    told = [f"{rep[n].value:.3f}" for n in ("max_sprint_speed", "max_acceleration", "tau", "kinematic_peak_power")]
    assert told == ["8.591", "10.589", "0.811", "22.743"]


@pytest.mark.real_data
def test_shorts_jim_by_radar_to_three_decimals() -> None:
    rep = hd.sprint(shorts("radar_gun_data.csv", "Jim")).reps[0]
    told = [rep[n].value for n in ("max_sprint_speed", "max_acceleration", "tau", "kinematic_peak_power")]
    assert told == pytest.approx([7.998, 8.999, 0.889, 17.993], abs=0.0006)


@pytest.mark.real_data
def test_all_real_athletes_are_fitted_with_plausible_residuals() -> None:
    path = data_folder() / "shorts_sprint" / "data" / "vescovi-data.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    runs = hd.read_sprint(path)
    found = hd.sprint(runs)
    assert len(found) == 52
    for run, one in zip(runs, found, strict=True):
        assert run.mass is not None and 45.0 < run.mass < 90.0 and run.height is not None and 1.5 < run.height < 1.9
        if one.status == "refused":
            assert one.why
            continue
        rep = one.reps[0]
        assert rep["fvp_residual"].value < 0.05 and rep["fvp_fit_r2"].value > 0.999
        assert 6.5 < rep["max_sprint_speed"].value < 9.0 and 4.0 < rep["F0_per_kg"].value < 10.0
        assert (rep["fvp_residual"].value > 0.03) == (one.status == "flagged")


# --- speed ---


@pytest.mark.slow
def test_a_thousand_profiles_are_quick_beside_one_by_one() -> None:
    """Under 2 s; and the parameters of scipy's fits, one by one, in the same run."""
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(1)
    exact = [hd.simulate_sprint(seed=s, noise=0.0) for s in range(100)]
    runs = [replace(run, time=run.time + 0.005 * rng.standard_normal(8)) for run in exact for _ in range(10)]
    rules = SprintRules()
    profiles(runs[:10], rules)
    began = time.process_time()
    found = profiles(runs, rules)
    ours = time.process_time() - began

    def split(x: np.ndarray[Any, Any], mss: float, tau: float, shift: float) -> np.ndarray[Any, Any]:
        from scipy.special import lambertw

        found: np.ndarray[Any, Any] = tau * (1.0 + lambertw(-np.exp(-x / (mss * tau) - 1.0)).real) + x / mss - shift
        return found

    began = time.process_time()
    theirs = [curve_fit(split, run.value, run.time, p0=(9.0, 1.2, 0.1), bounds=((3, 0.2, -0.2), (14, 4, 0.8)),
                        ftol=1e-12, xtol=1e-12, gtol=1e-12)[0] for run in runs[:100]]  # fmt: skip
    one_by_one = 10.0 * (time.process_time() - began)
    for run, one in zip(theirs, found[:100], strict=True):
        told = [one.reps[0][name].value for name in ("max_sprint_speed", "tau", "time_shift")]
        assert told == pytest.approx(run.tolist(), abs=2e-4)
    print(f"\n1000 profiles: {ours:.2f} s; curve_fit alone, one by one: {one_by_one:.2f} s")
    assert len(found) == 1000 and ours < 2.0 and ours < one_by_one


def test_a_result_says_the_same_alone_and_among_others() -> None:
    runs = [hd.simulate_sprint(kind, seed=s) for s in range(4) for kind in ("splits", "velocity")]
    together = hd.sprint(runs)
    for run, one in zip(runs, together, strict=True):
        alone = document.trial_entry(hd.sprint(run))
        for name, told in document.trial_entry(one)["reps"][0]["metrics"].items():
            other = alone["reps"][0]["metrics"][name]
            assert told["code"] == other["code"]
            if told["code"] is None:
                assert told["value"] == pytest.approx(other["value"], rel=1e-7), name


def test_importing_the_command_line_stays_light() -> None:
    code = (
        "import sys, hipdrive.cli_sprint; print(any(m.split('.')[0] in ('scipy', 'matplotlib') for m in sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
