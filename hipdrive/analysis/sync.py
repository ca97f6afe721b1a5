"""Which instant of a camera's clock is which of the plates': a ClockMap with an error, or the reason why there is none.

Ways: one file (exact), the centre of mass (`match`), events seen by both (`pair`), and an offset that somebody measured
(`given`). Nothing else joins motion with force.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis import coarse, gather, matchgls, onemovement
from hipdrive.analysis.matchgls import Fit, Frames
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.plateheight import Plates, plates_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import HipdriveError, UsageError, sentence
from hipdrive.trial import ClockMap, Floats, Trial

SAME_FILE, COM, EVENTS, ONE_EVENT, MANUAL = "same_file", "com", "events", "one_event", "manual"
"""Methods of a ClockMap."""

REACH, FINE, FINER = 0.12, 0.01, np.linspace(-1.0, 1.0, 21)
"""s on both sides of a candidate that are scanned, in which steps, and parts of a step that are looked at then."""

LIKE, AMBIGUOUS, RIVAL, MOST_SCANNED = 0.75, 1.6, 0.7, 6
"""Candidates this part as alike as the best are tried; of those that fit at most so many times worse than the best, the
one with most movement in common counts, unless another has this part of it; blocks by which they are compared."""

SCALES = (0.4, 2.5)
"""Factors between which the plates' height may be stretched while candidates are compared: the weight is a guess."""


@dataclass(frozen=True, eq=False)
class Sync:
    """How clocks were brought together, and what shows it.

    offset_u95, drift_u95 : of the clock map, s and 1. scale : camera's metres for one of the plates'.
    times : of the frames, s on the force's clock; plate, camera, residual : height, m (residual of events: s).
    """

    clock: ClockMap
    drift: float = 0.0
    drift_u95: float = math.nan
    scale: float = math.nan
    scale_u95: float = math.nan
    pairs: int = 0
    noise: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    times: Floats = field(default_factory=lambda: np.zeros(0))
    plate: Floats = field(default_factory=lambda: np.zeros(0))
    camera: Floats = field(default_factory=lambda: np.zeros(0))
    residual: Floats = field(default_factory=lambda: np.zeros(0))
    notes: tuple[str, ...] = ()

    @property
    def u95(self) -> float:
        """Half width of the 95 % interval of the offset, s."""
        return COVERAGE * self.clock.standard_error


def same_file() -> ClockMap:
    """Motion and force of one file of one system share its clock."""
    return ClockMap(offset=0.0, method=SAME_FILE)


def given(offset: float, u95: float) -> Sync:
    """An offset that somebody measured, with the 95 % uncertainty that they state.

    Raises
    ------
    UsageError : either makes no sense.

    >>> given(0.5, 0.004).clock.to_force(1.0)
    array(1.5)
    """
    if not math.isfinite(offset) or not (math.isfinite(u95) and u95 >= 0.0):
        raise UsageError("sync_given", f"an offset of {offset:g} s with an uncertainty of {u95:g} s makes no sense; "
                         "give both in seconds, for example --offset 0.123 --u95 0.004")  # fmt: skip
    return Sync(clock=ClockMap(offset=offset, standard_error=u95 / COVERAGE, method=MANUAL))


def doubt(clock: ClockMap | None, most: float) -> str:
    """Why motion must not be combined with force: `no_clock`, `clock_unsure`, or "" where it may be.

    most : standard error, s, up to which a number bears it.

    >>> doubt(ClockMap(offset=0.0, standard_error=0.008), 0.005)
    'clock_unsure'
    """
    if clock is None:
        return "no_clock"
    return "" if clock.standard_error <= most else "clock_unsure"


# --- matching the centre of mass ---


def match(
    trial: Trial, motion: Motion, profile: Profile | None = None, *, window: tuple[float, float] | None = None
) -> Sync:
    """The clock map by which the height of the centre of mass is that of the plates.

    window : s on the force's clock; only what lies within is used.

    Raises
    ------
    HipdriveError : it cannot be found, or more than one fits, with the reason.
    """
    p = profile or Profile()
    name = trial.file or "trial"
    if motion.com is None:
        raise _refused("sync_no_com", name)
    plates = plates_of(trial, p.g)
    seen = np.isfinite(motion.com[:, 2])
    times, heights = motion.times[seen], np.asarray(motion.com[seen, 2])
    if len(times) < gather.LEAST_GROUPS:
        raise _refused("sync_short", name)
    wanted = _within(plates, window)
    if not (plates.moving & wanted).any():
        raise _refused("sync_flat", name)
    camera = coarse.of_camera(times, heights)
    found = coarse.candidates(camera, coarse.of_plates(plates))
    if not found:
        raise _refused("sync_misfit", name)
    start = _chosen(found, plates, times, heights, camera, wanted, name)
    return _refined(start, plates, times, heights, camera, wanted, p, name)


def _refused(code: str, name: str) -> HipdriveError:
    return HipdriveError(code, f"{name}: {sentence(code)}")


def _within(plates: Plates, window: tuple[float, float] | None) -> NDArray[np.bool_]:
    """Samples that are wanted."""
    if window is None:
        return np.ones(len(plates.force), dtype=bool)
    return np.asarray((plates.times >= window[0]) & (plates.times <= window[1]))


