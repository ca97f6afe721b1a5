"""Times of a sprint as they were measured, without the model: splits, time trials and fly runs, with their doubt."""

from __future__ import annotations

import math

import numpy as np

from hipdrive.analysis.sprinters import Sprinters
from hipdrive.timedrun import SPLITS, VELOCITY
from hipdrive.trial import Floats

SAME = 1e-3
"""m within which a gate stands at a distance."""


def split_time(run: Sprinters, metres: float) -> tuple[Floats, Floats]:
    """Time at a distance and its standard uncertainty, (n,)."""
    if run.kind == SPLITS:
        with np.errstate(invalid="ignore"):
            here = np.abs(run.value - run.rules.behind - metres) < SAME
        gate, rows = here.argmax(axis=1), np.arange(run.n)
        run.require(np.asarray(here.any(axis=1)), "no_gate")
        return run.time[rows, gate], run.sd * _share(run, run.fit.hat[rows, gate], 1)
    value, doubt = np.full(run.n, np.nan), np.full(run.n, np.nan)
    for row in range(run.n):
        t, x = _travelled(run, row)
        start = -run.shift[row, 0]
        if len(x) and x[0] <= metres <= x[-1]:
            value[row] = float(np.interp(metres, x, t)) - start
            starts = np.abs(run.shift[row, 1:] - run.shift[row, 0])
            doubt[row] = math.hypot(_edge(run, row, float(value[row])), float(np.sqrt((starts**2).sum() / 2.0)))
    run.require(np.isfinite(value), "beyond_record")
    return value, doubt


def fly_time(run: Sprinters, metres: float) -> tuple[Floats, Floats]:
    """Time of a fly run and its standard uncertainty, (n,): of gates the fastest, of a record the last metres.

    The last ones are chosen by where the record ends, not by their time: the fastest of many noisy ones would be
    too fast.
    """
    if run.kind == SPLITS:
        value, doubt = _between(run, metres)
        run.require(np.isfinite(value), "no_fly_run")
        return value, doubt
    value, doubt = np.full(run.n, np.nan), np.full(run.n, np.nan)
    for row in range(run.n):
        t, x = _travelled(run, row)
        if len(x) and x[-1] - metres >= max(float(x[0]), metres):
            value[row] = float(t[-1] - np.interp(x[-1] - metres, x, t))
            doubt[row] = _edge(run, row, float(value[row])) * (1.0 if run.kind == VELOCITY else math.sqrt(2.5))
    run.require(np.isfinite(value), "no_fly_run")
    return value, doubt


def _between(run: Sprinters, metres: float) -> tuple[Floats, Floats]:
    """The shortest time between two gates so far apart, and its standard uncertainty; NaN where there are none."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(run.value[:, None, :] - run.value[:, :, None] - metres) < SAME
    taken = np.where(apart, run.time[:, None, :] - run.time[:, :, None], np.inf).reshape(run.n, -1)
    rows, best = np.arange(run.n), taken.argmin(axis=1)
    first, second = np.divmod(best, run.value.shape[1])
    value = np.where(np.isfinite(taken[rows, best]), taken[rows, best], np.nan)
    share = _share(run, run.fit.hat[rows, second] - run.fit.hat[rows, first], 2)
    return value, math.sqrt(2.0) * run.sd * share


def _share(run: Sprinters, hat: Floats, gates: int) -> Floats:
    """What the error of a gate's time, or of the difference of two, is in SD of the fit, over Student's factor, (n,).

    A large error of a gate enlarges the SD by which it is judged. Where the fit leaves it whole in the residual, its
    ratio to the SD is bounded (Thompson's tau); where the fit takes it up, Student's t holds; between them the share
    that the fit takes decides. hat : (n, p), root of that share.
    """
    from scipy.special import stdtrit

    freedom = np.maximum(run.fit.freedom, 1.0)
    taken = np.clip(np.square(hat).sum(axis=1) / gates, 0.0, 1.0)
    t = stdtrit(freedom, 0.975)
    before = stdtrit(np.maximum(freedom - 1.0, 1.0), 0.975)
    tau = np.where(freedom > 1.5, np.sqrt(freedom) * before / np.sqrt(freedom - 1.0 + before**2), 1.0)
    share: Floats = np.sqrt(taken * t**2 + (1.0 - taken) * tau**2) / t
    return share


def _travelled(run: Sprinters, row: int) -> tuple[Floats, Floats]:
    """Time and distance from the start of a radar's or laser's run, distance never falling."""
    there = np.isfinite(run.time[row]) & np.isfinite(run.value[row])
    t, y = run.time[row][there], run.value[row][there]
    if run.kind == VELOCITY:
        # what the run had covered when the record began is the model's; from there on velocity is summed
        shift, mss, tau = run.shift[row, 0], run.mss[row, 0], run.tau[row, 0]
        u = max(float(t[0]) + shift, 0.0)
        before = mss * (u + tau * math.expm1(-u / tau))
        return t, before + np.concatenate([[0.0], np.cumsum((y[1:] + y[:-1]) / 2.0 * np.diff(t))])
    return t, np.maximum.accumulate(y - run.place[row, 0])


def _edge(run: Sprinters, row: int, seconds: float) -> float:
    """Standard uncertainty of a time that rests on so many seconds of a radar, or on one place of a laser, s."""
    sd, speed = float(run.sd[row]), float(run.mss[row, 0])
    if run.kind != VELOCITY:
        return sd * math.sqrt(2.0 / 3.0) / speed  # between two samples, anywhere
    step = float(np.nanmedian(np.diff(run.time[row])))
    return sd * math.sqrt(float(run.fit.inflation[row]) * max(seconds, step) * step) / speed
