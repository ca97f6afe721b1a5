"""Killed, frozen, cut off: what was recorded is there, to the sample, and nobody claims more."""

import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ramps
import victims

import hipdrive as hd
from hipdrive import cli, store
from hipdrive.acquisition import memory, recovery
from hipdrive.acquisition.apart import Apart
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.ring import Ring
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.trial import Trial

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to kill with")]

AT_ONCE = 4
"""Programs that record and are killed beside one another."""

few_or_fifty = pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])


@pytest.fixture(scope="module")
def starts() -> Any:
    """Processes that begin with everything imported."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["victims", "hipdrive.store", "hipdrive.acquisition.recovery"])
    with pytest.MonkeyPatch.context() as patch:
        # Python 3.11's server does not look where this process looks, and would load nothing beforehand
        patch.setenv("PYTHONPATH", os.pathsep.join(one for one in sys.path if one))
        forkserver.ensure_running()
    return found


@contextmanager
def started(starts: Any, what: Callable[[str, Connection], None], folder: Path) -> Iterator[tuple[Any, Connection]]:
    here, there = starts.Pipe()
    process = starts.Process(target=what, args=(str(folder), there), daemon=True)
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join(30.0)
        here.close()


def spread(kills: int, low: float, high: float) -> list[float]:
    """Times all over, the same each time."""
    return [random.Random(8).uniform(low, high) for _ in range(kills)]


# --- the one who records dies ---


@pytest.mark.timed
@few_or_fifty
def test_kill_9_loses_at_most_one_block(starts: Any, tmp_path: Path, kills: int,
                                        record_property: Callable[[str, object], None]) -> None:  # fmt: skip
    """8 channels at 10 kHz in blocks of 10 ms: what had come to the ring is in the log, but for one block."""
    losses: list[int] = []
    rng = random.Random(8)
    while len(losses) < kills:
        folders = [tmp_path / f"{len(losses) + k}" for k in range(min(AT_ONCE, kills - len(losses)))]
        for folder in folders:
            folder.mkdir()
        with ExitStack() as stay:
            victims_ = [stay.enter_context(started(starts, victims.reader, folder)) for folder in folders]
            rings = [ring_of(said) for _, said in victims_]
            pauses = sorted(rng.uniform(0.05, 0.5) for _ in folders)
            begin = time.monotonic()
            for pause, (process, _) in zip(pauses, victims_, strict=True):
                time.sleep(max(0.0, begin + pause - time.monotonic()))
                process.kill()
        losses += [lost(ring, folder) for ring, folder in zip(rings, folders, strict=True)]
    record_property("lost samples", losses)
    assert all(0 <= loss <= victims.BLOCK for loss in losses), losses
    assert kills < 50 or sorted(losses)[kills // 2] == 0, "half of all kills lose nothing"


def ring_of(said: Connection) -> Ring:
    """The ring of a victim, which outlives it."""
    name, size, capacity = said.recv()
    return Ring(capacity, victims.CHANNELS, block=victims.BLOCK, memory=memory.attach(name, size))


def lost(ring: Ring, folder: Path) -> int:
    """Samples that had come and are not in the log; those that are there are right."""
    with recovery.opened(folder / "a.hiplog") as found:
        assert not found.ended
        (trial,) = recovery.trials(found)
        assert ramps.wrong(trial.raw[0].values) == 0
        assert trial.samples == found.devices["ni0"].count
        assert trial.end_reason == recovery.BROKEN
        assert said_at(trial, "broken_off") == trial.samples
    shutil.rmtree(folder)
    return ring.count - trial.samples


def test_a_killed_recorder_is_told_and_what_it_read_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.hiplog"
    recorder = Recorder("simulated", log=log, apart=True, options={"test": "dj", "seed": 5})
    recorder.begin(test="dj")
    recorder.start()
    while recorder.seconds < 0.6:
        time.sleep(0.01)
    assert isinstance(recorder.crew, Apart) and recorder.crew.process is not None
    recorder.crew.process.kill()
    assert recorder.finished.wait(20.0)
    recorder.stop()
    here = recorder.streams["ni0"].ring.count
    trial = recorder.end()
    assert trial.samples == here
    (gap,) = trial.gaps
    assert (gap.code, gap.first_sample) == ("recorder_died", here)
    assert "by signal 9" in trial.end_reason
    assert next(json.loads(line) for line in trial.log if "recorder_died" in line)["sample"] == here
    assert np.array_equal(trial.raw[0].values, known(trial.samples))


def known(samples: int) -> Any:
    """What the simulated athlete's device gives, sample by sample."""
    whole = record("simulated", test="dj", seconds=max(1.0, samples / 1000.0),
                   options={"seed": 5, "free_run": True})  # fmt: skip
    return whole.raw[0].values[:samples]


