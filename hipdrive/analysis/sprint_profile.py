"""Timed runs -> analyses: fitted together, judged one by one, every number of METRICS.md 12 with its uncertainty."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

import numpy as np

import hipdrive
from hipdrive.analysis import checks
from hipdrive.analysis.registry import ALIASES, headline, runs_for
from hipdrive.analysis.sprint_fit import fit
from hipdrive.analysis.sprint_record import FASTEST, Used, used
from hipdrive.analysis.sprint_rules import SprintRules
from hipdrive.analysis.sprinters import Sprinters
from hipdrive.errors import sentence
from hipdrive.results import FLAGGED, OK, REFUSED, Analysis, Columns, Event, Finding, Results
from hipdrive.timedrun import POSITIONS, SPLITS, TimedRun
from hipdrive.trial import Floats

TEST = "sprint"
PROFILE = "hipdrive"

PIECE = 1000
"""Runs of gates that are fitted together; of a radar or laser so many that their samples stay in the cache."""

SAMPLES = 20000

QUICKEST = 0.25
"""s; a smaller tau is no run from standing (eng.)."""

NEAR = 0.05
"""Of a shift below minus this the times hold more than the run, s (eng.)."""


@overload
def sprint(runs: TimedRun, **rules: Any) -> Analysis: ...
@overload
def sprint(runs: Iterable[TimedRun], **rules: Any) -> list[Analysis]: ...
def sprint(runs: TimedRun | Iterable[TimedRun], **rules: Any) -> Analysis | list[Analysis]:
    """The sprint profile of one timed run, or of many.

    `rules` are parameters of `SprintRules`: wind, temperature, pressure, time_shift ...

    >>> import hipdrive as hd
    >>> profile = hd.sprint(hd.simulate_sprint("splits", seed=1, noise=0.0))
    >>> profile.status, round(profile.reps[0]["speed_reached"].value)
    ('ok', 99)

    Raises
    ------
    UsageError : a parameter makes no sense.
    """
    chosen = SprintRules().changed(rules)
    if isinstance(runs, TimedRun):
        return profiles([runs], chosen)[0]
    return profiles(list(runs), chosen)


def profiles(runs: Sequence[TimedRun], rules: SprintRules) -> list[Analysis]:
    """The analyses of runs, in their order."""
    parts = [used(run, rules) for run in runs]
    found: dict[int, Analysis] = {
        i: _refused(run, rules, part.code) for i, (run, part) in enumerate(zip(runs, parts, strict=True)) if part.code
    }
    for rows in _pieces(runs, parts):
        together = Sprinters(
            [runs[i] for i in rows], *_fitted([runs[i] for i in rows], [parts[i] for i in rows], rules)
        )
        found.update(zip(rows, _analyses(together, [parts[i] for i in rows]), strict=True))
    return [found[i] for i in range(len(runs))]


def _pieces(runs: Sequence[TimedRun], parts: Sequence[Used]) -> Iterator[list[int]]:
    """Rows that are fitted together: of one kind, and of not too different a length."""
    kinds: dict[str, list[int]] = {}
    for i, part in enumerate(parts):
        if not part.code:
            kinds.setdefault(runs[i].kind, []).append(i)
    for rows in kinds.values():
        rows.sort(key=lambda i: len(parts[i].time))
        while rows:
            longest = len(parts[rows[-1]].time)
            size = min(PIECE, max(1, SAMPLES // longest))
            yield rows[-size:]
            del rows[-size:]


def _fitted(runs: Sequence[TimedRun], parts: Sequence[Used], rules: SprintRules) -> tuple[Any, ...]:
    width = max(len(part.time) for part in parts)
    time, value = np.full((len(parts), width), np.nan), np.full((len(parts), width), np.nan)
    for row, part in enumerate(parts):
        time[row, : len(part.time)], value[row, : len(part.value)] = part.time, part.value
    kind = runs[0].kind
    made = fit(kind, time, value, shift=rules.fixed_shift, bounds=(rules.shift_low, rules.shift_high),
               placed=kind == POSITIONS)  # fmt: skip
    return (time, value), made, rules


# --- numbers ---


def _columns(run: Sprinters) -> Columns:
    """Every metric of every run, with u95 from the pairs of copies and Student's t of the fit's freedom."""
    from scipy.special import stdtrit

    wide = stdtrit(np.maximum(run.fit.freedom, 1.0), 0.975)
    wide = np.where(run.fit.freedom > 0.5, wide, np.nan)
    values: dict[str, Floats] = {}
    doubts: dict[str, Floats] = {}
    codes: dict[str, Any] = {}
    metrics = runs_for(TEST)
    for metric in metrics:
        run.begin()
        result = metric.function(run)
        value, doubt = result if isinstance(result, tuple) else _of_copies(result)
        told = np.array([code or ("" if math.isfinite(v) else "undefined")
                         for code, v in zip(run.refused(), value, strict=True)])  # fmt: skip
        values[metric.name] = np.where(told == "", value, np.nan)
        unknown = np.full(run.n, np.nan) if doubt is None else wide * doubt
        doubts[metric.name] = np.where(told == "", unknown, np.nan)
        codes[metric.name] = told if (told != "").any() else None
    return Columns(values, doubts, {m.name: m.unit for m in metrics}, {m.name: m.method for m in metrics}, codes)


def _of_copies(copies: Floats) -> tuple[Floats, Floats]:
    """Value and standard uncertainty of copies (n, 1 + 2 pairs)."""
    half = (copies.shape[1] - 1) // 2
    ahead, back = copies[:, 1 : 1 + half], copies[:, 1 + half :]
    return copies[:, 0], np.sqrt((((ahead - back) / 2.0) ** 2).sum(axis=1))


# --- analyses ---


def _analyses(run: Sprinters, parts: Sequence[Used]) -> Iterator[Analysis]:
    columns = _columns(run)
    first = headline(TEST, "run")
    for row, one in enumerate(run.runs):
        code = _implausible(run, row)
        if code:
            yield _refused(one, run.rules, code)
            continue
        told = _findings(run, row)
        status = FLAGGED if any(f.level in ("warn", "fail") for f in told) or _lacks(columns, first, row) else OK
        rep = Results(columns, row, 1, TEST, status, None, _events(run, row, parts[row], columns),
                      MappingProxyType(ALIASES))  # fmt: skip
        yield _analysis(one, run.rules, status=status, quality=told, reps=(rep,), headline=first)


def _implausible(run: Sprinters, row: int) -> str:
    """Why a fit is not believed, "" where it is."""
    reached = float(run.reached[row, 0])
    if run.vague[row]:
        return "sprint_vague"
    if not run.fit.settled[row] or not math.isfinite(reached) or reached < run.rules.reached_refuse:
        return "sprint_too_short"
    if run.tau[row, 0] < QUICKEST:
        return "no_acceleration"
    return "sprint_implausible" if run.mss[row, 0] > FASTEST else ""


def _lacks(columns: Columns, names: Sequence[str], row: int) -> bool:
    return any(not math.isfinite(columns.values[name][row]) for name in names)


def _events(run: Sprinters, row: int, part: Used, columns: Columns) -> Mapping[str, Event]:
    """Where the model starts and where the record that was used ends, on the record's clock."""
    start = part.origin - float(run.shift[row, 0])
    end = part.origin + float(np.nanmax(run.time[row]))
    doubt = float(columns.u95["time_shift"][row])
    return MappingProxyType({"run_start": Event(start, doubt), "run_end": Event(end)})


