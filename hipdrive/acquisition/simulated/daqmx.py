"""A stand-in for the NI-DAQmx driver below the real `nidaqmx` package: `with installed(engine): ...`.

The package loads a C library and calls its functions. This takes the place of that library, so everything above,
tasks, channels, readers, type checks of the arguments and error messages, is the code that runs with a device.
A function that is not here is missing as in an old driver, and nidaqmx says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from nidaqmx import _lib

from hipdrive.acquisition.simulated.codes import (
    MESSAGES,
    NO_CHANNEL,
    NO_PROPERTY,
    NO_TASK,
    NO_VALUE,
    NOT_DONE,
    SMALL_ARRAY,
    DriverError,
)
from hipdrive.acquisition.simulated.device import SimDevice
from hipdrive.acquisition.simulated.engine import Engine, expand
from hipdrive.acquisition.simulated.task import CONTINUOUS, FINITE, Channel, Pulses, Task, timebase
from hipdrive.errors import UsageError

TARGETS = {"Task": 1, "Chan": 2, "Read": 1, "Buffer": 1, "Timing": 1, "Trig": 1, "Write": 1, "Device": 1,
           "PhysicalChan": 1, "SystemInfo": 0}  # fmt: skip
"""Kind of attribute -> how many arguments name what it belongs to."""

VOLTS_PER_VOLT = 15896
KINDS = {"ai": 10100, "di": 10151, "do": 10153, "ci": 10131, "co": 10132}
MEASURED = {"voltage": 10322, "bridge": 15908}
COUNT_EDGES = 10125
PULSE_TICKS, IDLE_HIGH, FALLING = 10268, 10192, 10171
SAMPLE_CLOCK = 12487


class Function:
    """A C function as ctypes shows it: it has argument types and can be called."""

    def __init__(self, name: str, made: Callable[..., int | None], library: Driver) -> None:
        self.name, self.made, self.library = name, made, library
        self.argtypes: list[Any] | None = None
        self.arg_lock = threading.Lock()

    def __call__(self, *arguments: Any) -> int:
        """Check the arguments as ctypes does, then return the error code."""
        types = self.argtypes or []
        if len(arguments) < len(types):
            raise TypeError(f"{self.name} takes at least {len(types)} arguments ({len(arguments)} given)")
        for place, (kind, argument) in enumerate(zip(types, arguments, strict=False), 1):
            try:
                kind.from_param(argument)
            except (TypeError, ctypes.ArgumentError) as error:
                raise ctypes.ArgumentError(f"argument {place}: {type(error).__name__}: {error}") from None
        calls = self.library.engine.calls
        calls[self.name] = calls.get(self.name, 0) + 1
        try:
            return self.made(*arguments) or 0
        except DriverError as error:
            return self.library.failed(error)


class Driver:
    """The library: `DAQmx...` functions on an engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._said = threading.local()  # the driver, too, keeps the last error for each thread
        self._functions: dict[str, Function] = {}
        self._handles = itertools.count(0x1000)
        self._tasks: dict[int, str] = {}

    def __getattr__(self, name: str) -> Function:
        """A function by the name it has in the library; AttributeError where the driver has none."""
        if not name.startswith("DAQmx"):
            raise AttributeError(name)
        if name not in self._functions:
            self._functions[name] = Function(name, self._found(name), self)
        return self._functions[name]

    def _found(self, name: str) -> Callable[..., int | None]:
        if name[5:8] in ("Get", "Set") and name.endswith("Attribute"):
            kind = name[8:-9]
            if kind in TARGETS:
                return self._getter(kind) if name[5:8] == "Get" else self._setter(kind)
        made = getattr(type(self), f"_do_{name[5:]}", None)
        if made is None:
            raise AttributeError(name)
        return made.__get__(self)  # type: ignore[no-any-return]

    def failed(self, error: DriverError) -> int:
        """Keep what was said, and return the code."""
        self._said.text = str(error)
        return error.code

    # --- attributes ---

    def _getter(self, kind: str) -> Callable[..., int | None]:
        def get(*arguments: Any) -> int | None:
            target, attribute, out = self._target(kind, arguments)
            return give(self._read_attribute(kind, target, attribute), *out)

        return get

    def _setter(self, kind: str) -> Callable[..., int | None]:
        def put(*arguments: Any) -> None:
            target, attribute, given = self._target(kind, arguments)
            value = getattr(given[0], "value", given[0])
            self._write_attribute(kind, target, attribute, value.decode() if isinstance(value, bytes) else value)

        return put

    def _target(self, kind: str, arguments: tuple[Any, ...]) -> tuple[Any, int, tuple[Any, ...]]:
        """Task, device or (task, channels); the number of the attribute; what is left of the arguments."""
        count = TARGETS[kind]
        target: Any = None
        if kind in ("Device", "PhysicalChan"):
            target = plain(arguments[0])
        elif count:
            task = self._task(arguments[0])
            target = task if count == 1 else (task, plain(arguments[1]))
        return target, arguments[count], arguments[count + 1 :]

    def _read_attribute(self, kind: str, target: Any, attribute: int) -> Any:
        readers: dict[str, Callable[[], Any]] = {
            "SystemInfo": lambda: self._system(attribute),
            "Device": lambda: device_attribute(self.engine.device(target), attribute),
            "Task": lambda: task_attribute(target, attribute),
            "Read": lambda: read_attribute(target, attribute),
            "Buffer": lambda: {0x186C: target.buffer_size(), 0x230A: 4095}.get(attribute),
            "Timing": lambda: timing_attribute(target, attribute),
            "Chan": lambda: channel_attribute(*chosen(*target), attribute),
            "Write": lambda: {0x217F: 1, 0x217E: len(target.channels)}.get(attribute),
        }
        value = readers[kind]() if kind in readers else None
        if value is None and isinstance(target, Task):
            value = target.attributes.get((kind, attribute))
        if value is None:
            raise DriverError(NO_PROPERTY, f"{kind} attribute 0x{attribute:x}")
        return value

    def _system(self, attribute: int) -> Any:
        major, minor, update = self.engine.version
        present = ", ".join(name for name, one in self.engine.devices.items() if one.present)
        return {0x1272: major, 0x1923: minor, 0x2F22: update, 0x193B: present}.get(attribute)

    def _write_attribute(self, kind: str, target: Any, attribute: int, value: Any) -> None:
        if kind == "Chan":
            task, names = target
            for one in [c for c in task.channels if not names or c.name in expand(names)]:
                one.attributes[attribute] = value
        elif (kind, attribute) == ("Buffer", 0x186C):
            target.buffer = int(value)
        elif (kind, attribute) == ("Timing", 0x1344):
            target.rate = float(value)
        else:
            target.attributes[(kind, attribute)] = value

    # --- life of a task ---

    def _task(self, handle: Any) -> Task:
        value = getattr(handle, "value", handle)
        if value not in self._tasks:
            raise DriverError(NO_TASK)
        return self.engine.task(self._tasks[value])

    def _do_CreateTask(self, name: Any, reference: Any) -> None:
        task, handle = self.engine.create(plain(name)), next(self._handles)
        self._tasks[handle] = task.name
        put(reference, handle)

    def _do_ClearTask(self, handle: Any) -> None:
        self.engine.clear(self._task(handle).name)
        del self._tasks[getattr(handle, "value", handle)]

    def _do_StartTask(self, handle: Any) -> None:
        self._task(handle).start()

    def _do_StopTask(self, handle: Any) -> None:
        self._task(handle).stop()

    def _do_TaskControl(self, handle: Any, action: int) -> None:
        self._task(handle).plugged()

    def _do_IsTaskDone(self, handle: Any, reference: Any) -> None:
        put(reference, self._task(handle).done())

    def _do_WaitUntilTaskDone(self, handle: Any, timeout: float) -> None:
        task, end = self._task(handle), time.monotonic() + timeout
        while not task.done():
            if timeout >= 0 and time.monotonic() > end:
                raise DriverError(NOT_DONE)
            time.sleep(0.001)

    def _do_ResetDevice(self, name: Any) -> None:
        self.engine.device(plain(name))

    def _do_SetRuntimeEnvironment(self, *_: Any) -> None:
        pass

    def _do_GetErrorString(self, code: int, buffer: Any, size: int) -> None:
        buffer.value = MESSAGES.get(code, f"Stand-in error {code}").encode()[: size - 1]

    def _do_GetExtendedErrorInfo(self, buffer: Any, size: int) -> None:
        buffer.value = getattr(self._said, "text", "").encode()[: size - 1]

    # --- channels, clock and trigger ---

    def _do_CreateAIVoltageChan(
        self, handle: Any, terminals: Any, name: Any, config: int, low: float, high: float, units: int, scale: Any
    ) -> None:
        self.engine.add(self._task(handle), "ai", plain(terminals), plain(name), measures="voltage", low=low, high=high,
                        attributes={0x1097: config})  # fmt: skip

    def _do_CreateAIBridgeChan(
        self, handle: Any, terminals: Any, name: Any, low: float, high: float, units: int, bridge: int, source: int,
        excitation: float, resistance: float, scale: Any,
    ) -> None:  # fmt: skip
        if units != VOLTS_PER_VOLT:
            raise DriverError(NO_VALUE, "the stand-in driver measures bridges in V/V")
        self.engine.add(self._task(handle), "ai", plain(terminals), plain(name), measures="bridge", low=low, high=high,
                        excitation=excitation, attributes={0x17F5: excitation, 0x17EC: resistance})  # fmt: skip

    def _do_CreateDOChan(self, handle: Any, lines: Any, name: Any, grouping: int) -> None:
        self.engine.add(self._task(handle), "do", plain(lines), plain(name))

    def _do_CreateDIChan(self, handle: Any, lines: Any, name: Any, grouping: int) -> None:
        self.engine.add(self._task(handle), "di", plain(lines), plain(name))

    def _do_CreateCICountEdgesChan(
        self, handle: Any, counter: Any, name: Any, edge: int, initial: int, direction: int
    ) -> None:
        self.engine.add(self._task(handle), "ci", plain(counter), plain(name))

    def _do_CreateCOPulseChanTicks(
        self, handle: Any, counter: Any, name: Any, source: Any, idle: int, delay: int, low: int, high: int
    ) -> None:
        task = self._task(handle)
        if min(low, high) < 2 or delay < 0:
            raise DriverError(NO_VALUE, f"low {low}, high {high}, delay {delay} ticks")
        self.engine.add(task, "co", plain(counter), plain(name))
        task.pulses = Pulses(timebase(plain(source)), delay, low, high, idle == IDLE_HIGH)

    def _do_CfgImplicitTiming(self, handle: Any, mode: int, per_channel: int) -> None:
        self._task(handle).mode = mode

    def _do_CfgSampClkTiming(
        self, handle: Any, source: Any, rate: float, edge: int, mode: int, per_channel: int
    ) -> None:
        task = self._task(handle)
        if rate <= 0 or mode not in (CONTINUOUS, FINITE):
            raise DriverError(NO_VALUE, f"rate {rate:g} Hz, mode {mode}")
        task.clock_source, task.mode, task.per_channel = plain(source) or "", mode, int(per_channel)
        task.falling = edge == FALLING
        own = task.device if task.kind == "ai" and not task.clock_source else None
        task.rate = float(rate) if own is None else own.model.rate(float(rate))

    def _do_ExportSignal(self, handle: Any, signal: int, terminals: Any) -> None:
        if signal != SAMPLE_CLOCK:
            raise DriverError(NO_VALUE, "the stand-in driver puts out sample clocks only")
        for terminal in expand(plain(terminals)):
            self.engine.exported[terminal] = self._task(handle).plugged()

    def _do_CfgDigEdgeStartTrig(self, handle: Any, source: Any, edge: int) -> None:
        self._task(handle).trigger = plain(source)

    # --- samples ---

    def _read(self, arguments: tuple[Any, ...], copy: Callable[[Task, int, Any], None]) -> int:
        """Fill an array; a short read leaves the channels packed at its beginning, as NI's does."""
        handle, wanted, timeout, fill, out, size, reference = arguments[:7]
        task = self._task(handle)
        channels = len(task.channels)
        room = size // channels
        wanted = room if wanted < 0 else wanted
        if wanted > room:
            raise DriverError(SMALL_ARRAY)
        first, samples, code = task.take(wanted, timeout)
        flat = out.reshape(-1)[: channels * samples]
        if samples:
            by_scan = np.empty((channels, samples), out.dtype) if fill else flat.reshape(channels, samples)
            copy(task, first, by_scan)
            if fill:
                flat[:] = by_scan.T.reshape(-1)
        put(reference, samples)
        return self.failed(DriverError(code)) if code else 0

    def _do_ReadAnalogF64(self, *a: Any) -> int:
        return self._read(a, Task.volts)

    def _do_ReadBinaryI16(self, *a: Any) -> int:
        return self._read(a, Task.counts)

    def _do_ReadBinaryI32(self, *a: Any) -> int:
        return self._read(a, Task.counts)

    def _do_ReadCounterU32(
        self, handle: Any, wanted: int, timeout: float, out: Any, size: int, reference: Any, _: Any
    ) -> int:
        return self._read((handle, wanted, timeout, 0, out, size, reference), ticks)

    def _do_ReadCounterU32Ex(self, *a: Any) -> int:
        return self._read(a, ticks)

    def _do_ReadDigitalLines(
        self, handle: Any, wanted: int, timeout: float, fill: int, out: Any, size: int, reference: Any,
        width: Any, _: Any,
    ) -> None:  # fmt: skip
        task = self._task(handle)
        bits = task.plugged().inputs
        flat = out.reshape(-1)
        flat[: len(task.channels)] = [bool(bits >> one.index & 1) for one in task.channels]
        put(reference, 1)
        put(width, 1)

    def _do_WriteDigitalLines(
        self, handle: Any, samples: int, start: Any, timeout: float, layout: int, values: Any, reference: Any, _: Any
    ) -> None:
        task = self._task(handle)
        for one, value in zip(task.channels, np.asarray(values).reshape(-1), strict=False):
            self._set_line(task.plugged(), one, bool(value))
        put(reference, samples)

    def _do_WriteDigitalScalarU32(self, handle: Any, start: Any, timeout: float, value: int, _: Any) -> None:
        task = self._task(handle)
        for place, one in enumerate(task.channels):
            self._set_line(task.plugged(), one, bool(value >> place & 1))

    def _set_line(self, device: SimDevice, one: Channel, value: bool) -> None:
        """Set an output line of a device, and remember when it changed."""
        if value is not bool(device.outputs >> one.index & 1):
            device.shown.setdefault(one.index, []).append((self.engine.instant(device), value))
        device.outputs = device.outputs & ~(1 << one.index) | int(value) << one.index


