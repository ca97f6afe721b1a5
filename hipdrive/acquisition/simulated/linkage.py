"""The simulated athlete with joints: angles, points, centre of mass and force that belong together exactly.

`leaping` makes the movement, `jointtruth` reads the true delays off it; here both become a trial like any other, seen
by plates on one clock and by a camera on another.
"""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hipdrive.acquisition.simulated import jointtruth, perturbed
from hipdrive.acquisition.simulated.asked import JOINTED, Settings, checked, drawn_by
from hipdrive.acquisition.simulated.body import SIDEWAYS
from hipdrive.acquisition.simulated.movements import movement
from hipdrive.acquisition.simulated.moving import Moving
from hipdrive.errors import UsageError
from hipdrive.trial import LEFT, RIGHT, ClockMap, Track, Trial, Truth

__all__ = ["JOINTED", "TRACK", "Settings", "movement", "record", "simulate_motion"]

Floats = NDArray[np.float64]

DRAWS = 5
"""Bodies and movements that a seed may try."""

TRACK = "motion"
"""Name of both tracks, which share a clock: points and angles."""


def simulate_motion(test: str, **settings: Any) -> Trial:
    """A trial of plates and camera; `trial.truth` holds the exact answers, its events on the force's clock.

    Settings are those of `Settings`.

    Raises
    ------
    UsageError : the test or a setting is not known or not possible.

    >>> trial = simulate_motion("cmj", seed=1, hip_knee_delay=0.03)
    >>> [track.kind for track in trial.tracks], round(trial.truth["hip_knee_delay"], 6)
    (['angles', 'points'], 0.03)
    """
    ask = checked(test, settings)
    rng = np.random.default_rng([ask.seed, *map(ord, f"joints {test}")])
    ask, moving = _possible(test, ask, rng)
    return record(test, moving, ask, rng)


def _possible(test: str, ask: Settings, rng: Generator) -> tuple[Settings, Moving]:
    """A body and a movement that it can make: where the seed's first pair does not leave the ground, its next."""
    for _ in range(DRAWS - 1):
        drawn = drawn_by(test, ask, rng)
        try:
            return drawn, movement(test, drawn)
        except UsageError:
            if drawn == ask:  # nothing was left to the seed
                raise
    drawn = drawn_by(test, ask, rng)
    return drawn, movement(test, drawn)


def record(test: str, moving: Moving, ask: Settings, rng: Generator) -> Trial:
    """What plates and camera see of a movement, and the truth beside it."""
    first = rng.uniform(0.0, 1.0) / ask.rate
    times = np.arange(first, moving.marks["end"], 1.0 / ask.rate)
    force = moving.force(times)
    size = ask.noise / np.sqrt(2.0)
    fz = np.array([0.5 * force.imag + rng.normal(0.0, size, len(times)) for _ in range(2)])
    fx = np.array([0.5 * force.real + rng.normal(0.0, size, len(times)) for _ in range(2)])
    seen = perturbed.frames(0.0, moving.marks["end"], ask.frame_rate, ask.frame_jitter, rng)
    slope = 1.0 + 1e-6 * ask.clock_drift
    stamps = (seen - first - (ask.clock_offset or 0.0)) / slope
    known = ask.clock_offset is None and ask.clock_drift == 0.0
    values, events = jointtruth.truth(moving)
    told = {one.name: getattr(ask, one.name) for one in fields(ask)} | {"phase": first}
    told |= {"sync_offset": ask.clock_offset or 0.0, "sync_slope": slope}
    return Trial.from_forces(
        fz, ask.rate, (LEFT, RIGHT), test="auto" if test == "squat" else test, athlete=f"simulated-{ask.seed}",
        height=ask.height, arms=ask.arm_lag is not None, file=f"simulated {test} with joints {ask.seed}",
        components={f"{side}.fx": row for side, row in zip((LEFT, RIGHT), fx, strict=True)},
        tracks=(angles_track(moving, seen, stamps, ask, rng), points_track(moving, seen, stamps, ask, rng)),
        clocks={TRACK: ClockMap(offset=0.0)} if known else {},
        truth=Truth(
            values=MappingProxyType(values), settings=MappingProxyType(told),
            events=MappingProxyType({name: time - first for name, time in events.items()}),
        ),
    )  # fmt: skip


def angles_track(moving: Moving, seen: Floats, stamps: Floats, ask: Settings, rng: Generator) -> Track:
    """Every angle of METRICS.md at the frames, with noise."""
    rows = []
    for curve in moving.angles.values():
        noise = (perturbed.correlated(seen, rng, ask.angle_noise) + perturbed.slow(seen, rng, ask.posture_bias)
                 + rng.normal(0.0, ask.angle_white, len(seen)))  # fmt: skip
        rows.append(curve(seen) + noise)
    return Track(name=TRACK, kind="angles", times=stamps, values=np.array(rows).T[:, :, np.newaxis],
                 names=tuple(moving.angles), unit="deg")  # fmt: skip


def points_track(moving: Moving, seen: Floats, stamps: Floats, ask: Settings, rng: Generator) -> Track:
    """Every point at the frames, X forward, Y left, Z up, with noise."""
    found = []
    for name, path in moving.points(seen).items():
        joint, _, side = name.partition("_")
        y = SIDEWAYS.get(joint, 0.0) * moving.body.height * {LEFT: 1.0, RIGHT: -1.0}.get(side, 0.0)
        exact = np.array([path.real, np.full(len(seen), y), path.imag])
        slow = [perturbed.slow(seen, rng, ask.point_slow, 0.2) for _ in range(3)] if ask.point_slow else 0.0
        found.append((exact + rng.normal(0.0, ask.point_noise, exact.shape) + slow).T)
    return Track(name=TRACK, kind="points", times=stamps, values=np.stack(found, axis=1),
                 names=tuple(moving.body.points), unit="m")  # fmt: skip
