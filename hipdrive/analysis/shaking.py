"""What the plate or a filter does to the edges of contact: ringing after take-off, low-pass filtering before saving.

Both are seen in the air, where the true force is zero. Ringing adds to the doubt of an edge at random; a filter that
looks ahead draws both edges of a flight inwards, to one side, so it adds to the bound of that error.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hipdrive.analysis.events import Instants
from hipdrive.analysis.signal import Block, Floats, Ints, divided, gather, line, zeroed

AFTER, LOOK = 0.003, 0.040
"""s after take-off at which ringing is looked for, and for how long."""

BEYOND = 4.5
"""Largest of so many samples of white noise, in its SDs, with some to spare."""

SHARE = 0.5
"""Part of the ringing, over the slope of an edge, that the edge is in doubt (simulated: 20 to 60 N, 30 to 500 Hz)."""

MIDDLE = 64
"""Samples in the middle of a flight that tell white noise from filtered noise."""

FINE, WHITE = 0.2, 0.15
"""Part of the noise, and N, below which the step from sample to sample is that of a filtered record: no plate's own
noise is so smooth."""

AHEAD, DEPTH, PLACE = 0.060, 6.0, 0.16
"""s before touchdown in which a filter that looks ahead dips below zero; by how many SDs of noise; where the lowest
point is, times the cut-off frequency (simulated: Butterworth, 10 to 100 Hz)."""

COARSE = 0.04
"""Part of the sampling rate above which the place of a dip is known to too few samples."""

LEAST_DIP = 3.0
"""N: the smallest dip that counts."""

DRAWN = 0.27
"""Error of an edge times the cut-off frequency, at most (simulated: 10 to 150 Hz)."""

SLOPE = 0.003
"""s of the loaded side over which the slope of an edge is taken."""


def ringing(block: Block, record: Ints, takeoff: Floats, level: Floats, noise: Floats) -> Floats:
    """Largest force soon after take-off, N; zero where noise explains it."""
    rate = block.rate
    at = np.where(np.isfinite(takeoff), takeoff, 0.0)
    first = np.ceil(at + AFTER * rate).astype(np.int64)
    samples = gather(block.total, record, first, max(3, round(LOOK * rate))) - level[:, np.newaxis]
    largest = np.fmax.reduce(np.abs(samples), axis=1)
    return np.where(np.isfinite(takeoff) & (largest > BEYOND * noise), largest, 0.0)


def shaken(block: Block, record: Ints, edge: Instants, side: int, ring: Floats) -> Instants:
    """An edge with the doubt that ringing adds; side 1 where force ends, -1 where it begins."""
    if not ring.any():
        return edge
    width = max(3, round(SLOPE * block.rate))
    at = np.floor(np.where(np.isfinite(edge.at), edge.at, 0.0)).astype(np.int64)
    samples = gather(block.total, record, at - width + 1 if side > 0 else at + 1, width)
    slope = np.abs(line(samples, block.dt)[1])
    return replace(edge, u=np.hypot(edge.u, zeroed(divided(SHARE * ring, slope))))


def cutoff(block: Block, record: Ints, start: Ints, touchdown: Floats, level: Floats, noise: Floats) -> Floats:
    """Frequency above which a record holds nothing any more, Hz; NaN where it was not filtered."""
    rate = block.rate
    end = np.where(np.isfinite(touchdown), np.ceil(touchdown), start + 1.0).astype(np.int64)
    width = min(MIDDLE, max(8, int((end - start).min(initial=MIDDLE))))
    samples = gather(block.total, record, (start + end - width) // 2, width)
    bend = samples[:, 2:] - samples[:, 1:-1]
    bend -= samples[:, 1:-1] - samples[:, :-2]
    # white noise of one SD bends by the root of six
    white = np.sqrt(np.einsum("ns,ns->n", bend, bend) / (6.0 * bend.shape[1]))
    part = divided(white, noise)
    # noise up to a frequency f only bends by (2 pi f / rate)², and its square has the mean of a fifth of that at f
    by_noise = rate / (2.0 * np.pi) * (30.0 * part * part) ** 0.25
    found = np.where((part < FINE) & (white < WHITE), by_noise, np.nan)
    by_dip = _looked_ahead(block, record, start, end, level, noise)
    # a dip a few samples wide is too coarse to tell the frequency where the noise can
    coarse = np.isfinite(found) & (by_dip > COARSE * rate)
    return np.where(coarse, found, np.fmin(found, by_dip))


def _looked_ahead(block: Block, record: Ints, start: Ints, end: Ints, level: Floats, noise: Floats) -> Floats:
    """The cut-off by a dip before touchdown, which nothing but a filter that knows the future can make."""
    width = max(4, round(AHEAD * block.rate))
    samples = gather(block.total, record, end - width, width) - level[:, np.newaxis]
    at = samples.argmin(axis=1)
    lowest = samples[np.arange(len(at)), at]
    room = np.maximum(end - start - width, 0)
    before = gather(block.total, record, end - 2 * width, width) - level[:, np.newaxis]
    quiet = np.fmin.reduce(np.where(width - np.arange(width) <= room[:, np.newaxis], before, 0.0), axis=1)
    dips = (lowest < -np.maximum(DEPTH * noise, LEAST_DIP)) & (lowest < 2.0 * quiet) & (at > 0)
    return np.where(dips, PLACE * block.rate / np.maximum(width - at, 1), np.nan)


def blurred(edge: Instants, hertz: Floats) -> Instants:
    """An edge with the bound of what a filter with this cut-off did to it."""
    filtered = np.isfinite(hertz)
    if not filtered.any():
        return edge
    return replace(edge, bias=edge.bias + np.where(filtered, DRAWN / np.where(filtered, hertz, 1.0), 0.0))
