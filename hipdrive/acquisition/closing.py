"""What a trial is made of when it is closed: raw values, forces, signals and edges; and the facts it may be told."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition import stamped
from hipdrive.errors import UsageError
from hipdrive.trial import QUANTITY_UNITS, Edges, Floats, Gap, Raw, Signal, Tare, Trial

if TYPE_CHECKING:
    from hipdrive.acquisition.source import SourceInfo
    from hipdrive.acquisition.stream import Delivered
    from hipdrive.hardware.rig import Rig

OURS = frozenset(("fz", "rate", "plates", "ranges", "components", "signals", "raw", "gaps", "notes", "edges", "rig",
                  "tare", "log", "end_reason"))  # fmt: skip
"""Facts of a trial that the recorder finds out itself."""

LONGEST_FACT = 8000
"""Characters of a text about a trial: more does not fit into its file."""


def possible(facts: Mapping[str, Any]) -> None:
    """Refuse facts that no trial can have: before anybody jumps, for afterwards the jump would be lost.

    Raises
    ------
    UsageError : one sentence.
    """
    known = set(Trial.__dataclass_fields__) - OURS
    for name, value in facts.items():
        if name not in known:
            raise UsageError("fact", f"a recording has no fact {name!r}; it has {', '.join(sorted(known))}")
        if isinstance(value, str) and ("\x00" in value or len(value) > LONGEST_FACT):
            raise UsageError("fact", f"{name}: {value[:20]!r}... is too long for a fact or holds a null; shorten it")
    try:
        Trial(fz=np.zeros((1, 1)), rate=1000.0, **{name: value for name, value in facts.items() if value is not None})
    except TypeError as error:
        raise UsageError(
            "fact", f"a fact of the trial is of the wrong kind ({error}); give numbers as numbers"
        ) from None


@dataclass(frozen=True)
class Epoch:
    """One moment on both clocks of the computer: UTC, and the monotonic one by which blocks arrive, ns."""

    utc: datetime
    monotonic_ns: int

    @classmethod
    def now(cls) -> Epoch:
        """This moment."""
        return cls(datetime.now(UTC), time.monotonic_ns())

    def at(self, monotonic_ns: float) -> str:
        """UTC at a time of the monotonic clock."""
        return (self.utc + timedelta(microseconds=(monotonic_ns - self.monotonic_ns) / 1e3)).isoformat(
            timespec="microseconds"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """A stretch of a recording, about to become a trial: of each device the samples from its start on.

    counts : device -> (samples, channels). stamps : the samples' own times, where they have any. gap : what ended it.
    """

    rig: Rig | None
    devices: Mapping[str, Delivered]
    starts: Mapping[str, int]
    counts: Mapping[str, NDArray[Any]]
    epoch: Epoch
    stamps: Mapping[str, Floats] = field(default_factory=dict)
    tare: Sequence[Tare] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    gap: Gap | None = None
    log: Sequence[str] = ()


def carriers(rig: Rig | None, infos: Iterable[SourceInfo]) -> list[str]:
    """Devices that a plate is wired to, the first one first."""
    if rig is None:
        return [one.id for one in infos if any("." in channel.role for channel in one.channels)]
    return list(dict.fromkeys(plate.device for plate in rig.plates))


def plates_of(rig: Rig | None, infos: Iterable[SourceInfo]) -> tuple[str, ...]:
    """The plates, in the order of the rig."""
    if rig is not None:
        return tuple(plate.id for plate in rig.plates)
    roles = [channel.role for one in infos for channel in one.channels]
    return tuple(dict.fromkeys(role.partition(".")[0] for role in roles if role.endswith(".fz")))


def trial_of(one: Stretch) -> Trial:
    """The trial: forces by the rig's plates, and everything that was delivered with them."""
    from hipdrive.hardware import plates

    infos = [device.info for device in one.devices.values()]
    raws = tuple(
        raw_of(one.devices[name], rows, one.starts[name], one.epoch, one.stamps.get(name))
        for name, rows in one.counts.items()
    )
    found = forces_of(one.rig, raws, one.tare)
    main = next(raw for raw in raws if raw.device == carriers(one.rig, infos)[0])
    names = plates_of(one.rig, infos)
    roles = {f"{plate}.fz" for plate in names}
    ranges = {} if one.rig is None else plates.ranges(one.rig)
    for values in found.values():
        values.flags.writeable = False  # a trial copies what others could write to
    told = {"created": datetime.now(UTC).isoformat(timespec="seconds"),
            "end_reason": one.gap.text if one.gap else "", **one.facts}  # fmt: skip
    return Trial(
        fz=np.array([found[f"{plate}.fz"] for plate in names]),
        rate=main.rate,
        plates=names,
        ranges=tuple(ranges.get(plate, np.nan) for plate in names),
        components={role: values for role, values in found.items() if role not in roles},
        signals=tuple(signals_of(raws)),
        raw=raws,
        gaps=tuple(gap for raw in raws for gap in raw.gaps),
        edges=tuple(edges_of(one.devices, one.starts, {raw.device: len(raw.values) for raw in raws})),
        notes=tuple(dict.fromkeys([*one.notes, *_doubts(raws), *([one.gap.text] if one.gap else [])])),
        rig=one.rig.text if one.rig is not None else "",
        tare=tuple(one.tare),
        log=tuple(one.log),
        **{name: value for name, value in told.items() if value is not None},
    )


