"""The last calibration check of each plate, in a file beside the rig: `lab.toml` -> `lab.calibration.toml`.

The rig file belongs to whoever wrote it, so a check never writes to it. `rig.load` reads the file beside and appends it
to the rig's text, so that it is stored with every trial and a trial says by itself how good its plates were.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from hipdrive import disk
from hipdrive.errors import StoreError, UsageError
from hipdrive.hardware.explain import explain
from hipdrive.hardware.facts import Facts, Identifier, Line, Number, Positive, fact
from hipdrive.hardware.kinds import PlateFacts
from hipdrive.hardware.platecheck import BAD, OPEN, PlateCheck, Unit, Verdict

TABLE = "calibration_checks"
VALID_MONTHS = 12
"""Months after which a check is old: once a year (ISO 7500-1:2018, 9: not more than 12 months unless agreed)."""

UNIMPORTANT = ("calibration", "model", "serial", "natural_freq_hz", "range_n")
"""Facts of a plate that change no force."""


class FigureFacts(Facts):
    """One figure of a check."""

    value: Number = fact("the figure", 0.12)
    unit: Unit = fact("its unit", "%")
    u95: Number | None = fact("half width of its 95 % interval", 0.04, None)
    limit: Number | None = fact("what it may be", 0.5, None)
    verdict: Verdict = fact("ok, bad, open (the uncertainty covers the limit), told (no limit)", "ok")


class CheckFacts(Facts):
    """A calibration check of one plate with known masses: `hipdrive calibrate` writes it."""

    plate: Identifier = fact("the plate", "left")
    date: dt.date = fact("day of the check", "2026-11-27")
    verdict: Verdict = fact("of its worst figure", "ok")
    within_percent: Number | None = fact("no point of the grid is farther off, uncertainty included, %", 0.3, None)
    gain: Positive = fact("force that the plate shows for one newton", 1.001)
    gain_u95: Number | None = fact("half width of its 95 % interval", 0.001, None)
    largest_n: Positive = fact("largest load, N", 392.3)
    readings: Annotated[int, Field(ge=3, le=1_000_000)] = fact("how many readings", 90)
    iso_class: Line = fact("class of the limits, ISO 7500-1", "0.5")
    masses: Line = fact("class of the masses", "m3, ±0.05 %")
    gravity: Line = fact("gravity, and where it comes from", "9.8123 m/s², latitude 52.5°, height 40 m")
    plate_sha256: Line = fact("fingerprint of the plate's entry in the rig at that time", "9f86d08...")
    software: Line = fact("what wrote this", "hipdrive 0.1.0")
    figures: Mapping[Identifier, FigureFacts] = fact("what was found", {"gain": {"value": 0.12}})
    points: Annotated[tuple[tuple[Number, Number, Number, Number], ...], Field(max_length=1000)] = fact(
        "x, y (m), error of the force and its u95 (%) of each point", [[0.1, 0.2, 0.12, 0.05]], ()
    )


class CheckFile(Facts):
    """The file."""

    calibration_checks: tuple[CheckFacts, ...] = fact("checks, one a plate", "[[calibration_checks]]", ())


def beside(rig: Path) -> Path:
    """Where the checks of a rig file are.

    >>> beside(Path("halls/lab.toml")).name
    'lab.calibration.toml'
    """
    return rig.with_name(f"{rig.stem}.calibration.toml")


def fingerprint(plate: PlateFacts) -> str:
    """Of everything about a plate that makes its forces."""
    facts = plate.model_dump(mode="json", exclude=set(UNIMPORTANT))
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def facts_of(
    check: PlateCheck, plate: PlateFacts, *, date: dt.date, iso_class: str, masses: str, gravity: str, software: str
) -> CheckFacts:
    """A check as it is stored."""
    figures = {
        name: FigureFacts(value=_kept(one.value), unit=one.unit, u95=_finite(one.u95), limit=_finite(one.limit),
                          verdict=one.verdict)
        for name, one in check.figures.items() if math.isfinite(one.value)
    }  # fmt: skip
    points = tuple((_kept(one.x), _kept(one.y), _kept(one.force_error), _kept(one.force_u95)) for one in check.points
                   if math.isfinite(one.force_error + one.force_u95))  # fmt: skip
    return CheckFacts(
        plate=check.plate, date=date, verdict=check.verdict, within_percent=_finite(check.within),
        gain=_kept(check.gain), gain_u95=_finite(check.gain_u95), largest_n=_kept(check.largest),
        readings=check.readings, iso_class=iso_class, masses=masses, gravity=gravity,
        plate_sha256=fingerprint(plate), software=software, figures=figures, points=points,
    )  # fmt: skip


DIGITS, SMALLEST = 7, 1e-12
"""How many digits of a figure are kept, and below what it is nothing."""


def _kept(value: float) -> float:
    """A figure as it is stored."""
    return float(f"{value:.{DIGITS}g}") if abs(value) > SMALLEST else 0.0


def _finite(value: float) -> float | None:
    return _kept(value) if math.isfinite(value) else None


# --- text ---


def to_toml(checks: Sequence[CheckFacts]) -> str:
    """The file's text."""
    lines = ["# Written by `hipdrive calibrate`: the last check of each plate with known masses.",
             "# The rig file beside it is left as it is; a correction is yours to make."]  # fmt: skip
    for check in checks:
        lines += ["", f"[[{TABLE}]]"]
        facts = check.model_dump(exclude_none=True)
        nested = {key: facts.pop(key) for key in ("figures", "points")}
        lines += [f"{key} = {_toml(value)}" for key, value in facts.items()]
        lines.append("points = [")
        lines += [f"    {_toml(list(one))}," for one in nested["points"]]
        lines += ["]"]
        for name, one in nested["figures"].items():
            inside = ", ".join(f"{key} = {_toml(value)}" for key, value in one.items())
            lines.append(f"figures.{name} = {{ {inside} }}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A value as TOML; texts are single lines without control characters (`facts.Line`)."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        told = f"{value:.{DIGITS}g}"
        return told if any(c in told for c in ".en") else f"{told}.0"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)


