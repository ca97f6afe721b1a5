"""What the NI path does on a driver, question by question: the same for the stand-in in Python and the shim in C.

Every question is put through NI's own client, and most through `NidaqSource` and the recorder, too. `python
daqmx_contract.py` puts them to whatever driver the client's own loader finds, and prints the answers as JSON.
"""

import ctypes
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import nidaqmx
import numpy as np
from nidaqmx import _lib
from nidaqmx.constants import AcquisitionType
from nidaqmx.errors import DaqError, DaqReadError
from nidaqmx.stream_readers import AnalogUnscaledReader
from nidaqmx.system import System
from numpy.typing import NDArray

from hipdrive import store
from hipdrive.acquisition.nidaq import NidaqSource, rig_sources
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.source import Block, SourceEnd, SourceLost, SourceTimeout
from hipdrive.errors import UsageError
from hipdrive.hardware.rig import Rig, loads

BUFFER_S, RATE = 4.0, 1000.0


class Bench(Protocol):
    """A driver with one device, `Dev1`, that sees the ramp; its clock stands still until it is told to go on."""

    def set(self, **facts: float) -> None:
        """free_run, max_rate, unplug_at, overflow_at: as the stand-in's engine has them."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


class Shim:
    """The C library that the client has loaded."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libnidaqmx.so")
        self.library.shim_set.argtypes = [ctypes.c_char_p, ctypes.c_double]

    def set(self, **facts: float) -> None:
        for name, value in facts.items():
            assert self.library.shim_set(name.encode(), value) == 0, name

    def advance(self, seconds: float) -> None:
        self.library.shim_set(b"advance", seconds)


def rig(channels: int = 2, *, rate: float = RATE, name: str = "Dev1", extra: str = "") -> Rig:
    """So many single-channel plates on one device."""
    lines = ['schema = "hipdrive-rig/1"', 'name = "contract"', "[[devices]]", 'id = "ni0"', 'driver = "nidaqmx"',
             f'name = "{name}"', f"rate_hz = {rate}", f"buffer_s = {BUFFER_S}", extra]  # fmt: skip
    for c in range(channels):
        lines += ["[[plates]]", f'id = "p{c}"', 'kind = "fz1"', 'device = "ni0"', f'channels = {{ fz = "ai{c}" }}',
                  "newton_per_volt = 500.0", "range_n = 5000", 'calibration = { id = "none", date = 2026-01-01 }',
                  f"position_m = [0.0, {c}.0]"]  # fmt: skip
    return loads("\n".join(lines))


def ramp(channels: int, first: int, samples: int) -> NDArray[np.int16]:
    """The pattern by its definition, (channels, samples): each count names its sample and channel."""
    wide = (np.arange(first, first + samples) + 1000 * np.arange(channels)[:, np.newaxis]) % 65536 - 32768
    return wide.astype(np.int16)


def voltage(task: Any, n: int = 2, rate: float = RATE, *, finite: int = 0, limit: float = 10.0) -> Any:
    """Channels and a sample clock; the reader."""
    task.ai_channels.add_ai_voltage_chan(f"Dev1/ai0:{n - 1}", min_val=-limit, max_val=limit)
    mode = AcquisitionType.FINITE if finite else AcquisitionType.CONTINUOUS
    task.timing.cfg_samp_clk_timing(rate, sample_mode=mode, samps_per_chan=finite or int(BUFFER_S * rate))
    return AnalogUnscaledReader(task.in_stream)


def refused(do: Callable[[], object]) -> Any:
    """Code of what is raised, and which class says so."""
    try:
        do()
    except DaqError as error:
        return [type(error).__name__, error.error_code]
    except UsageError as error:
        return ["UsageError", error.code, str(error)]
    return None


# --- the client ---


def devices(bench: Bench) -> Any:
    system = System.local()
    [one] = system.devices
    version = system.driver_version
    return {"name": one.name, "product": one.product_type, "serial": one.serial_num,
            "inputs": [chan.name for chan in one.ai_physical_chans], "simulated": one.is_simulated,
            "version": [version.major_version, version.minor_version, version.update_version]}  # fmt: skip


