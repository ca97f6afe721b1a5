"""Metrics of the parts of a countermovement, and each phase's share of the time (METRICS.md 3; vendors' phases).

Vendors begin braking at the lowest force (`_from_min`), McMahon at the peak negative velocity, which the same vendors
call deceleration. Both stand here under names of their own, whatever `braking_rule` calls braking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hipdrive.analysis.jump import CMJ, CONTACTS, PHASED, mean_force, since_braking
from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided


@metric("eccentric_time", unit="s", tests=CMJ, source="vendor", method="onset_rule", group="time")
def eccentric_time(rep: Rep) -> Floats:
    """From the onset to the lowest point."""
    return rep.duration("onset", "zero_velocity")


@metric("unloading_time", unit="s", tests=CMJ, source="Harry 2020", method="lowest_force", group="time")
def unloading_time(rep: Rep) -> tuple[Floats, Floats]:
    """From the onset to the lowest force."""
    return rep.duration("onset", "force_min"), rep.unknown


@metric("yielding_time", unit="s", tests=CMJ, source="Harry 2020", method="lowest_force", group="time")
def yielding_time(rep: Rep) -> tuple[Floats, Floats]:
    """From the lowest force to the peak negative velocity."""
    return rep.duration("force_min", "peak_negative_velocity"), rep.unknown


# --- braking as vendors begin it: at the lowest force ---------------------------------------------------------------


@metric("braking_time_from_min", unit="s", tests=CMJ, source="vendor", method="lowest_force", group="time")
def braking_time_from_min(rep: Rep) -> tuple[Floats, Floats]:
    """From the lowest force to the lowest point."""
    return rep.duration("force_min", "zero_velocity"), rep.unknown


@metric("mean_braking_force_from_min", unit="N", tests=CMJ, source="vendor", method="lowest_force", group="force")
def mean_braking_force_from_min(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force from the lowest force to the lowest point."""
    return rep.mean("force", "force_min", "zero_velocity"), rep.unknown


@metric("braking_net_impulse_from_min", unit="N*s", tests=CMJ, source="vendor", method="lowest_force", group="impulse")
def braking_net_impulse_from_min(rep: Rep) -> tuple[Floats, Floats]:
    """Net impulse from the lowest force to the lowest point."""
    return rep.net_impulse("force_min", "zero_velocity"), rep.unknown


# --- deceleration: from the peak negative velocity, whatever braking is called ---------------------------------------


@metric("deceleration_time", unit="s", tests=CMJ, source="vendor", repeats="braking_time", method="velocity_zero",
        group="time")  # fmt: skip
def deceleration_time(rep: Rep) -> Floats:
    """From the peak negative velocity to the lowest point."""
    return rep.duration("peak_negative_velocity", "zero_velocity")


@metric("mean_deceleration_force", unit="N", tests=CMJ, source="vendor", repeats="mean_braking_force",
        method="velocity_zero", group="force")  # fmt: skip
def mean_deceleration_force(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force from the peak negative velocity to the lowest point."""
    return mean_force(rep, "peak_negative_velocity", "zero_velocity")


@metric("deceleration_net_impulse", unit="N*s", tests=CMJ, source="vendor", repeats="braking_net_impulse",
        method="velocity_zero", group="impulse")  # fmt: skip
def deceleration_net_impulse(rep: Rep) -> Floats:
    """Net impulse from the peak negative velocity to the lowest point."""
    return rep.net_impulse("peak_negative_velocity", "zero_velocity")


@metric("deceleration_rfd", unit="N/s", tests=CMJ, source="vendor", repeats="mean_braking_rfd",
        method="velocity_zero", group="force")  # fmt: skip
def deceleration_rfd(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from the peak negative velocity to the lowest point, over its time."""
    time = rep.duration("peak_negative_velocity", "zero_velocity")
    rise = rep.force["zero_velocity"] - rep.at_weight("peak_negative_velocity")
    return divided(rise, time), divided(rep.between_noise, time[:, 0])


# --- shares ----------------------------------------------------------------------------------------------------------


def _share(phase: str) -> Any:
    def share(rep: Rep) -> Any:
        """The phase's share of the time from the onset (drop jump: first contact) to take-off."""
        whole = rep.duration("first_contact" if rep.facts.test in CONTACTS else "onset", "takeoff")
        return since_braking(rep, np.asarray(divided(100.0 * rep[f"{phase}_time"], whole)))

    return share


for _phase, _tests in (("unweighting", CMJ), ("braking", PHASED), ("propulsion", PHASED)):
    metric(f"{_phase}_share", unit="%", tests=_tests, source="vendor", repeats=f"{_phase}_time",
           method="over_whole_time", group="time")(_share(_phase))  # fmt: skip
