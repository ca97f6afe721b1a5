"""Metrics of standing: weight, load on each foot, and the centre of pressure's path, spread and area (METRICS.md 9).

All of the centre of pressure is low-passed at `cop_cutoff`, zero lag, and taken at `cop_rate`: both change the numbers,
so never compare across profiles. In a trial of one leg the same fields have the names `single_leg_stance_*` beside
their own.
"""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.registry import metric
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.signal import Floats, divided
from hipdrive.analysis.stance import Stance, extreme_doubt, path_doubt, spread_doubt

BALANCE = ("balance",)
X, Y, TURN = 0, 1, 2
METHOD = "cop_lowpassed"
CHI_SQUARE = 5.991464547107979
"""95 % quantile of chi square with 2 degrees of freedom, -2·ln(0.05)."""


def _alone(name: str) -> list[str]:
    """The names of a field in a stance on one leg."""
    return [f"single_leg_stance_{name}", f"single_leg_stance_{name.removeprefix('cop_')}"]


def _stance(rep: Rep, *rows: int) -> Stance:
    """The repetitions as stances; those without the rows of centre of pressure asked for are refused."""
    assert isinstance(rep, Stance)
    rep.refuse(*rows)
    return rep


def _centred(rep: Stance, row: int) -> Floats:
    """A row of the centre of pressure about its mean, (n, k, samples), NaN where there is none."""
    values = rep.cop[:, :, row]
    return np.asarray(values - _mean(values)[:, :, np.newaxis])


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    return divided(np.where(known, values, 0.0).sum(axis=2), known.sum(axis=2))


def _time(rep: Stance, row: int) -> Floats:
    """How long the path is known, s, (n, 1): the steps between two known samples."""
    steps = np.isfinite(np.diff(rep.cop[:, :1, row], axis=2))
    return np.asarray(steps.sum(axis=2) * rep.step)


def _length(rep: Stance, *rows: int) -> Floats:
    steps = np.diff(rep.cop[:, :, list(rows)], axis=3)
    size = np.sqrt((steps * steps).sum(axis=2))
    known = np.isfinite(size)
    return np.where(known.any(axis=2), np.where(known, size, 0.0).sum(axis=2), np.nan)


# --- weight and load ----------------------------------------------------------------------------------------------


@metric("stance_time", unit="s", tests=BALANCE, source="Duarte 2010", method="record", group="weight")
def stance_time(rep: Rep) -> Floats:
    """How long a stance the numbers are of: without its first two seconds."""
    return rep.duration("stance_start", "stance_end") + 1.0 / rep.curve.rate


@metric("standing_force_sd", unit="N", tests=BALANCE, source="vendor", method="sample_sd", group="weight")
def standing_force_sd(rep: Rep) -> tuple[Floats, Floats]:
    """SD of the force over the stance: the athlete's sway and the plate's noise together."""
    return np.repeat(rep.facts.located.still.sd[:, np.newaxis], rep.k, axis=1), rep.unknown


@metric("standing_force", unit="N", tests=BALANCE, source="vendor", sides=True, repeats="system_weight",
        method="mean_of_stance", group="weight")  # fmt: skip
