"""What became of a log. For `hipdrive recover`."""

from __future__ import annotations

from pathlib import Path

from hipdrive.acquisition import recovery
from hipdrive.report.job import tell
from hipdrive.report.words import clean


def show(path: Path, out: Path | None, *, keep: bool) -> bool:
    """Recover a log and print the files; whether all of it could be read."""
    for one in recovery.recover(path, out, keep=keep):
        trial = one.trial
        there = "" if one.new else " (there already)"
        print(f"{clean(one.path)}: {trial.duration:.2f} s, {', '.join(trial.plates)}, {trial.rate:g} Hz{there}")
        for note in dict.fromkeys((*trial.notes, *([trial.end_reason] if trial.end_reason else []))):
            tell(f"{clean(one.path)}: {note}")
    if path.exists() and not keep:
        tell(f"{clean(path)}: stays, because a part of it cannot be read")
    return keep or not path.exists()
