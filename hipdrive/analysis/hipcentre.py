"""The centre of the hip from markers on the pelvis, where no hip is given (Harrington 2007)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hipdrive.trial import LEFT, RIGHT, Floats

METHOD = "hip_harrington"

DEPTH, WIDTH_DOWN, WIDTH_SIDE = (-0.24, -0.0099), (-0.30, -0.0109), (0.33, 0.0073)
"""Behind the middle of the front spines by the pelvis' depth, below and beside it by its width: factor, m (Harrington
et al. 2007, the forms without leg length; 5, 4 and 3 mm in their leave-one-out test)."""


def with_hips(points: Mapping[str, Floats]) -> tuple[dict[str, Floats], dict[str, str]]:
    """Points of shape (frames, 3), m, with hips where only the pelvis has markers; the method, where one was made."""
    found = dict(points)
    front = [points.get(f"asis_{side}") for side in (LEFT, RIGHT)]
    back = [points[name] for name in (f"psis_{LEFT}", f"psis_{RIGHT}") if name in points]
    back = back if len(back) == 2 else [points["sacrum"]] if "sacrum" in points else []
    wanting = [side for side in (LEFT, RIGHT) if f"hip_{side}" not in points]
    if not wanting or front[0] is None or front[1] is None or not back or np.isnan(front[0]).all(axis=0).any():
        return found, {}
    middle, behind = 0.5 * (front[0] + front[1]), np.mean(back, axis=0)
    left = front[0] - front[1]
    width, depth = (float(np.nanmedian(np.linalg.norm(line, axis=1))) for line in (left, middle - behind))
    y = left / np.linalg.norm(left, axis=1, keepdims=True)
    ahead = middle - behind
    ahead = ahead - (ahead * y).sum(axis=1, keepdims=True) * y
    x = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    z = np.cross(x, y)
    for side in wanting:
        sign = 1.0 if side == LEFT else -1.0
        found[f"hip_{side}"] = (
            middle
            + (DEPTH[0] * depth + DEPTH[1]) * x
            + (WIDTH_DOWN[0] * width + WIDTH_DOWN[1]) * z
            + sign * (WIDTH_SIDE[0] * width + WIDTH_SIDE[1]) * y
        )
    return found, {"hip": METHOD}
