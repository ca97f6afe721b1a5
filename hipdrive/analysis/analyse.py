"""Trial -> Analysis. One trial is a batch of one, so the two cannot differ.

Trials of one rate and one set of plates are analysed side by side in blocks that fit the cache: survey, repetitions,
weight and events (`locate`), integration and test (`build`), metrics with their uncertainty, quality.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

import hipdrive
from hipdrive.analysis import asymmetry, quality, segment
from hipdrive.analysis.build import drops, is_drop, jumps, no_jump
from hipdrive.analysis.locate import Given, Located, locate
from hipdrive.analysis.profile import Profile, load_profile
from hipdrive.analysis.registry import ALIASES, METRICS, TESTS, headline, metrics_for
from hipdrive.analysis.rep import CODES, NUMBER, Rep
from hipdrive.analysis.segment import Runs, Survey
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, divided
from hipdrive.analysis.summary import summarise
from hipdrive.analysis.uncertainty import COVERAGE, evaluate, evaluate_side, u95
from hipdrive.errors import HipdriveError, UsageError, sentence
from hipdrive.results import FLAGGED, OK, REFUSED, Analysis, Columns, Event, Finding, Results
from hipdrive.trial import Trial

BLOCK_SAMPLES = 500_000
"""Samples analysed side by side: a few megabytes, which caches hold."""

SHORTEST = 0.5
"""s: nothing shorter can hold a jump."""


@dataclass(frozen=True, eq=False)
class Group:
    """Repetitions of one test within a block, with everything a result needs. `trial` counts within the call."""

    test: str
    trial: Ints
    rep: Ints
    columns: Columns
    events: Mapping[str, tuple[Floats, Floats]]
    checks: quality.Seen
    code: Ints
    """Why a repetition is refused as a whole, 0 if it is not."""


@dataclass(frozen=True, eq=False)
class Batch:
    """One block's outcome: its groups, and for each of its trials checks and the reason of a refusal."""

    trials: Ints
    groups: tuple[Group, ...]
    checks: quality.Seen
    code: Ints
    others: Ints
    """Flights of each trial that are no repetitions of its test."""


class Named(dict[str, Any]):
    """Columns by field; an alias finds its field."""

    def __missing__(self, name: str) -> Any:
        if name not in ALIASES:
            raise KeyError(name)
        return self[ALIASES[name]]


@dataclass(frozen=True, eq=False)
class Table(Mapping[str, Any]):
    """Many repetitions at once: field -> (n,) array, one row a repetition, in the order of the trials.

    `u95` and `reasons` likewise ("" where the number stands); `trial` and `rep` say which row is which, `test` and
    `status` what it is; `refused` holds the trials without rows: index -> reason code.
    """

    data: Mapping[str, Any]
    u95: Mapping[str, Any]
    reasons: Mapping[str, Any]
    units: Mapping[str, str]
    trial: Ints
    rep: Ints
    test: Any
    status: Any
    refused: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, name: str) -> Any:
        """The values of a field, by its name or an alias."""
        return self.data[ALIASES.get(name, name)]

    def __iter__(self) -> Iterator[str]:
        """Fields."""
        return iter(self.data)

    def __len__(self) -> int:
        """How many fields."""
        return len(self.data)


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
    batch = next(iter(_batches([trial], [asked], rules)))
    return _analysis(trial, 0, asked, batch, rules)


def analyse_many(
    trials: Iterable[Trial],
    *,
    test: str | None = None,
    profile: str | Path | Profile = "hipdrive",
    parameters: Mapping[str, Any] | None = None,
) -> Table:
    """Analyse many trials into one table.

    >>> import hipdrive as hd
    >>> table = hd.analyse_many([hd.simulate("dj", seed=s) for s in range(3)], test="dj")
    >>> table["contact_time"].round(3), table.trial
    (array([0.203, 0.172, 0.236]), array([0, 1, 2]))
    """
    rules = load_profile(profile, parameters)
    held = list(trials)
    asked = [_checked(test or t.test) for t in held]
    return _table(list(_batches(held, asked, rules)))


def _checked(test: str) -> str:
    if test != "auto" and test not in TESTS:
        raise UsageError("test_unknown", f"test {test!r} is not known; choose auto or one of {', '.join(TESTS)}")
    return test


