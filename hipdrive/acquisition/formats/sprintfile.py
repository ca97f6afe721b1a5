"""Tables of timed runs -> `TimedRun`s: gates in long or wide form, radar, laser; one athlete or many.

A column says by its name what it is. Long form: `athlete` (and `trial`), `distance`, `time`, or `time`, `velocity`.
Wide form: one row a run and one column a gate, called by its distance (`5m`, `10 m`, `30yd`).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from hipdrive.acquisition.formats.plaintext import DELIMITERS, MISSING, decoded, split
from hipdrive.errors import ReadError, UsageError
from hipdrive.timedrun import POSITIONS, SPLITS, VELOCITY, TimedRun

LENGTHS = {"m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "cm": 0.01, "yd": 0.9144,
           "yds": 0.9144, "yard": 0.9144, "yards": 0.9144, "ft": 0.3048, "feet": 0.3048}  # fmt: skip
SPEEDS = {"m/s": 1.0, "mps": 1.0, "ms-1": 1.0, "m.s-1": 1.0, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6,
          "mph": 0.44704, "ft/s": 0.3048}  # fmt: skip
TIMES = {"s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "ms": 0.001}

ROLES: Mapping[str, frozenset[str]] = {
    "athlete": frozenset(("athlete", "name", "id", "player", "subject", "runner", "athlet", "nombre")),
    "trial": frozenset(("trial", "run", "rep", "repetition", "attempt", "lauf")),
    "distance": frozenset(("distance", "dist", "x", "position", "distanz", "distancia", "gate")),
    "time": frozenset(("time", "t", "split", "splits", "split_time", "zeit", "tiempo", "seconds")),
    "velocity": frozenset(("velocity", "speed", "v", "vel", "geschwindigkeit", "velocidad")),
    "mass": frozenset(("mass", "bodyweight", "body_mass", "bodymass", "weight", "bm", "bw", "masse", "gewicht")),
    "height": frozenset(("height", "stature", "body_height", "groesse")),
}
"""What a column is -> the names that say so."""

GATE = re.compile(r"(?:t|time|split)?[_ ]?(\d+(?:[.,]\d+)?)[_ ]?(m|yd|yds|yards?|ft)?")
MANY, DENSE = 30, 0.15
"""So many distances, so many seconds apart at most, are those of a laser, not of gates."""

MOST_CELLS = 20_000_000


@dataclass(frozen=True)
class Column:
    """One column: its place, role and factor to SI; of a gate its distance, m."""

    place: int
    name: str
    role: str
    factor: float
    gate: float = math.nan


@dataclass(frozen=True)
class Sheet:
    """A table of text: heads and rows with their line numbers."""

    name: str
    heads: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    sha256: str


def read_sprint(
    path: str | Path, *, mass: float | None = None, height: float | None = None, athlete: str | None = None,
    unit: str | None = None, time_unit: str | None = None,
) -> list[TimedRun]:  # fmt: skip
    """Every timed run of a table of gates, or of a radar's or laser's record.

    mass, height : kg and m, where the file does not say. unit, time_unit : of distances or velocities, and of times,
    where the file does not say or says it wrongly.

    Raises
    ------
    ReadError : one sentence. UsageError : a unit is not known.
    """
    for name, value, least, most, what in (("mass", mass, 20.0, 300.0, "kg"), ("height", height, 1.0, 2.6, "m")):
        if value is not None and not least <= value <= most:
            raise UsageError(name, f"--{name} {value:g} is not that of a person; give {least:g} to {most:g} {what}")
    if unit is not None and unit.lower() not in {**LENGTHS, **SPEEDS}:
        raise UsageError("unit", f"--unit {unit}: choose m, yd or ft for distances, m/s, km/h, mph or ft/s for speeds")
    if time_unit is not None and time_unit.lower() not in TIMES:
        raise UsageError("time_unit", f"--time-unit {time_unit}: choose s or ms")
    file = Path(path)
    if file.exists() and not file.is_file():
        raise ReadError("not_a_file", f"{file}: this is no ordinary file; give a table of times")
    sheet = _sheet(file)
    columns = _columns(sheet, unit, time_unit)
    found = list(_wide(sheet, columns) if any(c.role == "gate" for c in columns) else _long(sheet, columns))
    if not found:
        raise ReadError("empty", f"{file}: holds no time of a run; give times at distances, or velocities over time")
    only = athlete if athlete is not None and len(found) == 1 else None
    return [_told(run, sheet, mass, height, only) for run in found]


def _told(run: TimedRun, sheet: Sheet, mass: float | None, height: float | None, athlete: str | None) -> TimedRun:
    """The run with its file, and with what the user said; what the user says counts more than the file."""
    return replace(
        run, file=sheet.name, sha256=sheet.sha256, mass=run.mass if mass is None else mass,
        height=run.height if height is None else height, athlete=run.athlete if athlete is None else athlete,
    )  # fmt: skip


# --- text ---


def _sheet(file: Path) -> Sheet:
    data = file.read_bytes()
    lines = [(number, line) for number, line in enumerate(decoded(data, str(file)).split("\n"), 1)
             if line.strip() and not line.lstrip().startswith("#")]  # fmt: skip
    if len(lines) < 2:
        raise ReadError("empty", f"{file}: holds no table; give a first line with the columns' names, then one row "
                        "for each time or run")  # fmt: skip
    if len(lines) * (1 + lines[0][1].count(",")) > MOST_CELLS:
        raise ReadError("too_large", f"{file}: too large for a table of runs; cut it into pieces")
    delimiter = max(DELIMITERS, key=lambda one: _evenness([line for _, line in lines[:50]], one))
    heads = split(lines[0][1], delimiter)
    rows = []
    for number, line in lines[1:]:
        cells = split(line, delimiter)
        while len(cells) > len(heads) and not cells[-1]:
            cells.pop()
        if len(cells) > len(heads):
            raise ReadError("ragged", f"{file}, line {number}: {len(cells)} cells under {len(heads)} names; mend the "
                            "line, or quote decimal commas")  # fmt: skip
        rows.append((number, cells + [""] * (len(heads) - len(cells))))
    return Sheet(str(file), heads, rows, hashlib.sha256(data).hexdigest())


def _evenness(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """How well a delimiter cuts the lines into as many cells each: first the lines that agree, then how many cells."""
    counts = [len(split(line, delimiter)) for line in lines]
    agree = sum(count == counts[0] for count in counts) if counts[0] > 1 else 0
    return agree, -list(DELIMITERS).index(delimiter)


def _columns(sheet: Sheet, unit: str | None, time_unit: str | None) -> list[Column]:
    found = [column for i, head in enumerate(sheet.heads) if (column := _column(i, head, unit, time_unit))]
    roles = [column.role for column in found if column.role != "gate"]
    for role in ROLES:
        if roles.count(role) > 1:
            names = ", ".join(c.name for c in found if c.role == role)
            raise ReadError("two_columns", f"{sheet.name}: the columns {names} all say {role}; keep one of them")
    has = set(roles)
    if any(c.role == "gate" for c in found):
        return [c for c in found if c.role in ("gate", "athlete", "trial", "mass", "height")]
    if "time" not in has or not has & {"distance", "velocity"}:
        raise ReadError("columns", f"{sheet.name}: no column `time` with `distance` or `velocity`, and none called by "
                        f"the distance of a gate (5m, 10m); the first line says {', '.join(sheet.heads)[:120]}; name "
                        "the columns so")  # fmt: skip
    if {"distance", "velocity"} <= has:
        # a radar that also sums its velocity up: what it measured is the velocity
        found = [c for c in found if c.role != "distance"]
    return found


def _column(place: int, head: str, unit: str | None, time_unit: str | None) -> Column | None:
    """What a head says; `velocity (km/h)`, `velocity_kmh` and `Distance [yd]` name their unit, too."""
    text = head.strip().lower()
    gate = GATE.fullmatch(text)
    if gate:
        factor = LENGTHS[(unit or gate[2] or "m").lower() if (unit or "").lower() in {"", *LENGTHS} else "m"]
        metres = float(gate[1].replace(",", ".")) * factor
        return Column(place, head, "gate", TIMES[(time_unit or "s").lower()], metres)
    match = re.fullmatch(r"(.+?)\s*[\[(]\s*([^\])]+?)\s*[\])]", text)
    name, said = (match[1], match[2]) if match else (text, "")
    name = re.sub(r"[\s.-]+", "_", name.strip())
    stem, _, ending = name.rpartition("_")
    for role, names in ROLES.items():
        if name not in names and stem in names:
            name, said = stem, said or ending
        if name in names:
            return Column(place, head, role, _factor(role, said, unit, time_unit))
    return None


def _factor(role: str, said: str, unit: str | None, time_unit: str | None) -> float:
    if role == "time":
        return TIMES.get((time_unit or said or "s").lower(), 1.0)
    known = LENGTHS if role == "distance" else SPEEDS if role == "velocity" else None
    if known is None:
        return {"cm": 0.01, "lb": 0.45359237, "lbs": 0.45359237}.get(said, 1.0)
    if unit is not None and unit.lower() in known:
        return known[unit.lower()]
    return known.get(said, 1.0)


# --- tables ---


def _number(sheet: Sheet, line: int, cell: str, column: Column) -> float:
    """A cell in SI; NaN where it is blank."""
    if cell.strip().lower() in MISSING:
        return math.nan
    text = re.sub(r"^([+-]?\d+),(\d+)$", r"\1.\2", cell.strip())
    try:
        value = float(text) * column.factor
    except ValueError:
        raise ReadError("not_a_number", f"{sheet.name}, line {line}: {cell.strip()[:40]!r} in column {column.name} is "
                        "not a number; mend or empty the cell") from None  # fmt: skip
    if math.isinf(value):
        raise ReadError("not_a_number", f"{sheet.name}, line {line}: column {column.name} is infinite; empty the cell")
    return value


class Body(TypedDict):
    """Mass and stature of a row, kg and m."""

    mass: float | None
    height: float | None


def _body(sheet: Sheet, line: int, cells: Sequence[str], columns: Sequence[Column]) -> Body:
    """Mass and stature of a row; a stature above 3 is in centimetres."""
    told: dict[str, float | None] = {}
    for column in columns:
        if column.role in ("mass", "height"):
            value = _number(sheet, line, cells[column.place], column)
            if column.role == "height" and value > 3.0:
                value /= 100.0
            low, high = (20.0, 300.0) if column.role == "mass" else (1.0, 2.6)
            if math.isfinite(value) and not low <= value <= high:
                raise ReadError(column.role, f"{sheet.name}, line {line}: {cells[column.place].strip()} in column "
                                f"{column.name} is not that of a person; give kg, and m or cm")  # fmt: skip
            told[column.role] = value if math.isfinite(value) else None
    return Body(mass=told.get("mass"), height=told.get("height"))


def _key(cells: Sequence[str], columns: Sequence[Column]) -> tuple[str, str]:
    def cell(role: str) -> str:
        return next((cells[c.place].strip() for c in columns if c.role == role), "")

    return cell("athlete"), cell("trial")


def _called(key: tuple[str, str]) -> str:
    return f"{key[0]} {key[1]}".strip() if key[1] else key[0]


def _wide(sheet: Sheet, columns: Sequence[Column]) -> Iterator[TimedRun]:
    gates = sorted((c for c in columns if c.role == "gate"), key=lambda c: c.gate)
    for line, cells in sheet.rows:
        times = np.array([_number(sheet, line, cells[c.place], c) for c in gates])
        if np.isfinite(times).any():
            told = _body(sheet, line, cells, columns)
            yield TimedRun(
                kind=SPLITS,
                time=times,
                value=np.array([c.gate for c in gates]),
                athlete=_called(_key(cells, columns)),
                **told,
            )


def _long(sheet: Sheet, columns: Sequence[Column]) -> Iterator[TimedRun]:
    time = next(c for c in columns if c.role == "time")
    value = next(c for c in columns if c.role in ("distance", "velocity"))
    groups: dict[tuple[str, str], list[tuple[int, Sequence[str]]]] = {}
    for line, cells in sheet.rows:
        groups.setdefault(_key(cells, columns), []).append((line, cells))
    for key, rows in groups.items():
        t = np.array([_number(sheet, line, cells[time.place], time) for line, cells in rows])
        y = np.array([_number(sheet, line, cells[value.place], value) for line, cells in rows])
        there = np.isfinite(t) & np.isfinite(y)
        if not there.any():
            continue
        dense = there.sum() >= MANY and float(np.median(np.abs(np.diff(t[there])))) <= DENSE
        kind = VELOCITY if value.role == "velocity" else POSITIONS if dense else SPLITS
        told = _body(sheet, *rows[0], columns)
        yield TimedRun(kind=kind, time=t[there], value=y[there], athlete=_called(key), **told)
