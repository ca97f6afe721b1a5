"""The one seam to devices: everything that delivers samples looks like a `Source`, and every fault like these.

A source hands over blocks of raw values, channel by channel, and the number of the first sample of each block. What
it could not deliver it says: a gap, a loss, a time-out, an end. It never fills in and never stays silent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig
    from hipdrive.trial import Edges, Truth

Floats = NDArray[np.float64]

DRIVERS = ("nidaqmx", "simulated")


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """One channel as it is sampled: role in the rig, terminal of the device, unit of the scaled values and range."""

    role: str
    terminal: str
    unit: str = "V"
    low: float = -10.0
    high: float = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceInfo:
    """What a source delivers; rate and scaling are final once it is open.

    dtype : of the raw values. scaling : (channels, 4) coefficients c0..c3 from counts to each channel's unit, None
        where the values are in it already.
    rate : Hz, as the device really samples. block, buffer : samples in a block, and in the driver's own buffer.
    clock : "sample" where time is index over rate, "stamped" where each sample brings its own time.
    identity : product, serial number, driver, conversion rate ... as far as they are known.
    """

    id: str
    channels: tuple[ChannelInfo, ...]
    rate: float
    dtype: Any = np.int16
    scaling: Floats | None = None
    block: int = 10
    buffer: int = 4000
    clock: str = "sample"
    identity: Mapping[str, str | float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Block:
    """What a read delivered: its first sample, how many, when they arrived (monotonic ns), their own times if any."""

    first_sample: int
    n: int
    host_ns: int
    stamps: Floats | None = None


class SourceFault(Exception):
    """A source could not deliver; `code` is the device's own."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class SourceGap(SourceFault):
    """`samples` are missing here; the source goes on after them."""

    def __init__(self, samples: int, code: str, text: str) -> None:
        super().__init__(code, text)
        self.samples = samples


class SourceLost(SourceFault):
    """The source delivers nothing any more; `samples` are known to be lost."""

    def __init__(self, code: str, text: str, samples: int = 0) -> None:
        super().__init__(code, text)
        self.samples = samples


class SourceTimeout(SourceFault):
    """The time was over; `n` samples are in the array all the same, with their own times where the source has some."""

    def __init__(self, n: int, host_ns: int = 0, stamps: Floats | None = None) -> None:
        super().__init__("timeout", f"the time was over after {n} samples")
        self.n, self.host_ns, self.stamps = n, host_ns, stamps


class SourceEnd(SourceFault):
    """There are no more samples, as was agreed; the last `n` are in the array, with their own times if any."""

    def __init__(self, n: int = 0, host_ns: int = 0, stamps: Floats | None = None) -> None:
        super().__init__("end", "the source is at its end")
        self.n, self.host_ns, self.stamps = n, host_ns, stamps


class Source(Protocol):
    """A device, or anything that behaves like one. Used by one thread at a time."""

    info: SourceInfo

    def open(self) -> None:
        """Take hold of the device and configure it."""

    def start(self) -> None:
        """Begin to sample."""

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        """Fill `out`, shape (channels, n), C-contiguous, of the source's dtype; wait at most `timeout` seconds.

        A block may hold fewer samples than that, one at least, where a gap, a loss or the end may be next.

        Raises
        ------
        SourceTimeout, SourceEnd : fewer samples are in `out[:, :n]`.
        SourceGap, SourceLost : see there.
        """

    def edges(self) -> Sequence[Edges]:
        """Edges on digital lines since the last call, on the sample clock; () where there are none."""

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        """The true answers of a simulated stretch, None where nobody knows them."""

    def stop(self) -> None:
        """End sampling."""

    def close(self) -> None:
        """Let go of the device; harmless when it was never opened."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A place samples can come from: what it is, and where it is not ready, why."""

    driver: str
    name: str
    product: str = ""
    detail: str = ""
    ready: bool = True


def open_sources(rig: Rig, **options: Any) -> tuple[Source, ...]:
    """A source for each device of a rig, not yet opened.

    options : for simulated devices (`test`, `seed`, `engine` ..., see `simulated.source.sources`).

    Raises
    ------
    UsageError : a driver is not known, or real and simulated devices are mixed.
    """
    drivers = {device.driver for device in rig.devices}
    unknown = sorted(drivers - set(DRIVERS))
    if unknown:
        raise UsageError("driver", f"{rig.name}: driver {unknown[0]!r} is not known; choose {' or '.join(DRIVERS)}")
    if len(drivers) > 1:
        raise UsageError("driver", f"{rig.name}: real and simulated devices cannot be recorded together; "
                         "use one driver for all devices")  # fmt: skip
    if "simulated" in drivers:
        from hipdrive.acquisition.simulated import source as simulated

        return tuple(simulated.sources(rig, **options))
    if options:
        raise UsageError("simulated_only", f"{rig.name}: {', '.join(sorted(options))} is for simulated devices only; "
                         "leave it out")  # fmt: skip
    from hipdrive.acquisition.nidaq import rig_sources

    return tuple(rig_sources(rig))


def sources() -> tuple[Found, ...]:
    """Everything samples could come from on this computer; where something is not ready, `detail` says why."""
    from hipdrive.acquisition import nidaq

    real: Sequence[Found]
    try:
        real = nidaq.list_devices()
    except UsageError as error:
        real = [Found(driver="nidaqmx", name="-", detail=str(error), ready=False)]
    stand_in = Found(driver="simulated", name="simulated", product="stand-in NI-DAQmx device",
                     detail="a simulated athlete in real time; needs no driver")  # fmt: skip
    return (*real, stand_in)
