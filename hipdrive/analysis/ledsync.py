"""The clock of a camera that saw a lamp go on and off in a code whose every change was stamped with the forces.

A frame is as bright as the part of its exposure in which the lamp was on. Short exposures tell no more than whether a
change came before or after, so the likelihood is flat between such bounds; the offset is the mean of the whole
posterior and its error that posterior's SD, which is right where a curvature would be none.

A frame's time is that of the middle of the exposure of the row in which the lamp is seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import correlate

from hipdrive.analysis import clocks
from hipdrive.analysis.instants import instants
from hipdrive.analysis.sync import Sync
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats, Locked, Trial, read_only

STEP = 0.004
"""s: the raster in which the code is looked for."""

LEAST_BITS, LEAST_SCORE, RIVAL = 12.0, 30.0, 0.7
"""Shortest changes of the lamp that have to be seen, evidence (log likelihood ratio) that a match needs, and the part
of the best match's that another one must not reach: 2·ln of the places that are tried is about 20."""

NOISE = 0.01
"""SD of the brightness at least, of the way from dark to lit: grey levels and a gamma that is only nearly right."""

RATIOS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.12)
"""Parts of an exposure after which a lamp that is too bright may be clipped."""

JITTERS = (0.0, 0.3e-3, 1e-3, 3e-3)
"""s: SD by which the frames' times may be off."""

RASTER, FINE, NEAR = 1e-4, 81, 1e-3
"""s between the offsets of the first pass, so that no narrow peak falls between two; offsets of the next ones, and s on
both sides that they look at, at least."""

NODES = np.linspace(-3.0, 3.0, 9)
WEIGHTS = np.exp(-0.5 * NODES**2) / np.exp(-0.5 * NODES**2).sum()
"""Places, SD, at which a normal distribution is taken."""

PARTIAL = 0.02
"""Variance, of x·(1 - x), of a frame that is partly lit: grey levels are not quite what the usual curve says."""

STRAY = 1e-3
"""Density of frames that are as bright as nothing explains, between dark and lit."""

ENOUGH = 10
"""Frames without a change by which the noise is told."""

EXPOSURES = 7
"""Lengths of an exposure that are tried where it is not known."""

BLOCK = 900
"""Frames that are fitted at a time; the drift is told by several of them."""

CLIPPED = 0.3
"""Part of lit frames at the brightest level from which a lamp is too bright."""