# --- blocks -------------------------------------------------------------------------------------------------------


def _batches(trials: Sequence[Trial], asked: Sequence[str], profile: Profile) -> Iterator[Batch]:
    """Trials in blocks of one rate, plates and test; those of like length together."""

    def kind(i: int) -> tuple[Any, ...]:
        return trials[i].rate, trials[i].plates, asked[i], trials[i].samples < SHORTEST * trials[i].rate

    order = sorted(range(len(trials)), key=lambda i: (kind(i), trials[i].samples))
    for (_, _, test, short), alike in groupby(order, key=kind):
        members = list(alike)
        if short:
            yield _refused(members, "too_short")
            continue
        while members:
            size = _block_size([trials[i].samples for i in members])
            part, members = sorted(members[:size]), members[size:]
            yield _batch([trials[i] for i in part], np.array(part), test, profile)


def _block_size(lengths: Sequence[int]) -> int:
    """How many of the trials, ordered by length, go into one block: little padding, bounded memory."""
    size = 1
    while size < len(lengths) and lengths[size] * (size + 1) <= BLOCK_SAMPLES and lengths[size] <= 1.25 * lengths[0]:
        size += 1
    return size


def _refused(members: Sequence[int], code: str) -> Batch:
    n = len(members)
    return Batch(np.array(members), (), {}, np.full(n, NUMBER[code]), np.zeros(n, dtype=np.int64))


def _batch(trials: Sequence[Trial], index: Ints, test: str, profile: Profile) -> Batch:
    block = Block.of(trials)
    given = Given(
        np.array([np.nan if t.mass is None else (t.mass + t.load) * profile.g for t in trials]),
        np.array([np.nan if t.box_height is None else t.box_height for t in trials]),
        test,
    )
    located, seen, runs = locate(block, given, profile)
    checks = quality.of_records(block, trials, runs, seen.rough_weight, profile)
    code = _record_code(checks)
    reps, others = _repetitions(block, located, given, code, profile)
    groups = tuple(_group(rep, index, wrong, number) for rep, wrong, number in reps)
    held = np.zeros(len(trials), dtype=bool)
    for rep, _, _ in reps:
        held[rep.facts.record] = True
    code = np.where((code == 0) & ~held, _why_none(block, seen, runs, others, given), code)
    return Batch(index, groups, checks, code, others)


def _record_code(checks: quality.Seen) -> Ints:
    """Why samples of a record cannot be trusted, 0 where they can."""
    code = np.zeros(len(checks["dropped_samples"][0]), dtype=np.int64)
    for check, reason in (("dropped_samples", "gaps"), ("peak_saturation", "saturated"),
                          ("plate_drift_rate", "zero_changed")):  # fmt: skip
        code = np.where((code == 0) & (checks[check][1] == quality.FAILED), NUMBER[reason], code)
    return code


def _why_none(block: Block, seen: Survey, runs: Runs, others: Ints, given: Given) -> Ints:
    """Why a record holds no repetition."""
    code = np.full(len(seen.rough_weight), NUMBER["no_flight"])
    if len(runs.record):
        last = np.r_[runs.record[1:] != runs.record[:-1], True] & (runs.end >= block.lengths[runs.record])
        brief = last & (runs.end - runs.start < 1.3 * block.rate) & (runs.start > 0)
        code[runs.record[brief]] = NUMBER["ends_in_air"]
    code = np.where(others > 0, NUMBER["no_jump" if given.test == "auto" else "not_this_test"], code)
    standing = np.isfinite(seen.rough_weight) | (seen.empty_level > segment.LOADED)
    return np.where(standing, code, NUMBER["no_load"])


