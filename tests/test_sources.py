"""Every source keeps to the same laws: simulated device, replay, LSL, boards at serial ports, drivers of others."""

import contextlib
import dataclasses
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
from hipdrive.acquisition.source import SourceLost, open_sources
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


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one computer a second stream of a name answers quickly."""
    monkeypatch.setattr(lsl, "SECOND_S", 0.12)


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
    answers = {b"get_version:": b"Force_Sensor-0.7\r\n", b"start_capture:": b"Starting capture...\r\n",
               b"tare:": b"Taring OK:8123\r\n", b"end_capture:": b"Capture ended:\r\n"}  # fmt: skip
    return Emulator(samples, start=b"start_capture:", stop=b"end_capture:", answers=answers, **options)


def platform() -> Emulator:
    """Chronojump's four cells."""
    answers = {b"get_version:": b"Force_Platform-0.1\r\n", b"end_capture:": b"Capture ended\r\n"}
    return Emulator(boards.frames(TICKS - TICKS[0], four()), start=b"start_capture:", stop=b"end_capture:",
                    answers=answers)  # fmt: skip


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


ODD = """
import sys
import time

def odd(rig, device): return 3

odd.find = lambda: sys.exit("x")

def deaf(rig, device): raise ValueError("no\\nboard")

deaf.find = lambda: time.sleep(60)
nothing = 7
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A distribution with drivers, good and bad, on the path as if it had been installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "hipdrive_counting.py").write_text(PLUGGED, encoding="utf-8")
    (folder / "hipdrive_broken.py").write_text("import no_such_library_at_all\n", encoding="utf-8")
    (folder / "hipdrive_odd.py").write_text(ODD, encoding="utf-8")
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
    device = f'driver = "plugin:{name}"\nname = "one"\nrate_hz = 1000\nunit = "N"\noptions = {{ samples = {N} }}'
    return boards.rig(device, [FZ])


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


QUICK = ("every_sample_once", "it_opens_again", "a_recording_is_exact")
"""What differs between protocols, and what the operating system may have a hand in; the rest there is slow."""


def tried(names: Sequence[str], *, whole: Sequence[str] = ()) -> list[Any]:
    """Each source with each law: all laws of some, the quick ones of the others; the rest is slow."""
    return [
        pytest.param(name, law, id=f"{name}-{law.__name__}",
                     marks=() if name in whole or law.__name__ in QUICK else pytest.mark.slow)
        for name in names for law in conformance.LAWS
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "law"), tried(list(CASES), whole=[name for name in CASES if not name.startswith("chronojump")])
)
def test_every_source_keeps_to_every_law(name: str, law: Callable[[conformance.Make], None], package: Path) -> None:
    law(CASES[name])


@POSIX
@pytest.mark.parametrize(("name", "law"), tried(list(ON_A_PTY)))
def test_and_through_the_operating_system(name: str, law: Callable[[conformance.Make], None]) -> None:
    law(ON_A_PTY[name])


# --- the laws can be broken ---


class Wrong(ReplaySource):
    """A replay that does one thing wrong."""

    def __init__(self, what: str) -> None:
        super().__init__(recorded(), speed=0.0)
        self.what, self.calls = what, 0

    def open(self) -> None:
        if self.what == "opens once":
            assert not self.calls, "opened before"
        self.calls += 1

    def start(self) -> None:
        super().start()
        if self.what == "info":
            self.info = dataclasses.replace(self.info, rate=999.0)

    def read(self, out: NDArray[Any], timeout: float) -> source.Block:
        if self.what == "deaf" and self._place == N:
            time.sleep(1.2)
        try:
            block = super().read(out, timeout)
        except source.SourceEnd as end:
            if self.what == "filled" and end.n:
                out[:, end.n :] = 0.0
                return source.Block(self._number - end.n, out.shape[1], end.host_ns)
            if self.what == "endless":
                raise source.SourceTimeout(end.n, end.host_ns) from None
            raise
        if block.first_sample == 100 and self.what == "value":
            out[0, 3] += 1.0
        if block.first_sample == 100 and self.what == "lost":
            return super().read(out, timeout)
        if self.what == "stamps":
            return source.Block(block.first_sample, block.n, block.host_ns, np.zeros(block.n))
        if self.what == "arrivals":
            return source.Block(block.first_sample, block.n, block.host_ns - block.first_sample * 10**6)
        if self.what == "beside":
            out.base[-1] = 5.0  # type: ignore[index]
        return block


@pytest.mark.parametrize(
    ("what", "law", "words"),
    [
        ("value", conformance.every_sample_once, "sample 103 is"),
        ("lost", conformance.every_sample_once, "sample 110 came where 100 was next"),
        ("endless", conformance.every_sample_once, "ended with ''"),
        ("filled", conformance.reads_of_any_width, "samples"),
        ("info", conformance.info_is_final, "info changed when it was started"),
        ("deaf", conformance.the_time_out_is_kept, "took"),
        ("opens once", conformance.it_opens_again, "opened before"),
        ("stamps", conformance.times_belong_to_samples, "stamps from a source"),
        ("arrivals", conformance.times_belong_to_samples, "arrivals go back"),
        ("beside", conformance.the_array_is_respected, "behind the array"),
    ],
)
def test_a_source_that_does_not_is_caught(what: str, law: Callable[[conformance.Make], None], words: str) -> None:
    @contextlib.contextmanager
    def make() -> Iterator[Case]:
        yield Case(source=Wrong(what), values=recorded().values.T, code="end")

    with pytest.raises(AssertionError, match=words):
        law(make)


# --- drivers of other packages ---


def test_a_plug_in_is_recorded_from_by_its_name(package: Path, tmp_path: Path) -> None:
    from hipdrive import store
    from hipdrive.acquisition.recorder import record

    trial = record(plugin_rig(), seconds=0.1)
    assert trial.samples == 100 and trial.plates == ("plate1",)
    assert trial.fz[0].tolist() == list(range(100))
    back = store.load_trial(store.save(tmp_path / "trial.h5", trial))
    assert back.raw[0].values.tobytes() == trial.raw[0].values.tobytes()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", "the source plug-in broken failed on device 'b0' (ModuleNotFoundError: No module named"),
        ("odd", "the source plug-in odd failed on device 'b0' (AttributeError:"),
        ("deaf", "the source plug-in deaf failed on device 'b0' (ValueError: no board)"),
        ("nothing", "the source plug-in nothing failed on device 'b0' (TypeError:"),
        ("absent", "driver 'plugin:absent' is not known here; use nidaqmx, lsl, serial, simulated, plugin:broken"),
    ],
)
def test_a_plug_in_that_fails_is_one_sentence(name: str, words: str, package: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_sources(plugin_rig(name))
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_is_there_is_said_whatever_a_plug_in_does(package: Path) -> None:
    began = time.monotonic()
    found = {one.driver: one for one in source.sources()}
    took = time.monotonic() - began
    assert found["plugin:counting"].ready and found["plugin:counting"].product == "counter"
    assert not found["plugin:broken"].ready and "ModuleNotFoundError" in found["plugin:broken"].detail
    assert not found["plugin:odd"].ready and "SystemExit" in found["plugin:odd"].detail
    assert "did not answer within 2.5 s" in found["plugin:deaf"].detail
    assert "no function" in found["plugin:nothing"].detail
    assert found["simulated"].ready
    assert all(one.detail.isprintable() for one in found.values())
    assert took < 6.0, f"{took:.1f} s although one plug-in sleeps for a minute"


def test_only_those_that_are_asked_for(package: Path) -> None:
    assert [one.driver for one in source.sources("simulated")] == ["simulated"]
    assert [one.name for one in source.sources("plugin:counting")] == ["one"]


def test_real_and_simulated_devices_are_not_mixed() -> None:
    made = boards.rig('driver = "simulated"\nname = "Dev1"\nrate_hz = 1000\n[[devices]]\nid = "b1"\n' + LINES.format(
        port="COM1"), ['id = "p"\nkind = "fz1"\nchannels = { fz = "ai0" }\nnewton_per_volt = 500.0'])  # fmt: skip
    with pytest.raises(UsageError, match="real and simulated devices cannot be recorded together"):
        open_sources(made)


def test_drivers_side_by_side_each_see_their_own_devices() -> None:
    made = rigs.loads(f"""
