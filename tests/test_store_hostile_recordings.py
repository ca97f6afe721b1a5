"""Recordings whose /rig, /tare, /log, /sync and /raw/<device> lie: one sentence, or what can still be read."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import hipdrive as hd
from hipdrive import store
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.replay import replay
from hipdrive.acquisition.source import open_sources
from hipdrive.errors import HipdriveError
from hipdrive.hardware import rig as rigs
from hipdrive.trial import Tare

RAW = "raw/ni0"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rig = rigs.load("simulated")
    tare = Tare(plate="left", mean=np.zeros(6), sd=np.zeros(6), samples=100)
    trial = record(rig, sources=open_sources(rig, test="dj", free_run=True), seconds=2.0, tare=(tare,))
    return store.save(tmp_path_factory.mktemp("recorded") / "good.h5", trial)


def put(file: Any, name: str, values: Any) -> None:
    """Other values in the place of a dataset."""
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_dataset(name, data=values).attrs.update(attributes)


def text(*lines: str) -> Any:
    return np.array([line.encode() for line in lines])


def lead_back(file: Any) -> None:
    del file["rig"]
    file["rig"] = file["/"]


LIES: dict[str, Callable[[Any], None]] = {
    "blocks that are no numbers": lambda f: put(f, f"{RAW}/blocks", np.full((3, 3), math.nan)),
    "blocks of another shape": lambda f: put(f, f"{RAW}/blocks", np.zeros((3, 2), np.int64)),
    "a scaling that is no number": lambda f: put(f, f"{RAW}/scaling", np.full((12, 4), math.nan)),
    "an infinite scaling": lambda f: put(f, f"{RAW}/scaling", np.full((12, 4), math.inf)),
    "a scaling of texts": lambda f: put(f, f"{RAW}/scaling", text("x")),
    "a scaling for other channels": lambda f: put(f, f"{RAW}/scaling", np.zeros((3, 4))),
    "infinite counts": lambda f: put(f, f"{RAW}/counts", np.full((2000, 12), math.inf)),
    "a place that is infinite": lambda f: f[RAW].attrs.__setitem__("place", math.inf),
    "a place that is a text": lambda f: f[RAW].attrs.__setitem__("place", "x"),
    "a rate that is no number": lambda f: f[RAW].attrs.__setitem__("rate_hz", math.nan),
    "a rate that is huge": lambda f: f[RAW].attrs.__setitem__("rate_hz", 1e300),
    "a rate of another kind": lambda f: f[RAW].attrs.__setitem__("rate_hz", "fast"),
    "ranges in a square": lambda f: put(f, "trial/ranges", np.zeros((2, 2))),
    "ranges of texts": lambda f: put(f, "trial/ranges", text("a", "b")),
    "a tare that is huge": lambda f: put(f, "tare/left/mean", np.full(6, 1e308)),
    "a tare of another shape": lambda f: put(f, "tare/left/mean", np.zeros((2, 3))),
    "a tare over too many samples": lambda f: f["tare/left"].attrs.__setitem__("samples", 1e300),
    "a tare of no plate": lambda f: f.move("tare/left", "tare/nowhere"),
    "ticks that are one number": lambda f: put(f, "sync/edges/0/ticks", np.zeros(())),
    "a clock of ticks that stands": lambda f: f["sync/edges/0"].attrs.__setitem__("timebase_hz", 0.0),
    "a log that is no JSON": lambda f: put(f, "log", text("{", "\x1b[2J")),
    "a rig that is no TOML": lambda f: put(f, "rig", text("= [")),
    "a rig of other plates": lambda f: put(f, "rig", text(rigs.load("kistler_pair").text)),
    "a rig that leads back": lead_back,
    "a tare that leads back": lambda f: f["tare/left"].__setitem__("again", f["/"]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_sentence_or_does_no_harm(lie: str, recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "lie.h5"
    path.write_bytes(recorded.read_bytes())
    with h5py.File(path, "r+") as file:
        LIES[lie](file)
        file[RAW].attrs["sha256"] = store._sum(file[RAW]["counts"][()])  # whoever lies makes the fingerprint fit

    def play() -> None:
        rig, found = replay(path, speed=0)
        with Recorder(rig, found, limit_seconds=3.0) as one:
            one.begin()
            assert one.finished.wait(20.0)
            one.end()

    def again() -> None:
        copy = store.save(tmp_path / "copy.h5", store.load_trial(path))
        assert not [one for one in store.check(copy) if one.level == "fail"]

    for use in (lambda: store.check(path), lambda: store.index(path), lambda: hd.analyse(store.load_trial(path)),
                play, again):  # fmt: skip
        try:
            use()
        except HipdriveError as error:
            assert "\n" not in str(error)
