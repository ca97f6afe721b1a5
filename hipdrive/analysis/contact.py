"""Metrics of the shape of a drop jump's contact: impact, trough and drive-off, slope stiffness (METRICS.md 5)."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.extreme import height_u
from hipdrive.analysis.landing import first_peak
from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, Ints, divided, gather

DJ = ("dj",)


@metric("impact_peak_force", unit="N", tests=DJ, source="vendor", method="first_peak", group="force")
def impact_peak_force(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the first peak of contact, where a trough and a second peak follow it."""
    return _shape(rep, 0)


@metric("contact_trough_force", unit="N", tests=DJ, source="vendor", method="between_peaks", group="force")
def contact_trough_force(rep: Rep) -> tuple[Floats, Floats]:
    """Lowest force between the impact and the drive-off."""
    return _shape(rep, 1)


@metric("drive_off_peak_force", unit="N", tests=DJ, source="vendor", method="second_peak", group="force")
def drive_off_peak_force(rep: Rep) -> tuple[Floats, Floats]:
    """Force at the largest peak after the trough."""
    return _shape(rep, 2)


def _shape(rep: Rep, part: int) -> tuple[Floats, Floats]:
    """Force at impact, trough or drive-off in every copy; rows with one peak only are refused."""
    largest = rep.max("force", "first_contact", "takeoff")[:, 0]
    begin, end = rep.t["first_contact"][:, 0], rep.t["takeoff"][:, 0]
    first, last, known = rep.samples(begin, end)
    width = int(np.where(known, last - first, 4).max(initial=4))
    smooth = rep.curve.around(first, width, max(1, round(rep.profile.first_peak_smoothing * rep.curve.rate)))
    smooth = np.where(np.arange(width) < (last - first)[:, np.newaxis], smooth, -np.inf)
    least = np.where(known & np.isfinite(largest), rep.profile.first_peak_prominence * largest, np.inf)
    places, two = two_peaks(smooth, least)
    rep.require(two | ~known, "one_peak")
    at = np.where(two & known, (rep.curve.origin + first + places[part]) / rep.curve.rate, np.nan)
    return rep.quantity("force", at[:, np.newaxis]), height_u(rep, "force", at)


def two_peaks(smooth: Floats, prominence: Floats) -> tuple[tuple[Ints, Ints, Ints], np.ndarray]:
    """Places of first peak, trough and largest peak after it, (n,) each, and rows that have them.

    A peak counts if the curve falls by `prominence` after the first and rises by as much to the second.
    """
    rows, least = np.arange(len(smooth)), prominence[:, np.newaxis]
    first = first_peak(smooth, prominence)
    ahead = np.maximum.accumulate(smooth[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(invalid="ignore"):
        valley = (ahead - smooth >= least) & (np.arange(smooth.shape[1]) > first[:, np.newaxis])
    trough = np.where(valley, smooth, np.inf).argmin(axis=1)
    after = np.where(np.arange(smooth.shape[1]) > trough[:, np.newaxis], smooth, -np.inf)
    second = after.argmax(axis=1)
    two = (first >= 0) & valley.any(axis=1)
    with np.errstate(invalid="ignore"):
        two &= smooth[rows, np.maximum(first, 0)] - smooth[rows, trough] >= prominence
    return (np.maximum(first, 0), trough, second), two


@metric("time_to_peak_braking_force", unit="s", tests=DJ, source="vendor", method="sample_maximum", group="time")
def time_to_peak_braking_force(rep: Rep) -> tuple[Floats, Floats]:
    """From first contact to the largest force of braking."""
    peak = rep.time_of_max("force", "first_contact", "zero_velocity")
    return peak - rep.t["first_contact"], rep.unknown


@metric("loading_rate_mean_dj", unit="N/s", tests=DJ, source="derived (METRICS.md 4, 5)", method="sample_maximum",
        group="landing")  # fmt: skip
def loading_rate_mean_dj(rep: Rep) -> tuple[Floats, Floats]:
    """Rise of force from first contact to the peak of contact, over its time."""
    peak = rep.time_of_max("force", "first_contact", "takeoff")
    rise = rep.quantity("force", peak) - rep.force["first_contact"]
    return divided(rise, rep["time_to_peak_force_dj"]), rep.unknown


@metric("dj_stiffness_slope", unit="N/m", tests=DJ, source="McMahon & Cheng 1990", method="least_squares",
        group="movement")  # fmt: skip
def dj_stiffness_slope(rep: Rep) -> Floats:
    """Least-squares slope of force against descent over braking."""
    rep.note("zero_velocity")
    _, ss, fs = moments(rep, "first_contact", "zero_velocity")
    return np.repeat(-divided(fs, ss)[:, np.newaxis], rep.k, axis=1)


def moments(rep: Rep, start: str, end: str) -> tuple[Floats, Floats, Floats]:
    """Sums of squares of force and displacement about their means over the samples of a phase, and of their product."""
    rep.note("weight")
    begin, stop = rep.t[start][:, 0], rep.t[end][:, 0]
    first, last, known = rep.samples(begin, stop)
    width = int(np.maximum(last - first, 1).max(initial=1))
    inside = np.arange(width) < (last - first)[:, np.newaxis]
    force = gather(rep.curve.values, np.arange(rep.n, dtype=np.int64), first, width)
    path = rep.sampled_path(first, width)
    usable = inside & np.isfinite(force) & np.isfinite(path)
    count = np.maximum(usable.sum(axis=1), 1)
    f, s = (np.where(usable, part, 0.0) for part in (force, path))
    f = np.where(usable, f - (f.sum(axis=1) / count)[:, np.newaxis], 0.0)
    s = np.where(usable, s - (s.sum(axis=1) / count)[:, np.newaxis], 0.0)
    unknown = np.where(known, 0.0, np.nan)
    return (f * f).sum(axis=1) + unknown, (s * s).sum(axis=1) + unknown, (f * s).sum(axis=1) + unknown
