"""TRC: markers of a motion-capture system or of OpenSim, as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hipdrive.acquisition.formats.registry import Source
from hipdrive.errors import ReadError
from hipdrive.trial import Floats, Track

START = "PathFileType"
UNITS = {"m": "m", "mm": "mm", "cm": "cm", "meters": "m", "millimeters": "mm", "metres": "m", "millimetres": "mm"}
MAX_MARKERS = 2000
BLANK = frozenset(("", "nan", "-nan", "null", "na"))


def is_trc(source: Source) -> bool:
    """Whether the file begins as TRC does."""
    return source.start.lstrip().startswith(START)


def read_trc(source: Source) -> tuple[Track, ...]:
    """Markers of a TRC file, in its unit and axes; a blank or (0, 0, 0) is a marker that was not seen.

    Raises
    ------
    ReadError : damaged, cut off, or not in a unit of length.
    """
    lines = source.lines
    keys = _keys(lines, source.name)
    unit = UNITS.get(keys.get("units", "").lower())
    if unit is None:
        raise ReadError("unit", f"{source.name}, line 3: the unit of the markers is {keys.get('units', '')[:20]!r}; "
                        "it has to be m or mm")  # fmt: skip
    names = [cell.strip() for cell in lines[3].split("\t")[2:] if cell.strip()] if len(lines) > 3 else []
    if not 0 < len(names) <= MAX_MARKERS:
        raise ReadError("header", f"{source.name}, line 4: {len(names)} names of markers; export the file again")
    rows = [(i + 6, line) for i, line in enumerate(lines[5:]) if line.strip()]
    table = np.array([_row(line, number, names, source.name) for number, line in rows])
    _check_whole(keys, rows, source)
    times, places = table[:, 1], table[:, 2:].reshape(len(table), len(names), 3)
    check_times(times, [number for number, _ in rows], source.name)
    places[(places == 0.0).all(axis=2) | np.isnan(places).any(axis=2)] = np.nan
    return (Track(name=source.path.name, kind="points", times=times, values=places, names=tuple(names), unit=unit),)


def _keys(lines: Sequence[str], name: str) -> Mapping[str, str]:
    """The header's keys and values, lines 2 and 3."""
    if len(lines) < 6:
        raise ReadError("truncated", f"{name}: was cut off in its header; export it again")
    heads, values = ([cell.strip() for cell in line.split("\t")] for line in lines[1:3])
    return {head.lower(): value for head, value in zip(heads, values, strict=False)}


def _row(line: str, number: int, names: Sequence[str], name: str) -> list[float]:
    """Frame, time and coordinates of one line; what is missing at its end was not seen."""
    cells = [cell.strip() for cell in line.split("\t")]
    width = 2 + 3 * len(names)
    if len(cells) < 2 or any(cells[width:]):
        raise ReadError("ragged", f"{name}, line {number}: does not have {len(names)} markers as line 4 says; export "
                        "the file again")  # fmt: skip
    try:
        row = [math.nan if cell.lower() in BLANK else float(cell) for cell in cells[:width]]
    except ValueError:
        raise ReadError("not_a_number", f"{name}, line {number}: holds something that is no number; mend that line "
                        "or export the file again") from None  # fmt: skip
    if any(math.isinf(value) for value in row):
        raise ReadError("not_a_number", f"{name}, line {number}: holds an infinite number; export the file again")
    return row + [math.nan] * (width - len(row))


def _check_whole(keys: Mapping[str, str], rows: Sequence[tuple[int, str]], source: Source) -> None:
    """Refuse a file with fewer frames than its header says, or that ends within a line."""
    said = keys.get("numframes", "")
    frames = int(said) if said.isdigit() and len(said) < 10 else 0
    short = len(rows) < frames
    ends = source.data.endswith((b"\n", b"\r"))
    broken = not ends and len(rows) > 1 and len(rows[-1][1].split("\t")) < len(rows[-2][1].split("\t"))
    if short or broken or len(rows) < 2:
        raise ReadError("truncated", f"{source.name}: {f'its header says {frames} frames, but' if short else ''} only "
                        f"{len(rows)} whole frames are there, so it was cut off; export it again")  # fmt: skip


def check_times(times: Floats, lines: Sequence[int], name: str) -> None:
    """Refuse times that are missing or do not rise."""
    wrong = np.flatnonzero(~np.isfinite(times))
    if not len(wrong):
        wrong = np.flatnonzero(np.diff(times) <= 0.0) + 1
    if len(wrong):
        line = f", line {lines[int(wrong[0])]}" if len(lines) else ""
        raise ReadError("time", f"{name}{line}: the time is missing or does not rise; export the file again")
