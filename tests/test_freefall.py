"""Free fall: does a clip's clock run at the speed of the world?"""

from __future__ import annotations

import numpy as np
import pytest

from hipdrive.analysis.freefall import HOLDS, UNCLEAR, WRONG, G, free_fall
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats


def flight(rate: float, noise: float, rng: np.random.Generator, lasts: float = 0.0) -> tuple[Floats, Floats]:
    """Times and heights of half a second in the air; noise (m) that lasts so many s."""
    t = np.arange(rng.uniform(0.0, 1.0 / rate), 0.5, 1.0 / rate)
    error = rng.normal(0.0, 1.0, len(t))
    keep = np.exp(-1.0 / rate / lasts) if lasts else 0.0
    for i in range(1, len(t)):
        error[i] = keep * error[i - 1] + np.sqrt(1.0 - keep**2) * error[i]
    return t, 1.0 + 2.45 * t - 0.5 * G * t**2 + noise * error


@pytest.mark.parametrize("rate", [60.0, 240.0])
@pytest.mark.parametrize(("slow", "verdict"), [(1.0, HOLDS), (2.0, WRONG), (8.0, WRONG), (0.5, WRONG)])
def test_a_wrong_time_scale_is_seen_and_measured(rate: float, slow: float, verdict: str) -> None:
    t, z = flight(rate, 0.003, np.random.default_rng(1))
    found = free_fall(slow * t, 250.0 * z, scale=1 / 250, scale_u95=1e-5)
    assert found.verdict == verdict
    assert abs(found.slowness - slow) < found.slowness_u95 + 0.01 * slow


@pytest.mark.parametrize(("lasts", "least"), [(0.0, 0.92), (0.03, 0.85)])
def test_the_interval_holds_the_truth(lasts: float, least: float) -> None:
    rng = np.random.default_rng(2)
    found = [free_fall(*flight(rate, 0.005, rng, lasts)) for rate in (60.0, 120.0) for _ in range(200)]
    assert np.mean([abs(one.g - G) <= one.g_u95 for one in found]) >= least


def test_what_does_not_tell_is_unclear() -> None:
    t, z = flight(30.0, 0.05, np.random.default_rng(3))
    assert free_fall(t, z).verdict == UNCLEAR
    t, z = flight(240.0, 0.001, np.random.default_rng(3))
    assert free_fall(t, z, scale_u95=0.15).verdict == UNCLEAR  # a pixel of unknown size is no measure
    assert free_fall(t, z).verdict == HOLDS


def test_only_the_flight_counts() -> None:
    rng = np.random.default_rng(4)
    t, z = flight(120.0, 0.002, rng)
    around = np.r_[t - 0.6, t, t + 0.6]
    heights = np.r_[np.full(len(t), 1.0), z, np.full(len(t), 1.0)]
    heights[len(t) + 5] = np.nan
    found = free_fall(around, heights, takeoff=-0.05, touchdown=0.55)
    assert found.verdict == HOLDS and found.frames == len(t) - 1
    assert free_fall(around, heights).verdict != HOLDS


def test_what_is_no_flight_is_refused() -> None:
    t, z = flight(120.0, 0.0, np.random.default_rng(5))
    with pytest.raises(HipdriveError, match="too few"):
        free_fall(t[:6], z[:6])
    with pytest.raises(HipdriveError, match="nothing falls"):
        free_fall(t, -z)
    for wrong in ({"scale": 0.0}, {"scale": float("nan")}, {"scale_u95": -1.0}):
        with pytest.raises(UsageError):
            free_fall(t, z, **wrong)
    with pytest.raises(UsageError):
        free_fall(t, z[1:])
