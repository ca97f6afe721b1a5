"""Hops and jumps with rebound: found, measured by their formulas, summed up, refused; METRICS.md 5 and 6, I8, I9."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_metrics as plain

from hipdrive import cli
from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.hop_series import series
from hipdrive.analysis.locate import Given, locate
from hipdrive.analysis.profile import load_profile
from hipdrive.analysis.rebound import rebounds
from hipdrive.analysis.registry import metrics_for, summaries_for
from hipdrive.analysis.scene import Found, Scene
from hipdrive.analysis.segment import survey
from hipdrive.analysis.signal import Block
from hipdrive.errors import UsageError
from hipdrive.results import Analysis, Results
from hipdrive.trial import Floats, Trial, Truth

G, FINE = 9.80665, 10_000.0
SEEDS = (0, 3, 7)


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


def cut(trial: Trial, first: float, last: float, **facts: float) -> Trial:
    a, b = (max(0, round(t * trial.rate)) for t in (first, last))
    return Trial.from_forces(trial.fz[:, a:b], trial.rate, trial.plates, test=trial.test, **facts)


def values(over: Any) -> dict[str, float]:
    return {name: value.value for name, value in over.items()}


# --- every hop is found ---


@pytest.mark.parametrize("seed", range(24))
def test_every_hop_is_found_and_nothing_else(seed: int) -> None:
    trial = simulate("hops", seed=seed, plates=1 + seed % 2)
    truth, analysis = truth_of(trial), analyse(trial)
    assert analysis.status == "ok" and [r.rep for r in analysis.reps] == list(range(1, len(truth.reps) + 1))
    assert not [f for f in analysis.quality if f.check == "other_flights"], "the first push is part of the series"
    for rep, known in zip(analysis.reps, truth.reps, strict=True):
        for name, t in known["events"].items():
            assert rep.events[name].t == pytest.approx(t, abs=1e-3), name
        assert rep["hop_first"].value == float(rep.rep == 1)


def test_both_starts_are_simulated_and_one_hop_is_slow_now_and_then() -> None:
    truths = [truth_of(simulate("hops", seed=seed)) for seed in range(24)]
    assert {t.settings["start"] for t in truths} == {"standing", "box"}
    assert len({t.settings["hops"] for t in truths}) > 4
    slow = [max(hop["values"]["hop_contact_time"] for hop in t.reps) > 0.25 for t in truths]
    assert 4 < sum(slow) < 20


def test_the_settings_of_hops_are_taken_and_belong_to_hops_only() -> None:
    for start in ("standing", "box"):
        trial = simulate("hops", seed=1, hops=6, start=start)
        assert len(analyse(trial).reps) == 6
    with pytest.raises(UsageError, match="no number of hops"):
        simulate("cmj", hops=5)
    with pytest.raises(UsageError, match="start 'bed'"):
        simulate("hops", start="bed")
    for number in (0, 2.5, 201):
        with pytest.raises(UsageError, match="hops are not possible; give 1 to 200"):
            simulate("hops", hops=number)  # type: ignore[arg-type]


def test_one_leg_hops_on_its_own_plate() -> None:
    trial = simulate("hops", seed=2, left_share=1.0)
    whole = analyse(trial)
    alone = analyse(trial.with_facts(side="left"))
    assert len(alone.reps) == len(whole.reps)
    assert alone.summary["rsi_10_5"].value == pytest.approx(whole.summary["rsi_10_5"].value, abs=5e-3)
    assert "asym_hop_mean_force" not in alone.reps[0] and "asym_hop_mean_force" in whole.reps[0]


def test_many_are_the_same_as_one_by_one() -> None:
    for test in ("hops", "cmj_rebound"):
        trials = [simulate(test, seed=seed) for seed in range(4)]
        table = analyse_many(trials)
        for i, trial in enumerate(trials):
            for row, rep in zip(np.flatnonzero(table.trial == i), analyse(trial).reps, strict=True):
                for name, value in rep.items():
                    np.testing.assert_allclose(table[name][row], value.value, rtol=1e-9, atol=1e-12, err_msg=name)
                    np.testing.assert_allclose(table.u95[name][row], value.u95, rtol=1e-6, err_msg=name)


# --- a plain second implementation, on a noiseless 10 kHz force ---


class Plain:
    """A force on a fine grid, and the motion that starts at one instant with a known velocity."""

    def __init__(self, force: Floats, weight: float, start: float, velocity: float, extra: float = 0.0) -> None:
        self.t, self.f, self.weight, self.m = np.arange(len(force)) / FINE, force, weight, weight / G
        a = (force + extra - weight) / self.m
        self.v = np.r_[0.0, np.cumsum(0.5 * (a[1:] + a[:-1]))] / FINE
        self.v += velocity - self.at(self.v, start)
        self.s = np.r_[0.0, np.cumsum(0.5 * (self.v[1:] + self.v[:-1]))] / FINE
        self.p = self.f * self.v

    def at(self, curve: Floats, time: float) -> float:
        return float(np.interp(time, self.t, curve))

    def integral(self, curve: Floats, start: float, end: float) -> float:
        inside = (self.t > start) & (self.t < end)
        times = np.r_[start, self.t[inside], end]
        y: Any = np.interp(times, self.t, curve)
        trapezoids = np.diff(times) * (y[1:] + y[:-1])
        return float(0.5 * np.asarray(trapezoids).sum())

    def top(self, curve: Any, start: float, end: float) -> tuple[float, float]:
        inside = np.flatnonzero((self.t >= start) & (self.t < end))
        best = inside[int(curve[inside].argmax())]
        return float(self.t[best]), float(curve[best])


def hop_by_hand(force: Floats, weight: float, before: float | None, e: dict[str, float]) -> dict[str, float]:
    """METRICS.md 5 and 6 of one hop; `before` is the take-off before it, None where it is not in the record."""
    down, to, td = e["first_contact"], e["takeoff"], e["touchdown"]
    t_c, t_f, m = to - down, td - to, weight / G
    still = Plain(force, weight, down, 0.0)
    gained = still.integral(force - weight, down, to) / m
    v_in = G * t_f / 2 - gained if before is None else -G * (down - before) / 2
    extra = m * (G * t_f / 2 - v_in - gained) / t_c
    x = Plain(force, weight, down, v_in, extra)
    low = float(np.interp(0.0, x.v[(x.t >= down) & (x.t < to)], x.t[(x.t >= down) & (x.t < to)]))
    peak_at, peak = x.top(force, down, to)
    depth = x.at(x.s, low) - x.at(x.s, down)
    inside = (x.t >= down) & (x.t < to)
    work = x.integral((force + extra) * x.v, low, to)
    power, brake = x.top(x.p, low, to)[1], -x.top(-x.p, down, low)[1]
    height = G * t_f**2 / 8
    found = {
        "hop_contact_time": t_c, "hop_flight_time": t_f, "jump_height_ft": height, "hop_rsi": height / t_c,
        "hop_rsi_ft": t_f / t_c, "hop_rate": 1 / (t_c + t_f), "hop_first": 0.0, "hop_in_limit": float(t_c <= 0.25),
        "vertical_stiffness_dalleau": m * np.pi * (t_f + t_c) / (t_c**2 * ((t_f + t_c) / np.pi - t_c / 4)),
        "hop_peak_force": peak, "hop_peak_force_rel": peak / weight,
        "hop_mean_force": x.integral(force, down, to) / t_c,
        "hop_mean_force_rel": x.integral(force, down, to) / t_c / weight,
        "system_weight": weight, "system_mass": m, "flight_baseline": 0.0, "touchdown_velocity": v_in,
        "braking_time": low - down, "propulsion_time": to - low, "force_at_zero_velocity": x.at(force, low),
        "mean_braking_force": x.integral(force, down, low) / (low - down),
        "mean_braking_force_rel": x.integral(force, down, low) / (low - down) / weight,
        "mean_propulsive_force": x.integral(force, low, to) / (to - low),
        "mean_propulsive_force_rel": x.integral(force, low, to) / (to - low) / weight,
        "peak_braking_force": x.top(force, down, low)[1], "peak_propulsive_force": x.top(force, low, to)[1],
        "peak_braking_force_rel": x.top(force, down, low)[1] / weight,
        "peak_propulsive_force_rel": x.top(force, low, to)[1] / weight,
        "braking_net_impulse": x.integral(force - weight, down, low),
        "propulsive_net_impulse": x.integral(force - weight, low, to),
        "braking_gross_impulse": x.integral(force, down, low),
        "propulsive_gross_impulse": x.integral(force, low, to),
        "impulse_ratio": G * t_f / 2 / -v_in,
        "propulsive_work": work, "mean_propulsive_power": work / (to - low),
        "mean_propulsive_power_rel": work / (to - low) / m, "peak_power": power, "peak_power_rel": power / m,
        "peak_braking_power": brake, "peak_braking_power_rel": brake / m, "contact_displacement": depth,
        "spring_like_correlation": -float(np.corrcoef(x.f[inside], x.s[inside])[0, 1]),
        "impact_peak_flag": float(peak_at - down < 0.2 * t_c), "ssc_class": float(t_c <= 0.25),
    }  # fmt: skip
    if before is not None:
        found["vertical_stiffness_peak"] = peak / -depth
    return found


@cache
def fine(test: str, seed: int, start: str | None = None) -> tuple[Trial, Analysis]:
    trial = simulate(test, seed=seed, rate=FINE, noise=0.0, offset=0.0, start=start)
    return trial, analyse(trial)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("start", ["standing", "box"])
def test_every_number_of_a_hop_is_its_formula(start: str, seed: int) -> None:
    trial, analysis = fine("hops", seed, start)
    truth, force = truth_of(trial), trial.fz.sum(axis=0)
    for i in (0, 1, len(truth.reps) - 1):
        e = truth.reps[i]["events"]
        before = truth.reps[i - 1]["events"]["takeoff"] if i else e["first_contact"] - _fall(truth, e)
        by_hand = hop_by_hand(force, truth["system_weight"], None if i == 0 and start == "box" else before, dict(e))
        by_hand["hop_first"] = float(i == 0)
        rep = analysis.reps[i]
        if i or start == "standing":
            assert set(by_hand) == {m.name for m in metrics_for("hops")}, "no number without a reference"
        else:
            assert rep["vertical_stiffness_peak"].code == "no_flight_before"
            assert rep["touchdown_velocity"].method.startswith("flight_anchored")
        for name, expected in by_hand.items():
            # the corner of a soft edge is known to 0.2 ms of a push of 80 ms
            assert rep[name].value == pytest.approx(expected, rel=4e-3, abs=3e-4), (i, name)


def _fall(truth: Truth, e: Any) -> float:
    """The flight before the first hop, by the velocity that it gives half of (METRICS.md 6)."""
    return -2.0 * truth.reps[0]["values"]["touchdown_velocity"] / G


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_of_the_simulator_agrees_with_the_reference(seed: int) -> None:
    trial, _ = fine("hops", seed, "standing")
    truth, force = truth_of(trial), trial.fz.sum(axis=0)
    for i in range(1, len(truth.reps)):
        hop, before = truth.reps[i], truth.reps[i - 1]["events"]["takeoff"]
        by_hand = hop_by_hand(force, truth["system_weight"], before, dict(hop["events"]))
        for name, expected in hop["values"].items():
            assert by_hand[name] == pytest.approx(expected, rel=1e-3, abs=2e-4), name


# --- over the series ---


@pytest.mark.parametrize("seed", range(8))
def test_the_series_is_summed_up_as_the_catalogue_says(seed: int) -> None:
    trial = simulate("hops", seed=seed)
    truth, summary = truth_of(trial), analyse(trial).summary
    assert {"rsi_10_5", "hop_cv_rsi", "hop_count", "hop_fatigue_index"} <= set(truth)
    for name, expected in truth.values.items():
        if name != "system_weight":
            per_cent = summary[name].unit == "%"
            assert summary[name].value == pytest.approx(expected, rel=5e-3, abs=0.4 if per_cent else 0.0), name
    assert {m.name for m in summaries_for("hops")} <= set(summary)
    assert summary["rsi_10_5"].method == "best_5_of_10" and summary["rsi_10_5"].unit == "m/s"


def test_summary_numbers_are_what_plain_arithmetic_makes_of_the_hops() -> None:
    analysis = analyse(simulate("hops", seed=4))
    rsi, contact, flight, height, force = (
        np.array([rep[name].value for rep in analysis.reps])
        for name in ("hop_rsi", "hop_contact_time", "hop_flight_time", "jump_height_ft", "hop_mean_force")
    )
    found, high = values(analysis.summary), np.argsort(-height)
    expected = {
        "hop_count": len(rsi),
        "hop_rsi_max": rsi.max(),
        "hop_rsi_ft_max": (flight / contact).max(),
        "jump_height_ft_max": height.max(),
        "hop_highest_rsi": rsi[high[0]],
        "hop_highest_rsi_ft": (flight / contact)[high[0]],
        "hop_top3_jump_height_ft": height[high[:3]].mean(),
        "hop_top3_rsi_max": rsi[high[:3]].max(),
        "hop_top5_rsi_ft": (flight / contact)[high[:5]].mean(),
        "hop_top5_contact_time": contact[high[:5]].mean(),
        "hop_total_contact_time": contact.sum(),
        "hop_total_flight_time": flight.sum(),
        "hop_mean_force_mean": force.mean(),
        "hop_fatigue_index": 100 * (rsi[-3:].mean() / rsi[1:4].mean() - 1),
        "hop_rsi_mean": rsi.mean(),
        "hop_contact_time_mean": contact.mean(),
    }
    for name, number in expected.items():
        assert found[name] == pytest.approx(number, rel=1e-9), name
    index = np.mean([rep["asym_hop_mean_force"].value for rep in analysis.reps])
    assert found["asym_hop_mean_force_mean"] == pytest.approx(index, rel=1e-9)


def bouncing(contacts: Any, flights: Any, mass: float = 70.0, rate: float = 2000.0, hop: Any = None) -> Trial:
    """Standing 1.5 s, a flight, contacts as half sines with flights between them, standing 2 s; exact times."""
    weight, parts = mass * G, []
    contacts, flights = np.asarray(contacts), np.asarray(flights)
    start = 1.5 + flights[0]
    t = np.arange(0.0, start + contacts.sum() + flights[1:].sum() + 2.0, 1.0 / rate)
    force = np.where(t < 1.5, weight, 0.0)
    for t_c, before, after in zip(contacts, flights[:-1], flights[1:], strict=True):
        # the impulse that turns one flight into the other, under a half sine
        peak = np.pi / (2 * t_c) * (weight * t_c + mass * G * (before + after) / 2)
        inside = (t >= start) & (t < start + t_c)
        force[inside] = peak * np.sin(np.pi * (t[inside] - start) / t_c)
        parts.append((start, start + t_c))
        start += t_c + after
    force[t >= start] = weight
    force += np.random.default_rng(5).normal(0.0, 0.5, len(t))
    return Trial.from_forces(force, rate, ("plate1",), test="hops")


def test_a_contact_is_paired_with_the_flight_that_follows_it() -> None:
    """Short and long contacts and flights in turn: the other pairing would give other numbers."""
    contacts, flights = [0.20, 0.16] * 4, [0.40, *([0.30, 0.50] * 4)]
    analysis = analyse(bouncing(contacts, flights))
    rsi = [rep["hop_rsi"].value for rep in analysis.reps]
    expected = [G * f**2 / 8 / c for c, f in zip(contacts, flights[1:], strict=True)]
    assert rsi == pytest.approx(expected, rel=0.02)
    assert analysis.summary["rsi_10_5"].value == pytest.approx(np.mean(sorted(expected)[-5:]), rel=0.02)


def test_only_the_first_ten_and_only_fast_contacts_count() -> None:
    """Hop 3 jumps highest but is slow, hop 12 is the best but too late."""
    contacts, flights = [0.20] * 12, [0.40] * 13
    contacts[2], flights[3], flights[12] = 0.28, 0.60, 0.60
    analysis = analyse(bouncing(contacts, flights))
    assert len(analysis.reps) == 12 and analysis.summary["hop_valid_count"].value == 9.0
    assert analysis.summary["rsi_10_5"].value == pytest.approx(G * 0.4**2 / 8 / 0.2, rel=0.02)
    looser = analyse(bouncing(contacts, flights), parameters={"hop_contact_limit": 0.3})
    assert looser.summary["hop_valid_count"].value == 10.0
    assert looser.summary["rsi_10_5"].value > analysis.summary["rsi_10_5"].value + 0.02


def test_below_five_there_is_no_ten_five_and_a_short_series_has_no_fatigue() -> None:
    analysis = analyse(bouncing([0.2] * 4, [0.4] * 5))
    for name in ("rsi_10_5", "hop_mean_rsi", "hop_cv_contact_time", "hop_top5_rsi"):
        assert analysis.summary[name].code == "few_hops" and np.isnan(analysis.summary[name].value)
    assert analysis.summary["hop_fatigue_index"].code == "short_series"
    assert analysis.summary["hop_top3_rsi"].code is None and analysis.summary["hop_valid_count"].value == 4.0
    slow = analyse(bouncing([0.3] * 6, [0.4] * 7))
    assert slow.summary["rsi_10_5"].code == "few_hops" and slow.summary["hop_valid_count"].value == 0.0


# --- identities ---


@pytest.mark.parametrize("seed", SEEDS)
def test_i8_rsi_by_height_is_rsi_by_times_times_a_flight(seed: int) -> None:
    for rep in analyse(simulate("hops", seed=seed)).reps:
        flight = rep["hop_flight_time"].value
        assert rep["hop_rsi"].value == pytest.approx(G * flight / 8 * rep["hop_rsi_ft"].value, rel=1e-12)
    rebound = analyse(simulate("cmj_rebound", seed=seed)).reps[0]
    flight = rebound["cmj_rebound_flight_time"].value
    assert rebound["cmj_rebound_rsi_jh"].value == pytest.approx(
        G * flight / 8 * rebound["cmj_rebound_rsi_ft"].value, rel=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_i9_dalleau_is_the_sine_models_force_over_its_depth(seed: int) -> None:
    for rep in analyse(simulate("hops", seed=seed)).reps:
        m, t_c, t_f = (rep[name].value for name in ("system_mass", "hop_contact_time", "hop_flight_time"))
        force = m * G * (np.pi / 2) * (t_f / t_c + 1)
        depth = force * t_c**2 / (m * np.pi**2) - G * t_c**2 / 8
        assert rep["vertical_stiffness_dalleau"].value == pytest.approx(force / depth, rel=1e-9)


def test_on_a_true_sine_both_stiffnesses_are_the_closed_form() -> None:
    t_c, t_f, m = 0.2, 0.44, 70.0
    force = m * G * (np.pi / 2) * (t_f / t_c + 1)
    k = force / (force * t_c**2 / (m * np.pi**2) - G * t_c**2 / 8)
    rep = analyse(bouncing([t_c] * 6, [t_f] * 7, m)).reps[3]
    assert rep["vertical_stiffness_dalleau"].value == pytest.approx(k, rel=0.01)
    assert rep["vertical_stiffness_peak"].value == pytest.approx(k, rel=0.01)
    assert rep["spring_like_correlation"].value > 0.99


# --- weight ---


def test_without_a_weight_times_and_rsi_still_stand() -> None:
    trial = simulate("hops", seed=1)
    truth = truth_of(trial)
    bare = cut(trial, truth.reps[0]["events"]["first_contact"] - 0.3, truth.events["series_end"] + 0.25)
    analysis = analyse(bare)
    assert "previous_takeoff" not in analysis.reps[0].events, "the first flight begins outside the record"
    for rep, known in zip(analysis.reps, truth.reps, strict=True):
        assert rep.status != "refused"
        for name in ("hop_contact_time", "hop_flight_time", "hop_rsi", "jump_height_ft", "hop_rate", "hop_rsi_ft"):
            assert rep[name].value == pytest.approx(known["values"][name], rel=0.01), name
        for name in ("vertical_stiffness_dalleau", "hop_mean_force", "contact_displacement", "system_weight",
                     "peak_power"):  # fmt: skip
            assert rep[name].code == "no_weight", name
    assert analysis.summary["rsi_10_5"].code is None and analysis.status == "flagged"
    given = analyse(bare.with_facts(mass=truth.settings["mass"])).reps[2]
    assert given["system_weight"].value == pytest.approx(truth["system_weight"])
    expected = truth.reps[2]["values"]["vertical_stiffness_peak"]
    assert given["vertical_stiffness_peak"].value == pytest.approx(expected, rel=0.02)


def test_the_weight_comes_from_before_or_after_and_is_one_for_the_series() -> None:
    trial = simulate("hops", seed=1)
    truth = truth_of(trial)
    late = cut(trial, truth.reps[0]["events"]["first_contact"] - 0.7, trial.duration)
    for some in (trial, late):
        weights = {rep["system_weight"].value for rep in analyse(some).reps}
        assert len(weights) == 1 and weights.pop() == pytest.approx(truth["system_weight"], abs=0.6)
    assert "after_landing" in analyse(late).reps[0]["system_weight"].method


# --- what is no series of hops ---


def scene(trial: Trial, test: str = "auto") -> Scene:
    """What a finder is given."""
    block, profile = Block.of([trial]), load_profile()
    given = Given(np.array([np.nan]), np.array([np.nan]), test, np.zeros(1))
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = survey(block)
        located, runs = locate(block, seen, given, profile)
    return Scene(block, (trial,), seen, runs, located, given, np.zeros(1, dtype=np.int64), profile)


def size(found: Found) -> int:
    return sum(len(group.number) for group in found.groups)


def test_the_finders_say_of_any_record_what_is_in_it() -> None:
    """Three hops are a series, a jump with exactly one rebound is that, one jump is neither."""
    for hops, of_series, of_rebounds in ((1, 0, 1), (2, 0, 0), (3, 3, 0), (8, 8, 0)):
        view = scene(simulate("hops", seed=2, hops=hops, start="standing"))
        assert (size(series(view)), size(rebounds(view))) == (of_series, of_rebounds), hops
    for test in ("cmj", "sj", "dj"):
        view = scene(simulate(test, seed=1))
        assert (size(series(view)), size(rebounds(view))) == (0, 0)
        assert series(view).others.tolist() == [1]
    assert size(rebounds(scene(simulate("cmj_rebound", seed=1)))) == 1
    assert size(rebounds(scene(simulate("hops", seed=2, hops=1, start="box")))) == 0


def test_asked_for_hops_a_single_jump_is_none() -> None:
    for test in ("cmj", "dj"):
        analysis = analyse(simulate(test, seed=1), test="hops")
        assert analysis.status == "refused" and analysis.code == "not_this_test" and not analysis.reps
    assert analyse(simulate("cmj", seed=1), test="cmj_rebound").code == "not_this_test"


def test_the_longest_series_counts_and_the_flights_of_others_are_told() -> None:
    one, other = (simulate("hops", seed=3, hops=n, start="standing", mass=70.0, offset=0.0) for n in (4, 7))
    both = Trial.from_forces(np.hstack([one.fz, other.fz]), 1000.0, one.plates, test="hops")
    analysis = analyse(both)
    assert len(analysis.reps) == 7
    assert [f.value for f in analysis.quality if f.check == "other_flights"] == [5.0]


@pytest.mark.real_data
def test_running_does_not_become_hops_silently(data: Path) -> None:
    """Alternate feet on a treadmill, 300 Hz: refused for its drift; without the drift, the flights say it."""
    path = data / "dryft_treadmill_run/custom_drift_S001runT25.csv"
    trial = read(path, rate=300)
    assert analyse(trial, test="hops").status == "refused"
    # the drift, taken away by the smallest force of each second
    force = trial.fz[0]
    seconds = force[: len(force) // 300 * 300].reshape(-1, 300)
    at = np.arange(len(seconds)) * 300 + seconds.argmin(axis=1)
    level = Trial.from_forces(force - np.interp(np.arange(len(force)), at, seconds.min(axis=1)), 300.0, test="hops")
    analysis = analyse(level)
    assert analysis.status == "flagged" and len(analysis.reps) > 20
    told = [f for f in analysis.quality if f.check == "short_flights" and f.level == "warn"]
    assert len(told) == 1 and "running" in told[0].message and 0.1 < told[0].value < 0.2
    assert size(series(scene(level))) == 0, "nobody who did not ask for hops is given any"


def test_alternating_feet_are_told() -> None:
    trial = bouncing([0.2] * 8, [0.3] * 9)
    force, t = trial.fz[0], np.arange(trial.samples) / trial.rate
    start, left = 1.8, np.full(len(force), 0.5)
    for i in range(8):
        left[(t >= start - 0.05) & (t < start + 0.25)] = i % 2
        start += 0.5
    feet = Trial.from_forces(np.array([force * left, force * (1 - left)]), trial.rate, ("left", "right"), test="hops")
    told = [f for f in analyse(feet).quality if f.check == "changing_feet" and f.level == "warn"]
    assert len(told) == 1 and told[0].value > 80.0


def test_a_contact_whose_impulse_does_not_fit_its_flights_is_refused() -> None:
    """A hand on the rail: one contact pushes only half of what its two flights ask for."""
    trial = bouncing([0.2] * 6, [0.4] * 7)
    force, first = trial.fz.sum(axis=0), round((1.9 + 2 * 0.6) * trial.rate)
    force[first : first + 400] *= 0.5
    analysis = analyse(Trial.from_forces(force, trial.rate, test="hops"))
    assert [rep.status for rep in analysis.reps] == ["ok", "ok", "refused", "ok", "ok", "ok"]
    held = analysis.reps[2]
    assert held.why and "heights by flight time" in held.why and held["vertical_stiffness_peak"].code == "not_ballistic"
    assert held["hop_contact_time"].value == pytest.approx(0.2, rel=0.02)
    assert analysis.summary["hop_valid_count"].value == 5.0, "a refused hop is not among the five"


# --- the countermovement jump with rebound ---


@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_of_a_rebound_is_its_formula(seed: int) -> None:
    """The drop jump's and the countermovement jump's own references, told the instants of the rebound."""
    trial, analysis = fine("cmj_rebound", seed)
    truth, rep = truth_of(trial), analysis.reps[0]
    e = dict(truth.events)
    x = plain.Plain(trial.fz.sum(axis=0), truth["system_weight"], 0.0)
    landed = {"touchdown": e["rebound_touchdown"], "landing_zero_velocity": e["landing_zero_velocity"]}
    second = {"first_contact": e["touchdown"], "zero_velocity": e["rebound_zero_velocity"],
              "takeoff": e["rebound_takeoff"], **landed}  # fmt: skip
    first = plain.cmj(x, e)
    by_hand = {**first, **plain.landing(x, landed["touchdown"], landed["landing_zero_velocity"])}
    by_hand |= {f"cmj_rebound_{name}": value for name, value in plain.dj(x, second, np.nan).items()}
    ours = {m.name for m in metrics_for("cmj_rebound")}
    elsewhere = {f"cmj_rebound_{name}" for name in plain.ELSEWHERE} | set(plain.ELSEWHERE)
    ours -= elsewhere
    assert ours <= set(by_hand)
    assert "cmj_rebound_drop_height_error" not in ours and "cmj_rebound_peak_landing_force" not in ours
    for name in ours:
        if rep[name].code == "phase_too_short":
            continue
        loose = plain.LOOSE.get(name.removeprefix("cmj_rebound_"), 2e-3)
        assert rep[name].value == pytest.approx(by_hand[name], rel=loose, abs=3e-4), name


@pytest.mark.parametrize("seed", range(12))
def test_a_rebound_is_found_with_its_events(seed: int) -> None:
    trial = simulate("cmj_rebound", seed=seed, plates=1 + seed % 2)
    analysis = analyse(trial)
    assert analysis.status == "ok" and len(analysis.reps) == 1 and analysis.reps[0].status == "ok"
    for name, t in truth_of(trial).events.items():
        loose = {"onset": 0.01, "peak_negative_velocity": 0.02}
        assert analysis.reps[0].events[name].t == pytest.approx(t, abs=loose.get(name, 1e-3)), name
    rep = analysis.reps[0]
    assert rep["cmj_rebound_touchdown_velocity"].method == "continuous_integration"
    assert rep["second_landing_peak_force"].value == rep["peak_landing_force"].value
    # one hump has no trough, and a short push no 200 ms
    assert {value.code for value in rep.values()} <= {None, "one_peak", "phase_too_short"}


def test_a_rebound_with_no_rest_has_times_and_flight_heights_only() -> None:
    trial = simulate("cmj_rebound", seed=1)
    e = truth_of(trial).events
    bare = analyse(cut(trial, e["onset"] - 0.3, e["rebound_touchdown"] + 0.4)).reps[0]
    known = {"cmj_rebound_contact_time", "cmj_rebound_flight_time", "cmj_rebound_rsi_jh", "cmj_rebound_jump_height_ft"}
    assert known <= {name for name, value in bare.items() if value.code is None}
    for name in ("jump_height_tov", "cmj_rebound_jump_height_tov", "cmj_rebound_drop_height", "cmj_rebound_peak_power"):
        assert bare[name].code == "no_weight"


def test_a_rebound_weighed_after_its_landing_is_integrated_from_the_onset() -> None:
    trial = simulate("cmj_rebound", seed=1)
    truth = truth_of(trial)
    late = analyse(cut(trial, truth.events["onset"] - 0.6, trial.duration)).reps[0]
    assert "after_landing" in late["jump_height_tov"].method
    for name in ("jump_height_tov", "cmj_rebound_jump_height_tov"):
        assert late[name].value == pytest.approx(truth[name], abs=0.01)


def test_sides_of_a_rebound_add_up() -> None:
    rep = analyse(simulate("cmj_rebound", seed=2, left_share=0.56, noise=0.0)).reps[0]
    for name in ("cmj_rebound_mean_braking_force", "cmj_rebound_peak_propulsive_force", "peak_landing_force",
                 "mean_propulsive_force", "cmj_rebound_propulsive_gross_impulse"):  # fmt: skip
        left, right = rep[f"{name}_left"].value, rep[f"{name}_right"].value
        assert left + right == pytest.approx(rep[name].value, rel=1e-9)
        assert left / rep[name].value == pytest.approx(0.56, abs=3e-3), name
        assert rep[f"asym_{name}"].value == pytest.approx(100 * (left - right) / (left + right), rel=1e-9)


# --- uncertainty ---


def test_what_hops_share_is_in_the_uncertainty_of_their_mean() -> None:
    """Less than that of one hop, more than if every edge were independent."""
    analysis = analyse(simulate("hops", seed=5))
    one = np.median([rep["hop_contact_time"].u95 for rep in analysis.reps])
    five = analysis.summary["hop_mean_contact_time"].u95
    assert one / np.sqrt(5.0) < five < one
    total = analysis.summary["hop_total_contact_time"]
    assert total.u95 > one * np.sqrt(len(analysis.reps))


def test_an_uncertainty_is_stated_wherever_the_single_jumps_state_one() -> None:
    first, dropped = (analyse(simulate(test, seed=1)).reps[0] for test in ("cmj", "dj"))
    rebound = analyse(simulate("cmj_rebound", seed=1)).reps[0]
    for name, value in rebound.items():
        base = name.replace("cmj_rebound_", "")
        other = first[name] if name in first else dropped[base]
        if other.u95 > 0.0 and value.code is None:
            assert value.u95 > 0.0, name
    silent = {"hop_first", "hop_in_limit", "impact_peak_flag", "ssc_class", "spring_like_correlation"}
    for name, value in analyse(simulate("hops", seed=1)).reps[0].items():
        if name not in silent and not name.startswith("asym_"):
            assert value.u95 > 0.0, name


# --- the command line ---


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    code = cli.run(list(words))
    answer = capsys.readouterr()
    assert code == 0, answer.err
    return answer.out


@pytest.mark.parametrize(("test", "shown"), [("hops", "RSI 10/5"), ("cmj_rebound", "Rebound RSI")])
def test_the_command_line_goes_the_whole_way(
    test: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, truth = tmp_path / "a.csv", tmp_path / "truth.json"
    run(capsys, "simulate", test, str(file), "--seed", "3", "--truth", str(truth))
    known = json.loads(truth.read_text())
    assert shown in run(capsys, "analyse", str(file), "--test", test)
    told = json.loads(run(capsys, "analyse", str(file), "--test", test, "--json"))["trials"][0]
    assert told["status"] in ("ok", "flagged") and told["test"] == test
    found = told["summary"]["metrics"] if test == "hops" else told["reps"][0]["metrics"]
    for name in ("rsi_10_5", "hop_count") if test == "hops" else ("cmj_rebound_contact_time", "jump_height_tov"):
        assert found[name]["value"] == pytest.approx(known["values"][name], rel=0.01)
    if test == "hops":
        assert len(told["reps"]) == len(known["reps"]) == known["values"]["hop_count"]
        assert known["reps"][0]["values"]["hop_contact_time"] > 0.1
    run(capsys, "report", str(file), "--test", test, "--out", str(tmp_path))
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert shown in page and page.count("<svg") == (1 if test == "hops" else 2)


def test_the_table_lists_the_hops_and_marks_the_five(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    run(capsys, "simulate", "hops", str(file), "--seed", "1")
    out = run(capsys, "analyse", str(file), "--test", "hops")
    assert out.count("10/5") == 6 and "slow" in out and max(map(len, out.splitlines())) <= 80


def test_a_fresh_process_knows_hops_without_being_told_of_metrics() -> None:
    """The finder is the first to ask for the registry."""
    code = ("import hipdrive as hd; t = hd.simulate('cmj_rebound', seed=1); "
            "print(hd.analyse_many([t])['cmj_rebound_contact_time'][0] > 0.1)")  # fmt: skip
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(cli.__file__).parents[1]
    )
    assert answer.stdout.strip() == "True", answer.stderr
    assert isinstance(analyse(simulate("hops", seed=0)).reps[0], Results)


def test_an_integral_within_a_wider_look_is_the_same() -> None:
    """Curves that two readers share keep the widest running sum, which began sooner."""
    from hipdrive.analysis.curve import Curve

    values = np.random.default_rng(1).normal(100.0, 30.0, (3, 500))
    origin, one, none = np.zeros(3, dtype=np.int64), np.ones((3, 1)), np.zeros((3, 1))
    alone, shared = (Curve.of(values, origin, 1000.0) for _ in range(2))
    shared.running(40, 400)
    np.testing.assert_allclose(shared.integral(90, 300, one, none), alone.integral(90, 300, one, none), rtol=1e-12)
    trapezoid = np.r_[0.0, np.cumsum(0.5 * (values[1, 1:] + values[1, :-1]))] / 1000.0
    np.testing.assert_allclose(shared.integral(90, 300, one, none)[1], trapezoid[90:300], rtol=1e-12)
