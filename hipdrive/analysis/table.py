"""Many repetitions as one table of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from hipdrive.analysis.blocks import Batch
from hipdrive.analysis.facts import CODES
from hipdrive.analysis.group import Group, statuses
from hipdrive.analysis.registry import ALIASES, METRICS, stem, unit_of
from hipdrive.analysis.signal import Ints
from hipdrive.results import Rows


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


def table_of(batches: Iterable[Batch]) -> Table:
    """Every repetition of every batch, in the order of trials and time."""
    groups: list[Group] = []
    refused: dict[int, str] = {}
    for batch in batches:
        groups += [group.slim() for group in batch.groups]
        refused |= {int(t): CODES[c] for t, c in zip(batch.trials, batch.code, strict=True) if c}
    if not groups:
        none = np.zeros(0, dtype=np.int64)
        return Table({}, {}, {}, {}, none, none, none, none, refused)
    names = list(dict.fromkeys(name for g in groups for name in g.columns.values))
    trial = np.concatenate([g.trial for g in groups])
    rep = np.concatenate([g.rep for g in groups])
    order = np.lexsort((rep, trial))
    values, widths = _numbers(groups, names, "values", order), _numbers(groups, names, "u95", order)
    reasons = {name: _reasons(groups, name, order) for name in names}
    units = {name: unit_of(name) for name in names}
    test = np.concatenate([np.full(len(g.trial), g.test) for g in groups])[order]
    status = np.concatenate([statuses(g) for g in groups])[order]
    return Table(values, Named(widths), Named(reasons), units, trial[order], rep[order], test, status, refused)


def _numbers(groups: Sequence[Group], names: Sequence[str], part: str, order: Ints) -> dict[str, Any]:
    """The values or widths of every field, in order."""
    parts = [getattr(g.columns, part) for g in groups]
    if all(isinstance(p, Rows) and [*p] == names for p in parts):
        whole = np.concatenate([p.table for p in parts], axis=1)[:, order]
        return dict(zip(names, whole, strict=True))
    return {name: _column(groups, name, part, np.nan)[order] for name in names}


def _reasons(groups: Sequence[Group], name: str, order: Ints) -> Any:
    if all(name in g.columns.values and g.columns.codes[name] is None for g in groups):
        return np.full(len(order), "", dtype=object)
    return _column(groups, name, "codes", "")[order]


def _why_absent(name: str, test: str) -> str:
    """Why rows of a test lack a field that others in the table have."""
    metric = METRICS[stem(name)]
    if test in metric.tests:
        return "no_motion" if metric.scope == "motion" else "one_plate"
    return "not_for_squat_jump" if test == "sj" and "cmj" in metric.tests else "not_this_test"


def _column(groups: Sequence[Group], name: str, part: str, blank: Any) -> Any:
    pieces: list[Any] = []
    for g in groups:
        column = getattr(g.columns, part).get(name)
        if column is None:
            fill = _why_absent(name, g.test) if part == "codes" and name not in g.columns.values else blank
            column = np.full(len(g.trial), fill, dtype=object if part == "codes" else np.float64)
        pieces.append(column)
    return np.concatenate(pieces)
