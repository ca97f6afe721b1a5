"""Trial -> files that others read: the project's own CSV and the truth of a simulated athlete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hipdrive.analysis.startpush import FRONT, HANDS, REAR
from hipdrive.errors import StoreError, UsageError
from hipdrive.report import sheet
from hipdrive.report.document import plain
from hipdrive.report.inputs import TRIAL_FILES, Ask, trials
from hipdrive.report.words import clean
from hipdrive.trial import Trial

FORMATS = ("h5", "csv")


def fresh(path: Path, *, force: bool) -> Path:
    """The path, refused where a file is there already and nobody said to replace it.

    Raises
    ------
    UsageError : one sentence.
    """
    if path.is_dir():
        raise UsageError("out_is_folder", f"{clean(path)} is a folder; give the name of a file")
    if path.exists() and not force:
        raise UsageError("exists", f"{clean(path)} exists and is left alone; choose another name or add --force")
    if not path.resolve().parent.is_dir():
        raise UsageError("out_folder", f"{clean(path.parent)}: no such folder; make it first")
    return path


def to_csv(trial: Trial) -> str:
    """The forces as CSV, `time,left_fz,right_fz`: every digit, so that it reads back to the same numbers.

    Raises
    ------
    StoreError : samples were lost, which a CSV cannot say.
    """
    if trial.gaps:
        raise StoreError("gaps", f"{clean(trial.file or 'trial')}: samples were lost during the record and a "
                         "CSV cannot say where; keep the .h5 file")  # fmt: skip
    series = columns(trial)
    rows = zip(*(values.tolist() for values in series.values()), strict=True)
    lines = [",".join(series), *(",".join(map(repr, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def columns(trial: Trial) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Column name -> values: time, then the vertical force and what else was measured of each plate."""
    alone = len(trial.plates) == 1 and trial.plates[0] == "plate1"
    if {FRONT, REAR} <= set(trial.plates) <= {FRONT, REAR, HANDS}:
        return _of_start(trial)
    found = {"time": np.arange(trial.samples) / trial.rate}
    for plate, values in zip(trial.plates, trial.fz, strict=True):
        found["fz" if alone else f"{plate}_fz"] = values
    for role, values in trial.components.items():
        found[role.removeprefix("plate1.") if alone else role.replace(".", "_")] = values
    for signal in trial.signals:
        if len(signal.values) == trial.samples and signal.rate == trial.rate:
            found.setdefault(signal.name, signal.values)
    return found


def _of_start(trial: Trial) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The columns of a sprint start, `time,front_x,front_z,rear_x,rear_z,hands_x,hands_z,gun`."""
    found = {"time": np.arange(trial.samples) / trial.rate}
    for plate in (name for name in (FRONT, REAR, HANDS) if name in trial.plates):
        along = trial.components.get(f"{plate}.fx")
        if along is not None:
            found[f"{plate}_x"] = along
        found[f"{plate}_z"] = trial.fz[trial.plates.index(plate)]
    more = {r.replace(".", "_"): v for r, v in trial.components.items() if not r.endswith(".fx")}
    signals = {s.name: s.values for s in trial.signals if len(s.values) == trial.samples and s.rate == trial.rate}
    return {**found, **more, **{name: values for name, values in signals.items() if name not in found}}


def save(trial: Trial, path: Path) -> None:
    """Write a trial as the ending says: .csv or .h5.

    Raises
    ------
    UsageError : another ending.
    """
    if path.suffix.lower() == ".csv":
        sheet.write(path, to_csv(trial).encode("ascii"))
        return
    if path.suffix.lower() not in TRIAL_FILES:
        raise UsageError("suffix", f"{clean(path)}: end the name in .csv or .h5")
    from hipdrive import store

    store.save(path, trial)


def convert(path: Path, ask: Ask, to: str, out: Path | None, *, force: bool) -> bool:
    """Write each trial of a file in another format, beside it or at `out`, and print what was written.

    Raises
    ------
    UsageError : the target exists, or is the file itself.
    """
    found = trials(path, ask)
    if len(found) > 1 and out is not None and not out.is_dir():
        raise UsageError("out", f"{clean(path)}: holds {len(found)} trials; give --out a folder that exists")
    for number, trial in enumerate(found, 1):
        name = f"{path.stem}.{to}" if len(found) == 1 else f"{path.stem}-{number}.{to}"
        target = path.with_name(name) if out is None else out / name if out.is_dir() else out
        if target.exists() and target.samefile(path):
            raise UsageError("same", f"{clean(path)}: is a .{to} file already")
        save(trial, fresh(target, force=force))
        print(clean(target))
    return True


def truth_json(trial: Trial) -> str:
    """What is exactly true of a simulated trial, for comparison with a results document."""
    truth = trial.truth
    if truth is None:
        raise UsageError("no_truth", "the truth of a recording is not known")
    told: dict[str, Any] = {"format": "hipdrive-truth", "version": 1, "test": trial.test, "values": truth.values,
            "events": truth.events, "settings": truth.settings}  # fmt: skip
    if truth.reps:
        told["reps"] = truth.reps
    return json.dumps(plain(told), indent=1, allow_nan=False) + "\n"
