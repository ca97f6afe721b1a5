"""Readings of plates under known masses: taken while somebody puts them there, or out of recordings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hipdrive.acquisition.recorder import Recorder
from hipdrive.errors import UsageError
from hipdrive.hardware.checkplan import Row, Step
from hipdrive.hardware.frames import turn_of
from hipdrive.hardware.platefit import Reading
from hipdrive.hardware.weights import Gravity, force
from hipdrive.trial import Floats, Tare, Trial

if TYPE_CHECKING:
    from hipdrive.hardware.kinds import PlateFacts
    from hipdrive.hardware.rig import Rig

WINDOW, PIECES, LOOK = 1.0, 4, 0.1
"""s that are averaged, in how many pieces stillness is looked for, and how often."""

STILL, STILL_PART = 0.5, 1e-3
"""N, and part of the load: how far the means of the pieces of a second may lie apart. A mass that lies, lies still."""

NEAR, NEAR_N = 0.2, 30.0
"""Part of a load, and N, by which the force may differ from it and still be taken for it without being asked."""

PATIENCE = 180.0
"""s for a mass to be put on a plate."""

Asked = Callable[[int, Step], bool]
"""Tells the number of a step and the step; whether to wait for stillness by itself (False: it is there now)."""


def still(force: Floats, expected: float) -> bool:
    """Whether a stretch of force of one plate lies still.

    >>> still(np.full(1000, 196.2), 196.2), still(np.linspace(190.0, 200.0, 1000), 196.2)
    (True, False)
    """
    means = [part.mean() for part in np.array_split(force, PIECES)]
    return bool(np.ptp(means) <= max(STILL, STILL_PART * abs(expected)))


def near(mean: float, expected: float, step: float) -> bool:
    """Whether a mean force can be that of an expected load; `step` is the smallest mass of the plan, N."""
    return abs(mean - expected) <= max(NEAR * expected, min(NEAR_N, 0.4 * step))


class Loading:
    """Takes the readings of a plan from running plates.

    recorder : of a rig, not started yet. steps : the plan. gravity : as `weights.gravity` gives it.
    """

    def __init__(self, recorder: Recorder, steps: Sequence[Step], gravity: Gravity) -> None:
        assert recorder.rig is not None
        self.rig: Rig = recorder.rig
        self.recorder, self.steps, self.gravity = recorder, tuple(steps), gravity
        self._held: list[Floats] = []
        self._first = self._done = 0
        self._level: Floats = np.zeros(len(self.rig.plates))
        self._empty: tuple[Tare, ...] = ()

    def readings(self, ask: Asked, *, patience: float = PATIENCE) -> Iterator[Reading]:
        """Every reading as it was taken.

        Raises
        ------
        UsageError : a device stopped, or nothing like the mass came onto its plate.
        """
        self._cursor = self.recorder.cursor(first=True)
        self._zeroed(patience)
        smallest = min(force(one.mass, self.gravity) for one in self.steps if one.mass > 0.0)
        for number, step in enumerate(self.steps, 1):
            waits = ask(number, step)
            if not waits:  # what was before somebody said that the mass lies is another load
                self._done = max(self._done, int(self.recorder.seconds * self.recorder.rate))
            yield self._take(step, smallest if waits else None, patience)

    def _zeroed(self, patience: float) -> None:
        """The empty plates at the start: a zero as of any session."""
        told = "the plates do not come to rest: take everything off them and leave them alone"
        held, end = self._wait(lambda held: all(still(row, 0.0) for row in held), patience, told)
        self._level = held.mean(axis=1)  # force is linear in the channels, so the zero of the sum is a shift
        self._empty = self.recorder.measure(WINDOW, until=end)

    def _take(self, step: Step, smallest: float | None, patience: float) -> Reading:
        place = self.recorder.plates.index(step.plate)
        expected = force(step.mass, self.gravity)

        def there(held: Floats) -> bool:
            return still(held[place], expected) and (smallest is None or near(held[place].mean(), expected, smallest))

        told = (f"plate {step.plate!r}: {expected:.0f} N of {step.mass:g} kg did not come to rest on it; put the mass "
                "on, or check the sensitivity in the rig file if it is there")  # fmt: skip
        held, end = self._wait(there, patience, told, place)
        reading = Reading(plate=step.plate, mass=step.mass, x=step.x, y=step.y, force=float(held[place].mean()),
                          time=end / self.recorder.rate)  # fmt: skip
        if step.mass <= 0.0:
            self._empty = self.recorder.measure(WINDOW, until=end)  # the centre of pressure needs a zero of now
            return reading
        copx, copy = self._pressure(step, end)
        return Reading(**{**vars(reading), "copx": copx, "copy": copy})

    def _wait(self, there: Callable[[Floats], bool], patience: float, told: str, place: int = 0) -> tuple[Floats, int]:
        """The first stretch of which something holds, (plates, n), and the sample behind it."""
        rate = self.recorder.rate
        window, look = max(PIECES, round(WINDOW * rate)), max(1, round(LOOK * rate))
        began, last = self._done, math.nan
        while True:
            end = self._done + window
            while end <= self._first + sum(one.shape[1] for one in self._held):
                held = self._stretch(end - window, end)
                if there(held):
                    self._done = end
                    return held, end
                last, self._done = float(held[place].mean()), self._done + look
                end = self._done + window
                if self._done - began > patience * rate:
                    raise UsageError("no_load", f"{told} (the plate shows {last:.0f} N)")
            self._fetch()

    def _stretch(self, begin: int, end: int) -> Floats:
        """Zeroed samples that are held; what lies before them is let go of."""
        while len(self._held) > 1 and self._first + self._held[0].shape[1] <= begin:
            self._first += self._held.pop(0).shape[1]
        joined = self._held[0] if len(self._held) == 1 else np.concatenate(self._held, axis=1)
        self._held = [joined]
        return joined[:, begin - self._first : end - self._first] - self._level[:, np.newaxis]

    def _fetch(self) -> None:
        """New samples, or a short wait for them."""
        ending = self.recorder.finished.is_set()
        chunk = self._cursor.new()
        if chunk.lost:
            self._held, self._first = [], chunk.first_sample
            self._done = max(self._done, chunk.first_sample)
        if chunk.samples:
            self._held.append(self.recorder.newtons(chunk))
            if len(self._held) == 1:
                self._first = chunk.first_sample
        elif ending:
            raise UsageError("ended", "the device stopped before all readings were taken; check it, then start again")
        else:
            time.sleep(0.01)

    def _pressure(self, step: Step, end: int) -> tuple[float, float]:
        """Centre of pressure in the plate's own directions, from its centre, m; NaN where the plate has none."""
        trial = self.recorder.cut(end - round(WINDOW * self.recorder.rate), end, tare=self._empty)
        return pressure_of(trial, self.rig.plate(step.plate))


