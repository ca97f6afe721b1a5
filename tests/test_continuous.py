"""Continuous recordings: visits of several athletes, where the weight comes from, and what is no repetition.

Built as in test_segment.py: noiseless simulated movements joined by steps on and off; noise and zero on the whole.
"""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timings import ratio

import hipdrive.analysis.pieces as pieces_module
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import TESTS
from hipdrive.results import Analysis
from hipdrive.trial import BOX, Floats, Trial, Truth

G, RATE = 9.80665, 1000.0


@cache
def movement(test: str, seed: int, mass: float, settle: float = 2.5) -> tuple[Floats, Truth]:
    trial = simulate(test, seed=seed, mass=mass, noise=0.0, offset=0.0, plates=1, quiet=2.0, settle=settle)
    assert trial.truth is not None
    return trial.fz[0], trial.truth


def blend(mass: float, start: float, end: float, seconds: float) -> Floats:
    part = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, round(seconds * RATE)))
    return np.asarray(mass * G * (start + (end - start) * part))


def stand(mass: float, seconds: float) -> Floats:
    return np.full(round(seconds * RATE), mass * G)


def empty(seconds: float) -> Floats:
    return np.zeros(round(seconds * RATE))


def step_on(mass: float) -> Floats:
    one = np.full(round(0.2 * RATE), 0.55 * mass * G)
    return np.concatenate(
        [blend(mass, 0.0, 0.55, 0.15), one, blend(mass, 0.55, 1.08, 0.2), blend(mass, 1.08, 1.0, 0.3)]
    )


def step_off(mass: float) -> Floats:
    return step_on(mass)[::-1]


def visit(mass: float, *jumps: tuple[str, int]) -> Floats:
    """Step on, stand, jump, stand, step off; a drop jump comes from a box beside the plate."""
    parts = [] if jumps and jumps[0][0] == "dj" else [step_on(mass), stand(mass, 1.5)]
    for test, seed in jumps:
        parts += [movement(test, seed, mass)[0], stand(mass, 1.0)]
    return np.concatenate([*parts, step_off(mass)])


def joined(parts: Sequence[Floats], gap: float) -> Floats:
    return np.concatenate([empty(gap), *(part for one in parts for part in (one, empty(gap)))])


def record(force: Floats, plates: int = 1, seed: int = 0, offset: float = 4.0, **facts: Any) -> Trial:
    rng = np.random.default_rng(seed)
    if plates == 1:
        return Trial.from_forces(force + rng.normal(offset, 1.5, len(force)), RATE, **facts)
    feet = np.array([0.47 * force, 0.53 * force]) + rng.normal(offset / 2.0, 1.1, (2, len(force)))
    return Trial.from_forces(feet, RATE, ("left", "right"), **facts)


def level(analysis: Analysis, check: str) -> str:
    return next((f.level for f in analysis.quality if f.check == check), "")


