"""The clock of a camera whose sound track holds a chirp or a clap that a microphone beside the plates heard, too.

Where both are most alike is told to parts of a sample. What limits it is the telephone: nobody knows by how much its
sound is off its pictures unless that was measured, so ±20 ms stay, and 2.9 ms for every metre of air.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import butter, correlate, resample, sosfiltfilt

from hipdrive.analysis import clocks
from hipdrive.analysis.instants import flight
from hipdrive.analysis.sync import Sync
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import ClockMap, Floats, Signal, Trial

SKEW_U95 = 0.020
"""s: what a telephone's sound may be off its pictures at most, where it was never measured."""

LOWEST, HIGHEST, SHARE = 150.0, 9000.0, 0.45
"""Hz of what is compared, and the part of the lower sampling rate that bounds it."""

APART = 0.05
"""s around the best place in which others do not count as rivals."""

DISTINCT = 1.6
"""Times higher than any other that the best place has to be."""

CLAP_DB = 20.0
"""A clap has to be so much louder than what is heard otherwise; fainter ones are mistaken for others."""

LONGEST = 600.0
"""s of sound."""

NOISE_SHARE = 0.5
"""Part of the quieter windows from which the noise is taken."""


def sound(
    trial: Trial, heard: Signal, *, kind: str = clocks.CHIRP, channel: str | None = None, skew: float = 0.0,
    skew_u95: float = SKEW_U95, distance: float = 0.0, distance_u95: float = 1.0,
) -> Sync:  # fmt: skip
    """The clock map of a camera by its sound (METRICS: `chirp`, `clap`).

    Parameters
    ----------
    heard : the clip's sound on the clip's clock. channel : name of the trial's signal, where there are several.
    skew, skew_u95 : by how much the clip's sound comes later than its pictures, s, and how well that is known.
    distance, distance_u95 : how much farther from the sound the camera is than the plates' microphone, m.

    Raises
    ------
    HipdriveError : there is nothing to compare, or it is not distinct; a clap that is too faint.
    """
    where = trial.file or "trial"
    if kind not in (clocks.CHIRP, clocks.CLAP):
        raise UsageError(
            "sync_sound", f"a {kind!r} is no sound to synchronise by; choose {clocks.CHIRP} or {clocks.CLAP}"
        )
    mine = _channel(trial, channel)
    if heard.rate < 1000.0 or mine.rate < 1000.0:
        raise HipdriveError("sync_sound_rate", f"{where}: sound at {min(heard.rate, mine.rate):g} Hz is too slow; "
                            "record the microphone at 1000 Hz or more")  # fmt: skip
    if max(len(heard.values) / heard.rate, len(mine.values) / mine.rate) > LONGEST:
        raise HipdriveError("sync_long", f"{where}: more than ten minutes of sound: cut it into single trials")
    top = min(SHARE * min(heard.rate, mine.rate), HIGHEST)
    rate = float(round(4.0 * top))
    a, b = (_banded(one, rate, top) for one in (mine, heard))
    if min(len(a), len(b)) < 0.2 * rate or not (np.any(a) and np.any(b)):
        raise HipdriveError("sync_silent", f"{where}: there is too little sound to compare")
    if kind == clocks.CLAP:
        faint = min(_loudness(one, rate) for one in (a, b))
        if faint < CLAP_DB:
            raise HipdriveError("sync_faint", f"{where}: the clap is only {faint:.0f} dB louder than all else, and "
                                f"{CLAP_DB:.0f} are needed: clap nearer to both microphones, or play a chirp"
                                )  # fmt: skip
    lag, peak, rival = _best(a, b, rate)
    if peak < DISTINCT * rival:
        raise HipdriveError("sync_misfit" if peak < 1.1 * rival else "sync_ambiguous", f"{where}: the sounds of clip "
                            "and recording are alike in more than one place, or in none: play one loud chirp that both "
                            "hear")  # fmt: skip
    way, way_u95 = flight(abs(distance), distance_u95, 20.0, 5.0)
    # what the camera heard was there before it was heard, and the pictures are before the sound by the skew
    offset = lag + mine.t0 - heard.t0 + math.copysign(way, distance) + skew
    width = 1.0 / (2.0 * math.pi * top * max(peak / max(rival, 1e-12), 1.0))
    error = math.hypot(0.5 / rate + width, math.hypot(skew_u95, way_u95) / COVERAGE)
    notes = ("sound_uncalibrated",) if skew_u95 >= SKEW_U95 else ()
    return Sync(clock=ClockMap(offset=offset, standard_error=error, residual_rms=0.5 / rate, method=kind), pairs=1,
                notes=notes)  # fmt: skip


def _channel(trial: Trial, name: str | None) -> Signal:
    """The trial's microphone."""
    found = {one.name: one for one in trial.signals}
    where = trial.file or "trial"
    if name is None:
        likely = [key for key in found if key in ("mic", "sound", "microphone", "audio")]
        if len(likely) != 1:
            raise HipdriveError("sync_no_sound", f"{where}: no microphone was recorded with the forces: wire one to an "
                                "analog input, and say its name")  # fmt: skip
        name = likely[0]
    if name not in found:
        raise UsageError("sync_sound", f"{where}: there is no signal {name!r}; there is {', '.join(found) or 'none'}")
    return found[name]


def _banded(one: Signal, rate: float, top: float) -> Floats:
    """A sound at a common rate, of the common band only."""
    values = np.nan_to_num(one.values - np.nanmean(one.values)) if len(one.values) else np.zeros(0)
    low = butter(4, min(top, 0.45 * one.rate), fs=one.rate, output="sos")
    if len(values) < 64:
        return np.zeros(0)
    seconds = math.ceil(len(values) / one.rate)
    # whole seconds, so that the new rate is what it is called
    held = np.pad(sosfiltfilt(low, values), (0, max(0, round(seconds * one.rate) - len(values))))
    made = resample(held, round(len(held) * rate / one.rate))
    band = butter(3, [LOWEST, top], "bandpass", fs=rate, output="sos")
    return np.asarray(sosfiltfilt(band, made))


def _loudness(values: Floats, rate: float) -> float:
    """How much louder the loudest 10 ms are than the quieter half, dB."""
    size = max(1, round(0.01 * rate))
    whole = values[: len(values) // size * size].reshape(-1, size)
    power = (whole**2).mean(axis=1)
    quiet = float(np.mean(np.sort(power)[: max(1, int(NOISE_SHARE * len(power)))]))
    return 10.0 * math.log10(max(float(power.max()), 1e-30) / max(quiet, 1e-30))


def _best(a: Floats, b: Floats, rate: float) -> tuple[float, float, float]:
    """By how much b is later on a's clock, s; how high that place stands, and the highest other one."""
    found = np.abs(correlate(a, b, "full", "fft"))
    best = int(np.argmax(found))
    near = found[max(0, best - 1) : best + 2]
    part = 0.0
    if len(near) == 3 and near[0] - 2.0 * near[1] + near[2] < 0.0:
        part = 0.5 * float((near[0] - near[2]) / (near[0] - 2.0 * near[1] + near[2]))
    other = found.copy()
    size = round(APART * rate)
    other[max(0, best - size) : best + size + 1] = 0.0
    return (best + part - (len(b) - 1)) / rate, float(found[best]), float(other.max())
