"""Every source keeps to the same laws: simulated device, replay, LSL, boards at serial ports, drivers of others."""

import contextlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boards
import numpy as np
import pytest
from boards import Emulator, MemoryPort
from numpy.typing import NDArray

from hipdrive.acquisition import conformance, lsl, source
from hipdrive.acquisition.conformance import Case, gather, started
from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.replay import ReplaySource
from hipdrive.acquisition.serialboard import SerialSource
from hipdrive.acquisition.source import SourceGap, SourceLost, open_sources
from hipdrive.acquisition.stamped import regular
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.rig import Rig
from hipdrive.trial import Gap, Raw

N = 240
TICKS = np.arange(N, dtype=np.int64) * 1000 + 2**32 - 100_500
"""µs: the board's 32 bits are full after 100 samples."""

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals here")
numbers = itertools.count()


def newtons(n: int = N) -> NDArray[np.float64]:
    """Two decimals that name their sample."""
    return np.round(np.arange(n) * 1.01 - 20.0, 2)


def four(n: int = N) -> NDArray[np.int16]:
    """Counts of four cells that hold the header now and then."""
    values = np.arange(4 * n).reshape(n, 4) % 900 - 1
    values[50:60] = -1
    return values.astype(np.int16)


# --- rigs ---

LINES = 'driver = "serial"\nname = "{port}"\nrate_hz = 1000\nunit = "N"\n' \
        'board = {{ protocol = "lines", columns = ["stamp", "fz"], start = "s\\n", stop = "x\\n" }}'  # fmt: skip
FRAMES = (
    'driver = "serial"\nname = "{port}"\nrate_hz = 1000\nunit = "count"\n'
    'board = {{ protocol = "frames", columns = ["stamp", "a", "b", "c", "d"], start = "s\\n", stop = "x\\n" }}'
)
CHRONOJUMP = 'driver = "serial"\nname = "{port}"\nrate_hz = 1000\nunit = "N"\nboard = {{ protocol = "chronojump" }}'
FZ = 'id = "plate1"\nkind = "fz1"\nchannels = { fz = "fz" }\nnewton_per_unit = 1.0'
CELLS = ('id = "plate1"\nkind = "cells"\nchannels = { c1 = "a", c2 = "b", c3 = "c", c4 = "d" }\nnewton_per_unit = 0.5\n'
         "positions_m = { c1 = [0.2, 0.2], c2 = [0.2, -0.2], c3 = [-0.2, -0.2], c4 = [-0.2, 0.2] }")  # fmt: skip


def serial_rig(device: str, plate: str, port: str = "COM1") -> Rig:
    return boards.rig(device.format(port=port), [plate])


# --- cases ---


@contextlib.contextmanager
def nidaq() -> Iterator[Case]:
    """NI's own client on the stand-in driver, which sends a ramp of so many samples."""
    from hipdrive.acquisition.simulated.engine import Engine, SimDevice, ramp
    from hipdrive.acquisition.simulated.source import sources

    made = boards.rig('driver = "simulated"\nname = "Dev1"\nrate_hz = 1000',
                      [f'id = "p{i}"\nkind = "fz1"\nchannels = {{ fz = "ai{i}" }}\nnewton_per_volt = 500.0'
                       for i in range(2)])  # fmt: skip
    engine = Engine([SimDevice(name="Dev1")], free_run=True)
    (one,) = sources(made, engine=engine, finite=N)
    yield Case(source=one, values=ramp(2).values[:, :N], code="end", rig=made)


def recorded(**facts: Any) -> Raw:
    """What a device of two plates recorded."""
    return Raw(device="b0", values=np.arange(2.0 * N).reshape(N, 2), channels=("a", "b"), roles=("a.fz", "b.fz"),
               units=("N", "N"), rate=1000.0, **facts)  # fmt: skip


@contextlib.contextmanager
def replayed() -> Iterator[Case]:
    raw = recorded()
    yield Case(source=ReplaySource(raw, speed=1.0), values=raw.values.T, code="end")


