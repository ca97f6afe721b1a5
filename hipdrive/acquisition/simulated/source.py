"""A simulated athlete on the plates of a rig: forces become volts, and the stand-in device samples them.

From there on everything is as with a device: NI's own client, counts, scaling, plates. The athlete jumps again and
again, a little differently each time, and what is true of each jump is known.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition.nidaq import NidaqSource, leads_first, lent, lines_of
from hipdrive.acquisition.simulated.athlete import G, simulate
from hipdrive.acquisition.simulated.daqmx import installed
from hipdrive.acquisition.simulated.engine import MODELS, Analogue, Clock, Engine, SimDevice
from hipdrive.acquisition.simulated.trouble import faults
from hipdrive.errors import UsageError
from hipdrive.hardware import plates as hardware
from hipdrive.trial import BOX, LEFT, RIGHT, Floats, Trial, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.devices import StartSignal
    from hipdrive.hardware.rig import Rig

STEP_ON, STEP_OFF = 0.6, 0.5
"""s: how long the athlete takes to step on the plates, and off them."""

ALONE: Mapping[str, Mapping[str, Any]] = {"balance": {"quiet": 32.0, "cop": "given"}, "isometric": {}}
"""Tests whose simulated trials hold the stepping on and off already, and what each needs of its own."""

REACTION = 0.15
"""s from the gun to the movement of a simulated athlete."""

FILMED = 1800.0
"""s: how long the simulated cameras run."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Session:
    """What the plates see while an athlete jumps several times, and the true answers.

    force : plate -> (n,) newtons. jumps : first sample and trial of each jump.
    cop : plate -> (n, 2), m: centre of pressure about the middle of the plate. gun : whether a gun starts each jump.
    """

    rate: float
    force: Mapping[str, Floats]
    cop: Mapping[str, Floats]
    jumps: tuple[tuple[int, Trial], ...]
    gun: bool = False

    @property
    def shots(self) -> Floats:
        """When the gun goes off, s: before each jump, and not at a sample."""
        return np.array([start / self.rate + min(trial.truth.events.values()) - REACTION
                         for start, trial in self.jumps if trial.truth is not None])  # fmt: skip

    @property
    def samples(self) -> int:
        """Length of the session."""
        return len(next(iter(self.force.values())))

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        """The answers of the only jump between two samples, event times from the first; None if none or several."""
        first = first_sample % self.samples
        found = []
        for start, trial in [(start + lap * self.samples, trial) for lap in (0, 1) for start, trial in self.jumps]:
            assert trial.truth is not None
            times = trial.truth.events.values()
            begin, end = (start + edge * self.rate for edge in (min(times), max(times)))
            if first <= begin and end < first + samples:
                found.append((start, trial.truth))
        if len(found) != 1:
            return None
        shift = (found[0][0] - first) / self.rate
        known = found[0][1]
        events = {name: t + shift for name, t in known.events.items()}
        settings = dict(known.settings)
        if "phase" in settings:  # of an athlete with joints: the movement's time at the first sample
            settings["phase"] -= shift
        if self.gun:
            settings["gun"] = min(events.values()) - REACTION
        return dataclasses.replace(known, events=MappingProxyType(events), settings=MappingProxyType(settings))


