"""OpenSim .mot and .sto forces, also under another suffix; vertical is Y there and Z here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hipdrive.acquisition.formats.assemble import assemble
from hipdrive.acquisition.formats.header import channels_of, listed, names_of
from hipdrive.acquisition.formats.plaintext import Table, read_table
from hipdrive.acquisition.formats.registry import Options, Source, reader
from hipdrive.errors import ReadError
from hipdrive.trial import Trial

_END = re.compile(r"(?im)^\s*endheader[\s,;]*$")
_KEY = re.compile(r"^\s*(\w+)\s*[=\s]\s*([^,;\t]*)")


def is_opensim(source: Source) -> bool:
    """Whether the head holds the line that ends an OpenSim header."""
    return bool(_END.search(source.start.replace("\r", "\n")))


@reader("opensim", suffixes=(".mot", ".sto"), can_open=is_opensim)
def read_opensim(source: Source, options: Options) -> Trial:
    """OpenSim .mot or .sto with ground reaction forces."""
    end = next(i for i, line in enumerate(source.lines) if _END.match(line))
    keys = header_keys(source.lines[:end])
    # The header's lines become blank ones, so that line numbers in messages stay those of the file.
    table = read_table([""] * (end + 1) + source.lines[end + 1 :], source.name)
    names, units = names_of(table)
    if not names:
        raise ReadError("header", f"{source.name}, line {end + 2}: the line of column names is missing")
    notes = check_size(keys, table)
    channels = channels_of(names, units)
    if not options.columns and not any(c.is_plate for c in channels):
        what = "angles or positions" if "indegrees" in keys else "other quantities"
        raise ReadError(
            "no_force",
            f"{source.name}: holds {what} ({listed(channels[1:4])} ...), not forces; give the file with the "
            "ground reaction forces, and this one with --motion",
        )
    return assemble(source, options, table, channels, notes)


def header_keys(lines: Sequence[str]) -> Mapping[str, str]:
    """The keys of an OpenSim header, lower case, with the older names brought to the newer ones."""
    found = {m[1].lower(): m[2].strip() for line in lines if (m := _KEY.match(line))}
    older = {"datarows": "nrows", "datacolumns": "ncolumns"}
    return {older.get(key, key): value for key, value in found.items()}


def check_size(keys: Mapping[str, str], table: Table) -> tuple[str, ...]:
    """Refuse a table that is smaller than its header says; a note where it is larger."""
    rows, columns = (int(keys[k]) if keys.get(k, "").isdigit() else None for k in ("nrows", "ncolumns"))
    if rows is not None and len(table.values) < rows:
        raise ReadError(
            "truncated",
            f"{table.name}: its header says {rows} rows, but only {len(table.values)} are there, so it was "
            "cut off; export it again",
        )
    if columns is not None and table.dialect.columns != columns:
        raise ReadError(
            "truncated",
            f"{table.name}: its header says {columns} columns, but {table.dialect.columns} are there; export it again",
        )
    more = rows is not None and len(table.values) > rows
    return (f"the header says {rows} rows, {len(table.values)} are there: all were read",) if more else ()
