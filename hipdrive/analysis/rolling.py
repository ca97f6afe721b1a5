"""The last seconds of a signal in bounded memory, and what is found in them cell by cell: stillness and rest.

Nothing in here grows with the recording, and a cell costs the same after an hour as after a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Floats
from hipdrive.analysis.weighing import QUARTER


class Tail:
    """The last `keep` columns, at least, of an endless array of `rows` rows; columns count from the beginning."""

    def __init__(self, rows: int, keep: int) -> None:
        self._values = np.zeros((rows, 2 * keep))
        self._keep = keep
        self._begin = self._count = 0

    @property
    def end(self) -> int:
        """Number of the next column."""
        return self._begin + self._count

    @property
    def begin(self) -> int:
        """Number of the oldest column that is held."""
        return self._begin

    @property
    def nbytes(self) -> int:
        """Memory, which never changes."""
        return int(self._values.nbytes)

    def append(self, columns: Floats) -> None:
        """Add columns, (rows, n) with n at most `keep`; the oldest make room."""
        n = columns.shape[1]
        if self._count + n > self._values.shape[1]:
            old = self._count - self._keep
            self._values[:, : self._keep] = self._values[:, old : self._count]
            self._begin, self._count = self._begin + old, self._keep
        self._values[:, self._count : self._count + n] = columns
        self._count += n

    def between(self, first: int, last: int) -> Floats:
        """Columns [first, last), those that are still held, as a view."""
        begin = max(first, self._begin) - self._begin
        return self._values[:, begin : max(begin, min(last - self._begin, self._count))]

    def restart(self, at: int) -> None:
        """Forget everything; the next column is number `at`."""
        self._begin, self._count = at, 0


@dataclass(frozen=True)
class Stretch:
    """A still stretch: cells [start, end), mean force N with the zero error in it, and SD of its samples, N."""

    start: int
    end: int
    mean: float
    sd: float


@dataclass(frozen=True)
class Grid:
    """The cells of a signal: samples in one, its true length in s, and cells in a quarter second and in a span."""

    cell: int
    rate: float

    @property
    def time(self) -> float:
        """Length of a cell, s."""
        return self.cell / self.rate

    @property
    def quarter(self) -> int:
        """Cells in a quarter second (METRICS.md 20)."""
        return int(np.ceil(QUARTER / self.time - 1e-9))

    def cells(self, seconds: float) -> int:
        """Cells in a span, at least one."""
        return max(1, round(seconds / self.time))


SUM, SQUARE, INTEGRAL, CHANGE = range(4)
"""Rows of the cells: sum and sum of squares of the samples, the force's integral up to the first of them, and the sum
of squares of what each differs from the one before.
"""


def still_stretch(
    cells: Tail, end: int, first: int, level: float, noise: float, profile: Profile, limit: float, grid: Grid
) -> Stretch | None:
    """The stretch that ends before cell `end`, not before `first`, if it is still: the rule of `weighing`.

    One second at least, then as many quarter seconds as stay within the limit.
    """
    least = max(1, int(np.ceil(profile.weigh_min / QUARTER - 1e-9)))
    most = max(least, int(profile.weigh_max / QUARTER + 1e-9))
    window = least * grid.quarter
    if end - window < max(first, cells.begin):
        return None
    start = max(first, cells.begin, end - most * grid.quarter)
    held = cells.between(start, end)[: SQUARE + 1]
    lengths = np.arange(window, held.shape[1] + 1, grid.quarter)
    backwards = np.cumsum(held[:, ::-1], axis=1)[:, lengths - 1]
    samples = lengths * grid.cell
    mean = backwards[SUM] / samples
    var = np.maximum((backwards[SQUARE] / samples - mean * mean) * samples / np.maximum(samples - 1, 1), 0.0)
    quiet = (var <= (limit * (mean - level)) ** 2 + noise * noise) & (mean > level)
    if not quiet[0]:
        return None
    last = (len(quiet) if quiet.all() else int(quiet.argmin())) - 1
    return Stretch(end - int(lengths[last]), end, float(mean[last]), float(np.sqrt(var[last])))


@dataclass
class Rest:
    """Whether the athlete rests or moves, and where the movement began: onset and rest of `events`, cell by cell.

    force : N as sampled while standing still. theta : N of departure that count as movement.
    anchor, integral : sample at which the velocity was zero, and the force's integral there; -1 where unknown.
    origin : sample at which cells are counted from.
    slowest, lowest : most negative velocity m/s and displacement m since then.
    """

    profile: Profile
    grid: Grid
    force: float = np.nan
    theta: float = np.inf
    weight: float = np.nan
    origin: int = 0
    anchor: int = -1
    integral: float = 0.0
    moving: bool = True
    slowest: float = 0.0
    lowest: float = 0.0
    net: float = 0.0
    _speed: float = 0.0
    _path: float = 0.0
    _calm: int = 0
    _known: bool = field(default=False)

    def weighed(self, stretch: Stretch, level: float) -> None:
        """Take the weight of a still stretch, at whose end the athlete rests."""
        self.force, self.weight = stretch.mean, stretch.mean - level
        self.theta = max(self.profile.onset_sds * stretch.sd, self.profile.onset_floor)
        self._settle()

    def lose(self) -> None:
        """The velocity is unknown, until the next rest."""
        self.moving, self.anchor, self._known, self._calm = True, -1, False, 0

    def cell(self, cells: Tail, index: int) -> None:
        """One more cell of a loaded plate."""
        held = cells.between(index, index + 1)
        self.net = float(held[SUM, 0]) / self.grid.cell - self.force
        if self.moving:
            self._move(self.net)
            slow = not self._known or abs(self._speed) <= self.profile.rest_velocity
            self._calm = self._calm + 1 if abs(self.net) <= self.theta and slow else 0
            if self._calm * self.grid.time >= self.profile.rest_time - 1e-9:
                self._settle()
        elif abs(self.net) > self.theta:
            self._start(cells, index)

    def _settle(self) -> None:
        self.moving, self._known = False, True

    def _start(self, cells: Tail, index: int) -> None:
        """The movement began a back shift before this cell."""
        shift = self.profile.onset_back_shift if self.profile.onset_rule == "back_shift" else 0.0
        first = max(index - (round(shift / self.grid.time) if shift else 0), cells.begin)
        held = cells.between(first, index + 1)
        self.moving, self._calm = True, 0
        self.anchor, self.integral = self.origin + first * self.grid.cell, float(held[INTEGRAL, 0])
        self._speed = self._path = self.slowest = self.lowest = 0.0
        for total in held[SUM].tolist():
            self._move(total / self.grid.cell - self.force)

    def _move(self, net: float) -> None:
        self._speed += net * self.grid.time * self.profile.g / self.weight
        self._path += self._speed * self.grid.time
        self.slowest, self.lowest = min(self.slowest, self._speed), min(self.lowest, self._path)
