"""Every quality check provoked by the fault that it is there for, and silent on a clean trial.

Scenario functions are named after the fault; each changes one thing about a simulated trial.
"""

import dataclasses
from collections.abc import Callable

import faults
import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.quality import CHECKS
from hipdrive.results import FAIL, INFO, WARN, Analysis, Finding
from hipdrive.trial import Floats, Gap, Trial, Truth

TESTS = ("cmj", "sj", "dj")


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


def like(trial: Trial, fz: Floats) -> Trial:
    """The same facts with other forces."""
    return dataclasses.replace(trial, fz=fz, raw=())


def times(trial: Trial) -> Floats:
    return np.arange(trial.samples) / trial.rate


def finding(analysis: Analysis, check: str) -> Finding | None:
    return next((f for f in analysis.quality if f.check == check), None)


# --- faults ---


def clean(test: str = "cmj") -> Trial:
    return simulate(test, seed=1, offset=0.5)


def restless_stance(test: str) -> Trial:
    """1 % of the weight, in waves quicker than a weighing window."""
    trial = simulate(test, seed=1, quiet=3.0, settle=3.0)
    t, weight = times(trial), truth_of(trial)["system_weight"]
    still = np.where(t < 2.8, 1.0, 0.0) + np.where(t > truth_of(trial).events["touchdown"] + 1.4, 1.0, 0.0)
    return like(trial, trial.fz + 0.5 * still * 0.0141 * weight * np.sin(2 * np.pi * 3.0 * t))


def both_legs_in_a_trial_of_one(test: str) -> Trial:
    return clean(test).with_facts(side="left")


def slow_lean(test: str) -> Trial:
    """The force drifts by 4 N/s while the athlete is weighed."""
    return simulate(test, seed=1, drift=4.0, quiet=2.5)


def weighed_while_touching_a_rail(test: str) -> Trial:
    """A hand takes 2 % of the weight during weighing only."""
    trial = simulate(test, seed=1, quiet=3.0)
    pull = 0.02 * truth_of(trial)["system_weight"]
    return like(trial, trial.fz - 0.5 * pull * np.clip((2.9 - times(trial)) / 0.2, 0.0, 1.0))


def humming_plate(test: str) -> Trial:
    """Mains hum of 6 N in the sum."""
    trial = simulate(test, seed=1)
    return like(trial, trial.fz + 3.0 * np.sin(2 * np.pi * 50.0 * times(trial)))


def plate_not_zeroed(test: str) -> Trial:
    return simulate(test, seed=1, offset=150.0)


def plate_zeroed_under_load(test: str) -> Trial:
    trial = simulate(test, seed=1)
    return like(trial, trial.fz - 0.5 * truth_of(trial)["system_weight"])


def warming_amplifier(test: str) -> Trial:
    """0.5 N/s of drift between an empty plate before stepping on and one after stepping off."""
    trial = simulate("cmj", seed=1, offset=0.0, plates=1, quiet=3.0)
    noise = np.random.default_rng(1).normal(0.0, 1.5, 4000)
    force = np.concatenate([noise[:2000], trial.fz[0], noise[2000:]])
    return Trial.from_forces(force + 0.5 * np.arange(len(force)) / 1000.0, 1000.0, test="cmj")


def zero_that_jumps(test: str) -> Trial:
    """The zero moves by 3 % of the weight while the athlete is on the plate."""
    trial = simulate("dj", seed=1)
    weight, contact = truth_of(trial)["system_weight"], truth_of(trial).events["first_contact"]
    return like(trial, trial.fz + 0.015 * weight * (times(trial) > contact + 0.05))


def clipped(test: str, part: float = 0.7) -> Trial:
    """Both channels end at a part of their peak."""
    trial = simulate(test, seed=1)
    return like(trial, np.minimum(trial.fz, part * trial.fz.max(axis=1, keepdims=True)))


def range_reached(test: str) -> Trial:
    """The plate's range is known, and the largest sample is 99.5 % of it."""
    trial = simulate(test, seed=1)
    return dataclasses.replace(trial, ranges=tuple(trial.fz.max(axis=1) / 0.995))


def one_foot_beside_the_plate(test: str) -> Trial:
    return simulate(test, seed=1, left_share=0.12)


def dip_before_the_push(test: str) -> Trial:
    """A tenth of the weight for 0.2 s, just before the push."""
    trial = simulate("sj", seed=1)
    t = times(trial) - (truth_of(trial).events["onset"] + 0.03)
    dip = 0.1 * truth_of(trial)["system_weight"] * np.sin(np.pi * (t + 0.2) / 0.2) * ((t > -0.2) & (t < 0.0))
    return like(trial, trial.fz - 0.5 * dip)


