"""Work beside the window: a thread that reads and analyses, tells how far it is, and can be told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hipdrive.errors import HipdriveError
from hipdrive.gui.qt import QtCore
from hipdrive.report.inputs import Ask, analysed, complaint, files, trials
from hipdrive.results import Analysis
from hipdrive.trial import Trial


@dataclass(frozen=True, eq=False)
class Opened:
    """One trial with its analysis, and how it was asked for."""

    path: Path
    trial: Trial
    analysis: Analysis
    ask: Ask


@dataclass(frozen=True)
class Failed:
    """A file that could not be opened: its name, the sentence, its code."""

    path: Path
    why: str
    code: str
    ask: Ask


@dataclass(frozen=True)
class Step:
    """How far: done of all, and what is being done."""

    done: int
    of: int
    what: str


def opening(paths: Iterable[Path], ask: Ask) -> Iterator[Opened | Failed | Step]:
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
            held = trials(path, ask)
            yield Step(2 * i + 1, 2 * len(found), f"Analysing {path.name}")
            for done in analysed(held, ask):
                yield Opened(path, done.trial, done.analysis, ask)
        except Exception as why:
            code = why.code if isinstance(why, HipdriveError) else ""
            yield Failed(path, complaint(path, why), code, ask)


class Job(QtCore.QThread):
    """Runs an iterator beside the window and sends on what it yields, until it ends or is cancelled."""

    came = QtCore.pyqtSignal(object)

    def __init__(self, parts: Callable[[], Iterator[Any]], parent: QtCore.QObject | None = None) -> None:
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

    def run(self) -> None:
        """The thread itself."""
        for part in self._parts():
            if self._stop.is_set():
                return
            self.came.emit(part)
