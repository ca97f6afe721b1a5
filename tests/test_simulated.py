"""The simulated athlete against plain numerical integration of its force: truth by a second route."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import RANGES, simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Trial, Truth

G, FINE = 9.80665, 20_000.0
TESTS = ("cmj", "sj", "dj")
MOVEMENTS = [(test, seed) for test in TESTS for seed in (1, 2, 3, 4)]


def truth_of(trial: Trial) -> Truth:
    assert trial.truth is not None
    return trial.truth


@cache
def fine(test: str, seed: int) -> Trial:
    """The movement alone, at 20 kHz: no noise, no zero error; a plate under the box sees the step-off."""
    return simulate(test, seed=seed, rate=FINE, noise=0.0, offset=0.0, box_plate=test == "dj")


@cache
def motion(test: str, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Time, force, velocity and displacement from rest at the first sample, by the trapezoid."""
    trial = fine(test, seed)
    weight = truth_of(trial).settings["mass"] * G
    force = trial.fz.sum(axis=0)
    a = (force - weight) / (weight / G)
    v = np.concatenate([[0.0], np.cumsum(0.5 * (a[1:] + a[:-1]))]) / FINE
    s = np.concatenate([[0.0], np.cumsum(0.5 * (v[1:] + v[:-1]))]) / FINE
    return np.arange(len(force)) / FINE, force, v, s


def at(times: Floats, curve: Floats, t: float) -> float:
    return float(np.interp(t, times, curve))


@pytest.mark.parametrize(("test", "seed"), MOVEMENTS)
def test_integrated_force_gives_the_true_velocity_displacement_and_rest(test: str, seed: int) -> None:
    truth = truth_of(fine(test, seed))
    t, force, v, s = motion(test, seed)
    to, td = truth.events["takeoff"], truth.events["touchdown"]
    assert at(t, v, to) == pytest.approx(truth["takeoff_velocity"], abs=1e-4)
    assert at(t, s, to) - at(t, s, td) == pytest.approx(truth.settings["posture"], abs=1e-4)
    assert abs(v[-1]) < 1e-4, "the athlete is at rest at the end"
    assert np.ptp(force[t > t[-1] - 2.0]) < 1e-9, "and stands still"
    if test == "cmj":
        assert abs(s[-1]) < 1e-3, "as tall as before"
    assert at(t, v, truth.events["landing_zero_velocity"]) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(("test", "seed"), MOVEMENTS)
