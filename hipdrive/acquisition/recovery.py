"""From a log to trial files: what `record` does when all went well, and `hipdrive recover` when it did not.

A log is read twice: once for what is in it, frame by frame, and once for the samples that a trial is made of. What is
missing in it ends a trial, as it does in a recording; what comes behind is the next trial.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive import disk
from hipdrive.acquisition import wire
from hipdrive.acquisition.closing import OURS, Epoch, Stretch, carriers, possible, trial_of
from hipdrive.acquisition.rawlog import DATA, SUFFIX, Damage, Frame, Log
from hipdrive.acquisition.saying import as_text, line_of
from hipdrive.acquisition.source import SourceInfo
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.results import FAIL, WARN, Finding
from hipdrive.trial import Edges, Floats, Gap, Tare, Trial, Truth

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

UNREAD = "log_damaged"
"""Code of a gap that only the log has."""

MOST_SAID, MOST_GAPS, MOST_TRIALS = 1_000_000, 1000, 1000
"""Facts of a log that are believed, gaps of a device, and trials that a log is cut into."""


@dataclass(frozen=True)
class Begun:
    """Where a trial begins, device -> sample, and what it was told."""

    places: Mapping[str, int]
    facts: Mapping[str, Any]
    tare: tuple[Tare, ...]


class Logged:
    """One device's part of a log."""

    def __init__(self, info: SourceInfo, log: Log) -> None:
        self.info, self._log = info, log
        self.edges: list[Edges] = []
        self.truth: Truth | None = None
        self._firsts: list[int] = []
        self._frames: list[Frame] = []
        self._gaps: dict[int, Gap] = {}
        self.row = int(np.dtype(info.dtype).itemsize) * len(info.channels)
        self._each = self.row + (8 if info.clock == "stamped" else 0)

    # --- while the log is read ---

    def add(self, frame: Frame) -> bool:
        """Take a frame of samples; false where it does not go on behind what is there."""
        if frame.length % self._each or not frame.length or frame.first < self.count:
            return False
        if frame.first > self.count and len(self._gaps) >= MOST_GAPS:
            return False
        if frame.first > self.count:
            self.missing(self.count, frame.first - self.count)
        self._firsts.append(frame.first)
        self._frames.append(frame)
        return True

    def missing(self, first: int, samples: int, code: str = UNREAD, text: str = "") -> None:
        """Samples are missing; what the recorder said of it counts more than what we see."""
        if first not in self._gaps and len(self._gaps) >= MOST_GAPS:
            raise ValueError("no recording has so many gaps")
        if code != UNREAD or first not in self._gaps:
            said = text or f"{self.info.id}: {samples} samples are missing in the log: the disk did not get them"
            self._gaps[first] = Gap(first_sample=first, samples=samples, code=code, text=said)

    # --- afterwards ---

    def _samples(self, frame: Frame) -> int:
        return frame.length // self._each

    @property
    def count(self) -> int:
        """The number behind the last sample that is there."""
        return self._frames[-1].first + self._samples(self._frames[-1]) if self._frames else 0

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing, in its order."""
        return tuple(self._gaps[first] for first in sorted(self._gaps))

    def blocks(self) -> NDArray[np.int64]:
        """First sample, number of samples and arrival of each frame, (frames, 3)."""
        rows = [(frame.first, self._samples(frame), frame.host_ns) for frame in self._frames]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples from start to stop, shape (n, channels).

        Raises
        ------
        UsageError : they are not all there.
        """
        return np.asarray(self._copied(start, stop, (len(self.info.channels),), self.info.dtype, 0, self.row))

    def stamps(self, start: int, stop: int) -> Floats | None:
        """The samples' own times, shape (n,), None where they have none."""
        if self.info.clock != "stamped":
            return None
        return np.asarray(self._copied(start, stop, (), np.dtype("<f8"), self.row, 8))

    def _copied(
        self, start: int, stop: int, shape: tuple[int, ...], dtype: Any, behind: int, each: int
    ) -> NDArray[Any]:
        """Of each frame the part that is asked for; it stands behind so many bytes a sample."""
        out = np.empty((max(0, stop - start), *shape), dtype)
        done, place = start, max(0, bisect.bisect_right(self._firsts, start) - 1)
        while done < stop and place < len(self._frames):
            frame = self._frames[place]
            n, skip = self._samples(frame), done - frame.first
            if not 0 <= skip < n:
                break
            take = min(n - skip, stop - done)
            at = frame.offset + behind * n + each * skip
            out[done - start : done - start + take] = np.frombuffer(
                self._log.piece(at, each * take), dtype=dtype
            ).reshape(take, *shape)
            done, place = done + take, place + 1
        if done < stop:
            raise UsageError("log_incomplete", f"{self._log.path}: holds {self.info.id} only up to sample {done}")
        out.flags.writeable = False
        return out

    def whole(self, start: int) -> int:
        """How far the samples go on without a gap from there."""
        return min([gap.first_sample for gap in self.gaps if gap.first_sample >= start and gap.samples]
                   + [max(self.count, start)])  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Recording:
    """All that a log holds.

    lines : for the logs of its trials. ended : whether the recorder came to its end. unread : bytes in which nothing
    was found; `tail` of them at the end.
    """

    path: Path
    log: Log
    rig: Rig | None
    epoch: Epoch
    devices: dict[str, Logged]
    begun: list[Begun] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ended: bool = False
    unread: int = 0
    tail: int = 0

    def __enter__(self) -> Recording:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.log.close()

    @property
    def seconds(self) -> float:
        """How long all devices go on."""
        return min((one.count / one.info.rate for one in self.devices.values()), default=0.0)


