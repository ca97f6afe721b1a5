"""Forces in another unit than newton: what they are likely to be, and when that is certain."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Block, Floats, Ints

FACTORS = {"N": 1.0, "kN": 1000.0, "kgf": 9.80665, "lbf": 4.4482216152605, "gf": 0.00980665}
"""Newtons in one of a unit."""

NEAR = 1.4
"""How many times the given weight, or a part of it, a unit may explain: no two units are nearer than 2.2."""

PART = 0.08
"""Part of the range of a record, up to the peak of a landing, above which somebody stands on the plate."""

LOUD = 50.0
"""A load is so many times the usual step from sample to sample; an empty plate's noise is not."""


def loaded_level(means: Floats) -> float:
    """Median of the cells above a small part of the range, less the lowest: about the weight, in whatever unit."""
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    above = means[means > low + PART * (high - low)]
    return float(np.median(above)) - low if len(above) else 0.0


def weight_code(weight: Floats, profile: Profile) -> Ints:
    """Why a weight is nobody's: the code of the unit in which it would be a person's."""
    low, high = profile.weight_min, profile.weight_max
    code = np.full(len(weight), NUMBER["bad_weight"])
    for unit, reason in (("kgf", "unit_kilogram"), ("gf", "unit_gram"), ("kN", "unit_kilonewton")):
        fits = (weight * FACTORS[unit] >= low) & (weight * FACTORS[unit] <= high)
        code = np.where(fits & ((weight < low) | (weight > high)), NUMBER[reason], code)
    return code


def unloaded_code(block: Block, rows: Ints, profile: Profile) -> Ints:
    """Why rows never carry a person: their unit, where they carry something, else that nobody stands there."""
    code = np.full(len(rows), NUMBER["no_load"])
    for k, row in enumerate(rows.tolist()):
        force = block.total[row, : block.lengths[row]]
        level = loaded_level(block.means[row])
        if level > LOUD * float(np.median(np.abs(np.diff(force)))):
            guess = int(weight_code(np.array([level]), profile)[0])
            code[k] = guess if guess != NUMBER["bad_weight"] else code[k]
    return code
