"""The recorder under what people, drivers and computers do to it; nothing recorded may be lost by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hipdrive.acquisition import nidaq, reader
from hipdrive.acquisition.interrupt import held_back
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.simulated.engine import MODELS, Engine, SimDevice
from hipdrive.acquisition.simulated.source import sources as simulated_sources
from hipdrive.acquisition.source import Block, ChannelInfo, SourceGap, SourceInfo, SourceLost, open_sources, sources
from hipdrive.errors import UsageError
from hipdrive.hardware import plates
from hipdrive.hardware import rig as rigs
from hipdrive.trial import Edges, Raw, Truth

ROOT = Path(__file__).resolve().parent.parent


class Counting:
    """A source of newtons that counts, in real time."""

    def __init__(self, rate: float = 1000.0, channels: int = 1) -> None:
        self.info = SourceInfo(id="ni0", channels=tuple(ChannelInfo(role=f"p{i}.fz", terminal=f"ai{i}", unit="N")
                               for i in range(channels)), rate=rate, dtype=np.float64)  # fmt: skip
        self.count, self.closed = 0, 0

    def open(self) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...

    def close(self) -> None:
        self.closed += 1

    def edges(self) -> Sequence[Edges]:
        return ()

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        return None

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        time.sleep(out.shape[1] / self.info.rate)
        out[:] = self.count + np.arange(out.shape[1])
        self.count += out.shape[1]
        return Block(self.count - out.shape[1], out.shape[1], time.monotonic_ns())


def threads() -> list[str]:
    """Ours, but for one that looks for devices and may be kept by a driver that does not answer (test_sources)."""
    return [one.name for one in threading.enumerate()
            if one.name.startswith("hipdrive-") and not one.name.startswith("hipdrive-find-")]  # fmt: skip


def wait_for_threads() -> None:
    end = time.monotonic() + 10.0
    while threads():
        assert time.monotonic() < end
        time.sleep(0.01)


# --- facts that no trial can have are refused before anybody jumps ---


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"mass": float("nan")}, "a mass of nan kg makes no sense"),
        ({"mass": "eighty"}, "wrong kind"),
        ({"box_height": -1.0}, "a box height of -1 m"),
        ({"athlete": "a\x00b"}, "holds a null"),
        ({"athlete": "a" * 40000}, "too long"),
        ({"fz": np.zeros((1, 5))}, "no fact 'fz'"),
        ({"raw": ()}, "no fact 'raw'"),
    ],
)
def test_facts_are_refused_before_the_recording(facts: dict[str, Any], words: str) -> None:
    source = Counting()
    with pytest.raises(UsageError, match=words):
        record_from(source, seconds=5.0, **facts)
    assert source.count == 0


def record_from(source: Counting, **options: Any) -> Any:
    one = Recorder(None, [source], limit_seconds=options.pop("seconds"))
    one.begin(**options)
    with one:
        one.finished.wait(10.0)
    return one.end()


def test_a_wrong_fact_at_the_end_loses_nothing() -> None:
    with Recorder(None, [Counting()]) as one:
        one.begin()
        while one.seconds < 0.1:
            time.sleep(0.01)
        with pytest.raises(UsageError, match="a mass of 2 kg"):
            one.end(mass=2.0)
        assert one.end(mass=80.0).mass == 80.0


# --- drivers and sources that misbehave ---


@pytest.mark.parametrize("where", ["open", "start", "stop", "close"])
def test_a_driver_that_fails_in_its_own_way(where: str) -> None:
    """Not an error of NI's but a defect: it must neither hang nor hide what was recorded."""
    source = Counting()

    def broken() -> None:
        raise RuntimeError("a defect")

    setattr(source, where, broken)
    if where == "open":
        with pytest.raises(RuntimeError, match="a defect"):
            record_from(source, seconds=0.2)
    elif where == "start":
        with pytest.raises(UsageError, match=r"did not start \(RuntimeError: a defect\)"):
            record_from(source, seconds=0.2)
    else:
        assert record_from(source, seconds=0.2).samples == 200
    assert not threads(), threads()


