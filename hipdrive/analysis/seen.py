"""The motion of a trial beside its repetitions: numbers of the moving body joined to those of the force.

Trials without tracks pass untouched, and cost one look each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hipdrive.analysis.blocks import Batch, batches
from hipdrive.analysis.group import Group
from hipdrive.analysis.kinematics import cutoff_of, motion_of
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.moving import BEGIN, Drive, drive_of, value_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.registry import Metric, motion_for
from hipdrive.analysis.viewed import viewed
from hipdrive.errors import HipdriveError, sentence
from hipdrive.results import Columns, Event, Value
from hipdrive.trial import BOX, ClockMap, Trial


@dataclass(frozen=True, eq=False)
class Seen:
    """What the tracks of a trial say of a body, and the clock that joins it to the force; `why` where nothing.

    unused : names of tracks on another clock, which are left alone.
    """

    motion: Motion | None
    clock: ClockMap | None
    why: str = ""
    unused: tuple[str, ...] = ()


def seen(trial: Trial) -> Seen:
    """The motion of a trial: of the tracks that share the first known clock, else of the first track."""
    global _latest
    clocks = dict(trial.clocks)  # the same tracks on another clock are another motion
    held = _latest  # another thread may put its trial there meanwhile
    if held is None or held[0] is not trial.tracks or held[1] != clocks or held[2] is not trial.footage:
        held = _latest = trial.tracks, clocks, trial.footage, _seen(trial)
    return held[3]


_latest: tuple[Any, dict[str, ClockMap], Any, Seen] | None = None


def _seen(trial: Trial) -> Seen:
    known = [track for track in trial.tracks if track.name in trial.clocks]
    first = (known or list(trial.tracks))[0]
    clock = trial.clocks.get(first.name)
    along = [track for track in trial.tracks if trial.clocks.get(track.name) == clock]
    why = ""
    for tracks in (along, [first]):
        try:
            motion = motion_of(viewed(tracks, trial.footage), clock=first.name)
        except HipdriveError as refused:
            why = why or str(refused)
            continue
        used = {track.name for track in tracks}
        return Seen(motion, clock, unused=tuple(track.name for track in trial.tracks if track.name not in used))
    return Seen(None, None, why)


def about(found: Seen, profile: Profile) -> dict[str, Any]:
    """Where the motion of a trial comes from, how it was smoothed, and the clock that joins it to the force."""
    motion = found.motion
    if motion is None:
        return {"why": found.why}
    rate = 1.0 / float(np.median(np.diff(motion.times)))
    clock = None if found.clock is None else asdict(found.clock)
    return {
        "source": motion.methods.get("source", ""), "hip_angle": motion.methods.get("hip_angle", ""),
        "cutoff_hz": cutoff_of(motion, profile), "frames_per_second": rate, "frames": len(motion.times),
        "track": motion.clock, "unused": list(found.unused), "clock": clock,
    }  # fmt: skip


def batches_seen(trials: Iterable[tuple[Trial, str]], profile: Profile) -> Iterator[Batch]:
    """Trials in blocks, as `batches` gives them; repetitions with motion have the numbers of it, too."""
    moving: dict[int, Trial] = {}

    def watched() -> Iterator[tuple[Trial, str]]:
        for number, (trial, test) in enumerate(trials):
            if trial.tracks:
                moving[number] = trial
            yield trial, test

    for batch in batches(watched(), profile):
        if here := {number: moving.pop(number) for number in batch.trials.tolist() if number in moving}:
            batch = replace(batch, groups=tuple(_joined(group, here, profile) for group in batch.groups))
        yield batch


def _joined(group: Group, moving: Mapping[int, Trial], profile: Profile) -> Group:
    metrics = motion_for(group.test)
    rows = [row for row, number in enumerate(group.trial.tolist()) if number in moving]
    if not rows or not metrics:
        return group
    fields = {name: (m, leg) for m in metrics for name, leg in _names(m)}
    cells: dict[str, list[Value]] = {}
    absent = {name: _without(m, "no_motion") for name, (m, _) in fields.items()}
    for row in range(len(group.trial)):
        here = moving.get(int(group.trial[row]))
        made = absent if here is None else numbers(here, events_of(group, row), group.test, profile, fields)
        for name in fields:
            cells.setdefault(name, []).append(made[name])
    return replace(group, columns=_with(group.columns, cells, metrics))


def _names(metric: Metric) -> list[tuple[str, str]]:
    """A metric's fields and the leg that each is of, "" for both."""
    legs = ("", "left", "right") if metric.sides else ("",)
    return [(f"{metric.name}_{leg}" if leg else metric.name, leg) for leg in legs]