def landing_beside_the_plate(test: str) -> Trial:
    """The first 60 ms after touchdown carry a quarter of the weight only."""
    trial = simulate(test, seed=1)
    since = times(trial) - truth_of(trial).events["touchdown"]
    toe = 0.125 * truth_of(trial)["system_weight"]
    slow = (since > 0.0) & (since < 0.06)
    return like(trial, np.where(slow, np.minimum(trial.fz, toe * 1.3), trial.fz))


def tucked_landing(test: str) -> Trial:
    return simulate(test, seed=1, posture=0.12)


def lost_samples(test: str) -> Trial:
    gap = Gap(first_sample=700, samples=12, code="lost", text="12 samples lost")
    return dataclasses.replace(simulate(test, seed=1), gaps=(gap,))


def slow_plate(test: str) -> Trial:
    return simulate(test, seed=1, rate=300.0)


def weighed_after_the_landing(test: str) -> Trial:
    """The record begins 0.4 s before the movement: only the stance after the landing is still."""
    trial = simulate(test, seed=1, settle=3.0)
    first = round((truth_of(trial).events["onset"] - 0.4) * trial.rate)
    return like(trial, trial.fz[:, first:])


def hops_afterwards(test: str) -> Trial:
    """After the landing the athlete bounces once more, off the ground."""
    trial = simulate(test, seed=1, settle=3.0, plates=1)
    t = times(trial) - truth_of(trial).events["landing_zero_velocity"]
    bounce = np.select([(t > 0.0) & (t < 0.12), (t >= 0.12) & (t < 0.40)], [2.2, 0.0], np.nan)
    force = np.where(np.isnan(bounce), trial.fz[0], bounce * truth_of(trial)["system_weight"])
    return like(trial, force[np.newaxis])


def as_fault(fault: faults.Fault) -> Callable[[str], Trial]:
    """A fault of tests/faults.py done to the trial of seed 1."""

    def spoiled(test: str) -> Trial:
        return fault(simulate(test, seed=1), np.random.default_rng(1))

    return spoiled


PROVOKED: list[tuple[str, Callable[[str], Trial], tuple[str, ...], str]] = [
    ("weigh_sd", restless_stance, TESTS, WARN),
    ("weigh_slope", slow_lean, ("cmj", "sj"), WARN),
    ("system_weight_impulse", weighed_while_touching_a_rail, ("cmj", "sj"), WARN),
    ("velocity_closure_error", weighed_while_touching_a_rail, ("cmj", "sj"), FAIL),
    ("unloaded_noise_sd", humming_plate, TESTS, WARN),
    ("zero_offset", plate_not_zeroed, TESTS, WARN),
    ("zero_offset", plate_zeroed_under_load, TESTS, WARN),
    ("plate_drift_rate", warming_amplifier, ("cmj",), WARN),
    ("plate_drift_rate", zero_that_jumps, ("dj",), FAIL),
    ("peak_saturation", clipped, TESTS, FAIL),
    ("peak_saturation", range_reached, TESTS, FAIL),
    ("foot_off_plate", one_foot_beside_the_plate, TESTS, WARN),
    ("other_leg", both_legs_in_a_trial_of_one, TESTS, WARN),
    ("sj_countermovement", dip_before_the_push, ("sj",), WARN),
    ("landing_on_plate", landing_beside_the_plate, ("cmj", "sj"), WARN),
    ("landing_on_plate", landing_beside_the_plate, ("dj",), FAIL),
    ("flight_ft_tov_discrepancy", tucked_landing, TESTS, WARN),
    ("dropped_samples", lost_samples, TESTS, FAIL),
    ("sampling_rate", slow_plate, TESTS, WARN),
    ("weight_source", weighed_after_the_landing, ("cmj", "sj"), WARN),
    *(
        (check, as_fault(fault), tests, level)
        for check, fault, tests, level in (
            ("ringing", faults.ringing(40.0, 80.0, 80.0), TESTS, WARN),
            ("filtered", faults.filtered(50.0), TESTS, WARN),
            ("filtered", faults.filtered(20.0), TESTS, WARN),
            ("hum", faults.hum(8.0, 50.0), TESTS, WARN),
            ("broken_record", faults.doubled(20), ("dj",), FAIL),
            ("cut_forces", faults.cut_below(20.0), TESTS, WARN),
            ("sign_turned", faults.scaled(-1.0), TESTS, WARN),
            ("sign_turned", faults.one_upside_down, TESTS, WARN),
            ("spikes_removed", faults.spike(2000.0, "push"), TESTS, WARN),
            ("push_distance", faults.said_rate(2.0), ("sj",), WARN),
            ("probable_rate", faults.said_rate(2.0), ("sj",), WARN),
            ("takeoff_displacement", faults.said_rate(2.0), ("cmj",), WARN),
        )
    ),
]
SCENES = [(check, scene, test, level) for check, scene, tests, level in PROVOKED for test in tests]