def session(
    names: Sequence[str], test: str, *, rate: float, seed: int = 0, jumps: int = 3, lead: float = 0.5,
    pause: float = 2.0, quiet: float | None = None, joints: bool = False, **settings: Any,
) -> Session:  # fmt: skip
    """An athlete who jumps several times on the plates of these names.

    Parameters
    ----------
    names : plates: `left` and `right` carry a foot each, `box` the box; another single plate carries both feet.
    jumps, lead, pause, quiet : how many; s of empty plates before the first, and after each; s of standing before each.
    joints : an athlete with joints, whom a rendered camera can film (`video.rendered`).
    settings : as `athlete.simulate` takes them, or with joints `linkage.simulate_motion`.
    """
    feet = [name for name in names if name != BOX]
    carriers = [LEFT, RIGHT] if {LEFT, RIGHT} <= set(feet) else feet[:2]
    if test == "block_start":
        raise UsageError("simulate", "a simulated sprint start is no recording yet; write one with `hipdrive simulate "
                         "block_start FILE`, or record a jump")  # fmt: skip
    if not carriers or jumps < 1:
        raise UsageError("simulate", "a simulated athlete needs a plate to stand on, and at least one jump")
    whole: dict[str, list[Floats]] = {name: [] for name in names}
    under: dict[str, list[Floats]] = {name: [] for name in names}
    own: dict[str, Any] = {"quiet": 1.3, **ALONE.get(test, {})}
    if quiet is not None:
        own["quiet"] = quiet
    rng = np.random.default_rng([seed, 7])
    placed, position = [], 0

    def add(parts: Mapping[str, Floats], samples: int, sd: float, zero: float) -> None:
        for name in names:
            clean = parts.get(name, np.zeros(samples))
            carrying = name in carriers
            whole[name].append(clean + zero * carrying + rng.normal(0.0, sd, samples))
            under[name].append(np.full((samples, 2), np.nan))

    for number in range(jumps):
        if joints:
            trial, facts = _with_joints(test, seed + number, rate, carriers, own["quiet"], settings)
        else:
            trial = simulate(test, seed=seed + number, rate=rate, plates=len(carriers), box_plate=BOX in names,
                             **own, **settings)  # fmt: skip
            assert trial.truth is not None
            facts = dict(trial.truth.settings)
        assert trial.truth is not None
        # the same athlete and the same zero each time
        settings |= {key: facts[key] for key in (("mass", "height") if joints else ("mass", "left_share", "offset"))}
        sd, zero = facts["noise"] / np.sqrt(len(carriers)), facts["offset"] / len(carriers)
        shares = [1.0] if len(carriers) == 1 else [facts["left_share"], 1.0 - facts["left_share"]]
        weight = {name: trial.truth["system_weight"] * share for name, share in zip(carriers, shares, strict=True)}

        def moving(seconds: float, up: bool, weight: dict[str, float] = weight) -> dict[str, Floats]:
            part = np.sin(np.linspace(0.0, np.pi / 2.0, round(seconds * rate)))  # a foot comes down at once
            return {name: load * (part if up else part[::-1]) for name, load in weight.items()}

        before: list[tuple[Mapping[str, Floats], float]] = [({}, lead)] if number == 0 else []
        if test != "dj" and test not in ALONE:  # from the box nobody steps on the plates
            before.append((moving(STEP_ON, True), STEP_ON))
        for parts, seconds in before:
            add(parts, round(seconds * rate), sd, zero)
            position += round(seconds * rate)
        placed.append((position, trial))
        rows = dict(zip([*carriers, BOX], trial.fz, strict=False))
        for name in names:
            whole[name].append(rows[name] if name in rows else rng.normal(0.0, sd, trial.samples))
            under[name].append(_measured_cop(trial, name))
        position += trial.samples
        after: list[tuple[Mapping[str, Floats], float]] = [({}, pause)]
        if test not in ALONE:
            after.insert(0, (moving(STEP_OFF, False), STEP_OFF))
        for parts, seconds in after:
            add(parts, round(seconds * rate), sd, zero)
            position += round(seconds * rate)
    return Session(
        rate=rate,
        force={name: np.concatenate(parts) for name, parts in whole.items()},
        cop={name: np.concatenate(parts) for name, parts in under.items()},
        jumps=tuple(placed),
    )


def _with_joints(
    test: str, seed: int, rate: float, carriers: Sequence[str], quiet: float, settings: Mapping[str, Any]
) -> tuple[Trial, dict[str, Any]]:
    """A jump of the athlete with joints on as many plates as carry feet, and its facts as of the other athlete."""
    from hipdrive.acquisition.simulated.linkage import simulate_motion

    trial = simulate_motion(test, seed=seed, rate=rate, quiet=quiet, **settings)
    assert trial.truth is not None
    mass = float(trial.truth.settings["mass"])
    values = {**trial.truth.values, "system_weight": mass * G}
    truth = dataclasses.replace(trial.truth, values=MappingProxyType(values))
    fz = trial.fz if len(carriers) == 2 else trial.fz.sum(axis=0, keepdims=True)
    held = dataclasses.replace(trial, fz=fz, plates=tuple(carriers), raw=(), components={}, tracks=(), clocks={},
                               truth=truth)  # fmt: skip
    return held, {**trial.truth.settings, "left_share": 0.5, "offset": 0.0}


