"""C3D files: force plates as a Trial with the points on the same clock, points alone as a Track."""

from __future__ import annotations

import numpy as np

from hipdrive.acquisition.formats.c3dfile import C3D, parsed
from hipdrive.acquisition.formats.c3dplates import LabPlate, plates
from hipdrive.acquisition.formats.registry import Options, Source, reader
from hipdrive.analysis.facing import facing
from hipdrive.analysis.skeleton import SIDES, landmarks
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import ClockMap, Floats, Raw, Track, Trial

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
NOT_POINTS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS", "MODELED")
"""Parameters of POINT that name points which are none: results of a model."""

FILLER = 0.25
"""s; a record whose plates hold one and the same number for longer than this at its end was filled up."""

ON_PLATE, OFF_PLATE = 0.8, 0.2
"""Share of the loaded frames in which a foot has to be over a plate, and the other foot not, to name it."""

MOST = 1e6
"""N; nobody presses harder, so a larger number is none."""

LOADED = 100.0
"""N; a plate that carries more has a foot on it."""


def is_c3d(source: Source) -> bool:
    """Whether the file begins as a C3D file does: a block number and the key, and zeros that no text has."""
    head = source.head
    return len(head) > 1 and head[1] == 0x50 and 1 < head[0] < 20 and (b"\x00" in head[:512] or len(head) < 512)


@reader("c3d", suffixes=(".c3d",), can_open=is_c3d)
def read_c3d(source: Source, options: Options) -> Trial:
    """C3D with force plates of types 1 to 4, and the points on the same clock."""
    if options.unit:
        raise UsageError("unit", f"{source.name}: a C3D file knows its units; leave --unit out")
    file = parsed(source.data, source.name)
    with np.errstate(all="ignore"):  # damaged floats; what they make is looked at below
        return _trial(file, source, options)


def _trial(file: C3D, source: Source, options: Options) -> Trial:
    """The trial of a file's plates, with its points."""
    found = plates(file)
    if options.rate is not None and abs(options.rate - file.analog_rate) > 0.005 * file.analog_rate:
        raise ReadError("rate", f"{source.name}: --rate {options.rate:g} contradicts the file, which says "
                        f"{file.analog_rate:g} Hz; leave --rate out")  # fmt: skip
    tracks = points_of(file, source.path.name)
    turn, how = _turn(file, found, tracks)
    samples, cut = _filled_up(file, found)
    names = _names(found, tracks, options, source.name)
    notes = [*(one.note for one in found if one.note), *cut, how, *_about_sides(names, told=bool(options.columns))]
    components: dict[str, Floats] = {}
    for name, one in zip(names, found, strict=True):
        components.update(_roles(name, one, turn, samples))
    vertical = np.array([components.pop(f"{name}.fz") for name in names])
    level = [values for role, values in components.items() if role[-2:] in ("fx", "fy")]
    if not all(float(np.abs(values).max(initial=0.0)) < MOST for values in (vertical, *level)):
        raise ReadError("not_a_number", f"{source.name}: some forces are no numbers, so it is damaged; export it again")
    return Trial(
        fz=vertical, rate=file.analog_rate, plates=names, components=components, raw=(_raw(file),), notes=tuple(notes),
        tracks=tracks, clocks={one.name: ClockMap(offset=0.0) for one in tracks}, file=source.name,
        sha256=source.sha256,
    ).with_facts(**options.facts)  # fmt: skip


def points_of(file: C3D, name: str) -> tuple[Track, ...]:
    """The points of a file as one track, in the file's unit and axes; what a model computed is left out."""
    made = {label for key in NOT_POINTS for more in ("", "2", "3") for label in _labels(file, f"{key}{more}")}
    kept = [i for i, label in enumerate(file.labels) if label and label not in made
            and np.isfinite(file.points[:, i]).any()]  # fmt: skip
    if not kept:
        return ()
    return (
        Track(
            name=name, kind="points", times=np.arange(len(file.points)) / file.point_rate,
            values=file.points[:, kept], names=tuple(file.labels[i] for i in kept), unit=file.length_unit,
        ),
    )  # fmt: skip


def _labels(file: C3D, name: str) -> list[str]:
    value = file.parameters.get("POINT", {}).get(name)
    return value if isinstance(value, list) else []


def _turn(file: C3D, found: list[LabPlate], tracks: tuple[Track, ...]) -> tuple[Floats, str]:
    """The turn from the lab to forward, left and up, along the lab's axes; a sentence on how it was found."""
    normal = -found[0].axes[:, 2]
    up = np.zeros(3)
    up[int(np.argmax(np.abs(normal)))] = np.sign(normal[int(np.argmax(np.abs(normal)))])
    letter = ("-" if up.min() < 0.0 else "") + "xyz"[int(np.argmax(np.abs(up)))]
    ahead = None
    if tracks:
        marks, _ = landmarks(tracks[0].names, tracks[0].values)
        try:
            ahead = facing(marks, up=letter).turn[0] if marks else None
        except UsageError:
            ahead = None
    level = [axis for axis in np.vstack([np.eye(3), -np.eye(3)]) if abs(axis @ up) < 0.5]
    if ahead is not None:
        forward = max(level, key=lambda axis: float(axis @ ahead))
        told = "to where the athlete faces"
    else:
        forward = level[0]
        told = "taken as the lab's first level axis, because no points show where the athlete faces"
    return np.stack([forward, np.cross(up, forward), up]), f"forward {told}, up is the lab's {letter}"


