"""n repetitions, and of each k slightly different copies: what a metric is arithmetic on.

Column 0 of every (n, k) array is the measurement. Then, for every uncertain input (weight, zero, start velocity,
sample noise, each event), one column with the input raised by its standard uncertainty and one with it lowered.
Force is integrated once; a copy differs by a shift of force, weight, start or event, which enters in closed form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hipdrive.analysis.curve import Curve
from hipdrive.analysis.locate import Located
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import (
    Block,
    Bools,
    Floats,
    Ints,
    divided,
    gather,
    peak_slopes,
    plate_windows,
    within,
)
from hipdrive.errors import REASONS

CODES = ("", *REASONS)
"""Reason codes by number; 0 is none. Rows carry numbers, people get sentences."""

NUMBER = {code: i for i, code in enumerate(CODES)}

AFTER_LANDING, REST_WITHIN = 1.4, 6.0
"""s of curve kept after touchdown at least, and at most where the rest after it is used."""

INPUTS = ("weight", "zero", "start_velocity", "noise")
"""Uncertain inputs of every test, before its events."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of n repetitions of one test before any metric: all arrays (n,) unless said otherwise.

    events : time s of each measured event, with u (standard uncertainty, s) and bias (one-sided bound, s).
    reasons : why an event or the weight is missing, as code numbers; absent where nothing is missing.
    anchor, anchor_velocity : time s and velocity m/s from which velocity is known; start_u its uncertainty.
    anchor_at : the event that the anchor is, "" where it is none; flight_anchored : rows whose velocity is half the
    flight's at take-off instead. tail : s that lengthen the noise's random walk (METRICS.md 20, T_w / 12).
    origin : event at which displacement is zero. plate_zero : zero level of each plate, N.
    """

    block: Block
    record: Ints
    test: str
    profile: Profile
    zero: Floats
    level: Floats
    noise: Floats
    zero_u: Floats
    weight: Floats
    weight_u: Floats
    events: Mapping[str, Floats]
    u: Mapping[str, Floats]
    bias: Mapping[str, Floats]
    reasons: Mapping[str, Ints]
    anchor: Floats
    anchor_at: str
    anchor_velocity: Floats
    start_u: Floats
    tail: Floats
    origin: str
    located: Located
    plate_zero: Mapping[str, Floats]
    box_height: Floats
    flight_anchored: Bools | None = None
    tier: Ints | None = None
    two_plate_velocity: Floats | None = None

    def where(self, keep: Bools) -> Facts:
        """Some of the repetitions."""
        changes: dict[str, Any] = {}
        for field in fields(self):
            part = getattr(self, field.name)
            if isinstance(part, np.ndarray):
                changes[field.name] = part[keep]
            elif isinstance(part, Mapping):
                changes[field.name] = {name: values[keep] for name, values in part.items()}
        return replace(self, located=self.located.where(keep), **changes)


class Times(dict[str, Floats]):
    """Event times (n, k); a look-up remembers why rows of the event are missing."""

    def __init__(self, rep: Rep) -> None:
        super().__init__()
        self._rep = rep

    def __getitem__(self, event: str) -> Floats:
        self._rep.note(event)
        return super().__getitem__(event)


class AtEvents:
    """A quantity at events: `rep.force["takeoff"]`, (n, k)."""

    def __init__(self, rep: Rep, quantity: str) -> None:
        self._rep, self._quantity = rep, quantity

    def __getitem__(self, event: str) -> Floats:
        """The quantity at an event."""
        return self._rep.quantity(self._quantity, event)


class Rep:
    """Repetitions of one test as metrics see them. Times in s from the start of the record, forces in N."""

    def __init__(self, facts: Facts, *, copies: bool = True, curve: Curve | None = None) -> None:
        self.facts = facts
        self.g = facts.profile.g
        self.profile = facts.profile
        self.noise = facts.noise
        self.n = len(facts.record)
        self.inputs = (*INPUTS, *facts.events) if copies else ()
        self.k = 1 + 2 * len(self.inputs)
        self.t = Times(self)
        self.force, self.velocity, self.displacement = (
            AtEvents(self, q) for q in ("force", "velocity", "displacement")
        )
        self._read: dict[str, tuple[Floats, Floats, Floats]] = {}
        self._peaks: dict[tuple[Any, ...], Floats] = {}
        self.fields: dict[str, Floats] = {}
        self.field_reasons: dict[str, Ints] = {}
        self.spreads: dict[str, Floats | None] = {}
        self.methods: dict[str, Any] = {}
        self._origin_shift: Floats | None = None
        self._anchor: tuple[Floats, Floats, Floats, tuple[Floats, Floats, Floats]] | None = None
        self._sides: dict[str, Side] = {}
        self._base = np.where(np.isfinite(facts.weight), facts.weight, 0.0)
        self.begin()
        self._copies()
        self.curve = self._curve() if curve is None else curve
        self._drifts = bool(np.any(self._base != facts.weight))

    # --- copies -------------------------------------------------------------------------------------------------

    def _copies(self) -> None:
        facts = self.facts
        self.weight = self._raised("weight", facts.weight, facts.weight_u)
        zero = self._raised("zero", np.zeros(self.n), facts.zero_u)
        self.weight = self.weight + zero
        self._shift = zero
        self.mass = self.weight / self.g
        for name, times in facts.events.items():
            step = np.maximum(facts.u[name], 1e-7)
            dict.__setitem__(self.t, name, self._raised(name, times, step))

    def _raised(self, name: str, value: Floats, step: Floats) -> Floats:
        """`value` in every copy, raised and lowered by `step` in the two columns of the input `name`."""
        result = np.repeat(value[:, np.newaxis], self.k, axis=1)
        if name not in self.inputs:
            return result
        column = 1 + 2 * self.inputs.index(name)
        result[:, column] += step
        result[:, column + 1] -= step
        return result

    def _curve(self) -> Curve:
        """Net force (F - W of the measurement) over the samples that any event needs."""
        facts, rate = self.facts, self.facts.block.rate
        after = facts.located.after
        rest = np.where(after.found, after.start / rate, np.nan)
        rest = np.where(rest - facts.events["touchdown"] < REST_WITHIN, rest, np.nan)
        times = np.array([*facts.events.values(), facts.anchor, rest])
        some = np.isfinite(times)
        first = np.where(some, times, np.inf).min(axis=0)
        last = np.where(some, times, -np.inf).max(axis=0)
        first = np.where(np.isfinite(first), first, 0.0)
        last = np.maximum(np.where(np.isfinite(last), last, 0.0), first)
        origin = np.maximum(np.floor(first * rate).astype(np.int64) - max(3, round(0.02 * rate)), 0)
        landed = np.nan_to_num(facts.events["touchdown"]) + AFTER_LANDING
        end = np.ceil(np.maximum(last + 0.05, landed) * rate).astype(np.int64)
        end = np.minimum(end, facts.block.lengths[facts.record])
        width = int(max((end - origin).max(initial=4), 4))
        net = (
            gather(facts.block.total, facts.record, origin, width) - (facts.zero + self._base)[:, np.newaxis]
        )
        return Curve.of(net, origin, rate, twice=True)

    # --- reasons ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Forget reasons: the next metric starts."""
        self._why: Ints | None = None
        self._refused: Ints | None = None
        self.method: Any = None

    def note(self, name: str) -> None:
        """Remember why rows of an event, the weight or another field are missing, in case the metric is too."""
        reason = self.facts.reasons.get(name)
        if reason is None:
            reason = self.field_reasons.get(name)
        if reason is not None:
            self._why = reason if self._why is None else np.where(self._why > 0, self._why, reason)

    def require(self, condition: Any, code: str) -> None:
        """Refuse the rows for which a condition on column 0, (n,), does not hold.

        Raises KeyError for a code that errors.REASONS does not know.
        """
        bad = np.where(np.asarray(condition), 0, NUMBER[code])
        self._refused = bad if self._refused is None else np.where(self._refused > 0, self._refused, bad)

    def says(self, method: Any) -> None:
        """Name the method of the number, one text or one a row."""
        self.method = method

    # --- reading ------------------------------------------------------------------------------------------------

    def times(self, at: str | Floats) -> Floats:
        """An event's times, or times as given."""
        return self.t[at] if isinstance(at, str) else at

    def _reading(self, at: str | Floats) -> tuple[Floats, Floats, Floats]:
        if not isinstance(at, str):
            return self.curve.read(at)
        self.note(at)
        if at not in self._read:
            self._read[at] = self.curve.read(dict.__getitem__(self.t, at))
        return self._read[at]

    def quantity(self, name: str, at: str | Floats) -> Floats:
        """Force N, velocity m/s, displacement m or power W at an event or at times, (n, k)."""
        if name == "force":
            return self._reading(at)[0] + (self._base[:, np.newaxis] + self._shift)
        self.note("weight")
        self.note(self.facts.anchor_at)
        if name == "velocity":
            return self._velocity(at)
        if name == "displacement":
            return self._path(at) - self._from_origin()
        if name == "power":
            return self.quantity("force", at) * self._velocity(at)
        raise KeyError(f"a repetition has no quantity {name!r}: force, velocity, displacement or power")

    def _anchored(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Anchor time, its integral, the anchor's velocity, and force not in the integral, (n, k)."""
        if self._anchor is None:
            facts = self.facts
            inside = bool(facts.anchor_at)
            time = dict.__getitem__(self.t, facts.anchor_at) if inside else facts.anchor[:, np.newaxis]
            velocity = self._raised("start_velocity", facts.anchor_velocity, facts.start_u)
            if facts.flight_anchored is not None:
                flight = (
                    0.5
                    * self.g
                    * (dict.__getitem__(self.t, "touchdown") - dict.__getitem__(self.t, "takeoff"))
                )
                rows = facts.flight_anchored[:, np.newaxis]
                time = np.where(rows, dict.__getitem__(self.t, "takeoff"), time)
                velocity = np.where(rows, flight, velocity)
            rest = self._base[:, np.newaxis] + self._shift - self.weight
            time = np.broadcast_to(time, (self.n, self.k))
            self._anchor = (time, velocity, rest, self.curve.read(time))
            steps = self._raised("noise", np.zeros(self.n), np.ones(self.n))
            self._walk = steps * (facts.noise[:, np.newaxis] / self.mass[:, :1])
        time, velocity, rest, reading = self._anchor
        return time, reading[1], velocity, rest

    def _velocity(self, at: str | Floats) -> Floats:
        time, integral, start, rest = self._anchored()
        tau = self.times(at) - time
        walk = np.sqrt((np.abs(tau) + self.facts.tail[:, np.newaxis]) * self.facts.block.dt)
        return start + (self._reading(at)[1] - integral + rest * tau) / self.mass + self._walk * walk

    def _path(self, at: str | Floats) -> Floats:
        time, integral, start, rest = self._anchored()
        tau = self.times(at) - time
        twice = self._reading(at)[2] - self._anchor[3][2]
        walk = np.sign(tau) * np.sqrt(np.abs(tau) ** 3 * (self.facts.block.dt / 3.0))
        return (
            tau * (start + 0.5 * rest * tau / self.mass)
            + (twice - integral * tau) / self.mass
            + self._walk * walk
        )

    def _from_origin(self) -> Floats:
        if self._origin_shift is None:
            self._origin_shift = self._path(dict.__getitem__(self.t, self.facts.origin))
        return self._origin_shift

    def at(self, name: str, event: str, offset: float) -> Floats:
        """A quantity `offset` s after an event."""
        return self.quantity(name, self.t[event] + offset)

    # --- intervals ----------------------------------------------------------------------------------------------

    def duration(self, start: str | Floats, end: str | Floats) -> Floats:
        """Time between two events, s."""
        return self.times(end) - self.times(start)

    def impulse(self, start: str | Floats, end: str | Floats) -> Floats:
        """Gross impulse, N*s."""
        gross = self._base[:, np.newaxis] + self._shift
        return self._reading(end)[1] - self._reading(start)[1] + gross * self.duration(start, end)

    def net_impulse(self, start: str | Floats, end: str | Floats) -> Floats:
        """Impulse above the weight, N*s."""
        self.note("weight")
        return self.impulse(start, end) - self.weight * self.duration(start, end)

    def work(self, start: str | Floats, end: str | Floats) -> Floats:
        """Work of the force, J: exact for piecewise linear force, by the work-energy theorem."""
        v0, v1 = self.quantity("velocity", start), self.quantity("velocity", end)
        rise = self.quantity("displacement", end) - self.quantity("displacement", start)
        return 0.5 * self.mass * (v1 * v1 - v0 * v0) + self.weight * rise

    def mean(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Mean over time of force, velocity or power between two events: integral over duration."""
        if name == "force":
            total = self.impulse(start, end)
        elif name == "power":
            total = self.work(start, end)
        else:
            total = self.quantity("displacement", end) - self.quantity("displacement", start)
        return np.asarray(divided(total, self.duration(start, end)))

    def max(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Largest value over the samples in [start, end): the measurement's sample, read in every copy."""
        return self.quantity(name, self.time_of_max(name, start, end))

    def min(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Smallest value over the samples in [start, end)."""
        return self.quantity(name, self.time_of_min(name, start, end))

    def time_of_max(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Time of the largest value, s, (n, k)."""
        return self._extreme(name, start, end, 1.0)

    def time_of_min(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Time of the smallest value, s."""
        return self._extreme(name, start, end, -1.0)

    def _extreme(self, name: str, start: str | Floats, end: str | Floats, sign: float) -> Floats:
        begin, stop = self.times(start), self.times(end)
        if name != "force":
            self.note("weight")
            self.note(self.facts.anchor_at)
        key = (name, sign, start, end) if isinstance(start, str) and isinstance(end, str) else None
        if key is None or key not in self._peaks:
            at = self._extreme_time(name, begin[:, 0], stop[:, 0], sign)
            found = np.repeat(at[:, np.newaxis], self.k, axis=1)
            if key is None:
                return found
            self._peaks[key] = found
        return self._peaks[key]

    def _extreme_time(self, name: str, begin: Floats, stop: Floats, sign: float) -> Floats:
        """Time of the largest `sign * quantity` over the samples in [begin, stop) of each row, s, (n,)."""
        first, last, known = self._columns(begin, stop)
        if not known.any():
            return np.full(self.n, np.nan)
        pick = np.argmax if sign > 0 else np.argmin
        start, end = int(first[known].min()), int(last[known].max())
        values = self.curve.values[:, start:end]
        if name != "force":
            speed = self._column_velocity(start, end)
            values = speed if name == "velocity" else speed * (values + self._base[:, np.newaxis])
        at = np.full(self.n, np.nan)
        low, high = (first - start).tolist(), (last - start).tolist()
        for row in np.flatnonzero(known).tolist():
            at[row] = low[row] + pick(values[row, low[row] : high[row]])
        return (self.curve.origin + start + at) / self.curve.rate

    def _columns(self, begin: Floats, stop: Floats) -> tuple[Ints, Ints, Bools]:
        """Columns of the curve in [begin, stop) of each row, and which rows have any that hold samples."""
        known = np.isfinite(begin) & np.isfinite(stop)
        first, last = (
            np.ceil(np.where(known, edge, 0.0) * self.curve.rate - 1e-7).astype(np.int64) - self.curve.origin
            for edge in (begin, stop)
        )
        held = np.minimum(
            self.facts.block.lengths[self.facts.record] - self.curve.origin, self.curve.values.shape[1]
        )
        first, last = np.maximum(first, 0), np.minimum(last, held)
        return first, last, known & (last > first)

    def _column_velocity(self, first: int, last: int) -> Floats:
        """The measurement's velocity at columns [first, last) of the curve, (n, last - first)."""
        time, integral, start, rest = (part[:, :1] for part in self._anchored())
        change = self.curve.integral(first, last)
        if self._drifts:
            change += rest * (
                (self.curve.origin[:, np.newaxis] + np.arange(first, last)) / self.curve.rate - time
            )
        change -= integral
        change /= self.mass[:, :1]
        change += start
        return change

    def first_upward(self, start: Floats, end: Floats, level: float) -> Floats:
        """First time in (start, end] at which the measured velocity passes a level from below, s; NaN if it does not."""
        first, last, known = self._columns(start, end + 2.0 / self.curve.rate)
        found = np.full(self.n, np.nan)
        if not known.any():
            return found
        low, high = int(first[known].min()), int(last[known].max())
        speed = self._column_velocity(low, high)
        above = speed >= level
        for row in np.flatnonzero(known).tolist():
            begin = int(first[row]) - low
            part = above[row, begin : int(last[row]) - low]
            at = int(part.argmax())
            if at == 0 and part[0]:
                below = int(part.argmin())
                at = below + int(part[below:].argmax())
            if at > 0 and part[at]:
                here, before = speed[row, begin + at], speed[row, begin + at - 1]
                found[row] = low + begin + at - (here - level) / (here - before)
        return (self.curve.origin + found) / self.curve.rate

    def sampled_path(self, grid: Floats) -> Floats:
        """The measurement's displacement at times (n, width), up to a constant of each row, m."""
        time, integral, start, rest = (part[:, :1] for part in self._anchored())
        twice = self.curve.read(grid)[2] - self._anchored_twice()
        tau = grid - time
        return np.asarray(
            tau * (start + 0.5 * rest * tau / self.mass[:, :1]) + (twice - integral * tau) / self.mass[:, :1]
        )

    def _anchored_twice(self) -> Floats:
        self._anchored()
        assert self._anchor is not None
        return self._anchor[3][2][:, :1]

    def _samples(self, begin: Floats, stop: Floats) -> tuple[Ints, int, Bools, Bools]:
        """Columns of the curve in [begin, stop): first, width, mask (n, width), rows that have any."""
        known = np.isfinite(begin) & np.isfinite(stop)
        first, last = (
            np.ceil(np.where(known, edge, 0.0) * self.curve.rate - 1e-7).astype(np.int64) - self.curve.origin
            for edge in (begin, stop)
        )
        width = int(max((last - first).max(initial=1), 1))
        return first, width, within(first, width, first, last), known & (last > first)

    def peak_slope(
        self, name: str, window: float, start: str | Floats, end: str | Floats
    ) -> tuple[Floats, Floats]:
        """Largest least-squares slope of force over windows that lie wholly in [start, end), and its SD by noise.

        Rows shorter than the window are refused. The window is the same in every copy.
        """
        if name != "force":
            raise KeyError(f"peak_slope is for force, not {name!r}")
        size = max(3, round(window * self.curve.rate) + 1)
        first, width, _, known = self._samples(self.times(start)[:, 0], self.times(end)[:, 0])
        last = np.ceil(np.where(known, self.times(end)[:, 0], 0.0) * self.curve.rate).astype(np.int64)
        count = last - self.curve.origin - first - size + 1
        self.require(~known | (count > 0), "phase_too_short")
        samples = gather(self.curve.values, np.arange(self.n, dtype=np.int64), first, max(width, size))
        slopes = peak_slopes(samples, size, 1.0 / self.curve.rate)
        inside = (np.arange(slopes.shape[1]) < count[:, np.newaxis]) & np.isfinite(slopes)
        best = np.where(inside, slopes, -np.inf).max(axis=1)
        best = np.where(known & np.isfinite(best), best, np.nan)
        spread = self.noise * self.curve.rate / np.sqrt(size * (size * size - 1) / 12.0)
        return np.repeat(best[:, np.newaxis], self.k, axis=1), spread

    # --- sides and other fields ---------------------------------------------------------------------------------

    @property
    def left(self) -> Side:
        """The left plate alone; velocity and events stay those of the whole body."""
        return self._side("left")

    @property
    def right(self) -> Side:
        """The right plate alone."""
        return self._side("right")

    def _side(self, name: str) -> Side:
        if name not in self._sides:
            self._sides[name] = Side(self, name)
        return self._sides[name]

    def __getitem__(self, field: str) -> Floats:
        """Another metric's values, (n, k)."""
        from hipdrive.analysis.registry import ALIASES
        from hipdrive.analysis.uncertainty import evaluate

        name = ALIASES.get(field, field)
        if name not in self.fields:
            state = (self._why, self._refused, self.method)
            evaluate(self, name)
            self._why, self._refused, self.method = state
        self.note(name)
        return self.fields[name]


class Side:
    """One foot's share of additive quantities, with the events of the whole: what `sides=True` metrics are given.

    Right is the whole less left: that they add up is arithmetic, and only one plate is read.

    Peaks are read at the instant of the total's peak, so that left and right add up to the total (METRICS.md 7).
    """

    def __init__(self, whole: Rep, name: str) -> None:
        self._whole, self._name = whole, name
        self._readings: dict[str, tuple[Floats, Floats, Floats]] = {}
        self.force = AtEvents(self, "force")  # type: ignore[arg-type]
        self._curve = self._windows() if name == "left" else None

    def _windows(self) -> Curve:
        """The left plate over the samples from the first event to the end of the landing."""
        whole, facts = self._whole, self._whole.facts
        longest = np.nan_to_num(facts.events["touchdown"]) + facts.profile.landing_window + 0.1
        end = np.ceil(longest * whole.curve.rate).astype(np.int64) - whole.curve.origin
        width = int(np.clip(end.max(initial=4), 4, whole.curve.values.shape[1]))
        samples = plate_windows(facts.block, "left", facts.record, whole.curve.origin, width)
        samples -= facts.plate_zero["left"][:, np.newaxis]
        return Curve.of(samples, whole.curve.origin, whole.curve.rate)

    def _left_reading(self, at: str | Floats) -> tuple[Floats, Floats, Floats]:
        if self._curve is None:
            return self._whole.left._left_reading(at)
        if not isinstance(at, str):
            return self._curve.read(at)
        if at not in self._readings:
            self._readings[at] = self._curve.read(self._whole.times(at))
        return self._readings[at]

    def __getattr__(self, name: str) -> Any:
        """Events, times, weight, durations and refusals are the whole body's."""
        return getattr(self._whole, name)

    def __getitem__(self, field: str) -> Floats:
        """Another metric of the whole body."""
        return self._whole[field]

    def quantity(self, name: str, at: str | Floats) -> Floats:
        """Force of this plate at an event or at times."""
        if name != "force":
            return self._whole.quantity(name, at)
        self._whole.times(at)
        left = self._left_reading(at)[0]
        return left if self._name == "left" else self._whole.quantity("force", at) - left

    def at(self, name: str, event: str, offset: float) -> Floats:
        """A quantity `offset` s after an event."""
        return self.quantity(name, self._whole.t[event] + offset)

    def impulse(self, start: str | Floats, end: str | Floats) -> Floats:
        """Gross impulse of this plate, N*s."""
        self._whole.duration(start, end)
        left = self._left_reading(end)[1] - self._left_reading(start)[1]
        return left if self._name == "left" else self._whole.impulse(start, end) - left

    def mean(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Mean force of this plate."""
        if name != "force":
            return self._whole.mean(name, start, end)
        return np.asarray(divided(self.impulse(start, end), self._whole.duration(start, end)))

    def max(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """This plate's value at the instant of the total's largest."""
        return self.quantity(name, self._whole.time_of_max(name, start, end))

    def min(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """This plate's value at the instant of the total's smallest."""
        return self.quantity(name, self._whole.time_of_min(name, start, end))


def newton(rep: Rep, guess: Floats, level: Sequence[float] | Floats | float, rounds: int = 3) -> Floats:
    """The times at which velocity passes `level`, from times close by, in every copy, (n, k)."""
    times = np.repeat(guess[:, np.newaxis], rep.k, axis=1) if guess.ndim == 1 else guess
    for _ in range(rounds):
        acceleration = (rep.quantity("force", times) - rep.weight) / rep.mass
        step = divided(rep.quantity("velocity", times) - level, acceleration)
        times = times - np.clip(step, -0.02, 0.02)
    return times
