"""A zero-lag low-pass on a copy of the forces (METRICS.md 17): off unless a profile asks for it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Floats
from hipdrive.errors import UsageError
from hipdrive.trial import Trial

ORDER = 2
"""Of the Butterworth filter in each direction: forwards and back it is of fourth order."""

PERIODS = 3.0
"""Periods of the cut-off by which a record is padded at each end."""


def lowpass(values: Floats, rate: float, profile: Profile) -> Floats:
    """Values along the last axis without what is faster than `lowpass_cutoff`, with no delay.

    `cutoff_correction` designs each pass at f/(√2 − 1)^(1/2N), so that both together pass f at −3 dB.
    `edge_handling` pads by odd reflection, or not at all.

    Raises
    ------
    UsageError : the cut-off is not below half the sampling rate.
    """
    from scipy.signal import butter, sosfiltfilt

    cutoff = design_cutoff(profile)
    if cutoff >= 0.5 * rate:
        most = 0.5 * rate * profile.lowpass_cutoff / cutoff
        raise UsageError("lowpass", f"lowpass_cutoff {profile.lowpass_cutoff:g} Hz is too fast for a record of "
                         f"{rate:g} Hz; stay below {most:.0f}")  # fmt: skip
    sections = butter(ORDER, cutoff, fs=rate, output="sos")
    n = values.shape[-1]
    padding = min(math.ceil(PERIODS * rate / profile.lowpass_cutoff), n - 1)
    edges: dict[str, Any] = {"padtype": "odd", "padlen": padding} if profile.edge_handling == "odd_reflection" else {
        "padtype": None}  # fmt: skip
    return np.asarray(sosfiltfilt(sections, values, axis=-1, **edges), dtype=np.float64)


def design_cutoff(profile: Profile) -> float:
    """Cut-off of each pass, Hz."""
    correction = (math.sqrt(2.0) - 1.0) ** (1.0 / (2 * ORDER)) if profile.cutoff_correction == "on" else 1.0
    return profile.lowpass_cutoff / correction


def filtered(trial: Trial, profile: Profile) -> Trial:
    """The trial with its forces low-passed; itself where no filter is asked for."""
    if profile.lowpass_cutoff == 0.0 or trial.samples < 2:
        return trial
    return replace(trial, fz=lowpass(trial.fz, trial.rate, profile))


def described(profile: Profile) -> str:
    """The filter as a result names it, "none" where there is none."""
    if profile.lowpass_cutoff == 0.0:
        return "none"
    corrected = "corrected" if profile.cutoff_correction == "on" else "uncorrected"
    return (f"butterworth, order {2 * ORDER}, zero lag, {profile.lowpass_cutoff:g} Hz {corrected}, "
            f"edges {profile.edge_handling}")  # fmt: skip


def marked(methods: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """Methods that name the filter."""
    if profile.lowpass_cutoff == 0.0:
        return methods
    told = f", lowpass {profile.lowpass_cutoff:g} Hz"
    return {name: m + told if isinstance(m, str) else np.char.add(np.asarray(m, dtype=str), told)
            for name, m in methods.items()}  # fmt: skip
