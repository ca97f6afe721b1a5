"""Landings on their own: every number against plain arithmetic, what is none, what is refused, and real recordings."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import find_peaks

from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import METRICS, headline, metrics_for
from hipdrive.results import Results
from hipdrive.trial import Floats, Trial, Truth

G, FINE = 9.80665, 10_000.0
SEEDS = (1, 4, 9)


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


@cache
def measured(seed: int) -> Results:
    analysis = analyse(simulate("landing", seed=seed, rate=FINE, noise=0.0, offset=0.0), test="landing")
    assert len(analysis.reps) == 1
    return analysis.reps[0]


@cache
def reference(seed: int) -> dict[str, float]:
    """METRICS.md 4, and the names of the vendor's list, with trapezoids on a noiseless 10 kHz force."""
    trial = simulate("landing", seed=seed, rate=FINE, noise=0.0, offset=0.0)
    truth, events = truth_of(trial), truth_of(trial).events
    force = trial.fz.sum(axis=0)
    t = np.arange(len(force)) / FINE
    weight = truth["system_weight"]
    mass, net = weight / G, force - weight
    td, rest = events["touchdown"], t[-1]

    def cut(curve: Floats, a: float, b: float) -> tuple[Floats, Floats]:
        times = np.concatenate([[a], t[(t > a) & (t < b)], [b]])
        return times, np.interp(times, t, curve)

    def total(curve: Floats, a: float, b: float) -> float:
        times, values = cut(curve, a, b)
        return float((0.5 * (values[1:] + values[:-1]) * np.diff(times)).sum())

    running = np.concatenate([[0.0], np.cumsum(0.5 * (net[1:] + net[:-1]))]) / FINE / mass
    speed = running - np.interp(rest, t, running)
    place = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]))]) / FINE
    power = force * speed
    after = np.flatnonzero((t > td) & (speed >= 0.0))[0]
    lz = float(np.interp(0.0, speed[after - 1 : after + 1], t[after - 1 : after + 1]))
    stable = float(t[np.flatnonzero((np.abs(net) > 0.05 * weight) & (t > td))[-1]])

    def at(curve: Floats, time: float) -> float:
        return float(np.interp(time, t, curve))

    window = (t >= td) & (t < td + 0.3)
    peak, peak_at = force[window].max(), float(t[window][force[window].argmax()])
    impact, held = (t >= td) & (t < lz), (t >= lz) & (t < stable)
    depth, v_td = at(place, lz) - at(place, td), at(speed, td)
    n = round(0.005 * FINE)
    smooth = np.convolve(force[window], np.ones(n) / n, "same")
    first = int(find_peaks(smooth[: len(smooth) - n], prominence=0.1 * peak)[0][0])
    top = force[window][first]
    low, high = (int(np.argmax(force[window] >= part * top)) for part in (0.2, 0.8))
    gained = at(place, stable) - at(place, lz)
    strongest = power[held][np.abs(power[held]).argmax()]
    impact_power, held_power = total(power, td, lz) / (lz - td), total(power, lz, stable) / (stable - lz)
    mean_force = total(force, td, lz) / (lz - td)
    return {
        "system_weight": weight,
        "system_mass": mass,
        "body_mass": mass,
        "flight_baseline": 0.0,
        "peak_landing_force": peak,
        "peak_landing_force_rel": peak / weight,
        "time_to_peak_landing_force": peak_at - td,
        "landing_rate_mean": (peak - at(force, td)) / (peak_at - td),
        "impact_rfd": (peak - at(force, td)) / (peak_at - td),
        "landing_rate_2080": 0.6 * top / (high - low) * FINE,
        "landing_net_impulse_100ms": total(net, td, td + 0.1),
        "landing_gross_impulse_100ms": total(force, td, td + 0.1),
        "landing_depth": depth,
        "landing_time": lz - td,
        "landing_stiffness": at(force, lz) / -depth,
        "landing_stiffness_slope": (at(force, lz) - at(force, td)) / -depth,
        "energy_absorbed": -total(power, td, lz),
        "time_to_stabilisation": stable - td,
        "touchdown_velocity": v_td,
        "touchdown_velocity_backward": v_td,
        "touchdown_velocity_box": -np.sqrt(2.0 * G * float(trial.box_height or np.nan)),
        "drop_height": v_td**2 / (2.0 * G),
        "drop_height_error": v_td**2 / (2.0 * G) - float(trial.box_height or np.nan),
        "mean_impact_force": mean_force,
        "mean_impact_force_rel": mean_force / weight,
        "mean_impact_power": impact_power,
        "mean_impact_power_rel": impact_power / mass,
        "peak_impact_power": power[impact].min(),
        "peak_impact_power_rel": power[impact].min() / mass,
        "mean_impact_velocity": depth / (lz - td),
        "impact_share": 100.0 * (lz - td) / (stable - td),
        "stabilisation_time": stable - lz,
        "stabilisation_share": 100.0 * (stable - lz) / (stable - td),
        "mean_stabilisation_force": total(force, lz, stable) / (stable - lz),
        "mean_stabilisation_power": held_power,
        "mean_stabilisation_power_rel": held_power / mass,
        "peak_stabilisation_power": strongest,
        "peak_stabilisation_power_rel": strongest / mass,
        "mean_stabilisation_velocity": gained / (stable - lz),
        "stability_depth": at(place, stable) - at(place, td),
    }


