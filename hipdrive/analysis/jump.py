"""Metrics of the jump itself: countermovement and squat jump, and what the drop jump shares (METRICS.md 2, 3, 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from hipdrive.analysis.extreme import height_u, peak_u, place_u
from hipdrive.analysis.facts import FLIGHT_ANCHORED
from hipdrive.analysis.phases import FROM_MIN
from hipdrive.analysis.registry import metric
from hipdrive.analysis.relative import body_mass_of, over_mass, over_weight
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided

CMJ, JUMPS, ALL = ("cmj",), ("cmj", "sj"), ("cmj", "sj", "dj")
PHASED = ("cmj", "dj")
"""Tests with a braking and a propulsive phase."""
WEIGHED_ON = (*ALL, "landing", "balance", "isometric", "block_start", "steps")
"""Tests that weigh the athlete."""

CONTACTS = ("dj", "hops")
"""Tests whose braking begins with a touchdown."""


def push_start(rep: Rep) -> str:
    """The event at which propulsion begins."""
    return "onset" if rep.facts.test == "sj" else "zero_velocity"


def brake_start(rep: Rep) -> str:
    """The event at which braking begins, by the profile's rule."""
    return "first_contact" if rep.facts.test in CONTACTS else rep.profile.braking_rule


def since_braking(rep: Rep, value: Floats, spread: Floats | None = None) -> Any:
    """A number that hangs on the start of braking: its doubt is not modelled where that is the lowest sample."""
    if brake_start(rep) == "force_min":
        rep.says(FROM_MIN)
        return value, rep.unknown
    return value if spread is None else (value, spread)


def down_start(rep: Rep) -> str:
    """The event at which force rises above the weight on the way down."""
    return "first_contact" if rep.facts.test in CONTACTS else "peak_negative_velocity"


def peak_force(rep: Rep, start: str, end: str) -> tuple[Floats, Floats]:
    """Largest force over the samples of a phase."""
    at = rep.time_of_max("force", start, end)
    return rep.quantity("force", at), peak_u(rep, at, (start, end))


def mean_force(rep: Rep, start: str, end: str) -> tuple[Floats, Floats]:
    """Mean force of a phase that begins or ends where velocity is zero or force the weight."""
    time = rep.duration(start, end)
    return np.asarray(divided(rep.impulse(start, end), time)), divided(rep.end_noise(start, end), time[:, 0])


# --- outcome ------------------------------------------------------------------------------------------------------


@metric("jump_height_tov", unit="m", tests=ALL, source="Moir 2008; Linthorne 2001; drop jump: McMahon 2021",
        headline={"cmj": 1, "sj": 1, "dj": 6}, aliases=["jump_height_tov_dj"], method="impulse_momentum",
        group="outcome")  # fmt: skip
def jump_height_tov(rep: Rep) -> Floats:
    """Rise of the centre of mass after take-off, v² / (2 g)."""
    rep.require(rep.facts.tier != FLIGHT_ANCHORED, "same_as_flight")
    _with_weight(rep, "impulse_momentum")
    speed = rep.velocity["takeoff"]
    rep.require(~(speed[:, 0] <= 0.0), "undefined")
    return speed**2 / (2.0 * rep.g)


@metric("takeoff_velocity", unit="m/s", tests=ALL, source="Linthorne 2001", headline={"cmj": 2, "sj": 2},
        method="impulse_momentum", group="outcome")  # fmt: skip
def takeoff_velocity(rep: Rep) -> Floats:
    """Velocity of the centre of mass at take-off: the integral of net force over mass."""
    _with_weight(rep, "impulse_momentum")
    return rep.velocity["takeoff"]


@metric("jump_height_ft", unit="m", tests=ALL, source="Bosco 1983; Moir 2008",
        headline={"cmj": 6, "sj": 5, "dj": 2}, aliases=["jump_height_ft_dj"], method="flight_time",
        group="outcome")  # fmt: skip
def jump_height_ft(rep: Rep) -> Floats:
    """Height by flight time, g t² / 8: assumes that the athlete lands as tall as at take-off."""
    return rep.g * rep.duration("takeoff", "touchdown") ** 2 / 8.0


@metric("flight_time", unit="s", tests=ALL, source="Bosco 1983", headline={"dj": 5}, repeats="jump_height_ft",
        method="contact_edges", group="outcome")  # fmt: skip
