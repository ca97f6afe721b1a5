"""Events that plates and camera both saw -> offset, and drift where they are far enough apart (METRICS.md 16)."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.sync import EVENTS, ONE_EVENT, Sync
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import UsageError
from hipdrive.trial import ClockMap, Floats

LEAST_APART = 1e-3
"""s: events nearer together on one clock are one event, twice."""

LATEST = 1e10
"""s: beyond this it is no time."""

MOST_PAIRS = 100_000


def pair(camera: Floats, force: Floats, error: float, profile: Profile | None = None) -> Sync:
    """The line through pairs of times of the same events.

    Parameters
    ----------
    camera, force : ndarray, shape (events,), s, each on its own clock: edges of a light, of a trigger or a sound,
        touchdowns of feet.
    error : standard error of one pair, s, as long as the residuals do not show a larger one: of a camera that only says
        in which frame an event lies, the frame interval over root 12.

    One event gives an offset only. The drift of two or more is used where it is known better than what is believed of
    clocks anyway (`sync_drift_prior`), else left at zero.

    Raises
    ------
    UsageError : times that are none, or not the same events.
    """
    p = profile or Profile()
    t, f = np.asarray(camera, dtype=np.float64), np.asarray(force, dtype=np.float64)
    _check(t, f, error)
    middle = float(t.mean())
    if len(t) == 1:
        clock = ClockMap(offset=float(f[0] - t[0]), standard_error=error, method=ONE_EVENT)
        return Sync(clock=clock, drift_u95=COVERAGE * p.sync_drift_prior, pairs=1, times=f, residual=np.zeros(1),
                    notes=("one_event", "drift_fixed"))  # fmt: skip
    notes: tuple[str, ...] = ()
    drift, shift, left, spread = _line(t, f, middle)
    size = _scatter(left, len(t) - 2, error)
    drift_error = size / spread
    if drift_error > p.sync_drift_prior:
        drift, left = 0.0, (f - t) - np.mean(f - t)
        size, drift_error, notes = _scatter(left, len(t) - 1, error), p.sync_drift_prior, ("drift_fixed",)
    half = 0.5 * float(np.ptp(t))
    worst = float(np.hypot(size / np.sqrt(len(t)), drift_error * half))
    clock = ClockMap(offset=shift - drift * middle, slope=1.0 + drift, standard_error=worst,
                     residual_rms=float(np.sqrt(np.mean(left**2))), method=EVENTS)  # fmt: skip
    return Sync(clock=clock, drift=drift, drift_u95=COVERAGE * drift_error, pairs=len(t), times=f, residual=left,
                notes=notes)  # fmt: skip


def _check(t: Floats, f: Floats, error: float) -> None:
    if t.ndim != 1 or t.shape != f.shape or not 1 <= len(t) <= MOST_PAIRS:
        raise UsageError("sync_pairs", f"{t.size} times of the camera and {f.size} of the force are no pairs; give one "
                         "of each for every event")  # fmt: skip
    if not (max(np.abs(t).max(), np.abs(f).max()) < LATEST and np.isfinite(error) and error > 0.0):
        raise UsageError("sync_pairs", "some times of the events are no numbers; give them in seconds")
    order = np.argsort(t)
    if len(t) > 1 and min(np.diff(t[order]).min(), np.diff(f[order]).min()) < LEAST_APART:
        raise UsageError("sync_pairs", "two of the events are at one time, or in another order on the other; give "
                         "pairs of the same events")  # fmt: skip
    ratio = np.ptp(f) / np.ptp(t) if len(t) > 1 else 1.0
    if not 0.9 < ratio < 1.1:
        raise UsageError("sync_pairs", f"the events span {np.ptp(t):.3f} s on one clock and {np.ptp(f):.3f} s on the "
                         "other, so they are not the same events, or the clip is slow motion")  # fmt: skip


def _line(t: Floats, f: Floats, middle: float) -> tuple[float, float, Floats, float]:
    """Drift, mean difference, residuals, and the root of the sum of squares of the times about their middle."""
    u, d = t - middle, f - t
    spread = float(np.sqrt((u**2).sum()))
    drift = float((u * d).sum()) / spread**2
    return drift, float(d.mean()), np.asarray(d - d.mean() - drift * u), spread


def _scatter(left: Floats, free: int, error: float) -> float:
    """Standard error of one pair: as stated, or as the residuals show it where they show a larger one."""
    return max(error, float(np.sqrt((left**2).sum() / free)) if free > 0 else 0.0)
