"""The command line: what was asked goes to the layers below, what went wrong comes back as one sentence.

Results go to the standard output, everything else to the error output. Exit codes: 0 every trial ok or
flagged; 1 a file could not be read, a trial was refused or a check failed; 2 wrong use.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hipdrive import cli_hall, cli_pose, cli_sprint
from hipdrive.errors import HipdriveError, UsageError

if TYPE_CHECKING:
    from hipdrive.report.inputs import Ask
    from hipdrive.trial import Trial

INTERRUPTED, PIPE_CLOSED = 130, 141

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Open analysis of jumps on force plates: numbers with their uncertainty, or the reason why not.",
)  # fmt: skip

Files = Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", show_default=False, readable=False)]
Plain = Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False, readable=False)]
Test = Annotated[
    str | None,
    typer.Option(
        "--test", help="cmj, sj, dj, cmj_rebound, hops, landing, isometric, balance, block_start, steps, or auto."
    ),
]
Side = Annotated[str | None, typer.Option("--side", help="left or right: a trial of one leg, on its own plate.")]
Profiles = Annotated[
    list[str] | None, typer.Option("--profile", metavar="NAME", help="Rules: a shipped name or a TOML file.")
]
Rate = Annotated[float | None, typer.Option("--rate", metavar="HZ", help="Sampling rate without a time column.")]
Columns = Annotated[
    str | None,
    typer.Option("--columns", metavar="ROLE=NAME,...", help="Which column is what: left.fz=FP1,right.fz=FP2"),
]
Unit = Annotated[str | None, typer.Option("--unit", metavar="UNIT", help="Of the forces: N, kN, kgf, lbf or gf.")]
Mass = Annotated[float | None, typer.Option("--mass", metavar="KG", help="Mass, if not weighed on the plate.")]
Load = Annotated[float | None, typer.Option("--load", metavar="KG", help="Load carried.")]
Height = Annotated[float | None, typer.Option("--height", metavar="M", help="Standing height.")]
BoxHeight = Annotated[float | None, typer.Option("--box-height", metavar="M", help="Height of the box.")]
Arms = Annotated[bool, typer.Option("--arms", help="The jump was made with an arm swing.")]
Start = Annotated[str | None, typer.Option("--start", help="Of a sprint: blocks, standing, three_point or flying.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PARAM=VALUE", help="Change one parameter of the profile."),
]
Plugin = Annotated[Path | None, typer.Option("--plugin", metavar="FILE.py", help="A file with metrics of your own.")]
Cues = Annotated[
    Path | None, typer.Option("--cues", metavar="FILE.toml", help="Your limits of faults; `cues` prints the table.")
]
Motions = Annotated[
    list[Path] | None,
    typer.Option("--motion", metavar="FILE", help="Points or joint angles: C3D, TRC, .mot, CSV.", readable=False),
]
Videos = Annotated[
    list[Path] | None,
    typer.Option("--video", metavar="CLIP", help="A clip of it: mp4, mov, avi, mkv.", readable=False),
]
MotionClock = Annotated[
    str | None,
    typer.Option("--motion-clock", metavar="CLOCK", help="same, sync, none, or seconds to add and u95: 0.12,0.004"),
]
MotionAs = Annotated[
    list[str] | None,
    typer.Option(
        "--motion-as", metavar="WHAT=VALUE", help="rate, unit, up, forward, view, angles, athlete: not in the file."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Print the version, or open the window where no command is given."""
    from hipdrive import __version__

    if version:
        print(f"hipdrive {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        from hipdrive.gui.app import run as show

        raise typer.Exit(show())


@app.command()
def gui(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", show_default=False, readable=False)
    ] = None,
    test: Test = None, side: Side = None, profile: Profiles = None, rate: Rate = None, columns: Columns = None,
    unit: Unit = None, mass: Mass = None, load: Load = None, height: Height = None, box_height: BoxHeight = None,
    arms: Arms = False, plugin: Plugin = None,
) -> int:  # fmt: skip
    """Open the window, with recordings to review if any are named."""
    _load_plugin(plugin)
    ask = _ask(test, rate, columns, profile, None, unit=unit, side=side, mass=mass, load=load, height=height,
               box_height=box_height, arms=arms or None)  # fmt: skip
    from hipdrive.gui.app import run as show

    return show(files or (), ask)


