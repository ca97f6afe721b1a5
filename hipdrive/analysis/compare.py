"""One trial under several profiles, side by side: how far each number depends on the rules (METRICS.md 1)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.profile import PROFILES, Profile
from hipdrive.results import Analysis, Results, Value
from hipdrive.trial import Trial

SAME = 0.1
"""s between the take-offs (without one: the first events) that two profiles find of one repetition."""


@dataclass(frozen=True)
class Spread:
    """One number of one repetition under each profile; the spread is the largest less the smallest of those there."""

    field: str
    unit: str
    values: tuple[Value | None, ...]

    @property
    def there(self) -> list[float]:
        """The numbers that are there."""
        return [v.value for v in self.values if v is not None and math.isfinite(v.value)]

    @property
    def low(self) -> float:
        """The smallest, NaN where none is there."""
        return min(self.there, default=math.nan)

    @property
    def high(self) -> float:
        """The largest."""
        return max(self.there, default=math.nan)

    @property
    def spread(self) -> float:
        """Largest less smallest, NaN where fewer than two profiles give the number, or it is a class."""
        apart = self.unit not in ("bool", "class") and len(self.there) > 1
        return self.high - self.low if apart else math.nan


@dataclass(frozen=True)
class Compared:
    """One repetition under every profile: field -> Spread. rep : its number under the first profile that has it."""

    rep: int
    test: str
    rows: Mapping[str, Spread]


@dataclass(frozen=True, eq=False)
class Comparison(Mapping[str, Spread]):
    """A trial under several profiles. Look-ups are of the first repetition; `reps` has them all."""

    file: str
    profiles: tuple[str, ...]
    analyses: tuple[Analysis, ...]
    reps: tuple[Compared, ...]

    def __getitem__(self, field: str) -> Spread:
        """A number of the first repetition."""
        if not self.reps:
            raise KeyError(field)
        return self.reps[0].rows[field]

    def __iter__(self) -> Iterator[str]:
        """Fields."""
        return iter(self.reps[0].rows if self.reps else ())

    def __len__(self) -> int:
        """How many fields."""
        return len(self.reps[0].rows) if self.reps else 0


def compare(
    trial: Trial,
    profiles: Sequence[str | Path | Profile] = PROFILES,
    *,
    parameters: Mapping[str, Any] | None = None,
    test: str | None = None,
) -> Comparison:
    """A trial under several profiles, side by side.

    >>> import hipdrive as hd
    >>> found = hd.compare(hd.simulate("cmj", seed=1))
    >>> found["jump_height_tov"].spread < 0.01, found["time_to_takeoff"].spread > 0.01
    (True, True)
    """
    return compared([analyse(trial, profile=one, parameters=parameters, test=test) for one in profiles])


def compared(analyses: Sequence[Analysis]) -> Comparison:
    """Analyses of one trial, side by side; repetitions belong together by their time, since a profile can miss one."""
    together: list[list[Results | None]] = []
    for column, one in enumerate(analyses):
        for rep in one.reps:
            row = next((r for r in together if r[column] is None and _alike(r, rep)), None)
            if row is None:
                row = [None] * len(analyses)
                together.append(row)
            row[column] = rep
    together.sort(key=lambda row: next(_time(rep) for rep in row if rep is not None))
    return Comparison(
        analyses[0].file if analyses else "",
        tuple(one.profile for one in analyses),
        tuple(analyses),
        tuple(_row(row, analyses) for row in together),
    )


def _row(row: Sequence[Results | None], analyses: Sequence[Analysis]) -> Compared:
    """Headline numbers first, then all others in the registry's order."""
    there = [rep for rep in row if rep is not None]
    first = next(one.headline for one, rep in zip(analyses, row, strict=True) if rep is not None)
    names = dict.fromkeys([*(name for name in first if name in there[0]), *(name for rep in there for name in rep)])
    rows = {}
    for name in names:
        values = tuple(rep[name] if rep is not None and name in rep.columns.values else None for rep in row)
        unit = next(v.unit for v in values if v is not None)
        rows[name] = Spread(name, unit, values)
    return Compared(there[0].rep, there[0].test, rows)


def _alike(row: Sequence[Results | None], rep: Results) -> bool:
    return any(other is not None and other.test == rep.test and abs(_time(other) - _time(rep)) < SAME for other in row)


def _time(rep: Results) -> float:
    """When the repetition was: its take-off, or its first event."""
    event = rep.events.get("takeoff") or next(iter(rep.events.values()), None)
    return math.inf if event is None else event.t
