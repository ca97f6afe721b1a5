"""Metrics of the landing after a jump (METRICS.md 4); in a drop jump it is the second one."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.extreme import peak_u, place_u
from hipdrive.analysis.jump import ALL, mean_force, rate_u
from hipdrive.analysis.registry import ALIASES, metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, Ints, divided, first_true, gather
from hipdrive.analysis.stabilise import stabilised

BETWEEN = 0.6
"""SD of the force at touchdown, read on the line between two samples, in parts of it: in truth it is zero."""

LANDING = ("landing",)
"""The test of a landing on its own: a drop landing, or landing and holding."""

LANDINGS = (*ALL, *LANDING)
"""Tests that end in a landing."""


def _end(rep: Rep) -> Floats:
    return rep.after("touchdown", rep.profile.landing_window)


def _landed(rep: Rep) -> None:
    """Refuse where the record does not hold the landing's window."""
    _held(rep, rep.profile.landing_window)


def _held(rep: Rep, after: float) -> None:
    """Refuse where the record ends sooner than `after` s after touchdown."""
    room = (rep.facts.block.lengths[rep.facts.record] - 1) / rep.curve.rate
    rep.require(~(rep.facts.events["touchdown"] + after > room), "no_landing")


@metric("peak_landing_force", unit="N", tests=LANDINGS, source="derived (METRICS.md 4)", sides=True,
        aliases=["second_landing_peak_force"], method="sample_maximum", group="landing")  # fmt: skip
def peak_landing_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force within 0.3 s of touchdown, unfiltered."""
    _landed(rep)
    at = rep.time_of_max("force", "touchdown", _end(rep))
    return rep.quantity("force", at), peak_u(rep, at)


@metric("peak_landing_force_rel", unit="1", tests=LANDINGS, source="derived (METRICS.md 4)",
        repeats="peak_landing_force",
        headline={"landing": 1}, method="over_weight", group="landing")  # fmt: skip
def peak_landing_force_rel(rep: Rep) -> tuple[Floats, Floats]:
    """Peak landing force in multiples of the weight."""
    rep.note("weight")
    return rep["peak_landing_force"] / rep.weight, rep.spread("peak_landing_force") / rep.weight[:, 0]


@metric("mean_landing_force", unit="N", tests=ALL, source="vendor", sides=True, method="velocity_zero",
        group="landing")  # fmt: skip
def mean_landing_force(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force from touchdown to the lowest point."""
    return mean_force(rep, "touchdown", "landing_zero_velocity")


@metric("time_to_peak_landing_force", unit="s", tests=LANDINGS, source="derived (METRICS.md 4)",
        method="sample_maximum", group="landing")  # fmt: skip
def time_to_peak_landing_force(rep: Rep) -> tuple[Floats, Floats]:
    """From touchdown to the peak landing force."""
    _landed(rep)
    at = rep.time_of_max("force", "touchdown", _end(rep))
    return at - rep.t["touchdown"], place_u(rep, "force", at[:, 0])


@metric("landing_rate_mean", unit="N/s", tests=LANDINGS, source="derived (METRICS.md 4)", method="sample_maximum",
        group="landing")  # fmt: skip