def ticks(task: Task, first: int, out: Any) -> None:
    """Counter values at edges."""
    out[0] = task.ticks(first, out.shape[1])


def plain(text: Any) -> str:
    """A text as str, however it was handed over."""
    value = getattr(text, "value", text)
    return value.decode() if isinstance(value, bytes) else value or ""


def put(reference: Any, value: Any) -> None:
    """Write to a variable of the caller's."""
    reference._obj.value = value


def give(value: Any, out: Any, size: int = 0) -> int:
    """Hand over an attribute as the C functions do: by reference, or its size first and then a copy."""
    if hasattr(out, "_obj"):
        put(out, value)
        return 0
    if isinstance(value, str):
        encoded = value.encode()
        if size:
            out.value = encoded
        return 0 if size else len(encoded) + 1
    array = np.ascontiguousarray(value, dtype=np.float64)
    if size:
        ctypes.memmove(out, array.ctypes.data, array.nbytes)
    return 0 if size else len(array)


def chosen(task: Task, names: str) -> tuple[Task, Channel]:
    """The first channel that is meant."""
    wanted = expand(names)
    found = [one for one in task.channels if not wanted or one.name == wanted[0]]
    if not found:
        raise DriverError(NO_CHANNEL, f"Channel Name: {names}")
    return task, found[0]