def flight_time(rep: Rep) -> Floats:
    """From take-off to touchdown."""
    return rep.duration("takeoff", "touchdown")


@metric(
    "jump_height_total",
    unit="m",
    tests=CMJ,
    source="Moir 2008 (TOV+s)",
    method="work_energy",
    group="outcome",
)
def jump_height_total(rep: Rep) -> Floats:
    """Rise above standing: displacement at take-off plus the rise after it."""
    return rep.displacement["takeoff"] + rep["jump_height_tov"]


@metric("takeoff_displacement", unit="m", tests=JUMPS, source="derived (METRICS.md 3)", method="double_integration",
        group="outcome")  # fmt: skip
def takeoff_displacement(rep: Rep) -> Floats:
    """How far the centre of mass has risen at take-off, from standing (squat jump: from the squat)."""
    return rep.displacement["takeoff"]


@metric("rsi_modified", unit="m/s", tests=JUMPS, source="Ebben & Petushek 2010", headline=3,
        method="jump_height_tov/time_to_takeoff", group="outcome")  # fmt: skip
def rsi_modified(rep: Rep) -> Floats:
    """Jump height over time to take-off."""
    return rep["jump_height_tov"] / rep["time_to_takeoff"]


@metric("rsi_modified_ft", unit="m/s", tests=JUMPS, source="Ebben & Petushek 2010", repeats="rsi_modified",
        method="jump_height_ft/time_to_takeoff", group="outcome")  # fmt: skip
def rsi_modified_ft(rep: Rep) -> Floats:
    """Flight-time height over time to take-off."""
    return rep["jump_height_ft"] / rep["time_to_takeoff"]


@metric("ft_ct_ratio", unit="1", tests=JUMPS, source="Cormack 2008", method="flight_time/time_to_takeoff",
        group="outcome")  # fmt: skip
def ft_ct_ratio(rep: Rep) -> Floats:
    """Flight time over time to take-off."""
    return rep["flight_time"] / rep["time_to_takeoff"]


@metric("jump_momentum", unit="kg*m/s", tests=ALL, source="McMahon 2020", repeats="takeoff_velocity",
        method="impulse_momentum", group="outcome")  # fmt: skip
def jump_momentum(rep: Rep) -> Floats:
    """Mass times take-off velocity."""
    return rep.mass * rep["takeoff_velocity"]


@metric("system_weight", unit="N", tests=WEIGHED_ON, source="Owen 2014", method="quiet_standing", group="weight")
def system_weight(rep: Rep) -> Floats:
    """Weight of the athlete and all that is carried: mean force over the still stretch."""
    _with_weight(rep, "quiet_standing")
    rep.note("weight")
    return rep.weight


@metric("flight_baseline", unit="N", tests=(*ALL, "landing"), source="derived (METRICS.md 1)", method="flight_mean",
        group="weight")  # fmt: skip