def opened(path: Path) -> Recording:
    """What is in a log.

    Raises
    ------
    UsageError : it cannot be read, is no log, or its beginning is missing.
    """
    log = Log(path)
    parts = log.frames()
    first = next(parts, None)
    facts = log.facts(first).get("header") if isinstance(first, Frame) and first.kind != DATA else None
    if not isinstance(facts, dict):
        raise UsageError("no_log", f"{path}: the beginning of the log is damaged, so nobody knows what its samples "
                         "mean; there is nothing to recover")  # fmt: skip
    try:
        rig = _rig(facts.get("rig"), path)
        epoch = Epoch(datetime.fromisoformat(str(facts["utc"])).astimezone(UTC), int(facts["monotonic_ns"]))
        infos = [wire.info_from_json(one) for one in facts["devices"]]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as why:
        raise UsageError("no_log", f"{path}: what the log says of its devices makes no sense ({why}); there is nothing "
                         "to recover") from None  # fmt: skip
    devices = [Logged(info, log) for info in infos]
    found = Recording(path=path, log=log, rig=rig, epoch=epoch, devices={one.info.id: one for one in devices})
    return _read(found, devices, parts)


def _rig(text: object, path: Path) -> Rig | None:
    """The rig of a recording, if it had one."""
    if not text:
        return None
    from hipdrive.hardware.rig import loads

    return loads(str(text), str(path))


def _read(found: Recording, devices: Sequence[Logged], parts: Iterator[Frame | Damage]) -> Recording:
    """All frames behind the first."""
    unread = tail = said = 0
    ended = False
    for part in parts:
        tail = 0
        if isinstance(part, Damage):
            unread, tail = unread + part.length, part.length
        elif part.kind == DATA:
            if part.device >= len(devices) or not devices[part.device].add(part):
                unread += part.length
        elif said < MOST_SAID:
            said += 1
            facts = found.log.facts(part)
            ended = ended or "end" in facts
            try:
                _hear(found, devices, facts)
            except (HipdriveError, KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError):
                unread += part.length
    return replace(found, ended=ended, unread=unread, tail=tail)


def _hear(found: Recording, devices: Sequence[Logged], facts: Mapping[str, Any]) -> None:
    """What one frame says."""
    if "line" in facts:
        found.lines.append(json.dumps(facts["line"], ensure_ascii=False))
    elif "begin" in facts:
        begin = facts["begin"]
        told = {str(name): value for name, value in begin["facts"].items() if name not in OURS}
        possible(told)
        places = {str(name): _index(place) for name, place in begin["places"].items()}
        found.begun.append(Begun(places, told, tuple(wire.tare_from_json(one) for one in begin["tare"])))
    elif "gap" in facts:
        number, first, samples, code, text = facts["gap"]
        devices[_index(number)].missing(_index(first), _index(samples), str(code)[:32], str(text)[:480])
    elif "edges" in facts:
        devices[_index(facts["device"])].edges.extend(wire.edges_from_json(one) for one in facts["edges"])
    elif "truth" in facts:
        devices[_index(facts["device"])].truth = wire.truth_from_json(facts["truth"])


