"""Matching two curves of one movement in time by generalised least squares, with an error that holds.

The camera's height of the centre of mass is `s·Y(t + o)` plus a quadratic for each stretch of time, where Y is the
double integral of the plates' force, plus noise: white, and slow as errors of posture and of the body's model are. How
large and how slow it is, is not assumed: every combination on a grid gets the weight that the restricted likelihood of
the residuals gives it, and the offset's error contains what remains unknown of it (docs/sync.md derives this).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hipdrive.trial import Floats

SLOW_TIMES = (0.06, 0.09, 0.14, 0.20, 0.29, 0.42)
"""s over which the slow part of the noise may change; below the first it is as good as white."""

WHITE_SHARES = (0.01, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0)
"""SD of the white part as a multiple of the slow part's."""

USUAL_TIME, USUAL_SHARE = 0.2, 0.3
"""s and share of the noise by which candidates are compared."""

HONEST = 1.06
"""Factor of every error: what the straight line through a bent curve and a grid of noises leave out, by simulation
(tests/sync_study.py: without it errors are 1.02 to 1.07 times as large as said)."""

STEP_LIMIT = 0.02
"""s by which one step of the fit moves the offset at most."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Heights that a camera saw, averaged over groups of frames.

    times : ndarray, shape (groups, frames of a group), s on the camera's clock. heights : shape (groups,), m.
    stretch : which stretch of movement a group belongs to.
    """

    times: Floats
    heights: Floats
    stretch: np.ndarray[tuple[int], np.dtype[np.intp]]

    @property
    def centres(self) -> Floats:
        """Mean time of each group, s."""
        return np.asarray(self.times.mean(axis=1))


@dataclass(frozen=True, eq=False)
class Fit:
    """Offset and scale with their errors and the noise found; fitted heights without and with the quadratics.

    noise : white and slow SD, m, and the time of the slow part, s. weights : of the columns of the design.
    """

    offset: float
    offset_error: float
    scale: float
    scale_error: float
    noise: tuple[float, float, float]
    plate: Floats
    residual: Floats
    time_rms: float
    weights: Floats


Curve = Callable[[Floats], Floats]


def background(frames: Frames) -> Floats:
    """Constant, slope and bend of each stretch, shape (groups, 3·stretches): what an integral cannot know."""
    t, columns = frames.centres, []
    for one in np.unique(frames.stretch):
        inside = frames.stretch == one
        middle, half = t[inside].mean(), max(np.ptp(t[inside]) / 2.0, 1e-3)
        columns += [np.where(inside, ((t - middle) / half) ** k, 0.0) for k in range(3)]
    return np.column_stack(columns)


def kernel(times: Floats, tau: float) -> Floats:
    """Correlation of the slow noise between all times."""
    apart = times[:, np.newaxis] - times
    return np.asarray(np.exp(-0.5 * (apart / tau) ** 2))


def scan(frames: Frames, height: Curve, offsets: Floats) -> tuple[Floats, Floats]:
    """How badly each offset fits, as the weighted sum of squares that is left with a plausible noise; its scale."""
    from scipy.linalg import cholesky, solve_triangular

    n = len(frames.heights)
    lower = cholesky(kernel(frames.centres, USUAL_TIME) + USUAL_SHARE**2 * np.eye(n), lower=True)
    shifted = np.stack([height(frames.times + o).mean(axis=1) for o in offsets], axis=1)
    base, *_ = np.linalg.qr(solve_triangular(lower, background(frames), lower=True))
    seen = solve_triangular(lower, frames.heights, lower=True)
    curves = solve_triangular(lower, shifted, lower=True)
    seen, curves = seen - base @ (base.T @ seen), curves - base @ (base.T @ curves)
    size = (curves**2).sum(axis=0)
    scale = np.maximum((curves.T @ seen) / np.where(size > 0.0, size, 1.0), 0.0)  # nobody moves upside down
    return np.asarray(((seen[:, np.newaxis] - scale * curves) ** 2).sum(axis=0)), np.asarray(scale)


def speeds(frames: Frames, heights: Floats) -> Floats:
    """Slope of smooth heights of the groups, m/s."""
    t, found = frames.centres, np.zeros(len(heights))
    for one in np.unique(frames.stretch):
        inside = frames.stretch == one
        found[inside] = np.gradient(heights[inside], t[inside])
    return found


