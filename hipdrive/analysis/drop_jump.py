"""Metrics of the drop jump: contact, drop height with its tier, reactive strength (METRICS.md 5)."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.contact import moments
from hipdrive.analysis.extreme import place_u
from hipdrive.analysis.facts import BACKWARD, CONTINUOUS, FLIGHT_ANCHORED, TIERS, TWO_PLATE
from hipdrive.analysis.landing import first_peak_rate
from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided
from hipdrive.analysis.touchdowns import flight_speed

DJ = ("dj",)
DROPS = ("dj", "landing")
"""Tests with a fall onto the plate; in a landing `first_contact` is the touchdown."""


def _tiered(rep: Rep) -> None:
    """Name the tier that gave the touchdown velocity, and where the weight came from if not from after the landing."""
    names_of = np.array(TIERS)
    if rep.facts.test == "landing":
        # the flight comes before the contact here, not after it
        names_of[FLIGHT_ANCHORED] = "flight"
    tier = names_of[rep.facts.tier]
    source = rep.facts.located.source
    # whoever bounces was weighed before; who comes from a box, after the landing
    usual = np.where(rep.facts.tier >= CONTINUOUS, 0, 1)
    if (source == usual).all():
        rep.says(tier)
        return
    names = np.array([", weight before", ", weight after_landing", ", weight unsteady", ", weight unsteady",
                      ", weight box_plate", ", weight given_mass", ", weight elsewhere_in_record", "",
                      ", weight of_session"])  # fmt: skip
    rep.says(np.char.add(tier, np.where(source == usual, "", names[source])))


@metric("rsi_jh", unit="m/s", tests=DJ, source="Young 1995; Flanagan & Comyns 2008", headline=1,
        method="jump_height_ft/contact_time", group="outcome")  # fmt: skip
def rsi_jh(rep: Rep) -> Floats:
    """Reactive strength: flight-time height over contact time."""
    return rep["jump_height_ft"] / rep["contact_time"]


@metric("rsi_jh_tov", unit="m/s", tests=DJ, source="Young 1995; McMahon 2021", repeats="rsi_jh",
        method="jump_height_tov/contact_time", group="outcome")  # fmt: skip
def rsi_jh_tov(rep: Rep) -> Floats:
    """Reactive strength with the height from take-off velocity."""
    return rep["jump_height_tov"] / rep["contact_time"]


@metric("rsi_ft", unit="1", tests=DJ, source="Healy 2018", repeats="rsi_jh", method="flight_time/contact_time",
        group="outcome")  # fmt: skip
def rsi_ft(rep: Rep) -> Floats:
    """Flight time over contact time."""
    return rep["flight_time"] / rep["contact_time"]


@metric(
    "contact_time",
    unit="s",
    tests=DJ,
    source="Young 1995",
    headline=3,
    method="contact_edges",
    group="outcome",
)
def contact_time(rep: Rep) -> Floats:
    """From first contact to take-off."""
    return rep.duration("first_contact", "takeoff")


@metric("drop_height", unit="m", tests=DROPS, source="McMahon 2021", headline={"dj": 4, "landing": 5},
        method="backward_integration", group="drop")  # fmt: skip
def drop_height(rep: Rep) -> Floats:
    """Height that gives the touchdown velocity, v² / (2 g): what the athlete really fell."""
    velocity = rep["touchdown_velocity"]
    rep.says(rep.methods["touchdown_velocity"])
    return velocity**2 / (2.0 * rep.g)


@metric("touchdown_velocity", unit="m/s", tests=DROPS, source="Baca 1999; McMahon 2021; Wade 2022",
        repeats="drop_height", method="backward_integration", group="drop")  # fmt: skip
def touchdown_velocity(rep: Rep) -> Floats:
    """Velocity at first contact by the best tier there is; the method names it."""
    _tiered(rep)
    velocity = rep.velocity["first_contact"]
    rep.require(~(velocity[:, 0] >= 0.0), "undefined")
    return velocity


@metric("touchdown_velocity_backward", unit="m/s", tests=DROPS, source="Baca 1999; McMahon 2021; Wade 2022",
        repeats="drop_height", method="backward_integration", group="drop")  # fmt: skip
def touchdown_velocity_backward(rep: Rep) -> Floats:
    """Velocity at first contact by integrating backwards from the rest after the landing."""
    after = rep.facts.located.after
    rep.note("weight")
    rep.require(after.found, "no_stillness")
    chosen = (rep.facts.tier == BACKWARD)[:, np.newaxis]
    if chosen.all():
        return rep.velocity["first_contact"]
    start = np.where(after.found, after.start / rep.curve.rate, np.nan)[:, np.newaxis]
    change = rep.integral_to(start[:, 0])[:, np.newaxis] - rep._reading("first_contact")[1]
    drift = (rep._gross - rep.weight) * (start - rep.t["first_contact"])
    return np.where(chosen, rep.velocity["first_contact"], -(change + drift) / rep.mass)


@metric("touchdown_velocity_flight", unit="m/s", tests=DROPS, source="Baca 1999", repeats="drop_height",
        method="flight_anchored", group="drop")  # fmt: skip
def touchdown_velocity_flight(rep: Rep) -> Floats:
    """Velocity at first contact from half the flight time: inherits the bias of the landing posture.

    Drop jump: of the flight after the contact; landing: of the jump before it.
    """
    if rep.facts.test == "landing":
        speed, contradicted = flight_speed(rep)
        rep.require(~contradicted, "not_ballistic")
        rep.says("flight")
        return speed
    upward = 0.5 * rep.g * rep.duration("takeoff", "touchdown")
    return upward - rep.net_impulse("first_contact", "takeoff") / rep.mass


@metric("touchdown_velocity_two_plate", unit="m/s", tests=DROPS, source="Baca 1999; McMahon 2021",
        repeats="drop_height", method="two_plate", group="drop")  # fmt: skip
def touchdown_velocity_two_plate(rep: Rep) -> Floats:
    """Velocity at first contact from quiet standing on a box that stands on a plate of its own."""
    velocity = rep.facts.two_plate_velocity
    rep.require(np.isfinite(velocity), "no_box_plate")
    chosen = (rep.facts.tier == TWO_PLATE)[:, np.newaxis]
    copies = np.full((rep.n, rep.k), np.nan)
    copies[:, 0] = velocity
    return np.where(chosen, rep.velocity["first_contact"], copies)


@metric("touchdown_velocity_box", unit="m/s", tests=DROPS, source="derived (METRICS.md 5)", repeats="drop_height",
        method="box_height", group="drop")  # fmt: skip
def touchdown_velocity_box(rep: Rep) -> Floats:
    """Velocity of a fall from the height of the box; athletes step down or jump off, so it is the last resort."""
    rep.require(np.isfinite(rep.facts.box_height), "no_box_height")
    velocity = np.full((rep.n, rep.k), np.nan)
    velocity[:, 0] = -np.sqrt(2.0 * rep.g * rep.facts.box_height)
    return velocity


@metric("drop_height_error", unit="m", tests=DROPS, source="derived (METRICS.md 5)", method="drop_height-box_height",
        group="drop")  # fmt: skip
def drop_height_error(rep: Rep) -> Floats:
    """Drop height less box height: negative, the athlete stepped down; positive, jumped off."""
    rep.require(np.isfinite(rep.facts.box_height), "no_box_height")
    return rep["drop_height"] - rep.facts.box_height[:, np.newaxis]


@metric("rebound_efficiency", unit="1", tests=DJ, source="derived (METRICS.md 5)", repeats="impulse_ratio",
        method="jump_height_tov/drop_height", group="outcome")  # fmt: skip
def rebound_efficiency(rep: Rep) -> Floats:
    """Height jumped over height fallen."""
    return rep["jump_height_tov"] / rep["drop_height"]


@metric("contact_displacement", unit="m", tests=DJ, source="derived (METRICS.md 5)", method="double_integration",
        group="movement")  # fmt: skip
def contact_displacement(rep: Rep) -> Floats:
    """Descent from first contact to the lowest point, negative."""
    return rep.displacement["zero_velocity"]


@metric("dj_vertical_stiffness", unit="N/m", tests=DJ, source="McMahon & Cheng 1990", method="force/displacement",
        group="movement")  # fmt: skip
def dj_vertical_stiffness(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the lowest point over the descent: a spring only if spring_like_correlation is high."""
    descent = -rep["contact_displacement"]
    return divided(rep.force["zero_velocity"], descent), divided(rep.between_noise, descent[:, 0])


