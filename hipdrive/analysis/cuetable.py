"""The table of faults, limits and cues: the one that comes with hipdrive, and what a coach changed in it."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hipdrive.analysis.registry import METRICS, TESTS, load_builtin, stem, unit_of
from hipdrive.errors import UsageError

FILE = Path(__file__).with_name("cues.toml")
LARGEST_FILE = 200_000
"""Bytes: nobody writes a longer table."""
LONGEST = 300
"""Letters of a text in it."""
MOST_BESIDE = 8
"""Numbers told beside one fault: more are no evidence but a table."""

LIMITS = ("below", "above", "below_from")
TEXTS = ("fault", "cue", "work", "source")
FLAGS = ("arms", "together", "shown")
KEYS = (*TEXTS, *FLAGS, "tests", "evidence", "beside")
EVIDENCE = ("field", *LIMITS, "from", "over")


@dataclass(frozen=True)
class Limit:
    """A number and where its fault begins, in its own unit; NaN where it does not begin on that side.

    base : field of the athlete's own standing value, against which `below_from` is counted where it is known.
    over : repetitions that are needed, whose mean is judged.
    """

    field: str
    below: float = math.nan
    above: float = math.nan
    base: str = ""
    below_from: float = math.nan
    over: int = 1


@dataclass(frozen=True)
class Fault:
    """What may be wrong, what tells it, and what a coach then says.

    arms : only in jumps with an arm swing. together : every number has to show it, not only one.
    beside : numbers that are told with the evidence and have no limit of their own.
    """

    name: str
    fault: str
    cue: str
    work: str
    tests: frozenset[str]
    source: str
    evidence: tuple[Limit, ...]
    beside: tuple[str, ...] = ()
    arms: bool = False
    together: bool = False
    shown: bool = True


@dataclass(frozen=True)
class CueTable:
    """Faults, the most important first, and the file by which they were changed, "" for none."""

    faults: tuple[Fault, ...]
    file: str = ""
    changes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, test: str) -> tuple[Fault, ...]:
        """The faults of a test."""
        return tuple(one for one in self.faults if test in one.tests and one.shown)


@cache
def default() -> CueTable:
    """The table that comes with hipdrive."""
    return CueTable(tuple(_fault(str(FILE), name, row, None) for name, row in _read(FILE).items()))


def load(file: str | Path | None) -> CueTable:
    """The table with what a coach's own TOML file changes; a fault named in it keeps what the file does not name.

    Raises
    ------
    UsageError : the file cannot be read, or says something that is not known or makes no sense.
    """
    if file is None:
        return default()
    path, known = Path(file), {one.name: one for one in default().faults}
    changed = dict(known)
    rows = _read(path)
    for name, row in rows.items():
        if name not in known:
            raise _wrong(path, f"there is no fault {name!r}{_near(name, known)}")
        if not isinstance(row, dict):
            raise _wrong(path, f"{name} is no table; write [{name}] and its limits below it")
        changed[name] = _fault(str(path), name, row, known[name])
    return CueTable(tuple(changed.values()), str(path), MappingProxyType(rows))


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size > LARGEST_FILE):
            raise _wrong(path, "this is no table of cues; give a small TOML file")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, RecursionError) as why:
        raise _wrong(path, f"the table of cues cannot be read ({why}); give a TOML file") from why


def _fault(where: str, name: str, row: Mapping[str, Any], old: Fault | None) -> Fault:
    """One fault of a table, over the one that it changes."""
    _known(where, name, row, KEYS)
    told = {key: _text(where, name, key, row[key]) for key in TEXTS if key in row}
    flags = {key: _flag(where, name, key, row[key]) for key in FLAGS if key in row}
    changes: dict[str, Any] = {**told, **flags}
    if "tests" in row:
        changes["tests"] = _tests(where, name, row["tests"])
    if "evidence" in row:
        changes["evidence"] = _evidence(where, name, row["evidence"], () if old is None else old.evidence)
    if "beside" in row:
        changes["beside"] = _beside(where, name, row["beside"])
    if old is not None:
        return replace(old, **changes)
    return Fault(name=name, **changes)


def _evidence(where: str, name: str, rows: Any, old: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """The limits of a fault: each replaces the one of the same number."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise _wrong(where, f"{name}: write its limits as [[{name}.evidence]]")
    load_builtin()
    found = {one.field: one for one in old}
    for row in rows:
        _known(where, f"{name}.evidence", row, EVIDENCE)
        number = row.get("field", old[0].field if len(old) == 1 else None)
        number = _number(where, name, repr(number), number)
        if old and number not in found:
            raise _wrong(where, f"{name}: its numbers are {', '.join(found)}; {number} is not one of them")
        changes: dict[str, Any] = {key: _limit(where, name, number, key, row[key]) for key in LIMITS if key in row}
        if "from" in row:
            changes["base"] = _number(where, name, "`from`", row["from"])
        if "over" in row:
            changes["over"] = _count(where, name, row["over"])
        one = replace(found.get(number, Limit(number)), **changes)
        if one.below > one.above or (math.isnan(one.below) and math.isnan(one.above)):
            raise _wrong(where, f"{name}: give {number} a limit `below` or `above`, the first less than the second")
        found[number] = one
    return tuple(found.values())


def _beside(where: str, name: str, fields: Any) -> tuple[str, ...]:
    if not isinstance(fields, list) or len(fields) > MOST_BESIDE:
        raise _wrong(where, f"{name}: beside must be a list of at most {MOST_BESIDE} numbers")
    load_builtin()
    return tuple(_number(where, name, repr(one), one) for one in fields)


def _number(where: str, name: str, told: str, field: Any) -> str:
    """A number that hipdrive knows; told : what to call it where it does not."""
    if not isinstance(field, str) or stem(field) not in METRICS:
        raise _wrong(where, f"{name}: {told} is no number of hipdrive{_near(str(field), METRICS)}; "
                     "`hipdrive metrics` lists them")  # fmt: skip
    return field


def _limit(where: str, name: str, number: str, key: str, value: Any) -> float:
    """A limit, and whether it can be meant in the number's unit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 < value < 1e9:
        raise _wrong(where, f"{name}: {key} is {str(value)[:20]}; give a number")
    unit = unit_of(number)
    if abs(value) > LARGEST.get(unit, 1e6):
        raise _wrong(
            where, f"{name}: {key} of {number} makes no sense as {value:g} {unit}; hipdrive counts in SI units"
        )
    return float(value)


LARGEST = {"s": 10.0, "m": 10.0, "deg": 360.0, "%": 1000.0, "1": 100.0}
"""What a limit cannot exceed, by unit: milliseconds and centimetres written as seconds and metres do."""


def _count(where: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise _wrong(where, f"{name}: over is {value!r}; give a number of repetitions")
    return value


def _text(where: str, name: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise _wrong(where, f"{name}: {key} must be a text of at most {LONGEST} letters")
    return value


def _flag(where: str, name: str, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, f"{name}: {key} is {value!r}; write true or false")
    return value


def _tests(where: str, name: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(one in TESTS for one in value):
        raise _wrong(where, f"{name}: tests must be a list of {', '.join(TESTS)}")
    return frozenset(value)


def _known(where: str, name: str, row: Mapping[str, Any], keys: Iterable[str]) -> None:
    for key in row:
        if key not in keys:
            raise _wrong(where, f"{name} has no {key!r}{_near(key, keys)}")


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean {near[0]}?" if near else "; `hipdrive cues` shows the table" if names is not METRICS else ""


def _wrong(where: str | Path, told: str) -> UsageError:
    return UsageError("cues", f"{where}: {told}")
