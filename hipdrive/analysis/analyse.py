"""Trial -> Analysis. One trial is a batch of one, so the two cannot differ.

`blocks` finds the repetitions (survey, weight, events, test), `group` makes their numbers, `table` and this file the
results.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

import hipdrive
from hipdrive.analysis import quality
from hipdrive.analysis.blocks import Batch
from hipdrive.analysis.clockcheck import clock_finding, fall_finding
from hipdrive.analysis.cycles import movements
from hipdrive.analysis.facts import CODES
from hipdrive.analysis.filtering import described
from hipdrive.analysis.group import Group, statuses
from hipdrive.analysis.profile import Profile, load_profile
from hipdrive.analysis.registry import ALIASES, TESTS, headline
from hipdrive.analysis.seen import about, batches_seen, seen
from hipdrive.analysis.summary import summarise
from hipdrive.analysis.table import Table, table_of
from hipdrive.errors import UsageError, sentence
from hipdrive.results import FLAGGED, OK, REFUSED, Analysis, Event, Finding, Results
from hipdrive.trial import Trial


def analyse(
    trial: Trial,
    *,
    profile: str | Path | Profile = "hipdrive",
    parameters: Mapping[str, Any] | None = None,
    test: str | None = None,
) -> Analysis:
    """Analyse one trial.

    Parameters
    ----------
    profile : name, TOML file or Profile. parameters : single parameters to replace, as with `--set`.
    test : overrides the trial's own; "auto" finds it.

    Raises
    ------
    UsageError : unknown test, profile or parameter.

    >>> import hipdrive as hd
    >>> analysis = hd.analyse(hd.simulate("cmj", seed=1))
    >>> v = analysis.reps[0]["takeoff_velocity"]
    >>> round(v.value, 2), v.unit, v.method
    (2.98, 'm/s', 'impulse_momentum')
    """
    rules = load_profile(profile, parameters)
    asked = _checked(test or trial.test)
    batch = next(batches_seen([(trial, asked)], rules))
    return _analysis(trial, 0, asked, batch, rules)


def analyse_many(
    trials: Iterable[Trial],
    *,
    test: str | None = None,
    profile: str | Path | Profile = "hipdrive",
    parameters: Mapping[str, Any] | None = None,
) -> Table:
    """Analyse many trials into one table. They are taken as they come, so a generator of them needs little memory.

    >>> import hipdrive as hd
    >>> table = hd.analyse_many([hd.simulate("dj", seed=s) for s in range(3)], test="dj")
    >>> table["contact_time"].round(3), table.trial
    (array([0.203, 0.172, 0.236]), array([0, 1, 2]))
    """
    rules = load_profile(profile, parameters)
    if test is not None:
        _checked(test)
    return table_of(batches_seen(((trial, _checked(test or trial.test)) for trial in trials), rules))


def _checked(test: str) -> str:
    if test != "auto" and test not in TESTS:
        raise UsageError("test_unknown", f"test {test!r} is not known; choose auto or one of {', '.join(TESTS)}")
    return test


def _analysis(trial: Trial, index: int, asked: str, batch: Batch, profile: Profile) -> Analysis:
    position = int(np.flatnonzero(batch.trials == index)[0])
    code = CODES[batch.code[position]]
    chosen = [g for g in batch.groups if (g.trial == index).any()]
    test = chosen[0].test if chosen else asked
    # the blocks of a long record each have a group of its test
    chosen = [g for g in chosen if g.test == test]
    results = _results_of(chosen, index)
    of_motion = _of_motion(trial, profile) if trial.tracks else []
    findings = _findings(trial, batch, position, chosen, index, of_motion)
    if results and all(r.status == REFUSED for r in results):
        first = min(chosen, key=lambda g: g.rep[_rows(g, index)[0]])
        code = CODES[first.code[_rows(first, index)[0]]]
        if code in NO_MOVEMENT:
            results, findings = (), _findings(trial, batch, position, (), index, of_motion)
            test = asked
    status = REFUSED if code else FLAGGED if _flagged(results, findings) else OK
    return Analysis(
        file=trial.file,
        test=test,
        detected=asked == "auto" and bool(results),
        profile=profile.name,
        status=status,
        why=sentence(code) if code else None,
        code=code or None,
        quality=findings,
        reps=results,
        summary=summarise(results),
        provenance=_provenance(trial, profile),
        headline=headline(test) if test in TESTS else (),
        **(_moving(trial, results, profile) if trial.tracks else {}),
    )


def _moving(trial: Trial, results: Sequence[Results], profile: Profile) -> dict[str, Any]:
    """What an analysis says of a body that was seen moving, beside the numbers of its repetitions."""
    found = seen(trial)
    if found.motion is None:
        return {"motion": {"why": found.why}}
    alone = not results or found.clock is None
    return {
        "motion": about(found, profile),
        "movements": movements(found.motion, found.clock, profile, trial.side) if alone else (),
    }


NO_MOVEMENT = ("no_flight",)
"""Reasons for which a record holds no repetition after all: nothing is said of a jump that was none."""


def _rows(group: Group, index: int) -> list[int]:
    rows = np.flatnonzero(group.trial == index)
    return [int(r) for r in rows[np.argsort(group.rep[rows])]]


def _flagged(results: Sequence[Results], findings: Sequence[Finding]) -> bool:
    return any(r.status != OK for r in results) or any(f.level in ("warn", "fail") for f in findings)


def _results_of(groups: Sequence[Group], index: int) -> tuple[Results, ...]:
    found: list[Results] = []
    for group in groups:
        status = statuses(group).tolist()
        found += [_results(group, row, status[row]) for row in _rows(group, index)]
    return tuple(sorted(found, key=attrgetter("rep")) if len(groups) > 1 else found)


def _results(group: Group, row: int, status: str) -> Results:
    known = [(t.item(row), u.item(row), name) for name, (t, u) in group.events.items()]
    times = sorted((event for event in known if math.isfinite(event[0])), key=itemgetter(0))
    code = CODES[group.code[row]]
    return Results(
        group.columns, row, int(group.rep[row]), group.test, status,
        sentence(code) if code else None, MappingProxyType({name: Event(t, u) for t, u, name in times}),
        MappingProxyType(ALIASES),
    )  # fmt: skip


def _findings(
    trial: Trial, batch: Batch, position: int, chosen: Sequence[Group], index: int, of_motion: Sequence[Finding]
) -> tuple[Finding, ...]:  # fmt: skip
    """Everything worth saying about a trial, the most serious first."""
    found = [
        quality.finding(name, values[position], int(levels[position]))
        for name, (values, levels) in batch.checks.items()
        if levels[position] > quality.NONE
    ]
    if batch.others[position]:
        found.append(quality.finding("other_flights", float(batch.others[position]), quality.NOTED))
    rows = [(int(group.rep[row]), row, group) for group in chosen for row in _rows(group, index)]
    for number, row, group in sorted(rows, key=itemgetter(0)):
        found += [
            quality.finding(name, values[row], int(levels[row]), number)
            for name, (values, levels) in group.checks.items()
            if levels[row] > quality.NONE
        ]
    found += [quality.finding("note", 0.0, quality.NOTED, message=note) for note in trial.notes]
    found += of_motion
    order = {level: i for i, level in enumerate(reversed(quality.LEVELS))}
    return tuple(sorted(found, key=lambda f: order[f.level]))


def _of_motion(trial: Trial, profile: Profile) -> list[Finding]:
    """What is worth saying about the motion of a trial and its clock."""
    found, told = seen(trial), []
    if found.why:
        told.append(quality.finding("note", 0.0, quality.NOTED, message=f"motion: {found.why}"))
    if found.motion is not None and found.clock is not None:
        against = clock_finding(trial, found.motion, found.clock, profile)
        falls = fall_finding(trial, found.motion, found.clock)
        told += [one for one in (against, falls) if one is not None]
    return told


def _provenance(trial: Trial, profile: Profile) -> dict[str, Any]:
    return {
        "input_sha256": trial.sha256 or hashlib.sha256(np.ascontiguousarray(trial.fz).data).hexdigest(),
        "parameters": profile.parameters(),
        "rate_hz": trial.rate,
        "software": f"hipdrive {hipdrive.__version__}",
        "plates": list(trial.plates),
        "samples": trial.samples,
        "filter": described(profile),
        "athlete": trial.athlete,
        "created": trial.created,
        "side": trial.side,
        "load_kg": trial.load,
        "arms": trial.arms,
        "box_height": trial.box_height,
        "notes": list(trial.notes),
    }


__all__ = ["Table", "analyse", "analyse_many"]
