"""Numbers over trials of one athlete against closed forms, published definitions, and what must not be mixed."""

import csv
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hipdrive as hd
from hipdrive import cli
from hipdrive.analysis.across import Session, by_athlete
from hipdrive.analysis.asymmetry import direction_agreement
from hipdrive.analysis.registry import metrics_for, session_metrics
from hipdrive.analysis.strength import FROM_LINE, fitted
from hipdrive.errors import REASONS, UsageError
from hipdrive.results import Analysis, Columns, Results, Value
from hipdrive.trial import Trial, Truth

G = 9.80665


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


def trial(test: str, seed: int = 1, *, mass: float = 80.0, **more: Any) -> Trial:
    """A trial of one athlete, whatever the seed."""
    facts = {name: more.pop(name) for name in ("side", "arms", "load", "box_height", "created") if name in more}
    return hd.simulate(test, seed=seed, mass=mass, **more).with_facts(athlete="ann", **facts)


def analysed(*trials: Trial) -> list[Analysis]:
    return [hd.analyse(one) for one in trials]


def made(test: str, fields: dict[str, tuple[float, float]], **about: Any) -> Analysis:
    """An analysis of one repetition with numbers (value, u95) of our choice; all others are missing."""
    others = dict.fromkeys((m.name for m in metrics_for(test)), (math.nan, math.nan))
    fields = {**others, **fields}
    columns = Columns(
        values={name: np.array([v]) for name, (v, _) in fields.items()},
        u95={name: np.array([u]) for name, (_, u) in fields.items()},
        units=dict.fromkeys(fields, "1"), methods=dict.fromkeys(fields, "by hand"),
        codes={name: None if v == v else np.array(["undefined"]) for name, (v, _) in fields.items()},
    )  # fmt: skip
    return Analysis(
        file="made", test=test, detected=False, profile="hipdrive", status="ok", why=None, quality=(),
        reps=(Results(columns, 0, 1, test),), summary={}, provenance={"athlete": "ann", **about},
    )  # fmt: skip


# --- ratios of jumps ---


def test_ratios_of_two_jumps_hold_the_truth() -> None:
    cmj, sj = trial("cmj"), trial("sj")
    found = hd.across(analysed(cmj, sj))
    true = truth_of(cmj)["jump_height_tov"] / truth_of(sj)["jump_height_tov"]
    eur, psa = found["eccentric_utilisation_ratio"], found["prestretch_augmentation"]
    assert abs(eur.value - true) <= eur.u95 < 0.02
    assert psa.value == pytest.approx(100.0 * (eur.value - 1.0)) and psa.u95 == pytest.approx(100.0 * eur.u95)
    assert eur.method == "jump_height_tov, best_of_1/best_of_1"


def test_the_doubt_of_a_ratio_is_that_of_both() -> None:
    pair = [made("cmj", {"jump_height_tov": (0.40, 0.004)}), made("sj", {"jump_height_tov": (0.32, 0.008)})]
    eur = hd.across(pair)["eccentric_utilisation_ratio"]
    assert eur.value == pytest.approx(1.25)
    assert eur.u95 == pytest.approx(1.25 * math.hypot(0.004 / 0.40, 0.008 / 0.32))


def test_best_and_mean_are_named_and_differ() -> None:
    jumps = [made("cmj", {"jump_height_tov": (h, 0.002)}) for h in (0.40, 0.38, 0.36)]
    jumps.append(made("sj", {"jump_height_tov": (0.32, 0.002)}))
    best, mean = (hd.across(jumps, how=how)["eccentric_utilisation_ratio"] for how in ("best", "mean"))
    assert best.value == pytest.approx(0.40 / 0.32) and best.method.endswith("best_of_3/best_of_1")
    assert mean.value == pytest.approx(0.38 / 0.32) and mean.method.endswith("mean_of_3/mean_of_1")
    # t(2) sd/√3 of the mean beside what the squat jump adds
    wide = 4.303 * 0.02 / math.sqrt(3.0) / 0.38
    assert mean.u95 == pytest.approx(mean.value * math.hypot(wide, 0.002 / 0.32), rel=1e-3)


