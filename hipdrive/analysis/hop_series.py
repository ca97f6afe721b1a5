"""Hops in a record: the contacts between two flights, with the velocity that the flights around each imply.

A hop is a contact with a flight before and after it (METRICS.md 6). The push from standing and the last landing are no
hops; the contact after a jump down from a box is one, though nobody timed the fall.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hipdrive.analysis.build import drops, facts_of, following, is_drop, lowest_point, with_reason
from hipdrive.analysis.facts import FLIGHT_ANCHORED, NO_TIER, NUMBER, TWO_FLIGHTS
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.series import Chains, chains, weighed
from hipdrive.analysis.signal import Bools, Floats, Ints, divided


def series(scene: Scene) -> Found:
    """The longest series of hops of each record; the flights outside it are counted.

    Asked for hops, one is a series. Otherwise (`auto`) it takes `hops_least`, three, with flights of `hop_flight_least`
    in the middle: fewer are a jump with a rebound, and shorter ones are steps.
    """
    located, n = scene.located, len(scene.located.record)
    others = np.zeros(len(scene.block.lengths), dtype=np.int64)
    usable = scene.refused[located.record] == 0
    np.add.at(others, located.record[usable], 1)
    if not n:
        return Found((), others)
    chain = chains(located)
    fallen = _fallen(scene, chain, usable)
    hop = usable & ((chain.place > 0) | fallen)
    declared = scene.given.test == "hops"
    least = 1 if declared else round(scene.profile.hops_least)
    rows = _longest(located.record, chain, hop, least)
    if not declared and len(rows):
        rows = rows[_median_flight(scene, rows) >= scene.profile.hop_flight_least]
    if not len(rows):
        return Found((), others)
    # the push that began the series is part of it
    first = np.unique(chain.first[rows])
    np.subtract.at(others, located.record[rows], 1)
    np.subtract.at(others, located.record[first[~fallen[first]]], 1)
    rep = built(scene, chain, rows)
    code = _wrong(rep)
    # one that is refused is still a hop of its series
    hops = FoundReps(rep, code, numbers(rep.facts.record, rep.facts.events["takeoff"]), np.ones(rep.n, dtype=bool))
    return Found((hops,), others)


def _fallen(scene: Scene, chain: Chains, usable: Bools) -> Bools:
    """Chains whose first contact came down from a box."""
    located = scene.located
    drop = located.drop & usable & (chain.place == 0) & (chain.contacts > 0)
    fallen = np.zeros(len(drop), dtype=bool)
    if drop.any():
        rep = drops(scene.block, located.where(drop), scene.given, scene.profile)
        assert rep is not None
        fallen[drop] = is_drop(rep)
    return fallen


def _longest(record: Ints, chain: Chains, hop: Bools, least: int) -> Ints:
    """The hops, by row, of the chain of each record that has most; the first of several as long."""
    count = np.zeros(len(hop), dtype=np.int64)
    np.add.at(count, chain.first[hop], 1)
    starts = np.flatnonzero(count >= least)
    # of each record the chain with most hops comes first
    order = starts[np.lexsort((starts, -count[starts], record[starts]))]
    best = order[np.r_[True, record[order][1:] != record[order][:-1]]] if len(order) else order
    return np.flatnonzero(hop & np.isin(chain.first, best))


def _median_flight(scene: Scene, rows: Ints) -> Floats:
    """Median flight time of each hop's record, s, (rows,)."""
    found, record = scene.located.found, scene.located.record[rows]
    flight = (found.end - found.start)[rows] / scene.block.rate
    return np.array([np.median(flight[record == r]) for r in record.tolist()])


def built(scene: Scene, chain: Chains, rows: Ints) -> Rep:
    """Hops as repetitions: events `previous_takeoff`, `first_contact`, `takeoff`, `touchdown`, and velocity."""
    block, profile, whole = scene.block, scene.profile, scene.located
    facts = facts_of(block, weighed(block, whole, scene.runs, chain, rows, profile), "hops", scene.given, profile)
    linked, before = chain.place[rows] > 0, np.maximum(rows - 1, 0)
    leave, land, fall = whole.takeoff, whole.touchdown, whole.first_contact
    nothing = np.full(len(rows), np.nan)
    edges = {
        "previous_takeoff": [np.where(linked, part[before], nothing) for part in (leave.at, leave.u, leave.bias)],
        "first_contact": [
            np.where(linked, part[before], other[rows])
            for part, other in ((land.at, fall.at), (land.u, fall.u), (land.bias, fall.bias))
        ],
    }
    times = {name: at / block.rate for name, (at, _, _) in edges.items()}
    tier = np.where(linked, TWO_FLIGHTS, FLIGHT_ANCHORED)
    facts = replace(
        facts,
        events={**times, **facts.events},
        u={**{name: u for name, (_, u, _) in edges.items()}, **facts.u},
        bias={**{name: bias for name, (_, _, bias) in edges.items()}, **facts.bias} if facts.bias else {},
        anchor=times["first_contact"],
        anchor_at="first_contact",
        start_u=np.zeros(len(rows)),
        origin="first_contact",
        tier=np.where(np.isfinite(facts.weight), tier, NO_TIER),
    )
    facts = with_reason(facts, "previous_takeoff", ~linked, "no_flight_before")
    facts = following(facts, "zero_velocity", "weight")
    return lowest_point(Rep(facts), times["first_contact"] + 0.5 / block.rate)


def gap(rep: Rep) -> Floats:
    """Velocity that a contact's impulse lacks to turn half of one flight into half of the next, m/s, (n,)."""
    start, down, leave, land = (
        rep.moments[name][:, 0] for name in ("previous_takeoff", "first_contact", "takeoff", "touchdown")
    )
    turned = 0.5 * rep.g * (down - start + land - leave)
    return divided(rep.net_impulse("first_contact", "takeoff")[:, 0], rep.mass[:, 0]) - turned


def _wrong(rep: Rep) -> Ints:
    """Why a hop is refused, 0 where it is none of these: no flight, no person's weight, farther than a body goes."""
    facts, profile = rep.facts, rep.profile
    flight = facts.events["touchdown"] - facts.events["takeoff"]
    light = (facts.weight < profile.weight_min) | (facts.weight > profile.weight_max)
    far = rep.g * flight**2 / 8.0 > profile.height_max
    far |= rep.quantity("displacement", "zero_velocity")[:, 0] < -profile.depth_max
    loose = np.abs(gap(rep)) > profile.hop_gap_fail
    held = ~np.isfinite(facts.weight) & (np.abs(facts.level) > profile.level_max * facts.located.rough)
    code = np.where(light, NUMBER["bad_weight"], 0)
    for rows, reason in ((far, "implausible"), (loose, "not_ballistic"), (held, "no_flight")):
        code = np.where((code == 0) & rows, NUMBER[reason], code)
    return code
