"""`hipdrive overlay`: a copy of the clip with skeleton, force and events drawn on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hipdrive.errors import UsageError
from hipdrive.report.inputs import Ask, analysed, trials
from hipdrive.report.watching import watched
from hipdrive.report.words import clean, event_label
from hipdrive.results import Analysis
from hipdrive.trial import Floats, Trial

SUFFIX, HIGHEST = ".mp4", 1080
"""How the copy has to be called, and rows of its pictures at most."""

SHOWN_S, AROUND = 0.12, 1.0
"""s that an event's name stays, and s shown before the first and after the last repetition."""


@dataclass(frozen=True)
class Part:
    """Frames from first to last, counted from 0."""

    first: int
    last: int


def run(file: Path, ask: Ask, out: Path, *, whole: bool = False) -> int:
    """Write it for one trial; the exit code.

    Raises
    ------
    UsageError : the trial has no clip, or the name is no name for one.
    """
    from hipdrive.acquisition.video.beside import beside
    from hipdrive.acquisition.video.overlay import shrunk
    from hipdrive.acquisition.video.writing import ClipWriter

    if out.suffix.lower() != SUFFIX:
        raise UsageError("out", f"--out {clean(out)}: end the name in {SUFFIX}")
    if not out.resolve().parent.is_dir():
        raise UsageError("out_folder", f"--out {clean(out)}: no such folder; make it first")
    found = trials(file, ask)
    if len(found) != 1 or not found[0].footage:
        raise UsageError("no_clip", f"{clean(file)}: holds no clip; name it with --video, or keep it in the trial file "
                         "with `hipdrive analyse --save`")  # fmt: skip
    done = next(iter(analysed(found, ask)))
    with closing(beside(done.trial)) as clip:
        if out.exists() and out.samefile(clip.footage.file):
            raise UsageError("out", f"--out {clean(out)}: is the clip itself; give another name")
        words = Words(done.trial, done.analysis, joined=clip.clock is not None)
        part = Part(0, len(clip) - 1) if whole else _part(clip.times, done.analysis, joined=clip.clock is not None)
        first = shrunk(clip.picture(part.first, bare=True), HIGHEST)
        size = first.shape[1] - first.shape[1] % 2, first.shape[0] - first.shape[0] % 2
        with ClipWriter(out, size) as writer, watched(part.last - part.first + 1, "drawing") as step:
            for i in range(part.first, part.last + 1):
                t = float(clip.times[i])
                picture = clip.picture(i, words=words.at(t), weights=words.weights(t))
                writer.add(shrunk(picture, HIGHEST)[: size[1], : size[0]],
                           float(clip.footage.times[i] - clip.footage.times[part.first]))  # fmt: skip
                step()
    print(f"{clean(out)}: {part.last - part.first + 1} frames")
    return 0


def _part(times: Floats, analysis: Analysis, *, joined: bool) -> Part:
    """The frames about all repetitions, or about the movements that were seen; all where there are none."""
    known = [event.t for rep in analysis.reps for event in rep.events.values() if math.isfinite(event.t)]
    if not joined:
        known = [t for one in analysis.movements for t in (one.start, one.end)]
    if not known:
        return Part(0, len(times) - 1)
    inside = np.flatnonzero((times >= min(known) - AROUND) & (times <= max(known) + AROUND))
    return Part(int(inside[0]), int(inside[-1])) if len(inside) else Part(0, len(times) - 1)


class Words:
    """What is said at each time: seconds, force, and the event that has just been."""

    def __init__(self, trial: Trial, analysis: Analysis, *, joined: bool) -> None:
        self._trial, self._joined = trial, joined
        self._force = trial.fz.sum(axis=0)
        weights = [rep["system_weight"].value for rep in analysis.reps if "system_weight" in rep]
        self._weight = next((one for one in weights if math.isfinite(one)), math.nan)
        self._events = sorted(self._named(analysis))

    def _named(self, analysis: Analysis) -> Iterator[tuple[float, str]]:
        if self._joined:
            yield from ((event.t, event_label(name)) for rep in analysis.reps for name, event in rep.events.items()
                        if math.isfinite(event.t))  # fmt: skip

    def _newtons(self, t: float) -> float:
        place = round(t * self._trial.rate)
        return float(self._force[place]) if self._joined and 0 <= place < len(self._force) else math.nan

    def weights(self, t: float) -> float:
        """Force in body weights."""
        return self._newtons(t) / self._weight

    def at(self, t: float) -> str:
        """The line of words."""
        told = [f"{t:.3f} s"]
        if math.isfinite(force := self._newtons(t)):
            told.append(f"{round(force)} N")
        told += [name for when, name in self._events if when <= t < when + SHOWN_S]
        return "   ".join(told)
