"""The one seam to devices: everything that delivers samples looks like a `Source`, and every fault like these.

A source hands over blocks of raw values, channel by channel, and the number of the first sample of each block. What
it could not deliver it says: a gap, a loss, a time-out, an end. It never fills in and never stays silent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import HipdriveError, UsageError

if TYPE_CHECKING:
    from hipdrive.hardware.devices import Channel
    from hipdrive.hardware.rig import Rig
    from hipdrive.trial import Edges, Truth

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ChannelInfo:
    """One channel as it is sampled: role in the rig, terminal of the device, unit of the scaled values and range."""

    role: str
    terminal: str
    unit: str = "V"
    low: float = -10.0
    high: float = 10.0


def channels_of(channels: Iterable[Channel]) -> tuple[ChannelInfo, ...]:
    """What a rig says of inputs, as a source tells of them."""
    return tuple(ChannelInfo(role=one.role, terminal=one.terminal, unit=one.unit, low=one.low, high=one.high)
                 for one in channels)  # fmt: skip


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


# --- drivers ---

GROUP = "hipdrive.sources"
"""Entry points of other packages: each a callable (rig, device) -> Source, perhaps with a `find()` -> Found, ..."""

PLUGIN = "plugin:"
"""How a rig names them: `driver = "plugin:NAME"`."""

ANSWER_S, SLOW_ANSWER_S = 2.5, 8.0
"""s that drivers have to say what is there; longer for NI's, which loads slowly."""


def _nidaqmx(rig: Rig) -> Iterable[Source]:
    from hipdrive.acquisition.nidaq import rig_sources

    return rig_sources(rig)


def _lsl(rig: Rig) -> Iterable[Source]:
    from hipdrive.acquisition.lsl import LslSource

    return [LslSource(device, rig.channels(device.id)) for device in rig.devices]


def _serial(rig: Rig) -> Iterable[Source]:
    from hipdrive.acquisition.serialboard import SerialSource

    return [SerialSource(device, rig.channels(device.id)) for device in rig.devices]


def _find_nidaqmx() -> Sequence[Found]:
    from hipdrive.acquisition.nidaq import list_devices

    return list_devices()


def _find_simulated() -> Sequence[Found]:
    return (Found(driver="simulated", name="simulated", product="stand-in NI-DAQmx device",
                  detail="a simulated athlete in real time; needs no driver"),)  # fmt: skip


def _find_lsl() -> Sequence[Found]:
    from hipdrive.acquisition.lsl import find

    return find()


