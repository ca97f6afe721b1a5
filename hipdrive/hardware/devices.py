"""Devices, the lines beside the plates (cameras, start signal, sync lines), and a channel as the driver wants it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints, model_validator

from hipdrive.hardware.facts import Analog, Counter, Digital, Facts, Fault, Identifier, Line, Number, Positive, fact

Edge = Literal["rising", "falling"]
TerminalConfig = Literal["RSE", "NRSE", "DIFF", "default"]
DeviceName = Annotated[str, Strict(), StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=100)]
NI_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
NI_TERMINAL = re.compile(r"ai(0|[1-9]\d{0,2})")
DriverName = Annotated[
    str, Strict(), StringConstraints(pattern=r"^(nidaqmx|simulated|lsl|serial|plugin:[A-Za-z][A-Za-z0-9_.-]{0,59})$")
]
TriggerTerminal = Annotated[str, Strict(), StringConstraints(pattern=r"^(PFI\d{1,2}|/[A-Za-z0-9_-]+/[A-Za-z0-9/]+)$")]
ClockTerminal = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^([pP][fF][iI](0|[1-9]\d?)|PXI_Clk10|PXIe_Clk100)$"),
    AfterValidator(lambda text: text.upper() if text[:3].upper() == "PFI" else text),
]
Range = tuple[Number, Number]

NI_DRIVERS = ("nidaqmx", "simulated")
PLUGIN = "plugin:"
"""Before the name of an entry point of the group `hipdrive.sources`."""

UnitName = Literal["N", "kN", "kg", "g", "lb", "V", "count"]
FORCE_UNITS: Mapping[str, float] = {"N": 1.0, "kN": 1000.0, "kg": 9.80665, "g": 9.80665e-3, "lb": 4.4482216152605}
"""What one unit is worth, N."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One sampled analogue input, with all that a driver has to be told.

    `role` is `PLATE.ROLE` (`left.fz1`), `gun`, the start signal, or the id of a sync line. `low` and `high` in `unit`:
    V, V/V for a bridge, or what a device sends that measures by itself (`kind` is "number" then).
    """

    role: str
    terminal: str
    kind: Literal["voltage", "bridge", "number"]
    low: float
    high: float
    unit: str
    terminal_config: TerminalConfig = "default"
    excitation_v: float | None = None
    resistance_ohm: float | None = None
    configuration: Literal["full", "half", "quarter"] | None = None


def check_range(value: Range, place: str) -> None:
    """Refuse a voltage range whose ends are the wrong way round or without zero between them."""
    low, high = value
    if not low < high:
        raise Fault(place, f"the lower end {low:g} V is not below the upper end {high:g} V",
                    "give [lowest, highest], for example [-10.0, 10.0]")  # fmt: skip
    if not low <= 0.0 < high:
        raise Fault(place, f"{low:g} V to {high:g} V does not hold 0 V, which an empty plate gives",
                    "choose one of the device's ranges, for example [-10.0, 10.0]")  # fmt: skip


class Trigger(Facts):
    """The edge that starts a device."""

    terminal: TriggerTerminal = fact("where the edge comes in: a PFI line or another device's signal", "PFI1")
    edge: Edge = fact("which edge", "rising", "rising")


class Stream(Facts):
    """Which LSL stream, beside the device's name: what several streams of one name differ in."""

    type: Line | None = fact("the stream's type", "Force", None)
    source_id: Line | None = fact("the stream's source id, which no other has", "amti-1", None)
    wait_s: Positive = fact("how long it is looked for, s", 3.0, 3.0, le=60.0)


def _as_ever(facts: Facts, key: str) -> bool:
    """Whether a fact is what it is where nobody says anything."""
    return bool(getattr(facts, key) == type(facts).model_fields[key].default)


Column = Annotated[str, Strict(), StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=60)]
STAMP, IGNORED = "stamp", "-"
"""Columns that are no channel: the board's own time, and what is not wanted."""

OF_LINES = ("delimiter", "decimal")
OF_FRAMES = ("header", "stamp_type", "value_type", "byte_order")


