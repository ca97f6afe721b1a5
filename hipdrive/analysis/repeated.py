"""Repeated measurements: a table or an array -> one row an athlete, one column a trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hipdrive.analysis import registry
from hipdrive.analysis.signal import Bools, Floats
from hipdrive.errors import UsageError

REFUSE, LEAVE_OUT = "refuse", "leave_out"
"""What becomes of athletes who lack a trial: nothing is computed, or they are left out and named."""


@dataclass(frozen=True, eq=False)
class Repeated:
    """Complete measurements, (athletes, trials), or the reason code why there are none.

    left_out : athletes who lack a trial and were left out as asked.
    """

    values: Floats
    metric: str
    unit: str
    athletes: tuple[str, ...]
    trials: tuple[str, ...]
    left_out: tuple[str, ...]
    code: str


def repeated(
    data: Any,
    *,
    metric: str | None,
    athlete: str,
    trial: str,
    trials: Sequence[object] | None,
    unit: str | None,
    missing: str,
) -> Repeated:
    """Read an (athletes, trials) array, or a table with a column for each of athlete, trial and number.

    A table is anything that gives a column by name: a pandas frame, a dict of lists. It is wide (a column has the name
    of `metric`) or tidy (columns `metric` and `value`, as `hd.frame` makes). A cell that is absent or no finite number
    is missing. Two numbers for one cell are an error, not a mean.
    """
    if missing not in (REFUSE, LEAVE_OUT):
        raise UsageError("missing", f'missing={missing!r} is not known: use "{REFUSE}" or "{LEAVE_OUT}"')
    if hasattr(data, "columns") or isinstance(data, Mapping):
        values, athletes, names, said = _from_table(data, metric, athlete, trial)
        unit = said if unit is None else unit
    else:
        values = _matrix(data)
        athletes, names = _counted(values.shape[0]), _counted(values.shape[1])
    if trials is not None:
        wanted = tuple(_label(t, "trials") for t in trials)
        if len(set(wanted)) != len(wanted) or not set(wanted) <= set(names):
            raise UsageError("trials", f"trials: {', '.join(wanted)} asked for, there are {', '.join(names)}")
        values, names = values[:, [names.index(t) for t in wanted]], wanted
    unit = _unit_of(metric) if unit is None else unit
    complete: Bools = np.all(np.isfinite(values), axis=1)
    left_out = tuple(a for a, whole in zip(athletes, complete, strict=True) if not whole)
    if left_out and missing == REFUSE:
        return Repeated(values, metric or "", unit, athletes, names, (), "missing_cells")
    kept = tuple(a for a, whole in zip(athletes, complete, strict=True) if whole)
    code = "few_athletes" if len(kept) < 2 else "few_trials" if len(names) < 2 else ""
    return Repeated(values[complete], metric or "", unit, kept, names, left_out, code)


def _matrix(data: Any) -> Floats:
    values = _numbers(data, "the measurements")
    if values.ndim != 2:
        raise UsageError(
            "shape", f"the measurements have {values.ndim} dimensions: give one row an athlete, one column a trial"
        )
    return values


def _numbers(data: Any, what: str) -> Floats:
    """As float64; a masked cell is a missing one."""
    try:
        if isinstance(data, np.ma.MaskedArray):
            data = np.where(np.ma.getmaskarray(data), np.nan, data.data)
        if getattr(data, "ndim", 0) == 1:  # pandas has a missing cell of its own
            data = [math.nan if str(cell) == "<NA>" else cell for cell in data]
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as why:
        raise UsageError("not_numbers", f"{what} are no numbers in even rows: {why}") from why


def _from_table(
    table: Any, metric: str | None, athlete: str, trial: str
) -> tuple[Floats, tuple[str, ...], tuple[str, ...], str | None]:
    if metric is None:
        raise UsageError("metric", 'a table has many numbers: say which, as metric="jump_height_tov"')
    tidy = metric not in table and "metric" in table and "value" in table
    owners, occasions = list(_column(table, athlete)), list(_column(table, trial))
    numbers = _numbers(_column(table, "value" if tidy else metric), f"the column {metric!r}")
    rows = np.arange(len(numbers))
    unit = None
    if tidy:
        rows = rows[[name == metric for name in _column(table, "metric")]]
        if not len(rows):
            raise UsageError("metric", f"the table has no rows of metric {metric!r}: `hipdrive metrics` lists them")
        unit = _one_unit(table, rows)
    who, when = [_label(owners[i], athlete) for i in rows], [_label(occasions[i], trial) for i in rows]
    athletes, trials = tuple(dict.fromkeys(who)), tuple(dict.fromkeys(when))
    values = np.full((len(athletes), len(trials)), np.nan)
    place = {name: i for i, name in enumerate(athletes)}, {name: i for i, name in enumerate(trials)}
    taken: set[tuple[str, str]] = set()
    for a, t, row in zip(who, when, rows, strict=True):
        if (a, t) in taken:
            raise UsageError(
                "twice",
                f"athlete {a} has {metric} twice in {trial} {t}: name the column that tells trials apart with trial=, "
                "keep one test and one profile, or average first",
            )
        taken.add((a, t))
        values[place[0][a], place[1][t]] = numbers[row]
    return values, athletes, trials, unit


def _column(table: Any, name: str) -> Any:
    if name not in table:
        raise UsageError(
            "column", f"the table has no column {name!r}, only {', '.join(map(str, table))}: "
            "say athlete=, trial= or metric="
        )  # fmt: skip
    return table[name]


def _one_unit(table: Any, rows: Any) -> str | None:
    if "unit" not in table:
        return None
    told = list(table["unit"])
    units = {str(told[i]) for i in rows}
    if len(units) > 1:
        raise UsageError("unit", f"the rows have different units: {', '.join(sorted(units))}")
    return units.pop()


def _label(cell: Any, column: str) -> str:
    """A name as text: 1.0 is 1; a row that does not say whose it is cannot be placed."""
    if cell is None or cell != cell or str(cell) in ("", "<NA>"):
        raise UsageError("unnamed", f"a row has nothing in column {column!r}: every row needs its athlete and trial")
    return str(int(cell)) if isinstance(cell, float) and math.isfinite(cell) and cell == int(cell) else str(cell)


def _counted(n: int) -> tuple[str, ...]:
    return tuple(str(i + 1) for i in range(n))


def _unit_of(metric: str | None) -> str:
    registry.load_builtin()
    known = registry.METRICS.get(registry.ALIASES.get(metric or "", metric or ""))
    return known.unit if known else ""
