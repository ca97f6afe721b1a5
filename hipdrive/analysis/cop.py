"""The centre of pressure of a trial: from moments or as given, of several plates as one, masked, filtered, at 100 Hz.

METRICS.md 9, 17 and 18 (C4, C5, C8). Axes: x forwards (AP), y left (ML). A sample with too little force under it has
no centre of pressure and is NaN, never zero; the filter then works on each unbroken piece by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Bools, Floats, divided
from hipdrive.trial import BOX, LEFT, RIGHT, Trial

PERIODS = 3.0
"""Periods of the cutoff by which each end is continued as its own mirror image (METRICS.md 17, `edge_handling`)."""

MARGIN = 0.5
"""s beyond the window that are filtered with it where the record has them, and then cut off."""

APART = 0.03
"""m by which the left foot must be left of the right one, or their places are not from one origin."""

SLOWEST = 4.0
"""Times the cutoff that the sampling rate must be at least."""


@dataclass(frozen=True, eq=False)
class Pressure:
    """Centre of pressure of one trial over a window: rows x, y and free moment, (3, samples), m and N*m, NaN if none.

    noise : SD of one sample of each row, by its fourth differences. code : why x, y or the free moment is missing, ""
    where it is not. masked : share of the window's samples without one.
    """

    values: Floats
    noise: Floats
    code: tuple[str, str, str]
    masked: float


def of_plate(trial: Trial, plate: str, force: Floats, z0: float) -> tuple[Floats | None, Floats | None]:
    """Centre of pressure of one plate, m, by axis: as given, else from its moments (C4); None where neither is there.

    z0 : height of the contact surface in the frame of the moments, m.
    """
    parts = trial.components
    ground = np.where(np.abs(force) > 1.0, force, np.nan)

    def horizontal(name: str) -> Floats:
        return parts.get(f"{plate}.{name}", np.zeros_like(force))

    x, y = parts.get(f"{plate}.copx"), parts.get(f"{plate}.copy")
    if x is None and f"{plate}.my" in parts:
        x = divided(-(parts[f"{plate}.my"] - horizontal("fx") * z0), ground)
    if y is None and f"{plate}.mx" in parts:
        y = divided(parts[f"{plate}.mx"] + horizontal("fy") * z0, ground)
    return x, y


def summed(places: Sequence[Floats], forces: Sequence[Floats], least: float) -> Floats:
    """Several plates as one along an axis (C8): weighted by vertical force; NaN below `least` N in total.

    A plate without a place counts only where it carries less than a twentieth of the force, and then not at all.
    """
    place, force = np.array(places), np.array(forces)
    known = np.isfinite(place)
    total = force.sum(axis=0)
    carried = np.where(known, force, 0.0).sum(axis=0)
    enough = (total >= least) & (np.abs(total - carried) <= 0.05 * np.abs(total)) & (carried > 0.0)
    moment = np.where(known, place * force, 0.0).sum(axis=0)
    return np.where(enough, divided(moment, np.where(enough, carried, np.nan)), np.nan)


def pressure(trial: Trial, zeros: Sequence[float], first: int, last: int, weight: float, profile: Profile) -> Pressure:
    """The centre of pressure over samples [first, last) at `cop_rate`, low-passed at `cop_cutoff`, with its noise.

    zeros : zero error of each plate's vertical force, N.
    """
    feet = [i for i, name in enumerate(trial.plates) if name != BOX or len(trial.plates) == 1]
    names = [trial.plates[i] for i in feet]
    forces = [trial.fz[i] - zeros[i] for i in feet]
    around = round(MARGIN * trial.rate)
    begin, end = max(first - around, 0), min(last + around, trial.samples)
    window = slice(begin, end)
    least = max(profile.cop_min_force, profile.cop_min_share * weight)
    found = [of_plate(trial, name, force, profile.cop_z0) for name, force in zip(names, forces, strict=True)]
    axes: list[Floats | None] = []
    for axis in (0, 1):
        places = [one[axis] for one in found]
        there = [p[window] for p in places if p is not None]
        axes.append(summed(there, [f[window] for f in forces], least) if len(there) == len(feet) else None)
    code = _missing(names, found, axes, window)
    if trial.rate < SLOWEST * profile.cop_cutoff:
        code = tuple(c or "cop_rate" for c in code)  # type: ignore[assignment]
    rows = [part if part is not None else np.full(end - begin, np.nan) for part in axes]
    turning = _free_moment(trial, names, rows[0], rows[1], window)
    rows.append(np.full(end - begin, np.nan) if turning is None or code[0] or code[1] else turning)
    code = (code[0], code[1], code[0] or code[1] or ("" if turning is not None else "no_free_moment"))
    raw = np.array(rows)
    inner = slice(first - begin, last - begin)
    there_is = [i for i in (0, 1) if not code[i]]
    masked = float(np.isnan(raw[there_is][:, inner]).any(axis=0).mean()) if there_is else 0.0
    if masked > profile.cop_masked_max:
        code = tuple(c or "cop_masked" for c in code)  # type: ignore[assignment]
    raw = np.where(np.array([bool(c) for c in code])[:, np.newaxis], np.nan, raw)
    smooth = smoothed(raw, trial.rate, profile.cop_cutoff)
    # the filter ends what it cannot use
    return Pressure(
        resampled(smooth, trial.rate, first - begin, last - begin, profile.cop_rate),
        fourth_difference(raw[:, inner]), code, masked,
    )  # fmt: skip


def _missing(
    names: Sequence[str], found: Sequence[tuple[Floats | None, Floats | None]], axes: Sequence[Floats | None],
    window: slice,
) -> tuple[str, str, str]:  # fmt: skip
    """Why an axis has no centre of pressure, "" where it has one."""
    x, y = axes
    if x is None and y is None:
        return "no_cop", "no_cop", "no_cop"
    across = "" if y is not None else "no_cop_ml"
    if y is not None and {LEFT, RIGHT} <= set(names):
        left, right = (found[names.index(side)][1] for side in (LEFT, RIGHT))
        assert left is not None and right is not None
        if np.nanmean(left[window]) - np.nanmean(right[window]) < APART:
            across = "cop_frames"
    return "" if x is not None else "no_cop_ap", across, ""


def _free_moment(trial: Trial, names: Sequence[str], x: Floats, y: Floats, window: slice) -> Floats | None:
    """Free moment about the common centre of pressure (C5, C8), N*m; None where a plate measures no Mz, Fx or Fy."""
    parts = trial.components
    if any(f"{name}.{q}" not in parts for name in names for q in ("mz", "fx", "fy")):
        return None
    fx, fy, mz = (np.sum([parts[f"{name}.{q}"][window] for name in names], axis=0) for q in ("fx", "fy", "mz"))
    return np.asarray(mz - x * fy + y * fx, dtype=np.float64)


def pieces(known: Bools, least: int) -> list[slice]:
    """Unbroken stretches of True of at least so many samples.

    >>> pieces(np.array([True, True, False, True]), 2)
    [slice(0, 2, None)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a >= least]