class Board(Facts):
    """How a board at a serial port speaks."""

    protocol: Literal["lines", "frames", "chronojump"] = fact(
        "`lines`: a line of text a sample; `frames`: a header and binary numbers; `chronojump`: its force sensors",
        "lines",
    )
    baud: Annotated[int, Strict(), Field(ge=300, le=12_000_000)] = fact("baud rate", 115200, 115200)
    columns: Annotated[tuple[Column, ...], Field(max_length=64)] = fact(
        'what comes in a sample, in order: names for `channels`, "stamp" for the board\'s time, "-" for what to leave',
        ["stamp", "fz"],
        (),
    )
    delimiter: Literal[";", ",", "tab", "space"] = fact("`lines`: what stands between the numbers", ";", ";")
    decimal: Literal[".", ","] = fact("`lines`: the decimal sign", ".", ".")
    stamp_unit: Literal["us", "ms", "s"] = fact("unit of the board's time", "us", "us")
    stamp_bits: Literal[0, 32] = fact("at how many bits the board's time begins again at 0; 0: never", 32, 32)
    header: Annotated[str, Strict(), StringConstraints(pattern=r"^[0-9A-Fa-f]{2}( ?[0-9A-Fa-f]{2}){0,15}$")] = fact(
        "`frames`: bytes at the beginning of each, hexadecimal", "FF FF FF FF", "FF FF FF FF"
    )
    stamp_type: Literal["uint32", "uint64", "float64"] = fact("`frames`: type of the stamp", "uint32", "uint32")
    value_type: Literal["int16", "uint16", "int32", "float32", "float64"] = fact(
        "`frames`: type of the values", "int16", "int16"
    )
    byte_order: Literal["little", "big"] = fact("`frames`: which byte of a number comes first", "little", "little")
    start: Annotated[str, Strict(), StringConstraints(max_length=100)] = fact(
        "text to send so that the board begins", "s\n", ""
    )
    stop: Annotated[str, Strict(), StringConstraints(max_length=100)] = fact("text to send so that it ends", "x\n", "")

    @model_validator(mode="after")
    def _checked(self) -> Board:
        foreign = {"lines": OF_FRAMES, "frames": OF_LINES,
                   "chronojump": (*OF_FRAMES, *OF_LINES, "stamp_unit", "stamp_bits", "start", "stop")}  # fmt: skip
        for key in foreign[self.protocol]:
            if not _as_ever(self, key):
                raise Fault(key, f"the protocol {self.protocol} has no such choice", "take it out")
        named = [column for column in self.columns if column != IGNORED]
        if len({name.lower() for name in named}) < len(named):
            raise Fault("columns", "a column is named twice", "give each its own name")
        if self.protocol == "chronojump":
            if STAMP in named:
                raise Fault("columns", "the sensor's time stamp is known", 'name the values only, for example ["fz"]')
        elif not set(named) - {STAMP}:
            raise Fault("columns", "there is no column with values", 'name them, for example ["stamp", "fz"]')
        if self.protocol == "lines" and self.delimiter == self.decimal:
            raise Fault("decimal", "the comma cannot stand in a number and between numbers", 'use delimiter = ";"')
        if self.protocol == "frames" and IGNORED in self.columns and len(self.columns) == 1:
            raise Fault("columns", "there is no column with values", 'name them, for example ["stamp", "fz"]')
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that are channels, in order."""
        return tuple(column for column in self.columns if column not in (STAMP, IGNORED))


Setting = Annotated[str, Strict(), StringConstraints(max_length=200)] | Annotated[bool, Strict()] | Number


class Device(Facts):
    """A box that samples: all its channels at one rate, on one clock."""

    id: Identifier = fact("short name by which plates refer to it (small letters, digits, _)", "ni0")
    driver: DriverName = fact(
        "which driver runs it: 'nidaqmx', 'simulated', 'lsl', 'serial', or 'plugin:NAME' of another package", "nidaqmx"
    )
    name: DeviceName = fact(
        "name in NI MAX or `hipdrive sources`: device, LSL stream, serial port, or usb:VENDOR:PRODUCT", "Dev1"
    )
    product: Line | None = fact("model that is expected there; another one is refused", "USB-6218", None)
    serial: Line | None = fact("serial number that is expected there", "01A2B3C4", None)
    rate_hz: Positive = fact("samples a second of each channel, Hz", 1000, le=1_000_000.0)
    range_v: Range = fact(
        "input range, V: the smallest one that holds the plate's output", [-10.0, 10.0], (-10.0, 10.0)
    )
    terminal_config: TerminalConfig = fact("how the inputs are wired: WIRING.md says which", "RSE", "default")
    diff_minus: Literal[0, 4, 8] = fact(
        "with DIFF: ai0's minus is ai8 (8), ai4 (4: USB-6001, 6002, 6003, 6008, 6009) or a terminal of its own (0)",
        8,
        8,
    )
    block_ms: Positive = fact("how often samples are handed over, ms", 10, 10.0, le=1000.0)
    buffer_s: Positive = fact("how long the driver's buffer lasts when nobody reads, s", 4, 4.0, le=600.0)
    start_trigger: Trigger | None = fact(
        "edge that starts the device; without it software does", {"terminal": "PFI1"}, None
    )
    clock: Identifier | None = fact("id of the device on whose clock it samples; without it, on its own", "ni0", None)
    clock_by: Literal["sample_clock", "reference_clock"] = fact(
        "what is shared: each sample's own edge, or the reference that both oscillators are locked to (PXI, RTSI)",
        "sample_clock",
        "sample_clock",
    )
    clock_in: ClockTerminal | None = fact(
        "where that clock comes in: PFI of a wire, PXI_Clk10 or PXIe_Clk100 of the backplane; without it the driver "
        "finds a way (RTSI cable, PXI chassis)",
        "PFI0",
        None,
    )
    clock_out: Digital | None = fact("where it gives its sample clock to others by wire", "PFI4", None)
    unit: UnitName | None = fact("lsl, serial, plugin: unit of the forces that it sends", "N", None)
    stream: Stream | None = fact("lsl: which stream of that name", {"type": "Force"}, None)
    board: Board | None = fact("serial: how the board speaks", {"protocol": "chronojump"}, None)
    options: Mapping[Identifier, Setting] = fact("plugin: what its driver wants to know", {"gain": 128}, {})

    @property
    def sends_numbers(self) -> bool:
        """Whether it measures by itself, rather than sampling voltages that are wired to its terminals."""
        return self.driver not in NI_DRIVERS

    @model_validator(mode="after")
    def _belongs(self) -> Device:
        """Refuse what another driver wants to know."""
        owners = {"stream": ("lsl",), "board": ("serial",), "options": ("plugin",), "unit": ("lsl", "serial", "plugin"),
                  "range_v": NI_DRIVERS, "terminal_config": NI_DRIVERS, "diff_minus": NI_DRIVERS,
                  "start_trigger": NI_DRIVERS, "clock": NI_DRIVERS, "clock_by": NI_DRIVERS, "clock_in": NI_DRIVERS,
                  "clock_out": NI_DRIVERS}  # fmt: skip
        driver = self.driver.partition(":")[0]
        for key, drivers in owners.items():
            if driver not in drivers and not _as_ever(self, key):
                raise Fault(key, f"it is for {' or '.join(drivers)} devices, and this one is {driver}", "take it out")
        if not self.sends_numbers and not NI_NAME.fullmatch(self.name):
            raise Fault("name", f"{self.name!r} has not the form of an NI device's name",
                        'write it as NI MAX or `hipdrive sources` shows it, for example "Dev1"')  # fmt: skip
        if driver == "serial" and self.board is None:
            raise Fault("board", "it is missing", 'add board = { protocol = "chronojump" } (how the board speaks)')
        if self.sends_numbers and self.unit is None:
            raise Fault("unit", "it is missing", 'add unit = "N" (or kN, kg, g, lb, V, count: what the device sends)')
        return self

    @model_validator(mode="after")
    def _checked(self) -> Device:
        check_range(self.range_v, "range_v")
        if self.sends_numbers and "block_ms" not in self.model_fields_set:
            return self  # a slow board hands over sample by sample
        if self.rate_hz * self.block_ms < 999.999:
            raise Fault("block_ms", f"{self.block_ms:g} ms is shorter than one sample at {self.rate_hz:g} Hz",
                        f"give at least {1000.0 / self.rate_hz:g}")  # fmt: skip
        if self.buffer_s * 1000.0 < 4.0 * self.block_ms:
            raise Fault("buffer_s", f"{self.buffer_s:g} s holds fewer than 4 blocks of {self.block_ms:g} ms",
                        f"give at least {0.004 * self.block_ms:g}")  # fmt: skip
        self._clock_checked()
        return self

    def _clock_checked(self) -> None:
        """Refuse keys of a shared clock that do not belong together."""
        by_sample = self.clock_by == "sample_clock"
        wired = self.clock_in is not None and self.clock_in.startswith("PFI")
        if self.clock is None and by_sample and self.clock_in is not None:
            raise Fault("clock_in", "a clock comes in, but not whose", 'add clock = "ni0"')
        if self.clock is None and not by_sample and self.clock_in is None:
            raise Fault("clock_by", "it shares a reference clock, but not which", 'add clock_in = "PXIe_Clk100"')
        if self.clock is not None and self.clock_out is not None:
            raise Fault("clock_out", "it has no sample clock of its own to give", "give it at the device that has")
        if self.clock_out is not None and not self.clock_out.startswith("PFI"):
            raise Fault("clock_out", f"{self.clock_out} cannot give a clock", 'use a PFI line, for example "PFI4"')
        if self.clock is not None and by_sample and self.start_trigger is not None:
            raise Fault("start_trigger", "the first edge of the shared sample clock starts it",
                        "take start_trigger out; the other device may have one")  # fmt: skip
        if self.clock_in is not None and by_sample != wired:
            raise Fault("clock_in", f"{self.clock_in} does not carry a {self.clock_by.replace('_', ' ')}",
                        "a PFI line carries a sample_clock, PXI_Clk10 and PXIe_Clk100 a reference_clock")  # fmt: skip


def number_range(device: Device, given: Range | None) -> Range:
    """What a device that sends numbers can send, in its unit: unlimited, but for volts whose ends are known."""
    return given if given is not None and device.unit == "V" else (-math.inf, math.inf)


class Camera(Facts):
    """A camera's line: its exposure edges come in on a counter, or a counter of ours triggers it."""

    id: Identifier = fact("short name of the camera", "side")
    device: Identifier = fact("id of the device that the line is wired to", "ni0")
    direction: Literal["in", "out"] = fact("`in`: the camera tells when it exposes; `out`: we trigger it", "in", "in")
    terminal: Digital = fact("the line", "PFI0")
    counter: Counter | None = fact("counter that stamps or makes the edges", "ctr0", None)
    edge: Edge = fact("edge at which the exposure starts", "rising", "rising")
    fps: Positive | None = fact("pictures a second", 240, None, le=100_000.0)
    exposure_ms: Positive | None = fact(
        "how long a picture is exposed, ms; its middle is the picture's time", 2.0, None
    )
    delay_ms: Number = fact("from the edge to the start of the exposure, ms", 0.01, 0.0, ge=0.0, le=1000.0)
    delay_u95_ms: Number = fact("95 % uncertainty of delay_ms, ms", 0.01, 0.0, ge=0.0, le=1000.0)
    source: Line | None = fact("what films, to be recorded with the forces: uvc:0, basler:SERIAL or file:CLIP",
                               "basler:40012345", None)  # fmt: skip

    @model_validator(mode="after")
    def _checked(self) -> Camera:
        if self.counter is None:
            raise Fault("counter", "a camera line needs a counter", 'add counter = "ctr0"')
        if self.direction == "out" and self.fps is None:
            raise Fault("fps", "a camera that we trigger needs a rate", "add fps = 240")
        if self.fps is not None and self.exposure_ms is not None and self.exposure_ms * self.fps >= 1000.0:
            raise Fault("exposure_ms", f"{self.exposure_ms:g} ms do not fit between pictures at {self.fps:g} a second",
                        f"give less than {1000.0 / self.fps:.4g}")  # fmt: skip
        return self


