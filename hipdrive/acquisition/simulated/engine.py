"""What the stand-in NI-DAQmx driver drives: devices, tasks, a sample clock, a buffer and faults.

It knows neither nidaqmx nor force plates. Rules that matter are NI's: the default buffer sizes, reads that time out
with what there is, samples that are overwritten when nobody reads them, and the error codes.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[Any]

OVERWRITTEN, TIMEOUT, PAST_THE_END = -200279, -200284, -200278
GONE, NO_DEVICE, NO_CHANNEL, NO_TASK, RESERVED = -201003, -200220, -200170, -200088, -50103
NO_PROPERTY, NO_VALUE, RATE_TOO_HIGH, SAME_NAME, NOT_DONE = -200452, -200077, -200081, -200089, -200560
SMALL_ARRAY, ONE_DEVICE = -200229, -200559

MESSAGES: Mapping[int, str] = {
    OVERWRITTEN: "The application is not able to keep up with the hardware acquisition.\nThe requested sample was "
    "previously available, but has since been overwritten.",
    TIMEOUT: "Some or all of the samples requested have not yet been acquired.",
    PAST_THE_END: "Attempted to read a sample beyond the final sample acquired.",
    GONE: "Device cannot be accessed. Device is no longer present in the system, or is not powered.",
    NO_DEVICE: "Device identifier is invalid.",
    NO_CHANNEL: "Physical channel specified does not exist on this device.",
    NO_TASK: "Task specified is invalid or does not exist.",
    RESERVED: "The specified resource is reserved.",
    NO_PROPERTY: "Specified property is not supported by the device or is not applicable to the task.",
    NO_VALUE: "Requested value is not a supported value for this property.",
    RATE_TOO_HIGH: "Sample rate exceeds the maximum sample rate for the number of channels specified.",
    SAME_NAME: "Specified task name is already in use.",
    NOT_DONE: "Wait Until Done did not indicate that the task was done within the specified timeout.",
    SMALL_ARRAY: "Buffer is too small to fit read data.",
    ONE_DEVICE: "The stand-in driver takes channels of one device in a task.",
}
"""Error code of NIDAQmx.h -> what the driver says."""

CONTINUOUS, FINITE = 10123, 10178


class DriverError(Exception):
    """What a C function returns as a negative number."""

    def __init__(self, code: int, detail: str = "") -> None:
        text = MESSAGES.get(code, "The stand-in driver was told to fail.")
        super().__init__(f"{text}{f' {detail}' if detail else ''}\n\nStatus Code: {code}")
        self.code = code


# --- time ---


class Clock(Protocol):
    """What drives the sample clock."""

    def now(self) -> float:
        """Seconds."""

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait, with the condition held, until it changes or the seconds are over."""


class RealClock:
    """The clock on the wall."""

    def now(self) -> float:
        """Seconds since some instant."""
        return time.perf_counter()

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait until the condition changes or the seconds are over."""
        changed.wait(max(seconds, 0.0))


class ManualClock:
    """Time that moves only when it is told to, so that a test decides which samples exist."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: set[threading.Condition] = set()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds advanced so far."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake whoever waits for samples."""
        with self._lock:
            self._now += seconds
            waiting = list(self._waiting)
        for changed in waiting:
            with changed:
                changed.notify_all()

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait for `advance`; the seconds bound it by the clock on the wall, as a time-out must end."""
        with self._lock:
            self._waiting.add(changed)
        changed.wait(min(max(seconds, 0.0), 0.05))


# --- devices ---


@dataclass(frozen=True, eq=False)
class Codes:
    """An input given as raw counts, shape (channels, period), repeated for ever."""

    values: Counts


@dataclass(frozen=True, eq=False)
class Analogue:
    """An input given as it is at the terminals, shape (channels, period), V or V/V at `rate`, repeated for ever.

    Inputs beyond the last row are open, at 0 V.
    """

    values: Floats
    rate: float