LONGEST = 2.0 * 3600.0
"""s of clip."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Brightness(Locked):
    """How bright a lamp was in each frame.

    times : ndarray, shape (n,), s on the clip's clock, of the middle of the exposure of the lamp's own row.
    values : shape (n,), linear light from 0 to 1 (1: the brightest level of the picture), NaN where unseen.
    clipped : part of the lamp's pixels that are at that level where it is lit.
    """

    times: Floats
    values: Floats
    clipped: float = 0.0

    def __post_init__(self) -> None:
        """Lock the arrays."""
        for name in ("times", "values"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        if self.times.shape != self.values.shape or self.times.ndim != 1:
            raise UsageError("brightness", "one time and one brightness for each frame")


@dataclass(frozen=True, eq=False)
class _Code:
    """A lamp: its changes, s on the force clock, and how long it had been on by then."""

    edges: Floats
    sums: Floats
    end: float

    def share(self, begin: Floats, length: float) -> Floats:
        """Part of an exposure in which it was on."""
        return np.asarray((np.interp(begin + length, self.edges, self.sums) - np.interp(begin, self.edges, self.sums))
                          / length)  # fmt: skip


def led(trial: Trial, seen: Brightness, *, exposure: float | None = None, lamp: str | None = None) -> Sync:
    """The clock map of a camera by a coded lamp (METRICS: `led_code`).

    exposure : of a row, s; unknown, it is found, too. lamp : which one, where there are several.

    Raises
    ------
    HipdriveError : no lamp was recorded, the code is not seen, or it fits in more than one place.
    """
    where = trial.file or "trial"
    code = _code(trial, lamp)
    good = np.isfinite(seen.values)
    times, values = seen.times[good], seen.values[good]
    bit = float(np.diff(code.edges[1:-1]).min()) if len(code.edges) > 4 else math.inf
    if len(times) < 10 or not math.isfinite(bit):
        raise HipdriveError("sync_short", f"{where}: the lamp changes too rarely, or was seen in too few frames")
    if float(np.ptp(times)) > LONGEST:
        raise HipdriveError("sync_long", f"{where}: this clip is longer than two hours: cut it into single trials")
    usual = float(np.median(np.diff(times)))
    if exposure is not None and not 0.0 < exposure <= 1.05 * usual:
        raise UsageError("exposure", f"an exposure of {1e3 * exposure:g} ms does not fit one frame every "
                         f"{1e3 * usual:.3g} ms")  # fmt: skip
    start = _coarse(times, values, code, bit, where)
    inside = (times + start > code.edges[1] - 2.0 * bit) & (times + start < code.end)
    times, values = times[inside], values[inside]
    lengths = np.array([exposure]) if exposure else usual * np.geomspace(0.02, 1.0, EXPOSURES)
    ratios = np.array(RATIOS if seen.clipped > CLIPPED else (1.0,))
    parts = np.array_split(np.arange(len(times)), max(1, round(len(times) / BLOCK)))
    drift, found = 0.0, []
    for _ in range(2 if len(parts) > 1 else 1):
        found = [_posterior(times[p], values[p], code, start, drift, usual, lengths, ratios) for p in parts]
        at = np.array([times[p].mean() for p in parts])
        offsets, errors, rms = (np.array(row) for row in zip(*found, strict=True))
        drift = clocks.line(at, offsets, errors)[2]
    clipped = ("led_clipped",) if seen.clipped > CLIPPED else ()
    return clocks.joined(at, offsets, errors, clocks.LED, span=(float(times[0]), float(times[-1])),
                         rms=float(np.sqrt(np.mean(rms**2))), times=times, notes=clipped)  # fmt: skip


def _code(trial: Trial, lamp: str | None) -> _Code:
    found = {name: one for name, one in instants(trial).items() if one.kind == "lamp" and math.isfinite(one.u95)}
    where = trial.file or "trial"
    if not found:
        raise HipdriveError("sync_no_lamp", f"{where}: no lamp was recorded with the forces: wire one to a digital "
                            "line, and add it to [[sync]] of the rig file")  # fmt: skip
    if lamp is None and len(found) > 1:
        raise UsageError("sync_lamp", f"{where}: there are lamps {', '.join(found)}; say which is seen in this clip")
    name = lamp if lamp is not None else next(iter(found))
    if name not in found:
        raise UsageError("sync_lamp", f"{where}: there is no lamp {name!r}; there is {', '.join(found)}")
    one, end = found[name], trial.duration
    on, off = one.times, one.off
    if not len(on) or not len(off):
        raise HipdriveError(
            "sync_short", f"{where}: the lamp {name!r} never went on and off while forces were recorded"
        )
    if off[0] < on[0]:  # it was on when the record began
        on = np.r_[-1.0, on]
    if len(on) > len(off):
        off = np.r_[off, end + 1.0]
    if len(on) != len(off) or (np.diff(np.ravel([on, off], "F")) <= 0.0).any():
        raise HipdriveError("sync_lamp_edges", f"{where}: changes of the lamp {name!r} are missing, so when it was on "
                            "is not known: record both edges")  # fmt: skip
    edges = np.ravel([on, off], "F")
    sums = np.repeat(np.cumsum(off - on), 2)
    sums[0::2] -= off - on
    return _Code(np.r_[edges[0] - 1e-9, edges, edges[-1] + 1e-9], np.r_[0.0, sums, sums[-1]], end)


def _coarse(times: Floats, values: Floats, code: _Code, bit: float, where: str) -> float:
    """The offset at which what was seen is like the code, to about a frame.

    Raises
    ------
    HipdriveError : nowhere, or in more than one place.
    """
    cells = max(1, math.ceil(code.end / STEP))
    state = code.share(np.asarray(STEP * np.arange(cells), dtype=np.float64), STEP)
    here = np.round((times - times[0]) / STEP).astype(np.int64)
    size = int(here[-1]) + 1
    level = values - float(np.mean(values))

    def summed(weights: Floats, row: Floats) -> Floats:
        return np.asarray(correlate(row, np.bincount(here, weights, size), "full", "fft"))

    one, all_of = np.ones(len(here)), np.ones(cells)
    n = summed(one, all_of)
    count = np.maximum(n, 1.0)
    sy, sx = summed(level, all_of), summed(one, state)
    cov = summed(level, state) - sy * sx / count
    spread = (summed(level**2, all_of) - sy**2 / count) * (summed(one, state**2) - sx**2 / count)
    usual = float(np.median(np.diff(times)))
    bits = n * usual / bit
    alike = np.where((spread > 1e-9 * len(times) ** 2 * float(np.var(level))) & (cov > 0.0) & (bits >= LEAST_BITS),
                     cov**2 / np.maximum(spread, 1e-30), 0.0)  # fmt: skip
    score = -bits * np.log(1.0 - np.clip(alike, 0.0, 0.999))
    best = int(np.argmax(score))
    if score[best] < LEAST_SCORE:
        raise HipdriveError("sync_misfit", f"{where}: what blinks in the clip is not the lamp of this recording: check "
                            "the place of the lamp in the picture, and that both were recorded together")  # fmt: skip
    other = score.copy()
    apart = math.ceil(2.0 * bit / STEP)
    other[max(0, best - apart) : best + apart + 1] = 0.0
    if other.max() > RIVAL * score[best]:
        raise HipdriveError("sync_ambiguous", f"{where}: the lamp's code fits in more than one place, as a regular "
                            "blinking does: use the code of `hipdrive record`, and film it for a second or more"
                            )  # fmt: skip
    return (best - (size - 1)) * STEP - float(times[0]) + 0.5 * STEP


def _posterior(
    times: Floats,
    values: Floats,
    code: _Code,
    start: float,
    drift: float,
    usual: float,
    lengths: Floats,
    ratios: Floats,
) -> tuple[float, float, float]:
    """Mean and SD of the offset at the middle of these frames, s, and the noise as s of exposure."""
    at = times + drift * (times - float(times.mean()))
    centre, reach = start, max(usual, 2.0 * STEP)
    few = lengths[:: max(1, len(lengths) // 3)]
    for lap in range(3):
        fine = FINE if lap else 2 * round(reach / RASTER) + 1
        grid = centre + np.linspace(-reach, reach, fine)
        frames = _sorted(at, values, code, grid, float(lengths.max()) + 6.0 * JITTERS[-1])
        likely = np.array([
            _likelihood(frames, code, grid, length, ratio, jitter) for length in (lengths if lap else few)
            for ratio in ratios for jitter in (JITTERS if lap else JITTERS[::2])
        ])  # fmt: skip
        weight = np.exp(likely - likely.max()).sum(axis=0)
        weight /= weight.sum()
        centre = float(weight @ grid)
        step = 2.0 * reach / (fine - 1)
        spread = math.sqrt(float(weight @ (grid - centre) ** 2) + step**2 / 12.0)
        reach = max(5.0 * spread, 2.0 * step, 0.0 if lap else NEAR)
    return centre, spread, math.sqrt(frames.noise) / max(float(np.ptp(values)), 1e-9) * float(lengths.mean())


@dataclass(frozen=True, eq=False)
class _Frames:
    """Frames in which the lamp may have changed, one by one, and the others as two heaps, dark and lit.

    at, values : of the first. count, mean : of the heaps. within : sum of squares within them. noise : variance.
    """

    at: Floats
    values: Floats
    count: Floats
    mean: Floats
    within: float
    noise: float


def _sorted(at: Floats, values: Floats, code: _Code, grid: Floats, length: float) -> _Frames:
    """Frames by whether any offset of the grid puts a change of the lamp into them."""
    first = np.searchsorted(code.edges, at + grid[0] - 0.5 * length)
    changing = first != np.searchsorted(code.edges, at + grid[-1] + 0.5 * length)
    # the first of the edges stands for the beginning, so the lamp is lit behind each even one
    lit = ~changing & (first % 2 == 0)
    heaps = [values[~changing & ~lit], values[lit]]
    mean = np.array([float(heap.mean()) if len(heap) else 0.0 for heap in heaps])
    within = sum(float(((heap - m) ** 2).sum()) for heap, m in zip(heaps, mean, strict=True))
    count = np.array([float(len(heap)) for heap in heaps])
    least = (NOISE * float(np.ptp(values))) ** 2
    noise = max(within / max(count.sum() - 2.0, 1.0), least) if count.sum() > ENOUGH else 4.0 * least
    return _Frames(at[changing], values[changing], count, mean, within, noise)


def _likelihood(frames: _Frames, code: _Code, grid: Floats, length: float, ratio: float, jitter: float) -> Floats:
    """Log likelihood of each offset, with the best dark and lit level, over all that the frames' times may be off."""
    nodes = jitter * NODES if jitter > 0.0 else np.zeros(1)
    weights = WEIGHTS if jitter > 0.0 else np.ones(1)
    begin = frames.at + grid[:, np.newaxis] - 0.5 * length
    shares = [np.minimum(code.share(begin + node, length) / ratio, 1.0) for node in nodes]
    x = sum((weight * share for weight, share in zip(weights, shares, strict=True)), np.zeros(begin.shape))
    n = len(frames.at) + frames.count.sum()
    sx, sy = x.sum(axis=1) + frames.count[1], frames.values.sum() + frames.count @ frames.mean
    sxx = (x**2).sum(axis=1) + frames.count[1] - sx**2 / n
    sxy = x @ frames.values + frames.count[1] * frames.mean[1] - sx * sy / n
    lit = np.maximum(sxy / np.maximum(sxx, 1e-12), 1e-6)
    dark = (sy - lit * sx) / n
    level = (frames.values - dark[:, np.newaxis]) / lit[:, np.newaxis]
    sharp = (frames.noise / lit**2)[:, np.newaxis]
    # between two nodes lies a frame that is partly lit
    part = PARTIAL + min((NODES[1] - NODES[0]) * jitter / length, 1.0) ** 2 / 3.0
    seen = np.full(begin.shape, STRAY)
    for weight, share in zip(weights, shares, strict=True):
        seen += weight * _normal(level - share, sharp + part * share * (1.0 - share))
    heaps = (frames.within + frames.count[0] * (frames.mean[0] - dark) ** 2
             + frames.count[1] * (frames.mean[1] - dark - lit) ** 2) / frames.noise  # fmt: skip
    return np.asarray(np.log(seen).sum(axis=1) - len(frames.at) * np.log(lit) - 0.5 * heaps)


def _normal(away: Floats, variance: Floats) -> Floats:
    """Density of a normal distribution."""
    return np.asarray(np.exp(-0.5 * away**2 / variance) / np.sqrt(2.0 * np.pi * variance))
