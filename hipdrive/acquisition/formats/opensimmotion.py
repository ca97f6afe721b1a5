"""OpenSim .mot and .sto of joint angles, and the pelvis' place in them."""

from __future__ import annotations

import re

import numpy as np

from hipdrive.acquisition.formats.header import channels_of, listed, names_of
from hipdrive.acquisition.formats.opensim import _END, check_size, header_keys
from hipdrive.acquisition.formats.plaintext import read_table
from hipdrive.acquisition.formats.registry import Source
from hipdrive.acquisition.formats.trc import check_times
from hipdrive.errors import ReadError
from hipdrive.trial import Track

PLACE = re.compile(r"(.+)_t([xyz])$")
"""A coordinate that is a length: pelvis_tx."""

STATE = re.compile(r"^/.*/([^/]+)/(value|speed|activation|fiber_length)$")
"""A column of a states file: /jointset/hip_r/hip_flexion_r/value."""


def read_coordinates(source: Source) -> tuple[Track, ...]:
    """Joint angles of an OpenSim file, deg or rad as its header says, and the pelvis' place in m.

    Raises
    ------
    ReadError : it holds forces, does not say whether angles are in degrees, or is damaged.
    """
    end = next(i for i, line in enumerate(source.lines) if _END.match(line))
    keys = header_keys(source.lines[:end])
    table = read_table([""] * (end + 1) + source.lines[end + 1 :], source.name)
    names, units = names_of(table)
    if not names or names[0].strip().lower() != "time":
        raise ReadError("header", f"{source.name}, line {end + 2}: the line of column names that begins with time is "
                        "missing")  # fmt: skip
    check_size(keys, table)
    if any(one.is_plate for one in channels_of(names, units)):
        raise ReadError("no_motion", f"{source.name}: holds forces, not motion; give it as the recording, and the "
                        "angles with --motion")  # fmt: skip
    said = keys.get("indegrees", "").strip().lower()
    if said not in ("yes", "no"):
        raise ReadError("unit", f"{source.name}: its header does not say inDegrees=yes or no, so nobody knows whether "
                        "angles are in degrees; add that line")  # fmt: skip
    times = table.values[:, 0]
    check_times(times, [], source.name)
    columns = {_coordinate(name): i for i, name in enumerate(names) if i and _coordinate(name)}
    angles = {name: i for name, i in columns.items() if not PLACE.match(name)}
    if not angles:
        raise ReadError("no_motion", f"{source.name}: holds no joint angle, only {listed(channels_of(names, units))}")
    found = [
        Track(name=source.path.name, kind="angles", times=times, values=table.values[:, list(angles.values()), None],
              names=tuple(angles), unit="deg" if said == "yes" else "rad"),
    ]  # fmt: skip
    place = [columns.get(f"pelvis_t{axis}") for axis in "xyz"]
    if None not in place:
        rows = table.values[:, [i for i in place if i is not None]]
        found.append(Track(name=f"{source.path.name} pelvis", kind="points", times=times, values=rows[:, np.newaxis],
                           names=("pelvis",), unit="m"))  # fmt: skip
    return tuple(found)


def _coordinate(name: str) -> str:
    """The coordinate of a column, "" for a speed, an activation or the like."""
    state = STATE.match(name.strip())
    if state:
        return state[1] if state[2] == "value" else ""
    return "" if "/" in name else name.strip()
