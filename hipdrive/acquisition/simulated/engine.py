"""What the stand-in NI-DAQmx driver drives: devices, tasks, a sample clock, a buffer and faults.

It knows neither nidaqmx nor force plates. Rules that matter are NI's: the default buffer sizes, reads that time out
with what there is, samples that are overwritten when nobody reads them, and the error codes.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from hipdrive.acquisition.simulated.clock import Clock, ManualClock, RealClock
from hipdrive.acquisition.simulated.codes import (
    GONE,
    NO_CHANNEL,
    NO_DEVICE,
    NO_ROUTE,
    NO_TASK,
    NO_VALUE,
    ONE_DEVICE,
    SAME_NAME,
    DriverError,
)
from hipdrive.acquisition.simulated.device import (
    MODELS,
    Analogue,
    Codes,
    Floats,
    Model,
    Moving,
    SimDevice,
    coefficients,
    digitise,
    polynomial,
    ramp,
)
from hipdrive.acquisition.simulated.task import Channel, Faults, Task

__all__ = [
    "MODELS", "Analogue", "Channel", "Clock", "Codes", "Engine", "Faults", "ManualClock", "Model", "Moving",
    "RealClock", "SimDevice", "Task", "coefficients", "digitise", "expand", "polynomial", "ramp",
]  # fmt: skip


NONE = np.empty(0)


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
        self.wires: dict[str, str] = {}
        """Terminal -> the terminal of another device that a wire comes from."""
        self.exported: dict[str, SimDevice] = {}
        """Terminal -> the device whose sample clock is put out there."""
        self.lock = self._lock = threading.RLock()
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

    def route(self, terminal: str, device: SimDevice) -> SimDevice | None:
        """Whose sample clock a terminal of a device brings; None for a wire that carries none."""
        if terminal.endswith("ai/SampleClock"):
            found = self.device(terminal.strip("/").partition("/")[0])
            if found is not device and (device.model.bus == "USB" or found.model.bus != device.model.bus):
                raise DriverError(NO_ROUTE, f"Source: {terminal}, Destination Device: {device.name}")
            return found
        return self.exported.get(self.wires.get(terminal, ""))

    def clock_edges(self, device: SimDevice) -> int:
        """Edges that the sample clock of a device has made so far."""
        with self.lock:
            return device.clocked + sum(task.acquired() for task in self.tasks.values() if task.clocks(device))

    def instant(self, device: SimDevice) -> float:
        """Now, s; in a free run, when samples are as old as they are read, the time that those have reached."""
        if self.free_run:
            for task in list(self.tasks.values()):
                if task.kind == "ai" and task.device is device and task.running and task.started is not None:
                    return task.started + task.position / task.rate
        return self.clock.now()

    def edges(self, device: SimDevice, terminal: str, armed: float, *, falling: bool = False) -> Floats:
        """When a digital terminal has an edge, s, by what is known and what a wire brings from an output."""
        source = self.wires.get(f"/{device.name}/{terminal}")
        parts = [device.edges.get(terminal, NONE), armed + device.after_start.get(terminal, NONE),
                 NONE if source is None else self._made(source, falling)]  # fmt: skip
        there = [part for part in parts if len(part)]
        return there[0] if len(there) == 1 else np.sort(np.concatenate([NONE, *there]))

    def _made(self, output: str, falling: bool) -> Floats:
        """Edges on an output: of a line that is set, or of a counter's pulses."""
        name, _, terminal = output.strip("/").partition("/")
        device = self.devices[name]
        line = re.fullmatch(r"port\d+/line(\d+)", terminal)
        if line:
            times = [t for t, high in device.shown.get(int(line[1]), []) if high is not falling]
            return np.array(times, dtype=np.float64)
        pulsing = [task for task in self.tasks.values() if task.device is device and task.pulsed() == output]
        return np.concatenate([NONE, *(task.pulse_edges(falling) for task in pulsing)])

    def level(self, output: str, times: Floats) -> Floats:
        """Whether an output line is high at some times: 1.0 or 0.0."""
        name, _, terminal = output.strip("/").partition("/")
        shown = self.devices[name].shown.get(int(terminal.rpartition("line")[2]), [])
        before = bisect_right(shown, times[0], key=lambda change: change[0]) if len(times) else 0
        since = shown[before:]
        levels = np.array([before > 0 and shown[before - 1][1], *(high for _, high in since)], dtype=np.float64)
        return np.asarray(levels[np.searchsorted([t for t, _ in since], times, side="right")])

    def trigger(self, terminal: str, at: float | None = None) -> None:
        """Raise a digital terminal, of one device or of every device: tasks that wait for it start, now or then."""
        for task in list(self.tasks.values()):
            waits = task.trigger if terminal.startswith("/") else task.trigger.rpartition("/")[2]
            if task.trigger and waits.lower() == terminal.lower():
                task.trigger_now(at)

    def add(self, task: Task, kind: str, terminals: str, names: str = "", **facts: Any) -> None:
        """Add channels to a task; `Dev1/ai0:3` are four."""
        places = expand(terminals)
        given = expand(names) if names else []
        for place, terminal in enumerate(places):
            device = self.device(terminal.strip("/").partition("/")[0])
            limits = {"ai": device.model.inputs, "ci": device.model.counters, "co": device.model.counters}
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
