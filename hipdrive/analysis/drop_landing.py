"""Metrics of a landing on its own: impact and stabilisation (METRICS.md 4; names of the vendor's drop landing).

Impact is [touchdown, lowest point), in which the fall is stopped; stabilisation is [lowest point, stable), in which the
athlete comes up again and to rest. The vendor publishes the names, not the borders: these are ours.
"""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.landing import LANDING
from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided

LOW, STABLE = "landing_zero_velocity", "stabilisation"
SOURCE = "vendor; borders derived (METRICS.md 4)"


def _stabilising(rep: Rep) -> None:
    """Refuse where the athlete was stable before the lowest point: there is nothing to stabilise."""
    low, stable = rep.t[LOW][:, 0], rep.t[STABLE][:, 0]
    rep.require(~(stable <= low), "undefined")


def _extreme_power(rep: Rep, start: str, end: str) -> Floats:
    """Power of the largest size in a phase, with its sign."""
    low, high = rep.min("power", start, end), rep.max("power", start, end)
    return np.where(np.abs(low[:, :1]) >= np.abs(high[:, :1]), low, high)


# --- impact -------------------------------------------------------------------------------------------------------


@metric("impact_rfd", unit="N/s", tests=LANDING, source=SOURCE, sides=True, repeats="landing_rate_mean",
        method="sample_maximum", group="impact")  # fmt: skip
