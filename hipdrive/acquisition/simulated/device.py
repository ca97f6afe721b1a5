"""What is plugged in: products, what their inputs see, and how their converters make counts of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Codes:
    """An input given as raw counts, shape (channels, period), repeated for ever."""

    values: Counts


@dataclass(frozen=True, eq=False)
class Analogue:
    """An input given as it is at the terminals, shape (channels, period), V or V/V at `rate`, repeated for ever.

    Inputs beyond the last row are open, at 0 V.
    """

    values: Floats
    rate: float


@dataclass(frozen=True, eq=False)
class Moving:
    """Inputs given by what they see at any time: of times (n,), s on the clock of the engine, volts (channels, n)."""

    volts: Callable[[Floats], Floats]


def ramp(channels: int, dtype: Any = np.int16) -> Codes:
    """Counts that name their own sample and channel, so that every lost, doubled or swapped sample shows.

    >>> ramp(2).values[:, :3].tolist()
    [[-32768, -32767, -32766], [-31768, -31767, -31766]]
    """
    samples = np.arange(65536) + 1000 * np.arange(channels)[:, np.newaxis]
    return Codes((samples % 65536 - 32768).astype(dtype))


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a product can do."""

    product: str
    inputs: int = 32
    bits: int = 16
    ranges: tuple[float, ...] = (0.2, 1.0, 5.0, 10.0)
    bridge_ranges: tuple[float, ...] = ()
    excitations: tuple[float, ...] = ()
    lines: int = 8
    counters: int = 2
    max_rate: float = 250e3
    simultaneous: bool = False
    bridge_in_volts: bool = False
    """Whether the polynomial of a bridge channel gives volts, to be divided by the excitation, instead of V/V."""
    bus: str = "USB"
    """What leads clocks and triggers from one device to another; USB does not."""
    timebase: float = 0.0
    """Hz that sample clocks are divided down from; 0 where any rate is possible."""

    def rate(self, wanted: float) -> float:
        """The rate nearest to the one asked for that the device has.

        >>> f"{Model(product='x', timebase=80e6).rate(3000.0):.4f}"
        '2999.9625'
        """
        return self.timebase / round(self.timebase / wanted) if self.timebase else wanted

    def convert_rate(self, rate: float, channels: int) -> float | None:
        """How fast one channel is converted after the other, Hz; None where all are at once."""
        return None if self.simultaneous else min(self.max_rate, rate * channels * 4.0)


MODELS: Mapping[str, Model] = {
    one.product: one
    for one in (
        Model(product="USB-6218"),
        Model(product="USB-6210", inputs=16),
        Model(product="USB-6343", max_rate=500e3, lines=32, counters=4),
        Model(product="NI 9205", bus="cDAQ", max_rate=250e3, lines=0, counters=0),
        Model(product="NI 9215", bus="cDAQ", inputs=4, ranges=(10.0,), max_rate=100e3, simultaneous=True, lines=0,
              counters=0),
        Model(product="NI 9237", bus="cDAQ", inputs=4, bits=24, ranges=(), bridge_ranges=(0.025,), max_rate=50e3,
              excitations=(2.5, 3.3, 5.0, 10.0), simultaneous=True, lines=0, counters=0),
        Model(product="stand-in", bus="PXI", inputs=64, ranges=(0.2, 0.5, 1.0, 2.0, 5.0, 10.0), max_rate=1e6,
              simultaneous=True, bridge_ranges=(0.0078125, 0.025, 0.0625), excitations=(2.5, 3.3, 5.0, 10.0)),
    )
}  # fmt: skip
"""Product -> what it can do. `stand-in` is no product of anybody and can do what the others can."""


@dataclass(kw_only=True, eq=False)
class SimDevice:
    """A device that is plugged in.

    signal : what its inputs see. ppm : by how much its oscillator is fast.
    edges : when its digital terminals have an edge of the kind that is looked for, s on the clock of the engine;
    after_start : the same in s after its analogue task started.
    shown : output line, low at first -> when it changed to what.
    """

    name: str = "Dev1"
    model: Model = MODELS["USB-6218"]
    serial: int = 0x1A2B3C
    signal: Codes | Analogue | Moving | None = None
    ppm: float = 0.0
    edges: dict[str, Floats] = field(default_factory=dict)
    after_start: dict[str, Floats] = field(default_factory=dict)
    shown: dict[int, list[tuple[float, bool]]] = field(default_factory=dict)
    present: bool = True
    outputs: int = 0
    inputs: int = 0
    clocked: int = 0
    """Edges that its sample clock has made in tasks that are over."""

    def __post_init__(self) -> None:
        """Without a signal the inputs see the ramp."""
        if self.signal is None:
            self.signal = ramp(self.model.inputs, np.int16 if self.model.bits == 16 else np.int32)


def coefficients(
    model: Model, channel: int, limit: float, measures: str = "voltage", excitation: float = 1.0
) -> Floats:
    """c0..c3 from counts to V (of a bridge V/V or V), a little different for each channel as calibrations are.

    The device's range reaches 5 % beyond the nominal one, as those of NI do.
    """
    scale = 1.05 * limit / 2 ** (model.bits - 1)
    if measures == "bridge" and model.bridge_in_volts:
        scale *= excitation
    full = 2.0 ** (model.bits - 1)
    return np.array([scale * (2.0 + channel), scale * (1.0 + 1e-4 * (channel + 1)),
                     -3e-6 * scale / full, 5e-6 * scale / full**2])  # fmt: skip


def polynomial(coefficient: Floats, counts: Any) -> Any:
    """Counts -> volts."""
    c0, c1, c2, c3 = coefficient
    return c0 + counts * (c1 + counts * (c2 + counts * c3))


def digitise(values: Floats, coefficient: Floats, bits: int) -> Counts:
    """Volts -> counts: the polynomial inverted, rounded, and cut off at the end of the converter's range."""
    c0, c1, c2, c3 = coefficient
    x = (values - c0) / c1
    for _ in range(3):
        x -= (polynomial(coefficient, x) - values) / (c1 + x * (2.0 * c2 + x * 3.0 * c3))
    full = 2 ** (bits - 1)
    counts: Counts = np.clip(np.rint(x), -full, full - 1).astype(np.int16 if bits == 16 else np.int32)
    return counts
