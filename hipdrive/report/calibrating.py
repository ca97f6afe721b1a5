"""`hipdrive calibrate`: known masses on the plates of a rig, what is found, and where it is kept."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from hipdrive.errors import UsageError
from hipdrive.hardware import checkfile, checkplan, platecheck
from hipdrive.hardware.platecheck import BAD, OK, OPEN, TOLD, Figure, PlateCheck
from hipdrive.hardware.platefit import Reading
from hipdrive.hardware.weights import Gravity, gravity, tolerance
from hipdrive.report import loading
from hipdrive.report.words import clean

if TYPE_CHECKING:
    from hipdrive.hardware.checkplan import Step
    from hipdrive.hardware.rig import Rig

MARKS: Mapping[str, tuple[str, str]] = {
    OK: ("ok", "green"), BAD: ("beyond", "red"), OPEN: ("not decided", "yellow"), TOLD: ("", "default"),
}  # fmt: skip
"""A verdict in words, and its colour."""

NAMES: Mapping[str, str] = {
    "gain": "Gain error", "linearity": "Linearity, % of the largest load", "hysteresis": "Hysteresis, %",
    "repeatability": "Repeatability (SD), %", "position": "Change over the plate", "cop_bias_x": "CoP bias along x",
    "cop_bias_y": "CoP bias to the left", "cop_rms": "CoP error, RMS", "cop_largest": "CoP error, largest",
    "offset": "Force of the empty plate",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for on the command line, see `hipdrive calibrate --help`."""

    masses: str | None = None
    grid: str | None = None
    plan: Path | None = None
    repeats: int | None = None
    plates: tuple[str, ...] = ()
    readings: Path | None = None
    mass_class: str = "m3"
    iso_class: str = "0.5"
    g: float | None = None
    latitude: float | None = None
    height: float = 0.0
    placed: float = 2.0
    auto: bool = False
    show_plan: bool = False
    keep: bool = True
    out: Path | None = None
    save_readings: Path | None = None
    as_json: bool = False


def run(rig_name: str, wanted: Wanted) -> int:
    """The whole command; its exit code: 1 where a plate is beyond a limit.

    Raises
    ------
    HipdriveError : one sentence.
    """
    from hipdrive.hardware import rig as rigs

    rig = rigs.load(rig_name)
    place = gravity(wanted.g, wanted.latitude, wanted.height)
    tolerance(wanted.mass_class)  # before anybody carries masses
    if not 0.0 <= wanted.placed <= 100.0:
        raise UsageError("placed", f"--placed {wanted.placed:g}: give in mm how far a mass may lie beside its point")
    target = wanted.out or _target(rig)
    if wanted.readings is not None:
        readings: Sequence[Reading] = loading.of_rows(checkplan.rows_of(wanted.readings), rig, place)
    else:
        steps = _steps(rig, wanted)
        if wanted.show_plan:
            print(checkplan.to_csv([Reading(plate=one.plate, mass=one.mass, x=one.x, y=one.y, force=math.nan)
                                    for one in steps]), end="")  # fmt: skip
            return 0
        readings = _taken(rig, steps, place, wanted)
    if wanted.save_readings is not None:
        wanted.save_readings.write_text(checkplan.to_csv(readings), "utf-8")
    checks = examined(readings, wanted, place)
    stored = [_facts(rig, one, wanted, place) for one in checks]
    kept = target if wanted.keep else None
    older = checkfile.write(target, stored) if wanted.keep else None
    if wanted.as_json:
        print(json.dumps(_document(rig, checks, stored, kept), indent=1))
    else:
        _show(rig, checks, place, wanted, kept, older)
    return int(any(one.verdict == BAD for one in checks))


def examined(readings: Sequence[Reading], wanted: Wanted, place: Gravity) -> list[PlateCheck]:
    """The check of each plate that was read."""
    return [platecheck.examine(ours, tolerance=tolerance(wanted.mass_class), gravity=place, iso_class=wanted.iso_class,
                                placed=1e-3 * wanted.placed)
            for ours in loading.by_plate(readings).values()]  # fmt: skip


def _target(rig: Rig) -> Path:
    """The file beside the rig; for an example rig, which is part of the program, in the folder where we are."""
    from hipdrive.hardware.rig import FOLDER

    file = checkfile.beside(Path(rig.file))
    return Path(file.name) if file.parent.resolve() == FOLDER.resolve() else file


def _steps(rig: Rig, wanted: Wanted) -> tuple[Step, ...]:
    plan = checkplan.plan_of(wanted.masses, wanted.grid, wanted.plan, repeats=wanted.repeats)
    names = wanted.plates or tuple(plate.id for plate in rig.plates)
    return tuple(step for name in names for step in checkplan.steps(rig.plate(name), plan))


# --- taking ---


def _taken(rig: Rig, steps: Sequence[Step], place: Gravity, wanted: Wanted) -> list[Reading]:
    from hipdrive.acquisition.recorder import RING_S, Recorder

    if {device.driver for device in rig.devices} == {"simulated"}:
        from hipdrive.acquisition.simulated.loaded import loaded

        sources, seconds = loaded(rig, steps, place)
        with Recorder(rig, sources, seconds + 1.0, limit_seconds=seconds) as recorder:
            return list(loading.Loading(recorder, steps, place).readings(lambda number, step: True))
    asker = _Asker(rig, len(steps), waits=wanted.auto or not sys.stdin.isatty())
    with Recorder(rig, None, RING_S) as recorder:
        return list(loading.Loading(recorder, steps, place).readings(asker))


