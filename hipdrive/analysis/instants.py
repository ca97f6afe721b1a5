"""When the start signal, an exposure or a change of a lamp was: on the force clock, with its 95 % uncertainty.

A trial holds edges that a counter stamped and signals that were sampled with the forces; what they mean stands in the
rig that is stored with it. So the answer needs no device, and a file gives the same one for ever.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hipdrive.trial import Edges, Floats, Locked, Signal, Trial, read_only

GUN, OFF = "gun", ".off"
"""Name of the start signal (CONTRACTS: names), and what stands behind that of a sync line where it goes off."""

HALF = 0.475
"""95 % of what is spread evenly over one step lie within so much of its middle."""

APART = 0.1
"""s of silence before a start signal that is another one."""

RISE = 0.02
"""s in which a sound grows from the noise to its level."""

QUIET = 6.0
"""Robust standard deviations of the noise that a sample of silence stays within."""

HUMIDITY = 0.004
"""Share of the speed of sound by which damp air is faster."""

LARGEST = 1_000_000
"""Characters of a rig; what is longer was not written by a person."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Instants(Locked):
    """When something happened, s from the first sample.

    kind : `start`, `exposure`, `lamp` or `edge` (of a line that the rig does not explain).
    times : ndarray, shape (n,): start signal given, exposure begun, lamp gone on. off : lamp gone off.
    u95 : 95 % uncertainty of each, s; infinite where the line is on a device whose clock is not that of the forces.
    width : how long each exposure lasts, s, NaN where nobody said.
    method : `counter` (stamped), `pulse` (made by a counter of ours), `level` (a sampled input that crossed a level),
        `sound` (a microphone, with the way of the sound taken off).
    """

    name: str
    kind: str
    times: Floats
    u95: float
    method: str
    off: Floats
    width: float = math.nan

    def __post_init__(self) -> None:
        """Lock the times."""
        for name in ("times", "off"):
            object.__setattr__(self, name, read_only(getattr(self, name)))


NONE = np.empty(0)


def instants(trial: Trial) -> dict[str, Instants]:
    """Everything that the force clock has seen beside the forces: name -> when; `gun` is the start signal.

    >>> from hipdrive.trial import Edges, Trial
    >>> trial = Trial(fz=np.zeros((1, 1000)), rate=1000.0, edges=(Edges(name="gun", ticks=[5_000_000], rate=20e6),))
    >>> found = instants(trial)["gun"]
    >>> found.kind, found.times, found.u95, found.method
    ('start', array([0.25]), 5e-08, 'counter')
    """
    rig = _parsed(trial.rig)
    cameras, lamps = _tables(rig, "cameras"), _tables(rig, "sync")
    start = rig.get("start_signal")
    start = start if isinstance(start, dict) else {}
    found = {}
    for signal in trial.signals:
        signal = replace(signal, t0=signal.t0 + _skew(trial, signal.name))
        if signal.name == GUN:
            found[GUN] = _gun(signal, start)
        elif signal.name in lamps:
            found[signal.name] = _lamp_level(signal, lamps[signal.name])
    stamped = {edges.name: edges for edges in trial.edges}
    found |= _stamped(stamped, cameras, lamps)
    said = {GUN: start, **cameras, **lamps}
    return {name: replace(one, u95=math.inf) if _elsewhere(rig, said.get(name, {})) else one
            for name, one in found.items()}  # fmt: skip


def _skew(trial: Trial, role: str) -> float:
    """S from the sample clock to the conversion of a channel, where a multiplexed board takes one after the other."""
    for raw in trial.raw:
        convert = raw.identity.get("conv_rate_hz")
        if role in raw.roles and isinstance(convert, int | float) and convert >= raw.rate:
            return raw.roles.index(role) / float(convert)
    return 0.0


def _stamped(
    stamped: Mapping[str, Edges], cameras: Mapping[str, Mapping[str, Any]], lamps: Mapping[str, Mapping[str, Any]]
) -> dict[str, Instants]:
    """What counters stamped, by the name of the line."""
    found = {}
    for name, edges in stamped.items():
        if name in cameras:
            found[name] = _exposures(edges, cameras[name])
        elif not (name.endswith(OFF) and name.removesuffix(OFF) in stamped):
            off = stamped.get(name + OFF)
            kind = "start" if name == GUN else "lamp" if name in lamps else "edge"
            found[name] = Instants(name=name, kind=kind, times=edges.times, u95=1.0 / edges.rate, method="counter",
                                   off=NONE if off is None else off.times)  # fmt: skip
    return found


# --- what the rig says ---


