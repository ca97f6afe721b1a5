"""A ball dropped on a plate in view of a camera: do picture and force agree on when it bounces (METRICS.md 16)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipdrive.errors import HipdriveError, sentence
from hipdrive.trial import ClockMap, Floats, Trial

SPAN, LEAST = 0.12, 3
"""s of flight on either side of the bounce that are used, and frames that each needs."""

CLEAR = 0.5
"""The first bounce counts whose change of speed is at least this part of the largest."""

EDGE_SDS, EDGE_LEAST = 6.0, 2.0
"""The ball is felt where force leaves the empty plate's by so many SDs, and by so many N."""

G = 9.80665


@dataclass(frozen=True)
class Bounce:
    """When the ball met the plate by the camera (on its own clock) and by the force, s, with the camera's error."""

    camera: float
    camera_error: float
    force: float

    def late(self, clock: ClockMap) -> float:
        """How much later the camera has it on the force's clock, s."""
        return float(clock.to_force(self.camera)) - self.force


def bounce(times: Floats, heights: Floats, *, scale_known: bool = True) -> tuple[float, float]:
    """When a ball bounces, and the standard error of that, s, by the two flights' meeting.

    Heights in metres fall with g, so each flight is a parabola of which two numbers are unknown; with `scale_known`
    false (pixels) both flights share an unknown g.

    Raises
    ------
    HipdriveError : no bounce is seen.
    """
    seen = np.isfinite(heights) & np.isfinite(times)
    t, z = np.asarray(times[seen]), np.asarray(heights[seen])
    met = []
    for k in range(LEAST, len(t) - LEAST + 1):
        if z[k - 1] < z[k - LEAST] and z[k] < z[min(k + LEAST - 1, len(z) - 1)]:  # down before, up after
            found = _meeting(t, z, k, scale_known)
            met += [] if found is None else [found]
    if not met:
        raise HipdriveError("no_bounce", sentence("no_bounce"))
    hardest = max(turn for _, _, turn in met)
    at, error, _ = next(one for one in met if one[2] >= CLEAR * hardest)
    return at, error


def _meeting(t: Floats, z: Floats, k: int, scale_known: bool) -> tuple[float, float, float] | None:
    """Where the flight before frame k and the one after meet: time, its error, and the change of speed."""
    between = 0.5 * (t[k - 1] + t[k])
    before = np.flatnonzero((t < between) & (t >= between - SPAN))[-60:]
    after = np.flatnonzero((t > between) & (t <= between + SPAN))[:60]
    if min(len(before), len(after)) < LEAST:
        return None
    u = t - between
    rows = np.r_[before, after]
    first = np.r_[np.ones(len(before)), np.zeros(len(after))]
    columns = [first, first * u[rows], 1.0 - first, (1.0 - first) * u[rows]]
    target = z[rows] + 0.5 * G * u[rows] ** 2 if scale_known else z[rows]
    if not scale_known:
        columns.append(-0.5 * u[rows] ** 2)
    design = np.column_stack(columns)
    if len(rows) <= design.shape[1]:
        return None
    b, *_ = np.linalg.lstsq(design, target, rcond=None)
    left = target - design @ b
    noise = float(left @ left) / (len(rows) - design.shape[1])
    turn = b[1] - b[3]
    if turn >= 0.0 or b[1] >= 0.0 or b[3] <= 0.0:
        return None
    meet = (b[2] - b[0]) / turn
    if not t[k - 1] - between - 1e-9 <= meet <= t[k] - between + 1e-9:
        return None
    slope = np.zeros(len(b))
    slope[:4] = np.array([-1.0, -meet, 1.0, meet]) / turn
    cover = noise * np.linalg.inv(design.T @ design)
    return between + float(meet), float(np.sqrt(slope @ cover @ slope)), float(-turn)


def first_force(trial: Trial) -> float:
    """When a ball first presses on a plate that was empty, s.

    Raises
    ------
    HipdriveError : nothing falls on the plate.
    """
    force = trial.fz.sum(axis=0)
    quiet = force[: max(8, round(0.2 * trial.rate))]
    middle = float(np.median(quiet))
    sd = 1.4826 * float(np.median(np.abs(quiet - middle)))
    above = np.flatnonzero(force - middle > max(EDGE_SDS * sd, EDGE_LEAST))
    if not len(above) or above[0] < 2:
        raise HipdriveError("no_bounce", f"{trial.file or 'trial'}: {sentence('no_bounce')}")
    return float(above[0]) / trial.rate


def ball_drop(trial: Trial, times: Floats, heights: Floats, *, scale_known: bool = True) -> Bounce:
    """The bounce as both saw it."""
    at, error = bounce(times, heights, scale_known=scale_known)
    return Bounce(at, error, first_force(trial))