def test_arm_swing_is_against_hands_on_hips_and_stays_out_of_the_other_ratios() -> None:
    swung = made("cmj", {"jump_height_tov": (0.48, 0.002)}, arms=True)
    hips = made("cmj", {"jump_height_tov": (0.40, 0.002)}, arms=False)
    squat = made("sj", {"jump_height_tov": (0.36, 0.002)})
    found = hd.across([swung, hips, squat])
    assert found["arm_swing_gain"].value == pytest.approx(20.0)
    assert found["eccentric_utilisation_ratio"].value == pytest.approx(0.40 / 0.36)
    assert hd.across([swung, squat])["arm_swing_gain"].code == "no_hips"
    assert hd.across([swung, squat])["eccentric_utilisation_ratio"].code == "no_cmj"
    assert "arm_swing_gain" not in hd.across([hips, squat])


def test_arms_and_load_of_a_trial_reach_its_analysis() -> None:
    about = hd.analyse(trial("cmj", arms=True, load=20.0, side="left")).provenance
    assert (about["arms"], about["load_kg"], about["side"], about["athlete"]) == (True, 20.0, "left", "ann")


# --- drop height ---


def drops(*pairs: tuple[float, float], u: float = 0.004) -> list[Analysis]:
    return [made("dj", {"drop_height": (h, 0.002), "rsi_jh": (rsi, u)}) for h, rsi in pairs]


def test_the_best_drop_height_is_a_measured_one() -> None:
    found = hd.across(drops((0.19, 1.5), (0.31, 1.9), (0.42, 1.7)))
    assert found["optimal_drop_height"].value == pytest.approx(0.31) and not found.quality
    assert hd.across(drops((0.19, 1.5), (0.31, 1.9)))["optimal_drop_height"].code == "few_heights"
    assert "optimal_drop_height" not in hd.across(drops((0.31, 1.5), (0.32, 1.9)))


def test_the_parabola_finds_its_own_top() -> None:
    heights = (0.2, 0.3, 0.45, 0.6)
    curve = drops(*((h, 2.0 - 12.0 * (h - 0.37) ** 2) for h in heights))
    v = hd.across(curve, fit=True)["optimal_drop_height"]
    assert v.value == pytest.approx(0.37, abs=1e-9) and 0.0 < v.u95 < 0.02
    rising = drops(*((h, 1.0 + h) for h in heights))
    assert hd.across(rising, fit=True)["optimal_drop_height"].code == "no_top"


def test_heights_that_cannot_be_told_apart_are_warned_about() -> None:
    found = hd.across(drops((0.2, 1.5), (0.3, 1.90), (0.4, 1.89), u=0.1))
    assert [f.check for f in found.quality] == ["heights_alike"]


def test_simulated_drops_from_three_heights() -> None:
    trials = [trial("dj", seed) for seed in range(8)]
    found = hd.across(analysed(*trials))["optimal_drop_height"]
    best = max(trials, key=lambda t: truth_of(t)["rsi_jh"])
    assert found.value == pytest.approx(truth_of(best)["drop_height"], abs=0.03)


# --- strength ---


def test_dynamic_strength_index_holds_the_truth_gross_and_net() -> None:
    cmj, pull = trial("cmj"), trial("isometric")
    found = hd.across(analysed(cmj, pull))
    weight = 80.0 * G
    jump, top = truth_of(cmj)["peak_propulsive_force"], truth_of(pull)["iso_peak_force"]
    gross, net = found["dynamic_strength_index"], found["dsi_net"]
    assert abs(gross.value - jump / top) <= 1.3 * gross.u95 < 0.01
    assert abs(net.value - (jump - weight) / (top - weight)) <= 1.3 * net.u95 < 0.01
    assert gross.method.startswith("cmj/isometric gross")
    squat = hd.across(analysed(trial("sj"), pull))["dynamic_strength_index"]
    assert squat.method.startswith("sj/isometric gross")


def test_dynamic_strength_index_needs_body_weight_in_both() -> None:
    cell = hd.simulate("isometric", seed=1, cell=True).with_facts(athlete="ann")
    assert hd.across(analysed(trial("cmj"), cell))["dynamic_strength_index"].code == "load_cell"
    assert hd.across(analysed(trial("isometric")))["dynamic_strength_index"].code == "no_jump_trial"
    assert "dynamic_strength_index" not in hd.across(analysed(trial("cmj")))


# --- force and velocity ---


def jump_of(load: float, speed: float, force: float, test: str = "sj") -> Analysis:
    """A jump with a load."""
    fields = {"jump_height_tov": (0.3, 0.001), "mean_propulsive_force": (force, 1.0),
              "mean_propulsive_velocity": (speed, 0.001)}  # fmt: skip
    return made(test, fields, load_kg=load)


