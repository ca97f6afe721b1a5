"""What can go wrong with a recording, one function a fault: a clean trial and a generator in, a dirty trial out.

The truth of the clean trial stays the truth of the dirty one: the athlete jumped as before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, sosfiltfilt

from hipdrive.trial import Floats, Gap, Trial

Fault = Callable[[Trial, Generator], Trial]

ALL = ("cmj", "sj", "dj")


@dataclass(frozen=True)
class Named:
    """A fault with what it is called, and the tests it is done to."""

    name: str
    spoil: Fault
    tests: tuple[str, ...] = ALL
    declared: str = ""
    """The test the trial is said to be, where that is the fault."""


def event(trial: Trial, name: str) -> float:
    """When something truly happened, s from the first sample."""
    assert trial.truth is not None
    return trial.truth.events[name]


def weight(trial: Trial) -> float:
    """The true weight, N."""
    assert trial.truth is not None
    return trial.truth["system_weight"]


def times(trial: Trial) -> Floats:
    """Times of the samples, s."""
    return np.arange(trial.samples) / trial.rate


def like(trial: Trial, fz: Floats) -> Trial:
    """The same facts with other forces."""
    return dataclasses.replace(trial, fz=fz, raw=())


def added(trial: Trial, force: Floats) -> Trial:
    """A force on top of the whole, spread over the plates."""
    return like(trial, trial.fz + force / len(trial.fz))


def start(trial: Trial) -> float:
    """When the movement, or the contact of a drop jump, begins."""
    assert trial.truth is not None
    events = trial.truth.events
    return events["onset"] if "onset" in events else events["first_contact"]


# --- zero, drift, noise ---


def offset(size: float) -> Fault:
    return lambda trial, rng: added(trial, np.full(trial.samples, size * rng.choice([-1.0, 1.0])))


def zeroed_under_load(trial: Trial, rng: Generator) -> Trial:
    return added(trial, np.full(trial.samples, -weight(trial)))


def drift(rate: float) -> Fault:
    return lambda trial, rng: added(trial, rate * rng.choice([-1.0, 1.0]) * times(trial))


def zero_step(size: float) -> Fault:
    """The zero moves at once, somewhere in the record."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        after = times(trial) > rng.uniform(0.1, 0.9) * trial.duration
        return added(trial, size * rng.choice([-1.0, 1.0]) * after)

    return spoil


def hum(size: float, hertz: float) -> Fault:
    def spoil(trial: Trial, rng: Generator) -> Trial:
        return added(trial, size * np.sin(2 * np.pi * (hertz * times(trial) + rng.random())))

    return spoil


def ringing(size: float, low: float, high: float) -> Fault:
    """The plate rings when the feet leave it and when they meet it."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        hertz, fade, t = rng.uniform(low, high), rng.uniform(0.02, 0.08), times(trial)
        force = np.zeros(trial.samples)
        for name in ("first_contact", "takeoff", "touchdown"):
            if trial.truth is not None and name in trial.truth.events:
                since = t - event(trial, name)
                decay = np.exp(-np.maximum(since, 0.0) / fade) * (since > 0.0)
                force += size * decay * np.sin(2 * np.pi * hertz * since)
        return added(trial, force)

    return spoil


def filtered(hertz: float) -> Fault:
    """A zero-lag low-pass of the fourth order, as exporting software does it."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        sos = butter(2, hertz / (trial.rate / 2.0), output="sos")
        return like(trial, sosfiltfilt(sos, trial.fz, axis=1))

    return spoil


def rounded(step: float) -> Fault:
    return lambda trial, rng: like(trial, np.round(trial.fz / step) * step)


def cut_below(size: float) -> Fault:
    """Software that sets small forces to zero before it saves them."""
    return lambda trial, rng: like(trial, np.where(trial.fz < size / len(trial.fz), 0.0, trial.fz))


