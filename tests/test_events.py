"""Events against corners, ramps and rests whose instants are known by construction, at any sample phase."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.results import Results
from hipdrive.trial import Floats, Trial

G, WEIGHT, START = 9.80665, 750.0, 2.0
PHASES = np.random.default_rng(11).uniform(0.0, 1.0, 12)
Edge = Callable[[Floats], Floats]


def straight(slope: float) -> Edge:
    """Force over time from the corner, N, for a slope in weights a second."""
    return lambda tau: WEIGHT * slope * tau


def rolling(slope: float, bend: float) -> Edge:
    """A foot that rolls off: slope at the corner in W/s and bend in W/s²."""
    return lambda tau: WEIGHT * (slope * tau + bend * tau * tau)


EDGES = {
    "steep": (straight(38.0), straight(90.0)),
    "rolling": (rolling(18.0, 1200.0), rolling(45.0, 4000.0)),
    "gentle": (rolling(25.0, 600.0), rolling(60.0, 2000.0)),
}


@dataclass(frozen=True)
class Built:
    """A jump made of straight lines and two edges, with its true instants (s from the first sample)."""

    trial: Trial
    start: float
    takeoff: float
    touchdown: float


def build(
    rate: float = 1000.0,
    phase: float = 0.0,
    edge: str = "steep",
    ramp: float = 3000.0,
    level: float = 0.0,
    extra: Callable[[Floats], Floats] | None = None,
    brush: Callable[[Floats], Floats] | None = None,
    noise: float = 0.0,
    test: str = "cmj",
) -> Built:
    """Standing, unweighting whose first 40 N are a ramp of `ramp` N/s, a push, flight and landing.

    `extra` adds force around the start (times from it), `brush` adds force in the air (times from take-off).
    """
    leave, meet = EDGES[edge]
    fast = START + 40.0 / ramp
    bottom = fast + (0.6 * WEIGHT - 40.0) / 3000.0
    knots = np.array([START, fast, bottom, bottom + 0.12, bottom + 0.26, bottom + 0.62])
    levels = WEIGHT * np.array([1.0, 1.0 - 40.0 / WEIGHT, 0.4, 0.4, 2.1, 2.1])
    if test == "sj":
        knots, levels = (
            np.array([START, START + WEIGHT / ramp, START + 0.45]),
            WEIGHT * np.array([1.0, 2.0, 2.0]),
        )
    takeoff = knots[-1]

    def push(t: Floats) -> Floats:
        plain = np.interp(t, knots, levels) + (extra(t - START) if extra else 0.0)
        return np.asarray(np.minimum(plain, np.where(t < takeoff, leave(np.maximum(takeoff - t, 0.0)), 0.0)))

    grid = np.arange(0.0, takeoff, 1e-5)
    velocity = float((push(grid) - WEIGHT).sum() * 1e-5 * G / WEIGHT)
    touchdown = takeoff + 2.0 * velocity / G
    landing = np.array([0.0, 0.12, 0.30, 0.45, 0.6]), WEIGHT * np.array([3.0, 2.6, 0.9, 1.02, 1.0])

    def force(t: Floats) -> Floats:
        after = np.where(t > touchdown, meet(np.maximum(t - touchdown, 0.0)), 0.0)
        landed = np.minimum(after, np.interp(t - touchdown, *landing))
        air = brush(t - takeoff) if brush else 0.0
        return np.asarray(np.where(t < takeoff, push(t), landed + air))

    shift = phase / rate
    times = np.arange(shift, touchdown + 4.0, 1.0 / rate)
    values = force(times) + level + np.random.default_rng(3).normal(0.0, noise, len(times))
    trial = Trial.from_forces(values, rate, test=test)
    return Built(trial, START - shift, takeoff - shift, touchdown - shift)


def measured(built: Built, profile: str = "hipdrive", **parameters: float) -> Results:
    analysis = analyse(built.trial, profile=profile, parameters=parameters)
    assert len(analysis.reps) == 1
    return analysis.reps[0]


def errors(rate: float, edge: str, level: float = 0.0) -> Floats:
    """Error of take-off and touchdown over all phases, s, (phases, 2)."""
    rows = []
    for phase in PHASES:
        built = build(rate, float(phase), edge, level=level)
        events = measured(built).events
        rows.append((events["takeoff"].t - built.takeoff, events["touchdown"].t - built.touchdown))
    return np.array(rows)


# --- edges of contact ---


@pytest.mark.parametrize("level", [0.0, 7.0])
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("rate", [450.0, 500.0, 1000.0, 2000.0])
def test_a_corner_is_found_between_the_samples(rate: float, edge: str, level: float) -> None:
    """Noise-free, any phase: to 0.06 ms, whether the plate was zeroed or not."""
    assert np.abs(errors(rate, edge, level)).max() < 6e-5


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0])
def test_noise_moves_a_corner_by_less_than_a_millisecond(rate: float, edge: str) -> None:
    for phase in PHASES[:5]:
        built = build(rate, float(phase), edge, noise=3.0)
        events = measured(built).events
        for name, truth in (("takeoff", built.takeoff), ("touchdown", built.touchdown)):
            assert abs(events[name].t - truth) < 1e-3
            assert abs(events[name].t - truth) < 3.0 * events[name].u95, "and says so"


@pytest.mark.parametrize("rate", [300.0, 399.0])
def test_below_400_hz_an_edge_is_the_middle_of_two_samples(rate: float) -> None:
    for phase in PHASES:
        built = build(rate, float(phase))
        force, events = built.trial.fz[0], measured(built).events
        lifted = np.flatnonzero((force[1:] <= 10.0) & (force[:-1] > 10.0))[0]
        landed = np.flatnonzero((force[1:] > 10.0) & (force[:-1] <= 10.0))[-1]
        assert events["takeoff"].t * rate == pytest.approx(lifted + 0.5)
        assert events["touchdown"].t * rate == pytest.approx(landed + 0.5)
        assert events["takeoff"].u95 == pytest.approx(1.96 / rate / np.sqrt(12.0), rel=1e-3)


@pytest.mark.parametrize(("profile", "threshold"), [("fixed_20n", 20.0), ("forcedecks_like", 30.0)])
@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0])
def test_a_threshold_crossing_lies_on_the_line_between_its_samples(rate: float, profile: str, threshold: float) -> None:
    for phase in PHASES:
        built = build(rate, float(phase), "gentle")
        force, events = built.trial.fz[0], measured(built, profile).events
        k = int(np.flatnonzero((force[1:] <= threshold) & (force[:-1] > threshold))[0])
        crossing = k + (force[k] - threshold) / (force[k] - force[k + 1])
        assert events["takeoff"].t * rate == pytest.approx(crossing, abs=1e-6)
        k = int(np.flatnonzero((force[1:] > threshold) & (force[:-1] <= threshold))[-1])
        crossing = k + (threshold - force[k]) / (force[k + 1] - force[k])
        assert events["touchdown"].t * rate == pytest.approx(crossing, abs=1e-6)


def test_a_threshold_counts_from_the_level_of_the_empty_plate() -> None:
    plain, raised = (measured(build(level=level), "fixed_20n").events for level in (0.0, 15.0))
    assert raised["takeoff"].t == pytest.approx(plain["takeoff"].t, abs=1e-9)
    assert raised["touchdown"].t == pytest.approx(plain["touchdown"].t, abs=1e-9)


def test_ringing_after_take_off_does_not_move_it() -> None:
    """A plate that rings by 40 N crosses every threshold again, but never a quarter of the weight."""
    built = build(brush=lambda t: 40.0 * np.exp(-t / 0.02) * np.sin(2 * np.pi * 90.0 * t) * (t > 0.0))
    assert measured(built).events["takeoff"].t == pytest.approx(built.takeoff, abs=2e-3)
    fixed = measured(built, "fixed_20n").events["takeoff"].t
    assert fixed == pytest.approx(built.takeoff, abs=2e-3)


def test_a_foot_that_brushes_the_plate_in_the_air_is_no_touchdown() -> None:
    built = build(brush=lambda t: 60.0 * np.exp(-(((t - 0.12) / 0.004) ** 2)))
    assert measured(built).events["touchdown"].t == pytest.approx(built.touchdown, abs=1e-4)
    assert measured(built).events["takeoff"].t == pytest.approx(built.takeoff, abs=1e-4)


@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0])
@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_noise_free_movements_are_timed_exactly(test: str, rate: float) -> None:
    for seed in range(4):
        trial = simulate(test, seed=seed, rate=rate, noise=0.0, offset=0.0)
        assert trial.truth is not None
        events = analyse(trial).reps[0].events
        for name, true in trial.truth.events.items():
            assert events[name].t == pytest.approx(true, abs=6e-4 if rate < 1000.0 else 3e-4), (seed, name)


# --- onset ---


@pytest.mark.parametrize("rate", [300.0, 450.0, 500.0, 1000.0, 2000.0])
@pytest.mark.parametrize("slope", [300.0, 1500.0])
def test_onset_is_the_crossing_of_ten_newtons_less_30_ms(slope: float, rate: float) -> None:
    """On a ramp of known slope 10 N are crossed 10 N / slope after its start."""
    for phase in PHASES[:6]:
        built = build(rate, float(phase), ramp=slope)
        events, crossing = measured(built).events, built.start + 10.0 / slope
        late = 0.0 if 10.0 / slope > 1.0 / rate else 1.0 / rate
        assert events["movement_threshold_crossing"].t == pytest.approx(crossing, abs=1e-9 + late)
        assert events["onset"].t == pytest.approx(events["movement_threshold_crossing"].t - 0.030, abs=1e-12)


def theta_of(built: Built, rep: Results, sds: float = 5.0) -> tuple[float, float]:
    """Weight and threshold by the plain reading of the weighing window: mean, and 5 SD or 10 N."""
    first, last = (round(rep.events[name].t * built.trial.rate) for name in ("weigh_start", "weigh_end"))
    window = built.trial.fz[0][first:last]
    return float(window.mean()), max(sds * float(window.std(ddof=1)), 10.0)


@pytest.mark.parametrize("sds", [5.0, 8.0])
@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_onset_threshold_grows_with_the_noise_of_standing(noise: float, sds: float) -> None:
    """The first run of 10 ms beyond the threshold, found by a loop, and its start by a straight line."""
    built = build(ramp=400.0, noise=noise)
    rep = measured(built, onset_sds=sds)
    weight, theta = theta_of(built, rep, sds)
    away = np.abs(built.trial.fz[0] - weight)
    first = next(k for k in range(round(rep.events["weigh_end"].t * 1000), 4000) if (away[k : k + 10] > theta).all())
    crossing = first - 1 + (theta - away[first - 1]) / (away[first] - away[first - 1])
    assert rep.events["movement_threshold_crossing"].t == pytest.approx(crossing / 1000.0, abs=1e-6)


def test_profiles_name_the_onset_rule() -> None:
    built = build(ramp=300.0)
    shifted, crossed = measured(built).events, measured(built, "fixed_20n").events
    assert crossed["onset"].t == pytest.approx(built.start + 10.0 / 300.0, abs=1e-6)
    assert crossed["onset"].t - shifted["onset"].t == pytest.approx(0.030, abs=1e-6)
    back = measured(built, onset_floor=10.0, onset_rule="backtrack").events["onset"].t  # type: ignore[arg-type]
    assert back == pytest.approx(built.start + 2.0 / 300.0, abs=1e-3), "the last sample within 2 N of the weight"


def blip(size: float, length: float, ends: float) -> Callable[[Floats], Floats]:
    """One sine of force that ends `ends` s before the start and leaves the velocity at zero."""

    def force(t: Floats) -> Floats:
        part = (t + ends + length) / length
        inside = (part > 0.0) & (part < 1.0)
        return np.asarray(np.where(inside, -size * np.sin(2 * np.pi * part), 0.0))

    return force


def test_after_a_rest_the_search_starts_again() -> None:
    """A twitch of 25 N, then 0.35 s of rest: the movement begins after the rest."""
    built = build(ramp=500.0, extra=blip(25.0, 0.2, 0.35))
    rep = measured(built)
    start = built.start + theta_of(built, rep)[1] / 500.0
    assert rep.events["movement_threshold_crossing"].t == pytest.approx(start, abs=2e-3)


def test_without_a_rest_between_the_twitch_is_the_start() -> None:
    built = build(ramp=500.0, extra=blip(25.0, 0.2, 0.08))
    twitch = built.start - 0.28 + 0.2 / (2 * np.pi) * np.arcsin(10.0 / 25.0)
    assert measured(built).events["movement_threshold_crossing"].t == pytest.approx(twitch, abs=1e-3)


def test_a_departure_shorter_than_10_ms_is_no_movement() -> None:
    """A shock of 15 N for 6 ms, half a second before the start."""
    shock = build(ramp=500.0, extra=lambda t: np.where((t > -0.5) & (t < -0.494), 15.0, 0.0))
    assert measured(shock).events["movement_threshold_crossing"].t == pytest.approx(shock.start + 0.02, abs=1e-3)


def test_a_countermovement_may_begin_with_a_rise() -> None:
    built = build(ramp=500.0, extra=blip(-30.0, 0.24, 0.0))
    rise = built.start - 0.24 + 0.24 / (2 * np.pi) * np.arcsin(10.0 / 30.0)
    assert measured(built).events["movement_threshold_crossing"].t == pytest.approx(rise, abs=1e-3)


def test_a_squat_jump_begins_with_a_rise_only() -> None:
    """A dip of 25 N before the push is reported by a check, and is not the start."""
    built = build(
        ramp=1000.0,
        test="sj",
        extra=lambda t: -25.0 * np.sin(np.pi * (t + 0.08) / 0.08) * ((t > -0.08) & (t < 0.0)),
    )
    rep = measured(built)
    assert rep.test == "sj"
    assert rep.events["movement_threshold_crossing"].t == pytest.approx(built.start + 0.010, abs=2e-3)


# --- phases ---


@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0])
def test_peak_negative_velocity_is_where_force_climbs_back_through_the_weight(rate: float) -> None:
    """The ramp up from 0.4 W to 2.1 W lasts 0.14 s and passes W after 0.6 / 1.7 of it."""
    for phase in PHASES[:4]:
        built = build(rate, float(phase), ramp=3000.0)
        up = built.start + 0.6 * WEIGHT / 3000.0 + 0.12 + 0.14 * 0.6 / 1.7
        assert measured(built).events["peak_negative_velocity"].t == pytest.approx(up, abs=1e-6)


def test_zero_velocity_is_where_the_impulses_cancel() -> None:
    built = build(ramp=3000.0)
    t = np.arange(built.trial.samples) / 1000.0
    net = np.cumsum(built.trial.fz[0] - WEIGHT) / 1000.0
    down = (t > built.start + 0.4) & (t < built.takeoff)
    truth = float(np.interp(0.0, net[down], t[down] + 0.0005))
    assert measured(built).events["zero_velocity"].t == pytest.approx(truth, abs=2e-4)