LOOSE = {"landing_rate_2080": 0.03, "landing_rate_mean": 0.01, "impact_rfd": 0.01}
"""Slopes between two samples of a curve."""

ELSEWHERE = {"touchdown_velocity_two_plate", "touchdown_velocity_flight"}
"""Need a plate under the box, or a jump before: tests of their own."""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_is_its_formula(seed: int) -> None:
    by_hand, rep = reference(seed), measured(seed)
    assert set(by_hand) == {m.name for m in metrics_for("landing")} - ELSEWHERE, "no metric without a reference"
    for name, expected in by_hand.items():
        assert rep[name].value == pytest.approx(expected, rel=LOOSE.get(name, 2e-3), abs=2e-4), name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_simulators_truth_agrees_with_the_reference(seed: int) -> None:
    for name, expected in truth_of(simulate("landing", seed=seed)).values.items():
        assert reference(seed)[name] == pytest.approx(expected, rel=0.03 if "2080" in name else 1e-3, abs=2e-4), name


def test_headline_in_the_order_of_a_coach() -> None:
    assert headline("landing") == ("peak_landing_force_rel", "time_to_stabilisation", "landing_rate_2080",
                                   "landing_depth", "drop_height")  # fmt: skip
    assert METRICS["impact_rfd"].repeats == "landing_rate_mean"


def test_energy_is_what_fell_and_sank() -> None:
    rep = measured(1)
    mass, weight = rep["system_mass"].value, rep["system_weight"].value
    fallen = 0.5 * mass * rep["touchdown_velocity"].value ** 2
    assert rep["energy_absorbed"].value == pytest.approx(fallen - weight * rep["landing_depth"].value, rel=1e-6)


def test_sides_add_up() -> None:
    rep = analyse(simulate("landing", seed=2, left_share=0.56, noise=0.0), test="landing").reps[0]
    for name in [m.name for m in metrics_for("landing") if m.sides]:
        assert rep[f"{name}_left"].value + rep[f"{name}_right"].value == pytest.approx(rep[name].value, rel=1e-9)
        assert rep[f"asym_{name}"].value == pytest.approx(12.0, abs=0.3), name


# --- ways to the velocity ---


def test_the_best_way_to_the_velocity_is_named() -> None:
    trial = simulate("landing", seed=1, box_plate=True)
    rep = analyse(trial, test="landing").reps[0]
    assert rep["touchdown_velocity"].method == "two_plate"
    assert rep["touchdown_velocity"].value == pytest.approx(truth_of(trial)["touchdown_velocity"], abs=0.01)
    assert rep["touchdown_velocity_backward"].value == pytest.approx(rep["touchdown_velocity"].value, abs=0.01)
    plain = analyse(simulate("landing", seed=1), test="landing").reps[0]
    assert plain["touchdown_velocity"].method == "backward_integration"
    assert plain["touchdown_velocity_two_plate"].code == "no_box_plate"
    assert plain["touchdown_velocity_flight"].code == "no_jump_before"


def brief(test: str, after: float, **facts: float) -> Trial:
    trial = simulate(test, seed=1)
    until = round((truth_of(trial).events["touchdown"] + after) * trial.rate)
    return Trial.from_forces(trial.fz[:, :until], trial.rate, trial.plates, **facts)


def test_without_a_rest_the_flight_before_or_the_box_give_the_velocity() -> None:
    jump = simulate("cmj", seed=1)
    rep = analyse(brief("cmj", 0.8), test="landing").reps[0]
    flight = -0.5 * G * truth_of(jump)["flight_time"]
    assert rep["touchdown_velocity"].method == "flight, weight before"
    assert rep["touchdown_velocity"].value == pytest.approx(flight, abs=0.01)
    assert rep["time_to_stabilisation"].code == "no_stillness"
    mass = float(truth_of(simulate("landing", seed=1)).settings["mass"])
    boxed = analyse(brief("landing", 0.8, mass=mass, box_height=0.4), test="landing").reps[0]
    assert boxed["touchdown_velocity"].method.startswith("box_height")
    assert boxed["touchdown_velocity"].value == pytest.approx(-np.sqrt(2.0 * G * 0.4))
    assert np.isnan(boxed["touchdown_velocity"].u95)
    bare = analyse(brief("landing", 0.8, mass=mass), test="landing").reps[0]
    assert bare["touchdown_velocity"].code == "no_stillness" and bare["peak_landing_force"].value > 1000.0


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_the_landing_of_a_jump_is_the_same_landing(test: str) -> None:
    """Declared a landing, the last contact gives the numbers of the jump's landing."""
    trial = simulate(test, seed=3)
    jump, rep = analyse(trial, test=test).reps[0], analyse(trial, test="landing").reps[0]
    for name in ("peak_landing_force", "landing_rate_2080", "time_to_stabilisation", "landing_net_impulse_100ms"):
        assert rep[name].value == pytest.approx(jump[name].value, rel=2e-3), name
    assert rep["landing_depth"].value == pytest.approx(jump["landing_depth"].value, abs=0.01)
    flight = -0.5 * G * jump["flight_time"].value
    assert rep["touchdown_velocity_flight"].value == pytest.approx(flight)


