"""Lost or clipped samples refuse the numbers that they touch, and no others.

Which numbers these are is found by trying: the record is analysed once more with the lost samples put in, or the
clipped peaks raised. A number that moves by more than a part of its uncertainty is touched, whatever it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hipdrive.analysis.clipping import CLIP_BAND
from hipdrive.analysis.facts import CODES, NUMBER
from hipdrive.analysis.group import Group
from hipdrive.analysis.quality import NONE, WARNED
from hipdrive.analysis.registry import headline
from hipdrive.analysis.signal import Bools, Floats, Ints
from hipdrive.results import Columns
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
) -> tuple[tuple[Group, ...], Ints]:
    """The groups without what touched samples move, and the codes of the records of which nothing is left.

    trials, index, code : of the records, with the reason (as number) of those that hold touched samples.
    """
    kept, left = list(groups), code.copy()
    for i in np.flatnonzero(local(code)).tolist():
        tried = again(other(trials[i], CODES[code[i]]))
        for k, group in enumerate(kept):
            rows = np.flatnonzero(group.trial == index[i])
            match = next((g for g in tried if g.test == group.test and len(g.trial) == len(rows)), None)
            if not len(rows) or match is None:
                continue
            kept[k] = group = _without(group, rows, match, CODES[code[i]])
            if any(np.isfinite(group.columns.values[name][rows]).any() for name in headline(group.test)):
                left[i] = 0
        if left[i]:
            kept = [_some(group, group.trial != index[i]) for group in kept]
    return tuple(group for group in kept if len(group.trial)), left


def other(trial: Trial, reason: str) -> Trial:
    """The trial as it may have been: with the lost samples on a straight line, or with higher peaks."""
    if reason == "saturated":
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
    columns, new = group.columns, tried.columns
    values, u95, codes = ({name: np.array(part) for name, part in of.items() if part is not None}
                          for of in (columns.values, columns.u95, columns.codes))  # fmt: skip
    lost = np.zeros(len(rows))
    first = set(headline(group.test))
    for name, column in values.items():
        was, now = column[rows], new.values[name]
        allowed = np.maximum(MOVED * np.nan_to_num(u95[name][rows]), EXACT * np.abs(was))
        moved = np.isfinite(was) & ~(np.abs(now - was) <= allowed)
        if moved.any():
            column[rows[moved]] = u95[name][rows[moved]] = np.nan
            codes.setdefault(name, np.full(len(column), "", dtype=object))[rows[moved]] = reason
            lost += moved if name in first else 0.0
    missing, _ = group.checks["missing_headline"]
    missing = np.array(missing)
    missing[rows] += lost
    checks = {**group.checks, "missing_headline": (missing, np.where(missing > 0, WARNED, NONE))}
    whole: dict[str, Any] = {name: codes.get(name) for name in columns.codes}
    return replace(group, columns=replace(columns, values=values, u95=u95, codes=whole), checks=checks)


def _some(group: Group, keep: Bools) -> Group:
    """Some of the rows of a group."""
    if keep.all():
        return group
    c = group.columns
    methods = {name: part if isinstance(part, str) else part[keep] for name, part in c.methods.items()}
    columns = Columns(
        values={name: part[keep] for name, part in c.values.items()}, u95={n: p[keep] for n, p in c.u95.items()},
        units=c.units, methods=methods,
        codes={name: None if part is None else part[keep] for name, part in c.codes.items()}, labels=c.labels,
    )  # fmt: skip
    return Group(
        group.test, group.trial[keep], group.rep[keep], columns,
        {name: (t[keep], u[keep]) for name, (t, u) in group.events.items()},
        {name: (v[keep], level[keep]) for name, (v, level) in group.checks.items()}, group.code[keep],
    )  # fmt: skip
