"""From sources to trials: a thread for each device reads into a ring, and a trial is a stretch cut out of the rings.

The threads wait for nobody. Samples are placed by the device's own counter; a sample that is missing ends the trial
that is being recorded, with a `Gap` and a line in its log, and nothing is ever filled in.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition import reader
from hipdrive.acquisition.closing import edges_of, forces_of, possible, raw_of, signals_of
from hipdrive.acquisition.cursor import Chunk, Cursor
from hipdrive.acquisition.interrupt import held_back
from hipdrive.acquisition.reader import EDGES_S, STUCK, Reader
from hipdrive.acquisition.ring import Overrun
from hipdrive.acquisition.source import Source, open_sources
from hipdrive.errors import UsageError
from hipdrive.trial import Floats, Gap, Raw, Tare, Trial, Truth

__all__ = ["RING_S", "Chunk", "Cursor", "Recorder", "record"]

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

RING_S = 60.0
"""s that are kept: longer than any trial but a long hop series or balance test, which say so."""

LARGEST = 1e9
"""Bytes that the rings may take together. The forces of such a recording take several times as much."""

BY_USER = "stopped by the user"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Mark:
    """What `begin` was told, and where the trial begins: device -> sample."""

    places: Mapping[str, int]
    facts: Mapping[str, Any]
    tare: tuple[Tare, ...]
    log_from: int = 0


class Recorder:
    """Records from the devices of a rig for as long as it is open; any number of trials can be cut out.

    rig : a rig, a rig file or the name of an example. sources : by default those of the rig. ring_seconds : how much
    is kept. limit_seconds : the sources end by themselves after so long.

    >>> with Recorder("simulated") as recorder:  # doctest: +SKIP
    ...     recorder.begin(test="dj")
    ...     ...
    ...     trial = recorder.end()
    """

    def __init__(
        self,
        rig: Rig | str | Path | None,
        sources: Sequence[Source] | None = None,
        ring_seconds: float = RING_S,
        *,
        limit_seconds: float | None = None,
    ) -> None:
        from hipdrive.hardware import rig as rigs

        self.rig: Rig | None = rigs.load(rig) if isinstance(rig, str | Path) else rig
        if sources is None and self.rig is None:
            raise UsageError("no_source", "nothing to record from; give a rig or sources")
        for name, value in (("seconds", limit_seconds), ("ring_seconds", ring_seconds)):
            if value is not None and not 0.01 <= value <= 24 * 3600.0:
                raise UsageError("seconds", f"{name}: {value:g} s cannot be recorded; give 0.01 to 86400 s")
        assert self.rig is not None or sources is not None
        self.sources: tuple[Source, ...] = tuple(sources) if sources is not None else open_sources(self._the_rig())
        self.stopping, self.finished = threading.Event(), threading.Event()
        self.readers: dict[str, Reader] = {}
        self._ring_s, self._limit_s = ring_seconds, limit_seconds
        self._log: list[str] = []
        self._lock = threading.Lock()
        self._mark: _Mark | None = None
        self._opened = 0

    def _the_rig(self) -> Rig:
        assert self.rig is not None
        return self.rig

    # --- running ---

    def __enter__(self) -> Recorder:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Open all devices, then start them.

        Raises
        ------
        UsageError : a device is not there, or cannot do what the rig asks.
        """
        if self.readers:
            raise UsageError("started", "this recorder has been started already; make a new one for a new recording")
        self.stopping.clear()
        self.finished.clear()
        try:
            for source in self.sources:
                source.open()
            self._check()
            self.readers = {one.info.id: Reader(one, self, self._ring_s, self._limit_s) for one in self.sources}
            for source in self.sources:
                self.log("opened", "sampling", source.info.id, 0, rate_hz=source.info.rate, **source.info.identity)
            self._opened = len(self._log)
            self._start_readers()
        except BaseException:
            self.stop()
            self.readers = {name: one for name, one in self.readers.items() if one.is_alive()}
            raise
        if len(self.readers) > 1 and sum(not self.triggered(name) for name in self.readers) > 1:
            self.log("unsynchronised", "several devices were started by software: their samples may be some "
                     "milliseconds apart; a start trigger in the rig file mends that")  # fmt: skip

    def _start_readers(self) -> None:
        """Devices that wait for a trigger first, so that the one that gives it finds them waiting."""
        for one in sorted(self.readers.values(), key=lambda one: not self.triggered(one.info.id)):
            one.start()
            if not one.started.wait(reader.STUCK_S):
                raise UsageError(STUCK, f"{one.info.id}: the driver has not started the device within "
                                 f"{reader.STUCK_S:g} s; unplug it, plug it in again and try once more")  # fmt: skip
            if one.failure is not None:
                raise one.failure

    def triggered(self, device: str) -> bool:
        """Whether a device waits for an edge before it samples."""
        return self.rig is not None and self.rig.device(device).start_trigger is not None

    def _check(self) -> None:
        """Refuse what cannot become one trial."""
        carrying = self._carrying()
        if not carrying:
            raise UsageError("no_plates", "no plate is wired to any of the devices; check the rig file")
        rates = {source.info.rate for source in self.sources if source.info.id in carrying}
        if max(rates) - min(rates) > 1e-6 * max(rates):
            raise UsageError("rates", f"the plates' devices sample at different rates ({min(rates):g} and "
                             f"{max(rates):g} Hz); give them one rate_hz in the rig file")  # fmt: skip
        each = sum(one.info.rate * len(one.info.channels) * np.dtype(one.info.dtype).itemsize for one in self.sources)
        if each * self._ring_s > LARGEST:
            raise UsageError("too_long", f"{self._ring_s:g} s of {sum(len(one.info.channels) for one in self.sources)} "
                             f"channels at {max(rates):g} Hz are too much for the memory; record at most "
                             f"{LARGEST / each:.0f} s at a time")  # fmt: skip

    def _carrying(self) -> list[str]:
        """Devices that a plate is wired to, the first one first."""
        if self.rig is None:
            return [one.info.id for one in self.sources if any("." in c.role for c in one.info.channels)]
        return list(dict.fromkeys(plate.device for plate in self.rig.plates))

    def halt(self) -> None:
        """Tell all threads to stop, and do not wait."""
        self.stopping.set()

    def source_ended(self) -> None:
        """A thread is done; without one device the others are of no use."""
        self.stopping.set()
        if all(one.finished.is_set() for one in self.readers.values()):
            self.finished.set()

    def stop(self) -> None:
        """Stop sampling, keep what the drivers still hold, and give the devices free. Trials can still be ended."""
        self.stopping.set()
        end = time.monotonic() + reader.STUCK_S
        for one in self.readers.values():
            if one.ident is not None:
                one.join(max(0.0, end - time.monotonic()))
                if one.is_alive() and not one.finished.is_set():
                    one.give_up()
        for source in self.sources:
            one_of = self.readers.get(source.info.id)
            if one_of is not None and one_of.is_alive():
                continue  # its thread is still inside the driver, which nobody else may call then
            try:
                source.close()
            except Exception as error:
                self.log("close_failed", f"{type(error).__name__}: {error}", source.info.id)
        self.finished.set()

    def log(self, code: str, text: str, device: str = "", sample: int | None = None, **facts: Any) -> None:
        """Add a line to the log: JSON with time, code, text, device and sample."""
        line: dict[str, Any] = {"utc": datetime.now(UTC).isoformat(timespec="milliseconds"), "code": code, "text": text}
        if device:
            line["device"] = device
        if sample is not None:
            line["sample"] = sample
        with self._lock:
            self._log.append(json.dumps({**line, **facts}, ensure_ascii=False))

    # --- looking ---

    @property
    def seconds(self) -> float:
        """How much was recorded so far, s."""
        return min((one.ring.count / one.info.rate for one in self.readers.values()), default=0.0)

    @property
    def rate(self) -> float:
        """Sampling rate of the plates, Hz; final once the devices are open."""
        carrying = self._carrying()
        return next(source.info.rate for source in self.sources if source.info.id in carrying)

    @property
    def broken(self) -> Gap | None:
        """What ended the trial that is being recorded, if anything did."""
        if self._mark is None:
            return None
        return self._gap_at({name: self._mark.places.get(name, 0) for name in self.readers}, None)

    def _gap_at(self, starts: Mapping[str, int], before: float | None) -> Gap | None:
        """The first gap of any device from its start on, and before a time, s, where one is given."""
        found = [(gap.first_sample / one.info.rate, gap) for name, one in self.readers.items() for gap in list(one.gaps)
                 if gap.first_sample >= starts[name]]  # fmt: skip
        within = [(time, gap) for time, gap in found if before is None or time < before]
        return min(within, key=lambda one: one[0])[1] if within else None

    def places(self) -> dict[str, int]:
        """Device -> number of the next sample, all at the same time."""
        return self._at(self.seconds)

    def _at(self, seconds: float) -> dict[str, int]:
        return {name: int(seconds * one.info.rate + 1e-6) for name, one in self._running().items()}

    def _running(self) -> Mapping[str, Reader]:
        if not self.readers:
            raise UsageError("not_started", "nothing is being sampled yet; start the recorder first")
        return self.readers

    def common(self, starts: Mapping[str, int]) -> dict[str, int]:
        """Device -> how far all can be read from there: to the same time, and not across a gap."""
        ends = {}
        for name, one in self._running().items():
            gap = one.next_gap(starts[name])
            ends[name] = one.ring.count if gap is None else min(one.ring.count, gap)
        first = {one.info.rate for one in self.readers.values()}
        if len(first) == 1:
            end = min(ends.values())
            return {name: max(start, min(end, ends[name])) for name, start in starts.items()}
        until = min(end / self.readers[name].info.rate for name, end in ends.items())
        return {name: max(start, min(self._at(until)[name], ends[name])) for name, start in starts.items()}

    def cursor(self, *, first: bool = False) -> Cursor:
        """A reader of what comes from now on, or from the first sample on."""
        return Cursor(self, self._at(0.0) if first else self.places())

    @property
    def plates(self) -> tuple[str, ...]:
        """The plates, in the order of the rig."""
        if self.rig is not None:
            return tuple(plate.id for plate in self.rig.plates)
        roles = [channel.role for source in self.sources for channel in source.info.channels]
        return tuple(dict.fromkeys(role.partition(".")[0] for role in roles if role.endswith(".fz")))

    def newtons(self, chunk: Chunk, tare: Sequence[Tare] = ()) -> Floats:
        """Vertical force of each plate, shape (plates, samples), N."""
        raws = [raw_of(self.readers[name], counts) for name, counts in chunk.counts.items()]
        found = forces_of(self.rig, raws, tare)
        return np.array([found[f"{plate}.fz"] for plate in self.plates]).reshape(len(self.plates), chunk.samples)

    def measure(self, seconds: float = 1.0, *, until: int | None = None) -> tuple[Tare, ...]:
        """What the channels of each plate read over the last seconds: the tare of empty plates.

        until : the sample before which the seconds end, as `Chunk.first_sample` counts them; by default now.

        Raises
        ------
        UsageError : fewer seconds are there.
        """
        rig = self.rig
        if rig is None:
            raise UsageError("tare", "forces that are newtons already have no channels to zero; zero the plates' own")
        from hipdrive.hardware import plates

        end_s = self.seconds if until is None else until / self.rate
        ends, starts = self._at(end_s), self._at(end_s - seconds)
        if min(starts.values()) < 0 or any(self.common(starts)[name] < ends[name] for name in ends):
            raise UsageError("tare", f"there are no {seconds:g} s of samples without a gap yet; wait a moment")
        counts = {name: one.ring.read(starts[name], ends[name]) for name, one in self.readers.items()}
        values = {name: raw_of(self.readers[name], rows).scaled() for name, rows in counts.items()}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return tuple(
            Tare(plate=plate, mean=rows.mean(axis=1), sd=rows.std(axis=1, ddof=1), samples=rows.shape[1], taken=now)
            for plate, rows in plates.by_plate(rig, values).items()
        )

    # --- trials ---

    def begin(self, *, tare: Sequence[Tare] = (), before: float = 0.0, **facts: Any) -> None:
        """A trial begins now, or `before` seconds ago; before `start` it begins with the first sample.

        facts : of the trial (test, athlete, box_height, mass, ...). tare : what empty plates read (`measure`).
        """
        possible(facts)
        places = {}
        if self.readers:
            places = self._at(max(0.0, self.seconds - before))
            for name, one in self.readers.items():
                behind = [gap.first_sample + gap.samples for gap in one.gaps]
                places[name] = max([places[name], one.ring.oldest, *behind])
            late = max(place / self.readers[name].info.rate for name, place in places.items())
            places = self._at(late)
        kept = {name: value for name, value in facts.items() if value is not None}
        self._mark = _Mark(places=places, facts=kept, tare=tuple(tare), log_from=len(self._log))
        self.log("begin", f"a trial begins: {json.dumps(kept, default=str)}")

    def end(self, why: str = "", **facts: Any) -> Trial:
        """The trial that was begun, up to now or to the gap that ended it.

        why : for the log. facts : more facts of the trial.

        Raises
        ------
        UsageError : no trial was begun, or not one sample was recorded.
        """
        mark = self._mark
        if mark is None:
            raise UsageError("not_begun", "no trial is being recorded; begin one first")
        possible(facts)
        trial = self._closed(mark, None, why, facts)
        self._mark = None
        return trial

    def cut(self, begin: int, end: int, *, tare: Sequence[Tare] = (), **facts: Any) -> Trial:
        """The trial of the samples [begin, end) of the first plate's device, as `Chunk.first_sample` counts them.

        Raises
        ------
        UsageError : they are not there, or not any more.
        """
        places = self._at(begin / self.rate)
        if not 0 <= begin < end or any(places[name] >= one.ring.count for name, one in self.readers.items()):
            raise UsageError("cut", f"samples {begin} to {end} are not recorded; give a stretch that is")
        return self._closed(_Mark(places=places, facts={}, tare=tuple(tare)), end / self.rate, "", facts)

    def _closed(self, mark: _Mark, until: float | None, why: str, facts: Mapping[str, Any]) -> Trial:
        """The trial from a mark to a time, s, or to now, or to the gap that ended it."""
        starts = {name: mark.places.get(name, 0) for name in self.readers}
        there = self.common(starts)
        ends = there if until is None else {name: min(end, self._at(until)[name]) for name, end in there.items()}
        starts, counts, notes = self._cut(starts, ends)
        gap = self._gap_at(starts, until)
        if not all(len(rows) for rows in counts.values()):
            raise UsageError("nothing_recorded", gap.text if gap else "not one sample was recorded; check the start "
                             "trigger and the sample clock")  # fmt: skip
        self.log("end", gap.text if gap else why or "ended", sample=next(iter(ends.values())))
        raws = tuple(raw_of(self.readers[name], rows, starts[name]) for name, rows in counts.items())
        for name, one in self.readers.items():
            if one.edges_lost is not None and one.edges_lost[0] < ends[name] + EDGES_S * one.info.rate:
                notes.append(one.edges_lost[1])
        return self._trial(raws, starts, mark, [*notes, *([gap.text] if gap else [])], gap, facts)

    def _cut(
        self, starts: dict[str, int], ends: Mapping[str, int]
    ) -> tuple[dict[str, int], dict[str, NDArray[Any]], list[str]]:
        """The samples between, or as many of the last as are still there; where they start, and what to say of it."""
        for margin in (0, 8, 64, 512):  # blocks that a running writer may go on while we copy
            late = max(0.0, *((one.ring.oldest + margin * one.info.block - starts[name]) / one.info.rate
                              for name, one in self.readers.items()))  # fmt: skip
            shifted = {name: min(ends[name], starts[name] + int(np.ceil(late * one.info.rate)))
                       for name, one in self.readers.items()}  # fmt: skip
            try:
                counts = {name: one.ring.read(shifted[name], ends[name]) for name, one in self.readers.items()}
            except Overrun:
                continue
            for rows in counts.values():
                rows.flags.writeable = False
            if not late:
                return shifted, counts, []
            note = f"the first {late:.2f} s are not kept: the recorder holds the last {self._ring_s:g} s"
            self.log("overrun", note)
            return shifted, counts, [note]
        raise UsageError("overrun", "the samples are overwritten faster than they can be copied; make the ring longer")

    def _trial(
        self, raws: tuple[Raw, ...], starts: Mapping[str, int], mark: _Mark, notes: Sequence[str], gap: Gap | None,
        facts: Mapping[str, Any],
    ) -> Trial:  # fmt: skip
        found = forces_of(self.rig, raws, mark.tare)
        main = next(raw for raw in raws if raw.device == self._carrying()[0])
        names = self.plates
        roles = {f"{plate}.fz" for plate in names}
        ranges: Mapping[str, float] = {}
        if self.rig is not None:
            from hipdrive.hardware import plates

            ranges = plates.ranges(self.rig)
        samples = len(main.values)
        for values in found.values():
            values.flags.writeable = False  # a trial copies what others could write to
        told = {"created": datetime.now(UTC).isoformat(timespec="seconds"),
                "truth": self._truth(main.device, starts[main.device], samples), **mark.facts, **facts}  # fmt: skip
        return Trial(
            fz=np.array([found[f"{plate}.fz"] for plate in names]),
            rate=main.rate,
            plates=names,
            ranges=tuple(ranges.get(plate, np.nan) for plate in names),
            components={role: values for role, values in found.items() if role not in roles},
            signals=tuple(signals_of(raws)),
            raw=raws,
            gaps=tuple(one for raw in raws for one in raw.gaps),
            edges=tuple(edges_of(self.readers, starts, {raw.device: len(raw.values) for raw in raws})),
            notes=tuple(notes),
            rig=self.rig.text if self.rig is not None else "",
            tare=mark.tare,
            log=(*self._log[: self._opened], *self._log[max(mark.log_from, self._opened) :]),
            end_reason=gap.text if gap else "",
            **{name: value for name, value in told.items() if value is not None},
        )

    def _truth(self, device: str, start: int, samples: int) -> Truth | None:
        return next(source for source in self.sources if source.info.id == device).truth(start, samples)