def loads(text: str, file: str | Path) -> tuple[CheckFacts, ...]:
    """The checks of a file's text.

    Raises
    ------
    UsageError : it is no such file.
    """
    try:
        table = tomllib.loads(text)
        return CheckFile.model_validate(table).calibration_checks
    except ValidationError as why:
        told = explain(why, table, CheckFile)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as why:
        told = f"this is no TOML ({' '.join(str(why).split())[:120]})"
    raise UsageError("calibration_file", f"{file}: {told}; put the file elsewhere, or run `hipdrive calibrate` again")


def joined(rig: str, checks: str, file: Path) -> str:
    """The rig's text with the checks behind it, so that one text says all.

    Raises
    ------
    UsageError : the checks are broken.
    """
    loads(checks, file)
    return f"{rig.rstrip()}\n\n# --- {file.name} ---\n{checks}"


def write(file: Path, checks: Sequence[CheckFacts]) -> Path | None:
    """Put checks into a file, each in place of an older one of its plate; where the old file is kept, if there was one.

    Written beside, read back, synced and renamed, so that there is always a whole file.

    Raises
    ------
    StoreError : it cannot be written.
    """
    before = loads(file.read_text("utf-8"), file) if file.is_file() else ()
    new = {check.plate for check in checks}
    text = to_toml([*(one for one in before if one.plate not in new), *checks])
    loads(text, file)
    kept = None
    try:
        with disk.draft(file) as stream:
            stream.write(text.encode("utf-8"))
            if before:
                kept = _put_away(file, max(one.date for one in before))
    except OSError as why:
        raise StoreError("cannot_write", f"{file}: the check cannot be written ({why.strerror or why}); choose another "
                         "place with --out") from None  # fmt: skip
    return kept


def _put_away(file: Path, date: dt.date) -> Path:
    """Copy an older file to a name that nothing has: `lab.calibration.2026-11-27.toml`."""
    for number in range(1, 1000):
        name = f"{file.stem}.{date}{'' if number == 1 else f'-{number}'}.toml"
        other = file.with_name(name)
        try:
            with other.open("xb") as stream:
                stream.write(file.read_bytes())
        except FileExistsError:
            continue
        return other
    raise FileExistsError(17, "too many older checks")


# --- what a trial says of its plates ---


@dataclass(frozen=True)
class Told:
    """A sentence about the check of a plate: `level` info or warn, what was found, what to do; date None: never."""

    plate: str
    level: str
    within: float
    message: str
    remedy: str = ""
    date: dt.date | None = None


def tell(plates: Sequence[PlateFacts], checks: Sequence[CheckFacts], day: dt.date) -> tuple[Told, ...]:
    """Whether each plate was checked before a day, how good it was, and whether that is long ago."""
    last = {one.plate: one for one in checks}  # the last one counts
    return tuple(_told(plate, last.get(plate.id), day) for plate in plates)


def _told(plate: PlateFacts, check: CheckFacts | None, day: dt.date) -> Told:
    again = "check it again with `hipdrive calibrate`"
    if check is None:
        return Told(plate.id, "info", math.nan, f"plate {plate.id}: never checked with known masses",
                    "check it with `hipdrive calibrate`")  # fmt: skip
    within = math.nan if check.within_percent is None else check.within_percent
    how = f"within {within:.2g} %" if math.isfinite(within) else "with an uncertainty that is not known"
    said = f"plate {plate.id}: calibration checked on {check.date}, {how} up to {check.largest_n:.0f} N"
    if check.plate_sha256 != fingerprint(plate):
        return Told(plate.id, "warn", within, f"{said}, but its entry in the rig was changed since", again, check.date)
    if check.verdict == BAD:
        worst = [name for name, one in check.figures.items() if one.verdict == BAD]
        return Told(plate.id, "warn", within, f"{said}: {', '.join(worst)} beyond the limit",
                    "mend the plate or its sensitivity, then check it again", check.date)  # fmt: skip
    if day > _later(check.date, VALID_MONTHS):
        return Told(plate.id, "warn", within, f"{said}, more than {VALID_MONTHS} months before", again, check.date)
    open_ = " (not decided by this check)" if check.verdict == OPEN else ""
    return Told(plate.id, "info", within, f"{said}{open_}", date=check.date)


def _later(date: dt.date, months: int) -> dt.date:
    """The same day some months later; the last of the month where there is none.

    >>> _later(dt.date(2026, 2, 28), 12)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    for day in range(date.day, 0, -1):
        with contextlib.suppress(ValueError):
            return dt.date(year, month + 1, day)
    raise AssertionError