def test_a_force_velocity_line_gives_back_its_own_ends() -> None:
    f0, v0 = 2800.0, 3.2
    loads = [(load, v) for load, v in zip((0.0, 20.0, 40.0, 60.0), (1.3, 1.1, 0.9, 0.75), strict=True)]
    found = hd.across([jump_of(load, v, f0 * (1.0 - v / v0)) for load, v in loads])
    assert found["fv_force_intercept"].value == pytest.approx(f0)
    assert found["fv_velocity_intercept"].value == pytest.approx(v0)
    assert found["fv_slope_jump"].value == pytest.approx(-f0 / v0)
    assert found["fv_peak_power"].value == pytest.approx(f0 * v0 / 4.0)
    assert not found.quality and found["fv_force_intercept"].method == "line over 4 loads, r2 1.000"


def test_few_loads_and_bent_lines_are_warned_about() -> None:
    three = [jump_of(load, v, f) for load, v, f in ((0, 1.3, 1600), (20, 1.1, 1900), (40, 0.9, 1850))]
    found = hd.across(three)
    assert {f.check for f in found.quality} == {"fv_not_linear", "fv_few_loads"}
    assert hd.across(three[:2])["fv_slope_jump"].code == "few_loads"
    falling = [jump_of(load, v, f) for load, v, f in ((0, 1.3, 1900), (20, 1.1, 1800), (40, 0.9, 1700))]
    assert hd.across(falling)["fv_slope_jump"].code == "not_falling"


def test_the_line_and_its_doubt_are_those_of_scipy() -> None:
    from scipy.stats import linregress

    x = np.array([1.32, 1.15, 0.97, 0.88, 0.71])
    y = np.array([1610.0, 1785.0, 1930.0, 2040.0, 2150.0])
    line, known = fitted(x, y), linregress(x, y)
    assert (line.slope, line.intercept) == pytest.approx((known.slope, known.intercept))
    assert math.sqrt(line.covariance[1, 1]) == pytest.approx(known.stderr)
    assert math.sqrt(line.covariance[0, 0]) == pytest.approx(known.intercept_stderr)
    assert line.r2 == pytest.approx(known.rvalue**2) and line.wide == pytest.approx(3.182)
    # a gradient is what moving the line's two numbers does
    for read in FROM_LINE.values():
        value, gradient = read(line)
        higher = dataclasses.replace(line, intercept=line.intercept + 1e-3)
        flatter = dataclasses.replace(line, slope=line.slope + 1e-3)
        for i, moved in enumerate((higher, flatter)):
            assert (read(moved)[0] - value) / 1e-3 == pytest.approx(gradient[i], rel=1e-3, abs=1e-6)