def test_force_is_zero_exactly_in_the_air(test: str, seed: int) -> None:
    truth = truth_of(fine(test, seed))
    t, force, _, _ = motion(test, seed)
    air = t[(force < 1e-6) & (t > truth.events["takeoff"] - 0.1)]
    assert air[0] == pytest.approx(truth.events["takeoff"], abs=1.0 / FINE)
    assert air[-1] == pytest.approx(truth.events["touchdown"], abs=1.0 / FINE)
    flight = truth.events["touchdown"] - truth.events["takeoff"]
    assert truth["flight_time"] == pytest.approx(flight, abs=1e-12)
    assert truth["jump_height_ft"] == pytest.approx(G * truth["flight_time"] ** 2 / 8.0)
    assert truth["jump_height_tov"] == pytest.approx(truth["takeoff_velocity"] ** 2 / (2.0 * G))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_countermovement_numbers_from_the_force_alone(seed: int) -> None:
    truth = truth_of(fine("cmj", seed))
    t, force, v, s = motion("cmj", seed)
    weight, on, to = truth["system_weight"], truth.events["onset"], truth.events["takeoff"]
    moving = t[np.abs(force - weight) > 10.0]
    assert on == pytest.approx(moving[0] - 0.030, abs=1.0 / FINE), "10 N departure less 30 ms"
    before = (t > on) & (t < to)
    lowest = int(np.argmin(np.where(before, v, 0.0)))
    bottom = int(np.argmin(np.where(before, s, 0.0)))
    assert truth.events["peak_negative_velocity"] == pytest.approx(t[lowest], abs=1.0 / FINE)
    assert truth.events["zero_velocity"] == pytest.approx(t[bottom], abs=2.0 / FINE)
    assert truth["peak_negative_velocity_value"] == pytest.approx(v[lowest], abs=1e-4)
    assert truth["countermovement_depth"] == pytest.approx(s[bottom] - at(t, s, on), abs=1e-4)
    assert truth["min_force"] == pytest.approx(force[before & (t < t[lowest])].min(), abs=0.1)
    assert truth["force_at_zero_velocity"] == pytest.approx(force[bottom], rel=1e-3)
    assert truth["unweighting_time"] == pytest.approx(t[lowest] - on, abs=1.0 / FINE)
    assert truth["jump_height_total"] == pytest.approx(truth["jump_height_tov"] + at(t, s, to), abs=1e-4)
    assert truth["time_to_takeoff"] == pytest.approx(to - on, abs=1e-12)
    up = (t >= t[bottom]) & (t < to)
    power = force * v
    assert truth["peak_power"] == pytest.approx(power[up].max(), rel=1e-4)
    assert truth["propulsive_work"] == pytest.approx(power[up].sum() / FINE, rel=1e-3)
    assert truth["mean_propulsive_force"] == pytest.approx(force[up].mean(), rel=1e-3)
    assert truth["peak_velocity"] == pytest.approx(v[up].max(), abs=1e-4)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_drop_numbers_from_quiet_standing_on_the_box(seed: int) -> None:
    """Both plates summed and integrated forwards from rest on the box."""
    truth = truth_of(fine("dj", seed))
    t, force, v, s = motion("dj", seed)
    down, to = truth.events["first_contact"], truth.events["takeoff"]
    assert at(t, v, down) == pytest.approx(truth["touchdown_velocity"], abs=1e-4)
    assert truth["drop_height"] == pytest.approx(at(t, v, down) ** 2 / (2.0 * G), abs=1e-4)
    assert truth["contact_time"] == pytest.approx(to - down, abs=1e-12)
    contact = (t > down) & (t < to)
    bottom = int(np.argmin(np.where(contact, s, 0.0)))
    assert truth["contact_displacement"] == pytest.approx(s[bottom] - at(t, s, down), abs=1e-4)
    assert truth["braking_time"] == pytest.approx(t[bottom] - down, abs=2.0 / FINE)
    assert truth["rsi_jh"] == pytest.approx(G * truth["flight_time"] ** 2 / 8.0 / (to - down))
    assert truth["impulse_ratio"] == pytest.approx(at(t, v, to) / -at(t, v, down), rel=1e-3)
    braking = (t > down) & (t < t[bottom])
    assert truth["peak_braking_force"] == pytest.approx(force[braking].max(), rel=1e-3)


@pytest.mark.parametrize("test", TESTS)
def test_force_is_never_negative_and_never_superhuman(test: str) -> None:
    for seed in range(40):
        trial = simulate(test, seed=seed, noise=0.0, offset=0.0)
        weight = truth_of(trial)["system_weight"]
        assert trial.fz.sum(axis=0).min() > -1e-6
        assert trial.fz.sum(axis=0).max() < 15.0 * weight