def events_of(group: Group, row: int) -> dict[str, Event]:
    """The events of one repetition."""
    return {name: Event(float(t[row]), float(u[row])) for name, (t, u) in group.events.items()}


def drive(trial: Trial, events: Mapping[str, Event], test: str, profile: Profile) -> Drive | str:
    """The drive of one repetition, or the code that says why there is none."""
    found = seen(trial)
    if found.motion is None:
        return "motion_unknown"
    if found.clock is None:
        return "no_clock"
    made = drive_of(found.motion, found.clock, events, test, profile, side=trial.side,
                    peak_force=_peak_force(trial, events, test))  # fmt: skip
    return "no_event" if made is None else made


def numbers(
    trial: Trial, events: Mapping[str, Event], test: str, profile: Profile, fields: Mapping[str, tuple[Metric, str]]
) -> dict[str, Value]:
    """Every number of a repetition's moving body."""
    whole = drive(trial, events, test, profile)
    if isinstance(whole, str):
        return {name: _without(metric, whole) for name, (metric, _) in fields.items()}
    legs = {leg: whole.of(leg) for leg in whole.body.legs if leg}
    found = {}
    for name, (metric, leg) in fields.items():
        method = described(metric.method, metric.name, whole)
        if leg and leg not in legs:
            found[name] = _without(metric, "no_such_motion", method)
        else:
            found[name] = value_of(metric.function, legs[leg] if leg else whole, metric.unit, method)
    return found


def described(method: str, name: str, drive: Drive) -> str:
    """How a number was made: its rule, the kind of hip angle, the low-pass."""
    parts = [method]
    kind = drive.body.motion.methods.get("hip_angle", "")
    if kind and ("hip" in name or name == "pd_sequence_class"):
        parts.append(kind)
    return ", ".join([*parts, f"lowpass {drive.body.cutoff:g} Hz"])


def _without(metric: Metric, code: str, method: str = "") -> Value:
    return Value(float("nan"), metric.unit, method=method or metric.method, why=sentence(code), code=code)


def _peak_force(trial: Trial, events: Mapping[str, Event], test: str) -> float:
    """When the force of the push is largest, s."""
    start = events.get("zero_velocity", events.get(BEGIN[test], Event(float("nan")))).t
    end = events.get("takeoff", Event(float("nan"))).t
    if not np.isfinite(end - start):
        return float("nan")
    on = [row for row, plate in enumerate(trial.plates) if plate != BOX or len(trial.plates) == 1]
    first, last = int(np.ceil(start * trial.rate)), int(end * trial.rate)
    push = trial.fz[on, first:last].sum(axis=0)
    return float((first + int(push.argmax())) / trial.rate) if len(push) else float("nan")


def _with(columns: Columns, cells: Mapping[str, Sequence[Value]], metrics: Sequence[Metric]) -> Columns:
    """The columns with those of the moving body behind them."""

    def column(of: str, kind: Any) -> dict[str, Any]:
        return {name: np.array([getattr(v, of) for v in values], dtype=kind) for name, values in cells.items()}

    codes = {name: np.array([v.code or "" for v in values], dtype=object) for name, values in cells.items()}
    return Columns(
        values={**columns.values, **column("value", np.float64)},
        u95={**columns.u95, **column("u95", np.float64)},
        units={**columns.units, **{name: values[0].unit for name, values in cells.items()}},
        methods={**columns.methods, **column("method", object)},
        codes={**columns.codes, **codes},
        labels={**columns.labels, **{m.name: m.labels for m in metrics if m.labels}},
    )
