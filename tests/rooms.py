"""Rigs for tests: single-channel plates on stand-in devices that see the ramp."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.simulated.engine import MODELS, Engine, ManualClock, Model, SimDevice
from hipdrive.acquisition.simulated.source import sources
from hipdrive.hardware.rig import Rig, loads


def rig(channels: int = 4, *, devices: int = 1, rate: float = 1000.0, extra: str = "", block_ms: float = 10.0) -> Rig:
    """So many plates on each of so many devices."""
    lines = ['schema = "hipdrive-rig/1"', 'name = "test"']
    for d in range(devices):
        lines += ["[[devices]]", f'id = "ni{d}"', 'driver = "simulated"', f'name = "Dev{d + 1}"', f"rate_hz = {rate}",
                  f"block_ms = {block_ms}", extra]  # fmt: skip
    for d in range(devices):
        for c in range(channels):
            lines += ["[[plates]]", f'id = "p{d}_{c}"', 'kind = "fz1"', f'device = "ni{d}"',
                      f'channels = {{ fz = "ai{c}" }}', "newton_per_volt = 500.0", "range_n = 5000",
                      'calibration = { id = "none", date = 2026-01-01 }']  # fmt: skip
    return loads("\n".join(lines))


def fast(model: Model) -> Model:
    """A model that any rate suits."""
    return Model(**{**vars(model), "max_rate": 1e9})


class Lab:
    """A rig on stand-in devices whose time the test decides."""

    def __init__(self, made: Rig, **options: Any) -> None:
        self.rig, self.clock = made, ManualClock()
        devices = [SimDevice(name=one.name, model=fast(MODELS["stand-in"])) for one in made.devices]
        self.engine = Engine(devices, clock=self.clock)
        self.recorder = Recorder(made, tuple(sources(made, engine=self.engine)), **options)

    def run(self, seconds: float, step: float = 0.05) -> None:
        """Let time pass, and wait until the recorder has all of it (or has ended)."""
        goal = start = self.recorder.seconds
        for number in range(round(seconds / step)):
            self.clock.advance(step)
            goal = start + (number + 1) * step
            if number % 20 == 19:  # the driver holds 4 s
                self.settle(goal)
        self.settle(goal)

    def settle(self, goal: float) -> None:
        """Wait until so many seconds are recorded."""
        end = time.monotonic() + 20.0
        while self.recorder.seconds < goal - 1e-9 and not self.recorder.finished.is_set():
            assert time.monotonic() < end, f"{self.recorder.seconds} s of {goal} s came"
            time.sleep(0.002)


def is_ramp(rows: NDArray[Any], first: int) -> bool:
    """Whether counts (samples, channels) are those of the ramp from that sample on."""
    samples, channels = np.indices(rows.shape)
    expected = (samples + first + 1000 * channels) % 65536 - 32768
    return bool((rows.astype(np.int64) == expected).all())
