"""Places from which the rings are read: each reader of a recording has its own and disturbs nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hipdrive.acquisition.ring import Overrun

if TYPE_CHECKING:
    from hipdrive.acquisition.recorder import Recorder


@dataclass(frozen=True, kw_only=True, eq=False)
class Chunk:
    """Samples that are new to a reader of the rings.

    first_sample : number of the first, on the clock of the rig's first device. counts : device -> (n, channels).
    lost : samples that were overwritten or never came before these.
    """

    first_sample: int
    counts: Mapping[str, NDArray[Any]]
    lost: int = 0

    @property
    def samples(self) -> int:
        """Samples of the first device."""
        return len(next(iter(self.counts.values())))


class Cursor:
    """A place in the rings: `new` gives what came since the last call, and never waits."""

    def __init__(self, recorder: Recorder, places: Mapping[str, int]) -> None:
        self._recorder = recorder
        self._places = dict(places)

    def new(self) -> Chunk:
        """The samples since the last call, of all devices over the same time; perhaps none.

        A chunk ends at a gap; the next begins behind it, and its `lost` says how many samples are missing.
        """
        streams, lost = self._recorder.streams, 0
        for _ in range(3):
            ends = self._recorder.common(self._places)
            if ends == self._places:
                lost += self._pass_gap()
                ends = self._recorder.common(self._places)
            try:
                counts = {name: one.ring.read(self._places[name], ends[name]) for name, one in streams.items()}
            except Overrun as late:
                lost += self._jump(late)
                continue
            chunk = Chunk(first_sample=next(iter(self._places.values())), counts=counts, lost=lost)
            self._places = ends
            return chunk
        empty = {name: one.ring.read(one.ring.count, one.ring.count) for name, one in streams.items()}
        return Chunk(first_sample=next(iter(self._places.values())), counts=empty, lost=lost)

    def _pass_gap(self) -> int:
        """Go on behind a gap that begins here, with all devices; how many samples of the first are missing."""
        streams = self._recorder.streams
        shifts = {name: one.past(self._places[name]) - self._places[name] for name, one in streams.items()}
        missing = max(shift / streams[name].info.rate for name, shift in shifts.items())
        behind = {name: self._places[name] + round(missing * one.info.rate) for name, one in streams.items()}
        if not missing or any(behind[name] > one.ring.count for name, one in streams.items()):
            return 0
        name, before = next(iter(self._places.items()))
        self._places = behind
        return behind[name] - before

    def _jump(self, late: Overrun) -> int:
        """Go on where samples are left; how many of the first device were overwritten."""
        name, before = next(iter(self._places.items()))
        behind = max((one.ring.oldest + one.ring.block) / one.info.rate for one in self._recorder.streams.values())
        for key, one in self._recorder.streams.items():
            self._places[key] = min(one.ring.count, max(self._places[key], round(behind * one.info.rate)))
        lost = self._places[name] - before
        self._recorder.log("overrun", f"a reader was too slow, {lost} samples were overwritten ({late})", name, before)
        return lost
