"""The sprint as METRICS.md 12 models it: velocity that rises exponentially, and air that holds it back.

Every function takes arrays of any shapes that numpy broadcasts; times are the model's, 0 where the model starts.
"""

from __future__ import annotations

import numpy as np

from hipdrive.trial import Floats

TORR = 760.0 / 1013.25
"""Torr in a hectopascal, exactly."""

KELVIN = 273.0
"""Of 0 degrees Celsius, as the source of the air's density rounds it."""


def velocity(t: Floats, mss: Floats, tau: Floats) -> Floats:
    """Velocity at a time of the model, m/s."""
    return -mss * np.expm1(-t / tau)


def distance(t: Floats, mss: Floats, tau: Floats) -> Floats:
    """Distance run at a time of the model, m: the integral of the velocity."""
    return mss * (t + tau * np.expm1(-t / tau))


def acceleration(t: Floats, mss: Floats, tau: Floats) -> Floats:
    """Acceleration at a time of the model, m/s²."""
    return mss / tau * np.exp(-t / tau)


def time_at(x: Floats, mss: Floats, tau: Floats) -> Floats:
    """Time of the model at a distance, s.

    Distance grows ever faster, so Newton's rule from any later time comes down to the answer without passing it;
    the first time is the better one of two that are never too early.
    """
    z = np.maximum(x / (mss * tau), 0.0)
    # in units of tau, z = s - 1 + exp(-s) <= s²/2 and >= s - 1: the root is at most 1 + z, and at most
    # sqrt(2 z) (1 + sqrt(z)), as s - 1 + exp(-s) >= s²/2 - s³/6
    root = np.sqrt(z)
    s: Floats = np.minimum(1.0 + z, np.sqrt(2.0) * root * (1.0 + root))
    for _ in range(7):
        speed = -np.expm1(-s)
        excess = _beyond(s) - z
        s = s - np.divide(excess, speed, out=np.zeros_like(s), where=speed > 0.0)
    t: Floats = s * tau
    return t


def _beyond(s: Floats) -> Floats:
    """`s - 1 + exp(-s)`, by its series where the terms would cancel."""
    small = s * s * (0.5 - s * (1.0 / 6.0 - s * (1.0 / 24.0 - s / 120.0)))
    return np.where(s < 0.01, small, s + np.expm1(-s))


def air_density(temperature: float, pressure: float) -> float:
    """Density of the air, kg/m³; degrees Celsius and hPa."""
    return 1.293 * (pressure * TORR / 760.0) * KELVIN / (KELVIN + temperature)


def frontal_area(height: Floats, mass: Floats) -> Floats:
    """Frontal area of a runner, m²: 0.266 of the body's surface by Du Bois, whose exponent is 0.725."""
    return 0.2025 * height**0.725 * mass**0.425 * 0.266


def drag(v: Floats, constant: Floats, wind: float) -> Floats:
    """Force of the air against the run, N; a tail wind counts positive and pushes a slower runner."""
    against = v - wind
    return constant * against * np.abs(against)
