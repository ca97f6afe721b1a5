"""From device to trial: nothing lost, nothing doubled, nothing invented, and whatever went wrong is said."""

import dataclasses
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hipdrive as hd
from hipdrive import store
from hipdrive.acquisition import reader
from hipdrive.acquisition.recorder import Chunk, Recorder, record
from hipdrive.acquisition.ring import Overrun, Ring
from hipdrive.acquisition.simulated.engine import MODELS, Engine, ManualClock, Model, SimDevice
from hipdrive.acquisition.simulated.source import session, sources
from hipdrive.acquisition.source import Block, ChannelInfo, SourceGap, SourceInfo, open_sources
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.rig import Rig
from hipdrive.trial import Edges, Truth

# --- rigs of single-channel plates on stand-in devices that see the ramp ---


def rig(channels: int = 4, *, devices: int = 1, rate: float = 1000.0, extra: str = "", block_ms: float = 10.0) -> Rig:
    """So many plates on each of so many devices."""
    lines = ['schema = "hipdrive-rig/1"', 'name = "test"']
    for d in range(devices):
        lines += ["[[devices]]", f'id = "ni{d}"', 'driver = "simulated"', f'name = "Dev{d + 1}"', f"rate_hz = {rate}",
                  f"block_ms = {block_ms}", extra]  # fmt: skip
    for d in range(devices):
        for c in range(channels):
            lines += ["[[plates]]", f'id = "p{d}_{c}"', 'kind = "fz1"', f'device = "ni{d}"',
                      f'channels = {{ fz = "ai{c}" }}', "newton_per_volt = 500.0", "range_n = 5000",
                      'calibration = { id = "none", date = 2026-01-01 }']  # fmt: skip
    return rigs.loads("\n".join(lines))


def fast(model: Model) -> Model:
    """A model that any rate suits."""
    return Model(**{**vars(model), "max_rate": 1e9})


class Lab:
    """A rig on stand-in devices whose time the test decides."""

    def __init__(self, made: Rig, **options: Any) -> None:
        self.rig, self.clock = made, ManualClock()
        devices = [SimDevice(name=one.name, model=fast(MODELS["stand-in"])) for one in made.devices]
        self.engine = Engine(devices, clock=self.clock)
        self.recorder = Recorder(made, tuple(sources(made, engine=self.engine)), **options)

    def run(self, seconds: float, step: float = 0.05) -> None:
        """Let time pass, and wait until the recorder has all of it (or has ended)."""
        goal = start = self.recorder.seconds
        for number in range(round(seconds / step)):
            self.clock.advance(step)
            goal = start + (number + 1) * step
            if number % 20 == 19:  # the driver holds 4 s
                self.settle(goal)
        self.settle(goal)

    def settle(self, goal: float) -> None:
        """Wait until so many seconds are recorded."""
        end = time.monotonic() + 20.0
        while self.recorder.seconds < goal - 1e-9 and not self.recorder.finished.is_set():
            assert time.monotonic() < end, f"{self.recorder.seconds} s of {goal} s came"
            time.sleep(0.002)


def is_ramp(rows: NDArray[Any], first: int) -> bool:
    """Whether counts (samples, channels) are those of the ramp from that sample on."""
    samples, channels = np.indices(rows.shape)
    expected = (samples + first + 1000 * channels) % 65536 - 32768
    return bool((rows.astype(np.int64) == expected).all())


def codes(trial: Any) -> list[str]:
    return [json.loads(line)["code"] for line in trial.log]


def hipdrive_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("hipdrive-")]


# --- the ring ---


def test_ring_keeps_the_last() -> None:
    ring = Ring(100, 2, block=7)
    rng = np.random.default_rng(1)
    written = np.empty((0, 2), np.int16)
    for _ in range(300):
        block = rng.integers(-9, 9, (2, int(rng.integers(0, 8)))).astype(np.int16)
        ring.push(block)
        written = np.vstack([written, block.T])
        assert ring.count == len(written)
        assert (ring.read(ring.oldest, ring.count) == written[ring.oldest :]).all()


