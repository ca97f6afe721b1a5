"""NI-DAQmx devices through NI's own `nidaqmx` package: raw counts, the device's scaling, triggers, lines and edges.

Counts stay counts: what scales them is the polynomial that the device itself reports, stored beside them. Between the
device and us lies the driver's buffer of some seconds, so nothing is lost when the computer is busy for a moment; when
that was not enough, the driver says so and so do we.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import nidaqmx
import numpy as np
from nidaqmx.constants import (
    AcquisitionType,
    BridgeConfiguration,
    BridgeUnits,
    Edge,
    ExcitationSource,
    Level,
    LineGrouping,
    Signal,
    TerminalConfiguration,
    TriggerType,
)
from nidaqmx.errors import DaqError, DaqFunctionNotSupportedError, DaqNotFoundError, DaqNotSupportedError
from nidaqmx.stream_readers import AnalogUnscaledReader, CounterReader
from nidaqmx.system import System
from numpy.typing import NDArray

from hipdrive.acquisition import lampcode
from hipdrive.acquisition.source import (
    Block,
    ChannelInfo,
    Found,
    SourceEnd,
    SourceInfo,
    SourceLost,
    SourceTimeout,
    channels_of,
)
from hipdrive.errors import UsageError
from hipdrive.trial import Edges, Floats, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.devices import Camera, Channel, Device, SyncLine
    from hipdrive.hardware.rig import Rig

TIMEOUT, OVERFLOW, PAST_THE_END = -200284, -200279, -200278

REMEDIES: Mapping[int, str] = {
    -200220: "plug it in and switch it on; `hipdrive sources` lists what is there",
    -201003: "check its cable and power, then record again",
    -200170: "correct the terminal in the rig file",
    -200081: "lower rate_hz in the rig file, or use fewer channels",
    -200077: "choose a range_v, excitation or wiring in the rig file that the device has",
    -50103: "close the other program that uses it",
    -200022: "close the other program that uses it",
    -89125: "join the boards by an RTSI cable and name it in NI MAX, or lead the clock by a wire (WIRING.md)",
    -89136: "use a terminal that can carry it: NI MAX shows the routes of the device",
    OVERFLOW: "close other programs, or raise buffer_s in the rig file",
}
"""Error code of the driver -> what to do."""

TIMEBASE = "20MHzTimebase"
TIMEBASE_HZ = 20e6
"""What stamps edges: every counter of M and X series has it, 50 ns a tick, 214 s until 32 bits are full."""

SHORT_NAMES = {
    "RSE": TerminalConfiguration.RSE,
    "NRSE": TerminalConfiguration.NRSE,
    "DIFF": TerminalConfiguration.DIFF,
    "default": TerminalConfiguration.DEFAULT,
}
BRIDGES = {
    "full": BridgeConfiguration.FULL_BRIDGE,
    "half": BridgeConfiguration.HALF_BRIDGE,
    "quarter": BridgeConfiguration.QUARTER_BRIDGE,
}
EDGES = {"rising": Edge.RISING, "falling": Edge.FALLING}

OFF = ".off"
"""Behind the name of a sync line: the edges at which it goes off (`analysis.instants` reads them)."""

lent: list[object] = []
"""Who has put a stand-in in the driver's place; no real device can be reached meanwhile, nor must it seem so."""


def reach(where: str) -> None:
    """Refuse to take a stand-in for real devices.

    Raises
    ------
    UsageError : one has the driver's place.
    """
    if lent:
        raise UsageError("lent", f"{where}: devices cannot be reached while a simulated one is open in this program; "
                         "close that one first")  # fmt: skip


