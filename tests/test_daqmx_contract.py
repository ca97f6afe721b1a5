"""The NI path on two drivers, the stand-in in Python and a C library found by NI's own loader: the same answers."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import daqmx_contract as contract
import numpy as np
import pytest

from hipdrive import store
from hipdrive.acquisition.simulated.daqmx import installed
from hipdrive.acquisition.simulated.device import MODELS, SimDevice, coefficients
from hipdrive.acquisition.simulated.engine import Engine, ManualClock

HERE = Path(__file__).resolve().parent
NEEDED = ("gcc", "ld", "objdump")
"""What builds the library, and what ctypes asks for its name."""

MODEL = dataclasses.replace(MODELS["stand-in"], simultaneous=False)
OVERFLOW = ("ni0 (Dev1): the application is not able to keep up with the hardware acquisition (NI -200279); "
            "close other programs, or raise buffer_s in the rig file")  # fmt: skip
UNPLUGGED = "ni0 (Dev1): device cannot be accessed (NI -201003); check its cable and power, then record again"
NO_DEVICE = ["UsageError", "-200220", "ni0 (Dev9): device identifier is invalid (NI -200220); plug it in and switch it "
             "on; `hipdrive sources` lists what is there"]  # fmt: skip
NO_CHANNEL = ["UsageError", "-200170", "ni0 (Dev1): physical channel specified does not exist on this device "
              "(NI -200170); correct the terminal in the rig file"]  # fmt: skip
TOO_FAST = ["UsageError", "-200081", "ni0 (Dev1): sample rate exceeds the maximum sample rate for the number of "
            "channels specified (NI -200081); lower rate_hz in the rig file, or use fewer channels"]  # fmt: skip
OTHER = ["UsageError", "other_device", "ni0 (Dev1): the rig file expects product USB-6218, but stand-in is there; "
         "correct name or product in the rig file"]  # fmt: skip

EXPECTED: Mapping[str, Any] = {
    "devices": {"name": "Dev1", "product": "stand-in", "serial": 0x1A2B3C, "simulated": True, "version": [25, 0, 0],
                "inputs": [f"Dev1/ai{i}" for i in range(64)]},
    "channels": [[[f"Dev1/ai{i}", f"Dev1/ai{i}", -limit, limit, 16] for i in range(3)] for limit in (0.5, 5.0, 10.0)],
    "coefficients": [[coefficients(MODEL, i, limit).tolist() for i in range(3)] for limit in (0.2, 5.0, 10.0)],
    "clock": [[50.0, 1000, 4000], [1000.0, 10_000, 40_000], [100_000.0, 100_000, 400_000]],
    # of 75000 samples of 8 channels by the definition of the pattern
    "every_sample": {"wrong": 0, "sha256": "5277ebda0a65bd8c415efffc1d96ce22f6b63ea9685dae47bf24e6fb388c975b"},
    "time_out": [-200284, 123, True, True],
    "overflow": [100, ["DaqReadError", -200279], 4101, 100],
    "unplugged": [[100, 100], ["DaqReadError", -201003], ["DaqReadError", -201003], []],
    "finite": [False, 200, -200278, 50, True],
    "no_such_device": ["DaqError", -200220],
    "no_such_channel": ["DaqError", -200170],
    "too_fast": ["DaqError", -200081],
    "no_such_range": ["DaqError", -200077],
    "source_facts": [1000.0, 10, 4000, "int16", [coefficients(MODEL, i, 10.0).tolist() for i in range(2)],
                     {"driver": "nidaqmx", "driver_version": "25.0.0", "name": "Dev1", "product": "stand-in",
                      "serial": "001A2B3C", "terminal": '["default", "default"]',
                      "range": "[[-10.0, 10.0], [-10.0, 10.0]]", "clock": "own",
                      "conv_rate_hz": 8000.0}],
    "source_reads": [[0, 10, True], [10, 10, True], [20, 10, True], ["SourceTimeout", 7, True], [37, 10, True]],
    "source_overflow": ["-200279", 4510, OVERFLOW],
    "source_unplugged": [[10, 10], ["-201003", 0, UNPLUGGED]],
    "source_ends": [10, 10, ["SourceEnd", 5, True]],
    "source_refused": [TOO_FAST, NO_DEVICE, NO_CHANNEL, OTHER],
    "recording_with_time_outs": {"samples": 266, "good": True, "gaps": [], "end": "", "short": [7, 6, 3], "log": []},
    "recording_overflow": {"samples": 1230, "good": True, "gaps": [[1230, 6000, "-200279"]], "end": OVERFLOW,
                           "short": [], "log": [["-200279", 1230]]},
    "recording_unplugged": {"samples": 1230, "good": True, "gaps": [[1230, 0, "-201003"]], "end": UNPLUGGED,
                            "short": [], "log": [["-201003", 1230]]},
    "recording_refused": [NO_DEVICE, NO_CHANNEL, TOO_FAST],
    "recording_of_much": {"shape": [200_000, 32], "wrong": 0, "gaps": 0, "stored": True},
}  # fmt: skip


class StandIn:
    """The stand-in in Python, as `contract.Bench`."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.device = SimDevice(name="Dev1", model=MODEL)
        self.engine = Engine([self.device], clock=self.clock)

    def set(self, **facts: float) -> None:
        for name, value in facts.items():
            if name == "free_run":
                self.engine.free_run = bool(value)
            elif name == "max_rate":
                self.device.model = dataclasses.replace(self.device.model, max_rate=value)
            else:
                assert name == "unplug_at"
                self.engine.faults.unplug_at = int(value)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)


