"""The low-pass of motion: its response against the closed form and against SciPy's, on even and uneven times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hipdrive.analysis.smoothing import low_passed, noise_sd, pieces, smoothing
from hipdrive.errors import UsageError
from hipdrive.trial import Floats


def times_of(fps: float, jitter: float, seed: int = 0) -> Floats:
    """Six seconds of frames, each displaced by up to `jitter` of a frame."""
    t = np.arange(0.0, 6.0, 1.0 / fps)
    return np.asarray(t + np.random.default_rng(seed).uniform(-jitter, jitter, len(t)) / fps)


def passed(fps: float, jitter: float, cutoff: float, frequency: float) -> tuple[float, float]:
    """Share of a sine's amplitude, and of its velocity's, that the low-pass lets through."""
    t = times_of(fps, jitter)
    inner = (t > 1.0) & (t < 5.0)
    w = 2.0 * np.pi * frequency
    waves = np.stack([np.sin(w * t), np.cos(w * t)], axis=1)
    slopes = w * np.stack([np.cos(w * t), -np.sin(w * t)], axis=1)
    smooth, velocity = smoothing(t, cutoff)(waves)
    share = (smooth[inner] * waves[inner]).sum() / (waves[inner] ** 2).sum()
    return float(share), float((velocity[inner] * slopes[inner]).sum() / (slopes[inner] ** 2).sum())


@pytest.mark.parametrize("cutoff", [6.0, 10.0, 12.0])
@pytest.mark.parametrize(("fps", "jitter", "tolerance"), [
    (60, 0.0, 0.003), (60, 0.3, 0.012), (100, 0.0, 0.001), (100, 0.3, 0.003), (240, 0.0, 0.001), (240, 0.3, 0.001),
])  # fmt: skip
def test_the_cutoff_is_the_one_that_was_asked_for(fps: float, jitter: float, tolerance: float, cutoff: float) -> None:
    """1 / (1 + 0.414 (f/fc)^4): 99.5 % at a third, 97.5 % at half, 70.7 % at the cut-off."""
    for part in (1 / 3, 1 / 2, 1.0):
        wanted = 1.0 / (1.0 + (math.sqrt(2.0) - 1.0) * part**4)
        share, slope = passed(fps, jitter, cutoff, part * cutoff)
        assert share == pytest.approx(wanted, abs=tolerance)
        # a cubic between frames bends less than a sine that has few of them
        assert slope == pytest.approx(wanted, abs=tolerance + (part * cutoff / fps) ** 3 * 4)


@pytest.mark.parametrize("cutoff", [6.0, 12.0])
def test_even_frames_are_filtered_as_by_a_butterworth_filter(cutoff: float) -> None:
    from scipy.signal import butter, sosfiltfilt

    t = np.arange(0.0, 4.0, 1.0 / 250.0)
    values = np.cumsum(np.random.default_rng(1).normal(size=len(t)))
    corrected = cutoff / (math.sqrt(2.0) - 1.0) ** 0.25
    other = sosfiltfilt(butter(2, corrected, fs=250.0, output="sos"), values)
    smooth, _ = smoothing(t, cutoff)(values)
    inner = slice(100, -100)
    assert np.abs(smooth - other)[inner].max() < 0.01 * np.ptp(values)
    # the two differ by much less than either changes the curve
    assert np.std((smooth - other)[inner]) < 0.05 * np.std((values - other)[inner])


def test_a_line_passes_unchanged_with_its_slope() -> None:
    t = times_of(50, 0.4)
    smooth, velocity = smoothing(t, 8.0)(3.0 - 2.0 * t)
    assert smooth == pytest.approx(3.0 - 2.0 * t, abs=1e-9)
    assert velocity == pytest.approx(np.full(len(t), -2.0), abs=1e-7)


def test_it_is_linear_and_columns_do_not_mix() -> None:
    t = times_of(60, 0.3)
    values = np.random.default_rng(2).normal(size=(len(t), 3))
    curve = smoothing(t, 10.0)
    smooth, velocity = curve(values)
    for i in range(3):
        assert curve(values[:, i])[0] == pytest.approx(smooth[:, i], abs=1e-12)
    weights = np.array([1.0, -2.0, 0.5])
    assert curve(values @ weights)[1] == pytest.approx(velocity @ weights, abs=1e-9)


def test_between_frames_the_curve_and_its_derivatives_belong_together() -> None:
    t = times_of(60, 0.3)
    values = np.sin(2 * np.pi * 2.0 * t)
    curve = smoothing(t, 10.0)
    smooth, velocity = curve(values)
    assert curve.at(values, t) == pytest.approx(smooth, abs=1e-12)
    assert curve.at(values, t, 1) == pytest.approx(velocity, abs=1e-9)
    fine = np.linspace(1.0, 5.0, 4001)
    step = fine[1] - fine[0]
    by_differences = np.gradient(curve.at(values, fine), step)
    assert curve.at(values, fine, 1)[1:-1] == pytest.approx(by_differences[1:-1], abs=2e-3)
    again = np.gradient(curve.at(values, fine, 1), step)
    assert curve.at(values, fine, 2)[1:-1] == pytest.approx(again[1:-1], abs=0.5)


def test_a_short_hole_is_bridged_and_a_long_one_is_not() -> None:
    t = np.arange(0.0, 4.0, 0.01)
    values = np.sin(2 * np.pi * t)
    holed = values.copy()
    holed[100:106] = np.nan  # 60 ms
    holed[250:280] = np.nan  # 300 ms
    smooth, velocity = low_passed(t, holed, 10.0, 0.1)
    assert np.isnan(smooth[250:280]).all() and np.isnan(velocity[250:280]).all()
    assert np.isfinite(smooth[:250]).all() and np.isfinite(smooth[280:]).all()
    assert smooth[95:111] == pytest.approx(values[95:111], abs=0.01)
    assert pieces(t, holed, 0.1) == [(0, 249), (280, 399)]
    assert pieces(t, holed, 0.5) == [(0, 399)]
    assert pieces(t, np.full(400, np.nan), 0.1) == []


def test_a_piece_of_a_few_frames_gives_nothing() -> None:
    t = np.arange(0.0, 1.0, 0.01)
    values = np.full(100, np.nan)
    values[40:44] = 1.0
    assert np.isnan(low_passed(t, values, 10.0, 0.1)[0]).all()


@pytest.mark.parametrize("fps", [60, 100, 240])
def test_the_noise_that_was_put_in_is_found(fps: float) -> None:
    """White noise of 0.7 deg on a movement well below the cut-off."""
    found = []
    for seed in range(40):
        t = times_of(fps, 0.2, seed)
        noise = np.random.default_rng(100 + seed).normal(0.0, 0.7, len(t))
        found.append(noise_sd(t, 40.0 * np.sin(2 * np.pi * 0.8 * t) + noise, 10.0, 0.1))
    assert np.mean(found) == pytest.approx(0.7, rel=0.05)
    assert np.std(found) < 0.1


def test_too_few_frames_have_no_noise() -> None:
    assert math.isnan(noise_sd(np.arange(8) / 100.0, np.zeros(8), 10.0, 0.1))


@pytest.mark.parametrize(("times", "cutoff", "part"), [
    (np.arange(4) / 100.0, 10.0, "at least 5 frames"),
    (np.array([0.0, 0.1, 0.1, 0.2, 0.3, 0.4]), 1.0, "rising times"),
    (np.arange(50) / 20.0, 10.0, "stay below 10 Hz"),
    (np.arange(50) / 20.0, 0.0, "stay below"),
])  # fmt: skip
def test_what_cannot_be_smoothed_is_refused(times: Floats, cutoff: float, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        smoothing(times, cutoff)
