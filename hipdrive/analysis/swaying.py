"""What standing and an empty plate say of the weight, of sway and of drift (METRICS.md 20; docs/uncertainty.md).

Who sways has a velocity, and a weight that is off: both come from the same waves. How large these are is seen in the
scatter of quarter seconds, before the movement and after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.locate import Located
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Block, Floats, divided, zeroed
from hipdrive.analysis.weighing import QUARTER, Still

SEEN = 4.0
"""Blocks must vary by so many standard deviations more than noise alone makes them before it is called sway."""

NOISE_KNOWN = 12.0
"""Quarter seconds of standing that know the noise as well as the flight does, hum and ringing included."""

SWAY_TIME = 0.83
"""s: sway of 1 N moves a body of m kg with 0.83/m m/s (1/2πf over 0.15 to 0.6 Hz, and what a short look misses)."""

SWAY_WEIGHT = 1.45
"""s: over a weighing of T s, sway of 1 N moves the mean by 1.45/T N: the momentum it gains in T, over T."""

SHARED = 0.8
"""Correlation of the weight's error with the velocity at the end of the weighing: both are the same momentum."""


@dataclass(frozen=True, eq=False)
class Stance:
    """Standard uncertainties, (n,): of the weight without its shared part, of this part, of velocity and of drift.

    drift : what the record shows of it. N, N, m/s, N/s, N/s.
    """

    weight: Floats
    shared: Floats
    velocity: Floats
    drift: Floats
    drift_u: Floats


def stance(block: Block, located: Located, profile: Profile) -> Stance:
    """What is not known of weight, rest and zero."""
    noise, still = located.found.noise, located.still
    sway = sway_of(block, located)
    window = np.maximum(still.end - still.start, 1) / block.rate
    calm = _calm_u(block, still, noise)
    swayed = SWAY_WEIGHT * sway / window
    swaying = sway > 0.0
    alone = np.where(swaying, noise * np.sqrt(block.dt / window) + 0.0 * calm, calm)
    drift, drift_u = _drift(block, located, sway, profile)
    return Stance(
        weight=np.hypot(alone, np.sqrt(1.0 - SHARED**2) * swayed), shared=SHARED * swayed,
        velocity=SWAY_TIME * sway * profile.g / np.where(located.weight > 0.0, located.weight, np.nan),
        drift=drift, drift_u=drift_u,
    )  # fmt: skip


def _calm_u(block: Block, still: Still, noise: Floats) -> Floats:
    """Standard uncertainty of the mean of a stretch without sway, N; NaN below 4 blocks, which could not show any.

    The flight knows the noise as well as NOISE_KNOWN blocks would, the stretch's own blocks say if there is more.
    """
    alone, free = noise * noise * block.dt / QUARTER, still.blocks - 1.0
    variance = (NOISE_KNOWN * alone + free * still.block_sd**2) / (NOISE_KNOWN + free)
    return np.where(still.blocks >= 4, np.sqrt(variance / np.maximum(still.blocks, 1)), np.nan)


def sway_of(block: Block, located: Located) -> Floats:
    """SD of the force by which the athlete sways, N, from all weighings; 0 where noise explains it."""
    noise = located.found.noise
    alone = noise * noise * block.dt / QUARTER
    unsteady = located.still.only((located.source == 2) | (located.source == 3))
    scatter, freedom = np.zeros(len(noise)), np.zeros(len(noise))
    for still in (located.before, located.after, unsteady):
        free = np.where(still.found, np.maximum(still.blocks - 1.0, 0.0), 0.0)
        scatter += free * zeroed(still.block_sd) ** 2
        freedom += free
    variance = zeroed(divided(scatter, freedom))
    more = variance > alone * (1.0 + SEEN * np.sqrt(2.0 / np.maximum(freedom, 1.0)))
    return np.sqrt(np.where(more, variance - alone, 0.0))


def _mean_u(block: Block, still: Still, noise: Floats, sway: Floats) -> Floats:
    """Variance of a weighing's mean by noise and sway, N²; infinite where there is none."""
    window = np.maximum(still.end - still.start, 1) / block.rate
    variance = noise * noise * block.dt / window + (SWAY_WEIGHT * sway / window) ** 2
    return np.where(still.found, variance, np.inf)


def _drift(block: Block, located: Located, sway: Floats, profile: Profile) -> tuple[Floats, Floats]:
    """Drift of the plate and its standard uncertainty, N/s: `drift_prior`, and what the record shows.

    It shows in the weighings before and after the movement, and in the empty plate before it and in the flight.
    """
    noise, before, after = located.found.noise, located.before, located.after
    time = np.where(before.found & after.found, (after.centre - before.centre) / block.rate, 1.0)
    doubt = (_mean_u(block, before, noise, sway) + _mean_u(block, after, noise, sway)) / (time * time)
    change = zeroed(after.mean - before.mean) / time
    stood = 1.0 / np.maximum(doubt, 1e-12)
    seen, sure = stood * change, stood
    for still in (before, after):
        # a still athlete's own slope; whoever sways has another one each second
        window = np.maximum(still.end - still.start, 1) / block.rate
        slope_sure = np.where(still.found & (sway == 0.0), window**3 / (12.0 * noise * noise * block.dt + 1e-12), 0.0)
        seen, sure = seen + slope_sure * zeroed(still.slope), sure + slope_sure
    empty = 1.0 / np.maximum(located.creep_u**2, 1e-12)
    seen, sure = seen + empty * located.creep, sure + empty
    return _believed(divided(seen, sure), 1.0 / np.sqrt(sure), profile.drift_prior)


def _believed(seen: Floats, doubt: Floats, usual: float) -> tuple[Floats, Floats]:
    """Mean and SD of the drift, N/s, of which a record shows `seen` with the SD `doubt`.

    Every second plate does not drift, and the others drift by `usual` (SD), in either direction.
    """
    seen, ratio = zeroed(seen), (usual / doubt) ** 2
    kept = ratio / (1.0 + ratio)
    odds = np.exp(np.minimum(0.5 * kept * (seen / doubt) ** 2, 50.0)) / np.sqrt(1.0 + ratio)
    drifts = odds / (1.0 + odds)
    mean = kept * seen
    return drifts * mean, np.sqrt(drifts * (usual**2 / (1.0 + ratio) + (1.0 - drifts) * mean**2)) + 1e-9