@contextlib.contextmanager
def told(where: str) -> Iterator[None]:
    """Turn what the driver says into one sentence.

    Raises
    ------
    UsageError : there is no driver, or it refuses.
    """
    try:
        yield
    except DaqNotFoundError:
        remedy = "install it from ni.com/downloads (search for NI-DAQmx) and restart, or use the rig `simulated`"
        raise UsageError("no_driver", f"{where}: NI-DAQmx is not installed; {remedy}") from None
    except DaqNotSupportedError:
        remedy = "record on Windows or Linux, or use the rig `simulated`"
        raise UsageError("no_driver", f"{where}: NI makes no driver for this computer; {remedy}") from None
    except DaqFunctionNotSupportedError as error:
        remedy = "install a newer one from ni.com/downloads"
        raise UsageError(
            "old_driver", f"{where}: the NI-DAQmx here is too old ({first_line(error)}); {remedy}"
        ) from None
    except DaqError as error:
        code = error.error_code
        remedy = REMEDIES.get(code, "check the rig file and the device in NI MAX")
        raise UsageError(str(code), f"{where}: {first_line(error)} (NI {code}); {remedy}") from None


def first_line(error: Exception) -> str:
    r"""The first sentence of what the driver said, to go on with ours.

    >>> first_line(Exception("Device identifier is invalid.\n\nStatus Code: -200220"))
    'device identifier is invalid'
    """
    line = (str(error).strip().splitlines() or [type(error).__name__])[0].split(". ")[0].rstrip(". ")
    return line[:1].lower() + line[1:]


def list_devices() -> tuple[Found, ...]:
    """The devices that the driver knows.

    Raises
    ------
    UsageError : there is no driver.
    """
    reach("this computer")
    with told("this computer"):
        system = System.local()
        installed = driver_version(system)
        return tuple(_found(device, installed) for device in system.devices)


def _found(device: Any, installed: str) -> Found:
    with told(device.name):
        kind = "simulated in NI MAX, " if device.is_simulated else ""
        return Found(driver="nidaqmx", name=device.name, product=device.product_type,
                     detail=f"{kind}serial {device.serial_num:08X}, {len(device.ai_physical_chans)} analogue inputs, "
                            f"NI-DAQmx {installed}")  # fmt: skip


def driver_version(system: Any) -> str:
    """As in 25.0.0."""
    one = system.driver_version
    return f"{one.major_version}.{one.minor_version}.{one.update_version}"


@dataclass(frozen=True, kw_only=True)
class EdgeLine:
    """A digital terminal whose edges a counter stamps; `rate` is the most that is expected, Hz."""

    name: str
    terminal: str
    counter: str
    edge: str = "rising"
    rate: float = 1000.0


@dataclass(frozen=True, kw_only=True)
class PulseLine:
    """A terminal on which a counter makes pulses from the start of sampling on: a camera that we trigger.

    rate : Hz, of which the nearest that ticks can make is taken. width : s; without it half of the time.
    """

    name: str
    terminal: str
    counter: str
    rate: float
    edge: str = "rising"
    width: float | None = None


@dataclass(frozen=True, kw_only=True)
class CodeLine:
    """A digital output that goes on and off by the code of lamps; `phase` is its first bit, by default the time's."""

    name: str
    line: str
    bit: float
    phase: int | None = None


Line = EdgeLine | PulseLine | CodeLine


def lines_of(rig: Rig, device: str) -> tuple[Line, ...]:
    """What the counters and digital outputs of a device are for: cameras, a digital start signal, sync lines."""
    found: list[Line] = []
    for camera in rig.cameras:
        if camera.device == device:
            found.append(_camera_line(camera))
    for one in rig.sync:
        if one.device == device:
            found += _sync_lines(one)
    signal = rig.start_signal
    if signal is not None and signal.line is not None and signal.device == device:
        used = {line.counter for line in found if not isinstance(line, CodeLine)}
        free = next(name for number in range(99) if (name := f"ctr{number}") not in used)
        found.append(EdgeLine(name="gun", terminal=signal.line, counter=free, edge=signal.edge))
    return tuple(found)


def _camera_line(camera: Camera) -> Line:
    counter, fps = str(camera.counter), camera.fps or 1000.0
    if camera.direction == "in":
        return EdgeLine(name=camera.id, terminal=camera.terminal, counter=counter, edge=camera.edge, rate=2.0 * fps)
    width = None if camera.exposure_ms is None else camera.exposure_ms / 1e3
    return PulseLine(name=camera.id, terminal=camera.terminal, counter=counter, edge=camera.edge, rate=fps, width=width)