def test_a_driver_that_never_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "STUCK_S", 0.3)
    source, free = Counting(), threading.Event()
    read = source.read

    def stuck(out: NDArray[Any], timeout: float) -> Block:
        if source.count >= 100:
            free.wait(30.0)
        return read(out, timeout)

    source.read = stuck  # type: ignore[method-assign]
    with Recorder(None, [source]) as one:
        one.begin()
        while one.seconds < 0.1:
            time.sleep(0.01)
    trial = one.end()
    assert trial.samples == 100
    assert "has not answered" in trial.end_reason
    assert not source.closed  # nobody else calls a driver in which a thread still is
    free.set()
    wait_for_threads()


def test_a_driver_that_never_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "STUCK_S", 0.3)
    source, free = Counting(), threading.Event()
    source.start = lambda: bool(free.wait(30.0))  # type: ignore[assignment,method-assign]
    one = Recorder(None, [source])
    with pytest.raises(UsageError, match="has not started the device within"):
        one.start()
    with pytest.raises(UsageError, match="started already"):
        one.start()
    free.set()
    wait_for_threads()


def test_ctrl_c_while_devices_are_started_leaves_nothing_behind() -> None:
    source = Counting()
    one = Recorder(None, [source])

    def interrupted() -> None:
        raise KeyboardInterrupt

    one.crew.start = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        one.start()
    assert source.closed == 1
    assert not threads(), threads()


def test_a_gap_beyond_the_agreed_end() -> None:
    source = Counting()
    read = source.read

    def gap(out: NDArray[Any], timeout: float) -> Block:
        if source.count == 100:
            source.count += 900
            raise SourceGap(900, "gap", "samples are missing")
        return read(out, timeout)

    source.read = gap  # type: ignore[method-assign]
    trial = record_from(source, seconds=0.5)
    assert trial.samples == 100
    assert source.count == 1000


def test_edges_that_are_lost_do_not_end_the_samples() -> None:
    """A camera line that nobody wired picks up noise until its counter overflows."""
    source = Counting()

    def flooded() -> Sequence[Edges]:
        raise SourceLost("-200279", "ni0: edges are lost")

    source.edges = flooded  # type: ignore[method-assign]
    trial = record_from(source, seconds=0.8)
    assert trial.samples == 800
    assert not trial.gaps
    assert trial.notes == ("ni0: edges are lost",)
    assert sum("edges_lost" in line for line in trial.log) == 1


def test_an_end_that_nobody_agreed_on_is_a_loss() -> None:
    rig = rigs.load("simulated")
    found = tuple(simulated_sources(rig, engine=(engine := Engine([SimDevice(model=MODELS["stand-in"])]))))
    engine.faults.error_at = (100, -200278)
    with Recorder(rig, found) as one:
        one.begin()
        assert one.finished.wait(5.0)
    trial = one.end()
    assert trial.samples == 100
    assert trial.gaps[0].code == "-200278"


# --- a recorder is used as it is meant to be ---


def test_a_recorder_records_once() -> None:
    with Recorder(None, [Counting()]) as one, pytest.raises(UsageError, match="started already"):
        one.start()
    with pytest.raises(UsageError, match="started already"):
        one.start()
    assert not threads(), threads()


def test_a_start_that_failed_can_be_tried_again() -> None:
    source = Counting()

    def unplugged() -> None:
        raise UsageError("gone", "it is not there")

    source.open = unplugged  # type: ignore[method-assign]
    one = Recorder(None, [source], limit_seconds=0.1)
    with pytest.raises(UsageError, match="not there"):
        one.start()
    del source.open
    with one:
        one.begin()
        assert one.finished.wait(5.0)
        assert one.end().samples == 100


@pytest.mark.parametrize("what", ["cursor", "measure", "places", "end"])
def test_before_it_is_started(what: str) -> None:
    one = Recorder("simulated")
    one.begin()
    with pytest.raises(UsageError, match="start the recorder first"):
        getattr(one, what)()