@app.command()
def record(
    rig: Annotated[str, typer.Argument(metavar="RIG", help="A rig file (.toml), or a name that `rigs` prints.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The .h5 file to write.")],
    test: Test = None,
    seconds: Annotated[float | None, typer.Option("--seconds", metavar="S", help="How long.")] = None,
    athlete: Annotated[str | None, typer.Option("--athlete", metavar="ID", help="Who jumps.")] = None,
    box_height: BoxHeight = None, mass: Mass = None, load: Load = None, height: Height = None, side: Side = None,
    arms: Arms = False, start: Start = None, force: Force = False,
    lsl: Annotated[
        str | None, typer.Option("--lsl", metavar="NAME", help="Send forces and events as an LSL stream, too.")
    ] = None,
    fault: Annotated[
        str | None, typer.Option("--fault", metavar="WHAT@S", help="Simulated: unplugged@2, overflow@2, frozen@2.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="Film it, too: a camera of `cameras` or of the rig.")
    ] = None,
) -> int:  # fmt: skip
    """Record one trial: --seconds long, or until the athlete stands still after it; Ctrl-C ends and keeps it."""
    from hipdrive.acquisition import recorder
    from hipdrive.report import exchange, inputs
    from hipdrive.report.filming import Filming
    from hipdrive.report.onair import OnAir
    from hipdrive.report.words import clean

    if file.suffix.lower() not in inputs.TRIAL_FILES:
        raise UsageError("suffix", f"{clean(file)}: a recording is a trial file; end its name in .h5")
    ask = _ask(test, None, None, None, None, box_height=box_height, mass=mass, load=load, height=height, side=side,
               arms=arms or None, start=start, athlete=athlete)  # fmt: skip
    exchange.fresh(file, force=force)  # before anybody jumps
    filming = Filming(rig, camera, file, force=force)
    _writable(file.resolve().parent)
    onair = OnAir(mass, lsl, ends=seconds is None)
    watch = onair if lsl is not None or seconds is None else None
    places: list[Path] = []
    options = {**({} if fault is None else {"fault": fault}), **filming.options}
    with _told_seconds(seconds) as progress, contextlib.closing(onair), filming:
        trial = recorder.record(rig, test=ask.test or "auto", seconds=seconds, until=watch, progress=progress,
                                file=file, apart=True, options=options or None,
                                keep=lambda trial: places.append(_keep(trial, file)), **ask.facts)  # fmt: skip
    kept = places[0]
    print(f"{clean(kept)}: {trial.duration:.2f} s, {', '.join(trial.plates)}, {trial.rate:g} Hz")
    filmed = filming.finish(trial)
    if trial.end_reason:
        _tell(f"the recording broke off: {trial.end_reason}")
    return int(not filmed or bool(trial.end_reason) or kept != file)


@app.command()
def recover(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Logs (.hiplog), or folders with some.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The .h5 file to write.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Do not remove a log once its trial files are written.")] = False,
) -> int:
    """Make trial files of what recordings left behind that were broken off."""
    from hipdrive.acquisition import recovery
    from hipdrive.report import inputs, job, recovered

    found = recovery.logs(logs)
    if out is not None and (len(found) > 1 or out.suffix.lower() not in inputs.TRIAL_FILES):
        raise UsageError("out", f"--out {out}: give the name of one file that ends in .h5, and one log")
    return job.each(found, lambda path: recovered.show(path, out, keep=keep))


@app.command()
def rigs() -> None:
    """List the example rigs: devices, plates and the file to copy."""
    from hipdrive.hardware.rig import catalogue

    for one in catalogue():
        print(f"{one.name}\n    {one.description}\n    {', '.join((*one.devices, *one.plates))}\n    {one.file}")


@app.command()
def cameras() -> None:
    """List the cameras that can film beside a recording (`record --camera NAME`)."""
    from hipdrive.acquisition.video.cameras import find
    from hipdrive.report.words import clean

    found = find()
    for one in found:
        print(f"{clean(one.name)}\n    {clean(one.what)}")
    if not found:
        print("no camera is connected; `--camera file:CLIP` plays a clip, `--camera simulated` films the simulated rig")


@app.command()
def sources() -> None:
    """List what can be recorded from: NI devices, LSL streams, serial ports, plug-ins; where one is not ready, why."""
    from hipdrive.acquisition.source import NOTHING, Found
    from hipdrive.acquisition.source import sources as look
    from hipdrive.report.words import clean

    found = look()
    there = {one.driver for one in found}
    found += tuple(Found(driver=name, name="-", detail=text, ready=False) for name, text in NOTHING.items()
                   if name not in there)  # fmt: skip
    for one in sorted(found, key=lambda one: not one.ready):
        state = "" if one.ready else "not ready"
        words = "  ".join(filter(None, (f"{one.driver:<10} {clean(one.name)}", clean(one.product), state)))
        print(f"{words}\n{'':10} {clean(one.detail)}")


@app.command()
def analyse(
    files: Files, test: Test = None, side: Side = None, profile: Profiles = None, rate: Rate = None,
    columns: Columns = None, unit: Unit = None, mass: Mass = None, load: Load = None, height: Height = None,
    box_height: BoxHeight = None, arms: Arms = False, start: Start = None, set_: Sets = None,
    all_: Annotated[bool, typer.Option("--all", help="Every number, event and check.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One row a repetition, SI units.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="As --csv, as a Parquet file (--out).")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help=".json, .csv or .parquet", readable=False)
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Add the results to the .h5 trial files.")] = False,
    involved: Annotated[
        str, typer.Option("--involved", metavar="LEG", help="left or right: the injured leg, for limb symmetry.")
    ] = "",
    motion: Motions = None, video: Videos = None, motion_clock: MotionClock = None, motion_as: MotionAs = None,
    cues: Cues = None, plugin: Plugin = None,
) -> int:  # fmt: skip
    """Analyse recordings: a table, JSON, CSV or Parquet."""
    from hipdrive.report import job, output

    _load_plugin(plugin)
    ask = _ask(test, rate, columns, profile, set_, unit=unit, side=side, mass=mass, load=load, height=height,
               box_height=box_height, arms=arms or None, start=start, involved=involved, cues=cues,
               motion=(_both(motion, video), motion_clock, motion_as))  # fmt: skip
    kinds = [name for name, wanted in (("json", json), ("csv", csv), ("parquet", parquet)) if wanted]
    target = output.target(kinds, out)
    found = _recordings(files, saving=save)
    _one_with_motion(found, _both(motion, video))
    folder = any(path.is_dir() for path in files)
    to = output.output(target, found, resume=folder, everything=all_)
    return job.analyse([path for path in found if path != target.path], ask, to, save=save)


@app.command()
def report(
    files: Plain,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the pages, or one PAGE.html.", readable=False)
    ] = Path(),
    test: Test = None, side: Side = None, profile: Profiles = None, rate: Rate = None,
    columns: Columns = None, unit: Unit = None, mass: Mass = None, load: Load = None, height: Height = None,
    box_height: BoxHeight = None, arms: Arms = False, start: Start = None, set_: Sets = None, motion: Motions = None,
    video: Videos = None, motion_clock: MotionClock = None, motion_as: MotionAs = None, cues: Cues = None,
    plugin: Plugin = None,
) -> int:  # fmt: skip
    """Write one self-contained HTML page for each recording."""
    from hipdrive.report import job, pages

    _load_plugin(plugin)
    if test == "sprint":
        return cli_sprint.report(files, out, mass=mass, height=height, unit=unit, sets=set_)
    ask = _ask(test, rate, columns, profile, set_, unit=unit, side=side, mass=mass, load=load, height=height,
               box_height=box_height, arms=arms or None, start=start, cues=cues,
               motion=(_both(motion, video), motion_clock, motion_as))  # fmt: skip
    found = _recordings(files)
    _one_with_motion(found, _both(motion, video))
    targets = pages.places(found, out)
    return job.each(found, lambda path: pages.write_page(path, ask, targets[path]))


@app.command()
def check(
    files: Files, test: Test = None, rate: Rate = None, columns: Columns = None, unit: Unit = None,
    mass: Mass = None,
) -> int:  # fmt: skip
    """Check that files are whole and their records good enough; nothing is written."""
    from rich.console import Console

    from hipdrive.report import checks, job

    ask = _ask(test, rate, columns, None, None, unit=unit, mass=mass)
    console = Console(highlight=False)
    return job.each(_recordings(files), lambda path: checks.show(path, ask, console))


@app.command()
def convert(
    files: Plain,
    to: Annotated[str, typer.Option("--to", metavar="h5|csv", help="The format to write.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="File, or a folder.", readable=False)
    ] = None,
    force: Force = False, test: Test = None, side: Side = None, rate: Rate = None, columns: Columns = None,
    unit: Unit = None, mass: Mass = None, load: Load = None, height: Height = None, box_height: BoxHeight = None,
    arms: Arms = False, motion: Motions = None, video: Videos = None, motion_clock: MotionClock = None,
    motion_as: MotionAs = None,
) -> int:  # fmt: skip
    """Convert recordings to trial files (.h5) or to CSV."""
    from hipdrive.report import exchange, job

    if to not in exchange.FORMATS:
        raise UsageError("to", f"--to {to}: choose h5 or csv")
    moving = _both(motion, video)
    ask = _ask(test, rate, columns, None, None, unit=unit, side=side, mass=mass, load=load, height=height,
               box_height=box_height, arms=arms or None, motion=(moving, motion_clock, motion_as))  # fmt: skip
    found = _recordings(files)
    _one_with_motion(found, moving)
    if out is not None and not out.is_dir() and (len(found) > 1 or out.suffix.lower() != f".{to}"):
        raise UsageError("out", f"--out {out}: give a name that ends in .{to}, or a folder that exists")
    return job.each(found, lambda path: exchange.convert(path, ask, to, out, force=force))


@app.command()
def metrics(
    test: Annotated[str | None, typer.Option("--test", help="Only those of one test.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    vendor: Annotated[bool, typer.Option("--vendor", help="What other systems call them.")] = False,
    plugin: Plugin = None,
) -> None:
    """List every metric: name, unit, tests, source and definition; or vendors' names with our fields."""
    from hipdrive.report import catalogue, vendors

    _load_plugin(plugin)
    found = catalogue.metrics(test)
    if vendor:
        theirs = [one for one in vendors.names() if test is None or one.test == test]
        print(vendors.to_json(theirs) if json else vendors.to_text(theirs))
        return
    print(catalogue.to_json(found) if json else catalogue.to_text(found))


@app.command()
def cues(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.toml]", help="Your own table.", show_default=False, readable=False)
    ] = None,
) -> None:
    """Print the faults that are looked for: their numbers, limits, sources and cues."""
    from hipdrive.analysis.cuetable import load
    from hipdrive.report import drive

    print(drive.to_text(load(file)))


@app.command()
def overlay(
    trial: Annotated[Path, typer.Argument(metavar="TRIAL", help="The recording of the plates.", readable=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.mp4", help="The clip to write.", readable=False)],
    video: Videos = None, motion_clock: MotionClock = None, motion_as: MotionAs = None,
    whole: Annotated[bool, typer.Option("--whole", help="The whole clip, not only about the jumps.")] = False,
    test: Test = None, rate: Rate = None, columns: Columns = None, unit: Unit = None, mass: Mass = None,
    box_height: BoxHeight = None,
) -> int:  # fmt: skip
    """Write a clip with skeleton, force and events drawn on it."""
    from hipdrive.report import overlaying

    ask = _ask(test, rate, columns, None, None, unit=unit, mass=mass, box_height=box_height,
               motion=(_both(None, video), motion_clock, motion_as))  # fmt: skip
    return overlaying.run(trial, ask, out, whole=whole)


@app.command()
def sync(
    trial: Annotated[Path, typer.Argument(metavar="TRIAL", help="The recording of the plates.", readable=False)],
    motion: Annotated[
        Path | None, typer.Argument(metavar="[MOTION]", help="Points, angles or a clip; none: those of the trial file.",
                                    show_default=False, readable=False)
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="best, exposure, led_code, com, chirp, clap, events, manual, ball.")
    ] = "",
    offset: Annotated[
        float | None, typer.Option("--offset", metavar="S", help="Manual: added to motion's times.")
    ] = None,
    u95: Annotated[float | None, typer.Option("--u95", metavar="S", help="Manual: how far that may be off.")] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", metavar="FILE.csv", help="Events: motion's time, plates' time.")
    ] = None,
    window: Annotated[
        str | None, typer.Option("--window", metavar="START,END", help="Only this time of the plates, s.")
    ] = None,
    point: Annotated[str, typer.Option("--point", help="Ball: the name of its point.")] = "ball",
    motion_as: MotionAs = None, test: Test = None, rate: Rate = None, columns: Columns = None, unit: Unit = None,
    mass: Mass = None,
    save: Annotated[bool, typer.Option("--save", help="Keep motion and clock in the trial file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    out: Annotated[
        list[Path] | None, typer.Option("--out", metavar="PATH", help="Picture (.svg, .png, .pdf), or a copy (.h5).",
                                        readable=False)
    ] = None,
) -> int:  # fmt: skip
    """Bring the clock of a motion file to that of the plates, with its uncertainty."""
    from hipdrive.report import inputs, syncing

    ask = _ask(test, rate, columns, None, None, unit=unit, mass=mass)
    wanted = syncing.Wanted(
        method=method, offset=offset, u95=u95, pairs=pairs, window=syncing.window_of(window), point=point,
        facts=inputs.pairs("--motion-as", motion_as or []), save=save, out=tuple(out or ()),
    )  # fmt: skip
    return syncing.run(trial, motion, ask, wanted, as_json=json)


@app.command()
def simulate(
    test: Annotated[
        str,
        typer.Argument(
            metavar="TEST",
            help="cmj, sj, dj, cmj_rebound, hops, landing, isometric, balance, block_start, steps, sprint.",
        ),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv or .h5 file to write.")],
    seed: Annotated[int, typer.Option("--seed", help="Which athlete, movement and noise.")] = 0,
    truth: Annotated[Path | None, typer.Option("--truth", metavar="FILE.json", help="Exact answers.")] = None,
    rate: Annotated[float | None, typer.Option("--rate", metavar="HZ")] = None,
    noise: Annotated[float | None, typer.Option("--noise", metavar="N", help="Standard deviation.")] = None,
    offset: Annotated[float | None, typer.Option("--offset", metavar="N", help="Error of the zero.")] = None,
    drift: Annotated[float | None, typer.Option("--drift", metavar="N/S", help="Growth of it.")] = None,
    sway: Annotated[float | None, typer.Option("--sway", metavar="N", help="Slow sway in standing.")] = None,
    mass: Annotated[float | None, typer.Option("--mass", metavar="KG")] = None,
    plates: Annotated[int | None, typer.Option("--plates", help="1 or 2.")] = None,
    hops: Annotated[int | None, typer.Option("--hops", help="How many; hops only.")] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="Hops: standing or box. Sprint: blocks, standing, three_point.")
    ] = None,
    joints: Annotated[
        bool, typer.Option("--joints", help="With joint angles and points: cmj, sj, dj or squat, as an .h5 file.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="--joints: hip_knee_delay=0.03; sprint: kind=velocity ..."),
    ] = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Write a simulated jump whose true numbers are known."""
    from hipdrive.acquisition.simulated import athlete
    from hipdrive.report import exchange, inputs, sheet

    asked = {"rate": rate, "noise": noise, "offset": offset, "drift": drift, "sway": sway, "mass": mass,
             "plates": plates, "hops": hops, "start": start}  # fmt: skip
    settings: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if joints and file.suffix.lower() not in inputs.TRIAL_FILES:
        raise UsageError("suffix", f"{file}: joint angles and points need a trial file; end its name in .h5")
    if test == "sprint":
        from hipdrive.report import sprinting

        sprinting.simulate(file, seed=seed, truth=truth, force=force,
                           settings=settings | inputs.pairs("--set", set_ or []))  # fmt: skip
        return
    settings |= inputs.pairs("--set", set_ or []) | ({"joints": True} if joints else {})
    trial = athlete.simulate(test, seed=seed, **settings)
    if truth is not None and truth.resolve() == file.resolve():
        raise UsageError("truth", f"--truth {truth}: is the trial's own file; choose another name")
    for path in (file, truth):
        if path is not None:
            exchange.fresh(path, force=force)
    exchange.save(trial, file)
    if truth is not None:
        sheet.write(truth, exchange.truth_json(trial).encode("ascii"))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")] = Path("hipdrive-demo"),
) -> int:
    """A simulated athlete on a stand-in device: recorder, trial file, analysis, report; needs no display."""
    from rich.console import Console

    from hipdrive.report import demo as demonstration
    from hipdrive.results import REFUSED

    done = demonstration.run(out, Console(highlight=False))
    return int(any(one.status == REFUSED for one in done))


cli_hall.register(app)
cli_pose.register(app)
cli_sprint.register(app)


def main() -> None:
    """The command `hipdrive`."""
    try:
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # pressed again while the first was being told
        sys.exit(INTERRUPTED)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what goes wrong is one sentence on the error output."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = app(args=list(arguments), prog_name="hipdrive", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # typer makes this of Ctrl-C
            _tell("interrupted; what was written before stands")
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        _tell("interrupted; what was written before stands")
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has had enough; the interpreter must not complain when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as why:
        return _failed(why)


def _failed(why: Exception) -> int:
    """Tell an error that ended the command; its exit code."""
    from hipdrive.report.inputs import complaint

    if isinstance(why, HipdriveError):
        _tell(str(why))
        return why.exit_code
    if hasattr(why, "format_message"):  # what typer calls wrong use, whichever click it brings
        _tell(f"{why.format_message().rstrip('.')}; `hipdrive --help` shows what there is")
        return 2
    if os.environ.get("HIPDRIVE_DEBUG"):
        raise why
    _tell(complaint(getattr(why, "filename", None) or "hipdrive", why))
    return 1


def _tell(sentence: str) -> None:
    from hipdrive.report.job import tell

    tell(sentence)


@contextlib.contextmanager
def _told_seconds(seconds: float | None) -> Iterator[Callable[[float], None] | None]:
    """Something to tell the seconds recorded so far, where somebody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    of = "" if seconds is None else f" of {seconds:g}"
    print("recording; Ctrl-C ends it and keeps what was recorded", file=sys.stderr)
    yield lambda now: print(f"\r{now:7.1f}{of} s ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _writable(folder: Path) -> None:
    """Refuse a folder in which nothing can be written."""
    import tempfile

    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as why:
        raise UsageError("out_folder", f"{folder}: nothing can be written there ({why.strerror or why}); "
                         "choose another folder") from None  # fmt: skip


def _keep(trial: Trial, file: Path) -> Path:
    """Save a recording that nobody can repeat: where the file cannot be written, in a folder where one can be."""
    from hipdrive import store

    try:
        return store.save(file, trial)
    except HipdriveError as why:
        failed = why
    import tempfile

    for folder in (tempfile.gettempdir(), Path.home(), Path.cwd()):
        with contextlib.suppress(HipdriveError, OSError):
            other = Path(tempfile.mkdtemp(prefix="hipdrive-", dir=folder), file.name)
            try:
                store.save(other, trial)
            except HipdriveError:
                other.parent.rmdir()
                raise
            _tell(f"{failed}; the recording is in {other}")
            return other
    raise failed


def _ask(
    test: str | None, rate: float | None, columns: str | None, profiles: list[str] | None,
    sets: list[str] | None, *, unit: str | None = None, involved: str = "", cues: Path | None = None,
    motion: tuple[Sequence[Path] | None, str | None, list[str] | None] = (None, None, None), **facts: Any,
) -> Ask:  # fmt: skip
    from hipdrive.report.inputs import Ask, pairs

    said = {name: value for name, value in facts.items() if value is not None}
    return Ask(test=test, rate=rate, columns=columns, unit=unit, facts=said, profiles=tuple(profiles or ["hipdrive"]),
               parameters=pairs("--set", sets or []), involved=involved, cues=str(cues or ""),
               motion=tuple(map(str, motion[0] or ())),
               motion_clock=motion[1], motion_as=pairs("--motion-as", motion[2] or []))  # fmt: skip


def _both(motion: Sequence[Path] | None, video: Sequence[Path] | None) -> list[Path]:
    """Clips and files of motion: what a file is, it says itself."""
    return [*(motion or ()), *(video or ())]


def _one_with_motion(found: Sequence[Path], motion: Sequence[Path] | None) -> None:
    """Refuse motion beside several recordings: whose it is would not be clear."""
    if motion and len(found) > 1:
        raise UsageError("motion", f"--motion {motion[0]}: whose it is of {len(found)} recordings is not clear; "
                         "give one recording")  # fmt: skip


def _load_plugin(plugin: Path | None) -> None:
    if plugin is not None:
        from hipdrive.analysis.registry import load_plugin

        load_plugin(plugin)


def _recordings(paths: Sequence[Path], *, saving: bool = False) -> list[Path]:
    from hipdrive.report.inputs import TRIAL_FILES, files

    found = files(paths)
    wrong = [path for path in found if path.suffix.lower() not in TRIAL_FILES] if saving else []
    if wrong:
        raise UsageError("save", f"{wrong[0]}: --save needs trial files; `hipdrive convert --to h5` "
                         "makes them")  # fmt: skip
    return found