# --- athletes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plates", [1, 2])
@pytest.mark.parametrize("gap", [2.5, 9.0])
def test_athletes_in_a_row_are_each_weighed_by_their_own_stance(plates: int, gap: float) -> None:
    masses = (50.0, 110.0, 70.0, 50.0)
    visits = [visit(mass, ("cmj", 2 * k), ("cmj", 2 * k + 1)) for k, mass in enumerate(masses)]
    analysis = analyse(record(joined(visits, gap), plates))
    assert (analysis.test, analysis.status, len(analysis.reps)) == ("cmj", "ok", 8)
    assert [rep.rep for rep in analysis.reps] == list(range(1, 9))
    for k, rep in enumerate(analysis.reps):
        truth = movement("cmj", k, masses[k // 2])[1]
        assert rep["system_mass"].value == pytest.approx(masses[k // 2], abs=0.1)
        assert rep["takeoff_velocity"].value == pytest.approx(truth["takeoff_velocity"], abs=0.02)
        assert "weight" not in rep["system_weight"].method
    said = [f for f in analysis.quality if f.check == "athletes"]
    assert [(f.value, f.level) for f in said] == [(3.0, "info")]
    assert level(analysis, "session_weight_deviation") in ("", "info")


def test_one_athlete_in_many_visits_is_one() -> None:
    analysis = analyse(record(joined([visit(70.0, ("cmj", k)) for k in range(4)], 4.0)))
    assert len(analysis.reps) == 4 and level(analysis, "athletes") == ""


def test_events_are_those_of_the_whole_record() -> None:
    """A visit alone gives the same numbers, and its times begin where it begins."""
    visits = [visit(62.0, ("cmj", 1)), visit(95.0, ("cmj", 2), ("cmj", 3))]
    force = joined(visits, 6.0)
    trial = record(force)
    begin = (len(visits[0]) + round(6.5 * RATE)) // 10 * 10
    whole, alone = analyse(trial), analyse(Trial.from_forces(trial.fz[:, begin:], RATE))
    assert len(whole.reps) == 3
    for rep, same in zip(whole.reps[1:], alone.reps, strict=True):
        for name, event in same.events.items():
            assert rep.events[name].t == pytest.approx(event.t + begin / RATE, abs=1e-9)
        for name, value in same.items():
            assert rep[name].value == pytest.approx(value.value, rel=1e-9, abs=1e-12, nan_ok=True), name


def test_a_visit_that_cannot_be_trusted_does_not_refuse_the_others() -> None:
    visits = [visit(70.0, ("cmj", 1)), visit(70.0, ("cmj", 2)), visit(70.0, ("cmj", 3))]
    trial = record(joined(visits, 4.0))
    force = trial.fz[0].copy()
    second = slice(len(visits[0]) + 8000, len(visits[0]) + 8000 + len(visits[1]))
    force[second] = np.minimum(force[second], 1200.0)
    analysis = analyse(Trial.from_forces(force, RATE))
    assert len(analysis.reps) == 2 and level(analysis, "peak_saturation") == "fail" and analysis.status == "flagged"


# --- the weight of a drop jump ----------------------------------------------------------------------------------------


def drop(mass: float, seed: int, rest: float) -> Floats:
    """A drop jump whose athlete steps off `rest` s after the landing came to rest."""
    force, truth = movement("dj", seed, mass, 3.0)
    until = round((truth.events["touchdown"] + 1.2 + rest) * RATE)
    return np.concatenate([force[:until], step_off(mass)])


def test_a_drop_jump_weighed_after_its_landing() -> None:
    analysis = analyse(record(joined([drop(70.0, 1, 1.8)], 4.0)))
    (rep,) = analysis.reps
    assert rep["system_mass"].value == pytest.approx(70.0, abs=0.1)
    assert rep["touchdown_velocity"].method.startswith("backward_integration")


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_drop_jump_weighed_in_another_visit_of_the_athlete(order: str) -> None:
    standing = np.concatenate([step_on(70.0), stand(70.0, 3.0), step_off(70.0)])
    visits = [standing, drop(70.0, 1, 0.0)] if order == "before" else [drop(70.0, 1, 0.0), standing]
    analysis = analyse(record(joined(visits, 4.0)))
    (rep,) = analysis.reps
    assert analysis.test == "dj"
    assert rep["system_mass"].value == pytest.approx(70.0, abs=0.1)
    assert rep["system_weight"].method.endswith("weight of_session")
    assert rep["touchdown_velocity"].method.startswith("flight_anchored")


def test_a_drop_jump_takes_no_weight_from_another_athlete() -> None:
    """Between two athletes nobody knows whose jump it was: the times stand, the weight is missing."""
    stances = [np.concatenate([step_on(m), stand(m, 3.0), step_off(m)]) for m in (50.0, 110.0)]
    analysis = analyse(record(joined([stances[0], drop(70.0, 1, 0.0), stances[1]], 4.0)))
    (rep,) = analysis.reps
    truth = movement("dj", 1, 70.0, 3.0)[1]
    assert rep["system_weight"].code == "no_weight"
    assert rep["contact_time"].value == pytest.approx(truth["contact_time"], abs=1e-3)


def test_a_drop_jump_with_a_given_mass() -> None:
    analysis = analyse(record(joined([drop(70.0, 1, 0.0)], 4.0), mass=70.0))
    (rep,) = analysis.reps
    assert rep["system_mass"].value == pytest.approx(70.0, abs=1e-9)
    assert rep["system_weight"].method.endswith("weight given_mass")


def test_a_visit_to_the_box_plate_is_not_cut_from_its_jump() -> None:
    trials = [simulate("dj", seed=s, mass=70.0, offset=0.0, box_plate=True, quiet=8.0) for s in (1, 2)]
    pause = np.zeros((3, 4000)) + np.random.default_rng(0).normal(0.0, 1.0, (3, 4000))
    both = np.concatenate([trials[0].fz, pause, trials[1].fz, pause], axis=1)
    analysis = analyse(Trial.from_forces(both, RATE, trials[0].plates))
    assert trials[0].plates[-1] == BOX and len(analysis.reps) == 2
    for rep, trial in zip(analysis.reps, trials, strict=True):
        assert trial.truth is not None
        assert rep["touchdown_velocity"].method.startswith("two_plate")
        assert rep["drop_height"].value == pytest.approx(trial.truth["drop_height"], abs=0.02)


# --- beside the plate -------------------------------------------------------------------------------------------------


def landed_beside(test: str, share: float, plates: int) -> Analysis:
    """One foot comes down beside the plate: its own plate, or a share of the one plate, sees nothing of it."""
    force, truth = movement(test, 1, 75.0)
    before = np.concatenate([empty(1.0), *([] if test == "dj" else [step_on(75.0), stand(75.0, 1.5)])])
    down = len(before) + int(truth.events["touchdown"] * RATE) + 1
    whole = np.concatenate([before, force])
    feet = np.array([share * whole, (1.0 - share) * whole])
    feet[1, down:] = 0.0
    total = feet if plates == 2 else feet.sum(axis=0, keepdims=True)
    noisy = total + np.random.default_rng(1).normal(2.0, 1.0, total.shape)
    return analyse(Trial.from_forces(noisy, RATE, ("left", "right") if plates == 2 else None))


@pytest.mark.parametrize("plates", [1, 2])
@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])
def test_one_foot_beside_the_plate_leaves_the_jump(share: float, plates: int) -> None:
    analysis = landed_beside("cmj", share, plates)
    (rep,) = analysis.reps
    truth = movement("cmj", 1, 75.0)[1]
    assert analysis.status == "flagged" and level(analysis, "landing_on_plate") == "warn"
    assert rep["takeoff_velocity"].value == pytest.approx(truth["takeoff_velocity"], abs=0.02)
    assert rep["flight_time"].value == pytest.approx(truth["flight_time"], abs=2e-3)
    for name in ("peak_landing_force", "time_to_peak_landing_force", "landing_net_impulse_100ms"):
        assert rep[name].code == "no_landing", name


def test_one_foot_beside_its_plate_gives_a_drop_jump_no_weight() -> None:
    analysis = landed_beside("dj", 0.5, 2)
    (rep,) = analysis.reps
    truth = movement("dj", 1, 75.0)[1]
    assert rep["system_weight"].code == "no_weight"
    assert rep["contact_time"].value == pytest.approx(truth["contact_time"], abs=1e-3)
    assert rep["rsi_jh"].value == pytest.approx(truth["rsi_jh"], rel=0.02)


@pytest.mark.parametrize("test", ["cmj", "dj"])
def test_both_feet_beside_the_plate_is_refused(test: str) -> None:
    force, truth = movement(test, 1, 75.0)
    start = [empty(1.0)] if test == "dj" else [empty(1.0), step_on(75.0), stand(75.0, 1.5)]
    parts = [*start, force[: int(truth.events["takeoff"] * RATE) + 1], empty(4.0)]
    analysis = analyse(record(np.concatenate(parts)))
    assert (analysis.status, analysis.reps) == ("refused", ())
    back = analyse(record(np.concatenate([*parts[:-1], empty(1.0), step_on(75.0), stand(75.0, 2.0), empty(2.0)])))
    assert back.status == "refused"


# --- no repetition ----------------------------------------------------------------------------------------------------


def walk_over(mass: float) -> Floats:
    """A step on the way over the plate, as walking does it: two humps."""
    t = np.linspace(0.0, 1.0, round(0.65 * RATE))
    return np.asarray(mass * G * (1.15 * np.sin(np.pi * t) ** 0.6 - 0.3 * np.sin(np.pi * t) ** 8))


def nothings() -> dict[str, Floats]:
    person, lean = 70.0, np.concatenate([blend(70.0, 0.0, 0.3, 0.5), np.full(3000, 0.3 * 70.0 * G)])
    thump = np.concatenate([8.0 * G * 12.0 * np.sin(np.linspace(0.0, np.pi, 25)), np.full(2500, 8.0 * G)])
    return {
        "walking over the plate": joined([walk_over(person)] * 4, 2.5),
        "walking over it twice at once": joined([np.concatenate([walk_over(person), empty(0.4)] * 2)], 3.0),
        "on and off quickly": joined([np.concatenate([step_on(person), step_off(person)])] * 3, 3.0),
        "a second person": joined([np.concatenate(
            [step_on(70.0), stand(70.0, 2.0), stand(70.0, 0.0) + 0.0, 70.0 * G + step_on(60.0), stand(130.0, 2.0),
             70.0 * G + step_off(60.0), stand(70.0, 2.0), step_off(70.0)])], 3.0),
        "an object that is dropped": joined([thump], 3.0),
        "an object beside somebody": joined([np.concatenate(
            [step_on(70.0), stand(70.0, 3.0), 70.0 * G + thump, step_off(70.0)])], 3.0),
        "leaning": joined([np.concatenate([lean, lean[::-1]])], 3.0),
    }  # fmt: skip


@pytest.mark.parametrize("name", nothings())
def test_what_is_no_jump_is_no_repetition(name: str) -> None:
    force = nothings()[name]
    for test in ("auto", "cmj", "sj", "dj"):
        for seed in range(3):
            analysis = analyse(record(force, seed=seed, test=test))
            assert not [rep for rep in analysis.reps if rep.status != "refused"], (test, analysis.test)
            assert analysis.status == "refused" and analysis.code


KINDS = st.sampled_from(["cmj", "stand", "walk", "lean"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(KINDS, st.sampled_from([50.0, 72.0, 110.0]), st.integers(0, 5)), min_size=1, max_size=6))
def test_any_sequence_gives_exactly_the_repetitions_put_in(what: list[tuple[str, float, int]]) -> None:
    lean = nothings()["leaning"]
    make: dict[str, Callable[[float, int], Floats]] = {
        "cmj": lambda mass, seed: visit(mass, ("cmj", seed)),
        "stand": lambda mass, _: np.concatenate([step_on(mass), stand(mass, 2.0), step_off(mass)]),
        "walk": lambda mass, _: walk_over(mass),
        "lean": lambda _mass, _seed: lean,
    }
    analysis = analyse(record(joined([make[kind](mass, seed) for kind, mass, seed in what], 3.0)))
    put = [(mass, seed) for kind, mass, seed in what if kind == "cmj"]
    assert len(analysis.reps) == len(put)
    for rep, (mass, seed) in zip(analysis.reps, put, strict=True):
        assert rep["system_mass"].value == pytest.approx(mass, abs=0.15)
        truth = movement("cmj", seed, mass)[1]
        assert rep["takeoff_velocity"].value == pytest.approx(truth["takeoff_velocity"], abs=0.03)


# --- long records -----------------------------------------------------------------------------------------------------


def test_a_long_visit_in_pieces_equals_the_visit_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four minutes without stepping off: what two pieces share is found once, and every number is the same."""
    jumps = [("cmj", s % 6) if s % 4 else ("sj", s % 6) for s in range(28)]
    trial = record(joined([visit(75.0, *jumps)], 4.0), plates=2)
    assert trial.duration > 200.0
    cut = analyse(trial)
    monkeypatch.setattr(pieces_module, "LONGEST", 1e9)
    whole = analyse(trial)
    assert len(cut.reps) == len(whole.reps) == 21
    assert [(f.check, f.level, f.rep) for f in cut.quality] == [(f.check, f.level, f.rep) for f in whole.quality]
    for one, other in zip(cut.reps, whole.reps, strict=True):
        assert (one.rep, one.status, list(one)) == (other.rep, other.status, list(other))
        for name, event in other.events.items():
            assert one.events[name].t == pytest.approx(event.t, abs=1e-9)
        for name, value in other.items():
            assert one[name].code == value.code
            assert one[name].value == pytest.approx(value.value, rel=1e-9, abs=1e-9, nan_ok=True), name
            assert one[name].u95 == pytest.approx(value.u95, rel=1e-6, abs=1e-9, nan_ok=True), name


def long_session(minutes: float) -> tuple[Trial, int]:
    """Visits of three jumps each, two plates at 1 kHz."""
    visits: list[Floats] = []
    samples = 0
    while samples < minutes * 60.0 * RATE:
        k = len(visits)
        visits.append(visit((75.0, 60.0)[k % 2], *(("cmj", (3 * k + j) % 12) for j in range(3))))
        samples += len(visits[-1]) + round(6.0 * RATE)
    return record(joined(visits, 6.0), plates=2), 3 * len(visits)


def peak(work: Callable[[], object]) -> int:
    """Bytes that a piece of work needs beyond what there was."""
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()


@pytest.mark.timed
@pytest.mark.slow
def test_an_hour_costs_twice_half_an_hour_and_no_more_memory_than_a_quarter() -> None:
    hour, jumps = long_session(60.0)
    samples = hour.samples
    parts = {m: Trial(fz=hour.fz[:, : samples * m // 60], rate=RATE, plates=hour.plates) for m in (15, 30)}
    analysis = analyse(hour)
    assert (len(analysis.reps), analysis.status) == (jumps, "ok")
    results = 40_000 * jumps
    assert ratio(lambda: analyse(hour), lambda: analyse(parts[30])) <= 2.2
    assert peak(lambda: analyse(hour)) <= peak(lambda: analyse(parts[15])) + results
    assert peak(lambda: analyse(hour)) < hour.fz.nbytes


def test_a_generator_of_trials_needs_the_memory_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipdrive.analysis.blocks.HELD_SAMPLES", 100_000)
    force = np.ascontiguousarray(simulate("cmj", seed=1).fz)

    def some(n: int) -> Iterator[Trial]:
        for _ in range(n):
            yield Trial.from_forces(force, RATE, ("left", "right"), test="cmj", raw=())

    few, many = peak(lambda: analyse_many(some(100))), peak(lambda: analyse_many(some(500)))
    assert many - few <= 12_000 * 400, "no more than the rows of the table"
    assert force.nbytes > 5 * 12_000


def test_neighbours_change_nothing() -> None:
    """Long and short, cut and not: each trial of a block is that trial alone, to the last bit or nearly."""
    trials = [
        record(joined([visit(60.0, ("cmj", 1)), visit(90.0, ("cmj", 2))], 4.0)),
        *(simulate(test, seed=s, plates=1) for test in ("cmj", "sj", "dj") for s in range(2)),
        record(joined([visit(75.0, *(("cmj", s % 6) for s in range(20)))], 4.0)),
        record(joined([drop(70.0, 1, 1.8)] * 3, 4.0)),
    ]
    table = analyse_many(trials, test="auto")
    for i, trial in enumerate(trials):
        alone = analyse(trial, test="auto")
        rows = np.flatnonzero(table.trial == i)
        assert table.rep[rows].tolist() == [rep.rep for rep in alone.reps]
        for row, rep in zip(rows, alone.reps, strict=True):
            for name, value in rep.items():
                np.testing.assert_allclose(table[name][row], value.value, rtol=1e-12, atol=1e-12, err_msg=name)
                np.testing.assert_allclose(table.u95[name][row], value.u95, rtol=1e-9, atol=1e-12, err_msg=name)


# --- auto -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", TESTS)
def test_auto_finds_each_simulated_test(test: str) -> None:
    finds_itself(test, range(6))


def finds_itself(test: str, seeds: range) -> None:
    for seed in seeds:
        found = analyse(simulate(test, seed=seed), test="auto")
        assert (found.test, found.detected) == (test, True), seed
        assert found.status != "refused", seed


FLIES = ("cmj", "sj", "dj", "cmj_rebound", "hops")

HELD = {
    **{("landing", test): "whoever flies lands" for test in FLIES},
    ("cmj", "cmj_rebound"): "its first jump is one",
    ("cmj", "hops"): "the series may begin with one",
    ("sj", "hops"): "the series may begin with one",
    ("dj", "hops"): "the series may begin with one",
    ("cmj_rebound", "hops"): "the series may begin with one",
    ("hops", "cmj_rebound"): "its rebound is a hop between two flights",
    ("hops", "steps"): "a run is hops from one foot to the other",
}
"""Declared test, true test -> why the record holds what was asked for: it is analysed, never refused by this test."""

ALIKE = {("sj", "cmj"), ("cmj", "sj"), ("sj", "cmj_rebound"), ("balance", "isometric")}
"""A movement that is declared as one like it is taken at its word, with a warning or a refusal."""


@pytest.mark.parametrize("declared", TESTS)
@pytest.mark.parametrize("test", TESTS)
def test_a_wrong_test_is_refused_or_flagged(test: str, declared: str) -> None:
    is_refused_or_flagged(test, declared, range(3))


def is_refused_or_flagged(test: str, declared: str, seeds: range) -> None:
    for seed in seeds if declared != test else ():
        wrong = analyse(simulate(test, seed=seed), test=declared)
        if (declared, test) in ALIKE:
            assert wrong.status in ("flagged", "refused"), seed
        elif (declared, test) not in HELD:
            assert wrong.status == "refused", (seed, wrong.status)


@pytest.mark.slow
@pytest.mark.parametrize("test", TESTS)
def test_every_test_of_25_athletes_is_found_by_itself_and_taken_for_no_other(test: str) -> None:
    finds_itself(test, range(25))
    for declared in TESTS:
        is_refused_or_flagged(test, declared, range(25))