def landing_rate_mean(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from touchdown to its peak, over its time."""
    start, time = rep.force["touchdown"], rep["time_to_peak_landing_force"]
    rise = rep["peak_landing_force"] - start
    # force begins between two samples, and what the later one has of it seems to be there at once
    begun = np.hypot(rep.noise, BETWEEN * np.abs(start[:, 0]))
    return divided(rise, time), rate_u(rep, rise, time, rep.time_of_max("force", "touchdown", _end(rep)), begun)


@metric(
    "landing_rate_2080",
    unit="N/s",
    tests=LANDINGS,
    source="Milner 2006",
    headline={"landing": 3},
    method="first_peak_20_80",
    group="landing",
)
def landing_rate_2080(rep: Rep) -> tuple[Floats, Floats]:
    """Slope between 20 and 80 % of the rise to the first peak: the first local maximum of the 5 ms mean that stands
    out by 10 % of the peak landing force.
    """
    _landed(rep)
    return first_peak_rate(rep, "touchdown", rep["peak_landing_force"][:, 0])


RATE_NOISE = 1.5
"""Noise over the rise between 20 and 80 % of the peak, times this, is the doubt of the rate (simulated)."""


def first_peak_rate(rep: Rep, start: str, largest: Floats, window: float = 0.3) -> tuple[Floats, Floats]:
    """20-80 % loading rate after an event, (n, k), and its SD by noise; rows without a clear first peak are refused."""
    rate = rep.curve.rate
    begin = rep.t[start][:, 0]
    known = np.isfinite(begin) & np.isfinite(largest)
    first = np.ceil(np.where(known, begin, 0.0) * rate).astype(np.int64) - rep.curve.origin
    rows, width = np.arange(rep.n, dtype=np.int64), round(window * rate)
    smooth = rep.curve.around(first, width, max(1, round(rep.profile.first_peak_smoothing * rate)))
    prominence = rep.profile.first_peak_prominence
    at = np.where(known, first_peak(smooth, prominence * np.where(known, largest, np.inf)), -1)
    rep.require(at >= 0, "no_first_peak")
    force = gather(rep.curve.values, rows, first, width) + rep._base[:, np.newaxis]
    top = np.where(at >= 0, force[rows, np.maximum(at, 0)], np.nan)
    low, high = (_rising_through(force, share * top, at) for share in (0.2, 0.8))
    slope = divided(0.6 * top, high - low) * rate
    return slope[:, np.newaxis], RATE_NOISE * slope * divided(rep.noise, 0.6 * top)


def first_peak(smooth: Floats, prominence: Floats) -> Ints:
    """Place of the first local maximum from which the curve falls by `prominence`, -1 where there is none, (n,)."""
    highest = np.maximum.accumulate(smooth, axis=1)
    fallen = first_true(highest - smooth >= prominence[:, np.newaxis])
    rows = np.arange(len(smooth))
    top = highest[rows, np.maximum(fallen, 0)]
    at = first_true(smooth >= top[:, np.newaxis])
    return np.where((fallen >= 0) & (at > 0) & (top >= prominence), at, -1)


def _rising_through(force: Floats, level: Floats, before: Ints) -> Floats:
    """Interpolated sample at which force first passes a level on its way to sample `before`."""
    above = force >= level[:, np.newaxis]
    at = np.maximum(first_true(above), 1)
    rows = np.arange(len(force))
    here, earlier = force[rows, at], force[rows, at - 1]
    return np.asarray(np.where(before > 0, at - 1 + np.clip(divided(level - earlier, here - earlier), 0, 1), np.nan))


@metric("landing_net_impulse_100ms", unit="N*s", tests=LANDINGS, source="derived (METRICS.md 4)", method="first_100ms",
        group="landing")  # fmt: skip
def landing_net_impulse_100ms(rep: Rep) -> tuple[Floats, Floats]:
    """Net impulse of the first 100 ms after touchdown."""
    _held(rep, 0.1)
    end = rep.after("touchdown", 0.1)
    return rep.net_impulse("touchdown", end), rep.impulse_noise("touchdown", end)


@metric("landing_gross_impulse_100ms", unit="N*s", tests=LANDINGS, source="derived (METRICS.md 4, 7)", sides=True,
        repeats="landing_net_impulse_100ms", method="first_100ms", group="landing")  # fmt: skip
def landing_gross_impulse_100ms(rep: Rep) -> tuple[Floats, Floats]:
    """Impulse of the whole force in the first 100 ms after touchdown: the form that left and right add up to."""
    _held(rep, 0.1)
    end = rep.after("touchdown", 0.1)
    return rep.impulse("touchdown", end), rep.impulse_noise("touchdown", end)


@metric("landing_depth", unit="m", tests=LANDINGS, source="vendor", headline={"landing": 4},
        method="double_integration", group="landing")  # fmt: skip
def landing_depth(rep: Rep) -> Floats:
    """Descent from touchdown to the lowest point, negative."""
    return rep.displacement["landing_zero_velocity"] - rep.displacement["touchdown"]


@metric("landing_time", unit="s", tests=LANDINGS, source="McMahon 2018", method="velocity_zero", group="landing")
def landing_time(rep: Rep) -> Floats:
    """From touchdown to the lowest point."""
    return rep.duration("touchdown", "landing_zero_velocity")


@metric("landing_stiffness", unit="N/m", tests=LANDINGS, source="vendor", method="force/depth", group="landing")
def landing_stiffness(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the lowest point over the landing depth; it ignores the weight."""
    descent = -rep["landing_depth"]
    return divided(rep.force["landing_zero_velocity"], descent), divided(rep.between_noise, descent[:, 0])


@metric("landing_stiffness_slope", unit="N/m", tests=LANDINGS, source="derived (METRICS.md 4)", method="slope",
        group="landing")  # fmt: skip
def landing_stiffness_slope(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from touchdown to the lowest point over the landing depth."""
    start, descent = rep.force["touchdown"], -rep["landing_depth"]
    begun = np.hypot(rep.noise, BETWEEN * np.abs(start[:, 0]))
    return divided(rep.force["landing_zero_velocity"] - start, descent), divided(begun, descent[:, 0])


@metric(
    "energy_absorbed",
    unit="J",
    tests=LANDINGS,
    source="derived (METRICS.md 4)",
    method="work_energy",
    group="landing",
)
def energy_absorbed(rep: Rep) -> Floats:
    """Work that the landing takes up until the lowest point."""
    return -rep.work("touchdown", "landing_zero_velocity")


@metric("mean_landing_power", unit="W", tests=ALL, source="vendor", method="work/time", group="landing")
def mean_landing_power(rep: Rep) -> Floats:
    """Work of the landing over its time, negative: the body takes it up."""
    return rep.mean("power", "touchdown", "landing_zero_velocity")


IMPACT_SEARCH = 0.15
"""s after touchdown within which the force of every landing has passed the weight."""


@metric("peak_landing_velocity", unit="m/s", tests=ALL, source="vendor", method="force_is_weight", group="landing")
def peak_landing_velocity(rep: Rep) -> Floats:
    """Fastest velocity downwards after touchdown, negative: where force first reaches the weight."""
    rep.note("weight")
    rate, rows = rep.curve.rate, np.arange(rep.n, dtype=np.int64)
    down = rep.t["touchdown"][:, 0]
    first = np.floor(np.where(np.isfinite(down), down, 0.0) * rate).astype(np.int64) - rep.curve.origin
    net = gather(rep.curve.values, rows, first, max(3, round(IMPACT_SEARCH * rate)))
    at = first_true(net >= 0.0)
    here, before = net[rows, np.maximum(at, 1)], net[rows, np.maximum(at, 1) - 1]
    place = first + np.maximum(at, 1) - divided(here, here - before)
    time = np.where((at > 0) & np.isfinite(down), (rep.curve.origin + place) / rate, np.nan)
    return rep.quantity("velocity", np.maximum(time, down)[:, np.newaxis])


@metric(
    "time_to_stabilisation",
    unit="s",
    tests=LANDINGS,
    source="Flanagan 2008",
    headline={"landing": 2},
    method="band_of_weight",
    group="landing",
)
def time_to_stabilisation(rep: Rep) -> Floats:
    """From touchdown until force stays within 5 % of the weight for a second (10 ms means find the stretch)."""
    rep.note("weight")
    if "stabilisation" in rep.moments:
        return rep.duration("touchdown", "stabilisation")
    facts, profile = rep.facts, rep.profile
    start, band = facts.events["touchdown"], profile.stable_band * facts.weight
    times = stabilised(facts.block, facts.record, start, facts.weight + facts.zero, band, profile) - start
    rep.require(np.isfinite(times) | ~np.isfinite(facts.weight), "no_stillness")
    return np.repeat(times[:, np.newaxis], rep.k, axis=1)


SECOND = ("landing_depth", "landing_time", "landing_stiffness", "landing_stiffness_slope", "landing_rate_mean",
          "landing_rate_2080", "landing_net_impulse_100ms")  # fmt: skip
"""METRICS.md 5, `second_landing_*`: in a drop jump the landing is the second one, and these are its second names."""
ALIASES.update({f"second_{name}": name for name in SECOND})
