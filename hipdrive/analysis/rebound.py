"""A countermovement jump whose landing is at once a second jump: found, integrated as one, and read twice.

The first jump is METRICS.md 3 under its plain names. The second contact is METRICS.md 5 under `cmj_rebound_<field>`:
its touchdown velocity is known from the onset on, without a box. The landing after the second flight is METRICS.md 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hipdrive.analysis.build import descent, facts_of, implausible, jump_facts, no_jump, phases
from hipdrive.analysis.facts import CONTINUOUS, NUMBER
from hipdrive.analysis.registry import METRICS, REBOUND, Metric, join, metric, metrics_for
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.series import chains, started, weighed
from hipdrive.analysis.signal import Ints

TEST = "cmj_rebound"

SECOND = {
    "onset": "onset",
    "touchdown": "first_contact",
    "rebound_takeoff": "takeoff",
    "rebound_touchdown": "touchdown",
}
"""Event of the whole -> its name for the metrics of the second contact and of the landing after it."""

OWN_WAY = frozenset({
    "touchdown_velocity_backward", "touchdown_velocity_two_plate", "touchdown_velocity_box", "drop_height_error",
    "system_weight", "system_mass", "body_mass", "flight_baseline",
})  # fmt: skip
"""Numbers of a drop jump that a rebound does not have: there is no box, and it is weighed once."""

FIRST = ("jump_height_tov", "rsi_modified", "cmj_rebound_rsi_jh", "cmj_rebound_contact_time",
         "cmj_rebound_jump_height_tov", "cmj_rebound_jump_height_ft")  # fmt: skip
"""What a coach sees first."""


# --- finding -----------------------------------------------------------------------------------------------------


def rebounds(scene: Scene) -> Found:
    """Jumps from standing that are followed by a rebound; the flights outside them are counted.

    Asked for them, whatever follows the rebound is left alone. Otherwise (`auto`) exactly one rebound makes one: more
    are a series of hops.
    """
    located, n = scene.located, len(scene.located.record)
    others = np.zeros(len(scene.block.lengths), dtype=np.int64)
    usable = scene.refused[located.record] == 0
    np.add.at(others, located.record[usable], 1)
    if not n:
        return Found((), others)
    chain = chains(located)
    begins = usable & (chain.place == 0) & (chain.contacts >= 1) & ~located.drop
    if scene.given.test != TEST:
        begins &= chain.contacts == 1
    rows = np.flatnonzero(begins)
    if not len(rows):
        return Found((), others)
    np.subtract.at(others, located.record[rows], 2)
    rep = built(scene, rows)
    number = numbers(rep.facts.record, rep.facts.events["takeoff"])
    return Found((FoundReps(rep, _wrong(rep), number),), others)


def built(scene: Scene, rows: Ints) -> Rep:
    """The jumps with their rebounds as repetitions, integrated from the onset to the end."""
    block, profile, whole = scene.block, scene.profile, scene.located
    chain = chains(whole)
    # whatever follows the rebound is not part of the movement, but somebody may be weighed after it
    part = started(block, weighed(block, whole, scene.runs, chain, rows, profile), profile)
    facts = jump_facts(block, part, TEST, scene.given, profile)
    again = facts_of(block, whole.where(rows + 1), TEST, scene.given, profile)
    names = {"takeoff": "rebound_takeoff", "touchdown": "rebound_touchdown"}
    facts = replace(
        facts,
        events={**facts.events, **{new: again.events[old] for old, new in names.items()}},
        u={**facts.u, **{new: again.u[old] for old, new in names.items()}},
        bias={**facts.bias, **{new: again.bias[old] for old, new in names.items() if old in again.bias}},
    )
    bare = Rep(facts, copies=False)
    slowest = bare.time_of_min("velocity", "onset", "takeoff")
    dip = bare.quantity("velocity", slowest)[:, 0]
    rep = descent(facts, bare.curve, slowest[:, 0], dip)
    second = rep.renamed("dj", SECOND, tier=np.full(rep.n, CONTINUOUS), origin="first_contact")
    phases(second, second.facts.events["first_contact"] + 0.5 / block.rate)
    reasons = dict(rep.facts.reasons)
    for ours, theirs in (("rebound_zero_velocity", "zero_velocity"),
                         ("landing_zero_velocity", "landing_zero_velocity")):  # fmt: skip
        rep.moments[ours] = second.moments[theirs]
        if theirs in second.facts.reasons:
            reasons[ours] = second.facts.reasons[theirs]
    rep.facts = replace(rep.facts, reasons=reasons)
    landing = rep.renamed(TEST, {**SECOND, "landing_zero_velocity": "landing_zero_velocity"})
    rep.views = {"landing": landing, **{group: second for group in groups()}}
    return rep


def _wrong(rep: Rep) -> Ints:
    """Why a jump with rebound is refused, 0 where it is one."""
    second, weight, profile = rep.views[GROUP + "outcome"], rep.facts.weight, rep.profile
    first_code, second_code = no_jump(rep), no_jump(second)
    code = np.where(first_code > 0, first_code, second_code)
    code = np.where((weight < profile.weight_min) | (weight > profile.weight_max), NUMBER["bad_weight"], code)
    return np.where((code == 0) & (implausible(rep) | implausible(second)), NUMBER["implausible"], code)


# --- numbers -----------------------------------------------------------------------------------------------------

GROUP = "rebound "
"""Before the group of a drop jump's metric: the same for the second contact."""


def groups() -> set[str]:
    """Groups of the numbers of the second contact."""
    return {m.group for m in metrics_for(TEST) if m.group.startswith(GROUP)}


def join_rebounds() -> None:
    """Give jumps with rebound what a countermovement jump has, and what a drop jump has under `cmj_rebound_`."""
    ours = [m for m in METRICS.values() if m.builtin and m.scope == "rep"]
    new = [m for m in ours if "cmj" in m.tests and TEST not in m.tests]
    join(TEST, [m.name for m in new], FIRST)
    for m in ours:
        name = REBOUND + m.name
        if _second(m) and name not in METRICS:
            _define(name, m)


def _second(m: Metric) -> bool:
    """Whether a drop jump's metric says something of the second contact; its landing has its plain name."""
    return "dj" in m.tests and m.name not in OWN_WAY and (m.group != "landing" or "cmj" not in m.tests)


def _define(name: str, base: Metric) -> None:
    def second(rep: Any) -> Any:
        return base.function(rep.views[GROUP + base.group])

    second.__doc__ = f"Of the rebound: {base.doc[:1].lower()}{base.doc[1:]}"
    place = {TEST: FIRST.index(name) + 1} if name in FIRST else None
    repeats = REBOUND + base.repeats if base.repeats and _second(METRICS[base.repeats]) else ""
    metric(name, unit=base.unit, tests=(TEST,), source=base.source, headline=place, sides=base.sides,
           labels=base.labels, repeats=repeats, method=base.method, group=GROUP + base.group)(second)  # fmt: skip