def fit(frames: Frames, height: Curve, speed: Curve, start: float) -> Fit:
    """Refine an offset that is right to about a tenth of a second."""
    rooms = [_room(frames.centres, tau) for tau in SLOW_TIMES]
    offset, scale = start, 1.0
    for _ in range(12):
        design = _design(frames, height, speed, offset, scale)
        found = _weighed(rooms, design, frames.heights)
        moved = float(np.clip(found.move, -STEP_LIMIT, STEP_LIMIT))
        scale = found.scale
        offset += moved
        if abs(moved) < 1e-6:
            break
    design = _design(frames, height, speed, offset, scale)
    found = _weighed(rooms, design, frames.heights)
    left = frames.heights - design[0] @ found.weights
    moving = speeds(frames, frames.heights - left)
    return Fit(offset=offset, offset_error=found.error, scale=scale, scale_error=found.scale_error,
               noise=found.noise,
               plate=frames.heights - left, residual=left,
               time_rms=float(np.sqrt((left**2).mean() / (moving**2).mean())), weights=found.weights)  # fmt: skip


def _design(
    frames: Frames, height: Curve, speed: Curve, offset: float, scale: float
) -> tuple[Floats, int]:  # fmt: skip
    """Background, height, how a later offset changes it; and in which column the height is."""
    times = frames.times + offset
    base = background(frames)
    turn = scale * speed(times)
    columns = [base, height(times).mean(axis=1)[:, np.newaxis], turn.mean(axis=1)[:, np.newaxis]]
    return np.hstack(columns), base.shape[1]


@dataclass(frozen=True, eq=False)
class _Room:
    """Where slow noise of one kind has independent parts."""

    tau: float
    sizes: Floats
    turn: Floats


def _room(times: Floats, tau: float) -> _Room:
    from scipy.linalg import eigh

    sizes, turn = eigh(kernel(times, tau))
    return _Room(tau, np.maximum(sizes, 0.0), turn)


@dataclass(frozen=True, eq=False)
class _Found:
    """Means over the noises that are likely: how far to move, its error, scale and noise."""

    move: float
    error: float
    scale: float
    scale_error: float
    weights: Floats
    noise: tuple[float, float, float]


def _weighed(rooms: list[_Room], design: tuple[Floats, int], seen: Floats) -> _Found:
    """Every noise of the grid, weighed by the restricted likelihood of the residuals under it."""
    columns, place = design
    n, p = columns.shape
    shares = np.array(WHITE_SHARES)
    chances, guesses, covers, noises = [], [], [], []
    for room in rooms:
        turned, heights = room.turn.T @ columns, room.turn.T @ seen
        size = room.sizes[:, np.newaxis] + shares**2  # (parts, shares)
        weigh = 1.0 / size
        square = np.einsum("nk,np,nq->kpq", weigh, turned, turned, optimize=True)
        mixed = np.einsum("nk,np,n->kp", weigh, turned, heights, optimize=True)
        inverse = np.linalg.inv(square)
        guess = np.einsum("kpq,kq->kp", inverse, mixed)
        left = heights[:, np.newaxis] - turned @ guess.T
        variance = (left**2 * weigh).sum(axis=0) / (n - p)
        chances.append(-0.5 * ((n - p) * np.log(variance) + np.log(size).sum(axis=0) + np.linalg.slogdet(square)[1]))
        guesses.append(guess)
        covers.append(variance[:, np.newaxis, np.newaxis] * inverse)
        slow = np.sqrt(variance)
        noises.append(np.column_stack([slow * shares, slow, np.full(len(shares), room.tau)]))
    chance = np.concatenate(chances)
    chance = np.exp(chance - chance.max())
    chance /= chance.sum()
    every = np.concatenate(guesses)
    mean = chance @ every
    spread = every - mean
    total = np.einsum("k,kpq->pq", chance, np.concatenate(covers)) + np.einsum("k,kp,kq->pq", chance, spread, spread)
    errors = HONEST * np.sqrt(np.diag(total))
    white, slow_sd, tau = (float(v) for v in chance @ np.concatenate(noises))
    return _Found(move=float(mean[place + 1]), error=float(errors[place + 1]), scale=float(mean[place]),
                  scale_error=float(errors[place]), weights=np.asarray(mean), noise=(white, slow_sd, tau))  # fmt: skip