def spike(size: float, part: str) -> Fault:
    """One sample of nonsense in the stance, push, flight or landing."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        begin = start(trial)
        spans = {"stance": (0.1, begin - 0.1), "push": (begin + 0.05, event(trial, "takeoff") - 0.02),
                 "flight": (event(trial, "takeoff") + 0.05, event(trial, "touchdown") - 0.05),
                 "landing": (event(trial, "touchdown") + 0.01, event(trial, "touchdown") + 0.25)}  # fmt: skip
        # another fault may have cut the record, or changed its clock
        at = min(round(rng.uniform(*spans[part]) * trial.rate), trial.samples - 1)
        force = np.zeros(trial.samples)
        force[at] = size * (1.0 if part == "flight" else rng.choice([-1.0, 1.0]))
        return added(trial, force)

    return spoil


# --- range ---


def clipped(part: float, *, known: bool) -> Fault:
    """The amplifiers end at a part of the peak of each plate."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        limit = part * trial.fz.max(axis=1, keepdims=True)
        cut = like(trial, np.minimum(trial.fz, limit))
        return dataclasses.replace(cut, ranges=tuple(limit[:, 0])) if known else cut

    return spoil


# --- feet and hands ---


def unloaded(share: float, part: str) -> Fault:
    """A foot, or a part of it, beside the plate in the stance before the movement or in the landing."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        t = times(trial)
        if part == "stance":
            off = np.clip((start(trial) - 0.15 - t) / 0.1, 0.0, 1.0)
        else:
            off = (t >= 0.5 * (event(trial, "takeoff") + event(trial, "touchdown"))).astype(np.float64)
        return like(trial, trial.fz * (1.0 - (1.0 - share) * off))

    return spoil


def touched(share: float, part: str) -> Fault:
    """Somebody's hand, or a rail, takes a part of the weight: for the stance, the push, or all the time."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        t, begin, leave = times(trial), start(trial), event(trial, "takeoff")
        sign = rng.choice([-1.0, 1.0])
        ramp = {"stance": np.clip((begin - 0.15 - t) / 0.1, 0.0, 1.0),
                "push": np.clip((t - begin) / 0.1, 0.0, 1.0) * np.clip((leave - 0.02 - t) / 0.1, 0.0, 1.0),
                "rest": np.clip((t - event(trial, "touchdown") - 0.4) / 0.2, 0.0, 1.0)}[part]  # fmt: skip
        return added(trial, sign * share * weight(trial) * ramp)

    return spoil


def second_person(trial: Trial, rng: Generator) -> Trial:
    """Somebody steps onto the plate beside the athlete, or off it, at any time."""
    t, at = times(trial), rng.uniform(0.0, trial.duration)
    here = np.clip((t - at) / 0.3, 0.0, 1.0)
    return added(trial, rng.uniform(400.0, 900.0) * (here if rng.random() < 0.5 else 1.0 - here))


def dropped_object(trial: Trial, rng: Generator) -> Trial:
    """Something of 1 to 5 kg falls on the plate and stays there."""
    t, at = times(trial), rng.uniform(0.1, 0.95) * trial.duration
    own = rng.uniform(1.0, 5.0) * 9.80665
    since = np.maximum(t - at, 0.0)
    return added(trial, (t > at) * own * (1.0 + 15.0 * np.exp(-since / 0.01)))


def dip(size: float) -> Fault:
    """A countermovement before the push of a squat jump."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        since = times(trial) - start(trial) - 0.03
        wave = np.sin(2 * np.pi * (since + 0.4) / 0.4) * ((since > -0.4) & (since < 0.0))
        return added(trial, -size * wave)

    return spoil


# --- samples ---


def declared_gap(trial: Trial, rng: Generator) -> Trial:
    at = int(rng.uniform(0.2, 0.8) * trial.samples)
    return dataclasses.replace(trial, gaps=(Gap(first_sample=at, samples=12, code="lost", text="12 samples lost"),))


def on_the_plate(trial: Trial, rng: Generator) -> int:
    """A sample of the movement while the athlete touches the plate."""
    push = (start(trial), event(trial, "takeoff") - 0.02)
    land = (event(trial, "touchdown") + 0.02, event(trial, "touchdown") + 0.3)
    return round(rng.uniform(*(push if rng.random() < 0.6 else land)) * trial.rate)


def lost(n: int) -> Fault:
    """Samples that are missing, and the record closed over them; within the movement."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        at = on_the_plate(trial, rng)
        return like(trial, np.delete(trial.fz, np.s_[at : at + n], axis=1))

    return spoil