@pytest.mark.parametrize(
    ("check", "scene", "test", "level"),
    SCENES,
    ids=[f"{c}-{s.__name__}-{i}-{t}" for i, (c, s, t, _) in enumerate(SCENES)],
)
def test_a_fault_is_named_with_a_remedy(check: str, scene: Callable[[str], Trial], test: str, level: str) -> None:
    trial = scene(test)
    analysis = analyse(trial)
    seen = finding(analysis, check)
    assert seen is not None, analysis.quality
    assert seen.level == level
    assert seen.remedy and seen.remedy == CHECKS[check].remedy
    assert "{}" not in seen.message and "\n" not in seen.message
    assert analysis.status != "ok"


@pytest.mark.parametrize("test", TESTS)
def test_a_clean_trial_is_praised_in_silence(test: str) -> None:
    analysis = analyse(clean(test))
    assert analysis.status == "ok"
    assert {f.level for f in analysis.quality} == {INFO}
    assert not any(f.remedy for f in analysis.quality)
    weight = finding(analysis, "system_weight")
    assert weight is not None and weight.unit == "N"
    assert weight.value == pytest.approx(truth_of(clean(test))["system_weight"], rel=2e-3)


@pytest.mark.parametrize("test", ["cmj", "sj"])
def test_no_check_cries_wolf(test: str) -> None:
    """Twenty clean athletes, and not one warning."""
    for seed in range(20):
        loud = {f.check for f in analyse(simulate(test, seed=seed, posture=0.0)).quality if f.level != INFO}
        assert not loud, seed


def test_every_check_says_what_and_what_to_do() -> None:
    for check in CHECKS.values():
        assert check.message.count("{}") == 1
        assert check.remedy or check.name == "system_weight"
        assert not check.message.endswith(".") and not check.remedy.endswith(".")


def test_the_worst_comes_first() -> None:
    levels = [f.level for f in analyse(weighed_while_touching_a_rail("cmj")).quality]
    assert levels == sorted(levels, key=[FAIL, WARN, INFO].index) and levels[0] == FAIL


# --- what each fault does to the numbers ---


@pytest.mark.parametrize("offset", [-150.0, 30.0, 150.0])
@pytest.mark.parametrize("test", TESTS)
def test_a_plate_that_was_not_zeroed_is_put_right(test: str, offset: float) -> None:
    plain, shifted = (analyse(simulate(test, seed=1, offset=o)).reps[0] for o in (0.0, offset))
    for name in ("jump_height_tov", "jump_height_ft", "system_weight", "peak_landing_force"):
        assert shifted[name].value == pytest.approx(plain[name].value, rel=2e-3), name


@pytest.mark.parametrize("test", TESTS)
def test_a_plate_zeroed_under_the_athlete_is_put_right(test: str) -> None:
    trial = plate_zeroed_under_load(test)
    rep = analyse(trial).reps[0]
    for name in ("system_weight", "jump_height_tov", "peak_landing_force"):
        assert rep[name].value == pytest.approx(truth_of(trial)[name], rel=0.01), name


@pytest.mark.parametrize("test", TESTS)
def test_a_zero_that_moved_gives_no_number(test: str) -> None:
    analysis = analyse(zero_that_jumps(test), test="auto")
    assert (analysis.status, analysis.code, analysis.reps) == ("refused", "zero_changed", ())
    assert analysis.why


@pytest.mark.parametrize("part", [0.5, 0.6, 0.7])
@pytest.mark.parametrize("test", TESTS)
def test_one_clipped_channel_of_two_is_seen(test: str, part: float) -> None:
    """The sum still looks plausible."""
    trial = simulate(test, seed=2)
    fz = trial.fz.copy()
    fz[1] = np.minimum(fz[1], part * fz[1].max())
    analysis = analyse(like(trial, fz))
    seen = finding(analysis, "peak_saturation")
    assert seen is not None and seen.level == FAIL and analysis.status != "ok"
    touched = [name for rep in analysis.reps for name, value in rep.items() if value.code == "saturated"]
    assert analysis.code == "saturated" or "peak_landing_force" in touched or "peak_braking_force" in touched