def ramp(channels: int, dtype: Any = np.int16) -> Codes:
    """Counts that name their own sample and channel, so that every lost, doubled or swapped sample shows.

    >>> ramp(2).values[:, :3].tolist()
    [[-32768, -32767, -32766], [-31768, -31767, -31766]]
    """
    samples = np.arange(65536) + 1000 * np.arange(channels)[:, np.newaxis]
    return Codes((samples % 65536 - 32768).astype(dtype))


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a product can do."""

    product: str
    inputs: int = 32
    bits: int = 16
    ranges: tuple[float, ...] = (0.2, 1.0, 5.0, 10.0)
    bridge_ranges: tuple[float, ...] = ()
    excitations: tuple[float, ...] = ()
    lines: int = 8
    counters: int = 2
    max_rate: float = 250e3
    simultaneous: bool = False
    bridge_in_volts: bool = False
    """Whether the polynomial of a bridge channel gives volts, to be divided by the excitation, instead of V/V."""


MODELS: Mapping[str, Model] = {
    one.product: one
    for one in (
        Model(product="USB-6218"),
        Model(product="USB-6210", inputs=16),
        Model(product="USB-6343", max_rate=500e3, lines=32, counters=4),
        Model(product="NI 9205", max_rate=250e3, lines=0, counters=0),
        Model(product="NI 9215", inputs=4, ranges=(10.0,), max_rate=100e3, simultaneous=True, lines=0, counters=0),
        Model(product="NI 9237", inputs=4, bits=24, ranges=(), bridge_ranges=(0.025,), max_rate=50e3,
              excitations=(2.5, 3.3, 5.0, 10.0), simultaneous=True, lines=0, counters=0),
        Model(product="stand-in", inputs=64, ranges=(0.2, 0.5, 1.0, 2.0, 5.0, 10.0), max_rate=1e6, simultaneous=True,
              bridge_ranges=(0.0078125, 0.025, 0.0625), excitations=(2.5, 3.3, 5.0, 10.0)),
    )
}  # fmt: skip
"""Product -> what it can do. `stand-in` is no product of anybody and can do what the others can."""


@dataclass(kw_only=True, eq=False)
class SimDevice:
    """A device that is plugged in; `signal` is what its inputs see, `edges` when its digital terminals rise (s)."""

    name: str = "Dev1"
    model: Model = MODELS["USB-6218"]
    serial: int = 0x1A2B3C
    signal: Codes | Analogue | None = None
    edges: dict[str, Floats] = field(default_factory=dict)
    present: bool = True
    outputs: int = 0
    inputs: int = 0

    def __post_init__(self) -> None:
        """Without a signal the inputs see the ramp."""
        if self.signal is None:
            self.signal = ramp(self.model.inputs, np.int16 if self.model.bits == 16 else np.int32)


def coefficients(
    model: Model, channel: int, limit: float, measures: str = "voltage", excitation: float = 1.0
) -> Floats:
    """c0..c3 from counts to V (of a bridge V/V or V), a little different for each channel as calibrations are.

    The device's range reaches 5 % beyond the nominal one, as those of NI do.
    """
    scale = 1.05 * limit / 2 ** (model.bits - 1)
    if measures == "bridge" and model.bridge_in_volts:
        scale *= excitation
    full = 2.0 ** (model.bits - 1)
    return np.array([scale * (2.0 + channel), scale * (1.0 + 1e-4 * (channel + 1)),
                     -3e-6 * scale / full, 5e-6 * scale / full**2])  # fmt: skip


def polynomial(coefficient: Floats, counts: Any) -> Any:
    """Counts -> volts."""
    c0, c1, c2, c3 = coefficient
    return c0 + counts * (c1 + counts * (c2 + counts * c3))


def digitise(values: Floats, coefficient: Floats, bits: int) -> Counts:
    """Volts -> counts: the polynomial inverted, rounded, and cut off at the end of the converter's range."""
    c0, c1, c2, c3 = coefficient
    x = (values - c0) / c1
    for _ in range(3):
        x -= (polynomial(coefficient, x) - values) / (c1 + x * (2.0 * c2 + x * 3.0 * c3))
    full = 2 ** (bits - 1)
    counts: Counts = np.clip(np.rint(x), -full, full - 1).astype(np.int16 if bits == 16 else np.int32)
    return counts


# --- tasks ---


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


