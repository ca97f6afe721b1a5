"""What a calibration check puts where: masses and points of a plate, and readings that were taken by hand."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, Strict, ValidationError

from hipdrive.errors import UsageError
from hipdrive.hardware.explain import explain
from hipdrive.hardware.facts import Facts, fact
from hipdrive.hardware.frames import turn_of
from hipdrive.hardware.kinds import Offset, PlateFacts
from hipdrive.hardware.platefit import Reading
from hipdrive.hardware.smallfile import text_of

MASSES, GRID, MARGIN = (0.0, 20.0, 40.0), (3, 3), 0.10
"""kg; points along x and y; m from the edge to the outermost points, so that a disc lies on the plate."""

HEAVIEST, MOST_STEPS = 2000.0, 5000
"""kg, and readings of one plate, that no check needs."""

Kilograms = Annotated[float, Strict(), Field(ge=0.0, le=HEAVIEST)]


class PlanFacts(Facts):
    """A plan as a TOML file."""

    masses_kg: Annotated[tuple[Kilograms, ...], Field(min_length=1, max_length=50)] = fact(
        "loads, kg, lightest first; 0 is the empty plate", [0.0, 20.0, 40.0], MASSES
    )
    points_m: Annotated[tuple[tuple[Offset, Offset], ...], Field(max_length=200)] = fact(
        "points, m, seen from above from the plate's centre: along its +x, and to the left of it", [[0.1, -0.2]], ()
    )
    grid: tuple[Annotated[int, Field(ge=1, le=15)], Annotated[int, Field(ge=1, le=15)]] = fact(
        "points along the plate's x and y, where no points are given", [3, 3], GRID
    )
    margin_m: Annotated[float, Strict(), Field(ge=0.0, le=1.0)] = fact(
        "from the edge to the outermost points, m", 0.1, MARGIN
    )
    repeats: Annotated[int, Field(ge=1, le=20)] = fact("how often each point is loaded", 2, 1)
    down: bool = fact("whether the loads are taken off one by one, too", True, True)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One reading that is to be taken: a mass (0: empty) at a point of a plate, as `Reading` counts them."""

    plate: str
    mass: float
    x: float
    y: float


def steps(plate: PlateFacts, plan: PlanFacts) -> tuple[Step, ...]:
    """The readings of one plate in their order: at each point empty, up, down, empty.

    Raises
    ------
    UsageError : the plate's size is not known and no points are given, or there are too many.
    """
    loads = sorted({0.0, *plan.masses_kg})
    if len(loads) < 2:
        raise UsageError("masses", "a check needs a mass beside the empty plate; give for example --masses 0,20,40")
    order = loads + (loads[-2::-1] if plan.down else loads[:1])
    places = plan.points_m or _grid(plate, plan)
    made = tuple(Step(plate=plate.id, mass=mass, x=x, y=y)
                 for _ in range(plan.repeats) for x, y in places for mass in order)  # fmt: skip
    if len(made) > MOST_STEPS:
        raise UsageError("plan", f"{len(made)} readings of one plate are too many; take fewer points or masses")
    return made


def _grid(plate: PlateFacts, plan: PlanFacts) -> tuple[tuple[float, float], ...]:
    if plate.size_m is None:
        raise UsageError("plate_size", f"plate {plate.id!r}: its size is not known; add size_m to the rig file, or "
                         "give the points in a plan (--plan)")  # fmt: skip
    axes = []
    for length, count in zip(plate.size_m, plan.grid, strict=True):
        end = length / 2.0 - plan.margin_m
        if end <= 0.0 and count > 1:
            raise UsageError("margin", f"plate {plate.id!r}: a margin of {plan.margin_m:g} m leaves nothing of "
                             f"{length:g} m; give a smaller one")  # fmt: skip
        axes.append([0.0] if count == 1 else np.linspace(-end, end, count).round(4).tolist())
    return tuple((x, y) for x in axes[0] for y in axes[1])


def where(plate: PlateFacts, x: float, y: float) -> str:
    """A point as one says it beside the plate, in the directions of the room.

    >>> from hipdrive.hardware.rig import load
    >>> where(load("simulated").plates[0], 0.10, -0.2)
    '20 cm forward and 10 cm left of the middle'
    """
    forward, left = turn_of(plate) @ np.array([x, y])
    parts = []
    if abs(forward) >= 5e-4:
        parts.append(f"{100.0 * abs(forward):.3g} cm {'forward' if forward > 0 else 'back'}")
    if abs(left) >= 5e-4:
        parts.append(f"{100.0 * abs(left):.3g} cm {'left' if left > 0 else 'right'}")
    return " and ".join(parts) + " of the middle" if parts else "in the middle"


# --- files ---


