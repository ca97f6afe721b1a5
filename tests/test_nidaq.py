"""The NI source: what it asks of a device, what it makes of the answers, lines, and sentences in place of codes."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hipdrive.acquisition import nidaq
from hipdrive.acquisition.nidaq import EdgeLine, NidaqSource, lines_of
from hipdrive.acquisition.simulated.daqmx import installed
from hipdrive.acquisition.simulated.engine import MODELS, Engine, ManualClock, Model, SimDevice
from hipdrive.acquisition.source import Source, SourceEnd, SourceTimeout, sources
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.devices import Channel, Device

BRIDGE = MODELS["NI 9237"]
NO_COUNTER = EdgeLine(name="side", terminal="PFI0", counter="ctr9")


def device(**facts: Any) -> Device:
    return Device(**{"id": "ni0", "driver": "nidaqmx", "name": "Dev1", "rate_hz": 1000.0, **facts})


def volts(count: int = 2, **facts: Any) -> tuple[Channel, ...]:
    made = {"kind": "voltage", "low": -10.0, "high": 10.0, "unit": "V", **facts}
    return tuple(Channel(role=f"p.c{i}", terminal=f"ai{i}", **made) for i in range(count))


def ratio(count: int = 2, excitation: float = 5.0) -> tuple[Channel, ...]:
    return tuple(Channel(role=f"p.c{i}", terminal=f"ai{i}", kind="bridge", low=-0.02, high=0.02, unit="V/V",
                         excitation_v=excitation, resistance_ohm=350.0, configuration="full")
                 for i in range(count))  # fmt: skip


@pytest.fixture
def engine() -> Iterator[Engine]:
    one = Engine([SimDevice(name="Dev1", model=MODELS["stand-in"])], clock=ManualClock())
    with installed(one):
        yield one


def plug(engine: Engine, model: Model) -> None:
    engine.devices["Dev1"] = SimDevice(name="Dev1", model=model)


def advance(engine: Engine, seconds: float) -> None:
    assert isinstance(engine.clock, ManualClock)
    engine.clock.advance(seconds)


def test_it_is_a_source(engine: Engine) -> None:
    source: Source = NidaqSource(device(), volts())
    source.open()
    info = source.info
    assert (info.id, info.rate, info.block, info.buffer, info.clock) == ("ni0", 1000.0, 10, 4000, "sample")
    assert info.dtype == np.int16
    assert info.scaling is not None
    assert info.scaling.shape == (2, 4)
    assert info.identity["driver_version"] == "25.0.0"
    assert "conv_rate_hz" not in info.identity  # this one samples all channels at once
    source.close()
    source.close()


def test_block_and_buffer_are_those_of_the_rig(engine: Engine) -> None:
    source = NidaqSource(device(block_ms=20.0, buffer_s=2.5), volts())
    source.open()
    source.start()
    [task] = engine.tasks.values()
    assert task.buffer_size() == 2500
    assert source.info.block == 20
    before = sum(engine.calls.values())
    out = np.empty((2, 20), np.int16)
    for _ in range(10):
        advance(engine, 0.02)
        source.read(out, 1.0)
    assert sum(engine.calls.values()) - before == 10  # one call of the driver for each block
    source.stop()
    source.close()
    assert not engine.tasks


def test_a_multiplexed_board_tells_its_convert_clock(engine: Engine) -> None:
    plug(engine, MODELS["USB-6218"])
    source = NidaqSource(device(), volts())
    source.open()
    assert float(source.info.identity["conv_rate_hz"]) > 0
    source.close()


@pytest.mark.parametrize("in_volts", [False, True])
@pytest.mark.parametrize("excitation", [2.5, 10.0])
def test_bridge_counts_become_volts_per_volt(engine: Engine, in_volts: bool, excitation: float) -> None:
    """Whichever of the two the device's polynomial gives."""
    plug(engine, dataclasses.replace(BRIDGE, bridge_in_volts=in_volts))
    source = NidaqSource(device(rate_hz=2000.0), ratio(4, excitation))
    source.open()
    assert source.info.dtype == np.int32
    source.start()
    advance(engine, 0.1)
    out = np.empty((4, 20), np.int32)
    source.read(out, 1.0)
    assert source.info.scaling is not None
    full = np.polyval(source.info.scaling[2][::-1], 2.0**23)
    assert full == pytest.approx(0.025 * 1.05, rel=1e-3)
    source.stop()
    source.close()


