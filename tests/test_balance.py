"""Standing: the centre of pressure against closed forms, plain arithmetic and hardware.plates; refusals; real files."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from hipdrive import cli
from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.acquisition.simulated.sway import Sines, covariance, truth
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.cop import smoothed
from hipdrive.analysis.registry import headline, metrics_for
from hipdrive.hardware.plates import Wrench, summed
from hipdrive.report import exchange, figure
from hipdrive.results import Analysis, Results
from hipdrive.trial import Floats, Trial, Truth
from hipdrive.units import SHOWN

RNG = np.random.default_rng


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


def stood(trial: Trial, **options: object) -> Analysis:
    return analyse(trial, test="balance", **options)  # type: ignore[arg-type]


def one(trial: Trial, **options: object) -> Results:
    (rep,) = stood(trial, **options).reps
    return rep


@cache
def quiet(seed: int, plates: int = 2, cop: str = "moments") -> Trial:
    return simulate("balance", seed=seed, noise=0.0, offset=0.0, plates=plates, cop=cop)


# --- truth ---


def test_closed_forms_of_the_simulator_are_those_of_quadrature() -> None:
    x = Sines(np.array([0.006, 0.002]), np.array([0.13, 0.9]), np.array([0.3, 1.2]), 0.03)
    y = Sines(np.array([0.003, 0.001]), np.array([0.11, 0.9]), np.array([2.3, 0.4]), 0.0)
    a, b = 3.7, 31.7

    def integral(function: object) -> float:
        edges = np.linspace(a, b, 113)
        return float(sum(quad(function, p, q)[0] for p, q in pairwise(edges)))

    mx, my = (integral(lambda t, s=s: float(s.at(np.array(t)))) / (b - a) for s in (x, y))
    assert (x.mean(a, b), y.mean(a, b)) == pytest.approx((mx, my), rel=1e-8, abs=1e-12)
    xy = integral(lambda t: float((x.at(np.array(t)) - mx) * (y.at(np.array(t)) - my))) / (b - a)
    assert covariance(x, y, a, b) == pytest.approx(xy, rel=1e-7, abs=1e-14)
    length = integral(lambda t: float(np.hypot(x.speed(np.array(t)), y.speed(np.array(t)))))
    found = truth(x, y, a, b)
    assert found["cop_path_length"] == pytest.approx(length, rel=1e-6)
    along = integral(lambda t: abs(float(x.speed(np.array(t)))))
    assert found["cop_path_length_ap"] == pytest.approx(along, rel=1e-4)
    fine = x.at(np.linspace(a, b, 2_000_001))
    assert found["cop_range_ap"] == pytest.approx(np.ptp(fine), rel=1e-9)


@pytest.mark.parametrize("plates", [1, 2])
@pytest.mark.parametrize("cop", ["moments", "given"])
def test_without_noise_every_number_is_its_truth(plates: int, cop: str) -> None:
    for seed in (1, 2):
        trial = quiet(seed, plates, cop)
        rep = one(trial)
        for name, expected in truth_of(trial).values.items():
            # 0.2 %: the filter takes a little of the quickest sine, and a step of 10 ms is a chord
            assert rep[name].value == pytest.approx(expected, rel=2e-3, abs=1e-6), (name, seed)


# --- formulas, against plain arithmetic on the filtered path ---


def path_by_hand(trial: Trial, first: float, last: float) -> Floats:
    """C4 and C8 in plain arithmetic, then SciPy's own filter called another way, at 100 Hz."""
    from scipy.signal import butter, filtfilt

    parts = trial.components
    total = trial.fz.sum(axis=0)
    x = -sum(parts[f"{p}.my"] for p in trial.plates) / np.where(total > 50.0, total, np.nan)
    y = sum(parts[f"{p}.mx"] for p in trial.plates) / np.where(total > 50.0, total, np.nan)
    a, b = round(first * trial.rate), round(last * trial.rate)
    margin = round(0.5 * trial.rate)
    end = min(b + 1 + margin, trial.samples)
    corrected = 10.0 / 0.8022
    numerator, denominator = butter(2, corrected / (0.5 * trial.rate))
    rows = [filtfilt(numerator, denominator, v[a - margin : end], padlen=round(0.3 * trial.rate)) for v in (x, y)]
    step = round(trial.rate / 100.0)
    return np.array([row[margin : margin + b - a + 1 : step] for row in rows])


