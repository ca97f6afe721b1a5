"""Metrics of one hop (METRICS.md 6). Braking, propulsion and the like are those of the drop jump's contact."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.jump import mean_force, peak_force
from hipdrive.analysis.registry import join, metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided

HOPS = ("hops",)

SHARED = (
    "jump_height_ft", "system_weight", "system_mass", "flight_baseline", "touchdown_velocity", "braking_time",
    "propulsion_time", "force_at_zero_velocity", "mean_braking_force", "mean_propulsive_force", "peak_braking_force",
    "peak_propulsive_force", "mean_braking_force_rel", "mean_propulsive_force_rel", "peak_braking_force_rel",
    "peak_propulsive_force_rel", "braking_net_impulse", "propulsive_net_impulse", "braking_gross_impulse",
    "propulsive_gross_impulse", "impulse_ratio", "mean_propulsive_power", "peak_power", "peak_braking_power",
    "mean_propulsive_power_rel", "peak_power_rel", "peak_braking_power_rel", "propulsive_work",
    "contact_displacement", "spring_like_correlation", "impact_peak_flag", "ssc_class",
)  # fmt: skip
"""Fields of the drop jump that a hop has, too, with its own velocity."""


def join_hops() -> None:
    """Give hops what they share with the drop jump."""
    join("hops", SHARED, first=("hop_rsi", "jump_height_ft"))


# --- outcome -----------------------------------------------------------------------------------------------------


@metric("hop_rsi", unit="m/s", tests=HOPS, source="Harper 2011; Stratford 2020", headline=1,
        method="jump_height_ft/hop_contact_time", group="outcome")  # fmt: skip
def hop_rsi(rep: Rep) -> Floats:
    """Reactive strength of a hop: flight-time height of the flight that follows over contact time."""
    return rep["jump_height_ft"] / rep["hop_contact_time"]


@metric("hop_contact_time", unit="s", tests=HOPS, source="Harper 2011", headline=3, method="contact_edges",
        group="outcome")  # fmt: skip
def hop_contact_time(rep: Rep) -> Floats:
    """From touchdown to the next take-off."""
    return rep.duration("first_contact", "takeoff")


@metric("hop_flight_time", unit="s", tests=HOPS, source="Harper 2011", headline=4, repeats="jump_height_ft",
        method="contact_edges", group="outcome")  # fmt: skip
def hop_flight_time(rep: Rep) -> Floats:
    """The flight that follows the contact."""
    return rep.duration("takeoff", "touchdown")


@metric("hop_rsi_ft", unit="1", tests=HOPS, source="Healy 2018", repeats="hop_rsi",
        method="hop_flight_time/hop_contact_time", group="outcome")  # fmt: skip
def hop_rsi_ft(rep: Rep) -> Floats:
    """Time of the flight that follows over contact time."""
    return rep["hop_flight_time"] / rep["hop_contact_time"]


@metric("hop_rate", unit="Hz", tests=HOPS, source="derived (METRICS.md 6)", method="contact_edges", group="outcome")
def hop_rate(rep: Rep) -> Floats:
    """Hops a second: one over contact and flight."""
    return 1.0 / rep.duration("first_contact", "touchdown")


@metric(
    "hop_first", unit="bool", tests=HOPS, source="derived (METRICS.md 6)", method="first_of_series", group="outcome"
)
def hop_first(rep: Rep) -> Floats:
    """Whether this is the first hop of the series, which is slower in most athletes."""
    record, start = rep.facts.record, rep.facts.events["first_contact"]
    earliest = np.full(int(record.max(initial=0)) + 1, np.inf)
    np.minimum.at(earliest, record, np.where(np.isfinite(start), start, np.inf))
    return np.repeat((start <= earliest[record]).astype(np.float64)[:, np.newaxis], rep.k, axis=1)


@metric("hop_in_limit", unit="bool", tests=HOPS, source="Harper 2011", repeats="hop_contact_time",
        method="contact_within_limit", group="outcome")  # fmt: skip
def hop_in_limit(rep: Rep) -> Floats:
    """Whether the contact is fast enough for the 10/5 (`hop_contact_limit`)."""
    contact = rep["hop_contact_time"]
    return np.where(np.isfinite(contact), contact <= rep.profile.hop_contact_limit, np.nan)


# --- stiffness ---------------------------------------------------------------------------------------------------


@metric("vertical_stiffness_dalleau", unit="N/m", tests=HOPS, source="Dalleau 2004", headline=5, method="sine_model",
        group="movement")  # fmt: skip
def vertical_stiffness_dalleau(rep: Rep) -> Floats:
    """Stiffness of a sine-shaped contact from its times and mass: for short bouncing contacts only."""
    rep.note("weight")
    contact, flight = rep["hop_contact_time"], rep["hop_flight_time"]
    return divided(rep.mass * np.pi * (flight + contact), contact**2 * ((flight + contact) / np.pi - contact / 4.0))


@metric("vertical_stiffness_peak", unit="N/m", tests=HOPS, source="McMahon & Cheng 1990; Cavagna 1964",
        method="force/displacement", group="movement")  # fmt: skip
def vertical_stiffness_peak(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force over the descent, whose velocity starts with half of the flight before: it assumes that the
    largest force falls on the lowest point.
    """
    rep.note("previous_takeoff")
    rep.require(np.isfinite(rep.facts.events["previous_takeoff"]), "no_flight_before")
    descent = -rep["contact_displacement"]
    return divided(rep["hop_peak_force"], descent), divided(rep.spread("hop_peak_force"), descent[:, 0])


# --- force -------------------------------------------------------------------------------------------------------


@metric("hop_peak_force", unit="N", tests=HOPS, source="derived (METRICS.md 6)", sides=True, method="sample_maximum",
        group="force")  # fmt: skip
def hop_peak_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force of the contact."""
    return peak_force(rep, "first_contact", "takeoff")


@metric("hop_mean_force", unit="N", tests=HOPS, source="derived (METRICS.md 6)", sides=True, method="contact_edges",
        group="force")  # fmt: skip
def hop_mean_force(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force over the contact."""
    return mean_force(rep, "first_contact", "takeoff")


for _field in ("hop_peak_force", "hop_mean_force"):

    def _relative(rep: Rep, field: str = _field) -> tuple[Floats, Floats]:
        """Force in multiples of the weight."""
        rep.note("weight")
        return rep[field] / rep.weight, rep.spread(field) / rep.weight[:, 0]

    metric(f"{_field}_rel", unit="1", tests=HOPS, source="derived (METRICS.md 6)", repeats=_field,
           method="over_weight", group="force")(_relative)  # fmt: skip
