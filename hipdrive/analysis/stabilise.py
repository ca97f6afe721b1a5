"""When a landing is over: the force stays near the weight (METRICS.md 4, `time_to_stabilisation`)."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Block, Floats, Ints, first_true, gather, lasting, zeroed

SEARCH = 5.0
"""s after touchdown in which stabilisation is looked for (METRICS.md 4: fix the record length)."""

NOISE = 1.25
"""Noise, times this, moves the edge of the band by which its uncertainty is found (simulated)."""


def stabilised(block: Block, record: Ints, start: Floats, weight: Floats, band: Floats, profile: Profile) -> Floats:
    """First time after `start` from which force stays within `band` of `weight` for `stable_hold`, s, (n,).

    weight includes the zero error, as the samples do; NaN where it never stays. Means of 10 ms find the stretch, the
    samples its first one.
    """
    first = np.floor(zeroed(start) / block.cell_time).astype(np.int64)
    need = round(profile.stable_hold / block.cell_time)
    room = int((block.lengths[record] // block.cell - first).max(initial=1))
    width = max(1, min(round(SEARCH / block.cell_time), room))
    near = np.abs(gather(block.means, record, first, width) - weight[:, np.newaxis]) <= band[:, np.newaxis]
    at = first_true(lasting(near, need))
    begin = (first + at - 1) * block.cell
    samples = gather(block.total, record, begin, 2 * block.cell) - weight[:, np.newaxis]
    outside = np.abs(samples) > band[:, np.newaxis]
    last = np.where(outside.any(axis=1), 2 * block.cell - first_true(outside[:, ::-1]), 0)
    known = (at >= 0) & np.isfinite(weight) & np.isfinite(start)
    return np.where(known, (begin + last) / block.rate, np.nan)


def stabilised_u(
    block: Block, record: Ints, start: Floats, weight: Floats, band: Floats, doubt: Floats, profile: Profile
) -> Floats:
    """Standard uncertainty of that time, s: half of what a band narrower and one wider by `doubt` differ by."""
    early, late = (
        stabilised(block, record, start, weight, band + sign * doubt, profile) for sign in (1.0, -1.0)
    )  # fmt: skip
    return np.sqrt((0.5 * (late - early)) ** 2 + block.dt**2 / 12.0)