def channels(bench: Bench) -> Any:
    found = []
    for limit in (0.3, 4.9, 10.0):
        with nidaqmx.Task() as task:
            voltage(task, 3, limit=limit)
            found.append([[one.name, one.physical_channel.name, one.ai_rng_low, one.ai_rng_high, one.ai_raw_samp_size]
                          for one in task.ai_channels])  # fmt: skip
    return found


def coefficients(bench: Bench) -> Any:
    found = []
    for limit in (0.2, 5.0, 10.0):
        with nidaqmx.Task() as task:
            voltage(task, 3, limit=limit)
            found.append([list(one.ai_dev_scaling_coeff) for one in task.ai_channels])
    return found


def clock(bench: Bench) -> Any:
    found = []
    for rate in (50.0, 1000.0, 100_000.0):
        with nidaqmx.Task() as task:
            task.ai_channels.add_ai_voltage_chan("Dev1/ai0")
            task.timing.cfg_samp_clk_timing(rate, sample_mode=AcquisitionType.CONTINUOUS, samps_per_chan=100)
            before = task.in_stream.input_buf_size
            task.in_stream.input_buf_size = 4 * before
            found.append([task.timing.samp_clk_rate, before, task.in_stream.input_buf_size])
    return found


def every_sample(bench: Bench) -> Any:
    """More than once round the pattern."""
    digest, wrong = hashlib.sha256(), 0
    with nidaqmx.Task() as task:
        reader = voltage(task, 8, 10_000.0)
        reader.verify_array_shape = False
        block = np.empty((8, 500), np.int16)
        task.start()
        for turn in range(150):
            bench.advance(0.05)
            assert reader.read_int16(block, 500, timeout=1.0) == 500
            wrong += int((block != ramp(8, 500 * turn, 500)).sum())
            digest.update(block.astype("<i2").tobytes())
    return {"wrong": wrong, "sha256": digest.hexdigest()}


def time_out(bench: Bench) -> Any:
    """-200284 with what there is, packed at the beginning of the array; nothing is lost by it."""
    with nidaqmx.Task() as task:
        reader = voltage(task)
        task.start()
        bench.advance(0.123)
        block = np.zeros((2, 500), np.int16)
        try:
            reader.read_int16(block, 500, timeout=0.02)
        except DaqReadError as error:
            code, n = error.error_code, error.samps_per_chan_read
        short = block.reshape(-1)[: 2 * n].reshape(2, n)
        bench.advance(0.1)
        again = np.empty((2, 100), np.int16)
        reader.read_int16(again, 100, timeout=1.0)
    return [code, n, bool((short == ramp(2, 0, n)).all()), bool((again == ramp(2, n, 100)).all())]


def overflow(bench: Bench) -> Any:
    """-200279: nobody read for longer than the buffer lasts."""
    with nidaqmx.Task() as task:
        reader = voltage(task)
        task.in_stream.input_buf_size = 4000
        task.start()
        bench.advance(4.0)
        block = np.empty((2, 100), np.int16)
        full = reader.read_int16(block, 100, timeout=1.0)  # full to the brim is not too much
        bench.advance(0.101)
        code = refused(lambda: reader.read_int16(block, 100, timeout=1.0))
        return [full, code, task.in_stream.total_samp_per_chan_acquired, task.in_stream.curr_read_pos]


def unplugged(bench: Bench) -> Any:
    """-201003 in the block in which it happens; then nothing is there any more."""
    bench.set(unplug_at=250)
    with nidaqmx.Task() as task:
        reader, block = voltage(task), np.empty((2, 100), np.int16)
        task.start()
        bench.advance(1.0)
        good = [reader.read_int16(block, 100, timeout=1.0) for _ in range(2)]
        code = refused(lambda: reader.read_int16(block, 100, timeout=1.0))
        again = refused(lambda: reader.read_int16(block, 100, timeout=1.0))
    return [good, code, again, [one.name for one in System.local().devices]]


def finite(bench: Bench) -> Any:
    """-200278 beyond the agreed end, with what was left."""
    with nidaqmx.Task() as task:
        reader, block = voltage(task, finite=250), np.empty((2, 200), np.int16)
        task.start()
        before = task.is_task_done()
        bench.advance(1.0)
        first = reader.read_int16(block, 200, timeout=1.0)
        try:
            reader.read_int16(block, 200, timeout=1.0)
        except DaqReadError as error:
            return [before, first, error.error_code, error.samps_per_chan_read, task.is_task_done()]
    return None


