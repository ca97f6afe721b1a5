"""u95 holds what it says: coverage of the truth, the largest errors, and how it follows its causes."""

from functools import cache
from typing import Any

import coverage_study as STUDY
import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import Table, analyse, analyse_many
from hipdrive.trial import Floats, Trial, Truth

TESTS = ("cmj", "sj", "dj")
SEEDS = range(400)


CELLS = {cell.name: cell for cell in STUDY.CELLS}


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


@cache
def plain(test: str) -> tuple[tuple[Trial, ...], Table]:
    """400 athletes at 1 kHz with 1.5 N of noise, and their table."""
    trials = tuple(simulate(test, seed=seed) for seed in SEEDS)
    table = analyse_many(trials, test=test)
    assert list(table.trial) == list(SEEDS), "every trial gives exactly one repetition"
    return trials, table


def errors(test: str, field: str) -> Floats:
    trials, table = plain(test)
    return np.asarray(table[field] - np.array([truth_of(t)[field] for t in trials]))


# --- coverage ---


LONG = ("hops plain", "balance plain")
"""Cells whose records are long: with the slow tests only, which run every cell (test_coverage_*.py)."""


@pytest.mark.parametrize("name", [n for n in CELLS if n.endswith("plain") and n not in LONG])
def test_numbers_cover_the_truth(name: str) -> None:
    for row in STUDY.study(CELLS[name], range(120)):
        if STUDY.demanded(CELLS[name].test, row.field):
            assert 90.0 <= row.covered <= 100.0, row


TRUE = {test: tuple(truth_of(simulate(test, seed=0)).values) for test in TESTS}


@pytest.mark.parametrize(("test", "field"), [(t, f) for t in TESTS for f in TRUE[t]])
@pytest.mark.slow
def test_whatever_states_an_uncertainty_covers_its_truth(test: str, field: str) -> None:
    """Not the headline only: every number with a known answer, 400 athletes, 88 % at least."""
    width = plain(test)[1].u95[field]
    if np.isnan(width).all():
        assert field in STUDY.NONE_STATED, "docs/uncertainty.md says why"
        return
    covered = np.abs(errors(test, field)) <= width
    assert covered.mean() >= 0.88


PROMISES = {"takeoff_velocity": 0.01, "flight_time": 0.001, "contact_time": 0.001, "drop_height": 0.01}


@pytest.mark.parametrize(("test", "field"), [(t, f) for t in TESTS for f in PROMISES if f in TRUE[t]])
@pytest.mark.slow
def test_every_single_error_stays_within_the_promise(test: str, field: str) -> None:
    """Take-off velocity to 0.01 m/s, flight and contact time to 1 ms, drop height to 1 cm: 400 of 400."""
    assert np.abs(errors(test, field)).max() <= PROMISES[field]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.slow
def test_headline_numbers_have_no_bias(test: str) -> None:
    """The median error is a small part of the median u95."""
    for field in ("takeoff_velocity", "flight_time", "jump_height_tov", "system_weight"):
        assert abs(np.median(errors(test, field))) < 0.15 * np.median(plain(test)[1].u95[field]), field


# --- what widens it ---


def widths(field: str, test: str = "cmj", n: int = 12, **options: Any) -> float:
    trials = [simulate(test, seed=seed, **options) for seed in range(n)]
    return float(np.median(analyse_many(trials, test=test).u95[field]))


@pytest.mark.parametrize(
    ("field", "test"),
    [("system_weight", "cmj"), ("takeoff_velocity", "cmj"), ("drop_height", "dj"), ("countermovement_depth", "cmj")],
)
def test_width_grows_with_noise(field: str, test: str) -> None:
    quiet, loud = (widths(field, test, noise=noise) for noise in (1.0, 4.0))
    assert 2.5 < loud / quiet < 6.0, "as noise does"


def test_sway_widens_the_weight() -> None:
    assert widths("system_weight", sway=2.0) > 2.0 * widths("system_weight")