def _repetitions(
    block: Block, located: Located, given: Given, refused: Ints, profile: Profile
) -> tuple[list[tuple[Rep, Ints, Ints]], Ints]:
    """Repetitions of each record's one test, with refusal codes and numbers; and the count of other flights."""
    others = np.zeros(len(block.lengths), dtype=np.int64)
    trusted = refused[located.record] == 0
    np.add.at(others, located.record[located.rebound & trusted], 1)
    usable = trusted & ~located.rebound
    drop = located.drop & usable
    stepped = np.zeros(len(drop), dtype=bool)
    fallen = drops(block, located.where(drop), given, profile)
    if fallen is not None:
        # a contact from an empty plate that is no fall: somebody stepped on and jumped at once
        stepped[np.flatnonzero(drop)[~is_drop(fallen)]] = True
        if stepped.any():
            fallen = drops(block, located.where(drop & ~stepped), given, profile)
    rest = usable & (~drop | stepped)
    found: list[Rep] = []
    if given.test == "dj":
        np.add.at(others, located.record[rest], 1)
    else:
        found = jumps(block, located.where(rest), given, profile)
        if given.test != "auto":
            fallen = None
            np.add.at(others, located.record[drop & ~stepped], 1)
    reps = [r for r in (*found, fallen) if r is not None]
    return _one_test(reps, others, given), others


def _one_test(reps: list[Rep], others: Ints, given: Given) -> list[tuple[Rep, Ints, Ints]]:
    """Drop what is no jump where there are jumps, and keep the commonest test of each record."""
    counts = np.zeros((len(reps), len(others)), dtype=np.int64)
    codes = [no_jump(rep) for rep in reps]
    flying = [code == 0 for code in codes]
    for rep, code in zip(reps, codes, strict=True):
        weight = rep.facts.weight
        wrong = (weight < rep.profile.weight_min) | (weight > rep.profile.weight_max)
        code[wrong] = NUMBER["bad_weight"]
    for i, rep in enumerate(reps):
        np.add.at(counts[i], rep.facts.record[flying[i]], 1)
    winner = counts.argmax(axis=0) if len(reps) else others
    good = counts.sum(axis=0) > 0
    kept = []
    for i, rep in enumerate(reps):
        record = rep.facts.record
        keep = np.where(good[record], flying[i] & (winner[record] == i), True)
        np.add.at(others, record[~keep], 1)
        if keep.all():
            kept.append((rep, codes[i]))
        elif keep.any():
            kept.append((_subset(rep, keep), codes[i][keep]))
    return [(rep, code, _numbers(rep.facts.record, rep.facts.events["takeoff"])) for rep, code in kept]


def _subset(rep: Rep, keep: Bools) -> Rep:
    """The same repetitions without some rows; derived events are taken over."""
    part = Rep(rep.facts.where(keep), curve=rep.curve.where(keep))
    for name in rep.t:
        if name not in part.t:
            dict.__setitem__(part.t, name, dict.__getitem__(rep.t, name)[keep])
    return part