def no_such_device(bench: Bench) -> Any:
    with nidaqmx.Task() as task:
        return refused(lambda: task.ai_channels.add_ai_voltage_chan("Dev9/ai0"))


def no_such_channel(bench: Bench) -> Any:
    with nidaqmx.Task() as task:
        return refused(lambda: task.ai_channels.add_ai_voltage_chan("Dev1/ai64"))


def too_fast(bench: Bench) -> Any:
    with nidaqmx.Task() as task:
        voltage(task, 16, 100_000.0)
        return refused(task.start)


def no_such_range(bench: Bench) -> Any:
    with nidaqmx.Task() as task:
        return refused(lambda: voltage(task, limit=11.0))


# --- NidaqSource ---


def opened(bench: Bench, made: Rig | None = None, **options: Any) -> NidaqSource:
    chosen = made or rig()
    source = NidaqSource(chosen.device("ni0"), chosen.channels("ni0"), **options)
    source.open()
    source.start()
    return source


def source_facts(bench: Bench) -> Any:
    source = opened(bench)
    info = source.info
    source.stop()
    source.close()
    assert info.scaling is not None
    known = {name: value for name, value in info.identity.items() if name != "client_version"}
    return [info.rate, info.block, info.buffer, str(np.dtype(info.dtype)), info.scaling.tolist(), known]


def source_reads(bench: Bench) -> Any:
    """Blocks, and a time-out that a reader can go on after."""
    source, out = opened(bench), np.empty((2, 10), np.int16)
    found: list[list[Any]] = []
    for _ in range(3):
        bench.advance(0.01)
        block = source.read(out, 1.0)
        found.append([block.first_sample, block.n, bool((out == ramp(2, block.first_sample, 10)).all())])
    bench.advance(0.007)
    try:
        source.read(out, 0.02)
    except SourceTimeout as short:
        found.append(["SourceTimeout", short.n, bool((out[:, :7] == ramp(2, 30, 7)).all())])
    bench.advance(0.01)
    block = source.read(out, 1.0)
    found.append([block.first_sample, block.n, bool((out == ramp(2, 37, 10)).all())])
    source.stop()
    source.close()
    return found


def source_overflow(bench: Bench) -> Any:
    """How many are lost is known."""
    source, out = opened(bench), np.empty((2, 10), np.int16)
    bench.advance(0.02)
    source.read(out, 1.0)
    bench.advance(4.5)
    return lost(source, out)


def source_unplugged(bench: Bench) -> Any:
    bench.set(unplug_at=25)
    source, out = opened(bench), np.empty((2, 10), np.int16)
    bench.advance(1.0)
    read = [source.read(out, 1.0).n for _ in range(2)]
    return [read, lost(source, out)]


def lost(source: NidaqSource, out: NDArray[Any]) -> Any:
    try:
        source.read(out, 1.0)
    except SourceLost as error:
        source.stop()
        source.close()
        return [error.code, error.samples, error.text]
    return None


def source_ends(bench: Bench) -> Any:
    source, out = opened(bench, finite=25), np.empty((2, 10), np.int16)
    bench.advance(1.0)
    found: list[Any] = [source.read(out, 1.0).n for _ in range(2)]
    try:
        source.read(out, 1.0)
    except SourceEnd as end:
        found.append(["SourceEnd", end.n, bool((out[:, :5] == ramp(2, 20, 5)).all())])
    source.close()
    return found


def source_refused(bench: Bench) -> Any:
    many = rig(16, rate=100_000.0)
    fast = NidaqSource(many.device("ni0"), many.channels("ni0"))
    fast.open()
    found = [refused(fast.start)]
    fast.close()
    for made in (rig(name="Dev9"), rig(65), rig(extra='product = "USB-6218"')):
        found.append(refused(NidaqSource(made.device("ni0"), made.channels("ni0")).open))
    return found


# --- the recorder ---