# --- the one who started it dies ---


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_window_or_script_that_is_killed_loses_nothing(starts: Any, tmp_path: Path, kills: int) -> None:
    reference = known(4000)
    rng = random.Random(9)
    for first in range(0, kills, AT_ONCE):
        folders = [tmp_path / str(kill) for kill in range(first, min(kills, first + AT_ONCE))]
        for folder in folders:
            folder.mkdir()
        with ExitStack() as stay:
            killed = [stay.enter_context(started(starts, victims.owner, folder)) for folder in folders]
            seen = []
            for process, said in killed:
                said.recv()  # it records
                time.sleep(rng.uniform(0.05, 0.7))
                process.kill()
                process.join(30.0)
                seen.append(last(said))
        for folder, count in zip(folders, seen, strict=True):
            log = folder / "a.hiplog"
            wait_for(partial(is_free, log))
            with recovery.opened(log) as found:
                assert (found.ended, found.unread) == (True, 0), "the other process came to its end"
            (saved,) = recovery.recover(log)
            assert saved.trial.samples >= count > 0
            assert np.array_equal(saved.trial.raw[0].values, reference[: saved.trial.samples])
            assert (saved.trial.athlete, saved.trial.gaps, saved.trial.end_reason) == ("a7", (), "")
            assert abs(said_at(saved.trial, "owner_died") - saved.trial.samples) <= 200, "the driver still held blocks"
            assert [one.name for one in folder.iterdir()] == ["a.h5"]
            shutil.rmtree(folder)


def said_at(trial: Trial, code: str) -> int:
    """The sample at which the log of a trial says something."""
    lines = [json.loads(line) for line in trial.log]
    return int(next(line["sample"] for line in lines if line["code"] == code))


def last(said: Connection) -> int:
    """The last that somebody said before it died."""
    count = 0
    with suppress(EOFError, ConnectionError):
        while said.poll(0.5):
            count = said.recv()
    return int(count)


def is_free(log: Path) -> bool:
    try:
        with recovery.free(log):
            return True
    except UsageError:
        return False


def wait_for(done: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_recording_that_is_over_before_it_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The devices start only when this process holds the rings: here that takes long, and the recording is short."""
    attach = memory.attach

    def slow(name: str, size: int) -> Any:
        time.sleep(0.5)
        return attach(name, size)

    monkeypatch.setattr(memory, "attach", slow)
    trial = record("simulated", test="dj", seconds=0.05, apart=True)
    assert trial.samples == 50


def test_a_start_that_failed_can_be_tried_again_and_leaves_nothing(tmp_path: Path) -> None:
    missing = rigs.loads(rigs.load("simulated").text.replace('driver = "simulated"', 'driver = "nidaqmx"', 1))
    recorder = Recorder(missing, log=tmp_path / "a.hiplog", apart=True)
    recorder.begin()
    for _ in range(2):
        with pytest.raises(UsageError, match="NI-DAQmx is not installed"):
            recorder.start()
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_in_the_shared_memory(tmp_path: Path) -> None:
    """Whoever dies: the memory has no name once both hold it."""
    room = memory.ROOM
    if not room.is_dir():
        pytest.skip("memory is no folder here")
    before = set(room.iterdir())
    recorder = Recorder("simulated", apart=True, options={"test": "dj"})
    recorder.begin()
    recorder.start()
    assert set(room.iterdir()) <= before
    recorder.stop()
    assert set(room.iterdir()) <= before


# --- the file is made ---


@few_or_fifty
def test_finalising_is_atomic(starts: Any, tmp_path: Path, kills: int) -> None:
    """Killed at any time while a log becomes a file: afterwards there is one file, bit by bit, and no log."""
    source = tmp_path / "source"
    source.mkdir()
    made = ramps.rig(8, 10_000.0)
    recorder = Recorder(made, ramps.devices(made, free_run=True), log=source / "a.hiplog", limit_seconds=0.5)
    recorder.begin(test="dj", athlete="a7")
    with recorder:
        assert recorder.finished.wait(60.0)
    content = (source / "a.hiplog").read_bytes()
    took: list[float] = []

    def run(folder: Path, pause: float | None) -> bool:
        folder.mkdir()
        (folder / "a.hiplog").write_bytes(content)
        with started(starts, victims.finaliser, folder) as (process, said):
            assert said.recv() == "go"
            begin = time.monotonic()
            if pause is None:
                assert said.poll(60.0)
                took.append(time.monotonic() - begin)
                return True
            time.sleep(pause)
            process.kill()
            process.join(30.0)
        return not (folder / "a.hiplog").exists()

    for k in range(3):  # the first one loads what the others find loaded
        run(tmp_path / f"whole{k}", None)
    whole = statistics.median(took)
    rng, finished = random.Random(10), []
    for kill in range(kills):
        folder = tmp_path / str(kill)
        finished.append(run(folder, rng.uniform(0.0, 2.0 * whole)))  # half of them after, however busy the machine
        if not finished[-1]:
            (saved,) = recovery.recover(folder / "a.hiplog")
            assert saved.path == folder / "a.h5"
        visible = sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))
        assert visible == ["a.h5"]
        back = store.load_trial(folder / "a.h5")
        assert ramps.wrong(back.raw[0].values) == 0
        assert (back.samples, back.athlete, back.end_reason) == (5_000, "a7", "")
        assert all(one.level != "fail" for one in store.check(folder / "a.h5"))
        shutil.rmtree(folder)
    if kills == 50:
        assert 3 <= sum(finished) <= 47, "some before, some after"


# --- frozen ---


def test_frozen_for_less_than_the_buffer_loses_nothing_and_for_longer_it_is_told(tmp_path: Path) -> None:
    """The process that records is stopped: the driver's buffer holds, or says where it could not."""
    made = rig_with_buffer(1.0)
    recorder = Recorder(made, log=tmp_path / "a.hiplog", apart=True, options={"test": "dj", "seed": 5})
    recorder.begin(test="dj")
    recorder.start()
    assert isinstance(recorder.crew, Apart) and recorder.crew.process is not None
    pid = recorder.crew.process.pid

    freeze(pid, 0.4)
    count = recorder.streams["ni0"].ring.count
    wait_for(lambda: recorder.streams["ni0"].ring.count > count + 500)
    assert recorder.broken is None
    freeze(pid, 1.6)
    assert recorder.finished.wait(20.0)
    recorder.stop()
    trial = recorder.end()
    (gap,) = trial.gaps
    assert (gap.code, gap.first_sample) == ("-200279", trial.samples)
    assert np.array_equal(trial.raw[0].values, known(trial.samples))
    (saved, *_) = recovery.recover(tmp_path / "a.hiplog")
    assert saved.trial.gaps == trial.gaps
    assert np.array_equal(saved.trial.raw[0].values, trial.raw[0].values)


def freeze(pid: int, seconds: float) -> None:
    """A process gets no time for so long."""
    if sys.platform != "win32":
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)


