"""The contacts of a run over plates: when each begins and ends, what it pushes, and where, in one record.

Plates are put together in lab coordinates, so a contact that crosses two plates is one. Every plate's zero is taken in
the flights beside the contact (METRICS.md 11), since a braking impulse of 3 N·s is a zero error of 15 N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from hipdrive.analysis.cop import fourth_difference, of_plate
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Bools, Floats, Ints
from hipdrive.trial import BOX, LEFT, RIGHT, Trial

STRONG = 5.0
"""Thresholds that a force exceeds within a contact: a smaller one is noise, or something that fell on the plate."""

CARRIES = 50.0
"""N at most on a plate that has no part in a contact."""

STRETCH, SWING = 0.7, 300.0
"""s that hold a flight of every run, and N by which a plate's load changes in them."""

DEEP = 0.12
"""Share of a stretch's largest load below which its lowest may be an empty plate that has drifted."""

ZEROED = 0.6
"""s around a contact within which its plates' zero is taken."""

APART = 0.02
"""s beside a contact in which a plate may still ring, or already be touched."""

FEWEST = 20
"""Samples of an empty plate that tell its zero."""

FAR, SURE = 1.0, 3
"""m that contacts move on, and how many of them there are, in what is a run for sure though nobody said so."""

ON_PLATES = 0.5
"""m that the contacts of a run over several plates move on: less is a treadmill, or one plate."""

ALONG = 20.0
"""Degrees from an axis of the lab within which a run is along it: left and right feet put the line askew."""

SMOOTH = 0.005
"""s over which force is averaged before its peak is read."""

EMPTY_SDS = 4.0
"""SDs of the noise up to which a plate may still be empty."""

SPILL = 0.01
"""Of a sampling interval: what remains of a bend between two samples at the edge of a contact (simulated)."""


Place = tuple[Floats | None, Floats | None]
"""Centre of pressure of a plate along both axes, None where it is not known."""


@dataclass(frozen=True, eq=False)
class Contact:
    """One contact. start, end : s, crossings of the threshold, with standard uncertainties. place : where the foot
    was (lab, m, force-weighted mean centre of pressure) with its own. push : forward, left and up, N, (3, samples)
    from sample `first` on. doubt : standard uncertainty of the zero of each, N; noise : SD of each, N.

    cut : why it is not whole, "" where it is. plates : those that carry it.
    """

    start: float
    end: float
    start_u: float
    end_u: float
    first: int
    rate: float
    push: Floats
    doubt: Floats
    noise: Floats
    place: Floats
    place_u: float
    plates: tuple[str, ...]
    cut: str = ""

    @property
    def time(self) -> float:
        """Contact time, s."""
        return self.end - self.start

    def curve(self, axis: int) -> tuple[Floats, Floats]:
        """Times, s, and one component from start to end, both ends between samples included."""
        times = (self.first + np.arange(self.push.shape[1])) / self.rate
        inside = (times > self.start) & (times < self.end)
        ends = np.interp([self.start, self.end], times, self.push[axis])
        return np.r_[self.start, times[inside], self.end], np.r_[ends[0], self.push[axis][inside], ends[1]]

    def impulse(self, axis: int, sign: int = 0) -> float:
        """Impulse of a component, N*s; only where it is positive (1) or negative (-1) if a sign is given."""
        times, values = self.curve(axis)
        if sign:
            times, values = _crossed(times, values)
            values = np.maximum(values, 0.0) if sign > 0 else np.minimum(values, 0.0)
        return float(np.trapezoid(values, times))

    def walk(self, axis: int, seconds: float) -> float:
        """Standard uncertainty of an impulse over so many seconds, by noise and zero, N*s."""
        return float(np.hypot(self.noise[axis] * np.sqrt(seconds / self.rate), self.doubt[axis] * seconds))


