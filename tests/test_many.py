"""Many trials at once are the same trials one by one: values, widths, reasons, order."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

import hipdrive.analysis.blocks as blocks_module
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import Table, analyse, analyse_many
from hipdrive.errors import UsageError
from hipdrive.results import Analysis
from hipdrive.trial import Gap, Trial


def cut(trial: Trial, first: float, last: float, **facts: float) -> Trial:
    a, b = (round(t * trial.rate) for t in (first, last))
    return Trial.from_forces(trial.fz[:, a:b], trial.rate, trial.plates, test=trial.test, **facts)


@cache
def bag() -> tuple[Trial, ...]:
    """Tests, rates, plates, lengths, faults and empty records in no order at all."""
    trials = []
    for seed in range(6):
        for test in ("cmj", "dj", "sj"):
            trials.append(simulate(test, seed=seed))
            trials.append(simulate(test, seed=seed, plates=1, rate=(500.0, 2000.0, 300.0)[seed % 3]))
        trials.append(simulate("cmj", seed=seed, quiet=2.0 + seed, settle=1.0 + seed))
        trials.append(simulate("dj", seed=seed, box_plate=True))
        trials.append(simulate("sj", seed=seed, offset=80.0, noise=4.0))
    jump = simulate("cmj", seed=9)
    assert jump.truth is not None
    events, again = jump.truth.events, simulate("cmj", seed=10, mass=jump.truth.settings["mass"])
    trials += [
        cut(jump, events["onset"] - 0.3, events["touchdown"] + 0.4),
        cut(jump, events["onset"] - 0.3, events["touchdown"] + 0.4, mass=80.0),
        cut(jump, 0.0, events["takeoff"] + 0.2),
        cut(jump, 0.0, 0.3),
        jump.with_facts(
            gaps=tuple(
                Gap(first_sample=round((events["takeoff"] + after) * jump.rate), samples=30, code="lost", text="lost")
                for after in (-0.15, 0.1)
            )
        ),
        Trial.from_forces(np.zeros((2, 4000)), 1000.0, ("left", "right"), test="cmj"),
        Trial.from_forces(np.full((1, 5000), 700.0), 1000.0, test="dj"),
        Trial.from_forces(np.minimum(jump.fz, 700.0), 1000.0, ("left", "right"), test="cmj"),
        jump.with_facts(test="dj"),
        simulate("dj", seed=9).with_facts(test="cmj"),
        Trial.from_forces(np.concatenate([jump.fz, again.fz], axis=1), 1000.0, jump.plates, test="cmj"),
    ]
    order = np.random.default_rng(5).permutation(len(trials))
    return tuple(trials[i] for i in order)


@cache
def one_by_one(test: str | None = None) -> tuple[Analysis, ...]:
    return tuple(analyse(trial, test=test) for trial in bag())


@cache
def together(test: str | None = None) -> Table:
    return analyse_many(bag(), test=test)


def rows(table: Table, analyses: tuple[Analysis, ...]) -> Iterator[tuple[int, Analysis, int]]:
    """Row of the table, analysis, index of the repetition."""
    expected = [(i, k) for i, one in enumerate(analyses) for k in range(len(one.reps))]
    assert list(zip(table.trial.tolist(), (table.rep - 1).tolist(), strict=True)) == expected, "in their order"
    for row, (i, k) in enumerate(expected):
        yield row, analyses[i], k


@pytest.mark.parametrize("test", [None, "auto"])
def test_every_field_is_that_of_the_trial_alone(test: str | None) -> None:
    table, analyses = together(test), one_by_one(test)
    assert len(table.trial) > 50
    for row, one, k in rows(table, analyses):
        rep = one.reps[k]
        assert (table.test[row], table.status[row]) == (rep.test, rep.status)
        for name in table:
            code = table.reasons[name][row]
            if name not in rep:
                assert np.isnan(table[name][row]) and code in ("not_this_test", "not_for_squat_jump", "one_plate")
                continue
            value = rep[name]
            assert code == (value.code or ""), name
            assert table.units[name] == value.unit
            np.testing.assert_allclose(table[name][row], value.value, rtol=1e-12, atol=1e-12, err_msg=name)
            np.testing.assert_allclose(table.u95[name][row], value.u95, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("test", [None, "auto"])
def test_refused_trials_keep_their_reason(test: str | None) -> None:
    table, analyses = together(test), one_by_one(test)
    for i, one in enumerate(analyses):
        assert table.refused.get(i) == (None if one.reps else one.code), i
    codes = {"ends_in_air", "too_short", "gaps", "no_load", "no_flight", "saturated"}
    assert codes <= set(table.refused.values())


def test_a_field_is_missing_exactly_where_it_has_a_reason() -> None:
    table = together("auto")
    for name in table:
        missing = np.isnan(table[name])
        assert np.array_equal(missing, np.array([bool(c) for c in table.reasons[name]])), name
        assert np.isnan(table.u95[name][missing]).all(), name


def test_any_order_gives_the_same_rows() -> None:
    order = np.random.default_rng(1).permutation(len(bag()))
    plain, mixed = together(), analyse_many([bag()[i] for i in order])
    for name in plain:
        first = {(t, r): v for t, r, v in zip(plain.trial, plain.rep, plain[name], strict=True)}
        again = {(order[t], r): v for t, r, v in zip(mixed.trial, mixed.rep, mixed[name], strict=True)}
        assert first.keys() == again.keys()
        for key, value in first.items():
            np.testing.assert_allclose(again[key], value, rtol=1e-12, atol=1e-12, err_msg=name)


def test_the_size_of_a_block_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = together()
    monkeypatch.setattr(blocks_module, "BLOCK_SAMPLES", 20_000)
    small = analyse_many(bag())
    assert list(plain) == list(small)
    for name in plain:
        np.testing.assert_allclose(small[name], plain[name], rtol=1e-12, atol=1e-12, err_msg=name)
        assert list(small.reasons[name]) == list(plain.reasons[name])


def test_profiles_and_parameters_reach_every_trial() -> None:
    trials = [simulate("cmj", seed=s) for s in range(5)]
    for profile in ("fixed_20n", "mcmahon2018"):
        table = analyse_many(trials, profile=profile)
        for row, trial in enumerate(trials):
            value = analyse(trial, profile=profile).reps[0]["time_to_takeoff"]
            assert table["time_to_takeoff"][row] == pytest.approx(value.value, rel=1e-12)
    changed = analyse_many(trials, parameters={"onset_back_shift": 0.0})
    assert (changed["time_to_takeoff"] < analyse_many(trials)["time_to_takeoff"]).all()


def test_aliases_and_the_mapping() -> None:
    table = together()
    assert table["jump_height_tov_dj"] is table["jump_height_tov"]
    assert "jump_height_tov" in table and "jump_height_tov_dj" not in list(table)
    assert len(table) == len(list(table))
    with pytest.raises(KeyError):
        table["no_such_field"]


def test_no_trials_give_an_empty_table() -> None:
    table = analyse_many([])
    assert len(table) == 0 and len(table.trial) == 0 and not table.refused


def test_only_refused_trials_give_no_rows() -> None:
    table = analyse_many([cut(simulate("cmj", seed=1), 0.0, 0.3)] * 3)
    assert len(table.trial) == 0 and dict(table.refused) == {0: "too_short", 1: "too_short", 2: "too_short"}


def test_any_iterable_will_do() -> None:
    table = analyse_many(simulate("dj", seed=s) for s in range(3))
    assert table.trial.tolist() == [0, 1, 2] and table.test.tolist() == ["dj"] * 3


def test_the_same_trial_twice_is_two_rows() -> None:
    trial = simulate("cmj", seed=1)
    table = analyse_many([trial, trial])
    assert table.trial.tolist() == [0, 1]
    for name in table:
        np.testing.assert_array_equal(table[name][0], table[name][1])


def test_an_unknown_test_is_refused_before_anything_is_done() -> None:
    with pytest.raises(UsageError, match="hopping"):
        analyse_many([simulate("cmj", seed=1)], test="hopping")


def test_what_a_row_lacks_says_why() -> None:
    trials = [simulate("cmj", seed=1), simulate("sj", seed=1), simulate("cmj", seed=2, plates=1)]
    table = analyse_many(trials, test="auto")
    expected = {
        "countermovement_depth": ["", "not_for_squat_jump", ""],
        "peak_landing_force_left": ["", "", "one_plate"],
        "asym_peak_landing_force": ["", "", "one_plate"],
        "braking_gross_impulse_left": ["", "not_for_squat_jump", "one_plate"],
        "propulsive_rfd_sj": ["not_this_test", "", "not_this_test"],
    }
    assert {name: list(table.reasons[name]) for name in expected} == expected
