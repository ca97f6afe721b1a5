"""One door to every file format: `read` opens a file and returns its Trial."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from hipdrive.acquisition.formats import c3d, logfile, netforce, opensim, text, trialfile
from hipdrive.acquisition.formats.registry import HEAD, READERS, Options, Reader, Source, reader, reader_of
from hipdrive.acquisition.formats.trc import is_trc
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import QUANTITIES, Trial

__all__ = ["READERS", "Options", "Reader", "Source", "read", "reader"]

BUILT_IN = (trialfile, logfile, c3d, opensim, netforce, text)
"""The modules of our own readers, in the order in which they are asked."""

MAX_BYTES = 2 * 1024**3

UNITS = ("N", "kN", "kgf", "lbf", "gf")
"""Units that the forces of a file can be said to have."""

REFUSED = (
    (b"File_Type:\tAnalog", "holds analog samples of a motion-capture system (ANC), not forces in newtons; "
     "export the forces as text"),
    (b"PK\x03\x04", "is a workbook or archive; save the sheet with the forces as CSV"),
    (b"\xd0\xcf\x11\xe0", "is a workbook; save the sheet with the forces as CSV"),
    (b"<?xml", "is XML, not a table of forces; export the forces as text"),
    (b"<!DOCTYPE", "is a web page, not a table of forces; download the file itself"),
)  # fmt: skip
"""Beginnings of files that people give by mistake, and what to tell them."""


def read(
    path: str | os.PathLike[str],
    *,
    test: str | None = None,
    rate: float | None = None,
    columns: Mapping[str, str] | str | None = None,
    mass: float | None = None,
    load: float | None = None,
    height: float | None = None,
    box_height: float | None = None,
    side: str | None = None,
    arms: bool | None = None,
    start: str | None = None,
    athlete: str | None = None,
    swap: bool = False,
    unit: str | None = None,
) -> Trial:
    """One trial of any known format.

    Parameters
    ----------
    rate : sampling rate, Hz, where the file does not say it.
    columns : role -> column name, or text like `left.fz=FP1,right.fz=FP2`; a minus before the name turns the
        sign, a number names a column by its place (first column: 1).
    mass, load : kg. height, box_height : m. start : of a sprint: blocks, standing, three_point or flying.
    swap : exchange left and right.
    unit : of the forces, N, kN, kgf, lbf or gf, where the file does not say it.

    Raises
    ------
    ReadError : the file cannot be read, with what, where and what to do in one sentence.
    """
    name = os.fspath(path)
    measured = {"mass": mass, "load": load, "height": height, "box_height": box_height}
    for fact, value in measured.items():
        _check_number(fact, value)
    if unit is not None and unit not in UNITS:
        raise UsageError("unit", f"--unit {unit}: choose one of {', '.join(UNITS)}")
    facts = {**measured, "test": test, "side": side, "arms": arms, "start": start, "athlete": athlete}
    options = Options(rate=rate, columns=_roles(columns), swap=swap, unit=unit, facts=MappingProxyType(facts))
    try:
        source = opened(name)
        _check_forces(source)
        return reader_of(source).read(source, options)
    except OSError as error:
        raise ReadError(
            "cannot_open",
            f"{name}: cannot be read ({error.strerror or error}); check the name and that you may read it",
        ) from None
    except MemoryError:
        raise ReadError("too_large", f"{name}: does not fit into memory; cut it into single trials") from None


def _check_number(name: str, value: float | None) -> None:
    """Refuse a fact that is not a number of a size that can be."""
    if value is not None and not (math.isfinite(value) and value >= 0):
        unit = "kg" if name in ("mass", "load") else "m"
        raise UsageError(name, f"--{name.replace('_', '-')} {value} makes no sense; give a number in {unit}")


def opened(name: str) -> Source:
    """The file with its first bytes; refused where it cannot be a recording."""
    if "\x00" in name:
        raise ReadError("cannot_open", f"{name!r}: is not a file name; check the name")
    path = Path(name)
    facts = path.stat()
    if stat.S_ISDIR(facts.st_mode):
        raise ReadError("directory", f"{name}: is a folder; give the files in it")
    if not stat.S_ISREG(facts.st_mode):
        raise ReadError("not_a_file", f"{name}: is not a regular file; give a file with a recording")
    if facts.st_size == 0:
        raise ReadError("empty", f"{name}: is empty; export the recording again")
    if facts.st_size > MAX_BYTES:
        raise ReadError("too_large", f"{name}: is larger than {MAX_BYTES // 1024**3} GB; cut it into single trials")
    with path.open("rb") as file:
        head = file.read(HEAD)
    for start, sentence in REFUSED:
        if head.removeprefix(b"\xef\xbb\xbf").startswith(start):
            raise ReadError("not_forces", f"{name}: {sentence}")
    return Source(path, name, head)


def _check_forces(source: Source) -> None:
    """Refuse a file of markers."""
    if is_trc(source):
        raise ReadError("not_forces", f"{source.name}: holds marker positions (TRC), not forces; give it with --motion "
                        "beside the file with the forces")  # fmt: skip


def _roles(columns: Mapping[str, str] | str | None) -> Mapping[str, str]:
    """The roles of --columns in full: `fz` becomes `plate1.fz`, `left_fz` and `left_z` become `left.fz`."""
    if columns is None:
        return MappingProxyType({})
    if isinstance(columns, str):
        parts = [part.partition("=") for part in re.split(r",(?=\s*[\w.]+\s*=)", columns)]
        if not all(equals and role.strip() and column.strip() for role, equals, column in parts):
            raise UsageError(
                "columns",
                f"--columns {columns}: not understood; write ROLE=NAME,ROLE=NAME, for example left.fz=FP1,right.fz=FP2",
            )
        pairs = [(role.strip(), column.strip()) for role, _, column in parts]
    else:
        pairs = list(columns.items())
    roles = [_role(role) for role, _ in pairs]
    if twice := [role for role in roles if roles.count(role) > 1]:
        raise UsageError("columns", f"--columns: {twice[0]} is given twice; name one column for each role")
    return MappingProxyType({role: str(column) for role, (_, column) in zip(roles, pairs, strict=True)})


def _role(role: str) -> str:
    """A role in its full form."""
    if role.lower() in ("time", "gun"):
        return role.lower()
    match = re.fullmatch(r"(?:(\w+?)[._])?(\w+)", role.strip().lower())
    plate, quantity = (match[1] or "plate1", match[2]) if match else ("", "")
    quantity = f"f{quantity}" if quantity in ("x", "y", "z") and match and match[1] else quantity
    if quantity not in QUANTITIES:
        raise UsageError(
            "columns",
            f"--columns {role}: not a role; roles are time, gun and PLATE.QUANTITY, for example left.fz, "
            f"with the quantities {', '.join(QUANTITIES)}",
        )
    return f"{plate}.{quantity}"
