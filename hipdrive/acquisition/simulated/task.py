"""A task of the stand-in driver: channels, a sample clock, a buffer, a counter, and what goes wrong."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.codes import (
    GONE,
    NO_TASK,
    NO_VALUE,
    OVERWRITTEN,
    PAST_THE_END,
    RATE_TOO_HIGH,
    RESERVED,
    TIMEOUT,
    DriverError,
)
from hipdrive.acquisition.simulated.device import (
    Analogue,
    Codes,
    Counts,
    Floats,
    Moving,
    SimDevice,
    coefficients,
    digitise,
    polynomial,
)

if TYPE_CHECKING:
    from hipdrive.acquisition.simulated.engine import Engine

CONTINUOUS, FINITE = 10123, 10178

LOGIC = 5.0
"""V of a digital line that is high."""


@dataclass(kw_only=True)
class Channel:
    """A channel in a task."""

    name: str
    terminal: str
    index: int
    measures: str = "voltage"
    low: float = -10.0
    high: float = 10.0
    limit: float = 10.0
    excitation: float = 1.0
    attributes: dict[int, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Faults:
    """What goes wrong, by the number of the sample at which it does; each happens once."""

    unplug_at: int | None = None
    overflow_at: int | None = None
    clock_stops_at: int | None = None
    error_at: tuple[int, int] | None = None
    stall_s: float = 0.0


@dataclass(frozen=True)
class Pulses:
    """What a counter makes: ticks of a timebase (Hz) before the first pulse, low and high; at rest high or low."""

    timebase: float
    delay: int
    low: int
    high: int
    idle_high: bool


class Task:
    """Channels, a sample clock and a buffer."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self.changed = threading.Condition(threading.RLock())
        self.channels: list[Channel] = []
        self.device: SimDevice | None = None
        self.kind = ""
        self.rate, self.mode, self.per_channel, self.clock_source = 1000.0, 0, 1000, ""
        self.falling = False
        self.pulses: Pulses | None = None
        self.buffer: int | None = None
        self.trigger: str = ""
        self.attributes: dict[tuple[str, int], Any] = {}
        self.running = False
        self.started: float | None = None
        self.final: int | None = None
        self.position = 0
        self._codes: Counts | None = None
        self.clocked = 0
        """How many edges the sample clock, here or elsewhere, had made when this task was started."""

    # --- life ---

    def start(self) -> None:
        """Begin to sample, or to wait for the start trigger."""
        with self.changed:
            device = self.plugged()
            if self.kind == "ai":
                self._check_rate(device)
                for other in self.engine.tasks.values():
                    if other is not self and other.running and other.kind == "ai" and other.device is device:
                        raise DriverError(RESERVED)
                self._codes = None if isinstance(device.signal, Moving) else self._converted(device)
            self.position, self.final = 0, None
            self.clocked = self.engine.clock_edges(self.lead() or device)
            self.running = True
            self.started = None if self.trigger else self.engine.clock.now()
        self._tell()

    def trigger_now(self, at: float | None = None) -> None:
        """The edge that a task with a start trigger waits for."""
        with self.changed:
            if not self.running or self.started is not None:
                return
            self.started = self.engine.clock.now() if at is None else at
            self.changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        """A device that begins raises a signal that others can wait for."""
        if self.kind == "ai" and self.started is not None and self.device is not None:
            self.engine.trigger(f"/{self.device.name}/ai/StartTrigger", self.started)

    def stop(self) -> None:
        """End sampling; what was acquired can still be read."""
        with self.changed:
            with self.engine.lock:  # so that who counts the edges of our clock counts each once
                if self.running:
                    self.final = self.acquired()
                    if self.device is not None and self.clocks(self.device):
                        self.device.clocked += self.final
                self.running = False
            self.changed.notify_all()

    def done(self) -> bool:
        """Whether nothing more will be sampled."""
        with self.changed:
            return not self.running or (self.mode == FINITE and self.acquired() >= self.per_channel)

    def plugged(self) -> SimDevice:
        """The device, which has to be there."""
        if self.device is None:
            raise DriverError(NO_TASK, "no channels")
        if not self.device.present:
            raise DriverError(GONE, f"Device Specified: {self.device.name}")
        return self.device

    # --- clock ---

    def lead(self) -> SimDevice | None:
        """The device whose sample clock this task samples on; None where that is its own."""
        if self.kind != "ai" or not self.clock_source or self.device is None:
            return None
        return self.engine.route(self.clock_source, self.device)

    def clocks(self, device: SimDevice) -> bool:
        """Whether this task makes the sample clock of a device just now."""
        return self.running and self.kind == "ai" and self.device is device and not self.clock_source

    def speed(self) -> float:
        """Seconds of the device in one second, by its own oscillator or by the reference that it is locked to."""
        assert self.device is not None
        reference = str(self.attributes.get(("Timing", 0x1316), ""))
        device = self.engine.devices.get(reference.strip("/").partition("/")[0], self.device)
        return 1.0 if reference.startswith("PXI") else 1.0 + 1e-6 * device.ppm

    def instants(self, first: int, samples: int) -> Floats:
        """When samples are taken, s on the clock of the engine."""
        lead = self.lead()
        if lead is None:
            started = self.started if self.started is not None else self.engine.clock.now()
            return started + np.arange(first, first + samples) / (self.rate * self.speed())
        task = next(task for task in self.engine.tasks.values() if task.kind == "ai" and task.device is lead)
        return task.instants(first + self.clocked - task.clocked, samples)

    def _check_rate(self, device: SimDevice) -> None:
        wanted = self.rate * (1 if device.model.simultaneous else len(self.channels))
        if wanted > device.model.max_rate * 1.0001 and not self.engine.free_run:
            raise DriverError(RATE_TOO_HIGH, f"Requested: {wanted:g} S/s, maximum: {device.model.max_rate:g} S/s")

    def _converted(self, device: SimDevice) -> Counts:
        """What the converter makes of the signal at the terminals: (channels of the task, period)."""
        signal = device.signal
        if isinstance(signal, Analogue):
            if abs(signal.rate - self.rate) > 1e-9 * self.rate:
                raise DriverError(NO_VALUE, f"the signal at the terminals is known at {signal.rate:g} Hz only")
            open_input = np.zeros(signal.values.shape[1])
            inputs = {one.index: signal.values[one.index] for one in self.channels if one.index < len(signal.values)}
            return np.stack([digitise(inputs.get(one.index, open_input), self.scaling(one), device.model.bits)
                             for one in self.channels])  # fmt: skip
        assert isinstance(signal, Codes)
        return np.asarray(signal.values[[one.index for one in self.channels]])

    def scaling(self, one: Channel) -> Floats:
        """The polynomial of a channel."""
        assert self.device is not None
        return coefficients(self.device.model, one.index, one.limit, one.measures, one.excitation)

    # --- samples ---

    def buffer_size(self) -> int:
        """Samples a channel that the driver holds, by NI's table where nobody asked for more."""
        if self.buffer:
            return self.buffer
        if self.mode == FINITE:
            return self.per_channel
        steps = ((100.0, 1_000), (10_000.0, 10_000), (1e6, 100_000))
        return max(next((size for rate, size in steps if self.rate <= rate), 1_000_000), self.per_channel)

    def acquired(self) -> int:
        """Samples a channel so far."""
        if not self.running:
            return self.final or 0
        if self.kind == "ci":
            return len(self._edges())
        if self.started is None:
            return 0
        if self.engine.free_run:
            count = self.position + 10**9
        elif self.kind == "ai" and self.clock_source:
            lead = self.lead()
            count = self.engine.clock_edges(lead) - self.clocked if lead is not None else 0
        else:
            count = int((self.engine.clock.now() - self.started) * self.rate * self.speed() + 1e-6)
        if self.mode == FINITE:
            count = min(count, self.per_channel)
        faults = self.engine.faults
        if self.kind == "ai" and faults.clock_stops_at is not None:
            count = min(count, faults.clock_stops_at)
        if self.kind == "ai" and faults.unplug_at is not None and count >= faults.unplug_at:
            assert self.device is not None
            self.device.present = False
            count = faults.unplug_at
        return count

    def take(self, wanted: int, timeout: float) -> tuple[int, int, int]:
        """Take samples out of the buffer: first, number and error code (with a time-out: what there was)."""
        if self.engine.faults.stall_s:
            time.sleep(self.engine.faults.stall_s)
        deadline = None if timeout < 0 else time.monotonic() + timeout
        with self.changed:
            if not self.running and self.final is None:
                self.start()  # a read starts the task
            if not self.mode:  # without a sample clock each read converts on demand
                self.plugged()
                self.position += wanted
                return self.position - wanted, wanted, 0
            while True:
                there = self.acquired() - self.position
                self._fail(wanted, there)
                if there >= wanted:
                    return self._advance(wanted, 0)
                self.plugged()
                if not self.running or (self.mode == FINITE and self.acquired() >= self.per_channel):
                    return self._advance(there, PAST_THE_END)
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return self._advance(there, TIMEOUT)
                needed = (wanted - there) / self.rate
                self.engine.clock.wait(self.changed, needed if left is None else min(needed, left))

    def _advance(self, samples: int, code: int) -> tuple[int, int, int]:
        self.position += samples
        return self.position - samples, samples, code

    def _fail(self, wanted: int, there: int) -> None:
        faults = self.engine.faults
        if faults.error_at and self.position + wanted > faults.error_at[0]:
            code, faults.error_at = faults.error_at[1], None
            raise DriverError(code)
        forced = faults.overflow_at is not None and self.position >= faults.overflow_at
        if forced:
            faults.overflow_at = None
        full = not self.engine.free_run and self.mode == CONTINUOUS and self.kind == "ai"
        if forced or (full and there > self.buffer_size()):
            raise DriverError(OVERWRITTEN, f"acquired {self.position + there}, position {self.position}, "
                              f"buffer {self.buffer_size()}")  # fmt: skip

    def counts(self, first: int, out: Counts) -> None:
        """Copy samples into `out`, shape (channels, samples)."""
        self._copy(first, out)
        for place, one in enumerate(self.channels) if self.engine.wires else ():
            wire = self.engine.wires.get(f"/{one.terminal}")  # an input that an output of ours is brought to
            if wire is not None and self.device is not None:
                high = self.engine.level(wire, self.instants(first, out.shape[1]) + self.skew(place))
                out[place] = digitise(LOGIC * high, self.scaling(one), self.device.model.bits)

    def skew(self, place: int) -> float:
        """S from the sample clock to the conversion of a channel: a multiplexed board takes one after the other."""
        assert self.device is not None
        convert = self.device.model.convert_rate(self.rate, len(self.channels))
        return 0.0 if convert is None else place / convert

    def _copy(self, first: int, out: Counts) -> None:
        if self.device is not None and isinstance(self.device.signal, Moving):
            times = self.instants(first, out.shape[1])
            for place, (row, one) in enumerate(zip(out, self.channels, strict=True)):
                volts = self.device.signal.volts(times + self.skew(place))[one.index]
                row[:] = digitise(volts, self.scaling(one), self.device.model.bits)
            return
        if self._codes is None:
            self._codes = self._converted(self.plugged())
        period, done, wanted = self._codes.shape[1], 0, out.shape[1]
        while done < wanted:
            place = (first + done) % period
            piece = min(period - place, wanted - done)
            out[:, done : done + piece] = self._codes[:, place : place + piece]
            done += piece

    def volts(self, first: int, out: Floats) -> None:
        """Copy samples scaled by each channel's polynomial."""
        dtype = np.int16 if self.plugged().model.bits == 16 else np.int32
        raw = np.empty(out.shape, dtype)
        self.counts(first, raw)
        for row, counts, one in zip(out, raw, self.channels, strict=True):
            row[:] = polynomial(self.scaling(one), counts.astype(np.float64))

    # --- counters ---

    def _edges(self) -> Floats:
        """When the clock terminal of a counter rose since the counter was armed, s from then."""
        assert self.device is not None
        armed = self._armed()
        if armed is None:
            return np.empty(0)
        terminal = self.clock_source.rpartition("/")[2]
        times = self.engine.edges(self.device, terminal, armed, falling=self.falling)
        first, last = np.searchsorted(times, [armed, self.engine.instant(self.device)], side="right")
        return np.asarray(times[first:last] - armed)

    def pulsed(self) -> str:
        """The terminal that pulses come out at, as `/Dev1/PFI4`; empty where none are made."""
        return str(self.channels[0].attributes.get(0x18E1, "")) if self.pulses is not None and self.running else ""

    def pulse_edges(self, falling: bool) -> Floats:
        """When the pulses that were made so far rise or fall, s on the clock of the engine."""
        assert self.pulses is not None
        assert self.device is not None
        if self.started is None:
            return np.empty(0)
        made, tick = self.pulses, 1.0 / (self.pulses.timebase * self.speed())
        first, other = (made.low, made.high) if made.idle_high else (made.high, made.low)
        number = max(
            0, int((self.engine.instant(self.device) - self.started) / tick - made.delay) // (first + other) + 1
        )
        ticks = made.delay + np.arange(number, dtype=np.float64) * (first + other)
        return self.started + (ticks + (0 if falling is made.idle_high else first)) * tick

    def _armed(self) -> float | None:
        """When counting began: with the analogue task of the device, if the counter is armed by it."""
        if not str(self.attributes.get(("Trig", 0x1417), "")).endswith("ai/StartTrigger"):
            return self.started
        starts = [task.started for task in self.engine.tasks.values()
                  if task.kind == "ai" and task.device is self.device and task.running]  # fmt: skip
        return starts[0] if starts else None

    def ticks(self, first: int, samples: int) -> NDArray[np.uint32]:
        """Ticks of the counted terminal at each edge of the clock terminal."""
        counted = self.channels[0].attributes.get(0x18C7, "")
        rate = timebase(str(counted)) * self.speed()
        ticks = np.floor(self._edges()[first : first + samples] * rate + 1e-9).astype(np.uint64)
        return (ticks & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def timebase(terminal: str) -> float:
    """Hz of an internal timebase by its name.

    >>> timebase("/Dev1/20MHzTimebase"), timebase("100kHzTimebase")
    (20000000.0, 100000.0)
    """
    found = re.search(r"(\d+)([kM])HzTimebase$", terminal)
    if not found:
        raise DriverError(NO_VALUE, f"the stand-in driver counts timebases only, not {terminal!r}")
    return float(found[1]) * {"k": 1e3, "M": 1e6}[found[2]]
