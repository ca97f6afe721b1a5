"""METRICS.md 19: identities that hold whatever the rules are, on simulated and on real recordings."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import metrics_for
from hipdrive.results import Results
from hipdrive.trial import Floats, Trial

G = 9.80665
TESTS = ("cmj", "sj", "dj")
REAL = {
    "gidiel_cmj_sj_dj/Dual-CMJ-Fz.txt": {"rate": 1000, "columns": "left.fz=FP1,right.fz=FP2"},
    "gidiel_cmj_sj_dj/Dual-SJ-Fz.txt": {"rate": 1000, "columns": "left.fz=FP1,right.fz=FP2"},
    "gidiel_cmj_sj_dj/Dual-DJ-Fz.txt": {"rate": 1000, "columns": "left.fz=FP1,right.fz=FP2"},
    "jumpmetrics_cmj_sj/F02_CTRL1.txt": {"rate": 2000},
    "acl_squat_jump/BFR007_squat_jump.csv": {},
    "bmc_vertical_jump/jump1.txt": {},
}


def number(rep: Results, name: str) -> float:
    value = rep[name]
    assert value.code is None, f"{name}: {value.why}"
    return value.value


def net(trial: Trial, rep: Results) -> Floats:
    """Force less its mean while the athlete was weighed, N: no zero level is needed."""
    force = trial.fz.sum(axis=0)
    first, last = (round(rep.events[e].t * trial.rate) for e in ("weigh_start", "weigh_end"))
    return np.asarray(force - force[first:last].mean())


def integral(trial: Trial, values: Floats, start: float, end: float) -> float:
    """Trapezoid between two times, s."""
    grid = np.arange(len(values)) / trial.rate
    times = np.concatenate([[start], grid[(grid > start) & (grid < end)], [end]])
    y = np.interp(times, grid, values)
    return float((0.5 * (y[1:] + y[:-1]) * np.diff(times)).sum())


def holds_for_a_jump(trial: Trial, rep: Results) -> None:
    """I1 to I5 of a countermovement jump."""
    mass, v_to = number(rep, "system_mass"), number(rep, "takeoff_velocity")
    unweighting, braking, push = (
        number(rep, f"{name}_net_impulse") for name in ("unweighting", "braking", "propulsive")
    )
    scale = mass * v_to
    assert unweighting + braking + push == pytest.approx(scale, rel=1e-9), "I1"
    one_sample = 0.05 * number(rep, "force_at_zero_velocity") / trial.rate
    assert braking == pytest.approx(-unweighting, abs=one_sample), "I2"
    t_pnv = rep.events["peak_negative_velocity"].t
    force = net(trial, rep)
    k = int(t_pnv * trial.rate)
    here = float(np.interp(t_pnv * trial.rate, [k, k + 1], force[k : k + 2]))
    assert abs(here) <= abs(force[k + 1] - force[k]) + 1e-9, "I3"
    assert push / mass == pytest.approx(v_to, rel=1e-9), "I5"
    on, to = rep.events["onset"].t, rep.events["takeoff"].t
    steps = np.concatenate([[0.0], np.cumsum(0.5 * (force[1:] + force[:-1]))]) / trial.rate / mass
    grid = np.arange(len(force)) / trial.rate
    velocity = steps - np.interp(on, grid, steps)
    gross = force + number(rep, "system_weight")
    work = integral(trial, gross * velocity, on, to)
    energy = mass * G * number(rep, "takeoff_displacement") + 0.5 * mass * v_to**2
    tolerance = 1e-4 if trial.rate >= 1000.0 else 4e-4
    assert work == pytest.approx(energy, rel=tolerance), "I4, by a trapezoid of F v"
    assert work / (mass * G) == pytest.approx(number(rep, "jump_height_total"), rel=tolerance), "Moir's TOV + s"
    assert number(rep, "impulse_ratio") == pytest.approx(push / braking, rel=1e-9)
    assert number(rep, "positive_net_impulse") == pytest.approx(braking + push, rel=1e-9)
    halves = (number(rep, f"propulsive_impulse_{half}_half") for half in ("first", "second"))
    assert sum(halves) == pytest.approx(push, rel=1e-9)
    assert number(rep, "time_to_takeoff") == pytest.approx(
        sum(number(rep, f"{phase}_time") for phase in ("unweighting", "braking", "propulsion")), rel=1e-12
    )


def holds_for_a_drop(trial: Trial, rep: Results) -> None:
    """I7 and I8 of a drop jump."""
    mass, v_td, v_to = (number(rep, n) for n in ("system_mass", "touchdown_velocity", "takeoff_velocity"))
    contact = integral(trial, net(trial, rep), rep.events["first_contact"].t, rep.events["takeoff"].t)
    assert v_to - v_td == pytest.approx(contact / mass, rel=1e-4), "I7"
    ratio = np.sqrt(number(rep, "jump_height_tov") / number(rep, "drop_height"))
    assert number(rep, "impulse_ratio") == pytest.approx(ratio, rel=1e-9), "I7"
    assert number(rep, "impulse_ratio") == pytest.approx(
        number(rep, "propulsive_net_impulse") / number(rep, "braking_net_impulse"), rel=1e-6
    )
    assert number(rep, "rsi_jh") == pytest.approx(
        G * number(rep, "flight_time") / 8.0 * number(rep, "rsi_ft"), rel=1e-12
    ), "I8"
    assert number(rep, "braking_net_impulse") == pytest.approx(-mass * v_td, rel=1e-6)
    assert number(rep, "contact_time") == pytest.approx(
        number(rep, "braking_time") + number(rep, "propulsion_time"), rel=1e-12
    )


def holds_for_any(trial: Trial, rep: Results) -> None:
    """Heights, momentum, work, and I14 of every repetition."""
    v_to, mass = number(rep, "takeoff_velocity"), number(rep, "system_mass")
    assert number(rep, "jump_height_tov") == pytest.approx(v_to**2 / (2.0 * G), rel=1e-12)
    assert number(rep, "jump_height_ft") == pytest.approx(G * number(rep, "flight_time") ** 2 / 8.0, rel=1e-12)
    assert number(rep, "jump_momentum") == pytest.approx(mass * v_to, rel=1e-12)
    assert number(rep, "propulsive_net_impulse") == pytest.approx(mass * v_to, rel=1e-6), "I5"
    power = number(rep, "mean_propulsive_power") * number(rep, "propulsion_time")
    assert power == pytest.approx(number(rep, "propulsive_work"), rel=1e-9)
    if "asym_peak_landing_force" in rep:
        for name in (m.name for m in metrics_for(rep.test) if m.sides and rep[m.name].code is None):
            sides = rep[f"{name}_left"].value + rep[f"{name}_right"].value
            assert sides == pytest.approx(rep[name].value, rel=1e-9), f"I14 {name}"


def holds(trial: Trial, rep: Results) -> None:
    holds_for_any(trial, rep)
    if rep.test == "cmj":
        holds_for_a_jump(trial, rep)
    if rep.test == "dj":
        holds_for_a_drop(trial, rep)


@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0])
@pytest.mark.parametrize("test", TESTS)
def test_identities_of_simulated_movements(test: str, rate: float) -> None:
    for seed in range(4):
        trial = simulate(test, seed=seed, rate=rate, noise=2.0)
        holds(trial, analyse(trial).reps[0])


@pytest.mark.real_data
@pytest.mark.parametrize("file", REAL)
def test_identities_of_recordings(data: Path, file: str) -> None:
    trial = read(data / file, **REAL[file])  # type: ignore[arg-type]
    analysis = analyse(trial, test="auto")
    whole = [rep for rep in analysis.reps if rep["takeoff_velocity"].code is None]
    assert whole, analysis.why
    for rep in whole:
        holds(trial, rep)


def between_rests(trial: Trial, rep: Results) -> float:
    """I6: mean force between two instants of rest, zero taken off, N."""
    start, end = rep.events["weigh_end"].t, rep.events["rest_start"].t
    return integral(trial, net(trial, rep), start, end) / (end - start) + number(rep, "system_weight")


@pytest.mark.parametrize("test", ["cmj", "sj"])
def test_mean_force_between_two_rests_is_the_weight(test: str) -> None:
    for seed in range(6):
        trial = simulate(test, seed=seed)
        assert trial.truth is not None
        rep = analyse(trial).reps[0]
        # a squat jump ends taller than it began, but as still
        assert between_rests(trial, rep) == pytest.approx(trial.truth["system_weight"], abs=0.7)


@pytest.mark.real_data
def test_mean_force_between_two_rests_is_the_weight_of_a_recording(data: Path) -> None:
    file = "gidiel_cmj_sj_dj/Dual-CMJ-Fz.txt"
    trial = read(data / file, **REAL[file])  # type: ignore[arg-type]
    rep = analyse(trial).reps[0]
    assert between_rests(trial, rep) == pytest.approx(number(rep, "system_weight"), rel=5e-3)


# --- I15, I16: scaling, shift, rate ---

FORCES = {"N", "N/s", "N*s", "N/m", "W", "W/s", "J", "kg", "kg*m/s"}
"""Units that double with force; all others stay."""


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=10)
@given(factor=st.floats(0.6, 1.8), seed=st.integers(0, 5))
def test_scaling_force_and_weight_scales_forces_only(test: str, factor: float, seed: int) -> None:
    """I15, with the thresholds in newtons scaled along."""
    plain = simulate(test, seed=seed, mass=75.0)
    scaled = Trial.from_forces(factor * plain.fz, plain.rate, plain.plates, test=test)
    moved = {"onset_floor": 10.0 * factor, "edge_floor": 10.0 * factor, "offset_min": 0.5 * factor}
    one, two = analyse(plain).reps[0], analyse(scaled, parameters=moved).reps[0]
    for name, value in one.items():
        if value.code is None and "box" not in value.method:
            expected = value.value * (factor if value.unit in FORCES else 1.0)
            assert two[name].value == pytest.approx(expected, rel=2e-3, abs=1e-6), name


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=10)
@given(samples=st.integers(1, 900), seed=st.integers(0, 5))
def test_a_later_start_of_the_record_changes_nothing(test: str, samples: int, seed: int) -> None:
    """I16: standing (or an empty plate) put in front moves events and leaves numbers."""
    plain = simulate(test, seed=seed, quiet=5.0, noise=0.0, offset=0.0)
    front = np.repeat(plain.fz[:, :1], samples, axis=1)
    later = Trial.from_forces(np.concatenate([front, plain.fz], axis=1), plain.rate, plain.plates, test=test)
    one, two = analyse(plain).reps[0], analyse(later).reps[0]
    for name, value in one.items():
        if value.code is None and "box" not in value.method:
            assert two[name].value == pytest.approx(value.value, rel=2e-4, abs=2e-5), name
    assert two.events["takeoff"].t == pytest.approx(one.events["takeoff"].t + samples / plain.rate, abs=1e-6)


@pytest.mark.parametrize("test", TESTS)
def test_heights_do_not_depend_on_the_sampling_rate(test: str) -> None:
    """I16: 1 and 2 kHz agree within 0.5 mm."""
    tables = [
        analyse_many([simulate(test, seed=s, rate=rate, noise=0.5) for s in range(15)], test=test)
        for rate in (1000.0, 2000.0)
    ]
    for name in ("jump_height_tov", "jump_height_ft"):
        assert np.abs(tables[0][name] - tables[1][name]).max() < 5e-4, name


@pytest.mark.parametrize("test", TESTS)
def test_left_and_right_changed_over_are_left_and_right_changed_over(test: str) -> None:
    plain = simulate(test, seed=3)
    mirrored = dataclasses.replace(plain, fz=plain.fz[::-1])
    one, two = analyse(plain).reps[0], analyse(mirrored).reps[0]
    for name in (m.name for m in metrics_for(test) if m.sides):
        assert two[f"{name}_left"].value == pytest.approx(one[f"{name}_right"].value, rel=1e-9)
        assert two[f"asym_{name}"].value == pytest.approx(-one[f"asym_{name}"].value, rel=1e-6, abs=1e-9)
        assert two[name].value == pytest.approx(one[name].value, rel=1e-12)
