"""Flights that follow one another: which contacts lie between two flights, and what such a chain weighs.

A chain is a flight with all that follow it by contacts in which nobody stood still; its first flight was a push from
standing, or a jump down from a box came before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hipdrive.analysis import events
from hipdrive.analysis.locate import Located, creep, search_start, some, with_onset
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.segment import Runs
from hipdrive.analysis.signal import Block, Floats, Ints


@dataclass(frozen=True, eq=False)
class Chains:
    """For each located flight, (n,): the first and the last flight of its chain, and how many come before it."""

    first: Ints
    last: Ints
    place: Ints

    @property
    def contacts(self) -> Ints:
        """Contacts between two flights in each flight's chain."""
        return self.last - self.first


def chains(located: Located) -> Chains:
    """Which flights follow one another by hops or rebounds; pure, of any record.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> flights = SimpleNamespace(rebound=np.array([False, True, True, False]))
    >>> chains(flights).place, chains(flights).contacts
    (array([0, 1, 2, 0]), array([2, 2, 2, 0]))
    """
    starts = np.flatnonzero(~located.rebound)
    which = np.cumsum(~located.rebound) - 1
    ends = np.append(starts[1:], len(located.rebound)) - 1
    index = np.arange(len(located.rebound))
    # a rebound whose first flight is missing would have no start; `rebound` says that there is one
    return Chains(starts[which], ends[which], index - starts[which])


def weighed(block: Block, located: Located, runs: Runs, chain: Chains, rows: Ints, profile: Profile) -> Located:
    """Some flights with one weight and one zero for each chain: from before its first flight or after its last.

    The zero is that of all flights of the chain together, which is known better than that of one.
    """
    first, last = chain.first[rows], chain.last[rows]
    before, after = some(located.before, first), some(located.after, last)
    chosen = np.where(located.source[first] <= located.source[last], first, last)
    still, source = some(located.still, chosen), located.source[chosen]
    zero, zero_u = _pooled(located, chain, rows, profile)
    weight = located.weight[chosen]
    # what was weighed on the plates has their zero in it; a given mass, or a box on a plate of its own, has not
    weight = np.where(np.isin(source, (0, 1, 2, 3)), still.mean - zero, weight)
    part = located.where(rows)
    theta = events.onset_threshold(np.where(np.isfinite(still.sd), still.sd, 0.0), profile)
    slope, slope_u = creep(block, part.found, runs)
    part = replace(
        part, before=before, after=after, still=still, source=source, weight=weight, zero=zero, zero_u=zero_u,
        theta=theta, creep=slope, creep_u=slope_u,
    )  # fmt: skip
    return part


def started(block: Block, located: Located, profile: Profile) -> Located:
    """The onset of chains' first flights, from the weight that their chain has."""
    part = replace(located, search_from=search_start(block, located, profile))
    return with_onset(block, part, np.zeros(len(part.record), dtype=bool), profile)


def _pooled(located: Located, chain: Chains, rows: Ints, profile: Profile) -> tuple[Floats, Floats]:
    """Zero level of each chain, and its standard uncertainty, N: the mean over the middles of all its flights."""
    found = located.found
    number = np.searchsorted(np.unique(chain.first), chain.first)
    count = np.bincount(number, found.count)
    level = np.bincount(number, found.count * found.level) / np.maximum(count, 1)
    noise = np.sqrt(np.bincount(number, found.count * found.noise**2) / np.maximum(count, 1))
    zero = np.where(np.abs(level) > profile.offset_min, level, 0.0)
    left = np.where(zero == 0.0, level, 0.0)
    u = np.sqrt(noise**2 / np.maximum(count, 1) + (left / 1.96) ** 2)
    return zero[number][rows], u[number][rows]