@contextlib.contextmanager
def replayed_with_a_gap() -> Iterator[Case]:
    raw = recorded(gaps=(Gap(first_sample=100, samples=7, code="usb", text="lost"),))
    yield Case(source=ReplaySource(raw, speed=0.0), values=raw.values.T, gaps=((100, 7),), code="end")


def lines_board(**options: Any) -> Emulator:
    return Emulator(boards.text_lines(TICKS, newtons()[:, np.newaxis]), start=b"s\n", stop=b"x\n", **options)


def frames_board(**options: Any) -> Emulator:
    return Emulator(boards.frames(TICKS, four()), start=b"s\n", stop=b"x\n", **options)


def sensor(samples: bytes | None = None, **options: Any) -> Emulator:
    """Chronojump's force sensor, whose lines an edge at its trigger input interrupts."""
    if samples is None:
        lines = boards.text_lines(TICKS - TICKS[0], newtons()[:, np.newaxis]).splitlines(keepends=True)
        samples = b"".join([*lines[:150], b"149600;R\r\n", *lines[150:200], b"199700;r\r\n", *lines[200:]])
    return Emulator(samples, start=b"start_capture:", stop=b"end_capture:",
                    answers={b"get_version:": b"Force_Sensor-0.7\r\n", b"start_capture:": b"Starting capture...\r\n",
                             b"tare:": b"Taring OK:8123\r\n", b"end_capture:": b"Capture ended:\r\n"}, **options)  # fmt: skip


def platform() -> Emulator:
    """Chronojump's four cells."""
    return Emulator(boards.frames(TICKS - TICKS[0], four()), start=b"start_capture:", stop=b"end_capture:",
                    answers={b"get_version:": b"Force_Platform-0.1\r\n", b"end_capture:": b"Capture ended\r\n"})  # fmt: skip


@contextlib.contextmanager
def in_memory(device: str, plate: str, make: Callable[[], Emulator], values: Any, **facts: Any) -> Iterator[Case]:
    made = serial_rig(device, plate)
    one = SerialSource(made.devices[0], made.channels("b0"), port=lambda: MemoryPort(make()))
    yield Case(source=one, values=values, rig=made, **facts)


@contextlib.contextmanager
def on_a_pty(device: str, plate: str, make: Callable[[], Emulator], values: Any, **facts: Any) -> Iterator[Case]:
    """As above, through the operating system and pyserial."""
    with boards.on_a_pty(make) as (port, _):
        made = serial_rig(device, plate, port)
        (one,) = open_sources(made)
        yield Case(source=one, values=values, rig=made, **facts)


FOUR = CHRONOJUMP.replace('"N"', '"count"').replace('"chronojump"', '"chronojump", columns = ["a", "b", "c", "d"]')
SPOKEN: dict[str, tuple[str, str, Callable[[], Emulator], Any]] = {
    "lines": (LINES, FZ, lines_board, newtons()[np.newaxis]),
    "frames": (FRAMES, CELLS, frames_board, four().T),
    "chronojump": (CHRONOJUMP, FZ, sensor, newtons()[np.newaxis]),
    "chronojump, four cells": (FOUR, CELLS, platform, four().T),
}


def lsl_rig(name: str, more: str = "") -> Rig:
    return boards.rig(f'driver = "lsl"\nname = "{name}"\nrate_hz = 1000\nunit = "N"\n{more}',
                      ['id = "a"\nkind = "fz1"\nchannels = { fz = "left" }\nnewton_per_unit = 1.0',
                       'id = "b"\nkind = "fz1"\nchannels = { fz = "2" }\nnewton_per_unit = 1.0'])  # fmt: skip


@contextlib.contextmanager
def streamed() -> Iterator[Case]:
    """An LSL stream on this computer: label and place, stamps of the sender."""
    name = f"hipdrive test {os.getpid()} {next(numbers)}"
    outlet = lsl.LslOutlet(name, ("left", "right"), 1000.0)
    made = lsl_rig(name)
    (one,) = open_sources(made)
    values = np.vstack([newtons(), -newtons()])

    def feed() -> None:
        end = time.monotonic() + 10.0
        while not outlet.watched() and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(0.05)  # the inlet's own thread has to be there, too
        first = outlet.now()
        for place in range(0, N, 40):
            outlet.push(values[:, place : place + 40], first + place / 1000.0)

    yield Case(source=one, values=values, rig=made, feed=feed)