def smoothed(rows: Floats, rate: float, cutoff: float) -> Floats:
    """Rows low-passed forwards and back (zero lag, -3 dB at `cutoff`) in each unbroken piece; NaN where none is.

    Second-order Butterworth each way, designed at cutoff/(√2 - 1)^(1/4), so that both together are 3 dB down at cutoff.
    """
    from scipy.signal import butter, sosfiltfilt

    out = np.full_like(rows, np.nan)
    corrected = cutoff / (np.sqrt(2.0) - 1.0) ** 0.25
    if 2.0 * corrected >= rate:
        return out
    sos = butter(2, corrected, fs=rate, output="sos")
    pad = int(np.ceil(PERIODS * rate / cutoff))
    for target, row in zip(out, rows, strict=True):
        for part in pieces(np.isfinite(row), pad + 2):
            target[part] = sosfiltfilt(sos, row[part], padtype="odd", padlen=pad)
    return out


def resampled(rows: Floats, rate: float, first: int, last: int, target: float) -> Floats:
    """Samples [first, last) of the rows at `target` Hz: picked where the rates divide, else by spline."""
    step = rate / target
    count = int(np.floor((last - 1 - first) / step + 1e-9)) + 1
    places = first + step * np.arange(count)
    if abs(step - round(step)) < 1e-9:
        return np.asarray(rows[:, np.round(places).astype(np.int64)])
    from scipy.interpolate import CubicSpline

    out = np.full((len(rows), count), np.nan)
    for target_row, row in zip(out, rows, strict=True):
        for part in pieces(np.isfinite(row), 4):
            inside = (places >= part.start) & (places <= part.stop - 1)
            target_row[inside] = CubicSpline(np.arange(part.start, part.stop), row[part])(places[inside])
    return out


def fourth_difference(rows: Floats) -> Floats:
    """SD of the white noise in slow rows, by their fourth differences, whose variance is 70 times as large."""
    steps = np.diff(rows, 4, axis=1)
    known = np.isfinite(steps)
    count = np.maximum(known.sum(axis=1), 1)
    square = np.where(known, steps, 0.0) ** 2
    return np.where(known.any(axis=1), np.sqrt(square.sum(axis=1) / count / 70.0), np.nan)
