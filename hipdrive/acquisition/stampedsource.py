"""What sources share whose samples bring their own time stamps: gaps are told from the stamps as they come.

A step that is too long may be a lost sample, or one that was stamped late. Behind a doubtful step samples are held back
until the next ones decide, a tenth of a second at most; all others are handed over at once. A stream whose stamps come
in bursts makes only steps doubtful that are longer than its usual ones; what is lost among those shows when the whole
recording is looked at (`stamped.regular`).
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.source import Block, SourceGap, SourceInfo, SourceLost, SourceTimeout, channels_of
from hipdrive.acquisition.stamped import ENDS, FEWEST, LATE, Floats, interval, missing, span
from hipdrive.trial import Edges, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.devices import Channel, Device

POLL_S = 0.05
"""s: how long a device is listened to before it is seen whether to stop."""

HOLD_S = 0.5
"""s after which held samples are judged by what there is."""

LONGEST_GAP_S = 60.0
"""s: a longer jump of the stamps is a clock that was set, and no gap that can be counted."""

REMEMBERED = 256
"""Stamps by which the sampling interval is told."""

ENOUGH, ENOUGH_S = 100, 2.0
"""Steps, and s where stamps come unevenly, after which their mean is the interval."""

UNUSUAL = 1.2
"""Times the longest step so far, with nothing lost: only a longer one is looked at again."""


class Verdict(NamedTuple):
    """What can be done with stamps that wait: hand over so many, or tell of a gap, or leave the first one out."""

    ready: int = 0
    lost: int = 0
    bad: bool = False


class ClockBack(Exception):
    """The clock that makes the stamps went back."""


class Watch:
    """Looks at stamps as they come, in order, for samples that are missing between them.

    rate : Hz, as the device says. back : s by which stamps may go back although nothing is wrong, as those do that
    several programs or a network had a hand in; 0 for a clock on the board.
    """

    def __init__(self, rate: float, *, back: float = 0.0) -> None:
        self.said, self.back = 1.0 / rate, back
        self.period, self.usual = self.said, self.said
        self.before = np.empty(0)
        self._passed = (0, 0.0)  # steps within stretches without a gap, and their s

    def look(self, waiting: Floats, *, final: bool) -> Verdict:
        """What to do with the first of the waiting stamps; `final`: no more will come.

        Raises
        ------
        ClockBack : the stamps begin anew.
        """
        if not len(waiting):
            return Verdict()
        last = self.before[-1] if len(self.before) else waiting[0] - self.period  # before the first nothing is missing
        steps = np.diff(waiting, prepend=last)
        early = steps < -self.back if self.back else steps <= 0.0
        doubtful = np.flatnonzero(early | (steps > max(LATE * self.period, UNUSUAL * self.usual)))
        if not len(doubtful):
            return Verdict(ready=len(waiting))
        if doubtful[0]:
            return Verdict(ready=int(doubtful[0]))
        return self._goes_back(waiting, final) if early[0] else self._is_late(waiting, float(steps[0]), final)

    def _goes_back(self, waiting: Floats, final: bool) -> Verdict:
        """One wrong stamp, or a clock that began anew."""
        if len(waiting) == 1 and not final:
            return Verdict()
        if len(waiting) > 1 and waiting[1] > self.before[-1]:
            return Verdict(bad=True)
        raise ClockBack

    def _is_late(self, waiting: Floats, step: float, final: bool) -> Verdict:
        """A gap, a late stamp, or a wrong one."""
        if not self.back and len(waiting) > 1 and self.before[-1] < waiting[1] <= waiting[0]:
            return Verdict(bad=True)
        even = self._learn()
        wide = 2 * FEWEST if even else span(self.period)
        if len(waiting) < wide and not final:
            return Verdict()
        noise = self.usual - self.period if self.usual > LATE * self.period else 0.0
        if min(len(self.before), len(waiting)) < FEWEST:  # too few stamps to trust that one is in time
            widest = float(np.diff(self.before).max(initial=self.period))
            noise = max(noise, ENDS * (widest - self.period))
        young = self.back > 0.0 and (  # nobody knows yet how its stamps come
            len(self.before) < span(self.period) or (not even and self._passed[1] < ENOUGH_S)
        )
        lost = 0 if young else missing(self.before[-wide:], waiting[:wide], self.period, noise)
        if not lost:
            self.usual = max(self.usual, step)
        return Verdict(lost=lost, ready=0 if lost else 1)

    def _learn(self) -> bool:
        """Look how long the sampling interval is; whether stamps come evenly."""
        self.period, even = interval(self.before, self.said)
        steps, seconds = self._passed
        if steps >= ENOUGH and (even or seconds > ENOUGH_S):
            self.period = seconds / steps
        return even

    def passed(self, stamps: Floats) -> None:
        """These were handed over."""
        if len(stamps):
            first = self.before[-1] if len(self.before) else stamps[0]
            steps = len(stamps) - (not len(self.before))
            self._passed = (self._passed[0] + steps, self._passed[1] + float(stamps[-1] - first))
        self.before = np.concatenate([self.before, stamps])[-max(REMEMBERED, span(self.said)) :]

    def jumped(self) -> None:
        """A gap was told: what comes next stands behind it."""
        self.before = np.empty(0)


def described(device: Device, channels: Sequence[Channel]) -> SourceInfo:
    """What the rig says of such a device; what it really sends is known once it is open."""
    rate = float(device.rate_hz)
    return SourceInfo(
        id=device.id, channels=channels_of(channels), rate=rate, dtype=np.float64, clock="stamped",
        block=max(1, round(rate * device.block_ms / 1000.0)), buffer=max(1, round(rate * device.buffer_s)),
    )  # fmt: skip


class StampedSource(ABC):
    """The half of a `Source` that does not know its device: a subclass opens and starts it, and fetches."""

    info: SourceInfo

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._clear(None)

    def _clear(self, watch: Watch | None) -> None:
        """Begin with sample 0. watch : None where stamps are those of arrival, which tell no gaps."""
        self._watch = watch
        self._values: NDArray[Any] = np.empty((0, 0))
        self._stamps = np.empty(0)
        self._broken: list[int] = []  # waiting samples before which one is known to be lost
        self._count, self._held, self._last_ns = 0, math.inf, time.monotonic_ns()
        self._fault: SourceLost | None = None

    # --- what a subclass does ---

    @abstractmethod
    def _fetch(self, timeout: float) -> None:
        """Wait at most `timeout` s for the device, and `_put` what came.

        Raises
        ------
        SourceLost : the device is over.
        """

    def _put(self, values: NDArray[Any], stamps: Floats, broken: Sequence[int] = ()) -> None:
        """Samples that came, shape (n, channels), with their stamps; `broken`: before these one is lost."""
        if len(stamps) or broken:
            self._last_ns = time.monotonic_ns()
            first = len(self._stamps)
            self._broken.extend(first + place for place in broken)
            self._values = np.concatenate([self._values, values]) if first else values
            self._stamps = np.concatenate([self._stamps, stamps]) if first else stamps

    # --- reading ---

    def read(self, out: NDArray[Any], timeout: float) -> Block:
        """Fill `out` (channels, n); see `source.Source.read`."""
        end, wanted, first = time.monotonic() + timeout, out.shape[1], True
        while True:
            verdict = self._look()
            n = min(verdict.ready, wanted)
            if n == wanted or (n and (n < len(self._stamps) or self._fault is not None)):
                return self._take(out, n)
            if verdict.lost:
                raise self._gap(verdict.lost)
            if self._fault is not None and not n:
                raise self._fault
            left = end - time.monotonic()
            if (left <= 0.0 and not first) or self._stopped.is_set():
                block = self._take(out, n)
                raise SourceTimeout(n, block.host_ns, block.stamps)
            first = False
            self._listen(max(0.0, min(left, POLL_S)))

    def _listen(self, timeout: float) -> None:
        if self._fault is None:
            try:
                self._fetch(timeout)
            except SourceLost as fault:
                self._fault = fault

    def _look(self) -> Verdict:
        """What can be done with what waits; wrong stamps are left out."""
        while True:
            waiting = self._stamps[: self._broken[0]] if self._broken else self._stamps
            if self._broken and not len(waiting):
                return Verdict(lost=1)
            if self._watch is None:
                return Verdict(ready=len(waiting))
            final = self._fault is not None or time.monotonic() - self._held > HOLD_S
            try:
                verdict = self._watch.look(waiting, final=final)
            except ClockBack:
                self._fault = SourceLost("clock_back", f"{self.info.id}: the clock of its time stamps went back, as if "
                                         "the device had begun anew; check its power and cable")  # fmt: skip
                self._values, self._stamps = self._values[:0], self._stamps[:0]
                return Verdict()
            if not verdict.bad:
                stuck = len(waiting) and not verdict.ready and not verdict.lost
                self._held = min(self._held, time.monotonic()) if stuck else math.inf
                return verdict
            self._values, self._stamps = self._values[1:], self._stamps[1:]

    def _take(self, out: NDArray[Any], n: int) -> Block:
        """Hand over the first n that wait."""
        stamps = self._stamps[:n].copy()
        if n:
            out[:, :n] = self._values[:n].T
            if self._watch is not None:
                self._watch.passed(stamps)
            self._values, self._stamps = self._values[n:], self._stamps[n:]
            self._broken = [place - n for place in self._broken]
        self._count += n
        return Block(self._count - n, n, self._last_ns, stamps)

    def _gap(self, lost: int) -> SourceGap | SourceLost:
        """What is missing before the next sample that waits."""
        told = f"{self.info.id}: {lost} sample{'s are' if lost > 1 else ' is'} missing"
        if self._broken and not self._broken[0]:
            del self._broken[0]
            text = f"{told}, whose line could not be read; check cable and baud rate"
        else:
            assert self._watch is not None
            jump = float(self._stamps[0] - self._watch.before[-1])
            if lost * self._watch.period > LONGEST_GAP_S:
                self._fault = SourceLost("clock_jump", f"{self.info.id}: its time stamps jump by {jump:.6g} s, so "
                                         "nobody knows what is missing; check the device's clock")  # fmt: skip
                self._values, self._stamps = self._values[:0], self._stamps[:0]
                return self._fault
            self._watch.jumped()
            text = f"{told}: its time stamps jump by {1e3 * jump:.6g} ms; check cable, network and load"
        self._count += lost
        return SourceGap(lost, "gap", text)

    def edges(self) -> Sequence[Edges]:
        """None."""
        return ()

    def truth(self, first_sample: int, samples: int) -> Truth | None:
        """Nobody knows."""
        return None
