"""Sprint starts: simulated ones against their closed forms, the rules of METRICS.md 10, refusals, odd inputs."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hipdrive import cli
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.acquisition.simulated.pushing import Hands, Push
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.instants import instants
from hipdrive.errors import UsageError
from hipdrive.report import startplot
from hipdrive.report.html import page
from hipdrive.results import Analysis, Results
from hipdrive.store import load, save
from hipdrive.trial import Signal, Trial, Truth

G = 9.80665


def start(seed: int = 1, **settings: Any) -> Trial:
    return simulate("block_start", seed=seed, **settings)


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


def only(trial: Trial, **more: Any) -> Results:
    analysis = analyse(trial, test="block_start", **more)
    assert len(analysis.reps) == 1, analysis.why
    return analysis.reps[0]


def checks(analysis: Analysis) -> dict[str, str]:
    return {one.check: one.level for one in analysis.quality}


def moved(trial: Trial, **plates: Any) -> Trial:
    """The trial with other forces: `front_x`, `rear_z` ... name a function of the old force."""
    fz, components = trial.fz.copy(), dict(trial.components)
    for part, change in plates.items():
        plate, axis = part.split("_")
        if axis == "z":
            fz[trial.plates.index(plate)] = change(fz[trial.plates.index(plate)])
        else:
            components[f"{plate}.fx"] = change(np.array(components[f"{plate}.fx"]))
    return dataclasses.replace(trial, fz=fz, components=components)


# --- the simulated sprinter ---


def test_a_foots_impulse_is_the_integral_of_its_force() -> None:
    for one in (Push(0.1, 0.35, (90.0, 200.0), (4000.0, 3000.0), 1.4), Hands(0.08, 0.15, (-150.0, 400.0))):
        for axis in (0, 1):
            t = np.linspace(0.05, 0.42, 200_001)
            assert one.impulse(0.05, 0.42, axis) == pytest.approx(np.trapezoid(one.part(t, axis), t), rel=1e-7)


def test_the_forces_carry_the_body() -> None:
    """At rest in the set position, and the velocity at the exit is the net impulse over the mass."""
    trial = start(seed=4, noise=0.0, offset=0.0, rate=20_000.0)
    truth = truth_of(trial)
    mass, t = truth.settings["mass"], np.arange(trial.samples) / trial.rate
    x = np.sum([*trial.components.values()], axis=0)
    early = t < truth.events["hand_onset"] - 0.05
    assert trial.fz[:, early].sum(axis=0) == pytest.approx(mass * G)
    assert x[early] == pytest.approx(0.0, abs=1e-9)
    push = (t >= truth.events["push_onset"]) & (t <= truth.events["front_exit"])
    up = np.trapezoid(trial.fz.sum(axis=0)[push] - mass * G, t[push]) / mass
    assert up == pytest.approx(truth["block_velocity_z"], abs=1e-3)
    assert np.trapezoid(x[push], t[push]) / mass == pytest.approx(truth["block_velocity_x"], abs=1e-3)


def test_simulated_starts_are_those_of_sprinters() -> None:
    """METRICS.md 10, typical."""
    for seed in range(12):
        truth = truth_of(start(seed=seed))
        for name, low, high in (("block_velocity_x", 2.9, 3.8), ("projection_angle", 5.0, 18.0),
                                ("push_time", 0.30, 0.42), ("reaction_time", 0.10, 0.21), ("ahep_rel", 10.0, 21.0),
                                ("rear_impulse_share", 20.0, 45.0), ("ratio_of_forces_block", 45.0, 75.0)):  # fmt: skip
            assert low <= truth[name] <= high, (seed, name, truth[name])


@pytest.mark.parametrize("wrong", [{"start": "jog"}, {"gun": "bell"}, {"velocity": 9.0}, {"posture": 0.01}, {"arm": 1}])
def test_what_cannot_be_simulated_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="simulate"):
        start(**wrong)


# --- accuracy and uncertainty ---


def test_accuracy_at_1_khz_and_2_newtons() -> None:
    """Issue 8: times within 4 ms, velocity within 0.03 m/s, impulses within 1.5 %, angle within 1 degree."""
    for seed in range(25):
        trial = start(seed=seed, noise=2.0)
        truth, rep = truth_of(trial), only(trial)
        for name in ("reaction_time", "push_time", "rear_push_time", "total_block_time", "hand_reaction_time"):
            assert abs(rep[name].value - truth[name]) < 0.004, (seed, name)
        for name in ("block_velocity_x", "block_velocity_z"):
            assert abs(rep[name].value - truth[name]) < 0.03, (seed, name)
        for name in ("impulse_x_front", "impulse_x_rear", "impulse_z_front", "impulse_z_rear", "impulse_x_total"):
            assert rep[name].value == pytest.approx(truth[name], rel=0.015), (seed, name)
        assert abs(rep["projection_angle"].value - truth["projection_angle"]) < 1.0, seed


COVERED = ("reaction_time", "push_time", "impulse_x_total", "block_velocity_x", "block_velocity_z", "ahep_rel",
           "rear_impulse_share", "peak_force_front", "rfd_rear", "block_power_peak", "system_weight")  # fmt: skip


def test_u95_holds_the_truth() -> None:
    """The short form of tests/coverage_study.py."""
    trials = [start(seed=seed, noise=2.0) for seed in range(100, 160)]
    table = analyse_many(trials, test="block_start")
    inside = {name: np.mean([abs(v - truth_of(t)[name]) <= u for v, u, t in
                             zip(table[name], table.u95[name], trials, strict=True)]) for name in COVERED}  # fmt: skip
    assert min(inside.values()) >= 0.86, inside
    assert np.mean([*inside.values()]) >= 0.92


def test_many_starts_are_each_as_alone() -> None:
    trials = [start(seed=seed) for seed in range(3)]
    table = analyse_many(trials, test="block_start")
    for i, trial in enumerate(trials):
        for name in ("reaction_time", "block_velocity_x", "projection_angle", "rfd_front"):
            assert table[name][i] == pytest.approx(only(trial)[name].value, rel=1e-12)


@pytest.mark.parametrize("rate", [500.0, 2000.0])
def test_other_rates(rate: float) -> None:
    trial = start(seed=6, rate=rate)
    truth, rep = truth_of(trial), only(trial)
    for name in ("reaction_time", "push_time", "block_velocity_x", "projection_angle"):
        assert abs(rep[name].value - truth[name]) <= 2.0 * rep[name].u95, name


# --- identities ---


def test_identities() -> None:
    """METRICS.md 10 and 19: sums and quotients of one start."""
    rep = only(start(seed=2), parameters={"leg_length": 0.95})
    v = {name: rep[name].value for name in rep}
    mass = v["system_mass"]
    assert v["block_velocity_x"] == pytest.approx(v["impulse_x_total"] / mass)
    assert v["ahep"] == pytest.approx(mass * v["block_velocity_x"] ** 2 / (2.0 * v["push_time"]))
    assert v["nahep"] == pytest.approx(v["ahep"] / (mass * G**1.5 * 0.95**0.5))
    assert v["total_block_time"] == pytest.approx(v["reaction_time"] + v["push_time"])
    assert v["rear_push_share"] == pytest.approx(100.0 * v["rear_push_time"] / v["push_time"])
    assert v["projection_angle"] == pytest.approx(np.degrees(np.arctan2(v["block_velocity_z"], v["block_velocity_x"])))
    both = v["impulse_x_front"] + v["impulse_x_rear"]
    assert v["rear_impulse_share"] == pytest.approx(100.0 * v["impulse_x_rear"] / both)
    assert sum(v[f"set_share_{plate}"] for plate in ("front", "rear", "hands")) == pytest.approx(100.0)
    assert rep["nahep_basis"].label == "leg"


def test_the_worked_example_of_nahep() -> None:
    """80 kg, 3.40 m/s, 0.35 s, a leg of 0.95 m: 0.552 (METRICS.md 10)."""
    power = 80.0 * 3.40**2 / (2.0 * 0.35)
    assert power / (80.0 * G**1.5 * 0.95**0.5) == pytest.approx(0.552, abs=5e-4)
    rep = only(start(seed=2), parameters={"leg_length": 0.95})
    scale = rep["nahep"].value / rep["ahep_rel"].value
    assert scale * power / 80.0 == pytest.approx(0.552, abs=5e-4)


def test_stature_is_the_other_basis() -> None:
    trial = dataclasses.replace(start(seed=2), height=1.80)
    rep = only(trial)
    assert rep["nahep_basis"].label == "stature"
    assert rep["nahep"].value == pytest.approx(rep["ahep_rel"].value / (G**1.5 * 1.80**0.5))
    assert only(start(seed=2))["nahep"].code == "no_leg_length"


# --- events ---


def test_every_rule_for_the_onset_is_kept() -> None:
    trial = start(seed=5)
    truth, rep = truth_of(trial), only(trial)
    times = {name: rep.events[name].t for name in ("push_onset", "push_onset_3sd", "push_onset_5sd", "push_onset_fixed",
                                                   "push_onset_slope")}  # fmt: skip
    assert times["push_onset_3sd"] <= times["push_onset_5sd"] <= times["push_onset_fixed"]
    assert abs(times["push_onset_fixed"] - truth.events["push_onset_fixed"]) < 0.002
    assert times["push_onset_slope"] < times["push_onset"]
    assert rep["reaction_time_fixed"].value > rep["reaction_time"].value


def test_false_start() -> None:
    for reaction, early in ((0.06, True), (-0.05, True), (0.14, False)):
        analysis = analyse(start(seed=3, reaction=reaction), test="block_start")
        assert analysis.reps[0]["false_start_flag"].value == float(early)
        assert ("false_start" in checks(analysis)) == early
        assert abs(analysis.reps[0]["reaction_time"].value - reaction) < 0.03


def test_no_gun_refuses_the_reaction_only() -> None:
    rep = only(start(seed=1, gun="none"))
    for name in ("reaction_time", "total_block_time", "false_start_flag", "hand_reaction_time"):
        assert rep[name].code == "no_gun", name
    assert rep["block_velocity_x"].value == pytest.approx(truth_of(start(seed=1))["block_velocity_x"], abs=0.02)


def test_a_gun_of_another_start() -> None:
    trial = start(seed=1)
    gun = trial.signals[0]
    late = Signal(
        name="gun", rate=gun.rate, unit="V", values=np.where(np.arange(trial.samples) > trial.samples - 60, 5.0, 0.0)
    )
    assert only(dataclasses.replace(trial, signals=(late,)))["reaction_time"].code == "gun_late"


def test_the_sound_of_a_gun() -> None:
    """A channel that swings to both sides; the way of the sound is taken off where somebody says it."""
    for distance in (0.0, 6.0):
        trial = start(seed=7, gun="sound", distance=distance)
        told = instants(trial)["gun"]
        assert told.method == "sound"
        rep = only(trial, parameters={"gun_distance": distance})
        assert rep["reaction_time"].value == pytest.approx(truth_of(trial)["reaction_time"], abs=0.003)
    assert only(trial)["reaction_time"].value == pytest.approx(
        truth_of(trial)["reaction_time"] - 6.0 / 343.0, abs=0.003
    )


def test_a_block_that_springs_back() -> None:
    """The first crossing counts."""
    trial = start(seed=1)
    exit_at = round(truth_of(trial).events["rear_exit"] * trial.rate)
    spring = np.zeros(trial.samples)
    spring[exit_at + 30 : exit_at + 60] = 60.0
    sprung = moved(trial, rear_x=lambda x: x + spring, rear_z=lambda z: z + spring)
    assert only(sprung)["rear_push_time"].value == pytest.approx(only(trial)["rear_push_time"].value, abs=0.001)


def test_rolling_is_told() -> None:
    still, rolling = (analyse(start(seed=8, roll=roll), test="block_start") for roll in (0.0, 250.0))
    assert checks(still)["rolling_start"] == "info"
    assert checks(rolling)["rolling_start"] == "warn"
    assert checks(rolling)["set_hold_stability"] == "warn"


# --- what the channels cannot give ---


def test_without_a_plate_under_the_hands() -> None:
    trial = start(seed=1, hand_plate=False)
    truth, rep = truth_of(trial), only(trial)
    assert rep["block_velocity_z"].code == rep["projection_angle"].code == "no_hand_plate"
    assert rep["hand_reaction_time"].code == "no_hand_plate"
    assert rep["block_velocity_x"].value == pytest.approx(truth["block_velocity_x"], abs=0.02)
    assert rep["impulse_x_total"].method == "feet_alone"
    assert checks(analyse(trial, test="block_start"))["hands_x"] == "info"


def test_without_a_mass() -> None:
    weighed = dataclasses.replace(start(seed=1), mass=None)
    assert only(weighed)["system_mass"].value == pytest.approx(truth_of(weighed).settings["mass"], rel=0.005)
    rep = only(dataclasses.replace(start(seed=1, hand_plate=False), mass=None))
    for name in ("block_velocity_x", "ahep", "block_power_peak", "peak_force_front_rel"):
        assert rep[name].code == "no_start_mass", name
    assert np.isfinite(rep["impulse_x_total"].value)


def test_a_wrong_mass_is_told() -> None:
    trial = dataclasses.replace(start(seed=1, mass=70.0), mass=75.0)
    analysis = analyse(trial, test="block_start")
    assert checks(analysis)["set_weight"] == "warn"
    assert analysis.reps[0]["system_mass"].value == pytest.approx(75.0)


def test_one_plate_under_both_feet() -> None:
    trial = start(seed=1, blocks="shared")
    truth, rep = truth_of(trial), only(trial)
    for name in ("impulse_x_front", "rear_push_time", "rear_impulse_share", "rfd_rear", "rear_to_front_delay"):
        assert rep[name].code == "one_plate_start", name
    assert rep["block_velocity_x"].value == pytest.approx(truth["block_velocity_x"], abs=0.02)


def test_without_horizontal_forces() -> None:
    rep = only(dataclasses.replace(start(seed=1), components={}))
    for name in (
        "block_velocity_x",
        "impulse_x_front",
        "ratio_of_forces_block",
        "block_power_peak",
        "projection_angle",
    ):
        assert rep[name].code == "no_horizontal", name
    assert np.isfinite(rep["push_time"].value) and np.isfinite(rep["impulse_z_front"].value)


def test_where_on_the_block() -> None:
    """The line of force through a known point of the face meets it there."""
    trial, angle, base, up = start(seed=1, noise=0.0, offset=0.0), 50.0, -0.3, 0.08
    x, z = np.array(trial.components["front.fx"]), np.array(trial.fz[trial.plates.index("front")])
    at = base - up * np.cos(np.radians(angle)), up * np.sin(np.radians(angle))
    ground = at[0] - at[1] * x / np.where(z > 1.0, z, np.nan)
    seen = dataclasses.replace(trial, components={**trial.components, "front.copx": np.nan_to_num(ground)})
    parameters = {"block_angle_front": angle, "block_base_front": base}
    assert only(seen, parameters=parameters)["cop_on_block_front"].value == pytest.approx(up, abs=1e-6)
    assert only(seen)["cop_on_block_front"].code == "no_block_geometry"


# --- kinds of start ---


@pytest.mark.parametrize("kind", ["standing", "three_point"])
def test_other_starts(kind: str) -> None:
    trial = start(seed=9, start=kind)
    truth, rep = truth_of(trial), only(trial)
    for name, most in (("reaction_time", 0.004), ("push_time", 0.004), ("block_velocity_x", 0.03),
                       ("projection_angle", 1.0)):  # fmt: skip
        assert abs(rep[name].value - truth[name]) < most, name
    assert (rep["hand_reaction_time"].code == "no_hand_plate") == (kind == "standing")


def test_a_standing_start_on_one_plate() -> None:
    trial = dataclasses.replace(start(seed=9, start="standing", blocks="shared"), mass=None)
    truth, rep = truth_of(trial), only(trial)
    assert rep["block_velocity_z"].value == pytest.approx(truth["block_velocity_z"], abs=0.03)
    assert rep["impulse_x_rear"].code == "one_plate_start"


def test_a_flying_start_is_refused() -> None:
    analysis = analyse(dataclasses.replace(start(), start="flying"), test="block_start")
    assert (analysis.status, analysis.code, analysis.reps) == ("refused", "flying_start", ())


# --- odd inputs ---


def refused(trial: Trial) -> str | None:
    analysis = analyse(trial, test="block_start")
    assert analysis.status == "refused" and analysis.why
    return analysis.code or (analysis.reps[0].why and analysis.code)


def cut(trial: Trial, first: float, last: float) -> Trial:
    a, b = round(first * trial.rate), round(last * trial.rate)
    return dataclasses.replace(
        trial, fz=trial.fz[:, a:b], components={k: v[a:b] for k, v in trial.components.items()},
        signals=tuple(dataclasses.replace(s, values=s.values[a:b]) for s in trial.signals),
    )  # fmt: skip


def test_swapped_blocks() -> None:
    trial = start(seed=1)
    other = {"front": "rear", "rear": "front", "hands": "hands"}
    swapped = dataclasses.replace(
        trial, plates=tuple(other[p] for p in trial.plates),
        components={f"{other[k.partition('.')[0]]}.fx": v for k, v in trial.components.items()},
    )  # fmt: skip
    assert refused(swapped) == "blocks_swapped"


def test_a_record_that_is_cut() -> None:
    trial = start(seed=1)
    events = truth_of(trial).events
    assert refused(cut(trial, 0.0, events["front_exit"] - 0.03)) == "no_exit"
    assert refused(cut(trial, events["push_onset"] + 0.05, trial.duration)) in ("no_set", "no_push_onset")
    # the plates were never seen empty: no zero, so no width of what hangs on it
    short = analyse(cut(trial, 0.0, events["front_exit"] + 0.07), test="block_start")
    assert checks(short)["zero_assumed"] == "warn"
    assert np.isnan(short.reps[0]["impulse_x_front"].u95)


def test_forces_that_pull() -> None:
    backwards = moved(start(seed=1), front_x=np.negative, rear_x=np.negative, hands_x=np.negative)
    analysis = analyse(backwards, test="block_start")
    assert analysis.reps[0].status == "refused" and "push backwards" in str(analysis.reps[0].why)


def test_nobody_pushes() -> None:
    quiet = np.random.default_rng(1).normal(0.0, 1.0, (2, 3000))
    trial = Trial.from_forces(quiet + 200.0, 1000.0, ("front", "rear"), mass=80.0)
    assert refused(trial) == "no_push"


def test_no_numbers_are_made_of_steps() -> None:
    """A record with front and rear plates on which somebody only stands and walks off."""
    t = np.arange(4000) / 1000.0
    ramp = np.clip((3.0 - t) / 1.5, 0.0, 1.0)
    trial = Trial.from_forces(np.array([400.0 * ramp, 400.0 * ramp]), 1000.0, ("front", "rear"), mass=80.0)
    assert refused(trial) in ("no_push_onset", "no_set", "no_exit", "no_push", "blocks_swapped")


# --- files, command line ---


def test_the_contract_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, answers = tmp_path / "start.csv", tmp_path / "truth.json"
    assert cli.run(["simulate", "block_start", str(file), "--seed", "2", "--mass", "80", "--truth", str(answers)]) == 0
    head = file.read_text(encoding="ascii").splitlines()[0]
    assert head == "time,front_x,front_z,rear_x,rear_z,hands_x,hands_z,gun"
    capsys.readouterr()
    assert cli.run(["analyse", str(file), "--test", "block_start", "--mass", "80", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["trials"][0]
    truth = json.loads(answers.read_text(encoding="utf-8"))["values"]
    assert told["status"] == "ok"
    numbers = told["reps"][0]["metrics"]
    assert numbers["block_velocity_x"]["value"] == pytest.approx(truth["block_velocity_x"], abs=0.02)
    assert cli.run(["analyse", str(file), "--start", "flying"]) == 1
    assert "flying start" in " ".join(capsys.readouterr().out.split())
    assert cli.run(["analyse", str(file), "--start", "rolling"]) == 2
    assert "choose one of blocks, standing, three_point, flying" in capsys.readouterr().err


def test_a_trial_file_knows_its_start(tmp_path: Path) -> None:
    trial = start(seed=3, start="three_point")
    save(tmp_path / "start.h5", trial)
    back = next(iter(load(tmp_path / "start.h5")))
    assert back.start == "three_point"
    assert only(back)["block_velocity_x"].value == only(trial)["block_velocity_x"].value


@pytest.mark.parametrize("settings", [{}, {"blocks": "shared"}, {"hand_plate": False}, {"gun": "none"}])
def test_the_page_has_its_picture(settings: dict[str, Any]) -> None:
    """Each plate by name, the phases, the power where there is one, an arrow for each foot."""
    trial = start(seed=3, **settings)
    drawn = startplot.drawn(trial, only(trial))
    shown = page([(trial, analyse(trial, test="block_start"))])
    assert drawn.startswith("<svg") and "<svg" in shown
    words = ["forward power, W", "push starts", "front exit", *([] if "blocks" in settings else ["front", "rear"])]
    for word in words:
        assert f">{word}<" in drawn, word
    assert ("impulse forwards" in drawn) == ("blocks" not in settings)
    assert (">reaction<" in drawn) == ("gun" not in settings)
