"""Numbers for each kilogram or in multiples of the weight: one mechanism for every relative form (METRICS.md 0).

Forces in multiples of the weight use the system's weight, load included: it is what the force acts against. Numbers
for each kilogram use the mass of the body: of the system, less a load that is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats


def body_mass_of(rep: Rep) -> Floats:
    """Mass of the athlete without the load, kg, (n, k); rows whose load leaves no athlete are refused."""
    rep.note("weight")
    load = rep.facts.load
    if not load.any():
        return rep.mass
    mass = rep.mass - load[:, np.newaxis]
    rep.require(~(mass[:, 0] < rep.profile.body_mass_min), "bad_load")
    return mass


def per_weight(field: str) -> Any:
    """A function that gives a force in multiples of the system's weight."""

    def relative(rep: Rep) -> tuple[Floats, Floats]:
        """Force in multiples of the weight."""
        rep.note("weight")
        return rep[field] / rep.weight, rep.spread(field) / rep.weight[:, 0]

    return relative


def per_kilogram(field: str) -> Any:
    """A function that gives a number for each kilogram of the body."""

    def relative(rep: Rep) -> tuple[Floats, Floats]:
        """The number for each kilogram of body mass: the system's, less a load that was given."""
        mass = body_mass_of(rep)
        if rep.facts.load.any():
            rep.says(np.where(rep.facts.load > 0.0, "over_body_mass", "over_mass"))
        return rep[field] / mass, rep.spread(field) / mass[:, 0]

    return relative


def over_weight(fields: Iterable[tuple[str, Iterable[str]]], *, source: str, group: str = "force") -> None:
    """Register `<field>_rel` for forces: multiples of the weight."""
    for field, tests in fields:
        metric(f"{field}_rel", unit="1", tests=tests, source=source, repeats=field, method="over_weight",
               group=group)(per_weight(field))  # fmt: skip


def over_mass(
    fields: Iterable[tuple[str, Iterable[str]]], *, unit: str, source: str, group: str, ending: str = "rel"
) -> None:
    """Register `<field>_<ending>`: the number for each kilogram."""
    for field, tests in fields:
        metric(f"{field}_{ending}", unit=unit, tests=tests, source=source, repeats=field, method="over_mass",
               group=group)(per_kilogram(field))  # fmt: skip
