"""Landings: touchdowns out of an empty plate that no jump follows (METRICS.md 4).

Rule for `auto`: a record, or a stretch of it, is a landing where such a touchdown is found and no flight lies in it:
the plate was empty for `empty_before`, the athlete came down faster than `drop_velocity` or struck the plate with
`landing_impact` of the weight, no flight follows within `contact_max`, and somebody stands still afterwards. A flight
before the touchdown belongs to the jump that made it, so `auto` leaves it to the jumps; `--test landing` takes it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hipdrive.analysis.build import facts_of, fall_from_box, with_landing_end, with_reason
from hipdrive.analysis.facts import BACKWARD, BY_BOX, FLIGHT_ANCHORED, NO_TIER, NUMBER, TWO_PLATE, Facts
from hipdrive.analysis.locate import SETTLE, Given, Located, locate_touchdowns
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.segment import Candidates, Runs
from hipdrive.analysis.signal import Block, Bools, Floats, Ints, divided, zeroed
from hipdrive.analysis.stabilise import NOISE, stabilised, stabilised_u

REST = 5.0
"""s after touchdown in which the rest must begin that velocity is integrated back from."""

PART = 0.9
"""Share of the known weight below which somebody stands beside the plate with a foot."""

FLIGHT_AGREES = 0.5
"""m/s by which the flight before a landing and the landing itself may disagree about the fall."""


def landings(scene: Scene) -> Found:
    """Every landing of each record; the count of its flights that end in none."""
    block, runs, profile = scene.block, scene.runs, scene.profile
    others = np.zeros(len(block.lengths), dtype=np.int64)
    code = np.full(len(others), NUMBER["no_touchdown"])
    usable = _ends_loaded(block, runs, profile) & (scene.refused[runs.record] == 0)
    if scene.given.test == "auto":
        # the landing of a jump belongs to the jump, and where that is refused, to nothing
        usable &= ~runs.flight
    np.add.at(others, runs.record[runs.flight & ~usable & (scene.refused[runs.record] == 0)], 1)
    if not usable.any():
        return Found((), others, code)
    found = _candidates(block, runs, usable)
    rough = scene.seen.rough_weight[found.record]
    located = locate_touchdowns(block, found, runs, rough, scene.given, profile)
    jumped = (runs.end - runs.start)[usable] <= profile.flight_max * block.rate
    rep = _landed(block, located, scene.given, jumped, profile)
    came_down = _came_down(rep)
    if scene.given.test == "auto":
        # a step is struck as hard as a light landing: whoever did not ask for one is given it by its velocity alone
        came_down &= np.isin(rep.facts.tier, (TWO_PLATE, BACKWARD))
    np.add.at(others, found.record[~came_down & runs.flight[usable]], 1)
    if not came_down.any():
        return Found((), others, code)
    if not came_down.all():
        rep = _landed(block, located.where(came_down), scene.given, jumped[came_down], profile)
    time = rep.facts.events["touchdown"]
    return Found((FoundReps(rep, _refused(rep), numbers(rep.facts.record, time)),), others, code)


def _ends_loaded(block: Block, runs: Runs, profile: Profile) -> Bools:
    """Unloaded runs after which somebody stays on the plate: no flight follows a short contact."""
    n = len(runs.record)
    length = block.lengths[runs.record]
    follows = np.r_[runs.record[1:] == runs.record[:-1], False] if n else np.zeros(0, dtype=bool)
    then = np.minimum(np.arange(n) + 1, max(n - 1, 0))
    until = np.where(follows, runs.start[then] if n else 0, length)
    contact = (until - runs.end) / block.rate
    again = follows & runs.flight[then] & (contact <= profile.contact_max) if n else follows
    gone = (runs.end - runs.start) / block.rate >= profile.empty_before
    return (gone | runs.flight) & (runs.end < length) & ~again & (contact >= profile.landing_window)


def _candidates(block: Block, runs: Runs, pick: Bools) -> Candidates:
    """The chosen runs with the loaded stretches around them, as `segment.candidates` makes them of flights."""
    n = len(runs.record)
    same = np.r_[False, runs.record[1:] == runs.record[:-1]]
    before = np.where(same, np.arange(n) - 1, -1)
    ground = np.where(same, runs.end[before], 0)
    until = np.where(np.r_[same[1:], False], np.roll(runs.start, -1), block.lengths[runs.record])
    return Candidates(
        runs.record[pick], runs.start[pick], runs.end[pick], ground[pick], until[pick], runs.level[pick],
        runs.noise[pick], runs.count[pick], np.zeros(int(pick.sum()), dtype=bool), before[pick],
    )  # fmt: skip


def _landed(block: Block, located: Located, given: Given, jumped: Bools, profile: Profile) -> Rep:
    """Landings with velocity from the best tier there is; jumped : whether the run before can have been a flight."""
    facts = facts_of(block, located, "landing", given, profile)
    rate, record, down = block.rate, located.record, facts.events["touchdown"]
    after, weighed = located.after, np.isfinite(located.weight)
    leave = np.where(jumped & (located.found.start > located.found.ground), facts.events["takeoff"], np.nan)
    near = after.found & (after.start / rate - down < REST) & (located.source == 1)
    settled = np.minimum(located.found.end + round(SETTLE * rate), block.lengths[record] - 2)
    two_plate, two_plate_u = fall_from_box(
        block, located, located.touchdown.at, (settled, located.found.until), profile
    )
    tier = np.select(
        [np.isfinite(two_plate), near, weighed & np.isfinite(leave), weighed & np.isfinite(facts.box_height)],
        [TWO_PLATE, BACKWARD, FLIGHT_ANCHORED, BY_BOX],
        NO_TIER,
    )
    tier = np.where(np.isfinite(down), tier, NO_TIER)
    box = -np.sqrt(2.0 * profile.g * facts.box_height)
    window = (after.end - after.start) / rate
    facts = replace(
        facts,
        events={**facts.events, "takeoff": leave},
        anchor=np.select([tier == BACKWARD, tier == NO_TIER], [after.start / rate, np.nan], down),
        anchor_velocity=np.select([tier == TWO_PLATE, tier == BY_BOX], [two_plate, box], 0.0),
        start_u=np.select([tier == TWO_PLATE, tier == BY_BOX], [two_plate_u, np.nan], facts.start_u),
        tail=np.where(tier == BACKWARD, window / 12.0, 0.0),
        origin="touchdown",
        tier=tier,
        two_plate_velocity=two_plate,
    )
    facts = with_reason(facts, "takeoff", ~np.isfinite(leave), "no_jump_before")
    facts = with_reason(facts, "touchdown", ~np.isfinite(down), "no_first_contact")
    facts = with_reason(facts, "", (tier == NO_TIER) & ~weighed, "no_weight")
    facts = with_reason(facts, "", tier == NO_TIER, "no_stillness")
    rep = Rep(_with_stabilisation(facts))
    # in a landing the first contact with the plate is the touchdown
    rep.moments["first_contact"] = rep.moments["touchdown"]
    rep.facts = replace(rep.facts, reasons={**rep.facts.reasons, "first_contact": _reasons(facts, "touchdown")})
    rep = with_landing_end(rep)
    lost = ~np.isfinite(rep.moments["landing_zero_velocity"][:, 0])
    rep.facts = with_reason(rep.facts, "landing_zero_velocity", lost, "no_stillness")
    return rep


def _reasons(facts: Facts, name: str) -> Ints:
    return facts.reasons.get(name, np.zeros(len(facts.record), dtype=np.int64))


def _with_stabilisation(facts: Facts) -> Facts:
    """The facts with the event `stabilisation`, which is an uncertain input as the edges are."""
    block, profile, down = facts.block, facts.profile, facts.events["touchdown"]
    force, band = facts.weight + facts.zero, profile.stable_band * facts.weight
    stable = stabilised(block, facts.record, down, force, band, profile)
    doubt = np.hypot(NOISE * facts.noise, zeroed(facts.weight_u))
    u = stabilised_u(block, facts.record, down, force, band, doubt, profile)
    still = np.isfinite(stable)
    facts = replace(
        facts,
        events={**facts.events, "stabilisation": stable},
        u={**facts.u, "stabilisation": np.where(still, u, np.nan)},
        bias={**facts.bias, "stabilisation": np.zeros(len(stable))} if facts.bias else {},
    )
    facts = with_reason(facts, "stabilisation", ~np.isfinite(facts.weight), "no_weight")
    return with_reason(facts, "stabilisation", ~still, "no_stillness")


def _came_down(rep: Rep) -> Bools:
    """Rows in which somebody fell onto the plate; the others stepped onto it."""
    facts, profile = rep.facts, rep.profile
    speed = rep.quantity("velocity", "touchdown")[:, 0]
    peak = rep.max("force", "touchdown", rep.after("touchdown", profile.landing_window))[:, 0]
    scale = np.where(np.isfinite(facts.weight), facts.weight, facts.located.rough)
    # without a weight, what the curve lacks is zero, so the peak is that of the force itself
    struck = peak >= profile.landing_impact * scale
    measured = np.isin(facts.tier, (TWO_PLATE, BACKWARD)) & np.isfinite(speed)
    return np.where(measured, speed < profile.drop_velocity, struck) & np.isfinite(facts.events["touchdown"])


def _refused(rep: Rep) -> Ints:
    """Why a landing is refused as a whole, 0 where it is not."""
    facts, profile = rep.facts, rep.profile
    weight = facts.weight
    code = np.where((weight < profile.weight_min) | (weight > profile.weight_max), NUMBER["bad_weight"], 0)
    before = np.where(facts.located.before.found, facts.located.before.mean - facts.zero, facts.given_weight)
    beside = (facts.located.source != 0) & (divided(weight, before) < PART)
    code = np.where((code == 0) & beside, NUMBER["beside_plate"], code)
    fall = rep.quantity("velocity", "touchdown")[:, 0] ** 2 / (2.0 * rep.g)
    return np.where((code == 0) & (fall > profile.drop_max), NUMBER["implausible"], code)


def flight_speed(rep: Rep) -> tuple[Floats, Bools]:
    """Velocity at touchdown by the flight before it, (n, k), and rows in which the landing itself contradicts it."""
    speed = -0.5 * rep.g * rep.duration("takeoff", "touchdown")
    chosen = rep.quantity("velocity", "touchdown")[:, 0]
    measured = np.isin(rep.facts.tier, (TWO_PLATE, BACKWARD))
    return speed, measured & (np.abs(speed[:, 0] - chosen) > FLIGHT_AGREES)
