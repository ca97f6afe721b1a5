"""Delimited text of points or joint angles, by the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from hipdrive.acquisition.formats.header import channel, names_of, unit_in
from hipdrive.acquisition.formats.plaintext import Table, read_table
from hipdrive.acquisition.formats.registry import Source
from hipdrive.acquisition.formats.trc import check_times
from hipdrive.analysis.coordinates import SURE, meaning_of
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import Floats, Track

AXIS = re.compile(r"^(.+?)[ _.\-]*([xyzXYZ])$")
"""A coordinate of a point: hip_left_x, LKNE.Y, Left Knee Z."""

ANGLES = {"deg": "deg", "degree": "deg", "degrees": "deg", "°": "deg", "rad": "rad", "radians": "rad"}
LENGTHS = {"m": "m", "mm": "mm", "cm": "cm", "px": "px", "pixel": "px", "pixels": "px"}
UNITS = ("m", "cm", "mm", "px", "deg", "rad")
"""Units that motion can be said to have."""

MOST_COLUMNS = 6002
"""Frame, time, and three coordinates of as many markers as a TRC file may have."""

NO_RADIAN = 7.0
"""An angle of a joint beyond this cannot be in radians."""


def read_motion_table(source: Source, rate: float | None = None, unit: str | None = None) -> tuple[Track, ...]:
    """Points and joint angles of a text file whose header names them, such as `hip_x,hip_y` or `knee_flexion_left`.

    rate : Hz, where there is no column of times. unit : of points or angles, where the header does not say it.

    Raises
    ------
    ReadError : nothing of a body is named, or times or units are missing.
    """
    table = read_table(source.lines, source.name)
    names, units = names_of(table)
    if not names:
        raise ReadError("no_header", f"{source.name}: its columns have no names; put a line with names above them, "
                        "such as time,hip_left_x,hip_left_y or time,knee_flexion_left")  # fmt: skip
    if len(names) > MOST_COLUMNS:
        raise ReadError("too_large", f"{source.name}: has {len(names)} columns, more than {MOST_COLUMNS}; export fewer "
                        "points")  # fmt: skip
    bare, told = _with_units(names, units)
    times, used = _times(table, names, units, rate, source.name)
    found: list[Track] = []
    points = _points(bare, used)
    if points:
        found.append(_track(source, "points", times, table, points, told, LENGTHS, unit))
        used |= {i for places in points.values() for i in places}
    angles = {bare[i]: [i] for i in range(len(bare)) if i not in used and _is_angle(bare[i], bare)}
    if angles:
        found.append(_track(source, "angles", times, table, angles, told, ANGLES, unit))
    if not found:
        raise ReadError("no_motion", f"{source.name}: no point or joint angle is known among "
                        f"{', '.join(map(repr, names[:4]))}; name them hip_left_x or knee_flexion_left")  # fmt: skip
    return tuple(found)


def _with_units(names: Sequence[str], units: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names without units, and the unit of each column, lower case."""
    parts = [unit_in(name) for name in names]
    marked = [
        re.sub(r"\s*[\[(]\s*(px|pixels?|degrees?|radians)\s*[\])]\s*$", "", bare, flags=re.I) for bare, _ in parts
    ]
    own = [re.search(r"[\[(]\s*(px|pixels?|degrees?|radians)\s*[\])]\s*$", bare, re.I) for bare, _ in parts]
    told = [(match[1] if match else unit or second.strip("[]() ")).lower()
            for match, (_, unit), second in zip(own, parts, units, strict=True)]  # fmt: skip
    return [name.strip() for name in marked], told


def _times(
    table: Table, names: Sequence[str], units: Sequence[str], rate: float | None, name: str
) -> tuple[Floats, set[int]]:  # fmt: skip
    """The times of the frames, s, and the columns that are not motion."""
    kinds = [channel(one, unit) for one, unit in zip(names, units, strict=True)]
    skip = {i for i, one in enumerate(kinds) if one.quantity in ("time", "counter")}
    column = next((i for i, one in enumerate(kinds) if one.quantity == "time"), None)
    if column is not None and column not in table.stamps():
        times = np.asarray(table.values[:, column] * kinds[column].factor)
        check_times(times, [], name)
        if rate is not None and len(times) > 1 and abs((len(times) - 1) / (times[-1] - times[0]) / rate - 1.0) > 0.02:
            raise ReadError("rate", f"{name}: the rate given, {rate:g} Hz, contradicts its column of times; leave it "
                            "out")  # fmt: skip
        return times, skip
    if rate is None:
        raise ReadError("time", f"{name}: has no column of times; give the frame rate with --motion-as rate=HZ")
    if not (np.isfinite(rate) and 1.0 <= rate <= 1e5):
        raise UsageError("rate", f"{name}: a frame rate of {rate:g} Hz makes no sense")
    return np.arange(len(table.values)) / rate, skip


def _points(names: Sequence[str], used: set[int]) -> dict[str, list[int]]:
    """Points with two or three coordinates, by name."""
    places: dict[str, dict[str, int]] = {}
    for i, name in enumerate(names):
        match = AXIS.match(name)
        if match and i not in used:
            places.setdefault(match[1], {})[match[2].lower()] = i
    whole = {name: axes for name, axes in places.items() if len(axes) >= 2}
    most = max((len(axes) for axes in whole.values()), default=0)
    kinds = [sorted(axes) for axes in whole.values() if len(axes) == most]
    return {name: [axes[x] for x in sorted(axes)] for name, axes in whole.items() if sorted(axes) == kinds[0]}


def _is_angle(name: str, names: Sequence[str]) -> bool:
    """Whether a name is that of a joint's angle, clear or not."""
    if SURE & {one.lower() for one in names}:
        return not re.search(r"_t[xyz]$|_beta$", name.lower())
    try:
        return meaning_of(name) is not None
    except UsageError:
        return True


def _track(
    source: Source, kind: str, times: Floats, table: Table, columns: Mapping[str, Sequence[int]], told: Sequence[str],
    known: Mapping[str, str], given: str | None,
) -> Track:  # fmt: skip
    """A track of some columns in the one unit that they have."""
    values = table.values[:, list(columns.values())]
    said = {known[told[i]] for places in columns.values() for i in places if told[i] in known}
    if given in known.values():
        said = said or {str(given)}
    if not said and kind == "angles" and np.nanmax(np.abs(values), initial=0.0) > NO_RADIAN:
        said = {"deg"}
    if len(said) != 1:
        many = f"are in {' and '.join(sorted(said))}" if said else "have no unit"
        raise ReadError("unit", f"{source.name}: its {kind} {many}; say one with --motion-as "
                        f"unit={' or unit='.join(dict.fromkeys(known.values()))}")  # fmt: skip
    values = np.where(np.isfinite(values), values, np.nan)  # a copy
    if kind == "points":
        values[np.isnan(values).any(axis=2) | (values == 0.0).all(axis=2)] = np.nan
    return Track(name=source.path.name, kind=kind, times=times, values=values, names=tuple(columns), unit=said.pop())
