"""Simulated plates under known masses, one after the other, with errors that are known: for `hipdrive calibrate`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition.simulated.clock import Clock
from hipdrive.acquisition.simulated.engine import MODELS, Analogue, Engine, SimDevice
from hipdrive.acquisition.simulated.source import SimulatedSource, number, sources
from hipdrive.hardware import plates as hardware
from hipdrive.hardware.checkplan import Step
from hipdrive.hardware.frames import turn_of
from hipdrive.hardware.weights import Gravity, force
from hipdrive.trial import Floats

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

MOVE, LIE, EMPTY = 0.5, 1.8, 1.6
"""s: how long a mass is put on or taken off, how long it lies still, and the empty plates before the first."""


@dataclass(frozen=True, kw_only=True)
class Errors:
    """What is wrong with a plate.

    gain : force shown for one newton. tilt : change of the gain along x and y, 1/m. curve : 1/N, of the square of the
    load. lag : N more on the way down, half of it less on the way up. cop : m, error of the centre of pressure.
    drift : N/s. noise : N, SD of a sample.
    """

    gain: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)
    curve: float = 0.0
    lag: float = 0.0
    cop: tuple[float, float] = (0.0, 0.0)
    drift: float = 0.0
    noise: float = 0.8


def shown(errors: Errors, load: Floats, x: float, y: float) -> Floats:
    """What such a plate makes of a load at a point, N, without drift, lag and noise.

    >>> float(shown(Errors(gain=1.01, curve=1e-5), np.array([400.0]), 0.0, 0.0)[0])
    405.6
    """
    slope = errors.gain * (1.0 + errors.tilt[0] * x + errors.tilt[1] * y)
    return np.asarray(slope * load + errors.curve * load * load)


def loaded(
    rig: Rig, plan: Sequence[Step], gravity: Gravity, *, errors: Mapping[str, Errors] | None = None, seed: int = 0,
    clock: Clock | None = None,
) -> tuple[tuple[SimulatedSource, ...], float]:  # fmt: skip
    """A source for each device of a rig whose plates are loaded step by step, and for how long, s.

    Without a clock samples are there as soon as they are asked for: nobody waits for masses that nobody carries.
    """
    rate = float(rig.device(rig.plates[0].device).rate_hz)
    wrong = {plate.id: (errors or {}).get(plate.id, Errors()) for plate in rig.plates}
    place, force_of, cop = _timeline(rig, plan, gravity, wrong, rate)
    samples = place[-1]
    rng = np.random.default_rng([seed, 11])
    values: dict[str, Floats] = {}
    for device in rig.devices:
        channels = rig.channels(device.id)
        rows = np.zeros((1 + max((number(one.terminal) for one in channels), default=0), samples))
        at = {one.role: number(one.terminal) for one in channels}
        for plate in rig.plates:
            if plate.device == device.id:
                one = wrong[plate.id]
                fz = force_of[plate.id] + one.drift * np.arange(samples) / rate + rng.normal(0.0, one.noise, samples)
                wrench = hardware.Wrench(fz=fz, copx=cop[plate.id][0], copy=cop[plate.id][1])
                for role, row in zip(plate.roles, hardware.volts(plate, wrench), strict=True):
                    rows[at[f"{plate.id}.{role}"]] = row
        values[device.name] = rows
    model = MODELS["stand-in"]
    engine = Engine([SimDevice(name=name, model=dataclasses.replace(model), signal=Analogue(rows, rate))
                     for name, rows in values.items()], clock=clock, free_run=clock is None)  # fmt: skip
    return tuple(_sources(rig, engine)), samples / rate


def _sources(rig: Rig, engine: Engine) -> Iterator[SimulatedSource]:
    bare = rig.model_copy(update={"cameras": (), "start_signal": None})
    return sources(bare, engine=engine)


def _timeline(
    rig: Rig, plan: Sequence[Step], gravity: Gravity, wrong: Mapping[str, Errors], rate: float
) -> tuple[list[int], dict[str, Floats], dict[str, Any]]:
    """Where each step begins, shown force and place of it on every plate."""
    move, lie, empty = (round(seconds * rate) for seconds in (MOVE, LIE, EMPTY))
    ends = [empty + (move + lie) * (i + 1) for i in range(len(plan))]
    samples = (ends[-1] if ends else empty) + round(rate)
    fz = {plate.id: np.zeros(samples) for plate in rig.plates}
    cop = {plate.id: np.tile(np.array(plate.position_m)[:, np.newaxis], (1, samples)) for plate in rig.plates}
    before, level = "", 0.0
    for i, step in enumerate(plan):
        plate, one = rig.plate(step.plate), wrong[step.plate]
        start, target = ends[i] - move - lie, force(step.mass, gravity)
        going_down = step.plate == before and target < level
        top = max(s.mass for s in plan if s.plate == step.plate)
        lag = 0.0 if step.mass in (0.0, top) else one.lag * (0.5 if going_down else -0.5)
        ramp = np.linspace(level if step.plate == before else 0.0, target, move)
        load = np.r_[ramp, np.full(samples - start - move, target)]
        fz[step.plate][start:] = (
            shown(one, load, step.x, step.y) + np.r_[np.zeros(move), np.full(len(load) - move, lag)]
        )
        seen = turn_of(plate) @ (np.array([step.x, step.y]) + one.cop) + plate.position_m
        cop[step.plate][:, start:] = seen[:, np.newaxis]
        before, level = step.plate, target
    return [*ends, samples], fz, cop