def record(
    rig: Rig | str | Path,
    *,
    test: str = "auto",
    seconds: float | None = None,
    until: Callable[[Recorder, Chunk], bool] | None = None,
    sources: Sequence[Source] | None = None,
    progress: Callable[[float], None] | None = None,
    keep: Callable[[Trial], object] | None = None,
    **facts: Any,
) -> Trial:
    """Record one trial and return it: until `seconds` are over, `until` says so, or Ctrl-C.

    Parameters
    ----------
    rig : a rig, a rig file or the name of an example rig, such as "simulated".
    until : called with the recorder and each new chunk of counts; true ends the recording.
    sources : by default those of the rig. progress : called with the seconds recorded so far.
    keep : called with the trial to save it, before Ctrl-C can break anything off again.
    facts : of the trial: athlete, box_height, mass ...

    Raises
    ------
    UsageError : the rig or a device is not as it should be; one sentence says what to do.
    """
    from hipdrive.hardware import rig as rigs

    loaded = rigs.load(rig) if isinstance(rig, str | Path) else rig
    if sources is None and {device.driver for device in loaded.devices} == {"simulated"}:
        from hipdrive.acquisition.simulated.athlete import SIMULATED

        sources = open_sources(loaded, test=test if test in SIMULATED else "dj")
    recorder = Recorder(loaded, sources, _longest(loaded) if seconds is None else seconds, limit_seconds=seconds)
    recorder.begin(test=test, **facts)
    with held_back(recorder) as asked:
        with recorder:
            try:
                why = _watch(recorder, until, progress, asked)
            except KeyboardInterrupt:
                why = BY_USER
            recorder.halt()
        trial = recorder.end(why)
        if keep is not None:
            keep(trial)
    return trial


def _longest(rig: Rig) -> float:
    """How long a recording without an agreed end may get, s: ten minutes, or what LARGEST bytes hold."""
    rate = sum(device.rate_hz * len(rig.channels(device.id)) for device in rig.devices)
    return min(600.0, LARGEST / (4.0 * rate))


def _watch(
    recorder: Recorder,
    until: Callable[[Recorder, Chunk], bool] | None,
    progress: Callable[[float], None] | None,
    asked: threading.Event,
) -> str:
    """Wait for the end of a recording; why it ended. What is called meanwhile cannot break the recording."""
    cursor, done = recorder.cursor(first=True), False
    while not done:
        done = recorder.finished.wait(0.02)  # look first, then fetch: so the last samples are seen, too
        chunk = cursor.new()
        if asked.is_set():
            return BY_USER
        try:
            if until is not None and chunk.samples and until(recorder, chunk):
                return "the athlete stands still after the movement"
            if progress is not None:
                progress(recorder.seconds)
        except Exception as error:
            recorder.log("watcher_failed", f"{type(error).__name__}: {error}")
            until = progress = None
    return "the agreed time is over"
