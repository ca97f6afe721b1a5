"""A table and what its columns mean -> a Trial."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hipdrive.acquisition.formats.header import TIME_UNITS, Channel, by_user, in_unit, listed
from hipdrive.acquisition.formats.plaintext import Table
from hipdrive.acquisition.formats.registry import Options, Source
from hipdrive.acquisition.formats.stamps import Timebase, agreed, timebase
from hipdrive.errors import ReadError
from hipdrive.trial import LEFT, RIGHT, Floats, Gap, Raw, Signal, Trial

SAME_SUM = 0.005
"""A force that differs from the sum of the others by less than this part of its peak is their sum."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """Columns of numbers on their way to a Trial; `rows` are those of the table that are kept."""

    table: Table
    channels: list[Channel]
    rows: int
    notes: tuple[str, ...]

    def column(self, quantity: str) -> int | None:
        """Index of the first column with a quantity."""
        return next((i for i, c in enumerate(self.channels) if c.quantity == quantity), None)

    def si(self, index: int) -> Floats:
        """A column in SI units."""
        return np.asarray(self.table.values[: self.rows, index] * self.channels[index].factor)


def assemble(
    source: Source, options: Options, table: Table, channels: Sequence[Channel], notes: Sequence[str],
    rate: float | None = None,
) -> Trial:  # fmt: skip
    """The trial of a table; `rate` is one that the header states, used where there is no time column."""
    kept = by_user(channels, options.columns, source.name) if options.columns else list(channels)
    kept = in_unit(kept, options.unit) if options.unit else kept
    kept = _only_once(_swapped(kept, source.name) if options.swap else kept, source.name)
    sheet = Sheet(table, kept, len(table.values), tuple(notes))
    sheet = _trimmed(_without_sum(_without_empty_plates(sheet)), source.name)
    _check_force(sheet, source.name)
    base = _timebase(sheet, source.name)
    given = options.rate
    if rate is not None and not np.isfinite(base.rate):
        note = f"rate taken from the header: {rate:g} Hz"
        if given is not None and given != rate:
            note = f"the header says {rate:g} Hz, --rate {given:g} was used"
        given, base = rate if given is None else given, replace(base, notes=(*base.notes, note))
    hertz, said = agreed(base, given, source.name)
    raw = _raw(sheet, hertz, base.gaps)
    return _trial(sheet, raw, (*sheet.notes, *said, *_about_plates(sheet)), source, options)


def _only_once(channels: list[Channel], name: str) -> list[Channel]:
    """The channels, if there is a vertical force and each role is taken once."""
    roles = [c.role for c in channels if c.is_plate]
    twice = next((role for role in roles if roles.count(role) > 1), None)
    if twice:
        both = ", ".join(f"'{c.name}'" for c in channels if c.role == twice)
        raise ReadError("columns", f"{name}: {both} could all be {twice}; say which with --columns {twice}=NAME")
    if not any(c.quantity == "fz" for c in channels):
        raise ReadError(
            "no_force",
            f"{name}: which column is the vertical force in newtons is not clear from {listed(channels)}; "
            "say --columns fz=NAME or left.fz=NAME,right.fz=NAME",
        )
    return channels


def _swapped(channels: list[Channel], name: str) -> list[Channel]:
    """The channels with left and right exchanged."""
    other = {LEFT: RIGHT, RIGHT: LEFT}
    if not any(c.plate in other for c in channels):
        raise ReadError("swap", f"{name}: no plate is called left or right; name them with --columns instead")
    return [replace(c, plate=other.get(c.plate, c.plate)) for c in channels]


def _without_empty_plates(sheet: Sheet) -> Sheet:
    """The sheet without plates that hold nothing but zeros beside plates that hold something."""
    forces = [i for i, c in enumerate(sheet.channels) if c.quantity == "fz"]
    empty = [sheet.channels[i].plate for i in forces if not sheet.table.values[:, i].any()]
    if not empty or len(empty) == len(forces):
        return sheet
    channels = [replace(c, quantity="", plate="", factor=1.0) if c.is_plate and c.plate in empty else c
                for c in sheet.channels]  # fmt: skip
    note = f"{', '.join(empty)} holds nothing but zeros: left out"
    return replace(sheet, channels=channels, notes=(*sheet.notes, note))


def _without_sum(sheet: Sheet) -> Sheet:
    """The sheet without a force that is the sum of all others, which would count everything twice."""
    forces = [i for i, c in enumerate(sheet.channels) if c.quantity == "fz"]
    if len(forces) < 3:
        return sheet
    values = np.nan_to_num(np.stack([sheet.si(i) for i in forces]))
    off = np.abs(values - (values.sum(axis=0) - values)).max(axis=1)
    best = int(np.argmin(off))
    if off[best] > SAME_SUM * np.abs(values[best]).max():
        return sheet
    channels, one = list(sheet.channels), sheet.channels[forces[best]]
    channels[forces[best]] = replace(one, quantity="", plate="", factor=1.0)
    note = f"column '{one.name}' is the sum of the others: left out"
    return replace(sheet, channels=channels, notes=(*sheet.notes, note))


def _trimmed(sheet: Sheet, name: str) -> Sheet:
    """The sheet without trailing rows in which every force is blank."""
    forces = [i for i, c in enumerate(sheet.channels) if c.quantity == "fz"]
    filled = np.flatnonzero(~np.isnan(sheet.table.values[:, forces]).all(axis=1))
    rows = int(filled[-1]) + 1 if len(filled) else 0
    if rows < 2:
        raise ReadError(
            "too_short",
            f"{name}: {rows} samples of force are not a recording; give a file with one row for each sample",
        )
    lost = sheet.rows - rows
    note = (f"the last {lost} row{'s' * (lost > 1)} held no force: dropped",) if lost else ()
    return replace(sheet, rows=rows, notes=(*sheet.notes, *note))


def _check_force(sheet: Sheet, name: str) -> None:
    """Refuse blank and infinite forces, with the line of the first one."""
    for i, one in enumerate(sheet.channels):
        if one.quantity == "fz":
            finite = np.isfinite(sheet.table.values[: sheet.rows, i])
            if not finite.all():
                line = sheet.table.line(int(np.argmin(finite)))
                raise ReadError(
                    "not_a_number",
                    f"{name}, line {line}: no force in column '{one.name}'; nothing is filled in, so export "
                    "the file again without holes",
                )


def _timebase(sheet: Sheet, name: str) -> Timebase:
    """Rate and gaps by the time column, if there is one that can tell."""
    index = sheet.column("time")
    if index is None:
        return Timebase()
    if index in sheet.table.stamps():
        return Timebase(notes=("time stamps are clock times, which cannot tell the sampling rate: left out",))
    times = sheet.si(index)
    if not np.isfinite(times).all():
        line = sheet.table.line(int(np.argmin(np.isfinite(times))))
        raise ReadError("time", f"{name}, line {line}: the time is missing; mend that line or remove the column")
    try:
        return timebase(times, told=sheet.channels[index].unit.lower() in TIME_UNITS)
    except ValueError as error:
        line = sheet.table.line(int(str(error)))
        raise ReadError(
            "time",
            f"{name}, line {line}: time goes backwards; give a file with a single recording",
        ) from None


def _raw(sheet: Sheet, rate: float, gaps: tuple[Gap, ...]) -> Raw:
    """The columns as in the file; `scaling` holds the factors to SI where one is not 1."""
    stamps = sheet.table.stamps()
    kept = [i for i in range(len(sheet.channels)) if i not in stamps]
    used = [sheet.channels[i] for i in kept]
    factors = np.array([c.factor for c in used])
    scaling = None if (factors == 1.0).all() else np.outer(factors, [0.0, 1.0, 0.0, 0.0])
    values = sheet.table.values[: sheet.rows, kept]
    return Raw(
        device="import", values=values, channels=tuple(c.name for c in used), units=tuple(c.si for c in used),
        roles=tuple("" if c.quantity == "counter" else c.role for c in used), rate=rate, scaling=scaling,
        gaps=gaps,
    )  # fmt: skip


def _about_plates(sheet: Sheet) -> tuple[str, ...]:
    """Notes on converted units and on plates whose side is not known."""
    forces = [c for c in sheet.channels if c.quantity == "fz"]
    notes = [f"column '{c.name}' converted from {c.unit} to N" for c in forces if abs(c.factor) != 1.0]
    guessed = [c for c in forces if not c.sure]
    notes += [f"column '{c.name}' taken as vertical force" for c in guessed if "force" not in c.name.lower()]
    if len(forces) > 1 and not any(c.plate in (LEFT, RIGHT) for c in forces):
        which = ", ".join(f"{c.plate} = {c.name}" for c in forces)
        sides = f"left.fz={forces[0].name},right.fz={forces[1].name}"
        notes.append(f"which plate is left is not in the file ({which}): for sides give --columns {sides}")
    return tuple(notes)


def _trial(sheet: Sheet, raw: Raw, notes: tuple[str, ...], source: Source, options: Options) -> Trial:
    """The trial of a raw record whose roles are known."""
    si = raw.scaled()
    by_role = {role: np.ascontiguousarray(si[:, i]) for i, role in enumerate(raw.roles) if role}
    plates = tuple(role[:-3] for role in by_role if role.endswith(".fz"))
    plate_role = re.compile(r"(.+)\.(f[xy]|m[xyz]|cop[xy])")
    gun = [Signal(name="gun", values=by_role["gun"], rate=raw.rate, unit="V")] if "gun" in by_role else []
    return Trial(
        fz=np.array([by_role[f"{plate}.fz"] for plate in plates]),
        rate=raw.rate,
        plates=plates,
        components={role: values for role, values in by_role.items() if plate_role.fullmatch(role)},
        signals=tuple(gun),
        raw=(raw,),
        gaps=raw.gaps,
        notes=notes,
        file=source.name,
        sha256=source.sha256,
    ).with_facts(**options.facts)