@pytest.mark.parametrize("test", TESTS)
def test_same_seed_same_trial_and_every_seed_its_own(test: str) -> None:
    one, again, other = (simulate(test, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(one.fz, again.fz)
    assert truth_of(one).values == truth_of(again).values
    assert one.samples != other.samples or not np.array_equal(one.fz, other.fz)
    assert truth_of(one)["takeoff_velocity"] != truth_of(other)["takeoff_velocity"]


@pytest.mark.parametrize("test", TESTS)
def test_rate_samples_the_same_movement(test: str) -> None:
    slow, fast = (simulate(test, seed=5, rate=rate) for rate in (500.0, 2000.0))
    assert truth_of(slow).values == pytest.approx(dict(truth_of(fast).values))
    assert slow.rate == 500.0 and abs(4 * slow.samples - fast.samples) <= 4


COMMON = """system_weight takeoff_velocity jump_height_tov flight_time jump_height_ft jump_momentum
    peak_landing_force time_to_peak_landing_force peak_propulsive_force peak_power"""
OWN = {
    "cmj": """time_to_takeoff rsi_modified countermovement_depth unweighting_time braking_time
        propulsion_time jump_height_total min_force mean_braking_rfd""",
    "sj": "time_to_takeoff rsi_modified takeoff_displacement propulsive_work",
    "dj": """contact_time touchdown_velocity drop_height rsi_jh rsi_jh_tov rsi_ft braking_time
        propulsion_time contact_displacement impulse_ratio rebound_efficiency""",
}
EVENTS = {
    "cmj": "onset peak_negative_velocity zero_velocity takeoff touchdown landing_zero_velocity",
    "sj": "onset takeoff touchdown landing_zero_velocity",
    "dj": "first_contact zero_velocity takeoff touchdown landing_zero_velocity",
}


@pytest.mark.parametrize("test", TESTS)
def test_truth_names_fields_of_the_registry_and_events_in_order(test: str) -> None:
    truth = truth_of(simulate(test, seed=1))
    assert set(truth.values) >= {*COMMON.split(), *OWN[test].split()}
    measured = analyse(simulate(test, seed=1)).reps[0]
    assert set(truth.values) <= set(measured), "truth speaks of metrics only"
    times = [truth.events[name] for name in EVENTS[test].split()]
    assert times == sorted(times) and set(EVENTS[test].split()) == set(truth.events)
    assert {"seed", "rate", "noise", "offset", "mass", "left_share", "posture"} <= set(truth.settings)


# --- options ---


def test_one_plate_carries_the_whole_athlete() -> None:
    trial = simulate("cmj", seed=1, plates=1, noise=0.0, offset=0.0)
    both = simulate("cmj", seed=1, noise=0.0, offset=0.0)
    assert trial.plates == ("plate1",) and both.plates == ("left", "right")
    assert trial.fz[0] == pytest.approx(both.fz.sum(axis=0))


def test_a_plate_under_the_box_sees_the_athlete_until_first_contact_and_never_again() -> None:
    trial = simulate("dj", seed=1, box_plate=True, noise=0.0, offset=0.0)
    truth = truth_of(trial)
    assert trial.plates == ("left", "right", "box")
    ground, box, t = trial.fz[:2].sum(axis=0), trial.fz[2], np.arange(trial.samples) / trial.rate
    assert box[0] == pytest.approx(truth["system_weight"])
    assert not ground[t < truth.events["first_contact"]].any()
    assert not box[t > truth.events["first_contact"]].any()


def test_without_a_plate_under_the_box_the_ground_is_empty_until_first_contact() -> None:
    trial = simulate("dj", seed=1, noise=0.0, offset=0.0)
    t = np.arange(trial.samples) / trial.rate
    assert not trial.fz[:, t < truth_of(trial).events["first_contact"]].any()
    assert trial.box_height == pytest.approx(truth_of(trial)["drop_height"], abs=0.06)


def test_offset_adds_the_same_to_every_sample() -> None:
    low, high = (simulate("cmj", seed=1, offset=offset).fz.sum(axis=0) for offset in (0.0, 50.0))
    assert high - low == pytest.approx(np.full(len(low), 50.0))


def test_offset_is_drawn_within_ten_newtons() -> None:
    drawn = [truth_of(simulate("dj", seed=seed)).settings["offset"] for seed in range(30)]
    assert max(np.abs(drawn)) <= 10.0 and np.ptp(drawn) > 5.0


def test_drift_grows_in_newtons_a_second() -> None:
    still, drifting = (simulate("cmj", seed=1, drift=drift).fz.sum(axis=0) for drift in (0.0, 2.0))
    assert drifting - still == pytest.approx(2.0 * np.arange(len(still)) / 1000.0)


def test_noise_is_white_of_the_size_asked_for_in_total() -> None:
    trial = simulate("cmj", seed=1, noise=3.0, quiet=6.0)
    stance = trial.fz[:, :5500]
    assert stance.sum(axis=0).std() == pytest.approx(3.0, rel=0.05)
    assert stance.std(axis=1) == pytest.approx(3.0 / np.sqrt(2.0), rel=0.05)
    total = stance.sum(axis=0) - stance.sum(axis=0).mean()
    assert abs(np.corrcoef(total[1:], total[:-1])[0, 1]) < 0.05


def test_sway_is_slow_and_leaves_the_movement_alone() -> None:
    calm, swaying = (simulate("cmj", seed=1, sway=5.0 * k, quiet=8.0) for k in (0, 1))
    change = (swaying.fz - calm.fz).sum(axis=0)
    t = np.arange(len(change)) / 1000.0
    truth = truth_of(calm)
    assert 2.0 < change[t < 7.0].std() < 10.0
    assert np.abs(np.diff(change[t < 7.0])).max() < 0.1, "less than 0.1 N a millisecond"
    moving = (t > truth.events["onset"]) & (t < truth.events["landing_zero_velocity"])
    assert np.abs(change[moving]).max() < 1e-9


@pytest.mark.parametrize(("test", "seed"), MOVEMENTS)
def test_a_swaying_stance_is_a_movement_like_any_other(test: str, seed: int) -> None:
    """Force integrated from the velocity with which a body that stays in place sways; at the end it still does."""
    trial = simulate(test, seed=seed, rate=FINE, noise=0.0, offset=0.0, sway=2.0, box_plate=test == "dj", settle=8.0)
    truth = truth_of(trial)
    t, force = np.arange(trial.samples) / FINE, trial.fz.sum(axis=0)
    a = (force - truth["system_weight"]) / truth["system_mass"]
    v = np.concatenate([[0.0], np.cumsum(0.5 * (a[1:] + a[:-1]))]) / FINE
    low = truth.events["zero_velocity" if test != "sj" else "landing_zero_velocity"]
    v -= at(t, v, low)
    assert at(t, v, truth.events["takeoff"]) == pytest.approx(truth["takeoff_velocity"], abs=1e-4)
    start = truth.events["first_contact" if test == "dj" else "onset"]
    assert 1e-5 < abs(v[0]) < 0.1, "it moves from the first sample on"
    if test == "cmj":
        assert truth["unweighting_net_impulse"] == pytest.approx(
            truth["system_mass"] * (truth["peak_negative_velocity_value"] - at(t, v, start)), abs=1e-2
        )
    stance = t > truth.events["touchdown"] + 2.0
    assert abs(v[stance].mean()) < 2.0 * v[stance].std() + 1e-3, "nobody walks away"


@pytest.mark.parametrize(("test", "seed"), MOVEMENTS)
def test_the_feet_share_the_force_as_the_truth_says(test: str, seed: int) -> None:
    trial = simulate(test, seed=seed, rate=FINE, noise=0.0, offset=0.0, share_swing=0.1)
    truth, first = truth_of(trial), truth_of(trial).settings["phase"]
    t = np.arange(trial.samples) / FINE
    left, right = trial.fz
    events = truth.events
    push = events.get("zero_velocity", events.get("onset"))
    assert first < 1.0 / FINE and push is not None

    def impulse(force: Floats, start: float, end: float) -> float:
        inside = t[(t > start) & (t < end)]
        times = np.r_[start, inside, end]
        return float(np.trapezoid(np.interp(times, t, force), times))

    down = events["touchdown"]
    spans = {"propulsive_gross_impulse": (push, events["takeoff"]), "landing_gross_impulse_100ms": (down, down + 0.1)}
    for name, (begin, end) in spans.items():
        l, r = (impulse(foot, begin, end) for foot in (left, right))  # noqa: E741
        assert truth[f"{name}_left"] == pytest.approx(l, rel=1e-4)
        assert truth[f"{name}_right"] == pytest.approx(r, rel=1e-4)
        assert truth[f"asym_{name}"] == pytest.approx(100.0 * (l - r) / (l + r), abs=1e-2)
    landing = (t >= events["touchdown"]) & (t < events["touchdown"] + 0.3)
    peak = int(np.argmax(np.where(landing, left + right, 0.0)))
    assert truth["peak_landing_force_left"] == pytest.approx(left[peak], rel=1e-4)
    share = left / np.where(left + right > 10.0, left + right, np.nan)
    assert np.nanmax(share) - np.nanmin(share) > 0.02, "it goes to and fro"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.62])
