"""From flights to repetitions: weight, onset, edges of contact, rest after the landing, and which test it was.

One function a step, in the order of METRICS.md 1: provisional departure, weighing, threshold, movement start, edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hipdrive.analysis import events, segment, shaking
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segment import Candidates, Runs, Survey
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, divided, gather, last_true, lasting
from hipdrive.analysis.weighing import Still, Where, calmest_before, still_after, still_before
from hipdrive.trial import BOX

SETTLE = 0.2
"""s after touchdown before a still stretch may begin."""

CALM = 0.1
"""s within the departure band that count as not yet moving, for the provisional start."""

WEIGHED = ("before", "after", "before_unsteady", "after_unsteady", "box", "mass", "elsewhere", "none",
           "session")  # fmt: skip
"""Where the weight came from, in the order of preference of a jump; the session comes before none."""


@dataclass(frozen=True, eq=False)
class Given:
    """What the trial itself says, by record: weight from a mass N, box height m, declared test; NaN, "auto" if not.

    load : kg carried, 0 where nothing was said.
    session : weight by other visits of the same athlete in a record that was cut, N; None in others.
    """

    weight: Floats
    box_height: Floats
    test: str
    load: Floats
    session: Floats | None = None


@dataclass(frozen=True, eq=False)
class Located:
    """n repetitions with everything that can be found without integrating, arrays (n,). Positions in samples."""

    found: Candidates
    zero: Floats
    zero_u: Floats
    weight: Floats
    still: Still
    before: Still
    after: Still
    source: Ints
    theta: Floats
    search_from: Ints
    crossing: Floats
    onset: Floats
    onset_u: Floats
    takeoff: events.Instants
    touchdown: events.Instants
    first_contact: events.Instants
    drop: Bools
    """A contact that began from an empty plate, without a still stretch in it."""

    rebound: Bools
    """A contact between two flights: a hop or a rebound, no jump of these tests."""

    rough: Floats
    """Median of the loaded cells, N: the scale of the force where no weight is known."""

    creep: Floats
    """Drift of the zero from the empty plate before the contact to the flight, N/s; 0 where it was not empty before."""

    creep_u: Floats
    """Its standard uncertainty by noise; infinite where there is none."""

    ring: Floats
    """How far the plate rings after take-off, N; zero where it does not."""

    cutoff: Floats
    """Frequency above which the record was filtered before it was saved, Hz; NaN where it was not."""

    @property
    def record(self) -> Ints:
        """Row of the block each repetition lies in."""
        return self.found.record

    def where(self, keep: Any) -> Located:
        """Some of the repetitions, as a mask or by their numbers."""
        if isinstance(keep, np.ndarray) and keep.dtype == bool and keep.all():
            return self
        parts: dict[str, Any] = {name: some(getattr(self, name), keep) for name in self.__dataclass_fields__}
        return type(self)(**parts)


def some(part: Any, keep: Any) -> Any:
    """Some rows, as a mask or by their numbers, of an array or of a dataclass of arrays."""
    if isinstance(part, np.ndarray):
        return part[keep]
    return replace(part, **{n: getattr(part, n)[keep] for n in part.__dataclass_fields__})


def locate(block: Block, seen: Survey, given: Given, profile: Profile) -> tuple[Located, Runs]:
    """Every possible repetition of a block of records that were surveyed, and their unloaded runs."""
    runs = segment.unloaded_runs(block, seen, profile)
    found = segment.candidates(block, runs)
    rough = seen.rough_weight[found.record]
    departed = _departure(block, found, rough, profile)
    located = _weighed_and_started(block, found, runs, rough, departed, given, profile)
    # a slow start can hide in the window that was weighed: then weigh again, and end the window before it
    late = located.before.found & (located.crossing - located.before.end < 2 * block.cell)
    if late.any():
        sooner = np.where(late, located.crossing, departed).astype(np.int64)
        located = _weighed_and_started(block, found, runs, rough, sooner, given, profile)
    return located, runs


def locate_touchdowns(
    block: Block, found: Candidates, runs: Runs, rough: Floats, given: Given, profile: Profile
) -> Located:
    """Touchdowns out of unloaded runs that need not be flights, weighed after them where somebody stood still there.

    Otherwise the weight is that of a still stance before the run, then any other of `WEIGHED`.
    """
    departed = _departure(block, found, rough, profile)
    located = _weighed_and_started(block, found, runs, rough, departed, given, profile, landed=True)
    use = (located.source >= 3) & located.before.found
    return replace(
        located,
        still=located.before.only(use).filled(located.still),
        source=np.where(use, 0, located.source),
        weight=np.where(use, located.before.mean - located.zero, located.weight),
    )


def _weighed_and_started(
    block: Block, found: Candidates, runs: Runs, rough: Floats, departed: Ints, given: Given, profile: Profile,
    *, landed: bool = False,
) -> Located:  # fmt: skip
    """Weight, threshold, edges and onset, with no weighing after `departed`; landed: weighed after touchdown first."""
    record, level = found.record, found.level
    zero = np.where(np.abs(level) > profile.offset_min, level, 0.0)
    last = departed - round(profile.weigh_gap * block.rate)
    rested = found.end + round(SETTLE * block.rate)
    limit = profile.weigh_sd_pass
    before = still_before(block, Where(record, found.ground, last, level, found.noise), profile, limit=limit)
    after = still_after(block, Where(record, rested, found.until, level, found.noise), profile, limit=limit)
    contact = (found.start - found.ground) / block.rate
    # whoever comes from elsewhere did not leave this plate from both feet
    beside = np.zeros(len(record), dtype=bool) if landed else _one_foot_beside(block, found, before, after)
    after = after.only(~beside) if beside.any() else after
    alone = (contact <= profile.contact_max) & ~before.found
    empty = np.maximum(found.empty, 0)
    gone = (runs.end - runs.start)[empty] >= profile.empty_before * block.rate if len(runs.record) else alone
    drop = alone & (found.empty >= 0) & ~found.after_flight & gone if not landed else np.ones(len(record), dtype=bool)
    still, source, weight = _weighed(block, found, before, after, drop, beside, departed, zero, given, profile)
    theta = events.onset_threshold(np.where(np.isfinite(still.sd), still.sd, 0.0), profile)
    takeoff = events.takeoff_edge(block, record, found.start, level, found.noise, profile)
    touchdown = events.touchdown_edge(block, record, found.end, level, found.noise, profile)
    contact_edge = _contact(block, found, runs, empty, drop, profile)
    hertz = shaking.cutoff(block, record, found.start, touchdown.at, level, found.noise)
    ring = shaking.ringing(block, record, takeoff.at, level, found.noise)
    ring = np.where(np.isfinite(hertz), 0.0, ring)  # a filter rings, too
    takeoff, touchdown, contact_edge = (
        shaking.blurred(shaking.shaken(block, record, edge, side, ring), hertz)
        for edge, side in ((takeoff, 1), (touchdown, -1), (contact_edge, -1))
    )
    located = Located(
        found, zero, _zero_u(found, zero), weight, still, before, after, source, theta, found.start,
        np.full(len(record), np.nan), np.full(len(record), np.nan), np.full(len(record), np.nan),
        takeoff, touchdown, contact_edge, drop,
        (contact <= profile.rebound_max) & ~before.found & found.after_flight, rough,
        *creep(block, found, runs), ring, hertz,
    )  # fmt: skip
    located = replace(located, search_from=search_start(block, located, profile))
    return with_onset(block, located, np.zeros(len(record), dtype=bool), profile)


def _one_foot_beside(block: Block, found: Candidates, before: Still, after: Still) -> Bools:
    """Where the stance after the landing cannot give the weight: on one foot, though the flight began from both."""
    beside = np.zeros(len(after.found), dtype=bool)
    asked = np.flatnonzero(after.found & ~before.found)
    if not len(asked) or not {"left", "right"} <= set(block.names):
        return beside
    push = round(0.1 * block.rate)
    for i in asked.tolist():
        plates = block.plates[int(found.record[i])]
        feet = [plates[block.names.index(name)] for name in ("left", "right")]
        zero = [float(foot[found.start[i] : found.end[i]].mean()) for foot in feet]
        lighter = []
        for first, last in ((found.start[i] - push, found.start[i]), (after.start[i], after.end[i])):
            force = [float(foot[max(first, 0) : last].mean()) - level for foot, level in zip(feet, zero, strict=True)]
            lighter.append(min(force) / max(sum(force), 1.0))
        beside[i] = lighter[1] < ONE_FOOT and lighter[0] >= 2.0 * ONE_FOOT
    return beside


ONE_FOOT = 0.05
"""Share of the force below which a foot is not on its plate."""


def _zero_u(found: Candidates, zero: Floats) -> Floats:
    """Standard uncertainty of the zero level, N; an offset too small to subtract is doubt instead."""
    left = np.where(zero == 0.0, found.level, 0.0)
    return np.sqrt(found.noise**2 / np.maximum(found.count, 1) + (left / 1.96) ** 2)


def creep(block: Block, found: Candidates, runs: Runs) -> tuple[Floats, Floats]:
    """Drift of the empty plate before the contact, N/s, and its standard uncertainty by noise.

    By its own slope, and by its mean against the flight's; each weighs as much as noise lets it be known.
    """
    nothing = np.zeros(len(found.record))
    if not len(runs.record) or not (found.empty >= 0).any():
        return nothing, nothing + np.inf
    empty = np.maximum(found.empty, 0)
    edge = round(EMPTY_EDGE * block.rate)
    first, last = -(-(runs.start[empty] + edge) // block.cell), (runs.end[empty] - edge) // block.cell
    count = np.maximum(last - first, 0)
    width = int(max(count.max(initial=0), 2))
    inside = np.arange(width) < count[:, np.newaxis]
    means = np.where(inside, gather(block.means, runs.record[empty], first, width), 0.0)
    away = np.where(inside, (np.arange(width) - 0.5 * (count - 1.0)[:, np.newaxis]) * block.cell_time, 0.0)
    square, noise = (away * away).sum(axis=1), runs.noise[empty] ** 2
    slope, slope_sure = divided((away * means).sum(axis=1), square), divided(square * block.cell, noise)
    level = divided(means.sum(axis=1), count)
    time = (0.5 * (found.start + found.end) - 0.5 * (first + last) * block.cell) / block.rate
    doubt = divided(noise, count * block.cell) + found.noise**2 / np.maximum(found.count, 1)
    change, change_sure = divided(found.level - level, time), divided(time * time, doubt)
    sure = slope_sure + change_sure
    known = (found.empty >= 0) & (count >= 4) & np.isfinite(sure) & (sure > 0.0)
    seen = divided(slope_sure * slope + change_sure * change, sure)
    return np.where(known, seen, 0.0), np.where(known, divided(1.0, np.sqrt(sure)), np.inf)


EMPTY_EDGE = 0.1
"""s at either end of an empty stretch in which the plate may still ring, or be loaded already."""


def _departure(block: Block, found: Candidates, rough: Floats, profile: Profile) -> Ints:
    """Sample at which force last left the band around the rough weight; the flight where it never was in it."""
    first, last = found.ground // block.cell, found.start // block.cell
    width = int(np.minimum((last - first).max(initial=1), round(12.0 / block.cell_time)))
    origin = last - width
    net = gather(block.means, found.record, origin, width) - (found.level + rough)[:, np.newaxis]
    calm = (np.abs(net) <= (profile.departure * rough)[:, np.newaxis]) & (
        np.arange(width) >= (first - origin)[:, np.newaxis]
    )
    need = max(1, round(CALM / block.cell_time))
    at = last_true(lasting(calm, need))
    return np.where(at >= 0, (origin + at + need) * block.cell, found.start)


def _weighed(
    block: Block, found: Candidates, before: Still, after: Still, drop: Bools, beside: Bools, departed: Ints,
    zero: Floats, given: Given, profile: Profile,
) -> tuple[Still, Ints, Floats]:  # fmt: skip
    """The stretch that gives the weight, where it came from (index into WEIGHED), and the weight, N."""
    record, level, rate = found.record, found.level, block.rate
    still = before.only(~drop).filled(after)
    source = np.where(before.found & ~drop, 0, np.where(after.found, 1, 7))
    if not still.found.all():
        limit = profile.weigh_sd_warn
        last, rested = departed - round(profile.weigh_gap * rate), found.end + round(SETTLE * rate)
        loose = calmest_before(block, Where(record, found.ground, last, level, found.noise), profile, limit=limit)
        late = still_after(block, Where(record, rested, found.until, level, found.noise), profile, limit=limit)
        for choice, number in ((loose.only(~drop), 2), (late.only(~beside), 3)):
            source = np.where((source == 7) & choice.found, number, source)
            still = still.filled(choice)
    weight = still.mean - zero
    if (source == 7).any():
        weight, source = _weight_elsewhere(block, found, beside, weight, source, given, profile)
    return still, source, weight


def _weight_elsewhere(
    block: Block, found: Candidates, beside: Bools, weight: Floats, source: Ints, given: Given, profile: Profile
) -> tuple[Floats, Ints]:
    """Weight from the plate under the box, from a given mass, or from another still stretch of the record."""
    record, none = found.record, np.zeros(len(found.record), dtype=np.int64)
    options = [(5, given.weight[record])]
    if BOX in block.names:
        box = block.through(BOX)
        empty = np.array([block.plates[r][block.names.index(BOX), a:b].mean() for r, a, b in
                          zip(record.tolist(), found.start.tolist(), found.end.tolist(), strict=True)])  # fmt: skip
        on_box = Where(record, none, found.ground, np.zeros(len(none)), found.noise)
        standing = still_before(box, on_box, profile, limit=profile.weigh_sd_pass)
        options.insert(0, (4, np.where(standing.mean > segment.LOADED, standing.mean - empty, np.nan)))
    anywhere = Where(record, none, block.lengths[record], found.level, found.noise)
    spot = still_after(block, anywhere, profile, limit=profile.weigh_sd_pass)
    stood = spot.mean - found.level
    options.append((6, np.where((stood > segment.LOADED) & ~beside, stood, np.nan)))
    if given.session is not None:
        options.append((8, given.session[record]))
    for number, choice in options:
        use = (source == 7) & np.isfinite(choice)
        source, weight = np.where(use, number, source), np.where(use, choice, weight)
    return weight, source


def search_start(block: Block, located: Located, profile: Profile) -> Ints:
    """Where to look for the onset: after the weighing, else after the last quarter second at rest, else -1."""
    found, force, theta = located.found, located.weight + located.zero, located.theta
    search = np.where(located.before.found, located.before.end, -1)
    lacking = search < 0
    if not lacking.any():
        return search
    patient = replace(profile, rest_velocity=np.inf)
    ground = np.where(np.isfinite(force), found.ground, np.nan).astype(np.float64)
    rest = events.last_rest(block, found.record, ground, found.start, force, found.level, theta, patient)
    return np.where(lacking, rest, search)


def _contact(
    block: Block, found: Candidates, runs: Runs, empty: Ints, drop: Bools, profile: Profile
) -> events.Instants:
    """First contact of a drop jump, with level and noise of the empty plate before it."""
    if not drop.any():
        nothing = np.full(len(drop), np.nan)
        return events.Instants(nothing, nothing, nothing)
    contact = events.touchdown_edge(
        block,
        found.record,
        found.ground,
        runs.level[empty],
        runs.noise[empty],
        profile,
        fixed=profile.contact_fixed,
    )
    missing = np.where(drop, 0.0, np.nan)
    return events.Instants(contact.at + missing, contact.u + missing, contact.bias + missing)


def with_onset(block: Block, located: Located, upward: Bools, profile: Profile) -> Located:
    """The onset of each repetition; rows with `upward` are squat jumps, which only ever push."""
    found, force = located.found, located.weight + located.zero
    usable = (located.search_from >= 0) & np.isfinite(force) & ~located.drop
    start = np.where(usable, located.search_from, found.start)
    args = (found.start, force, located.theta, upward, profile)
    crossing = events.movement_start(block, found.record, start, *args)
    rest = events.last_rest(block, found.record, crossing, found.start, force, found.level, located.theta, profile)
    again = rest >= 0
    if again.any():
        start = np.where(again, rest, start)
        crossing = np.where(again, events.movement_start(block, found.record, start, *args), crossing)
    crossing = np.where(usable, crossing, np.nan)
    onset = events.onset_from(block, found.record, crossing, start, force, profile)
    onset = np.where(onset > found.ground, onset, np.nan)
    u = events.onset_u(block, found.record, crossing, located.still.sd)
    return replace(located, crossing=crossing, onset=onset, onset_u=u)
