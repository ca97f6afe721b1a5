"""METRICS.md 1, presets A to D: each rule against its definition, by hand on the force."""

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.phases import phases_of
from hipdrive.analysis.profile import load_profile
from hipdrive.errors import ProfileError
from hipdrive.results import Results
from hipdrive.trial import Floats, Trial

SEEDS = range(6)


def both(profile: str, seed: int, test: str = "cmj") -> tuple[Trial, Results]:
    trial = simulate(test, seed=seed, noise=1.0, offset=0.0)
    return trial, analyse(trial, profile=profile).reps[0]


def crossing(force: Floats, rate: float, level: float, at: float) -> float:
    """The interpolated crossing of a level nearest to a time, s."""
    sign = np.sign(force - level)
    places = np.flatnonzero(sign[1:] != sign[:-1])
    times = (places + (level - force[places]) / (force[places + 1] - force[places])) / rate
    return float(times[np.abs(times - at).argmin()])


# --- A ---


@pytest.mark.parametrize("seed", SEEDS)
def test_a_weighs_by_the_lowest_second_and_traces_the_start_back_to_two_newtons(seed: int) -> None:
    trial, rep = both("hawkin_like", seed)
    force = trial.fz.sum(axis=0)
    first, last = (rep.events[e].t for e in ("weigh_start", "weigh_end"))
    assert last - first == pytest.approx(1.0)
    means = np.convolve(force, np.ones(1000) / 1000, "valid")[: round((rep.events["onset"].t - 1.0) * trial.rate)]
    weighed = force[round(first * trial.rate) : round(last * trial.rate)].mean()
    # stretches are tried every 50 ms
    assert means.min() - 0.01 <= weighed <= np.sort(means)[len(means) // 5] + 0.3
    start = rep.events["onset"].t * trial.rate
    crossed = rep.events["movement_threshold_crossing"].t * trial.rate
    level = rep["flight_baseline"].value if abs(rep["flight_baseline"].value) > 0.5 else 0.0
    weight = rep["system_weight"].value + level
    assert abs(force[round(start)] - weight) <= 2.0 + 1e-9
    assert (np.abs(force[round(start) + 1 : int(crossed) + 1] - weight) > 2.0).all(), "the last such sample before it"
    sd = force[round(first * trial.rate) : round(last * trial.rate)].std(ddof=1)
    assert abs(np.interp(crossed, np.arange(len(force)), force) - weight) == pytest.approx(5 * sd, rel=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flies_below_25_newtons(seed: int) -> None:
    trial, rep = both("hawkin_like", seed)
    force = trial.fz.sum(axis=0)
    for event in ("takeoff", "touchdown"):
        assert rep.events[event].t == pytest.approx(crossing(force, trial.rate, 25.0, rep.events[event].t), abs=2e-4)
    assert load_profile("hawkin_like").g == 9.81


def test_a_waits_for_thirty_milliseconds_below_the_threshold() -> None:
    """A ringing plate shows 25 N again 10 ms after the feet have left: the flight begins after that."""
    plain = simulate("cmj", seed=1, noise=0.5, offset=0.0, plates=1)
    held = plain.truth
    assert held is not None
    force = plain.fz[0].copy()
    leaves = round(held.events["takeoff"] * plain.rate)
    force[leaves + 8 : leaves + 12] = 60.0
    ringing = Trial.from_forces(force, plain.rate, test="cmj")
    with_hold = analyse(ringing, profile="hawkin_like").reps[0].events["takeoff"].t * plain.rate
    without = analyse(ringing, profile="hawkin_like", parameters={"edge_hold": 0.0}).reps[0].events["takeoff"].t
    assert leaves + 11 <= with_hold <= leaves + 13
    assert without * plain.rate <= leaves + 1


# --- B ---


@pytest.mark.parametrize("seed", SEEDS)
def test_b_starts_at_20_leaves_at_30_and_brakes_from_the_lowest_force(seed: int) -> None:
    trial, rep = both("forcedecks_like", seed)
    force = trial.fz.sum(axis=0)
    t = {name: event.t for name, event in rep.events.items()}
    weight = rep["system_weight"].value
    assert abs(np.interp(t["onset"] * trial.rate, np.arange(len(force)), force) - weight) == pytest.approx(
        20.0, abs=1.5
    )
    for event in ("takeoff", "touchdown"):
        assert t[event] == pytest.approx(crossing(force, trial.rate, 30.0, t[event]), abs=2e-4)
    lowest = np.argmin(force[round(t["onset"] * trial.rate) : round(t["peak_negative_velocity"] * trial.rate)])
    assert t["force_min"] == pytest.approx(t["onset"] + lowest / trial.rate, abs=1e-3)
    assert rep["braking_time"].value == pytest.approx(t["zero_velocity"] - t["force_min"])
    assert rep["unweighting_time"].value == pytest.approx(t["force_min"] - t["onset"])
    assert rep["deceleration_time"].value == pytest.approx(t["zero_velocity"] - t["peak_negative_velocity"])
    phases = {one.name: (one.start, one.end) for one in phases_of(rep)}
    assert phases["braking"] == ("force_min", "zero_velocity") and phases["unweighting"] == ("onset", "force_min")
    # I1 holds for their phases too; nothing is said of a doubt that is not modelled
    parts = ("unweighting", "braking", "propulsive")
    whole = sum(rep[f"{part}_net_impulse"].value for part in parts)
    assert whole == pytest.approx(rep["system_mass"].value * rep["takeoff_velocity"].value, rel=1e-9)
    assert np.isnan(rep["braking_time"].u95) and np.isfinite(rep["deceleration_time"].u95)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_numbers_stand_under_every_profile_by_their_own_names(seed: int) -> None:
    """Braking of B is `_from_min` of the default, and braking of the default is deceleration of B."""
    ours = analyse(simulate("cmj", seed=seed), parameters={"braking_rule": "peak_negative_velocity"}).reps[0]
    theirs = analyse(simulate("cmj", seed=seed), parameters={"braking_rule": "force_min"}).reps[0]
    for plain, named in (("braking_time", "braking_time_from_min"),
                         ("mean_braking_force", "mean_braking_force_from_min"),
                         ("braking_net_impulse", "braking_net_impulse_from_min"),
                         ("mean_braking_rfd", "braking_rfd_from_min")):  # fmt: skip
        assert theirs[plain].value == pytest.approx(ours[named].value, rel=1e-9)
    for plain, named in (("braking_time", "deceleration_time"), ("mean_braking_force", "mean_deceleration_force"),
                         ("braking_net_impulse", "deceleration_net_impulse"),
                         ("mean_braking_rfd", "deceleration_rfd")):  # fmt: skip
        assert ours[plain].value == pytest.approx(theirs[named].value, rel=1e-9)


def test_b_meets_the_plate_at_20_newtons_in_a_drop_jump() -> None:
    trial, rep = both("forcedecks_like", 1, "dj")
    force = trial.fz.sum(axis=0)
    down = rep.events["first_contact"].t
    assert down == pytest.approx(crossing(force, trial.rate, 20.0, down), abs=2e-4)


# --- C, D ---


@pytest.mark.parametrize("seed", SEEDS)
def test_c_takes_five_sds_less_30_ms_and_pushes_from_a_centimetre_a_second(seed: int) -> None:
    trial, rep = both("mcmahon2018", seed)
    force = trial.fz.sum(axis=0)
    t = {name: event.t for name, event in rep.events.items()}
    window = force[round(t["weigh_start"] * trial.rate) : round(t["weigh_end"] * trial.rate)]
    assert len(window) == 1000
    crossed = t["movement_threshold_crossing"]
    assert t["onset"] == pytest.approx(crossed - 0.030, abs=1e-9)
    off = abs(np.interp(crossed * trial.rate, np.arange(len(force)), force) - window.mean())
    assert off == pytest.approx(5 * window.std(ddof=1), rel=0.02)
    # velocity by a trapezoid of our own
    net = force - window.mean()
    first, last = (round(t[e] * trial.rate) for e in ("onset", "zero_velocity"))
    v = np.trapezoid(net[first : last + 1]) / trial.rate / rep["system_mass"].value
    assert v == pytest.approx(0.01, abs=0.02)
    flight = force[round((t["takeoff"] + 0.1) * trial.rate) : round((t["touchdown"] - 0.1) * trial.rate)]
    assert t["touchdown"] - t["takeoff"] > 0.3
    level = flight.mean() + 5 * flight.std(ddof=1)
    for event in ("takeoff", "touchdown"):
        assert t[event] == pytest.approx(crossing(force, trial.rate, level, t[event]), abs=3e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_d_has_fixed_thresholds_of_10_and_20(seed: int) -> None:
    trial, rep = both("fixed_20n", seed)
    force = trial.fz.sum(axis=0)
    t = {name: event.t for name, event in rep.events.items()}
    off = np.interp(t["onset"] * trial.rate, np.arange(len(force)), force) - rep["system_weight"].value
    assert abs(off) == pytest.approx(10.0, abs=1.0)
    for event in ("takeoff", "touchdown"):
        assert t[event] == pytest.approx(crossing(force, trial.rate, 20.0, t[event]), abs=2e-4)


# --- --set ---


@pytest.mark.parametrize(
    ("name", "value"),
    [("g", "0"), ("g", "-9.81"), ("g", "1e9"), ("onset_sds", "-1"), ("weigh_min", "0"), ("braking_rule", "middle"),
     ("lowpass_cutoff", "-5"), ("cutoff_correction", "maybe"), ("cmj_velocity", "0.25"), ("rfd_window", "0"),
     ("edge_handling", "1"), ("integration_start", "takeoff"), ("fast_contact", "long")],
)  # fmt: skip
def test_absurd_settings_are_refused_in_a_sentence(name: str, value: str) -> None:
    with pytest.raises(ProfileError) as error:
        load_profile("hipdrive", {name: value})
    assert name in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "parameters",
    [{"weigh_min": 3.0, "weigh_max": 1.0}, {"flight_min": 1.3, "flight_max": 0.1}, {"edge_hold": 2.0},
     {"onset_hold": 5.0}, {"rest_time": 30.0}, {"landing_window": 100.0}, {"edge_window": 1.0},
     {"first_peak_smoothing": 5.0}, {"weigh_gap": 60.0}],
)  # fmt: skip
@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_odd_but_possible_settings_end_in_a_number_or_a_reason(test: str, parameters: dict[str, float]) -> None:
    analysis = analyse(simulate(test, seed=1), parameters=parameters)
    assert analysis.reps or analysis.why
    for rep in analysis.reps:
        for value in rep.values():
            assert np.isfinite(value.value) != (value.code is not None)


def test_thresholds_of_classes_are_parameters() -> None:
    trial = simulate("dj", seed=1)
    contact, rise = (analyse(trial).reps[0][n].value for n in ("contact_time", "time_to_peak_force_dj"))
    for limit in (contact - 0.01, contact + 0.01):
        label = analyse(trial, parameters={"fast_contact": limit}).reps[0]["ssc_class"].label
        assert label == ("fast" if contact <= limit else "slow")
    for share in (rise / contact - 0.02, rise / contact + 0.02):
        flag = analyse(trial, parameters={"impact_share": share}).reps[0]["impact_peak_flag"].value
        assert flag == float(rise / contact < share)