# --- what is no landing, and what is refused ---


def stepped_on() -> Trial:
    """Two seconds of empty plate, then one foot after the other, and standing."""
    ramp = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 400))
    force = 700.0 * np.concatenate(
        [np.zeros(2000), ramp, 1.0 + 0.08 * np.sin(np.linspace(0, 6.28, 400)), np.ones(4000)]
    )
    return Trial.from_forces(force + np.random.default_rng(1).normal(0.0, 1.5, len(force)), 1000.0)


def test_a_step_onto_the_plate_is_no_landing() -> None:
    analysis = analyse(stepped_on(), test="landing")
    assert analysis.status == "refused" and analysis.code == "no_touchdown" and not analysis.reps


def test_a_contact_that_a_jump_follows_is_no_landing() -> None:
    trial = simulate("dj", seed=2)
    (rep,) = analyse(trial, test="landing").reps
    assert rep.events["touchdown"].t == pytest.approx(truth_of(trial).events["touchdown"], abs=0.002)


def test_half_of_the_weight_on_the_plate_is_refused() -> None:
    """One foot beside the plate: the given mass, or the weight before the jump, tells."""
    trial = simulate("landing", seed=1)
    mass = float(truth_of(trial).settings["mass"])
    half = Trial.from_forces(0.5 * trial.fz.sum(axis=0), trial.rate, mass=mass)
    analysis = analyse(half, test="landing")
    assert analysis.status == "refused" and analysis.code == "beside_plate"
    jump = simulate("cmj", seed=1)
    down = round(truth_of(jump).events["touchdown"] * jump.rate)
    force = jump.fz.sum(axis=0).copy()
    force[down:] *= 0.6
    assert analyse(Trial.from_forces(force, jump.rate), test="landing").code == "beside_plate"


def test_a_foot_that_misses_its_plate_fails_a_check() -> None:
    trial = simulate("landing", seed=1, left_share=1.0)
    analysis = analyse(trial, test="landing")
    assert analysis.status == "flagged"
    assert {f.level for f in analysis.quality if f.check == "landing_on_plate"} == {"fail"}
    alone = analyse(trial.with_facts(side="left"), test="landing")
    assert alone.status == "ok" and "peak_landing_force_left" not in alone.reps[0]


def test_a_second_landing_counts_and_each_keeps_its_number() -> None:
    pieces = [simulate("landing", seed=seed, mass=75.0, offset=0.0, plates=1) for seed in (1, 2)]
    force = np.concatenate([p.fz[0] for p in pieces])
    analysis = analyse(Trial.from_forces(force, 1000.0), test="landing")
    assert [rep.rep for rep in analysis.reps] == [1, 2]
    for rep, piece in zip(analysis.reps, pieces, strict=True):
        assert rep["drop_height"].value == pytest.approx(truth_of(piece)["drop_height"], abs=0.005)
    best = analysis.summary["time_to_stabilisation_best"].value
    assert best == min(rep["time_to_stabilisation"].value for rep in analysis.reps)


def test_many_at_once_are_the_same() -> None:
    trials = [simulate("landing", seed=seed) for seed in range(6)]
    table = analyse_many(trials, test="landing")
    for row, trial in enumerate(trials):
        rep = analyse(trial, test="landing").reps[0]
        for name in headline("landing"):
            assert table[name][row] == pytest.approx(rep[name].value, rel=1e-12)


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["DJ", "CMJ", "SJ"])
def test_a_real_second_landing_cut_out_is_the_landing_of_the_jump(kind: str, data: Path) -> None:
    path = data / "gidiel_cmj_sj_dj" / f"Dual-{kind}-Fz.txt"
    trial = read(path, rate=1000.0, columns="left.fz=FP1,right.fz=FP2")
    jump = analyse(trial, test=kind.lower()).reps[0]
    begin = round((jump.events["touchdown"].t - 0.35) * trial.rate)
    cut = Trial.from_forces(trial.fz[:, begin:], trial.rate, trial.plates)
    rep = analyse(cut, test="landing").reps[0]
    for name in ("peak_landing_force", "landing_rate_2080", "time_to_stabilisation", "asym_peak_landing_force"):
        assert rep[name].value == pytest.approx(jump[name].value, rel=0.01), name
    assert rep["landing_depth"].value == pytest.approx(jump["landing_depth"].value, abs=0.01)
    assert rep["touchdown_velocity"].value == pytest.approx(-0.5 * G * jump["flight_time"].value, abs=0.05)
