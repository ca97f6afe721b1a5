"""The one tone that makes up the noise of an empty plate, where there is one."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.signal import Floats

MOST = 0.6
"""Part of the noise that a tone must be, to be named."""


def tone_of(samples: Floats, rate: float) -> float:
    """Frequency of the tone that is most of the noise, Hz; NaN where none is.

    >>> times = np.arange(300) / 1000.0
    >>> float(round(tone_of(np.sin(2.0 * np.pi * 50.0 * times), 1000.0)))
    50
    """
    n = len(samples)
    if n < 16:
        return float("nan")
    padded = 8 * n
    power = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(n), padded)) ** 2
    at = int(power.argmax())
    # a tone under this window is four bins of the unpadded spectrum wide
    tone = power[max(0, at - 16) : at + 17].sum()
    return float("nan") if tone < MOST * power.sum() or at < 16 else at * rate / padded