def test_more_than_the_memory_holds_is_refused() -> None:
    source = Counting(rate=1e5, channels=32)
    with pytest.raises(UsageError, match=r"60 s of 32 channels at 100000 Hz are too much .* at most 39 s"):
        record_from(source, seconds=60.0)
    assert source.closed


def test_forces_of_a_long_recording_are_those_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = rigs.load("simulated")
    rng = np.random.default_rng(1)
    counts = rng.integers(-3000, 3000, (1000, 12)).astype(np.int16)
    raw = Raw(device="ni0", values=counts, channels=("a",) * 12, roles=("a.b",) * 12, units=("V",) * 12, rate=1000.0,
              scaling=np.tile([0.0, 3e-4, 0.0, 0.0], (12, 1)))  # fmt: skip
    tare = {"left": np.full(6, 0.01)}
    whole = plates.recorded(rig, [raw], tare)
    monkeypatch.setattr(plates, "STRETCH", 300)
    parts = plates.recorded(rig, [raw], tare)
    assert list(parts) == list(whole)
    for role, values in whole.items():
        assert parts[role] == pytest.approx(values, rel=1e-12, abs=1e-9, nan_ok=True)


# --- simulated and real devices in one program ---


def test_two_simulated_recordings_at_once() -> None:
    with Recorder("simulated") as one:
        one.begin()
        with pytest.raises(UsageError, match="another simulated recording is running"):
            Recorder("simulated").start()
        while one.seconds < 0.1:
            time.sleep(0.01)
        assert one.end().end_reason == ""


def test_a_stand_in_is_never_taken_for_a_real_device() -> None:
    with Recorder("simulated"):
        with pytest.raises(UsageError, match="while a simulated one is open"):
            Recorder("kistler_pair").start()
        found = {one.driver: one for one in sources()}
        assert not found["nidaqmx"].ready
        assert "while a simulated one is open" in found["nidaqmx"].detail
    assert not nidaq.lent


def test_a_device_that_waits_for_another() -> None:
    """The start trigger of one device is the start of the other."""
    text = rigs.load("simulated").text
    device = text[text.index("[[devices]]") : text.index("[[plates]]")]
    second = device.replace('"ni0"', '"ni1"').replace('"Dev1"', '"Dev2"')
    first = device + 'start_trigger = { terminal = "/Dev2/ai/StartTrigger" }\n'
    head, _, right = text.partition(device)[2].rpartition("[[plates]]")
    right = right.replace('device = "ni0"', 'device = "ni1"', 1)
    rig = rigs.loads(text.partition(device)[0] + first + second + head + "[[plates]]" + right)
    trial = record(rig, sources=open_sources(rig, test="dj"), seconds=0.3)
    assert trial.samples == 300
    assert {raw.device for raw in trial.raw} == {"ni0", "ni1"}
    assert not any("unsynchronised" in line for line in trial.log)


# --- the program ends, or splits, in the middle ---

LEFT_OPEN = """
import os, sys, time
from hipdrive.acquisition.recorder import Recorder
one = Recorder("simulated")
one.start()
one.begin()
while one.seconds < 0.1:
    time.sleep(0.01)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=30,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip


def test_a_program_that_ends_while_recording() -> None:
    done = run(LEFT_OPEN)
    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_program_that_forks_while_recording() -> None:
    done = run(LEFT_OPEN + """
child = os.fork()
if not child:
    one.stop()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
before = one.seconds
time.sleep(0.2)
assert one.seconds > before
one.stop()
print(one.end().end_reason == "")
""")  # fmt: skip
    assert done.stdout == "True\n", done.stderr


def test_ctrl_c_in_the_midst_of_ctrl_c() -> None:
    """Every line of the handler is interrupted by the next one: what takes a lock there waits for itself."""

    class Some:
        seconds = 1.0

    left = 60

    def press(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        if left and event == "line":
            left -= 1
            signal.raise_signal(signal.SIGINT)
        return press

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs behind a shell may ignore it
    try:
        with held_back(Some()) as asked:  # type: ignore[arg-type]
            sys.settrace(press)
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                sys.settrace(None)
            assert asked.is_set()
    finally:
        signal.signal(signal.SIGINT, before)
    assert left < 60  # it was interrupted