name = "both"
[[devices]]
id = "ni0"
driver = "nidaqmx"
name = "Dev1"
rate_hz = 1000
[[devices]]
id = "b0"
{LINES.format(port="COM9")}
[[plates]]
id = "left"
kind = "fz1"
device = "ni0"
channels = {{ fz = "ai0" }}
newton_per_volt = 500.0
range_n = 4000
calibration = {{ id = "x", date = 2026-01-01 }}
[[plates]]
id = "right"
device = "b0"
range_n = 4000
calibration = {{ id = "x", date = 2026-01-01 }}
{FZ.partition(chr(10))[2]}
""")
    found = open_sources(made)
    assert [one.info.id for one in found] == ["ni0", "b0"]
    assert [[c.role for c in one.info.channels] for one in found] == [["left.fz"], ["right.fz"]]


# --- LSL ---


def test_a_lost_stream_is_told_at_once() -> None:
    with streamed() as case, started(case) as one:
        gather(one, N)
        assert case.feed.__closure__ is not None
        outlet = next(cell.cell_contents for cell in case.feed.__closure__
                      if isinstance(cell.cell_contents, lsl.LslOutlet))  # fmt: skip
        del outlet._forces
        out, began = np.empty((2, 10)), time.monotonic()
        with pytest.raises(SourceLost) as caught:
            while time.monotonic() - began < 5.0:
                with contextlib.suppress(source.SourceTimeout):
                    one.read(out, 0.1)
        assert caught.value.code == "lost"
        assert "start the program that sends it again" in caught.value.text


def test_what_an_lsl_sender_lost_is_a_gap() -> None:
    with streamed() as case:
        name = case.rig.devices[0].name if case.rig else ""
        assert name
        assert case.feed.__closure__ is not None
        outlet = next(cell.cell_contents for cell in case.feed.__closure__
                      if isinstance(cell.cell_contents, lsl.LslOutlet))  # fmt: skip

        def feed() -> None:
            while not outlet.watched():
                time.sleep(0.005)
            time.sleep(0.05)
            first = outlet.now()
            outlet.push(case.values[:, :100], first)
            outlet.push(case.values[:, 100:], first + 0.112)  # 12 samples are missing

        lossy = Case(source=case.source, values=case.values, gaps=((100, 12),), feed=feed, rig=case.rig)
        with started(lossy) as one:
            got = gather(one, N)
        assert got.gaps == [(100, 12)]
        assert got.numbers[[99, 100]].tolist() == [99, 112]
        assert np.array_equal(got.values, case.values)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ('name = "hipdrive', 'name = "no such', "stream", "there is no LSL stream with name='no such"),
        ("rate_hz = 1000", "rate_hz = 500", "rate", "the stream says 1000 Hz, and the rig file 500; correct rate_hz"),
        ('"left"', '"front"', "column", "has no channel 'front'; it has left, right"),
        ('"2"', '"3"', "column", "has no channel '3'"),
    ],
)
def test_another_stream_than_the_rig_says(old: str, new: str, code: str, words: str) -> None:
    with streamed() as case:
        assert case.rig is not None
        text = case.rig.text.replace(old, new).replace('unit = "N"', 'unit = "N"\nstream = { wait_s = 0.5 }')
        (one,) = open_sources(rigs.loads(text))
        assert words in conformance.refuses(one, code)


def test_a_unit_that_the_stream_contradicts() -> None:
    with streamed() as case:
        assert case.rig is not None
        text = case.rig.text.replace('unit = "N"', 'unit = "kg"').replace("per_unit = 1.0", "per_unit = 9.80665")
        (one,) = open_sources(rigs.loads(text))
        assert "channel left of the stream is in N, and the rig file says kg" in conformance.refuses(one, "unit")


def test_two_streams_of_one_name() -> None:
    with streamed() as case:
        assert case.rig is not None
        name = case.rig.devices[0].name
        pylsl = pytest.importorskip("pylsl")
        second = pylsl.StreamOutlet(pylsl.StreamInfo(name, "Force", 2, 1000.0, "double64", "another"))
        (one,) = open_sources(case.rig)
        assert "2 LSL streams have" in conformance.refuses(one, "stream")
        text = case.rig.text.replace('unit = "N"', 'unit = "N"\nstream = { source_id = "another" }')
        (one,) = open_sources(rigs.loads(text.replace('"left"', '"1"')))
        one.open()
        assert one.info.identity["source_id"] == "another"
        one.close()
        del second


def test_without_the_library_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    (one,) = open_sources(lsl_rig("any"))
    assert "install liblsl" in conformance.refuses(one, "no_liblsl")
    (found,) = source.sources("lsl")
    assert not found.ready and "install liblsl" in found.detail


def test_a_recording_is_published_while_it_is_made() -> None:
    """Forces in newtons with the time at which they were taken, and what happens as text."""
    pylsl = pytest.importorskip("pylsl")
    name = f"hipdrive out {os.getpid()}"
    with Recorder("simulated", open_sources(rigs.load("simulated"), test="dj", seed=3)) as recorder:
        publisher = lsl.publish(recorder, name)
        inlet = pylsl.StreamInlet(pylsl.resolve_byprop("name", name, timeout=5.0)[0], recover=False)
        events = pylsl.StreamInlet(pylsl.resolve_byprop("name", f"{name}-events", timeout=5.0)[0], recover=False)
        inlet.open_stream(timeout=5.0)
        events.open_stream(timeout=5.0)
        recorder.begin(test="dj")
        time.sleep(1.0)
        publisher.say("touchdown", recorder.seconds, rsi=2.5, height=float("nan"))
        time.sleep(0.2)
        publisher.close()
        rows, stamps = inlet.pull_chunk(timeout=0.5, max_samples=10_000)
        text, _ = events.pull_sample(timeout=2.0)
        now = pylsl.local_clock()
        trial = recorder.end()
        assert not any("lsl_failed" in line for line in trial.log)
    force, times = np.array(rows), np.array(stamps)
    assert len(force) > 900
    assert text == ['{"event": "touchdown", "rsi": 2.5, "height": null}']
    first = trial.fz[:, :20].T
    place = min(range(len(force) - 20), key=lambda i: float(np.abs(force[i : i + 20] - first).sum()))
    assert np.allclose(force[place : place + 800], trial.fz[:, :800].T, rtol=0.0, atol=1e-9)
    assert regular(times, 1000.0).gaps == ()
    assert abs(regular(times, 1000.0).rate - 1000.0) < 1.0
    assert 0.0 < now - times[-1] < 3.0


def test_an_outlet_that_fails_does_not_end_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no network")

    monkeypatch.setattr(lsl.LslOutlet, "push", broken)
    with Recorder("simulated") as recorder:
        recorder.begin(test="dj")
        publisher = lsl.publish(recorder, f"hipdrive broken {os.getpid()}")
        publisher.join(10.0)
        assert not publisher.is_alive()
        before = recorder.seconds
        time.sleep(0.2)
        trial = recorder.end()
    assert trial.duration > before and not trial.end_reason
    assert any("the LSL stream has ended (RuntimeError: no network)" in line for line in trial.log)


def test_the_time_of_samples_follows_a_clock_that_drifts() -> None:
    """Two minutes of a device 50 ppm slow, heard 1 to 30 ms late."""
    rng, clock, rate = np.random.default_rng(2), lsl.SampleClock(1000.0), 1000.0 * (1.0 - 50e-6)
    worst, before = 0.0, -1.0
    for t in np.arange(0.05, 120.0, 0.02):
        samples = np.floor(t * rate)
        clock.heard(samples, t + 0.001 + rng.uniform(0.0, 0.03))
        if clock.settled:
            worst = max(worst, abs(clock.time(samples) - t - 0.001))
            assert clock.time(samples) > before
            before = clock.time(samples)
    assert worst < 0.005
