"""Which instant of a camera's clock is which of the plates': a ClockMap with an error, or the reason why there is none.

Ways: one file (exact), the centre of mass (`match`), events seen by both (`pair`), and an offset that somebody measured
(`given`). Nothing else joins motion with force.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hipdrive.analysis import coarse, matchgls
from hipdrive.analysis.matchgls import Fit, Frames
from hipdrive.analysis.motion import Motion
from hipdrive.analysis.plateheight import LEAD, Plates, plates_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import HipdriveError, UsageError, sentence
from hipdrive.trial import ClockMap, Floats, Trial

SAME_FILE, COM, EVENTS, ONE_EVENT, MANUAL = "same_file", "com", "events", "one_event", "manual"
"""Methods of a ClockMap."""

AROUND, REACH, FINE = 0.4, 0.12, 0.01
"""s of standing kept on both sides of a movement; s on both sides of a candidate that are scanned, in which steps."""

CAMERA_MOVING, CAMERA_NOISE = 0.2, 6.0
"""What a camera calls movement: an acceleration above this part of g, and above so many times its median."""

FASTEST, MOST_GROUPS, LONGEST_GROUP = 70.0, 320, 0.026
"""Frames a second above which frames are averaged; groups of frames that are matched; s that a group may span."""

LEAST_GROUPS = 25
AMBIGUOUS = 1.6
"""A second candidate that fits at most this many times worse than the best is as good as it."""

LEAST_EXPLAINED = 0.9
"""Of the variance of the camera's height that the plates must explain."""

SCALES, METRES = (0.4, 2.5), (0.85, 1.18)
"""Factors between which the plates' height may be stretched, as long as the weight is a guess; and between which the
camera's metres must be those of gravity, which needs no weight."""


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
    if len(times) < LEAST_GROUPS:
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
    scores: list[tuple[float, float]] = []
    for one in found:
        if one.likeness < 0.75 * found[0].likeness:
            continue
        frames = gathered(plates, times, heights, camera, wanted, one.offset)
        if frames is None:
            continue
        badness, scale = matchgls.scan(frames, plates.height, one.offset + offsets)
        best = int(np.argmin(badness))
        if SCALES[0] <= scale[best] <= SCALES[1]:
            scores.append((float(badness[best]) / len(frames.heights), float(one.offset + offsets[best])))
    if not scores:
        raise _refused("sync_misfit", name)
    scores.sort()
    apart = [score for score, offset in scores[1:] if abs(offset - scores[0][1]) > coarse.APART]
    if apart and apart[0] < AMBIGUOUS * scores[0][0]:
        raise _refused("sync_ambiguous", name)
    return scores[0][1]