class StartSignal(Facts):
    """The gun: a digital line, an analogue input that crosses a level, or a microphone. Never PC time."""

    device: Identifier = fact("id of the device that the signal is wired to", "ni0")
    terminal: Analog | None = fact("analogue input", "ai15", None)
    level_v: Number | None = fact("with an analogue input: level at which the signal counts, V", 2.5, None)
    line: Digital | None = fact("digital line", "PFI2", None)
    edge: Edge = fact("which edge is the start", "rising", "rising")
    range_v: Range | None = fact("input range, V; without it the device's", [-10.0, 10.0], None)
    microphone: bool = fact("whether the analogue input is the sound: level_v then holds for both signs", True, False)
    distance_m: Number | None = fact(
        "with a microphone: its distance to gun or loudspeaker, m; sound takes 2.9 ms for each", 1.5, None,
        ge=0.0, le=200.0,
    )  # fmt: skip
    distance_u95_m: Number = fact("95 % uncertainty of distance_m, m", 0.1, 0.1, ge=0.0, le=200.0)
    temperature_c: Number = fact("temperature of the air, °C", 20.0, 20.0, ge=-40.0, le=60.0)
    temperature_u95_c: Number = fact("95 % uncertainty of temperature_c, °C", 5.0, 5.0, ge=0.0, le=60.0)

    @model_validator(mode="after")
    def _checked(self) -> StartSignal:
        if (self.terminal is None) == (self.line is None):
            raise Fault("terminal", "a start signal comes in on an analogue terminal or on a digital line",
                        'give one of terminal = "ai15" (with level_v) and line = "PFI2"')  # fmt: skip
        if self.terminal is not None and self.level_v is None:
            raise Fault("level_v", "an analogue start signal needs the level at which it counts", "add level_v = 2.5")
        if self.line is not None and (self.level_v is not None or self.range_v is not None):
            raise Fault("level_v" if self.level_v is not None else "range_v", "a digital line has no level or range",
                        "take it out, or use terminal in place of line")  # fmt: skip
        if self.range_v is not None:
            check_range(self.range_v, "range_v")
        self._sound_checked()
        return self

    def _sound_checked(self) -> None:
        """Refuse a microphone without what makes a time of its sound, and a distance without one."""
        if not self.microphone:
            if self.distance_m is not None:
                raise Fault("distance_m", "only sound takes its time", "add microphone = true, or take it out")
            return
        if self.terminal is None or self.level_v is None:
            raise Fault("microphone", "a microphone is an analogue input", 'give terminal = "ai15" in place of line')
        if self.distance_m is None:
            raise Fault("distance_m", "sound takes 2.9 ms for each metre, so its way has to be known",
                        "add distance_m = 1.5, from gun or loudspeaker to the microphone")  # fmt: skip
        if self.level_v <= 0.0:
            raise Fault("level_v", f"{self.level_v:g} V is reached by silence", "give a level above the noise")
        if self.edge != "rising":
            raise Fault("edge", "a sound begins, whichever way it swings first", "take it out")


