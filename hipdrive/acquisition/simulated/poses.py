"""Poses of the linkage, in degrees in the order of `COORDINATES`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from hipdrive.acquisition.simulated import body
from hipdrive.acquisition.simulated.body import Body
from hipdrive.acquisition.simulated.joints import segments
from hipdrive.errors import UsageError

Floats = NDArray[np.float64]

STAND = (0.0, 6.0, 174.0, 176.0, 0.0, 6.0, 174.0, 0.0, 15.0)
TOUCH = (-27.0, 3.0, 112.0, 147.0, -27.0, 3.0, 112.0, 0.0, 15.0)
DEEP, STRETCHED = (0.0, 30.0, 88.0), (-46.0, -49.0, 177.0, 167.0)
"""Poses in the order of `COORDINATES`, deg: standing and touching down; the deepest squat (foot, ankle, knee) and the
stretched body (foot, ankle, knee, hip) of which one joint each is solved for, so that the body stays over its feet."""


@cache
def poses() -> tuple[Floats, Floats, Floats]:
    """Standing, deepest and stretched pose: the centre of mass stays over the feet."""
    com = Body.of(1.0).com
    stand = np.array(STAND)
    middle = float(body.place(com, segments(stand)).real)

    def solved(legs: Sequence[float], place: int, want: float, low: float, high: float) -> Floats:
        def posed(value: float) -> Floats:
            pose = stand.copy()
            pose[: len(legs)], pose[4 : 4 + min(3, len(legs))] = legs, legs[:3]
            pose[place] = value
            if place < 3:
                pose[place + 4] = value
            return pose

        miss: Callable[[float], float] = lambda v: float(body.place(com, segments(posed(v))).real) - want  # noqa: E731
        return posed(float(brentq(miss, low, high, xtol=1e-13)))

    deep = solved((*DEEP, 70.0), 3, middle + 0.011, 40.0, 110.0)
    return stand, deep, solved(STRETCHED, 1, middle + 0.034, -75.0, 0.0)


def squatted(height: float, depth: float) -> Floats:
    """The pose whose centre of mass is so much lower than in standing, m.

    Raises
    ------
    UsageError : nobody squats so deep.
    """
    stand, deep, _ = poses()
    com = Body.of(height).com
    top = float(body.place(com, segments(stand)).imag)

    def miss(part: float) -> float:
        return top - float(body.place(com, segments(stand + part * (deep - stand))).imag) - depth

    if miss(0.0) > 0.0 or miss(1.3) < 0.0:
        raise UsageError("simulate", f"simulate: a depth of {depth:g} m is not possible for somebody {height:g} m "
                         f"tall; give 0 to {depth + miss(1.3):.2f} m")  # fmt: skip
    return np.asarray(stand + float(brentq(miss, 0.0, 1.3, xtol=1e-14)) * (deep - stand))