@dataclass(frozen=True, eq=False)
class Run:
    """The contacts of a record in time, in the frame of the run. code : why there are none, "" where there are.

    heading : which way the run goes in the lab, a unit vector; how : how that is known. horizontal : whether forward
    force was measured; placed : whether places are known; still : whether the contacts stay in one place (treadmill).
    """

    contacts: tuple[Contact, ...] = ()
    heading: tuple[float, float] = (1.0, 0.0)
    how: str = ""
    horizontal: bool = False
    placed: bool = False
    still: bool = False
    code: str = ""


def _crossed(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    """A curve with the instants added at which it crosses zero."""
    at = np.flatnonzero(values[:-1] * values[1:] < 0.0)
    part = values[at] / (values[at] - values[at + 1])
    zeros = times[at] + part * (times[at + 1] - times[at])
    return np.insert(times, at + 1, zeros), np.insert(values, at + 1, 0.0)


def contacts_of(trial: Trial, profile: Profile) -> Run:
    """The contacts of a record, by its vertical force; their forces turned into the direction of the run."""
    names = [name for name in trial.plates if name != BOX or len(trial.plates) == 1]
    up = np.array([trial.fz[trial.plates.index(name)] for name in names])
    rough = up - np.array([_floor(values, trial.rate) for values in up])
    spans = _spans(rough.sum(axis=0), trial.rate, profile)
    if not spans:
        return Run(code="no_contact")
    if len(spans) < 2 and _always(spans, rough.shape[1]):
        return Run(code="no_flight_between")
    places = [of_plate(trial, name, force, profile.cop_z0) for name, force in zip(names, rough, strict=True)]
    found = [_contact(trial, names, rough, places, spans, k, profile) for k in range(len(spans))]
    there = [one for one in found if one is not None]
    contacts = [one for one in there if one.time <= profile.step_max]
    if not _runs(contacts, len(there) - len(contacts), profile):
        return Run(code="no_run")
    horizontal = all(f"{name}.fx" in trial.components for one in contacts for name in one.plates)
    heading, how, still = _heading(contacts, horizontal, profile)
    turned = tuple(_turned(one, heading) for one in contacts)
    placed = all(np.isfinite(one.place).all() for one in contacts)
    return Run(turned, heading, how, horizontal, placed, still)


def _runs(contacts: Sequence[Contact], longer: int, profile: Profile) -> bool:
    """Whether contacts are those of a run: brief, with brief flights; a single one only where nobody stood as well."""
    whole = [one for one in contacts if not one.cut]
    if len(whole) < 2:
        return len(whole) == 1 and longer == 0
    flights = [b.start - a.end for a, b in pairwise(contacts)]
    return bool(np.median(flights) <= profile.step_flight_max)


# --- where ----------------------------------------------------------------------------------------------------------


def _floor(values: Floats, rate: float) -> Floats:
    """What an often empty plate reads when it is empty, roughly, at each sample: it may drift through a long run.

    By the low end of each stretch in which it is both empty and loaded, or as low as it ever is.
    """
    size = max(1, round(SMOOTH * rate))
    means = values[: len(values) // size * size].reshape(-1, size).mean(axis=1) if len(values) >= size else values
    lowest = float(means.min())
    cells = max(1, round(STRETCH * rate / size))
    parts = [means[i : i + cells] for i in range(0, max(1, len(means) - cells // 2), cells)]
    low = np.array([_bottom(part, float(np.percentile(part, 5.0))) for part in parts])
    top = np.array([float(part.max()) for part in parts])
    # who walks unloads a plate, too, but never all of it
    unloaded = (top - low > SWING) & (low - lowest < DEEP * (top - lowest))
    seen = unloaded | (low < lowest + CARRIES)
    if not seen.any():
        return np.full(len(values), _bottom(means, lowest))
    middle = (np.arange(len(parts)) + 0.5) * cells * size
    return np.asarray(np.interp(np.arange(len(values)), middle[seen], low[seen]))


def _bottom(means: Floats, low: float) -> float:
    """The middle of what lies near the low end: the low end itself is as much too low as the noise is large."""
    return float(np.median(means[means < low + CARRIES]))


def _spans(total: Floats, rate: float, profile: Profile) -> list[tuple[int, int]]:
    """First and last loaded sample of each contact, roughly: brief dips are none, nor are brief pushes.

    By a force that no drift and no noise of many plates together reaches; the edges are found afterwards.
    """
    size = max(1, round(SMOOTH * rate))
    smooth = np.convolve(total, np.ones(size) / size, "same")
    above = np.r_[False, smooth > max(CARRIES, profile.step_threshold), False]
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return []
    apart = starts[1:] - ends[:-1] > max(1.0, profile.step_gap * rate)
    starts, ends = starts[np.r_[True, apart]], ends[np.r_[apart, True]]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)
            if b - a >= profile.step_min * rate and total[a:b].max() > STRONG * profile.step_threshold]  # fmt: skip


def _always(spans: Sequence[tuple[int, int]], samples: int) -> bool:
    """Whether the plates are loaded nearly throughout: somebody stands or walks."""
    return sum(b - a for a, b in spans) > 0.9 * samples


def _contact(
    trial: Trial, names: Sequence[str], rough: Floats, places: Sequence[Place],
    spans: Sequence[tuple[int, int]], k: int, profile: Profile,
) -> Contact | None:  # fmt: skip
    """The contact of span k with its own zero; None where nothing of it is left. Only what is near it is looked at."""
    (a, b), rate = spans[k], trial.rate
    own = [i for i in range(len(names)) if rough[i, a:b].max() > CARRIES] or [int(rough[:, a:b].max(axis=1).argmax())]
    margin, reach = round(APART * rate), round(ZEROED * rate)
    low, high = max(0, a - reach), min(trial.samples, b + reach)
    first, last = max(0, a - margin), min(trial.samples, b + margin)
    empty = np.flatnonzero(_empty(spans, k, low, high, margin))
    parts, doubts, noises = [], [], []
    for axis in ("fx", "fy", "fz"):
        rows = [_plate(trial, names[i], axis, low, high) for i in own]
        zeros = [_zero(row, empty, 0.5 * (a + b) - low) for row in rows]
        parts.append(sum(row[first - low : last - low] - zero[0] for row, zero in zip(rows, zeros, strict=True)))
        doubts.append(float(np.sqrt(sum(zero[1] ** 2 for zero in zeros))))
        noises.append(float(np.sqrt(sum(zero[2] ** 2 for zero in zeros))))
    push, noise = np.array(parts), np.array(noises)
    found = _edges(push[2], noise[2], rate, profile.step_threshold)
    cut = "cut_contact" if a == 0 or b >= trial.samples else ""
    if found is None:
        return None
    start, start_u, end, end_u = found
    place, place_u = _place([rough[i, a:b] for i in own], [_cut(places[i], a, b) for i in own])
    carry = tuple(names[i] for i in own)
    return Contact(first / rate + start, first / rate + end, start_u, end_u, first, rate, push, np.array(doubts), noise,
                   place, place_u, carry, cut)  # fmt: skip


def _cut(place: Place, a: int, b: int) -> Place:
    x, y = place
    return None if x is None else x[a:b], None if y is None else y[a:b]


def _plate(trial: Trial, name: str, axis: str, low: int, high: int) -> Floats:
    """Samples [low, high) of a plate's force; zeros where it is not measured."""
    if axis == "fz":
        return np.asarray(trial.fz[trial.plates.index(name), low:high])
    whole = trial.components.get(f"{name}.{axis}")
    return np.zeros(high - low) if whole is None else np.asarray(whole[low:high])


def _empty(spans: Sequence[tuple[int, int]], k: int, low: int, high: int, margin: int) -> Bools:
    """Which of the samples [low, high) around span k belong to flights."""
    free = np.ones(high - low, dtype=bool)
    near = [k]
    while near[0] > 0 and spans[near[0] - 1][1] + margin > low:
        near.insert(0, near[0] - 1)
    while near[-1] + 1 < len(spans) and spans[near[-1] + 1][0] - margin < high:
        near.append(near[-1] + 1)
    for a, b in (spans[i] for i in near):
        free[max(0, a - margin - low) : max(0, b + margin - low)] = False
    return free


def _zero(values: Floats, at: Ints, middle: float) -> tuple[float, float, float]:
    """A plate's zero at the middle of a contact by the flights around it, its standard uncertainty, and the noise, N.

    By the line through both flights, since a zero may drift; by the mean of one. No zero where it is never empty.
    """
    own = values[at]
    if len(own) < FEWEST:
        return 0.0, float("nan"), float(fourth_difference(values[np.newaxis])[0])
    away = at - at.mean()
    both = min(int((at < middle).sum()), int((at > middle).sum())) >= FEWEST
    slope = float(away @ own / (away @ away)) if both else 0.0
    noise = float((own - slope * away).std(ddof=1))
    lever = (middle - at.mean()) ** 2 / float(away @ away) if both else 0.0
    return (
        float(own.mean()) + slope * (middle - float(at.mean())),
        noise * float(np.sqrt(1.0 / len(own) + lever)),
        noise,
    )


def _edges(up: Floats, noise: float, rate: float, threshold: float) -> tuple[float, float, float, float] | None:
    """Crossings of the threshold around the strong part of a contact: each time, s, and its standard uncertainty."""
    strong = np.flatnonzero(up > STRONG * threshold)
    if not len(strong):
        return None
    before = np.flatnonzero(up[: strong[0]] <= threshold)
    after = np.flatnonzero(up[strong[-1] :] <= threshold)
    i = int(before[-1]) if len(before) else 0
    j = int(strong[-1] + after[0]) - 1 if len(after) else len(up) - 2
    times = []
    for at, way in ((i, 1), (j, -1)):
        place, u = _crossing(up, at if way > 0 else at + 1, way, noise, threshold)
        times += [place / rate, u / rate]
    return times[0], times[1], times[2], times[3]


def _crossing(up: Floats, low: int, way: int, noise: float, threshold: float) -> tuple[float, float]:
    """Where force crosses a threshold beside the sample `low` below it, towards `way`, and its doubt, in samples.

    Where the force is still that of an empty plate at `low`, the contact begins between two samples, and the line is
    that of the next two; else it is the line between the two samples themselves.
    """
    last = len(up) - 1
    first = low + way
    further = min(max(first + way, 0), last)
    if not 0 <= first <= last:
        return float(low), 1.0
    begun = up[low] > EMPTY_SDS * noise
    rise = float(up[first] - up[low]) if begun or further == first else float(up[further] - up[first])
    if rise <= 0.0:
        return float(first), 1.0
    back = float(np.clip((up[first] - threshold) / rise, 0.0, 1.0))
    weight = np.hypot(1.0 - back, back) if begun else np.hypot(1.0 + back, back)
    return first - way * back, float(np.hypot(noise * weight / rise, SPILL))


def _place(forces: Sequence[Floats], places: Sequence[Place]) -> tuple[Floats, float]:
    """Mean centre of pressure of a contact, weighted by force, m, and its standard uncertainty.

    forces, places : of each plate that carries it, over its samples.
    """
    weight, sums, variance = 0.0, np.zeros(2), np.zeros(2)
    for force, axes in zip(forces, places, strict=True):
        loaded = force > CARRIES
        if not loaded.any():
            continue
        for axis, place in enumerate(axes):
            if place is None or not np.isfinite(place[loaded]).all():
                return np.full(2, np.nan), float("nan")
            sums[axis] += float(place[loaded] @ force[loaded])
            # about a place nearby, so that the noise of the force counts for no more than it moves it
            moment = np.where(loaded, (place - np.median(place[loaded])) * force, np.nan)
            noise = float(np.nan_to_num(fourth_difference(moment[np.newaxis])[0]))
            variance[axis] += noise**2 * float(loaded.sum())
        weight += float(force[loaded].sum())
    if weight == 0.0:
        return np.full(2, np.nan), float("nan")
    return sums / weight, float(np.sqrt(variance.max())) / weight


# --- the direction of the run ---------------------------------------------------------------------------------------

DIRECTIONS = {"x": (1.0, 0.0), "-x": (-1.0, 0.0), "y": (0.0, 1.0), "-y": (0.0, -1.0)}


def _heading(contacts: Sequence[Contact], horizontal: bool, profile: Profile) -> tuple[tuple[float, float], str, bool]:
    """Which way the run goes, how that is known, and whether its contacts stay in one place."""
    places = np.array([one.place for one in contacts])
    moved = places[-1] - places[0] if len(places) > 1 else np.full(2, np.nan)
    far = float(np.hypot(*moved))
    still = not far >= ON_PLATES
    if profile.run_direction != "auto":
        return DIRECTIONS[profile.run_direction], "as told", still
    if far >= ON_PLATES:
        return _along(moved / far), "as the contacts move on", False
    if horizontal:
        # brakes first, pushes then: the second half of a contact less its first points forwards
        turn = sum((_turn_of(one) for one in contacts), np.zeros(2))
        if np.hypot(*turn) > 0.0:
            best = int(np.argmax(np.abs(turn)))
            sign = float(np.sign(turn[best]))
            return ((sign, 0.0) if best == 0 else (0.0, sign)), "as the foot brakes, then pushes", still
    return (1.0, 0.0), "taken as the lab's first axis", still


def _turn_of(one: Contact) -> Floats:
    half = one.push.shape[1] // 2
    return np.asarray(one.push[:2, half:].sum(axis=1) - one.push[:2, :half].sum(axis=1))


def _along(heading: Floats) -> tuple[float, float]:
    """The axis of the lab near a direction, else the direction."""
    best = int(np.argmax(np.abs(heading)))
    if np.degrees(np.arccos(min(1.0, abs(float(heading[best]))))) <= ALONG:
        sign = float(np.sign(heading[best]))
        return (sign, 0.0) if best == 0 else (0.0, sign)
    return float(heading[0]), float(heading[1])


def _turned(one: Contact, heading: tuple[float, float]) -> Contact:
    """A contact in the frame of the run: forward, left, up."""
    c, s = heading
    turn = np.array([[c, s], [-s, c]])
    flat = turn @ one.push[:2]
    noise = np.sqrt((turn**2) @ one.noise[:2] ** 2)
    doubt = np.sqrt((turn**2) @ one.doubt[:2] ** 2)
    return replace(one, push=np.vstack([flat, one.push[2:]]), place=turn @ one.place, noise=np.r_[noise, one.noise[2]],
                   doubt=np.r_[doubt, one.doubt[2]])  # fmt: skip


def may_run(trial: Trial) -> bool:
    """Whether a record can be a run though nobody said so: several plates, all of which know where the foot is."""
    return len(trial.plates) > 1 and all(f"{name}.copx" in trial.components for name in trial.plates)


def goes_on(run: Run) -> bool:
    """Whether contacts move on as they do in a run alone."""
    if not run.placed or len(run.contacts) < SURE:
        return False
    ahead = np.array([one.place[0] for one in run.contacts])
    return bool((np.diff(ahead) > 0.0).all() and ahead[-1] - ahead[0] >= FAR)


def sides_of(contacts: Sequence[Contact], missed: Sequence[bool]) -> list[str]:
    """Which foot each contact is of: by a plate of one foot, else by left and right of the line, alternating.

    missed : whether a contact may be missing after each. "" where it cannot be told.
    """
    named = [one.plates[0] if len(one.plates) == 1 and one.plates[0] in (LEFT, RIGHT) else "" for one in contacts]
    if all(named):
        return named
    if any(missed) or len(contacts) < 3:
        return ["" for _ in contacts]
    across = np.array([one.place[1] for one in contacts])
    away = across - np.convolve(np.r_[across[1], across, across[-2]], [0.5, 0.0, 0.5], "valid")
    parity = np.where(np.arange(len(away)) % 2 == 0, 1.0, -1.0)
    size = float((parity * away).mean())
    agree = float((np.sign(parity * away) == np.sign(size)).mean())
    if not abs(size) > LEAST_ACROSS or agree < 0.8:
        return ["" for _ in contacts]
    return [LEFT if p * size > 0.0 else RIGHT for p in parity]


LEAST_ACROSS = 0.02
"""m between the lines of left and right feet that tell one from the other."""
