"""Trial files: HDF5 version 1, and the only place that knows h5py (docs/file-format.md describes the layout).

Raw values never change and derived ones can be made again. A file is built in memory, written beside its
place, read back, synced and renamed, so that after a crash or on a full disk there is the old file or the new
one. Files from elsewhere are not trusted: no link is followed and no size believed before it is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

import hipdrive
from hipdrive import disk
from hipdrive.errors import StoreError, UsageError
from hipdrive.results import FAIL, INFO, WARN, Analysis, Finding
from hipdrive.trial import QUANTITY_UNITS, ClockMap, Edges, Floats, Footage, Gap, Raw, Signal, Tare, Track, Trial, Truth

TRIAL, STUDY, VERSION = "hipdrive-trial", "hipdrive-study", (1, 0)
SUFFIXES = (".h5", ".hdf5")
RECORDED = "recorded"
"""The run that holds the forces as recorded, in newtons."""

MAX_BYTES, MAX_RATIO, MAX_TEXT, MAX_DEPTH = 4 * 1024**3, 1100, 32000, 8
"""Largest dataset; how far gzip can shrink one (a larger claim is a lie); longest text; deepest group."""

FILTERS = frozenset((h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32))
TEMPORARY = ".part"
DAMAGE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError, ArithmeticError)
"""What h5py and NumPy raise on a file that is not what it says."""

GAP_COLUMNS = ("first_sample", "n", "code", "text")
RAW_FACTS = ("device", "rate_hz", "place", "sha256")
"""Attributes of a raw group that are not the device's identity."""

PLACES: dict[str, tuple[str, str, Any]] = {
    "athlete": ("subject", "id", ""),
    "mass": ("subject", "mass_kg", None),
    "height": ("subject", "height_m", None),
    "test": ("trial", "kind", ""),
    "load": ("trial", "load_kg", 0.0),
    "box_height": ("trial", "drop_height_m", None),
    "side": ("trial", "side", ""),
    "arms": ("trial", "arms", False),
    "start": ("trial", "start", ""),
    "file": ("trial", "source_file", ""),
    "sha256": ("trial", "source_sha256", ""),
    "uuid": ("", "uuid", ""),
    "created": ("", "created_utc", ""),
}
"""Where each fact of a trial stands: group, attribute and the value that stands for an absent one."""


# --- saving ---


def save(
    path: str | os.PathLike[str],
    trial: Trial | Iterable[Trial],
    analysis: Analysis | Sequence[Analysis | None] | None = None,
    *,
    run: str | None = None,
) -> Path:
    """Write one trial, or a list of trials as a study file, and return the path.

    analysis : of the trial, or one for each trial of a list; written as a run under `/derived`.
    run : name of that run, by default the profile and a number.
    """
    target = Path(path)
    with _image() as file:
        if isinstance(trial, Trial):
            if analysis is not None and not isinstance(analysis, Analysis):
                raise UsageError("analysis", f"{target}: one trial takes one analysis; give a list of trials")
            _write_trial(file, trial, str(target))
            _add(file, analysis, run, str(target))
        else:
            _write_study(file, trial, analysis, run, str(target))
        return _replace(target, file)


def add_run(
    path: str | os.PathLike[str], analysis: Analysis | Sequence[Analysis | None], *, run: str | None = None
) -> Path:
    """Add an analysis (of a study: one or None for each trial) as a new run; older runs are kept."""
    target = Path(path)
    with _image(target) as file:
        trials = list(_trials(file, str(target)))
        given = [analysis] if isinstance(analysis, Analysis) else list(analysis)
        if len(given) != len(trials):
            raise UsageError("analysis", f"{target}: {len(given)} analyses for {len(trials)} trials; give one for each")
        for group, one in zip(trials, given, strict=True):
            _add(group, one, run, str(target))
        return _replace(target, file)


def add_motion(path: str | os.PathLike[str], trial: Trial, *, clocks: bool = False) -> Path:
    """Add the tracks of a trial, and how their clocks lie to the force's, to its file; those of it are kept.

    clocks : the trial's clocks take the place of those of the file.
    """
    target = Path(path)
    with _image(target) as file:
        groups = list(_trials(file, str(target)))
        if len(groups) != 1:
            raise UsageError("motion", f"{target}: holds {len(groups)} trials; motion is added to a file with one")
        there = {one.name: one for one in _tracks(groups[0])}
        here, kept = set(there), _clocks(groups[0])
        _same_clips(there, trial, str(target))
        new = tuple(one for one in trial.tracks if one.name not in here)
        known = {one.name: trial.clocks[one.name] for one in new if one.name in trial.clocks}
        if clocks and kept:
            del groups[0]["sync/clocks"]
        if clocks:
            _write_clocks(groups[0], {**kept, **trial.clocks})
        else:
            _write_clocks(groups[0], known, len(kept))
        _write_tracks(groups[0], new, len(here))
        seen = [one.name for one in _footage(groups[0])]
        _write_footage(groups[0], [one for one in trial.footage if one.name not in seen], len(seen))
        return _replace(target, file)


def _same_clips(there: Mapping[str, Track], trial: Trial, name: str) -> None:
    """Refuse a clip that the file holds already, looked at otherwise: its numbers would not be those of the file."""
    for clip in trial.footage:
        old, new = there.get(clip.name), next((one for one in trial.tracks if one.name == clip.name), None)
        if old is not None and new is not None and not _same(old.values, new.values):
            raise StoreError("clip_there", f"{name}: holds what was seen in {clip.name} before, and it is seen "
                             "otherwise now; save into a new file with `hipdrive convert --to h5`")  # fmt: skip


