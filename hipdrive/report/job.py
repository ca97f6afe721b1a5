"""One thing done to many files: one that fails is told in a sentence and does not stop the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hipdrive.errors import HipdriveError, UsageError
from hipdrive.report.inputs import Ask, Done, analysed, complaint, trials
from hipdrive.report.output import Output
from hipdrive.report.sheet import fingerprint
from hipdrive.report.words import clean
from hipdrive.results import REFUSED


def tell(sentence: str) -> None:
    """One line on the error output."""
    print(clean(sentence), file=sys.stderr)


def each(paths: Sequence[Path], act: Callable[[Path], bool]) -> int:
    """Do it for each file; the exit code: 0 all fine, 2 every one was asked for wrongly, else 1."""
    fine: list[bool] = []
    wrong: list[Exception] = []
    for path in _progress(paths):
        try:
            fine.append(act(path))
        except BrokenPipeError:
            raise
        except Exception as why:
            if os.environ.get("HIPDRIVE_DEBUG") and not isinstance(why, (HipdriveError, OSError)):
                raise
            tell(complaint(path, why))
            wrong.append(why)
    if wrong and not fine and all(isinstance(why, UsageError) for why in wrong):
        return 2
    return int(bool(wrong) or not all(fine))


def analyse(paths: Sequence[Path], ask: Ask, to: Output, *, save: bool = False) -> int:
    """Every file into the output, which is closed even when somebody interrupts; the exit code."""
    skipped: list[Path] = []

    def one(path: Path) -> bool:
        sha256 = fingerprint(path)
        if not to.wants(sha256, ask):
            skipped.append(path)
            return True
        done = list(analysed(trials(path, ask), ask))
        if save:
            _save(path, done, ask)
            sha256 = fingerprint(path)
        to.add(done, sha256, ask)
        return all(one.analysis.status != REFUSED for one in done)

    try:
        code = each(paths, one)
    finally:
        to.close()
    if skipped:
        tell(f"{len(skipped)} of {len(paths)} files were in the table already and are left as they are")
    return code


def _save(path: Path, done: Sequence[Done], ask: Ask) -> None:
    """A run for each profile, of every trial in the file; first the motion that was given beside it."""
    from hipdrive.store import add_motion, add_run

    if ask.motion and done:
        add_motion(path, done[0].trial, clocks=ask.motion_clock is not None)
    for profile in ask.profiles:
        add_run(path, [one.analysis for one in done if one.profile == profile])


def _progress(paths: Sequence[Path]) -> Iterator[Path]:
    """The paths, with a bar on the error output where somebody watches and nothing else is printed."""
    if len(paths) < 3 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from paths
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(paths, description="analysing", console=Console(stderr=True), transient=True)
