"""n repetitions, and of each k slightly different copies: what a metric is arithmetic on.

Column 0 of every (n, k) array is the measurement. Then, for every uncertain input (weight, zero, start velocity,
sample noise, each event), one column with the input raised by its standard uncertainty and one with it lowered.
Force is integrated once; a copy differs by a shift of force, weight, start or event, which enters in closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from hipdrive.analysis.curve import Curve
from hipdrive.analysis.facts import FLIGHT_ANCHORED, NUMBER, TWO_FLIGHTS, Facts
from hipdrive.analysis.registry import ALIASES
from hipdrive.analysis.side import BETWEEN_SAMPLES, Foot, Side
from hipdrive.analysis.signal import (
    Bools,
    Floats,
    Ints,
    divided,
    gather,
    limited,
    zeroed,
)

MOVE = ("weight", "start_velocity", "drift")
"""Inputs that move an event at which force crosses the weight."""

MARGIN = 4
"""Columns of velocity beyond those asked for."""

FARTHEST_COPY = 0.25
"""s that an event's copy may lie before the event; beyond that its number has no u95."""

STEEPEST = 1.1
"""Standard deviations of one window's slope in the steepest window's (simulated)."""

SOON = 0.3
"""s: the first stretch in which a zero of velocity is looked for."""

INPUTS = ("weight", "zero", "start_velocity", "noise", "drift")
"""Uncertain inputs of every test, before its events."""


class Times(Mapping[str, Floats]):
    """Event times (n, k); a look-up remembers why rows of the event are missing."""

    def __init__(self, rep: Rep) -> None:
        self._rep = rep

    def __getitem__(self, event: str) -> Floats:
        """The times of an event."""
        self._rep.note(event)
        return self._rep.moments[event]

    def __iter__(self) -> Iterator[str]:
        """Events."""
        return iter(self._rep.moments)

    def __len__(self) -> int:
        """How many events."""
        return len(self._rep.moments)


class AtEvents:
    """A quantity at events: `rep.force["takeoff"]`, (n, k)."""

    def __init__(self, rep: Rep, quantity: str) -> None:
        self._rep, self._quantity = rep, quantity

    def __getitem__(self, event: str) -> Floats:
        """The quantity at an event."""
        return self._rep.quantity(self._quantity, event)


class Readings(NamedTuple):
    """The curve read at several events in one go, (n, events, k) each: times, value, integral, double integral."""

    events: tuple[str, ...]
    times: Floats
    value: Floats
    once: Floats
    twice: Floats


class AtEvent(NamedTuple):
    """One event among readings, (n, k) each."""

    value: Floats
    once: Floats
    twice: Floats
    among: Readings