def _index(value: object) -> int:
    """A number of something, which is none below zero."""
    number = int(value)  # type: ignore[call-overload]
    if not 0 <= number < 1 << 60:
        raise ValueError(f"{number} is no place")
    return int(number)


# --- trials ---


def trials(found: Recording) -> list[Trial]:
    """The trials of a recording: each that was begun, and what comes behind something missing.

    Raises
    ------
    UsageError : not one sample is there.
    """
    made: list[Trial] = []
    begun = found.begun or [Begun({}, {}, ())]
    for one, later in zip(begun, [*begun[1:], None], strict=True):
        until = found.seconds if later is None else min(found.seconds, _time(found, later.places))
        start = _time(found, one.places)
        while start < until and len(made) < MOST_TRIALS:
            piece, start = _piece(found, one, start, until)
            if piece is not None:
                made.append(trial_of(piece))
    if not made:
        raise UsageError(
            "nothing_recorded", f"{found.path}: not one sample is in this log; there is nothing to recover"
        )
    return made


def _time(found: Recording, places: Mapping[str, int]) -> float:
    """When all devices are at these samples, s."""
    return max((places.get(name, 0) / one.info.rate for name, one in found.devices.items()), default=0.0)


def _piece(found: Recording, begun: Begun, start: float, until: float) -> tuple[Stretch | None, float]:
    """What is there without a gap from a time on, None where that is nothing; and when to go on."""
    devices = found.devices
    starts = {name: int(start * one.info.rate + 1e-6) for name, one in devices.items()}
    end = min(until, *(one.whole(starts[name]) / one.info.rate for name, one in devices.items()))
    ends = {name: min(int(end * one.info.rate + 1e-6), one.whole(starts[name])) for name, one in devices.items()}
    gap, behind = None, end
    for name, one in devices.items():
        for missing in one.gaps:
            if starts[name] <= missing.first_sample <= ends[name] + 1 and end < until + 0.5 / one.info.rate:
                gap = gap or missing
                behind = max(behind, (missing.first_sample + missing.samples) / one.info.rate)
    behind = behind if behind > start else start + 1.0 / min(one.info.rate for one in devices.values())
    if not all(ends[name] > starts[name] for name in devices):
        return None, behind
    return _stretch(found, begun, starts, ends, gap), behind


def _stretch(
    found: Recording, begun: Begun, starts: Mapping[str, int], ends: Mapping[str, int], gap: Gap | None
) -> Stretch:
    """The samples between, with all that a trial of theirs should say."""
    devices = found.devices
    main = devices[carriers(found.rig, [one.info for one in devices.values()])[0]]
    first, last = starts[main.info.id], ends[main.info.id]
    late = first / main.info.rate - _time(found, begun.places)
    notes = [f"begins {late:.3f} s into the recording: what was before is missing or in another file"]
    facts = {**begun.facts, "truth": main.truth if first == 0 and last == main.count else None}
    if not found.ended and gap is None:
        facts["end_reason"] = BROKEN
    return Stretch(
        rig=found.rig, devices=devices, starts=starts, epoch=found.epoch, tare=begun.tare, gap=gap, facts=facts,
        counts={name: one.read(starts[name], ends[name]) for name, one in devices.items()},
        stamps={name: times for name, one in devices.items()
                if (times := one.stamps(starts[name], ends[name])) is not None},
        notes=[*(notes if late > 0.5 / main.info.rate else []), *_notes(found)],
        log=[*found.lines, *_said(found, last)],
    )  # fmt: skip


BROKEN = "the recording was broken off: its program or its computer stopped, and what came after that is missing"
"""Why a recording ends whose log has no end."""


def _said(found: Recording, sample: int) -> list[str]:
    """What the log of a trial says of how it came to be."""
    said = [line_of("recovered", f"made of {found.path.name}")]
    if not found.ended:
        said.insert(0, line_of("broken_off", BROKEN, sample=sample))
    return [as_text(line) for line in said]


def _notes(found: Recording) -> list[str]:
    """What everybody should know who looks at a trial of this log."""
    notes = [] if found.ended else [BROKEN]
    if found.unread:
        notes.append(f"{found.unread} bytes of the log could not be read ({found.tail} of them at its end)")
    return notes


