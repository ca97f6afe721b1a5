"""From sources to trials: a thread for each device reads into a ring, and a trial is a stretch cut out of the rings.

The threads wait for nobody. Samples are placed by the device's own counter; a sample that is missing ends the trial
that is being recorded, with a `Gap` and a line in its log, and nothing is ever filled in.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.ring import Overrun, Ring
from hipdrive.acquisition.source import (
    Source,
    SourceEnd,
    SourceFault,
    SourceGap,
    SourceLost,
    SourceTimeout,
    open_sources,
)
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import QUANTITY_UNITS, Edges, Floats, Gap, Raw, Signal, Tare, Trial, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

RING_S = 60.0
"""s that are kept: longer than any trial but a long hop series or balance test, which say so."""

LARGEST = 1e9
"""Bytes that a ring may take where nobody said how long a recording will be."""

POLL_S, PATIENCE_S, EDGES_S = 0.2, 5.0, 0.5
"""s: how long a read waits before it looks whether to stop; silence after which a device counts as lost; how often
edges are fetched."""

STOPPED, ENDED, STALLED = "stopped", "ended", "stalled"


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Mark:
    """What `begin` was told, and where the trial begins: device -> sample."""

    places: Mapping[str, int]
    facts: Mapping[str, Any]
    tare: tuple[Tare, ...]
    log_from: int = 0


class _Reader(threading.Thread):
    """Reads one source until it ends, fails or is to stop; owns the source meanwhile."""

    def __init__(self, source: Source, recorder: Recorder, ring_s: float, limit_s: float | None) -> None:
        super().__init__(name=f"hipdrive-{source.info.id}", daemon=True)
        info = source.info
        self.source, self.recorder, self.info = source, recorder, info
        self.limit = None if limit_s is None else max(1, round(limit_s * info.rate))
        self.ring = Ring(max(info.block, int(np.ceil(ring_s * info.rate))), len(info.channels), block=info.block,
                         dtype=info.dtype)  # fmt: skip
        self.blocks: deque[tuple[int, int, int]] = deque(maxlen=4 + 2 * (self.ring.capacity // info.block))
        self.gaps: list[Gap] = []
        self.edges: list[Edges] = []
        self.started = threading.Event()
        self.finished = threading.Event()
        self.failure: HipdriveError | None = None
        self.triggered = recorder.triggered(info.id)

    def run(self) -> None:
        """Everything the thread does."""
        try:
            self.source.start()
        except HipdriveError as error:
            self.failure = error
            self.started.set()
            self.recorder.halt()
            self.finished.set()
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
            self.source.stop()
            self.finished.set()
            self.recorder.source_ended()

    def _read_all(self) -> None:
        out = np.empty((len(self.info.channels), self.info.block), self.info.dtype)
        patience = max(POLL_S, 2.0 * self.info.block / self.info.rate)
        heard = fetched = time.monotonic()
        waiting = self.triggered  # until its first sample such a device may take its time
        while not self.recorder.stopping.is_set():
            room = out if self.limit is None else out[:, : self.limit - self.ring.count]
            if not room.shape[1]:
                self.recorder.log(ENDED, "the agreed time is over", self.info.id, self.ring.count)
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
            self._keep(out[:, : block.n], block.first_sample, block.host_ns)
            return block.n
        except SourceTimeout as short:
            if short.n:
                self._keep(out[:, : short.n], self.ring.count, short.host_ns)
            return short.n
        except SourceEnd as end:
            if end.n:
                self._keep(out[:, : end.n], self.ring.count, end.host_ns)
            self.recorder.log(ENDED, end.text, self.info.id, self.ring.count)
            return None
        except SourceGap as gap:
            self._gap(gap.samples, gap.code, gap.text)
            return 0

    def _keep(self, values: NDArray[Any], first_sample: int, host_ns: int) -> None:
        """Put samples where their number says."""
        ahead = first_sample - self.ring.count
        if ahead > 0:
            self._gap(ahead, "gap", f"{self.info.id}: the sample counter jumped by {ahead}")
        elif ahead < 0:
            raise SourceLost("counter", f"{self.info.id}: the sample counter went back by {-ahead}")
        self.ring.push(values)
        self.blocks.append((first_sample, values.shape[1], host_ns))

    def _gap(self, samples: int, code: str, text: str) -> None:
        self.gaps.append(Gap(first_sample=self.ring.count, samples=samples, code=code, text=text))
        self.recorder.log(code, text, self.info.id, self.ring.count, samples=samples)
        self.ring.skip(samples)

    def _lost(self, fault: SourceFault) -> None:
        """The device is over: its last record."""
        samples = getattr(fault, "samples", 0)
        self.gaps.append(Gap(first_sample=self.ring.count, samples=samples, code=fault.code, text=fault.text))
        self.recorder.log(fault.code, fault.text, self.info.id, self.ring.count, samples=samples)

    def _fetch_edges(self) -> None:
        found = self.source.edges()
        self.edges.extend(found)

    # --- for others ---

    def next_gap(self, start: int) -> int | None:
        """Where the first gap at or after a sample is."""
        return min((gap.first_sample for gap in list(self.gaps) if gap.first_sample >= start), default=None)

    def past(self, start: int) -> int:
        """The sample at which reading can go on from here: behind a gap that begins here."""
        for gap in list(self.gaps):
            if gap.first_sample == start:
                start += gap.samples
        return min(start, self.ring.count)

    def first_sample_ns(self) -> int | None:
        """Monotonic time of sample 0 by the block that came with the least delay, ns."""
        blocks = list(self.blocks)
        if not blocks:
            return None
        return min(host - round((first + n) / self.info.rate * 1e9) for first, n, host in blocks)


class Cursor:
    """A place in the rings: `new` gives what came since the last call, and never waits."""

    def __init__(self, recorder: Recorder, places: Mapping[str, int]) -> None:
        self._recorder = recorder
        self._places = dict(places)

    def new(self) -> Chunk:
        """The samples since the last call, of all devices over the same time; perhaps none.

        A chunk ends at a gap; the next begins behind it, and its `lost` says how many samples are missing.
        """
        readers, lost = self._recorder.readers, 0
        for _ in range(3):
            ends = self._recorder.common(self._places)
            if ends == self._places:
                lost += self._pass_gap()
                ends = self._recorder.common(self._places)
            try:
                counts = {name: one.ring.read(self._places[name], ends[name]) for name, one in readers.items()}
            except Overrun as late:
                lost += self._jump(late)
                continue
            chunk = Chunk(first_sample=next(iter(self._places.values())), counts=counts, lost=lost)
            self._places = ends
            return chunk
        empty = {name: one.ring.read(one.ring.count, one.ring.count) for name, one in readers.items()}
        return Chunk(first_sample=next(iter(self._places.values())), counts=empty, lost=lost)

    def _pass_gap(self) -> int:
        """Go on behind a gap that begins here, with all devices; how many samples of the first are missing."""
        readers = self._recorder.readers
        shifts = {name: one.past(self._places[name]) - self._places[name] for name, one in readers.items()}
        missing = max(shift / readers[name].info.rate for name, shift in shifts.items())
        behind = {name: self._places[name] + round(missing * one.info.rate) for name, one in readers.items()}
        if not missing or any(behind[name] > one.ring.count for name, one in readers.items()):
            return 0
        name, before = next(iter(self._places.items()))
        self._places = behind
        return behind[name] - before

    def _jump(self, late: Overrun) -> int:
        """Go on where samples are left; how many of the first device were overwritten."""
        name, before = next(iter(self._places.items()))
        behind = max((one.ring.oldest + one.ring.block) / one.info.rate for one in self._recorder.readers.values())
        for key, one in self._recorder.readers.items():
            self._places[key] = min(one.ring.count, max(self._places[key], round(behind * one.info.rate)))
        lost = self._places[name] - before
        self._recorder.log("overrun", f"a reader was too slow, {lost} samples were overwritten ({late})", name, before)
        return lost


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
        self.readers: dict[str, _Reader] = {}
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
        opened: list[Source] = []
        try:
            for source in self.sources:
                opened.append(source)
                source.open()
            self._check()
            self.readers = {one.info.id: _Reader(one, self, self._ring_s, self._limit_s) for one in self.sources}
        except BaseException:
            for source in opened:
                source.close()
            raise
        for source in self.sources:
            self.log("opened", "sampling", source.info.id, 0, rate_hz=source.info.rate, **source.info.identity)
        self._opened = len(self._log)
        # devices that wait for a trigger first, so that the one that gives it finds them waiting
        for one in sorted(self.readers.values(), key=lambda one: not self.triggered(one.info.id)):
            one.start()
            one.started.wait()
        failed = [one.failure for one in self.readers.values() if one.failure is not None]
        if failed:
            self.stop()
            raise failed[0]
        if len(self.readers) > 1 and sum(not self.triggered(name) for name in self.readers) > 1:
            self.log("unsynchronised", "several devices were started by software: their samples may be some "
                     "milliseconds apart; a start trigger in the rig file mends that")  # fmt: skip

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
        for one in self.readers.values():
            if one.ident is not None:
                one.join()
        for source in self.sources:
            source.close()
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
        return {name: int(seconds * one.info.rate + 1e-6) for name, one in self.readers.items()}

    def common(self, starts: Mapping[str, int]) -> dict[str, int]:
        """Device -> how far all can be read from there: to the same time, and not across a gap."""
        ends = {}
        for name, one in self.readers.items():
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
        raws = [self._raw(name, counts) for name, counts in chunk.counts.items()]
        found = self._forces(raws, tare)
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
        values = {name: self._raw(name, rows).scaled() for name, rows in counts.items()}
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
        known = set(Trial.__dataclass_fields__)
        for name in facts:
            if name not in known:
                raise UsageError("fact", f"a trial has no fact {name!r}; it has {', '.join(sorted(known))}")
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
        raws = tuple(self._raw(name, rows, starts[name]) for name, rows in counts.items())
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
        found = self._forces(raws, mark.tare)
        main = next(raw for raw in raws if raw.device == self._carrying()[0])
        names = self.plates
        roles = {f"{plate}.fz" for plate in names}
        ranges: Mapping[str, float] = {}
        if self.rig is not None:
            from hipdrive.hardware import plates

            ranges = plates.ranges(self.rig)
        samples = len(main.values)
        told = {"created": datetime.now(UTC).isoformat(timespec="seconds"),
                "truth": self._truth(main.device, starts[main.device], samples), **mark.facts, **facts}  # fmt: skip
        return Trial(
            fz=np.array([found[f"{plate}.fz"] for plate in names]),
            rate=main.rate,
            plates=names,
            ranges=tuple(ranges.get(plate, np.nan) for plate in names),
            components={role: values for role, values in found.items() if role not in roles},
            signals=tuple(self._signals(raws)),
            raw=raws,
            gaps=tuple(one for raw in raws for one in raw.gaps),
            edges=tuple(self._edges(starts, {raw.device: len(raw.values) for raw in raws})),
            notes=tuple(notes),
            rig=self.rig.text if self.rig is not None else "",
            tare=mark.tare,
            log=(*self._log[: self._opened], *self._log[max(mark.log_from, self._opened) :]),
            end_reason=gap.text if gap else "",
            **{name: value for name, value in told.items() if value is not None},
        )

    def _raw(self, device: str, counts: NDArray[Any], start: int | None = None) -> Raw:
        """What a device delivered; with a start also when, and what is missing behind it."""
        one = self.readers[device]
        info, stop = one.info, (start or 0) + len(counts)
        more: dict[str, Any] = {}
        if start is not None:
            blocks = [
                (first - start, n, host) for first, n, host in list(one.blocks) if start < first + n and first < stop
            ]
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
            device=device,
            values=counts,
            channels=tuple(channel.terminal for channel in info.channels),
            roles=tuple(channel.role for channel in info.channels),
            units=tuple(channel.unit for channel in info.channels),
            rate=info.rate,
            scaling=info.scaling,
            **more,
        )

    def _forces(self, raws: Sequence[Raw], tare: Sequence[Tare]) -> dict[str, Floats]:
        """Everything the plates measure, by role."""
        if self.rig is not None:
            from hipdrive.hardware import plates

            return plates.forces(self.rig, {raw.device: raw.scaled() for raw in raws}, {t.plate: t.mean for t in tare})
        known, found = set(QUANTITY_UNITS.values()), {}
        for raw in raws:
            for role, unit, row in zip(raw.roles, raw.units, raw.scaled().T, strict=True):
                if unit in known and "." in role:
                    found[role] = row
        return found

    def _signals(self, raws: Sequence[Raw]) -> list[Signal]:
        """Channels that belong to no plate, such as an analogue start signal."""
        return [Signal(name=role, values=raw.scaled()[:, place], rate=raw.rate, unit=raw.units[place])
                for raw in raws for place, role in enumerate(raw.roles) if role and "." not in role]  # fmt: skip

    def _edges(self, starts: Mapping[str, int], samples: Mapping[str, int]) -> list[Edges]:
        """Edges within the trial, counted from its first sample."""
        found = []
        for device, one in self.readers.items():
            for name in dict.fromkeys(part.name for part in one.edges):
                parts = [part for part in one.edges if part.name == name]
                rate = parts[0].rate
                first, last = (round(place / one.info.rate * rate) for place in
                               (starts[device], starts[device] + samples[device]))  # fmt: skip
                ticks = np.concatenate([part.ticks for part in parts])
                ticks = ticks[(ticks >= first) & (ticks < last)] - np.uint64(first)
                found.append(Edges(name=name, ticks=ticks, rate=rate))
        return found

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
    **facts: Any,
) -> Trial:
    """Record one trial and return it: until `seconds` are over, `until` says so, or Ctrl-C.

    Parameters
    ----------
    rig : a rig, a rig file or the name of an example rig, such as "simulated".
    until : called with the recorder and each new chunk of counts; true ends the recording.
    sources : by default those of the rig. progress : called with the seconds recorded so far.
    facts : of the trial: athlete, box_height, mass ...

    Raises
    ------
    UsageError : the rig or a device is not as it should be; one sentence says what to do.
    """
    from hipdrive.hardware import rig as rigs

    loaded = rigs.load(rig) if isinstance(rig, str | Path) else rig
    if sources is None and {device.driver for device in loaded.devices} == {"simulated"}:
        from hipdrive.acquisition.simulated.athlete import MAKERS

        sources = open_sources(loaded, test=test if test in MAKERS else "dj")
    recorder = Recorder(loaded, sources, _longest(loaded) if seconds is None else seconds, limit_seconds=seconds)
    recorder.begin(test=test, **facts)
    with recorder:
        try:
            why = _watch(recorder, until, progress)
        except KeyboardInterrupt:
            why = "stopped by the user"
        recorder.halt()
    return recorder.end(why)


def _longest(rig: Rig) -> float:
    """How long a recording without an agreed end may get, s: ten minutes, or what LARGEST bytes hold."""
    rate = sum(device.rate_hz * len(rig.channels(device.id)) for device in rig.devices)
    return min(600.0, LARGEST / (4.0 * rate))


def _watch(
    recorder: Recorder, until: Callable[[Recorder, Chunk], bool] | None, progress: Callable[[float], None] | None
) -> str:
    """Wait for the end of a recording; why it ended. What is called meanwhile cannot break the recording."""
    cursor, done = recorder.cursor(first=True), False
    while not done:
        done = recorder.finished.wait(0.02)  # look first, then fetch: so the last samples are seen, too
        chunk = cursor.new()
        try:
            if until is not None and chunk.samples and until(recorder, chunk):
                return "the athlete stands still after the movement"
            if progress is not None:
                progress(recorder.seconds)
        except Exception as error:
            recorder.log("watcher_failed", f"{type(error).__name__}: {error}")
            until = progress = None
    return "the agreed time is over"