def test_numbers_are_their_formulas() -> None:
    trial = simulate("balance", seed=3, offset=0.0, noise=1.0)
    # the zero of the empty plate is noise, and would be nothing but a difference to the plain arithmetic
    rep = one(trial, parameters={"offset_min": 5.0})
    path = path_by_hand(trial, rep.events["stance_start"].t, rep.events["stance_end"].t)
    steps = np.diff(path, axis=1)
    time = steps.shape[1] / 100.0
    length = np.hypot(*steps).sum()
    centred = path - path.mean(axis=1, keepdims=True)
    expected = {
        "cop_path_length": length,
        "cop_mean_velocity": length / time,
        "cop_path_length_ap": np.abs(steps[0]).sum(),
        "cop_path_length_ml": np.abs(steps[1]).sum(),
        "cop_mean_velocity_ap": np.abs(steps[0]).sum() / time,
        "cop_mean_velocity_ml": np.abs(steps[1]).sum() / time,
        "cop_rms_ap": path[0].std(),
        "cop_rms_ml": path[1].std(),
        "cop_range_ap": np.ptp(path[0]),
        "cop_range_ml": np.ptp(path[1]),
        "cop_ellipse_area_95": np.pi * 5.991 * np.sqrt(np.linalg.det(np.cov(path))),
        "cop_mean_frequency": length / (2.0 * np.pi * np.hypot(*centred).mean() * time),
        "cop_x": path[0].mean(),
        "cop_y": path[1].mean(),
    }
    for name, value in expected.items():
        assert rep[name].value == pytest.approx(value, rel=1e-3), name
    force = trial.fz.sum(axis=0)
    a, b = (round(rep.events[n].t * trial.rate) for n in ("stance_start", "stance_end"))
    stance, left = force[a : b + 1], trial.fz[0, a : b + 1]
    assert rep["system_weight"].value == pytest.approx(stance.mean(), rel=1e-9)
    assert rep["standing_force"].value == pytest.approx(stance.mean(), rel=1e-5)
    assert rep["standing_force_sd"].value == pytest.approx(stance.std(ddof=1), rel=1e-9)
    assert rep["left_load_share"].value == pytest.approx(100.0 * left.mean() / stance.mean(), rel=1e-5)
    assert rep["standing_force_left"].value == pytest.approx(left.mean(), rel=1e-5)
    assert rep["stance_time"].value == pytest.approx(28.0, abs=0.02)
    known = {*expected, "system_weight", "system_mass", "body_mass", "standing_force", "standing_force_sd",
             "left_load_share", "stance_time", "free_moment_rms"}  # fmt: skip
    assert rep["body_mass"].value == pytest.approx(stance.mean() / 9.80665, rel=1e-5)
    assert {m.name for m in metrics_for("balance")} == known, "no metric without a reference"


def test_the_free_moment_is_the_torque_about_the_centre() -> None:
    """C5: a known torque about the vertical through the centre of pressure comes out of Mz."""
    trial = quiet(1, 1)
    parts = dict(trial.components)
    turn = 2.0 * np.sin(2.0 * np.pi * 0.5 * np.arange(trial.samples) / trial.rate)
    x, y = -parts["plate1.my"] / trial.fz[0].clip(1.0), parts["plate1.mx"] / trial.fz[0].clip(1.0)
    parts["plate1.mz"] = turn + x * parts["plate1.fy"] - y * parts["plate1.fx"]
    rep = one(replace(trial, components=parts))
    assert rep["free_moment_rms"].value == pytest.approx(np.sqrt(2.0), rel=2e-3)
    assert rep["free_moment_rms"].unit in SHOWN


def test_plates_are_joined_as_the_hardware_joins_them() -> None:
    """C8: the same centre as hardware.plates.summed of the two plates' own ones."""
    trial = quiet(2, 2, "given")
    parts = trial.components
    wrenches = [
        Wrench(fz=trial.fz[i], copx=parts[f"{side}.copx"], copy=parts[f"{side}.copy"])
        for i, side in enumerate(("left", "right"))
    ]
    joined = summed(wrenches)
    rep = one(trial)
    a, b = (round(rep.events[n].t * trial.rate) for n in ("stance_start", "stance_end"))
    assert joined.copx is not None and joined.copy is not None
    assert rep["cop_x"].value == pytest.approx(joined.copx[a : b + 1].mean(), abs=1e-6)
    assert rep["cop_y"].value == pytest.approx(joined.copy[a : b + 1].mean(), abs=1e-6)


