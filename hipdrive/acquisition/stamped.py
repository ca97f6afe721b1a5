"""Time stamps of samples -> how fast their clock runs, how evenly, and what is missing. Nothing is resampled.

A source that stamps its samples (LSL, a board at a serial port) has a clock of its own: its true rate differs from what
it says by some parts in ten thousand, or by 10 % for a cheap converter. Stamps made on arrival come late, in bursts,
never early; a lost sample makes all later ones late for good. That difference is what the functions here look for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hipdrive.errors import UsageError

Floats = NDArray[np.float64]

LATE = 1.5
"""Steps longer than so many sampling intervals may hide a missing sample."""

SURE = 0.6
"""Of an interval: what a whole stretch has to be late by, for a sample to be missing before it."""

WINDOWS_S, FEWEST = (0.1, 1.0), 8
"""s and samples of a stretch in which one sample, at least, was stamped in time; longer ones for stamps in bursts."""

RARE = 16.0
"""Times the usual difference of neighbouring stretches: one that nothing but a missing sample makes."""

ENDS = 3.0
"""Times the late steps of a record: what counts as missing where one side holds few stamps."""

EVEN, WHOLE, MOSTLY, NEARLY_ALL = 0.25, 0.4, 0.8, 0.98
"""Of an interval, and of the steps: where stamps come evenly, most are so near to their median, and nearly all to a
whole number of times it."""

SEVERAL, EVEN_FEW = 32, 0.1
"""Fewer steps have to be nearer, and nearly all of them, to tell an interval."""

BATCHES, FEW = 24, 6
"""Stretches whose medians the line goes through; fewer than FEW say nothing about their spread."""

STRAIGHT, UNEVEN = 0.25, 1.5
"""Intervals, and times the spread within a stretch: medians that scatter by more lie on no line."""

SHORTEST = 1e-9
"""s: nothing is sampled faster."""

FAR = 0.5
"""Of the nominal rate: another one that is farther away is no deviation but another device."""


@dataclass(frozen=True, kw_only=True)
class Regular:
    """The regular clock behind time stamps, or why there is none.

    rate, u95 : Hz as the stamps tell, and its 95 % uncertainty, by the stamps' own clock; NaN where unknown.
    offset : s, when sample 0 was taken. jitter_sd, largest : s by which stamps scatter about the clock, and most.
    gaps : first sample behind, and number, of those that are missing. why : a sentence where there is no such clock.
    """

    rate: float
    u95: float
    offset: float
    jitter_sd: float
    largest: float
    gaps: tuple[tuple[int, int], ...] = ()
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether index over rate is when a sample was taken."""
        return not self.why


def regular(stamps: NDArray[np.float64], nominal: float) -> Regular:
    """Rate, offset, jitter and gaps of the clock that made these stamps.

    The line goes through medians of stretches, so that stamps which come late now and then do not bend it, and its
    uncertainty comes from how the medians scatter, so that bursts do not seem to be many independent samples.

    Parameters
    ----------
    stamps : ndarray, shape (samples,)
        s, on any clock that does not jump.
    nominal : Hz, as the device says.

    Raises
    ------
    UsageError : nominal is no rate, or the stamps are not one number for each sample.

    >>> found = regular(np.arange(1000) / 998.0, 1000.0)
    >>> round(found.rate, 6), found.gaps, found.ok
    (998.0, (), True)
    """
    if not (math.isfinite(nominal) and nominal > 0.0):
        raise UsageError("rate", f"a nominal rate of {nominal} Hz makes no sense; give the device's own, in Hz")
    times = np.asarray(stamps, dtype=np.float64)
    if times.ndim != 1:
        raise UsageError("stamps", f"stamps of shape {times.shape} are not one for each sample; give one row of them")
    if not np.isfinite(times).all():
        return _none("a time stamp is no number")
    if len(times) < FEW:
        return _none("too few samples to tell the clock of their time stamps")
    if times[-1] <= times[0]:
        return _none("the time stamps do not go on")
    period, even = interval(times, 1.0 / nominal)
    for _ in range(2):  # once more with the rate that was found
        gaps = _gaps(times, period, even)
        index = np.arange(len(times)) + _shift(gaps, len(times))
        period, offset, u95_period = _line(index, times)
        if not SHORTEST < period < math.inf:
            return _none("the time stamps do not go on")
    off = times - (offset + period * index)
    return Regular(
        rate=1.0 / period,
        u95=u95_period / period**2,
        offset=offset,
        jitter_sd=float(np.std(off)),
        largest=float(np.abs(off).max()),
        gaps=tuple(gaps),
        why=_why(off, period, nominal),
    )