def lost_in_the_air(n: int) -> Fault:
    def spoil(trial: Trial, rng: Generator) -> Trial:
        at = round((event(trial, "takeoff") + rng.uniform(0.05, 0.2)) * trial.rate)
        return like(trial, np.delete(trial.fz, np.s_[at : at + n], axis=1))

    return spoil


def frozen(n: int) -> Fault:
    """The last value is repeated instead of samples that did not come."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        at = on_the_plate(trial, rng)
        fz = trial.fz.copy()
        fz[:, at : at + n] = fz[:, at : at + 1]
        return like(trial, fz)

    return spoil


def doubled(n: int) -> Fault:
    """A buffer that was written twice."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        at = on_the_plate(trial, rng)
        part = trial.fz[:, at : at + n]
        return like(trial, np.concatenate([trial.fz[:, : at + n], part, trial.fz[:, at + n :]], axis=1))

    return spoil


def cut_off(name: str, low: float, high: float) -> Fault:
    """The record ends between `low` and `high` s after an event."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        return like(trial, trial.fz[:, : round((event(trial, name) + rng.uniform(low, high)) * trial.rate)])

    return spoil


def begins_late(low: float, high: float) -> Fault:
    """The record begins between `low` and `high` s before the movement."""

    def spoil(trial: Trial, rng: Generator) -> Trial:
        return like(trial, trial.fz[:, max(0, round((start(trial) - rng.uniform(low, high)) * trial.rate)) :])

    return spoil


def said_rate(factor: float) -> Fault:
    """The declared rate is the true one times a factor."""
    return lambda trial, rng: dataclasses.replace(trial, rate=trial.rate * factor, raw=())


# --- unit, sign, axis ---


def scaled(factor: float) -> Fault:
    return lambda trial, rng: like(trial, trial.fz * factor)


def one_upside_down(trial: Trial, rng: Generator) -> Trial:
    sign = np.ones((len(trial.fz), 1))
    sign[0] = -1.0
    return like(trial, trial.fz * sign)


def horizontal(trial: Trial, rng: Generator) -> Trial:
    """The column of another axis: the shape of its force has no weight in it."""
    slope = np.gradient(trial.fz, axis=1)
    return like(trial, 0.08 * (trial.fz.std() / max(float(slope.std()), 1e-9)) * slope)


FAULTS = (
    Named("clean", lambda trial, rng: trial),
    Named("not zeroed, 30 N", offset(30.0)),
    Named("not zeroed, 300 N", offset(300.0)),
    Named("zeroed under load", zeroed_under_load),
    Named("drift 0.5 N/s", drift(0.5)),
    Named("drift 2 N/s", drift(2.0)),
    Named("zero steps by 3 N", zero_step(3.0), ("cmj", "sj")),
    Named("zero steps by 10 N", zero_step(10.0), ("cmj", "sj")),
    Named("zero steps by 40 N", zero_step(40.0)),
    Named("hum 5 N, 50 Hz", hum(5.0, 50.0)),
    Named("hum 20 N, 60 Hz", hum(20.0, 60.0)),
    Named("ringing 20 N, 100-500 Hz", ringing(20.0, 100.0, 500.0)),
    Named("ringing 60 N, 100-500 Hz", ringing(60.0, 100.0, 500.0)),
    Named("ringing 20 N, 30-100 Hz", ringing(20.0, 30.0, 100.0)),
    Named("ringing 40 N, 80 Hz", ringing(40.0, 80.0, 80.0)),
    Named("ringing 60 N, 30-100 Hz", ringing(60.0, 30.0, 100.0)),
    Named("low-pass 100 Hz", filtered(100.0)),
    Named("low-pass 50 Hz", filtered(50.0)),
    Named("low-pass 20 Hz", filtered(20.0)),
    Named("low-pass 10 Hz", filtered(10.0)),
    Named("steps of 1 N", rounded(1.0)),
    Named("steps of 5 N", rounded(5.0)),
    Named("steps of 10 N", rounded(10.0)),
    Named("zeros below 10 N", cut_below(10.0)),
    Named("zeros below 20 N", cut_below(20.0)),
    Named("zeros below 50 N", cut_below(50.0)),
    Named("spike 2 kN, stance", spike(2000.0, "stance"), ("cmj", "sj")),
    Named("spike 2 kN, push", spike(2000.0, "push")),
    Named("spike 2 kN, flight", spike(2000.0, "flight")),
    Named("spike 5 kN, landing", spike(5000.0, "landing")),
    Named("clipped at 70 %, range known", clipped(0.7, known=True)),
    Named("clipped at 70 %, range unknown", clipped(0.7, known=False)),
    Named("clipped at 90 %, range unknown", clipped(0.9, known=False)),
    Named("5 % of the feet off, stance", unloaded(0.95, "stance"), ("cmj", "sj")),
    Named("half of the feet off, stance", unloaded(0.5, "stance"), ("cmj", "sj")),
    Named("2 % of the feet off, landing", unloaded(0.98, "landing"), ("cmj", "sj")),
    Named("10 % of the feet off, landing", unloaded(0.9, "landing")),
    Named("half of the feet off, landing", unloaded(0.5, "landing")),
    Named("hand takes 1 %, stance", touched(0.01, "stance"), ("cmj", "sj")),
    Named("hand takes 3 %, stance", touched(0.03, "stance"), ("cmj", "sj")),
    Named("hand takes 3 %, push", touched(0.03, "push")),
    Named("hand takes 10 %, push", touched(0.10, "push")),
    Named("hand takes 2 %, after landing", touched(0.02, "rest")),
    Named("second person", second_person),
    Named("object falls on the plate", dropped_object),
    Named("dip of 50 N", dip(50.0), ("sj",)),
    Named("dip of 200 N", dip(200.0), ("sj",)),
    Named("countermovement said to be squat", lambda trial, rng: trial, ("cmj",), declared="sj"),
    Named("declared gap", declared_gap),
    Named("3 samples lost", lost(3)),
    Named("20 samples lost", lost(20)),
    Named("100 samples lost", lost(100)),
    Named("20 samples lost in the air", lost_in_the_air(20), ("cmj", "sj")),
    Named("10 samples frozen", frozen(10)),
    Named("100 samples frozen", frozen(100)),
    Named("20 samples doubled", doubled(20)),
    Named("100 samples doubled", doubled(100)),
    Named("ends in the air", cut_off("takeoff", 0.05, 0.3)),
    Named("ends in the landing", cut_off("touchdown", 0.05, 0.8)),
    Named("begins in the movement", begins_late(-0.2, 0.1)),
    Named("begins just before it", begins_late(0.2, 1.2)),
    Named("rate said 2 x", said_rate(2.0)),
    Named("rate said half", said_rate(0.5)),
    Named("upside down", scaled(-1.0)),
    Named("one plate upside down", one_upside_down),
    Named("horizontal axis", horizontal),
    Named("kilograms", scaled(1.0 / 9.80665)),
    Named("pounds", scaled(1.0 / 4.4482216152605)),
    Named("kilonewtons", scaled(1e-3)),
    Named("grams", scaled(1000.0 / 9.80665)),
    Named("volts", scaled(1.0 / 400.0)),
)  # fmt: skip

UNSEEN = (
    Named("rate said 1.2 x", said_rate(1.2)),
    Named("rate said 1.05 x", said_rate(1.05)),
    Named("rate said 0.83 x", said_rate(1.0 / 1.2)),
    Named("20 samples lost in the air", lost_in_the_air(20), ("dj",)),
    Named("zero steps by 3 N", zero_step(3.0), ("dj",)),
    Named("zero steps by 10 N", zero_step(10.0), ("dj",)),
    Named("2 % of the feet off, landing", unloaded(0.98, "landing"), ("dj",)),
    Named("5 % of the feet off, landing", unloaded(0.95, "landing"), ("dj",)),
)  # fmt: skip
"""Faults that leave no trace in the force of one plate, for the honest part of the table."""