def _sync_lines(one: SyncLine) -> Iterator[Line]:
    """When it goes on is stored under its name, when it goes off under its name with `.off`."""
    if one.line is not None:
        yield CodeLine(name=one.id, line=one.line, bit=one.bit_ms / 1e3)
    edges = (one.edge, "falling" if one.edge == "rising" else "rising")
    for name, counter, edge in zip((one.id, f"{one.id}{OFF}"), (one.counter, one.counter_off), edges, strict=True):
        if counter is not None and one.terminal is not None:
            yield EdgeLine(name=name, terminal=one.terminal, counter=counter, edge=edge)


def rig_sources(rig: Rig) -> Iterator[NidaqSource]:
    """A source for each device of a rig, in its order."""
    made: dict[str, NidaqSource] = {}
    for device in leads_first(rig):
        made[device.id] = NidaqSource(device, rig.channels(device.id), lines=lines_of(rig, device.id),
                                      lead=made.get(device.clock or ""))  # fmt: skip
    return (made[device.id] for device in rig.devices)


def leads_first(rig: Rig) -> list[Device]:
    """The devices, those on another's clock behind it."""
    return sorted(rig.devices, key=lambda one: one.clock is not None)


class NidaqSource:
    """One NI device as a `Source` (see `source.Source`).

    finite : sample that many and end; None samples until it is stopped. lead : the device on whose clock it samples.
    """

    real = True

    def __init__(
        self,
        device: Device,
        channels: Sequence[Channel],
        *,
        lines: Sequence[Line] = (),
        finite: int | None = None,
        lead: NidaqSource | None = None,
    ) -> None:
        self.device, self.channels, self.lines, self.finite = device, tuple(channels), tuple(lines), finite
        self.lead = lead
        self.followers: list[NidaqSource] = []
        if lead is not None:
            lead.followers.append(self)
        rate = float(device.rate_hz)
        self.info = SourceInfo(
            id=device.id,
            channels=channels_of(self.channels),
            rate=rate,
            block=max(1, round(rate * device.block_ms / 1000.0)),
            buffer=max(1, round(rate * device.buffer_s)),
        )  # fmt: skip
        self._task: Any = None
        self._read: Any = None
        self._counters: list[_Stamps | _Pulses] = []
        self._lamps: list[_Lamp] = []
        self._lamp_fault: DaqError | None = None
        self._count = 0
        self._running = False

    def __repr__(self) -> str:
        """For error messages and the debugger."""
        return f"NidaqSource({self.device.id!r}, {self.device.name!r})"

    def open(self) -> None:
        """Make the task, and ask the device how it scales and how fast it really samples.

        Raises
        ------
        UsageError : no driver, no such device or channel, or it cannot do what the rig asks.
        """
        if self._task is not None:
            return  # as the one whose clock another device shares
        if self.lead is not None:
            self.lead.open()  # it knows the rate of its clock, and where that can be had
        where = f"{self.device.id} ({self.device.name})"
        if self.real:
            reach(where)
        with told(where):
            system = System.local()
            self._check_identity(system, where)
            self._task = nidaqmx.Task()
            try:
                self._configure(system, where)
            except BaseException:
                self.close()
                raise

    def _check_identity(self, system: Any, where: str) -> None:
        """Refuse another device than the one that the rig names."""
        if self.device.name not in system.devices.device_names:
            raise DaqError("Device identifier is invalid.", -200220)
        there = system.devices[self.device.name]
        product, serial = str(there.product_type), f"{there.serial_num:08X}"
        for what, wanted, found in (("product", self.device.product, product), ("serial", self.device.serial, serial)):
            if wanted is not None and _bare(wanted) != _bare(found):
                raise UsageError("other_device", f"{where}: the rig file expects {what} {wanted}, but {found} is "
                                 f"there; correct name or {what} in the rig file")  # fmt: skip

    def _configure(self, system: Any, where: str) -> None:
        task, device = self._task, self.device
        for one in self.channels:
            self._add(one)
        clock = self._configure_clock()
        if device.start_trigger is not None and not self._follows:
            trigger = device.start_trigger
            task.triggers.start_trigger.cfg_dig_edge_start_trig(self._terminal(trigger.terminal), EDGES[trigger.edge])
        reader = AnalogUnscaledReader(task.in_stream)
        reader.verify_array_shape = False  # saves a call of the driver for each read; we know the shape
        wide = any(one.ai_raw_samp_size > 16 for one in task.ai_channels)
        self._read = reader.read_int32 if wide else reader.read_int16
        bound = [replace(info, low=float(real.ai_rng_low), high=float(real.ai_rng_high))
                 for info, real in zip(self.info.channels, task.ai_channels, strict=True)]  # fmt: skip
        self.info = replace(self.info, dtype=np.int32 if wide else np.int16, rate=float(task.timing.samp_clk_rate),
                            scaling=np.array([self._scaling(*pair, where) for pair in
                                              zip(self.channels, task.ai_channels, strict=True)]),
                            identity=self._identity(system, bound, clock))  # fmt: skip
        for line in self.lines:  # one after the other, so that each is closed whatever happens to the next
            if isinstance(line, CodeLine):
                self._lamps.append(_Lamp(self.device.name, line))
            else:
                kind = _Pulses if isinstance(line, PulseLine) else _Stamps
                self._counters.append(kind(self.device.name, line))  # type: ignore[arg-type]

    @property
    def _follows(self) -> bool:
        """Whether each sample is taken at an edge from elsewhere, whose first one then starts it."""
        return self.device.clock is not None and self.device.clock_by == "sample_clock"

    def _configure_clock(self) -> Mapping[str, str]:
        """Sample clock and buffer; what it says of whose clock that is."""
        task, device, lead = self._task, self.device, self.lead
        mode = AcquisitionType.CONTINUOUS if self.finite is None else AcquisitionType.FINITE
        size = self.info.buffer if self.finite is None else self.finite
        rate, source, said = self.info.rate, "", {"clock": "own"}
        if self._follows:
            rate = rate if lead is None else lead.info.rate  # as that device really samples
            source = self._terminal(device.clock_in) if device.clock_in else self._lead_terminal("SampleClock")
            said = {"clock": str(device.clock), "clock_by": device.clock_by, "clock_source": source}
        task.timing.cfg_samp_clk_timing(rate, source=source, sample_mode=mode, samps_per_chan=size)
        if device.clock_by == "reference_clock":
            reference = device.clock_in or self._lead_terminal("10MHzRefClock")
            task.timing.ref_clk_src = reference
            task.timing.ref_clk_rate = 100e6 if reference == "PXIe_Clk100" else 10e6
            said = {"clock": device.clock or "own", "clock_by": device.clock_by, "clock_source": reference}
        if device.clock_out is not None:
            task.export_signals.export_signal(Signal.SAMPLE_CLOCK, self._terminal(device.clock_out))
        if self.finite is None:
            task.in_stream.input_buf_size = size
        return said

    def _lead_terminal(self, name: str) -> str:
        """A signal of the device whose clock is shared; the driver knows best what its sample clock is called."""
        assert self.lead is not None
        if name != "SampleClock":
            return f"/{self.lead.device.name}/{name}"
        with contextlib.suppress(DaqError, AttributeError):
            return str(self.lead._task.timing.samp_clk_term)
        return f"/{self.lead.device.name}/ai/SampleClock"

    def _terminal(self, name: str) -> str:
        return name if name.startswith("/") else f"/{self.device.name}/{name}"

    def _add(self, one: Channel) -> None:
        """A channel of the rig as a channel of the task."""
        terminal = f"{self.device.name}/{one.terminal}"
        if one.kind == "bridge":
            self._task.ai_channels.add_ai_bridge_chan(
                terminal, min_val=one.low, max_val=one.high, units=BridgeUnits.VOLTS_PER_VOLT,
                bridge_config=BRIDGES[one.configuration or "full"],
                voltage_excit_source=ExcitationSource.INTERNAL, voltage_excit_val=one.excitation_v,
                nominal_bridge_resistance=one.resistance_ohm,
            )  # fmt: skip
        else:
            self._task.ai_channels.add_ai_voltage_chan(
                terminal, terminal_config=SHORT_NAMES[one.terminal_config], min_val=one.low, max_val=one.high
            )

    def _scaling(self, one: Channel, real: Any, where: str) -> Floats:
        """c0..c3 from counts to the channel's unit.

        NI documents the polynomial as giving volts; ratiometric bridge modules convert to V/V already. What it gives
        shows at the end of the converter's range, which has to be that of the input.
        """
        given = [float(c) for c in real.ai_dev_scaling_coeff]
        if not 2 <= len(given) <= 4:
            raise UsageError("scaling", f"{where}: {one.terminal} reports {len(given)} scaling coefficients; "
                             "only devices with 2 to 4 can be recorded")  # fmt: skip
        found = np.zeros(4)
        found[: len(given)] = given
        if one.kind != "bridge":
            return found
        limit, ends = abs(real.ai_rng_high), []
        for bits in {real.ai_resolution, float(real.ai_raw_samp_size)}:  # 24 bits stand right or left among 32
            ends.append(end := abs(np.polyval(found[::-1], 2.0 ** (bits - 1.0))))
            for divisor in (1.0, one.excitation_v or 1.0):
                if 0.75 < end / divisor / limit < 1.34:
                    return found / divisor
        raise UsageError("scaling", f"{where}: the scaling of {one.terminal} ends at {min(ends):g}, its range at "
                         f"{limit:g} V/V; check excitation and range in the rig file")  # fmt: skip

    def _identity(
        self, system: Any, bound: Sequence[ChannelInfo], clock: Mapping[str, str]
    ) -> Mapping[str, str | float]:
        there = system.devices[self.device.name]
        facts: dict[str, str | float] = {
            "driver": "nidaqmx",
            "driver_version": driver_version(system),
            "client_version": version("nidaqmx"),
            "name": self.device.name,
            "product": str(there.product_type),
            "serial": f"{there.serial_num:08X}",
            "terminal": json.dumps([one.terminal_config for one in self.channels]),
            "range": json.dumps([[one.low, one.high] for one in bound]),
            **clock,
        }
        with contextlib.suppress(DaqError):  # boards that sample all channels at once have no convert clock
            facts["conv_rate_hz"] = float(self._task.timing.ai_conv_rate)
        return MappingProxyType(facts)

    def start(self) -> None:
        """Arm the counters, then start to sample, or to wait for the start trigger.

        Devices on the clock of this one are started before it, if they are not yet: else they would miss its first
        edges.
        """
        for one in (*self.followers, self):
            with told(f"{one.device.id} ({one.device.name})"):
                one._begin()

    def _begin(self) -> None:
        if self._running or self._task is None:
            return
        self._count = 0
        for one in (*self._counters, *self._lamps):
            one.start()
        self._task.start()
        self._running = True

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        """Fill `out` (channels, n); see `source.Source.read`."""
        try:
            n = self._read(out, out.shape[1], timeout)
        except DaqError as error:
            raise self._fault(error, out) from None
        return self._block(n)

    def _block(self, n: int) -> Block:
        self._count += n
        block = Block(self._count - n, n, time.monotonic_ns())
        self._set_lamps()
        return block

    def _set_lamps(self) -> None:
        """What lamps show now; a lamp that cannot be set is told with the edges, and does not end the samples."""
        if self._lamp_fault is None:
            try:
                for lamp in self._lamps:
                    lamp.show(self._count / self.info.rate)
            except DaqError as error:
                self._lamp_fault = error

    def _fault(self, error: DaqError, out: NDArray[Any]) -> Exception:
        code = error.error_code
        if code in (TIMEOUT, PAST_THE_END):
            n = int(getattr(error, "samps_per_chan_read", 0))
            # a short read leaves the channels packed at the beginning of the array (nidaqmx-python issue 528)
            out[:, :n] = out.reshape(-1)[: n * len(out)].reshape(len(out), n).copy()
            block = self._block(n)
            if code == PAST_THE_END and self.finite is not None:
                return SourceEnd(n, block.host_ns)
            if code == TIMEOUT or n:  # an end that nobody agreed on is a loss, once its samples are kept
                return SourceTimeout(n, block.host_ns)
        lost = 0
        if code == OVERFLOW:
            with contextlib.suppress(DaqError):
                lost = max(0, int(self._task.in_stream.total_samp_per_chan_acquired) - self._count)
        return SourceLost(str(code), f"{self.device.id} ({self.device.name}): {first_line(error)} (NI {code}); "
                          f"{REMEDIES.get(code, 'check device and cable')}", lost)  # fmt: skip

    def edges(self) -> Sequence[Edges]:
        """Edges of cameras, start signal and sync lines since the last call."""
        try:
            if self._lamp_fault is not None:
                raise self._lamp_fault
            seconds = self._count / self.info.rate
            return [found for one in self._counters if (found := one.read(seconds)) is not None]
        except DaqError as error:
            raise SourceLost(str(error.error_code), f"{self.device.id} ({self.device.name}): edges are lost: "
                             f"{first_line(error)} (NI {error.error_code})") from None  # fmt: skip

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        """Nobody knows."""
        return None

    def stop(self) -> None:
        """End sampling; a device that is gone has ended already."""
        self._running = False
        for task in [self._task, *(counter.task for counter in self._counters)]:
            with contextlib.suppress(DaqError):
                task.stop()

    def close(self) -> None:
        """Give the device free for others."""
        self._running = False
        for one in (*self._counters, *self._lamps):
            one.close()
        self._counters, self._lamps = [], []
        if self._task is not None:
            with contextlib.suppress(DaqError):
                self._task.close()
            self._task = None


