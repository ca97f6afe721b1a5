"""A body in motion: angles, centre of mass, force and points at any time, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PPoly

from hipdrive.acquisition.simulated import body, joints
from hipdrive.acquisition.simulated.body import Body, Complex
from hipdrive.acquisition.simulated.joints import COORDINATES, segments

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """A stretch of time on the box, in the air or on the ground; `place` and `speed` of the centre of mass at start."""

    kind: str
    start: float
    end: float
    place: complex = 0.0
    speed: complex = 0.0


@dataclass(frozen=True, eq=False)
class Moving:
    """A movement of a body: every curve of it at any time, s from the start of the record.

    angles : METRICS.md's names -> piecewise polynomial, deg. marks : landmarks of the movement, s.
    """

    body: Body
    mass: float
    g: float
    curves: Mapping[str, PPoly]
    stages: tuple[Stage, ...]
    marks: Mapping[str, float]
    angles: Mapping[str, PPoly] = field(default_factory=dict)

    def turning(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """Segment angles, rates and second derivatives, rad, each of shape (segments, times)."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        values = [np.array([self.curves[name](at, d) for name in COORDINATES]) for d in range(3)]
        return segments(values[0]), joints.rates(values[1]), joints.rates(values[2])

    def com(self, times: Floats) -> Complex:
        """Centre of mass x + iz, m."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        return self._stagewise(at, body.place(self.body.com, self.turning(at)[0]), 0)

    def velocity(self, times: Floats) -> Complex:
        """Velocity of the centre of mass, m/s."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        angles, first, _ = self.turning(at)
        return self._stagewise(at, body.speed(self.body.com, angles, first), 1)

    def acceleration(self, times: Floats) -> Complex:
        """Acceleration of the centre of mass, m/s²."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        return self._stagewise(at, body.acceleration(self.body.com, *self.turning(at)), 2)

    def force(self, times: Floats) -> Complex:
        """Force of the ground x + iz, N: none in the air and on the box."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        force = self.mass * (self.acceleration(at) + 1j * self.g)
        for stage in self.stages:
            if stage.kind != "ground":
                force[(at >= stage.start) & (at < stage.end)] = 0.0
        return force

    def points(self, times: Floats) -> dict[str, Complex]:
        """Points of the body x + iz, m."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        angles = self.turning(at)[0]
        turns, shift = np.exp(1j * angles), self.com(at) - body.place(self.body.com, angles)
        return {name: row @ turns + shift for name, row in self.body.points.items()}

    def _stagewise(self, at: Floats, local: Complex, order: int) -> Complex:
        """What the angles give where the feet stand, and the free fall where they do not."""
        found = local.astype(np.complex128)
        for stage in self.stages:
            inside = (at >= stage.start) & (at < stage.end)
            if stage.kind == "air":
                u = at[inside] - stage.start
                found[inside] = (
                    stage.place + stage.speed * u - 0.5j * self.g * u**2,
                    stage.speed - 1j * self.g * u,
                    np.full(u.shape, -1j * self.g),
                )[order]
            elif order == 0:
                found[inside] += stage.place
        return found
