"""32 channels at 100 kHz for 20 s through the real client: every sample checked, down to the checksum in the file."""

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from hipdrive import store
from hipdrive.acquisition.recorder import Chunk, Recorder, record
from hipdrive.acquisition.simulated.engine import MODELS, Engine, Model, SimDevice
from hipdrive.acquisition.simulated.source import sources
from hipdrive.hardware.rig import Rig, loads

CHANNELS, RATE = 32, 100_000.0


def rig() -> Rig:
    """Eight boards on four cells each."""
    lines = ['schema = "hipdrive-rig/1"', 'name = "ramp"', "[[devices]]", 'id = "ni0"', 'driver = "simulated"',
             'name = "Dev1"', f"rate_hz = {RATE}"]  # fmt: skip
    for board in range(CHANNELS // 4):
        wired = ", ".join(f'c{cell} = "ai{4 * board + cell}"' for cell in range(4))
        lines += ["[[plates]]", f'id = "board{board}"', 'kind = "cells"', 'device = "ni0"', f"channels = {{ {wired} }}",
                  "positions_m = { c0 = [0.2, 0.2], c1 = [0.2, -0.2], c2 = [-0.2, -0.2], c3 = [-0.2, 0.2] }",
                  "newton_per_volt = 300.0", "range_n = 5000", f"position_m = [0.0, {board}.0]",
                  'calibration = { id = "none", date = 2026-01-01 }']  # fmt: skip
    return loads("\n".join(lines))


def ramp(first: int, samples: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """The pattern by its definition: each count names its sample and channel."""
    wide = (np.arange(first, first + samples)[:, np.newaxis] + 1000 * np.arange(CHANNELS)) % 65536 - 32768
    return wide.astype(np.int16)


@pytest.mark.slow
@pytest.mark.parametrize("free_run", [False, True], ids=["real time", "free run"])
def test_nothing_is_lost_at_32_channels_and_100_khz(tmp_path: Path, free_run: bool) -> None:
    seconds = 20.0 if not free_run else 3.0
    made, samples = rig(), round(seconds * RATE)
    fast = Model(**{**vars(MODELS["stand-in"]), "max_rate": 1e9})
    engine = Engine([SimDevice(name="Dev1", model=fast)], free_run=free_run)
    seen, wrong = 0, 0

    def until(recorder: Recorder, chunk: Chunk) -> bool:
        nonlocal seen, wrong
        counts = chunk.counts["ni0"]
        assert chunk.first_sample == seen
        seen += len(counts)
        wrong += int((counts != ramp(chunk.first_sample, len(counts))).sum())
        return False

    trial = record(made, seconds=seconds, sources=tuple(sources(made, engine=engine)), until=until)
    assert trial.end_reason == ""
    assert trial.gaps == ()
    assert "watcher_failed" not in "".join(trial.log)
    assert (seen, wrong) == (samples, 0)
    [raw] = trial.raw
    assert raw.values.shape == (samples, CHANNELS)
    digest = hashlib.sha256()
    for first in range(0, samples, 100_000):
        piece = ramp(first, min(100_000, samples - first))
        assert (raw.values[first : first + len(piece)] == piece).all()
        digest.update(piece.astype("<i2").tobytes())
    path = store.save(tmp_path / "ramp.h5", trial)
    with h5py.File(path) as file:
        stored = file["raw/ni0/counts"]
        assert stored.shape == (samples, CHANNELS)
        told = file["raw/ni0"].attrs["sha256"]
        assert (told.decode() if isinstance(told, bytes) else told) == digest.hexdigest()
        assert hashlib.sha256(np.ascontiguousarray(stored[()], "<i2").tobytes()).hexdigest() == digest.hexdigest()
    back = store.load_trial(path)
    assert back.fz.tobytes() == trial.fz.tobytes()
