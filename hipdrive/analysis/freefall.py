"""Whether a clip's clock runs at the speed of the world: what flies falls with g, and with no other acceleration.

A clip that was filmed in slow motion and is taken as it plays stretches its times by a factor k, so what flies seems to
fall with g / k². The fit tells k, without asking the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.analysis.estimate import student
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats

G = 9.80665

TOLERANCE = 0.10
"""Part of g by which what was fitted may differ (VIDEO.md 3)."""

LEAST = 7
"""Frames in flight: four more than a parabola has unknowns."""

HOLDS, WRONG, UNCLEAR = "holds", "wrong", "unclear"
"""Verdicts: the interval of the fitted g lies within the tolerance, outside, or across its edge."""


@dataclass(frozen=True, kw_only=True)
class FreeFall:
    """What a flight tells about a clock.

    g, g_u95 : fitted, m/s². slowness, slowness_u95 : stated seconds for one of the world, 1 where the times are right;
    the true time scale is the stated one divided by it. frames : in the flight. residual : rms, m.
    """

    g: float
    g_u95: float
    slowness: float
    slowness_u95: float
    frames: int
    residual: float
    verdict: str

    @property
    def message(self) -> str:
        """One sentence.

        >>> t = np.arange(40) / 30.0
        >>> free_fall(t, 0.3 * t - 0.5 * G / 64 * t**2).message
        'the clip is 8 times slower than the world: divide its time scale by that'
        """
        found = f"what flies falls with {self.g:.2f} ± {self.g_u95:.2f} m/s²"
        if self.verdict == HOLDS:
            return f"{found}, so the times are those of the world"
        if self.verdict == WRONG:
            return f"the clip is {self.slowness:.3g} times slower than the world: divide its time scale by that"
        return f"{found}, which does not tell whether the times are right: film a longer flight, or nearer"


def free_fall(
    times: ArrayLike,
    heights: ArrayLike,
    *,
    takeoff: float = -math.inf,
    touchdown: float = math.inf,
    scale: float = 1.0,
    scale_u95: float = 0.0,
    gravity: float = G,
    tolerance: float = TOLERANCE,
) -> FreeFall:
    """Fit g to the flight of something.

    Parameters
    ----------
    times : array, shape (frames,), s, as the clip states them.
    heights : array, shape (frames,), upward positive, of a point that flies freely: a ball, or the centre of mass.
        NaN where it was not seen.
    takeoff, touchdown : s on the same clock; only frames between them are used.
    scale, scale_u95 : metres of one unit of the heights (of a pixel), and the 95 % uncertainty of that.
    tolerance : part of `gravity` within which the times are right.

    Raises
    ------
    UsageError : the request makes no sense. HipdriveError : too few frames in flight, or nothing falls in them.

    >>> t = np.arange(12) / 60.0
    >>> slow = free_fall(4.0 * t, 1.0 + 2.0 * t - 0.5 * G * t**2)  # filmed at 240, stored as 60 frames a second
    >>> slow.verdict, round(slow.slowness, 6)
    ('wrong', 4.0)
    """
    t, z = np.asarray(times, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    if t.ndim != 1 or t.shape != z.shape:
        raise UsageError("free_fall", f"times of shape {t.shape} and heights of {z.shape} are no flight; give one "
                         "height for each time")  # fmt: skip
    if not (scale > 0.0 and scale_u95 >= 0.0 and math.isfinite(scale + scale_u95)):
        raise UsageError("free_fall", f"a scale of {scale:g} ± {scale_u95:g} m makes no sense; give the metres of one "
                         "pixel")  # fmt: skip
    seen = np.isfinite(t) & np.isfinite(z) & (t > takeoff) & (t < touchdown)
    t, z = t[seen], scale * z[seen]
    if len(t) < LEAST:
        raise HipdriveError("too_few_frames", f"only {len(t)} frames show the flight, too few for its acceleration; "
                            "film a higher jump or a thrown ball, or at a higher rate")  # fmt: skip
    fall, error, rms = _parabola(t, z)
    if not fall > 0.0:
        raise HipdriveError("no_fall", "nothing falls between take-off and touchdown; check the events, and that "
                            "heights are upward positive")  # fmt: skip
    u95 = math.hypot(error, fall * scale_u95 / scale)
    slowness = math.sqrt(gravity / fall)
    return FreeFall(g=fall, g_u95=u95, slowness=slowness, slowness_u95=0.5 * slowness * u95 / fall, frames=len(t),
                    residual=rms, verdict=_verdict(fall / gravity - 1.0, u95 / gravity, tolerance))  # fmt: skip


def _verdict(off: float, u95: float, tolerance: float) -> str:
    if abs(off) + u95 <= tolerance:
        return HOLDS
    return WRONG if abs(off) - u95 > tolerance else UNCLEAR


def _parabola(t: Floats, z: Floats) -> tuple[float, float, float]:
    """Downward acceleration, its 95 % uncertainty, and the rms of what is left."""
    u = (t - t.mean()) / max(float(np.ptp(t)), 1e-9)
    design = np.column_stack([np.ones_like(u), u, u**2])
    fit, *_ = np.linalg.lstsq(design, z, rcond=None)
    left = z - design @ fit
    free = len(t) - 3
    variance = float(left @ left) / free * float(np.linalg.inv(design.T @ design)[2, 2])
    per_unit = -2.0 / max(float(np.ptp(t)), 1e-9) ** 2
    # Errors of poses last over frames, so fewer are independent; a fit makes what is left seem to last less.
    lasting = float(left[1:] @ left[:-1]) / max(float(left @ left), 1e-30)
    lasting = min(max(0.0, lasting + 3.0 * (1.0 + lasting) / len(t)), 0.95)
    fewer = (1.0 + lasting) / (1.0 - lasting)
    factor = student(max(1.0, free / fewer), 0.025)
    error = factor * math.sqrt(variance * fewer) * abs(per_unit)
    return per_unit * float(fit[2]), error, math.sqrt(float(left @ left) / len(t))
