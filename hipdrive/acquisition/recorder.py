"""From sources to trials: a thread for each device reads into a ring, and a trial is a stretch cut out of the rings.

The threads wait for nobody. Samples are placed by the device's own counter; a sample that is missing ends the trial
that is being recorded, with a `Gap` and a line in its log, and nothing is ever filled in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition import recovery, wire
from hipdrive.acquisition.closing import (
    Epoch,
    Stretch,
    carriers,
    forces_of,
    plain_raw,
    plates_of,
    possible,
    trial_of,
)
from hipdrive.acquisition.crew import LARGEST, Crew, Plan
from hipdrive.acquisition.cursor import Chunk, Cursor
from hipdrive.acquisition.interrupt import Asked, held_back
from hipdrive.acquisition.reader import EDGES_S
from hipdrive.acquisition.ring import Overrun
from hipdrive.acquisition.saying import Line, as_text, line_of
from hipdrive.acquisition.source import Source, SourceInfo, open_sources
from hipdrive.acquisition.stream import Delivered, Stream
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats, Gap, Tare, Trial

__all__ = ["RING_S", "Chunk", "Cursor", "Recorder", "record"]

if TYPE_CHECKING:
    from hipdrive.acquisition.apart import Apart
    from hipdrive.hardware.rig import Rig

RING_S = 60.0
"""s that are kept: longer than any trial but a long hop series or balance test, which say so."""

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
    is kept in memory. limit_seconds : the sources end by themselves after so long. log : a new file to which the
    samples are written while they come, so that they outlive this program; see `recovery`. apart : read the devices
    in a process of its own, which nothing here can delay and which outlives this one; then `options` are those of
    `open_sources`, and there are no `sources`.

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
        log: Path | None = None,
        apart: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        from hipdrive.hardware import rig as rigs

        self.rig: Rig | None = rigs.load(rig) if isinstance(rig, str | Path) else rig
        if self.rig is None and (sources is None or apart):
            raise UsageError("no_source", "nothing to record from; give a rig or sources")
        for name, value in (("seconds", limit_seconds), ("ring_seconds", ring_seconds)):
            if value is not None and not 0.01 <= value <= 24 * 3600.0:
                raise UsageError("seconds", f"{name}: {value:g} s cannot be recorded; give 0.01 to 86400 s")
        self.plan = Plan(ring_s=ring_seconds, limit_s=limit_seconds, log=log)
        self._log: list[str] = []
        self._lock = threading.Lock()
        self._mark: _Mark | None = None
        self._opened = 0
        self._started = False
        self.partial = False
        self.epoch = Epoch.now()
        self.sources: tuple[Source, ...] = ()
        self.crew: Crew | Apart
        if apart:
            from hipdrive.acquisition.apart import Apart

            self.crew = Apart(self._the_rig(), dict(options or {}), self.plan, self._heard)
        else:
            opened = open_sources(self._the_rig(), **(options or {})) if sources is None else sources
            self.sources = tuple(opened)
            self.crew = Crew(self.rig, self.sources, self.plan, self._heard)

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
        if self._started:
            raise UsageError("started", "this recorder has been started already; make a new one for a new recording")
        self._started = True
        self.stopping.clear()
        self.finished.clear()
        self.epoch = Epoch.now()
        try:
            self.crew.open()
            self._opened = len(self._log)
            self._begun()
            self.crew.start()
        except BaseException:
            self.stop()
            self._started = bool(self.crew.running)
            if not self._started:
                self.crew.streams.clear()
            raise

    def halt(self) -> None:
        """Tell all threads to stop, and do not wait."""
        self.crew.halt()

    def stop(self) -> None:
        """Stop sampling, keep what the drivers still hold, and give the devices free. Trials can still be ended."""
        self.crew.stop()

    def log(self, code: str, text: str, device: str = "", sample: int | None = None, **facts: Any) -> None:
        """Add a line to the log: JSON with time, code, text, device and sample."""
        line = line_of(code, text, device, sample, **facts)
        self._heard(line)
        self.crew.keep(line=line)

    def _heard(self, line: Line) -> None:
        """A line of whoever records."""
        with self._lock:
            self._log.append(as_text(line))

    # --- looking ---

    @property
    def streams(self) -> dict[str, Stream]:
        """Device -> what it delivered so far; empty before the start."""
        return self.crew.streams

    @property
    def stopping(self) -> threading.Event:
        """Set when all devices are to stop."""
        return self.crew.stopping

    @property
    def finished(self) -> threading.Event:
        """Set when nothing more will come."""
        return self.crew.finished

    @property
    def seconds(self) -> float:
        """How much was recorded so far, s."""
        return min((one.ring.count / one.info.rate for one in self.streams.values()), default=0.0)

    @property
    def rate(self) -> float:
        """Sampling rate of the plates, Hz; final once the devices are open."""
        if not self.streams and not self.sources:
            return self._the_rig().device(carriers(self.rig, ())[0]).rate_hz
        infos = self._infos()
        return next(info.rate for info in infos if info.id in carriers(self.rig, infos))

    def _infos(self) -> list[SourceInfo]:
        """What each device delivers, final once they are open."""
        return [one.info for one in (self.streams or self._unopened()).values()]

    def _unopened(self) -> Mapping[str, Source]:
        return {source.info.id: source for source in self.sources}

    @property
    def broken(self) -> Gap | None:
        """What ended the trial that is being recorded, if anything did."""
        if self._mark is None:
            return None
        return self._gap_at({name: self._mark.places.get(name, 0) for name in self.streams}, None)

    def _gap_at(self, starts: Mapping[str, int], before: float | None) -> Gap | None:
        """The first gap of any device from its start on, and before a time, s, where one is given."""
        found = [(gap.first_sample / one.info.rate, gap) for name, one in self.streams.items() for gap in one.gaps
                 if gap.first_sample >= starts[name]]  # fmt: skip
        within = [(time, gap) for time, gap in found if before is None or time < before]
        return min(within, key=lambda one: one[0])[1] if within else None

    def places(self) -> dict[str, int]:
        """Device -> number of the next sample, all at the same time."""
        return self._at(self.seconds)

    def _at(self, seconds: float) -> dict[str, int]:
        return {name: int(seconds * one.info.rate + 1e-6) for name, one in self._running().items()}

    def _running(self) -> Mapping[str, Stream]:
        if not self.streams:
            raise UsageError("not_started", "nothing is being sampled yet; start the recorder first")
        return self.streams

    def common(self, starts: Mapping[str, int]) -> dict[str, int]:
        """Device -> how far all can be read from there: to the same time, and not across a gap."""
        ends = {}
        for name, one in self._running().items():
            gap = one.next_gap(starts[name])
            ends[name] = one.ring.count if gap is None else min(one.ring.count, gap)
        first = {one.info.rate for one in self.streams.values()}
        if len(first) == 1:
            end = min(ends.values())
            return {name: max(start, min(end, ends[name])) for name, start in starts.items()}
        until = min(end / self.streams[name].info.rate for name, end in ends.items())
        return {name: max(start, min(self._at(until)[name], ends[name])) for name, start in starts.items()}

    def cursor(self, *, first: bool = False) -> Cursor:
        """A reader of what comes from now on, or from the first sample on."""
        return Cursor(self, self._at(0.0) if first else self.places())

    @property
    def plates(self) -> tuple[str, ...]:
        """The plates, in the order of the rig."""
        return plates_of(self.rig, self._infos())

    def newtons(self, chunk: Chunk, tare: Sequence[Tare] = ()) -> Floats:
        """Vertical force of each plate, shape (plates, samples), N."""
        raws = [plain_raw(self.streams[name].info, counts) for name, counts in chunk.counts.items()]
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
        counts = {name: one.ring.read(starts[name], ends[name]) for name, one in self.streams.items()}
        values = {name: plain_raw(self.streams[name].info, rows).scaled() for name, rows in counts.items()}
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
        if self.streams:
            places = self._at(max(0.0, self.seconds - before))
            for name, one in self.streams.items():
                behind = [gap.first_sample + gap.samples for gap in one.gaps]
                places[name] = max([places[name], one.ring.oldest, *behind])
            late = max(place / self.streams[name].info.rate for name, place in places.items())
            places = self._at(late)
        kept = {name: value for name, value in facts.items() if value is not None}
        self._mark = _Mark(places=places, facts=kept, tare=tuple(tare), log_from=len(self._log))
        self.log("begin", f"a trial begins: {json.dumps(kept, default=str)}")
        if self._started:
            self._begun()

    def _begun(self) -> None:
        """Into the log on the disk, whose trial begins and where."""
        if self._mark is not None:
            self.crew.keep(begin={"places": dict(self._mark.places), "facts": dict(self._mark.facts),
                                  "tare": [wire.tare_as_json(tare) for tare in self._mark.tare]})  # fmt: skip

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
        if not 0 <= begin < end or any(places[name] >= one.ring.count for name, one in self.streams.items()):
            raise UsageError("cut", f"samples {begin} to {end} are not recorded; give a stretch that is")
        return self._closed(_Mark(places=places, facts={}, tare=tuple(tare)), end / self.rate, "", facts)

    def _closed(self, mark: _Mark, until: float | None, why: str, facts: Mapping[str, Any]) -> Trial:
        """The trial from a mark to a time, s, or to now, or to the gap that ended it."""
        starts = {name: mark.places.get(name, 0) for name in self.streams}
        there = self.common(starts)
        ends = there if until is None else {name: min(end, self._at(until)[name]) for name, end in there.items()}
        held = self._held(starts, ends)
        gap = self._gap_at(held.starts, until)
        if not all(len(rows) for rows in held.counts.values()):
            raise UsageError("nothing_recorded", gap.text if gap else "not one sample was recorded; check the start "
                             "trigger and the sample clock")  # fmt: skip
        self.log("end", gap.text if gap else why or "ended", sample=next(iter(ends.values())))
        lost = [one.edges_lost[1] for name, one in self.streams.items() if one.edges_lost is not None
                and one.edges_lost[0] < ends[name] + EDGES_S * one.info.rate]  # fmt: skip
        main = carriers(self.rig, self._infos())[0]
        truth = self.crew.truth(main, held.starts[main], len(held.counts[main]))
        return trial_of(replace(
            held, tare=mark.tare, facts={"truth": truth, **mark.facts, **facts}, notes=[*held.notes, *lost], gap=gap,
            log=(*self._log[: self._opened], *self._log[max(mark.log_from, self._opened) :]),
        ))  # fmt: skip

    def _held(self, starts: dict[str, int], ends: Mapping[str, int]) -> Stretch:
        """The samples between, from the rings while they run, else from the log; or as many of the last as are there.

        Once all is over and the log came to its end, the trial is made of what is on the disk.
        """
        late = any(one.ring.oldest > starts[name] for name, one in self.streams.items())
        if self.plan.log is not None and (late or self.finished.is_set()):
            try:
                found = self._logged(self.plan.log, starts, ends, whole=not late)
            except HipdriveError as why:
                self.log("log_unread", f"{why}; what is in memory is taken")
            else:
                if found is not None:
                    return found
        return self._rings(starts, ends)

    def _logged(self, log: Path, starts: dict[str, int], ends: Mapping[str, int], *, whole: bool) -> Stretch | None:
        """The same from the log; None where it has no end, and shall."""
        with recovery.opened(log) as found:
            if whole and not found.ended:
                return None
            counts = {name: found.devices[name].read(starts[name], ends[name]) for name in self.streams}
            stamps = {name: times for name in self.streams
                      if (times := found.devices[name].stamps(starts[name], ends[name])) is not None}  # fmt: skip
        for name, one in self.streams.items():
            for gap in one.gaps:  # also those that were too late for the log
                found.devices[name].missing(gap.first_sample, gap.samples, gap.code, gap.text)
        return self._stretch(found.devices, starts, counts, stamps, [])

    def _stretch(
        self, devices: Mapping[str, Delivered], starts: Mapping[str, int], counts: Mapping[str, NDArray[Any]],
        stamps: Mapping[str, Floats], notes: Sequence[str],
    ) -> Stretch:  # fmt: skip
        return Stretch(rig=self.rig, devices=devices, starts=starts, counts=counts, stamps=stamps, notes=notes,
                       epoch=self.epoch)  # fmt: skip

    def _rings(self, starts: Mapping[str, int], ends: Mapping[str, int]) -> Stretch:
        """The same from the rings."""
        for margin in (0, 8, 64, 512):  # blocks that a running writer may go on while we copy
            late = max(0.0, *((one.ring.oldest + margin * one.info.block - starts[name]) / one.info.rate
                              for name, one in self.streams.items()))  # fmt: skip
            shifted = {name: min(ends[name], starts[name] + int(np.ceil(late * one.info.rate)))
                       for name, one in self.streams.items()}  # fmt: skip
            try:
                counts = {name: one.ring.read(shifted[name], ends[name]) for name, one in self.streams.items()}
                stamps = {name: times for name, one in self.streams.items()
                          if (times := one.ring.stamps(shifted[name], ends[name])) is not None}  # fmt: skip
            except Overrun:
                continue
            for rows in counts.values():
                rows.flags.writeable = False
            notes = []
            if late:
                kept = min(one.ring.capacity / one.info.rate for one in self.streams.values())
                notes = [f"the first {late:.2f} s are not kept: the recorder holds the last {kept:g} s"]
                self.log("overrun", notes[0])
                self.partial = True
            return self._stretch(self.streams, shifted, counts, stamps, notes)
        raise UsageError("overrun", "the samples are overwritten faster than they can be copied; make the ring longer")


def record(
    rig: Rig | str | Path,
    *,
    test: str = "auto",
    seconds: float | None = None,
    until: Callable[[Recorder, Chunk], bool] | None = None,
    sources: Sequence[Source] | None = None,
    progress: Callable[[float], None] | None = None,
    file: str | Path | None = None,
    keep: Callable[[Trial], object] | None = None,
    apart: bool = False,
    options: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Trial:
    """Record one trial and return it: until `seconds` are over, `until` says so, or Ctrl-C.

    Parameters
    ----------
    rig : a rig, a rig file or the name of an example rig, such as "simulated".
    until : called with the recorder and each new chunk of counts; true ends the recording.
    sources : by default those of the rig. progress : called with the seconds recorded so far.
    file : the trial file to write. While it is recorded a log stands beside it, so that nothing is lost whatever
        happens to this program (`hipdrive recover`); it is removed once the file is written and read back.
    keep : called with the trial to save it in place of that, before Ctrl-C can break anything off again.
    apart : record in a process of its own. options : as `open_sources` takes them.
    facts : of the trial: athlete, box_height, mass ...

    Raises
    ------
    UsageError : the rig or a device is not as it should be; one sentence says what to do.
    """
    from hipdrive.hardware import rig as rigs

    loaded = rigs.load(rig) if isinstance(rig, str | Path) else rig
    told = dict(options or {})
    if sources is None and {device.driver for device in loaded.devices} == {"simulated"}:
        from hipdrive.acquisition.simulated.athlete import SIMULATED

        told = {"test": test if test in SIMULATED else "dj", **told}
    log = None if file is None else recovery.beside(Path(file))
    ring = _longest(loaded) if seconds is None else seconds
    recorder = Recorder(loaded, sources, ring if log is None else min(ring, _longest(loaded)), limit_seconds=seconds,
                        log=log, apart=apart, options=told)  # fmt: skip
    recorder.begin(test=test, **facts)
    with held_back(recorder) as asked:
        with recorder:
            try:
                why = _watch(recorder, until, progress, asked)
            except KeyboardInterrupt:
                why = BY_USER
            recorder.halt()
        trial = recorder.end(why)
        _kept(recorder, trial, file, keep)
    return trial


def _kept(recorder: Recorder, trial: Trial, file: str | Path | None, keep: Callable[[Trial], object] | None) -> None:
    """Save a trial; only then, and only if it is all there is, its log goes."""
    if keep is not None:
        keep(trial)
    elif file is not None:
        from hipdrive import store

        store.save(file, trial)
    if recorder.plan.log is not None and not recorder.partial:
        recovery.remove(recorder.plan.log)


def _longest(rig: Rig) -> float:
    """How long a recording without an agreed end may get, s: ten minutes, or what LARGEST bytes hold."""
    rate = sum(device.rate_hz * len(rig.channels(device.id)) for device in rig.devices)
    return min(600.0, LARGEST / (4.0 * rate))


def _watch(
    recorder: Recorder,
    until: Callable[[Recorder, Chunk], bool] | None,
    progress: Callable[[float], None] | None,
    asked: Asked,
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