def _add(group: Any, analysis: Analysis | None, run: str | None, name: str) -> None:
    """The analysis as a run of the trial, if there is one."""
    if analysis is not None:
        _write_run(group, analysis, run, name)


def _write_study(
    file: Any,
    trials: Iterable[Trial],
    analyses: Analysis | Sequence[Analysis | None] | None,
    run: str | None,
    name: str,
) -> None:
    """Every trial under /trials/<uuid>."""
    _brand(file, STUDY)
    listed = list(trials)
    given: Sequence[Analysis | None] = [None] * len(listed)
    if analyses is not None:
        given = [analyses] if isinstance(analyses, Analysis) else analyses
    if len(given) != len(listed):
        raise UsageError("analysis", f"{name}: {len(given)} analyses for {len(listed)} trials; give one for each")
    folder = file.create_group("trials", track_order=True)
    for one, analysis in zip(listed, given, strict=True):
        key = one.uuid or str(uuid.uuid4())
        if key in folder or not re.fullmatch(r"[\w-]+", key):
            raise StoreError(
                "uuid",
                f"{name}: two trials have the uuid {key!r}, or it is none; leave it out",
            )
        group = folder.create_group(key)
        _write_trial(group, one.with_facts(uuid=key), name)
        _add(group, analysis, run, name)


@contextlib.contextmanager
def _image(path: Path | None = None) -> Iterator[Any]:
    """An HDF5 file in memory, empty or with the content of a file that was checked.

    HDF5 that meets a full disk can end the process, so it never writes to one.
    """
    if path is None:
        name = f"{secrets.token_hex(8)}.h5"
        file = h5py.File(name, "w", driver="core", backing_store=False, locking=False)
    else:
        with _opened(path):
            content = path.read_bytes()
        file = h5py.File(h5py.h5f.open_file_image(content, h5py.h5f.ACC_RDWR))
    with file:
        yield file