def channel_attribute(task: Task, one: Channel, attribute: int) -> Any:
    """What a channel says of itself."""
    assert task.device is not None
    model = task.device.model
    readers: dict[int, Callable[[], Any]] = {
        0x187F: lambda: KINDS[task.kind],
        0x18F5: lambda: one.terminal,
        0x17DD: lambda: one.high,
        0x17DE: lambda: one.low,
        0x1815: lambda: one.limit,
        0x1816: lambda: -one.limit,
        0x1930: lambda: task.scaling(one),
        0x22DA: lambda: 16 if model.bits == 16 else 32,
        0x1765: lambda: float(model.bits),
        0x0695: lambda: MEASURED[one.measures],
        0x18A0: lambda: COUNT_EDGES,
        0x18B5: lambda: PULSE_TICKS,
    }
    if attribute in readers:
        return readers[attribute]()
    return one.attributes.get(attribute)


def task_attribute(task: Task, attribute: int) -> Any:
    """What a task says of itself."""
    device = task.device.name if task.device else ""
    return {0x1276: task.name, 0x1273: ", ".join(one.name for one in task.channels), 0x2181: len(task.channels),
            0x230E: device, 0x29BA: int(bool(device))}.get(attribute)  # fmt: skip


def read_attribute(task: Task, attribute: int) -> Any:
    """Where reading stands."""
    there = max(task.acquired() - task.position, 0)
    return {0x217B: len(task.channels), 0x1223: there, 0x1221: task.position, 0x192A: task.acquired(),
            0x1823: ", ".join(one.name for one in task.channels), 0x217A: 2 * len(task.channels), 0x1215: False,
            0x31E8: task.per_channel if task.mode == FINITE else there, 0x217C: 1}.get(attribute)  # fmt: skip


