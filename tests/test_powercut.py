"""The power goes while somebody records, or while the file is made: at most half a second is lost, and no file lies."""

import random
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import ramps
from powercut import Tape, cut, taped

from hipdrive import store
from hipdrive.acquisition import recovery
from hipdrive.acquisition.recorder import Recorder
from hipdrive.errors import UsageError

CHANNELS, RATE = 8, 10_000.0
LOSS_S = 0.5


def recorded(
    folder: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> tuple[Tape, list[tuple[float, int]], float]:
    """A recording and its file on tape, how many samples there were when, and when the file was there."""
    made = ramps.rig(CHANNELS, RATE)
    counts: list[tuple[float, int]] = []
    with taped(folder, monkeypatch) as tape:
        recorder = Recorder(made, ramps.devices(made), log=folder / "a.hiplog", limit_seconds=seconds)
        recorder.begin(test="dj")
        recorder.start()
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.001):
                counts.append((time.monotonic(), recorder.streams["ni0"].ring.count))

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert recorder.finished.wait(60.0)
        recorder.stop()
        over.set()
        watcher.join()
        store.save(folder / "a.h5", recorder.end())
        filed = time.monotonic()
        recovery.remove(folder / "a.hiplog")
        tape.note("over")
    return tape, counts, filed


def left(folder: Path) -> int:
    """How many samples a user has after the power is back; whatever a file claims is right."""
    there = 0
    if (folder / "a.h5").exists():
        trial = store.load_trial(folder / "a.h5")
        assert all(one.level != "fail" for one in store.check(folder / "a.h5"))
        assert ramps.wrong(trial.raw[0].values) == 0
        there = trial.samples
    if (folder / "a.hiplog").exists():
        try:
            with recovery.opened(folder / "a.hiplog") as found:
                place = 0
                for trial in recovery.trials(found):
                    values = trial.raw[0].values
                    start = next(p for p in range(place, place + 1_000_000, 1) if ramps.wrong(values[:1], p) == 0)
                    assert ramps.wrong(values, start) == 0
                    there = max(there, trial.samples if not start else 0)
                    place = start + len(values)
        except UsageError as why:
            assert why.code in ("no_log", "nothing_recorded")
    return there


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="the calls that are noted are POSIX's")
@pytest.mark.parametrize("points", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_a_power_cut_loses_half_a_second_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: int,
                                                 record_property: Callable[[str, object], None]) -> None:  # fmt: skip
    folder = tmp_path / "disk"
    folder.mkdir()
    seconds = 2.0 if points < 100 else 6.0
    tape, counts, filed = recorded(folder, seconds, monkeypatch)
    assert counts[-1][1] == round(seconds * RATE)
    assert {one.what for one in tape.calls} >= {"create", "write", "sync", "names", "rename", "remove"}
    rng = random.Random(3)
    for model in ("none", "torn"):
        losses = []
        for point in range(points):
            moment = rng.uniform(counts[0][0], tape.calls[-1].t + 0.05)
            out = tmp_path / f"{model}{point}"
            cut(tape, moment, model, rng, out)
            had = max((count for t, count in counts if t <= moment), default=0)
            losses.append((had - left(out)) / RATE)
            if moment > filed:
                assert losses[-1] == 0.0, "a file that was written is there"
            shutil.rmtree(out)
        losses.sort()
        record_property(model, {"median s": losses[points // 2], "largest s": losses[-1]})
        print(f"\n{model}: {points} cuts, lost s median {losses[points // 2]:.3f}, largest {losses[-1]:.3f}")
        assert losses[-1] <= LOSS_S
