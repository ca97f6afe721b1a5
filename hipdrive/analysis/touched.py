"""Lost or clipped samples refuse the numbers that they touch, and no others.

Which numbers these are is found by trying: the record is analysed once more with the lost samples put in, or the
clipped peaks raised. A number that moves by more than a part of its uncertainty is touched, whatever it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hipdrive.analysis.clipping import CLIP_BAND
from hipdrive.analysis.facts import CODES, NUMBER
from hipdrive.analysis.group import Group
from hipdrive.analysis.quality import NONE, WARNED
from hipdrive.analysis.registry import headline
from hipdrive.analysis.signal import Bools, Floats, Ints
from hipdrive.results import Rows
from hipdrive.trial import Trial

LOCAL = ("gaps", "saturated")
"""Reasons that have a place in the record."""

RAISED = 0.03
"""Part of its height by which a clipped peak is raised for the trial."""

MOVED, EXACT = 0.2, 1e-6
"""Part of its u95, and of itself, by which a number may move and still is not touched."""

Again = Callable[[Trial], tuple[Group, ...]]
"""The repetitions of one trial, analysed by itself."""


def local(code: Ints) -> Bools:
    """Records whose reason has a place."""
    return np.isin(code, [NUMBER[name] for name in LOCAL])


def refused(
    trials: Sequence[Trial], index: Ints, groups: Sequence[Group], code: Ints, again: Again
) -> tuple[list[Group], Ints]:
    """The groups without what touched samples move, and the codes of the records of which nothing is left.

    trials, index, code : of the records, with the reason (as number) of those that hold touched samples.
    """
    kept, left = list(groups), code.copy()
    for i in np.flatnonzero(local(code)).tolist():
        tried = again(as_it_may_have_been(trials[i], code[i]))
        for k, group in enumerate(kept):
            rows = np.flatnonzero(group.trial == index[i])
            match = next((g for g in tried if g.test == group.test and len(g.trial) == len(rows)), None)
            if not len(rows) or match is None:
                continue
            kept[k] = group = _without(group, rows, match, CODES[code[i]])
            if any(np.isfinite(group.columns.values[name][rows]).any() for name in headline(group.test)):
                left[i] = 0
        if left[i]:
            kept = [group.where(group.trial != index[i]) for group in kept]
    return [group for group in kept if len(group.trial)], left


def unsure(group: Group, row: Ints, code: Ints, tries: Mapping[int, Sequence[Group]]) -> Group:
    """The group without what touched samples move; repetitions of which nothing is left are refused.

    row : the row of the block of each repetition; code : (rows,), with the reason of those that hold touched samples.
    tries : row -> the repetitions of it as it may have been.
    """
    lost = group.code.copy()
    for i, tried in tries.items():
        rows = np.flatnonzero(row == i)
        if not len(rows):
            continue
        match = next((g for g in tried if g.test == group.test and len(g.trial) == len(rows)), None)
        left = np.zeros(len(rows), dtype=bool)
        if match is not None:
            group = _without(group, rows, match, CODES[code[i]])
            left = np.any([np.isfinite(group.columns.values[name][rows]) for name in headline(group.test)], axis=0)
        lost[rows] = np.where((lost[rows] == 0) & ~left, code[i], lost[rows])
        if match is None:
            group = _nothing_left(group, rows, CODES[code[i]])
    return replace(group, code=lost)


def as_it_may_have_been(trial: Trial, code: int) -> Trial:
    """The trial as it may have been: with the lost samples on a straight line, or with higher peaks."""
    if CODES[code] == "saturated":
        return replace(trial, fz=np.array([_raised(trial, row) for row in range(len(trial.fz))]), ranges=(), raw=())
    fz = trial.fz
    for gap in sorted(trial.gaps, key=lambda g: -g.first_sample):
        if 0 < gap.first_sample < trial.samples:
            part = np.arange(1, gap.samples + 1) / (gap.samples + 1.0)
            before, after = (
                fz[:, gap.first_sample - 1 : gap.first_sample],
                fz[:, gap.first_sample : gap.first_sample + 1],
            )
            fz = np.concatenate([fz[:, : gap.first_sample], before + (after - before) * part,
                                 fz[:, gap.first_sample :]], axis=1)  # fmt: skip
    return replace(trial, fz=fz, gaps=(), raw=())


def _raised(trial: Trial, row: int) -> Floats:
    """The force of one plate with every stretch at the end of its range raised."""
    force = trial.fz[row]
    known = trial.ranges[row] if row < len(trial.ranges) else np.nan
    limit = 0.99 * known if np.isfinite(known) else float(force.max(initial=0.0)) - CLIP_BAND
    return np.asarray(np.where(np.abs(force) >= limit, (1.0 + RAISED) * force, force))


def _without(group: Group, rows: Ints, tried: Group, reason: str) -> Group:
    """The group with the numbers refused that differ from those of the trial as it may have been."""
    moved = {}
    for name, column in group.columns.values.items():
        was, now = column[rows], tried.columns.values[name]
        allowed = np.maximum(MOVED * np.nan_to_num(group.columns.u95[name][rows]), EXACT * np.abs(was))
        moved[name] = np.isfinite(was) & ~(np.abs(now - was) <= allowed)
    return _refused(group, rows, moved, reason)


def _nothing_left(group: Group, rows: Ints, reason: str) -> Group:
    """The group with every number of some rows refused."""
    moved = {name: np.isfinite(column[rows]) for name, column in group.columns.values.items()}
    return _refused(group, rows, moved, reason)


def _refused(group: Group, rows: Ints, moved: Mapping[str, Bools], reason: str) -> Group:
    """The group with some numbers refused; moved : field -> which of the rows."""
    columns, first = group.columns, set(headline(group.test))
    names = list(columns.values)
    values, u95 = (np.array([part[name] for name in names], dtype=np.float64) for part in (columns.values, columns.u95))
    codes = dict(columns.codes)
    lost = np.zeros(len(rows))
    for i, name in enumerate(names):
        if moved[name].any():
            at = rows[moved[name]]
            values[i, at] = u95[i, at] = np.nan
            known = codes.get(name)
            why = np.full(len(group.trial), "", dtype=object) if known is None else np.array(known)
            why[at] = reason
            codes[name] = why
            lost += moved[name] if name in first else 0.0
    missing = np.array(group.checks["missing_headline"][0])
    missing[rows] += lost
    checks = {**group.checks, "missing_headline": (missing, np.where(missing > 0, WARNED, NONE))}
    columns = replace(columns, values=Rows(names, values), u95=Rows(names, u95), codes=codes)
    return replace(group, columns=columns, checks=checks)