def standing_force(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force over the stance: the form that left and right add up to."""
    return rep.mean("force", "stance_start", "stance_end"), rep.facts.weight_u


@metric("left_load_share", unit="%", tests=BALANCE, source="derived (METRICS.md 7)", repeats="standing_force",
        method="left/total", group="weight")  # fmt: skip
def left_load_share(rep: Rep) -> Floats:
    """Share of the weight on the left foot."""
    left = rep.left.mean("force", "stance_start", "stance_end")
    return 100.0 * divided(left, rep.mean("force", "stance_start", "stance_end"))


# --- centre of pressure -------------------------------------------------------------------------------------------


@metric("cop_mean_velocity", unit="m/s", tests=BALANCE, source="Prieto 1996", headline=1, method=METHOD,
        aliases=_alone("cop_mean_velocity"), group="sway")  # fmt: skip
def cop_mean_velocity(rep: Rep) -> tuple[Floats, Floats]:
    """Length of the centre of pressure's path over its time."""
    sway = _stance(rep, X, Y)
    time = _time(sway, X)
    return divided(rep["cop_path_length"], time), divided(rep.spread("cop_path_length"), time[:, 0])


@metric("cop_ellipse_area_95", unit="m^2", tests=BALANCE, source="Schubert & Kirchner 2014", headline=2, method=METHOD,
        aliases=_alone("cop_ellipse_area_95"), group="sway")  # fmt: skip
def cop_ellipse_area_95(rep: Rep) -> tuple[Floats, Floats]:
    """Area of the 95 % prediction ellipse, π·5.991·√det of the covariance: it holds 95 % of the places."""
    sway = _stance(rep, X, Y)
    x, y = _centred(sway, X), _centred(sway, Y)
    count = np.isfinite(x * y).sum(axis=2)
    xx, yy, xy = (divided(np.where(np.isfinite(p), p, 0.0).sum(axis=2), count - 1) for p in (x * x, y * y, x * y))
    area = np.asarray(np.pi * CHI_SQUARE * np.sqrt(np.maximum(xx * yy - xy * xy, 0.0)))
    return area, spread_doubt(area)


@metric("cop_rms_ap", unit="m", tests=BALANCE, source="Prieto 1996", headline=3, method=METHOD,
        aliases=_alone("cop_rms_ap"), group="sway")  # fmt: skip
def cop_rms_ap(rep: Rep) -> tuple[Floats, Floats]:
    """Root mean square of the centre of pressure about its mean, forwards and backwards."""
    return _rms(_stance(rep, X), X)


@metric("cop_rms_ml", unit="m", tests=BALANCE, source="Prieto 1996", headline=4, method=METHOD,
        aliases=_alone("cop_rms_ml"), group="sway")  # fmt: skip
def cop_rms_ml(rep: Rep) -> tuple[Floats, Floats]:
    """Root mean square of the centre of pressure about its mean, sideways."""
    return _rms(_stance(rep, Y), Y)


def _rms(sway: Stance, row: int) -> tuple[Floats, Floats]:
    size = np.asarray(np.sqrt(_mean(_centred(sway, row) ** 2)))
    return size, spread_doubt(size)


@metric("cop_path_length", unit="m", tests=BALANCE, source="Prieto 1996; Duarte 2010", headline=5, method=METHOD,
        repeats="cop_mean_velocity", aliases=_alone("cop_path_length"), group="sway")  # fmt: skip
def cop_path_length(rep: Rep) -> tuple[Floats, Floats]:
    """Length of the path of the centre of pressure: the sum of its steps at 100 Hz."""
    length = _length(_stance(rep, X, Y), X, Y)
    return length, path_doubt(length)


@metric("cop_path_length_ap", unit="m", tests=BALANCE, source="Prieto 1996", method=METHOD,
        repeats="cop_mean_velocity_ap", aliases=_alone("cop_path_length_ap"), group="sway")  # fmt: skip
def cop_path_length_ap(rep: Rep) -> tuple[Floats, Floats]:
    """Length of the path forwards and backwards."""
    length = _length(_stance(rep, X), X)
    return length, path_doubt(length)


@metric("cop_path_length_ml", unit="m", tests=BALANCE, source="Prieto 1996", method=METHOD,
        repeats="cop_mean_velocity_ml", aliases=_alone("cop_path_length_ml"), group="sway")  # fmt: skip
def cop_path_length_ml(rep: Rep) -> tuple[Floats, Floats]:
    """Length of the path sideways."""
    length = _length(_stance(rep, Y), Y)
    return length, path_doubt(length)


@metric("cop_mean_velocity_ap", unit="m/s", tests=BALANCE, source="Prieto 1996", method=METHOD,
        aliases=_alone("cop_mean_velocity_ap"), group="sway")  # fmt: skip
def cop_mean_velocity_ap(rep: Rep) -> tuple[Floats, Floats]:
    """Length of the path forwards and backwards over its time."""
    time = _time(_stance(rep, X), X)
    return divided(rep["cop_path_length_ap"], time), divided(rep.spread("cop_path_length_ap"), time[:, 0])


@metric("cop_mean_velocity_ml", unit="m/s", tests=BALANCE, source="Prieto 1996", method=METHOD,
        aliases=_alone("cop_mean_velocity_ml"), group="sway")  # fmt: skip
def cop_mean_velocity_ml(rep: Rep) -> tuple[Floats, Floats]:
    """Length of the path sideways over its time."""
    time = _time(_stance(rep, Y), Y)
    return divided(rep["cop_path_length_ml"], time), divided(rep.spread("cop_path_length_ml"), time[:, 0])


@metric("cop_range_ap", unit="m", tests=BALANCE, source="Prieto 1996", method=METHOD, aliases=_alone("cop_range_ap"),
        group="sway")  # fmt: skip
def cop_range_ap(rep: Rep) -> tuple[Floats, Floats]:
    """Farthest forwards less farthest backwards."""
    return _range(_stance(rep, X), X)


@metric("cop_range_ml", unit="m", tests=BALANCE, source="Prieto 1996", method=METHOD, aliases=_alone("cop_range_ml"),
        group="sway")  # fmt: skip
def cop_range_ml(rep: Rep) -> tuple[Floats, Floats]:
    """Farthest left less farthest right."""
    return _range(_stance(rep, Y), Y)


def _range(sway: Stance, row: int) -> tuple[Floats, Floats]:
    values = sway.cop[:, :, row]
    known = np.isfinite(values)
    high = np.where(known, values, -np.inf).max(axis=2)
    low = np.where(known, values, np.inf).min(axis=2)
    span = np.where(known.any(axis=2), high - low, np.nan)
    return span, extreme_doubt(span)


@metric("cop_mean_frequency", unit="Hz", tests=BALANCE, source="Prieto 1996", method=METHOD,
        aliases=_alone("cop_mean_frequency"), group="sway")  # fmt: skip
def cop_mean_frequency(rep: Rep) -> tuple[Floats, Floats]:
    """Turns a second that give the mean velocity on a circle of the mean distance from the mean place."""
    sway = _stance(rep, X, Y)
    radius = _mean(np.hypot(_centred(sway, X), _centred(sway, Y)))
    around = 2.0 * np.pi * radius
    return divided(rep["cop_mean_velocity"], around), divided(rep.spread("cop_mean_velocity"), around[:, 0])


@metric("cop_x", unit="m", tests=BALANCE, source="derived (METRICS.md 18, C4, C8)", method=METHOD, group="sway")
def cop_x(rep: Rep) -> Floats:
    """Mean place of the centre of pressure, forwards, in the frame of the plates."""
    return _mean(_stance(rep, X).cop[:, :, X])


@metric("cop_y", unit="m", tests=BALANCE, source="derived (METRICS.md 18, C4, C8)", method=METHOD, group="sway")
def cop_y(rep: Rep) -> Floats:
    """Mean place of the centre of pressure, to the left, in the frame of the plates."""
    return _mean(_stance(rep, Y).cop[:, :, Y])


@metric("free_moment_rms", unit="N*m", tests=BALANCE, source="derived (METRICS.md 18, C5)", method=METHOD, group="sway")
def free_moment_rms(rep: Rep) -> tuple[Floats, Floats]:
    """Root mean square of the moment about the vertical through the centre of pressure, about its mean."""
    return _rms(_stance(rep, TURN), TURN)