def _measured_cop(trial: Trial, plate: str) -> Floats:
    """Where the trial has the centre of pressure about its mean, (n, 2); NaN where it says nothing."""
    path = np.full((trial.samples, 2), np.nan)
    for column, axis in enumerate(("copx", "copy")):
        given = trial.components.get(f"{plate}.{axis}")
        if given is not None and np.isfinite(given).any():
            path[:, column] = given - np.nanmean(given)
    return path


def load(plate: Any, fz: Floats, cop: Floats, rate: float) -> hardware.Wrench:
    """The load of a foot: its centre of pressure, which wanders where nothing is known, and a little force sideways."""
    t = np.arange(len(fz)) / rate
    x, y = plate.position_m
    wandering = np.column_stack([0.012 * np.sin(1.9 * t), 0.008 * np.sin(2.3 * t + 1.0)])
    path = np.where(np.isnan(cop), wandering, cop)
    return hardware.Wrench(fz=fz, fx=0.02 * fz, fy=(0.01 if y <= 0.0 else -0.01) * fz,
                           copx=x + path[:, 0], copy=y + path[:, 1], tz=0.001 * fz)  # fmt: skip


class Room:
    """The stand-in devices of a rig with an athlete; nidaqmx talks to them while any of its sources is open."""

    def __init__(self, engine: Engine, played: Session | None) -> None:
        self.engine, self.played = engine, played
        self._open = contextlib.ExitStack()
        self._users = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        """One more source is open."""
        with self._lock:
            if not self._users:
                self._open.enter_context(installed(self.engine))
                lent.append(self)
            self._users += 1

    def leave(self) -> None:
        """One source less."""
        with self._lock:
            self._users -= 1
            if not self._users:
                lent.remove(self)
                self._open.close()