class _Asker:
    """Says in the terminal what goes where, and waits for Enter unless stillness is to be found by itself."""

    def __init__(self, rig: Rig, count: int, *, waits: bool) -> None:
        self.rig, self.count, self.waits = rig, count, waits

    def __call__(self, number: int, step: Step) -> bool:
        where = checkplan.where(self.rig.plate(step.plate), step.x, step.y)
        load = f"{step.mass:g} kg, {where}" if step.mass else "empty"
        told = f"{number:3d} of {self.count}   plate {step.plate}: {load}"
        if self.waits:
            print(told, file=sys.stderr, flush=True)
            return True
        print(f"{told}   then press Enter ", end="", file=sys.stderr, flush=True)
        if not sys.stdin.readline():
            raise UsageError("no_enter", "nobody presses Enter here; give --auto, and stillness is found by itself")
        return False


# --- telling ---


def _facts(rig: Rig, check: PlateCheck, wanted: Wanted, place: Gravity) -> checkfile.CheckFacts:
    from hipdrive import __version__

    return checkfile.facts_of(
        check, rig.plate(check.plate), date=dt.date.today(), iso_class=wanted.iso_class,
        masses=f"{wanted.mass_class}, ±{100.0 * tolerance(wanted.mass_class):g} %",
        gravity=f"{place.value:.5f} m/s², {place.how}", software=f"hipdrive {__version__}",
    )  # fmt: skip


def _document(
    rig: Rig, checks: Sequence[PlateCheck], stored: Sequence[checkfile.CheckFacts], kept: Path | None
) -> dict[str, Any]:
    plates = [{**facts.model_dump(mode="json"), "factor": check.factor, "correct": check.resolved,
               "missing": {name: one.why for name, one in check.figures.items() if one.why}}
              for check, facts in zip(checks, stored, strict=True)]  # fmt: skip
    return {"format": "hipdrive-calibration", "version": 1, "rig": rig.name, "file": str(kept) if kept else None,
            "plates": plates}  # fmt: skip


def _show(
    rig: Rig, checks: Sequence[PlateCheck], place: Gravity, wanted: Wanted, kept: Path | None, older: Path | None
) -> None:
    console = Console(highlight=False)
    for check in checks:
        console.print(_table(check))
        for line in told(check, rig.plate(check.plate).range_n):
            console.print(f"  {clean(line)}", highlight=False)
        console.print()
    masses = f"Masses {wanted.mass_class} (±{100.0 * tolerance(wanted.mass_class):g} %)"
    console.print(f"{masses}, gravity {place.value:.5f} m/s² ({place.how}), "
                  f"limits of ISO 7500-1 class {wanted.iso_class}.")  # fmt: skip
    if kept is not None:
        console.print(
            f"Kept in {clean(kept)}" + (f"; the one before is {clean(older)}" if older else ""), soft_wrap=True
        )


def _table(check: PlateCheck) -> Table:
    mark, colour = MARKS[check.verdict]
    table = Table(title=f"Plate {check.plate}: {mark}", title_style=f"bold {colour}", title_justify="left", box=None)
    for name, side in (("", "left"), ("found", "right"), ("± 95 %", "right"), ("limit", "right"), ("", "left")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    for name, one in check.figures.items():
        mark, colour = MARKS[one.verdict]
        if one.why:
            table.add_row(NAMES[name], "-", "", "", one.why)
        else:
            table.add_row(NAMES[name], *(_shown(one, value) for value in (one.value, one.u95, one.limit)),
                          f"[{colour}]{mark}[/]" if mark else "")  # fmt: skip
    return table


def _shown(figure: Figure, value: float) -> str:
    if not math.isfinite(value):
        return ""
    if figure.unit == "m":
        return f"{1e3 * value:.1f} mm"
    return f"{value:.2f} {figure.unit}"


def told(check: PlateCheck, range_n: float) -> list[str]:
    """What follows from a check, in sentences; a correction is proposed, never made."""
    up_to = f"up to {check.largest:.0f} N, {100.0 * check.largest / range_n:.0f} % of the plate's range"
    lines = [f"No point is more than {check.within:.2g} % off, {up_to}." if math.isfinite(check.within) else
             f"Too few readings to say how far a point is off, {up_to}: read more loads, each twice."]  # fmt: skip
    figures = check.figures
    if check.resolved and figures["gain"].verdict != OK:
        lines.append(f"To correct the gain, multiply its N/V (or matrix, or rated load) by {check.factor:.5f} in the "
                     "rig file; first make sure of masses and gravity.")  # fmt: skip
    if figures["position"].verdict == BAD:
        lines.append("The force depends on the place: level the plate, tighten its feet, and compare the sensitivities "
                     "of its sensors with the certificate.")  # fmt: skip
    if figures["cop_largest"].verdict == BAD:
        lines.append("The centre of pressure is off: check origin_m or az0_m, a mat (mat_m), positions of the cells, "
                     "and position_m.")  # fmt: skip
    if figures["hysteresis"].verdict == BAD or figures["repeatability"].verdict == BAD:
        lines.append("It does not come back to the same force: look for what touches the plate, and for loose screws.")
    if abs(figures["offset"].value) > 2.0:
        lines.append(
            "Its zero moved while the masses were carried: let it warm up for half an hour, and zero it often."
        )
    if figures["gain"].verdict == OPEN:
        lines.append("The gain is not decided: give --latitude and --height, use masses of a better class, or more of "
                     "them.")  # fmt: skip
    return lines