def rig_with_buffer(seconds: float) -> Any:
    text = rigs.load("simulated").text
    return rigs.loads(re.sub(r"(?m)^buffer_s = \S+", f"buffer_s = {seconds}", text))


# --- from the command line ---

TROUBLE = {"unplugged": "-201003", "overflow": "-200279", "frozen": "stalled"}


@pytest.mark.parametrize("what", TROUBLE)
def test_a_device_in_trouble_from_the_command_line(tmp_path: Path, what: str,
                                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Code and sample are exact, the file holds all that came, check and analyse say what happened."""
    file = tmp_path / "a.h5"
    assert (
        cli.run(["record", "simulated", str(file), "--test", "dj", "--seconds", "3", "--fault", f"{what}@1.234"]) == 1
    )
    told = capsys.readouterr()
    assert "the recording broke off" in told.err
    trial = store.load_trial(file)
    (gap,) = trial.gaps
    first = 1234 if what != "overflow" else 1240  # whole blocks were read until then
    assert (gap.code, gap.first_sample) == (TROUBLE[what], trial.samples)
    assert first - 10 < trial.samples <= first
    reference = record("simulated", test="dj", seconds=2.0, options={"free_run": True}).raw[0].values
    assert np.array_equal(trial.raw[0].values, reference[: trial.samples])
    assert [one.name for one in tmp_path.iterdir()] == ["a.h5"], "the log is done with"
    cli.run(["check", str(file)])
    assert TROUBLE[what].removeprefix("stalled") in capsys.readouterr().out
    assert cli.run(["analyse", str(file)]) == 1


def test_kill_9_of_the_command_and_recover(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.h5"
    with subprocess.Popen([sys.executable, "-m", "hipdrive", "record", "simulated", str(file), "--test", "dj"],
                          env={**os.environ, "PYTHONPATH": str(Path(hd.__file__).parents[1])}) as running:  # fmt: skip
        log = tmp_path / "a.hiplog"
        wait_for(lambda: log.exists() and log.stat().st_size > 20_000)
        running.kill()
    wait_for(lambda: is_free(log))
    assert cli.run(["check", str(tmp_path / "a.hiplog")]) in (0, 1)
    assert "that is in no trial file yet" in " ".join(capsys.readouterr().out.split())
    assert cli.run(["recover", str(tmp_path)]) == 0
    assert "a.h5: " in capsys.readouterr().out
    assert not log.exists()
    trial = store.load_trial(file)
    assert trial.test == "dj"
    assert np.array_equal(trial.raw[0].values, record("simulated", test="dj", seconds=trial.duration,
                                                      options={"free_run": True}).raw[0].values)  # fmt: skip