@pytest.mark.parametrize("step", [0.1, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("test", TESTS)
def test_a_smooth_peak_in_steps_is_not_clipped(test: str, step: float) -> None:
    """A quantised peak stays at its largest value for several samples, and is none the less whole."""
    for seed in range(6):
        trial = simulate(test, seed=seed, noise=0.0)
        analysis = analyse(like(trial, np.round(trial.fz / step) * step))
        assert finding(analysis, "peak_saturation") is None and analysis.status != "refused"


def test_hops_after_the_landing_are_counted_as_other_flights() -> None:
    analysis = analyse(hops_afterwards("cmj"))
    seen = finding(analysis, "other_flights")
    assert seen is not None and seen.value == 1.0 and seen.level == INFO
    assert len(analysis.reps) == 1


def test_reader_notes_are_passed_on() -> None:
    analysis = analyse(dataclasses.replace(clean(), notes=("the rate was taken from --rate",)))
    seen = finding(analysis, "note")
    assert seen is not None and seen.message == "the rate was taken from --rate"


def test_findings_name_their_repetition() -> None:
    analysis = analyse(plate_not_zeroed("cmj"))
    seen = finding(analysis, "zero_offset")
    assert seen is not None and seen.rep == 1
    lost = finding(analyse(lost_samples("cmj")), "dropped_samples")
    assert lost is not None and lost.rep == 0, "0 is the record as a whole"


def test_a_countermovement_jump_declared_a_squat_jump_is_refused_for_its_dip() -> None:
    analysis = analyse(simulate("cmj", seed=1), test="sj")
    seen = finding(analysis, "sj_countermovement")
    truth = truth_of(simulate("cmj", seed=1))
    assert seen is not None and seen.level == FAIL
    assert seen.value == pytest.approx(truth["system_weight"] - truth["min_force"], abs=5.0)
    assert f"dips by {seen.value:.0f} N" in seen.message
    assert analysis.reps[0]["jump_height_tov"].code == "countermovement_in_sj"


@pytest.mark.parametrize(("size", "level"), [(60.0, WARN), (300.0, FAIL)])
def test_a_dip_fails_where_it_carries_the_athlete_down(size: float, level: str) -> None:
    """METRICS.md Q12: beyond 5 % of the weight a warning, beyond -0.25 m/s no squat jump."""
    trial = simulate("sj", seed=1, noise=1.0)
    since = times(trial) - truth_of(trial).events["onset"] - 0.03
    dip = size * np.sin(np.pi * (since + 0.3) / 0.3) * ((since > -0.3) & (since < 0.0))
    seen = finding(analyse(like(trial, trial.fz - 0.5 * dip)), "sj_countermovement")
    assert seen is not None and seen.level == level
    assert seen.value == pytest.approx(size, abs=5.0)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_trial_of_one_leg_is_that_legs_plate(test: str, side: str) -> None:
    """The other plate is empty, but for a zero that is 40 N off."""
    trial = simulate(test, seed=1, left_share=float(side == "left"), offset=0.0)
    other = 1 if side == "left" else 0
    fz = trial.fz.copy()
    fz[other] += 40.0
    one = dataclasses.replace(trial, fz=fz, side=side, ranges=(9000.0, 20.0) if other else (20.0, 9000.0))
    analysis = analyse(one)
    alone = dataclasses.replace(trial, fz=fz[1 - other], plates=(side,), ranges=())
    assert repr(dict(analysis.reps[0])) == repr(dict(analyse(alone).reps[0]))
    assert analysis.status == "ok"
    seen = finding(analysis, "other_leg")
    assert seen is not None and seen.level == INFO and abs(seen.value) < 1.0
    assert not [name for name in analysis.reps[0] if name.startswith("asym_")]
    both = dataclasses.replace(one, side="", ranges=())
    assert finding(analyse(both), "foot_off_plate") is not None


def test_a_side_says_nothing_where_no_plate_has_its_name() -> None:
    trial = simulate("cmj", seed=1, plates=1)
    assert repr(analyse(trial.with_facts(side="left")).quality) == repr(analyse(trial).quality)


def test_both_legs_in_a_trial_of_one_stay_both() -> None:
    trial = clean()
    analysis = analyse(trial.with_facts(side="right"))
    seen = finding(analysis, "other_leg")
    assert seen is not None and seen.value == pytest.approx(100.0 * truth_of(trial).settings["left_share"], abs=1.0)
    assert repr(dict(analysis.reps[0])) == repr(dict(analyse(trial).reps[0]))


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_foot_beside_the_plate_after_a_drop_jump_does_not_pass(share: float) -> None:
    """The rest after the landing weighs a part of the athlete, so backward integration falls from 36 m."""
    trial = simulate("dj", seed=1)
    landed = times(trial) > truth_of(trial).events["touchdown"]
    part = like(trial, np.where(landed, share * trial.fz, trial.fz))
    assert analyse(dataclasses.replace(part, box_height=None)).status != "ok"


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_fall_that_the_box_cannot_explain_is_named(share: float) -> None:
    trial = simulate("dj", seed=1)
    landed = times(trial) > truth_of(trial).events["touchdown"]
    analysis = analyse(like(trial, np.where(landed, share * trial.fz, trial.fz)))
    assert analysis.status == "refused" or finding(analysis, "drop_height_error") is not None
    assert analysis.status != "ok"