def _filled_up(file: C3D, found: list[LabPlate]) -> tuple[int, tuple[str, ...]]:
    """How many samples are measured: a file whose analog data end early is filled with one number to its end."""
    columns = sorted({c for one in found for c in one.channels})
    counts = file.counts[:, columns]
    changes = np.flatnonzero((np.diff(counts, axis=0) != 0).any(axis=1))
    measured = int(changes[-1]) + 1 if len(changes) else 0
    idle = len(counts) - measured
    last = (counts[-1] - file.offset[columns]) * file.scale[columns]
    if idle <= FILLER * file.analog_rate or not last.any():
        return len(counts), ()
    if measured < 2:
        raise ReadError("no_force", f"{file.name}: its force plates hold one number from the first to the last "
                        "sample; export it again")  # fmt: skip
    return measured, (f"the analog data end at {measured / file.analog_rate:.2f} s and are filled up with one number "
                      f"to {len(counts) / file.analog_rate:.2f} s: left out",)  # fmt: skip


def _names(found: list[LabPlate], tracks: tuple[Track, ...], options: Options, file: str) -> tuple[str, ...]:
    """Plates called plate1, plate2; left and right where the feet show it, or as the user says."""
    names = [f"plate{i + 1}" for i in range(len(found))]
    if options.columns:
        return _renamed(names, options, file)
    sides = [_side(one, tracks[0]) if tracks else "" for one in found]
    names = [side if side and sides.count(side) == 1 else name for name, side in zip(names, sides, strict=True)]
    if options.swap:
        if not set(names) & set(SIDES):
            raise ReadError("swap", f"{file}: no plate is called left or right; say --columns left.fz=plate1")
        names = [{"left": "right", "right": "left"}.get(name, name) for name in names]
    return tuple(names)


def _renamed(names: list[str], options: Options, file: str) -> tuple[str, ...]:
    """Plates as --columns calls them: left.fz=plate1,right.fz=plate2."""
    for role, column in options.columns.items():
        plate = role.partition(".")[0]
        if not role.endswith(".fz") or column not in names or plate in names:
            raise UsageError("columns", f"{file}: --columns {role}={column}: a C3D file has the plates "
                             f"{', '.join(names)}; say left.fz={names[0]}, for example")  # fmt: skip
        names[names.index(column)] = plate
    return tuple(names)


def _side(plate: LabPlate, track: Track) -> str:
    """The side whose foot alone is over a plate while it is loaded, "" where it is not clear."""
    marks, _ = landmarks(track.names, track.values * METRES.get(track.unit, 1.0))
    feet = {side: [marks[f"{part}_{side}"] for part in ("heel", "toe", "ankle") if f"{part}_{side}" in marks]
            for side in SIDES}  # fmt: skip
    if not all(feet.values()):
        return ""
    per_frame = max(1, len(plate.force) // len(track.times))
    load = np.abs(plate.force @ plate.axes[:, 2])[::per_frame][: len(track.times)]
    loaded = np.flatnonzero(load > LOADED)
    if not len(loaded):
        return ""
    size = np.abs((plate.corners - plate.corners.mean(axis=0)) @ plate.axes).max(axis=0)
    over = {}
    for side, places in feet.items():
        away = np.abs((np.mean(places, axis=0)[loaded] - plate.corners.mean(axis=0)) @ plate.axes)
        over[side] = float(np.mean((away[:, 0] <= size[0]) & (away[:, 1] <= size[1])))
    here = [side for side, other in (SIDES, SIDES[::-1]) if over[side] >= ON_PLATE and over[other] <= OFF_PLATE]
    return here[0] if here else ""


def _about_sides(names: tuple[str, ...], *, told: bool) -> tuple[str, ...]:
    """A note on how the sides of plates were found, or that they were not."""
    sides = [] if told else [name for name in names if name in SIDES]
    if sides:
        return (f"{' and '.join(sides)} by the foot that stands on the plate",)
    unclear = (
        "which plate is left is not clear from the points: for sides give --columns left.fz=plate1,right.fz=plate2"
    )
    return (unclear,) if len(names) > 1 and not {"left", "right"} & set(names) else ()


def _roles(name: str, plate: LabPlate, turn: Floats, samples: int) -> dict[str, Floats]:
    """The plate's channels in METRICS.md's frame, by role."""
    force = plate.force[:samples] @ turn.T
    found = {f"{name}.f{axis}": np.ascontiguousarray(force[:, i]) for i, axis in enumerate("xyz")}
    if plate.moment is not None and plate.cop is not None:
        moment, cop = plate.moment[:samples] @ turn.T, plate.cop[:samples] @ turn.T
        found |= {f"{name}.m{axis}": np.ascontiguousarray(moment[:, i]) for i, axis in enumerate("xyz")}
        found |= {f"{name}.cop{axis}": np.ascontiguousarray(cop[:, i]) for i, axis in enumerate("xy")}
    return found


def _raw(file: C3D) -> Raw:
    """The analog samples as stored; roles stay empty, because a force is made of several channels."""
    whole = file.counts.dtype.kind in "iu"
    scaling = np.stack([-file.offset * file.scale, file.scale, *np.zeros((2, len(file.scale)))], axis=1)
    plain = bool((file.offset == 0.0).all() and (file.scale == 1.0).all())
    return Raw(
        device="import", values=file.counts.astype(np.int32 if whole else np.float64), channels=file.channels,
        roles=("",) * len(file.channels), units=tuple(unit or "1" for unit in file.units), rate=file.analog_rate,
        scaling=None if plain else scaling,
    )  # fmt: skip
