"""Which counts of a converter mean that a channel has reached the end of its range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEAR_END = 0.99
"""Share of a range that counts as its end (METRICS.md Q10)."""


class Rails:
    """Counts at which the channels of a device are at the end of their range.

    dtype : of the counts. scaling : (channels, 4), counts to the channel's unit, or None. low, high : of each
    channel's range in that unit.

    >>> rails = Rails(np.int16, np.array([[0.0, 1e-3, 0.0, 0.0]]), [-10.0], [10.0])
    >>> rails.reached(np.array([[9899], [9901], [-9950], [0]], dtype=np.int16)).tolist()
    [2]
    """

    def __init__(self, dtype: Any, scaling: ArrayLike | None, low: Sequence[float], high: Sequence[float]) -> None:
        ends = np.array([low, high], dtype=np.float64) * NEAR_END
        if scaling is not None:
            factors = np.asarray(scaling, dtype=np.float64)
            with np.errstate(divide="ignore", invalid="ignore"):
                ends = (ends - factors[:, 0]) / factors[:, 1]
            ends = np.sort(np.where(np.isfinite(ends), ends, [[-np.inf], [np.inf]]), axis=0)
        self.low, self.high = ends
        if np.issubdtype(np.dtype(dtype), np.integer):
            # the converter's own last counts are an end, whatever range was asked for
            self.low = np.maximum(self.low, np.iinfo(dtype).min + 0.5)
            self.high = np.minimum(self.high, np.iinfo(dtype).max - 0.5)

    def reached(self, counts: ArrayLike) -> NDArray[np.int64]:
        """How many samples of each channel, (n, channels), are at an end."""
        rows = np.asarray(counts)
        return np.asarray(((rows >= self.high) | (rows <= self.low)).sum(axis=0), dtype=np.int64)
