"""Delimited text: any header, delimiter, decimal mark, encoding."""

from __future__ import annotations

import numpy as np

from hipdrive.acquisition.formats.assemble import assemble
from hipdrive.acquisition.formats.header import Channel, channels_of, header_rate, names_of
from hipdrive.acquisition.formats.plaintext import Table, read_table
from hipdrive.acquisition.formats.registry import Options, Source, reader
from hipdrive.errors import ReadError
from hipdrive.trial import Trial

SUFFIXES = (".csv", ".txt", ".tsv", ".dat", ".asc", ".prn", "")


def is_text(source: Source) -> bool:
    """Whether the head of a file can be text."""
    head = source.head
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" not in head


@reader("text", suffixes=SUFFIXES, can_open=is_text, last=True)
def read_text(source: Source, options: Options) -> Trial:
    """Delimited text, whatever its header, delimiter, decimal mark and encoding."""
    table = read_table(source.lines, source.name)
    channels, notes = named(table)
    if channels is None:
        channels, more = nameless(table, told=bool(options.columns))
        notes += more
    return assemble(source, options, table, channels, notes, header_rate(table))


def named(table: Table) -> tuple[list[Channel] | None, tuple[str, ...]]:
    """The channels of a table with column names, None for one without; notes on how it is written."""
    notes = ("numbers have a decimal comma",) if table.dialect.decimal == "," else ()
    names, units = names_of(table)
    if not names:
        return None, notes
    channels = channels_of(names, units)
    comments = all(line.lstrip().startswith("#") for line in table.header if line.strip())
    return (None if comments and not any(c.quantity for c in channels) else channels), notes


def nameless(table: Table, *, told: bool) -> tuple[list[Channel], tuple[str, ...]]:
    """The channels of one or two columns without names; with --columns they are called by their number."""
    width = table.dialect.columns
    numbered = [Channel(str(i + 1)) for i in range(width)]
    if told:
        return numbered, ()
    if width == 1:
        return [Channel("1", "fz", "plate1")], ("no header: the only column taken as vertical force in newtons",)
    if width == 2 and is_clock(table):
        return [Channel("1", "time"), Channel("2", "fz", "plate1")], ("no header: columns taken as time and force",)
    if width == 2:
        plates = [Channel("1", "fz", "plate1"), Channel("2", "fz", "plate2")]
        return plates, ("no header: columns taken as the vertical forces of two plates in newtons",)
    raise ReadError(
        "no_header",
        f"{table.name}: {width} columns without names; say which is what by their number, for example "
        "--columns time=1,left.fz=2,right.fz=3",
    )


def is_clock(table: Table, column: int = 0) -> bool:
    """Whether a column rises in even steps, as time or a counter does."""
    steps = np.diff(table.values[:, column])
    if len(steps) < 2 or not (steps > 0).all():
        return False
    return bool(np.quantile(np.abs(steps - np.median(steps)), 0.9) <= 0.5 * np.median(steps))