def plan_of(
    masses: str | None = None, grid: str | None = None, file: Path | None = None, *, repeats: int | None = None
) -> PlanFacts:
    """A plan from a TOML file and what was said beside it.

    Raises
    ------
    UsageError : one sentence.

    >>> plan_of("0,20", "3x5").grid
    (3, 5)
    """
    table = {} if file is None else _toml(file)
    told: dict[str, object] = {}
    if masses is not None:
        told["masses_kg"] = [_number(part, "--masses", "give kilograms such as 0,20,40") for part in masses.split(",")]
    if grid is not None:
        told["grid"] = _sides(grid)
        table.pop("points_m", None)
    if repeats is not None:
        told["repeats"] = repeats
    try:
        return PlanFacts.model_validate({**table, **told})
    except ValidationError as why:
        raise UsageError("plan", f"{file or 'plan'}: {explain(why, table, PlanFacts)}") from why


def _toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text_of(file, "a plan (masses_kg = [0, 20, 40])"))
    except (tomllib.TOMLDecodeError, RecursionError) as why:
        raise UsageError("plan", f"{file}: this is no TOML ({why}); write masses_kg = [0, 20, 40]") from None


def _sides(grid: str) -> list[int]:
    first, _, second = grid.lower().partition("x")
    if not (first.strip().isdecimal() and second.strip().isdecimal()):
        raise UsageError("grid", f"--grid {grid}: give points along the plate's x and y, such as 3x3")
    return [int(first), int(second)]


def _number(text: str, place: str, remedy: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError("number", f"{place}: {text.strip()[:40]!r} is no number; {remedy}")
    return value


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a file of readings: a reading, or a recording in which the mass lies still."""

    step: Step
    reading: Reading | None = None
    file: Path | None = None
    line: int = 0
    source: str = ""


NEEDED, ALSO = ("plate", "mass_kg", "x_m", "y_m"), ("copx_m", "copy_m", "time_s")
"""Columns that every line has, and those it may have; force_n or file says what the plate read."""


def rows_of(file: Path) -> tuple[Row, ...]:
    """Readings that were taken by hand: CSV with `plate, mass_kg, x_m, y_m` and `force_n` or `file`.

    Points as `Reading` has them; `copx_m`, `copy_m` likewise. Semicolons and decimal commas go together.

    Raises
    ------
    UsageError : file, line and column.
    """
    text = text_of(file, "readings as CSV")
    german = ";" in text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text), delimiter=";" if german else ",", skipinitialspace=True)
    names = [str(name).strip() for name in table.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    if missing or not {"force_n", "file"} & set(names):
        raise UsageError("readings", f"{file}: column {missing[0] if missing else 'force_n'} is missing; the first "
                         f"line names the columns: {', '.join(NEEDED)}, and force_n or file")  # fmt: skip
    table.fieldnames = names
    found = tuple(_rows(table, file, german))
    if not found:
        raise UsageError("readings", f"{file}: holds no reading; give one a line")
    if len(found) > 20 * MOST_STEPS:
        raise UsageError("readings", f"{file}: {len(found)} readings are too many")
    return found


def _rows(table: Iterator[Mapping[str, str | None]], file: Path, german: bool) -> Iterator[Row]:
    for line, row in enumerate(table, 2):
        if not any((value or "").strip() for value in row.values() if isinstance(value, str | None)):
            continue

        def number(name: str, row: Mapping[str, str | None] = row, line: int = line) -> float:
            text = (row.get(name) or "").strip()
            if not text and name in ALSO:
                return math.nan
            return _number(text.replace(",", ".") if german else text, f"{file}: line {line}, {name}", "give one")

        plate, mass, x, y = str(row["plate"] or "").strip(), *(number(name) for name in NEEDED[1:])
        if not 0.0 <= mass <= HEAVIEST or max(abs(x), abs(y)) > 10.0:
            raise UsageError("readings", f"{file}: line {line}: {mass:g} kg at {x:g}, {y:g} m is no mass on a plate; "
                             "give kilograms, and metres from its centre")  # fmt: skip
        step = Step(plate=plate, mass=mass, x=x, y=y)
        named = (row.get("file") or "").strip()
        if named:
            yield Row(step=step, file=file.parent / named, line=line, source=str(file))
            continue
        reading = Reading(plate=plate, mass=mass, x=x, y=y, force=number("force_n"),
                          **dict(zip(("copx", "copy", "time"), map(number, ALSO), strict=True)))  # fmt: skip
        yield Row(step=step, reading=reading, line=line, source=str(file))


def to_csv(readings: Sequence[Reading]) -> str:
    """Readings as `rows_of` reads them.

    >>> to_csv([Reading(plate="left", mass=20.0, x=0.0, y=0.1, force=196.2)]).splitlines()[1]
    'left,20,0,0.1,196.2,,,'
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*NEEDED, "force_n", *ALSO])
    for one in readings:
        values = (one.mass, one.x, one.y, one.force, one.copx, one.copy, one.time)
        writer.writerow([one.plate, *(f"{value:.9g}" if math.isfinite(value) else "" for value in values)])
    return out.getvalue()
