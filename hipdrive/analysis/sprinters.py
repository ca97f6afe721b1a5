"""Fitted runs as their metrics see them: n runs and, of each, k slightly different copies.

Column 0 is the fit; then each of the directions in which the fit is uncertain comes as a pair, one standard
uncertainty further and one back. A metric is arithmetic on the (n, k) arrays, so one function gives its value and,
by half the differences of the pairs, its uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hipdrive.analysis import sprint_model
from hipdrive.analysis.registry import METRICS
from hipdrive.analysis.sprint_fit import LOG_MSS, LOG_TAU, PLACE, SHIFT, Bools, Fit
from hipdrive.analysis.sprint_rules import SprintRules
from hipdrive.timedrun import SPLITS, TimedRun
from hipdrive.trial import Floats

PIECE = 1 << 16
"""Numbers of a grid that are held at once."""


VAGUE = 0.5
"""Standard uncertainty of ln MSS or ln tau above which a fit says nothing: half or double would do as well."""


class Lines(NamedTuple):
    """Force against velocity of each copy, (n, k): the line's two ends, and the ratio of forces."""

    f0: Floats
    slope: Floats
    rf_max: Floats
    drf: Floats


class Sprinters:
    """Fitted runs of one kind under one set of rules."""

    def __init__(self, runs: Sequence[TimedRun], used: tuple[Floats, Floats], fit: Fit, rules: SprintRules) -> None:
        self.runs, self.fit, self.rules = runs, fit, rules
        self.kind = runs[0].kind
        self.time, self.value = used
        spread = fit.spread[:, :, np.abs(fit.spread).max(axis=(0, 1)) > 0.0]
        steps = np.concatenate([np.zeros((len(runs), 4, 1)), spread, -spread], axis=2)
        self.vague: Bools = np.linalg.norm(fit.spread[:, [LOG_MSS, LOG_TAU]], axis=2).max(axis=1) > VAGUE
        steps = np.where(self.vague[:, None, None], 0.0, steps)
        self._copies = fit.parameters[:, :, None] + steps
        self.mss: Floats = np.exp(self._copies[:, LOG_MSS])
        self.tau: Floats = np.exp(self._copies[:, LOG_TAU])
        self.shift: Floats = self._copies[:, SHIFT]
        self.place: Floats = self._copies[:, PLACE]
        self.mass = np.array([[np.nan if run.mass is None else run.mass] for run in runs])
        self.height = np.array([[np.nan if run.height is None else run.height] for run in runs])
        self.done: dict[str, Floats] = {}
        self.codes: dict[str, list[str]] = {}
        self._now: list[str] = []

    @property
    def n(self) -> int:
        """How many runs."""
        return len(self.runs)

    def begin(self) -> None:
        """A metric starts: nothing is refused yet."""
        self._now = [""] * self.n

    def refused(self) -> list[str]:
        """The code of each run that the present metric refuses, "" of the others."""
        return self._now

    def require(self, rows: Bools | bool, code: str) -> None:
        """Refuse runs for which the condition does not hold; the first reason counts."""
        for row in np.flatnonzero(~np.broadcast_to(np.asarray(rows), (self.n,))):
            self._now[row] = self._now[row] or code

    def __getitem__(self, name: str) -> Floats:
        """Another field, (n, k), with its reasons."""
        if name not in self.done:
            kept, self._now = self._now, [""] * self.n
            values = np.asarray(METRICS[name].function(self))
            self.done[name], self.codes[name] = values, self._now
            self._now = kept
        for row, code in enumerate(self.codes[name]):
            self._now[row] = self._now[row] or code
        return self.done[name]

    # --- what was measured ---

    @cached_property
    def last(self) -> Floats:
        """Time of the model at the last sample that was used, (n, k), s."""
        last: Floats = np.nanmax(self.time, axis=1)[:, None] + self.shift
        return last

    @cached_property
    def sd(self) -> Floats:
        """SD of one measurement about the fit, (n,): s of splits, m/s of a radar, m of a laser; NaN without freedom."""
        square = np.nansum(self.fit.residual**2, axis=1)
        freedom = self.fit.freedom
        sd: Floats = np.sqrt(np.divide(square, freedom, out=np.full(self.n, np.nan), where=freedom > 0.5))
        return sd

    @cached_property
    def r2(self) -> Floats:
        """Share of the measured values' variance that the fit explains, (n,)."""
        measured = self.time if self.kind == SPLITS else self.value
        about = np.nansum((measured - np.nanmean(measured, axis=1, keepdims=True)) ** 2, axis=1)
        left = np.nansum(self.fit.residual**2, axis=1)
        r2: Floats = 1.0 - np.divide(left, about, out=np.full(self.n, np.nan), where=about > 0.0)
        return r2

    @cached_property
    def reached(self) -> Floats:
        """Share of MSS that the model runs at the last sample, (n, k), %."""
        return 100.0 * sprint_model.velocity(np.maximum(self.last, 0.0), self.mss, self.tau) / self.mss

    @cached_property
    def drag_constant(self) -> Floats:
        """Half of density, area and coefficient, (n, 1), kg/m."""
        rules = self.rules
        rho = sprint_model.air_density(rules.temperature, rules.pressure)
        return 0.5 * rho * sprint_model.frontal_area(self.height, self.mass) * rules.drag_coefficient

    # --- force and velocity ---

    @cached_property
    def lines(self) -> Lines:
        """The force-velocity line and the ratio of forces of every copy."""
        shape = self.mss.shape
        end = np.minimum(self.rules.grid_taus * self.tau, self.last)
        parts = (self.mss, self.tau, self.mass, self.drag_constant, end)
        flat = [np.broadcast_to(part, shape).ravel() for part in parts]
        points = 1 + int(np.nanmax(np.floor(flat[4] / self.rules.grid + 1e-9), initial=0.0))
        size = max(1, PIECE // points)
        pieces = [_lines(points, self.rules, *(part[i : i + size] for part in flat)) for i in range(0, end.size, size)]
        return Lines(*(np.concatenate(part).reshape(shape) for part in zip(*pieces, strict=True)))


def _lines(points: int, rules: SprintRules, mss: Floats, tau: Floats, mass: Floats, k: Floats, end: Floats) -> Lines:
    """Least-squares lines over the grid from 0 to `end`."""
    t = rules.grid * np.arange(points)
    within = (t <= end[:, None] + 1e-9).astype(float)
    left = np.exp(t * (-1.0 / tau)[:, None])
    v = mss[:, None] * (1.0 - left)
    force = left * (mass * mss / tau)[:, None] + sprint_model.drag(v, k[:, None], rules.wind)
    slope, f0 = _line(v, force, within)
    first = int(np.searchsorted(t, rules.rf_from - 1e-9))
    later, force = within[:, first:], force[:, first:]
    ratio = 100.0 * force / np.sqrt(force * force + (mass * mass * rules.g**2)[:, None])
    drf, _ = _line(v[:, first:], ratio, later)
    most = np.where(later > 0.0, ratio, -np.inf).max(axis=1, initial=-np.inf)
    return Lines(f0, slope, np.where(np.isfinite(most), most, np.nan), drf)


def _line(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Slope and intercept of y over x where the weight is 1 and not 0; NaN where there are fewer than three."""
    count = weight.sum(axis=1)
    with np.errstate(all="ignore"):
        mean_x = np.einsum("nm,nm->n", weight, x) / count
        mean_y = np.einsum("nm,nm->n", weight, y) / count
        dx = (x - mean_x[:, None]) * weight
        slope = np.einsum("nm,nm->n", dx, y) / np.einsum("nm,nm->n", dx, dx)
    slope = np.where(count > 2.5, slope, np.nan)
    return slope, mean_y - slope * mean_x