def test_a_surface_above_the_origin_is_said_with_a_parameter() -> None:
    """C4: moments about an origin 40 mm below the surface, as most makers give them."""
    trial = quiet(1, 1)
    parts = dict(trial.components)
    parts["plate1.mx"] = parts["plate1.mx"] - 0.04 * parts["plate1.fy"]
    parts["plate1.my"] = parts["plate1.my"] + 0.04 * parts["plate1.fx"]
    lifted = replace(trial, components=parts)
    right = one(lifted, parameters={"cop_z0": 0.04})
    wrong = one(lifted, parameters={"cop_z0": -0.04})
    for name in ("cop_path_length", "cop_rms_ap", "cop_rms_ml"):
        assert right[name].value == pytest.approx(one(trial)[name].value, rel=1e-6)
    assert abs(wrong["cop_rms_ap"].value / right["cop_rms_ap"].value - 1.0) > 1e-5


def test_the_filter_is_three_decibels_down_at_its_cutoff() -> None:
    rate, t = 1000.0, np.arange(8000) / 1000.0
    for hertz, gain in ((1.0, 1.0), (10.0, np.sqrt(0.5))):
        wave = np.sin(2.0 * np.pi * hertz * t)
        out = smoothed(wave[np.newaxis], rate, 10.0)[0][2000:6000]
        assert out.std() / wave[2000:6000].std() == pytest.approx(gain, rel=2e-3)
        assert np.corrcoef(out, wave[2000:6000])[0, 1] == pytest.approx(1.0, abs=1e-6), "no lag"


@pytest.mark.parametrize("rate", [100.0, 300.0, 600.0, 2000.0])
def test_the_rate_changes_nothing(rate: float) -> None:
    trial = simulate("balance", seed=4, noise=0.0, offset=0.0, rate=rate)
    for name in ("cop_path_length", "cop_rms_ap", "cop_range_ml", "cop_ellipse_area_95"):
        assert one(trial)[name].value == pytest.approx(truth_of(trial)[name], rel=4e-3), name


# --- what is missing, and why ---


def test_vertical_force_alone_gives_weight_and_load_and_says_why_not_more() -> None:
    analysis = stood(simulate("balance", seed=2, cop="none"))
    rep = analysis.reps[0]
    assert analysis.status == "flagged"
    assert {rep[name].code for name in rep if name.startswith("cop_")} == {"no_cop"}
    for name in ("system_weight", "system_mass", "standing_force_sd", "left_load_share", "standing_force_left"):
        assert np.isfinite(rep[name].value), name


@pytest.mark.parametrize(("kept", "lost", "code"), [("x", "ml", "no_cop_ml"), ("y", "ap", "no_cop_ap")])
def test_one_axis_alone_stands_for_itself(kept: str, lost: str, code: str) -> None:
    trial = quiet(2, 2, "given")
    parts = {k: v for k, v in trial.components.items() if k.endswith(f"cop{kept}")}
    rep = one(replace(trial, components=parts))
    other = {"ml": "ap", "ap": "ml"}[lost]
    whole = one(trial)
    for name in ("cop_rms", "cop_range", "cop_mean_velocity"):
        assert rep[f"{name}_{other}"].value == pytest.approx(whole[f"{name}_{other}"].value)
        assert rep[f"{name}_{lost}"].code == code
    assert rep["cop_path_length"].code == rep["cop_ellipse_area_95"].code == code


def test_plates_with_an_origin_each_have_no_common_centre_sideways() -> None:
    trial = quiet(2, 2, "given")
    parts = dict(trial.components)
    parts["left.copy"] = parts["left.copy"] - 0.1
    parts["right.copy"] = parts["right.copy"] + 0.1
    rep = one(replace(trial, components=parts))
    assert rep["cop_rms_ml"].code == rep["cop_path_length"].code == "cop_frames"
    assert np.isfinite(rep["cop_rms_ap"].value)


def lifted(seconds: float) -> Trial:
    """Somebody hops off the plate for a while in the middle of the stance, while the moments say nonsense."""
    trial = quiet(1, 1)
    fz, parts = trial.fz.copy(), {k: v.copy() for k, v in trial.components.items()}
    span = slice(15_000, 15_000 + round(seconds * trial.rate))
    fz[:, span] = 20.0
    parts["plate1.mx"][span] = 400.0
    return replace(trial, fz=fz, components=parts)


