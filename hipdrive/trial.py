"""The facts of one recording, in SI and read-only.

A `Trial` is what every source and every file reader hands over and all that the analysis sees. Nothing in here
computes a result; nothing in here changes after it was made.
"""

from __future__ import annotations

import copyreg
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hipdrive.errors import UsageError

Floats = NDArray[np.float64]

QUANTITIES = ("fx", "fy", "fz", "mx", "my", "mz", "copx", "copy")
"""What a plate can measure; a channel's role is `PLATE.QUANTITY`, for example `left.fz`."""

QUANTITY_UNITS = {"f": "N", "m": "N*m", "c": "m"}
"""SI unit of a quantity by its first letter."""

MAX_RATE = 1e6
"""Hz; what samples faster measures no force."""

LEFT, RIGHT, BOX = "left", "right", "box"
"""Plate names with a meaning: one foot each, and the plate that carries the box of a drop jump."""


def read_only(values: ArrayLike, dtype: Any = np.float64) -> NDArray[Any]:
    """The values as an array that nobody can write to; a writable array is copied, a locked one is not."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def lock(facts: object) -> None:
    """Make an array, or the arrays of a mapping, read-only where they lie."""
    if isinstance(facts, np.ndarray):
        facts.flags.writeable = False
    elif isinstance(facts, Mapping):
        for part in facts.values():
            if not isinstance(part, (str, NoneType)):
                lock(part)


class Locked:
    """Facts that can be pickled and copied (to other processes, for example): their arrays arrive read-only again."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take the facts over; numpy hands over arrays that can be written to."""
        lock(state)
        self.__dict__.update(state)


