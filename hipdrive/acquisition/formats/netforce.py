"""AMTI NetForce text: no header; Fx, Fy, Fz, Mx, My, Mz of each plate, N and N m."""

from __future__ import annotations

from itertools import product

from hipdrive.acquisition.formats.assemble import assemble
from hipdrive.acquisition.formats.header import Channel
from hipdrive.acquisition.formats.plaintext import COMMENT, read_table, split
from hipdrive.acquisition.formats.registry import Options, Source, reader
from hipdrive.acquisition.formats.text import is_clock, nameless
from hipdrive.errors import ReadError
from hipdrive.trial import QUANTITY_UNITS, Trial

COMPONENTS = ("fx", "fy", "fz", "mx", "my", "mz")
WIDTHS = (6, 7, 12, 13)
"""One or two plates, without or with a column of time in front."""


def is_netforce(source: Source) -> bool:
    """Whether the file begins with comma-separated numbers in as many columns as NetForce writes."""
    lines = [line for line in source.start.split("\n")[:4] if line.strip() and not line.startswith(COMMENT)][:1]
    cells = split(lines[0], ",") if lines else []
    if len(cells) not in WIDTHS:
        return False
    try:
        return all(cell == cell.strip() and float(cell) == float(cell) for cell in cells)
    except ValueError:
        return False


@reader("netforce", suffixes=(".txt", ".asc", ".csv"), can_open=is_netforce)
def read_netforce(source: Source, options: Options) -> Trial:
    """AMTI NetForce text without header: Fx, Fy, Fz, Mx, My, Mz of one or two plates."""
    table = read_table(source.lines, source.name)
    width = table.dialect.columns
    timed = width % 6 == 1
    if options.columns or width not in WIDTHS or timed is not is_clock(table):
        channels, notes = nameless(table, told=bool(options.columns))
        return assemble(source, options, table, channels, notes)
    if table.header and any(line.strip() for line in table.header):
        raise ReadError("header", f"{source.name}, line 1: is not a row of numbers like those below; remove it")
    plates = [f"plate{i + 1}" for i in range(width // 6)]
    channels = [Channel("time", "time", unit="s")] if timed else []
    for plate, quantity in product(plates, COMPONENTS):
        unit = QUANTITY_UNITS[quantity[0]]
        channels.append(Channel(f"{plate}.{quantity}", quantity, plate, unit, sure=True))
    order = "time, " * timed + "Fx, Fy, Fz, Mx, My, Mz"
    return assemble(source, options, table, channels, (f"no header: columns taken as AMTI's {order} of each plate",))
