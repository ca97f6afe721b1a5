"""A recording played again gives the recording again, and so does an imported file."""

import time
from pathlib import Path

import numpy as np
import pytest

import hipdrive as hd
from hipdrive import store
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.replay import ReplaySource, replay
from hipdrive.acquisition.source import SourceEnd, open_sources
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.trial import Gap, Raw, Trial


def again(trial: Trial | Path, **options: float) -> Trial:
    rig, sources = replay(trial, **options)
    recorder = Recorder(rig, sources)
    recorder.begin(test="dj")
    with recorder:
        assert recorder.finished.wait(30.0)
    return recorder.end()


@pytest.fixture(scope="module")
def recorded() -> Trial:
    return record("simulated", test="dj", seconds=6.0,
                  sources=open_sources(rigs.load("simulated"), test="dj", free_run=True))  # fmt: skip


def test_a_recording_again(recorded: Trial, tmp_path: Path) -> None:
    path = store.save(tmp_path / "jump.h5", recorded)
    second = again(path, speed=0.0)
    assert second.raw[0].values.tobytes() == recorded.raw[0].values.tobytes()
    assert second.fz.tobytes() == recorded.fz.tobytes()
    assert second.gaps == ()
    assert recorded.truth is not None
    assert second.truth is not None
    assert dict(second.truth.events) == dict(recorded.truth.events)
    one, two = hd.analyse(recorded), hd.analyse(second)
    assert one.reps[0]["rsi_jh"].value == two.reps[0]["rsi_jh"].value


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_in_time(speed: float) -> None:
    trial = hd.simulate("cmj", seed=1)
    short = Trial.from_forces(trial.fz[:, :800], trial.rate, trial.plates)
    began = time.monotonic()
    second = again(short, speed=speed)
    assert time.monotonic() - began >= 0.8 / speed - 0.02
    assert second.fz.tobytes() == short.fz.tobytes()


def test_an_imported_file(tmp_path: Path) -> None:
    from hipdrive.report import exchange

    trial = hd.simulate("dj", seed=3)
    exchange.save(trial, tmp_path / "jump.csv")
    second = again(tmp_path / "jump.csv", speed=0.0)
    assert second.plates == ("left", "right")
    assert second.fz == pytest.approx(trial.fz, abs=1e-9)
    assert hd.analyse(second).status == "ok"


def test_stopping_does_not_wait_for_the_end() -> None:
    trial = hd.simulate("cmj", seed=1)
    rig, sources = replay(trial)
    recorder = Recorder(rig, sources)
    recorder.begin()
    with recorder:
        time.sleep(0.3)
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    assert 100 < recorder.end().samples < 2000


def test_a_gap_in_the_middle_is_a_gap_again() -> None:
    values = np.arange(1000.0)[:, np.newaxis]
    raw = Raw(device="import", values=values, channels=("fz",), roles=("plate1.fz",), units=("N",), rate=1000.0,
              gaps=(Gap(first_sample=400, samples=50, code="usb", text="lost"),))  # fmt: skip
    trial = Trial.from_forces(values.T, 1000.0, ("plate1",), raw=(raw,))
    second = again(trial, speed=0.0)
    assert second.samples == 400
    assert [(gap.first_sample, gap.samples) for gap in second.gaps] == [(400, 50)]


def test_a_source_by_itself() -> None:
    raw = Raw(device="ni0", values=np.arange(50, dtype=np.int16).reshape(25, 2), channels=("ai0", "ai1"),
              roles=("a.fz", "b.fz"), units=("V", "V"), rate=1000.0)  # fmt: skip
    source = ReplaySource(raw, speed=0.0)
    for _ in range(2):  # once more from the beginning
        source.open()
        source.start()
        out = np.empty((2, 10), np.int16)
        assert [source.read(out, 1.0).first_sample for _ in range(2)] == [0, 10]
        with pytest.raises(SourceEnd) as caught:
            source.read(out, 1.0)
        assert caught.value.n == 5
        assert out[:, :5].T.tolist() == raw.values[20:].tolist()
        source.stop()
        source.close()


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_a_speed_that_makes_no_sense(speed: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        replay(hd.simulate("cmj"), speed=speed)