def _mapping(facts: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(facts)


# Python can neither pickle nor copy a read-only view of a dict; this says how, wherever one is part of a fact
copyreg.pickle(MappingProxyType, lambda facts: (_mapping, (dict(facts),)))


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Samples that are missing, or that cannot be trusted."""

    first_sample: int
    samples: int
    code: str
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Raw(Locked):
    """What the device or the file delivered, before anything was done to it.

    values : ndarray, shape (samples, channels)
        int16 or int32 counts with `scaling`, or float64 in each channel's own unit without.
    scaling : ndarray, shape (channels, 4), or None
        Polynomial coefficients c0..c3 from counts to the channel's unit.
    blocks : ndarray, shape (blocks, 3), int64, or None
        First sample, number of samples and arrival time (monotonic ns of the computer) of each block.
    stamps : ndarray, shape (samples,), s, or None
        Each sample's time on the device's own clock, where it tells; `rate` is then what they say as a whole.
    identity : product, serial, driver, time of the first sample ... of the device, as far as known.
    """

    device: str
    values: NDArray[Any]
    channels: tuple[str, ...]
    roles: tuple[str, ...]
    units: tuple[str, ...]
    rate: float
    scaling: Floats | None = None
    gaps: tuple[Gap, ...] = ()
    blocks: NDArray[np.int64] | None = None
    stamps: Floats | None = None
    identity: Mapping[str, str | float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Lock the arrays and check that names and values belong together."""
        object.__setattr__(self, "values", read_only(self.values, np.asarray(self.values).dtype))
        object.__setattr__(self, "identity", MappingProxyType(dict(self.identity)))
        if self.blocks is not None:
            object.__setattr__(self, "blocks", read_only(self.blocks, np.int64))
        if self.stamps is not None:
            object.__setattr__(self, "stamps", read_only(self.stamps))
        if self.scaling is not None:
            object.__setattr__(self, "scaling", read_only(self.scaling))
        if self.values.ndim != 2 or {len(self.channels), len(self.roles), len(self.units)} != {self.values.shape[1]}:
            raise UsageError("raw_shape", f"{self.device}: {self.values.shape} raw values need one channel name, "
                             f"role and unit for each column, got {len(self.channels)}")  # fmt: skip
        if not (np.isfinite(self.rate) and 0.0 < self.rate <= MAX_RATE):
            raise UsageError("rate", f"{self.device}: a sampling rate of {self.rate} Hz makes no sense; "
                             "give the true rate in Hz, for example 1000")  # fmt: skip
        if self.scaling is not None and (
            self.scaling.shape != (self.values.shape[1], 4) or not np.isfinite(self.scaling).all()
        ):
            raise UsageError("scaling", f"{self.device}: a scaling of shape {self.scaling.shape} does not fit "
                             f"{self.values.shape[1]} channels; give four finite numbers for each")  # fmt: skip
        if self.blocks is not None and (self.blocks.ndim != 2 or self.blocks.shape[1] != 3):
            raise UsageError("blocks", f"{self.device}: blocks of shape {self.blocks.shape} are none; "
                             "give first sample, samples and arrival of each")  # fmt: skip
        if self.stamps is not None and self.stamps.shape != self.values.shape[:1]:
            raise UsageError("stamps", f"{self.device}: {self.stamps.shape} stamps for {len(self.values)} samples; "
                             "give one for each")  # fmt: skip

    def scaled(self, rows: slice = slice(None)) -> Floats:
        """Values in each channel's unit, shape (samples, channels); of some samples only where `rows` says so."""
        if self.scaling is None:
            return np.asarray(self.values[rows], dtype=np.float64)
        counts = self.values[rows].astype(np.float64)
        c0, c1, c2, c3 = self.scaling.T
        return np.asarray(c0 + counts * (c1 + counts * (c2 + counts * c3)), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Signal(Locked):
    """A sampled quantity on its own clock: a start signal, a light's brightness, a sound level."""

    name: str
    values: Floats
    rate: float
    unit: str
    t0: float = 0.0

    def __post_init__(self) -> None:
        """Lock the values."""
        object.__setattr__(self, "values", read_only(self.values))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tare(Locked):
    """What the channels of an empty plate read before the trial, in each channel's unit.

    mean, sd : ndarray, shape (channels,). samples : over how many. taken : when, UTC.
    """

    plate: str
    mean: Floats
    sd: Floats
    samples: int
    taken: str = ""

    def __post_init__(self) -> None:
        """Lock the arrays."""
        object.__setattr__(self, "mean", read_only(self.mean))
        object.__setattr__(self, "sd", read_only(self.sd))


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges(Locked):
    """Edges on a digital line, stamped by a counter of the device that samples the forces.

    ticks : ndarray, shape (edges,), uint64, ticks of a timebase of `rate` Hz since the first sample.
    """

    name: str
    ticks: NDArray[np.uint64]
    rate: float

    def __post_init__(self) -> None:
        """Lock the ticks."""
        object.__setattr__(self, "ticks", read_only(self.ticks, np.uint64))
        if self.ticks.ndim != 1 or not (np.isfinite(self.rate) and self.rate > 0.0):
            raise UsageError("edges", f"edges of {self.name!r}: ticks of shape {self.ticks.shape} at {self.rate} Hz "
                             "are none; give one row of ticks and the rate of their clock")  # fmt: skip

    @property
    def times(self) -> Floats:
        """Seconds from the first sample."""
        return np.asarray(self.ticks / self.rate, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Track(Locked):
    """Points or joint angles over time, from a camera or motion capture, on that system's own clock.

    times : ndarray, shape (frames,), seconds on the track's clock.
    values : ndarray, shape (frames, names, d): d = 1 for angles, 2 or 3 for points. NaN where unseen.
    sd : ndarray, shape (frames, names), how far the source itself doubts each place (`unit`), or None.
    """

    name: str
    kind: str
    times: Floats
    values: Floats
    names: tuple[str, ...]
    unit: str
    sd: Floats | None = None

    def __post_init__(self) -> None:
        """Lock the arrays and check their shapes."""
        object.__setattr__(self, "times", read_only(self.times))
        object.__setattr__(self, "values", read_only(self.values))
        if self.sd is not None:
            object.__setattr__(self, "sd", read_only(self.sd))
        shapes = {self.values.shape[:2], (self.values if self.sd is None else self.sd).shape[:2]}
        if shapes != {(len(self.times), len(self.names))}:
            raise UsageError("track_shape", f"track {self.name}: values of shape {self.values.shape} do not hold "
                             f"{len(self.times)} frames of {len(self.names)} names")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Footage(Locked):
    """A clip beside the forces: which file it is, when its frames were taken, and how it was looked at.

    name : that of its tracks, and of its clock in `Trial.clocks`. file, sha256 : of the clip, which stays where it is.
    times : ndarray, shape (frames,), s on the clip's own clock, of the middle of each exposure.
    about : texts and numbers: size, rates, time scale, the network and how it was run, the view.
    """

    name: str
    file: str
    sha256: str
    times: Floats
    about: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Lock the times and what is said about them."""
        object.__setattr__(self, "times", read_only(self.times))
        object.__setattr__(self, "about", MappingProxyType(dict(self.about)))
        if self.times.ndim != 1:
            raise UsageError("footage", f"clip {self.name}: times of shape {self.times.shape} are not one a frame")


@dataclass(frozen=True, kw_only=True)
class ClockMap:
    """How another clock is brought to the force clock: `t_force = slope * t + offset`.

    `standard_error` and `residual_rms` in seconds; `method` says how the map was found. A Track without a
    ClockMap is never combined with force.
    """

    offset: float
    slope: float = 1.0
    standard_error: float = 0.0
    residual_rms: float = 0.0
    method: str = "same_file"

    def __post_init__(self) -> None:
        """Refuse numbers that no two clocks have."""
        if not (abs(self.offset) <= 1e10 and 0.5 <= self.slope <= 2.0 and 0.0 <= self.standard_error <= 1e10):
            raise UsageError("clock_map", f"a clock with offset {self.offset:g} s, slope {self.slope:g} and "
                             f"standard error {self.standard_error:g} s cannot be; a slope is near 1")  # fmt: skip

    def to_force(self, times: ArrayLike) -> Floats:
        """Times of the other clock as times of the force clock, s.

        >>> ClockMap(offset=0.5).to_force([1.0, 2.0])
        array([1.5, 2.5])
        """
        return np.asarray(self.slope * np.asarray(times, dtype=np.float64) + self.offset, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The exact answers of a simulated trial: values by field, event times by name (s from the first sample).

    reps : of several repetitions, the `values` and `events` of each.
    """

    values: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    events: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reps: tuple[Mapping[str, Mapping[str, float]], ...] = ()

    def __getitem__(self, name: str) -> float:
        """The true value of a field."""
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        """Whether the true value of a field is known."""
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        """Fields whose true value is known."""
        return iter(self.values)

    def __len__(self) -> int:
        """How many fields."""
        return len(self.values)

    def keys(self) -> Iterable[str]:
        """Fields, so that `dict(truth)` works."""
        return self.values.keys()


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial(Locked):
    """One recording of vertical force and all that is known about it.

    fz : ndarray, shape (plates, samples)
        Vertical force of each plate, reaction on the athlete, upward positive, N.
    plates : names, one a plate: `left`, `right`, `box`, or any other.
    ranges : largest force each plate can measure, N, NaN where unknown (needed to see clipping).
    mass : kg, measured elsewhere; weighing on the plate comes first. load : kg carried.
    notes : one sentence for each thing the reader noticed or put right.
    rig : of a recording, the rig file as it was used (TOML), by which `raw` becomes forces; tare : of its plates.
    log : what the acquisition said, one JSON object a line. end_reason : why a recording broke off, else "".
    """

    fz: Floats
    rate: float
    plates: tuple[str, ...] = ("plate1",)
    test: str = "auto"
    athlete: str = ""
    mass: float | None = None
    load: float = 0.0
    height: float | None = None
    box_height: float | None = None
    side: str = ""
    arms: bool = False
    start: str = ""
    created: str = ""
    file: str = ""
    sha256: str = ""
    uuid: str = ""
    ranges: tuple[float, ...] = ()
    components: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    signals: tuple[Signal, ...] = ()
    tracks: tuple[Track, ...] = ()
    footage: tuple[Footage, ...] = ()
    clocks: Mapping[str, ClockMap] = field(default_factory=lambda: MappingProxyType({}))
    raw: tuple[Raw, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    truth: Truth | None = None
    rig: str = ""
    tare: tuple[Tare, ...] = ()
    edges: tuple[Edges, ...] = ()
    log: tuple[str, ...] = ()
    end_reason: str = ""

    def __post_init__(self) -> None:
        """Lock the arrays and refuse what cannot be a recording."""
        fz = read_only(self.fz)
        if fz.ndim == 1:
            fz = fz[np.newaxis, :]
        object.__setattr__(self, "fz", fz)
        object.__setattr__(self, "components", MappingProxyType({k: read_only(v) for k, v in self.components.items()}))
        where = self.file or "trial"
        if fz.ndim != 2 or fz.shape[0] != len(self.plates):
            raise UsageError("plates", f"{where}: forces of shape {fz.shape} do not fit the plates "
                             f"{', '.join(self.plates)}; give one row of samples for each plate")  # fmt: skip
        if not (np.isfinite(self.rate) and 1.0 <= self.rate <= MAX_RATE):
            raise UsageError("rate", f"{where}: a sampling rate of {self.rate} Hz makes no sense; "
                             "give the true rate in Hz, for example 1000")  # fmt: skip

        if not np.isfinite(fz).all():
            raise UsageError("forces", f"{where}: some forces are no numbers; leave gaps out and say so with Gap")
        for name, value, low, high, unit in (
            ("mass", self.mass, 20.0, 300.0, "kg"),
            ("load", self.load, 0.0, 500.0, "kg"),
            ("height", self.height, 0.5, 2.7, "m"),
            ("box height", self.box_height, 0.0, 3.0, "m"),
        ):
            if value is not None and not low <= value <= high:
                raise UsageError("fact", f"{where}: a {name} of {value:g} {unit} makes no sense; give it in {unit}, "
                                 f"between {low:g} and {high:g}")  # fmt: skip

    @property
    def samples(self) -> int:
        """Number of samples of each plate."""
        return int(self.fz.shape[1])

    @property
    def duration(self) -> float:
        """Length of the record, s."""
        return self.samples / self.rate

    @classmethod
    def from_forces(cls, fz: ArrayLike, rate: float, plates: Sequence[str] | None = None, **facts: Any) -> Trial:
        """A trial of forces in memory.

        Parameters
        ----------
        fz : array, shape (samples,) or (plates, samples)
            Vertical force, N, upward positive.
        rate : sampling rate, Hz.
        plates : one name a plate; `left` and `right` have meaning for asymmetry.

        >>> Trial.from_forces([[0.0, 1.0], [0.0, 2.0]], rate=1000.0, plates=("left", "right")).samples
        2
        """
        force = np.atleast_2d(np.asarray(fz, dtype=np.float64))
        names = tuple(plates) if plates is not None else tuple(f"plate{i + 1}" for i in range(len(force)))
        if "raw" not in facts:
            facts["raw"] = (
                Raw(device="import", values=force.T, channels=names, roles=tuple(f"{n}.fz" for n in names),
                    units=("N",) * len(names), rate=float(rate)),
            )  # fmt: skip
        return cls(fz=force, rate=float(rate), plates=names, **facts)

    def with_facts(self, **facts: Any) -> Trial:
        """The same recording with other facts (test, mass, athlete ...); None leaves a fact as it is."""
        return dataclasses.replace(self, **{k: v for k, v in facts.items() if v is not None})
