"""`hipdrive sync`: bring the clock of a motion file to that of the plates, say how well, and keep it if asked to."""

from __future__ import annotations

import csv
import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hipdrive.analysis.clocks import CHIRP, CLAP, EXPOSURE, LED
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import COM, EVENTS, MANUAL, Sync, given
from hipdrive.errors import UsageError
from hipdrive.report import syncball, syncwords
from hipdrive.report.inputs import TRIAL_FILES, Ask, trials
from hipdrive.report.watching import counted
from hipdrive.report.words import clean
from hipdrive.trial import Floats, Footage, Track, Trial

BALL, BEST = "ball", "best"
OF_CLIPS = (EXPOSURE, LED, CHIRP, CLAP)
METHODS = (BEST, *OF_CLIPS, COM, EVENTS, MANUAL, BALL)
"""`best` tries what a clip has, in the order of `analysis.choose`."""

PICTURES = (".svg", ".png", ".pdf")
MOST_ROWS, LARGEST_PAIRS = 10_000, 2_000_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for: the method ("": the best for a clip, else `com`) and what it needs, where results go."""

    method: str = ""
    offset: float | None = None
    u95: float | None = None
    pairs: Path | None = None
    window: tuple[float, float] | None = None
    point: str = BALL
    facts: Mapping[str, Any] = field(default_factory=dict)
    save: bool = False
    out: Sequence[Path] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be meant before any file is opened."""
        if self.method not in ("", *METHODS):
            raise UsageError("sync_method", f"--method {self.method}: choose {', '.join(METHODS)}")
        if self.method == MANUAL and (self.offset is None or self.u95 is None):
            raise UsageError("sync_manual", "--method manual needs --offset and --u95: seconds to add to the motion's "
                             "times, and how far that may be off")  # fmt: skip
        if self.method != MANUAL and self.offset is not None:
            raise UsageError("sync_manual", "--offset says the answer; it goes with --method manual")
        if self.method == EVENTS and self.pairs is None:
            raise UsageError("sync_pairs", "--method events needs --pairs FILE.csv: two columns, the time of each "
                             "event on the motion's clock and on the plates' clock, in seconds")  # fmt: skip
        for path in self.out:
            if path.suffix.lower() not in (*PICTURES, *TRIAL_FILES):
                raise UsageError("out", f"--out {clean(path)}: end the name in .svg, .png or .pdf for a picture, or in "
                                 ".h5 for a copy of the trial with its clock")  # fmt: skip


def window_of(text: str | None) -> tuple[float, float] | None:
    """START,END in seconds."""
    if text is None:
        return None
    try:
        first, last = (float(part) for part in text.split(","))
    except ValueError:
        first = last = math.nan
    if not first < last:
        raise UsageError("window", f"--window {clean(text)}: give START,END in seconds of the plates' clock, for "
                         "example 2.0,4.5")  # fmt: skip
    return first, last


def run(file: Path, motion: Path | None, ask: Ask, wanted: Wanted, *, as_json: bool) -> int:
    """Do it for one trial, print what was found, and keep it where that was asked for; the exit code."""
    if wanted.save and file.suffix.lower() not in TRIAL_FILES:
        raise UsageError("save", f"{clean(file)}: --save needs a trial file; give --out NAME.h5 instead")
    trial = _one(file, ask)
    trial, tracks = _with_tracks(trial, motion, wanted)
    clip = any(one.name in {each.name for each in trial.footage} for one in tracks)
    wanted = dataclasses.replace(wanted, method=wanted.method or (BEST if clip else COM))
    from hipdrive.acquisition.attach import check_shared

    if wanted.method == BALL:
        return syncball.check(trial, tracks, wanted.point, wanted.facts.get("up"), as_json=as_json)
    found = _found(trial, tracks, wanted)
    check_shared(trial, found.clock, tracks, f"--method {found.clock.method}")
    rules = Profile()
    print(syncwords.document(trial, found, rules) if as_json else "\n".join(syncwords.told(found, rules)))
    joined = dataclasses.replace(trial, clocks={**trial.clocks, **{one.name: found.clock for one in tracks}})
    _keep(joined, found, file, wanted)
    return 0


def _one(file: Path, ask: Ask) -> Trial:
    found = trials(file, ask)
    if len(found) != 1:
        raise UsageError("sync_trials", f"{clean(file)}: holds {len(found)} trials, so whose motion it is, is not "
                         "clear; give a file with one trial")  # fmt: skip
    return found[0]


