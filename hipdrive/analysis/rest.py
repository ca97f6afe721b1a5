"""From the onset to the rest after the landing: what velocity must be zero at both ends of."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats


def rest_impulse(rep: Rep) -> tuple[Floats, Floats]:
    """Net impulse from the onset to the rest after the landing, N*s, and its duration, s; NaN without such a rest."""
    after = rep.facts.located.after
    times = np.where(after.found, after.start / rep.curve.rate, np.nan)
    onset = rep.facts.events["onset"]
    start = rep.curve.read(onset[:, np.newaxis])[1][:, 0]
    return rep.integral_to(times) - start, times - onset