def timing_attribute(task: Task, attribute: int) -> Any:
    """The sample clock; a multiplexed board has a convert clock besides."""
    facts: dict[int, Any] = {0x1344: task.rate, 0x1300: task.mode or CONTINUOUS, 0x1310: task.per_channel,
                             0x1852: task.clock_source}  # fmt: skip
    if task.kind == "ai" and task.device:
        facts[0x2F1B] = f"/{task.device.name}/ai/SampleClock"
        facts[0x1848] = task.device.model.convert_rate(task.rate, len(task.channels))
    return facts.get(attribute)


def device_attribute(device: SimDevice, attribute: int) -> Any:
    """What a device can do."""
    model, name = device.model, device.name
    lines = ", ".join(f"{name}/port0/line{i}" for i in range(model.lines))
    both = [sign * limit for limit in model.ranges for sign in (-1, 1)]
    bridges = [sign * limit for limit in model.bridge_ranges for sign in (-1, 1)]
    return {0x0631: model.product, 0x0632: device.serial, 0x22CA: True, 0x298F: model.simultaneous,
            0x298C: model.max_rate, 0x298D: model.max_rate / (1 if model.simultaneous else model.inputs),
            0x2990: both, 0x2FD0: bridges, 0x2320: lines, 0x2322: lines,
            0x231E: ", ".join(f"{name}/ai{i}" for i in range(model.inputs)),
            0x2324: ", ".join(f"{name}/ctr{i}" for i in range(model.counters))}.get(attribute)  # fmt: skip


