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
    value, doubt = np.full(run.n, np.nan), np.full(run.n, np.nan)
    for row in range(run.n):
        if run.kind == SPLITS:
            at = np.flatnonzero(np.abs(run.value[row] - run.rules.behind - metres) < SAME)
            if len(at):
                value[row], doubt[row] = run.time[row, at[0]], run.sd[row] * _share(run, row, [int(at[0])])
            continue
        t, x = _travelled(run, row)
        start = -run.shift[row, 0]
        if len(x) and x[0] <= metres <= x[-1]:
            value[row] = float(np.interp(metres, x, t)) - start
            starts = np.abs(run.shift[row, 1:] - run.shift[row, 0])
            doubt[row] = math.hypot(_edge(run, row, float(value[row])), float(np.sqrt((starts**2).sum() / 2.0)))
    run.require(np.isfinite(value), "no_gate" if run.kind == SPLITS else "beyond_record")
    return value, doubt


def fly_time(run: Sprinters, metres: float) -> tuple[Floats, Floats]:
    """Time of a fly run and its standard uncertainty, (n,): of gates the fastest, of a record the last metres.

    The last ones are chosen by where the record ends, not by their time: the fastest of many noisy ones would be
    too fast.
    """
    value, doubt = np.full(run.n, np.nan), np.full(run.n, np.nan)
    for row in range(run.n):
        if run.kind == SPLITS:
            found = _between(run.time[row], run.value[row], metres)
            if found:
                value[row], *gates = min(found)
                doubt[row] = math.sqrt(2.0) * run.sd[row] * _share(run, row, gates)
            continue
        t, x = _travelled(run, row)
        if len(x) and x[-1] - metres >= max(float(x[0]), metres):
            value[row] = float(t[-1] - np.interp(x[-1] - metres, x, t))
            doubt[row] = _edge(run, row, float(value[row])) * (1.0 if run.kind == VELOCITY else math.sqrt(2.5))
    run.require(np.isfinite(value), "no_fly_run")
    return value, doubt


def _between(t: Floats, x: Floats, metres: float) -> list[tuple[float, int, int]]:
    """Times between every two gates so far apart, the first not at the start, and which gates."""
    apart = x[None, :] - x[:, None]
    with np.errstate(invalid="ignore"):
        pairs = np.argwhere(np.abs(apart - metres) < SAME)
    return [(float(t[j] - t[i]), int(i), int(j)) for i, j in pairs if x[i] > SAME]


def _share(run: Sprinters, row: int, gates: list[int]) -> float:
    """What the error of a gate's time, or of the difference of two, is in SD of the fit, over Student's factor.

    A large error of a gate enlarges the SD by which it is judged. Where the fit leaves it whole in the residual, its
    ratio to the SD is bounded (Thompson's tau); where the fit takes it up, Student's t holds; between them the share
    that the fit takes decides.
    """
    from scipy.special import stdtrit

    freedom = float(run.fit.freedom[row])
    if freedom < 0.5:
        return math.nan
    hat = run.fit.hat[row, gates]
    taken = float(np.square(hat[0] if len(gates) == 1 else hat[1] - hat[0]).sum()) / len(gates)
    t = float(stdtrit(freedom, 0.975))
    before = float(stdtrit(freedom - 1.0, 0.975)) if freedom > 1.5 else math.inf
    tau = math.sqrt(freedom) * (before / math.sqrt(freedom - 1.0 + before**2) if math.isfinite(before) else 1.0)
    return math.sqrt(min(taken, 1.0) * t * t + max(1.0 - taken, 0.0) * tau * tau) / t


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
