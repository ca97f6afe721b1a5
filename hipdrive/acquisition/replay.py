"""A recorded trial, or any file that can be read, as a source: for reviewing, teaching and testing without a device."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.source import Block, ChannelInfo, SourceEnd, SourceGap, SourceInfo, SourceTimeout
from hipdrive.errors import UsageError
from hipdrive.trial import Edges, Gap, Raw, Trial, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

BLOCK_S, BUFFER_S = 0.010, 4.0
"""s of a block, and of what a driver would hold."""


class ReplaySource:
    """One device of a trial, played as it was recorded.

    speed : 1 is real time, 2 twice as fast, 0 as fast as anybody reads.
    """

    def __init__(
        self, raw: Raw, *, speed: float = 1.0, truth: Truth | None = None, edges: Sequence[Edges] = ()
    ) -> None:
        if not (np.isfinite(speed) and speed >= 0.0):
            raise UsageError(
                "speed", f"a replay at speed {speed} makes no sense; give 1 for real time or 0 for no pause"
            )
        self.raw, self.speed = raw, speed
        self.info = SourceInfo(
            id=raw.device,
            channels=tuple(ChannelInfo(role=role, terminal=terminal, unit=unit, low=-np.inf, high=np.inf)
                           for role, terminal, unit in zip(raw.roles, raw.channels, raw.units, strict=True)),
            rate=raw.rate,
            dtype=raw.values.dtype,
            scaling=raw.scaling,
            block=max(1, round(raw.rate * BLOCK_S)),
            buffer=max(1, round(raw.rate * BUFFER_S)),
            identity=MappingProxyType({**raw.identity, "driver": "replay"}),
        )  # fmt: skip
        self._truth, self._recorded = truth, tuple(edges)
        self._edges: tuple[Edges, ...] = ()
        self._gaps: dict[int, Gap] = {}
        self._known = {gap.first_sample: gap for gap in raw.gaps if gap.first_sample < len(raw.values)}
        self._place, self._number, self._began = 0, 0, 0.0
        self._stopped = threading.Event()

    def open(self) -> None:
        """Nothing to take hold of."""

    def start(self) -> None:
        """Begin with the first sample."""
        self._place, self._number, self._began = 0, 0, time.monotonic()
        self._gaps, self._edges = dict(self._known), self._recorded
        self._stopped.clear()

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        """Fill `out` (channels, n) when the samples are due; a gap of the recording is a gap again."""
        gap = self._gaps.get(self._place)
        if gap is not None:
            del self._gaps[self._place]
            self._number += gap.samples
            raise SourceGap(gap.samples, gap.code, gap.text)
        ahead = min((first for first in self._gaps if first > self._place), default=len(self.raw.values))
        wanted = min(out.shape[1], ahead - self._place)
        n = self._due(wanted, timeout)
        out[:, :n] = self.raw.values[self._place : self._place + n].T
        self._place, self._number, now = self._place + n, self._number + n, time.monotonic_ns()
        if self._place == len(self.raw.values):
            raise SourceEnd(n, now)
        if n < wanted:
            raise SourceTimeout(n, now)
        return Block(self._number - n, n, now)

    def _due(self, wanted: int, timeout: float) -> int:
        """How many of the wanted samples are due, after waiting for them."""
        if not self.speed:
            return wanted
        rate = self.info.rate * self.speed
        wait = self._began + (self._number + wanted) / rate - time.monotonic()
        if wait > 0.0:
            self._stopped.wait(min(wait, timeout))
        return max(0, min(wanted, int((time.monotonic() - self._began) * rate + 1e-6) - self._number))

    def edges(self) -> Sequence[Edges]:
        """All edges of the recording, once."""
        found, self._edges = self._edges, ()
        return found

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        """The true answers of a simulated trial, if the stretch holds it whole."""
        if self._truth is None:
            return None
        shift, length = first_sample / self.info.rate, samples / self.info.rate
        events = {name: t - shift for name, t in self._truth.events.items()}
        if any(not 0.0 <= t <= length for t in events.values()):
            return None
        return dataclasses.replace(self._truth, events=MappingProxyType(events))

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing to let go of."""


def replay(trial: Trial | str | Path, *, speed: float = 1.0) -> tuple[Rig | None, tuple[ReplaySource, ...]]:
    """The rig of a trial, None of an imported one, and a source for each of its devices: what `Recorder` takes.

    trial : a trial, a trial file or any file that `hd.read` can read.

    Raises
    ------
    HipdriveError : the file cannot be read, or it has gaps that its raw values do not show.
    """
    if not isinstance(trial, Trial):
        from hipdrive.acquisition.formats.reading import read

        trial = read(trial)
    rig = None
    if trial.rig:
        from hipdrive.hardware.rig import loads

        rig = loads(trial.rig, trial.file or "trial")
    raws = trial.raw if trial.rig or _is_force(trial) else Trial.from_forces(trial.fz, trial.rate, trial.plates).raw
    first = raws[0].device if raws else ""
    return rig, tuple(
        ReplaySource(raw, speed=speed, truth=trial.truth if raw.device == first else None,
                     edges=trial.edges if raw.device == first else ())
        for raw in raws
    )  # fmt: skip


def _is_force(trial: Trial) -> bool:
    """Whether the raw values of an imported trial are its forces, sign and unit and all."""
    found = {role: row for raw in trial.raw for role, row in zip(raw.roles, raw.scaled().T, strict=True)}
    return all(np.array_equal(found.get(f"{plate}.fz", np.empty(0)), row)
               for plate, row in zip(trial.plates, trial.fz, strict=True))  # fmt: skip