def test_samples_without_force_are_masked_never_zero() -> None:
    whole = one(quiet(1, 1))
    trial = lifted(0.04)
    analysis = stood(trial)
    rep = analysis.reps[0]
    assert {f.check for f in analysis.quality if f.level == "warn"} >= {"cop_masked", "stance_moved"}
    assert rep["cop_rms_ap"].value == pytest.approx(whole["cop_rms_ap"].value, rel=0.01)
    assert rep["cop_range_ml"].value == pytest.approx(whole["cop_range_ml"].value, rel=0.02)
    assert rep["cop_mean_velocity"].value == pytest.approx(whole["cop_mean_velocity"].value, rel=0.02)


def test_too_many_masked_samples_refuse_the_centre() -> None:
    trial = quiet(1, 1)
    fz = trial.fz.copy()
    for k in range(5_000, 30_000, 100):
        fz[:, k : k + 20] = 10.0
    rep = stood(replace(trial, fz=fz), parameters={"cop_masked_max": 0.05}).reps[0]
    assert rep["cop_path_length"].code == "cop_masked"


def test_a_rate_below_the_filter_is_refused() -> None:
    rep = one(simulate("balance", seed=1, rate=50.0), parameters={"cop_cutoff": 15.0})
    assert rep["cop_path_length"].code == "cop_rate"


def test_a_short_or_absent_stance_is_refused_or_warned() -> None:
    assert stood(simulate("balance", seed=1, quiet=4.0)).code == "no_stance"
    short = stood(simulate("balance", seed=1, quiet=12.0))
    assert {f.check for f in short.quality if f.level == "warn"} == {"stance_time"}
    nobody = Trial.from_forces(RNG(1).normal(0.0, 1.5, 30_000), 1000.0)
    assert stood(nobody).code == "no_load"
    ten = stood(Trial.from_forces(RNG(1).normal(70.0, 0.2, 30_000), 1000.0))
    assert ten.status == "refused"


# --- one leg, names ---


def test_one_leg_has_its_names_its_time_and_its_plate() -> None:
    trial = simulate("balance", seed=1, left_share=1.0, noise=0.0, offset=0.0).with_facts(side="left")
    analysis = stood(trial)
    rep = analysis.reps[0]
    assert analysis.status == "ok" and rep["stance_time"].value == pytest.approx(18.0, abs=0.02)
    for name in ("cop_path_length", "cop_rms_ap", "cop_mean_velocity"):
        assert rep[f"single_leg_stance_{name}"].value == rep[name].value
        assert rep[f"single_leg_stance_{name.removeprefix('cop_')}"].value == rep[name].value


def test_a_stance_on_both_legs_declared_one_keeps_both_plates() -> None:
    """Nobody lifts a foot, so no plate shows its zero: the second one is still seen to carry the weight."""
    trial = simulate("balance", seed=1)
    loaded = slice(3_000, None)
    standing = Trial.from_forces(trial.fz[:, loaded], 1000.0, trial.plates, side="left")
    analysis = stood(standing)
    assert {f.check for f in analysis.quality if f.level == "warn"} >= {"other_leg"}
    assert analysis.reps[0]["system_weight"].value == pytest.approx(truth_of(trial)["system_weight"], abs=12.0)


def test_numbers_that_a_coach_sees_first() -> None:
    assert headline("balance") == (
        "cop_mean_velocity", "cop_ellipse_area_95", "cop_rms_ap", "cop_rms_ml", "cop_path_length",
    )  # fmt: skip


def test_quiet_standing_is_not_clipping() -> None:
    """The flat top of a stance once looked like a channel at its end."""
    assert stood(simulate("balance", seed=74, rate=500.0)).status == "ok"


def test_many_at_once_are_the_same_and_noise_copies_are_not_drawn_anew() -> None:
    trials = [simulate("balance", seed=seed, quiet=20.0) for seed in range(3)]
    table = analyse_many(trials, test="balance")
    for row, trial in enumerate(trials):
        for name in headline("balance"):
            value = one(trial)[name]
            assert table[name][row] == pytest.approx(value.value, rel=1e-12)
            assert table.u95[name][row] == pytest.approx(value.u95, rel=1e-9)


