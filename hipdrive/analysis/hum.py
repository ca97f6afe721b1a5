"""The spectrum of an empty plate, and the tones in it: multiples of the mains first, then whatever else stands out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

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
