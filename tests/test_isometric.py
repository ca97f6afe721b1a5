"""Isometric pulls: every number against a plain second computation, what is found, what is refused, and u95."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hipdrive import cli
from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import METRICS, headline, metrics_for
from hipdrive.errors import REASONS, UsageError
from hipdrive.report import html
from hipdrive.results import Analysis, Results
from hipdrive.trial import Floats, Trial, Truth

G, FINE = 9.80665, 10_000.0
TIMES = (50, 90, 100, 150, 200, 250)
SEEDS = (1, 2, 3, 4)


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


@cache
def fine(seed: int) -> Trial:
    """The pull alone, at 10 kHz: no noise, no zero error."""
    return simulate("isometric", seed=seed, rate=FINE, noise=0.0, offset=0.0)


@cache
def by_hand(seed: int) -> dict[str, float]:
    """METRICS.md 8 from the samples alone: thresholds, differences, trapezoids; no line shared with the analysis."""
    trial = fine(seed)
    force, weight = trial.fz.sum(axis=0), truth_of(trial).settings["mass"] * G
    t = np.arange(len(force)) / FINE
    peak = int(force.argmax())
    # the pretension is what the force holds 50 ms before it first rises by 1 N a millisecond towards the peak
    steep = np.flatnonzero(force[10:] - force[:-10] > 1.0)
    begin = int(steep[(t[steep] > 3.0) & (force[steep] > 0.9 * weight) & (t[steep] > t[peak] - 2.0)][0])
    base = float(force[begin - 500])
    half = begin + int(np.argmax(force[begin:] >= base + 0.5 * (force[peak] - base)))
    below = int(np.flatnonzero(force[:half] <= base + 10.0)[-1])
    onset = float(np.interp(base + 10.0, force[below : below + 2], t[below : below + 2]))
    after = peak + int(np.argmax(force[peak:] < base + 0.5 * (force[peak] - base)))
    end = float(t[after])
    n = round(0.020 * FINE) + 1
    x = (np.arange(n) - (n - 1) / 2) / FINE
    views = np.lib.stride_tricks.sliding_window_view(force[begin - 200 : peak], n)

    def at(time: float) -> float:
        return float(np.interp(time, t, force))

    def area(first: float, last: float, curve: Floats) -> float:
        inside = (t > first) & (t < last)
        times = np.concatenate([[first], t[inside], [last]])
        values = np.interp(times, t, curve)
        return float((0.5 * (values[1:] + values[:-1]) * np.diff(times)).sum())

    top = float(force[peak])
    found = {
        "system_weight": weight,
        "system_mass": weight / G,
        "body_mass": weight / G,
        "iso_peak_force": top,
        "iso_net_peak_force": top - weight,
        "iso_peak_force_rel": top / weight,
        "iso_peak_force_per_kg": top / weight * G,
        "iso_time_to_peak": float(t[peak]) - onset,
        "iso_peak_rfd": float((views @ x).max() / (x @ x)),
        "iso_pull_length": end - onset,
        "iso_mean_force": area(onset, end, force) / (end - onset),
        "iso_total_impulse": area(onset, end, force),
        "iso_pretension_force": base,
        "iso_pretension": base - weight,
        "iso_initiation_threshold": base + 10.0,
        "iso_hold_quality": 0.0,
    }
    for ms in (0, *TIMES):
        value = at(onset + ms / 1000.0)
        found |= {
            f"iso_force_at_{ms}ms": value,
            f"iso_net_force_at_{ms}ms": value - weight,
            f"iso_force_at_{ms}ms_rel": value / weight,
            f"iso_force_at_{ms}ms_per_kg": value / weight * G,
        }
    for ms in TIMES:
        last = onset + ms / 1000.0
        found |= {
            f"iso_rfd_0_{ms}ms": (at(last) - at(onset)) / (ms / 1000.0),
            f"iso_impulse_0_{ms}ms": area(onset, last, force - weight),
            f"iso_gross_impulse_0_{ms}ms": area(onset, last, force),
        }
    return found


@cache
def measured(seed: int) -> Results:
    analysis = analyse(fine(seed))
    assert len(analysis.reps) == 1
    return analysis.reps[0]


# --- the numbers ---


@pytest.mark.parametrize("seed", SEEDS)
def test_every_metric_is_its_formula(seed: int) -> None:
    reference, rep = by_hand(seed), measured(seed)
    assert set(reference) == {m.name for m in metrics_for("isometric")}, "no metric without a reference"
    for name, expected in reference.items():
        # a tension of less than 10 N is hardly told from standing
        slack = 0.1 if name in ("iso_pretension", "iso_net_force_at_0ms") else 2e-3
        assert rep[name].value == pytest.approx(expected, rel=1e-3, abs=slack), name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_closed_form_of_the_simulated_pull_agrees_with_its_samples(seed: int) -> None:
    truth = truth_of(fine(seed))
    for name, expected in truth.values.items():
        assert by_hand(seed)[name] == pytest.approx(expected, rel=1e-3, abs=1e-3), name


def test_the_bare_name_of_an_impulse_is_the_net_one_and_says_so() -> None:
    rep = measured(1)
    assert rep["iso_net_impulse_0_100ms"].value == rep["iso_impulse_0_100ms"].value
    assert "Net impulse" in METRICS["iso_impulse_0_100ms"].doc
    assert rep["iso_gross_impulse_0_100ms"].value - rep["iso_impulse_0_100ms"].value == pytest.approx(
        rep["system_weight"].value * 0.1, rel=1e-9
    )


def test_what_a_coach_reads_first() -> None:
    first = "iso_peak_force iso_net_peak_force iso_force_at_100ms iso_force_at_200ms iso_rfd_0_200ms iso_peak_rfd"
    assert headline("isometric") == tuple(first.split())


@pytest.mark.parametrize("share", [0.35, 0.56, 1.0])
def test_sides_add_up(share: float) -> None:
    rep = analyse(simulate("isometric", seed=2, left_share=share, noise=0.5)).reps[0]
    for m in metrics_for("isometric"):
        if not m.sides:
            continue
        left, right = rep[f"{m.name}_left"].value, rep[f"{m.name}_right"].value
        assert left + right == pytest.approx(rep[m.name].value, rel=1e-9), m.name
        assert left / rep[m.name].value == pytest.approx(share, abs=0.02), m.name
        assert rep[f"asym_{m.name}"].value == pytest.approx(100.0 * (left - right) / (left + right), rel=1e-9)


def test_a_fixed_threshold_starts_later() -> None:
    trial = simulate("isometric", seed=1)
    usual, later = (analyse(trial, parameters=p).reps[0] for p in (None, {"iso_onset_fixed": 40}))
    assert later["iso_initiation_threshold"].value == pytest.approx(usual["iso_pretension_force"].value + 40.0, abs=0.1)
    assert later["iso_initiation_threshold"].method == "pretension+40N"
    assert later.events["iso_onset"].t > usual.events["iso_onset"].t
    assert later["iso_force_at_50ms"].value > usual["iso_force_at_50ms"].value


def test_several_pulls_are_several_repetitions_with_one_weight() -> None:
    trial = simulate("isometric", seed=5, pulls=4, noise=1.0)
    analysis = analyse(trial)
    assert [rep.rep for rep in analysis.reps] == [1, 2, 3, 4]
    weight = truth_of(trial)["system_weight"]
    for rep in analysis.reps:
        assert rep["system_weight"].value == pytest.approx(weight, rel=2e-3)
    best = max(rep["iso_peak_force"].value for rep in analysis.reps)
    assert analysis.summary["iso_peak_force_best"].value == best


def test_a_batch_is_its_trials() -> None:
    trials = [simulate("isometric", seed=s, rate=r) for s in range(4) for r in (500.0, 1000.0)]
    table = analyse_many(trials, test="isometric")
    for i, trial in enumerate(trials):
        alone = analyse(trial).reps[0]
        for name in headline("isometric"):
            assert table[name][i] == pytest.approx(alone[name].value, rel=1e-12)
            assert table.u95[name][i] == pytest.approx(alone[name].u95, rel=1e-9)


# --- uncertainty ---


def test_gross_forces_of_a_plate_that_was_never_empty_have_no_u95_but_net_ones_do() -> None:
    trial = simulate("isometric", seed=1, step_on=False, offset=8.0)
    analysis = analyse(trial)
    rep, truth = analysis.reps[0], truth_of(trial)
    assert any(f.check == "zero_assumed" for f in analysis.quality)
    for name in ("iso_peak_force", "iso_force_at_100ms", "iso_gross_impulse_0_100ms", "system_weight"):
        assert np.isfinite(rep[name].value) and np.isnan(rep[name].u95), name
    for name in ("iso_net_peak_force", "iso_net_force_at_100ms", "iso_impulse_0_100ms", "iso_rfd_0_200ms"):
        assert abs(rep[name].value - truth[name]) <= 1.5 * rep[name].u95 < 0.05 * truth[name], name


@pytest.mark.parametrize("drift", [0.0, 0.2])
def test_a_drifting_zero_is_read_between_the_empty_stretches(drift: float) -> None:
    trial = simulate("isometric", seed=3, drift=drift, offset=5.0)
    rep, truth = analyse(trial).reps[0], truth_of(trial)
    for name in ("iso_peak_force", "system_weight", "iso_force_at_200ms"):
        assert abs(rep[name].value - truth[name]) <= max(1.2 * rep[name].u95, 0.3), name


def test_more_noise_and_a_slower_rise_say_so() -> None:
    quiet, loud = (analyse(simulate("isometric", seed=1, noise=n)).reps[0] for n in (0.5, 4.0))
    for name in ("iso_peak_force", "iso_force_at_50ms", "iso_peak_rfd", "iso_rfd_0_100ms"):
        assert loud[name].u95 > 1.5 * quiet[name].u95, name
    steep, slow = (
        analyse(simulate("isometric", seed=1, rise=r)).reps[0].events["iso_onset"].u95
        for r in ("exponential", "sigmoid")
    )
    assert slow > 1.2 * steep


# --- how the tension was held ---


def changed(trial: Trial, force: Any, **facts: Any) -> Trial:
    """The trial with something added to its total: (samples,), shared between the plates."""
    fz = trial.fz + force / len(trial.fz)
    return Trial.from_forces(fz, trial.rate, trial.plates, test="isometric", **facts)


def times(trial: Trial) -> Floats:
    return np.arange(trial.samples) / trial.rate


def dipping(depth: float) -> Trial:
    trial = simulate("isometric", seed=2)
    t = times(trial) - truth_of(trial).events["iso_onset"]
    return changed(trial, -depth * np.exp(-(((t + 0.15) / 0.04) ** 2)))


def test_a_countermovement_before_the_pull_costs_the_numbers_of_its_start_and_no_other() -> None:
    analysis = analyse(dipping(60.0))
    rep = analysis.reps[0]
    assert analysis.status == "flagged" and rep["iso_hold_quality"].label == "dip before the pull"
    finding = next(f for f in analysis.quality if f.check == "iso_hold_quality")
    assert finding.level == "warn" and finding.value == pytest.approx(60.0, abs=8.0)
    for name in ("iso_force_at_100ms", "iso_rfd_0_200ms", "iso_impulse_0_250ms", "iso_time_to_peak", "iso_peak_rfd"):
        assert rep[name].code == "iso_dip", name
    truth = truth_of(simulate("isometric", seed=2))
    for name in ("iso_peak_force", "iso_net_peak_force", "system_weight"):
        assert abs(rep[name].value - truth[name]) <= 1.2 * rep[name].u95, name
    assert "iso_onset" not in rep.events


def test_a_dip_within_the_threshold_is_none() -> None:
    assert analyse(dipping(4.0)).reps[0]["iso_hold_quality"].label == "steady"


def test_a_drifting_tension_costs_the_numbers_of_its_start() -> None:
    trial = simulate("isometric", seed=2, mass=90.0)
    onset = truth_of(trial).events["iso_onset"]
    ramp = np.interp(times(trial), [onset - 1.6, onset, onset + 0.1], [0.0, 40.0, 0.0])
    rep = analyse(changed(trial, ramp)).reps[0]
    assert rep["iso_hold_quality"].label == "drifting pretension"
    assert rep["iso_rfd_0_100ms"].code == "iso_drift" and np.isfinite(rep["iso_peak_force"].value)


def test_without_a_quiet_second_the_start_is_unknown() -> None:
    trial = simulate("isometric", seed=2)
    onset = truth_of(trial).events["iso_onset"]
    t = times(trial) - onset
    shaking = np.where((t > -2.4) & (t < -0.02), 45.0 * np.sin(2 * np.pi * 3.0 * t), 0.0)
    rep = analyse(changed(trial, shaking)).reps[0]
    assert rep["iso_force_at_100ms"].code in ("no_pretension", "iso_dip")
    assert np.isfinite(rep["iso_peak_force"].value)


@pytest.mark.parametrize(("pretension", "level"), [(30.0, "info"), (90.0, "warn")])
def test_much_pretension_is_warned_about(pretension: float, level: str) -> None:
    trial = simulate("isometric", seed=1, pretension=pretension)
    analysis = analyse(trial)
    finding = next(f for f in analysis.quality if f.check == "iso_pretension")
    assert finding.level == level and finding.value == pytest.approx(pretension, abs=0.5)


# --- weight ---


def only_the_pull(seed: int, **facts: Any) -> Trial:
    """From 1.3 s before the onset to just after the peak: neither standing nor the empty plate."""
    trial = simulate("isometric", seed=seed)
    events = truth_of(trial).events
    a, b = (round(trial.rate * t) for t in (events["iso_onset"] - 1.35, events["iso_peak"] + 0.5))
    return Trial.from_forces(trial.fz[:, a:b], trial.rate, trial.plates, test="isometric", **facts)


def test_without_standing_net_numbers_are_refused_and_gross_ones_stand() -> None:
    analysis = analyse(only_the_pull(1))
    rep, truth = analysis.reps[0], truth_of(simulate("isometric", seed=1))
    for name in ("iso_net_peak_force", "iso_net_force_at_100ms", "iso_impulse_0_100ms", "iso_pretension",
                 "iso_peak_force_rel", "iso_peak_force_per_kg", "system_weight"):  # fmt: skip
        assert rep[name].code == "no_standing", name
    offset = truth.settings["offset"]
    assert rep["iso_peak_force"].value == pytest.approx(truth["iso_peak_force"] + offset, abs=7.0)
    assert rep["iso_rfd_0_200ms"].value == pytest.approx(truth["iso_rfd_0_200ms"], rel=0.02)


def test_a_given_mass_is_the_weight_of_a_pull_without_standing() -> None:
    truth = truth_of(simulate("isometric", seed=1))
    rep = analyse(only_the_pull(1, mass=truth.settings["mass"])).reps[0]
    assert rep["system_weight"].value == pytest.approx(truth["system_weight"], rel=1e-9)
    assert rep["iso_net_peak_force"].value == pytest.approx(
        truth["iso_net_peak_force"] + truth.settings["offset"], abs=7
    )
    assert np.isnan(rep["iso_net_peak_force"].u95), "nobody knows how well that mass was measured"


def test_a_record_that_ends_in_the_pull_says_so() -> None:
    analysis = analyse(only_the_pull(1))
    assert analysis.reps[0]["iso_pull_length"].code == "pull_not_over"
    assert any(f.check == "pull_not_over" and f.level == "warn" for f in analysis.quality)


def test_a_load_cell_needs_no_weight_and_has_no_net_force() -> None:
    trial = simulate("isometric", seed=4, cell=True, offset=0.0, pulls=2, pretension=20.0)
    analysis = analyse(trial)
    rep, truth = analysis.reps[0], truth_of(trial)
    assert analysis.status == "ok" and len(analysis.reps) == 2
    for name in ("iso_net_peak_force", "iso_impulse_0_100ms", "iso_pretension", "iso_peak_force_per_kg"):
        assert rep[name].code == "load_cell", name
    for name in ("iso_peak_force", "iso_force_at_100ms", "iso_rfd_0_200ms", "iso_pretension_force"):
        assert abs(rep[name].value - truth[name]) <= max(1.3 * rep[name].u95, 0.5), name
    heavy = analyse(trial.with_facts(mass=80.0)).reps[0]
    assert heavy["iso_peak_force_per_kg"].value == pytest.approx(rep["iso_peak_force"].value / 80.0)
    assert heavy["iso_net_peak_force"].code == "load_cell"


# --- what is a pull ---


def unasked(trial: Trial) -> Analysis:
    return analyse(Trial.from_forces(trial.fz, trial.rate, trial.plates), test="auto")


def test_auto_knows_a_pull() -> None:
    for seed in range(12):
        trial = simulate("isometric", seed=seed, pulls=1 + seed % 3, step_on=seed % 2 == 0)
        analysis = unasked(trial)
        assert (analysis.test, analysis.detected, len(analysis.reps)) == ("isometric", True, 1 + seed % 3), seed


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_a_jump_is_no_pull_whatever_it_is_called(test: str) -> None:
    for seed in range(8):
        trial = simulate(test, seed=seed)
        assert unasked(trial).test == test, seed
        asked = analyse(trial, test="isometric")
        assert (asked.status, asked.code, len(asked.reps)) == ("refused", "not_this_test", 0), seed


def test_auto_takes_no_load_cell_for_granted() -> None:
    """Somebody who steps on a plate and off again looks like a pull on one."""
    assert not unasked(simulate("isometric", seed=1, cell=True)).reps


@pytest.mark.parametrize("factor", [1.0 / G, 0.001])
def test_kilograms_and_kilonewtons_are_no_pull(factor: float) -> None:
    trial = simulate("isometric", seed=1)
    analysis = analyse(Trial.from_forces(trial.fz * factor, trial.rate, trial.plates, test="isometric"))
    assert analysis.status == "refused" and not analysis.reps
    assert analysis.code in ("no_pull", "no_load", "not_this_test")


def test_standing_and_stepping_on_and_off_is_no_pull_even_where_one_was_asked_for() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(9000) / 1000.0
    force = 800.0 * np.clip(t - 2.0, 0.0, 1.0) * np.clip(7.0 - t, 0.0, 1.0) + rng.normal(0.0, 1.5, len(t))
    analysis = analyse(Trial.from_forces(force, 1000.0, test="isometric"))
    assert (analysis.status, analysis.reps) == ("refused", ())


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    ["opencap_lab_subject4/squats1_grf.mot", "opencap_lab_subject4/static1_grf.mot",
     "opencap_lab_subject4/DJ1_grf.mot", "quiet_standing_dualplate/Control 0 trial 0.txt",
     "quiet_standing_dualplate/Control 1 trial 0.txt", "acl_squat_jump/BFR007_squat_jump.csv",
     "bmc_vertical_jump/jump1.txt", "jumpmetrics_cmj_sj/cmj_jumpmetrics_converted.csv"],
)  # fmt: skip
def test_real_squats_standing_and_jumps_are_no_pull(data: Path, name: str) -> None:
    trial = read(data / name)
    assert not analyse(trial, test="isometric").reps
    assert analyse(trial, test="auto").test != "isometric"


def test_a_clipped_pull_is_still_seen() -> None:
    trial = simulate("isometric", seed=2, offset=0.0)
    fz = np.minimum(trial.fz, 0.7 * trial.fz.max(axis=1, keepdims=True))
    assert analyse(Trial.from_forces(fz, trial.rate, trial.plates, test="isometric")).code == "saturated"


def test_a_plateau_is_not_taken_for_a_clipped_channel() -> None:
    assert not {analyse(simulate("isometric", seed=s)).code for s in range(60)} - {None}


def test_refusals_are_reasons_that_a_coach_can_read() -> None:
    for code in ("no_pull", "no_standing", "load_cell", "no_pretension", "iso_dip", "iso_drift", "pull_not_over"):
        assert REASONS[code]


# --- the simulator's own ---


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"edge": "soft"}, "no flight"), ({"rise": "square"}, "exponential or sigmoid"), ({"pulls": 0}, "1 to 20"),
     ({"height": 1.0}, "no setting of a pull"), ({"noise": 90.0, "strength": 100.0}, "hides the start")],
)  # fmt: skip
def test_what_cannot_be_simulated_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        simulate("isometric", seed=1, **settings)


# --- command line, document, page ---


def test_the_command_line_tells_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pull, truth = tmp_path / "pull.csv", tmp_path / "pull.json"
    assert cli.run(["simulate", "isometric", str(pull), "--seed", "4", "--truth", str(truth), "--sway", "0.5"]) == 0
    assert cli.run(["analyse", str(pull), "--test", "isometric", "--json"]) == 0
    (trial,) = json.loads(capsys.readouterr().out)["trials"]
    numbers, known = trial["reps"][0]["metrics"], json.loads(truth.read_text("utf-8"))
    assert trial["test"] == "isometric" and trial["reps"][0]["events"]["iso_onset"]["t"] == pytest.approx(
        known["events"]["iso_onset"], abs=0.01
    )
    for name, value in known["values"].items():
        slack = 0.1 if name in ("iso_pretension", "iso_time_to_peak") else 0.03
        assert numbers[name]["value"] == pytest.approx(value, rel=slack), name
    assert numbers["iso_hold_quality"]["value"] == "steady"


def test_table_and_page_show_a_pull(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pull = tmp_path / "pull.csv"
    assert cli.run(["simulate", "isometric", str(pull), "--seed", "4"]) == 0
    assert cli.run(["analyse", str(pull), "--test", "isometric"]) == 0
    told = capsys.readouterr().out
    assert "Isometric pull" in told and "RFD 0-200 ms" in told and "Peak force" in told
    assert cli.run(["report", str(pull), "--test", "isometric", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "pull.html").read_text("utf-8")
    for words in ("ms after the onset", "threshold", ">peak ", "pretension", ">250<"):
        assert words in page, words


def test_a_pull_without_its_start_has_a_page_too() -> None:
    trial = dipping(60.0)
    page = html.page([(trial, analyse(trial))])
    assert ">threshold<" not in page and ">peak " in page