class SimulatedSource(NidaqSource):
    """A `NidaqSource` on a stand-in device; the driver is the only part that is not the real one."""

    real = False

    def __init__(self, room: Room, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.room = room
        self._inside = False

    def open(self) -> None:
        """As with a real device; nidaqmx must not talk to real ones meanwhile."""
        if self._inside:
            return
        self.room.enter()
        self._inside = True
        super().open()
        self.info = dataclasses.replace(self.info, identity={**self.info.identity, "driver": "simulated"})

    def close(self) -> None:
        """Give nidaqmx back."""
        super().close()
        if self._inside:
            self._inside = False
            self.room.leave()

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        """The true answers of the jump in this stretch."""
        return self.room.played.truth(first_sample, samples) if self.room.played else None


def sources(
    rig: Rig,
    *,
    test: str = "dj",
    seed: int = 0,
    engine: Engine | None = None,
    clock: Clock | None = None,
    free_run: bool = False,
    finite: int | None = None,
    fault: str | None = None,
    following: Sequence[str] = (),
    **settings: Any,
) -> Iterator[SimulatedSource]:
    """A source for each simulated device of a rig, with an athlete on its plates.

    engine : devices of your own, which then see what you give them and no athlete. clock, free_run : of the engine,
    see there. fault : what goes wrong and when, see `trouble`. following : tests that the athlete does one after the
    other, in place of `test`. settings : as `session` takes them.

    Raises
    ------
    UsageError : the plates' devices have different rates.
    """
    if following:
        from hipdrive.acquisition.simulated import following as another

        yield from another.following(rig, following, clock=clock)
        return
    room = Room(*_furnished(rig, test, seed, clock, free_run, settings)) if engine is None else Room(engine, None)
    if fault is not None:
        room.engine.faults = faults(fault, rig.device(rig.plates[0].device).rate_hz)
    room.engine.wires |= wires(rig)
    made: dict[str, SimulatedSource] = {}
    for device in leads_first(rig):
        made[device.id] = SimulatedSource(room, device, rig.channels(device.id), lines=lines_of(rig, device.id),
                                          finite=finite, lead=made.get(device.clock or ""))  # fmt: skip
    yield from (made[device.id] for device in rig.devices)


def wires(rig: Rig) -> dict[str, str]:
    """The wires from outputs to inputs that a rig speaks of: where each ends -> where it comes from."""
    found = {}
    for one in rig.devices:
        if one.clock is not None and one.clock_in is not None and one.clock_by == "sample_clock":
            lead = rig.device(one.clock)
            found[f"/{one.name}/{one.clock_in}"] = f"/{lead.name}/{lead.clock_out}"
    for lamp in rig.sync:
        if lamp.line is not None:
            name = rig.device(lamp.device).name
            found[f"/{name}/{lamp.terminal or lamp.analog}"] = f"/{name}/{lamp.line}"
    return found


def _furnished(
    rig: Rig, test: str, seed: int, clock: Clock | None, free_run: bool, settings: Mapping[str, Any]
) -> tuple[Engine, Session]:
    """The devices of a rig with an athlete on its plates."""
    rates = {rig.device(plate.device).rate_hz for plate in rig.plates}
    if len(rates) > 1:
        raise UsageError("rates", f"{rig.name}: the plates' devices sample at different rates "
                         f"({', '.join(f'{rate:g}' for rate in sorted(rates))} Hz); give them one rate_hz")  # fmt: skip
    rate = float(rates.pop())
    played = session([plate.id for plate in rig.plates], test, rate=rate, seed=seed, **settings)
    played = dataclasses.replace(played, gun=rig.start_signal is not None)
    engine = Engine([_device(rig, device, played) for device in rig.devices], clock=clock, free_run=free_run)
    signal = rig.start_signal
    if signal is not None and signal.line is not None:
        lasting = played.samples / played.rate
        laps = lasting * np.arange(np.ceil(FILMED / lasting))
        shots = np.ravel(laps[:, np.newaxis] + played.shots)
        engine.devices[rig.device(signal.device).name].after_start[signal.line] = shots
    for camera in rig.cameras:
        if camera.direction == "out":
            continue
        edges = engine.clock.now() + (np.arange(FILMED * (camera.fps or 240.0)) + 0.5) / (camera.fps or 240.0)
        engine.devices[rig.device(camera.device).name].edges[camera.terminal] = edges
    return engine, played


def _device(rig: Rig, device: Any, played: Session) -> SimDevice:
    """A device whose inputs see the plates."""
    channels = rig.channels(device.id)
    model = MODELS.get(device.product or "", MODELS["stand-in"])
    if device.product and device.product not in MODELS:
        model = dataclasses.replace(model, product=device.product)
    values = np.zeros((1 + max((number(one.terminal) for one in channels), default=0), played.samples))
    place = {one.role: number(one.terminal) for one in channels}
    for plate in rig.plates:
        if plate.device == device.id:
            volts = hardware.volts(plate, load(plate, played.force[plate.id], played.cop[plate.id], played.rate))
            for role, row in zip(plate.roles, volts, strict=True):
                values[place[f"{plate.id}.{role}"]] = row
    if "gun" in place and rig.start_signal is not None:
        convert = model.convert_rate(float(device.rate_hz), len(channels))
        late = 0.0 if convert is None else [one.role for one in channels].index("gun") / convert
        values[place["gun"]] = start_signal(rig.start_signal, played, late)
    return SimDevice(name=device.name, model=model, serial=_serial(device.serial),
                     signal=Analogue(values, float(device.rate_hz)))  # fmt: skip


def start_signal(signal: StartSignal, played: Session, late: float = 0.0) -> Floats:
    """What an analogue start signal shows, V: a step at the gun, or its sound when that has come to the microphone.

    late : s after the sample clock at which the board converts this channel.
    """
    level = signal.level_v or 1.0
    since = np.arange(played.samples)[:, np.newaxis] / played.rate + late - played.shots
    if not signal.microphone:
        on = ((since >= 0.0) & (since < 0.1)).any(axis=1)
        return np.where(on if signal.edge == "rising" else ~on, 2.0 * level, 0.0)
    speed = 331.3 * np.sqrt(1.0 + signal.temperature_c / 273.15)
    since = np.where(since >= (signal.distance_m or 0.0) / speed, since - (signal.distance_m or 0.0) / speed, np.inf)
    noise = np.random.default_rng(7).normal(0.0, 0.003 * level, played.samples)
    with np.errstate(invalid="ignore"):  # of a sound that has not come
        blast = np.where(np.isinf(since), 0.0, np.exp(-since / 0.02) * np.cos(2.0 * np.pi * 180.0 * since))
    return np.asarray(3.0 * level * blast.sum(axis=1) + noise)


def number(terminal: str) -> int:
    """Which input a terminal is.

    >>> number("ai12")
    12
    """
    return int(terminal.lower().removeprefix("ai"))


def _serial(text: str | None) -> int:
    try:
        return int(text or "1A2B3C", 16)
    except ValueError:
        return 0x1A2B3C
