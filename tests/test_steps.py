"""Steps over plates: simulated runs against their closed forms, directions, refusals, odd inputs, a real treadmill."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import coverage_study as study
import numpy as np
import pytest

import hipdrive as hd
from hipdrive import cli
from hipdrive.acquisition.simulated.runner import Foot, G
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.contacts import contacts_of
from hipdrive.analysis.profile import load_profile
from hipdrive.errors import UsageError
from hipdrive.report import html
from hipdrive.results import Analysis
from hipdrive.trial import Trial


def run(seed: int = 1, **settings: Any) -> Trial:
    return hd.simulate("steps", seed=seed, **settings)


def seen(trial: Trial, **more: Any) -> Analysis:
    return analyse(trial, test="steps", **more)


def values(analysis: Analysis, field: str) -> list[float]:
    return [rep[field].value for rep in analysis.reps]


def codes(analysis: Analysis, field: str) -> list[str | None]:
    return [rep[field].code for rep in analysis.reps]


def changed(trial: Trial, change: Any) -> Trial:
    """The trial with its arrays changed by a function of (role, values)."""
    fz = np.array([change(f"{name}.fz", row.copy()) for name, row in zip(trial.plates, trial.fz, strict=True)])
    parts = {role: change(role, row.copy()) for role, row in trial.components.items()}
    return dataclasses.replace(trial, fz=fz, components=parts, raw=())


# --- the simulated runner ---


@pytest.mark.parametrize("push", [0.0, 150.0, 900.0, -400.0])
def test_impulses_of_a_foot_are_the_integrals_of_its_force(push: float) -> None:
    foot = Foot(0.1, 0.2, 2300.0, push, 120.0, (0.0, 0.0))
    low = foot.crossing()
    t = np.linspace(0.1 + 0.2 * low, 0.3 - 0.2 * low, 400_001)
    assert foot.vertical(t[[0, -1]]) == pytest.approx(20.0)
    ahead = foot.forward(t)
    assert foot.impulses()[0] == pytest.approx(np.trapezoid(np.minimum(ahead, 0.0), t), abs=1e-6)
    assert foot.impulses()[1] == pytest.approx(np.trapezoid(np.maximum(ahead, 0.0), t), abs=1e-6)
    assert foot.lift() == pytest.approx(np.trapezoid(foot.vertical(t), t), rel=1e-9)


def test_how_far_a_foot_lets_the_body_sink_is_the_double_integral() -> None:
    foot, mass = Foot(0.0, 0.2, 2300.0, 0.0, 100.0, (0.0, 0.0)), 70.0
    low = foot.crossing()
    t = np.linspace(0.2 * low, 0.2 - 0.2 * low, 200_001)
    a = foot.vertical(t) / mass - G
    v = np.r_[0.0, np.cumsum(0.5 * np.diff(t) * (a[1:] + a[:-1]))]
    s = np.r_[0.0, np.cumsum(0.5 * np.diff(t) * (v[1:] + v[:-1]))]
    s -= s[-1] * (t - t[0]) / (t[-1] - t[0])
    assert foot.sinks(mass * G) == pytest.approx(-s.min(), rel=1e-6)


# --- accuracy ---


@pytest.mark.parametrize("name", [one.name for one in study.CELLS if one.test == "steps"])
def test_every_number_holds_the_truth_as_often_as_it_says(name: str) -> None:
    """24 runs of five steps; `python tests/coverage_study.py --cell steps` has the rest."""
    cell = next(one for one in study.CELLS if one.name == name)
    assert not [row for row in study.study(cell, range(24)) if not 86.0 <= row.covered <= 100.0]


def test_accuracy_at_1_khz_and_2_n() -> None:
    for seed in range(8):
        trial = run(seed, noise=2.0)
        analysis = seen(trial)
        assert trial.truth is not None and len(analysis.reps) == len(trial.truth.reps) == 6
        for rep, truth in zip(analysis.reps, trial.truth.reps, strict=True):
            for field, limit in (("step_contact_time", 0.001), ("step_flight_time", 0.001), ("step_length", 0.005)):
                if field in truth["values"]:
                    assert abs(rep[field].value - truth["values"][field]) < limit
            for field in ("braking_impulse_x", "propulsive_impulse_x"):
                assert rep[field].value == pytest.approx(truth["values"][field], rel=0.015, abs=0.05)
            gross = truth["values"]["effective_vertical_impulse"]
            assert rep["effective_vertical_impulse"].value == pytest.approx(gross, abs=1.0)


@pytest.mark.parametrize("way", ["x", "-x", "y", "-y"])
def test_a_run_in_any_direction_has_the_same_numbers(way: str) -> None:
    trial = run(3, way=way, noise=0.5, push=12.0, velocity=5.0)
    analysis = seen(trial)
    assert trial.truth is not None
    for rep, truth in zip(analysis.reps, trial.truth.reps, strict=True):
        assert rep["net_impulse_x"].value == pytest.approx(truth["values"]["net_impulse_x"], abs=0.1)
        assert rep["braking_impulse_x"].value < 0.0 < rep["propulsive_impulse_x"].value
    sides = [rep["step_side"].label for rep in analysis.reps]
    assert set(sides[:2]) == {"left", "right"} and sides == sides[:2] * 3
    assert ("run_direction" in {one.check for one in analysis.quality}) == (way != "x")


def test_the_sides_are_those_of_the_run() -> None:
    """Left is left of the way of the run, whichever axis that is."""
    told = [[rep["step_side"].label for rep in seen(run(4, way=way)).reps] for way in ("x", "-x", "y", "-y")]
    assert told[0] == told[1] == told[2] == told[3]


def test_speed_by_impulses_and_by_places_agree() -> None:
    trial = run(5, push=20.0, velocity=4.0, noise=0.5)
    by_places, by_impulse = seen(trial), seen(trial, parameters={"entry_velocity": 4.0})
    assert trial.truth is not None
    for rep, truth in zip(by_impulse.reps, trial.truth.reps, strict=True):
        assert rep["step_velocity"].value == pytest.approx(truth["values"]["step_velocity_by_impulse"], abs=0.02)
        assert rep["step_velocity"].method == "entry_and_impulses"
    ahead, behind = values(by_places, "step_velocity")[:-1], values(by_impulse, "step_velocity")[:-1]
    assert ahead == pytest.approx(behind, rel=0.02)
    assert codes(by_places, "step_velocity")[-1] == "last_step"


def test_a_treadmill_needs_its_speed() -> None:
    trial = run(6, treadmill=True, velocity=5.0, contacts=12)
    analysis = seen(trial)
    assert set(codes(analysis, "step_length")[:-1]) == {"treadmill"}
    told = seen(trial, parameters={"belt_speed": 5.0})
    assert values(told, "step_velocity")[:-1] == pytest.approx([5.0] * 11, rel=0.03)
    assert values(told, "step_length")[:-1] == pytest.approx(
        [5.0 / rate for rate in values(told, "step_rate")[:-1]], rel=0.03
    )


def test_the_leg_needs_a_length() -> None:
    trial = run(7)
    assert codes(seen(trial), "leg_stiffness_running")[0] == "no_leg_length"
    stiff = seen(trial.with_facts(height=1.80)).reps[1]["leg_stiffness_running"]
    assert 5_000.0 < stiff.value < 60_000.0 and stiff.unit == "N/m"


def test_a_run_weighs_the_athlete() -> None:
    trial = run(8, contacts=10)
    analysis = seen(dataclasses.replace(trial, mass=None))
    weight = analysis.reps[0]["system_weight"]
    assert trial.truth is not None and weight.value == pytest.approx(trial.truth["system_weight"], rel=0.02)
    assert abs(weight.value - trial.truth["system_weight"]) < weight.u95
    assert "weight_of_run" in {one.check for one in analysis.quality}
    few = seen(dataclasses.replace(run(8, contacts=3), mass=None))
    assert codes(few, "effective_vertical_impulse") == ["no_run_weight"] * 3
    assert np.isfinite(values(few, "net_impulse_x")).all()


def test_left_and_right_have_an_index() -> None:
    summary = seen(run(9, contacts=8)).summary
    assert abs(summary["asym_step_contact_time"].value) < 10.0 and summary["asym_step_contact_time"].u95 > 0.0
    assert summary["step_contact_time_mean"].unit == "s"


def test_no_index_of_impulses_that_cancel() -> None:
    """The net impulses of a steady run are zero: left against right of nothing is no number."""
    for seed in (9, 10, 11):
        assert seen(run(seed, contacts=8)).summary["asym_net_impulse_x"].code == "undefined"
    speeding = seen(run(9, contacts=8, push=25.0, velocity=4.0)).summary["asym_net_impulse_x"]
    assert abs(speeding.value) < 1.0


# --- what cannot be told ---


def test_zero_errors_of_horizontal_force_are_taken_out_in_flight() -> None:
    trial = run(10, noise=0.5)
    off = changed(trial, lambda role, row: row + 12.0 if role.endswith(("fx", "fz")) else row)
    assert values(seen(off), "braking_impulse_x") == pytest.approx(values(seen(trial), "braking_impulse_x"), abs=1e-6)


def test_a_contact_that_crosses_two_plates_is_one() -> None:
    """Its force moved from one plate to the next in the middle of the contact."""
    trial = run(11, noise=0.0)
    first = trial.truth.reps[0]["events"] if trial.truth is not None else {}
    middle = round(500.0 * (first["first_contact"] + first["takeoff"]))
    last = round(1000.0 * first["takeoff"]) + 5
    fz, parts = trial.fz.copy(), {role: row.copy() for role, row in trial.components.items()}
    fz[1, middle:last], fz[0, middle:last] = fz[0, middle:last].copy(), 0.0
    for axis in ("fx", "fy", "copx", "copy"):
        parts[f"plate2.{axis}"][middle:last] = parts[f"plate1.{axis}"][middle:last]
        parts[f"plate1.{axis}"][middle:last] = 0.0
    crossed = seen(dataclasses.replace(trial, fz=fz, components=parts, raw=()))
    whole = seen(trial)
    assert len(crossed.reps) == len(whole.reps)
    for field in ("step_contact_time", "braking_impulse_x", "net_impulse_x", "step_length"):
        assert crossed.reps[0][field].value == pytest.approx(whole.reps[0][field].value, abs=2e-3), field


def test_a_missing_plate_leaves_a_gap_that_is_told() -> None:
    trial = run(12, contacts=8)
    third = trial.truth.reps[2]["events"] if trial.truth is not None else {}
    a, b = (round(1000.0 * third[name]) for name in ("first_contact", "takeoff"))

    def without(role: str, row: Any) -> Any:
        row[a - 5 : b + 5] = 0.0
        return row

    analysis = seen(changed(trial, without), parameters={"entry_velocity": 5.0})
    assert len(analysis.reps) == 7
    assert codes(analysis, "step_flight_time")[1] == "missed_contact"
    assert codes(analysis, "step_velocity")[2:] == ["gap_before"] * 5
    assert set(codes(analysis, "step_side")) == {"side_unknown"}


def test_a_foot_half_beside_the_plates_is_refused() -> None:
    trial = run(13, contacts=8)
    third = trial.truth.reps[2]["events"] if trial.truth is not None else {}
    a, b = (round(1000.0 * third[name]) for name in ("first_contact", "takeoff"))

    def half(role: str, row: Any) -> Any:
        if role.endswith(("fx", "fy", "fz")):
            row[a - 5 : b + 5] *= 0.5
        return row

    analysis = seen(changed(trial, half))
    assert codes(analysis, "net_impulse_x") == [None, None, "beside_plates", *[None] * 5]
    assert codes(analysis, "step_contact_time")[2] is None
    assert analysis.status == "flagged"


def test_without_horizontal_force_times_stand() -> None:
    trial = run(14)
    bare = dataclasses.replace(trial, components={}, raw=())
    analysis = seen(bare)
    assert set(codes(analysis, "net_impulse_x")) == {"no_horizontal"}
    assert set(codes(analysis, "step_length")[:-1]) == {"no_cop"}
    assert values(analysis, "step_contact_time") == pytest.approx(values(seen(trial), "step_contact_time"), abs=2e-4)


def test_who_walks_or_stands_makes_no_steps() -> None:
    standing = Trial.from_forces(np.full((1, 3000), 700.0), 1000.0)
    assert (seen(standing).status, seen(standing).code) == ("refused", "no_contact")
    t = np.arange(4000) / 1000.0
    walking = 700.0 + 150.0 * np.sin(2.0 * np.pi * 2.0 * t)
    walking[:50] = walking[-50:] = 0.0
    assert seen(Trial.from_forces(walking[None], 1000.0)).code == "no_flight_between"
    assert [seen(hd.simulate(test, seed=1)).code for test in ("cmj", "dj", "hops", "landing")] == ["no_run"] * 4
    into_the_air = np.where(np.arange(1000) < 900, 700.0, 0.0)
    assert seen(Trial.from_forces(into_the_air[None], 1000.0)).status == "refused"
    empty = Trial.from_forces(np.random.default_rng(0).normal(0.0, 2.0, (2, 3000)), 1000.0)
    assert seen(empty).status == "refused"


def test_a_record_that_ends_in_a_contact() -> None:
    trial = run(15)
    last = trial.truth.reps[-1]["events"] if trial.truth is not None else {}
    end = round(500.0 * (last["first_contact"] + last["takeoff"]))
    cut = changed(trial, lambda role, row: row[:end])
    analysis = seen(cut)
    assert codes(analysis, "step_contact_time")[-1] == "cut_contact"
    assert codes(analysis, "step_flight_time")[-2] is None
    assert codes(analysis, "step_length")[-2] == "cut_contact", "half a contact has no mean place"


def test_a_missing_contact_makes_nobody_light() -> None:
    """Without a mass the run weighs, by the stretch in which no contact is missing."""
    trial = dataclasses.replace(run(12, contacts=14), mass=None)
    third = trial.truth.reps[2]["events"] if trial.truth is not None else {}
    a, b = (round(1000.0 * third[name]) for name in ("first_contact", "takeoff"))

    def without(role: str, row: Any) -> Any:
        row[a - 5 : b + 5] = 0.0
        return row

    weight = seen(changed(trial, without)).reps[0]["system_weight"]
    assert trial.truth is not None and abs(weight.value - trial.truth["system_weight"]) < weight.u95


def test_the_noise_of_many_plates_joins_no_contacts() -> None:
    """Twelve plates with 3.7 N each, all read too low by their lowest means, once were loaded between contacts too."""
    for seed in (50, 62, 114):
        trial = run(seed, noise=3.8, rate=500.0, velocity=8.0)
        assert len(trial.plates) >= 12 and len(seen(trial).reps) == 6


@pytest.mark.timed
def test_cost_grows_with_the_steps() -> None:
    """Twice the run costs about twice: nothing looks at all of the record for each contact."""

    def cost(contacts: int) -> float:
        trial = run(1, contacts=contacts, treadmill=True)
        spent = []
        for _ in range(3):
            begin = time.process_time()
            contacts_of(trial, load_profile("hipdrive"))
            spent.append(time.process_time() - begin)
        return min(spent)

    assert cost(40) < 3.5 * cost(20) + 0.01


@pytest.mark.parametrize(
    "settings", [{"contacts": 1}, {"way": "up"}, {"plate_count": 0}, {"velocity": 40.0}, {"hops": 3}]
)
def test_a_setting_that_no_run_has_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="simulate"):
        run(1, **settings)


# --- from the command line, and what people see ---


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, truth = tmp_path / "run.csv", tmp_path / "truth.json"
    assert cli.run(["simulate", "steps", str(file), "--seed", "3", "--truth", str(truth)]) == 0
    capsys.readouterr()
    mass = json.loads(truth.read_text())["values"]["system_weight"] / G
    assert cli.run(["analyse", str(file), "--test", "steps", "--mass", f"{mass:.3f}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["trials"][0]
    known = json.loads(truth.read_text())["reps"]
    assert len(told["reps"]) == len(known) == 6
    for rep, exact in zip(told["reps"], known, strict=True):
        net = rep["metrics"]["net_impulse_x"]
        assert abs(net["value"] - exact["values"]["net_impulse_x"]) < max(net["u95"], 0.1)
    assert cli.run(["report", str(file), "--test", "steps", "--out", str(tmp_path / "run.html")]) == 0
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "net: diamond" in page and page.count("<svg") == 1


def test_one_picture_holds_all_steps() -> None:
    trial = run(2, contacts=10)
    page = html.page([(trial, seen(trial))], title="run")
    assert page.count("<svg") == 1 and "10L" in page + page.replace("10R", "10L")


@pytest.mark.real_data
def test_a_real_treadmill_with_a_drifting_zero(data: Path) -> None:
    """RBDS subject 1 at 2.5 m/s, a drift of 150 N put in by hand (INDEX.md: about 80 steps)."""
    trial = hd.read(data / "dryft_treadmill_run" / "custom_drift_S001runT25.csv", test="steps", rate=300.0)
    analysis = seen(trial)
    contact, flight = (np.array(values(analysis, f"step_{name}_time")) for name in ("contact", "flight"))
    assert 76 <= len(analysis.reps) <= 82
    assert np.nanmedian(contact) == pytest.approx(0.286, abs=0.01) and np.nanstd(contact) < 0.02
    assert np.nanmedian(flight) == pytest.approx(0.097, abs=0.01)
    assert set(codes(analysis, "net_impulse_x")) - {"cut_contact"} == {"no_horizontal"}