def _numbers(record: Ints, takeoff: Floats) -> Ints:
    """Repetition numbers within each record, from 1, in time."""
    order = np.lexsort((takeoff, record))
    ordered = record[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    within = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = within + 1
    return numbers


# --- numbers ------------------------------------------------------------------------------------------------------


def _group(rep: Rep, index: Ints, code: Ints, numbers: Ints) -> Group:
    """Every metric of the repetitions, with sides, uncertainty, reasons, events and checks."""
    test = rep.facts.test
    names = [m.name for m in metrics_for(test)]
    for name in names:
        if name not in rep.fields:
            evaluate(rep, name)
    checks = {**quality.of_repetitions(rep), **_missing(rep, test)}
    width = dict(zip(names, u95(rep, names), strict=True))
    if rep.facts.plate_zero:
        names += _sides(rep, names, width)
    values = {name: rep.fields[name][:, 0] for name in names}
    codes: dict[str, Any] = {}
    for name in names:
        reasons = rep.field_reasons.get(name)
        codes[name] = None if reasons is None else np.array(CODES, dtype=object)[reasons]
    if code.any():
        _refuse_rows(values, codes, code)
        width = {name: np.where(code > 0, np.nan, part) for name, part in width.items()}
    columns = Columns(
        values=values,
        u95=width,
        units={name: _unit(name) for name in names},
        methods={name: rep.methods[name] for name in names},
        codes=codes,
        labels={name: METRICS[name].labels for name in names if name in METRICS and METRICS[name].labels},
    )
    return Group(test, index[rep.facts.record], numbers, columns, _events(rep), checks, code)


def _missing(rep: Rep, test: str) -> quality.Seen:
    """How many of the first numbers are missing, without one that would only repeat another."""
    missing = np.zeros(rep.n)
    for name in headline(test):
        missing += ~np.isfinite(rep.fields[name][:, 0])
    codes = rep.field_reasons.get("jump_height_tov")
    if codes is not None:
        missing -= codes == NUMBER["same_as_flight"]
    return {"missing_headline": (missing, np.where(missing > 0, quality.WARNED, quality.NONE))}


def _refuse_rows(values: dict[str, Floats], codes: dict[str, Any], code: Ints) -> None:
    """Refused repetitions keep what the plate timed, and nothing that rests on weight or movement."""
    timed = {"flight_time", "contact_time"}
    rows = code > 0
    for name in values:
        if name in timed:
            continue
        values[name] = np.where(rows, np.nan, values[name])
        old = codes[name] if codes[name] is not None else np.full(len(rows), "", dtype=object)
        codes[name] = np.where(rows, np.array(CODES, dtype=object)[code], old)


def _unit(name: str) -> str:
    if name in METRICS:
        return METRICS[name].unit
    return "%" if name.startswith("asym_") else METRICS[name.rsplit("_", 1)[0]].unit


def _sides(rep: Rep, names: Sequence[str], width: dict[str, Floats]) -> list[str]:
    """Left, right and their index for every additive metric, with u95 into `width`."""
    made: list[str] = []
    for name in names:
        if not METRICS[name].sides:
            continue
        left, right = (evaluate_side(rep, name, side) for side in ("left", "right"))
        l, r = rep.fields[left][:, 0], rep.fields[right][:, 0]  # noqa: E741
        index, total = f"asym_{name}", rep.fields[name][:, 0]
        rep.fields[index] = asymmetry.bilateral_index(l, r)[:, np.newaxis]
        rep.methods[index] = asymmetry.METHOD
        reasons = rep.field_reasons.get(left)
        if reasons is not None:
            rep.field_reasons[index] = reasons
        spread = rep.spreads[name]
        width[left], width[right] = (np.abs(divided(part, total)) * width[name] for part in (l, r))
        noise = np.full(rep.n, np.nan) if spread is None else COVERAGE * 200.0 * spread * np.hypot(l, r)
        width[index] = divided(noise, (l + r) ** 2)
        made += [left, right, index]
    return made


def _events(rep: Rep) -> dict[str, tuple[Floats, Floats]]:
    """Event times with u95; weighing and rest windows beside them."""
    rate, located = rep.curve.rate, rep.facts.located
    events = {}
    names = list(dict.keys(rep.t))
    times = np.array([dict.__getitem__(rep.t, name) for name in names])
    half = 0.5 * (times[:, :, 1::2] - times[:, :, 2::2])
    width = COVERAGE * np.sqrt((half * half).sum(axis=2))
    for i, name in enumerate(names):
        bias = rep.facts.bias.get(name, 0.0)
        events[name] = (times[i, :, 0], np.where(width[i] > 0.0, width[i] + bias, np.nan))
    nothing = np.full(rep.n, np.nan)
    still = located.still
    inside = still.found & np.isin(located.source, (0, 1, 2, 3))
    events["weigh_start"] = (np.where(inside, still.start / rate, np.nan), nothing)
    events["weigh_end"] = (np.where(inside, still.end / rate, np.nan), nothing)
    after = located.after
    events["rest_start"] = (np.where(after.found, after.start / rate, np.nan), nothing)
    if "onset" in names:
        events["movement_threshold_crossing"] = (located.crossing / rate, nothing)
    return dict(sorted(events.items(), key=lambda item: np.nan_to_num(item[1][0][0], nan=1e9)))


# --- results ------------------------------------------------------------------------------------------------------


def _table(batches: Sequence[Batch]) -> Table:
    groups = [g for b in batches for g in b.groups]
    refused = {int(t): CODES[c] for b in batches for t, c in zip(b.trials, b.code, strict=True) if c}
    if not groups:
        none = np.zeros(0, dtype=np.int64)
        return Table({}, {}, {}, {}, none, none, none, none, refused)
    names = list(dict.fromkeys(name for g in groups for name in g.columns.values))
    trial = np.concatenate([g.trial for g in groups])
    rep = np.concatenate([g.rep for g in groups])
    order = np.lexsort((rep, trial))
    values, widths, reasons, units = {}, {}, {}, {}
    for name in names:
        values[name] = _column(groups, name, "values", np.nan)[order]
        widths[name] = _column(groups, name, "u95", np.nan)[order]
        reasons[name] = _column(groups, name, "codes", "")[order]
        units[name] = _unit(name)
    test = np.concatenate([np.full(len(g.trial), g.test) for g in groups])[order]
    status = np.concatenate([_statuses(g) for g in groups])[order]
    return Table(values, Named(widths), Named(reasons), units, trial[order], rep[order], test, status, refused)


def _column(groups: Sequence[Group], name: str, part: str, blank: Any) -> Any:
    pieces = []
    for g in groups:
        column = getattr(g.columns, part).get(name)
        if column is None:
            absent = name not in g.columns.values
            fill = "not_this_test" if part == "codes" and absent else blank
            column = np.full(len(g.trial), fill, dtype=object if part == "codes" else np.float64)
        pieces.append(column)
    return np.concatenate(pieces)


def _statuses(group: Group) -> Any:
    """Status of each repetition: refused, flagged by a warning (a missing headline number is one), or ok."""
    warned = np.zeros(len(group.trial), dtype=bool)
    for _, level in group.checks.values():
        warned |= level >= quality.WARNED
    return np.where(group.code > 0, REFUSED, np.where(warned, FLAGGED, OK))


def _analysis(trial: Trial, index: int, asked: str, batch: Batch, profile: Profile) -> Analysis:
    position = int(np.flatnonzero(batch.trials == index)[0])
    code = CODES[batch.code[position]]
    chosen = [g for g in batch.groups if (g.trial == index).any()]
    test = chosen[0].test if chosen else asked
    results = tuple(_results(chosen[0], row) for row in _rows(chosen[0], index)) if chosen else ()
    findings = _findings(trial, batch, position, chosen, index)
    if results and all(r.status == REFUSED for r in results):
        code = CODES[chosen[0].code[_rows(chosen[0], index)[0]]]
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
    )


