"""Motion from a file beside the forces of a trial, on a clock that somebody answers for.

Without such a clock the motion still tells how joints follow one another, since they share its clock; it is never
combined with force.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hipdrive.acquisition.formats.motion import named_apart, read_motion
from hipdrive.acquisition.video import is_clip
from hipdrive.analysis.kinematics import STATED, is_angles, stated
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.analysis.viewed import viewed
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import ClockMap, Track, Trial

NONE, SAME, SYNC, AUTO = "none", "same", "sync", "auto"
CLOCKS = (SAME, SYNC, NONE, "SECONDS,U95")
"""How the clock of the motion can be said to lie to that of the forces; `auto` is `sync` where that can be had."""

FACTS = ("rate", "unit", *STATED)
"""What can be said about motion that its file does not say."""

OVERLAP = 0.05
"""s that motion and force have to share at least."""


def with_motion(
    trial: Trial, path: str | os.PathLike[str] | Sequence[Track], *, clock: str = NONE,
    progress: Callable[[int, int], None] | None = None, cancelled: Callable[[], bool] | None = None, **facts: str,
) -> Trial:  # fmt: skip
    """The trial with the tracks of a file or a clip, or with tracks in memory, beside those that it has.

    Parameters
    ----------
    clock : `same` where the times in both files are of one clock; `sync` to find it by the centre of mass; seconds to
        be added to the motion's times and their 95 % uncertainty, such as "0.120,0.004"; `none` where nobody knows;
        `auto` for `sync` where that can be had and else `none`.
    progress : of a clip, told how many steps of how many are done. cancelled : asked every frame.
    facts : rate (Hz), unit, up and forward (axes such as "y"), view (`side` or `front`), angles (`included` or
        `flexion`), where the file does not say it; of a clip `video.filmed.FACTS`.

    Raises
    ------
    HipdriveError : the file cannot be read, or the clock cannot be as it is said.
    """
    if isinstance(path, str | os.PathLike) and is_clip(path):
        return _with_clip(trial, path, clock, facts, progress, cancelled)
    told = _facts(facts)
    if isinstance(path, str | os.PathLike):
        rate = float(told["rate"]) if "rate" in told else None
        tracks = read_motion(path, rate=rate, unit=told.get("unit"))
    else:
        tracks = tuple(path)
    tracks = tuple(_said(one, told) for one in tracks)
    every, new = beside(trial, tracks)
    if clock == AUTO and every is trial.tracks and all(one.name in trial.clocks for one in new):
        return trial
    found, note = clock_of(trial, clock, new)
    kept = {name: one for name, one in trial.clocks.items() if name not in {one.name for one in new}}
    clocks = {**kept, **({one.name: found for one in new} if found is not None else {})}
    return dataclasses.replace(trial, tracks=every, clocks=clocks, notes=(*trial.notes, note))


def _with_clip(
    trial: Trial, path: str | os.PathLike[str], clock: str, facts: Mapping[str, str],
    progress: Callable[[int, int], None] | None, cancelled: Callable[[], bool] | None,
) -> Trial:  # fmt: skip
    """The trial with a clip and with what was seen in it."""
    from hipdrive.acquisition.video.clipclock import chosen
    from hipdrive.acquisition.video.filmed import Looking, filmed, with_footage

    looking = Looking.said(facts)
    track, footage, told = filmed(path, looking, progress=progress, cancelled=cancelled)
    held = with_footage(trial, footage)
    if clock not in (AUTO, SYNC):
        joined = with_motion(held, (track,), clock=clock)
        return dataclasses.replace(joined, notes=(*joined.notes, *told))
    joined = with_motion(held, (track,), clock=NONE)
    try:
        found = chosen(trial, track, footage, looking.sound)
    except HipdriveError as why:
        if clock == SYNC:
            raise
        return dataclasses.replace(joined, notes=(*trial.notes, *told, f"clock of {track.name} not known: {why}"))
    clocks = {**joined.clocks, track.name: found.sync.clock}
    return dataclasses.replace(
        joined, clocks=clocks, notes=(*trial.notes, *told, f"clock of {track.name}: {found.said}")
    )


def beside(trial: Trial, tracks: Sequence[Track]) -> tuple[tuple[Track, ...], tuple[Track, ...]]:
    """All tracks of a trial with further ones beside its own, and which of them those are.

    Where the trial holds them already they are those that it has: only their clock can be said anew.
    """
    again = tuple(old for old in trial.tracks if any(equal(old, one) for one in tracks))
    if again and len(again) == len(tracks):
        return trial.tracks, again
    every = named_apart((*trial.tracks, *tracks))
    return every, every[len(trial.tracks) :]


def equal(one: Track, other: Track) -> bool:
    """Whether two tracks are the same recording."""
    return (one.kind == other.kind and one.names == other.names and np.array_equal(one.times, other.times)
            and np.array_equal(one.values, other.values, equal_nan=True))  # fmt: skip


def _facts(facts: Mapping[str, str]) -> dict[str, str]:
    """What was said of the motion, where it can be said."""
    for name, value in facts.items():
        if name not in FACTS:
            raise UsageError("motion_as", f"--motion-as {name}={value}: choose one of {', '.join(FACTS)}")
    rate = facts.get("rate")
    if rate is not None:
        try:
            number = float(rate)
        except ValueError:
            number = math.nan
        if not 1.0 <= number <= 1e5:
            raise UsageError("rate", f"--motion-as rate={rate}: give the frame rate in Hz, for example rate=120")
    return {name: str(value) for name, value in facts.items()}


def _said(track: Track, told: Mapping[str, str]) -> Track:
    """The track with what was said of its axes or angles written behind its kind, so that a trial file keeps it."""
    wanted = ("angles",) if is_angles(track) else ("up", "forward", "view")
    more = {name: told[name] for name in wanted if name in told}
    if not more:
        return track
    said = dataclasses.replace(track, kind=" ".join([track.kind, *(f"{k}={v}" for k, v in more.items())]))
    stated(said)
    return said


def clock_of(trial: Trial, clock: str, tracks: Sequence[Track]) -> tuple[ClockMap | None, str]:
    """The clock map that was asked for, None for none; and a sentence on it."""
    names = " and ".join(one.name for one in tracks)
    if clock == NONE:
        return None, (f"how the clock of {names} lies to that of the forces was not said, so joints are only compared "
                      "with joints; say --motion-clock")  # fmt: skip
    if clock in (SYNC, AUTO):
        return _matched(trial, tracks, names, needed=clock == SYNC)
    found = _same(trial) if clock == SAME else _given(clock)
    check_shared(trial, found, tracks, f"--motion-clock {clock}")
    how = "as said, one clock with the forces" if clock == SAME else f"offset {found.offset:g} s, as said"
    return found, f"clock of {names}: {how}"


def check_shared(trial: Trial, clock: ClockMap, tracks: Sequence[Track], said: str) -> None:
    """Refuse a clock by which motion and force share nothing; `said` is how it was given."""
    times = np.concatenate([clock.to_force(one.times) for one in tracks])
    if min(float(times.max()), trial.duration) - max(float(times.min()), 0.0) < OVERLAP:
        names = " and ".join(one.name for one in tracks)
        raise UsageError("motion_clock", f"{said}: {names} then lasts from {times.min():.2f} to {times.max():.2f} s of "
                         f"a record of {trial.duration:.2f} s, so they share nothing; mend the clock")  # fmt: skip


def _matched(trial: Trial, tracks: Sequence[Track], names: str, *, needed: bool) -> tuple[ClockMap | None, str]:
    """The clock by which the centre of mass is that of the plates; none, and why, where it cannot be had."""
    from hipdrive.analysis.pixelsync import match_tracks

    try:
        found = match_tracks(trial, viewed(tracks, trial.footage))
    except HipdriveError as why:
        if needed:
            raise
        told = str(why).removeprefix(f"{trial.file or 'trial'}: ")
        return None, (f"how the clock of {names} lies to that of the forces is not known ({told}), so joints are "
                      "only compared with joints; say --motion-clock")  # fmt: skip
    return found.clock, (
        f"clock of {names}: by the centre of mass, offset {found.clock.offset:.4f} ± {found.u95:.4f} s"
    )


def _same(trial: Trial) -> ClockMap:
    """The map of a clock that both files share: the trial counts from its first sample."""
    first = first_time(trial)
    if first is None:
        raise UsageError("motion_clock", f"{trial.file or 'trial'}: --motion-clock same: the forces have no column of "
                         "times, so whether it is the clock of the motion is not known; say the offset")  # fmt: skip
    return ClockMap(offset=0.0 - first, method="same_clock")


def first_time(trial: Trial) -> float | None:
    """The time of the first sample as the file of the forces says it, s; None where it says none."""
    for raw in trial.raw:
        if "time" in raw.roles:
            return float(raw.scaled(slice(0, 1))[0, raw.roles.index("time")])
    return None


def _given(clock: str) -> ClockMap:
    """An offset with its uncertainty."""
    parts = re.fullmatch(r"([+-]?\d*\.?\d+)\s*,\s*(\d*\.?\d+)", clock.strip())
    if parts is None:
        raise UsageError("motion_clock", f"--motion-clock {clock}: choose {' or '.join(CLOCKS)}, for example "
                         "0.120,0.004: seconds to add to the motion's times, and their 95 % uncertainty")  # fmt: skip
    return ClockMap(offset=float(parts[1]), standard_error=float(parts[2]) / COVERAGE, method="manual")
