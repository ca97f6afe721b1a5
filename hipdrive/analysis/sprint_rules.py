"""What is decided before a sprint is fitted: every choice that the literature leaves open, named and stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hipdrive.errors import UsageError

FREE = "free"
STARTS: Mapping[str, float | None] = {"free": None, "movement": 0.0, "gun": None, "gate": None}
"""How the clock was started -> the time shift, s, that is fixed by it: `movement` (the first movement, for example a
hand leaving its switch) is where the model starts; with a `gun` the reaction time is in the times, with a `gate` that
the athlete runs into the first steps are not, so both need the shift that is fitted.
"""


@dataclass(frozen=True, kw_only=True)
class SprintRules:
    """Parameters of the sprint profile; METRICS.md 12 unless marked eng.

    time_shift : s, added to the record's times; NaN where it is fitted.
    shift_low, shift_high : within which it is fitted, s.
    behind : how far behind the first line the athlete started, m; added to the distances of gates (eng.).
    wind : m/s, a tail wind positive. temperature, pressure : degrees Celsius, hPa. drag_coefficient : of the runner.
    grid : s in model time, at which force and velocity enter their line. grid_taus : its end in tau, at most.
    rf_from : s in model time from which the ratio of forces counts.
    g : m/s².
    reached_warn, reached_refuse : share of MSS that the record must reach, % (the second eng.).
    r2_warn, residual_warn : of the fit; the residual of splits, s.
    onset_speed : m/s, below which a radar's athlete still stands (eng.). plateau : share of the fastest mean over
        `plateau_window` s down to which a record counts; after that the athlete slows down (eng.).
    """

    time_shift: float = math.nan
    shift_low: float = -0.2
    shift_high: float = 0.8
    behind: float = 0.0
    wind: float = 0.0
    temperature: float = 20.0
    pressure: float = 1013.25
    drag_coefficient: float = 0.9
    grid: float = 0.010
    grid_taus: float = 5.0
    rf_from: float = 0.3
    g: float = 9.80665
    reached_warn: float = 90.0
    reached_refuse: float = 75.0
    r2_warn: float = 0.995
    residual_warn: float = 0.03
    onset_speed: float = 0.3
    plateau: float = 0.97
    plateau_window: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name, (low, high, unit) in RANGES.items():
            value = getattr(self, name)
            if name == "time_shift" and math.isnan(value):
                continue
            if not low <= value <= high:
                raise UsageError("sprint_rule", f"{name} {value:g} is not possible; give {low:g} to {high:g}{unit}")
        if not self.shift_low < self.shift_high:
            raise UsageError("sprint_rule", "shift_low must be below shift_high; give both")

    @property
    def fixed_shift(self) -> float | None:
        """The time shift, None where it is fitted."""
        return None if math.isnan(self.time_shift) else self.time_shift

    def parameters(self) -> dict[str, float]:
        """Every parameter by name; a fitted shift is NaN."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def changed(self, said: Mapping[str, Any]) -> SprintRules:
        """These rules with some parameters changed, numbers or texts.

        Raises
        ------
        UsageError : there is no such parameter, or its value makes no sense.
        """
        known = [one.name for one in fields(self)]
        found: dict[str, float] = {}
        for name, value in said.items():
            if name not in known:
                raise UsageError("sprint_rule", f"{name}: the sprint profile has no such parameter; it has "
                                 f"{', '.join(known)}")  # fmt: skip
            try:
                found[name] = math.nan if value == FREE else float(value)
            except (TypeError, ValueError):
                raise UsageError("sprint_rule", f"{name}: {value!r} is not a number") from None
        return replace(self, **found)


RANGES: Mapping[str, tuple[float, float, str]] = {
    "time_shift": (-2.0, 5.0, " s, or free"), "shift_low": (-5.0, 5.0, " s"), "shift_high": (-5.0, 5.0, " s"),
    "behind": (0.0, 60.0, " m"), "wind": (-15.0, 15.0, " m/s"), "temperature": (-40.0, 60.0, " degrees Celsius"),
    "pressure": (500.0, 1100.0, " hPa"), "drag_coefficient": (0.0, 2.0, ""), "grid": (0.0001, 0.1, " s"),
    "grid_taus": (2.0, 20.0, ""), "rf_from": (0.0, 2.0, " s"), "g": (9.7, 9.9, " m/s2"),
    "reached_warn": (0.0, 100.0, " %"), "reached_refuse": (0.0, 100.0, " %"), "r2_warn": (0.0, 1.0, ""),
    "residual_warn": (0.0, 10.0, " s"), "onset_speed": (0.0, 3.0, " m/s"), "plateau": (0.5, 1.0, ""),
    "plateau_window": (0.01, 5.0, " s"),
}  # fmt: skip
"""Parameter -> least and largest value, and unit. NaN lies in none."""


def started(start: str) -> float:
    """The time shift that a way of starting the clock fixes, NaN where it is fitted.

    Raises
    ------
    UsageError : there is no such way.
    """
    if start not in STARTS:
        raise UsageError("start", f"--start {start}: choose {', '.join(STARTS)}, or give --time-shift in seconds")
    fixed = STARTS[start]
    return math.nan if fixed is None else fixed