def test_the_filter_is_loaded_only_where_it_is_used() -> None:
    code = (
        "import sys, hipdrive as hd; hd.analyse(hd.simulate('cmj', seed=1)); "
        "print([m for m in ('scipy.signal',) if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


# --- files, command line, figure ---


def test_roles_are_read_from_a_csv_and_from_names_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = simulate("balance", seed=1, plates=1, cop="given")
    exchange.save(trial, tmp_path / "own.csv")
    lines = (tmp_path / "own.csv").read_text().splitlines()
    assert lines[0] == "time,fz,copx,copy"
    (tmp_path / "named.csv").write_text("\n".join(["a,b,c,d", *lines[1:]]) + "\n")
    for name, more in (("own", []), ("named", ["--columns", "time=a,plate1.fz=b,plate1.copx=c,plate1.copy=d"])):
        assert cli.run(["analyse", str(tmp_path / f"{name}.csv"), "--test", "balance", "--json", *more]) == 0
        (told,) = json.loads(capsys.readouterr().out)["trials"]
        numbers = told["reps"][0]["metrics"]
        for field in headline("balance"):
            assert abs(numbers[field]["value"] - truth_of(trial)[field]) <= numbers[field]["u95"], field


@pytest.mark.parametrize("test", ["landing", "balance"])
def test_the_command_line_holds_the_truth(test: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, answers = tmp_path / "a.csv", tmp_path / "a.json"
    assert cli.run(["simulate", test, str(file), "--seed", "5", "--truth", str(answers)]) == 0
    assert cli.run(["analyse", str(file), "--test", test, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["trials"]
    assert told["test"] == test and told["status"] == "ok"
    true = json.loads(answers.read_text())["values"]
    numbers = told["reps"][0]["metrics"]
    checked = [name for name in true if name in numbers and numbers[name]["u95"] is not None]
    assert len(checked) >= 12
    # a 95 % interval each; 2.5 of them never fails on the sound of one seed
    for name in checked:
        assert abs(numbers[name]["value"] - true[name]) <= 2.5 * numbers[name]["u95"], name
    assert cli.run(["analyse", str(file), "--test", test, "--all"]) == 0
    assert cli.run(["report", str(file), "--test", test, "--out", str(tmp_path)]) == 0
    assert "<svg" in (tmp_path / "a.html").read_text("utf-8")


def test_the_figure_of_a_stance_is_its_path_and_ellipse() -> None:
    trial = simulate("balance", seed=1)
    drawn = figure.repetition(trial, one(trial))
    for words in ("forwards, mm", "to the right, mm", "95 % ellipse", "time of the stance, s"):
        assert words in drawn
    bare = simulate("balance", seed=1, cop="none")
    assert "force, N" in figure.repetition(bare, one(bare))


@pytest.mark.real_data
@pytest.mark.parametrize(("number", "low", "high"), [(0, 630.0, 645.0), (1, 680.0, 700.0)])
def test_real_quiet_standing(number: int, low: float, high: float, data: Path) -> None:
    """INDEX.md: two plates, one axis; the numbers again in plain arithmetic."""
    trial = read(data / "quiet_standing_dualplate" / f"Control {number} trial 0.txt")
    rep = one(trial)
    assert low < rep["system_weight"].value < high
    assert 0.5 < rep["standing_force_sd"].value < 1.2
    assert rep["cop_rms_ml"].code == rep["cop_path_length"].code == "no_cop_ml"
    table = np.loadtxt(data / "quiet_standing_dualplate" / f"Control {number} trial 0.txt", skiprows=1)[200:3000]
    x = (table[:, 2] * table[:, 3] + table[:, 5] * table[:, 6]) / (table[:, 2] + table[:, 5])
    assert rep["system_weight"].value == pytest.approx((table[:, 2] + table[:, 5]).mean(), rel=1e-9)
    # the file is low-passed already, so that the filter takes hardly anything
    assert rep["cop_rms_ap"].value == pytest.approx(x.std(), rel=5e-3)
    assert rep["cop_range_ap"].value == pytest.approx(np.ptp(x), rel=0.02)
    assert rep["cop_mean_velocity_ap"].value == pytest.approx(np.abs(np.diff(x)).sum() / 27.99, rel=0.05)


@pytest.mark.real_data
def test_a_static_trial_of_five_seconds_is_too_short_unless_asked_for(data: Path) -> None:
    trial = read(data / "opencap_lab_subject4" / "static1_grf.mot")
    assert stood(trial).code == "no_stance"
    rep = one(trial, parameters={"balance_min": 2.0})
    assert 500.0 < rep["system_weight"].value < 700.0
    assert rep["cop_rms_ap"].value < 0.01 and rep["cop_rms_ml"].value < 0.01


@pytest.mark.real_data
def test_what_holds_no_force_is_said_to(data: Path) -> None:
    from hipdrive.errors import ReadError

    for name in ("postureData.txt", "kistler_fp_data.txt"):
        with pytest.raises(ReadError, match="vertical force"):
            read(data / "bmc_vertical_jump" / name)
