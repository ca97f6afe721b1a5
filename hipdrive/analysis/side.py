"""One foot of a repetition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.analysis.curve import Curve
from hipdrive.analysis.signal import Floats, divided, limited, plate_windows, zeroed

BETWEEN_SAMPLES = np.sqrt(2.0 / 3.0)
"""Noise on the straight line between two samples, in parts of a sample's: its variance is (1 - p)² + p² at p."""

if TYPE_CHECKING:
    from hipdrive.analysis.rep import Rep


@dataclass(eq=False)
class Foot:
    """The left plate's curve, and what was read from it at events."""

    curve: Curve
    readings: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)


class Side:
    """One foot's share of additive quantities, with the events of the whole: what `sides=True` metrics are given.

    Peaks are read at the instant of the total's peak, and right is the whole less left, so that they add up to the
    total (METRICS.md 7). A foot has the copies of the whole, in which events move; what its own plate adds, noise
    and zero, is a metric's spread.
    """

    def __init__(self, whole: Rep, name: str) -> None:
        self._whole, self._name = whole, name
        self.apart: Floats | None = None
        """What a metric adds to this foot alone, and so to the index, (n,); its whole spread where it says nothing."""

    @property
    def whole(self) -> Rep:
        """The whole body."""
        return self._whole

    @property
    def noise(self) -> Floats:
        """SD of this plate's noise, N, (n,)."""
        known: Floats | None = self._whole.facts.plate_noise.get(self._name)
        return self._whole.noise if known is None else known

    @property
    def between_noise(self) -> Floats:
        """SD of this plate's force at an instant between two samples, N, (n,)."""
        return np.asarray(self.noise * BETWEEN_SAMPLES)

    def at_weight(self, event: str) -> Floats:
        """Force of this plate at an event at which the whole crosses the weight, (n, k): its share goes on moving."""
        foot, body = self.force[event], self._whole.force[event]
        return foot - divided(foot[:, :1], body[:, :1]) * (body - body[:, :1])

    crossing_noise = between_noise
    """Where the whole force crosses the weight, a foot's is still noisy."""

    def end_noise(self, start: str | Floats, end: str | Floats) -> Floats:
        """SD of this plate's impulse by noise and zero, (n,), N*s."""
        time = np.abs(self.duration(start, end))[:, 0]
        zero = self._whole.facts.zero_u * divided(self.noise, self._whole.noise)
        return np.hypot(self.noise * np.sqrt(time / self._whole.curve.rate), zero * time)

    impulse_noise = end_noise

    @property
    def force(self) -> _Forces:
        """The plate's force at events, N."""
        return _Forces(self)

    @property
    def _foot(self) -> Foot:
        if self._whole.foot is None:
            self._whole.foot = Foot(self._windows())
        return self._whole.foot

    def _windows(self) -> Curve:
        """The left plate over the samples from the first event to the end of the landing."""
        whole, facts = self._whole, self._whole.facts
        if not facts.plate_zero:
            return whole.curve  # there are no feet to tell apart; whoever asked is refused
        last = next((facts.events[name] for name in ("touchdown", "pull_end") if name in facts.events), None)
        if last is None:
            width = whole.curve.values.shape[1]
            return Curve.of(plate_windows(facts.block, "left", facts.record, whole.curve.origin, width,
                                          facts.plate_zero["left"]), whole.curve.origin, whole.curve.rate)  # fmt: skip
        longest = zeroed(last) + facts.profile.landing_window + 0.1
        if "stabilisation" in facts.events:
            longest = np.fmax(longest, facts.events["stabilisation"] + 0.1)
        end = np.ceil(longest * whole.curve.rate).astype(np.int64) - whole.curve.origin
        width = int(limited(end.max(initial=4), 4, whole.curve.values.shape[1]))
        samples = plate_windows(facts.block, "left", facts.record, whole.curve.origin, width, facts.plate_zero["left"])
        return Curve.of(samples, whole.curve.origin, whole.curve.rate)

    def __getattr__(self, name: str) -> Any:
        """Noise, profile, refusals and the like are the whole body's."""
        return getattr(self._whole, name)

    def __getitem__(self, field: str) -> Floats:
        """Another metric of the whole body."""
        return self._whole[field]

    @property
    def t(self) -> dict[str, Floats]:
        """Event times, (n, k)."""
        return self._whole.moments

    def times(self, at: str | Floats) -> Floats:
        """An event's times, or times as given, (n, k)."""
        return self._whole.times(at)

    def duration(self, start: str | Floats, end: str | Floats) -> Floats:
        """Time between two events, s, (n, k)."""
        return self._whole.duration(start, end)

    def time_of_max(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """When the total is largest, s, (n, k)."""
        return self._whole.time_of_max(name, start, end)

    def time_of_min(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """When the total is smallest, s, (n, k)."""
        return self._whole.time_of_min(name, start, end)

    def _left(self, at: str | Floats) -> tuple[Floats, Floats]:
        foot = self._foot
        if not isinstance(at, str):
            return foot.curve.read(at)
        if at not in foot.readings:
            # every event in one go, and no copy that shares the measurement's time
            whole = self._whole
            names = tuple(whole.moments)
            times = np.concatenate([whole.moments[name] for name in names], axis=1)
            own, back = whole.own_columns(names)
            parts = foot.curve.read(times.take(own, axis=1))
            value, once = (part.take(back, axis=1).reshape(whole.n, len(names), whole.k) for part in parts)
            for i, name in enumerate(names):
                foot.readings[name] = value[:, i], once[:, i]
        return foot.readings[at]

    def quantity(self, name: str, at: str | Floats) -> Floats:
        """Force of this plate at an event or at times, N."""
        if name != "force":
            return self._whole.quantity(name, at)
        whole = self._whole.quantity("force", at)
        left = self._left(at)[0] if isinstance(at, str) else self._foot.curve.value(at)
        return left if self._name == "left" else whole - left

    def at(self, name: str, event: str, offset: float) -> Floats:
        """A quantity `offset` s after an event."""
        return self.quantity(name, self.times(event) + offset)

    def impulse(self, start: str | Floats, end: str | Floats) -> Floats:
        """Gross impulse of this plate, N*s."""
        whole = self._whole.impulse(start, end)
        left = self._left(end)[1] - self._left(start)[1]
        return left if self._name == "left" else whole - left

    def mean(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """Mean force of this plate."""
        if name != "force":
            return self._whole.mean(name, start, end)
        return np.asarray(divided(self.impulse(start, end), self.duration(start, end)))

    def max(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """This plate's value at the instant of the total's largest."""
        return self.quantity(name, self.time_of_max(name, start, end))

    def min(self, name: str, start: str | Floats, end: str | Floats) -> Floats:
        """This plate's value at the instant of the total's smallest."""
        return self.quantity(name, self.time_of_min(name, start, end))


class _Forces:
    """`rep.left.force["takeoff"]`, (n, k)."""

    def __init__(self, side: Side) -> None:
        self._side = side

    def __getitem__(self, event: str) -> Floats:
        """The plate's force at an event."""
        return self._side.quantity("force", event)