def _find_serial() -> Sequence[Found]:
    from hipdrive.acquisition.serialboard import find

    return find()


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A way to devices: `make` gives the sources of a rig that has its devices alone, `find` says what is there."""

    make: Callable[[Rig], Iterable[Source]]
    find: Callable[[], Sequence[Found]]
    answer_s: float = ANSWER_S


DRIVERS: Mapping[str, Driver] = {
    "nidaqmx": Driver(make=_nidaqmx, find=_find_nidaqmx, answer_s=SLOW_ANSWER_S),
    "lsl": Driver(make=_lsl, find=_find_lsl),
    "serial": Driver(make=_serial, find=_find_serial),
}
"""The drivers of real devices that are built in."""

NOTHING: Mapping[str, str] = {
    "nidaqmx": "no NI device is there; plug one in and switch it on, NI MAX shows it, too",
    "lsl": "no LSL stream is heard; start the program that sends it, on this network, and let it through the firewall",
    "serial": "no serial port is there; plug the board in (some need the driver of their USB chip, CH340 or CP210x)",
}
"""What to say of a driver that works and finds nothing."""


def open_sources(rig: Rig, **options: Any) -> tuple[Source, ...]:
    """A source for each device of a rig, in its order, not yet opened.

    options : for simulated devices (`test`, `seed`, `engine` ..., see `simulated.source.sources`).

    Raises
    ------
    UsageError : a driver is not known or cannot be loaded, or real and simulated devices are mixed.
    """
    drivers = dict.fromkeys(device.driver for device in rig.devices)
    if "simulated" in drivers:
        if len(drivers) > 1:
            raise UsageError("driver", f"{rig.name}: real and simulated devices cannot be recorded together; "
                             "use one driver for all devices")  # fmt: skip
        from hipdrive.acquisition.simulated import source as simulated

        return tuple(simulated.sources(rig, **options))
    if options:
        raise UsageError("simulated_only", f"{rig.name}: {', '.join(sorted(options))} is for simulated devices only; "
                         "leave it out")  # fmt: skip
    found: list[Source] = []
    for name in drivers:
        found.extend(DRIVERS[name].make(rig.only(name)) if name in DRIVERS else _plugged(rig, name))
    order = [device.id for device in rig.devices]
    return tuple(sorted(found, key=lambda source: order.index(source.info.id)))


def _plugged(rig: Rig, driver: str) -> list[Source]:
    """The sources of a plug-in; what goes wrong in it is one sentence."""
    name = driver.removeprefix(PLUGIN)
    points = {point.name: point for point in entry_points(group=GROUP)}
    if not driver.startswith(PLUGIN) or name not in points:
        known = [*DRIVERS, "simulated", *(PLUGIN + one for one in sorted(points))]
        raise UsageError("driver", f"{rig.name}: driver {driver!r} is not known here; use {', '.join(known)}, or "
                         "install the package that brings it")  # fmt: skip
    made: list[Source] = []
    for device in rig.devices:
        if device.driver == driver:
            try:
                source = points[name].load()(rig, device)
                right = isinstance(source.info, SourceInfo) and source.info.id == device.id
            except HipdriveError:
                raise
            except Exception as error:
                raise UsageError("plugin", f"{rig.name}: the source plug-in {name} failed on device {device.id!r} "
                                 f"({one_line(error)}); update or remove its package") from None  # fmt: skip
            if not right:
                raise UsageError("plugin", f"{rig.name}: the source plug-in {name} gave no source for device "
                                 f"{device.id!r}; update or remove its package")  # fmt: skip
            made.append(source)
    return made


def one_line(error: BaseException) -> str:
    """What an error says, on one line and cut short, with its kind.

    >>> one_line(KeyError("gain"))
    "KeyError: 'gain'"
    """
    words = "".join(c if c.isprintable() else " " for c in str(error))
    return f"{type(error).__name__}: {' '.join(words.split())}"[:160].rstrip(": .")


# --- what is there ---


def sources(*drivers: str) -> tuple[Found, ...]:
    """Everything samples could come from on this computer; where something is not ready, `detail` says why.

    drivers : look for these alone. All are asked at the same time, so one that does not answer delays nobody for long.
    """
    asked = {name: _Asked(name, one.find, one.answer_s) for name, one in DRIVERS.items()
             if not drivers or name in drivers}  # fmt: skip
    if not drivers or "simulated" in drivers:
        asked["simulated"] = _Asked("simulated", _find_simulated, ANSWER_S)
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        if not drivers or PLUGIN + point.name in drivers:
            asked[PLUGIN + point.name] = _Asked(PLUGIN + point.name, partial(_find_plugged, point), ANSWER_S)
    for one in asked.values():
        one.start()
    return tuple(found for one in asked.values() for found in one.answer())


def _find_plugged(point: EntryPoint) -> Sequence[Found]:
    """What a plug-in finds, or that it is there where it cannot look."""
    made = point.load()
    if not callable(made):
        raise TypeError(f"it is no function but {type(made).__name__}")
    look = getattr(made, "find", None)
    if look is None:
        package = point.dist.name if point.dist is not None else point.value
        return (Found(driver=PLUGIN + point.name, name="-", product=package, detail="cannot say what is there"),)
    found = tuple(look())
    if not all(isinstance(one, Found) for one in found):
        raise TypeError("its find() does not give Found")
    return tuple(replace(one, driver=PLUGIN + point.name) for one in found)


class _Asked(threading.Thread):
    """One driver that is asked what is there; nothing that it does can break or delay the others."""

    def __init__(self, name: str, find: Callable[[], Sequence[Found]], seconds: float) -> None:
        super().__init__(name=f"hipdrive-find-{name}", daemon=True)
        self.driver, self._find = name, find
        self._until, self._found = time.monotonic() + seconds, self._none(f"it did not answer within {seconds:g} s")

    def _none(self, why: str) -> tuple[Found, ...]:
        return (Found(driver=self.driver, name="-", detail=why, ready=False),)

    def run(self) -> None:
        try:
            self._found = tuple(self._find())
        except HipdriveError as error:
            self._found = self._none(str(error))
        except (Exception, SystemExit) as error:
            what = "the plug-in" if self.driver.startswith(PLUGIN) else "it"
            self._found = self._none(f"{what} failed ({one_line(error)}); update or remove its package")

    def answer(self) -> tuple[Found, ...]:
        """What it found, or that it did not answer in time."""
        self.join(max(0.0, self._until - time.monotonic()))
        return self._found
