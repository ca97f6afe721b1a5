"""Samples that were lost, repeated or doubled without a word: the force then jumps from one sample to the next.

Forces of feet bend over several samples, even a heel's. A jump is a step that neither the steps beside it nor the
bends around it explain. What is lost in the air, or on a level stretch of force, leaves no trace here.
"""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Bools, Floats, Ints, gather, within

EDGE = 0.012
"""s from an edge of contact, which is a corner, in which nothing is looked for."""

NEAR, OWN = 12, 2
"""Samples around a jump whose bends are compared with it, and those that belong to the jump itself."""

ALONE, LEAST, SHARE = 6.0, 30.0, 0.05
"""Times the largest bend around it, N, and part of the weight that a jump is at least (recordings: 4.8, 0.03)."""


def jumps_of_force(rep: Rep, rows: Bools) -> Floats:
    """The largest jump between two samples of contact and landing, N; NaN where there is none or nobody asked."""
    found = np.full(rep.n, np.nan)
    at = np.flatnonzero(rows)
    if len(at):
        events = rep.facts.events
        begin = events["first_contact"] if "first_contact" in events else events["onset"]
        landed = events["touchdown"] + EDGE
        push = _jump(rep, at, begin + EDGE, events["takeoff"] - EDGE)
        found[at] = np.fmax(push, _jump(rep, at, landed, landed + rep.profile.landing_window))
    return found


def _jump(rep: Rep, at: Ints, begin: Floats, end: Floats) -> Floats:
    """The largest jump of some rows between two times, N; NaN where none stands alone."""
    rate, facts = rep.curve.rate, rep.facts
    known = np.isfinite(begin[at]) & np.isfinite(end[at])
    first = np.where(known, np.ceil(np.nan_to_num(begin[at]) * rate), 0.0).astype(np.int64)
    last = np.where(known, np.floor(np.nan_to_num(end[at]) * rate), 0.0).astype(np.int64)
    width = int(max((last - first).max(initial=0), 2 * NEAR)) + 3
    force = gather(facts.block.total, facts.record[at], first, width)
    step = np.diff(force, axis=1)
    bend = np.abs(step[:, 1:-1] - 0.5 * (step[:, :-2] + step[:, 2:]))
    inside = within(first + 1, bend.shape[1], first, last - 2)
    bend = np.where(inside & np.isfinite(bend), bend, 0.0)
    place = bend.argmax(axis=1)
    largest = bend[np.arange(len(at)), place]
    around = gather(bend, np.arange(len(at)), place - NEAR, 2 * NEAR + 1)
    around[:, NEAR - OWN : NEAR + OWN + 1] = 0.0
    weight = np.nan_to_num(facts.located.rough[at])
    alone = (largest > ALONE * np.fmax.reduce(around, axis=1)) & (largest > np.maximum(LEAST, SHARE * weight))
    return np.where(known & alone, largest, np.nan)