def test_share_of_the_left_foot(share: float) -> None:
    trial = simulate("cmj", seed=1, left_share=share, noise=0.0, offset=0.0)
    assert trial.fz[0] == pytest.approx(share * trial.fz.sum(axis=0))


def test_mass_is_what_the_plate_weighs() -> None:
    trial = simulate("cmj", seed=1, mass=80.0, noise=0.0, offset=0.0)
    assert trial.fz[:, 0].sum() == pytest.approx(80.0 * G)
    assert truth_of(trial)["system_weight"] == pytest.approx(80.0 * G)


@pytest.mark.parametrize("posture", [-0.01, 0.0, 0.05])
def test_landing_lower_lengthens_the_flight(posture: float) -> None:
    truth = truth_of(simulate("sj", seed=1, posture=posture))
    v = truth["takeoff_velocity"]
    assert truth["flight_time"] == pytest.approx((v + np.sqrt(v * v + 2.0 * G * posture)) / G)


def test_quiet_and_settle_are_seconds_of_standing() -> None:
    trial = simulate("cmj", seed=1, quiet=3.0, settle=4.0, noise=0.0, offset=0.0)
    moving = np.abs(trial.fz.sum(axis=0) - truth_of(trial)["system_weight"]) > 1e-6
    assert np.flatnonzero(moving)[0] == pytest.approx(3000, abs=2)
    assert trial.samples - np.flatnonzero(moving)[-1] == pytest.approx(4000, abs=3)


