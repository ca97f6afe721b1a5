"""A comparison of profiles as a table for the terminal, as JSON, and as rows for a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hipdrive.analysis.compare import Compared, Comparison, Spread
from hipdrive.report.frames import definition
from hipdrive.report.words import clean, label, name_of_test, parts
from hipdrive.results import Value

BROKEN = {"mcmahon2018": "mcmahon 2018", "forcedecks_like": "force- decks like"}
"""Profiles whose names are broken where a column is narrow."""


def view(comparison: Comparison, *, everything: bool = False) -> RenderableType:
    """One table a repetition: the numbers shown first (or all) under each profile, and their spread."""
    views: list[RenderableType] = []
    for one in comparison.reps:
        views.append(Text(_title(comparison, one), "bold"))
        views.append(Padding(_table(comparison, one, everything=everything), (0, 0, 0, 2)))
    return Group(*views, Text(""))


def _title(comparison: Comparison, one: Compared) -> str:
    many = f", repetition {one.rep}" if len(comparison.reps) > 1 else ""
    return f"{name_of_test(one.test)}{many} under {len(comparison.profiles)} profiles"


def _table(comparison: Comparison, one: Compared, *, everything: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for profile in comparison.profiles:
        table.add_column(BROKEN.get(profile, clean(profile).replace("_", " ")), justify="right", overflow="fold")
    table.add_column("spread", justify="right", style="bold", no_wrap=True)
    for name, cells, spread in lines(comparison, one, everything=everything):
        table.add_row(name, *cells, spread)
    return table


def lines(comparison: Comparison, one: Compared, *, everything: bool = False) -> Iterator[tuple[str, list[str], str]]:
    """Each number's name, its text under each profile, and its spread with the unit of them all."""
    first = next((a.headline for a in comparison.analyses if a.headline), ())
    for field, row in one.rows.items():
        if (everything and _own(field)) or field in first:
            yield label(row.field), [_cell(v) for v in row.values], _apart(row)


def _own(field: str) -> bool:
    """Whether a field is a number of its own: neither a side nor another form of one."""
    metric = definition(field)
    return metric is not None and not metric.repeats


def _apart(row: Spread) -> str:
    """The spread with the unit of the numbers."""
    unit = parts(next(v for v in row.values if v is not None)).unit
    return f"{_cell(Value(row.spread, row.unit))} {unit}".rstrip()


def _cell(value: Value | None) -> str:
    """A number to the usual digits, without unit and doubt."""
    if value is None or not math.isfinite(value.value):
        return "-"
    return parts(Value(value.value, value.unit, method=value.method, label=value.label)).number


def entries(comparison: Comparison) -> list[dict[str, Any]]:
    """What a JSON document adds for several profiles: low, high and spread of every number, by repetition."""
    return [
        {"file": comparison.file, "rep": one.rep, "test": one.test, "profiles": list(comparison.profiles),
         "metrics": {field: {"unit": row.unit, "low": row.low, "high": row.high, "spread": row.spread}
                     for field, row in one.rows.items() if math.isfinite(row.spread)}}
        for one in comparison.reps
    ]  # fmt: skip


def page_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """What a page shows: one table a repetition."""
    return [
        {"title": _title(comparison, one), "profiles": [clean(p) for p in comparison.profiles],
         "lines": [{"name": name, "cells": cells, "spread": spread} for name, cells, spread in lines(comparison, one)]}
        for one in comparison.reps
    ]  # fmt: skip
