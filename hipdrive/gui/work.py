"""Work beside the window: a thread that reads and analyses, tells how far it is, and can be told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from hipdrive.errors import HipdriveError
from hipdrive.gui.qt import QtCore
from hipdrive.report.inputs import Ask, analysed, complaint, files, trials
from hipdrive.results import Analysis
from hipdrive.trial import Trial

NO_MOTION: Mapping[str, Any] = {"motion": (), "motion_clock": None, "motion_as": {}}
"""Of an Ask."""


@dataclass(frozen=True, eq=False)
class Opened:
    """One trial with its analysis, and how it was asked for; `bare` is the trial without motion from another file."""

    path: Path
    trial: Trial
    analysis: Analysis
    ask: Ask
    bare: Trial | None = None


@dataclass(frozen=True)
class Failed:
    """A file that could not be opened: its name, the sentence, its code."""

    path: Path
    why: str
    code: str
    ask: Ask


@dataclass(frozen=True, eq=False)
class Moved:
    """A trial before, and with motion beside it or the reason why not."""

    before: Opened
    after: Opened | Failed


@dataclass(frozen=True)
class Step:
    """How far: done of all, and what is being done."""

    done: int
    of: int
    what: str


class Told(Protocol):
    """Who is told how far a step has come, and may stop it."""

    @property
    def cancelled(self) -> bool:
        """Whether it should stop."""

    def tell(self, step: Step) -> None:
        """How far it is."""


def opening(paths: Iterable[Path], ask: Ask, told: Told | None = None) -> Iterator[Opened | Failed | Step]:
    """Read and analyse files one after the other, saying each step first."""
    try:
        found = files(list(paths))
    except Exception as why:
        first = next(iter(paths), Path())
        yield Failed(first, complaint(first, why), getattr(why, "code", ""), ask)
        return
    for i, path in enumerate(found):
        yield Step(2 * i, 2 * len(found), f"Reading {path.name}")
        try:
            held = trials(path, replace(ask, **NO_MOTION))
            if ask.motion and len(held) != 1:
                trials(path, ask)  # refuses: whose motion it is would not be clear
            yield Step(2 * i + 1, 2 * len(found), f"Analysing {path.name}")
            for bare in held:
                for done in analysed([joined(bare, ask, told)], ask):
                    yield Opened(path, done.trial, done.analysis, ask, bare)
        except Exception as why:
            code = why.code if isinstance(why, HipdriveError) else ""
            yield Failed(path, complaint(path, why), code, ask)


def moving(before: Opened, ask: Ask, told: Told | None = None) -> Iterator[Moved | Step]:
    """An opened trial with the motion that is asked for beside it, in the place of any that was added before."""
    name = Path(ask.motion[0]).name
    yield Step(0, 0, f"Reading {name}")
    bare = before.bare or before.trial
    try:
        trial = joined(bare, ask, told)
        yield Step(0, 0, f"Analysing {before.path.name} with {name}")
        done = next(iter(analysed([trial], ask)))
        yield Moved(before, Opened(before.path, done.trial, done.analysis, ask, bare))
    except Exception as why:
        code = why.code if isinstance(why, HipdriveError) else ""
        yield Moved(before, Failed(Path(ask.motion[0]), complaint(name, why), code, ask))


def clocking(before: Opened, offset: float, u95: float) -> Iterator[Moved | Step]:
    """An opened trial whose clip gets a clock that somebody set: seconds to add to its times, and how far off."""
    from hipdrive.analysis.sync import given

    yield Step(0, 0, f"Analysing {before.path.name} with its new clock")
    name = before.trial.footage[0].name
    try:
        clocks = {**before.trial.clocks, name: given(offset, u95).clock}
        done = next(iter(analysed([replace(before.trial, clocks=clocks)], before.ask)))
        yield Moved(before, replace(before, trial=done.trial, analysis=done.analysis))
    except Exception as why:
        yield Moved(before, Failed(Path(name), complaint(name, why), getattr(why, "code", ""), before.ask))


def joined(bare: Trial, ask: Ask, told: Told | None = None) -> Trial:
    """A trial with the motion that is asked for, as `--motion` and `--video` of the command line join it."""
    from hipdrive.acquisition.attach import AUTO, with_motion

    for name in ask.motion:
        progress = None if told is None else _progress(told, f"Looking at {Path(name).name}")
        cancelled = None if told is None else lambda: told.cancelled
        bare = with_motion(bare, name, clock=ask.motion_clock or AUTO, progress=progress, cancelled=cancelled,
                           **ask.motion_as)  # fmt: skip
    return bare


def _progress(told: Told, what: str) -> Callable[[int, int], None]:
    """Tells each hundredth of the work."""
    last = -1

    def tell(done: int, of: int) -> None:
        nonlocal last
        if (now := 100 * done // max(of, 1)) != last:
            last = now
            told.tell(Step(done, of, what))

    return tell


class Job(QtCore.QThread):
    """Runs an iterator beside the window and sends on what it yields, until it ends or is cancelled."""

    came = QtCore.pyqtSignal(object)

    def __init__(self, parts: Callable[[Job], Iterator[Any]], parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._stop = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop after the step under way; nothing more is sent."""
        self._stop.set()

    def tell(self, step: Step) -> None:
        """Send on how far a long step has come, from within it."""
        if not self._stop.is_set():
            self.came.emit(step)

    def run(self) -> None:
        """The thread itself."""
        for part in self._parts(self):
            if self._stop.is_set():
                return
            self.came.emit(part)