def _replace(target: Path, file: Any) -> Path:
    """Put the file in memory in place of the target: write beside it, sync, read back, rename."""
    file.flush()
    place = Path(os.path.realpath(target))
    part = place.with_name(f".hipdrive-{secrets.token_hex(6)}{TEMPORARY}")
    try:
        _write_synced(part, file.id.get_file_image(), like=place)
        with _opened(part) as back:
            _verify_raw(back, target)
        os.replace(part, place)
    except OSError as error:
        raise StoreError(
            "cannot_write",
            f"{target}: cannot be written ({error.strerror or error}); the old file, if any, is untouched: "
            "make room, close it elsewhere or choose another folder",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    disk.sync_folder(place.parent)
    return target


def _write_synced(part: Path, content: bytes, *, like: Path) -> None:
    """Write a new file with the permissions of the one it will replace, and wait until the disk has it."""
    handle = disk.create(part)
    try:
        disk.append(handle, content)
        disk.sync(handle)
    finally:
        os.close(handle)
    with contextlib.suppress(OSError):
        shutil.copymode(like, part)


def _verify_raw(file: Any, target: Path) -> None:
    """Refuse to replace anything by a file whose raw values are not those that were recorded."""
    for trial in _trials(file, str(target)):
        for device in (folder := _group(trial, "raw")):
            if _check_raw(_group(folder, device)).level == FAIL:
                raise StoreError(
                    "raw_changed",
                    f"{target}: the raw values of {device} are not those that were recorded, so nothing was "
                    "written; check the disk and take the backup",
                )


def _sum(values: NDArray[Any]) -> str:
    """Fingerprint of an array: of its little-endian bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).hexdigest()


# --- one trial ---


def _brand(group: Any, form: str) -> None:
    """What every file says of itself."""
    _set(
        group,
        format=form,
        format_version=".".join(map(str, VERSION)),
        software=f"hipdrive {hipdrive.__version__}",
    )


def _write_trial(group: Any, trial: Trial, name: str) -> None:
    """All of a trial under a group: the root of a trial file or /trials/<uuid> of a study."""
    _brand(group, TRIAL)
    raw = trial.raw or Trial.from_forces(trial.fz, trial.rate, trial.plates).raw
    now = datetime.now(UTC).isoformat(timespec="seconds")
    key, print_ = trial.uuid or str(uuid.uuid4()), trial.sha256 or _sum(raw[0].values)
    _write_facts(group, trial.with_facts(uuid=key, created=trial.created or now, sha256=print_), name)
    _set(group, complete=not trial.end_reason, end_reason=_text(trial.end_reason, name))
    _set(group, subject=trial.athlete, test=trial.test, rate_hz=trial.rate, samples=trial.samples)
    _write_lists(group["trial"], trial)
    for place, one in enumerate(raw):
        _write_raw(group.require_group("raw"), one, place)
    _write_recorded(group, trial, raw)
    _write_others(group, trial)
    _write_recording(group, trial)


def _set(group: Any, **facts: Any) -> None:
    """Attributes; texts of fixed length, because HDF5 can hang on damage among those of variable length."""
    for name, value in facts.items():
        if isinstance(value, str):
            encoded = value.encode("utf-8", "replace")
            group.attrs.create(name, encoded, dtype=h5py.string_dtype("utf-8", max(1, len(encoded))))
        else:
            group.attrs[name] = value


def _write_facts(group: Any, trial: Trial, name: str) -> None:
    """Every known fact as an attribute in its place."""
    for fact, (place, attribute, _) in PLACES.items():
        value = getattr(trial, fact)
        where = group.require_group(place) if place else group
        if value is not None:
            _set(where, **{attribute: _text(value, name) if isinstance(value, str) else value})


def _text(value: str, name: str) -> str:
    """A text that fits into an attribute."""
    if len(value.encode("utf-8", "replace")) > MAX_TEXT or "\x00" in value:
        raise StoreError("text", f"{name}: {value[:20]!r}... is too long for a fact or holds a null; shorten it")
    return value


def _put(group: Any, name: str, values: Any, units: str) -> Any:
    """A dataset with its unit: compressed and checksummed if it is large enough for that."""
    array = np.asarray(values)
    packed: dict[str, Any] = {}
    if array.ndim and array.nbytes > 256:
        rows = max(1, min(len(array), 262144 // max(1, array[0].nbytes)))
        packed = {
            "chunks": (rows, *array.shape[1:]),
            "compression": "gzip",
            "compression_opts": 4,
            "shuffle": True,
            "fletcher32": True,
        }
    dataset = group.create_dataset(name, data=array, track_times=False, **packed)
    _set(dataset, units=units)
    return dataset


def _put_texts(group: Any, name: str, texts: Sequence[str]) -> None:
    """A list of texts as fixed-length UTF-8, which MATLAB and R read as they are."""
    _put(group, name, _fixed(texts), "1")


def _fixed(texts: Sequence[str]) -> NDArray[Any]:
    encoded = [text.replace("\x00", "").encode("utf-8", "replace") for text in texts]
    longest = max([1, *map(len, encoded)])
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", longest))


def _put_rows(group: Any, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table if there are rows: texts of fixed length, everything else as float64."""
    if not rows:
        return
    arrays = [_fixed(c) if isinstance(c[0], str) else np.asarray(c, float) for c in zip(*rows, strict=True)]
    table = np.zeros(len(rows), [(key, array.dtype) for key, array in zip(columns, arrays, strict=True)])
    for key, array in zip(columns, arrays, strict=True):
        table[key] = array
    _put(group, name, table, "1")


def _write_lists(group: Any, trial: Trial) -> None:
    """Plates, ranges, notes, gaps and, for a simulated trial, the true answers."""
    _put_texts(group, "plates", trial.plates)
    _put(group, "ranges", np.array(trial.ranges, dtype=np.float64), "N")
    _put_texts(group, "notes", trial.notes)
    _write_gaps(group, trial.gaps)
    if trial.truth is not None:
        _put_texts(group, "truth", [json.dumps(vars(trial.truth), default=_plain)])


def _plain(value: Any) -> Any:
    """A value that JSON knows: mappings as dict, arrays as lists, numbers as numbers, all else as text."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _write_gaps(group: Any, gaps: Sequence[Gap]) -> None:
    """Lost samples as a table."""
    rows = [(gap.first_sample, gap.samples, gap.code, gap.text) for gap in gaps]
    _put_rows(group, "gaps", GAP_COLUMNS, rows)


def _write_raw(folder: Any, raw: Raw, place: int) -> None:
    """One device: integers as `counts`, floats as `values`, both (samples, channels)."""
    plain = re.fullmatch(r"\w[\w.-]*", raw.device) and raw.device not in folder
    key = raw.device if plain else f"device{place}"
    group = folder.create_group(key)
    counts = raw.values.dtype.kind in "iu"
    one_unit = len(set(raw.units)) == 1 and raw.scaling is None
    units = "count" if counts else raw.units[0] if one_unit else "see units"
    data = _put(group, "counts" if counts else "values", raw.values, units)
    _set(data, axes="sample, channel")
    _set(group, device=raw.device, rate_hz=raw.rate, place=place, sha256=_sum(raw.values))
    _put_texts(group, "channels", raw.channels)
    _put_texts(group, "roles", raw.roles)
    _put_texts(group, "units", raw.units)
    if raw.scaling is not None:
        _put(group, "scaling", raw.scaling, "see units")
    if raw.blocks is not None:
        blocks = _put(group, "blocks", raw.blocks, "see axes")
        _set(blocks, axes="block; first sample, samples, arrival in monotonic ns of the computer")
    if raw.stamps is not None:
        _put(group, "stamps", raw.stamps, "s")
    _set(group, **{key: value for key, value in raw.identity.items() if key not in RAW_FACTS})
    _write_gaps(group, raw.gaps)


def _write_recording(group: Any, trial: Trial) -> None:
    """What only a recording has: the rig by which counts become forces, the tare, edges and the log."""
    if trial.rig:
        _put_texts(group, "rig", [trial.rig])
        _set(group["rig"], sha256=hashlib.sha256(trial.rig.encode()).hexdigest(), form="TOML")
    units = {role: unit for raw in trial.raw for role, unit in zip(raw.roles, raw.units, strict=True)}
    for tare in trial.tare:
        one = group.require_group("tare").create_group(tare.plate)
        unit = next((unit for role, unit in units.items() if role.startswith(f"{tare.plate}.")), "V")
        _put(one, "mean", tare.mean, unit)
        _put(one, "sd", tare.sd, unit)
        _set(one, samples=tare.samples, taken_utc=tare.taken)
    for place, edges in enumerate(trial.edges):
        one = group.require_group(f"sync/edges/{place}")
        _set(one, name=edges.name, timebase_hz=edges.rate)
        _put(one, "ticks", edges.ticks, "count")
    if trial.log:
        _put_texts(group, "log", trial.log)


def _write_recorded(group: Any, trial: Trial, raw: Sequence[Raw]) -> None:
    """Forces in newtons for programs that scale nothing; we take them from /raw where the bits agree."""
    run = group.create_group(f"derived/{RECORDED}")
    derivable = _derivable(raw, trial.rig, trial.tare)
    force = _put(run, "force", trial.fz.T, "N")
    _set(force, axes="sample, plate")
    same = all(_same(derivable.get(f"{p}.fz"), row) for p, row in zip(trial.plates, trial.fz, strict=True))
    _set(run, software=f"hipdrive {hipdrive.__version__}", force_is_raw=same)
    for role, values in trial.components.items():
        if not _same(derivable.get(role), values):
            unit = QUANTITY_UNITS.get(role.split(".")[-1][:1], "1")
            _put(run.require_group("components"), role, values, unit)
    _put_texts(run, "component_roles", tuple(trial.components))


def _derivable(raw: Sequence[Raw], rig: str, tare: Sequence[Tare]) -> dict[str, Floats]:
    """What raw values say by role: with a rig through its plates, else channels that are in their SI unit.

    Nothing where the rig cannot be read, for example because a later hipdrive wrote it: then the forces as recorded
    in newtons stand.
    """
    if not rig:
        return _by_role(raw)
    from hipdrive.hardware import plates
    from hipdrive.hardware.rig import loads

    try:
        return plates.recorded(loads(rig), raw, {t.plate: t.mean for t in tare})
    except UsageError:
        return {}


def _by_role(raw: Sequence[Raw]) -> dict[str, Floats]:
    """The scaled values of every raw channel with a role that is in its SI unit."""
    known, found = QUANTITY_UNITS.values(), {}
    for one in raw:
        scaled = one.scaled()
        found.update({role: scaled[:, i] for i, role in enumerate(one.roles) if one.units[i] in known})
    return found


def _same(one: Floats | None, other: Floats) -> bool:
    """Whether two arrays hold the same bits."""
    return one is not None and one.shape == other.shape and one.tobytes() == other.tobytes()


def _write_others(group: Any, trial: Trial) -> None:
    """Signals and clock maps under /sync, joint angles under /angles, points under /motion or /pose."""
    for place, signal in enumerate(trial.signals):
        one = group.require_group(f"sync/signals/{place}")
        _set(one, name=signal.name, rate_hz=signal.rate, t0_s=signal.t0, unit=signal.unit)
        _put(one, "values", signal.values, signal.unit)
    _write_clocks(group, trial.clocks)
    _write_tracks(group, trial.tracks)
    _write_footage(group, trial.footage)


def _write_clocks(group: Any, clocks: Mapping[str, ClockMap], first: int = 0) -> None:
    """How other clocks lie to that of the forces, numbered from `first`."""
    for place, (name, clock) in enumerate(clocks.items(), first):
        one = group.require_group(f"sync/clocks/{place}")
        _set(
            one,
            name=name,
            offset_s=clock.offset,
            slope=clock.slope,
            standard_error_s=clock.standard_error,
            residual_rms_s=clock.residual_rms,
            method=clock.method,
        )


def _write_tracks(group: Any, tracks: Sequence[Track], first: int = 0) -> None:
    """Points and joint angles, numbered from `first`."""
    for place, track in enumerate(tracks, first):
        one = group.require_group(f"{_folder_of(track)}/{place}")
        _set(one, name=track.name, kind=track.kind, place=place)
        _put(one, "times", track.times, "s")
        _put(one, "values", track.values, track.unit)
        _put_texts(one, "names", track.names)
        if track.sd is not None:
            _put(one, "sd", track.sd, track.unit)


def _write_footage(group: Any, footage: Sequence[Footage], first: int = 0) -> None:
    """Clips, numbered from `first`: when their frames were taken, and what was found out about them, as JSON."""
    for place, clip in enumerate(footage, first):
        one = group.require_group(f"video/{place}")
        _set(one, name=clip.name, file=clip.file, sha256=clip.sha256)
        _put(one, "times", clip.times, "s")
        _put_texts(one, "about", [json.dumps(dict(clip.about), default=_plain)])


def _folder_of(track: Track) -> str:
    """Where a track stands: joint angles, keypoints of a picture (pixels), points of a room."""
    if "angle" in track.kind:
        return "angles"
    return "pose" if track.unit == "px" or "pose" in track.kind else "motion"


# --- runs ---


def _write_run(group: Any, analysis: Analysis, run: str | None, name: str) -> None:
    """An analysis as /derived/<run>, and its headline numbers among the index facts."""
    folder = group.require_group("derived")
    key = run or next(k for n in range(1, 10**6) if (k := f"{analysis.profile}-{n:03}") not in folder)
    if key in folder or not re.fullmatch(r"\w[\w.-]*", key):
        raise StoreError("run", f"{name}: the run {key!r} is there already, or is no name; choose another")
    one = folder.create_group(key)
    _set(
        one,
        software=f"hipdrive {hipdrive.__version__}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        algorithm="hipdrive.analyse",
        profile=analysis.profile,
        test=analysis.test,
        detected=analysis.detected,
        status=analysis.status,
        why=analysis.why or "",
        code=analysis.code or "",
    )
    _put_texts(one, "provenance", [json.dumps(dict(analysis.provenance), default=_plain)])
    _put_metrics(one, analysis)
    _put_events(one, analysis)
    _put_quality(one, analysis.quality)
    _write_headline(group, analysis, key)


def _put_metrics(group: Any, analysis: Analysis) -> None:
    """Every number: repetition 0 for those over all repetitions."""
    every = [(rep.rep, field, value) for rep in analysis.reps for field, value in rep.items()]
    every += [(0, field, value) for field, value in analysis.summary.items()]
    rows = [(rep, field, v.value, v.unit, v.u95, v.method, v.code or "", v.label or "") for rep, field, v in every]
    _put_rows(group, "metrics", ("rep", "field", "value", "unit", "u95", "method", "code", "label"), rows)


def _put_events(group: Any, analysis: Analysis) -> None:
    """Every event of every repetition, s from the first sample."""
    rows = [(rep.rep, name, one.t, one.u95) for rep in analysis.reps for name, one in rep.events.items()]
    _put_rows(group, "events", ("rep", "name", "t", "u95"), rows)


def _put_quality(group: Any, findings: Sequence[Finding]) -> None:
    """What the quality checks saw."""
    columns = ("check", "level", "value", "unit", "message", "remedy", "rep")
    _put_rows(group, "quality", columns, [[getattr(one, name) for name in columns] for one in findings])


def _write_headline(group: Any, analysis: Analysis, run: str) -> None:
    """What an index shows: status and the numbers that a coach reads first, of the first repetition."""
    for old in [key for key in group.attrs if key.startswith("metric_")]:
        del group.attrs[old]
    _set(group, status=analysis.status, run=run, reps=len(analysis.reps), test=analysis.test)
    for field in analysis.headline:
        value = analysis.summary.get(field) or (analysis.reps[0].get(field) if analysis.reps else None)
        if value is not None:
            _set(group, **{f"metric_{field}": value.value, f"metric_{field}_units": value.unit})


# --- opening what cannot be trusted ---


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A trial or study file of a version that is known, open for reading; anything wrong is one sentence."""
    try:
        if not path.is_file():
            raise StoreError("cannot_open", f"{path}: is not a file; give a trial file")
        path.open("rb").close()
    except OSError as error:
        raise StoreError("cannot_open", f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise StoreError("damaged", f"{path}: {_not_whole(error)}; take the backup or record again") from error
    with file:
        try:
            _check_version(file, str(path))
            yield file
        except UsageError as error:
            raise StoreError("damaged", f"{path}: holds what cannot be ({error}); take the backup") from None
        except DAMAGE as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise StoreError(
                "damaged",
                f"{path}: is damaged; take the backup, or see with `hipdrive check` what can still be read",
            ) from error


def _not_whole(error: OSError) -> str:
    """What HDF5 says of a file that it cannot open, without its own terms: how much of it is there."""
    sizes = re.search(r"truncated file: eof = (\d+),.* stored_eof = (\d+)", str(error))
    there = f", only {sizes[1]} of its {sizes[2]} bytes are there" if sizes else ""
    return f"is not a whole HDF5 file{there}"


def _check_version(file: Any, name: str) -> None:
    """Refuse what is not ours and what a later major version wrote."""
    form, version = _fact(file, "format", ""), str(_fact(file, "format_version", ""))
    if form not in (TRIAL, STUDY):
        raise StoreError("not_ours", f"{name}: is HDF5, but not a hipdrive trial file; give one that hipdrive wrote")
    match = re.fullmatch(r"(\d+)\.(\d+)", version)
    if not match or int(match[1]) < VERSION[0]:
        raise StoreError("version", f"{name}: its format version {version!r} is not known; take the backup")
    if int(match[1]) > VERSION[0]:
        raise StoreError(
            "version",
            f"{name}: has format version {version}, this hipdrive reads {VERSION[0]}.x; install a newer hipdrive",
        )


def _fact(group: Any, name: str, default: Any) -> Any:
    """An attribute that is a single text, number or truth value; the default where it is none of these."""
    return _fact_of(group.attrs, name, default, group)


def _fact_of(attributes: Any, name: str, default: Any, group: Any) -> Any:
    try:
        identifier = attributes.get_id(name)
    except KeyError:
        return default
    if identifier.dtype.kind not in "iufbS":
        return default
    if identifier.shape != () or identifier.get_storage_size() > 8 * MAX_TEXT:
        raise StoreError("hostile", f"{group.file.filename}: the attribute {name!r} is not a single value")
    value = attributes[name]
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value if isinstance(value, str) else default


def _child(group: Any, path: str) -> Any:
    """A member of a group, None if absent; links out of the place where it belongs are refused."""
    for name in path.split("/"):
        link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise StoreError(
                "hostile",
                f"{group.file.filename}: {name!r} is a link to elsewhere, which is not followed; take a "
                "file that hipdrive wrote",
            )
        group = group[name]
    return group


def _count(group: Any, name: str) -> int:
    """An attribute that is a whole number; 0 where it is absent."""
    value = _fact(group, name, 0)
    if not isinstance(value, int | float) or not abs(value) < 2**62 or value != int(value):
        raise StoreError("damaged", f"{group.file.filename}: {group.name} has {name} = {value!r}; take the backup")
    return int(value)


def _group(group: Any, path: str) -> Any:
    """A group that has to be there."""
    found = _child(group, path)
    if not isinstance(found, h5py.Group):
        raise StoreError(
            "damaged", f"{group.file.filename}: {group.name.rstrip('/')}/{path} is missing; take the backup"
        )
    return found


def _values(group: Any, path: str) -> NDArray[Any] | None:
    """A dataset as array, None if absent; refused before anything is allocated if it is not what we write."""
    found = _child(group, path)
    if found is None:
        return None
    _check_dataset(found)
    return cast("NDArray[Any]", found[()])


def _numbers(group: Any, path: str, kinds: str = "iuf", *, dimensions: int | None = None) -> NDArray[Any] | None:
    """A dataset of numbers of these kinds, None if absent."""
    values = _values(group, path)
    if values is not None and (values.dtype.kind not in kinds or dimensions not in (None, values.ndim)):
        raise StoreError(
            "damaged",
            f"{group.file.filename}: {group.name}/{path} holds {values.dtype} of shape {values.shape}, "
            "which it cannot; take the backup",
        )
    return values


def _check_dataset(found: Any) -> None:
    """Refuse data outside the file, types that hide pointers, foreign filters and sizes that are a lie."""
    name = f"{found.file.filename}: {found.name}"
    if not isinstance(found, h5py.Dataset):
        raise StoreError("hostile", f"{name} is not a table of numbers; take a file that hipdrive wrote")
    made = found.id.get_create_plist()
    filters = {made.get_filter(i)[0] for i in range(made.get_nfilters())}
    if found.is_virtual or made.get_external_count() or not filters <= FILTERS or _pointers(found.dtype):
        raise StoreError(
            "hostile",
            f"{name} holds something that hipdrive never writes; take a file that hipdrive wrote",
        )
    size = found.dtype.itemsize * (0 if found.shape is None else math.prod(found.shape))
    if size > MAX_BYTES or size > MAX_RATIO * found.id.get_storage_size() + 4096:
        raise StoreError("hostile", f"{name} claims {size} bytes that are not there; take the backup")


def _pointers(dtype: Any) -> bool:
    """Whether a type holds anything but numbers and fixed-length texts."""
    if dtype.names:
        return any(_pointers(dtype[name]) for name in dtype.names)
    return dtype.kind not in "iufbS" or dtype.subdtype is not None


def _trials(file: Any, name: str) -> Iterator[Any]:
    """The group of every trial of an open file."""
    if _fact(file, "format", "") == TRIAL:
        yield file
        return
    folder = _group(file, "trials")
    for key in folder:
        yield _group(folder, key)


# --- loading ---


def load(path: str | os.PathLike[str]) -> Iterator[Trial]:
    """Every trial of a trial file, a study file or a folder (its .h5 files by name, subfolders included)."""
    target = Path(path)
    if not target.exists():
        raise StoreError("missing", f"{target}: is not there; check the name")
    return (trial for file in (_files(target) if target.is_dir() else [target]) for trial in _load_file(file))


def load_trial(path: str | os.PathLike[str]) -> Trial:
    """The only trial of a file."""
    trials = load(path)
    first = next(trials, None)
    if first is None or next(trials, None) is not None:
        raise StoreError("study", f"{os.fspath(path)}: does not hold exactly one trial; use hipdrive.load")
    return first


def _files(folder: Path) -> Iterator[Path]:
    """Trial and study files of a folder."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(place, name)


def _load_file(path: Path) -> Iterator[Trial]:
    """The trials of one file, which is open only while one is read: Windows replaces no open file."""
    with _opened(path) as file:
        names = [group.name for group in _trials(file, str(path))]
    for name in names:
        with _opened(path) as file:
            trial = _load(file if name == "/" else _group(file, name.strip("/")), str(path))
        yield trial


def index(path: str | os.PathLike[str]) -> tuple[dict[str, Any], ...]:
    """What an index needs of each trial of a file, by the names of the root attributes; no sample is read.

    uuid, subject, test, created_utc, rate_hz, samples, complete; once analysed also status, run, reps and
    `metric_<field>`, `metric_<field>_units`.
    """
    target = Path(path)
    with _opened(target) as file:
        return tuple(_facts(group) for group in _trials(file, str(target)))


@dataclass(frozen=True)
class Run:
    """One stored analysis of a trial: which rules it followed and what came out.

    metrics : (repetition, field) -> SI value, repetition 0 for what is computed over all of them; NaN where missing.
    """

    name: str
    trial: str
    profile: str
    test: str
    status: str
    software: str
    created: str
    parameters: Mapping[str, Any]
    metrics: Mapping[tuple[int, str], float]


def runs(path: str | os.PathLike[str]) -> tuple[Run, ...]:
    """Every analysis that was saved in a trial or study file, the oldest first; no sample is read."""
    target = Path(path)
    with _opened(target) as file:
        return tuple(run for group in _trials(file, str(target)) for run in _runs(group))


def _runs(group: Any) -> Iterator[Run]:
    folder = _child(group, "derived")
    for name in sorted(folder or (), key=lambda one: (str(_fact(_group(folder, one), "created", "")), one)):
        if name == RECORDED:
            continue
        one = _group(folder, name)
        told = {key: str(_fact(one, key, "")) for key in ("profile", "test", "status", "software", "created")}
        provenance = json.loads("".join(_texts(one, "provenance")) or "{}")
        rows = _values(one, "metrics")
        values = {} if rows is None else {
            (int(rep), field.decode()): float(value)
            for rep, field, value in zip(rows["rep"], rows["field"].tolist(), rows["value"], strict=True)
        }  # fmt: skip
        yield Run(
            name, str(_fact(group, "uuid", "")), parameters=provenance.get("parameters", {}), metrics=values, **told
        )


def _facts(group: Any) -> dict[str, Any]:
    attributes = group.attrs
    return {name: _fact_of(attributes, name, None, group) for name in attributes}


def _load(group: Any, name: str, verify: bool = True) -> Trial:
    """The trial under a group."""
    with np.errstate(all="ignore"):  # what is no number is refused where it matters
        return _loaded(group, name, verify)


def _loaded(group: Any, name: str, verify: bool) -> Trial:
    facts: dict[str, Any] = {}
    for fact, (place, attribute, default) in PLACES.items():
        where = _child(group, place) if place else group
        facts[fact] = default if where is None else _fact(where, attribute, default)
    raw, lists = _load_raws(_group(group, "raw"), verify), _group(group, "trial")
    recorded = _child(group, f"derived/{RECORDED}")
    plates = _texts(lists, "plates")
    rig, tare = "".join(_texts(group, "rig")), _tares(group)
    derived = _derivable(raw, rig, tare)
    ranges = _numbers(lists, "ranges", dimensions=1)
    return Trial(
        fz=_force(recorded, derived, plates, name),
        rate=float(_fact(group, "rate_hz", math.nan)),
        plates=plates,
        ranges=() if ranges is None else tuple(ranges.tolist()),
        notes=_texts(lists, "notes"),
        gaps=_load_gaps(lists),
        components=_components(recorded, derived),
        raw=raw,
        truth=_truth(lists),
        signals=_signals(group),
        tracks=_tracks(group),
        footage=_footage(group),
        clocks=_clocks(group),
        rig=rig,
        tare=tare,
        edges=_edges(group),
        log=_texts(group, "log"),
        end_reason="" if _fact(group, "complete", True) else str(_fact(group, "end_reason", "")) or "not finished",
        **facts,
    )


def _force(recorded: Any, derived: Mapping[str, Floats], plates: Sequence[str], name: str) -> Floats:
    """Vertical forces of the plates: from /raw where the file says so, else as recorded."""
    roles = [f"{plate}.fz" for plate in plates]
    is_raw = recorded is None or _fact(recorded, "force_is_raw", False)
    if is_raw and all(role in derived for role in roles):
        return np.array([derived[role] for role in roles])
    force = None if recorded is None else _values(recorded, "force")
    if force is None:
        raise StoreError(
            "damaged",
            f"{name}: /derived/{RECORDED}/force is missing and /raw holds no newtons; take the backup",
        )
    return np.ascontiguousarray(force.T)


def _components(recorded: Any, derived: Mapping[str, Floats]) -> dict[str, Floats]:
    """The other forces, moments and centres of pressure."""
    if recorded is None:
        return {role: values for role, values in derived.items() if not role.endswith("fz")}
    found = {}
    for role in _texts(recorded, "component_roles"):
        stored = _values(recorded, f"components/{role}")
        found[role] = derived[role] if stored is None else stored
    return found


def _texts(group: Any, name: str) -> tuple[str, ...]:
    """A list of texts."""
    values = _values(group, name)
    return () if values is None else tuple(text.decode() for text in values.tolist())


def _raw_values(group: Any) -> NDArray[Any]:
    """The raw samples of a device."""
    for name in ("counts", "values"):
        values = _values(group, name)
        if values is not None:
            return values
    raise StoreError("damaged", f"{group.file.filename}: {group.name} holds neither counts nor values; take the backup")


def _load_raws(folder: Any, verify: bool) -> tuple[Raw, ...]:
    """Every device in the order in which it was written."""
    groups = sorted((_group(folder, key) for key in folder), key=lambda group: _count(group, "place"))
    return tuple(_load_raw(group, verify) for group in groups)


def _load_raw(group: Any, verify: bool = True) -> Raw:
    """What one device delivered, as it was recorded: its fingerprint must still be right."""
    values, stored = _raw_values(group), _fact(group, "sha256", "")
    if verify and stored and _sum(values) != stored:
        raise StoreError(
            "raw_changed", f"{group.name} is not what was recorded: its fingerprint differs; take the backup"
        )
    return Raw(
        device=_fact(group, "device", ""),
        values=values,
        channels=_texts(group, "channels"),
        roles=_texts(group, "roles"),
        units=_texts(group, "units"),
        rate=float(_fact(group, "rate_hz", math.nan)),
        scaling=_numbers(group, "scaling"),
        gaps=_load_gaps(group),
        blocks=_numbers(group, "blocks", "iu"),
        stamps=_numbers(group, "stamps"),
        identity={key: value for key in group.attrs if key not in RAW_FACTS
                  and isinstance(value := _fact(group, key, None), str | float)},
    )  # fmt: skip


def _tares(group: Any) -> tuple[Tare, ...]:
    """What empty plates read before the trial."""
    folder = _child(group, "tare")
    names = [] if folder is None else list(folder)
    return tuple(
        Tare(plate=name, mean=_needed(one, "mean"), sd=_needed(one, "sd"), samples=_count(one, "samples"),
             taken=_fact(one, "taken_utc", ""))
        for name in names
        for one in [_group(folder, name)]
    )  # fmt: skip


def _edges(group: Any) -> tuple[Edges, ...]:
    """Edges on digital lines, stamped by counters."""
    return tuple(
        Edges(name=str(_fact(one, "name", "")), ticks=_needed(one, "ticks"), rate=float(_fact(one, "timebase_hz", 1.0)))
        for one in _numbered(group, "sync/edges")
    )


def _load_gaps(group: Any) -> tuple[Gap, ...]:
    """Lost samples."""
    table = _values(group, "gaps")
    rows = [] if table is None else table[list(GAP_COLUMNS)].tolist()
    return tuple(Gap(first_sample=int(first), samples=int(n), code=code.decode(), text=text.decode())
                 for first, n, code, text in rows)  # fmt: skip


def _truth(group: Any) -> Truth | None:
    """The exact answers of a simulated trial."""
    text = _texts(group, "truth")
    if not text:
        return None
    known = json.loads(text[0])
    return Truth(**{**known, "reps": tuple(known.get("reps", ()))})


def _numbered(group: Any, path: str) -> list[Any]:
    """The members of a folder, in the order of their numbers."""
    folder = _child(group, path)
    return [] if folder is None else [_group(folder, key) for key in sorted(folder, key=int)]


def _needed(group: Any, name: str) -> NDArray[Any]:
    """A dataset that has to be there."""
    values = _values(group, name)
    if values is None:
        raise StoreError("damaged", f"{group.file.filename}: {group.name}/{name} is missing; take the backup")
    return values


def _signals(group: Any) -> tuple[Signal, ...]:
    """Signals on their own clock."""
    return tuple(
        Signal(
            name=_fact(one, "name", ""),
            values=_needed(one, "values"),
            rate=float(_fact(one, "rate_hz", 0.0)),
            unit=_fact(one, "unit", ""),
            t0=float(_fact(one, "t0_s", 0.0)),
        )
        for one in _numbered(group, "sync/signals")
    )


def _clocks(group: Any) -> dict[str, ClockMap]:
    """How other clocks are brought to the force clock."""
    fields = {"offset": "offset_s", "slope": "slope", "standard_error": "standard_error_s",
              "residual_rms": "residual_rms_s", "method": "method"}  # fmt: skip
    return {_fact(one, "name", ""): ClockMap(**{k: _fact(one, v, 0.0) for k, v in fields.items()})
            for one in _numbered(group, "sync/clocks")}  # fmt: skip


def _tracks(group: Any) -> tuple[Track, ...]:
    """Points and joint angles, in the order in which they were written."""
    groups = [one for folder in ("angles", "motion", "pose") for one in _numbered(group, folder)]
    return tuple(
        Track(
            name=_fact(one, "name", ""),
            kind=_fact(one, "kind", ""),
            times=_needed(one, "times"),
            values=_needed(one, "values"),
            names=_texts(one, "names"),
            unit=_fact(one["values"], "units", ""),
            sd=_values(one, "sd"),
        )
        for one in sorted(groups, key=lambda one: _count(one, "place"))
    )


def _footage(group: Any) -> tuple[Footage, ...]:
    """Clips beside the forces."""
    return tuple(Footage(name=_fact(one, "name", ""), file=_fact(one, "file", ""), sha256=_fact(one, "sha256", ""),
                         times=_needed(one, "times"), about=_said(one))
                 for one in _numbered(group, "video"))  # fmt: skip


def _said(group: Any) -> Mapping[str, Any]:
    """What is written about a clip; nothing where that is no JSON object."""
    try:
        found = json.loads("".join(_texts(group, "about")) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# --- checking ---


def check(path: str | os.PathLike[str]) -> list[Finding]:
    """Everything that a file can show about itself; that it is damaged is a finding, not an error."""
    target = Path(path)
    if not target.is_file():
        raise StoreError("missing", f"{target}: is not a file; check the name")
    try:
        with _opened(target) as file:
            version = _fact(file, "format_version", "")
            found = [_finding("format", INFO, f"{_fact(file, 'format', '')} {version}")]
            found += _check_members(file)
            return found + [one for group in _trials(file, str(target)) for one in _check_trial(group)]
    except StoreError as error:
        told, _, remedy = str(error).partition("; ")
        return [_finding(error.code, FAIL, told, remedy)]


def _finding(name: str, level: str, message: str, remedy: str = "", value: float = math.nan) -> Finding:
    return Finding(name, level, value, "1", message, remedy)


def _check_members(file: Any) -> list[Finding]:
    """Every object once: it can be read, its checksums hold and it has a unit."""
    found, seen, todo = [], set(), [(file, 0)]
    while todo:
        group, depth = todo.pop()
        for key in group:
            member = _child(group, key)
            address = h5py.h5o.get_info(member.id).addr
            if address in seen or depth > MAX_DEPTH:
                raise StoreError("hostile", f"{file.filename}: {member.name} leads back or too deep")
            seen.add(address)
            if isinstance(member, h5py.Group):
                todo.append((member, depth + 1))
            else:
                found += _check_data(member)
    return found


def _check_data(dataset: Any) -> list[Finding]:
    """One dataset: readable (gzip and fletcher32 verify every chunk) and with a unit."""
    _check_dataset(dataset)
    try:
        dataset[()]
    except OSError:
        return [_finding("checksum", FAIL, f"{dataset.name} is damaged", "take the backup")]
    if not _fact(dataset, "units", ""):
        return [_finding("units", WARN, f"{dataset.name} has no unit", "save the trial again")]
    return []


def _check_trial(group: Any) -> list[Finding]:
    """One trial: complete, raw values as they were written, forces as raw says, no samples lost."""
    where = f"{group.name.rstrip('/')}/"
    found = []
    if not _fact(group, "complete", False):
        reason = _fact(group, "end_reason", "")
        found.append(_finding("complete", WARN, f"{where} the recording was not finished: {reason}", "record again"))
    for key in (folder := _group(group, "raw")):
        found.append(_check_raw(_group(folder, key)))
    trial = _load(group, group.file.filename, verify=False)
    lost = sum(gap.samples for gap in trial.gaps)
    if trial.gaps:
        many = f"{lost} samples were" if lost else "samples, nobody knows how many, were"
        found.append(_finding("gaps", WARN, f"{where} {many} lost in {len(trial.gaps)} places",
                              "record again", float(lost)))  # fmt: skip
    stored = _values(group, f"derived/{RECORDED}/force")
    if stored is not None and not _agree(np.ascontiguousarray(stored.T), trial):
        found.append(_finding("force", FAIL, f"{where} the forces in newtons are not those of /raw",
                              "save the trial again; /raw is right"))  # fmt: skip
    return found


def _agree(stored: Floats, trial: Trial) -> bool:
    """Whether forces are those of the file; through a rig's plates another computer may round the last bit."""
    if not trial.rig:
        return _same(stored, trial.fz)
    return stored.shape == trial.fz.shape and bool(np.allclose(stored, trial.fz, rtol=1e-9, atol=1e-6))


def _check_raw(group: Any) -> Finding:
    """Whether raw values are the ones that were written."""
    if _sum(_raw_values(group)) == _fact(group, "sha256", ""):
        return _finding("raw", INFO, f"{group.name} is as it was recorded")
    return _finding("raw", FAIL, f"{group.name} is not what was recorded: its fingerprint differs", "take the backup")
