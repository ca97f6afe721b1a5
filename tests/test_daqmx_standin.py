"""The stand-in NI-DAQmx driver under the real nidaqmx package: what a device does, and each thing that goes wrong."""

import ctypes
import threading
from collections.abc import Iterator
from typing import Any

import nidaqmx
import numpy as np
import pytest
from nidaqmx.constants import AcquisitionType, BridgeUnits, LineGrouping, TriggerType
from nidaqmx.errors import DaqError, DaqReadError
from nidaqmx.stream_readers import AnalogMultiChannelReader, AnalogUnscaledReader, CounterReader
from nidaqmx.system import System
from numpy.typing import NDArray

from hipdrive.acquisition.simulated.daqmx import installed
from hipdrive.acquisition.simulated.engine import (
    MODELS,
    Analogue,
    Engine,
    ManualClock,
    SimDevice,
    coefficients,
    digitise,
    expand,
)
from hipdrive.errors import UsageError

X = MODELS["stand-in"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> Iterator[Engine]:
    one = Engine([SimDevice(name="Dev1", model=X), SimDevice(name="Bridge1", model=MODELS["NI 9237"])], clock=clock)
    with installed(one):
        yield one


def voltage(task: Any, n: int = 8, rate: float = 10_000.0, *, finite: int = 0, limit: float = 10.0) -> None:
    task.ai_channels.add_ai_voltage_chan(f"Dev1/ai0:{n - 1}", min_val=-limit, max_val=limit)
    mode = AcquisitionType.FINITE if finite else AcquisitionType.CONTINUOUS
    task.timing.cfg_samp_clk_timing(rate, sample_mode=mode, samps_per_chan=finite or int(4 * rate))


def is_ramp(block: NDArray[Any], first: int = 0) -> bool:
    """The definition of the pattern, written down a second time."""
    rows, columns = np.indices(block.shape)
    expected = (columns + first + 1000 * rows) % 65536 - 32768
    return bool((block.astype(np.int64) == expected).all())


# --- what is there ---


def test_devices_are_listed(engine: Engine) -> None:
    system = System.local()
    assert [one.name for one in system.devices] == ["Dev1", "Bridge1"]
    one = system.devices["Dev1"]
    assert one.product_type == "stand-in"
    assert one.serial_num == 0x1A2B3C
    assert one.is_simulated
    assert len(one.ai_physical_chans) == X.inputs
    assert [c.name for c in one.ci_physical_chans] == ["Dev1/ctr0", "Dev1/ctr1"]
    assert one.ai_voltage_rngs[-1] == 10.0
    assert system.driver_version.major_version == 25
    assert system.devices["Bridge1"].ai_bridge_rngs == [-0.025, 0.025]


def test_the_library_is_put_back() -> None:
    from nidaqmx import _lib

    before, engine = _lib.lib_importer._windll, Engine()
    outer, inner = installed(engine), installed(engine)
    outer.__enter__()
    inside = _lib.lib_importer._windll
    assert inside is not before
    inner.__enter__()
    outer.__exit__(None, None, None)  # in whatever order
    assert _lib.lib_importer._windll is inside
    inner.__exit__(None, None, None)
    assert _lib.lib_importer._windll is before


def test_one_engine_at_a_time(engine: Engine) -> None:
    """Handles of one driver mean other tasks to another, so samples would be mixed up."""
    with pytest.raises(UsageError, match="another simulated recording is running"), installed(Engine()):
        pass


# --- samples ---


@pytest.mark.parametrize("n", [1, 8, 32])
def test_int16_continuous_loses_nothing(engine: Engine, clock: ManualClock, n: int) -> None:
    with nidaqmx.Task() as task:
        voltage(task, n)
        reader = AnalogUnscaledReader(task.in_stream)
        reader.verify_array_shape = False
        block = np.empty((n, 500), np.int16)
        task.start()
        for turn in range(150):  # once round the pattern and a bit
            clock.advance(0.05)
            assert reader.read_int16(block, 500, timeout=1.0) == 500
            assert is_ramp(block, 500 * turn)


def test_int32(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        task.ai_channels.add_ai_bridge_chan("Bridge1/ai0:3", min_val=-0.02, max_val=0.02, voltage_excit_val=10.0)
        task.timing.cfg_samp_clk_timing(2000.0, sample_mode=AcquisitionType.CONTINUOUS)
        assert task.ai_channels[0].ai_raw_samp_size == 32
        block = np.empty((4, 100), np.int32)
        task.start()
        clock.advance(0.1)
        assert AnalogUnscaledReader(task.in_stream).read_int32(block, 100) == 100
        assert is_ramp(block)


def test_finite_ends_by_itself(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 2, finite=500)
        task.start()
        assert not task.is_task_done()
        clock.advance(1.0)
        task.wait_until_done(1.0)
        assert np.shape(task.read(500)) == (2, 500)
        with pytest.raises(DaqReadError) as caught:
            task.read(1, timeout=0.1)
        assert caught.value.error_code == -200278


def test_on_demand_without_a_sample_clock(engine: Engine) -> None:
    with nidaqmx.Task() as task:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai3")
        assert isinstance(task.read(), float)


@pytest.mark.parametrize(("limit", "chosen"), [(10.0, 10.0), (0.3, 0.5), (4.9, 5.0)])
def test_doubles_are_the_polynomial_of_the_counts(
    engine: Engine, clock: ManualClock, limit: float, chosen: float
) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 3, limit=limit)
        task.start()
        clock.advance(0.1)
        volts = np.empty((3, 200))
        AnalogMultiChannelReader(task.in_stream).read_many_sample(volts, 200)
        for row, channel in enumerate(task.ai_channels):
            counts = (np.arange(200) + 1000 * row) % 65536 - 32768.0
            assert len(channel.ai_dev_scaling_coeff) == 4
            assert volts[row] == pytest.approx(np.polyval(channel.ai_dev_scaling_coeff[::-1], counts), abs=1e-12)
            assert channel.ai_rng_high == chosen


def test_bridge_doubles_are_volts_per_volt(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        channel = task.ai_channels.add_ai_bridge_chan(
            "Bridge1/ai2", min_val=-0.025, max_val=0.025, units=BridgeUnits.VOLTS_PER_VOLT, voltage_excit_val=5.0
        )
        task.timing.cfg_samp_clk_timing(1000.0, samps_per_chan=50, sample_mode=AcquisitionType.FINITE)
        assert channel.ai_bridge_nom_resistance == 350.0
        assert channel.ai_excit_val == 5.0
        task.start()
        clock.advance(1.0)
        counts = (np.arange(50) + 2000) % 65536 - 32768.0
        expected = np.polyval(channel.ai_dev_scaling_coeff[::-1], counts)
        assert task.read(50) == pytest.approx(expected, abs=1e-15)
        assert np.abs(expected).max() < 0.025


@pytest.mark.parametrize("model", [X, MODELS["NI 9237"]])
def test_volts_at_the_terminals_come_back(model: Any) -> None:
    limit = 0.025 if model.bits == 24 else 10.0
    volts = np.linspace(-limit, limit, 1001)
    one = coefficients(model, 3, limit)
    back = np.polyval(one[::-1], digitise(volts, one, model.bits).astype(float))
    assert np.abs(back - volts).max() <= 0.51 * one[1]


def test_a_voltage_beyond_the_range_is_cut_off() -> None:
    one = coefficients(X, 0, 1.0)
    assert digitise(np.array([50.0, -50.0]), one, 16).tolist() == [32767, -32768]


def test_the_signal_at_the_terminals(clock: ManualClock) -> None:
    sine = np.sin(np.arange(1000) * 0.01)
    signal = np.vstack([np.zeros(1000), sine, np.full(1000, 2.5)])
    device = SimDevice(name="Dev1", model=X, signal=Analogue(signal, 1000.0))
    with installed(Engine([device], clock=clock)), nidaqmx.Task() as task:
        task.ai_channels.add_ai_voltage_chan("Dev1/ai1:2", min_val=-5, max_val=5)
        task.timing.cfg_samp_clk_timing(1000.0, sample_mode=AcquisitionType.CONTINUOUS)
        task.start()
        clock.advance(1.5)
        read = np.array(task.read(1500))
    lsb = 1.05 * 5.0 / 32768
    assert read[0] == pytest.approx(np.r_[sine, sine[:500]], abs=0.51 * lsb)
    assert read[1] == pytest.approx(2.5, abs=0.51 * lsb)


def test_start_trigger(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 2, 1000.0)
        task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI1")
        task.start()
        clock.advance(1.0)
        assert task.in_stream.avail_samp_per_chan == 0
        engine.trigger("PFI1")
        clock.advance(0.25)
        assert task.in_stream.avail_samp_per_chan == 250


def test_default_buffers_are_those_of_ni(engine: Engine) -> None:
    for rate, size in ((50.0, 1000), (1000.0, 10_000), (100_000.0, 100_000)):
        with nidaqmx.Task() as task:
            task.ai_channels.add_ai_voltage_chan("Dev1/ai0")
            task.timing.cfg_samp_clk_timing(rate, sample_mode=AcquisitionType.CONTINUOUS, samps_per_chan=100)
            assert task.in_stream.input_buf_size == size
            task.in_stream.input_buf_size = 4 * size
            assert task.in_stream.input_buf_size == 4 * size


# --- faults ---


def test_time_out_gives_what_there_is(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 2, 1000.0)
        task.start()
        clock.advance(0.123)
        block = np.zeros((2, 500), np.int16)
        reader = AnalogUnscaledReader(task.in_stream)
        with pytest.raises(DaqReadError) as caught:
            reader.read_int16(block, 500, timeout=0.02)
        assert caught.value.error_code == -200284
        assert caught.value.samps_per_chan_read == 123
        # a short read leaves the channels packed together, as NI's driver does (nidaqmx-python issue 528)
        assert is_ramp(block.reshape(-1)[: 2 * 123].reshape(2, 123))
        clock.advance(0.1)
        again = np.empty((2, 100), np.int16)
        reader.read_int16(again, 100)
        assert is_ramp(again, 123)


def test_overflow(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 2, 1000.0)
        task.start()
        clock.advance(10.5)
        task.in_stream.input_buf_size = 4000
        with pytest.raises(DaqReadError, match="overwritten") as caught:
            AnalogUnscaledReader(task.in_stream).read_int16(np.empty((2, 100), np.int16), 100)
        assert caught.value.error_code == -200279


def test_unplugged(engine: Engine, clock: ManualClock) -> None:
    engine.faults.unplug_at = 250
    with nidaqmx.Task() as task:
        voltage(task, 2, 1000.0)
        task.start()
        clock.advance(1.0)
        reader, block = AnalogUnscaledReader(task.in_stream), np.empty((2, 100), np.int16)
        assert [reader.read_int16(block, 100) for _ in range(2)] == [100, 100]
        with pytest.raises(DaqReadError) as caught:
            reader.read_int16(block, 100)
        assert caught.value.error_code == -201003
        assert [one.name for one in System.local().devices] == ["Bridge1"]


def test_an_error_of_choice(engine: Engine, clock: ManualClock) -> None:
    engine.faults.error_at = (150, -50405)
    with nidaqmx.Task() as task:
        voltage(task, 2, 1000.0)
        task.start()
        clock.advance(1.0)
        reader, block = AnalogUnscaledReader(task.in_stream), np.empty((2, 100), np.int16)
        reader.read_int16(block, 100)
        with pytest.raises(DaqReadError) as caught:
            reader.read_int16(block, 100)
        assert caught.value.error_code == -50405


def test_names_that_do_not_exist(engine: Engine) -> None:
    with nidaqmx.Task() as task:
        for terminal, code in (("Dev9/ai0", -200220), ("Dev1/ai99", -200170)):
            with pytest.raises(DaqError) as caught:
                task.ai_channels.add_ai_voltage_chan(terminal)
            assert caught.value.error_code == code


def test_a_rate_that_the_device_cannot_do() -> None:
    with installed(Engine([SimDevice(name="Dev1")])), nidaqmx.Task() as task:
        voltage(task, 16, 100_000.0)  # 1.6 MS/s on a board of 250 kS/s
        with pytest.raises(DaqError) as caught:
            task.start()
        assert caught.value.error_code == -200081


@pytest.mark.parametrize("limit", [11.0, 50.0])
def test_a_range_that_the_device_cannot_do(engine: Engine, limit: float) -> None:
    with nidaqmx.Task() as task, pytest.raises(DaqError) as caught:
        voltage(task, 2, limit=limit)
    assert caught.value.error_code == -200077


def test_a_device_is_used_once(engine: Engine) -> None:
    with nidaqmx.Task() as one, nidaqmx.Task() as two:
        voltage(one, 2)
        voltage(two, 2)
        one.start()
        with pytest.raises(DaqError) as caught:
            two.start()
        assert caught.value.error_code == -50103


def test_wrong_dtype_is_refused_by_the_client(engine: Engine) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 2)
        reader: Any = AnalogUnscaledReader(task.in_stream)
        with pytest.raises((ctypes.ArgumentError, TypeError)):
            reader.read_int16(np.empty((2, 10), np.float64), 10)


def test_a_function_that_the_driver_has_not(engine: Engine) -> None:
    with nidaqmx.Task() as task, pytest.raises(nidaqmx.errors.DaqFunctionNotSupportedError):
        task.ao_channels.add_ao_voltage_chan("Dev1/ao0")


def test_reading_in_another_thread_ends_with_the_task(engine: Engine, clock: ManualClock) -> None:
    with nidaqmx.Task() as task:
        voltage(task, 2, 1000.0)
        task.start()
        got: list[int] = []
        block = np.empty((2, 100), np.int16)
        thread = threading.Thread(
            target=lambda: got.append(AnalogUnscaledReader(task.in_stream).read_int16(block, 100, timeout=10.0))
        )
        thread.start()
        clock.advance(0.1)
        thread.join(5.0)
        assert got == [100]
        assert is_ramp(block)


# --- lines and counters ---


def test_digital_lines(engine: Engine) -> None:
    lines = "Dev1/port0/line0:1"
    with nidaqmx.Task() as out, nidaqmx.Task() as back:
        out.do_channels.add_do_chan(lines, line_grouping=LineGrouping.CHAN_PER_LINE)
        out.write([True, False])
        assert engine.devices["Dev1"].outputs == 0b01
        out.write([False, True])
        assert engine.devices["Dev1"].outputs == 0b10
        engine.devices["Dev1"].inputs = 0b01
        back.di_channels.add_di_chan(lines, line_grouping=LineGrouping.CHAN_PER_LINE)
        assert back.read() == [True, False]


def test_camera_edges_are_stamped_by_a_counter(engine: Engine, clock: ManualClock) -> None:
    """Every edge latches the ticks of an internal timebase, counted from the first analogue sample."""
    clock.advance(5.0)
    engine.devices["Dev1"].edges["PFI0"] = times = 5.0 + np.arange(1, 200) / 240.0 + 0.00312345
    with nidaqmx.Task() as analogue, nidaqmx.Task() as edges:
        channel = edges.ci_channels.add_ci_count_edges_chan("Dev1/ctr0")
        channel.ci_count_edges_term = "/Dev1/20MHzTimebase"
        edges.timing.cfg_samp_clk_timing(1000.0, source="/Dev1/PFI0", sample_mode=AcquisitionType.CONTINUOUS)
        edges.triggers.arm_start_trigger.trig_type = TriggerType.DIGITAL_EDGE
        edges.triggers.arm_start_trigger.dig_edge_src = "/Dev1/ai/StartTrigger"
        edges.start()
        clock.advance(0.0)
        voltage(analogue, 2, 1000.0)
        analogue.start()
        clock.advance(0.5)
        found = edges.in_stream.avail_samp_per_chan
        assert found == np.sum(times <= 5.5)
        ticks = np.empty(found, np.uint32)
        assert CounterReader(edges.in_stream).read_many_sample_uint32(ticks, found) == found
        assert ticks / 20e6 == pytest.approx(times[:found] - 5.0, abs=6e-8)


def test_expand() -> None:
    assert expand("") == []
    assert expand("Dev1/ai3:1") == ["Dev1/ai3", "Dev1/ai2", "Dev1/ai1"]
