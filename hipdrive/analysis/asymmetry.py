"""Left against right (METRICS.md 7): the index of every additive metric, from its two sides."""

from __future__ import annotations

from hipdrive.analysis.signal import Floats, divided

METHOD = "100*(L-R)/(L+R)"


def bilateral_index(left: Floats, right: Floats) -> Floats:
    """`asym_bilateral`, %: positive where the left side is higher (Bishop 2018).

    >>> import numpy as np
    >>> bilateral_index(np.array([550.0]), np.array([450.0]))
    array([10.])
    """
    return divided(100.0 * (left - right), left + right)