def _doubts(raws: Sequence[Raw]) -> list[str]:
    """What the time stamps leave open."""
    return [str(raw.identity["stamps_why"]) for raw in raws if "stamps_why" in raw.identity] + [
        gap.text for raw in raws for gap in raw.gaps if gap.code == "stamps"
    ]


def plain_raw(info: SourceInfo, counts: NDArray[Any], **more: Any) -> Raw:
    """What a device delivered, with its scaling."""
    return Raw(
        device=info.id,
        values=counts,
        channels=tuple(channel.terminal for channel in info.channels),
        roles=tuple(channel.role for channel in info.channels),
        units=tuple(channel.unit for channel in info.channels),
        scaling=info.scaling,
        **{"rate": info.rate, **more},
    )


def raw_of(one: Delivered, counts: NDArray[Any], start: int, epoch: Epoch, stamps: Floats | None = None) -> Raw:
    """What a device delivered from a sample on, when it came, and what is missing behind it."""
    info, stop, blocks = one.info, start + len(counts), one.blocks()
    identity = dict(info.identity)
    came = blocks[blocks[:, 2] > 0]
    if len(came):
        # sample 0, by the block that came with the least delay
        zero = int((came[:, 2] - np.rint((came[:, 0] + came[:, 1]) / info.rate * 1e9).astype(np.int64)).min())
        began = zero + round(start / info.rate * 1e9)
        identity |= {"t0_monotonic_ns": float(began), "t0_utc": epoch.at(began)}
    within = blocks[(blocks[:, 0] + blocks[:, 1] > start) & (blocks[:, 0] < stop)]
    within[:, 0] -= start
    gaps = tuple(
        Gap(first_sample=gap.first_sample - start, samples=gap.samples, code=gap.code, text=gap.text)
        for gap in one.gaps
        if start <= gap.first_sample <= stop
    )
    told = {} if stamps is None else _by_stamps(info, stamps, identity, gaps)
    return plain_raw(info, counts, **{"blocks": within, "identity": identity, "gaps": gaps, **told})


def _by_stamps(
    info: SourceInfo, stamps: Floats, identity: Mapping[str, str | float], gaps: tuple[Gap, ...]
) -> dict[str, Any]:
    """What the samples' own times say: the true rate, and what is missing after all. Nothing is resampled."""
    found = stamped.regular(stamps, info.rate)
    if not found.ok:
        return {"stamps": stamps, "identity": {**identity, "stamps_why": found.why}}
    text = f"{info.id}: the time stamps tell of missing samples; check cable, network and computer, then record again"
    missing = tuple(Gap(first_sample=place, samples=n, code="stamps", text=text) for place, n in found.gaps)
    said = {"nominal_rate_hz": info.rate, "rate_u95_hz": found.u95, "stamp_jitter_s": found.jitter_sd}
    # a short or uneven record cannot tell its rate from the one that the device says
    rate = info.rate if abs(found.rate - info.rate) <= found.u95 else found.rate
    return {"stamps": stamps, "rate": rate, "gaps": (*missing, *gaps), "identity": {**identity, **said}}


def forces_of(rig: Rig | None, raws: Sequence[Raw], tare: Sequence[Tare]) -> dict[str, Floats]:
    """Everything the plates measure, by role."""
    if rig is not None:
        from hipdrive.hardware import plates

        return plates.recorded(rig, raws, {t.plate: t.mean for t in tare})
    known, found = set(QUANTITY_UNITS.values()), {}
    for raw in raws:
        for role, unit, row in zip(raw.roles, raw.units, raw.scaled().T, strict=True):
            if unit in known and "." in role:
                found[role] = row
    return found


def signals_of(raws: Sequence[Raw]) -> list[Signal]:
    """Channels that belong to no plate, such as an analogue start signal."""
    return [Signal(name=role, values=raw.scaled()[:, place], rate=raw.rate, unit=raw.units[place])
            for raw in raws for place, role in enumerate(raw.roles) if role and "." not in role]  # fmt: skip


def edges_of(devices: Mapping[str, Delivered], starts: Mapping[str, int], samples: Mapping[str, int]) -> list[Edges]:
    """Edges within the trial, counted from its first sample."""
    found = []
    for device, one in devices.items():
        for name in dict.fromkeys(part.name for part in one.edges):
            parts = [part for part in one.edges if part.name == name]
            rate = parts[0].rate
            first, last = (round(place / one.info.rate * rate) for place in
                           (starts[device], starts[device] + samples[device]))  # fmt: skip
            ticks = np.concatenate([part.ticks for part in parts])
            ticks = ticks[(ticks >= first) & (ticks < last)] - np.uint64(first)
            found.append(Edges(name=name, ticks=ticks, rate=rate))
    return found
