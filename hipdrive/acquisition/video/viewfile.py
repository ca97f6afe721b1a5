"""What a person said about a clip, in a small file beside it: `jump.mp4` -> `jump.view.toml`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, ValidationError

from hipdrive import disk
from hipdrive.acquisition.video.view import PlateView, Pole, ordered, view_of
from hipdrive.errors import StoreError, UsageError
from hipdrive.hardware.explain import explain
from hipdrive.hardware.facts import Facts, Number, Positive, fact
from hipdrive.hardware.smallfile import text_of

Point = tuple[Number, Number]
Pixels = Annotated[int, Strict(), Field(ge=16, le=20_000)]


class PoleFacts(Facts):
    """An upright pole: foot and top in the picture, px, and its height."""

    foot: Point = fact("its foot in the picture, px", [320.0, 420.0])
    top: Point = fact("its top in the picture, px", [320.0, 80.0])
    height_m: Positive = fact("its height, m", 2.0, ge=0.1, le=10.0)


Spots = Annotated[dict[Annotated[str, Field(pattern=r"^[A-Za-z][\w ]{0,39}$")], Point], Field(max_length=64)]
Numbers = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z][\w ]{0,39}$")], Annotated[int, Strict(), Field(ge=0, le=10_000)]],
    Field(max_length=64),
]


class ViewFacts(Facts):
    """A clip as somebody looked at it."""

    corners: Annotated[tuple[Point, ...], Field(min_length=4, max_length=4)] | None = fact(
        "the plate's corners in the picture, px, in any order", [[0.0, 90.0], [90.0, 90.0], [80.0, 60.0], [20.0, 60.0]],
        None)  # fmt: skip
    plate_size_m: tuple[Positive, Positive] | None = fact(
        "length (forward) and width of the plate, m", [0.6, 0.4], None)  # fmt: skip
    plate: Annotated[str, Field(max_length=40)] | None = fact("id of that plate in the rig", "right", None)
    picture: tuple[Pixels, Pixels] = fact("width and height of the picture, px", [1920, 1080])
    facing: Literal["right", "left", "camera", "away"] = fact(
        "where the athlete looks, in the picture", "right", "right"
    )
    pole: PoleFacts | None = fact("an upright pole of known height", {}, None)
    focal_px: Positive | None = fact("focal length, px, where it is known", 1400.0, None)
    readout_ms: Number = fact("from the first to behind the last row of a picture, ms", 16.0, 0.0, ge=0.0, le=200.0)
    exposure_ms: Positive | None = fact("exposure of each row, ms", 1.0, None, le=1000.0)
    athlete: tuple[Number, Number, Number, Number] | None = fact(
        "box around the athlete in the first frame: left, top, width, height, px", [200.0, 80.0, 150.0, 350.0], None
    )
    tags: Numbers | None = fact("printed tags: name -> number, such as left_knee = 3", {"left_knee": 3}, None)
    tag_family: Literal["36h11", "25h9", "16h5", "4x4_50"] = fact("which tags", "36h11", "36h11")
    discs: Spots | None = fact("discs of one colour: name -> place in the first frame, px", {"hip": [90.0, 90.0]}, None)
    points: Spots | None = fact(
        "what else to follow: name -> place in the first frame, px", {"bar": [90.0, 90.0]}, None
    )
    lamp: tuple[Number, Number, Number, Number] | None = fact(
        "box within the lamp: left, top, width, height, px", [500.0, 200.0, 12.0, 12.0], None
    )


def file_of(clip: Path) -> Path:
    """The file beside a clip.

    >>> file_of(Path("jump.mp4")).name
    'jump.view.toml'
    """
    return clip.with_name(f"{clip.stem}.view.toml")


def read(file: Path) -> ViewFacts:
    """What a view file says.

    Raises
    ------
    UsageError : it cannot be read or is none, with the place and what to do.
    """
    return loads(text_of(file, "the view file of a clip"), file)


def loads(text: str, file: str | Path) -> ViewFacts:
    """What the text of a view file says.

    Raises
    ------
    UsageError : it is none.
    """
    table: dict[str, Any] = {}
    try:
        table = tomllib.loads(text)
        found = ViewFacts.model_validate(table)
    except ValidationError as why:
        told = explain(why, table, ViewFacts)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as why:
        told = f"this is no TOML ({' '.join(str(why).split())[:120]}); mend it, or click the corners again"
    else:
        if (found.corners is None) == (found.plate_size_m is None):
            return found
        told = "corners and plate_size_m belong together; give both, or neither"
    raise UsageError("view_file", f"{file}: {told}")


def view(facts: ViewFacts) -> PlateView | None:
    """The camera, or None where no corners are told.

    Raises
    ------
    UsageError : the corners are not those of a plate.
    """
    if facts.corners is None or facts.plate_size_m is None:
        return None
    pole = None if facts.pole is None else Pole(foot=facts.pole.foot, top=facts.pole.top, height=facts.pole.height_m)
    return view_of(ordered(facts.corners, facts.facing), facts.plate_size_m, facts.picture, focal=facts.focal_px,
                   pole=pole)  # fmt: skip


def dumps(facts: ViewFacts) -> str:
    """The text of a view file.

    >>> print(dumps(ViewFacts(picture=(640, 480), facing="left", readout_ms=16.0)), end="")
    picture = [640, 480]
    facing = "left"
    readout_ms = 16.0
    """
    told = facts.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    tables = {name: value for name, value in told.items() if isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items() if name not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def write(file: Path, facts: ViewFacts) -> None:
    """Write a view file: beside, read back, and then put in place of an older one.

    Raises
    ------
    StoreError : it cannot be written.
    """
    text = dumps(facts)
    loads(text, file)
    try:
        with disk.draft(file) as stream:
            stream.write(text.encode("utf-8"))
    except OSError as why:
        raise StoreError("cannot_write", f"{file}: what was said about the clip cannot be written "
                         f"({why.strerror or why}); choose a folder that can be written to") from None  # fmt: skip
