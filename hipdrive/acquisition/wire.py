"""Facts as JSON, to cross from one process to another and into a log; what comes back is checked like any input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from hipdrive.acquisition.source import ChannelInfo, SourceInfo
from hipdrive.trial import Edges, Tare, Truth

KINDS = ("<i2", "<i4", "<f4", "<f8")
"""Types that raw values may have."""

MOST_CHANNELS, MOST_BLOCK = 4096, 100_000_000
"""More channels than any device has, and more samples than any block."""


def info_as_json(info: SourceInfo) -> dict[str, Any]:
    """All of a `SourceInfo`."""
    return {
        "id": info.id,
        "channels": [
            {
                "role": one.role,
                "terminal": one.terminal,
                "unit": one.unit,
                "range": [_number(one.low), _number(one.high)],
            }
            for one in info.channels
        ],
        "rate": info.rate,
        "dtype": np.dtype(info.dtype).newbyteorder("<").str,
        "scaling": None if info.scaling is None else np.asarray(info.scaling).tolist(),
        "block": info.block,
        "buffer": info.buffer,
        "clock": info.clock,
        "identity": dict(info.identity),
    }


def info_from_json(facts: Mapping[str, Any]) -> SourceInfo:
    """The `SourceInfo` again.

    Raises
    ------
    ValueError, KeyError, TypeError : these are no facts of a source.
    """
    channels = tuple(
        ChannelInfo(role=str(one["role"]), terminal=str(one["terminal"]), unit=str(one["unit"]),
                    low=_limit(one["range"][0], -math.inf), high=_limit(one["range"][1], math.inf))
        for one in facts["channels"]
    )  # fmt: skip
    rate, block = float(facts["rate"]), int(facts["block"])
    scaling = None if facts["scaling"] is None else np.array(facts["scaling"], dtype=np.float64)
    if not 0 < len(channels) <= MOST_CHANNELS or not 0 < block <= MOST_BLOCK or not 0.0 < rate <= 1e9:
        raise ValueError(f"{len(channels)} channels, {block} samples a block and {rate} Hz are no device's")
    if facts["dtype"] not in KINDS or facts["clock"] not in ("sample", "stamped"):
        raise ValueError(f"{facts['dtype']!r} or {facts['clock']!r} is not known")
    if scaling is not None and (scaling.shape != (len(channels), 4) or not np.isfinite(scaling).all()):
        raise ValueError("the scaling does not fit the channels")
    return SourceInfo(
        id=str(facts["id"]), channels=channels, rate=rate, dtype=np.dtype(facts["dtype"]), scaling=scaling, block=block,
        buffer=int(facts["buffer"]), clock=str(facts["clock"]),
        identity=MappingProxyType({str(key): value for key, value in facts["identity"].items()
                                   if isinstance(value, str | int | float)}),
    )  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _limit(value: object, without: float) -> float:
    return without if value is None else float(value)  # type: ignore[arg-type]


def edges_as_json(edges: Edges) -> dict[str, Any]:
    """All of `Edges`."""
    return {"name": edges.name, "rate": edges.rate, "ticks": edges.ticks.tolist()}


def edges_from_json(facts: Mapping[str, Any]) -> Edges:
    """The `Edges` again; errors as of `info_from_json`."""
    ticks = np.array([int(tick) for tick in facts["ticks"]], dtype=np.uint64)
    return Edges(name=str(facts["name"]), rate=float(facts["rate"]), ticks=ticks)


def tare_as_json(tare: Tare) -> dict[str, Any]:
    """All of a `Tare`."""
    return {"plate": tare.plate, "mean": tare.mean.tolist(), "sd": tare.sd.tolist(), "samples": tare.samples,
            "taken": tare.taken}  # fmt: skip


def tare_from_json(facts: Mapping[str, Any]) -> Tare:
    """The `Tare` again; errors as of `info_from_json`."""
    mean, sd = (np.array(facts[name], dtype=np.float64) for name in ("mean", "sd"))
    if mean.ndim != 1 or mean.shape != sd.shape or not np.isfinite(mean).all():
        raise ValueError("a tare has a mean and a scatter for each channel")
    return Tare(plate=str(facts["plate"]), mean=mean, sd=sd, samples=int(facts["samples"]), taken=str(facts["taken"]))


def truth_as_json(truth: Truth | None) -> dict[str, Any] | None:
    """All of a `Truth`."""
    if truth is None:
        return None
    return {"values": dict(truth.values), "events": dict(truth.events), "settings": dict(truth.settings),
            "reps": [{key: dict(value) for key, value in rep.items()} for rep in truth.reps]}  # fmt: skip


def truth_from_json(facts: Mapping[str, Any] | None) -> Truth | None:
    """The `Truth` again; errors as of `info_from_json`."""
    if facts is None:
        return None
    numbers = {name: {str(key): float(value) for key, value in facts[name].items()} for name in ("values", "events")}
    reps = tuple({str(kind): {str(key): float(value) for key, value in part.items()} for kind, part in rep.items()}
                 for rep in facts["reps"])  # fmt: skip
    return Truth(values=numbers["values"], events=numbers["events"], settings=dict(facts["settings"]), reps=reps)
