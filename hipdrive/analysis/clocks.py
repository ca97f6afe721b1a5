"""A straight line from a camera's clock to that of the plates, of offsets that were found here and there."""

from __future__ import annotations

import math

import numpy as np

from hipdrive.analysis.sync import Sync
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.trial import ClockMap, Floats

EXPOSURE, LED, CHIRP, CLAP = "exposure", "led_code", "chirp", "clap"
"""Methods of a ClockMap, beside those of `sync`."""

PRIOR = 50e-6
"""SD of the drift between two quartz clocks."""


def line(at: Floats, offsets: Floats, errors: Floats, prior: float = PRIOR) -> tuple[float, float, float, float, float]:
    """Offset at the middle and its error, drift and its error, and the middle, of offsets on the camera's clock.

    The drift is drawn towards none as far as the offsets leave it open.

    >>> m = line(np.array([0.0, 100.0]), np.array([1.0, 1.01]), np.array([1e-5, 1e-5]))
    >>> round(m[0], 4), round(1e6 * m[2], 1), m[4]
    (1.005, 100.0, 50.0)
    """
    weight = errors**-2.0
    middle = float(at @ weight / weight.sum())
    away = at - middle
    offset, error = float(offsets @ weight / weight.sum()), float(weight.sum() ** -0.5)
    known = float(weight @ away**2) + prior**-2
    drift = float(weight @ (away * (offsets - offset))) / known
    free = len(at) - 2
    if free > 0:
        scatter = math.sqrt(float(weight @ (offsets - offset - drift * away) ** 2) / free)
        error *= max(1.0, scatter)
    return offset, error, drift, known**-0.5, middle


def joined(
    at: Floats, offsets: Floats, errors: Floats, method: str, *, span: tuple[float, float], rms: float,
    floor: float = 0.0, prior: float = PRIOR, times: Floats | None = None, residual: Floats | None = None,
    notes: tuple[str, ...] = (),
) -> Sync:  # fmt: skip
    """The map through offsets, whose error holds over `span`, s on the camera's clock; `floor`: error common to all."""
    offset, error, drift, drift_error, middle = line(at, offsets, errors, prior)
    half = max(abs(span[0] - middle), abs(span[1] - middle))
    worst = math.hypot(error, drift_error * half, floor)
    return Sync(
        clock=ClockMap(offset=offset - drift * middle, slope=1.0 + drift, standard_error=worst, residual_rms=rms,
                       method=method),
        drift=drift, drift_u95=COVERAGE * drift_error, pairs=len(at),
        times=np.zeros(0) if times is None else times,
        residual=np.zeros(0) if residual is None else residual,
        notes=notes,
    )  # fmt: skip
