"""Analysis -> tables: tidy (one row a number) and wide (one row a repetition), as pandas, CSV or Parquet.

A wide table names its columns as the fields are named, in SI: `jump_height_tov` in m, `jump_height_tov_u95`
its 95 % uncertainty. A missing number is an empty cell; column `missing` says which and why. `--out` writes
the list of columns with their units beside a CSV; Parquet carries the unit in the metadata of each column.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hipdrive import __version__
from hipdrive.report.document import plain
from hipdrive.results import FAIL, WARN, Analysis, Finding, Results, Value

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from hipdrive.analysis.registry import Metric

Row = dict[str, Any]

TIDY = ("file", "test", "profile", "rep", "metric", "value", "unit", "u95", "method", "why", "code", "label")
FACTS = ("file", "sha256", "athlete", "test", "detected", "arms", "load", "profile", "settings", "software", "rep",
         "status", "why", "quality", "missing")  # fmt: skip
"""Columns of a wide table that are no numbers of METRICS.md, in order; the last two stand at the end."""

SIDES = ("_left", "_right")


class Written(str):
    """A cell that was read from a table of ours and goes back as it is."""

    __slots__ = ()


def frame(analyses: Analysis | Iterable[Analysis]) -> pd.DataFrame:
    """A tidy table: one row for each repetition and metric, with unit, u95, method or the reason.

    >>> frame([]).columns.tolist()[:5]
    ['file', 'test', 'profile', 'rep', 'metric']
    """
    import pandas as pd

    return pd.DataFrame(list(tidy_rows(analyses)), columns=list(TIDY))


def wide(analyses: Analysis | Iterable[Analysis]) -> pd.DataFrame:
    """A wide table: one row for each repetition, the fields as columns, headline numbers first."""
    import pandas as pd

    rows = wide_rows(analyses)
    return pd.DataFrame(rows, columns=columns(rows))


def tidy_rows(analyses: Analysis | Iterable[Analysis]) -> Iterator[Row]:
    """The rows of `frame` as dicts; `value` is always a number, `label` the name of its class."""
    for one in _many(analyses):
        for rep in one.reps:
            for name, v in rep.items():
                cells = (one.file, one.test, one.profile, rep.rep, name, v.value, v.unit, v.u95, v.method,
                         v.why, v.code, v.label)  # fmt: skip
                yield dict(zip(TIDY, cells, strict=True))


def wide_rows(analyses: Analysis | Iterable[Analysis], settings: Mapping[str, Any] | None = None) -> list[Row]:
    """The rows of `wide` as dicts; a trial without a repetition has one row that says why.

    `settings` are the options that were asked for; a table that is continued finds its files again by them.
    """
    return [row for one in _many(analyses) for row in _trial_rows(one, settings_text(settings or {}))]


def settings_text(settings: Mapping[str, Any]) -> str:
    """The settings as one cell, the same text for the same settings.

    >>> settings_text({"mass": 80.0})
    '{"mass": 80.0}'
    """
    return json.dumps(plain(settings), sort_keys=True)


def columns(rows: Sequence[Row]) -> list[str]:
    """Every column of the rows once: facts, then fields in the order seen, each with its u95 behind it."""
    seen = dict.fromkeys(key for row in rows for key in row)
    fields = [key for key in seen if key not in FACTS and not _is_u95(key, seen)]
    paired = [key for field in fields for key in (field, f"{field}_u95") if key in seen]
    return [*FACTS[:-2], *paired, *FACTS[-2:]]


def to_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV text: comma, point, UTF-8, one header line, numbers to the last digit."""
    names = columns(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def from_csv(text: str) -> list[Row]:
    """The rows of a table that `to_csv` wrote, to be continued."""
    return [
        {name: Written(cell) for name, cell in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def to_arrow(rows: Sequence[Row]) -> pa.Table:
    """The rows as an Arrow table with a unit in each column's metadata."""
    import pyarrow as pa

    columns_ = {name: [row.get(name) for row in rows] for name in columns(rows)}
    fields = [
        pa.field(name, _arrow_type(name, cells), metadata={"unit": unit_of(name)}) for name, cells in columns_.items()
    ]
    return pa.table(columns_, schema=pa.schema(fields, metadata={"format": "hipdrive-table"}))


def units_csv(names: Iterable[str]) -> str:
    """The list that stands beside a CSV: column, unit, meaning."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("column", "unit", "meaning"))
    writer.writerows((name, unit_of(name), _cell(meaning(name))) for name in names)
    return out.getvalue()


def base_field(name: str) -> str:
    """The metric that a column belongs to.

    >>> base_field("asym_peak_force"), base_field("peak_force_left_u95")
    ('peak_force', 'peak_force')
    """
    name = name.removesuffix("_u95").removeprefix("asym_")
    return name.removesuffix(SIDES[0]).removesuffix(SIDES[1])


def definition(field: str) -> Metric | None:
    """The registry's entry of a field, None where it has none of its own."""
    from hipdrive.analysis import registry

    registry.load_builtin()
    return registry.METRICS.get(field)


def unit_of(name: str) -> str:
    """The SI unit of a wide column, "" for facts but the load."""
    if name == "load":
        return "kg"
    metric = definition(name.removesuffix("_u95")) or definition(base_field(name))
    if metric is None or name in FACTS:
        return ""
    return "%" if name.startswith("asym_") and metric.name != name.removesuffix("_u95") else metric.unit


def meaning(name: str) -> str:
    """What a wide column holds, in a sentence."""
    metric = definition(name.removesuffix("_u95")) or definition(base_field(name))
    if metric is None or name in FACTS:
        return ""
    doc = " ".join(metric.doc.split("\n\n")[0].split())
    return f"95 % uncertainty of {name.removesuffix('_u95')}" if name.endswith("_u95") else doc


def _many(analyses: Analysis | Iterable[Analysis]) -> Iterable[Analysis]:
    return [analyses] if isinstance(analyses, Analysis) else analyses


def _trial_rows(one: Analysis, settings: str) -> Iterator[Row]:
    about = one.provenance
    facts: Row = {
        "file": one.file, "sha256": about.get("input_sha256", ""), "athlete": about.get("athlete", ""),
        "test": one.test, "detected": bool(one.detected), "arms": bool(about.get("arms", False)),
        "load": float(about.get("load_kg", 0.0)), "profile": one.profile, "settings": settings,
        "software": f"hipdrive {__version__}",
    }  # fmt: skip
    for rep in one.reps:
        yield {**facts, "rep": rep.rep, "status": rep.status, "why": rep.why or one.why, **_numbers(one, rep),
               "quality": _checks(one.quality, rep.rep), "missing": _missing(rep)}  # fmt: skip
    if not one.reps:
        yield {**facts, "status": one.status, "why": one.why, "quality": _checks(one.quality, 0)}


def _numbers(one: Analysis, rep: Results) -> Row:
    first = [name for name in one.headline if name in rep.columns.values]
    found: Row = {}
    for name in dict.fromkeys([*first, *rep]):
        value = rep[name]
        found[name] = _number(value)
        if math.isfinite(value.u95):
            found[f"{name}_u95"] = float(value.u95)
    return found


def _number(value: Value) -> float | bool | str | None:
    if not math.isfinite(value.value):
        return None
    if value.label is not None:
        return value.label
    return bool(value.value) if value.unit == "bool" else float(value.value)


def _checks(quality: Sequence[Finding], rep: int) -> str:
    """Checks that warned or failed for the repetition or the record: `weigh_sd=warn; ...`."""
    told = [f for f in quality if f.rep in (0, rep) and f.level in (WARN, FAIL)]
    return "; ".join(f"{f.check}={f.level}" for f in told)


def _missing(rep: Results) -> str:
    """Missing fields by reason code, `no_weight: jump_height_tov ...; ...`; sides are not listed."""
    reasons: dict[str, list[str]] = {}
    for name, value in rep.items():
        side = base_field(name) != name and base_field(name) in rep.columns.values
        if not side and not math.isfinite(value.value):
            reasons.setdefault(value.code or "undefined", []).append(name)
    return "; ".join(f"{code}: {' '.join(names)}" for code, names in reasons.items())


def _cell(value: Any) -> str:
    """A cell as text; what a file is called must not run as a formula when a spreadsheet opens it."""
    if value is None or isinstance(value, Written):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value) if value == value else ""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _is_u95(name: str, seen: Mapping[str, None]) -> bool:
    return name.endswith("_u95") and name.removesuffix("_u95") in seen


def _arrow_type(name: str, cells: Sequence[Any]) -> pa.DataType:
    import pyarrow as pa

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    return pa.string() if str in kinds or (not kinds and name in FACTS) else pa.float64()