@pytest.mark.real_data
def test_published_profiles_obey_the_formula_of_the_largest_power(data: Path) -> None:
    """Jimenez-Reyes and others: P = F0·v0/4, N/kg and m/s, to the rounding of their table."""
    with (data / "jimenez_reyes_fv_jump" / "jimenez-reyes-clean.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    checked = 0
    for row in rows:
        try:
            f0, v0, power = (float(row[f"Pre.{name}"]) for name in ("F0", "V0", "P"))
        except ValueError:
            continue
        x = np.array([0.3, 0.5, 0.8, 1.1])
        assert FROM_LINE["pmax"](fitted(x, f0 * (1.0 - x / v0)))[0] == pytest.approx(power, rel=0.005)
        checked += 1
    assert checked > 50


def test_loaded_trials_make_a_line() -> None:
    """Heavier systems, so slower jumps: the load is in the weight, and the mass of the athlete is not."""
    jumps = [trial("sj", seed, mass=80.0 + load, load=load) for seed, load in ((1, 0.0), (2, 20.0), (3, 40.0))]
    session = hd.across(analysed(*jumps))
    assert "fv_slope_jump" in session and session.athlete == "ann"


# --- left and right ---


def test_the_noise_band_is_1_96_sd_of_the_index() -> None:
    shares = (0.52, 0.53, 0.50, 0.55)
    found = hd.across(analysed(*(trial("cmj", i, left_share=share) for i, share in enumerate(shares))))
    indices = [100.0 * (2.0 * share - 1.0) for share in shares]
    v = found["asym_noise_band_cmj_mean_propulsive_force"]
    assert v.value == pytest.approx(1.96 * float(np.std(indices, ddof=1)), rel=0.03)
    assert v.u95 == pytest.approx(1.96 * v.value / math.sqrt(6.0)) and v.method == "1.96*sd_of_4"


def test_kappa_is_cohens() -> None:
    # Cohen 1960: (p - e)/(1 - e); 20 both left, 5 and 10 apart, 15 both right gives 0.4
    first = [1.0] * 25 + [-1.0] * 25
    second = [1.0] * 20 + [-1.0] * 5 + [1.0] * 10 + [-1.0] * 15
    assert direction_agreement(first, second).value == pytest.approx(0.4)
    assert direction_agreement(first, first).value == 1.0
    assert direction_agreement([1.0, 2.0], [3.0, 4.0]).code == "undefined", "chance alone would agree"


def test_direction_between_tests_is_over_the_numbers_they_share() -> None:
    one = {f"asym_{f}": (v, 0.1) for f, v in (("mean_propulsive_force", 3.0), ("peak_propulsive_force", -2.0))}
    other = {f"asym_{f}": (v, 0.1) for f, v in (("mean_propulsive_force", 1.0), ("peak_propulsive_force", -4.0))}
    v = hd.across([made("cmj", one), made("sj", other)])["asym_direction_agreement_cmj_sj"]
    assert v.value == 1.0 and math.isnan(v.u95) and v.method == "cohen_kappa_of_2"


def test_direction_between_days() -> None:
    days = [made("cmj", {"asym_mean_propulsive_force": (a, 0.1), "asym_peak_propulsive_force": (b, 0.1)}, created=day)
            for a, b, day in ((3.0, -1.0, "2026-01-05"), (2.0, -2.0, "2026-02-05"))]  # fmt: skip
    found = hd.across(days)
    assert found["asym_direction_agreement_cmj_days"].value == 1.0
    assert [f.check for f in found.quality] == ["several_days"]


@pytest.mark.parametrize("test", ["cmj", "sj", "dj", "isometric"])
def test_single_leg_trials_are_compared_by_the_percentage_difference(test: str) -> None:
    """Each leg on its own plate, the other plate empty."""
    left = trial(test, 1, left_share=1.0, side="left", mass=70.0)
    right = trial(test, 2, left_share=0.0, side="right", mass=70.0)
    found = hd.across(analysed(left, right))
    field = {"dj": "rsi_jh", "isometric": "iso_peak_force"}.get(test, "jump_height_tov")
    a, b = (truth_of(t)[field] for t in (left, right))
    v = found[f"asym_unilateral_{test}_{field}"]
    assert abs(v.value - 100.0 * (a - b) / max(a, b)) <= 1.5 * v.u95 < 3.0
    assert found[f"limb_symmetry_index_{test}"].code == "no_involved"
    index = hd.across(analysed(left, right), involved="right")[f"limb_symmetry_index_{test}_{field}"]
    assert abs(index.value - 100.0 * b / a) <= 1.5 * index.u95
    assert hd.across(analysed(left, trial(test, 3, mass=70.0)))[f"asym_unilateral_{test}"].code == "no_other_leg"


def test_trials_of_one_leg_stay_out_of_what_needs_both() -> None:
    found = hd.across(analysed(trial("cmj", 1, left_share=1.0, side="left"), trial("sj", 1)))
    assert found["eccentric_utilisation_ratio"].code == "no_cmj"


# --- whose trials ---


def test_athletes_are_never_mixed() -> None:
    ann, bob = trial("cmj"), trial("sj").with_facts(athlete="bob")
    with pytest.raises(UsageError, match="several athletes"):
        hd.across(analysed(ann, bob))
    groups, strangers = by_athlete(analysed(ann, bob, trial("sj")))
    assert {name: len(of) for name, of in groups} == {"ann": 2, "bob": 1} and not strangers


def nameless(test: str, mass: float) -> Trial:
    return dataclasses.replace(hd.simulate(test, seed=1, mass=mass), athlete="")


def test_trials_without_a_name_are_one_athletes_only_if_their_weights_agree() -> None:
    assert hd.across(analysed(nameless("cmj", 80.0), nameless("sj", 81.0)))["eccentric_utilisation_ratio"].value > 0.0
    with pytest.raises(UsageError, match="weights do not agree"):
        hd.across(analysed(nameless("cmj", 80.0), nameless("sj", 86.0)))
    cell = dataclasses.replace(hd.simulate("isometric", seed=1, cell=True), athlete="")
    with pytest.raises(UsageError, match="weights do not agree"):
        hd.across(analysed(nameless("cmj", 80.0), cell))
    # a named and a nameless trial
    with pytest.raises(UsageError, match="several athletes"):
        hd.across(analysed(trial("cmj"), nameless("sj", 80.0)))


def test_profiles_are_never_mixed() -> None:
    cmj = trial("cmj")
    with pytest.raises(UsageError, match="one profile"):
        hd.across([hd.analyse(cmj), hd.analyse(cmj, profile="fixed_20n")])
    with pytest.raises(UsageError, match="best or mean"):
        hd.across([hd.analyse(cmj)], how="median")
    with pytest.raises(UsageError, match="left or right"):
        hd.across([hd.analyse(cmj)], involved="both")


def test_nothing_is_said_of_nothing() -> None:
    assert not hd.across([]) and not hd.across([]).says_something
    assert not hd.across(analysed(trial("cmj", plates=1))).says_something


def test_every_value_has_a_number_or_a_reason() -> None:
    found = hd.across(analysed(trial("cmj"), trial("sj"), trial("dj"), trial("isometric")))
    assert {m.name for m in session_metrics()} >= {"dsi_net", "optimal_drop_height", "asym_noise_band"}
    for name, v in found.items():
        assert isinstance(v, Value) and math.isnan(v.value) == (v.code is not None), name
        assert v.code is None or REASONS[v.code] == v.why
        assert math.isnan(v.value) or v.method


def test_a_metric_of_ones_own_over_trials() -> None:
    from hipdrive.analysis import registry

    @hd.metric("how_many", unit="1", tests={"cmj"}, source="this test", scope="session")
    def how_many(session: Session) -> Value:
        """How many trials there are."""
        return Value(float(len(session.analyses)), "1", method="count")

    try:
        assert hd.across(analysed(trial("cmj"), trial("cmj", 2)))["how_many"].value == 2.0
    finally:
        del registry.METRICS["how_many"]
        registry.session_metrics.cache_clear()


# --- the command line ---


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for test in ("cmj", "sj", "isometric"):
        hd.save(tmp_path / f"{test}.h5", trial(test))
    hd.save(tmp_path / "bob.h5", trial("cmj", 7, mass=95.0).with_facts(athlete="bob"))
    return tmp_path


def test_the_command_line_says_what_can_be_said_across_trials(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(files / f"{test}.h5") for test in ("cmj", "sj", "isometric")]
    assert cli.run(["analyse", *names]) == 0
    told = capsys.readouterr().out
    assert "Across trials of ann" in told and "Eccentric utilisation ratio" in told
    assert "Dynamic strength index" in told and "countermovement jump / pull" in " ".join(told.split())
    assert cli.run(["analyse", names[0]]) == 0
    assert "Across trials" not in capsys.readouterr().out


def test_the_document_has_the_numbers_of_python(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(files / f"{test}.h5") for test in ("cmj", "sj", "isometric")]
    assert cli.run(["analyse", "--json", *names]) == 0
    session = json.loads(capsys.readouterr().out)["session"]
    known = hd.across(hd.analyse(one) for name in names for one in hd.load(name))
    assert session["athlete"] == "ann" and session["trials"] == 3
    for name, v in known.items():
        told = session["metrics"][name]
        assert told["code"] == v.code and (told["value"] is None or told["value"] == pytest.approx(v.value)), name
        assert set(told) == {"value", "unit", "u95", "method", "why", "code"}


def test_a_folder_of_several_athletes_keeps_them_apart(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hd.save(files / "bob2.h5", trial("sj", 7, mass=95.0).with_facts(athlete="bob"))
    assert cli.run(["analyse", "--json", str(files)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {one["athlete"]: one["trials"] for one in document["sessions"]} == {"ann": 3, "bob": 2}
    assert "session" not in document


def test_files_of_strangers_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for test, mass in (("cmj", "60"), ("sj", "90")):
        assert cli.run(["simulate", test, str(tmp_path / f"{test}.csv"), "--mass", mass]) == 0
    assert cli.run(["analyse", "--json", str(tmp_path / "cmj.csv"), str(tmp_path / "sj.csv")]) == 0
    assert "session" not in json.loads(capsys.readouterr().out)
    assert cli.run(["analyse", str(tmp_path / "cmj.csv"), str(tmp_path / "sj.csv")]) == 0
    answer = capsys.readouterr()
    assert "Across" not in answer.out and "weights do not agree" in answer.err


def test_the_injured_leg_is_said_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for side, share, seed in (("left", 1.0, 1), ("right", 0.0, 2)):
        hd.save(tmp_path / f"{side}.h5", trial("cmj", seed, left_share=share, side=side))
    names = [str(tmp_path / f"{side}.h5") for side in ("left", "right")]
    assert cli.run(["analyse", *names, "--involved", "left"]) == 0
    assert "Limb symmetry" in capsys.readouterr().out
    assert cli.run(["analyse", *names, "--involved", "both"]) == 2