def pressure_of(trial: Trial, plate: PlateFacts, rows: slice = slice(None)) -> tuple[float, float]:
    """Mean centre of pressure of a plate in its own directions, from its centre, m."""
    found = [trial.components.get(f"{plate.id}.{axis}") for axis in ("copx", "copy")]
    if found[0] is None or found[1] is None:
        return math.nan, math.nan
    both = np.array([found[0][rows], found[1][rows]])
    if not np.isfinite(both).all():
        return math.nan, math.nan
    x, y = turn_of(plate).T @ (both.mean(axis=1) - plate.position_m)
    return float(x), float(y)


# --- recordings ---


def of_rows(rows: Sequence[Row], rig: Rig, gravity: Gravity) -> tuple[Reading, ...]:
    """The readings of a file: as they stand there, or the stillest second of the recordings that it names.

    Raises
    ------
    UsageError : a plate that the rig has not, or a recording in which nothing of that mass lies still.
    ReadError : a recording cannot be read.
    """
    known = {plate.id for plate in rig.plates}
    found = []
    for row in rows:
        if row.step.plate not in known:
            raise UsageError("plate_unknown", f"{row.source}: line {row.line}: rig {rig.name!r} has no plate "
                             f"{row.step.plate!r}; it has {', '.join(sorted(known))}")  # fmt: skip
        if row.reading is not None:
            found.append(row.reading)
        elif row.file is not None:
            found.append(_recorded(row, row.file, rig, gravity))
    return tuple(found)


def _recorded(row: Row, file: Path, rig: Rig, gravity: Gravity) -> Reading:
    from hipdrive.acquisition.formats.reading import read

    trial, step = read(file), row.step
    if step.plate not in trial.plates:
        raise UsageError("plate_unknown", f"{file}: holds no plate {step.plate!r}; it has {', '.join(trial.plates)}")
    fz, expected = trial.fz[trial.plates.index(step.plate)], force(step.mass, gravity)
    begin = stillest(fz, trial.rate, expected)
    if begin is None:
        raise UsageError("no_load", f"{file}: no second in which {step.mass:g} kg ({expected:.0f} N) lie still on "
                         f"plate {step.plate!r}; record it again, or correct line {row.line}")  # fmt: skip
    rows = slice(begin, begin + max(PIECES, round(WINDOW * trial.rate)))
    copx, copy = pressure_of(trial, rig.plate(step.plate), rows) if step.mass > 0.0 else (math.nan, math.nan)
    return Reading(plate=step.plate, mass=step.mass, x=step.x, y=step.y, force=float(fz[rows].mean()),
                   copx=copx, copy=copy)  # fmt: skip


def stillest(fz: Floats, rate: float, expected: float) -> int | None:
    """Where the stillest second begins in which a plate carries about a load; None where there is none.

    >>> stillest(np.r_[np.zeros(1500), np.linspace(0.0, 196.0, 500), np.full(1500, 196.0)], 1000.0, 196.2)
    2000
    """
    window, look = max(PIECES, round(WINDOW * rate)), max(1, round(LOOK * rate))
    found = []
    for begin in range(0, len(fz) - window + 1, look):
        held = fz[begin : begin + window]
        if still(held, expected) and near(float(held.mean()), expected, 2.5 * NEAR_N):
            found.append((float(held.std()), begin))
    return min(found)[1] if found else None


def by_plate(readings: Sequence[Reading]) -> Mapping[str, tuple[Reading, ...]]:
    """Readings of each plate, in their order."""
    names = dict.fromkeys(one.plate for one in readings)
    return {name: tuple(one for one in readings if one.plate == name) for name in names}