@metric("spring_like_correlation", unit="1", tests=DJ, source="Padua 2005", method="pearson", group="movement")
def spring_like_correlation(rep: Rep) -> Floats:
    """Minus the correlation of force and displacement over contact: 1 is a perfect spring, good from 0.8."""
    ff, ss, fs = moments(rep, "first_contact", "takeoff")
    return np.repeat(-divided(fs, np.sqrt(ff * ss))[:, np.newaxis], rep.k, axis=1)


@metric("time_to_peak_force_dj", unit="s", tests=DJ, source="vendor", method="sample_maximum", group="time")
def time_to_peak_force_dj(rep: Rep) -> tuple[Floats, Floats]:
    """From first contact to the peak of force."""
    at = rep.time_of_max("force", "first_contact", "takeoff")
    return at - rep.t["first_contact"], place_u(rep, "force", at[:, 0])


@metric("impact_peak_flag", unit="bool", tests=DJ, source="vendor", method="first_fifth", group="time")
def impact_peak_flag(rep: Rep) -> Floats:
    """Whether force peaks in the first fifth of contact: a heel strike or a stiff landing."""
    rep.says(f"first {100 * rep.profile.impact_share:g} % of contact")
    share = divided(rep["time_to_peak_force_dj"], rep["contact_time"])
    return np.where(np.isfinite(share), share < rep.profile.impact_share, np.nan)


@metric("loading_rate_dj", unit="N/s", tests=DJ, source="Milner 2006", method="first_peak_20_80", group="landing")
def loading_rate_dj(rep: Rep) -> tuple[Floats, Floats]:
    """Slope between 20 and 80 % of the rise to the first peak of contact."""
    peak = rep.max("force", "first_contact", "takeoff")[:, 0]
    return first_peak_rate(rep, "first_contact", peak)


@metric("ssc_class", unit="class", tests=DJ, source="Schmidtbleicher 1992", labels=("slow", "fast"),
        method="contact_time_250ms", group="time")  # fmt: skip
def ssc_class(rep: Rep) -> Floats:
    """Fast stretch-shortening cycle up to 0.25 s of contact, else slow."""
    rep.says(f"fast up to {1000 * rep.profile.fast_contact:g} ms")
    contact = rep["contact_time"]
    return np.where(np.isfinite(contact), contact <= rep.profile.fast_contact, np.nan)
