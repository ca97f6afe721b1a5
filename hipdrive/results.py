"""Numbers that know themselves.

`Value` is one number, `Finding` one quality check, `Results` one repetition, `Analysis` one trial. `Columns` holds the
same numbers for many repetitions as arrays; a `Results` is a row of it, made into `Value`s only when asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import sentence
from hipdrive.trial import Locked, lock

Floats = NDArray[np.float64]
OK, FLAGGED, REFUSED = "ok", "flagged", "refused"
INFO, WARN, FAIL = "info", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Value:
    """One number with its SI unit, 95 % uncertainty, method and, where it is missing, why.

    `value` is NaN exactly when `why` (the sentence) and `code` (for scripts) are set. `u95` is the half width of the
    95 % interval, NaN where none is modelled. `label` names the class of an enumeration.
    """

    value: float
    unit: str
    u95: float = math.nan
    method: str = ""
    why: str | None = None
    code: str | None = None
    label: str | None = None

    def __float__(self) -> float:
        """The bare number."""
        return self.value


@dataclass(frozen=True, slots=True)
class Event:
    """An instant: seconds from the first sample and its 95 % uncertainty."""

    t: float
    u95: float = math.nan


@dataclass(frozen=True, slots=True)
class Finding:
    """What one quality check saw. `rep` is the repetition it speaks of, 0 for the record as a whole."""

    check: str
    level: str
    value: float
    unit: str
    message: str
    remedy: str = ""
    rep: int = 0


class Rows(Locked, Mapping[str, Floats]):
    """Arrays of shape (n,) by field: the rows of one array (fields, n), which is locked once for all."""

    def __init__(self, names: Sequence[str], table: Floats) -> None:
        lock(table)
        self.table = table
        self._row: dict[str, Floats] = dict(zip(names, table, strict=True))

    def __getitem__(self, name: str) -> Floats:
        """The row of a field."""
        return self._row[name]

    def __iter__(self) -> Iterator[str]:
        """Fields, in order."""
        return iter(self._row)

    def __len__(self) -> int:
        """How many fields."""
        return len(self._row)


@dataclass(frozen=True, eq=False)
class Columns(Locked):
    """Numbers of many repetitions: arrays of shape (n,) by field.

    `why` holds reason codes, "" where the number stands; `methods` either one text for the whole column or an array.
    """

    values: Mapping[str, NDArray[Any]]
    u95: Mapping[str, Floats]
    units: Mapping[str, str]
    methods: Mapping[str, Any]
    codes: Mapping[str, NDArray[Any] | None]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Lock the arrays."""
        for part in (self.values, self.u95, self.methods, self.codes):
            if not isinstance(part, Rows):
                lock(part)

    def value(self, name: str, row: int) -> Value:
        """One cell as a `Value`."""
        number = float(self.values[name][row])
        codes, method = self.codes[name], self.methods[name]
        code = None if codes is None else (str(codes[row]) or None)
        labels = self.labels.get(name)
        return Value(
            number,
            self.units[name],
            float(self.u95[name][row]),
            method if isinstance(method, str) else str(method[row]),
            sentence(code) if code else None,
            code,
            labels[int(number)] if labels and number == number else None,
        )


@dataclass(frozen=True, eq=False)
class Results(Mapping[str, Value]):
    """The numbers of one repetition: a mapping field -> Value, aliases included in look-ups."""

    columns: Columns
    row: int
    rep: int = 1
    test: str = ""
    status: str = OK
    why: str | None = None
    events: Mapping[str, Event] = field(default_factory=lambda: MappingProxyType({}))
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, name: str) -> Value:
        """The number of a field, by its name or an alias."""
        return self.columns.value(self.aliases.get(name, name), self.row)

    def __iter__(self) -> Iterator[str]:
        """Fields in the order of the registry."""
        return iter(self.columns.values)

    def __len__(self) -> int:
        """How many fields."""
        return len(self.columns.values)


@dataclass(frozen=True, eq=False)
class Movement:
    """One bend and extension seen in the motion alone, with what needs no force of it.

    start, low, end : when it begins, is deepest and is straight again, s; on the force's clock where `on_force`, else
    on the motion's own.
    """

    number: int
    start: float
    low: float
    end: float
    on_force: bool
    values: Mapping[str, Value]


@dataclass(frozen=True, eq=False, kw_only=True)
class Analysis:
    """One trial under one profile: its repetitions, what is computed over them, and how it came about."""

    file: str
    test: str
    detected: bool
    profile: str
    status: str
    why: str | None
    quality: tuple[Finding, ...]
    reps: tuple[Results, ...]
    summary: Mapping[str, Value]
    provenance: Mapping[str, Any]
    code: str | None = None
    headline: tuple[str, ...] = ()
    """Fields a coach reads first, in order."""
    motion: Mapping[str, Any] | None = None
    """Of a trial whose body was seen moving: where the motion comes from, its low-pass and its clock."""
    movements: tuple[Movement, ...] = ()
    """What was seen in the motion alone, where no repetition of the force could be joined to it."""
