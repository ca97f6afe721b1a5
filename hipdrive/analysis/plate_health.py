"""How plates are doing while nobody is on them: noise and its tones, mains hum, drift of the zero, inputs at their end.

`spectrum` and `tones` look at a stretch of an empty plate, `Watch` at plates that run: it takes blocks of newtons,
keeps the last seconds of each plate and the means of its empty seconds, and costs the same for every block. `Rails`
says which counts mean that a channel has reached the end of its range.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hipdrive.analysis.signal import Floats

MAINS = (50.0, 60.0)
HARMONICS = 10
"""Hz, and how many multiples are looked for."""

SEGMENT, SHORTEST = 1.0, 0.5
"""s of a piece of Welch's method (1 Hz apart); s below which there is no spectrum."""

BY_CHANCE, OTHER_BY_CHANCE = 1e-5, 1e-7
"""How likely noise alone may be to reach the power of a peak, in one bin: at the places of the mains, some eighty bins,
and anywhere. Of noise the power of a bin, averaged over pieces, has twice as many degrees of freedom (chi-squared)."""

BESIDE, WIDE = 3, 20.0
"""Bins on each side that belong to a peak under this window; Hz around it that say what noise is."""

LEAST, LOWEST = 0.05, 5.0
"""N and Hz below which nothing is called a tone."""

MOST_OTHERS = 3

HUM_WARN = 1.0
"""N of amplitude: engineering default, a third of the noise that METRICS.md Q7 warns of."""

NOISE_WARN, ZERO_WARN = 3.0, 2.0
"""N: METRICS.md Q7 (SD of the empty plate) and Q8 (its mean)."""

DRIFT_WARN = 0.05
"""N/s: METRICS.md Q9; 3 N in a minute."""

EMPTY, TOUCHED = 50.0, 15.0
"""N: mean and SD of a second beyond which somebody is on the plate, or touches it."""

HELD, REMEMBERED, DRIFT_SECONDS = 8.0, 180, 10
"""s of samples; empty seconds that are remembered; how many of them a drift needs."""

NEAR_END = 0.99
"""Share of a range that counts as its end (METRICS.md Q10)."""


# --- spectrum ---


@dataclass(frozen=True, eq=False)
class Spectrum:
    """frequency : Hz, (n,). power : N²/Hz, (n,); its root is the noise density. pieces : how many were averaged."""

    frequency: Floats
    power: Floats
    pieces: int = 1

    @property
    def step(self) -> float:
        """Between two frequencies, Hz."""
        return float(self.frequency[1] - self.frequency[0])

    @property
    def amplitude(self) -> Floats:
        """Of a tone that is spread by the window over three bins, as its middle bin shows it, N."""
        return np.sqrt(2.0 * self.power * 1.5 * self.step)


@dataclass(frozen=True)
class Tone:
    """A frequency that stands out. amplitude : N, peak. mains : 50 or 60 and which multiple of it, else 0 and 0."""

    frequency: float
    amplitude: float
    mains: float = 0.0
    order: int = 0

    @property
    def name(self) -> str:
        """In words.

        >>> Tone(149.9, 0.4, 50.0, 3).name, Tone(33.0, 0.4).name
        ('mains, 3 x 50 Hz', '33 Hz')
        """
        if not self.order:
            return f"{self.frequency:.0f} Hz"
        return f"mains, {self.mains:g} Hz" if self.order == 1 else f"mains, {self.order} x {self.mains:g} Hz"