class Rep:
    """Repetitions of one test as metrics see them. Times in s from the start of the record, forces in N."""

    more: tuple[str, ...] = ()
    """Further uncertain inputs that a test has."""

    def __init__(
        self, facts: Facts, *, copies: bool = True, curve: Curve | None = None, like: Rep | None = None
    ) -> None:
        self.facts = facts
        self.g = facts.profile.g
        self.profile = facts.profile
        self.noise = facts.noise
        self.n = len(facts.record)
        self.inputs = (*INPUTS, *facts.events, *self.more) if copies else ()
        self.k = 1 + 2 * len(self.inputs)
        self.moments: dict[str, Floats] = {}
        self._read: dict[str, AtEvent] = {}
        self._kept: dict[tuple[str, int], tuple[Floats, Any]] = {}
        self._peaks: dict[tuple[Any, ...], tuple[Any, Any, Floats]] = {}
        self.fields: dict[str, Floats] = {}
        self.field_reasons: dict[str, Ints] = {}
        self.spreads: dict[str, Floats | None] = {}
        self.methods: dict[str, Any] = {}
        self._origin: tuple[Floats, Floats, Floats, Floats] | None = None
        self._anchor: tuple[Floats, Floats, Floats, Floats] | None = None
        self._motion: dict[tuple[str, ...], Floats] = {}
        self._after: dict[tuple[str, float], Floats] = {}
        self._recalled: dict[tuple[Any, ...], Floats] = {}
        self.foot: Foot | None = None
        self.views: dict[str, Rep] = {}
        """Group of metrics -> this repetition with other events under the names that the group reads."""
        self.lends = True
        # events that move with other inputs than their own, too
        self.moved: frozenset[str] = frozenset()
        self._unknown = np.full(self.n, np.nan)
        # the measurement's velocities, where another Rep of the same rows and anchor has them already
        self._speeds: tuple[int, int, Floats] = (0, -1, np.empty((0, 0))) if like is None else like._speeds
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
        if self.inputs:
            self._move(self.weight, "start_velocity", -facts.start_weight)
            self._move(self.weight, "drift", facts.drift_u * (facts.zeroed_at - facts.weighed_at))
        self._drift_steps = facts.drift_u[:, np.newaxis] * np.array([1.0, -1.0])
        self._zeroed = facts.zeroed_at[:, np.newaxis]
        # what the curve lacks to the whole force
        self._gross = self._base[:, np.newaxis] + zero
        self.mass = self.weight / self.g
        for name, times in facts.events.items():
            step = np.maximum(facts.u[name], 1e-7)
            self.moments[name] = self._raised(name, times, step)

    def _raised(self, name: str, value: Floats, step: Floats) -> Floats:
        """`value` in every copy, raised and lowered by `step` in the two columns of the input `name`."""
        result = np.repeat(value[:, np.newaxis], self.k, axis=1)
        if name not in self.inputs:
            return result
        column = 1 + 2 * self.inputs.index(name)
        result[:, column] += step
        result[:, column + 1] -= step
        return result

    def _move(self, values: Floats, name: str, step: Floats) -> None:
        """Raise and lower the two columns of an input in place."""
        column = 1 + 2 * self.inputs.index(name)
        values[:, column] += step
        values[:, column + 1] -= step

    def _drifted(self, values: Floats, factor: Floats) -> Floats:
        """`values`, our own, less what a drift of 1 N/s adds to them (`factor`), in the two copies with drift.

        Both (n, k) or (n, events, k); of a factor without copies there is one column.
        """
        if self.inputs:
            column = 1 + 2 * INPUTS.index("drift")
            part = factor if factor.shape[-1] == 1 else factor[..., column : column + 2]
            steps = self._drift_steps if values.ndim == 2 else self._drift_steps[:, np.newaxis]
            values[..., column : column + 2] -= part * steps
        return values

    def cross_weight(self, event: str, slope: Floats) -> None:
        """Let an event at which force crosses the weight move with the weight, by the slope of force (n,), N/s."""
        times = self.moments[event]
        lacking = self._drifted(self._gross - self.weight, times[:, :1] - self._zeroed)
        lacking -= lacking[:, :1]
        shift = divided(lacking, slope[:, np.newaxis])
        self.moments[event] = times - np.where(np.isfinite(shift) | np.isnan(lacking), shift, 0.0)
        self.moved = self.moved | {event}

    def _curve(self) -> Curve:
        """Net force (F - W of the measurement) over the samples that any event needs."""
        facts, rate = self.facts, self.facts.block.rate
        times = np.array([*facts.events.values()])
        some = np.isfinite(times)
        # an uncertain onset has a copy that begins sooner
        sooner = np.array([np.minimum(zeroed(facts.u[name]), FARTHEST_COPY) for name in facts.events])
        begin = np.where(some, times - sooner, np.inf).min(axis=0)
        if facts.profile.integration_start == "weigh_start":
            begin = np.fmin(begin, facts.anchor)
        last = np.where(some, times, -np.inf).max(axis=0)
        begin = np.where(np.isfinite(begin), begin, 0.0)
        last = np.maximum(np.where(np.isfinite(last), last, 0.0), begin)
        origin = np.maximum(np.floor(begin * rate).astype(np.int64) - max(3, round(0.02 * rate)), 0)
        end = np.ceil((last + self.profile.landing_search + 0.05) * rate).astype(np.int64)
        end = np.minimum(end, facts.block.lengths[facts.record])
        width = int(max((end - origin).max(initial=4), 4))
        net = gather(facts.block.total, facts.record, origin, width)
        net -= (facts.zero + self._base)[:, np.newaxis]
        return Curve.of(net, origin, rate, twice=True)

    def renamed(self, test: str, names: Mapping[str, str], **changes: Any) -> Rep:
        """The same repetitions with events under other names: metrics of another test read them as their own.

        names : old name -> new name of every event that the view has. The copies stay in their columns, so numbers of
        a view and of the whole may be combined. changes : of the facts.
        """
        view = copy(self)
        facts = self.facts

        def under(part: Mapping[str, Any]) -> dict[str, Any]:
            return {new: part[old] for old, new in names.items() if old in part}

        others = {name: why for name, why in facts.reasons.items() if name not in self.moments}
        view.facts = replace(facts, test=test, events=under(facts.events), u=under(facts.u), bias=under(facts.bias),
                             reasons={**others, **under(facts.reasons)}, **changes)  # fmt: skip
        # an event that the view does without keeps its columns, under no name that anybody asks for
        view.inputs = tuple(names.get(name, name if name in INPUTS else f"({name})") for name in self.inputs)
        view.moments = under(self.moments)
        view.moved = frozenset(names[name] for name in self.moved if name in names)
        view._read, view._kept, view._peaks, view._motion, view._after, view._recalled = {}, {}, {}, {}, {}, {}
        view.fields, view.field_reasons, view.spreads, view.methods, view.views = {}, {}, {}, {}, {}
        view._origin = view._anchor = view.foot = None
        view.begin()
        return view

    # --- reasons ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Forget reasons: the next metric starts."""
        self._why: Ints | None = None
        self._refused: Ints | None = None
        self.method: Any = None

    def note(self, name: str) -> None:
        """Remember why rows of an event, the weight or another field are missing, in case the metric is too."""
        if not (self.facts.reasons or self.field_reasons):
            return
        reason = self.facts.reasons.get(name)
        if reason is None:
            reason = self.field_reasons.get(name)
        if reason is not None:
            self._why = reason if self._why is None else np.where(self._why > 0, self._why, reason)

    def require(self, condition: Any, code: str) -> None:
        """Refuse the rows for which a condition on column 0, (n,), does not hold.

        Raises KeyError for a code that errors.REASONS does not know.
        """
        number, condition = NUMBER[code], np.asarray(condition, dtype=bool)
        if np.count_nonzero(condition) == condition.size:
            return
        bad = np.where(condition, 0, number)
        self._refused = bad if self._refused is None else np.where(self._refused > 0, self._refused, bad)

    @property
    def unknown(self) -> Floats:
        """The spread of a number whose uncertainty is not modelled: it makes u95 NaN."""
        return self._unknown

    def spread(self, field: str) -> Floats:
        """The extra standard uncertainty, beyond the copies, of another field, (n,)."""
        self[field]
        spread = self.spreads[field]
        return np.zeros(self.n) if spread is None else spread

    def says(self, method: Any) -> None:
        """Name the method of the number, one text or one a row."""
        self.method = method

    # --- reading ------------------------------------------------------------------------------------------------

    def times(self, at: str | Floats) -> Floats:
        """An event's times, or times as given."""
        if not isinstance(at, str):
            return at
        self.note(at)
        return self.moments[at]

    def _reading(self, at: str | Floats) -> tuple[Floats, Floats]:
        """Value and integral from the curve's first sample, at an event or at times."""
        if not isinstance(at, str):
            value, once = self._once("reading", at, self.curve.read)
            return value, once
        self.note(at)
        return self._event(at)[:2]

    def _event(self, event: str) -> AtEvent:
        if event not in self._read:
            self._read_events()
        return self._read[event]

    def _once(self, what: str, at: Floats, find: Callable[[Floats], Any]) -> Any:
        """What is found at times; at times that nobody can change (ours) it is found once."""
        if at.flags.writeable:
            return find(at)
        key = what, id(at)
        if key not in self._kept:
            # what is kept lives, so no other array can have its id
            self._kept[key] = at, find(at)
        return self._kept[key][1]

    def recalled(self, key: tuple[Any, ...], find: Callable[[], Floats]) -> Floats:
        """What several metrics ask for, found once; the key says all that it depends on."""
        if key not in self._recalled:
            self._recalled[key] = find()
        return self._recalled[key]

    def _read_events(self) -> None:
        """Read the curve at every event that is new, in one go: a reading costs more than its times do."""
        names = tuple(name for name in self.moments if name not in self._read)
        times = np.concatenate([self.moments[name] for name in names], axis=1)
        own, back = self.own_columns(names)
        shape = self.n, len(names), self.k
        # a copy that shares the measurement's time is not read again
        parts = self.curve.read_all(times.take(own, axis=1))
        value, once, twice = (part.take(back, axis=1).reshape(shape) for part in parts)
        among = Readings(names, times.reshape(shape), value, once, twice)
        for i, name in enumerate(names):
            self._read[name] = AtEvent(value[:, i], once[:, i], twice[:, i], among)

    def own_columns(self, events: tuple[str, ...]) -> tuple[Ints, Ints]:
        """Which of the events' columns side by side must be read, and which of those each column is."""
        return _own_columns(self.inputs, events, self.moved)

    def quantity(self, name: str, at: str | Floats) -> Floats:
        """Force N, velocity m/s, displacement m or power W at an event or at times, (n, k)."""
        if name != "force":
            self.note("weight")
            self.note(self.facts.anchor_at)
        if isinstance(at, str):
            self.note(at)
            if (name, at) not in self._motion:
                self._find(name, at)
            return self._handed(self._motion[name, at])
        if name == "force":
            return self._force(self._once("value", at, self.curve.value), at)
        if name == "velocity":
            return self._speed(self._reading(at)[1], at)
        if name == "displacement":
            return self._path(*self.curve.read_twice(at)[1:], at)
        if name == "power":
            value, once = self._reading(at)
            return self._force(value, at) * self._speed(once, at)
        raise _no_quantity(name)

    def _find(self, name: str, event: str) -> None:
        """A quantity at an event and at every other one that was read with it, in one go."""
        among = self._event(event).among
        if name == "force":
            found = self._force(among.value, among.times)
        elif name == "velocity":
            found = self._speed(among.once, among.times)
        elif name == "displacement":
            found = self._path(among.once, among.twice, among.times)
        elif name == "power":
            found = self._force(among.value, among.times) * self._speed(among.once, among.times)
        else:
            raise _no_quantity(name)
        # many metrics are handed these same arrays
        found.flags.writeable = False
        for i, other in enumerate(among.events):
            self._motion[name, other] = found[:, i]

    def _force(self, value: Floats, times: Floats) -> Floats:
        """Whole force where the curve has this value, at times (n, k) or (n, events, k), in every copy."""
        if times.ndim == 3:
            return self._drifted(value + self._gross[:, np.newaxis], times - self._zeroed[:, np.newaxis])
        return self._drifted(value + self._gross, times - self._zeroed)

    def _anchored(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Anchor time, its integral, the anchor's velocity, and force not in the integral, (n, k)."""
        if self._anchor is None:
            facts = self.facts
            rest = self._gross - self.weight
            velocity = self._raised("start_velocity", facts.anchor_velocity, facts.start_u)
            if facts.anchor_at:
                time = self.moments[facts.anchor_at]
                integral = self._event(facts.anchor_at).once
            else:
                time, integral = facts.anchor[:, np.newaxis], self.integral_to(facts.anchor)[:, np.newaxis]
            anchored = facts.tier == FLIGHT_ANCHORED
            if anchored.any():
                leave, land = (self.moments[name] for name in ("takeoff", "touchdown"))
                rows = anchored[:, np.newaxis]
                time, velocity = (
                    np.where(rows, leave, time),
                    np.where(rows, 0.5 * self.g * (land - leave), velocity),
                )
                integral = np.where(rows, self._event("takeoff").once, integral)
            between = facts.tier == TWO_FLIGHTS
            if between.any():
                rows = between[:, np.newaxis]
                down, lacking = self._between_flights(rest)
                velocity, rest = np.where(rows, down, velocity), np.where(rows, rest + lacking, rest)
                self._drifts = True
            self._anchor = time, integral, velocity, rest
            steps = self._raised("noise", np.zeros(self.n), np.ones(self.n))
            self._walk = steps * (facts.noise[:, np.newaxis] / self.mass[:, :1])
        return self._anchor

    def _between_flights(self, rest: Floats) -> tuple[Floats, Floats]:
        """Velocity at first contact, and the constant force that the contact lacks between its flights (METRICS.md 6).

        Half of each flight goes up and half comes down: the contact's impulse is m·g·(t_before + t_after)/2.
        """
        start, down, leave, land = (
            self.moments[name] for name in ("previous_takeoff", "first_contact", "takeoff", "touchdown")
        )
        before, after = 0.5 * self.g * (down - start), 0.5 * self.g * (land - leave)
        known = self._event("takeoff").once - self._event("first_contact").once
        return -before, divided(self.mass * (before + after) - known, leave - down) - rest

    def integral_to(self, times: Floats) -> Floats:
        """Integral of net force from the curve's first sample to times (n,) that may lie beyond the curve, N*s.

        Beyond the curve it is summed over 10 ms cells, so such times must be the edge of a cell.
        """
        block, curve = self.facts.block, self.curve
        edge = -(-np.ceil(zeroed(self.facts.events["touchdown"]) * curve.rate).astype(np.int64) // block.cell)
        far = np.isfinite(times) & (times * curve.rate >= curve.origin + curve.values.shape[1] - 1)
        inside = np.where(far, edge * block.cell_time, times)
        integral = curve.read(inside[:, np.newaxis])[1][:, 0]
        if not far.any():
            return np.asarray(np.where(np.isfinite(times), integral, np.nan))
        count = np.where(far, np.round(zeroed(times) / block.cell_time).astype(np.int64) - edge, 0)
        width = int(max(count.max(initial=1), 1))
        sums = np.where(
            np.arange(width) < count[:, np.newaxis], gather(block.sums, self.facts.record, edge, width), 0.0
        )
        force = self.facts.zero + self._base
        total = sums.sum(axis=1) - force * count * block.cell
        rows = np.arange(self.n)
        place = np.where(far, np.round(zeroed(times) * curve.rate), 0).astype(np.int64)
        ends = block.total[self.facts.record, place] - gather(
            block.total, self.facts.record, edge * block.cell, 1)[rows, 0]  # fmt: skip
        return np.asarray(np.where(far, integral + (total + 0.5 * ends) / curve.rate,
                                   np.where(np.isfinite(times), integral, np.nan)))  # fmt: skip

    def _speed(self, reading: Floats, times: Floats) -> Floats:
        """Velocity where the integral reads so, at times (n, k) or (n, events, k), in every copy."""
        time, integral, start, rest = self._anchored()
        mass, steps, tail, zeroed = self.mass, self._walk, self.facts.tail[:, np.newaxis], self._zeroed
        if times.ndim == 3:
            time, integral, start, rest, mass, steps, tail, zeroed = (
                part[:, np.newaxis] for part in (time, integral, start, rest, mass, steps, tail, zeroed)
            )
        tau = times - time
        walk = np.sqrt((np.abs(tau) + tail) * self.facts.block.dt)
        speed = start + (reading - integral + rest * tau) / mass + steps * walk
        return self._drifted(speed, tau * (0.5 * (times + time) - zeroed) / mass[..., :1])

    def force_and_velocity(self, times: Floats) -> tuple[Floats, Floats]:
        """Both at times, from one reading."""
        value, once = self.curve.read(times)
        return self._force(value, times), self._speed(once, times)

    def _path(self, once: Floats, twice: Floats, times: Floats) -> Floats:
        """Displacement from the origin event, from its velocity and the double integral between.

        Where integral and double integral read so, at times (n, k) or (n, events, k).
        """
        if self._origin is None:
            at = self._event(self.facts.origin)
            start = self.moments[self.facts.origin]
            self._origin = start, self._speed(at.once, start), at.once, at.twice
        (start, speed, first, double), (anchor, _, _, rest) = self._origin, self._anchored()
        mass, steps, zeroed = self.mass, self._walk, self._zeroed
        if times.ndim == 3:
            start, speed, first, double, anchor, rest, mass, steps, zeroed = (
                part[:, np.newaxis] for part in (start, speed, first, double, anchor, rest, mass, steps, zeroed)
            )
        tau = times - start
        change = twice - double - first * tau
        far = np.abs(tau)
        walk = steps * tau * np.sqrt(far * (self.facts.block.dt / 3.0))
        if self.facts.anchor_at != self.facts.origin:
            walk = steps * self._walked_from_afar(start, tau)
        path = tau * speed + change / mass + walk + 0.5 * rest * tau * tau / mass
        return self._drifted(path, tau * tau * (0.5 * (start - zeroed) + tau / 6.0) / mass[..., :1])

    def _walked_from_afar(self, start: Floats, tau: Floats) -> Floats:
        """What noise does to the path over tau from `start`, where velocity is anchored elsewhere, less what the
        velocity at `start` has of it already: the noise between the path and the anchor, and that within the path.
        """
        dt, tail, anchor = self.facts.block.dt, self.facts.tail[:, np.newaxis], self._anchored()[0]
        if tau.ndim == 3:
            tail, anchor = tail[:, np.newaxis], anchor[:, np.newaxis]
        far = np.abs(start - anchor)
        near = np.minimum(far, np.abs(start + tau - anchor)) + tail
        whole = np.sqrt(dt * (tau * tau * near + np.abs(tau) ** 3 / 3.0))
        return np.asarray(np.sign(tau) * whole - tau * np.sqrt(dt * (far + tail)))

    def at(self, name: str, event: str, offset: float) -> Floats:
        """A quantity `offset` s after an event."""
        return self.quantity(name, self.after(event, offset))

    def after(self, event: str, offset: float) -> Floats:
        """Times `offset` s after an event, (n, k): the same array each time, which is read and searched once."""
        self.note(event)
        if (event, offset) not in self._after:
            self._after[event, offset] = _locked(self.moments[event] + offset)
        return self._after[event, offset]

    def _handed(self, values: Floats) -> Floats:
        """An array that many metrics are handed; somebody's own metric gets one to do with as it likes."""
        return values if self.lends else values.copy()

    # --- intervals ----------------------------------------------------------------------------------------------

    def duration(self, start: str | Floats, end: str | Floats) -> Floats:
        """Time between two events, s."""
        return self._between("duration", start, end)

    def impulse(self, start: str | Floats, end: str | Floats) -> Floats:
        """Gross impulse, N*s."""
        return self._between("impulse", start, end)

    def net_impulse(self, start: str | Floats, end: str | Floats) -> Floats:
        """Impulse above the weight, N*s."""
        self.note("weight")
        return self._between("net_impulse", start, end)

    def _between(self, what: str, start: str | Floats, end: str | Floats) -> Floats:
        """What lies between two events or times; between two events it is worked out once."""
        if not (isinstance(start, str) and isinstance(end, str)):
            return self._interval(what, start, end)
        self.note(end)
        self.note(start)
        key = what, start, end
        if key not in self._motion:
            self._motion[key] = _locked(self._interval(what, start, end))
        return self._handed(self._motion[key])

    def _interval(self, what: str, start: str | Floats, end: str | Floats) -> Floats:
        if what == "duration":
            return self.times(end) - self.times(start)
        time = self.duration(start, end)
        if what == "net_impulse":
            return self.impulse(start, end) - self.weight * time
        total = self._reading(end)[1] - self._reading(start)[1] + self._gross * time
        begin, stop = self.times(start), self.times(end)
        if self.inputs:
            self._move(total, "noise", self.noise * (self._walked(end) - self._walked(start)))
        return self._drifted(total, time * (0.5 * (begin + stop) - self._zeroed))

    # --- noise of single numbers -------------------------------------------------------------------------------

    @property
    def between_noise(self) -> Floats:
        """SD of force at an instant between two samples, N, (n,): two thirds of a sample's variance on average."""
        return np.asarray(self.noise * BETWEEN_SAMPLES)

    def at_weight(self, event: str) -> Floats:
        """Force at an event at which it crosses the weight: wherever it is found, force is the weight, (n, 1)."""
        return self.force[event][:, :1]

    @property
    def crossing_noise(self) -> Floats:
        """SD of force where it crosses the weight, (n,), N: there it is the weight, by definition."""
        return np.zeros(self.n)

    def end_noise(self, _start: str | Floats, _end: str | Floats) -> Floats:
        """What noise adds to an impulse whose ends lie where velocity is known, (n,), N*s: its copies hold it all."""
        return np.zeros(self.n)

    def _walked(self, at: str | Floats) -> Floats:
        """How far the sum of unit noise has walked from the anchor to then, s, (n,): part of every velocity."""
        times = self.moments[at][:, :1] if isinstance(at, str) else at[:, :1]
        return self.recalled(("walked", times.tobytes()), lambda: self._walk_to(times))

    def _walk_to(self, times: Floats) -> Floats:
        time = np.abs(times[:, 0] - self.facts.anchor) + self.facts.tail
        return np.sqrt(zeroed(time) * self.facts.block.dt)

    def impulse_noise(self, start: str | Floats, end: str | Floats) -> Floats:
        """SD of an impulse by the noise of its own samples, beyond what its copies hold, (n,), N*s."""
        begin, stop = self.times(start), self.times(end)
        walked = self._walked(stop) - self._walked(begin)
        own = np.abs(stop - begin)[:, 0] * self.facts.block.dt - walked * walked
        return np.asarray(self.noise * np.sqrt(np.maximum(own, 0.0)))

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
        key = (name, sign, *(at if isinstance(at, str) else id(at) for at in (start, end)))
        if key not in self._peaks:
            at = self._extreme_time(name, begin[:, 0], stop[:, 0], sign)
            # what is kept lives, so no other array can have its id
            self._peaks[key] = start, end, _locked(self._with_edges(at[:, np.newaxis], begin, stop))
        return self._handed(self._peaks[key][2])

    def _with_edges(self, at: Floats, begin: Floats, stop: Floats) -> Floats:
        """The same sample in every copy, (n, 1), but at the edge of the interval it moves with the edge, (n, k)."""
        step = 1.0 / self.curve.rate
        first, last = (at - begin[:, :1] < step)[:, 0], (stop[:, :1] - at <= step)[:, 0]
        if not (first | last).any():
            return at
        moved = np.where(
            first[:, np.newaxis], begin - begin[:, :1], np.where(last[:, np.newaxis], stop - stop[:, :1], 0.0)
        )
        return at + moved

    def _extreme_time(self, name: str, begin: Floats, stop: Floats, sign: float) -> Floats:
        """Time of the largest `sign * quantity` over the samples in [begin, stop) of each row, s, (n,)."""
        first, last, known = self._columns(begin, stop)
        if not known.any():
            return self._unknown
        start = int(first[known].min())
        first, last = np.where(known, first, start), np.where(known, last, start + 1)
        values, edges = self.curve.values, [*zip(first.tolist(), last.tolist(), strict=True)]
        if name == "force":
            parts = [row[a:b] for row, (a, b) in zip(values, edges, strict=True)]
        else:
            low, speed = self._speeds_within(first, last)
            parts = [row[a - at : b - at] for row, at, (a, b) in zip(speed, low, edges, strict=True)]
            if name == "power":
                whole = zip(parts, values, self._base.tolist(), edges, strict=True)
                parts = [v * (f[a:b] + w) for v, f, w, (a, b) in whole]
        at = np.array([part.argmax() for part in parts] if sign > 0 else [part.argmin() for part in parts])
        return np.where(known, (self.curve.origin + first + at) / self.curve.rate, np.nan)

    def _speeds_within(self, first: Ints, last: Ints) -> tuple[list[int], Floats]:
        """The measurement's velocity at columns [first, last) of each row, (n, width), and where each row begins."""
        start, end, width = int(first.min()), int(last.max()), int((last - first).max())
        low, high, _ = self._speeds
        if end - start <= 2 * width or (low <= start and end <= high):
            return [start] * self.n, self._column_velocity(start, end)
        # rows that lie far apart have little in common
        rows = np.arange(self.n, dtype=np.int64)
        return first.tolist(), self._velocity_from(rows, first, width)

    def _columns(self, begin: Floats, stop: Floats) -> tuple[Ints, Ints, Bools]:
        """Columns of the curve in [begin, stop) of each row, and which rows have any that hold samples."""
        first, last, known = self.samples(begin, stop)
        held = np.minimum(self.facts.block.lengths[self.facts.record] - self.curve.origin, self.curve.values.shape[1])
        first, last = np.maximum(first, 0), np.minimum(last, held)
        return first, last, known & (last > first)

    def _column_velocity(self, first: int, last: int) -> Floats:
        """The measurement's velocity at columns [first, last) of the curve, (n, last - first); the widest is kept."""
        low, high, speed = self._speeds
        if not (low <= first and last <= high):
            # whoever looks here looks a little farther next
            low, high = first, min(last + MARGIN, self.curve.values.shape[1])
            self._speeds = low, high, self._computed_velocity(low, high)
            speed = self._speeds[2]
        return speed[:, first - low : last - low]

    def _computed_velocity(self, first: int, last: int) -> Floats:
        time, integral, start, rest = (part[:, :1] for part in self._anchored())
        mass = self.mass[:, :1]
        speed = self.curve.integral(first, last, 1.0 / mass, start - integral / mass)
        if self._drifts:
            at = (self.curve.origin[:, np.newaxis] + np.arange(first, last)) / self.curve.rate
            speed += rest / mass * (at - time)
        return speed

    def first_upward(self, start: Floats, end: Floats, level: float) -> Floats:
        """First time in (start, end] at which the measured velocity passes a level from below, s; NaN if never.

        Between the two samples force is a straight line, so velocity is a parabola, which is solved.
        """
        first, last, known = self._columns(start, end + 2.0 / self.curve.rate)
        place = np.full(self.n, np.nan)
        low, high, kept = self._speeds
        inside = bool(known.any()) and low <= int(first[known].min()) and int(last[known].max()) <= high
        # most find it soon; whoever does not goes on, from the last sample of before
        width = round(SOON * self.curve.rate)
        rows = np.flatnonzero(known & (last - first > 1))
        while rows.size:
            width = min(width, int((last - first)[rows].max()))
            begin = first[rows]
            speed = gather(kept, rows, begin - low, width) if inside else self._velocity_from(rows, begin, width)
            at, before = _passed(speed, last[rows] - begin, level)
            net = gather(self.curve.values, rows, begin + np.maximum(at, 1) - 1, 2) + self._anchored()[3][rows, :1]
            net /= self.mass[rows, :1] * self.curve.rate
            bend, rise = 0.5 * (net[:, 1] - net[:, 0]), level - before
            root = np.sqrt(np.maximum(net[:, 0] ** 2 + 4.0 * bend * rise, 0.0))
            part = limited(divided(2.0 * rise, net[:, 0] + root), 0.0, 1.0)
            place[rows] = np.where(at > 0, begin + at - 1 + part, np.nan)
            first[rows] += width - 1
            width *= 4
            rows = rows[np.isnan(place[rows]) & ((last - first)[rows] > 1)]
        return np.asarray((self.curve.origin + place) / self.curve.rate)

    def _velocity_from(self, rows: Ints, first: Ints, width: int) -> Floats:
        """The measurement's velocity at `width` columns from `first` of some rows on, (rows, width)."""
        time, integral, start, rest = (part[rows, :1] for part in self._anchored())
        begin = ((self.curve.origin[rows] + first) / self.curve.rate)[:, np.newaxis]
        curve = self.curve if len(rows) == self.n else self.curve.where(np.isin(np.arange(self.n), rows))
        mass = self.mass[rows, :1]
        speed = curve.integral_from(first, width, 1.0 / mass, start + (curve.read(begin)[1] - integral) / mass)
        if self._drifts:
            speed += rest / mass * (begin + np.arange(width) / self.curve.rate - time)
        return speed

    def sampled_path(self, first: Ints, width: int) -> Floats:
        """The measurement's displacement at `width` columns from `first` on, less that at the first, (n, width), m."""
        begin = ((self.curve.origin + first) / self.curve.rate)[:, np.newaxis]
        speed = self._speed(np.repeat(self.curve.read(begin)[1], self.k, axis=1), begin)[:, :1]
        rest = self._anchored()[3][:, :1]
        tau = np.arange(width) / self.curve.rate
        path = tau * speed + (self.curve.double_from(first, width) + 0.5 * rest * tau * tau) / self.mass[:, :1]
        return np.asarray(path)

    def samples(self, begin: Floats, stop: Floats) -> tuple[Ints, Ints, Bools]:
        """Columns [first, last) of the curve in [begin, stop) of each row, and rows that have any, (n,)."""
        known = np.isfinite(begin) & np.isfinite(stop)
        first, last = (
            np.ceil(np.where(known, edge, 0.0) * self.curve.rate - 1e-7).astype(np.int64) - self.curve.origin
            for edge in (begin, stop)
        )
        return first, last, known & (last > first)

    def peak_slope(self, name: str, window: float, start: str | Floats, end: str | Floats) -> tuple[Floats, Floats]:
        """Largest least-squares slope of force over windows that lie wholly in [start, end), and its SD by noise.

        Rows shorter than the window are refused. The window is the same in every copy.
        """
        if name != "force":
            raise KeyError(f"peak_slope is for force, not {name!r}")
        size = max(3, round(window * self.curve.rate) + 1)
        first, _, known = self.samples(self.times(start)[:, 0], self.times(end)[:, 0])
        last = np.ceil(np.where(known, self.times(end)[:, 0], 0.0) * self.curve.rate).astype(np.int64)
        count = last - self.curve.origin - first - size + 1
        self.require(~known | (count > 0), "phase_too_short")
        best = np.full(self.n, np.nan)
        if (known & (count > 0)).any():
            low = int(first[known].min())
            slopes = self.curve.slopes(low, int((first + np.maximum(count, 1))[known].max()), size)
            rows = np.flatnonzero(known & (count > 0))
            parts = zip(slopes[rows], (first - low)[rows].tolist(), (first - low + count)[rows].tolist(), strict=True)
            best[rows] = [row[a + row[a:b].argmax()] for row, a, b in parts]
        # the steepest of neighbours that share most of their samples is a little too steep by chance
        spread = STEEPEST * self.noise * self.curve.rate / np.sqrt(size * (size * size - 1) / 12.0)
        return np.repeat(best[:, np.newaxis], self.k, axis=1), spread

    # --- sides and other fields ---------------------------------------------------------------------------------

    # made at each look: whatever held this object and were held by it would keep its arrays alive for too long

    @property
    def t(self) -> Times:
        """Event times, (n, k)."""
        return Times(self)

    @property
    def force(self) -> AtEvents:
        """Force at events, N."""
        return AtEvents(self, "force")

    @property
    def velocity(self) -> AtEvents:
        """Velocity at events, m/s."""
        return AtEvents(self, "velocity")

    @property
    def displacement(self) -> AtEvents:
        """Displacement from the origin event at events, m."""
        return AtEvents(self, "displacement")

    @property
    def left(self) -> Side:
        """The left plate alone; velocity and events stay those of the whole body. One plate alone is refused."""
        return self._side("left")

    @property
    def right(self) -> Side:
        """The right plate alone."""
        return self._side("right")

    def _side(self, name: str) -> Side:
        if not self.facts.plate_zero:
            self.require(np.zeros(self.n, dtype=bool), "one_plate")
        return Side(self, name)

    def __getitem__(self, field: str) -> Floats:
        """Another metric's values, (n, k)."""
        name = ALIASES.get(field, field)
        if name not in self.fields:
            from hipdrive.analysis.uncertainty import evaluate

            state = (self._why, self._refused, self.method)
            evaluate(self, name)
            self._why, self._refused, self.method = state
        self.note(name)
        return self.fields[name]


@cache
def _own_columns(inputs: Sequence[str], events: Sequence[str], moved: frozenset[str]) -> tuple[Ints, Ints]:
    """Which of events' columns side by side must be read, and which of those each column is, (events * k,).

    A measured event's copies differ from it in two columns only, or in those of the inputs that move it (MOVE) too;
    what was found from velocity differs in all.
    """
    k = 1 + 2 * len(inputs)
    own: list[int] = []
    back = []
    for i, event in enumerate(events):
        causes = (*(MOVE if event in moved else ()), event)
        first = [1 + 2 * inputs.index(cause) for cause in causes] if event in inputs else range(1, k, 2)
        differ = [c for column in first for c in (column, column + 1)]
        place = {0: len(own), **{c: len(own) + 1 + j for j, c in enumerate(differ)}}
        own += [i * k + c for c in place]
        back += [place.get(c, place[0]) for c in range(k)]
    return np.array(own), np.array(back)


def _locked(values: Floats) -> Floats:
    """The values, which many metrics are handed: nobody may change them."""
    values.flags.writeable = False
    return values


def _no_quantity(name: str) -> KeyError:
    return KeyError(f"a repetition has no quantity {name!r}: force, velocity, displacement or power")


def _passed(speed: Floats, count: Ints, level: float) -> tuple[Ints, Floats]:
    """Place within the first `count` samples of each row at which velocity has passed a level, and velocity before it.

    From below; the place is 0 where it never does.
    """
    above = speed >= level
    at, rows = above.argmax(axis=1), np.arange(len(speed))
    for row in np.flatnonzero(above[:, 0]).tolist():
        below = int(above[row].argmin())
        at[row] = below + int(above[row, below:].argmax())
    passed = above[rows, at] & (at > 0) & (at < count)
    at = np.where(passed, at, 0)
    return at, speed[rows, at - passed]


def newton(rep: Rep, guess: Floats, level: float) -> Floats:
    """The times at which velocity passes `level` in every copy, (n, k), from those at which the measurement's does.

    The copies pass within a millisecond of it, so that one step of Newton's finds them to a microsecond.
    """
    times = guess[:, np.newaxis]
    force, speed = rep.force_and_velocity(times)
    return np.asarray(times - limited(divided((speed - level) * rep.mass, force - rep.weight), -0.02, 0.02))
