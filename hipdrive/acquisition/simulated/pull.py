"""Simulated isometric pulls whose every number is known in closed form.

A pull stands on a quiet pretension B and rises as F = B + A·(a·r(t/τ) + (1 - a)·(1 - e^(-t/T)) - d·t): a fast and a
slow part, and a steady loss. r is 1 - e^-x ("exponential", force bends at its start) or 1 - (1 + x)·e^-x ("sigmoid").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq, minimize_scalar

from hipdrive.acquisition.simulated.further import further, without
from hipdrive.errors import UsageError
from hipdrive.trial import LEFT, RIGHT, Floats, Trial, Truth

G = 9.80665
ONSET_FLOOR, ONSET_SDS = 10.0, 5.0
"""The default onset rule, whose answer on the noiseless pull is the true onset (METRICS.md 1)."""

WINDOW = 0.020
"""s: the window of the peak rate of force development."""

TIMES = (50, 90, 100, 150, 200, 250)
"""ms after the onset at which force, rate and impulse are known."""

STEP_ON, TAKE_HOLD, LET_GO = 0.6, 0.5, 0.25
"""s that it takes to step on, to take up the tension, and to let go."""

RISES = ("exponential", "sigmoid")

RANGES: Mapping[str, tuple[float, float, str]] = {
    "pretension": (0.0, 500.0, " N"),
    "strength": (50.0, 10_000.0, " N"),
    "hold": (0.8, 60.0, " s"),
    "pulls": (1, 20, ""),
}
"""Setting of a pull -> least and largest value, and unit."""


@dataclass(frozen=True)
class Pull:
    """One pull: its rise above the pretension, N, over t s from its start until it is let go."""

    start: float
    size: float
    fast: float
    tau: float
    slow: float
    loss: float
    bends: bool
    length: float
    base: float
    rest: float

    def rise(self, t: Floats) -> Floats:
        """Force above the pretension, N."""
        t = np.maximum(t, 0.0)
        x = t / self.tau
        quick = 1.0 - np.exp(-x) if self.bends else 1.0 - (1.0 + x) * np.exp(-x)
        part = self.fast * quick + (1.0 - self.fast) * (1.0 - np.exp(-t / self.slow)) - self.loss * t
        return np.asarray(self.size * part)

    def slope(self, t: float) -> float:
        """Its derivative, N/s."""
        x = t / self.tau
        quick = np.exp(-x) / self.tau * (1.0 if self.bends else x)
        return float(self.size * (self.fast * quick + (1 - self.fast) * np.exp(-t / self.slow) / self.slow - self.loss))

    def area(self, t: float) -> float:
        """Its integral from the start, N*s."""
        x, e = t / self.tau, np.exp(-t / self.tau)
        quick = t - self.tau * (1.0 - e) if self.bends else t - self.tau * (2.0 - (2.0 + x) * e)
        slow = t - self.slow * (1.0 - np.exp(-t / self.slow))
        return float(self.size * (self.fast * quick + (1.0 - self.fast) * slow - 0.5 * self.loss * t * t))

    def force(self, t: Floats) -> Floats:
        """Force at times from the start of the pull, the letting go included; the pretension before."""
        held = self.base + self.rise(np.minimum(t, self.length))
        gone = np.clip((t - self.length) / LET_GO, 0.0, 1.0)
        return np.asarray(self.rest + (held - self.rest) * 0.5 * (1.0 + np.cos(np.pi * gone)))

    @property
    def peak(self) -> float:
        """When the force is largest, s from the start of the pull."""
        return float(brentq(self.slope, 0.5 * self.tau, self.length)) if self.slope(self.length) < 0.0 else self.length

    def end(self) -> float:
        """When the force falls through half of its rise, s from the start."""
        top = self.base + float(self.rise(np.array(self.length))) - self.rest
        half = self.base + 0.5 * float(self.rise(np.array(self.peak))) - self.rest
        return self.length + LET_GO * float(np.arccos(2.0 * half / top - 1.0)) / np.pi

    def steepest(self) -> float:
        """Largest least-squares slope over a window of 20 ms, N/s, on the continuous curve."""
        nodes, weights = np.polynomial.legendre.leggauss(24)

        def slope(begin: float) -> float:
            # the curve may bend at the pull's start, so each side of it is integrated by itself
            edges = sorted({begin, min(max(0.0, begin), begin + WINDOW), begin + WINDOW})
            total = 0.0
            for a, b in pairwise(edges):
                x = 0.5 * (b - a) * nodes + 0.5 * (a + b)
                moment = (x - begin - 0.5 * WINDOW) * self.rise(x)
                total += 0.5 * (b - a) * float(weights @ moment)
            return 12.0 / WINDOW**3 * total

        begins = np.linspace(-WINDOW, 3.0 * self.tau, 200)
        best = float(begins[int(np.argmax([slope(b) for b in begins]))])
        step = float(begins[1] - begins[0])
        found = minimize_scalar(lambda b: -slope(b), bounds=(best - step, best + step), method="bounded",
                                options={"xatol": 1e-9})  # fmt: skip
        return float(-found.fun)


def simulate(settings: Mapping[str, Any], more: Mapping[str, Any]) -> Trial:
    """A trial of isometric pulls; `settings` are those of every simulated athlete, `more` the pull's own.

    more : pretension N above the weight, strength N of the largest rise, hold s, pulls how many, rise (`RISES`), cell:
        a load cell that carries no body weight, step_on: the plate is empty at first. Drawn from the seed, one pull,
        on plates that the athlete steps on, where not given.

    Raises
    ------
    UsageError : a setting is not one of a pull, or lies outside its range.
    """
    asked = _checked(settings, more)
    rng = np.random.default_rng([int(settings["seed"]), *map(ord, "isometric")])
    mass = _given(settings["mass"], rng.uniform(50.0, 110.0))
    share = _given(settings["left_share"], rng.uniform(0.44, 0.56))
    zero = _given(settings["offset"], rng.uniform(-10.0, 10.0))
    quiet, settle = _given(settings["quiet"], rng.uniform(1.5, 2.5)), float(settings["settle"])
    shift = float(rng.uniform(0.0, 1.0)) / settings["rate"]
    weight = 0.0 if asked["cell"] else mass * G
    empty = (1.0 + STEP_ON) if asked["step_on"] and not asked["cell"] else 0.0
    pulls, at = [], empty + quiet
    for _ in range(int(asked["pulls"])):
        pull = _drawn(rng, asked, at, weight, mass)
        pulls.append(pull)
        at = pull.start + pull.length + LET_GO + settle
    times = np.arange(shift, at + (1.0 + STEP_ON if empty else 0.0), 1.0 / settings["rate"])
    force = _force(times, pulls, weight) * _standing(times, empty, at)
    force = force + _sway(rng, times, pulls, settings["sway"]) * _standing(times, empty, at)
    told = {**settings, **asked, "mass": mass, "left_share": share, "offset": zero, "quiet": quiet, "phase": shift}
    return _record(rng, times, force, pulls, weight, told)


def _given(value: Any, drawn: float) -> float:
    return float(drawn) if value is None else float(value)


def _checked(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    without("a pull, which has no flight", settings, ("posture", "edge"))
    known = {"pretension": None, "strength": None, "hold": None, "pulls": 1, "rise": None, "cell": False,
             "step_on": True}  # fmt: skip
    return further("a pull", known, more, RANGES, {"rise": RISES, "cell": (False, True), "step_on": (False, True)})


def _drawn(rng: Generator, asked: Mapping[str, Any], at: float, weight: float, mass: float) -> Pull:
    """One pull that begins after its own standing and pretension."""
    held = rng.uniform(5.0, 25.0 if asked["cell"] else 45.0)
    pretension, strength = _given(asked["pretension"], held), _given(asked["strength"], mass * rng.uniform(14.0, 32.0))
    length, wait = _given(asked["hold"], rng.uniform(2.2, 3.5)), rng.uniform(1.6, 2.6)
    bends = asked["rise"] == "exponential" if asked["rise"] else bool(rng.random() < 0.5)
    tau = rng.uniform(0.07, 0.16) if bends else rng.uniform(0.035, 0.08)
    return Pull(at + TAKE_HOLD + wait, strength, rng.uniform(0.75, 0.9), tau, rng.uniform(0.3, 0.6),
                rng.uniform(0.03, 0.06), bends, length, weight + pretension, weight)  # fmt: skip


def _force(times: Floats, pulls: list[Pull], weight: float) -> Floats:
    """Standing, taking up the tension, pulls one after the other; on a load cell the tension is there at first."""
    force = np.full(len(times), weight)
    for i, pull in enumerate(pulls):
        hold = pull.start - TAKE_HOLD if i or weight else -1.0
        begin = pulls[i - 1].start + pulls[i - 1].length + LET_GO if i else 0.0
        taken = np.clip((times - max(begin, hold - 1.2 - TAKE_HOLD)) / TAKE_HOLD, 0.0, 1.0) if hold > 0 else 1.0
        before = weight + (pull.base - weight) * taken * taken * (3.0 - 2.0 * taken)
        now = times - pull.start
        mine = (times >= begin) if i + 1 == len(pulls) else (times >= begin) & (now < pull.length + LET_GO)
        force = np.where(mine, np.where(now >= 0.0, pull.force(now), before), force)
    return np.asarray(force)


def _standing(times: Floats, empty: float, at: float) -> Floats:
    """How much of the force is on the plate: from nobody to all of it and back, where the athlete steps on."""
    if not empty:
        return np.ones(len(times))
    on = np.clip((times - (empty - STEP_ON)) / STEP_ON, 0.0, 1.0)
    off = np.clip((at + STEP_ON - times) / STEP_ON, 0.0, 1.0)
    part = np.minimum(on, off)
    return np.asarray(part * part * (3.0 - 2.0 * part))


def _sway(rng: Generator, times: Floats, pulls: list[Pull], size: float) -> Floats:
    """Slow force variation while nobody pulls."""
    waves = [np.sin(2 * np.pi * (rng.uniform(0.15, 0.6) * times + rng.random())) for _ in range(3)]
    still = np.ones(len(times))
    for pull in pulls:
        before = np.clip((pull.start - 0.1 - times) / 0.2, 0.0, 1.0)
        still *= before + np.clip((times - pull.start - pull.length - LET_GO) / 0.2, 0.0, 1.0)
    return np.asarray(size * np.sqrt(2.0 / 3.0) * np.sum(waves, axis=0) * still)


def _record(
    rng: Generator, times: Floats, force: Floats, pulls: list[Pull], weight: float, settings: dict[str, Any]
) -> Trial:
    """What the plates see, and the truth of the first pull beside it."""
    cell, plates = settings["cell"], 1 if settings["cell"] else settings["plates"]
    shares = [settings["left_share"], 1.0 - settings["left_share"]] if plates == 2 else [1.0]
    elapsed = times - times[0]
    error = (settings["offset"] + settings["drift"] * elapsed) / plates
    size = settings["noise"] / np.sqrt(plates)
    fz = [force * share + error + rng.normal(0.0, size, len(times)) for share in shares]
    names = [LEFT, RIGHT] if plates == 2 else ["cell" if cell else "plate1"]
    return Trial.from_forces(
        np.array(fz), settings["rate"], names, test="isometric", athlete=f"simulated-{settings['seed']}",
        truth=_truth(pulls[0], weight, settings), file=f"simulated isometric {settings['seed']}",
    )  # fmt: skip


def _truth(pull: Pull, weight: float, settings: Mapping[str, Any]) -> Truth:
    """The definitions of METRICS.md 8 on the pull itself; event times from the first sample."""
    theta = max(ONSET_SDS * settings["noise"], ONSET_FLOOR)
    peak, end = pull.peak, pull.end()
    top = float(pull.rise(np.array(peak)))
    if theta >= 0.4 * top:
        raise UsageError("simulate", f"simulate: a noise of {settings['noise']:g} N hides the start of this pull; "
                         f"give at most {top / 15:.0f} N")  # fmt: skip
    onset = float(brentq(lambda t: float(pull.rise(np.array(t))) - theta, 0.0, peak))
    above, base = pull.base - weight, pull.base
    # the letting go is half a cosine: its integral to `end` in closed form
    held, phase = base + float(pull.rise(np.array(pull.length))) - weight, np.pi * (end - pull.length) / LET_GO
    gone = weight * (end - pull.length) + held * LET_GO / np.pi * 0.5 * (phase + np.sin(phase))
    total = base * (pull.length - onset) + pull.area(pull.length) - pull.area(onset) + float(gone)
    values: dict[str, float] = {
        "iso_peak_force": base + top,
        "iso_time_to_peak": peak - onset,
        "iso_pull_length": end - onset,
        "iso_initiation_threshold": base + theta,
        "iso_pretension_force": base,
        "iso_total_impulse": total,
        "iso_mean_force": total / (end - onset),
        "iso_peak_rfd": pull.steepest(),
        "iso_force_at_0ms": base + theta,
    }
    for ms in TIMES:
        t = onset + ms / 1000.0
        rise, area = float(pull.rise(np.array(t))), pull.area(t) - pull.area(onset)
        values[f"iso_force_at_{ms}ms"] = base + rise
        values[f"iso_rfd_0_{ms}ms"] = (rise - theta) / (ms / 1000.0)
        values[f"iso_gross_impulse_0_{ms}ms"] = base * ms / 1000.0 + area
        if weight:
            values[f"iso_net_force_at_{ms}ms"] = above + rise
            values[f"iso_impulse_0_{ms}ms"] = above * ms / 1000.0 + area
    if weight:
        values |= {
            "system_weight": weight,
            "iso_net_peak_force": above + top,
            "iso_pretension": above,
            "iso_peak_force_rel": (base + top) / weight,
            "iso_peak_force_per_kg": (base + top) / weight * G,
        }
    begin = pull.start - settings["phase"]
    events = {"iso_onset": begin + onset, "iso_peak": begin + peak, "pull_end": begin + end}
    return Truth(values=MappingProxyType(values), events=MappingProxyType(events),
                 settings=MappingProxyType(dict(settings)))  # fmt: skip