class SyncLine(Facts):
    """A line that changes for clocks to be joined by: a lamp that a camera sees, or a trigger of another system.

    With `line` we set it, by a code no stretch of which comes twice in a session; without it somebody else does. How it
    changed comes back on a counter or on an analogue input, so that it is known on the force clock.
    """

    id: Identifier = fact("short name of the line; its changes are stored under it", "led")
    device: Identifier = fact("id of the device that the line is wired to", "ni0")
    line: Digital | None = fact("digital output that we set by a code", "port0/line0", None)
    bit_ms: Positive = fact(
        "with a line: how long each bit of the code lasts, ms; no multiple of a camera's frame, for then all its "
        "changes fall on one part of it", 47.0, 47.0, le=10_000.0)  # fmt: skip
    terminal: Digital | None = fact("PFI line on which its changes come back", "PFI2", None)
    counter: Counter | None = fact("counter that stamps when it goes on", "ctr2", None)
    counter_off: Counter | None = fact("counter that stamps when it goes off", "ctr3", None)
    edge: Edge = fact("which edge is on", "rising", "rising")
    analog: Analog | None = fact("analogue input on which it comes back, in place of terminal", "ai15", None)
    level_v: Number | None = fact("with an analogue input: level above which it is on, V", 2.5, None)

    @model_validator(mode="after")
    def _checked(self) -> SyncLine:
        if (self.terminal is None) == (self.analog is None):
            raise Fault("terminal", "its changes come back on a PFI line or on an analogue input",
                        'give one of terminal = "PFI2" (with counter) and analog = "ai15" (with level_v)')  # fmt: skip
        if self.terminal is not None and self.counter is None:
            raise Fault("counter", "a counter has to stamp the line", 'add counter = "ctr2"')
        if self.analog is not None and (self.counter is not None or self.counter_off is not None):
            raise Fault("counter", "an analogue input is sampled, not stamped", "take it out")
        if (self.analog is None) != (self.level_v is None):
            raise Fault("level_v", "an analogue input, and only that, needs the level above which the line is on",
                        "add level_v = 2.5" if self.analog else "take it out")  # fmt: skip
        return self


class Bridge(Facts):
    """Strain gauges wired to a bridge input (NI 9237 and kin), which supplies and amplifies them."""

    excitation_v: Positive = fact("supply that the device gives the bridge, V", 10.0, le=20.0)
    resistance_ohm: Positive = fact("resistance of the bridge, ohm", 350.0, 350.0, le=10_000.0)
    configuration: Literal["full", "half", "quarter"] = fact("how many arms are active", "full", "full")
    range_mv_per_v: Annotated[float, Strict(), Field(gt=0.0, le=1000.0)] = fact("largest signal, mV/V", 25.0, 25.0)


class Amplifier(Facts):
    """An amplifier between a bridge and a voltage input."""

    gain: Positive = fact("volts out for one volt in", 1000.0)
    excitation_v: Positive = fact("supply that it gives the bridge, V", 10.0, le=20.0)
    model: Line | None = fact("its model", "MSA-6", None)