def flight_baseline(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force of the middle of the flight: what the empty plate reads."""
    level = rep.facts.level
    return np.repeat(level[:, np.newaxis], rep.k, axis=1), rep.noise / np.sqrt(
        np.maximum(rep.facts.located.found.count, 1)
    )


@metric("system_mass", unit="kg", tests=WEIGHED_ON, source="Owen 2014", repeats="system_weight",
        method="quiet_standing", group="weight")  # fmt: skip
def system_mass(rep: Rep) -> Floats:
    """Weight over g."""
    rep.note("weight")
    return rep.mass


@metric("body_mass", unit="kg", tests=WEIGHED_ON, source="derived (METRICS.md 0)", repeats="system_mass",
        method="system_mass-load", group="weight")  # fmt: skip
def body_mass(rep: Rep) -> Floats:
    """Mass of the athlete alone: the system's less the load that was given."""
    return body_mass_of(rep)


def _with_weight(rep: Rep, method: str) -> None:
    """Name the method, and where the weight came from if not from the usual place."""
    usual = 1 if rep.facts.test in ("dj", "landing") else 0
    source = rep.facts.located.source
    if (source == usual).all():
        return
    from hipdrive.analysis.locate import WEIGHED

    names = np.array(["before", "after_landing", "unsteady_stance", "unsteady_stance", "box_plate", "given_mass",
                      "elsewhere_in_record", "", "of_session"])  # fmt: skip
    assert len(names) == len(WEIGHED)
    where = names[source]
    joined = np.char.add(np.where(where == "", method, method + ", weight "), where)
    rep.says(np.where(source == usual, method, joined))


# --- time ---------------------------------------------------------------------------------------------------------


@metric("time_to_takeoff", unit="s", tests=JUMPS, source="Ebben & Petushek 2010", headline=4, method="onset_rule",
        group="time")  # fmt: skip
def time_to_takeoff(rep: Rep) -> Floats:
    """From the onset to take-off. The true start lies up to the onset's back-shift later."""
    rule = rep.profile.onset_rule
    rep.says(f"onset by {rule}")
    return rep.duration("onset", "takeoff")


@metric("unweighting_time", unit="s", tests=CMJ, source="McMahon 2018", method="onset_rule", group="time")
def unweighting_time(rep: Rep) -> Any:
    """From the onset to the start of braking."""
    return since_braking(rep, rep.duration("onset", brake_start(rep)))


@metric("braking_time", unit="s", tests=PHASED, source="McMahon 2018, 2021", aliases=["braking_time_dj"],
        method="velocity_zero", group="time")  # fmt: skip
def braking_time(rep: Rep) -> Any:
    """From the peak negative velocity (drop jump: first contact) to zero velocity."""
    return since_braking(rep, rep.duration(brake_start(rep), "zero_velocity"))


@metric("propulsion_time", unit="s", tests=ALL, source="McMahon 2018, 2021", aliases=["propulsion_time_dj"],
        method="velocity_zero", group="time")  # fmt: skip
def propulsion_time(rep: Rep) -> Floats:
    """From zero velocity (squat jump: onset) to take-off."""
    return rep.duration(push_start(rep), "takeoff")


@metric("ecc_con_time_ratio", unit="1", tests=CMJ, source="vendor", method="velocity_zero", group="time")
def ecc_con_time_ratio(rep: Rep) -> Floats:
    """Time going down over time going up."""
    return rep.duration("onset", "zero_velocity") / rep.duration("zero_velocity", "takeoff")


@metric("time_to_peak_power", unit="s", tests=JUMPS, source="derived (METRICS.md 3)", method="sample_maximum",
        group="time")  # fmt: skip
def time_to_peak_power(rep: Rep) -> tuple[Floats, Floats]:
    """From the onset to the peak of power."""
    at = rep.time_of_max("power", push_start(rep), "takeoff")
    return at - rep.t["onset"], place_u(rep, "power", at[:, 0])


# --- depth and velocity -------------------------------------------------------------------------------------------


@metric("countermovement_depth", unit="m", tests=CMJ, source="McMahon 2018", headline=5,
        method="double_integration", group="movement")  # fmt: skip
def countermovement_depth(rep: Rep) -> Floats:
    """Displacement at the lowest point, negative: a strategy, to be read before all else."""
    return rep.displacement["zero_velocity"]


@metric("peak_negative_velocity_value", unit="m/s", tests=CMJ, source="McMahon 2018", method="impulse_momentum",
        group="movement")  # fmt: skip
def peak_negative_velocity_value(rep: Rep) -> Floats:
    """Fastest velocity downwards."""
    return rep.velocity["peak_negative_velocity"]


@metric("peak_velocity", unit="m/s", tests=ALL, source="derived (METRICS.md 3)", method="sample_maximum",
        group="movement")  # fmt: skip
def peak_velocity(rep: Rep) -> Floats:
    """Fastest velocity upwards before take-off; not the take-off velocity."""
    return rep.max("velocity", push_start(rep), "takeoff")


@metric("cmj_stiffness", unit="N/m", tests=CMJ, source="derived (METRICS.md 3)", method="braking_slope",
        group="movement")  # fmt: skip
def cmj_stiffness(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force over descent in braking."""
    low, fast = "zero_velocity", "peak_negative_velocity"
    descent = rep.displacement[fast] - rep.displacement[low]
    return divided(rep.force[low] - rep.at_weight(fast), descent), divided(rep.between_noise, descent[:, 0])


# --- force --------------------------------------------------------------------------------------------------------


@metric("min_force", unit="N", tests=CMJ, source="Harry 2020", sides=True, method="sample_minimum", group="force")
def min_force(rep: Rep) -> tuple[Floats, Floats]:
    """Smallest force of the unweighting."""
    at = rep.time_of_min("force", "onset", "peak_negative_velocity")
    return rep.quantity("force", at), peak_u(rep, at)


@metric("force_at_zero_velocity", unit="N", tests=PHASED, source="Merrigan 2022", sides=True, method="velocity_zero",
        group="force")  # fmt: skip
def force_at_zero_velocity(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the lowest point."""
    return rep.force["zero_velocity"], rep.between_noise


@metric("mean_braking_force", unit="N", tests=PHASED, source="McMahon 2018, 2021", sides=True, method="velocity_zero",
        group="force")  # fmt: skip
def mean_braking_force(rep: Rep) -> Any:
    """Mean force over braking."""
    return since_braking(rep, *mean_force(rep, brake_start(rep), "zero_velocity"))


@metric("mean_propulsive_force", unit="N", tests=ALL, source="McMahon 2018, 2021", sides=True,
        method="velocity_zero", group="force")  # fmt: skip
def mean_propulsive_force(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force over propulsion."""
    return mean_force(rep, push_start(rep), "takeoff")


@metric("peak_braking_force", unit="N", tests=PHASED, source="McMahon 2018, 2021", sides=True,
        method="sample_maximum", group="force")  # fmt: skip
def peak_braking_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force of braking."""
    return peak_force(rep, brake_start(rep), "zero_velocity")


@metric("peak_propulsive_force", unit="N", tests=ALL, source="McMahon 2018, 2021", sides=True,
        method="sample_maximum", group="force")  # fmt: skip
def peak_propulsive_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force of propulsion."""
    return peak_force(rep, push_start(rep), "takeoff")


RELATIVE = (("mean_braking_force", PHASED), ("mean_propulsive_force", ALL), ("peak_braking_force", PHASED),
            ("peak_propulsive_force", ALL), ("force_at_zero_velocity", PHASED))  # fmt: skip
over_weight(RELATIVE, source="McMahon 2018")
over_mass((RELATIVE[0], RELATIVE[1], RELATIVE[4]), unit="N/kg", source="McMahon 2018", group="force",
          ending="per_kg")  # fmt: skip


@metric("mean_braking_rfd", unit="N/s", tests=PHASED, source="McMahon 2018", sides=True, method="velocity_zero",
        group="force")  # fmt: skip
def mean_braking_rfd(rep: Rep) -> Any:
    """Rise of force over the time of braking."""
    start = brake_start(rep)
    time = rep.duration(start, "zero_velocity")
    if start == "peak_negative_velocity":
        rise = rep.force["zero_velocity"] - rep.at_weight(start)
        return divided(rise, time), divided(np.hypot(rep.between_noise, rep.crossing_noise), time[:, 0])
    rise = rep.force["zero_velocity"] - rep.force[start]
    # a straight line between two samples cuts the corner of a first contact
    corner = 0.5 * np.abs(rep.force[start][:, 0]) if rep.facts.test in CONTACTS else 0.0
    return since_braking(rep, divided(rise, time), divided(np.hypot(rep.noise, corner), time[:, 0]))


@metric("braking_rfd_from_min", unit="N/s", tests=CMJ, source="vendor", method="sample_minimum", group="force")
def braking_rfd_from_min(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from its minimum to the lowest point, over its time."""
    start = rep.time_of_min("force", "onset", "peak_negative_velocity")
    rise, time = rep.force["zero_velocity"] - rep.quantity("force", start), rep.duration(start, "zero_velocity")
    return divided(rise, time), rate_u(rep, rise, time, start)


def rate_u(rep: Rep, rise: Floats, time: Floats, extreme: Floats, other: Any = None) -> Floats:
    """Standard uncertainty of a rise of force between an extreme and another instant, over its time, N/s."""
    at, rise, time = extreme[:, 0], rise[:, 0], time[:, 0]
    height = np.hypot(height_u(rep, "force", at), rep.noise if other is None else other)
    return divided(np.hypot(height, divided(rise, time) * place_u(rep, "force", at)), time)


over_mass((("mean_braking_rfd", PHASED), ("braking_rfd_from_min", CMJ)), unit="N/s/kg", source="vendor", group="force")


@metric("peak_rfd", unit="N/s", tests=JUMPS, source="Maffiuletti 2016", method="least_squares_20ms", group="force")
def peak_rfd(rep: Rep) -> tuple[Floats, Floats]:
    """Steepest least-squares slope of force in a sliding window before take-off."""
    window = rep.profile.rfd_window
    rep.says(f"least_squares_{1000 * window:g}ms")
    start = "onset" if rep.facts.test == "sj" else rep.time_of_min("force", "onset", "peak_negative_velocity")
    return rep.peak_slope("force", window, start, "takeoff")


@metric("propulsive_rfd_sj", unit="N/s", tests=("sj",), source="vendor", method="sample_maximum", group="force")
def propulsive_rfd_sj(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from the onset to its peak, over its time."""
    peak = rep.time_of_max("force", "onset", "takeoff")
    rise, time = rep.quantity("force", peak) - rep.force["onset"], rep.duration("onset", peak)
    return divided(rise, time), rate_u(rep, rise, time, peak)


# --- impulse ------------------------------------------------------------------------------------------------------


@metric("unweighting_net_impulse", unit="N*s", tests=CMJ, source="derived (METRICS.md 3)",
        repeats="peak_negative_velocity_value", method="velocity_zero", group="impulse")  # fmt: skip
def unweighting_net_impulse(rep: Rep) -> Any:
    """Net impulse of the unweighting, mass times peak negative velocity."""
    return since_braking(rep, rep.net_impulse("onset", brake_start(rep)))


@metric("braking_net_impulse", unit="N*s", tests=PHASED, source="derived (METRICS.md 3, 5)",
        repeats="peak_negative_velocity_value", method="velocity_zero", group="impulse")  # fmt: skip
def braking_net_impulse(rep: Rep) -> Any:
    """Net impulse of braking: it undoes the downward momentum."""
    return since_braking(rep, rep.net_impulse(brake_start(rep), "zero_velocity"))


@metric("propulsive_net_impulse", unit="N*s", tests=ALL, source="derived (METRICS.md 3, 5)", repeats="takeoff_velocity",
        method="velocity_zero", group="impulse")  # fmt: skip
def propulsive_net_impulse(rep: Rep) -> Floats:
    """Net impulse of propulsion, mass times take-off velocity."""
    return rep.net_impulse(push_start(rep), "takeoff")


@metric("braking_gross_impulse", unit="N*s", tests=PHASED, source="vendor", sides=True, method="velocity_zero",
        group="impulse")  # fmt: skip
def braking_gross_impulse(rep: Rep) -> Any:
    """Impulse of the whole force over braking; it grows with the time of the phase."""
    span = brake_start(rep), "zero_velocity"
    return since_braking(rep, rep.impulse(*span), rep.end_noise(*span))


@metric("propulsive_gross_impulse", unit="N*s", tests=ALL, source="vendor", sides=True, method="velocity_zero",
        group="impulse")  # fmt: skip
def propulsive_gross_impulse(rep: Rep) -> tuple[Floats, Floats]:
    """Impulse of the whole force over propulsion."""
    return rep.impulse(push_start(rep), "takeoff"), rep.end_noise(push_start(rep), "takeoff")


@metric("positive_net_impulse", unit="N*s", tests=PHASED, source="vendor", method="velocity_zero", group="impulse")
def positive_net_impulse(rep: Rep) -> tuple[Floats, Floats]:
    """Net impulse from the peak negative velocity (drop jump: first contact) to take-off."""
    span = down_start(rep), "takeoff"
    return rep.net_impulse(*span), rep.impulse_noise(*span)


@metric("positive_gross_impulse", unit="N*s", tests=PHASED, source="vendor", method="velocity_zero", group="impulse")
def positive_gross_impulse(rep: Rep) -> tuple[Floats, Floats]:
    """Impulse of the whole force from the peak negative velocity (drop jump: first contact) to take-off."""
    span = down_start(rep), "takeoff"
    return rep.impulse(*span), rep.impulse_noise(*span)


def _early(duration: float) -> Any:
    def impulse(rep: Rep) -> tuple[Floats, Floats]:
        """Net impulse at the beginning of propulsion."""
        start = push_start(rep)
        end = rep.t[start] + duration
        rep.require(~(rep.duration(start, "takeoff")[:, 0] < duration), "phase_too_short")
        return rep.net_impulse(start, end), rep.impulse_noise(start, end)

    return impulse


for _ms in (50, 100):
    metric(f"propulsive_net_impulse_{_ms}ms", unit="N*s", tests=JUMPS, source="vendor", method=f"first_{_ms}ms",
           group="impulse")(_early(_ms / 1000.0))  # fmt: skip


@metric("propulsive_impulse_first_half", unit="N*s", tests=JUMPS, source="vendor", method="half_of_time",
        group="impulse")  # fmt: skip
def propulsive_impulse_first_half(rep: Rep) -> tuple[Floats, Floats]:
    """Net impulse over the first half of the propulsion's time."""
    start = push_start(rep)
    middle = 0.5 * (rep.t[start] + rep.t["takeoff"])
    return rep.net_impulse(start, middle), rep.impulse_noise(start, middle)


@metric("propulsive_impulse_second_half", unit="N*s", tests=JUMPS, source="vendor", method="half_of_time",
        group="impulse")  # fmt: skip
def propulsive_impulse_second_half(rep: Rep) -> tuple[Floats, Floats]:
    """Net impulse over the second half of the propulsion's time."""
    noise = rep.spread("propulsive_impulse_first_half")
    return rep["propulsive_net_impulse"] - rep["propulsive_impulse_first_half"], noise


@metric("impulse_ratio", unit="1", tests=PHASED, source="derived (METRICS.md 3, 5)", aliases=["impulse_ratio_dj"],
        method="propulsive/braking", group="impulse")  # fmt: skip
def impulse_ratio(rep: Rep) -> Floats:
    """Propulsive over braking net impulse."""
    if rep.facts.test in CONTACTS:
        return divided(rep.velocity["takeoff"], -rep.velocity["first_contact"])
    return divided(rep["propulsive_net_impulse"], rep["braking_net_impulse"])


IMPULSES = (("braking_net_impulse", PHASED), ("propulsive_net_impulse", ALL), ("braking_gross_impulse", PHASED),
            ("propulsive_gross_impulse", ALL))  # fmt: skip
over_mass(IMPULSES, unit="N*s/kg", source="vendor", group="impulse")


# --- power and work -----------------------------------------------------------------------------------------------


@metric("mean_propulsive_power", unit="W", tests=ALL, source="derived (METRICS.md 3)", method="work/time",
        group="power")  # fmt: skip
def mean_propulsive_power(rep: Rep) -> Floats:
    """Work of propulsion over its time."""
    return rep.mean("power", push_start(rep), "takeoff")


@metric("peak_power", unit="W", tests=ALL, source="Owen 2014; Davies & Rennie 1968", method="sample_maximum",
        group="power")  # fmt: skip
def peak_power(rep: Rep) -> tuple[Floats, Floats]:
    """Largest product of force and velocity in propulsion: power of the system, not of muscles."""
    at = rep.time_of_max("power", push_start(rep), "takeoff")
    return rep.quantity("power", at), height_u(rep, "power", at[:, 0])


@metric("peak_braking_power", unit="W", tests=PHASED, source="derived (METRICS.md 3)", method="sample_minimum",
        group="power")  # fmt: skip
def peak_braking_power(rep: Rep) -> tuple[Floats, Floats]:
    """Most negative power on the way down."""
    start = "first_contact" if rep.facts.test in CONTACTS else "onset"
    at = rep.time_of_min("power", start, "zero_velocity")
    return rep.quantity("power", at), height_u(rep, "power", at[:, 0])


@metric("mean_braking_power", unit="W", tests=PHASED, source="derived (METRICS.md 5)", method="work/time",
        group="power")  # fmt: skip
def mean_braking_power(rep: Rep) -> Any:
    """Work of braking over its time, negative: the body takes it up."""
    return since_braking(rep, rep.mean("power", brake_start(rep), "zero_velocity"))


POWERS = (("mean_propulsive_power", ALL), ("peak_power", ALL), ("peak_braking_power", PHASED),
          ("mean_braking_power", PHASED))  # fmt: skip
over_mass(POWERS, unit="W/kg", source="Owen 2014", group="power")


@metric("propulsive_work", unit="J", tests=ALL, source="Linthorne 2001", method="work_energy", group="power")
def propulsive_work(rep: Rep) -> Floats:
    """Work of the force over propulsion."""
    return rep.work(push_start(rep), "takeoff")
