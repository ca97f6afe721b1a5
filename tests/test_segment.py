"""Long recordings built of known pieces: how many repetitions, which test, and what is not one.

Pieces are noiseless simulated movements of one athlete with steps on and off the plate between them; noise and zero
error are added to the whole.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.results import Analysis
from hipdrive.trial import Floats, Trial, Truth

G, RATE, MASS = 9.80665, 1000.0, 75.0
WEIGHT = MASS * G


@cache
def movement(test: str, seed: int) -> tuple[Floats, Truth]:
    """One movement with two seconds of standing before and after, and its truth."""
    trial = simulate(test, seed=seed, mass=MASS, noise=0.0, offset=0.0, plates=1, quiet=2.0, settle=2.5)
    assert trial.truth is not None
    return trial.fz[0], trial.truth


def piece(test: str, seed: int) -> Floats:
    return movement(test, seed)[0]


def blend(start: float, end: float, seconds: float) -> Floats:
    """A smooth change of force, in weights."""
    part = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, round(seconds * RATE)))
    return np.asarray(WEIGHT * (start + (end - start) * part))


def stand(seconds: float) -> Floats:
    return np.full(round(seconds * RATE), WEIGHT)


def empty(seconds: float) -> Floats:
    return np.zeros(round(seconds * RATE))


def step_on() -> Floats:
    """One foot, then the other."""
    one = np.full(round(0.2 * RATE), 0.55 * WEIGHT)
    return np.concatenate([blend(0.0, 0.55, 0.15), one, blend(0.55, 1.08, 0.2), blend(1.08, 1.0, 0.3)])


def step_off() -> Floats:
    return step_on()[::-1]


def rebound(up: float, down: float, contact: float) -> Floats:
    """A contact that turns a fall of `down` m/s into a jump of `up` m/s, and its flight."""
    t = np.arange(1, round(contact * RATE)) / RATE
    peak = (up + down) * np.pi / (2.0 * G * contact)
    return np.concatenate([WEIGHT * (1.0 + peak * np.sin(np.pi * t / contact)), empty(2.0 * up / G)])


def landing(seed: int) -> tuple[Floats, float]:
    """From touchdown on, and the speed of the fall."""
    force, truth = movement("cmj", seed)
    flight = truth["flight_time"]
    return force[int(truth.events["touchdown"] * RATE) + 1 :], G * flight - truth["takeoff_velocity"]


def recorded(*pieces: Floats, test: str = "auto", offset: float = 4.0, seed: int = 0) -> Analysis:
    force = np.concatenate(pieces)
    noise = np.random.default_rng(seed).normal(offset, 1.5, len(force))
    return analyse(Trial.from_forces(force + noise, RATE, test=test))


def heights(analysis: Analysis) -> list[float]:
    return [rep["jump_height_tov"].value for rep in analysis.reps]


def true_heights(test: str, seeds: Sequence[int]) -> list[float]:
    return [movement(test, seed)[1]["jump_height_tov"] for seed in seeds]


def others(analysis: Analysis) -> float:
    return sum(f.value for f in analysis.quality if f.check == "other_flights")


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("test", ["cmj", "sj"])
def test_step_on_jump_n_times_step_off(test: str, n: int) -> None:
    analysis = recorded(empty(2.0), step_on(), stand(1.5), *(piece(test, s) for s in range(n)), step_off(), empty(3.0))
    assert (analysis.test, analysis.detected, len(analysis.reps)) == (test, True, n)
    assert heights(analysis) == pytest.approx(true_heights(test, range(n)), abs=5e-3)
    assert [rep.rep for rep in analysis.reps] == list(range(1, n + 1))
    takeoffs = [rep.events["takeoff"].t for rep in analysis.reps]
    assert takeoffs == sorted(takeoffs)
    assert others(analysis) == 0


@pytest.mark.parametrize("n", [1, 3])
def test_drop_jumps_with_steps_off_the_plate_between(n: int) -> None:
    parts = [part for s in range(n) for part in (piece("dj", s), step_off(), empty(3.0))]
    analysis = recorded(*parts)
    assert (analysis.test, len(analysis.reps)) == ("dj", n)
    assert heights(analysis) == pytest.approx(true_heights("dj", range(n)), abs=6e-3)
    for s, rep in enumerate(analysis.reps):
        truth = movement("dj", s)[1]
        assert rep["contact_time"].value == pytest.approx(truth["contact_time"], abs=1e-3)
        assert rep["drop_height"].value == pytest.approx(truth["drop_height"], abs=0.01)


def test_an_empty_plate_at_either_end_is_longer_than_the_flight_and_none() -> None:
    analysis = recorded(empty(6.0), step_on(), stand(1.0), piece("cmj", 1), step_off(), empty(8.0))
    assert len(analysis.reps) == 1
    truth = movement("cmj", 1)[1]
    assert analysis.reps[0]["flight_time"].value == pytest.approx(truth["flight_time"], abs=1e-3)


def test_the_commonest_test_of_a_mixed_record_is_taken_and_the_rest_counted() -> None:
    jumps = [piece("cmj", 1), piece("cmj", 2), piece("sj", 0)]
    analysis = recorded(empty(1.0), step_on(), *jumps, step_off(), empty(2.0))
    assert (analysis.test, len(analysis.reps), others(analysis)) == ("cmj", 2, 1)
    fewer = recorded(empty(1.0), step_on(), piece("cmj", 1), piece("sj", 0), piece("sj", 1), step_off(), empty(2.0))
    assert (fewer.test, len(fewer.reps), others(fewer)) == ("sj", 2, 1)


MIXED = (step_on(), piece("cmj", 1), piece("cmj", 2), step_off(), empty(2.0), piece("dj", 1))


@pytest.mark.parametrize(
    ("declared", "found", "n", "rest"), [("auto", "cmj", 2, 1), ("cmj", "cmj", 2, 1), ("dj", "dj", 1, 2)]
)
def test_a_declared_test_picks_its_own_repetitions(declared: str, found: str, n: int, rest: int) -> None:
    analysis = recorded(*MIXED, test=declared)
    assert (analysis.test, len(analysis.reps), others(analysis)) == (found, n, rest)
    assert analysis.detected is (declared == "auto")


@pytest.mark.parametrize(("declared", "test"), [("dj", "cmj"), ("dj", "sj"), ("cmj", "dj"), ("sj", "dj")])
def test_a_test_that_is_not_in_the_record_is_refused(declared: str, test: str) -> None:
    analysis = recorded(empty(1.0), step_on(), piece(test, 1)) if test != "dj" else recorded(piece(test, 1))
    assert analysis.reps
    wrong = recorded(*([empty(1.0), step_on()] if test != "dj" else []), piece(test, 1), test=declared)
    assert (wrong.status, wrong.code, wrong.reps) == ("refused", "not_this_test", ())
    assert others(wrong) == 1


def test_a_rebound_after_the_landing_is_no_second_jump() -> None:
    force, truth = movement("cmj", 1)
    end, fall = landing(2)
    down = G * truth["flight_time"] - truth["takeoff_velocity"]
    until = force[: int(truth.events["touchdown"] * RATE) + 1]
    parts = (empty(1.0), step_on(), until, rebound(fall, down, 0.3), end, step_off(), empty(2.0))
    assert recorded(*parts).test == "cmj_rebound"
    analysis = recorded(*parts, test="cmj")
    assert (analysis.test, len(analysis.reps), others(analysis)) == ("cmj", 1, 1)
    assert heights(analysis) == pytest.approx([truth["jump_height_tov"]], abs=5e-3)


def test_hops_are_no_jumps_of_these_tests() -> None:
    """Ten hops between a first jump and a last landing: nothing but the first jump is a repetition."""
    force, truth = movement("cmj", 1)
    end, fall = landing(2)
    down = G * truth["flight_time"] - truth["takeoff_velocity"]
    speeds = [down, *[2.2] * 9, fall]
    hops = [rebound(up, low, 0.2) for low, up in pairwise(speeds)]
    until = force[: int(truth.events["touchdown"] * RATE) + 1]
    assert recorded(step_on(), until, *hops, end).test == "hops"
    analysis = recorded(step_on(), until, *hops, end, test="cmj")
    assert len(analysis.reps) == 1 and others(analysis) == 10


def test_a_drop_jump_and_its_second_bounce() -> None:
    force, truth = movement("dj", 1)
    end, fall = landing(2)
    down = G * truth["flight_time"] - truth["takeoff_velocity"]
    until = force[: int(truth.events["touchdown"] * RATE) + 1]
    analysis = recorded(until, rebound(fall, down, 0.25), end)
    assert (analysis.test, len(analysis.reps), others(analysis)) == ("dj", 1, 1)
    assert analysis.reps[0]["contact_time"].value == pytest.approx(truth["contact_time"], abs=1e-3)


@pytest.mark.parametrize("gap", [0.1, 0.3, 0.5, 0.8, 3.0])
@pytest.mark.parametrize("test", ["auto", "cmj", "dj"])
def test_stepping_off_and_on_again_is_no_jump(gap: float, test: str) -> None:
    """The plate is empty as long as in a flight, and no force threw the athlete up."""
    analysis = recorded(
        empty(1.0),
        step_on(),
        stand(3.0),
        step_off(),
        empty(gap),
        step_on(),
        stand(2.0),
        step_off(),
        empty(2.0),
        test=test,
    )
    assert analysis.status == "refused"
    assert analysis.code in ("not_ballistic", "no_flight", "no_jump", "not_this_test")


def test_stepping_off_between_jumps_is_not_counted() -> None:
    apart = [step_off(), empty(0.6), step_on(), stand(1.5)]
    analysis = recorded(step_on(), piece("cmj", 1), *apart, piece("cmj", 2), step_off(), empty(1.0))
    assert len(analysis.reps) == 2
    assert heights(analysis) == pytest.approx(true_heights("cmj", [1, 2]), abs=5e-3)


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ((empty(5.0),), "no_load"),
        ((empty(1.0), step_on(), stand(4.0), step_off(), empty(2.0)), "no_flight"),
        ((stand(5.0),), "no_flight"),
        ((piece("cmj", 1)[:300],), "too_short"),
    ],
)
def test_records_without_a_jump_say_why(pieces: tuple[Floats, ...], code: str) -> None:
    analysis = recorded(*pieces)
    assert (analysis.status, analysis.code, analysis.reps) == ("refused", code, ())


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_a_record_that_ends_in_the_air_says_so(test: str) -> None:
    force, truth = movement(test, 1)
    analysis = recorded(force[: int((truth.events["takeoff"] + 0.2) * RATE)])
    assert (analysis.status, analysis.code) == ("refused", "ends_in_air")


def test_the_last_jump_of_a_session_may_end_in_the_air() -> None:
    force, truth = movement("cmj", 2)
    analysis = recorded(step_on(), piece("cmj", 1), force[: int((truth.events["takeoff"] + 0.2) * RATE)])
    assert len(analysis.reps) == 1
    assert heights(analysis) == pytest.approx(true_heights("cmj", [1]), abs=5e-3)


def test_auto_finds_what_was_declared() -> None:
    for test in ("cmj", "sj", "dj"):
        for seed in range(25):
            trial = simulate(test, seed=seed)
            found, declared = analyse(trial, test="auto"), analyse(trial)
            assert (found.test, len(found.reps), found.detected) == (test, 1, True), seed
            assert found.reps[0]["jump_height_tov"].value == declared.reps[0]["jump_height_tov"].value


def test_over_repetitions_there_is_a_summary() -> None:
    seeds = [0, 1, 2, 3]
    analysis = recorded(step_on(), *(piece("cmj", s) for s in seeds))
    values = heights(analysis)
    summary = analysis.summary
    assert summary["jump_height_tov_mean"].value == pytest.approx(np.mean(values), rel=1e-12)
    assert summary["jump_height_tov_sd"].value == pytest.approx(np.std(values, ddof=1), rel=1e-9)
    cv = 100.0 * np.std(values, ddof=1) / np.mean(values)
    assert summary["jump_height_tov_cv"].value == pytest.approx(cv, rel=1e-9)
    best = int(np.argmax(values))
    for name in analysis.headline:
        assert summary[f"{name}_best"].value == analysis.reps[best][name].value, "all from the best repetition"
    assert summary["jump_height_tov_mean"].u95 == pytest.approx(3.182 * np.std(values, ddof=1) / 2.0, rel=1e-3)


def test_one_repetition_has_no_summary() -> None:
    assert not recorded(step_on(), piece("cmj", 1)).summary