@dataclass(eq=False)
class _Installed:
    """The driver that nidaqmx talks to, for whom, and what was there before."""

    driver: Driver
    before: tuple[Any, Any, Any]
    users: int = 1


_lock = threading.Lock()
_installed: list[_Installed] = []
"""None or one: nidaqmx knows one driver only."""


@contextlib.contextmanager
def installed(engine: Engine) -> Iterator[Driver]:
    """As long as this lasts, nidaqmx talks to the engine and to no device.

    Raises
    ------
    UsageError : it talks to another engine already.
    """
    driver = _install(engine)
    try:
        yield driver
    finally:
        _remove()


def _install(engine: Engine) -> Driver:
    importer = _lib.lib_importer
    with _lock:
        if _installed:
            if _installed[0].driver.engine is not engine:
                raise UsageError("in_use", "another simulated recording is running in this program; end that one first")
            _installed[0].users += 1
        else:
            driver = Driver(engine)
            _installed.append(_Installed(driver, (importer._windll, importer._cdll, importer._encoding)))
            importer._windll = importer._cdll = _lib.DaqFunctionImporter(driver)
            importer._encoding = "utf-8"
        return _installed[0].driver


def _remove() -> None:
    importer = _lib.lib_importer
    with _lock:
        _installed[0].users -= 1
        if not _installed[0].users:
            importer._windll, importer._cdll, importer._encoding = _installed.pop().before
