"""The thread that reads one source into its ring: it waits for nobody, and says what is missing."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.ring import GAPS
from hipdrive.acquisition.source import Source, SourceEnd, SourceFault, SourceGap, SourceLost, SourceTimeout
from hipdrive.acquisition.stream import Stream
from hipdrive.errors import HipdriveError, UsageError

if TYPE_CHECKING:
    from hipdrive.acquisition.crew import Crew

POLL_S, PATIENCE_S, EDGES_S = 0.2, 5.0, 0.5
"""s: how long a read waits before it looks whether to stop; silence after which a device counts as lost; how often
edges are fetched."""

STUCK_S = 15.0
"""s after which a driver that does not come back is left alone."""

ENDED, STALLED, STUCK = "ended", "stalled", "stuck"


class Reader(threading.Thread):
    """Reads one source until it ends, fails or is to stop; owns the source meanwhile."""

    def __init__(self, source: Source, stream: Stream, crew: Crew, limit_s: float | None) -> None:
        super().__init__(name=f"hipdrive-{source.info.id}", daemon=True)
        self.source, self.stream, self.crew, self.info = source, stream, crew, source.info
        self.ring = stream.ring
        self.limit = None if limit_s is None else max(1, round(limit_s * self.info.rate))
        self.started = threading.Event()
        self.failure: HipdriveError | None = None
        self.triggered = crew.triggered(self.info.id)

    def run(self) -> None:
        """Everything the thread does."""
        try:
            self.source.start()
        except Exception as error:
            self.failure = self._no_start(error)
            self.crew.halt()
            self.stream.finished.set()
            self.started.set()
            return
        self.started.set()
        try:
            self._read_all()
            self._fetch_edges()
        except SourceFault as fault:
            self._lost(fault)
        except Exception as error:  # a defect of ours or of a driver's must not end a recording in silence
            self._lost(SourceLost(type(error).__name__, f"{self.info.id}: reading failed ({error})"))
        finally:
            try:
                self.source.stop()
            except Exception as error:
                self.crew.log("stop_failed", f"{type(error).__name__}: {error}", self.info.id)
            self.stream.finished.set()
            self.crew.source_ended()

    def _no_start(self, error: Exception) -> HipdriveError:
        """What kept the device from starting; also a defect of ours or of a driver's is one sentence."""
        if isinstance(error, HipdriveError):
            return error
        said = f"{self.info.id}: the device did not start ({type(error).__name__}: {error})"
        return UsageError("no_start", f"{said}; unplug it, plug it in again and try once more")

    def _read_all(self) -> None:
        out = np.empty((len(self.info.channels), self.info.block), self.info.dtype)
        patience = max(POLL_S, 2.0 * self.info.block / self.info.rate)
        heard = fetched = time.monotonic()
        waiting = self.triggered  # until its first sample such a device may take its time
        while not self.crew.stopping.is_set():
            room = out if self.limit is None else out[:, : max(0, self.limit - self.ring.count)]
            if not room.shape[1]:
                self.crew.log(ENDED, "the agreed time is over", self.info.id, self.ring.count)
                return
            n = self._read_one(np.ascontiguousarray(room) if room.shape[1] < out.shape[1] else out, patience)
            if n is None:
                return
            now = time.monotonic()
            if n:
                heard, waiting = now, False
            elif not waiting and now - heard > PATIENCE_S:
                raise SourceLost(STALLED, f"{self.info.id}: no sample for {PATIENCE_S:g} s; check its sample clock")
            if now - fetched > EDGES_S:
                self._fetch_edges()
                fetched = now
        self._drain(out)

    def _drain(self, out: NDArray[Any]) -> None:
        """What the driver still holds when we are told to stop; never more than its buffer."""
        left = self.info.buffer
        if self.limit is not None:
            left = min(left, self.limit - self.ring.count)
        while left > 0:
            before = self.ring.count
            piece = out if left >= out.shape[1] else np.empty((len(out), left), out.dtype)
            n = self._read_one(piece, 0.0)
            if n is None or n < piece.shape[1]:
                return
            left -= self.ring.count - before

    def _read_one(self, out: NDArray[Any], timeout: float) -> int | None:
        """One read: how many samples, None at the end."""
        try:
            block = self.source.read(out, timeout)
            self._keep(out[:, : block.n], block.first_sample, block.host_ns, block.stamps)
            return block.n
        except SourceTimeout as short:
            if short.n:
                self._keep(out[:, : short.n], self.ring.count, short.host_ns, short.stamps)
            return short.n
        except SourceEnd as end:
            if end.n:
                self._keep(out[:, : end.n], self.ring.count, end.host_ns, end.stamps)
            self.crew.log(ENDED, end.text, self.info.id, self.ring.count)
            return None
        except SourceGap as gap:
            self._gap(gap.samples, gap.code, gap.text)
            return 0

    def _keep(self, values: NDArray[Any], first_sample: int, host_ns: int, stamps: NDArray[np.float64] | None) -> None:
        """Put samples where their number says."""
        ahead = first_sample - self.ring.count
        if ahead > 0:
            self._gap(ahead, "gap", f"{self.info.id}: the sample counter jumped by {ahead}")
        elif ahead < 0:
            raise SourceLost("counter", f"{self.info.id}: the sample counter went back by {-ahead}")
        self.ring.push(values, host_ns, stamps)
        self.crew.wake()

    def _gap(self, samples: int, code: str, text: str) -> None:
        if len(self.ring.gaps) >= GAPS - 1:
            raise SourceLost("gaps", f"{self.info.id}: samples were missing {GAPS} times; check cable and computer")
        self.crew.log(code, text, self.info.id, self.ring.count, samples=samples)
        self.ring.skip(samples, code, text)

    def _lost(self, fault: SourceFault) -> None:
        """The device is over: its last record."""
        samples = getattr(fault, "samples", 0)
        self.ring.missing(samples, fault.code, fault.text)
        self.crew.log(fault.code, fault.text, self.info.id, self.ring.count, samples=samples)
        self.crew.missing(self.info.id)

    def give_up(self) -> None:
        """The driver does not come back: what came stays, and the trial says why no more did."""
        self._lost(SourceLost(STUCK, f"{self.info.id}: the driver has not answered for {STUCK_S:g} s; "
                              "restart hipdrive, and the computer if that does not help"))  # fmt: skip
        self.stream.finished.set()

    def _fetch_edges(self) -> None:
        """Edges; that they are lost, for example on a line that nobody wired, does not end the samples."""
        if self.stream.edges_lost is not None:
            return
        try:
            found = tuple(self.source.edges())
        except SourceFault as fault:
            self.stream.edges_lost = (self.ring.count, fault.text)
            self.crew.log("edges_lost", fault.text, self.info.id, self.ring.count, cause=fault.code)
            return
        if found:
            self.stream.edges.extend(found)
            self.crew.edges(self.info.id, found)
