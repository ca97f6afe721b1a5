"""What a device has delivered so far, for everybody who looks at it: its ring, what is missing, its edges."""

from __future__ import annotations

import threading
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.ring import Ring
from hipdrive.acquisition.source import SourceInfo
from hipdrive.trial import Edges, Gap


class Delivered(Protocol):
    """One device's part of a recording, be it still in the rings or in a log: what a trial is made of."""

    info: SourceInfo
    edges: list[Edges]

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing, by the device's own count."""

    def blocks(self) -> NDArray[np.int64]:
        """First sample, number of samples and arrival (monotonic ns) of each block, (blocks, 3)."""


class Stream:
    """The samples of one device in its ring, written by a `Reader` in this process or in another one."""

    def __init__(self, info: SourceInfo, ring: Ring) -> None:
        self.info, self.ring = info, ring
        self.edges: list[Edges] = []
        self.edges_lost: tuple[int, str] | None = None
        self.finished = threading.Event()
        self._own: tuple[Gap, ...] = ()

    def lost(self, code: str, text: str) -> None:
        """Say that nothing more comes where the one who writes can no longer say so."""
        self._own = (*self._own, Gap(first_sample=self.ring.count, samples=0, code=code, text=text))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing so far."""
        return self.ring.gaps + self._own

    def blocks(self) -> NDArray[np.int64]:
        """First sample, number of samples and arrival (monotonic ns) of the blocks that are remembered."""
        return self.ring.blocks()

    def next_gap(self, start: int) -> int | None:
        """Where the first gap at or after a sample is."""
        return min((gap.first_sample for gap in self.gaps if gap.first_sample >= start), default=None)

    def past(self, start: int) -> int:
        """The sample at which reading can go on from here: behind a gap that begins here."""
        for gap in self.gaps:
            if gap.first_sample == start:
                start += gap.samples
        return min(start, self.ring.count)