def _none(why: str) -> Regular:
    return Regular(rate=math.nan, u95=math.nan, offset=math.nan, jitter_sd=math.nan, largest=math.nan, why=why)


def _why(off: Floats, period: float, nominal: float) -> str:
    """What speaks against a regular clock."""
    if abs(1.0 / period - nominal) > FAR * nominal:
        return (f"the time stamps tell {1.0 / period:.5g} Hz where {nominal:g} Hz were said: "
                "the rate in the rig file is that of another device")  # fmt: skip
    middles = _medians(off)
    within = float(np.median([np.diff(np.percentile(part, [16.0, 84.0]))[0] / 2.0 for part in _stretches(off)]))
    if float(np.std(middles)) > max(STRAIGHT * period, UNEVEN * within):
        return ("the time stamps are not those of a regular clock: they wander by "
                f"{np.ptp(middles) / period:.3g} sampling intervals about a straight line")  # fmt: skip
    return ""


# --- the line ---


def _stretches(values: Floats) -> list[Floats]:
    return np.array_split(values, max(FEW, min(BATCHES, len(values) // 4)))


def _medians(values: Floats) -> Floats:
    return np.array([np.median(part) for part in _stretches(values)])


def _line(index: Floats, times: Floats) -> tuple[float, float, float]:
    """Interval, time of index 0 and the interval's u95, s, by medians of stretches."""
    span = float(index[-1] - index[0])
    rough = (times[-1] - times[0]) / span
    off = times - times[0] - rough * index
    place, middle = np.array([part.mean() for part in _stretches(index)]), _medians(off)
    centred = place - place.mean()
    size = float(centred @ centred)
    slope = float(centred @ middle) / size
    rest = middle - middle.mean() - slope * centred
    freedom = len(middle) - 2
    spread = math.sqrt(float(rest @ rest) / freedom / size) * _student(freedom)
    finest = float(np.spacing(np.abs(times).max())) / span  # no stamp is finer than its last bit
    offset = float(times[0]) + float(middle.mean()) - slope * float(place.mean())
    return float(rough + slope), offset, max(spread, finest)


def _student(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's t (Cornish and Fisher's series; within 0.5 % from 4 on).

    >>> round(_student(4), 2), round(_student(22), 3)
    (2.77, 2.074)
    """
    z, v = 1.959964, float(freedom)
    return (z + (z**3 + z) / (4.0 * v) + (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * v**2)
            + (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / (384.0 * v**3))  # fmt: skip


# --- what is missing ---


def interval(times: Floats, said: float) -> tuple[float, bool]:
    """The sampling interval as far as stamps tell it before gaps are known, and whether they come evenly.

    >>> interval(np.arange(10) * 0.011, 0.0125)
    (0.011, True)
    """
    steps = np.diff(times)
    middle = float(np.median(steps)) if len(steps) >= 4 else 0.0
    if middle > 0.0:
        ratio = steps / middle
        near = np.abs(ratio - 1.0) < (EVEN if len(steps) >= SEVERAL else EVEN_FEW)
        whole = np.abs(ratio - np.maximum(1.0, np.rint(ratio))) < WHOLE  # a gap is a whole number of intervals
        needed = (MOSTLY, NEARLY_ALL) if len(steps) >= SEVERAL else (NEARLY_ALL, NEARLY_ALL)
        if float(near.mean()) >= needed[0] and float(whole.mean()) >= needed[1]:
            return float(steps[near].mean()), True
    size = max(64, len(times) // BATCHES)
    slopes = [(part[-1] - part[0]) / (size - 1) for part in (times[i : i + size] for i in
              range(0, len(times) - size + 1, size))]  # fmt: skip
    rough = float(np.median(slopes)) if slopes else 0.0
    return (rough if rough > 0.0 else said), False


def span(period: float, seconds: float = WINDOWS_S[0]) -> int:
    """Samples of a stretch in which one, at least, was stamped in time."""
    return max(FEWEST, round(seconds / period))  # an interval told from stamps is off by their last bits


def missing(before: Floats, after: Floats, period: float, noise: float = 0.0) -> int:
    """How many samples are missing between two stretches of stamps.

    A stamp can be late but not early, so the earliest of a stretch, by the clock, says when the stretch was due.

    before, after : ndarray, shape (n,), stamps up to a doubtful step and behind it. noise : s by which the earliest of
    a stretch may be late although nothing is missing.

    >>> even = np.arange(20) * 0.001
    >>> missing(even, even + 0.023, 0.001), missing(even, np.r_[0.025, 0.0251, 0.022 + even[2:]], 0.001)
    (3, 2)
    """
    due = float((before + period * np.arange(len(before) - 1, -1, -1)).min()) + period
    late = float((after - period * np.arange(len(after))).min()) - due
    return max(1, round(late / period)) if late > max(SURE * period, noise) else 0


def _gaps(times: Floats, period: float, even: bool) -> list[tuple[int, int]]:
    """All that are missing: first sample behind, and number."""
    steps = np.diff(times)
    late = times - period * np.arange(len(times))
    burst = max(0.0, float(np.percentile(steps, 99.0)) - period)
    for seconds in WINDOWS_S:  # longer stretches where short ones hold no stamp in time
        wide = span(period, seconds)
        excess = _lowest(late, wide, back=False)[1:] - _lowest(late, wide, back=True)[:-1]
        usual = np.abs(excess[wide - 1 : max(0, len(excess) - wide) : wide])
        noise = 0.0 if even else max(RARE * float(np.median(usual)) if len(usual) else 0.0,
                                     ENDS * burst if len(usual) < 3 * FEWEST else 0.0)  # fmt: skip
        if noise <= SURE * period:
            break
    doubtful = np.flatnonzero((steps > LATE * period) & (excess > max(SURE * period, noise))) + 1
    found: list[tuple[int, int]] = []
    since, last, needed = 0, len(times), FEWEST if even else wide
    number = 0
    while number < len(doubtful):
        if not even:  # a stretch is late from where most of it is
            beyond = int(np.searchsorted(doubtful, doubtful[number] + wide))
            number += int(np.argmax(excess[doubtful[number:beyond] - 1]))
        place = int(doubtful[number])
        number += 1
        short = min(place - since, last - place) < needed  # too few stamps to trust that one is in time
        lost = missing(times[max(since, place - wide) : place], times[place : place + wide], period,
                       max(noise, ENDS * burst) if short else noise)  # fmt: skip
        if lost:
            found.append((place, lost))
            since = place
    return found


def _lowest(values: Floats, width: int, *, back: bool) -> Floats:
    """The lowest of `width` values up to each place, or from it on (van Herk's way: two runs, whatever the width)."""
    row = values if back else values[::-1]
    width = min(width, len(row))
    padded = np.concatenate([row, np.full(-len(row) % width, np.inf)]).reshape(-1, width)
    ahead = np.minimum.accumulate(padded, axis=1).ravel()
    behind = np.minimum.accumulate(padded[:, ::-1], axis=1)[:, ::-1].ravel()
    lowest = ahead[: len(row)].copy()
    lowest[width - 1 :] = np.minimum(lowest[width - 1 :], behind[: len(row) - width + 1])
    return lowest if back else lowest[::-1]


def _shift(gaps: list[tuple[int, int]], samples: int) -> Floats:
    """How many samples are missing before each."""
    steps = np.zeros(samples)
    for place, lost in gaps:
        steps[place] += lost
    return np.cumsum(steps)