PLUGGED = '''
"""A driver of another package: the numbers 0, 1, 2 ... of each channel, as many as the rig wants."""

import time

import numpy as np

from hipdrive.acquisition.source import Block, ChannelInfo, Found, SourceEnd, SourceInfo


class Counting:
    def __init__(self, rig, device):
        channels = rig.channels(device.id)
        self.samples = int(device.options["samples"])
        self.info = SourceInfo(id=device.id, rate=device.rate_hz, dtype=np.float64, identity={"driver": "counting"},
                               channels=tuple(ChannelInfo(role=c.role, terminal=c.terminal, unit=c.unit)
                                              for c in channels))

    def open(self): pass

    def start(self): self.place = 0

    def read(self, out, timeout):
        first, n = self.place, min(out.shape[1], self.samples - self.place)
        out[:, :n] = np.arange(first, first + n)
        self.place, now = first + n, time.monotonic_ns()
        if self.place == self.samples:
            raise SourceEnd(n, now)
        return Block(first, n, now)

    def edges(self): return ()

    def truth(self, first_sample, samples): return None

    def stop(self): pass

    def close(self): pass

    @staticmethod
    def find():
        return [Found(driver="counting", name="one", product="counter", detail="counts")]
'''


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A distribution with drivers, good and bad, on the path as if it had been installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "hipdrive_counting.py").write_text(PLUGGED, encoding="utf-8")
    (folder / "hipdrive_broken.py").write_text("import no_such_library_at_all\n", encoding="utf-8")
    (folder / "hipdrive_odd.py").write_text("import sys\ndef odd(rig, device): return 3\nodd.find = lambda: sys.exit('x')\n"
                                            "def deaf(rig, device): raise ValueError('no\\nboard')\n"
                                            "deaf.find = lambda: __import__('time').sleep(60)\nnothing = 7\n",
                                            encoding="utf-8")  # fmt: skip
    info = folder / "hipdrive_counting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hipdrive-counting\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[hipdrive.sources]\ncounting = hipdrive_counting:Counting\nbroken = hipdrive_broken:Source\n"
        "odd = hipdrive_odd:odd\ndeaf = hipdrive_odd:deaf\nnothing = hipdrive_odd:nothing\n",
        encoding="utf-8",
    )
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def plugin_rig(name: str = "counting") -> Rig:
    return boards.rig(f'driver = "plugin:{name}"\nname = "one"\nrate_hz = 1000\nunit = "N"\noptions = {{ samples = {N} }}',
                      [FZ])  # fmt: skip


@contextlib.contextmanager
def plugged() -> Iterator[Case]:
    made = plugin_rig()
    (one,) = open_sources(made)
    yield Case(source=one, values=np.arange(float(N))[np.newaxis], code="end", rig=made)


CASES: dict[str, conformance.Make] = {
    "simulated NI": nidaq,
    "replay": replayed,
    "replay with a gap": replayed_with_a_gap,
    "LSL": streamed,
    "plug-in": plugged,
    **{f"{name} in memory": lambda spoken=spoken: in_memory(*spoken) for name, spoken in SPOKEN.items()},  # type: ignore[misc]
}
ON_A_PTY: dict[str, conformance.Make] = {
    f"{name} on a pty": lambda spoken=spoken: on_a_pty(*spoken)  # type: ignore[misc]
    for name, spoken in SPOKEN.items()
}


@pytest.mark.parametrize("law", conformance.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", [*CASES, *(pytest.param(one, marks=POSIX) for one in ON_A_PTY)])
def test_every_source_keeps_to_every_law(name: str, law: Callable[[conformance.Make], None], package: Path) -> None:
    law({**CASES, **ON_A_PTY}[name])