def test_a_scaling_that_cannot_be_right(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(engine, BRIDGE)
    monkeypatch.setattr("hipdrive.acquisition.simulated.task.coefficients",
                        lambda *_: np.array([0.0, 1e-3, 0.0, 0.0]))  # fmt: skip
    with pytest.raises(UsageError, match=r"its range at 0\.025 V/V"):
        NidaqSource(device(), ratio()).open()
    assert not engine.tasks


def test_finite(engine: Engine) -> None:
    source = NidaqSource(device(), volts(), finite=25)
    source.open()
    source.start()
    advance(engine, 1.0)
    out = np.empty((2, 10), np.int16)
    assert [source.read(out, 1.0).n for _ in range(2)] == [10, 10]
    with pytest.raises(SourceEnd) as caught:
        source.read(out, 1.0)
    assert caught.value.n == 5
    assert out[:, :5].tolist() == [[20 - 32768 + i + 1000 * c for i in range(5)] for c in range(2)]
    source.close()


def test_a_time_out_gives_what_there_is_in_its_place(engine: Engine) -> None:
    source = NidaqSource(device(), volts(3))
    source.open()
    source.start()
    advance(engine, 0.007)
    out = np.zeros((3, 10), np.int16)
    with pytest.raises(SourceTimeout) as caught:
        source.read(out, 0.0)
    assert caught.value.n == 7
    assert out[:, :7].tolist() == [[i + 1000 * c - 32768 for i in range(7)] for c in range(3)]
    advance(engine, 0.010)
    assert source.read(out, 1.0).first_sample == 7
    source.close()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: NidaqSource(device(name="Dev9"), volts()), "plug it in"),
        (lambda: NidaqSource(device(), volts(65)), "correct the terminal"),
        (lambda: NidaqSource(device(), volts(high=20.0)), "choose a range_v"),
        (lambda: NidaqSource(device(), ratio(excitation=7.0)), "choose a range_v, excitation"),
        (lambda: NidaqSource(device(product="USB-6218"), volts()), "expects product USB-6218, but stand-in is there"),
        (lambda: NidaqSource(device(), volts(), lines=[NO_COUNTER]), "NI -200170"),
    ],
)  # fmt: skip
def test_what_a_device_cannot_do_is_one_sentence(engine: Engine, made: Callable[[], NidaqSource], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        made().open()
    assert str(caught.value).startswith("ni0 (Dev")
    assert "\n" not in str(caught.value)
    assert not engine.tasks


def test_ticks_beyond_32_bits(engine: Engine) -> None:
    """214 s fill a counter of 20 MHz; the times go on."""
    times = np.arange(1, 400, dtype=np.float64) * 1.5
    engine.devices["Dev1"].edges["PFI3"] = times
    source = NidaqSource(device(), volts(), lines=[EdgeLine(name="side", terminal="PFI3", counter="ctr1")])
    source.open()
    source.start()
    out, got = np.empty((2, 1000), np.int16), []
    for _ in range(500):
        advance(engine, 1.0)
        source.read(out, 1.0)
        got += [found.times for found in source.edges()]
    assert np.concatenate(got) == pytest.approx(times[times <= 500.0], abs=6e-8)
    source.stop()
    source.close()


def test_the_lines_of_a_rig() -> None:
    text = rigs.load("simulated").text + '\n[start_signal]\ndevice = "ni0"\nline = "PFI2"\n'
    assert lines_of(rigs.loads(text), "ni0") == (
        EdgeLine(name="side", terminal="PFI0", counter="ctr0", rate=480.0),
        EdgeLine(name="gun", terminal="PFI2", counter="ctr1"),
    )
    with pytest.raises(UsageError, match="wire it to a PFI"):
        lines_of(rigs.loads(text.replace("PFI2", "port0/line3")), "ni0")


def test_a_lamp(engine: Engine) -> None:
    nidaq.set_line("Dev1/port0/line3", True)
    assert engine.devices["Dev1"].outputs == 0b1000
    nidaq.set_line("Dev1/port0/line3", False)
    assert engine.devices["Dev1"].outputs == 0
    engine.devices["Dev1"].inputs = 0b100
    assert nidaq.get_line("Dev1/port0/line2") is True
    assert nidaq.get_line("Dev1/port0/line1") is False
    with pytest.raises(UsageError, match="plug it in"):
        nidaq.set_line("Dev7/port0/line0", True)


def test_devices_are_listed(engine: Engine) -> None:
    real, simulated = sources("nidaqmx", "simulated")
    assert (real.name, real.product, real.ready) == ("Dev1", "stand-in", True)
    assert "serial 001A2B3C, 64 analogue inputs" in real.detail
    assert simulated.driver == "simulated"
