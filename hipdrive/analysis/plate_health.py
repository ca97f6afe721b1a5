"""How plates are doing while nobody is on them: noise, hum, drift of the zero; and what is to be said of it.

`Watch` looks at plates that run: it takes blocks of newtons, keeps the last seconds of each plate and the means of its
empty seconds, and costs the same for every block. `hum` finds the tones, `rails` the ends of the inputs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.analysis.hum import Spectrum, Tone, remedy, spectrum, tones_in
from hipdrive.analysis.signal import Floats

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


# --- plates that run ---


@dataclass(frozen=True, eq=False)
class Health:
    """How a plate is doing; N. empty : whether nobody was on it in the last second that was looked at.

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
        self._second = max(4, round(rate))
        self._kept = self._size + self._second  # beside what is told of, a second that is not looked at yet
        self._rows = np.zeros((len(self.plates), 2 * self._kept))
        self._end = 0
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
        if self._end + n > 2 * self._kept:  # keep the newer half: each sample is moved once at most
            keep = min(self._end, self._kept)
            self._rows[:, :keep] = self._rows[:, self._end - keep : self._end].copy()
            self._end = keep
        room = min(n, 2 * self._kept - self._end)
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
        """The last samples of a plate for which it was empty without a break, as far as they are held.

        Those that came after the last look are left out: somebody may be stepping onto it.
        """
        end = self._judged
        n = min(self._empty[plate], end, self._size)
        return self._rows[plate, end - n : end].copy()

    @property
    def _judged(self) -> int:
        """The place behind the last second that was looked at."""
        return max(0, self._end - self._waiting)

    def health(self) -> tuple[Health, ...]:
        """How every plate is doing."""
        return tuple(self._health(i, plate) for i, plate in enumerate(self.plates))

    def _health(self, i: int, plate: str) -> Health:
        force = self.recent(i)
        end = self._judged
        last = self._rows[i, max(0, end - self._second) : end]
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