# --- is it whole? ---


def check(path: Path) -> list[Finding]:
    """What there is to say of a log.

    Raises
    ------
    UsageError : it cannot be read, or is no log.
    """
    with opened(path) as found:
        there = Finding(check="log", level=WARN, value=found.seconds, unit="s", remedy=f"hipdrive recover {path}",
                        message=f"{found.seconds:.2f} s of a recording that is in no trial file yet")  # fmt: skip
        said = [there]
        if not found.ended:
            said.append(Finding(check="log_end", level=WARN, value=math.nan, unit="", message=BROKEN, remedy=""))
        if found.unread:
            text = f"{found.unread} bytes cannot be read, {found.tail} of them at the end"
            level = WARN if found.unread == found.tail else FAIL
            said.append(Finding(check="log_bytes", level=level, value=float(found.unread), unit="byte", message=text,
                                remedy="recover what is whole"))  # fmt: skip
        for device in found.devices.values():
            for gap in device.gaps:
                said.append(Finding(check="gaps", level=WARN, value=float(gap.samples), unit="sample",
                                    message=f"{gap.text} (sample {gap.first_sample})", remedy=""))  # fmt: skip
    return said


# --- files ---


@dataclass(frozen=True)
class Saved:
    """A trial file that holds what was in the log; `new` where it was not there before."""

    path: Path
    trial: Trial
    new: bool


def recover(path: Path, out: Path | None = None, *, keep: bool = False) -> list[Saved]:
    """Make trial files of a log and remove it, unless something of it could not be read.

    out : name of the (first) file, by default the log's with .h5. A file that is there is never overwritten: where it
    holds the same samples it is taken as done, else another name is. keep : do not remove the log.

    Raises
    ------
    UsageError : it is being recorded, cannot be read, is no log, or holds nothing.
    StoreError : the file cannot be written; the log stays.
    """
    with free(path), opened(path) as found:
        made = [_saved(trial, out or path.with_suffix(".h5"), number) for number, trial in enumerate(trials(found))]
        whole = not found.unread
    if whole and not keep:
        remove(path)
    return made


def _saved(trial: Trial, target: Path, number: int) -> Saved:
    """One file; the second trial of a log and what may not be overwritten get a number."""
    from hipdrive import store

    while True:
        name = target if not number else target.with_name(f"{target.stem}-{number + 1}{target.suffix}")
        if not name.exists():
            return Saved(store.save(name, trial), trial, True)
        if _holds(name, trial):
            return Saved(name, trial, False)
        number += 1


def _holds(path: Path, trial: Trial) -> bool:
    """Whether a file has the raw values of a trial."""
    from hipdrive import store

    try:
        there = store.load_trial(path)
    except HipdriveError:
        return False
    return [one.device for one in there.raw] == [one.device for one in trial.raw] and all(
        np.array_equal(one.values, other.values) for one, other in zip(there.raw, trial.raw, strict=True)
    )


@contextlib.contextmanager
def free(path: Path) -> Iterator[None]:
    """Hold a log, so that nobody else does meanwhile.

    Raises
    ------
    UsageError : somebody does, or it cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError as why:
        raise UsageError("no_log", f"{path}: cannot be opened ({why.strerror or why}); check the name") from None
    try:
        if not disk.lock(handle):
            raise UsageError("log_busy", f"{path}: is being recorded right now; end that recording first")
        yield
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Take a log away whose samples are all in a trial file."""
    with contextlib.suppress(OSError):
        path.unlink()
        disk.sync_folder(path.parent)


def beside(file: Path) -> Path:
    """A name for the log of a recording into a file: beside it, and of no log that somebody left behind."""
    path, number = file.with_suffix(SUFFIX), 2
    while path.exists():
        path, number = file.with_name(f"{file.stem}-{number}{SUFFIX}"), number + 1
    return path


def logs(paths: Iterable[Path]) -> list[Path]:
    """The logs that are named, and those in folders that are.

    Raises
    ------
    UsageError : there is none.
    """
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not found:
        raise UsageError("no_log", "no recording was left unfinished there: no file ends in .hiplog")
    return list(dict.fromkeys(found))


def unfinished(folder: Path) -> list[Path]:
    """Logs in a folder that nobody is writing."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with contextlib.suppress(UsageError), free(path):
            found.append(path)
    return found
