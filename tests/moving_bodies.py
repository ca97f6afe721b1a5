"""Moving bodies in closed form: joints whose velocities are sums of bells, so that every instant is known."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis.motion import Motion
from hipdrive.results import Event
from hipdrive.trial import ClockMap

Floats = NDArray[np.float64]
Bells = Sequence[tuple[float, float, float]]
"""Of each bell: how far the joint extends, deg, when it is fastest, s, and its SD, s."""

HIP: Bells = ((-85.0, 1.25, 0.10), (95.0, 1.690, 0.050))
KNEE: Bells = ((-80.0, 1.27, 0.10), (85.0, 1.706, 0.045))
ANKLE: Bells = ((-30.0, 1.28, 0.10), (60.0, 1.726, 0.040))
PEAKS = {"hip": 1.690, "knee": 1.706, "ankle": 1.726}
"""When each joint is fastest, s: the bell of the push, that of the way down is over by then."""

EVENTS = {"onset": Event(1.0, 0.004), "zero_velocity": Event(1.47, 0.002), "takeoff": Event(1.76, 0.001)}
SAME = ClockMap(offset=0.0)


def angle(t: Floats, start: float, bells: Bells) -> Floats:
    """The angle: each bell adds a smooth step."""
    erf = np.vectorize(math.erf)
    steps = [size * 0.5 * (1.0 + erf((t - m) / (s * math.sqrt(2.0)))) for size, m, s in bells]
    return np.asarray(start + np.sum(steps, axis=0))


def velocity(t: Floats, bells: Bells) -> Floats:
    """The velocity, deg/s."""
    bell = [size / (s * math.sqrt(2.0 * math.pi)) * np.exp(-0.5 * ((t - m) / s) ** 2) for size, m, s in bells]
    return np.asarray(np.sum(bell, axis=0))


def motion(
    *, rate: float = 120.0, seed: int = 0, noise: float = 0.0, first: float = 0.0, last: float = 2.6,
    legs: Mapping[str, float] = {"left": 0.0, "right": 0.0}, hip: Bells = HIP, **more: Any,
) -> Motion:  # fmt: skip
    """A jump; `legs` are how much later each leg is, s."""
    rng = np.random.default_rng(seed)
    t = np.arange(first, last, 1.0 / rate) + rng.uniform(0.0, 1.0 / rate)
    angles = {}
    for leg, late in legs.items():
        angles[f"hip_angle_{leg}"] = angle(t - late, 175.0, hip)
        angles[f"knee_angle_{leg}"] = angle(t - late, 175.0, KNEE)
        angles[f"ankle_dorsiflexion_{leg}"] = -angle(t - late, 0.0, ANKLE)
    angles = {name: values + noise * rng.standard_normal(len(t)) for name, values in angles.items()}
    methods = {"source": "pose", "hip_angle": "trunk_thigh", **more.pop("methods", {})}
    return Motion(clock="camera", times=t, angles=angles | more.pop("angles", {}), methods=methods, **more)