def test_a_steep_edge_is_straight_and_a_soft_one_bends() -> None:
    """Force 4 ms before take-off is the double of that 2 ms before, and more where the edge bends."""
    ratios = {}
    for edge in ("steep", "soft"):
        trial = simulate("cmj", seed=3, edge=edge, rate=FINE, noise=0.0, offset=0.0)
        t, force = np.arange(trial.samples) / FINE, trial.fz.sum(axis=0)
        to = truth_of(trial).events["takeoff"]
        ratios[edge] = at(t, force, to - 0.004) / at(t, force, to - 0.002)
    assert ratios["steep"] == pytest.approx(2.0, abs=0.35)
    assert ratios["soft"] > ratios["steep"]


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown test": ("hopping", {}, "'hopping' .* cmj, sj, dj"),
    "unknown setting": ("cmj", {"wieght": 3}, "wieght=3 .* mass"),
    "three plates": ("cmj", {"plates": 3}, "plates 3 .* 1 or 2"),
    "no plate": ("cmj", {"plates": 0}, "plates 0 .* 1 or 2"),
    "plates without a number": ("cmj", {"plates": "both"}, "plates 'both' .* 1 or 2"),
    "unknown edge": ("cmj", {"edge": "banana"}, "edge 'banana' .* 'steep' or 'soft'"),
    "box plate": ("dj", {"box_plate": "yes"}, "box_plate 'yes' .* False or True"),
    "negative noise": ("cmj", {"noise": -1.0}, r"noise -1\.0 .* 0 to 100 N"),
    "noise not a number": ("cmj", {"noise": float("nan")}, "noise nan .* 0 to 100 N"),
    "rate too low": ("cmj", {"rate": 1.0}, r"rate 1\.0 .* 50 to 100000 Hz"),
    "no rate": ("cmj", {"rate": 0.0}, r"rate 0\.0 .* 50 to 100000 Hz"),
    "no rate at all": ("cmj", {"rate": None}, "rate None .* 50 to 100000 Hz"),
    "rate too high": ("cmj", {"rate": 1e6}, r"rate 1000000\.0 .* 50 to 100000 Hz"),
    "rate not a number": ("cmj", {"rate": float("nan")}, "rate nan .* 50 to 100000 Hz"),
    "rate in words": ("cmj", {"rate": "fast"}, "rate 'fast' .* 50 to 100000 Hz"),
    "offset not a number": ("dj", {"offset": float("nan")}, "offset nan .* -10000 to 10000 N"),
    "endless drift": ("sj", {"drift": float("inf")}, "drift inf .* -10000 to 10000 N/s"),
    "negative sway": ("sj", {"sway": -3.0}, r"sway -3\.0 .* 0 to 20 N"),
    "no mass": ("cmj", {"mass": 0.0}, r"mass 0\.0 .* 20 to 300 kg"),
    "negative mass": ("cmj", {"mass": -70.0}, r"mass -70\.0 .* 20 to 300 kg"),
    "mass not a number": ("cmj", {"mass": float("nan")}, "mass nan .* 20 to 300 kg"),
    "more than everything": ("cmj", {"left_share": 1.5}, r"left_share 1\.5 .* 0 to 1"),
    "a landing in the cellar": ("cmj", {"posture": -0.2}, r"posture -0\.2 .* -0\.04 to 0\.2 m"),
    "negative stance": ("cmj", {"quiet": -1.0}, r"quiet -1\.0 .* 0 to 600 s"),
    "endless stance": ("cmj", {"settle": float("inf")}, "settle inf .* 0 to 600 s"),
    "negative seed": ("cmj", {"seed": -1}, "seed of -1 .* from 0"),
    "half a seed": ("cmj", {"seed": 1.5}, r"seed of 1\.5 .* from 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_refused_in_one_sentence(case: str) -> None:
    test, options, told = WRONG[case]
    with pytest.raises(UsageError, match=told) as refused:
        simulate(test, **options)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200


@pytest.mark.parametrize("test", TESTS)
def test_the_ends_of_every_range_are_possible(test: str) -> None:
    for name, ends in RANGES.items():
        for value in ends[:2]:
            settings: dict[str, Any] = {"mass": 100.0, name: value}
            assert simulate(test, seed=1, **settings).samples > 20


def test_noise_that_hides_the_movement_is_refused() -> None:
    with pytest.raises(UsageError, match=r"noise of 100 N hides .* at most 10 N"):
        simulate("cmj", noise=100.0, mass=20.0)


def test_whole_numbers_of_numpy_are_numbers() -> None:
    settings: dict[str, Any] = {"seed": np.int64(3), "plates": np.int64(2), "mass": np.float64(70.0)}
    assert simulate("cmj", **settings).truth is not None