class Watched(NidaqSource):
    """Counts what came with a time-out."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.short: list[int] = []

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        try:
            return super().read(out, timeout)
        except SourceTimeout as error:
            self.short += [error.n] * bool(error.n)
            raise


def recording(bench: Bench, steps: list[float], made: Rig | None = None) -> Any:
    """What a trial says of itself after so many seconds, step by step; each step is recorded before the next."""
    chosen = made or rig()
    source = Watched(chosen.device("ni0"), chosen.channels("ni0"))
    recorder, passed = Recorder(chosen, (source,)), 0.0
    recorder.begin()
    with recorder:
        for step in steps:
            bench.advance(step)
            passed += step
            end = time.monotonic() + 20.0
            while recorder.seconds < passed - 1e-9 and not recorder.finished.is_set():
                assert time.monotonic() < end, f"{recorder.seconds} s of {passed} s came"
                time.sleep(0.005)
    trial = recorder.end()
    [raw] = trial.raw
    good = bool((raw.values == ramp(raw.values.shape[1], 0, len(raw.values)).T).all())
    gaps = [[gap.first_sample, gap.samples, gap.code] for gap in trial.gaps]
    said = [[line["code"], line.get("sample")] for line in map(json.loads, trial.log)]
    return {"samples": trial.samples, "good": good, "gaps": gaps, "end": trial.end_reason, "short": source.short,
            "log": [one for one in said if one[0].startswith("-")]}  # fmt: skip


def recording_with_time_outs(bench: Bench) -> Any:
    """Each read ends with -200284 and a part of a block; nothing of it is seen in the trial."""
    return recording(bench, [0.007, 0.256, 0.003])


def recording_overflow(bench: Bench) -> Any:
    return recording(bench, [0.5, 0.73, 6.0])


def recording_unplugged(bench: Bench) -> Any:
    bench.set(unplug_at=1234)
    return recording(bench, [1.0, 1.0])


def recording_refused(bench: Bench) -> Any:
    """No recording begins that cannot be one."""
    return [refused(Recorder(made, tuple(rig_sources(made))).start)
            for made in (rig(name="Dev9"), rig(65), rig(16, rate=100_000.0))]  # fmt: skip


def recording_of_much(bench: Bench) -> Any:
    """32 channels at 100 kHz for 2 s: every sample, down to the checksum in the file."""
    made, samples = rig(32, rate=100_000.0), 200_000
    bench.set(free_run=1, max_rate=1e9)
    trial = record(made, seconds=2.0, sources=tuple(rig_sources(made)))
    [raw] = trial.raw
    wrong, digest = 0, hashlib.sha256()
    for first in range(0, samples, 50_000):
        piece = ramp(32, first, 50_000).T
        wrong += int((raw.values[first : first + 50_000] != piece).sum())
        digest.update(piece.astype("<i2").tobytes())
    with tempfile.TemporaryDirectory() as folder:
        store.save(Path(folder) / "much.h5", trial)
        back = store.load_trial(Path(folder) / "much.h5")
        stored = hashlib.sha256(back.raw[0].values.astype("<i2").tobytes()).hexdigest()
    return {"shape": list(raw.values.shape), "wrong": wrong, "gaps": len(trial.gaps),
            "stored": stored == digest.hexdigest()}  # fmt: skip


QUESTIONS: dict[str, Callable[[Bench], Any]] = {
    one.__name__: one
    for one in (
        devices, channels, coefficients, clock, every_sample, time_out, overflow, unplugged, finite, no_such_device,
        no_such_channel, too_fast, no_such_range, source_facts, source_reads, source_overflow, source_unplugged,
        source_ends, source_refused, recording_with_time_outs, recording_overflow, recording_unplugged,
        recording_refused, recording_of_much,
    )
}  # fmt: skip


def main() -> None:
    bench = Shim()
    driver = _lib.lib_importer.windll._library  # found by the client, with nothing of ours in its place
    assert driver._handle == bench.library._handle
    assert "hipdrive.acquisition.simulated.daqmx" not in sys.modules
    for name, question in QUESTIONS.items():
        bench.set(reset=0)
        print(json.dumps([name, question(bench)]), flush=True)


if __name__ == "__main__":
    main()
