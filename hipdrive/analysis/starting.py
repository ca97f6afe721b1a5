"""The checks of a sprint start: how still the set position was, its weight, and a push too soon after the gun."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hipdrive.analysis.checks import NONE, NOTED, WARNED, limits
from hipdrive.analysis.signal import Floats, Ints, divided
from hipdrive.analysis.startpush import HANDS, quiet_of
from hipdrive.analysis.starts import Starts

WEAK = 20.0
"""N of horizontal force on the hands that nobody measures, from which it is told."""


def of_start(rep: Starts) -> Mapping[str, tuple[Floats, Ints]]:
    """Values and levels of its checks, one a row."""
    facts, profile = rep.facts, rep.profile
    scale = np.where(np.isfinite(facts.weight), facts.weight, np.nan)
    sd, slope = set_position(rep)
    reaction = rep["reaction_time"][:, 0]
    early = reaction < profile.false_start_limit
    given = np.isfinite(facts.given_weight)
    off = divided(100.0 * (rep.set_sum - facts.given_weight), facts.given_weight)
    whole = np.array([HANDS in push.plates or trial.start == "standing"
                      for push, trial in zip(rep.pushes, rep.trials, strict=True)])  # fmt: skip
    off = np.where(given & whole, off, np.nan)
    held = _held_by_feet(rep)
    never = np.zeros(rep.n, dtype=bool)
    level = np.abs(facts.level)
    return {
        "system_weight": limits(facts.weight, never),
        "set_hold_stability": limits(sd, sd > profile.set_sd_warn * scale),
        "rolling_start": limits(slope, np.abs(slope) > profile.set_slope_warn),
        "set_weight": limits(off, np.abs(off) > 100.0 * profile.set_weight_warn),
        "false_start": (reaction, np.where(early, WARNED, NONE)),
        "hands_x": (held, np.where(np.abs(held) > WEAK, NOTED, NONE)),
        "unloaded_noise_sd": limits(facts.noise, facts.noise > profile.noise_warn),
        "zero_offset": (facts.level, np.where(level > profile.offset_warn, WARNED, np.where(level > 0.0, NOTED, NONE))),
        "zero_assumed": (facts.level, np.where(_unseen(rep), WARNED, NONE)),
    }


def set_position(rep: Starts) -> tuple[Floats, Floats]:
    """Largest SD, N, and slope, N/s, of a plate's resultant in the set position, (n,); NaN where it was too short."""
    rate, rows = rep.curve.rate, []
    for push in rep.pushes:
        feet = [one.whole for name, one in push.plates.items() if name != HANDS]
        found = np.array([quiet_of(values, push.set_window, rate)[1:] for values in feet])
        rows.append((found[:, 0].max(), found[np.abs(np.nan_to_num(found[:, 1])).argmax(), 1]))
    sd, slope = np.array(rows).T
    return sd, slope


def _held_by_feet(rep: Starts) -> Floats:
    """Horizontal force of the feet in the set position, which hands hold against, where nobody measures theirs, N."""
    held = []
    for push, trial in zip(rep.pushes, rep.trials, strict=True):
        hands = push.plates.get(HANDS)
        silent = (hands is None or not hands.has[0]) and trial.start != "standing"
        x = sum(one.x for name, one in push.plates.items() if name != HANDS)
        held.append(quiet_of(x, push.set_window, rep.curve.rate)[0] if silent else np.nan)
    return np.array(held)


def _unseen(rep: Starts) -> Ints:
    """Which starts have a plate that was never seen empty."""
    return np.array([any(np.isnan(u) for one in push.plates.values() for u, has in zip(one.zero_u, one.has, strict=True)
                         if has) for push in rep.pushes])  # fmt: skip
