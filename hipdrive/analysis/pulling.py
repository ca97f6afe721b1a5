"""The checks of an isometric pull: how the tension was held, its zero, and whether the record holds all of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hipdrive.analysis.pretension import DRIFTED, STEADY
from hipdrive.analysis.pull import Pulls
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Bools, Floats, Ints

NONE, NOTED, WARNED = 0, 1, 2

WEAK = 250.0
"""N: so weak a pull on a load cell may be one in kilograms."""


def of_pull(rep: Rep) -> Mapping[str, tuple[Floats, Ints]]:
    """Values and levels of its checks, one a row."""
    pulls, profile = rep.facts.located, rep.profile
    assert isinstance(pulls, Pulls)
    onset, cell = pulls.onset_of, pulls.cell == 1
    worst = np.where(onset.hold == DRIFTED, np.abs(onset.drift), onset.dip)
    above = rep["iso_pretension"][:, 0]
    heavy = (above > profile.iso_pretension_max) | (above < -2.0 * profile.onset_floor)
    drift = np.where(pulls.drift != 0.0, pulls.drift, np.nan)
    top = rep["iso_peak_force"][:, 0]
    return {
        "iso_hold_quality": (worst, _level(np.isfinite(worst), onset.hold != STEADY)),
        "iso_pretension": (above, _level(np.isfinite(above), heavy)),
        "zero_assumed": (pulls.zero, _level(pulls.zeroed == 0, np.zeros(rep.n, dtype=bool))),
        "load_cell": (top, _level(cell, cell & (top < WEAK))),
        "pull_not_over": (np.ones(rep.n), _level(pulls.over == 0, pulls.over == 0)),
        "plate_drift_rate": (drift, _level(np.isfinite(drift), np.abs(drift) > 0.05)),
    }


def _level(noted: Bools, warned: Bools) -> Ints:
    return np.where(warned, WARNED, np.where(noted, NOTED, NONE))