def test_ring_says_what_is_gone() -> None:
    ring = Ring(10, 1, block=5)
    for _ in range(4):
        ring.push(np.zeros((1, 5), np.int16))
    assert ring.oldest == 10
    with pytest.raises(Overrun) as caught:
        ring.read(9, 12)
    assert caught.value.oldest == 10
    with pytest.raises(ValueError, match="not there yet"):
        ring.read(15, 21)
    with pytest.raises(ValueError, match="more than a block"):
        ring.push(np.zeros((1, 6), np.int16))


def test_ring_sees_that_it_was_overwritten_while_copying(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look after the copy: the writer comes by in between."""
    ring = Ring(10, 1, block=5)
    for _ in range(2):
        ring.push(np.zeros((1, 5), np.int16))
    empty = np.empty

    def slow(*arguments: Any, **options: Any) -> Any:
        ring.push(np.ones((1, 5), np.int16))
        return empty(*arguments, **options)

    monkeypatch.setattr("hipdrive.acquisition.ring.np.empty", slow)
    with pytest.raises(Overrun):
        ring.read(0, 5)


def test_ring_under_fire() -> None:
    """A writer without pause and a reader who never gets a wrong sample: right, or Overrun."""
    ring = Ring(2000, 3, block=50, dtype=np.int64)
    stop, wrong, good, late = threading.Event(), [], 0, 0

    def write() -> None:
        place = 0
        while not stop.is_set():
            ring.push(np.broadcast_to(np.arange(place, place + 50), (3, 50)))
            place += 50

    thread = threading.Thread(target=write)
    thread.start()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        start = ring.oldest
        try:
            rows = ring.read(start, min(ring.count, start + 500))
        except Overrun:
            late += 1
            continue
        good += 1
        if not (rows == np.arange(start, start + len(rows))[:, np.newaxis]).all():
            wrong.append(start)
    stop.set()
    thread.join()
    assert not wrong
    assert good


# --- placement, begin and end ---


def test_every_sample_in_its_place() -> None:
    lab = Lab(rig(4))
    lab.recorder.begin(test="dj", athlete="a7", box_height=0.3)
    with lab.recorder:
        lab.run(3.0)
    trial = lab.recorder.end()
    assert trial.raw[0].values.shape == (3000, 4)
    assert trial.raw[0].values.dtype == np.int16
    assert is_ramp(trial.raw[0].values, 0)
    assert (trial.test, trial.athlete, trial.box_height) == ("dj", "a7", 0.3)
    assert trial.plates == ("p0_0", "p0_1", "p0_2", "p0_3")
    assert trial.ranges == (5000.0,) * 4
    assert trial.gaps == ()
    assert trial.end_reason == ""
    blocks = trial.raw[0].blocks
    assert blocks is not None
    assert blocks[:, 1].sum() == 3000
    assert (np.diff(blocks[:, 0]) == blocks[:-1, 1]).all()
    assert (np.diff(blocks[:, 2]) >= 0).all()
    # forces: 500 N/V, by the polynomial that the device reports
    assert trial.raw[0].scaling is not None
    c0, c1, c2, c3 = trial.raw[0].scaling.T
    counts = trial.raw[0].values.astype(float)
    assert trial.fz == pytest.approx((500.0 * (c0 + c1 * counts + c2 * counts**2 + c3 * counts**3)).T, abs=1e-9)
    assert not hipdrive_threads()


def test_the_samples_at_the_end_are_kept() -> None:
    """All that exists when stop is called is in the trial, also what is no whole block."""
    lab = Lab(rig(2))
    lab.recorder.begin()
    with lab.recorder:
        lab.run(1.0)
        lab.clock.advance(0.087)
    trial = lab.recorder.end()
    assert trial.samples == 1087
    assert is_ramp(trial.raw[0].values, 0)


def test_a_reader_of_the_ring_sees_the_last_samples() -> None:
    lab = Lab(rig(2))
    got: list[NDArray[Any]] = []
    with lab.recorder as recorder:
        cursor = recorder.cursor(first=True)
        lab.run(0.5)
        lab.clock.advance(0.033)
        recorder.halt()
        done = False
        while not done:
            done = recorder.finished.wait(0.01)
            got.append(cursor.new().counts["ni0"])
    rows = np.vstack(got)
    assert len(rows) == 533
    assert is_ramp(rows, 0)


def test_several_trials_of_one_session() -> None:
    lab = Lab(rig(2))
    with lab.recorder as recorder:
        lab.run(0.5)
        for number in range(3):
            recorder.begin(test="cmj")
            lab.run(1.0)
            trial = recorder.end()
            assert trial.samples == 1000
            assert is_ramp(trial.raw[0].values, 500 + 1000 * number)
            assert codes(trial).count("begin") == 1
            blocks = trial.raw[0].blocks
            assert blocks is not None
            assert blocks[0, 0] <= 0 < blocks[0, 0] + blocks[0, 1]


def test_a_trial_can_begin_before_it_was_begun() -> None:
    lab = Lab(rig(2))
    with lab.recorder as recorder:
        lab.run(2.0)
        recorder.begin(before=0.75)
        lab.run(1.0)
        trial = recorder.end()
    assert trial.samples == 1750
    assert is_ramp(trial.raw[0].values, 1250)


def test_a_trial_cut_out_by_its_samples() -> None:
    """As a live detector names them."""
    lab = Lab(rig(2, devices=2))
    with lab.recorder as recorder:
        lab.run(3.0)
        trial = recorder.cut(700, 1900, test="dj", athlete="a1")
        assert [raw.values.shape for raw in trial.raw] == [(1200, 2)] * 2
        assert all(is_ramp(raw.values, 700) for raw in trial.raw)
        assert (trial.athlete, trial.end_reason) == ("a1", "")
        for begin, end in ((3000, 3100), (-5, 10), (10, 10)):
            with pytest.raises(UsageError, match="not recorded"):
                recorder.cut(begin, end)


def test_the_agreed_time() -> None:
    lab = Lab(rig(2), limit_seconds=1.234)
    lab.recorder.begin()
    with lab.recorder as recorder:
        for _ in range(30):
            lab.clock.advance(0.1)
        assert recorder.finished.wait(10.0)
    assert recorder.end().samples == 1234


def test_end_without_begin_and_without_samples() -> None:
    lab = Lab(rig(1))
    with lab.recorder as recorder:
        with pytest.raises(UsageError, match="begin one first"):
            recorder.end()
        recorder.begin()
        with pytest.raises(UsageError, match="not one sample"):
            recorder.end()


def test_facts_that_a_trial_has_not() -> None:
    with pytest.raises(UsageError, match="no fact 'tset'"):
        Lab(rig(1)).recorder.begin(tset="dj")


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), 1e9])
def test_seconds_that_make_no_sense(seconds: float) -> None:
    with pytest.raises(UsageError, match="cannot be recorded"):
        record("simulated", seconds=seconds)


# --- cursors and overruns ---


def test_cursors_do_not_disturb_each_other() -> None:
    lab = Lab(rig(2))
    with lab.recorder as recorder:
        one, two, place = recorder.cursor(first=True), recorder.cursor(first=True), 0
        for turn in range(20):
            lab.run(0.1)
            chunk = one.new()
            assert chunk.first_sample == place
            assert is_ramp(chunk.counts["ni0"], place)
            assert chunk.lost == 0
            place += chunk.samples
            assert one.new().samples == 0
            if turn == 10:
                assert two.new().samples == 1100
        assert two.new().samples == 900
        assert recorder.newtons(Chunk(first_sample=0, counts={"ni0": np.zeros((7, 2), np.int16)})).shape == (2, 7)


def test_a_reader_that_is_too_slow_is_told() -> None:
    lab = Lab(rig(2), ring_seconds=1.0)
    with lab.recorder as recorder:
        recorder.begin()
        cursor = recorder.cursor(first=True)
        lab.run(3.0)
        chunk = cursor.new()
        assert chunk.lost > 1900
        assert chunk.first_sample == chunk.lost
        assert chunk.first_sample + chunk.samples == 3000
        assert is_ramp(chunk.counts["ni0"], chunk.first_sample)
        trial = recorder.end()
    assert "overrun" in codes(trial)


def test_a_trial_longer_than_the_ring_keeps_its_end_and_says_so() -> None:
    lab = Lab(rig(2), ring_seconds=2.0)
    lab.recorder.begin()
    with lab.recorder:
        lab.run(5.0)
    trial = lab.recorder.end()
    assert trial.samples == 2000
    assert is_ramp(trial.raw[0].values, 3000)
    assert "first 3.00 s are not kept" in trial.notes[0]
    assert "overrun" in codes(trial)


# --- faults ---


def test_unplugged() -> None:
    lab = Lab(rig(2))
    lab.engine.faults.unplug_at = 1234
    lab.recorder.begin()
    with lab.recorder as recorder:
        for _ in range(40):
            lab.clock.advance(0.05)
        assert recorder.finished.wait(10.0)
    trial = lab.recorder.end()
    assert trial.samples == 1230  # whole blocks
    assert is_ramp(trial.raw[0].values, 0)
    [gap] = trial.gaps
    assert (gap.first_sample, gap.code) == (1230, "-201003")
    assert "check its cable" in trial.end_reason
    assert "-201003" in codes(trial)
    assert trial.notes == (trial.end_reason,)


def test_overflow_says_how_much_is_lost() -> None:
    lab = Lab(rig(2))
    lab.recorder.begin()
    with lab.recorder as recorder:
        lab.run(1.0)
        lab.clock.advance(4.5)  # the driver holds 4 s
        assert recorder.finished.wait(10.0)
    trial = lab.recorder.end()
    assert trial.samples == 1000
    [gap] = trial.gaps
    assert (gap.first_sample, gap.samples, gap.code) == (1000, 4500, "-200279")
    assert trial.raw[0].gaps == trial.gaps
    assert "buffer_s" in trial.end_reason


def test_a_clock_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PATIENCE_S", 0.3)
    lab = Lab(rig(2))
    lab.engine.faults.clock_stops_at = 777
    lab.recorder.begin()
    with lab.recorder as recorder:
        for _ in range(20):
            lab.clock.advance(0.05)
        assert recorder.finished.wait(10.0)
    trial = lab.recorder.end()
    assert trial.samples == 777
    assert trial.gaps[0].code == "stalled"


def test_an_error_of_the_driver_that_nobody_knows() -> None:
    lab = Lab(rig(2))
    lab.engine.faults.error_at = (505, -50405)
    lab.recorder.begin()
    with lab.recorder as recorder:
        for _ in range(20):
            lab.clock.advance(0.05)
        assert recorder.finished.wait(10.0)
    trial = lab.recorder.end()
    assert trial.samples == 500
    assert trial.gaps[0].code == "-50405"


def test_nothing_recorded_is_said_with_the_reason() -> None:
    lab = Lab(rig(2))
    lab.engine.faults.unplug_at = 0
    lab.recorder.begin()
    with lab.recorder as recorder:
        assert recorder.finished.wait(10.0)
    with pytest.raises(UsageError, match="-201003"):
        lab.recorder.end()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda engine: engine.devices.clear(), "plug it in"),
        (lambda engine: setattr(engine.devices["Dev1"], "present", False), "plug it in"),
    ],
)
def test_a_device_that_is_not_there(change: Any, words: str) -> None:
    lab = Lab(rig(2))
    change(lab.engine)
    with pytest.raises(UsageError, match=words), lab.recorder:
        pass
    assert not hipdrive_threads()


def test_a_device_that_the_rig_does_not_expect() -> None:
    lab = Lab(rig(2, extra='serial = "00ABCDEF"'))
    with pytest.raises(UsageError, match="expects serial 00ABCDEF"):
        lab.recorder.start()
    lab = Lab(rig(2, extra='serial = "0x1a2b3c"\nproduct = "stand-in"'))
    with lab.recorder:
        lab.run(0.1)


def test_a_rate_that_is_too_high() -> None:
    made = rig(8, rate=200_000.0)
    board = Engine([SimDevice(name="Dev1", model=MODELS["USB-6218"])], clock=ManualClock())
    with (
        pytest.raises(UsageError, match="lower rate_hz"),
        Recorder(made, tuple(sources(made, engine=board))),
    ):
        pass
    assert not hipdrive_threads()


# --- a source with a gap ---


class Gappy:
    """A source that loses samples in the middle, says so, and goes on; or does not even say so."""

    def __init__(self, name: str = "ni0", *, honest: bool = True, back: bool = False) -> None:
        self.info = SourceInfo(id=name, rate=1000.0, channels=(ChannelInfo(role="p0_0.fz", terminal="ai0"),),
                               scaling=np.array([[0.0, 1e-4, 0.0, 0.0]]))  # fmt: skip
        self.number, self.honest, self.back, self.told = 0, honest, back, False
        self.goon = threading.Event()

    def open(self) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
    def edges(self) -> Sequence[Edges]:
        return ()

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        return None

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        if self.number == 500 and not self.told:
            self.goon.wait(5.0)
            self.told = True
            self.number += -100 if self.back else 250
            if self.honest:
                raise SourceGap(250, "usb", "250 samples were lost on the way")
        time.sleep(0.0005)
        n = out.shape[1]
        out[0] = np.arange(self.number, self.number + n)
        self.number += n
        return Block(self.number - n, n, time.monotonic_ns())


def wait(condition: Any) -> None:
    end = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.parametrize("honest", [True, False])
def test_a_gap_ends_the_trial_and_not_the_session(honest: bool) -> None:
    source = Gappy(honest=honest)
    recorder = Recorder(rig(1), (source,))
    recorder.begin()
    with recorder:
        cursor = recorder.cursor(first=True)
        wait(lambda: recorder.seconds >= 0.5)
        assert cursor.new().samples == 500
        assert recorder.broken is None
        source.goon.set()
        wait(lambda: recorder.seconds >= 1.0)
        assert recorder.broken is not None
        chunk = cursor.new()
        assert (chunk.first_sample, chunk.lost) == (750, 250)
        assert chunk.counts["ni0"][0, 0] == 750
        trial = recorder.end()
        assert trial.samples == 500
        assert [(gap.first_sample, gap.samples) for gap in trial.gaps] == [(500, 250)]
        assert trial.end_reason
        recorder.begin(before=100.0)  # never across the gap
        wait(lambda: recorder.seconds >= 1.5)
        again = recorder.end()
    assert again.gaps == ()
    assert again.end_reason == ""
    assert again.raw[0].values[0, 0] == 750
    assert (np.diff(again.raw[0].values[:, 0].astype(int)) == 1).all()
    assert hd.analyse(trial).status == "refused"


def test_a_counter_that_goes_back_is_no_recording() -> None:
    source = Gappy(honest=False, back=True)
    source.goon.set()
    recorder = Recorder(rig(1), (source,))
    recorder.begin()
    with recorder:
        assert recorder.finished.wait(10.0)
    trial = recorder.end()
    assert trial.samples == 500
    assert trial.gaps[0].code == "counter"


def test_a_defect_in_a_source_does_not_pass_in_silence() -> None:
    source = Gappy()

    def read(out: NDArray[Any], timeout: float) -> Block:
        raise ZeroDivisionError("whoops")

    source.read = read  # type: ignore[method-assign]
    recorder = Recorder(rig(1), (source,))
    recorder.begin()
    with recorder:
        assert recorder.finished.wait(10.0)
    with pytest.raises(UsageError, match="whoops"):
        recorder.end()


# --- several devices ---


def test_two_devices() -> None:
    lab = Lab(rig(2, devices=2))
    lab.recorder.begin()
    with lab.recorder as recorder:
        cursor = recorder.cursor(first=True)
        lab.run(1.0)
        chunk = cursor.new()
        assert {name: len(rows) for name, rows in chunk.counts.items()} == {"ni0": 1000, "ni1": 1000}
        lab.run(0.5)
    trial = lab.recorder.end()
    assert [raw.device for raw in trial.raw] == ["ni0", "ni1"]
    assert trial.fz.shape == (4, 1500)
    assert all(is_ramp(raw.values, 0) for raw in trial.raw)
    assert "unsynchronised" in codes(trial)


def test_two_devices_on_one_trigger_start_together() -> None:
    lab = Lab(rig(2, devices=2, extra='start_trigger = { terminal = "PFI1" }'))
    lab.recorder.begin()
    with lab.recorder as recorder:
        lab.clock.advance(1.0)
        assert recorder.seconds == 0.0
        lab.engine.trigger("PFI1")
        lab.run(1.0)
    trial = lab.recorder.end()
    assert trial.samples == 1000
    assert "unsynchronised" not in codes(trial)


def test_one_of_two_devices_is_lost() -> None:
    """The other one stops, too; the trial is what both have."""
    lab = Lab(rig(1, devices=2))
    lab.recorder.begin()
    with lab.recorder as recorder:
        lab.run(1.0)
        lab.engine.devices["Dev2"].present = False
        for _ in range(10):
            lab.clock.advance(0.05)
            time.sleep(0.01)
        assert recorder.finished.wait(10.0)
    trial = lab.recorder.end()
    assert 1000 <= trial.samples <= 1500
    assert {len(raw.values) for raw in trial.raw} == {trial.samples}
    assert trial.gaps[0].code == "-201003"
    assert not hipdrive_threads()


def test_different_rates_are_refused() -> None:
    text = rig(1, devices=2).text.replace("rate_hz = 1000.0", "rate_hz = 500.0", 1)
    made = rigs.loads(text)
    with pytest.raises(UsageError, match="different rates"):
        Lab(made).recorder.start()


def test_real_and_simulated_devices_do_not_mix() -> None:
    made = rigs.loads(rig(1, devices=2).text.replace('"simulated"', '"nidaqmx"', 1))
    with pytest.raises(UsageError, match="real and simulated"):
        open_sources(made)


# --- zero, edges, log ---


def test_tare() -> None:
    lab = Lab(rig(2))
    with lab.recorder as recorder:
        lab.run(0.5)
        with pytest.raises(UsageError, match="no 1 s"):
            recorder.measure(1.0)
        lab.run(1.0)
        left, right = recorder.measure(1.0)
        assert (left.plate, right.plate) == ("p0_0", "p0_1")
        recorder.begin(tare=(left, right))
        lab.run(0.5)
        trial = recorder.end()
    assert trial.raw[0].scaling is not None
    volts = np.polyval(trial.raw[0].scaling[0][::-1], np.arange(500.0, 1500.0) - 32768.0)
    assert left.mean[0] == pytest.approx(volts.mean(), abs=1e-12)
    assert left.sd[0] == pytest.approx(volts.std(ddof=1), rel=1e-9)
    assert trial.fz[0] == pytest.approx(500.0 * (trial.raw[0].scaled()[:, 0] - left.mean[0]), abs=1e-9)


def test_camera_edges_are_in_the_trial() -> None:
    text = rig(1).text + '\n[[cameras]]\nid = "side"\ndevice = "ni0"\nterminal = "PFI0"\ncounter = "ctr0"\nfps = 240\n'
    lab = Lab(rigs.loads(text))
    times = np.arange(2000) / 240.0 + 0.0012345
    lab.engine.devices["Dev1"].edges["PFI0"] = times
    with lab.recorder as recorder:
        lab.run(1.0)
        recorder.begin()
        lab.run(1.5)
    trial = recorder.end()
    [edges] = trial.edges
    inside = times[(times >= 1.0) & (times < 2.5)]
    assert edges.name == "side"
    assert edges.times == pytest.approx(inside - 1.0, abs=6e-8)


def test_the_log_is_json_and_tells_the_device() -> None:
    lab = Lab(rig(1))
    lab.recorder.begin()
    with lab.recorder:
        lab.run(0.1)
    first = json.loads(lab.recorder.end().log[1])
    assert first["code"] == "opened"
    assert first["product"] == "stand-in"
    assert first["device"] == "ni0"


# --- record, Ctrl-C, watchers ---


def free(test: str = "dj", seed: int = 0, **options: Any) -> Any:
    return open_sources(rigs.load("simulated"), test=test, seed=seed, free_run=True, **options)


def test_record_in_one_call() -> None:
    trial = hd.record("simulated", test="dj", seconds=6.0, athlete="a1", sources=free())
    assert trial.samples == 6000
    assert trial.athlete == "a1"
    assert trial.rig.startswith("# Two plates")


def test_ctrl_c_keeps_what_was_recorded() -> None:
    calls = []

    def progress(seconds: float) -> None:
        calls.append(seconds)
        if seconds > 0.3:
            raise KeyboardInterrupt

    trial = record("simulated", progress=progress)
    assert trial.duration > 0.3
    assert trial.end_reason == ""
    assert json.loads(trial.log[-1])["text"] == "stopped by the user"
    assert not hipdrive_threads()


def test_until_ends_it() -> None:
    trial = record("simulated", until=lambda recorder, chunk: recorder.seconds > 0.4)
    assert 0.4 < trial.duration < 3.0


def test_a_watcher_that_fails_breaks_nothing() -> None:
    def until(recorder: Recorder, chunk: Chunk) -> bool:
        raise ZeroDivisionError

    trial = record("simulated", seconds=0.5, until=until)
    assert trial.samples == 500
    assert "watcher_failed" in codes(trial)


def test_a_watcher_sees_every_sample() -> None:
    seen: list[NDArray[Any]] = []

    def until(recorder: Recorder, chunk: Chunk) -> bool:
        seen.append(recorder.newtons(chunk))
        return False

    trial = record("simulated", seconds=1.0, until=until)
    assert np.hstack(seen) == pytest.approx(trial.fz, abs=1e-9)


# --- the athlete through the device ---


@pytest.mark.parametrize("test", ["dj", "cmj", "sj"])
@pytest.mark.parametrize("seed", [0, 3, 4])
def test_numbers_of_a_known_athlete_through_the_device(tmp_path: Path, test: str, seed: int) -> None:
    """Volts, counts, polynomial, plates and file between: the numbers still agree with the truth within u95."""
    trial = record("simulated", test=test, seconds=6.0, sources=free(test, seed))
    assert trial.truth is not None
    back = store.load_trial(store.save(tmp_path / "jump.h5", trial))
    analysis = hd.analyse(back)
    assert analysis.status in ("ok", "flagged")
    [rep] = analysis.reps
    names = {"dj": ("contact_time", "flight_time", "jump_height_ft", "rsi_jh"),
             "cmj": ("takeoff_velocity", "jump_height_tov", "flight_time", "jump_height_ft"),
             "sj": ("takeoff_velocity", "jump_height_tov", "flight_time", "jump_height_ft")}[test]  # fmt: skip
    for name in names:
        value = rep[name]
        assert abs(value.value - trial.truth[name]) <= 1.3 * value.u95, name  # u95 holds 95 of 100
    for event in ("takeoff", "touchdown"):
        assert rep.events[event].t == pytest.approx(trial.truth.events[event], abs=0.001)


@pytest.mark.parametrize("name", ["amti_single", "kistler_pair", "load_cell_board"])
def test_every_example_rig_records_an_athlete(name: str) -> None:
    """Each kind of plate in volts, through its device: only the driver is not the real one."""
    made = rigs.loads(rigs.load(name).text.replace('"nidaqmx"', '"simulated"'))
    played = open_sources(made, test="cmj", seed=0, free_run=True)
    trial = record(made, test="cmj", seconds=6.0, sources=played)
    assert trial.truth is not None
    analysis = hd.analyse(trial)
    assert analysis.status in ("ok", "flagged"), analysis.why
    for field in ("takeoff_velocity", "flight_time"):
        value = analysis.reps[0][field]
        assert abs(value.value - trial.truth[field]) <= 1.5 * value.u95, field
    if name == "load_cell_board":
        assert trial.raw[0].values.dtype == np.int32
        assert trial.raw[0].units == ("V/V",) * 4


@pytest.mark.parametrize(
    ("test", "field", "seconds"), [("isometric", "iso_peak_force", 16.0), ("balance", "cop_rms_ap", 42.0)]
)
def test_who_does_not_jump_is_recorded_too(test: str, field: str, seconds: float) -> None:
    """The simulated athlete of a rig pulls, and stands, as the test asks for."""
    trial = record("simulated", test=test, seconds=seconds, sources=free(test, 2))
    assert trial.truth is not None
    value = hd.analyse(trial, test=test).reps[0][field]
    assert abs(value.value - trial.truth[field]) <= 2.0 * value.u95


def test_truth_names_one_jump_only() -> None:
    played = session(["left", "right"], "dj", rate=1000.0, jumps=2)
    (first, one), (second, _) = played.jumps
    assert one.truth is not None
    found = played.truth(0, second)
    assert found is not None
    assert found.events["takeoff"] == pytest.approx(one.truth.events["takeoff"] + first / 1000.0)
    assert played.truth(0, played.samples) is None
    assert played.truth(0, 500) is None
    lap = played.truth(played.samples, second)
    assert lap is not None
    assert lap.events == found.events


# --- the file ---


def test_a_recording_comes_back_bit_by_bit(tmp_path: Path) -> None:
    made = free("dj", 2)
    trial = record("simulated", test="dj", seconds=4.0, athlete="a1", sources=made)
    path = store.save(tmp_path / "jump.h5", trial)
    back = store.load_trial(path)
    assert back.fz.tobytes() == trial.fz.tobytes()
    assert list(back.components) == list(trial.components)
    for role, values in trial.components.items():
        assert back.components[role].tobytes() == values.tobytes(), role
    assert back.raw[0].values.tobytes() == trial.raw[0].values.tobytes()
    assert dict(back.raw[0].identity) == dict(trial.raw[0].identity)
    assert np.array_equal(back.raw[0].blocks, trial.raw[0].blocks)  # type: ignore[arg-type]
    assert (back.rig, back.log, back.end_reason) == (trial.rig, trial.log, "")
    assert [(one.name, one.ticks.tolist()) for one in back.edges] == [(e.name, e.ticks.tolist()) for e in trial.edges]
    assert all(finding.level == "info" for finding in store.check(path))


def test_a_broken_recording_says_so_in_the_file(tmp_path: Path) -> None:
    lab = Lab(rig(2))
    lab.engine.faults.unplug_at = 1234
    lab.recorder.begin()
    with lab.recorder as recorder:
        for _ in range(40):
            lab.clock.advance(0.05)
        assert recorder.finished.wait(10.0)
    path = store.save(tmp_path / "x.h5", lab.recorder.end())
    back = store.load_trial(path)
    assert "check its cable" in back.end_reason
    assert back.raw[0].gaps[0].code == "-201003"
    found = {finding.check for finding in store.check(path) if finding.level == "warn"}
    assert {"complete", "gaps"} <= found


def test_a_tare_comes_back(tmp_path: Path) -> None:
    lab = Lab(rig(2))
    with lab.recorder as recorder:
        lab.run(1.0)
        recorder.begin(tare=recorder.measure(1.0))
        lab.run(0.5)
        trial = recorder.end()
    back = store.load_trial(store.save(tmp_path / "x.h5", trial))
    assert [one.plate for one in back.tare] == ["p0_0", "p0_1"]
    assert back.tare[1].mean.tobytes() == trial.tare[1].mean.tobytes()
    assert back.tare[1].samples == 1000
    assert back.fz.tobytes() == trial.fz.tobytes()


def test_a_rig_that_cannot_be_read_leaves_the_newtons(tmp_path: Path) -> None:
    """A file of a later hipdrive, whose rig we do not understand, still has its forces."""
    trial = record("simulated", seconds=0.5, sources=free())
    later = dataclasses.replace(trial, rig=trial.rig.replace("hipdrive-rig/1", "hipdrive-rig/2"))
    back = store.load_trial(store.save(tmp_path / "x.h5", later))
    assert back.fz.tobytes() == trial.fz.tobytes()
