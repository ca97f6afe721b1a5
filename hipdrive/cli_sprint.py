"""The command `sprint`: the force-velocity profile of timed runs, without plates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hipdrive.report.sprinting import RunAsk

Files = Annotated[
    list[Path], typer.Argument(metavar="SPLITS.csv|VELOCITY.csv...", show_default=False, readable=False)
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(sprint)


def sprint(
    files: Files,
    mass: Annotated[float | None, typer.Option("--mass", metavar="KG", help="Of the athlete.")] = None,
    height: Annotated[float | None, typer.Option("--height", metavar="M", help="Stature.")] = None,
    athlete: Annotated[str | None, typer.Option("--athlete", metavar="ID", help="Who ran.")] = None,
    wind: Annotated[float | None, typer.Option("--wind", metavar="M/S", help="Tail wind positive.")] = None,
    temperature: Annotated[float | None, typer.Option("--temperature", metavar="C", help="Of the air; 20.")] = None,
    pressure: Annotated[
        float | None, typer.Option("--pressure", metavar="HPA", help="Of the air here; 1013.25 hPa = 760 Torr.")
    ] = None,
    start: Annotated[
        str, typer.Option("--start", metavar="HOW", help="What started the clock: free, movement, gun, gate.")
    ] = "free",
    time_shift: Annotated[
        str | None, typer.Option("--time-shift", metavar="S", help="Fixed, added to the times; or free.")
    ] = None,
    behind: Annotated[
        float | None, typer.Option("--behind", metavar="M", help="Start that far behind the first line.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="UNIT", help="m, yd, ft; or m/s, km/h, mph, ft/s.")
    ] = None,
    time_unit: Annotated[str | None, typer.Option("--time-unit", metavar="UNIT", help="s or ms.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PARAM=VALUE", help="Change one parameter.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every number, event and check.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One row a run, SI units.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="As --csv, as a Parquet file (--out).")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help=".json, .csv or .parquet", readable=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="PAGE.html", help="Write a page with pictures, too.",
                                  readable=False)
    ] = None,
) -> int:  # fmt: skip
    """Fit sprints from split times, radar or laser: top speed, force, velocity and power, with their uncertainty."""
    from hipdrive.errors import UsageError
    from hipdrive.report import output, sprinting

    said = {"wind": wind, "temperature": temperature, "pressure": pressure, "behind": behind}
    facts = {"mass": mass, "height": height, "athlete": athlete, "unit": unit, "time_unit": time_unit}
    asked = ask(start=start, time_shift=time_shift, rules=said, sets=set_ or [], facts=facts)
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise UsageError("report", f"--report {report}: end the name in .html")
    kinds = [name for name, wanted in (("json", json), ("csv", csv), ("parquet", parquet)) if wanted]
    return sprinting.run(files, asked, output.target(kinds, out), everything=all_, page=report)


def ask(
    *, facts: dict[str, Any], rules: dict[str, Any] | None = None, start: str = "free", time_shift: str | None = None,
    sets: list[str] | None = None,
) -> RunAsk:  # fmt: skip
    """What was asked for, None where nothing was said."""
    from hipdrive.analysis.sprint_rules import SprintRules, started
    from hipdrive.report.inputs import pairs
    from hipdrive.report.sprinting import RunAsk

    fixed = started(start)
    said = {name: value for name, value in (rules or {}).items() if value is not None}
    if time_shift is not None:
        said["time_shift"] = time_shift
    chosen = SprintRules(time_shift=fixed).changed({**pairs("--set", sets or []), **said})
    return RunAsk(facts={name: value for name, value in facts.items() if value is not None}, rules=chosen)


def report(
    files: list[Path], out: Path, *, mass: float | None, height: float | None, unit: str | None, sets: list[str] | None
) -> int:
    """`hipdrive report --test sprint`: one page for each table of runs."""
    from hipdrive.report import job, pages, sprinting

    asked = ask(facts={"mass": mass, "height": height, "unit": unit}, sets=sets)
    targets = pages.places(files, out)
    return job.each(files, lambda path: sprinting.write_page(path, asked, targets[path]))
