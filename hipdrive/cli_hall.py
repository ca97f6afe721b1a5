"""Commands beside the plates: check them with known masses, watch them, and walk through a protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Rig = Annotated[str, typer.Argument(metavar="RIG", help="A rig file (.toml), or a name that `rigs` prints.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (calibrate, plates, protocols, walk):
        app.command()(command)


def calibrate(
    rig: Rig,
    masses: Annotated[str | None, typer.Option("--masses", metavar="KG,KG,...", help="Loads: 0,20,40.")] = None,
    grid: Annotated[str | None, typer.Option("--grid", metavar="NxM", help="Points along x and y: 3x3.")] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE.toml", help="Masses and points of your own.", readable=False)
    ] = None,
    repeats: Annotated[int | None, typer.Option("--repeats", help="How often each point is loaded.")] = None,
    plate: Annotated[list[str] | None, typer.Option("--plate", help="Only this plate; may be repeated.")] = None,
    readings: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE.csv", help="Readings taken by hand, or recordings.", readable=False),
    ] = None,
    mass_class: Annotated[
        str, typer.Option("--mass-class", metavar="CLASS", help="f1, f2, m1, m2, m3, iwf, or ± per cent.")
    ] = "m3",
    iso_class: Annotated[
        str, typer.Option("--class", metavar="CLASS", help="Limits of ISO 7500-1: 0.5, 1, 2, 3.")
    ] = "0.5",
    g: Annotated[float | None, typer.Option("--g", metavar="M/S2", help="Gravity here.")] = None,
    latitude: Annotated[float | None, typer.Option("--latitude", metavar="DEG", help="Gravity by the place.")] = None,
    height: Annotated[float, typer.Option("--height", metavar="M", help="Above the sea, with --latitude.")] = 0.0,
    placed: Annotated[
        float, typer.Option("--placed", metavar="MM", help="How far a mass may lie beside its point.")
    ] = 2.0,
    auto: Annotated[bool, typer.Option("--auto", help="Find by itself when a mass lies still.")] = False,
    show_plan: Annotated[bool, typer.Option("--show-plan", help="Print the plan as CSV, and end.")] = False,
    keep: Annotated[bool, typer.Option(" /--dry-run", help="Keep nothing.")] = True,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.toml", help="Not beside the rig.", readable=False)
    ] = None,
    save_readings: Annotated[
        Path | None, typer.Option("--readings", metavar="FILE.csv", help="Write the readings, too.", readable=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:  # fmt: skip
    """Check plates with known masses on a grid; the result is kept beside the rig file."""
    from hipdrive.report import calibrating

    return calibrating.run(rig, calibrating.Wanted(
        masses=masses, grid=grid, plan=plan, repeats=repeats, plates=tuple(plate or ()), readings=readings,
        mass_class=mass_class, iso_class=iso_class, g=g, latitude=latitude, height=height, placed=placed, auto=auto,
        show_plan=show_plan, keep=keep, out=out, save_readings=save_readings, as_json=json,
    ))  # fmt: skip


def plates(
    rig: Rig,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="How long to look.")] = 12.0,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Look at empty plates before anybody jumps: noise, mains hum, drift of the zero, inputs at their end."""
    from hipdrive.report import platehealth

    return platehealth.run(rig, seconds, as_json=json)


def protocols(
    file: Annotated[
        str | None, typer.Argument(metavar="[PROTOCOL]", help="Show every jump of one.", show_default=False)
    ] = None,
) -> None:
    """List the protocols that are shipped, or every jump of one."""
    from hipdrive import protocol
    from hipdrive.report.words import clean

    for name in protocol.names() if file is None else ():
        one = protocol.load(name)
        print(f"{name}\n    {clean(one.description)}\n    {one.file}")
    if file is not None:
        for slot in protocol.load(file).slots():
            rest = f"after {protocol.clock(slot.rest)}" if slot.rest else ""
            print(
                f"{slot.number + 1:3d}  {clean(slot.title)}, {slot.repetition} of {slot.repetitions}  {rest}".rstrip()
            )


def walk(
    rig: Rig,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the jumps are kept.", readable=False)],
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="FILE", help="A protocol (.toml), or a name that `protocols` prints.")
    ],
    athlete: Annotated[str, typer.Option("--athlete", metavar="ID", help="Who jumps.")] = "",
    mass: Annotated[
        float | None, typer.Option("--mass", metavar="KG", help="Mass, if not weighed on the plate.")
    ] = None,
    rests: Annotated[bool, typer.Option(" /--no-rests", help="Without the rests.")] = True,
    keep_all: Annotated[bool, typer.Option("--keep-all", help="Also keep what the analysis refuses.")] = False,
) -> int:
    """Walk through a protocol: what is next is said, each jump is kept as a file; Ctrl-C ends it and loses nothing."""
    import sys

    from hipdrive.protocol import load
    from hipdrive.report.words import clean
    from hipdrive.session import KEPT, connect
    from hipdrive.walking import walk as follow

    places = load(protocol).walk(rests=rests)
    with connect(rig, folder=folder, protocol=places, athlete=athlete, mass=mass, log=True, apart=True) as session:
        try:
            follow(session, None, lambda line: print(clean(line), flush=True), keep_all=keep_all)
        except KeyboardInterrupt:
            print("ended by the user", file=sys.stderr)
        done = session.walk is not None and session.walk.over
    kept = [take for take in session.takes if take.state == KEPT]
    print(f"{len(kept)} of {len(places.slots)} jumps are in {clean(folder)}")
    return int(not done)