def _chosen(
    found: list[coarse.Candidate], plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled,
    wanted: NDArray[np.bool_], name: str,
) -> float:  # fmt: skip
    """The candidate that fits best, to about 10 ms.

    Raises
    ------
    HipdriveError : another one fits about as well.
    """
    offsets = np.arange(-REACH, REACH + 0.5 * FINE, FINE)
    scores: list[tuple[float, int, float]] = []
    for one in found:
        blocks = gather.gathered(plates, times, heights, camera, wanted, one.offset)
        if one.likeness < LIKE * found[0].likeness or not blocks:
            continue
        tried = blocks[:MOST_SCANNED]
        near, _, _ = _scanned(tried, plates, one.offset + offsets)
        at, badness, scale = _scanned(tried, plates, near + FINE * FINER)
        if SCALES[0] <= scale <= SCALES[1]:
            groups = sum(len(block.heights) for block in tried)
            scores.append((badness / groups, sum(len(block.heights) for block in blocks), at))
    if not scores:
        raise _refused("sync_misfit", name)
    least = min(scores)[0]
    good = sorted((one for one in scores if one[0] <= AMBIGUOUS * least), key=lambda one: -one[1])
    rivals = [one for one in good[1:] if one[1] > RIVAL * good[0][1] and abs(one[2] - good[0][2]) > coarse.APART]
    if rivals:
        raise _refused("sync_ambiguous", name)
    return good[0][2]


def _scanned(blocks: list[Frames], plates: Plates, offsets: Floats) -> tuple[float, float, float]:
    """The offset at which blocks together fit best, how badly they do there, and the middle scale."""
    scans = [matchgls.scan(block, plates.height, offsets) for block in blocks]
    badness = np.sum([bad for bad, _ in scans], axis=0)
    best = int(np.argmin(badness))
    return float(offsets[best]), float(badness[best]), float(np.median([scale[best] for _, scale in scans]))


def _refined(
    start: float, plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_],
    p: Profile, name: str,
) -> Sync:  # fmt: skip
    """The map by generalised least squares, checked."""
    first = _fitted(start, plates, times, heights, camera, wanted, p, name)
    # the frames that belong to the movement depend on the offset
    pairs = _fitted(_line(first, p)[0], plates, times, heights, camera, wanted, p, name)
    offset, error, drift, drift_error, middle = _line(pairs, p)
    half = 0.5 * max(float(np.ptp(np.concatenate([block.centres for block, _ in pairs]))), 0.0)
    block, fit = min(pairs, key=lambda pair: pair[1].offset_error)
    worst = math.hypot(
        error, drift_error * half, p.sync_model_error * max(onemovement.hysteresis(*pair) for pair in pairs)
    )
    return Sync(
        clock=ClockMap(offset=offset - drift * middle, slope=1.0 + drift, standard_error=worst,
                       residual_rms=fit.time_rms, method=COM),
        drift=drift, drift_u95=COVERAGE * drift_error, scale=onemovement.metres(block, fit, p.g),
        scale_u95=COVERAGE * fit.scale_error, noise=fit.noise,
        times=np.concatenate([one.centres + fitted.offset for one, fitted in pairs]),
        plate=np.concatenate([fitted.plate for _, fitted in pairs]),
        camera=np.concatenate([one.heights for one, _ in pairs]),
        residual=np.concatenate([fitted.residual for _, fitted in pairs]),
        notes=() if drift != 0.0 else ("drift_fixed",),
    )  # fmt: skip


def _fitted(
    start: float, plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_],
    p: Profile, name: str,
) -> list[tuple[Frames, Fit]]:  # fmt: skip
    """The blocks about an offset that are of one movement, each with its fit."""
    blocks = gather.gathered(plates, times, heights, camera, wanted, start)
    if not blocks:
        raise _refused("sync_short", name)
    fits = [(block, matchgls.fit(block, plates.height, plates.speed, start)) for block in blocks]
    good = [
        (block, fit) for block, fit in fits if abs(fit.offset - start) <= REACH and onemovement.same(block, fit, p.g)
    ]
    if 2 * len(good) <= len(fits):
        raise _refused("sync_misfit", name)
    return good


def _line(pairs: list[tuple[Frames, Fit]], p: Profile) -> tuple[float, float, float, float, float]:
    """Offset at the middle of the record and its error, drift and its error, and that middle on the camera's clock."""
    at = np.array([float(block.centres.mean()) for block, _ in pairs])
    found = np.array([fit.offset for _, fit in pairs])
    weight = np.array([fit.offset_error**-2 for _, fit in pairs])
    middle, mean = float(at @ weight / weight.sum()), float(found @ weight / weight.sum())
    error, drift, drift_error = float(weight.sum() ** -0.5), 0.0, p.sync_drift_prior
    long = len(at) > 2 and float(np.ptp(at)) >= p.sync_drift_span
    if long:
        spread = float(weight @ (at - middle) ** 2)
        drift, drift_error = float(weight @ ((at - middle) * (found - mean))) / spread, spread**-0.5
    free = len(at) - 1 - int(long)
    if free > 0:
        scatter = math.sqrt(float(weight @ (found - mean - drift * (at - middle)) ** 2) / free)
        error *= max(1.0, scatter)
        drift_error *= max(1.0, scatter) if long else 1.0
    return mean, error, drift, drift_error, middle
