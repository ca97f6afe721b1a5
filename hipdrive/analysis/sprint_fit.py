"""Least squares of the sprint model, many runs at once: Levenberg and Marquardt with the model's own derivatives.

What is measured with an error carries the residual: the time at a gate whose place is known, the velocity of a radar,
the distance of a laser. Parameters are ln MSS, ln tau, the time shift and, of positions, the distance at the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis.sprint_model import distance, time_at, velocity
from hipdrive.timedrun import POSITIONS, SPLITS, VELOCITY
from hipdrive.trial import Floats

Bools = NDArray[np.bool_]

LOG_MSS, LOG_TAU, SHIFT, PLACE = range(4)
LEAST = (np.log(2.0), np.log(0.05))
MOST = (np.log(25.0), np.log(20.0))
"""Of ln MSS and ln tau: nobody runs outside; a fit that ends at a bound is refused."""

STARTS = (0.7, 1.2, 2.0)
"""tau at which a fit begins, s; the best of the ends counts."""

ROUNDS = 60


@dataclass(frozen=True, eq=False)
class Fit:
    """The fits of n runs.

    parameters : (n, 4), see above. residual : (n, m), predicted less measured, NaN where a run has no sample.
    spread : (n, 4, 4), a square root of the parameters' covariance: its columns are steps of one standard uncertainty.
    freedom : (n,), samples less parameters. bound : whether the shift was stopped at an end of its range.
    settled : whether the fit ended within what anybody runs.
    hat : (n, m, p), a square root of the share that each measurement has in the fit.
    inflation : (n,), how much larger variances are as neighbouring residuals go together.
    """

    parameters: Floats
    residual: Floats
    spread: Floats
    freedom: Floats
    bound: Bools
    settled: Bools
    hat: Floats
    inflation: Floats

    @property
    def mss(self) -> Floats:
        """Maximal sprinting speed, m/s."""
        return np.exp(self.parameters[:, LOG_MSS])

    @property
    def tau(self) -> Floats:
        """Time constant, s."""
        return np.exp(self.parameters[:, LOG_TAU])

    @property
    def shift(self) -> Floats:
        """Time of the model at time 0 of the record, s."""
        return self.parameters[:, SHIFT]


def fit(
    kind: str, time: Floats, value: Floats, *, shift: float | None, bounds: tuple[float, float], placed: bool = False
) -> Fit:
    """Fit the runs of one kind; NaN pads the shorter ones.

    shift : s, fixed; None leaves it free within `bounds`. placed : whether the distance at the start is fitted, too.
    """
    there = np.isfinite(time) & np.isfinite(value)
    t, y = np.where(there, time, 0.0), np.where(there, value, 0.0)
    free = np.array([True, True, shift is None, placed])
    best, cost = None, np.full(len(t), np.inf)
    for tau in STARTS:
        begin = _begin(kind, t, y, there, tau, 0.0 if shift is None else shift)
        found, sse = _solve(kind, t, y, there, begin, free)
        best = found if best is None else np.where((sse < cost)[:, None], found, best)
        cost = np.minimum(cost, sse)
    assert best is not None
    stopped = np.zeros(len(t), bool)
    if shift is None:
        low, high = bounds
        # a single best shift that lies outside: within the range the sum of squares is least at its nearer end
        stopped = (best[:, SHIFT] < low) | (best[:, SHIFT] > high)
        if stopped.any():
            rows = np.flatnonzero(stopped)
            held = best[rows].copy()
            held[:, SHIFT] = np.clip(held[:, SHIFT], low, high)
            again = free & np.array([True, True, False, True])
            ends = [_solve(kind, t[rows], y[rows], there[rows], _with_tau(held, tau), again) for tau in STARTS]
            first = np.argmin([sse for _, sse in ends], axis=0)
            best[rows] = np.stack([found for found, _ in ends])[first, np.arange(len(rows))]
    return _fitted(kind, t, y, there, best, free, stopped)


def _with_tau(parameters: Floats, tau: float) -> Floats:
    changed = parameters.copy()
    changed[:, LOG_TAU] = np.log(tau)
    return changed


def _begin(kind: str, t: Floats, y: Floats, there: Bools, tau: float, shift: float) -> Floats:
    """Where a fit begins: the speed at the end of the record, taken as what this tau leaves of MSS."""
    begin = np.zeros((len(t), 4))
    if kind == VELOCITY:
        top = np.quantile(np.where(there, y, -np.inf), 0.98, axis=1)
    else:
        last = np.where(there, t, -np.inf).argmax(axis=1)
        rows = np.arange(len(t))
        travelled = y[rows, last] - (np.where(there, y, np.inf).min(axis=1) if kind == POSITIONS else 0.0)
        if kind == POSITIONS:
            begin[:, PLACE] = np.where(there, y, np.inf).min(axis=1)
        top = travelled / np.maximum(t[rows, last] + shift - tau, 0.3 * np.abs(t[rows, last]) + 1e-3)
    begin[:, LOG_MSS] = np.log(np.clip(np.nan_to_num(top, nan=8.0, posinf=15.0, neginf=3.0), 3.0, 15.0))
    begin[:, LOG_TAU] = np.log(tau)
    begin[:, SHIFT] = shift
    return begin


def _predicted(kind: str, t: Floats, y: Floats, p: Floats) -> tuple[Floats, Floats]:
    """What the model says in place of what was measured, (n, m), and its derivatives, (n, m, 4)."""
    mss, tau = np.exp(p[:, LOG_MSS, None]), np.exp(p[:, LOG_TAU, None])
    slope = np.zeros((*t.shape, 4))
    u = time_at(y, mss, tau) if kind == SPLITS else np.maximum(t + p[:, SHIFT, None], 0.0)
    left = np.exp(-u / tau)
    speed, x = velocity(u, mss, tau), distance(u, mss, tau)
    by_tau = mss * tau * (left * (1.0 + u / tau) - 1.0)
    if kind == SPLITS:
        slow = np.maximum(speed, 1e-9)
        slope[..., LOG_MSS] = -x / slow
        slope[..., LOG_TAU] = -by_tau / slow
        slope[..., SHIFT] = -1.0
        return u - p[:, SHIFT, None], slope
    if kind == VELOCITY:
        slope[..., LOG_MSS] = speed
        slope[..., LOG_TAU] = -mss * left * u / tau
        slope[..., SHIFT] = np.where(u > 0.0, mss / tau * left, 0.0)
        return speed, slope
    slope[..., LOG_MSS] = x
    slope[..., LOG_TAU] = by_tau
    slope[..., SHIFT] = speed
    slope[..., PLACE] = 1.0
    return x + p[:, PLACE, None], slope


def _residual(kind: str, t: Floats, y: Floats, there: Bools, p: Floats) -> tuple[Floats, Floats]:
    model, slope = _predicted(kind, t, y, p)
    return np.where(there, model - (t if kind == SPLITS else y), 0.0), np.where(there[..., None], slope, 0.0)


def _solve(kind: str, t: Floats, y: Floats, there: Bools, begin: Floats, free: Bools) -> tuple[Floats, Floats]:
    """Parameters (n, 4) and sums of squares (n,) where the steps of every run have become nothing."""
    p = begin.copy()
    r, slope = _residual(kind, t, y, there, p)
    cost = np.einsum("nm,nm->n", r, r)
    damping = np.full(len(p), 1e-3)
    rows = np.arange(len(p))
    names = np.flatnonzero(free)
    eye = np.eye(len(names))
    for _ in range(ROUNDS):
        part = slope[:, :, names]
        normal = np.einsum("nmi,nmj->nij", part, part)
        gradient = np.einsum("nmi,nm->ni", part, r)
        # in units in which every parameter counts alike, and damped a little always, so that it can be solved
        size = np.sqrt(np.einsum("nii->ni", normal))
        size = np.where(size > 1e-12, size, 1.0)
        damped = normal / (size[:, :, None] * size[:, None, :]) + (damping[rows, None, None] + 1e-12) * eye
        step = -np.linalg.solve(damped, (gradient / size)[..., None])[..., 0] / size
        tried = p[rows].copy()
        tried[:, names] += np.clip(step, -1.0, 1.0)
        tried[:, :2] = np.clip(tried[:, :2], LEAST, MOST)
        new_r, new_slope = _residual(kind, t[rows], y[rows], there[rows], tried)
        new_cost = np.einsum("nm,nm->n", new_r, new_r)
        better = new_cost <= cost[rows]
        moved = np.abs(tried - p[rows]).max(axis=1)
        done = (better & (moved < 1e-11)) | (damping[rows] > 1e12)
        p[rows[better]] = tried[better]
        cost[rows[better]] = new_cost[better]
        r[better], slope[better] = new_r[better], new_slope[better]
        damping[rows] = np.where(better, np.maximum(damping[rows] / 10.0, 1e-15), damping[rows] * 8.0)
        if done.all():
            break
        rows, r, slope = rows[~done], r[~done], slope[~done]
    return p, cost


def _fitted(kind: str, t: Floats, y: Floats, there: Bools, p: Floats, free: Bools, stopped: Bools) -> Fit:
    """The covariance of the parameters from the residuals' own spread, and the rest of what a fit tells."""
    r, slope = _residual(kind, t, y, there, p)
    names = np.flatnonzero(free)
    part = slope[:, :, names]
    normal = np.einsum("nmi,nmj->nij", part, part)
    freedom = there.sum(axis=1) - float(len(names))
    variance = np.einsum("nm,nm->n", r, r) / np.maximum(freedom, 1.0)
    inflation = np.ones(len(p)) if kind == SPLITS else _inflation(r, there)
    with np.errstate(all="ignore"):
        values, vectors = np.linalg.eigh(np.linalg.pinv(normal, hermitian=True))
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    spread = np.zeros((len(p), 4, 4))
    spread[:, names[:, None], names[None, :]] = root * np.sqrt(variance * inflation)[:, None, None]
    inside: Bools = np.all((p[:, :2] > np.add(LEAST, 1e-6)) & (p[:, :2] < np.subtract(MOST, 1e-6)), axis=1)
    return Fit(p, np.where(there, r, np.nan), spread, freedom, stopped, inside, part @ root, inflation)


def _inflation(r: Floats, there: Bools) -> Floats:
    """How much wider the covariance is as neighbouring residuals of a radar or laser go together, at least 1."""
    square = np.maximum(np.einsum("nm,nm->n", r, r), 1e-300)
    along = np.einsum("nm,nm->n", r[:, 1:], r[:, :-1]) / square
    # white noise gives a correlation of 0 give or take 1/sqrt(m): what is within two of these is not there
    m = np.maximum(there.sum(axis=1), 2)
    # and what a fit of a few parameters takes out of the residuals makes it look smaller by about (2 + 4 r)/m
    along = np.where(along > 2.0 / np.sqrt(m), np.minimum(along + (2.0 + 4.0 * along) / m, 0.98), 0.0)
    return (1.0 + along) / (1.0 - along)
