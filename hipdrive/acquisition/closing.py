"""What a trial is made of when it is closed: raw values, forces, signals and edges; and the facts it may be told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError
from hipdrive.trial import QUANTITY_UNITS, Edges, Floats, Gap, Raw, Signal, Tare, Trial

if TYPE_CHECKING:
    from hipdrive.acquisition.reader import Reader
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


def raw_of(one: Reader, counts: NDArray[Any], start: int | None = None) -> Raw:
    """What a device delivered; with a start also when, and what is missing behind it."""
    info, stop = one.info, (start or 0) + len(counts)
    more: dict[str, Any] = {}
    if start is not None:
        blocks = [(first - start, n, host) for first, n, host in list(one.blocks) if start < first + n and first < stop]
        zero = one.first_sample_ns()
        identity = dict(info.identity)
        if zero is not None:
            began = zero + round(start / info.rate * 1e9)
            age = timedelta(microseconds=(time.monotonic_ns() - began) / 1e3)
            identity |= {"t0_monotonic_ns": float(began),
                         "t0_utc": (datetime.now(UTC) - age).isoformat(timespec="microseconds")}  # fmt: skip
        gaps = [
            Gap(first_sample=gap.first_sample - start, samples=gap.samples, code=gap.code, text=gap.text)
            for gap in one.gaps
            if start <= gap.first_sample <= stop
        ]
        table = np.array(blocks, dtype=np.int64).reshape(-1, 3)
        more = {"blocks": table, "identity": identity, "gaps": tuple(gaps)}
    return Raw(
        device=info.id,
        values=counts,
        channels=tuple(channel.terminal for channel in info.channels),
        roles=tuple(channel.role for channel in info.channels),
        units=tuple(channel.unit for channel in info.channels),
        rate=info.rate,
        scaling=info.scaling,
        **more,
    )


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


def edges_of(readers: Mapping[str, Reader], starts: Mapping[str, int], samples: Mapping[str, int]) -> list[Edges]:
    """Edges within the trial, counted from its first sample."""
    found = []
    for device, one in readers.items():
        for name in dict.fromkeys(part.name for part in one.edges):
            parts = [part for part in one.edges if part.name == name]
            rate = parts[0].rate
            first, last = (round(place / one.info.rate * rate) for place in
                           (starts[device], starts[device] + samples[device]))  # fmt: skip
            ticks = np.concatenate([part.ticks for part in parts])
            ticks = ticks[(ticks >= first) & (ticks < last)] - np.uint64(first)
            found.append(Edges(name=name, ticks=ticks, rate=rate))
    return found
