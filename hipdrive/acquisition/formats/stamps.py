"""Time stamps -> sampling rate and the samples that are missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hipdrive.errors import ReadError
from hipdrive.trial import Floats, Gap

RATES = (1.0, 1e6)
"""Hz: what a sampling rate can be."""

SLOW = 0.1
"""s: a time column without a unit that steps by this much counts samples or milliseconds, not seconds."""

LATEST = 1e12
"""s: a time stamp beyond this is none."""

TOLERANCE = 0.005
"""How far --rate and the time column may differ."""


@dataclass(frozen=True)
class Timebase:
    """Rate of a record (NaN where the stamps cannot tell), its holes, and what was noticed."""

    rate: float = math.nan
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


def timebase(times: Floats, *, told: bool) -> Timebase:
    """Rate and gaps of time stamps in seconds.

    Parameters
    ----------
    times : ndarray, shape (samples,)
        Must not fall; ValueError with the index of the first stamp that does.
    told : whether the file says that the column is in seconds (or a unit that was converted to seconds).
    """
    if len(times) < 2 or float(np.abs(times).max()) > LATEST:
        return Timebase()
    steps = np.diff(times)
    if (steps < 0).any():
        raise ValueError(int(np.argmax(steps < 0)) + 1)
    median = float(np.median(steps))
    if not told and median >= SLOW:
        return Timebase(notes=(f"the time column steps by {median:g}, so it is not in seconds: it was left out",))
    if (steps == 0).any():
        return Timebase(notes=("time stamps repeat, so they cannot tell the sampling rate: they were left out",))
    return _regular(times, steps, _resolution(times))


def _resolution(times: Floats) -> float:
    """The last decimal in which stamps are written, s; 0 where they have full precision."""
    few = times[:500]
    close = 8.0 * float(np.spacing(np.abs(few).max()))
    exact = (k for k in range(10) if float(np.abs(few - np.round(few, k)).max()) <= close)
    return float(10.0 ** -next(exact, math.inf))


def _regular(times: Floats, steps: Floats, resolution: float) -> Timebase:
    """The rate of stamps that rise, or a note why they have none."""
    holes = _holes(times, steps, resolution)
    kept = steps[~holes]
    step = float(kept.sum() / len(kept)) if len(kept) else float(np.median(steps))
    lost = np.where(holes, np.maximum(np.rint(steps / step).astype(np.int64) - 1, 1), 0)
    off = times[1:] - times[0] - np.cumsum(steps * holes) - step * np.cumsum(~holes)
    uneven = float(np.abs(kept - step).max(initial=0.0))
    if float(np.ptp(off)) > step + 2.0 * resolution or uneven > 0.5 * step + resolution:
        note = "time stamps jitter by half a sample or more, so they cannot tell the sampling rate: left out"
        return Timebase(notes=(note,))
    rate = _snapped(1.0 / step, resolution / max(float(kept.sum()), step))
    return Timebase(rate, _gaps(lost, times), _notes(rate, kept, step, resolution))


def _holes(times: Floats, steps: Floats, resolution: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Steps over missing samples: half a step too long, and not by rounding to the last decimal.

    Stamps of 450 Hz in whole milliseconds step by 2 and 3 ms, but keep within a millisecond of a line.
    """
    median = float(np.median(steps))
    even = float(np.mean(np.abs(steps - median) < 1e-6 * median + 0.01 * resolution)) >= 0.99
    place = np.arange(len(times))
    line = np.polynomial.Polynomial.fit(place, times, 1)
    rounded = not even and float(np.ptp(times - line(place))) <= 1.2 * resolution
    return np.asarray((steps > 1.5 * median) & (not rounded))


def _snapped(rate: float, tolerance: float) -> float:
    """The whole number of Hz that the stamps cannot tell from the rate, else the rate."""
    whole = float(round(rate))
    return whole if abs(whole - rate) <= max(2.0 * tolerance, 1e-9) * rate else rate


def _gaps(lost: np.ndarray[tuple[int], np.dtype[np.int64]], times: Floats) -> tuple[Gap, ...]:
    """A fact for each hole."""
    return tuple(
        Gap(first_sample=int(i) + 1, samples=int(lost[i]), code="gap",
            text=f"{lost[i]} samples are missing after {times[i] - times[0]:.3f} s")
        for i in np.flatnonzero(lost)
    )  # fmt: skip


def _notes(rate: float, kept: Floats, step: float, resolution: float) -> tuple[str, ...]:
    """How the rate was found."""
    jitter = float(np.abs(kept - step).max())
    notes = [f"rate taken from the time column: {rate:.10g} Hz"]
    if jitter > 0.02 * step + resolution:
        notes.append(f"time stamps jitter by up to {1000.0 * jitter:.2g} ms: samples are taken as evenly spaced")
    return tuple(notes)


def agreed(found: Timebase, given: float | None, name: str) -> tuple[float, tuple[str, ...]]:
    """The rate from the time stamps or from the user, and notes; refused where they differ or say nothing."""
    if given is not None and not (math.isfinite(given) and RATES[0] <= given <= RATES[1]):
        raise ReadError("rate", f"{name}: --rate {given:g} makes no sense; give the rate in Hz, for example 1000")
    if math.isfinite(found.rate):
        if given is not None and abs(given - found.rate) > TOLERANCE * found.rate:
            raise ReadError(
                "rate",
                f"{name}: --rate {given:g} contradicts the time column, which says {found.rate:g} Hz; leave "
                "--rate out or mend the time column",
            )
        if not RATES[0] <= found.rate <= RATES[1]:
            raise ReadError(
                "rate",
                f"{name}: the time column says {found.rate:g} Hz, which makes no sense; name its unit in "
                "the header, for example time [ms]",
            )
        return found.rate, found.notes
    if given is None:
        why = f" ({found.notes[0]})" if found.notes else ""
        raise ReadError(
            "no_rate",
            f"{name}: the sampling rate is not in the file{why}; give --rate, for example --rate 1000",
        )
    return float(given), found.notes