def _findings(run: Sprinters, row: int) -> tuple[Finding, ...]:
    rules, found = run.rules, []

    def say(name: str, value: float, warned: bool, *, always: bool = True) -> None:
        if math.isfinite(value) and (warned or always):
            found.append(checks.finding(name, value, checks.WARNED if warned else checks.NOTED, 0))

    reached, r2 = float(run.reached[row, 0]), float(run.r2[row])
    say("sprint_reached", reached, reached < rules.reached_warn)
    say("sprint_fit", r2, r2 < rules.r2_warn)
    largest = float(np.nanmax(np.abs(run.fit.residual[row])))
    if run.kind == SPLITS:
        say("sprint_residual", largest, largest > rules.residual_warn)
    shift = float(run.shift[row, 0])
    say("sprint_shift_bound", shift, bool(run.fit.bound[row]), always=False)
    if not run.fit.bound[row] and rules.fixed_shift is None and run.kind == SPLITS:
        say("sprint_reaction", -shift, shift < -NEAR, always=False)
    freedom = float(run.fit.freedom[row])
    say("sprint_freedom", freedom, freedom < 0.5, always=False)
    found += [checks.finding("note", 0.0, checks.NOTED, message=note) for note in run.runs[row].notes]
    order = {level: i for i, level in enumerate(reversed(checks.LEVELS))}
    return tuple(sorted(found, key=lambda f: order[f.level]))


def _refused(run: TimedRun, rules: SprintRules, code: str) -> Analysis:
    notes = tuple(checks.finding("note", 0.0, checks.NOTED, message=note) for note in run.notes)
    return _analysis(run, rules, status=REFUSED, quality=notes, reps=(), headline=headline(TEST, "run"), code=code)


def _analysis(run: TimedRun, rules: SprintRules, *, status: str, quality: tuple[Finding, ...],
              reps: tuple[Results, ...], headline: tuple[str, ...], code: str | None = None) -> Analysis:  # fmt: skip
    return Analysis(
        file=run.file, test=TEST, detected=False, profile=PROFILE, status=status,
        why=sentence(code) if code else None, code=code, quality=quality, reps=reps, summary=MappingProxyType({}),
        provenance=_provenance(run, rules), headline=headline,
    )  # fmt: skip


def _provenance(run: TimedRun, rules: SprintRules) -> dict[str, Any]:
    own = hashlib.sha256(np.ascontiguousarray(np.stack([run.time, run.value])).data).hexdigest()
    return {
        "input_sha256": run.sha256 or own,
        "parameters": rules.parameters(),
        "rate_hz": run.rate,
        "software": f"hipdrive {hipdrive.__version__}",
        "kind": run.kind,
        "samples": len(run.time),
        "athlete": run.athlete,
        "mass_kg": math.nan if run.mass is None else run.mass,
        "height_m": math.nan if run.height is None else run.height,
        "notes": list(run.notes),
    }
