"""Whether what plates felt and a camera saw is one movement, and what the body's model may hide."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis import matchgls
from hipdrive.analysis.matchgls import Fit, Frames

LEAST_EXPLAINED = 0.9
"""Of the variance of the camera's height that the plates must explain."""

MOST_JERKY = 4.0
"""m/s²: heights whose slow errors bend faster than this are those of another movement."""

METRES = (0.85, 1.18)
"""The camera's metres must be those of gravity within these factors; that needs no weight."""


def same(frames: Frames, fit: Fit, g: float) -> bool:
    """Whether plates and camera saw the same: what is left is small, does not jerk, and metres are metres."""
    _, slow, tau = fit.noise
    return (_explained(frames, fit) and slow <= MOST_JERKY * tau**2
            and METRES[0] <= metres(frames, fit, g) <= METRES[1])  # fmt: skip


def hysteresis(frames: Frames, fit: Fit) -> float:
    """By how much a centre of mass would be late that is too high by all of its range on the way up, too low down, s.

    A body's model is wrong by other amounts on the way down than up, since trunk and arms are not where they were then:
    that looks like a late clock, most of all in slow movements, and no noise shows it.
    """
    return float(np.ptp(frames.heights)) / max(float(np.abs(matchgls.speeds(frames, fit.plate)).max()), 1e-6)


def metres(frames: Frames, fit: Fit, g: float) -> float:
    """The camera's metres for one of the plates', by the bend that gravity leaves: no weight is needed for it.

    The camera sees k·(∬F/m - g·t²/2). Fitted is s·(∬F/m' - g·t²/2) + c·t², so k = s - 2·c/g, whatever m' is.
    """
    longest = int(np.argmax(np.bincount(frames.stretch)))
    inside = frames.stretch == longest
    half = max(float(np.ptp(frames.centres[inside])) / 2.0, 1e-3)
    place = 3 * int(np.flatnonzero(np.unique(frames.stretch) == longest)[0]) + 2
    return float(fit.scale - 2.0 * fit.weights[place] / half**2 / g)


def _explained(frames: Frames, fit: Fit) -> bool:
    """Whether the plates' height is most of what the camera saw, beyond the quadratics."""
    base, *_ = np.linalg.qr(matchgls.background(frames))
    seen = frames.heights - base @ (base.T @ frames.heights)
    return float((fit.residual**2).sum()) < (1.0 - LEAST_EXPLAINED) * float((seen**2).sum())
