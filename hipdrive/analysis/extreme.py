"""How uncertain the largest of many noisy samples is: its height, and its place (docs/uncertainty.md).

Near its top a curve is a parabola, which falls by one standard deviation of noise within the reach
x = √(2σ/abs(F″)). Samples within it compete: the highest is too high by chance, and lies about half a reach off.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from hipdrive.analysis.rep import Rep
from hipdrive.analysis.side import Side
from hipdrive.analysis.signal import Floats, divided, gather, zeroed

AROUND = 0.012
"""s to either side of an extreme, in which a parabola is fitted."""

FARTHEST = 0.03
"""s: no place is sought farther off, however flat the top is."""

PLACE = 0.55
"""SD of the place of the highest sample, in reaches (0.52 for parabolas alone, simulated)."""

HEIGHT, RIVALS, MISSED = 0.93, 0.18, 0.115
"""The highest of samples a reach N of them wide is within 1.96 (HEIGHT + RIVALS ln N) σ in 95 %; a top between two
samples lies higher by less than 1.96 MISSED σ / N² in 95 % (both simulated)."""


LAST = 1.2
"""SD of what noise does to the last sample before an edge, that is picked because it is the largest, in its own."""


@cache
def _basis(half: int, rate: float) -> tuple[Floats, Floats]:
    """What gives slope and second derivative of the least-squares parabola over 2·half + 1 samples."""
    x = np.arange(-half, half + 1) / rate
    square = x * x - (x * x).mean()
    return x / (x @ x), 2.0 * square / (square @ square)


def shape(rep: Rep, at: Floats) -> tuple[Floats, Floats]:
    """Slope and second derivative of force at times (n,), by a parabola."""
    half = max(2, round(AROUND * rep.curve.rate))
    place = np.round(zeroed(at) * rep.curve.rate).astype(np.int64) - rep.curve.origin - half
    samples = gather(rep.curve.values, np.arange(rep.n, dtype=np.int64), place, 2 * half + 1)
    slope, bend = _basis(half, rep.curve.rate)
    return np.asarray(samples @ slope), np.asarray(samples @ bend)


def reach(rep: Rep, name: str, at: Floats) -> Floats:
    """S within which force or power, whose extreme lies at times (n,), changes by one standard deviation of noise."""
    return rep.recalled(("reach", name, at.tobytes()), lambda: _reach(rep, name, at))


def _reach(rep: Rep, name: str, at: Floats) -> Floats:
    slope, bend = shape(rep, at)
    noise = rep.noise
    if name == "power":
        times = at[:, np.newaxis]
        force, speed = (part[:, 0] for part in rep.force_and_velocity(times))
        mass = rep.mass[:, 0]
        # (F v)″ with v′ = (F - W)/m
        bend = bend * speed + 2.0 * slope * (force - rep.weight[:, 0]) / mass + force * slope / mass
        noise = noise * np.abs(speed)
    return np.minimum(np.sqrt(2.0 * divided(noise, np.maximum(np.abs(bend), 1e-9))), FARTHEST)


def height_u(rep: Rep, name: str, at: Floats) -> Floats:
    """Standard uncertainty of the extreme at times (n,), N; in W for power."""
    rivals = reach(rep, name, at) * rep.curve.rate
    by_chance = np.maximum(HEIGHT + RIVALS * np.log(np.maximum(rivals, 1.0)), HEIGHT)
    factor = np.hypot(by_chance, MISSED / np.maximum(rivals, 0.05) ** 2)
    noise = rep.noise
    if name == "power":
        noise = noise * np.abs(rep.force_and_velocity(at[:, np.newaxis])[1][:, 0])
    return np.asarray(factor * noise, dtype=np.float64)


def place_u(rep: Rep, name: str, at: Floats) -> Floats:
    """Standard uncertainty of when the extreme at times (n,) is, s."""
    return np.asarray(np.hypot(PLACE * reach(rep, name, at), rep.facts.block.dt / np.sqrt(12.0)))


def peak_u(rep: Rep | Side, at: Floats, edges: tuple[str, ...] = ()) -> Floats:
    """Standard uncertainty of the largest or smallest force at times (n, k) or of one foot's at that instant, N.

    Next to an edge of its phase it is the last sample before it: what lies between the two is missing on one side.
    """
    whole = rep.whole if isinstance(rep, Side) else rep
    first = at[:, 0]
    if isinstance(rep, Side):
        # half of the total's luck is this foot's, and the total's peak is off its place while this foot's force goes on
        before, after = at[:, :1] - 0.5 * AROUND, at[:, :1] + 0.5 * AROUND
        foot, body = (one.quantity("force", after) - one.quantity("force", before) for one in (rep, whole))
        part = divided(rep.quantity("force", at[:, :1]), whole.quantity("force", at[:, :1]))
        rising = (foot - part * body)[:, 0] / AROUND
        luck = height_u(whole, "force", first) * rep.noise / np.maximum(whole.noise, 1e-9)
        # what one foot then has too much the other one has too little: twice in their difference
        moved = np.sqrt(2.0) * rising * place_u(whole, "force", first)
        u = np.hypot(np.sqrt(0.5 * luck**2 + 0.5 * rep.noise**2), moved)
    else:
        u = height_u(rep, "force", first)
    own, value = u, rep.quantity("force", at)[:, 0]
    for edge in edges:
        near = np.abs(first - whole.times(edge)[:, 0]) <= whole.facts.block.dt
        if near.any():
            missed = np.abs(rep.quantity("force", whole.times(edge))[:, 0] - value)
            if isinstance(rep, Side):
                both = whole.quantity("force", whole.times(edge)) - whole.quantity("force", at)
                missed = np.maximum(missed, np.abs(both[:, 0]) - missed)
            own = np.where(near, LAST * rep.noise, own)
            u = np.where(near, (missed + 1.4 * rep.noise) / 1.96, u)
    if isinstance(rep, Side):
        # what is missing at an edge is missing of both feet
        rep.apart = own
    return np.asarray(u)
