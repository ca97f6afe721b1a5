"""A swaying stance that is a movement like any other: what sways has a velocity, and takes it into the jump.

The force of three slow waves fades out before the movement, as a body does that gets ready. What velocity the centre
of mass has at that moment stays: "at rest at the onset" is an assumption, and here it is wrong by as much as in life.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PPoly

from hipdrive.acquisition.simulated.motion import Motion, add, bump, phase

Floats = NDArray[np.float64]

STEP = 0.02
"""s between the knots of the waves: a cubic meets a wave of 0.6 Hz to a millionth."""

FADE_END, FADE = 0.1, 0.2
"""s: the sway ends so long before the movement, and takes so long to fade out; it fades in again after the rest."""


SETTLING = 0.4
"""s before the rest, in which the landing takes on the velocity of the sway that follows it."""


@dataclass(frozen=True)
class Waves:
    """Slow waves of force, as a multiple of weight: `size` times the sum of sines."""

    size: float
    frequency: Floats
    phase: Floats

    @classmethod
    def drawn(cls, rng: Generator, size: float) -> Waves:
        """Three waves of 0.15 to 0.6 Hz, together with the SD `size`."""
        pairs = np.array([(rng.uniform(0.15, 0.6), rng.random()) for _ in range(3)])
        return cls(size * np.sqrt(2.0 / 3.0), pairs[:, 0], pairs[:, 1])

    def _angle(self, times: Floats) -> Floats:
        return np.asarray(2.0 * np.pi * (np.multiply.outer(times, self.frequency) + self.phase))

    def force(self, times: Floats) -> Floats:
        """Force at times."""
        return np.asarray(self.size * np.sin(self._angle(times)).sum(axis=-1))

    def around(self, times: Floats, start: float, rest: float) -> Floats:
        """Force at times before `start` and after `rest`, faded out between: a sway that gives no velocity."""
        before, after = (start - FADE_END - times) / FADE, (times - rest) / FADE
        return self.force(times) * (np.clip(before, 0.0, 1.0) + np.clip(after, 0.0, 1.0))

    def slope(self, times: Floats) -> Floats:
        """Its change, per s."""
        return np.asarray(self.size * (2.0 * np.pi * self.frequency * np.cos(self._angle(times))).sum(axis=-1))

    def velocity(self, time: float, g: float) -> float:
        """Velocity of a body that has always swayed so, and stays where it is, m/s."""
        angle = self._angle(np.array([time]))
        return float(-g * self.size * (np.cos(angle) / (2.0 * np.pi * self.frequency)).sum())


def swaying(motion: Motion, waves: Waves, start: float, rest: float, g: float) -> Motion:
    """The movement with a swaying stance before `start` and after `rest`."""
    if waves.size == 0.0:
        return motion
    end = float(motion.net.x[-1])
    edges = np.clip([0.0, start - FADE_END - FADE, start - FADE_END, rest, rest + FADE, end], 0.0, end)
    factors = ((1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    parts = [_faded(waves, a, b, *f) for a, b, f in zip(edges[:-1], edges[1:], factors, strict=True) if b - a > 1e-9]
    knots = np.concatenate([parts[0].x[:1], *(part.x[1:] for part in parts)])
    net = add(motion.net, PPoly(np.concatenate([part.c for part in parts], axis=1), knots))
    before = Motion.from_net(net, g, waves.velocity(0.0, g))
    # the landing ends with the velocity of the sway that follows it
    middle = rest - SETTLING
    lacking = waves.velocity(rest + 0.5 * FADE, g) - float(before.velocity(rest))
    hump = phase(rest - middle, [bump(0.0, 0.5 * (rest - middle), rest - middle)])
    scaled = PPoly(hump.c * (lacking / (g * float(hump.antiderivative()(rest - middle)))), hump.x + middle)
    return Motion.from_net(add(net, _padded(scaled, end)), g, waves.velocity(0.0, g))


def _faded(waves: Waves, begin: float, end: float, first: float, last: float) -> PPoly:
    """The waves from one time to another, times a factor that goes evenly from `first` to `last`."""
    knots = np.linspace(begin, end, max(2, int(np.ceil((end - begin) / STEP)) + 1))
    change = (last - first) / (end - begin)
    factor = first + change * (knots - begin)
    slope = factor * waves.slope(knots) + change * waves.force(knots)
    return CubicHermiteSpline(knots, factor * waves.force(knots), slope)


def _padded(part: PPoly, end: float) -> PPoly:
    """The polynomial with nothing before and after it."""
    nothing = np.zeros((part.c.shape[0], 1))
    return PPoly(np.concatenate([nothing, part.c, nothing], axis=1), np.r_[0.0, part.x, end])