def _bare(text: str) -> str:
    """A product or serial number as it is compared: 0x1a2b3c is 001A2B3C."""
    return text.strip().upper().removeprefix("0X").lstrip("0")


class _Stamps:
    """A counter that stamps the edges of a line with ticks since the first analogue sample."""

    def __init__(self, device: str, line: EdgeLine) -> None:
        self.line = line
        self.task = nidaqmx.Task()
        try:
            channel = self.task.ci_channels.add_ci_count_edges_chan(f"{device}/{line.counter}")
            channel.ci_count_edges_term = f"/{device}/{TIMEBASE}"
            self.task.timing.cfg_samp_clk_timing(
                line.rate, source=f"/{device}/{line.terminal}", active_edge=EDGES[line.edge],
                sample_mode=AcquisitionType.CONTINUOUS, samps_per_chan=max(1000, int(10 * line.rate)),
            )  # fmt: skip
            arm = self.task.triggers.arm_start_trigger
            arm.trig_type = TriggerType.DIGITAL_EDGE
            arm.dig_edge_src = f"/{device}/ai/StartTrigger"
            self.reader = CounterReader(self.task.in_stream)
            self.reader.verify_array_shape = False
        except BaseException:
            self.close()
            raise
        self._last = 0

    def start(self) -> None:
        self.task.start()

    def read(self, seconds: float) -> Edges | None:
        """What came since the last call; 32 bits are unwrapped, which holds while edges are less than 214 s apart."""
        n = int(self.task.in_stream.avail_samp_per_chan)
        if not n:
            return None
        raw = np.empty(n, np.uint32)
        self.reader.read_many_sample_uint32(raw, n, timeout=1.0)
        steps = np.diff(np.r_[np.uint32(self._last & 0xFFFFFFFF), raw]).astype(np.uint32)  # modulo 2**32
        ticks = self._last + np.cumsum(steps, dtype=np.uint64)
        self._last = int(ticks[-1])
        return Edges(name=self.line.name, ticks=ticks, rate=TIMEBASE_HZ)

    def close(self) -> None:
        with contextlib.suppress(DaqError):
            self.task.close()