def gathered(
    plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_], offset: float
) -> Frames | None:
    """Frames of the movement that both records saw, in groups; None where there are too few."""
    mask = _movement(plates, camera, offset) & wanted
    places = np.round((times + offset) * plates.rate).astype(int)
    inside = (places >= 0) & (places < len(mask))
    use = np.flatnonzero(inside)[mask[places[inside]]]
    if len(use) < LEAST_GROUPS:
        return None
    dt = float(np.median(np.diff(times[use])))
    size = max(1, math.ceil(1.0 / (FASTEST * dt)) if dt > 0.0 else 1)
    size = max(1, min(max(size, math.ceil(len(use) / MOST_GROUPS)), int(LONGEST_GROUP / max(dt, 1e-6)) or 1))
    runs = np.split(use, np.flatnonzero((np.diff(use) > 1) | (np.diff(times[use]) > 0.1)) + 1)
    parts, labels = [], []
    for number, run in enumerate(run for run in runs if len(run) >= 8 * size):
        whole = run[: len(run) // size * size].reshape(-1, size)
        parts.append(whole)
        labels += [number] * len(whole)
    if not parts:
        return None
    groups, stretch = _most_moving(plates, np.concatenate(parts), np.array(labels), times, offset)
    if len(groups) < LEAST_GROUPS:
        return None
    t = times[groups]
    return Frames(t, heights[groups].mean(axis=1), stretch, float(t.mean()))


def _movement(plates: Plates, camera: coarse.Sampled, offset: float) -> NDArray[np.bool_]:
    """Samples in or near which plates or camera see movement, where the plates carry the body."""
    from scipy.ndimage import binary_dilation, maximum_filter1d

    quiet = float(np.median(np.abs(camera.values[camera.known]))) if camera.known.any() else 0.0
    moves = camera.known & (np.abs(camera.values) > max(CAMERA_MOVING * plates.g, CAMERA_NOISE * quiet))
    at = np.round((plates.times - offset - camera.start) * coarse.GRID).astype(int)
    there = (at >= 0) & (at < len(moves))
    both = plates.moving.copy()
    both[there] |= moves[at[there]]
    near = maximum_filter1d(both.astype(np.int8), 2 * round(AROUND * plates.rate) + 1) > 0
    falling = binary_dilation(plates.usable, iterations=max(1, round(0.3 * LEAD * plates.rate)))
    return np.asarray(near & falling)


def _most_moving(
    plates: Plates, groups: NDArray[np.intp], stretch: NDArray[np.intp], times: Floats, offset: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Not more than can be matched at once: the stretches with the fastest movement."""
    if len(groups) <= MOST_GROUPS:
        return groups, stretch
    speed = np.abs(plates.acceleration[np.clip(np.round((times[groups[:, 0]] + offset) * plates.rate).astype(int), 0,
                                               len(plates.force) - 1)])  # fmt: skip
    order = sorted(np.unique(stretch), key=lambda one: -float((speed[stretch == one] ** 2).sum()))
    kept: list[int] = []
    for one in order:
        if not kept or sum(int((stretch == k).sum()) for k in [*kept, one]) <= MOST_GROUPS:
            kept.append(int(one))
    keep = np.flatnonzero(np.isin(stretch, kept))
    if len(keep) > MOST_GROUPS:  # one long stretch: its busiest part
        energy = np.convolve(speed[keep] ** 2, np.ones(MOST_GROUPS), mode="valid")
        first = int(np.argmax(energy))
        keep = keep[first : first + MOST_GROUPS]
    return groups[keep], stretch[keep]


def _refined(
    start: float, plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_],
    p: Profile, name: str,
) -> Sync:  # fmt: skip
    """The map by generalised least squares, checked."""
    frames, fit = _fitted(start, plates, times, heights, camera, wanted, p, name)
    # the frames that belong to the movement depend on the offset
    frames, fit = _fitted(fit.offset, plates, times, heights, camera, wanted, p, name)
    long = _long(frames, p)
    if not _explained(frames, fit) or not METRES[0] <= (metres := _metres(frames, fit, p.g)) <= METRES[1]:
        raise _refused("sync_misfit", name)
    error, drift = fit.offset_error, fit.drift
    half = 0.5 * float(np.ptp(frames.times))
    error = math.hypot(error, (fit.drift_error if long else p.sync_drift_prior) * half,
                       p.sync_model_error * _hysteresis(frames, fit, plates))  # fmt: skip
    slope = 1.0 + drift
    on_force = matchgls.at(frames, fit.offset, drift).mean(axis=1)
    return Sync(
        clock=ClockMap(offset=fit.offset - drift * frames.middle, slope=slope, standard_error=error,
                       residual_rms=fit.time_rms, method=COM),
        drift=drift, drift_u95=COVERAGE * (fit.drift_error if long else p.sync_drift_prior), scale=metres,
        scale_u95=COVERAGE * fit.scale_error, noise=fit.noise, times=on_force, plate=fit.plate, camera=frames.heights,
        residual=fit.residual, notes=() if long else ("drift_fixed",),
    )  # fmt: skip


def _hysteresis(frames: Frames, fit: Fit, plates: Plates) -> float:
    """By how much a centre of mass would be late that is too high by all of its range on the way up, too low down, s.

    A body's model is wrong by other amounts on the way down than up, since trunk and arms are not where they were then:
    that looks like a late clock, most of all in slow movements, and no noise shows it.
    """
    speed = fit.scale * plates.speed(matchgls.at(frames, fit.offset, fit.drift))
    return float(np.ptp(frames.heights)) / max(float(np.abs(speed).max()), 1e-6)


def _metres(frames: Frames, fit: Fit, g: float) -> float:
    """The camera's metres for one of the plates', by the bend that gravity leaves: no weight is needed for it.

    The camera sees k·(∬F/m - g·t²/2). Fitted is s·(∬F/m' - g·t²/2) + c·t², so k = s - 2·c/g, whatever m' is.
    """
    longest = int(np.argmax(np.bincount(frames.stretch)))
    inside = frames.stretch == longest
    half = max(float(np.ptp(frames.centres[inside])) / 2.0, 1e-3)
    place = 3 * int(np.flatnonzero(np.unique(frames.stretch) == longest)[0]) + 2
    return float(fit.scale - 2.0 * fit.weights[place] / half**2 / g)


def _fitted(
    start: float, plates: Plates, times: Floats, heights: Floats, camera: coarse.Sampled, wanted: NDArray[np.bool_],
    p: Profile, name: str,
) -> tuple[Frames, Fit]:  # fmt: skip
    """Frames about an offset, and the fit to them."""
    frames = gathered(plates, times, heights, camera, wanted, start)
    if frames is None:
        raise _refused("sync_short", name)
    fit = matchgls.fit(frames, plates.height, plates.speed, start, with_drift=_long(frames, p))
    if not math.isfinite(fit.offset) or abs(fit.offset - start) > REACH:
        raise _refused("sync_misfit", name)
    return frames, fit


def _long(frames: Frames, p: Profile) -> bool:
    """Whether drift can be told from an offset."""
    return float(np.ptp(frames.times)) >= p.sync_drift_span


def _explained(frames: Frames, fit: Fit) -> bool:
    """Whether the plates' height is most of what the camera saw, beyond the quadratics."""
    base, *_ = np.linalg.qr(matchgls.background(frames))
    seen = frames.heights - base @ (base.T @ frames.heights)
    return float((fit.residual**2).sum()) < (1.0 - LEAST_EXPLAINED) * float((seen**2).sum())