def test_every_question_has_an_answer() -> None:
    assert EXPECTED.keys() == contract.QUESTIONS.keys()


MUCH = "recording_of_much"  # on the stand-in `test_recorder_ramp` does it for longer
ON_STAND_IN = [pytest.param(name, marks=pytest.mark.slow if name == MUCH else ()) for name in EXPECTED]


@pytest.mark.parametrize("name", ON_STAND_IN)
def test_the_stand_in(name: str) -> None:
    bench = StandIn()
    with installed(bench.engine):
        assert contract.QUESTIONS[name](bench) == same_floats(EXPECTED[name])
    assert not bench.engine.tasks


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the C library, as it would be among those of the system."""
    if sys.platform != "linux":
        pytest.skip("the library is built for Linux only")
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} are not here; `python3 run.py test` installs gcc, binutils and libc6-dev")
    folder = tmp_path_factory.mktemp("driver")
    built = subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-Wl,-soname,libnidaqmx.so", "-o",
         str(folder / "libnidaqmx.so"), str(HERE / "nidaqmx_shim.c"), "-lpthread"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


def python(library: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, which finds the library by itself."""
    told = {**os.environ, "LD_LIBRARY_PATH": str(library), "PYTHONPATH": str(HERE.parent), **environment}
    return subprocess.run([sys.executable, "-W", "error", *arguments], env=told, capture_output=True, text=True,
                          timeout=120)  # fmt: skip


@pytest.fixture(scope="module")
def answers(library: Path) -> Mapping[str, Any]:
    """What a program says of the library to all questions."""
    told = python(library, str(HERE / "daqmx_contract.py"))
    assert told.returncode == 0, told.stderr
    return dict(json.loads(line) for line in told.stdout.splitlines())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_library_that_the_client_finds_by_itself(answers: Mapping[str, Any], name: str) -> None:
    assert answers[name] == same_floats(EXPECTED[name])


def test_the_command_records_from_it(library: Path, tmp_path: Path) -> None:
    """Down to the process of its own in which devices are read, with nothing of ours in the driver's place."""
    lab, gone, whole, broken = (tmp_path / name for name in ("lab.toml", "gone.toml", "whole.h5", "broken.h5"))
    lab.write_text(contract.rig().text, encoding="utf-8")
    gone.write_text(contract.rig(name="Dev9").text, encoding="utf-8")
    record = ("-m", "hipdrive", "record")
    done = python(library, *record, str(lab), str(whole), "--seconds", "0.7", SHIM_REAL_TIME="1")
    assert (done.returncode, done.stderr) == (0, "")
    [raw] = store.load_trial(whole).raw
    assert (raw.values == contract.ramp(2, 0, 700).T).all()
    assert raw.identity["driver"] == "nidaqmx"
    done = python(library, *record, str(lab), str(broken), "--seconds", "9", SHIM_REAL_TIME="1", SHIM_UNPLUG_AT="654")
    assert (done.returncode, " ".join(done.stderr.split())) == (1, f"the recording broke off: {UNPLUGGED}")
    trial = store.load_trial(broken)
    [gap] = trial.gaps  # the block in which it was is not handed over
    assert (gap.code, gap.first_sample, 644 < gap.first_sample <= 654) == ("-201003", trial.samples, True)
    assert (trial.raw[0].values == contract.ramp(2, 0, trial.samples).T).all()
    done = python(library, *record, str(gone), str(tmp_path / "x.h5"), "--seconds", "1")
    assert (done.returncode, " ".join(done.stderr.split())) == (2, NO_DEVICE[2])
    assert not (tmp_path / "x.h5").exists()


def same_floats(expected: Any) -> Any:
    """Floats may differ in the last bit: C and Python need not round a product of four numbers alike."""
    if isinstance(expected, float):
        return pytest.approx(expected, rel=1e-15, abs=0.0)
    if isinstance(expected, list):
        return [same_floats(one) for one in expected]
    return {k: same_floats(v) for k, v in expected.items()} if isinstance(expected, dict) else expected


def test_the_checksum_is_that_of_the_pattern() -> None:
    import hashlib

    digest = hashlib.sha256()
    for first in range(0, 75_000, 500):
        digest.update(np.ascontiguousarray(contract.ramp(8, first, 500), "<i2").tobytes())
    assert digest.hexdigest() == EXPECTED["every_sample"]["sha256"]