class Task:
    """Channels, a sample clock and a buffer."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self.changed = threading.Condition(threading.RLock())
        self.channels: list[Channel] = []
        self.device: SimDevice | None = None
        self.kind = ""
        self.rate, self.mode, self.per_channel, self.clock_source = 1000.0, 0, 1000, ""
        self.buffer: int | None = None
        self.trigger: str = ""
        self.attributes: dict[tuple[str, int], Any] = {}
        self.running = False
        self.started: float | None = None
        self.final: int | None = None
        self.position = 0
        self._codes: Counts | None = None

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
                self._codes = self._converted(device)
            self.position, self.final = 0, None
            self.running = True
            self.started = None if self.trigger else self.engine.clock.now()
        self._tell()

    def trigger_now(self) -> None:
        """The edge that a task with a start trigger waits for."""
        with self.changed:
            if not self.running or self.started is not None:
                return
            self.started = self.engine.clock.now()
            self.changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        """A device that begins raises a signal that others can wait for."""
        if self.kind == "ai" and self.started is not None and self.device is not None:
            self.engine.trigger(f"/{self.device.name}/ai/StartTrigger")

    def stop(self) -> None:
        """End sampling; what was acquired can still be read."""
        with self.changed:
            if self.running:
                self.final = self.acquired()
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
        assert signal is not None
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
        else:
            count = int((self.engine.clock.now() - self.started) * self.rate + 1e-6)
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
        times = self.device.edges.get(self.clock_source.rpartition("/")[2], np.empty(0))
        first, last = np.searchsorted(times, [armed, self.engine.clock.now()], side="right")
        return np.asarray(times[first:last] - armed)

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
        rate = timebase(str(counted))
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


class Engine:
    """All that is plugged in, and every task.

    clock : what drives the sample clock. free_run : samples exist as soon as they are asked for.
    """

    def __init__(
        self, devices: Sequence[SimDevice] = (), *, clock: Clock | None = None, free_run: bool = False
    ) -> None:
        self.devices = {one.name: one for one in devices or [SimDevice()]}
        self.clock: Clock = clock or RealClock()
        self.free_run = free_run
        self.faults = Faults()
        self.tasks: dict[str, Task] = {}
        self.version = (25, 0, 0)
        self.calls: dict[str, int] = {}
        self._lock = threading.RLock()
        self._unnamed = 0

    def create(self, name: str) -> Task:
        """A new task."""
        with self._lock:
            if name in self.tasks:
                raise DriverError(SAME_NAME)
            if not name:
                name, self._unnamed = f"_unnamedTask<{self._unnamed}>", self._unnamed + 1
            task = self.tasks[name] = Task(self, name)
            return task

    def task(self, name: str) -> Task:
        """A task by its name."""
        if name not in self.tasks:
            raise DriverError(NO_TASK)
        return self.tasks[name]

    def clear(self, name: str) -> None:
        """End a task for good."""
        self.task(name).stop()
        del self.tasks[name]

    def device(self, name: str) -> SimDevice:
        """A device by its name, which has to be plugged in."""
        found = self.devices.get(name.strip("/"))
        if found is None:
            raise DriverError(NO_DEVICE, f"Device Specified: {name}")
        if not found.present:
            raise DriverError(GONE, f"Device Specified: {name}")
        return found

    def trigger(self, terminal: str) -> None:
        """Raise a digital terminal, of one device or of every device: tasks that wait for it start."""
        for task in list(self.tasks.values()):
            waits = task.trigger if terminal.startswith("/") else task.trigger.rpartition("/")[2]
            if task.trigger and waits.lower() == terminal.lower():
                task.trigger_now()

    def add(self, task: Task, kind: str, terminals: str, names: str = "", **facts: Any) -> None:
        """Add channels to a task; `Dev1/ai0:3` are four."""
        places = expand(terminals)
        given = expand(names) if names else []
        for place, terminal in enumerate(places):
            device = self.device(terminal.strip("/").partition("/")[0])
            limits = {"ai": device.model.inputs, "ci": device.model.counters}
            index, allowed = re.search(r"(\d+)$", terminal), limits.get(kind, device.model.lines)
            if index is None or int(index[1]) >= allowed:
                raise DriverError(NO_CHANNEL, f"Physical Channel Name: {terminal}")
            if task.device not in (None, device):
                raise DriverError(ONE_DEVICE)
            task.device, task.kind = device, kind
            name = given[place] if len(given) == len(places) else terminal
            one = Channel(name=name, terminal=terminal, index=int(index[1]), **facts)
            if kind == "ai":
                one.limit = self._range(device, one)
            task.channels.append(one)

    def _range(self, device: SimDevice, one: Channel) -> float:
        """The smallest range of the device that holds what was asked for."""
        bridge = one.measures == "bridge"
        if bridge and one.excitation not in device.model.excitations:
            raise DriverError(NO_VALUE, f"Property: AI.Excit.Val, requested: {one.excitation:g}")
        ranges = device.model.bridge_ranges if bridge else device.model.ranges
        wanted = max(abs(one.low), abs(one.high))
        fitting = [limit for limit in ranges if limit >= wanted * (1.0 - 1e-9)]
        if not fitting:
            raise DriverError(NO_VALUE, f"Property: AI.Max, requested: {wanted:g}, possible: {ranges}")
        return min(fitting)


def expand(names: str) -> list[str]:
    """Names that a list of NI's stands for.

    >>> expand("Dev1/ai0:2, Dev1/ai7")
    ['Dev1/ai0', 'Dev1/ai1', 'Dev1/ai2', 'Dev1/ai7']
    """
    found: list[str] = []
    for part in filter(None, (part.strip() for part in names.split(","))):
        span = re.fullmatch(r"(.*?)(\d+):(?:\D*?)(\d+)", part)
        if span:
            first, last = int(span[2]), int(span[3])
            step = 1 if last >= first else -1
            found += [f"{span[1]}{number}" for number in range(first, last + step, step)]
        else:
            found.append(part)
    return found