def _rows(group: Group, index: int) -> list[int]:
    rows = np.flatnonzero(group.trial == index)
    return [int(r) for r in rows[np.argsort(group.rep[rows])]]


def _flagged(results: Sequence[Results], findings: Sequence[Finding]) -> bool:
    return any(r.status != OK for r in results) or any(f.level in ("warn", "fail") for f in findings)


def _results(group: Group, row: int) -> Results:
    events = {name: Event(float(t[row]), float(u[row])) for name, (t, u) in group.events.items() if np.isfinite(t[row])}
    code = CODES[group.code[row]]
    return Results(
        group.columns, row, int(group.rep[row]), group.test, str(_statuses(group)[row]),
        sentence(code) if code else None, MappingProxyType(dict(sorted(events.items(), key=lambda e: e[1].t))),
        MappingProxyType(ALIASES),
    )  # fmt: skip


def _findings(trial: Trial, batch: Batch, position: int, chosen: Sequence[Group], index: int) -> tuple[Finding, ...]:
    """Everything worth saying about a trial, the most serious first."""
    found = [
        quality.finding(name, values[position], int(levels[position]))
        for name, (values, levels) in batch.checks.items()
        if levels[position] > quality.NONE
    ]
    if batch.others[position]:
        found.append(quality.finding("other_flights", float(batch.others[position]), quality.NOTED))
    for group in chosen:
        for row in _rows(group, index):
            number = int(group.rep[row])
            found += [
                quality.finding(name, values[row], int(levels[row]), number)
                for name, (values, levels) in group.checks.items()
                if levels[row] > quality.NONE
            ]
    found += [quality.finding("note", 0.0, quality.NOTED, message=note) for note in trial.notes]
    order = {level: i for i, level in enumerate(reversed(quality.LEVELS))}
    return tuple(sorted(found, key=lambda f: order[f.level]))


def _provenance(trial: Trial, profile: Profile) -> dict[str, Any]:
    return {
        "input_sha256": trial.sha256 or hashlib.sha256(np.ascontiguousarray(trial.fz).tobytes()).hexdigest(),
        "parameters": profile.parameters(),
        "rate_hz": trial.rate,
        "software": f"hipdrive {hipdrive.__version__}",
        "plates": list(trial.plates),
        "samples": trial.samples,
        "filter": "none",
        "notes": list(trial.notes),
    }


__all__ = ["Batch", "Group", "HipdriveError", "Table", "analyse", "analyse_many", "replace"]