def _with_tracks(trial: Trial, motion: Path | None, wanted: Wanted) -> tuple[Trial, tuple[Track, ...]]:
    """The trial with the motion beside its forces, and the tracks whose clock is asked for."""
    if motion is None:
        if not trial.tracks:
            raise UsageError("sync_motion", f"{clean(trial.file or 'trial')}: holds no motion; name its file behind "
                             "the trial: hipdrive sync TRIAL MOTION")  # fmt: skip
        return trial, trial.tracks
    from hipdrive.acquisition.attach import NONE, beside, with_motion
    from hipdrive.acquisition.video.filmed import with_footage

    alone = dataclasses.replace(trial, tracks=(), clocks={}, footage=())
    with counted(f"looking at {motion.name}") as step:
        moved = with_motion(alone, motion, clock=NONE, progress=step, **wanted.facts)
    for one in moved.footage:
        trial = with_footage(trial, one)
    every, new = beside(trial, moved.tracks)
    return dataclasses.replace(trial, tracks=every), new


def _found(trial: Trial, tracks: Sequence[Track], wanted: Wanted) -> Sync:
    """The clock map by the method that was asked for."""
    if wanted.method == MANUAL:
        assert wanted.offset is not None and wanted.u95 is not None
        return given(wanted.offset, wanted.u95)
    if wanted.method == EVENTS:
        from hipdrive.analysis.pairs import pair

        assert wanted.pairs is not None
        camera, force = read_pairs(wanted.pairs)
        return pair(camera, force, _frame_error(tracks))
    clips = {one.name: one for one in trial.footage}
    mine = [(one, clips[one.name]) for one in tracks if one.name in clips]
    if wanted.method == BEST or wanted.method in OF_CLIPS or (mine and wanted.window is None):
        return _of_clip(trial, mine, wanted)
    from hipdrive.analysis.pixelsync import match_tracks
    from hipdrive.analysis.viewed import viewed

    return match_tracks(trial, viewed(tracks, trial.footage), window=wanted.window)


def _of_clip(trial: Trial, mine: Sequence[tuple[Track, Footage]], wanted: Wanted) -> Sync:
    """The clock of a clip by one way or the best; why no better one is said on the error output."""
    from hipdrive.acquisition.video.clipclock import SOUNDS, chosen

    if not mine:
        raise UsageError("sync_clip", f"--method {wanted.method}: this motion is not from a clip; give a clip, or "
                         f"choose {', '.join((COM, EVENTS, MANUAL, BALL))}")  # fmt: skip
    sound = wanted.method if wanted.method in SOUNDS else str(wanted.facts.get("sound", ""))
    found = chosen(trial, *mine[0], sound, only="" if wanted.method == BEST else wanted.method)
    for method, why in found.passed:
        print(f"not {method}: {clean(why)}", file=sys.stderr)
    return found.sync


def _frame_error(tracks: Sequence[Track]) -> float:
    """Standard error of an event of which only the frame is known: the interval over root 12."""
    steps = np.concatenate([np.diff(one.times) for one in tracks])
    return max(float(np.median(steps)) / math.sqrt(12.0), 1e-6)


def read_pairs(path: Path) -> tuple[Floats, Floats]:
    """Two columns of times, s: motion's clock, plates' clock; a line of names may stand above.

    Raises
    ------
    UsageError : the file cannot be read or holds something else.
    """
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size > LARGEST_PAIRS):
            raise UsageError("sync_pairs", f"{clean(path)}: is no small file of pairs of times; give a CSV file")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        raise UsageError("sync_pairs", f"{clean(path)}: cannot be read as text ({why}); give a CSV file") from None
    rows: list[tuple[float, float]] = []
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=";" if ";" in text else ","), 1):
        if not any(cell.strip() for cell in row):
            continue
        try:
            first, second = (float(cell.strip().replace(",", ".")) for cell in row[:2])
        except ValueError:
            if number == 1:
                continue
            raise UsageError("sync_pairs", f"{clean(path)}, line {number}: these are no two times; give the motion's "
                             "and the plates' time of each event in seconds") from None  # fmt: skip
        rows.append((first, second))
    if not 1 <= len(rows) <= MOST_ROWS:
        raise UsageError("sync_pairs", f"{clean(path)}: holds {len(rows)} pairs of times; give 1 to {MOST_ROWS}")
    table = np.array(rows)
    return table[:, 0], table[:, 1]


# --- keeping ---


def _keep(trial: Trial, found: Sync, file: Path, wanted: Wanted) -> None:
    """The clock in the trial file, a copy with it, pictures of it."""
    from hipdrive import store
    from hipdrive.report import sheet, syncplot

    if wanted.save:
        store.add_motion(file, trial, clocks=True)
    for path in wanted.out:
        if not path.resolve().parent.is_dir():
            raise UsageError("out_folder", f"--out {clean(path)}: no such folder; make it first")
        if path.suffix.lower() in TRIAL_FILES:
            if path.exists() and path.samefile(file):
                raise UsageError("out", f"--out {clean(path)}: is the trial itself; use --save")
            store.save(path, trial)
        else:
            sheet.write(path, syncplot.picture(found, trial, path.suffix.lower()))
