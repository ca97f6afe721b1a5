"""SI inside, the sports hall outside: how a number is shown.

Nothing in here computes; values keep their SI unit everywhere else.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Shown(NamedTuple):
    """How one SI unit is displayed: its factor, the unit's name on paper and the usual decimals."""

    factor: float
    unit: str
    decimals: int


SHOWN: dict[str, Shown] = {
    "m": Shown(100.0, "cm", 1),
    "s": Shown(1000.0, "ms", 0),
    "m/s": Shown(1.0, "m/s", 2),
    "N": Shown(1.0, "N", 0),
    "N/s": Shown(1.0, "N/s", 0),
    "N*s": Shown(1.0, "N·s", 1),
    "N*s/m": Shown(1.0, "N·s/m", 0),
    "N/m": Shown(0.001, "kN/m", 1),
    "N/kg": Shown(1.0, "N/kg", 1),
    "W": Shown(1.0, "W", 0),
    "W/kg": Shown(1.0, "W/kg", 1),
    "W/s": Shown(1.0, "W/s", 0),
    "N/s/kg": Shown(1.0, "N/s/kg", 0),
    "N*s/kg": Shown(1.0, "N·s/kg", 2),
    "J": Shown(1.0, "J", 0),
    "kg": Shown(1.0, "kg", 1),
    "kg*m/s": Shown(1.0, "kg·m/s", 0),
    "%": Shown(1.0, "%", 1),
    "Hz": Shown(1.0, "Hz", 2),
    "count": Shown(1.0, "", 0),
    "1": Shown(1.0, "", 2),
    "bool": Shown(1.0, "", 0),
    "class": Shown(1.0, "", 0),
    "V": Shown(1.0, "V", 3),
    "m^2": Shown(1e6, "mm²", 0),
    "N*m": Shown(1.0, "N·m", 2),
    "m/s^2": Shown(1.0, "m/s²", 2),
    "kg/m": Shown(1.0, "kg/m", 3),
    "kg/m^3": Shown(1.0, "kg/m³", 3),
    "N*s/m/kg": Shown(1.0, "N·s/m/kg", 3),
    "%/(m/s)": Shown(1.0, "%/(m/s)", 2),
    "deg": Shown(1.0, "°", 0),
    "deg/s": Shown(1.0, "°/s", 0),
}
"""Every unit a metric may have (ASCII, SI) and how it is shown."""


FINE: dict[str, Shown] = {"m": Shown(1000.0, "mm", 1), "m/s": Shown(1000.0, "mm/s", 1)}
"""How lengths and speeds of the centre of pressure are shown, which are those of millimetres."""

COARSE: dict[str, Shown] = {
    "m": Shown(1.0, "m", 2), "s": Shown(1.0, "s", 3), "m^2": Shown(1.0, "m²", 3), "1": Shown(1.0, "", 4),
}  # fmt: skip
"""How times and lengths of a run are shown, which are those of seconds and metres."""


def shown(value: float, unit: str) -> tuple[float, str]:
    """A value in its display unit.

    >>> shown(0.3145, "m")
    (31.45, 'cm')
    """
    form = SHOWN[unit]
    return value * form.factor, form.unit


def text(value: float, unit: str, u95: float = math.nan, form: Shown | None = None) -> str:
    """A value as people read it, to the digit that its uncertainty allows.

    >>> text(0.31452, "m", 0.0022)
    '31.5 ± 0.2 cm'
    >>> text(0.487, "s")
    '487 ms'
    >>> text(2.5162, "m/s", 0.0094)
    '2.516 ± 0.009 m/s'
    >>> text(float("nan"), "m")
    '-'
    """
    form = SHOWN[unit] if form is None else form
    if not math.isfinite(value):
        return "-"
    if unit == "bool":
        return "yes" if value else "no"
    number, doubt = value * form.factor, u95 * form.factor
    if not math.isfinite(doubt) or doubt <= 0:
        return f"{number:.{form.decimals}f} {form.unit}".rstrip()
    decimals = min(max(form.decimals, -math.floor(math.log10(doubt))), form.decimals + 1)
    return f"{number:.{decimals}f} ± {doubt:.{decimals}f} {form.unit}".rstrip()
