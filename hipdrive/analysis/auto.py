"""Which test a record holds: every finder says what it would claim, and the record has one test.

Flights come first, then a landing, a pull, a stance: whoever jumps also lands, pulls at nothing and stands. Among
tests with flights the commonest wins, of equals the one that explains more: hops before rebounds before jumps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.finders import FINDERS
from hipdrive.analysis.scene import Found, Scene
from hipdrive.analysis.signal import Bools, Ints
from hipdrive.analysis.starts import is_start

ORDER = (
    ("block_start",),
    ("steps",),
    ("hops", "cmj_rebound", "cmj", "sj", "dj"),
    ("landing",),
    ("isometric",),
    ("balance",),
)
"""Tests that auto looks for, in classes: a test of a later class counts only where there is none of an earlier one."""

JUMPS = frozenset(("cmj", "sj", "dj"))
"""Tests that share every flight among them, so that what is no jump after all is told by one of them."""

NOTHING = (NUMBER["not_ballistic"], NUMBER["no_flight"])
"""Reasons for which a repetition was none at all, where its finder does not say so itself."""

PLACES = {test: (rank, place) for rank, tests in enumerate(ORDER) for place, test in enumerate(tests)}


class Claim(NamedTuple):
    """Repetitions that a finder claims for a test, (n,): each one's trial, and whether it is one, refused or not."""

    finder: int
    test: str
    trial: Ints
    fits: Bools


def found(scene: Scene) -> tuple[Found, ...]:
    """What each finder claims: the finder of the test that was asked for, or all where that is auto."""
    if scene.given.test == "auto" and is_start(scene.block.names, scene.trials):
        return (FINDERS["block_start"](scene),)
    if scene.given.test != "auto":
        return (FINDERS[scene.given.test](scene),)
    asked = dict.fromkeys(FINDERS[test] for tests in ORDER for test in tests if test in FINDERS)
    return tuple(finder(scene) for finder in asked)


def claims_of(founds: Sequence[Found], trial: Ints) -> list[Claim]:
    """The claims in what was found; trial : (rows,), the trial of each row of the block."""
    return [
        Claim(i, one.rep.facts.test, trial[one.rep.facts.record],
              ~np.isin(one.code, NOTHING) if one.fits is None else one.fits)
        for i, found in enumerate(founds) for one in found.groups
    ]  # fmt: skip


def chosen(claims: Sequence[Claim], others: Ints) -> tuple[list[Bools], Ints]:
    """Which claimed repetitions each trial keeps, and how many of its flights are none of its test.

    claims : of all blocks in which the trials lie. others : (finders, trials), flights of no test of a finder.
    """
    n = others.shape[1]
    tests = sorted({claim.test for claim in claims}, key=lambda test: PLACES.get(test, (len(ORDER), 0)))
    counts = np.zeros((len(tests) + 1, n), dtype=np.int64)
    owner = np.zeros(len(tests) + 1, dtype=np.int64)
    for claim in claims:
        at = tests.index(claim.test)
        owner[at] = claim.finder
        np.add.at(counts[at], claim.trial[claim.fits], 1)
    good = counts.max(axis=0) > 0
    rank = np.array([PLACES.get(test, (len(ORDER), 0))[0] for test in tests] + [len(ORDER) + 1])
    first = np.where(counts > 0, rank[:, np.newaxis], rank[-1]).min(axis=0)
    winner = np.where(rank[:, np.newaxis] == first, counts, -1).argmax(axis=0)
    rest = np.where(good, others[owner[winner], np.arange(n)], others.max(axis=0))
    shared = any(claim.test in JUMPS for claim in claims)
    keep = []
    for claim in claims:
        won = claim.fits & (winner[claim.trial] == tests.index(claim.test))
        kept = np.where(good[claim.trial], won, claim.test in JUMPS or not shared)
        lost = ~kept & (claim.finder == owner[winner[claim.trial]])
        np.add.at(rest, claim.trial[lost], 1)
        keep.append(kept)
    return keep, rest