def impact_rfd(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from touchdown to its peak, over its time: the form that left and right add up to."""
    at = rep.time_of_max("force", "touchdown", rep.after("touchdown", rep.profile.landing_window))
    rise = rep.quantity("force", at) - rep.force["touchdown"]
    rep.note("landing_rate_mean")
    return divided(rise, rep["time_to_peak_landing_force"]), rep.unknown


@metric("mean_impact_force", unit="N", tests=LANDING, source=SOURCE, sides=True, method="impulse/time", group="impact")
def mean_impact_force(rep: Rep) -> Floats:
    """Mean force from touchdown to the lowest point."""
    return rep.mean("force", "touchdown", LOW)


@metric("mean_impact_force_rel", unit="1", tests=LANDING, source=SOURCE, repeats="mean_impact_force",
        method="over_weight", group="impact")  # fmt: skip
def mean_impact_force_rel(rep: Rep) -> Floats:
    """Mean impact force in multiples of the weight."""
    return rep["mean_impact_force"] / rep.weight


@metric("mean_impact_power", unit="W", tests=LANDING, source=SOURCE, method="work/time", group="impact")
def mean_impact_power(rep: Rep) -> Floats:
    """Mean power from touchdown to the lowest point, negative: what the legs take up."""
    return rep.mean("power", "touchdown", LOW)


@metric("mean_impact_power_rel", unit="W/kg", tests=LANDING, source=SOURCE, repeats="mean_impact_power",
        method="over_mass", group="impact")  # fmt: skip
def mean_impact_power_rel(rep: Rep) -> Floats:
    """Mean impact power over mass."""
    return rep["mean_impact_power"] / rep.mass


@metric("peak_impact_power", unit="W", tests=LANDING, source=SOURCE, method="sample_minimum", group="impact")
def peak_impact_power(rep: Rep) -> tuple[Floats, Floats]:
    """Most negative power from touchdown to the lowest point."""
    value = rep.min("power", "touchdown", LOW)
    return value, 1.3 * rep.noise * np.abs(divided(value, rep["peak_landing_force"]))[:, 0]


@metric("peak_impact_power_rel", unit="W/kg", tests=LANDING, source=SOURCE, repeats="peak_impact_power",
        method="over_mass", group="impact")  # fmt: skip
def peak_impact_power_rel(rep: Rep) -> tuple[Floats, Floats]:
    """Peak impact power over mass."""
    return rep["peak_impact_power"] / rep.mass, rep.spread("peak_impact_power") / rep.mass[:, 0]


@metric("mean_impact_velocity", unit="m/s", tests=LANDING, source=SOURCE, method="depth/time", group="impact")
def mean_impact_velocity(rep: Rep) -> Floats:
    """Mean velocity from touchdown to the lowest point, negative."""
    return rep.mean("velocity", "touchdown", LOW)


@metric("impact_share", unit="%", tests=LANDING, source=SOURCE, method="landing_time/time_to_stabilisation",
        group="impact")  # fmt: skip
def impact_share(rep: Rep) -> Floats:
    """Share of impact in the time to stabilisation."""
    _stabilising(rep)
    return 100.0 * divided(rep["landing_time"], rep["time_to_stabilisation"])


# --- stabilisation ------------------------------------------------------------------------------------------------


@metric("stabilisation_time", unit="s", tests=LANDING, source=SOURCE, method="band_of_weight", group="stabilisation")
def stabilisation_time(rep: Rep) -> Floats:
    """From the lowest point until the force stays near the weight."""
    _stabilising(rep)
    return rep.duration(LOW, STABLE)


@metric("stabilisation_share", unit="%", tests=LANDING, source=SOURCE, repeats="impact_share",
        method="stabilisation_time/time_to_stabilisation", group="stabilisation")  # fmt: skip
def stabilisation_share(rep: Rep) -> Floats:
    """Share of stabilisation in the time to stabilisation."""
    return 100.0 * divided(rep["stabilisation_time"], rep["time_to_stabilisation"])


@metric("mean_stabilisation_force", unit="N", tests=LANDING, source=SOURCE, sides=True, method="impulse/time",
        group="stabilisation")  # fmt: skip
def mean_stabilisation_force(rep: Rep) -> Floats:
    """Mean force from the lowest point until stable."""
    _stabilising(rep)
    return rep.mean("force", LOW, STABLE)


@metric("mean_stabilisation_power", unit="W", tests=LANDING, source=SOURCE, method="work/time", group="stabilisation")
def mean_stabilisation_power(rep: Rep) -> Floats:
    """Mean power from the lowest point until stable."""
    _stabilising(rep)
    return rep.mean("power", LOW, STABLE)


@metric("mean_stabilisation_power_rel", unit="W/kg", tests=LANDING, source=SOURCE, repeats="mean_stabilisation_power",
        method="over_mass", group="stabilisation")  # fmt: skip
def mean_stabilisation_power_rel(rep: Rep) -> Floats:
    """Mean stabilisation power over mass."""
    return rep["mean_stabilisation_power"] / rep.mass


@metric("peak_stabilisation_power", unit="W", tests=LANDING, source=SOURCE, method="sample_extreme",
        group="stabilisation")  # fmt: skip
def peak_stabilisation_power(rep: Rep) -> tuple[Floats, Floats]:
    """Power of the largest size from the lowest point until stable; positive where the athlete comes up."""
    _stabilising(rep)
    value = _extreme_power(rep, LOW, STABLE)
    return value, 1.3 * rep.noise * np.abs(divided(value[:, 0], rep.weight[:, 0]))


@metric("peak_stabilisation_power_rel", unit="W/kg", tests=LANDING, source=SOURCE, repeats="peak_stabilisation_power",
        method="over_mass", group="stabilisation")  # fmt: skip
def peak_stabilisation_power_rel(rep: Rep) -> tuple[Floats, Floats]:
    """Peak stabilisation power over mass."""
    value = rep["peak_stabilisation_power"]
    return value / rep.mass, rep.spread("peak_stabilisation_power") / rep.mass[:, 0]


@metric("mean_stabilisation_velocity", unit="m/s", tests=LANDING, source=SOURCE, method="displacement/time",
        group="stabilisation")  # fmt: skip
def mean_stabilisation_velocity(rep: Rep) -> Floats:
    """Mean velocity from the lowest point until stable, positive where the athlete comes up."""
    _stabilising(rep)
    return rep.mean("velocity", LOW, STABLE)


@metric("stability_depth", unit="m", tests=LANDING, source=SOURCE, method="double_integration", group="stabilisation")
def stability_depth(rep: Rep) -> Floats:
    """How much lower than at touchdown the athlete is once stable, negative: the posture that is held."""
    return rep.displacement[STABLE] - rep.displacement["touchdown"]
