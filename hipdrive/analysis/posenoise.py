"""The noise of measured angles: how large and of what colour, and draws of what it may have been.

A low-pass leaves over only the noise above its cut-off, while what moves a peak is the noise below it, which no
resampling of residuals brings back. So size and colour are fitted to contrasts of the record that hold no movement
(restricted likelihood, Patterson & Thompson 1971): the oscillations of the smoothing spline (Demmler & Reinsch 1975)
above the cut-off. The noise is white and a first-order process of a correlation time (VIDEO.md 2 measured 12 ms on
pose), whose level at low frequency follows from both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from hipdrive.analysis.signal import Bools
from hipdrive.analysis.smoothing import HALF_POWER, smoothing
from hipdrive.trial import Floats

BAND = (1.25, 4.0)
"""Cut-offs between which the contrasts lie: clear of the movement, which reaches past the cut-off, and not so far that
the colour says nothing below."""

FEWEST = 8
"""Contrasts without which a noise cannot be told."""

FACTORS = (1 / 6, 1 / 3, 2 / 3, 1.0, 3 / 2, 2.0, 3.0)
"""Correlation times tried, in those that were measured; the first is nearly white."""

SPREAD = np.log(2.0)
"""Standard deviation of the logarithm of the correlation time before the record is seen: a factor of two."""

WHITE = (0.0, 0.4, 0.8)
"""Shares of white noise tried."""


class Colour(NamedTuple):
    """A correlation time, s, and the share of the variance that is white."""

    time: float
    white: float

    def covariance(self, times: Floats) -> Floats:
        """Of noise of variance one at these times, (frames, frames)."""
        apart = np.abs(times[:, None] - times)
        return np.asarray((1.0 - self.white) * np.exp(-apart / self.time) + self.white * np.eye(len(times)))


@dataclass(frozen=True, eq=False)
class Noise:
    """What a record says of the noise of its columns.

    colours : those tried, with their `weight` (sums to one). variance : (colours, columns).
    contrasts : (columns,), of which each variance was made. correlation : (columns, columns), between columns.
    """

    colours: tuple[Colour, ...]
    weight: Floats
    variance: Floats
    contrasts: Floats
    correlation: Floats

    def draws(self, times: Floats, count: int, rng: Generator) -> Floats:
        """Noise as it may have been, (frames, columns, count): colour and size as uncertain as the record is short."""
        n, columns = len(times), self.variance.shape[1]
        which = rng.choice(len(self.colours), size=count, p=self.weight)
        size = np.sqrt(self.variance[which] * self.contrasts / rng.chisquare(self.contrasts, size=(count, columns)))
        time, share = np.array(self.colours)[which].T
        slow, white = rng.standard_normal((2, n, count, columns)) @ _root(self.correlation).T
        # a first-order process forgets: each frame is what is left of the one before, and as much anew as that lost
        left = np.exp(-np.diff(times)[:, None] / time)[:, :, None]
        anew = np.sqrt(1.0 - left**2)
        for i in range(1, n):
            slow[i] = left[i - 1] * slow[i - 1] + anew[i - 1] * slow[i]
        found = np.sqrt(1.0 - share)[:, None] * slow + np.sqrt(share)[:, None] * white
        return np.asarray((found * size).transpose(0, 2, 1))


class Whitened(NamedTuple):
    """Contrasts of which noise of one colour makes white numbers, (contrasts, frames), and what that costs in log."""

    rows: Floats
    log_size: float


class Looks:
    """What the frames of one record show of noise, in every colour tried: the same for all columns seen alike."""

    def __init__(self, times: Floats, cutoff: float, usual: float) -> None:
        self.times, self.cutoff = times, cutoff
        self.colours = tuple(Colour(usual * f, w) for f in FACTORS for w in WHITE)
        self._held: dict[bytes, tuple[Whitened, ...]] = {}

    def of(self, seen: Bools) -> tuple[Whitened, ...]:
        """The whitened contrasts of the frames `seen` (bool), one a colour.

        Raises
        ------
        ValueError : too few frames for the cut-off.
        """
        key = seen.tobytes()
        if key not in self._held:
            rows = contrasts(self.times[seen], self.cutoff)
            if len(rows) < FEWEST:
                raise ValueError("too few frames")
            self._held[key] = tuple(self._whitened(rows, self.times[seen], one) for one in self.colours)
        return self._held[key]

    @staticmethod
    def _whitened(rows: Floats, times: Floats, colour: Colour) -> Whitened:
        root = np.linalg.cholesky(rows @ colour.covariance(times) @ rows.T)
        return Whitened(np.linalg.solve(root, rows), float(np.log(np.diagonal(root)).sum()))


def contrasts(times: Floats, cutoff: float) -> Floats:
    """What frames show of noise alone, (contrasts, frames): rows that are blind for movement.

    They are the oscillations of the smoothing spline within the band.
    """
    smooth = smoothing(times, cutoff)
    own = np.sqrt(smooth.weights / np.median(smooth.weights))
    even = own[:, None] * smooth.at(np.eye(len(times)), times) / own
    share, waves = np.linalg.eigh(0.5 * (even + even.T))
    # what passes a share s swings at cutoff * ((1/s - 1) / HALF_POWER)^(1/4)
    frequency = cutoff * ((1.0 / np.clip(share, 1e-12, 1.0) - 1.0) / HALF_POWER) ** 0.25
    band = (frequency > BAND[0] * cutoff) & (frequency <= BAND[1] * cutoff)
    return np.asarray(waves[:, band].T * own)


def fitted(columns: Sequence[Floats], looks: Looks) -> Noise:
    """The noise of columns (frames,), NaN where unseen, of the record that was looked at.

    Raises
    ------
    ValueError : too few frames for the cut-off.
    """
    colours = looks.colours
    grid = np.arange(len(FACTORS)).repeat(len(WHITE))
    score = -0.5 * (np.log(np.array(FACTORS))[grid] / SPREAD) ** 2
    variance, number = np.empty((len(colours), len(columns))), np.empty(len(columns))
    correlation = np.eye(len(columns))
    found: list[tuple[list[int], list[Floats]]] = []
    for places in _alike(columns).values():
        seen = np.isfinite(columns[places[0]])
        values = np.array([columns[i][seen] for i in places]).T
        white = [one.rows @ values for one in looks.of(seen)]
        number[places] = len(white[0])
        for c, one in enumerate(looks.of(seen)):
            size = np.mean(white[c] ** 2, axis=0) + 1e-12
            variance[c, places] = size
            score[c] -= float(np.sum(0.5 * len(white[c]) * np.log(size) + one.log_size))
        found.append((places, white))
    weight = np.exp(score - score.max())
    best = int(np.argmax(weight))
    for places, white in found:
        even = white[best] / np.sqrt(variance[best, places])
        correlation[np.ix_(places, places)] = even.T @ even / len(even)
    return Noise(colours, weight / weight.sum(), variance, number, correlation)


def _alike(columns: Sequence[Floats]) -> Mapping[bytes, list[int]]:
    """Places of the columns that were seen in the same frames."""
    found: dict[bytes, list[int]] = {}
    for i, column in enumerate(columns):
        found.setdefault(np.isfinite(column).tobytes(), []).append(i)
    return found


def _root(correlation: Floats) -> Floats:
    """A square root of a correlation that may be singular: angles made of the same points."""
    size, axes = np.linalg.eigh(correlation)
    return np.asarray(axes * np.sqrt(np.clip(size, 0.0, None)))


def slow_root(times: Floats, scale: float) -> Floats:
    """A root of the covariance of a smooth error that no residual shows (posture, skin, a model's habit).

    Of size one and of times `scale`, (frames, frames): a Gaussian process.
    """
    apart = (times[:, None] - times) / scale
    return _root(np.exp(-0.5 * apart**2))