def _parsed(text: str) -> Mapping[str, Any]:
    """The tables of a rig; none where it cannot be read: a file may come from anywhere."""
    if len(text) > LARGEST:
        return {}
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _tables(rig: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    """The tables of a list by their id."""
    rows = rig.get(name)
    named = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {row["id"]: row for row in named if isinstance(row.get("id"), str)}


def _number(table: Mapping[str, Any], key: str, default: float) -> float:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return float(value) if abs(value) <= 1e12 else default  # no quantity of a rig is larger; NaN is none


def _elsewhere(rig: Mapping[str, Any], line: Mapping[str, Any]) -> bool:
    """Whether a line is on a device whose clock has nothing to do with that of the first plate's."""
    devices, plates = _tables(rig, "devices"), list(_tables(rig, "plates").values())
    if "device" not in line or not plates:
        return False
    own, main = line["device"], plates[0].get("device")
    if not isinstance(own, str) or not isinstance(main, str) or not {own, main} <= devices.keys():
        return False
    return bool(devices[own].get("clock", own) != devices[main].get("clock", main))


# --- edges ---


def _exposures(edges: Edges, camera: Mapping[str, Any]) -> Instants:
    """When exposures begin: the edges, and the camera's delay after each."""
    delay, u95 = _number(camera, "delay_ms", 0.0) / 1e3, _number(camera, "delay_u95_ms", 0.0) / 1e3
    return Instants(
        name=edges.name,
        kind="exposure",
        times=edges.times + delay,
        u95=math.hypot(1.0 / edges.rate, u95),
        method="pulse" if camera.get("direction") == "out" else "counter",
        off=NONE,
        width=_number(camera, "exposure_ms", math.nan) / 1e3,
    )


# --- levels ---


def _lamp_level(signal: Signal, lamp: Mapping[str, Any]) -> Instants:
    """A line that was sampled: it changed somewhere between two samples."""
    level = _number(lamp, "level_v", math.nan)
    on = signal.values >= level
    rising = lamp.get("edge") != "falling"
    starts, ends = _changes(on if rising else ~on & np.isfinite(signal.values))
    return Instants(name=signal.name, kind="lamp", times=_between(signal, starts), u95=HALF / signal.rate,
                    method="level", off=_between(signal, ends))  # fmt: skip


def _gun(signal: Signal, start: Mapping[str, Any]) -> Instants:
    """A start signal by what the rig says of it; without a rig, what swings to both sides is a sound."""
    if start.get("microphone") is True:
        return _sound(signal, start)
    if not start and len(signal.values):
        middle, spread = _noise(signal.values)
        up, down = float(signal.values.max()) - middle, middle - float(signal.values.min())
        if min(up, down) > max(0.3 * max(up, down), 2.0 * QUIET * spread):
            return _sound(signal, {"level_v": 0.5 * max(up, down), "distance_u95_m": 0.0})
    return _voltage(signal, start)


def _voltage(signal: Signal, start: Mapping[str, Any]) -> Instants:
    """The first crossing of the level, and later ones after a pause; without a level, of half of the way."""
    level = _number(start, "level_v", math.nan)
    values = signal.values
    if math.isnan(level) and len(values):
        middle, spread = _noise(values)
        top = float(np.max(values))
        level = 0.5 * (middle + top) if top - middle > QUIET * spread and top > middle else math.inf
    active = values <= level if start.get("edge") == "falling" else values >= level
    starts = _apart(active, signal.rate)
    return Instants(name=GUN, kind="start", times=_between(signal, starts), u95=HALF / signal.rate, method="level",
                    off=NONE)  # fmt: skip


def _changes(active: Any) -> tuple[Any, Any]:
    """Samples at which something begins and ceases; what is on at the first sample began before it."""
    steps = np.diff(np.asarray(active, dtype=np.int8))
    return np.flatnonzero(steps == 1) + 1, np.flatnonzero(steps == -1) + 1


def _apart(active: Any, rate: float) -> Any:
    """Samples at which something begins after it was off for a while."""
    starts, ends = _changes(active)
    if not len(active):
        return starts
    since = np.append(ends, -1 if active[0] else -math.inf)[np.searchsorted(ends, starts, side="right") - 1]
    return starts[starts - since >= APART * rate]


def _between(signal: Signal, samples: Any) -> Floats:
    """The middle between each sample and the one before it, s."""
    return np.asarray(signal.t0 + (np.asarray(samples, dtype=np.float64) - 0.5) / signal.rate)


def _noise(values: Floats) -> tuple[float, float]:
    """Middle and robust standard deviation."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


# --- sound ---


def _sound(signal: Signal, start: Mapping[str, Any]) -> Instants:
    """A loud sound: its first rise from the noise, less the time that it took from the gun to the microphone."""
    delay, u95 = flight(_number(start, "distance_m", 0.0), _number(start, "distance_u95_m", 0.1),
                        _number(start, "temperature_c", 20.0), _number(start, "temperature_u95_c", 5.0))  # fmt: skip
    level = _number(start, "level_v", math.inf)
    middle = float(np.median(signal.values)) if len(signal.values) else 0.0
    size = np.abs(signal.values - middle)
    starts = [_first_rise(size, int(at), signal.rate) for at in _apart(_held(size >= level, signal.rate), signal.rate)]
    return Instants(name=GUN, kind="start", times=_between(signal, starts) - delay, method="sound", off=NONE,
                    u95=math.hypot(HALF / signal.rate, u95))  # fmt: skip


def _held(loud: Any, rate: float) -> Any:
    """Loud samples and those shortly after one: a sound swings through zero."""
    last = np.maximum.accumulate(np.where(loud, np.arange(len(loud)), -1)) if len(loud) else np.empty(0, np.int64)
    return (last >= 0) & (np.arange(len(loud)) - last < RISE * rate)


def _first_rise(size: Floats, at: int, rate: float) -> int:
    """The first sample above the noise in the rise that reaches the level at a sample."""
    begin = max(0, at - round(RISE * rate))
    before = size[max(0, begin - round(rate)) : begin]
    if len(before) < 10:
        return at
    above = np.flatnonzero(size[begin : at + 1] > QUIET * 1.4826 * float(np.median(before)))
    return begin + int(above[0]) if len(above) else at


def flight(distance: float, distance_u95: float, celsius: float, celsius_u95: float) -> tuple[float, float]:
    """How long sound takes through air, s, and its 95 % uncertainty.

    >>> delay, u95 = flight(10.0, 0.1, 20.0, 5.0)
    >>> f"{1e3 * delay:.2f} ± {1e3 * u95:.2f} ms"
    '29.14 ± 0.40 ms'
    """
    kelvin = max(celsius + 273.15, 1.0)
    speed = 331.3 * math.sqrt(kelvin / 273.15)
    delay = distance / speed
    return delay, math.hypot(distance_u95 / speed, delay * 0.5 * celsius_u95 / kelvin, delay * HUMIDITY)
