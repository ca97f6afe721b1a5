"""32 channels at 100 kHz for 20 s through the real client: every sample checked, down to the checksum in the file."""

import hashlib
import os
import statistics
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import h5py
import numpy as np
import pytest
import ramps
import soak

from hipdrive import disk, store
from hipdrive.acquisition.logwriter import LogWriter
from hipdrive.acquisition.recorder import Chunk, Recorder, record
from hipdrive.acquisition.ring import Ring
from hipdrive.acquisition.source import ChannelInfo, SourceInfo
from hipdrive.acquisition.stream import Stream

CHANNELS, RATE = 32, 100_000.0


@pytest.mark.slow
@pytest.mark.parametrize("free_run", [False, True], ids=["real time", "free run"])
def test_nothing_is_lost_at_32_channels_and_100_khz(tmp_path: Path, free_run: bool) -> None:
    seconds = 20.0 if not free_run else 3.0
    made, samples = ramps.rig(CHANNELS, RATE), round(seconds * RATE)
    seen, wrong = 0, 0

    def until(recorder: Recorder, chunk: Chunk) -> bool:
        nonlocal seen, wrong
        counts = chunk.counts["ni0"]
        assert chunk.first_sample == seen
        seen += len(counts)
        wrong += ramps.wrong(counts, chunk.first_sample)
        return False

    path = tmp_path / "ramp.h5"
    trial = record(made, seconds=seconds, sources=ramps.devices(made, free_run=free_run), until=until, file=path)
    assert trial.end_reason == ""
    assert trial.gaps == ()
    assert not {"watcher_failed", "log_unread", "disk_full", "log_overrun"} & set("".join(trial.log).split('"'))
    assert (seen, wrong) == (samples, 0)
    [raw] = trial.raw
    assert raw.values.shape == (samples, CHANNELS)
    assert ramps.wrong(raw.values) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["ramp.h5"], "the log is done with"
    expected = ramps.digest(samples, CHANNELS)
    with h5py.File(path) as file:
        stored = file["raw/ni0/counts"]
        assert stored.shape == (samples, CHANNELS)
        told = file["raw/ni0"].attrs["sha256"]
        assert (told.decode() if isinstance(told, bytes) else told) == expected
        assert hashlib.sha256(np.ascontiguousarray(stored[()], "<i2").tobytes()).hexdigest() == expected
    back = store.load_trial(path)
    assert back.fz.tobytes() == trial.fz.tobytes()


def test_the_command_that_records_for_an_hour(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`tests/soak.py`, a few seconds of it."""
    assert soak.soak(0.05, 16, 10_000.0, tmp_path / "soak.h5") == 0
    told = capsys.readouterr().out
    assert "30000 of 30000 samples in the file, checksum right" in told
    assert "a looker saw 30000, 0 lost, 0 wrong; no gap" in told


def calls_in(work: Callable[[], object]) -> int:
    """Python and C calls: operations, whatever the machine is busy with."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.timed
def test_a_block_costs_in_minute_60_what_it_costs_in_the_first(tmp_path: Path) -> None:
    """Ring, log and a looker, with an hour of blocks of 100 ms behind them and with a minute: calls, time, memory."""
    rows = np.zeros((8, 100), np.int16)

    def machine(name: str) -> tuple[Ring, Callable[[], None], LogWriter]:
        info = SourceInfo(id="d", channels=tuple(ChannelInfo(role=f"p{c}.fz", terminal="t") for c in range(8)),
                          rate=1000.0, scaling=np.tile([0.0, 1.0, 0.0, 0.0], (8, 1)))  # fmt: skip
        ring = Ring(60_000, 8, block=100)
        writer = LogWriter.__new__(LogWriter)  # without its threads: each step is taken here
        stream = Stream(info, ring)
        writer.path, writer.streams, writer.written = tmp_path / name, {"d": stream}, {"d": 0}
        writer._said, writer._good, writer.failed = deque(), 0, ""
        writer._file = disk.create(writer.path)
        place = [0]

        def step() -> None:
            ring.push(rows, 1)
            writer._drain()
            ring.read(place[0], ring.count)
            place[0] = ring.count
            assert not stream.gaps

        return ring, step, writer

    old_ring, old, old_writer = machine("old")
    for _ in range(36_000):
        old()
    assert old_ring.count == 3_600_000
    tracemalloc.start()
    for _ in range(1000):
        old()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    _, young, young_writer = machine("young")
    for _ in range(700):
        young()
    assert calls_in(old) == calls_in(young)
    assert held < 10_000, "bytes that are still there"
    spent: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(3000):
        for key, one in enumerate((old, young)):
            begin = time.process_time()
            one()
            spent[key].append(time.process_time() - begin)
    assert statistics.median(spent[0]) < 1.5 * statistics.median(spent[1])
    for writer in (old_writer, young_writer):
        os.close(writer._file)