def spectrum(force: ArrayLike, rate: float) -> Spectrum | None:
    """Welch's spectrum of one plate (Hann window, pieces of a second, half over one another); None of less than half a
    second.

    force : (n,), N. rate : Hz.
    """
    from scipy.signal import welch

    samples = np.asarray(force, dtype=np.float64)
    if len(samples) < max(16, SHORTEST * rate):
        return None
    length = min(len(samples), round(SEGMENT * rate))
    frequency, power = welch(samples, fs=rate, window="hann", nperseg=length, detrend="linear", scaling="density")
    return Spectrum(frequency, power, 1 + (len(samples) - length) // (length - length // 2))


def tones(force: ArrayLike, rate: float) -> tuple[Tone, ...]:
    """The tones of a stretch of an empty plate, those of the mains first, then the strongest others.

    >>> times = np.arange(4000) / 1000.0
    >>> force = 2.0 * np.sin(2.0 * np.pi * 50.1 * times) + np.random.default_rng(1).normal(0.0, 0.5, 4000)
    >>> [(tone.name, round(tone.amplitude, 1)) for tone in tones(force, 1000.0)]
    [('mains, 50 Hz', 2.0)]
    """
    return tones_in(spectrum(force, rate))


def tones_in(seen: Spectrum | None) -> tuple[Tone, ...]:
    """The same of a spectrum; none of none."""
    if seen is None:
        return ()
    best = max((_of_mains(seen, base) for base in MAINS), key=lambda found: sum(one.amplitude**2 for one in found))
    return (*best, *_others(seen, [one.frequency for one in best]))


def _of_mains(seen: Spectrum, base: float) -> list[Tone]:
    """Multiples of a mains frequency that stand out. A grid keeps to a quarter of a hertz."""
    found = []
    for order in range(1, HARMONICS + 1):
        middle, away = order * base, 1.0 + 0.25 * order
        if middle + away + WIDE / 4.0 > seen.frequency[-1]:
            break
        near = np.flatnonzero(np.abs(seen.frequency - middle) <= away)
        at = int(near[seen.power[near].argmax()])
        amplitude = _amplitude(seen, at, BY_CHANCE)
        if amplitude >= LEAST:
            found.append(Tone(float(seen.frequency[at]), amplitude, base, order))
    return found


def _others(seen: Spectrum, known: Sequence[float]) -> list[Tone]:
    """The strongest further tones."""
    power = seen.power.copy()
    power[seen.frequency < LOWEST] = 0.0
    for frequency in known:
        power[np.abs(seen.frequency - frequency) <= (BESIDE + 1) * seen.step] = 0.0
    found: list[Tone] = []
    while len(found) < MOST_OTHERS and power.max(initial=0.0) > 0.0:
        at = int(power.argmax())
        amplitude = _amplitude(seen, at, OTHER_BY_CHANCE)
        if amplitude < LEAST:
            break
        found.append(Tone(float(seen.frequency[at]), amplitude))
        power[max(0, at - 2 * BESIDE) : at + 2 * BESIDE + 1] = 0.0
    return found


def _amplitude(seen: Spectrum, at: int, by_chance: float) -> float:
    """Of the peak at a bin, N, wherever between two bins it is; 0 where it does not stand out of the noise."""
    from scipy.special import chdtri

    wide = max(2 * BESIDE + 2, round(WIDE / seen.step))
    beside = np.r_[max(1, at - wide) : max(1, at - BESIDE), min(len(seen.power), at + BESIDE + 1) :
                   min(len(seen.power), at + wide + 1)]  # fmt: skip
    if not len(beside):
        return 0.0
    floor = float(np.median(seen.power[beside]))
    freedom = 2.0 * seen.pieces
    sure = 1.0 + 3.0 * 1.25 / math.sqrt(seen.pieces * len(beside))  # the median of few bins may be too low
    if seen.power[at] * chdtri(freedom, 0.5) < sure * floor * chdtri(freedom, by_chance):
        return 0.0
    peak = seen.power[max(0, at - BESIDE) : at + BESIDE + 1]
    return math.sqrt(2.0 * max(0.0, float(peak.sum()) - floor * len(peak)) * seen.step)


def remedy(tone: Tone) -> str:
    """What to do about a tone."""
    if not tone.order:
        return ("look for what runs at this frequency: a fan, a motor, a treadmill, music, or the plate's own ringing "
                "on a soft floor")  # fmt: skip
    if tone.order == 2:
        return "ripple of a power supply: try another supply for the amplifier, or a battery"
    if tone.order > 2:
        return "a dimmer, lamp or switching supply nearby: switch such things off one by one, and move cables away"
    return ("shield to ground at one end only, plate, amplifier and computer at one socket, cables away from mains "
            "cables, and DIFF wiring (docs/wiring.md)")  # fmt: skip


# --- drift ---


@dataclass(frozen=True)
class Drift:
    """Change of an empty plate's force, N/s, and half the width of its 95 % interval."""

    rate: float
    u95: float

    @property
    def certain(self) -> bool:
        """Whether it is more than `DRIFT_WARN` beyond doubt."""
        return abs(self.rate) - self.u95 > DRIFT_WARN


def drift(times: ArrayLike, means: ArrayLike) -> Drift:
    """Least-squares slope of the means of empty seconds; NaN of fewer than three.

    >>> found = drift([0.0, 1.0, 2.0, 3.0], [0.0, 0.1, 0.2, 0.3])
    >>> round(found.rate, 6), found.u95 < 1e-9
    (0.1, True)
    """
    from scipy.special import stdtrit

    t, y = np.asarray(times, dtype=np.float64), np.asarray(means, dtype=np.float64)
    if len(t) < 3:
        return Drift(math.nan, math.nan)
    apart = t - t.mean()
    spread = float(apart @ apart)
    slope = float(apart @ y) / spread
    left = y - y.mean() - slope * apart
    sd = math.sqrt(float(left @ left) / (len(t) - 2))
    return Drift(slope, float(stdtrit(len(t) - 2, 0.975)) * sd / math.sqrt(spread))


# --- ends of the range ---


class Rails:
    """Counts at which the channels of a device are at the end of their range.

    dtype : of the counts. scaling : (channels, 4), counts to the channel's unit, or None. low, high : of each
    channel's range in that unit.

    >>> rails = Rails(np.int16, np.array([[0.0, 1e-3, 0.0, 0.0]]), [-10.0], [10.0])
    >>> rails.reached(np.array([[9899], [9901], [-9950], [0]], dtype=np.int16)).tolist()
    [2]
    """

    def __init__(self, dtype: Any, scaling: ArrayLike | None, low: Sequence[float], high: Sequence[float]) -> None:
        ends = np.array([low, high], dtype=np.float64) * NEAR_END
        if scaling is not None:
            factors = np.asarray(scaling, dtype=np.float64)
            with np.errstate(divide="ignore", invalid="ignore"):
                ends = (ends - factors[:, 0]) / factors[:, 1]
            ends = np.sort(np.where(np.isfinite(ends), ends, [[-np.inf], [np.inf]]), axis=0)
        self.low, self.high = ends
        if np.issubdtype(np.dtype(dtype), np.integer):
            # the converter's own last counts are an end, whatever range was asked for
            self.low = np.maximum(self.low, np.iinfo(dtype).min + 0.5)
            self.high = np.minimum(self.high, np.iinfo(dtype).max - 0.5)

    def reached(self, counts: ArrayLike) -> NDArray[np.int64]:
        """How many samples of each channel, (n, channels), are at an end."""
        rows = np.asarray(counts)
        return np.asarray(((rows >= self.high) | (rows <= self.low)).sum(axis=0), dtype=np.int64)


# --- plates that run ---


@dataclass(frozen=True, eq=False)
class Health:
    """How a plate is doing; N. empty : whether nobody was on it in the last second.

    noise, tones and spectrum are those of the last empty seconds, NaN, none and None where there were none.
    """

    plate: str
    empty: bool
    level: float
    noise: float
    drift: Drift
    tones: tuple[Tone, ...]
    spectrum: Spectrum | None
    seconds: float


class Watch:
    """Plates that are watched while they run: block by block, at the same cost whatever came before.

    plates : names in the order of the rows. rate : Hz. held : s of samples that are kept.
    """

    def __init__(self, plates: Sequence[str], rate: float, *, held: float = HELD) -> None:
        self.plates, self.rate = tuple(plates), rate
        self._size = max(16, round(held * rate))
        self._rows = np.zeros((len(self.plates), 2 * self._size))
        self._end = 0
        self._second = max(4, round(rate))
        self._waiting = 0
        self._samples = 0
        self._empty = [0] * len(self.plates)
        self._means: list[deque[tuple[float, float]]] = [deque(maxlen=REMEMBERED) for _ in self.plates]

    def add(self, force: Floats, first_sample: int | None = None) -> None:
        """Samples, (plates, n). first_sample : their number; where it jumps, the samples before are let go of."""
        if first_sample is not None and first_sample != self._samples:
            self._end = self._waiting = 0
            self._empty = [0] * len(self.plates)
            self._samples = first_sample
        for start in range(0, force.shape[1], self._second):
            self._add(force[:, start : start + self._second])

    def _add(self, force: Floats) -> None:
        n = force.shape[1]
        if self._end + n > 2 * self._size:  # keep the newer half: each sample is moved once at most
            keep = min(self._end, self._size)
            self._rows[:, :keep] = self._rows[:, self._end - keep : self._end].copy()
            self._end = keep
        room = min(n, 2 * self._size - self._end)
        self._rows[:, self._end : self._end + room] = force[:, n - room :]
        self._end += room
        self._samples += n
        self._waiting += n
        if self._waiting >= self._second:
            self._waiting = 0
            self._look()

    def _look(self) -> None:
        """The last second of each plate: empty or not."""
        last = self._rows[:, max(0, self._end - self._second) : self._end]
        for i, (mean, sd) in enumerate(zip(last.mean(axis=1).tolist(), last.std(axis=1).tolist(), strict=True)):
            if abs(mean) < EMPTY and sd < TOUCHED:
                self._means[i].append((self._samples / self.rate, mean))
                self._empty[i] += self._second
            else:
                self._empty[i] = 0

    def zeroed(self) -> None:
        """The zero was taken anew: what the plates read before says nothing of their drift, nor of their noise."""
        self._end = self._waiting = 0
        self._empty = [0] * len(self.plates)
        for means in self._means:
            means.clear()

    def drift(self, plate: int) -> Drift:
        """Of a plate's empty seconds; NaN of too few."""
        means = self._means[plate]
        if len(means) < DRIFT_SECONDS:
            return Drift(math.nan, math.nan)
        return drift(*np.array(means).T)

    def recent(self, plate: int) -> Floats:
        """The last samples of a plate for which it was empty without a break, as far as they are held."""
        n = min(self._empty[plate], self._end, self._size)
        return self._rows[plate, self._end - n : self._end].copy()

    def health(self) -> tuple[Health, ...]:
        """How every plate is doing."""
        return tuple(self._health(i, plate) for i, plate in enumerate(self.plates))

    def _health(self, i: int, plate: str) -> Health:
        force = self.recent(i)
        last = self._rows[i, max(0, self._end - self._second) : self._end]
        seen = spectrum(force, self.rate)
        return Health(
            plate=plate,
            empty=bool(len(force)),
            level=float(last.mean()) if len(last) else math.nan,
            noise=float(_detrended(force).std()) if len(force) >= 16 else math.nan,
            drift=self.drift(i),
            tones=tones_in(seen),
            spectrum=seen,
            seconds=len(force) / self.rate,
        )


def _detrended(force: Floats) -> Floats:
    """Without its mean and slope."""
    times = np.arange(len(force)) - 0.5 * (len(force) - 1)
    slope = float(times @ force) / float(times @ times)
    return np.asarray(force - force.mean() - slope * times)


# --- what that means ---


@dataclass(frozen=True)
class Remark:
    """One thing about a plate: level info, warn or fail, what was seen, what to do."""

    plate: str
    code: str
    level: str
    message: str
    remedy: str = ""


def remarks(health: Health) -> tuple[Remark, ...]:
    """What is to be said of a plate."""
    name, found = health.plate, []
    if not health.empty:
        return (Remark(name, "occupied", "info", "somebody is on the plate", "step off to see its noise and drift"),)
    hum = [one for one in health.tones if one.order]
    strong = [one for one in hum if one.amplitude > HUM_WARN]
    if hum:
        told = ", ".join(f"{one.name}: {one.amplitude:.1f} N" for one in hum[:4])
        most = max(hum, key=lambda one: one.amplitude)
        found.append(Remark(name, "hum", "warn" if strong else "info", told, remedy(most) if strong else ""))
    for one in health.tones:
        if not one.order and one.amplitude > HUM_WARN:
            found.append(Remark(name, "tone", "warn", f"a tone of {one.name}, {one.amplitude:.1f} N", remedy(one)))
    if health.noise > NOISE_WARN:
        told = f"noise of {health.noise:.1f} N, more than {NOISE_WARN:g} N"
        mend = "" if strong else "check plugs and shield, and that nothing touches the plate"
        found.append(Remark(name, "noise", "warn", told, mend))
    if abs(health.level) > ZERO_WARN:
        found.append(Remark(name, "zero", "warn", f"the empty plate shows {health.level:+.1f} N", "zero it"))
    if health.drift.certain:
        found.append(drifting(name, health.drift))
    return tuple(found)


def drifting(plate: str, drift: Drift) -> Remark:
    """A drift that is too fast."""
    return Remark(plate, "drift", "warn", f"its zero drifts by {60.0 * drift.rate:+.1f} N a minute (limit "
                  f"{60.0 * DRIFT_WARN:g})", "let plate and amplifier warm up for half an hour, keep connectors dry "
                  "and clean, and zero before every jump")  # fmt: skip


def at_the_end(plate: str, what: str) -> Remark:
    """A channel that reached the end of its range."""
    return Remark(plate, "clipped", "fail", f"{what} was at the end of its range, so peaks are cut off",
                  "choose a larger range of amplifier and input (range_v, range_n), then jump again")  # fmt: skip