def test_a_longer_stance_narrows_the_weight() -> None:
    assert widths("system_weight", quiet=4.0) < widths("system_weight", quiet=1.3)


@pytest.mark.parametrize("field", ["flight_time", "jump_height_ft"])
def test_a_slower_plate_times_less_surely(field: str) -> None:
    fast, coarse, slow = (widths(field, rate=rate) for rate in (2000.0, 500.0, 300.0))
    assert fast < coarse < slow


def test_height_is_twice_as_uncertain_as_velocity_relatively() -> None:
    """h = v² / 2g."""
    for trial in plain("cmj")[0][:5]:
        rep = analyse(trial).reps[0]
        v, h = rep["takeoff_velocity"], rep["jump_height_tov"]
        assert h.u95 / h.value == pytest.approx(2.0 * v.u95 / v.value, rel=1e-3)


def test_flight_and_contact_share_an_edge() -> None:
    """METRICS.md 20: take-off counts twice with the same sign in a ratio of the two."""
    table = plain("dj")[1]
    contact, flight = table["contact_time"], table["flight_time"]
    apart = table["rsi_ft"] * np.hypot(table.u95["flight_time"] / flight, table.u95["contact_time"] / contact)
    assert (table.u95["rsi_ft"] > apart).all()


def test_propulsion_and_braking_repeat_one_another_in_width() -> None:
    table = plain("cmj")[1]
    ratio = table.u95["jump_momentum"] / (table["system_mass"] * table.u95["takeoff_velocity"])
    assert np.median(ratio) == pytest.approx(1.0, abs=0.1)


# --- what it is not given for ---


def cut(trial: Trial, first: float, last: float, **facts: Any) -> Trial:
    a, b = (round(t * trial.rate) for t in (first, last))
    return Trial.from_forces(trial.fz[:, a:b], trial.rate, trial.plates, test=trial.test, **facts)


def test_a_given_mass_states_no_uncertainty() -> None:
    """Nobody knows how well the scales weighed: times keep their width, what needs the weight has none."""
    trial = simulate("cmj", seed=1)
    events = truth_of(trial).events
    short = cut(trial, events["onset"] - 0.3, events["touchdown"] + 0.5, mass=truth_of(trial).settings["mass"])
    rep = analyse(short).reps[0]
    assert rep["flight_time"].u95 > 0.0 and rep["jump_height_ft"].u95 > 0.0
    for name in ("system_weight", "takeoff_velocity", "jump_height_tov", "countermovement_depth"):
        assert np.isnan(rep[name].u95), name


@pytest.mark.parametrize("test", TESTS)
def test_classes_and_flags_have_no_width(test: str) -> None:
    for name, value in analyse(simulate(test, seed=1)).reps[0].items():
        if value.unit in ("bool", "class"):
            assert np.isnan(value.u95), name


@pytest.mark.parametrize("test", TESTS)
def test_a_missing_number_has_no_width(test: str) -> None:
    trial = simulate(test, seed=1)
    short = cut(trial, 0.0, truth_of(trial).events["touchdown"] + 0.25)
    for name, value in analyse(short).reps[0].items():
        assert value.code is None or np.isnan(value.u95), name


@pytest.mark.parametrize("test", TESTS)
def test_neighbours_in_a_block_do_not_change_a_width(test: str) -> None:
    trials = [simulate(test, seed=seed) for seed in range(6)]
    table = analyse_many(trials, test=test)
    for row, trial in enumerate(trials):
        alone = analyse(trial).reps[0]
        for name, value in alone.items():
            np.testing.assert_allclose(table.u95[name][row], value.u95, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("test", TESTS)
def test_events_carry_a_width_too(test: str) -> None:
    trials = plain(test)[0][:100]
    inside = []
    for trial in trials:
        events = analyse(trial).reps[0].events
        inside.append([abs(events[e].t - truth_of(trial).events[e]) <= events[e].u95 for e in ("takeoff", "touchdown")])
    assert (np.mean(inside, axis=0) >= 0.88).all()
