"""Those who record, in this process: a reader for each source, and the log. `Apart` is the same in another process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition import reader, wire
from hipdrive.acquisition.closing import carriers
from hipdrive.acquisition.logwriter import LogWriter, header
from hipdrive.acquisition.reader import STUCK, Reader
from hipdrive.acquisition.ring import Ring, needs
from hipdrive.acquisition.saying import Line, line_of
from hipdrive.acquisition.source import Source, SourceInfo
from hipdrive.acquisition.stream import Stream
from hipdrive.errors import UsageError
from hipdrive.trial import Edges, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

LARGEST = 1e9
"""Bytes that the rings may take together. The forces of such a recording take several times as much."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How something is recorded.

    ring_s : how much is kept in memory, s. limit_s : after how long it ends by itself, if it does. log : the file to
    which the samples are written while they come, if any; then the rings need not hold all of it.
    """

    ring_s: float
    limit_s: float | None = None
    log: Path | None = None


class Crew:
    """Reads the sources of a rig for as long as it is told to.

    hear : called with each line that somebody here says; from any thread, and it must not wait. memory : makes the
    memory of a ring of so many bytes, where another process is to see it.
    """

    def __init__(
        self, rig: Rig | None, sources: Sequence[Source], plan: Plan, hear: Callable[[Line], None],
        memory: Callable[[int], Any] | None = None,
    ) -> None:  # fmt: skip
        self.rig, self.sources, self.plan = rig, tuple(sources), plan
        self.stopping, self.finished = Event(), Event()
        self.streams: dict[str, Stream] = {}
        self.writer: LogWriter | None = None
        self.told: Callable[[str, Sequence[Edges]], None] = lambda device, found: None
        self._hear, self._memory = hear, memory
        self._readers: dict[str, Reader] = {}
        self._numbers: dict[str, int] = {}

    # --- life ---

    def open(self) -> None:
        """Take hold of the devices, and make their rings and the log.

        Raises
        ------
        UsageError : a device is not there or cannot do what the rig asks, or the log cannot be written.
        """
        for source in self.sources:
            source.open()
        self._check()
        self.streams = {one.info.id: self._stream(one.info) for one in self.sources}
        self._numbers = {name: number for number, name in enumerate(self.streams)}
        if self.plan.log is not None:
            infos = [wire.info_as_json(one.info) for one in self.streams.values()]
            rig = "" if self.rig is None else self.rig.text
            self.writer = LogWriter(self.plan.log, header(rig=rig, devices=infos), self.streams, self._trouble)
        for source in self.sources:
            self.log("opened", "sampling", source.info.id, 0, rate_hz=source.info.rate, **source.info.identity)

    def start(self) -> None:
        """Start the devices. Those that wait for a trigger first, so that the one that gives it finds them waiting.

        Raises
        ------
        UsageError : a device does not start.
        """
        self._readers = {
            one.info.id: Reader(one, self.streams[one.info.id], self, self.plan.limit_s) for one in self.sources
        }
        for one in sorted(self._readers.values(), key=lambda one: not self.triggered(one.info.id)):
            one.start()
            if not one.started.wait(reader.STUCK_S):
                raise UsageError(STUCK, f"{one.info.id}: the driver has not started the device within "
                                 f"{reader.STUCK_S:g} s; unplug it, plug it in again and try once more")  # fmt: skip
            if one.failure is not None:
                raise one.failure
        if len(self.streams) > 1 and sum(not self.triggered(name) for name in self.streams) > 1:
            self.log("unsynchronised", "several devices were started by software: their samples may be some "
                     "milliseconds apart; a start trigger in the rig file mends that")  # fmt: skip

    def halt(self) -> None:
        """Tell all threads to stop, and do not wait."""
        self.stopping.set()

    def stop(self) -> None:
        """Stop sampling, keep what the drivers still hold, give the devices free, and end the log."""
        self.stopping.set()
        end = time.monotonic() + reader.STUCK_S
        for one in self._readers.values():
            if one.ident is not None:
                one.join(max(0.0, end - time.monotonic()))
                if one.is_alive() and not one.stream.finished.is_set():
                    one.give_up()
        self._end_log()
        for source in self.sources:
            one_of = self._readers.get(source.info.id)
            if one_of is not None and one_of.is_alive():
                continue  # its thread is still inside the driver, which nobody else may call then
            try:
                source.close()
            except Exception as error:
                self.log("close_failed", f"{type(error).__name__}: {error}", source.info.id)
        self.finished.set()

    @property
    def running(self) -> list[str]:
        """Devices whose driver does not come back."""
        return [name for name, one in self._readers.items() if one.is_alive()]

    def _end_log(self) -> None:
        if self.writer is None:
            return
        for source in self.sources:
            stream = self.streams.get(source.info.id)
            if stream is not None and stream.ring.count:
                truth = source.truth(0, stream.ring.count)
                if truth is not None:
                    self.writer.say(truth=wire.truth_as_json(truth), device=self._numbers[source.info.id])
        self.writer.say(end={name: one.ring.count for name, one in self.streams.items()})
        self.writer.close()
        path, self.writer = self.writer.path, None
        if not any(one.ring.count for one in self.streams.values()):
            with contextlib.suppress(OSError):  # nobody shall be asked to recover nothing
                path.unlink()

    # --- opening ---

    def _stream(self, info: SourceInfo) -> Stream:
        """The ring of a device; a shorter one where the log holds the rest."""
        seconds = self.plan.ring_s if self.plan.log is None else min(self.plan.ring_s, LARGEST / self._each())
        capacity = max(info.block, int(np.ceil(seconds * info.rate)))
        shape: dict[str, Any] = {"block": info.block, "dtype": info.dtype, "stamped": info.clock == "stamped"}
        size = needs(capacity, len(info.channels), **shape)
        memory = None if self._memory is None else self._memory(size)
        return Stream(info, Ring(capacity, len(info.channels), memory=memory, **shape))

    def _each(self) -> float:
        """Bytes a second of all devices."""
        infos = [one.info for one in self.sources]
        return float(sum(one.rate * len(one.channels) * np.dtype(one.dtype).itemsize for one in infos))

    def _check(self) -> None:
        """Refuse what cannot become one trial."""
        carrying = carriers(self.rig, [source.info for source in self.sources])
        if not carrying:
            raise UsageError("no_plates", "no plate is wired to any of the devices; check the rig file")
        rates = {source.info.rate for source in self.sources if source.info.id in carrying}
        if max(rates) - min(rates) > 1e-6 * max(rates):
            raise UsageError("rates", f"the plates' devices sample at different rates ({min(rates):g} and "
                             f"{max(rates):g} Hz); give them one rate_hz in the rig file")  # fmt: skip
        if self._each() * self.plan.ring_s > LARGEST and self.plan.log is None:
            channels = sum(len(one.info.channels) for one in self.sources)
            raise UsageError("too_long", f"{self.plan.ring_s:g} s of {channels} channels at {max(rates):g} Hz are too "
                             f"much for the memory; record at most {LARGEST / self._each():.0f} s at a time, or into "
                             "a file")  # fmt: skip

    def triggered(self, device: str) -> bool:
        """Whether a device waits for an edge before it samples."""
        return self.rig is not None and self.rig.device(device).start_trigger is not None

    # --- for the readers ---

    def source_ended(self) -> None:
        """A thread is done; without one device the others are of no use."""
        self.stopping.set()
        if all(one.finished.is_set() for one in self.streams.values()):
            self.finished.set()

    def wake(self) -> None:
        """Samples came."""
        if self.writer is not None:
            self.writer.wake()

    def missing(self, device: str) -> None:
        """A device is over: into the log, what its ring says last."""
        gap = self.streams[device].gaps[-1]
        if self.writer is not None:
            self.writer.say(gap=[self._numbers[device], gap.first_sample, gap.samples, gap.code, gap.text])

    def edges(self, device: str, found: Sequence[Edges]) -> None:
        """Edges came."""
        if self.writer is not None:
            self.writer.say(edges=[wire.edges_as_json(one) for one in found], device=self._numbers[device])
        self.told(device, found)

    def _trouble(self, code: str, text: str, device: str = "", sample: int | None = None) -> None:
        """What the log's own threads say."""
        self.log(code, text, device, sample)

    def log(self, code: str, text: str, device: str = "", sample: int | None = None, **facts: Any) -> None:
        """Say something: to whoever hears, and to the log."""
        line = line_of(code, text, device, sample, **facts)
        self._hear(line)
        self.keep(line=line)

    # --- for the recorder ---

    def keep(self, **facts: Any) -> None:
        """Facts for the log alone."""
        writer = self.writer
        if writer is not None:
            writer.say(**facts)

    def truth(self, device: str, first_sample: int, samples: int) -> Truth | None:
        """The true answers of a simulated stretch, None where nobody knows them."""
        source = next(source for source in self.sources if source.info.id == device)
        return source.truth(first_sample, samples)
