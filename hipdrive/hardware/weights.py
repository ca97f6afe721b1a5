"""Known masses as forces: how far a mass may be off by its class, and how strong gravity is where the plates are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hipdrive.errors import UsageError

CLASSES: Mapping[str, float] = {"f1": 5e-6, "f2": 1.6e-5, "m1": 5e-5, "m2": 1.6e-4, "m3": 5e-4, "iwf": 1e-3}
"""Class of a mass -> how far it may be off, as a part of it. F1 to M3: OIML R 111-1:2004, table 1, for 5 kg and more.
iwf: discs of competition barbells above 5 kg, +0.1 % -0.05 % (IWF Technical and Competition Rules). Discs of a gym have
no class and are off by per cents: weigh them."""

STANDARD_G = 9.80665
EVERYWHERE = (9.764, 9.834)
"""m/s²: least and greatest gravity on the ground (Hirt et al. 2013); what is known where nobody says the place."""

AIR, METAL = 1.2, 8000.0
"""kg/m³: air, and the density to which a mass is certified (OIML R 111-1, conventional mass)."""

ANOMALY = 1e-3
"""m/s²: how far gravity may be from its formula, 100 mGal, more than nearly anywhere inhabited."""


@dataclass(frozen=True)
class Gravity:
    """Gravity where the plates stand, m/s², and its standard uncertainty; `how` says where it comes from."""

    value: float
    sd: float
    how: str


def gravity(g: float | None = None, latitude: float | None = None, height: float = 0.0) -> Gravity:
    """Gravity as it was given, or by latitude (degrees) and height (m), or what holds everywhere.

    The formula is Somigliana's for the ellipsoid WGS 84 with the free-air gradient (NIMA TR8350.2, 2000).

    Raises
    ------
    UsageError : there is no such place on Earth.

    >>> round(gravity(latitude=45.0).value, 5), round(gravity(latitude=0.0, height=2850.0).value, 4)
    (9.8062, 9.7715)
    >>> gravity().how
    'standard; give the latitude'
    """
    if g is not None:
        if not 9.7 <= g <= 9.9:
            raise UsageError("gravity", f"g = {g:g} m/s² is nowhere on Earth; give it between 9.76 and 9.84")
        return Gravity(g, 5e-5, "given")
    if latitude is None:
        return Gravity(STANDARD_G, (EVERYWHERE[1] - EVERYWHERE[0]) / math.sqrt(12.0), "standard; give the latitude")
    if not (-90.0 <= latitude <= 90.0 and -500.0 <= height <= 6000.0):
        raise UsageError("place", f"latitude {latitude:g}°, height {height:g} m: nobody jumps there; give degrees "
                         "between -90 and 90 and metres above the sea")  # fmt: skip
    square = math.sin(math.radians(latitude)) ** 2
    ground = 9.7803253359 * (1.0 + 0.00193185265241 * square) / math.sqrt(1.0 - 0.00669437999013 * square)
    return Gravity(ground - 3.086e-6 * height, ANOMALY / math.sqrt(3.0), f"latitude {latitude:g}°, height {height:g} m")


def tolerance(mass_class: str) -> float:
    """How far masses of a class may be off, as a part of them: a name of `CLASSES`, or per cent, such as "0.05 %".

    Raises
    ------
    UsageError : no such class.

    >>> tolerance("M1"), tolerance("0.2%")
    (5e-05, 0.002)
    """
    name = mass_class.strip().lower()
    if name in CLASSES:
        return CLASSES[name]
    try:
        part = float(name.rstrip("% ").replace(",", ".")) / 100.0
    except ValueError:
        part = math.nan
    if not 0.0 <= part <= 0.1:
        raise UsageError("mass_class", f"{mass_class!r} is no class of masses; give one of {', '.join(CLASSES)}, or by "
                         "how many per cent they may be off, such as 0.05")  # fmt: skip
    return part


def force(mass: float, g: Gravity) -> float:
    """Force of a mass that lies still in air, N.

    >>> round(force(20.0, gravity(9.81)), 3)
    196.171
    """
    return mass * g.value * (1.0 - AIR / METAL)