class _Pulses:
    """A counter that makes pulses whose ticks are known, since it begins with the analogue samples and counts on."""

    def __init__(self, device: str, line: PulseLine) -> None:
        self.line = line
        self.period = max(4, round(TIMEBASE_HZ / line.rate))
        width = self.period // 2 if line.width is None else round(line.width * TIMEBASE_HZ)
        width = min(max(width, 2), self.period - 2)  # a counter stays at least two ticks on either side
        rising = line.edge == "rising"
        self.task = nidaqmx.Task()
        try:
            channel = self.task.co_channels.add_co_pulse_chan_ticks(
                f"{device}/{line.counter}", f"/{device}/{TIMEBASE}", idle_state=Level.LOW if rising else Level.HIGH,
                initial_delay=self.period, low_ticks=self.period - width if rising else width,
                high_ticks=width if rising else self.period - width,
            )  # fmt: skip
            channel.co_pulse_term = f"/{device}/{line.terminal}"
            self.task.timing.cfg_implicit_timing(sample_mode=AcquisitionType.CONTINUOUS)
            self.task.triggers.start_trigger.cfg_dig_edge_start_trig(f"/{device}/ai/StartTrigger")
        except BaseException:
            self.close()
            raise
        self._told = 0

    def start(self) -> None:
        self.task.start()

    def read(self, seconds: float) -> Edges | None:
        """The edges since the last call, up to the samples that have come."""
        made = max(self._told, int(seconds * TIMEBASE_HZ) // self.period)
        if made == self._told:
            return None
        ticks = np.arange(self._told + 1, made + 1, dtype=np.uint64) * np.uint64(self.period)
        self._told = made
        return Edges(name=self.line.name, ticks=ticks, rate=TIMEBASE_HZ)

    def close(self) -> None:
        with contextlib.suppress(DaqError):
            self.task.close()


class _Lamp:
    """A digital output that shows the code, set between two reads by the thread that reads: none has to be woken."""

    def __init__(self, device: str, line: CodeLine) -> None:
        self.line, self.phase = line, line.phase or 0
        self.task = nidaqmx.Task()
        try:
            self.task.do_channels.add_do_chan(f"{device}/{line.line}", line_grouping=LineGrouping.CHAN_PER_LINE)
        except BaseException:
            self.task.close()
            raise
        self._shown: bool | None = None

    def start(self) -> None:
        if self.line.phase is None:
            self.phase = lampcode.begin(time.time(), self.line.bit)
        self._set(False)

    def show(self, seconds: float) -> None:
        """The bit of this time since the first sample."""
        self._set(lampcode.bit(self.phase + int(seconds / self.line.bit + 1e-6)))

    def _set(self, on: bool) -> None:
        if on is not self._shown:
            self.task.write(on)
            self._shown = on

    def close(self) -> None:
        with contextlib.suppress(DaqError):
            self._set(False)
        with contextlib.suppress(DaqError):
            self.task.close()


def set_line(line: str, high: bool) -> None:
    """Set a digital output, for example `Dev1/port0/line0`: a lamp that the camera sees.

    Raises
    ------
    UsageError : no driver, no such line.
    """
    with told(line), nidaqmx.Task() as task:
        task.do_channels.add_do_chan(line, line_grouping=LineGrouping.CHAN_PER_LINE)
        task.write(high)


def get_line(line: str) -> bool:
    """Whether a digital input is high.

    Raises
    ------
    UsageError : no driver, no such line.
    """
    with told(line), nidaqmx.Task() as task:
        task.di_channels.add_di_chan(line, line_grouping=LineGrouping.CHAN_PER_LINE)
        return bool(task.read())
