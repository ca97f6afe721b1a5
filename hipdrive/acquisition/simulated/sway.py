"""A simulated stance: somebody steps onto the plates and sways, along a path that is known in closed form.

The centre of pressure is a sum of slow sines along each axis. Forces and moments of each plate are such that it comes
out of them (METRICS.md 18, C4 and C8): vertical force by the share of each foot, beside the common centre.
Mean, covariance and root mean square of the path are closed forms, its length is a quadrature of its speed, and ways
along an axis are sums from turn to turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator

from hipdrive.acquisition.simulated.motion import Floats
from hipdrive.trial import LEFT, RIGHT, Trial, Truth

EMPTY, STEP = 1.5, 0.5
"""s of empty plate before somebody steps on, and of stepping on."""

SKIP, LONGEST = 2.0, 30.0
"""s of a stance that are not counted, and after which no more is (METRICS.md 9: 30 s, drop the first 2 s)."""

ARM = 0.2
"""m from the middle of a plate to its sensors, whose noise makes that of its moments."""

APART, SURFACE = 0.2, 0.0
"""m between the feet, and from the origin of the moments up to the contact surface."""


@dataclass(frozen=True)
class Sines:
    """A sum of sines: amplitude m, frequency Hz and phase of each, and a constant."""

    size: Floats
    rate: Floats
    phase: Floats
    middle: float

    def at(self, times: Floats) -> Floats:
        """Values at times."""
        angle = 2.0 * np.pi * np.multiply.outer(times, self.rate) + self.phase
        return np.asarray(self.middle + np.sin(angle) @ self.size)

    def speed(self, times: Floats) -> Floats:
        """Derivative at times."""
        angle = 2.0 * np.pi * np.multiply.outer(times, self.rate) + self.phase
        return np.asarray(np.cos(angle) @ (self.size * 2.0 * np.pi * self.rate))

    def mean(self, start: float, end: float) -> float:
        """Mean over a time, closed form."""
        w = 2.0 * np.pi * self.rate
        parts = (np.cos(w * start + self.phase) - np.cos(w * end + self.phase)) / w
        return self.middle + float(self.size @ parts) / (end - start)


def covariance(a: Sines, b: Sines, start: float, end: float) -> float:
    """Mean product of two sums of sines about their means, closed form by products to sums."""
    wa, wb = (2.0 * np.pi * s.rate[:, np.newaxis] for s in (a, b))
    pa, pb = (s.phase[:, np.newaxis] for s in (a, b))
    total = np.zeros((len(a.size), len(b.size)))
    for sign in (-1.0, 1.0):
        w, p = wa + sign * wb.T, pa + sign * pb.T
        slow = np.abs(w) < 1e-9
        steady = np.where(slow, 1.0, w)
        rising = (np.sin(w * end + p) - np.sin(w * start + p)) / steady
        total += -0.5 * sign * np.where(slow, np.cos(p) * (end - start), rising)
    product = float(a.size @ total @ b.size) / (end - start)
    return product - (a.mean(start, end) - a.middle) * (b.mean(start, end) - b.middle)


def draw(rng: Generator, size: float, middle: float) -> Sines:
    """A slow, a middling and a quicker sine."""
    rate = np.array([rng.uniform(0.08, 0.2), rng.uniform(0.3, 0.6), rng.uniform(0.8, 1.3)])
    amplitude = size * np.array([1.0, rng.uniform(0.3, 0.5), rng.uniform(0.08, 0.2)])
    return Sines(amplitude, rate, rng.uniform(0.0, 2.0 * np.pi, 3), middle)


def stand(
    rng: Generator, *, rate: float, noise: float, offset: float, drift: float, sway: float, mass: float, share: float,
    plates: int, seconds: float, cop: str, g: float, settings: Mapping[str, Any],
) -> Trial:  # fmt: skip
    """A trial of quiet standing; `cop` says what the plates tell of its centre: "moments", "given" or "none"."""
    x, y = draw(rng, rng.uniform(0.004, 0.008), 0.03), draw(rng, rng.uniform(0.002, 0.005), 0.01)
    weight, on = mass * g, EMPTY + 0.5 * STEP
    early = float(rng.uniform(0.0, 1.0)) / rate
    times = np.arange(early, EMPTY + STEP + seconds, 1.0 / rate)
    force = weight * 0.5 * (1.0 - np.cos(np.pi * np.clip((times - EMPTY) / STEP, 0.0, 1.0)))
    waves = [np.sin(2 * np.pi * (rng.uniform(0.15, 0.6) * times + rng.random())) for _ in range(3)]
    force = force + sway * np.sqrt(2.0 / 3.0) * sum(waves) * np.clip((times - on - STEP) / 0.5, 0.0, 1.0)
    names = ("plate1",) if plates == 1 else (LEFT, RIGHT)
    parts = (1.0,) if plates == 1 else (share, 1.0 - share)
    beside = (0.0,) if plates == 1 else (APART * (1.0 - share), -APART * share)
    fz: list[Floats] = []
    components: dict[str, Floats] = {}
    for name, part, shift in zip(names, parts, beside, strict=True):
        measured, channels = _plate(rng, times, part * force, x.at(times), y.at(times) + shift,
                                    noise / np.sqrt(plates), cop)  # fmt: skip
        fz.append(measured + (offset + drift * (times - times[0])) / plates)
        components |= {f"{name}.{quantity}": values for quantity, values in channels.items()}
    start, end = on + SKIP, min(on + LONGEST, float(times[-1]) + 1.0 / rate)
    events = {"stance_start": start - early, "stance_end": end - early - 1.0 / rate}
    values = {**truth(x, y, start, end), "system_weight": weight, "standing_force": weight, "stance_time": end - start,
              "left_load_share": 100.0 * share if plates == 2 else float("nan")}  # fmt: skip
    known = {name: value for name, value in values.items()
             if np.isfinite(value) and (cop != "none" or not name.startswith("cop_"))}  # fmt: skip
    return Trial.from_forces(
        np.array(fz), rate, names, test="balance", components=components, athlete=f"simulated-{settings['seed']}",
        file=f"simulated balance {settings['seed']}",
        truth=Truth(values=MappingProxyType(known), events=MappingProxyType(events),
                    settings=MappingProxyType({**settings, "phase": early, "mass": mass, "left_share": share})),
    )  # fmt: skip


def _plate(
    rng: Generator, times: Floats, force: Floats, x: Floats, y: Floats, noise: float, cop: str
) -> tuple[Floats, dict[str, Floats]]:
    """What one plate measures: vertical force, and forces and moments or the centre of pressure, with noise."""
    fx, fy = (0.004 * force * np.sin(2.0 * np.pi * (0.4 * times + rng.random())) for _ in range(2))
    mx, my = y * force - SURFACE * fy, SURFACE * fx - x * force
    mz = x * fy - y * fx

    def noisy(values: Floats, size: float) -> Floats:
        return np.asarray(values + rng.normal(0.0, size, len(values)))

    vertical = noisy(force, noise)
    if cop == "none":
        return vertical, {}
    channels = {"fx": noisy(fx, 0.5 * noise), "fy": noisy(fy, 0.5 * noise), "mx": noisy(mx, ARM * noise),
                "my": noisy(my, ARM * noise), "mz": noisy(mz, ARM * noise)}  # fmt: skip
    if cop == "moments":
        return vertical, channels
    loaded = np.where(vertical > 20.0, vertical, np.nan)
    return vertical, {"copx": -channels["my"] / loaded, "copy": channels["mx"] / loaded}


def truth(x: Sines, y: Sines, start: float, end: float) -> dict[str, float]:
    """METRICS.md 9 on the path itself."""
    time = end - start
    nodes, weights = _quadrature(start, end)
    length = float(weights @ np.hypot(x.speed(nodes), y.speed(nodes)))
    turns = {axis: _turns(sines, start, end) for axis, sines in (("ap", x), ("ml", y))}
    along = {axis: float(np.abs(np.diff(places)).sum()) for axis, places in turns.items()}
    xx, yy, xy = (covariance(*pair, start, end) for pair in ((x, x), (y, y), (x, y)))
    middle = x.mean(start, end), y.mean(start, end)
    radius = float(weights @ np.hypot(x.at(nodes) - middle[0], y.at(nodes) - middle[1])) / time
    return {
        "cop_path_length": length,
        "cop_mean_velocity": length / time,
        **{f"cop_path_length_{axis}": size for axis, size in along.items()},
        **{f"cop_mean_velocity_{axis}": size / time for axis, size in along.items()},
        "cop_rms_ap": float(np.sqrt(xx)),
        "cop_rms_ml": float(np.sqrt(yy)),
        **{f"cop_range_{axis}": float(np.ptp(places)) for axis, places in turns.items()},
        "cop_ellipse_area_95": float(-2.0 * np.pi * np.log(0.05) * np.sqrt(xx * yy - xy * xy)),
        "cop_mean_frequency": length / (2.0 * np.pi * radius * time),
        "cop_x": middle[0],
        "cop_y": middle[1],
    }


def _quadrature(start: float, end: float) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss and Legendre's rule of order 16 on pieces of a hundredth of a second."""
    node, weight = np.polynomial.legendre.leggauss(8)
    edges = np.linspace(start, end, round(100.0 * (end - start)) + 1)
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    middle = 0.5 * (edges[1:] + edges[:-1])[:, np.newaxis]
    return (middle + half * node).ravel(), (half * weight).ravel()


def _turns(sines: Sines, start: float, end: float) -> Floats:
    """Values at both ends and where the speed is zero, which is found between fine steps and put right once."""
    fine = np.linspace(start, end, 20001)
    speed = sines.speed(fine)
    at = np.flatnonzero(speed[:-1] * speed[1:] < 0.0)
    zeros = fine[at] + speed[at] / (speed[at] - speed[at + 1]) * (fine[1] - fine[0])
    return sines.at(np.concatenate([[start], zeros, [end]]))
