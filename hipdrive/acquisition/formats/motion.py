"""One door to motion: `read_motion` opens a file of points or joint angles and returns its Tracks."""

from __future__ import annotations

import dataclasses
import os

from hipdrive.acquisition.formats import c3d, c3dfile, opensim, text, trialfile
from hipdrive.acquisition.formats.motiontable import UNITS, read_motion_table
from hipdrive.acquisition.formats.opensimmotion import read_coordinates
from hipdrive.acquisition.formats.reading import opened
from hipdrive.acquisition.formats.registry import Source
from hipdrive.acquisition.formats.trc import is_trc, read_trc
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import Track


def read_motion(
    path: str | os.PathLike[str], *, rate: float | None = None, unit: str | None = None
) -> tuple[Track, ...]:  # fmt: skip
    """Tracks of points and joint angles of a C3D, TRC, OpenSim .mot or .sto, text or trial file, by its content.

    A Track keeps the numbers, the unit, the axes and the clock of its file.

    Parameters
    ----------
    rate : frame rate, Hz, of text without a column of times.
    unit : m, cm, mm, px, deg or rad, of text that does not say it.

    Raises
    ------
    ReadError : the file cannot be read or holds no motion, with what, where and what to do in one sentence.
    """
    name = os.fspath(path)
    if unit is not None and unit not in UNITS:
        raise UsageError("unit", f"--motion-as unit={unit}: choose one of {', '.join(UNITS)}")
    try:
        return named_apart(_read(opened(name), rate, unit))
    except OSError as error:
        raise ReadError("cannot_open", f"{name}: cannot be read ({error.strerror or error}); check the name and that "
                        "you may read it") from None  # fmt: skip
    except MemoryError:
        raise ReadError("too_large", f"{name}: does not fit into memory; cut it into single trials") from None


def _read(source: Source, rate: float | None, unit: str | None) -> tuple[Track, ...]:
    if trialfile.is_hdf5(source):
        return _stored(source)
    if c3d.is_c3d(source):
        tracks = c3d.points_of(c3dfile.parsed(source.data, source.name), source.path.name)
        return _some(tracks, source)
    if is_trc(source):
        return read_trc(source)
    if opensim.is_opensim(source):
        return read_coordinates(source)
    if text.is_text(source):
        return read_motion_table(source, rate, unit)
    raise ReadError("unknown_format", f"{source.name}: not a known format of motion; hipdrive reads C3D, TRC, OpenSim "
                    ".mot and .sto, and text with named columns")  # fmt: skip


def _stored(source: Source) -> tuple[Track, ...]:
    """The tracks of one of hipdrive's own trial files."""
    from hipdrive import store

    return _some(store.load_trial(source.name).tracks, source)


def _some(tracks: tuple[Track, ...], source: Source) -> tuple[Track, ...]:
    if not tracks:
        raise ReadError("no_motion", f"{source.name}: holds no points and no angles; give a file with motion")
    return tracks


def named_apart(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """Tracks whose names differ, since a clock is found by the name of its track."""
    found: list[Track] = []
    for one in tracks:
        taken = {other.name for other in found}
        name = next(n for n in (one.name, f"{one.name} {one.kind}", *(f"{one.name} {i}" for i in range(2, 10**6)))
                    if n not in taken)  # fmt: skip
        found.append(one if name == one.name else dataclasses.replace(one, name=name))
    return tuple(found)
